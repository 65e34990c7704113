"""The audit of disentanglement: right and wrong matrices, codes, encoders and pairs, and what does not change its answers."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from numerics.representations.complements import random_orthogonal
from numerics.representations.grid_codes import nearest_disentangled
from numerics.streams import Stream
from proofs_checks import audit, exits
from proofs_checks.kernel import Status

HOLDS, REFUTED, UNDECIDED = Status.HOLDS, Status.REFUTED, Status.UNDECIDED


def circle(n: int, turns: int = 1) -> torch.Tensor:
    angle = torch.arange(n).double() * (2 * math.pi * turns / n)
    return torch.stack([angle.cos(), angle.sin()], -1)


def apart(n: int = 6, m: int = 5) -> torch.Tensor:
    """Two circles in planes of their own, one orbit."""
    return torch.cat([circle(n)[:, None].expand(n, m, 2), 0.7 * circle(m)[None].expand(n, m, 2)], -1)[None]


def together(n: int = 6, m: int = 5) -> torch.Tensor:
    return (circle(n)[:, None] + 0.7 * circle(m)[None])[None]


def statuses(report: Any) -> dict[str, Status]:
    return {finding.name: finding.status for finding in report.findings}


def text_of(report: Any, name: str) -> str:
    return next(finding.text for finding in report.findings if finding.name == name)


# -- codes -----------------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(st.integers(0, 2**20), st.integers(2, 7), st.integers(3, 7))
def test_two_circles_hold_in_every_basis_from_every_base_point(seed, n, m):
    stream = Stream(seed)
    codes = apart(n, m) @ (stream.normal(4, 4) + 4 * torch.eye(4).double())
    codes = codes.roll((int(stream.integers(0, n, 1)), int(stream.integers(0, m, 1))), (1, 2)) + stream.normal(
        1, 1, 1, 4
    )
    report = audit.disentangled(codes)
    found = statuses(report)
    assert found["sums of functions of one factor each"] is HOLDS
    # a constant takes a dimension of its own: without room for it nothing linear moves the codes
    assert found["frequencies fill the rank"] is (
        HOLDS
        if report.facts["ranks"]["codes"]
        == report.facts["ranks"]["means"] + sum(sum(f.values()) for f in report.facts["ranks"]["factors"].values())
        else REFUTED
    )


def test_two_circles_with_room_hold_as_a_whole_and_make_blocks():
    wide = torch.cat([apart(), torch.ones(1, 6, 5, 1).double()], -1) @ random_orthogonal(5, Stream(3))
    report = audit.disentangled(wide)
    assert report.status is HOLDS
    assert report.facts["subspaces"] == {"factor 1": 2, "factor 2": 2}
    R = report.actions["factor 1"]
    inside = report.basis.T @ R @ report.basis
    assert float(inside[:2, 2:].abs().max()) < 1e-12
    torch.testing.assert_close(inside[2:, 2:], torch.eye(2).double(), rtol=0, atol=1e-12)


def test_two_circles_in_one_plane_are_additive_and_say_which_plane():
    report = audit.disentangled(together(), factors={"a": "cyclic", "b": "cyclic"})
    found = statuses(report)
    assert found["sums of functions of one factor each"] is HOLDS
    assert found["frequencies fill the rank"] is REFUTED
    assert "a and b share one plane, 4 frequencies in rank 2" in text_of(report, "frequencies fill the rank")
    assert found["a linear map makes the step of a"] is REFUTED
    assert report.facts["kept"] == ["a: 1"]
    assert math.isclose(report.facts["distance"], 0.7 / math.sqrt(1.49), rel_tol=1e-9)


def test_the_published_measure_calls_one_plane_disentangled_which_this_audit_does_not():
    # the mean over angles of |z(g) - best rotation by integer frequencies of the base|^2, here for one factor at a time
    codes = together(8, 8)[0]
    centred = codes - codes.mean(0, keepdim=True)
    turned = torch.stack([centred[k] @ _rotation(-2 * math.pi * k / 8) for k in range(8)])
    assert float((turned - turned.mean(0)).square().sum()) < 1e-20  # each factor turns its circle
    assert audit.disentangled(codes[None]).status is REFUTED


def _rotation(angle: float) -> torch.Tensor:
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, s], [-s, c]], dtype=torch.float64)


def test_a_joint_clock_is_linear_and_entangled():
    a, b = torch.meshgrid(torch.arange(5), torch.arange(5), indexing="ij")
    report = audit.disentangled(circle(5)[(a + b) % 5][None])
    found = statuses(report)
    assert found["any linear action"] is HOLDS
    assert found["sums of functions of one factor each"] is REFUTED
    assert math.isclose(report.facts["interaction_share"], 1.0, rel_tol=1e-12)


def test_a_group_that_is_no_product_of_cycles_is_moved_by_least_squares():
    from theory.groups.families import symmetric

    group = symmetric(3)
    regular = torch.eye(6).double()[:, None].expand(6, 4, 6)
    codes = torch.cat([regular, circle(4)[None].expand(6, 4, 2)], -1)[None]
    report = audit.disentangled(codes, factors={"pose": group, "turn": "cyclic"})
    assert statuses(report)["a linear map makes the step of pose"] is HOLDS
    assert (
        report.facts["ranks"]["codes"] == report.facts["ranks"]["means"] + 5 + 2
    )  # the sign and two copies of the plane, and a circle
    assert report.status is HOLDS
    broken = codes.clone()
    broken[0, 2] += 1.0
    assert (
        statuses(audit.disentangled(broken, factors={"pose": group, "turn": "cyclic"}))[
            "a linear map makes the step of pose"
        ]
        is HOLDS
    )  # e_2 + 1 is as good a point
    folded = codes[..., :4]
    assert (
        statuses(audit.disentangled(folded, factors={"pose": group, "turn": "cyclic"}))[
            "a linear map makes the step of pose"
        ]
        is REFUTED
    )


def test_what_is_not_encoded_is_said():
    codes = circle(6)[:, None].expand(6, 4, 2)[None]
    report = audit.disentangled(codes.contiguous(), factors={"a": "cyclic", "b": "cyclic"})
    assert statuses(report)["b is encoded"] is REFUTED
    doubled = torch.cat([circle(4).repeat(2, 1)[:, None].expand(8, 3, 2), circle(3)[None].expand(8, 3, 2)], -1)[None]
    assert "0 and 4" in text_of(audit.disentangled(doubled), "factor 1 is encoded")
    constant = audit.disentangled(torch.ones(2, 3, 3, 2).double())
    assert statuses(constant)["sums of functions of one factor each"] is Status.INAPPLICABLE
    assert constant.status is REFUTED


def test_a_tolerance_that_the_user_states_decides():
    noisy = torch.cat([apart(), torch.ones(1, 6, 5, 1).double()], -1) + 1e-3 * Stream(1).normal(1, 6, 5, 5)
    assert audit.disentangled(noisy).status is REFUTED
    assert statuses(audit.disentangled(noisy, tolerance=0.01))["distance to the nearest disentangled codes"] is HOLDS
    assert audit.disentangled(noisy, tolerance=0.01).status is HOLDS
    repeated = audit.disentangled(noisy, repeat=noisy + 1.4e-3 * Stream(2).normal(1, 6, 5, 5))
    assert statuses(repeated)["sums of functions of one factor each"] is not REFUTED


def test_float32_codes_are_known_to_their_own_digits():
    wide = torch.cat([apart(), torch.ones(1, 6, 5, 1).double()], -1).float()
    report = audit.disentangled(wide)
    assert report.status is HOLDS
    assert "1.91e-6" in text_of(report, "grid")


@settings(max_examples=10)
@given(st.integers(0, 2**20))
def test_distance_is_zero_exactly_where_the_criterion_holds(seed):
    for codes, zero in ((torch.cat([apart(), torch.ones(1, 6, 5, 1).double()], -1), True), (together(), False)):
        turned = codes @ random_orthogonal(codes.shape[-1], Stream(seed))
        rank = audit.disentangled(turned).facts["ranks"]["codes"]
        assert (nearest_disentangled(turned, dimensions=rank).relative < 1e-12) == zero


def test_plain_factors_are_asked_for_sums_only():
    codes = (torch.arange(3.0)[:, None] + torch.tensor([0.0, 5.0])).double()[None, ..., None]
    report = audit.disentangled(codes, factors=["plain", "plain"])
    assert report.status is UNDECIDED or report.status is HOLDS or report.status is REFUTED
    assert statuses(report)["sums of functions of one factor each"] is HOLDS
    assert statuses(report)["linear action"] is Status.INAPPLICABLE


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-30])
def test_the_scale_of_codes_changes_nothing(scale):
    codes = torch.cat([apart(), torch.ones(1, 6, 5, 1).double()], -1)
    assert audit.disentangled(scale * codes).status is HOLDS
    assert audit.disentangled(scale * together()).facts["distance"] == pytest.approx(0.7 / math.sqrt(1.49), rel=1e-9)


def test_zeros_encode_nothing():
    report = audit.disentangled(torch.zeros(1, 3, 3, 2).double())
    assert statuses(report)["factor 1 is encoded"] is REFUTED
    json.dumps(report.plain(), allow_nan=False)
    report.figure()


# -- matrices ----------------------------------------------------------------------------------------------------------

STEP3, SWAP = [[0, -1], [1, -1]], [[0, 1], [1, 0]]


def blocks(*parts: list[list[Any]]) -> list[list[Any]]:
    size = sum(map(len, parts))
    out = [[0] * size for _ in range(size)]
    at = 0
    for part in parts:
        for i, row in enumerate(part):
            out[at + i][at : at + len(row)] = row
        at += len(part)
    return out


ONE = [[1, 0], [0, 1]]
MATRICES: dict[str, tuple[dict[str, Any], Status]] = {
    "planes of their own": ({"x": {"order": 3, "matrix": blocks(STEP3, ONE)}, "y": {"order": 2, "matrix": blocks(ONE, SWAP)}}, HOLDS),
    "a joint clock": ({"x": {"order": 3, "matrix": [["zeta(3)"]]}, "y": {"order": 3, "matrix": [["zeta(3)"]]}}, REFUTED),
    "a tensor product": ({"x": {"order": 2, "matrix": [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0]]}, "y": {"order": 2, "matrix": blocks(SWAP, SWAP)}}, REFUTED),
    "no commuting": ({"x": {"order": 3, "matrix": STEP3}, "y": {"order": 2, "matrix": SWAP}}, REFUTED),
    "another order": ({"x": {"order": 4, "matrix": blocks(STEP3, ONE)}, "y": {"order": 2, "matrix": blocks(ONE, SWAP)}}, REFUTED),
    "one factor that rests": ({"x": {"order": 3, "matrix": STEP3}, "y": {"order": 2, "matrix": ONE}}, REFUTED),
    "shears modulo 2": ({"factors": {"x": {"order": 2, "matrix": [[1, 1, 0], [0, 1, 0], [0, 0, 1]]}, "y": {"order": 2, "matrix": [[1, 0, 1], [0, 1, 0], [0, 0, 1]]}}, "characteristic": 2}, UNDECIDED),
    "signs modulo 5": ({"factors": {"x": {"order": 2, "matrix": [[4, 0], [0, 1]]}, "y": {"order": 2, "matrix": [[1, 0], [0, 4]]}}, "characteristic": 5}, HOLDS),
    "S3 and C2": ({"x": {"group": {"generators": ["a", "b"], "relations": ["a^3", "b^2", "(a*b)^2"]}, "matrices": {"a": blocks(STEP3, [[1]]), "b": blocks(SWAP, [[1]])}}, "y": {"order": 2, "matrix": blocks(ONE, [[-1]])}}, HOLDS),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_are_decided(name, tmp_path):
    given_, expected = MATRICES[name]
    report = audit.disentangled(given_)
    assert report.status is expected, report
    document = given_ if "factors" in given_ else {"factors": given_}
    (tmp_path / "m.json").write_text(json.dumps(document))
    assert audit.disentangled(tmp_path / "m.json").status is expected


@pytest.mark.parametrize("name", ["planes of their own", "a tensor product", "S3 and C2", "one factor that rests"])
def test_decimals_in_a_random_basis_decide_as_exact_entries_do(name):
    given_, expected = MATRICES[name]
    exact = audit.disentangled(given_)
    size = exact.facts["degree"]
    S = Stream(4).normal(size, size).numpy() + 2 * np.eye(size)

    def moved(matrix: Any) -> Any:
        return (S @ np.array(matrix, dtype=float) @ np.linalg.inv(S)).tolist()

    numeric = {
        factor: {**own, "matrix": moved(own["matrix"])}
        if "matrix" in own
        else {**own, "matrices": {k: moved(m) for k, m in own["matrices"].items()}}
        for factor, own in given_.items()
    }
    report = audit.disentangled(numeric, accuracy=1e-12)
    assert report.status is expected, report
    assert report.facts.get("dimensions") == exact.facts.get("dimensions")


def test_decimals_too_coarse_for_an_integer_say_how_many_more():
    coarse = {
        "x": {"order": 2, "matrix": [[-0.9, 0.0], [0.0, 1.0]]},
        "y": {"order": 2, "matrix": [[1.0, 0.0], [0.0, -0.9]]},
    }
    report = audit.disentangled(coarse, accuracy=0.2)
    assert report.status is UNDECIDED
    assert "more decimals" in text_of(report, "a subspace for each factor")


def test_entangled_constituents_are_named():
    text = text_of(audit.disentangled(MATRICES["a joint clock"][0]), "a subspace for each factor")
    assert "chi" in text
    assert "on x and y" in text


# -- encoders ----------------------------------------------------------------------------------------------------------


class Sums(nn.Module):
    """Row and column sums: exactly disentangled, without training."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x.sum(2), x.sum(1)], 1)


SHIFTS = {"down": (lambda x: x.roll(1, 1), 6), "right": (lambda x: x.roll(1, 2), 6)}
IMAGES = Stream(5).normal(4, 6, 6)


def test_sums_of_rows_and_columns_are_disentangled_and_pixels_are_not():
    sums = audit.disentangled(encoder=Sums().eval(), transforms=SHIFTS, objects=IMAGES)
    found = statuses(sums)
    assert found["sums of functions of one factor each"] is HOLDS
    assert found["a linear map makes the step of down"] is HOLDS
    pixels = audit.disentangled(encoder=lambda x: x.flatten(1), transforms=SHIFTS, objects=IMAGES)
    assert 0.1 < pixels.facts["interaction_share"] < 0.9
    assert statuses(pixels)["any linear action"] is HOLDS
    mean = audit.disentangled(encoder=lambda x: x.mean((1, 2))[:, None], transforms=SHIFTS, objects=IMAGES)
    assert "encodes nothing" in text_of(mean, "down is encoded")


def test_an_encoder_is_left_as_it_was():
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(36, 3)).double().eval()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    state = torch.random.get_rng_state()
    audit.disentangled(encoder=encoder, transforms=SHIFTS, objects=IMAGES)
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())
    assert torch.equal(state, torch.random.get_rng_state())


# -- pairs -------------------------------------------------------------------------------------------------------------


def actions(basis: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    A, B = torch.eye(5).double(), torch.eye(5).double()
    A[:2, :2] = B[2:4, 2:4] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    return basis @ A @ basis.inverse(), basis @ B @ basis.inverse()


def test_pairs_give_back_the_actions():
    z, basis = Stream(6).normal(60, 5), Stream(7).normal(5, 5)
    A, B = actions(basis)
    report = audit.disentangled(pairs={"a": (z, z @ A.T), "b": (z, z @ B.T)}, factors={"a": 4, "b": 4})
    assert report.status is HOLDS
    torch.testing.assert_close(report.actions["a"], A, rtol=1e-9, atol=1e-9)
    assert report.facts["subspaces"] == {"a": 2, "b": 2}
    joint = audit.disentangled(pairs={"a": (z, z @ A.T), "b": (z, z @ (A @ B).T)})
    assert statuses(joint)["a and b move subspaces of their own"] is REFUTED
    assert statuses(joint)["a and b commute"] is HOLDS


def test_too_few_pairs_decide_nothing():
    z = Stream(8).normal(4, 5)
    report = audit.disentangled(pairs={"a": (z, Stream(9).normal(4, 5)), "b": (z, z)})
    assert statuses(report)["a linear map makes the step of a"] is UNDECIDED


def test_pairs_that_no_linear_map_makes_are_refuted():
    z = Stream(8).normal(80, 3)
    report = audit.disentangled(pairs=(torch.cat([z, z]), torch.cat([z, z.tanh()]), ["a"] * 80 + ["b"] * 80))
    assert statuses(report)["a linear map makes the step of b"] is REFUTED
    assert "nothing is encoded of a" in text_of(report, "a subspace for each factor")


# -- files -------------------------------------------------------------------------------------------------------------


def test_archives_and_python_files_are_audited(tmp_path, call):
    np.savez(tmp_path / "codes.npz", codes=torch.cat([apart(), torch.ones(1, 6, 5, 1).double()], -1).numpy())
    assert call("audit", "disentangled", tmp_path / "codes.npz", "--json", tmp_path / "o.json").code == exits.HOLDS
    assert json.loads((tmp_path / "o.json").read_text())["facts"]["input"] == "codes"
    z = Stream(6).normal(40, 3).numpy()
    np.savez(tmp_path / "pairs.npz", z=z, z_after=-z, factor=np.array(["a", "b"] * 20))
    assert call("audit", "disentangled", tmp_path / "pairs.npz").code == exits.REFUTED
    (tmp_path / "mine.py").write_text("import torch\ncodes = torch.eye(3).double().reshape(1, 3, 3, 1)\n")
    assert call("audit", "disentangled", tmp_path / "mine.py").code == exits.REFUTED
