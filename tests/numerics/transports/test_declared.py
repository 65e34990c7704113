"""Distributions by name: their maps send their draws to the uniform distribution and invert; those that spoil a hypothesis are what they say."""

from __future__ import annotations

import math

import pytest
import torch

from numerics.statistics.kolmogorov import ks_to_uniform
from numerics.streams import Stream
from numerics.transports import declared

DRAWS, LEVEL = 4_000, 1e-9
CLOSE = math.sqrt(math.log(2 / LEVEL) / (2 * DRAWS))  # Dvoretzky-Kiefer-Wolfowitz


@pytest.mark.parametrize(
    ("name", "D", "by"),
    [
        *((name, 3, "closed form") for name in ("gaussian", "correlated", "mixture", "tied", "split")),
        ("mixture", 1, "quadrature"),
        ("logistic", 1, "quadrature"),
    ],
)
def test_draws_become_uniform_coordinate_by_coordinate(name: str, D: int, by: str) -> None:
    found = declared.declared_transport(name, D, by, Stream(1))
    x = found.sample(DRAWS, Stream(2))
    assert x.shape == (DRAWS, D)
    transport = found.map()
    u = transport.forward(x)
    assert all(ks_to_uniform(column) <= CLOSE for column in u.mT)
    assert transport.connected == (name != "split")
    assert (found.gaussian is not None) == (name in ("gaussian", "tied"))


def test_one_stream_gives_one_distribution_whatever_its_map_goes_through() -> None:
    closed, by_values = (
        declared.declared_transport("mixture", 1, by, Stream(3)) for by in ("closed form", "quadrature")
    )
    x = closed.sample(50, Stream(4))
    assert torch.equal(closed.log_prob(x), by_values.log_prob(x))
    assert by_values.through is None
    with pytest.raises(KeyError, match="cauchy"):
        declared.declared_transport("cauchy", 1, "closed form", Stream(3))


def test_a_map_that_forgets_earlier_coordinates_leaves_them_dependent() -> None:
    found = declared.unconditional_transport("tied", 2, "closed form", Stream(5))
    u = found.map().forward(found.sample(DRAWS, Stream(6)))
    assert all(ks_to_uniform(column) <= CLOSE for column in u.mT)
    together = ((u < 0.5).all(1)).double().mean()  # one quarter if the coordinates were independent
    assert float(together) - 0.25 > CLOSE


def test_half_of_the_mass_sits_on_the_atom() -> None:
    found = declared.atomic_transport("atom", 1, "closed form", Stream(7))
    u = found.map().forward(found.sample(DRAWS, Stream(8)))
    assert abs(float((u == 0.5).double().mean()) - 0.5) <= CLOSE


def test_a_split_support_is_had_under_any_name() -> None:
    found = declared.split_transport("mixture", 2, "closed form", Stream(9))
    size = found.sample(DRAWS, Stream(10)).abs()
    assert bool(((size > 1) & (size < 2)).all())
