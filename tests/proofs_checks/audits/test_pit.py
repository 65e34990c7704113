"""The PIT audit: calibrated models pass, every kind of misfit is named with its place, and unreadable input is refused by hypothesis."""

from __future__ import annotations

import json
import math

import pytest
import torch
from torch import Tensor
from torch import distributions as td

from numerics.streams import Stream
from proofs_checks.audits.pit import audit_pit
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport
from proofs_checks.kernel import Status

X = Stream(1).normal(2000, 2)


def log_normal(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2 - x.shape[1] * math.log(2 * math.pi) / 2


def found(report: AuditReport, name: str) -> Status:
    json.dumps(report.plain(), allow_nan=False)
    return next(finding.status for finding in report.findings if finding.name == name)


def witness(report: AuditReport, name: str) -> dict:
    return next(finding.witness for finding in report.findings if finding.name == name) or {}


# -- what is right passes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2])
def test_a_calibrated_density_holds_by_quadrature(dim: int) -> None:
    report = audit_pit(X[:, :dim], log_normal)
    assert report.status is Status.HOLDS
    assert found(report, "unit mass") is Status.HOLDS
    assert report.facts["samples"] == 2000
    assert "quadrature" in report.facts["method"]


def test_a_calibrated_gaussian_of_many_dimensions_goes_through_its_closed_form() -> None:
    covariance = torch.eye(20, dtype=torch.float64) + 0.5
    distribution = td.MultivariateNormal(torch.zeros(20, dtype=torch.float64), covariance)
    x = Stream(2).normal(1500, 20) @ torch.linalg.cholesky(covariance).mT
    for model in (distribution, distribution.log_prob):
        report = audit_pit(x, model)
        assert report.status is Status.HOLDS
        assert "closed form" in report.facts["method"]
    assert (
        audit_pit(x @ torch.diag(torch.ones(20).double()).flip(0), distribution).status is Status.HOLDS
    )  # exchangeable: another order fits too


def test_an_autoregressive_zuko_flow_is_read_beyond_three_dimensions_and_two_transforms_by_their_latents() -> None:
    zuko = pytest.importorskip("zuko")
    with torch.random.fork_rng():
        torch.manual_seed(5)
        flow = zuko.flows.MAF(features=5, transforms=1, hidden_features=(16,)).double().eval()
        deep = zuko.flows.MAF(features=5, transforms=2, hidden_features=(16,)).double().eval()
        with torch.no_grad():
            x = flow().sample((1200,))
    report = audit_pit(x, flow)
    assert report.status is Status.HOLDS
    assert "flow" in report.facts["method"]
    assert audit_pit(1.5 * x, flow).status is Status.REFUTED
    with torch.random.fork_rng(), torch.no_grad():
        y = deep().sample((1200,))
    assert "latents" in audit_pit(y, deep).facts["method"]
    assert audit_pit(1.5 * y, deep).status is Status.REFUTED


def test_pit_values_are_taken_as_they_are() -> None:
    u = Stream(3).uniform(3000, 3)
    assert audit_pit(pit=u).status is Status.HOLDS
    assert audit_pit(pit=u.numpy()).status is Status.HOLDS
    report = audit_pit(pit=torch.stack([u[:, 0], u[:, 0], u[:, 1]], 1))
    assert found(report, "coordinates uniform") is Status.HOLDS
    assert found(report, "pairs uniform") is Status.REFUTED
    assert witness(report, "pairs uniform")["coordinates"] == [1, 2]
    assert report.facts["notes"]


def test_many_columns_are_compared_by_mean_products() -> None:
    u = Stream(4).uniform(2000, 80)
    assert audit_pit(pit=u).status is Status.HOLDS
    u[:, 70] = u[:, 3]
    report = audit_pit(pit=u)
    assert witness(report, "pairs uniform")["coordinates"] == [4, 71]


def test_a_flow_of_one_transform_needs_no_quadrature_and_of_two_takes_it() -> None:
    zuko = pytest.importorskip("zuko")
    with torch.random.fork_rng():
        torch.manual_seed(6)
        flow = zuko.flows.NSF(features=2, transforms=1, hidden_features=(8,)).double().eval()
        smooth = zuko.flows.MAF(2, transforms=2, hidden_features=(8,), activation=torch.nn.ELU).double().eval()
        with torch.no_grad():
            x, y = flow().sample((1500,)), smooth().sample((500,))
    report = audit_pit(x, flow)
    assert report.status is Status.HOLDS
    assert "autoregressive flow" in report.facts["method"]
    assert found(report, "unit mass") is Status.HOLDS
    assert found(audit_pit(1.4 * x, flow), "coordinates uniform") is Status.REFUTED
    assert "quadrature" in audit_pit(y, smooth).facts["method"]


def test_less_mass_than_one_is_left_open() -> None:
    report = audit_pit(X, lambda x: log_normal(x) - 1)
    assert found(report, "unit mass") is Status.UNDECIDED
    assert found(report, "coordinates uniform") is Status.HOLDS
    assert abs(witness(report, "unit mass")["log_mass"] + 1) <= witness(report, "unit mass")["estimated_error"]


# -- what is wrong is named ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "words"),
    [(1.4 * X, "too narrow"), (0.7 * X, "too wide"), (X + 0.3, "above"), (X - 0.3, "below")],
    ids=["overconfident", "underconfident", "shifted up", "shifted down"],
)
def test_a_misfit_of_a_coordinate_is_described(x: Tensor, words: str) -> None:
    report = audit_pit(x, log_normal)
    assert found(report, "coordinates uniform") is Status.REFUTED
    assert words in witness(report, "coordinates uniform")["reading"]
    assert "histogram" in report.next_step


def test_a_missed_dependence_is_found_in_the_pair_alone() -> None:
    x = torch.stack([X[:, 0], 0.8 * X[:, 0] + 0.6 * X[:, 1]], 1)
    report = audit_pit(x, log_normal)
    assert found(report, "coordinates uniform") is Status.HOLDS
    assert found(report, "pairs uniform") is Status.REFUTED
    assert witness(report, "pairs uniform")["coordinates"] == [1, 2]


def test_a_missing_constant_is_told_apart_from_a_misfit() -> None:
    report = audit_pit(X, lambda x: -x.square().sum(1) / 2)
    assert found(report, "unit mass") is Status.REFUTED
    assert found(report, "coordinates uniform") is Status.HOLDS
    mass = witness(report, "unit mass")
    assert abs(mass["mass"] - 2 * math.pi) <= mass["estimated_error"] < 1e-4
    endless = audit_pit(X, lambda x: torch.zeros_like(x[:, 0]))
    assert found(endless, "unit mass") is Status.REFUTED
    assert "its integral is infinite" in endless.text()


def test_one_impossible_sample_and_one_far_one_are_pointed_at() -> None:
    far = torch.cat([X, torch.tensor([[0.0, 12.0]], dtype=torch.float64)])
    report = audit_pit(far, log_normal)
    assert witness(report, "farthest sample")["sample"] == 2000
    assert found(report, "coordinates uniform") is Status.HOLDS

    def box(x: Tensor) -> Tensor:
        return torch.where(x[:, 0].abs() < 2, torch.full_like(x[:, 0], -math.log(4)), -math.inf)

    report = audit_pit(X[:, :1], box)
    assert found(report, "inside the support") is Status.REFUTED


def test_a_gap_does_not_disturb_uniformity_and_a_sample_inside_it_is_impossible() -> None:
    def split(x: Tensor) -> Tensor:
        inside = (x[:, 0].abs() > 1) & (x[:, 0].abs() < 2)
        return torch.where(inside, torch.full_like(x[:, 0], -math.log(2)), -math.inf)

    stream = Stream(6)
    x = (1 + stream.uniform(3000, 1)) * stream.signs(3000, 1)
    report = audit_pit(x, split)
    assert report.status is Status.HOLDS
    assert found(report, "bijection") is Status.INAPPLICABLE
    low, high = witness(report, "bijection")["gap"]
    # of the numbers beyond 1: bisection ends with one on either side of the edge, and keeps one of the two
    spacing = 2.0**-52
    assert -1 - spacing <= low <= -1
    assert 1 <= high <= 1 + spacing
    report = audit_pit(torch.cat([x, torch.zeros(1, 1, dtype=torch.float64)]), split)
    assert found(report, "inside the support") is Status.REFUTED
    assert "gap" in report.text()


def test_discrete_samples_are_told_from_a_few_ties() -> None:
    report = audit_pit(torch.round(4 * X) / 4, log_normal)
    assert found(report, "no ties") is Status.REFUTED
    assert "equantise" in report.next_step
    assert found(audit_pit(torch.cat([X, X[:30]]), log_normal), "no ties") is Status.UNDECIDED
    assert found(audit_pit(X.float(), log_normal), "no ties") is Status.HOLDS


def test_too_few_samples_decide_nothing() -> None:
    for count in (1, 3):
        assert audit_pit(X[:count], log_normal).status is Status.UNDECIDED


def test_the_level_is_kept_over_many_calibrated_runs() -> None:
    """At level 0.2 at most a fifth may alarm; 200 runs, Clopper-Pearson at 1e-6 allows 70."""
    alarms = sum(audit_pit(pit=Stream(k).uniform(200, 2), level=0.2).status is Status.REFUTED for k in range(200))
    assert alarms <= 70


# -- what cannot be read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"samples": X}, "exactly one of"),
        ({"samples": X, "log_prob": log_normal, "pit": X}, "exactly one of"),
        ({"log_prob": log_normal}, "Give samples"),
        ({"samples": X[:0], "log_prob": log_normal}, "N = 0"),
        ({"samples": X[:, :0], "log_prob": log_normal}, "D = 0"),
        ({"samples": X.half(), "log_prob": log_normal}, "float16"),
        ({"samples": torch.ones(5, 2, dtype=torch.int64), "log_prob": log_normal}, "atoms"),
        ({"samples": X * math.nan, "log_prob": log_normal}, "finite"),
        ({"samples": "x.csv", "log_prob": log_normal}, "tensor or NumPy array"),
        ({"samples": X, "log_prob": lambda x: -x.square()}, "one number a coordinate"),
        ({"samples": X, "log_prob": lambda x: log_normal(x) * math.nan}, "no density"),
        ({"samples": X.repeat(1, 3), "log_prob": log_normal}, "D <= 3"),
        ({"samples": X, "log_prob": log_normal, "support": 3}, "support"),
        ({"samples": X, "log_prob": lambda x: -log_normal(x)}, "finite mass.*sign"),
        ({"samples": X, "log_prob": lambda x: log_normal(x.clamp(max=50)[x.abs().amax(1) < 50])}, "all over the space"),
        ({"samples": X, "log_prob": log_normal, "support": (1, -1)}, "low < high"),
        ({"samples": X, "log_prob": log_normal, "level": 2}, "level"),
        ({"samples": X, "log_prob": log_normal, "tile": 0}, "tile"),
        ({"samples": X, "conditionals": object()}, "conditionals"),
        ({"samples": X, "conditionals": [td.Normal(0.0, 1.0)]}, "1 coordinates, the samples have 2"),
        ({"samples": X, "conditionals": [td.Poisson(1.0), td.Poisson(1.0)]}, "discrete"),
        ({"samples": X, "conditionals": [td.Gamma(2.0, 1.0), td.Gamma(2.0, 1.0)]}, "inverse distribution function"),
        ({"pit": [10.0, 50.0]}, "percentages"),
        ({"pit": [-0.5, 0.5]}, "values from -0.5"),
        ({"pit": [0.1, math.nan]}, "finite"),
        ({"pit": "values"}, "pit values"),
        ({"pit": X[:4].abs() / 9, "samples": X[:3]}, "one row of pit values a sample"),
    ],
)  # fmt: skip
def test_unreadable_input_names_what_failed(arguments: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        audit_pit(**arguments)
