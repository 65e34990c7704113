"""Invariant measure on U(1) and SU(2) as statements: the density from the invariant
forms, means of waves, moments of |a|^2.

Angles are radians, ``g = exp(-i alpha sz/2) exp(-i beta sy/2) exp(-i gamma sz/2)``;
``a`` is the first entry of g.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Derivative, Determinant, Function, I, Integral, Matrix, Symbol, cos, exp, pi, sin

from theory.proof.statements import Equation, Induction, Recursion

ALPHA, BETA, GAMMA, THETA = (Symbol(name, real=True) for name in ("alpha", "beta", "gamma", "theta"))
PAULI = (Matrix([[0, 1], [1, 0]]), Matrix([[0, -I], [I, 0]]), Matrix([[1, 0], [0, -1]]))


def euler(alpha: Any = ALPHA, beta: Any = BETA, gamma: Any = GAMMA) -> Matrix:
    """The element of SU(2) with these Euler angles."""
    c, s = cos(beta / 2), sin(beta / 2)
    plus, minus = exp(-I * (alpha + gamma) / 2), exp(-I * (alpha - gamma) / 2)
    return Matrix([[plus * c, -minus * s], [s / minus, c / plus]])


def invariant_forms(beta: Any = BETA, gamma: Any = GAMMA) -> Matrix:
    """Components C of g^-1 dg along the generators -i s/2, a row for each of alpha,
    beta, gamma."""
    return Matrix(
        [[-sin(beta) * cos(gamma), sin(beta) * sin(gamma), cos(beta)], [sin(gamma), cos(gamma), 0], [0, 0, 1]]
    )


def _exponentials(entry: Any) -> Any:
    return sp.sympify(entry).rewrite(exp)


def _waves(matrix: Matrix) -> Matrix:
    """Sines and cosines as sums of exponentials, multiplied out."""
    return matrix.applyfunc(lambda entry: sp.expand(_exponentials(entry), power_base=False, power_exp=False, log=False))


def inverse_angles() -> tuple[Any, Any, Any]:
    """The Euler angles of g^-1."""
    return -GAMMA, -BETA, -ALPHA


def measure_equations() -> list[Equation]:
    """The forms are what g^-1 dg says, and their determinant is the density sin beta up
    to sign, which is therefore invariant.

    g^-1 dg does not notice g -> hg. Inverting g takes the angles to (-gamma, -beta,
    -alpha) and the density, times the Jacobian of that map, to itself: the measure is
    invariant under g -> gh as well.
    """
    angles, g, forms = (ALPHA, BETA, GAMMA), euler(), invariant_forms()
    found = []
    for row, angle in enumerate(angles):
        form = sum((forms[row, a] * PAULI[a] for a in range(3)), sp.zeros(2, 2)) * (-I / 2)
        found.append(Equation(f"invariant form, {angle}", _waves(g.diff(angle)), (g * form).applyfunc(_exponentials)))  # pyright: ignore[reportArgumentType]
    inverse = inverse_angles()
    jacobian = Matrix([[sp.diff(image, angle) for angle in angles] for image in inverse])
    there = Determinant(invariant_forms(inverse[1], inverse[2])) * Determinant(jacobian)
    return [
        *found,
        Equation("invariant density", Determinant(forms) ** 2, sin(BETA) ** 2),
        Equation("inverse", g * euler(*inverse), sp.eye(2)),
        Equation("density of the inverse", there**2, Determinant(forms) ** 2),
        # alpha and gamma in [0, 4 pi) pass every element twice
        Equation("total mass", Integral(sin(BETA), (BETA, 0, pi)) * (4 * pi) ** 2, 2 * 16 * pi**2),
    ]


def class_equations() -> list[Equation]:
    """The half rotation angle of a Haar element of SU(2), w = cos theta on the unit
    sphere of R^4, has density (2/pi) sin^2 theta."""
    a, b = Symbol("phi", real=True), Symbol("psi", real=True)
    point = Matrix([cos(THETA), *(sin(THETA) * n for n in (sin(a) * cos(b), sin(a) * sin(b), cos(a)))])
    tangents = point.jacobian([THETA, a, b])
    volume = sin(THETA) ** 2 * sin(a)
    sphere = 2 * pi * sin(THETA) ** 2 * Integral(sin(a), (a, 0, pi))
    return [
        Equation("volume of the unit sphere of R^4", Determinant(tangents.T * tangents), volume**2),
        Equation("density of the class angle", sphere / (2 * pi**2), 2 * sin(THETA) ** 2 / pi),
        Equation("mass of the class angle", Integral(2 * sin(THETA) ** 2 / pi, (THETA, 0, pi)), 1),
    ]


def circle_equations() -> list[Equation]:
    """U(1): waves of nonzero frequency k have mean zero; the ratio q of the N-th roots
    of unity has q^N = 1."""
    k, N = Symbol("k", integer=True, nonzero=True), Symbol("N", integer=True, positive=True)
    wave = Integral(cos(k * THETA), (THETA, 0, 2 * pi)) + I * Integral(sin(k * THETA), (THETA, 0, 2 * pi))
    ratio = cos(2 * pi * k / N) + I * sin(2 * pi * k / N)
    return [
        Equation("mean of a wave", wave, 0),
        Equation("a root of unity", ratio, exp(2 * pi * I * k / N)),
        Equation("q^N = 1", sp.Pow(exp(2 * pi * I * k / N), N, evaluate=False), sp.S.One),
    ]


def geometric_induction() -> Induction:
    """(q - 1) (1 + q + .. + q^(n-1)) = q^n - 1 for every n >= 1: over N roots of unity,
    of ratio q with q^N = 1, the sum is 0 or N."""
    n, q = Symbol("n", integer=True, positive=True), Symbol("q")
    S = Function("S")(n)
    terms = Recursion(S, (q - 1,), S + (q - 1) * q**n, lambda k: (q - 1) * sum(q**t for t in range(k)))
    return Induction("geometric sums", n, (Equation("geometric sums", S, q**n - 1),), (terms,))


def moments() -> list[Equation | Induction]:
    """|a|^2 = cos^2(beta/2) is uniform on [0, 1], and p! q! / (p+q+1)! is the mean of
    |a|^2p |b|^2q, for every p and q, by induction on q."""
    t = Symbol("t", positive=True)
    p, q = Symbol("p", integer=True, nonnegative=True), Symbol("q", integer=True, nonnegative=True)
    B = Function("B")
    by_parts = (p + 1) * t**p * (1 - t) ** (q + 1) - (q + 1) * t ** (p + 1) * (1 - t) ** q

    def by_terms(k: int) -> Any:
        """The integral of t^p (1-t)^k over [0, 1], the bracket multiplied out."""
        return sum((-1) ** i * sp.binomial(k, i) / (p + i + 1) for i in range(k + 1))

    mean = Recursion(B(q, p), (1 / (p + 1),), (q + 1) / (p + 1) * B(q, p + 1), by_terms)
    claim = Equation("moments of |a|^2", B(q, p), sp.factorial(p) * sp.factorial(q) / sp.factorial(p + q + 1))
    return [
        Equation("|a|^2 is uniform, as cos beta is", Derivative(cos(BETA / 2) ** 2, BETA), -sin(BETA) / 2),
        Equation("integral of a power", Integral(t**p, (t, 0, 1)), 1 / (p + 1)),
        Equation("integration by parts", Derivative(t ** (p + 1) * (1 - t) ** (q + 1), t), by_parts),
        Induction("moments of |a|^2", q, (claim,), (mean,), start=0),
    ]
