"""Lorentz matrices: drawn, checked and refused, against 40-digit arithmetic."""

from __future__ import annotations

import mpmath
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from numerics.hyperbolic import isometries
from numerics.hyperbolic import models as hyperbolic
from numerics.streams import Stream

seeds = st.integers(0, 2**40)
dimensions = st.integers(1, 9)
EPS = torch.finfo(torch.float64).eps


@given(seeds, st.integers(1, 40), st.floats(0, 3))
def test_a_random_isometry_moves_the_apex_by_the_rapidity(seed: int, n: int, rapidity: float) -> None:
    matrix = isometries.random_isometry(n, rapidity, Stream(seed))
    apex = torch.eye(n + 1, dtype=torch.float64)[0]
    moved = hyperbolic.lift(matrix[1:, 0])
    error = hyperbolic.endpoint_error(moved, "hyperboloid") + isometries.action_error(matrix, apex, 0.0)
    assert abs(float(hyperbolic.lorentz_distance(apex, moved)) - rapidity) <= float(error)


def test_both_orientations_come_and_a_seed_gives_one_matrix() -> None:
    signs = {float(torch.linalg.det(isometries.random_isometry(3, 0.5, Stream(seed)))) > 0 for seed in range(16)}
    assert signs == {True, False}
    assert torch.equal(isometries.random_isometry(3, 0.5, Stream(7)), isometries.random_isometry(3, 0.5, Stream(7)))


def test_the_boost_along_zero_is_the_identity_and_opposite_boosts_cancel() -> None:
    w = torch.tensor([0.3, -1.1, 0.4], dtype=torch.float64)
    assert torch.equal(isometries.lorentz_boost(0 * w), torch.eye(4, dtype=torch.float64))
    product = isometries.lorentz_boost(w) @ isometries.lorentz_boost(-w)
    assert float((product - torch.eye(4, dtype=torch.float64)).abs().max()) <= 64 * EPS * float(w.norm().cosh()) ** 2


def damaged(matrix: Tensor) -> Tensor:
    wrong = matrix.clone()
    wrong[1, 2] += 1e-9
    return wrong


@pytest.mark.parametrize(
    ("matrix", "error", "message"),
    [
        (-torch.eye(3, dtype=torch.float64), ValueError, "A_00 > 0, got A_00 = -1"),
        (damaged(torch.eye(4, dtype=torch.float64)), ValueError, r"A\^T J A = J .* 1e-09 at entry \(1, 2\)"),
        (1.5 * torch.eye(3, dtype=torch.float64), ValueError, "where rounding explains"),
        (torch.full((3, 3), torch.nan, dtype=torch.float64), ValueError, r"finite matrix A, got A\[0\]\[0\] = nan"),
        (torch.eye(3, dtype=torch.int64), TypeError, "floating-point tensor, got a tensor of torch.int64"),
        (torch.eye(3, dtype=torch.float16), TypeError, "float32 or float64, got torch.float16"),
        (
            torch.ones(2, 3, dtype=torch.float64),
            ValueError,
            r"shape \(n \+ 1, n \+ 1\) with n >= 1, got shape \(2, 3\)",
        ),
        (torch.ones(1, 1, dtype=torch.float64), ValueError, r"n >= 1, got shape \(1, 1\)"),
    ],
)
def test_what_is_no_isometry_of_the_sheet_is_refused_by_name(
    matrix: Tensor, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        isometries.require_isometry(matrix)


@given(seeds, dimensions, st.floats(0, 4))
def test_the_stored_matrix_is_as_near_an_isometry_as_stated(seed: int, n: int, rapidity: float) -> None:
    matrix = isometries.random_isometry(n, rapidity, Stream(seed))
    stored = isometries.require_isometry(matrix)
    with mpmath.workdps(40):
        exact = mpmath.matrix(matrix.tolist())
        form = mpmath.diag([-1, *([1] * n)])
        true_defect = exact.T * form * exact - form
        # Newton's step towards the nearest isometry: A (I - J E / 2), second order in E
        assert mpmath.mnorm(exact * form * true_defect / 2, "f") <= stored


def test_no_dimension_and_a_matrix_of_rapidities_are_refused() -> None:
    with pytest.raises(ValueError, match="dimension of at least 1, got 0"):
        isometries.random_isometry(0, 1.0, Stream(0))
    with pytest.raises(ValueError, match="rapidity vector of shape"):
        isometries.lorentz_boost(torch.ones(2, 2))
