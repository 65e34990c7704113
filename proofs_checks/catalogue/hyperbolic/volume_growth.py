"""Growth and thinness of the hyperbolic plane: areas, ideal triangles, and four points,
each with its convention named."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import torch

from numerics.hyperbolic import four_points as measurements
from numerics.hyperbolic.sarkar_trees import graph_distances, tree_from_parents
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.figures_growth import volume_growth as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.planted_trees import measured_metrics
from theory.hyperbolic import four_points as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

LOG_TWO, SLIM = math.log(2), math.log(1 + math.sqrt(2))


def exact(*, area: exactly.Area = exactly.area_of_disk, tree_delta: Fraction = Fraction(0)) -> list[object]:
    """Area, ideal triangle and Ptolemy's relation as identities; trees and cycles by
    two algorithms."""
    parts = [exactly.growth(area), exactly.small_metrics(tree_delta=tree_delta)]
    if (area, tree_delta) != (exactly.area_of_disk, 0):
        return list(parts)  # the rest speaks of nothing that was replaced
    return [*parts, exactly.ideal_triangle(), exactly.four_ideal_points()]


def disk(radius: float) -> float:
    """2 pi (cosh r - 1) = 4 pi sinh^2(r/2)."""
    return 4 * math.pi * math.sinh(radius / 2) ** 2


def numeric(
    case: Case, stream: Stream, *, area: Callable[[float], float] = disk, slim: float = SLIM, delta: float = LOG_TWO
) -> list[Evidence]:
    """Polygons about a disk, a search along an ideal triangle, random points four by
    four; and the search for delta against all quadruples."""
    radius = float(case.radius)
    angles = math.pi * (1 + torch.arange(99, dtype=torch.float64)) / 100
    tree = tree_from_parents(case.tree)
    graph = graph_distances(tree, torch.arange(len(tree)))
    ring = torch.arange(case.cycle)
    cycle = torch.minimum((ring[:, None] - ring) % case.cycle, (ring - ring[:, None]) % case.cycle)
    whole = stream.integers(5, 11, 9, 9).triu(1)  # any numbers from 5 to 10 are a metric
    return [
        measured(measurements.area_of_polygons(radius, 20000, area(radius)), resolves=1e-3 * disk(radius), name="area of a disk"),
        measured(measurements.farthest_from_sides(angles, slim), resolves=0.01, name="slim triangles"),
        measured(measurements.below_limit(16, radius, stream, delta), resolves=1e-6, name="delta of points is at most log 2"),
        measured(measurements.ideal_square(8.0), resolves=1e-6, name="an ideal square has delta log 2"),
        measured(measurements.whole_delta(graph, 0), resolves=0.5, name="trees have delta 0"),
        measured(measurements.whole_delta(cycle), resolves=0.5, name="cycles: search = all quadruples"),
        measured(measurements.whole_delta(whole + whole.T), resolves=0.5, name="random metrics: search = all quadruples"),
    ]  # fmt: skip


def flat(radius: float) -> float:
    """pi r^2."""
    return math.pi * radius**2


def _case(radius: int, cycle: int, tree: tuple[int, ...]) -> Case:
    return Case(radius=Fraction(radius), cycle=cycle, N=len(tree), tree=tree)


SOME = [_case(4, 9, (0, 0, 1, 1)), _case(6, 12, (0, 0, 0, 1, 1, 2))]
cases = {
    "numeric": Cases(
        measured_metrics, always=[_case(1, 4, (0, 0, 0, 0)), _case(6, 13, tuple(max(0, k // 2) for k in range(24)))]
    )
}
controls = {
    "polynomial-growth": [
        Control(exact, fails="area: the integral of the circumferences", area=exactly.flat_area),
        Control(numeric, fails="area of a disk", cases=SOME, area=flat),
    ],
    "four-point-constant-for-triangles": [Control(numeric, fails="slim triangles", cases=SOME, slim=LOG_TWO)],
    "half-of-log-two": [Control(numeric, fails="delta of points", cases=SOME, delta=LOG_TWO / 2)],
    "trees-with-delta-one": [Control(exact, fails="trees: delta = 0", tree_delta=Fraction(1))],
}  # fmt: skip
