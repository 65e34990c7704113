"""The bijection behind any score: its Jacobian as evaluated, its inverse, its tiles, and what it refuses."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from torch import Tensor

from numerics import quadrature
from numerics.distributions import mixtures
from numerics.distributions.declared import declared_log_score
from numerics.distributions.interface import Distribution
from numerics.streams import Stream
from numerics.transports import ArbitraryScore, HypothesisError, PrecisionError, arbitrary_score
from numerics.transports.triangular import triangular_log_det

EPS = torch.finfo(torch.float64).eps
seeds = st.integers(0, 2**40)
dims = st.sampled_from([1, 2, 3, 7, 20])
scores = st.sampled_from(["flat", "wide", "inverse", "square", "logistic", "bumps"])


def built(dim: int, kind: str, seed: int, **options: object) -> tuple[ArbitraryScore, Distribution, Tensor]:
    p = mixtures.random_mixture(dim, 3, Stream(seed))
    transport = ArbitraryScore(p.log_prob, declared_log_score(kind, p, Stream(seed).fork("s")), dim=dim, **options)
    return transport, p, p.sample(12, Stream(seed).fork("x"))


def rounding(slope: arbitrary_score.Slope, dim: int) -> Tensor:
    return EPS * (71 + 16 * (dim + 8) * slope.log_size)


@settings(max_examples=15)
@given(dims, scores, seeds)
def test_the_maps_own_jacobian_gives_the_image_the_score_as_density(dim: int, kind: str, seed: int) -> None:
    transport, p, x = built(dim, kind, seed)
    slope = transport.slope(x)
    relative = slope.estimate / slope.value + rounding(slope, dim) * (1 + slope.scale / slope.value)
    residual = (p.log_prob(x) - transport.log_det(x) - transport.log_score(x)).abs()
    assert bool((residual <= 2 * relative).all())


@settings(max_examples=15)
@given(dims, seeds)
def test_the_law_rejects_the_integrand_p_squared_over_s(dim: int, seed: int) -> None:
    transport, p, x = built(dim, "wide", seed, integrand=lambda log_p, log_s: 2 * log_p - log_s)
    residual = (p.log_prob(x) - transport.log_det(x) - transport.log_score(x)).abs()
    assert float(residual.max()) > 1e-2


def test_a_wrong_weight_in_the_rule_shows_in_the_maps_jacobian() -> None:
    """The residual comes from differentiating the quadrature, so that a bad rule cannot hide behind the identity."""
    rule = quadrature.kronrod(31)
    bent = quadrature.Rule(
        rule.nodes,
        (*rule.weights[:40], rule.weights[40] * 1.01, *rule.weights[41:]),
        rule.coarse,
        rule.degree,
        rule.coarse_degree,
    )
    honest, p, x = built(2, "wide", 5)
    broken = ArbitraryScore(honest.log_prob, honest.log_score, dim=2, rule=bent)
    sound, wrong = ((p.log_prob(x) - t.log_det(x) - t.log_score(x)).abs().max() for t in (honest, broken))
    assert float(sound) < 1e-11
    assert float(wrong) > 1e-4


@settings(max_examples=15)
@given(dims, scores, seeds, st.sampled_from([1, 1 << 10, 1 << 18]))
def test_inverse_undoes_forward_in_any_tiling_and_density_is_recovered(
    dim: int, kind: str, seed: int, tile: int
) -> None:
    transport, _, x = built(dim, kind, seed, tile=tile)
    y = transport.forward(x)
    found = transport.solve(y)
    slope = transport.slope(x)
    units = (71 + 16 * (dim + 8) * slope.log_size) * EPS
    assert bool((found.residual <= 4 * units * slope.value_scale + 16 * EPS * slope.value * (1 + x[:, 0].abs())).all())
    assert torch.equal(y[:, 1:], x[:, 1:])
    error = (found.x[:, 0] - x[:, 0]).abs()
    allowed = 8 * units * slope.value_scale / slope.value + 64 * EPS * (1 + x[:, 0].abs())
    assert bool((error <= allowed).all())
    steepness = 1 + slope.scale / slope.value
    close = 50 * allowed * (1 + x.abs().amax(1)) + 4 * slope.estimate / slope.value + 4 * units * steepness
    assert bool(((transport.log_density(y) - transport.log_score(found.x)).abs() <= close).all())


def test_forward_agrees_with_scipys_adaptive_quadrature() -> None:
    transport, p, x = built(2, "bumps", 8)
    y, estimate = transport.forward_with_estimate(x)
    for row, image, error in zip(x[:4], y, estimate, strict=False):

        def ratio(t: float, row: Tensor = row) -> float:
            at = torch.tensor([[t, float(row[1])]], dtype=torch.float64)
            return math.exp(float(p.log_prob(at) - transport.log_score(at)))

        expected = integrate.quad(ratio, 0.0, float(row[0]), epsabs=0, epsrel=1e-9, limit=200)[0]
        assert abs(float(image[0]) - expected) <= float(error) + 1e-8 * abs(expected)


def test_each_function_is_evaluated_at_most_64_times_a_point_and_the_base_may_move() -> None:
    counts = {"p": 0, "s": 0}
    p = mixtures.random_mixture(3, 4, Stream(1))

    def counted(name: str, function: arbitrary_score.LogFunction) -> arbitrary_score.LogFunction:
        def call(x: Tensor) -> Tensor:
            counts[name] += x.shape[0]
            return function(x)

        return call

    x = p.sample(500, Stream(2))
    transport = ArbitraryScore(
        counted("p", p.log_prob),
        counted("s", lambda t: -t.square().sum(1) / 20),
        dim=3,
        base=lambda rest: rest[:, 0] / 2,
        tile=1 << 12,
    )
    y = transport.forward(x)
    assert max(counts.values()) <= 64 * 500
    on_base = torch.cat([x[:, 1:2] / 2, x[:, 1:]], 1)
    assert float(transport.forward(on_base)[:, 0].abs().max()) == 0
    assert y.shape == x.shape


@settings(max_examples=20)
@given(st.integers(1, 6), seeds)
def test_the_structured_log_determinant_is_that_of_the_full_jacobian(dim: int, seed: int) -> None:
    transport, _, x = built(dim, "wide", seed)
    full = torch.func.vmap(torch.func.jacrev(lambda point: transport.evaluate(point[None])[0]))(x)
    slope = transport.slope(x)
    bound = 4 * rounding(slope, dim) * (1 + slope.scale / slope.value)
    assert torch.equal(triangular_log_det(transport.evaluate, x, active=(0,)), transport.log_det(x))
    assert bool(((torch.linalg.slogdet(full).logabsdet - transport.log_det(x)).abs() <= bound).all())


def test_dyadic_tails_fall_for_an_integrable_fibre_and_grow_for_a_divergent_one() -> None:
    rest = torch.zeros(1, 0).double()
    for base, log_r, ratio in (
        (0.0, lambda t, _: -t.abs().log(), 1.0),
        (0.0, lambda t, _: 0 * t, 2.0**-8),
        (-math.inf, lambda t, _: 0 * t, 2.0**8),
    ):
        first, last, _ = arbitrary_score.dyadic_tails(log_r, rest, torch.tensor([base]).double(), levels=8)
        assert abs(float(last / first) / ratio - 1) < 1e-10


def normal(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2


@pytest.mark.parametrize(
    ("p", "s", "message"),
    [
        (lambda x: normal(x) * math.nan, normal, "log_prob returned NaN"),
        (normal, lambda x: torch.full_like(x[:, 0], -math.inf), "s is zero"),
        (lambda x: normal(x) + math.inf, normal, "p is infinite"),
        (lambda x: torch.where(x[:, 0] > 0.1, normal(x), -math.inf), normal, "p is zero"),
    ],
)
def test_a_density_or_score_that_is_not_positive_and_finite_is_named(
    p: arbitrary_score.LogFunction, s: arbitrary_score.LogFunction, message: str
) -> None:
    with pytest.raises(HypothesisError, match=message):
        ArbitraryScore(p, s, dim=2).forward(torch.ones(3, 2).double())


def test_misfits_are_explained() -> None:
    ones = torch.ones(3, 2).double()
    with pytest.raises(ValueError, match="one number a row"):
        ArbitraryScore(lambda x: -x.square(), normal, dim=2).forward(ones)
    with pytest.raises(ValueError, match="shape"):
        ArbitraryScore(normal, normal, dim=3).forward(ones)
    with pytest.raises(ValueError, match="shape"):
        ArbitraryScore(normal, normal, dim=2).forward(ones[:0])
    with pytest.raises(ValueError, match="floating-point"):
        ArbitraryScore(normal, normal, dim=2).forward(ones.long())
    with pytest.raises(ValueError, match="at least 1"):
        ArbitraryScore(normal, normal, dim=0)
    with pytest.raises(ValueError, match="no gradient"):
        ArbitraryScore(lambda x: normal(x).detach(), lambda x: 0 * normal(x), dim=2).slope(ones)
    with pytest.raises(HypothesisError, match="outside the image"):
        ArbitraryScore(normal, lambda x: 0 * x[:, 0], dim=1).inverse(torch.tensor([[5.0]]).double())


def test_dtype_follows_the_points() -> None:
    transport = ArbitraryScore(normal, lambda x: normal(x) / 4, dim=2)
    assert transport.forward(torch.ones(3, 2)).dtype == torch.float32
    assert transport.log_det(torch.ones(3, 2)).dtype == torch.float32


# -- hardening: what is refused, what is counted, and in which unit ---------------------------------------------------------


def flat(x: Tensor) -> Tensor:
    return 0 * x[:, 0]


@settings(max_examples=15)
@given(dims, seeds, st.floats(-600, 600))
def test_the_unit_scales_the_first_coordinate_and_the_density_and_nothing_else(
    dim: int, seed: int, unit: float
) -> None:
    plain, p, x = built(dim, "wide", seed)
    scaled = ArbitraryScore(p.log_prob, plain.log_score, dim=dim, log_unit=unit)
    one, other = plain.forward(x), scaled.forward(x)
    size = EPS * (len(plain.rule) + 8 + 4 * abs(unit) + 16 * (dim + 8) * plain.slope(x).log_size)
    assert bool(((other[:, 0].abs().log() + unit - one[:, 0].abs().log()).abs() <= 2 * size).all())
    assert torch.equal(other[:, 1:], one[:, 1:])
    assert bool(((scaled.log_det(x) + unit - plain.log_det(x)).abs() <= 4 * size * (1 + plain.slope(x).scale / plain.slope(x).value)).all())  # fmt: skip


def test_a_thousand_dimensions_where_p_underflows_everywhere_need_the_unit_and_have_it() -> None:
    p = mixtures.random_mixture(1000, 3, Stream(4))
    x = p.sample(6, Stream(5))
    transport = ArbitraryScore(p.log_prob, flat, dim=1000)
    with pytest.raises(PrecisionError, match=r"underflows on \d of [46] fibres.*centred"):
        transport.forward(x)
    assert transport.inspect(x).trouble.counts["p/s underflows"] == 6
    centred = transport.centre_unit(x)
    assert not centred.inspect(x).trouble.causes
    assert bool(((centred.log_density(centred.forward(x)) - centred.log_unit).abs() < 1e-9).all())
    again = centred.centre_unit(x)
    assert abs(again.log_unit - centred.log_unit) < 1e-9 * abs(centred.log_unit)


def test_where_no_unit_holds_all_points_the_bulk_is_served_and_the_rest_is_named() -> None:
    x = torch.cat([Stream(1).normal(20, 1), torch.tensor([[70.0], [-90.0]]).double()])
    transport = ArbitraryScore(lambda x: 2 * normal(x), flat, dim=1).centre_unit(x)
    trouble = transport.inspect(x).trouble
    assert trouble.rows.tolist() == [20, 21]
    assert set(trouble.causes) == {"p/s underflows", "not injective"}
    assert transport.forward(x[trouble.sound]).shape == (20, 1)
    assert str(trouble) == "2 of 22 points in trouble (p/s underflows: 2; not injective: 2)"
    assert str(transport.inspect(x[:3]).trouble) == "none of 3 points in trouble"


@pytest.mark.parametrize("tile", [1, 1 << 18])
def test_trouble_is_counted_by_cause_and_raises_nothing(tile: int) -> None:
    x = torch.tensor([[0.5], [1.5], [-1.5], [2.5], [-2.5], [0.1], [9.0]]).double()

    def log_p(x: Tensor) -> Tensor:
        t = x[:, 0]
        value = torch.where(t > 1, -torch.inf, -t.square() / 2)
        value = torch.where(t < -1, torch.nan, value)
        return torch.where((t < -2), torch.inf, value)

    found = ArbitraryScore(log_p, flat, dim=1, tile=tile).inspect(x)
    assert {cause: rows.tolist() for cause, rows in found.trouble.causes.items()} == {
        "log_prob is NaN": [2, 4],
        "p is zero": [1, 3, 6],
        "p is infinite": [4],
    }
    assert found.trouble.sound.tolist() == [True, False, False, False, False, True, False]
    assert found.y.shape == x.shape


def test_a_vanishing_score_and_overflow_are_named() -> None:
    x = torch.tensor([[0.5], [2.0]]).double()
    zero = ArbitraryScore(normal, lambda x: torch.where(x[:, 0] > 1, -torch.inf, flat(x)), dim=1)
    assert zero.inspect(x).trouble.counts == {"s is zero": 1}
    steep = ArbitraryScore(normal, lambda x: -400 * x[:, 0].square(), dim=1)
    assert steep.inspect(x).trouble.counts == {"p/s overflows": 1}
    with pytest.raises(PrecisionError, match="overflows on 1 of 2 fibres"):
        steep.forward(x)
    tight = ArbitraryScore(lambda x: normal(x) * 100, flat, dim=1)
    assert tight.inspect(x).trouble.counts == {"not injective": 1}


def test_each_function_is_evaluated_64_times_a_point_by_an_inspection() -> None:
    counted = []
    transport = ArbitraryScore(lambda x: counted.append(x.shape[0]) or normal(x), flat, dim=3)
    inspection = transport.inspect(torch.ones(100, 3).double())
    assert sum(counted) == 64 * 100
    assert torch.equal(inspection.y, ArbitraryScore(normal, flat, dim=3).forward(torch.ones(100, 3).double()))


def test_a_computed_map_that_turns_back_is_refused() -> None:
    """A needle between nodes: the quadrature sees it at some x and not at others."""
    needle = ArbitraryScore(
        lambda x: torch.logsumexp(torch.stack([normal(x), -(((x[:, 0] - 1) * 300) ** 2) + 8]), 0), flat, dim=1
    )
    x = torch.linspace(1.1, 3, 400).double()[:, None]
    with pytest.raises(PrecisionError, match=r"turns back at .* of 400 points.*63 nodes"):
        needle.log_det(x)


def test_memory_is_not_held_by_gradients_of_a_models_parameters() -> None:
    model = torch.nn.Linear(2, 1).double()
    transport = ArbitraryScore(lambda x: normal(x) + 0.1 * model(x)[:, 0].tanh(), flat, dim=2)
    x = torch.ones(3, 2).double()
    assert not transport.forward(x).requires_grad
    y = transport.forward(x)
    assert not transport.log_density(y).requires_grad
    assert transport.forward(x.clone().requires_grad_()).requires_grad
    with torch.no_grad():
        assert bool((transport.log_density(y).abs() < 1e-9).all())


def test_rows_outside_the_image_can_be_asked_for_and_come_back_as_nan() -> None:
    transport = ArbitraryScore(normal, flat, dim=1)
    y = torch.tensor([[0.3], [5.0], [-0.2]]).double()
    found = transport.solve(y, strict=False)
    assert found.x.isnan()[:, 0].tolist() == [False, True, False]
    assert found.residual.isinf().tolist() == [False, True, False]


def test_laws_without_a_density_are_noticed_where_they_can_be() -> None:
    x = torch.tensor([[2.0, 3.0]]).double()
    rate = torch.ones(2).double()  # validation is asked for: libraries that are imported beside switch its default off
    checked = torch.distributions.Independent(
        torch.distributions.Poisson(rate, validate_args=True), 1, validate_args=True
    )
    with pytest.raises(HypothesisError, match="lattice has none"):
        ArbitraryScore(checked.log_prob, flat, dim=2).forward(x)
    table = torch.log_softmax(torch.arange(5.0).double(), 0)
    with pytest.raises(ValueError, match="rounds its argument"):
        ArbitraryScore(lambda x: table[x.long()].sum(1), flat, dim=2).log_det(x)
    bounded = torch.distributions.Independent(
        torch.distributions.Beta(2 * rate, 2 * rate, validate_args=True), 1, validate_args=True
    )
    with pytest.raises(HypothesisError, match="move the base point inside"):
        ArbitraryScore(bounded.log_prob, flat, dim=2, base=-1.0).forward(x / 4)
    silent = torch.distributions.Independent(
        torch.distributions.Uniform(rate * 0, rate, validate_args=False), 1, validate_args=False
    )
    with pytest.raises(HypothesisError, match="p is zero"):
        ArbitraryScore(silent.log_prob, flat, dim=2, base=-1.0).forward(x / 4)
    inside = ArbitraryScore(silent.log_prob, flat, dim=2, base=0.25)
    assert bool(((inside.inverse(inside.forward(x / 4)) - x / 4).abs() < 1e-12).all())


def test_a_gap_between_base_and_point_is_named() -> None:
    gap = ArbitraryScore(lambda x: torch.where((x[:, 0] - 1).abs() < 0.3, -torch.inf, normal(x)), flat, dim=1)
    assert gap.inspect(torch.tensor([[0.5], [2.0]]).double()).trouble.counts == {"p is zero": 1}
    with pytest.raises(HypothesisError, match=r"p is zero .* on 1 of 2 fibres"):
        gap.forward(torch.tensor([[0.5], [2.0]]).double())


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.ones(3, 2, dtype=torch.float16), "double or single precision"),
        (torch.ones(3, 2, dtype=torch.bfloat16), "double or single precision"),
        (torch.ones(3, 2, dtype=torch.bool), "dequantisation"),
        (torch.ones(0, 2).double(), r"N >= 1, got shape \(0, 2\)"),
        (torch.ones(3, 0).double(), r"shape \(3, 0\)"),
        (torch.ones(2).double(), r"shape \(2,\)"),
        ([[1.0, 2.0]], "got list"),
        (torch.tensor([[0.0, math.nan], [0.0, 1.0]]).double(), "NaN or infinite, first in row 0"),
        (torch.tensor([[0.0, 1.0], [-math.inf, 1.0]]).double(), "NaN or infinite, first in row 1"),
    ],
)
def test_points_that_are_no_points_are_refused_by_every_method(x: Tensor, message: str) -> None:
    transport = ArbitraryScore(normal, flat, dim=2)
    for method in (transport.forward, transport.inspect, transport.log_det, transport.inverse, transport.centre_unit):
        with pytest.raises(ValueError, match=message):
            method(x)


@pytest.mark.parametrize(
    ("p", "message"),
    [
        (lambda x: 0.5, "return a tensor, got float"),
        (lambda x: normal(x.float()), "returned torch.float32 on cpu for points of torch.float64"),
        (lambda x: normal(x).to("meta"), "torch.float64 on meta for points"),
        (lambda x: torch.nn.Linear(2, 1)(x)[:, 0], "of one precision"),
        (lambda x: torch.nn.Linear(3, 1).double()(x)[:, 0], "failed on points of shape"),
        (lambda x: x.nowhere, "failed on points of shape"),
        (lambda x: torch.linalg.vecdot(x, torch.ones(2, device="meta").double()), "on one device"),
    ],
)
def test_a_model_that_can_not_be_evaluated_is_explained(p: arbitrary_score.LogFunction, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArbitraryScore(p, flat, dim=2).forward(torch.ones(3, 2).double())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 0}, "at least 1, got 0"),
        ({"dim": 2.0}, "integer"),
        ({"dim": True}, "integer"),
        ({"dim": 2, "base": -math.inf}, "inside every fibre"),
        ({"dim": 2, "log_unit": math.nan}, "finite log_unit"),
    ],
)
def test_maps_that_can_not_be_are_refused_when_they_are_made(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArbitraryScore(normal, flat, **options)


def test_a_base_point_of_another_shape_or_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="one number a fibre"):
        ArbitraryScore(normal, flat, dim=2, base=lambda rest: rest).forward(torch.ones(3, 2).double())
    with pytest.raises(HypothesisError, match="infinite or NaN on some fibres"):
        ArbitraryScore(normal, flat, dim=2, base=lambda rest: rest[:, 0] / 0).forward(torch.ones(3, 2).double())


@settings(max_examples=15)
@given(dims, seeds)
def test_ratios_of_densities_are_kept_and_maps_compose(dim: int, seed: int) -> None:
    """A second distribution is pushed by the same map: its density over the first one's is what it was, with no Jacobian."""
    transport, p, x = built(dim, "wide", seed)
    q = mixtures.random_mixture(dim, 2, Stream(seed).fork("q"))
    y = transport.forward(x)
    back = transport.inverse(y)
    log_det = transport.log_det(back)
    ratio = (q.log_prob(back) - log_det) - (p.log_prob(back) - log_det)
    slope = transport.slope(x)
    size = EPS * 16 * (dim + 8) * (1 + slope.log_size + q.log_prob(x).abs())
    reach = 8 * rounding(slope, dim) * slope.value_scale / slope.value + 64 * EPS * (1 + x[:, 0].abs())
    assert bool(((ratio - (q.log_prob(x) - p.log_prob(x))).abs() <= 4 * size + 40 * reach * (1 + x.abs().amax(1))).all())  # fmt: skip
    first = ArbitraryScore(p.log_prob, flat, dim=dim)
    second = ArbitraryScore(flat, transport.log_score, dim=dim)  # from the line with constant density to the score
    u = first.forward(x)
    whole = first.log_det(x) + second.log_det(u)
    assert bool(((-whole - (second.log_score(u) - p.log_prob(x))).abs() < 1e-6 * (1 + whole.abs())).all())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_map_runs_unchanged_on_a_gpu() -> None:
    p = mixtures.random_mixture(8, 3, Stream(1))
    x = p.sample(64, Stream(2))
    on_cpu = ArbitraryScore(p.log_prob, flat, dim=8)
    moved = mixtures.IsotropicMixture(p.weights.cuda(), p.means.cuda(), p.scales.cuda())
    on_gpu = ArbitraryScore(moved.log_prob, flat, dim=8).centre_unit(x.cuda())
    assert on_gpu.forward(x.cuda()).device.type == "cuda"
    assert not on_gpu.inspect(x.cuda()).trouble.causes
    y = on_gpu.forward(x.cuda())
    assert bool(((on_gpu.log_density(y) - on_gpu.log_unit).abs() < 1e-9).all())
    assert bool(((on_gpu.log_det(x.cuda()) + on_gpu.log_unit).cpu() - on_cpu.log_det(x)).abs().max() < 1e-9)
    with pytest.raises(ValueError, match="on one device"):
        ArbitraryScore(moved.log_prob, flat, dim=8).forward(x)
