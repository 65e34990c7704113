"""Faults planted under the claims on entangling maps and on identical marginals: their routes have to notice, and the sound code has to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
import torch

from numerics.distributions import marginals
from numerics.latents import dci_score, entangling, factor_vae_score, mutual_information_gap, twins
from numerics.latents import twin_comparison as twin_samples
from numerics.statistics import copulas as uniformity
from numerics.statistics import two_samples
from numerics.statistics.kolmogorov import TwoSampleGrid
from proofs_checks.catalogue.disentanglement import entangling as maps_page
from proofs_checks.catalogue.disentanglement import identical_marginals as page
from proofs_checks.kernel import Case, Status
from theory.latents import entangling as map_symbols
from theory.latents import twins as symbols

Statuses = Callable[[ModuleType, str], set[Status]]

CASES = {
    (maps_page, "numeric"): [
        Case(
            D=2,
            families=("logistic", "gumbel"),
            rotation="reflection",
            t=Fraction(2),
            seed=1,
            size=64,
            nonzero="everywhere",
        ),
        Case(
            D=5, families=("laplace", "cauchy"), rotation="random", t=Fraction(1), seed=1, size=64, nonzero="everywhere"
        ),
    ],
    (maps_page, "statistical"): [
        Case(D=2, families=("logistic", "laplace"), rotation="reflection", t=Fraction(2), seed=2, size=50_000),
        Case(D=3, families=("exponential", "normal"), rotation="random", t=Fraction(1), seed=1, size=50_000),
    ],
    (page, "numeric"): [
        Case(D=2, families=("logistic", "gumbel"), rotation="equal", outputs=2, seed=1, size=64),
        Case(D=4, families=("laplace", "logistic"), rotation="equal", outputs=2, seed=1, size=64),
        Case(D=5, families=("cauchy",), rotation="random", outputs=2, seed=1, size=64),
    ],
    (page, "statistical"): [
        Case(D=2, families=("exponential",), rotation="equal", outputs=3, seed=12, size=25_000),
        Case(D=4, families=("gumbel",), rotation="equal", outputs=3, seed=1, size=25_000),
    ],
}


@pytest.mark.parametrize("page", [maps_page, page], ids=lambda page: page.__name__.rpartition(".")[2])
@pytest.mark.parametrize("route", ["numeric", "statistical"])
def test_the_sound_code_holds(page: ModuleType, route: str, statuses: Statuses) -> None:
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(page, route) == {Status.HOLDS}


def scaled(factor: float) -> Any:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) * factor


def shifted(offset: float) -> Any:
    return lambda sound: lambda *args, **kwargs: sound(*args, **kwargs) + offset


def from_elsewhere(twin: twins.EntangledTwin, z: Any) -> tuple[Any, Any]:
    return z, twin(z)


FAULTS = {
    "a twin that decodes f(z') and not its inverse": ("numeric", twins.EntangledTwin, "latent", lambda sound: lambda self, z: self.mapping(z)),
    "a twin's decoder a little off": ("numeric", twins.EntangledTwin, "latent", shifted(1e-6)),
    "an inverse that forgets the transpose and the shift": ("numeric", entangling.EntanglingMap, "inverse", shifted(1e-4)),
    "a determinant that misses a factor": ("numeric", entangling.EntanglingMap, "log_abs_det", shifted(1e-6)),
    "least squares that shrink": ("numeric", twin_samples, "lasso_weights", scaled(0.999)),
    "an entropy in another base": ("numeric", dci_score, "_concentration", shifted(1e-6)),
    "a sampler of another prior for the twin": ("statistical", twins.EntangledTwin, "sample", lambda sound: lambda self, n, stream: from_elsewhere(self, self.prior.sample(n, stream).abs() + 0.5)),
    "a twin that decodes without f": ("statistical", entangling.EntanglingMap, "inverse", lambda sound: lambda self, x: 2.0 * x),
    "informations of another correlation": ("statistical", twin_samples, "quantised_information", lambda sound: lambda rho, bins: 0.3 + sound(rho, bins)),
    "informations that count twice": ("statistical", twin_samples, "joint_entropy", shifted(0.3)),
    "votes that are all called right": ("statistical", factor_vae_score, "factor_vae_of_votes", lambda sound: lambda train, test: factor_vae_score.FactorVae(1.0, int(test.sum()), int(test.sum()), train)),
    "a grid that counts one sample twice": ("statistical", TwoSampleGrid, "brackets", lambda sound: lambda self: tuple(part + 0.1 for part in sound(self))),
    "an embedding whose sums drift": ("statistical", two_samples.Embedding, "add", lambda sound: lambda self, sample, which: sound(self, sample + 0.2 * which, which)),
    "marginals whose tails are another distribution's": ("numeric", marginals.Logistic, "_tail", lambda sound: staticmethod(lambda w: sound.__func__(0.5 * w))),
    "a finite model whose inverse is f": ("exact", symbols.Model, "inverse", lambda sound: property(lambda self: tuple(range(len(self.bijection)))[::-1])),
    "masses that forget a latent": ("exact", symbols.Model, "mass", lambda sound: lambda self, latents: sound(self, latents - {0}) if len(latents) == 1 else sound(self, latents)),
    "signs that do not carry": ("exact", symbols, "signs_carry", lambda sound: lambda first, second: sound(first, second) and first == second),
    "a gap that is a sum": ("numeric", mutual_information_gap, "mig_of_information", lambda sound: lambda information, entropy: sound(-information, entropy)),
    "votes for the code that varies most": ("statistical", factor_vae_score, "_steadiest", lambda sound: lambda batches, spread: (batches.var(dim=1) / spread).argmax(-1)),
    "a vote that is counted twice": ("exact", symbols, "vote_accuracy", lambda sound: lambda *a: tuple(2 * x for x in sound(*a))),
    "a reflection that is undone twice": ("exact", symbols, "inverse_undoes", lambda sound: lambda d: replace(sound(d), left=2 * sound(d).left)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_not_missed(monkeypatch: pytest.MonkeyPatch, name: str, statuses: Statuses) -> None:
    route, place, attribute, fault = FAULTS[name]
    sound = place.__dict__[attribute] if isinstance(place, type) else getattr(place, attribute)
    monkeypatch.setattr(place, attribute, fault(sound))
    assert statuses(page, route) & {Status.REFUTED, Status.UNDECIDED}


def first_column_alone(sound: Any) -> Any:
    return lambda self, z: torch.cat([sound(self, z)[:, :1], z[:, 1:]], 1)


MAP_FAULTS = {
    "a map that moves one coordinate alone": ("statistical", entangling.EntanglingMap, "__call__", first_column_alone),
    "a map that stretches": ("statistical", entangling.EntanglingMap, "__call__", scaled(1.1)),
    "a sampler of a wider distribution": ("statistical", marginals.Laplace, "_sample", lambda sound: staticmethod(lambda *a: 1.2 * sound.__func__(*a))),
    "pairs counted against another distribution": ("statistical", uniformity.SquareGrid, "add", lambda sound: lambda self, u: sound(self, u**1.5)),
    "a determinant that misses a factor": ("numeric", entangling.EntanglingMap, "log_abs_det", shifted(1e-6)),
    "an inverse that is off": ("numeric", entangling.EntanglingMap, "inverse", shifted(1e-4)),
    "marginals whose tails are another distribution's": ("numeric", marginals.Logistic, "_tail", lambda sound: staticmethod(lambda w: sound.__func__(0.5 * w))),
    "entries of another vector": ("exact", map_symbols, "spike_entries", lambda sound: lambda d, t: sound(d, 2 * t)),
    "a minor of another place": ("exact", map_symbols, "minor_nonzero", lambda sound: lambda *a: not sound(*a)),
}  # fmt: skip


@pytest.mark.parametrize("name", MAP_FAULTS)
def test_a_fault_under_the_map_is_not_missed(monkeypatch: pytest.MonkeyPatch, name: str, statuses: Statuses) -> None:
    route, place, attribute, fault = MAP_FAULTS[name]
    sound = place.__dict__[attribute] if isinstance(place, type) else getattr(place, attribute)
    monkeypatch.setattr(place, attribute, fault(sound))
    assert statuses(maps_page, route) & {Status.REFUTED, Status.UNDECIDED}
