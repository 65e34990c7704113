"""The typicality audit on distributions, flows and functions that it was not made for; what it says, and what it refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import zuko
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, distributions, nn

from proofs_checks.audits.typicality import TypicalityReport, audit_typicality
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

GENERATOR = torch.Generator().manual_seed(3)
X = torch.randn(240, 3, generator=GENERATOR, dtype=torch.float64)
Y = 0.3 * torch.randn(120, 3, generator=GENERATOR, dtype=torch.float64)
BOX = distributions.Independent(distributions.Uniform(-torch.ones(2).double(), torch.ones(2).double()), 1)
UNIFORMIZED, REVERSED, MINE = "T after uniformization", "T after reversal", "|T| under your bijection"


def normal(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2


def standard(x: Tensor) -> Tensor:
    return normal(x) - x.shape[1] / 2 * math.log(2 * math.pi)


def status(report: TypicalityReport, name: str) -> Status:
    return next(f.status for f in report.findings if f.name == name)


def text(report: TypicalityReport, name: str) -> str:
    return next(f.text for f in report.findings if f.name == name)


def witness(report: TypicalityReport, name: str) -> dict[str, Any]:
    found = next(f.witness for f in report.findings if f.name == name)
    assert found is not None
    return found


# -- what it finds


def test_T_vanishes_after_uniformization_and_turns_after_reversal() -> None:
    report = audit_typicality(normal, X, Y)
    assert status(report, UNIFORMIZED) is status(report, REVERSED) is report.status is Status.HOLDS
    assert witness(report, UNIFORMIZED)["auroc"]["fraction"] == "1/2"
    assert witness(report, UNIFORMIZED)["largest_abs_T"] < 1e-9
    kept = witness(report, REVERSED)
    assert kept["recovered"][0] <= kept["auroc"]["value"] <= kept["recovered"][1]
    assert kept["open_pairs"] == 0
    assert json.loads(json.dumps(report.plain()))["facts"]["D"] == 3


def test_outliers_in_the_middle_are_caught_by_T_and_missed_by_density() -> None:
    given_areas = audit_typicality(normal, X, Y).facts["as_given"]
    assert given_areas["auroc_of_log_p"]["value"] < 0.2
    assert given_areas["auroc"]["value"] > 0.8


def test_the_bijections_come_back_as_objects_that_invert() -> None:
    made = audit_typicality(normal, X, Y).bijections
    assert set(made) == {"uniformized", "reversed"}
    points = X[:8]
    for bijection in made.values():
        assert float((bijection.inverse(bijection.forward(points)) - points).abs().max()) < 1e-6


def test_reversal_measured_on_the_bijection_turns_T_around() -> None:
    """A second look, through the object's own Jacobian: T_f + T is constant zero about the mean."""
    reverse = audit_typicality(normal, X, Y).bijections["reversed"]
    after = normal(X[:50]) - reverse.log_det(X[:50])
    total = (after - after.mean()) + (normal(X[:50]) - normal(X[:50]).mean())
    assert float(total.abs().max()) < 1e-8


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32))
def test_affine_maps_keep_T_and_no_other_map_of_the_family_does(dim: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(40, dim, generator=generator, dtype=torch.float64)
    matrix = (
        torch.eye(dim, dtype=torch.float64)
        + 0.3 * torch.randn(dim, dim, generator=generator, dtype=torch.float64) / dim
    )
    kept = audit_typicality(normal, points, through=lambda x: x @ matrix + 1, points=8)
    assert status(kept, MINE) is Status.HOLDS
    for curved in (torch.sinh, lambda x: x**3 + x, lambda x: (x @ matrix).tan().atan() + x.pow(3)):
        assert status(audit_typicality(normal, points, through=curved, points=8), MINE) is Status.REFUTED


def test_a_map_that_reverses_half_of_a_symmetric_law_keeps_the_size_of_T() -> None:
    """log|J| is 2T on one side and 0 on the other: neither constant nor 2T, yet |T| survives."""
    half = torch.randn(200, 1, generator=GENERATOR, dtype=torch.float64)
    points = torch.cat([half, -half])
    entropy = float(points.square().mean() / 2)

    def log_det(x: Tensor) -> Tensor:
        return torch.where(x[:, 0] > 0, 2 * (normal(x) + entropy), 0.0)

    def forward(x: Tensor) -> Tensor:
        steps = torch.linspace(0, 1, 2001, dtype=torch.float64)
        up = torch.exp(2 * (entropy - (steps[:, None] * x[:, 0].clamp_min(0)) ** 2 / 2))
        return torch.where(x[:, 0] > 0, torch.trapezoid(up, steps, dim=0) * x[:, 0], x[:, 0])[:, None]

    report = audit_typicality(normal, points, entropy=entropy, through=forward, log_det=log_det)
    assert status(report, MINE) is Status.HOLDS
    assert "constant" not in text(report, MINE)


def test_a_wrong_log_determinant_and_a_wrong_inverse_are_refuted() -> None:
    class Bent:
        def forward(self, x: Tensor) -> Tensor:
            return torch.sinh(x)

        def log_det(self, x: Tensor) -> Tensor:
            return 1.01 * torch.cosh(x).log().sum(1)

        def inverse(self, y: Tensor) -> Tensor:
            return torch.asinh(y) + 1e-3

    report = audit_typicality(normal, X, Y, through=Bent())
    assert status(report, "its log-determinant") is status(report, "its inverse") is Status.REFUTED
    assert "its log-determinant" in report.next_step


def test_transforms_of_torch_are_read_with_their_own_log_determinant() -> None:
    chain = distributions.ComposeTransform([
        distributions.transforms.SigmoidTransform(), distributions.AffineTransform(0.0, torch.tensor(2.0, dtype=torch.float64)),
    ])  # fmt: skip
    report = audit_typicality(normal, X, Y, through=chain)
    assert status(report, "its log-determinant") is status(report, "its inverse") is Status.HOLDS


def test_a_zuko_flow_is_audited_with_its_own_samples() -> None:
    torch.manual_seed(1)
    flow = zuko.flows.MAF(3, transforms=1, hidden_features=(8,), activation=nn.ELU)
    with torch.no_grad():
        inside = flow().sample((200,))
    report = audit_typicality(flow, inside, 0.2 * inside[:100], entropy="samples", points=32)
    assert status(report, "inliers follow the model") is Status.HOLDS
    assert status(report, UNIFORMIZED) is status(report, REVERSED) is Status.HOLDS
    assert "draws of the model" in text(report, "entropy")
    assert any("float64" in note for note in report.facts["notes"])


def test_a_spline_flow_is_followed_through_its_knots() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        flow = zuko.flows.NSF(2, transforms=2, hidden_features=[16]).double()
        inside = flow().sample((96,))
    report = audit_typicality(flow, inside, 1.2 * inside[:24], points=24)
    assert status(report, UNIFORMIZED) is status(report, REVERSED) is Status.HOLDS
    assert 0 < witness(report, REVERSED)["largest_sum_of_T"] <= 2 * witness(report, REVERSED)["worst_error_nats"]


def test_inliers_that_are_not_the_models_draws_are_refuted_at_a_stated_level() -> None:
    report = audit_typicality(
        normal, X, Y, sampler=lambda n: 2 * torch.randn(n, 3, dtype=torch.float64), entropy="samples"
    )
    assert status(report, "inliers follow the model") is Status.REFUTED
    assert "1e-06" in text(report, "inliers follow the model")
    unknown = audit_typicality(normal, X, Y)
    assert status(unknown, "inliers follow the model") is Status.INAPPLICABLE
    assert "inliers follow the model" in unknown.facts["unchecked"]


def test_batches_are_tested_together() -> None:
    report = audit_typicality(normal, X, Y, batch=6)
    assert report.facts["as_given"]["inliers"] == 20
    assert report.facts["as_given"]["outliers"] == 20
    assert report.facts["as_given"]["auroc"]["value"] > 0.95
    assert status(report, REVERSED) is Status.HOLDS


def test_false_alarms_are_bounded_by_ranks_and_too_few_inliers_reject_nothing() -> None:
    few = audit_typicality(normal, X[:20], Y)
    assert "too few to reject" in text(few, "as given")
    many = audit_typicality(normal, X, 5 * Y + 8, points=4)
    assert many.facts["as_given"]["detected"] == 1.0
    # Fresh inliers are rejected about as often as allowed: the rank test is exact.
    fresh = audit_typicality(normal, X[:120], X[120:], false_alarms=0.1, points=4)
    assert fresh.facts["as_given"]["detected"] < 0.35


def test_a_constant_density_ties_everywhere() -> None:
    report = audit_typicality(lambda x: torch.zeros_like(x[:, 0]), X, Y)
    assert report.facts["as_given"]["auroc"]["fraction"] == "1/2"
    assert report.status is Status.HOLDS
    assert "0 of" in text(report, REVERSED)


def test_a_constant_added_to_log_p_changes_nothing_unless_the_entropy_is_given() -> None:
    plain, shifted = (audit_typicality(lambda x, c=c: normal(x) + c, X, Y, points=16) for c in (0.0, 5.0))
    assert plain.facts["as_given"]["auroc"] == shifted.facts["as_given"]["auroc"]
    wrong = audit_typicality(lambda x: normal(x) + 5, X, Y, entropy=3 / 2 * math.log(2 * math.pi * math.e), points=16)
    assert status(wrong, "unit mass") is Status.REFUTED
    assert "T is off" in text(wrong, "unit mass")


def test_outliers_off_the_support_are_infinitely_untypical_and_the_maps_stay_undecided() -> None:
    inside, outside = 1.6 * torch.rand(60, 2).double() - 0.8, 3 + torch.rand(30, 2).double()
    report = audit_typicality(BOX, inside, outside)
    assert report.facts["as_given"]["auroc"]["value"] == 1.0
    assert status(report, UNIFORMIZED) is Status.UNDECIDED
    mixed = audit_typicality(BOX, inside, torch.cat([outside, inside[:5] * 0.9]))
    assert status(mixed, UNIFORMIZED) is Status.HOLDS
    assert json.dumps(mixed.plain())


def test_far_outliers_have_images_that_floating_point_tells_apart() -> None:
    report = audit_typicality(normal, X, torch.cat([Y, torch.full((3, 3), 30.0, dtype=torch.float64)]))
    assert status(report, UNIFORMIZED) is status(report, REVERSED) is Status.HOLDS


def test_a_density_with_cusps_on_every_fibre_is_resolved() -> None:
    def toothed(x: Tensor) -> Tensor:
        return normal(x) + 0.5 * torch.sign(torch.sin(40 * x[:, 0])) * torch.sin(40 * x[:, 0]).abs().pow(0.25)

    assert status(audit_typicality(toothed, X, Y, coordinate=0, points=32), REVERSED) is Status.HOLDS


def test_a_detached_log_prob_leaves_the_maps_undecided() -> None:
    report = audit_typicality(lambda x: normal(x).detach(), X, Y)
    assert status(report, UNIFORMIZED) is Status.UNDECIDED
    assert "gradient" in text(report, UNIFORMIZED)
    assert report.bijections == {}


def test_images_are_flattened_and_named() -> None:
    images = torch.randn(40, 1, 3, 3, generator=GENERATOR, dtype=torch.float64)
    report = audit_typicality(
        lambda x: -x.square().sum((1, 2, 3)) / 2, images, 0.3 * images, through=torch.sinh, subject="my images"
    )
    assert report.facts["event_shape"] == [1, 3, 3]
    assert report.text().startswith("typicality audit of my images")


# -- what it refuses


class _Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop, self.linear = nn.Dropout(0.5), nn.Linear(3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.drop(x))[:, 0]


REFUSED: dict[str, tuple[Any, Any, Any, dict[str, Any], str]] = {
    "a list": (normal, [1.0], None, {}, "tensor or NumPy array"),
    "no point": (normal, X[:0], None, {}, "at least one point"),
    "no coordinate": (normal, X[:, :0], None, {}, "at least one coordinate"),
    "integers": (normal, X.long(), None, {}, "Dequantise"),
    "float16": (normal, X.half(), None, {}, "float64"),
    "NaN": (normal, X * math.nan, None, {}, "finite"),
    "one inlier": (normal, X[:1], None, {}, "too few"),
    "a log density a coordinate": (lambda x: -x.square(), X, Y, {}, "sum over the event"),
    "NaN log p": (lambda x: normal(x) * math.nan, X, Y, {}, "no density there"),
    "NaN at outliers": (lambda x: torch.where(x.abs().amax(1) < 9, normal(x), math.nan), X, Y + 10, {}, "outliers"),
    "inliers off the support": (lambda x: torch.where(x[:, 0] < 0, normal(x), -math.inf), X, Y, {}, "H = -E log p is then infinite"),
    "train mode": (_Dropping(), X.float(), Y.float(), {}, "eval"),
    "a discrete distribution": (distributions.Poisson(torch.ones(1)), torch.rand(9, 1), None, {}, "atoms"),
    "outliers of another shape": (normal, X, Y[:, :2], {}, "events of shape"),
    "batch 0": (normal, X, Y, {"batch": 0}, "positive integer"),
    "batch of True": (normal, X, Y, {"batch": True}, "positive integer"),
    "batch larger than the data": (normal, X, Y, {"batch": 200}, "too few"),
    "batch larger than the outliers": (normal, X, Y[:3], {"batch": 4}, "do not fill a batch"),
    "false alarms of 0": (normal, X, Y, {"false_alarms": 0}, "between 0 and 1"),
    "NaN entropy": (normal, X, Y, {"entropy": math.nan}, "finite number of nats"),
    "a word for the entropy": (normal, X, Y, {"entropy": "inliers"}, "'samples'"),
    "samples without a sampler": (normal, X, Y, {"entropy": "samples"}, "sampler="),
    "a sampler of another shape": (normal, X, Y, {"sampler": lambda n: torch.zeros(n, 2)}, "events of shape"),
    "a coordinate that is not there": (normal, X, Y, {"coordinate": 3}, "one of 0..2"),
    "no time": (normal, X, Y, {"seconds": 0}, "a positive number"),
    "a number for a bijection": (normal, X, Y, {"through": 3}, "function of a batch"),
    "a class for a bijection": (normal, X, Y, {"through": distributions.transforms.SigmoidTransform}, "function of a batch"),
    "a list of bijections": (normal, X, Y, {"through": [torch.sinh]}, "Compose"),
    "a map that drops a coordinate": (normal, X, Y, {"through": lambda x: x[:, :2]}, "keeps the dimension"),
    "a constant map": (normal, X, Y, {"through": lambda x: 0 * x}, "nonzero almost everywhere"),
    "a detached map": (normal, X, Y, {"through": lambda x: x.detach().sinh()}, "Give log_det"),
    "a map that is NaN on the data": (normal, X, Y, {"through": torch.log}, "defined on the data"),
    "a map that raises": (normal, X, Y, {"through": lambda x: x @ torch.ones(5).double()}, "raised"),
    "a map of another precision": (normal, X, Y, {"through": lambda x: x.float()}, "one precision"),
    "a map that couples the batch": (normal, X, Y, {"through": lambda x: x - x.mean(0)}, "nonzero"),
    "a log-determinant without a map": (normal, X, Y, {"log_det": lambda x: x.sum(1)}, "without through"),
    "a log-determinant of another shape": (normal, X, Y, {"through": torch.sinh, "log_det": lambda x: x[:, :2]}, "log_det of shape"),
    "a log-determinant that is no function": (normal, X, Y, {"through": torch.sinh, "log_det": 3}, "function from points"),
    "a map of very many coordinates": (normal, torch.randn(4, 300).double(), None, {"through": torch.sinh}, "Give log_det"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_the_next_step(name: str) -> None:
    log_prob, inliers, outliers, options, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        audit_typicality(log_prob, inliers, outliers, **options)


ACCEPTED: dict[str, tuple[Callable[[], TypicalityReport], str]] = {
    "float32 points": (lambda: audit_typicality(normal, X.float(), Y.float(), points=8), "HOLDS"),
    "points of two precisions": (lambda: audit_typicality(normal, X, Y.float(), points=8), "HOLDS"),
    "numbers on a line": (lambda: audit_typicality(distributions.Normal(torch.zeros(()).double(), 1.0), X[:, 0], Y[:, 0], points=8), "HOLDS"),
    "NumPy arrays": (lambda: audit_typicality(normal, X.numpy(), Y.numpy(), points=8), "HOLDS"),
    "one inlier and an entropy": (lambda: audit_typicality(standard, X[:1], Y[:1], entropy=torch.tensor(4.2568)), "HOLDS"),
    "a heavy-tailed distribution": (lambda: audit_typicality(distributions.StudentT(torch.tensor(2.0).double()), X[:, 0] * 3, None, points=8), "HOLDS"),
    "a map and its log-determinant together": (lambda: audit_typicality(normal, X, Y, through=lambda x: (2 * x, 0 * x[:, 0] + 3 * math.log(2)), points=8), "HOLDS"),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_can_be_read_is_read(name: str) -> None:
    audit, expected = ACCEPTED[name]
    report = audit()
    assert str(report.status) == expected, report.text()
