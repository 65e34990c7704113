"""Radii of tests on trial: exact null distributions in rational arithmetic, and alarms
counted over samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
import torch
from scipy import stats

from numerics.statistics.kolmogorov import ks_to_uniform_columns
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.kernel import null_distributions as null
from proofs_checks.catalogue.kernel.null_distributions import WIDTH, Radius, coin_test
from proofs_checks.kernel import Case, Cases, Control, Enumeration, Evidence, Family, Test, tested
from proofs_checks.strategies.kernel import calibration_cases

__all__ = ["cases", "controls", "exact", "statistical"]

KINDS = ("dkw", "dkw_two_sample", "hoeffding", "clopper_pearson", "e_values")
LEVELS = (Fraction(1, 10), Fraction(1, 1000), Fraction(1, 10**6))
HALF = Fraction(1, 2)

cases = {
    "statistical": Cases(calibration_cases, always=[
        Case(kind=kind, n=n, m=30, level=Fraction(1, 20), size=size)
        for kind, n, size in zip(KINDS, (10, 50, 50, 60, 20), (4000, 4000, 4000, 4000, 40_000), strict=True)
    ]),
}  # fmt: skip


def levels(radius: Radius, name: str, sizes: tuple[int, ...], share: Fraction) -> Enumeration:
    """With the whole radius the level is kept, and with half of it no longer."""

    def decided(by: Callable[..., Any]) -> Callable[[Any], bool]:
        def decide(member: tuple[str, int, Fraction, int]) -> bool:
            kind, n, level, tests = member
            alarm = by(coin_test(kind, n, n, tests), float(level), radius, share)
            return bool((alarm <= level / tests) == (share == 1))

        return decide

    description = f"tests of {len(KINDS)} kinds at n = {', '.join(map(str, sizes))} and {len(LEVELS)} levels, alone and as one of four"
    family = Family(
        description, lambda: product(KINDS, sizes, LEVELS, (1, 4)), len(KINDS) * len(sizes) * len(LEVELS) * 2
    )
    return Enumeration(name, family, decided(null.rationally), decided(null.by_other_means))


def right_sides(radius: Radius) -> Enumeration:
    """2 exp(-2 n (r/w)^2) is the level, and half of it for each of two samples: what
    the inequalities by DKW and Hoeffding say; exp(-n r) by Markov's."""
    parts = (("dkw", "dkw_two_sample", "hoeffding", "e_values"), (1, 12, 10**6), LEVELS, (1, 4))

    def by_decimals(member: tuple[str, int, Fraction, int]) -> bool:
        kind, n, level, tests = member
        with localcontext(prec=40):
            share = Decimal(level.numerator) / level.denominator / tests / (2 if kind == "dkw_two_sample" else 1)
            formula = (
                (-(share / 2).ln() / (2 * n)).sqrt()
                * (WIDTH if kind == "hoeffding" else 1)
                * (2 if kind == "dkw_two_sample" else 1)
            )
            if kind == "e_values":
                formula = -share.ln() / n
            found = Decimal(radius(coin_test(kind, n, n, tests), float(level)))
            return abs(found - formula) <= formula / 2**48  # four roundings and the logarithm's

    def by_intervals(member: tuple[str, int, Fraction, int]) -> bool:
        kind, n, level, tests = member
        at = mpmath.iv
        at.prec = 200
        samples = 2 if kind == "dkw_two_sample" else 1
        found = (
            at.mpf(radius(coin_test(kind, n, n, tests), float(level))) / samples / (WIDTH if kind == "hoeffding" else 1)
        )
        around = found * at.mpf([1 - 2.0**-48, 1 + 2.0**-48])
        say = at.exp(-n * around) if kind == "e_values" else 2 * samples * at.exp(-2 * n * around**2)
        return at.mpf(level.numerator) / level.denominator / tests in say

    size = 4 * 3 * len(LEVELS) * 2
    return Enumeration(
        "right sides",
        Family("tests by DKW, Hoeffding and Markov", lambda: product(*parts), size),
        by_decimals,
        by_intervals,
    )


def limits(radius: Radius) -> Enumeration:
    """A Clopper-Pearson limit is the p at which so few (or so many) are seen with half
    the level, to nine digits."""
    parts = ((1, 12, 100), (0, 1, 4), LEVELS)

    def tails(member: tuple[int, int, Fraction], tail: Callable[[int, int, Fraction], Any]) -> bool:
        n, count, level = member
        count = min(count, n - 1)
        limit = count / n + radius(Test.clopper_pearson(n, 1.0), float(level), count)
        mirrored = (n - count) / n - radius(Test.clopper_pearson(n, 0.0), float(level), n - count)
        inside, outside = (
            tail(n, count, Fraction(limit) * (1 + shift)) for shift in (Fraction(-1, 10**9), Fraction(1, 10**9))
        )
        return bool(outside < level / 2 < inside) and abs(1 - limit - mirrored) < limit / 10**9

    def exactly(n: int, count: int, p: Fraction) -> Fraction:
        return null.binomial_alarm(n, p, lambda c: c <= count)

    family = Family("Clopper-Pearson limits", lambda: product(*parts), 3 * 3 * len(LEVELS))
    return Enumeration(
        "limits", family, lambda of: tails(of, exactly), lambda of: tails(of, lambda n, c, p: Fraction(stats.binom.cdf(c, n, float(p))))
    )  # fmt: skip


def exact(*, radius: Radius = kernel.radius, sizes: tuple[int, ...] = (2, 5, 12, 25)) -> list[Enumeration]:
    """Every radius, against the distribution of its statistic and against its
    inequality."""
    large = tuple(n for n in sizes if n >= 12)
    whole, half = levels(radius, "levels", sizes, Fraction(1)), levels(radius, "half the radius", large, HALF)
    return [whole, half, right_sides(radius), limits(radius)]


def statistical(case: Case, stream: Stream, *, radius: Radius = kernel.radius) -> Evidence:
    """Alarms of a test over many samples of what it tests, counted against their exact
    probability."""
    test, level, size = coin_test(case.kind, case.n, case.m), float(case.level), case.size
    if case.kind == "dkw":
        beyond = ks_to_uniform_columns(stream.uniform(case.n, size)) > radius(test, level)
    elif case.kind == "dkw_two_sample":
        first, second = (stream.uniform(size, length).sort(1).values for length in (case.n, case.m))
        both = torch.cat([first, second], 1)
        below = [torch.searchsorted(one, both, right=True) / one.shape[1] for one in (first, second)]
        beyond = (below[0] - below[1]).abs().amax(1) > radius(test, level)
    else:
        counts = (stream.uniform(case.n, size) < 0.5).sum(0).bincount(minlength=case.n + 1).tolist()
        alarm = null.alarms(test, level, radius, 1)
        beyond = torch.tensor([count for heads, count in enumerate(counts) if alarm(heads)])
    expected = float(null.of_coins(test, level, kernel.radius))
    return tested(float(beyond.sum()), Test.clopper_pearson(size, expected), resolves=0.06, name="alarms")


def halve(test: Test, level: float, statistic: float = 0.0) -> float:
    return kernel.radius(test, level, statistic) / 2


def double(test: Test, level: float, statistic: float = 0.0) -> float:
    return 2 * kernel.radius(test, level, statistic)


def without_width(test: Test, level: float, statistic: float = 0.0) -> float:
    return kernel.radius(replace(test, width=1.0), level, statistic)


def alone(test: Test, level: float, statistic: float = 0.0) -> float:
    return kernel.radius(replace(test, tests=1), level, statistic)


controls = {
    "half-the-radius": [
        *(Control(exact, fails=name, radius=halve, sizes=(12,)) for name in ("levels", "limits", "right sides")),
        Control(statistical, fails="alarms", cases=list(cases["statistical"].always), radius=halve),
    ],
    "twice-the-radius": Control(exact, fails="half the radius", radius=double, sizes=(12,)),
    "width-ignored": Control(exact, fails="levels", radius=without_width, sizes=(12,)),
    "four-tests-as-one": Control(exact, fails="levels", radius=alone, sizes=(12,)),
}
