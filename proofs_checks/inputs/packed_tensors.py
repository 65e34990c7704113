"""Several tensors as one row a sample, for maps of the form f(X, A) and maps that
return a tuple."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import as_batch
from proofs_checks.wording import short


@dataclass(frozen=True)
class Layout:
    """How several tensors lie in one row: their shapes without the batch axis, their
    dtypes, and the dtype of the row."""

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[torch.dtype, ...]
    own: torch.dtype

    @property
    def words(self) -> str:
        """The shapes, for a message."""
        return ", ".join(map(str, self.shapes))

    def parts(self, row: Tensor) -> tuple[Tensor, ...]:
        """The tensors again; those of floating point follow a row that is in another
        precision."""
        widths = [math.prod(shape) for shape in self.shapes]
        if row.ndim != 2 or row.shape[1] != sum(widths):
            raise InputError(
                f"Expected tensors of shapes {self.words} a sample, got a row of shape {tuple(row.shape[1:])}."
            )
        pieces = row.split(widths, dim=1)
        found = []
        for piece, shape, dtype in zip(pieces, self.shapes, self.dtypes, strict=True):
            part = piece.reshape(len(row), *shape)
            if not dtype.is_floating_point and not dtype.is_complex:
                part = part.round().to(dtype)
            elif row.dtype == self.own:
                part = part.to(dtype)
            found.append(part.contiguous())
        return tuple(found)


@dataclass
class Seen:
    """The layout of what a map returned, once it has been called; None for one
    tensor."""

    layout: Layout | None = None


def is_several(value: Any) -> bool:
    """Whether something is a tuple or list of tensors or arrays."""
    return isinstance(value, (tuple, list)) and bool(value) and all(isinstance(x, (Tensor, np.ndarray)) for x in value)


def pack(parts: Sequence[Any], length: int | None, what: str) -> tuple[Tensor, Layout]:
    """One row a sample, in the widest precision among the parts.

    Raises:
        InputError: a part that is no batch of this length, or whole numbers that the
            row's precision cannot hold.
    """
    first = len(parts[0]) if length is None and getattr(parts[0], "ndim", 0) else length
    tensors = [as_batch(part, first or 0, f"tensor {k + 1} of {what}") for k, part in enumerate(parts)]
    floating = [t.dtype for t in tensors if t.is_floating_point() or t.is_complex()]
    own = torch.float64
    if floating:
        own = floating[0]
        for dtype in floating[1:]:
            own = torch.promote_types(own, dtype)
    for k, tensor in enumerate(tensors):
        if tensor.dtype not in floating and tensor.numel() and bool((tensor.to(own).to(tensor.dtype) != tensor).any()):
            raise InputError(
                f"Tensor {k + 1} of {what} holds whole numbers that {own} cannot hold; number them smaller."
            )
    layout = Layout(tuple(tuple(t.shape[1:]) for t in tensors), tuple(t.dtype for t in tensors), own)
    return torch.cat([t.reshape(len(t), -1).to(own) for t in tensors], dim=1), layout


def apply(function: Callable[..., Any], parts: tuple[Tensor, ...]) -> Any:
    """A function of as many arguments as there are tensors, or of one tuple."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return function(*parts)
    wanted = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return function(parts) if len(wanted) == 1 and not several and len(parts) > 1 else function(*parts)


def on_rows(
    given: Any, moves: Sequence[Callable[..., Tensor]] | None, seen: Seen, what: str
) -> Callable[[Tensor], Tensor]:
    """An action on several tensors as one on rows: a function of all of them, or one
    action for each.

    Raises:
        InputError: when it is called: as many actions as tensors were expected.
    """

    def move(row: Tensor) -> Tensor:
        if seen.layout is None:
            raise InputError(f"Expected one action for the one {what}, got {short(given)}.")
        parts = seen.layout.parts(row)
        if moves is None:
            value = apply(given, parts)
            if not is_several(value) or len(value) != len(parts):
                raise InputError(
                    f"Expected {len(parts)} tensors from the action on the {what}s, as the map has, got {short(value)}."
                )
        elif len(moves) == len(parts):
            value = [one(part, what) for one, part in zip(moves, parts, strict=True)]
        else:
            raise InputError(f"Expected {len(parts)} actions, one for each {what}, got {len(moves)}.")
        found, layout = pack(value, len(row), f"the action on the {what}s")
        if layout.shapes != seen.layout.shapes:
            raise InputError(f"The action on the {what}s turned shapes {seen.layout.words} into {layout.words}.")
        return found.to(row.dtype)

    return move
