"""The report as JSON, for programs: run, claims and records. There is no NaN in it and
no Infinity; these are written as strings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from proofs_checks.claim.claim import Claim
from proofs_checks.report.view import Run, order_by_urgency, totals
from proofs_checks.run.results import ClaimResult
from proofs_checks.wording import finite

VERSION = 1


def render_json(
    results: Sequence[ClaimResult], catalogue: Mapping[str, Claim], run: Run, *, figures: bool = True
) -> str:
    """``{"version": 1, "run": ..., "claims": [...], "records": [...], "audits":
    [...]}`` in pure ASCII.

    ``figures`` is there for the sake of one signature; JSON has none.
    """
    first = order_by_urgency(results)
    data = {
        "version": VERSION,
        "run": {**{name: value for name, value in asdict(run).items() if name != "audits"}, "totals": totals(results)},
        "claims": [_claim(result, catalogue.get(result.id)) for result in first],
        "records": [record for result in first for record in result.records],
        "audits": [audit.plain() for audit in run.audits],
    }
    return json.dumps(finite(data), indent=1, allow_nan=False) + "\n"


def _claim(result: ClaimResult, claim: Claim | None) -> dict[str, Any]:
    page = {} if claim is None else {
        "statement": claim.statement,
        "plain": claim.plain,
        "assumptions": claim.assumptions,
        "requires": claim.requires,
        "not_proved": claim.not_proved,
        "source": claim.source,
        "errata": [asdict(erratum) for erratum in claim.errata],
        "omissions": [{"item": item, "reason": reason} for item, reason in claim.page.omissions],
    }  # fmt: skip
    return {
        "id": result.id,
        "title": result.title,
        **page,
        "status": str(result.status),
        "given": result.given,
        "why": result.why,
        "routes": {name: verdict.plain() for name, verdict in result.routes.items()},
        "controls": [
            {"name": name, "route": route, "refuted": verdict.holds, "verdict": verdict.plain()}
            for (name, route), verdict in result.controls.items()
        ],
        "margin": result.margin,
        "seconds": result.seconds,
    }
