"""The ledger: every check that was made, committed as it is made, in one SQLite file
that is never overwritten."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from proofs_checks.errors import LedgerError
from proofs_checks.run import records
from proofs_checks.run.checks import CHANGED, IMPORTED, MERGED, digest, key_of, task_of
from proofs_checks.wording import encodable

APPLICATION_ID = 0x70726C74  # "prlt": tells a ledger from any other SQLite file
BUSY_SECONDS = 10.0
_TABLES = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, started TEXT NOT NULL, finished TEXT, command TEXT NOT NULL, settings TEXT NOT NULL,
    selection TEXT NOT NULL, digest TEXT
) STRICT;
CREATE TABLE checks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL REFERENCES runs (id), claim TEXT NOT NULL, key TEXT NOT NULL,
    record BLOB NOT NULL, UNIQUE (run, key)
) STRICT;
CREATE INDEX checks_by_claim ON checks (claim);
"""
_SUMS = (
    "CREATE TABLE IF NOT EXISTS sums (number INTEGER PRIMARY KEY REFERENCES checks (number), sum TEXT NOT NULL) STRICT;"
)


_ADD = """
INSERT INTO checks (run, claim, key, record) VALUES (?, ?, ?, ?)
ON CONFLICT (run, key) DO UPDATE SET record = excluded.record RETURNING number
"""
_START = "INSERT INTO runs (id, started, command, settings, selection) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class StoredRun:
    """A run as the ledger knows it. ``finished`` is ``None`` while it is interrupted or
    going on."""

    id: str
    started: str
    finished: str | None
    command: str
    settings: dict[str, Any]
    selection: list[str]
    digest: str | None


def default_path() -> Path:
    """``ledger.sqlite`` in the user's data directory."""
    from platformdirs import user_data_path

    return user_data_path("preality", appauthor=False) / "ledger.sqlite"


def _sum(run: str, claim: str, key: str, blob: bytes) -> str:
    """A checksum of a kept record: it shows an edit, though not one by whoever makes
    the sum again."""
    digested = hashlib.sha256()
    for part in (run.encode(), claim.encode(), key.encode(), bytes(blob)):
        digested.update(len(part).to_bytes(8, "big") + part)
    return digested.hexdigest()


def _origin(record: dict[str, Any], settings: dict[str, Any]) -> str:
    """Where an unchanged record comes from, if not from a run here."""
    tasks = settings.get("imported_tasks")
    if "imported" in settings or (isinstance(tasks, list) and task_of(record).label in tasks):
        return IMPORTED
    return MERGED if "merged" in settings else ""


def _settings(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("expected settings by name")
    return value


def _selection(text: str) -> list[str]:
    value = json.loads(text)
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("expected the names that were selected")
    return value


class Ledger:
    """An open ledger.

    Args:
        path: The file; made, with its folder, where it does not exist and is to be
            written.
        reading: Only look; then the file has to exist, and may be one that cannot be
            written.
    Raises:
        LedgerError: missing, read-only, locked, corrupt, or some other program's file.
            The file is left as it was.
    """

    def __init__(self, path: Path | None = None, *, reading: bool = False) -> None:
        self.path = (path or default_path()).expanduser().absolute()
        if reading and not self.path.exists():
            raise LedgerError(
                f"There is no ledger at {self.path}. `preality verify` makes one; --ledger PATH names another."
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(
                f"The ledger's folder {self.path.parent} cannot be made ({error.strerror}). Name another with --ledger PATH."
            ) from None
        with self._explained():
            self._db = (
                self._opened() if reading else sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            )
        try:
            with self._explained():
                tables = self._recognised()
                if not reading:
                    self._prepare(tables)
        except BaseException:
            self._db.close()
            raise

    def _opened(self) -> sqlite3.Connection:
        """A connection for reading. Where the folder cannot be written SQLite finds no
        room for its shared memory; a ledger without a log is then read as immutable,
        which nobody who could write it is there to contradict."""
        writable = os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)
        settled = not self.path.with_name(f"{self.path.name}-wal").exists()
        mode = "mode=rw" if writable else "mode=ro&immutable=1" if settled else "mode=ro"
        return sqlite3.connect(f"{self.path.as_uri()}?{mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)

    def _recognised(self) -> int:
        """How many tables the file has; refuses what is corrupt, or no ledger."""
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION_ID and tables:
            raise LedgerError(f"{self.path} is a SQLite file of another program. Name a new file with --ledger PATH.")
        if (state := self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"malformed ({' '.join(state.split())})")
        return tables

    def _prepare(self, tables: int) -> None:
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:  # a file system without shared memory
            self._db.execute("PRAGMA journal_mode = DELETE")
        self._db.execute("PRAGMA synchronous = FULL")
        if not tables:
            self._db.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} {_SUMS} PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )
        self._db.execute("BEGIN IMMEDIATE")  # fails here, before any work, where the file cannot be written
        self._db.execute(_SUMS)  # a ledger of an earlier release has none
        self._db.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if "locked" in text:
                advice = "Another process holds it; wait for it, or name another with --ledger PATH."
            elif "readonly" in text or "unable to open" in text or "attempt to write" in text:
                advice = "It cannot be written; name one that can with --ledger PATH."
            elif "full" in text or "disk I/O" in text:
                advice = (
                    "Make room, then the same command with --resume carries on; or name another with --ledger PATH."
                )
            elif "not a database" in text or "malformed" in text:
                advice = "It is corrupt, and was left as it is; move it away, or name another with --ledger PATH."
            else:
                advice = "Name another with --ledger PATH."
            raise LedgerError(f"The ledger {self.path}: {text}. {advice}") from None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; what was added is in it already."""
        self._db.close()

    def start(self, command: str, settings: dict[str, Any], selection: list[str]) -> str:
        """Open a run and return its id: the time, and four letters against
        collisions."""
        told = (time.strftime("%Y-%m-%dT%H:%M:%S%z"), encodable(command), json.dumps(settings), json.dumps(selection))
        with self._explained():
            while True:
                run = time.strftime("%Y%m%d-%H%M%S-") + uuid4().hex[:4]
                with suppress(sqlite3.IntegrityError):  # two runs of one second, with the same letters
                    self._db.execute(_START, (run, *told))
                    return run

    def add(self, run: str, record: dict[str, Any]) -> str:
        """Commit one record at once, with its sum; returns its address
        ``RUN:NUMBER``."""
        plain = {name: value for name, value in record.items() if name not in ("address", "origin")}
        row = (run, record["claim"], key_of(plain), records.encode(plain))
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                number = self._db.execute(_ADD, row).fetchone()[0]
                self._db.execute("INSERT OR REPLACE INTO sums (number, sum) VALUES (?, ?)", (number, _sum(*row)))
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
        return f"{run}:{number}"

    def reopen(self, run: str) -> list[dict[str, Any]]:
        """Go on with an interrupted run; returns what it has."""
        with self._explained():
            self._db.execute("UPDATE runs SET finished = NULL, digest = NULL WHERE id = ?", (run,))
        return self.records(run)

    def finish(self, run: str, summary: str, keys: Iterable[str]) -> None:
        """Mark a run as complete. Of an interrupted run, checks that its resumption did
        not ask for again are dropped: those of a worker that died, or of cases that a
        changed claim no longer draws."""
        with self._explained():
            known = {key for (key,) in self._db.execute("SELECT key FROM checks WHERE run = ?", (run,))}
            self._db.executemany(
                "DELETE FROM checks WHERE run = ? AND key = ?", [(run, key) for key in sorted(known - set(keys))]
            )
            self._db.execute(
                "UPDATE runs SET finished = ?, digest = ? WHERE id = ?",
                (time.strftime("%Y-%m-%dT%H:%M:%S%z"), summary, run),
            )

    def runs(self) -> list[StoredRun]:
        """All runs, the latest first."""
        with self._explained():
            rows = self._db.execute(
                "SELECT id, started, finished, command, settings, selection, digest FROM runs ORDER BY rowid DESC"
            ).fetchall()
        try:
            return [
                StoredRun(run, started, finished, command, _settings(settings), _selection(selection), digest)
                for run, started, finished, command, settings, selection, digest in rows
            ]
        except (ValueError, RecursionError) as error:
            raise LedgerError(
                f"A run of the ledger {self.path} cannot be read: {error}. Name another ledger with --ledger PATH."
            ) from None

    def run(self, name: str | None = None) -> StoredRun:
        """The run of this id (a unique beginning is enough), or the latest.

        Raises:
            LedgerError: there is no such run.
        """
        known = self.runs()
        found = [run for run in known if run.id.startswith(name or "")]
        if not found:
            listed = ", ".join(run.id for run in known[:3]) or "none yet; `preality verify` makes one"
            raise LedgerError(f"The ledger {self.path} has no run {name or ''!s}. Latest: {listed}.")
        if name and len(found) > 1 and found[0].id != name:
            raise LedgerError(
                f"{name!r} is the beginning of {len(found)} runs: {', '.join(run.id for run in found[:4])}."
            )
        return found[0]

    def resumable(self, settings: dict[str, Any], selection: list[str]) -> StoredRun | None:
        """The latest run of the same settings over the same selection, finished or
        not."""
        alike = [run for run in self.runs() if run.settings == settings and sorted(run.selection) == sorted(selection)]
        return alike[0] if alike else None

    def records(self, run: str) -> list[dict[str, Any]]:
        """A run's records in the order made, each with its ``address``; with its
        ``origin`` where that is not a run here."""
        with self._explained():
            rows = self._db.execute(
                "SELECT number, claim, key, record FROM checks WHERE run = ? ORDER BY number", (run,)
            ).fetchall()
        found = [self._read(run, *row) for row in rows]
        stored = self.run(run)
        if stored.finished and stored.digest != digest([record for _, record in found]):  # one was taken out, say
            return [{**record, "origin": CHANGED} for _, record in found]
        return [{**record, **({"origin": origin} if origin else {})} for origin, record in found]

    def _read(self, run: str, number: int, claim: str, key: str, blob: bytes) -> tuple[str, dict[str, Any]]:
        """A record with its address, and where it comes from."""
        with self._explained():
            kept = self._sums()
            known = self._db.execute("SELECT sum FROM sums WHERE number = ?", (number,)).fetchone() if kept else None
            row = self._db.execute("SELECT settings FROM runs WHERE id = ?", (run,)).fetchone()
        try:
            record = records.parse(blob)
            settings = {} if row is None else _settings(row[0])
        except (ValueError, RecursionError) as error:  # an InputError is a ValueError
            raise LedgerError(f"The record {run}:{number} of the ledger {self.path} cannot be read. {error}") from None
        changed = kept and (known is None or known[0] != _sum(run, claim, key, blob) or key_of(record) != key)
        origin = CHANGED if changed else _origin(record, settings)
        return origin, {**record, "address": f"{run}:{number}"}

    def _sums(self) -> bool:
        return bool(self._db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'sums'").fetchone()[0])

    def record(self, address: str) -> dict[str, Any]:
        """The record at ``RUN:NUMBER``."""
        run, _, number = address.rpartition(":")
        with self._explained():
            wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else -1
            row = self._db.execute(
                "SELECT number, claim, key, record FROM checks WHERE run = ? AND number = ?", (run, wanted)
            ).fetchone()
        if row is None:
            raise LedgerError(
                f"The ledger {self.path} has no record {address!r}; addresses look like RUN:NUMBER, and the report prints them."
            )
        origin, record = self._read(run, *row)
        del record["address"]
        return {**record, **({"origin": origin} if origin else {})}

    def latest(self, claim: str) -> StoredRun | None:
        """The run that has the newest check of a claim."""
        with self._explained():
            row = self._db.execute(
                "SELECT run FROM checks WHERE claim = ? ORDER BY number DESC LIMIT 1", (claim,)
            ).fetchone()
        return None if row is None else self.run(row[0])

    def history(self, claim: str) -> list[tuple[StoredRun, list[dict[str, Any]]]]:
        """Every run that touched a claim, the latest first, with its records of that
        claim."""
        found = []
        for run in self.runs():
            mine = [record for record in self.records(run.id) if record["claim"] == claim]
            if mine:
                found.append((run, mine))
        return found
