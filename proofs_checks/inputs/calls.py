"""Calling what a user hands in: what it raises is explained, and what it returns is
made a batch. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from proofs_checks.errors import InputError
from proofs_checks.inputs.files import require_dense

if TYPE_CHECKING:
    from torch import Tensor

CALL_ERRORS = (  # what a user's own function commonly raises
    RuntimeError,
    TypeError,
    ValueError,
    IndexError,
    KeyError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,
    ImportError,
    StopIteration,
)


def call(function: Callable[[Any], Any], argument: Any, what: str) -> Any:
    """A user's function, called without gradients; whatever it commonly raises comes
    back explained."""
    import torch

    try:
        with torch.no_grad():
            return function(argument)
    except CALL_ERRORS as error:  # a user's own code: reported, not hidden
        shape = (
            f" on shape {tuple(argument.shape)}, {argument.dtype}, {argument.device}"
            if isinstance(argument, torch.Tensor)
            else ""
        )
        raise InputError(
            f"{what} raised {type(error).__name__}{shape}: {str(error).splitlines()[0] if str(error) else 'no message'}. Try it by itself, on what it is meant for: f(x[:2])."
        ) from error


def as_batch(value: Any, length: int, what: str) -> Tensor:
    """What a function returned, as a tensor with ``length`` samples."""
    import numpy as np
    import torch

    if isinstance(value, np.ndarray) and value.dtype.kind in "iufcb":
        value = torch.from_numpy(np.ascontiguousarray(value))
    if not isinstance(value, torch.Tensor):
        raise InputError(
            f"Expected one tensor from {what}, got {type(value).__name__}. Wrap it in a function that returns the tensor to audit."
        )
    require_dense(value, f"what {what} returned")
    if value.ndim == 0 or len(value) != length:
        raise InputError(
            f"Expected a batch of {length} from {what}, got shape {tuple(value.shape)}. The first axis counts samples."
        )
    return value.detach().clone()  # a function may hand out one buffer again and again


def by_sample(tensor: Tensor) -> Tensor:
    """One row for each sample."""
    return tensor.reshape(len(tensor), -1)


def one_log_density_a_point(out: Any, points: Tensor, what: str) -> Tensor:
    """What a log density returned for a batch of points or events, as a tensor
    ``(N,)``; a column ``(N, 1)`` is read as one.

    Raises:
        InputError: another type or shape, with its likely cause.
    """
    import numpy as np
    import torch

    require_dense(out, f"what {what} returned")
    size = points.shape[0]
    if isinstance(out, (np.ndarray, np.floating)) and out.dtype.kind == "f":
        out = torch.from_numpy(
            np.array(out).reshape(1) if size == 1 and np.ndim(out) == 0 else np.ascontiguousarray(out)
        )
    if not isinstance(out, torch.Tensor):
        raise InputError(
            f"Expected {what} to return a tensor of log densities, one log density a point, got {type(out).__name__}."
        )
    if out.shape == (size, 1):
        out = out[:, 0]
    if out.shape == (size,):
        if not out.is_floating_point():
            raise InputError(f"Expected real log densities from {what}, got {out.dtype}.")
        return out
    text = f"Expected {what} to return one log density a point, shape ({size},) for points of shape {tuple(points.shape)}, got {tuple(out.shape)}. "
    if out.shape == points.shape:
        text += "That is one number a coordinate: sum over the event, or wrap the distribution in torch.distributions.Independent(distribution, number of event axes)."
    elif out.ndim == 0:
        text += "That is one number for the batch: return the sum over the coordinates, not over the points."
    else:
        text += "Return one number for each row; wrap an unbatched function in torch.vmap."
    raise InputError(text)


def failed_call(error: BaseException | None, points: Tensor, what: str) -> str:
    """Why a log density that raised ``error`` on a batch did so, and what to change."""
    line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
    text = f"{what} could not be evaluated on points of shape {tuple(points.shape)} ({type(error).__name__}: {line}). "
    if "Expected value argument" in line or "within the support" in line:
        return text + "Some points lie outside the support of the distribution, where its density is zero."
    if any(word in line for word in ("dtype", "Float", "Double")):
        return text + "Give weights and points the same precision, best float64: model.double(), points.double()."
    if "device" in line:
        return text + "Move the model and the points to one device."
    return (
        text
        + "It has to map points (N, D) to (N,). A conditional model needs its context fixed first, as in lambda x: flow(context).log_prob(x); an unbatched one "
        "torch.vmap; one made for a single D, points of that D."
    )


def log_densities(what: str, function: Callable[[Tensor], Any], points: Tensor) -> Tensor:
    """A user's log density of points ``(N, D)``: one number a point, in the precision
    of the points, with its graph.

    Raises:
        InputError: it raises, returns something else, or works in another precision,
            whose rounding no bound allows for.
    """
    try:
        out = function(points)
    except CALL_ERRORS as error:  # a user's own code: reported, not hidden
        raise InputError(failed_call(error, points, what)) from None
    value = one_log_density_a_point(out, points, what)
    if value.dtype != points.dtype:
        raise InputError(
            f"{what} returned {value.dtype} for points of {points.dtype}, so its rounding is not the one that the bound allows for. "
            "Evaluate it in double precision: model.double(), or cast inside the function."
        )
    return value
