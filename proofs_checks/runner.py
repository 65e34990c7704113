"""A whole run: tasks handed to worker processes, records handed back one by one and committed by the parent alone.

A worker that dies (a crash in a library, a full memory) costs the check it was at: the parent notices, records an
error for that task, starts another worker and goes on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from proofs_checks.claim import Claim
from proofs_checks.errors import PrealityError

Record = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One thing that happened: a ``record`` was made, a task is ``done``, or a worker was ``lost``."""

    kind: str
    label: str
    record: Record | None = None


@dataclass(frozen=True)
class Plan:
    """What a run does: claims, settings, files that define claims of their own, and earlier records to keep."""

    claims: Sequence[Claim]
    profile: str
    seed: int
    device: str
    files: Sequence[str] = ()
    earlier: Mapping[str, Record] = field(default_factory=dict)
    control: str = ""

    def tasks(self) -> list[tuple[str, str, str]]:
        """(claim, route, control) of every task; exact routes first, since they are the longest single pieces."""
        found = []
        for claim in self.claims:
            pairs = [(route, "") for route in claim.routes]
            pairs += [(route, name) for name, page in claim.page.controls.items() for route in page.routes]
            found += [(claim.id, route, name) for route, name in pairs if not self.control or name == self.control]
        return sorted(found, key=lambda task: (task[2] != "", task[1] not in ("exact", "certified")))


def run(plan: Plan, *, jobs: int | None = None) -> Generator[Event, None, None]:
    """Carry out a plan in ``jobs`` processes (as many as there are cores unless told otherwise), yielding events."""
    tasks = deque(plan.tasks())
    count = min(jobs or cores(), len(tasks))
    pool: list[_Worker] = []
    try:
        for _ in range(count):
            pool.append(_Worker(plan, max(1, cores() // count)))
            pool[-1].give(tasks)
        while busy := [worker for worker in pool if worker.task]:
            for connection in wait([worker.connection for worker in busy]):
                worker = next(worker for worker in pool if worker.connection is connection)
                event = worker.read()
                if event.kind == "lost":
                    pool[pool.index(worker)] = worker = worker.replaced()
                if event.kind in ("done", "lost"):
                    worker.give(tasks)
                yield event
    finally:
        for worker in pool:
            worker.stop()


def cores() -> int:
    """How many cores this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes started here are born deaf to interrupts, which a terminal sends to the whole group: a child that is
    still importing would print a traceback. A signal that is ignored stays so across exec."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, known)


class _Worker:
    """The parent's end of one worker process."""

    def __init__(self, plan: Plan, threads: int) -> None:
        self.plan, self.threads = plan, threads
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        options = (plan.profile, plan.seed, plan.device, tuple(plan.files), threads)
        self.process = context.Process(target=_work, args=(theirs, options), daemon=True)
        with _deaf():
            self.process.start()
        theirs.close()
        self.task: tuple[str, str, str] | None = None

    def give(self, tasks: deque[tuple[str, str, str]]) -> None:
        self.task = tasks.popleft() if tasks else None
        if self.task is None:
            return
        claim, route, control = self.task
        known = {
            key: record
            for key, record in self.plan.earlier.items()
            if (record["claim"], record["route"], record["control"]) == self.task
        }
        with suppress(BrokenPipeError):  # the loss is noticed at the next read
            self.connection.send((claim, route, control, known))

    @property
    def label(self) -> str:
        claim, route, control = self.task or ("", "", "")
        return f"{claim} {route}" + (f" / {control}" if control else "")

    def read(self) -> Event:
        try:
            kind, value = self.connection.recv()
        except (EOFError, OSError):  # OSError: it died in the middle of a message
            self.process.join(timeout=5)
            return Event("lost", self.label, self._loss())
        if kind == "failed":
            raise PrealityError(value)
        return Event(kind, self.label, value)

    def _loss(self) -> Record:
        from proofs_checks.checks import PROFILES, Settings, Task, lost

        claim_id, route, control = self.task or ("", "", "")
        claim = next(claim for claim in self.plan.claims if claim.id == claim_id)
        code = self.process.exitcode
        settings = Settings(PROFILES[self.plan.profile], self.plan.seed, self.plan.device)
        return lost(
            claim,
            Task(claim_id, route, control),
            settings,
            f"The worker process died (exit code {code}); out of memory, or a crash in a library.",
        )

    def replaced(self) -> _Worker:
        self.stop()
        return _Worker(self.plan, self.threads)

    def stop(self) -> None:
        self.connection.close()
        if self.process.is_alive():
            self.process.terminate()
        self.process.join(timeout=5)
        if self.process.is_alive():
            self.process.kill()


def _work(connection: Connection, options: tuple[str, int, str, tuple[str, ...], int]) -> None:
    """A worker's life: read a task, send its records one by one, say done, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    os.dup2(2, 1)  # what a claim prints must not mix with the parent's table or JSON
    profile, seed, device, files, threads = options
    try:
        claims, settings = _prepared(profile, seed, device, files, threads)
    except (PrealityError, ImportError, OSError) as error:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.send(
                (
                    "failed",
                    str(error)
                    if isinstance(error, PrealityError)
                    else f"A worker could not start: {type(error).__name__}: {error}",
                )
            )
        return
    from proofs_checks.checks import Task, run_task

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            claim, route, control, known = connection.recv()
            for record in run_task(claims[claim], Task(claim, route, control), settings, known):
                connection.send(("record", record))
            connection.send(("done", None))


def _prepared(profile: str, seed: int, device: str, files: tuple[str, ...], threads: int) -> tuple[Any, Any]:
    import torch

    from proofs_checks.catalogue import Catalogue
    from proofs_checks.checks import PROFILES, Settings

    torch.set_num_threads(threads)
    claims = Catalogue()
    for path in files:
        claims.add_file(path)
    return claims, Settings(PROFILES[profile], seed, device)
