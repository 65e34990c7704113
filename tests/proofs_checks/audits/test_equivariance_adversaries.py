"""The equivariance audit against maps and actions made to deceive it: shared buffers, actions in place, one bad shift, useless bounds."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from proofs_checks.audits.equivariance.audit import audit_equivariance
from proofs_checks.audits.equivariance.calls import STEPS
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

EPS = 2.0**-52
N = 8
SHIFT = [*range(1, N), 0]
X = torch.randn(5, 3, N, generator=torch.Generator().manual_seed(0)).double()
RAMP = torch.arange(N).double()
START = torch.arange(1.0, N + 1).double()[None]


def named(report):
    json.dumps(report.plain(), allow_nan=False)
    return {f.name: f for f in report.findings}


# -- memory ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numpy", [False, True])
def test_a_map_that_hands_out_one_buffer_is_not_compared_with_itself(numpy):
    buffer = np.zeros(X.shape) if numpy else torch.zeros_like(X)

    def ramp(x):
        buffer[:] = x * (RAMP.numpy() if numpy else RAMP)
        return buffer

    report = audit_equivariance(ramp, inputs=X.numpy() if numpy else X, actions={"r": (SHIFT, "trivial")})
    expected = (
        (torch.roll(X, -1, -1) * RAMP - X * RAMP).abs().max(),
        (torch.roll(X, 1, -1) * RAMP - X * RAMP).abs().max(),
    )
    assert report.status is Status.REFUTED
    assert report.facts["elements"]["r"]["defect"] in [
        float(e) for e in expected
    ]  # the same products, the same difference


def test_an_action_that_works_in_place_leaves_the_batch_alone():
    kept = X.clone()
    report = audit_equivariance(
        lambda x: x * RAMP, inputs=X, actions={"s": (lambda x: x.neg_(), lambda y: y.neg_()), "t": (lambda x: x.mul_(2), lambda y: y.mul_(2))}
    )  # fmt: skip
    assert report.status is Status.HOLDS
    assert torch.equal(X, kept)
    flipped = {"s": (lambda x: x.neg_(), "trivial")}
    assert audit_equivariance(lambda x: x * RAMP, inputs=X, actions=flipped).status is Status.REFUTED


def test_not_a_number_in_one_of_two_calls_is_noticed():
    calls = [0]

    def moody(x):
        calls[0] += 1
        return torch.where(RAMP == 0, torch.tensor(0.0 if calls[0] % 2 else math.nan).double(), torch.ones_like(x))

    repeated = named(audit_equivariance(moody, inputs=X, actions={"r": (SHIFT, "trivial")}))["same output twice"]
    assert repeated.status is Status.UNDECIDED


# -- one place --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", range(2, N))
def test_a_map_that_fails_at_one_shift_of_its_input_is_found_by_walking_there(bad):
    def nearly(x):
        spoiled = (x - torch.roll(START, bad, -1).to(x)).abs().amax(-1, keepdim=True) < 0.1
        return torch.where(spoiled, x * RAMP.to(x), x)

    report = audit_equivariance(nearly, inputs=START, actions={"r": (SHIFT, SHIFT)}, relations=["r^8"])
    found = named(report)
    assert found["equivariance under r"].status is Status.HOLDS
    moved = found["equivariance at moved inputs"]
    assert moved.status is report.status is Status.REFUTED
    assert moved.witness["moved by"] == ("r" if bad == 2 else f"r^{bad - 1}")
    assert "fails at inputs that these have moved" in report.meaning
    every = audit_equivariance(
        nearly, inputs=START, representation=(lambda k: np.roll(np.eye(N), k, 0),) * 2, elements=list(range(N)), product=lambda a, b: (a + b) % N
    )  # fmt: skip
    assert [f.name for f in every.findings if f.status is Status.REFUTED] == [f"equivariance under {bad}"]


def test_what_is_said_of_a_map_ends_where_it_was_called():
    report = audit_equivariance(lambda x: 2 * x, inputs=X, actions={"r": (SHIFT, SHIFT)})
    assert report.status is Status.HOLDS
    assert f"a walk of {STEPS} steps" in report.meaning
    assert "every product" not in report.meaning
    affine = {"map": {"weight": np.eye(N).tolist()}, "actions": {"r": {"input": SHIFT, "output": SHIFT}}}
    assert "every product" in audit_equivariance(affine).meaning


def test_a_map_that_is_zero_here_and_not_there_is_refuted():
    only = torch.tensor([[0.0, 1.0]]).double()
    report = audit_equivariance(lambda x: x[:, :1] * 5, inputs=only, actions={"s": ([1, 0], "trivial")})
    assert report.status is Status.REFUTED
    assert report.facts["elements"]["s"]["defect"] == 5


@pytest.mark.parametrize("size", [1e-6, 1e-9, 1e-12])
def test_a_small_place_of_its_own_is_seen_at_its_size(size):
    spot = torch.zeros(N).double()
    spot[3] = size
    report = audit_equivariance(lambda x: x + spot, inputs=START, actions={"r": (SHIFT, SHIFT)})
    assert report.status is Status.REFUTED
    rounding = 4 * EPS  # of a sum that is at most 9, to the nearest number; the difference is then exact
    assert abs(report.facts["elements"]["r"]["defect"] - size) <= rounding < size / 1000


@pytest.mark.parametrize(("dtype", "large"), [("f2", 1.0), ("f2", 6e4), ("f4", 1e15), ("f8", 1e15), ("f8", 1e300)])
def test_no_entry_of_a_matrix_hides_behind_a_large_one(dtype, large):
    swap = np.eye(3)[[0, 2, 1]]
    actions = {"s": {"input": swap, "output": swap}}
    unequal = {"map": {"weight": np.diag([large, 1.0, 2.0]).astype(dtype)}, "actions": actions}
    report = audit_equivariance(unequal)
    assert report.status is Status.REFUTED
    assert report.facts["elements"]["s"]["defect"] == 1
    equal = {"map": {"weight": np.diag([large, 2.0, 2.0]).astype(dtype)}, "actions": actions}
    assert audit_equivariance(equal).status is Status.HOLDS


def test_entries_that_disagree_are_not_drowned_by_the_rounding_of_a_large_one():
    def channels(x, large):
        return torch.cat([torch.full((len(x), 1), large).to(x), x * RAMP.to(x)], -1)

    keep = [0, *(i + 1 for i in SHIFT)]
    for large, status in ((1e12, Status.REFUTED), (1e18, Status.UNDECIDED)):
        report = audit_equivariance(lambda x, c=large: channels(x, c), inputs=START, actions={"r": (SHIFT, keep)})
        assert named(report)["equivariance under r"].status is status
        assert ("8 of the 9 entries of an output disagree" in report.text()) == (status is Status.UNDECIDED)
    alike = audit_equivariance(
        lambda x: torch.cat([torch.full((len(x), 1), 1e18).to(x), x], -1), inputs=START, actions={"r": (SHIFT, keep)}
    )
    assert alike.status is Status.HOLDS


def test_entries_near_the_end_of_the_range_are_compared_exactly_under_permutations():
    largest = {
        "map": {"weight": [[1e308, 1e307], [1e307, 1e308]]},
        "actions": {"s": {"input": [1, 0], "output": [1, 0]}},
    }
    assert audit_equivariance(largest).status is Status.HOLDS


# -- actions --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [1e5, 1e8])
def test_a_relation_whose_rounding_swallows_everything_is_undecided(entry):
    """r = [[1, t], [0, 1]] has no finite order; with t = 1e5, rounding of r^4 could explain 4e5."""
    shear = np.array([[1.0, entry], [0.0, 1.0]])
    report = audit_equivariance(
        lambda x: x, inputs=torch.ones(1, 2).double(), actions={"r": (shear, shear)}, relations=["r^4"]
    )
    assert named(report)["input action"].status is Status.UNDECIDED
    assert report.status is Status.UNDECIDED


def test_an_action_that_changes_the_shape_breaks_its_relation():
    longer = lambda x: torch.cat([x, x], -1)  # noqa: E731
    report = audit_equivariance(
        lambda x: x.sum(-1), inputs=START, actions={"r": (longer, lambda y: 2 * y)}, relations=["r"]
    )
    assert named(report)["input action"].status is Status.REFUTED
    assert "became (16,)" in named(report)["input action"].text


def test_a_relation_that_can_be_told_is():
    shear = np.array([[1.0, 10.0], [0.0, 1.0]])
    report = audit_equivariance(
        lambda x: x, inputs=torch.ones(1, 2).double(), actions={"r": (shear, shear)}, relations=["r^4"]
    )
    assert named(report)["input action"].status is Status.REFUTED


@pytest.mark.parametrize("matrix", [np.zeros((2, 2)), np.diag([1.0, 1e-17]), np.ones((2, 2))])
def test_a_matrix_that_may_be_singular_is_no_action(matrix):
    report = audit_equivariance(
        lambda x: 0 * x + 1, inputs=torch.ones(1, 2).double(), actions={"r": (matrix, "trivial")}
    )
    assert named(report)["input action"].status is Status.UNDECIDED
    assert "singular" in named(report)["input action"].text


def test_a_rotation_too_small_for_half_precision_shows_how_far_the_outputs_moved():
    c, s = math.cos(1e-3), math.sin(1e-3)
    turn = np.array([[c, -s], [s, c]])
    inputs = torch.tensor([[1.0, 2.0], [3.0, -1.0]]).double()
    exact = audit_equivariance(lambda x: x, inputs=inputs, actions={"t": (turn, turn)})
    assert exact.facts["kind"] == "equivariant"
    told = exact.facts["elements"]["t"]["moved_outputs_change_by"]
    expected = float(np.abs(inputs.numpy() @ (turn.T - np.eye(2))).max())
    rounding = 4 * EPS * float(inputs.abs().sum(1).max())  # two products and a sum, there and here
    assert abs(told - expected) <= rounding < expected / 1000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"representation": (lambda k: np.eye(N),) * 2, "elements": [1, "1"]}, "different elements"),
        ({"actions": {"r": (SHIFT, SHIFT)}, "elements": ["q"], "product": lambda a, b: a}, "'q' in elements= has no action"),
        ({"representation": (lambda k: np.eye(N),) * 2, "elements": [0, 1], "product": lambda a, b: 1 // 0}, r"product\(0, 0\) raised ZeroDivisionError"),
        ({"actions": {"r": ([i + 1 for i in SHIFT], SHIFT)}}, "Positions count from 0: subtract 1"),
        ({"actions": {"r": (lambda x: np.load("/no/such/file"), SHIFT)}}, "FileNotFoundError"),
        ({"actions": {"r": (lambda x: next(iter(())), SHIFT)}}, "StopIteration"),
    ],
)  # fmt: skip
def test_actions_that_cannot_be_used_are_explained(options, message):
    with pytest.raises(InputError, match=message):
        audit_equivariance(lambda x: x, inputs=START, **options)


# -- modules ----------------------------------------------------------------------------------------------------------------------


class Returns(nn.Module):
    """A module that returns what it is told to."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, x):
        return self.what(x)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda x: (x, x), "2 output tensors"), (lambda x: {"y": x}, "got dict"), (lambda x: None, "got NoneType"), (lambda x: 1.0, "got float"), (lambda x: x.sum(), "batch of 5"),
        (lambda x: x[:0], "batch of 5"), (lambda x: x.reshape(5, -1).to_sparse(), "to_dense"), (lambda x: x.to("meta"), "meta device"),
        (lambda x: torch.zeros(2) @ torch.zeros(3), "raised RuntimeError"),
    ],
)  # fmt: skip
def test_what_a_module_returns_has_to_be_a_batch(what, message):
    with pytest.raises(InputError, match=message):
        audit_equivariance(Returns(what), inputs=X, actions={"r": (SHIFT, SHIFT)})


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_module_that_narrows_its_outputs_is_judged_in_their_precision(dtype):
    report = audit_equivariance(Returns(lambda x: x.to(dtype)), inputs=X, actions={"r": (SHIFT, SHIFT)})
    assert report.status is Status.HOLDS
    assert report.facts["elements"]["r"]["bound"] >= torch.finfo(dtype).eps / 2


def test_strides_commute_with_the_shifts_that_they_keep():
    layer = nn.Conv1d(3, 2, 3, stride=2, padding=1, padding_mode="circular").double()
    half, two = [*range(1, N // 2), 0], [(i + 2) % N for i in range(N)]
    assert audit_equivariance(layer, inputs=X, actions={"r2": (two, half)}).status is Status.HOLDS
    assert audit_equivariance(layer, inputs=X, actions={"r": (SHIFT, half)}).status is Status.REFUTED
