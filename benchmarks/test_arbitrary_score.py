"""Any score on a million points of a plane mixture: how many evaluations, how much time beyond them, how much memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

import torch
from torch import Tensor

from numerics.distributions import mixtures
from numerics.streams import Stream
from numerics.transports import ArbitraryScore

POINTS = 1_000_000
CHUNKS = 20
MEMORY = """
import importlib.util, json, resource
spec = importlib.util.spec_from_file_location("problem", {path!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
transport, points = module.problem(1_000_000)
transport.forward_with_estimate(points)
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
"""


class Counted:
    """A function that counts the points that it is evaluated at."""

    def __init__(self, function: object) -> None:
        self.function, self.points = function, 0

    def __call__(self, x: Tensor) -> Tensor:
        self.points += x.shape[0]
        return self.function(x)


def problem(size: int) -> tuple[ArbitraryScore, Tensor]:
    """A mixture of 8 Gaussians on a circle, to be given a wide Gaussian as its density, and ``size`` samples of it."""
    angles = torch.arange(8, dtype=torch.float64) * torch.pi / 4
    means = 4 * torch.stack([angles.cos(), angles.sin()], 1)
    distribution = mixtures.IsotropicMixture(
        torch.full((8,), 1 / 8, dtype=torch.float64), means, torch.full((8,), 0.5, dtype=torch.float64)
    )
    score = mixtures.isotropic_gaussian(2, 3.0, means)
    return ArbitraryScore(Counted(distribution.log_prob), Counted(score.log_prob), dim=2), distribution.sample(
        size, Stream(1)
    )


def bare(transport: ArbitraryScore, batches: Tensor, evaluations: int) -> float:
    """Seconds for ``evaluations`` bare evaluations of both functions, in batches of the map's own size.

    The batches differ, as the map's do: one batch over and over would stay in the processor's cache and flatter the peer.
    """
    count = -(-evaluations // batches.shape[1])
    started = time.perf_counter()
    for k in range(count):
        batch = batches[k % batches.shape[0]]
        transport.log_prob.function(batch)
        transport.log_score.function(batch)
    return (time.perf_counter() - started) * evaluations / (count * batches.shape[1])


def test_arbitrary_score_on_a_million_points(benchmark, record_property) -> None:
    """Map and bare evaluations alternate in chunks, so that a busy machine slows both alike."""
    transport, points = problem(POINTS)
    nodes = len(transport.rule)
    batches = Stream(2).normal(32, transport.tile // (nodes * 2) * nodes, 2)
    transport.forward(points[:50_000])
    bare(transport, batches, 50_000 * nodes)
    transport.log_prob.points = transport.log_score.points = 0
    seconds: dict[str, list[float]] = {"map": [], "bare": []}
    worst = []

    def run() -> None:
        for chunk in points.chunk(CHUNKS):
            started = time.perf_counter()
            image, estimate = transport.forward_with_estimate(chunk)
            seconds["map"].append(time.perf_counter() - started)
            worst.append(float((estimate / (1 + image[:, 0].abs())).max()))
            seconds["bare"].append(bare(transport, batches, chunk.shape[0] * nodes))

    benchmark.pedantic(run, rounds=1)
    evaluations = max(transport.log_prob.points, transport.log_score.points) / POINTS
    memory = json.loads(
        subprocess.run(
            [sys.executable, "-c", MEMORY.format(path=__file__)], capture_output=True, text=True, check=True
        ).stdout
    )
    found = {
        "points": (POINTS, ""),
        "evaluations of each function a point": (evaluations, "at most 64"),
        "map over bare evaluations, time": (
            round(statistics.median(seconds["map"]) / statistics.median(seconds["bare"]), 3),
            "at most 1.3",
        ),
        "seconds, map": (round(sum(seconds["map"]), 2), ""),
        "seconds, bare evaluations": (round(sum(seconds["bare"]), 2), ""),
        "estimated error over 1 + |f_1|": (max(worst), ""),
        "peak memory of the whole process, MB": (round(memory / 1e6, 1), "below 1000"),
        "threads": (torch.get_num_threads(), ""),
    }
    for name, (value, limit) in found.items():
        benchmark.extra_info[name] = value
        record_property(name, f"{value} {limit and f'({limit})'}".strip())
    assert evaluations <= 64
    assert memory < 1e9
