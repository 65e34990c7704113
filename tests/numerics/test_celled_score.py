"""The celled map: a bijection with the promised density, whose slope is that of the point's own cell."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics import densities
from numerics.random import Stream
from numerics.transports import ArbitraryScore, recovery
from numerics.transports.celled_score import CelledScore

EDGES = (0.5, 1.0, 1.6, 2.3, 3.2, 4.5)


def flat(x: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(x[:, 0])


@given(seed=st.integers(0, 2**20), dim=st.sampled_from([1, 2, 5]), power=st.sampled_from([0.0, -1.0, 0.5]))
def test_the_image_has_the_promised_density(seed: int, dim: int, power: float) -> None:
    stream = Stream(seed)
    law = densities.random_mixture(dim, 3, stream)
    x = law.sample(32, stream)
    transport = CelledScore(law.log_prob, lambda z: power * law.log_prob(z), edges=EDGES, dim=dim).centred(x)
    found = recovery.recover(transport, x)
    assert bool(((found.log_density - power * law.log_prob(x) - transport.log_unit).abs() <= 10 * found.error).all())
    assert bool((found.moved <= found.reach).all())


@given(seed=st.integers(0, 2**20))
def test_the_computed_map_is_continuous_and_increasing_across_the_edges(seed: int) -> None:
    law = densities.random_mixture(1, 3, Stream(seed))
    transport = CelledScore(law.log_prob, flat, edges=EDGES, dim=1)
    at = torch.tensor([-e for e in EDGES[::-1]] + [0.0, *EDGES], dtype=torch.float64)
    apart = 2.0**-30
    below, above = transport.forward((at - apart)[:, None])[:, 0], transport.forward((at + apart)[:, None])[:, 0]
    seen = law.log_prob(at[:, None]) > -10  # where the density moves f by more than rounding over 2^-29
    assert bool((above > below)[seen].all())
    assert bool((above >= below).all())
    assert bool((above - below <= 4 * apart * law.log_prob(at[:, None]).exp() + 1e-15).all())


def test_a_kink_far_from_the_point_does_not_touch_its_slope() -> None:
    def kinked(x: torch.Tensor) -> torch.Tensor:
        return -4 * x[:, 0].abs() - 3 * (x[:, 0] - 0.73).abs()

    x = torch.tensor([[4.0]], dtype=torch.float64)
    celled = CelledScore(kinked, flat, edges=EDGES, dim=1)
    stretched = ArbitraryScore(kinked, flat, dim=1, base=-0.1)
    assert float((celled.log_det(x) - kinked(x)).abs()) < 1e-3
    assert float((stretched.log_det(x) - kinked(x)).abs()) > 1


def test_cells_cost_what_they_say() -> None:
    seen = []

    def counted(x: torch.Tensor) -> torch.Tensor:
        seen.append(x.shape[0])
        return -x.square().sum(1)

    CelledScore(counted, flat, edges=EDGES, dim=2).forward(Stream(0).normal(10, 2))
    assert sum(seen) == 630


def test_edges_that_do_not_increase_are_refused() -> None:
    with pytest.raises(ValueError, match="increasing positive edges"):
        CelledScore(flat, flat, edges=(1.0, 0.5), dim=1)
