"""Functions that move entries and compute nothing, such as rot90, flips and indexing:
they round nothing."""

from __future__ import annotations

import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.actions import Move
from proofs_checks.inputs.calls import by_sample


def is_gather(move: Move, batch: Tensor, carried: Tensor, what: str) -> bool:
    """Whether a function moved the entries of this batch, some with their signs turned,
    and computed nothing: what it returned is then exact.

    It is asked once more, with the numbers of the places for entries, and what it did
    to the batch is compared bit for bit with what that says.
    """
    d = by_sample(batch).shape[1]
    exact = 2.0 / torch.finfo(batch.dtype).eps if batch.is_floating_point() else 0.0
    if move.function is None or batch.dim() < 2 or d >= exact or carried.dtype != batch.dtype:
        return False
    places = torch.arange(1, d + 1, device=batch.device, dtype=batch.dtype).expand(len(batch), d).reshape(batch.shape)
    try:
        answer = by_sample(move(places, what))
    except InputError:
        return False
    index = answer.abs()
    if answer.shape != by_sample(carried).shape or bool(((index != index.round()) | (index > d)).any()):
        return False
    source = torch.cat([by_sample(batch).new_zeros(len(batch), 1), by_sample(batch)], 1)
    return bool((source.gather(1, index.long()) * answer.sign() == by_sample(carried)).all())
