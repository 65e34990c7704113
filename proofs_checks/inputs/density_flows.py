"""What else a density model shows: its transform to a base distribution, and its draws,
read by the density audit itself or as a flow of any library."""

from __future__ import annotations

import time
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
from proofs_checks.inputs.density_checks import DRAWN, SAMPLES, Sampler, read_sampler, samples_follow
from proofs_checks.inputs.flows import FlowView, read_flow
from proofs_checks.kernel import Status

__all__ = ["View", "flow_of", "own_samples"]

TIMED = (2, 16)  # draws in the batches that say what a batch and what a draw costs
TRIED = 100  # draws that are looked at before any is compared
PLACING = 120  # evaluations of log p that place a draw on its fibre
FEWEST = 96  # draws that tell something
MISSING = Finding(SAMPLES, Status.INAPPLICABLE, "unchecked: no sampler was given, and the object has none")


@dataclass(frozen=True)
class View:
    """The transform of a model where it shows one, and its sampler, from (n, seed) to
    draws ``(n, D)``, where it has one; whether the user gave that."""

    flow: Flow | None
    sampler: Sampler | None
    given: bool = False


def flow_of(model: Model, source: Any, sampler: Any) -> View:
    """The transform and the draws of a model; of its own sampler nothing is drawn yet.

    Args:
        source: The object as the user gave it. sampler: From n to n draws, or None for
            the object's own.
    Raises:
        InputError: ``sampler`` was given and does not work.
    """
    if sampler is not None:
        return View(model.flow or _transform(_read(source, model)), read_sampler(model, sampler), given=True)
    view = None if model.flow is not None and model.sampler is not None else _read(source, model)
    return View(model.flow or _transform(view), model.sampler or _draws(view))


def own_samples(model: Model, view: View, seed: int, *, seconds: float, cost: float) -> Finding:
    """As many draws as there is time for against log p: what is said where there are
    none, where they are no numbers, and where they are too few.

    Args:
        seconds: How long it may take. cost: Of an evaluation of log p, in seconds.
    Raises:
        InputError: the user's own sampler does not do what it should.
    """
    if view.sampler is None:
        return MISSING
    try:
        drawn, number = _as_many_as(view.sampler, seconds, cost)
    except (*CALL_ERRORS, InputError) as error:
        if view.given:
            raise
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Finding(
            SAMPLES, Status.UNDECIDED, f"unchecked: drawing from the object raised {type(error).__name__}: {line}"
        )
    if lost := int((~torch.isfinite(drawn).all(1)).sum()):
        said = (
            f"{lost} of {len(drawn)} draws of the object are NaN or infinite: there the map from the base to the data is not defined. If its transform reaches only a "
            "part of the base distribution's support, log p has less mass than 1"
        )
        return Finding(SAMPLES, Status.REFUTED, said, {"not_finite": lost, "draws": len(drawn)})
    if number < FEWEST:
        text = f"unchecked: there is time for {number} draws, and fewer than {FEWEST} tell too little; more seconds= give more"
        return Finding(SAMPLES, Status.UNDECIDED if view.given else Status.INAPPLICABLE, text)
    return samples_follow(model, view.sampler, seed, draws=number)


def _as_many_as(sampler: Sampler, seconds: float, cost: float) -> tuple[Tensor, int]:
    """Some draws, and how many there is time for: a batch costs something of its own,
    and each draw in it."""
    if 2 * FEWEST * PLACING * cost > seconds:  # nothing would be left for the drawing
        return torch.zeros(0, 1), 0
    times, drawn = [], []
    for n in TIMED:
        started = time.process_time()
        drawn.append(_drawn(sampler, n))
        times.append(time.process_time() - started)
        if times[0] > seconds / TIMED[-1]:  # a batch of any size takes as long
            return torch.cat(drawn), 0
    each = max(0.0, times[1] - times[0]) / (TIMED[1] - TIMED[0])
    left = seconds - 3 * times[0]
    number = int(max(0.0, min(DRAWN, left / (cost * PLACING + 2 * each))))
    if number > FEWEST:
        drawn.append(_drawn(sampler, TRIED))
    return torch.cat(drawn), number


def _drawn(sampler: Sampler, n: int) -> Tensor:
    with torch.no_grad():
        return sampler(n, n).reshape(n, -1)


def _read(source: Any, model: Model) -> FlowView | None:
    """The object as a flow, where it is one."""
    points = model.points[:16].reshape(-1, *model.event_shape) if model.event_shape else model.points[:16]
    try:
        view = read_flow(source, points)
    except (*CALL_ERRORS, InputError, NotImplementedError, AssertionError):
        return None  # nobody said that it is a flow
    return None if view.kind.startswith("a function") else view  # it was read as log p already


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
