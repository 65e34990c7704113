"""An audit's findings as a file: written beside a model, read into a report. The file is a stranger's: data, checked field by field."""

from __future__ import annotations

import json
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.reading import read_json, short
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status
from proofs_checks.provenance import processor, versions
from proofs_checks.report.jsonfile import finite


def written(report: AuditReport) -> str:
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


def read_audit(path: str | Path) -> AuditReport:
    """The findings that :func:`written` wrote.

    Raises:
        InputError: no such file, no JSON, or a field that is missing or of another type; the message names it.
    """
    name = Path(path).name
    data = _plain(read_json(path))
    if not isinstance(data, dict) or "audit" not in data:
        raise InputError(f"{name} holds no audit's findings; `preality audit KIND FILE --json {name}` writes them.")
    texts = {field: _text(data, field, name) for field in ("audit", "subject", "meaning", "next_step")}
    findings = data.get("findings")
    if not isinstance(findings, list) or not findings:
        raise InputError(f"{name}: expected a non-empty list of findings, got {short(str(findings))}.")
    return AuditReport(
        texts["audit"],
        texts["subject"],
        [_finding(item, f"{name}, finding {place}") for place, item in enumerate(findings, start=1)],
        texts["meaning"],
        texts["next_step"],
        _table(data, "facts", name),
        _table(data, "provenance", name),
    )


def _finding(item: Any, where: str) -> Finding:
    if not isinstance(item, dict):
        raise InputError(f"{where}: expected a table with name, status and text, got {short(str(item))}.")
    status = _text(item, "status", where)
    if status not in {str(known) for known in Status}:
        raise InputError(f"{where}: {short(status)} is no status; these are {', '.join(map(str, Status))}.")
    witness = item.get("witness")
    if witness is not None and not isinstance(witness, dict):
        raise InputError(f"{where}: expected a table as witness, got {short(str(witness))}.")
    return Finding(_text(item, "name", where), Status(status), _text(item, "text", where), witness)


def _plain(value: Any) -> Any:
    """Without the memory of how a decimal was written."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, float) else value


def _text(table: dict[str, Any], field: str, where: str) -> str:
    if not isinstance(table.get(field), str):
        raise InputError(f"{where}: expected text as {field}, got {short(str(table.get(field)))}.")
    return table[field]


def _table(table: dict[str, Any], field: str, where: str) -> dict[str, Any]:
    found = table.get(field, {})
    if not isinstance(found, dict):
        raise InputError(f"{where}: expected a table as {field}, got {short(str(found))}.")
    return found
