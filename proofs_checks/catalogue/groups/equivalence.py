"""Equivalence of representations: a unitary change of basis between unitary ones, and
the dimension of the space of intertwiners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from numerics.representations.averaging import unitarise
from numerics.representations.conjugate_pairs import (
    ConjugatePair,
    ToIntertwiner,
    Unitary,
    matrices_as_given,
    seed_itself,
)
from numerics.representations.intertwiners import average_between, determinant_signs
from numerics.representations.monomial import conjugates, matrix_group
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import equivalence as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.groups import (
    COMPLEX,
    MAX_PAIR_DEGREE,
    MAX_SHEARS,
    REAL,
    equivalent_pair_cases,
    monomial_fields,
    regular_generators,
)
from theory.groups.families import quaternion
from theory.proof.words import WordTheorem
from theory.representations import intertwiners as theorem
from theory.representations.intertwiners import Invariant, Product

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

_REAL = {"phases": (), "basis": REAL}
_FOUR = {"generators": ((1, 0, 2, 3), (1, 2, 3, 0)), **_REAL}
_REGULAR = {"generators": regular_generators(quaternion()), **_REAL}
_ALWAYS = [
    Case(d=1, shears=0, generators=((0,),), **_REAL, seed=0),
    Case(d=4, shears=8, **_FOUR, seed=0),
    Case(d=MAX_PAIR_DEGREE, shears=MAX_SHEARS, **_REGULAR, seed=0),
    Case(d=2, shears=3, **monomial_fields("Q8"), seed=0),
    Case(d=2, shears=3, **monomial_fields("Pauli"), seed=0),
    Case(d=6, shears=8, **monomial_fields("D4 x C3"), seed=0),
]
cases = {"numeric": Cases(equivalent_pair_cases, always=_ALWAYS)}


def exact(
    *, theorems: Sequence[WordTheorem] | None = None, invariant: Invariant | None = None, product: Product | None = None
) -> list[Evidence]:
    """Derivations for every dimension, then decisions on small groups; with an object
    substituted only what speaks of it."""
    whole = theorems is None and invariant is None and product is None
    found: list[Any] = [theorem.equivalence_proof(theorems)] if whole or theorems is not None else []
    found += theorem.in_general() if whole else []
    found += [theorem.equivalent_if_equal(invariant)] if whole or invariant is not None else []
    found += [theorem.intertwiners_number(product)] if whole or product is not None else []
    return found


def itself(matrices: Tensor) -> Tensor:
    """The same representation: its conjugates are equivalent to it."""
    return matrices


def times_determinant(matrices: Tensor) -> Tensor:
    """Each matrix times its determinant; for permutations that is the sign, and in even
    degree the determinants are the same."""
    return matrices * determinant_signs(matrices)[:, None, None]


def numeric(
    case: Case,
    stream: Stream,
    *,
    partner: Callable[[Tensor], Tensor] = itself,
    unitary: Unitary = unitarise,
    seed_to_intertwiner: ToIntertwiner = average_between,
) -> list[Evidence]:
    """R by permutation or monomial matrices, R' a conjugate of its partner in a random
    basis; both exact in floating point."""
    group = matrix_group(case.generators, case.phases)

    def against(matrices: Tensor, **how: Any) -> ConjugatePair:
        moved = conjugates(matrices, case.shears, stream, gaussian=case.basis == COMPLEX)
        return ConjugatePair(group.matrices, moved, group.generators, stream, **how)

    pair = against(partner(group.matrices), unitary=unitary, seed_to_intertwiner=seed_to_intertwiner)
    twisted = against(times_determinant(group.matrices))
    return [
        measured(pair.traces(), resolves=1e-2, name="traces"),
        measured(pair.average(), resolves=1e-2, name="the average intertwines"),
        measured(pair.unitary_part(), resolves=5e-2, name="its unitary part intertwines"),
        measured(pair.isometry(), resolves=1e-11, name="its unitary part is unitary"),
        measured(pair.intertwiners(), resolves=1e-2, name="intertwiners with a conjugate"),
        measured(twisted.intertwiners(), resolves=1e-2, name="intertwiners with a conjugate times the determinant"),
    ]


_POWERED = [
    Case(d=4, shears=6, **_FOUR, seed=1),
    Case(d=8, shears=12, **_REGULAR, seed=1),
    Case(d=2, shears=4, **monomial_fields("Q8"), seed=1),
]
_UNITARY_PART = "its unitary part intertwines"
controls = {
    "determinants": [
        Control(exact, fails="equivalent exactly if equal there", invariant=theorem.determinants),
        Control(numeric, fails="traces", cases=_POWERED[:1], partner=times_determinant),
    ],
    "not-unitary": [
        Control(exact, fails="derivations", theorems=(theorem.WITHOUT_UNITARITY,)),
        Control(numeric, fails=_UNITARY_PART, cases=_POWERED, unitary=matrices_as_given),
    ],
    "without-conjugate": [
        Control(exact, fails="dimension of the intertwiners", product=theorem.bilinear_product),
    ],
    "without-averaging": [
        *(
            Control(numeric, fails=name, cases=_POWERED, seed_to_intertwiner=seed_itself)
            for name in ("the average intertwines", _UNITARY_PART)
        ),
    ],
}
