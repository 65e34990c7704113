"""Figures of the claims on symmetry-based disentanglement; drawn when a report or a
user asks."""

from __future__ import annotations

import math
from functools import cache
from random import Random
from typing import TYPE_CHECKING

import torch

from numerics.representations.grid_codes import nearest_disentangled
from numerics.streams import Stream
from numerics.transports.radial_maps import RadialMap
from theory.groups.labelled_actions import by_labelling, fits
from theory.groups.observed_transitions import arcs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def symmetry_based() -> Figure:
    """Two circles in planes of their own and in one plane, and the distance to the
    nearest disentangled codes."""
    from matplotlib.figure import Figure

    n = 12
    turn = torch.arange(n).double() * (2 * math.pi / n)
    circle = torch.stack([turn.cos(), turn.sin()], -1)
    first, second = circle[:, None].expand(n, n, 2), circle[None].expand(n, n, 2)
    together = first + 0.8 * second
    apart = torch.cat([first, 0.8 * second], -1)
    canvas = Figure(figsize=(7.4, 2.5), layout="constrained")
    own, shared, curve = canvas.subplots(1, 3)
    for part, colour in ((first[:, 0], "C0"), (0.8 * second[0], "C1")):
        own.plot(*part.T.tolist(), "o-", markersize=2, linewidth=0.7, color=colour)
    own.set(title="a plane for each factor", aspect="equal", xticks=[], yticks=[])
    for k in range(n):
        shared.plot(*together[k].T.tolist(), "-", linewidth=0.5, color="C1")
        shared.plot(*together[:, k].T.tolist(), "-", linewidth=0.5, color="C0")
    shared.set(title="both in one plane", aspect="equal", xticks=[], yticks=[])
    rooms = range(5)
    for codes, label, style, rank in ((apart, "own planes", "o-", 4), (together, "one plane", "s--", 2)):
        values = [nearest_disentangled(codes[None], dimensions=room).relative for room in rooms]
        (line,) = curve.plot(list(rooms), values, style, markersize=3, linewidth=0.9, label=f"{label}, rank {rank}")
        curve.plot([rank], [values[rank]], "o", markersize=9, markerfacecolor="none", color=line.get_color())
    curve.set(title="distance by dimension", xlabel="dimensions of the nearest", ylim=(-0.05, 1.05), xticks=list(rooms))
    curve.legend(fontsize=6, frameon=False)
    return canvas


@cache
def _left_after_transitions(a: int, b: int, runs: int = 60) -> list[float]:
    """The mean number of actions that agree with n distinct transitions, drawn at
    random."""
    random, known, steps = Random(7), by_labelling(a, b), arcs(a, b)
    totals = [0.0] * (a * b + 1)
    for _ in range(runs):
        left, drawn = list(known), random.sample(steps, len(totals) - 1)
        for n in range(len(totals)):
            if n:
                left = [action for action in left if fits(action, drawn[n - 1 : n])]
            totals[n] += len(left) / runs
    return totals


def interaction_needed() -> Figure:
    """How many actions are left after n observations, static ones and transitions."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(5.2, 3.0), layout="constrained")
    axes = canvas.subplots()
    for k, (a, b) in enumerate(((2, 2), (2, 3), (2, 4))):
        values = _left_after_transitions(a, b)
        axes.semilogy(
            range(len(values)), values, "o-", markersize=3, linewidth=1, color=f"C{k}", label=f"{a} x {b}, transitions"
        )
        axes.axhline(values[0], color=f"C{k}", linewidth=0.8, linestyle=":", label=f"{a} x {b}, states")
    axes.set(xlabel="observations", ylabel="actions left open", ylim=(0.7, 2e4))
    axes.legend(fontsize=6, frameon=False, ncols=3, loc="upper right")
    return canvas


def irreps_anomaly() -> Figure:
    """log density of equivariant images, and the score within an orbit, against those
    of p."""
    from matplotlib.figure import Figure

    mean = torch.tensor([1.2, 0.5], dtype=torch.float64)
    quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)

    def log_p(x: torch.Tensor) -> torch.Tensor:
        return -(x - mean).square().sum(1) / 2

    radii = 0.5 + 2 * Stream(3).uniform(30)
    angles = 2 * math.pi * Stream(4).uniform(30)
    x = torch.stack([radii * angles.cos(), radii * angles.sin()], 1)
    maps = {
        "h = |x|^4 + 1": lambda x: -torch.log1p(x.square().sum(1) ** 2),
        "h = exp(-cos 4 angle)": lambda x: 1 - 8 * (x[:, 0] * x[:, 1] / x.square().sum(1)) ** 2,
    }
    canvas = Figure(figsize=(6.6, 2.8), layout="constrained")
    whole, within = canvas.subplots(1, 2)
    for k, (label, log_ratio) in enumerate(maps.items()):
        f = RadialMap(log_ratio, 2)
        rows = [x]
        for _ in range(3):
            rows.append(rows[-1] @ quarter.T)
        before = torch.stack([log_p(row) for row in rows])
        after = torch.stack([log_p(row) - f.log_det(row) for row in rows])
        whole.plot(before[0].tolist(), after[0].tolist(), "o", markersize=3, color=f"C{k}", label=label)
        scores = [part[0] - torch.logsumexp(part, 0) + math.log(4) for part in (before, after)]
        within.plot(
            scores[0].tolist(),
            scores[1].tolist(),
            "ox"[k],
            markersize=4,
            markerfacecolor="none",
            color=f"C{k}",
            label=label,
        )
    whole.set(xlabel="log p", ylabel="log density of the image", title="score")
    within.set(xlabel="before", ylabel="after", title="score within the orbit")
    whole.legend(fontsize=6, frameon=False)
    return canvas
