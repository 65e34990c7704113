"""Checks on a Dask cluster, through Dask's own scheduler.

Workers may join late, die and be replaced. Dask gives the work of one that died to
another; a piece whose workers keep dying comes back as lost, and is given out again
by :mod:`proofs_checks.run.executors.remote_plan`. A worker takes the GPU that the
CUDA_VISIBLE_DEVICES of whoever started it names.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

from numerics.blocks import Over
from proofs_checks.errors import InputError, PrealityError
from proofs_checks.run.executors.blocks import blocks_on
from proofs_checks.run.executors.remote_plan import Lost, missing, run
from proofs_checks.run.workers import Event, Plan, cores
from proofs_checks.wording import error_line

CONNECTING_SECONDS = 30


class Dask:
    """The cluster at ``address``, or one of ``jobs`` processes started for the run."""

    name = "dask"

    def __init__(self, address: str = "", jobs: int | None = None) -> None:
        self.address, self.jobs = address, jobs

    def run(self, plan: Plan) -> Generator[Event, None, None]:
        """Every check of the plan, as events."""
        return run(plan, DaskTransport(self.address, self.jobs))

    def blocks(self) -> AbstractContextManager[Over]:
        """What carries out blocks of one large computation."""
        return blocks_on(DaskTransport(self.address, self.jobs))


class DaskTransport:
    """Calls as Dask futures.

    Raises:
        PrealityError: Dask is not installed.
        InputError: there is no scheduler at the address.
    """

    def __init__(self, address: str = "", jobs: int | None = None) -> None:
        try:
            from distributed import Client, LocalCluster, as_completed
        except ImportError:
            raise missing("Dask", "dask") from None
        self.cluster = None
        if not address:
            quiet: dict[str, Any] = {"dashboard_address": None, "silence_logs": 50}
            self.cluster = LocalCluster(n_workers=jobs or cores(), threads_per_worker=1, processes=True, **quiet)
        try:
            self.client = Client(self.cluster or address, timeout=CONNECTING_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"No Dask scheduler answers at {address} ({error_line(error)}). Start one with `dask scheduler`, and workers "
                f"with `dask worker {address} --nthreads 1`."
            ) from None
        self.threads = max(1, cores() // (jobs or cores())) if self.cluster else 1
        self.window = 4 * max(1, jobs or cores() if self.cluster else len(self.client.scheduler_info()["workers"]))
        self.token = uuid4().hex[:8]
        self.given = 0
        self.numbers: dict[str, int] = {}
        self.queue = as_completed([], loop=self.client.loop)

    def submit(self, number: int, function: Callable[[Any], Any], argument: Any) -> None:
        """Give out one call."""
        self.given += 1
        key = f"preality-{self.token}-{self.given}"
        self.numbers[key] = number
        self.queue.add(self.client.submit(function, argument, key=key, pure=False))

    def answers(self) -> Iterator[tuple[int, Any]]:
        """What came back since the last call; waits for the first."""
        for future in self.queue.next_batch(block=True):
            yield self.numbers[future.key], self._answer(future)

    def _answer(self, future: Any) -> Any:
        if future.status == "finished":
            return future.result()
        if future.status == "cancelled":
            raise PrealityError(
                "The Dask scheduler gave up the run, or died. The same command with --resume carries on."
            )
        error = future.exception()
        return Lost(
            str(error) if isinstance(error, PrealityError) else error_line(error), isinstance(error, PrealityError)
        )

    def take_reassigned(self) -> list[int]:
        """The numbers of calls that Dask took from a worker that died."""
        told: Any = self.client.get_events("all")
        gone = [event for _, event in told if event.get("action") == "remove-worker"]
        keys = {
            key
            for event in gone
            if not event.get("expected", False)
            for key in (*event.get("processing-tasks", ()), *event.get("lost-computed-tasks", ()))
        }
        return sorted(self.numbers[key] for key in keys & set(self.numbers))

    def close(self) -> None:
        """Let go of the cluster; one that was started here ends."""
        self.client.close()
        if self.cluster is not None:
            self.cluster.close()
