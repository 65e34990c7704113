"""Maschke's theorem: averaging a projector over a finite group splits off an invariant
complement where |G| is invertible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numerics.representations import averaged_projectors
from numerics.representations.averaged_projectors import AveragedProjector, Module
from numerics.representations.averaging import cayley_table
from numerics.representations.monomial import matrix_group
from numerics.representations.splitting import split
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import maschke as figure
from proofs_checks.inputs import group_modules as read
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.groups import COMPLEX, MAX_SHEARS, REAL, module_cases, monomial_fields, regular_generators
from theory.groups.families import alternating, quaternion
from theory.representations import maschke as theorem

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

_REAL = {"phases": (), "basis": REAL}
_ALWAYS = [
    Case(d=2, shears=0, generators=((0,),), **_REAL, seed=0),
    Case(d=16, shears=8, generators=regular_generators(quaternion()), **_REAL, seed=0),
    Case(d=24, shears=MAX_SHEARS, generators=regular_generators(alternating(4)), **_REAL, seed=0),
    Case(d=4, shears=6, **monomial_fields("Q8"), seed=0),
    Case(d=12, shears=12, **monomial_fields("D4 x C3"), seed=0),
]
cases = {"numeric": Cases(module_cases, always=_ALWAYS)}


def exact(
    *, modules: Any = None, window: Callable[[], theorem.Window] | theorem.Window | None = None, dividing: bool = False
) -> list[Evidence]:
    """The averaging argument in general, then finite families in which complements are
    decided a second way.

    With an object substituted only the obligations that speak of it are gathered.
    """
    found: list[Any] = []
    if window is None:
        family = (
            theorem.plane_modules(dividing=dividing) if modules is None else read.planes(modules, dividing=dividing)
        )
        found.append(theorem.complements_in_planes(family))
    if modules is None and not dividing:
        found.append(theorem.complement_to_a_line(window or theorem.sheared_reflections))
    if modules is None and window is None and not dividing:
        found += theorem.in_general()
    return found


def doubled_module(case: Case) -> Module:
    """Two copies of the representation of the case, W = {(v, 2 v)}."""
    group = matrix_group(case.generators, case.phases)
    return averaged_projectors.pair_of_copies(group.matrices, group.inverses, cayley_table(group.elements))


def numeric(case: Case, stream: Stream, *, module: Callable[[Case], Module] = doubled_module) -> list[Evidence]:
    """Average a projector, and split into irreps, from matrices that are exact in
    floating point."""
    given = module(case)
    found = AveragedProjector(given, case.shears, stream, gaussian=case.basis == COMPLEX)
    pieces = split(found.matrices, stream).require_resolved()
    return [
        measured(found.commutation(), resolves=1e-2, name="mean commutes with R"),
        measured(found.idempotence(), resolves=1e-2, name="mean is a projector"),
        measured(found.image(), resolves=1e-2, name="mean fixes W"),
        measured(found.rank(), resolves=1e-2, name="rank of the mean"),
        measured(found.kernel(), resolves=1e-2, name="its kernel is invariant"),
        measured(pieces.invariance(), resolves=1e-2, name="sum of invariant pieces"),
        measured(pieces.irreducibility(), resolves=0.2, name="pieces irreducible"),
        *([] if given.table is None else [measured(pieces.products(given.table), resolves=1e-2, name="homomorphism")]),
    ]


def window_of_reals(case: Case) -> Module:
    """(R, +) by shears, averaged over whole t from -4 to 4."""
    return averaged_projectors.window_of_reals()


def first_half(case: Case) -> Module:
    """As :func:`doubled`, but the mean runs over the first half of the elements
    only."""
    return averaged_projectors.first_half(doubled_module(case))


_SHEARS = [Case(shears=0, basis=REAL, seed=0), Case(shears=6, basis=COMPLEX, seed=1)]
_HALVES = [
    Case(d=6, shears=4, generators=((1, 2, 0), (1, 0, 2)), **_REAL, seed=0),
    Case(d=4, shears=4, **monomial_fields("Q8"), seed=0),
]
controls = {
    "shear-over-F_p": [Control(exact, fails="planes", dividing=True)],
    "additive-reals": [
        Control(exact, fails="complement to a line", window=theorem.translations),
        Control(numeric, fails="its kernel is invariant", cases=_SHEARS, module=window_of_reals),
    ],
    "half-the-group": [
        Control(numeric, fails=name, cases=_HALVES, module=first_half)
        for name in ("mean commutes with R", "pieces irreducible")
    ],
}
