"""From evaluations of a decoder alone no lower bound of the rate much above the
logarithm of their number can be certified."""

from __future__ import annotations

from typing import Any

from numerics.compression import black_boxes
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures_bounds import black_box_limit as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, tested
from proofs_checks.strategies.compression import search_cases
from theory.compression import black_boxes as exactly

__all__ = ["cases", "controls", "exact", "figure", "statistical"]

ALWAYS = [Case(M=4, N=2, size=100_000), Case(M=16, N=8, size=100_000)]
cases = {"statistical": Cases(search_cases, always=ALWAYS)}


def exact(*, claim: exactly.Claim = exactly.at_least) -> list[Any]:
    """Cells that are left, all strategies of small sizes, strategies that are drawn,
    and the value of F with a hidden cell."""
    return [
        exactly.cells_left(),
        exactly.adaptive_strategies(claim),
        exactly.averaged_over_cells(),
        exactly.value_with_a_hidden_cell(),
    ]


def statistical(case: Case, stream: Stream, *, search: black_boxes.Search = black_boxes.spread) -> Evidence:
    """N evaluations in N different cells of M, the best that can be done: they miss a
    share 1 - N/M of the hidden cells."""
    missed = black_boxes.misses(case.M, case.N, case.size, stream, search)
    return tested(
        missed, Test.clopper_pearson(case.size, 1 - case.N / case.M), resolves=0.05, name="share of hidden cells missed"
    )


controls = {
    "adaptive-points-escape": [
        Control(exact, fails="adaptive strategies are wrong", claim=exactly.fewer),
    ],
    "one-cell-more": [Control(exact, fails="adaptive strategies are wrong", claim=exactly.one_more)],
    "points-drawn-anew": [
        Control(statistical, fails="share of hidden cells missed", cases=ALWAYS, search=black_boxes.anew)
    ],
}
