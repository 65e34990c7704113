"""The claim on isometries: it holds, it is undecided where precision ends, and planted faults in either floor are caught."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import networkx
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.hyperbolic import curves, fidelity_by_definition, isometries, sarkar_trees, tree_isometries
from numerics.hyperbolic import models as hyperbolic
from numerics.hyperbolic import sarkar_fidelity as fidelities
from numerics.hyperbolic.sarkar_fidelity import fidelity
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.hyperbolic import isometry_invariance as page
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Status
from proofs_checks.run import checks
from proofs_checks.strategies.hyperbolic import MODELS, balanced_tree, embedded_trees
from theory.hyperbolic import isometries as exact_isometries
from theory.hyperbolic import models as exactly
from theory.hyperbolic import trees as exact_trees


def numeric(case: Case, seed: int = 0, *, dtype: torch.dtype = torch.float64, **objects: Any) -> kernel.Verdict:
    evidence = checks.gather(page.numeric, case=case, stream=Stream(seed, dtype=dtype), **objects)
    return kernel.judge(evidence, route="numeric", case=case)


def exact(**objects: Any) -> kernel.Verdict:
    return kernel.judge(page.exact(**objects), route="exact")


def tree_case(
    model: str,
    *,
    branching: int = 3,
    depth: int = 2,
    tau: Fraction = Fraction(1),
    n: int = 3,
    rapidity: Fraction = Fraction(1),
) -> Case:
    tree = balanced_tree(branching, depth)
    return Case(n=n, N=len(tree), model=model, tau=tau, rapidity=rapidity, tree=tree)


@given(embedded_trees(checks.PROFILES["full"]), st.integers(0, 2**40))
def test_the_claim_holds_throughout_the_family(case: Case, seed: int) -> None:
    numeric(case, seed).assert_holds()


def test_the_cases_always_run_reach_every_end_and_a_map_below_one() -> None:
    always = page.cases["numeric"].always
    assert {2, 64} <= {case.n for case in always}
    assert {2, 73} <= {case.N for case in always}
    values = []
    for case in always:
        tree = sarkar_trees.tree_from_parents(case.tree)
        points = sarkar_trees.sarkar(tree, float(case.tau), n=case.n)
        found = fidelity(
            tree, points, hyperbolic.poincare_distance, tau=float(case.tau), resolution=tree_isometries.TIE
        )
        values.append(found.mean_average_precision.value)
        numeric(case).assert_holds()
    assert min(values) < 0.9


# --- precision ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "dtype", "why"),
    [
        (
            tree_case("ball", branching=1, depth=60),
            torch.float64,
            "carry a radius of 36; this tree reaches depth 60 times tau 1 = 60",
        ),
        (tree_case("ball", branching=1, depth=30), torch.float64, "At radius 3[01].* leave distances open by"),
        (tree_case("klein", branching=1, depth=12), torch.float64, "klein.* leave distances open by"),
        (tree_case("ball", branching=1, depth=20), torch.float32, "carry a radius of 15.9"),
        (tree_case("half-space"), torch.float32, "torch.float32 coordinates .half-space. leave distances open"),
    ],
)
def test_what_the_precision_cannot_carry_is_undecided(case: Case, dtype: torch.dtype, why: str) -> None:
    verdict = numeric(case, dtype=dtype)
    assert verdict.status is Status.UNDECIDED
    assert re.search(why, verdict.why)


def test_the_same_deep_tree_is_decided_where_the_precision_carries_it() -> None:
    numeric(tree_case("ball", branching=1, depth=60, tau=Fraction(1, 8))).assert_holds()
    numeric(tree_case("klein", branching=1, depth=12, tau=Fraction(1, 4))).assert_holds()


# --- a user's own objects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ({"A": -torch.eye(3, dtype=torch.float64)}, "A_00 > 0, got A_00 = -1"),
        (
            {"A": torch.diag(torch.tensor([1.0, 1.0, 1.1], dtype=torch.float64))},
            r"difference of 0.21 at entry \(2, 2\)",
        ),
        ({"A": torch.eye(3, dtype=torch.int64)}, "floating-point tensor, got a tensor of torch.int64"),
        ({"A": torch.full((3, 3), math.nan, dtype=torch.float64)}, r"A\[0\]\[0\] = nan"),
        ({"A": torch.eye(2, dtype=torch.float64)}, "dimension of at least 2, got 1"),
        ({"tree": networkx.cycle_graph(4)}, "cycle"),
        ({"tree": networkx.Graph([(0, 1), (2, 3)])}, "connected"),
        ({"tree": [(0, 1)], "points": torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)}, "none was moved"),
        (
            {"tree": [(0, 1)], "points": torch.tensor([[0.0, 0.0], [math.nan, 0.0]], dtype=torch.float64)},
            "inside the Poincaré ball",
        ),
        ({"tree": [(0, 1)], "points": torch.tensor([[0, 0], [1, 0]])}, "floating-point tensor of shape"),
        ({"tree": [("a", "b")], "points": torch.zeros(2, 2, dtype=torch.float64)}, r"vertices called 0..1"),
        ({"tree": [(0, 1)], "points": torch.zeros(3, 2, dtype=torch.float64)}, r"points of shape \(2, 2\)"),
        ({"model": "moon"}, "Expected a model among"),
        ({"tau": -1.0}, "positive finite edge length"),
    ],
)
def test_objects_that_miss_a_hypothesis_are_refused_by_name(objects: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        page.numeric(tree_case("ball", n=2), Stream(0), **objects)


def test_exact_matrices_of_a_reader_are_checked_too() -> None:
    exact(
        matrices=[
            sympy.Matrix([[sympy.Rational(5, 3), sympy.Rational(4, 3)], [sympy.Rational(4, 3), sympy.Rational(5, 3)]])
        ]
    ).assert_holds()
    with pytest.raises(InputError, match=r"A\^T J A = J"):
        page.exact(matrices=[2 * sympy.eye(3)])
    with pytest.raises(InputError, match="to be an int, a Fraction or a SymPy expression, got float"):
        page.exact(matrices=[[[1.0, 0.0], [0.0, 1.0]]])


def test_a_reader_s_tree_matrix_and_points_are_what_is_measured() -> None:
    graph = networkx.random_labeled_tree(30, seed=2)
    boost = isometries.lorentz_boost(torch.tensor([0.4, 0.1, -0.3], dtype=torch.float64))
    for model in MODELS:
        numeric(tree_case("ball"), tree=graph, A=boost, model=model).assert_holds()
    points = 0.7 * torch.nn.functional.normalize(Stream(1).normal(30, 3), dim=-1)
    assert numeric(tree_case("ball"), tree=graph, A=boost, points=points).scope.points == 29 * tree_isometries.NODES
    collapsed = numeric(tree_case("ball"), tree=[(0, 1), (1, 2)], points=torch.zeros(3, 2, dtype=torch.float64))
    assert collapsed.status is Status.UNDECIDED
    assert "3 pairs of different vertices lie at distance 0" in collapsed.why


# --- planted faults ------------------------------------------------------------------------------------------------------------


def folded(point: torch.Tensor) -> torch.Tensor:
    """Half-space coordinates with the sign of the last spatial coordinate lost: a folding, which keeps every short path's length."""
    below = point[..., :1] + point[..., -1:].abs()
    return torch.cat([point[..., 1:-1], torch.ones_like(below)], -1) / below


def chord_of_spatial_parts(x: torch.Tensor, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return hyperbolic.lift((1 - t) * x[..., 1:] + t * y[..., 1:])


def flat_speed(curve: Callable[[torch.Tensor], torch.Tensor], t: torch.Tensor) -> torch.Tensor:
    return hyperbolic_speed(curve, t) * curve(t)[..., -1]


def small(module: Any, name: str) -> tuple[Any, str, Callable[..., Any]]:
    sound = getattr(module, name)
    return module, name, lambda *args: sound(*args) / 1000


hyperbolic_speed = curves.half_space_speed
FAULTS: dict[str, tuple[str, list[tuple[Any, str, Callable[..., Any]]]]] = {
    "the Klein ball's distance in the Poincare ball": (
        "half-space",
        [(hyperbolic, "poincare_distance", hyperbolic.klein_distance)],
    ),
    "bounds a thousand times too small": (
        "klein",
        [small(hyperbolic, "endpoint_error"), small(isometries, "action_error")],
    ),
    "ball to sheet without the 2": (
        "ball",
        [(hyperbolic, "ball_to_hyperboloid", lambda x: hyperbolic.lift(x / (1 - x.square().sum(-1, keepdim=True))))],
    ),
    "length element of the plane": ("ball", [(curves, "half_space_speed", flat_speed)]),
    "path that is no geodesic": ("ball", [(curves, "geodesic", chord_of_spatial_parts)]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_numeric_fault_is_refuted(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, patches = FAULTS[fault]
    numeric(tree_case(model)).assert_holds()
    for module, name, wrong in patches:
        monkeypatch.setattr(module, name, wrong)
    assert numeric(tree_case(model)).status is Status.REFUTED


@pytest.mark.parametrize(
    ("model", "chart", "distance"),
    [
        ("half-space", folded, hyperbolic.half_space_distance),
        (
            "half-space",
            hyperbolic.hyperboloid_to_half_space,
            lambda u, v: hyperbolic.half_space_distance(u, v) * (1 + 1e-9),
        ),
        ("klein", hyperbolic.hyperboloid_to_ball, hyperbolic.klein_distance),
        ("hyperboloid", lambda point: point, lambda x, y: (x[..., 1:] - y[..., 1:]).norm(dim=-1)),
    ],
)
def test_a_fault_in_a_model_is_refuted(
    model: str, chart: Callable[..., Any], distance: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(hyperbolic.MODELS, model, hyperbolic.Model(chart, distance, 1))
    assert numeric(tree_case(model)).status is Status.REFUTED


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("_product", lambda sound: lambda ratios: sound(ratios) + 1),
        ("_precisions", lambda sound: lambda *args: ([value / 7 for value in sound(*args)[0]], 0)),
        ("graph_distances", lambda sound: lambda tree, sources: sound(tree, sources).clamp(max=3)),
    ],
)
def test_a_measure_that_is_none_is_refuted_by_counting(
    name: str, wrong: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fidelities, name, wrong(getattr(fidelities, name)))
    verdict = numeric(tree_case("ball", depth=3, branching=2, tau=Fraction(1, 2)))
    assert verdict.status is Status.REFUTED
    assert "by their definitions" in verdict.why


def test_counting_agrees_with_networkx_on_the_distances_in_a_tree() -> None:
    graph = networkx.random_labeled_tree(12, seed=3)
    tree = sarkar_trees.rooted_tree(graph)
    steps = dict(networkx.all_pairs_shortest_path_length(graph))
    table = [[float(steps[u][v]) for v in tree.labels] for u in tree.labels]
    assert fidelity_by_definition.counted_fidelity(tree, table, tau=1.0) == (1.0, 0.0, 1.0)


def test_a_tree_with_edges_of_another_length_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = sarkar_trees.sarkar
    monkeypatch.setattr(sarkar_trees, "sarkar", lambda tree, tau, **rest: sound(tree, tau * (1 + 1e-9), **rest))
    verdict = numeric(tree_case("ball"))
    assert verdict.status is Status.REFUTED
    assert "moved edges" in verdict.why


def test_our_own_matrix_off_by_a_billionth_is_an_error_and_not_a_reader_s(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = isometries.lorentz_boost
    monkeypatch.setattr(isometries, "lorentz_boost", lambda w: sound(w) * (1 + 1e-9))
    with pytest.raises(ValueError, match=r"A\^T J A = J") as caught:
        page.numeric(tree_case("ball"), Stream(0))
    assert not isinstance(caught.value, InputError)


def wrong_blocks(blocks: exact_isometries.Blocks, t: Any, s: Any, g: Any) -> Any:
    a, p, q = blocks
    return (
        a * t + p,
        a * s + q,
        (a**2 + 1) * t * s + t * a * q + s * a * p + g + p * q,
        (a**2 - 1) * t**2 + 2 * t * a * p + t**2 - 1 + p**2,
    )


SYMBOLIC_FAULTS = {
    "blocks": (exact_isometries, "block_image", wrong_blocks),
    "ball": (exactly, "ball_gram", exactly.klein_gram),
    "half-space": (exactly, "half_space_cosh", lambda u, v, gap: 1 + gap / (u * v)),
    "words": (
        exact_isometries,
        "word_identity",
        lambda: (sympy.Matrix([[sympy.Symbol("K")]]), sympy.Matrix([[-sympy.Symbol("K")]])),
    ),
    "corner": (exact_isometries, "cayley_corner", lambda skew: -(1 + skew[1, 0] ** 2) / (1 - skew[1, 0] ** 2)),
    "MAP that divides by seven": (exact_trees, "map_by_counting", lambda edges, table: Fraction(len(table), 7)),
    "an empty profile": (exact_trees, "stretch_profile", lambda edges, table: {}),
}


@pytest.mark.parametrize("fault", SYMBOLIC_FAULTS)
def test_a_planted_derivation_is_refuted(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, name, wrong = SYMBOLIC_FAULTS[fault]
    monkeypatch.setattr(module, name, wrong)
    assert exact().status is Status.REFUTED


def test_two_algorithms_for_map_that_disagree_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = exact_trees.map_by_sorting
    seen = iter(range(10**9))
    monkeypatch.setattr(exact_trees, "map_by_sorting", lambda edges, table: sound(edges, table) + next(seen))
    verdict = exact()
    assert verdict.status is Status.UNDECIDED
    assert "Two algorithms disagree" in verdict.why
