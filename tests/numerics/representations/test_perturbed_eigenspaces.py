"""Angles of perturbed eigenspaces: within the theorem, and beyond the bounds that are a little smaller."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.errors import PrecisionError
from numerics.representations.perturbed_eigenspaces import turned_eigenspaces
from numerics.streams import Stream


def within(found):
    bound = sum(torch.as_tensor(term) for term in found.bound.terms.values())
    return bool((found.residual <= bound).all())


def example(values, seed, *, complex_=False, exchange=1.01):
    stream = Stream(seed)
    noise = stream.normal(len(values), len(values)).to(torch.complex128 if complex_ else torch.float64)
    basis = torch.linalg.qr(noise + (1j * stream.normal(len(values), len(values)) if complex_ else 0)).Q
    C = (basis * torch.tensor(values, dtype=torch.float64)) @ basis.mH
    sizes = tuple(values.count(v) for v in dict.fromkeys(values))
    return turned_eigenspaces((C + C.mH) / 2, basis, sizes, stream, exchange=exchange)


@given(st.integers(0, 2**32), st.booleans())
@settings(max_examples=20)
def test_angles_stay_within_both_bounds_and_the_chain_of_them_breaks(seed, complex_):
    found = example([-1.0, 0.0, 0.0, 0.5, 2.0], seed, complex_=complex_)
    assert within(found.by_gap(Fraction(2)))
    assert within(found.by_delta())
    assert within(found.gaps())
    assert not within(found.gaps(chained=True))
    assert not within(found.by_gap(Fraction(1)))


def test_a_constant_just_below_two_fails_at_the_exchange():
    assert not within(example([0.0, 1.0], 0).by_gap(Fraction(199, 101)))


def test_a_constant_that_rounding_cannot_tell_from_two_is_left_open():
    with pytest.raises(PrecisionError, match="nearer to 2"):
        example([0.0, 1.0], 0, exchange=1 + 1e-12).by_gap(2 - Fraction(1, 10**12))
