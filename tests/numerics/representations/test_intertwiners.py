"""Numeric equivalence: intertwiners, polar factors and nullities, each within the error that is stated for it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from numerics.representations.averaging import (
    closure,
    exact_conjugate,
    integer_change_of_basis,
    permutation_matrices,
    unitarise,
)
from numerics.representations.intertwiners import (
    average_between,
    determinant_signs,
    intertwiner_equations,
    nullity,
    pairing,
    polar,
    polar_intertwining_error,
)
from numerics.streams import Stream
from proofs_checks.strategies.groups import permutation_actions, shears

FOUR = ((1, 0, 2, 3), (1, 2, 3, 0))


def conjugates(generators, k, seed):
    images = closure(torch.tensor(generators))
    matrices = permutation_matrices(images)
    basis, inverse = integer_change_of_basis(images.shape[1], k, Stream(seed))
    chosen = [int((images == torch.tensor(g)).all(1).nonzero()[0]) for g in generators]
    return matrices.to(torch.float64), exact_conjugate(matrices, basis, inverse), chosen


@given(permutation_actions(8), shears(), st.integers(0, 2**20))
def test_polar_factors_of_averages_intertwine_within_the_bound(generators, k, seed):
    R, moved, _ = conjugates(generators, k, seed)
    unitary, known = unitarise(moved)
    d = R.shape[1]
    found = average_between(R, unitary, Stream(seed).normal(d, d), known["error"])
    parts = polar(found.matrix)
    skew = 2 * known["form"] / (1 - known["form"]) if known["form"] < 0.5 else math.inf
    error = polar_intertwining_error(found, parts, known["error"], known["spectral"] * skew + 2 * known["error"], d)
    assume(error < 0.1)
    worst = float(torch.linalg.matrix_norm(parts.factor @ R - unitary @ parts.factor).max())
    assert worst <= error + 1e-14 * d * d
    assert (
        float(torch.linalg.matrix_norm(parts.factor.mT @ parts.factor - torch.eye(d, dtype=torch.float64)))
        <= parts.orthogonality_defect
    )


def test_the_polar_factor_of_an_intertwiner_of_non_unitary_representations_fails():
    R, moved, _ = conjugates(FOUR, 6, 1)
    found = average_between(R, moved, Stream(2).normal(4, 4), 0.0)
    assert float(torch.linalg.matrix_norm(found.matrix @ R - moved @ found.matrix).max()) < 1e-12
    U = polar(found.matrix).factor
    assert float(torch.linalg.matrix_norm(U @ R - moved @ U).max()) > 0.1


@given(permutation_actions(6), shears(), st.integers(0, 2**20))
def test_intertwiners_number_the_inner_product_of_the_characters(generators, k, seed):
    R, moved, chosen = conjugates(generators, k, seed)
    found = nullity(intertwiner_equations(R[chosen], moved[chosen]))
    assume(found.ratio > 1e3)
    assert found.count == round(pairing(R, moved))
    orbits = pairing(R, R)  # of the group on pairs of points, by counting fixed points
    pairs = {(x, y) for x in range(R.shape[1]) for y in range(R.shape[1])}
    images = R.argmax(1)
    count = 0
    while pairs:
        x, y = pairs.pop()
        count += 1
        pairs -= {(int(g[x]), int(g[y])) for g in images}
    assert count == round(orbits) == found.count


def test_nullity_counts_planted_kernels_and_knows_its_error():
    stream = Stream(0)
    q, p = (torch.linalg.qr(stream.normal(n, n))[0] for n in (12, 6))
    for zeros in range(7):
        values = torch.cat(
            [torch.linspace(1.0, 3.0, 6 - zeros, dtype=torch.float64), torch.zeros(zeros, dtype=torch.float64)]
        )
        found = nullity(q[:, :6] @ torch.diag(values) @ p)
        assert found.count == zeros
        assert found.error < 1e-12
        assert found.ratio > 1e9


def test_a_small_singular_value_is_not_zero_until_the_entries_are_that_uncertain():
    matrix = torch.diag(torch.tensor([1.0, 1e-8], dtype=torch.float64))
    assert nullity(matrix).count == 0
    assert nullity(matrix, entries_error=1e-7).count == 1


@pytest.mark.parametrize("generators", [FOUR, ((1, 2, 0), (1, 0, 2)), ((1, 2, 3, 4, 0),)])
def test_signs_are_determinants_and_a_homomorphism(generators):
    matrices = permutation_matrices(closure(torch.tensor(generators)))
    signs = determinant_signs(matrices)
    assert torch.equal(signs, torch.linalg.det(matrices.double()).round().long())
    products = matrices[:, None] @ matrices[None]
    assert torch.equal(
        determinant_signs(products.reshape(-1, *matrices.shape[1:])), torch.outer(signs, signs).reshape(-1)
    )


def test_the_sign_twist_in_even_degree_has_equal_determinants_and_other_traces():
    matrices = permutation_matrices(closure(torch.tensor(FOUR)))
    twisted = matrices * determinant_signs(matrices)[:, None, None]
    assert torch.equal(torch.linalg.det(matrices.double()).round(), torch.linalg.det(twisted.double()).round())
    assert pairing(matrices.double(), twisted.double()) == 0


def test_polar_of_a_singular_matrix_says_that_it_knows_no_smallest_value():
    parts = polar(torch.diag(torch.tensor([1.0, 0.0], dtype=torch.float64)))
    assert parts.smallest == 0
    found = average_between(
        torch.eye(2, dtype=torch.float64)[None],
        torch.eye(2, dtype=torch.float64)[None],
        torch.eye(2, dtype=torch.float64),
        0.0,
    )
    assert polar_intertwining_error(found, parts, 0.0, 0.0, 2) == math.inf
