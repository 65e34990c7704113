"""The integral of a density model: whether it is one, in up to three dimensions, in a
chart where the support has ends."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import torch
from torch import Tensor

from numerics.distributions.charts import Box
from numerics.distributions.mass import LARGEST_DIM, Mass, weigh
from proofs_checks import kernel
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs import density_tails as tails
from proofs_checks.inputs.calls import call
from proofs_checks.inputs.charted_densities import Charted, chart_model
from proofs_checks.inputs.densities import Model
from proofs_checks.inputs.density_checks import bound_of
from proofs_checks.kernel import Status, measured

MASS = "unit mass"

__all__ = ["MASS", "unit_mass"]


def unit_mass(model: Model, support: tuple[Tensor, Tensor] | None = None, *, seconds: float = math.inf) -> Finding:
    """The integral of p over the whole space (or over a box that holds it), D <= 3, by
    :mod:`numerics.distributions.mass`; its error is an estimate.

    A lattice can miss mass and cannot invent it: more than 1 refutes, less than 1
    leaves the question open.

    On a support with ends p is weighed in the coordinates of a chart, under which poles
    at the ends and heavy tails are exponential tails.

    Args:
        support: Ends of a box that holds it. seconds: About how long it may take, which
            limits the nodes along an axis.
    """
    if support is not None and not isinstance(model, Charted):
        box = Box(*support)
        if bool(box.inside(model.points).all()):
            return unit_mass(chart_model(model, box), seconds=seconds)
    endless = tails.verdict_of(model, weighable=model.dim <= LARGEST_DIM)
    if endless is not None:
        return Finding(MASS, Status.REFUTED, *endless)
    if model.dim > LARGEST_DIM:
        return Finding(
            MASS,
            Status.INAPPLICABLE,
            f"unchecked: D = {model.dim}, and no lattice weighs a density above D = {LARGEST_DIM}. Areas are the same under any factor",
        )
    try:
        most = _nodes_in(model, seconds)
        found = weigh(lambda x: call(model.log_prob, x, "log_prob"), model.points.double(), support=support, most=most)
    except InputError as refused:  # far from the points the user's function may give up
        text = (
            f"p could not be weighed: {refused}. A density is defined everywhere, with log p = -inf where it vanishes"
        )
        return Finding(MASS, Status.UNDECIDED, text)
    if found.log_mass == -math.inf:
        return Finding(
            MASS, Status.UNDECIDED, "p is zero wherever it was weighed: it has mass where no node lies", {"mass": 0.0}
        )
    if found.undefined and found.where is not None:
        where = ", ".join(f"{value:.6g}" for value in found.where[:LARGEST_DIM])
        text = (
            f"log p is NaN or +inf at {found.undefined} of the points where p is weighed, first at ({where}): a density is defined everywhere, "
            "with log p = -inf where it vanishes"
        )
        return Finding(MASS, Status.UNDECIDED, text, {"undefined": found.undefined})
    return _weighed(model, _with_ends(model, found))


def _with_ends(model: Model, found: Mass) -> Mass:
    """A mass in a chart: what lies within a few roundings of an end of the support
    counts as outside, for beyond it no floating-point number lies."""
    if not isinstance(model, Charted):
        return found
    near = weigh(model.near_an_end, model.points.double())
    if near.log_mass == -math.inf:
        return found
    share = math.exp(min(near.log_mass - found.log_mass, 0.0)) if near.log_mass == near.log_mass else math.inf
    return replace(found, outside=found.outside + 2 * share)


def _weighed(model: Model, found: Mass) -> Finding:
    """The integral against 1: what the lattice holds can be too much for certain, and
    too little only as far as it looked."""
    mass = math.exp(min(found.log_mass, 700.0))
    measurement = found.unit_mass(model.dim, model.precision)
    verdict = kernel.judge(measured(measurement, resolves=0.02), route="numeric")
    error = float(bound_of(measurement.bound).max())
    witness = {
        "mass": mass,
        "log_mass": found.log_mass,
        "estimated_error": error if math.isfinite(error) else None,
        "nodes_along_an_axis": found.nodes,
        "along": _drawn(found.along),
    }
    inside = mass * (1 - min(found.quadrature, 1.0))  # what the lattice itself holds; more outside can only add to it
    text, status = f"the integral of p is {mass:.6g}, with an estimated error of {error:.1g}", verdict.status
    if status is Status.HOLDS:
        text += "; peaks that are narrower than the lattice around the points, or far from them, go unseen"
    if inside > 1 and mass * found.quadrature * kernel.DOUBT < mass - 1:
        status = Status.REFUTED
        text += f": log p is too large by {found.log_mass:.4g} nats on average{tails.guess(model)}. Orders, areas and the bijections stay as they are"
    elif found.outside > 0.1:
        status = Status.UNDECIDED
        text = f"the integral of p is {mass:.3g} and goes on growing with the range: p may have no finite integral at all, or lie far from the points (is this log p, with its sign?)"
    elif status is Status.REFUTED and mass < 1:
        status = Status.UNDECIDED
        text += ": either log p is not normalised, or it has mass where the lattice around the points does not look (narrow or distant peaks)"
    elif status is Status.REFUTED:
        text += f": log p is too large by {found.log_mass:.4g} nats on average. Orders, areas and the bijections stay as they are"
    elif status is not Status.HOLDS:
        text += ": too coarse to say that it is 1 (narrow peaks, heavy tails, or a boundary: say with support=(low, high) where p lives)"
    return Finding(MASS, status, text, witness)


def _drawn(along: Tensor | None) -> dict[str, list[float]]:
    """The mass up to ends of columns of the lattice, as numbers; those between which
    nothing lies are left out."""
    if along is None or not bool(torch.isfinite(along).all()):
        return {}
    mass = along[1]
    moved = (mass.diff() > 1e-6 * mass[-1]).tolist()
    kept = [k for k in range(len(mass)) if (k > 0 and moved[k - 1]) or (k < len(moved) and moved[k])]
    return {
        "x": [float(f"{float(along[0, k]):.4g}") for k in kept],
        "mass": [float(f"{float(mass[k]):.6g}") for k in kept],
    }


def _nodes_in(model: Model, seconds: float) -> int | None:
    """How many nodes along an axis can be evaluated in that time, by one batch; None
    where there is no limit."""
    if seconds == math.inf:
        return None
    x = model.points.repeat(-(-2048 // model.points.shape[0]), 1)[:2048]
    started = time.perf_counter()
    with torch.no_grad():
        model.log_prob(x)
    return max(16, int((seconds * x.shape[0] / (time.perf_counter() - started) / 2) ** (1 / model.dim)))
