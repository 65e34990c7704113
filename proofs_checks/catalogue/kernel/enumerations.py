"""Enumerations on trial: squares modulo 4, counted and decided rightly and wrongly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import cycle
from typing import Any

from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import HOLDS, Outcome, outcome_of, overlooking, select_specimens, trial
from proofs_checks.kernel import Control, Enumeration, Family, Verdict

__all__ = ["controls", "exact"]

SIZES, BELOW_1000 = (1, 7, 40), range(1000)


@dataclass(frozen=True)
class Squares:
    """That n^2 is 0 or 1 modulo 4 for n < size: decided by division and by the last two
    binary digits of n^2."""

    size: int
    members: Callable[[int], Any] = range
    count: Callable[[int], int] = lambda size: size
    holds: Callable[[Any], Any] = lambda n: n * n % 4 in (0, 1)
    second: Callable[[Any], Any] = lambda n: bin(n * n | 4)[-2:] in ("00", "01")

    def statement(self) -> Enumeration:
        """The claim as the kernel gets it."""
        of = Family(f"numbers below {self.size}", lambda: iter(self.members(self.size)), self.count(self.size))
        return Enumeration("squares modulo 4", of, self.holds, self.second)

    def proves(self) -> bool:
        """The family is what is said to be enumerated, and both algorithms say true or
        false, and true, of every number in it."""
        numbers = list(range(self.size))
        answers = [algorithm(n) for algorithm in (self.holds, self.second) for n in numbers]
        whole = self.count(self.size) == self.size and sorted(self.members(self.size), key=str) == sorted(
            numbers, key=str
        )
        return whole and self.holds is not self.second and all(answer is True for answer in answers)


class Nameless:
    """A number that says nothing of its value."""

    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n


def modulo(divisor: int, n: int) -> bool:
    """Whether n^2 is 0 or 1 modulo the divisor."""
    return n * n % divisor in (0, 1)


def predicate_of_size(divisor: int) -> Callable[[int], bool]:
    """The same as a function of n alone."""
    return lambda n: modulo(divisor, n)


_WRITTEN_TWICE = cycle([lambda n: n * n % 4 in (0, 1), lambda number: number * number % 4 in (0, 1)])
WAYS: dict[str, Callable[[], Callable[[Any], Any]]] = {
    "the function": lambda: Squares.holds,
    "a method": lambda: BELOW_1000.__contains__,
    "with an argument filled in": lambda: partial(modulo, 4),
    "made again": lambda: predicate_of_size(4),
    "written again": lambda: next(_WRITTEN_TWICE),
}
MISTAKES: dict[str, tuple[Outcome, dict[str, Any]]] = {
    "none": (HOLDS, {}),
    "a second algorithm that disagrees": (Outcome("UNDECIDED", "Two algorithms disagree"), {"second": lambda n: n > 0}),
    "a first algorithm that disagrees": (Outcome("UNDECIDED", "Two algorithms disagree"), {"holds": lambda n: n > 0}),
    "two algorithms that refute it": (Outcome("REFUTED", "Fails for 1 of"), {"holds": lambda n: n != 0, "second": lambda n: n > 0}),
    "one number too few": (Outcome("UNDECIDED", "where the formula counts"), {"members": lambda size: range(size - 1)}),
    "a formula that counts too few": (Outcome("UNDECIDED", "more numbers below"), {"count": lambda size: size - 1}),
    "a formula that counts too many": (Outcome("UNDECIDED", "where the formula counts"), {"count": lambda size: size + 1}),
    "the last number twice": (Outcome("UNDECIDED", "are distinct"), {"members": lambda size: [*range(size), size - 1], "count": lambda size: size + 1}),
    "nothing at all": (Outcome("UNDECIDED", "where the formula counts"), {"members": lambda size: (), "count": lambda size: 0}),
    "answers that are texts": (Outcome("refused", "Expected true or false"), {"holds": lambda n: f"no {n}", "second": lambda n: f"yes {n}"}),
    "a second algorithm that says yes": (Outcome("refused", "does not look at the member"), {"second": lambda n: True}),
    "a number that is not itself, again and again": (
        Outcome("UNDECIDED", "are distinct"),
        {"members": lambda size: [math.nan + n for n in range(size + 1)], "count": lambda size: size + 1, "holds": math.isnan, "second": lambda n: not n < 1 and not n >= 1},
    ),
    "members without a value": (
        Outcome("refused", "says nothing of its value"),
        {"members": lambda size: map(Nameless, range(size)), "holds": lambda n: hasattr(n, "__dict__"), "second": lambda n: n is not None},
    ),
}  # fmt: skip


def exact(
    *, judge: Callable[..., Verdict] = kernel.judge, mistakes: Sequence[str] = (), sizes: Sequence[int] = SIZES
) -> list[Enumeration]:
    """Every size with every mistake; and one algorithm named twice, which is
    refused."""
    tables = select_specimens(MISTAKES, mistakes)

    def squares(size: int, mistake: str) -> Squares:
        return replace(Squares(size), **tables[mistake][1])

    def twice(size: int, way: str) -> Squares:
        return replace(Squares(size), holds=WAYS[way](), second=WAYS[way]())

    description = f"enumerations of {len(sizes)} sizes with {len(tables)} mistakes each"
    return [
        trial(
            "enumerations", description, [sizes, tables],
            outcome=lambda *of: outcome_of(lambda: judge(squares(*of).statement(), route="exact")),
            expected=lambda size, mistake: tables[mistake][0],
            sound=lambda *of: squares(*of).proves(),
        ),
        trial(
            "one algorithm", f"enumerations of {len(sizes)} sizes by one algorithm, named twice in {len(WAYS)} ways", [sizes, WAYS],
            outcome=lambda *of: outcome_of(lambda: judge(twice(*of).statement(), route="exact")),
            expected=lambda size, way: Outcome("refused", "The second algorithm is the first one"),
            sound=lambda size, way: False,
        ),
    ]  # fmt: skip


def by_one_algorithm(evidence: Enumeration, **settings: Any) -> Verdict:
    """A faulty kernel, which does not ask the second algorithm."""
    return kernel.judge(replace(evidence, second=lambda member: bool(evidence.holds(member))), **settings)


def believing_counts(evidence: Enumeration, **settings: Any) -> Verdict:
    """A faulty kernel, which takes as many members as there are, and prints what the
    author says."""
    found = list(dict.fromkeys(evidence.of))
    return kernel.judge(
        replace(evidence, of=Family(evidence.of.description, lambda: iter(found), len(found))), **settings
    )


def by_names(evidence: Enumeration, **settings: Any) -> Verdict:
    """A faulty kernel, which takes two names for two algorithms."""
    second = evidence.second
    return kernel.judge(replace(evidence, second=lambda member: bool(second(member))), **settings)


controls = {
    "two-names-suffice": Control(exact, fails="one algorithm", judge=by_names),
    "second-algorithm-ignored": Control(exact, fails="enumerations", judge=by_one_algorithm, mistakes=["none", "a second algorithm that disagrees"]),
    "counts-believed": Control(exact, fails="enumerations", judge=believing_counts, mistakes=["none", "one number too few", "the last number twice"], sizes=(7, 40)),
    "failures-overlooked": Control(exact, fails="enumerations", judge=overlooking("Fails for"), mistakes=["none", "two algorithms that refute it"]),
    "nothing-suffices": Control(exact, fails="enumerations", judge=overlooking("where the formula counts"), mistakes=["nothing at all"]),
}  # fmt: skip
