"""The rate of an encoder is the information of its codes and the relative entropy of
their distribution against the prior."""

from __future__ import annotations

from typing import Any

from numerics.compression import encoders
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import variational_rate_bound as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.compression import encoder_cases
from theory.compression import variational_bounds as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ALWAYS = [
    Case(X=1, Z=2, sharpness=1.0, seed=1),
    Case(X=64, Z=64, sharpness=5.0, seed=2),
    Case(X=3, Z=16, sharpness=0.1, seed=3),
]
cases = {"numeric": Cases(encoder_cases, always=ALWAYS)}


def exact(*, cost: exactly.Cost = exactly.forward) -> list[Any]:
    """One code over n data, all codes, the information in its two forms, and the sign
    of the gap."""
    return [
        exactly.rate_of_one_code(cost),
        exactly.rate_of_all_codes(),
        exactly.information_by_entropies(),
        exactly.prior_gap(),
    ]


def numeric(
    case: Case, stream: Stream, *, divergence: encoders.Divergence = encoders.relative_entropy
) -> list[Evidence]:
    """A random encoder: its rate against information and gap, and never below the
    information."""
    encoder = encoders.random_encoder(case.X, case.Z, case.sharpness, stream.fork(case.seed))
    whole, below = encoders.parts_of_the_rate(encoder, divergence)
    return [
        measured(whole, resolves=1e-3, name="rate = information + gap"),
        measured(below, resolves=1e-3, name="rate >= information"),
    ]


controls = {
    "reversed-divergence": [
        Control(exact, fails="the rate of an encoder, one code", cost=exactly.reverse),
        Control(numeric, fails="rate = information", cases=ALWAYS, divergence=encoders.reversed_entropy),
    ],
}
