"""Where the checks of a run are carried out: on this machine, on a Dask cluster, or by
Slurm.

An executor takes a plan and yields what happens, each record exactly once. The caller
alone writes the ledger, so that an interrupted run is resumed in the same way
everywhere, and its digest is the same.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from numerics.blocks import Over
from proofs_checks.errors import InputError
from proofs_checks.run.workers import Event, Plan, run

NAMES = ("local", "dask", "slurm")


class Executor(Protocol):
    """Carries out a plan; ``name`` is what the command line calls it."""

    name: str

    def run(self, plan: Plan) -> Generator[Event, None, None]:
        """Every check of the plan, as events."""
        ...

    def blocks(self) -> AbstractContextManager[Over]:
        """What an audit takes as ``over``, while the context lasts: it carries out the
        blocks of one large computation."""
        ...


class Local:
    """Processes of this machine, as many as there are cores unless told otherwise."""

    name = "local"

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = jobs

    def run(self, plan: Plan) -> Generator[Event, None, None]:
        """Every check of the plan, as events."""
        return run(plan, jobs=self.jobs)

    def blocks(self) -> AbstractContextManager[Over]:
        """Blocks are carried out in this process, by torch's threads."""
        return nullcontext(map)


def executor(
    name: str, *, jobs: int | None = None, address: str = "", options: Mapping[str, str] | None = None
) -> Executor:
    """The executor of this name.

    Args:
        jobs: Processes; of Slurm, how many jobs at a time.
        address: Of a Dask scheduler; a cluster of ``jobs`` processes is started here
            where it is left out.
        options: What Slurm's ``sbatch`` is to be told, as submitit names it:
            ``partition``, ``timeout_min``, ``gpus_per_node``, ...
    Raises:
        InputError: there is none, or an option that it does not take.
    """
    if name not in NAMES:
        raise InputError(f"There is no executor {name!r}; there are {', '.join(NAMES)}.")
    if address and name != "dask":
        raise InputError(f"--address is that of a Dask scheduler; the executor is {name}. Say --executor dask.")
    if options and name != "slurm":
        raise InputError(f"--slurm options go to Slurm; the executor is {name}. Say --executor slurm.")
    if name == "dask":
        from proofs_checks.run.executors.dask_cluster import Dask

        return Dask(address, jobs)
    if name == "slurm":
        from proofs_checks.run.executors.slurm import Slurm

        return Slurm(jobs, options)
    return Local(jobs)


__all__ = ["NAMES", "Executor", "Local", "executor"]
