"""The picture of an equivariance audit: the defect of each group element beside what
rounding explains.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

MOST = 32  # elements that are drawn
COLOURS = {"HOLDS": "#2ca02c", "REFUTED": "#d62728"}
LEAST = 1e-18  # stands for zero on a logarithmic axis


def figure(facts: dict[str, Any]) -> Figure:
    """A bar an element, coloured by its verdict; ticks are the bounds, circles how
    far g moves the outputs themselves.
    """
    elements = list(facts["elements"].items())[:MOST]
    drawn = Figure(figsize=(5.2, 1.4 + 0.24 * max(3, len(elements))))
    axes = drawn.subplots()
    if not elements:
        axes.text(0.5, 0.5, "nothing was measured", ha="center", va="center", fontsize=9)
        axes.set_axis_off()
        return drawn
    rows = range(len(elements))
    sizes = [_size(one["defect"]) for _, one in elements]
    axes.barh(
        rows, sizes, left=LEAST, height=0.6, color=[COLOURS.get(one.get("status"), "#7f7f7f") for _, one in elements]
    )
    axes.plot([_size(one["bound"]) for _, one in elements], rows, "k|", markersize=11, label="what rounding explains")
    moved = [
        (_size(one["moved_outputs_change_by"]), k)
        for k, (_, one) in enumerate(elements)
        if one.get("moved_outputs_change_by") is not None
    ]
    if moved:
        axes.plot(
            *zip(*moved, strict=True),
            "o",
            markerfacecolor="none",
            color="#1f77b4",
            markersize=5,
            label="|f(gx) - f(x)|: 0 for an invariant map",
        )
    axes.set_xscale("log")
    axes.set_yticks(list(rows), [str(name)[:24] for name, _ in elements], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("largest |f(gx) - g f(x)| over the inputs", fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.0), ncols=2).set_in_layout(True)
    axes.set_ylim(len(elements) - 0.4, -1.2)
    drawn.tight_layout()
    return drawn


def _size(value: Any) -> float:
    """On a logarithmic axis; what was no number is stored as text."""
    try:
        return max(LEAST, abs(float(value)))
    except (TypeError, ValueError):
        return LEAST
