"""Runs of several ledgers made into one: shards of a run, or proofs from one machine and
measurements from another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofs_checks.claim.claim import Claim
from proofs_checks.errors import InputError
from proofs_checks.inputs.files import quoted_name
from proofs_checks.run.checks import CHANGED, IMPORTED, Record, key_of, task_of
from proofs_checks.run.imported_records import require_possible
from proofs_checks.run.ledger import Ledger, StoredRun

_SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True)
class Part:
    """A run of one ledger that is to be merged."""

    path: Path
    run: StoredRun
    records: list[Record]

    @property
    def shard(self) -> tuple[int, int] | None:
        """Its number and how many there are, if it is a shard."""
        match = _SHARD.fullmatch(str(self.run.settings.get("shard", "")))
        return (int(match[1]), int(match[2])) if match else None


def parts(paths: Sequence[Path]) -> list[Part]:
    """The latest run of each ledger; of a ledger that holds several shards of it, the
    latest of each."""
    return [part for path in dict.fromkeys(path.absolute() for path in paths) for part in _parts_of(path)]


def _parts_of(path: Path) -> Iterator[Part]:
    with Ledger(path, reading=True) as book:
        runs = book.runs()
        newest = book.run()
        alike = [newest]
        if "shard" in newest.settings:
            chosen = {
                str(run.settings.get("shard")): run for run in reversed(runs) if _unsharded(run) == _unsharded(newest)
            }
            alike = list(chosen.values())
        for run in alike:
            yield Part(path, run, book.records(run.id))


def _unsharded(run: StoredRun) -> tuple[dict[str, Any], list[str]]:
    return {name: value for name, value in run.settings.items() if name != "shard"}, sorted(run.selection)


@dataclass(frozen=True)
class Merged:
    """What one run is made of: its settings, its selection, and its records."""

    settings: dict[str, Any]
    selection: list[str]
    records: list[Record]


def merge(found: Sequence[Part], catalogue: Mapping[str, Claim]) -> Merged:
    """One run of several.

    Raises:
        InputError: they are not parts of one run (seed, profile, control), a shard is
            missing or unfinished, one check was made twice with different outcomes, a
            record was changed after it was kept, or was made by other code than is
            here.
    """
    if not found:
        raise InputError("Nothing to merge: name the ledgers, `preality merge A.sqlite B.sqlite`.")
    for name in ("profile", "seed", "control"):
        values = list(dict.fromkeys(str(part.run.settings.get(name, "")) for part in found))
        if len(values) > 1:
            raise InputError(f"Runs of different {name} are not parts of one: {', '.join(values)}.")
    _require_whole(found)
    records: dict[str, Record] = {}
    for part in found:
        for record in part.records:
            _require_admissible(record, part, catalogue)
            known = records.setdefault(key_of(record), record)
            if known["verdict"]["status"] != record["verdict"]["status"]:
                raise InputError(
                    f"{task_of(record).label}, check {record['k']}, was made twice with different outcomes "
                    f"({known['verdict']['status']}, {record['verdict']['status']}); `preality replay` tells which is right."
                )
    first = found[0].run.settings
    devices = dict.fromkeys(str(part.run.settings.get("device")) for part in found)
    imported = sorted({task_of(record).label for record in records.values() if record.get("origin") == IMPORTED})
    settings = {
        "profile": first["profile"], "seed": first["seed"], "device": ", ".join(devices), "control": first.get("control", ""),
        "merged": [f"{quoted_name(part.path)} {part.run.id}" for part in found], "imported_tasks": imported,
    }  # fmt: skip
    selection = list(dict.fromkeys(name for part in found for name in part.run.selection))
    return Merged(settings, selection, list(records.values()))


def _require_whole(found: Sequence[Part]) -> None:
    for part in found:
        if part.run.finished is None:
            raise InputError(
                f"The run {part.run.id} of {quoted_name(part.path)} is not finished; carry it on with --resume, then merge."
            )
    numbers = [part.shard for part in found if part.shard is not None]
    if not numbers:
        return
    if len({of for _, of in numbers}) > 1:
        raise InputError(f"Shards of runs that were dealt differently: {', '.join(f'{n}/{of}' for n, of in numbers)}.")
    of = numbers[0][1]
    if absent := sorted(set(range(1, of + 1)) - {number for number, _ in numbers}):
        listed = ", ".join(f"{number}/{of}" for number in absent[:8])
        raise InputError(
            f"{len(absent)} of {of} shards are missing: {listed}. Make them with --shard, and name their ledgers."
        )


def _require_admissible(record: Record, part: Part, catalogue: Mapping[str, Claim]) -> None:
    where = f"{task_of(record).label}, check {record['k']}, of {quoted_name(part.path)}"
    if record.get("origin") == CHANGED:
        raise InputError(f"{where}: the record was changed after it was kept. Nothing was merged.")
    claim = catalogue[record["claim"]]
    plain = {name: value for name, value in record.items() if name not in ("address", "origin")}
    try:
        require_possible(plain, claim)
    except InputError as error:
        raise InputError(f"{where}: {error} Nothing was merged.") from None
    if record["code"] and record["code"] != claim.code_hash:
        raise InputError(
            f"{where}: it was made by other code ({record['code'][:12]}) than is installed here ({claim.code_hash[:12]}). "
            "Merge with the version that made it. Nothing was merged."
        )


__all__ = ["Merged", "Part", "merge", "parts"]
