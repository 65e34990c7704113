"""Character tables: orthogonality as laws over generated groups with mutants that break them, known tables, and what is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from proofs_checks.strategies.groups import finite_groups
from theory.arithmetic.cyclotomic import zeta
from theory.arithmetic.matrices import ExactArray
from theory.groups import FiniteGroup
from theory.groups.families import alternating, cyclic, dihedral, heisenberg, quaternion, semidirect_product, symmetric
from theory.representations import CharacterTable, character_table, irreps
from theory.representations.character_tables import linear_characters


def test_power_maps_names_and_legend_of_a_table_are_readable():
    table = character_table(alternating(5))
    assert table.class_names == ("1a", "2a", "3a", "5a", "5b")
    assert table.power_maps[2] == (0, 0, 2, 4, 3)
    assert table.power_maps[5] == (0, 1, 2, 0, 0)
    assert [str(f) for f in table.fields] == ["Q", "Q(zeta_5)", "Q(zeta_5)", "Q", "Q"]
    assert len(table.legend) == 2
    text = table.text()
    for letter, value in table.legend.items():
        assert f"{letter} = {value}" in text
    assert character_table(quaternion()).types == ("real",) * 4 + ("quaternionic",)
    conjugate = character_table(cyclic(3)).text()
    assert "/A" in conjugate
    assert "o complex" in conjugate


@given(finite_groups(24))
def test_two_runs_print_the_same_table(group):
    again = FiniteGroup(group.table, names=group.names, generators=group.generators)
    assert character_table(group).text() == character_table(again).text()
    assert [part.matrices.tolist() for part in irreps(group)] == [
        part.matrices.tolist() for part in irreps(again)
    ] or group.order > 12


def rows_orthogonal(table: CharacterTable) -> bool:
    k = len(table.degrees)
    sizes = ExactArray.of([[int(i == j) * s for j in range(k)] for i, s in enumerate(table.class_sizes)])
    return table.array @ sizes @ table.array.H == ExactArray.eye(k, table.array.field) * table.group.order


def columns_orthogonal(table: CharacterTable) -> bool:
    k = len(table.degrees)
    centralisers = [
        [Fraction(table.group.order, s) * int(i == j) for j in range(k)] for i, s in enumerate(table.class_sizes)
    ]
    return table.array.T @ table.array.conj() == ExactArray.of(centralisers)


def squares_add_up(degrees, group: FiniteGroup) -> bool:
    return sum(d * d for d in degrees) == group.order


@given(finite_groups())
def test_rows_and_columns_of_a_character_table_are_orthogonal_and_squares_of_degrees_add_up(group):
    table = character_table(group)
    assert rows_orthogonal(table)
    assert columns_orthogonal(table)
    assert squares_add_up(table.degrees, group)


@given(finite_groups().filter(lambda g: g.order > 2))
def test_a_table_with_a_row_repeated_or_a_column_exchanged_is_rejected(group):
    table = character_table(group)
    array = table.array
    repeated = ExactArray(array.field, array.numerators.copy(), array.denominator)
    repeated.numerators[0] = repeated.numerators[-1]
    assert not rows_orthogonal(CharacterTable(group, repeated))
    assert not columns_orthogonal(CharacterTable(group, repeated))
    assert not squares_add_up(table.degrees[1:], group)
    spoiled = ExactArray(array.field, array.numerators.copy(), array.denominator)
    spoiled.numerators[-1, -1, 0] += 1
    assert not columns_orthogonal(CharacterTable(group, spoiled))
    assert not rows_orthogonal(CharacterTable(group, spoiled))


def test_the_lecture_table_of_d4_without_one_row_fails_columns_and_squares():
    """The printed list has R2, R3, R4 and no product of R2 and R3."""
    table = character_table(dihedral(4))
    assert squares_add_up(table.degrees, table.group)
    for row in range(1, 4):
        left = [k for k in range(5) if k != row]
        assert sum(table.degrees[k] ** 2 for k in left) == 7
        columns = table.array[left].T @ table.array[left].conj()
        assert (
            (
                columns
                - ExactArray.of([[int(i == j) * columns.entry(i, i).as_fraction() for j in range(5)] for i in range(5)])
            )
            .nonzero()
            .any()
        )


def weighted_gram(table):
    sizes = ExactArray.of(
        [[int(i == j) * s for j in range(len(table.degrees))] for i, s in enumerate(table.class_sizes)]
    )
    return table.array @ sizes @ table.array.H


@given(finite_groups())
def test_character_tables_satisfy_both_orthogonalities_and_sum_of_squares(group):
    table = character_table(group)
    k = len(group.classes)
    assert sum(d * d for d in table.degrees) == group.order
    assert weighted_gram(table) == ExactArray.eye(k, table.array.field) * group.order
    columns = (table.array.H @ table.array).tolist()
    for a in range(k):
        for b in range(k):
            assert columns[a][b] == (group.order // table.class_sizes[a] if a == b else 0)
    assert list(table.degrees) == sorted(table.degrees)
    assert all(v == 1 for v in table.values[0])


@given(finite_groups())
def test_indicators_count_square_roots_of_the_identity(group):
    """Frobenius and Schur: sum of indicator times degree is the number of x with x^2 = e."""
    table = character_table(group)
    roots = int((group.table[np.arange(group.order), np.arange(group.order)] == 0).sum())
    assert sum(s * d for s, d in zip(table.indicators, table.degrees, strict=True)) == roots


def test_a_wrong_entry_breaks_the_orthogonality_law():
    table = character_table(symmetric(3))
    spoiled = ExactArray(table.array.field, table.array.numerators.copy())
    spoiled.numerators[2, 1, 0] += 1
    assert weighted_gram(type(table)(table.group, spoiled)) != ExactArray.eye(3, table.array.field) * 6


def test_known_tables():
    assert character_table(symmetric(4)).degrees == (1, 1, 2, 3, 3)
    a5 = character_table(alternating(5))
    assert a5.degrees == (1, 3, 3, 4, 5)
    assert a5.class_sizes == (1, 15, 20, 12, 12)
    golden = -(zeta(5) ** 2) - zeta(5) ** 3
    assert golden in a5.values[1]
    assert set(a5.indicators) == {1}
    assert character_table(quaternion()).indicators == (1, 1, 1, 1, -1)
    assert character_table(cyclic(3)).indicators == (1, 0, 0)
    assert "zeta(3)" in character_table(alternating(4)).text()


def test_relabelling_the_group_gives_the_same_degrees_and_indicators():
    group = dihedral(6)
    order = np.random.default_rng(1).permutation(12)
    other = FiniteGroup.from_cayley_table(np.argsort(order)[group.table[np.ix_(order, order)]])
    a, b = character_table(group), character_table(other)
    assert (a.degrees, a.indicators, a.class_sizes, a.class_orders) == (
        b.degrees,
        b.indicators,
        b.class_sizes,
        b.class_orders,
    )
    assert sorted(map(str, (row for line in a.values for row in line))) == sorted(
        map(str, (row for line in b.values for row in line))
    )


@given(finite_groups(16))
def test_linear_characters_are_all_homomorphisms_into_roots_of_unity(group):
    rows, e = linear_characters(group), group.exponent
    assert len(rows) == group.order // len(group.derived_subgroup)
    assert len({tuple(r) for r in rows.tolist()}) == len(rows)
    for row in rows:
        assert ((row[:, None] + row[None, :] - row[group.table]) % e == 0).all()


@pytest.mark.parametrize(
    "group",
    [cyclic(3), cyclic(8), cyclic(5), alternating(4), alternating(5), heisenberg(3), semidirect_product(cyclic(7), cyclic(3), {1: [2 * k % 7 for k in range(7)]})],
    ids=repr,
)  # fmt: skip
def test_a_printed_table_can_be_read_back_by_its_legend(group):
    """Cells -A, /A, -/A stand for minus, conjugate, both."""
    table = character_table(group)
    lines = [line.split() for line in table.text().splitlines()]
    rows = [line[2:] for line in lines if line[0].startswith("chi")]
    assert len(rows) == len(table.degrees)
    for cells, values in zip(rows, table.values, strict=True):
        for cell, value in zip(cells, values, strict=True):
            letter = cell.lstrip("-/")
            if letter not in table.legend:
                assert cell == str(value)
                continue
            number = table.legend[letter]
            number = number.conjugate() if "/" in cell else number
            assert (-number if "-" in cell else number).in_least_field == value.in_least_field


def test_two_processes_with_other_hash_seeds_and_conjugated_generators_print_the_same_table():
    program = (
        "import random, sys\n"
        "from theory.groups import FiniteGroup\n"
        "from theory.representations import character_table, irreps\n"
        "points = list(range(6)); random.Random(sys.argv[1]).shuffle(points)\n"
        "def moved(g):\n"
        "    out = [0] * 6\n"
        "    for x in range(6): out[points[x]] = points[g[x]]\n"
        "    return out\n"
        "group = FiniteGroup.from_permutations([moved([1, 2, 3, 0, 4, 5]), moved([1, 0, 2, 3, 5, 4]), moved([0, 1, 2, 3, 5, 4])])\n"
        "print('\\n'.join(line for line in character_table(group).text().splitlines() if 'e.g.' not in line))\n"
        "print([part.matrices.tolist() for part in irreps(group)])\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program, seed], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1
    assert "chi10" in printed.pop()
