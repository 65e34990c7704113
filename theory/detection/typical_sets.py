r"""Typical sets, exactly: Chebyshev's inequality, volumes, and the exponential-power
family in every dimension.

With :math:`H = -\mathrm E \log p` the *typicality* of a point is :math:`T = H + \log
p(x)`, whose mean is zero. Distributions of every dimension are built coordinate by
coordinate: what a coordinate adds to T is all that has to be known about it.

The exponential-power density :math:`p(z) \propto e^{-|z/s|^{1/a}}` has :math:`T = a -
u` with :math:`u = |z/s|^{1/a}` of gamma distribution a. It is normal for a = 1/2,
Laplace's for a = 1; one half of it is the exponential distribution; the uniform one is
its limit for a -> 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from theory.proof.statements import Equation, Induction, Recursion, Sign

__all__ = [
    "chebyshev", "expectation", "exponential_power", "likelihood", "log_normal_density", "log_power_density", "moments_of_gamma",
    "narrow_normal", "normal", "normal_entropy", "power_entropy", "uniform_mode", "variance_of_sum", "variance_of_the_mean", "volumes",
]  # fmt: skip

Moments = Callable[[int], sp.Expr]  # k -> E z^k, with E z^0 = 1
A, S, U, EPSILON, DELTA, Q = (sp.Symbol(name, positive=True) for name in ("a", "s", "u", "epsilon", "delta", "q"))
N, D = (sp.Symbol(name, integer=True, positive=True) for name in ("N", "D"))
H, W = sp.Symbol("H", real=True), sp.Symbol("w", real=True)
V = sp.Symbol("v", nonnegative=True)


def expectation(polynomial: sp.Expr, moments: Mapping[sp.Symbol, Moments]) -> sp.Expr:
    r"""E of a polynomial in independent variables: monomial by monomial, :math:`\mathrm
    E\, z^j w^k = \mathrm E z^j\, \mathrm E w^k`.

    Args:
        polynomial: In the keys of ``moments``; other symbols are constants.
        moments: For each variable its moments.

    >>> z, m = sp.Symbol("z"), sp.Symbol("m")
    >>> expectation((z - m) ** 2, {z: lambda k: [1, m, 5 + m**2][k]})
    5
    """
    variables = list(moments)
    total = sp.S.Zero
    for powers, coefficient in sp.Poly(sp.expand(polynomial), *variables).terms():
        total += coefficient * sp.Mul(*(moments[z](k) for z, k in zip(variables, powers, strict=True)))
    return sp.expand(total)


def _centred(variance: sp.Expr) -> Moments:
    """The first moments of a variable of mean zero."""
    return lambda k: (sp.S.One, sp.S.Zero, variance)[k]


def variance_of_sum(*variances: sp.Expr) -> sp.Expr:
    """E (z_1 + .. + z_n)^2 of independent variables of mean zero, from the expanded
    square."""
    variables = [sp.Dummy(f"z{k}") for k in range(len(variances))]
    return expectation(sp.Add(*variables) ** 2, {z: _centred(v) for z, v in zip(variables, variances, strict=True)})


# -- masses and volumes ---------------------------------------------------------------------------------------------------

V_OLD = sp.Symbol("v_N", nonnegative=True)  # stands for an object while a square is expanded
MEAN = sp.Function("M")  # M(N): the variance of the mean of N independent terms


def variance_of_the_mean(spread: Callable[[Any, Any], Any]) -> Induction:
    """Var of the mean of N independent log densities of variance v is ``spread(v, N)``:
    one more term at a time."""
    grown = variance_of_sum(N**2 * V_OLD, V).subs(V_OLD, MEAN(N)) / (N + 1) ** 2
    mean = Recursion(MEAN(N), (V,), grown, lambda k: variance_of_sum(*[V] * k) / k**2)
    return Induction("variance of the mean", N, (Equation("variance of the mean", MEAN(N), spread(V, N)),), (mean,))


def chebyshev(spread: Callable[[Any, Any], Any]) -> list[Equation | Sign]:
    """P(|T| > eps) <= Var/eps^2 pointwise, and sharp: for T = 0 or +-eps (1 + delta)
    with mass q the bound is reached as delta falls to 0."""
    variance = sum((Q / 2 * t**2 for t in (EPSILON * (1 + DELTA), -EPSILON * (1 + DELTA))), sp.S.Zero)
    gap = (1 - Q) - (1 - spread(variance, sp.S.One) / EPSILON**2)
    given = 2 * EPSILON * U + U**2
    return [
        Equation(
            "T^2/eps^2 less the indicator, outside the interval", ((EPSILON + U) / EPSILON) ** 2 - 1, given / EPSILON**2
        ),
        Sign("what Chebyshev's inequality gives away there", given, ">= 0"),
        Equation(
            "what Chebyshev's bound misses for three values of T, which falls to 0 with delta",
            gap,
            Q * (2 * DELTA + DELTA**2),
        ),
        Sign("Chebyshev's bound, for three values of T", sp.expand(gap), ">= 0"),
    ]


def likelihood(typicality: sp.Expr, entropy: sp.Expr, length: sp.Expr) -> sp.Expr:
    r""":math:`p(x_1) \cdots p(x_N) = e^{N(T - H)}`, for T the typicality of the
    sequence."""
    return sp.exp(length * (typicality - entropy))


def volumes(exponents: Callable[[Any, Any, Any], tuple[Any, Any]]) -> list[Equation]:
    """On A, T = eps - u = -eps + u' with u, u' >= 0: p times either end of the claimed
    range is e^-Nu at most 1, or e^Nu' at least 1."""
    low, high = exponents(H, EPSILON, N)
    return [
        Equation("volume: p e^(N(H - eps)) <= 1 on A", likelihood(EPSILON - U, H, N) * sp.exp(low), sp.exp(-N * U)),
        Equation("volume: p e^(N(H + eps)) >= 1 on A", likelihood(U - EPSILON, H, N) * sp.exp(high), sp.exp(N * U)),
    ]


# -- the exponential-power family -----------------------------------------------------------------------------------------


def log_power_density(z: sp.Expr, shape: sp.Expr, scale: sp.Expr) -> sp.Expr:
    r""":math:`\log \frac{e^{-(z/s)^{1/a}}}{2 s\,\Gamma(1+a)}` for z >= 0: the
    exponential-power density."""
    return sp.log(sp.exp(-((z / scale) ** (1 / shape))) / (2 * scale * sp.gamma(1 + shape)))


def power_entropy(shape: sp.Expr, scale: sp.Expr) -> sp.Expr:
    r"""Its differential entropy, :math:`a + \log 2s + \log\Gamma(1+a)` nats."""
    return shape + sp.log(2 * scale) + sp.log(sp.gamma(1 + shape))


def moments_of_gamma(shape: sp.Expr) -> Moments:
    r"""E u^k of the gamma distribution, :math:`\Gamma(a + k)/\Gamma(a)`."""
    return lambda k: sp.gamma(shape + k) / sp.gamma(shape)


MOMENT = sp.Function("m")
K = sp.Symbol("k", integer=True, nonnegative=True)


def _gamma_moments() -> list[Equation | Induction]:
    """u = (z/s)^(1/a) has the gamma density, whose moments follow by parts."""
    bracket = U ** (A + K) * sp.exp(-U)
    by_parts = (A + K) * U ** (A + K - 1) * sp.exp(-U) - bracket
    ratio = Equation("a moment of the gamma distribution", MOMENT(K), sp.gamma(A + K) / sp.gamma(A))
    moment = Recursion(MOMENT(K), (sp.S.One,), (A + K) * MOMENT(K), lambda k: sp.Mul(*(A + j for j in range(k))))
    place = S * U**A
    return [
        Equation(
            "the density of u is gamma's",
            sp.exp(-((place / S) ** (1 / A))) * sp.Derivative(place, U),
            S * A * U ** (A - 1) * sp.exp(-U),
        ),
        Equation("moments of gamma(a) by parts", sp.Derivative(bracket, U), by_parts),
        Equation("no boundary term at infinity", sp.Limit(bracket, U, sp.oo), 0),
        Equation("no boundary term at zero", sp.Limit(bracket, U, 0, "+"), 0),
        Induction("moments of the gamma distribution", K, (ratio,), (moment,), start=0),
    ]


EXCESS, VARIANCE = sp.Function("E"), sp.Function("R")


def exponential_power(excess: Callable[[Any, Any], Any]) -> list[Equation | Induction]:
    """A coordinate adds a - u to T, of mean 0 and variance a; so T(mode) and Var(log p)
    of D coordinates, in every D."""
    moments = {U: moments_of_gamma(A)}
    added = power_entropy(A, S) + log_power_density(S * U**A, A, S)
    at_mode = power_entropy(A, S) + log_power_density(sp.S.Zero, A, S)
    variance = expectation((A - U) ** 2, moments)
    mode = Recursion(
        EXCESS(D), (at_mode,), EXCESS(D) + at_mode,
        lambda k: k * power_entropy(A, S) + sp.log((1 / (2 * S * sp.gamma(1 + A))) ** k),
    )  # fmt: skip
    spread = Recursion(
        VARIANCE(D),
        (variance,),
        variance_of_sum(V_OLD, variance).subs(V_OLD, VARIANCE(D)),
        lambda k: variance_of_sum(*[A] * k),
    )
    claims = (Equation("T at the mode", EXCESS(D), excess(D, A)), Equation("Var(log p)", VARIANCE(D), D * A))
    return [
        *_gamma_moments(),
        Equation("a coordinate adds a - u to T", added, A - U),
        Equation("E T = 0, so that H is the entropy", expectation(A - U, moments), 0),
        Induction("exponential-power distributions", D, claims, (mode, spread)),
    ]


def uniform_mode() -> Equation:
    """A uniform distribution of any width: T is 0 everywhere, and every point is a
    typical mode."""
    width = sp.Symbol("b", positive=True)
    return Equation("T of a uniform distribution", sp.log(width) + sp.log(1 / width), 0)


# -- normal distributions -------------------------------------------------------------------------------------------------


def log_normal_density(x: sp.Expr, mean: sp.Expr, deviation: sp.Expr) -> sp.Expr:
    """The normal log density."""
    return -(((x - mean) / deviation) ** 2) / 2 - sp.log(deviation) - sp.log(2 * sp.pi) / 2


def normal_entropy(deviation: sp.Expr) -> sp.Expr:
    r""":math:`\tfrac12 \log(2\pi e\,\sigma^2)` nats; negative for :math:`\sigma < (2\pi
    e)^{-1/2}`."""
    return sp.log(2 * sp.pi * sp.E * deviation**2) / 2


def normal() -> list[Equation]:
    """Any covariance: x = m + L z with L triangular adds (1 - z^2)/2 a coordinate,
    whatever L and m are; z^2/2 is gamma(1/2)."""
    z, deviation, mean = sp.Symbol("z", real=True), sp.Symbol("l", positive=True), sp.Function("mu", real=True)(W)
    added = normal_entropy(deviation) + log_normal_density(mean + deviation * z, mean, deviation)
    positive, half = sp.Symbol("z", positive=True), sp.Rational(1, 2)
    power = log_power_density(positive, half, sp.sqrt(2) * deviation)
    return [
        Equation("what a coordinate of a normal distribution adds to T", added, (1 - z**2) / 2),
        Equation(
            "it is exponential-power, a = 1/2, s = sqrt(2) sigma", power, log_normal_density(positive, 0, deviation)
        ),
        Equation("its entropy", power_entropy(half, sp.sqrt(2) * deviation), normal_entropy(deviation)),
    ]


def narrow_normal(entropy: Callable[[Any], Any]) -> list[Equation]:
    """A normal distribution with H = -1, and T = -1 + log p(mode) = 1/2 there;
    ``entropy`` is what stands for H."""
    narrow = sp.exp(sp.Rational(-3, 2)) / sp.sqrt(2 * sp.pi)
    return [
        Equation("a negative entropy", normal_entropy(narrow), -1),
        Equation(
            "T at the mode of a narrow normal distribution",
            entropy(normal_entropy(narrow)) + log_normal_density(sp.S.Zero, 0, narrow),
            sp.Rational(1, 2),
        ),
    ]
