"""Preimages, folds and the reach of a map: found where they are, and not where they are not."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from numerics.streams import Stream
from numerics.transports import flow_checks, flow_images
from numerics.transports.bijections import bijection

Transform = flow_checks.Transform


def planar(dim: int, product: float) -> Transform:
    """x + u tanh(w.x) with w.u = product: one-to-one where product > -1."""
    w = torch.linspace(1.0, 2.0, dim, dtype=torch.float64)
    u = product * w / (w @ w)
    return lambda x, _: x + u * torch.tanh(x @ w)[:, None]


@pytest.mark.parametrize("dim", [1, 2, 5, 16])
def test_newton_finds_the_preimages_of_a_bijection(dim: int) -> None:
    stream = Stream(dim)
    chosen = bijection("triangular", dim, stream)
    x = stream.normal(30, dim)
    y = chosen.forward(x)
    found = flow_images.preimages(lambda points, _: chosen.forward(points), y, x + 0.3 * stream.normal(30, dim))
    assert bool(found.settled.all())
    assert float((chosen.forward(found.points) - y).abs().max()) < 1e-7 * (1 + float(y.abs().max()))
    assert float((found.points - x).abs().max()) < 1e-5


def test_newton_says_where_there_is_no_preimage() -> None:
    target = torch.tensor([[0.5], [1.5]], dtype=torch.float64)
    found = flow_images.preimages(lambda x, _: torch.tanh(x), target, torch.zeros(2, 1, dtype=torch.float64))
    assert found.settled.tolist() == [True, False]
    assert math.isclose(float(found.points[0, 0]), math.atanh(0.5), rel_tol=1e-9)


@pytest.mark.parametrize("dim", [1, 2, 5, 16])
@pytest.mark.parametrize("product", [-1.05, -1.5, -3.0])
def test_a_fold_shows_two_points_with_one_image(dim: int, product: float) -> None:
    transform = planar(dim, product)
    x = 2 * Stream(dim).normal(200, dim)
    signs = flow_checks.linearise(transform, x).sign
    plus, minus = x[signs > 0][0], x[signs < 0][0]
    fold = flow_images.find_fold(transform, plus, minus)
    assert fold is not None
    assert float((fold.first - fold.second).norm()) > 1e-3
    both = transform(torch.stack([fold.first, fold.second]), None)
    assert float((both[0] - both[1]).abs().max()) < 1e-7
    at = fold.at.at(torch.tensor([1]))
    found = flow_images.one_to_one(fold.first[None], fold.second[None], at, both[:1], units=flow_checks.units_of(dim))
    bound = sum(float(torch.as_tensor(term).max()) for term in found.bound.terms.values())
    assert float(torch.as_tensor(found.residual).max()) > 10 * bound


def test_a_point_is_one_to_one_with_itself() -> None:
    transform = planar(3, 2.0)
    x = Stream(1).normal(10, 3)
    at = flow_checks.linearise(transform, x)
    found = flow_images.one_to_one(x, x + 1e-15, at, at.images, units=flow_checks.units_of(3))
    bound = sum(torch.as_tensor(term) for term in found.bound.terms.values())
    assert bool((torch.as_tensor(found.residual) < bound).all())


@pytest.mark.parametrize("dim", [1, 3, 40])
def test_far_points_show_a_bounded_image_and_one_without_end(dim: int) -> None:
    zero, one = torch.zeros(dim, dtype=torch.float64), torch.ones(dim, dtype=torch.float64)
    bounded = flow_images.reach(lambda x, _: 2 * torch.tanh(x) + 1, zero, one)
    assert bounded is not None
    assert torch.allclose(bounded.low, -one)
    assert torch.allclose(bounded.high, 3 * one)
    slow = flow_images.reach(lambda x, _: torch.asinh(x), zero, one)
    assert slow is not None
    assert float(slow.high.min()) > 100
    assert float(slow.low.max()) < -100


def test_a_map_that_is_defined_on_a_box_has_no_reach_to_tell() -> None:
    zero, one = torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)

    def logit(x: Tensor, _: Tensor | None) -> Tensor:
        return torch.special.logit(x)

    assert flow_images.reach(logit, zero - 7, one * 1e-3) is None
