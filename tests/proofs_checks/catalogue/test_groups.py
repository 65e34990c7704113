"""The claims on axioms, the square, equivalence and complements: whole families, users' objects, and what is said where nothing can be."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.groups import (
    axioms,
    d4,
    equivalence,
    maschke,
    numerical_decomposition,
    orthogonal_complement,
)
from proofs_checks.kernel import Case, Status
from proofs_checks.run import checks
from proofs_checks.strategies import groups
from theory.groups.axioms import LEFT_RIGHT, SUFFICIENT, TWO_INVERSES, null_semigroup
from theory.groups.d4 import SQUARE, elements

FULL, QUICK = checks.PROFILES["full"], checks.PROFILES["quick"]


def numeric(
    page: ModuleType, case: Case, seed: int = 0, *, dtype: torch.dtype = torch.float64, **objects: Any
) -> kernel.Verdict:
    evidence = checks.gather(page.numeric, case=case, stream=Stream(seed, dtype=dtype), **objects)
    return kernel.judge(evidence, route="numeric", case=case)


def exact(page: ModuleType, **objects: Any) -> kernel.Verdict:
    return kernel.judge(checks.gather(page.exact, **objects), route="exact")


@pytest.mark.parametrize(
    "page", [axioms, d4, equivalence, orthogonal_complement], ids=lambda page: page.__name__.rpartition(".")[2]
)
def test_the_exact_route_holds(page):
    exact(page).assert_holds()


@given(groups.placed_square_cases(FULL), st.integers(0, 2**30))
def test_the_square_is_found_wherever_it_lies(case, seed):
    numeric(d4, case, seed).assert_holds()


@settings(max_examples=40)
@given(groups.equivalent_pair_cases(QUICK), st.integers(0, 2**30))
def test_conjugate_representations_are_never_refuted_and_mostly_decided(case, seed):
    verdict = numeric(equivalence, case, seed)
    assert verdict.status in (Status.HOLDS, Status.UNDECIDED), verdict.why


@settings(max_examples=40)
@given(groups.kept_subspace_cases(FULL), st.integers(0, 2**30))
def test_complements_are_never_refuted_and_mostly_decided(case, seed):
    verdict = numeric(orthogonal_complement, case, seed)
    assert verdict.status in (Status.HOLDS, Status.UNDECIDED), verdict.why


@pytest.mark.parametrize(
    "page", [d4, equivalence, orthogonal_complement], ids=lambda page: page.__name__.rpartition(".")[2]
)
def test_single_precision_is_undecided_or_holds_and_never_refutes(page):
    for case in page.cases["numeric"].always:
        assert numeric(page, case, 7, dtype=torch.float32).status in (Status.HOLDS, Status.UNDECIDED)


def test_hard_conjugations_in_single_precision_say_that_they_cannot_tell():
    case = equivalence.cases["numeric"].always[2]
    assert numeric(equivalence, case, 3, dtype=torch.float32).status is Status.UNDECIDED


def test_a_users_own_table_and_system_are_judged():
    for table in (TWO_INVERSES, null_semigroup(9)):  # they meet none of the systems: nothing was exercised
        idle = exact(axioms, tables=[table], sufficient=SUFFICIENT)
        assert idle.status is Status.INAPPLICABLE
        assert "none claims to be a group" in idle.why
    refuted = exact(axioms, tables=[[[0, 1], [0, 1]]], sufficient=[LEFT_RIGHT])
    assert refuted.status is Status.REFUTED
    assert "((0, 1), (0, 1))" in str(refuted.witness)
    assert exact(axioms, tables=[]).status is Status.UNDECIDED
    with pytest.raises(ValueError, match=r"entries 0\.\.1"):
        exact(axioms, tables=[[[0, 7], [1, 0]]])
    turns = tuple(tuple((a + b) % 9 for b in range(9)) for a in range(9))
    assert exact(axioms, tables=[turns, null_semigroup(9)]).scope.text.startswith("2 of 2 tables of order 9")


def test_a_users_own_module_is_taken_as_a_tuple_and_its_hypotheses_are_looked_at():
    assert exact(maschke, modules=[(3, [[0, 1], [1, 0]], [1, 1])]).status is Status.HOLDS
    moved = exact(maschke, modules=[(3, [[1, 1], [0, 1]], [0, 1])])
    assert moved.status is Status.INAPPLICABLE
    assert "W is not invariant" in moved.why
    shear = [(3, [[1, 1], [0, 1]], [1, 0])]
    missed = exact(maschke, modules=shear)
    assert missed.status is Status.INAPPLICABLE
    assert "characteristic of the field k does not divide |G|: 3 divides 3" in missed.why
    assert (
        exact(maschke, modules=shear, dividing=True).status is Status.REFUTED
    )  # the statement without that hypothesis
    assert exact(maschke, modules=[(3, [[0, 1], [1, 0]], [1, 1])], dividing=True).status is Status.HOLDS
    for wrong in ((4, [[1, 0], [0, 1]], [1, 0]), (3, [[1, 1], [1, 1]], [1, 1]), (3, [[1, 0], [0, 1]], [3, 0])):
        with pytest.raises(ValueError, match="Expected"):
            exact(maschke, modules=[wrong])


@pytest.mark.parametrize(
    "beside",
    [
        replace(SQUARE, centre=elements("e")),
        replace(SQUARE, classes=frozenset(map(elements, ["e", "r2", "r", "r3", "s r2s", "rs r3s"]))),
        replace(SQUARE, subgroups=SQUARE.subgroups | {elements("e r s")}),
        replace(SQUARE, relators=("rrrr", "ss", "srsr", "rr")),
        replace(SQUARE, relators=("srsr",)),
        replace(SQUARE, edges=frozenset(sorted(SQUARE.edges)[1:])),
        replace(SQUARE, table=(SQUARE.table[1], SQUARE.table[0], *SQUARE.table[2:])),
    ],
    ids=[
        "smaller centre",
        "finer classes",
        "a subset too many",
        "a relator too many",
        "relators missing",
        "an edge missing",
        "rows exchanged",
    ],
)
def test_every_wrong_description_of_the_square_is_refuted_exactly(beside):
    assert exact(d4, described=beside).status is Status.REFUTED


def test_four_points_in_another_order_or_number_are_told():
    case = Case(scale=1, shift=0, seed=0)
    crossed = torch.tensor([[1, 1], [-1, -1], [-1, 1], [1, -1]])
    assert numeric(d4, case, corners=crossed).status is Status.REFUTED
    with pytest.raises(ValueError, match="four points"):
        numeric(d4, case, corners=torch.tensor([[1, 1], [-1, 1], [0, 3]]))
    line = numeric(d4, case, corners=torch.tensor([[0, 0], [1, 0], [2, 0], [3, 0]]))
    assert line.status is Status.UNDECIDED
    assert "one line" in line.why


def test_a_nearly_square_rectangle_is_undecided_only_at_the_level_of_rounding():
    corners = torch.tensor([[1 + 1e-6, 1], [-1 - 1e-6, 1], [-1 - 1e-6, -1], [1 + 1e-6, -1]], dtype=torch.float64)
    assert numeric(d4, Case(scale=1, shift=0, seed=0), corners=corners).status is Status.REFUTED
    near = torch.tensor([[1 + 3e-13, 1], [-1 - 3e-13, 1], [-1 - 3e-13, -1], [1 + 3e-13, -1]], dtype=torch.float64)
    assert numeric(d4, Case(scale=1, shift=1, seed=0), corners=near).status in (Status.UNDECIDED, Status.REFUTED)


@pytest.mark.parametrize("constant", [0.5, 1, 1.9, Fraction(199, 101), 1.9999, "1.5", 2, 2.5])
def test_both_routes_agree_on_the_constant_of_the_angle(constant):
    expected = Status.REFUTED if Fraction(str(constant)) < 2 else Status.HOLDS
    assert exact(numerical_decomposition, constant=constant).status is expected
    for k, case in enumerate(numerical_decomposition.cases["numeric"].always):
        assert numeric(numerical_decomposition, case, k, constant=constant).status is expected


def test_a_constant_too_near_to_two_is_left_to_the_exact_route():
    near = Fraction(2) - Fraction(1, 10**12)
    assert exact(numerical_decomposition, constant=near).status is Status.REFUTED
    for k, case in enumerate(numerical_decomposition.cases["numeric"].always):
        verdict = numeric(numerical_decomposition, case, k, constant=near)
        assert verdict.status is Status.UNDECIDED
        assert "nearer to 2" in verdict.why
    for wrong in (0, -1, "two", float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive number"):
            exact(numerical_decomposition, constant=wrong)


def test_a_sum_of_traces_is_no_invariant_of_equivalence():
    assert exact(equivalence, invariant=lambda r: r.degree).status is Status.REFUTED
    assert exact(equivalence, product=lambda pair: pair.first.degree * pair.second.degree).status is Status.REFUTED


def test_figures_are_drawn():
    for page in (axioms, d4, equivalence, orthogonal_complement):
        assert page.figure().axes
