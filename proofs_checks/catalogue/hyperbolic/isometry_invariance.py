"""Distances, distortion and MAP of a tree's embedding are unchanged by isometries and
by change of model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from sympy import Expr, Matrix, Rational
from torch import Tensor

from numerics.hyperbolic import isometries, models
from numerics.hyperbolic.fidelity_by_definition import counted_fidelity
from numerics.hyperbolic.tree_isometries import COUNTED, RESOLVED, Definition, MovedTree
from numerics.streams import Stream
from proofs_checks.catalogue.hyperbolic.figures import isometry_invariance as figure
from proofs_checks.inputs.trees import cases_of_trees, embed, lorentz_matrices
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.hyperbolic import balanced_tree, embedded_trees
from theory.hyperbolic import isometries as exactly
from theory.hyperbolic import models as exact_models
from theory.hyperbolic import trees as exact_trees

__all__ = ["cases", "cases_for", "controls", "exact", "figure", "numeric"]

Motion = Callable[[Expr, Expr, Expr], exactly.Motion]
Reading = Callable[[exact_models.Gram], Expr]

ENTRIES = (Rational(-1, 2), Rational(1, 3), Rational(2))  # of the skew matrices
EVERY_FIFTH = 5  # matrix moves the small trees


def exact(
    *, motion: Motion = exactly.moebius_translation, matrices: Sequence[Matrix] | None = None, reading: Reading = exact_models.klein_cosh
) -> list[Any]:  # fmt: skip
    """Every dimension through scalars; the sheet by Lagrange's identity, by induction
    over coordinates; small trees one by one."""
    given = exactly.cayley_family(ENTRIES, (1, 2)) if matrices is None else lorentz_matrices(matrices)
    return [
        exact_models.models_agree(reading),
        exactly.lorentz_invariance(),
        exactly.block_images(given),
        exactly.sheet_of_the_corner(),
        exactly.cayley_in_any_size(),
        exactly.cayley_solves(1),
        exactly.cayley_solves(2),
        exactly.motion_keeps_distances(motion),
        exactly.sheet_is_kept(given),
        exact_trees.measures_of_moved_trees(list(given)[::EVERY_FIFTH]),
    ]


def numeric(
    case: Case,
    stream: Stream,
    *,
    tree: Any = None,
    points: Tensor | None = None,
    tau: float | None = None,
    model: str | None = None,
    A: Tensor | None = None,
    act: Callable[[Tensor, Tensor], Tensor] | None = None,
    distance: Callable[[Tensor, Tensor], Tensor] | None = None,
    definition: Definition = counted_fidelity,
) -> list[Evidence]:
    """The tree in the ball, moved by a matrix on the hyperboloid, read in the case's
    model; its edges measured in the half-space."""
    given = embed(case, stream, tree=tree, points=points, tau=tau, model=model, A=A)
    seen = MovedTree(given, act=act, distance=distance)
    sheet = measured(seen.off_the_sheet(), resolves=RESOLVED, name="A X lies on the forward sheet")
    if seen.left_the_sheet:
        return [sheet]
    seen.require_precision()
    found = [
        sheet,
        measured(seen.distances(), resolves=RESOLVED, name="distances of all pairs"),
        *(measured(change, resolves=most, name=name) for name, (change, most) in seen.changes().items()),
        measured(seen.lengths_of_edges(), resolves=RESOLVED, name="lengths of the moved edges"),
    ]
    if len(given.tree) <= COUNTED:
        found += [
            measured(
                seen.count_measures(definition), resolves=RESOLVED, name="distortion and MAP by their definitions"
            ),
            measured(seen.open_rankings(), resolves=RESOLVED, name="MAP among the rankings that errors leave open"),
        ]
    return found


def euclidean_translation(matrix: Tensor, points: Tensor) -> Tensor:
    """The Euclidean translation of the Poincaré ball that sends the centre where the
    matrix sends it."""
    goal = models.hyperboloid_to_ball(models.lift(matrix[1:, 0]))
    return models.ball_to_hyperboloid(models.hyperboloid_to_ball(points) + goal)


def reversed_in_time(matrix: Tensor, points: Tensor) -> Tensor:
    """The matrix followed by -I: it keeps every Lorentz product and leaves the
    sheet."""
    return -isometries.apply_lorentz(matrix, points)


def stretch_alone(tree: Any, table: Any, **settings: Any) -> Any:
    """The measures with the greatest stretch for the worst-case distortion, whatever
    the greatest contraction."""
    found = counted_fidelity(tree, table, **settings)
    return found._replace(worst=max(table[parent][child] for parent, child in tree.edges))


def _case(model: str, n: int, branching: int, depth: int, tau: Fraction, rapidity: Fraction) -> Case:  # noqa: PLR0917
    tree = balanced_tree(branching, depth)
    return Case(n=n, N=len(tree), model=model, tau=tau, rapidity=rapidity, tree=tree)


ONE, QUARTER = Fraction(1), Fraction(1, 4)
# within the half ball, so that a translation stays inside
SMALL = [_case("ball", 2, 2, 2, QUARTER, QUARTER), _case("half-space", 16, 3, 2, QUARTER, QUARTER)]
KLEIN = [_case("klein", 2, 2, 2, QUARTER, QUARTER), _case("klein", 16, 3, 2, QUARTER, QUARTER)]
cases = {"numeric": Cases(embedded_trees, always=[
    _case("ball", 2, 1, 1, Fraction(2), QUARTER), _case("klein", 3, 8, 2, Fraction(1, 2), ONE), _case("half-space", 64, 2, 5, Fraction(3, 2), ONE),
    _case("hyperboloid", 2, 5, 2, Fraction(1, 2), ONE),
])}  # fmt: skip
cases_for = cases_of_trees(cases["numeric"])
controls = {
    "euclidean-translation": [
        Control(exact, fails="the ball's motion", motion=exactly.euclidean_translation),
        Control(numeric, fails="distances of all pairs", cases=SMALL, act=euclidean_translation),
        Control(numeric, fails="worst-case distortion", cases=SMALL, act=euclidean_translation),
        Control(numeric, fails="average distortion", cases=SMALL, act=euclidean_translation),
        Control(numeric, fails="lengths of the moved edges", cases=SMALL, act=euclidean_translation),
    ],
    "minus-identity": [
        Control(exact, fails="the forward sheet is kept", matrices=(-Matrix.eye(2), -Matrix.eye(3))),
        Control(numeric, fails="A X lies on", cases=[*SMALL, _case("klein", 3, 2, 3, ONE, QUARTER)], act=reversed_in_time),
    ],
    "stretch-alone": [Control(numeric, fails="distortion and MAP by", cases=SMALL, definition=stretch_alone)],
    "klein-read-as-ball": [
        Control(exact, fails="Klein = hyperboloid", reading=exact_models.ball_cosh),
        Control(numeric, fails="distances of all pairs", cases=KLEIN, distance=models.poincare_distance),
        Control(numeric, fails="MAP among", cases=KLEIN[1:], distance=models.poincare_distance),
    ],
}  # fmt: skip
