"""Entangling maps: 512 dimensions at 100,000 points with the least entry of every Jacobian, and determinants by structure. Limits: 10 s, 100 times."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import torch

from numerics.distributions import marginals
from numerics.distributions.product import Product
from numerics.latents.entangling import EntanglingMap, Gaussian
from numerics.latents.entangling_bounds import errors
from numerics.latents.rotations import householder
from numerics.streams import Stream, tiles

DIMENSION, POINTS = 512, 100_000
MEMORY = """
import importlib.util, json, resource
spec = importlib.util.spec_from_file_location("problem", {path!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
f = module.problem("random")
module.sweep(f, 2 * f.tile)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
module.sweep(f, {points})
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024))
"""


def problem(rotation: str) -> EntanglingMap:
    """Half Laplace and half Gumbel columns under a reflection of a random vector, or a random orthogonal matrix."""
    half = DIMENSION // 2
    distribution = Product([marginals.Laplace(torch.zeros(half), 1.0), marginals.Gumbel(torch.zeros(half), 2.0)])
    stream = Stream(1)
    A = (
        householder(stream.normal(DIMENSION))
        if rotation == "reflection"
        else torch.linalg.qr(stream.normal(DIMENSION, DIMENSION)).Q
    )
    return EntanglingMap(distribution, A)


def sweep(f: EntanglingMap, points: int) -> tuple[float, float]:
    """Map ``points`` points tile by tile and find the least entry at each: seconds (sampling left out) and the least logarithm."""
    stream, seconds, least = Stream(2), 0.0, float("inf")
    for count in tiles(points, f.tile):
        z = f.prior.sample(count, stream)
        started = time.perf_counter()
        least = min(least, float(f.least_entry(f.linearize(z)).log_abs.min()))
        seconds += time.perf_counter() - started
    return seconds, least


@pytest.mark.parametrize("rotation", ["reflection", "random"])
def test_the_map_and_its_least_entry_in_512_dimensions(benchmark, record_property, rotation) -> None:
    f = problem(rotation)
    sweep(f, 2 * f.tile)
    seconds, least = benchmark.pedantic(sweep, args=(f, POINTS), rounds=1)
    grown = int(
        subprocess.run(
            [sys.executable, "-c", MEMORY.format(path=__file__, points=POINTS // 5)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    record_property("seconds for 1e5 points (limit 10)", f"{seconds:.1f}")
    record_property("least log |J_ij|", f"{least:.2f}")
    record_property("memory beyond two tiles (limit 100 MB)", f"{json.dumps(grown / 1e6)} MB")
    assert least > -100
    assert grown < 100e6


def test_structured_determinants_in_64_dimensions(benchmark, record_property) -> None:
    d, n = 64, 2048  # columns of a block then pass the size from which torch uses a second core
    distribution = Product([marginals.Laplace(torch.zeros(d // 2), 1.0), marginals.Gumbel(torch.zeros(d // 2), 2.0)])
    f = EntanglingMap(distribution, householder(Stream(1).normal(d)))
    branchless = EntanglingMap(distribution, f.A, link=Gaussian(branch_free=True))
    z = distribution.sample(n, Stream(2))
    jacobians = torch.func.vmap(torch.func.jacrev(branchless), chunk_size=512)  # in chunks it is at its fastest
    dense = torch.linalg.slogdet(jacobians(z)).logabsdet
    structured = benchmark.pedantic(f.log_abs_det, args=(z,), rounds=20, warmup_rounds=3)
    fast, slow = [], []
    for _ in range(4):  # alternating, so that a busy machine slows both alike
        for function, seconds in (
            (lambda: torch.linalg.slogdet(jacobians(z)), slow),
            *[(lambda: f.log_abs_det(z), fast)] * 5,
        ):
            started = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - started)
    at = f.linearize(z)
    bound = errors(f, at).entry * d + sum(errors(f, at).density.values())
    record_property("times faster than vmap(jacrev) + slogdet (limit 100)", f"{min(slow) / min(fast):.0f}")
    record_property(
        "largest difference over its bound (limit 1)", f"{float(((structured - dense).abs() / bound).max()):.1e}"
    )
    assert ((structured - dense).abs() <= bound).all()
