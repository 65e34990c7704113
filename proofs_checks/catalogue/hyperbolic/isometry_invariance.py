"""Distances, distortion and MAP of a tree's embedding are unchanged by isometries and by change of model.

The exact route never meets a coordinate in the general statements: two points enter through time coordinates and one inner
product, so that the dimension is a letter. The numeric route reads the embedding in one model by one formula, moves it by a
matrix, reads it in another model by another formula, and measures the moved edges once more from the metric alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import torch
from sympy import Expr, Matrix, Rational, Symbol, symbols
from torch import Tensor

import theory.hyperbolic as exactly
from numerics import hyperbolic, trees
from numerics.random import Stream
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Case, Cases, Control, finite, identity, measured, structural, undecided
from proofs_checks.strategies.trees import RADIUS, balanced_tree, embedded_trees
from theory.isometries import cayley, defect, exact_matrix, lorentz_form, preserves

RESOLVES = 1e-6  # of a distance, in curvature radii; the falsehoods below are off by tenths
TIE = (
    2.0**-16
)  # distances that differ by less rank as ties: far above rounding, far below the gaps of a tree at moderate tau
NODES = 48

# --- exact -----------------------------------------------------------------------------------------------------------------


def exact(
    *,
    motion: Callable[[Expr, Expr, Expr], exactly.Motion] = exactly.moebius_translation,
    matrices: Sequence[Matrix] | None = None,
    reading: Callable[[exactly.Gram], Expr] = exactly.klein_cosh,
) -> list[Any]:
    """Every dimension through scalars; the sheet by Lagrange's identity, by induction on n; small trees one by one."""
    given = _forward_family() if matrices is None else _lorentz(matrices)
    return [*_models(reading), *_lorentz_matrices(), _motion_of_the_ball(motion), _sheet(given), _trees(given[::5])]


def _pair() -> tuple[Symbol, Symbol, Symbol]:
    return *symbols("t s", positive=True), Symbol("g", real=True)


def _models(reading: Callable[[exactly.Gram], Expr]) -> list[Any]:
    """Ball, Klein ball and half-space give the hyperboloid's distance: time coordinates t, s and inner product g, any n."""
    t, s, g = _pair()
    x_n, y_n = symbols("x_n y_n", real=True)
    sheet = exactly.lorentz_cosh(t, s, g)
    inside = [t + x_n > 0, s + y_n > 0]
    return [
        identity(exactly.ball_cosh(exactly.ball_gram(t, s, g)), sheet, name="ball = hyperboloid"),
        identity(reading(exactly.klein_gram(t, s, g)), sheet, name="Klein = hyperboloid"),
        identity(
            exactly.half_space_cosh(*exactly.half_space(t, s, g, x_n, y_n)),
            sheet,
            assuming=inside,
            name="half-space = hyperboloid",
        ),
    ]


def _lorentz_matrices() -> list[Any]:
    """A^T J A = J keeps the product, by blocks, for any n; the Cayley transform solves A^T J A = J, for any n; the sheet's lemma."""
    t, s, g = _pair()
    a, p, q = symbols("a p q", real=True)
    image = exactly.block_image(exactly.Blocks(a, p, q), t, s, g)
    n = Symbol("n", integer=True, positive=True)
    u, v, w = symbols("U V W", real=True)  # |b|^2, |xi|^2, <b, xi>; a^2 = 1 + U, t^2 = 1 + V
    lagrange = structural(
        n,
        base=identity(*exactly.lagrange_small(1), name="n = 1"),
        step=identity(*exactly.lagrange_step(n), name="n to n + 1"),
        small=[identity(*exactly.lagrange_small(k), name=f"n = {k}") for k in (2, 3, 4)],
        name="Lagrange: |b|^2 |x|^2 - <b,x>^2 is a sum of squares",
    )
    return [
        identity(exactly.lorentz_cosh(*image[:3]), exactly.lorentz_cosh(t, s, g), name="<AX, AY> = <X, Y>"),
        identity(image[0] ** 2, 1 + image[3], name="AX stays on the hyperboloid"),
        lagrange,
        identity(
            (1 + u) * (1 + v) - w**2,
            1 + u + v + (u * v - w**2),
            name="(A_00 t)^2 - <b,xi>^2 > 0, so AX lies on the sheet of A_00",
        ),
        identity(*exactly.word_identity(), name="Cayley, any size: (I+K)^T J (I+K) = (I-K)^T J (I-K)"),
        *(evidence for size in (1, 2) for evidence in _cayley(size)),
    ]


def _cayley(n: int) -> list[Any]:
    """The Cayley transform of a skew matrix of symbols, entry by entry, and the sign of its corner."""
    skew, form = exactly.generic_skew(n), lorentz_form(n)
    matrix = cayley(skew, form)
    return [
        identity(defect(matrix, form), 0, name=f"Cayley with symbols, n = {n}"),
        identity(matrix[0, 0], exactly.cayley_corner(skew), name=f"A_00 = (1 + kappa)/(1 - kappa), n = {n}"),
    ]


def _motion_of_the_ball(motion: Callable[[Expr, Expr, Expr], exactly.Motion]) -> Any:
    """The motion of the Poincaré ball that takes 0 to a, through the six scalars of a, x, y in any dimension."""
    aa, xx, yy = symbols("aa xx yy", positive=True)
    ax, ay, xy = symbols("ax ay xy", real=True)
    return identity(
        *exactly.ball_motion(motion, aa, ax, ay, exactly.Gram(xx, yy, xy)), name="the ball's motion keeps distances"
    )


@cache
def _forward_family() -> tuple[Matrix, ...]:
    entries = [Rational(-1, 2), Rational(1, 3), Rational(2)]
    return tuple(matrix for n in (1, 2) for matrix in exactly.forward_cayley_family(n, entries))


def _lorentz(matrices: Sequence[Matrix]) -> tuple[Matrix, ...]:
    """A reader's matrices, refused unless they are exact and satisfy A^T J A = J."""
    try:
        given = tuple(exact_matrix(matrix) for matrix in ([matrices] if hasattr(matrices, "shape") else matrices))
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    for matrix in given:
        if matrix.rows < 2 or matrix.free_symbols or not preserves(matrix, lorentz_form(matrix.rows - 1)):
            raise InputError(
                f"Expected rational matrices with A^T J A = J, J = diag(-1, 1, ..., 1), got {matrix.tolist()}. Is the time coordinate first?"
            )
    return given


def _sheet(matrices: Sequence[Matrix]) -> Any:
    """The criterion A_00 > 0 against a look at where rational points of the forward sheet go."""

    def stays(matrix: Matrix) -> bool:
        rows = exactly.fractions(matrix)
        images = [exactly.move(rows, point) for point in exactly.rational_sheet_points(matrix.rows - 1)]
        return all(image[0] > 0 and image[0] ** 2 == 1 + sum(e * e for e in image[1:]) for image in images)

    return finite(
        matrices, exactly.forward, second=stays, of="rational Lorentz matrices", name="the forward sheet is kept"
    )


def _trees(matrices: Sequence[Matrix]) -> Any:
    """Every labelled tree on 2, 3 and 4 vertices at rational points with ties: what MAP and distortion read, before and after."""
    forest = [edges for size in (2, 3, 4) for edges in exactly.labelled_trees(size)]
    tables = [_tables(matrix) for matrix in matrices]

    def kept(instance: tuple[int, Any]) -> bool:
        before, after, _ = tables[instance[0]]
        edges = instance[1]
        size = len(edges) + 1
        first, last = (_corner(table, size) for table in (before, after))
        return exactly.map_by_counting(edges, first) == exactly.map_by_counting(
            edges, last
        ) and exactly.stretch_profile(edges, first) == exactly.stretch_profile(edges, last)

    def kept_in_the_half_space(instance: tuple[int, Any]) -> bool:
        before, _, after = tables[instance[0]]
        edges = instance[1]
        size = len(edges) + 1
        first, last = (_corner(table, size) for table in (before, after))
        return exactly.map_by_sorting(edges, first) == exactly.map_by_sorting(edges, last) and first == last

    instances = [(k, edges) for k in range(len(matrices)) for edges in forest]
    return finite(
        instances,
        kept,
        second=kept_in_the_half_space,
        of="labelled trees of order 2 to 4, moved",
        name="MAP and distortion",
    )


Table = list[list[Fraction]]


def _tables(matrix: Matrix) -> tuple[Table, Table, Table]:
    """All pairs' cosh: before, after on the hyperboloid, after in the half-space."""
    rows = exactly.fractions(matrix)
    points = exactly.rational_sheet_points(matrix.rows - 1)[:4]
    moved = [exactly.move(rows, point) for point in points]
    return exactly.sheet_table(points), exactly.sheet_table(moved), exactly.half_space_table(moved)


def _corner(table: Table, size: int) -> Table:
    return [row[:size] for row in table[:size]]


# --- numeric ---------------------------------------------------------------------------------------------------------------

Action = Callable[[Tensor, Tensor], Tensor]


class Scene(NamedTuple):
    """A tree, its points on the hyperboloid before and after, and what each point contributes to the error of a distance."""

    tree: trees.Tree
    ball: Tensor
    start: Tensor
    moved: Tensor
    tau: float
    placed: bool
    move: Callable[[Tensor], Tensor]
    before: Tensor
    travel: Tensor
    after: Tensor


def numeric(
    case: Case,
    stream: Stream,
    *,
    tree: Any = None,
    points: Tensor | None = None,
    tau: float | None = None,
    model: str | None = None,
    A: Tensor | None = None,
    act: Action = hyperbolic.apply_lorentz,
    distance: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> list[Any]:
    """The tree in the ball, moved by a matrix on the hyperboloid, read in the case's model; its edges measured in the half-space."""
    name = model or case.model
    own = any(thing is not None for thing in (tree, points, tau, model, A))
    try:
        if name not in hyperbolic.MODELS:
            raise ValueError(f"Expected a model among {', '.join(hyperbolic.MODELS)}, got {name!r}.")
        found = trees.tree_from_parents(case.tree) if tree is None else trees.rooted_tree(tree)
        given = None if points is None else torch.as_tensor(points, device=stream.device).detach()
        matrix = _matrix(case, stream, given) if A is None else torch.as_tensor(A, device=stream.device).detach()
        stored = hyperbolic.require_isometry(matrix)
        edge = _edge(case, found, name, tau, own=own)
        if given is None and max(found.depths) * edge > trees.carries(matrix.dtype):
            return [undecided(_too_far(found, edge, matrix.dtype))]
        ball = (
            trees.sarkar(found, edge, n=len(matrix) - 1, dtype=matrix.dtype, device=stream.device)
            if given is None
            else _own_points(given, found, matrix)
        )
        start = hyperbolic.ball_to_hyperboloid(ball)
    except (TypeError, ValueError) as error:
        if own:
            raise InputError(str(error)) from error
        raise  # our own case failed to meet the assumptions: a fault of ours, not of a reader's object
    raw = act(matrix, start)
    travel = hyperbolic.endpoint_error(start, "hyperboloid") + hyperbolic.action_error(matrix, start, stored)
    evidence = [_on_the_sheet(raw, travel)]
    if bool((raw[:, 0] <= 0).any()):
        return evidence  # no point of hyperbolic space any more: there is no distance to measure
    moved = hyperbolic.lift(raw[:, 1:])
    after = travel + hyperbolic.endpoint_error(moved, name)
    scene = Scene(
        found,
        ball,
        start,
        moved,
        edge,
        given is None,
        lambda point: act(matrix, point),
        hyperbolic.endpoint_error(start, "ball"),
        travel,
        after,
    )
    worst = 2 * float((scene.before + after).max())
    if not worst <= RESOLVES:
        return [undecided(_too_wide(scene, worst, name))]
    chart, read, _ = hyperbolic.MODELS[name]
    return [*evidence, *_all_pairs(scene, chart(moved), distance or read), _edges(scene)]


def _matrix(case: Case, stream: Stream, points: Tensor | None) -> Tensor:
    """A random isometry: of the case's space, or of the space and in the dtype of the reader's points."""
    if points is None:
        return hyperbolic.random_isometry(case.n, float(case.rapidity), stream)
    if not points.is_floating_point() or points.ndim != 2:
        raise TypeError(
            f"Expected points as a floating-point tensor of shape (N, n), got {points.dtype} of shape {tuple(points.shape)}."
        )
    return hyperbolic.random_isometry(points.shape[-1], float(case.rapidity), stream).to(points.dtype)


def _own_points(points: Tensor, tree: trees.Tree, matrix: Tensor) -> Tensor:
    """A reader's ball coordinates, put in the tree's order: row k belongs to the vertex called k."""
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


def _edge(case: Case, tree: trees.Tree, model: str, tau: float | None, *, own: bool) -> float:
    """The edge's length: as given; as in the case; and for a reader's own tree or model no longer than its radius allows."""
    if tau is not None:
        return float(tau)
    most = float(RADIUS[model] - case.rapidity) / max(tree.depths)
    return (
        min(float(case.tau), most) if own and most > 0 else float(case.tau)
    )  # no room at all: found too wide below, and undecided


def _too_far(tree: trees.Tree, tau: float, dtype: torch.dtype) -> str:
    return (
        f"{dtype} coordinates of the ball carry a radius of {trees.carries(dtype):.3g}; this tree reaches depth {max(tree.depths)} times "
        f"tau {tau:.4g} = {max(tree.depths) * tau:.4g}. Use a smaller tau, a more central root, or more precision."
    )


def _too_wide(scene: Scene, worst: float, model: str) -> str:
    radius = float(torch.maximum(scene.start[:, 0], scene.moved[:, 0]).max().acosh())
    return (
        f"At radius {radius:.4g} the {scene.ball.dtype} coordinates ({model}) leave distances open by {worst:.2g}, where {RESOLVES:.0e} "
        "is asked for. Use a smaller tau or rapidity, another model, or more precision."
    )


def _on_the_sheet(raw: Tensor, travel: Tensor) -> Any:
    """The product's own time coordinate against the one that its spatial part determines."""
    expected = hyperbolic.lift(raw[:, 1:])[:, 0]
    eps = torch.finfo(raw.dtype).eps
    bound = Bound(
        {"travel": 2 * travel, "root": raw.shape[1] * eps * expected},
        "Both the time coordinate and the root over the spatial part err by at most the Euclidean error of A X (numerics.hyperbolic.action_error); "
        "the root itself by (n/2 + 2) eps relatively.",
    )
    return measured(
        (raw[:, 0] - expected).abs(), bound, points=len(raw), resolves=1.0, name="A X lies on the forward sheet"
    )


def _all_pairs(scene: Scene, image: Tensor, read: Callable[[Tensor, Tensor], Tensor]) -> list[Any]:
    """Distances of all pairs, and the three measures of fidelity, before and after."""
    residual, before, after = _worst_of_each_row(scene, image, read)
    size = len(scene.tree)
    pairs = size * (size - 1) // 2
    derivation = (
        "Triangle inequality: rounding moves each end of a pair by at most numerics.hyperbolic.endpoint_error (coordinates and formula, of order "
        "n eps cosh r, in the Klein ball n eps cosh^2 r) and, after the matrix, by action_error: (n + 8) eps |A| |X| plus the "
        "matrix's own distance to an isometry; Euclidean error of spatial parts bounds hyperbolic displacement."
    )
    bound = Bound({"before": before, "after": after}, derivation)
    distances = measured(residual, bound, points=pairs, resolves=RESOLVES, name="distances of all pairs")
    first = trees.fidelity(
        scene.tree, scene.ball, hyperbolic.poincare_distance, tau=scene.tau, error=scene.before, resolution=TIE
    )
    last = trees.fidelity(scene.tree, image, read, tau=scene.tau, error=scene.after, resolution=TIE)
    if first.collapsed or last.collapsed:
        why = f"{max(first.collapsed, last.collapsed)} pairs of different vertices lie at distance 0: their distortion is infinite, before and after."
        return [distances, undecided(why)]
    kinds = {
        "worst-case distortion": (first.worst, last.worst, 1e-4 * first.worst.value),
        "average distortion": (first.average, last.average, 1e-4),
        "MAP": (first.mean_average_precision, last.mean_average_precision, 1e-2),
    }
    return [distances, *(_same(name, *ends, pairs=pairs) for name, ends in kinds.items())]


def _worst_of_each_row(
    scene: Scene, image: Tensor, read: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """For each vertex the pair whose distances disagree most, in units of its bound: the change and the two terms of the bound."""
    rows = []
    tile = max(1, 2**22 // image.numel())
    for part in torch.arange(len(image), device=image.device).split(tile):
        first = hyperbolic.poincare_distance(scene.ball[part].unsqueeze(1), scene.ball)
        change = (first - read(image[part].unsqueeze(1), image)).abs()
        before, after = (ends[part].unsqueeze(1) + ends for ends in (scene.before, scene.after))
        at = (change / (before + after)).nan_to_num(nan=torch.inf).argmax(1, keepdim=True)
        rows.append([table.gather(1, at).squeeze(1) for table in (change, before, after)])
    residual, before, after = (torch.cat(parts) for parts in zip(*rows, strict=True))
    return residual, before, after


def _same(name: str, first: trees.Enclosure, last: trees.Enclosure, resolves: float, *, pairs: int) -> Any:
    bound = Bound(
        {"before": first.width, "after": last.width},
        "Each computed value lies, with the true one, in the enclosure that the errors of the distances allow; for MAP these are all "
        f"rankings that the errors leave open, with distances within {TIE:g} ranked as ties.",
    )
    return measured(abs(first.value - last.value), bound, points=pairs, resolves=resolves, name=name)


def _edges(scene: Scene) -> Any:
    """The moved edges' lengths, from the half-space's metric alone, against the length that the construction gave them."""
    parent, child = torch.tensor(scene.tree.edges, device=scene.ball.device).T
    start, end = scene.start[parent], scene.start[child]
    read = hyperbolic.poincare_distance(scene.ball[parent], scene.ball[child])
    length = torch.full_like(read, scene.tau) if scene.placed else read

    def curve(t: Tensor) -> Tensor:
        return hyperbolic.hyperboloid_to_half_space(
            hyperbolic.lift(scene.move(hyperbolic.geodesic(start, end, t))[..., 1:])
        )

    found, quadrature = hyperbolic.curve_length(curve, length, NODES)
    ends = scene.travel + hyperbolic.endpoint_error(scene.moved, "half-space")
    step = 8 * (1 + length) * torch.maximum(ends[parent], ends[child])
    placing = (
        trees.placing_error(scene.tau, scene.start[child, 0])
        if scene.placed
        else scene.before[parent] + scene.before[child]
    )
    bound = Bound(
        {"rounding": step, "quadrature": quadrature, "placing": placing},
        "Gauss-Legendre on an integrand whose poles are known (Trefethen, theorem 19.3). Displacement by e changes the density 1/u_n by at most e "
        "relatively and a velocity's error counts at most its Euclidean length on the sheet; position, velocity and the chart's derivative take "
        "two such errors each, over a length of at most 1 + d, and cosh r along a chord is at most that of its ends. Placing: numerics.trees.",
    )
    return measured(
        (found - length).abs(), bound, points=len(length) * NODES, resolves=RESOLVES, name="lengths of the moved edges"
    )


# --- falsehoods --------------------------------------------------------------------------------------------------------------


def translated(matrix: Tensor, points: Tensor) -> Tensor:
    """The Euclidean translation of the Poincaré ball that sends the centre where the matrix sends it."""
    goal = hyperbolic.hyperboloid_to_ball(hyperbolic.lift(matrix[1:, 0]))
    return hyperbolic.ball_to_hyperboloid(hyperbolic.hyperboloid_to_ball(points) + goal)


def reversed_in_time(matrix: Tensor, points: Tensor) -> Tensor:
    """The matrix followed by -I: it keeps every Lorentz product and leaves the sheet."""
    return -hyperbolic.apply_lorentz(matrix, points)


def _case(
    model: str,
    *,
    n: int = 2,
    branching: int = 2,
    depth: int = 2,
    tau: Fraction = Fraction(1, 4),
    rapidity: Fraction = Fraction(1, 4),
) -> Case:
    tree = balanced_tree(branching, depth)
    return Case(n=n, N=len(tree), model=model, tau=tau, rapidity=rapidity, tree=tree)


SMALL = [
    _case("ball"),
    _case("half-space", n=16, branching=3),
]  # within the half ball, so that a translation stays inside
cases = {
    "numeric": Cases(
        embedded_trees,
        always=[
            _case("ball", depth=1, branching=1, tau=Fraction(2)),
            _case("klein", n=3, branching=8, tau=Fraction(1, 2), rapidity=Fraction(1)),
            _case("half-space", n=64, branching=2, depth=5, tau=Fraction(3, 2), rapidity=Fraction(1)),
        ],
    )
}
controls = {
    "euclidean-translation": [
        Control(exact, motion=exactly.euclidean_translation),
        Control(numeric, cases=SMALL, act=translated),
    ],
    "minus-identity": [
        Control(exact, matrices=(-Matrix.eye(2), -Matrix.eye(3))),
        Control(numeric, cases=[*SMALL, _case("klein", n=3, depth=3, tau=Fraction(1))], act=reversed_in_time),
    ],
    "klein-read-as-ball": [
        Control(exact, reading=exactly.ball_cosh),
        Control(
            numeric, cases=[_case("klein"), _case("klein", n=16, branching=3)], distance=hyperbolic.poincare_distance
        ),
    ],
}


def figure() -> Any:
    """A tree in the Poincaré disk, and the same tree after an isometry: it looks different, and every edge is as long."""
    from matplotlib.figure import Figure

    tree = trees.tree_from_parents(balanced_tree(3, 3))
    ball = trees.sarkar(tree, 1.5)
    start = hyperbolic.ball_to_hyperboloid(ball)
    boost = hyperbolic.lorentz_boost(torch.tensor([1.2, 0.7], dtype=torch.float64))
    parent, child = torch.tensor(tree.edges).T
    t = torch.linspace(0, 1, 7, dtype=torch.float64).reshape(-1, 1, 1)
    sketch = Figure(figsize=(6.4, 3.9), layout="constrained")
    for axes, matrix, name in zip(
        sketch.subplots(1, 2), (torch.eye(3, dtype=torch.float64), boost), ("before", "after an isometry"), strict=True
    ):
        arcs = hyperbolic.hyperboloid_to_ball(
            hyperbolic.lift(
                hyperbolic.apply_lorentz(matrix, hyperbolic.geodesic(start[parent], start[child], t))[..., 1:]
            )
        )
        points = hyperbolic.hyperboloid_to_ball(hyperbolic.lift(hyperbolic.apply_lorentz(matrix, start)[:, 1:]))
        edges = hyperbolic.poincare_distance(points[parent], points[child])
        far = float(hyperbolic.poincare_distance(points.unsqueeze(1), points).max())
        turn = torch.linspace(0, 6.283185307179586, 73)
        axes.plot(turn.cos(), turn.sin(), color="0.5", linewidth=0.8)
        broken = torch.cat([arcs, torch.full_like(arcs[:1], torch.nan)]).transpose(0, 1).reshape(-1, 2)
        axes.plot(broken[:, 0].round(decimals=3), broken[:, 1].round(decimals=3), color="tab:blue", linewidth=1)
        axes.plot(points[:, 0], points[:, 1], "o", color="tab:blue", markersize=2.2)
        axes.plot(points[:1, 0], points[:1, 1], "o", color="tab:red", markersize=4)
        axes.set_title(
            f"{name}\nedges {float(edges.min()):.3f} to {float(edges.max()):.3f}, diameter {far:.3f}", fontsize=9
        )
        axes.set_aspect("equal")
        axes.axis("off")
    return sketch


def cases_for(
    *,
    tree: Any = None,
    points: Tensor | None = None,
    tau: float | None = None,
    model: str | None = None,
    A: Tensor | None = None,
    **others: object,
) -> list[Case]:
    """The declared cases with whatever a reader gave in their place, so that only what was run enters the scope."""
    if others:
        raise InputError(
            f"Expected tree, points, tau, model or A, got {', '.join(others)}. Controls alone substitute the rest."
        )
    given: dict[str, Any] = {}
    try:
        if tree is not None:
            found = trees.rooted_tree(tree)
            given |= {"tree": found.parents, "N": len(found)}
        if A is not None:
            matrix = torch.as_tensor(A).detach()
            hyperbolic.require_isometry(matrix)
            given |= {"n": len(matrix) - 1, "rapidity": Fraction(math.acosh(max(1.0, float(matrix[0, 0]))))}
        elif points is not None:
            given["n"] = int(torch.as_tensor(points).shape[-1])
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    asked = [Case(**{**case, **given, "model": model or case.model}) for case in cases["numeric"].always]
    return list(dict.fromkeys(Case(**{**case, "tau": Fraction(_edge_of(case, tau))}) for case in asked))


def _edge_of(case: Case, tau: float | None) -> float:
    if case.model not in RADIUS:
        return float(case.tau)  # the check names the models that there are
    return _edge(case, trees.tree_from_parents(case.tree), case.model, tau, own=True)
