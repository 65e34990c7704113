"""Gradients of Bernoulli likelihoods in shared parameters: inductions on the number of pixels, and every image of up to twelve.

Letters as in the field: ``x`` a binary pixel, ``a`` its logit, ``J`` the Jacobian of the logits in the shared parameters (a
row a pixel), ``r = x - sigma(a)`` a residual, ``s = 2 r`` its sign at probability one half, so that the gradient is ``J^T s / 2``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import numpy as np
from sympy import Expr, Function, Matrix, Symbol, exp, log, sqrt

from theory.likelihoods import HALF, bernoulli, log_mass, logistic

SIGNS = (-1, 1)
D = Symbol("D", integer=True, positive=True)

Law = Callable[[Any], Any]
Rows = tuple[tuple[int, ...], ...]
Table = np.ndarray  # int64, shape (number of images, number of parameters): J^T s, twice the gradient


@dataclass(frozen=True)
class Obligation:
    """Two SymPy expressions or matrices that have to be equal for every value of their symbols."""

    left: Any
    right: Any
    name: str


@dataclass(frozen=True)
class Induction:
    """A statement for every ``D >= 1``: one pixel, one more pixel, and a small size written out."""

    name: str
    base: tuple[Obligation, ...]
    step: tuple[Obligation, ...]
    small: tuple[Obligation, ...] = ()


# Squared ratio of |grad log p(x)| to |grad log p(y)|, as functions of D, when all rows have the label row's norm.
SQUARED_RATIOS: dict[str, Law] = {
    "agreeing": lambda D: D**2,  # rows agree up to the signs of the residuals
    "generic": lambda D: D,  # mean square over independent signs, whatever the rows
    "orthogonal": lambda D: D,  # every image
    "unshared": lambda D: 0 * D,  # on the label's parameters
}


def squared_value_ratio(D: Any) -> Any:
    """Square of ``log p(x) / log p(y)`` at one half: what a ratio of *values* would predict for any network."""
    return (D * log(HALF) / log(HALF)) ** 2


def _both(expression: Callable[[int], Any], values: Iterable[int] = (0, 1)) -> Matrix:
    return Matrix([expression(value) for value in values])


def score_induction() -> Induction:
    """``d/d gamma log p(x) = sum_i (x_i - sigma(a_i)) d a_i / d gamma``, in any coordinate gamma, logits undefined functions."""
    gamma, x, a = Symbol("gamma", real=True), Symbol("x", real=True), Function("a", real=True)
    before = Function("L", real=True)(D, gamma)  # log likelihood of the first D pixels
    first, new = a(1, gamma), a(D + 1, gamma)
    three = [(Symbol(f"x_{i}", real=True), a(i, gamma)) for i in (1, 2, 3)]
    masses = Matrix([1 - logistic(first), logistic(first)])
    base = (
        Obligation(_both(lambda y: bernoulli(y, logistic(first))), masses, "masses of one pixel"),
        Obligation(_both(lambda y: exp(log_mass(y, first))), masses, "the log mass is their logarithm"),
        Obligation(log_mass(x, first).diff(gamma), (x - logistic(first)) * first.diff(gamma), "score of one pixel"),
    )
    step = Obligation(
        (before + log_mass(x, new)).diff(gamma),
        before.diff(gamma) + (x - logistic(new)) * new.diff(gamma),
        "one more pixel",
    )
    total = sum((log_mass(y, b) for y, b in three), start=0 * gamma)
    small = Obligation(total.diff(gamma), sum((y - logistic(b)) * b.diff(gamma) for y, b in three), "three pixels")
    return Induction("grad log p(x) = J^T (x - sigma(a))", base, (step,), (small,))


def moments_induction() -> Induction:
    """Averaged over pixel D+1, whatever the others show: mean 0, and ``p (1-p)`` times its row's outer square is added."""
    p, g, h = Symbol("p", real=True), Symbol("g_k", real=True), Symbol("g_l", real=True)
    row = Function("J", real=True)
    (a, b), (u, v) = [(row(i, 1), row(i, 2)) for i in (1, D + 1)]

    def average(expression: Callable[[Expr], Expr], probability: Expr) -> Expr:
        return sum(bernoulli(x, probability) * expression(x - probability) for x in (0, 1))

    def second(probability: Expr) -> Expr:
        return average(lambda r: (g + r * u) * (h + r * v), probability)

    base = (
        Obligation(average(lambda r: r * a, p), 0, "mean of one pixel"),
        Obligation(average(lambda r: r * a * r * b, HALF), a * b / 4, "covariance of one pixel at one half"),
    )
    step = (
        Obligation(average(lambda r: g + r * u, p), g, "the mean stays"),
        Obligation(second(p), g * h + p * (1 - p) * u * v, "the second moment, any probability"),
        Obligation(second(HALF), g * h + u * v / 4, "the second moment at one half"),
    )
    return Induction("under the model: mean 0, covariance J^T J / 4, so RMS |J|_F / 2", base, step)


def ceiling_induction() -> Induction:
    """``<r, w>^2 <= |r|^2 |w|^2``, and ``|r|^2 = D/4`` at one half.

    With ``g = J^T r`` and ``w = J g``: ``|g|^2 = <r, J g> <= sqrt(D)/2 |J g| <= sqrt(D)/2 |J|_op |g|``.
    """
    R, W, P = (Symbol(name, real=True) for name in "RWP")  # |r|^2, |w|^2, <r, w> of the first D pixels
    r, w = Function("r", real=True), Function("w", real=True)
    u, v = r(D + 1), w(D + 1)
    few = range(1, 5)
    lengths = sum(r(i) ** 2 for i in few) * sum(w(i) ** 2 for i in few)
    squares = sum((r(i) * w(j) - r(j) * w(i)) ** 2 for i, j in combinations(few, 2))
    base = (
        Obligation(r(1) ** 2 * w(1) ** 2, (r(1) * w(1)) ** 2, "one pixel"),
        Obligation(_both(lambda x: (x - HALF) ** 2), _both(lambda _: HALF**2), "|r|^2 of one pixel"),
    )
    step = (
        Obligation(
            (R + u**2) * (W + v**2) - (P + u * v) ** 2,
            (R * W - P**2) + (R * v**2 - 2 * P * u * v + W * u**2),
            "adds sum_i (r_i v - u w_i)^2",
        ),
        Obligation(_both(lambda x: D / 4 + (x - HALF) ** 2), _both(lambda _: (D + 1) / 4), "|r|^2 = D/4"),
    )
    small = Obligation(lengths - sum(r(i) * w(i) for i in few) ** 2, squares, "four pixels: a sum of squares")
    return Induction("|J^T r| <= sqrt(D)/2 |J|_op", base, step, (small,))


def agreement_induction() -> Induction:
    """``D sum_i |J_i|^2 - |sum_i s_i J_i|^2 = sum_{i<k} |s_i J_i - s_k J_k|^2``.

    So with rows of the label's norm the ratio is at most D, and D only when rows agree up to the residuals' signs.
    """
    # Of the first D pixels: S = sum |J_i|^2 and G = |J^T s|^2. Of the next: U = |J_{D+1}|^2 and c = <J^T s, J_{D+1}>.
    S, G, U, c = (Symbol(name, real=True) for name in "SGUc")
    j = [Symbol(f"j_{i}", real=True) for i in range(1, 5)]
    images = [image for image in product(SIGNS, repeat=4) if image[0] == 1]
    gap = [4 * sum(v**2 for v in j) - sum(s * v for s, v in zip(image, j, strict=True)) ** 2 for image in images]
    apart = [sum((s[i] * j[i] - s[k] * j[k]) ** 2 for i, k in combinations(range(4), 2)) for s in images]
    base = Obligation(_both(lambda s: j[0] ** 2 - (s * j[0]) ** 2, SIGNS), _both(lambda _: 0 * U, SIGNS), "one pixel")
    step = Obligation(
        _both(lambda s: (D + 1) * (S + U) - (G + 2 * s * c + U), SIGNS),
        _both(lambda s: (D * S - G) + (S - 2 * s * c + D * U), SIGNS),
        "adds sum_i |s_i J_i - s J_{D+1}|^2",
    )
    small = Obligation(Matrix(gap), Matrix(apart), "four pixels, one coordinate of J, every image up to sign")
    return Induction("ratio at most D, reached only by rows that agree up to signs", (base,), (step,), (small,))


def orthogonality() -> Obligation:
    """A Walsh coefficient of ``|J^T s|^2`` is ``2 <J_i, J_k>``: only orthogonal rows give every image the same norm.

    One coordinate: ``g`` is the other pixels' sum, ``u`` and ``v`` those of ``J_i`` and ``J_k``; the mean over both signs.
    """
    g, u, v = (Symbol(name, real=True) for name in "guv")
    coefficient = sum(s * t * (g + s * u + t * v) ** 2 for s, t in product(SIGNS, repeat=2)) / 4
    return Obligation(coefficient, 2 * u * v, "inner products of rows, read off from the norms of all images")


def agreeing_induction(law: Law) -> Induction:
    """``J_i = t_i v`` with t the residuals' signs: coordinate by coordinate, ``D v / 2`` gains ``t (t v) / 2``."""
    v = Symbol("v", real=True)
    size = sqrt(law(D)) * v / 2
    base = Obligation(
        _both(lambda t: (t * (t * v) / 2) ** 2, SIGNS), _both(lambda _: law(1) * v**2 / 4, SIGNS), "one pixel"
    )
    step = Obligation(
        _both(lambda t: (size + t * (t * v) / 2) ** 2, SIGNS), _both(lambda _: law(D + 1) * v**2 / 4, SIGNS), "one more"
    )
    return Induction("rows that agree up to the residuals' signs: ratio D", (base,), (step,))


def mean_square_induction(law: Law) -> Induction:
    """Any rows of norm n: averaged over a fair sign s that is uncorrelated with the rest, the cross term goes out."""
    n, cross = Symbol("n", positive=True), Symbol("c", real=True)
    gained = [law(D) * n**2 / 4 + s * cross + n**2 / 4 for s in SIGNS]
    base = Obligation(sum((s * n / 2) ** 2 for s in SIGNS) / 2, law(1) * n**2 / 4, "one pixel")
    step = Obligation(sum(gained) / 2, law(D + 1) * n**2 / 4, "one more")
    return Induction("independent signs: RMS ratio sqrt(D)", (base,), (step,))


def orthogonal_induction(law: Law) -> Induction:
    """Rows of norm n, the new one orthogonal to the others: the cross term ``s <J^T s, J_{D+1}>`` is zero, image by image."""
    n, inner = Symbol("n", positive=True), Symbol("c", real=True)
    square = [(law(D) * n**2 / 4 + s * inner / 2 + n**2 / 4).subs(inner, 0) for s in SIGNS]
    base = Obligation(_both(lambda s: (s * n / 2) ** 2, SIGNS), _both(lambda _: law(1) * n**2 / 4, SIGNS), "one pixel")
    step = Obligation(Matrix(square), _both(lambda _: law(D + 1) * n**2 / 4, SIGNS), "one more")
    return Induction("orthogonal rows: ratio sqrt(D) for every image", (base,), (step,))


def unshared(law: Law) -> Obligation:
    """Logits that do not depend on gamma: D pixels add D times the derivative of a constant."""
    gamma, b, x = (Symbol(name, real=True) for name in ("gamma", "b", "x"))
    n = Symbol("n", positive=True)
    name = "nothing shared: ratio 0 on the label's parameters"
    return Obligation((D * log_mass(x, b).diff(gamma)) ** 2, law(D) * n**2 / 4, name)


def equal_norm_rows(family: str, size: int) -> tuple[Rows, tuple[int, ...]]:
    """Whole-number Jacobians with ``size`` rows of one length, and a label's row of that length.

    ``agreeing``: plus or minus (3, 4). ``generic``: vectors of length 5 from a fixed cycle, neither all parallel nor
    orthogonal. ``orthogonal``: a Householder reflection times ``size``, so as many parameters as pixels. ``unshared``: the
    label's parameters are not the pixels', so all rows are zero there (and the label's is not).

    Raises:
        ValueError: an unknown family, or ``size < 1``.
    """
    if size < 1:
        raise ValueError(f"Expected at least one pixel, got D = {size}.")
    if family == "agreeing":
        return tuple((3, 4) if i % 3 else (-3, -4) for i in range(size)), (5, 0)
    if family == "generic":
        cycle = ((3, 4), (5, 0), (-4, 3), (4, 3), (0, 5), (-3, 4), (4, -3))
        return tuple(cycle[i % len(cycle)] for i in range(size)), (3, -4)
    if family == "orthogonal":
        rows = tuple(tuple((size if i == k else 0) - 2 for k in range(size)) for i in range(size))
        return rows, (size,) + (0,) * (size - 1)
    if family == "unshared":
        return ((0, 0),) * size, (3, 4)
    raise ValueError(f"Expected one of {', '.join(SQUARED_RATIOS)}, got {family!r}.")


@lru_cache(maxsize=128)
def gradients_by_signs(rows: Rows) -> Table:
    """``J^T s`` for all ``2^D`` images, row ``b`` for the image whose pixels are the binary digits of ``b``: a product."""
    size = len(rows)
    digits = np.arange(2**size)[:, None] >> np.arange(size) & 1
    return _frozen((2 * digits - 1) @ np.array(rows))


@lru_cache(maxsize=128)
def gradients_by_walsh_transform(rows: Rows) -> Table:
    """The same table by transforms: J's rows placed at the powers of two, Walsh-Hadamard transformed, negated."""
    size, m = len(rows), len(rows[0])
    table = np.zeros((2**size, m), dtype=np.int64)
    table[2 ** np.arange(size)] = np.array(rows)
    for i in range(size):
        halves = table.reshape(-1, 2, 2**i, m)
        low, high = halves[:, 0].copy(), halves[:, 1].copy()
        halves[:, 0], halves[:, 1] = low + high, low - high
    return _frozen(-table)


def _frozen(table: Table) -> Table:
    table.setflags(write=False)  # it is kept and handed out again
    return table


def moments_hold(rows: Rows, table: Table) -> bool:
    """Over images of equal mass: the gradient has mean zero and second moment ``J^T J / 4``, in whole numbers."""
    J = np.array(rows)
    return not table.sum(0).any() and bool((table.T @ table == len(table) * (J.T @ J)).all())


def ratio_law_holds(family: str, label: Sequence[int], table: Table, size: int, law: Law) -> bool:
    """Whether the squared ratios in ``table`` obey ``law`` in the sense of ``family``.

    ``agreeing``: the law is the greatest value, reached by exactly two images, each other's negatives. ``generic``: the
    mean square. ``orthogonal`` and ``unshared``: every image.
    """
    squares = (table**2).sum(1)
    target = int(law(size)) * sum(value**2 for value in label)
    if family == "agreeing":
        return bool(squares.max() == target) and int((squares == target).sum()) == 2
    if family == "generic":
        return int(squares.sum()) == target * len(table)
    return bool((squares == target).all())


def spectral_bound_holds(rows: Rows, table: Table) -> bool:
    """``|J^T s|^2 <= D |J|_op^2`` for every image, decided in whole numbers.

    For two columns: with ``n`` the largest square, ``n / D`` lies below the larger root of the characteristic polynomial of
    ``J^T J``. For more: ``J J^T`` has to be a multiple of the identity, and that multiple is ``|J|_op^2``.

    Raises:
        ValueError: three columns or more, and rows that are not orthogonal and of one length.
    """
    J, size = np.array(rows), len(rows)
    n = int((table**2).sum(1).max())
    if J.shape[1] == 2:
        (a, b), (_, d) = (J.T @ J).tolist()
        return 2 * n <= size * (a + d) or (n - size * a) * (n - size * d) <= (size * b) ** 2
    gram = J @ J.T
    if (gram != gram[0, 0] * np.eye(size, dtype=np.int64)).any():
        raise ValueError("Expected a Jacobian with two columns, or one with orthogonal rows of one length.")
    return n <= size * int(gram[0, 0])


def frobenius_bound_holds(rows: Rows, table: Table) -> bool:
    """``|J^T s|^2 <= |J|_F^2`` for every image: false in general, for that is the *mean* square."""
    return bool((table**2).sum(1).max() <= (np.array(rows) ** 2).sum())
