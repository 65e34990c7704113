"""The picture of a density audit: ROC curves of one model before and after bijections,
and those bijections along one fibre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Axes = Any

COLOURS = ("0.35", "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2")


def figure(facts: dict[str, Any]) -> Figure:
    """Left: ROC curves of the recovered scores, from a report's ``facts``. Right: log p
    along a fibre, and where it goes, each image's range scaled to 1."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.4, 2.7), layout="constrained")
    fibre = facts.get("fibre") or {}
    axes = drawn.subplots(1, 2 if fibre.get("images") else 1, squeeze=False)[0]
    for row, colour in zip(facts["representations"], COLOURS * 8, strict=False):
        axes[0].plot(*row["roc"], color=colour, linewidth=1.2, label=f"{row['name']}: {row['auroc']['value']:.3g}")
    axes[0].plot([0, 1], [0, 1], color="0.8", linewidth=0.6, zorder=0)
    axes[0].set(xlabel="outliers kept", ylabel="inliers kept", title="the same model and points")
    axes[0].legend(fontsize=6, loc="lower right")
    if fibre.get("images"):
        _bijections(axes[1], fibre, [row["name"] for row in facts["representations"]])
    return drawn


def _bijections(axes: Axes, fibre: dict[str, Any], names: list[str]) -> None:
    for name, image in fibre["images"].items():
        axes.plot(fibre["x"], image, color=COLOURS[names.index(name) % len(COLOURS)], linewidth=1.2, label=name)
    density = axes.twinx()
    density.plot(
        fibre["x"],
        [float("nan") if v is None else v for v in fibre["log_p"]],
        color="0.35",
        linewidth=0.8,
        linestyle="--",
    )
    density.set_ylabel("log p (dashed)", fontsize=7)
    density.tick_params(labelsize=6)
    axes.set(xlabel=f"coordinate {fibre['coordinate']}", ylabel="image, scaled", title="bijections along one fibre")
