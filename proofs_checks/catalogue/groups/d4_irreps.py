"""The irreps of D4: five, with both orthogonalities and indicator +1; the lecture's
table lacks R2 (x) R3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from numerics.representations.averaging import cayley_table, permutation_matrices
from numerics.representations.character_measurements import MeasuredCharacters
from numerics.representations.monomial import conjugates, matrix_group
from numerics.representations.splitting import split
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import d4_irreps as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.groups import COMPLEX, MAX_SHEARS, REAL, Images, d4_basis_cases, polygon_generators
from theory.groups import FiniteGroup
from theory.groups.families import commuting_square, quaternion
from theory.representations import d4_irreps as theorem
from theory.representations.d4_irreps import COMPLETED, LECTURE, Irreps

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

_ALWAYS = [
    Case(shears=0, basis=REAL, seed=0), Case(shears=MAX_SHEARS, basis=REAL, seed=0), Case(shears=12, basis=COMPLEX, seed=0),
]  # fmt: skip
cases = {"numeric": Cases(d4_basis_cases, always=_ALWAYS)}
Listed = Callable[[Tensor, int, int], Tensor]
_CORNERS = polygon_generators(4)
_ROWS = torch.tensor([[int(r.character.entry(g).as_fraction()) for g in range(8)] for r in LECTURE.values()])


def exact(*, family: Irreps = COMPLETED) -> list[Evidence]:
    """Finite obligations, each decided by two algorithms that share nothing but the
    matrices."""
    return [*theorem.statements(family)]


def everything(characters: Tensor, r: int, s: int) -> Tensor:
    """All characters that were found belong to the table."""
    return torch.ones(len(characters), dtype=torch.bool, device=characters.device)


def numeric(
    case: Case, stream: Stream, *, generators: Images = _CORNERS, listed: Listed = everything
) -> list[Evidence]:
    """Split the regular representation, and read the claim off the traces of the
    pieces."""
    group = matrix_group(generators)
    table = cayley_table(group.elements)
    R = conjugates(permutation_matrices(table), case.shears, stream, gaussian=case.basis == COMPLEX)
    pieces = split(R, stream).require_resolved()
    r, s = group.generators
    found = MeasuredCharacters.of_pieces(pieces.characters, table.to(R.device), pieces.character_error)
    found = replace(found, characters=found.characters[listed(found.characters, r, s)])
    return [
        measured(pieces.products(table.to(R.device)), resolves=1e-2, name="homomorphism"),
        measured(pieces.invariance(), resolves=1e-2, name="pieces are invariant"),
        measured(found.rows(), resolves=1e-6, name="rows orthonormal"),
        measured(found.columns(), resolves=1e-5, name="columns orthogonal, squares sum to 8"),
        measured(found.indicators(), resolves=1e-7, name="indicator +1"),
        measured(found.kinds(5), resolves=1e-5, name="five kinds"),
        measured(found.values(_ROWS, r, s), resolves=1e-7, name="characters as listed"),
    ]


def as_printed(characters: Tensor, r: int, s: int) -> Tensor:
    """The lecture's table: no one-dimensional character is -1 on both r and s."""
    return ~((characters[:, r].real < -0.5) & (characters[:, s].real < -0.5))


def _images(group: FiniteGroup) -> Images:
    return tuple(tuple(int(y) for y in group.table[g]) for g in (1, 4))


_POWERED = [Case(shears=8, basis=REAL, seed=1), Case(shears=8, basis=COMPLEX, seed=1)]
controls = {
    "lecture-table": [
        *(Control(exact, fails=name, family=theorem.PRINTED) for name in ("complete", "columns orthogonal", "table")),
        Control(numeric, fails="columns orthogonal", cases=_POWERED, listed=as_printed),
        Control(numeric, fails="characters as listed", cases=_POWERED, listed=as_printed),
    ],
    "quaternion": [
        Control(exact, fails="indicator +1", family=theorem.quaternion_irreps()),
        Control(numeric, fails="indicator +1", cases=_POWERED, generators=_images(quaternion())),
    ],
    "commuting-reflection": [
        Control(exact, fails="homomorphisms", family=theorem.commuting_irreps()),
        Control(numeric, fails="five kinds", cases=_POWERED, generators=_images(commuting_square(4))),
    ],
}
