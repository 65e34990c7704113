r"""Chains of equal edges that turn left, straight or right, one by one in fractions:
the sharp bound of :mod:`.turning_chains` looked at.

With :math:`e^{\tau/2}` and the turn's cosine and sine rational, :math:`\zeta^2 =
\cosh^2\frac\tau2\,\frac{1+\cos\varphi}2` and :math:`U_{k-1}(\zeta)^2` are rational, and
so is :math:`\sinh^2(d_k/2)`: nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from theory.proof.statements import Enumeration, Family

__all__ = [
    "ABOVE", "AT_THE_THRESHOLD", "BELOW", "CLOSING", "FALSE_BOUNDS", "VALID", "Turning", "chebyshev_square", "equality_of_words", "flat_words", "half_chords",
    "sharp", "spatial_words",
]  # fmt: skip

Word = tuple[int, ...]  # -1, 0, 1 for right, straight, left; in space 2 and -2 for up and down too


class Turning(NamedTuple):
    """Edges of length tau, ``root = exp(tau/2)``, and a largest turn with rational
    cosine and sine."""

    root: Fraction
    cosine: Fraction
    sine: Fraction

    @property
    def sinh_squared(self) -> Fraction:
        """sinh^2(tau/2)."""
        return ((self.root - 1 / self.root) / 2) ** 2

    @property
    def cosh_squared(self) -> Fraction:
        """cosh^2(tau/2)."""
        return self.sinh_squared + 1

    @property
    def zeta_squared(self) -> Fraction:
        """cosh^2(tau/2) sin^2(theta/2)."""
        return self.cosh_squared * (1 + self.cosine) / 2


def _turning(root: str, cosine: str, sine: str) -> Turning:
    return Turning(Fraction(root), Fraction(cosine), Fraction(sine))


ABOVE = (_turning("2", "3/5", "4/5"), _turning("3", "0", "1"), _turning("5", "-3/5", "4/5"))
AT_THE_THRESHOLD = (_turning("2", "7/25", "24/25"),)  # zeta = 1: vertices on a horocycle
BELOW = (_turning("2", "0", "1"),)  # zeta < 1: valid until (k - 1) alpha = 2 pi, here k <= 7
CLOSING = (_turning("3/2", "-3/5", "4/5"),)  # valid for k <= 3 only

VALID = (*ABOVE, *AT_THE_THRESHOLD, *BELOW)  # for chains of up to seven edges
HalfChord = Callable[[Turning, int], "Fraction | None"]  # a lower bound of sinh^2(d_k/2), or None where it claims none


def chebyshev_square(x: Fraction, m: int) -> tuple[Fraction, bool]:
    """``U_m(zeta)^2`` and whether ``U_m(zeta) >= 0``, for ``zeta >= 0`` with ``zeta^2 =
    x``.

    U_m is an even or odd polynomial: ``U_m = zeta^(m mod 2) V_m(x)`` with ``V_{m+1} = 2
    V_m - V_{m-1}`` or ``2 x V_m - V_{m-1}``.

    >>> chebyshev_square(Fraction(5, 4), 2)
    (Fraction(16, 1), True)
    """
    before, now = Fraction(0), Fraction(1)
    for k in range(m):
        before, now = now, 2 * (now if k % 2 == 0 else x * now) - before
    return now * now * (x if m % 2 else 1), now >= 0


def sharp(of: Turning, k: int) -> Fraction | None:
    """``sinh^2(tau/2) U_{k-1}(zeta)^2`` while U_0 .. U_{k-2} >= 0; nothing is claimed
    beyond, nor where U_{k-1} < 0."""
    values = [chebyshev_square(of.zeta_squared, m) for m in range(k)]
    return of.sinh_squared * values[-1][0] if all(sign for _, sign in values) else None


# --- nearby falsehoods --------------------------------------------------------------------------------------------------------


def _sinh_square_of_multiple(cosh: Fraction, k: int) -> Fraction:
    """sinh^2(k L/2) from cosh L."""
    before, now = Fraction(1), cosh
    for _ in range(k - 1):
        before, now = now, 2 * cosh * now - before
    return (now - 1) / 2


def _as_if_straight(of: Turning, k: int) -> Fraction:
    return _sinh_square_of_multiple(1 + 2 * of.sinh_squared, k)


def _by_midpoints(of: Turning, k: int) -> Fraction:
    """k times the distance of neighbouring midpoints, sinh(L/2) = sinh(tau/2)
    sin(theta/2)."""
    return _sinh_square_of_multiple(1 + of.sinh_squared * (1 + of.cosine), k)


def _by_the_limit(of: Turning, k: int) -> Fraction | None:
    """k (tau + 2 log sin(theta/2)): the defect's limit for long edges, which is its
    least value."""
    e = of.root**2 * (1 + of.cosine) / 2
    return None if e <= 1 else _sinh_square_of_multiple((e + 1 / e) / 2, k)


def _another_zeta(square: Callable[[Turning], Fraction]) -> HalfChord:
    def bound(of: Turning, k: int) -> Fraction | None:
        values = [chebyshev_square(square(of), m) for m in range(k)]
        return of.sinh_squared * values[-1][0] if all(sign for _, sign in values) else None

    return bound


def _size_after_closing(of: Turning, k: int) -> Fraction:
    return of.sinh_squared * chebyshev_square(of.zeta_squared, k - 1)[0]


FALSE_BOUNDS: dict[str, HalfChord] = {
    "as if straight": _as_if_straight,
    "midpoints": _by_midpoints,
    "limit": _by_the_limit,
    "whole angle": _another_zeta(lambda of: of.cosh_squared * of.sine**2),
    "cosine": _another_zeta(lambda of: of.cosh_squared * (1 - of.cosine) / 2),
    "size after closing": _size_after_closing,
}


# --- where chains end ------------------------------------------------------------------------------------------------------


def by_frames(of: Turning, word: Word) -> Fraction:
    """sinh^2(d/2) by a point and its tangents on the hyperboloid of H^3, carried
    along."""
    s, c = (of.root**2 - of.root**-2) / 2, (of.root**2 + of.root**-2) / 2
    frame = [[Fraction(int(i == j)) for i in range(4)] for j in range(4)]  # the point, ahead, left, up

    def turn(i: int, j: int, x: Fraction, y: Fraction) -> None:
        frame[i], frame[j] = [x * a + y * b for a, b in zip(frame[i], frame[j], strict=True)], [x * b - y * a for a, b in zip(frame[i], frame[j], strict=True)]  # fmt: skip

    for letter in (*word, None):
        point, ahead = frame[0], frame[1]
        frame[0] = [c * p + s * a for p, a in zip(point, ahead, strict=True)]
        frame[1] = [s * p + c * a for p, a in zip(point, ahead, strict=True)]
        if letter:
            turn(1, 1 + abs(letter), of.cosine, of.sine if letter > 0 else -of.sine)
    return (frame[0][0] - 1) / 2


Complex = tuple[Fraction, Fraction]


def by_matrices(of: Turning, word: Word) -> Fraction:
    r"""The same by products in GL(2, C), which moves the half-space: :math:`\cosh d =
    |M|_F^2 / (2 |\det M|)`.

    Edges are symmetric, a turn to the left is diagonal, and up and down are left and
    right after a quarter turn about the edge,
    :math:`\begin{pmatrix} 1 & i\\ i & 1\end{pmatrix}`.
    """
    root, zero, one = of.root, (Fraction(0), Fraction(0)), (Fraction(1), Fraction(0))
    edge = [[(root + 1 / root, Fraction(0)), (root - 1 / root, Fraction(0))], [(root - 1 / root, Fraction(0)), (root + 1 / root, Fraction(0))]]  # fmt: skip
    quarter = [[one, (Fraction(0), Fraction(1))], [(Fraction(0), Fraction(1)), one]]
    back = [[one, (Fraction(0), Fraction(-1))], [(Fraction(0), Fraction(-1)), one]]
    matrix, scale = [[one, zero], [zero, one]], Fraction(1)
    for letter in (*word, None):
        matrix, scale = _times(matrix, edge), scale * 4
        if letter:
            corner = [[(of.cosine, of.sine if letter > 0 else -of.sine), zero], [zero, one]]
            if abs(letter) == 1:
                matrix = _times(matrix, corner)
            else:
                matrix, scale = _times(_times(_times(matrix, quarter), corner), back), scale * 4
    whole = sum((x * x + y * y for row in matrix for x, y in row), Fraction(0))
    return (whole / (2 * scale) - 1) / 2


def _times(first: list[list[Complex]], second: list[list[Complex]]) -> list[list[Complex]]:
    def entry(i: int, j: int) -> Complex:
        real = sum((first[i][k][0] * second[k][j][0] - first[i][k][1] * second[k][j][1] for k in (0, 1)), Fraction(0))
        imaginary = sum((first[i][k][0] * second[k][j][1] + first[i][k][1] * second[k][j][0] for k in (0, 1)), Fraction(0))  # fmt: skip
        return real, imaginary

    return [[entry(i, j) for j in (0, 1)] for i in (0, 1)]


# --- statements ------------------------------------------------------------------------------------------------------------


def _words(what: str, turnings: Sequence[Turning], letters: Sequence[int], longest: int) -> Family:
    size = len(turnings) * sum(len(letters) ** (k - 1) for k in range(1, longest + 1))

    def members() -> Iterator[tuple[Turning, Word]]:
        for of in turnings:
            for k in range(1, longest + 1):
                for word in product(letters, repeat=k - 1):
                    yield of, word

    return Family(f"{what} of up to {longest} edges, {len(turnings)} lengths and turns", members, size)


def flat_words(turnings: Sequence[Turning] = VALID, longest: int = 4) -> Family:
    """Chains in the plane that turn left, straight on or right at every vertex."""
    return _words("plane chains", turnings, (-1, 0, 1), longest)


def spatial_words(turnings: Sequence[Turning] = (*ABOVE[:2], *AT_THE_THRESHOLD), longest: int = 3) -> Family:
    """Chains in H^3 that turn left, right, up or down, or go straight on."""
    return _words("chains in space", turnings, (-2, -1, 0, 1, 2), longest)


def half_chords(name: str, words: Family, bound: HalfChord = sharp) -> Enumeration:
    """sinh^2(d/2) >= the bound for every word."""

    def by(way: Callable[[Turning, Word], Fraction]) -> Callable[[tuple[Turning, Word]], bool]:
        def holds(member: tuple[Turning, Word]) -> bool:
            least = bound(member[0], len(member[1]) + 1)
            return least is None or way(*member) >= least

        return holds

    return Enumeration(name, words, by(by_frames), by(by_matrices))


def equality_of_words(name: str, words: Family, bound: HalfChord = sharp) -> Enumeration:
    """The bound is reached by the chains that always turn the same way in one plane,
    and by no other."""

    def by(way: Callable[[Turning, Word], Fraction]) -> Callable[[tuple[Turning, Word]], bool]:
        def holds(member: tuple[Turning, Word]) -> bool:
            of, word = member
            least = bound(of, len(word) + 1)
            constant = len(set(word)) < 2 and 0 not in word
            return least is None or (way(of, word) == least) is constant

        return holds

    return Enumeration(name, words, by(by_frames), by(by_matrices))
