"""What symmetry can do for density scores: equivariant maps give exactly the scores p h
with h invariant, and never change the score within an orbit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.streams import Stream
from numerics.transports import radial_measurements as rays
from numerics.transports.radial_measurements import MeasuredRadialMap
from proofs_checks.catalogue.disentanglement.figures_symmetry import irreps_anomaly as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.disentanglement import radial_cases
from theory.representations import isotypic_statements as parts
from theory.transports import radial_maps as theorem

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

RESOLVED = 1e-6

cases = {
    "numeric": Cases(radial_cases, always=[
        Case(D=1, size=16, seed=1), Case(D=2, size=64, seed=1), Case(D=64, size=8, seed=1), Case(D=1000, size=2, seed=1),
    ]),
}  # fmt: skip


def exact(
    *,
    exponent: theorem.Exponent = theorem.one_less,
    volume: theorem.Volume = theorem.one_volume,
    invariant: parts.Invariant = parts.BISPECTRUM,
    commutant: parts.Dimension = parts.commutant_dimension,
    covariance: parts.Count = parts.block_numbers,
) -> list[Evidence]:
    """The radial map and scores within orbits for every D and every order; copies,
    phases and covariances on finite families.

    With an object substituted only the obligations that speak of it are gathered.
    """
    speaking: list[tuple[bool, list[Any]]] = [
        (exponent is not theorem.one_less, theorem.density_of_the_image(exponent)),
        (volume is not theorem.one_volume, theorem.within_orbit_score(volume)),
        (invariant is not parts.BISPECTRUM, [parts.orbits_told_apart(invariant)]),
        (commutant is not parts.commutant_dimension, [parts.commutants(commutant)]),
        (covariance is not parts.block_numbers, [parts.covariances(covariance)]),
    ]
    if any(changed for changed, _ in speaking):
        return [evidence for changed, found in speaking if changed for evidence in found]
    return [
        *parts.orthonormal_coordinates(),
        theorem.determinant_of_a_radial_map(),
        *theorem.rays_are_kept(),
        *theorem.volumes_of_equivariant_maps(),
        *(evidence for _, found in speaking for evidence in found),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    weights: rays.Weights = rays.equal_weights,
    shells: Callable[[int], float] = float,
    scale: float = 1.0,
) -> list[Evidence]:
    """The map as evaluated: determinant, inverse, signed shifts before and after, and
    scores within orbits; and log p in the coordinates of the irreps of the shifts."""
    found = MeasuredRadialMap(case.D, case.size, stream, weights, shells)
    powers = 2 if case.D > 256 else 4
    return [
        measured(found.density(), resolves=RESOLVED, name="density of the image"),
        measured(found.inverse(), resolves=RESOLVED, name="inverse along the ray"),
        measured(found.recovered_density(), resolves=RESOLVED, name="density recovered from the images"),
        measured(found.equivariance(), resolves=RESOLVED, name="isometries before and after"),
        measured(found.within_orbits(powers), resolves=RESOLVED, name="score within an orbit"),
        measured(found.coordinates(scale), resolves=RESOLVED, name="density in coordinates of irreps"),
    ]


_FEW = [Case(D=2, size=32, seed=2), Case(D=16, size=32, seed=2), Case(D=64, size=16, seed=2)]
controls = {
    "any-score-equivariantly": [
        Control(exact, fails="densities along an orbit", volume=theorem.own_volumes),
        Control(numeric, fails="isometries before and after", cases=_FEW, weights=rays.unequal_weights),
        Control(numeric, fails="score within an orbit", cases=_FEW, weights=rays.unequal_weights),
    ],
    "shells-of-one-dimension-less": [
        Control(exact, fails="density of the image", exponent=theorem.two_less),
        Control(numeric, fails="density of the image", cases=_FEW, shells=lambda D: D - 0.5),
    ],
    "coordinates-need-no-norm": Control(numeric, fails="density in coordinates", cases=_FEW, scale=2.0),
    "power-tells-orbits": Control(exact, fails="orbits by invariants", invariant=parts.POWER),
    "copies-leave-one-kind-of-matrix": Control(exact, fails="commutants", commutant=parts.squared_multiplicity),
    "covariances-stay-free": Control(exact, fails="invariant covariances", covariance=parts.free_numbers),
}  # fmt: skip
