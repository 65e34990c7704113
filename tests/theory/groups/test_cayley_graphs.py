"""Cayley graphs are connected, regular and moved to themselves by left products; they are drawn, or refused."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given

from proofs_checks.strategies.groups import finite_groups
from theory.groups.cayley_graphs import draw
from theory.groups.families import cyclic, dihedral, quaternion, symmetric


@given(finite_groups(16))
def test_cayley_graphs_are_connected_regular_and_moved_to_themselves_by_left_products(group):
    graph = group.cayley_graph()
    degree = len(group.generators)
    assert graph.number_of_nodes() == group.order
    assert all(graph.out_degree(x) == graph.in_degree(x) == degree for x in graph)
    assert networkx.is_strongly_connected(graph)
    edges = {(x, y, d["generator"]) for x, y, d in graph.edges(data=True)}
    a = group.order - 1
    assert {(int(group.multiply(a, x)), int(group.multiply(a, y)), g) for x, y, g in edges} == edges
    moved_right = {(int(group.multiply(x, a)), int(group.multiply(y, a)), g) for x, y, g in edges}
    assert (moved_right == edges) == all(
        int(group.multiply(a, g)) == int(group.multiply(g, a)) for g in group.generators
    )


def test_a_cayley_graph_of_elements_that_do_not_generate_falls_into_cosets():
    group = dihedral(4)
    graph = group.cayley_graph([group.index("r")])
    assert networkx.number_weakly_connected_components(graph) == 2
    assert "layer" not in graph.nodes[group.index("s")]
    with pytest.raises(ValueError, match="identity"):
        group.cayley_graph([0])


@pytest.mark.parametrize("group", [dihedral(4), quaternion(), symmetric(4), cyclic(5), cyclic(1)], ids=repr)
def test_cayley_graphs_are_drawn_with_every_vertex_named(group):
    figure = draw(group.cayley_graph())
    texts = {t.get_text() for t in figure.axes[0].texts}
    assert set(group.names) <= texts


def test_a_graph_too_large_to_draw_is_refused():
    with pytest.raises(ValueError, match="at most 400"):
        draw(symmetric(6).cayley_graph())
