"""An audit's findings as a file: written beside a model, read into a report. The
file is data, decoded field by field.
"""

from __future__ import annotations

import json
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from proofs_checks.claim.provenance import processor, versions
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.files import file_label, read_json
from proofs_checks.kernel import Status
from proofs_checks.wording import finite


def to_json(report: AuditReport) -> str:
    """The report as JSON, with the command, the time and the versions that made it."""
    report.provenance = {
        "command": shlex.join(["preality", *sys.argv[1:]])
        if sys.argv[0].endswith("preality")
        else shlex.join(sys.argv),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": processor(),
        "versions": versions(),
    }
    return json.dumps(finite(report.plain()), indent=1, allow_nan=False) + "\n"


class StoredFinding(Struct):
    """One finding as it is written."""

    name: str
    status: Status
    text: str
    witness: dict[str, Any] | None = None


class StoredReport(Struct):
    """The fields that are read again; others are left alone."""

    audit: str
    subject: str
    findings: Annotated[list[StoredFinding], Meta(min_length=1)]
    meaning: str
    next_step: str
    facts: dict[str, Any] = {}
    provenance: dict[str, Any] = {}


def read_audit(path: str | Path) -> AuditReport:
    """The findings that :func:`written` wrote.

    Raises:
        InputError: no such file, no JSON, or a field that is missing or of another
            type; the message names its place.
    """
    name = file_label(path)
    data = read_json(path, exact=False)
    if not isinstance(data, dict) or "audit" not in data:
        raise InputError(f"{name} holds no audit's findings; `preality audit KIND FILE --json {name}` writes them.")
    stored = decode(data, StoredReport, f"{name}: ")
    findings = [Finding(one.name, one.status, one.text, one.witness) for one in stored.findings]
    return AuditReport(
        stored.audit, stored.subject, findings, stored.meaning, stored.next_step, stored.facts, stored.provenance
    )
