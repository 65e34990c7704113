"""Rate-distortion curves beside plain NumPy Blahut-Arimoto and dit, and annealing beside bare forward and backward calls of the same decoder.

The peer that is not a requirement of this project: pip install --target FOLDER dit, then PYTHONPATH=$PWD:FOLDER.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from numerics.compression.annealed_chains import (
    Plan,
    Target,
    anneal,
    anneal_down,
    log_mean,
    settled_plan,
    standard_normal,
)
from numerics.compression.rate_distortion import blahut_arimoto, interior_point
from numerics.streams import Stream

PATIENCE = 4.0  # processor seconds for a peer, after which it is counted as that slow at least


def seconds(call: Callable[[], Any], rounds: int = 3) -> float:
    """Processor seconds of the quickest of some calls: other work on the machine does not count."""
    taken = []
    for _ in range(rounds):
        started = time.process_time()
        call()
        taken.append(time.process_time() - started)
    return min(taken)


def source(size: int) -> tuple[Tensor, Tensor]:
    """Squared distances of points in the plane, ``(size, size)``, and random masses."""
    stream = Stream(7)
    x, y = stream.normal(size, 2), stream.normal(size, 2)
    return torch.cdist(x, y).square(), stream.normal(size).softmax(0)


def plain_blahut_arimoto(
    d: np.ndarray, w: np.ndarray, beta: float, gap: float, patience: float = PATIENCE
) -> tuple[float, float]:
    """Seconds to a certified gap log max g, and the gap, within the patience."""
    A, q = np.exp(-beta * d), np.full(d.shape[1], 1 / d.shape[1])
    started, left = time.process_time(), math.inf
    while left > gap and time.process_time() - started < patience:
        for _ in range(100):
            g = (w / (A @ q)) @ A
            q = q * g
        left = math.log(g.max())
    return time.process_time() - started, left


def dit_seconds(d: Tensor, w: Tensor, beta: float) -> tuple[float, float] | None:
    """Processor seconds of dit's Blahut-Arimoto with its defaults, 100 starts of at most 100 steps, and the certified gap that its answer leaves."""
    if importlib.util.find_spec("dit") is None:
        return None
    from dit.rate_distortion.blahut_arimoto import blahut_arimoto as foreign

    p, table = w.numpy(), d.numpy()
    started = time.process_time()
    _, joint = foreign(p, beta / math.log(2), lambda p_x, q: table)
    taken = time.process_time() - started
    A = np.exp(-beta * table)
    return taken, math.log(((p / (A @ joint.sum(0))) @ A).max())


def told(benchmark: Any, record_property: Any, rows: dict[str, tuple[Any, str]]) -> None:
    for name, (value, limit) in rows.items():
        benchmark.extra_info[name] = value
        record_property(name, f"{value} {limit and f'({limit})'}".strip())


def test_a_point_of_64_symbols(benchmark, record_property) -> None:
    d, w = source(64)
    rows: dict[str, tuple[Any, str]] = {}
    ratios, foreign = [], []
    for beta in (0.5, 1.0, 2.0, 4.0):
        found = interior_point(d, w, beta)
        ours = seconds(lambda beta=beta: interior_point(d, w, beta), 5)
        peer, left = plain_blahut_arimoto(d.numpy(), w.numpy(), beta, 1e-9)
        ratios.append(peer / ours)
        rows[f"beta {beta:g}: milliseconds, certified gap"] = (f"{1e3 * ours:.2f}, {found.gap:.1e}", "gap 1e-9")
        rows[f"beta {beta:g}: NumPy Blahut-Arimoto, seconds, gap"] = (
            f"{peer:.2f}, {left:.1e}",
            f"stopped after {PATIENCE:g} s",
        )
        other = dit_seconds(d, w, beta)
        if other is not None:
            foreign.append(other[0] / ours)
            rows[f"beta {beta:g}: dit, seconds, gap"] = (f"{other[0]:.3f}, {other[1]:.1e}", "its defaults")
        assert found.gap <= 1e-9
    benchmark.pedantic(interior_point, args=(d, w, 2.0), rounds=5)
    rows["least ratio to NumPy, worst beta"] = (round(min(ratios), 1), "at least 10")
    rows["least ratio to dit"] = (round(min(foreign), 1) if foreign else "dit is not installed", "at least 100")
    told(benchmark, record_property, rows)


def test_fifty_slopes_of_64_symbols(benchmark, record_property) -> None:
    d, w = source(64)
    betas = np.logspace(-1, 1, 50)
    found = [interior_point(d, w, float(beta)) for beta in betas]
    ours = seconds(lambda: [interior_point(d, w, float(beta)) for beta in betas], 2)
    parts = [plain_blahut_arimoto(d.numpy(), w.numpy(), float(beta), 1e-6, 1.0) for beta in betas]
    benchmark.pedantic(interior_point, args=(d, w, 1.0), rounds=3)
    told(benchmark, record_property, {
        "seconds, 50 slopes, gap 1e-9": (round(ours, 3), ""), "worst certified gap": (f"{max(one.gap for one in found):.1e}", ""),
        "NumPy Blahut-Arimoto to 1e-6, seconds": (round(sum(t for t, _ in parts), 2), "stopped after 1 s a slope"), "ratio": (round(sum(t for t, _ in parts) / ours, 1), "at least 5"),
    })  # fmt: skip


def test_a_point_of_1024_symbols(benchmark, record_property) -> None:
    d, w = source(1024)
    torch.set_num_threads(1)
    found = benchmark.pedantic(interior_point, args=(d, w, 2.0), rounds=1)
    ours = seconds(lambda: interior_point(d, w, 2.0), 1)
    started = time.process_time()
    try:
        settled = blahut_arimoto(d, w, 2.0, gap=1e-3)
        peer = f"{time.process_time() - started:.1f} s to {settled.gap:.0e} in {settled.steps} steps"
    except ArithmeticError as stopped:
        peer = f"{time.process_time() - started:.1f} s: {stopped}"
    told(benchmark, record_property, {
        "seconds, certified gap": (f"{ours:.2f}, {found.gap:.1e}", "1 s on one core, gap 1e-9"), "own Blahut-Arimoto": (peer, "to 1e-3"),
    })  # fmt: skip
    assert found.gap <= 1e-9


def generators() -> dict[str, tuple[nn.Module, float]]:
    """Decoders 8-128-64 whose weights are drawn, as a VAE's and as a GAN's: smooth, and steep."""
    made = {}
    for name, gain in (("VAE", 1.0), ("GAN", 3.0)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            net = nn.Sequential(nn.Linear(8, 128), nn.SiLU(), nn.Linear(128, 64), nn.Sigmoid())
        for weight in net.parameters():
            weight.data *= gain
        made[name] = (net.requires_grad_(False), gain)
    return made


def test_annealing_costs_its_calls(benchmark, record_property) -> None:
    net = generators()["VAE"][0]
    x = net(torch.randn(100, 8, generator=torch.Generator().manual_seed(1)))
    target = Target(lambda z, rows: (x[rows] - net(z.float())).square().sum(1), standard_normal(8))
    rows_of, told_rows = torch.arange(100).repeat_interleave(4), {}
    calls = 200

    def bare(count: int) -> None:
        z = torch.randn(400, 8)
        for _ in range(count):
            z = z.detach().requires_grad_()
            torch.autograd.grad((x[rows_of] - net(z)).square().sum(), z)

    for leapfrogs, limit in ((1, 1.6), (5, 1.15), (20, 1.1)):
        steps = max(2, calls // leapfrogs)
        plan = Plan(tuple(12.5 * (t + 1) / steps for t in range(steps)), (0.05,) * steps, leapfrogs)
        ours = seconds(lambda plan=plan: anneal(target, plan, rows_of, Stream(0)), 3)
        alone = seconds(lambda steps=steps, leapfrogs=leapfrogs: bare(steps * leapfrogs), 3)
        told_rows[f"{leapfrogs} leapfrogs: of bare forward and backward calls"] = (
            round(ours / alone, 2),
            f"at most {limit}",
        )
    benchmark.pedantic(anneal, args=(target, Plan((1.0,), (0.1,)), rows_of, Stream(0)), rounds=3)
    told(benchmark, record_property, told_rows)


def gap_of(net: nn.Module, plan_of: Callable[[Target], Plan]) -> float:
    """F from above less F from below on 64 simulated data, four chains each."""
    stream, beta = Stream(3), 1 / (2 * 0.2**2)
    z, other = stream.normal(64, 8), stream.normal(64, 8)
    x, pilot = (net(part.float()).double() + 0.2 * stream.normal(64, 64) for part in (z, other))

    def target(data: Tensor) -> Target:
        return Target(
            lambda codes, rows: (data[rows] - net(codes.float()).double()).square().sum(1), standard_normal(8)
        )

    plan = plan_of(target(pilot))
    assert plan.slopes[-1] == beta
    rows = torch.arange(64).repeat_interleave(4)
    up = -log_mean(anneal(target(x), plan, rows, stream).log_weights[-1], 4)
    down = log_mean(-anneal_down(target(x), plan, rows, z.repeat_interleave(4, 0), stream), 4)
    return float((up - down).mean())


def test_the_gap_of_annealing_at_equal_calls(benchmark, record_property) -> None:
    calls, beta = 1000, 1 / (2 * 0.2**2)

    def one_leapfrog(target: Target) -> Plan:
        return settled_plan(target, torch.arange(64), [beta], Stream(5), temperatures=calls)

    def twenty(target: Target) -> Plan:
        """A sigmoid schedule and 20 leapfrogs a temperature, step sizes settled alike."""
        t = torch.linspace(-4, 4, calls // 20 + 1, dtype=torch.float64).sigmoid()
        slopes = (beta * (t - t[0]) / (t[-1] - t[0]))[1:].tolist()
        slopes[-1] = beta
        settled = settled_plan(target, torch.arange(64), slopes, Stream(5), temperatures=1, leapfrogs=20)
        sizes = dict(zip(settled.slopes, settled.sizes, strict=True))
        return Plan(tuple(slopes), tuple(sizes[b] for b in slopes), 20)

    rows = {}
    for name, (net, _) in generators().items():
        ours, theirs = gap_of(net, one_leapfrog), gap_of(net, twenty)
        rows[f"{name}: nats, one leapfrog, spaced by the spread of d"] = (round(ours, 4), "")
        rows[f"{name}: nats, 20 leapfrogs, sigmoid"] = (round(theirs, 4), "")
        rows[f"{name}: ratio"] = (round(theirs / max(ours, 1e-6), 1), "at least 10")
    benchmark.pedantic(lambda: None, rounds=1)
    told(benchmark, record_property, rows)
