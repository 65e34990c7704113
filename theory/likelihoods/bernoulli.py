"""Bernoulli likelihoods in exact arithmetic: masses of labels and of binary images, and
how many bits an image needs.

Letters as in the field: ``x`` a binary pixel, ``p`` its probability, ``a`` its logit,
``D`` the number of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import comb
from typing import Any

from sympy import Expr, Function, Integer, Matrix, Rational, Symbol, exp, integrate, log, sympify

from theory.proof.statements import Enumeration, Equation, Family, Induction, Recursion, Sign

HALF = Rational(1, 2)

Counts = tuple[int, ...]
Pixel = Callable[[Any, Any], Expr]
DIVISIONS = ((1, 12), (2, 7), (3, 4))  # pixels, and the denominator of the masses that are enumerated


def bernoulli(x: Any, p: Any) -> Expr:
    """Mass ``p^x (1-p)^(1-x)`` of a binary pixel ``x`` (0 or 1, or a symbol)."""
    x, p = sympify(x), sympify(p)
    return p**x * (1 - p) ** (1 - x)


def continuous_bernoulli(x: Any, p: Any) -> Expr:
    """Density on [0, 1] proportional to ``p^x (1-p)^(1-x)``, the constant found by
    integrating that expression.

    Source: Loaiza-Ganem & Cunningham 2019; at ``p = 1/2`` the constant is 2 and the
        density is 1.
    """
    return bernoulli(x, p) / _total_mass(sympify(p))


@lru_cache
def _total_mass(p: Expr) -> Expr:
    t = Symbol("t", nonnegative=True)
    return integrate(bernoulli(t, p), (t, 0, 1))


def logistic(a: Expr) -> Expr:
    """``1 / (1 + exp(-a))``, the probability of a pixel whose logit is ``a``."""
    return 1 / (1 + exp(-a))


def log_mass(x: Any, a: Expr) -> Expr:
    """``x a - log(1 + exp a)``, the log mass in nats of a pixel with logit ``a``;
    affine in ``x``."""
    return x * a - log(1 + exp(a))


def bits(pattern: int, D: int) -> Counts:
    """The ``D`` binary pixels of image number ``pattern``, least significant first."""
    return tuple(pattern >> i & 1 for i in range(D))


def image_mass(image: Sequence[int], p: Any, pixel: Pixel = bernoulli) -> Expr:
    """Mass of an image under independent pixels, multiplied pixel by pixel."""
    mass: Expr = Integer(1)
    for x in image:
        mass = mass * pixel(x, p)
    return mass


def mass_table(D: int, p: Any, pixel: Pixel = bernoulli) -> list[Expr]:
    """Masses of all ``2^D`` images by doubling: the table for ``D`` pixels is two
    scaled copies of that for ``D-1``."""
    zero, one = pixel(0, p), pixel(1, p)
    table: list[Expr] = [Integer(1)]
    for _ in range(D):
        table = [zero * mass for mass in table] + [one * mass for mass in table]
    return table


def gibbs(r: Any) -> Expr:
    """``r log r - r + 1``, nonnegative and zero only at ``r = 1``: what a cell of ``r``
    times its even share adds to the missing bits."""
    return r * log(r) - r + 1


def gibbs_integrand(r: Any, v: Any) -> Expr:
    """``(r-1)^2 (1-v) / (1-v + r v)``: Taylor's remainder of :func:`gibbs` about 1,
    whose integral over ``v`` in [0, 1] it is."""
    return (r - 1) ** 2 * (1 - v) / (1 - v + r * v)


def gibbs_antiderivative(r: Any, v: Any) -> Expr:
    """An antiderivative in ``v`` of :func:`gibbs_integrand`, for positive ``r`` other
    than 1: ``r log(1-v+rv) - (r-1) v``."""
    return r * log(1 - v + r * v) - (r - 1) * v


def rational_distributions(cells: int, n: int) -> Iterator[Counts]:
    """Every distribution on ``cells`` cells whose masses are multiples of ``1/n``, as
    counts that sum to ``n``."""
    if cells == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in rational_distributions(cells - 1, n - first):
            yield (first, *rest)


def entropy_sign(counts: Sequence[int]) -> int:
    """Sign of ``log(cells) - H`` for the distribution ``counts / n``, by comparing two
    whole numbers.

    ``H <= log N`` says ``prod (n/a)^a <= N^n``, that is ``n^n <= N^n prod a^a`` (with
    ``0^0 = 1``).
    """
    n = sum(counts)
    right = len(counts) ** n
    for a in counts:
        right *= a**a
    return (right > n**n) - (right < n**n)


def entropy_sign_by_merging(counts: Sequence[int]) -> int:
    """The same sign by another way: halve the alphabet repeatedly and compare each
    merged pair with an even split.

    ``log(cells) - H`` is a sum of ``w (log 2 - h(q))`` over the binary tree of pixels,
    so that it is zero when every split with positive mass is even, and otherwise
    positive: a split ``(a, b)`` is compared by ``4ab`` against ``(a+b)^2``, the
    arithmetic against the geometric mean. Needs a number of cells that is a power of
    two.
    """
    if len(counts) & (len(counts) - 1):
        raise ValueError(f"Expected 2^D cells, one an image of D pixels, got {len(counts)}.")
    level, sign = list(counts), 0
    while len(level) > 1:
        sign = max(sign, *((a + b) ** 2 > 4 * a * b for a, b in zip(level[::2], level[1::2], strict=True)))
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
    return int(sign)


# -- statements ---------------------------------------------------------------------------------------------------------


def values_of_the_label(pixel: Pixel = bernoulli) -> Equation:
    """``log Bern(y | 1/2) = -log 2`` for both labels."""
    values = Matrix([log(pixel(y, HALF), evaluate=False) for y in (0, 1)])
    return Equation("log Bern(y | 1/2) = -log 2 for both labels", values, Matrix([-log(2)] * 2))


def mass_by_the_count_of_white_pixels(pixel: Pixel = bernoulli) -> Induction:
    """``p(x) = p^W (1-p)^(n-W)`` with W the number of white pixels: at any probability,
    for every n."""
    n, p = Symbol("n", integer=True, positive=True), Symbol("p", positive=True)
    x, M, W = (Function(name, real=True) for name in "xMW")
    objects = (
        Recursion(M(n), (pixel(x(1), p),), M(n) * pixel(x(n + 1), p), lambda k: image_mass([x(i) for i in range(1, k + 1)], p, pixel)),
        Recursion(W(n), (x(1),), W(n) + x(n + 1), lambda k: sum(x(i) for i in range(1, k + 1))),
    )  # fmt: skip
    claim = Equation("p(x) = p^W (1 - p)^(n - W)", M(n), p ** W(n) * (1 - p) ** (n - W(n)))
    return Induction("mass of an image of n pixels", n, (claim,), objects, assuming=(p < 1,))


def value_at_one_half() -> Equation:
    """At one half the count of white pixels drops out: ``log(2^-W 2^-(D-W)) = -D log
    2``."""
    D, W = Symbol("D", integer=True, positive=True), Symbol("W", real=True)
    value = log(HALF**W, evaluate=False) + log((1 - HALF) ** (D - W), evaluate=False)
    return Equation("at one half -D log 2, whatever the image shows", value, -D * log(2))


def every_image(largest: int, pixel: Pixel = bernoulli) -> Enumeration:
    """Each image of up to ``largest`` pixels has mass ``2^-D`` at one half: multiplied
    pixel by pixel, and doubled table by table."""
    tables = {size: mass_table(size, HALF, pixel) for size in range(1, largest + 1)}
    images = Family(
        f"binary images of 1 to {largest} pixels", lambda: ((size, number) for size in tables for number in range(2**size)), 2 ** (largest + 1) - 2
    )  # fmt: skip
    return Enumeration(
        "every image has mass 2^-D", images, lambda it: image_mass(bits(it[1], it[0]), HALF, pixel) * 2 ** it[0] == 1,
        lambda it: tables[it[0]][it[1]] == Rational(1, 2 ** it[0]),
    )  # fmt: skip


def missing_bits() -> Induction:
    r"""For n of N cells with masses p_i: :math:`\sum p_i\log(N p_i) =
    \tfrac1N\sum\phi(N p_i) + \sum p_i - n/N`, phi as in :func:`gibbs`.

    All N cells together have mass one: then the left side is ``log N - H`` and the
    right one a sum of terms that are not negative.
    """
    n, N = Symbol("n", integer=True, positive=True), Symbol("N", positive=True)
    p, F, G, P = Function("p", positive=True), *(Function(name, real=True) for name in "FGP")

    def summed(of: Any, term: Callable[[Any], Expr]) -> Recursion:
        return Recursion(of, (term(1),), of + term(n + 1), lambda k: sum(term(i) for i in range(1, k + 1)))

    objects = (
        summed(F(n), lambda i: p(i) * log(N * p(i))),
        summed(G(n), lambda i: gibbs(N * p(i)) / N),
        summed(P(n), p),
    )
    claim = Equation("sum p log(N p) = sum phi(N p)/N + sum p - n/N", F(n), G(n) + P(n) - n / N)
    return Induction("missing bits of n cells", n, (claim,), objects)


def nonnegative_remainder() -> list[Equation | Sign]:
    """:func:`gibbs` is the integral of something nonnegative: an antiderivative, its
    two ends, and the sign for ``v = c/(1+c)``."""
    r, v = Symbol("r", positive=True), Symbol("v", positive=True)
    c = Symbol("c", nonnegative=True)
    ends = gibbs_antiderivative(r, 1) - gibbs_antiderivative(r, 0)
    rising = gibbs_antiderivative(r, v).diff(v)
    square, divisor = (r - 1) ** 2, 1 + r * c
    return [
        Equation("an antiderivative of the remainder's integrand", rising, gibbs_integrand(r, v), (v < 1,)),
        Equation("r log r - r + 1 is the integral of the remainder", gibbs(r), ends),
        Equation("the integrand in one parameter c >= 0", gibbs_integrand(r, c / (1 + c)), square / divisor),
        Sign("its denominator is positive", divisor, "> 0"),
        Sign("its numerator is a square", square, ">= 0", ((Integer(1), r - 1),)),
    ]


def bits_of_small_images(needs: Callable[[int], bool]) -> Enumeration:
    """Whether an image of D = 1, 2, 3 pixels ``needs`` what is said of the sign of ``D
    log 2 - H``, in whole numbers."""

    def members() -> Iterator[Counts]:
        return (counts for pixels, n in DIVISIONS for counts in rational_distributions(2**pixels, n))

    text = ", ".join(f"{pixels} pixels in 1/{n}" for pixels, n in DIVISIONS)
    size = sum(comb(n + 2**pixels - 1, n) for pixels, n in DIVISIONS)
    return Enumeration(
        "entropy of small images against D bits", Family(f"distributions of images ({text})", members, size),
        lambda counts: needs(entropy_sign(counts)), lambda counts: needs(entropy_sign_by_merging(counts)),
    )  # fmt: skip
