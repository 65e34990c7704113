"""Legendre polynomials and Gauss-Legendre sums over the rationals: the polynomials, two
algorithms for the sums, and the theorems behind the nodes."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from sympy import QQ, Derivative, Function, Poly, Symbol

from theory.proof.statements import Equation, Induction, Recursion

X = Symbol("x", real=True)


@cache
def legendre(n: int) -> Poly:
    """P_n over the rationals, by the three-term recurrence.

    Raises:
        ValueError: a negative degree.
    """
    if n < 0:
        raise ValueError(f"Expected a degree of at least 0, got {n}.")
    if n < 2:
        return Poly([1], X, domain=QQ) if n == 0 else Poly([1, 0], X, domain=QQ)
    return (Poly([2 * n - 1, 0], X, domain=QQ) * legendre(n - 1) - legendre(n - 2) * (n - 1)) * QQ(1, n)


def rodrigues(n: int) -> Any:
    """P_n by its definition as a derivative: (1 / (2^n n!)) d^n/dx^n (x^2 - 1)^n, not
    carried out."""
    power = (X**2 - 1) ** n
    return (Derivative(power, (X, n)) if n else power) / (2**n * sp.factorial(n))


def legendre_induction() -> Induction:
    """Legendre's differential equation for every degree n, from the recurrence, which
    small degrees compare with Rodrigues' formula.

    P and Q stand for P_n and P_(n-1), D and E for (x^2 - 1) times their derivatives, G
    and H for ((1 - x^2) P')' of the two.
    """
    n = Symbol("n", integer=True, positive=True)
    P, Q, D, E, G, H = (Function(name)(n) for name in "PQDEGH")

    def next_one(here: Any, before: Any) -> Any:
        return ((2 * n + 1) * here - n * before) / (n + 1)

    def slope(k: int) -> Any:
        return (X**2 - 1) * Derivative(rodrigues(k), X)

    def operator(k: int) -> Any:
        return Derivative((1 - X**2) * Derivative(rodrigues(k), X), X)

    objects = (
        Recursion(P, (X,), next_one(X * P, Q), rodrigues),
        Recursion(Q, (sp.S.One,), P, lambda k: rodrigues(k - 1)),
        Recursion(D, (X**2 - 1,), next_one((X**2 - 1) * P + X * D, E), slope),
        Recursion(E, (sp.S.Zero,), D, lambda k: slope(k - 1)),
        Recursion(G, (-2 * X,), next_one(X * G - 2 * D - 2 * X * P, H), operator),
        Recursion(H, (sp.S.Zero,), G, lambda k: operator(k - 1)),
    )
    claim = (
        Equation("derivative of P_n", D, n * (X * P - Q)),
        Equation("derivative of P_(n-1)", E, n * (P - X * Q)),
        Equation("Legendre's equation, degree n", G, -n * (n + 1) * P),
        Equation("Legendre's equation, degree n - 1", H, -n * (n - 1) * Q),
    )
    return Induction("Legendre's equation", n, claim, objects)


def lagrange_equations() -> list[Equation]:
    """Different eigenvalues of Legendre's operator L make functions orthogonal: Q L[P]
    - P L[Q] is the derivative of what vanishes at both ends."""
    P, Q = Function("P")(X), Function("Q")(X)
    n, m = Symbol("n", integer=True), Symbol("m", integer=True)

    def operator(f: Any) -> Any:
        return Derivative((1 - X**2) * Derivative(f, X), X)

    bracket = (1 - X**2) * (Derivative(P, X) * Q - P * Derivative(Q, X))
    return [
        *(Equation(f"recurrence and Rodrigues' formula, degree {k}", legendre(k).as_expr(), rodrigues(k)) for k in (2, 3, 4)),
        Equation("Lagrange's identity", Q * operator(P) - P * operator(Q), Derivative(bracket, X)),
        Equation("eigenvalues differ", n * (n + 1) - m * (m + 1), (n - m) * (n + m + 1)),
    ]  # fmt: skip


# -- sums over the nodes -------------------------------------------------------------------------------------------------


def integral(f: Poly) -> Fraction:
    """The integral of f over [-1, 1]."""
    return sum((2 * _fraction(c) / (k + 1) for (k,), c in f.terms() if k % 2 == 0), Fraction(0))


def _fraction(c: Any) -> Fraction:
    return Fraction(int(c.p), int(c.q))


@cache
def _weights(n: int) -> tuple[Poly, tuple[Fraction, ...]]:
    """The Christoffel weights 2 (1-x^2)/(n P_(n-1))^2 as a polynomial modulo P_n, and
    power sums of the nodes (Newton)."""
    p = legendre(n)
    inverse = (legendre(n - 1) * n).invert(p)
    weight = (Poly([-2, 0, 2], X, domain=QQ) * inverse * inverse).rem(p)
    monic = [_fraction(c) for c in p.monic().all_coeffs()]
    sums = [Fraction(n)]
    for k in range(1, n):
        sums.append(-k * monic[k] - sum((monic[i] * sums[k - i] for i in range(1, k)), Fraction(0)))
    return weight, tuple(sums)


def gauss_by_trace(f: Poly, n: int) -> Fraction:
    """The n-point Gauss-Legendre sum of f: the sum over all roots of P_n of weight
    times value is a trace of Q[x]/(P_n)."""
    weight, sums = _weights(n)
    value = (weight * f).rem(legendre(n))
    return sum((_fraction(c) * sums[k] for (k,), c in value.terms()), Fraction(0))


def gauss_by_remainder(f: Poly, n: int) -> Fraction:
    """The same sum as the integral of the interpolating polynomial, which is the
    remainder of f modulo P_n."""
    return integral(f.rem(legendre(n)))
