r"""Larger decoders, exactly: a larger range cannot raise the least distortion, a larger
class cannot raise its least F at the slope of its training.

Neither says anything about the rest of the curve. Two linear decoders of data with
variances 1 and 1/100 show it: a unit of gain 1 on the first pixel, and the same with a
second unit of gain 3 on the second. Nats; squared errors with their half.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import sympy as sp

from theory.proof.statements import Enumeration, Equation, Family, Sign

Model = tuple[
    tuple[int, ...], int, int
]  # distortions of two data and three reproductions, and two ranges as sets of bits
Claim = Callable[[int, int], bool]  # of what the larger and the smaller range leave

LEVELS = 3  # distortions are 0, 1, 2
REPRODUCTIONS = 3
BETA = sp.Symbol("beta", positive=True)


def no_more(larger: int, smaller: int) -> bool:
    """The larger range leaves no more than the smaller one."""
    return larger <= smaller


def less(larger: int, smaller: int) -> bool:
    """The larger range leaves less."""
    return larger < smaller


# -- minima over nested sets ------------------------------------------------------------------------------------------------------


def _models() -> Iterator[Model]:
    sets = range(1, 2**REPRODUCTIONS)
    pairs = [(small, large) for large in sets for small in sets if small & ~large == 0]
    for distortions in product(range(LEVELS), repeat=2 * REPRODUCTIONS):
        yield from ((distortions, small, large) for small, large in pairs)


def _least(distortions: tuple[int, ...], chosen: int) -> int:
    """Twice the mean over two data of the least distortion."""
    rows = distortions[:REPRODUCTIONS], distortions[REPRODUCTIONS:]
    return sum(min(row[k] for k in range(REPRODUCTIONS) if chosen >> k & 1) for row in rows)


def _least_by_levels(distortions: tuple[int, ...], chosen: int) -> int:
    """The same as the number of (datum, level) that no reproduction of the range gets
    below."""
    reached = {
        (k // REPRODUCTIONS, level)
        for k, d in enumerate(distortions)
        if chosen >> (k % REPRODUCTIONS) & 1
        for level in range(d + 1, LEVELS)
    }
    return 2 * (LEVELS - 1) - len(reached)


def nested_minima(claim: Claim = no_more) -> Enumeration:
    """Every decoder of three codes, distortions 0, 1, 2 of two data, and every two
    nested ranges: the larger one leaves no more distortion.

    With one datum and F in place of the distortion this is the statement about nested
    classes.
    """
    family = Family(
        "distortions 0, 1, 2 of two data and three reproductions, and two nested ranges",
        _models,
        LEVELS ** (2 * REPRODUCTIONS) * (3**REPRODUCTIONS - 2**REPRODUCTIONS),
    )
    return Enumeration(
        "least distortion of nested ranges",
        family,
        lambda model: claim(_least(model[0], model[2]), _least(model[0], model[1])),
        lambda model: claim(_least_by_levels(model[0], model[2]), _least_by_levels(model[0], model[1])),
    )


def two_ways_to_the_least() -> Enumeration:
    """Both ways of finding a least distortion, on every decoder and range: the minima
    against sorted lists, the levels against the largest of negatives."""
    rows = lambda model: (model[0][:REPRODUCTIONS], model[0][REPRODUCTIONS:])  # noqa: E731
    used = lambda row, chosen: [d for k, d in enumerate(row) if chosen >> k & 1]  # noqa: E731
    family = Family(
        "distortions 0, 1, 2 of two data and three reproductions, and a range",
        lambda: product(product(range(LEVELS), repeat=2 * REPRODUCTIONS), range(1, 2**REPRODUCTIONS)),
        LEVELS ** (2 * REPRODUCTIONS) * (2**REPRODUCTIONS - 1),
    )
    return Enumeration(
        "least distortions",
        family,
        lambda model: _least(*model) == sum(sorted(used(row, model[1]))[0] for row in rows(model)),
        lambda model: _least_by_levels(*model) == sum(-max(-d for d in used(row, model[1])) for row in rows(model)),
    )


# -- two linear decoders -----------------------------------------------------------------------------------------------------------


def value_of_a_unit(gain: Any, variance: Any, beta: Any) -> Any:
    """F of one pixel: ``log(1 + beta g^2)/2 + beta v/(2 (1 + beta g^2))``; gain 0 is a
    pixel without a unit."""
    return sp.log(1 + beta * gain**2) / 2 + beta * variance / (2 * (1 + beta * gain**2))


def least_distortions() -> list[Equation]:
    """The limit of F/beta: a pixel with a unit is reproduced, one without keeps half
    its variance."""
    g, v = sp.Symbol("g", positive=True), sp.Symbol("v", positive=True)
    unit = value_of_a_unit(g, v, BETA)
    z, r = sp.symbols("z r", real=True)
    precision = 1 + BETA * g**2
    mean = BETA * g * r / precision
    return [
        Equation(
            "the square of a unit completed",
            z**2 + BETA * (r - g * z) ** 2,
            precision * (z - mean) ** 2 + BETA * r**2 / precision,
        ),
        Equation("D_min with a unit", sp.Limit(unit / BETA, BETA, sp.oo), 0),
        Equation("D_min without", sp.Limit(value_of_a_unit(0, v, BETA) / BETA, BETA, sp.oo), v / 2),
    ]


def gap_of_two_decoders(beta: int) -> Any:
    """F of both units less F of the first alone, as a ball of 200 bits: log(1 + 9
    beta)/2 + beta/200 (1/(1 + 9 beta) - 1).

    >>> gap_of_two_decoders(1) > 0, gap_of_two_decoders(2000) < 0
    (True, True)
    """
    import flint

    with flint.ctx.workprec(200):
        factor = flint.arb(1 + 9 * beta)
        return factor.log() / 2 + flint.arb(beta) / 200 * (1 / factor - 1)


def gap_in_symbols() -> Equation:
    """The same from the values of units."""
    v = sp.Rational(1, 100)
    both = value_of_a_unit(1, 1, BETA) + value_of_a_unit(3, v, BETA)
    first = value_of_a_unit(1, 1, BETA) + value_of_a_unit(0, v, BETA)
    factor = 1 + 9 * BETA
    return Equation("F of two units less F of one", both - first, sp.log(factor) / 2 + BETA / 200 * (1 / factor - 1))


# -- worse at every rate -----------------------------------------------------------------------------------------------------------


def far(a: Any) -> Any:
    """exp(-beta d) of a code at distance 1 from both data."""
    return a


def at_hand(a: Any) -> Any:
    """exp(-beta d) of a code that reproduces both data."""
    return sp.Integer(1)


def worse_at_every_slope(third: Callable[[Any], Any] = far) -> list[Equation | Sign]:
    """Two bits reproduced by two codes of prior 1/2, and by the same with a third code
    at distance 1 from both: with any prior of full support and equal masses p on the two
    Z is smaller at every slope, so that F and with it the rate at every D are larger."""
    u, v = sp.symbols("u v", positive=True)
    a = 1 / (1 + u)  # exp(-beta), below 1
    p = 1 / (2 * (1 + v))  # below one half
    small = (1 + a) / 2
    large = p * (1 + a) + (1 - 2 * p) * third(a)
    return [
        Equation("Z of two codes less Z of three", small - large, v / (1 + v) * u / (2 * (1 + u))),
        Sign("the larger code has the smaller Z", sp.cancel(2 * (1 + u) * (1 + v) * (small - large)), "> 0"),
    ]
