"""What a user may give to the claims about embedded trees: a tree, its points, an edge
length, a model, a Lorentz matrix."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy
import torch
from torch import Tensor

from numerics.errors import PrecisionError
from numerics.hyperbolic import isometries, models, sarkar_trees
from numerics.hyperbolic.tree_isometries import Embedded
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Cases
from proofs_checks.strategies.hyperbolic import RADIUS
from theory.arithmetic.isometries import exact_matrix, lorentz_form, preserves
from theory.proof.statements import Family


def embed(
    case: Case, stream: Stream, *, tree: Any, points: Any, tau: float | None, model: str | None, A: Any
) -> Embedded:
    """The case's tree by Sarkar's construction and its random isometry, with whatever
    the user gave in their place.

    Raises:
        InputError: an object of the user's that misses a hypothesis.
        PrecisionError: a radius that the coordinates cannot carry.
    """
    users = any(thing is not None for thing in (tree, points, tau, model, A))
    try:
        return _embedded(case, stream, tree=tree, points=points, tau=tau, model=model, A=A, users=users)
    except PrecisionError:
        raise
    except (TypeError, ValueError) as error:
        if users:
            raise InputError(str(error)) from error
        raise  # the declared case failed to meet the assumptions: no user's object is at fault


def _embedded(  # noqa: PLR0917
    case: Case, stream: Stream, tree: Any, points: Any, tau: float | None, model: str | None, A: Any, users: bool
) -> Embedded:
    name = model or case.model
    if name not in models.MODELS:
        raise ValueError(f"Expected a model among {', '.join(models.MODELS)}, got {name!r}.")
    found = sarkar_trees.tree_from_parents(case.tree) if tree is None else sarkar_trees.rooted_tree(tree)
    given = None if points is None else torch.as_tensor(points, device=stream.device).detach()
    matrix = _matrix(case, stream, given) if A is None else torch.as_tensor(A, device=stream.device).detach()
    isometries.require_isometry(matrix)
    edge = _edge(case, found, name, tau, users=users)
    if given is not None:
        ball = _users_points(given, found, matrix)
    else:
        _require_room(found, edge, matrix.dtype)
        ball = sarkar_trees.sarkar(found, edge, n=len(matrix) - 1, dtype=matrix.dtype, device=stream.device)
    models.ball_to_hyperboloid(ball)  # refuses points outside the ball
    return Embedded(found, ball, matrix, name, edge, given is None)


def _matrix(case: Case, stream: Stream, points: Tensor | None) -> Tensor:
    """A random isometry: of the case's space, or of the space and in the dtype of the
    user's points."""
    if points is None:
        return isometries.random_isometry(case.n, float(case.rapidity), stream)
    if not points.is_floating_point() or points.ndim != 2:
        raise TypeError(
            f"Expected points as a floating-point tensor of shape (N, n), got {points.dtype} of shape {tuple(points.shape)}."
        )
    return isometries.random_isometry(points.shape[-1], float(case.rapidity), stream).to(points.dtype)


def _users_points(points: Tensor, tree: sarkar_trees.Tree, matrix: Tensor) -> Tensor:
    """Ball coordinates, put in the tree's order: row k belongs to the vertex called
    k."""
    if points.shape != (len(tree), len(matrix) - 1):
        raise ValueError(
            f"Expected points of shape ({len(tree)}, {len(matrix) - 1}), one for each vertex, got {tuple(points.shape)}."
        )
    if points.dtype != matrix.dtype:
        raise TypeError(f"Expected points and A of one dtype, got {points.dtype} and {matrix.dtype}.")
    if set(tree.labels) != set(range(len(tree))):
        raise ValueError(
            f"Expected vertices called 0..{len(tree) - 1}, so that row k of the points belongs to vertex k; got {list(tree.labels)[:4]}, ..."
        )
    return points[list(tree.labels)]


def _edge(case: Case, tree: sarkar_trees.Tree, model: str, tau: float | None, *, users: bool) -> float:
    """The edge's length: as given; as in the case; and for a user's tree or model no
    longer than its radius allows."""
    if tau is not None:
        return float(tau)
    most = float(RADIUS[model] - case.rapidity) / max(tree.depths)
    # with no room at all it is the case's, and too wide later
    return min(float(case.tau), most) if users and most > 0 else float(case.tau)


def _require_room(tree: sarkar_trees.Tree, tau: float, dtype: torch.dtype) -> None:
    if max(tree.depths) * tau > sarkar_trees.largest_radius(dtype):
        raise PrecisionError(
            f"{dtype} coordinates of the ball carry a radius of {sarkar_trees.largest_radius(dtype):.3g}; this tree reaches depth {max(tree.depths)} times "
            f"tau {tau:.4g} = {max(tree.depths) * tau:.4g}. Use a smaller tau, a more central root, or more precision."
        )


def cases_of_trees(declared: Cases) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: the declared cases with the user's objects in their
    place, so that only what is run enters the scope."""

    def cases_for(
        *,
        tree: Any = None,
        points: Any = None,
        tau: float | None = None,
        model: str | None = None,
        A: Any = None,
        **others: Any,
    ) -> list[Case]:
        if others:
            raise InputError(
                f"Expected tree, points, tau, model or A, got {', '.join(others)}. Controls alone substitute the rest."
            )
        try:
            given = _fields(tree, points, A)
        except (TypeError, ValueError) as error:
            raise InputError(str(error)) from error
        asked = [Case(**{**case, **given, "model": model or case.model}) for case in declared.always]
        return list(dict.fromkeys(Case(**{**case, "tau": Fraction(_edge_of(case, tau))}) for case in asked))

    return cases_for


def _fields(tree: Any, points: Any, A: Any) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if tree is not None:
        found = sarkar_trees.rooted_tree(tree)
        given |= {"tree": found.parents, "N": len(found)}
    if A is not None:
        matrix = torch.as_tensor(A).detach()
        isometries.require_isometry(matrix)
        given |= {"n": len(matrix) - 1, "rapidity": Fraction(math.acosh(max(1.0, float(matrix[0, 0]))))}
    elif points is not None:
        given["n"] = int(torch.as_tensor(points).shape[-1])
    return given


def _edge_of(case: Case, tau: float | None) -> float:
    if case.model not in RADIUS:
        return float(case.tau)  # the check names the models that there are
    return _edge(case, sarkar_trees.tree_from_parents(case.tree), case.model, tau, users=True)


def lorentz_matrices(matrices: Any) -> Family:
    """A user's exact matrices, each once, refused unless they satisfy A^T J A = J."""
    try:
        listed: Sequence[Any] = [matrices] if hasattr(matrices, "shape") else matrices
        given = list(dict.fromkeys(exact_matrix(matrix).as_immutable() for matrix in listed))
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    for matrix in given:
        if matrix.rows < 2 or matrix.free_symbols or not preserves(sympy.Matrix(matrix), lorentz_form(matrix.rows - 1)):
            raise InputError(
                f"Expected rational matrices with A^T J A = J, J = diag(-1, 1, ..., 1), got {matrix.tolist()}. Is the time coordinate first?"
            )
    return Family(
        f"given Lorentz matrices, n = {', '.join(str(it.rows - 1) for it in given)}", lambda: given, len(given)
    )
