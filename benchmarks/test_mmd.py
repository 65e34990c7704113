"""Unbiased MMD^2 in tiles: 1e5 against 1e5 points in 64 dimensions, its rate beside that of the machine's matrix product, and the dense formula at 1e4."""

from __future__ import annotations

import resource
import time

import torch
from torch import Tensor

from numerics.distributions.score_matching import conservative_defect
from numerics.statistics.mmd import GaussianKernel, unbiased_mmd2
from numerics.streams import Stream

DIMENSION, LARGE, DENSE = 64, 100_000, 10_000


def dense_mmd2(x: Tensor, y: Tensor, length: float) -> float:
    """The formula as it is usually written: three whole matrices."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return torch.exp(torch.cdist(a, b).square() / (-2 * length**2))

    n, m = len(x), len(y)
    k, l, c = kernel(x, x), kernel(y, y), kernel(x, y)
    return float((k.sum() - k.trace()) / (n * (n - 1)) + (l.sum() - l.trace()) / (m * (m - 1)) - 2 * c.mean())


def samples(size: int) -> tuple[Tensor, Tensor, GaussianKernel]:
    x, y = (Stream(k, dtype=torch.float32).normal(size, DIMENSION) for k in (0, 1))
    return x, y + 0.1, GaussianKernel(8.0)


def matmul_gflops() -> float:
    a, b = torch.randn(2048, DIMENSION), torch.randn(DIMENSION, 2048)
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        for _ in range(20):
            torch.mm(a, b)
        best = min(best, time.perf_counter() - started)
    return 20 * 2 * 2048**2 * DIMENSION / best / 1e9


def test_streaming_mmd(benchmark, record_property) -> None:
    x, y, kernel = samples(LARGE)
    held, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, time.process_time()
    large = benchmark.pedantic(unbiased_mmd2, args=(x, y, kernel), rounds=1, iterations=1)
    seconds, spent = benchmark.stats.stats.min, time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    x, y, kernel = samples(DENSE)
    before = time.perf_counter()
    dense = dense_mmd2(x, y, kernel.length)
    dense_time = time.perf_counter() - before
    before = time.perf_counter()
    tiles = unbiased_mmd2(x, y, kernel)
    tile_time = time.perf_counter() - before
    pairs = 2.0 * LARGE**2
    found = {
        "seconds, 1e5 against 1e5": (round(seconds, 1), "at most 120"),
        "GFLOP/s of its products": (round(pairs * 2 * (DIMENSION + 2) / seconds / 1e9, 1), ""),
        "GFLOP/s of torch.mm in tiles of that shape": (round(matmul_gflops(), 1), ""),
        "seconds of CPU": (round(spent, 1), "far below the seconds where the machine is busy"),
        "GB at most": (round(peak, 2), f"at most 1; {held:.2f} before it"),
        "dense formula over tiles at 1e4, times": (round(dense_time / tile_time, 2), "at least 1"),
        "difference to the dense formula": (abs(dense - tiles.squared), f"rounding {tiles.rounding:.1g}"),
        "MMD^2": (large.squared, ""),
        "threads": (torch.get_num_threads(), ""),
    }
    for name, (value, limit) in found.items():
        benchmark.extra_info[name] = value
        record_property(name, f"{value} {limit and f'({limit})'}".strip())
    assert abs(dense - tiles.squared) <= 4 * tiles.rounding


def test_conservative_defect_of_a_64_dimensional_network(benchmark, record_property) -> None:
    torch.manual_seed(0)
    layers = [
        torch.nn.Linear(64, 256),
        torch.nn.SiLU(),
        torch.nn.Linear(256, 256),
        torch.nn.SiLU(),
        torch.nn.Linear(256, 64),
    ]
    net, x = torch.nn.Sequential(*layers), Stream(0, dtype=torch.float32).normal(256, 64)
    found = benchmark.pedantic(conservative_defect, args=(net, x, Stream(1)), rounds=3)
    record_property("seconds", f"{benchmark.stats.stats.min:.2f} (at most 5)")
    record_property("defect", f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})")
    assert 0 < found.low <= found.value <= found.high
