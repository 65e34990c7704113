"""A density detector of a user's own: log p, inliers and outliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.detection.image_scores import Detector
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Cases


def detector(p: Any, inliers: Tensor | None, outliers: Tensor | None) -> Detector | None:
    """A user's density with inliers and outliers; None where none of the three was
    given."""
    if p is None and inliers is None and outliers is None:
        return None
    if p is None or inliers is None or outliers is None:
        raise InputError(
            "Expected p, inliers and outliers together: a log density from points (N, D) to (N,), and two tensors of points (N, D)."
        )
    shapes: list[tuple[int, ...]] = [tuple(getattr(side, "shape", ())) for side in (inliers, outliers)]
    if any(len(shape) != 2 or 0 in shape for shape in shapes) or shapes[0][1] != shapes[1][1]:
        raise InputError(
            f"Expected inliers (N, D) and outliers (M, D) of one dimension, at least one of each, got {shapes[0]} and {shapes[1]}."
        )
    sides = [torch.as_tensor(side) for side in (inliers, outliers)]
    if any(side.dtype != torch.float64 for side in sides) or sides[0].device != sides[1].device:
        raise InputError(
            f"Expected inliers and outliers in double precision on one device, got {sides[0].dtype} on {sides[0].device} and {sides[1].dtype} on "
            f"{sides[1].device}: the bounds are those of float64. Convert both with .double(), and the model with them."
        )
    return Detector(p, *sides, distribution=p)


def cases_of_points(name: str, declared: Cases) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: the dimension and number of the user's points called
    ``name``; the declared cases where there are none."""

    def cases_for(**objects: Any) -> list[Case]:
        if objects.get(name) is None:
            return list(declared.always)
        shape = tuple(getattr(objects[name], "shape", ())) or (0,)
        return [Case(D=shape[-1], size=shape[0])]

    return cases_for
