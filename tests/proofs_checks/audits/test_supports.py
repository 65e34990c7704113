"""The density audit on boxes, half-lines, circles and simplices: decided, with mass one, and a factor of the density refuted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torch import distributions as laws

from numerics.distributions.charts import Box, Simplex
from numerics.streams import Stream
from proofs_checks.audits.density import DensityReport, audit_density
from proofs_checks.audits.pit import audit_pit
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

MASS, MAPS = "unit mass", ("uniformized", "reversed")
INF, PI = math.inf, math.pi


def drawn(distribution: laws.Distribution, n: int = 40, seed: int = 0) -> Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return distribution.sample((n,))


def scalar(kind: type, *parameters: float) -> laws.Distribution:
    return kind(*(torch.tensor(value, dtype=torch.float64) for value in parameters))


def finding(report: Any, name: str) -> Any:
    return next(one for one in report.findings if one.name == name)


def half_cauchy(x: Tensor) -> Tensor:
    return (math.log(2 / PI) - x.square().log1p()).sum(1)


def waves(x: Tensor) -> Tensor:
    """On the torus; I_0(0.3) is the integral of e^(0.3 cos t) over a period, divided by it."""
    return 0.3 * torch.cos(x[:, 0] - x[:, 1]) - math.log(
        4 * PI**2 * float(torch.special.i0(torch.tensor(0.3).double()))
    )


def shares(x: Tensor) -> Tensor:
    return laws.Dirichlet(torch.tensor([0.5, 2.0, 3.0]).double(), validate_args=False).log_prob(x)


UNIT, ANGLES = Stream(1).uniform(40, 1), (Stream(2).uniform(40, 2) - 0.5) * 6
TWO_HALVES = laws.Independent(laws.HalfCauchy(torch.ones(2).double()), 1)
FLAT = laws.Dirichlet(torch.ones(3).double())
DECLARED: dict[str, tuple[Any, Tensor, Tensor]] = {
    "heavy tails on a half-line": (scalar(laws.HalfCauchy, 1.0), drawn(scalar(laws.HalfCauchy, 1.0)), 3 * drawn(scalar(laws.HalfCauchy, 1.0), seed=1)),
    "heavy tails in a quadrant": (TWO_HALVES, drawn(TWO_HALVES), 3 * drawn(TWO_HALVES, seed=1)),
    "two poles": (scalar(laws.Beta, 0.3, 0.3), drawn(scalar(laws.Beta, 0.3, 0.3)), UNIT[:, 0]),
    "one pole": (scalar(laws.Gamma, 0.3, 1.0), drawn(scalar(laws.Gamma, 0.3, 1.0)), 2 * drawn(scalar(laws.Gamma, 0.3, 1.0), seed=1)),
    "angles": (scalar(laws.VonMises, 1.0, 2.0), drawn(scalar(laws.VonMises, 1.0, 2.0)), ANGLES[:, 0]),
    "shares": (laws.Dirichlet(torch.tensor([0.5, 2.0, 3.0]).double()), drawn(laws.Dirichlet(torch.tensor([0.5, 2.0, 3.0]).double())), drawn(FLAT)),
}  # fmt: skip
NAMED: dict[str, tuple[Callable[[Tensor], Tensor], Any, Tensor, Tensor]] = {
    "a quadrant": (half_cauchy, (0.0, INF), drawn(TWO_HALVES), 3 * drawn(TWO_HALVES, seed=1)),
    "ends for each coordinate": (half_cauchy, ([0.0, 0.0], [INF, INF]), drawn(TWO_HALVES), 3 * drawn(TWO_HALVES, seed=1)),
    "a torus": (waves, "circle", ANGLES, ANGLES.flip(0) * 0.9),
    "a simplex": (shares, "simplex", drawn(FLAT), drawn(FLAT, seed=1)),
}  # fmt: skip


@pytest.mark.parametrize("case", DECLARED.values(), ids=DECLARED)
def test_a_declared_support_is_read_and_everything_is_decided(case: tuple[Any, Tensor, Tensor]) -> None:
    report = audit_density(*case)
    assert report.status is Status.HOLDS, report
    assert finding(report, MASS).status is Status.HOLDS


@pytest.mark.parametrize("case", NAMED.values(), ids=NAMED)
def test_a_named_support_is_decided_and_a_hundredth_too_much_is_refuted(case: tuple[Any, Any, Tensor, Tensor]) -> None:
    log_prob, support, x, y = case
    sound = audit_density(log_prob, x, y, support=support, score={"first": lambda x: x[:, 0]})
    for name in (*MAPS, "score first", MASS):
        assert finding(sound, name).status is Status.HOLDS, name
    heavy = audit_density(lambda x: log_prob(x) + 0.01, x, y, support=support)
    assert finding(heavy, MASS).status is Status.REFUTED
    assert all(finding(heavy, name).status is Status.HOLDS for name in MAPS)


def test_the_area_as_given_is_that_of_the_density_on_its_own_support() -> None:
    """The chart's log-determinant has no part in it."""
    model, x, y = DECLARED["shares"]
    a, b = model.log_prob(x), model.log_prob(y)
    wins = (a[:, None] > b).double().mean()
    given = finding(audit_density(model, x, y), "as given").witness["auroc"]["value"]
    assert given == pytest.approx(float(wins), abs=1 / (len(x) * len(y)) * 1e-6)


@pytest.mark.parametrize("name", ["two poles", "shares"])
def test_the_bijection_takes_points_of_the_support_and_returns_them(name: str) -> None:
    model, x, y = DECLARED[name]
    report: DensityReport = audit_density(model, x, y)
    bijection, flat = report.bijections["uniformized"], x.reshape(len(x), -1)[:5]
    back = bijection.inverse(bijection.forward(flat))
    assert float((back - flat).abs().max()) <= 1e-7  # Newton's steps end at the panels' rounding, 1e-8 of the spread
    recovered = bijection.log_density(bijection.forward(flat))
    assert float((recovered - recovered.mean()).abs().max()) <= 1e-6
    by_determinant = model.log_prob(x[:5]).reshape(-1) - bijection.log_det(flat)
    assert float((by_determinant - recovered).abs().max()) <= 1e-6


def test_scipy_says_its_support() -> None:
    frozen = stats.beta(0.3, 0.3)
    report = audit_density(frozen, frozen.rvs(60, random_state=1), np.linspace(0.01, 0.99, 60))
    assert finding(report, MASS).status is Status.HOLDS


def test_the_pit_audit_weighs_poles_in_a_chart() -> None:
    model = scalar(laws.Beta, 0.3, 0.3)
    report = audit_pit(drawn(model, 300), model, support=(0, 1))
    assert finding(report, MASS).status is Status.HOLDS


def test_a_map_that_is_not_injective_is_no_change_of_variables() -> None:
    """A half-normal distribution is the image of a normal one under the absolute value, with a factor 2."""
    model = scalar(laws.HalfNormal, 1.0)
    report = audit_density(model, drawn(model), 2 * drawn(model, seed=1))
    assert finding(report, "change of variables").status is Status.INAPPLICABLE
    assert report.status is Status.HOLDS


@pytest.mark.parametrize(
    ("support", "inliers", "outliers", "says"),
    [
        ("sphere", ANGLES, ANGLES, 'support="circle"'),
        ((1, 0), ANGLES, ANGLES, r"support=\(0.0, 1.0\)"),
        (3, ANGLES, ANGLES, r"support=\(0.0, 1.0\)"),
        (([0.0, 0.0, 0.0], 1.0), ANGLES, ANGLES, "with 2 numbers each"),
        ("circle", 3 * ANGLES, ANGLES, "torch.remainder"),
        ("simplex", ANGLES, ANGLES, r"x / x.sum\(1, keepdim=True\)"),
        ((0.0, INF), ANGLES.abs(), ANGLES, "outliers lie outside the support"),
        ((0.0, INF), ANGLES, ANGLES.abs(), "inliers lie outside the support"),
    ],
)
def test_a_support_that_does_not_fit_is_refused_with_what_to_write(
    support: Any, inliers: Tensor, outliers: Tensor, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        audit_density(waves, inliers, outliers, support=support)


FAULTS = {
    "a constant in the box's volume": (Box, lambda sound: lambda self, u: sound(self, u) + 0.05, "two poles", MASS),
    "the box's volume twice": (Box, lambda sound: lambda self, u: 2 * sound(self, u), "angles", MASS),
    "no volume of the box": (Box, lambda sound: lambda self, u: 0 * sound(self, u), "one pole", "samples follow log p"),
    "a constant in the simplex's volume": (Simplex, lambda sound: lambda self, u: sound(self, u) + 0.05, "shares", MASS),
    "no volume of the simplex": (Simplex, lambda sound: lambda self, u: 0 * sound(self, u), "shares", "samples follow log p"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_planted_in_a_chart_is_refuted(
    fault: tuple[Any, Any, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chart, spoilt, case, name = fault
    monkeypatch.setattr(chart, "log_det", spoilt(chart.log_det))
    assert finding(audit_density(*DECLARED[case]), name).status is Status.REFUTED
