"""Maps that multiply almost like a group: the constant of the theorem that certificates rest on, from both sides, and the defect read off edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from numerics.representations import certificates
from numerics.representations.regular_action import RegularAction
from numerics.streams import Stream

PERMUTATIONS = [[1, 0, 2, 3], [1, 2, 3, 0]]
EPS = torch.finfo(torch.float64).eps


def symmetric_group() -> tuple[RegularAction, np.ndarray, Tensor]:
    """S4: its action on itself, its table, and its 3-dimensional unitary representation on the sum-zero vectors."""
    elements = [tuple(range(4))]
    for x in elements:  # grows while it is walked
        for g in PERMUTATIONS:
            y = tuple(g[k] for k in x)
            if y not in elements:
                elements.append(y)
    index = {x: k for k, x in enumerate(elements)}
    table = np.array([[index[tuple(a[k] for k in b)] for b in elements] for a in elements])
    action = RegularAction.from_images(table[[index[tuple(g)] for g in PERMUTATIONS]])
    table = np.argsort(action.labels)[table[np.ix_(action.labels, action.labels)]]
    basis = torch.tensor([[1.0, 1, 1, 1], [1, -1, 0, 0], [1, 1, -2, 0], [1, 1, 1, -3]], dtype=torch.float64)
    basis = basis / basis.norm(dim=1, keepdim=True)
    matrices = []
    for k in action.labels:
        permutation = torch.zeros(4, 4, dtype=torch.float64)
        permutation[list(elements[k]), range(4)] = 1
        matrices.append((basis @ permutation @ basis.T)[1:, 1:])
    return action, table, torch.stack(matrices).to(torch.complex128)


def unitary_noise(stream: Stream, count: int, size: int, scale: float) -> Tensor:
    noise = torch.complex(stream.normal(count, size, size), stream.normal(count, size, size))
    return torch.linalg.matrix_exp(scale * (noise - noise.mH))


def defect(W: Tensor, table: np.ndarray) -> float:
    """sup |W(x) W(y) - W(xy)|, operator norms."""
    return max(float(torch.linalg.matrix_norm(W[x] @ W - W[table[x]], ord=2).max()) for x in range(len(W)))


def nearby_representation(W: Tensor, table: np.ndarray) -> Tensor:
    """pi = U* lambda U of the proof, computed: L2(G, V) has dimension n d."""
    n, d = W.shape[:2]
    J = W.mH.reshape(n * d, d) / math.sqrt(n)
    shift = []
    for x in range(n):  # (lambda(x) f)(x y) = f(y)
        matrix = torch.zeros(n, n, dtype=W.dtype)
        matrix[table[x], range(n)] = 1
        shift.append(torch.kron(matrix, torch.eye(d, dtype=W.dtype)))
    translates = torch.stack(shift)
    A = (translates @ (J @ J.mH) @ translates.mH).mean(0)
    values, vectors = torch.linalg.eigh((A + A.mH) / 2)
    upper = vectors[:, values > 0.5]
    assert upper.shape[1] == d
    left, _, right = torch.linalg.svd(upper @ (upper.mH @ J), full_matrices=False)
    U = left @ right
    return U.mH @ translates @ U


def promised(delta: float) -> float:
    s = delta / (1 - delta)
    return delta + 2 * (1 - math.sqrt(1 - s * s))


@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("seed", range(3))
def test_a_representation_lies_within_the_bound_and_none_within_a_third_of_the_defect(scale, seed):
    _, table, exact = symmetric_group()
    W = exact @ unitary_noise(Stream(seed), len(exact), 3, scale)
    W[0] = torch.eye(3)
    delta = defect(W, table)
    assert delta < 0.25
    pi = nearby_representation(W, table)
    rounding = 200 * EPS * len(W) * 3  # of an eigenproblem of size n d, gap above 1/2, and three products
    assert defect(pi, table) <= rounding
    distance = float(torch.linalg.matrix_norm(pi - W, ord=2).max())
    assert distance <= promised(delta) + rounding
    assert distance >= delta / 3 - rounding  # the bound is never more than 3.1 times too wide at delta <= 1/100
    if delta <= 0.01:
        assert promised(delta) <= 1.02 * delta


def test_a_constant_below_a_third_would_be_refuted():
    _, table, exact = symmetric_group()
    W = exact @ unitary_noise(Stream(5), len(exact), 3, 1e-3)
    distance = float(torch.linalg.matrix_norm(nearby_representation(W, table) - W, ord=2).max())
    assert distance > 0.3 * defect(W, table)


def along_words(M: Tensor, action: RegularAction) -> Tensor:
    whole = torch.empty(action.order, *M.shape[1:], dtype=M.dtype)
    whole[0] = torch.eye(M.shape[-1])
    for x in range(1, action.order):
        whole[x] = M[action.letter[x]] @ whole[action.parent[x]]
    return whole


@pytest.mark.parametrize("scale", [1e-8, 1e-5, 1e-4])
@pytest.mark.parametrize("seed", range(4))
def test_the_defect_read_off_edges_bounds_that_of_all_pairs(scale, seed):
    """Generators that are neither unitary nor satisfy the relations; the unitary parts of their words over all 576 pairs."""
    action, table, exact = symmetric_group()
    stream = Stream(seed)
    noise = torch.complex(stream.normal(2, 3, 3), stream.normal(2, 3, 3))
    M = exact[action.images[:, 0]] + scale * noise
    edge, *_ = certificates._along_edges(M[:, None], action)
    bound = max(1.0, float(action.depth.max())) * edge
    V = along_words(M, action)
    left, _, right = torch.linalg.svd(V)
    W = left @ right
    assert defect(W, table) <= bound
    pi = nearby_representation(W, table)
    assert float(torch.linalg.matrix_norm(pi - V, ord=2).max()) <= 2 * bound
    assert float(torch.linalg.matrix_norm(pi[action.images[:, 0]] - M, ord=2).max()) <= 2 * bound
    assert bound <= 200 * defect(W, table)  # of which 2 x 6 letters, and eight times what unitary parts leave out


def test_edges_that_nobody_looks_at_leave_a_false_bound(monkeypatch):
    """With generators taken for exact the bound is refuted by the pairs."""
    action, table, exact = symmetric_group()
    M = exact[action.images[:, 0]] @ unitary_noise(Stream(9), 2, 3, 1e-4)
    monkeypatch.setattr(certificates, "frobenius", lambda x: 0.0)
    edge, *_ = certificates._along_edges(M[:, None], action)
    assert defect(along_words(M, action), table) > float(action.depth.max()) * edge
