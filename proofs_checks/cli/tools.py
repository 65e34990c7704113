"""Commands beside the catalogue: ``audit``, ``doctor``, ``new``."""

from __future__ import annotations

import difflib
import importlib
import json as json_module
from pathlib import Path
from typing import Any

from proofs_checks import exits
from proofs_checks.cli.verifying import checked_outputs
from proofs_checks.errors import InputError
from proofs_checks.terminal import say

# kind -> (module, function): each takes a path and returns a report with .status, .text() and .plain()
AUDITS = {
    "representation": ("proofs_checks.audits.representation", "audit_representation"),
    "group": ("proofs_checks.audits.group", "audit_group"),
    "equivariance": ("proofs_checks.audits.equivariance", "audit_equivariance"),
}


def audit(kind: str, file: Path, /, *, json: Path | None = None) -> int:
    """Apply a theorem to an object of your own. Exits with 0 when it meets every axiom, with 1 when it does not.

    Parameters
    ----------
    kind
        representation (a JSON, CSV or NPZ file), group (a CSV table) or equivariance (a JSON or NPZ file).
    file
        Your object; it is data, and is never run.
    json
        Write the findings as JSON.
    """
    outputs = checked_outputs({"json": json})
    module, function = _audit_of(kind)
    if not file.is_file():
        raise InputError(f"There is no file {str(file)!r} to audit.")
    findings: Any = getattr(importlib.import_module(module), function)(file)
    say(findings.text())
    for path in outputs.values():
        from proofs_checks.report import write_report

        write_report(path, json_module.dumps(findings.plain(), indent=2) + "\n")
        say(f"Wrote {path}")
    return exits.exit_code([str(findings.status)])


def _audit_of(kind: str) -> tuple[str, str]:
    if kind not in AUDITS:
        close = difflib.get_close_matches(kind, AUDITS, n=2, cutoff=0.4)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise InputError(f"There is no audit {kind!r}; the kinds are {', '.join(AUDITS)}.{hint}")
    return AUDITS[kind]


def doctor(*, ledger: Path | None = None) -> int:
    """Look the installation over: Python, torch, device, packages, ledger, browser, other people's claims.

    Exits with 0 when nothing stands in the way of a verdict, with 1 otherwise.

    Parameters
    ----------
    ledger
        The ledger to look at; the one in the user's data directory when left out.
    """
    from proofs_checks.doctor import examine

    findings = examine(ledger)
    wide = max(len(finding.subject) for finding in findings)
    for finding in findings:
        say(f"{finding.level:<8} {finding.subject:<{wide}}  {finding.text}")
    bad = sum(finding.level == "problem" for finding in findings)
    say(f"\n{bad} problem{'s' * (bad != 1)}." if bad else "\nNothing stands in the way.")
    return exits.REFUTED if bad else exits.HOLDS


def new(claim_id: str, /, *, folder: Path = Path()) -> int:
    """Write a claim of your own: a page, a route, a control and a test, which run as they stand.

    Parameters
    ----------
    claim_id
        topic.slug, in lower case, with dashes inside words.
    folder
        Where to write; here when left out.
    """
    from proofs_checks.scaffold import write_claim

    claim, test = write_claim(claim_id, folder)
    say(f"Wrote {claim} and {test}\nRun the claim: preality verify {claim}\nRun its test:  python -m pytest {test}")
    return exits.HOLDS
