"""A kernel on trial: what it says of statements whose truth is known otherwise. Shared
by the pages of this topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

from proofs_checks import kernel
from proofs_checks.kernel import Enumeration, Family, Status, Verdict

Judge = Callable[..., Verdict]


@dataclass(frozen=True)
class Outcome:
    """What a kernel came to: a status, or ``refused``, and the reason that it prints;
    of what HOLDS, the scope."""

    status: str
    why: str = ""

    def matches(self, other: Outcome) -> bool:
        """The same status, for a reason that contains the one expected; a scope is
        expected whole."""
        as_said = self.why == other.why if other.status == "HOLDS" and other.why else other.why in self.why
        return self.status == other.status and as_said


HOLDS = Outcome("HOLDS")


def outcome_of(judge: Callable[[], Verdict]) -> Outcome:
    """What ``judge()`` comes to; evidence that it refuses to look at is an outcome
    too."""
    try:
        verdict = judge()
    except (TypeError, ValueError) as refusal:
        return Outcome("refused", str(refusal))
    return Outcome(str(verdict.status), verdict.scope.text if verdict.holds else verdict.why)


def trial(
    name: str,
    description: str,
    parts: Sequence[Iterable[Any]],
    *,
    outcome: Callable[..., Outcome],
    expected: Callable[..., Outcome],
    sound: Callable[..., bool],
) -> Enumeration:
    """Every combination of ``parts``: the kernel says what is expected, and never HOLDS
    of what is not so.

    Args:
        outcome: From a combination to what the kernel came to; called once for each.
        expected: What it has to come to, with the reason.
        sound: Whether the statement is so, found without the kernel.
    """
    lists = [tuple(part) for part in parts]
    size = 1
    for part in lists:
        size *= len(part)
    found = cache(outcome)

    def as_expected(member: tuple[Any, ...]) -> bool:
        return found(*member).matches(expected(*member))

    def never_holds_in_vain(member: tuple[Any, ...]) -> bool:
        return found(*member).status != "HOLDS" or bool(sound(*member))

    return Enumeration(name, Family(description, lambda: product(*lists), size), as_expected, never_holds_in_vain)


def overlooking(reason: str) -> Judge:
    """A faulty kernel: it says HOLDS where this one does not for the given reason."""

    def judge(evidence: Any, **settings: Any) -> Verdict:
        verdict = kernel.judge(evidence, **settings)
        return replace(verdict, status=Status.HOLDS) if reason in verdict.why else verdict

    return judge


def evaluate(decide: Callable[[], bool]) -> bool:
    """What ``decide()`` says; no where it divides by zero on the way."""
    try:
        return decide()
    except ZeroDivisionError:
        return False


def select_specimens(table: Mapping[str, Any], only: Sequence[str]) -> dict[str, Any]:
    """The entries of ``table`` that are named, all where none is."""
    return {name: table[name] for name in (only or table)}
