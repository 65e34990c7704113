"""Any score on a flow of the digits, 64 dimensions: how many evaluations, how much time beyond them, and which points the numbers lose."""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from proofs_checks.audits.density import audit_density
from proofs_checks.audits.density.maps import Bijection, build, represent

FILE = Path(__file__).parents[1] / "examples" / "digits_flow.py"
ROUNDS, POINTS = 5, 64


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_flow_example", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Counted:
    """A function that notes the sizes of the batches that it is evaluated on."""

    def __init__(self, function: object) -> None:
        self.function, self.sizes = function, []

    def __call__(self, x: Tensor) -> Tensor:
        self.sizes.append(x.shape[0])
        return self.function(x)


def bare(log_prob: Counted, log_score: Counted, x: Tensor, calls: list[int]) -> float:
    """Seconds for bare evaluations of both functions in batches of the sizes that the map's calls had."""
    with torch.no_grad():
        started = time.perf_counter()
        for size in calls:
            part = x[torch.arange(size) % x.shape[0]]
            log_prob.function(part)
            log_score.function(part)
        return time.perf_counter() - started


def measured(audited: Bijection, log_prob: Counted, data: tuple[Tensor, Tensor]) -> dict[str, object]:
    """One of the audit's bijections at its first tolerance: time of the map and of the bare evaluations in turns, evaluations a point, error, trouble."""
    log_score, frame, x = Counted(audited.log_score), audited.frame, torch.cat(data)
    bijection = build(
        audited.name, (log_prob, log_score), x, frame=frame, base=frame.centre, tile=1 << 12, sampler=None
    )
    bijection.follow(x)
    log_prob.sizes = []
    seconds: dict[str, list[float]] = {"map": [], "bare": []}
    for _ in range(ROUNDS):
        log_prob.sizes = []
        started = time.perf_counter()
        bijection.follow(x)
        seconds["map"].append(time.perf_counter() - started)
        calls = list(log_prob.sizes)
        seconds["bare"].append(bare(log_prob, log_score, x, calls))
    made = represent(bijection, *data, lambda u, v: 0)
    return {
        "evaluations of log p a point, for the panels": (round(sum(calls) / x.shape[0]), ""),
        "map over bare evaluations, time": (
            round(statistics.median(a / b for a, b in zip(seconds["map"], seconds["bare"], strict=True)), 3),
            "at most 1.15",
        ),
        "microseconds a bare evaluation": (round(1e6 * statistics.median(seconds["bare"]) / sum(calls), 2), ""),
        "estimated error of the recovered log density, nats, at worst": (float(made.errors.max()), ""),
        "recovered log density minus log s, nats, at worst": (float(made.deviation.max()), ""),
        "recovered log density minus log s, nats, median": (float(made.deviation.median()), ""),
        "points": (x.shape[0], ""),
        "points in trouble": (str(dict(made.trouble) or "none"), ""),
    }  # fmt: skip


def test_any_score_on_the_digits_flow(benchmark, record_property) -> None:
    """s = 1, s = 1/p and a remembered score, on a flow trained in this run."""
    digits_flow = example()
    digits = digits_flow.data()
    started = time.perf_counter()
    flow = digits_flow.train()
    found: dict[str, tuple[object, str]] = {
        "seconds, training": (round(time.perf_counter() - started, 1), "at most 120")
    }
    data = (digits.inliers[:POINTS], digits.outliers[:POINTS])
    remembered = digits_flow.scores(digits)["AUROC 1"]
    report = audit_density(flow, *data, score={"remembered": remembered}, points=POINTS)

    def run() -> None:
        for name, made in (("s = 1", "uniformized"), ("s = 1/p", "reversed"), ("remembered", "remembered")):
            row = measured(report.bijections[made], Counted(report.model.log_prob), data)
            found.update({f"{name}: {key}": value for key, value in row.items()})

    benchmark.pedantic(run, rounds=1)
    found["threads"] = (torch.get_num_threads(), "")
    for name, (value, limit) in found.items():
        benchmark.extra_info[name] = value
        record_property(name, f"{value} {limit and f'({limit})'}".strip())
        print(f"{name}: {value} {limit and f'({limit})'}")
    assert all(value <= 1.15 for name, (value, _) in found.items() if "map over bare" in name)
