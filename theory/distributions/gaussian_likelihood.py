r"""The isotropic Gaussian of largest expected log likelihood, in every dimension, from
two moments.

Letters: ``m`` and ``v`` are the model's mean and variance, ``mu`` the distribution's
mean, ``T`` the trace of its covariance. In natural parameters ``eta = m/v`` and ``theta
= 1/(2v)`` the model is :math:`\exp(\langle\eta,x\rangle - \theta|x|^2 -
A(\eta,\theta))`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.proof.relative_entropy import N, remainder, sum_recursion, tangent_gap
from theory.proof.statements import Equation, Induction, Recursion, Sign

Variance = Callable[[Any, Any, Any], sp.Expr]  # from trace, largest eigenvalue and dimension

D = sp.Symbol("D", integer=True, positive=True)
V = sp.Symbol("v", positive=True)


def mean_variance(trace: Any, largest: Any, dimension: Any) -> sp.Expr:
    """``tr Cov / D``."""
    return trace / dimension


def largest_variance(trace: Any, largest: Any, dimension: Any) -> sp.Expr:
    """The largest eigenvalue of the covariance, which is the same only for scalar
    covariances."""
    return largest + 0 * trace


def normal_density(x: Any, mean: Any, variance: Any) -> sp.Expr:
    """Density of a normal variable."""
    return sp.exp(-((x - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)


def log_normal_density(x: Any, mean: Any, variance: Any) -> sp.Expr:
    """Log density of a normal variable in nats."""
    return -((x - mean) ** 2) / (2 * variance) - sp.log(2 * sp.pi * variance) / 2


def expected_log_likelihood(trace: Any, distance: Any, variance: Any, dimension: Any = D) -> sp.Expr:
    """``-D/2 log(2 pi v) - (T + |mu - m|^2)/(2 v)``: E_p log q from the trace and the
    squared distance of the means."""
    return -dimension * sp.log(2 * sp.pi * variance) / 2 - (trace + distance) / (2 * variance)


def density_of_n_coordinates() -> Induction:
    """The product of n normal densities of one variance is ``(2 pi v)^(-n/2) exp(-|x -
    m|^2/(2v))``."""
    x, m = sp.Function("x", real=True), sp.Function("m", real=True)
    M, Q = (sp.Function(name, real=True) for name in "MQ")

    def factor(i: Any) -> sp.Expr:
        return normal_density(x(i), m(i), V)

    product = Recursion(
        M(N), (factor(1),), M(N) * factor(N + 1), lambda k: sp.Mul(*(factor(i) for i in range(1, k + 1)))
    )
    claim = Equation("density of n coordinates", M(N), (2 * sp.pi * V) ** (-N / sp.S(2)) * sp.exp(-Q(N) / (2 * V)))
    return Induction("isotropic Gaussian", N, (claim,), (product, sum_recursion(Q(N), lambda i: (x(i) - m(i)) ** 2)))


def second_moments() -> Induction:
    r""":math:`E|X-m|^2 = \mathrm{tr\,Cov} + |\mu - m|^2` from the sufficient statistics
    :math:`E X_i` and :math:`E X_i^2` alone."""
    s, mu, m = (sp.Function(name, real=True) for name in ("s", "mu", "m"))
    F, T, d = (sp.Function(name, real=True) for name in ("F", "T", "d"))
    objects = (
        sum_recursion(F(N), lambda i: s(i) - 2 * m(i) * mu(i) + m(i) ** 2),
        sum_recursion(T(N), lambda i: s(i) - mu(i) ** 2),
        sum_recursion(d(N), lambda i: (mu(i) - m(i)) ** 2),
    )
    claim = Equation("E|X - m|^2 = tr Cov + |mu - m|^2", F(N), T(N) + d(N))
    return Induction("second moments", N, (claim,), objects)


def gap_to_the_best(variance: Variance = mean_variance) -> list[Equation | Sign]:
    r"""What any other mean and variance lose: :math:`\tfrac D2(r - 1 - \log r) +
    |\mu-m|^2/(2v)` with r the best variance over v."""
    T, d, largest = (
        sp.Symbol("T", positive=True),
        sp.Symbol("d", nonnegative=True),
        sp.Symbol("lambda_1", positive=True),
    )
    best = variance(T, largest, D)
    gained = expected_log_likelihood(T, 0, best) - expected_log_likelihood(T, d, V)
    return [
        Equation("what another Gaussian loses", gained, D * tangent_gap(best / V) / 2 + d / (2 * V)),
        Sign("the distance of the means counts against it", d * V, ">= 0"),
        *remainder(),
    ]


def log_partition() -> Equation:
    r"""A coordinate of :math:`\exp(\eta x - \theta x^2 - A)` is the normal density of
    mean eta/(2 theta) and variance 1/(2 theta): A normalises."""
    x, eta, theta = sp.Symbol("x", real=True), sp.Symbol("eta", real=True), sp.Symbol("theta", positive=True)
    written = eta * x - theta * x**2 - _part(eta, theta)
    return Equation(
        "partition function of a coordinate", written, log_normal_density(x, eta / (2 * theta), 1 / (2 * theta))
    )


def _part(eta: Any, theta: Any) -> sp.Expr:
    return eta**2 / (4 * theta) + sp.log(sp.pi / theta) / 2


def strictly_convex() -> list[Induction | Sign]:
    r"""Along (u, w) the log-partition of n coordinates has second derivative
    :math:`\tfrac1{2\theta}\sum(u_i - \tfrac w\theta\eta_i)^2 + \tfrac{n
    w^2}{2\theta^2}`.

    It vanishes for w = 0 and u = 0 alone, so that at most one model has given moments.
    """
    eta, u = sp.Function("eta", real=True), sp.Function("u", real=True)
    theta, w, t = sp.Symbol("theta", positive=True), sp.Symbol("w", real=True), sp.Symbol("t", real=True)
    G, S = sp.Function("G", real=True), sp.Function("S", real=True)

    def second(i: Any) -> sp.Expr:
        return sp.diff(_part(eta(i) + t * u(i), theta + t * w), t, 2).subs(t, 0)

    def explicit(k: int) -> sp.Expr:
        whole = sum(_part(eta(i) + t * u(i), theta + t * w) for i in range(1, k + 1))
        return sp.diff(whole, t, 2).subs(t, 0)

    objects = (
        Recursion(G(N), (explicit(1),), G(N) + second(N + 1), explicit),
        sum_recursion(S(N), lambda i: (u(i) - w * eta(i) / theta) ** 2),
    )
    claim = Equation("second derivative of A", G(N), S(N) / (2 * theta) + N * w**2 / (2 * theta**2))
    return [
        Induction("strict convexity of the log-partition", N, (claim,), objects),
        Sign("the term in w is positive unless w = 0", N * w**2, ">= 0", ((N, w),)),
    ]
