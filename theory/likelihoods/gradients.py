"""Gradients of Bernoulli likelihoods in shared parameters: inductions on the number of
pixels, and every image of up to twelve.

Letters as in the field: ``x`` a binary pixel, ``a`` its logit, ``J`` the Jacobian of
the logits in the shared parameters (a row a pixel), ``r = x - sigma(a)`` a residual,
``s = 2 r`` its sign at probability one half, so that the gradient is ``J^T s / 2``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import combinations, product
from typing import Any, NamedTuple

import numpy as np
from sympy import Expr, Function, Matrix, Symbol, cos, exp, eye, log, sin

from theory.likelihoods.bernoulli import HALF, bernoulli, log_mass, logistic
from theory.proof.lagrange import lagrange
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

SIGNS = (-1, 1)
D = Symbol("D", integer=True, positive=True)
N = Symbol("n", integer=True, positive=True)  # pixels, in an induction

SquaredRatio = Callable[[Any], Any]
Rows = tuple[tuple[int, ...], ...]
Table = np.ndarray  # int64, shape (number of images, number of parameters): J^T s, twice the gradient
Support = Callable[[int], Iterable[int]]

# Squared ratio of |grad log p(x)| to |grad log p(y)|, as functions of D, when all rows have the label row's norm.
SQUARED_RATIOS: dict[str, SquaredRatio] = {
    "agreeing": lambda D: D**2,  # rows agree up to the signs of the residuals
    "generic": lambda D: D,  # mean square over independent signs, whatever the rows
    "orthogonal": lambda D: D,  # every image
    "unshared": lambda D: 0 * D,  # on the label's parameters
}


def squared_value_ratio(D: Any) -> Any:
    """Square of ``log p(x) / log p(y)`` at one half: what a ratio of *values* would
    predict for any network."""
    return (D * log(HALF) / log(HALF)) ** 2


def every_image(size: int) -> Iterable[int]:
    """Numbers of the images over which a mean is taken: all of them, so that signs are
    independent."""
    return range(2**size)


def one_colour(size: int) -> Iterable[int]:
    """All black and all white: every pixel is still fair, but no two are
    independent."""
    return (0, 2**size - 1)


def _summed(of: Any, term: Callable[[Any], Expr]) -> Recursion:
    """The object ``sum of term(i), i = 1..n``."""
    return Recursion(of, (term(1),), of + term(N + 1), lambda k: sum(term(i) for i in range(1, k + 1)))


# -- statements ---------------------------------------------------------------------------------------------------------


def masses_of_a_pixel() -> list[Equation]:
    """The two masses of a pixel with logit a are ``sigma(a)`` and ``1 - sigma(a)``, and
    :func:`log_mass` is their logarithm."""
    a, y = Symbol("a", real=True), (0, 1)
    masses = Matrix([exp(-a) / (1 + exp(-a)), 1 / (1 + exp(-a))])
    return [
        Equation("masses of one pixel", Matrix([bernoulli(x, logistic(a)) for x in y]), masses),
        Equation("the log mass is their logarithm", Matrix([exp(log_mass(x, a)) for x in y]), masses),
    ]


def score() -> Induction:
    """``d/d gamma log p(x) = sum_i (x_i - sigma(a_i)) d a_i / d gamma``, in any
    coordinate gamma, logits undefined functions."""
    gamma, x, a = Symbol("gamma", real=True), Function("x", real=True), Function("a", real=True)
    G, R = (Function(name)(N, gamma) for name in ("G", "R"))

    def slope(i: Any) -> Expr:
        return log_mass(x(i), a(i, gamma)).diff(gamma)

    def explicit(k: int) -> Expr:
        return sum(log_mass(x(i), a(i, gamma)) for i in range(1, k + 1)).diff(gamma)

    objects = (
        Recursion(G, (slope(1),), G + slope(N + 1), explicit),
        _summed(R, lambda i: (x(i) - logistic(a(i, gamma))) * a(i, gamma).diff(gamma)),
    )
    claim = Equation("d log p(x) / d gamma = sum of (x_i - sigma(a_i)) d a_i / d gamma", G, R)
    return Induction("grad log p(x) = J^T (x - sigma(a))", N, (claim,), objects, small=2)


def moments() -> Induction:
    """Under the model, for independent pixels of any probabilities: ``E g_k = 0`` and
    ``E g_k g_l = sum_i p_i (1-p_i) J_ik J_il``.

    A mean over n + 1 pixels is the mean, over the new pixel, of means over n; by
    definition it is a sum over all ``2^n`` images.
    """
    p, u, v = (Function(name, real=True) for name in ("p", "J_k", "J_l"))
    first, second, mixed, V = (Function(name, real=True)(N) for name in ("m_k", "m_l", "C", "V"))

    def over_the_new_pixel(of: Callable[[Any], Expr]) -> Expr:
        return sum(bernoulli(x, p(N + 1)) * of(x - p(N + 1)) for x in (0, 1))

    def over_all_images(k: int, *rows: Any) -> Expr:
        pixels, total = range(1, k + 1), 0 * p(1)
        for image in product((0, 1), repeat=k):
            mass, value = p(1) ** 0, p(1) ** 0
            for i, x in zip(pixels, image, strict=True):
                mass = mass * bernoulli(x, p(i))
            for row in rows:
                value = value * sum((x - p(i)) * row(i) for i, x in zip(pixels, image, strict=True))
            total = total + mass * value
        return total

    a, b = u(N + 1), v(N + 1)
    objects = (
        Recursion(first, (over_all_images(1, u),), over_the_new_pixel(lambda r: first + r * a), lambda k: over_all_images(k, u)),
        Recursion(second, (over_all_images(1, v),), over_the_new_pixel(lambda r: second + r * b), lambda k: over_all_images(k, v)),
        Recursion(
            mixed, (over_all_images(1, u, v),), over_the_new_pixel(lambda r: mixed + r * a * second + r * b * first + r**2 * a * b),
            lambda k: over_all_images(k, u, v),
        ),
        _summed(V, lambda i: p(i) * (1 - p(i)) * u(i) * v(i)),
    )  # fmt: skip
    claim = (
        Equation("E g_k = 0", first, 0),
        Equation("E g_l = 0", second, 0),
        Equation("E g_k g_l = sum of p (1 - p) J_k J_l", mixed, V),
    )
    return Induction("moments under the model", N, claim, objects, small=2)


def residual_at_one_half() -> Equation:
    """``(x - 1/2)^2 = 1/4 + x (x - 1)``: one quarter for a binary pixel, so ``|r|^2 =
    D/4``."""
    x = Symbol("x", real=True)
    return Equation("(x - 1/2)^2 - 1/4 vanishes where x (x - 1) does", (x - HALF) ** 2 - HALF**2, x * (x - 1))


def ceiling() -> Induction:
    """``<r, w>^2 <= |r|^2 |w|^2`` as a sum of squares.

    With ``g = J^T r`` and ``w = J g``: ``|g|^2 = <r, J g> <= sqrt(D)/2 |J g| <=
    sqrt(D)/2 |J|_op |g|``.
    """
    return lagrange("Cauchy and Schwarz", Function("r", real=True), Function("w", real=True))


def agreement() -> Induction:
    """``n sum_i w_i^2 - (sum_i w_i)^2 = sum_{i<k} (w_i - w_k)^2`` for ``w_i = s_i
    J_i``, one coordinate of the rows.

    With rows of the label's norm the ratio is at most D, and D only when rows agree up
    to the residuals' signs.
    """
    return lagrange("rows that agree up to signs", lambda i: i**0, Function("w", real=True))


def agreeing_rows(ratio: SquaredRatio) -> Equation:
    """``J_i = s_i v`` with s the residuals' signs: every term ``s_i s_i v / 2`` of the
    gradient is ``v / 2``."""
    from sympy import Sum

    v, i = Symbol("v", real=True), Symbol("i", integer=True)
    return Equation("ratio D where rows agree with the residuals", Sum(v / 2, (i, 1, D)) ** 2, ratio(D) * v**2 / 4)


def mean_square(ratio: SquaredRatio) -> Induction:
    """Rows of norm ``c`` at any angles: the mean over all ``2^n`` sign patterns of
    ``|J^T s / 2|^2`` is ``ratio(n) c^2 / 4``.

    One row more adds its own square, since the mean of its sign times anything else is
    zero.
    """
    c, angle, F = Symbol("c", positive=True), Function("theta", real=True), Function("F", real=True)(N)
    cross = Symbol("<J^T s, J_new>", real=True)

    def explicit(k: int) -> Expr:
        rows = [(c * cos(angle(i)), c * sin(angle(i))) for i in range(1, k + 1)]
        patterns = list(product(SIGNS, repeat=k))
        square = (
            sum(s * row[axis] / 2 for s, row in zip(signs, rows, strict=True)) ** 2
            for signs in patterns
            for axis in (0, 1)
        )
        return sum(square) / len(patterns)

    longer = sum(F + s * cross / 2 + c**2 / 4 for s in SIGNS) / 2
    claim = Equation("mean square of the gradient", F, ratio(N) * c**2 / 4)
    return Induction(
        "independent signs: RMS ratio sqrt(D)", N, (claim,), (Recursion(F, (explicit(1),), longer, explicit),), small=2
    )


def orthogonal_rows(ratio: SquaredRatio) -> Induction:
    """Orthogonal rows of norm ``c``: ``|J^T s / 2|^2 = ratio(n) c^2 / 4`` for every
    image.

    By definition the rows are those of a reflection in n dimensions and ``s_i^2 = 1``;
    a row more that is orthogonal to the others adds its own square.
    """
    c, s, v, F = (
        Symbol("c", positive=True),
        Function("s", real=True),
        Function("v", positive=True),
        Function("F", real=True)(N),
    )

    def explicit(k: int) -> Expr:
        normal = Matrix([v(i) for i in range(1, k + 1)])
        rows = c * (eye(k) - 2 * normal * normal.T / normal.dot(normal))
        own = sum(rows.row(i).dot(rows.row(i)) for i in range(k))
        return (
            own + sum(2 * s(i + 1) * s(j + 1) * rows.row(i).dot(rows.row(j)) for i, j in combinations(range(k), 2))
        ) / 4

    claim = Equation("square of the gradient", F, ratio(N) * c**2 / 4)
    objects = (Recursion(F, (explicit(1),), F + c**2 / 4, explicit),)
    return Induction("orthogonal rows: ratio sqrt(D) for every image", N, (claim,), objects)


def orthogonality() -> Equation:
    """A Walsh coefficient of ``|J^T s|^2`` is ``2 <J_i, J_k>``: only orthogonal rows
    give every image the same norm.

    One coordinate: ``g`` is the other pixels' sum, ``u`` and ``v`` those of ``J_i`` and
    ``J_k``; the mean over both signs.
    """
    g, u, v = (Symbol(name, real=True) for name in "guv")
    coefficient = sum(s * t * (g + s * u + t * v) ** 2 for s, t in product(SIGNS, repeat=2)) / 4
    return Equation("inner products of rows, read off from the norms of all images", coefficient, 2 * u * v)


def unshared_logits(ratio: SquaredRatio) -> Equation:
    """Logits that do not depend on gamma: D pixels add D times the derivative of a
    constant."""
    gamma, b, x = (Symbol(name, real=True) for name in ("gamma", "b", "x"))
    c = Symbol("c", positive=True)
    name = "nothing shared: ratio 0 on the label's parameters"
    return Equation(name, (D * log_mass(x, b).diff(gamma)) ** 2, ratio(D) * c**2 / 4)


# -- every image, in whole numbers --------------------------------------------------------------------------------------


def equal_norm_rows(family: str, size: int) -> tuple[Rows, tuple[int, ...]]:
    """Whole-number Jacobians with ``size`` rows of one length, and a label's row of
    that length.

    ``agreeing``: plus or minus (3, 4). ``generic``: vectors of length 5 from a fixed
    cycle, neither all parallel nor orthogonal. ``orthogonal``: a Householder reflection
    times ``size``, so as many parameters as pixels. ``unshared``: the label's
    parameters are not the pixels', so all rows are zero there (and the label's is not).

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
    """``J^T s`` for all ``2^D`` images, row ``b`` for the image whose pixels are the
    binary digits of ``b``: a product."""
    size = len(rows)
    digits = np.arange(2**size)[:, None] >> np.arange(size) & 1
    return _frozen((2 * digits - 1) @ np.array(rows))


@lru_cache(maxsize=128)
def gradients_by_walsh_transform(rows: Rows) -> Table:
    """The same table by transforms: J's rows placed at the powers of two,
    Walsh-Hadamard transformed, negated."""
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
    """Over images of equal mass: the gradient has mean zero and second moment ``J^T J /
    4``, by matrix products."""
    J = np.array(rows)
    return not table.sum(0).any() and bool((table.T @ table == len(table) * (J.T @ J)).all())


def moments_hold_by_polarisation(rows: Rows, table: Table) -> bool:
    """The same coordinate by coordinate: gains against losses, and products from
    squares of sums and differences."""
    columns = table.T.tolist()
    if any(sum(x for x in column if x > 0) != -sum(x for x in column if x < 0) for column in columns):
        return False
    for k, first in enumerate(columns):
        for m in range(k + 1):
            seen = sum((x + y) ** 2 - (x - y) ** 2 for x, y in zip(first, columns[m], strict=True))
            if seen != 4 * len(first) * sum(row[k] * row[m] for row in rows):
                return False
    return True


def ratio_holds(
    family: str, label: Sequence[int], table: Table, *, size: int, ratio: SquaredRatio, reached: int = 2
) -> bool:
    """Whether the squared ratios in ``table`` obey ``ratio`` in the sense of
    ``family``.

    ``agreeing``: the greatest value, reached by exactly ``reached`` images.
    ``generic``: the mean square. ``orthogonal`` and ``unshared``: every image.
    """
    squares = (table**2).sum(1)
    target = int(ratio(size)) * sum(value**2 for value in label)
    if family == "agreeing":
        return bool(squares.max() == target) and int((squares == target).sum()) == reached
    if family == "generic":
        return int(squares.sum()) == target * len(table)
    return bool((squares == target).all())


def ratio_holds_by_rows(
    family: str, label: Sequence[int], rows: Rows, *, images: Sequence[int], ratio: SquaredRatio, reached: int = 2
) -> bool:
    """The same from inner products of the rows, no gradient formed: ``|J^T s|^2 =
    sum_ik s_i s_k <J_i, J_k>``."""
    size, target = len(rows), int(ratio(len(rows))) * sum(value * value for value in label)
    gram = [[sum(a * b for a, b in zip(row, other, strict=True)) for other in rows] for row in rows]
    trace = sum(gram[i][i] for i in range(size))
    pairs = [(i, k, 2 * gram[i][k]) for i, k in combinations(range(size), 2) if gram[i][k]]
    norms = [trace + sum(g if (image >> i ^ image >> k) & 1 == 0 else -g for i, k, g in pairs) for image in images]
    if family == "agreeing":
        return max(norms) == target and norms.count(target) == reached
    if family == "generic":
        return sum(norms) == target * len(norms)
    return min(norms) == target == max(norms)


class Ceiling(NamedTuple):
    """A ceiling for the gradients' squares, decided for rows and a table by two
    algorithms."""

    holds: Callable[[Rows, Table], bool]
    second: Callable[[Rows, Table], bool]


def _square_of_the_operator_norm_reaches(rows: Rows, n: int) -> tuple[bool, bool]:
    """Whether ``n <= D |J|_op^2``, and with equality: in whole numbers.

    For two columns: ``n / D`` against the larger root of the characteristic polynomial
    of ``J^T J``. For more: ``J J^T`` has to be a multiple of the identity, and that
    multiple is ``|J|_op^2``.

    Raises:
        ValueError: three columns or more, and rows that are not orthogonal and of one
            length.
    """
    J, size = np.array(rows), len(rows)
    if J.shape[1] == 2:
        (a, b), (_, d) = (J.T @ J).tolist()
        beyond = (n - size * a) * (n - size * d) - (size * b) ** 2  # the characteristic polynomial at n / D, times D^2
        below_the_mean = 2 * n <= size * (a + d)
        return below_the_mean or beyond <= 0, beyond == 0 and not (below_the_mean and 2 * n != size * (a + d))
    gram = J @ J.T
    if (gram != gram[0, 0] * np.eye(size, dtype=np.int64)).any():
        raise ValueError("Expected a Jacobian with two columns, or one with orthogonal rows of one length.")
    return n <= size * int(gram[0, 0]), n == size * int(gram[0, 0])


def spectral_bound_holds(rows: Rows, table: Table) -> bool:
    """``|J^T s|^2 <= D |J|_op^2`` for every image, and with equality for one where rows
    of one length are parallel or orthogonal."""
    holds, attained = _square_of_the_operator_norm_reaches(rows, int((table**2).sum(1).max()))
    return holds and (attained or not _reaches_its_ceiling(rows))


def spectral_bound_holds_by_images(rows: Rows, table: Table) -> bool:
    """The same image by image, no eigenvalue formed: ``|g|^4 <= D |J g|^2`` for ``g =
    J^T s``, with equality where ``J g`` is a multiple of s."""
    J = np.array(rows)
    squares, lifted = (table**2).sum(1), table @ J.T
    reached = squares**2 - len(rows) * (lifted**2).sum(1)
    longest = squares == squares.max()
    attained = bool((reached[longest] == 0).any()) and bool(
        (np.abs(lifted[longest]).max(1) == np.abs(lifted[longest]).min(1)).any()
    )
    return bool((reached <= 0).all()) and (attained or not _reaches_its_ceiling(rows))


def _reaches_its_ceiling(rows: Rows) -> bool:
    """Whether all rows are of one length, and all parallel or all orthogonal: then some
    image is a leading left singular vector."""
    J = np.array(rows)
    gram = J @ J.T
    if (np.diag(gram) != gram[0, 0]).any():
        return False
    off = gram - np.diag(np.diag(gram))
    return not off.any() or bool((gram**2 == np.outer(np.diag(gram), np.diag(gram))).all())


SPECTRAL = Ceiling(spectral_bound_holds, spectral_bound_holds_by_images)


def frobenius_bound_holds(rows: Rows, table: Table) -> bool:
    """``|J^T s|^2 <= |J|_F^2`` for every image: false in general, for that is the
    *mean* square."""
    return bool((table**2).sum(1).max() <= (np.array(rows) ** 2).sum())


def mean_bounds_every_image(rows: Rows, table: Table) -> bool:
    """The same falsehood as it stands: no image's square lies above the mean of all."""
    squares = [sum(x * x for x in vector) for vector in table.tolist()]
    return max(squares) * len(squares) <= sum(squares)


FROBENIUS = Ceiling(frobenius_bound_holds, mean_bounds_every_image)


def tables_of_images(sizes: Sequence[int]) -> Family:
    """(family, D) for all four families of rows: each stands for all ``2^D`` images."""
    families = tuple(SQUARED_RATIOS)
    text = f"tables of all 2^D images, D = {min(sizes)}..{max(sizes)}, rows {', '.join(families)}"
    return Family(
        text,
        lambda: ((family, size) for size in sizes for family in families),
        len(families) * (max(sizes) - min(sizes) + 1),
    )


def every_table(
    sizes: Sequence[int], ratios: dict[str, SquaredRatio], ceiling: Ceiling, support: Support, reached: int
) -> list[Enumeration]:
    """Moments, ratios and ceiling for every image of every size, in whole numbers; two
    enumerations, each with its own decision."""

    def tables(instance: tuple[str, int], of: Callable[[Rows], Table]) -> tuple[Rows, tuple[int, ...], Table]:
        rows, label = equal_norm_rows(*instance)
        return rows, label, of(rows)[list(support(instance[1]))]

    def moments_of(instance: tuple[str, int]) -> bool:
        rows, _, table = tables(instance, gradients_by_signs)
        return moments_hold(rows, table)

    def moments_again(instance: tuple[str, int]) -> bool:
        rows, _, table = tables(instance, gradients_by_walsh_transform)
        return moments_hold_by_polarisation(rows, table)

    def ratio_of(instance: tuple[str, int]) -> bool:
        _, label, table = tables(instance, gradients_by_signs)
        return ratio_holds(instance[0], label, table, size=instance[1], ratio=ratios[instance[0]], reached=reached)

    def ratio_again(instance: tuple[str, int]) -> bool:
        rows, label = equal_norm_rows(*instance)
        images = list(support(instance[1]))
        return ratio_holds_by_rows(instance[0], label, rows, images=images, ratio=ratios[instance[0]], reached=reached)

    def below(instance: tuple[str, int]) -> bool:
        rows, _, table = tables(instance, gradients_by_signs)
        return ceiling.holds(rows, table)

    def below_again(instance: tuple[str, int]) -> bool:
        rows, _, table = tables(instance, gradients_by_walsh_transform)
        return ceiling.second(rows, table)

    family = tables_of_images(sizes)
    return [
        Enumeration("every image: mean 0 and covariance J^T J / 4", family, moments_of, moments_again),
        Enumeration("every image: the ratio", family, ratio_of, ratio_again),
        Enumeration("every image: the ceiling", family, below, below_again),
    ]
