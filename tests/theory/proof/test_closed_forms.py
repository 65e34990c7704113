"""Sums and integrals have a closed form where it holds for all parameters."""

from __future__ import annotations

import pytest
import sympy as sp

from theory.proof.balls import is_zero_normal_form
from theory.proof.limits import limit_of
from theory.proof.prepare import perform_derivatives
from theory.proof.smoothness import between, is_smooth

x, t = sp.symbols("x t", real=True)
p, q = sp.symbols("p q", positive=True)
z = sp.Symbol("z")
n, m = sp.symbols("n m", integer=True, positive=True)
i, j, k = sp.symbols("i j k", integer=True)
N = sp.Symbol("N", integer=True, nonnegative=True)
whole = sp.Symbol("l", integer=True, nonzero=True)
f, F = sp.Function("f"), sp.Function("F", real=True)

CLOSED = {
    "squares": (sp.Sum(k**2, (k, 1, n)), n * (n + 1) * (2 * n + 1) / 6),
    "powers of a fraction": (sp.Sum(2 ** (k - 1) / sp.Integer(3) ** k, (k, 1, n)), 1 - sp.Rational(2, 3) ** n),
    "constant": (sp.Sum(x, (k, 2, n + 1)), n * x),
    "one term": (sp.Sum(f(k) * sp.KroneckerDelta(k, n + 1), (k, 1, n + 1)), f(n + 1)),
    "falling product": (sp.Product(n - k + 1, (k, 1, n)), sp.factorial(n)),
    "two sums": (sp.Sum(i, (i, 1, k), (k, 1, n)), n * (n + 1) * (n + 2) / 6),
    "Gaussian": (sp.Integral(sp.exp(-p * t**2), (t, -sp.oo, sp.oo)), sp.sqrt(sp.pi / p)),
    "exponential": (sp.Integral(sp.exp(-p * t), (t, 0, sp.oo)), 1 / p),
    "power": (sp.Integral(t**N, (t, 0, 1)), 1 / (N + 1)),
    "wave": (sp.Integral(sp.cos(whole * t), (t, 0, 2 * sp.pi)), 0),
    "iterated": (sp.Integral(x * t, (x, 0, t), (t, 0, p)), p**4 / 8),
    "derivative": (sp.Integral(sp.Derivative(F(x, t), t), (t, 0, x)), F(x, x) - F(x, 0)),
}
GENERIC = {
    "wave that may stand": (sp.Integral(sp.exp(sp.I * (k + 200) * t), (t, 0, 2 * sp.pi)), 0),
    "two waves": (sp.Integral(sp.cos(n * t) * sp.cos((m + 20) * t), (t, 0, 2 * sp.pi)), 0),
    "alternating": (sp.Sum((-1) ** k * sp.binomial(N, k), (k, 0, N)), 0),
    "roots of one": (sp.Sum(sp.exp(2 * sp.pi * sp.I * k * j / 100), (k, 0, 99)), 0),
    "geometric": (sp.Sum(x**k, (k, 0, n - 1)), (1 - x**n) / (1 - x)),
    "power of any sign": (sp.Integral(t**x, (t, 0, 1)), 1 / (x + 1)),
    "decay of any sign": (sp.Integral(sp.exp(-x * t), (t, 0, sp.oo)), 1 / x),
    "a logarithm that jumps": (
        sp.Integral(sp.Derivative(sp.log((t - 4 + sp.I) ** 3), t), (t, 0, p)),
        sp.log((p - 4 + sp.I) ** 3) - sp.log((sp.I - 4) ** 3),
    ),
    "a root that jumps": (
        sp.Integral(sp.Derivative(sp.sqrt((t - 4 + sp.I) ** 2), t), (t, 0, p)),
        sp.sqrt((p - 4 + sp.I) ** 2) - sp.sqrt((sp.I - 4) ** 2),
    ),
    "a step": (sp.Integral(sp.Derivative(F(t) * sp.sign(t - 5), t), (t, 0, p)), F(p) * sp.sign(p - 5) + F(0)),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_form_that_holds_for_all_parameters_is_found(name: str) -> None:
    definite, value = CLOSED[name]
    assert is_zero_normal_form(definite - value) is True


@pytest.mark.parametrize("name", GENERIC)
def test_a_closed_form_for_most_parameters_is_none(name: str) -> None:
    definite, value = GENERIC[name]
    assert is_zero_normal_form(definite - value) is not True


@pytest.mark.parametrize(
    ("expression", "smooth"),
    [
        (sp.exp(sp.I * t) * F(t**2), True),
        (1 / (1 + t**2), True),
        (1 / (t - 1), False),
        (sp.sqrt(1 + t**2), True),
        (sp.sqrt(t**2), False),
        (sp.log((t - 4 + sp.I) ** 3), False),
        (sp.floor(t), False),
        (sp.atan(1 / t), False),
        (sp.Integral(sp.exp(t * x), (x, 0, t)), True),
        (sp.Sum(F(k * t), (k, 1, n)), True),
        (sp.Sum(1, (k, 1, sp.floor(t))), False),
        (sp.Piecewise((0, t < 3), (1, True)), False),
        (sp.Derivative(F(t), t), True),
        (F(sp.Abs(t)), False),
    ],
    ids=str,
)
def test_what_is_smooth_between_two_ends(expression: sp.Expr, smooth: bool) -> None:
    assert is_smooth(expression, t) is smooth


def test_between_two_ends_of_one_sign_the_variable_has_it() -> None:
    assert between((x, p, sp.oo)).is_positive
    assert between((x, -p, sp.S.Zero)).is_negative
    assert between((x, -p, q)).is_positive is None


@pytest.mark.parametrize(
    "root", [x**5 - x - 1, x**3 - x - 5, sp.exp(x) - 5, sp.log(p) - 1, sp.Abs(x) - 4, sp.sqrt(p) - 2]
)
def test_a_limit_stands_where_its_special_parameters_are_not_known(root: sp.Expr) -> None:
    limit = sp.Limit(root * t / (1 + root * t), t, sp.oo)
    assert limit_of(limit) == limit


def test_what_is_performed_leaves_integrals_and_captures_no_names() -> None:
    assert perform_derivatives(sp.Derivative(sp.Integral(f(t) / sp.exp(t), (t, 1, x)), x)) == f(x) * sp.exp(-x)
    put_in = perform_derivatives(sp.Subs(sp.Integral(x * t, (t, 0, 1)), x, t))
    assert put_in.doit() == t / 2
    assert perform_derivatives(sp.Subs(sp.Sum(x * k, (k, 1, n)), x, 3)).has(sp.Sum)
