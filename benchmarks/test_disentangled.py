"""Disentanglement by symmetry: codes of large grids beside a bare Fourier transform and a search of frequencies, matrices beside sums over all elements, an
equivariant map beside its bare evaluations of log p, and all labelled actions on eight states. Limits stand beside each figure."""

from __future__ import annotations

import math
import resource
import time

import numpy as np
import pytest
import torch
import zuko

from numerics.representations.code_spans import additive_ranks
from numerics.representations.factor_means import FactorMeans
from numerics.representations.grid_codes import effects, nearest_disentangled
from numerics.streams import Stream
from numerics.transports.orbit_scores import OverOrbits, generated_group
from numerics.transports.radial_maps import RadialMap
from proofs_checks import audit
from theory.groups import labelled_actions as actions
from theory.groups.families import symmetric


def seconds(function, repeats: int = 3) -> float:
    """The least of a few runs."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        taken.append(time.perf_counter() - started)
    return min(taken)


def search_of_frequencies(codes: np.ndarray, largest: int = 10) -> float:
    """Dispersion after turning two principal planes back by every pair of frequencies -10..10; the least: a published measure's search, vectorised."""
    n, m, d = codes.shape
    flat = codes.reshape(-1, d)
    _, _, V = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    planes = [(flat @ V[2 * k : 2 * k + 2].T) @ np.array([1, 1j]) for k in range(2)]
    steps = [np.repeat(np.arange(n), m) / n, np.tile(np.arange(m), n) / m]
    best = math.inf
    for u in range(-largest, largest + 1):
        for v in range(-largest, largest + 1):
            turned = [plane * np.exp(-2j * math.pi * (u * steps[0] + v * steps[1])) for plane in planes]
            best = min(best, sum(float((np.abs(z - z.mean()) ** 2).mean()) for z in turned))
    return best


def test_codes_of_two_cyclic_factors(benchmark, record_property) -> None:
    codes = Stream(1).normal(64, 64, 10)

    def whole() -> None:
        additive_ranks(effects(codes[None]), [0, 1], 1e-9)
        nearest_disentangled(codes[None])

    benchmark.pedantic(whole, rounds=5, warmup_rounds=1)
    searched = seconds(lambda: search_of_frequencies(codes.numpy()), 1)
    ratio = searched / seconds(whole, 5)
    record_property("search of frequencies -10..10 / share, ranks, distance", f"{ratio:.0f} times")
    assert ratio > 20


def test_codes_of_737280_images(benchmark, record_property) -> None:
    codes = Stream(2).normal(1, 18, 40, 32, 32, 10)
    bare = seconds(lambda: torch.fft.fftn(codes, dim=(1, 2, 3, 4)), 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    benchmark.pedantic(lambda: nearest_disentangled(codes), rounds=2)
    ratio = seconds(lambda: nearest_disentangled(codes), 2) / bare
    record_property("share and distance / bare transform (at most 5)", f"{ratio:.2f}")
    record_property(
        "further memory in MB (at most 1024)",
        f"{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f}",
    )
    assert ratio < 5


def shift(n: int) -> np.ndarray:
    return np.roll(np.eye(n, dtype=int), 1, axis=0)


def test_shifts_of_64_pixels(benchmark, record_property) -> None:
    down, right = np.kron(shift(8), np.eye(8, dtype=int)), np.kron(np.eye(8, dtype=int), shift(8))
    matrices = {"down": {"order": 8, "matrix": down.tolist()}, "right": {"order": 8, "matrix": right.tolist()}}
    report = benchmark.pedantic(lambda: audit.disentangled(matrices=matrices), rounds=2)
    assert report.facts["dimensions"] == {"fixed": 1, "moved": {"down": 7, "right": 7}, "entangled": 49}
    record_property("dimensions", "1 fixed, 7 + 7 moved by one shift, 49 by both")


def test_two_symmetric_groups_in_24_dimensions(benchmark, record_property) -> None:
    group = symmetric(4)
    points = np.stack([np.eye(4)[row] for row in group.elements])
    one = np.eye(4)

    def whole(g: np.ndarray, h: np.ndarray) -> np.ndarray:
        out = np.zeros((24, 24))
        out[:16, :16], out[16:20, 16:20], out[20:, 20:] = np.kron(g, h), g, h
        return out

    S = Stream(3).normal(24, 24).numpy() + 5 * np.eye(24)
    inverse = np.linalg.inv(S)
    factors = [
        torch.from_numpy(np.stack([S @ whole(*pair) @ inverse for pair in pairs]))
        for pairs in (zip(points, [one] * 24, strict=True), zip([one] * 24, points, strict=True))
    ]

    def summed() -> tuple[float, ...]:
        """Every product of two elements, and the means over each factor and over all."""
        all_of_them = np.einsum("aij,bjk->abik", factors[0].numpy(), factors[1].numpy())
        return tuple(
            float(np.trace(m)) for m in (all_of_them[:, 0].mean(0), all_of_them[0].mean(0), all_of_them.mean((0, 1)))
        )

    def by_means() -> float:
        return FactorMeans.of(factors, 1e-12).entangled_dimension()[0]

    benchmark.pedantic(by_means, rounds=5)
    ratio = seconds(summed) / seconds(by_means)
    value, bound = FactorMeans.of(factors, 1e-12).entangled_dimension()
    record_property("sums over all elements / means over factors (above 1)", f"{ratio:.1f} times")
    record_property("entangled dimension, and what it is known to", f"{value:.9f}, {sum(bound.terms.values()):.1e}")
    assert round(value) == 9
    assert ratio > 1


@pytest.mark.parametrize("dim", [64])
def test_an_equivariant_map_beside_its_evaluations(benchmark, record_property, dim) -> None:
    torch.manual_seed(0)
    flow = zuko.flows.NSF(dim, transforms=2, bins=6, passes=2, hidden_features=[64, 64]).double().eval()
    count = 0

    def log_p(x: torch.Tensor) -> torch.Tensor:
        nonlocal count
        count += len(x)
        return flow().log_prob(x)

    turn = torch.rot90(torch.arange(dim).reshape(8, 8)).flatten()
    over = OverOrbits(log_p, generated_group(torch.eye(dim).double()[turn][None]))
    f, x = RadialMap(over.log_mean, dim), Stream(4).normal(8, dim)
    benchmark.pedantic(lambda: f.log_det(x), rounds=2)
    count = 0
    f.log_det(x)
    rows = Stream(5).normal(count, dim)

    def bare() -> None:
        leaf = rows.clone().requires_grad_()
        torch.autograd.grad(log_p(leaf).sum(), leaf)

    evaluations = count
    ratio = seconds(lambda: f.log_det(x)) / seconds(bare)
    record_property(
        "map with recovered density / bare log p with gradient, equally many (at most 1.15)", f"{ratio:.2f}"
    )
    record_property("evaluations a point", f"{evaluations / 8:.0f}")
    assert ratio < 1.15


def test_labelled_actions_to_order_eight(benchmark, record_property) -> None:
    def both() -> int:
        actions.by_search.cache_clear()
        actions.by_labelling.cache_clear()
        return sum(len(actions.by_search(*pair)) == len(actions.by_labelling(*pair)) for pair in actions.SIZES)

    assert benchmark.pedantic(both, rounds=1) == 3
    taken = seconds(both, 1)
    record_property("all actions on 4, 6 and 8 states by two algorithms, s (at most 1)", f"{taken:.2f}")
    assert taken < 1
