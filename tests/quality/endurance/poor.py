"""A run with little of everything: ``python poor.py [CONDITION ...]``. Each prints its exit code, what was said last, and whether it was resumed.

Whatever the condition, nothing may show a traceback or an internal failure, and the same command with ``--resume`` under
ordinary conditions ends with the digest of an undisturbed run.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from kills import ROOT, SQUARE, kept

NO_TEMPORARY = "import tempfile\ndef none(): raise FileNotFoundError(2, 'No usable temporary directory found')\ntempfile._get_default_tempdir = none\n"


def limited(what: int, most: int) -> Callable[[], None]:
    """A limit on the process and its workers."""
    return lambda: resource.setrlimit(what, (most, most))


def run(
    folder: Path,
    *options: str,
    before: Callable[[], None] | None = None,
    stdout: Any = subprocess.PIPE,
    **environment: str,
) -> tuple[int, str]:
    """``preality verify`` on the claim file; the exit code and everything that was said."""
    command = [
        sys.executable,
        "-m",
        "proofs_checks",
        "verify",
        str(SQUARE),
        "--jobs=2",
        *(options or (f"--ledger={folder / 'l.sqlite'}",)),
    ]
    known = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(
        command,
        env=known,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
        preexec_fn=before,
        timeout=900,
    )
    return done.returncode, f"{done.stdout or ''}{done.stderr}"


def shell(command: str, folder: Path) -> tuple[int, str]:
    """A command line with redirections, and what it said nevertheless."""
    said = folder / "said"
    with said.open("w+") as file:
        code = subprocess.run(
            ["sh", "-c", command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=file,
            stderr=file,
            check=False,
            timeout=300,
        ).returncode
    return code, said.read_text()


def _closed_pipe(folder: Path) -> tuple[int, str]:
    reading, writing = os.pipe()
    os.close(reading)
    outcome = run(folder, stdout=writing)
    os.close(writing)
    return outcome


def _full_output(folder: Path) -> tuple[int, str]:
    with open("/dev/full", "w") as full:
        return run(folder, stdout=full)


def _no_temporary(folder: Path) -> tuple[int, str]:
    (folder / "sitecustomize.py").write_text(NO_TEMPORARY, encoding="utf-8")
    return run(folder, PYTHONPATH=f"{folder}{os.pathsep}{ROOT}")


def _on_ledger(spoil: Callable[[Path], None]) -> Callable[[Path], tuple[int, str]]:
    def outcome(folder: Path) -> tuple[int, str]:
        book = folder / "spoilt.sqlite"
        spoil(book)
        before = book.read_bytes() if book.is_file() else b""
        code, text = run(folder, f"--ledger={book}")
        if book.is_file() and book.read_bytes() != before:
            text += "\nTraceback: the ledger was changed"
        return code, text

    return outcome


def _foreign(book: Path) -> None:
    with sqlite3.connect(book) as database:
        database.execute("CREATE TABLE thesis (page TEXT)")


def _cut(book: Path) -> None:
    run(book.parent, f"--ledger={book}")
    book.write_bytes(book.read_bytes()[: book.stat().st_size // 2])


def _twice(folder: Path) -> tuple[int, str]:
    command = [
        sys.executable,
        "-m",
        "proofs_checks",
        "verify",
        str(SQUARE),
        "--jobs=1",
        f"--ledger={folder / 'l.sqlite'}",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=900)[0] for process in both]
    return max(process.returncode for process in both), "\n".join(told)


CONDITIONS: dict[str, Callable[[Path], tuple[int, str]]] = {
    "1 GB of address space": lambda folder: run(folder, before=limited(resource.RLIMIT_AS, 2**30)),
    "4 GB of address space": lambda folder: run(folder, before=limited(resource.RLIMIT_AS, 2**32)),
    "64 open files": lambda folder: run(folder, before=limited(resource.RLIMIT_NOFILE, 64)),
    "12 open files": lambda folder: run(folder, before=limited(resource.RLIMIT_NOFILE, 12)),
    "no home": lambda folder: run(folder, "--seed=0", HOME="/proc/none", XDG_DATA_HOME="/proc/none"),
    "no temporary folder": _no_temporary,
    "LANG=C, 40 columns": lambda folder: run(
        folder, LANG="C", LC_ALL="C", COLUMNS="40", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
    ),
    "a closed pipe": _closed_pipe,
    "a full output": _full_output,
    "a full disk": lambda folder: run(folder, before=limited(resource.RLIMIT_FSIZE, 60_000)),
    "a foreign ledger": _on_ledger(_foreign),
    "a ledger that is text": _on_ledger(lambda book: book.write_text("my thesis\n" * 500) and None),
    "a ledger cut short": _on_ledger(_cut),
    "a folder for a ledger": _on_ledger(lambda book: book.mkdir()),
    "two runs at once": _twice,
}


def main(names: list[str]) -> int:
    """Go through the conditions."""
    bad = []
    with tempfile.TemporaryDirectory() as place:
        run(Path(place))
        _, digest = kept(Path(place) / "l.sqlite")
    for name in names or CONDITIONS:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            code, text = CONDITIONS[name](folder)
            resumed, _ = run(folder, f"--ledger={folder / 'l.sqlite'}", "--resume")
            _, after = kept(folder / "l.sqlite")
        fine = resumed == 0 and after == digest and "Traceback" not in text and "itself failed" not in text
        bad += [] if fine else [name]
        print(
            json.dumps(
                {
                    "condition": name,
                    "code": code,
                    "resumed": resumed,
                    "same digest": after == digest,
                    "said": text.strip()[-200:],
                }
            ),
            flush=True,
        )
        if not fine:
            print(text[-3000:], file=sys.stderr)
    print(json.dumps({"conditions": len(names or CONDITIONS), "bad": bad, "digest": digest}))
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
