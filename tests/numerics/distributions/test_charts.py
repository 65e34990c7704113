"""Charts: bijections whose log-determinant is autograd's, which say where floating-point numbers end."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from numerics.distributions.charts import Box, Chart, Simplex
from numerics.streams import Stream

INF = math.inf
BOXES = {
    "bounded": Box(torch.tensor([-1.0, 2.0]).double(), torch.tensor([1.0, 5.0]).double()),
    "half lines": Box(torch.tensor([0.0, -INF]).double(), torch.tensor([INF, 3.0]).double()),
    "one free": Box(torch.tensor([-INF, 0.0]).double(), torch.tensor([INF, 1.0]).double()),
}
CHARTS: dict[str, Chart] = {**BOXES, "triangle": Simplex(3), "interval of shares": Simplex(2), "simplex": Simplex(6)}
EPS = torch.finfo(torch.float64).eps


def points(chart: Chart) -> Tensor:
    return 2 * Stream(3).normal(40, chart.dim)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_a_chart_is_a_bijection(chart: Chart) -> None:
    u = points(chart)
    x = chart.leave(u)
    assert x.shape == (40, chart.coordinates)
    assert bool(chart.inside(x).all())
    assert bool(chart.resolved(u).all())
    conditioned = (
        64 * EPS * (1 + u.abs().amax(1).exp()) * 5
    )  # an end of size 5 is rounded, and divided by the distance from it
    assert bool(((chart.enter(x) - u).abs().amax(1) <= conditioned).all())


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_the_log_determinant_is_that_of_autograd(chart: Chart) -> None:
    for u in points(chart)[:8]:
        jacobian = torch.autograd.functional.jacobian(lambda v: chart.leave(v[None])[0, : chart.dim], u)
        expected = torch.linalg.slogdet(jacobian).logabsdet
        bound = 64 * EPS * chart.dim * (float(torch.linalg.cond(jacobian)) + float(expected.abs()))
        assert abs(float(chart.log_det(u[None]) - expected)) <= bound


def test_stick_breaking_is_torchs() -> None:
    u, theirs = points(CHARTS["simplex"]), torch.distributions.StickBreakingTransform()
    assert float((CHARTS["simplex"].leave(u) - theirs(u)).abs().max()) <= 64 * EPS
    assert float((CHARTS["simplex"].log_det(u) - theirs.log_abs_det_jacobian(u, theirs(u))).abs().max()) <= 1e3 * EPS


@pytest.mark.parametrize(("u", "resolved"), [(30.0, True), (40.0, False), (-40.0, True), (-760.0, False)])
def test_a_point_that_rounds_to_an_end_is_told(u: float, resolved: bool) -> None:
    unit = Box(torch.zeros(1).double(), torch.ones(1).double())
    assert bool(unit.resolved(torch.tensor([[u]]).double())) is resolved


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Box(torch.zeros(2), torch.zeros(2)), "lower end below"),
        (lambda: Box(torch.tensor([math.nan]), torch.ones(1)), "lower end below"),
        (lambda: Box(torch.zeros(2), torch.ones(3)), "shape"),
        (lambda: Simplex(1), "two shares"),
        (lambda: BOXES["bounded"].enter(torch.tensor([[1.0, 3.0]]).double()), "outside the box"),
        (lambda: Simplex(2).enter(torch.tensor([[0.5, 0.6]]).double()), "add up to 1"),
    ],
)
def test_what_is_no_chart_or_off_it_is_refused(make: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()
