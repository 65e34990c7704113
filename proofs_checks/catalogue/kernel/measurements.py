"""Measurements on trial: residuals around their bounds, and statistics around their
radii."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

from torch import Tensor, tensor

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import Outcome, outcome_of, overlooking, select_specimens, trial
from proofs_checks.kernel import Bound, Control, Enumeration, Family, Test, Verdict, measured, tested

__all__ = ["controls", "exact"]

SHARES = (0.0, 0.5, 1.5, 9.0, 11.0, math.nan, math.inf)  # of its bound, that a residual amounts to
SIZES = (1e-9, 1e-5, 1e-3, 0.1, math.inf)  # of the bound
RESOLVES = 1e-4


def rows(share: float, size: float, place: int) -> tuple[Tensor, Tensor]:
    """Three residuals and their bounds; the one that amounts to that share of its bound
    is neither the largest nor has the widest."""
    bounds, residuals = [size, size, size], [0.0, 0.0, 0.0]
    bounds[place], residuals[place] = size / 100, share * size / 100 if math.isfinite(size) else 0.0
    residuals[(place + 1) % 3] = 0.3 * size if math.isfinite(size) else 0.0
    return tensor(residuals).double(), tensor(bounds).double()


def decisions(judge: Callable[..., Verdict], sizes: Sequence[float] = SIZES) -> Enumeration:
    """Residual against bound, and bound against what the check resolves."""

    def outcome(share: float, size: float, place: int, estimated: bool) -> Outcome:
        residual, bound = rows(share, size, place)
        of = Bound({"rounding": bound}, "given", estimated=["rounding"] if estimated else [])
        return outcome_of(lambda: judge(measured(residual, of, points=3, resolves=RESOLVES), route="numeric"))

    def expected(share: float, size: float, place: int, estimated: bool) -> Outcome:
        if not math.isfinite(size) or not math.isfinite(share):
            return Outcome("UNDECIDED", "are not finite")
        if share > (10 if estimated else 1):
            return Outcome("REFUTED", f"is {share:.3g} times its bound")
        if share > 1:
            return Outcome("UNDECIDED", "times a bound that is an estimate")
        if size > RESOLVES:
            return Outcome("UNDECIDED", "tells the claim from its neighbours")
        return Outcome("HOLDS", "3 points" + ("; error estimated, not bounded: rounding" if estimated else ""))

    def sound(share: float, size: float, place: int, _: bool) -> bool:
        pairs = zip(*(part.tolist() for part in rows(share, size, place)), strict=True)
        return all(residual <= bound <= RESOLVES for residual, bound in pairs)

    description = f"residuals: {len(SHARES)} shares of {len(sizes)} bounds at 3 points, bounded or estimated"
    parts = [SHARES, sizes, range(3), (False, True)]
    return trial("residuals", description, parts, outcome=outcome, expected=expected, sound=sound)


def statistics(judge: Callable[..., Verdict]) -> Enumeration:
    """A statistic against its radius and the slack of its computation, and both against
    what the check resolves."""
    alpha, test = 1e-6, Test.hoeffding(10**4, 1.0)
    allowance = kernel.radius(test, alpha)

    def outcome(share: float, slack: float, estimated: bool, resolves: float) -> Outcome:
        of = Bound({"rounding": slack}, "given", estimated=["rounding"] if estimated else [])
        evidence = tested(share * (allowance + slack), test, slack=of, resolves=resolves)
        return outcome_of(lambda: judge(evidence, route="statistical", alpha=alpha))

    def expected(share: float, slack: float, estimated: bool, resolves: float) -> Outcome:
        if share > 1:
            open_ = estimated and share * (allowance + slack) < allowance + 10 * slack
            return (
                Outcome("UNDECIDED", "part of which is an estimate")
                if open_
                else Outcome("REFUTED", "times its radius")
            )
        if allowance + slack > resolves:
            return Outcome("UNDECIDED", "too few samples")
        return Outcome("HOLDS", "10000 points" + ("; error estimated, not bounded: rounding" if estimated else ""))

    def sound(share: float, slack: float, _: bool, resolves: float) -> bool:
        return share <= 1 and math.sqrt(math.log(2 / alpha) / 20000) + slack <= resolves

    parts = [(0.0, 0.6, 0.99, 1.01, 1.9, 9.0), (0.0, 0.01, 0.1), (False, True), (0.02, 0.05, 0.5)]
    return trial(
        "statistics",
        "shares of a radius, with three slacks and three resolutions",
        parts,
        outcome=outcome,
        expected=expected,
        sound=sound,
    )


def from_one_side(judge: Callable[..., Verdict]) -> Enumeration:
    """The mean of log e-values: whatever lies at or below the radius agrees, -inf too."""
    alpha, test = 1e-6, Test.e_values(100)
    allowance = kernel.radius(test, alpha)

    def outcome(share: float, resolves: float) -> Outcome:
        return outcome_of(
            lambda: judge(tested(share * allowance, test, resolves=resolves), route="statistical", alpha=alpha)
        )

    def expected(share: float, resolves: float) -> Outcome:
        if not share < math.inf:
            return Outcome("UNDECIDED", "is not finite")
        if share > 1:
            return Outcome("REFUTED", "times its radius")
        return Outcome("HOLDS", "100 points") if allowance <= resolves else Outcome("UNDECIDED", "too few samples")

    def sound(share: float, resolves: float) -> bool:
        return share <= 1 and math.log(1e6) / 100 <= resolves

    parts = [(-math.inf, -9.0, -1.0, 0.0, 0.99, 1.01, 9.0, math.inf, math.nan), (0.05, 0.5)]
    description = "shares of a radius from one side, with two resolutions"
    return trial("from one side", description, parts, outcome=outcome, expected=expected, sound=sound)


def reports(judge: Callable[..., Verdict]) -> Enumeration:
    """Of several measurements the one that comes nearest to its bound is reported,
    wherever it stands; one that fails decides."""

    def verdict(shares: tuple[int, ...]) -> Verdict:
        items = [
            measured(k / 8, Bound({"rounding": 1.0}, "given"), points=1, resolves=2, name=f"{k}/8") for k in shares
        ]
        return judge(items, route="numeric")

    def worst_named(shares: tuple[int, ...]) -> bool:
        found = verdict(shares)
        return found.obligation == f"{max(shares)}/8" and found.holds == (max(shares) <= 8)

    def worst_measured(shares: tuple[int, ...]) -> bool:
        found = verdict(shares)
        return (
            found.residual == sorted(shares)[-1] / 8 == found.margin
            and str(found.status) == ("HOLDS", "REFUTED")[9 in shares]
        )

    family = Family("orders of three measurements out of four", lambda: permutations((1, 4, 7, 9), 3), 4 * 3 * 2)
    return Enumeration("reports", family, worst_named, worst_measured)


PARTS = {"residuals": decisions, "statistics": statistics, "from one side": from_one_side, "reports": reports}


def exact(*, judge: Callable[..., Verdict] = kernel.judge, only: Sequence[str] = ()) -> list[Enumeration]:
    """Everything that a measurement can come to."""
    return [part(judge) for part in select_specimens(PARTS, only).values()]


def believing_bounds(evidence: Any, **settings: Any) -> Verdict:
    """A faulty kernel, to which every bound says something."""
    return kernel.judge(replace(evidence, resolves=1e300), **settings)


controls = {
    "any-bound-resolves": Control(exact, fails="residuals", judge=believing_bounds, only=["residuals"]),
    "barely-beyond-is-within": Control(exact, fails="residuals", judge=overlooking("times its bound"), only=["residuals"]),
    "undefined-is-zero": Control(exact, fails="residuals", judge=overlooking("are not finite"), only=["residuals"]),
    "estimates-count-fully": Control(exact, fails="residuals", judge=overlooking("that is an estimate"), only=["residuals"]),
    "first-item-reported": Control(exact, fails="reports", judge=lambda items, **settings: kernel.judge(items[0], **settings), only=["reports"]),
}  # fmt: skip
