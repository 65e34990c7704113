"""``preality audit``: findings, files and exit codes; what cannot be read is usage, and no finding."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("kind", "example", "codes"),
    [("group", "klein.csv", {0}), ("group", "not_a_group.csv", {1}), ("representation", "lecture_d4.json", {0, 1})],
)
def test_an_audit_prints_writes_and_exits_by_its_status(
    kind: str, example: str, codes: set[int], tmp_path: Path, call: Callable[..., Any]
) -> None:
    outcome = call("audit", kind, ROOT / "examples" / example, "--json", tmp_path / "audit.json")
    written = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert outcome.code in codes
    assert written["audit"] == kind
    assert written["status"] == {0: "HOLDS", 1: "REFUTED"}[outcome.code]
    assert "Meaning:" in outcome.out


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("group", "ragged.csv", "a,b\nb\n"),
        ("group", "wide.csv", "a,b,c\nb,a,c\n"),
        ("group", "empty.csv", ""),
        ("representation", "broken.json", "{"),
        ("representation", "odd.json", "[1, 2]"),
    ],
)
def test_an_object_that_cannot_be_read_is_usage_and_no_finding(
    kind: str, name: str, text: str, tmp_path: Path, call: Callable[..., Any]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    outcome = call("audit", kind, tmp_path / name)
    assert (outcome.code, outcome.out) == (exits.USAGE, "")
    assert "Traceback" not in outcome.err


def test_a_model_is_audited_by_the_names_that_its_file_defines(tmp_path: Path, call: Callable[..., Any]) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import torch\n"
        "law = torch.distributions.Normal(torch.zeros(2, dtype=torch.float64), 1.0)\n"
        "def log_prob(x):\n    return law.log_prob(x).sum(1)\n"
        "torch.manual_seed(1)\n"
        "inliers, outliers = law.sample((200,)), 2 * law.sample((200,)) + 1\n",
        encoding="utf-8",
    )
    outcome = call("audit", "density", file, "--json", tmp_path / "audit.json")
    assert outcome.code in (exits.HOLDS, exits.UNDECIDED)
    assert "is code, and is run" in outcome.err
    assert json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["audit"] == "density"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("log_probs = None\n", "does not define log_prob"),
        ("log_prob = 1 / 0\n", "ZeroDivisionError"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("def log_prob(x)\n", "SyntaxError"),
        ("log_prob = inliers = outliers = 3\n", "inliers"),
    ],
)
def test_an_audit_file_that_cannot_be_used_is_explained(
    text: str, told: str, tmp_path: Path, call: Callable[..., Any]
) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    outcome = call("audit", "density", tmp_path / "mine.py")
    assert outcome.code == exits.USAGE
    assert told in outcome.err
    assert "Traceback" not in outcome.err


def test_data_is_never_run_and_code_is_never_parsed(tmp_path: Path, call: Callable[..., Any]) -> None:
    (tmp_path / "table.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")
    refused = call("audit", "group", tmp_path / "table.py")
    assert refused.code == exits.USAGE
    assert "never run" in refused.err
    assert call("audit", "density", ROOT / "examples" / "klein.csv").code == exits.USAGE
