"""From checks to a route, from cases to a control, from routes and controls to a
claim."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from proofs_checks.kernel.verdicts import SEVERITY, Scope, Status, Verdict, largest, number_text, union

REQUIRED_MARGIN = {"exact": 1.0, "certified": 1.0, "numeric": 10.0, "statistical": 2.0}  # of a control


def combine(
    verdicts: Sequence[Verdict], *, route: str, covers: dict[str, tuple[float, float]] | None = None
) -> Verdict:
    """A route's verdict from its checks'. No case exercised, or a declared cover not
    reached, is UNDECIDED."""
    exercised = [verdict for verdict in verdicts if verdict.status is not Status.INAPPLICABLE]
    if not exercised:
        reason = verdicts[0].why if verdicts else "No case was exercised."
        return Verdict(Status.INAPPLICABLE if verdicts else Status.UNDECIDED, route, reason)
    status = next(status for status in SEVERITY if any(verdict.status is status for verdict in exercised))
    decisive = [verdict for verdict in exercised if verdict.status is status]
    worst = max(decisive, key=lambda verdict: verdict.margin or 0.0)
    scope = Scope()
    for verdict in exercised:
        if verdict.holds or verdict is worst:
            scope = scope.join(verdict.scope)
    skipped = len(verdicts) - len(exercised)
    notes = union(
        *(verdict.notes for verdict in exercised),
        (f"{skipped} cases met no assumption and were not counted",) if skipped else (),
    )
    whole = replace(
        worst, route=route, scope=scope, notes=notes, derivations=union(*(verdict.derivations for verdict in exercised)),
        decided=sum(verdict.decided for verdict in exercised), constructed=sum(verdict.constructed for verdict in exercised),
        detects=largest(verdict.detects for verdict in exercised), detects_deep=largest(verdict.detects_deep for verdict in exercised),
    )  # fmt: skip
    for name, (low, high) in (covers or {}).items():
        seen = scope.ranges.get(name)
        if whole.holds and (seen is None or seen[0] > low or seen[1] < high):
            got = f"{number_text(seen[0])}..{number_text(seen[1])}" if seen else "nothing"
            return replace(
                whole,
                status=Status.UNDECIDED,
                why=f"The claim declares {name} = {number_text(low)}..{number_text(high)}; the cases run reach {got}.",
            )
    return whole


def control_verdict(verdicts: Sequence[Verdict], *, route: str) -> Verdict:
    """A control's: HOLDS (the control did its work) when every declared case was
    REFUTED with room to spare.

    The margin is the least over the cases: how many bounds beyond the bound the
    falsehood was seen.
    """
    if not verdicts:
        return Verdict(Status.UNDECIDED, route, "The control has no case, so nothing was refuted.")
    for verdict in verdicts:
        if verdict.status is Status.ERRORED:
            return replace(verdict, route=route)
        if verdict.status is not Status.REFUTED:
            return replace(
                verdict,
                route=route,
                status=Status.UNDECIDED,
                why=f"The falsehood came out {verdict.status}, not REFUTED: the check has no teeth here. {verdict.why}",
            )
    least = min(verdicts, key=lambda verdict: math.inf if verdict.margin is None else verdict.margin)
    if least.margin is not None and least.margin < REQUIRED_MARGIN[route]:
        why = f"Refuted only barely: {least.margin:.2g} bounds, where {REQUIRED_MARGIN[route]:g} are asked for."
        return replace(least, route=route, status=Status.UNDECIDED, why=why)
    return replace(least, route=route, status=Status.HOLDS)


def aggregate(
    routes: dict[str, Verdict],
    controls: Iterable[tuple[str, Verdict]],
    *,
    declared: Sequence[str],
    requires: dict[str, Status] | None = None,
) -> tuple[Status, str, tuple[str, ...]]:
    """A claim's status, the reason, and the ids it is conditional on.

    REFUTED if any route is; HOLDS only if every declared route holds and every control
    was refuted; conditional ("HOLDS given ids") while a claim that it rests on does not
    hold.
    """
    refuted = [name for name, verdict in routes.items() if verdict.status is Status.REFUTED]
    if refuted:
        held = [name for name, verdict in routes.items() if verdict.holds]
        conflict = f" CONFLICT: {', '.join(held)} holds; one of the routes is wrong." if held else ""
        return Status.REFUTED, f"{', '.join(refuted)}: {routes[refuted[0]].why}{conflict}", ()
    weak = [(name, routes.get(name, Verdict(Status.UNDECIDED, name, "The route was not run."))) for name in declared]
    weak += [(f"control {name}", verdict) for name, verdict in controls]
    for status in (Status.ERRORED, Status.UNDECIDED, Status.INAPPLICABLE):
        found = [(name, verdict) for name, verdict in weak if verdict.status is status]
        if found:
            return status, "; ".join(f"{name}: {verdict.why}" for name, verdict in found), ()
    if not declared:
        return Status.UNDECIDED, "No route is declared.", ()
    given = tuple(sorted(claim for claim, status in (requires or {}).items() if status is not Status.HOLDS))
    return Status.HOLDS, f"given {', '.join(given)}" if given else "", given


def error_verdict(route: str, why: str) -> Verdict:
    """The runner's, for a check that raised; the traceback goes into the record."""
    return Verdict(Status.ERRORED, route, why)
