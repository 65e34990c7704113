"""What a bijection cannot change: masses of sets, decisions of classifiers, and the
ratio of two distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.detection import sets
from numerics.detection.carried_ratios import SETS, Pair, declared_pair
from numerics.streams import Stream
from numerics.transports import bijections
from proofs_checks.catalogue.anomaly.figures import invariance_principle as figure
from proofs_checks.inputs import maps as readers
from proofs_checks.kernel import Case, Cases, Control, Evidence, Family, Test, inapplicable, measured, tested
from proofs_checks.strategies.anomaly import bijection_cases, pushed_pair_cases
from theory.distributions import finite_maps, pushforward

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric", "statistical"]

cases = {
    "numeric": Cases(bijection_cases, always=[Case(D=1, f="deep", seed=1, size=64), Case(D=64, f="deep", seed=1, size=16)]),
    "statistical": Cases(pushed_pair_cases, always=[
        Case(D=1, f="deep", seed=1, size=25_000), Case(D=2, f="deep", seed=1, size=25_000), Case(D=8, f="deep", seed=1, size=25_000),
    ]),
}  # fmt: skip
cases_for = readers.cases_of_pairs
SHARP = (finite_maps.merges_charged_points, finite_maps.merging_pairs_charged)
TOO_WEAK = (finite_maps.charged_pair_meets, finite_maps.image_of_charged_points_shrinks)


def exact(
    *,
    maps: Callable[[int], Family] = finite_maps.bijections,
    fibre: int = 1,
    received: pushforward.Received = pushforward.alone,
    merging: tuple[finite_maps.Criterion, finite_maps.Criterion] = SHARP,
    rest: Callable[..., Any] = pushforward.by_mass,
) -> list[Evidence]:
    """Every bijection of at most seven points; fibres of any finite size in any space;
    ratios on a line, and where an image has no density."""
    return [
        finite_maps.invariances(maps(7)),
        finite_maps.fibre_of_a_point(fibre),
        finite_maps.larger_fibres(),
        finite_maps.sharp_hypothesis(*merging),
        pushforward.ratios(received),
        pushforward.STEEP_LADDER.carried_mass(rest),
    ]


def _pair(case: Case, stream: Stream, f: Any, p: Any, q: Any) -> Pair:
    """The two densities and the map of a case, a user's where given."""
    seeded = Stream(case.get("seed", 0), stream.device, stream.dtype)
    first, second = declared_pair(case.get("pair", "mixtures"), case.D, seeded)
    chosen = readers.given_map(f, "forward", "inverse") or bijections.bijection(
        case.get("f", "deep"), case.D, seeded.fork("f")
    )
    first, second = readers.given_density("p", p, case.D) or first, readers.given_density("q", q, case.D) or second
    return Pair(first, second, chosen, case.D, trusted=p is None and q is None)


def numeric(case: Case, stream: Stream, *, f: Any = None, p: Any = None, q: Any = None) -> list[Evidence]:
    """The ratio of the images' densities, one by the inverse's Jacobian and one by the
    map's own, against the ratio at the point."""
    pair = _pair(case, stream, f, p, q)
    found = pair.ratio_at_images(2 * stream.normal(case.size, case.D))
    return [measured(found, resolves=1e-3, name="log ratio of the images' densities, by two Jacobians")]


def statistical(case: Case, stream: Stream, *, f: Any = None, p: Any = None, q: Any = None) -> list[Evidence]:
    """Pushed samples counted in the image of a box (D = 1, 2), fresh ones in the box;
    labels in cells of the image against the carried ratio."""
    pair = _pair(case, stream, f, p, q)
    for distribution in (pair.p, pair.q):
        if not getattr(distribution, "samples", True):
            return [
                inapplicable(
                    f"the statistical route draws from both distributions, and {distribution.name} has no sample(n, stream)"
                )
            ]
    found = pair.count(case.size, stream)
    labels = tested(
        found.labels, Test.hoeffding(found.samples, 1.0, tests=SETS), resolves=0.05, name="labels in cells of the image against the carried ratio"
    )  # fmt: skip
    if found.mass is None:
        return [labels]
    counts = Test.hoeffding(found.samples, 1.0, tests=2)
    return [
        labels,
        tested(
            found.mass,
            counts,
            resolves=0.05,
            slack=found.polygon,
            name="mass of f(A) under the image against mass of A",
        ),
    ]


FOLDED = [Case(D=dim, pair="apart", seed=2, size=50_000) for dim in (1, 2, 8)]
controls = {
    "square": [
        Control(exact, fails="masses of sets", maps=finite_maps.squares),
        Control(exact, fails="f(x) lies in f(A)", fibre=2),
        Control(exact, fails="ratio of densities", received=pushforward.square_image),
        Control(numeric, fails="log ratio", cases=[Case(D=1, pair="apart", seed=2, size=64), Case(D=64, pair="apart", seed=2, size=64)], f=sets.Fold()),
        Control(statistical, fails="labels", cases=FOLDED, f=sets.Fold()),
        Control(statistical, fails="mass of f(A)", cases=FOLDED[:2], f=sets.Fold()),
    ],
    "injective-almost-everywhere": Control(exact, fails="injective on charged fibres", merging=TOO_WEAK),
    "images-have-densities": Control(exact, fails="the carried ratio", rest=pushforward.by_length),
}  # fmt: skip
