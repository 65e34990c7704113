"""Codes on a grid of factor values, and pairs of codes before and after a step, as a
user hands them in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.files import read_arrays, require_dense
from proofs_checks.inputs.narrow_formats import narrow_unit
from proofs_checks.inputs.representations import given_group
from proofs_checks.wording import short
from theory.groups import FiniteGroup

MOST = 2**28  # entries of codes
KINDS = ("cyclic", "plain")
ROUNDINGS = 16  # units of roundoff that codes are taken to be off by, where nobody says


@dataclass(frozen=True)
class Factor:
    """A factor of variation: its name, how many values, and what acts on them; a table
    of products where it is a group that nobody calls cyclic."""

    name: str
    size: int
    kind: str
    group: FiniteGroup | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.size} values)"


@dataclass(frozen=True)
class Codes:
    """Codes in float64, shape ``(orbits, n_1, .., n_k, d)``, over a power of two that
    brings them near 1, with what they are taken to be off by, relative to their
    norm."""

    values: Tensor
    factors: tuple[Factor, ...]
    accuracy: float
    said: bool
    repeat: Tensor | None = None


def as_codes(value: Any, what: str) -> Tensor:
    """A real floating array or tensor in float64, finite.

    Raises:
        InputError: another type, whole numbers, half precision, complex numbers, NaN
            (with its place), or too many entries.
    """
    if isinstance(value, (list, tuple)):
        try:
            value = np.array(value)
        except (ValueError, TypeError, OverflowError):
            raise InputError(f"Expected {what} as an array or tensor of numbers, got a ragged list.") from None
    if not isinstance(value, (np.ndarray, Tensor)):
        raise InputError(
            f"Expected {what} as an array or tensor of numbers, got {type(value).__name__} {short(value)}."
        )
    require_dense(value, what)
    if isinstance(value, Tensor) and value.is_meta:
        raise InputError(f"Expected numbers in {what}, got a tensor on the meta device, which holds none.")
    kind = str(value.dtype).removeprefix("torch.")
    if kind not in ("float32", "float64"):
        hint = {"complex64": "real and imaginary parts as columns", "complex128": "real and imaginary parts as columns"}
        wanted = hint.get(kind, "float32 or float64, as the encoder computes them")
        raise InputError(
            f"Expected {what} of float32 or float64, got {kind}. Give {wanted}: .float() or .astype(float)."
        )
    if math.prod(value.shape) > MOST:
        raise InputError(
            f"{what} has {math.prod(value.shape):,} entries; at most {MOST:,} are read. Take fewer orbits."
        )
    out = torch.as_tensor(np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value.detach())
    if not bool(torch.isfinite(out).all()):
        place = tuple(int(k) for k in (~torch.isfinite(out)).nonzero()[0])
        raise InputError(
            f"{what} holds {float(out[place])} at {place}: every cell of the grid needs a code, missing cells have none."
        )
    return out.to(torch.float64)


def read_factors(factors: Any, sizes: Sequence[int]) -> tuple[Factor, ...]:
    """The factors of a grid of these sizes: all cyclic unless said otherwise.

    Args:
        factors: A list with one entry an axis, or a mapping from name to entry; an
            entry is "cyclic", "plain" or a group.
        sizes: n_1, .., n_k.
    """
    if factors is None:
        factors = ["cyclic"] * len(sizes)
    if isinstance(factors, Mapping):
        named = list(factors.items())
    elif isinstance(factors, (list, tuple)):
        named = [(f"factor {k + 1}", kind) for k, kind in enumerate(factors)]
    else:
        raise InputError(
            f'Expected factors as a list or a mapping from names to "cyclic", "plain" or a group, got {short(factors)}.'
        )
    if len(named) != len(sizes):
        raise InputError(
            f"{len(named)} factors were named, and the codes have {len(sizes)} axes between the orbits and the code, of sizes {', '.join(map(str, sizes))}. "
            "Codes have the shape (orbits, n_1, .., n_k, d)."
        )
    return tuple(_factor(name, kind, size) for (name, kind), size in zip(named, sizes, strict=True))


def _factor(name: Any, kind: Any, size: int) -> Factor:
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"Expected the name of a factor as text, got {short(name)}.")
    if size < 2:
        raise InputError(
            f"Factor {short(name)} has {size} value: nothing can be told of a factor that never varies. Drop its axis."
        )
    if isinstance(kind, str) and kind in KINDS:
        return Factor(name, size, kind)
    if isinstance(kind, str):
        raise InputError(f'Expected "cyclic", "plain" or a group for factor {short(name)}, got {short(kind)}.')
    group = given_group(kind).group
    if group.order != size:
        raise InputError(
            f"Factor {short(name)} has {size} values, and its group {group.order} elements: the values have to be one orbit of it."
        )
    return Factor(name, size, "group", group)


def read_accuracy(value: Any, name: str = "accuracy") -> float | None:
    """A relative size in (0, 1), or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise InputError(
            f"Expected {name} as a number between 0 and 1, relative to the norm of the codes, got {short(value)}."
        )
    return float(value)


def read_codes(value: Any, factors: Any, accuracy: Any, repeat: Any = None) -> Codes:
    """Codes on a full grid.

    Raises:
        InputError: too few axes, one code an orbit, and what :func:`as_codes` and
            :func:`read_factors` refuse.
    """
    codes = as_codes(value, "codes")
    if codes.ndim < 3 or 0 in codes.shape:
        raise InputError(
            f"Expected codes of shape (orbits, n_1, .., n_k, d), nothing empty, got shape {tuple(codes.shape)}. One orbit is codes[None]; a code of one number codes[..., None]."
        )
    read = read_factors(factors, codes.shape[1:-1])
    said = read_accuracy(accuracy)
    second = None if repeat is None else as_codes(repeat, "repeat")
    if second is not None and second.shape != codes.shape:
        raise InputError(
            f"Expected a second encoding of the same grid, shape {tuple(codes.shape)}, got {tuple(second.shape)}."
        )
    unit = narrow_unit(codes.numpy()) or 2.0**-52
    scale = power_of_two(codes)
    codes, second = codes / scale, None if second is None else second / scale
    return Codes(codes, read, ROUNDINGS * unit if said is None else said, said is not None, second)


def power_of_two(*codes: Tensor) -> float:
    """A power of two near the largest entry: dividing by it rounds nothing, and squares
    of what is left neither overflow nor vanish."""
    largest = max(float(z.abs().max()) for z in codes)
    return 2.0 ** max(-1022, min(1023, math.frexp(largest)[1])) if largest > 0 else 1.0


@dataclass(frozen=True)
class Pairs:
    """For each factor codes before and after its step, shape ``(N, d)`` each, and its
    order where one is known."""

    before: dict[str, Tensor]
    after: dict[str, Tensor]
    orders: dict[str, int]
    accuracy: float
    said: bool

    @property
    def dimension(self) -> int:
        """d."""
        return next(iter(self.before.values())).shape[1]


def read_pairs(pairs: Any, factors: Any, accuracy: Any) -> Pairs:
    """From (z, z', factor), the third an array of names or numbers, or from a mapping
    of names to (z, z')."""
    if isinstance(pairs, (list, tuple)) and len(pairs) == 3:
        pairs = _by_factor(*pairs)
    if not isinstance(pairs, Mapping) or not pairs:
        raise InputError(
            f"Expected pairs as (z, z', factor) or as a mapping from factors to (z, z'), got {short(pairs)}."
        )
    before, after = {}, {}
    for name, pair in pairs.items():
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise InputError(f"Expected (z, z') for factor {short(name)}, got {short(pair)}.")
        first, second = (
            as_codes(part, f"{'z' if k == 0 else 'z_after'} of factor {short(name)}") for k, part in enumerate(pair)
        )
        if first.ndim != 2 or first.shape != second.shape or 0 in first.shape:
            raise InputError(
                f"Expected two arrays (N, d) of one shape for factor {short(name)}, got {tuple(first.shape)} and {tuple(second.shape)}."
            )
        before[str(name)], after[str(name)] = first, second
    if len({z.shape[1] for z in before.values()}) > 1:
        raise InputError(
            f"Codes differ in dimension: {', '.join(f'{k} has {z.shape[1]}' for k, z in before.items())}. One encoder has one."
        )
    if len(before) < 2:
        raise InputError(
            "Disentanglement is a question between factors: pairs of at least two factors are needed, got one."
        )
    said = read_accuracy(accuracy)
    unit = max(narrow_unit(z.numpy()) or 2.0**-52 for z in (*before.values(), *after.values()))
    scale = power_of_two(*before.values(), *after.values())
    before, after = ({name: z / scale for name, z in part.items()} for part in (before, after))
    return Pairs(before, after, _orders(factors, before), ROUNDINGS * unit if said is None else said, said is not None)


def _orders(factors: Any, known: Mapping[str, Any]) -> dict[str, int]:
    """The orders that a mapping from factors to whole numbers states."""
    if factors is None:
        return {}
    if not isinstance(factors, Mapping):
        raise InputError(f"Expected factors as a mapping from names to orders for pairs, got {short(factors)}.")
    for name, order in factors.items():
        if name not in known or isinstance(order, bool) or not isinstance(order, int) or not 2 <= order <= 10**6:
            raise InputError(
                f"Expected an order of at least 2 for one of {', '.join(known)}, got {short(order)} for {short(name)}."
            )
    return dict(factors)


def _by_factor(before: Any, after: Any, factor: Any) -> dict[str, tuple[Any, Any]]:
    first, second = as_codes(before, "z"), as_codes(after, "z_after")
    labels = [str(x) for x in (factor.tolist() if hasattr(factor, "tolist") else factor)] if not isinstance(factor, str) and hasattr(factor, "__len__") else None  # fmt: skip
    if labels is None or first.ndim != 2 or first.shape != second.shape or len(labels) != len(first):
        raise InputError(
            f"Expected z and z' of one shape (N, d) and one factor for each row, got {tuple(first.shape)}, {tuple(second.shape)} and {short(factor)}."
        )
    rows = {name: [k for k, label in enumerate(labels) if label == name] for name in dict.fromkeys(labels)}
    return {name: (first[chosen], second[chosen]) for name, chosen in rows.items()}


def from_archive(path: Path) -> dict[str, Any]:
    """The arguments that an NPZ archive stands for: ``codes`` (and ``repeat``), or ``z``,
    ``z_after`` and ``factor``."""
    arrays = read_arrays(path)
    if "codes" in arrays and set(arrays) <= {"codes", "repeat"}:
        return dict(arrays)
    if set(arrays) == {"z", "z_after", "factor"}:
        return {"pairs": (arrays["z"], arrays["z_after"], arrays["factor"])}
    raise InputError(
        f"Expected an array codes (and perhaps repeat), or z, z_after and factor in the archive, got {', '.join(sorted(arrays))[:120]}."
    )
