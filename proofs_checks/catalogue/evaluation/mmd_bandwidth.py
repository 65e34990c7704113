"""MMD of Gaussians in closed form in every dimension; what wide and narrow kernels make
of it; and when its best Gaussian drops a mode."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch

from numerics.distributions import best_gaussians
from numerics.statistics import mmd, mmd_measurements
from numerics.streams import Stream
from proofs_checks.catalogue.evaluation.figures import mmd_bandwidth as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.evaluation import kernel_cases
from theory.distributions import mean_embeddings as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

ONE, TWO = Fraction(1), Fraction(2)
FITS = [
    Case(D=1, h=ONE, apart=Fraction(3), covers=True), Case(D=1, h=ONE, apart=Fraction(16), covers=False),
    Case(D=4, h=ONE, apart=Fraction(3, 2), covers=True), Case(D=4, h=ONE, apart=Fraction(5), covers=False),
    Case(D=16, h=Fraction(100), apart=Fraction(8), covers=True), Case(D=16, h=Fraction(100), apart=Fraction(16), covers=False),
]  # fmt: skip
FINITE = Case(letters=3, n=3, m=2, seed=1)
DRAWN = [Case(D=1, h=TWO, apart=ONE, seed=1, size=4096), Case(D=64, h=TWO, apart=Fraction(4), seed=2, size=2048)]
cases = {
    "numeric": Cases(kernel_cases, always=[FINITE, Case(D=1, h=TWO, apart=ONE, seed=1, size=512), Case(D=64, h=TWO, apart=ONE, seed=2, size=512), *FITS]),
    "statistical": Cases(kernel_cases, always=DRAWN),
}  # fmt: skip


def exact(*, power: exactly.Power = exactly.half_the_dimension, regime: exactly.Regime = exactly.wide) -> list[Any]:
    """One coordinate by completing squares, n by induction; both ends of the bandwidth;
    the fit of fixed variance."""
    return [
        exactly.gaussian_integrals(),
        exactly.kernel_of_n_coordinates(power),
        exactly.wide_kernels(power),
        exactly.narrow_kernels(power),
        exactly.fit_of_two_modes(regime),
    ]


def as_declared(case: Case) -> bool:
    """Whether the best Gaussian covers both modes."""
    return case.covers


def numeric(
    case: Case,
    stream: Stream,
    *,
    estimate: mmd_measurements.Estimate = mmd_measurements.streaming,
    covers: Callable[[Case], bool] = as_declared,
    blocks: Callable[[int, int], int] = mmd.hoeffding_blocks,
    share: float = 1.0,
) -> list[Evidence]:
    """The streaming estimate against pairs one by one, and averaged over all samples of
    a finite alphabet; or the best Gaussian."""
    if "covers" in case:
        return fit(case, covers(case), stream, share)
    if "letters" in case:
        bias = mmd_measurements.bias_over_all_samples(case.letters, case.n, case.m, estimate, stream.fork(case.seed))
        behind = mmd_measurements.blocks_behind_the_estimate(stream.fork("blocks"), blocks)
        return [
            measured(bias, resolves=1e-6, name="mean of the estimate over all samples against MMD^2"),
            measured(behind, resolves=1e-6, name="the estimate as a mean over independent blocks"),
        ]
    x, y, kernel = mmd_measurements.gaussian_samples(
        case.D, float(case.h), float(case.apart), min(case.size, 512), stream.fork(case.seed)
    )
    off = mmd_measurements.pairs_one_by_one(x, y, kernel, estimate)
    return [measured(off, resolves=1e-6, name="tiles against pairs one by one")]


def fit(case: Case, covering: bool, stream: Stream, share: float) -> list[Evidence]:
    """Whether the least MMD over the box lies at the centre or at a mode, and whether
    the search's cells reach as far as they are said to."""
    a, h = float(case.apart), float(case.h)
    box = best_gaussians.Box(a + 2, math.log(0.4), math.log(a + 4))
    like = torch.zeros(1, dtype=stream.dtype, device=stream.device)
    minimum, _ = best_gaussians.global_minimum(
        best_gaussians.discrepancy(a, h, case.D), box, lambda m, s: (m <= a / 2) == covering, like=like
    )
    beyond = best_gaussians.beyond_reach(best_gaussians.discrepancy(0.0, h, case.D), share, like=like)
    return [
        measured(minimum, resolves=1e-3, name="global minimum of the fit: " + ("centred" if covering else "one mode")),
        measured(beyond, resolves=1e-3, name="models of a cell lie within its reach"),
    ]


def statistical(case: Case, stream: Stream, *, power: Callable[[int], float] = lambda D: D / 2) -> list[Evidence]:
    """Draws of two Gaussians against the closed form: the U-statistic of all pairs, and
    independent pairs in linear time."""
    h, apart = float(case.h) * case.D, float(case.apart)
    x, y, kernel = mmd_measurements.gaussian_samples(case.D, float(case.h), apart, case.size, stream.fork("pairs"))
    expected = mmd_measurements.closed_form(h, 1.0, mmd_measurements.SECOND_VARIANCE, apart**2, power=power(case.D))
    found = mmd.unbiased_mmd2(x, y, kernel)
    blocks = Test.hoeffding(mmd.hoeffding_blocks(*found.sizes), mmd.WIDTH)
    terms, rounding = mmd_measurements.linear_terms(case.D, float(case.h), apart, stream.fork("terms"))
    return [
        tested(abs(found.squared - expected), blocks, resolves=0.6, slack=mmd_measurements.slack(found), name="all pairs"),
        tested(abs(float(terms.mean()) - expected), Test.hoeffding(len(terms), mmd.WIDTH), resolves=0.1, slack=rounding, name="independent pairs"),
    ]  # fmt: skip


WRONG_POWER = [Case(D=4, h=Fraction(1, 2), apart=Fraction(4), seed=3, size=1024)]
controls = {
    "full-dimension": [
        Control(exact, fails="expected kernel in n dimensions", power=lambda D: D),
        Control(statistical, fails="independent pairs", cases=WRONG_POWER, power=float),
    ],
    "diagonal-included": [
        Control(numeric, fails="mean of the estimate", cases=[FINITE], estimate=mmd_measurements.with_the_diagonal)
    ],
    "cells-reach-less": [Control(numeric, fails="models of a cell", cases=[FITS[4]], share=0.8)],
    "a-block-for-each-point": [
        Control(numeric, fails="the estimate as a mean", cases=[FINITE], blocks=min),
    ],
    "always-drops-a-mode": [
        Control(exact, fails="the overlap falls away from the centre", regime=exactly.any_width),
        Control(
            numeric, fails="global minimum of the fit", cases=[FITS[0], FITS[2], FITS[4]], covers=lambda case: False
        ),
    ],
}
