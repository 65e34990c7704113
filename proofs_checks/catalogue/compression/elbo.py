"""The evidence bound misses log p(x) by a relative entropy; importance-weighted bounds
rise with every real number of weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.compression import evidence_bounds as bounds
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import elbo as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import joint_cases
from theory.compression import variational_bounds as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ALWAYS = [Case(Z=2, atoms=2, seed=1), Case(Z=64, atoms=5, seed=2)]
cases = {"numeric": Cases(joint_cases, always=ALWAYS)}


def exact(*, gap: Callable[[Any], Any] = exactly.evidence_minus_divergence) -> list[Any]:
    """The gap, where it vanishes and its sign; Frullani's integral, and norms that grow
    with their exponent."""
    return [
        exactly.evidence_bound(gap),
        exactly.posterior_attains_it(),
        exactly.prior_gap(),
        exactly.frullani(),
        exactly.slope_of_norms(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    sign: Callable[[Tensor], Tensor] = torch.neg,
    weighted: Callable[[Tensor, Tensor, Tensor], Tensor] = bounds.expected_bounds,
) -> list[Evidence]:
    """Random joint masses of five data with a random encoder; a random importance
    weight."""
    drawn = stream.fork(case.seed)
    joint, encoder = (3 * drawn.normal(5, case.Z) - 5).exp(), drawn.normal(5, case.Z).softmax(1)
    masses, values = bounds.random_weights(case.atoms, drawn.fork("weights"))
    return [
        measured(bounds.evidence_gap(joint, encoder, sign), resolves=1e-3, name="log p(x) - ELBO"),
        measured(bounds.shortfall_of_the_posterior(joint, encoder), resolves=1e-3, name="the posterior is tightest"),
        measured(bounds.integral_against_enumeration(masses, values), resolves=1e-3, name="Frullani's integral"),
        measured(bounds.falls(masses, values, weighted), resolves=1e-3, name="bounds rise with K"),
    ]


controls = {
    "gap-added": [
        Control(exact, fails="evidence bound", gap=exactly.evidence_plus_divergence),
        Control(numeric, fails="log p(x) - ELBO", cases=ALWAYS, sign=torch.positive),
    ],
    "pathwise": [Control(numeric, fails="bounds rise with K", cases=ALWAYS, weighted=bounds.of_one_draw)],
}
