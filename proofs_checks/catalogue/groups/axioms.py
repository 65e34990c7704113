"""The axioms of a group: which weaker systems suffice, which do not, decided on all small tables and derived in general."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from proofs_checks.kernel import Control, finite, inapplicable
from theory import equations
from theory.axioms import (
    CORRUPTED,
    EMPTY_ALLOWED,
    FROM_LEFT_RIGHT,
    INSUFFICIENT,
    LEFT_RIGHT,
    MEMBER_ONLY,
    NOT_ASSOCIATIVE,
    NOT_CLOSED,
    STANDARD,
    SUFFICIENT,
    THEOREMS,
    TWO_INVERSES,
    WITHOUT_ASSOCIATIVITY,
    System,
    Table,
    are_groups,
    as_table,
    is_group,
    null_semigroup,
    right_zero,
    satisfies,
    satisfy,
    tables,
    translations,
    window_of_integers,
)
from theory.equations import Theorem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

_SYSTEMS = (STANDARD, *SUFFICIENT)


def exact(
    *,
    tables: Iterable[Table] | None = None,
    sufficient: Sequence[System] | None = None,
    theorems: Sequence[Theorem] | None = None,
) -> list[Evidence]:
    """Tables, witnesses and derivations; with an object substituted only the obligations that speak of it are gathered."""
    found = []
    if theorems is None:
        systems = _SYSTEMS if sufficient is None else sufficient
        given = None if tables is None else [as_table(table) for table in tables]
        if given and not any(satisfies(table, system) for table in given for system in systems):
            found.append(inapplicable("no table given meets one of the systems: none claims to be a group"))
        else:
            found.append(_tables_evidence(_every_table() if given is None else given, systems))
    if tables is None and sufficient is None:
        found.append(
            finite(
                THEOREMS if theorems is None else theorems,
                equations.replays,
                second=equations.splices,
                of="derivations, for sets of any size",
                name="derivations",
            )
        )
    if tables is None and sufficient is None and theorems is None:
        found.append(
            finite(
                INSUFFICIENT,
                _separates,
                second=_separates_by_translations,
                of="systems that do not suffice, each with a table",
                name="witnesses",
            )
        )
    return found


def _every_table() -> list[Table]:
    return [table for order in (1, 2, 3) for table in tables(order)]


def _tables_evidence(instances: list[Table], systems: Sequence[System]) -> Evidence:
    by_translations = _implications_by_translations(instances, systems)
    orders = sorted({len(table) for table in instances})
    of = "tables of order " + (", ".join(map(str, orders)) if len(orders) < 9 else f"{orders[0]}..{orders[-1]}")
    return finite(
        instances,
        lambda table: _makes_a_group(table, systems),
        second=by_translations.__getitem__,
        of=of,
        name="sufficient systems",
    )


def _makes_a_group(table: Table, systems: Sequence[System]) -> bool:
    """None of the systems holds for what is no group."""
    return is_group(table) or not any(satisfies(table, system) for system in systems)


def _implications_by_translations(instances: Sequence[Table], systems: Sequence[System]) -> dict[Table, bool]:
    found: dict[Table, bool] = {}
    for order in {len(table) for table in instances}:
        same = list(dict.fromkeys(table for table in instances if len(table) == order))
        L = translations(same)
        weak = [satisfy(L, system) for system in systems]
        good = are_groups(L) | ~np.logical_or.reduce(weak)
        found.update(zip(same, good.tolist(), strict=True))
    return found


def _separates(pair: tuple[System, Table]) -> bool:
    return satisfies(pair[1], pair[0]) and not is_group(pair[1])


def _separates_by_translations(pair: tuple[System, Table]) -> bool:
    L = translations([pair[1]])
    return bool(satisfy(L, pair[0])[0]) and not bool(are_groups(L)[0])


controls = {
    "opposite-sides": [
        Control(exact, tables=[right_zero(n) for n in range(2, 9)], sufficient=(LEFT_RIGHT,)),
        Control(exact, theorems=(FROM_LEFT_RIGHT,)),
    ],
    "membership-only": [Control(exact, tables=[null_semigroup(n) for n in range(2, 9)], sufficient=(MEMBER_ONLY,))],
    "no-closure": [Control(exact, tables=[window_of_integers(k) for k in (1, 2, 3)], sufficient=(NOT_CLOSED,))],
    "no-associativity": [
        Control(exact, tables=[TWO_INVERSES], sufficient=(NOT_ASSOCIATIVE,)),
        Control(exact, theorems=(WITHOUT_ASSOCIATIVITY,)),
    ],
    "empty-set": [Control(exact, tables=[()], sufficient=(EMPTY_ALLOWED,))],
    "corrupted-step": [Control(exact, theorems=(CORRUPTED,))],
}


def figure() -> Figure:
    """A group's table beside two tables that meet weaker systems."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    cyclic: Table = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    panels = [("C3: a group", cyclic), ("x y = y", right_zero(3)), ("x y = e", null_semigroup(3))]
    colours, names = ("#1b6ca8", "#9cc9e8", "#f3c08b"), "eab"
    drawing = Figure(figsize=(5.6, 2.1), layout="constrained")
    for axes, (title, table) in zip(drawing.subplots(1, 3), panels, strict=True):
        for x in range(3):
            for y in range(3):
                axes.add_patch(Rectangle((y - 0.5, x - 0.5), 1, 1, facecolor=colours[table[x][y]], edgecolor="white"))
                axes.text(
                    y, x, names[table[x][y]], ha="center", va="center", color="white" if table[x][y] == 0 else "black"
                )
        axes.set(xlim=(-0.5, 2.5), ylim=(2.5, -0.5), aspect="equal", title=title)
        axes.set_xticks(range(3), list(names))
        axes.set_yticks(range(3), list(names))
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    return drawing
