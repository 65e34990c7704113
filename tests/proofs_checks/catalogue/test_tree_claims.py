"""The claims about trees in hyperbolic space: they hold at every case and for a user's tree, and objects that miss a hypothesis are refused."""

from __future__ import annotations

import importlib
from typing import Any

import networkx
import pytest
from hypothesis import given

from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.hyperbolic import (
    euclidean_distortion,
    fidelity_measures,
    tree_certificate,
    tree_embedding,
    volume_growth,
)
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Status
from proofs_checks.run import checks
from proofs_checks.strategies import planted_trees

PAGES = [tree_embedding, tree_certificate, fidelity_measures, euclidean_distortion, volume_growth]


def numeric(page: Any, case: Case, **objects: Any) -> kernel.Verdict:
    evidence = checks.gather(page.numeric, case=case, stream=Stream(0), **objects)
    return kernel.judge(evidence, route="numeric", case=case)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__.rpartition(".")[2])
def test_every_declared_case_holds(page: Any) -> None:
    for case in page.cases["numeric"].always:
        numeric(page, case).assert_holds()


@given(planted_trees.planted_trees(checks.PROFILES["full"]))
def test_sarkars_bound_holds_throughout_the_family(case: Case) -> None:
    numeric(tree_embedding, case).assert_holds()


@given(planted_trees.weighted_trees(checks.PROFILES["full"]))
def test_certificates_hold_throughout_the_family(case: Case) -> None:
    numeric(tree_certificate, case).assert_holds()


@given(planted_trees.judged_embeddings(checks.PROFILES["full"]))
def test_three_ways_to_the_measures_agree_throughout_the_family(case: Case) -> None:
    numeric(fidelity_measures, case).assert_holds()


def test_a_users_tree_is_what_is_measured() -> None:
    graph = networkx.random_labeled_tree(30, seed=2)
    for page in (tree_embedding, tree_certificate):
        for case in page.cases_for(tree=graph):
            assert case.N == 30
            numeric(page, case, tree=graph).assert_holds()


def test_edges_too_short_for_a_certificate_are_undecided() -> None:
    star = networkx.star_graph(12)
    case = tree_certificate.cases_for(tree=star, tau=0.5)[0]
    verdict = numeric(tree_certificate, case, tree=star, tau=0.5)
    assert verdict.status is Status.UNDECIDED
    assert "perpendiculars cross" in verdict.why


@pytest.mark.parametrize(("objects", "message"), [({"tree": networkx.cycle_graph(4)}, "cycle"), ({"tau": -1.0}, "positive finite edge length"), ({"moon": 1}, "Expected tree or tau"), ({"tree": networkx.path_graph(1600)}, "audit.embedding")])  # fmt: skip
def test_objects_that_miss_a_hypothesis_are_refused_by_name(objects: dict[str, Any], message: str) -> None:
    for page in (tree_embedding, tree_certificate):
        with pytest.raises(InputError, match=message):
            page.cases_for(**objects)


def test_figures_are_drawn() -> None:
    figures = importlib.import_module("proofs_checks.catalogue.hyperbolic.figures_trees")
    assert len(figures.tree_embedding().axes) == 2
    assert len(figures.tree_certificate().axes) == 1
