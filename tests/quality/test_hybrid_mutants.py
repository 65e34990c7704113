"""Faults planted in the code under the two imbalance claims: each route has to notice, and the sound code has to pass.

A fault is a patch of theory or numerics, put wherever the name is bound; the claim's own check then runs at its declared cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from sympy import Rational, exp, log

from numerics.likelihoods import bernoulli as likelihoods
from numerics.likelihoods import gradient_sizes, log_likelihoods
from numerics.likelihoods import networks as shared_networks
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.hybrid import gradient_imbalance, value_imbalance
from proofs_checks.kernel import Case, Status
from theory.likelihoods import bernoulli as exact_likelihoods
from theory.likelihoods import gradients as shared_gradients

MODULES = (
    likelihoods,
    shared_networks,
    log_likelihoods,
    gradient_sizes,
    exact_likelihoods,
    shared_gradients,
    value_imbalance,
    gradient_imbalance,
)
CASES = {
    (value_imbalance, "numeric"): [Case(D=1), Case(D=11), Case(D=12)],
    (value_imbalance, "statistical"): [Case(D=1, size=400_000), Case(D=7, size=100_000)],
    (gradient_imbalance, "numeric"): [
        *(Case(family=family, D=D) for family in ("agreeing", "orthogonal", "unshared") for D in (1, 37, 4096)),
        Case(family="generic", D=16),
        Case(family="generic", D=21),
    ],
    (gradient_imbalance, "statistical"): [Case(D=16, K=16, size=2**22), Case(D=2**14, K=4, size=2**18)],
}


def statuses(page: ModuleType, route: str) -> set[Status]:
    check = getattr(page, route)
    found = set()
    for k, case in enumerate(CASES.get((page, route), [None]), start=1):
        given: dict[str, Any] = {} if case is None else {"case": case, "stream": Stream(1000 + k)}
        found.add(kernel.judge(check(**given), route=route, alpha=kernel.level(k), case=case).status)
    return found


def plant(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, fault: Callable[[Any], Any]) -> None:
    """Replace ``module.name`` by ``fault(module.name)`` wherever that object is bound, defaults of checks included."""
    sound = getattr(module, name)
    broken = fault(sound)
    for place in MODULES:
        for bound, value in list(vars(place).items()):
            if value is sound:
                monkeypatch.setattr(place, bound, broken)
    for page in (value_imbalance, gradient_imbalance):
        for route in ("exact", "numeric", "statistical"):
            check = getattr(page, route)
            defaults = {key: broken if value is sound else value for key, value in (check.__kwdefaults__ or {}).items()}
            monkeypatch.setattr(check, "__kwdefaults__", defaults)


@pytest.mark.parametrize("route", ["numeric", "statistical"])
@pytest.mark.parametrize("page", [value_imbalance, gradient_imbalance], ids=["value", "gradient"])
def test_the_sound_code_holds_at_the_cases_of_the_faults(page, route):
    """The exact routes hold in proofs_checks/test_claims.py, at no case but their own."""
    assert statuses(page, route) == {Status.HOLDS}


def scaled(factor: float) -> Callable[[Any], Any]:
    return lambda sound: lambda *args, **kwargs: factor * sound(*args, **kwargs)


def drops_odd_tail(sound: Any) -> Any:
    def fault(values: torch.Tensor) -> torch.Tensor:
        while (n := values.shape[-1]) > 1:
            values = values[..., : n // 2] + values[..., n // 2 : 2 * (n // 2)]
        return values[..., 0]

    return fault


def forgets_last_pixel(sound: Any) -> Any:
    def fault(logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
        masses = sound(logits, images)
        return (
            torch.cat([masses[..., :-1], 0 * masses[..., -1:]], dim=-1)
            if masses.ndim and masses.shape[-1] > 1
            else masses
        )

    return fault


def first_image_only(sound: Any) -> Any:
    return lambda model, images: sound(model, images[:1]).expand(len(images), -1)


def unnormalised_rows(sound: Any) -> Any:
    def fault(family: str, D: int, stream: Stream, **options: Any) -> Any:
        network, image = sound(family, D, stream, **options)
        if family == "generic":
            network.pixels.rows[0] *= 1.01
        return network, image

    return fault


NUMERIC = {
    "log-base-two": (value_imbalance, likelihoods, "pixel_log_masses", scaled(1 / math.log(2))),
    "float32-inside": (
        value_imbalance,
        likelihoods,
        "pixel_log_masses",
        lambda sound: lambda a, x: sound(a.float(), x.float()).double(),
    ),
    "odd-pixel-dropped": (value_imbalance, likelihoods, "pairwise_sum", drops_odd_tail),
    "last-pixel-forgotten": (value_imbalance, likelihoods, "pixel_log_masses", forgets_last_pixel),
    "entropy-in-nats": (value_imbalance, likelihoods, "entropy_bits", scaled(math.log(2))),
    "an-image-listed-twice": (
        value_imbalance,
        likelihoods,
        "all_images",
        lambda sound: lambda D, like: torch.cat([sound(D, like), sound(D, like)[:1]]),
    ),
    "gradient-of-all-pixels-but-one": (gradient_imbalance, likelihoods, "pixel_log_masses", forgets_last_pixel),
    "norm-not-rooted": (gradient_imbalance, likelihoods, "_norm", lambda sound: lambda pieces: sound(pieces) ** 2),
    "one-gradient-for-all-images": (gradient_imbalance, likelihoods, "image_gradients", first_image_only),
    "jacobian-sign": (gradient_imbalance, likelihoods, "logit_jacobian", scaled(-1.0)),
    "jacobian-of-the-last-logit-zeroed": (
        gradient_imbalance,
        likelihoods,
        "logit_jacobian",
        lambda sound: lambda model: torch.cat([sound(model)[:-2], 0 * sound(model)[-2:]]),
    ),
    "directional-derivative-halved": (gradient_imbalance, likelihoods, "logits_along", scaled(0.5)),
    "signs-all-equal": (
        gradient_imbalance,
        likelihoods,
        "uncorrelated_signs",
        lambda sound: lambda D, like: sound(D, like).abs(),
    ),
    "signs-of-one-pixel-copied": (
        gradient_imbalance,
        likelihoods,
        "uncorrelated_signs",
        lambda sound: lambda D, like: sound(D, like)[:, :1].expand(-1, D),
    ),
    "slope-of-log2-on-log10": (
        gradient_imbalance,
        likelihoods,
        "fit_exponent",
        lambda sound: lambda sizes, values: (sound(sizes, values)[0] * math.log2(10), sound(sizes, values)[1]),
    ),
    "rows-of-different-lengths": (gradient_imbalance, shared_networks, "shared_network", unnormalised_rows),
}


@pytest.mark.parametrize("name", NUMERIC)
def test_a_planted_fault_in_the_measurements_is_refuted(monkeypatch, name):
    page, module, attribute, fault = NUMERIC[name]
    plant(monkeypatch, module, attribute, fault)
    assert Status.REFUTED in statuses(page, "numeric")


def biased(sound: Any) -> Any:
    return lambda logits, n, stream: sound(logits + 0.15, n, stream)


def one_pixel_copied(sound: Any) -> Any:
    return lambda logits, n, stream: sound(logits, n, stream).roll(1, -1).index_fill(-1, torch.tensor([0]), 1.0)


STATISTICAL = {
    "noise-off-centre": (value_imbalance, likelihoods, "threshold_images", biased),
    "images-counted-by-their-sum": (
        value_imbalance,
        likelihoods,
        "pattern_counts",
        lambda sound: lambda images: torch.bincount(images.sum(-1).long(), minlength=2 ** images.shape[-1]),
    ),
    "one-pixel-always-white": (value_imbalance, likelihoods, "threshold_images", one_pixel_copied),
    "label-norm-doubled": (gradient_imbalance, likelihoods, "_norm", scaled(2.0)),
    "neighbours-alike": (
        gradient_imbalance,
        likelihoods,
        "threshold_images",
        lambda sound: (
            lambda logits, n, stream: sound(logits[..., ::2], n, stream).repeat_interleave(2, -1)[:, : len(logits)]
        ),
    ),
    "exponent-doubled": (
        gradient_imbalance,
        likelihoods,
        "fit_exponent",
        lambda sound: lambda sizes, values: (2 * sound(sizes, values)[0], sound(sizes, values)[1]),
    ),
}


@pytest.mark.parametrize("name", STATISTICAL)
def test_a_planted_fault_in_the_samplers_or_statistics_is_refuted(monkeypatch, name):
    page, module, attribute, fault = STATISTICAL[name]
    plant(monkeypatch, module, attribute, fault)
    assert Status.REFUTED in statuses(page, "statistical")


EXACT = {
    "score-with-the-other-sign": (
        gradient_imbalance,
        exact_likelihoods,
        "logistic",
        lambda sound: lambda a: 1 / (1 + exp(a)),
    ),
    "log-mass-without-normaliser": (
        gradient_imbalance,
        exact_likelihoods,
        "log_mass",
        lambda sound: lambda x, a: x * a,
    ),
    "mass-unnormalised": (value_imbalance, exact_likelihoods, "bernoulli", lambda sound: lambda x, p: p**x),
    "mass-of-a-third": (
        value_imbalance,
        exact_likelihoods,
        "bernoulli",
        lambda sound: lambda x, p: sound(x, p) if p != Rational(1, 2) else sound(x, Rational(1, 3)),
    ),
    "missing-bits-in-bits": (value_imbalance, exact_likelihoods, "gibbs", lambda sound: lambda r: sound(r) / log(2)),
    "antiderivative-of-the-wrong-sign": (
        value_imbalance,
        exact_likelihoods,
        "gibbs_antiderivative",
        lambda sound: lambda r, v: -sound(r, v),
    ),
    "rows-too-long": (
        gradient_imbalance,
        shared_gradients,
        "equal_norm_rows",
        lambda sound: lambda family, size: (sound(family, size)[0], tuple(2 * v for v in sound(family, size)[1])),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_planted_fault_in_the_derivations_is_refuted(monkeypatch, name):
    page, module, attribute, fault = EXACT[name]
    plant(monkeypatch, module, attribute, fault)
    assert statuses(page, "exact") == {Status.REFUTED}


@pytest.mark.parametrize(
    ("page", "module", "attribute"),
    [
        (gradient_imbalance, shared_gradients, "gradients_by_signs"),
        (gradient_imbalance, shared_gradients, "gradients_by_walsh_transform"),
        (value_imbalance, exact_likelihoods, "entropy_sign_by_merging"),
        (value_imbalance, exact_likelihoods, "mass_table"),
    ],
)
def test_a_fault_in_one_of_two_algorithms_shows_as_a_disagreement(monkeypatch, page, module, attribute):
    broken = {
        "gradients_by_signs": lambda sound: lambda rows: 2 * sound(rows),
        "gradients_by_walsh_transform": lambda sound: lambda rows: sound(rows)[:1].repeat(2 ** len(rows), 0),
        "entropy_sign_by_merging": lambda sound: lambda counts: -1,
        "mass_table": lambda sound: lambda D, p, pixel: [2 * mass for mass in sound(D, p, pixel)],
    }
    plant(monkeypatch, module, attribute, broken[attribute])
    assert statuses(page, "exact") == {Status.UNDECIDED}
