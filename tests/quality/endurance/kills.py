"""SIGKILL, SIGTERM and SIGINT at random moments to a run or one of its workers: ``python kills.py [TIMES] [SEED] [CLAIM ...]``, until TIMES signals hit.

After each the run is resumed, and its digest compared with that of an undisturbed run; every check that was in the
ledger at the moment of the signal has to be there afterwards, not made again.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SQUARE = ROOT / "tests" / "proofs_checks" / "claim_files" / "square.py"
UNHURRIED = Path(__file__).parent / "unhurried.py"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

sys.path.insert(0, str(ROOT))


def started(claims: list[str], book: Path, *options: str) -> subprocess.Popen[str]:
    """``preality verify`` in a process group of its own, which hears interrupts."""
    command = [sys.executable, "-m", "proofs_checks", "verify", *claims, f"--ledger={book}", "--jobs=2", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    known = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, known)


def kept(book: Path) -> tuple[list[dict[str, Any]], str]:
    """The records of the latest run, and its digest."""
    from proofs_checks.errors import PrealityError
    from proofs_checks.run.ledger import Ledger

    try:
        with Ledger(book, reading=True) as ledger:
            run = ledger.run()
            return ledger.records(run.id), run.digest or ""
    except PrealityError:  # stopped before there was a run
        return [], ""


def workers_of(parent: int) -> list[int]:
    """The children of a process that are workers, and not the tracker of resources."""
    path = Path(f"/proc/{parent}/task/{parent}/children")
    children = [int(text) for text in path.read_text().split()] if path.exists() else []
    lines = {
        child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children if Path(f"/proc/{child}").exists()
    }
    return [child for child, line in lines.items() if b"spawn_main" in line]


def one(claims: list[str], book: Path, chosen: random.Random, seconds: float) -> dict[str, Any]:
    """A run that is sent a signal after a while, and its resumption."""
    number, to_worker = chosen.choice(SIGNALS), chosen.random() < 0.5
    process = started(claims, book)
    deadline = time.monotonic() + chosen.uniform(0, seconds)
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    targets = workers_of(process.pid) if to_worker else [process.pid]
    sent = process.poll() is None and bool(targets)
    if sent:
        os.kill(chosen.choice(targets), number)
    text = process.communicate(timeout=900)[0]
    before, _ = kept(book)
    resumed = started(claims, book, "--resume")
    told = resumed.communicate(timeout=900)[0]
    after, digest = kept(book)

    def content(record: dict[str, Any]) -> str:
        return json.dumps({**record, "address": ""}, sort_keys=True)

    there = set(map(content, after))
    lost = [record for record in before if record["verdict"]["status"] != "ERRORED" and content(record) not in there]
    return {
        "signal": signal.Signals(number).name, "to": "worker" if to_worker else "parent", "sent": sent, "code": process.returncode,
        "kept": len(before), "lost": len(lost), "resumed": resumed.returncode, "digest": digest, "traceback": shows_traceback(text) or shows_traceback(told),
    }  # fmt: skip


def shows_traceback(text: str) -> bool:
    """Whether the program showed one; an interpreter that was interrupted before it reached the program shows its own."""
    return "Traceback" in text and "__main__.py" in text


def main(arguments: list[str]) -> int:
    """Run one command line."""
    times, seed = (int(text) for text in [*arguments[:2], *["100", "0"][len(arguments[:2]) :]])
    claims, chosen = arguments[2:] or [str(UNHURRIED)], random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        started(claims, Path(folder) / "undisturbed.sqlite").communicate(timeout=900)
        seconds = time.monotonic() - began
        _, digest = kept(Path(folder) / "undisturbed.sqlite")
        found: list[dict[str, Any]] = []
        while sum(row["sent"] for row in found) < times:  # one that came after the end hit nothing
            found.append(one(claims, Path(folder) / f"{len(found)}.sqlite", chosen, seconds))
            print(json.dumps(found[-1]), flush=True)
    bad = [row for row in found if row["lost"] or row["digest"] != digest or row["resumed"] != 0 or row["traceback"]]
    sent = [f"{row['signal']} to {row['to']}" for row in found if row["sent"]]
    counts = {name: sent.count(name) for name in sorted(set(sent))}
    print(
        json.dumps(
            {
                "signals": counts,
                "records kept": sum(row["kept"] for row in found),
                "not as an undisturbed run": bad,
                "digest": digest,
            }
        )
    )
    return bool(bad or not digest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
