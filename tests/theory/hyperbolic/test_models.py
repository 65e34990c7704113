"""Models of hyperbolic space in every dimension have one distance, and a formula read in the wrong one has another."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from sympy import Expr, Rational, symbols

from theory.hyperbolic import models, trees

T, S = symbols("t s", positive=True)
G, X_N, Y_N = symbols("g x_n y_n", real=True)
SHEET = models.lorentz_cosh(T, S, G)
entries = st.fractions(min_value=-3, max_value=3, max_denominator=7)


def vanishes(expression: Expr) -> bool:
    return sympy.expand(sympy.together(expression).as_numer_denom()[0]) == 0


def rational(value: Fraction) -> Rational:
    return Rational(value.numerator, value.denominator)


@pytest.mark.parametrize(
    "cosh",
    [
        models.ball_cosh(models.ball_gram(T, S, G)),
        models.klein_cosh(models.klein_gram(T, S, G)),
        models.half_space_cosh(*models.half_space(T, S, G, X_N, Y_N)),
    ],
    ids=["ball", "klein", "half-space"],
)
def test_every_model_has_the_hyperboloid_s_distance(cosh: Expr) -> None:
    assert vanishes(cosh - SHEET)


def test_the_ball_s_formula_on_klein_coordinates_has_another_distance() -> None:
    assert not vanishes(models.ball_cosh(models.klein_gram(T, S, G)) - SHEET)


@given(st.lists(entries, min_size=3, max_size=3), st.lists(entries, min_size=3, max_size=3))
def test_the_scalars_are_those_of_points_with_coordinates(first: list[Fraction], second: list[Fraction]) -> None:
    shrink = [[e / 6 for e in point] for point in (first, second)]
    lifted = [models.lift(point) for point in shrink]
    assert all(p[0] ** 2 == 1 + sum(e * e for e in p[1:]) for p in lifted)
    spatial = sum((a * b for a, b in zip(lifted[0][1:], lifted[1][1:], strict=True)), Fraction(0))
    gram = models.ball_gram(*(rational(value) for value in (lifted[0][0], lifted[1][0], spatial)))
    dots = [
        sum((a * b for a, b in zip(p, q, strict=True)), Fraction(0))
        for p, q in ((shrink[0],) * 2, (shrink[1],) * 2, shrink)
    ]
    assert list(gram) == [rational(value) for value in dots]
    assert trees.sheet_table(lifted) == trees.half_space_table(lifted)


def test_a_point_on_the_sphere_is_refused() -> None:
    with pytest.raises(ValueError, match=r"inside the unit ball, got \|x\|\^2 = 1"):
        models.lift([Fraction(3, 5), Fraction(4, 5)])
