"""The error budget on trial: levels of checks, and their split among tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from itertools import product
from typing import Any

import mpmath

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import select_specimens
from proofs_checks.kernel import Control, Enumeration, Equation, Family, Test, Verdict, tested

__all__ = ["controls", "exact"]

RUN = "1e-9"  # the false-alarm probability of a whole run
SHARES = ((128, kernel.BUILT_IN_WEIGHT), (65536, kernel.THIRD_PARTY_WEIGHT))  # how many routes share half of it
ROUNDING = 2.0**-48  # four roundings and more, relatively
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097")


def levels(level: Callable[..., float] = kernel.level) -> Enumeration:
    """Check k of a route gets 6/(pi k)^2 of the route's share; the shares of all routes
    fill half the budget twice."""

    def by_decimals(member: tuple[int, tuple[int, float]]) -> bool:
        k, (routes, weight) = member
        with localcontext(prec=50):
            formula = Decimal(RUN) / 2 / routes * 6 / (PI * k) ** 2
            return abs(Decimal(level(k, weight)) - formula) <= formula * Decimal(ROUNDING)

    def by_intervals(member: tuple[int, tuple[int, float]]) -> bool:
        k, (routes, weight) = member
        at = mpmath.iv
        at.prec = 200
        whole = (
            at.mpf(level(k, weight)) * at.mpf([1 - ROUNDING, 1 + ROUNDING]) * at.mpf(k) ** 2 * routes * 2 * at.pi**2 / 6
        )
        return at.mpf(RUN) in whole

    ks = (*range(1, 20), 10**3, 10**6)
    return Enumeration(
        "levels",
        Family("numbers of checks, built in or not", lambda: product(ks, SHARES), 21 * 2),
        by_decimals,
        by_intervals,
    )


def splits(judge: Callable[..., Verdict] = kernel.judge) -> Enumeration:
    """Several tests in one check share its level, those too that a control does not
    name."""

    def radius(count: int, fails: str | None, alpha: float) -> float:
        items: list[Any] = [tested(1e-6, Test.dkw(10**6), resolves=1, name=f"test {i}") for i in range(count)]
        return float(judge([Equation("e", 1, 1), items], route="statistical", alpha=alpha, fails=fails).bound or 0)

    def by_decimals(member: tuple[int, str | None, float]) -> bool:
        count, fails, alpha = member
        with localcontext(prec=50):
            formula = ((2 * count / Decimal(alpha)).ln() / (2 * 10**6)).sqrt()
            return abs(Decimal(radius(count, fails, alpha)) - formula) <= formula * Decimal(ROUNDING)

    def by_intervals(member: tuple[int, str | None, float]) -> bool:
        count, fails, alpha = member
        at = mpmath.iv
        at.prec = 200
        around = at.mpf(radius(count, fails, alpha)) * at.mpf([1 - ROUNDING, 1 + ROUNDING])
        return at.mpf(alpha) in 2 * count * at.exp(-2 * 10**6 * around**2)

    members = lambda: product((1, 2, 5), (None, "test 0"), (1e-3, 1e-12))  # noqa: E731
    return Enumeration("splits", Family("numbers of tests in a check", members, 3 * 2 * 2), by_decimals, by_intervals)


PARTS: dict[str, Callable[..., Enumeration]] = {"levels": levels, "splits": splits}


def exact(*, only: Sequence[str] = (), **faulty: Any) -> list[Enumeration]:
    """Levels and splits."""
    return [part(**faulty) for part in select_specimens(PARTS, only).values()]


def unsplit(evidence: Any, *, alpha: float, **settings: Any) -> Verdict:
    """A faulty kernel, in which each of five tests has the level of all."""
    return kernel.judge(evidence, alpha=5 * alpha, **settings)


controls = {
    "level-for-every-check": Control(
        exact, fails="levels", only=["levels"], level=lambda k, weight: kernel.level(1, weight)
    ),
    "level-for-every-test": Control(exact, fails="splits", only=["splits"], judge=unsplit),
}
