r"""Separate parameters: gradients and maxima of ``sum_i log p(y_i | x_i; theta) + log
p(x_i; phi)`` decouple, and the two variables need not.

Letters: ``a`` the classifier's log likelihood, ``b`` the image's; a table of counts
    lists two images by two labels, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from math import comb, prod

from sympy import Derivative, Expr, Function, Sum, Symbol, log

from theory.likelihoods.bernoulli import Counts, rational_distributions
from theory.proof.statements import Enumeration, Equation, Family

__all__ = ["copied_label", "cross_derivative", "dependence", "dependent", "every_data_set", "gradient", "independent"]

DATA = 4  # points in a data set; parameters are multiples of 1/4
GRID = tuple(Fraction(k, DATA) for k in range(DATA + 1))
THETA, PHI = Symbol("theta", real=True), Symbol("phi", real=True)

Criterion = Callable[[Counts], bool]


def _joint(*, shared: bool) -> Expr:
    """``sum_i a(i, theta) + b(i, phi)`` over n points; ``shared``: the image's part
    reads theta too."""
    n, i = Symbol("n", integer=True, positive=True), Symbol("i", integer=True, positive=True)
    a, b = Function("a", real=True), Function("b", real=True)
    return Sum(a(i, THETA) + b(i, THETA + PHI if shared else PHI), (i, 1, n))


def gradient(*, shared: bool = False) -> Equation:
    """The joint gradient in theta is the classifier's alone, for every number n of
    points: a direct statement, n a symbol."""
    n, i = Symbol("n", integer=True, positive=True), Symbol("i", integer=True, positive=True)
    classifier = Sum(Derivative(Function("a", real=True)(i, THETA), THETA), (i, 1, n))
    return Equation("gradient of n points", Derivative(_joint(shared=shared), THETA), classifier)


def cross_derivative(*, shared: bool = False) -> Equation:
    """The mixed second derivative in theta and phi of the same sum is 0: Newton steps
    decouple as gradient steps do."""
    return Equation("mixed second derivative", Derivative(_joint(shared=shared), THETA, PHI), 0 * THETA)


def copied_label() -> Equation:
    """y = x with odds P(x = 1) : P(x = 0) = o, from separate parameters: I(x; y) =
    H(x), which is log 2 at o = 1."""
    o = Symbol("o", positive=True)
    masses = (o / (1 + o), 1 / (1 + o))
    information = sum(m * log(m / m**2) for m in masses)
    return Equation("information of a copied label", information, log(1 + o) - o / (1 + o) * log(o))


# -- every small data set -------------------------------------------------------------------------------------------------


def tables() -> Family:
    """Data sets of four points with binary images and labels, as counts."""
    return Family(
        f"data sets of {DATA} binary images with binary labels",
        lambda: rational_distributions(4, DATA),
        comb(DATA + 3, 3),
    )


def _classifier(counts: Counts, p: Fraction, q: Fraction) -> Fraction:
    return (1 - p) ** counts[0] * p ** counts[1] * (1 - q) ** counts[2] * q ** counts[3]


def _image(counts: Counts, r: Fraction) -> Fraction:
    return (1 - r) ** (counts[0] + counts[1]) * r ** (counts[2] + counts[3])


def jointly(counts: Counts, *, shared: bool) -> bool:
    """Maximisers of the joint likelihood over all triples (p, q, r) against the product
    of the two parts' maximisers."""
    triples = [(p, q, r) for p, q, r in product(GRID, repeat=3) if not shared or q == r]
    values = {it: _classifier(counts, it[0], it[1]) * _image(counts, it[2]) for it in triples}
    best = max(values.values())
    first = {(p, q): _classifier(counts, p, q) for p, q in product(GRID, repeat=2)}
    second = {r: _image(counts, r) for r in GRID}
    apart = {
        (*pq, r)
        for pq, r in product(first, second)
        if first[pq] == max(first.values()) and second[r] == max(second.values())
    }
    return {it for it, value in values.items() if value == best} == apart


def by_frequencies(counts: Counts, *, shared: bool) -> bool:
    """The same from counting: the joint maximisers are the triples whose entries are
    the frequencies, any number where nothing was counted.

    Joint maximisers are found by climbing: none of the other triples is better,
    compared in whole numbers.
    """
    n = sum(counts)

    def power(it: tuple[Fraction, ...]) -> int:
        p, q, r = (int(x * n) for x in it)
        return prod(base**count for base, count in zip((n - p, p, n - q, q), counts, strict=True)) * (n - r) ** (counts[0] + counts[1]) * r ** (counts[2] + counts[3])  # fmt: skip

    triples = [it for it in product(GRID, repeat=3) if not shared or it[1] == it[2]]
    highest, best = -1, set()
    for it in triples:
        value = power(it)
        if value > highest:
            highest, best = value, {it}
        elif value == highest:
            best.add(it)

    def choices(black: int, white: int) -> list[Fraction]:
        found = [g for g in GRID if g * (black + white) == white] if black + white else list(GRID)
        return found or _nearest(black, white)

    free = (
        choices(counts[0], counts[1]),
        choices(counts[2], counts[3]),
        choices(counts[0] + counts[1], counts[2] + counts[3]),
    )
    return best == set(product(*free))


def _nearest(black: int, white: int) -> list[Fraction]:
    """Where the frequency is no multiple of 1/4: the best of its two neighbours, a
    Bernoulli likelihood rising before it and falling after."""
    frequency = Fraction(white, black + white)
    below, above = max(g for g in GRID if g < frequency), min(g for g in GRID if g > frequency)
    sizes = {g: (1 - g) ** black * g**white for g in (below, above)}
    return [g for g, size in sizes.items() if size == max(sizes.values())]


def every_data_set(*, shared: bool = False) -> Enumeration:
    """The maximum likelihood estimate of all parameters together is the pair of
    estimates of each part; ``shared``: q = r is one parameter."""
    return Enumeration(
        "every small data set: one maximum is two", tables(),
        lambda counts: jointly(counts, shared=shared), lambda counts: by_frequencies(counts, shared=shared),
    )  # fmt: skip


def dependent(counts: Counts) -> bool:
    """Whether I(x; y) > 0, in whole numbers: ``prod c^c n^n > prod row^row prod
    column^column`` (0^0 = 1)."""
    n = sum(counts)
    rows, columns = (counts[0] + counts[1], counts[2] + counts[3]), (counts[0] + counts[2], counts[1] + counts[3])
    return prod(c**c for c in counts) * n**n > prod(c**c for c in (*rows, *columns))


def independent(counts: Counts) -> bool:
    """What "no information flows between x and y" says: of no table that anything
    does."""
    return len(counts) == 0


def dependence(criterion: Criterion = dependent) -> Enumeration:
    """Separate parameters reach every table, and I(x; y) is positive exactly where the
    table has rank two."""

    def reached(counts: Counts) -> bool:
        n, rows = sum(counts), (counts[0] + counts[1], counts[2] + counts[3])
        return all(
            Fraction(c, rows[i // 2] or 1) * Fraction(rows[i // 2], n) == Fraction(c, n) for i, c in enumerate(counts)
        )

    def of_rank_two(counts: Counts) -> bool:
        return counts[0] * counts[3] != counts[1] * counts[2]

    def correlated(counts: Counts) -> bool:
        outcomes = [(cell >> 1, cell & 1) for cell, count in enumerate(counts) for _ in range(count)]
        n = len(outcomes)
        return n * sum(x * y for x, y in outcomes) != sum(x for x, _ in outcomes) * sum(y for _, y in outcomes)

    def members() -> Iterator[Counts]:
        return (counts for n in range(1, 7) for counts in rational_distributions(4, n))

    family = Family(
        "tables of two images and two labels in 1/1 .. 1/6", members, sum(comb(n + 3, 3) for n in range(1, 7))
    )
    return Enumeration(
        "every table: information between image and label", family,
        lambda counts: reached(counts) and of_rank_two(counts) == criterion(counts),
        lambda counts: correlated(counts) == criterion(counts),
    )  # fmt: skip
