"""The irreps of D4: five, with both orthogonalities and indicator +1; the lecture's table lacks R2 (x) R3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from numerics.random import Stream
from numerics.representations import (
    cayley_table,
    character_gram,
    closure,
    distinct,
    exact_conjugate,
    frobenius,
    frobenius_schur,
    gamma,
    homomorphism_defect,
    integer_change_of_basis,
    permutation_matrices,
    split,
)
from proofs_checks.kernel import Bound, Case, Cases, Control, finite, measured, undecided
from proofs_checks.strategies.groups import MAX_SHEARS, d4_cases, polygon_generators
from theory.exact_matrices import ExactArray, hstack
from theory.groups import FiniteGroup
from theory.groups.families import commuting_square, dihedral, quaternion
from theory.number_grammar import parse
from theory.representations import Representation, intertwiners_dimension, irreps
from theory.representations.character_tables import character_table, modulo, split_prime

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

cases = {"numeric": Cases(d4_cases, always=[Case(shears=0, seed=0), Case(shears=MAX_SHEARS, seed=0)])}

COARSE = 1e-3  # of the spectrum's width; four samples then miss a splitting by chance with probability far below 1e-9
Word = Sequence[tuple[int, int]]  # (generator 0 or 1, exponent)


@dataclass(frozen=True)
class Family:
    """What is claimed: that ``representations`` are all the irreps of ``group``, whose relations in r and s are ``relators``."""

    group: FiniteGroup
    relators: tuple[Word, ...]
    representations: tuple[Representation, ...]


def lecture_representations(group: FiniteGroup) -> dict[str, Representation]:
    """R1 (trivial), R2, R3, R4 as printed, an entry for each of e, r, r2, r3, s, rs, r2s, r3s, and the missing R5 = R2 (x) R3."""
    i = parse("i")
    one = [1] * 8
    r2 = [1, -1, 1, -1, 1, -1, 1, -1]
    r3 = [1, 1, 1, 1, -1, -1, -1, -1]
    r4 = [
        [[1, 0], [0, 1]], [[i, 0], [0, -i]], [[-1, 0], [0, -1]], [[-i, 0], [0, i]],
        [[0, 1], [1, 0]], [[0, i], [-i, 0]], [[0, -1], [-1, 0]], [[0, -i], [i, 0]],
    ]  # fmt: skip
    rows = {"R1": one, "R2": r2, "R3": r3}
    found = {name: Representation.from_matrices(group, [[[x]] for x in row], name=name) for name, row in rows.items()}
    found["R4"] = Representation.from_matrices(group, r4, name="R4")
    found["R5"] = found["R2"].tensor(found["R3"])
    return found


SQUARE = (((0, 4),), ((1, 2),), ((1, 1), (0, 1), (1, 1), (0, 1)))  # r^4, s^2, s r s r
COMMUTING = (((0, 4),), ((1, 2),), ((1, 1), (0, 1), (1, 1), (0, -1)))  # s r s = r
QUATERNION = (((0, 4),), ((0, 2), (1, -2)), ((0, 1), (1, 1), (0, 1), (1, -1)))
D4 = dihedral(4)
LECTURE = lecture_representations(D4)
COMPLETED = Family(D4, SQUARE, tuple(LECTURE.values()))


def exact(*, family: Family = COMPLETED) -> list[Evidence]:
    """Finite obligations, each decided by two algorithms that share nothing but the matrices."""
    group, found = family.group, family.representations
    homomorphisms = finite(
        found,
        lambda r: r.defect() is None,
        second=lambda r: _obeys(r, family),
        of="representations of the group",
        name="homomorphisms",
    )
    if not all(_obeys(r, family) for r in found):
        return [homomorphisms]  # what follows speaks of representations only
    pairs = list(combinations_with_replacement(found, 2))
    elements = [(g, h) for g in range(group.order) for h in range(group.order)]
    columns = _fixed_points(group)
    return [
        homomorphisms,
        finite(
            pairs,
            _orthonormal,
            second=_intertwined,
            of="pairs of representations",
            name="irreducible, inequivalent, rows orthogonal",
        ),
        finite(
            [found],
            lambda f: _same_as_dixon(group, f),
            second=lambda f: _coefficients_span(group, f),
            of="tables",
            name="complete",
        ),
        finite(
            elements,
            lambda pair: _column_product(found, *pair) == _centraliser(group, *pair),
            second=lambda pair: _kronecker_trace(found, *pair) == columns[pair],
            of="pairs of elements",
            name="columns orthogonal",
        ),
        finite(found, lambda r: r.indicator == 1, second=_symmetric_form, of="indicators", name="indicator +1"),
    ]


def _obeys(r: Representation, family: Family) -> bool:
    """Von Dyck: the relations hold for the matrices of r and s, and every other matrix is the word r^k s^j that names its element."""
    r_, s_ = r.matrices[1], r.matrices[4]
    eye = ExactArray.eye(r.degree, r.field)
    for word in family.relators:
        product = eye
        for letter, exponent in word:
            base = (r_, s_)[letter]
            base = base if exponent > 0 else base.inverse()
            for _ in range(abs(exponent)):
                product = product @ base
        if product != eye:
            return False
    product = eye
    for k in range(4):
        if r.matrices[k] != product or r.matrices[k + 4] != product @ s_:
            return False
        product = product @ r_
    return True


def _orthonormal(pair: tuple[Representation, Representation]) -> bool:
    return pair[0].inner(pair[1]) == int(pair[0] is pair[1])


def _intertwined(pair: tuple[Representation, Representation]) -> bool:
    return intertwiners_dimension(*pair) == int(pair[0] is pair[1])


def _same_as_dixon(group: FiniteGroup, found: Sequence[Representation]) -> bool:
    """The characters are, up to order, the rows that Burnside and Dixon's method finds from the multiplication table alone."""
    rows = [tuple(row) for row in character_table(group).values]
    mine = [tuple(r.character.entry(c.representative) for c in group.classes) for r in found]
    return len(mine) == len(rows) and all(row in mine for row in rows)


def _coefficients_span(group: FiniteGroup, found: Sequence[Representation]) -> bool:
    """The matrix coefficients are a basis of all functions on the group: as many as elements, and independent (modulo a prime, so certainly)."""
    if sum(r.degree**2 for r in found) != group.order:
        return False
    coefficients = hstack([r.matrices.reshape(group.order, r.degree**2) for r in found])
    p, root = split_prime(coefficients.field.order, 2**20)
    return modulo(coefficients, p, root).rank() == group.order


def _column_product(found: Sequence[Representation], g: int, h: int) -> Any:
    total = parse("0")
    for r in found:
        total = total + r.character.entry(g) * r.character.entry(h).conjugate()
    return total


def _centraliser(group: FiniteGroup, g: int, h: int) -> int:
    """|C(g)| if g and h are conjugate, else 0, from the classes."""
    return group.order // len(group.classes[group.class_of[g]]) if group.class_of[g] == group.class_of[h] else 0


def _fixed_points(group: FiniteGroup) -> dict[tuple[int, int], int]:
    """#{x : g x = x h} for every g, h, counted in the multiplication table."""
    table = group.table
    return {(g, h): int((table[g] == table[:, h]).sum()) for g in range(group.order) for h in range(group.order)}


def _kronecker_trace(found: Sequence[Representation], g: int, h: int) -> Any:
    """tr of the sum of R(g) (x) conj R(h): G x G acting on all functions on G by x -> g x h^-1, if the list is complete."""
    total = parse("0")
    for r in found:
        total = total + r.matrices[g].kron(r.matrices[h].conj()).trace().entry()
    return total


def _symmetric_form(r: Representation) -> bool:
    """Real type by linear algebra: the invariant bilinear forms sum_g R(g)^T E R(g), E a matrix unit, are symmetric and not all zero."""
    alive = False
    for a in range(r.degree):
        for b in range(r.degree):
            unit = [[int((a, b) == (i, j)) for j in range(r.degree)] for i in range(r.degree)]
            form = (r.matrices.T @ ExactArray.of(unit)[None] @ r.matrices).sum()
            if form != form.T:
                return False
            alive = alive or not form.is_zero
    return alive


# -- measured ----------------------------------------------------------------------------------------------------------


def everything(characters: Tensor, r: int, s: int) -> Tensor:
    """All characters that were found belong to the table."""
    return torch.ones(len(characters), dtype=torch.bool, device=characters.device)


def as_printed(characters: Tensor, r: int, s: int) -> Tensor:
    """The lecture's table: no one-dimensional character is -1 on both r and s."""
    return ~((characters[:, r].real < -0.5) & (characters[:, s].real < -0.5))


Listed = Callable[[Tensor, int, int], Tensor]


def numeric(
    case: Case,
    stream: Stream,
    *,
    generators: tuple[tuple[int, ...], ...] = polygon_generators(4),
    listed: Listed = everything,
) -> list[Evidence]:
    """Split the regular representation, and read the claim off the traces of the pieces."""
    elements = closure(torch.tensor(generators, device=stream.device))
    table = cayley_table(elements)
    n = len(table)
    basis, inverse = integer_change_of_basis(n, case.shears, stream)
    R = exact_conjugate(permutation_matrices(table), basis, inverse)
    pieces = split(R, stream)
    if pieces.resolution > COARSE:
        return [
            undecided(
                f"Eigenvalues of the commutant element closer than {pieces.resolution:.1e} of its width cannot be told apart: use fewer shears or more precision."
            )
        ]
    found = pieces.characters[distinct(character_gram(pieces.characters))]
    r, s = (int((elements == torch.tensor(g, device=stream.device)).all(1).nonzero()[0]) for g in generators)
    found = found[listed(found, r, s)]
    return [
        _homomorphism_evidence(R, table),
        _block_evidence(pieces, n),
        *_table_evidence(found, table, pieces.character_error),
    ]


def _homomorphism_evidence(R: Tensor, table: Tensor) -> Evidence:
    size = frobenius(R)
    bound = Bound(
        {"products": gamma(R.shape[1], R) * size**2},
        "a computed product of two d x d matrices is within gamma_d |R(g)|_F |R(h)|_F",
    )
    return measured(homomorphism_defect(R, table)[0], bound, points=len(table) ** 2, resolves=1e-2, name="homomorphism")


def _block_evidence(pieces: Any, n: int) -> Evidence:
    derivation = "entries of V* U V between eigenspaces of a commuting matrix known up to E are at most 2 |V|^2 |U| |E| / gap; E from rounding and factorisation residuals"
    return measured(
        pieces.off_block, Bound(pieces.terms, derivation), points=n, resolves=1e-2, name="pieces are invariant"
    )


def _table_evidence(found: Tensor, table: Tensor, error: float) -> list[Evidence]:
    n, k = len(table), len(found)
    largest = float(found.abs().max())
    product = 2 * largest * error + error**2
    note = "characters of the pieces are known up to e (off-block terms times the largest dimension); a product of two is known up to 2 max|chi| e + e^2"
    one = Bound({"characters": error}, note)
    pair = Bound({"characters": product}, note)
    gram = (character_gram(found) - torch.eye(k, device=found.device)).abs()
    columns = (found.mH @ found).conj()
    conjugate = (table[:, :, None] == table.T[:, None, :]).sum(0)  # (g, h) -> #{x : x g = h x}
    many = Bound({"characters": k * product}, note + "; k of them are added")
    count = Bound(
        {"rounding to a whole number": n * product}, note + "; the number of kinds is decided by products near 0 or 1"
    )
    return [
        measured(gram, pair, points=k * k, resolves=1e-2, name="rows orthonormal"),
        measured(
            (columns - conjugate).abs(), many, points=n * n, resolves=0.1, name="columns orthogonal, squares sum to 8"
        ),
        measured((frobenius_schur(found, table) - 1).abs(), one, points=k, resolves=0.1, name="indicator +1"),
        measured(abs(k - 5), count, points=1, resolves=0.1, name="five kinds"),
    ]


_Q8 = quaternion()
_ABELIAN = commuting_square(4)
_POWERED = Case(shears=8, seed=1)


def _images(group: FiniteGroup) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(y) for y in group.table[g]) for g in (1, 4))


controls = {
    "lecture-table": [
        Control(exact, family=Family(D4, SQUARE, tuple(LECTURE[name] for name in ("R1", "R2", "R3", "R4")))),
        Control(numeric, cases=[_POWERED], listed=as_printed),
    ],
    "quaternion": [
        Control(exact, family=Family(_Q8, QUATERNION, irreps(_Q8))),
        Control(numeric, cases=[_POWERED], generators=_images(_Q8)),
    ],
    "commuting-reflection": [
        Control(exact, family=Family(_ABELIAN, COMMUTING, tuple(lecture_representations(_ABELIAN).values()))),
        Control(numeric, cases=[_POWERED], generators=_images(_ABELIAN)),
    ],
}


def figure() -> Figure:
    """The character table on all elements as a coloured grid, the row that the lecture lacks outlined."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    labels = {"R1": "1", "R2": "R2", "R3": "R3", "R5": "R2 ⊗ R3", "R4": "R4"}
    colours = {2: "#1b6ca8", 1: "#9cc9e8", 0: "#f4f4f4", -1: "#f3c08b", -2: "#c8641a"}
    drawing = Figure(figsize=(5.2, 2.9), layout="constrained")
    axes = drawing.add_subplot()
    for y, name in enumerate(labels):
        for x in range(8):
            value = int(LECTURE[name].character.entry(x).as_fraction())
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colours[value], edgecolor="white"))
            axes.text(
                x, y, str(value), ha="center", va="center", fontsize=9, color="white" if abs(value) == 2 else "black"
            )
    axes.add_patch(Rectangle((-0.5, 2.5), 8, 1, fill=False, edgecolor="#c0182b", linewidth=2))
    axes.set(xlim=(-0.55, 7.55), ylim=(4.55, -0.55), title="Characters of D4; outlined: missing in the lecture")
    axes.set_xticks(range(8), D4.names)
    axes.set_yticks(range(5), list(labels.values()))
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return drawing
