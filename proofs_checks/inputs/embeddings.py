"""Coordinates of users: an embedding of a graph's vertices in a model of hyperbolic
space, or in Euclidean space."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from numerics.hyperbolic import models
from proofs_checks.errors import InputError
from proofs_checks.inputs.archives import arrays_of
from proofs_checks.inputs.files import MAX_BYTES, quoted_name, read_bytes, require_dense
from proofs_checks.inputs.graphs import Graph
from proofs_checks.wording import short

__all__ = ["MODELS", "Embedding", "read_embedding"]

MODELS = ("ball", "hyperboloid", "half-space", "klein", "euclidean")


class Embedding(NamedTuple):
    """Points in the order of the graph's vertices, in the model of curvature -1;
    distances are divided by ``root`` = sqrt(-K)."""

    points: Tensor
    model: str
    root: float
    errors: Tensor  # what each point's rounding may add to a distance from it, first order in eps

    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """The distance in the space of the curvature given."""
        if self.model == "euclidean":
            return torch.linalg.vector_norm(x - y, dim=-1)
        return models.MODELS[self.model].distance(x, y) / self.root


def read_embedding(source: Any, graph: Graph, model: str = "ball", curvature: float = -1.0) -> Embedding:
    """Points of a graph's vertices.

    Args:
        source: A tensor or an array, row k for the vertex called k where vertices are
            the numbers 0..N-1, for the k-th vertex otherwise; a mapping from vertex to
            coordinates; or a file: text with a vertex a line, or an NPZ archive of one
            array.
        graph: Whose vertices these are.
        model: One of :data:`MODELS`.
        curvature: K < 0 (ignored by Euclidean space); ball and Klein ball of radius
            1/sqrt(-K), the hyperboloid's square is 1/K.
    Raises:
        InputError: another number of points, a point on or outside the boundary,
            numbers that are not finite, K >= 0.
    """
    if model not in MODELS:
        raise InputError(f"Expected a model among {', '.join(MODELS)}, got {short(model)}.")
    if isinstance(curvature, bool) or not (
        isinstance(curvature, (int, float)) and math.isfinite(curvature) and curvature < 0
    ):
        raise InputError(
            f"Expected a negative curvature as a number, got {short(curvature)}: a space with K >= 0 is not hyperbolic (model='euclidean' is flat)."
        )
    points = _points(source, graph)
    size = len(graph.vertices)
    if points.ndim != 2 or len(points) != size or not points.shape[1]:
        raise InputError(f"Expected points of shape ({size}, n), one for each vertex, got {tuple(points.shape)}.")
    if not bool(torch.isfinite(points).all()):
        bad = int((~torch.isfinite(points)).any(1).nonzero()[0])
        raise InputError(
            f"Expected finite coordinates, got {points[bad].tolist()[:4]} for vertex {short(graph.vertices[bad])}."
        )
    root = math.sqrt(-curvature)
    if model == "euclidean":
        eps = torch.finfo(points.dtype).eps
        return Embedding(points, model, 1.0, (points.shape[1] + 2) * eps * torch.linalg.vector_norm(points, dim=1))
    if model != "half-space":
        points = points * root
    try:
        sheet = _on_the_sheet(points, model)
        errors = models.endpoint_error(sheet, model) / root
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    return Embedding(points, model, root, errors)


def _on_the_sheet(points: Tensor, model: str) -> Tensor:
    if model == "ball":
        return models.ball_to_hyperboloid(points)
    if model == "klein":
        return models.klein_to_hyperboloid(points)
    if model == "half-space":
        return models.half_space_to_hyperboloid(points)
    return models.lift(models.on_sheet(points))


def _points(source: Any, graph: Graph) -> Tensor:
    if isinstance(source, Mapping):
        return _by_vertex(dict(source), graph)
    if isinstance(source, (str, Path)):
        return _file(source, graph)
    if isinstance(source, Tensor):
        require_dense(source, "the coordinates")
    try:
        points = torch.as_tensor(np.ascontiguousarray(source) if isinstance(source, np.ndarray) else source).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"Expected coordinates as a tensor, an array, a mapping or a file, got {type(source).__name__}."
        ) from error
    if not points.is_floating_point():
        raise InputError(
            f"Expected coordinates as a floating-point tensor, got {points.dtype}. Convert with .double()."
        )
    points = points if points.dtype in (torch.float32, torch.float64) else points.double()
    return _in_order(points, graph)


def _in_order(points: Tensor, graph: Graph) -> Tensor:
    """Row k for the vertex called k, where they are called 0..N-1."""
    if points.ndim == 2 and set(graph.vertices) == set(range(len(points))):
        return points[list(graph.vertices)]
    return points


def _by_vertex(rows: dict[Any, Any], graph: Graph) -> Tensor:
    if missing := [vertex for vertex in graph.vertices if vertex not in rows and str(vertex) not in rows]:
        raise InputError(
            f"Expected coordinates of every vertex, got none of {short(missing[0])} ({len(missing)} of {len(graph.vertices)} are missing)."
        )
    try:
        named = [rows[vertex] if vertex in rows else rows[str(vertex)] for vertex in graph.vertices]
        listed = [[float(entry) for entry in row] for row in named]
        return torch.tensor(listed, dtype=torch.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected rows of numbers of one length as coordinates: {error}.") from error


def _file(path: str | Path, graph: Graph) -> Tensor:
    raw = read_bytes(path)
    if Path(path).suffix == ".npz":
        arrays = arrays_of(raw, quoted_name(path), MAX_BYTES * 4)
        if len(arrays) != 1:
            raise InputError(f"Expected one array in {quoted_name(path)}, got {len(arrays)}.")
        array = next(iter(arrays.values()))
        if array.dtype.kind != "f":
            raise InputError(f"Expected floating-point coordinates in {quoted_name(path)}, got {array.dtype}.")
        return _in_order(torch.from_numpy(np.ascontiguousarray(array)), graph)
    rows: dict[Any, list[float]] = {}
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        raise InputError(
            f"{quoted_name(path)} is no text. Write a vertex and its coordinates a line, or save an NPZ archive."
        ) from None
    for number, line in enumerate(lines, 1):
        words = [word for word in re.split(r"[,\s]+", line.strip()) if word]
        if not words or words[0][0] in "#%":
            continue
        try:
            numbers = [float(word) for word in words[1:]]
        except ValueError:
            raise InputError(
                f"Expected a vertex and numbers in line {number} of {quoted_name(path)}, got {short(line)}."
            ) from None
        if words[0] in rows:
            raise InputError(
                f"Expected each vertex once in {quoted_name(path)}, got {short(words[0])} in line {number} again."
            )
        rows[words[0]] = numbers
    return _by_vertex(rows, graph)
