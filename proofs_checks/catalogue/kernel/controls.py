"""Controls on trial: what they have to refute, in every case, and with how much
room."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress
from typing import Any

import sympy as sp

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import Outcome, outcome_of, select_specimens, trial
from proofs_checks.kernel import Control, Enumeration, Equation, Status, Verdict

__all__ = ["controls", "exact"]

ASKED = {"exact": 1, "certified": 1, "numeric": 10, "statistical": 2}  # bounds, by which a falsehood has to be seen
STATUSES = ("REFUTED", "ERRORED", "UNDECIDED", "INAPPLICABLE", "HOLDS")
x = sp.Symbol("x", real=True)


def of_status(status: str, margin: float | None = None) -> Verdict:
    """A verdict with that status."""
    return Verdict(Status(status), "numeric", f"says {status}" if status != "HOLDS" else "", margin=margin)


def of_controls(control: Callable[..., Verdict] = kernel.control_verdict) -> Enumeration:
    """A control does its work where all its cases are refuted, by the margin that its
    route asks for."""
    margins = (None, 0.9, 1.5, 3.0, 11.0)

    def room(route: str, shares: tuple[float | None, ...]) -> float:
        return min((share for share in shares if share is not None), default=math.inf) / ASKED[route]

    def expected(route: str, last: str, *shares: float | None) -> Outcome:
        if last == "none":
            return Outcome("UNDECIDED", "has no case")
        if last != "REFUTED":
            return Outcome("ERRORED", "says ERRORED") if last == "ERRORED" else Outcome("UNDECIDED", f"came out {last}")
        return Outcome("HOLDS") if room(route, shares) >= 1 else Outcome("UNDECIDED", "Refuted only barely")

    def verdicts(last: str, shares: tuple[float | None, ...]) -> list[Verdict]:
        statuses = () if last == "none" else ("REFUTED", last)
        return [of_status(status, share) for status, share in zip(statuses, shares, strict=False)]

    return trial(
        "controls", "controls of two cases on four routes, with every status and five margins", [ASKED, ("none", *STATUSES), margins, margins],
        outcome=lambda route, last, *shares: outcome_of(lambda: control(verdicts(last, shares), route=route)), expected=expected,
        sound=lambda route, last, *shares: last == "REFUTED" and not any(share is not None and share < ASKED[route] for share in shares),
    )  # fmt: skip


NAMES = ("base", "step", "steps of another kind")


def obligations(wrong: Sequence[bool]) -> list[Equation]:
    """Three equations, some of them wrong."""
    return [Equation(name, (x + 1) ** 2 + int(bad), x**2 + 2 * x + 1) for name, bad in zip(NAMES, wrong, strict=True)]


def named_obligations(judge: Callable[..., Verdict] = kernel.judge) -> Enumeration:
    """Of a control the obligations that it names are judged, by the beginning of their
    names, and no other."""
    asked = ("base", "step", "steps", "missing", None)

    def failing(fails: str | None, wrong: Sequence[bool]) -> list[bool]:
        return [bad for name, bad in zip(NAMES, wrong, strict=True) if fails is None or name.startswith(fails)]

    def expected(fails: str | None, *wrong: bool) -> Outcome:
        if not (among := failing(fails, wrong)):
            return Outcome("UNDECIDED", "no obligation named 'missing'")
        return Outcome("REFUTED", "excludes zero") if any(among) else Outcome("HOLDS", "every real x")

    def sound(fails: str | None, *wrong: bool) -> bool:
        polynomials = [(x + 1) ** 2 - x**2 - 2 * x - 1 + int(bad) for bad in wrong]
        chosen_ones = list(compress(polynomials, [fails is None or name.startswith(fails) for name in NAMES]))
        return bool(chosen_ones) and not any(polynomial.subs(x, 7) for polynomial in chosen_ones)

    return trial(
        "named obligations", "three equations, right or wrong, of which one or two are asked for", [asked, *([(False, True)] * 3)],
        outcome=lambda fails, *wrong: outcome_of(lambda: judge(obligations(wrong), route="exact", fails=fails)), expected=expected, sound=sound,
    )  # fmt: skip


PARTS: dict[str, Callable[..., Enumeration]] = {"controls": of_controls, "named obligations": named_obligations}


def exact(*, only: Sequence[str] = (), **faulty: Any) -> list[Enumeration]:
    """Every combination."""
    return [part(**faulty) for part in select_specimens(PARTS, only).values()]


def satisfied_by_one(verdicts: Sequence[Verdict], *, route: str) -> Verdict:
    """A faulty kernel, to which one refuted case of a control suffices."""
    first = kernel.control_verdict(verdicts[:1], route=route)
    return first if first.holds else kernel.control_verdict(verdicts, route=route)


def satisfied_barely(verdicts: Sequence[Verdict], *, route: str) -> Verdict:
    """A faulty kernel, to which any margin suffices."""
    return kernel.control_verdict([replace(verdict, margin=None) for verdict in verdicts], route=route)


def anywhere(evidence: Any, *, fails: str | None, **settings: Any) -> Verdict:
    """A faulty kernel, for which a control may be refuted wherever it likes: what is
    not refuted where it is named holds."""
    named_, whole = kernel.judge(evidence, fails=fails, **settings), kernel.judge(evidence, **settings)
    return named_ if whole.holds else replace(named_, status=kernel.Status.HOLDS)


controls = {
    "one-case-suffices": Control(exact, fails="controls", only=["controls"], control=satisfied_by_one),
    "barely-suffices": Control(exact, fails="controls", only=["controls"], control=satisfied_barely),
    "refuted-elsewhere": Control(exact, fails="named obligations", only=["named obligations"], judge=anywhere),
}
