"""Where the source is a reproduction plus noise, its rate is the difference of two
entropies; both algorithms find the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from numerics.compression import additive_noise as noise
from numerics.compression.rate_distortion import interior_point
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import rate_distortion as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.compression import cyclic_cases, laplace_cases
from theory.compression import additive_noise as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

ALWAYS = [Case(M=2, D=0.2, seed=1), Case(M=64, D=0.5, seed=2)]
DRAWN = [Case(ratio=0.2, size=100_000), Case(ratio=0.8, size=100_000)]
cases = {
    "numeric": Cases(cyclic_cases, always=ALWAYS),
    "statistical": Cases(laplace_cases, always=DRAWN),
}


def exact(
    *,
    coin: Callable[[Any, Any], Any] = exactly.entropies_apart,
    end: Callable[[Any], Any] = exactly.odds_of_the_end,
    unused: Callable[[Any, Any], Any] = exactly.left_alone,
) -> list[Any]:
    """The argument, three families, the kink where a coin's rate ends, and several
    Gaussian components."""
    families = [exactly.gaussian(), exactly.laplace(), exactly.binary(coin)]
    return [exactly.gains_of_additive_noise(), *families, exactly.kink_of_a_coin(end), exactly.water_filling(unused)]


def no_slope(odds: Any) -> int:
    """The slope 0 of a curve without a kink."""
    return 0


def numeric(
    case: Case,
    stream: Stream,
    *,
    value: Callable[[noise.CyclicSource], Tensor] = noise.value_in_closed_form,
    solver: noise.Solver = interior_point,
) -> list[Evidence]:
    """A random source modulo M, and a Gaussian one."""
    source = noise.cyclic_source(case.M, stream.fork(case.seed))
    found = noise.found_against_closed_form(source, value, solver)
    gains = noise.gain_of_a_gaussian(case.D)
    return [
        measured(found, resolves=1e-3, name="the optimum in closed form"),
        measured(noise.two_algorithms(source), resolves=1e-3, name="two algorithms, one optimum"),
        measured(gains, resolves=1e-3, name="g = 1 for a Gaussian source"),
    ]


def statistical(case: Case, stream: Stream, *, drawn: Callable[..., Tensor] = noise.laplace_sum) -> Evidence:
    """Reproduction plus noise, drawn, against the source's distribution function."""
    distance = noise.distance_to_laplace(drawn(case.size, case.ratio, stream))
    return tested(distance, Test.dkw(case.size), resolves=0.05, name="the sum is the source")


controls = {
    "entropy-less-distortion": [
        Control(exact, fails="rate of a binary source", coin=exactly.entropy_less_distortion),
        Control(numeric, fails="the optimum in closed form", cases=ALWAYS[1:], value=noise.value_without_the_noise),
    ],
    "no-kink": [Control(exact, fails="slope where the rate ends", end=no_slope)],
    "dry-component": [Control(exact, fails="the loss of a reproduction", unused=exactly.above_the_level)],
    "settled-distortion": [
        Control(numeric, fails="the optimum in closed form", cases=ALWAYS[1:], solver=noise.settled_distortion)
    ],
    "no-atom": [Control(statistical, fails="the sum is the source", cases=DRAWN[1:], drawn=noise.without_the_atom)],
}
