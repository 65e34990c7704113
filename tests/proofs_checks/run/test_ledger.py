"""The ledger keeps every record as it was, and never touches a file that it cannot vouch for."""

from __future__ import annotations

import copy
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies

from proofs_checks import exits
from proofs_checks.cli import main
from proofs_checks.errors import InputError, LedgerError
from proofs_checks.kernel import Bound, Case, Status, Verdict, identity, judge, measured, undecided
from proofs_checks.run import checks, ledger, records
from proofs_checks.run.ledger import Ledger

ROOT = Path(__file__).resolve().parents[3]
SQUARE = Path(__file__).parents[1] / "claim_files" / "square.py"
SETTINGS = {"profile": "quick", "seed": 0, "device": "cpu", "control": ""}


def a_record(
    k: int = 1, claim: str = "square:toy.square", verdict: Verdict | None = None, **changes: Any
) -> dict[str, Any]:
    if verdict is None:
        verdict = judge(
            measured(0.25, Bound({"rounding": 1.0}, "an example"), points=3, resolves=2.0),
            route="numeric",
            case=Case(D=k),
        )
    record = {
        "version": checks.RECORD_VERSION, "claim": claim, "route": "numeric", "control": "", "k": k, "case": {"D": k}, "seed": 0, "profile": "quick",
        "device": "cpu", "device_name": "a processor", "dtype": "float64", "threads": 1, "versions": {"python": "3.11.2"}, "code": "c0de",
        "verdict": verdict.plain(), "seconds": 0.5, "traceback": None, "first": None,
    }  # fmt: skip
    return {**record, **changes}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A closed ledger with one finished run of forty records, many pages long."""
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as opened:
        run = opened.start("preality verify", SETTINGS, [str(SQUARE)])
        kept = [a_record(k) for k in range(1, 41)]
        for record in kept:
            opened.add(run, record)
        opened.finish(run, checks.digest(kept), map(checks.key_of, kept))
    return path


def content(path: Path) -> dict[str, bytes]:
    """Every file whose name begins as the ledger's does: the file itself, its log and its shared memory."""
    return {entry.name: entry.read_bytes() for entry in sorted(path.parent.glob(f"{path.name}*")) if entry.is_file()}


def refusal(path: Path, capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """What the command line says when it refuses the ledger at ``path``, whose bytes stay as they were."""
    before = content(path)
    assert main([*(command or ("verify", str(SQUARE))), "--ledger", str(path)]) == exits.USAGE
    assert content(path) == before
    told = capsys.readouterr().err
    assert "Traceback" not in told
    return told


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    verdicts = [
        Verdict(
            Status.REFUTED,
            "numeric",
            "why",
            witness={"point": 3, "where": [1, "two", None]},
            residual=float("inf"),
            bound=1.0,
            margin=float("inf"),
        ),
        judge(undecided("nobody knows"), route="numeric"),
        judge(identity(1, 1), route="exact"),
        judge(
            measured(0.25, Bound({"rounding": 1.0}, "an example"), points=3, resolves=2.0),
            route="numeric",
            case=Case(D=3, family="sinh"),
        ),
    ]
    made = [
        a_record(k, verdict=verdict, first={"case": {"D": 9}, "verdict": verdict.plain()})
        for k, verdict in enumerate(verdicts, start=1)
    ]
    with Ledger(tmp_path / "new" / "folder" / "l.sqlite") as opened:
        run = opened.start("a command", SETTINGS, ["a", "b"])
        addresses = [opened.add(run, record) for record in made]
        assert [opened.record(address) for address in addresses] == made
        assert opened.records(run) == [
            {**record, "address": address} for record, address in zip(made, addresses, strict=True)
        ]
        assert (opened.run().selection, opened.run().settings, opened.run().finished) == (["a", "b"], SETTINGS, None)


def test_a_record_made_again_keeps_its_address_and_its_neighbours(book: Path) -> None:
    with Ledger(book) as opened:
        run = opened.run().id
        before = opened.records(run)
        assert opened.add(run, a_record(2, seconds=9.0)) == before[1]["address"]
        after = opened.records(run)
    assert [record["address"] for record in after] == [record["address"] for record in before]
    assert after[1]["seconds"] == 9.0


def test_finishing_drops_what_a_resumption_did_not_ask_for_and_no_number_is_used_twice(book: Path) -> None:
    with Ledger(book) as opened:
        run = opened.run().id
        last = opened.records(run)[-1]["address"]
        opened.reopen(run)
        assert opened.run().finished is None
        opened.finish(run, "d", map(checks.key_of, [a_record(1), a_record(2)]))
        assert [record["k"] for record in opened.records(run)] == [1, 2]
        assert opened.add(run, a_record(4)) != last
        with pytest.raises(LedgerError, match="has no record"):
            opened.record(last)


def test_runs_are_found_by_a_unique_beginning(book: Path) -> None:
    with Ledger(book) as opened:
        first = opened.run().id
        second = opened.start("another", SETTINGS, [])
        assert opened.run().id == second
        assert opened.run(first).id == first
        with pytest.raises(LedgerError, match="is the beginning of 2 runs"):
            opened.run(first[:4])
        with pytest.raises(LedgerError, match="has no run zzz"):
            opened.run("zzz")
        assert opened.resumable(SETTINGS, [str(SQUARE)]).id == first
        assert opened.resumable({**SETTINGS, "seed": 1}, [str(SQUARE)]) is None


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"my thesis, the only copy\n" * 200)
    assert "corrupt, and was left as it is" in refusal(path, capsys)
    assert "corrupt, and was left as it is" in refusal(path, capsys, "history")


def test_a_database_of_another_program_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ledger.sqlite"
    db = sqlite3.connect(path)
    db.executescript("CREATE TABLE runs (id TEXT); INSERT INTO runs VALUES ('mine');")
    db.close()
    assert "another program" in refusal(path, capsys)
    assert "another program" in refusal(path, capsys, "report")


@pytest.mark.parametrize("settings", ["[]", "{", '{"seed":' + "9" * 6000 + "}", '{"a":' * 5000])
def test_a_run_whose_settings_do_not_parse_is_explained(
    settings: str, book: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Ledger(book) as opened:
        address = opened.records(opened.run().id)[0]["address"]
    database = sqlite3.connect(book)
    with database:
        database.execute("UPDATE runs SET settings = ?", (settings,))
    database.close()
    for command in (["replay", address], ["report"], ["history"]):
        assert main([*command, f"--ledger={book}"]) == exits.USAGE
        told = capsys.readouterr().err
        assert "cannot be read" in told
        assert "itself failed" not in told


def test_a_page_is_shown_beside_a_ledger_of_another_release(
    book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a claim says does not depend on whether its last run can be read; one that is named has to be."""
    database = sqlite3.connect(book)
    with database:
        database.execute("UPDATE checks SET claim = 'groups.axioms', record = ?", (b'{"version": 1, "newer": 0}',))
    database.close()
    monkeypatch.setattr(ledger, "default_path", lambda: book)
    assert main(["show", "groups.axioms"]) == exits.HOLDS
    told = capsys.readouterr().out
    assert "groups.axioms:" in told
    assert "Last run: not known. The record" in told
    assert main(["show", "groups.axioms", f"--ledger={book}"]) == exits.USAGE


@pytest.mark.parametrize("number", ["²", "٣", "-1", "9" * 40, "x", ""])
def test_an_address_that_is_none_is_refused(number: str, book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Ledger(book) as opened:
        run = opened.run().id
    assert main(["replay", f"{run}:{number}", f"--ledger={book}"]) == exits.USAGE
    assert "RUN:NUMBER" in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["scribbled", "cut short", "one page"])
def test_a_corrupt_ledger_is_left_alone(harm: str, book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = book.read_bytes()
    page = int.from_bytes(whole[16:18], "big")
    pages = [whole[start : start + page] for start in range(0, len(whole), page)]
    last_leaf = max(number for number, one in enumerate(pages) if one[0] == 0x0D)  # a page of rows
    if harm == "scribbled":
        pages[1:] = [b"\xaa" * page] * (len(pages) - 1)
    elif harm == "cut short":
        pages.pop()
    else:
        pages[last_leaf] = b"\xaa" * page
    book.write_bytes(b"".join(pages))
    assert "corrupt, and was left as it is" in refusal(book, capsys)
    assert "corrupt" in refusal(book, capsys, "report")


def test_a_locked_ledger_is_waited_for_and_then_left_alone(
    book: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(book, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert "Another process holds it" in refusal(book, capsys)
    holder.execute("ROLLBACK")
    holder.close()


def test_a_folder_in_place_of_a_ledger_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be written" in refusal(tmp_path, capsys)


def test_a_ledger_below_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert "cannot be made" in refusal(tmp_path / "file" / "ledger.sqlite", capsys)


def _without_privileges(*command: str) -> subprocess.CompletedProcess[str]:
    """Run as someone whom the permissions of a file bind, which they do not for root."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*drop, sys.executable, "-m", "proofs_checks", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root needs setpriv: apt-get install util-linux"
)
@pytest.mark.parametrize("sealed", ["file", "folder"])
def test_a_read_only_ledger_is_read_but_not_written(sealed: str, book: Path) -> None:
    before = content(book)
    target = book if sealed == "file" else book.parent
    mode = target.stat().st_mode
    target.chmod(0o444 if sealed == "file" else 0o555)
    try:
        refused = _without_privileges("verify", str(SQUARE), f"--ledger={book}")
        shown = _without_privileges("history", f"--ledger={book}")
    finally:
        target.chmod(mode)
    assert refused.returncode == exits.USAGE, refused.stderr
    assert "cannot be written" in refused.stderr
    assert (shown.returncode, "preality verify" in shown.stdout) == (exits.HOLDS, True), shown.stderr
    assert content(book)[book.name] == before[book.name]


def test_reading_makes_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger at"):
        Ledger(tmp_path / "folder" / "l.sqlite", reading=True)
    assert not (tmp_path / "folder").exists()


# -- the form of a record


def test_the_published_schema_is_that_of_the_code() -> None:
    published = json.loads((ROOT / "docs" / "record.schema.json").read_text(encoding="utf-8"))
    assert published == records.json_schema(), "write it anew: preality schema > docs/record.schema.json"


def _broken(record: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    damaged = copy.deepcopy(record)
    target = damaged
    for name in path[:-1]:
        target = target[name]
    if value is None:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return damaged


DAMAGES = [
    (("verdict", "status"), "PROVED"), (("verdict", "margin"), "large"), (("verdict", "scope", "cases"), "many"), (("k",), 1.5), (("claim",), None),
    (("verdict",), None), (("case",), [1]), (("surprise",), 1), (("verdict", "surprise"), 1), (("seed",), "0"), (("versions",), {"python": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), DAMAGES)
def test_a_damaged_record_is_refused_by_code_and_by_schema_alike(path: tuple[str, ...], value: Any) -> None:
    good = json.loads(records.encode(a_record()))
    validator = jsonschema.Draft202012Validator(records.json_schema())
    assert validator.is_valid(good)
    damaged = _broken(good, path, value)
    assert not validator.is_valid(damaged)
    with pytest.raises(InputError, match="Expected a record"):
        records.parse(json.dumps(damaged))


def test_a_record_of_another_version_is_refused() -> None:
    with pytest.raises(InputError, match="version 99"):
        records.parse(json.dumps({**a_record(), "version": 99}))


NUMBERS = strategies.one_of(strategies.none(), strategies.floats(allow_nan=False))
TEXT = strategies.text(strategies.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    residual=NUMBERS,
    margin=NUMBERS,
    why=TEXT,
    case=strategies.dictionaries(
        TEXT, strategies.one_of(strategies.integers(-(2**60), 2**60), TEXT, strategies.booleans()), max_size=3
    ),
)
def test_any_record_survives_a_round_trip(
    residual: float | None, margin: float | None, why: str, case: dict[str, Any]
) -> None:
    record = a_record(case=case, verdict=Verdict(Status.HOLDS, "numeric", why, residual=residual, margin=margin))
    again = records.parse(records.encode(record))
    assert again == record
    assert Verdict.from_plain(again["verdict"]) == Verdict(
        Status.HOLDS, "numeric", why, residual=residual, margin=margin
    )


@given(strategies.one_of(TEXT, strategies.binary(max_size=30)))
def test_what_is_no_record_is_refused_and_never_raises_anything_else(text: str | bytes) -> None:
    with pytest.raises(InputError):
        records.parse(text)
