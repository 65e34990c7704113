"""The picture of the audit: power by frequency of each factor, or the dimensions that
each factor moves."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure


def figure(facts: dict[str, Any]) -> Figure:
    """The lattice of power for codes of two cyclic factors, power by frequency for more,
    else bars of dimensions."""
    if facts.get("lattice"):
        return _lattice(facts)
    drawn = Figure(figsize=(5.2, 2.9), layout="constrained")
    axes = drawn.subplots()
    if power := facts.get("power"):
        whole = sum(sum(values) for values in power.values()) or 1.0
        for k, (name, values) in enumerate(power.items()):
            places = [f + 1 + 0.8 * (k - (len(power) - 1) / 2) / len(power) for f in range(len(values))]
            axes.bar(places, [value / whole for value in values], width=0.7 / len(power), label=name)
        share = facts.get("interaction_share")
        axes.set(xlabel="frequency", ylabel="share of the main effects", ylim=(0, 1.05))
        axes.set_title("" if share is None else f"interaction: {share:.3g} of the variance within orbits", fontsize=8)
        axes.legend(fontsize=7, frameon=False)
        return drawn
    sizes = _sizes(facts)
    if not sizes:
        axes.text(0.5, 0.5, "no subspace was found", ha="center", va="center", fontsize=9)
        axes.set_axis_off()
        return drawn
    axes.bar(range(len(sizes)), list(sizes.values()), color=["C3" if name == "entangled" else "C0" for name in sizes])
    axes.set_xticks(range(len(sizes)), list(sizes), fontsize=8)
    axes.set(ylabel="dimensions")
    return drawn


def _lattice(facts: dict[str, Any]) -> Figure:
    """Power at each pair of frequencies: what lies off the two edges is interaction."""
    drawn = Figure(figsize=(4.2, 3.4), layout="constrained")
    axes = drawn.subplots()
    shares = facts["lattice"]
    first, second = list(facts["power"])
    shown = axes.imshow(
        [[max(value, 1e-6) for value in row] for row in shares], norm="log", vmin=1e-6, vmax=1.0, cmap="viridis"
    )
    axes.set(xlabel=f"frequency of {second}", ylabel=f"frequency of {first}")
    axes.set_title(f"interaction: {facts['interaction_share']:.3g} of the variance within orbits", fontsize=8)
    drawn.colorbar(shown, ax=axes, label="share of the variance")
    return drawn


def _sizes(facts: dict[str, Any]) -> dict[str, int]:
    if found := facts.get("dimensions"):
        return {"fixed": found["fixed"], **found["moved"], "entangled": found["entangled"]}
    return facts.get("subspaces") or {}
