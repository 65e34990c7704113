"""Any score by adaptive panels: closed forms, images far out and in valleys, kinks, what the estimates cover, and purity of the map."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from numerics.distributions.declared import declared_log_score
from numerics.distributions.mixtures import random_mixture
from numerics.streams import Stream
from numerics.transports import HypothesisError
from numerics.transports.adaptive_score import AdaptiveScore
from numerics.transports.fibre_panels import RULE, Lines, PanelTable, coefficient_error, cumulative_coefficients

EPS = torch.finfo(torch.float64).eps
NODES, WEIGHTS, _ = RULE.tensors(torch.zeros(1, dtype=torch.float64))
seeds = st.integers(0, 2**40)


def normal(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2


def flat(x: Tensor) -> Tensor:
    return torch.zeros_like(x[:, 0])


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


# -- panels ----------------------------------------------------------------------------------------------------------------


def test_the_error_of_one_kink_or_jump_is_covered_but_at_the_ends() -> None:
    at = torch.linspace(0, 1, 20_001, dtype=torch.float64)
    inside = (at > NODES[0]) & (at < NODES[-1])
    kink = (NODES - at[:, None]).clamp(min=0)
    jump = (at[:, None] < NODES).double() * NODES
    for values, exact, factor, share in ((kink, (1 - at) ** 2 / 2, 1.0, 0.999), (jump, (1 - at**2) / 2, 2.0, 0.995)):
        error = (values @ WEIGHTS - exact).abs()
        covered = error <= factor * coefficient_error(values) + 4 * EPS
        assert float(covered[inside].double().mean()) > share


@settings(max_examples=30)
@given(st.floats(0.2, 5.0), st.floats(-1.0, 2.0))
def test_the_error_of_a_smooth_panel_is_covered(width: float, centre: float) -> None:
    def integral(x: float) -> float:
        return math.sqrt(math.pi / 2) * math.erf((x - centre) * width / math.sqrt(2)) / width

    values = torch.exp(-(((NODES - centre) * width) ** 2) / 2)
    error = abs(float(values @ WEIGHTS) - (integral(1.0) - integral(0.0)))
    assert error <= float(coefficient_error(values)) + 16 * EPS


def test_the_polynomial_through_the_values_is_integrated_exactly() -> None:
    powers = torch.arange(15, dtype=torch.float64)
    values = NODES[None] ** powers[:, None]
    ends = cumulative_coefficients(values).sum(1)  # P_k(1) = 1
    assert bool(((ends - 1 / (powers + 1)).abs() <= 1e4 * EPS).all())


def lines(log_p: object, start: Tensor, side: float) -> Lines:
    return Lines(
        log_p,
        flat,
        lambda p, s: p - s,
        torch.zeros(start.numel(), 0).double(),
        start,
        torch.full_like(start, side),
        tile=1 << 12,
        precision=EPS,
    )


@pytest.mark.parametrize("start", [0.0, 3.0, 12.0, 40.0, -5.0])
def test_the_integral_to_the_end_of_a_fibre_is_the_normal_tail(start: float) -> None:
    at = torch.tensor([start], dtype=torch.float64)
    table = PanelTable(lines(normal, at, 1.0), torch.zeros(1).long(), 0 * at, to_end=True, tolerance=1e-6)
    tail = torch.special.log_ndtr(-at) + math.log(2 * math.pi) / 2
    assert bool(table.finite.all())
    assert abs(float(table.log_total - tail)) <= 1e-8 * (1 + start**2)


def test_an_integral_that_diverges_is_no_end_and_a_heavy_tail_is_one() -> None:
    at = torch.tensor([1.0], dtype=torch.float64)
    for power, finite in ((2.0, True), (1.0, False), (0.0, False)):
        table = PanelTable(
            lines(lambda x, a=power: -a * x[:, 0].abs().log(), at, 1.0),
            torch.zeros(1).long(),
            0 * at,
            to_end=True,
            tolerance=1e-6,
        )
        assert bool(table.finite.all()) is finite
    cauchy = PanelTable(
        lines(lambda x: -x[:, 0].square().log1p(), at, 1.0), torch.zeros(1).long(), 0 * at, to_end=True, tolerance=1e-6
    )
    assert abs(float(cauchy.log_total.exp()) - math.pi / 4) <= 1e-8


# -- the map -----------------------------------------------------------------------------------------------------------------


@settings(max_examples=15)
@given(st.sampled_from([1, 2, 5, 20]), seeds, st.sampled_from(["flat", "wide", "inverse", "square", "bumps"]))
def test_the_recovered_density_is_the_score_within_its_error(dim: int, seed: int, kind: str) -> None:
    p = random_mixture(dim, 3, Stream(seed))
    log_s = declared_log_score(kind, p, Stream(seed).fork("s"))
    x = torch.cat([p.sample(12, Stream(seed).fork("x")), 6 * Stream(seed).fork("far").normal(4, dim)])
    found = AdaptiveScore(p.log_prob, log_s, dim=dim).follow(x).recover_density()
    assert float(found.error.max()) < 1e-5
    assert bool(((found.log_density - log_s(x)).abs() <= found.error).all())
    assert bool((found.moved <= found.reach).all())


@pytest.mark.parametrize("far", [5.0, 20.0, 40.0, -200.0])
def test_a_point_far_out_has_an_image_a_neighbour_and_a_way_back(far: float) -> None:
    x = column(far, math.nextafter(far, 2 * far), 0.3)
    followed = AdaptiveScore(normal, flat, dim=1).follow(x)
    images = followed.images
    assert images.anchor.tolist()[2] == 0
    assert images.side.tolist() == [math.copysign(1, far)] * 2 + [1.0]
    if abs(far) > 6:
        assert images.anchor.tolist()[:2] == [1, 1]
        tail = float(torch.special.log_ndtr(torch.tensor(-abs(far), dtype=torch.float64))) + math.log(2 * math.pi) / 2
        assert abs(float(images.log_distance[0]) - tail) <= 1e-9 * far**2
    found = followed.recover_density()
    assert bool((found.moved <= found.reach).all())
    assert float(found.reach[:2].max()) <= (1e-8 if abs(far) < 6 else 1e-13 * (1 + abs(far)))


def test_a_point_in_a_valley_between_two_masses_has_an_image_by_an_edge_of_the_grid() -> None:
    def two(x: Tensor) -> Tensor:
        return torch.logaddexp(normal(x), normal(x - 60))

    x = column(28.0, 33.0, 59.0)
    followed = AdaptiveScore(two, flat, dim=1).follow(x)
    assert followed.images.anchor.tolist() == [2, 2, 0]
    found = followed.recover_density()
    assert float(found.error.max()) < 1e-6
    assert bool((found.log_density.abs() <= found.error).all())
    assert bool((found.moved <= found.reach).all())


def test_a_point_at_the_base_point_goes_to_it_and_back() -> None:
    found = AdaptiveScore(normal, flat, dim=2).follow(torch.zeros(1, 2).double()).recover_density()
    assert float(found.moved) == 0
    assert float(found.log_density.abs()) <= float(found.error) < 1e-9


def test_plain_numbers_are_those_of_the_closed_form_and_come_back() -> None:
    x = column(-2.0, -0.5, 0.0, 1.0, 3.0)
    transport = AdaptiveScore(normal, flat, dim=1, log_unit=1.5)
    y = transport.forward(x)
    exact = math.sqrt(math.pi / 2) * torch.erf(x / math.sqrt(2)) * math.exp(-1.5)
    assert float((y - exact).abs().max()) <= 1e-9
    assert float((transport.inverse(y) - x).abs().max()) <= 64 * EPS * math.exp(4.5)
    assert float((transport.log_det(x) - (normal(x) - 1.5)).abs().max()) <= 1e-8
    assert float((transport.log_density(y) - 1.5).abs().max()) <= 1e-8
    with pytest.raises(HypothesisError, match="outside the image"):
        transport.inverse(column(5.0))


def kinked(x: Tensor) -> Tensor:
    return -(x - 0.3).abs().sum(1) - 0.5 * (x - 1.1).abs().sum(1)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_kinks_cost_panels_where_they_are_and_the_error_follows_the_tolerance(tolerance: float) -> None:
    x = 3 * Stream(1).normal(60, 1)
    followed = AdaptiveScore(kinked, lambda x: -kinked(x), dim=1, tolerance=tolerance).follow(x)
    found = followed.recover_density()
    off = (found.log_density + kinked(x)).abs()
    assert float((off > found.error).double().mean()) <= 0.05  # a kink in the last part in 500 of a panel goes unseen
    assert float(found.error.median()) <= 4 * tolerance
    assert followed.lines.evaluations / 60 < 600


def test_refining_splits_the_rows_that_are_asked_for_and_keeps_the_others() -> None:
    x = 3 * Stream(1).normal(40, 1)
    followed = AdaptiveScore(kinked, lambda x: -kinked(x), dim=1, tolerance=1e-1).follow(x)
    before, used = followed.recover_density().error, followed.lines.evaluations
    coarse = before > 1e-3
    assert bool(coarse.any())
    followed.refine(1e-5, coarse)
    after = followed.recover_density().error
    assert bool((after[~coarse] == before[~coarse]).all())
    assert float(after[coarse].max()) < float(before[coarse].max()) / 10
    assert followed.lines.evaluations < 6 * used


def test_trouble_is_named_by_cause_and_its_rows_have_no_error() -> None:
    def bounded(x: Tensor) -> Tensor:
        return torch.where(x[:, 0].abs() < 1, flat(x), -torch.inf)

    x = column(0.5, 2.0, -0.5)
    followed = AdaptiveScore(bounded, flat, dim=1).follow(x)
    assert followed.trouble.counts == {"p is zero": 1}
    assert followed.recover_density().error.isinf().tolist() == [False, True, False]
    with pytest.raises(HypothesisError, match="p is zero"):
        AdaptiveScore(bounded, flat, dim=1).forward(x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.ones(3, 2), None),
        (torch.ones(3, 3).double(), r"shape \(N, 2\)"),
        (torch.ones(0, 2).double(), r"shape \(0, 2\)"),
        (torch.ones(3, 2).long(), "double or single precision"),
        (torch.tensor([[0.0, math.nan]]).double(), "NaN or infinite, first in row 0"),
    ],
)
def test_points_that_are_no_points_are_refused(x: Tensor, message: str | None) -> None:
    transport = AdaptiveScore(normal, flat, dim=2, precision=2.0**-23 if message is None else EPS)
    if message is None:
        assert transport.forward(x).shape == x.shape
        return
    with pytest.raises(ValueError, match=message):
        transport.follow(x)


def test_base_points_and_detached_functions_are_refused() -> None:
    x = torch.ones(3, 2).double()
    with pytest.raises(ValueError, match="one number a fibre"):
        AdaptiveScore(normal, flat, dim=2, base=lambda rest: rest).follow(x)
    with pytest.raises(HypothesisError, match="infinite or NaN"):
        AdaptiveScore(normal, flat, dim=2, base=lambda rest: rest[:, 0] / 0).follow(x)
    with pytest.raises(ValueError, match="carries no gradient"):
        AdaptiveScore(lambda x: normal(x).detach(), flat, dim=2).follow(x).recover_density()


def test_evaluations_are_counted() -> None:
    counted = []
    transport = AdaptiveScore(lambda x: counted.append(x.shape[0]) or normal(x), flat, dim=3)
    followed = transport.follow(Stream(1).normal(50, 3))
    followed.recover_density()
    assert followed.lines.evaluations == sum(counted)
    assert followed.lines.evaluations < 50 * 250
