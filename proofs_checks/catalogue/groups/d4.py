"""D4, the symmetries of a square: table, presentation, subgroups, classes, centre,
Cayley graph."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from numerics.representations.square_symmetries import placed_square
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import d4 as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.groups import LARGEST, SMALLEST, placed_square_cases
from theory.groups.d4 import CORNERS, LETTERS, SQUARE, Description, elements, subset_members
from theory.groups.d4_statements import statements
from theory.groups.families import cyclic, quaternion

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

_ALWAYS = [
    Case(
        scale=SMALLEST, shift=1024, seed=2
    ),  # right of 1024 floats are twice as far apart: rounded corners are no parallelogram
    Case(scale=LARGEST, shift=-1000, seed=0),
    Case(scale=1, shift=0, seed=0),
]
cases = {"numeric": Cases(placed_square_cases, always=_ALWAYS)}


def exact(*, described: Description = SQUARE) -> list[Evidence]:
    """What is described, against two constructions each."""
    return [*statements(described)]


def numeric(
    case: Case, stream: Stream, *, described: Description = SQUARE, corners: Tensor | None = None
) -> list[Evidence]:
    """Fit isometries to the coordinates of a square, and read the description off their
    matrices."""
    shape = torch.tensor(CORNERS) if corners is None else corners
    found = placed_square(shape, float(case.scale), float(case.shift), stream)
    measurements = {
        "corners go to corners": found.correspondences(),
        "isometries": found.isometries(),
        "no other correspondence": found.others(),
        "words r^k s^j": found.fitted_words(),
        "table": found.products(described.table),
        "relations": found.relations(described.relators),
        "conjugate pairs": found.conjugacy(described.conjugate_pairs),
        "centre": found.centre(described.central),
        "subgroups": found.subgroups(subset_members(), described.closed_subsets),
        **{f"edges {letter}": found.edges(letter, described.adjacency(letter)) for letter in LETTERS},
    }
    sharp = dict.fromkeys(("words r^k s^j", "table", "relations"), 1e-11)  # second order in the placing error
    return [measured(each, resolves=sharp.get(name, 1e-5), name=name) for name, each in measurements.items()]


_MIXED = frozenset(edge for edge in SQUARE.edges if edge[2] == "r") | {(x, SQUARE.table[4][x], "s") for x in range(8)}
_BESIDE = {  # what is said in place of the truth, and where that fails in either route
    "commuting-reflection": (replace(SQUARE, relators=("rrrr", "ss", "srsR")), "presentation", "relations"),
    "quaternion-table": (replace(SQUARE, table=quaternion().table.tolist()), "table", "table"),
    "cyclic-table": (replace(SQUARE, table=cyclic(8).table.tolist()), "table", "table"),
    "wrong-class": (
        replace(SQUARE, classes=frozenset(map(elements, ["e", "r2", "r r3", "s rs r2s r3s"]))), "classes", "conjugate pairs",
    ),
    "forgotten-subgroup": (replace(SQUARE, subgroups=SQUARE.subgroups - {elements("e r2 rs r3s")}), "subgroups", "subgroups"),
    "turns-central": (replace(SQUARE, centre=elements("e r r2 r3")), "centre", "centre"),
    "mixed-sides": (replace(SQUARE, edges=_MIXED), "automorphisms", "edges s"),
}  # fmt: skip
_POWERED = [Case(scale=1, shift=0, seed=1), Case(scale=SMALLEST, shift=1000, seed=1)]
controls = {
    name: [
        Control(exact, fails=statement, described=beside),
        Control(numeric, fails=measurement, cases=_POWERED, described=beside),
    ]
    for name, (beside, statement, measurement) in _BESIDE.items()
}
controls["missing-relation"] = [
    Control(exact, fails="presentation", described=replace(SQUARE, relators=("rrrr", "ss")))
]
_RECTANGLE = torch.tensor([[2, 1], [-2, 1], [-2, -1], [2, -1]])
controls["rectangle"] = [
    Control(numeric, fails=name, cases=_POWERED, corners=_RECTANGLE)
    for name in ("isometries", "no other correspondence", "edges r")
]
controls["mixed-sides"] += [Control(exact, fails="edges", described=_BESIDE["mixed-sides"][0])]
