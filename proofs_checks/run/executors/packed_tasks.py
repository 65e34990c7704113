"""What travels to another process or machine, and what comes back: a task with all that
it needs as plain JSON data, and the records that it made.

Nothing of a claim is sent: the other side has the same code installed, and every record
names the hash of the code that made it. Claims of a file or of somebody's package are
run in a process of their own there too.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

from proofs_checks.claim.claim import Claim
from proofs_checks.claim.collection import Collection
from proofs_checks.errors import PrealityError
from proofs_checks.run.checks import PROFILES, Record, Settings, Task, run_task

Piece = dict[str, Any]
Said = list[list[Any]]  # ["record", record] and ["kept", key], in order
_ONE_AT_A_TIME = threading.Lock()  # a worker with several threads: a check may set state of its process


def piece_of(task: Task, settings: Settings, home: str, known: dict[str, Record], threads: int = 1) -> Piece:
    """A task as data.

    Args:
        home: Whose code the claim is, as :attr:`proofs_checks.claim.page.Page.home`
            says.
        known: Earlier records by key, which are kept where they still hold.
        threads: How many torch may take.
    """
    return {
        "task": [task.claim, task.route, task.control],
        "settings": [settings.profile.name, settings.seed, settings.device],
        "home": home,
        "file": _digest(home) if home.endswith(".py") else "",
        "known": known,
        "threads": threads,
    }


def perform(piece: Piece) -> Said:
    """Carry out a piece here, in the order of its checks.

    Raises:
        PrealityError: this side has no such claim, device or file, or another version
            of the file.
    """
    with _ONE_AT_A_TIME:
        return _performed_apart(piece) if piece["home"] else _performed(piece)


def _performed(piece: Piece) -> Said:
    import torch

    from proofs_checks.run.checks import resolve_device

    torch.set_num_threads(piece["threads"])
    task = Task(*piece["task"])
    profile, seed, device = piece["settings"]
    settings = Settings(PROFILES[profile], seed, resolve_device(device))
    known: dict[str, Record] = piece["known"]
    keys = {id(record): key for key, record in known.items()}
    made = run_task(_claim(task.claim, piece), task, settings, known)
    return [["kept", keys[id(record)]] if id(record) in keys else ["record", record] for record in made]


def _claim(claim_id: str, piece: Piece) -> Claim:
    home = piece["home"]
    catalogue = _catalogue(bool(home) and not home.endswith(".py"))
    if home.endswith(".py") and claim_id not in catalogue:
        if not Path(home).is_file():
            raise PrealityError(f"The claim file {home} is not on this machine; put it there under the same path.")
        if _digest(home) != piece["file"]:
            raise PrealityError(f"The claim file {home} is another one on this machine; put the same there.")
        catalogue.add_file(home)
    return catalogue[claim_id]


@cache
def _catalogue(plugins: bool) -> Collection:
    from proofs_checks.run.interactive import Catalogue

    return Catalogue(plugins=plugins)


def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _performed_apart(piece: Piece) -> Said:
    """A piece in a process of its own, whose answer is the last line that it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(piece),
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    try:
        kind, value = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, TypeError, IndexError):
        raise PrealityError(
            f"The process for the code of {piece['home']} died (exit code {done.returncode}) without an answer."
        ) from None
    if kind != "said":
        raise PrealityError(str(value))
    return value


def _main() -> None:
    """Read a piece, print what was said; whatever the claim prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    piece = json.load(sys.stdin)
    try:
        answer = ["said", _performed(piece)]
    except PrealityError as error:
        answer = ["failed", str(error)]
    print(json.dumps(answer), file=answers, flush=True)
    os._exit(0)  # threads that the code started do not hold it


if __name__ == "__main__":
    _main()
