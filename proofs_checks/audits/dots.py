"""Points and arrows of a picture as one path each: a marker or a polygon a point would
take a report's 20 KB at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.patches import PathPatch
from matplotlib.path import Path

__all__ = ["dots", "strokes"]


def dots(
    axes: Any, points: Sequence[Sequence[float]], colour: str, label: str | None = None, width: float = 2.0
) -> None:
    """Points as strokes of no length with round ends."""
    strokes(axes, [(point, point) for point in points], colour, label, width)


def strokes(
    axes: Any,
    pairs: Sequence[tuple[Sequence[float], Sequence[float]]],
    colour: str,
    label: str | None = None,
    width: float = 0.7,
) -> None:
    """Straight strokes from point to point."""
    vertices = [tuple(end[:2]) for pair in pairs for end in pair]
    path = Path(vertices, [Path.MOVETO, Path.LINETO] * len(pairs))
    path.should_simplify = False
    axes.add_patch(PathPatch(path, fill=False, edgecolor=colour, linewidth=width, capstyle="round", label=label))
    axes.autoscale_view()
