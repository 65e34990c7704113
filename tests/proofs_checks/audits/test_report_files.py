"""An audit's findings survive the way into a file and into a report; a file that holds none is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.audits.report_files import read_audit, to_json
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Finding
from proofs_checks.kernel import Status

SQUARE = Path(__file__).parents[1] / "claim_files" / "square.py"


def findings() -> AuditReport:
    found = [
        Finding("mass", Status.HOLDS, "it integrates to one"),
        Finding("reversed", Status.UNDECIDED, "three points overflow", {"points": [1, 5, 7]}),
    ]
    return AuditReport("density", "a flow", found, "any score goes", "name a reference measure", {"auroc": 0.25})


def test_findings_survive_the_file(tmp_path: Path) -> None:
    report = findings()
    (tmp_path / "f.json").write_text(to_json(report), encoding="utf-8")
    assert read_audit(tmp_path / "f.json") == report
    assert set(report.provenance) == {"command", "made", "machine", "versions"}


def test_numbers_that_json_has_not_are_written_as_words(tmp_path: Path) -> None:
    report = findings()
    report.facts["entropy"] = float("inf")
    (tmp_path / "f.json").write_text(to_json(report), encoding="utf-8")
    assert read_audit(tmp_path / "f.json").facts["entropy"] == "inf"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"findings": []}, "findings"),
        ({"findings": [{"name": "a", "status": "FINE", "text": "b"}]}, "FINE"),
        ({"findings": [{"name": "a", "status": "HOLDS"}]}, "text"),
        ({"findings": [{"name": "a", "status": "HOLDS", "text": "b", "witness": 3}]}, "witness"),
        ({"findings": ["a"]}, r"findings\[0\]"),
        ({"meaning": None}, "meaning"),
        ({"facts": []}, "facts"),
    ],
)
def test_what_is_no_record_of_an_audit_is_refused(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps({**findings().plain(), **change}), encoding="utf-8")
    with pytest.raises(InputError, match=told):
        read_audit(tmp_path / "f.json")


def test_a_report_shows_the_audits_that_it_is_given(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "f.json").write_text(to_json(findings()), encoding="utf-8")
    run = ("verify", SQUARE, "--jobs", "1", "--ledger", tmp_path / "l.sqlite", "--audit", tmp_path / "f.json")
    assert call(*run).code == exits.USAGE, "there is no report to show them in"
    files = {name: tmp_path / f"v.{name}" for name in ("html", "md", "json")}
    outcome = call(*run, *(part for name, path in files.items() for part in (f"--{name}", path)))
    assert outcome.code == exits.HOLDS, "what an audit found is not the verdict of a claim"
    for path in files.values():
        text = path.read_text(encoding="utf-8")
        assert "three points overflow" in text
        assert "name a reference measure" in text
    assert (
        call("report", "--ledger", tmp_path / "l.sqlite", "--audit", tmp_path / "no.json", "--md", files["md"]).code
        == 2
    )
