"""Faults planted under the density audit: the finding that rests on the faulty part must stop holding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Tensor

from numerics import detection, mass
from numerics.random import Stream
from numerics.transports import celled_score
from proofs_checks.audits import density, density_checks, density_maps, models
from proofs_checks.kernel import Bound, Status, judge, measured

X, Y = 1.1 * Stream(1).normal(24, 2), 1.4 * Stream(2).normal(24, 2) + 1


def log_prob(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2 - torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64))


def held(name: str) -> bool:
    audit = density.audit_density(
        log_prob, X, Y, score={"first": lambda x: x[:, 0]}, sampler=lambda n: torch.randn(n, 2, dtype=torch.float64)
    )
    return next(finding for finding in audit.findings if finding.name == name).status is Status.HOLDS


@pytest.mark.parametrize("name", ["uniformized", "reversed", "score first", "unit mass", "samples follow log p"])
def test_the_sound_code_holds(name: str) -> None:
    assert held(name)


def shifted(offset: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) + offset


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) * factor


def elsewhere(sound: Any) -> Any:
    def solve(*args: Any, **kwargs: Any) -> Any:
        found = sound(*args, **kwargs)
        return replace(found, x=found.x + torch.tensor([1e-2, 0.0], dtype=found.x.dtype))

    return solve


def unbent(sound: Any) -> Any:
    """Nodes that do not move with the point: the map is another one than its promised density needs."""

    def cells(self: Any, first: Tensor, rest: Tensor) -> Any:
        t, *others = sound(self, first, rest)
        return (0.99 * t, *others)

    return cells


def heavier(sound: Any) -> Any:
    """Every cell weighs a hundredth more."""

    def log_masses(*args: Any) -> Any:
        logs, *others = sound(*args)
        return (logs + 0.01, *others)

    return log_masses


FAULTS = {
    "a Jacobian off by a factor": ("uniformized", celled_score.CelledScore, "log_det", shifted(0.2)),
    "an inverse of another map": ("reversed", celled_score.CelledScore, "solve", elsewhere),
    "nodes off their places": ("reversed", celled_score.CelledScore, "_cells", unbent),
    "a mass off by a percent": ("unit mass", mass._Lattice, "log_masses", heavier),
    "places off": ("samples follow log p", density_checks, "_place", lambda sound: lambda *a: (sound(*a)[0] ** 2, sound(*a)[1])),
    "a preimage on another branch": ("score first", density_maps.Frame, "enter", lambda sound: lambda self, x: sound(self, x) * 1.001),
}  # fmt: skip


@pytest.mark.parametrize(("name", "owner", "attribute", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_noticed(
    name: str, owner: Any, attribute: str, fault: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, attribute, fault(getattr(owner, attribute)))
    assert not held(name)


def test_counting_ties_as_wins_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection.Auroc, "value", property(lambda self: self.counting_ties(1)))
    audit = density.audit_density(lambda x: log_prob(x.round()) + 0 * x.sum(1), X, Y)
    reversed_ = next(finding for finding in audit.findings if finding.name == "reversed")
    assert reversed_.status is not Status.HOLDS


def test_a_batch_that_is_not_shuffled_hides_a_batch_statistic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The teeth of the check on rows: without other company a centred batch looks like a density."""

    def centred(x: Tensor) -> Tensor:
        return log_prob(x - x.mean(0))

    monkeypatch.setattr(models, "alone", lambda caller, probe, values, what: models.repeatable(caller, probe, values))
    assert models.read_density(centred, X).dim == 2


def representation(deviation: float) -> density_maps.Representation:
    """Two points whose recovered density lies so far from the score, where the rules' own estimate promised 1e-6."""
    two = torch.zeros(2).double()
    residual = measured(
        two + deviation, Bound({"quadrature": 1e-6}, "made up", estimated=("quadrature",)), points=2, resolves=0.05
    )
    return density_maps.Representation(
        bijection=None, inliers=two[:1], outliers=two[1:], inlier_errors=two[:1], outlier_errors=two[1:], labels=(two[:1], two[1:]), aim=Fraction(1, 2),
        trouble={}, verdict=judge(residual, route="numeric"), deviation=two + deviation, rounded=0 * two,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("deviations", "status"),
    [
        ([0.1, 0.02, 0.006], Status.HOLDS),  # kinks: a quarter, more or less
        ([0.1, 0.001, 0.004], Status.HOLDS),  # the knots fell well into the wider cells
        ([0.03, 0.03, 0.03], Status.REFUTED),  # a factor that is missing does not fall with the cells
        ([0.03], Status.REFUTED),
        ([0.9, 0.2], Status.REFUTED),  # too coarse to say anything
        ([1e-4, 5e-6], Status.HOLDS),  # five times an estimate that is small by chance
        ([5e-6, 5e-6], Status.UNDECIDED),  # the same, and it does not fall
    ],
)
def test_a_kink_falls_with_the_cells_and_a_fault_does_not(deviations: list[float], status: Status) -> None:
    *coarser, made = (representation(deviation) for deviation in deviations)
    judged = density_maps.by_halving(made, coarser)
    assert judged.verdict.status is status
    assert judged.kinked == (status is Status.HOLDS)
    if judged.kinked:
        assert float(judged.inlier_errors) >= deviations[-1]


def test_halving_clears_what_the_rules_call_coarse_and_no_other_trouble() -> None:
    coarser, made = representation(0.1), representation(0.02)
    coarse = density_maps.by_halving(replace(made, trouble={density_maps.COARSE: 1}), [coarser])
    assert coarse.kinked
    assert coarse.trouble == {}
    lost = replace(made, trouble={density_maps.COARSE: 1, "not injective": 1})
    assert density_maps.by_halving(lost, [coarser]) is lost


def test_halving_does_not_excuse_an_inverse_of_another_map() -> None:
    """A constant density is the same at every point, so that only the way back tells."""
    astray = measured(torch.ones(2), Bound({"inversion": 1e-9}, "made up"), points=2, resolves=0.05)
    coarser, made = representation(0.1), replace(representation(0.02), returned=astray)
    assert density_maps.by_halving(made, [coarser]).verdict.status is Status.REFUTED


@pytest.mark.parametrize("fault", [0.0, 1e-4, 0.01, 0.03])
def test_a_fault_on_kinked_fibres_is_refused_or_within_the_error_that_is_stated(
    fault: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = Stream(4).exponential(40, 2) * Stream(5).signs(40, 2)
    sound = density_maps.recovery.recover

    def shifted(transport: Any, points: Tensor) -> Any:
        found = sound(transport, points)
        return replace(found, log_density=found.log_density + fault)

    monkeypatch.setattr(density_maps.recovery, "recover", shifted)
    audit = density.audit_density(lambda x: -x.abs().sum(1), x[:20], 1.3 * x[20:], base=0.7)
    for name in ("uniformized", "reversed"):
        finding = next(finding for finding in audit.findings if finding.name == name)
        held = finding.status is Status.HOLDS
        assert held or fault
        assert not held or finding.witness["worst_error_nats"] >= fault
        assert not held or fault < 0.03
