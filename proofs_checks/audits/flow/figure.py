"""The picture of a flow audit, from the report's facts: layers' log-determinants
against their bounds, latents against the base."""

from __future__ import annotations

from typing import Any


def figure(facts: dict[str, Any]) -> Any:
    """Left: what each layer's log-determinant is off by, in units of its bound. Right:
    uniforms of the latents of the flow's own draws."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(7.0, 2.8))
    left, right = drawn.subplots(1, 2)
    _bars(left, facts["log_determinants"])
    _latents(right, facts["latents"])
    drawn.tight_layout()
    return drawn


def _bars(axes: Any, layers: list[dict[str, Any]]) -> None:
    shown = [one for one in layers if one.get("residual") is not None][:24]
    axes.set_title("log-determinant against autograd's", fontsize=8)
    axes.tick_params(labelsize=6)
    if not shown:
        axes.text(0.5, 0.5, "no layer to compare", ha="center", va="center", fontsize=7, transform=axes.transAxes)
        axes.set_axis_off()
        return
    sizes = [max(float(one["residual"]), 1e-17) for one in shown]
    colours = ["#d62728" if float(one["ratio"]) > 10 else "#1f77b4" for one in shown]
    rows = range(len(shown))
    axes.barh(rows, sizes, color=colours, height=0.6)
    axes.plot([float(one["bound"]) for one in shown], rows, "k|", markersize=8, label="largest bound")
    axes.set_xscale("log")
    axes.set_yticks(list(rows), [str(one["name"])[:28] for one in shown], fontsize=6)
    axes.invert_yaxis()
    axes.set_xlabel("nats", fontsize=7)
    axes.legend(fontsize=6, frameon=False)


def _latents(axes: Any, latents: dict[str, Any] | None) -> None:
    axes.set_title("latents of its own draws under the base", fontsize=8)
    axes.tick_params(labelsize=6)
    if not latents:
        axes.text(0.5, 0.5, "no draws to compare", ha="center", va="center", fontsize=7, transform=axes.transAxes)
        axes.set_axis_off()
        return
    draws, counts = latents["draws"], latents["counts"]
    cells = len(counts[0])
    edges = [k / cells for k in range(cells + 1)]
    for name, row in zip(latents["names"], counts, strict=True):
        axes.stairs([count * cells / draws for count in row], edges, linewidth=0.8, label=name)
    width = 3 * (cells / draws) ** 0.5
    axes.axhspan(1 - width, 1 + width, color="0.85", zorder=0)
    axes.set_ylim(0, None)
    axes.set_xlabel("probability under the base; grey: three standard deviations of a cell", fontsize=6)
    axes.legend(fontsize=5, frameon=False, ncols=2)
