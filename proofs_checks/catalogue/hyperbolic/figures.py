"""Figures of the claims about hyperbolic space; drawn when a report or a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from numerics.hyperbolic import curves, isometries, models, sarkar_trees
from proofs_checks.strategies.hyperbolic import balanced_tree

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def isometry_invariance() -> Figure:
    """A tree in the Poincaré disk, and the same tree after an isometry: it looks
    different, and every edge is as long."""
    from matplotlib.figure import Figure

    tree = sarkar_trees.tree_from_parents(balanced_tree(3, 3))
    ball = sarkar_trees.sarkar(tree, 1.5)
    start = models.ball_to_hyperboloid(ball)
    boost = isometries.lorentz_boost(torch.tensor([1.2, 0.7], dtype=torch.float64))
    parent, child = torch.tensor(tree.edges).T
    t = torch.linspace(0, 1, 7, dtype=torch.float64).reshape(-1, 1, 1)
    sketch = Figure(figsize=(6.4, 3.9), layout="constrained")
    for axes, matrix, name in zip(
        sketch.subplots(1, 2), (torch.eye(3, dtype=torch.float64), boost), ("before", "after an isometry"), strict=True
    ):
        arcs = models.hyperboloid_to_ball(
            models.lift(isometries.apply_lorentz(matrix, curves.geodesic(start[parent], start[child], t))[..., 1:])
        )
        points = models.hyperboloid_to_ball(models.lift(isometries.apply_lorentz(matrix, start)[:, 1:]))
        edges = models.poincare_distance(points[parent], points[child])
        far = float(models.poincare_distance(points.unsqueeze(1), points).max())
        turn = torch.linspace(0, 6.283185307179586, 73)
        axes.plot(turn.cos(), turn.sin(), color="0.5", linewidth=0.8)
        broken = torch.cat([arcs, torch.full_like(arcs[:1], torch.nan)]).transpose(0, 1).reshape(-1, 2)
        axes.plot(broken[:, 0].round(decimals=3), broken[:, 1].round(decimals=3), color="tab:blue", linewidth=1)
        axes.plot(points[:, 0], points[:, 1], "o", color="tab:blue", markersize=2.2)
        axes.plot(points[:1, 0], points[:1, 1], "o", color="tab:red", markersize=4)
        axes.set_title(
            f"{name}\nedges {float(edges.min()):.3f} to {float(edges.max()):.3f}, diameter {far:.3f}", fontsize=9
        )
        axes.set_aspect("equal")
        axes.axis("off")
    return sketch
