r"""Rates in closed form, exactly: a source that is a reproduction plus noise of density
:math:`e^{-\beta\rho}/c` has g = 1 everywhere.

Then no other distribution of reproductions does better
(:mod:`theory.compression.gibbs_encoders`), and R = h(x) - h(w). Gaussian, Laplace and
binary sources are such sums. Nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.compression.variational_bounds import K
from theory.proof.relative_entropy import sum_recursion
from theory.proof.statements import Equation, Induction, Recursion, Sign

D = sp.Symbol("D", positive=True)


def gains_of_additive_noise() -> list[Equation | Induction]:
    r"""Noise :math:`v = e^{-\beta\rho}/c`: Z(x) = c p(x) for k reproductions, and g is
    the mass of v around a reproduction, for k data, both by induction.

    Then F - beta D is h(x) - h(w).
    """
    p, q, rho = sp.Function("p", positive=True), sp.Function("q", positive=True), sp.Function("rho", nonnegative=True)
    c, beta = sp.Symbol("c", positive=True), sp.Symbol("beta", positive=True)
    gain, mass, Z, source = (sp.Function(name, real=True) for name in ("g", "V", "Z", "S"))

    def noise(i: Any) -> sp.Expr:
        return sp.exp(-beta * rho(i)) / c

    normaliser = (
        sum_recursion(Z(K), lambda y: q(y) * sp.exp(-beta * rho(y)), K),
        sum_recursion(source(K), lambda y: q(y) * noise(y), K),
    )
    gains = (
        sum_recursion(gain(K), lambda x: p(x) * sp.exp(-beta * rho(x)) / (c * p(x)), K),
        sum_recursion(mass(K), noise, K),
    )
    x, cost = sp.Symbol("x", integer=True, positive=True), sp.Symbol("rho", nonnegative=True)
    return [
        Induction(
            "Z where x = y + w", K, (Equation("Z is c times the source's mass", Z(K), c * source(K)),), normaliser
        ),
        Induction("gains where x = y + w", K, (Equation("gain of a reproduction", gain(K), mass(K)),), gains),
        Equation("log Z, datum by datum", -sp.log(c * p(x)), -sp.log(p(x)) - sp.log(c)),
        Equation("the noise's own entropy", -sp.log(sp.exp(-beta * cost) / c), beta * cost + sp.log(c)),
    ]


# -- three families ---------------------------------------------------------------------------------------------------------------


def half_log(source: Any, distortion: Any) -> sp.Expr:
    """``log(s2/D)/2``: the Gaussian source under squared error."""
    return sp.log(source / distortion) / 2


def gaussian(rate: Callable[[Any, Any], sp.Expr] = half_log) -> list[Equation]:
    """Variance s = D + r: reproductions of variance r, noise of variance D; densities
    convolve, and entropies subtract to log(s/D)/2."""
    x, y = sp.symbols("x y", real=True)
    r = sp.Symbol("r", positive=True)
    total = r + D
    exponent = -(y**2) / (2 * r) - (x - y) ** 2 / (2 * D)
    middle, spread = r * x / total, r * D / total
    completed = -((y - middle) ** 2) / (2 * spread) - x**2 / (2 * total)
    entropy = sp.log(2 * sp.pi * sp.E * total) / 2 - sp.log(2 * sp.pi * sp.E * D) / 2
    return [
        Equation("reproduction plus noise, its square completed", exponent, completed),
        Equation("mass of a Gaussian", sp.Integral(sp.exp(-(y**2) / 2), (y, -sp.oo, sp.oo)), sp.sqrt(2 * sp.pi)),
        Equation("rate of a Gaussian source", entropy, rate(total, D)),
    ]


def laplace(rate: Callable[[Any, Any], sp.Expr] = lambda b, d: sp.log(b / d)) -> list[Equation]:
    """Scale b = D + r under |x - y|: an atom of mass (D/b)^2 at 0 and otherwise the
    source itself, plus noise of scale D."""
    x, y = sp.symbols("x y", positive=True)
    r = sp.Symbol("r", positive=True)
    b = D + r

    a, t = sp.Symbol("a", positive=True), sp.Symbol("t", positive=True)
    near, far = sp.symbols("u v", positive=True)  # exp(-x/D) and exp(-x/b)
    decay = 1 / b + 1 / D
    below = near / (4 * b * D) / decay  # reproductions on the other side of zero
    inside = near / (4 * b * D) * (far / near - 1) / (1 / D - 1 / b)  # between zero and x
    beyond = far / (4 * b * D) / decay
    whole = (D / b) ** 2 * near / (2 * D) + (1 - (D / b) ** 2) * (below + inside + beyond)
    entropy = sp.log(2 * sp.E * b) - sp.log(2 * sp.E * D)
    return [
        Equation("an exponential to infinity", sp.Integral(sp.exp(-a * y), (y, 0, sp.oo)), 1 / a),
        Equation("an exponential between ends", sp.Integral(sp.exp(a * y), (y, 0, t)), (sp.exp(a * t) - 1) / a),
        Equation("what stands between zero and x", sp.exp(x * (1 / D - 1 / b)), sp.exp(-x / b) / sp.exp(-x / D)),
        Equation("reproduction plus noise is the source", whole, far / (2 * b)),
        Equation("rate of a Laplace source", entropy, rate(b, D)),
    ]


def binary_entropy(p: Any) -> sp.Expr:
    """``-p log p - (1-p) log(1-p)``."""
    return -p * sp.log(p) - (1 - p) * sp.log(1 - p)


def entropies_apart(p: Any, d: Any) -> sp.Expr:
    """``h(p) - h(D)``."""
    return binary_entropy(p) - binary_entropy(d)


def entropy_less_distortion(p: Any, d: Any) -> sp.Expr:
    """``h(p) - D``: no entropy of the noise."""
    return binary_entropy(p) - d


def binary(rate: Callable[[Any, Any], sp.Expr] = entropies_apart) -> list[Equation]:
    """p = D + (1 - 2 D) q, 0 < D < 1/2: a bit q plus noise D modulo 2, at e^beta = (1 -
    D)/D; g = 1 on both bits, and the rate is h(p) - h(D)."""
    u, q = sp.Symbol("u", positive=True), sp.Symbol("q", positive=True)
    d = 1 / (2 + u)  # below one half
    share = q / (1 + q)  # between 0 and 1
    p = d + (1 - 2 * d) * share
    A = sp.Matrix([[1, d / (1 - d)], [d / (1 - d), 1]])
    weights, prior = sp.Matrix([1 - p, p]), sp.Matrix([1 - share, share])
    Z = A * prior
    gains = [sum(weights[x] * A[x, y] / Z[x] for x in range(2)) for y in range(2)]
    spent = sum(weights[x] * prior[1 - x] * A[x, 1 - x] / Z[x] for x in range(2))
    a, b = sp.symbols("a b", positive=True)
    source, noise = 1 / (1 + a), 1 / (1 + b)
    value = -(1 - source) * sp.log((1 - source) / (1 - noise)) - source * sp.log(source / (1 - noise))
    return [
        Equation("Z is the source over 1 - D", Z, weights / (1 - d)),
        Equation("g on both bits", sp.Matrix(gains), sp.ones(2, 1)),
        Equation("its distortion is D", spent, d),
        Equation("rate of a binary source", value - sp.log((1 - noise) / noise) * noise, rate(source, noise)),
    ]


# -- where the curve ends --------------------------------------------------------------------------------------------------------


def odds_of_the_end(odds: Any) -> sp.Expr:
    """The slope at which a coin of these odds against heads stops paying: the logarithm
    of the odds, not 0."""
    return sp.log(odds)


def kink_of_a_coin(end: Callable[[Any], sp.Expr] = odds_of_the_end) -> list[Equation | Sign]:
    """A coin p < 1/2: the constant reproduction tails is optimal at every slope up to
    log((1-p)/p), and the rate falls to 0 at D = p with that slope; beyond it is 0, so
    that R has a kink at D_max = p."""
    a, u, q = sp.symbols("a u q", positive=True)
    p = 1 / (2 + a)  # below one half; the odds against heads are 1 + a
    grown = 1 + u  # exp(beta)
    gain = (1 - p) / grown + p * grown  # of heads where the prior has tails alone
    settled = {u: a / (1 + q)}  # exp(beta) below the odds
    rate = -q * sp.log(q) - (1 - q) * sp.log(1 - q)
    return [
        Equation("g of the missed side", 1 - gain, (grown - 1) * ((1 - p) - p * grown) / grown),
        Sign("g <= 1 up to the odds", sp.cancel((2 + a) * (1 + q) * (1 + q + a) * (1 - gain).subs(settled)), ">= 0"),
        Equation("slope where the rate ends", sp.Derivative(rate, q).subs(q, p), end(1 + a)),
    ]


def left_alone(level: Any, extra: Any) -> Any:
    """The variance of a component below the level: the level over 1 + e."""
    return level / (1 + extra)


def above_the_level(level: Any, extra: Any) -> Any:
    """A variance above the level, of a component that is left alone all the same."""
    return level * (1 + extra)


def water_filling(unused: Callable[[Any, Any], Any] = left_alone) -> list[Equation | Sign | Induction]:
    r"""Independent Gaussian components under summed squared errors, level theta at slope
    1/(2 theta): those above the level get noise of variance theta, those below none.

    The gain of reproductions is a product over components: 1 in those that are used (the
    Gaussian family above), and exp of -beta y^2 (1 - 2 beta s) where the component of
    variance s is reproduced by 0, at most 1 where s <= theta. Rates and distortions add.
    """
    x, y = sp.symbols("x y", real=True)
    theta, extra, s = sp.symbols("theta e s", positive=True)
    beta = 1 / (2 * theta)
    exponent = -(x**2) / (2 * s) - beta * ((x - y) ** 2 - x**2)
    completed = -((x - 2 * beta * s * y) ** 2) / (2 * s) - beta * y**2 * (1 - 2 * beta * s)
    loss, gain, total = sp.Function("l", real=True), sp.Function("G", real=True), sp.Function("L", real=True)
    factors = (
        Recursion(
            gain(K),
            (sp.exp(-loss(1)),),
            gain(K) * sp.exp(-loss(K + 1)),
            lambda k: sp.Mul(*(sp.exp(-loss(i)) for i in range(1, k + 1))),
        ),
        sum_recursion(total(K), loss, K),
    )
    size, square = sp.symbols("m t", nonnegative=True)
    used = sp.log((theta + extra) / theta) / 2 + (theta + extra) / (2 * (theta + extra))
    return [
        Equation("gain of a component that is left alone, its square completed", exponent, completed),
        Sign(
            "the loss of a reproduction other than 0",
            sp.cancel((1 + size) * square * (1 - 2 * beta * unused(theta, size))),
            ">= 0",
        ),
        Induction(
            "gains of independent components",
            K,
            (Equation("the gain is exp of minus the sum of losses", gain(K), sp.exp(-total(K))),),
            factors,
        ),
        Equation("rate of a component that is used", used - beta * theta, sp.log(1 + extra / theta) / 2),
    ]
