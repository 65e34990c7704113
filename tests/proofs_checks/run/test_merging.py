"""Runs of several ledgers made into one: whole, of one seed and one code, and marked."""

from __future__ import annotations

import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.cli import main
from proofs_checks.run import checks
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.ledger import Ledger

CLAIM = Catalogue()["hybrid.chain-rule"]
SETTINGS = {"profile": "quick", "seed": 0, "device": "cpu", "control": ""}


@cache
def made() -> list[dict[str, Any]]:
    return [record for task in checks.tasks_of(CLAIM) for record in checks.run_task(CLAIM, task, checks.Settings())]


def kept(path: Path, records: list[dict[str, Any]], finished: bool = True, **settings: Any) -> Path:
    with Ledger(path) as book:
        run = book.start("test", {**SETTINGS, **settings}, [CLAIM.id])
        for record in records:
            book.add(run, record)
        if finished:
            book.finish(run, checks.digest(records), [checks.key_of(record) for record in records])
    return path


def merged(into: Path, *ledgers: Path) -> int:
    return main(["merge", *map(str, ledgers), f"--ledger={into}"])


def test_shards_become_one_run_with_the_digest_of_the_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [kept(tmp_path / f"{k}.sqlite", made()[k::3], shard=f"{k + 1}/3") for k in range(3)]
    assert merged(tmp_path / "all.sqlite", *parts) == 0
    with Ledger(tmp_path / "all.sqlite", reading=True) as book:
        assert book.run().digest == checks.digest(made())
    assert "holds*" in capsys.readouterr().out


def test_one_ledger_may_hold_all_shards(tmp_path: Path) -> None:
    for k in range(2):
        kept(tmp_path / "both.sqlite", made()[k::2], shard=f"{k + 1}/2")
    assert merged(tmp_path / "all.sqlite", tmp_path / "both.sqlite") == 0


def test_proofs_of_one_machine_and_measurements_of_another_give_one_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proofs = [record for record in made() if record["route"] == "exact"]
    measurements = [{**record, "device_name": "another"} for record in made() if record["route"] != "exact"]
    parts = [kept(tmp_path / "a.sqlite", proofs), kept(tmp_path / "b.sqlite", measurements)]
    assert merged(tmp_path / "all.sqlite", *parts) == 0
    main(["report", f"--ledger={tmp_path / 'all.sqlite'}", f"--html={tmp_path / 'r.html'}"])
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Made on</b> another" in page
    assert "merged from several ledgers" in page


def test_imported_proofs_do_not_carry_a_verdict_when_merged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = kept(tmp_path / "a.sqlite", made(), imported="elsewhere.jsonl")
    assert merged(tmp_path / "all.sqlite", part) == 3
    assert "imported" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: [], "Nothing to merge"),
        (lambda p: [kept(p / "a", made(), shard="1/3"), kept(p / "b", made(), shard="3/3")], "1 of 3 shards are missing: 2/3"),
        (lambda p: [kept(p / "a", made(), shard="1/2"), kept(p / "b", made(), shard="2/3")], "dealt differently"),
        (lambda p: [kept(p / "a", made(), finished=False)], "is not finished"),
        (lambda p: [kept(p / "a", made()), kept(p / "b", made(), seed=1)], "different seed"),
        (lambda p: [kept(p / "a", made()), kept(p / "b", made(), profile="full")], "different profile"),
        (lambda p: [kept(p / "a", [{**made()[0], "code": "0" * 64}])], "made by other code"),
        (lambda p: [kept(p / "a", made()), kept(p / "b", [refuted(made()[0])])], "made twice with different outcomes"),
        (lambda p: [edited(kept(p / "a", made()))], "changed after it was kept"),
        (lambda p: [p / "none"], "There is no ledger"),
    ],
)  # fmt: skip
def test_what_is_no_part_of_one_run_is_refused(
    make: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert merged(tmp_path / "all.sqlite", *make(tmp_path)) == 2
    assert said in capsys.readouterr().err


def refuted(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "verdict": {**record["verdict"], "status": "UNDECIDED", "why": "so"}}


def edited(path: Path) -> Path:
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE checks SET record = CAST(replace(CAST(record AS TEXT), '\"seconds\":', '\"seconds\": ') AS BLOB)"
        )
    return path
