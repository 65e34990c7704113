"""D4, the symmetries of a square: table, presentation, subgroups, classes, centre, Cayley graph."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from numerics.random import Stream
from numerics.square import Indistinct, distances, placed_points, symmetries
from proofs_checks.kernel import Bound, Case, Cases, Control, finite, measured, undecided
from proofs_checks.strategies.symmetry import LARGEST, SMALLEST, placed_square_cases
from theory.groups import FiniteGroup
from theory.groups.families import cyclic, dihedral, quaternion
from theory.representations.character_tables import character_table
from theory.square import (
    CORNERS,
    LETTERS,
    NAMES,
    SQUARE,
    Description,
    automorphisms_by_propagation,
    automorphisms_by_search,
    cayley_edges,
    closed_under_products,
    conjugate,
    elements,
    matrices,
    nonempty_subsets,
    table_by_completion,
    table_by_corners,
    table_by_cosets,
    table_by_matrices,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

_ALWAYS = [
    Case(scale=SMALLEST, shift=1000, seed=0),
    Case(scale=LARGEST, shift=-1000, seed=0),
    Case(scale=1, shift=0, seed=0),
]
cases = {"numeric": Cases(placed_square_cases, always=_ALWAYS)}
_PAIRS = list(product(range(8), repeat=2))


def exact(*, described: Description = SQUARE) -> list[Evidence]:
    """What is described, against two constructions each."""
    corners, by_matrices = table_by_corners(), table_by_matrices()
    return [
        finite(
            _PAIRS,
            lambda p: described.table[p[0]][p[1]] == corners[p[0]][p[1]],
            second=lambda p: described.table[p[0]][p[1]] == by_matrices[p[0]][p[1]],
            of="products of two elements",
            name="table",
        ),
        finite(
            [described.relators],
            lambda relators: table_by_cosets(relators) == corners,
            second=lambda relators: table_by_completion(relators) == by_matrices,
            of="presentations",
            name="presentation",
        ),
        *_parts_evidence(described),
        _graph_evidence(described),
    ]


def _parts_evidence(described: Description) -> list[Evidence]:
    corners, group = table_by_corners(), _group_of_matrices()
    listed = {frozenset(h) for h in group.subgroups}
    values = character_table(group).on_elements()
    turn, flip = matrices()[1], matrices()[4]
    return [
        finite(
            nonempty_subsets(),
            lambda subset: (subset in described.subgroups) == closed_under_products(corners, subset),
            second=lambda subset: (subset in described.subgroups) == (subset in listed),
            of="subsets",
            name="subgroups",
        ),
        finite(
            _PAIRS,
            lambda p: _together(described, *p) == conjugate(corners, *p),
            second=lambda p: _together(described, *p) == (values[:, p[0]] - values[:, p[1]]).is_zero,
            of="pairs of elements",
            name="classes",
        ),
        finite(
            range(8),
            lambda x: (x in described.centre) == all(corners[x][y] == corners[y][x] for y in range(8)),
            second=lambda x: (
                (x in described.centre) == all(matrices()[x] @ g == g @ matrices()[x] for g in (turn, flip))
            ),
            of="elements",
            name="centre",
        ),
    ]


@cache
def _group_of_matrices() -> FiniteGroup:
    return FiniteGroup.from_cayley_table(table_by_matrices(), NAMES)


def _together(described: Description, x: int, y: int) -> bool:
    return any(x in members and y in members for members in described.classes)


def _graph_evidence(described: Description) -> Evidence:
    """Edges x -> x g, and the automorphisms that keep letters are the left multiplications."""
    corners, by_matrices = table_by_corners(), table_by_matrices()
    return finite(
        [described.edges],
        lambda edges: edges == cayley_edges(corners, LETTERS) and automorphisms_by_search(edges) == set(corners),
        second=lambda edges: (
            edges == cayley_edges(by_matrices, LETTERS) and automorphisms_by_propagation(edges) == set(by_matrices)
        ),
        of="coloured graphs",
        name="Cayley graph",
    )


# -- measured ----------------------------------------------------------------------------------------------------------

_FLAT = 1.0  # distinct elements are at least 2 apart in the Frobenius norm: half of that tells them from one another
_TURN, _FLIP = (1, 2, 3, 0), (0, 3, 2, 1)


def numeric(
    case: Case, stream: Stream, *, described: Description = SQUARE, corners: Tensor | None = None
) -> list[Evidence]:
    """Find the isometries from coordinates, and read the description off their matrices."""
    shape = torch.tensor(CORNERS) if corners is None else corners
    if shape.shape != (4, 2):
        raise ValueError(f"Expected four points of the plane, shape (4, 2), got {tuple(shape.shape)}.")
    points, error = placed_points(shape.to(stream.device), float(case.scale), float(case.shift), stream)
    try:
        found = symmetries(points, error)
    except Indistinct as unclear:
        return [undecided(str(unclear))]
    few = Bound(
        {"fit": found.error},
        "a correspondence that is a symmetry is fitted with a defect within this bound; the number of those within is whole",
    )
    kept = found.defects <= found.error
    close = found.defects[~kept]
    if len(close) and float(close.min()) < 1e3 * found.error:
        return [
            undecided(
                f"A correspondence misses by {float(close.min()):.1e}, too near the error {found.error:.1e} to be told from a symmetry."
            )
        ]
    count: Evidence | list[Evidence] = measured(
        abs(int(kept.sum()) - 8), few, points=len(kept), resolves=1e-2, name="eight isometries"
    )
    turn, flip = (_position(found.images, p) for p in (_TURN, _FLIP))
    fit = Bound(
        {"fit": found.error},
        "coordinates, centring and normal equations move the defect of a true symmetry by this much at most",
    )
    count = [count, measured(found.defects[[turn, flip]], fit, points=2, resolves=1e-2, name="r and s are among them")]
    if not (bool(kept[turn]) and bool(kept[flip])):
        return count  # what follows speaks of r and s
    return [
        *count,
        *_described_evidence(described, found.matrices[kept], found.matrices[turn], found.matrices[flip], found.error),
    ]


def _position(images: Tensor, permutation: tuple[int, ...]) -> int:
    return int((images == torch.tensor(permutation, device=images.device)).all(1).nonzero()[0])


def _described_evidence(
    described: Description, isometries: Tensor, r: Tensor, s: Tensor, error: float
) -> list[Evidence]:
    powers = [torch.eye(2, dtype=r.dtype, device=r.device)]
    for _ in range(3):
        powers.append(powers[-1] @ r)
    named = torch.stack([*powers, *(power @ s for power in powers)])
    step = (
        2 * error + 16 * torch.finfo(r.dtype).eps
    )  # what a factor adds: its own error, times norms near one, and rounding
    note = "each factor of a product is within the bound of the fit of an orthogonal matrix; errors add up, up to norms near one, with rounding"
    table = torch.tensor(described.table, device=r.device)
    products = named[:, None] @ named[None]
    same = Bound({"eight factors": 8 * step}, note)
    relations = [torch.linalg.matrix_norm(_evaluated(word, r, s) - powers[0]) for word in described.relators]
    longest = max(len(word) for word in described.relators)
    trivial = Bound({f"{longest} factors": longest * step}, note)
    whole = Bound(
        {"rounding to yes or no": 12 * step},
        note + "; different elements are at least 2 apart, so a distance below 1 means equal",
    )
    return [
        measured(
            distances(isometries, named).min(1).values,
            same,
            points=8,
            resolves=1e-2,
            name="words r^k s^j are the isometries",
        ),
        measured(torch.linalg.matrix_norm(products - named[table]), same, points=64, resolves=1e-2, name="table"),
        measured(torch.stack(relations), trivial, points=len(relations), resolves=1e-2, name="relations"),
        *[
            measured((claim != seen).double(), whole, points=claim.numel(), resolves=1e-2, name=name)
            for name, claim, seen in _yes_or_no(described, named, products)
        ],
    ]


def _evaluated(word: str, r: Tensor, s: Tensor) -> Tensor:
    out = torch.eye(2, dtype=r.dtype, device=r.device)
    for letter in word:
        out = out @ {"r": r, "s": s, "R": r.mT, "S": s.mT}[letter]
    return out


def _yes_or_no(described: Description, named: Tensor, products: Tensor) -> list[tuple[str, Tensor, Tensor]]:
    """Claimed and measured tables of yes and no: conjugate pairs, central elements, subsets closed under products, edges."""
    equal = torch.linalg.matrix_norm(products[:, :, None] - named) < _FLAT  # g, h, k: g h = k
    conjugated = (
        torch.linalg.matrix_norm(named[:, None, None] @ named[None, :, None] @ named[:, None, None].mT - named) < _FLAT
    )
    commute = torch.linalg.matrix_norm(products - products.transpose(0, 1)) < _FLAT
    subsets = torch.tensor([[x in subset for x in range(8)] for subset in nonempty_subsets()], device=named.device)
    leaves = torch.einsum(
        "tg,th,ghk,tk->t", subsets.double(), subsets.double(), equal.double(), (~subsets).double()
    )  # products outside
    where = {
        letter: torch.tensor(
            [[(x, y, letter) in described.edges for y in range(8)] for x in range(8)], device=named.device
        )
        for letter in LETTERS
    }
    steps = {letter: equal[:, g] for letter, g in LETTERS.items()}
    return [
        (
            "conjugate pairs",
            torch.tensor([[_together(described, x, y) for y in range(8)] for x in range(8)], device=named.device),
            conjugated.any(0),
        ),
        ("centre", torch.tensor([x in described.centre for x in range(8)], device=named.device), commute.all(1)),
        (
            "subgroups",
            torch.tensor([subset in described.subgroups for subset in nonempty_subsets()], device=named.device),
            leaves == 0,
        ),
        *((f"edges {letter}", where[letter], steps[letter]) for letter in LETTERS),
    ]


def _renamed_table(group: FiniteGroup) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(x) for x in row) for row in group.table)


_BESIDE = {
    "commuting-reflection": replace(SQUARE, relators=("rrrr", "ss", "srsR")),
    "quaternion-table": replace(SQUARE, table=_renamed_table(quaternion())),
    "cyclic-table": replace(SQUARE, table=_renamed_table(cyclic(8))),
    "wrong-class": replace(SQUARE, classes=frozenset(map(elements, ["e", "r2", "r r3", "s rs r2s r3s"]))),
    "forgotten-subgroup": replace(SQUARE, subgroups=SQUARE.subgroups - {elements("e r2 rs r3s")}),
    "turns-central": replace(SQUARE, centre=elements("e r r2 r3")),
    "mixed-sides": replace(
        SQUARE,
        edges=frozenset((x, y, c) for x, y, c in SQUARE.edges if c == "r")
        | {(x, SQUARE.table[4][x], "s") for x in range(8)},
    ),
}
_POWERED = [Case(scale=1, shift=0, seed=1), Case(scale=SMALLEST, shift=1000, seed=1)]
controls = {
    name: [Control(exact, described=beside), Control(numeric, cases=_POWERED, described=beside)]
    for name, beside in _BESIDE.items()
}
controls["missing-relation"] = [Control(exact, described=replace(SQUARE, relators=("rrrr", "ss")))]
controls["rectangle"] = [Control(numeric, cases=_POWERED, corners=torch.tensor([[2, 1], [-2, 1], [-2, -1], [2, -1]]))]


def figure() -> Figure:
    """The Cayley graph, as networkx holds it."""
    from theory.groups.cayley_graphs import cayley_graph, draw

    return draw(cayley_graph(dihedral(4)), title="D4: arrows r, lines s")
