r"""Encoders against priors, and bounds of a likelihood, on alphabets of any size: each
an identity with a relative entropy left over.

Letters as in the field: w(x) the mass of a datum, q(z|x) an encoder, p(z) a prior, m(z)
= sum_x w(x) q(z|x) its mixture, p(x, z) a joint mass with evidence p(x) = sum_z p(x,
z). Rates and gaps are in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proof.relative_entropy import N, nonnegative, sum_recursion
from theory.proof.statements import Equation, Induction, Recursion, Sign

Cost = Callable[[Any, Any], Any]  # of a code's mass under encoder and prior: what it adds to a divergence

K = sp.Symbol("k", integer=True, positive=True)  # codes, in an induction


def forward(q: Any, p: Any) -> sp.Expr:
    """``q log(q/p)``: what a code adds to KL(q||p)."""
    return q * sp.log(q / p)


def reverse(q: Any, p: Any) -> sp.Expr:
    """``p log(p/q)``: what a code adds to KL(p||q)."""
    return p * sp.log(p / q)


# -- the rate of an encoder ---------------------------------------------------------------------------------------------


def rate_of_one_code(cost: Cost = forward) -> Induction:
    """One code z and n data: what z adds to E KL(q(z|x)||p(z)) is what it adds to
    I(x;z), and m(z) log(m(z)/p(z))."""
    w, q = sp.Function("w", positive=True), sp.Function("q", positive=True)
    p, m = sp.Symbol("p", positive=True), sp.Symbol("m", positive=True)
    rate, information, mass = (sp.Function(name, real=True) for name in ("R", "I", "M"))
    objects = (
        sum_recursion(rate(N), lambda x: w(x) * cost(q(x), p)),
        sum_recursion(information(N), lambda x: w(x) * q(x) * sp.log(q(x) / m)),
        sum_recursion(mass(N), lambda x: w(x) * q(x)),
    )
    claim = Equation("rate of a code from n data", rate(N), information(N) + mass(N) * sp.log(m / p))
    return Induction("the rate of an encoder, one code", N, (claim,), objects)


def rate_of_all_codes() -> Induction:
    """k codes together: rates, informations and the terms of KL(m||p) add up."""
    m, p = sp.Function("m", positive=True), sp.Function("p", positive=True)
    information = sp.Function("i", real=True)
    rate, whole, gap = (sp.Function(name, real=True) for name in ("R", "I", "G"))
    objects = (
        sum_recursion(rate(K), lambda z: information(z) + m(z) * sp.log(m(z) / p(z)), K),
        sum_recursion(whole(K), information, K),
        sum_recursion(gap(K), lambda z: forward(m(z), p(z)), K),
    )
    claim = Equation("rate of k codes", rate(K), whole(K) + gap(K))
    return Induction("the rate of an encoder, all codes", K, (claim,), objects)


def information_by_entropies() -> Induction:
    """What a code adds to I(x;z) as log of a ratio, and by the entropies of data, codes
    and pairs: for n data."""
    w, q = sp.Function("w", positive=True), sp.Function("q", positive=True)
    m = sp.Symbol("m", positive=True)
    information, joint, data, mass = (sp.Function(name, real=True) for name in ("I", "J", "H", "M"))
    objects = (
        sum_recursion(information(N), lambda x: w(x) * q(x) * sp.log(q(x) / m)),
        sum_recursion(joint(N), lambda x: w(x) * q(x) * sp.log(w(x) * q(x))),
        sum_recursion(data(N), lambda x: w(x) * q(x) * sp.log(w(x))),
        sum_recursion(mass(N), lambda x: w(x) * q(x)),
    )
    claim = Equation("a code's information by entropies", information(N), joint(N) - data(N) - mass(N) * sp.log(m))
    return Induction("information of one code", N, (claim,), objects)


def prior_gap() -> list[Equation | Induction | Sign]:
    """KL(m||p) is a sum of terms that are not negative, so that the rate is at least
    the information."""
    return nonnegative("m", "p")


# -- the evidence bound --------------------------------------------------------------------------------------------------


def evidence_minus_divergence(divergence: Any) -> Any:
    """ELBO = log p(x) - KL: the sign of the gap."""
    return -divergence


def evidence_plus_divergence(divergence: Any) -> Any:
    """log p(x) + KL: the wrong sign."""
    return divergence


def evidence_bound(gap: Callable[[Any], Any] = evidence_minus_divergence) -> Induction:
    """k codes: the sum of q log(p(x, z)/q) is Q log p(x) less the relative entropy of q
    against the posterior p(x, z)/p(x)."""
    q, j = sp.Function("q", positive=True), sp.Function("j", positive=True)
    evidence = sp.Symbol("p", positive=True)
    bound, divergence, mass = (sp.Function(name, real=True) for name in ("L", "G", "Q"))
    objects = (
        sum_recursion(bound(K), lambda z: q(z) * sp.log(j(z) / q(z)), K),
        sum_recursion(divergence(K), lambda z: q(z) * sp.log(q(z) / (j(z) / evidence)), K),
        sum_recursion(mass(K), q, K),
    )
    claim = Equation("log p(x) and what q misses of it", bound(K), mass(K) * sp.log(evidence) + gap(divergence(K)))
    return Induction("evidence bound for k codes", K, (claim,), objects)


def posterior_attains_it() -> Equation:
    """At the posterior every code adds q log p(x): the bound is attained, so that a
    free q for each datum is at least as tight as a shared one."""
    j, p = sp.Symbol("j", positive=True), sp.Symbol("p", positive=True)
    return Equation("a code of the posterior", forward(j / p, j), -(j / p) * sp.log(p))


# -- importance weights ---------------------------------------------------------------------------------------------------


def slope_of_norms() -> list[Equation | Induction]:
    r"""Norms :math:`\|Y\|_s = (\sum p\,y^s)^{1/s}` grow with s: :math:`s^2
    \tfrac{d}{ds}\log\|Y\|_s` is a relative entropy, for n atoms.

    With :math:`Y = e^{-u w}` and s = 1/K this is what makes :math:`\varphi(u/K)^K` fall
    with every real K, phi the Laplace transform of a weight.
    """
    p, y = sp.Function("p", positive=True), sp.Function("y", positive=True)
    s, whole = sp.Symbol("s", positive=True), sp.Symbol("Z", positive=True)
    divergence, power, slope = (sp.Function(name, real=True) for name in ("G", "S", "T"))

    def gibbs(i: Any) -> sp.Expr:
        return p(i) * y(i) ** s / whole

    objects = (
        sum_recursion(divergence(N), lambda i: forward(gibbs(i), p(i))),
        sum_recursion(power(N), lambda i: p(i) * y(i) ** s),
        sum_recursion(slope(N), lambda i: p(i) * y(i) ** s * sp.log(y(i))),
    )
    claim = Equation(
        "relative entropy of the reweighted atoms",
        divergence(N),
        s * slope(N) / whole - power(N) * sp.log(whole) / whole,
    )
    F = sp.Function("F", positive=True)
    derivative = s**2 * sp.Derivative(sp.log(F(s)) / s, s)
    a, b = sp.Symbol("a", positive=True), sp.Symbol("b", positive=True)
    return [
        Induction("reweighted atoms against their own", N, (claim,), objects),
        Equation("s^2 times the slope of log F(s)/s", derivative, s * sp.Derivative(F(s), s) / F(s) - sp.log(F(s))),
        Equation("the slope of a power in s", sp.Derivative(a * b**s, s), a * b**s * sp.log(b)),
    ]


def frullani() -> list[Equation]:
    r"""The slope of :math:`\int (e^{-u} - e^{-ua})\,du/u` in a is :math:`\int
    e^{-ua}\,du = 1/a`, and the integral vanishes at a = 1: it is log a."""
    a, u = sp.Symbol("a", positive=True), sp.Symbol("u", positive=True)
    integrand = (sp.exp(-u) - sp.exp(-u * a)) / u
    return [
        Equation("slope of the integrand in a", sp.Derivative(integrand, a), sp.exp(-u * a)),
        Equation("its integral over u", sp.Integral(sp.exp(-u * a), (u, 0, sp.oo)), 1 / a),
        Equation("the slope of log a", sp.Derivative(sp.log(a), a), 1 / a),
        Equation("the integrand at a = 1", integrand.subs(a, 1, simultaneous=True) + sp.exp(-u) / u, sp.exp(-u) / u),
    ]


# -- the likelihood ---------------------------------------------------------------------------------------------------------


def rate_and_distortion() -> Induction:
    """k codes: KL(q||p) + E_q d with d = -log p(x|z), over q, is the posterior's
    relative entropy less Q log p(x): rate + distortion - NLL = KL(q||posterior)."""
    q, p, given = (sp.Function(name, positive=True) for name in ("q", "p", "g"))
    evidence = sp.Symbol("p_x", positive=True)
    total, divergence, mass = (sp.Function(name, real=True) for name in ("T", "G", "Q"))
    objects = (
        sum_recursion(total(K), lambda z: q(z) * sp.log(q(z) / p(z)) + q(z) * -sp.log(given(z)), K),
        sum_recursion(divergence(K), lambda z: forward(q(z), p(z) * given(z) / evidence), K),
        sum_recursion(mass(K), q, K),
    )
    claim = Equation("rate plus distortion", total(K), divergence(K) - mass(K) * sp.log(evidence))
    return Induction("rate and distortion of k codes", K, (claim,), objects)


def half_squares(residual: Any, D: Any) -> sp.Expr:
    """``|x - f(z)|^2 / 2 + (D/2) log 2 pi``: what a Gaussian decoder of unit variance
    pays for a residual."""
    return residual / 2 + D * sp.log(2 * sp.pi) / 2


def bare_squares(residual: Any, D: Any) -> sp.Expr:
    """``|x - f(z)|^2``: the squared error without its half and its constant."""
    return residual


def gaussian_decoder(distortion: Cost = half_squares) -> Induction:
    """D pixels with unit variance: -log of the product of their densities is half the
    squared error and (D/2) log 2 pi, for every D."""
    r = sp.Function("r", real=True)
    D = sp.Symbol("D", integer=True, positive=True)
    value, squares = sp.Function("L", real=True), sp.Function("S", real=True)

    def pixel(i: Any) -> sp.Expr:
        return -sp.log(sp.exp(-(r(i) ** 2) / 2) / sp.sqrt(2 * sp.pi))

    objects = (
        Recursion(
            value(D), (pixel(1),), value(D) + pixel(D + 1),
            lambda k: -sp.log(sp.Mul(*(sp.exp(-(r(i) ** 2) / 2) / sp.sqrt(2 * sp.pi) for i in range(1, k + 1)))),
        ),
        sum_recursion(squares(D), lambda i: r(i) ** 2, D),
    )  # fmt: skip
    claim = Equation("-log p(x|z) of D pixels", value(D), distortion(squares(D), D))
    return Induction("a Gaussian decoder of D pixels", D, (claim,), objects)
