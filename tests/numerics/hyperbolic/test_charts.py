"""Charts of hyperbolic space: there and back, volume elements that integrate to areas, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.hyperbolic import charts
from numerics.hyperbolic.chart_measurements import batch_jacobian
from numerics.streams import Stream


@given(
    chart=st.sampled_from(charts.CHARTS),
    n=st.integers(1, 6),
    R=st.sampled_from([0.5, 1.0, 4.0]),
    seed=st.integers(0, 999),
)
def test_coordinates_go_there_and_back(chart: str, n: int, R: float, seed: int) -> None:
    x = 1.5 * R * Stream(seed).normal(8, n) / n**0.5
    read = charts.from_normal(x, chart, R)
    assert charts.dimension(read, chart) == n
    assert torch.allclose(charts.to_normal(read, chart, R), x, rtol=1e-8, atol=1e-10 * R)


@pytest.mark.parametrize("chart", charts.CHARTS)
def test_a_disk_has_the_area_that_its_radius_says(chart: str) -> None:
    R, far = 2.0, 3.0
    nodes = (torch.arange(400).double() + 0.5) / 400 * far
    rho = torch.stack([nodes, torch.zeros_like(nodes)], -1)
    rows = slice(1, None) if chart == "hyperboloid" else slice(None)
    jacobian = batch_jacobian(lambda x: charts.from_normal(x, chart, R)[..., rows], rho)
    per_length = torch.linalg.slogdet(jacobian).logabsdet + charts.log_volume_element(
        charts.from_normal(rho, chart, R), chart, R
    )
    area = 2 * math.pi * float((per_length.exp() * nodes).sum()) * far / 400
    assert area == pytest.approx(2 * math.pi * R**2 * (math.cosh(far / R) - 1), rel=1e-4)  # the midpoint rule's error


def test_points_outside_a_chart_are_refused_and_never_moved() -> None:
    outside = torch.tensor([[0.1, 0.2], [1.5, 0.0]]).double()
    for chart, message in (("ball", "inside the Poincaré ball"), ("klein", "inside the Klein ball")):
        with pytest.raises(ValueError, match=message):
            charts.to_normal(outside, chart)
        charts.to_normal(outside, chart, 2.0)
    with pytest.raises(ValueError, match="half-space"):
        charts.to_normal(-outside, "half-space")
    with pytest.raises(ValueError, match="Expected a chart among"):
        charts.to_normal(outside, "disc")
    with pytest.raises(ValueError, match="within 700 radii"):
        charts.from_normal(1000 * outside, "hyperboloid")
