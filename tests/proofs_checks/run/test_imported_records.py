"""Records from elsewhere: what no check could have made is refused, what is kept is marked, and a mark carries no proof."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.claim.claim import Claim
from proofs_checks.cli import main
from proofs_checks.errors import InputError
from proofs_checks.run import checks, records
from proofs_checks.run.imported_records import require_possible
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.replay import replay

SQUARE = Path(__file__).parents[1] / "claim_files" / "square.py"
Record = dict[str, Any]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    found = Catalogue(plugins=False)
    found.add_file(SQUARE)
    return found


@pytest.fixture(scope="module")
def claim(catalogue: Catalogue) -> Claim:
    return catalogue["square:toy.square"]


@pytest.fixture(scope="module")
def honest(claim: Claim) -> list[Record]:
    made = [record for task in checks.tasks_of(claim) for record in checks.run_task(claim, task, checks.Settings())]
    return [records.parse(records.encode(record)) for record in made]


def changed(record: Record, path: str, value: Any) -> Record:
    """A copy with one field of it set."""
    copied = copy.deepcopy(record)
    *outer, last = path.split(".")
    at = copied
    for name in outer:
        at = at[name]
    at[last] = value
    return copied


def of(honest: list[Record], route: str, control: str = "") -> Record:
    return next(record for record in honest if (record["route"], record["control"]) == (route, control))


def test_what_a_check_made_is_possible(honest: list[Record], claim: Claim) -> None:
    for record in honest:
        require_possible(record, claim)
        require_possible({**record, "code": "other", "versions": {}}, claim)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("k", 7777, "has no check 7777"),
        ("case", {"D": 5}, "has no check 1 at the case"),
        ("case", {"D": 10**12}, "has no check 1|none is as large"),
        ("case", {"D": 1, "x": 1}, "has no check 1|have the fields D"),
        ("case", None, "has no check 1 at the case none"),
        ("control", "cubes", "no numeric route with control 'cubes'"),
        ("control", "none", "with control 'none'"),
        ("route", "certified", "no certified route"),
        ("profile", "hasty", "no profile 'hasty'"),
        ("verdict.route", "exact", "of the route 'exact'"),
        ("verdict.scope.cases", 5, "one case"),
        ("verdict.residual", 1.0, "within its bound"),
        ("verdict.bound", None, "within its bound"),
        ("verdict.margin", 3.0, "within its bound"),
        ("code", "", "never began"),
    ],
)
def test_what_no_check_could_have_made_is_refused(
    path: str, value: Any, words: str, honest: list[Record], claim: Claim
) -> None:
    with pytest.raises(InputError, match=words):
        require_possible(changed(of(honest, "numeric"), path, value), claim)


@pytest.mark.parametrize("value", [{"D": 10**12}, {"D": -9}, {"D": [1] * 500}, {"x": 1}])
def test_a_case_of_other_code_is_bounded_by_the_cases_of_today(value: Any, honest: list[Record], claim: Claim) -> None:
    record = {**changed(of(honest, "numeric"), "case", value), "code": "other"}
    with pytest.raises(InputError, match=r"none is as large|have the fields"):
        require_possible(record, claim)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("k", 0), ("k", -1), ("k", 2**63), ("seed", -1), ("seed", 2**64), ("verdict.scope.points", 2**63), ("verdict.scope.cases", -1),
        ("verdict.decided", 2**70), ("case", {"D": {"fraction": "1/0"}}), ("case", {"D": {"fraction": "1e999999999"}}), ("case", {"D": {"x": 1}}),
        ("case", {"D": 2**70}), ("case", {"D": None}), ("seconds", -1.0),
    ],
)  # fmt: skip
def test_impossible_counts_and_cases_are_no_record(path: str, value: Any, honest: list[Record]) -> None:
    with pytest.raises(InputError):
        records.parse(json.dumps(changed(of(honest, "numeric"), path, value)))


def test_nesting_is_refused(honest: list[Record]) -> None:
    deep: Any = 1
    for _ in range(80):
        deep = [deep]
    for text in (json.dumps(changed(of(honest, "numeric"), "verdict.witness", deep)), "[" * 10**5):
        with pytest.raises(InputError):
            records.parse(text)


def test_a_replayed_case_has_the_limits_of_a_fresh_one(honest: list[Record], catalogue: Catalogue) -> None:
    record = changed(of(honest, "statistical"), "case", {"size": 10**12})
    with pytest.raises(InputError, match="reach size = 20000 in the quick profile"):
        replay(record, catalogue)


# -- marks


@pytest.fixture
def imported(honest: list[Record], tmp_path: Path) -> Path:
    """A ledger whose one run was imported, proofs and all."""
    path, book = tmp_path / "records.jsonl", tmp_path / "l.sqlite"
    path.write_text("\n".join(json.dumps(record) for record in honest), encoding="utf-8")
    assert main(["import", str(path), str(SQUARE), f"--ledger={book}"]) == exits.HOLDS
    return book


def test_imported_evidence_is_marked_everywhere_and_proves_nothing(
    imported: Path, tmp_path: Path, call: Callable[..., Any]
) -> None:
    outputs = {name: tmp_path / f"v.{name}" for name in ("html", "md", "json", "junit")}
    told = call("report", f"--ledger={imported}", *(f"--{name}={path}" for name, path in outputs.items()))
    assert told.code == exits.UNDECIDED
    assert "undecided" in told.out
    assert "holds*" in told.out
    assert "* on records that were imported" in told.out
    assert "exact: UNDECIDED. It holds according to a record that was imported" in " ".join(told.out.split())
    for path in outputs.values():
        assert "record was imported" in path.read_text(encoding="utf-8")
    assert {record["origin"] for record in json.loads(outputs["json"].read_text())["records"]} == {"imported"}
    assert "on evidence that was imported" in call("history", "square:toy.square", f"--ledger={imported}").out
    address = json.loads(outputs["json"].read_text())["records"][0]["address"]
    assert "recorded (imported):" in call("replay", address, f"--ledger={imported}").out


def test_replaying_a_whole_run_makes_its_exact_checks_again(imported: Path, call: Callable[..., Any]) -> None:
    told = call("replay", "--all", "2", f"--ledger={imported}", "--jobs=1")
    assert told.code == exits.HOLDS, told.err
    assert "2 of 2 exact checks" in told.out
    assert "recorded (imported) HOLDS, now HOLDS" in told.out


def edit(book: Path, statement: str, *values: Any) -> None:
    database = sqlite3.connect(book)
    with database:
        assert database.execute(statement, values).rowcount == 1
    database.close()


def test_a_changed_ledger_is_marked_and_carries_nothing(tmp_path: Path, call: Callable[..., Any]) -> None:
    book = tmp_path / "l.sqlite"
    assert call("verify", SQUARE, "--jobs=1", f"--ledger={book}").code == exits.HOLDS
    database = sqlite3.connect(book)
    rows = database.execute("SELECT number, record FROM checks").fetchall()
    number, blob = next(row for row in rows if json.loads(row[1])["route"] == "exact")
    database.close()
    edit(book, "UPDATE checks SET record = ? WHERE number = ?", blob.replace(b'"seconds":', b'"seconds":1'), number)
    told = call("report", f"--ledger={book}")
    assert told.code == exits.UNDECIDED
    assert "a record that was changed after it was kept" in " ".join(told.out.split())
    edit(book, "UPDATE checks SET record = ? WHERE number = ?", blob, number)
    assert call("report", f"--ledger={book}").code == exits.HOLDS
    edit(book, "DELETE FROM checks WHERE number = ?", number)
    assert call("report", f"--ledger={book}").code == exits.UNDECIDED, "one that is taken out changes the digest"


def test_a_changed_record_is_not_kept_by_a_resumption(tmp_path: Path, call: Callable[..., Any]) -> None:
    claim = Catalogue(plugins=False).add_file(SQUARE)[0]
    record = next(checks.run_task(claim, checks.Task(claim.id, "exact"), checks.Settings()))
    assert checks.still_valid(record, claim, checks.Settings())
    assert not checks.still_valid({**record, "origin": checks.CHANGED}, claim, checks.Settings())
