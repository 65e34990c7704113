r"""Weighted likelihoods ``A + lambda B`` and convex combinations: which weight is
which, and what a larger weight does to a maximiser.

Letters: ``m`` a joint mass, ``p`` the marginal mass of x, so that m/p is the
conditional; ``A`` the classifier's log likelihood, ``B`` the image's; ``l`` the weight
of a convex combination.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations, product
from typing import Any

from sympy import Derivative, Expr, Function, Integral, Symbol, exp, log, oo, pi, sqrt

from theory.likelihoods.bernoulli import gibbs
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

__all__ = [
    "every_small_problem",
    "exchange",
    "gaussian_power_mass",
    "inverse_weights",
    "marginal_mixture",
    "mixture_of_conditional_and_joint",
    "mixtures_of_data_sets",
    "odds",
    "optimum_of_quadratics",
    "plain_weight",
    "power_of_a_gaussian",
    "quadratic_response",
    "truth_is_best",
    "unit_mass",
]  # fmt: skip

Weight = Callable[[Any], Any]

LAMBDAS = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(3))
VALUES = (0, 1, 2)


def odds(weight: Any) -> Any:
    """``l / (1 - l)``: the lambda of a mixture of conditional and marginal."""
    return weight / (1 - weight)


def plain_weight(weight: Any) -> Any:
    """``l``: the lambda of a mixture of conditional and joint."""
    return weight


# -- convex combinations --------------------------------------------------------------------------------------------------


def _share() -> Any:
    """A weight between 0 and 1, as ``1/(1 + h)`` with h positive."""
    return 1 / (1 + Symbol("h", positive=True))


def mixture_of_conditional_and_joint(weight: Weight = plain_weight) -> Equation:
    """``(1-l) log(m/p) + l log m = log(m/p) + weight log p``, l in (0, 1)."""
    m, p, share = Symbol("m", positive=True), Symbol("p", positive=True), _share()
    mixed = (1 - share) * log(m / p) + share * log(m)
    return Equation("conditional and joint: lambda", mixed, log(m / p) + weight(share) * log(p))


def marginal_mixture(weight: Weight = odds) -> Equation:
    """``(1-l) log(m/p) + l log p = (1-l) (log(m/p) + weight log p)``, l in (0, 1)."""
    m, p, share = Symbol("m", positive=True), Symbol("p", positive=True), _share()
    mixed = (1 - share) * log(m / p) + share * log(p)
    return Equation("conditional and marginal: lambda", mixed, (1 - share) * (log(m / p) + weight(share) * log(p)))


def mixtures_of_data_sets(joint_weight: Weight = plain_weight, marginal_weight: Weight = odds) -> Induction:
    """Both for the sums over n points, for every n, whatever the two log likelihoods of
    a point."""
    n, share = Symbol("n", integer=True, positive=True), _share()
    a, b = Function("a", real=True), Function("b", real=True)
    J, M, A, B = (Function(name, real=True) for name in "JMAB")

    def summed(of: Any, term: Callable[[Any], Expr]) -> Recursion:
        return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))

    objects = (
        summed(J(n), lambda i: (1 - share) * a(i) + share * (a(i) + b(i))),
        summed(M(n), lambda i: (1 - share) * a(i) + share * b(i)),
        summed(A(n), a),
        summed(B(n), b),
    )
    claims = (
        Equation("conditional and joint", J(n), A(n) + joint_weight(share) * B(n)),
        Equation("conditional and marginal", M(n), (1 - share) * (A(n) + marginal_weight(share) * B(n))),
    )
    return Induction("convex combinations over n points", n, claims, objects)


def inverse_weights() -> list[Equation]:
    """``l = lambda / (1 + lambda)`` has odds lambda: mixing with the marginal reaches
    every lambda > 0, mixing with the joint only lambda < 1."""
    weight = Symbol("lambda", positive=True)
    share = weight / (1 + weight)
    return [
        Equation("odds of lambda / (1 + lambda)", odds(share), weight),
        Equation("what is left to 1", 1 - plain_weight(share), 1 / (1 + weight)),
    ]


def optimum_of_quadratics(weight: Weight = odds) -> Equation:
    """``A = -(t-a)^2/2``, ``B = -k (t-b)^2/2``: the mixture with the marginal is
    stationary at the maximiser of ``A + weight B``."""
    t, a, b, k, share = (
        Symbol("t", real=True),
        Symbol("a", real=True),
        Symbol("b", real=True),
        Symbol("k", positive=True),
        _share(),
    )
    slope = ((1 - share) * -((t - a) ** 2) / 2 + share * -k * (t - b) ** 2 / 2).diff(t)
    w = weight(share)
    return Equation("optimum of a mixture of quadratics", slope.subs(t, (a + w * k * b) / (1 + w * k)), 0 * a)


# -- what a larger weight does --------------------------------------------------------------------------------------------


def truth_is_best() -> list[Any]:
    """``sum p log(p/q) = sum q phi(p/q) + sum p - sum q`` for every number of cells,
    phi as in :func:`gibbs`: the truth p maximises both parts.

    With parts that fall short by s and r, ``A + lambda B`` falls short by ``s + lambda
    r``: the maximisers are those of both, for every lambda > 0.
    """
    n = Symbol("n", integer=True, positive=True)
    p, q = Function("p", positive=True), Function("q", positive=True)
    F, G, P, Q = (Function(name, real=True) for name in "FGPQ")

    def summed(of: Any, term: Callable[[Any], Expr]) -> Recursion:
        return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))

    objects = (
        summed(F(n), lambda i: p(i) * log(p(i) / q(i))),
        summed(G(n), lambda i: q(i) * gibbs(p(i) / q(i))),
        summed(P(n), p),
        summed(Q(n), q),
    )
    claim = Equation("sum p log(p/q)", F(n), G(n) + P(n) - Q(n))
    A, B = Symbol("A", real=True), Symbol("B", real=True)
    s, r, weight = Symbol("s", nonnegative=True), Symbol("r", nonnegative=True), Symbol("lambda", positive=True)
    short = (A + weight * B) - ((A - s) + weight * (B - r))
    return [
        Induction("Kullback-Leibler divergence of n cells", n, (claim,), objects),
        Equation("both parts short: by how much A + lambda B is", short, s + weight * r),
        Sign("both parts short: A + lambda B is not larger", s + weight * r),
    ]


def exchange(direction: int = 1) -> list[Equation | Sign]:
    """The exchange inequality: 1 maximises ``A + lambda B`` and 2 maximises ``A + mu
    B``, mu = lambda + d, d > 0.

    The two shortfalls add up to ``d (B_2 - B_1)``, so that ``B_2 >= B_1``; and ``A_1 -
    A_2`` is the first plus ``lambda (B_2 - B_1)``.
    """
    A1, A2, B1, B2 = (Symbol(name, real=True) for name in ("A_1", "A_2", "B_1", "B_2"))
    weight, d = Symbol("lambda", positive=True), Symbol("d", positive=True)
    s, r = Symbol("s", nonnegative=True), Symbol("r", nonnegative=True)
    first = (A1 + weight * B1) - (A2 + weight * B2)
    second = (A2 + (weight + d) * B2) - (A1 + (weight + d) * B1)
    return [
        Equation("exchange: the shortfalls add up to d (B_2 - B_1)", first + second, direction * d * (B2 - B1)),
        Equation("exchange: what A loses", A1 - A2, first + weight * (B2 - B1)),
        Sign("exchange: B is nondecreasing", s + r),
        Sign("exchange: A is nonincreasing", s + weight * r),
    ]


def quadratic_response() -> list[Equation | Sign]:
    """``A = -(t-a)^2/2``, ``B = -k (t-b)^2/2``: along the maximiser B rises at the rate
    ``k^2 (a-b)^2 / (1 + lambda k)^3``, 0 only for a = b."""
    t, a, b = (Symbol(name, real=True) for name in "tab")
    k, weight = Symbol("k", positive=True), Symbol("lambda", positive=True)
    best = (a + weight * k * b) / (1 + weight * k)
    reached = (-k * (t - b) ** 2 / 2).subs(t, best)
    rate = k**2 * (a - b) ** 2 / (1 + weight * k) ** 3
    slope = (-((t - a) ** 2) / 2 - weight * k * (t - b) ** 2 / 2).diff(t).subs(t, best)
    return [
        Equation("quadratics: the maximiser", slope, 0 * a),
        Equation("quadratics: B along it", Derivative(reached, weight), rate),
        Sign("quadratics: B does not fall", k**2 * (a - b) ** 2, ">= 0", ((k**2, a - b),)),
    ]


def power_of_a_gaussian(exponent: Callable[[Any], Any] = lambda weight: (1 - weight) / 2) -> Equation:
    """``integral p^lambda = (2 pi s2)^((1 - lambda)/2) / sqrt(lambda)`` for one
    dimension: it is one for every variance at lambda = 1 alone."""
    x, weight, s2 = Symbol("x", real=True), Symbol("lambda", positive=True), Symbol("s2", positive=True)
    powered = (2 * pi * s2) ** (-weight / 2) * exp(-weight * x**2 / (2 * s2))
    return Equation(
        "integral of p^lambda", Integral(powered, (x, -oo, oo)), (2 * pi * s2) ** exponent(weight) / sqrt(weight)
    )


def gaussian_power_mass(weight: float, scale: float) -> float:
    """The value of :func:`power_of_a_gaussian` as a number, for deviation ``scale``."""
    variance = 2 * math.pi * scale**2
    return variance ** ((1 - weight) / 2) / math.sqrt(weight)


def unit_mass(weight: float, scale: float) -> float:
    """One over sqrt(lambda): the mass of p^lambda if its constant needed no
    correction."""
    return 1 / math.sqrt(weight)


# -- every small problem --------------------------------------------------------------------------------------------------

Problem = tuple[tuple[int, int], ...]  # (A, B) of each model, in the order of the parameter


def _maximisers(problem: Problem, weight: Fraction, *, local: bool) -> list[int]:
    values = [a + weight * b for a, b in problem]

    def compared(i: int) -> list[Fraction]:
        return values[max(0, i - 1) : i + 2] if local else values

    return [i for i in range(len(problem)) if values[i] == max(compared(i))]


def nondecreasing(problem: Problem, *, local: bool, direction: int) -> bool:
    """Whether B is nondecreasing over maximisers at increasing weights: every pair of
    weights, every pair of maximisers."""
    best = [_maximisers(problem, weight, local=local) for weight in LAMBDAS]
    pairs = ((problem[i][1], problem[j][1]) for one, two in combinations(best, 2) for i in one for j in two)
    return all(direction * (after - before) >= 0 for before, after in pairs)


def nondecreasing_by_thresholds(problem: Problem, *, local: bool, direction: int) -> bool:
    """The same from the weights at which two models change places: i is at least as
    good as j on one side of ``(A_j - A_i)/(B_i - B_j)``."""

    def preferred(i: int) -> tuple[Any, Any]:
        low, high = Fraction(0), Fraction(10**6)
        for j, (a, b) in enumerate(problem):
            da, db = a - problem[i][0], problem[i][1] - b
            if local and abs(i - j) > 1:
                continue
            if db > 0:
                low = max(low, Fraction(da, db))
            elif db < 0:
                high = min(high, Fraction(da, db))
            elif da > 0:
                return Fraction(1), Fraction(0)
        return low, high

    ranges = [preferred(i) for i in range(len(problem))]
    at = [[i for i, (low, high) in enumerate(ranges) if low <= weight <= high] for weight in LAMBDAS]
    for earlier, later in combinations(range(len(LAMBDAS)), 2):
        lowest = min(direction * problem[j][1] for j in at[later])
        if max(direction * problem[i][1] for i in at[earlier]) > lowest:
            return False
    return True


def every_small_problem(*, local: bool = False, direction: int = 1) -> Enumeration:
    """Three models with A and B in 0, 1, 2, weights 1/2, 1, 2, 3: global maximisers (or
    ``local`` ones, along the line of models)."""

    def members() -> Iterator[Problem]:
        return product(product(VALUES, repeat=2), repeat=3)

    family = Family("triples of models with A and B in 0, 1, 2", members, 9**3)
    return Enumeration(
        "every small problem: B is nondecreasing in lambda", family,
        lambda problem: nondecreasing(problem, local=local, direction=direction),
        lambda problem: nondecreasing_by_thresholds(problem, local=local, direction=direction),
    )  # fmt: skip
