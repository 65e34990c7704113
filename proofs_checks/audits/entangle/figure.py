"""The picture of an entangled twin: the scores of the model, of the twin, and the
levels that the rotation decides.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

SHOWN = ("MIG", "DCI disentanglement", "DCI completeness", "FactorVAE")


def figure(facts: dict[str, Any]) -> Figure:
    """A pair of bars for each score, before and after; marks are the levels at
    infinitely many samples, where they are known.
    """
    before, after, levels = facts["scores"]["before"], facts["scores"]["after"], facts.get("levels", {})
    names = [name for name in SHOWN if before.get(name) is not None and after.get(name) is not None]
    drawn = Figure(figsize=(5.2, 2.9))
    axes = drawn.subplots()
    places = range(len(names))
    axes.bar(
        [k - 0.19 for k in places], [before[name] for name in names], width=0.36, color="#1f77b4", label="the model"
    )
    axes.bar(
        [k + 0.19 for k in places],
        [after[name] for name in names],
        width=0.36,
        color="#ff7f0e",
        label="its entangled twin",
    )
    known = [(k + 0.19, levels[name]) for k, name in enumerate(names) if levels.get(name) is not None]
    if known:
        axes.plot(*zip(*known, strict=True), "k_", markersize=18, label="level that the rotation decides")
    axes.set_xticks(list(places), names, fontsize=7)
    axes.set_ylim(0, 1.05)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_ylabel("score", fontsize=8)
    axes.set_title(f"the same {facts['outputs']}-dimensional data from both, {facts['latents']} latents", fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    drawn.tight_layout()
    return drawn
