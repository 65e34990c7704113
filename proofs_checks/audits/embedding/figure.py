"""The picture of an embedding audit: the tree in the Poincaré disk with geodesic arcs,
and distortion against the edge length."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure

from numerics.hyperbolic import curves, models


def figure(facts: dict[str, Any]) -> Figure:
    """Left the disk, right measured distortion and certified bound against tau; the
    numbers alone where nothing can be drawn."""
    drawing, curve = facts.get("drawing"), facts.get("against_tau")
    parts = [part for part in (drawing, curve) if part]
    drawn = Figure(figsize=(3.3 * max(1, len(parts)), 3.1), layout="constrained")
    axes = list(drawn.subplots(1, max(1, len(parts)), squeeze=False)[0])
    if drawing:
        _disk(axes.pop(0), drawing)
    if curve:
        _against_tau(axes.pop(0), curve, facts)
    if not parts:
        axes[0].axis("off")
        axes[0].text(
            0.5,
            0.5,
            f"d_wc {facts['d_wc']}\nd_avg {facts['d_avg']}\nMAP {facts['map']}",
            ha="center",
            va="center",
            fontsize=9,
        )
    return drawn


def _disk(axes: Any, drawing: dict[str, Any]) -> None:
    points = torch.tensor(drawing["points"], dtype=torch.float64)
    points = points / (points.norm(dim=1, keepdim=True) / 0.9999).clamp_min(1)  # of the picture only
    sheet = models.ball_to_hyperboloid(points)
    start, end = torch.tensor(drawing["edges"]).T
    t = torch.linspace(0, 1, 7, dtype=torch.float64).reshape(-1, 1, 1)
    arcs = models.hyperboloid_to_ball(curves.geodesic(sheet[start], sheet[end], t))
    broken = torch.cat([arcs, torch.full_like(arcs[:1], torch.nan)]).transpose(0, 1).reshape(-1, 2)
    turn = torch.linspace(0, 6.283185307179586, 91)
    axes.plot(turn.cos(), turn.sin(), color="0.5", linewidth=0.8)
    axes.plot(broken[:, 0], broken[:, 1], color="tab:blue", linewidth=0.6, rasterized=True)
    axes.plot(points[:, 0], points[:, 1], "o", color="tab:blue", markersize=1.5, rasterized=True)
    axes.set_aspect("equal")
    axes.axis("off")
    if drawing["tau"] is not None:
        axes.set_title(f"drawn at tau = {drawing['tau']:.3g}", fontsize=8)


def _against_tau(axes: Any, curve: list[list[float | None]], facts: dict[str, Any]) -> None:
    measured = [(tau, value) for tau, value, _ in curve if value is not None]
    certified = [(tau, value) for tau, _, value in curve if value is not None]
    if measured:
        axes.plot(*zip(*measured, strict=True), "o-", color="tab:blue", markersize=3, linewidth=1, label="measured")
    if certified:
        axes.plot(
            *zip(*certified, strict=True), "s--", color="tab:orange", markersize=3, linewidth=1, label="certified"
        )
    axes.axvline(facts["tau"], color="0.7", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_xlabel("edge length tau", fontsize=8)
    axes.set_ylabel("worst-case distortion", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=7, frameon=False)
