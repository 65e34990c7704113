"""A random Hermitian element of the commutant splits a representation into irreps;
Davis and Kahan bound what an error does to the pieces."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import torch
from sympy import Matrix
from torch import Tensor

from numerics.bounds import Measurement
from numerics.representations.averaging import cayley_table
from numerics.representations.commutant import Element, commutant_element, outside_commutant
from numerics.representations.monomial import conjugates, matrix_group
from numerics.representations.perturbed_eigenspaces import turned_eigenspaces
from numerics.representations.splitting import Splitting, commutant_dimension, split
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import numerical_decomposition as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.groups import (
    COMPLEX,
    MAX_SHEARS,
    REAL,
    monomial_fields,
    regular_generators,
    splitting_cases,
)
from theory.groups.families import alternating, cyclic, quaternion
from theory.representations import perturbation, separating_elements

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

_Q8, _C4 = regular_generators(quaternion()), regular_generators(cyclic(4))
_REAL = {"phases": (), "basis": REAL}
_ALWAYS = [
    Case(d=2, shears=0, generators=((0,),), **_REAL, ground="C", seed=0),
    Case(d=2, shears=0, generators=((0,),), **_REAL, ground="R", seed=0),
    Case(d=16, shears=6, generators=_Q8, **_REAL, ground="R", seed=0),
    Case(d=24, shears=MAX_SHEARS, generators=regular_generators(alternating(4)), **_REAL, ground="C", seed=0),
    Case(d=4, shears=6, **monomial_fields("Q8"), ground="C", seed=0),
    Case(d=12, shears=12, **monomial_fields("D4 x C3"), ground="C", seed=0),
]
cases = {"numeric": Cases(splitting_cases, always=_ALWAYS)}


def exact(
    *,
    element: Callable[..., separating_elements.SplitRepresentation] | None = None,
    sample: Callable[[int], Matrix] | None = None,
    constant: Fraction | float | None = None,
    chained: bool = False,
    spectrum: separating_elements.Spectrum | None = None,
) -> list[Evidence]:
    """Separating elements, the real case, and the bounds on angles. With an object
    substituted only what speaks of it is gathered."""
    everything = element is None and sample is None and constant is None and not chained and spectrum is None
    found: list[Evidence] = _in_general() if everything else []
    if spectrum is not None or everything:
        found.append(separating_elements.multiplicities_separated(spectrum or separating_elements.staircase))
    if element is not None or everything:
        found.append(separating_elements.copies_exhibited(element))
    if sample is not None or everything:
        found += separating_elements.scalars_on_real_irreps(sample or separating_elements.symmetric_sample)
    if constant is not None or everything:
        found.append(perturbation.angles(2 if constant is None else constant))
    if chained or everything:
        found.append(perturbation.gaps(chained=chained))
    return found


def _in_general() -> list[Evidence]:
    return [
        *separating_elements.discriminant_statements(),
        perturbation.sylvester(),
        *perturbation.norm_statements(),
        *perturbation.sharp_family(),
        perturbation.angles_by_delta(),
    ]


Judge = Callable[[Splitting, Tensor, str], Measurement]


def irreducible_over(pieces: Splitting, table: Tensor, ground: str) -> Measurement:
    """Irreducible over the ground field."""
    return pieces.irreducibility() if ground == "C" else pieces.real_irreducibility(table)


def irreducible_over_complex(pieces: Splitting, table: Tensor, ground: str) -> Measurement:
    """The real pieces held to irreducibility over C."""
    return pieces.irreducibility()


def numeric(
    case: Case,
    stream: Stream,
    *,
    element: Element = commutant_element,
    judge: Judge = irreducible_over,
    constant: Fraction | float = 2,
    chained: bool = False,
) -> list[Evidence]:
    """Two copies of a representation in an exact basis, split as the audit splits,
    judged by characters; then perturbed."""
    group = matrix_group(case.generators, case.phases)
    copies = torch.kron(torch.eye(2, dtype=group.matrices.dtype), group.matrices)
    R = conjugates(copies, case.shears, stream, gaussian=case.basis == COMPLEX)
    pieces = split(R, stream, ground=case.ground, element=element).require_resolved()
    table = cayley_table(group.elements).to(R.device)
    counted = commutant_dimension(R, group.generators, stream.fork("decompose"), ground=case.ground, element=element)
    found = [
        measured(pieces.invariance(), resolves=1e-4, name="eigenspaces are invariant"),
        measured(judge(pieces, table, case.ground), resolves=1e-4, name="each is one irreducible copy"),
        measured(counted, resolves=1e-4, name="as many copies as the character has"),
    ]
    if len(pieces.sizes) == 1:
        return found
    c = perturbation.rational(constant)
    exchange = float(perturbation.exchanging(c))
    turned = turned_eigenspaces(pieces.element, pieces.basis, pieces.sizes, stream, exchange=exchange)
    return [
        *found,
        measured(turned.by_gap(c), resolves=1e-3, name=f"angle beyond {c} |E| / gap"),
        measured(turned.by_delta(), resolves=1e-3, name="angle beyond |E| / delta"),
        measured(turned.gaps(chained=chained), resolves=1e-3, name="delta and gap"),
    ]


_POWERED = Case(d=16, shears=4, generators=_Q8, **_REAL, ground="R", seed=1)
_CYCLIC = Case(d=8, shears=4, generators=_C4, **_REAL, ground="C", seed=2)
_COMPLEX = Case(d=4, shears=4, **monomial_fields("Q8"), ground="C", seed=1)
_EACH = [_POWERED, _CYCLIC, _COMPLEX]
_BELOW = Fraction(199, 101)
controls = {
    "smaller-constant": [
        Control(exact, fails="sin(theta) <= 199/101", constant=_BELOW),
        Control(numeric, fails="angle beyond 199/101", cases=_EACH, constant=_BELOW),
    ],
    "half-the-constant": [
        Control(exact, fails="sin(theta) <= 1 ", constant=1),
        Control(numeric, fails="angle beyond 1 ", cases=_EACH, constant=1.0),
    ],
    "chained-bounds": [
        Control(exact, fails="delta and gap", chained=True),
        Control(numeric, fails="delta and gap", cases=_EACH, chained=True),
    ],
    "outside-the-commutant": [
        Control(exact, fails="each eigenspace one irreducible copy", element=separating_elements.coordinates),
        Control(numeric, fails="eigenspaces are invariant", cases=_EACH, element=outside_commutant),
    ],
    "shared-eigenvalues": [
        Control(exact, fails="an element that separates", spectrum=separating_elements.own_staircases),
        Control(exact, fails="each eigenspace one irreducible copy", element=separating_elements.isotypic),
    ],
    "real-pieces-stay-irreducible": [
        Control(exact, fails="scalar on an irrep of complex type", sample=separating_elements.hermitian_sample),
        Control(exact, fails="scalar on an irrep of quaternionic type", sample=separating_elements.hermitian_sample),
        Control(
            numeric,
            fails="each is one irreducible copy",
            cases=[_POWERED, Case(d=8, shears=4, generators=_C4, **_REAL, ground="R", seed=1)],
            judge=irreducible_over_complex,
        ),
    ],
}
