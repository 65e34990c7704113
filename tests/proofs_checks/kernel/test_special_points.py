"""What an equation is given beside its symbols: poles and bounds inside of integrals and sums, limits at special
parameters, one algorithm under two names, and numbers in place of balls."""

from __future__ import annotations

import functools
from fractions import Fraction

import pytest
import sympy as sp

from proofs_checks.kernel import Enumeration, Family, enclosed, judge
from proofs_checks.kernel.enumerations import same_algorithm
from proofs_checks.kernel.equations import inner_points
from theory.proof.limits import with_limits

x, y, t = sp.symbols("x y t", real=True)
u = sp.Symbol("u", positive=True)
i, m, n = sp.Symbol("i", integer=True), sp.Symbol("m", integer=True), sp.Symbol("n", integer=True, positive=True)


@pytest.mark.parametrize(
    ("expression", "given"),
    [
        (sp.Integral(1 / (t - 3), (t, x, y)), ["-3 + t != 0 for t from x to y"]),
        (sp.Integral(1 / (t**2 + 1), (t, x, y)), []),
        (sp.Integral(sp.log(u), (u, 1, 2)), []),
        (sp.Integral(sp.log(u), (u, 1, x)), ["x >= 0"]),
        (sp.Integral(t, (t, x, y)), []),
        (sp.Sum(i, (i, 1, m)), ["m >= 0"]),
        (sp.Product(i, (i, n, m)), ["m >= -1 + n"]),
        (sp.Sum(i, (i, 1, n)), []),
        (sp.Sum(i, (i, 0, n - 1)), []),
        (sp.Sum(2 ** (-i), (i, m, sp.oo)), []),
    ],
    ids=str,
)
def test_poles_and_bounds_inside_of_integrals_are_given(expression: sp.Expr, given: list[str]) -> None:
    assert inner_points(expression) == given


@pytest.mark.parametrize("root", [x - 2, x - y, 2 * x - 3, x**2 - x])
def test_a_limit_stands_where_a_coefficient_may_vanish(root: sp.Expr) -> None:
    limit = sp.Limit(root * t / (1 + root * t), t, sp.oo)
    assert with_limits(limit) == limit
    assert with_limits(sp.Limit((1 + u) * t / (1 + (1 + u) * t), t, sp.oo)) == 1


class Parity:
    """Decides by a method."""

    def even(self, n: int) -> bool:
        return n % 2 == 0


def test_one_algorithm_is_recognised_however_it_is_named() -> None:
    parity, other = Parity(), Parity()

    def made(divisor: int):
        return lambda n: n % divisor == 0

    assert same_algorithm(parity.even, parity.even)
    assert same_algorithm(made(2), made(2))
    assert same_algorithm(functools.partial(pow, 2), functools.partial(pow, 2))
    assert not same_algorithm(made(2), made(3))
    other.remainder = 1
    assert not same_algorithm(parity.even, other.even)
    assert same_algorithm(parity.even, Parity().even)
    assert same_algorithm(parity.even, functools.lru_cache(parity.even))
    assert same_algorithm(made(2), functools.partial(made(2)))
    assert same_algorithm(made(2), made(2).__call__)
    assert not same_algorithm(functools.partial(pow, 2), functools.partial(pow, 3))
    family = Family("even numbers below 6", lambda: iter((0, 2, 4)), 3)
    with pytest.raises(TypeError, match="second algorithm is the first"):
        judge(Enumeration("", family, parity.even, parity.even), route="exact")
    assert judge(Enumeration("", family, parity.even, made(2)), route="exact").holds


@pytest.mark.parametrize("number", [0, 0.0, 1e-300, Fraction(1, 3), 1 + 0j], ids=str)
def test_a_number_is_no_enclosure(number: object) -> None:
    with pytest.raises(TypeError, match="a number encloses nothing"):
        judge(enclosed(number, relation="> 0"), route="certified")
