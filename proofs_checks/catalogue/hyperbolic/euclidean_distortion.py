"""No Euclidean space of any dimension holds a branching tree without distortion: stars
exactly, balanced trees by volume, any tree by a certificate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.hyperbolic import euclidean_embeddings as measurements
from numerics.hyperbolic.sarkar_trees import tree_from_parents
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.figures_growth import euclidean_distortion as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hyperbolic import balanced_tree
from proofs_checks.strategies.planted_trees import euclidean_stars
from theory.hyperbolic import euclidean_distortion as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

RESOLVES = 1e-6
Volume = Callable[[int, int, int], float]


def exact(
    *, bound: exactly.Bound = exactly.star_bound, said: Callable[[Any], bool] = exactly.path_or_distorted
) -> list[Any]:
    """The dual's inequality, stars for every number of leaves, and every labelled tree
    of order 2 to 5."""
    parts = [exactly.stars(bound=bound), exactly.trees_are_distorted(said)]
    if (bound, said) != (exactly.star_bound, exactly.path_or_distorted):
        return parts  # the rest speaks of nothing that was replaced
    return [*parts, exactly.quadratic_form(), exactly.star_identity()]


def numeric(
    case: Case,
    stream: Stream,
    *,
    least: measurements.Least = measurements.star_distortion,
    volume: Volume = measurements.least_by_volume,
) -> list[Evidence]:
    """Stars and balanced trees in Euclidean space, optimised from random starts, and
    the simplex, against their lower bounds."""
    tree = tree_from_parents(balanced_tree(case.k, case.h))
    points = measurements.optimise(tree, case.n, stream, steps=case.get("steps", 100))
    degree = case.k + (case.h > 1)
    found = [
        measured(
            measurements.measured_shortfall(points, tree, least(degree)),
            resolves=RESOLVES,
            name="optimised: at least the star's",
        )
    ]
    if case.h > 1:
        low = volume(case.k, case.h, case.n)
        found.append(
            measured(
                measurements.measured_shortfall(points, tree, low),
                resolves=RESOLVES,
                name="optimised: at least the volume's",
            )
        )
        packed = measurements.volume_bound(case.k, case.h, case.n, volume)
        found.append(measured(packed, resolves=RESOLVES, name="the volume's bound by volumes of balls"))
    else:
        simplex = measurements.simplex_of_star(case.k)
        found.append(measured(measurements.measured_shortfall(simplex, tree, least(case.k), reached=True), resolves=RESOLVES, name="the simplex reaches it"))  # fmt: skip
    return found


def twice_the_star(k: int) -> Any:
    """2 for every star: the limit of many leaves."""
    return 2


def without_the_root(branching: int, depth: int, n: int) -> float:
    """b^(h/n): the volume's bound without subtracting the leaves' own radius and
    dividing by the depth."""
    return float(branching ** (depth / n))


def _case(k: int, h: int, n: int) -> Case:
    return Case(k=k, h=h, n=n)


cases = {
    "numeric": Cases(
        euclidean_stars, always=[_case(2, 1, 1), _case(3, 1, 2), _case(12, 1, 11), _case(2, 4, 2), _case(4, 2, 1)]
    )
}
controls = {
    "every-tree-is-distorted": [Control(exact, fails="distorted exactly where", said=exactly.every_tree)],
    "two-for-every-star": [
        Control(exact, fails="stars: certificate = simplex", bound=twice_the_star),
        *(
            Control(numeric, fails=name, cases=[_case(3, 1, 2), _case(12, 1, 11)], least=lambda k: 2**0.5)
            for name in ("the simplex reaches it", "optimised: at least the star's")
        ),
    ],
    "leaves-without-radius": [
        Control(numeric, fails="the volume's bound by volumes", cases=[Case(k=2, h=4, n=2, steps=1)], volume=without_the_root),
        Control(numeric, fails="optimised: at least the volume's", cases=[Case(k=2, h=4, n=3, steps=400)], volume=without_the_root)],
}  # fmt: skip
