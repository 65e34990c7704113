"""Exact distributions of test statistics under what they test, in rational arithmetic:
what a radius has to keep its level by."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, comb, exp, factorial, inf, log
from typing import Any

from scipy import stats

from proofs_checks.kernel import Test

Radius = Callable[..., float]
WIDTH = 3  # of the interval in which Hoeffding's variables lie
HEADS, TAILS = Fraction(3, 2), Fraction(1, 2)  # the e-value of a fair coin: its mean is 1


def binomial_alarm(n: int, p: Fraction, alarms: Callable[[int], bool]) -> Fraction:
    """The probability that a count of n trials with success p is one that alarms."""
    return sum((comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1) if alarms(c)), Fraction(0))


def kolmogorov_tail(n: int, d: Fraction) -> Fraction:
    """P(sup |F_n - F| >= d) for n draws of a continuous distribution, by Durbin's
    matrix (Marsaglia, Tsang & Wang 2003)."""
    if d >= 1:
        return Fraction(0)
    from flint import fmpq, fmpq_mat

    k = ceil(n * d)
    m, h = 2 * k - 1, k - n * d
    rows = [[Fraction(int(i - j + 1 >= 0)) for j in range(m)] for i in range(m)]
    for i in range(m):
        rows[i][0] -= h ** (i + 1)
        rows[m - 1][i] -= h ** (m - i)
    rows[m - 1][0] += max(2 * h - 1, Fraction(0)) ** m
    scaled = [[entry / factorial(max(i - j + 1, 0)) for j, entry in enumerate(row)] for i, row in enumerate(rows)]
    power = fmpq_mat([[fmpq(entry.numerator, entry.denominator) for entry in row] for row in scaled]) ** n
    entry = power[k - 1, k - 1]
    return 1 - Fraction(factorial(n), n**n) * Fraction(int(entry.p), int(entry.q))


def two_sample_tail(n: int, m: int, d: Fraction) -> Fraction:
    """P(sup |F_n - G_m| >= d) for two samples of one continuous distribution, by
    counting lattice paths that stay inside."""
    inside, reach = [0] * (m + 1), ceil(d * n * m)
    for i in range(n + 1):
        for j in range(m + 1):
            if abs(i * m - j * n) >= reach:
                inside[j] = 0
            elif i == j == 0:
                inside[j] = 1
            else:
                inside[j] = (inside[j] if i else 0) + (inside[j - 1] if j else 0)
    return 1 - Fraction(inside[m], comb(n + m, n))


def two_sample_tail_by_reflection(n: int, d: Fraction) -> Fraction:
    """The same for two samples of one size, by the reflection principle (Gnedenko &
    Korolyuk 1951)."""
    k = ceil(n * d)
    if k < 1:
        return Fraction(1)
    terms = ((-1) ** (j + 1) * comb(2 * n, n - j * k) for j in range(1, n // k + 1))
    return Fraction(2 * sum(terms), comb(2 * n, n))


def coin_test(kind: str, n: int, m: int, tests: int = 1) -> Test:
    """The test of that kind; counts and means are of fair coins."""
    made = {
        "dkw": lambda: Test.dkw(n, tests=tests),
        "dkw_two_sample": lambda: Test.dkw_two_sample(n, m, tests=tests),
        "hoeffding": lambda: Test.hoeffding(n, WIDTH, tests=tests),
        "clopper_pearson": lambda: Test.clopper_pearson(n, 0.5, tests=tests),
        "e_values": lambda: Test.e_values(n, tests=tests),
    }
    return made[kind]()


def alarms(test: Test, level: float, radius: Radius, share: Any) -> Callable[[int], bool]:
    """Whether a count of heads is farther from n/2 than a share of the radius lets it
    be."""
    if test.kind == "e_values":
        return product_alarms(test, level, radius, share, (HEADS, TAILS))
    width = WIDTH if test.kind == "hoeffding" else 1
    return lambda count: width * abs(count / test.n - 0.5) > share * radius(test, level, count)


def product_alarms(
    test: Test, level: float, radius: Radius, share: Any, values: tuple[Fraction, Fraction]
) -> Callable[[int], bool]:
    """Whether the mean of log e over n e-values, so many of which take the first value
    and the rest the second, is beyond a share of the radius."""
    high, low = (log(value) if value else -inf for value in values)

    def alarm(count: int) -> bool:
        mean = high if count == test.n else (count * high + (test.n - count) * low) / test.n
        return mean > float(share) * radius(test, level)

    return alarm


def two_point_e_values(test: Test, level: float, radius: Radius, share: Any) -> list[tuple[Fraction, Fraction]]:
    """Values of e-values of mean 1: 0 and the least whose n-th power is beyond a share
    of the radius, where Markov's inequality is attained but for 2^-30, and two milder
    pairs."""
    least = Fraction(exp(float(share) * radius(test, level))) * (1 + Fraction(1, 2**30))
    return [(least, Fraction(0)), (HEADS, TAILS), (Fraction(4), Fraction(1, 2))]


def largest_alarm(test: Test, level: float, radius: Radius, share: Any, tail: Callable[..., Any]) -> Any:
    """The largest probability of an alarm over these e-values."""
    return max(
        tail(test.n, (1 - low) / (high - low), product_alarms(test, level, radius, share, (high, low)))
        for high, low in two_point_e_values(test, level, radius, share)
    )


def of_coins(test: Test, level: float, radius: Radius) -> Fraction:
    """The probability of an alarm where fair coins are thrown, or uniform numbers drawn."""
    if test.kind == "e_values":
        return binomial_alarm(test.n, Fraction(1, 2), alarms(test, level, radius, Fraction(1)))
    return rationally(test, level, radius, Fraction(1))


def rationally(test: Test, level: float, radius: Radius, share: Fraction) -> Fraction:
    """The probability of an alarm where nothing is wrong, by formulas for the very
    n."""
    if test.kind in ("hoeffding", "clopper_pearson"):
        return binomial_alarm(test.n, Fraction(1, 2), alarms(test, level, radius, share))
    if test.kind == "e_values":
        return largest_alarm(test, level, radius, share, binomial_alarm)
    distance = share * Fraction(radius(test, level)).limit_denominator(10**4)
    return two_sample_tail(test.n, test.m, distance) if test.m else kolmogorov_tail(test.n, distance)


def by_other_means(test: Test, level: float, radius: Radius, share: Fraction) -> float:
    """The same by SciPy's distributions; of two samples of one size by reflection."""
    if test.kind in ("hoeffding", "clopper_pearson"):
        counted = alarms(test, level, radius, share)
        return sum(stats.binom.pmf(count, test.n, 0.5) for count in range(test.n + 1) if counted(count))
    if test.kind == "e_values":
        return largest_alarm(
            test, level, radius, share, lambda n, p, alarm: sum(stats.binom.pmf(c, n, float(p)) for c in range(n + 1) if alarm(c))
        )  # fmt: skip
    distance = share * Fraction(radius(test, level)).limit_denominator(10**4)
    return two_sample_tail_by_reflection(test.n, distance) if test.m else stats.kstwo.sf(float(distance), test.n)
