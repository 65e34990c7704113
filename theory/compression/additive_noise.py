r"""Rates in closed form, exactly: a source that is a reproduction plus noise of density
:math:`e^{-\beta\rho}/c` has g = 1 everywhere.

Then no other distribution of reproductions does better
(:mod:`theory.compression.tilted_encoders`), and R = h(x) - h(w). Gaussian, Laplace and
binary sources are such sums. Nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.compression.variational_bounds import K
from theory.proof.relative_entropy import summed
from theory.proof.statements import Equation, Induction

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
        summed(Z(K), lambda y: q(y) * sp.exp(-beta * rho(y)), K),
        summed(source(K), lambda y: q(y) * noise(y), K),
    )
    gains = (
        summed(gain(K), lambda x: p(x) * sp.exp(-beta * rho(x)) / (c * p(x)), K),
        summed(mass(K), noise, K),
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
