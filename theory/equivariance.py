"""Linear maps that commute with permutations of coordinates: orbits, equations, set partitions; convolutions on the line, the torus and the grid.

Permutations are tuples of 0-based images: g sends position i to g[i], and the matrix of g sends e_i to e_g[i]. Equations come as triples
(left, right, name) that hold for every value of their symbols; nothing here says that they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from sympy import Function, Matrix, Symbol

from theory.cyclotomic import Cyclotomic
from theory.exact_matrices import ExactArray, PrimeField

Equation = tuple[Any, Any, str]
Permutation = tuple[int, ...]
PRIME = 1_000_003

# -- which maps commute ------------------------------------------------------------------------------------------------


def shift(n: int) -> Permutation:
    """i -> i + 1 modulo n."""
    return tuple((i + 1) % n for i in range(n))


def symmetric_generators(n: int) -> tuple[Permutation, ...]:
    """A transposition and a cycle, which generate all permutations of n points (the identity when n = 1)."""
    return ((1, 0, *range(2, n)), shift(n)) if n > 1 else ((0,),)


def on_tuples(g: Permutation, k: int) -> Permutation:
    """What g does to the n^k tuples of k points, numbered with the last point running fastest; one tuple, the empty one, for k = 0."""
    n = len(g)
    images = []
    for points in product(range(n), repeat=k):
        index = 0
        for i in points:
            index = index * n + g[i]
        images.append(index)
    return tuple(images)


@dataclass(frozen=True)
class Action:
    """A group acting on the coordinates of an input and of an output, by the images of its generators; ``expected`` is the dimension claimed."""

    name: str
    inputs: tuple[Permutation, ...]
    outputs: tuple[Permutation, ...]
    expected: int

    def __str__(self) -> str:
        return f"{self.name}: R^{len(self.inputs[0])} -> R^{len(self.outputs[0])}, dimension {self.expected}"


def cyclic_actions(largest: int) -> Iterator[Action]:
    """C_n on R^n, n = 1..largest: dimension n."""
    for n in range(1, largest + 1):
        yield Action(f"C_{n}", (shift(n),), (shift(n),), n)


def symmetric_actions(largest: int, total: int) -> Iterator[Action]:
    """S_n from tensors of order a to tensors of order b, a + b <= total, n = 1..largest: set partitions of a + b points into at most n blocks."""
    for n in range(1, largest + 1):
        for a, b in product(range(total + 1), repeat=2):
            if a >= 1 and a + b <= total:
                given = symmetric_generators(n)
                yield Action(
                    f"S_{n}, order {a} to {b}",
                    tuple(on_tuples(g, a) for g in given),
                    tuple(on_tuples(g, b) for g in given),
                    partitions_upto(a + b, n),
                )


def orbit_count(action: Action) -> int:
    """Orbits on pairs (output coordinate, input coordinate): a matrix commutes exactly when it is constant on each."""
    rows, columns = len(action.outputs[0]), len(action.inputs[0])
    parent = list(range(rows * columns))

    def find(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for g, h in zip(action.outputs, action.inputs, strict=True):
        for i in range(rows):
            for j in range(columns):
                parent[find(i * columns + j)] = find(g[i] * columns + h[j])
    return sum(find(x) == x for x in range(rows * columns))


def solution_count(action: Action) -> int:
    """Dimension of the solutions of ``P_out A = A P_in`` for every generator, by elimination modulo a prime.

    It can only exceed the dimension over the rationals, and the indicators of orbits are independent solutions there.
    """
    rows, columns = len(action.outputs[0]), len(action.inputs[0])
    size = rows * columns
    blocks = []
    for g, h in zip(action.outputs, action.inputs, strict=True):
        left, right = np.zeros((rows, rows), dtype=np.int64), np.zeros((columns, columns), dtype=np.int64)
        left[list(g), range(rows)], right[list(h), range(columns)] = 1, 1
        blocks.append(np.kron(left, np.eye(columns, dtype=np.int64)) - np.kron(np.eye(rows, dtype=np.int64), right.T))
    equations = np.unique(np.concatenate(blocks), axis=0) % PRIME
    return size - ExactArray(PrimeField(PRIME), equations[..., None]).rank()


@cache
def stirling(k: int, b: int) -> int:
    """Set partitions of k points into b blocks."""
    if k == 0 or b == 0:
        return int(k == b)
    return b * stirling(k - 1, b) + stirling(k - 1, b - 1)


def partitions_upto(k: int, n: int) -> int:
    """Set partitions of k points into at most n blocks; Bell's number when n >= k.

    >>> [partitions_upto(4, n) for n in range(1, 6)]
    [1, 8, 14, 15, 15]
    """
    return sum(stirling(k, b) for b in range(min(k, n) + 1))


def patterns(k: int) -> list[tuple[int, ...]]:
    """Set partitions of k points as restricted growth strings: the ways in which a tuple's entries may agree.

    >>> patterns(3)
    [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 2)]
    """
    found: list[tuple[int, ...]] = [()]
    for _ in range(k):
        found = [(*word, b) for word in found for b in range(max(word, default=-1) + 2)]
    return found


# -- every size --------------------------------------------------------------------------------------------------------

Induction = tuple[Symbol, list[Equation], list[Equation], list[Equation]]


def circulant_induction() -> Induction:
    """A(i+k, j+k) - A(i, j) is the sum of k entries of the commutator with the shift, for every matrix A and every k >= 1: base, step, small.

    So a matrix commutes with the shift of Z/n exactly when it depends on i - j alone, whatever n: indices are only added.
    """
    k = Symbol("k", integer=True, positive=True)
    i, j = Symbol("i", integer=True), Symbol("j", integer=True)
    A = Function("A")

    def commutator(d: Any) -> Any:  # (S^-1 A S - A)(i+d, j+d), with (S x)(i) = x(i - 1)
        return A(i + d + 1, j + d + 1) - A(i + d, j + d)

    def difference(d: Any) -> Any:
        return A(i + d, j + d) - A(i, j)

    small = [
        (sum((commutator(d) for d in range(size)), sp.S.Zero), difference(size), f"{size} entries") for size in (2, 4)
    ]
    return (
        k,
        [(commutator(0), difference(1), "one entry")],
        [(difference(k) + commutator(k), difference(k + 1), "one entry more")],
        small,
    )


def pooling_induction() -> Induction:
    """w(k) - w(0) is the sum of k entries of w S - w: a linear readout is invariant under shifts exactly when its weights are equal."""
    k = Symbol("k", integer=True, positive=True)
    w = Function("w")
    small = [(sum((w(d + 1) - w(d) for d in range(3)), sp.S.Zero), w(3) - w(0), "three entries")]
    return (
        k,
        [(w(1) - w(0), w(1) - w(0), "one entry")],
        [((w(k) - w(0)) + (w(k + 1) - w(k)), w(k + 1) - w(0), "one entry more")],
        small,
    )


def falling(n: Any, b: int) -> Any:
    """n (n-1) ... (n-b+1): injections of b points into n."""
    return sp.prod([n - k for k in range(b)])


def tuple_induction(k: int) -> tuple[Symbol, list[Equation], list[Equation]]:
    """Orbits of S_n on k-tuples, for every n >= k, are the patterns of equality: variable, base, step.

    A pattern with b blocks has n(n-1)...(n-b+1) tuples: one point more adds those that hit it with one of the b blocks. The orbit of
    one of them has n!/(n-b)! members, its stabiliser permuting the other points. These are equal, so that the pattern is one orbit; and
    the patterns exhaust the n^k tuples.
    """
    n = Symbol("n", integer=True, positive=True)
    base: list[Equation] = [
        (sp.S(sum(stirling(k, b) for b in range(1, k + 1))), sp.S(len(patterns(k))), f"patterns of {k} points")
    ]
    step: list[Equation] = [
        (sum(stirling(k, b) * falling(n, b) for b in range(1, k + 1)), n**k, f"patterns exhaust {k}-tuples")
    ]
    for b in range(1, k + 1):
        base.append((falling(sp.S(b), b), sp.factorial(b), f"{b} values of {b} points"))
        step.append((falling(n, b) + b * falling(n, b - 1), falling(n + 1, b), f"one point more, {b} blocks"))
        step.append(
            (
                falling(n + b, b) * sp.factorial(n),
                sp.factorial(n + b),
                f"orbit of a tuple with {b} values, n + b points",
            )
        )
    return n, base, step


# -- convolutions ------------------------------------------------------------------------------------------------------


def stride_equations(stride: int = 1) -> list[Equation]:
    """y(p) = sum_t psi_t x(stride p + t): moving the input by one moves the output by one, for every signal and every position."""
    x = Function("x")
    p = Symbol("p", integer=True)
    taps = {t: Symbol(f"psi{t + 1}") for t in (-1, 0, 1)}

    def y(signal: Callable[[Any], Any], q: Any) -> Any:
        return sum((c * signal(stride * q + t) for t, c in taps.items()), sp.S.Zero)

    return [(y(lambda q: x(q - 1), p), y(x, p - 1), "input moved by one")]


def stride_law() -> list[Equation]:
    """What is true of a stride: moving the input by stride times s moves the output by s, for every stride and every s."""
    x = Function("x")
    p, s, stride = (Symbol(name, integer=True) for name in ("p", "s", "sigma"))
    taps = {t: Symbol(f"psi{t + 1}") for t in (-1, 0, 1)}
    moved = sum((c * x(stride * p + t - stride * s) for t, c in taps.items()), sp.S.Zero)
    return [
        (
            moved,
            sum((c * x(sp.expand(stride * (p - s)) + t) for t, c in taps.items()), sp.S.Zero),
            "input moved by the stride",
        )
    ]


def quarter_turn(p: Any, q: Any, turns: int = 1) -> tuple[Any, Any]:
    """(p, q) after quarter turns about the origin: (p, q) -> (-q, p)."""
    for _ in range(turns % 4):
        p, q = -q, p
    return p, q


def lifting_equations() -> list[Equation]:
    """y_r(p) = sum_t psi(R^-r t) x(p + t): turning the image turns the planes and cycles r, for every image, position and 3 x 3 kernel."""
    x = Function("x")
    p, q = Symbol("p", integer=True), Symbol("q", integer=True)
    psi = {(a, b): Symbol(f"psi{a + 1}{b + 1}") for a in (-1, 0, 1) for b in (-1, 0, 1)}

    def y(image: Callable[[Any, Any], Any], r: int, a: Any, b: Any) -> Any:
        return sum((c * image(a + u, b + v) for t, c in psi.items() for u, v in [quarter_turn(*t, r)]), sp.S.Zero)

    def turned(a: Any, b: Any) -> Any:
        return x(*quarter_turn(a, b, 3))

    left = Matrix([y(turned, r, p, q) for r in range(4)])
    right = Matrix([y(x, (r - 1) % 4, *quarter_turn(p, q, 3)) for r in range(4)])
    return [(left, right, "a quarter turn")]


def circulant(n: int, taps: Sequence[int]) -> np.ndarray:
    """The matrix of a circular convolution with an odd number of taps, centred; integers, shape ``(n, n)``."""
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


def ignores_shift(matrix: np.ndarray) -> bool:
    """A S = A, multiplied out."""
    n = matrix.shape[1]
    S = np.zeros((n, n), dtype=np.int64)
    S[list(shift(n)), range(n)] = 1
    return bool((matrix @ S == matrix).all())


def pools(matrix: np.ndarray) -> bool:
    """Whether all columns are one column: every output is a multiple of the sum."""
    return len({tuple(column) for column in matrix.T.tolist()}) == 1


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
        return all(value.reduced.order == 1 and value.reduced.denominator == 1 for value in (cosine, sine))

    def is_quarter_turn(self) -> bool:
        """(1, 0) would have to go to one of the four integer points at distance 1: is that among the multiples of a quarter turn?"""
        unit = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a * a + b * b == 1]
        eighths = {(1, 0): 0, (0, 1): 1, (-1, 0): 2, (0, -1): 3}  # directions of those points, in quarter turns
        return any(4 * self.k % (4 * self.m) == eighths[point] * self.m for point in unit)


def turns(m: int) -> list[Turn]:
    """All multiples of a full turn over m."""
    return [Turn(k, m) for k in range(m)]


@dataclass(frozen=True)
class Tap:
    """One weight of a group convolution on the N x N torus with four orientations: from orientation r + s, at R^r (a, b), to orientation r."""

    N: int
    s: int
    a: int
    b: int


def taps(largest: int) -> Iterator[Tap]:
    """Every tap of every kernel on tori of side 1..largest."""
    for N in range(1, largest + 1):
        for s, a, b in product(range(4), range(N), range(N)):
            yield Tap(N, s, a, b)


def tap_commutes(tap: Tap) -> bool:
    """Apply the tap to every unit image of four planes, before and after a quarter turn that also cycles the planes, and after a shift."""
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
    """The tap reads position g h for g, h in the group of turns and shifts of the torus; left multiplication commutes with that: associativity, looked up."""
    N = tap.N
    elements = list(product(range(4), range(N), range(N)))

    def times(g: tuple[int, int, int], h: tuple[int, int, int]) -> tuple[int, int, int]:
        u, v = quarter_turn(h[1], h[2], g[0])
        return (g[0] + h[0]) % 4, (g[1] + u) % N, (g[2] + v) % N

    h = (tap.s, tap.a, tap.b)
    generators = [(1, 0, 0), (0, 0, 1 % N)]
    return all(times(k, times(g, h)) == times(times(k, g), h) for k in generators for g in elements)
