"""Faults planted under the two claims about density detectors: each route has to notice, and the sound code has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
import torch

from numerics import quadrature
from numerics.detection import image_scores
from numerics.detection import roc as detection
from numerics.streams import Stream
from numerics.transports import arbitrary_score as maps
from numerics.transports.rosenblatt import KnotheRosenblatt
from proofs_checks import kernel
from proofs_checks.catalogue.anomaly import score_reversal, uniform_carries_nothing
from proofs_checks.kernel import Case, Status
from proofs_checks.run import checks
from theory.detection import roc as exact_detection
from theory.transports import arbitrary_score as score_maps

CASES = [
    Case(D=1, p="mixture", outliers="shifted", seed=1, size=48),
    Case(D=5, p="logistic", outliers="foreign", seed=2, size=32),
]
PAGES = {"reversal": score_reversal, "uniform": uniform_carries_nothing}


def statuses(page: ModuleType, route: str) -> set[Status]:
    if route == "exact":
        return {kernel.judge(page.exact(), route=route).status}
    gathered = (checks.gather(page.numeric, case=case, stream=Stream(1000 + case.D)) for case in CASES)
    return {
        kernel.judge(evidence, route=route, case=case).status for evidence, case in zip(gathered, CASES, strict=True)
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_sound_code_holds(page: str) -> None:
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(PAGES[page], "numeric") == {Status.HOLDS}


def bent(rule: quadrature.Rule) -> quadrature.Rule:
    middle = len(rule) // 2
    weights = (*rule.weights[:middle], rule.weights[middle] * 1.01, *rule.weights[middle + 1 :])
    return quadrature.Rule(rule.nodes, weights, rule.coarse, rule.degree, rule.coarse_degree)


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) * factor


def shifted(offset: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) + offset


def displaced(sound: Any) -> Any:
    def solve(self: Any, y: torch.Tensor, **options: Any) -> maps.Inverse:
        found = sound(self, y, **options)
        return replace(found, x=found.x + torch.nn.functional.one_hot(torch.tensor(0), y.shape[1]) * 1e-2)

    return solve


def counted_from_the_wrong_side(sound: Any) -> Any:
    def within(*args: Any, **kwargs: Any) -> detection.AurocInterval:
        found = sound(*args, **kwargs)
        return replace(found, wins=found.losses, losses=found.wins)

    return within


def ties_won(sound: Any) -> Any:
    """Half of the pairs left open, or tied, are handed to the inliers."""

    def within(*args: Any, **kwargs: Any) -> detection.AurocInterval:
        found = sound(*args, **kwargs)
        return replace(found, wins=found.wins + found.ties + found.open, ties=0, open=0)

    return within


def only_one_of_two(sound: Any) -> Any:
    """The area is counted right before the map and from the wrong side after it."""
    calls = []

    def within(*args: Any, **kwargs: Any) -> detection.AurocInterval:
        calls.append(1)
        return (counted_from_the_wrong_side(sound) if len(calls) % 2 == 0 else sound)(*args, **kwargs)

    return within


def upside_down(sound: Any) -> Any:
    """Cells are stretched by s/p in place of p/s."""
    return lambda self, score: sound(self, lambda p: p * p / Fraction(score(p)))


NUMERIC = {
    "a bent quadrature rule": (maps, "kronrod", lambda sound: lambda n: bent(sound(n))),
    "a Jacobian that misses a factor": (maps.ArbitraryScore, "log_det", shifted(1e-3)),
    "a density multiplied by the volume factor": (maps.ArbitraryScore, "log_det", scaled(-1)),
    "a forward map stretched against its inverse": (maps.ArbitraryScore, "forward", scaled(0.99)),
    "a Jacobian of the map before its unit": (maps.ArbitraryScore, "centre_unit", lambda sound: lambda self, x: unit_forgotten(sound(self, x))),
}  # fmt: skip


def unit_forgotten(transport: maps.ArbitraryScore) -> maps.ArbitraryScore:
    """The Jacobian is stated in the units before they were changed."""
    sound = transport.log_det
    transport.log_det = lambda x: sound(x) + transport.log_unit  # type: ignore[method-assign]
    return transport


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", NUMERIC)
def test_a_fault_in_the_map_is_refuted(monkeypatch: pytest.MonkeyPatch, page: str, name: str) -> None:
    place, attribute, fault = NUMERIC[name]
    monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
    assert Status.REFUTED in statuses(PAGES[page], "numeric")


ALONE = {
    "an inverse of another map": (score_reversal, "numeric", maps.ArbitraryScore, "solve", displaced),
    "areas counted from the wrong side after the map": (score_reversal, "numeric", image_scores, "auroc_within", only_one_of_two),
    "ties given to the inliers, reversed": (score_reversal, "numeric", image_scores, "auroc_within", ties_won),
    "ties given to the inliers, uniform": (uniform_carries_nothing, "numeric", image_scores, "auroc_within", ties_won),
    "a score that is not reversed": (score_reversal, "numeric", score_reversal, "reciprocal", scaled(-1)),
    "a score that is not flat": (uniform_carries_nothing, "numeric", uniform_carries_nothing, "flat", lambda sound: lambda log_p: log_p / 10),
    "the other score, by symbols": (score_reversal, "exact", score_reversal, "reciprocal", lambda sound: lambda log_p: -2 * log_p),
    "a coordinate twice as steep, reversed": (score_reversal, "exact", score_maps, "score_coordinate", scaled(2)),
    "a coordinate twice as steep, uniform": (uniform_carries_nothing, "exact", score_maps, "score_coordinate", scaled(2)),
    "a flux that counts twice": (uniform_carries_nothing, "exact", score_maps, "flux_divergence", scaled(2)),
    "a kernel that loses ties, reversed": (score_reversal, "exact", exact_detection, "kernel", lambda sound: lambda u, v, ties=0: sound(u, v, 0)),
    "a kernel that loses ties, uniform": (uniform_carries_nothing, "exact", exact_detection, "kernel", lambda sound: lambda u, v, ties=0: sound(u, v, 0)),
    "a kernel of the images with the wrong sign": (score_reversal, "exact", exact_detection.Rescored, "kernels", lambda sound: lambda self: {order: (k, sound(self)["u > v"][1]) for order, (k, _) in sound(self).items()}),
    "cells stretched by s/p, reversed": (score_reversal, "exact", exact_detection.Cells, "push_forward", upside_down),
    "cells stretched by s/p, uniform": (uniform_carries_nothing, "exact", exact_detection.Cells, "push_forward", upside_down),
    "a cube whose Jacobian misses a factor": (uniform_carries_nothing, "numeric", KnotheRosenblatt, "log_det", shifted(1e-3)),
    "a staircase with a step too many": (score_reversal, "exact", exact_detection, "staircase", lambda sound: lambda n, m, k: sound(n, m, max(0, k - 1))),
}  # fmt: skip


@pytest.mark.parametrize("name", ALONE)
def test_a_planted_fault_is_refuted(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    page, route, place, attribute, fault = ALONE[name]
    monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
    assert Status.REFUTED in statuses(page, route)


@pytest.mark.parametrize("by", ["area_by_pairs", "area_by_curve"])
@pytest.mark.parametrize("page", PAGES)
def test_one_of_two_ways_to_count_that_is_wrong_takes_the_verdict_away(
    monkeypatch: pytest.MonkeyPatch, page: str, by: str
) -> None:
    sound = getattr(exact_detection, by)
    monkeypatch.setattr(exact_detection, by, lambda *args: sound(*args[:3], 0))
    assert statuses(PAGES[page], "exact") <= {Status.UNDECIDED, Status.REFUTED}


def test_an_inverse_that_reports_what_it_misses_leaves_the_claim_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver that stops early says so in its residual, which widens the bound: no verdict, and no false alarm."""
    sound = maps.ArbitraryScore.solve
    monkeypatch.setattr(maps.ArbitraryScore, "solve", lambda self, y: sound(self, y, steps=2))
    assert statuses(score_reversal, "numeric") <= {Status.UNDECIDED}
