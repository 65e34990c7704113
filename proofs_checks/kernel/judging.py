"""The only maker of verdicts. Evidence goes in; a status, a route, a scope and a margin
come out.

Nothing else in the project may say HOLDS. The kernel computes every radius and every
scope itself, believes no number that comes without a derivation, and says UNDECIDED
when in doubt.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from proofs_checks.kernel.budget import level
from proofs_checks.kernel.enumerations import judge_enumeration
from proofs_checks.kernel.equations import judge_equation, judge_sign
from proofs_checks.kernel.evidence import (
    Case,
    Enclosed,
    Inapplicable,
    Measured,
    Tested,
    Undecided,
    text,
)
from proofs_checks.kernel.inductions import judge_induction
from proofs_checks.kernel.measurements import judge_enclosed, judge_measured, judge_tested
from proofs_checks.kernel.verdicts import SEVERITY, Route, Scope, Status, Verdict, largest, union
from theory.proof.statements import Enumeration, Equation, Induction, Sign

INSTEAD = "equation, sign, enumeration, induction, enclosed, measured, tested, inapplicable, undecided"


def judge(
    evidence: Any, *, route: str, alpha: float = level(1), case: Case | None = None, fails: str | None = None,
    growth: float = 1.0,
) -> Verdict:  # fmt: skip
    """One check's evidence, judged.

    Args:
        evidence: What the check returned: one piece of evidence or (nested) lists of
            it. A bare bool or number is refused with ``TypeError``.
        route: The route that the claim declared; evidence of a weaker kind is refused.
        alpha: The level for all the tests in this evidence together.
        case: The case that was run; its fields enter the scope.
        fails: For a control: the obligations whose names begin so are judged, and no
            other.
        growth: How many times as many samples the deep profile draws; its smallest
            visible departure is stated too.
    """
    items = list(_flat(evidence))
    if not items:
        return Verdict(Status.UNDECIDED, route, "The check returned no evidence.")
    count = max(1, sum(_count_tests(item) for item in items))
    if fails is not None and not (items := _named(items, fails)):
        return Verdict(Status.UNDECIDED, route, f"The check returned no obligation named {fails!r}.")
    verdicts: list[Verdict] = []
    for item in items:
        verdicts.append(verdict := _judge_one(item, alpha / count, growth))
        decided = verdict.status in (Status.HOLDS, Status.REFUTED)
        if decided and Route(verdict.route).rank > Route(route).rank:
            raise TypeError(
                f"The route is declared {route}, but its evidence is {verdict.route}; a weaker route never prints a stronger word."
            )
        if verdict.status is Status.REFUTED:
            break  # nothing that follows could change the verdict
    return _together(verdicts, route, case)


def _together(verdicts: list[Verdict], route: str, case: Case | None) -> Verdict:
    """The worst of several obligations decides; scopes join; what is equal by
    construction carries nothing alone."""
    status = next(status for status in SEVERITY if any(verdict.status is status for verdict in verdicts))
    decisive = [verdict for verdict in verdicts if verdict.status is status]
    worst = max(
        decisive,
        key=lambda verdict: math.inf if verdict.margin is None and status is Status.REFUTED else verdict.margin or 0.0,
    )
    scope = Scope()
    if status is not Status.INAPPLICABLE:
        for verdict in verdicts:
            scope = replace(scope.join(verdict.scope), points=max(scope.points, verdict.scope.points))
        scope = replace(scope, **_scope_of_case(case), cases=1 if case is not None else 0)
    whole = replace(
        worst, route=route, scope=scope, notes=union(*(verdict.notes for verdict in verdicts)),
        derivations=union(*(verdict.derivations for verdict in verdicts)), decided=sum(v.decided for v in verdicts),
        constructed=sum(v.constructed for v in verdicts), detects=largest(v.detects for v in verdicts),
        detects_deep=largest(v.detects_deep for v in verdicts),
    )  # fmt: skip
    if whole.holds and all(verdict.constructed and not verdict.decided for verdict in verdicts):
        why = (
            "Every obligation is equal by construction: the two sides were one expression before anything was decided."
        )
        return replace(whole, status=Status.UNDECIDED, why=why)
    return whole


def _flat(evidence: Any) -> Iterator[Any]:
    if isinstance(evidence, (list, tuple)):
        for item in evidence:
            yield from _flat(item)
    else:
        yield evidence


def _named(items: list[Any], fails: str) -> list[Any]:
    """The obligations of that name; what ended the check early instead counts as
    any."""
    ended = [item for item in items if isinstance(item, (Inapplicable, Undecided))]
    return [item for item in items if getattr(item, "name", "").startswith(fails) and item not in ended] or ended


def _count_tests(item: Any) -> int:
    return int(isinstance(item, Tested))


def _judge_one(item: Any, alpha: float, growth: float) -> Verdict:
    match item:
        case Equation():
            verdict = judge_equation(item)
        case Sign():
            verdict = judge_sign(item)
        case Enumeration():
            verdict = judge_enumeration(item)
        case Induction():
            verdict = judge_induction(item)
        case Enclosed():
            verdict = judge_enclosed(item)
        case Measured():
            verdict = judge_measured(item)
        case Tested():
            verdict = judge_tested(item, alpha, growth)
        case Inapplicable() | Undecided():
            return _ended(item)
        case _:
            raise TypeError(
                f"A check returned {type(item).__name__} ({str(item)[:60]}). Return evidence ({INSTEAD}); the verdict is the kernel's to give."
            )
    text(item.name, f"the name of {type(item).__name__}")
    scope = verdict.scope
    if isinstance(item, Induction) and item.name:  # a quantifier is printed with the name of what earned it
        every, *others = scope.quantifiers
        scope = replace(scope, quantifiers=(f"{item.name}: {every}", *others))
    why = f"{item.name}: {verdict.why}" if item.name and verdict.why else verdict.why
    return replace(verdict, obligation=item.name, scope=scope, why=why)


def _ended(item: Inapplicable | Undecided) -> Verdict:
    """What the check says where it could gather no evidence."""
    if isinstance(item, Inapplicable):
        return Verdict(Status.INAPPLICABLE, Route.EXACT, f"The case misses an assumption: {item.assumption}")
    return Verdict(Status.UNDECIDED, Route.EXACT, item.why)


def _scope_of_case(case: Case | None) -> dict[str, Any]:
    ranges, kinds = {}, {}
    for name, value in (case or {}).items():
        if name in ("seed", "size") or isinstance(value, tuple):
            continue
        if isinstance(value, (bool, str)):
            kinds[name] = (str(value),)
        else:
            ranges[name] = (float(value), float(value))
    return {"ranges": ranges, "kinds": kinds}
