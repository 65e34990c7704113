"""An encoder with transforms of its objects, as a user hands them in: the transforms
are asked for their order and for whether they commute before anything is encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import as_batch, call
from proofs_checks.inputs.copies import deep_copy, modules_of, random_states_kept
from proofs_checks.inputs.factor_codes import MOST
from proofs_checks.wording import short

SAME = 64  # units of roundoff by which objects that are floating-point numbers may differ
Transform = Callable[[Tensor], Any]


def read_transforms(transforms: Any) -> dict[str, tuple[Transform, int]]:
    """Names with a function of a batch and its order.

    Raises:
        InputError: no mapping, a transform that cannot be called, an order below 2.
    """
    if not isinstance(transforms, Mapping) or not transforms:
        raise InputError(
            f"Expected transforms as a mapping from names to (function of a batch, order), got {short(transforms)}."
        )
    read = {}
    for name, given in transforms.items():
        if not isinstance(given, (list, tuple)) or len(given) != 2 or not callable(given[0]):
            raise InputError(
                f"Expected (function of a batch, order) for the transform {short(name)}, got {short(given)}."
            )
        if isinstance(given[1], bool) or not isinstance(given[1], int) or not 2 <= given[1] <= 10**6:
            raise InputError(
                f"Expected the order of the transform {short(name)} as a whole number of at least 2, got {short(given[1])}."
            )
        read[str(name)] = (given[0], given[1])
    return read


def read_objects(objects: Any) -> Tensor:
    """Base objects, one an orbit."""
    if hasattr(objects, "__array__") and not isinstance(objects, Tensor):
        objects = torch.as_tensor(objects)
    if not isinstance(objects, Tensor) or not objects.ndim or not len(objects) or objects.is_meta or objects.is_sparse:
        raise InputError(f"Expected objects as a tensor or array with one object a row, got {short(objects)}.")
    if objects.is_complex() or (objects.is_floating_point() and not bool(torch.isfinite(objects).all())):
        raise InputError("Expected finite real objects: some are complex, NaN or infinite.")
    return objects.detach()


def _moved(name: str, transform: Transform, objects: Tensor) -> Tensor:
    out = as_batch(call(transform, objects.clone(), f"The transform {name}"), len(objects), f"the transform {name}")
    if out.shape != objects.shape:
        raise InputError(
            f"The transform {name} changes the shape of objects from {tuple(objects.shape[1:])} to {tuple(out.shape[1:])}."
        )
    return out.to(objects.dtype)


def _differing(first: Tensor, second: Tensor) -> int | None:
    """The first object at which two batches differ beyond rounding, or None."""
    if not first.is_floating_point():
        apart = (first != second).reshape(len(first), -1).any(1)
    else:
        unit = SAME * torch.finfo(first.dtype).eps
        scale = first.abs().reshape(len(first), -1).amax(1).clamp_min(torch.finfo(first.dtype).tiny)
        apart = ~((first - second).abs().reshape(len(first), -1).amax(1) <= unit * scale)
    return int(apart.nonzero()[0]) if bool(apart.any()) else None


def require_action(transforms: Mapping[str, tuple[Transform, int]], objects: Tensor) -> None:
    """Refuse transforms that have not the stated order, or do not commute, on some
    object.

    Raises:
        InputError: naming the transform or the pair, and the first object.
    """
    for name, (transform, order) in transforms.items():
        moved = objects
        for step in range(1, order + 1):
            moved = _moved(name, transform, moved)
            if step < order and order % step == 0 and _differing(moved, objects) is None:
                raise InputError(
                    f"The transform {name} leaves all objects as they are after {step} of its {order} steps: its order on them is {step}, or they are all symmetric."
                )
        if (k := _differing(moved, objects)) is not None:
            raise InputError(
                f"The transform {name} has not the order {order}: after {order} steps object {k} is not what it was. A shift without wrapping, an interpolation?"
            )
    for first, second in combinations(transforms, 2):
        one = _moved(first, transforms[first][0], _moved(second, transforms[second][0], objects))
        other = _moved(second, transforms[second][0], _moved(first, transforms[first][0], objects))
        if (k := _differing(one, other)) is not None:
            raise InputError(
                f"The transforms {first} and {second} do not commute: object {k} comes out otherwise in the other order, so that they are no factors of a direct product."
            )


def encoded_grid(encoder: Any, transforms: Mapping[str, tuple[Transform, int]], objects: Tensor, batch: int) -> Tensor:
    """Codes of all transformed objects, shape ``(orbits, n_1, .., n_k, d)``, in batches,
    by a copy of the encoder.

    Raises:
        InputError: an encoder in train() mode, a random one, or one that returns no
            matrix of codes.
    """
    training = [type(part).__name__ for part in modules_of(encoder) if part.training]
    if training:
        raise InputError(
            f"The encoder is in train() mode ({training[0]}), where layers may draw numbers or look at the batch. Call .eval() first."
        )
    own = deep_copy(encoder, wide=False, what="the encoder")
    with random_states_kept(0):
        first = _codes(own, objects[: min(len(objects), batch)])
        if not torch.allclose(first, _codes(own, objects[: min(len(objects), batch)]), rtol=0, atol=0, equal_nan=True):
            raise InputError(
                "The encoder is random: two encodings of the same objects differ. Encode the grid twice yourself, and give codes= and repeat=."
            )
        return _grid(own, list(transforms.items()), objects, batch, first.shape[1])


def _grid(encoder: Any, steps: list[tuple[str, tuple[Transform, int]]], objects: Tensor, batch: int, d: int) -> Tensor:
    sizes = [order for _, (_, order) in steps]
    cells = len(objects) * d
    for n in sizes:
        cells *= n
    if cells > MOST:
        raise InputError(f"The grid has {cells:,} numbers of code; at most {MOST:,} are kept. Give fewer objects.")

    def along(at: Tensor, depth: int) -> Tensor:
        if depth == len(steps):
            return torch.cat([_codes(encoder, at[k : k + batch]) for k in range(0, len(at), batch)])
        name, (transform, order) = steps[depth]
        rows = []
        for _ in range(order):
            rows.append(along(at, depth + 1))
            at = _moved(name, transform, at)
        return torch.stack(rows, 1)

    return along(objects, 0)


def _codes(encoder: Any, objects: Tensor) -> Tensor:
    out = as_batch(call(encoder, objects, "The encoder"), len(objects), "the encoder")
    if not out.is_floating_point():
        raise InputError(f"Expected real codes from the encoder, got {out.dtype}.")
    return out.reshape(len(out), -1)
