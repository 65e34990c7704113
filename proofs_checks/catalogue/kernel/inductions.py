"""Inductions on trial: sums that have a closed form, and for each the mistakes by which
it could seem to be proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import (
    HOLDS,
    Outcome,
    evaluate,
    outcome_of,
    overlooking,
    select_specimens,
    trial,
)
from proofs_checks.kernel import Control, Enumeration, Equation, Induction, Recursion, Verdict

__all__ = ["controls", "exact"]

N = sp.Symbol("n", integer=True, positive=True)
F = sp.Function("F")
LARGEST = 40


@dataclass(frozen=True)
class Sum:
    """F(n) given three times, each for numbers and symbols alike. ``following`` is F(n
    + 1) from n, F(n) and F(n - 1)."""

    first: tuple[int, ...]
    following: Callable[[Any, Any, Any], Any]
    definition: Callable[[int], Any]
    claimed: Callable[[Any, Any], Any]  # from n and F(n), which a claim may not mention
    weight: Callable[[Any], Any] = lambda n: 1  # what both sides of the claim are multiplied by
    start: int = 1

    def statement(self) -> Induction:
        """The claim as the kernel gets it."""
        claim = Equation("closed form", self.weight(N) * F(N), self.weight(N) * self.claimed(N, F(N)))
        recursion = Recursion(F(N), self.first, self.following(N, F(N), F(N - 1)), lambda k: sp.S(self.definition(k)))
        return Induction("sum", N, (claim,), (recursion,), self.start)

    def proves(self) -> bool:
        """By evaluation up to ``LARGEST``: both definitions and the claim agree, and
        each step leans on the value before."""
        values = [Fraction(value) for value in self.first]
        for n in range(1, LARGEST):
            before = values[n - 2] if len(self.first) > 1 and n > 1 else Fraction(0)
            if len(values) <= n:
                step = [self.following(Fraction(n), values[n - 1] + shift, before) for shift in (0, 1)]
                if step[0] == step[1]:
                    return False
                values.append(step[0])
            claimed = [self.claimed(Fraction(n), values[n - 1] + shift) for shift in (0, 1)]
            if not self.weight(n) or claimed[0] != claimed[1] or not claimed[0] == values[n - 1] == self.definition(n):
                return False
        return self.start >= 1


def power_sum(p: int, closed: Callable[[Any], Any]) -> Sum:
    """1^p + .. + n^p."""
    return Sum(
        (1,),
        lambda n, f, _: f + (n + 1) ** p,
        lambda k: sum(Fraction(j) ** p for j in range(1, k + 1)),
        lambda n, _: closed(n),
    )


SUMS = {
    "1 + .. + n": power_sum(1, lambda n: n * (n + 1) / 2),
    "1 + .. + n^2": power_sum(2, lambda n: n * (n + 1) * (2 * n + 1) / 6),
    "2^n + 1, by a recursion of order two": Sum(
        (3, 5), lambda n, f, before: 3 * f - 2 * before, lambda k: Fraction(2) ** k + 1, lambda n, _: 2**n + 1
    ),
}  # fmt: skip


def remainder(s: Sum, extra: Callable[[Any], Any]) -> dict[str, Any]:
    """Claim and recursion with something added that is 0 where one would compare them
    with the definition."""
    return {
        "claimed": lambda n, f: s.claimed(n, f) + extra(n),
        "following": lambda n, f, before: s.following(n, f - extra(n), before - extra(n - 1)) + extra(n + 1),
    }


def altered_sum(name: str) -> Callable[[Sum], Sum]:
    """The sum with one thing about it made wrong."""
    changes: dict[str, Callable[[Sum], dict[str, Any]]] = {
        "none": lambda _: {},
        "a constant too much": lambda s: {"claimed": lambda n, f: s.claimed(n, f) + 1},
        "a claim that fails from n = 4 on": lambda s: {
            "claimed": lambda n, f: s.claimed(n, f) + (n - 1) * (n - 2) * (n - 3)
        },
        "a remainder that vanishes at 1, 2, 3": lambda s: remainder(s, lambda n: (n - 1) * (n - 2) * (n - 3)),
        "a remainder that is 0 up to 9": lambda s: remainder(s, lambda n: n // 10),
        "the recursion of something else": lambda s: {"definition": lambda k: s.definition(k) + k - 1},
        "a hypothesis that nothing needs": lambda s: {"following": lambda n, f, before: s.claimed(n + 1, f)},
        "a hypothesis that cancels": lambda s: {
            "following": lambda n, f, before: s.claimed(n + 1, f) + (f + 1) ** 2 - f**2 - 2 * f - 1
        },
        "the object on both sides": lambda s: {"claimed": lambda n, f: f},
        "both sides times (n - 5)^3": lambda s: {"weight": lambda n: (n - 5) ** 3},
        "a denominator with a root": lambda s: {
            "following": lambda n, f, before: s.following(n, f, before) + (n**2 - 14 * n + 49) / (n - 7) - (n - 7)
        },
        "a start where the symbol is not": lambda s: {"start": 0},
    }
    return lambda s: replace(s, **changes[name](s))


MISTAKES = {
    "none": HOLDS,
    "a constant too much": Outcome("REFUTED", "closed form at n = 1"),
    "a claim that fails from n = 4 on": Outcome("REFUTED", "closed form at n = 4"),
    "a remainder that vanishes at 1, 2, 3": Outcome("REFUTED", "by recursion and by definition at n = 4"),
    "a remainder that is 0 up to 9": Outcome("UNDECIDED", "may be constant at all sizes"),
    "the recursion of something else": Outcome("REFUTED", "by recursion and by definition"),
    "a hypothesis that nothing needs": Outcome("UNDECIDED", "whatever the hypothesis says"),
    "a hypothesis that cancels": Outcome("UNDECIDED", "whatever the hypothesis says"),
    "the object on both sides": Outcome("refused", "mentions an object that the claim is about"),
    "both sides times (n - 5)^3": Outcome("refused", "Expected the claim in the form F(n) = .."),
    "a denominator with a root": Outcome("UNDECIDED", "vanishes at n = 7"),
    "a start where the symbol is not": Outcome("refused", "Expected an integer symbol that may be 0"),
}


def exact(*, judge: Callable[..., Verdict] = kernel.judge, mistakes: Sequence[str] = ()) -> list[Enumeration]:
    """Every sum with every mistake."""
    expected = select_specimens(MISTAKES, mistakes)

    def sum_of(which: str, mistake: str) -> Sum:
        return altered_sum(mistake)(SUMS[which])

    description = f"inductions: {len(SUMS)} sums with {len(expected)} mistakes each"
    return [
        trial(
            "inductions", description, [SUMS, expected],
            outcome=lambda *of: outcome_of(lambda: judge(sum_of(*of).statement(), route="exact")),
            expected=lambda which, mistake: expected[mistake],
            sound=lambda *of: evaluate(sum_of(*of).proves),
        )
    ]  # fmt: skip


def _without(reason: str, mistake: str) -> Control:
    return Control(exact, fails="inductions", judge=overlooking(reason), mistakes=["none", mistake])


controls = {
    "small-values-overlooked": _without("closed form at n =", "a constant too much"),
    "three-sizes-suffice": _without("closed form at n = 4", "a claim that fails from n = 4 on"),
    "definition-overlooked": _without("by definition", "the recursion of something else"),
    "remainder-overlooked": _without("may be constant", "a remainder that is 0 up to 9"),
    "hypothesis-overlooked": _without("whatever the hypothesis says", "a hypothesis that nothing needs"),
    "denominator-overlooked": _without("vanishes", "a denominator with a root"),
}
