"""A mixture with noise, q = w p + (1 - w) n, loses at most log(1/w) nats, although a
share 1 - w of its samples is noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy as sp

from numerics.distributions import divergence_values as values
from numerics.distributions.mixtures import isotropic_gaussian, random_mixture
from numerics.statistics import mass_measurements as masses
from numerics.streams import Stream
from proofs_checks.catalogue.evaluation.figures import likelihood_vs_samples as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.evaluation import noise_cases
from theory.distributions import divergences as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

AWAY = 1000.0  # the noise lies that far from the data, in standard deviations
POINTS = 256
WEIGHED = 4000  # draws of p, half of which shape a proposal
WEIGHABLE = 8  # dimensions in which a Gaussian overlaps with three modes
cases = {
    "numeric": Cases(noise_cases, always=[
        Case(D=1, weight=Fraction(1, 100), seed=1), Case(D=64, weight=Fraction(1, 1000), seed=2), Case(D=1000, weight=Fraction(1, 100), seed=3),
    ]),
}  # fmt: skip


def full_cost(w: Any) -> Any:
    """log(1/w), for numbers and symbols."""
    return sp.log(1 / w) if isinstance(w, sp.Basic) else math.log(1 / w)


def half_cost(w: Any) -> Any:
    """Half of it."""
    return full_cost(w) / 2


def exact(*, cost: Callable[[Any], Any] = full_cost) -> list[Any]:
    """At every point, whatever the dimension."""
    return [exactly.cost_of_noise(cost), exactly.cost_per_coordinate()]


def numeric(
    case: Case,
    stream: Stream,
    *,
    cost: Callable[[Any], Any] = full_cost,
    weigh: masses.Weigh = masses.weigh_by_gaussian,
) -> list[Evidence]:
    """Draws of p, noise beside it and far away: what the mixture loses at each of them;
    and the mass of w p, without which likelihoods of two models are not compared."""
    p = random_mixture(case.D, 3, stream.fork(("p", case.seed)))
    x = p.sample(POINTS, stream.fork(("points", case.seed)))
    log_p = p.log_prob(x)
    far = isotropic_gaussian(case.D, 1.0, x)
    found = []
    for place, shift in (("beside the data", 1.0), ("far from them", AWAY)):
        excess, short = values.noise_cost(log_p, far.log_prob(x - shift), float(case.weight), cost)
        found.append(measured(excess, resolves=1e-3, name=f"loss beyond log(1/w), noise {place}"))
        if shift == AWAY:
            found.append(measured(short, resolves=1e-3, name="all of log(1/w) is lost to noise that is singular"))
    if case.D <= WEIGHABLE:
        own = p.sample(WEIGHED, stream.fork("own"))
        weighed = masses.mass_by_draws(p.log_prob, own, float(case.weight), stream.fork("mass"), weigh)
        found.append(measured(weighed, resolves=1.0, name="mass of an unnormalised density, by draws"))
    return found


FAR = [Case(D=2, weight=Fraction(1, 100), seed=5), Case(D=64, weight=Fraction(1, 2), seed=6)]
controls = {
    "half-the-constant": [
        Control(exact, fails="log q = log p", cost=half_cost),
        Control(numeric, fails="loss beyond log(1/w), noise far", cases=FAR, cost=half_cost),
        Control(numeric, fails="loss beyond log(1/w), noise beside", cases=FAR, cost=half_cost),
    ],
    "miscounted-draws": [
        Control(numeric, fails="mass of an unnormalised density", cases=FAR[:1], weigh=masses.half_weighed)
    ],
}
