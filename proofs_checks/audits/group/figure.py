"""The picture of a group audit: the Cayley table as a heat map, the entries that
show a failure marked.
"""

from __future__ import annotations

from typing import Any

from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

NAMED = 24  # elements up to which rows and columns carry their labels
LETTERS = 8


def figure(facts: dict[str, Any]) -> Figure:
    """Row a, column b: the colour of a * b; white where the product is no element."""
    table, labels, n = facts["table"], facts["labels"], facts["elements"]
    shown = len(table)
    drawn = Figure(figsize=(4.2, 4.0))
    axes = drawn.subplots()
    colours = _colours(n)
    axes.imshow(
        [[x if x >= 0 else float("nan") for x in row] for row in table], cmap=colours, vmin=0, vmax=max(1, n - 1)
    )
    for row, column in facts["failing_entries"]:
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=2.2))
    if shown <= NAMED:
        names = [str(label)[:LETTERS] for label in labels[:shown]]
        axes.set_xticks(range(shown), names, rotation=90, fontsize=6)
        axes.set_yticks(range(shown), names, fontsize=6)
    axes.xaxis.tick_top()
    part = "" if shown == n else f", first {shown} of {n} elements"
    axes.set_xlabel(f"row a, column b: a * b{part}", fontsize=8)
    if facts["failing_entries"]:
        axes.set_title("framed: the entries named in the findings", fontsize=8)
    drawn.tight_layout()
    return drawn


def _colours(n: int) -> Any:
    """Neighbouring elements apart in colour while there are few of them."""
    from matplotlib import colormaps

    few = 20
    return ListedColormap(colormaps["tab20"].colors[: max(2, n)]) if n <= few else colormaps["viridis"]
