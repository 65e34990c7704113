"""A plan carried out elsewhere: every check lands exactly once, a lost one is given out
again and counted, whatever carries the messages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from proofs_checks.claim import provenance
from proofs_checks.errors import InputError, PrealityError
from proofs_checks.run.checks import Record, Task, key_of, lost_record, task_of
from proofs_checks.run.executors.packed_tasks import Said, perform, piece_of
from proofs_checks.run.records import parse
from proofs_checks.run.workers import Event, Plan

TRIES = 3  # how often a piece is given out before its loss is recorded


@dataclass(frozen=True)
class Lost:
    """A piece did not come back; ``fatal`` where it would not the next time either."""

    why: str
    fatal: bool = False


class Transport(Protocol):
    """Carries calls to other processes, and results back in any order."""

    threads: int  # that torch may take in one of them
    window: int  # how many blocks of a large computation are best given out at a time

    def submit(self, number: int, function: Callable[[Any], Any], argument: Any) -> None:
        """Give out one call."""
        ...

    def answers(self) -> Iterable[tuple[int, Any]]:
        """Wait until something came back; results, or :class:`Lost`, by number."""
        ...

    def take_reassigned(self) -> Sequence[int]:
        """The numbers of calls that were lost with a worker and given to another
        without asking."""
        ...

    def close(self) -> None:
        """Give up what is still out."""
        ...


def run(plan: Plan, transport: Transport) -> Generator[Event, None, None]:
    """Carry out a plan, yielding events; closes the transport in the end.

    Raises:
        PrealityError: the other side runs other code than this one.
    """
    homes = {claim.id: claim.page.home for claim in plan.claims}
    tasks = plan.tasks()
    waiting = dict(enumerate(tasks))
    tries = dict.fromkeys(waiting, 1)
    try:
        for number, task in waiting.items():
            transport.submit(number, perform, _piece(plan, task, homes, transport))
        while waiting:
            for number, answer in transport.answers():
                task = waiting.get(number)
                if task is None:  # it landed already: a worker that was given up came back
                    continue
                landed = answer if isinstance(answer, Lost) else _landed(answer, task, plan)
                if not isinstance(landed, Lost):
                    del waiting[number]
                    yield from (Event("record", task.label, record) for record in landed)
                    yield Event("done", task.label)
                elif landed.fatal or tries[number] >= TRIES:
                    del waiting[number]
                    yield Event("lost", task.label, lost_record(task, plan.settings, landed.why))
                else:
                    tries[number] += 1
                    transport.submit(number, perform, _piece(plan, task, homes, transport))
                    yield Event("again", task.label)
        yield from (Event("again", tasks[number].label) for number in transport.take_reassigned())
    finally:
        transport.close()


def _piece(plan: Plan, task: Task, homes: dict[str, str], transport: Transport) -> dict[str, Any]:
    known = {key: record for key, record in plan.earlier.items() if task_of(record) == task}
    return piece_of(task, plan.settings, homes[task.claim], known, transport.threads)


def _landed(said: Said, task: Task, plan: Plan) -> list[Record] | Lost:
    """The records in an answer, checked field by field: other people's code ran there."""
    found: dict[str, Record] = {}
    try:
        for kind, value in said:
            record = plan.earlier[value] if kind == "kept" else parse(msgspec.json.encode(value))
            if task_of(record) != task or key_of(record) in found:
                raise ValueError("a record of another task, or one that came twice")
            found[key_of(record)] = record
    except (ValueError, TypeError, KeyError) as error:  # an InputError is a ValueError
        return Lost(f"The answer cannot be read: {error}")
    if not found:
        return Lost("The answer holds no record")
    for record in found.values():
        _require_same_code(record, plan)
    return list(found.values())


def _require_same_code(record: Record, plan: Plan) -> None:
    claim = next(one for one in plan.claims if one.id == record["claim"])
    if claim.page.home or not record["code"]:
        return
    here = provenance.code_hash(claim.page.module, claim.page.origin)
    if record["code"] != here:
        raise InputError(
            f"The workers run other code of {claim.id} ({record['code'][:12]}) than this machine ({here[:12]}). "
            "Install the same version on both; what came before is kept, and --resume carries on."
        )


def missing(package: str, extra: str) -> PrealityError:
    """The error of an executor whose library is not installed."""
    return PrealityError(f"--executor {extra} needs {package}: pip install 'preality[{extra}]'.")


__all__ = ["Lost", "Transport", "missing", "run"]
