"""A group as permutations of itself: found in matrices, named by its table, and why it is not found."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations.averaging import cayley_table, closure, permutation_matrices
from numerics.representations.regular_action import NoGroupFound, RegularAction, discover
from numerics.streams import Stream

SQUARE = torch.tensor([[1, 2, 3, 0], [0, 3, 2, 1]])
QUATERNION = torch.tensor([[2, 3, 1, 0, 6, 7, 5, 4], [4, 5, 7, 6, 1, 0, 2, 3]])
S4 = torch.tensor([[1, 0, 2, 3], [1, 2, 3, 0]])
TURN3 = torch.tensor([[1, 2, 0]])
GROUPS = {"D4": SQUARE, "S4": S4, "Q8": QUATERNION, "C3": TURN3}


def regular_of(name):
    action = discover(permutation_matrices(GROUPS[name]).to(torch.float64), Stream(0))
    return action, permutation_matrices(torch.as_tensor(action.images)).to(torch.float64)


@given(st.integers(2, 5).flatmap(lambda m: st.lists(st.permutations(range(m)), min_size=1, max_size=3)))
@settings(max_examples=30)
def test_the_orbit_of_a_vector_is_the_group(generators):
    elements = closure(torch.tensor(generators))
    action = discover(permutation_matrices(torch.tensor(generators)).to(torch.float64), Stream(0))
    assert action.order == len(elements)
    named, chosen = RegularAction.from_table(cayley_table(elements))
    assert named.order == len(elements)
    assert all(g in range(len(elements)) for g in chosen)
    for action_ in (action, named):
        inverses = action_.inverses
        assert all(action_.right(int(inverses[x]))[x] == 0 for x in range(action_.order))
        assert action_.class_sizes.sum() == action_.order
        assert sorted(action_.class_sizes) == sorted(named.class_sizes)
        for x in range(action_.order):
            assert action_.square(x) == action_.right(x)[x]


@given(st.sampled_from(sorted(GROUPS)))
def test_transversals_multiply_to_every_element_once(name):
    action, _ = regular_of(name)
    products = [0]
    for stage in action.chain:
        products = [int(action.right(p)[t]) for t in (0, *stage) for p in products]
    assert sorted(products) == list(range(action.order))


def test_groups_that_are_not_found_say_why():
    angle = torch.tensor([[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]], dtype=torch.float64)[None]
    with pytest.raises(NoGroupFound, match="more than 100"):
        discover(angle, Stream(0), limit=100)
    turn = permutation_matrices(torch.tensor([[1, 2, 0]])).to(torch.float64)
    with pytest.raises(NoGroupFound, match="nobody can tell"):
        discover(turn + 1e-7, Stream(0))
    with pytest.raises(NoGroupFound, match="overflow"):
        discover(torch.full((1, 1, 1), 1e200, dtype=torch.float64), Stream(0))


def test_generators_that_miss_elements_are_refused():
    with pytest.raises(ValueError, match="got generators of 1"):
        RegularAction.from_images(np.array([[0, 1]]))
