"""Mass balances find the density of an image, and nothing else does."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.distributions import pushforward
from theory.distributions.pushforward import Fibre, Ladder, saturate, settled_mass

x = sp.Symbol("x", real=True)
rationals = st.fractions(min_value="1/5", max_value=5, max_denominator=9).map(
    lambda q: sp.Rational(q.numerator, q.denominator)
)


def divide(log_p: sp.Expr, log_slope: sp.Expr) -> sp.Expr:
    return log_p - log_slope


@pytest.mark.parametrize("orientation", [1, -1])
@given(rationals)
def test_masses_of_intervals_balance_for_affine_maps_and_for_no_other_rule(
    orientation: int, scale: sp.Rational
) -> None:
    def chart(sign: int) -> Fibre:
        return Fibre(sign * scale * x + 3, x, x, sign)

    _, sound = (
        pushforward.masses_of_intervals(divide, chart)[:2]
        if orientation == 1
        else pushforward.masses_of_intervals(divide, chart)[2:]
    )
    assert sp.simplify(sound.left - sound.right.doit()) == 0
    wrong = pushforward.masses_of_intervals(lambda log_p, log_slope: log_p + log_slope, chart)[1]
    assert (sp.simplify(wrong.left - wrong.right.doit()) == 0) == (scale == 1)


def test_masses_balance_for_undefined_functions_by_the_map_and_by_its_inverse() -> None:
    for statement in (*pushforward.masses_of_intervals(divide), *pushforward.masses_through_the_inverse(divide)):
        assert sp.simplify((statement.left - statement.right).doit()) == 0, statement.name


def test_no_bounded_density_balances_a_critical_point() -> None:
    _, statement = pushforward.masses_of_intervals(divide, pushforward.cubic_at_zero)[:2]
    assert statement.left == 0
    assert statement.right.doit() == sp.exp(pushforward.LOG_P(0))


def test_ratios_are_kept_by_monotone_maps_and_not_by_squaring() -> None:
    for statement in pushforward.ratios():
        assert sp.simplify((statement.left - statement.right).doit()) == 0
    for statement in pushforward.ratios(pushforward.square_image):
        assert sp.simplify((statement.left - statement.right).doit()) != 0


@given(st.integers(1, 12))
def test_pieces_and_cylinders_of_a_ladder_have_all_of_the_mass(generations: int) -> None:
    (n,) = (s for s in pushforward.STEEP_LADDER.carried_mass(pushforward.by_mass).left.free_symbols if s.name == "n")
    whole = pushforward.STEEP_LADDER.carried_mass(pushforward.by_mass).left.subs(n, generations).doit()
    assert sp.simplify(whole - 1) == 0


@given(st.integers(1, 12), rationals)
def test_a_ladder_with_the_right_rule_keeps_all_settled_mass(generations: int, slope: sp.Rational) -> None:
    n = sp.Symbol("n", integer=True, positive=True)
    right = Ladder(slope, sp.S.One).claimed_mass(lambda p, d: p - d, n).subs(n, generations).doit()
    assert sp.simplify(right - settled_mass(n).subs(n, generations)) == 0
    half = Ladder(sp.S.One, sp.Rational(1, 2)).claimed_mass(lambda p, d: p - d, n).subs(n, generations).doit()
    assert sp.simplify(2 * half - settled_mass(n).subs(n, generations)) == 0


def test_saturation_tells_vanishing_tails_from_others() -> None:
    r = sp.Symbol("R", positive=True)
    assert sp.limit(saturate(1 / r), r, sp.oo) == 0
    assert sp.limit(saturate(r), r, sp.oo) == 1
