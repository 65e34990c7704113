"""The density audit under a group: what equivariant bijections attain, what they leave alone, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from proofs_checks import audit, exits
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

QUARTER = [[[0.0, -1.0], [1.0, 0.0]]]
MODEL = torch.distributions.MultivariateNormal(torch.tensor([1.5, 0.5]).double(), torch.eye(2).double())


def points(n: int, spread: float, seed: int) -> torch.Tensor:
    return spread * torch.randn(n, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


INLIERS, OUTLIERS = points(40, 1.0, 0) + MODEL.mean, points(40, 1.5, 1)


def audited(**more):
    return audit.density(MODEL, INLIERS, OUTLIERS, points=30, **{"group": QUARTER, **more})


def found(report, name):
    return next(f for f in report.findings if f.name == name)


def test_areas_under_equivariant_bijections_and_the_one_that_stays():
    report = audited(score={"radius": lambda x: -x.square().sum(1)})
    facts = report.facts["group"]
    assert facts["elements"] == 4
    assert abs(facts["auroc_equivariant"]["reversed equivariantly"] - (1 - facts["auroc_averaged"])) < 1e-12
    assert set(facts["auroc_within_after"].values()) == {facts["auroc_within"]}
    assert all(f.status is Status.HOLDS for f in report.findings if "equivariantly" in f.name)
    f = report.bijections["reversed equivariantly"]
    turned = INLIERS @ torch.tensor(QUARTER[0]).double().T
    torch.testing.assert_close(
        f.forward(turned), f.forward(INLIERS) @ torch.tensor(QUARTER[0]).double().T, rtol=1e-10, atol=1e-10
    )
    torch.testing.assert_close(f.inverse(f.forward(INLIERS)), INLIERS, rtol=1e-8, atol=1e-8)


def test_a_score_that_is_not_invariant_is_told_with_element_and_point():
    one = found(audited(score=lambda x: x[:, 0]), "score equivariantly")
    assert one.status is Status.INAPPLICABLE
    assert set(one.witness) == {"element", "point"}


def test_a_support_that_is_no_star_is_told():
    ring = lambda x: torch.where(x.square().sum(1) > 1, -x.square().sum(1) / 2, -torch.inf)  # noqa: E731
    far = INLIERS / INLIERS.norm(dim=1, keepdim=True) * (1.5 + INLIERS.norm(dim=1, keepdim=True))
    report = audit.density(ring, far, 1.2 * far, group=QUARTER, points=20)
    assert found(report, "support").status is Status.INAPPLICABLE


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ([[[2.0, 0.0], [0.0, 1.0]]], r"Element 0 of the group lies outside O\(2\)"),
        (torch.eye(3).double()[None], r"shape \(k, 2, 2\)"),
        ([[0, 0]], "permutations of 0..1"),
        ("nothere.npz", "nothere"),
        ([[[float("nan"), 0.0], [0.0, 1.0]]], "NaN"),
        (5, "Expected"),
        ({"a": 1}, "Expected the group"),
    ],
)
def test_groups_that_are_none_are_refused(group, message):
    with pytest.raises(InputError, match=message):
        audited(group=group)


def test_permutations_of_pixels_come_from_a_file_and_from_the_command(tmp_path, call):
    np.savez(tmp_path / "swap.npz", group=np.array([[1, 0]]))
    assert audited(group=tmp_path / "swap.npz").facts["group"]["elements"] == 2
    (tmp_path / "model.py").write_text(
        "import torch\nlog_prob = torch.distributions.MultivariateNormal(torch.tensor([1.5, 0.5]).double(), torch.eye(2).double())\n"
        "g = torch.Generator().manual_seed(0)\ninliers = torch.randn(30, 2, generator=g).double() + log_prob.mean\noutliers = 1.5 * torch.randn(30, 2, generator=g).double()\npoints = 20\n"
    )
    outcome = call("audit", "density", tmp_path / "model.py", "--group", tmp_path / "swap.npz")
    assert outcome.code == exits.HOLDS, outcome.out
    assert "score within an orbit" in outcome.out
    (tmp_path / "pit.py").write_text("pit = [0.5] * 40\n")
    assert call("audit", "pit", tmp_path / "pit.py", "--group", tmp_path / "swap.npz").code == exits.USAGE
