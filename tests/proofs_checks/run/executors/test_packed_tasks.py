"""A piece of a run in another process: the same records as here, and refusals that say what is missing there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.errors import PrealityError
from proofs_checks.run.checks import Settings, Task, key_of, run_task
from proofs_checks.run.executors import packed_tasks
from proofs_checks.run.interactive import Catalogue

SQUARE = Path(__file__).parents[2] / "claim_files" / "square.py"
TASK = Task("hybrid.chain-rule", "numeric")


def told(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(key_of(record), record["verdict"]["status"]) for record in records]


def sent(piece: packed_tasks.Piece) -> packed_tasks.Piece:
    return json.loads(json.dumps(piece))


def test_a_piece_makes_the_records_that_are_made_here() -> None:
    settings = Settings(seed=3)
    said = packed_tasks.perform(sent(packed_tasks.piece_of(TASK, settings, "", {})))
    here = list(run_task(Catalogue()[TASK.claim], TASK, settings))
    assert [kind for kind, _ in said] == ["record"] * len(here)
    assert told([record for _, record in said]) == told(here)


def test_records_that_still_hold_are_kept_by_their_keys() -> None:
    settings = Settings()
    earlier = {
        key_of(record): record for _, record in packed_tasks.perform(packed_tasks.piece_of(TASK, settings, "", {}))
    }
    said = packed_tasks.perform(sent(packed_tasks.piece_of(TASK, settings, "", earlier)))
    assert said == [["kept", key] for key in earlier]


def test_a_claim_of_a_file_is_run_in_a_process_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    task = Task("square:toy.square", "exact")
    said = packed_tasks.perform(sent(packed_tasks.piece_of(task, Settings(), str(SQUARE), {})))
    assert [(kind, record["verdict"]["status"]) for kind, record in said] == [("record", "HOLDS")]
    assert "square:toy.square" not in packed_tasks._catalogue(False)


def test_a_file_that_is_missing_or_another_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "square.py"
    path.write_bytes(SQUARE.read_bytes())
    piece = packed_tasks.piece_of(Task("square:toy.square", "exact"), Settings(), str(path), {})
    path.write_text("CLAIMS = {}", encoding="utf-8")
    with pytest.raises(PrealityError, match="is another one on this machine"):
        packed_tasks.perform(piece)
    path.unlink()
    with pytest.raises(PrealityError, match="put it there under the same path"):
        packed_tasks.perform(piece)


def test_code_that_leaves_the_process_is_told(tmp_path: Path) -> None:
    path = tmp_path / "leaves.py"
    path.write_text("import os\nos._exit(7)\n", encoding="utf-8")
    with pytest.raises(PrealityError, match=r"died \(exit code 7\) without an answer"):
        packed_tasks.perform(packed_tasks.piece_of(Task("leaves:toy.x", "exact"), Settings(), str(path), {}))
