"""Figures of the claims about trees in hyperbolic space; drawn when a report or a user
asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from numerics.hyperbolic import curves, models, sarkar_trees
from numerics.hyperbolic.sarkar_all_pairs import all_pairs
from numerics.hyperbolic.sarkar_measurements import least_distances
from numerics.hyperbolic.tree_frames import plant
from proofs_checks.strategies.planted_trees import caterpillar, largest_degree
from theory.hyperbolic import tree_certificates as certificates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TREE = (*caterpillar(5, 4), 3, 3, 4, 4, 5, 5)
TAUS = (2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)


def _disk(axes: Axes, tree: sarkar_trees.Tree, tau: float) -> None:
    """The tree in the Poincaré disk, its edges as arcs of geodesics."""
    ball = sarkar_trees.sarkar(tree, tau)
    sheet = models.ball_to_hyperboloid(ball)
    parent, child = torch.tensor(tree.edges).T
    t = torch.linspace(0, 1, 9, dtype=torch.float64).reshape(-1, 1, 1)
    arcs = models.hyperboloid_to_ball(curves.geodesic(sheet[parent], sheet[child], t))
    broken = torch.cat([arcs, torch.full_like(arcs[:1], torch.nan)]).transpose(0, 1).reshape(-1, 2)
    turn = torch.linspace(0, 6.283185307179586, 91)
    axes.plot(turn.cos(), turn.sin(), color="0.5", linewidth=0.8)
    axes.plot(broken[:, 0].round(decimals=3), broken[:, 1].round(decimals=3), color="tab:blue", linewidth=0.9)
    axes.plot(ball[:, 0].round(decimals=4), ball[:, 1].round(decimals=4), "o", color="tab:blue", markersize=1.8)
    axes.plot([0], [0], "o", color="tab:red", markersize=3.5)
    axes.set_aspect("equal")
    axes.axis("off")


def tree_embedding() -> Figure:
    """The tree in the disk, and its worst distortion against tau beside what is
    certified."""
    from matplotlib.figure import Figure

    tree = sarkar_trees.tree_from_parents(TREE)
    degree = largest_degree(tree.parents)
    diameter = int(torch.tensor(tree.depths).max())
    sketch = Figure(figsize=(6.4, 3.2), layout="constrained")
    left, right = sketch.subplots(1, 2)
    _disk(left, tree, 2.0)
    left.set_title(f"N = {len(tree)}, degree {degree}, tau = 2", fontsize=9)
    measured = [all_pairs(plant(tree, tau), scale=tau).worst.value for tau in TAUS]
    right.plot(TAUS, measured, "o-", color="tab:blue", linewidth=1, markersize=3, label="measured, all pairs")
    ratios = [(tau, certificates.ratio_of_moved_cuts(tree.parents, tau)) for tau in TAUS]
    certified = [(tau, float(ratio)) for tau, ratio in ratios if ratio is not None]
    right.plot(
        *zip(*certified, strict=True),
        "s--",
        color="tab:orange",
        linewidth=1,
        markersize=3,
        label="certified for this tree",
    )
    most = 2 * diameter
    known = [(tau, most * tau / float(least_distances(most, tau, degree)[most])) for tau in TAUS[1:]]
    right.plot(
        *zip(*known, strict=True), color="0.4", linewidth=1, label=f"all trees, degree {degree}, diameter {most}"
    )
    right.set_xlabel("edge length tau", fontsize=8)
    right.set_ylabel("worst-case distortion", fontsize=8)
    right.set_ylim(1, max(measured) + 0.5)
    right.legend(fontsize=7, frameon=False)
    right.tick_params(labelsize=7)
    return sketch


def tree_certificate() -> Figure:
    """Measured distortion of random trees against what one pass over the tree
    certifies."""
    from matplotlib.figure import Figure

    sketch = Figure(figsize=(4.2, 3.4), layout="constrained")
    axes = sketch.subplots()
    for tau, colour in ((4.0, "tab:blue"), (6.0, "tab:orange"), (12.0, "tab:green")):
        pairs = []
        for k in range(1, 12):
            parents = tuple(max(0, v - 1 - (v * k) % (2 + k % 4)) for v in range(40))
            ratio = certificates.ratio_of_moved_cuts(parents, tau)
            if ratio is not None:
                worst = all_pairs(plant(sarkar_trees.tree_from_parents(parents), tau), scale=tau).worst.value
                pairs.append((worst, float(ratio)))
        axes.plot(*zip(*pairs, strict=True), "o", color=colour, markersize=3.5, label=f"tau = {tau:g}")
    low, high = axes.get_xlim()
    axes.plot([low, high], [low, high], color="0.6", linewidth=0.8)
    axes.set_xlabel("measured distortion", fontsize=8)
    axes.set_ylabel("certified distortion", fontsize=8)
    axes.legend(fontsize=7, frameon=False)
    axes.tick_params(labelsize=7)
    return sketch
