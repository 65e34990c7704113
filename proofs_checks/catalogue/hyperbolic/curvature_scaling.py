"""Distances in curvature K are those in curvature -1 over sqrt|K|; what that does to
distortion and MAP."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from torch import Tensor

from numerics.hyperbolic.scaled_embeddings import ScaledEmbedding, mobius_distance
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.geometry_figures import curvature_scaling as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hyperbolic import balanced_tree
from proofs_checks.strategies.hyperbolic_geometry import scaled_tree_cases
from theory.hyperbolic import curvature

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

SCALE = Fraction(5, 2)


def exact(
    *,
    scaled: Callable[[Any], Any] = lambda gram: gram * curvature.R**2,
    power: int = 2,
    measure: curvature.Measure | None = None,
) -> list[Any]:
    """The curvature of the scaled space, its distances, and small trees before and
    after."""
    first = measure or curvature.worst_distortion
    second = measure or curvature.worst_distortion_by_pairs
    return [
        curvature.curvature_of_the_ball(power),
        curvature.curvature_of_the_exponential_map(),
        curvature.distances_scale(scaled),
        curvature.worst_distortion_kept(SCALE, first, second),
        curvature.least_average(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    distance: Callable[[Tensor, Tensor, float], Tensor] = mobius_distance,
    move: Callable[[Tensor, float], Tensor] = lambda x, radius: x * radius,
    in_step: bool = True,
) -> list[Evidence]:
    """A tree's embedding in curvature -1 and in the case's: all distances, and what is
    read off them."""
    seen = ScaledEmbedding(
        case.tree, float(case.tau), float(case.R), n=case.n, distance=distance, move=move, like=stream.normal(1)
    )
    return [
        measured(seen.distances(), resolves=1e-5, name="distances over R"),
        measured(seen.worst(), resolves=1e-3, name="worst-case distortion"),
        measured(seen.precision(), resolves=1e-2, name="MAP"),
        measured(seen.average(in_step), resolves=1e-3, name="average distortion"),
    ]


def over_the_curvature(x: Tensor, y: Tensor, radius: float) -> Tensor:
    """R^2 times the distance of curvature -1: divided by |K| in place of its root."""
    return radius * mobius_distance(x, y, radius)


def _case(branching: int, depth: int, tau: Fraction, R: Fraction, n: int = 2) -> Case:
    return Case(tree=balanced_tree(branching, depth), tau=tau, R=R, n=n)


THREE, HALF = Fraction(3), Fraction(1, 2)
TREES = [_case(2, 3, HALF, THREE), _case(3, 2, Fraction(1), HALF), _case(2, 2, Fraction(1, 4), Fraction(2), 16)]
cases = {"numeric": Cases(scaled_tree_cases, always=TREES)}
controls = {
    "average-is-invariant": [
        Control(exact, fails="worst-case distortion", measure=curvature.average_distortion),
        Control(numeric, fails="average distortion", cases=TREES, in_step=False),
    ],
    "same-coordinates": [
        Control(exact, fails="ball of radius R", scaled=lambda gram: gram),
        *(Control(numeric, fails=name, cases=[TREES[0], TREES[2]], move=lambda x, radius: x) for name in ("distances over R", "worst-case")),
    ],
    "radius-for-its-square": Control(exact, fails="Gaussian curvature", power=1),
    "divide-by-the-curvature": Control(numeric, fails="distances over R", cases=TREES, distance=over_the_curvature),
}  # fmt: skip
