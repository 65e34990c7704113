"""The picture of a density on hyperbolic space: its points in the Poincaré disk,
coloured by log p, and the distribution of their radii."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.figure import Figure


def figure(facts: dict[str, Any]) -> Figure:
    """Left: points (the first two coordinates) in the unit disk. Right: the share of
    points within a radius, in curvature radii."""
    points, log_p = facts["points_in_the_ball"], facts["log_p"]
    finite = [v for v in log_p if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    drawn = Figure(figsize=(6.4, 3.0), layout="constrained")
    disk, radii = drawn.subplots(1, 2)
    turn = [2 * math.pi * k / 72 for k in range(73)]
    disk.plot([math.cos(t) for t in turn], [math.sin(t) for t in turn], color="0.5", linewidth=0.8)
    for k in range(8):  # one colour for an eighth of the range of log p
        chosen = [
            p
            for p, v in zip(points, log_p, strict=True)
            if math.isfinite(v) and min(7, int(8 * (v - low) / ((high - low) or 1.0))) == k
        ]
        if chosen:
            disk.plot(
                [p[0] for p in chosen],
                [p[1] if len(p) > 1 else 0.0 for p in chosen],
                ".",
                markersize=3,
                color=(0.85 - 0.1 * k, 0.85 - 0.08 * k, 1.0 - 0.05 * k),
            )
    disk.set_aspect("equal")
    disk.axis("off")
    weighed = facts["mass"]
    disk.set_title(
        f"n = {facts['n']}, K = {facts['curvature']:.4g}" + (f", mass {weighed:.5g}" if weighed else ""), fontsize=8
    )
    ordered = facts["radii"]
    radii.plot(ordered, [(k + 1) / len(ordered) for k in range(len(ordered))], linewidth=1)
    radii.set_xlabel("distance from the origin, in R", fontsize=7)
    radii.set_ylabel("share of the points", fontsize=7)
    radii.tick_params(labelsize=6)
    return drawn
