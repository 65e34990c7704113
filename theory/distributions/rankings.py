r"""Models ranked by KL, JSD and MMD on a finite alphabet, in balls; and how far two
models can be ranked apart.

Masses are multiples of one unit, so that KL and JSD are logarithms of whole numbers;
the kernel of the discrepancy is
:math:`k(i, j) = e^{-(i-j)^2/(2h)}` on the numbers of the cells.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, permutations, product
from typing import Any

from theory.proof.statements import Enumeration, Family

Masses = tuple[int, ...]
BITS = 256

DATA: Masses = (8, 2, 0, 1, 9)  # in twentieths; two modes, nothing between them
MODELS: dict[str, Masses] = {"q1": (1, 5, 0, 2, 12), "q2": (5, 1, 7, 1, 6), "q3": (3, 1, 0, 1, 15)}
SQUARED_LENGTH = 4
MARGIN = Fraction(23, 100)  # of the largest of three values, by which neighbours differ at least
ORDERS: dict[str, tuple[str, ...]] = {"KL": ("q3", "q2", "q1"), "JSD": ("q3", "q1", "q2"), "MMD": ("q2", "q1", "q3")}


def relative_entropy(p: Masses, q: Masses) -> Any:
    """KL(p||q) in nats as a ball; p and q in units of one sum.

    Raises:
        ValueError: q has no mass where p has some (the divergence is infinite), or the
            sums differ.
    """
    from flint import arb, ctx

    _one_total(p, q)
    if any(a and not b for a, b in zip(p, q, strict=True)):
        raise ValueError("KL(p||q) is infinite: q has no mass on a cell where p has some.")
    with ctx.workprec(BITS):
        terms = [arb(a) * (arb(a) / b).log() for a, b in zip(p, q, strict=True) if a]
        return sum(terms, arb(0)) / sum(p)


def jensen_shannon(p: Masses, q: Masses) -> Any:
    """JSD(p, q) in nats as a ball: the mean of the relative entropies to the middle."""
    from flint import ctx

    _one_total(p, q)
    middle = tuple(a + b for a, b in zip(p, q, strict=True))
    with ctx.workprec(BITS):
        doubled = [tuple(2 * a for a in of) for of in (p, q)]
        return (relative_entropy(doubled[0], middle) + relative_entropy(doubled[1], middle)) / 2


def squared_discrepancy(p: Masses, q: Masses, h: int = SQUARED_LENGTH) -> Any:
    """MMD^2(p, q) as a ball: a quadratic form of the differences."""
    from flint import arb, ctx, fmpq

    total = _one_total(p, q)
    off = [a - b for a, b in zip(p, q, strict=True)]
    with ctx.workprec(BITS):
        whole = arb(0)
        for i, a in enumerate(off):
            for j, b in enumerate(off):
                whole += a * b * arb(fmpq(-((i - j) ** 2), 2 * h)).exp()
        return whole / total**2


def _one_total(p: Masses, q: Masses) -> int:
    if len(p) != len(q) or sum(p) != sum(q) or min(*p, *q) < 0:
        raise ValueError(f"Expected two lists of masses of one length and one sum, none negative, got {p} and {q}.")
    return sum(p)


MEASURES: dict[str, Callable[[Masses, Masses], Any]] = {
    "KL": relative_entropy,
    "JSD": jensen_shannon,
    "MMD": squared_discrepancy,
}


def neighbours(
    measure: str, order: tuple[str, ...], data: Masses = DATA, *, times: Fraction = Fraction(1)
) -> list[tuple[str, str, Any]]:
    """Consecutive models of an order with how much worse the later one is, beyond
    ``times`` :data:`MARGIN` of the largest value: a ball that is claimed positive."""
    from flint import arb, ctx, fmpq

    values = {name: MEASURES[measure](data, model) for name, model in MODELS.items()}
    with ctx.workprec(BITS):
        largest = values[order[-1]]
        for value in values.values():
            largest = largest.max(value)
        share = MARGIN * times
        room = largest * arb(fmpq(share.numerator, share.denominator))
        return [(better, worse, values[worse] - values[better] - room) for better, worse in pairwise(order)]


def off_three_means(log_kernel: Callable[[int, int], Fraction], data: Masses = DATA) -> list[tuple[str, Any]]:
    """For each model: MMD^2 less its three expectations of the kernel, with ``log k(i,
    j)`` as given; balls that are claimed zero."""
    from flint import arb, ctx, fmpq

    def mean(p: Masses, q: Masses) -> Any:
        total = arb(0)
        for i, a in enumerate(p):
            for j, b in enumerate(q):
                exponent = log_kernel(i, j)
                total += a * b * arb(fmpq(exponent.numerator, exponent.denominator)).exp()
        return total / (sum(p) * sum(q))

    with ctx.workprec(BITS):
        return [
            (name, squared_discrepancy(data, model) - (mean(data, data) + mean(model, model) - 2 * mean(data, model)))
            for name, model in MODELS.items()
        ]


def pairwise_different(orders: dict[str, tuple[str, ...]] = ORDERS) -> Enumeration:
    """No two measures give one order: by comparing tuples, and by a pair of models that
    they rank oppositely."""
    names = list(orders)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]

    def opposite(pair: tuple[str, str]) -> bool:
        first, second = (orders[name] for name in pair)
        return any(
            (first.index(x) < first.index(y)) != (second.index(x) < second.index(y))
            for x in first
            for y in first
            if x < y
        )

    family = Family(
        f"pairs of the measures {', '.join(names)}", lambda: iter(pairs), len(names) * (len(names) - 1) // 2
    )
    return Enumeration("orders differ", family, lambda pair: orders[pair[0]] != orders[pair[1]], opposite)


def two_models(models: int = 2, measures: int = 3) -> Enumeration:
    """Every way in which three measures can order two models: two of the measures
    agree.

    Once by looking for an equal pair, once by counting the different orders.
    """
    orders = list(permutations(range(models)))
    size = 1
    for _ in range(measures):
        size *= len(orders)
    family = Family(
        f"ways of {measures} measures to order {models} models", lambda: product(orders, repeat=measures), size
    )
    return Enumeration(
        "two of the measures agree", family,
        lambda given: any(given[i] == given[j] for i in range(measures) for j in range(i)),
        lambda given: len(set(given)) < measures,
    )  # fmt: skip
