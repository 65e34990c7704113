"""Score matching is integration by parts: explicit = implicit + a constant, less the
flux of p s through the boundary."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import torch

from numerics.distributions import score_measurements as measures
from numerics.distributions.mixtures import IsotropicMixture, isotropic_gaussian
from numerics.streams import Stream
from proofs_checks.catalogue.evaluation.figures import score_matching as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.evaluation import box_cases, field_cases
from theory.distributions import scores as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

MODES = [Case(weight=Fraction(9, 10), apart=Fraction(a)) for a in (0, 2, 6)]
SHIFTED = Case(apart=Fraction(3, 2))  # one mode of variance 1: KL is half the Fisher divergence
cases = {
    "numeric": Cases(box_cases, always=[Case(D=1, degree=4, seed=1), Case(D=3, degree=4, seed=2), *MODES, SHIFTED]),
    "statistical": Cases(field_cases, always=[Case(D=1, seed=1, size=100_000), Case(D=64, seed=2, size=20_000)]),
}


def exact(*, flux: exactly.Flux = exactly.through_both_faces) -> list[Any]:
    """At a point for every D; on boxes of one to three dimensions; Exp(1); what the
    weights of far modes leave unseen."""
    return [
        exactly.product_rule(),
        exactly.explicit_and_implicit(),
        *(exactly.on_a_box(D, flux) for D in (1, 2, 3)),
        exactly.exponential(flux),
        exactly.blindness(),
    ]


def standard_normal(apart: float, like: torch.Tensor) -> IsotropicMixture:
    """The reference distribution under which half the Fisher divergence bounds KL."""
    return isotropic_gaussian(1, 1.0, like)


def even_modes(apart: float, like: torch.Tensor) -> IsotropicMixture:
    """The same two modes with weights one half: only the weights differ."""
    return measures.weighted_modes(0.5, apart, like)


def numeric(
    case: Case,
    stream: Stream,
    *,
    flux: measures.Flux = lambda upper, lower: upper - lower,
    reference: Any = standard_normal,
    share: float = 0.5,
    derivative: measures.Derivative = measures.difference_jacobians,
) -> list[Evidence]:
    """Polynomial fields and densities on a box, volumes and faces; their Jacobians by
    differences; or KL against half the Fisher divergence."""
    if "apart" in case:
        like, apart = torch.zeros(1, dtype=stream.dtype, device=stream.device), float(case.apart)
        single = "weight" not in case
        p = measures.shifted_normal(apart, like) if single else measures.weighted_modes(float(case.weight), apart, like)
        excess, _, _ = measures.log_sobolev(p, reference(apart, like), share=share)
        return [measured(excess, resolves=1e-3, name="KL at most half the Fisher divergence")]
    of = measures.Polynomials.random(case.D, case.degree, stream.fork((case.D, case.degree, case.seed)))
    left = measures.identity_on_a_box(of, flux)
    return [
        measured(left, resolves=1e-3, name="explicit = implicit + constant - flux, on a box"),
        measured(
            measures.slopes_by_differences(of, stream.fork("differences"), derivative),
            resolves=1.0,
            name="Jacobians by differences of values",
        ),
    ]


def statistical(case: Case, stream: Stream, *, draws: measures.Draws = measures.logistic) -> list[Evidence]:
    """Bounded fields under logistic draws, where nothing flows out at infinity."""
    size = max(4000, case.size // case.D)
    off, width, rounding, beyond = measures.drawn_identity(case.D, size, draws, stream)
    return [
        measured(beyond, resolves=1e-3, name="terms lie within the field's reach"),
        tested(
            off,
            Test.hoeffding(size, width),
            resolves=0.2,
            slack=rounding,
            name="explicit - implicit - constant, over the field's reach",
        ),
    ]


BOXES = [Case(D=1, degree=3, seed=5), Case(D=2, degree=2, seed=6)]
controls = {
    "boundary-forgotten": [
        Control(exact, fails="score matching on boxes, D = 1", flux=exactly.no_boundary_term),
        Control(numeric, fails="explicit = implicit", cases=BOXES, flux=lambda upper, lower: 0 * upper),
        Control(statistical, fails="explicit - implicit", cases=[Case(D=1, seed=5, size=100_000), Case(D=8, seed=6, size=100_000)], draws=measures.exponential),
    ],
    "one-sided-differences": [Control(numeric, fails="Jacobians by differences", cases=BOXES, derivative=measures.one_sided_jacobians)],
    "less-than-half": [Control(numeric, fails="KL at most half", cases=[SHIFTED], share=0.45)],
    "scores-see-weights": [Control(numeric, fails="KL at most half", cases=[MODES[2]], reference=even_modes)],
}  # fmt: skip
