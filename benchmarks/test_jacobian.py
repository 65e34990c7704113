"""Log-determinants by structure against vmap(jacrev) and slogdet on the same map, both from the map as evaluated."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from numerics.distributions import mixtures
from numerics.streams import Stream
from numerics.transports import ArbitraryScore

DIMENSION, POINTS, REPEATS = 64, 128, 5
EPS = torch.finfo(torch.float64).eps


def dense_log_det(transport: ArbitraryScore, x: Tensor) -> Tensor:
    """All 64 rows of the Jacobian by reverse mode, then an LU factorisation."""
    jacobian = torch.func.vmap(torch.func.jacrev(lambda point: transport.evaluate(point[None])[0]))(x)
    return torch.linalg.slogdet(jacobian).logabsdet


def test_structured_jacobian_in_64_dimensions(benchmark, record_property) -> None:
    distribution = mixtures.random_mixture(DIMENSION, 4, Stream(1))
    transport = ArbitraryScore(
        distribution.log_prob, mixtures.isotropic_gaussian(DIMENSION, 3.0, distribution.means).log_prob, dim=DIMENSION
    )
    x = distribution.sample(POINTS, Stream(2))
    dense = dense_log_det(transport, x[:4])
    structured = benchmark.pedantic(transport.log_det, args=(x,), rounds=REPEATS, warmup_rounds=1)
    timings = {"structured": [], "dense": []}
    for _ in range(REPEATS):
        started = time.perf_counter()
        transport.log_det(x)
        timings["structured"].append(time.perf_counter() - started)
        started = time.perf_counter()
        dense = dense_log_det(transport, x)
        timings["dense"].append(time.perf_counter() - started)
    slope = transport.slope(x)
    units = len(transport.rule) + 8 + 16 * (DIMENSION + 8) * slope.log_size
    bound = (
        2 * EPS * (units * slope.scale / slope.value.abs() + DIMENSION)
    )  # each of the two sums rounds by half of this; LU of a unit triangle adds D units
    gap = float(((structured - dense).abs() / bound).max())
    faster = min(timings["dense"]) / min(timings["structured"])
    found = {
        "times faster than vmap(jacrev) + slogdet": (round(faster), "at least 100"),
        "milliseconds, structured": (round(1e3 * min(timings["structured"]), 2), ""),
        "milliseconds, dense": (round(1e3 * min(timings["dense"]), 1), ""),
        "largest difference in bounds": (gap, "at most 1"),
        "largest bound": (float(bound.max()), ""),
        "threads": (torch.get_num_threads(), ""),
    }
    for name, (value, limit) in found.items():
        benchmark.extra_info[name] = value
        record_property(name, f"{value} {limit and f'({limit})'}".strip())
    assert gap <= 1
