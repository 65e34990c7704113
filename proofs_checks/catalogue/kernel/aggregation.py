"""From cases to routes, controls and claims, on trial: every combination of statuses,
and scopes beside what is declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import Outcome, outcome_of, select_specimens, trial
from proofs_checks.kernel import Control, Enumeration, Scope, Status, Verdict

__all__ = ["controls", "exact"]

WORST_FIRST = ("REFUTED", "ERRORED", "UNDECIDED", "INAPPLICABLE", "HOLDS")


def of_status(status: str, margin: float | None = None, **scope: Any) -> Verdict:
    """A verdict with that status."""
    return Verdict(
        Status(status), "numeric", f"says {status}" if status != "HOLDS" else "", Scope(**scope), margin=margin
    )


def of_routes(combine: Callable[..., Verdict] = kernel.combine) -> Enumeration:
    """The worst case decides; cases that miss an assumption are passed over, unless all
    do; no case at all is no answer."""
    any_status = ("none", *WORST_FIRST)

    def counted(statuses: tuple[str, ...]) -> list[str]:
        return [status for status in statuses if status not in ("none", "INAPPLICABLE")]

    def expected(*statuses: str) -> Outcome:
        if not (cases := counted(statuses)):
            missed = "INAPPLICABLE" in statuses
            return Outcome("INAPPLICABLE", "says INAPPLICABLE") if missed else Outcome("UNDECIDED", "No case")
        worst = min(cases, key=WORST_FIRST.index)
        return Outcome(worst, f"says {worst} of {cases.count('HOLDS') + (worst != 'HOLDS')} points")

    def outcome(*statuses: str) -> Outcome:
        verdict = combine([of_status(s, points=1) for s in statuses if s != "none"], route="numeric")
        return Outcome(str(verdict.status), f"{verdict.why or 'says HOLDS'} of {verdict.scope.points} points")

    return trial(
        "routes", "routes of up to three cases, with every status", [any_status] * 3, outcome=outcome, expected=expected,
        sound=lambda *statuses: bool(counted(statuses)) and {*counted(statuses)} == {"HOLDS"},
    )  # fmt: skip


def of_covers(combine: Callable[..., Verdict] = kernel.combine) -> Enumeration:
    """A range that is declared has to be reached at both ends by the cases that
    hold."""
    ends = (1, 8, 64)

    def outcome(declared: tuple[int, int], first: int, second: int) -> Outcome:
        cases = [of_status("HOLDS", ranges={"D": (d, d)}) for d in (first, second)]
        cases.append(of_status("INAPPLICABLE", ranges={"D": (1, 64)}))
        return outcome_of(lambda: combine(cases, route="numeric", covers={"D": declared}))

    def expected(declared: tuple[int, int], first: int, second: int) -> Outcome:
        low, high = sorted((first, second))
        if low <= declared[0] and high >= declared[1]:
            return Outcome("HOLDS", f"D = {low}" + (f"..{high}" if high > low else ""))
        return Outcome("UNDECIDED", "the cases run reach")

    pairs = [pair for pair in product(ends, ends) if pair[0] <= pair[1]]
    return trial(
        "covers", "ranges declared and reached, between 1, 8 and 64", [pairs, ends, ends], outcome=outcome, expected=expected,
        sound=lambda declared, *reached: min(reached) <= declared[0] and declared[1] <= max(reached),
    )  # fmt: skip


def of_claims(aggregate: Callable[..., Any] = kernel.aggregate) -> Enumeration:
    """A claim holds where every declared route holds and every control was refuted; it
    is refuted where any route is."""
    any_status = ("none", *WORST_FIRST)

    def outcome(first: str, second: str, control: str, required: str) -> Outcome:
        routes = {name: of_status(s) for name, s in (("exact", first), ("numeric", second)) if s != "none"}
        status, why, given = aggregate(
            routes, [("c", of_status(control))], declared=["exact", "numeric"], requires={"a.b": Status(required)}
        )
        return Outcome(str(status), f"given {given[0]}" if given else why)

    def expected(first: str, second: str, control: str, required: str) -> Outcome:
        parts = [s if s != "none" else "UNDECIDED" for s in (first, second)]
        if "REFUTED" in parts:
            return Outcome("REFUTED", "CONFLICT" if "HOLDS" in (first, second) else "says REFUTED")
        worst = min([*parts, control if control != "REFUTED" else "HOLDS"], key=WORST_FIRST.index)
        if worst == "HOLDS":
            return Outcome("HOLDS", "" if required == "HOLDS" else "given a.b")
        return Outcome(worst)

    others = [status for status in WORST_FIRST if status != "REFUTED"]  # a control's own verdict is never that
    return trial(
        "claims", "claims of two routes and a control, on condition of another", [any_status, any_status, others, ("HOLDS", "UNDECIDED")],
        outcome=outcome, expected=expected, sound=lambda first, second, control, _: first == second == control == "HOLDS",
    )  # fmt: skip


PARTS: dict[str, Callable[..., Enumeration]] = {"routes": of_routes, "covers": of_covers, "claims": of_claims}


def exact(*, only: Sequence[str] = (), **faulty: Any) -> list[Enumeration]:
    """Every combination."""
    return [part(**faulty) for part in select_specimens(PARTS, only).values()]


def without_covers(verdicts: Sequence[Verdict], *, route: str, covers: Any = None) -> Verdict:
    """A faulty kernel, which prints a declared range without looking."""
    return kernel.combine(verdicts, route=route)


def without_controls(routes: Any, controls: Any, **settings: Any) -> Any:
    """A faulty kernel, to which controls do not matter."""
    bare = kernel.aggregate(routes, [], **settings)
    return bare if bare[0] is Status.HOLDS else kernel.aggregate(routes, controls, **settings)


def by_the_best(verdicts: Sequence[Verdict], *, route: str) -> Verdict:
    """A faulty kernel, in which one case that holds outweighs the others."""
    return kernel.combine([verdict for verdict in verdicts if verdict.holds] or verdicts, route=route)


controls = {
    "covers-believed": Control(exact, fails="covers", only=["covers"], combine=without_covers),
    "best-case-decides": Control(exact, fails="routes", only=["routes"], combine=by_the_best),
    "controls-ignored": Control(exact, fails="claims", only=["claims"], aggregate=without_controls),
}
