"""Bernoulli likelihoods in exact arithmetic: masses of labels and of binary images, and how many bits an image needs.

Letters as in the field: ``x`` a binary pixel, ``p`` its probability, ``a`` its logit, ``D`` the number of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sympy import Expr, Integer, Rational, Symbol, exp, integrate, log, sympify

HALF = Rational(1, 2)

Counts = tuple[int, ...]


def bernoulli(x: Any, p: Any) -> Expr:
    """Mass ``p^x (1-p)^(1-x)`` of a binary pixel ``x`` (0 or 1, or a symbol)."""
    x, p = sympify(x), sympify(p)
    return p**x * (1 - p) ** (1 - x)


def continuous_bernoulli(x: Any, p: Any) -> Expr:
    """Density on [0, 1] proportional to ``p^x (1-p)^(1-x)``, the constant found by integrating that expression.

    Source: Loaiza-Ganem & Cunningham 2019; at ``p = 1/2`` the constant is 2 and the density is 1.
    """
    t = Symbol("t", nonnegative=True)
    return bernoulli(x, p) / integrate(bernoulli(t, p), (t, 0, 1))


def logistic(a: Expr) -> Expr:
    """``1 / (1 + exp(-a))``, the probability of a pixel whose logit is ``a``."""
    return 1 / (1 + exp(-a))


def log_mass(x: Any, a: Expr) -> Expr:
    """``x a - log(1 + exp a)``, the log mass in nats of a pixel with logit ``a``; affine in ``x``."""
    return x * a - log(1 + exp(a))


def bits(pattern: int, D: int) -> Counts:
    """The ``D`` binary pixels of image number ``pattern``, least significant first."""
    return tuple(pattern >> i & 1 for i in range(D))


def image_mass(image: Sequence[int], p: Any, pixel: Callable[[Any, Any], Expr] = bernoulli) -> Expr:
    """Mass of an image under independent pixels, multiplied pixel by pixel."""
    mass: Expr = Integer(1)
    for x in image:
        mass = mass * pixel(x, p)
    return mass


def mass_table(D: int, p: Any, pixel: Callable[[Any, Any], Expr] = bernoulli) -> list[Expr]:
    """Masses of all ``2^D`` images by doubling: the table for ``D`` pixels is two scaled copies of that for ``D-1``."""
    zero, one = pixel(0, p), pixel(1, p)
    table: list[Expr] = [Integer(1)]
    for _ in range(D):
        table = [zero * mass for mass in table] + [one * mass for mass in table]
    return table


def deficit(q: Expr) -> Expr:
    """``log 2 - h(q)`` in nats: by how much a pixel with probability ``q`` falls short of one bit."""
    return log(2) + q * log(q) + (1 - q) * log(1 - q)


def deficit_integrand(t: Expr, u: Expr) -> Expr:
    """``t^2 (1-u) / (1 - u^2 t^2)``: visibly nonnegative for ``|t| < 1`` and ``0 <= u <= 1``, and zero only at ``t = 0``.

    Taylor's remainder of minus the entropy about one half: its integral over ``u`` in [0, 1] is ``deficit((1+t)/2)``.
    """
    return t**2 * (1 - u) / (1 - u**2 * t**2)


def deficit_antiderivative(t: Expr, u: Expr) -> Expr:
    """An antiderivative in ``u`` of :func:`deficit_integrand`: ``t artanh(ut) + log(1 - u^2 t^2) / 2``."""
    return t * (log(1 + u * t) - log(1 - u * t)) / 2 + (log(1 + u * t) + log(1 - u * t)) / 2


def rational_laws(cells: int, n: int) -> Iterator[Counts]:
    """Every law on ``cells`` cells whose masses are multiples of ``1/n``, as counts that sum to ``n``."""
    if cells == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in rational_laws(cells - 1, n - first):
            yield (first, *rest)


def entropy_sign(counts: Sequence[int]) -> int:
    """Sign of ``log(cells) - H`` for the law ``counts / n``, by comparing two whole numbers.

    ``H <= log N`` says ``prod (n/a)^a <= N^n``, that is ``n^n <= N^n prod a^a`` (with ``0^0 = 1``).
    """
    n = sum(counts)
    right = len(counts) ** n
    for a in counts:
        right *= a**a
    return (right > n**n) - (right < n**n)


def entropy_sign_by_merging(counts: Sequence[int]) -> int:
    """The same sign by another way: halve the alphabet repeatedly and compare each merged pair with an even split.

    ``log(cells) - H`` is a sum of ``w (log 2 - h(q))`` over the binary tree of pixels, so that it is zero when every
    split with positive mass is even, and otherwise positive: a split ``(a, b)`` is compared by ``4ab`` against
    ``(a+b)^2``, the arithmetic against the geometric mean. Needs a number of cells that is a power of two.
    """
    if len(counts) & (len(counts) - 1):
        raise ValueError(f"Expected 2^D cells, one an image of D pixels, got {len(counts)}.")
    level, sign = list(counts), 0
    while len(level) > 1:
        sign = max(sign, *((a + b) ** 2 > 4 * a * b for a, b in zip(level[::2], level[1::2], strict=True)))
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
    return int(sign)
