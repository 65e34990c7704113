"""Faults planted in the audit of rate and distortion: laws about a linear decoder, whose curve is known, notice each; the sound audit passes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import distributions as td

from numerics.compression.annealed_chains import anneal
from numerics.compression.curve_bounds import drawn_lower, rate_above, rate_below
from numerics.compression.linear_decoders import negative_log_z
from numerics.streams import Stream
from proofs_checks.audits.rate_distortion import (
    audit,
    audit_rate_distortion,
    curve,
    findings,
    fitted_prior,
    measurements,
)
from proofs_checks.audits.rate_distortion.curve import Row, gap_of

SIGMA = 0.3
STREAM = Stream(0)
W = STREAM.normal(6, 2) / 2
X = STREAM.normal(60, 2) @ W.T + SIGMA * STREAM.normal(60, 6)
SLOPES = torch.logspace(-2, 4, 400, dtype=torch.float64)
PRECISION = torch.eye(2, dtype=torch.float64) + W.T @ W / SIGMA**2


def encoder(x: torch.Tensor) -> td.MultivariateNormal:
    return td.MultivariateNormal(x @ W / SIGMA**2 @ torch.linalg.inv(PRECISION), precision_matrix=PRECISION)


def broken_laws() -> set[str]:
    """Which laws the audit of the linear decoder breaks."""
    report = audit_rate_distortion(
        lambda z: z @ W.T,
        2,
        X,
        distortion="half squared",
        encoder=encoder,
        betas=[0.5, 2.0, 8.0, 32.0],
        samples=1 << 11,
        calls=100,
        chains=2,
    )
    F = torch.stack([negative_log_z(X, W, float(b)).mean() for b in SLOPES])
    broken = set()
    for row in report.rows:
        rate = float((F - SLOPES * row.distortion).max().clamp(min=0))
        broken |= {"below"} if row.low > rate + 1e-9 else set()
        broken |= {"above"} if row.high is not None and row.high < rate - 1e-9 else set()
        broken |= {"chains"} if row.chains < rate - 0.1 or row.chains > rate + 1.0 else set()
    by_name = {f.name: f.witness or {} for f in report.findings}
    broken |= {"tight"} if abs(by_name[findings.TIGHT]["worst"]) > 0.5 else set()
    for one in by_name[findings.PRIOR]["gains"]:
        broken |= {"gain"} if one["least"] > one["saving"] + 0.05 or one["fitted"] < 0 else set()
    point = report.facts["encoder"]
    exact = float((negative_log_z(X, W, 1 / SIGMA**2).mean() - point["distortion"] / SIGMA**2).clamp(min=0))
    broken |= (
        {"encoder"}
        if abs(point["rate"] - exact) > 0.2 or point["most"] < -0.05 or (point["least"] or 0) > 0.05
        else set()
    )
    return broken


def test_the_sound_audit_breaks_no_law() -> None:
    assert broken_laws() == set()


def estimates(*given: Any, **named: Any) -> tuple[torch.Tensor, ...]:
    _, estimate, least = drawn_lower(*given, **named)
    return estimate + 0.1, estimate, least


FAULTS: dict[str, tuple[Any, str, Callable[..., Any], str]] = {
    "weights after the move": (measurements, "anneal", lambda *a, **k: anneal(*a, **k, late=True), "chains"),
    "accept-reject left out": (measurements, "anneal", lambda *a, **k: anneal(*a, **k, accepting=False), "chains"),
    "the radius taken off": (measurements, "annealed_upper", lambda w, level: -w.mean(1) - math.log(w.shape[0] / level) / w.shape[1], "above"),
    "estimates for lower bounds": (measurements, "drawn_lower", estimates, "below"),
    "half the slope below": (curve, "rate_below", lambda b, F, D: rate_below(b / 2, F, D), "below"),
    "twice the slope above": (curve, "rate_above", lambda b, F, D: rate_above(2 * b, F, D), "above"),
    "chains down in place of up": (measurements, "anneal_down", lambda *a, **k: 2 * measurements.anneal(*a[:3], a[4]).log_weights[-1], "tight"),
    "the gap at four times the distortion": (findings, "gap_of", lambda rows, D, R: gap_of(rows, 4 * D, R), "encoder"),
    "a band that is moved": (audit, "band", lambda *a: [Row(r.distortion * 2, r.low, r.high, r.chains) for r in curve.band(*a)], "below"),
    "a fitted prior that costs nothing": (audit, "energy_of", lambda *a, **k: fitted_prior.energy_of(*a, **k) - 5.0, "gain"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_its_law(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, place, fault, law = FAULTS[name]
    monkeypatch.setattr(module, place, fault)
    assert law in broken_laws()
