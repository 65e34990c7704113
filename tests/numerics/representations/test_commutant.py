"""Means over a group through a chain of subgroups."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.representations.averaging import permutation_matrices
from numerics.representations.commutant import Mean
from numerics.representations.regular_action import discover
from numerics.streams import Stream

SQUARE = torch.tensor([[1, 2, 3, 0], [0, 3, 2, 1]])
QUATERNION = torch.tensor([[2, 3, 1, 0, 6, 7, 5, 4], [4, 5, 7, 6, 1, 0, 2, 3]])
S4 = torch.tensor([[1, 0, 2, 3], [1, 2, 3, 0]])
TURN3 = torch.tensor([[1, 2, 0]])
GROUPS = {"D4": SQUARE, "S4": S4, "Q8": QUATERNION, "C3": TURN3}
seeds = st.integers(0, 2**32)


def regular_of(name):
    action = discover(permutation_matrices(GROUPS[name]).to(torch.float64), Stream(0))
    return action, permutation_matrices(torch.as_tensor(action.images)).to(torch.float64)


@given(st.sampled_from(sorted(GROUPS)), seeds)
@settings(max_examples=15)
def test_the_mean_through_a_chain_is_the_mean_over_all_elements(name, seed):
    action, R = regular_of(name)
    X = Stream(seed).normal(*R.shape[1:])
    mean = Mean(R, action, Stream(0))
    whole = sum(mean.element(x) @ X @ mean.element(x).mT for x in range(action.order)) / action.order
    slack = (
        action.order * 8 * len(X) * torch.finfo(X.dtype).eps * float(torch.linalg.matrix_norm(X))
    )  # permutation matrices: only sums round
    assert float(torch.linalg.matrix_norm(mean(X) - whole)) <= slack
