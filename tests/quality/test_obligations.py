"""Every obligation that measures, tests, encloses or enumerates is named by a control, or stands in a table with the
planted fault that it notices: one that nobody names could be zero whatever happens."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.claim.claim import Claim
from proofs_checks.claim.collection import Collection
from proofs_checks.kernel import Case, Enumeration
from proofs_checks.run import checks
from proofs_checks.run.checks import Settings
from proofs_checks.run.mutants import read_faults

HERE = Path(__file__).parent
TABLE = tomllib.loads((HERE / "unnamed_obligations.toml").read_text(encoding="utf-8"))["obligation"]
TOPICS = sorted({claim.partition(".")[0] for claim in Collection()})

SIZE = 4096  # samples of a case here: names are looked at, no verdict


def obligations(claim: Claim, route: str) -> set[str]:
    """Names of what ``route`` returns at its declared cases; of an exact route, of its enumerations."""
    check, names = getattr(claim.code, route), set()
    source = getattr(claim.code, "cases", {}).get(route)
    for case in source.always if source else [None]:
        trial = checks.Trial(1, _small(case), 1, {})
        evidence = checks.gather(check, **checks._arguments(check, trial, Settings()))
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


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # by torch.func, not by us
@pytest.mark.parametrize("topic", TOPICS)
def test_every_obligation_is_named_by_a_control_or_in_the_table(topic: str) -> None:
    catalogue = Collection()
    claims = [claim for claim in catalogue if claim.startswith(f"{topic}.")]
    found = {(claim, *pair) for claim in claims for pair in unnamed(catalogue[claim])}
    listed = {(row["claim"], row["route"], row["name"]) for row in TABLE if row["claim"] in claims}
    assert not found - listed, "named by no control and not in unnamed_obligations.toml"
    assert not listed - found, "in unnamed_obligations.toml though a control names it, or gone"


def test_the_faults_of_the_table_are_planted_in_the_claims_of_their_obligations() -> None:
    faults = {fault.id: fault for fault in read_faults(sorted((HERE / "faults").glob("*.toml")))}
    for row in TABLE:
        assert ("fault" in row) != ("reason" in row), row
        assert "reason" in row or row["claim"] in faults[row["fault"]].claims, row
