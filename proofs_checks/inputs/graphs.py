"""Graphs of users: edge lists in files, pairs, networkx graphs; and the class hierarchy
of the running Python as an example that is always there."""

from __future__ import annotations

import builtins
import math
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numerics.hyperbolic.sarkar_trees import Tree, rooted_tree
from proofs_checks.errors import InputError
from proofs_checks.inputs.files import quoted_name, read_bytes
from proofs_checks.wording import short

__all__ = ["Graph", "breadth_first_tree", "class_hierarchy", "read_graph", "tree_of"]

BFS = "Take its breadth-first tree: bfs_tree=True, or --bfs-tree."


@dataclass(frozen=True)
class Graph:
    """An undirected connected graph: its vertices in the order in which they came,
    edges, and their positive weights (1 unless given)."""

    vertices: tuple[Any, ...]
    edges: tuple[tuple[Any, Any], ...]
    weights: tuple[float, ...]
    name: str

    @property
    def weighted(self) -> bool:
        """Whether some weight is not 1."""
        return any(weight != 1 for weight in self.weights)


def class_hierarchy() -> list[tuple[str, str]]:
    """Classes of the running Python under ``object``, each under its first base: a tree
    of some thousand vertices, without a download.

    What is imported decides which classes there are.

    >>> ("object", "int") in class_hierarchy()
    True
    """
    edges, queue, seen = [], deque([object]), {object}
    names: dict[type, str] = {object: "object"}
    taken = {"object"}
    while queue:
        base = queue.popleft()
        for kind in type.__subclasses__(base):
            if kind in seen or kind.__bases__[0] is not base:
                continue
            seen.add(kind)
            name = kind.__name__ if kind.__module__ == builtins.__name__ else f"{kind.__module__}.{kind.__qualname__}"
            while name in taken:
                name += "'"
            taken.add(name)
            names[kind] = name
            edges.append((names[base], name))
            queue.append(kind)
    return edges


def read_graph(source: Any, subject: str = "") -> Graph:
    """A graph from a file of edges, from pairs (or triples with a weight), or from an
    undirected networkx graph.

    A file holds an edge a line: two vertices and perhaps a weight, with spaces, tabs or
    commas between; lines that begin with ``#`` or ``%`` are left out.

    Raises:
        InputError: no edge, a line that is none, a loop, an edge twice, a weight that
            is not positive, a directed graph.
    """
    if isinstance(source, (str, Path)):
        return _checked(_lines(source), [], subject or Path(source).name)
    if isinstance(source, type):
        raise InputError(f"Expected a graph, got the class {source.__name__} itself. Make one: {source.__name__}(...).")
    if hasattr(source, "nodes") and hasattr(source, "edges"):
        if getattr(source, "is_directed", bool)():
            raise InputError("Expected an undirected graph, got a directed one. Pass graph.to_undirected().")
        triples = [(u, v, data.get("weight", 1)) for u, v, data in source.edges(data=True)]
        return _checked(triples, list(source.nodes), subject or f"a graph of {len(source)} vertices")
    if not isinstance(source, Iterable):
        raise InputError(
            f"Expected a file of edges, pairs of vertices or a networkx graph, got {type(source).__name__}."
        )
    triples = []
    for edge in source:
        if not isinstance(edge, (list, tuple)) or len(edge) not in (2, 3):
            raise InputError(f"Expected pairs of vertices, perhaps with a weight, got {short(edge)}.")
        triples.append((*edge, 1) if len(edge) == 2 else tuple(edge))
    return _checked(triples, [], subject or "a list of edges")


def _lines(path: str | Path) -> list[tuple[Any, Any, Any]]:
    try:
        text = read_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            f"{quoted_name(path)} is no text. Write an edge a line: two vertices, perhaps a weight."
        ) from None
    triples: list[tuple[Any, Any, Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = [word for word in re.split(r"[,\s]+", line.strip()) if word]
        if not words or words[0][0] in "#%":
            continue
        if len(words) not in (2, 3):
            raise InputError(
                f"Expected two vertices and perhaps a weight in line {number} of {quoted_name(path)}, got {short(line)}."
            )
        ends = [int(word) if re.fullmatch(r"-?\d{1,18}", word) else word for word in words[:2]]
        triples.append((ends[0], ends[1], words[2] if len(words) == 3 else 1))
    return triples


def _checked(triples: list[tuple[Any, ...]], nodes: list[Any], name: str) -> Graph:
    if not triples:
        raise InputError(f"{name} has no edge: there is no pair to measure.")
    seen: set[frozenset[Any]] = set()
    weights = []
    try:
        vertices = tuple(dict.fromkeys([*nodes, *(end for edge in triples for end in edge[:2])]))
        for u, v, weight in triples:
            if u == v:
                raise InputError(f"Expected no loops, got one at vertex {short(u)}. Remove it.")
            pair = frozenset((u, v))
            if pair in seen:
                raise InputError(f"Expected each edge once, got {short(u)} - {short(v)} twice.")
            seen.add(pair)
            weights.append(_weight(weight, u, v))
    except TypeError:
        raise InputError("Expected vertices that can be compared and hashed: numbers or text.") from None
    return Graph(vertices, tuple((u, v) for u, v, _ in triples), tuple(weights), name)


def _weight(weight: Any, u: Any, v: Any) -> float:
    try:
        value = float(weight)
    except (TypeError, ValueError):
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise InputError(
            f"Expected a positive finite weight for the edge {short(u)} - {short(v)}, got {short(weight)}."
        )
    return value


def tree_of(graph: Graph, root: Any = None) -> tuple[Tree, tuple[float, ...]]:
    """The graph as a rooted tree, and the weight of the edge above each of its vertices
    (1 for the root).

    Raises:
        InputError: a cycle, more than one component, or an unknown root; the message
            offers the breadth-first tree.
    """
    try:
        tree = rooted_tree(graph.edges, root=_root(graph, root), vertices=graph.vertices)
    except (TypeError, ValueError) as error:
        text = str(error)
        raise InputError(f"{text.partition(' Take a spanning')[0]} {BFS}" if "cycle" in text else text) from error
    weight = {frozenset(edge): value for edge, value in zip(graph.edges, graph.weights, strict=True)}
    above = [1.0] + [weight[frozenset((tree.labels[p], tree.labels[c]))] for p, c in tree.edges]
    return tree, tuple(above)


def _root(graph: Graph, root: Any) -> Any:
    if root is None or root in graph.vertices:
        return root
    as_text = {str(vertex): vertex for vertex in graph.vertices}
    if str(root) in as_text:
        return as_text[str(root)]
    raise InputError(
        f"There is no vertex {short(root)} to be the root; the first of {len(graph.vertices)} is {short(graph.vertices[0])}."
    )


def breadth_first_tree(graph: Graph, root: Any = None) -> Graph:
    """The tree of first visits from the root (the first vertex unless given),
    neighbours in the order of their edges."""
    near: dict[Any, list[tuple[Any, float]]] = {vertex: [] for vertex in graph.vertices}
    for (u, v), weight in zip(graph.edges, graph.weights, strict=True):
        near[u].append((v, weight))
        near[v].append((u, weight))
    start = graph.vertices[0] if root is None else _root(graph, root)
    edges, weights, seen, queue = [], [], {start}, deque([start])
    while queue:
        vertex = queue.popleft()
        for other, weight in near[vertex]:
            if other not in seen:
                seen.add(other)
                edges.append((vertex, other))
                weights.append(weight)
                queue.append(other)
    if len(seen) < len(graph.vertices):
        lost = next(vertex for vertex in graph.vertices if vertex not in seen)
        raise InputError(
            f"Expected a connected graph, got no path from {short(start)} to {short(lost)} ({len(seen)} of {len(graph.vertices)} reached). Take one component."
        )
    order = (start, *(edge[1] for edge in edges))
    return Graph(order, tuple(edges), tuple(weights), f"the breadth-first tree of {graph.name}")
