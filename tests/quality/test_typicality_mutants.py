"""Faults planted under the typical set, under typicality's change and under its audit: each route has to notice, and the sound code has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import sympy as sp
import torch

from numerics.detection import (
    mapped_distributions,
    typical_set_measurements,
    typical_sets,
    typicality,
    typicality_measurements,
)
from numerics.distributions import marginals
from numerics.transports import bijections
from proofs_checks.audits.typicality import audit_typicality
from proofs_checks.audits.typicality import maps as typicality_maps
from proofs_checks.catalogue.anomaly import typical_set, typicality_not_invariant
from proofs_checks.inputs import bijections as read_bijections
from proofs_checks.kernel import Case, Status
from theory.detection import typical_sets as exact_sets
from theory.detection import typicality as exact_typicality

Statuses = Callable[[ModuleType, str], set[Status]]

CASES = {
    (typical_set, "numeric"): [Case(D=2, N=4, p="normal", k=2, seed=1, size=32), Case(D=3, N=1, p="laplace", k=3, seed=2, size=32)],
    (typical_set, "statistical"): [Case(D=2, N=4, p="normal", k=2, seed=1, size=50_000), Case(D=1, N=8, p="laplace", k=2, seed=2, size=50_000)],
    (typicality_not_invariant, "numeric"): [Case(D=2, f="sinh", seed=1, size=64), Case(D=3, f="score:inverse", seed=2, size=64), Case(D=1, f="score:half", seed=3, size=64)],
    (typicality_not_invariant, "statistical"): [Case(D=1, f="splines", seed=1, size=100_000), Case(D=2, f="triangular", seed=2, size=100_000)],
}  # fmt: skip


@pytest.mark.parametrize(
    "page", [typical_set, typicality_not_invariant], ids=lambda page: page.__name__.rpartition(".")[2]
)
@pytest.mark.parametrize("route", ["numeric", "statistical"])
def test_the_sound_code_holds(page: ModuleType, route: str, statuses: Statuses) -> None:
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(page, route) == {Status.HOLDS}


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) * factor


def shifted(offset: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) + offset


def share_scaled(factor: float) -> Callable[[Any], Any]:
    def fault(sound: Any) -> Any:
        def scaled_share(*args: Any, **kwargs: Any) -> tuple[float, float]:
            share, volume = sound(*args, **kwargs)
            return share * factor, volume

        return scaled_share

    return fault


def bent(sound: Any) -> Any:
    """A rule that leaves out the nodes on one side of the median beyond a quarter."""

    def side(centre: torch.Tensor, end: torch.Tensor, sign: float) -> tuple[torch.Tensor, torch.Tensor]:
        points, weights = sound(centre, end, sign)
        return points, weights * (1 + 1e-6 * (sign > 0))

    return side


def mean_off(sound: Any) -> Any:
    """Means of single functions, the log slopes among them, are off by a millionth."""

    def means(distribution: Any, functions: tuple[Any, ...]) -> tuple[Any, ...]:
        found = sound(distribution, functions)
        return tuple(replace(part, value=part.value * (1 + 1e-6)) for part in found) if len(found) == 1 else found

    return means


def off_by_the_fourth(sound: Any) -> Any:
    return lambda shape: lambda k: sound(shape)(k) + int(k == 2)


def constant_static(factor: float) -> Callable[[Any], Any]:
    return lambda sound: staticmethod(lambda *args: sound(*args) * factor)


FAULTS = {
    "cross terms of a square forgotten": (typical_set, "exact", exact_sets, "variance_of_sum", scaled(2)),
    "a likelihood with the wrong sign": (typical_set, "exact", exact_sets, "likelihood", lambda sound: lambda t, h, n: sound(-t, h, n)),
    "a second moment off by one": (typical_set, "exact", exact_sets, "moments_of_gamma", off_by_the_fourth),
    "a normal entropy without its one half": (typical_set, "exact", exact_sets, "normal_entropy", shifted(sp.Rational(1, 2))),
    "a quadrature heavier on one side": (typical_set, "numeric", typicality, "_side", bent),
    "a density off by a constant": (typical_set, "numeric", marginals.Normal, "_log_density", lambda sound: staticmethod(lambda w: sound(w) + 1e-6)),
    "a mass that is too small": (typical_set, "numeric", typical_sets, "gamma_mass", scaled(0.999)),
    "a ball's volume without its root": (typical_set, "numeric", typical_sets, "log_ball_volume", shifted(0.05)),
    "a sampler of a wider distribution": (typical_set, "statistical", marginals.Normal, "_sample", constant_static(1.1)),
    "points of a ball bunched in the middle": (typical_set, "statistical", typical_sets, "uniform_in_ball", scaled(0.5)),
    "a slope that is forgotten": (typicality_not_invariant, "numeric", mapped_distributions.MappedDistribution, "log_slope", scaled(0.5)),
    "an image's density of another distribution": (typicality_not_invariant, "numeric", marginals.JohnsonSU, "log_density", scaled(1 + 1e-6)),
    "a mean log slope that is off": (typicality_not_invariant, "numeric", typicality, "column_means", mean_off),
    "a log-determinant that misses a layer": (typicality_not_invariant, "statistical", bijections.SplineLayer, "log_slopes", scaled(0.0)),
    "an entropy over a smaller grid": (typicality_not_invariant, "statistical", typicality_measurements, "entropy_over_a_box", lambda sound: lambda *a: (sound(*a)[0] + (a[0].__name__ == "log_image"), sound(*a)[1])),
    "an entropy balance with a factor": (typicality_not_invariant, "exact", exact_typicality, "entropy_balance", lambda sound: lambda *a, **k: (2 * sound(*a, **k)[0], sound(*a, **k)[1])),
    "a mean without its masses": (typicality_not_invariant, "exact", exact_typicality, "_mean", lambda sound: lambda masses, values: sum(values)),
    "Chebyshev's bound of other values": (typical_set, "numeric", typical_set_measurements, "chebyshev_of_three_values", lambda sound: lambda spread, like: sound(lambda v, n: 2 * spread(v, n), like)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_refuted(monkeypatch: pytest.MonkeyPatch, name: str, statuses: Statuses) -> None:
    page, route, place, attribute, fault = FAULTS[name]
    monkeypatch.setattr(place, attribute, fault(getattr(place, attribute)))
    found = statuses(page, route)
    assert Status.REFUTED in found or (route == "exact" and Status.UNDECIDED in found)


def test_an_inverse_whose_jacobian_is_off_never_holds(monkeypatch: pytest.MonkeyPatch, statuses: Statuses) -> None:
    """The image's mass is then no longer 1, which the entropy's error takes in: nothing is decided."""
    monkeypatch.setattr(bijections, "jacobians", scaled(1.3)(bijections.jacobians))
    assert Status.HOLDS not in statuses(typicality_not_invariant, "statistical")


def test_the_faults_reach_every_route_of_both_claims() -> None:
    assert {(page, route) for page, route, *_ in FAULTS.values()} == {
        (page, route)
        for page in (typical_set, typicality_not_invariant)
        for route in ("exact", "numeric", "statistical")
    }


# -- the audit ----------------------------------------------------------------------------------------------------------------

X = torch.randn(120, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def normal(x: torch.Tensor) -> torch.Tensor:
    return -x.square().sum(1) / 2


def finding(name: str, **options: Any) -> Status:
    report = audit_typicality(normal, X, 0.3 * X, points=32, **options)
    return next(f.status for f in report.findings if f.name == name)


def test_an_audit_of_sound_code_holds() -> None:
    for name in ("T after uniformization", "T after reversal"):
        assert finding(name) is Status.HOLDS


@pytest.mark.parametrize("name", ["T after uniformization", "T after reversal"])
def test_a_map_that_is_computed_wrongly_does_not_hold(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    sound = typicality_maps.build

    def tampered(label: str, functions: Any, *args: Any, **kwargs: Any) -> Any:
        log_p, log_s = functions
        return sound(label, (log_p, lambda x: log_s(x) + 0.1 * torch.sin(x[:, 0])), *args, **kwargs)

    monkeypatch.setattr(typicality_maps, "build", tampered)
    assert finding(name) is not Status.HOLDS


def test_a_volume_that_is_not_looked_at_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_bijections._Differentiated, "__call__", lambda self, x: torch.zeros_like(x[:, 0]))
    assert (
        finding("|T| under your bijection", through=torch.sinh) is Status.HOLDS
    )  # so that the next test means something
    monkeypatch.undo()
    assert finding("|T| under your bijection", through=torch.sinh) is Status.REFUTED
