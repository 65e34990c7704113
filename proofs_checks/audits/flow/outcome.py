"""One check of a flow: its evidence and its numbers, and what several checks use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Measurement
from numerics.transports import flow_checks as measure
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.inputs.flow_parts import Context
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS

SAME, ROWS, FINITE = "same value twice", "rows on their own", "log p is a number"
IDENTITY, LAYERS, WHOLE = (
    "log p = base + log-determinant",
    "log-determinant of every layer",
    "log-determinant of the whole",
)
SIGN, BACK, AHEAD, VOLUMES = (
    "sign of the determinant",
    "inverse of forward",
    "forward of inverse",
    "log-determinant of the inverse",
)
BASE, ONTO, MASS, SAMPLES = "mass of the base", "onto the base", "mass one", "samples follow log p"
ONE_TO_ONE = "one-to-one"
PRECISION, TRAIN = "its own precision", "train() and eval()"
ITERATION = 1e-5  # relative accuracy that an inverse found by iteration is taken to have
ITERATES = 8  # times as many operations as forward: an inverse that iterates
CONDITIONED = 1e-4  # rounding over the smallest singular value above which a Jacobian tells nothing
RESOLVES = 1e-2  # nats
STANDS = 1e-3  # of 1 + |log p|: what batch statistics of rows far out would exceed


@dataclass
class Check:
    """Evidence for one finding.

    Args:
        name: Of the finding. evidence: What the kernel judges; None where nothing could
            be checked. route: The weakest kind of evidence in it.
        said: Numbers and names for the words. unchecked: Why there is no evidence.
    """

    name: str
    evidence: Any = None
    route: str = "numeric"
    said: dict[str, Any] = field(default_factory=dict)
    unchecked: str = ""


Checker = Callable[[FlowView, Sites, list[Check]], list[Check]]


def find_check(done: list[Check], name: str) -> Check | None:
    """The check of that name, where it was made."""
    return next((check for check in done if check.name == name), None)


def units(view: FlowView, depth: int | None = None) -> float:
    """Relative rounding of so many layers, of all of them where None."""
    return measure.units_of(view.dim, len(view.layers) if depth is None else depth, view.precision)


def no_density(view: FlowView) -> str:
    """Why log p cannot be evaluated."""
    why = view.missing[0] if view.missing else "it has no log p, and no transform with log-determinant and base"
    return f"log p cannot be evaluated at given points ({why})"


def density(view: FlowView, x: Tensor, c: Context) -> Tensor:
    """log p without gradients."""
    with torch.no_grad():
        return view.density(x, c)


def slope_of(view: FlowView, x: Tensor, c: Context) -> Tensor:
    """|grad log p| |x|: by how much a relative rounding of a point moves log p; 0 where
    autograd is cut off."""
    leaf = x.clone().requires_grad_()
    try:
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(view.density(leaf, c).sum(), leaf)
    except ERRORS:
        return torch.zeros_like(x[:, 0])
    return (gradient.norm(dim=1) * x.norm(dim=1)).nan_to_num(nan=0.0, posinf=0.0)


def first_of(x: Tensor, mask: Tensor) -> list[float] | None:
    """The first coordinates of the first point under a mask."""
    return [float(v) for v in x[mask][0][:8]] if bool(mask.any()) else None


def worst(measurement: Measurement) -> dict[str, Any]:
    """The largest residual, bound and quotient of the two, for the words."""
    residual = torch.as_tensor(measurement.residual)
    if residual.numel() == 0:
        return {"points": 0}
    bound = sum(torch.as_tensor(term).broadcast_to(residual.shape) for term in measurement.bound.terms.values())
    ratio = torch.where(residual == 0, torch.zeros_like(residual), residual / bound)
    return {
        "residual": float(residual.max()), "bound": float(torch.as_tensor(bound).max()), "ratio": float(ratio.max()),
        "point": int(ratio.reshape(-1).argmax()), "points": measurement.points,
    }  # fmt: skip


def finite_residual(found: Measurement) -> Measurement:
    """The same with an image that is no number counted as far away."""
    residual = torch.as_tensor(found.residual)
    return Measurement(residual.nan_to_num(nan=1e300, posinf=1e300).clamp(max=1e300), found.bound, found.points)
