"""A user's own density, inliers and outliers, through the two claims about density detectors."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from proofs_checks import claims
from proofs_checks.kernel import Status
from proofs_checks.report.figures import figure_svg
from proofs_checks.run.results import ClaimResult

IDS = ("anomaly.score-reversal", "anomaly.uniform-carries-nothing")
REVERSAL, UNIFORM = IDS


def drawn(n: int, dim: int, scale: float = 1.0, seed: int = 1) -> Tensor:
    return scale * torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def normal(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2


def checked(claim_id: str, **objects: object) -> ClaimResult:
    whole = {"p": normal, "inliers": drawn(20, 2), "outliers": drawn(20, 2, 1.4, 2), **objects}
    return claims[claim_id].check(route="numeric", **whole)


@pytest.mark.parametrize("claim_id", IDS)
@pytest.mark.parametrize(
    "objects",
    [
        {},
        {"p": lambda x: normal(x) + 500},
        {"p": lambda x: normal(x) - 900},
        {"p": lambda x: -x.abs().sum(1)},
        {"p": torch.distributions.MultivariateNormal(torch.zeros(2).double(), torch.eye(2).double()).log_prob},
        {"inliers": drawn(9, 2).numpy(), "outliers": drawn(9, 2, seed=3).numpy()},
        {"base": lambda rest: rest[:, 0] / 3},
        {"inliers": drawn(12, 120, 0.5), "outliers": drawn(12, 120, 0.55, 2)},
    ],
)
def test_a_readers_density_is_measured(claim_id: str, objects: dict) -> None:
    result = checked(claim_id, **objects)
    assert result.status is Status.HOLDS, result


@pytest.mark.parametrize("claim_id", IDS)
@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({"p": None}, "together"),
        ({"outliers": None}, "together"),
        ({"inliers": drawn(3, 2).float()}, "double precision"),
        ({"inliers": torch.ones(3, 2, dtype=torch.int64)}, "double precision"),
        ({"inliers": drawn(0, 2)}, "at least one of each"),
        ({"inliers": drawn(3, 0), "outliers": drawn(3, 0)}, "at least one of each"),
        ({"inliers": drawn(3, 3)}, "of one dimension"),
        ({"inliers": drawn(3, 2)[:, 0]}, "of one dimension"),
        ({"p": lambda x: -x.square()}, "one number a row"),
        ({"p": lambda x: 0.5}, "got float"),
        ({"p": 3}, "not callable"),
        ({"p": lambda x: torch.nn.Linear(2, 1)(x)[:, 0]}, "of one precision"),
        ({"p": lambda x: normal(x.float())}, "converted in silence"),
        ({"p": lambda x: normal(x.detach())}, "no gradient"),
        ({"p": lambda x: normal(x) * math.nan}, "NaN or infinite at 40 of 40"),
        ({"p": lambda x: torch.where(x[:, 0] > 0, normal(x), -torch.inf)}, r"outside \{p > 0\}"),
        ({"base": -math.inf}, "inside every fibre"),
        ({"base": lambda rest: rest}, "one number a fibre"),
    ],
)
def test_a_hypothesis_that_fails_is_named(claim_id: str, objects: dict, message: str) -> None:
    result = checked(claim_id, **objects)
    assert result.status is Status.INAPPLICABLE
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(str(result).replace("\n", " ").replace("     ", ""))


@pytest.mark.parametrize("claim_id", IDS)
@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({"p": lambda x: torch.where(x[:, 0].abs() > 0.02, normal(x), -torch.inf), "inliers": drawn(9, 2) + 3}, "p is zero: 29"),
        ({"outliers": drawn(20, 2, 80.0)}, "underflows"),
    ],
)  # fmt: skip
def test_what_the_numbers_can_not_carry_is_undecided_and_counted(claim_id: str, objects: dict, message: str) -> None:
    result = checked(claim_id, **objects)
    assert result.status is Status.UNDECIDED
    assert message in " ".join(str(result).split())


def test_a_law_that_is_not_reversed_is_refuted() -> None:
    assert checked(REVERSAL, integrand=lambda log_p, log_s: log_p).status is Status.REFUTED
    assert checked(UNIFORM, integrand=lambda log_p, log_s: log_p * 0.99).status is Status.REFUTED


@pytest.mark.parametrize("claim_id", IDS)
def test_figures_fit_the_report(claim_id: str) -> None:
    drawing = figure_svg(claims[claim_id], "f")
    assert drawing.svg is not None, drawing.note
