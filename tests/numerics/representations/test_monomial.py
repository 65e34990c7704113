"""Complex monomial groups: exact matrices, their conjugates over the Gaussian integers, and the averages of projectors."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.errors import PrecisionError
from numerics.representations.averaged_projectors import AveragedProjector, first_half, pair_of_copies
from numerics.representations.averaging import cayley_table, exact_cast, integer_change_of_basis
from numerics.representations.intertwiners import determinant_signs
from numerics.representations.monomial import conjugates, matrix_group
from numerics.streams import Stream
from proofs_checks.strategies.groups import MONOMIAL, shears

ORDERS = {"C4": 4, "Q8": 8, "Pauli": 16, "clock and shift": 64, "D4 x C3": 24, "Q8 x C3": 24}


@pytest.mark.parametrize("name", MONOMIAL)
def test_monomial_groups_are_unitary_representations_of_their_order(name):
    group = matrix_group(*MONOMIAL[name])
    n, d = group.matrices.shape[:2]
    assert n == ORDERS[name]
    assert (group.matrices @ group.inverses == torch.eye(d)).all()
    table = cayley_table(group.elements)
    assert (group.matrices[:, None] @ group.matrices[None] == group.matrices[table]).all()
    nearest = torch.linalg.det(group.matrices)
    assert torch.equal(determinant_signs(group.matrices), torch.complex(nearest.real.round(), nearest.imag.round()))


@given(st.sampled_from(sorted(MONOMIAL)), shears(), st.integers(0, 2**20))
def test_conjugates_over_the_gaussian_integers_are_exact(name, k, seed):
    group = matrix_group(*MONOMIAL[name])
    moved = conjugates(group.matrices, k, Stream(seed), gaussian=True)
    basis, inverse = integer_change_of_basis(moved.shape[-1], k, Stream(seed), gaussian=True)
    assert (basis @ inverse == torch.eye(len(basis))).all()
    assert (moved @ basis == basis @ group.matrices).all()
    assert bool((moved.real == moved.real.round()).all() and (moved.imag == moved.imag.round()).all())


@given(st.sampled_from(sorted(MONOMIAL)), shears(), st.integers(0, 2**20))
def test_averaged_projectors_stay_within_their_bounds(name, k, seed):
    group = matrix_group(*MONOMIAL[name])
    module = pair_of_copies(group.matrices, group.inverses)
    found = AveragedProjector(module, k, Stream(seed), gaussian=True)
    for measurement in (found.commutation(), found.idempotence(), found.image(), found.rank(), found.kernel()):
        assert bool((measurement.residual <= sum(measurement.bound.terms.values())).all())


@given(shears(), st.integers(0, 2**20))
def test_half_a_group_misses_the_bound(k, seed):
    group = matrix_group(*MONOMIAL["Q8"])
    half = first_half(pair_of_copies(group.matrices, group.inverses))
    found = AveragedProjector(half, k, Stream(seed), gaussian=True).commutation()
    assert bool((found.residual > sum(found.bound.terms.values())).any())


def test_entries_that_single_precision_rounds_are_refused():
    assert exact_cast(torch.tensor([[2.0**24]], dtype=torch.float64), torch.float32).dtype == torch.float32
    with pytest.raises(PrecisionError, match="held exactly"):
        exact_cast(torch.tensor([[2.0**24 + 1]], dtype=torch.float64), torch.float32)
