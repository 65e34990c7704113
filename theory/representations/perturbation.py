"""How a perturbation turns eigenspaces (Davis and Kahan): exact objects, and what is
claimed of them.

A is Hermitian, E a Hermitian error; X = Q P with P the projector onto an eigenspace of
A of eigenvalue l and Q the complementary spectral projector of A + E, so that |X| is
the sine of the angle between the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.proof.blocks import BlockIdentity, Blocks, block_identities
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign


def _perturbed(bench: Any, which: int) -> Blocks:
    """S diag(L1, L2) S^-1 with S = [[1, 0], [Y, 1]] [[1, Z], [0, 1]], or its second
    spectral projector S diag(0, 1) S^-1."""
    b = bench
    Y, Z = b.symbol("Y", 1, 0), b.symbol("Z", 0, 1)
    one, two, zero = b.unit(0), b.unit(1), b.zero
    S = _times(b, [[one, zero(0, 1)], [Y, two]], [[one, Z], [zero(1, 0), two]])
    back = _times(b, [[one, b.minus(Z)], [zero(1, 0), two]], [[one, zero(0, 1)], [b.minus(Y), two]])
    first = b.zero(0, 0) if which else b.symbol("L1", 0, 0)
    second = two if which else b.symbol("L2", 1, 1)
    return _times(b, S, [[first, zero(0, 1)], [zero(1, 0), second]], back)


def _times(bench: Any, *factors: Blocks) -> Blocks:
    out = factors[0]
    for right in factors[1:]:
        out = [
            [bench.plus(bench.times(out[i][0], right[0][j]), bench.times(out[i][1], right[1][j])) for j in range(2)]
            for i in range(2)
        ]
    return out


def _minus(bench: Any, left: Blocks, right: Blocks) -> Blocks:
    return [[bench.plus(left[i][j], bench.minus(right[i][j])) for j in range(2)] for i in range(2)]


def _unperturbed(bench: Any, *, projector: bool = False) -> Blocks:
    """A = diag(A1, A2), or its first spectral projector."""
    zero = bench.zero
    if projector:
        return [[bench.unit(0), zero(0, 1)], [zero(1, 0), zero(1, 1)]]
    return [[bench.symbol("A1", 0, 0), zero(0, 1)], [zero(1, 0), bench.symbol("A2", 1, 1)]]


def _turned(bench: Any) -> Blocks:
    """X = Q P, Q the complementary spectral projector of A + E, P the projector onto
    the unperturbed eigenspace: its norm is sin(theta)."""
    return _times(bench, _perturbed(bench, 1), _unperturbed(bench, projector=True))


SYLVESTER = (
    BlockIdentity(
        "Q E P = (A + E) X - X A for X = Q P",
        lambda k: _times(
            k, _perturbed(k, 1), _minus(k, _perturbed(k, 0), _unperturbed(k)), _unperturbed(k, projector=True)
        ),
        lambda k: _minus(k, _times(k, _perturbed(k, 0), _turned(k)), _times(k, _turned(k), _unperturbed(k))),
    ),
    BlockIdentity(
        "Q commutes with A + E",
        lambda k: _times(k, _perturbed(k, 1), _perturbed(k, 0)),
        lambda k: _times(k, _perturbed(k, 0), _perturbed(k, 1)),
    ),
    BlockIdentity(
        "Q is a projector", lambda k: _times(k, _perturbed(k, 1), _perturbed(k, 1)), lambda k: _perturbed(k, 1)
    ),
)


def rotated_pair(g: sp.Expr, t: sp.Expr) -> tuple[sp.Matrix, sp.Matrix]:
    """A = diag(0, g) and the smallest E that turns its eigenvector e1 by t < 45
    degrees."""
    X, Z = sp.Matrix([[0, 1], [1, 0]]), sp.Matrix([[1, 0], [0, -1]])
    c, s = sp.cos(2 * t), sp.sin(2 * t)
    A = sp.diag(0, g)
    moved = g / 2 * (sp.eye(2) - c * (c * Z + s * X))
    return A, (moved - A).applyfunc(sp.expand)


@dataclass(frozen=True)
class RotatedPair:
    """diag(0, gap) and a symmetric matrix with the eigenvector (p^2 - q^2, 2 p q)/(p^2
    + q^2) of eigenvalue ``low``, the other eigenvalue ``high``."""

    gap: int
    p: int
    q: int
    low: Fraction
    high: Fraction

    def __str__(self) -> str:
        return f"gap {self.gap}, tan(theta/2) = {self.q}/{self.p}, eigenvalues {self.low}, {self.high}"

    @property
    def direction(self) -> tuple[Fraction, Fraction]:
        """cos(theta), sin(theta)."""
        n = self.p**2 + self.q**2
        return Fraction(self.p**2 - self.q**2, n), Fraction(2 * self.p * self.q, n)

    def difference(self) -> tuple[Fraction, Fraction, Fraction]:
        """E = [[a, b], [b, c]]."""
        x, y = self.direction
        step = self.high - self.low
        return self.low + step * y * y, -step * x * y, self.low + step * x * x - self.gap

    def sine_bound_holds(self, constant: Fraction | int) -> bool:
        """sin(theta) <= constant |E| / gap: the matrix (gap sin / constant)^2 - E^2 is
        not positive definite."""
        return self._at_least(self.gap * self.direction[1] / constant)

    def _at_least(self, size: Fraction) -> bool:
        """|E| >= size, by definiteness."""
        a, b, c = self.difference()
        s = size**2
        square = (a * a + b * b, b * (a + c), b * b + c * c)
        first, determinant = s - square[0], (s - square[0]) * (s - square[2]) - square[1] ** 2
        return size <= 0 or not (first > 0 and determinant > 0)

    def _at_least_by_roots(self, size: Fraction) -> bool:
        """|E| >= size, from |E| = |a + c|/2 + sqrt(((a - c)/2)^2 + b^2)."""
        a, b, c = self.difference()
        middle, under = abs(a + c) / 2, ((a - c) / 2) ** 2 + b * b
        rest = size - middle
        return rest <= 0 or rest * rest <= under

    @property
    def delta(self) -> Fraction:
        """The distance of 0, whose eigenvector is turned, from the eigenvalue of A + E
        that belongs to the other vector."""
        return abs(self.high)

    def within_delta(self) -> bool:
        """sin(theta) <= |E| / delta, by definiteness."""
        return self._at_least(self.delta * self.direction[1])

    def within_delta_by_roots(self) -> bool:
        """The same from |E|."""
        return self._at_least_by_roots(self.delta * self.direction[1])

    def gap_kept(self) -> bool:
        """delta >= gap - |E| (Weyl): the matrix (gap - delta)^2 - E^2 is not positive
        definite."""
        return self._at_least(self.gap - self.delta)

    def gap_kept_by_roots(self) -> bool:
        """The same from |E|."""
        return self._at_least_by_roots(self.gap - self.delta)

    def gap_chain_holds(self) -> bool:
        """|E| / delta <= 2 |E| / gap, a falsehood: E = 0 or delta >= gap / 2."""
        return self.difference() == (0, 0, 0) or 2 * self.delta >= self.gap

    def gap_chain_holds_by_products(self) -> bool:
        """The same, multiplied by |E|: E^2 gap^2 <= 4 E^2 delta^2, compared by
        traces."""
        a, b, c = self.difference()
        square = a * a + 2 * b * b + c * c
        return square * self.gap**2 <= 4 * square * self.delta**2

    def sine_bound_holds_by_roots(self, constant: Fraction | int) -> bool:
        """The same from |E|."""
        return self._at_least_by_roots(self.gap * self.direction[1] / constant)


def exchanging(constant: Fraction | int) -> Fraction:
    """A part t > 1 of half the gap, at most 1.01: eigenvalues of diag(0, gap) that are
    moved towards each other by t gap/2 change places.

    The eigenspace of the lower one turns by 90 degrees, and sin(theta) <= c |E| / gap
    becomes 1 <= c t / 2, which fails for every c < 2 as t < 2 / c.
    """
    nearest = Fraction(101, 100)
    return min(nearest, (1 + 2 / Fraction(constant)) / 2) if constant < 2 else nearest


ANGLES = ((1, 0), (9, 1), (5, 1), (3, 1), (5, 2), (2, 1), (7, 4), (3, 2), (1, 1))  # tan(theta/2) = q/p


def rotated_pairs(nearest: Fraction = Fraction(101, 100)) -> Iterator[RotatedPair]:
    """Gap 2, nine angles up to 90 degrees, eigenvalues at quarters from -1 to 3 and at
    2 - ``nearest`` and ``nearest``, with low < high.

    At 90 degrees the last two take an E of norm ``nearest`` only, so that no constant
    below 2 / nearest will do.
    """
    values = [*(Fraction(k, 4) for k in range(-4, 13)), 2 - nearest, nearest]
    for p, q in ANGLES:
        for low in values:
            for high in values:
                if low < high:
                    yield RotatedPair(2, p, q, low, high)


# -- what is claimed -----------------------------------------------------------------------------------------------------


def rational(constant: Fraction | float | str) -> Fraction:
    """The constant as it is written: 1.9 is 19/10.

    Raises:
        ValueError: no positive number.
    """
    try:
        value = Fraction(str(constant))
    except ValueError:
        raise ValueError(f"Expected a positive number as the constant, got {constant!r}.") from None
    if value <= 0:
        raise ValueError(f"Expected a positive number as the constant, got {constant!r}.")
    return value


def sylvester() -> Enumeration:
    """The Sylvester equation of X, as identities between blocks of every size."""
    return block_identities(SYLVESTER, 3, "Sylvester equation of the angle")


def norm_statements() -> list[Induction | Sign | Equation]:
    """|(B - l) X|^2 >= delta^2 |X|^2 when every eigenvalue of B is at least delta from
    l, over any number of coordinates.

    A coordinate x at distance delta + u adds x^2 u (u + 2 delta) >= 0 to the
    difference. From delta to the gap: delta is at least gap - |E| (Weyl), so that
    |E|/delta <= |E|/(gap - |E|), which is at most 2 |E|/gap for |E| <= gap/2; beyond, 2
    |E|/gap >= 1.
    """
    n = sp.Symbol("n", integer=True, positive=True)
    delta = sp.Symbol("delta", positive=True)
    x, u = sp.Function("x", real=True), sp.Function("u", nonnegative=True)
    L, T, W = (sp.Function(name)(n) for name in "LTW")

    def recursion(of: Any, term: Any) -> Recursion:
        return Recursion(of, (term(0),), of + term(n), lambda k: sum(term(i) for i in range(k)))

    objects = (
        recursion(L, lambda i: (delta + u(i)) ** 2 * x(i) ** 2),
        recursion(T, lambda i: x(i) ** 2),
        recursion(W, lambda i: x(i) ** 2 * u(i) * (u(i) + 2 * delta)),
    )
    real, far = sp.Symbol("x", real=True), sp.Symbol("u", nonnegative=True)
    e, rest = sp.Symbol("e", positive=True), sp.Symbol("r", nonnegative=True)
    gap = 2 * e + rest  # for |E| = e at most half the gap
    name = "|X| <= |(B - l) X| / delta"
    return [
        Induction(name, n, (Equation(name, L, delta**2 * T + W),), objects),
        Sign("what a coordinate adds", real**2 * far * (far + 2 * delta), squares=((far * (far + 2 * delta), real),)),
        Equation("from delta to the gap", 2 * e / gap - e / (gap - e), e * rest / (gap * (gap - e))),
    ]


def sharp_family() -> list[Equation]:
    """The smallest E that turns e1 by t: |E|/gap = sin t cos t < sin t for every t, so
    the constant 1 never suffices with the unperturbed gap."""
    g, t = sp.Symbol("g", positive=True), sp.Symbol("t", positive=True)
    A, E = rotated_pair(g, t)
    v = sp.Matrix([sp.cos(t), sp.sin(t)])
    low = g / 2 * (1 - sp.cos(2 * t))
    return [
        Equation("the eigenvector is turned by t", (A + E) * v, low * v),
        Equation("|E| = (gap/2) sin 2t", E * E, (g / 2 * sp.sin(2 * t)) ** 2 * sp.eye(2)),
        Equation("E has eigenvalues + and - |E|", sp.Determinant(E), -((g / 2 * sp.sin(2 * t)) ** 2)),
        Equation("sin t exceeds |E|/gap by sin t (1 - cos t)", sp.sin(t) - sp.sin(2 * t) / 2, sp.sin(t) * (1 - sp.cos(t))),
    ]  # fmt: skip


def pairs(nearest: Fraction = Fraction(101, 100)) -> Family:
    """The rational 2 x 2 pairs of :func:`rotated_pairs`: for each angle, two of 17 + 2
    eigenvalues, in order."""
    values = len({*(Fraction(k, 4) for k in range(-4, 13)), 2 - nearest, nearest})
    size = len(ANGLES) * values * (values - 1) // 2
    return Family("rational 2 x 2 pairs with angles up to 90 degrees", lambda: rotated_pairs(nearest), size)


def angles(constant: Fraction | float | str = 2) -> Enumeration:
    """sin(theta) <= constant |E| / gap for rational pairs: by definiteness, and by the
    roots of E."""
    c = rational(constant)
    name = f"sin(theta) <= {c} |E| / gap"
    return Enumeration(
        name, pairs(exchanging(c)), lambda p: p.sine_bound_holds(c), lambda p: p.sine_bound_holds_by_roots(c)
    )


def angles_by_delta() -> Enumeration:
    """sin(theta) <= |E| / delta for rational pairs."""
    name = "sin(theta) <= |E| / delta"
    return Enumeration(name, pairs(), RotatedPair.within_delta, RotatedPair.within_delta_by_roots)


def gaps(*, chained: bool = False) -> Enumeration:
    """delta >= gap - |E| for rational pairs; ``chained``, a falsehood, |E| / delta <= 2
    |E| / gap."""
    if chained:
        return Enumeration(
            "delta and gap", pairs(), RotatedPair.gap_chain_holds, RotatedPair.gap_chain_holds_by_products
        )
    return Enumeration("delta and gap", pairs(), RotatedPair.gap_kept, RotatedPair.gap_kept_by_roots)
