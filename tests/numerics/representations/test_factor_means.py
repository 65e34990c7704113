"""Dimensions by means of traces against exact ones, and projectors that sum to the identity."""

from __future__ import annotations

import torch

from numerics.representations.complements import random_orthogonal
from numerics.representations.factor_means import FactorMeans, canonical_projectors, cyclic_powers, turned_blocks
from numerics.streams import Stream

FREQUENCIES = [(1, 0, 0), (0, 2, 0), (0, 0, 1), (1, 1, 0)]


def matrices(trivial: int = 2):
    Q = random_orthogonal(2 * len(FREQUENCIES) + trivial, Stream(3))
    return turned_blocks((4, 5, 3), FREQUENCIES, trivial, Q)


def test_a_joint_plane_is_the_entangled_part():
    factors, error = matrices()
    means = FactorMeans.of(factors, error)
    value, bound = means.entangled_dimension()
    assert abs(value - 2) <= sum(bound.terms.values()) < 1e-9
    assert [round(v) for v, _ in means.fixed_by_others()] == [4, 4, 4]
    assert round(means.fixed_by_all()[0]) == 2


def test_the_projectors_have_the_ranks_of_the_subspaces_and_sum_to_the_identity():
    factors, error = matrices()
    parts, rest = canonical_projectors(FactorMeans.of(factors, error))
    assert [round(float(p.trace())) for p in (*parts, rest)] == [2, 2, 2, 2, 2]
    torch.testing.assert_close(torch.stack([*parts, rest]).sum(0), torch.eye(10).double())
    for p in (*parts, rest):
        torch.testing.assert_close(p @ p, p, rtol=1e-12, atol=1e-12)


def test_powers_close_up_after_the_order():
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]]).double()
    powers = cyclic_powers(turn, 4)
    torch.testing.assert_close(powers[3] @ turn, torch.eye(2).double())
