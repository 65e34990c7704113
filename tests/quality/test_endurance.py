"""Short forms of what `make endure` runs: a run ends early, or has little of something, and what it did is kept."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from proofs_checks import exits
from proofs_checks.cli import main

FOLDER = Path(__file__).parent / "endurance"


def loaded(name: str) -> ModuleType:
    """A script of the folder as a module."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.alone
def test_a_run_that_is_terminated_keeps_what_it_did_and_resumes(tmp_path: Path) -> None:
    kills = loaded("kills")
    book = tmp_path / "l.sqlite"
    process = kills.started([str(kills.UNHURRIED)], book)
    while process.poll() is None and len(kills.kept(book)[0]) < 5:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
    process.send_signal(signal.SIGTERM)
    told = process.communicate(timeout=120)[0]
    before, _ = kills.kept(book)
    assert process.returncode == exits.INTERRUPTED
    assert f"{len(before)} checks are kept" in told
    assert "--resume carries on" in told
    assert main(["verify", str(kills.UNHURRIED), f"--ledger={book}", "--jobs=2", "--resume"]) == exits.HOLDS
    after, digest = kills.kept(book)
    assert {record["address"]: record for record in after}.items() >= {
        record["address"]: record for record in before
    }.items()
    assert len(after) > len(before) >= 5
    assert digest


@pytest.mark.alone
@pytest.mark.parametrize("condition", ["a full disk", "a full output"])
def test_a_run_without_room_says_what_to_do(condition: str, tmp_path: Path) -> None:
    poor = loaded("poor")
    code, told = poor.CONDITIONS[condition](tmp_path)
    assert code == exits.USAGE
    assert "Traceback" not in told
    assert "itself failed" not in told
    assert {"a full disk": "ledger", "a full output": "No space left"}[condition] in told


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">/dev/full", "<&- >&- 2>&-"])
def test_closed_and_full_streams_show_no_traceback(closed: str, tmp_path: Path) -> None:
    poor = loaded("poor")
    command = f"{sys.executable} -m proofs_checks list {closed}"
    code, told = poor.shell(command, tmp_path)
    assert code in (exits.HOLDS, exits.USAGE)
    assert "Traceback" not in told
