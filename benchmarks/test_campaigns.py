"""Checks a second on Dask against this machine's own processes, and what a check costs beyond its work: time, bytes, messages."""

from __future__ import annotations

import json
import time
from functools import cache
from operator import itemgetter
from typing import Any

import pytest

from proofs_checks.run import checks
from proofs_checks.run.executors import Local
from proofs_checks.run.executors.dask_cluster import Dask, DaskTransport
from proofs_checks.run.executors.packed_tasks import perform, piece_of
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.workers import Plan

CLAIMS = (
    "kernel.evidence", "kernel.budget", "kernel.enclosures", "hybrid.chain-rule", "hybrid.value-imbalance", "compression.nll",
    "hyperbolic.model-identity", "evaluation.kl-covers",
)  # fmt: skip
CALLS = 2000


@cache
def plan() -> Plan:
    catalogue = Catalogue()
    return Plan([catalogue[name] for name in CLAIMS], "quick", 0, "cpu")


@cache
def sample() -> tuple[dict[str, Any], list[list[Any]]]:
    """A piece and its answer, of the usual size."""
    piece = piece_of(checks.Task("hybrid.value-imbalance", "numeric"), checks.Settings(), "", {})
    return piece, perform(piece)


@pytest.mark.parametrize("jobs", [1, 2, 4])
@pytest.mark.parametrize("kind", [Local, Dask])
def test_checks_a_second(kind: Any, jobs: int, keep: Any) -> None:
    executor = Local(jobs) if kind is Local else Dask("", jobs)
    started = time.perf_counter()
    records = [event.record for event in executor.run(plan()) if event.record]
    seconds = time.perf_counter() - started
    figures = {
        "checks a second, with the start": round(len(records) / seconds, 2),
        "digest": checks.digest(records)[:12],
    }
    keep(f"{executor.name}, {jobs} process{'es' * (jobs > 1)}", figures)


def test_what_a_check_costs_beyond_its_work(keep: Any) -> None:
    piece, answer = sample()
    echo, both = (
        itemgetter("answer"),
        {"piece": piece, "answer": answer},
    )  # an answer without work, which travels both ways
    transport = DaskTransport("", 2)
    try:
        waiting = 8  # both workers load the code first
        for number in range(waiting):
            transport.submit(number, echo, both)
        while waiting:
            waiting -= len(list(transport.answers()))
        started = time.perf_counter()
        for number in range(CALLS):
            transport.submit(number, echo, both)
        landed = 0
        while landed < CALLS:
            landed += len(list(transport.answers()))
        seconds = time.perf_counter() - started
    finally:
        transport.close()

    figures = {
        "milliseconds a piece (limit 5)": round(1e3 * seconds / CALLS, 3),
        "milliseconds a check": round(1e3 * seconds / CALLS / len(answer), 3),
        "checks in the piece": len(answer),
        "bytes sent": len(json.dumps(piece)),
        "bytes of the answer, a check": len(json.dumps(answer)) // len(answer),
    }
    keep("beyond the work of a check", figures)


def test_writes_of_the_ledger(tmp_path: Any, keep: Any) -> None:
    from proofs_checks.run.ledger import Ledger

    records = [record for _, record in sample()[1]]
    with Ledger(tmp_path / "ledger.sqlite") as book:
        run = book.start("benchmark", {"profile": "quick"}, [])
        started = time.perf_counter()
        for number in range(500):
            book.add(run, {**records[0], "k": number + 1})
        seconds = time.perf_counter() - started
    keep("ledger", {"records kept a second, each committed": round(500 / seconds)})
