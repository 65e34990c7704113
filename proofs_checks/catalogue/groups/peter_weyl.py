"""Schur orthogonality under Haar measure on U(1), SU(2) and SO(3), and the product
quadrature that is exact to twice the degree."""

from __future__ import annotations

from fractions import Fraction

from numerics.representations import compact as haar
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import peter_weyl as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.groups import COMPACT, MAX_BAND, band_limits, sampled_band_limits
from theory.groups import compact, gauss_legendre, haar_measure, spins

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

RESOLVES = 1e-6  # means that differ do so by 1/91 at least
cases = {
    "numeric": Cases(band_limits, always=[Case(group=group, l=l) for group in COMPACT for l in (0, MAX_BAND)]),
    "statistical": Cases(
        sampled_band_limits,
        always=[Case(group=group, l=l, size=16384) for group, l in (("U(1)", 3), ("SU(2)", 2), ("SO(3)", 1))],
    ),
}


def exact(*, rule: compact.Rule | None = None, mass: Fraction = Fraction(1)) -> list[Evidence]:
    """Every spin and degree by symbols, then every pair of coefficients of low degree
    by two algorithms.

    With an object substituted only the obligations that speak of it are gathered.
    """
    if rule is not None:
        return [compact.quadrature(rule)]
    if mass != 1:
        return [compact.orthogonality(mass)]
    return [
        compact.orthogonality(),
        compact.quadrature(),
        *haar_measure.measure_equations(),
        *haar_measure.class_equations(),
        *haar_measure.circle_equations(),
        haar_measure.geometric_induction(),
        *haar_measure.moments(),
        spins.ladder_induction(),
        *spins.ladder_equations(),
        spins.trace_induction(),
        spins.spin_pairs(),
        spins.character_induction(),
        *spins.weyl_equations(),
        spins.counting_induction(),
        gauss_legendre.legendre_induction(),
        *gauss_legendre.lagrange_equations(),
    ]


def numeric(case: Case, stream: Stream, *, rule: haar.Rule = haar.product_rule, mass: float = 1.0) -> Evidence:
    """All means of products of two coefficients, by the product rule, against Schur's
    orthogonality."""
    found = haar.orthogonality(case.group, case.l, stream, rule=rule, mass=mass)
    return measured(found, resolves=RESOLVES, name="orthogonality")


def statistical(
    case: Case, stream: Stream, *, sampler: haar.Sampler = haar.haar_quaternions, mass: float = 1.0
) -> Evidence:
    """The same means over random elements; real and imaginary parts of a product lie in
    [-1, 1]."""
    found = haar.sampled_orthogonality(case.group, case.l, case.size, stream, sampler=sampler, mass=mass)
    test = Test.hoeffding(found.size, 2.0, tests=found.tests)
    return tested(found.worst, test, resolves=0.1, slack=found.slack, name="orthogonality")


_DOUBLED = Fraction(2)  # the volume of SU(2) in the normalisation of SO(3), 16 pi^2 over 8 pi^2
_POWERED = [
    Case(group="U(1)", l=3, size=16384),
    Case(group="SU(2)", l=2, size=32768),
    Case(group="SO(3)", l=1, size=32768),
]
_EACH = [Case(group=group, l=3) for group in COMPACT]
_SPHERES = [Case(group="SU(2)", l=4), Case(group="SO(3)", l=3)]
controls = {
    "unnormalised": [
        Control(exact, fails="orthogonality", mass=_DOUBLED),
        Control(numeric, fails="orthogonality", cases=_EACH, mass=2.0),
        Control(statistical, fails="orthogonality", cases=_POWERED[:1], mass=2.0),
    ],
    "beyond-the-band": [
        Control(exact, fails="quadrature", rule=haar.fewer_nodes),
        Control(exact, fails="quadrature", rule=haar.fewer_on_the_circle),
        Control(numeric, fails="orthogonality", cases=_SPHERES, rule=haar.fewer_nodes),
        Control(numeric, fails="orthogonality", cases=_EACH, rule=haar.fewer_angles),
    ],
    "half-the-circle": [Control(statistical, fails="orthogonality", cases=_POWERED[:1], sampler=haar.half_the_circle)],
    "flat-angles": [Control(statistical, fails="orthogonality", cases=_POWERED[1:], sampler=haar.uniform_euler_angles)],
}
