"""The picture of a fit: data and draws over the witness function of MMD, and the masses
of the cells."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from proofs_checks.audits.dots import dots

COLOURS = ("#d62728", "#ff7f0e")
SHOWN = 50  # points of each sample in the plane
RESOLUTION = 50  # of the witness, which is an image: a report shows 20 KB


def figure(facts: dict[str, Any]) -> Figure:
    """A panel for each model that has draws, and one for the cells."""
    models = [name for name in facts["models"] if name in facts["shown"]]
    drawn = Figure(figsize=(3.1 * (len(models) + 1), 3.0), layout="constrained", dpi=RESOLUTION)
    panels = drawn.subplots(1, len(models) + 1, squeeze=False)[0]
    for axes, name, colour, values in zip(panels, models, COLOURS, facts["measures"], strict=False):
        _samples(axes, facts, name, colour, values.get("witness"))
    bars = panels[-1]
    for k, (name, values) in enumerate(zip(facts["models"], facts["measures"], strict=True)):
        cells = values.get("cells") or []
        if k == 0 and cells:
            bars.bar(range(len(cells)), [cell["data"] for cell in cells], color="0.8", width=0.9, label="data")
        places = [i - 0.15 + 0.3 * k for i in range(len(cells))]
        heights = [cell["model"] for cell in cells]
        errors = [
            [h - cell["model_low"] for h, cell in zip(heights, cells, strict=True)],
            [cell["model_high"] - h for h, cell in zip(heights, cells, strict=True)],
        ]
        if cells:
            bars.errorbar(
                places, heights, yerr=errors, fmt="o", markersize=3, color=COLOURS[k], label=name, linewidth=0.8
            )
    bars.set(title="mass of cells of the data", xlabel="cell", ylim=(0, None))
    if bars.get_legend_handles_labels()[0]:
        bars.legend(fontsize=7, frameon=False)
    for axes in panels:
        axes.title.set_fontsize(8)
        axes.tick_params(labelsize=7)
    return drawn


def _samples(axes: Any, facts: dict[str, Any], name: str, colour: str, witness: dict[str, Any] | None) -> None:
    data, draws = (facts["shown"][which][: SHOWN if facts["D"] > 1 else None] for which in ("data", name))
    if facts["D"] == 1:
        edges = 40
        axes.hist([row[0] + facts["centre"][0] for row in data], bins=edges, density=True, color="0.8", label="data")
        axes.hist(
            [row[0] + facts["centre"][0] for row in draws],
            bins=edges,
            density=True,
            histtype="step",
            color=colour,
            label=name,
        )
        if witness:
            twin = axes.twinx()
            twin.plot(witness["axes"][0], witness["values"], color="C0", linewidth=1)
            twin.axhline(0, color="0.6", linewidth=0.5)
            twin.set_yticks([])
    else:
        shift = facts["centre"] if facts["D"] == 2 else [0.0, 0.0]
        if witness and len(witness["axes"]) == 2:
            first, second = witness["axes"]
            top = max(1e-12, *(abs(value) for value in witness["values"]))
            shades = [round(4 * value / top) / 4 for value in witness["values"]]  # nine levels
            rows = [[shades[i * len(second) + j] for i in range(len(first))] for j in range(len(second))]
            ends = (first[0], first[-1], second[0], second[-1])
            axes.imshow(
                rows,
                extent=ends,
                origin="lower",
                aspect="auto",
                cmap="RdBu",
                vmin=-1,
                vmax=1,
                alpha=0.7,
                interpolation="nearest",
            )
        for rows, shade, label in ((data, "0.25", "data"), (draws, colour, name)):
            dots(axes, [[r[0] + shift[0], r[1] + shift[1]] for r in rows], shade, label)
    title = f"{name}: witness of MMD, blue where it lacks mass" if witness else f"{name} on the data's first two axes"
    axes.set(title=title, xticks=[], yticks=[])
    axes.legend(fontsize=7, frameon=False, loc="upper right")
