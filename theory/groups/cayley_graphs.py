"""Cayley graphs: vertices are elements, an edge from x to x g for each generator g; as
networkx graphs, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from theory.groups.table_group import TableGroup

if TYPE_CHECKING:
    import networkx
    from matplotlib.figure import Figure

MAX_DRAWN = 400
_COLOURS = ("#1b6ca8", "#c0182b", "#2e8b57", "#8a5a00", "#6a3d9a", "#444444")


def cayley_graph(group: TableGroup, generators: Sequence[int] | None = None) -> networkx.MultiDiGraph:
    """The Cayley graph of right multiplication.

    Nodes are element indices with ``name``, ``order`` and ``layer`` (length of the
    shortest word, absent where no word leads); edges carry ``generator`` (index) and
    ``name``. Left multiplication by any element maps the graph to itself.

    Raises:
        ValueError: the identity among the generators.
    """
    import networkx

    chosen = list(group.generators if generators is None else generators)
    if 0 in chosen:
        raise ValueError("Expected generators other than the identity, which would give every vertex a loop.")
    graph = networkx.MultiDiGraph(
        name=f"Cayley graph of {group.label or f'a group of order {group.order}'}", label=group.label
    )
    for x in range(group.order):
        graph.add_node(x, name=group.names[x], order=int(group.orders[x]))
    everything = np.arange(group.order)
    for g in chosen:
        for x, y in enumerate(group.multiply(everything, g).tolist()):
            graph.add_edge(x, y, generator=int(g), name=group.names[g])
    for x, layer in networkx.single_source_shortest_path_length(graph, 0).items():
        graph.nodes[x]["layer"] = layer
    return graph


def positions(graph: networkx.MultiDiGraph) -> dict[int, tuple[float, float]]:
    """Where to draw the vertices: two orbits of the first generator or one as
    concentric polygons; more by balancing springs between all pairs.

    The springs are as long as shortest paths (Kamada & Kawai 1989), started from a
    circle, so that two runs agree.
    """
    import networkx

    gens = list(dict.fromkeys(data["generator"] for _, _, data in graph.edges(data=True)))
    following = {g: {x: y for x, y, data in graph.edges(data=True) if data["generator"] == g} for g in gens}
    rings: list[list[int]] = []
    seen: set[int] = set()
    for start in sorted(graph.nodes, key=lambda x: (graph.nodes[x].get("layer", graph.number_of_nodes()), x)):
        if start in seen:
            continue
        ring, x = [], start
        while x not in seen:
            seen.add(x)
            ring.append(x)
            x = following[gens[0]][x] if gens else x
        rings.append(ring)
    if len(rings) > 2:
        flat = networkx.Graph(graph.to_undirected(as_view=True))
        return {x: (float(a), float(b)) for x, (a, b) in networkx.kamada_kawai_layout(flat).items()}
    places = {}
    for k, ring in enumerate(rings):
        radius = 1.0 - k / (len(rings) + 0.5)
        backwards = (
            k > 0 and any(following[g][rings[0][1]] == ring[-1] for g in gens[1:])
            if len(ring) > 2 and len(rings[0]) > 1
            else False
        )
        for j, x in enumerate(ring):
            angle = np.pi / 2 - 2 * np.pi * (-j if backwards else j) / len(ring)
            places[x] = (float(radius * np.cos(angle)), float(radius * np.sin(angle)))
    return places


def draw(graph: networkx.MultiDiGraph, *, title: str | None = None) -> Figure:
    """The graph as a matplotlib figure: a colour for each generator, arrows unless the
    generator is an involution.

    Raises:
        ValueError: more than 400 vertices.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    if graph.number_of_nodes() > MAX_DRAWN:
        raise ValueError(
            f"Expected at most {MAX_DRAWN} vertices to draw, got {graph.number_of_nodes()}; draw the graph of a quotient or of a subgroup."
        )
    figure = Figure(figsize=(4.0, 4.0), layout="constrained")
    axes = figure.subplots()
    places = positions(graph)
    gens = list(dict.fromkeys((data["generator"], data["name"]) for _, _, data in graph.edges(data=True)))
    edges = {g: [(x, y) for x, y, data in graph.edges(data=True) if data["generator"] == g] for g, _ in gens}
    for k, (g, _) in enumerate(gens):
        both_ways = set(edges[g])
        for x, y in edges[g]:
            mutual = (y, x) in both_ways
            if not mutual or x < y:
                style = {
                    "arrowstyle": "-" if mutual else "-|>",
                    "color": _COLOURS[k % len(_COLOURS)],
                    "shrinkA": 7,
                    "shrinkB": 7,
                    "linewidth": 1.2,
                }
                axes.annotate("", xy=places[y], xytext=places[x], arrowprops=style)
    for x, (a, b) in places.items():
        axes.text(a, b, graph.nodes[x]["name"], ha="center", va="center", fontsize=8 if len(places) < 30 else 5)
    handles = [Line2D([], [], color=_COLOURS[k % len(_COLOURS)], label=name) for k, (_, name) in enumerate(gens)]
    if handles:
        axes.legend(handles=handles, loc="upper right", fontsize=8, frameon=False)
    axes.set(
        xlim=(-1.25, 1.25),
        ylim=(-1.25, 1.25),
        aspect="equal",
        title=title if title is not None else graph.graph["name"],
    )
    axes.axis("off")
    return figure
