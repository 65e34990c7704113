"""The equivariance audit: modules, functions and files that hold, that fail with a witness, and that cannot be asked."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from numerics.representations import equivariant_layers as layers
from numerics.representations import tensor_actions
from numerics.streams import Stream
from proofs_checks.audits.equivariance import audit_equivariance
from proofs_checks.cli import main
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

EXAMPLES = Path(__file__).parents[3] / "examples"
SHIFT = [(i + 1) % 8 for i in range(8)]
BOTH = {"r": (SHIFT, SHIFT)}
MATRIX = np.eye(8)[:, np.argsort(SHIFT)]


def batch(dtype=torch.float64, channels=2):
    return Stream(1).normal(4, channels, 8).to(dtype)


def convolution(dtype=torch.float64, seed=0, **options):
    module = nn.Conv1d(2, 3, 3, **{"padding": 1, "padding_mode": "circular", **options})
    return layers.normal_weights(module, Stream(seed)).to(dtype)


def found(report):
    return {f.name: f.status for f in report.findings}


def named(report, name):
    return next(f for f in report.findings if f.name == name)


# -- modules and functions


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_a_circular_convolution_is_equivariant_in_every_precision(dtype):
    report = audit_equivariance(convolution(dtype), inputs=batch(dtype), actions=BOTH, relations=["r^8"])
    assert report.status is Status.HOLDS
    assert report.facts["kind"] == "equivariant"
    assert found(report)["invariance"] is Status.INAPPLICABLE
    json.dumps(report.plain(), allow_nan=False)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_zero_padding_is_refuted_with_the_input_and_the_entry(dtype):
    report = audit_equivariance(convolution(dtype, padding_mode="zeros"), inputs=batch(dtype), actions=BOTH)
    assert report.status is Status.REFUTED
    witness = named(report, "equivariance under r").witness
    assert witness["element"] == "r"
    assert 0 <= witness["input"] < 4
    assert witness["output_entry"] % 8 in (0, 7), "the edges"
    assert abs(witness["f(gx)"] - witness["g f(x)"]) == witness["defect"], "one difference of doubles, taken twice"


def test_pooling_is_invariant_and_a_convolution_claimed_so_is_not():
    assert (
        audit_equivariance(lambda x: x.mean(-1), inputs=batch(), actions={"r": (SHIFT, None)}).facts["kind"]
        == "invariant"
    )
    report = audit_equivariance(convolution(), inputs=batch(), actions={"r": (SHIFT, "trivial")})
    assert report.status is Status.REFUTED
    assert report.facts["kind"] == "not equivariant"


def test_an_invariant_map_claimed_to_move_is_told_apart():
    report = audit_equivariance(lambda x: x.cumsum(-1)[..., -1:] * torch.arange(8), inputs=batch(), actions=BOTH)
    assert report.status is Status.REFUTED
    assert found(report)["invariance"] is Status.HOLDS
    assert "trivial action" in report.next_step


@given(
    st.sampled_from(["conv1d", "mean pooling", "deep set"]), st.integers(2, 12), st.integers(0, 2**20), st.booleans()
)
@settings(max_examples=25)
def test_what_is_equivariant_holds_and_a_perturbed_weight_does_not(name, n, seed, narrow):
    stream = Stream(seed, dtype=torch.float32 if narrow else torch.float64)
    layer = layers.build(name, n, 2, 1, stream)
    assume(not any(torch.equal(move(layer.inputs), layer.inputs) for move, _ in layer.actions.values()))
    assert audit_equivariance(layer.module, inputs=layer.inputs, actions=layer.actions).status is Status.HOLDS

    class Positional(nn.Module):
        """The same with one position weighted differently."""

        def __init__(self):
            super().__init__()
            self.inner = layer.module

        def forward(self, x):
            weight = torch.ones(n, dtype=x.dtype)
            weight[0] = 1.5
            return self.inner(x * weight)

    report = audit_equivariance(
        Positional(),
        inputs=layer.inputs,
        actions={
            "r": (
                tensor_actions.shift_action(1, -1),
                tensor_actions.trivial_action if name == "mean pooling" else tensor_actions.shift_action(1, -1),
            )
        },
    )
    assert report.status is Status.REFUTED


@pytest.mark.parametrize("part", [nn.Dropout(), nn.BatchNorm1d(3), nn.RReLU(), nn.Dropout1d()])
def test_a_module_in_train_mode_is_not_called(part):
    module = nn.Sequential(convolution(), part.double())
    before = {name: value.clone() for name, value in module.state_dict().items()}
    report = audit_equivariance(module, inputs=batch(), actions=BOTH)
    assert report.status is Status.UNDECIDED
    assert type(part).__name__ in named(report, "same output twice").text
    assert ".eval()" in report.next_step
    assert module.training
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert audit_equivariance(module.eval(), inputs=batch(), actions=BOTH).status is Status.HOLDS


def test_a_random_map_is_noticed_and_leaves_the_readers_generator_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    report = audit_equivariance(lambda x: x + 0.1 * torch.randn_like(x), inputs=batch(), actions=BOTH)
    assert report.status is Status.UNDECIDED
    assert "random, or keeps a state" in named(report, "same output twice").text
    assert torch.equal(before, torch.get_rng_state())


def test_a_map_that_counts_its_calls_is_noticed():
    calls = []

    def counting(x):
        calls.append(1)
        return x * len(calls)

    assert (
        "keeps a state" in named(audit_equivariance(counting, inputs=batch(), actions=BOTH), "same output twice").text
    )


def test_outputs_that_are_not_finite_say_where():
    x = batch().abs() + 1
    x[2, 0, 0] = -1
    report = audit_equivariance(torch.log, inputs=x, actions=BOTH)
    assert report.status is Status.UNDECIDED
    assert named(report, "finite outputs").witness == {"input": 2}


def test_not_a_number_after_a_move_alone_is_undecided():
    report = audit_equivariance(
        lambda x: x / (x[..., :1] != 7).double(), inputs=batch().index_fill(2, torch.tensor([7]), 7.0), actions=BOTH
    )
    assert report.status is Status.UNDECIDED
    assert "not finite" in named(report, "equivariance under r").text


@pytest.mark.parametrize("f", [lambda x: 0 * x, torch.zeros_like])
def test_a_map_that_is_zero_tells_nothing(f):
    assert audit_equivariance(f, inputs=batch(), actions=BOTH).status is Status.UNDECIDED


def test_whole_numbers_are_compared_exactly():
    x = torch.tensor([[3, 1, 2, 2, 0, 5, 5, 4]])
    sort = audit_equivariance(lambda t: t.sort(-1).values, inputs=x, actions={"r": (SHIFT, "trivial")})
    assert sort.facts["kind"] == "invariant"
    moved = audit_equivariance(lambda t: t + torch.arange(8), inputs=x, actions=BOTH)
    assert moved.status is Status.REFUTED
    label = audit_equivariance(
        lambda t: t.double().argmax(-1),
        inputs=x[:, [1, 0, 2, 3, 4, 6, 7, 6]] * 0 + torch.arange(8),
        actions={"r": (SHIFT, lambda y: (y + 1) % 8)},
        relations=["r^8"],
    )
    assert label.status is Status.HOLDS


def test_precision_that_rounds_everything_away_is_undecided():
    report = audit_equivariance(lambda x: (x.cumsum(-1) + 3e3) - 3e3, inputs=batch(torch.float16), actions=BOTH)
    assert report.status is Status.UNDECIDED
    assert "float64" in report.next_step


@pytest.mark.parametrize(
    ("f", "how"),
    [
        (convolution(torch.float32), "float64"),
        (convolution(), "float32, scaled down"),
        (lambda x: x + x.mean(-1, keepdim=True), "float32, scaled down"),
        (lambda x: x + x.mean(-1, keepdim=True).double(), "perturbed"),
    ],
)
def test_the_estimate_of_rounding_is_called_an_estimate_and_covers_a_reordered_sum(f, how):
    dtype = torch.float32 if how == "float64" else torch.float64
    report = audit_equivariance(
        f,
        inputs=batch(dtype),
        actions={"r": (MATRIX, MATRIX), "m": (SHIFT[::-1], SHIFT[::-1])}
        if callable(f) and not isinstance(f, nn.Module)
        else BOTH,
    )
    assert report.status is Status.HOLDS
    assert how in named(report, "equivariance under r").text
    assert "estimated" in named(report, "equivariance under r").text


def test_numpy_functions_are_handed_arrays():
    seen = []

    def f(x):
        seen.append(type(x))
        return np.roll(x, 2, -1) + x

    assert audit_equivariance(f, inputs=batch().numpy(), actions=BOTH).status is Status.HOLDS
    assert set(seen) == {np.ndarray}


def test_the_discrete_fourier_transform_turns_shifts_into_phases():
    phases = np.diag(np.exp(-2j * np.pi * np.arange(8) / 8))
    report = audit_equivariance(torch.fft.fft, inputs=batch(), actions={"r": (SHIFT, phases)}, relations=["r^8"])
    assert report.status is Status.HOLDS
    wrong = audit_equivariance(torch.fft.fft, inputs=batch(), actions={"r": (SHIFT, phases.conj())})
    assert wrong.status is Status.REFUTED


# -- actions


def rotation(k, angle=np.pi / 2):
    c, s = np.cos(k * angle), np.sin(k * angle)
    return [[c, -s], [s, c]]


def cubic(x):
    return x * (x**2).sum(-1, keepdim=True)


def test_a_representation_by_a_function_is_checked_on_all_pairs():
    x = Stream(2).normal(5, 2)
    report = audit_equivariance(
        cubic, inputs=x, representation=(rotation, rotation), elements=range(4), product=lambda a, b: (a + b) % 4
    )
    assert report.status is Status.HOLDS
    wrong = audit_equivariance(
        cubic,
        inputs=x,
        representation=(lambda k: rotation(k, 1.5), rotation),
        elements=range(4),
        product=lambda a, b: (a + b) % 4,
    )
    assert found(wrong)["input action"] is Status.REFUTED
    assert found(wrong)["output action"] is Status.HOLDS
    witness = named(wrong, "input action").witness
    assert witness["condition"].startswith("R(")
    assert witness["defect"] > 0.1 > witness["bound"]
    assert "Correct the action first" in wrong.next_step


@pytest.mark.parametrize("action", [SHIFT, MATRIX, lambda x: torch.roll(x, 1, -1)])
def test_relations_are_tried_on_permutations_matrices_and_functions(action):
    good = audit_equivariance(
        convolution(),
        inputs=batch(),
        actions={"r": (action, action)},
        relations=["r^8", "r^8 = r^16"] if not callable(action) else ["r^8"],
    )
    assert found(good)["input action"] is found(good)["output action"] is Status.HOLDS
    wrong = audit_equivariance(convolution(), inputs=batch(), actions={"r": (action, action)}, relations=["r^8", "r^7"])
    assert found(wrong)["input action"] is found(wrong)["output action"] is Status.REFUTED
    assert "r^7" in named(wrong, "input action").text
    assert "1 of 2 relations fail" in named(wrong, "input action").text


def test_words_are_products_the_last_letter_acting_first():
    r, s = [1, 2, 0], [1, 0, 2]
    x = Stream(0).normal(3, 3)
    good = audit_equivariance(
        lambda t: t**3, inputs=x, actions={"r": (r, r), "s": (s, s)}, relations=["s*r*s = r^-1", "r*s = s*r^2"]
    )
    assert good.status is Status.HOLDS
    assert (
        audit_equivariance(lambda t: t**3, inputs=x, actions={"r": (r, r), "s": (s, s)}, relations=["r*s = s*r"]).status
        is Status.REFUTED
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"actions": {"r": ([1, 2, 0], SHIFT)}},
            "moves 3 coordinates, but one input has shape \\(2, 8\\): expected 2 or 8 or 16",
        ),
        ({"actions": {"r": (SHIFT, list(range(5)))}}, "one output has shape \\(3, 8\\)"),
        ({"actions": {"r": ([0, 0, 1], SHIFT)}}, "each of 0..2 once"),
        (
            {"actions": {"r": ([[1.0, float("nan")], [0.0, 1.0]], SHIFT)}},
            "row 1, column 2; every entry has to be finite",
        ),
        ({"actions": {"r": (np.ones((2, 3)), SHIFT)}}, "square matrix"),
        ({"actions": {"r": ("left", SHIFT)}}, "trivial"),
        ({"actions": {"r": SHIFT}}, "Expected a pair"),
        ({"actions": {}}, "non-empty mapping"),
        ({"actions": None}, "either actions="),
        ({"actions": {"r": (np.zeros((8, 8)), None)}, "relations": ["r^-1"]}, "singular"),
        ({"actions": {"r": (lambda x: x[:1], None)}}, "Expected a batch of 4 from the action of r"),
        ({"actions": {"r": (lambda x: x[..., :0] @ x, None)}}, "the action of r on the input raised RuntimeError"),
        ({"actions": {"r": (lambda x: x, None)}, "relations": ["r^-2"]}, "positive powers"),
        ({"relations": ["q^2"]}, "Unknown letter 'q'"),
        ({"inputs": None}, "batch of at least one sample"),
        ({"inputs": torch.zeros(0, 2, 8)}, "batch of at least one sample"),
        ({"inputs": torch.full((1, 2, 8), float("inf"), dtype=torch.float64)}, "hold inf at index \\[0, 0, 0\\]"),
        ({"inputs": torch.zeros(1, 2, 8)}, "weights are torch.float64, the inputs torch.float32"),
        ({"inputs": torch.zeros(1, 2, 8, dtype=torch.int64)}, "inputs.to\\(torch.float64\\)"),
        ({"inputs": torch.zeros(1, 2, 8, device="meta", dtype=torch.float64)}, "meta device"),
        ({"inputs": torch.zeros(1, 5, 8, dtype=torch.float64)}, "the map raised RuntimeError on shape \\(1, 5, 8\\)"),
        ({"source": nn.Conv1d}, "An instance is audited, not its class"),
        ({"source": 3}, "Expected a path"),
        ({"source": lambda x: (x, x)}, "The map has 2 output tensors"),
        ({"source": lambda x: x.sum()}, "The first axis counts samples"),
        ({"source": lambda x: x[..., :3]}, "one output has shape \\(2, 3\\)"),
        ({"source": "nowhere.json"}, "A file holds its own inputs"),
    ],
)
def test_what_cannot_be_asked_is_explained(change, message):
    options = {"source": convolution(), "inputs": batch(), "actions": BOTH, **change}
    with pytest.raises(InputError, match=message):
        audit_equivariance(options.pop("source"), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"elements": []}, "1 to 64 different elements"),
        ({"elements": [0, 0]}, "1 to 64 different elements"),
        ({"elements": range(100)}, "1 to 64 different elements"),
        ({"elements": range(3), "product": lambda a, b: a + b}, "which is none of the elements"),
        ({"elements": range(4), "representation": (lambda k: 1 / 0, None)}, "ZeroDivisionError"),
        ({"elements": range(4), "representation": (rotation,)}, "two functions"),
        (
            {
                "elements": range(2),
                "representation": (lambda k: np.eye(k + 1), None),
                "product": lambda a, b: (a + b) % 2,
            },
            "differ in size",
        ),
    ],
)
def test_representations_that_cannot_be_read_are_explained(options, message):
    with pytest.raises(InputError, match=message):
        audit_equivariance(cubic, inputs=Stream(0).normal(2, 2), **{"representation": (rotation, None), **options})


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_module_and_inputs_on_different_devices_are_told_apart():
    with pytest.raises(InputError, match="weights are on cuda:0, the inputs on cpu"):
        audit_equivariance(convolution().cuda(), inputs=batch(), actions=BOTH)
    assert (
        audit_equivariance(convolution().cuda(), inputs=batch().cuda(), actions=BOTH, relations=["r^8"]).status
        is Status.HOLDS
    )


# -- files


CIRCULANT = [[2, -1, 0], [0, 2, -1], [-1, 0, 2]]
TURN = [1, 2, 0]
GOOD = {"map": {"weight": CIRCULANT}, "actions": {"r": {"input": TURN, "output": TURN}}}


def test_the_examples_say_what_their_titles_say():
    good = audit_equivariance(EXAMPLES / "equivariance_circulant.json")
    assert good.status is Status.HOLDS
    assert "for every input" in named(good, "equivariance under r").text
    wrong = audit_equivariance(EXAMPLES / "equivariance_zero_padding.json")
    assert wrong.status is Status.REFUTED
    assert found(wrong)["input action"] is Status.HOLDS


@given(
    st.permutations(range(3)),
    st.permutations(range(3)),
    st.lists(st.lists(st.integers(-3, 3), min_size=3, max_size=3), min_size=3, max_size=3),
)
def test_an_affine_map_is_judged_as_by_multiplying_out(g, h, weight):
    report = audit_equivariance({"map": {"weight": weight}, "actions": {"g": {"input": list(g), "output": list(h)}}})
    W = np.array(weight)
    moved, carried = np.empty_like(W), np.empty_like(W)
    moved[:, range(3)] = W[:, list(g)]
    carried[list(h)] = W
    expected = Status.UNDECIDED if not W.any() else Status.HOLDS if (moved == carried).all() else Status.REFUTED
    assert named(report, "equivariance under g").status is expected
    x = np.array([[1.0, 10.0, 100.0]])
    if W.any():
        called = audit_equivariance(
            lambda t: t @ torch.tensor(weight, dtype=torch.float64).T,
            inputs=torch.tensor(x),
            actions={"g": (list(g), list(h))},
        )
        assert (
            called.status in (expected, Status.UNDECIDED)
            if expected is Status.HOLDS
            else called.status in (expected, Status.UNDECIDED, Status.HOLDS)
        )


def with_weight(weight, **fields):
    return {"map": {"weight": weight}, "actions": {"s": {"input": [1, 0], "output": [1, 0]}}, **fields}


@pytest.mark.parametrize(
    ("weight", "status"),
    [
        ([[0.3333, 0.6667], [0.6667, 0.3333]], Status.HOLDS),
        ([[0.3333, 0.6667], [0.6667, 0.3334]], Status.HOLDS),
        ([[0.3333, 0.6667], [0.6667, 0.3399]], Status.REFUTED),
        ([[0.3, 0.7], [0.7, 0.3]], Status.UNDECIDED),
    ],
)
def test_decimals_in_json_are_judged_within_the_digits_written(weight, status, tmp_path):
    path = tmp_path / "map.json"
    path.write_text(json.dumps(with_weight(weight)))
    assert audit_equivariance(path).status is status


def test_a_bias_that_moves_is_named():
    report = audit_equivariance({**GOOD, "map": {"weight": CIRCULANT, "bias": [1, 2, 1]}})
    assert report.status is Status.REFUTED
    assert "the bias" in named(report, "equivariance under r").text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1], "object with named fields in the file"),
        ({**GOOD, "weights": 1}, "Unknown field 'weights'"),
        ({"actions": GOOD["actions"]}, "either 'map'"),
        ({**GOOD, "recorded": {"inputs": [[1]], "outputs": [[1]], "moved_outputs": {}}}, "either 'map'"),
        ({"map": GOOD["map"]}, "'actions'"),
        ({**GOOD, "actions": {}}, "non-empty object with named fields in actions"),
        ({**GOOD, "actions": {"r": {"input": TURN}}}, "The field 'output' is missing in actions.r"),
        ({**GOOD, "actions": {"r": {"input": [1, 0], "output": TURN}}}, "moves 2 coordinates"),
        ({**GOOD, "actions": {"r": {"input": [True, False, True], "output": TURN}}}, "list of 0-based images"),
        ({**GOOD, "map": {"weight": [[1, 2], [3]]}}, "rows of equal length"),
        ({**GOOD, "map": {"weight": "__import__('os')"}}, "in map.weight, got"),
        ({**GOOD, "map": {"weight": CIRCULANT, "bias": [1]}}, "3 entries in map.bias"),
        ({**GOOD, "map": {"weight": [[10**400]]}}, "too long to read"),
        ({**GOOD, "map": {}}, "The field 'weight' is missing in map"),
        ({**GOOD, "relations": "r^3"}, "Expected a list in relations"),
        ({**GOOD, "relations": ["r^^3"]}, "Expected a product"),
        ({**GOOD, "accuracy": -1}, "number of at least 0"),
        ({**GOOD, "title": 3}, "Expected text in title"),
        (
            {"recorded": {"inputs": [[1]]}, "actions": GOOD["actions"]},
            "'outputs' is missing in recorded; its fields are inputs, outputs, moved_outputs",
        ),
        (
            {"recorded": {"inputs": [[1]], "outputs": [[1]], "moved_outputs": {}}, "actions": GOOD["actions"]},
            "outputs at moved inputs for r",
        ),
        (
            {"recorded": {"inputs": [[1]], "outputs": [[1], [2]], "moved_outputs": {}}, "actions": GOOD["actions"]},
            "as many outputs as inputs",
        ),
    ],
)
def test_files_that_cannot_be_read_are_explained(data, message, tmp_path):
    path = tmp_path / "map.json"
    path.write_text(json.dumps(data))
    with pytest.raises(InputError, match=message):
        audit_equivariance(path)


def saved(tmp_path, **arrays):
    path = tmp_path / "map.npz"
    np.savez(path, **arrays)
    return path


def test_arrays_in_npz_are_read_as_data(tmp_path):
    weight = np.array(CIRCULANT, dtype=np.float32)
    path = saved(tmp_path, weight=weight, input_r=np.array(TURN), output_r=np.array(TURN), relations=np.array(["r^3"]))
    assert audit_equivariance(path).status is Status.HOLDS
    pool = saved(tmp_path, weight=np.ones((1, 3)), input_r=np.array(TURN), output_r=np.array("trivial"))
    assert audit_equivariance(pool).facts["kind"] == "invariant"


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8"])
def test_recorded_outputs_are_compared(dtype, tmp_path):
    x = Stream(0).normal(5, 3).numpy()
    weight = np.array(CIRCULANT, dtype=float)
    moved = x[:, np.argsort(TURN)] @ weight.T
    arrays = {
        "inputs": x.astype(dtype),
        "outputs": (x @ weight.T).astype(dtype),
        "input_r": np.array(TURN),
        "output_r": np.array(TURN),
    }
    assert audit_equivariance(saved(tmp_path, moved_outputs_r=moved.astype(dtype), **arrays)).status is Status.HOLDS
    wrong = audit_equivariance(saved(tmp_path, moved_outputs_r=(moved + 0.1).astype(dtype), **arrays, accuracy=1e-3))
    assert wrong.status is Status.REFUTED
    lenient = audit_equivariance(
        saved(tmp_path, moved_outputs_r=(moved + 0.001).astype(dtype), **arrays, accuracy=1e-2)
    )
    assert lenient.status is Status.HOLDS


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"weight": np.array([object()], dtype=object)}, "never read"),
        ({"weights": np.ones((3, 3))}, "does not know"),
        ({"weight": np.ones((2, 2, 2))}, "Expected a matrix"),
        ({"weight": np.full((3, 3), np.nan)}, "every entry has to be finite"),
        ({"weight": np.array([["a"]])}, "Expected numbers"),
        ({"weight": np.ones((3, 3)), "accuracy": np.array("x")}, "Expected a number in accuracy"),
        ({"inputs": np.ones((2, 3)), "outputs": np.ones((2, 3))}, "'moved_outputs'"),
    ],
)
def test_npz_files_that_cannot_be_read_are_explained(arrays, message, tmp_path):
    with pytest.raises(InputError, match=message):
        audit_equivariance(saved(tmp_path, input_r=np.array(TURN), output_r=np.array(TURN), **arrays))


class Exploding:
    """A pickle that would leave a mark if it were loaded."""

    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


@pytest.mark.parametrize("content", [b"not a zip", b"", pickle.dumps({"a": Exploding()})])
def test_pickles_and_other_files_are_never_loaded(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "map.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no NPZ archive"):
        audit_equivariance(path)
    np.savez(path, weight=np.array([Exploding()], dtype=object))
    with pytest.raises(InputError, match="never read"):
        audit_equivariance(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("example", "code"), [("equivariance_circulant.json", 0), ("equivariance_zero_padding.json", 1)]
)
def test_the_command_line_prints_writes_and_exits_by_the_status(example, code, tmp_path, capsys):
    assert main(["audit", "equivariance", str(EXAMPLES / example), "--json", str(tmp_path / "found.json")]) == code
    assert json.loads((tmp_path / "found.json").read_text())["status"] == ("HOLDS", "REFUTED")[code]
    assert "Next:" in capsys.readouterr().out


def test_a_missing_file_is_named():
    for name in ("nowhere.npz", "nowhere.json"):
        with pytest.raises(InputError, match=name):
            audit_equivariance(name)


def test_hostile_names_are_shown_and_not_sent():
    report = audit_equivariance({**GOOD, "actions": {"\x1b[31mr": {"input": TURN, "output": TURN}}})
    assert "\x1b" not in report.text()


def test_truth_values_and_tensors_without_entries_are_refused():
    swap = [[0, 1], [1, 0]]
    actions = {"s": {"input": swap, "output": swap}}
    with pytest.raises(InputError, match="write 1 or 0"):
        audit_equivariance({"map": {"weight": [[True, 2], [2, 1]]}, "actions": actions})
    with pytest.raises(InputError, match=r"dense tensor in map\.weight"):
        audit_equivariance({"map": {"weight": torch.eye(2).to_sparse()}, "actions": actions})
    with pytest.raises(InputError, match="dense tensor in inputs="):
        audit_equivariance(lambda x: x, inputs=torch.eye(2).to_sparse(), actions={"s": (torch.clone, torch.clone)})


def test_an_action_on_the_axis_that_counts_samples_is_refused():
    for rows in (batch(), batch()[:1]):
        with pytest.raises(InputError, match="first axis, which counts samples"):
            audit_equivariance(
                convolution(), inputs=rows, actions={"s": (lambda z: z.roll(1, 0), lambda z: z.roll(1, 0))}
            )


@pytest.mark.parametrize(
    ("inputs", "action"),
    [
        (torch.zeros_like(batch()), SHIFT),
        (torch.ones_like(batch()), SHIFT),
        (batch(), lambda z: z),
        (batch(), None),
    ],
)
def test_of_inputs_that_nothing_moves_nothing_is_told(inputs, action):
    report = audit_equivariance(convolution(), inputs=inputs, actions={"r": (action, action)})
    assert report.status is Status.UNDECIDED
    assert (
        "give others" in named(report, "equivariance under r").text
        or "nothing is told" in named(report, "equivariance under r").text
    )


def test_the_identity_beside_others_is_no_doubt():
    actions = {"r": (SHIFT, SHIFT), "e": (list(range(8)), list(range(8)))}
    assert audit_equivariance(convolution(), inputs=batch(), actions=actions).status is Status.HOLDS
