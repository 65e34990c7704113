"""Faults planted under the claims on compact groups and on equivariance: each route has to notice, and the sound code has to pass.

A fault is a patch of theory or numerics, put wherever the name is bound; the claim's own check then runs at its declared cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import sympy as sp
import torch
from torch.nn import functional as F

from numerics.representations import compact as haar
from numerics.representations import equivariant_layers as layers
from numerics.representations import permutation_averages, tensor_actions
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.groups import equivariance, peter_weyl
from proofs_checks.kernel import Case, Status
from theory.groups import compact as compact_groups
from theory.groups import gauss_legendre, haar_measure, spins
from theory.representations import convolutions
from theory.representations import equivariant_maps as exactly

MODULES = (
    layers,
    haar,
    compact_groups,
    gauss_legendre,
    haar_measure,
    spins,
    exactly,
    convolutions,
    equivariance,
    peter_weyl,
)
CACHES = (
    haar.gauss_legendre,
    gauss_legendre.legendre,
    gauss_legendre._weights,
    compact_groups._beta_mean,
    compact_groups._wave_sum,
    compact_groups._expand,
    exactly.stirling,
)
ONE = {"channels": 2, "kernel": 3, "seed": 1}
CASES = {
    (peter_weyl, "numeric"): [Case(group=group, l=3) for group in ("U(1)", "SU(2)", "SO(3)")],
    (peter_weyl, "statistical"): [
        Case(group="U(1)", l=2, size=16384),
        Case(group="SU(2)", l=2, size=16384),
        Case(group="SO(3)", l=1, size=16384),
    ],
    (equivariance, "numeric"): [
        *(Case(layer=name, n=9, **ONE) for name in ("conv1d", "conv2d", "mean pooling", "deep set", "C4 convolution")),
        Case(layer="averaged matrix", n=4, **ONE),
    ],
}


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """What a fault computed must not outlive it, nor what the sound code computed hide it."""
    for cached in CACHES:
        cached.cache_clear()
    yield
    for cached in CACHES:
        cached.cache_clear()


def statuses(page: ModuleType, route: str) -> set[Status]:
    found = set()
    for k, case in enumerate(CASES.get((page, route), [None]), start=1):
        given: dict[str, Any] = {} if case is None else {"case": case, "stream": Stream(1000 + k)}
        found.add(kernel.judge(getattr(page, route)(**given), route=route, alpha=kernel.level(k), case=case).status)
    return found


def plant(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, fault: Callable[[Any], Any]) -> None:
    """Replace ``owner.name`` by ``fault(owner.name)`` wherever that object is bound, defaults of checks included."""
    sound = getattr(owner, name)
    broken = fault(sound)
    monkeypatch.setattr(owner, name, broken)
    for place in MODULES:
        for bound, value in list(vars(place).items()):
            if value is sound:
                monkeypatch.setattr(place, bound, broken)
            if callable(value) and getattr(value, "__kwdefaults__", None) and not isinstance(value, type):
                swapped = {
                    key: broken if default is sound else default for key, default in value.__kwdefaults__.items()
                }
                monkeypatch.setattr(value, "__kwdefaults__", swapped)


@pytest.mark.parametrize(
    ("page", "route"),
    [
        (peter_weyl, "numeric"),
        (peter_weyl, "statistical"),
        (equivariance, "numeric"),
    ],
)
def test_the_sound_code_holds_at_the_cases_of_the_faults(page, route):
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(page, route) == {Status.HOLDS}


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **options: factor * sound(*args, **options)


def flat_ladder(sound: Any) -> Any:
    """Raising without its square roots."""

    def fault(d: int, **options: Any) -> torch.Tensor:
        x, _, z = sound(d, **options)
        up = torch.diag(torch.full((d - 1,), 0.5, dtype=x.real.dtype), 1)
        return torch.stack([torch.complex(up + up.T, 0 * up), torch.complex(0 * up, up.T - up), z])

    return fault


def one_squaring_less(sound: Any) -> Any:
    return lambda generators, norm, input_error: sound(generators / 2, norm, input_error)


def all_positive(sound: Any) -> Any:
    return lambda n, stream: sound(n, stream).abs()


def without_cycling(self: Any, y: torch.Tensor) -> torch.Tensor:
    pad = self.weight.shape[-1] // 2
    wide = F.pad(y.flatten(1, 2), (pad,) * 4, mode="circular")
    return torch.stack([F.conv2d(wide, torch.rot90(self.weight, r, (-2, -1)).flatten(1, 2)) for r in range(4)], 2)


def without_turning(self: Any, x: torch.Tensor) -> torch.Tensor:
    pad = self.weight.shape[-1] // 2
    return torch.stack([F.conv2d(F.pad(x, (pad,) * 4, mode="circular"), self.weight)] * 4, 2)


def by_first(self: Any, x: torch.Tensor) -> torch.Tensor:
    return self.A @ x + self.B @ x[..., :1] + self.c[:, None]


def half_of(sound: Any) -> Any:
    def fault(matrix: torch.Tensor, group: Any, orders: Any) -> torch.Tensor:
        members = list(group)
        return sound(matrix, members[: len(members) // 2 + 1], orders)

    return fault


def finer(sound: Any) -> Any:
    """One pattern split in two."""

    def fault(n: int, k: int) -> torch.Tensor:
        found = sound(n, k).clone()
        found[-1] = found.max() + 1
        return found

    return fault


NUMERIC = {
    "ladder-without-roots": (peter_weyl, haar, "spin_matrices", flat_ladder),
    "exponential-of-half": (peter_weyl, haar, "exponential", one_squaring_less),
    "waves-of-half-the-angle": (peter_weyl, haar, "_waves", lambda sound: lambda l, angle: sound(l, angle / 2)),
    "one-angle-less": (
        peter_weyl,
        haar,
        "product_rule",
        lambda sound: lambda group, l: (sound(group, l)[0] - 1, sound(group, l)[1]),
    ),
    "one-node-less": (
        peter_weyl,
        haar,
        "product_rule",
        lambda sound: lambda group, l: (sound(group, l)[0], max(1, sound(group, l)[1] - 1)),
    ),
    "norm-without-dimension": (
        peter_weyl,
        haar,
        "schur",
        lambda sound: lambda group, l, like: (sound(group, l, like) > 0).to(like.dtype),
    ),
    "orientations-not-cycled": (equivariance, layers.C4Convolution, "forward", lambda _: without_cycling),
    "filter-not-turned": (equivariance, layers.C4Lift, "forward", lambda _: without_turning),
    "first-instead-of-mean": (equivariance, layers.DeepSet, "forward", lambda _: by_first),
    "last-position-not-pooled": (
        equivariance,
        layers.MeanPool,
        "forward",
        lambda _: lambda self, x: x[..., :-1].mean(-1),
    ),
    "turned-the-other-way": (
        equivariance,
        tensor_actions,
        "quarter_turned",
        lambda _: lambda x: torch.rot90(x, -1, (-2, -1)),
    ),
    "shifted-with-zeros": (
        equivariance,
        tensor_actions,
        "shift_action",
        lambda sound: lambda steps, *axes: lambda x: sound(steps, *axes)(x) * (torch.arange(x.shape[-1]) > 0),
    ),
    "half-the-group": (equivariance, permutation_averages, "group_average", half_of),
    "patterns-too-coarse": (
        equivariance,
        permutation_averages,
        "equality_patterns",
        lambda sound: lambda n, k: 0 * sound(n, k),
    ),
    "one-pattern-split-in-two": (equivariance, permutation_averages, "equality_patterns", finer),
    "one-dimension-more-claimed": (
        equivariance,
        permutation_averages,
        "partitions",
        lambda sound: lambda k, n: sound(k, n) + 1,
    ),
}


@pytest.mark.parametrize("name", NUMERIC)
def test_a_planted_fault_in_the_measurements_is_refuted(monkeypatch, name):
    page, owner, attribute, fault = NUMERIC[name]
    plant(monkeypatch, owner, attribute, fault)
    assert Status.REFUTED in statuses(page, "numeric")


def wide_weights(sound: Any) -> Any:
    def fault(n: int) -> haar.GaussLegendre:
        rule = sound(n)
        return haar.GaussLegendre(rule.nodes, rule.weights, rule.node_errors, tuple(1e-3 for _ in rule.weights))

    return fault


def test_a_bound_that_explains_everything_is_undecided(monkeypatch):
    plant(monkeypatch, haar, "gauss_legendre", wide_weights)
    assert Status.UNDECIDED in statuses(peter_weyl, "numeric")


def test_too_short_a_series_widens_the_bound_and_is_undecided(monkeypatch):
    monkeypatch.setattr(haar, "TAYLOR", 4)
    assert Status.UNDECIDED in statuses(peter_weyl, "numeric")
    assert Status.REFUTED not in statuses(peter_weyl, "numeric")


STATISTICAL = {
    "one-orthant-only": (haar, "haar_quaternions", all_positive),
    "exponential-of-half": (haar, "exponential", one_squaring_less),
    "waves-of-half-the-angle": (haar, "_waves", lambda sound: lambda l, angle: sound(l, angle / 2)),
    "ladder-without-roots": (haar, "spin_matrices", flat_ladder),
}


@pytest.mark.parametrize("name", STATISTICAL)
def test_a_planted_fault_in_the_samplers_is_refuted(monkeypatch, name):
    plant(monkeypatch, *STATISTICAL[name])
    assert Status.REFUTED in statuses(peter_weyl, "statistical")


def unsigned(sound: Any) -> Any:
    return lambda d, k, l: tuple((monomial, abs(c)) for monomial, c in sound(d, k, l))


EXACT = {
    "ladder-off-by-one": (peter_weyl, spins, "lowering_squared", lambda _: lambda j, m: (j + m) * (j - m)),
    "a-form-with-the-other-sign": (
        peter_weyl,
        haar_measure,
        "invariant_forms",
        lambda sound: lambda *angles: sp.diag(1, -1, 1) * sound(*angles),
    ),
    "euler-angles-swapped": (peter_weyl, haar_measure, "euler", lambda sound: lambda *angles: sound(*angles).T),
    "coefficients-without-signs": (peter_weyl, compact_groups, "_expand", unsigned),
    "fewer-nodes": (
        peter_weyl,
        compact_groups,
        "product_rule",
        lambda sound: lambda group, l: (sound(group, l)[0], max(1, sound(group, l)[1] - 1)),
    ),
    "legendre-with-a-wrong-factor": (
        peter_weyl,
        gauss_legendre,
        "legendre",
        lambda sound: lambda n: sound(n) + int(n == 3),
    ),
    "norm-without-dimension": (
        peter_weyl,
        compact_groups,
        "schur_mean",
        lambda sound: lambda pair: sound(pair) * pair[0].d,
    ),
    "partitions-of-one-block-more": (
        equivariance,
        exactly,
        "partitions_upto",
        lambda sound: lambda k, n: sound(k, n + 1),
    ),
    "falling-factorial-too-long": (equivariance, exactly, "falling", lambda sound: lambda n, b: sound(n, b + 1)),
    "patterns-repeated": (equivariance, exactly, "patterns", lambda sound: lambda k: sound(k) * 2),
    "turn-by-sixty-degrees": (
        equivariance,
        convolutions,
        "quarter_turn",
        lambda _: lambda p, q, turns=1: (p, q) if turns % 4 == 0 else (-q, p + q),
    ),
    "zeros-beyond-the-edge": (equivariance, convolutions, "circulant", lambda _: convolutions.zero_padded),
    "readout-of-the-first": (
        equivariance,
        exactly,
        "sums",
        lambda sound: lambda n, w: sound(n, w) * ([1] + [0] * (n - 1)),
    ),
    "eight-turns": (equivariance, convolutions, "turns", lambda sound: lambda m: sound(2 * m)),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_planted_fault_in_the_derivations_is_refuted(monkeypatch, name):
    page, owner, attribute, fault = EXACT[name]
    plant(monkeypatch, owner, attribute, fault)
    assert statuses(page, "exact") == {Status.REFUTED}


@pytest.mark.parametrize(
    ("page", "owner", "attribute", "fault"),
    [
        (peter_weyl, compact_groups, "sphere_mean", scaled(2)),
        (peter_weyl, gauss_legendre, "gauss_by_trace", scaled(2)),
        (peter_weyl, gauss_legendre, "gauss_by_remainder", scaled(2)),
        (peter_weyl, compact_groups, "_wave_sum", lambda _: lambda frequency, angles: int(frequency == 0)),
        (equivariance, exactly, "orbit_count", lambda sound: lambda action: sound(action) + 1),
        (equivariance, exactly, "solution_count", lambda sound: lambda action: sound(action) + 1),
        (equivariance, convolutions, "depends_on_difference", lambda _: lambda matrix: True),
        (equivariance, exactly, "pools", lambda sound: lambda matrix: not sound(matrix)),
        (equivariance, convolutions, "tap_is_right_multiplication", lambda _: lambda tap: tap.s == 0),
    ],
)
def test_a_fault_in_one_of_two_algorithms_shows_as_a_disagreement(monkeypatch, page, owner, attribute, fault):
    """A blind second algorithm agrees with whatever holds: it shows where the claim is false, in the controls."""
    plant(monkeypatch, owner, attribute, fault)
    found = statuses(page, "exact") | {
        kernel.judge(page.exact(**c.objects), route="exact").status
        for control in page.controls.values()
        for c in control
        if c.route == "exact"
    }
    assert Status.UNDECIDED in found


BLINDED = {
    "defects-not-looked-at": (
        equivariance,
        layers,
        "defects",
        lambda sound: lambda layer: {k: layers.Defect(0 * d.residual, d.rounding) for k, d in sound(layer).items()},
    ),
    "rounding-explains-all": (equivariance, layers, "gamma", lambda _: lambda k, matrix: 1.0),
    "means-not-looked-at": (
        peter_weyl,
        haar,
        "orthogonality",
        lambda sound: lambda *args, **options: replace(sound(*args, **options), residual=torch.zeros(1)),
    ),
    "error-of-one": (
        peter_weyl,
        haar,
        "rotations_about_y",
        lambda sound: lambda d, beta, error: haar.Approximate(sound(d, beta, error).matrices, 1.0),
    ),
}


@pytest.mark.parametrize("name", BLINDED)
def test_a_check_that_no_longer_looks_is_caught_by_a_control(monkeypatch, name):
    page, owner, attribute, fault = BLINDED[name]
    plant(monkeypatch, owner, attribute, fault)
    found = []
    for controls in page.controls.values():
        for control in (c for c in controls if c.route == "numeric"):
            verdicts = [
                kernel.judge(page.numeric(case, Stream(7), **control.objects), route="numeric", case=case)
                for case in control.cases
            ]
            found.append(kernel.control_verdict(verdicts, route="numeric").status)
    assert Status.UNDECIDED in found


def test_angles_are_radians():
    """Not a fault but a unit: half a turn is pi."""
    half = haar.rotations_about_y(2, torch.tensor([math.pi], dtype=torch.float64), 0.0)
    assert (half.matrices[0].real - torch.tensor([[0.0, -1.0], [1.0, 0.0]])).abs().max() <= half.error
