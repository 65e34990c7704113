"""Finite groups side by side with GAP in one run: irreps, character tables, associativity, closure.

Both sides get the same permutations, conjugated at random. GAP's figure is its own Runtime() around the call, without start-up; ours is processor
time around the construction of the group and of what is asked, on fresh objects. What comes out is verified by multiplying, outside the clock.
Limits: irreps faster than GAP on each group, ten times on PSL(2,7) and S6; tables within three times GAP; associativity 1 s; closure 2 s.
Needs GAP: apt-get install -y --no-install-recommends gap-core gap-smallgrp
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from proofs_checks.claim.provenance import processor, versions
from theory.arithmetic.matrices import ExactArray
from theory.groups import FiniteGroup
from theory.groups.cayley_tables import latin_failure, light_test
from theory.groups.families import alternating, direct_product, projective_special_linear, symmetric
from theory.groups.families import cyclic as c
from theory.representations import character_table, irreps

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results" / "groups-exact.json"
IRREPS = {
    "A5": lambda: alternating(5),
    "S5": lambda: symmetric(5),
    "PSL(2,7)": lambda: projective_special_linear(7),
    "S6": lambda: symmetric(6),
}
TIMES_FASTER = {"A5": 1, "S5": 1, "PSL(2,7)": 10, "S6": 10}
POLYGONS = range(3, 257)
CLOCK = 0.001  # seconds: GAP's Runtime() counts milliseconds
SEED = 3
Generators = list[list[int]]
needs_gap = pytest.mark.skipif(
    shutil.which("gap") is None, reason="apt-get install -y --no-install-recommends gap-core gap-smallgrp"
)


def conjugate(generators: Generators, rng: random.Random) -> Generators:
    """c g c^-1 for one random permutation c of the points."""
    points = list(range(len(generators[0])))
    rng.shuffle(points)
    by = np.array(points)
    out = []
    for g in generators:
        images = np.empty(len(by), dtype=np.int64)
        images[by] = by[np.array(g)]
        out.append(images.tolist())
    return out


def ask_gap(script: str, head: str = "") -> list[str]:
    code = f'LoadPackage("smallgrp");;\n{head}\n{(FOLDER / "gap" / script).read_text()}'
    return subprocess.run(
        ["gap", "-q", "-b"], input=code, capture_output=True, text=True, check=True, timeout=3600
    ).stdout.splitlines()


@pytest.fixture(scope="module")
def side_by_side() -> dict[tuple[str, str], tuple[float, list[int], Generators]]:
    """(name, kind) -> GAP's seconds, its degrees, and the generators that both sides get."""
    rng = random.Random(SEED)
    tasks: dict[tuple[str, str], Generators] = {}
    for name, make in IRREPS.items():
        group = make()
        tasks[name, "irreps"] = conjugate([group.elements[g].tolist() for g in group.generators], rng)
    for n in POLYGONS:
        tasks[f"D{n}", "table"] = conjugate([[(k + 1) % n for k in range(n)], [-k % n for k in range(n)]], rng)
    for line in ask_gap("generators.g"):
        name, degree, generators = json.loads(line)
        tasks[name, "table"] = conjugate(generators or [list(range(degree))], rng)
    records = [
        f'rec(name := "{name}", kind := "{kind}", generators := {[[x + 1 for x in g] for g in gens]})'
        for (name, kind), gens in tasks.items()
    ]
    found = {}
    for line in ask_gap("timings.g", "tasks := [" + ",\n".join(records) + "];;"):
        if line.count("|") != 3:  # a remark of GAP's
            continue
        name, kind, milliseconds, degrees = line.split("|")
        found[name, kind] = int(milliseconds) / 1000, json.loads(degrees), tasks[name, kind]
    assert set(found) == set(tasks)
    return found


def in_short_lists(text: str) -> str:
    """Lists of numbers on one line each."""
    return re.sub(r"\[[\d\s.,-]*\]", lambda found: " ".join(found[0].split()), text)


@pytest.fixture(scope="module")
def results() -> dict:
    found: dict = {
        "command": "python -m pytest benchmarks/test_groups.py -p no:cacheprovider",
        "processor": processor(),
        "versions": versions(),
        "figures": {},
    }
    if shutil.which("gap"):
        asked = subprocess.run(
            ["gap", "-q", "-A", "-b"],
            input='Print(GAPInfo.Version, "\\n");',
            capture_output=True,
            text=True,
            check=True,
        )
        found["versions"]["gap"] = asked.stdout.strip()
    yield found
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(in_short_lists(json.dumps(found, indent=1)) + "\n")


def record(results: dict, benchmark, record_property, name: str, figures: dict) -> None:
    results["figures"][name] = figures
    for key, value in figures.items():
        benchmark.extra_info[key] = value
        record_property(key, value)


def verify_irreps(group: FiniteGroup) -> None:
    """Homomorphisms with the table's characters, orthonormal among themselves: so irreducible, different, and all of them."""
    table = character_table(group)
    parts = irreps(group)
    assert sum(part.degree**2 for part in parts) == group.order
    for row, part in enumerate(parts):
        assert part.is_homomorphism
        assert part.character == table.array[row][group.class_of]
    sizes = ExactArray.of([[int(i == j) * s for j in range(len(parts))] for i, s in enumerate(table.class_sizes)])
    assert table.array @ sizes @ table.array.H == ExactArray.eye(len(parts), table.array.field) * group.order


@needs_gap
@pytest.mark.parametrize("name", IRREPS)
def test_explicit_irreps(benchmark, record_property, side_by_side, results, name: str) -> None:
    theirs, degrees, generators = side_by_side[name, "irreps"]
    made: list[FiniteGroup] = []

    def run() -> None:
        made.append(FiniteGroup.from_permutations(generators))
        irreps(made[-1])

    started = time.process_time()
    run()
    ours = time.process_time() - started
    benchmark.pedantic(run, rounds=3)
    verify_irreps(made[0])
    assert sorted(part.degree for part in irreps(made[0])) == degrees
    figures = {
        "seconds, GAP": theirs,
        "seconds, ours (all elements' matrices, first run)": round(ours, 4),
        "times faster": round(theirs / ours, 1),
        "limit": f"at least {TIMES_FASTER[name]} times",
        "fields": sorted({str(part.field) for part in irreps(made[0])}),
        "unitary": f"{sum(part.is_unitary for part in irreps(made[0]))} of {len(degrees)}",
    }
    record(results, benchmark, record_property, f"irreps of {name}", figures)
    assert theirs >= TIMES_FASTER[name] * ours


def table_seconds(generators: Generators) -> tuple[float, list[int]]:
    started = time.process_time()
    table = character_table(FiniteGroup.from_permutations(generators))
    degrees = list(table.degrees)
    return time.process_time() - started, degrees


@needs_gap
def test_character_tables_of_dihedral_groups(benchmark, record_property, side_by_side, results) -> None:
    """Every n, each against three times GAP's figure (read as late as its clock allows), and the sum."""
    ours, theirs = [], []
    for n in POLYGONS:
        seconds, degrees, generators = side_by_side[f"D{n}", "table"]
        mine, found = table_seconds(generators)
        assert found == degrees
        ours.append(mine)
        theirs.append(seconds)
    ratios = [a / (b + CLOCK) for a, b in zip(ours, theirs, strict=True)]
    slowest = max(range(len(ratios)), key=ratios.__getitem__)
    benchmark.pedantic(table_seconds, (side_by_side["D256", "table"][2],), rounds=1)
    figures = {
        "n": f"every n, {POLYGONS[0]}..{POLYGONS[-1]}",
        "seconds, GAP": round(sum(theirs), 3),
        "seconds, ours": round(sum(ours), 3),
        "times faster, all together": round(sum(theirs) / sum(ours), 1),
        "largest ratio ours / GAP": f"{ratios[slowest]:.2f} at n = {POLYGONS[slowest]}",
        "limit": "within 3 times GAP, at every n",
        "load average": [round(x, 1) for x in os.getloadavg()],
        "seconds for each n, GAP": theirs,
        "seconds for each n, ours": [round(x, 4) for x in ours],
    }
    record(results, benchmark, record_property, "tables of D_n", figures)
    assert max(ratios) <= 3
    assert sum(ours) <= 3 * sum(theirs)


@needs_gap
def test_character_tables_of_all_groups_of_order_at_most_63(benchmark, record_property, side_by_side, results) -> None:
    names = [key for key in side_by_side if key[0][0].isdigit()]
    assert len(names) == 319
    ours = []

    def run() -> None:
        for key in names:
            seconds, degrees = table_seconds(side_by_side[key][2])
            ours.append(seconds)
            assert degrees == side_by_side[key][1]

    benchmark.pedantic(run, rounds=1)
    theirs = sum(side_by_side[key][0] for key in names)
    figures = {
        "groups": len(names),
        "seconds, GAP": round(theirs, 3),
        "seconds, ours": round(sum(ours), 3),
        "limit": "within 3 times GAP",
    }
    record(results, benchmark, record_property, "tables of all groups of order <= 63", figures)
    assert sum(ours) <= 3 * theirs


def switched(table: np.ndarray) -> np.ndarray:
    """A Latin table with one 2 x 2 Latin subsquare turned: still Latin, no longer associative."""
    for i in range(1, len(table)):
        j = int(np.flatnonzero(table[i] == table[0, 0])[0])
        if table[i, 0] == table[0, j]:
            out = table.copy()
            out[[0, 0, i, i], [0, j, 0, j]] = table[[i, i, 0, 0], [0, j, 0, j]]
            return out
    raise AssertionError("no subsquare")


def test_associativity_of_a_thousand_elements(benchmark, record_property, results) -> None:
    group = direct_product(c(2), c(2), c(2), c(5), c(5), c(5))  # six generators, as many as an order of 1000 can need
    order = np.random.default_rng(SEED).permutation(1000)
    table = np.argsort(order)[group.table[np.ix_(order, order)]]
    broken = switched(table)
    seconds = {}
    for name, each in (("associative", table), ("one subsquare turned", broken)):
        assert latin_failure(each) is None
        started = time.process_time()
        triple = light_test(each)
        seconds[name] = time.process_time() - started
        assert (triple is None) == (name == "associative")
    x, g, y = triple
    assert broken[broken[x, g], y] != broken[x, broken[g, y]]
    benchmark.pedantic(light_test, (table,), rounds=3)
    figures = {
        **{f"seconds, {k}": round(v, 4) for k, v in seconds.items()},
        "failing triple": list(triple),
        "limit": "1 s each",
    }
    record(results, benchmark, record_property, "associativity of a Latin table of 1000 elements", figures)


def test_closure_of_permutations(benchmark, record_property, results) -> None:
    """PSL(2,61), order 113460, on 62 of 64 points; and the abelian C5^5 x C2^5, order 1e5, on 35 of 64."""
    rng = random.Random(SEED)
    shift = [*((x + 1) % 61 for x in range(61)), 61, 62, 63]
    turn = [61, *(-pow(x, -1, 61) % 61 for x in range(1, 61)), 0, 62, 63]
    lengths = [5] * 5 + [2] * 5
    starts = np.cumsum([0, *lengths]).tolist()
    rotations = [
        [a + (x - a + 1) % k if a <= x < a + k else x for x in range(64)] for a, k in zip(starts, lengths, strict=False)
    ]
    figures: dict[str, object] = {"limit": "2 s each"}
    for name, generators, size in (("PSL(2,61)", [shift, turn], 113_460), ("C5^5 x C2^5", rotations, 100_000)):
        chosen = conjugate(generators, rng)
        started = time.process_time()
        group = FiniteGroup.from_permutations(chosen)
        figures[f"seconds, {name}"] = round(time.process_time() - started, 4)
        assert group.order == size
        assert len(np.unique(group.elements, axis=0)) == size
    benchmark.pedantic(FiniteGroup.from_permutations, (chosen,), rounds=3)
    record(results, benchmark, record_property, "all elements of a permutation group of degree 64", figures)
