"""Planted faults as an instrument: declared in files, judged by the catalogue in a copy, kept, and told in a table."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from proofs_checks.cli import main
from proofs_checks.errors import InputError
from proofs_checks.report.faults import catching_check, rate_text, rates, render_faults
from proofs_checks.run import mutants
from proofs_checks.run.mutants import Fault, Result, judge_faults, own_faults, read_faults

QUICK = {
    f"kernel.{slug}"
    for slug in ("aggregation", "budget", "controls", "enclosures", "enumerations", "evidence", "measurements", "seeds")
}
SAMPLE = 12

CLAIM = """
import sympy
from proofs_checks.kernel import Control, Equation

CLAIMS = {"toy.square": {
    "title": "A square", "statement": "(x+1)^2", "plain": "A square, multiplied out.", "routes": {"exact": {"shows": "algebra"}},
    "controls": {"another": {"statement": "another constant", "routes": ["exact"]}},
}}
x = sympy.Symbol("x", real=True)

def exact(*, constant=1):
    return Equation("square", (x + 1) ** 2, x**2 + 2 * x + constant)

controls = {"another": Control(exact, fails="square", constant=2)}
"""
FAULTS = """
[[fault]]
id = "middle"
file = "squares.py"
old = "2 * x + constant"
new = "3 * x + constant"
claims = ["squares:toy.square"]
why = "the middle term"

[[fault]]
id = "control"
file = "squares.py"
old = "constant=2"
new = "constant=1"
claims = ["squares:toy.square"]
why = "the control is the claim"

[[fault]]
id = "words"
file = "squares.py"
old = "A square, multiplied out."
new = "A square."
claims = ["squares:toy.square"]
why = "other words"

[[fault]]
id = "import"
file = "squares.py"
old = "import sympy"
new = "import simpy"
claims = ["squares:toy.square"]
why = "no such module"
"""


def fault(**changed: object) -> Fault:
    fields: dict[str, object] = {
        "id": "f", "file": "proofs_checks/kernel/seeds.py", "old": "CONFIRMATIONS = 2 ", "new": "CONFIRMATIONS = 1 ", "claims": ("kernel.seeds",), "why": "once",
    }  # fmt: skip
    return Fault(**{**fields, **changed})  # type: ignore[arg-type]


def test_every_declared_fault_stands_where_it_says():
    faults = read_faults(own_faults())
    assert [problem for one in faults if (problem := mutants.placement_error(one, ()))] == []
    assert [one.id for one in faults if one.equivalent and len(one.equivalent.split()) < 6] == []


def test_a_sample_of_the_kernel_s_faults_is_caught():
    """The whole list is judged by ``make mutants``."""
    quick = [one for one in read_faults(own_faults()) if {*one.claims} <= QUICK and not one.equivalent]
    sample = sorted(quick, key=lambda one: hashlib.sha256(one.id.encode()).hexdigest())[:SAMPLE]
    results = list(judge_faults(sample, jobs=2))
    assert len(results) == SAMPLE
    assert [result for result in results if result.outcome != "caught"] == []


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    claims, faults = tmp_path / "squares.py", tmp_path / "faults.toml"
    claims.write_text(CLAIM)
    faults.write_text(FAULTS)
    return claims, faults


def test_one_s_own_claims_are_judged_by_one_s_own_faults_and_results_are_kept(own, tmp_path, capsys):
    claims, faults = own
    table, ledger = tmp_path / "faults.md", tmp_path / "ledger.sqlite"
    command = [
        "verify",
        "--mutants",
        str(faults),
        str(claims),
        "--md",
        str(table),
        "--ledger",
        str(ledger),
        "--jobs",
        "1",
        "--resume",
    ]
    assert main(command) == 1
    text = table.read_text()
    assert "squares:toy.square (exact): square, REFUTED" in text
    assert "squares:toy.square (exact, control another): square, UNDECIDED" in text
    assert "**SURVIVED**" in text
    assert "SURVIVED words in squares.py: other words." in capsys.readouterr().out
    kept = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert {line["fault"]: line["outcome"] for line in kept} == {
        "middle": "caught",
        "control": "caught",
        "words": "survived",
        "import": "caught",
    }
    assert claims.read_text() == CLAIM
    assert main(command) == 1  # nothing is judged anew: no line is added
    assert len((tmp_path / "faults.jsonl").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "declares no"),
        ("[[fault]]\nid = 1", "'id' is missing"),
        ("no toml", "cannot be read"),
        (FAULTS.replace('why = "the middle term"', 'reason = "the middle term"'), "unknown field 'reason'"),
        (FAULTS.replace('id = "control"', 'id = "middle"'), "used twice"),
        (FAULTS.replace('claims = ["squares:toy.square"]', "claims = []"), "'claims' has to be a list"),
    ],
)
def test_a_fault_file_that_cannot_be_meant_is_refused(text: str, message: str, tmp_path: Path):
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_faults([path])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"old": "CONFIRMATIONS"}, "occurs 2 times"),
        ({"old": "nowhere"}, "occurs 0 times"),
        ({"new": "CONFIRMATIONS = "}, "is no Python"),
        ({"file": "proofs_checks/kernel/nowhere.py"}, "there is no file"),
        ({"file": "README.md", "old": "preality"}, "there is no file"),
    ],
)
def test_a_fault_that_cannot_be_planted_is_refused(changed: dict[str, str], message: str):
    with pytest.raises(InputError, match=message):
        next(judge_faults([fault(**changed)]))


def test_options_that_go_with_claims_alone_are_refused(own, tmp_path, capsys):
    assert main(["verify", "--mutants", str(own[1]), str(own[0]), "--html", str(tmp_path / "a.html")]) == 2
    assert "writes its table with --md" in capsys.readouterr().err


def test_the_table_names_the_check_or_the_argument_or_that_a_fault_survived():
    faults = [
        fault(),
        fault(id="g", equivalent="nothing asks twice, for the reason given"),
        fault(id="h", file="theory/proof/balls.py"),
    ]
    caught = Result("k", "f", "caught", "kernel.seeds", "exact", "", "confirmations", "REFUTED")
    results = {"f": caught, "g": Result("k", "g", "equivalent"), "h": Result("k", "h", "survived")}
    assert rates(faults, results) == {"theory": Counter(survived=1), "kernel": Counter(caught=1, equivalent=1)}
    assert rate_text(Counter(caught=1, equivalent=1)) == "100%"
    assert catching_check(caught) == "kernel.seeds (exact): confirmations, REFUTED"
    text = render_faults(faults, results)
    assert "| all | 3 | 1 | 1 | 1 | 0 | 50% |" in text
    assert "nothing asks twice" in text
