"""The embedding audit: figures are those of the definitions, invariant under model and isometry; files, the command line, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import networkx
import numpy as np
import pytest
import torch

from numerics.hyperbolic import isometries, models, sarkar_trees
from numerics.hyperbolic.sarkar_trees import rooted_tree
from proofs_checks import audit, exits
from proofs_checks.cli import audit_command
from proofs_checks.errors import InputError
from proofs_checks.inputs.graphs import class_hierarchy, read_graph
from proofs_checks.kernel import Status

DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data"
GRAPH = networkx.balanced_tree(2, 3)
KEYS = ("d_wc", "d_avg", "map", "pairs", "collapsed_pairs", "certified_bound", "least_tau")


def ball(tau: float = 1.5) -> torch.Tensor:
    """Sarkar's points of the graph, row k for vertex k."""
    tree = rooted_tree(GRAPH)
    points = torch.empty(len(tree), 2, dtype=torch.float64)
    points[list(tree.labels)] = sarkar_trees.sarkar(tree, tau)
    return points


def figures(report) -> list[float]:
    return [report.facts[key] for key in ("d_wc", "d_avg", "map")]


def test_coordinates_and_the_construction_give_one_distortion() -> None:
    given, made = audit.embedding(GRAPH, ball(), scale=1.5), audit.embedding(GRAPH, sarkar=1.5)
    assert figures(given)[:2] == pytest.approx(figures(made)[:2], rel=1e-9)
    assert given.facts["pairs"] == made.facts["pairs"] == 105


def test_models_and_isometries_change_nothing() -> None:
    points = ball()
    known = audit.embedding(GRAPH, points, scale=1.5)
    sheet = models.ball_to_hyperboloid(points)
    boost = isometries.lorentz_boost(torch.tensor([0.7, -0.4], dtype=torch.float64))
    moved = models.lift(isometries.apply_lorentz(boost, sheet)[:, 1:])
    for model in ("hyperboloid", "half-space", "klein", "ball"):
        found = audit.embedding(GRAPH, models.MODELS[model].chart(moved), model=model, scale=1.5)
        assert figures(found)[:2] == pytest.approx(figures(known)[:2], rel=1e-7)
        assert found.status is Status.HOLDS


def test_curvature_changes_the_average_alone() -> None:
    points = ball()
    one = audit.embedding(GRAPH, points, scale=1.5)
    four = audit.embedding(GRAPH, points / 2, curvature=-4.0, scale=1.5)  # the ball of radius 1/2
    assert four.facts["d_wc"] == pytest.approx(one.facts["d_wc"], rel=1e-12)
    assert four.facts["d_avg"] > one.facts["d_avg"] + 0.3
    assert audit.embedding(GRAPH, points / 2, curvature=-4.0, scale=0.75).facts["d_avg"] == pytest.approx(one.facts["d_avg"], rel=1e-12)  # fmt: skip


def test_the_command_line_writes_the_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edges, out = tmp_path / "ring.edges", tmp_path / "out.json"
    edges.write_text("# a ring\n0 1\n1,2\n2\t3\n3 0\n")
    with pytest.raises(InputError, match="--bfs-tree"):
        audit_command.audit("embedding", edges, sarkar=3.0)
    assert audit_command.audit("embedding", edges, sarkar=3.0, bfs_tree=True, root="2", json=out) == exits.HOLDS
    facts = json.loads(out.read_text())["facts"]
    assert set(KEYS) <= set(facts)
    assert facts["d_wc"] <= facts["certified_bound"]
    assert "breadth-first tree" in capsys.readouterr().out
    with pytest.raises(InputError, match="takes no --sarkar"):
        audit_command.audit("group", edges, sarkar=3.0)


def test_coordinates_come_from_files_too(tmp_path: Path) -> None:
    points = ball()
    (tmp_path / "tree.edges").write_text("\n".join(f"{u} {v}" for u, v in GRAPH.edges))
    (tmp_path / "points.txt").write_text("\n".join(f"{k} {float(x)!r} {float(y)!r}" for k, (x, y) in enumerate(points)))
    np.savez(tmp_path / "points.npz", points.numpy())
    known = audit.embedding(GRAPH, points)
    for name in ("points.txt", "points.npz"):
        assert figures(audit.embedding(tmp_path / "tree.edges", tmp_path / name)) == figures(known)


@pytest.mark.parametrize(("text", "message"), [("", "no edge"), ("0 1 2 3\n", "line 1"), ("0 0\n", "no loops"), ("0 1\n1 0\n", "each edge once"), ("0 1 -2\n", "positive finite weight")])  # fmt: skip
def test_edge_lists_that_are_none_are_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.edges"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_graph(path)


def test_the_classes_of_python_are_a_tree() -> None:
    graph = networkx.Graph(class_hierarchy())
    assert networkx.is_tree(graph)
    assert len(graph) > 300


def test_a_longer_edge_is_asked_for_where_nothing_is_certified() -> None:
    report = audit.embedding(networkx.star_graph(9), sarkar=1.0)
    assert report.status is Status.UNDECIDED
    assert "sarkar= above" in report.next_step


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not there")
@pytest.mark.parametrize(("name", "tau", "worst", "bound"), [("phylo_tree", 12.0, 1.157663397, 1.157664393), ("phylo_tree", 6.0, 1.374298857, 1.375510080), ("ca-CSphd", 12.0, 1.288201758, 1.288207971)])  # fmt: skip
def test_the_certificate_is_close_on_trees_of_the_literature(name: str, tau: float, worst: float, bound: float) -> None:
    report = audit.embedding(DATA / f"{name}.edges", sarkar=tau, root=0, bfs_tree=True)
    assert report.facts["d_wc"] == pytest.approx(worst, rel=1e-8)
    assert report.facts["certified_bound"] == pytest.approx(bound, rel=1e-8)
    assert report.facts["map"] == 1.0
