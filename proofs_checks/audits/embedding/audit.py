"""The audit of an embedding: how far a graph's distances survive in given coordinates,
or in Sarkar's construction at a given edge length."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numerics.blocks import Over
from proofs_checks.audits.embedding.findings import of_coordinates, of_sarkar
from proofs_checks.audits.embedding.meanings import meaning, next_step
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Finding, Findings
from proofs_checks.inputs.embeddings import read_embedding
from proofs_checks.inputs.graphs import breadth_first_tree, read_graph, tree_of
from proofs_checks.kernel import Status
from proofs_checks.wording import count, short

__all__ = ["audit_embedding"]


def _number(value: Any) -> Any:
    """A NumPy scalar, or a tensor of one number, as a number; anything else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "size", None) != 0 and _is_scalar(value) else value


def _is_scalar(value: Any) -> bool:
    return getattr(value, "ndim", None) == 0 and "complex" not in str(getattr(value, "dtype", ""))


def audit_embedding(
    graph: Any,
    coordinates: Any = None,
    *,
    sarkar: float | None = None,
    model: str = "ball",
    curvature: float = -1.0,
    scale: float | None = None,
    root: Any = None,
    bfs_tree: bool = False,
    subject: str = "",
    progress: Callable[[float, str], None] | None = None,
    over: Over = map,
) -> AuditReport:
    """Measure how faithful an embedding of a graph is, over all pairs of vertices, and
    certify it where it is Sarkar's.

    Args:
        graph: A file of edges (two vertices and perhaps a weight a line), pairs or
            triples, or an undirected networkx graph. Connected.
        coordinates: The embedding: a tensor or array of shape (N, n), a mapping from
            vertex to coordinates, a text file with a vertex and its coordinates a line,
            or an NPZ archive. Row k belongs to the vertex called k where vertices are
            0..N-1, to the k-th otherwise.
        sarkar: In place of coordinates: the edge length tau of Sarkar's construction
            (times its weight for a weighted edge). The graph has to be a tree. No
            coordinates are formed, so that no radius is too large.
        model: ball, hyperboloid, half-space, klein or euclidean.
        curvature: K < 0.
        scale: The length that stands for one edge in the average distortion; tau, or
            the mean over the edges, when left out.
        root: Which vertex a tree hangs from; the first when left out. It decides the
            order of children, and where Sarkar's construction starts.
        bfs_tree: Take the breadth-first tree of a graph that is none.
        subject: What to call it.
        progress: Called with the share that is done and what begins.
        over: Of Sarkar's construction, what carries the pairs out in shares: ``with
            preality.executor("dask", jobs=4).blocks() as over``.
    Raises:
        InputError: the graph or the coordinates cannot be read, the graph is not
            connected, a cycle where a tree is needed, a point on or outside the
            boundary, K >= 0; the message says what came and what to do.
    """
    if (coordinates is None) == (sarkar is None):
        raise InputError("Give either coordinates or sarkar= (an edge length for Sarkar's construction).")
    sarkar, scale, curvature = (_number(value) for value in (sarkar, scale, curvature))
    for name, value in (("sarkar", sarkar), ("scale", scale)):
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, (int, float)) or not (math.isfinite(value) and value > 0)
        ):
            raise InputError(f"Expected a positive finite length in {name}, got {short(value)}.")
    findings = Findings(progress, stages=3)
    with findings.stage("the graph"):
        given = read_graph(graph, subject)
        cyclic = len(given.edges) >= len(given.vertices)
        if bfs_tree:
            given = breadth_first_tree(given, root)
        tree, weights = tree_of(given, root) if sarkar is not None else (None, ())
        text = f"{len(given.vertices):,} vertices, {count(len(given.edges), 'edge')}" + (
            ", weighted" if given.weighted else ""
        )
        how = "; its breadth-first tree is what is measured" if bfs_tree and cyclic else ""
        findings.append(Finding("graph", Status.HOLDS, text + how))
    facts: dict[str, Any] = {
        "vertices": len(given.vertices), "edges": len(given.edges), "model": "sarkar" if sarkar is not None else model, "curvature": curvature, "tau": sarkar,
    }  # fmt: skip
    with findings.stage("all pairs"):
        try:
            if sarkar is not None:
                assert tree is not None
                found, more = of_sarkar(tree, weights, float(sarkar), scale, weighted=given.weighted, over=over)
            else:
                found, more = of_coordinates(given, read_embedding(coordinates, given, model, curvature), scale)
        except (OverflowError, ZeroDivisionError) as error:
            raise InputError(
                f"These lengths leave the range of float64 ({type(error).__name__}: {short(str(error), 80)}): edge lengths and weights have to lie "
                "between 1e-150 and 1e150, with at most as much between them. Measure them in another unit."
            ) from None
    findings += found
    facts |= more
    return AuditReport(
        "embedding", subject or given.name, findings, meaning(findings, facts), next_step(findings, facts), facts
    )
