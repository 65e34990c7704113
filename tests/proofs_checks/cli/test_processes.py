"""The command line as a process of its own: signals, pipes that close, and packages that shadow ours."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.run.ledger import Ledger

ROOT = Path(__file__).resolve().parents[3]
SQUARE = Path(__file__).parents[1] / "claim_files" / "square.py"

pytestmark = pytest.mark.alone  # signals, and processes that are waited for


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}


@pytest.mark.parametrize("arguments", [["list", "--json"], ["--help"], ["audit", "--help"]])
def test_a_pipe_that_is_closed_is_no_fault(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "proofs_checks", *arguments],
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


@contextmanager
def hearing() -> Iterator[None]:
    """A suite in the background of a script is deaf to interrupts; what it starts in here is not."""
    known = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, known)


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


def test_an_interrupt_leaves_a_summary_and_a_run_that_resumes(tmp_path: Path) -> None:
    gate, book = tmp_path / "gate", tmp_path / "ledger.sqlite"
    os.mkfifo(gate)
    command = [sys.executable, "-m", "proofs_checks", "verify", str(SQUARE), f"--ledger={book}", "--jobs=1", "--seed=3"]
    with hearing():
        process = subprocess.Popen(
            command,
            env=environment(SQUARE_GATE=str(gate)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    reader = opened(gate, process)
    os.killpg(process.pid, signal.SIGINT)  # to the whole group, as a terminal does
    out, err = process.communicate(timeout=60)
    os.close(reader)
    gate.unlink()
    assert process.returncode == exits.INTERRUPTED
    assert "Interrupted." in out
    assert "--resume" in out
    assert "not run" in out, "what never began is not called undecided"
    assert "Traceback" not in out + err
    resumed = subprocess.run(
        [*command, "--resume"], env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert resumed.returncode == exits.HOLDS, resumed.stderr
    assert "Carrying on run" in resumed.stderr
    with Ledger(book, reading=True) as ledger:
        assert len(ledger.runs()) == 1
        assert ledger.run().finished


def test_the_doctor_notices_packages_that_shadow_ours(tmp_path: Path) -> None:
    (tmp_path / "theory").mkdir()
    (tmp_path / "theory" / "__init__.py").write_text("", encoding="utf-8")
    command = [sys.executable, "-m", "proofs_checks", "doctor", f"--ledger={tmp_path / 'l.sqlite'}"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == exits.REFUTED, done.stderr
    assert re.search(r"^problem +theory +is shadowed by", done.stdout, re.MULTILINE)
    assert re.search(r"^ok +numerics", done.stdout, re.MULTILINE)
    assert not (tmp_path / "l.sqlite").exists(), "looking makes nothing"
