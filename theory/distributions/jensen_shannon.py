r"""The Jensen-Shannon divergence in exact arithmetic: its range, its integral form, and
the metric that is its root.

With :math:`j(x, y) = x\log\frac{2x}{x+y} + y\log\frac{2y}{x+y}` the divergence is
:math:`\tfrac12\int j(p, q)`, and

.. math:: j(x, y) = \int_0^\infty \Bigl(e^{-tx/2} - e^{-ty/2}\Bigr)^2 \frac{dt}{t^2},

a squared distance in :math:`L^2(dt/t^2)`. So the root of the divergence is a distance
in a Hilbert space, for any pair of distributions.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import comb
from typing import Any

import sympy as sp

from theory.distributions.divergences import positive_logarithm
from theory.proof.lagrange import lagrange
from theory.proof.relative_entropy import gibbs, remainder
from theory.proof.statements import Enumeration, Equation, Family, Induction, Sign

X, Y = sp.Symbol("x", positive=True), sp.Symbol("y", positive=True)
Power = Fraction
ROOT = Fraction(1, 2)
BITS = 120
ALPHABETS = ((2, 4), (3, 2))  # cells, and the denominator of the masses
Counts = tuple[int, ...]


def pointwise(x: Any, y: Any) -> sp.Expr:
    """``x log(2x/(x+y)) + y log(2y/(x+y))``, of which JSD is half the integral,
    nats."""
    return x * sp.log(2 * x / (x + y)) + y * sp.log(2 * y / (x + y))


def range_of_the_integrand() -> list[Equation | Sign]:
    """j is a sum of two gaps that vanish at x = y only, and falls short of (x + y) log
    2 by terms that vanish at xy = 0 only."""
    middle = (X + Y) / 2
    return [
        Equation(
            "j from two remainders",
            pointwise(X, Y),
            middle * (gibbs(X / middle) + gibbs(Y / middle)),
        ),
        Equation(
            "what is missing to (x + y) log 2",
            (X + Y) * sp.log(2) - pointwise(X, Y),
            X * sp.log(1 + Y / X) + Y * sp.log(1 + X / Y),
        ),
        Equation("disjoint points reach it", sp.Limit(pointwise(X, Y), Y, 0, "+"), X * sp.log(2)),
        *remainder(),
        *positive_logarithm(),
    ]


def hilbert_distance(power: Power = ROOT) -> list[Equation]:
    r"""``j^(2 power)`` is a squared distance of the curve :math:`x \mapsto e^{-tx/2}`
    in :math:`L^2(dt/t^2)`: by its mixed derivative, and on the diagonal.

    A squared distance :math:`|f(x)-f(y)|^2` has mixed derivative :math:`-2\langle
    f'(x), f'(y)\rangle` and vanishes with its first derivative at x = y; these
    determine it.
    """
    t = sp.Symbol("t", positive=True)
    squared = pointwise(X, Y) ** (2 * sp.Rational(power.numerator, power.denominator))
    speeds = [sp.diff(sp.exp(-t * at / 2), at) / t for at in (X, Y)]
    inner = sp.Integral(sp.expand(speeds[0] * speeds[1]), (t, 0, sp.oo))
    return [
        Equation("inner product of the curve's speeds", inner, 1 / (2 * (X + Y))),
        Equation("mixed derivative of the squared distance", sp.Derivative(squared, X, Y), -1 / (X + Y)),
        Equation("it vanishes on the diagonal", squared.subs(Y, X), 0),
        Equation("with its first derivative", sp.diff(squared, X).subs(Y, X), 0),
    ]


def triangle_in_a_hilbert_space() -> list[Equation | Induction]:
    """Cauchy and Schwarz for every number of cells, and the triangle inequality that it
    is: ``(|f| + |g|)^2 - |f + g|^2 = 2(|f||g| - <f, g>)``."""
    a, b = sp.Symbol("a", nonnegative=True), sp.Symbol("b", nonnegative=True)
    f, g = sp.Function("f", real=True), sp.Function("g", real=True)
    c = sp.Symbol("c", real=True)  # <f, g>
    whole = a**2 + 2 * c + b**2
    return [
        lagrange("Cauchy and Schwarz for n cells", f, g),
        Equation("the triangle inequality from Cauchy and Schwarz", (a + b) ** 2 - whole, 2 * (a * b - c)),
    ]


# -- every triple of small distributions -----------------------------------------------------------------------------------


def distributions(cells: int, n: int) -> Iterator[Counts]:
    """Every distribution on ``cells`` cells with masses in multiples of 1/n, as
    counts."""
    if cells == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in distributions(cells - 1, n - first):
            yield (first, *rest)


def divergence_ball(p: Counts, q: Counts) -> Any:
    """JSD in nats as a ball, from two relative entropies to the middle."""
    from flint import arb, ctx

    n = sum(p)
    with ctx.workprec(BITS):
        total = arb(0)
        for a, b in zip(p, q, strict=True):
            for mine in (a, b):
                if mine:
                    total += arb(mine) * (arb(2 * mine) / (a + b)).log()
        return total / (2 * n)


def divergence_by_entropies(p: Counts, q: Counts) -> Any:
    """JSD in nats as a ball: the entropy of the middle less the mean of the entropies,
    one logarithm of whole numbers.

    ``2n JSD = log( prod a^a b^b (2)^(a+b) / (a+b)^(a+b) )``: one quotient of integers.
    """
    from flint import arb, ctx, fmpq

    top, bottom = 1, 1
    for a, b in zip(p, q, strict=True):
        top *= a**a * b**b * 2 ** (a + b)
        bottom *= (a + b) ** (a + b)
    with ctx.workprec(BITS):
        return arb(fmpq(top, bottom)).log() / (2 * sum(p)) if top != bottom else arb(0)


def triangle_of_powers(triple: tuple[Counts, ...], power: Power) -> bool:
    """Whether ``JSD(p, r)^power <= JSD(p, q)^power + JSD(q, r)^power`` for three
    different distributions, by powers of balls."""
    from flint import arb, ctx, fmpq

    p, q, r = triple
    with ctx.workprec(BITS):
        a, b, c = (divergence_ball(*pair) for pair in ((p, q), (q, r), (p, r)))
        exponent = arb(fmpq(power.numerator, power.denominator))
        slack = a**exponent + b**exponent - c**exponent
    if not (slack > 0 or slack < 0):
        raise ArithmeticError(f"A ball of {BITS} bits does not decide the triangle {triple}.")
    return bool(slack > 0)


def triangle_by_gram_determinant(triple: tuple[Counts, ...], power: Power) -> bool:
    """The same without a root: for squared distances A, B, C it says ``C <= A + B`` or
    ``(C - A - B)^2 <= 4 A B``; for power 1 only the former."""
    from flint import ctx

    p, q, r = triple
    with ctx.workprec(BITS):
        a, b, c = (divergence_by_entropies(*pair) for pair in ((p, q), (q, r), (p, r)))
        gram = 4 * a * b - (c - a - b) ** 2
    return bool(c < a + b) or (power == ROOT and bool(gram > 0))


def every_small_triple(power: Power = ROOT) -> Enumeration:
    """All ordered triples of different distributions on small alphabets: the triangle
    inequality of ``JSD^power``."""

    def members() -> Iterator[tuple[Counts, ...]]:
        for cells, n in ALPHABETS:
            every = list(distributions(cells, n))
            yield from (triple for triple in product(every, repeat=3) if len(set(triple)) == 3)

    sizes = [comb(n + cells - 1, n) for cells, n in ALPHABETS]
    text = ", ".join(f"{cells} cells in 1/{n}" for cells, n in ALPHABETS)
    family = Family(f"triples of different distributions ({text})", members, sum(k * (k - 1) * (k - 2) for k in sizes))
    return Enumeration(
        "triangle inequality on small alphabets", family,
        lambda triple: triangle_of_powers(triple, power), lambda triple: triangle_by_gram_determinant(triple, power),
    )  # fmt: skip
