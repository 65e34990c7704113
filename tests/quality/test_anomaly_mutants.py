"""Faults planted under the two anomaly claims of the first catalogue: each route has to notice, and the sound code has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch

from numerics import quadrature
from numerics.distributions import marginals, mixtures
from numerics.transports import arbitrary_score as maps
from numerics.transports import arbitrary_score_measurements as measurements
from numerics.transports import bijections, image_masses
from proofs_checks.catalogue.anomaly import arbitrary_score, change_of_variables
from proofs_checks.kernel import Case, Status
from theory.distributions import pushforward as exact_densities
from theory.transports import arbitrary_score as exact_scores
from theory.transports import triangular as exact_transports

Statuses = Callable[[ModuleType, str], set[Status]]

CASES = {
    (arbitrary_score, "numeric"): [Case(D=1, p="mixture", s="wide", seed=1, size=256), Case(D=5, p="logistic", s="bumps", seed=2, size=256)],
    (arbitrary_score, "statistical"): [Case(D=1, p="mixture", s="wide", seed=1, size=20_000), Case(D=2, p="mixture", s="square", seed=1, size=20_000)],
    (change_of_variables, "numeric"): [Case(D=1, f="deep", seed=1, size=16), Case(D=2, f="deep", seed=1, size=16), Case(D=6, f="deep", seed=1, size=16)],
    (change_of_variables, "statistical"): [Case(D=1, p="logistic", f="cubic", seed=1, size=50_000), Case(D=2, p="mixture", f="deep", seed=1, size=50_000)],
}  # fmt: skip


@pytest.mark.parametrize(
    "page", [arbitrary_score, change_of_variables], ids=lambda page: page.__name__.rpartition(".")[2]
)
@pytest.mark.parametrize("route", ["numeric", "statistical"])
def test_the_sound_code_holds(page: ModuleType, route: str, statuses: Statuses) -> None:
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(page, route) == {Status.HOLDS}


def bent(rule: quadrature.Rule) -> quadrature.Rule:
    middle = len(rule) // 2
    weights = (*rule.weights[:middle], rule.weights[middle] * 1.01, *rule.weights[middle + 1 :])
    return quadrature.Rule(rule.nodes, weights, rule.coarse, rule.degree, rule.coarse_degree)


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) * factor


def shifted(offset: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) + offset


def with_log_det(offset: float) -> Callable[[Any], Any]:
    return lambda sound: (
        lambda *args, **kwargs: replace(found := sound(*args, **kwargs), log_det=found.log_det + offset)
    )


def without_last(sound: Any) -> Any:
    def forgetful(sample: torch.Tensor, edges: tuple[torch.Tensor, ...]) -> torch.Tensor:
        counts = sound(sample, edges)
        return torch.cat([torch.zeros_like(counts[:1]), counts[:-2], counts[-1:]])

    return forgetful


FAULTS = {
    "a bent quadrature rule": (arbitrary_score, "numeric", maps, "kronrod", lambda sound: lambda n: bent(sound(n))),
    "a Jacobian that misses a factor": (arbitrary_score, "numeric", maps.ArbitraryScore, "log_det", shifted(1e-3)),
    "an inverse of another map": (arbitrary_score, "numeric", maps.ArbitraryScore, "inverse", shifted(1e-3)),
    "a forward map stretched against its inverse": (arbitrary_score, "statistical", maps.ArbitraryScore, "forward", scaled(1.3)),
    "a sampler of another distribution": (arbitrary_score, "statistical", mixtures.IsotropicMixture, "sample", scaled(1.3)),
    "cells counted one off": (arbitrary_score, "statistical", measurements, "count_cells", without_last),
    "a wrong density on the image": (arbitrary_score, "exact", exact_scores, "masses_of_boxes", lambda sound: lambda score, slope, density: sound(2 * score, slope, density)),
    "a flux of another field": (arbitrary_score, "exact", exact_scores, "flux_divergence", scaled(-1)),
    "a score coordinate over the wrong interval": (arbitrary_score, "exact", exact_scores, "score_coordinate", scaled(2)),
    "an autograd Jacobian that is off": (change_of_variables, "numeric", image_masses, "linearise", with_log_det(1e-6)),
    "an inverse that is off": (change_of_variables, "numeric", bijections.TriangularLayer, "inverse", shifted(1e-7)),
    "a logistic density that is off": (change_of_variables, "numeric", marginals.Logistic, "log_prob", shifted(1e-7)),
    "a Gaussian density that is off": (change_of_variables, "numeric", mixtures.IsotropicMixture, "log_prob", shifted(1e-7)),
    "a layer that is forgotten": (change_of_variables, "numeric", bijections.SplineLayer, "log_slopes", scaled(0.0)),
    "a push of other samples": (change_of_variables, "statistical", mixtures.IsotropicMixture, "sample", shifted(0.3)),
    "a density off by a factor": (change_of_variables, "statistical", image_masses, "linearise", with_log_det(0.1)),
    "elimination with a wrong sign": (change_of_variables, "exact", exact_transports.Elimination, "small", lambda sound: staticmethod(lambda dim: (sound(dim)[0], -sound(dim)[1]))),
    "a flux without a cofactor": (change_of_variables, "exact", exact_transports, "flux_divergence", scaled(2)),
    "settled mass of another ladder": (change_of_variables, "exact", exact_densities, "settled_mass", shifted(1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_refuted(monkeypatch: pytest.MonkeyPatch, name: str, statuses: Statuses) -> None:
    page, route, place, attribute, fault = FAULTS[name]
    monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
    assert Status.REFUTED in statuses(page, route)


def test_the_faults_reach_every_floor() -> None:
    assert {page for page, *_ in FAULTS.values()} == {arbitrary_score, change_of_variables}
    assert {route for _, route, *_ in FAULTS.values()} == {"exact", "numeric", "statistical"}
    assert exact_densities.saturate(0) == 0
