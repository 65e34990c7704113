"""The picture of a representation audit: the character table with the rows that were
given, or the blocks of a decomposition.
"""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

WRITTEN = 12  # rows and columns up to which the values are written into the cells
KINDS = {"real": "#1f77b4", "complex": "#2ca02c", "quaternionic": "#9467bd"}


def figure(facts: dict[str, Any]) -> Figure:
    """What the facts allow: the character table where the group is known, the blocks
    where it was generated.
    """
    drawn = Figure(figsize=(4.6, 3.6))
    axes = drawn.subplots()
    if facts.get("character_table"):
        _character_table(axes, facts)
    elif facts.get("irreps"):
        _blocks(axes, facts)
    else:
        axes.text(0.5, 0.5, "nothing was decomposed", ha="center", va="center", fontsize=9)
        axes.set_axis_off()
    drawn.tight_layout()
    return drawn


def _character_table(axes: Any, facts: dict[str, Any]) -> None:
    """Real parts as colours; beside each row the representations that contain it,
    and how often.
    """
    table, listed = facts["character_table"], facts["representations"]
    values = table["values"]
    largest = max(abs(x) for row in values for x, _ in row)
    axes.imshow([[x for x, _ in row] for row in values], cmap="RdBu", vmin=-largest, vmax=largest)
    if max(len(values), len(values[0])) <= WRITTEN:
        for i, row in enumerate(values):
            for j, (re, im) in enumerate(row):
                axes.text(
                    j,
                    i,
                    _short(re, im),
                    ha="center",
                    va="center",
                    fontsize=6,
                    color="white" if abs(re) > 0.6 * largest else "black",
                )
    classes = [f"{name} ({size})" for name, size in zip(table["classes"], table["sizes"], strict=True)]
    axes.set_xticks(range(len(classes)), classes, rotation=90, fontsize=6)
    axes.xaxis.tick_top()
    known = [r for r in listed if r["multiplicities"] is not None]
    rows = [
        ", ".join(_times(r["name"], r["multiplicities"][k]) for r in known if r["multiplicities"][k])
        for k in range(len(values))
    ]
    names = [
        f"{row}  chi{k + 1}" if row else f"{'trivial' if k == 0 else 'missing'}  chi{k + 1}"
        for k, row in enumerate(rows)
    ]
    axes.set_yticks(range(len(names)), names, fontsize=6)
    for k, label in enumerate(axes.get_yticklabels()):
        label.set_color("#d62728" if k and not rows[k] else "black")
    axes.set_xlabel("character table: classes (sizes) and irreps", fontsize=8)


def _times(name: str, count: int) -> str:
    return name if count == 1 else f"{count} x {name}"


def _short(re: float, im: float) -> str:
    def text(x: float) -> str:
        return f"{x:.2f}".rstrip("0").rstrip(".")

    if abs(im) < 5e-3:
        return text(re)
    return f"{text(im)}i" if abs(re) < 5e-3 else f"{text(re)}{'+' if im > 0 else ''}{text(im)}i"


def _blocks(axes: Any, facts: dict[str, Any]) -> None:
    """The decomposition as a block-diagonal matrix: a block a copy, coloured by the
    irrep's type.
    """
    at, degree = 0, facts["degree"]
    for irrep in facts["irreps"]:
        for _ in range(irrep["multiplicity"]):
            size = irrep["degree"]
            axes.add_patch(
                Rectangle(
                    (at, at),
                    size,
                    size,
                    facecolor=KINDS.get(irrep["type"], "#7f7f7f"),
                    edgecolor="white",
                    linewidth=0.8,
                )
            )
            at += size
    axes.set_xlim(0, degree)
    axes.set_ylim(degree, 0)
    axes.set_aspect("equal")
    for kind, colour in KINDS.items():
        if any(irrep["type"] == kind for irrep in facts["irreps"]):
            axes.plot([], [], "s", color=colour, label=f"{kind} type")
    axes.legend(fontsize=7, frameon=False, loc="upper right")
    axes.set_xticks([0, degree])
    axes.set_yticks([0, degree])
    kinds = len(facts["irreps"])
    certified = "" if facts["decided"] else ", not certified"
    axes.set_xlabel(f"degree {degree}, split into copies of {kinds} irrep{'s' * (kinds != 1)}{certified}", fontsize=8)
