"""A run loses nothing: not to kill -9, not to a worker that dies, not to the order or the number of processes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.claim.isolation import deaf
from proofs_checks.cli import main
from proofs_checks.errors import DeviceError
from proofs_checks.run import checks
from proofs_checks.run import workers as runner
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.ledger import Ledger
from proofs_checks.run.workers import Plan, cores, run

ROOT = Path(__file__).resolve().parents[3]
FILES = Path(__file__).parents[1] / "claim_files"


def verify(path: Path, book: Path, *options: str) -> int:
    return main(["verify", str(path), f"--ledger={book}", "--jobs=1", *options])


def opened(gate: Path, process: subprocess.Popen[Any]) -> int:
    """The writing end of a pipe, as soon as somebody reads from it; a failure where the process ends first."""
    while process.poll() is None:
        try:
            return os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:  # something else than that nobody reads yet
                raise
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.05)
    raise AssertionError(f"the run ended with {process.returncode} before its fourth check")


def plan_of(path: Path, **changes: Any) -> Plan:
    return Plan(
        **{
            "claims": Catalogue().add_file(path),
            "profile": "quick",
            "seed": 0,
            "device": "cpu",
            **changes,
        }
    )


def records_of(plan: Plan, jobs: int) -> list[dict[str, Any]]:
    return [event.record for event in run(plan, jobs=jobs) if event.record is not None]


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the claim file, which a test may change."""
    return Path(shutil.copy(FILES / "square.py", tmp_path_factory.mktemp("claims")))


@pytest.fixture(scope="module")
def whole(square: Path) -> list[dict[str, Any]]:
    """What an uninterrupted run makes, in two processes."""
    return records_of(plan_of(square), jobs=2)


def test_every_task_is_run_once_and_every_record_is_complete(square: Path, whole: list[dict[str, Any]]) -> None:
    tasks = plan_of(square).tasks()
    assert len(set(tasks)) == len(tasks)
    assert {checks.task_of(record) for record in whole} == set(tasks)
    assert len({checks.key_of(record) for record in whole}) == len(whole)
    assert all(record["code"] and record["versions"]["torch"] for record in whole)


def test_one_process_and_two_give_one_digest(square: Path, whole: list[dict[str, Any]]) -> None:
    alone = records_of(plan_of(square), jobs=1)
    assert checks.digest(alone) == checks.digest(whole) == checks.digest(whole[::-1])
    assert checks.digest(whole[1:]) != checks.digest(whole)


def test_equal_seeds_draw_equal_cases_and_other_seeds_draw_others(square: Path) -> None:
    claim = Catalogue().add_file(square)[0]
    drawn = [
        [trial.case for trial in checks.trials(claim, checks.Task(claim.id, "numeric"), checks.Settings(seed=seed))]
        for seed in (0, 1, 0)
    ]
    assert drawn[0] == drawn[2] != drawn[1]


def test_kill_9_loses_nothing_that_was_committed(
    square: Path, whole: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, gate = tmp_path / "ledger.sqlite", tmp_path / "gate"
    os.mkfifo(gate)
    command = [sys.executable, "-m", "proofs_checks", "verify", str(square), f"--ledger={book}", "--jobs=1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "SQUARE_GATE": str(gate)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    reader = opened(gate, process)  # the worker is at its fourth numeric check, and so is past the exact route
    while not (committed := _committed(book)):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    os.close(reader)  # the worker goes on, finds nobody to tell, and ends
    gate.unlink()
    assert verify(square, book, "--resume") == exits.HOLDS
    assert "Carrying on run" in capsys.readouterr().err
    with Ledger(book, reading=True) as ledger:
        assert len(ledger.runs()) == 1
        stored = ledger.run()
        kept = {record["address"]: record for record in ledger.records(stored.id)}
    assert stored.digest == checks.digest(whole) == checks.digest(list(kept.values()))
    for record in committed:
        assert kept[record["address"]] == record, "not made again: its seconds would differ"


def _committed(book: Path) -> list[dict[str, Any]]:
    with Ledger(book, reading=True) as ledger:
        return ledger.records(ledger.run().id)


def test_resuming_makes_again_what_has_changed_and_that_alone(tmp_path: Path) -> None:
    path, book = Path(shutil.copy(FILES / "square.py", tmp_path)), tmp_path / "ledger.sqlite"
    assert verify(path, book) == exits.HOLDS
    unchanged = verify(path, book, "--resume")
    path.write_text(path.read_text(encoding="utf-8") + "\n# a change\n", encoding="utf-8")
    changed = verify(path, book, "--resume")
    assert (unchanged, changed) == (exits.HOLDS, exits.HOLDS)
    with Ledger(book, reading=True) as ledger:
        third, second, first = [
            [{**record, "address": ""} for record in ledger.records(run.id)] for run in ledger.runs()
        ]
        digests = {run.digest for run in ledger.runs()}
    assert second == first, "seconds and all: nothing was made again"
    assert all(new["code"] != old["code"] for new, old in zip(third, first, strict=True))
    assert len(digests) == 1, "the verdicts and the cases are the same"


def test_a_worker_that_dies_costs_its_task_alone() -> None:
    made = records_of(plan_of(FILES / "crooked.py"), jobs=2)
    lost = [record for record in made if "worker process died (exit code 7)" in record["verdict"]["why"]]
    assert [(record["claim"], record["route"], record["control"]) for record in lost] == [
        ("crooked:crooked.dying", "numeric", "")
    ]
    honest = [record for record in made if record["claim"] == "crooked:crooked.honest" and not record["control"]]
    assert len(honest) == 7
    assert {record["verdict"]["status"] for record in honest} == {"HOLDS"}
    controls = [record for record in made if record["control"]]
    assert {record["verdict"]["status"] for record in controls} == {"REFUTED"}
    assert len(controls) == 6, "also those of the claims whose own checks die"


def test_a_check_that_calls_sys_exit_is_an_error_and_not_a_success() -> None:
    claim = next(claim for claim in Catalogue().add_file(FILES / "crooked.py") if claim.slug == "leaving")
    statuses = {
        record["verdict"]["status"]
        for record in checks.run_task(claim, checks.Task(claim.id, "numeric"), checks.Settings())
    }
    assert statuses == {"ERRORED"}


def test_a_lost_task_is_dropped_from_the_run_when_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, book = tmp_path / "fragile.py", tmp_path / "ledger.sqlite"
    text = (FILES / "square.py").read_text(encoding="utf-8")
    fragile = text.replace(
        "    drawn.append(case)\n",
        "    drawn.append(case)\n    if not shift and os.path.exists(os.environ.get('FRAGILE', '')):\n        os._exit(9)\n",
    )
    path.write_text(fragile, encoding="utf-8")
    flag = tmp_path / "flag"
    flag.touch()
    monkeypatch.setenv("FRAGILE", str(flag))
    assert verify(path, book) == exits.ERRORED
    flag.unlink()
    assert verify(path, book, "--resume") == exits.HOLDS
    with Ledger(book, reading=True) as ledger:
        latest = ledger.records(ledger.run().id)
    assert "ERRORED" not in {record["verdict"]["status"] for record in latest}


def test_a_file_that_fails_in_the_workers_alone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "shy.py"
    guard = (
        "import multiprocessing\nif multiprocessing.parent_process() is not None:\n    raise RuntimeError('not here')\n"
    )
    path.write_text(
        guard + (FILES / "square.py").read_text(encoding="utf-8").replace("from __future__ import annotations\n", ""),
        encoding="utf-8",
    )
    made = records_of(plan_of(path), jobs=1)
    assert {record["verdict"]["status"] for record in made} == {"ERRORED"}
    assert {record["verdict"]["why"] for record in made} == {"The claim file shy.py raised RuntimeError: not here"}


def test_nothing_to_do_starts_no_process(square: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_Worker", None)
    assert records_of(plan_of(square, control="no such control"), jobs=2) == []


def test_workers_are_born_deaf_to_interrupts_and_the_parent_is_not() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deaf():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGINT) is before
    seen: list[object] = []

    def elsewhere() -> None:
        with deaf():  # only the main thread may set handlers
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]


def test_cores_are_those_that_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    assert cores() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_device_is_named_exactly_or_refused() -> None:
    assert checks.resolve_device("cpu") == "cpu"
    for odd in ("gpu", "cudax", "cuda:", "cuda:-1", "CPU", ""):
        with pytest.raises(DeviceError, match="auto, cpu or cuda"):
            checks.resolve_device(odd)
