"""What counts as evidence, on trial: numbers that are none, weaker routes, and the
obligation that a control names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import sympy as sp
from torch import float16, tensor

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import HOLDS, Outcome, outcome_of, overlooking, select_specimens, trial
from proofs_checks.kernel import Bound, Control, Enumeration, Equation, Test, Verdict, enclosed, measured, tested

__all__ = ["controls", "exact"]

x = sp.Symbol("x", real=True)
TRUE, FALSE = (Equation("square", (x + 1) ** 2 + more, x**2 + 2 * x + 1) for more in (0, 1))


def below_zero() -> Any:
    from flint import arb  # not at the top: what measures lacks it

    return arb(-1)


GIVEN = Bound({"rounding": 1e-9}, "given")
REFUSED: dict[str, tuple[str, Callable[[], Any]]] = {
    "negative residual": ("nonnegative", lambda: measured(-1.0, GIVEN, points=1, resolves=1)),
    "complex residual": ("real numbers", lambda: measured(tensor([1j]), GIVEN, points=1, resolves=1)),
    "bound of another shape": ("which belongs to which", lambda: measured(tensor([0.0]), Bound({"a": tensor([1.0, 2.0])}, "given"), points=1, resolves=9)),
    "number for a bound": ("Expected a Bound", lambda: measured(0.0, 1e-9, points=1, resolves=1)),  # type: ignore[arg-type]
    "bound without derivation": ("derivation", lambda: measured(0.0, Bound({"a": 1.0}, " "), points=1, resolves=1)),
    "anything resolves": ("finite positive number", lambda: measured(0.0, GIVEN, points=1, resolves=math.inf)),
    "nothing resolves": ("finite positive number", lambda: measured(0.0, GIVEN, points=1, resolves=math.nan)),
    "unknown relation": ("Expected the relation", lambda: enclosed(below_zero(), relation=">= 0")),  # type: ignore[arg-type]
    "a yes for a residual": ("float32 or float64", lambda: measured(True, GIVEN, points=1, resolves=1)),
    "half precision": ("float32 or float64", lambda: measured(tensor([1e-9], dtype=float16), GIVEN, points=1, resolves=1)),
    "number for a slack": ("as slack", lambda: tested(0.0, Test.dkw(100), resolves=1, slack=math.inf)),  # type: ignore[arg-type]
    "negative distance": ("nonnegative distance", lambda: tested(-1.0, Test.dkw(100), resolves=1)),
    "part of a count": ("a count of 0 to 100", lambda: tested(50.5, Test.clopper_pearson(100, 0.5), resolves=1)),
    "bare number": ("Return evidence", lambda: 0.0),
    "bare yes": ("Return evidence", lambda: True),
    "verdict": ("Return evidence", lambda: Verdict(kernel.Status.HOLDS, "numeric")),
}  # fmt: skip


def refusals(judge: Callable[..., Verdict]) -> Enumeration:
    """What is no evidence; and a measurement on a route that is declared exact."""

    def outcome(name: str, route: str) -> Outcome:
        return outcome_of(lambda: judge(REFUSED[name][1](), route=route))

    def expected(name: str, route: str) -> Outcome:
        return Outcome("refused", REFUSED[name][0])

    parts = [REFUSED, ("numeric", "statistical")]
    return trial(
        "refusals",
        f"{len(REFUSED)} pieces of no evidence, on two routes",
        parts,
        outcome=outcome,
        expected=expected,
        sound=lambda *_: False,
    )


def weaker(judge: Callable[..., Verdict]) -> Enumeration:
    """A weaker route never prints a stronger word."""
    order = ("exact", "certified", "numeric", "statistical")
    found = measured(0.0, GIVEN, points=1, resolves=1)

    def expected(route: str) -> Outcome:
        return (
            HOLDS
            if order.index(route) >= order.index("numeric")
            else Outcome("refused", "never prints a stronger word")
        )

    return trial(
        "words of routes", "routes, each with a measurement", [order],
        outcome=lambda route: outcome_of(lambda: judge(found, route=route)), expected=expected, sound=lambda route: route in ("numeric", "statistical"),
    )  # fmt: skip


ENDINGS: dict[str, tuple[Outcome, Callable[[], Any]]] = {
    "nothing": (Outcome("UNDECIDED", "returned no evidence"), list),
    "nothing, nested": (Outcome("UNDECIDED", "returned no evidence"), lambda: [[], ()]),
    "a doubt": (Outcome("UNDECIDED", "too coarse"), lambda: [TRUE, kernel.undecided("too coarse")]),
    "a missed assumption": (Outcome("INAPPLICABLE", "misses an assumption: p > 0"), lambda: [TRUE, kernel.inapplicable("p > 0")]),
    "a doubt and a missed assumption": (Outcome("UNDECIDED", "too coarse"), lambda: [kernel.inapplicable("p > 0"), kernel.undecided("too coarse")]),
    "a falsehood after a doubt": (Outcome("REFUTED", "excludes zero"), lambda: [kernel.undecided("too coarse"), [TRUE, FALSE]]),
    "no point": (Outcome("UNDECIDED", "No point was measured"), lambda: measured(tensor([]), GIVEN, points=0, resolves=1)),
    "too few samples": (Outcome("UNDECIDED", "too few samples"), lambda: tested(0.0, Test.hoeffding(100, 1.0), resolves=0.05)),
    "an estimated slack": (
        Outcome("UNDECIDED", "part of which is an estimate"),
        lambda: tested(0.5, Test.hoeffding(10**6, 1.0), slack=replace(GIVEN, terms={"rounding": 0.1}, estimated=["rounding"]), resolves=1),
    ),
}  # fmt: skip


def endings(judge: Callable[..., Verdict]) -> Enumeration:
    """Evidence that carries nothing; of several pieces the worst decides."""
    return trial(
        "endings", f"{len(ENDINGS)} pieces of evidence that carry nothing", [ENDINGS],
        outcome=lambda name: outcome_of(lambda: judge(ENDINGS[name][1](), route="statistical")),
        expected=lambda name: ENDINGS[name][0], sound=lambda name: False,
    )  # fmt: skip


PARTS = {"refusals": refusals, "words of routes": weaker, "endings": endings}


def exact(*, judge: Callable[..., Verdict] = kernel.judge, only: Sequence[str] = ()) -> list[Enumeration]:
    """Everything that may or may not be handed to the kernel."""
    return [part(judge) for part in select_specimens(PARTS, only).values()]


def taking_any_word(evidence: Any, *, route: str, **settings: Any) -> Verdict:
    """A faulty kernel, on which a measurement is printed as a proof."""
    return replace(kernel.judge(evidence, route="statistical", **settings), route=route)


controls = {
    "stronger-words": Control(exact, fails="words of routes", judge=taking_any_word, only=["words of routes"]),
    "nothing-suffices": Control(exact, fails="endings", judge=overlooking("no evidence"), only=["endings"]),
    "few-samples-suffice": Control(exact, fails="endings", judge=overlooking("too few samples"), only=["endings"]),
}
