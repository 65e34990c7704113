"""Faults planted under the density audit: the finding that rests on the faulty part must stop holding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from numerics.detection import roc as detection
from numerics.distributions import mass
from numerics.quadrature import Rule
from numerics.streams import Stream
from numerics.transports import adaptive_score, fibre_panels
from proofs_checks.audits.density import audit as density
from proofs_checks.audits.density import maps as density_maps
from proofs_checks.inputs import densities as models
from proofs_checks.inputs import density_checks
from proofs_checks.kernel import Status

X, Y = 1.1 * Stream(1).normal(24, 2), 1.4 * Stream(2).normal(24, 2) + 1


def log_prob(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2 - torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64))


def status(name: str) -> Status:
    audit = density.audit_density(
        log_prob, X, Y, score={"first": lambda x: x[:, 0]}, sampler=lambda n: torch.randn(n, 2, dtype=torch.float64)
    )
    return next(finding for finding in audit.findings if finding.name == name).status


def held(name: str) -> bool:
    return status(name) is Status.HOLDS


@pytest.mark.parametrize("name", ["uniformized", "reversed", "score first", "unit mass", "samples follow log p"])
def test_the_sound_code_holds(name: str) -> None:
    assert held(name)


def shifted(offset: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) + offset


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) * factor


def constant(offset: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args: replace(found := sound(*args), log_slope=found.log_slope + offset)


def elsewhere(sound: Any) -> Any:
    def preimages(self: Any, images: Any) -> Any:
        back, miss = sound(self, images)
        return back + 1e-6, miss

    return preimages


def shorter(sound: Any) -> Any:
    """Nodes that do not reach as far as they should: the map is another one than its promised density needs."""
    return lambda self, distance, rows: sound(self, (1 - 1e-6) * distance, rows)


def bent(rule: Rule) -> Rule:
    weights = (*rule.weights[:7], rule.weights[7] * (1 + 1e-5), *rule.weights[8:])
    return Rule(rule.nodes, weights, rule.coarse, rule.degree, rule.coarse_degree)


def swapped(sound: property) -> property:
    return property(lambda self: self.low if self.to_end else self.high)


def narrower(sound: Any) -> Any:
    """What is whole between the anchor and the point is left out."""
    return property(lambda self: sound.fget(self) - 1e-6)


def heavier(sound: Any) -> Any:
    """Every cell weighs a hundredth more."""

    def log_masses(*args: Any) -> Any:
        logs, *others = sound(*args)
        return (logs + 0.01, *others)

    return log_masses


REFUTED = {
    "a millionth in the constant": ("uniformized", adaptive_score.Followed, "_slope", constant(1e-6)),
    "a panel's weight": ("uniformized", adaptive_score, "RULE", bent),
    "the ends of a panel exchanged": ("reversed", fibre_panels.PanelTable, "far", swapped),
    "an inverse of another map": ("reversed", adaptive_score.Followed, "preimages", elsewhere),
    "a table that does not add up": ("uniformized", fibre_panels.PanelTable, "log_before", narrower),
}  # fmt: skip
FAULTS = {
    "nodes off their places": ("reversed", fibre_panels.Lines, "_some", shorter),
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


@pytest.mark.parametrize(("name", "owner", "attribute", "fault"), REFUTED.values(), ids=REFUTED)
def test_a_fault_of_the_map_is_refuted_however_narrow_the_panels(
    name: str, owner: Any, attribute: str, fault: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, attribute, fault(getattr(owner, attribute)))
    assert status(name) is Status.REFUTED


def test_a_gradient_that_is_no_derivative_is_refuted() -> None:
    class Doubled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, grad: Tensor) -> Tensor:
            return 1.001 * grad

    audit = density.audit_density(lambda x: log_prob(Doubled.apply(x)), X, Y)
    finding = next(finding for finding in audit.findings if finding.name == "uniformized")
    assert finding.status is Status.REFUTED
    assert "gradient" in finding.text


def test_counting_ties_as_wins_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection.Auroc, "value", property(lambda self: self.counting_ties(1)))
    audit = density.audit_density(lambda x: log_prob(x.round()) + 0 * x.sum(1), X, Y)
    reversed_ = next(finding for finding in audit.findings if finding.name == "reversed")
    assert reversed_.status is not Status.HOLDS


def test_a_batch_that_is_not_shuffled_hides_a_batch_statistic(monkeypatch: pytest.MonkeyPatch) -> None:
    """The teeth of the check on rows: without other company a centred batch looks like a density."""

    def centred(x: Tensor) -> Tensor:
        return log_prob(x - x.mean(0))

    monkeypatch.setattr(
        models, "alone", lambda caller, probe, values, what, solver: (models.repeatable(caller, probe, values), 0.0)
    )
    assert models.read_density(centred, X).dim == 2


@pytest.mark.parametrize("fault", [0.0, 1e-4, 0.01, 0.03])
def test_a_fault_on_kinked_fibres_is_refuted_or_within_the_error_that_is_stated(
    fault: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = Stream(4).exponential(40, 2) * Stream(5).signs(40, 2)
    sound = adaptive_score.Followed.recover_density
    monkeypatch.setattr(
        adaptive_score.Followed,
        "recover_density",
        lambda self: replace(found := sound(self), log_density=found.log_density + fault),
    )
    audit = density.audit_density(lambda x: -x.abs().sum(1), x[:20], 1.3 * x[20:], base=0.7)
    for name in ("uniformized", "reversed"):
        finding = next(finding for finding in audit.findings if finding.name == name)
        held = finding.status is Status.HOLDS
        assert held or fault
        assert not held or finding.witness["worst_error_nats"] >= fault
        assert not held or fault < 0.03
