"""Convolutions on the line, the torus and the square grid: strides, circulant matrices,
filters that turn, rotations that keep the grid.

Images of permutations are 0-based; positions of the grid are Gaussian integers p + i q
where that is shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from sympy import Function, I, Symbol, sympify

from theory.arithmetic.cyclotomic import Cyclotomic
from theory.proof.statements import Enumeration, Equation, Family
from theory.representations.equivariant_maps import ignores_shift, pools, shift, sums

SIZES = (3, 5, 6)  # numbers of positions of the convolutions that are listed
VALUES = (-1, 0, 1)  # of their taps
Matrix = Callable[[int, Any], np.ndarray]

# -- every signal ----------------------------------------------------------------------------------------------------------


def stride_equation(stride: int | None = None) -> Equation:
    """One tap of y(p) = sum_t psi_t x(stride p + t), for every signal, tap and
    position, moved along the line.

    Moving the input by stride times s moves the output by s, for every stride and s.
    With a ``stride`` given the claim is that moving the input by s, and not by stride
    times s, moves the output by s; for stride 1 these are one claim.
    """
    x, psi = Function("x"), Function("psi")
    p, s, t, sigma = (Symbol(name, integer=True) for name in ("p", "s", "t", "sigma"))
    step = sigma if stride in (None, 1) else sympify(stride)
    moved = sigma * s if stride in (None, 1) else s
    return Equation("input moved", psi(t) * x(step * p + t - moved), psi(t) * x(step * (p - s) + t))


def lifting_equations() -> list[Equation]:
    """y_r(z) = sum_t psi(t) x(z + i^r t): a quarter turn of the image turns the planes
    and cycles r, for every image and kernel.

    One tap t of any kernel, at a position z; the turned image is x(-i z), and position
    r of the planes turned r times.
    """
    x, psi = Function("x"), Function("psi")
    z, t = Symbol("z"), Symbol("t")

    def plane(image: Callable[[Any], Any], r: int, at: Any) -> Any:
        return psi(t) * image(at + I**r * t)

    return [
        Equation(f"a quarter turn, plane {r}", plane(lambda at: x(-I * at), r, z), plane(x, (r - 1) % 4, -I * z))
        for r in range(4)
    ]


# -- matrices --------------------------------------------------------------------------------------------------------------


def taps(longest: int) -> list[tuple[int, ...]]:
    """All odd numbers of taps up to ``longest`` with entries -1, 0, 1, not all zero."""
    return [found for size in range(1, longest + 1, 2) for found in product(VALUES, repeat=size) if any(found)]


def filters(longest: int = 5) -> Family:
    """Pairs (number of positions, taps), with no more taps than positions."""

    def members() -> Iterator[tuple[int, tuple[int, ...]]]:
        for n in SIZES:
            for found in taps(min(n, longest)):
                yield n, found

    size = sum(3**m - 1 for n in SIZES for m in range(1, min(n, longest) + 1, 2))
    sizes = ", ".join(map(str, SIZES))
    return Family(f"filters of up to {longest} taps -1, 0, 1 on {sizes} positions", members, size)


def convolutions(matrix: Matrix | None = None) -> Enumeration:
    """The matrix of every filter (circular unless given) commutes with the shift:
    multiplied out, and by its diagonals."""
    of = matrix or circulant
    return Enumeration(
        "convolutions", filters(), lambda f: commutes_with_shift(of(*f)), lambda f: depends_on_difference(of(*f))
    )


def readouts(readout: Matrix | None = None) -> Enumeration:
    """The readout with these weights (multiples of the sum unless given) ignores the
    shift: multiplied out, and by its columns."""
    of = readout or sums
    return Enumeration("invariance", filters(3), lambda f: ignores_shift(of(*f)), lambda f: pools(of(*f)))


def circulant(n: int, taps: Sequence[int]) -> np.ndarray:
    """The matrix of a circular convolution with an odd number of taps, centred;
    integers, shape ``(n, n)``."""
    matrix = np.zeros((n, n), dtype=np.int64)
    for t, c in enumerate(taps):
        matrix[range(n), [(i + t - len(taps) // 2) % n for i in range(n)]] += c
    return matrix


def zero_padded(n: int, taps: Sequence[int]) -> np.ndarray:
    """The same convolution with zeros beyond the ends."""
    matrix = np.zeros((n, n), dtype=np.int64)
    for t, c in enumerate(taps):
        for i in range(n):
            j = i + t - len(taps) // 2
            if 0 <= j < n:
                matrix[i, j] += c
    return matrix


def commutes_with_shift(matrix: np.ndarray) -> bool:
    """S A = A S, multiplied out."""
    n = len(matrix)
    S = np.zeros((n, n), dtype=np.int64)
    S[list(shift(n)), range(n)] = 1
    return bool((S @ matrix == matrix @ S).all())


def depends_on_difference(matrix: np.ndarray) -> bool:
    """Whether every cyclic diagonal is constant."""
    n = len(matrix)
    return all(len({int(matrix[i, (i + d) % n]) for i in range(n)}) == 1 for d in range(n))


# -- rotations of the square grid --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """Rotation of the plane by k full turns over m."""

    k: int
    m: int

    def keeps_grid(self) -> bool:
        """Whether the matrix of cosine and sine, as cyclotomic numbers, is integer."""
        order = 4 * self.m
        z = Cyclotomic.root(order, 4 * self.k)
        cosine = (z + z.conjugate()) / 2
        sine = (z - z.conjugate()) * Cyclotomic.root(4, 3) / 2
        return all(
            value.in_least_field.order == 1 and value.in_least_field.denominator == 1 for value in (cosine, sine)
        )

    def is_quarter_turn(self) -> bool:
        """(1, 0) would have to go to one of the four integer points at distance 1: is
        that among the multiples of a quarter turn?"""
        unit = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a * a + b * b == 1]
        eighths = {(1, 0): 0, (0, 1): 1, (-1, 0): 2, (0, -1): 3}  # directions of those points, in quarter turns
        return any(4 * self.k % (4 * self.m) == eighths[point] * self.m for point in unit)


def turns(m: int) -> list[Turn]:
    """All multiples of a full turn over m."""
    return [Turn(k, m) for k in range(m)]


def grid_kept(m: int = 4) -> Enumeration:
    """Rotations by multiples of a full turn over m map the square grid to itself: by
    their matrices, and by where (1, 0) may go."""
    family = Family(f"rotations by multiples of a full turn over {m}", lambda: turns(m), m)
    return Enumeration("grid kept", family, Turn.keeps_grid, Turn.is_quarter_turn)


def quarter_turn(p: Any, q: Any, turns: int = 1) -> tuple[Any, Any]:
    """(p, q) after quarter turns about the origin: (p, q) -> (-q, p)."""
    for _ in range(turns % 4):
        p, q = -q, p
    return p, q


@dataclass(frozen=True)
class Tap:
    """One weight of a group convolution on the N x N torus with four orientations: from
    orientation r + s, at R^r (a, b), to orientation r."""

    N: int
    s: int
    a: int
    b: int


def group_taps(largest: int) -> Iterator[Tap]:
    """Every tap of every kernel on tori of side 1..largest."""
    for N in range(1, largest + 1):
        for s, a, b in product(range(4), range(N), range(N)):
            yield Tap(N, s, a, b)


def group_convolutions(largest: int = 4) -> Enumeration:
    """Every tap commutes with quarter turns and shifts: on unit images, and as a right
    multiplication, looked up."""
    size = 4 * sum(N * N for N in range(1, largest + 1))
    family = Family(f"taps of group convolutions, tori up to {largest} x {largest}", lambda: group_taps(largest), size)
    return Enumeration("group convolution", family, tap_commutes, tap_is_right_multiplication)


def tap_commutes(tap: Tap) -> bool:
    """Apply the tap to every unit image of four planes, before and after a quarter turn
    that also cycles the planes, and after a shift."""
    N = tap.N
    planes = np.eye(4 * N * N, dtype=np.int64).reshape(-1, 4, N, N)
    return bool(
        (_apply(_turned(planes), tap) == _turned(_apply(planes, tap))).all()
        and (_apply(_shifted(planes), tap) == _shifted(_apply(planes, tap))).all()
    )


def _apply(y: np.ndarray, tap: Tap) -> np.ndarray:
    out = np.zeros_like(y)
    for r in range(4):
        u, v = quarter_turn(tap.a, tap.b, r)
        out[:, r] = np.roll(y[:, (r + tap.s) % 4], (-u, -v), axis=(-2, -1))
    return out


def _turned(y: np.ndarray) -> np.ndarray:
    """(g y)_r(p) = y_(r-1)(R^-1 p)."""
    N = y.shape[-1]
    p, q = np.meshgrid(range(N), range(N), indexing="ij")
    a, b = quarter_turn(p, q, 3)
    return np.roll(y, 1, axis=1)[..., a % N, b % N]


def _shifted(y: np.ndarray) -> np.ndarray:
    return np.roll(y, 1, axis=-1)


def tap_is_right_multiplication(tap: Tap) -> bool:
    """The tap reads position g h for g, h in the group of turns and shifts of the
    torus; left multiplication commutes with that: associativity, looked up."""
    N = tap.N
    elements = list(product(range(4), range(N), range(N)))

    def times(g: tuple[int, int, int], h: tuple[int, int, int]) -> tuple[int, int, int]:
        u, v = quarter_turn(h[1], h[2], g[0])
        return (g[0] + h[0]) % 4, (g[1] + u) % N, (g[2] + v) % N

    h = (tap.s, tap.a, tap.b)
    generators = [(1, 0, 0), (0, 0, 1 % N)]
    return all(times(k, times(g, h)) == times(times(k, g), h) for k in generators for g in elements)
