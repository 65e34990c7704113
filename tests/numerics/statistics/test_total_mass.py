"""The mass of an unnormalised density, weighed by draws."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.statistics.total_mass import bridged_log_mass, gaussian_proposal, weighed_log_mass
from numerics.streams import Stream


def _ratios(dim: int, seed: int, n: int = 2000) -> tuple[torch.Tensor, torch.Tensor]:
    """log p - log q for p = e^3 times a normal density in ``dim`` dimensions and a proposal fitted to its draws."""
    stream = Stream(seed)
    own = stream.normal(2 * n, dim)
    proposal = gaussian_proposal(own[:n])
    drawn = proposal.loc + stream.normal(n, dim) @ proposal.scale_tril.mT

    def ratio(x: torch.Tensor) -> torch.Tensor:
        return 3 - x.square().sum(1) / 2 - dim / 2 * math.log(2 * math.pi) - proposal.log_prob(x)

    return ratio(drawn), ratio(own[n:])


@pytest.mark.parametrize("dim", [1, 5, 30])
def test_errors_are_standard_errors(dim: int) -> None:
    """Over 60 samples the deviation in standard errors has second moment 1 (chi^2 with 60 degrees of freedom, level 1e-6)."""
    low, high = 0.33, 2.4  # 1e-6 quantiles of chi^2_60 / 60 on either side
    for weigh in (lambda at, own: weighed_log_mass(at), bridged_log_mass):
        found = [weigh(*_ratios(dim, seed)) for seed in range(60)]
        assert low < sum(((one.value - 3) / one.error) ** 2 for one in found) / 60 < high
        assert all(one.known for one in found)


def test_without_overlap_a_mass_is_not_known() -> None:
    far = torch.full((500,), -800.0).double()
    assert not bridged_log_mass(far, -far).known
    one_heavy = torch.cat([torch.zeros(1), torch.full((999,), -50.0)]).double()
    assert not weighed_log_mass(one_heavy).known


def test_the_bridge_is_sharper_than_either_side() -> None:
    at, own = _ratios(30, 0)
    assert bridged_log_mass(at, own).error < weighed_log_mass(at).error
