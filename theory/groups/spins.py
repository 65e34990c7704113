"""Spin matrices of every spin as statements: brackets, Casimir, what commutes with
them, characters and how many there are.

Weights are m = j, j-1, .., -j; entry k of the ladder is the square of <j-k| J_-
|j-k+1>.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp
from sympy import Function, I, Integral, Matrix, Sum, Symbol, cos, exp, pi, sin, sqrt

from theory.groups.haar_measure import THETA
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion
from theory.proof.telescoping import differences

LARGEST_DIMENSION = 3  # of the spin matrices that are multiplied out


def lowering_squared(j: Any, m: Any) -> Any:
    """The square of <m-1| J_- |m> in spin j."""
    return (j + m) * (j - m + 1)


def ladder_induction() -> Induction:
    """J_- is known up to phases from [J+, J-] = 2 Jz and J+ |j> = 0: the k-th squared
    entry is the sum of the 2m passed, k (2j + 1 - k)."""
    k, j = Symbol("k", integer=True, nonnegative=True), Symbol("j", real=True)
    N = Function("N")(k)
    passed = Recursion(N, (sp.S.Zero,), N + 2 * (j - k), lambda n: sp.S(sum(2 * (j - i) for i in range(n))))  # pyright: ignore[reportArgumentType]
    return Induction("squared entries of J-", k, (Equation("", N, lowering_squared(j, j - k + 1)),), (passed,), start=0)


def ladder_equations() -> list[Equation]:
    """Spin matrices of every spin j: brackets, Casimir, the end of the ladder; and what
    commutes with them (A undefined).

    Intertwiners of spins j and k differ in the Casimir by (j-k)(j+k+1), not 0 for j !=
    k; within one spin what commutes with J_z is diagonal, and commuting with J_- makes
    neighbours on the diagonal equal, for <m-1|J_-|m> is not 0 when -j < m <= j.
    """
    j, k, m, n = (Symbol(name, real=True) for name in "jkmn")
    d, i = Symbol("d", integer=True, positive=True), Symbol("i", integer=True)
    A, a = Function("A"), Function("a")
    low, high = lowering_squared(j, m), lowering_squared(j, m + 1)
    return [
        Equation("[J+, J-] = 2 Jz", low - high, 2 * m),
        Equation("Casimir", m**2 + (low + high) / 2, j * (j + 1)),
        Equation("the ladder ends in dimension d = 2j + 1", Sum(d - 1 - 2 * i, (i, 0, d - 1)), 0),
        Equation("Casimirs tell spins apart", j * (j + 1) - k * (k + 1), (j - k) * (j + k + 1)),
        Equation("[Jz, A]", m * A(m, n) - A(m, n) * n, (m - n) * A(m, n)),
        Equation("[J-, A], A diagonal", sqrt(low) * a(m) - a(m - 1) * sqrt(low), sqrt(low) * (a(m) - a(m - 1))),
    ]


def trace_induction() -> Induction:
    """A diagonal from its first entry and the differences of neighbours: where these
    are 0 it is a scalar, and its trace n times that."""
    return differences("diagonals with equal neighbours", Function("a"))


def spin_matrices(d: int) -> tuple[Matrix, Matrix, Matrix]:
    """J_x, J_y, J_z in dimension d, weights descending."""
    j = sp.Rational(d - 1, 2)
    lowering = sp.zeros(d, d)
    for k in range(1, d):
        lowering[k, k - 1] = sqrt(lowering_squared(j, j - k + 1))
    raising = lowering.T
    return (raising + lowering) / 2, (raising - lowering) / (2 * I), sp.diag(*(j - k for k in range(d)))


def has_brackets(matrices: tuple[Matrix, Matrix, Matrix]) -> bool:
    """[Jx, Jy] = i Jz and its two turns, and a Casimir that is scalar, multiplied
    out."""
    triples = [matrices[k:] + matrices[:k] for k in range(3)]
    brackets = all((x * y - y * x - I * z).applyfunc(sp.expand).is_zero_matrix for x, y, z in triples)
    casimir = sum((x * x for x in matrices), sp.zeros(*matrices[0].shape)).applyfunc(sp.expand)  # pyright: ignore[reportAttributeAccessIssue]
    return brackets and casimir == casimir[0, 0] * sp.eye(casimir.rows)


def intertwiners(d: int, e: int) -> int:
    """The dimension of {A : A J = J' A} for spins of dimensions d and e, by linear
    equations."""
    equations = [
        sp.kronecker_product(sp.eye(e), J.T) - sp.kronecker_product(K, sp.eye(d))
        for J, K in zip(spin_matrices(d), spin_matrices(e), strict=True)
    ]
    return d * e - Matrix.vstack(*equations).rank()


def spin_pairs() -> Enumeration:
    """Schur's lemma for small spins: dimensions of intertwiners by linear equations,
    and by the weights that two spins share."""
    top = LARGEST_DIMENSION

    def by_equations(pair: tuple[int, int]) -> bool:
        return has_brackets(spin_matrices(pair[0])) and intertwiners(*pair) == int(pair[0] == pair[1])

    def by_highest_weight(pair: tuple[int, int]) -> bool:
        """What intertwines takes the kernel of the raising matrix to such a kernel,
        weight by weight: one line on each side."""
        tops = []
        for d in pair:
            x, y, z = spin_matrices(d)
            kernel = (x + I * y).nullspace()
            tops.append([(z * v)[0] / v[0] for v in kernel])
        return all(len(weights) == 1 for weights in tops) and (tops[0] == tops[1]) == (pair[0] == pair[1])

    family = Family(f"pairs of spins of dimension at most {top}", lambda: product(range(1, top + 1), repeat=2), top**2)
    return Enumeration("what intertwines two spins", family, by_equations, by_highest_weight)


def character_induction() -> Induction:
    """chi_d(theta) sin theta = sin(d theta) for every dimension d, chi_d the sum of the
    d weights exp(i (d-1-2k) theta).

    The weights of dimension d + 1 are those of dimension d, each times exp(i theta),
    and exp(-i d theta).
    """
    d = Symbol("d", integer=True, positive=True)
    C = Function("C")(d)
    following = exp(I * THETA) * C + exp(-I * d * THETA) * sin(THETA)

    def weights(k: int) -> Any:
        return sin(THETA) * sum(exp(I * (k - 1 - 2 * t) * THETA) for t in range(k))

    objects = (Recursion(C, (sin(THETA),), following, weights),)
    return Induction("characters", d, (Equation("characters", C, sin(d * THETA)),), objects)


def weyl_equations() -> list[Equation]:
    """(2/pi) times the integral of sin(a theta) sin(b theta) over [0, pi] is 0 or 1:
    characters are orthonormal, for every two dimensions."""
    a, b = (Symbol(name, integer=True, positive=True) for name in "ab")
    m = Symbol("m", integer=True, nonzero=True)
    apart, alike = (cos((a - b) * THETA) - cos((a + b) * THETA)) / 2, (1 - cos(2 * a * THETA)) / 2
    return [
        Equation("products of characters as waves", sin(a * THETA) * sin(b * THETA), apart),
        Equation("mean of a wave of nonzero frequency", Integral(cos(m * THETA), (THETA, 0, pi)), 0),
        Equation("the square of a character", sin(a * THETA) ** 2, alike),
        Equation("norm of a character", Integral(2 / pi * alike, (THETA, 0, pi)), 1),
    ]


def monomials(degree: int, variables: int = 4) -> list[tuple[int, ...]]:
    """Exponents of all monomials of a degree."""
    if variables == 1:
        return [(degree,)]
    return [(first, *rest) for first in range(degree + 1) for rest in monomials(degree - first, variables - 1)]


def counting_induction() -> Induction:
    """Coefficients of dimension 1..l+1 are as many as polynomials of degree l on the
    sphere of R^4 can have dimensions, for every l >= 1.

    There are (l+1)(l+2)(l+3)/6 monomials of degree l in four variables; |x|^2 = 1 lifts
    every lower degree to l or l - 1.
    """
    l = Symbol("l", integer=True, positive=True)
    M, N = Function("M")(l), Function("N")(l)

    def closed(k: Any) -> Any:
        return (k + 1) * (k + 2) * (k + 3) / 6

    objects = (
        Recursion(M, (sp.S(4),), M + (l + 2) * (l + 3) / 2, lambda k: sp.S(len(monomials(k)))),
        Recursion(N, (sp.S(5),), N + (l + 2) ** 2, lambda k: sp.S(sum(d * d for d in range(1, k + 2)))),
    )
    claim = (
        Equation("number of monomials", M, closed(l)),
        Equation("number of coefficients", N, closed(l) + closed(l - 1)),
    )
    return Induction("number of coefficients", l, claim, objects)
