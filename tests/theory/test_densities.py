"""Mass balances find the density of an image, and nothing else does."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.densities import Fibre, Ladder, mass_balance, push, saturated, settled_mass

x = sp.Symbol("x", real=True)
rationals = st.fractions(min_value="1/5", max_value=5, max_denominator=9).map(
    lambda q: sp.Rational(q.numerator, q.denominator)
)


@given(rationals, st.sampled_from([1, -1]))
def test_masses_agree_for_the_pushed_density_of_an_affine_map(scale: sp.Rational, orientation: int) -> None:
    log_p = -(x**2)
    fibre = Fibre(orientation * scale * x + 3, x, x, orientation)
    claimed = push(sp.exp(log_p), through=lambda t: orientation * scale * t + 3, at=x, orientation=orientation)
    left, right = mass_balance(log_p, fibre, claimed)
    assert sp.simplify(left - right) == 0
    wrong, right = mass_balance(log_p, fibre, sp.exp(log_p) * scale)
    assert (sp.simplify(wrong - right) == 0) == (scale == 1)


def test_masses_agree_for_undefined_functions_and_volume_factors() -> None:
    f, log_p, volume = sp.Function("f", real=True), sp.Function("l", real=True), sp.Symbol("V", positive=True)
    claimed = push(sp.exp(log_p(x)), through=f, at=x) / volume
    left, right = mass_balance(log_p(x), Fibre(f(x), x, x), claimed, others=volume)
    assert sp.simplify(left - right) == 0


def test_no_bounded_density_balances_a_critical_point() -> None:
    fibre = Fibre(x**3, x, sp.S.Zero)
    assert fibre.slope == 0
    left, right = mass_balance(-(x**2), fibre, sp.Symbol("Q", real=True))
    assert left == 0
    assert right == 1


@given(st.integers(1, 12), rationals)
def test_a_ladder_with_the_right_rule_keeps_all_settled_mass(generations: int, slope: sp.Rational) -> None:
    n = sp.Symbol("n", integer=True, positive=True)
    right = Ladder(slope, sp.S.One).claimed_mass(lambda p, d: p - d, n).subs(n, generations).doit()
    assert sp.simplify(right - settled_mass(n).subs(n, generations)) == 0
    half = Ladder(sp.S.One, sp.Rational(1, 2)).claimed_mass(lambda p, d: p - d, n).subs(n, generations).doit()
    assert sp.simplify(2 * half - settled_mass(n).subs(n, generations)) == 0


def test_saturation_tells_vanishing_tails_from_others() -> None:
    r = sp.Symbol("R", positive=True)
    assert sp.limit(saturated(1 / r), r, sp.oo) == 0
    assert sp.limit(saturated(r), r, sp.oo) == 1


def test_constant_maps_and_odd_orientations_are_refused() -> None:
    with pytest.raises(ValueError, match="constant"):
        push(sp.exp(x), through=lambda t: sp.S.One, at=x)
    with pytest.raises(ValueError, match="orientation"):
        push(sp.exp(x), through=lambda t: t, at=x, orientation=0)
