"""Worst-case distortion, average distortion and MAP of an embedding: what they are,
over all pairs, and what scaling changes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from numerics.hyperbolic import fidelity_measurements as measurements
from numerics.hyperbolic.fidelity_measurements import THREE, JudgedEmbedding, Read
from numerics.hyperbolic.sarkar_trees import tree_from_parents
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.figures_growth import fidelity_measures as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hyperbolic import balanced_tree
from proofs_checks.strategies.planted_trees import judged_embeddings
from theory.hyperbolic import fidelity_measures as exactly
from theory.hyperbolic.trees import map_by_counting

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

RESOLVES = 1e-9


def exact(
    *,
    pairs: exactly.Pairs = exactly.all_of,
    precision: Callable[[Any, Any], Fraction] = map_by_counting,
    scaled: exactly.Scaling = exactly.with_the_embedding,
) -> list[Any]:
    """Every labelled tree of order 2 to 4 at six sets of points, ties and coincidences
    among them."""
    return [exactly.judged_tables(pairs, precision), exactly.invariances(scaled)]


def numeric(
    case: Case,
    stream: Stream,
    *,
    tiles: Read = THREE["tiles"],
    rows: Read = THREE["rows"],
    stated: bool = True,
    share: float = 1.0,
) -> list[Evidence]:
    """Random points for the vertices of a tree: three ways to each measure, and growth
    by a factor."""
    tree = tree_from_parents(case.tree)
    points = measurements.random_points(len(tree), case.n, float(case.radius), stream)
    seen = JudgedEmbedding(tree, points, float(case.scale))
    counting = THREE["counting"]
    return [
        measured(seen.differences(tiles, counting), resolves=RESOLVES, name="tiles of pairs = the definitions"),
        measured(seen.differences(rows, counting), resolves=RESOLVES, name="rows of shortest paths = the definitions"),
        measured(seen.under_growth(1.75, stated=stated), resolves=RESOLVES, name="growth of the embedding and of the stated scale"),
        measured(seen.enclosures_hold(stream.fork("signs"), share), resolves=RESOLVES, name="enclosures hold what errors of distances allow"),
    ]  # fmt: skip


def sampled_measures(seen: JudgedEmbedding) -> tuple[float, float, float]:
    """The worst case over every third pair."""
    size = len(seen.tree)
    steps = measurements.steps_of(seen.tree)
    ratios = [float(seen.table[u, v]) / steps[u][v] for u in range(size) for v in range(u) if (u + v) % 3 == 0]
    return max(ratios) / min(ratios), THREE["counting"](seen)[1], THREE["counting"](seen)[2]


def _case(tree: tuple[int, ...], n: int, radius: int, scale: Fraction) -> Case:
    return Case(N=len(tree), n=n, radius=Fraction(radius), scale=scale, tree=tree)


ONE = Fraction(1)
SOME = [_case(balanced_tree(2, 3), 2, 3, ONE), _case(balanced_tree(3, 2), 5, 6, Fraction(1, 2))]
cases = {
    "numeric": Cases(
        judged_embeddings, always=[_case((0, 0), 1, 2, ONE), _case(balanced_tree(39, 1), 3, 4, ONE), *SOME]
    )
}
controls = {
    "sampled-maximum": [
        *(Control(exact, fails=f"{which} distortion over all pairs", pairs=exactly.every_other) for which in ("worst-case", "average")),
        Control(numeric, fails="rows of shortest paths", cases=SOME, rows=sampled_measures),
    ],
    "half-of-the-errors": [Control(numeric, fails="enclosures hold", cases=SOME, share=0.5)],
    "ties-left-out": [Control(exact, fails="MAP with ties", precision=exactly.map_without_ties)],
    "average-is-invariant": [
        Control(exact, fails="growth of the embedding", scaled=exactly.left_alone),
        Control(numeric, fails="growth of the embedding", cases=SOME, stated=False),
    ],
}  # fmt: skip
