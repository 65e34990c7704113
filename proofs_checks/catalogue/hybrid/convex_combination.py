"""Mixing the conditional with the joint weighs the image by l, mixing it with the
marginal by l/(1-l)."""

from __future__ import annotations

from typing import Any

from numerics.likelihoods import logistic_gaussian as measuring
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import convex_combination as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hybrid import mixture_cases
from theory.likelihoods import weighting
from theory.likelihoods.weighting import odds, plain_weight

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ENDS = [Case(n=2, D=1, share=0.05), Case(n=4096, D=16, share=0.95), Case(n=64, D=1, share=0.75)]
cases = {"numeric": Cases(mixture_cases, always=ENDS)}


def exact(*, joint: Any = plain_weight, marginal: Any = odds) -> list[Any]:
    """Masses of one point, sums over every number of points, the weights that each
    reaches, and the optimum of quadratics."""
    mixtures = [
        weighting.mixture_of_conditional_and_joint(joint),
        weighting.marginal_mixture(marginal),
        weighting.mixtures_of_data_sets(joint, marginal),
        weighting.optimum_of_quadratics(marginal),
    ]
    return mixtures if (joint, marginal) != (plain_weight, odds) else [*mixtures, weighting.inverse_weights()]


def numeric(case: Case, stream: Stream, *, joint: Any = plain_weight, marginal: Any = odds) -> list[Evidence]:
    """A logistic classifier and a Gaussian with a shared parameter: gradients of both
    mixtures by autograd, and where they vanish."""
    data, share = measuring.draw_points(case.n, case.D, stream.fork("data")), case.share
    parameters = stream.fork("theta").normal(case.D) / case.D, stream.fork("phi").normal(case.D)
    first = measuring.mixture_gradient(
        measuring.mixture_with_joint, data, parameters, share, scale=1.0, weight=joint(share)
    )
    second = measuring.mixture_gradient(
        measuring.mixture_with_marginal, data, parameters, share, scale=1 - share, weight=marginal(share)
    )
    size = 1e-6 * case.n * case.D
    found = [
        measured(first, resolves=size, name="gradient of conditional and joint"),
        measured(second, resolves=size, name="gradient of conditional and marginal"),
    ]
    if case.D == 1:
        zero = measuring.mixture_optimum(data, share, marginal(share))
        found.append(measured(zero, resolves=1e-6, name="optimum of conditional and marginal"))
    return found


controls = {
    "l-for-the-marginal": [
        Control(exact, fails="conditional and marginal", marginal=plain_weight),
        Control(exact, fails="optimum of a mixture", marginal=plain_weight),
        Control(numeric, fails="gradient of conditional and marginal", cases=ENDS, marginal=plain_weight),
        Control(numeric, fails="optimum of conditional and marginal", cases=[ENDS[0], ENDS[2]], marginal=plain_weight),
    ],
    "odds-for-the-joint": [
        Control(exact, fails="conditional and joint", joint=odds),
        Control(numeric, fails="gradient of conditional and joint", cases=ENDS, joint=odds),
    ],
}
