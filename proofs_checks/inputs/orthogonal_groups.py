"""A finite group of orthogonal matrices, as a user hands it in beside a density."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from numerics.transports.orbit_scores import OrthogonalGroup, generated_group
from proofs_checks.errors import InputError
from proofs_checks.inputs.files import read_arrays
from proofs_checks.wording import number_text, short

ROUNDINGS = 64  # units of roundoff of float64, for each coordinate, by which g^T g may miss 1
MOST_NUMBERS = 2**24


def read_orthogonal_group(group: Any, dim: int) -> OrthogonalGroup:
    """Generators or elements: matrices ``(k, D, D)``, permutations of the flattened
    coordinates ``(k, D)``, or the path of an NPZ archive with one such array.

    Raises:
        InputError: another shape or dimension, an element outside O(D) (it is named),
            or too many elements.
    """
    if isinstance(group, (str, Path)):
        arrays = read_arrays(group)
        if len(arrays) != 1:
            raise InputError(
                f"Expected one array of matrices or permutations for the group, got {', '.join(sorted(arrays))[:120]}."
            )
        group = next(iter(arrays.values()))
    try:
        given = torch.as_tensor(np.array(group) if isinstance(group, (list, tuple)) and not any(isinstance(g, Tensor) for g in group) else torch.stack(list(group)) if isinstance(group, (list, tuple)) else group)  # fmt: skip
    except (TypeError, ValueError, RuntimeError):
        raise InputError(
            f"Expected the group as matrices (k, {dim}, {dim}) or permutations (k, {dim}), got {short(group)}."
        ) from None
    if given.is_complex() or not given.numel() or given.is_meta:
        raise InputError(
            f"Expected real matrices or permutations for the group, got {given.dtype} of shape {tuple(given.shape)}."
        )
    if given.ndim == 2 and not given.is_floating_point():
        given = _of_permutations(given, dim)
    if given.ndim == 2:
        given = given[None]
    if given.ndim != 3 or given.shape[1:] != (dim, dim):
        raise InputError(
            f"Expected matrices of shape (k, {dim}, {dim}) or whole permutations (k, {dim}): points have {dim} coordinates. Got shape {tuple(given.shape)}."
        )
    matrices = given.to(torch.float64)
    if not bool(torch.isfinite(matrices).all()):
        raise InputError("The group's matrices hold NaN or infinite entries.")
    unit = torch.finfo(given.dtype).eps if given.is_floating_point() else 2.0**-52
    lack = (matrices.mT @ matrices - torch.eye(dim).double()).abs().amax((1, 2))
    if float(lack.max()) > ROUNDINGS * dim * unit:
        k = int(lack.argmax())
        raise InputError(
            f"Element {k} of the group lies outside O({dim}): g^T g differs from 1 by {number_text(float(lack[k]))}. Lengths have to be kept; whiten the data first, or give other matrices."
        )
    try:
        found = generated_group(matrices)
    except ValueError as error:
        raise InputError(str(error)) from None
    if len(found) * dim * dim > MOST_NUMBERS and found.order is None:
        raise InputError(
            f"The group has {len(found)} matrices of {dim} x {dim}, more than are kept. Give permutations, or a smaller group."
        )
    return found


def _of_permutations(rows: Tensor, dim: int) -> Tensor:
    """Matrices of x -> x[row]."""
    if rows.shape[1] != dim or not bool((rows.sort(1).values == torch.arange(dim)).all()):
        raise InputError(
            f"Expected permutations of 0..{dim - 1}, one a row, for the group, got {short(rows.tolist())}."
        )
    if len(rows) * dim * dim > MOST_NUMBERS:
        raise InputError(f"{len(rows)} permutations of {dim} coordinates are more than are read. Give generators.")
    out = torch.zeros(len(rows), dim, dim, dtype=torch.float64)
    return out.scatter_(2, rows.long()[..., None], 1.0)
