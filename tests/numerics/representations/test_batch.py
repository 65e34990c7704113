"""Batches agree with one by one, and a bad item names itself and leaves the others alone."""

import pytest
import torch

from numerics.representations.averaging import permutation_matrices
from numerics.representations.batch import decompose_batch
from numerics.representations.decomposition import decompose
from numerics.representations.irreps import assemble
from numerics.representations.regular_action import discover
from numerics.streams import Stream

SQUARE = torch.tensor([[1, 2, 3, 0], [0, 3, 2, 1]])
QUATERNION = torch.tensor([[2, 3, 1, 0, 6, 7, 5, 4], [4, 5, 7, 6, 1, 0, 2, 3]])
S4 = torch.tensor([[1, 0, 2, 3], [1, 2, 3, 0]])
TURN3 = torch.tensor([[1, 2, 0]])
GROUPS = {"D4": SQUARE, "S4": S4, "Q8": QUATERNION, "C3": TURN3}
OVER_C = {
    "D4": [(1, 1)] * 4 + [(2, 2)],
    "S4": [(1, 1)] * 2 + [(2, 2)] + [(3, 3)] * 2,
    "Q8": [(1, 1)] * 4 + [(2, 2)],
    "C3": [(1, 1)] * 3,
}


def regular_of(name):
    action = discover(permutation_matrices(GROUPS[name]).to(torch.float64), Stream(0))
    return action, permutation_matrices(torch.as_tensor(action.images)).to(torch.float64)


def pieces(found):
    return sorted((i.dimension, i.multiplicity) for i in found.irreps)


def turned_by(seed, size, count, by):
    """Orthogonal matrices within about ``by`` of the unit."""
    A = Stream(seed).normal(count, size, size)
    A = A - A.mT
    return torch.linalg.matrix_exp(by * A / torch.linalg.matrix_norm(A, ord=2)[:, None, None])


def test_batches_agree_with_one_by_one():
    action, R = regular_of("D4")
    S = Stream(3).normal(12, 8, 8) + 3 * torch.eye(8, dtype=torch.float64)
    many = S[:, None] @ R @ torch.linalg.inv(S)[:, None]
    found = decompose_batch(many, Stream(1), action)
    assert all(found.decided)
    assert found.multiplicities.tolist() == [[1, 1, 1, 1, 2]] * 12
    one = decompose(many[4], Stream(1), action=action)
    assert [(i.dimension, m) for i, m in zip(found.irreps, found.multiplicities[4].tolist(), strict=True)] == pieces(
        one
    )
    T = found.basis[4]
    blocks = assemble([i.matrices for i in found.irreps], found.multiplicities[4].tolist())
    assert float(torch.linalg.matrix_norm(torch.linalg.inv(T) @ many[4].to(T) @ T - blocks).max()) <= 2 * float(
        found.residual[4]
    )


def batch_of_d4(count=12):
    action, R = regular_of("D4")
    S = Stream(3).normal(count, 8, 8) + 3 * torch.eye(8, dtype=torch.float64)
    return action, S[:, None] @ R @ torch.linalg.inv(S)[:, None]


SPOILT = {
    "a shear": (lambda R: torch.block_diag(torch.tensor([[1.0, 1], [0, 1]]), torch.eye(6)).to(R).expand_as(R), "No invariant form"),
    "scaled": (lambda R: 2 * R, "determinant of matrix 0 has modulus"),
    "singular": (lambda R: R * torch.tensor([0.0, *[1.0] * 7], dtype=R.dtype), "Matrix 0 is singular"),
    "not a number": (lambda R: torch.where(torch.eye(8) > 0, torch.nan, R), "NaN"),
    "slightly disturbed": (lambda R: R @ turned_by(1, 8, 2, 1e-3), None),  # near enough to the others' irreps, or not: the residual says so
    "disturbed": (lambda R: R @ turned_by(1, 8, 2, 1e-2), ""),
    "another group": (lambda R: regular_of("Q8")[1], ""),
    "random rotations": (lambda R: turned_by(5, 8, 2, 3.0), ""),
}  # fmt: skip


@pytest.mark.parametrize("field", ["complex", "real"])
@pytest.mark.parametrize("place", [0, 7])
@pytest.mark.parametrize("name", SPOILT)
def test_a_bad_item_of_a_batch_names_itself_and_leaves_the_others_alone(name, place, field):
    spoil, complaint = SPOILT[name]
    action, many = batch_of_d4()
    many[place] = spoil(many[place])
    found = decompose_batch(many, Stream(1), action, field=field)
    others = [k for k in range(12) if k != place]
    assert not found.decided[place] or complaint is None
    assert found.decided[place] or found.why[place].startswith(f"item {place}: ")
    assert (complaint or "") in found.why[place]
    assert float(found.residual[place]) > 1e-4 or not found.decided[place]
    assert all(found.decided[k] for k in others), [found.why[k] for k in others]
    assert float(found.residual[others].max()) < 1e-9
    for k in others:
        assert sorted((i.dimension, m) for i, m in zip(found.irreps, found.multiplicities[k].tolist(), strict=True) if m) == OVER_C["D4"]  # fmt: skip


def test_a_batch_of_nothing_but_bad_items_is_undecided():
    action, many = batch_of_d4(3)
    found = decompose_batch(2 * many, Stream(1), action)
    assert found.decided == (False,) * 3
    assert found.irreps == ()
    assert found.multiplicities.shape == (3, 0)


def test_batches_refuse_other_shapes():
    action, R = regular_of("D4")
    with pytest.raises(ValueError, match="shape"):
        decompose_batch(R, Stream(0), action)
