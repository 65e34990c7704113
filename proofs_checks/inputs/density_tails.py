"""What log p does far from the points: a density falls there, and what does not fall
has no finite integral. The likely formula is guessed."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.mass import weigh
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS, call
from proofs_checks.inputs.densities import Model

__all__ = ["guess", "verdict_of"]

RAYS = 32  # directions from the median of the points
FAR = (1e2, 1e3, 1e4, 1e5, 1e6)  # distances, in spreads of the points
LEVEL = 1e-9  # relative: values that differ by less are one constant


def _frame(model: Model) -> tuple[Tensor, Tensor]:
    """The median of the points, and how far they lie from it along each axis; 1 where
    they do not."""
    centre = model.points.median(0).values
    spread = (model.points - centre).abs().mean(0)
    return centre, torch.where(spread > 0, spread, 1.0)


def _far(model: Model) -> Tensor | None:
    """log p at growing distances along rays, ``(RAYS, len(FAR))``; None where it cannot
    be evaluated there."""
    centre, spread = _frame(model)
    directions = torch.nn.functional.normalize(Stream(0, centre.device).normal(RAYS, model.dim), dim=1).to(centre)
    distances = torch.tensor(FAR, dtype=centre.dtype, device=centre.device)
    x = centre + directions[:, None] * distances[:, None] * spread
    try:
        values = call(model.log_prob, x.reshape(-1, model.dim), "log_prob")
    except (InputError, *CALL_ERRORS):
        return None
    return values.detach().view(RAYS, len(FAR))


def verdict_of(model: Model, weighable: bool) -> tuple[str, dict[str, Any]] | None:
    """The refutation of a log p that is one finite constant along all rays, or grows
    along some, in words and with a witness; None where it does neither.

    The integral over R^D of what stays above a positive constant along the rays of an
    open cone is infinite.
    """
    far = _far(model)
    if far is None or bool((far.isnan() | (far == torch.inf)).any()):
        return None
    level, spread = float(far.median()), float(far.max() - far.min())
    if math.isfinite(spread) and spread <= LEVEL * max(1.0, abs(level)):
        words = (guess(model) if weighable else "") or _floor(model, level)
        text = f"log p is {level:.6g} at every one of {far.numel()} points 1e2 to 1e6 spreads away: p stays above a positive constant, and its integral is infinite{words}"
        return text, {"constant": level, "points": far.numel()}
    rising = (far[:, 1:] > far[:, :-1]).all(1) & torch.isfinite(far).all(1) & (far[:, -1] > 0)
    if bool(rising.any()):
        ray = far[rising][0]
        words = (
            guess(model)
            if weighable and bool(rising.all())
            else ". Is it evaluated off its support, where it should be -inf?"
        )
        text = (
            f"log p grows outwards along {int(rising.sum())} of {RAYS} rays, by {float(ray[-1] - ray[0]):.3g} nats between 1e2 and 1e6 spreads: p is large on a cone, and its "
            f"integral is infinite{words}"
        )
        return text, {"log_p_far": ray.tolist(), "distances": list(FAR)}
    return None


def _floor(model: Model, level: float) -> str:
    """Whether log p looks like log(p + e^level), which bends before it is constant, or
    like a log p that is cut off, which does not."""
    centre, spread = _frame(model)
    steps = torch.linspace(0, 60, 1 << 13, dtype=centre.dtype, device=centre.device)
    direction = torch.zeros_like(centre)
    direction[0] = 1.0
    with torch.no_grad():
        values = model.log_prob(centre + steps[:, None] * spread * direction)
    above = values - level
    scale = max(1.0, abs(level))
    bent = int(((above > 1e-9 * scale) & (above < 1e-3)).sum())
    constant = math.exp(level)
    if bent >= 3:
        return f". It looks like log(p + {constant:.3g}): a constant is added under the logarithm"
    return f". It looks like max(log p, {level:.6g}): log p is cut off from below (clamp, or clip)"


def guess(model: Model) -> str:
    """A likely cause of too much mass: a log p with the wrong sign, p in the place of
    log p, or a constant under the logarithm."""
    for name, function in (
        ("with the wrong sign: exp(-log p) has mass", lambda x: -model.log_prob(x)),
        ("p itself in the place of its logarithm: it has mass", lambda x: model.log_prob(x).log()),
    ):
        try:
            other = weigh(lambda x, f=function: call(f, x, "log_prob"), model.points.double(), most=128)
        except (InputError, *CALL_ERRORS):
            continue
        if not other.undefined and other.outside < 0.01 and abs(other.log_mass) < 0.01:
            return f". It looks like log p {name} {math.exp(other.log_mass):.4g}"
    return ""
