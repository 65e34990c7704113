"""The picture of a density audit: ROC curves of one model before and after bijections,
and those bijections along one fibre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Axes = Any

COLOURS = ("0.35", "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2")


def figure(facts: dict[str, Any]) -> Figure:
    """Left: ROC curves of the recovered scores, from a report's ``facts``. Beside: log p
    along a fibre, and where it goes, each image's range scaled to 1; and, where p was
    weighed, the mass up to columns of the lattice."""
    from matplotlib.figure import Figure

    fibre, mass = facts.get("fibre") or {}, facts.get("mass") or {}
    panels = 1 + bool(fibre.get("images")) + bool(mass)
    drawn = Figure(figsize=(6.4 if panels < 3 else 9.0, 2.7), layout="constrained")
    axes = drawn.subplots(1, panels, squeeze=False)[0]
    for row, colour in zip(facts["representations"], COLOURS * 8, strict=False):
        axes[0].plot(*row["roc"], color=colour, linewidth=1.2, label=f"{row['name']}: {row['auroc']['value']:.3g}")
    axes[0].plot([0, 1], [0, 1], color="0.8", linewidth=0.6, zorder=0)
    axes[0].set(xlabel="outliers kept", ylabel="inliers kept", title="the same model and points")
    axes[0].legend(fontsize=6, loc="lower right")
    if fibre.get("images"):
        _bijections(axes[1], fibre, [row["name"] for row in facts["representations"]])
    if mass:
        _mass(axes[-1], mass, "coordinate 0 of the chart" if facts.get("chart") else "coordinate 0")
    return drawn


def _mass(axes: Axes, mass: dict[str, list[float]], label: str) -> None:
    """The integral of p up to a value of the first coordinate, beside 1."""
    axes.fill_between(mass["x"], mass["mass"], step="pre", color="#1f77b4", alpha=0.3, linewidth=0)
    axes.step(mass["x"], mass["mass"], where="pre", color="#1f77b4", linewidth=1.0)
    axes.axhline(1.0, color="0.35", linewidth=0.8, linestyle="--")
    axes.set_xscale("symlog", linthresh=max(1e-3, abs(_middle(mass))))
    axes.set(xlabel=label, ylabel="mass up to there", title=f"unit mass: {mass['mass'][-1]:.4g}")


def _middle(mass: dict[str, list[float]]) -> float:
    """The spread of the coordinate over the middle half of the mass, for a scale that
    shows the middle and the tails."""
    inside = [x for x, m in zip(mass["x"], mass["mass"], strict=True) if 0.25 <= m / mass["mass"][-1] <= 0.75]
    return 2 * max((abs(x) for x in inside), default=1.0)


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
