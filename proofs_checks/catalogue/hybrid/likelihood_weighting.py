"""A larger weight on the image's likelihood never lowers it at a global maximiser;
where the model is true it changes nothing."""

from __future__ import annotations

from typing import Any

from numerics.likelihoods import finite_families
from numerics.streams import Stream
from proofs_checks.catalogue.hybrid.figures import likelihood_weighting as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hybrid import family_cases
from theory.likelihoods import weighting

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

ENDS = [Case(M=2, weight=0.1), Case(M=64, weight=8.0), Case(M=12, weight=1.0)]
cases = {"numeric": Cases(family_cases, always=ENDS)}
SPEAKING = [Case(M=12, weight=0.1), Case(M=64, weight=8.0)]


def zero_exponent(_: Any) -> Any:
    """The exponent 0 of 2 pi s2: what p^lambda would need to be a density."""
    return 0


def exact(*, direction: int = 1, local: bool = False, exponent: Any = None) -> list[Any]:
    """Divergence of any number of cells, the exchange inequality, quadratics, the mass
    of p^lambda, and every small problem."""
    compared = weighting.every_small_problem(local=local, direction=direction)
    if exponent is not None:
        return [weighting.power_of_a_gaussian(exponent)]
    if local or direction != 1:
        return [weighting.exchange(direction), compared]
    return [
        weighting.truth_is_best(),
        weighting.exchange(),
        weighting.quadratic_response(),
        weighting.power_of_a_gaussian(),
        compared,
    ]


def numeric(
    case: Case, stream: Stream, *, direction: int = 1, specified: bool = True, mass: Any = weighting.gaussian_power_mass
) -> list[Evidence]:
    """Global maximisers over a grid of models with a shared parameter, for weights from
    1e-3 to 1e3; and the mass of p^lambda."""
    true = finite_families.random_family(case.M, stream.fork("true"), specified=specified)
    wrong = finite_families.random_family(case.M, stream.fork("wrong"), specified=False)
    scale = 0.5 + float(stream.fork("scale").uniform(1))
    power = finite_families.power_mass(case.weight, scale, mass(case.weight, scale))
    return [
        measured(
            finite_families.shortfall_of_the_truth(true), resolves=1e-6, name="the true model is best for every lambda"
        ),
        measured(
            finite_families.change_along_lambda(wrong, direction), resolves=1e-6, name="B is nondecreasing in lambda"
        ),
        measured(power, resolves=1e-6, name="integral of p^lambda"),
    ]


controls = {
    "decreasing": [
        Control(exact, fails="exchange", direction=-1),
        Control(exact, fails="every small problem", direction=-1),
        Control(numeric, fails="B is nondecreasing", cases=SPEAKING, direction=-1),
    ],
    "local-optima": [Control(exact, fails="every small problem", local=True)],
    "misspecified-too": [Control(numeric, fails="the true model is best", cases=SPEAKING, specified=False)],
    "power-is-a-density": [
        Control(exact, fails="integral of p^lambda", exponent=zero_exponent),
        Control(numeric, fails="integral of p^lambda", cases=SPEAKING, mass=weighting.unit_mass),
    ],
}
