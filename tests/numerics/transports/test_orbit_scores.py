"""Groups closed from generators, densities averaged over orbits, and scores within orbits under random equivariant bijections."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations.complements import random_orthogonal
from numerics.streams import Stream
from numerics.transports.orbit_scores import OverOrbits, generated_group, invariance_defect
from numerics.transports.radial_maps import RadialMap

QUARTER = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]).double()
SQUARE = torch.cat([QUARTER, torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double()])


def log_p(x: torch.Tensor) -> torch.Tensor:
    return -(x - torch.tensor([1.0, 0.3]).double()).square().sum(1) / 2


def test_groups_are_closed_and_signed_permutations_stay_exact():
    group = generated_group(SQUARE)
    assert len(group) == 8
    assert group.order is not None
    x = Stream(1).normal(5, 2)
    assert torch.equal(group.move(x)[0], x)
    Q = random_orthogonal(2, Stream(2))
    turned = generated_group(Q @ SQUARE @ Q.T)
    assert len(turned) == 8
    assert turned.order is None
    torch.testing.assert_close(turned.move(x).norm(dim=-1), x.norm(dim=-1).expand(8, 5), rtol=1e-12, atol=1e-12)


def test_a_turn_by_no_fraction_of_a_circle_generates_too_much():
    c, s = torch.cos(torch.tensor(1.0)).double(), torch.sin(torch.tensor(1.0)).double()
    with pytest.raises(ValueError, match="more than 512"):
        generated_group(torch.stack([torch.stack([c, -s]), torch.stack([s, c])])[None])


@settings(max_examples=25)
@given(st.floats(0.1, 1.0), st.floats(0.0, 0.8), st.integers(0, 2**20))
def test_the_score_within_an_orbit_survives_random_equivariant_bijections(a, b, seed):
    group = generated_group(SQUARE)
    over, x = OverOrbits(log_p, group), Stream(seed).normal(6, 2)

    def log_ratio(x: torch.Tensor) -> torch.Tensor:  # invariant under the square
        return torch.sin(a * x.square().sum(1)) + b * torch.cos(3 * x[:, 0]) * torch.cos(3 * x[:, 1])

    f = RadialMap(log_ratio, 2)
    moved = group.move(x)
    after = torch.stack([log_p(part) - f.log_det(part) for part in moved])
    torch.testing.assert_close(
        after[0] - torch.logsumexp(after, 0),
        over.within(x) - torch.log(torch.tensor(8.0)).double(),
        rtol=1e-8,
        atol=1e-8,
    )


def test_the_mean_is_invariant_and_the_defect_names_element_and_point():
    group = generated_group(SQUARE)
    over, x = OverOrbits(log_p, group), Stream(3).normal(6, 2)
    assert invariance_defect(over.log_mean, group, x)[0] < 1e-12
    size, g, k = invariance_defect(log_p, group, x)
    assert size > 0.1
    assert 0 < g < 8
    assert 0 <= k < 6
