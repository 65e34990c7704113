"""Power series, roulette and information on small objects: two algorithms each, and NumPy beside them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from theory.likelihoods.features import by_powers, by_sufficiency, every_map, keeps_if_injective, merges_alike
from theory.likelihoods.residual_blocks import (
    by_derivative,
    by_exponential,
    by_outcomes,
    by_terms,
    every_small_matrix,
    every_stopping_rule,
    missing_terms_cancel,
    missing_terms_vanish,
)

entries = st.integers(-3, 3)
matrices = st.integers(1, 3).flatmap(lambda n: st.tuples(*[st.tuples(*[entries] * n)] * n))


@given(matrices)
def test_log_determinants_are_power_series_by_both_algorithms(J):
    assert by_derivative(J, -1)
    assert by_exponential(J, -1)
    small = np.array(J, dtype=float) / 100
    series = sum((-1) ** (k + 1) * np.trace(np.linalg.matrix_power(small, k)) / k for k in range(1, 40))
    assert abs(series - np.linalg.slogdet(np.eye(len(J)) + small)[1]) < 2.0**-45


def test_the_families_have_the_sizes_that_their_formulas_say():
    for family in (every_small_matrix().of, every_stopping_rule().of, every_map().of):
        members = list(family)
        assert len(members) == len(set(members)) == len(family)


def test_terms_that_are_never_reached_may_cancel():
    item = ((1, 0, 1, -1), (Fraction(1), Fraction(1), Fraction(0), Fraction(0)))
    assert missing_terms_cancel(item)
    assert not missing_terms_vanish(item)
    for decide in (by_outcomes, by_terms):
        assert decide(item, missing_terms_cancel)
        assert not decide(item, missing_terms_vanish)


def test_images_that_predict_alike_may_be_merged():
    item = ((1, 1, 1, 1, 0, 0), (0, 0, 2))
    assert merges_alike(item)
    for decide in (by_powers, by_sufficiency):
        assert decide(item, merges_alike)
        assert not decide(item, keeps_if_injective)
