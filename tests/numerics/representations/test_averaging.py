"""Numeric representations: exact inputs, and rounding bounds that hold."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations.averaging import (
    average,
    cayley_table,
    closure,
    exact_conjugate,
    homomorphism_defect,
    integer_change_of_basis,
    permutation_matrices,
    unitarise,
)
from numerics.rounding import gamma
from numerics.streams import Stream

SQUARE = torch.tensor([[1, 2, 3, 0], [0, 3, 2, 1]])
seeds = st.integers(0, 2**32)


def regular(generators):
    table = cayley_table(closure(generators))
    return permutation_matrices(table), table


@given(st.integers(1, 5).flatmap(lambda m: st.lists(st.permutations(range(m)), min_size=1, max_size=2)))
@settings(max_examples=25)
def test_closure_and_table_multiply_permutations(generators):
    elements = closure(torch.tensor(generators))
    table = cayley_table(elements)
    n = len(elements)
    assert sorted(table[0].tolist()) == list(range(n))
    assert (table[0] == torch.arange(n)).all()
    a, b = n - 1, n // 2
    assert (elements[table[a, b]] == elements[a][elements[b]]).all()
    matrices = permutation_matrices(elements)
    assert (matrices[a] @ matrices[b] == matrices[table[a, b]]).all()


def test_closure_refuses_what_is_no_permutation_and_stops():
    with pytest.raises(ValueError, match="permutations"):
        closure(torch.tensor([[0, 0]]))
    with pytest.raises(ValueError, match="more than 10"):
        closure(torch.tensor([[1, 0, 2, 3], [1, 2, 3, 0]]), limit=10)


@given(st.integers(1, 12), st.integers(0, 24), seeds)
def test_integer_changes_of_basis_are_inverse_and_keep_conjugates_exact(size, shears, seed):
    basis, inverse = integer_change_of_basis(size, shears, Stream(seed))
    assert (basis @ inverse == torch.eye(size, dtype=torch.int64)).all()
    cycle = permutation_matrices(torch.arange(size).roll(1)[None])
    moved = exact_conjugate(cycle, basis, inverse)
    assert (moved == (basis @ cycle @ inverse).to(torch.float64)).all()


def test_conjugates_that_would_round_are_refused():
    huge = torch.tensor([[2**30, 1], [1, 0]])
    with pytest.raises(OverflowError, match=r"2\*\*53"):
        exact_conjugate(huge[None], huge, huge)


@given(st.integers(0, 20), seeds)
@settings(max_examples=25)
def test_the_mean_stays_within_its_bound_of_the_exact_mean(shears, seed):
    R, _ = regular(SQUARE)
    basis, inverse = integer_change_of_basis(8, shears, Stream(seed))
    moved, back = exact_conjugate(R, basis, inverse), exact_conjugate(R.mT, basis, inverse)
    matrix = torch.arange(64, dtype=torch.float64).reshape(8, 8)
    mean, bound = average(moved, back, matrix)
    whole = sum(
        a.to(torch.int64) @ matrix.to(torch.int64) @ b.to(torch.int64) for a, b in zip(moved, back, strict=True)
    )
    assert float(torch.linalg.matrix_norm(mean - whole.to(torch.float64) / 8)) <= bound


def test_unitarised_matrices_are_unitary_and_conjugate():
    R, _ = regular(SQUARE)
    moved = exact_conjugate(R, *integer_change_of_basis(8, 12, Stream(1)))
    unitary, known = unitarise(moved)
    eye = torch.eye(8, dtype=torch.float64)
    slack = (
        known["form"] * known["spectral"] ** 2
        + 2 * known["error"] * known["norm"]
        + gamma(8, unitary) * known["norm"] ** 2
    )
    assert float(torch.linalg.matrix_norm(unitary.mH @ unitary - eye).max()) <= 2 * slack
    traces = unitary.diagonal(dim1=1, dim2=2).sum(1) - moved.diagonal(dim1=1, dim2=2).sum(1)
    assert float(traces.abs().max()) <= 8**0.5 * known["error"]  # conjugation keeps traces; |tr E| <= sqrt(d) |E|_F


def test_defect_names_the_worst_pair():
    R, table = regular(SQUARE)
    matrices = R.to(torch.float64)
    assert homomorphism_defect(matrices, table)[0] == 0
    matrices[3] *= 1.5
    value, (g, h) = homomorphism_defect(matrices, table)
    assert value == torch.linalg.matrix_norm(matrices[g] @ matrices[h] - matrices[table[g, h]])
    assert 3 in (g, h, int(table[g, h]))
    matrices[5, 0, 0] = torch.nan
    assert homomorphism_defect(matrices, table)[0] != homomorphism_defect(matrices, table)[0]
