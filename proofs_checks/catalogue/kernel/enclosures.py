"""Enclosures on trial: balls around zero and beside it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import Outcome, outcome_of, overlooking, trial
from proofs_checks.kernel import Control, Enumeration, Verdict, enclosed

__all__ = ["controls", "exact"]

MIDDLES, RADII = (-1, 0, 1), (Fraction(0), Fraction(1, 2**250), Fraction(1, 2**190), Fraction(1, 2), Fraction(3))
RELATIONS = ("== 0", "> 0", "< 0")
NUMBERS = {"int": 0, "float": 1e-300, "fraction": Fraction(1, 3), "complex": 1 + 0j}


def exact(*, judge: Callable[..., Verdict] = kernel.judge) -> list[Enumeration]:
    """What an enclosure proves, disproves or leaves open; numbers, which enclose
    nothing."""

    def outcome(middle: int, radius: Fraction, relation: Any) -> Outcome:
        from flint import arb

        ball = arb(middle, arb(radius.numerator) / radius.denominator)
        return outcome_of(lambda: judge(enclosed(ball, relation=relation), route="certified"))

    def expected(middle: int, radius: Fraction, relation: str) -> Outcome:
        low, high = middle - radius, middle + radius
        proves = {"== 0": low <= 0 <= high and radius < Fraction(1, 2**200), "> 0": low > 0, "< 0": high < 0}
        disproves = {"== 0": low > 0 or high < 0, "> 0": high < 0, "< 0": low > 0}
        if middle == radius == 0 and relation != "== 0":
            return Outcome("UNDECIDED", "too wide")  # it is zero, and an enclosure is not asked for that
        status = "HOLDS" if proves[relation] else "REFUTED" if disproves[relation] else "UNDECIDED"
        return Outcome(status, {"HOLDS": "one instance", "REFUTED": "contradicts", "UNDECIDED": "too wide"}[status])

    def sound(middle: int, radius: Fraction, relation: str) -> bool:
        edges = (middle - radius, middle, middle + radius)
        return {
            "== 0": all(abs(edge) < Fraction(1, 2**199) for edge in edges),
            "> 0": min(edges) > 0,
            "< 0": max(edges) < 0,
        }[relation]

    description = f"balls of {len(MIDDLES)} midpoints and {len(RADII)} radii, for {len(RELATIONS)} relations"
    return [
        trial("balls", description, [MIDDLES, RADII, RELATIONS], outcome=outcome, expected=expected, sound=sound),
        trial(
            "numbers", f"numbers of {len(NUMBERS)} types in place of balls, for {len(RELATIONS)} relations", [NUMBERS, RELATIONS],
            outcome=lambda name, relation: outcome_of(lambda: judge(enclosed(NUMBERS[name], relation=relation), route="certified")),
            expected=lambda name, relation: Outcome("refused", "a number encloses nothing"),
            sound=lambda name, relation: False,
        ),
    ]  # fmt: skip


def rounding_nothing(evidence: Any, **settings: Any) -> Verdict:
    """A faulty kernel, which takes a number for a proof of what is said of it."""
    from flint import arb

    return kernel.judge(evidence if isinstance(evidence.ball, arb) else enclosed(arb(0)), **settings)


controls = {
    "numbers-are-balls": Control(exact, fails="numbers", judge=rounding_nothing),
    "wide-balls-decide": Control(exact, fails="balls", judge=overlooking("too wide")),
}
