"""JSD lies in [0, log 2]; its root is a metric, a distance in a Hilbert space; and what
its best Gaussian does with two modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch

from numerics.distributions import best_gaussians, divergence_values
from numerics.streams import Stream
from proofs_checks.catalogue.evaluation.figures import jsd_bounded_metric as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.evaluation import alphabet_cases
from theory.distributions import jensen_shannon as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

TRIPLES = 16
JUMP = Fraction(424, 100)  # half the distance of the modes at which the best Gaussian jumps: between 4.22 and 4.25
FITS = [Case(apart=Fraction(a, 100)) for a in (100, 250, 422, 425, 600)]
cases = {"numeric": Cases(alphabet_cases, always=[Case(n=2, seed=1), Case(n=4096, seed=2), *FITS])}


def exact(*, power: Fraction = exactly.ROOT) -> list[Any]:
    """The range at every point; the squared distance that the integrand is; the
    triangle inequality, and all small triples."""
    return [
        exactly.range_of_the_integrand(),
        exactly.hilbert_distance(power),
        exactly.triangle_in_a_hilbert_space(),
        exactly.every_small_triple(power),
    ]


def covers_up_to_the_jump(apart: Fraction) -> bool:
    """Whether the best Gaussian covers both modes."""
    return apart < JUMP


def never_covers(apart: Fraction) -> bool:
    """The best Gaussian drops a mode, however close they are."""
    return False


def numeric(
    case: Case,
    stream: Stream,
    *,
    power: Fraction = exactly.ROOT,
    ceiling: float = math.log(2),
    covers: Callable[[Fraction], bool] = covers_up_to_the_jump,
    share: float = 1.0,
) -> list[Evidence]:
    """Random triples, the middle of two among them; or the best Gaussian for two modes,
    its global minimum by subdivision."""
    like = torch.zeros(1, dtype=stream.dtype, device=stream.device)
    if "apart" in case:
        return [fit(case.apart, covers(case.apart), like), cells_reach(like, share)]
    p, r = (divergence_values.random_masses(TRIPLES, case.n, stream.fork((k, case.seed)), sparse=True) for k in "pr")
    q = divergence_values.random_masses(TRIPLES, case.n, stream.fork(("q", case.seed)))
    q[::2] = (p[::2] + r[::2]) / 2
    first, second = torch.eye(2, dtype=p.dtype, device=p.device).split(1)
    apart = [torch.nn.functional.pad(one, (0, case.n - 2)) for one in (first, second)]
    return [
        measured(divergence_values.triangle_excess(p, q, r, float(power)), resolves=1e-3, name="triangle inequality, random distributions"),
        measured(divergence_values.triangle_excess(apart[0], (apart[0] + apart[1]) / 2, apart[1], float(power)), resolves=1e-3, name="triangle inequality by the middle of two points"),
        measured(divergence_values.triangle_excess(*divergence_values.close_together(like), float(power)), resolves=1e-3, name="triangle inequality close together"),
        measured(divergence_values.range_overshoot(torch.cat([p, apart[0]]), torch.cat([r, apart[1]]), ceiling), resolves=1e-3, name="range [0, log 2]"),
    ]  # fmt: skip


def cells_reach(like: torch.Tensor, share: float) -> Evidence:
    """Whether the search's cells reach as far as they are said to."""
    beyond = best_gaussians.beyond_reach(best_gaussians.jensen_shannon(0.0), share, like=like)
    return measured(beyond, resolves=1e-3, name="models of a cell lie within its reach")


def fit(apart: Fraction, covering: bool, like: torch.Tensor) -> Evidence:
    """Whether the least JSD over the box lies at the centre or at a mode."""
    a = float(apart)
    box = best_gaussians.Box(a + 2, math.log(0.4), math.log(a + 3))
    minimum, _ = best_gaussians.global_minimum(
        best_gaussians.jensen_shannon(a), box, lambda m, s: (m <= a / 2) == covering, like=like
    )
    return measured(
        minimum, resolves=1e-3, name="global minimum of the fit: " + ("centred" if covering else "one mode")
    )


controls = {
    "no-root-needed": [
        Control(exact, fails="triangle inequality on small alphabets", power=Fraction(1)),
        *(
            Control(numeric, fails=f"triangle inequality{which}", cases=[Case(n=2, seed=1), Case(n=257, seed=2)], power=Fraction(1))
            for which in (" by the middle", ", random")
        ),
    ],
    "any-power-above-one-half": [
        Control(numeric, fails="triangle inequality close together", cases=[Case(n=2, seed=1)], power=Fraction(3, 5))
    ],
    "cells-reach-less": [Control(numeric, fails="models of a cell", cases=[FITS[0]], share=0.8)],
    "one-bit-is-one": [Control(numeric, fails="range", cases=[Case(n=2, seed=1)], ceiling=0.5)],
    "always-drops-a-mode": [
        Control(numeric, fails="global minimum of the fit", cases=[FITS[0], FITS[1]], covers=never_covers)
    ],
}  # fmt: skip
