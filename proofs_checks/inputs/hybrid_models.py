"""A user's module with two heads, p(y | x) and p(x), and its batch: read, copied into
float64, and refused with the line that helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.copies import Float64Factories, deep_copy, random_states_kept
from proofs_checks.inputs.files import require_dense
from proofs_checks.wording import short

FEWEST = 8  # rows, half of which are held out
CLASSIFIERS = ("logits", "classify", "classifier")
DENSITIES = ("log_prob", "log_px", "log_density")
FORM = "forward(x) that returns (logits, log p(x)), a dict with 'logits' and 'log_prob', or methods logits(x) and log_prob(x)"
HINT = "heads=lambda model, x: (logits, log_px) says how to get both from any module."

Heads = Callable[[nn.Module, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Hybrid:
    """A copy of the user's module in float64 and ``eval()`` mode, its two log
    likelihoods as a function of (module, x, y), and the batch.

    ``notes``: what was done to the copy, in words; ``dims``: numbers in one x;
        ``classes``: K.
    """

    model: nn.Module
    heads: Heads
    x: Tensor
    y: Tensor
    classes: int
    notes: tuple[str, ...]

    @property
    def dims(self) -> int:
        """D."""
        return self.x[0].numel()

    def objectives(self, model: nn.Module, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """``(log p(y|x), log p(x))`` in nats, shapes ``(N,)``; y is shifted to 0, 1, ..
        already."""
        with Float64Factories():
            logits, log_px = self.heads(model, x.clone())  # modules may work in place
        if logits.ndim == 1 or logits.shape[1] == 1:
            return logsigmoid((2 * y - 1) * logits.reshape(len(x))), log_px.reshape(len(x))
        return torch.log_softmax(logits, -1).gather(1, y[:, None])[:, 0], log_px.reshape(len(x))


def read_hybrid(model: Any, x: Any, y: Any, heads: Heads | None, seed: int) -> Hybrid:
    """The model with its batch.

    Raises:
        InputError: no module, one head only, a batch that does not fit, labels that are
            none, values that are not finite.
    """
    if not isinstance(model, nn.Module):
        raise InputError(
            f"Expected a torch.nn.Module with two heads, got {type(model).__name__}: gradients are taken in its parameters. {HINT}"
        )
    points, labels = _points(x), _labels(y)
    if len(points) != len(labels):
        raise InputError(f"Expected a label for each of {len(points)} points, got {len(labels)}.")
    if len(points) < FEWEST:
        raise InputError(f"Expected at least {FEWEST} points, half of which are held out, got {len(points)}.")
    with random_states_kept(seed):
        twin = deep_copy(model, what="the model").eval()
        both = _heads(twin, heads)
        logits, log_px = _call(both, twin, points)
    for name, value in (("logits", logits), ("log p(x)", log_px)):
        if not value.is_floating_point():
            raise InputError(
                f"Expected {name} in a floating dtype, got {value.dtype}; .double() makes one of whole numbers."
            )
    classes = 2 if logits.ndim == 1 or logits.shape[1] == 1 else logits.shape[1]
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise InputError(
            f"Expected labels 0..{classes - 1} for {classes} classes, got {int(labels.min())}..{int(labels.max())}. Do they start at 1?"
        )
    if not any(parameter.requires_grad for parameter in twin.parameters()):
        raise InputError(
            "Expected parameters that are trained, got none with requires_grad: there is no gradient to compare."
        )
    if log_px.numel() != len(points):
        raise InputError(
            f"Expected log p(x) as one number a point, shape ({len(points)},), got {tuple(log_px.shape)}. Sum over the pixels."
        )
    read = Hybrid(twin, both, points, labels, classes, _notes(model))
    _require_gradients(read, seed)
    return read


def _require_gradients(read: Hybrid, seed: int) -> None:
    """Refuse heads that are both cut off from every parameter."""
    rows = slice(0, FEWEST)
    with random_states_kept(seed), torch.enable_grad():
        values = read.objectives(read.model, read.x[rows], read.y[rows])
    if not any(value.requires_grad for value in values):
        raise InputError(
            "Neither log p(y|x) nor log p(x) has a gradient in any parameter: are they computed under no_grad or inference_mode, or detached? "
            "Gradients are what is compared."
        )


def _tensor(given: Any, name: str, wanted: str) -> Tensor:
    try:
        read = given if isinstance(given, Tensor) else torch.as_tensor(given)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"Expected in {name} {wanted}, got {short(given)} ({str(error)[:80]}).") from None
    require_dense(read, name)
    return read


def _points(x: Any) -> Tensor:
    points = _tensor(x, "x", "points, a floating tensor or array of shape (N, ...)")
    if not points.is_floating_point():
        raise InputError(
            f"Expected points in a floating dtype, got {points.dtype}. Integer images have no density: x.float() / 255, dequantised if p(x) is one."
        )
    if points.ndim < 2 or not points.numel():
        raise InputError(f"Expected points of shape (N, ...), got {tuple(points.shape)}.")
    if not bool(torch.isfinite(points).all()):
        raise InputError(f"Expected finite points, got {int((~torch.isfinite(points)).sum())} NaN or infinite numbers.")
    return points.detach().double()


def _labels(y: Any) -> Tensor:
    labels = _tensor(y, "y", "labels, whole numbers of shape (N,)")
    if labels.is_floating_point() and bool((labels == labels.round()).all()):
        labels = labels.long()
    if labels.is_floating_point() or labels.is_complex() or labels.ndim != 1:
        raise InputError(
            f"Expected labels as whole numbers of shape (N,), got {labels.dtype} of shape {tuple(labels.shape)}. One-hot rows: y.argmax(1)."
        )
    return labels.detach().long()


def _heads(model: nn.Module, given: Heads | None) -> Heads:
    """How both heads are got from the module; ``given`` by the user, or by the form
    that the module has."""
    if given is not None:
        if not callable(given):
            raise InputError(f"Expected in heads a function of (model, x), got {short(given)}.")
        return given
    classifier = next((name for name in CLASSIFIERS if callable(getattr(model, name, None))), None)
    density = next((name for name in DENSITIES if callable(getattr(model, name, None))), None)
    if classifier and density:
        return lambda module, x: (getattr(module, classifier)(x), getattr(module, density)(x))
    return _from_forward


def _from_forward(module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    out = module(x)
    if isinstance(out, dict):
        first = next((out[name] for name in CLASSIFIERS if name in out), None)
        second = next((out[name] for name in DENSITIES if name in out), None)
        out = (first, second)
    if isinstance(out, (tuple, list)) and len(out) == 2:
        first, second = out
        if isinstance(first, Tensor) and isinstance(second, Tensor):
            return first, second
    came = f"{len(out)} parts" if isinstance(out, (tuple, list, dict)) else type(out).__name__
    raise InputError(f"Expected two heads: {FORM}; got {came}. One head alone has nothing to share. {HINT}")


def _call(heads: Heads, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Both heads once, checked."""
    try:
        with Float64Factories(), torch.no_grad():
            found = heads(model, x.clone())
    except InputError:
        raise
    except CALL_ERRORS as error:
        line = str(error).splitlines()[0] if str(error) else "no message"
        raise InputError(
            f"The model raised {type(error).__name__} on shape {tuple(x.shape)}, {x.dtype}: {line}"
        ) from error
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise InputError(f"Expected (logits, log p(x)) from heads, got {type(found).__name__}.")
    logits, log_px = found
    for part, what in ((logits, "logits"), (log_px, "log p(x)")):
        if not isinstance(part, Tensor) or part.ndim < 1 or len(part) != len(x) or part.ndim > 2:
            shape = tuple(part.shape) if isinstance(part, Tensor) else type(part).__name__
            raise InputError(f"Expected {what} with one row for each of {len(x)} points, got {shape}.")
        if not bool(torch.isfinite(part).all()):
            raise InputError(
                f"Expected finite {what}, got {int((~torch.isfinite(part)).sum())} of {part.numel()} NaN or infinite."
            )
    return logits, log_px


def _notes(model: nn.Module) -> tuple[str, ...]:
    """What the copy does otherwise than the model in train() mode."""
    kinds = {
        "batch normalisation": nn.modules.batchnorm._NormBase,
        "dropout": nn.modules.dropout._DropoutNd,
    }
    found = []
    for name, kind in kinds.items():
        layers = [where for where, module in model.named_modules() if isinstance(module, kind)]
        if layers:
            found.append(f"{name} in {', '.join(layers[:3])}{', ..' if len(layers) > 3 else ''}")
    return tuple(found)
