"""The square's symmetries: four constructions agree, and each damaged description is told from the true one."""

from __future__ import annotations

from dataclasses import replace

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.groups.cayley_graphs import cayley_graph
from theory.groups.d4 import (
    LETTERS,
    NAMES,
    SQUARE,
    automorphisms_by_propagation,
    automorphisms_by_search,
    cayley_edges,
    graph_of_edges,
    nonempty_subsets,
    table_by_completion,
    table_by_corners,
    table_by_cosets,
    table_by_matrices,
)
from theory.groups.families import dihedral


def test_four_constructions_give_the_table_as_written():
    assert SQUARE.table == table_by_corners() == table_by_matrices()
    assert SQUARE.table == table_by_cosets(SQUARE.relators) == table_by_completion(SQUARE.relators)
    assert SQUARE.table == tuple(map(tuple, dihedral(4).table.tolist()))


@pytest.mark.parametrize(
    ("relators", "same"),
    [
        (("rrrr", "ss", "srsr"), True),
        (("rrrr", "SS", "rsrs", "rrrrrrrr"), True),
        (("rrrr", "ss", "srsR"), False),
        (("rrrr", "rrSS", "rsrS"), False),
        (("rrrr", "ss"), False),
        (("rr", "ss", "srsr"), False),
        (("rrrrrrrr", "ss", "srsr"), False),
    ],
)
def test_presentations_are_told_apart_by_cosets_and_by_completion_alike(relators, same):
    assert (table_by_cosets(relators) == SQUARE.table) == same
    assert table_by_cosets(relators) == table_by_completion(relators)


def test_the_library_says_the_same_of_subgroups_classes_and_centre():
    group = dihedral(4)
    assert {frozenset(h) for h in group.subgroups} == SQUARE.subgroups
    assert {frozenset(c.members) for c in group.classes} == SQUARE.classes
    assert frozenset(group.centre) == SQUARE.centre
    assert group.names == NAMES
    assert len(nonempty_subsets()) == 255


def test_the_described_graph_is_the_librarys_cayley_graph():
    drawn = cayley_graph(dihedral(4))
    assert (
        {(x, y, data["name"]) for x, y, data in drawn.edges(data=True)}
        == SQUARE.edges
        == cayley_edges(SQUARE.table, LETTERS)
    )
    assert networkx.is_strongly_connected(graph_of_edges(SQUARE.edges))


def test_automorphisms_are_the_left_multiplications_and_no_right_ones():
    assert automorphisms_by_search(SQUARE.edges) == automorphisms_by_propagation(SQUARE.edges) == set(SQUARE.table)
    right = {tuple(SQUARE.table[x][g] for x in range(8)) for g in range(8)}
    assert right != set(SQUARE.table)


@given(st.permutations(range(8)))
def test_both_searches_agree_on_relabelled_graphs(order):
    edges = frozenset((order[x], order[y], c) for x, y, c in SQUARE.edges)
    assert automorphisms_by_search(edges) == automorphisms_by_propagation(edges)
    assert len(automorphisms_by_search(edges)) == 8


def test_graphs_that_are_no_cayley_graphs_are_refused():
    missing = frozenset(sorted(SQUARE.edges)[1:])
    with pytest.raises(ValueError, match="each letter from each element"):
        automorphisms_by_propagation(missing)
    with pytest.raises(ValueError, match="reached from e"):
        automorphisms_by_propagation(frozenset(edge for edge in SQUARE.edges if edge[2] == "r"))
    assert replace(SQUARE, edges=missing) != SQUARE
