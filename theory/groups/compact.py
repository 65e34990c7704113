"""Matrix coefficients of U(1), SU(2) and SO(3) as polynomials, their means under Haar
measure, and the product rule summed exactly.

``l`` is the degree of a polynomial in the entries of the defining matrices (U(1):
frequencies up to l; SU(2): spins j with 2j <= l; SO(3): whole spins up to l). The
measure stands in :mod:`.haar_measure`, spins in :mod:`.spins`, the nodes in
:mod:`.gauss_legendre`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations_with_replacement
from math import comb, factorial
from typing import Any

from sympy import QQ, Integral, Poly, Rational, cos, pi

from theory.arithmetic.cyclotomic import Cyclotomic
from theory.groups.gauss_legendre import X, gauss_by_remainder, gauss_by_trace
from theory.groups.haar_measure import THETA
from theory.proof.statements import Enumeration, Family

# -- matrix coefficients -----------------------------------------------------------------------------------------------

Monomial = tuple[int, int, int, int]  # exponents of a, its conjugate, b, its conjugate


@dataclass(frozen=True)
class Coefficient:
    """c_kl of dimension d = 2j + 1: (a x + b y)^(d-1-l) (-b' x + a' y)^l = sum_k c_kl
    x^(d-1-k) y^k, a' and b' conjugates.

    The unitary matrix has the entries c_kl sqrt(k! (d-1-k)! / (l! (d-1-l)!)), so that
    |c_kl|^2 has mean ``norm``.
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


def schur_mean(pair: Pair) -> Fraction:
    """What the mean of c conj(c') is under Schur's orthogonality."""
    return pair[0].norm if pair[0] == pair[1] else Fraction(0)


def _products(pair: Pair) -> Iterator[tuple[Monomial, int]]:
    for (p, pc, q, qc), c in pair[0].polynomial.items():
        for (r, rc, s, sc), e in pair[1].polynomial.items():
            yield (p + rc, pc + r, q + sc, qc + s), c * e


def sphere_mean(pair: Pair) -> Fraction:
    """The mean of c conj(c') over the unit sphere |a|^2 + |b|^2 = 1: |a|^2p |b|^2q has
    mean p! q! / (p+q+1)!, unequal exponents 0."""
    total = Fraction(0)
    for (p, pc, q, qc), c in _products(pair):
        if p == pc and q == qc:
            total += Fraction(c * factorial(p) * factorial(q), factorial(p + q + 1))
    return total


Rule = Callable[
    [str, int], tuple[int, int]
]  # (group, l) -> (equally spaced angles in alpha and in gamma, Gauss-Legendre nodes in cos beta)


def product_rule(group: str, l: int) -> tuple[int, int]:
    """The least sizes that are exact on products of two coefficients of degree l: 2l +
    1 angles, and nodes exact to the degree in cos beta.

    SU(2) has half-integer frequencies: its angles run over [0, 4 pi), where frequencies
    are whole again.
    """
    return 2 * l + 1, (l if group == "SO(3)" else l // 2) + 1


def circle_mean(frequency: int, angles: int, *, literal: bool = False) -> int:
    """The mean of a wave on U(1) over equally spaced angles: by divisibility, or by
    adding up roots of unity."""
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
        literal: Add up roots of unity as numbers and interpolate, instead of asking
            whether the frequency is a multiple of the number of angles and taking a
            trace.
    Raises:
        ValueError: a monomial aliases to an odd power of cos(beta/2), which is no
            polynomial in cos beta.
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
    """The mean of exp(2 pi i k t / N) over t < N is 1 when N divides k and 0
    otherwise."""
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


# -- all pairs of low degree -----------------------------------------------------------------------------------------------

LOW = {"U(1)": 6, "SU(2)": 3, "SO(3)": 2}  # the degrees up to which pairs are listed


@dataclass(frozen=True)
class Instance:
    """A pair of matrix coefficients of a group, of degree at most l: two frequencies on
    U(1)."""

    group: str
    l: int
    pair: Any

    @property
    def expected_mean(self) -> Fraction:
        """What Schur's orthogonality says of the mean of c conj(c')."""
        return Fraction(self.pair[0] == self.pair[1]) if self.group == "U(1)" else schur_mean(self.pair)

    @property
    def mean(self) -> Fraction:
        """The mean under Haar measure: an integral over the circle, or moments of the
        sphere."""
        return circle_integral(self.pair[0] - self.pair[1]) if self.group == "U(1)" else sphere_mean(self.pair)

    def by_rule(self, rule: Rule, *, literal: bool = False) -> Fraction:
        """The sum over the rule's nodes, exactly; ``literal`` chooses the second
        algorithm."""
        angles, nodes = rule(self.group, self.l)
        if self.group == "U(1)":
            return Fraction(circle_mean(self.pair[0] - self.pair[1], angles, literal=literal))
        return quadrature_mean(self.pair, self.group, angles, nodes, literal=literal)


@cache
def circle_integral(frequency: int) -> Fraction:
    """The mean of exp(i frequency theta) over the circle, by the integral of its real
    part; the imaginary part is odd."""
    mean = (Integral(cos(frequency * THETA), (THETA, 0, 2 * pi)) / (2 * pi)).doit()
    return Fraction(int(mean.p), int(mean.q))


def count(group: str, l: int) -> int:
    """How many coefficients have degree at most l: 2l + 1, and the squares of 1..l+1,
    or of 1, 3, .., 2l+1, in closed form."""
    return {
        "U(1)": 2 * l + 1,
        "SU(2)": (l + 1) * (l + 2) * (2 * l + 3) // 6,
        "SO(3)": (l + 1) * (2 * l + 1) * (2 * l + 3) // 3,
    }[group]


def all_pairs() -> Family:
    """Every unordered pair of coefficients of degree at most l, for every l up to
    :data:`LOW`."""

    def members() -> Iterator[Instance]:
        for group, top in LOW.items():
            for l in range(top + 1):
                for pair in combinations_with_replacement(range(-l, l + 1), 2) if group == "U(1)" else pairs(group, l):
                    yield Instance(group, l, pair)

    size = sum(comb(count(group, l) + 1, 2) for group, top in LOW.items() for l in range(top + 1))
    limits = ", ".join(f"l <= {top} on {group}" for group, top in LOW.items())
    return Family(f"pairs of coefficients of degree {limits}", members, size)


def orthogonality(mass: Fraction = Fraction(1)) -> Enumeration:
    """Schur's orthogonality for all pairs, the measure of total mass ``mass``: by
    integrals, and by the product rule."""
    return Enumeration(
        "orthogonality", all_pairs(),
        lambda i: mass * i.mean == i.expected_mean,
        lambda i: mass * i.by_rule(product_rule) == i.expected_mean,
    )  # fmt: skip


def quadrature(rule: Rule | None = None) -> Enumeration:
    """The rule (the product rule unless given) gives Schur's means for all pairs:
    summed by two algorithms."""
    chosen = rule or product_rule
    return Enumeration(
        "quadrature", all_pairs(),
        lambda i: i.by_rule(chosen) == i.expected_mean,
        lambda i: i.by_rule(chosen, literal=True) == i.expected_mean,
    )  # fmt: skip
