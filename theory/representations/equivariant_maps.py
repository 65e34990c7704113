"""Linear maps that commute with permutations of coordinates: orbits, equations, set
partitions, and readouts that ignore shifts.

Permutations are tuples of 0-based images: g sends position i to g[i], and the matrix of
g sends e_i to e_g[i].
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp
from sympy import Function, Symbol

from theory.arithmetic.matrices import ExactArray, PrimeField
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion
from theory.proof.telescoping import differences

Permutation = tuple[int, ...]
PRIME = 1_000_003

# -- which maps commute ------------------------------------------------------------------------------------------------


def shift(n: int) -> Permutation:
    """i -> i + 1 modulo n."""
    return tuple((i + 1) % n for i in range(n))


def symmetric_generators(n: int) -> tuple[Permutation, ...]:
    """A transposition and a cycle, which generate all permutations of n points (the
    identity when n = 1)."""
    return ((1, 0, *range(2, n)), shift(n)) if n > 1 else ((0,),)


def on_tuples(g: Permutation, k: int) -> Permutation:
    """What g does to the n^k tuples of k points, numbered with the last point running
    fastest; one tuple, the empty one, for k = 0."""
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
    """A group acting on the coordinates of an input and of an output, by the images of
    its generators; ``expected`` is the dimension claimed."""

    name: str
    inputs: tuple[Permutation, ...]
    outputs: tuple[Permutation, ...]
    expected: int

    def __str__(self) -> str:
        return f"{self.name}: R^{len(self.inputs[0])} -> R^{len(self.outputs[0])}, dimension {self.expected}"


def cyclic_action(n: int, dimension: int) -> Action:
    """C_n on R^n, with a dimension claimed."""
    return Action(f"C_{n}", (shift(n),), (shift(n),), dimension)


def cyclic_actions(largest: int) -> Iterator[Action]:
    """C_n on R^n, n = 1..largest: dimension n."""
    for n in range(1, largest + 1):
        yield cyclic_action(n, n)


def symmetric_actions(largest: int, total: int) -> Iterator[Action]:
    """S_n from tensors of order a to tensors of order b, a + b <= total, n =
    1..largest: set partitions of a + b points into at most n blocks."""
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
    """Orbits on pairs (output coordinate, input coordinate): a matrix commutes exactly
    when it is constant on each."""
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
    """Dimension of the solutions of ``P_out A = A P_in`` for every generator, by
    elimination modulo a prime.

    It can only exceed the dimension over the rationals, and the indicators of orbits
    are independent solutions there.
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
    """Set partitions of k points as restricted growth strings: the ways in which a
    tuple's entries may agree.

    >>> patterns(3)
    [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 2)]
    """
    found: list[tuple[int, ...]] = [()]
    for _ in range(k):
        found = [(*word, b) for word in found for b in range(max(word, default=-1) + 2)]
    return found


# -- dimensions of small actions -------------------------------------------------------------------------------------------

CYCLIC, SYMMETRIC, ORDERS = 10, 4, 4  # how far small actions are listed
IMAGES, PLANES = 3, 2  # sides of tori of images and of oriented planes


def turned_torus(N: int, *, planes: bool) -> tuple[Permutation, ...]:
    """A quarter turn and a shift of the N x N torus: of its positions, or of four
    oriented planes, which the turn cycles."""
    points = list(product(range(4 if planes else 1), range(N), range(N)))
    index = {point: i for i, point in enumerate(points)}
    count = 4 if planes else 1
    turn = tuple(index[(r + 1) % count, -q % N, p] for r, p, q in points)
    return turn, tuple(index[r, p, (q + 1) % N] for r, p, q in points)


def turning_actions() -> Iterator[Action]:
    """C4 with the shifts of an N x N torus: N^2 dimensions from images to planes, 4 N^2
    from planes to planes."""
    for N in range(1, IMAGES + 1):
        images, planes = (turned_torus(N, planes=flag) for flag in (False, True))
        yield Action(f"C4 and shifts, side {N}, images to planes", images, planes, N * N)
        if N <= PLANES:
            yield Action(f"C4 and shifts, side {N}, planes to planes", planes, planes, 4 * N * N)


def small_actions() -> Family:
    """C_n on R^n, S_n on tensors, C4 with shifts on images and planes."""

    def members() -> Iterator[Action]:
        yield from cyclic_actions(CYCLIC)
        yield from symmetric_actions(SYMMETRIC, ORDERS)
        yield from turning_actions()

    size = CYCLIC + SYMMETRIC * (ORDERS * (ORDERS + 1) // 2) + IMAGES + PLANES
    text = f"actions of C_n, n <= {CYCLIC}, of S_n, n <= {SYMMETRIC}, on tensors of orders a + b <= {ORDERS}, of C4 and the shifts of tori from images (side <= {IMAGES}) and planes (side <= {PLANES}) to planes"
    return Family(text, members, size)


def dimensions(actions: Iterable[Action] | None = None) -> Enumeration:
    """The dimension claimed for each action (the small ones unless given), by orbits
    and by elimination."""
    if actions is None:
        family = small_actions()
    else:
        given = list(actions)
        family = Family("actions given", lambda: given, len(given))
    return Enumeration(
        "dimensions", family, lambda a: orbit_count(a) == a.expected, lambda a: solution_count(a) == a.expected
    )


def pattern_counts(largest: int = 7) -> Enumeration:
    """Stirling's recursion counts the patterns with b blocks: by listing them, and by
    inclusion and exclusion over surjections."""
    pairs = [(k, b) for k in range(1, largest + 1) for b in range(1, k + 1)]

    def by_surjections(pair: tuple[int, int]) -> bool:
        k, b = pair
        onto = sum((-1) ** i * sp.binomial(b, i) * (b - i) ** k for i in range(b + 1))
        return stirling(k, b) * sp.factorial(b) == onto

    return Enumeration(
        "patterns with b blocks",
        Family(f"pairs b <= k of at most {largest} points", lambda: pairs, largest * (largest + 1) // 2),
        lambda pair: stirling(*pair) == sum(len(set(word)) == pair[1] for word in patterns(pair[0])),
        by_surjections,
    )


# -- every size ------------------------------------------------------------------------------------------------------------


def falling(n: Any, b: int) -> Any:
    """n (n-1) ... (n-b+1): injections of b points into n."""
    return sp.prod([n - k for k in range(b)])


def tuple_statements() -> list[Equation | Induction]:
    """Orbits of S_n on k-tuples, for every n and k, are the patterns of equality with
    at most n blocks.

    A pattern with b blocks has (n)_b = n (n-1) .. (n-b+1) tuples. The orbit of one of
    them has n!/(n-b)! members, its stabiliser permuting the other points. These are
    equal, so that the pattern is one orbit; and the patterns exhaust the n^k tuples: a
    point more either joins one of b blocks or makes a new one, b (n)_b + (n)_(b+1) = n
    (n)_b.
    """
    k, b = (Symbol(name, integer=True, positive=True) for name in "kb")
    r = Symbol("r", integer=True, nonnegative=True)
    n = Symbol("n")
    J, M = Function("J"), Function("M")

    def by_patterns(points: int) -> Any:
        return sum(falling(n, len(set(word))) for word in patterns(points))

    injections = Recursion(J(b, n), (n,), (n - b) * J(b, n), lambda count: falling(n, count))
    tuples = Recursion(M(k, n), (n,), n * M(k, n), by_patterns)
    return [
        Induction("tuples of a pattern", b, (Equation("tuples of a pattern", J(b, n), sp.ff(n, b)),), (injections,)),
        Equation("orbit of a tuple with b values among b + r points", sp.ff(b + r, b), sp.factorial(b + r) / sp.factorial(r)),
        Equation("a point more joins a block or makes a new one", b * sp.ff(n, b) + sp.ff(n, b + 1), n * sp.ff(n, b)),
        Induction("patterns exhaust the k-tuples", k, (Equation("patterns exhaust the k-tuples", M(k, n), n**k),), (tuples,)),
    ]  # fmt: skip


def circulant_induction() -> Induction:
    """The entries of a cyclic diagonal from its first one and the entries of the
    commutator with the shift, for every matrix A.

    With (S x)(i) = x(i - 1) the entries of S^-1 A S - A are A(i+1, j+1) - A(i, j). A
    matrix therefore commutes with the shift of Z/n exactly when it depends on i - j
    alone, whatever n: indices are only added.
    """
    i, j = Symbol("i", integer=True), Symbol("j", integer=True)
    A = Function("A")
    return differences("circulants", lambda d: A(i + d, j + d))


def pooling_induction() -> Induction:
    """A readout is w(0) times the sum of x, and what the entries of w S - w add: it
    ignores shifts exactly when its weights are equal."""
    return differences("invariant readouts pool", Function("w"), Function("x"))


# -- readouts --------------------------------------------------------------------------------------------------------------


def ignores_shift(matrix: np.ndarray) -> bool:
    """A S = A, multiplied out."""
    n = matrix.shape[1]
    S = np.zeros((n, n), dtype=np.int64)
    S[list(shift(n)), range(n)] = 1
    return bool((matrix @ S == matrix).all())


def pools(matrix: np.ndarray) -> bool:
    """Whether all columns are one column: every output is a multiple of the sum."""
    return len({tuple(column) for column in matrix.T.tolist()}) == 1


def sums(n: int, weights: Any) -> np.ndarray:
    """Readouts that are multiples of the sum, one for each weight: integers, shape
    ``(len(weights), n)``."""
    return np.repeat(np.array(weights, dtype=np.int64)[:, None], n, axis=1)
