"""Character tables, class sizes and indicators against GAP: every group of order up to 63, and a spread up to order 1000.

GAP names each group by permutations; these are conjugated at random here, so that both sides share nothing but the abstract group. Columns are
matched through GAP's class representatives, rows as a multiset.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from theory.arithmetic.cyclotomic import Cyclotomic, zeta
from theory.groups import FiniteGroup
from theory.representations.character_tables import character_table

APT = "apt-get install -y --no-install-recommends gap-core gap-smallgrp"
SCRIPT = Path(__file__).parents[3] / "benchmarks" / "gap" / "oracle.g"
needs_gap = pytest.mark.skipif(shutil.which("gap") is None, reason=f"GAP is not installed: {APT}")
SEED = 20
# one or two of each of these orders, the second from the middle of the library's list; and simple or nearly simple groups
ORDERS = (64, 72, 80, 81, 96, 100, 108, 120, 125, 128, 144, 147, 150, 160, 162, 168, 180, 192, 200, 216, 240, 243, 250, 256, 288, 300, 320, 324, 336,
          343, 360, 384, 400, 432, 480, 486, 500, 504, 576, 600, 625, 648, 660, 720, 800, 864, 900, 968, 972, 1000)  # fmt: skip
SIMPLE = (
    (120, 5),
    (120, 34),
    (168, 42),
    (240, 90),
    (336, 114),
    (336, 208),
    (360, 118),
    (504, 156),
    (660, 13),
    (720, 763),
)


def ask_gap(wanted: str) -> list[dict]:
    code = f'LoadPackage("smallgrp");;\nwanted := {wanted};;\n{SCRIPT.read_text()}'
    done = subprocess.run(
        ["gap", "-q", "-A", "-b"], input=code, capture_output=True, text=True, check=True, timeout=300
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, f"GAP printed no groups: {done.stderr[:500]}. Is the package smallgrp there? {APT}"
    return [json.loads(line) for line in lines]


def conjugated(images: list[int], by: np.ndarray) -> list[int]:
    """c g c^-1 for c = ``by``."""
    out = np.empty(len(images), dtype=np.int64)
    out[by] = by[np.array(images)]
    return out.tolist()


def key(number: Cyclotomic) -> tuple:
    low = number.in_least_field
    return low.order, low.numerators, low.denominator


def gap_number(conductor: int, coefficients: list[int]) -> Cyclotomic:
    return sum((c * zeta(conductor, k) for k, c in enumerate(coefficients) if c), Cyclotomic.rational(0))


def build(record: dict, rng: random.Random) -> tuple[FiniteGroup, list[int]]:
    """Our group from conjugated generators, and the class to which each of GAP's representatives belongs."""
    points = list(range(record["degree"]))
    rng.shuffle(points)
    by = np.array(points)
    group = FiniteGroup.from_permutations(
        [conjugated(g, by) for g in record["generators"]] or [points and sorted(points)]
    )
    index = {row.tobytes(): k for k, row in enumerate(group.elements)}
    kind = group.elements.dtype
    elements = [index[np.array(conjugated(x, by), dtype=kind).tobytes()] for x in record["representatives"]]
    return group, group.class_of[elements].tolist()


def disagreements(record: dict, group: FiniteGroup, columns: list[int]) -> list[str]:
    """What differs between GAP's record and our table, in words."""
    table = character_table(group)
    if group.order != record["id"][0] or sorted(columns) != list(range(len(table.class_sizes))):
        return ["order or classes"]
    found = []
    if [table.class_sizes[c] for c in columns] != record["sizes"]:
        found.append("class sizes")
    if [table.class_orders[c] for c in columns] != record["orders"]:
        found.append("orders of classes")
    theirs = [key(gap_number(*v)) for v in record["values"]]
    ours: dict[int, tuple] = {}
    for row in table.values:
        for v in row:
            if id(v) not in ours:
                ours[id(v)] = key(v)
    mine = Counter(
        (tuple(ours[id(row[c])] for c in columns), s) for row, s in zip(table.values, table.indicators, strict=True)
    )
    other = Counter(
        (tuple(theirs[k] for k in row), s) for row, s in zip(record["characters"], record["indicators"], strict=True)
    )
    if mine != other:
        found.append("characters with their indicators")
    return found


def compare(records: list[dict]) -> None:
    rng = random.Random(SEED)
    wrong = {}
    for record in records:
        found = disagreements(record, *build(record, rng))
        if found:
            wrong[tuple(record["id"])] = found
    assert not wrong


@needs_gap
def test_every_group_of_order_at_most_63_has_the_character_table_that_gap_finds():
    records = ask_gap("Concatenation(List([1..63], n -> List([1..NrSmallGroups(n)], k -> [n, k])))")
    assert len(records) == 319
    compare(records)


@needs_gap
def test_a_spread_of_groups_up_to_order_1000_has_the_character_tables_that_gap_finds():
    orders = ", ".join(map(str, ORDERS))
    middle = f"Concatenation(List([{orders}], n -> Set([[n, NrSmallGroups(n)], [n, Int((NrSmallGroups(n) + 1) / 2)]])))"
    simple = ", ".join(f"[{n}, {k}]" for n, k in SIMPLE)
    records = ask_gap(
        f"Filtered(Union({middle}, [{simple}]), id -> id[1] <= 200 or not IsAbelian(SmallGroup(id[1], id[2])))"
    )
    assert len(records) == 77
    assert max(record["id"][0] for record in records) == 1000
    compare(records)


@needs_gap
def test_the_comparison_rejects_a_table_with_one_wrong_sign_and_columns_in_the_wrong_order():
    (record,) = ask_gap("[[24, 3]]")
    group, columns = build(record, random.Random(SEED))
    assert disagreements(record, group, columns) == []
    swapped = [columns[-1], *columns[1:-1], columns[0]]
    assert "class sizes" in disagreements(record, group, swapped) or "orders of classes" in disagreements(
        record, group, swapped
    )
    spoiled = dict(record, indicators=[-s for s in record["indicators"]])
    assert disagreements(spoiled, group, columns) == ["characters with their indicators"]
    place = next(k for k, v in enumerate(record["values"]) if v[0] == 3)
    values = [list(v) for v in record["values"]]
    values[place] = [3, [-c for c in values[place][1]]]
    assert disagreements(dict(record, values=values), group, columns) == ["characters with their indicators"]
