"""Which obligations of the catalogue's routes are named by no control: what a nullified residual would have to be
noticed by otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from proofs_checks.claim.claim import Claim
from proofs_checks.kernel import Case, Enumeration
from proofs_checks.run import checks
from proofs_checks.run.checks import Settings

SIZE = 4096  # samples of a case here: names are looked at, no verdict


def obligations(claim: Claim, route: str) -> set[str]:
    """Names of what ``route`` returns at its declared cases; of an exact route, of its enumerations."""
    check, names = getattr(claim.code, route), set()
    source = getattr(claim.code, "cases", {}).get(route)
    for case in source.always if source else [None]:
        trial = checks.Trial(1, _small(case), 1, {})
        evidence = checks.gathered(check, **checks._arguments(check, trial, Settings()))
        names |= {item.name for item in _flat(evidence) if hasattr(item, "name") and _looked_at(item, route)}
    return names


def unnamed(claim: Claim) -> set[tuple[str, str]]:
    """Pairs (route, obligation) that begin like no ``fails`` of a control of that route."""
    found = set()
    for route in claim.routes:
        fails = [c.fails for group in claim.code_controls.values() for c in group if c.route == route and c.fails]
        found |= {(route, name) for name in obligations(claim, route) if not any(map(name.startswith, fails))}
    return found


def _looked_at(item: Any, route: str) -> bool:
    return route != "exact" or isinstance(item, Enumeration)


def _small(case: Case | None) -> Case | None:
    return Case(**{**case, "size": min(case.size, SIZE)}) if case is not None and "size" in case else case


def _flat(evidence: Any) -> Iterator[Any]:
    if isinstance(evidence, (list, tuple)):
        for item in evidence:
            yield from _flat(item)
    else:
        yield evidence
