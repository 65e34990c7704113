"""Prime factors multiply up, and split primes are primes with a root of unity."""

from __future__ import annotations

from math import prod

from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.primes import factor, is_prime, split_prime


@given(st.integers(1, 10**25))
def test_factors_are_primes_that_multiply_up(n):
    found = factor(n)
    assert all(is_prime(p) for p in found)
    assert prod(p**k for p, k in found.items()) == n


@given(st.integers(1, 60), st.integers(2**10, 2**20))
def test_split_primes_are_primes_with_a_root_of_that_order(n, above):
    p, root = split_prime(n, above)
    assert p > above
    assert all(p % q for q in range(2, min(p, 1200)) if q < p)
    assert [k for k in range(1, n + 1) if pow(root, k, p) == 1] == [n]
