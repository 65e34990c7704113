"""Invariant orthogonal complements: of unitary representations, and of all others after
averaging the inner product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from torch import Tensor

from numerics.representations.complement_measurements import (
    MeasuredForm,
    averaged_over_half,
    constants,
    two_copies,
    under_a_unitary_basis,
    under_an_integer_basis,
)
from numerics.representations.complements import averaged_form, unit_form
from numerics.representations.monomial import matrix_group
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import orthogonal_complement as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.groups import (
    COMPLEX,
    MAX_SHEARS,
    REAL,
    kept_subspace_cases,
    monomial_fields,
    regular_generators,
)
from theory.groups.families import alternating, quaternion
from theory.proof.words import WordTheorem
from theory.representations import complements as theorem
from theory.representations.complements import ReflectionForm

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

_REAL = {"phases": (), "basis": REAL}
_SWAP = {"kind": "line", "generators": ((1, 0),), **_REAL}
_ALWAYS = [
    Case(d=2, shears=3, **_SWAP, seed=0),
    Case(d=2, shears=0, kind="doubled", generators=((0,),), **_REAL, seed=0),
    Case(d=16, shears=8, kind="doubled", generators=regular_generators(quaternion()), **_REAL, seed=0),
    Case(d=24, shears=MAX_SHEARS, kind="doubled", generators=regular_generators(alternating(4)), **_REAL, seed=0),
    Case(d=4, shears=6, kind="doubled", **monomial_fields("Q8"), seed=0),
    Case(d=12, shears=6, kind="doubled", **monomial_fields("D4 x C3"), seed=0),
]
cases = {"numeric": Cases(kept_subspace_cases, always=_ALWAYS)}


@dataclass(frozen=True)
class Form:
    """An inner product, for a subspace of a module over Q(i) and for C2 by [[1, b], [0,
    -1]]; None leaves one of them out."""

    of_module: theorem.Form | None = None
    of_reflection: ReflectionForm | None = None


AVERAGE = Form(theorem.averaged_form, theorem.averaged_form_of_reflection)


def exact(*, form: Form = AVERAGE, theorems: Sequence[WordTheorem] | None = None) -> list[Evidence]:
    """Derivations for every dimension, one family in closed form, and regular modules;
    with an object substituted only what speaks of it."""
    if theorems is not None:
        return [theorem.complement_proof(theorems)]
    found: list[Any] = []
    if form is AVERAGE:
        found.append(theorem.complement_proof())
        found.append(theorem.regular_complements("given product", theorem.unit_form, sheared=False))
        found.append(theorem.averaged_forms(theorem.averaged_form))
    if form.of_module is not None:
        found.append(theorem.regular_complements("averaged product", form.of_module, sheared=True))
    if form.of_reflection is not None:
        found += theorem.reflections(form.of_reflection)
    return found


def _module(case: Case) -> tuple[Tensor, Tensor]:
    """Unitary matrices and an invariant W: the constants, or {(v, 2 v)} in two
    copies."""
    matrices = matrix_group(case.generators, case.phases).over_the_complex(case.basis == COMPLEX)
    return constants(matrices) if case.kind == "line" else two_copies(matrices)


def numeric(case: Case, stream: Stream, *, measured_form: MeasuredForm = averaged_form) -> list[Evidence]:
    """The complement of W under R in a random unitary basis, with the given inner
    product, and in an integer basis, with ``measured_form``."""
    matrices, W = _module(case)
    return [
        measured(under_a_unitary_basis(matrices, W, stream), resolves=1e-9, name="given product"),
        measured(
            under_an_integer_basis(matrices, W, case.shears, stream, measured_form),
            resolves=1e-2,
            name="averaged product",
        ),
    ]


_POWERED = [
    Case(d=2, shears=3, **_SWAP, seed=1),
    Case(d=6, shears=6, kind="doubled", generators=((1, 2, 0), (1, 0, 2)), **_REAL, seed=1),
    Case(d=4, shears=6, kind="doubled", **monomial_fields("Q8"), seed=1),
]
controls = {
    "not-unitary": [
        Control(exact, fails="averaged product", form=Form(theorem.unit_form)),
        Control(exact, fails="C2 by", form=Form(of_reflection=lambda R: sympy.eye(2))),
        Control(numeric, fails="averaged product", cases=_POWERED, measured_form=unit_form),
    ],
    "half-the-group": [
        Control(exact, fails="averaged product", form=Form(theorem.averaged_over_half)),
        Control(numeric, fails="averaged product", cases=_POWERED, measured_form=averaged_over_half),
    ],
    "inverse-unused": [Control(exact, fails="derivations", theorems=(theorem.WITHOUT_UNITARITY,))],
}
