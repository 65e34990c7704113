"""Numeric representations: exact inputs, rounding bounds that hold, splittings that certify themselves, and mutants that they refuse."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.random import Stream
from numerics.representations import (
    average,
    cayley_table,
    character_gram,
    closure,
    distinct,
    exact_conjugate,
    frobenius_schur,
    gamma,
    homomorphism_defect,
    integer_change_of_basis,
    permutation_matrices,
    split,
    unitarise,
)

SQUARE = torch.tensor([[1, 2, 3, 0], [0, 3, 2, 1]])
seeds = st.integers(0, 2**32)


def regular(generators):
    table = cayley_table(closure(generators))
    return permutation_matrices(table), table


def quaternion_generators():
    """Q8 on itself, from i and j as signed units: element 2 k + sign."""
    units = {(1, 1): (0, 1), (1, 2): (3, 0), (1, 3): (2, 1), (2, 1): (3, 1), (2, 2): (0, 1), (2, 3): (1, 0)}

    def left(a):
        images = []
        for x in range(8):
            unit, sign = divmod(x, 2)
            product, flip = (a, 0) if unit == 0 else units[(a, unit)]
            images.append(2 * product + (sign + flip) % 2)
        return images

    return torch.tensor([left(1), left(2)])


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


@given(st.integers(0, 24), seeds)
@settings(max_examples=40)
def test_the_regular_representation_of_d4_splits_into_five_kinds(shears, seed):
    R, table = regular(SQUARE)
    stream = Stream(seed)
    pieces = split(exact_conjugate(R, *integer_change_of_basis(8, shears, stream)), stream)
    assert sorted(pieces.sizes) == [1, 1, 1, 1, 2, 2]
    assert float(pieces.off_block.max()) <= sum(pieces.terms.values())
    gram = character_gram(pieces.characters)
    assert float((gram - gram.real.round()).abs().max()) <= 4 * pieces.character_error + pieces.character_error**2
    kinds = distinct(gram)
    assert len(kinds) == 5
    assert float((frobenius_schur(pieces.characters[kinds], table) - 1).abs().max()) <= pieces.character_error


def test_quaternions_are_told_from_the_square_by_their_indicator():
    R, table = regular(quaternion_generators())
    pieces = split(R.to(torch.float64), Stream(3))
    kinds = distinct(character_gram(pieces.characters))
    values = frobenius_schur(pieces.characters[kinds], table).real.round().tolist()
    assert sorted(values) == [-1, 1, 1, 1, 1]


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


def test_single_precision_gives_a_wider_bound_that_still_holds():
    R, _ = regular(SQUARE)
    narrow, wide = split(R.to(torch.float64), Stream(0)), split(R.to(torch.float32), Stream(0, dtype=torch.float32))
    assert sum(wide.terms.values()) > 1e6 * sum(narrow.terms.values())
    assert float(wide.off_block.max()) <= sum(wide.terms.values())


def test_matrices_that_are_no_representation_break_the_bound():
    """The mutant: shears by a window of the integers."""
    t = torch.arange(-4, 5, dtype=torch.float64)
    matrices = torch.eye(2, dtype=torch.float64).repeat(9, 1, 1)
    matrices[:, 0, 1] = t
    pieces = split(matrices, Stream(0))
    assert float(pieces.off_block.max()) > 1e6 * sum(pieces.terms.values())


def test_a_sample_outside_the_commutant_is_not_split(monkeypatch):
    """The mutant: eigenvectors of something else than the averaged X. Their residual makes every eigenvalue indistinct."""
    R, _ = regular(SQUARE)
    real = torch.linalg.eigh
    monkeypatch.setattr(
        torch.linalg, "eigh", lambda a: real(a + torch.diag(torch.arange(8, dtype=torch.float64)).to(a.dtype))
    )
    pieces = split(R.to(torch.float64), Stream(0))
    assert pieces.resolution > 1e-3
    assert pieces.sizes == (8,)


def test_an_average_over_half_the_group_breaks_the_bound(monkeypatch):
    """The mutant: the commutant element misses half of the elements."""
    import numerics.representations as module

    R, _ = regular(SQUARE)
    whole = module.commutant_element
    monkeypatch.setattr(module, "commutant_element", lambda u, known, stream: whole(u[:4], known, stream))
    pieces = module.split(R.to(torch.float64), Stream(0))
    assert float(pieces.off_block.max()) > 1e6 * sum(pieces.terms.values())


def test_eigenvalues_that_coincide_by_chance_are_separated_by_another_sample(monkeypatch):
    import numerics.representations as module

    R, _ = regular(SQUARE)
    whole, calls = module.commutant_element, []

    def first_is_scalar(u, known, stream):
        sample, drift = whole(u, known, stream)
        calls.append(1)
        return (torch.eye(8, dtype=u.dtype) if len(calls) == 1 else sample), drift

    monkeypatch.setattr(module, "commutant_element", first_is_scalar)
    assert sorted(module.split(R.to(torch.float64), Stream(0)).sizes) == [1, 1, 1, 1, 2, 2]
    assert len(calls) == 2


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


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="finite"):
        split(torch.full((2, 2, 2), torch.nan, dtype=torch.float64), Stream(0))
    with pytest.raises(ValueError, match="shape"):
        split(torch.zeros(2, 2, 3), Stream(0))
    with pytest.raises(ValueError, match="positive definite"):
        split(torch.zeros(2, 2, 2, dtype=torch.float64), Stream(0))
