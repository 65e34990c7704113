"""The picture of a typicality audit: T of inliers and outliers, as given and after
each bijection.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

INSIDE, OUTSIDE = "#1f77b4", "#d62728"


def figure(facts: dict[str, Any]) -> Figure:
    """A row for each representation of the same points: distribution functions of T,
    which is 0 for a typical point.
    """
    rows = [(name, part) for name, part in facts["T"].items() if part]
    drawn = Figure(figsize=(6.4, 0.6 + 1.05 * max(1, len(rows))))
    axes = None
    for k, (name, part) in enumerate(rows):
        axes = drawn.add_subplot(len(rows), 1, k + 1, sharex=axes)
        for side, colour in (("inliers", INSIDE), ("outliers", OUTSIDE)):
            values = part.get(side) or []
            if values:
                shares = [(i + 0.5) / len(values) for i in range(len(values))]
                axes.plot(values, shares, color=colour, linewidth=1.2, label=side)
        axes.axvline(0, color="0.4", linewidth=0.6)
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_ylim(-0.05, 1.05)
        axes.set_yticks([0, 1])
        axes.tick_params(labelsize=6)
        axes.set_title(name, fontsize=7, loc="left", pad=2)
        if k == 0:
            axes.legend(fontsize=6, frameon=False, loc="lower right")
        if k == len(rows) - 1:
            axes.set_xlabel("T = H + log p in nats; share of the points with at most that", fontsize=7)
    drawn.tight_layout(h_pad=0.4)
    return drawn
