r"""Confidence of a classifier far away: piecewise-linear logits along a ray, and the
densities that a generative part gives there.

Letters: ``t`` the radius, ``u`` a direction, ``g`` by how much the largest logit's
slope exceeds another's, ``c`` the difference of their intercepts. Along a ray a ReLU
network is affine from some radius on, and its slope is its own value at u with all
biases taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from sympy import Expr, Function, Symbol, exp, log, pi, sqrt

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

__all__ = [
    "affine_head", "confidence", "densities_far_away", "every_small_network", "grows", "grows_always", "normaliser", "radial_head", "unit", "weighted_sum",
]  # fmt: skip

Network = tuple[tuple[int, int], tuple[int, int], tuple[int, int], int, int, int, int]  # w, b, W, B, v, c, direction
Criterion = Callable[[Network], bool]


def _summed(of: Any, n: Any, term: Callable[[Any], Expr]) -> Recursion:
    return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))


def weighted_sum() -> Induction:
    """A unit's input ``sum w_j (t a_j + b_j)`` is affine in t, for every number of
    inputs: slope ``sum w_j a_j``, no bias in it."""
    n, t = Symbol("n", integer=True, positive=True), Symbol("t", real=True)
    w, a, b = (Function(name, real=True) for name in ("w", "a", "b"))
    P, A, B = (Function(name, real=True) for name in ("P", "A", "B"))
    objects = (
        _summed(P(n), n, lambda j: w(j) * (t * a(j) + b(j))),
        _summed(A(n), n, lambda j: w(j) * a(j)),
        _summed(B(n), n, lambda j: w(j) * b(j)),
    )
    claim = Equation("sum w (t a + b) = t sum w a + sum w b", P(n), t * A(n) + B(n))
    return Induction("a unit's input along a ray", n, (claim,), objects)


def unit() -> list[Equation | Sign]:
    """From radius ``|b| / |a|`` on, ``t a + b`` has the sign of a, so that ``relu(t a +
    b)`` is ``t relu(a)`` and a constant.

    With ``a = p`` or ``a = -p``, p > 0, ``b = q - r``, and t = r/p + s or q/p + s; for
    a = 0 the unit is the constant relu(b).
    """
    p = Symbol("p", positive=True)
    q, r, s = (Symbol(name, nonnegative=True) for name in "qrs")
    above, below = p * s + q, p * s + r
    return [
        Equation("input of a unit of positive slope", p * (r / p + s) + (q - r), above),
        Sign("it is not negative: the unit passes it on", above),
        Equation("input of a unit of negative slope", -(-p * (q / p + s) + (q - r)), below),
        Sign("it is not positive: the unit is silent", below),
    ]


def normaliser() -> Induction:
    """``e^z + sum_k e^(z - (g_k t + c_k)) = e^z (1 + S)`` for every number of other
    labels, so that the first has probability 1/(1 + S)."""
    n, z, t = Symbol("n", integer=True, positive=True), Symbol("z", real=True), Symbol("t", positive=True)
    g, c = Function("g", positive=True), Function("c", real=True)
    Z, S = Function("Z", real=True), Function("S", real=True)

    def term(k: Any) -> Expr:
        return exp(z - (g(k) * t + c(k)))

    objects = (
        Recursion(
            Z(n), (exp(z) + term(1),), Z(n) + term(n + 1), lambda k: exp(z) + sum(term(i) for i in range(1, k + 1))
        ),
        _summed(S(n), n, lambda k: exp(-(g(k) * t + c(k)))),
    )
    return Induction(
        "normaliser of n + 1 labels", n, (Equation("Z = e^z (1 + S)", Z(n), exp(z) * (1 + S(n))),), objects
    )


def affine_head(t: Expr, g: Expr, c: Expr) -> Expr:
    """The log-odds ``g t + c`` of a ReLU or linear classifier far out on a ray."""
    return g * t + c


def radial_head(t: Expr, g: Expr, c: Expr) -> Expr:
    """The log-odds ``c exp(-g t^2)`` of a radial basis function, which vanish far
    out."""
    return c * exp(-g * t**2)


def confidence(limit: Any = 1, head: Callable[[Expr, Expr, Expr], Expr] = affine_head) -> list[Equation | Sign]:
    """At radius ``(log(1/eps) - c)/g + s`` the larger of two probabilities misses
    ``limit`` by ``u/(1 + u)``, ``u = eps exp(-g s)``.

    So it is within eps of 1 from that radius on, for every eps. Several labels: 1 - p
    <= S, the sum of such u.
    """
    eps, g = Symbol("epsilon", positive=True), Symbol("g", positive=True)
    s, c, S = Symbol("s", nonnegative=True), Symbol("c", real=True), Symbol("S", nonnegative=True)
    radius, u = (log(1 / eps) - c) / g + s, eps * exp(-g * s)
    probability = 1 / (1 + exp(-head(radius, g, c)))
    return [
        Equation("confidence at a radius: limit - p = u / (1 + u)", limit - probability, u / (1 + u)),
        Equation("several labels: S - (1 - p)", S - (1 - 1 / (1 + S)), S**2 / (1 + S)),
        Sign("several labels: 1 - p is at most S", S**2),
    ]


def densities_far_away() -> list[Equation]:
    """Two Gaussians at m and -m: the posterior is logistic(2 m t), and the density of
    the mixture is that of the nearer half, twice at most.

    At t = m + s the log density is below ``-s^2/2``, while the posterior of the nearer
    one tends to 1.
    """
    t, m, s = Symbol("t", real=True), Symbol("m", positive=True), Symbol("s", nonnegative=True)

    def normal(x: Expr) -> Expr:
        return exp(-(x**2) / 2) / sqrt(2 * pi)

    near, far = normal(t - m), normal(t + m)
    shifted = log(near.subs(t, m + s), evaluate=False)
    return [
        Equation("posterior of the Gaussian at m", near / (near + far), 1 / (1 + exp(-2 * m * t))),
        Equation("density of the mixture", (near + far) / 2, near * (1 + exp(-2 * m * t)) / 2),
        Equation("log density of the nearer Gaussian", shifted, -(s**2) / 2 - log(2 * pi) / 2),
    ]


# -- every small network --------------------------------------------------------------------------------------------------


def _relu(x: int) -> int:
    return max(x, 0)


def value(network: Network, t: int) -> int:
    """The log-odds at ``t`` times the direction: one number in, two hidden units, one
    hidden unit, one number out."""
    w, b, W, B, v, c, u = network
    first = [_relu(w[i] * u * t + b[i]) for i in range(2)]
    return v * _relu(W[0] * first[0] + W[1] * first[1] + B) + c


def without_biases(network: Network) -> int:
    """The same network at its direction, all biases zero."""
    w, _, W, _, v, _, u = network
    return value((w, (0, 0), W, 0, v, 0, u), 1)


def slope_by_pieces(network: Network) -> int:
    """The slope far out by carrying (slope, intercept) through the layers: a unit of
    slope 0 keeps a constant."""
    w, b, W, B, v, _, u = network

    def rectified(a: int, k: int) -> tuple[int, int]:
        return (a, k) if a > 0 else (0, 0) if a < 0 else (0, _relu(k))

    (a1, k1), (a2, k2) = (rectified(w[i] * u, b[i]) for i in range(2))
    return v * rectified(W[0] * a1 + W[1] * a2, W[0] * k1 + W[1] * k2 + B)[0]


def grows(network: Network) -> bool:
    """Whether the log-odds of the network without biases are not 0: the sharp condition
    for certainty along the ray."""
    return without_biases(network) != 0


def grows_always(network: Network) -> bool:
    """What "along every ray" says: no ray is an exception."""
    return bool(network)


def every_small_network(criterion: Criterion = grows) -> Enumeration:
    """Networks 1-2-1-1 with weights +-1 and biases -1, 0, 1, both rays: the slope, and
    whether confidence tends to 1.

    Beyond radius 3 no unit changes its sign, so that the log-odds at 100 and 200 tell
    the slope.
    """
    signs, biases = (-1, 1), (-1, 0, 1)

    def members() -> Iterator[Network]:
        pairs, offsets = list(product(signs, repeat=2)), list(product(biases, repeat=2))
        return product(pairs, offsets, pairs, biases, signs, biases, signs)

    def far_values(network: Network) -> bool:
        rise = value(network, 200) - value(network, 100)
        return rise == 100 * without_biases(network) and (abs(rise) > 0) == criterion(network)

    def pieces(network: Network) -> bool:
        w, _, W, _, v, _, u = network
        paths = v * _relu(sum(W[i] * (abs(w[i] * u) + w[i] * u) // 2 for i in range(2)))
        return slope_by_pieces(network) == paths and (slope_by_pieces(network) != 0) == criterion(network)

    size = 2**2 * 3**2 * 2**2 * 3 * 2 * 3 * 2
    family = Family("rays of networks 1-2-1-1 with weights +-1 and biases -1, 0, 1", members, size)
    return Enumeration("every small network: certainty along a ray", family, far_values, pieces)
