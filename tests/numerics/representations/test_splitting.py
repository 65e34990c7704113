"""Representations split element by element: bounds that hold, real and complex, and mutants that break them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations import commutant
from numerics.representations.averaging import (
    cayley_table,
    character_gram,
    closure,
    first_of_each_kind,
    frobenius_schur,
)
from numerics.representations.commutant import commutant_element, outside_commutant
from numerics.representations.monomial import conjugates, matrix_group
from numerics.representations.splitting import commutant_dimension, split
from numerics.streams import Stream
from proofs_checks.strategies.groups import monomial_fields, regular_generators
from theory.groups.families import dihedral, quaternion

seeds = st.integers(0, 2**32)
SQUARE, QUATERNION = regular_generators(dihedral(4)), regular_generators(quaternion())


def moved(generators, shears=0, seed=0, *, gaussian=False):
    group = matrix_group(generators)
    return conjugates(group.matrices, shears, Stream(seed), gaussian=gaussian), cayley_table(group.elements)


@given(st.integers(0, 24), seeds, st.booleans())
@settings(max_examples=25)
def test_the_regular_representation_of_d4_splits_into_five_kinds(shears, seed, gaussian):
    R, table = moved(SQUARE, shears, seed, gaussian=gaussian)
    pieces = split(R, Stream(seed)).require_resolved()
    assert sorted(pieces.sizes) == [1, 1, 1, 1, 2, 2]
    for found in (pieces.invariance(), pieces.irreducibility(), pieces.products(table)):
        bound = sum(torch.as_tensor(term) for term in found.bound.terms.values())
        assert bool((found.residual <= bound).all())
    kinds = first_of_each_kind(character_gram(pieces.characters))
    assert len(kinds) == 5
    assert float((frobenius_schur(pieces.characters[kinds], table) - 1).abs().max()) <= pieces.character_error


def test_quaternions_are_told_from_the_square_by_their_indicator():
    R, table = moved(QUATERNION)
    pieces = split(R, Stream(3))
    kinds = first_of_each_kind(character_gram(pieces.characters))
    values = frobenius_schur(pieces.characters[kinds], table).real.round().tolist()
    assert sorted(values) == [-1, 1, 1, 1, 1]


@pytest.mark.parametrize(("generators", "dimensions"), [(SQUARE, [1, 1, 1, 1, 2, 2]), (QUATERNION, [1, 1, 1, 1, 4])])
def test_over_the_reals_pieces_are_irreducible_over_the_reals(generators, dimensions):
    R, table = moved(generators, 4)
    pieces = split(R, Stream(0), ground="R")
    assert sorted(pieces.sizes) == dimensions
    found = pieces.real_irreducibility(table)
    assert float(found.residual.max()) <= sum(found.bound.terms.values())


@pytest.mark.parametrize("ground", ["C", "R"])
def test_the_decomposition_of_the_audit_counts_as_many_copies(ground):
    group = matrix_group(QUATERNION)
    R = conjugates(torch.kron(torch.eye(2, dtype=torch.int64), group.matrices), 4, Stream(0), gaussian=False)
    found = commutant_dimension(R, group.generators, Stream(1), ground=ground)
    assert float(found.residual) <= sum(found.bound.terms.values()) < 1e-9


def test_a_complex_representation_that_is_neither_real_nor_unitary_splits():
    fields = monomial_fields("Q8")
    group = matrix_group(fields["generators"], fields["phases"])
    R = conjugates(torch.kron(torch.eye(3, dtype=group.matrices.dtype), group.matrices), 12, Stream(1), gaussian=True)
    pieces = split(R, Stream(2))
    assert pieces.sizes == (2, 2, 2)
    assert float(pieces.irreducibility().residual.max()) <= pieces.product_error()


def test_single_precision_gives_a_wider_bound_that_still_holds():
    R, _ = moved(SQUARE)
    narrow, wide = split(R, Stream(0)), split(R.to(torch.float32), Stream(0, dtype=torch.float32))
    assert sum(wide.terms.values()) > 1e6 * sum(narrow.terms.values())
    assert float(wide.off_block.max()) <= sum(wide.terms.values())


def test_matrices_that_are_no_representation_have_no_bound():
    t = torch.arange(-4, 5, dtype=torch.float64)
    matrices = torch.eye(2, dtype=torch.float64).repeat(9, 1, 1)
    matrices[:, 0, 1] = t
    pieces = split(matrices, Stream(0))
    assert pieces.sizes == (2,)
    assert sum(pieces.terms.values()) == torch.inf


def test_a_matrix_outside_the_commutant_breaks_the_bound():
    R, _ = moved(SQUARE)
    pieces = split(R, Stream(0), element=outside_commutant)
    assert float(pieces.off_block.max()) > 1e6 * sum(pieces.terms.values())


def test_eigenvectors_of_something_else_leave_every_eigenvalue_indistinct(monkeypatch):
    R, _ = moved(SQUARE)
    real = torch.linalg.eigh
    monkeypatch.setattr(
        torch.linalg, "eigh", lambda a: real(a + torch.diag(torch.arange(8, dtype=torch.float64)).to(a))
    )
    pieces = split(R, Stream(0))
    assert pieces.resolution > 1e-3
    assert pieces.sizes == (8,)


def test_a_mean_over_part_of_the_group_is_seen_by_its_residual(monkeypatch):
    R, _ = moved(SQUARE)
    monkeypatch.setattr(commutant.Mean, "__call__", lambda self, X: (X + self.element(1) @ X @ self.element(1).mH) / 2)
    assert split(R, Stream(0)).resolution > 1e-3


def test_eigenvalues_that_coincide_by_chance_are_separated_by_another_sample():
    R, _ = moved(SQUARE)
    calls = []

    def first_is_scalar(unitary, action, stream, error):
        C, distance = commutant_element(unitary, action, stream, error)
        calls.append(1)
        return (torch.eye(8, dtype=C.dtype) if len(calls) == 1 else C), distance

    assert sorted(split(R, Stream(0), element=first_is_scalar).sizes) == [1, 1, 1, 1, 2, 2]
    assert len(calls) == 2


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="finite"):
        split(torch.full((2, 2, 2), torch.nan, dtype=torch.float64), Stream(0))
    with pytest.raises(ValueError, match="shape"):
        split(torch.zeros(2, 2, 3), Stream(0))
    with pytest.raises(ValueError, match="ground"):
        split(torch.zeros(2, 2, 2, dtype=torch.float64), Stream(0), ground="Q")
    with pytest.raises(ValueError, match="real"):
        split(torch.zeros(2, 2, 2, dtype=torch.complex128), Stream(0), ground="R")


def test_permutations_close():
    assert len(closure(torch.tensor(SQUARE))) == 8
