"""Symmetry-based disentanglement of a representation: one equation between dimensions,
and what codes on a grid say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.representations import code_measurements as codes
from numerics.representations.code_measurements import MeasuredCodes
from numerics.streams import Stream
from proofs_checks.catalogue.disentanglement.figures_symmetry import symmetry_based as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Family, measured
from proofs_checks.strategies.disentanglement import wave_cases
from theory.groups import factored_groups as orbits
from theory.representations import exact_codes
from theory.representations import factor_statements as theorem
from theory.representations.factor_subspaces import disentangled_dimension

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

RESOLVED = 1e-6

cases = {
    "numeric": Cases(wave_cases, always=[
        Case(k=2, d=1, sizes=(2, 3), frequencies=((1,), (1,)), room=1, seed=1),
        Case(k=2, d=6, sizes=(8, 5), frequencies=((1, 4), (1, 2)), room=5, seed=1),
        Case(k=3, d=12, sizes=(4, 6, 3), frequencies=((1, 2), (1, 3), (1,)), room=7, seed=1),
        Case(k=2, d=3, sizes=(6, 4), frequencies=((1,), (2,)), room=3, seed=1),  # rows of a mixed wave differ in size
    ]),
}  # fmt: skip


def exact(
    *,
    claimed: theorem.Verdict = theorem.one_factor_each,
    of_codes: exact_codes.Claimed = exact_codes.fills_the_rank,
    of_orbits: orbits.Claim = orbits.is_product_of_its_parts,
    modules: Callable[[], Family] = theorem.commuting_involutions,
    dimension: Callable[[Any, Any], Any] = disentangled_dimension,
) -> list[Evidence]:
    """Projectors and dimensions for every size and number of factors; then finite
    families, each decided twice.

    With an object substituted only the obligations that speak of it are gathered.
    """
    if dimension is not disentangled_dimension:
        return [theorem.dimensions_of_outer_products(lambda F, A, k: dimension([F], A))]
    given = (claimed, of_codes, of_orbits, modules)
    own = (theorem.one_factor_each, exact_codes.fills_the_rank, orbits.is_product_of_its_parts, theorem.commuting_involutions)  # fmt: skip
    speaking = [
        theorem.criterion(claimed),
        exact_codes.disentangled_codes(of_codes),
        orbits.disentangled_orbits(of_orbits),
        theorem.split_by_fixed_dimensions(modules()),
    ]
    changed = [i for i, (left, right) in enumerate(zip(given, own, strict=True)) if left is not right]
    if changed:
        return [speaking[i] for i in changed]
    return [theorem.projector_derivations(), theorem.dimensions_of_outer_products(), *speaking]


def numeric(
    case: Case,
    stream: Stream,
    *,
    waves: Callable[[Any], Any] = codes.separate_waves,
    dimension: Callable[[Any, Any], Any] = codes.sum_of_fixed,
    lost: Callable[[Any, int], float] = codes.least_loss,
    cost: int = 2,
) -> list[Evidence]:
    """Codes of plane waves: their interaction, the distance of the nearest disentangled
    ones, and the dimensions of what turns the same planes."""
    chosen = waves(case.frequencies)
    found = MeasuredCodes(case.sizes, chosen, case.d, stream.fork("codes"))
    dimensions = codes.entangled_dimension(case.sizes, chosen, 1, stream.fork("basis"), dimension)
    evidence = [
        measured(found.interaction(), resolves=RESOLVED, name="interaction of the codes"),
        measured(dimensions, resolves=RESOLVED, name="dimension left by means of traces"),
    ]
    if waves is codes.separate_waves:
        mixed = MeasuredCodes(case.sizes, codes.mixed_waves(case.frequencies), case.d, stream.fork("mixed"))
        evidence.append(measured(mixed.energy_of_mixed_waves(), resolves=RESOLVED, name="energy of a mixed wave"))
        nearest = found.distance(case.room, lost, cost)
        evidence.append(measured(nearest, resolves=RESOLVED, name="distance to the nearest disentangled codes"))
        if len(found.waves) < 5:  # beyond, the sets of pieces of two orbits are too many to try
            both = found.distance_of_two_orbits(case.room, lost)
            evidence.append(measured(both, resolves=RESOLVED, name="two orbits: distance"))
    return evidence


_TWO = [
    Case(k=2, d=4, sizes=(6, 5), frequencies=((1, 2), (1,)), room=4, seed=2),
    Case(k=3, d=5, sizes=(4, 4, 3), frequencies=((1,), (1, 2), (1,)), room=3, seed=2),
]
_ONE_PLANE = [Case(k=2, d=2, sizes=(8, 8), frequencies=((1,), (1,)), room=2, seed=3)]
controls = {
    "irreducible-suffices": [
        Control(exact, fails="sums of irreps", claimed=theorem.into_irreps),
        Control(numeric, fails="interaction of the codes", cases=_TWO, waves=codes.mixed_waves),
        Control(numeric, fails="dimension left", cases=_TWO, waves=codes.mixed_waves),
    ],
    "the-group-decides": Control(exact, fails="sums of irreps", claimed=theorem.by_the_group_alone),
    "additive-codes-suffice": [
        Control(exact, fails="codes on a grid", of_codes=exact_codes.is_additive),
        Control(numeric, fails="distance to the nearest", cases=_ONE_PLANE, lost=codes.nothing_lost),
    ],
    "pairs-take-one-dimension": Control(numeric, fails="distance to the nearest", cases=_TWO, cost=1),
    "uncorrected-sum": [
        Control(exact, fails="dimension of the disentangled part", dimension=lambda fixed, everything: sum(fixed)),
        Control(numeric, fails="dimension left", cases=_TWO, dimension=codes.sum_uncorrected),
    ],
    "no-means-needed": Control(exact, fails="direct sums over finite fields", modules=theorem.commuting_shears),
    "every-orbit": Control(exact, fails="orbits by their stabilisers", of_orbits=orbits.any_orbit),
}  # fmt: skip
