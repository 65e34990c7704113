"""Complements orthogonal under a form: against the null space, and their leak within the stated bound."""

from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.representations.averaging import closure, exact_conjugate, integer_change_of_basis, permutation_matrices
from numerics.representations.complements import (
    averaged_form,
    complement,
    leak,
    leak_error,
    least_singular_value,
    random_orthogonal,
    unit_form,
)
from numerics.rounding import frobenius
from numerics.streams import Stream
from proofs_checks.strategies.groups import permutation_actions, shears

EPS = 2.0**-52
RESOLVED = 2.0**-40  # what an error bound has to be below to mean something


def sheared_module(generators, k, seed):
    matrices = permutation_matrices(closure(torch.tensor(generators)))
    basis, inverse = integer_change_of_basis(matrices.shape[1], k, Stream(seed))
    return exact_conjugate(matrices, basis, inverse), basis.double() @ torch.ones(
        matrices.shape[1], 1, dtype=torch.float64
    )


@given(permutation_actions(10).filter(lambda g: len(g[0]) > 1), shears(), st.integers(0, 2**20))
def test_what_leaves_the_averaged_complement_is_within_the_bound(generators, k, seed):
    R, W = sheared_module(generators, k, seed)
    form, error = averaged_form(R)
    found = complement(W, form, error)
    assert float(leak(R, found).max()) <= sum(leak_error(R, found).values())
    kernel = torch.linalg.svd(W.mT @ form)[2][1:].mT  # the null space by another factorisation
    angle = torch.linalg.matrix_norm(found.basis - kernel @ (kernel.mT @ found.basis))
    spread = frobenius(form) * frobenius(W) / float(torch.linalg.matrix_norm(W.mT @ form))
    # rounding of W* H and of its other factorisation, both backward stable
    foreign = 16 * len(form) * EPS * (1 + spread)
    assert float(angle) <= 2 * found.sine_bound + found.orthogonality_defect + foreign


def test_the_given_inner_product_leaks_where_the_representation_is_not_unitary():
    R = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, -1.0]]], dtype=torch.float64)
    W = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    found = complement(W, *unit_form(R))  # e_2, which R sends to e_1 - e_2
    assert abs(float(leak(R, found).max()) - 1) <= sum(leak_error(R, found).values()) < RESOLVED
    found = complement(W, *averaged_form(R))
    assert float(leak(R, found).max()) <= sum(leak_error(R, found).values()) < RESOLVED


@given(st.integers(1, 8), st.integers(0, 4), st.integers(0, 2**20))
def test_the_lower_bound_on_singular_values_lies_below_and_close(width, extra, seed):
    matrix = Stream(seed).normal(width + extra, width)
    true = float(torch.linalg.svdvals(matrix)[-1])
    # the residual and the orthogonality defects: inner products of that length, in that many columns, four times
    terms = (width + extra + 1) * width
    assert true - 16 * terms * EPS * float(torch.linalg.matrix_norm(matrix)) <= least_singular_value(matrix) <= true


def test_dependent_columns_have_no_bound():
    W = torch.ones(3, 2, dtype=torch.float64)
    assert complement(W, torch.eye(3, dtype=torch.float64), 0.0).sine_bound == math.inf


def test_random_orthogonal_matrices_are_orthogonal():
    Q = random_orthogonal(12, Stream(4))
    # m n units (Higham 2002, 19.3)
    assert float((Q.mT @ Q - torch.eye(12, dtype=torch.float64)).abs().max()) <= 12 * 12 * EPS
