"""Commands beside the catalogue: ``audit``, ``doctor``, ``new``."""

from __future__ import annotations

import difflib
import importlib
from pathlib import Path
from typing import Any

from proofs_checks import exits
from proofs_checks.audits import KINDS, Kind
from proofs_checks.cli.verifying import checked_outputs
from proofs_checks.errors import InputError
from proofs_checks.terminal import say, warn


def audit(kind: str, file: Path, /, *, json: Path | None = None) -> int:
    """Apply a theorem to an object of your own.

    Exits with 0 when every finding holds, 1 when one is refuted, 3 when one is undecided, 2 when the object cannot be read.

    Parameters
    ----------
    kind
        Of data: representation, group (JSON, CSV or NPZ files), equivariance (a JSON or NPZ file). Of a model:
        density, pit, typicality, entangle (a Python file that defines what the audit is given, under the audit's names).
    file
        Your object. A file of data is never run; a Python file is code, and is.
    json
        Write the findings as JSON, which `preality verify --audit` puts into a report.
    """
    outputs = checked_outputs({"json": json})
    module, name, reads = _kind_of(kind)
    if not file.is_file():
        raise InputError(f"There is no file {str(file)!r} to audit.")
    if (reads == "code") != (file.suffix == ".py"):
        wanted = "a Python file (.py), which is run" if reads == "code" else "data, which is never run"
        raise InputError(f"The {kind} audit reads {wanted}; got {file.name!r}.")
    function: Any = getattr(importlib.import_module(module), name)
    findings = function(file) if reads == "data" else function(**_told(file, function))
    say(findings.text())
    for path in outputs.values():
        from proofs_checks.audits.stored import written
        from proofs_checks.report import write_report

        write_report(path, written(findings))
        say(f"Wrote {path}")
    return exits.exit_code([str(findings.status)])


def _told(file: Path, function: Any) -> dict[str, Any]:
    from proofs_checks.code_files import arguments

    warn(f"{file} is code, and is run.")
    return arguments(file, function)


def _kind_of(name: str) -> Kind:
    if name not in KINDS:
        close = difflib.get_close_matches(name, KINDS, n=2, cutoff=0.4)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise InputError(f"There is no audit {name!r}; the kinds are {', '.join(KINDS)}.{hint}")
    return KINDS[name]


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
