"""A whole run: tasks handed to worker processes, records handed back one by one and
committed by the parent alone.

A worker that dies (a crash in a library, a full memory) costs the check it was at: the
parent notices, records an error for that task, starts another worker and goes on.
Claims of a file or of somebody's package have workers of their own, so that what their
code changes in its process changes no other claim's verdict.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from proofs_checks.claim.claim import Claim
from proofs_checks.claim.collection import Collection
from proofs_checks.claim.isolation import LONGEST, deaf, end
from proofs_checks.errors import PrealityError
from proofs_checks.run.checks import PROFILES, Record, Settings, Task, lost_record, run_task, task_of, tasks_of
from proofs_checks.run.records import parse
from proofs_checks.wording import error_line

LOADING_SECONDS = 120.0  # for the code of a file or of somebody's package; the catalogue's own has no limit

_NONSENSE = (
    EOFError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    RecursionError,
)  # it died, also in the middle of a message, or talks nonsense


@dataclass(frozen=True)
class Event:
    """One thing that happened: a ``record`` was made, a task is ``done``, a worker was
    ``lost`` with its check, or the check is made ``again``."""

    kind: str
    label: str
    record: Record | None = None


class Shard(NamedTuple):
    """One part of a run that is dealt into several; the numbers begin with 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class Plan:
    """What a run does: claims, settings, and earlier records to keep."""

    claims: Sequence[Claim]
    profile: str
    seed: int
    device: str
    earlier: Mapping[str, Record] = field(default_factory=dict)
    control: str = ""
    routes: tuple[str, ...] | None = None
    shard: Shard | None = None

    def tasks(self) -> list[Task]:
        """Every task; exact routes first, since they are the longest single pieces."""
        found = [task for claim in self.claims for task in tasks_of(claim, routes=self.routes)]
        chosen = [task for task in found if not self.control or task.control == self.control]
        dealt = sorted(chosen, key=lambda task: (task.control != "", task.route not in ("exact", "certified")))
        return dealt if self.shard is None else dealt[self.shard.number - 1 :: self.shard.of]

    def queues(self) -> dict[str, deque[Task]]:
        """The tasks by the home of their claims: the catalogue's own first."""
        homes = {claim.id: claim.page.home for claim in self.claims}
        found: dict[str, deque[Task]] = {"": deque()}
        for task in self.tasks():
            found.setdefault(homes[task.claim], deque()).append(task)
        return found

    @property
    def settings(self) -> Settings:
        """What all checks of the run share."""
        return Settings(PROFILES[self.profile], self.seed, self.device)


def run(plan: Plan, *, jobs: int | None = None) -> Generator[Event, None, None]:
    """Carry out a plan in ``jobs`` processes (as many as there are cores unless told
    otherwise), yielding events."""
    queues = plan.queues()
    count = min(jobs or cores(), sum(map(len, queues.values())))
    pool: list[_Worker] = []
    try:
        while True:
            while len(pool) < count and (home := _next_home(queues)) is not None:
                pool.append(_Worker(plan, home, max(1, cores() // count)))
                pool[-1].give(queues[home])
            if not pool:
                return
            for worker in _ready(pool):
                event = worker.read()
                yield event
                if event.kind == "lost" and worker.broken:  # the code itself: what is left of it would end alike
                    yield from worker.losses(queues[worker.home])
                if event.kind == "done":
                    worker.give(queues[worker.home])
                if event.kind == "lost" or worker.task is None:
                    pool.remove(worker)
                    worker.stop()
    finally:
        for worker in pool:
            worker.stop()


def _next_home(queues: Mapping[str, deque[Task]]) -> str | None:
    return next((home for home, tasks in queues.items() if tasks), None)


def _ready(pool: Sequence[_Worker]) -> list[_Worker]:
    """The workers that have something to say, or whose time for loading is over."""
    while True:
        limits = [worker.limit - time.monotonic() for worker in pool if worker.limit is not None]
        heard = wait([worker.connection for worker in pool], timeout=max(0.0, min(limits)) if limits else None)
        found = [worker for worker in pool if worker.connection in heard or worker.late]
        if found:
            return found


def cores() -> int:
    """How many cores this process may use, which in a container can be fewer than the
    machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    """The parent's end of one worker process."""

    def __init__(self, plan: Plan, home: str, threads: int) -> None:
        self.plan, self.home, self.threads = plan, home, threads
        self.broken = False
        self.limit: float | None = None
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        options = (plan.profile, plan.seed, plan.device, home, threads)
        self.process = context.Process(target=_work, args=(theirs, options), daemon=True)
        with deaf():
            self.process.start()
        theirs.close()
        self.task: Task | None = None

    @property
    def late(self) -> bool:
        """Whether the code should have been loaded by now."""
        return self.limit is not None and time.monotonic() >= self.limit

    def give(self, tasks: deque[Task]) -> None:
        self.task = tasks.popleft() if tasks else None
        if self.task is None:
            return
        known = {key: record for key, record in self.plan.earlier.items() if task_of(record) == self.task}
        with suppress(OSError):  # the loss is noticed at the next read
            self.connection.send((self.task, known))

    @property
    def label(self) -> str:
        return self.task.label if self.task else ""

    def read(self) -> Event:
        """What the worker says; text, since what a stranger's code pickled would be run
        here when it is read."""
        if self.late and not self.connection.poll():
            return self._lost(f"The code of {self.home} did not end loading within {LOADING_SECONDS:g} s.")
        try:
            kind, value = json.loads(self.connection.recv_bytes(LONGEST))
            if kind == "record":
                value = parse(json.dumps(value))
            if kind == "kept":
                kind, value = "record", self.plan.earlier[value]  # pyright: ignore[reportArgumentType]
            if kind == "record" and task_of(value) != self.task:
                raise ValueError("a record of another task")
            if kind not in ("record", "failed", "started", "loaded", "done"):
                raise ValueError("a word that no worker says")
        except _NONSENSE:
            self.process.join(timeout=5)
            code = self.process.exitcode
            return self._lost(f"The worker process died (exit code {code}); out of memory, or a crash in a library.")
        if kind == "failed" and self.home:  # a stranger's code may say so, too
            return self._lost(str(value))
        if kind == "failed":
            raise PrealityError(value)
        if kind in ("started", "loaded"):
            self.limit = time.monotonic() + LOADING_SECONDS if kind == "started" and self.home else None
        return Event(kind, self.label, value if kind == "record" else None)

    def _lost(self, why: str) -> Event:
        assert self.task is not None  # only a worker that was given one is listened to
        self.broken = self.limit is not None
        self.why = why
        return Event("lost", self.label, lost_record(self.task, self.plan.settings, why))

    def losses(self, tasks: deque[Task]) -> Generator[Event, None, None]:
        """The rest of a claim whose code cannot be loaded."""
        for task in [task for task in tasks if self.task is not None and task.claim == self.task.claim]:
            tasks.remove(task)
            yield Event("lost", task.label, lost_record(task, self.plan.settings, self.why))

    def stop(self) -> None:
        self.connection.close()
        end(self.process)


def _work(connection: Connection, options: tuple[str, int, str, str, int]) -> None:
    """A worker's life: read a task, send its records one by one, say done, until the
    pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    with suppress(OSError):
        os.dup2(2, 1)  # what a claim prints must not mix with the parent's table or JSON
    profile, seed, device, home, threads = options

    def say(kind: str, value: Any) -> None:
        connection.send_bytes(json.dumps([kind, value]).encode())

    settings = Settings(PROFILES[profile], seed, device)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            catalogue = _prepared(home, threads)
        except (PrealityError, ImportError, OSError, MemoryError, RuntimeError) as error:
            return say(
                "failed",
                str(error) if isinstance(error, PrealityError) else f"A worker could not start: {error_line(error)}",
            )
        while True:
            task, known = connection.recv()
            say("started", None)
            claim = _claim_of(task, catalogue, home)
            say("loaded", None)
            kept = {id(record): key for key, record in known.items()}
            made = (
                [lost_record(task, settings, claim)]
                if isinstance(claim, str)
                else run_task(claim, task, settings, known)
            )
            for record in made:
                say(*(("kept", kept[id(record)]) if id(record) in kept else ("record", record)))
            say("done", None)


def _prepared(home: str, threads: int) -> Collection:
    """The catalogue, with other people's packages where the worker is for these; none
    of their code has run."""
    import torch

    from proofs_checks.run.interactive import Catalogue

    torch.set_num_threads(threads)
    return Catalogue(plugins=bool(home) and not home.endswith(".py"))


def _claim_of(task: Task, catalogue: Collection, home: str) -> Claim | str:
    """The claim of a task with its code loaded, or why there is none."""
    try:
        if task.claim not in catalogue and home.endswith(".py"):
            catalogue.add_file(home)
    except PrealityError as error:
        return str(error)
    if task.claim not in catalogue:
        return f"{home} no longer defines {task.claim} when it is read again; a claim's id is permanent."
    with suppress(BaseException):  # run_task calls it again, and records what it raises
        catalogue[task.claim].code  # noqa: B018
    return catalogue[task.claim]
