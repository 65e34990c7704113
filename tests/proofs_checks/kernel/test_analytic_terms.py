"""Terms in the variable of an induction: which are known to have few zeros, and which may be constant for long."""

from __future__ import annotations

import pytest
import sympy as sp

from proofs_checks.kernel.analytic_terms import doubtful, reaching

n = sp.Symbol("n", integer=True, positive=True)
j, k, m = sp.symbols("j k m", integer=True)
x, y, t = sp.symbols("x y t", real=True)
u = sp.Symbol("u", positive=True)
a, p, G = sp.Function("a"), sp.Function("p", positive=True), sp.Function("G")
LATE = sp.Rational(81, 2)
U, PHASE = 2 * n - 81, sp.cos(sp.pi / 20) + sp.I * sp.sin(sp.pi / 20)

KNOWN = [
    n**3 - 2 * n, 2**n * (n + 1), (-1) ** n, (1 - 2 * x) ** n, sp.sqrt(n + 1), u ** (n - a(n)), sp.exp(-n * x), sp.cos(n * x), sp.factorial(n), 1 / sp.gamma(n),
    sp.log(p(n)), sp.log(a(n)), sp.binomial(n, 2), sp.Sum(a(k) * k**2, (k, 1, n)), sp.Integral(sp.exp(-t), (t, 0, n)), sp.tanh(n * x), sp.ff(k, n), sp.sqrt(1 + n**2), sp.Integral(t**2 / (1 + t), (t, 0, n)), sp.Sum(n**2 * a(k), (k, 1, 9)), sp.Subs(x**2 + y, x, n), sp.Sum(sp.log(k), (k, 1, n)),
]  # fmt: skip
DOUBTFUL = [
    sp.floor(n / 10), sp.sin(sp.pi * n / 7), sp.sin(sp.pi * m * n / 7), sp.exp(sp.I * n), sp.arg(LATE - n), sp.log(LATE - n), ((LATE - n) ** 3) ** sp.Rational(1, 3),
    (-1) ** (sp.S(1024) / 2**n), sp.binomial(n, n - 30), sp.binomial(30, n), sp.mobius(n), sp.Sum(sp.KroneckerDelta(k, 40), (k, 1, n)),
    sp.Sum(sp.KroneckerDelta(j, 40), (j, 1, k), (k, 1, n)), sp.Integral(sp.Heaviside(t - 40), (t, 0, n)), sp.Product(1 + sp.KroneckerDelta(k, 40), (k, 1, n)), a(sp.floor(n / 10)),
    sp.Subs(sp.floor(x / 10), x, n), sp.Subs(sp.Heaviside(x - LATE), x, n), sp.Subs(sp.sinc(sp.pi * (x - 40)), x, n), sp.Subs(sp.Derivative(x * sp.floor(t / 10), x), t, n),
    sp.Integer(0) ** ((n - 40) ** 2), sp.Sum(sp.Integer(0) ** ((k - 40) ** 2), (k, 1, n)), sp.binomial(n, m + 20), sp.Sum(1, (j, 1, sp.floor(k / 40)), (k, n, n)),
    sp.Integral(x, (x, -sp.Abs(t - LATE), 0), (t, n - 1, n)), sp.Integral(sp.exp(sp.I * (n - 40) * t), (t, 0, 2 * sp.pi)), sp.Integral(sp.cos(n * t), (t, 0, 1)),
    sp.sqrt(1 + 1 / U**2), 2 * sp.cosh(sp.log(U**2) / 2), sp.Integer(3) ** (sp.log(U**2) / sp.log(9)), sp.atan(1 / U), sp.exp(1 / U), sp.gamma(1 + 1 / U**2),
    sp.Sum((-1) ** k * sp.binomial(39, k) * k**n, (k, 0, 39)), sp.Integral(t**n * sp.legendre(40, t), (t, -1, 1)), sp.Sum(PHASE ** (k * n), (k, 0, 39)), PHASE**n,
    sp.Sum(sp.binomial(n, k) * (-1) ** k, (k, 0, n)), sp.Integral(sp.log(t - LATE), (t, 0, n)),
]  # fmt: skip


@pytest.mark.parametrize("term", KNOWN, ids=str)
def test_terms_with_few_zeros_are_known(term: sp.Expr) -> None:
    assert list(doubtful(term, n)) == []


@pytest.mark.parametrize("term", DOUBTFUL, ids=str)
def test_steps_waves_and_branches_are_doubtful_wherever_they_stand(term: sp.Expr) -> None:
    assert list(doubtful(term + n, n))
    assert list(doubtful(2 * term * n, n))


def test_an_object_may_have_any_whole_values_and_a_sequence_any_at_all() -> None:
    step = sp.Max(G(n), 0)
    assert list(doubtful(step, n, [G])) == [step]
    assert list(doubtful(step, n)) == []


def test_inner_variables_reach_as_far_as_outer_ones() -> None:
    assert reaching(sp.Sum(j, (j, 1, k), (k, 1, n)), n) == [k, j]
    assert reaching(sp.Sum(j, (j, 1, k), (k, 1, 7)), n) == []
