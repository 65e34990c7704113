"""The picture of a PIT audit: the histogram of the values of each coordinate, and
their distribution functions within the band.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

COORDINATES = 8


def figure(facts: dict[str, Any]) -> Figure:
    """Left: histograms; a calibrated model's stay in the grey band. Right: empirical
    distribution functions less the uniform one, with the same band.

    The band is that of Dvoretzky, Kiefer and Wolfowitz at the audit's level: it holds a
    distribution function everywhere, so that a bin of the histogram is off by at most
    twice as much.
    """
    drawn = Figure(figsize=(7.0, 2.9))
    left, right = drawn.subplots(1, 2)
    radius, n = facts["radius"], facts["samples"]
    for k, counts in enumerate(facts["histogram"][:COORDINATES]):
        bins = len(counts)
        left.stairs(
            [count * bins / n for count in counts],
            [i / bins for i in range(bins + 1)],
            linewidth=1.0,
            label=f"x_{k + 1}",
        )
    bins = len(facts["histogram"][0])
    left.axhspan(max(0.0, 1 - 2 * radius * bins), 1 + 2 * radius * bins, color="0.88", zorder=0)
    left.set_ylim(0, None)
    left.set_xlabel("value of the distribution function", fontsize=8)
    left.set_ylabel("density of samples", fontsize=8)
    for k, row in enumerate(facts["distribution functions"][:COORDINATES]):
        grid = [i / (len(row) - 1) for i in range(len(row))]
        right.plot(grid, [value - at for value, at in zip(row, grid, strict=True)], linewidth=1.0, label=f"x_{k + 1}")
    right.axhspan(-radius, radius, color="0.88", zorder=0)
    right.set_xlabel("u", fontsize=8)
    right.set_ylabel("share of samples up to u, less u", fontsize=8)
    for axes in (left, right):
        axes.tick_params(labelsize=7)
    hidden = facts["coordinates"] - COORDINATES
    title = f"grey: a calibrated model, {n} samples, level {facts['level']:g}" + (
        f"; {hidden} more coordinates" if hidden > 0 else ""
    )
    left.set_title(title, fontsize=7, loc="left")
    if facts["coordinates"] > 1:
        right.legend(fontsize=6, frameon=False, ncols=2)
    drawn.tight_layout()
    return drawn
