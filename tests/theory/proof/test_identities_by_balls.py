"""True identities are contained in sharp balls, near-identities are excluded, derivatives agree with a second road."""

from __future__ import annotations

import pytest
import sympy as sp

from theory.proof.balls import Instantiation, contains_zero, enclose, excludes_zero, exclusion_margin, radius_bits
from theory.proof.sampling import instantiate

x, y, z = sp.symbols("x y z")
t, s, u = sp.symbols("t s u", real=True)
half = sp.Rational(1, 2)
f, g, h = sp.Function("f"), sp.Function("g"), sp.Function("h")
F, p, q = sp.Function("F", real=True), sp.Function("p", positive=True), sp.Function("q", positive=True)
n = sp.Symbol("n", integer=True, positive=True)
k = sp.Symbol("k", integer=True)
a, b = sp.symbols("a b", positive=True)

TRUE = {
    "Pythagoras": sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1,
    "Euler": sp.exp(sp.I * x) - sp.cos(x) - sp.I * sp.sin(x),
    "addition": sp.tan(x + y) - (sp.tan(x) + sp.tan(y)) / (1 - sp.tan(x) * sp.tan(y)),
    "logarithm of a product": sp.log(a * b, evaluate=False) - sp.log(a) - sp.log(b),
    "Machin": 4 * sp.atan(sp.Rational(1, 5)) - sp.atan(sp.Rational(1, 239)) - sp.pi / 4,
    "reflection": sp.gamma(x) * sp.gamma(1 - x) - sp.pi / sp.sin(sp.pi * x),
    "complement": sp.erf(x) + sp.erfc(x) - 1,
    "inverse": sp.erf(sp.erfinv(t / 4), evaluate=False) - sp.tanh(sp.atanh(t / 4), evaluate=False),
    "Lambert": sp.LambertW(a) * sp.exp(sp.LambertW(a)) - a,
    "modulus": sp.Abs(x) ** 2 - x * sp.conjugate(x),
    "chain rule": sp.Derivative(f(g(x)), x) - f(x).diff(x).subs(x, g(x)) * g(x).diff(x),
    "chain rule, second order": sp.Derivative(f(2 * x), (x, 2)) - 4 * f(x).diff(x, 2).subs(x, 2 * x),
    "total derivative": sp.Derivative(f(x, g(x)), x)
    - sp.Subs(sp.Derivative(f(z, g(x)), z), z, x) - sp.Subs(sp.Derivative(f(x, z), z), z, g(x)) * g(x).diff(x),
    "Leibniz": sp.Derivative(sp.Integral(p(t) / q(t), (t, s, u)), u) - p(u) / q(u),
    "Leibniz with both limits": sp.Derivative(sp.Integral(F(t * u), (t, u, u**2)), u)
    - (2 * u * F(u**3) - F(u**2) + sp.Integral(t * F(z).diff(z).subs(z, t * u), (t, u, u**2))),
    "fundamental theorem": sp.Integral(F(t).diff(t), (t, s, u)) - F(u) + F(s),
    "fundamental theorem, complex function": sp.Integral(f(t).diff(t), (t, s, u)) - f(u) + f(s),
    "integral of a modulus": sp.Integral(sp.Abs(t), (t, -1, 2)) - sp.Rational(5, 2),
    "integral of a root at its end": sp.Integral(sp.sqrt(t), (t, 0, 2)) - 4 * sp.sqrt(2) / 3,
    "integral of a logarithm across its cut": sp.Integral(sp.log(t + sp.I / 3), (t, -1, 1))
    - ((1 + sp.I / 3) * sp.log(1 + sp.I / 3) - (-1 + sp.I / 3) * sp.log(-1 + sp.I / 3) - 2),
    "integral of a Piecewise": sp.Integral(sp.Piecewise((t, t < sp.Rational(1, 3)), (1, True)), (t, 0, 1)) - sp.Rational(13, 18),
    "integral of |exp(it) + 2|^2": sp.Integral(sp.Abs(sp.exp(sp.I * t) + 2) ** 2, (t, 0, 2 * sp.pi)) - 10 * sp.pi,
    "integral of a real part": sp.Integral(sp.re(sp.exp(sp.I * t)), (t, 0, sp.pi / 2)) - 1,
    "nested integral": sp.Integral(t * sp.exp(s * t), (s, 0, t), (t, 0, 1)) - sp.Integral(sp.exp(t**2) - 1, (t, 0, 1)),
    "nested integral of a modulus": sp.Integral(sp.Abs(s) * t, (s, -1, 2), (t, 0, 1)) - sp.Rational(5, 4),
    "Gauss": sp.Integral(t**2 * sp.exp(-((t - s) ** 2) / (2 * a)), (t, -sp.oo, sp.oo)) / sp.sqrt(2 * sp.pi * a) - s**2 - a,
    "Cauchy": sp.Integral(1 / (1 + t**2), (t, -sp.oo, sp.oo)) - sp.pi,
    "characteristic function": sp.Integral(sp.exp(sp.I * s * t - t**2 / 2), (t, sp.oo, -sp.oo)) + sp.sqrt(2 * sp.pi) * sp.exp(-(s**2) / 2),
    "Laplace": sp.Integral(sp.exp(-sp.Abs(t)), (t, -sp.oo, sp.oo)) - 2,
    "half a line": sp.Integral(t**3 * sp.exp(-a * t) + t ** sp.Rational(-5, 2), (t, s**2 + 1, sp.oo))
    - sp.exp(-a * (s**2 + 1)) * sum(6 * (s**2 + 1) ** j / sp.factorial(j) / a ** (4 - j) for j in range(4))
    - sp.Rational(2, 3) * (s**2 + 1) ** sp.Rational(-3, 2),
    "a line inside an interval": sp.Integral(sp.Integral(sp.exp(-(t**2) - s * t), (t, -sp.oo, sp.oo)), (s, 0, 1))
    - sp.sqrt(sp.pi) * sp.Integral(sp.exp(s**2 / 4), (s, 0, 1)),
    "reversed integral": sp.Integral(F(t), (t, s, u)) + sp.Integral(F(t), (t, u, s)),
    "sum of squares": sp.Sum(k**2, (k, 1, n)) - n * (n + 1) * (2 * n + 1) / 6,
    "Karr": sp.Sum(k, (k, 1, -3)) - sp.Sum(k, (k, 1, -3)).doit(),
    "factorial": sp.Product(k, (k, 1, n)) - sp.factorial(n),
    "binomial theorem": sp.Sum(sp.binomial(n, k) * x**k, (k, 0, n)) - (1 + x) ** n,
    "triangle of sums": sp.Sum(k * n, (k, 1, n), (n, 1, 4)) - 65,
    "determinant": sp.Determinant(sp.Matrix([[x, y], [y, x]])) - (x - y) * (x + y),
    "trace": sp.Trace(sp.Matrix([[x, y], [y, x]])) - 2 * x,
    "derivative of a determinant": sp.Derivative(sp.Determinant(sp.Matrix([[f(x), x], [1, g(x)]])), x) - sp.Derivative(f(x) * g(x) - x, x),
    "Schwarz": sp.Derivative(f(x, y), x, y) - sp.Derivative(f(x, y), y, x),
    "shadowed variable": sp.Integral(sp.Integral(t, (t, 0, t)), (t, 0, 1)) - sp.Rational(1, 6),
    "kink away from the point": sp.Derivative(sp.Abs(t), t) - sp.sign(t),
}  # fmt: skip
SMALL = sp.Rational(1, 10**40)
FALSE = {
    "off by 1e-50": sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1 + sp.Rational(1, 10**50),
    "off by 1e-40 x": sp.exp(x) * sp.exp(-x, evaluate=False) * (1 + SMALL * x) - 1,
    "Ramanujan's near-integer": sp.exp(sp.pi * sp.sqrt(163)) - 262537412640768744,
    "near-zero of Borwein": sp.pi**2 / 6 - sp.Sum(1 / k**2, (k, 1, n)),
    "Machin by 1e-40": 4 * sp.atan(sp.Rational(1, 5)) - sp.atan(sp.Rational(1, 239)) - sp.pi / 4 + SMALL,
    "additive": f(x + y) - f(x) - f(y),
    "multiplicative": f(x * y) - f(x) * f(y),
    "homogeneous": f(2 * x) - 2 * f(x),
    "even": f(-x) - f(x),
    "real": f(t) - sp.conjugate(f(t)),
    "reflection across the axis": f(sp.conjugate(x)) - sp.conjugate(f(x)),
    "derivative without the inner one": sp.Derivative(f(2 * x), x) - f(x).diff(x).subs(x, 2 * x),
    "third derivative vanishes": sp.Derivative(F(t), (t, 6)),
    "separable": f(x, y) * f(z, 2) - f(x, 2) * f(z, y),
    "symmetric": f(x, y) - f(y, x),
    "ignores an argument": sp.Derivative(f(x, y), y),
    "mixed derivative vanishes": sp.Derivative(sp.log(p(t, s)), t, s),
    "fundamental theorem by 1e-40": sp.Integral(F(t).diff(t), (t, s, u)) - F(u) + F(s) + SMALL * u,
    "square root of a square": sp.sqrt(x**2) - x,
    "logarithm of a product of complex numbers": sp.log(x * y) - sp.log(x) - sp.log(y),
    "modulus of a real is the real": sp.Abs(t) - t,
    "integral of a modulus": sp.Integral(sp.Abs(t), (t, -1, 2)) - sp.Rational(3, 2),
    "Gauss by 1e-40": sp.Integral(sp.exp(-(t**2)), (t, -sp.oo, sp.oo)) - sp.sqrt(sp.pi) + SMALL,
    "primitive across the cut": sp.Integral(1 / (t + sp.I), (t, -1, 1)) - sp.log(1 + sp.I) + sp.log(-1 + sp.I) + 2 * sp.pi * sp.I,
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_an_identity_is_contained_with_a_sharp_radius(name: str) -> None:
    for instance in instantiate(TRUE[name], count=2 if TRUE[name].free_symbols else 1):
        ball = enclose(TRUE[name], instance)
        assert contains_zero(ball), f"{ball} at {instance.plain()}"
        assert radius_bits(ball) >= 200, f"{ball} at {instance.plain()}"


@pytest.mark.parametrize("name", FALSE)
def test_a_near_identity_is_excluded(name: str) -> None:
    found = [
        enclose(FALSE[name], instance)
        for instance in instantiate(FALSE[name], count=4 if FALSE[name].free_symbols else 1)
    ]
    assert any(excludes_zero(ball) for ball in found), f"{name}: {found}"
    assert max(map(exclusion_margin, found)) > 1000


def test_where_a_branch_cut_is_met_the_ball_is_wide_but_right() -> None:
    root = sp.Integral(sp.sqrt(t), (t, -1, 1)) - sp.Rational(2, 3) * (
        1 + sp.I
    )  # FLINT needs room about [-1, 0], where the cut lies
    ball = enclose(root, Instantiation(), cap=512)
    assert contains_zero(ball)
    assert radius_bits(ball) < 200


# -- derivatives of undefined functions, by a second road ----------------------------------------------------------------------


def _law_substituted(expr: sp.Expr, laws: dict) -> sp.Expr:
    """A second road to derivatives of undefined functions: put the functions in first, differentiate afterwards."""
    done = expr
    for function, law in laws.items():
        done = done.replace(function, law)
    return done.doit()


_JETS = [
    sp.Derivative(f(g(x)), x), sp.Derivative(f(x * g(x)), (x, 2)), sp.Derivative(f(x, g(y)), x, y), sp.Derivative(f(x, x * y), (x, 2), y),
    f(x).diff(x).subs(x, g(y) + 1), sp.Derivative(f(x).diff(x).subs(x, y**2), y), sp.Derivative(f(f(x)), (x, 2)),
    sp.Derivative(f(x, g(x)) * g(f(x, y)), x), sp.Subs(sp.Derivative(f(x, y), x), (x, y), (z + 1, 2)),
]  # fmt: skip


@pytest.mark.parametrize("expr", _JETS, ids=str)
def test_derivatives_agree_with_substituting_first(expr: sp.Expr) -> None:
    for instance in instantiate(expr):
        laws = {function: sp.Lambda(tuple(names := sp.symbols(f"n:{len(law.variables)}")), law.expression(names))
                for function, law in instance.functions.items()}  # fmt: skip
        second = _law_substituted(expr, laws)
        assert not second.has(sp.core.function.AppliedUndef)
        difference = enclose(expr, instance) - enclose(second, instance)
        assert contains_zero(difference)
        assert excludes_zero(enclose(expr, instance))
