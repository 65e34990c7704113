"""Figures of the claims about disentanglement; drawn when a report or a user asks."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from numerics.distributions import marginals
from numerics.distributions.product import Product
from numerics.latents import dci_score, factor_vae_score, mutual_information_gap, population_scores, rotations
from numerics.latents import entangling as maps
from numerics.streams import Stream

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@cache
def _grid_and_samples(lines: int = 7, points: int = 21) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Grid lines of the unit square and their images, and samples before and after, for
    the figure."""
    f = maps.EntanglingMap(
        Product([marginals.Triangular(0.0, 1.0), marginals.Uniform(0.0, 1.0)]),
        rotations.householder(rotations.spike(2, 3.0)),
    )
    fixed, moving = (
        torch.linspace(0.1, 0.9, lines, dtype=torch.float64),
        torch.linspace(0.02, 0.98, points, dtype=torch.float64),
    )
    upright = torch.stack([fixed[:, None].expand(lines, points), moving.expand(lines, points)], -1)
    grid = torch.cat([upright, upright.flip(-1)])
    sample = f.prior.sample(100_000, Stream(5))
    return grid, f(grid.reshape(-1, 2)).reshape(grid.shape), sample, f(sample)


def entangling() -> Figure:
    """A grid, its entangled image, and the two coordinates' histograms before and
    after."""
    from matplotlib.figure import Figure

    grid, image, sample, pushed = _grid_and_samples()
    canvas = Figure(figsize=(7.2, 2.6), layout="constrained")
    before, after, counts = canvas.subplots(1, 3)
    for axes, lines, title in ((before, grid[:, ::20], "latent z"), (after, image, "twin f(z)")):
        half = len(lines) // 2
        for k, line in enumerate(lines.tolist()):
            axes.plot(*zip(*line, strict=True), color="C0" if k < half else "C1", linewidth=0.8)
        axes.set(title=title, xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[0, 1], yticks=[0, 1])
    for values, label, style in ((sample, "z", "-"), (pushed, "f(z)", ":")):
        for column, colour in ((0, "C0"), (1, "C1")):
            heights = torch.histc(values[:, column], 16, 0.0, 1.0) / len(values) * 16
            counts.stairs(
                heights.tolist(),
                torch.linspace(0, 1, 17).tolist(),
                linestyle=style,
                color=colour,
                linewidth=1.4,
                label=f"{label}, coordinate {column + 1}",
            )
    counts.set(title="histograms", xticks=[0, 1], yticks=[0, 1, 2], ylim=(0, 2.6))
    counts.legend(fontsize=6, frameon=False, ncols=2, loc="upper center")
    return canvas


@cache
def _scores_along_rotations() -> tuple[list[float], dict[str, list[float]], dict[str, list[float]]]:
    """Scores along rotations of the plane between the identity and equal entries:
    levels, and what 4,000 draws give."""
    angles = [k * math.pi / 4 / 16 for k in range(1, 17)]
    lines: dict[str, list[float]] = {"MIG": [], "DCI": [], "FactorVAE": []}
    dots: dict[str, list[float]] = {name: [] for name in lines}
    stream = Stream(11)
    for angle in angles:
        A = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]], dtype=torch.float64)
        at = population_scores.levels(A)
        lines["MIG"].append(at.mig)
        lines["DCI"].append(at.disentanglement)
        u = stream.normal(4000, 2)
        dots["MIG"].append(mutual_information_gap.mig(u @ A.T, u).score)
        dots["DCI"].append(dci_score.dci(u @ A.T, u).disentanglement)
        turned = factor_vae_score.factor_vae_by_simulation(
            lambda v, A=A: v @ A.T, lambda m: stream.normal(m, 2), stream, votes=800
        )
        dots["FactorVAE"].append(turned.score)
    return angles, lines, dots


def identical_marginals() -> Figure:
    """Scores of one and the same distribution of the data under twins between the given
    latent and an evenly mixed one."""
    from matplotlib.figure import Figure

    angles, lines, dots = _scores_along_rotations()
    canvas = Figure(figsize=(5.2, 3.0), layout="constrained")
    axes = canvas.subplots()
    degrees = [math.degrees(angle) for angle in angles]
    for k, (name, values) in enumerate(dots.items()):
        axes.plot(degrees, values, "o", markersize=3, color=f"C{k}", label=f"{name}, samples")
        if lines[name]:
            axes.plot(degrees, lines[name], color=f"C{k}", linewidth=1, label=f"{name}, level")
    axes.axhline(0.5, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(
        title="Same P(x) at every angle",
        xlabel="rotation in normal coordinates (degrees)",
        ylabel="score of f(z) against z",
        ylim=(-0.03, 1.05),
    )
    axes.legend(fontsize=6, frameon=False)
    return canvas
