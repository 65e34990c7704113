"""Findings of an embedding: precision, distortion, MAP, collapsed pairs, and the
certificate of Sarkar's construction."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import torch

from numerics.blocks import Over
from numerics.hyperbolic.graph_fidelity import GraphFidelity, adjacency, graph_fidelity
from numerics.hyperbolic.sarkar_all_pairs import AllPairs, all_pairs
from numerics.hyperbolic.sarkar_fidelity import Enclosure
from numerics.hyperbolic.sarkar_trees import Tree, largest_radius, sarkar
from numerics.hyperbolic.tree_frames import plant
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.embeddings import Embedding
from proofs_checks.inputs.graphs import Graph
from proofs_checks.kernel import Status
from proofs_checks.wording import short
from theory.hyperbolic import tree_certificates as certificates
from theory.hyperbolic.edge_lengths import least_tau

SHARP = 1e-3  # an enclosure this wide, relatively, says nothing of the third digit
SHARES = 64  # of the pairs, where they are carried out elsewhere
DRAWN = 2000  # vertices up to which the tree is drawn
CERTIFICATE, WORST, MAP = "certified bound", "worst-case distortion", "mean average precision"


def of_sarkar(
    tree: Tree, weights: tuple[float, ...], tau: float, scale: float | None, *, weighted: bool, over: Over = map
) -> tuple[list[Finding], dict[str, Any]]:
    """Sarkar's construction: measured without coordinates, certified in whole
    numbers."""
    planted = plant(tree, tau, weights=weights if weighted else None)
    seen = all_pairs(planted, scale=scale or tau, shares=1 if over is map else SHARES, over=over)
    found, facts = _measured(seen, tree.labels, scale or tau)
    certificate, more = _certified(tree, weights, tau, seen)
    facts |= {"radius": float(planted.heights.max()) * tau, "certified_bound": None, "least_tau": None, **more}
    facts |= _drawing(tree, tau)
    return [*found, certificate], facts


def _certified(tree: Tree, weights: tuple[float, ...], tau: float, seen: AllPairs) -> tuple[Finding, dict[str, Any]]:
    degree = max(3, *tree.degrees)
    least = (
        float(least_tau(Fraction(seen.worst.high) + Fraction(1, 1000), degree)) / min(weights[1:])
        if seen.worst.high < math.inf
        else None
    )
    threshold = -2 * math.log(math.tan(math.pi / (2 * degree)))
    known = {"least_tau": least, "threshold_tau": threshold, "degree": degree}
    try:
        lengths = [Fraction(tau * weight) for weight in weights]
        hung = certificates.tree_of_lengths(tree.parents, 1, lengths)
    except ValueError as error:
        return Finding(
            CERTIFICATE, Status.UNDECIDED, f"edge lengths have too many bits for the certificate: {error}"
        ), known
    try:
        proved = certificates.best(hung)
    except certificates.Crossing as error:
        text = f"nothing is certified at tau = {tau:.6g}: {error} Above {threshold / min(weights[1:]):.6g} every tree of degree {degree} with these weights has a certificate."
        return Finding(CERTIFICATE, Status.UNDECIDED, text), known
    rho = float(proved.rho)
    witness = {
        "certified_bound": rho,
        "fraction": str(proved.rho),
        "path_length": float(proved.length),
        "path_bound": float(proved.bound),
    }
    status = Status.HOLDS if seen.worst.low <= rho * (1 + 2**-50) else Status.REFUTED
    text = f"distortion at most {rho:.9g}, proved in whole numbers for this tree (nested perpendiculars); measured {seen.worst.value:.9g}"
    return Finding(CERTIFICATE, status, text, witness), {**known, "certified_bound": rho}


def of_coordinates(graph: Graph, embedding: Embedding, scale: float | None) -> tuple[list[Finding], dict[str, Any]]:
    """Coordinates as they were given, in any model."""
    number = {vertex: k for k, vertex in enumerate(graph.vertices)}
    matrix = adjacency(len(graph.vertices), [(number[u], number[v]) for u, v in graph.edges], graph.weights)
    try:
        seen = graph_fidelity(matrix, embedding.points, embedding.distance, errors=embedding.errors, scale=scale)
    except ValueError as error:
        raise InputError(str(error)) from error
    found, facts = _measured(seen, graph.vertices, seen.scale, embedding.points.dtype)
    facts |= {"certified_bound": None, "least_tau": None}
    if embedding.model != "euclidean" and embedding.points.shape[1] == 2 and len(graph.vertices) <= DRAWN:
        facts["drawing"] = _disk(graph, embedding, number)
    return found, facts


def _measured(
    seen: AllPairs | GraphFidelity, labels: tuple[Any, ...], scale: float, dtype: torch.dtype = torch.float64
) -> tuple[list[Finding], dict[str, Any]]:
    """What both have in common."""
    u, v, steps, distance = seen.witness
    pair = f"{short(labels[u])} and {short(labels[v])}, {steps:.6g} apart in the graph, {distance:.6g} in the embedding"
    facts = {
        "d_wc": _number(seen.worst.value), "d_avg": _number(seen.average.value), "map": seen.mean_average_precision, "pairs": seen.pairs,
        "collapsed_pairs": seen.collapsed, "scale": scale, "error": _number(seen.error), "tied": seen.tied,
        "worst_pair": [str(labels[u]), str(labels[v]), steps, distance],
    }  # fmt: skip
    precision = _precision(seen, dtype)
    findings = [precision] if precision else []
    findings.append(_collapse(seen))
    findings += [
        _enclosed(WORST, seen.worst, f"attained by {pair}; all {seen.pairs:,} pairs", collapsed=bool(seen.collapsed)),
        _enclosed(
            "average distortion", seen.average, f"mean of |d_emb/{scale:.6g} - d|/d", collapsed=bool(seen.collapsed)
        ),
    ]
    ties = f"; {seen.tied} strangers tie with a neighbour, and count against the embedding" if seen.tied else ""
    findings.append(
        Finding(
            MAP,
            Status.HOLDS if not seen.collapsed and not precision else Status.UNDECIDED,
            f"{seen.mean_average_precision:.6f}{ties}",
        )
    )
    return findings, facts


def _precision(seen: AllPairs | GraphFidelity, dtype: torch.dtype) -> Finding | None:
    """UNDECIDED with the bits needed where the numbers cannot carry the radius."""
    if seen.least == 0 or seen.error <= SHARP * seen.least:
        return None  # coincident points are told as such
    more = math.ceil(math.log2(seen.error / (SHARP * seen.least))) if math.isfinite(seen.error) else None
    has = round(1 - math.log2(torch.finfo(dtype).eps))
    need = "more digits are needed" if more is None else f"about {has + more} bits of mantissa are needed"
    given = str(dtype).removeprefix("torch.")
    text = f"distances err by up to {seen.error:.2g}, where the least is {seen.least:.3g}: {need} in this model ({given} has {has}); nothing was clipped"
    return Finding("precision", Status.UNDECIDED, text, {"dtype": given, "bits": None if more is None else has + more})


def _collapse(seen: AllPairs | GraphFidelity) -> Finding:
    if not seen.collapsed:
        return Finding("collapsed pairs", Status.HOLDS, "none: every two vertices are apart")
    certain = seen.least == 0
    text = (
        f"{seen.collapsed} of {seen.pairs:,} pairs lie at distance 0"
        + ("" if certain else " to within the errors")
        + ": no finite distortion"
    )
    return Finding("collapsed pairs", Status.REFUTED if certain else Status.UNDECIDED, text)


def _enclosed(name: str, value: Enclosure, text: str, *, collapsed: bool) -> Finding:
    wide = (value.high - value.low) / max(value.value, 1.0) if math.isfinite(value.high) else math.inf
    if wide <= SHARP:
        return Finding(
            name,
            Status.HOLDS,
            f"{value.value:.9g} ({text})",
            {"low": value.low, "value": value.value, "high": value.high},
        )
    why = "a pair collapses" if collapsed else f"the errors leave it between {value.low:.6g} and {value.high:.6g}"
    return Finding(name, Status.UNDECIDED, f"{value.value:.6g}; {why} ({text})")


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


# --- what is drawn ---------------------------------------------------------------------------------------------------------


def _drawing(tree: Tree, tau: float) -> dict[str, Any]:
    """Points in the disk for the picture, at an edge length that a picture can show,
    and distortion against tau."""
    if len(tree) > DRAWN:
        return {}
    edge = min(tau, 0.9 * largest_radius(torch.float64) / max(1, *tree.depths), 2.0)
    points = sarkar(tree, edge).round(decimals=4)
    curve = []
    for factor in (0.5, 0.75, 1.0, 1.5, 2.0, 3.0):
        measured = all_pairs(plant(tree, factor * tau), scale=1.0).worst.value if len(tree) <= DRAWN // 2 else None
        bound = None
        try:
            bound = certificates.best_or_none(
                certificates.tree_of_lengths(tree.parents, 1, [Fraction(factor * tau)] * len(tree))
            )
        except ValueError:
            bound = None
        curve.append([factor * tau, measured, None if bound is None else float(bound.rho)])
    return {
        "drawing": {"points": points.tolist(), "edges": [list(edge) for edge in tree.edges], "tau": edge},
        "against_tau": curve,
    }


def _disk(graph: Graph, embedding: Embedding, number: dict[Any, int]) -> dict[str, Any] | None:
    from numerics.hyperbolic import models

    changes = {
        "ball": models.ball_to_hyperboloid,
        "klein": models.klein_to_hyperboloid,
        "half-space": models.half_space_to_hyperboloid,
    }
    if embedding.model not in changes:
        return None
    try:
        points = models.hyperboloid_to_ball(changes[embedding.model](embedding.points.double()))
    except ValueError:  # too far out for a picture of the disk; distances were measured all the same
        return None
    return {
        "points": points.round(decimals=4).tolist(),
        "edges": [[number[u], number[v]] for u, v in graph.edges],
        "tau": None,
    }
