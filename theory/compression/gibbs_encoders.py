r"""The best encoder for a fixed decoder and prior, exactly: :math:`q_\beta(z|x) = p(z)
e^{-\beta d(x, z)}/Z(x)`, its curve, and what another prior saves.

:math:`F(\beta) = -E_x \log Z(x)`, :math:`R_p(D) = \sup_\beta F(\beta) - \beta D`; g(z)
= E_x e^{-beta d}/Z(x). Alphabets of any size; nats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.compression.variational_bounds import K, forward
from theory.proof.relative_entropy import N, sum_recursion, tangent_gap
from theory.proof.statements import Equation, Induction, Recursion, Sign

BETA = sp.Symbol("beta", positive=True)
EncoderDistortion = Callable[
    [Any, Any], Any
]  # of d(x, z) and of its mean over the data: the distortion that an encoder weighs codes by


def by_its_own(own: Any, mean: Any) -> Any:
    """The distortion of the datum itself."""
    return own


def by_the_mean(own: Any, mean: Any) -> Any:
    """The mean distortion over the data: one encoder for all of them."""
    return mean


def lagrangian(distortion: EncoderDistortion = by_its_own) -> Induction:
    """k codes, one datum: KL(q||p) + beta E_q d is KL(q||q_beta) less log Z times the
    mass of q; so q_beta is best, and no datum knows of another."""
    q, p = sp.Function("q", positive=True), sp.Function("p", positive=True)
    d, mean = sp.Function("d", real=True), sp.Function("e", real=True)
    Z = sp.Symbol("Z", positive=True)
    cost, divergence, mass = (sp.Function(name, real=True) for name in ("C", "G", "Q"))

    def gibbs(z: Any) -> sp.Expr:
        return p(z) * sp.exp(-BETA * distortion(d(z), mean(z))) / Z

    objects = (
        sum_recursion(cost(K), lambda z: forward(q(z), p(z)) + BETA * q(z) * d(z), K),
        sum_recursion(divergence(K), lambda z: forward(q(z), gibbs(z)), K),
        sum_recursion(mass(K), q, K),
    )
    claim = Equation("rate and weighted distortion", cost(K), divergence(K) - mass(K) * sp.log(Z))
    return Induction("the Lagrangian of one datum", K, (claim,), objects)


# -- the curve ---------------------------------------------------------------------------------------------------------------


def slopes_of_log_z() -> list[Equation | Induction]:
    """Derivatives of Z by beta term by term; -log Z has the mean of d as its slope, and
    minus its variance as the next one."""
    p, d = sp.Symbol("p", positive=True), sp.Symbol("d", real=True)
    Z = sp.Function("Z", positive=True)(BETA)
    term = p * sp.exp(-BETA * d)
    first, second = sp.Derivative(Z, BETA), sp.Derivative(Z, (BETA, 2))
    return [
        Equation("slope of a term", sp.Derivative(term, BETA), -d * term),
        Equation("second slope of a term", sp.Derivative(term, (BETA, 2)), d**2 * term),
        Equation("slope of -log Z", sp.Derivative(-sp.log(Z), BETA), -first / Z),
        Equation("second slope of -log Z", sp.Derivative(-sp.log(Z), (BETA, 2)), -(second / Z - (first / Z) ** 2)),
    ]


def variance() -> list[Induction | Sign]:
    """n codes of masses q: (sum q)(sum q d^2) - (sum q d)^2 is a sum over pairs of q q'
    (d - d')^2, built one code at a time."""
    q, d = sp.Function("q", positive=True), sp.Function("d", real=True)
    mass, mean, square, spread = (sp.Function(name, real=True) for name in ("Q", "M", "S", "V"))
    added = q(N + 1) * (square(N) - 2 * d(N + 1) * mean(N) + d(N + 1) ** 2 * mass(N))
    objects = (
        Recursion(spread(N), (sp.S.Zero,), spread(N) + added, _pairs(q, d)),
        sum_recursion(mass(N), q),
        sum_recursion(mean(N), lambda i: q(i) * d(i)),
        sum_recursion(square(N), lambda i: q(i) * d(i) ** 2),
    )
    claim = Equation("sum over pairs of q q' (d - d')^2", spread(N), mass(N) * square(N) - mean(N) ** 2)
    a, b, x, y = *sp.symbols("a b", positive=True), *sp.symbols("x y", real=True)
    return [
        Induction("variance as a sum over pairs", N, (claim,), objects),
        Sign("a pair's part", sp.expand(a * b * (x - y) ** 2), ">= 0", ((a * b, x - y),)),
    ]


def _pairs(q: Any, d: Any) -> Callable[[int], Any]:
    def explicit(k: int) -> Any:
        return sum((q(i) * q(j) * (d(i) - d(j)) ** 2 for j in range(1, k + 1) for i in range(1, j)), start=sp.S.Zero)

    return explicit


def legendre(slope: Any = None) -> list[Equation]:
    """At D = F'(beta) the curve R = F - beta D has slope -beta, and second slope
    -1/F''."""
    F = sp.Function("F", real=True)(BETA)
    D = sp.Derivative(F, BETA)
    R = F - BETA * D
    curvature = sp.Derivative(F, (BETA, 2))
    claimed = -BETA if slope is None else slope(BETA)
    return [
        Equation("slope of the curve", sp.Derivative(R, BETA), claimed * curvature),
        Equation("second slope of the curve", sp.Derivative(-BETA, BETA) / curvature, -1 / curvature),
    ]


# -- another prior -------------------------------------------------------------------------------------------------------------


def exchange_of_priors() -> list[Equation]:
    """A code's part of Z under another prior p' is Z times q_beta p'/p; averaged over
    the data, q_beta/p is g."""
    p, other, A, Z, w = sp.symbols("p p' A Z w", positive=True)
    encoder = p * A / Z
    return [
        Equation("a term of the other Z", other * A, Z * sp.Mul(encoder, other / p, evaluate=False)),
        Equation("a term of g", w * encoder / p, w * A / Z),
    ]


def concave_logarithm() -> Induction:
    """n data: E log t = E log T + E (t/T - 1) less a sum of tangent gaps, which are not
    negative: what the other prior saves is at most log of the mean."""
    w, t = sp.Function("w", positive=True), sp.Function("t", positive=True)
    T = sp.Symbol("T", positive=True)
    logs, gaps, mean, mass = (sp.Function(name, real=True) for name in ("L", "G", "M", "W"))
    objects = (
        sum_recursion(logs(N), lambda x: w(x) * sp.log(t(x))),
        sum_recursion(gaps(N), lambda x: w(x) * tangent_gap(t(x) / T)),
        sum_recursion(mean(N), lambda x: w(x) * t(x)),
        sum_recursion(mass(N), w),
    )
    claim = Equation("mean of log t", logs(N), mass(N) * sp.log(T) + mean(N) / T - mass(N) - gaps(N))
    return Induction("Jensen's inequality for n data", N, (claim,), objects)


def averaged_gains(bounded: Callable[[Any], Any] = lambda gain: gain) -> Induction:
    """m codes: sum p' g = G sum p' less sum p' (G - g), G the largest g, so that no
    prior has a larger mean gain than G."""
    other, g = sp.Function("p'", positive=True), sp.Function("g", positive=True)
    top = sp.Symbol("G", positive=True)
    total, slack, mass = (sp.Function(name, real=True) for name in ("T", "S", "P"))
    objects = (
        sum_recursion(total(K), lambda z: other(z) * bounded(g(z)), K),
        sum_recursion(slack(K), lambda z: other(z) * (top - g(z)), K),
        sum_recursion(mass(K), other, K),
    )
    claim = Equation("mean gain of a prior", total(K), top * mass(K) - slack(K))
    return Induction("gains under another prior", K, (claim,), objects)


# -- a prior that misses a symbol, and Gaussian priors --------------------------------------------------------------------------


def no_gain(t: Any) -> Any:
    """No gain at all on the symbol that is missed: what a fixed point would need to be
    optimal."""
    return sp.S.Zero


def missed_symbol(excess: Callable[[Any], Any] | None = None) -> list[Equation | Sign]:
    """Two data, two reproductions, the prior on the first alone: a fixed point of
    q_beta, and g = cosh beta > 1 on the other, so not the best prior."""
    t = sp.Symbol("t", positive=True)  # e^beta = 1 + t
    half, A = sp.Rational(1, 2), sp.Matrix([[1, 1 / (1 + t)], [1 / (1 + t), 1]])
    prior = sp.Matrix([1, 0])
    Z = A * prior
    encoder = sp.Matrix(2, 2, lambda x, z: prior[z] * A[x, z] / Z[x])
    mixture = sp.Matrix([[half, half]]) * encoder
    gain = sum(half * A[x, 1] / Z[x] for x in range(2))
    return [
        Equation("its encoder's mixture is the prior", mixture.T, prior),
        Equation("g on the missed symbol", gain - 1, excess(t) if excess else t**2 / (2 * (1 + t))),
        Sign("the excess is positive", t**2, "> 0"),
    ]


def gaussian_priors() -> list[Equation | Sign]:
    """x ~ N(0, s2), d = (x - z)^2/2, prior N(0, v): the encoder is Gaussian, the best v
    is s2 - 1/beta, it depends on beta, and its F is that of Shannon's curve."""
    x, z = sp.symbols("x z", real=True)
    v, s2 = sp.symbols("v s2", positive=True)
    tau = v / (1 + BETA * v)  # the variance of the encoder, whose mean is beta tau x
    exponent = -(z**2) / (2 * v) - BETA * (x - z) ** 2 / 2
    completed = -((z - BETA * tau * x) ** 2) / (2 * tau) - BETA * x**2 / (2 * (1 + BETA * v))
    F = sp.log(1 + BETA * v) / 2 + BETA * s2 / (2 * (1 + BETA * v))
    extra = sp.Symbol("r", positive=True)  # s2 = 1/beta + r: the source is wider than the noise
    best = {s2: 1 / BETA + extra}
    return [
        Equation("prior times likelihood, its square completed", exponent, completed),
        Equation("mass of a Gaussian", sp.Integral(sp.exp(-(z**2) / 2), (z, -sp.oo, sp.oo)), sp.sqrt(2 * sp.pi)),
        Equation("what it leaves of the constants", sp.sqrt(tau) / sp.sqrt(v), 1 / sp.sqrt(1 + BETA * v)),
        Equation("slope of F in v", sp.Derivative(F, v), BETA**2 * (1 / BETA + v - s2) / (2 * (1 + BETA * v) ** 2)),
        Equation(
            "at v = s2 - 1/beta", F.subs(best).subs(v, extra), sp.log(BETA * (1 / BETA + extra)) / 2 + sp.Rational(1, 2)
        ),
        Equation(
            "the rate there",
            F.subs(best).subs(v, extra) - BETA * (1 / BETA) / 2,
            sp.log((1 / BETA + extra) / (1 / BETA)) / 2,
        ),
    ]


# -- pushforwards ---------------------------------------------------------------------------------------------------------------


def by_mass(mass: Any, one: Any) -> Any:
    """The mass of all codes together."""
    return mass


def without_mass(mass: Any, one: Any) -> Any:
    """One, whatever the codes weigh."""
    return one


def merged_codes(kept: Callable[[Any, Any], Any] = by_mass) -> Induction:
    """k codes with one reproduction add up to one code that has their mass: Z sees the
    distribution of f(z) and nothing else."""
    p = sp.Function("p", positive=True)
    A = sp.Symbol("A", positive=True)
    Z, mass = sp.Function("Z", real=True), sp.Function("P", real=True)
    objects = (sum_recursion(Z(K), lambda z: p(z) * A, K), sum_recursion(mass(K), p, K))
    claim = Equation("codes with one reproduction", Z(K), A * kept(mass(K), sp.S.One))
    return Induction("k codes that decode alike", K, (claim,), objects)


def entangled_twin() -> list[Equation]:
    """A rotation leaves a Gaussian prior as it is: a decoder after a rotation of the
    plane, rational in its tangent, reads the same density, with Jacobian 1."""
    t, x, y = sp.symbols("t x y", real=True)
    R = sp.Matrix([[1 - t**2, -2 * t], [2 * t, 1 - t**2]]) / (1 + t**2)
    z = sp.Matrix([x, y])
    turned = R * z
    return [
        Equation("the prior's exponent at the rotated code", turned[0] ** 2 + turned[1] ** 2, x**2 + y**2),
        Equation("the Jacobian of a rotation", sp.Determinant(R), 1),
    ]


# -- ranges -----------------------------------------------------------------------------------------------------------------------


def between(s: Any) -> Any:
    """A reproduction halfway between the two data: it costs 1/2 for each, s =
    exp(-beta/2)."""
    return s


def on_a_datum(s: Any) -> Any:
    """A reproduction that costs nothing for both data."""
    return sp.S.One


def two_reproductions_suffice(other: Callable[[Any], Any] = between) -> list[Equation | Sign]:
    """A fair bit and further reproductions that cost 1/2 + c, c >= 0: g = 2 s e^(-beta
    c)/(1 + s^2) <= 1 there, so that the two bits carry the optimum."""
    s, t = sp.Symbol("s", positive=True), sp.Symbol("t", nonnegative=True)
    half = sp.Rational(1, 2)
    A = sp.Matrix([[1, s**2], [s**2, 1]])  # exp(-beta d), d = 0 or 1
    Z = A * sp.Matrix([half, half])
    kept = (half * A[0, 0] / Z[0] + half * A[1, 0] / Z[1]).together()
    further = 2 * half * other(s) / (1 + t) / Z[0]  # exp(-beta c) = 1/(1 + t)
    excess = (1 - s) ** 2 / (1 + s**2) + t * 2 * s / ((1 + t) * (1 + s**2))
    return [
        Equation("g on the two bits", kept, 1),
        Equation("1 - g on the others", 1 - further, excess),
        Sign("its first numerator", sp.expand((1 - s) ** 2), ">= 0", ((sp.S.One, 1 - s),)),
        Sign("its second numerator", t * 2 * s, ">= 0"),
    ]
