"""A recorded check can be made again from its address, its text or its file, and what differs is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.claim.claim import Claim
from proofs_checks.cli import main
from proofs_checks.errors import DeviceError, InputError
from proofs_checks.run import checks, records
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.ledger import Ledger
from proofs_checks.run.replay import differences, replay

FILES = Path(__file__).parents[1] / "claim_files"
SETTINGS = checks.Settings(seed=4)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    found = Catalogue()
    found.add_file(FILES / "square.py")
    found.add_file(FILES / "crooked.py")
    return found


def made(claim: Claim) -> list[dict[str, Any]]:
    return [
        records.parse(records.encode(record))
        for task in checks.tasks_of(claim)
        for record in checks.run_task(claim, task, SETTINGS)
    ]


@pytest.fixture(scope="module")
def recorded(catalogue: Catalogue) -> list[dict[str, Any]]:
    return made(catalogue["square:toy.square"])


def test_every_record_of_a_claim_replays_to_the_same_verdict_and_numbers(
    recorded: list[dict[str, Any]], catalogue: Catalogue
) -> None:
    for record in recorded:
        again = replay(record, catalogue)
        assert again.same
        assert records.parse(records.encode(again.fresh))["verdict"] == record["verdict"], (
            "to the last digit: same code, seed, device and threads"
        )
        assert again.differences == []


def test_a_shrunk_refutation_replays_as_itself(catalogue: Catalogue) -> None:
    shrunk = next(record for record in made(catalogue["crooked:crooked.refuted"]) if record["first"])
    again = replay(shrunk, catalogue)
    assert again.same
    assert again.fresh["case"] == {"D": 3}


def test_a_task_that_never_began_is_begun_anew(catalogue: Catalogue) -> None:
    claim = catalogue["square:toy.square"]
    lost = checks.lost_record(checks.Task(claim.id, "numeric"), SETTINGS, "the worker died")
    again = replay(records.parse(records.encode(lost)), catalogue)
    assert not again.same
    assert again.fresh["verdict"]["status"] == "HOLDS"
    assert "NOT the same" in again.text


def test_what_differs_is_named(recorded: list[dict[str, Any]]) -> None:
    then = recorded[0]
    now = {**then, "code": "f" * 64, "device": "cuda", "threads": 99, "versions": {**then["versions"], "torch": "9.9"}}
    del now["versions"]["scipy"]
    text = "\n".join(differences(then, now))
    for words in (
        f"code {then['code'][:12]} then, ffffffffffff now",
        "device cpu then, cuda now",
        "99 now",
        "9.9 now",
        f"scipy {then['versions']['scipy']} then, absent now",
    ):
        assert words in text
    assert differences(then, {**then, "seconds": 99.0}) == []


def test_a_record_from_an_absent_device_runs_on_the_processor_unless_one_is_named(
    recorded: list[dict[str, Any]], catalogue: Catalogue
) -> None:
    elsewhere = {
        **next(record for record in recorded if record["route"] == "statistical"),
        "device": "cuda:99",
        "device_name": "another",
    }
    again = replay(elsewhere, catalogue)
    assert again.same
    assert "device cuda:99 then, cpu now" in again.differences
    with pytest.raises(DeviceError):
        replay(elsewhere, catalogue, "cuda:99")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"route": "certified"}, "no route 'certified' any more"),
        ({"control": "no-such"}, "no control 'no-such'"),
        ({"profile": "hasty"}, "profile 'hasty'"),
        ({"control": "wrong-square", "case": {"D": 7}}, "no longer has case number"),
    ],
)
def test_a_record_of_what_is_gone_is_refused(
    change: dict[str, Any], message: str, recorded: list[dict[str, Any]], catalogue: Catalogue
) -> None:
    record = next(record for record in recorded if record["route"] == "numeric")
    with pytest.raises(InputError, match=message):
        replay({**record, **change}, catalogue)


def test_the_command_takes_an_address_a_text_or_a_file(
    recorded: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = next(record for record in recorded if record["control"] == "cubes")
    book, path = tmp_path / "ledger.sqlite", FILES / "square.py"
    with Ledger(book) as ledger:
        run = ledger.start("preality verify", {}, [str(path)])
        address = ledger.add(run, record)
    text = json.dumps(record)
    (tmp_path / "one.json").write_text(json.dumps(record, indent=2), encoding="utf-8")
    (tmp_path / "one.jsonl").write_text(text + "\n", encoding="utf-8")
    for arguments in (
        [address, "--ledger", str(book)],
        [text, str(path)],
        [str(tmp_path / "one.json"), str(path)],
        [str(tmp_path / "one.jsonl"), str(path)],
    ):
        assert main(["replay", *arguments]) == exits.HOLDS, capsys.readouterr().err
        assert "The verdict is the same." in capsys.readouterr().out
    assert main(["replay", text]) == exits.USAGE, "without its file the claim is unknown"
    assert "There is no claim" in capsys.readouterr().err
    (tmp_path / "two.jsonl").write_text(f"{text}\n{text}\n", encoding="utf-8")
    assert main(["replay", str(tmp_path / "two.jsonl")]) == exits.USAGE
    assert "holds 2 records" in capsys.readouterr().err


def test_a_verdict_that_changed_is_told_by_the_exit_code(
    recorded: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    record = json.loads(json.dumps(recorded[0]))
    record["verdict"]["status"] = "REFUTED"
    assert main(["replay", json.dumps(record), str(FILES / "square.py")]) == exits.REFUTED
    assert "NOT the same" in capsys.readouterr().out
