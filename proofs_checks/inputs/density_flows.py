"""What else a density model shows: its transform to a base distribution, and its draws, read by the density audit itself or as a flow of any library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.copies import random_states_kept
from proofs_checks.inputs.densities import Flow, Model
from proofs_checks.inputs.density_checks import SAMPLES, Sampler, read_sampler
from proofs_checks.inputs.flows import FlowView, read_flow
from proofs_checks.kernel import Status

__all__ = ["View", "flow_of"]

TRIED = 100  # draws that are looked at before any is used
MISSING = Finding(SAMPLES, Status.INAPPLICABLE, "unchecked: no sampler was given, and the object has none")


@dataclass(frozen=True)
class View:
    """The transform of a model where it shows one, its sampler where it has a sound one, and what is said where it has not."""

    flow: Flow | None
    sampler: Sampler | None
    no_sampler: Finding


def flow_of(model: Model, source: Any, sampler: Any) -> View:
    """The transform and the draws of a model.

    Args:
        source: The object as the user gave it. sampler: From n to n draws, or None for the object's own.
    Raises:
        InputError: ``sampler`` was given and does not work.
    """
    if sampler is not None:
        own = read_sampler(model, sampler)
        return View(model.flow or _transform(_read(source, model)), own, MISSING)
    view = None if model.flow is not None and model.sampler is not None else _read(source, model)
    flow = model.flow or _transform(view)
    draw = model.sampler or _draws(view)
    if draw is None:
        return View(flow, None, MISSING)
    try:
        with torch.no_grad():
            drawn = draw(TRIED, 0)
    except (*CALL_ERRORS, InputError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        said = f"unchecked: drawing from the object raised {type(error).__name__}: {line}"
        return View(flow, None, Finding(SAMPLES, Status.UNDECIDED, said))
    lost = int((~torch.isfinite(drawn.reshape(drawn.shape[0], -1)).all(1)).sum())
    if lost:
        said = (
            f"{lost} of {TRIED} draws of the object are NaN or infinite: there the map from the base to the data is not defined. If its transform reaches only a part of "
            "the base distribution's support, log p has less mass than 1"
        )
        return View(flow, None, Finding(SAMPLES, Status.REFUTED, said, {"not_finite": lost, "draws": TRIED}))
    return View(flow, lambda n, seed: model.read(draw(n, seed), "samples"), MISSING)


def _read(source: Any, model: Model) -> FlowView | None:
    """The object as a flow, where it is one."""
    points = model.points[:16].reshape(-1, *model.event_shape) if model.event_shape else model.points[:16]
    try:
        return read_flow(source, points)
    except (*CALL_ERRORS, InputError, NotImplementedError, AssertionError):
        return None  # nobody said that it is a flow


def _transform(view: FlowView | None) -> Flow | None:
    if view is None or not view.encodes or view.base is None or view.contexts is not None:
        return None
    base = view.base
    return Flow(lambda x: view.to_base(x, None).points, lambda z: base.log_prob(z, None))


def _draws(view: FlowView | None) -> Callable[[int, int], Tensor] | None:
    if view is None or view.sample is None:
        return None
    sample = view.sample

    def draw(n: int, seed: int) -> Tensor:
        with random_states_kept(seed):
            return sample(n, None)

    return draw
