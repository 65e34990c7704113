"""The picture of a hybrid audit: gradients by group of parameters, and both held-out
losses after training with several weights."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

LABEL, IMAGE, MOST = "#ff7f0e", "#1f77b4", 12


def figure(facts: dict[str, Any]) -> Figure:
    """Left: root mean square per-sample gradients of both log likelihoods, group by
    group. Right: losses for each weight, with standard errors."""
    groups, outcomes = facts["groups"][:MOST], facts["training"]
    drawn = Figure(figsize=(7.2, 3.2), layout="constrained")
    left, right = drawn.subplots(1, 2)
    places = list(range(len(groups)))
    for shift, part, colour, name in ((-0.19, "label", LABEL, "log p(y|x)"), (0.19, "image", IMAGE, "log p(x)")):
        left.barh(
            [k + shift for k in places],
            [group[part] or 1e-300 for group in groups],
            height=0.36,
            color=colour,
            label=name,
        )
    positive = [group[part] for group in groups for part in ("label", "image") if group[part] > 0]
    if positive:
        left.set_xscale("log")
        left.set_xlim(min(positive) / 3, max(positive) * 3)
        left.minorticks_off()
        left.legend(frameon=False, fontsize=6)
    left.set_yticks(places, [group["group"] for group in groups], fontsize=6)
    left.invert_yaxis()
    left.set_title("gradients by group, RMS over rows", fontsize=8)
    for it in outcomes:
        right.errorbar(
            it["image"],
            it["label"],
            xerr=it["image_error"],
            yerr=it["label_error"],
            fmt="o",
            markersize=3,
            linewidth=0.8,
            label=f"{it['name']}: {it['weight']:.3g}",
        )
    right.set_xlabel("-log p(x), held out", fontsize=7)
    right.set_ylabel("-log p(y|x), held out", fontsize=7)
    right.set_title("trained with weight lambda", fontsize=8)
    if outcomes:
        right.legend(frameon=False, fontsize=6)
    for axes in (left, right):
        axes.tick_params(labelsize=6)
    return drawn
