"""What the audit of a fit is handed: data, and models that have samples, a sampler, a
log density, or several of these."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.copies import deep_copy, random_states_kept
from proofs_checks.inputs.densities import Model, read_density, read_points
from proofs_checks.wording import short

__all__ = ["FitModel", "read_data", "read_fit_model"]

KEYS = ("samples", "log_prob", "sampler")
FEWEST = 16


@dataclass(frozen=True)
class FitModel:
    """A model: draws ``(n, D)`` and log p at data ``(N,)``, each where there is one;
    notes in sentences; ``whole`` are all draws that were handed in, where ``samples``
    are some of them; ``density`` is the object that log p was read from."""

    name: str
    samples: Tensor | None
    log_prob: Callable[[Tensor], Tensor] | None
    notes: tuple[str, ...]
    whole: Tensor | None = None
    density: Model | None = None


def read_data(data: Any) -> Tensor:
    """Points ``(N, D)`` in float64, events flattened.

    Raises:
        InputError: as :func:`proofs_checks.inputs.densities.read_points`, or fewer than
            16 points.
    """
    points = read_points(data, "data")
    if len(points) < FEWEST:
        raise InputError(
            f"Expected at least {FEWEST} points of data, got {len(points)}: no interval can be given for fewer."
        )
    return points.reshape(len(points), -1).double()


def read_fit_model(model: Any, data: Tensor, *, name: str, draws: int, seed: int) -> FitModel:
    """Read a model: an array of its samples, a dict with ``samples``, ``log_prob`` or
    ``sampler``, a distribution, a module, or a sampler n -> (n, D).

    Raises:
        InputError: it is none of these, or has another dimension than the data.
    """
    if isinstance(model, (Tensor, np.ndarray)):
        return FitModel(name, _samples(model, data, f"samples of {name}"), None, ())
    if isinstance(model, dict):
        unknown = set(model) - set(KEYS)
        if unknown or not model:
            raise InputError(
                f"Expected a dict with {', '.join(KEYS)}, got {', '.join(map(str, sorted(map(str, unknown)))) or 'an empty one'}."
            )
        samples = model.get("samples")
        found = None if samples is None else _samples(samples, data, f"samples of {name}")
        if found is None and "sampler" in model:
            found = _drawn(model["sampler"], data, draws, seed, name)
        density = _density(model["log_prob"], data, draws, seed, drawing=found is None) if "log_prob" in model else None
        if density is None:
            return FitModel(name, found, None, ())
        return _with_density(name, found if found is not None else density[1], density[0])
    if hasattr(model, "log_prob") or (
        isinstance(model, torch.nn.Module) and not callable(getattr(model, "sample", None))
    ):
        density = _density(model, data, draws, seed, drawing=True)
        found = density[1]
        if found is None and callable(getattr(model, "sample", None)):
            found = _drawn(model.sample, data, draws, seed, name)
        return _with_density(name, found, density[0])
    if callable(getattr(model, "sample", None)):
        return FitModel(name, _drawn(model.sample, data, draws, seed, name), None, ())
    if callable(model):
        return _function(model, data, name=name, draws=draws, seed=seed)
    raise InputError(
        f"Expected {name} as an array of samples (n, D), a distribution, a module with log_prob or sample, a sampler n -> (n, D), or a dict with "
        f"{', '.join(KEYS)}; got {short(model)}."
    )


def _function(model: Callable[..., Any], data: Tensor, *, name: str, draws: int, seed: int) -> FitModel:
    """A bare function: a sampler if it makes points from a number, a log density if it
    makes one number a point."""
    try:
        parameters = list(inspect.signature(model).parameters.values())
    except (TypeError, ValueError):
        parameters = [None]
    if not parameters:
        raise InputError(f"{name} takes no argument. Hand over a sampler n -> (n, D), or a log density (N, D) -> (N,).")
    try:
        return FitModel(name, _drawn(model, data, draws, seed, name), None, (f"{name} was read as a sampler",))
    except InputError as as_sampler:
        try:
            density = _density(model, data, draws, seed, drawing=False)
        except InputError as as_density:
            raise InputError(f"{name} is neither a sampler ({as_sampler}) nor a log density ({as_density}).") from None
        return _with_density(name, None, density[0], f"{name} was read as a log density")


def _with_density(name: str, samples: Tensor | None, density: Model, *notes: str) -> FitModel:
    return FitModel(name, samples, density.log_prob, (*density.notes, *notes), density=density)


def _samples(value: Any, data: Tensor, what: str) -> Tensor:
    points = read_points(value, what)
    flat = points.reshape(len(points), -1).double()
    if flat.shape[1] != data.shape[1]:
        raise InputError(f"The data have D = {data.shape[1]} coordinates, the {what} {flat.shape[1]}.")
    if len(flat) < FEWEST:
        raise InputError(f"Expected at least {FEWEST} {what}, got {len(flat)}.")
    return flat.to(data.device)


def _drawn(sampler: Any, data: Tensor, draws: int, seed: int, name: str) -> Tensor:
    """Draws of a copy, so that the user's object and the random state stay as they
    are."""
    if not callable(sampler):
        raise InputError(f"Expected the sampler of {name} as a function n -> (n, D), got {short(sampler)}.")
    try:
        twin = deep_copy(sampler, wide=False, what=f"the sampler of {name}")
        with random_states_kept(seed), torch.no_grad():
            try:
                value = twin(draws)
            except TypeError:
                value = twin((draws,))
    except InputError:
        raise
    except CALL_ERRORS as error:
        raise InputError(
            f"The sampler of {name} failed on n = {draws} ({type(error).__name__}: {str(error)[:120]})."
        ) from None
    if not isinstance(value, (Tensor, np.ndarray)) or value.ndim == 0 or len(value) != draws:
        raise InputError(f"Expected {draws} draws from the sampler of {name}, got {short(value)}.")
    return _samples(value, data, f"draws of {name}")


def _density(model: Any, data: Tensor, draws: int, seed: int, *, drawing: bool) -> tuple[Model, Tensor | None]:
    """log p as it was read, and draws if the object makes them."""
    read = read_density(model, data)
    found = None
    if drawing and read.sampler is not None:
        with random_states_kept(seed):
            found = _samples(read.sampler(draws, seed), data, "draws")
    return read, found
