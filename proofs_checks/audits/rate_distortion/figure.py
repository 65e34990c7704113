"""The picture of a rate-distortion audit: the band, the chains' points, the encoder."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def figure(facts: dict[str, Any], *others: dict[str, Any]) -> Figure:
    """One pair of axes for a report, or for several: rate in nats over distortion."""
    drawn = Figure(figsize=(4.4, 3.0), layout="constrained")
    axes = drawn.add_subplot()
    for colour, one in zip(COLOURS, (facts, *others), strict=False):
        rows, name = one["curve"], one.get("name", "")
        D = [row["distortion"] for row in rows]
        axes.plot(
            D,
            [row["chains"] for row in rows],
            color=colour,
            linewidth=1.2,
            label=f"{name}: chains" if name else "chains",
        )
        known = [row for row in rows if row["high"] is not None]
        if known and one["kind"] != "exact":
            ends = ([row["distortion"] for row in known], [row["low"] for row in known], [row["high"] for row in known])
            axes.fill_between(*ends, color=colour, alpha=0.2, linewidth=0, label=f"certified, level {one['level']:g}")
        if one.get("black_box_limit") and one["black_box_limit"] < max((row["chains"] for row in rows), default=0.0):
            axes.axhline(one["black_box_limit"], color=colour, linewidth=0.6, linestyle=":")
        if one.get("encoder", {}).get("rate") is not None:
            axes.plot([one["encoder"]["distortion"]], [one["encoder"]["rate"]], "x", color=colour, label="encoder")
    axes.set(xlabel=f"distortion ({facts['distortion']})", ylabel="rate, nats", ylim=(0, None))
    axes.tick_params(labelsize=7)
    axes.legend(fontsize=6, frameon=False)
    return drawn
