"""Maps and actions in the forms in which people have them: several tensors, functions that move entries, axes that several places fit, float32 in lists."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch
from torch import nn

from numerics.streams import Stream
from proofs_checks.audits.equivariance import audit_equivariance
from proofs_checks.errors import InputError
from proofs_checks.inputs.narrow_formats import narrow_format
from proofs_checks.kernel import Status

STREAM = Stream(7, dtype=torch.float32)


def under(report, g):
    return next(f for f in report.findings if f.name == f"equivariance under {g}")


# -- several tensors ---------------------------------------------------------------------------------------------------


class Message(nn.Module):
    """X, A -> relu(A X W)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        with torch.no_grad():
            for p in self.parameters():
                p.copy_(STREAM.normal(*p.shape))

    def forward(self, x, a):
        return torch.relu(a.to(x.dtype) @ self.linear(x))


ORDER = [3, 0, 5, 1, 2, 4]
BACK = np.argsort(ORDER).tolist()


def relabelled(x, a):
    return x[:, BACK], a[:, BACK][:, :, BACK]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("numpy", [False, True])
def test_a_map_of_two_tensors_is_followed(whole, numpy):
    x, a = STREAM.normal(3, 6, 4), (STREAM.uniform(3, 6, 6) < 0.5).to(torch.int64 if whole else torch.float32)
    layer = Message()
    function = (lambda x, a: np.maximum(a.astype(x.dtype) @ x, 0)) if numpy else layer
    given = (x.numpy(), a.numpy()) if numpy else (x, a)
    for action in (relabelled, lambda both: relabelled(*both), (ORDER, lambda a: a[:, BACK][:, :, BACK])):
        report = audit_equivariance(function, inputs=given, actions={"p": (action, ORDER)})
        assert report.status is Status.HOLDS
    lower = (lambda x, a: np.tril(a) @ x) if numpy else (lambda x, a: layer(x, torch.tril(a)))
    assert audit_equivariance(lower, inputs=given, actions={"p": (relabelled, ORDER)}).status is Status.REFUTED


def test_a_map_with_two_outputs_is_followed():
    turn = torch.linalg.qr(STREAM.normal(3, 3))[0]
    points = STREAM.normal(4, 5, 3)

    def moved(v):
        return v @ turn.T

    good = audit_equivariance(
        lambda v: (v.norm(dim=-1), v - v.mean(1, keepdim=True)),
        inputs=points,
        actions={"r": (moved, lambda y: (y[0], moved(y[1])))},
    )
    assert good.status is Status.HOLDS
    bad = audit_equivariance(
        lambda v: (v.sum(-1), v), inputs=points, actions={"r": (moved, lambda y: (y[0], moved(y[1])))}
    )
    assert bad.status is Status.REFUTED


@pytest.mark.parametrize(
    ("actions", "words"),
    [
        ({"p": (ORDER, ORDER)}, "2 input tensors"), ({"p": ((ORDER, ORDER, ORDER), ORDER)}, "Expected 2 actions"), ({"p": (lambda x, a: x, ORDER)}, "Expected 2 tensors from the action"),
        ({"p": (lambda x, a: (x, a[:, :3]), ORDER)}, "turned shapes"), ({"p": (relabelled, (ORDER, ORDER))}, "one action for the one output"),
    ],
)  # fmt: skip
def test_actions_that_do_not_fit_several_tensors_are_explained(actions, words):
    x, a = STREAM.normal(3, 6, 4), STREAM.normal(3, 6, 6)
    with pytest.raises(InputError) as refused:
        audit_equivariance(Message(), inputs=(x, a), actions=actions)
    assert words in str(refused.value)


# -- functions that move entries round nothing -----------------------------------------------------------------------


def quarter(v):
    return torch.rot90(v, 1, (-2, -1))


def symmetric_convolution(channels, asymmetry):
    layer = nn.Conv2d(3, channels, 3, padding=1)
    with torch.no_grad():
        w = STREAM.normal(channels, 3, 3, 3) / 5
        layer.weight.copy_(sum(torch.rot90(w, q, (-2, -1)) for q in range(4)) / 4)
        layer.bias.copy_(STREAM.normal(channels))
        layer.weight[0, 0, 0, 1] += asymmetry * layer.weight.abs().max()
    return layer.eval()


@pytest.mark.parametrize(("channels", "size"), [(16, 32), (32, 64)])
def test_a_small_defect_shows_under_a_function_that_moves_entries(channels, size):
    x = STREAM.normal(2, 3, size, size)
    for asymmetry, status in ((0.0, Status.HOLDS), (1e-3, Status.REFUTED)):
        report = audit_equivariance(
            symmetric_convolution(channels, asymmetry), inputs=x, actions={"r": (quarter, quarter)}
        )
        assert report.status is status


@pytest.mark.parametrize(
    "move",
    [
        lambda v: v.flip(-1), lambda v: v.roll(3, -1), lambda v: v[..., torch.arange(v.shape[-1] - 1, -1, -1)], lambda v: -v.flip(-1), lambda v: v.transpose(1, 2).transpose(1, 2).flip(-1),
    ],
)  # fmt: skip
def test_flips_shifts_gathers_and_signs_are_exact(move):
    layer = nn.Conv1d(2, 2, 3, padding=1, padding_mode="circular", bias=False)
    with torch.no_grad():
        w = STREAM.normal(2, 2, 3)
        layer.weight.copy_((w + w.flip(-1)) / 2)
    x = STREAM.normal(2, 2, 4096)
    good = audit_equivariance(layer, inputs=x, actions={"g": (move, move)})
    assert good.status is Status.HOLDS
    assert under(good, "g").witness is None or under(good, "g").witness["bound"] < 1e-5

    def off(v):
        y = layer(v)
        return y + 1e-3 * torch.linspace(0, 1, 4096)

    assert audit_equivariance(off, inputs=x, actions={"g": (move, move)}).status is Status.REFUTED


# -- axes ---------------------------------------------------------------------------------------------------------------


class SetLayer(nn.Module):
    def __init__(self, width) -> None:
        super().__init__()
        self.own, self.all = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, v):
        return torch.relu(self.own(v) + self.all(v.mean(1, keepdim=True)))


def test_an_action_that_fits_two_axes_is_asked_about_and_one_that_fits_one_is_read():
    p = STREAM.permutation(8).tolist()
    with pytest.raises(InputError, match=r"axis 0 and axis 1.*Which is meant\? Say axis=0"):
        audit_equivariance(SetLayer(8), inputs=STREAM.normal(5, 8, 8), actions={"p": (p, p)})
    assert (
        audit_equivariance(SetLayer(8), inputs=STREAM.normal(5, 8, 8), actions={"p": (p, p)}, axis=0).status
        is Status.HOLDS
    )
    assert (
        audit_equivariance(SetLayer(8), inputs=STREAM.normal(5, 8, 8), actions={"p": (p, p)}, axis=(1, 1)).status
        is Status.REFUTED
    )
    assert (
        audit_equivariance(SetLayer(16), inputs=STREAM.normal(5, 8, 16), actions={"p": (p, p)}).status is Status.HOLDS
    )
    with pytest.raises(InputError, match="of axis 5"):
        audit_equivariance(SetLayer(8), inputs=STREAM.normal(5, 8, 8), actions={"p": (p, p)}, axis=5)
    with pytest.raises(InputError, match="Expected axis as the number"):
        audit_equivariance(SetLayer(8), inputs=STREAM.normal(5, 8, 8), actions={"p": (p, p)}, axis="last")


def test_relations_of_actions_on_an_axis_are_followed():
    p = [1, 2, 3, 4, 5, 6, 7, 0]
    report = audit_equivariance(
        SetLayer(8), inputs=STREAM.normal(5, 8, 8), actions={"p": (p, p)}, axis=0, relations=["p^8 = 1"]
    )
    assert report.status is Status.HOLDS


# -- float32 by its values -----------------------------------------------------------------------------------------------


def cube():
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1.0, -1.0), repeat=3):
            m = torch.zeros(3, 3)
            m[range(3), order] = torch.tensor(signs)
            if torch.linalg.det(m) > 0:
                yield m


def name(m):
    return "".join("0+-"[int(v)] for v in m.flatten())


@pytest.mark.parametrize("as_list", [False, True])
def test_products_of_float32_matrices_are_judged_in_their_precision(as_list):
    group = {name(m): m for m in cube()}
    basis = torch.linalg.qr(STREAM.normal(3, 3))[0]

    def rho(g, off=0.0):
        made = basis @ group[g] @ basis.T + (off if g != name(torch.eye(3)) else 0.0)
        return made.tolist() if as_list else made

    def product(a, b):
        return name(group[a] @ group[b])

    given = {"inputs": STREAM.normal(20, 3), "elements": list(group), "product": product}
    good = audit_equivariance(lambda v: v * v.norm(dim=-1, keepdim=True), representation=(rho, rho), **given)
    assert good.status is Status.HOLDS
    bad = audit_equivariance(
        lambda v: v * v.norm(dim=-1, keepdim=True), representation=(lambda g: rho(g, 1e-4),) * 2, **given
    )
    assert next(f for f in bad.findings if f.name == "input action").status is Status.REFUTED


def recorded(outputs, moved):
    return {
        "recorded": {"inputs": outputs.tolist(), "outputs": outputs.tolist(), "moved_outputs": {"r": moved.tolist()}},
        "actions": {"r": {"input": [1, 2, 3, 0], "output": [1, 2, 3, 0]}}, "relations": ["r^4"],
    }  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_recorded_outputs_are_judged_in_the_format_that_made_them(tmp_path, dtype):
    y = Stream(3).normal(5, 4).to(dtype)
    turned, path = y[:, [3, 0, 1, 2]], tmp_path / "r.json"
    last = torch.finfo(dtype).eps
    for factor, status in ((1 + last, Status.HOLDS), (1 + 3e3 * last, Status.REFUTED)):
        path.write_text(json.dumps(recorded(y, turned * factor)))
        assert audit_equivariance(path).status is status


def test_short_decimals_are_still_as_accurate_as_they_are_written(tmp_path):
    y = (Stream(3).normal(5, 4) * 1000).round() / 1000
    path = tmp_path / "r.json"
    path.write_text(json.dumps(recorded(y, y[:, [3, 0, 1, 2]] + 0.01)))
    assert audit_equivariance(path).status is Status.REFUTED


def test_formats_are_told_by_bits_and_short_numbers_tell_nothing():
    values = Stream(5).normal(100)
    assert narrow_format(values.tolist()) is None
    assert narrow_format(values.float().tolist()) is np.float32
    assert narrow_format(values.half().tolist()) is np.float16
    for silent in ([0.5, 1.0, -2.0], [0.0, 3.0], []):
        assert narrow_format(silent) is None


@pytest.mark.parametrize(("factor", "status"), [(1.0, Status.HOLDS), (1.001, Status.REFUTED)])
def test_a_representation_of_several_tensors_is_a_tuple_of_functions(factor: float, status: Status) -> None:
    """The cross product of two vectors turns with them, a scalar beside them does not."""
    turns = {
        k: torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(k)).double())[0] for k in (1, 2)
    }
    turns = {k: turn * turn.det() for k, turn in turns.items()}
    x, y = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(3)).double()

    def product(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.linalg.cross(x, y) * torch.tensor([1.0, 1.0, factor]).double()

    turn = turns.__getitem__
    report = audit_equivariance(product, inputs=(x, y), representation=((turn, turn), turn), elements=[1, 2])
    assert report.status is status
    with pytest.raises(InputError, match="empty tuple"):
        audit_equivariance(product, inputs=(x, y), representation=((), turn), elements=[1, 2])
