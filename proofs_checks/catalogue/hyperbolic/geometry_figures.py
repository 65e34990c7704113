"""Figures of the claims about hyperbolic geometry and densities on it; drawn when a
report or a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from numerics.hyperbolic import charts, normal_coordinates

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def model_identity() -> Figure:
    """One triangle in three charts, its sides as geodesics and their lengths, read by
    each chart's own formula."""
    from matplotlib.figure import Figure

    from numerics.hyperbolic import models

    corners = torch.tensor([[1.6, 0.3], [-1.2, 1.1], [-0.2, -1.7]], dtype=torch.float64)
    ends = corners.roll(-1, 0)
    t = torch.linspace(0, 1, 25, dtype=torch.float64).reshape(-1, 1, 1)
    sides = normal_coordinates.exp_map(corners, t * normal_coordinates.log_map(corners, ends))
    drawn = Figure(figsize=(6.6, 2.7), layout="constrained")
    for axes, chart in zip(drawn.subplots(1, 3), ("ball", "klein", "half-space"), strict=True):
        line = charts.from_normal(sides, chart)
        lengths = models.MODELS[chart].distance(charts.from_normal(corners, chart), charts.from_normal(ends, chart))
        axes.plot(line[..., 0], line[..., 1], color="tab:blue", linewidth=1)
        axes.plot(line[0, :, 0], line[0, :, 1], "o", color="tab:red", markersize=3)
        turn = torch.linspace(0, 6.283185307179586, 73)
        if chart != "half-space":
            axes.plot(turn.cos(), turn.sin(), color="0.5", linewidth=0.8)
        else:
            axes.axhline(0, color="0.5", linewidth=0.8)
        axes.set_title(f"{chart}\nsides {', '.join(f'{float(length):.3f}' for length in lengths)}", fontsize=8)
        axes.set_aspect("equal")
        axes.axis("off")
    return drawn


def wrapped_normal() -> Figure:
    """One Gaussian wrapped at three means of the hyperbolic plane, drawn in the
    Poincaré disk."""
    from matplotlib.figure import Figure

    from numerics.hyperbolic.wrapped_normal import WrappedNormal
    from numerics.streams import Stream

    drawn = Figure(figsize=(3.6, 3.6), layout="constrained")
    axes = drawn.add_subplot()
    turn = torch.linspace(0, 6.283185307179586, 73, dtype=torch.float64)
    circle = torch.stack([turn.cos(), turn.sin()], -1)
    axes.plot(circle[:, 0], circle[:, 1], color="0.5", linewidth=0.8)
    scale = torch.tensor([[0.4, 0.0], [0.15, 0.25]], dtype=torch.float64)
    for k, mean in enumerate(([0.0, 0.0], [1.8, 0.9], [-1.0, -2.4])):
        wrapped = WrappedNormal(torch.tensor(mean, dtype=torch.float64), scale)
        points = charts.from_normal(wrapped.sample(250, Stream(k)), "ball")
        axes.plot(points[:, 0], points[:, 1], ".", color=f"C{k}", markersize=1.5, rasterized=True)
        for level in (1, 2):
            ring = charts.from_normal(wrapped.wrap(level * circle @ scale.mT), "ball")
            axes.plot(ring[:, 0], ring[:, 1], color=f"C{k}", linewidth=1)
    axes.set_aspect("equal")
    axes.axis("off")
    return drawn


def curvature_scaling() -> Figure:
    """Worst-case distortion, MAP and average distortion of one embedded tree against
    the curvature."""
    from matplotlib.figure import Figure

    from numerics.hyperbolic.sarkar_fidelity import fidelity
    from numerics.hyperbolic.scaled_embeddings import ScaledEmbedding, mobius_distance
    from proofs_checks.strategies.hyperbolic import balanced_tree

    tau = 1.0
    radii = [2 ** (k / 4) for k in range(-8, 9)]
    rows = []
    for radius in radii:
        seen = ScaledEmbedding(balanced_tree(3, 3), tau, radius)
        read = fidelity(
            seen.tree, seen.scaled, lambda x, y, r=radius: mobius_distance(x, y, r), tau=1.0, resolution=radius * 1e-4
        )
        rows.append((read.worst.value, read.average.value, read.mean_average_precision.value))
    drawn = Figure(figsize=(4.8, 2.8), layout="constrained")
    axes = drawn.add_subplot()
    for values, name in zip(
        zip(*rows, strict=True), ("worst-case distortion", "average distortion", "MAP"), strict=True
    ):
        axes.plot([-1 / radius**2 for radius in radii], values, marker="o", markersize=2, linewidth=1, label=name)
    axes.set_xscale("symlog", linthresh=1e-2)
    axes.set_yscale("log")
    axes.set_xlabel("curvature", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, frameon=False)
    return drawn


def synthetic_densities() -> Figure:
    """Draws of the three synthetic densities in the Poincaré disk, over their
    densities."""
    from matplotlib.figure import Figure

    from numerics.hyperbolic.synthetic import synthetic_density
    from numerics.streams import Stream

    drawn = Figure(figsize=(6.6, 2.4), layout="constrained")
    line = torch.linspace(-0.985, 0.985, 40, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
    inside = grid.square().sum(-1) < 0.97
    turn = torch.linspace(0, 6.283185307179586, 73)
    for axes, which in zip(drawn.subplots(1, 3), ("wrapped", "checkerboard", "spirals"), strict=True):
        density = synthetic_density(which)
        shade = torch.full(inside.shape, torch.nan, dtype=torch.float64)
        shade[inside] = density.log_prob(grid[inside]).exp()
        axes.imshow(shade, extent=(-1, 1, -1, 1), origin="lower", cmap="Blues", interpolation="none")
        points = density.sample(30, Stream(1)).round(decimals=3)
        axes.plot(points[:, 0], points[:, 1], ".", color="tab:red", markersize=2)
        axes.plot(turn.cos(), turn.sin(), color="0.5", linewidth=0.8)
        axes.set_title(which, fontsize=8)
        axes.set_aspect("equal")
        axes.axis("off")
    return drawn
