"""Checks as jobs of Slurm, through submitit.

The tasks are dealt into a few jobs for each place, so that a job that waits long, or
is preempted, holds up little. A job that fails is submitted again with what it held.
"""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from numerics.blocks import Over
from proofs_checks.errors import InputError
from proofs_checks.run.executors.blocks import blocks_on
from proofs_checks.run.executors.remote_plan import Lost, missing, run
from proofs_checks.run.workers import Event, Plan
from proofs_checks.wording import error_line

JOBS_A_PLACE = 4  # jobs for each that may run at a time
PLACES = 16  # jobs at a time, unless told otherwise
POLL_SECONDS = 0.5
FOLDER = "preality-slurm"


class Slurm:
    """At most ``jobs`` jobs at a time; ``options`` go to ``sbatch``."""

    name = "slurm"

    def __init__(self, jobs: int | None = None, options: Mapping[str, str] | None = None) -> None:
        self.jobs, self.options = jobs, dict(options or {})

    def run(self, plan: Plan) -> Generator[Event, None, None]:
        """Every check of the plan, as events."""
        return run(plan, SlurmTransport(self.jobs, self.options))

    def blocks(self) -> AbstractContextManager[Over]:
        """What carries out blocks of one large computation."""
        return blocks_on(SlurmTransport(self.jobs, self.options))


class SlurmTransport:
    """Calls in jobs.

    Args:
        options: submitit's parameters, as text; ``cluster=local`` runs the jobs as
            processes of this machine, ``folder`` is where their files go
            (``preality-slurm`` here unless told otherwise).
    Raises:
        PrealityError: submitit is not installed.
        InputError: no Slurm here, or an option that it does not know.
    """

    threads = 1
    window = 10_000  # a job waits in a queue: few of them, with many blocks each

    def __init__(self, jobs: int | None, options: Mapping[str, str]) -> None:
        try:
            import submitit
        except ImportError:
            raise missing("submitit", "slurm") from None
        chosen = {name: _value(text) for name, text in options.items()}
        folder = Path(str(chosen.pop("folder", FOLDER))).absolute() / "%j"
        cluster = chosen.pop("cluster", "slurm")
        self.places = jobs or PLACES
        self.threads = int(chosen.get("cpus_per_task", 1))
        try:
            self.executor = submitit.AutoExecutor(folder, cluster=cluster)
            parallel = {"slurm_array_parallelism": self.places} if cluster == "slurm" else {}
            self.executor.update_parameters(**{"timeout_min": 120, "name": "preality", **parallel, **chosen})
        except (RuntimeError, ValueError, TypeError, NameError) as error:
            raise InputError(
                f"Slurm cannot be used: {error_line(error)}. --slurm takes NAME=VALUE as submitit names them "
                "(partition, timeout_min, cpus_per_task, gpus_per_node, ...)."
            ) from None
        self.waiting: list[tuple[int, Callable[[Any], Any], Any]] = []
        self.out: list[tuple[Any, list[int]]] = []

    def submit(self, number: int, function: Callable[[Any], Any], argument: Any) -> None:
        """Keep one call for the next jobs."""
        self.waiting.append((number, function, argument))

    def answers(self) -> Iterator[tuple[int, Any]]:
        """What the jobs that have ended hold; waits for the first."""
        self._dispatch()
        while not (ready := [pair for pair in self.out if pair[0].done()]):
            time.sleep(POLL_SECONDS)
        for job, numbers in ready:
            self.out.remove((job, numbers))
            yield from _results(job, numbers)

    def _dispatch(self) -> None:
        """What waits, dealt into jobs."""
        if not self.waiting:
            return
        count = min(len(self.waiting), self.places * JOBS_A_PLACE)
        hands = [self.waiting[k::count] for k in range(count)]
        self.waiting = []
        with self.executor.batch():
            jobs = [
                self.executor.submit(call_all, [(function, argument) for _, function, argument in hand])
                for hand in hands
            ]
        self.out += [(job, [number for number, _, _ in hand]) for job, hand in zip(jobs, hands, strict=True)]

    def take_reassigned(self) -> list[int]:
        """None: a job that fails comes back as lost."""
        return []

    def close(self) -> None:
        """Cancel the jobs that have not ended."""
        for job, _ in self.out:
            job.cancel()
        self.out = []


def call_all(calls: list[tuple[Callable[[Any], Any], Any]]) -> list[Any]:
    """The results of calls one after another; a text where one raised."""
    from proofs_checks.errors import PrealityError

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: list[Any] = []
    for function, argument in calls:
        try:
            found.append(["result", function(argument)])
        except PrealityError as error:
            found.append(["refused", str(error)])
        except Exception as error:  # noqa: BLE001  told to whoever submitted the job
            found.append(["raised", error_line(error)])
    return found


def _results(job: Any, numbers: list[int]) -> Iterator[tuple[int, Any]]:
    try:
        found = job.result()
    except Exception as error:  # noqa: BLE001  the job was killed, ran out of time or memory, or was preempted
        last = str(error).strip().splitlines()
        yield from (
            (number, Lost(f"Slurm's job {job.job_id} did not end: {last[-1] if last else error_line(error)}"))
            for number in numbers
        )
        return
    for number, (kind, value) in zip(numbers, found, strict=True):
        yield number, value if kind == "result" else Lost(value, kind == "refused")


def _value(text: str) -> Any:
    """A number where the text is one."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
