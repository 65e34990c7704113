"""U(1), SU(2) and SO(3): invariant measure, spin matrices of every spin, matrix coefficients as polynomials, exact product quadrature.

Letters: ``l`` is the degree of a polynomial in the entries of the defining matrices (U(1): frequencies up to l; SU(2): spins j with
2j <= l; SO(3): whole spins up to l). Angles are radians, ``g = exp(-i alpha sz/2) exp(-i beta sy/2) exp(-i gamma sz/2)``, ``x = cos beta``.

Equations come as triples (left, right, name) that hold for every value of their symbols; nothing here says that they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from math import comb, factorial
from typing import Any

import sympy as sp
from sympy import QQ, Function, I, Matrix, Poly, Rational, Symbol, cos, exp, sin, sqrt

from theory.cyclotomic import Cyclotomic

Equation = tuple[Any, Any, str]
ALPHA, BETA, GAMMA, THETA = (Symbol(name, real=True) for name in ("alpha", "beta", "gamma", "theta"))
X = Symbol("x", real=True)
PAULI = (Matrix([[0, 1], [1, 0]]), Matrix([[0, -I], [I, 0]]), Matrix([[1, 0], [0, -1]]))


def _waves(expression: Any) -> Any:
    """Sines and cosines as sums of exponentials, multiplied out: SymPy then sees at once what is equal."""
    if isinstance(expression, Matrix):
        return expression.applyfunc(_waves)
    return sp.sympify(expression).rewrite(exp).expand(power_base=False, power_exp=False, log=False, basic=False)


# -- the invariant measure ---------------------------------------------------------------------------------------------


def euler(alpha: Any = ALPHA, beta: Any = BETA, gamma: Any = GAMMA) -> Matrix:
    """The element of SU(2) with these Euler angles."""
    c, s = cos(beta / 2), sin(beta / 2)
    plus, minus = exp(-I * (alpha + gamma) / 2), exp(-I * (alpha - gamma) / 2)
    return Matrix([[plus * c, -minus * s], [s / minus, c / plus]])


def invariant_forms() -> Matrix:
    """Components C of g^-1 dg along the generators -i s/2, a row per angle."""
    return Matrix(
        [[-sin(BETA) * cos(GAMMA), sin(BETA) * sin(GAMMA), cos(BETA)], [sin(GAMMA), cos(GAMMA), 0], [0, 0, 1]]
    )


def measure_equations() -> list[Equation]:
    """The forms are what g^-1 dg says, and their determinant is the density sin beta up to sign, which is therefore invariant.

    g^-1 dg does not notice g -> hg. Inverting g takes (alpha, beta, gamma) to (-gamma, -beta, -alpha) and the density to itself, so that it is
    invariant under g -> gh as well.
    """
    g, forms, found = euler(), invariant_forms(), []
    for row, angle in enumerate((ALPHA, BETA, GAMMA)):
        form = sum((forms[row, a] * PAULI[a] for a in range(3)), sp.zeros(2, 2)) * (-I / 2)
        found.append((_waves(g.diff(angle)), _waves(g * form), f"invariant form, {angle}"))
    found.append((_waves(forms.det() ** 2), _waves(sin(BETA) ** 2), "invariant density"))
    found.append((_waves(g * euler(-GAMMA, -BETA, -ALPHA)), sp.eye(2), "inverse"))
    found.append((sin(-BETA) ** 2, sin(BETA) ** 2, "density of the inverse"))
    primitive = -cos(BETA) * (4 * sp.pi) ** 2 / (32 * sp.pi**2)  # alpha and gamma in [0, 4 pi) pass every element twice
    found.append((primitive.diff(BETA), sin(BETA) / 2, "density of mass 1"))
    found.append((primitive.subs(BETA, sp.pi) - primitive.subs(BETA, 0), sp.S.One, "total mass"))
    return found


def class_equations() -> list[Equation]:
    """The half rotation angle of a Haar element of SU(2), w = cos theta on the unit sphere of R^4, has density (2/pi) sin^2 theta."""
    n, dn = (Matrix(3, 1, sp.symbols(f"{name}1:4", real=True)) for name in ("n", "v"))
    speed = Symbol("w", real=True)  # of theta, where n moves with velocity v
    moved = sp.expand(
        (sin(THETA) * speed) ** 2
        + (cos(THETA) * speed * n + sin(THETA) * dn).dot(cos(THETA) * speed * n + sin(THETA) * dn)
    )
    metric = (
        moved - (n.dot(n) - 1) * (cos(THETA) * speed) ** 2 - 2 * n.dot(dn) * sin(THETA) * cos(THETA) * speed
    )  # |n| = 1, n.v = 0
    primitive = (THETA - sin(THETA) * cos(THETA)) / sp.pi
    return [
        (
            _waves(metric),
            _waves(speed**2 + sin(THETA) ** 2 * dn.dot(dn)),
            "points (cos theta, sin theta n): volume sin^2 theta on each sphere of n",
        ),
        (_waves(primitive.diff(THETA)), _waves(2 * sin(THETA) ** 2 / sp.pi), "density of the class angle"),
        (primitive.subs(THETA, sp.pi) - primitive.subs(THETA, 0), sp.S.One, "its mass"),
    ]


# -- every frequency, every spin ---------------------------------------------------------------------------------------


def circle_equations() -> list[Equation]:
    """U(1): a nonzero frequency k has a periodic primitive, and its mean over N >= 1 roots of unity is a geometric sum with ratio q, q^N = 1."""
    k, N = Symbol("k", integer=True, nonzero=True), Symbol("N", integer=True, positive=True)
    wave = exp(I * k * THETA)
    primitive = wave / (I * k)
    q = exp(2 * sp.pi * I * k / N)
    return [
        (primitive.diff(THETA), wave, "primitive of a wave"),
        (primitive.subs(THETA, 2 * sp.pi), primitive.subs(THETA, 0), "which is periodic"),
        (q**N, sp.S.One, "q^N = 1"),
    ]


def geometric_induction() -> tuple[Symbol, list[Equation], list[Equation], list[Equation]]:
    """(q - 1) sum_{t<n} q^t = q^n - 1 for every n >= 1: variable, base, step, small."""
    n, q = Symbol("n", integer=True, positive=True), Symbol("q")
    step = (q**n - 1) + (q - 1) * q**n
    written = [((q - 1) * sum(q**t for t in range(k)), q**k - 1, f"{k} terms") for k in (2, 3, 7)]
    return n, [((q - 1) * 1, q - 1, "one term")], [(step, q ** (n + 1) - 1, "one more term")], written


def lowering_squared(j: Any, m: Any) -> Any:
    """The square of <m-1| J_- |m> in spin j."""
    return (j + m) * (j - m + 1)


def ladder_equations() -> list[Equation]:
    """Spin matrices of every spin j: brackets, Casimir, ends of the ladder; and what commutes with them (A undefined).

    Intertwiners of spins j and k differ in the Casimir by (j-k)(j+k+1), not 0 for j != k; within one spin what commutes with J_z is
    diagonal, and commuting with J_- makes neighbours on the diagonal equal, for <m-1|J_-|m> is not 0 when -j < m <= j.
    """
    j, k, m, n = (Symbol(name, real=True) for name in "jkmn")
    A, a = Function("A"), Function("a")
    low, high = lowering_squared(j, m), lowering_squared(j, m + 1)
    return [
        (low - high, 2 * m, "[J+, J-] = 2 Jz"),
        (m**2 + (low + high) / 2, j * (j + 1), "Casimir"),
        (lowering_squared(j, -j), sp.S.Zero, "the ladder ends below"),
        (lowering_squared(j, j + 1), sp.S.Zero, "the ladder ends above"),
        (j * (j + 1) - k * (k + 1), (j - k) * (j + k + 1), "Casimirs tell spins apart"),
        (m * A(m, n) - A(m, n) * n, (m - n) * A(m, n), "[Jz, A]"),
        (sqrt(low) * a(m) - a(m - 1) * sqrt(low), sqrt(low) * (a(m) - a(m - 1)), "[J-, A], A diagonal"),
    ]


def trace_induction() -> tuple[Symbol, list[Equation], list[Equation], list[Equation]]:
    """A diagonal with equal neighbours is a scalar, and its trace over n entries n times that: variable, base, step, small."""
    n, c = Symbol("n", integer=True, positive=True), Symbol("c")
    a = Function("a")
    fall = Symbol("s")  # sum of the n differences passed so far: a(n) - a(0)
    step = [
        ((a(n + 1) - a(n)) + fall - (a(n + 1) - a(0)), fall - (a(n) - a(0)), "differences telescope"),
        (n * c + c, (n + 1) * c, "trace of one entry more"),
    ]
    written = [(sum(a(k + 1) - a(k) for k in range(4)), a(4) - a(0), "four differences")]
    return n, [(a(1) - a(0), a(1) - a(0), "one difference"), (c, 1 * c, "one entry")], step, written


def character_induction() -> tuple[Symbol, list[Equation], list[Equation], list[Equation]]:
    """chi_d(theta) sin theta = sin(d theta), chi_d the sum of the d weights exp(i (d-1-2k) theta): variable, base, step, small.

    The weights of dimension d + 1 are those of dimension d, each times exp(i theta), and exp(-i d theta).
    """
    d = Symbol("d", integer=True, positive=True)
    step = _waves(exp(I * THETA) * sin(d * THETA) + exp(-I * d * THETA) * sin(THETA))
    written = [
        (
            _waves(sin(THETA) * sum(exp(I * (k - 1 - 2 * t) * THETA) for t in range(k))),
            _waves(sin(k * THETA)),
            f"dimension {k}",
        )
        for k in (2, 3, 4)
    ]
    return (
        d,
        [(sin(THETA) * 1, sin(1 * THETA), "dimension 1")],
        [(step, _waves(sin((d + 1) * THETA)), "one dimension more")],
        written,
    )


def weyl_equations() -> list[Equation]:
    """(2/pi) times the integral of sin(a theta) sin(b theta) over [0, pi] is 0 or 1: characters are orthonormal, for every two dimensions a, b."""
    a, s = Symbol("a", integer=True, positive=True), Symbol("s", integer=True, positive=True)
    b = a + s  # the larger of two dimensions
    apart = sin(s * THETA) / (2 * s) - sin((a + b) * THETA) / (2 * (a + b))
    alike = THETA / 2 - sin(2 * a * THETA) / (4 * a)
    return [
        (_waves(apart.diff(THETA)), _waves(sin(a * THETA) * sin(b * THETA)), "primitive, a != b"),
        (apart.subs(THETA, sp.pi) - apart.subs(THETA, 0), sp.S.Zero, "its ends"),
        (_waves(alike.diff(THETA)), _waves(sin(a * THETA) ** 2), "primitive, a = b"),
        (2 / sp.pi * (alike.subs(THETA, sp.pi) - alike.subs(THETA, 0)), sp.S.One, "norm 1"),
    ]


def counting_induction() -> tuple[Symbol, list[Equation], list[Equation], list[Equation]]:
    """Coefficients of dimension 1..l+1 are as many as the polynomials of degree l on the sphere of R^4 can have dimensions: variable, base, step, small.

    There are (l+1)(l+2)(l+3)/6 monomials of degree l in four variables; |x|^2 = 1 lifts every lower degree to degree l or l - 1.
    """
    l = Symbol("l", integer=True, positive=True)

    def monomials(k: Any) -> Any:
        return (k + 1) * (k + 2) * (k + 3) / 6

    def polynomials(k: Any) -> Any:
        return monomials(sp.S(k)) + monomials(sp.S(k) - 1)

    base = [(sp.S(1 + 4), polynomials(1), "degree 1")]
    step = [(polynomials(l) + (l + 2) ** 2, polynomials(l + 1), "one degree more")]
    return l, base, step, [(sp.S(sum(d**2 for d in range(1, 6))), polynomials(4), "degree 4")]


# -- Gauss-Legendre ----------------------------------------------------------------------------------------------------


def legendre_induction() -> tuple[Symbol, list[Equation], list[Equation], list[Equation]]:
    """Legendre's differential equation for every degree n, from the recurrence: variable, base, step, small.

    With u = P_n, v = P_(n-1) the hypotheses are u' = x v' + n v and x u' - v' = n u, which give u' and v'.
    """
    n = Symbol("n", integer=True, positive=True)
    u, v = Symbol("u"), Symbol("v")
    du, dv = n * (X * u - v) / (X**2 - 1), n * (u - X * v) / (X**2 - 1)
    w = ((2 * n + 1) * X * u - n * v) / (n + 1)
    dw = ((2 * n + 1) * (u + X * du) - n * dv) / (n + 1)
    step = [
        (X * dv + n * v, du, "first hypothesis"),
        (X * du - dv, n * u, "second hypothesis"),
        (dw, X * du + (n + 1) * u, "first, one degree more"),
        (X * dw - du, (n + 1) * w, "second, one degree more"),
        (n * (dv - u - X * du), -n * (n + 1) * u, "Legendre's equation"),
    ]
    base = [
        (X.diff(X), X * sp.S.One.diff(X) + 1, "first, degree 1"),
        (X * X.diff(X) - sp.S.One.diff(X), X, "second, degree 1"),
    ]
    small = []
    for k in (2, 3, 6):
        p = legendre(k).as_expr()
        small.append((((1 - X**2) * p.diff(X)).diff(X), -k * (k + 1) * p, f"degree {k}"))
    return n, base, step, small


def lagrange_equations() -> list[Equation]:
    """Different eigenvalues of Legendre's operator L make functions orthogonal: Q L[P] - P L[Q] is the derivative of what vanishes at both ends.

    The functions P and Q enter through their values and first two derivatives, which may be any numbers.
    """
    jets = [[Symbol(f"{name}{k}") for k in range(3)] for name in "PQ"]
    (p, p1, _), (q, q1, _) = jets

    def derivative(f: Any) -> Any:
        return f.diff(X) + sum(f.diff(jet[k]) * jet[k + 1] for jet in jets for k in range(2))

    bracket = (1 - X**2) * (p1 * q - p * q1)
    n, m = Symbol("n", integer=True), Symbol("m", integer=True)
    return [
        (derivative(bracket), q * derivative((1 - X**2) * p1) - p * derivative((1 - X**2) * q1), "Lagrange's identity"),
        (Matrix([bracket.subs(X, 1), bracket.subs(X, -1)]), sp.zeros(2, 1), "its ends"),
        (n * (n + 1) - m * (m + 1), (n - m) * (n + m + 1), "eigenvalues differ"),
    ]


@cache
def legendre(n: int) -> Poly:
    """P_n over the rationals, by the three-term recurrence."""
    if n < 0:
        raise ValueError(f"Expected a degree of at least 0, got {n}.")
    if n < 2:
        return Poly([1], X, domain=QQ) if n == 0 else Poly([1, 0], X, domain=QQ)
    return (Poly([2 * n - 1, 0], X, domain=QQ) * legendre(n - 1) - legendre(n - 2) * (n - 1)) * QQ(1, n)


def integral(f: Poly) -> Fraction:
    """The integral of f over [-1, 1]."""
    return sum((2 * _fraction(c) / (k + 1) for (k,), c in f.terms() if k % 2 == 0), Fraction(0))


def _fraction(c: Any) -> Fraction:
    return Fraction(int(c.p), int(c.q))


@cache
def _weights(n: int) -> tuple[Poly, tuple[Fraction, ...]]:
    """The Christoffel weights 2 (1-x^2)/(n P_(n-1))^2 as a polynomial modulo P_n, and power sums of the nodes (Newton)."""
    p = legendre(n)
    inverse = (legendre(n - 1) * n).invert(p)
    weight = (Poly([-2, 0, 2], X, domain=QQ) * inverse * inverse).rem(p)
    monic = [_fraction(c) for c in p.monic().all_coeffs()]
    sums = [Fraction(n)]
    for k in range(1, n):
        sums.append(-k * monic[k] - sum((monic[i] * sums[k - i] for i in range(1, k)), Fraction(0)))
    return weight, tuple(sums)


def gauss_by_trace(f: Poly, n: int) -> Fraction:
    """The n-point Gauss-Legendre sum of f: the sum over all roots of P_n of weight times value is a trace of Q[x]/(P_n)."""
    weight, sums = _weights(n)
    value = (weight * f).rem(legendre(n))
    return sum((_fraction(c) * sums[k] for (k,), c in value.terms()), Fraction(0))


def gauss_by_remainder(f: Poly, n: int) -> Fraction:
    """The same sum as the integral of the interpolating polynomial, which is the remainder of f modulo P_n."""
    return integral(f.rem(legendre(n)))


# -- matrix coefficients -----------------------------------------------------------------------------------------------

Monomial = tuple[int, int, int, int]  # exponents of a, its conjugate, b, its conjugate


@dataclass(frozen=True)
class Coefficient:
    """c_kl of dimension d = 2j + 1: (a x + b y)^(d-1-l) (-b' x + a' y)^l = sum_k c_kl x^(d-1-k) y^k, a' and b' conjugates.

    The unitary matrix has the entries c_kl sqrt(k! (d-1-k)! / (l! (d-1-l)!)), so that |c_kl|^2 has mean ``norm``.
    """

    d: int
    k: int
    l: int

    @property
    def polynomial(self) -> dict[Monomial, int]:
        """Integer coefficients by monomial."""
        return dict(_expand(self.d, self.k, self.l))

    @property
    def norm(self) -> Fraction:
        """What Schur's orthogonality gives for the mean of |c_kl|^2."""
        top, bottom = (factorial(i) * factorial(self.d - 1 - i) for i in (self.l, self.k))
        return Fraction(top, bottom * self.d)


@cache
def _expand(d: int, k: int, l: int) -> tuple[tuple[Monomial, int], ...]:
    terms = []
    for i in range(
        max(0, k - l), min(k, d - 1 - l) + 1
    ):  # i letters y come from the first bracket, k - i from the second
        rest = l - (k - i)
        terms.append(((d - 1 - l - i, k - i, i, rest), comb(d - 1 - l, i) * comb(l, k - i) * (-1) ** rest))
    return tuple(terms)


Pair = tuple[Coefficient, Coefficient]


def coefficients(group: str, l: int) -> list[Coefficient]:
    """All matrix coefficients of degree at most l of ``"SU(2)"`` or ``"SO(3)"``."""
    dimensions = {"SU(2)": range(1, l + 2), "SO(3)": range(1, 2 * l + 2, 2)}[group]
    return [Coefficient(d, k, n) for d in dimensions for k in range(d) for n in range(d)]


def pairs(group: str, l: int) -> Iterator[Pair]:
    """All unordered pairs of them."""
    yield from combinations_with_replacement(coefficients(group, l), 2)


def expected(pair: Pair) -> Fraction:
    """What the mean of c conj(c') is under Schur's orthogonality."""
    return pair[0].norm if pair[0] == pair[1] else Fraction(0)


def _products(pair: Pair) -> Iterator[tuple[Monomial, int]]:
    for (p, pc, q, qc), c in pair[0].polynomial.items():
        for (r, rc, s, sc), e in pair[1].polynomial.items():
            yield (p + rc, pc + r, q + sc, qc + s), c * e


def sphere_mean(pair: Pair) -> Fraction:
    """The mean of c conj(c') over the unit sphere |a|^2 + |b|^2 = 1: |a|^2p |b|^2q has mean p! q! / (p+q+1)!, unequal exponents 0."""
    total = Fraction(0)
    for (p, pc, q, qc), c in _products(pair):
        if p == pc and q == qc:
            total += Fraction(c * factorial(p) * factorial(q), factorial(p + q + 1))
    return total


def moment_equations() -> list[Equation]:
    """p! q! / (p+q+1)! is the integral of t^p (1-t)^q over [0, 1], t = |a|^2: by parts from q to q - 1, down to t^p, for every p and q."""
    t = Symbol("t", positive=True)
    p, q = Symbol("p", integer=True, nonnegative=True), Symbol("q", integer=True, positive=True)
    f = sp.factorial
    by_parts = (p + 1) * t**p * (1 - t) ** q - q * t ** (p + 1) * (1 - t) ** (q - 1)
    return [
        ((t ** (p + 1) * (1 - t) ** q).diff(t), by_parts, "by parts"),
        (f(p) * f(q) / f(p + q + 1), q / (p + 1) * f(p + 1) * f(q - 1) / f(p + q + 1), "recurrence"),
        (f(p) / f(p + 1), 1 / (p + 1), "q = 0"),
        (_waves(cos(BETA / 2) ** 2), _waves((1 + cos(BETA)) / 2), "|a|^2 is uniform, as cos beta is"),
    ]


Rule = Callable[
    [str, int], tuple[int, int]
]  # (group, l) -> (equally spaced angles in alpha and in gamma, Gauss-Legendre nodes in cos beta)


def product_rule(group: str, l: int) -> tuple[int, int]:
    """The least sizes that are exact on products of two coefficients of degree l: 2l + 1 angles, and nodes exact to the degree in cos beta.

    SU(2) has half-integer frequencies: its angles run over [0, 4 pi), where frequencies are whole again.
    """
    return 2 * l + 1, (l if group == "SO(3)" else l // 2) + 1


def circle_mean(frequency: int, angles: int, *, literal: bool = False) -> int:
    """The mean of a wave on U(1) over equally spaced angles: by divisibility, or by adding up roots of unity."""
    return (_wave_sum if literal else _wave_divides)(frequency, angles)


def _half_frequencies(m: Monomial) -> tuple[int, int]:
    """Twice the frequencies of a monomial in alpha and in gamma."""
    p, pc, q, qc = m
    return -(p - pc) + (q - qc), -(p - pc) - (q - qc)


def quadrature_mean(pair: Pair, group: str, angles: int, nodes: int, *, literal: bool = False) -> Fraction:
    """The product rule's mean of c conj(c'), exactly.

    Args:
        pair: Two coefficients.
        group: ``"SU(2)"`` (angles spaced over 4 pi) or ``"SO(3)"`` (over 2 pi).
        angles: Equally spaced values of alpha, and of gamma.
        nodes: Gauss-Legendre nodes in cos beta.
        literal: Add up roots of unity as numbers and interpolate, instead of asking whether the frequency is a multiple of the number
            of angles and taking a trace.
    Raises:
        ValueError: a monomial aliases to an odd power of cos(beta/2), which is no polynomial in cos beta.
    """
    wave, gauss = (_wave_sum, gauss_by_remainder) if literal else (_wave_divides, gauss_by_trace)
    unit = 2 if group == "SO(3)" else 1
    total = Fraction(0)
    for monomial, c in _products(pair):
        if all(wave(f // unit, angles) for f in _half_frequencies(monomial)):
            p, pc, q, qc = monomial
            if (p + pc) % 2 or (q + qc) % 2:
                raise ValueError(
                    f"{angles} angles alias an odd power of cos(beta/2) to frequency 0; use an odd number of angles."
                )
            total += c * _beta_mean((p + pc) // 2, (q + qc) // 2, nodes, gauss)
    return total


@cache
def _beta_mean(p: int, q: int, nodes: int, gauss: Callable[[Poly, int], Fraction]) -> Fraction:
    f = (
        Poly([Rational(1, 2), Rational(1, 2)], X, domain=QQ) ** p
        * Poly([Rational(-1, 2), Rational(1, 2)], X, domain=QQ) ** q
    )
    return gauss(f, nodes) / 2


def _wave_divides(frequency: int, angles: int) -> int:
    """The mean of exp(2 pi i k t / N) over t < N is 1 when N divides k and 0 otherwise."""
    return int(frequency % angles == 0)


@cache
def _wave_sum(frequency: int, angles: int) -> int:
    total = Cyclotomic.rational(0)
    for t in range(angles):
        total = total + Cyclotomic.root(angles, frequency * t)
    mean = (total / angles).as_fraction()
    if mean.denominator != 1:
        raise ArithmeticError(f"The mean of a wave over {angles} roots of unity came out as {mean}.")
    return int(mean)
