r"""What features keep of the information about a label: all of it where they merge no
two images that predict the label differently.

Letters: ``a``, ``b`` the joint masses of two images with each label, ``A``, ``B`` their
    sums, ``c`` the masses of the labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product
from math import comb, prod
from typing import Any

from sympy import Expr, Function, Symbol, log

from theory.likelihoods.bernoulli import Counts, rational_distributions
from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion

__all__ = ["every_map", "keeps_everything", "keeps_if_injective", "loss_of_a_merger", "merges_alike"]

IMAGES, LABELS, DENOMINATOR = 3, 2, 4

Feature = tuple[Counts, tuple[int, ...]]  # a table, row by row, and the feature of each image
Criterion = Callable[[Feature], bool]


def loss_of_a_merger() -> Induction:
    """Merging two images loses the sum of two divergences of their label distributions
    from the merged one, for every number of labels.

    Each of them is a divergence as in
    :func:`theory.likelihoods.weighting.truth_is_best`, and so not negative.
    """
    n, A, B = Symbol("n", integer=True, positive=True), Symbol("A", positive=True), Symbol("B", positive=True)
    a, b, c = (Function(name, positive=True) for name in "abc")
    D, F, G = (Function(name, real=True) for name in "DFG")

    def lost(k: Any) -> Expr:
        apart = a(k) * log(a(k) / (A * c(k))) + b(k) * log(b(k) / (B * c(k)))
        return apart - (a(k) + b(k)) * log((a(k) + b(k)) / ((A + B) * c(k)))

    def summed(of: Any, term: Callable[[Any], Expr]) -> Recursion:
        return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))

    objects = (
        summed(D(n), lost),
        summed(F(n), lambda k: a(k) * log(a(k) * (A + B) / (A * (a(k) + b(k))))),
        summed(G(n), lambda k: b(k) * log(b(k) * (A + B) / (B * (a(k) + b(k))))),
    )
    return Induction(
        "information lost by merging two images", n, (Equation("two divergences", D(n), F(n) + G(n)),), objects, small=2
    )


# -- every small table and map ----------------------------------------------------------------------------------------------


def _rows(table: Counts) -> list[Counts]:
    return [tuple(table[LABELS * i : LABELS * (i + 1)]) for i in range(IMAGES)]


def merges_alike(item: Feature) -> bool:
    """Whether any two images with one feature have proportional rows: the sharp
    condition for losing nothing."""
    table, image = item
    rows = _rows(table)
    return all(
        rows[i][0] * rows[k][1] == rows[i][1] * rows[k][0]
        for i, k in combinations(range(IMAGES), 2)
        if image[i] == image[k]
    )


def keeps_if_injective(item: Feature) -> bool:
    """Whether the features tell all images apart: sufficient, and not necessary."""
    return len(set(item[1])) == IMAGES


def keeps_everything(item: Feature) -> bool:
    """What "features keep the label's information" says, whatever they merge."""
    return len(item[1]) == IMAGES


def _pushed(item: Feature) -> list[Counts]:
    table, image = item
    merged = [[0] * LABELS for _ in range(IMAGES)]
    for y, row in zip(image, _rows(table), strict=True):
        merged[y] = [m + r for m, r in zip(merged[y], row, strict=True)]
    return [tuple(row) for row in merged]


def _power(rows: list[Counts]) -> tuple[int, int]:
    """Numerator and denominator of ``exp(n I)`` less factors that depend on the labels'
    masses alone: ``prod c^c / prod row^row`` (0^0 = 1)."""
    return prod(c**c for row in rows for c in row), prod(sum(row) ** sum(row) for row in rows)


def by_powers(item: Feature, criterion: Criterion) -> bool:
    """Whether I(f(x); y) <= I(x; y), with equality exactly as ``criterion`` says, in
    whole numbers."""
    (before, over), (after, under) = _power(_rows(item[0])), _power(_pushed(item))
    left, right = after * over, before * under
    return left <= right and (left == right) == criterion(item)


def by_sufficiency(item: Feature, criterion: Criterion) -> bool:
    """The same from the distribution of the label at each image: nothing is lost
    exactly where it can be read off the feature.

    p(y = 1 | x) n-th parts are compared within each feature; images without mass say
    nothing.
    """
    table, image = item
    shares: dict[int, set[tuple[int, int]]] = {}
    for y, (black, white) in zip(image, _rows(table), strict=True):
        if total := black + white:
            divisor = next(d for d in range(total, 0, -1) if white % d == 0 and total % d == 0)
            shares.setdefault(y, set()).add((white // divisor, total // divisor))
    return all(len(found) == 1 for found in shares.values()) == criterion(item)


def every_map(criterion: Criterion = merges_alike) -> Enumeration:
    """Tables of three images and two labels in 1/4, each with all 27 maps of the
    images: information after against before."""

    def members() -> Iterator[Feature]:
        tables = rational_distributions(IMAGES * LABELS, DENOMINATOR)
        return product(tables, list(product(range(IMAGES), repeat=IMAGES)))

    cells = IMAGES * LABELS
    size = comb(DENOMINATOR + cells - 1, cells - 1) * IMAGES**IMAGES
    family = Family(
        f"tables of {IMAGES} images and {LABELS} labels in 1/{DENOMINATOR}, with every map of the images", members, size
    )
    return Enumeration(
        "every map: information that features keep", family,
        lambda item: by_powers(item, criterion), lambda item: by_sufficiency(item, criterion),
    )  # fmt: skip
