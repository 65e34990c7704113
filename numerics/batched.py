"""Many small representations of one group decomposed at once: every step is one batched operation, and copies share their irreps' matrices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from numerics.certificates import conclude, irreps_facts
from numerics.commutant import CLUSTER, Mean, hermitian_noise
from numerics.decomposition import Irrep, assemble, check, copies, reducible, split_again, unitary_form
from numerics.random import Stream
from numerics.regular_action import RegularAction
from numerics.representations import gamma

MAX_SMALL = 256


@dataclass(frozen=True)
class BatchDecomposition:
    """Decompositions of B representations into one list of irreps.

    Attributes:
        irreps: Kinds that occur anywhere; their ``multiplicity`` is the sum over the batch.
        multiplicities: int64, shape ``(B, kinds)``.
        basis: T, shape ``(B, d, d)``: R(g) T = T (+)_k (1 (x) rho_k(g)), copies of kind 0 first.
        residual: Bounds on |T^-1 R(g) T - B(g)|_F, shape ``(B,)``.
        decided: Which of them the certificate carries, length B.
        why: For each, in words.
    """

    irreps: tuple[Irrep, ...]
    multiplicities: Tensor
    basis: Tensor
    residual: Tensor
    decided: tuple[bool, ...]
    why: tuple[str, ...]


@dataclass
class _Piece:
    item: int
    columns: Tensor  # (d, b), orthonormal


def decompose_batch(
    generators: Tensor, stream: Stream, action: RegularAction, *, field: str = "complex", attempts: int = 4
) -> BatchDecomposition:
    """Split B representations of one group, of one dimension.

    Args:
        generators: Shape ``(B, k, d, d)``, d <= 256, the k generators in the order of ``action``.
        stream: Source of random matrices.
        action: The group.
        field: "complex", or "real" for real matrices.
        attempts: How often a piece that is seen to be reducible is split again.
    Raises:
        ValueError: as :func:`numerics.decomposition.decompose`; the dimension, or the number of generators, is not as said.
    """
    if generators.ndim != 4 or generators.shape[-1] > MAX_SMALL or generators.shape[1] != len(action.images):
        raise ValueError(
            f"Expected shape (B, {len(action.images)}, d, d) with d <= {MAX_SMALL}, got {tuple(generators.shape)}. Decompose large ones one by one."
        )
    check(generators.flatten(0, 1), field)
    R = generators.movedim(1, 0)
    if field == "complex" and not R.is_complex():
        R = R.to(torch.complex64 if R.dtype == torch.float32 else torch.complex128)
    unitary, change, input_error = unitary_form(R, action, stream.fork("form"))
    pieces = _all_pieces(unitary, action, stream.fork("pieces"), input_error, attempts)
    basis, irreps, counts = _gathered(unitary, pieces, action, stream.fork("copies"))
    whole = basis if change is None else change @ basis
    inverse = basis.mH if change is None else torch.linalg.inv(whole)
    facts = irreps_facts(irreps, action, field)
    residual = _residuals(R, whole, inverse, irreps, counts)
    verdicts = [conclude(float(r), facts, action) for r in residual]
    return BatchDecomposition(
        facts.irreps, counts, whole, residual, tuple(v.decided for v in verdicts), tuple(v.why for v in verdicts)
    )


def _all_pieces(
    unitary: Tensor, action: RegularAction, stream: Stream, input_error: float, attempts: int
) -> dict[int, list[_Piece]]:
    """Eigenspaces of a commutant element of each, split again where reducible; by dimension."""
    _, B, d, _ = unitary.shape
    C = Mean(unitary, action, stream)(hermitian_noise(stream, unitary, B))
    C = (C + C.mH) / 2
    values, basis = torch.linalg.eigh(C)
    size, g = torch.linalg.matrix_norm(C), gamma(d + 2, C)
    residual = (
        torch.linalg.matrix_norm(unitary @ C - C @ unitary).amax(0) + 2 * g * d**0.5 * size + 2 * input_error * size
    )
    solver = torch.linalg.matrix_norm(C @ basis - basis * values[:, None]) + g * size * (1 + d**0.5)
    limit = CLUSTER * (action.mean_depth * residual + solver)
    cuts = (values.diff(dim=1) > limit[:, None]).cpu()
    found: dict[int, list[_Piece]] = {}
    for item in range(B):
        for a, b in pairwise([0, *(cuts[item].nonzero().ravel() + 1).tolist(), d]):
            found.setdefault(b - a, []).append(_Piece(item, basis[item][:, a:b]))
    for b in sorted(found, reverse=True):
        blocks = _blocks(unitary, found[b])
        again = set(reducible(blocks, action, stream.fork(b))) if b > 1 else set()
        for p in again:
            piece = found[b][p]
            parts = split_again(blocks[:, p], action, stream.fork(f"{b}.{p}"), input_error, attempts - 1)
            for a, c in pairwise([0, *torch.tensor(parts.sizes).cumsum(0).tolist()]):
                found.setdefault(c - a, []).append(_Piece(piece.item, piece.columns @ parts.basis[:, a:c]))
        found[b] = [piece for p, piece in enumerate(found[b]) if p not in again]
    return {b: pieces for b, pieces in sorted(found.items()) if pieces}


def _blocks(unitary: Tensor, pieces: list[_Piece]) -> Tensor:
    columns = torch.stack([p.columns for p in pieces])
    items = torch.tensor([p.item for p in pieces], device=columns.device)
    return columns.mH @ unitary[:, items] @ columns


def _gathered(
    unitary: Tensor, pieces: dict[int, list[_Piece]], action: RegularAction, stream: Stream
) -> tuple[Tensor, list[Irrep], Tensor]:
    """Columns turned onto common irreps, for each item kinds in one order, and the multiplicities ``(B, kinds)``."""
    B, d = unitary.shape[1], unitary.shape[-1]
    irreps, rows = [], []
    columns: list[list[Tensor]] = [[] for _ in range(B)]
    for b, found in pieces.items():
        for mine, turn, matrices in copies(_blocks(unitary, found), action, stream.fork(b)):
            count = torch.zeros(B, dtype=torch.int64)
            for p, Q in zip(mine.tolist(), turn, strict=True):
                columns[found[p].item].append(found[p].columns @ Q)
                count[found[p].item] += 1
            irreps.append(Irrep(b, len(mine), matrices))
            rows.append(count)
    basis = torch.stack([torch.cat(c, 1) for c in columns])
    assert basis.shape == (B, d, d)
    return basis, irreps, torch.stack(rows, 1)


def _residuals(R: Tensor, T: Tensor, X: Tensor, irreps: list[Irrep], counts: Tensor) -> Tensor:
    """As :func:`numerics.certificates.equation_residual`, for each item, shape ``(B,)``."""
    norm, d = torch.linalg.matrix_norm, T.shape[-1]
    blocks = torch.stack(
        [
            assemble([i.matrices for i, m in zip(irreps, row, strict=True) if m], [m for m in row if m])
            for row in counts.tolist()
        ],
        1,
    ).to(T)
    g, size_T, size_X = gamma(d + 2, T), norm(T), norm(X)
    F = R @ T - T @ blocks
    lost = g * size_T * (norm(R) + norm(blocks))
    worst = (norm(X @ F) + size_X * (lost + g * norm(F))).amax(0)
    leak = norm(X @ T - torch.eye(d, dtype=T.dtype, device=T.device)) + g * size_X * size_T
    return torch.where(leak < 0.5, worst / (1 - leak).clamp_min(0.5), torch.inf)
