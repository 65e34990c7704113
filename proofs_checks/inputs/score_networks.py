"""What the audit of a score is handed: s(x), or a network of (x, t) with its noise
schedule, as score, eps- or v-prediction. Conventions are asked for, not guessed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.score_matching import Field
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.copies import deep_copy, modules_of, random_states_kept
from proofs_checks.inputs.densities import read_points
from proofs_checks.wording import short

__all__ = ["Level", "read_levels"]

PREDICTIONS = ("score", "eps", "v")
PROBED = 8
ASK = "Pass noise=, a function t -> (alpha, sigma) with x_t = alpha x_0 + sigma z, and times=, the t at which the network was trained."


@dataclass(frozen=True)
class Level:
    """The score at one noise level as a field of flat points, x = alpha x_0 + sigma z,
    and what to call it."""

    name: str
    field: Field
    alpha: float
    sigma: float


def read_levels(
    network: Any, data: Any, *, noise: Any, times: Sequence[float] | None, prediction: str, sigma: float | None
) -> tuple[list[Level], Tensor, list[str]]:
    """Scores at each level, the data flat in float64 ``(N, D)``, and notes.

    Raises:
        InputError: the network cannot be called, a convention is missing, or values
            have another shape than points.
    """
    points = read_points(data, "data")
    if prediction not in PREDICTIONS:
        raise InputError(f"Expected prediction as one of {', '.join(PREDICTIONS)}, got {short(prediction)}.")
    if not callable(network):
        raise InputError(f"Expected a score network as a function of (N, D), or of (x, t), got {short(network)}.")
    if (noise is None) != (times is None):
        raise InputError(f"noise= and times= belong together. {ASK}")
    if noise is not None and sigma is not None:
        raise InputError("sigma= is for a network of x alone; with noise= the level comes from t.")
    times = None if times is None else _times(times)
    twin, dtype, notes = _twin(network, points, noise, times)
    if noise is None:
        return [_static(twin, points, dtype, prediction, sigma)], points.reshape(len(points), -1).double(), notes
    levels = [
        _at(twin, points, dtype, t=float(t), schedule=_schedule(noise, t), prediction=prediction) for t in times or ()
    ]
    if not levels:
        raise InputError("times= is empty.")
    if prediction != "score":
        notes.append(
            f"the {prediction}-prediction was converted to a score: "
            + ("s = -eps/sigma" if prediction == "eps" else "s = -(x + (alpha/sigma) v) for alpha^2 + sigma^2 = 1")
        )
    return levels, points.reshape(len(points), -1).double(), notes


def _twin(network: Any, points: Tensor, noise: Any, times: Any) -> tuple[Callable[..., Any], torch.dtype, list[str]]:
    """A copy in float64, or else in its own precision, in eval() mode."""
    notes = []
    if any(module.training for module in modules_of(network)):
        notes.append("the network was in train() mode; its copy is audited in eval() mode")
    refused = ""
    for wide, dtype in ((True, torch.float64), (False, points.dtype), (False, torch.float32)):
        twin = deep_copy(network, wide=wide, what="the score network")
        for module in modules_of(twin):
            module.eval()
        probe = points[:PROBED].to(dtype, copy=True)
        extra = () if noise is None else (torch.full((len(probe),), float(times[0]), dtype=dtype, device=probe.device),)
        try:
            with random_states_kept(0), torch.no_grad():
                twin(probe, *extra)
            if not wide:
                notes.append(f"the network works in {dtype} only")
            return twin, dtype, notes
        except TypeError as error:
            refused = f"TypeError: {str(error)[:160]}"
            if noise is None and "argument" in str(error):
                raise InputError(f"The network does not take points alone ({refused}). {ASK}") from None
        except CALL_ERRORS as error:
            refused = f"{type(error).__name__}: {str(error)[:160]}"
    raise InputError(
        f"The score network failed on points of shape {tuple(points[:PROBED].shape)} ({refused}). Hand over data of the shape that it was trained on."
    )


def _called(twin: Callable[..., Any], flat: Tensor, shape: torch.Size, dtype: torch.dtype, *extra: Tensor) -> Tensor:
    value = twin(flat.reshape(len(flat), *shape).to(dtype).clone(), *extra)  # networks may work in place
    value = getattr(value, "sample", value) if not isinstance(value, Tensor) else value
    if isinstance(value, tuple) and value:
        value = value[0]
    if not isinstance(value, Tensor) or value.numel() != flat.numel():
        got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise InputError(
            f"Expected the network to return one vector a point, shape {(len(flat), *shape)}, got {got}. A network that returns log p is no score: take its gradient."
        )
    if not value.is_floating_point():
        raise InputError(f"Expected real vectors in a floating dtype from the network, got {value.dtype}.")
    return value.reshape(flat.shape).to(flat.dtype)


def _static(
    twin: Callable[..., Any], points: Tensor, dtype: torch.dtype, prediction: str, sigma: float | None
) -> Level:
    if sigma is not None and (
        isinstance(sigma, bool) or not isinstance(sigma, (int, float)) or not (math.isfinite(sigma) and sigma >= 0)
    ):
        raise InputError(f"Expected sigma as a number of at least 0, got {short(sigma)}.")
    if prediction == "v" or (prediction == "eps" and not sigma):
        raise InputError(
            f"A {prediction}-prediction is a score only with its noise level. "
            + ("Pass sigma=." if prediction == "eps" else ASK)
        )
    shape = points.shape[1:]
    factor = -1.0 / float(sigma) if prediction == "eps" and sigma else 1.0
    return Level(
        "s(x)" if not sigma else f"s(x), sigma = {sigma:g}",
        lambda x: factor * _called(twin, x, shape, dtype),
        1.0,
        float(sigma or 0.0),
    )


def _at(
    twin: Callable[..., Any],
    points: Tensor,
    dtype: torch.dtype,
    *,
    t: float,
    schedule: tuple[float, float],
    prediction: str,
) -> Level:
    alpha, sigma = schedule
    shape = points.shape[1:]
    if prediction == "v" and abs(alpha**2 + sigma**2 - 1) > 1e-4:
        raise InputError(
            f"v-prediction is defined for alpha^2 + sigma^2 = 1, got {alpha**2 + sigma**2:.6g} at t = {t:g}."
        )

    def field(x: Tensor) -> Tensor:
        value = _called(twin, x, shape, dtype, torch.full((len(x),), t, dtype=dtype, device=x.device))
        if prediction == "eps":
            return -value / sigma
        return -(x + alpha / sigma * value) if prediction == "v" else value

    return Level(f"t = {t:g}", field, alpha, sigma)


def _times(times: Any) -> list[float]:
    try:
        listed = [float(t) for t in times]
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"Expected times= as a list of numbers such as (0.1, 0.5), got {short(times)} ({str(error)[:80]})."
        ) from None
    if not listed or isinstance(times, (str, dict, set)) or any(isinstance(t, bool) for t in times):
        raise InputError(f"Expected times= as a list of at least one number such as (0.1, 0.5), got {short(times)}.")
    return listed


def _schedule(noise: Any, t: Any) -> tuple[float, float]:
    if isinstance(t, bool) or not isinstance(t, (int, float)) or not math.isfinite(t):
        raise InputError(f"Expected times as finite numbers, got {short(t)}.")
    try:
        alpha, sigma = (float(part) for part in noise(t))
    except CALL_ERRORS as error:
        raise InputError(
            f"Expected noise as a function t -> (alpha, sigma), got {short(noise)} ({str(error)[:80]})."
        ) from None
    if not (math.isfinite(alpha) and math.isfinite(sigma) and alpha > 0 and sigma > 0):
        raise InputError(f"Expected alpha > 0 and sigma > 0 at t = {t}, got {alpha} and {sigma}.")
    return alpha, sigma
