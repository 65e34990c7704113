"""Finite models and their twins, exact sign matrices, and the identities of the continuous twin."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product
from math import factorial

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.isometries import cayley
from theory.latents import twins as symbols


@st.composite
def models(draw: st.DrawFn, preserved: bool = True) -> symbols.Model:
    """Up to seven latents in groups of one weight each, permuted within the groups (or anyhow)."""
    groups = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    weights = tuple(2**k for k, size in enumerate(groups) for _ in range(size))
    n, start, bijection = len(weights), 0, []
    for size in groups:
        bijection += [start + k for k in draw(st.permutations(range(size)))]
        start += size
    shuffled = bijection if preserved else draw(st.permutations(range(n)))
    decoder = tuple(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    return symbols.Model(weights, decoder, tuple(shuffled))


@given(models())
def test_a_twin_has_the_same_distribution_by_sums_and_by_sets(model):
    assert symbols.is_preserved(model.weights, model.bijection)
    assert symbols.same_sums(model)
    assert symbols.same_sets(model)
    assert all(model.inverse[model.bijection[z]] == z for z in range(len(model.weights)))


@given(models(preserved=False))
def test_both_algorithms_agree_whether_or_not_weights_are_preserved(model):
    assert symbols.same_sums(model) == symbols.same_sets(model)
    assert len(set(symbols.joint_distribution(model))) == 1


def test_every_pattern_of_weights_and_every_bijection_is_enumerated():
    everything = list(symbols.all_models())
    patterns = {model.weights for model in everything}
    assert len(patterns) == 2 + 3 + 5  # ways in which 2, 3, 4 weights can coincide
    for weights in patterns:
        n = len(weights)
        assert {m.bijection for m in everything if m.weights == weights} == set(permutations(range(n)))
    assert len(everything) == 2 * factorial(2) * 3**2 + 3 * factorial(3) * 3**3 + 5 * factorial(4) * 2**4
    assert all(symbols.is_preserved(m.weights, m.bijection) for m in symbols.preserving_models())
    assert len(everything) == symbols.all_models().size
    assert len(list(symbols.preserving_models())) == symbols.preserving_models().size


@pytest.mark.parametrize("d", [1, 2, 4, 8, 12, 16])
def test_sign_matrices_are_orthogonal(d):
    H = symbols.sign_matrix(d)
    assert set(H) <= {1, -1}
    assert d * sympy.eye(d) == H.T * H


@pytest.mark.parametrize("d", [0, 3, 6, 20])
def test_other_sizes_are_refused(d):
    with pytest.raises(ValueError, match="power of 2 or 12"):
        symbols.sign_matrix(d)


def test_no_three_rows_of_signs_are_orthogonal_unless_4_divides_d():
    for d in (3, 5, 6):
        rows = list(product((-1, 1), repeat=d))
        first = (1,) * d
        balanced = [row for row in rows if sum(row) == 0]
        found = [(a, b) for a in balanced for b in balanced if sum(x * y for x, y in zip(a, b, strict=True)) == 0]
        assert (first, found) == (first, [])


def test_fourth_cumulants_see_a_rotation_unless_it_permutes():
    turned = symbols.cumulant_after_rotation(cayley([[0, Fraction(1, 2)], [Fraction(-1, 2), 0]]), sympy.Integer(6))
    assert all(value < 6 for value in turned)
    assert list(symbols.cumulant_after_rotation(sympy.Matrix([[0, -1], [1, 0]]), sympy.Integer(6))) == [6, 6]


@given(
    st.integers(2, 6).flatmap(
        lambda d: st.tuples(
            st.lists(st.integers(0, d - 1), min_size=d, max_size=d), st.lists(st.integers(1, 9), min_size=d, max_size=d)
        )
    )
)
def test_votes_that_ignore_the_factor_are_right_by_chance(vote):
    called, weights = vote
    shares = tuple(Fraction(w, sum(weights)) for w in weights)
    assert symbols.vote_accuracy(tuple(called), shares) == (Fraction(1, len(called)),) * 2
