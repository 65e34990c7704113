"""gamma_k is k u / (1 - k u) and bounds inner products; Frobenius norms are rounded up."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

seeds = st.integers(0, 2**32)


@given(st.integers(1, 200), seeds)
def test_an_inner_product_errs_by_at_most_gamma_times_that_of_the_moduli(k: int, seed: int) -> None:
    x, y = Stream(seed).normal(2, k)
    exact = sum((Fraction(a) * Fraction(b) for a, b in zip(x.tolist(), y.tolist(), strict=True)), Fraction(0))
    moduli = sum((abs(Fraction(a) * Fraction(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)), Fraction(0))
    assert abs(Fraction(float(x @ y)) - exact) <= Fraction(gamma(k, x)) * moduli


@given(st.integers(1, 6), st.integers(1, 12), seeds)
def test_a_norm_is_the_largest_and_never_below_the_exact_one(n: int, d: int, seed: int) -> None:
    matrices = Stream(seed).normal(n, d, d)
    largest = max(sum(Fraction(e) ** 2 for e in matrix.flatten().tolist()) for matrix in matrices)
    found = Fraction(frobenius(matrices)) ** 2
    assert largest <= found <= largest * (1 + Fraction(4 * d**2 + 8) * Fraction(torch.finfo(torch.float64).eps))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_complex_products_count_double_and_too_many_terms_have_no_bound(dtype: torch.dtype) -> None:
    real = torch.zeros(1, dtype=dtype)
    u = torch.finfo(dtype).eps / 2
    assert gamma(3, real) == 3 * u / (1 - 3 * u)
    assert gamma(3, real.to(dtype.to_complex())) == gamma(14, real)
    assert gamma(math.ceil(1 / u), real) == math.inf
