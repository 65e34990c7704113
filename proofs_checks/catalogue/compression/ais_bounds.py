"""Annealed importance weights are unbiased, and the point that their resampled chains
make lies above the curve."""

from __future__ import annotations

from typing import Any

from numerics.compression import annealing
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures_bounds import ais_bounds as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.compression import annealing_cases, chain_cases
from theory.compression import annealing as exactly
from theory.compression import gibbs_encoders, variational_bounds

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

ALWAYS = [
    Case(m=3, T=3, beta=2.0, K=2, seed=1),
    Case(m=4, T=4, beta=4.0, K=1, seed=2),
    Case(m=3, T=1, beta=2.0, K=8, seed=3),
]
MOVED = ALWAYS[:2]
DRAWN = [Case(m=5, T=3, beta=2.0, size=200_000, seed=3), Case(m=3, T=2, beta=2.0, size=200_000, seed=3)]
LONG = Case(m=8, T=8, beta=0.5, size=100_000, seed=3)
cases = {"numeric": Cases(annealing_cases, always=ALWAYS), "statistical": Cases(chain_cases, always=[*DRAWN, LONG])}


def _ladder(case: Case) -> list[float]:
    """Slopes from 0 to that of the case, T of them; a single one weighs draws of the
    prior without a move."""
    return [case.beta * t / case.T for t in range(case.T + 1)]


def exact(*, moving: exactly.Moving = exactly.keeping_the_mass) -> list[Any]:
    """Any number of temperatures, kernels that keep masses, Jensen's inequality, and
    the resampled chain."""
    return [
        exactly.unbiased_weights(moving),
        exactly.unbiased_on_three_states(moving),
        exactly.inflow_of_many_states(moving),
        exactly.kernels_of_two_states(),
        exactly.resampled_encoder(),
        gibbs_encoders.concave_logarithm(),
        variational_bounds.prior_gap(),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    kernel: annealing.Kernel = annealing.metropolis,
    weighing: annealing.Weighing = annealing.before_the_move,
    shares: annealing.Shares = annealing.resampled_shares,
) -> list[Evidence]:
    """One datum and m codes: all paths of a chain, and all outcomes of K chains."""
    d, prior = annealing.random_energies(case.m, stream.fork(case.seed))
    paths = annealing.all_paths(d, prior, _ladder(case), kernel, weighing)
    one = annealing.below_the_curve(d, prior, case.beta, paths, K=1, shares=shares)
    draws = annealing.plain_draws(d, prior, case.beta)
    many = annealing.below_the_curve(d, prior, case.beta, draws, K=case.K, shares=shares)
    return [
        measured(annealing.weight_bias(d, prior, _ladder(case), paths), resolves=1e-6, name="E w = Z"),
        measured(one, resolves=1e-6, name="one annealed chain lies above the curve"),
        measured(many, resolves=1e-6, name="K weighted draws lie above the curve"),
    ]


def statistical(
    case: Case, stream: Stream, *, accepting: bool = True, weighing: annealing.Weighing = annealing.before_the_move
) -> Evidence:
    """Chains that are drawn: the mean of their weights, each in [0, 1]."""
    d, prior = annealing.random_energies(case.m, Stream(case.seed, stream.device, stream.dtype))
    weights = annealing.drawn_weights(
        d, prior, _ladder(case), case.size, stream.fork("chains"), accepting=accepting, weighing=weighing
    )
    mean, Z = annealing.mean_and_normaliser(weights, d, prior, case.beta)
    return tested(abs(mean - Z), Test.hoeffding(case.size, width=1.0), resolves=0.02, name="mean weight is Z")


controls = {
    "weighing-after-the-move": [
        Control(numeric, fails="E w = Z", cases=MOVED, weighing=annealing.after_the_move),
        Control(numeric, fails="one annealed chain lies above", cases=MOVED[:1], weighing=annealing.after_the_move),
        Control(statistical, fails="mean weight is Z", cases=DRAWN, weighing=annealing.after_the_move),
    ],
    "every-proposal-accepted": [
        Control(exact, fails="annealed weights are unbiased", moving=exactly.always_the_flow),
        Control(numeric, fails="E w = Z", cases=MOVED, kernel=annealing.always_accepted),
        Control(statistical, fails="mean weight is Z", cases=DRAWN, accepting=False),
    ],
    "unweighted-distortion": [
        Control(numeric, fails="K weighted draws", cases=ALWAYS[2:], shares=annealing.equal_shares)
    ],
}
