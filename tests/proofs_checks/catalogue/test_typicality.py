"""The two typicality claims on objects that a user hands in: distributions, bijections, and what cannot be one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from scipy import stats
from torch import Tensor, distributions

from numerics.distributions import marginals
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from proofs_checks.run.interactive import Catalogue

CLAIMS = Catalogue(plugins=False)
SETS, MOVED = CLAIMS["anomaly.typical-set"], CLAIMS["anomaly.typicality-not-invariant"]


class Bent:
    """x + atan x in every coordinate, whose log-determinant lies between 0 and D log 2."""

    def __init__(self, dim: int) -> None:
        self.dim, self.log_det_range = dim, (0.0, 0.7 * dim)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] != self.dim:
            raise ValueError("another dimension")
        return x + torch.atan(x)

    def inverse(self, y: Tensor) -> Tensor:
        x = y.clone()
        for _ in range(60):
            x = x - (x + torch.atan(x) - y) / (1 + 1 / (1 + x * x))
        return x

    def log_det(self, x: Tensor) -> Tensor:
        return torch.log1p(1 / (1 + x * x)).sum(1)


@pytest.mark.parametrize(
    "distribution",
    [
        marginals.Product([marginals.Laplace(torch.zeros(2), torch.ones(2))]),
        [stats.gumbel_r(), stats.norm(1, 2)],
        distributions.Normal(torch.zeros(2).double(), torch.tensor([0.01, 2.0]).double()),
    ],
    ids=["marginals", "scipy", "torch"],
)
def test_a_readers_law_has_a_typical_set(distribution: Any) -> None:
    assert SETS.check(distribution=distribution).status is Status.HOLDS


@pytest.mark.parametrize("distribution", [3, marginals.Product([marginals.SplitUniform(0.0, 1.0)])])
def test_what_is_no_law_on_an_interval_is_refused(distribution: Any) -> None:
    with pytest.raises(InputError):
        SETS.check(distribution=distribution)


@pytest.mark.parametrize("dim", [1, 2])
def test_a_readers_bijection_moves_T_as_the_rule_says(dim: int) -> None:
    assert MOVED.check(f=Bent(dim), route="statistical").status is Status.HOLDS


def test_a_log_determinant_that_is_not_the_maps_own_is_refuted() -> None:
    wrong = Bent(1)
    wrong.log_det = lambda x: 0.5 * Bent(1).log_det(x)  # type: ignore[method-assign]
    assert MOVED.check(f=wrong, route="statistical").status is Status.REFUTED


def test_a_map_that_no_mean_can_be_bounded_for_is_refused() -> None:
    bent = Bent(1)
    for missing in (
        SimpleNamespace(forward=torch.sinh),
        SimpleNamespace(forward=bent.forward, inverse=bent.inverse, log_det=bent.log_det),
    ):
        result = MOVED.check(f=missing, route="statistical")
        assert result.status is Status.INAPPLICABLE
    with pytest.raises(InputError, match="neither"):
        MOVED.check(f=torch.sinh, route="statistical")
