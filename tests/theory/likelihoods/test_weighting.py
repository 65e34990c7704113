"""Weights of mixtures and maximisers on small problems: odds, thresholds, and a local maximiser that goes the other way."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from theory.likelihoods.weighting import (
    gaussian_power_mass,
    nondecreasing,
    nondecreasing_by_thresholds,
    odds,
    unit_mass,
)

values = st.integers(0, 4)
problems = st.lists(st.tuples(values, values), min_size=2, max_size=5).map(tuple)


@given(problems)
def test_global_maximisers_never_lower_the_images_likelihood(problem):
    assert nondecreasing(problem, local=False, direction=1)
    assert nondecreasing_by_thresholds(problem, local=False, direction=1)


@given(problems, st.booleans(), st.sampled_from((-1, 1)))
def test_both_algorithms_agree_on_falsehoods_too(problem, local, direction):
    assert nondecreasing(problem, local=local, direction=direction) == nondecreasing_by_thresholds(
        problem, local=local, direction=direction
    )


def test_a_local_maximiser_may_lower_it():
    assert not nondecreasing(((0, 2), (0, 0), (1, 1)), local=True, direction=1)


def test_odds_and_masses_are_those_of_other_packages():
    assert odds(Fraction(3, 4)) == 3
    for weight, scale in ((0.3, 2.0), (1.0, 0.7), (4.0, 0.4)):
        mass, error = integrate.quad(lambda x: stats.norm(scale=scale).pdf(x) ** weight, -60, 60, points=[0])  # noqa: B023
        assert abs(mass - gaussian_power_mass(weight, scale)) <= 10 * error + 2.0**-40
    assert unit_mass(1.0, 3.0) == 1
