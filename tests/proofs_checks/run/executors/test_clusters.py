"""The real things: a Dask cluster of four processes, one killed and one added in mid-run; jobs of submitit's local executor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.errors import InputError
from proofs_checks.run import checks
from proofs_checks.run.executors import executor
from proofs_checks.run.executors.dask_cluster import Dask
from proofs_checks.run.executors.slurm import Slurm
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.workers import Plan

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'preality[dask]'")
pytest.importorskip("submitit", reason="submitit is not installed: pip install 'preality[slurm]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # Dask's and submitit's own
ROOT = Path(__file__).resolve().parents[4]
CLAIMS = ("kernel.evidence", "kernel.budget", "kernel.enclosures", "hybrid.chain-rule")


def plan(*ids: str) -> Plan:
    catalogue = Catalogue()
    return Plan([catalogue[name] for name in ids], "quick", 0, "cpu")


def digest_here(of: Plan) -> str:
    claims = {claim.id: claim for claim in of.claims}
    made = [record for task in of.tasks() for record in checks.run_task(claims[task.claim], task, of.settings)]
    return checks.digest(made)


class Cluster:
    """A scheduler and workers as a person starts them."""

    def __init__(self, folder: Path) -> None:
        self.file, self.folder = folder / "scheduler.json", folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start("scheduler", "--port", "0", "--no-dashboard")

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(self.file)]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
        }
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", "--nthreads", "1", "--no-dashboard", "--no-nanny")

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.stop()


@pytest.mark.alone
def test_a_dask_cluster_that_loses_a_worker_and_gains_one_ends_with_the_same_digest(cluster: Cluster) -> None:
    workers = [cluster.worker() for _ in range(4)]
    with distributed.Client(scheduler_file=str(cluster.file), timeout=60, set_as_default=False) as client:
        client.wait_for_workers(4, timeout=60)
        address = client.scheduler.address
        whole = plan(*CLAIMS)
        records: list[dict[str, Any]] = []
        kinds: Counter[str] = Counter()
        for event in Dask(address).run(whole):
            kinds[event.kind] += 1
            records += [event.record] if event.record else []
            if kinds["done"] == 1 and workers[0].poll() is None:
                workers[0].send_signal(signal.SIGKILL)
                cluster.worker()
    assert kinds["done"] == len(whole.tasks())
    assert kinds["lost"] == 0
    assert kinds["again"] >= 1  # the killed worker was at a task
    assert len({checks.key_of(record) for record in records}) == len(records)
    assert checks.digest(records) == digest_here(whole)


@pytest.mark.alone
def test_jobs_of_submitit_end_with_the_same_digest(tmp_path: Path) -> None:
    whole = plan("kernel.evidence")
    events = list(Slurm(1, {"cluster": "local", "folder": str(tmp_path)}).run(whole))
    records = [event.record for event in events if event.record]
    assert checks.digest(records) == digest_here(whole)


def test_a_scheduler_that_does_not_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofs_checks.run.executors.dask_cluster.CONNECTING_SECONDS", 1)
    with pytest.raises(InputError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(Dask("tcp://127.0.0.1:9").run(plan("kernel.evidence")))


def test_a_machine_without_slurm_and_options_that_it_does_not_know_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Slurm cannot be used"):
        list(Slurm(1, {"folder": str(tmp_path)}).run(plan("kernel.evidence")))
    with pytest.raises(InputError, match="Slurm cannot be used"):
        list(Slurm(1, {"cluster": "local", "folder": str(tmp_path), "colour": "red"}).run(plan("kernel.evidence")))


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("ray", {}, "There is no executor 'ray'"),
        ("local", {"address": "tcp://a:1"}, "--address is that of a Dask scheduler"),
        ("dask", {"options": {"partition": "gpu"}}, "--slurm options go to Slurm"),
    ],
)
def test_options_of_another_executor_are_refused(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        executor(name, **settings)
