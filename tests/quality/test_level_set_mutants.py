"""Faults planted under the three claims about sets: each route has to notice, and the sound code has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import count, islice, product
from types import ModuleType
from typing import Any

import pytest
import torch

from numerics.detection import carried_ratios, volumes
from numerics.detection import sets as level_sets
from numerics.distributions import marginals, mixtures
from numerics.distributions.singular import Cantor
from numerics.transports import bijections
from proofs_checks.catalogue.anomaly import density_minimum_volume as volume
from proofs_checks.catalogue.anomaly import inliers_not_unique as inliers
from proofs_checks.catalogue.anomaly import invariance_principle as invariance
from proofs_checks.kernel import Case, Status
from theory.detection import inlier_sets
from theory.detection import level_sets as exact_level_sets
from theory.distributions import finite_maps

Statuses = Callable[[ModuleType, str], set[Status]]

CASES = {
    (invariance, "numeric"): [Case(D=2, f="deep", seed=1, size=32)],
    (invariance, "statistical"): [Case(D=dim, f="deep", seed=1, size=25_000) for dim in (1, 2, 3)],
    (inliers, "numeric"): [Case(distribution="normal", alpha=Fraction(1, 4), size=9), Case(distribution="gumbel", alpha=Fraction(2, 3), size=9)],
    (inliers, "statistical"): [Case(D=2, distribution="mixture", alpha=Fraction(1, 4), seed=1, size=50_000), Case(D=1, distribution="cantor", alpha=Fraction(1, 2), seed=1, size=50_000)],
    (volume, "numeric"): [Case(D=1, p="mixture", share=Fraction(1, 2), seed=1, size=1 << 10), Case(D=2, p="logistic", share=Fraction(3, 4), seed=1, size=1 << 12)],
    (volume, "statistical"): [Case(D=2, p="mixture", share=Fraction(1, 2), seed=1, size=25_000)],
}  # fmt: skip


@pytest.mark.parametrize("page", [invariance, inliers, volume], ids=lambda page: page.__name__.rpartition(".")[2])
@pytest.mark.parametrize("route", ["numeric", "statistical"])
def test_the_sound_code_holds(page: ModuleType, route: str, statuses: Statuses) -> None:
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(page, route) == {Status.HOLDS}


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) * factor


def shifted(offset: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) + offset


def negated(sound: Any) -> Any:
    return lambda *args, **kwargs: not sound(*args, **kwargs)


def inverted(sound: Any) -> Any:
    return lambda *args, **kwargs: ~sound(*args, **kwargs)


def first_half(sound: Any) -> Any:
    def polygon(f: Any, low: torch.Tensor, high: torch.Tensor, side: int) -> torch.Tensor:
        return sound(f, low, high, side)[: 2 * side]

    return polygon


def half_the_mass(sound: Any) -> Any:
    return lambda score, masses, wanted: sound(score, masses, wanted / 2)


def squared(sound: Any) -> Any:
    return lambda self, n, stream: sound(self, n, stream).square()


def one_side(sound: Any) -> Any:
    return lambda self, x: (x @ self.direction)[:, None] > self.low


def with_repetition(sound: Any) -> Any:
    return lambda items: islice(product(items, repeat=len(items)), 30)


def balance_times_density(sound: Any) -> Any:
    def balance(*args: Any, **kwargs: Any) -> Any:
        image, interval = sound(*args, **kwargs)
        return image * interval, interval

    return balance


def every_other_call(sound: Any) -> Any:
    calls = count()
    return lambda edges: (
        sound(edges) * torch.linspace(1, 1 + next(calls) % 2, sound(edges).numel(), dtype=torch.float64)
    )


def first_cell_flipped(sound: Any) -> Any:
    return lambda self, level: sound(self, level) ^ 1


def cells_swapped(sound: Any) -> Any:
    return lambda self: sound(self)[::-1]


def without_ties(sound: Any) -> Any:
    return lambda self, chart: tuple(v * (k + 1) for k, v in enumerate(sound(self, chart)))


FAULTS: dict[str, tuple[ModuleType, str, Any, str, Callable[[Any], Any]]] = {
    "maps that merge points": (invariance, "exact", finite_maps, "permutations", with_repetition),
    "a union that counts twice": (invariance, "exact", finite_maps, "_union", shifted(1)),
    "a criterion turned round": (invariance, "exact", finite_maps, "keeps_masses", negated),
    "an inverse that is off": (invariance, "numeric", bijections.TriangularLayer, "inverse", shifted(1e-7)),
    "a spline that is off": (invariance, "numeric", bijections.SplineLayer, "forward", scaled(1 + 1e-7)),
    "a Jacobian that is off": (invariance, "numeric", carried_ratios, "linearise", lambda sound: lambda *a: replace(found := sound(*a), log_det=found.log_det + 1e-7)),
    "an inverse of another map": (invariance, "statistical", bijections.TriangularLayer, "inverse", scaled(0.7)),
    "half of a boundary": (invariance, "statistical", level_sets, "boundary", first_half),
    "inside for outside": (invariance, "statistical", level_sets, "inside", inverted),
    "cells in another order": (invariance, "statistical", carried_ratios, "cells_of", lambda sound: lambda values, edges: sound(values.flip(0), edges)),
    "a density of another distribution": (invariance, "statistical", mixtures.IsotropicMixture, "log_prob", lambda sound: lambda self, x: sound(self, 1.5 * x)),
    "Cantor's function of another set": (inliers, "exact", inlier_sets, "cylinders", lambda sound: lambda depth: tuple((low / 2, high / 2) for low, high in sound(depth))),
    "sets counted once only": (inliers, "exact", inlier_sets, "count_sets", lambda sound: lambda *a: min(1, sound(*a))),
    "an overlap miscounted": (inliers, "exact", inlier_sets, "least_overlap", shifted(1)),
    "a quantile that is off": (inliers, "numeric", marginals.Normal, "quantile", scaled(1 + 1e-9)),
    "a density that is off": (inliers, "numeric", marginals.Gumbel, "log_density", shifted(1e-9)),
    "members without an upper end": (inliers, "statistical", level_sets.Family, "contains", one_side),
    "a distribution with an atom": (inliers, "statistical", Cantor, "sample", lambda sound: lambda self, n, stream: sound(self, n, stream).round()),
    "a pilot of another distribution": (inliers, "statistical", level_sets.Family, "of", lambda sound: lambda pilot, *args: sound(1.2 * pilot + 0.5, *args)),
    "a cell too many or too few": (volume, "exact", exact_level_sets.Histogram, "above", first_cell_flipped),
    "masses in the wrong order": (volume, "exact", exact_level_sets.Histogram, "masses", cells_swapped),
    "volumes in the wrong coordinates": (volume, "exact", exact_level_sets.Histogram, "volumes", without_ties),
    "competitors with half the mass": (volume, "numeric", level_sets, "upper_set", half_the_mass),
    "volumes of another grid": (volume, "numeric", level_sets, "_products", every_other_call),
    "samples of another distribution": (volume, "statistical", mixtures.IsotropicMixture, "sample", lambda sound: lambda self, n, stream: sound(self, n, stream) + 3),
    "points that bunch in the middle of the box": (volume, "statistical", level_sets, "spread_in_image", lambda sound: lambda chart, low, high, unit: sound(chart, low, high, 0.5 + 0.5 * (2 * unit - 1) ** 3)),
    "a density read upside down": (volume, "statistical", volumes, "log_prob_of", scaled(-1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, statuses: Statuses) -> None:
    page, route, place, attribute, fault = FAULTS[name]
    monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
    found = statuses(page, route)
    assert Status.REFUTED in found or (route == "exact" and Status.UNDECIDED in found)  # two algorithms at odds


def test_the_faults_reach_every_route_of_every_page() -> None:
    assert {(page, route) for page, route, *_ in FAULTS.values()} == {
        (page, route) for page in (invariance, inliers, volume) for route in ("exact", "numeric", "statistical")
    }
