"""Seeds on trial: every check draws its own numbers, and a refutation is confirmed on
fresh ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations, product
from typing import Any

from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.kernel.specimens import select_specimens
from proofs_checks.kernel import Case, Control, Enumeration, Family, Status, Verdict

__all__ = ["controls", "exact"]


def seeds(
    seed_of: Callable[..., int] = kernel.trial_seed, fresh: Callable[[int], Sequence[int]] = kernel.confirmation_seeds
) -> Enumeration:
    """No two checks, and no check and confirmation, draw the same numbers; and one
    check always draws the same."""
    claims, routes = ("a.b", "a.c"), ("statistical", "statistical/control")
    cases = (None, Case(D=1), Case(D=2), Case(D=1, size=3))
    checks = list(product(claims, routes, cases, (0, 1)))

    def all_seeds(check: tuple[Any, ...]) -> tuple[int, ...]:
        seed = seed_of(*check)
        return (seed, *fresh(seed))

    table = cache(lambda: {check: all_seeds(check) for check in checks})

    def different(pair: tuple[Any, Any]) -> bool:
        found = [seed for check in pair for seed in table()[check]]
        same = all(all_seeds(check) == table()[check] for check in pair) and len(fresh(1)) >= 2
        return same and len(set(found)) == len(found)

    draws = cache(lambda seed: tuple(Stream(seed).uniform(3).tolist()))

    def drawn_differently(pair: tuple[Any, Any]) -> bool:
        streams = [draws(seed) for check in pair for seed in table()[check]]
        return len(streams) >= 6 and not any(a == b for a, b in combinations(streams, 2))

    count = len(checks)
    family = Family(
        "pairs of checks, with their confirmations", lambda: combinations(checks, 2), count * (count - 1) // 2
    )
    return Enumeration("seeds", family, different, drawn_differently)


def confirmations(confirm: Callable[..., Verdict] = kernel.confirm) -> Enumeration:
    """A statistical refutation is believed where two fresh seeds refute it too; nothing
    else is repeated."""
    answers = ("REFUTED", "HOLDS", "UNDECIDED")

    def ran(route: str, first: str, *later: str) -> tuple[Verdict, list[int]]:
        asked: list[int] = []

        def again(seed: int) -> Verdict:
            asked.append(seed)
            said = (
                first if seed == 7 or asked.count(seed) > 1 else later[len(asked) - 1]
            )  # an old seed says what it said
            return Verdict(Status(said), route)

        return confirm(Verdict(Status(first), route, "why"), 7, again), asked

    def believed_if_repeated(member: tuple[str, ...]) -> bool:
        route, first, *later = member
        verdict, asked = ran(*member)
        if route != "statistical" or first != "REFUTED":
            return verdict == Verdict(Status(first), route, "why") and not asked
        lost = Verdict(Status.UNDECIDED, route, "Refuted once, not confirmed on fresh seeds. why")
        fresh = bool(asked) and 7 not in asked
        return fresh and verdict == (Verdict(Status.REFUTED, route, "why") if {*later} == {"REFUTED"} else lost)

    def lost_at_the_first_doubt(member: tuple[str, ...]) -> bool:
        route, first, *later = member
        verdict, asked = ran(*member)
        said = [later[k] for k in range(len(asked))] if len(asked) <= len(later) else []
        if (route, first) != ("statistical", "REFUTED"):
            return str(verdict.status) == first and said == []
        doubts = [answer for answer in said if answer != "REFUTED"]
        enough = len(said) == 2 or bool(doubts)
        return enough and asked.count(7) == 0 and (verdict.status is Status.REFUTED) == (not doubts)

    parts = (("exact", "numeric", "statistical"), answers, answers, answers)
    return Enumeration(
        "confirmations",
        Family("first verdicts and repetitions", lambda: product(*parts), 3**4),
        believed_if_repeated,
        lost_at_the_first_doubt,
    )


PARTS: dict[str, Callable[..., Enumeration]] = {"seeds": seeds, "confirmations": confirmations}


def exact(*, only: Sequence[str] = (), **faulty: Any) -> list[Enumeration]:
    """Seeds and confirmations."""
    return [part(**faulty) for part in select_specimens(PARTS, only).values()]


def on_the_same_seed(verdict: Verdict, seed: int, again: Callable[[int], Verdict]) -> Verdict:
    """A faulty kernel, which confirms on the seed that refuted."""
    return kernel.confirm(verdict, seed, lambda _: again(seed))


controls = {
    "one-seed-for-all-cases": Control(
        exact,
        fails="seeds",
        only=["seeds"],
        seed_of=lambda claim, route, case, seed: kernel.trial_seed(claim, route, None, seed),
    ),
    "confirmed-on-the-same-seed": Control(
        exact, fails="confirmations", only=["confirmations"], confirm=on_the_same_seed
    ),
    "not-confirmed": Control(
        exact, fails="confirmations", only=["confirmations"], confirm=lambda verdict, seed, again: verdict
    ),
}
