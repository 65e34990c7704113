"""Many small representations of one group decomposed at once: every step is one batched
operation, and copies share their irreps' matrices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from numerics.representations.certificates import Facts, conclude, irreps_facts
from numerics.representations.commutant import CLUSTER, Mean, hermitian_noise
from numerics.representations.decomposition import check, copies, reducible, require_finite, split_again
from numerics.representations.invariant_forms import singular, unitarise_batch, why_no_form
from numerics.representations.irreps import Certificate, Irrep, assemble
from numerics.representations.regular_action import RegularAction
from numerics.rounding import gamma
from numerics.streams import Stream

MAX_SMALL = 256


@dataclass(frozen=True)
class BatchDecomposition:
    """Decompositions of B representations into one list of irreps.

    Attributes:
        irreps: Kinds that occur anywhere, also in items that are not decided; their
            ``multiplicity`` is the sum over the batch.
        multiplicities: int64, shape ``(B, kinds)``; zeros where no invariant form was
            found.
        basis: T, shape ``(B, d, d)``: R(g) T = T (+)_k (1 (x) rho_k(g)), copies of kind
            0 first; the unit matrix where no invariant form was found.
        residual: Bounds on |T^-1 R(g) T - B(g)|_F, shape ``(B,)``; infinite where no
            invariant form was found.
        decided: Which of them the certificate carries, length B.
        why: For each, in words; an item that is not decided is named by its number.
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
    doubt: float  # how far its representation is from commuting with the mean of a matrix


def decompose_batch(
    generators: Tensor, stream: Stream, action: RegularAction, *, field: str = "complex", attempts: int = 4
) -> BatchDecomposition:
    """Split B representations of one group, of one dimension; each is judged by itself.

    Args:
        generators: Shape ``(B, k, d, d)``, d <= 256, the k generators in the order of
            ``action``.
        stream: Source of random matrices.
        action: The group.
        field: "complex", or "real" for real matrices.
        attempts: How often a piece that is seen to be reducible is split again.
    Raises:
        ValueError: the shape, the number of generators, the dimension, the dtype or the
            field is not as said. An item with entries that are not finite, a singular
            matrix or no invariant form raises nothing: it is not decided, ``why`` names
            it, and the others go on.

    >>> import numpy as np
    >>> swap = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]], [[[1.0, 0.0], [0.0, 1.0]]]]).double()
    >>> split = decompose_batch(swap, Stream(1), RegularAction.from_images(np.array([[1, 0]])))
    >>> split.multiplicities.sum(1).tolist(), list(split.decided)
    ([2, 2], [True, True])
    """
    if generators.ndim != 4 or generators.shape[-1] > MAX_SMALL or generators.shape[1] != len(action.images):
        raise ValueError(
            f"Expected shape (B, {len(action.images)}, d, d) with d <= {MAX_SMALL}, got {tuple(generators.shape)}. Decompose large ones one by one."
        )
    check(generators.flatten(0, 1), field)
    R = generators.movedim(1, 0)
    if field == "complex" and not R.is_complex():
        R = R.to(torch.complex64 if R.dtype == torch.float32 else torch.complex128)
    form = unitarise_batch(R, action, stream.fork("form"))
    at = form.exists.nonzero().ravel()
    B, d = len(form.exists), R.shape[-1]
    basis = torch.eye(d, dtype=R.dtype, device=R.device).repeat(B, 1, 1)
    residual = torch.full((B,), torch.inf, dtype=R.real.dtype, device=R.device)
    verdicts = ["" if ok else _without_form(generators[k]) for k, ok in enumerate(form.exists.tolist())]
    decided = [False] * B
    irreps, counts = (), torch.zeros(B, 0, dtype=torch.int64)
    if len(at):
        change = None if form.change is None else form.change[at]
        pieces = _all_pieces(form.matrices[:, at], action, stream.fork("pieces"), form.error[at], attempts)
        basis[at], kinds, some = _gather_kinds(form.matrices[:, at], pieces, action, stream.fork("copies"))
        counts = torch.zeros(B, len(kinds), dtype=torch.int64)
        counts[at.cpu()] = some
        inverse = basis[at].mH
        if change is not None:
            basis[at] = change @ basis[at]
            inverse = torch.linalg.inv(basis[at])
        residual[at] = _residuals(R[:, at], basis[at], inverse, kinds, some)
        irreps, found = _verdicts(residual[at].tolist(), kinds, some, action, field)
        for k, verdict in zip(at.tolist(), found, strict=True):
            decided[k], verdicts[k] = verdict.decided, verdict.why
    why = (text if ok else f"item {k}: {text}" for k, (ok, text) in enumerate(zip(decided, verdicts, strict=True)))
    return BatchDecomposition(irreps, counts, basis, residual, tuple(decided), tuple(why))


def _without_form(generators: Tensor) -> str:
    """What is wrong with one item of which no invariant form was found."""
    try:
        require_finite(generators)
    except ValueError as error:
        return str(error)
    return singular(generators) or why_no_form(generators, known=True)


def _verdicts(
    residuals: list[float], irreps: list[Irrep], counts: Tensor, action: RegularAction, field: str
) -> tuple[tuple[Irrep, ...], list[Certificate]]:
    """Filled in irreps, and each item's certificate: where the whole list does not
    carry everything, it is judged by the irreps that occur in it."""
    facts = irreps_facts(irreps, action, field)
    verdicts = [conclude(r, facts, action) for r in residuals]
    if not all(v.decided for v in verdicts):
        known: dict[tuple[bool, ...], Facts] = {}
        for item, present in enumerate(map(tuple, (counts > 0).tolist())):
            if present not in known:
                known[present] = irreps_facts([i for i, p in zip(irreps, present, strict=True) if p], action, field)
            verdicts[item] = conclude(residuals[item], known[present], action)
    return facts.irreps, verdicts


def _all_pieces(
    unitary: Tensor, action: RegularAction, stream: Stream, input_error: Tensor, attempts: int
) -> dict[int, list[_Piece]]:
    """Eigenspaces of a commutant element of each, split again where reducible; by
    dimension, those of the best representations first."""
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
    doubts, errors = residual.tolist(), input_error.tolist()
    found: dict[int, list[_Piece]] = {}
    for item in range(B):
        for a, b in pairwise([0, *(cuts[item].nonzero().ravel() + 1).tolist(), d]):
            found.setdefault(b - a, []).append(_Piece(item, basis[item][:, a:b], doubts[item]))
    for b in sorted(found, reverse=True):
        blocks = _blocks(unitary, found[b])
        again = set(reducible(blocks, action, stream.fork(b))) if b > 1 else set()
        for p in again:
            piece = found[b][p]
            parts = split_again(blocks[:, p], action, stream.fork(f"{b}.{p}"), errors[piece.item], attempts - 1)
            for a, c in pairwise([0, *torch.tensor(parts.sizes).cumsum(0).tolist()]):
                found.setdefault(c - a, []).append(_Piece(piece.item, piece.columns @ parts.basis[:, a:c], piece.doubt))
        found[b] = [piece for p, piece in enumerate(found[b]) if p not in again]
    return {b: sorted(pieces, key=lambda piece: piece.doubt) for b, pieces in sorted(found.items()) if pieces}


def _blocks(unitary: Tensor, pieces: list[_Piece]) -> Tensor:
    columns = torch.stack([p.columns for p in pieces])
    items = torch.tensor([p.item for p in pieces], device=columns.device)
    return columns.mH @ unitary[:, items] @ columns


def _gather_kinds(
    unitary: Tensor, pieces: dict[int, list[_Piece]], action: RegularAction, stream: Stream
) -> tuple[Tensor, list[Irrep], Tensor]:
    """Columns turned onto common irreps, for each item kinds in one order, and the
    multiplicities ``(B, kinds)``."""
    B, d = unitary.shape[1], unitary.shape[-1]
    irreps, rows = [], []
    columns: list[list[Tensor]] = [[] for _ in range(B)]
    for b, found in pieces.items():
        doubt = torch.tensor([p.doubt for p in found], dtype=unitary.real.dtype, device=unitary.device)
        for mine, turn, matrices in copies(_blocks(unitary, found), action, stream.fork(b), doubt):
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
    """As :func:`numerics.representations.certificates.equation_residual`, for each
    item, shape ``(B,)``."""
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
