"""Orthogonal complements, exactly: by ranks and by projectors; the averaged form is invariant and positive, the given one need not be."""

from __future__ import annotations

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic.matrices import ExactArray
from theory.groups.families import cyclic
from theory.representations import Representation
from theory.representations.complements import (
    Subspace,
    averaged_form,
    averaged_form_of_reflection,
    averaged_over_half,
    complement_is_invariant,
    complement_of_the_first_axis,
    form_is_invariant,
    form_is_positive,
    minors_are_positive,
    projector_commutes,
    reflection_in_general,
    regular_subspaces,
    unit_form,
)

SHEARED = list(regular_subspaces(sheared=True).values())


@given(st.sampled_from(SHEARED), st.sampled_from([averaged_form, unit_form, averaged_over_half]))
def test_ranks_and_projectors_decide_alike_under_any_form(subspace, form):
    found = form(subspace)
    assert form_is_positive(found)
    assert complement_is_invariant(subspace, found) == projector_commutes(subspace, found)
    assert form is not averaged_form or (
        form_is_invariant(subspace, found) and complement_is_invariant(subspace, found)
    )


def test_unitary_modules_need_no_average_and_sheared_ones_do():
    assert all(complement_is_invariant(s, unit_form(s)) for s in regular_subspaces(sheared=False).values())
    assert sum(complement_is_invariant(s, unit_form(s)) for s in SHEARED) < len(SHEARED) / 2


def test_the_catalogued_counterexample_moves_the_second_axis():
    reflection = Representation.from_matrices(cyclic(2), [[[1, 0], [0, 1]], [[1, 1], [0, -1]]])
    line = Subspace(reflection, ExactArray.of([[1], [0]]))
    assert not complement_is_invariant(line, unit_form(line))
    assert complement_is_invariant(line, averaged_form(line))
    assert not form_is_invariant(line, unit_form(line))


def test_the_reflections_of_c2_have_their_averaged_complement_in_closed_form():
    reflection = reflection_in_general()
    form = averaged_form_of_reflection(reflection)
    assert sympy.expand(reflection**2) == sympy.eye(2)
    v = complement_of_the_first_axis(form)
    assert sympy.expand(reflection * v + v) == sympy.zeros(2, 1)


@pytest.mark.parametrize(
    ("rows", "positive"),
    [([[1, 0], [0, 1]], True), ([[1, 2], [2, 1]], False), ([[0, 0], [0, 1]], False), ([[2, 1], [1, 1]], True)],
)
def test_positivity_is_read_off_pivots(rows, positive):
    assert form_is_positive(ExactArray.of(rows)) == minors_are_positive(ExactArray.of(rows)) == positive
