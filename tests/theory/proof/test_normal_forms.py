"""Normal forms prove identities and nothing else."""

from __future__ import annotations

import pytest
import sympy as sp

from theory.proof.balls import is_zero_normal_form

x, y, z = sp.symbols("x y z")
t, s, u = sp.symbols("t s u", real=True)
f, g = sp.Function("f"), sp.Function("g")
F, p = sp.Function("F", real=True), sp.Function("p", positive=True)
n, k = sp.Symbol("n", integer=True, positive=True), sp.Symbol("k", integer=True)
a, b = sp.symbols("a b", positive=True)
ZERO = {
    "Pythagoras": sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1,
    "Euler": sp.exp(sp.I * x) - sp.cos(x) - sp.I * sp.sin(x),
    "addition": sp.tan(x + y) - (sp.tan(x) + sp.tan(y)) / (1 - sp.tan(x) * sp.tan(y)),
    "logarithm of a product": sp.log(a * b, evaluate=False) - sp.log(a) - sp.log(b),
    "reflection": sp.gamma(x) * sp.gamma(1 - x) - sp.pi / sp.sin(sp.pi * x),
    "complement": sp.erf(x) + sp.erfc(x) - 1,
    "chain rule": sp.Derivative(f(g(x)), x) - f(x).diff(x).subs(x, g(x)) * g(x).diff(x),
    "Leibniz": sp.Derivative(sp.Integral(p(t) / F(t), (t, s, u)), u) - p(u) / F(u),
    "fundamental theorem": sp.Integral(F(t).diff(t), (t, s, u)) - F(u) + F(s),
    "sum of squares": sp.Sum(k**2, (k, 1, n)) - n * (n + 1) * (2 * n + 1) / 6,
    "factorial": sp.Product(k, (k, 1, n)) - sp.factorial(n),
    "determinant": sp.Determinant(sp.Matrix([[x, y], [y, x]])) - (x - y) * (x + y),
    "Gaussian integral": sp.Integral(sp.exp(-(t**2)), (t, -sp.oo, sp.oo)) - sp.sqrt(sp.pi),
    "matrix": sp.Matrix([[sp.sin(2 * x) - 2 * sp.sin(x) * sp.cos(x), 0], [0, (x + y) ** 2 - x**2 - 2 * x * y - y**2]]),
}
NOT_ZERO = {
    "off by 1e-50": sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1 + sp.Rational(1, 10**50),
    "additive": f(x + y) - f(x) - f(y),
    "square root of a square": sp.sqrt(x**2) - x,
    "modulus": sp.Abs(t) - t,
    "real": f(t) - sp.conjugate(f(t)),
    "logarithm of a product of complex numbers": sp.log(x * y) - sp.log(x) - sp.log(y),
    "integral": sp.Integral(sp.Abs(t), (t, -1, 2)) - sp.Rational(3, 2),
    "a float": sp.Float(0.1) * (x + 1) - x / 10,
    "one entry": sp.Matrix([[sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1, f(x)]]),
}


@pytest.mark.parametrize("name", ZERO)
def test_a_normal_form_is_found(name: str) -> None:
    assert is_zero_normal_form(ZERO[name]) is True


@pytest.mark.parametrize("name", NOT_ZERO)
def test_what_is_not_identically_zero_has_no_zero_normal_form(name: str) -> None:
    assert is_zero_normal_form(NOT_ZERO[name]) is not True
