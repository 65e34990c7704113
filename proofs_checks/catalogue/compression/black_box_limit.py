"""From evaluations of a decoder alone no lower bound of the rate much above the
logarithm of their number can be certified."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from numerics.compression import black_boxes
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures_bounds import black_box_limit as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.compression import coin_cases, search_cases
from theory.compression import black_boxes as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

ALWAYS = [Case(M=4, N=2, size=100_000), Case(M=16, N=8, size=100_000)]
DRAWS = 16  # of which a certified bound is made
COINS = [Case(n=1, level=0.05), Case(n=20, level=0.05), Case(n=60, level=1e-9)]
cases = {"statistical": Cases(search_cases, always=ALWAYS), "numeric": Cases(coin_cases, always=COINS)}


def exact(*, claim: exactly.Claim = exactly.at_least) -> list[Any]:
    """Cells that are left, all strategies of small sizes, strategies that are drawn,
    and the value of F with a hidden cell."""
    return [
        exactly.cells_left(),
        exactly.adaptive_strategies(claim),
        exactly.averaged_over_cells(),
        exactly.value_with_a_hidden_cell(),
    ]


def numeric(case: Case, stream: Stream, *, largest: black_boxes.Largest = black_boxes.largest_mean) -> list[Evidence]:
    """The largest mean that a count does not exclude: no coin above it shows so few so
    often, and it is where Hoeffding's inequality says."""
    return [
        measured(black_boxes.tails(case.n, case.level, largest), resolves=1e-3, name="tails are within the level"),
        measured(black_boxes.solves(case.n, case.level, largest), resolves=1e-3, name="n KL is log(1/level)"),
        measured(
            black_boxes.needles_missed(min(case.n, DRAWS), case.level),
            resolves=1e-3,
            name="bounds by draws keep their level",
        ),
    ]


def one_sided_root(mean: Tensor, n: int, level: float) -> Tensor:
    """The mean and Hoeffding's radius in half its size."""
    return (mean + math.sqrt(math.log(1 / level) / (8 * n))).clamp(max=1 - 1 / (4 * n))


def statistical(case: Case, stream: Stream, *, search: black_boxes.Search = black_boxes.spread) -> list[Evidence]:
    """N evaluations in N different cells of M, the best that can be done: they miss a
    share 1 - N/M of the hidden cells."""
    missed = black_boxes.misses(case.M, case.N, case.size, stream, search)
    wrong, expected = black_boxes.needle_bounds(case.M, DRAWS, case.size // 4, 0.2, stream.fork("draws"))
    return [
        tested(
            missed,
            Test.clopper_pearson(case.size, 1 - case.N / case.M),
            resolves=0.05,
            name="share of hidden cells missed",
        ),
        tested(
            wrong, Test.clopper_pearson(case.size // 4, expected), resolves=0.05, name="bounds by draws above log M"
        ),
    ]


controls = {
    "adaptive-points-escape": [
        Control(exact, fails="adaptive strategies are wrong", claim=exactly.fewer),
    ],
    "one-cell-more": [Control(exact, fails="adaptive strategies are wrong", claim=exactly.one_more)],
    "half-the-radius": [Control(numeric, fails="tails are within", cases=COINS[1:], largest=one_sided_root)],
    "points-drawn-anew": [
        Control(statistical, fails="share of hidden cells missed", cases=ALWAYS, search=black_boxes.anew)
    ],
}
