"""Measurements of a flow: each within its bound for right maps, and far outside for maps that are wrong by 1e-6."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from numerics.bounds import Measurement
from numerics.streams import Stream
from numerics.transports import flow_checks
from numerics.transports.bijections import Composition, bijection, jacobians

DIMS = [1, 2, 3, 8]


def ratio(found: Measurement) -> float:
    """The largest residual in units of its bound."""
    residual = torch.as_tensor(found.residual)
    bound = sum(torch.as_tensor(term).broadcast_to(residual.shape) for term in found.bound.terms.values())
    return float((residual / bound).max())


@pytest.fixture(params=DIMS, ids=lambda dim: f"D={dim}")
def flow(request: pytest.FixtureRequest) -> tuple[Composition, Tensor]:
    stream = Stream(100 + request.param)
    return bijection("deep", request.param, stream), stream.normal(40, request.param)


def found_of(chosen: Composition, x: Tensor) -> flow_checks.Linearised:
    return flow_checks.linearise(lambda points, _: chosen.forward(points), x)


def test_jacobians_are_those_of_one_backward_pass_an_output_at_every_tile(flow) -> None:
    chosen, x = flow
    oracle = jacobians(chosen.forward, x)
    for rows in (1, 7, 1 << 14):
        found = flow_checks.linearise(lambda points, _: chosen.forward(points), x, rows=rows)
        assert torch.allclose(found.jacobian, oracle, rtol=1e-12, atol=1e-12)
        assert torch.allclose(found.images, chosen.forward(x), rtol=1e-13, atol=1e-13)
    assert torch.allclose(found.condition, torch.linalg.cond(oracle), rtol=1e-9)


def test_a_context_reaches_the_copies_of_its_own_point() -> None:
    stream = Stream(3)
    x, context = stream.normal(9, 3), stream.normal(9, 3)
    found = flow_checks.linearise(lambda points, given: points * given.exp(), x, context)
    assert torch.allclose(found.log_det, context.sum(1))


def test_a_log_determinant_holds_and_every_fault_of_a_millionth_does_not(flow) -> None:
    chosen, x = flow
    found = found_of(chosen, x)
    units = flow_checks.units_of(x.shape[1], len(chosen.layers))
    claimed, condition = chosen.log_det(x), chosen.condition(x)
    assert ratio(flow_checks.log_determinant(claimed, found, units=units, condition=condition)) < 1
    for wrong in (claimed + 1e-6, -claimed, claimed * (1 + 1e-5), 2 * claimed):
        if not torch.equal(wrong, claimed):
            assert ratio(flow_checks.log_determinant(wrong, found, units=units, condition=condition)) > 10


def test_a_log_determinant_that_is_wrong_at_one_point_is_seen_there() -> None:
    stream = Stream(4)
    chosen, x = bijection("deep", 3, stream), stream.normal(40, 3)
    found, claimed = found_of(chosen, x), chosen.log_det(x)
    claimed[17] += 1e-6
    measured = flow_checks.log_determinant(
        claimed, found, units=flow_checks.units_of(3, 5), condition=chosen.condition(x)
    )
    assert ratio(measured) > 10
    assert int(torch.as_tensor(measured.residual).argmax()) == 17


def test_the_inverse_has_minus_the_log_determinant(flow) -> None:
    chosen, x = flow
    found = found_of(chosen, x)
    units = 4 * flow_checks.units_of(x.shape[1], len(chosen.layers))
    condition = chosen.condition(x)
    ahead, back = chosen.log_det(x), -chosen.log_det(chosen.inverse(found.images))
    assert ratio(flow_checks.opposite_log_determinants(ahead, back, found, units=units, condition=condition)) < 1
    assert (
        ratio(flow_checks.opposite_log_determinants(ahead, back + 1e-5, found, units=units, condition=condition)) > 10
    )


def test_the_sign_of_a_determinant_counts_the_points_that_have_the_other_one() -> None:
    x = Stream(5).normal(50, 2)
    folded = flow_checks.linearise(lambda points, _: torch.stack([points[:, 0] ** 2, points[:, 1]], 1), x)
    found = flow_checks.sign_of_determinant(folded, units=flow_checks.units_of(2))
    minority = min(int((x[:, 0] > 0).sum()), int((x[:, 0] < 0).sum()))
    assert float(torch.as_tensor(found.residual).sum()) == minority > 0
    straight = flow_checks.linearise(lambda points, _: -points, x)
    assert float(torch.as_tensor(flow_checks.sign_of_determinant(straight, units=1e-12).residual).max()) == 0
    reflected = flow_checks.linearise(lambda points, _: points.flip(1), x)
    assert float(torch.as_tensor(flow_checks.sign_of_determinant(reflected, units=1e-12).residual).max()) == 0


def test_a_round_trip_holds_and_an_inverse_of_another_map_does_not(flow) -> None:
    chosen, x = flow
    found = found_of(chosen, x)
    units = 4 * flow_checks.units_of(x.shape[1], len(chosen.layers)) * float(found.condition.max())
    back = chosen.inverse(found.images)
    assert ratio(flow_checks.round_trip(x, back, found.images, 1 / found.least, units=units)) < 1
    assert ratio(flow_checks.round_trip(x, back + 1e-4, found.images, 1 / found.least, units=units)) > 10
    assert ratio(flow_checks.round_trip(x, back + 1e-7, found.images, 1 / found.least, units=units, iteration=1e-5)) < 1


def test_log_p_is_base_plus_log_determinant_to_rounding() -> None:
    stream = Stream(8)
    base, log_det, slope = stream.normal(30), stream.normal(30), stream.uniform(30)
    units = flow_checks.units_of(4)
    assert ratio(flow_checks.density_identity(base + log_det, base, log_det, slope, units=units)) < 1
    for wrong in (base - log_det, base, base + log_det + 1e-6):
        assert ratio(flow_checks.density_identity(wrong, base, log_det, slope, units=units)) > 10


def test_two_evaluations_differ_by_rounding_and_infinities_by_nothing() -> None:
    values = torch.tensor([1.0, -torch.inf, 3.0], dtype=torch.float64)
    zero = torch.zeros(3, dtype=torch.float64)
    assert ratio(flow_checks.same_values(values, values * (1 + 1e-15), zero, units=1e-12)) < 1
    assert ratio(flow_checks.same_values(values, values + 1e-6, zero, units=1e-12)) > 10
    moved = torch.as_tensor(
        flow_checks.same_values(values, torch.tensor([1.0, 0.0, 3.0]).double(), zero, units=1e-12).residual
    )
    assert moved.tolist() == [0, torch.inf, 0]
    assert ratio(flow_checks.same_values(values, values + 1e-5, zero, units=1e-12, solver=1e-6)) < 1


def test_differences_confirm_a_gradient_and_expose_one_that_is_cut(flow) -> None:
    chosen, x = flow
    directions = torch.nn.functional.normalize(Stream(1).normal(*x.shape), dim=1)

    def half(points: Tensor, _: Tensor | None) -> Tensor:
        return 0.5 * chosen.forward(points) + 0.5 * chosen.forward(points).detach()

    right, wrong = found_of(chosen, x), flow_checks.linearise(half, x)
    for found, transform, expected in ((right, lambda points, _: chosen.forward(points), True), (wrong, half, False)):
        along = (found.jacobian @ directions[..., None])[..., 0]
        measured = flow_checks.derivative_by_differences(transform, x, None, directions, along)
        assert (ratio(measured) < 10) is expected


def test_half_of_the_digits_is_measured_relative_to_the_value() -> None:
    values = torch.tensor([-1000.0, 2.0], dtype=torch.float64)
    assert ratio(flow_checks.half_the_digits(values, values + torch.tensor([1e-2, 1e-5]), 2.0**-23)) < 1
    assert ratio(flow_checks.half_the_digits(values, values + 1.0, 2.0**-23)) > 10


@pytest.mark.parametrize(
    ("transform", "message"),
    [(lambda x, _: x[:, :1], "same shape"), (lambda x, _: x.detach() * 2, "cut off from autograd")],
)
def test_maps_that_cannot_be_differentiated_are_refused(transform, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        flow_checks.linearise(transform, Stream(1).normal(4, 2))


def test_a_map_that_gives_no_number_is_not_finite_there_and_sound_elsewhere() -> None:
    x = torch.tensor([[1.0, 2.0], [-1.0, 2.0]], dtype=torch.float64)
    found = flow_checks.linearise(lambda points, _: points.log(), x)
    assert found.finite.tolist() == [True, False]
    assert found.at(found.finite).log_det.numel() == 1
