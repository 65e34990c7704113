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
from proofs_checks.audits.density_maps import Bijection, build, represent

FILE = Path(__file__).parents[1] / "examples" / "digits_flow.py"
ROUNDS, POINTS = 5, 64


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_flow_example", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Counted:
    """A function that counts the points that it is evaluated at."""

    def __init__(self, function: object) -> None:
        self.function, self.points = function, 0

    def __call__(self, x: Tensor) -> Tensor:
        self.points += x.shape[0]
        return self.function(x)


def bare(bijection: Bijection, log_prob: Counted, log_score: Counted, x: Tensor, evaluations: int) -> float:
    """Seconds for as many bare evaluations of both functions, in batches of the map's own size that differ as the map's do."""
    size = bijection.transport.tile // (len(bijection.transport.rule) * x.shape[1]) * len(bijection.transport.rule)
    batches = [x[torch.arange(k, k + size) % x.shape[0]].contiguous() for k in range(0, 32 * 7, 7)]
    count = -(-evaluations // size)
    with torch.no_grad():
        started = time.perf_counter()
        for k in range(count):
            log_prob.function(batches[k % len(batches)])
            log_score.function(batches[k % len(batches)])
        return (time.perf_counter() - started) * evaluations / (count * size)


def measured(audited: Bijection, log_prob: Counted, data: tuple[Tensor, Tensor]) -> dict[str, object]:
    """One of the audit's bijections, before any cell is halved: time of the map and of the bare evaluations in turns, evaluations a point, error, trouble."""
    log_score, frame, x = Counted(audited.log_score), audited.frame, torch.cat(data)
    bijection = build(
        audited.name, (log_prob, log_score), x, frame=frame, base=frame.centre, cells=7, tile=1 << 18, sampler=None
    )
    nodes = len(bijection.transport.rule)
    many = x
    with torch.no_grad():
        bijection.forward(many)
        bare(bijection, log_prob, log_score, x, many.shape[0] * nodes)
        log_prob.points = log_score.points = 0
        seconds: dict[str, list[float]] = {"map": [], "bare": []}
        for _ in range(ROUNDS):
            started = time.perf_counter()
            bijection.forward(many)
            seconds["map"].append(time.perf_counter() - started)
            counted = log_prob.points
            seconds["bare"].append(bare(bijection, log_prob, log_score, x, many.shape[0] * nodes))
            log_prob.points = counted
    evaluations = max(log_prob.points, log_score.points) / (ROUNDS * many.shape[0])
    made = represent(bijection, *data, lambda u, v: 0)
    errors = torch.cat([made.inlier_errors, made.outlier_errors])
    return {
        "evaluations of each function a point": (evaluations, "at most 64"),
        "map over bare evaluations, time": (
            round(statistics.median(a / b for a, b in zip(seconds["map"], seconds["bare"], strict=True)), 3),
            "at most 1.15",
        ),
        "microseconds a bare evaluation": (round(1e6 * statistics.median(seconds["bare"]) / (many.shape[0] * nodes), 2), ""),
        "estimated error of the recovered log density, nats, at worst": (float(errors.max()), ""),
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
    report = audit_density(flow, *data, score={"remembered": remembered}, points=POINTS, tile=1 << 18)

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
    assert all(value <= 64 for name, (value, _) in found.items() if "evaluations of each" in name)
