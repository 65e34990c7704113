"""The picture of a score: the field and the density that it implies where D <= 2, and
the identities by level."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from proofs_checks.audits.dots import dots, strokes

SHOWN = 40  # points
RESOLUTION = 28  # of the density, which is an image: a report shows 20 KB
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def figure(facts: dict[str, Any]) -> Figure:
    """Two panels where the field can be drawn, one otherwise."""
    plane = facts["D"] <= 2 and "arrows" in facts
    drawn = Figure(figsize=(6.6 if plane else 3.6, 3.0), layout="constrained", dpi=RESOLUTION)
    panels = drawn.subplots(1, 2 if plane else 1, squeeze=False)[0]
    if plane:
        (_line if facts["D"] == 1 else _field)(panels[0], facts)
    _bars(panels[-1], facts["levels"])
    for axes in panels:
        axes.title.set_fontsize(8)
        axes.tick_params(labelsize=7)
    return drawn


def _field(axes: Any, facts: dict[str, Any]) -> None:
    implied = facts["levels"][0].get("implied")
    if implied:
        first, second = implied["axes"]
        rows = [[implied["mass"][i * len(second) + j] for i in range(len(first))] for j in range(len(second))]
        ends = (first[0], first[-1], second[0], second[-1])
        axes.imshow(rows, extent=ends, origin="lower", aspect="auto", cmap="Greys", alpha=0.7)
    dots(axes, facts["shown"][:SHOWN], "C1")
    at, value = facts["arrows"]["at"], facts["arrows"]["value"]
    longest = max(1e-12, *(abs(part) for row in value for part in row))
    step = 1.2 * max(abs(at[-1][k] - at[0][k]) for k in (0, 1)) / len(at) ** 0.5 / longest
    heads = [[p[k] + step * v[k] for k in (0, 1)] for p, v in zip(at, value, strict=True)]
    strokes(axes, list(zip(at, heads, strict=True)), "C0")
    dots(axes, at, "C0", width=1.4)
    axes.set(title=f"{facts['levels'][0]['name']}: field, data, implied density", xticks=[], yticks=[])


def _line(axes: Any, facts: dict[str, Any]) -> None:
    axes.hist([p[0] for p in facts["shown"]], bins=40, density=True, color="0.8", label="data")
    implied = facts["levels"][0].get("implied")
    if implied:
        x = implied["axes"][0]
        step = x[1] - x[0]
        axes.plot(x, [m / step for m in implied["mass"]], color="C3", linewidth=1.2, label="implied density")
    axes.legend(fontsize=7, frameon=False)
    axes.set(title=facts["levels"][0]["name"], yticks=[])


def _bars(axes: Any, levels: list[dict[str, Any]]) -> None:
    rows = (("defect", "gradient defect"), ("stein", "Stein"))
    series = [(label, [abs(level.get(key, 0.0)) for level in levels]) for key, label in rows]
    series += [
        (f"denoising, {name}", [abs(level.get("denoising", {}).get(name, 0.0)) for level in levels])
        for name in ("1", "x", "s")
    ]
    for k, (label, values) in enumerate(series):
        axes.plot(
            range(len(levels)),
            [max(value, 1e-6) for value in values],
            "o-",
            markersize=4,
            linewidth=0.8,
            label=label,
            color=f"C{k}",
        )
    axes.set(yscale="log", title="relative gaps, 0 for a true score", xticks=range(len(levels)))
    axes.set_xticklabels([level["name"] for level in levels], rotation=0 if len(levels) < 4 else 30)
    axes.legend(fontsize=6, frameon=False)
