"""Figures of the claims about distances, distortion and growth; drawn when a report or
a user asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from numerics.hyperbolic import euclidean_embeddings, four_points, sarkar_trees
from numerics.hyperbolic.sarkar_all_pairs import all_pairs
from numerics.hyperbolic.tree_frames import plant
from numerics.streams import Stream

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def euclidean_distortion() -> Figure:
    """Left: stars, their least distortion and optimised embeddings. Right: what a plane
    has room for."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 3.1), layout="constrained")
    left, right = drawing.subplots(1, 2)
    leaves = range(2, 11)
    left.plot(
        leaves, [euclidean_embeddings.star_distortion(k) for k in leaves], "k-", lw=1, label="least, any dimension"
    )
    for n, colour in ((2, "C1"), (9, "C0")):
        found = []
        for k in leaves:
            star = sarkar_trees.tree_from_parents([-1, *([0] * k)])
            points = euclidean_embeddings.optimise(star, n, Stream(k), steps=120)
            found.append(euclidean_embeddings.distortion(points, star)[0])
        left.plot(leaves, found, "o", markersize=4, color=colour, label=f"optimised in {n} dimensions")
    left.set(xlabel="leaves $k$ of a star", ylabel="distortion", title="Stars")
    left.legend(frameon=False, fontsize=8)
    depths = range(1, 25)
    for n in (2, 3, 5, 10):
        right.semilogy(
            depths, [max(1.0, euclidean_embeddings.least_by_volume(2, h, n)) for h in depths], label=f"{n} dimensions"
        )
    right.set(
        xlabel="depth of a binary tree", ylabel="least distortion by volume", title="Balanced trees run out of room"
    )
    right.legend(frameon=False, fontsize=8)
    return drawing


def fidelity_measures() -> Figure:
    """Worst-case and average distortion of one embedding read at several scales."""
    from matplotlib.figure import Figure

    planted = plant(sarkar_trees.tree_from_parents([-1, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), 2.5)
    scales = [1.5 + 0.05 * k for k in range(41)]
    found = [all_pairs(planted, scale=scale) for scale in scales]
    drawing = Figure(figsize=(5.0, 3.1), layout="constrained")
    axis = drawing.subplots()
    axis.plot(scales, [one.worst.value for one in found], label="worst-case distortion")
    axis.plot(scales, [one.average.value for one in found], label="average distortion")
    axis.set(xlabel="length that stands for one edge", ylim=(0, None), title="Only the average needs a scale")
    axis.legend(frameon=False, fontsize=8)
    return drawing


def volume_growth() -> Figure:
    """Left: areas of disks. Right: four-point constants of random points by radius."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 3.1), layout="constrained")
    left, right = drawing.subplots(1, 2)
    r = torch.linspace(0.05, 8, 80, dtype=torch.float64)
    left.semilogy(r, 2 * math.pi * (r.cosh() - 1), label="hyperbolic, $2\\pi(\\cosh r - 1)$")
    left.semilogy(r, math.pi * r.square(), label="Euclidean, $\\pi r^2$")
    left.set(xlabel="radius $r$", ylabel="area of a disk", title="Disks grow exponentially")
    left.legend(frameon=False, fontsize=8)
    radii = [0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
    found = [
        float(four_points.delta_of_points(four_points.random_half_plane(60, radius, Stream(7)))) / 2 for radius in radii
    ]
    right.plot(radii, found, "o-", markersize=4, label="60 random points")
    right.axhline(math.log(2), color="k", linestyle=":", label="$\\log 2$")
    right.set(xlabel="radius", ylabel="four-point $\\delta$", ylim=(0, 0.8), title="Thinness is bounded")
    right.legend(frameon=False, fontsize=8)
    return drawing
