"""The catalogue as a property suite: one node per claim, per route and per control,
each failing by itself.

Run it from anywhere, an installed package included::

    pytest --pyargs proofs_checks -k anomaly

``PREALITY_PROFILE``, ``PREALITY_SEED`` and ``PREALITY_DEVICE`` choose what ``preality
verify`` takes as options, and ``PREALITY_CLAIMS`` (a path, or several joined as in
PATH) adds claim files.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest

from proofs_checks.run.interactive import Catalogue

if TYPE_CHECKING:
    from proofs_checks.run.checks import Record, Settings, Task

CATALOGUE = Catalogue()
for _path in filter(None, os.environ.get("PREALITY_CLAIMS", "").split(os.pathsep)):
    CATALOGUE.add_file(_path)
ROUTES = [(claim.id, route) for claim in CATALOGUE.values() for route in claim.routes]
CONTROLS = [
    (claim.id, name, route)
    for claim in CATALOGUE.values()
    for name, page in claim.page.controls.items()
    for route in page.routes
]


@cache
def settings() -> Settings:
    from proofs_checks.run import checks

    profile = checks.PROFILES[os.environ.get("PREALITY_PROFILE", "quick")]
    return checks.Settings(
        profile,
        int(os.environ.get("PREALITY_SEED", "0")),
        checks.resolve_device(os.environ.get("PREALITY_DEVICE", "auto")),
    )


@cache
def records_of(task: Task) -> tuple[Record, ...]:
    """A task's records, made once: the node of a claim is made of those of its routes
    and controls."""
    from proofs_checks.run import checks

    return tuple(checks.run_task(CATALOGUE[task.claim], task, settings()))


def explanation(records: tuple[Record, ...]) -> str:
    """What a failing node prints beside the verdict."""
    worst = [record for record in records if record["verdict"]["status"] != "HOLDS"] or list(records)
    return "\n".join(
        f"  case {record['case']}: {record['verdict']['status']}. {record['verdict']['why']}\n{record['traceback'] or ''}"
        for record in worst[:3]
    )


@pytest.mark.parametrize(("claim_id", "route"), ROUTES, ids=[f"{claim}:{route}" for claim, route in ROUTES])
def test_route(claim_id: str, route: str) -> None:
    from proofs_checks import kernel
    from proofs_checks.run.checks import Task

    records = records_of(Task(claim_id, route))
    found = [kernel.Verdict.from_plain(record["verdict"]) for record in records]
    verdict = kernel.combine(found, route=route, covers=CATALOGUE[claim_id].routes[route].covers)
    assert verdict.holds, f"{claim_id} {route}: {verdict.status}. {verdict.why}\n{explanation(records)}"


@pytest.mark.parametrize(
    ("claim_id", "control", "route"), CONTROLS, ids=[f"{claim}:{name}:{route}" for claim, name, route in CONTROLS]
)
def test_control(claim_id: str, control: str, route: str) -> None:
    from proofs_checks import kernel
    from proofs_checks.run.checks import Task

    records = records_of(Task(claim_id, route, control))
    verdict = kernel.control_verdict([kernel.Verdict.from_plain(record["verdict"]) for record in records], route=route)
    assert verdict.holds, f"{claim_id} / {control} ({route}) was not refuted: {verdict.why}"


@pytest.mark.parametrize("claim_id", list(CATALOGUE))
def test_claim(claim_id: str) -> None:
    from proofs_checks.run import checks, results

    claim = CATALOGUE[claim_id]
    records = [record for task in checks.tasks_of(claim) for record in records_of(task)]
    results.summarise(claim, records).assert_holds()
