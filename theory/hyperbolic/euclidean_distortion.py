r"""Lower bounds for embeddings of metrics in Euclidean space, in any dimension: the
dual of Linial, London and Rabinovich with a rational certificate.

For a symmetric positive semidefinite Q with zero row sums every map f into a Euclidean
space has :math:`\sum_{ij} Q_{ij}|f_i - f_j|^2 = -2\sum Q_{ij}\langle f_i, f_j\rangle
\le 0`. If :math:`d \le |f_i - f_j| \le D d` up to scale, then

.. math:: D^2 \ge \frac{\sum_{Q_{ij} > 0} Q_{ij}\, d_{ij}^2}{\sum_{Q_{ij} < 0} |Q_{ij}|\, d_{ij}^2}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from sympy import Function, Integer, Matrix, Symbol, symbols

from theory.hyperbolic.trees import labelled_trees
from theory.proof.lagrange import lagrange
from theory.proof.statements import Enumeration, Equation, Family, Induction

__all__ = [
    "dual_bound", "every_tree", "is_certificate", "path_or_distorted", "quadratic_form", "semidefinite", "star_bound", "star_dual", "star_identity", "star_metric", "stars", "trees_are_distorted",
]  # fmt: skip

Rows = list[list[Fraction]]
Bound = Callable[[Any], Any]


def star_bound(k: Any) -> Any:
    r""":math:`c_2(K_{1,k})^2 = 2(1 - 1/k)`, the squared distortion of the star with k
    >= 2 leaves."""
    return 2 * (1 - Fraction(1, k)) if isinstance(k, int) else 2 * (1 - 1 / k)


# --- certificates --------------------------------------------------------------------------------------------------------------


def semidefinite(Q: Sequence[Sequence[Fraction]]) -> bool:
    r"""Whether a symmetric rational matrix is positive semidefinite, by :math:`LDL^T`
    in fractions.

    A zero pivot has to have a zero column below it; a negative one decides.

    >>> semidefinite([[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)]])
    True
    """
    rest = [list(map(Fraction, row)) for row in Q]
    size = len(rest)
    for k in range(size):
        pivot = rest[k][k]
        if pivot < 0 or (pivot == 0 and any(rest[i][k] for i in range(k, size))):
            return False
        if pivot == 0:
            continue
        for i in range(k + 1, size):
            factor = rest[i][k] / pivot
            if factor:
                rest[i] = [a - factor * b for a, b in zip(rest[i], rest[k], strict=True)]
    return True


def is_certificate(Q: Sequence[Sequence[Fraction]]) -> bool:
    """Whether Q is symmetric, positive semidefinite, with zero row sums."""
    size = len(Q)
    square = all(len(row) == size for row in Q)
    return (
        square
        and all(Q[i][j] == Q[j][i] for i in range(size) for j in range(i))
        and all(sum(row) == 0 for row in Q)
        and semidefinite(Q)
    )


def dual_bound(Q: Sequence[Sequence[Fraction]], metric: Sequence[Sequence[Fraction]]) -> Fraction:
    """The least squared distortion that Q certifies for the metric, in any dimension; Q
    has to be a certificate.

    Raises:
        ValueError: Q is none, or certifies nothing (no negative entry off the
            diagonal).
    """
    if not is_certificate(Q):
        raise ValueError("Expected Q symmetric, positive semidefinite and with zero row sums, in fractions.")
    size = len(Q)
    entries = [(Fraction(Q[i][j]), Fraction(metric[i][j]) ** 2) for i in range(size) for j in range(size) if i != j]
    short = sum((-q * d for q, d in entries if q < 0), Fraction(0))
    if short == 0:
        raise ValueError("Expected some negative entry of Q off the diagonal: this Q bounds nothing.")
    return sum((q * d for q, d in entries if q > 0), Fraction(0)) / short


def star_metric(k: int) -> Rows:
    """Distances of the star: the centre first, then k leaves."""
    return [[Fraction(0 if i == j else 1 if 0 in (i, j) else 2) for j in range(k + 1)] for i in range(k + 1)]


def star_dual(k: int) -> Rows:
    """Q = v v^T with v = (-k, 1, .., 1)."""
    v = [Fraction(-k), *([Fraction(1)] * k)]
    return [[a * b for b in v] for a in v]


# --- statements ------------------------------------------------------------------------------------------------------------------


def quadratic_form() -> Equation:
    """Zero row sums turn the form of Q into minus half its weighted squared distances:
    three points of a plane, Q of symbols."""
    q = symbols("q_01 q_02 q_12", real=True)
    Q = Matrix([[-q[0] - q[1], q[0], q[1]], [q[0], -q[0] - q[2], q[2]], [q[1], q[2], -q[1] - q[2]]])
    x, y = Matrix(symbols("x_0:3", real=True)), Matrix(symbols("y_0:3", real=True))
    form = (x.T * Q * x + y.T * Q * y)[0]
    squares = sum(Q[i, j] * ((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2) for i in range(3) for j in range(3))
    return Equation("the form of Q as weighted squared distances", form, -squares / 2)


def star_identity() -> list[Induction | Equation]:
    r"""For every k and every coordinate: :math:`k\sum x_i^2 - \sum_{i<j}(x_i-x_j)^2 =
    (\sum x_i)^2`, the centre at 0; and the value of the bound.

    With :math:`|x_i - x_j| \ge 2` and :math:`|x_i| \le D` it gives :math:`4\binom k2
    \le k \cdot k D^2`, that is :math:`D^2 \ge 2(1 - 1/k)`. The simplex of k points of
    norm 1 attains it.
    """
    x = Function("x", real=True)
    k = Symbol("k", integer=True, positive=True)
    inner = -1 / (k - 1)  # of two vertices of the regular simplex with centre 0 and norm 1
    pairs = 4 * k * (k - 1) / 2
    return [
        lagrange("star: squares of differences of k coordinates", x, lambda i: Integer(1)),
        Equation("star: the least D^2", pairs / k**2, star_bound(k)),
        Equation(
            "star: squared distance of two leaves of the simplex, over 4",
            (2 - 2 * inner) / 4,
            1 / star_bound(k),
            (k >= 2,),
        ),
    ]


def stars(largest: int = 12, bound: Bound = star_bound) -> Enumeration:
    """Stars with 2 to ``largest`` leaves: the dual is a certificate with this value;
    and the simplex has this squared distortion."""

    def holds(k: int) -> bool:
        return dual_bound(star_dual(k), star_metric(k)) == bound(k)

    def second(k: int) -> bool:
        """Gram matrix of the simplex, semidefinite, its squared stretches: 1 for the
        spokes, and the leaves' over 4."""
        gram = [[Fraction(1) if i == j else Fraction(-1, k - 1) for j in range(k)] for i in range(k)]
        leaves = {(gram[i][i] + gram[j][j] - 2 * gram[i][j]) / 4 for i in range(k) for j in range(i)}
        stretches = leaves | {gram[i][i] for i in range(k)}
        return semidefinite(gram) and max(stretches) / min(stretches) == bound(k)

    return Enumeration(
        "stars: certificate = simplex",
        Family(f"stars with 2 to {largest} leaves", lambda: range(2, largest + 1), largest - 1),
        holds,
        second,
    )


def _degree_of(edges: Sequence[tuple[int, int]]) -> int:
    return max(sum(v in edge for edge in edges) for v in range(len(edges) + 1))


def _metric_of(edges: Sequence[tuple[int, int]]) -> Rows:
    size = len(edges) + 1
    found = [[Fraction(0 if u == v else size) for v in range(size)] for u in range(size)]
    for u, v in edges:
        found[u][v] = found[v][u] = Fraction(1)
    for m in range(size):
        found = [[min(found[u][v], found[u][m] + found[m][v]) for v in range(size)] for u in range(size)]
    return found


def path_or_distorted(edges: Sequence[tuple[int, int]]) -> bool:
    """Whether the tree is said to be distorted: exactly when it is no path."""
    return _degree_of(edges) > 2


def every_tree(edges: Sequence[tuple[int, int]]) -> bool:
    """Every tree is said to be distorted (false: paths are not)."""
    return len(edges) >= 1


def trees_are_distorted(
    said: Callable[[Sequence[tuple[int, int]]], bool] = path_or_distorted, largest: int = 5
) -> Enumeration:
    """Every labelled tree: a star inside with its certificate above 1, against
    Schoenberg's test whether the metric itself is Euclidean."""

    def holds(edges: tuple[tuple[int, int], ...]) -> bool:
        degree = _degree_of(edges)
        certified = degree >= 2 and dual_bound(star_dual(degree), star_metric(degree)) > 1
        return certified == said(edges)

    def second(edges: tuple[tuple[int, int], ...]) -> bool:
        metric = _metric_of(edges)
        size = len(metric)
        gram = [
            [(metric[0][i] ** 2 + metric[0][j] ** 2 - metric[i][j] ** 2) / 2 for j in range(1, size)]
            for i in range(1, size)
        ]
        return (not semidefinite(gram)) == said(edges)

    def members() -> Iterator[tuple[tuple[int, int], ...]]:
        for order in range(2, largest + 1):
            yield from labelled_trees(order)

    size = sum(n ** (n - 2) for n in range(2, largest + 1))
    return Enumeration(
        "distorted exactly where some degree exceeds 2",
        Family(f"labelled trees of order 2 to {largest}", members, size),
        holds,
        second,
    )
