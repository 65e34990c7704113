"""The charts of hyperbolic space: one distance, one metric, one volume, read by each
chart's own formula."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from torch import Tensor

from numerics.hyperbolic import chart_measurements, charts, normal_coordinates
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.geometry_figures import model_identity as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hyperbolic_geometry import SIZE, chart_cases
from theory.hyperbolic import charts as exactly
from theory.hyperbolic import exponential_map
from theory.hyperbolic import models as exact_models

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

RESOLVED = 1e-5  # curvature radii, nats
FEW = 2  # pairs that are compared with balls
NEAR = 3  # radii within which the Lorentz formulas of exponential map and transport keep their digits


def same(half_square: Any) -> Any:
    """What stands in the law of cosines: sin^2(gamma/2) itself."""
    return half_square


def exact(
    *,
    reading: exactly.Reading = exact_models.ball_cosh,
    metric: exactly.Metric = exactly.ball_metric,
    half: Callable[[Any], Any] = same,
) -> list[Any]:
    """Distances, metrics, volume elements, coordinates there and back, and the triangle
    of normal coordinates."""
    given = [exactly.charts_agree(reading), exactly.metrics_agree(metric), exactly.normal_coordinates_agree(half)]
    if (reading, metric) != (exact_models.ball_cosh, exactly.ball_metric) or half is not same:
        return given
    return [
        *given,
        exact_models.models_agree()[1:],
        exponential_map.rank_one_determinant(),
        exactly.volume_elements_agree(),
        exactly.there_and_back(),
        exactly.klein_half_angle(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    distance: Callable[[Tensor, Tensor], Tensor] | None = None,
    log_element: Callable[..., Tensor] = charts.log_volume_element,
    moved: Callable[..., Tensor] = normal_coordinates.transport,
) -> list[Evidence]:
    """Pairs of points in the case's chart, read by its formula and by trigonometry; far
    pairs against balls."""
    far, radius = float(case.far), float(case.R)
    pairs = chart_measurements.draw_pairs(case.n, far, radius, SIZE, stream)
    few = chart_measurements.draw_pairs(case.n, far, radius, FEW, stream.fork("against balls"))
    rounded = chart_measurements.against_exact(few, exactly.distances_by_balls(_rows(few), case.R))
    found = [measured(rounded, resolves=1e-9, name="law of cosines at this radius, against balls")]
    if case.chart == "normal":
        return found
    close = chart_measurements.draw_pairs(case.n, min(far, NEAR), radius, SIZE, stream.fork("close"))
    vectors = radius * stream.fork("vectors").normal(SIZE, case.n) / case.n**0.5
    maps = chart_measurements.maps_on_the_hyperboloid(close, vectors, moved)
    return [
        *found,
        measured(chart_measurements.distances_in_a_chart(pairs, case.chart, distance), resolves=RESOLVED, name="distances"),
        measured(chart_measurements.volume_elements(close, case.chart, log_element), resolves=RESOLVED, name="volume element"),
        *(measured(change, resolves=RESOLVED, name=name) for name, change in maps.items()),
    ]  # fmt: skip


def _rows(pairs: chart_measurements.Pairs) -> list[tuple[list[Fraction], list[Fraction]]]:
    """The coordinates as the exact fractions that they are."""
    return [([Fraction(e) for e in x], [Fraction(e) for e in y]) for x, y in zip(pairs.x.tolist(), pairs.y.tolist(), strict=True)]  # fmt: skip


def without_the_2(gram: exact_models.Gram) -> Any:
    """cosh d with |x-y|^2 in the place of 2 |x-y|^2."""
    return 1 + (exact_models.ball_cosh(gram) - 1) / 2


def shorter(x: Tensor, y: Tensor) -> Tensor:
    """The distance whose cosh is 1 + |x-y|^2/((1-|x|^2)(1-|y|^2))."""
    gap = (x - y).square().sum(-1) / ((1 - x.square().sum(-1)) * (1 - y.square().sum(-1)))
    return 2 * (gap / 2).sqrt().asinh()


def conformal(points: Tensor, chart: str, radius: float) -> Tensor:
    """The Poincaré ball's volume element in the place of the Klein ball's."""
    return charts.log_volume_element(points, "ball" if chart == "klein" else chart, radius)


def not_squared(square: Any, along: Any, speed: Any) -> Any:
    """4 |x'|^2/(1 - |x|^2)."""
    return exactly.ball_metric(square, along, speed) * (1 - square)


def unchanged_components(start: Tensor, end: Tensor, vector: Tensor, radius: float) -> Tensor:
    """The components of a vector, unchanged."""
    del start, end, radius
    return vector


def _case(n: int, chart: str, far: int = 4, R: Fraction = Fraction(1)) -> Case:
    return Case(n=n, R=R, chart=chart, far=Fraction(far))


cases = {"numeric": Cases(chart_cases, always=[
    _case(1, "ball", 1), _case(2, "half-space", 8, Fraction(1, 2)), _case(3, "klein", 4, Fraction(2)), _case(64, "hyperboloid", 4, Fraction(3, 2)),
    _case(2, "normal", 1000), _case(5, "normal", 100, Fraction(1, 4)),
])}  # fmt: skip
controls = {
    "without-the-2": [
        Control(exact, fails="ball = -<X,Y>_L", reading=without_the_2),
        Control(numeric, fails="distances", cases=[_case(2, "ball"), _case(16, "ball")], distance=shorter),
    ],
    "ball-volume-in-the-klein-ball": Control(numeric, fails="volume element", cases=[_case(2, "klein"), _case(8, "klein")], log_element=conformal),
    "metric-not-squared": Control(exact, fails="ball metric", metric=not_squared),
    "whole-angle": Control(exact, fails="law of cosines by half angles", half=lambda half_square: 4 * half_square * (1 - half_square)),
    "transport-without-the-area": Control(numeric, fails="parallel transport", cases=[_case(2, "ball"), _case(8, "ball")], moved=unchanged_components),
}  # fmt: skip
