"""Calls to the copy of a flow: flat float64 points in, float64 out, every shape that is
not understood explained."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from proofs_checks.errors import InputError
from proofs_checks.inputs.copies import Float64Factories
from proofs_checks.inputs.flow_parts import Context, Parts
from proofs_checks.inputs.flow_view import Image, Map
from proofs_checks.wording import short

PROBED = 16  # rows on which a flow is tried before it is believed


def factories(wide: bool) -> Any:
    """A context in which a float64 copy makes float64 tensors; none for a copy in its
    own precision."""
    return Float64Factories() if wide else contextlib.nullcontext()


class Calls:
    """Calls to a copy: flat float64 points in, float64 out, the precision of what came
    back remembered."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype, self.precision = dtype, torch.finfo(dtype).eps

    def raw(self, function: Callable[..., Any], x: Any, c: Context) -> Any:
        """The function's own answer to events in their own shape."""
        events = (
            x.to(self.dtype, copy=True) if isinstance(x, Tensor) else x
        )  # a function may write into what it is given
        context = c.to(self.dtype) if c is not None and c.is_floating_point() else c
        with factories(self.dtype == torch.float64):
            return function(events, context)

    def image(self, function: Callable[..., Any], x: Tensor, c: Context, name: str) -> tuple[Tensor, Tensor | None]:
        """Events to events and log|det| ``(N,)``."""
        z, log_det = split_image(self.raw(function, x, c), name)
        if z.ndim == 0 or len(z) != len(x) or z.numel() != x.numel():
            raise InputError(
                f"Layer {name} sends events of shape {tuple(x.shape[1:])} to {tuple(z.shape[1:])}: {x[0].numel()} numbers to {z[0].numel() if z.ndim else 1}. Change of variables "
                "needs as many coordinates after as before; a density on a surface (a simplex, a sphere) needs a chart first."
            )
        self.remember(z)
        return z, None if log_det is None else self._summed(log_det, z, name)

    def remember(self, value: Tensor) -> None:
        """Keep the coarsest unit roundoff that came back."""
        if value.is_floating_point():
            self.precision = max(self.precision, torch.finfo(value.dtype).eps)

    def _summed(self, log_det: Any, z: Tensor, name: str) -> Tensor:
        """One log|det| a point; numbers a coordinate are summed, one number for all is
        repeated."""
        n = len(z)
        if not isinstance(log_det, Tensor):
            log_det = torch.as_tensor(log_det, dtype=torch.float64, device=z.device)
        self.remember(log_det)
        if log_det.ndim == 0 or log_det.shape == (1,):
            return log_det.reshape(1).expand(n).double()
        if log_det.shape[0] != n or (
            log_det.numel() not in (n, z.numel()) and log_det.shape[1:].numel() > z[0].numel()
        ):
            raise InputError(
                f"Expected from layer {name} one log|det| a point, shape ({n},), got {tuple(log_det.shape)}. Sum it over the event axes and not over the batch."
            )
        return log_det.reshape(n, -1).sum(1).double()

    def flat(self, function: Callable[..., Any], shape: tuple[int, ...], name: str) -> Map:
        """A layer's direction on flat points."""

        def run(x: Tensor, c: Context) -> Image:
            z, log_det = self.image(function, x.reshape(len(x), *shape), c, name)
            return Image(z.reshape(len(x), -1).double(), log_det)

        return run

    def density(
        self, function: Callable[..., Any], shape: tuple[int, ...], what: str = "log_prob"
    ) -> Callable[[Tensor, Context], Tensor]:
        """A log density on flat points."""

        def run(x: Tensor, c: Context) -> Tensor:
            out = self.raw(function, x.reshape(len(x), *shape), c)
            if not isinstance(out, Tensor):
                raise InputError(
                    f"Expected one log density a point from {what}, as a tensor of shape ({len(x)},), got {short(out)}. A NumPy array: torch.from_numpy."
                )
            if out.is_complex():
                raise InputError(
                    f"Expected real log densities from {what}, got {out.dtype}. Return the real part if the imaginary one is zero by construction: out.real."
                )
            if out.ndim > 1 and out.shape == (len(x), *[1] * (out.ndim - 1)):
                out = out.reshape(len(x))
            if out.shape != (len(x),):
                raise InputError(_shape_message(out, x, shape, what))
            self.remember(out)
            return out.double()

        return run


def _shape_message(out: Tensor, x: Tensor, shape: tuple[int, ...], what: str) -> str:
    text = f"Expected one log density a point from {what}, shape ({len(x)},) for points of shape {(len(x), *shape)}, got {tuple(out.shape)}. "
    if out.ndim == 0:
        return (
            text
            + "That is one number for the batch: sum over the coordinates of a point, and neither sum nor average over the points."
        )
    if out.numel() == x.numel():
        return (
            text
            + "That is one number a coordinate: sum over the event, or torch.distributions.Independent(distribution, number of event axes)."
        )
    return text + "Return one number for each row."


def split_image(out: Any, name: str) -> tuple[Tensor, Any]:
    """Points and log|det| out of what a layer returned: a tensor, a pair, or a pair in
    a list of one."""
    if isinstance(out, Tensor):
        return out, None
    if isinstance(out, (tuple, list)) and len(out) >= 1:
        first = out[0]
        if isinstance(first, (tuple, list)) and len(first) == 1:
            first = first[0]
        if isinstance(first, Tensor):
            rest = out[1] if len(out) > 1 else None
            return first, rest if isinstance(rest, (Tensor, int, float)) else None
    raise InputError(f"Expected from layer {name} points, or points and log|det|, as tensors; got {short(out)}.")


def precisions_mixed(error: BaseException) -> bool:
    """Whether a float64 copy met float32 tensors."""
    return any(word in str(error) for word in ("dtype", "Double", "Float"))


def initialisation_message(names: list[str], found: Parts) -> str:
    """What is said of a flow whose first batch makes its parameters, with the call that
    finishes it."""
    shown = ", ".join(name.partition(" ")[2] for name in names[:4])
    call = "flow.log_prob(data[:1024])" if found.log_prob is not None else "flow(data[:1024])"
    return (
        f"The first batch initialises this flow: calling it changed {len(names)} parameter{'s' * (len(names) != 1)} ({shown}). Before that call it is no model, and a few "
        f"probe rows must not make it one. Finish it on training data, then audit:\n    flow.train(); {call}; flow.eval()"
    )


def refusal_message(
    error: Exception, found: Parts, points: Tensor, shape: tuple[int, ...], contexts: Tensor | None
) -> str:
    """What is said of a flow that raises on the points: its own words, what they point
    to, and the line to write."""
    text = f"Calling {found.kind} on points of shape {(min(PROBED, len(points)), *shape)} raised {first_line(error)}. "
    line, known = str(error), found.event_shape or (found.base.event_shape if found.base is not None else None)
    if "within the support" in line or "Expected value argument" in line:
        return text + "Some points lie outside the support, where the density is zero."
    if precisions_mixed(error):
        return (
            text
            + "It could not be evaluated in float64: a tensor inside is made in float32 by name (dtype=torch.float32, .float())."
        )
    if "mat1 and mat2" in line or "size of tensor" in line or "shape" in line.lower() or "dim" in line.lower():
        if contexts is not None:
            return (
                text
                + f"Its events have shape {tuple(known) if known else shape}, the rows of context {tuple(contexts.shape[1:])}: is the context of another length, or none at all?"
            )
        if known and tuple(known) == shape:
            return (
                text
                + "The shape of the events is its own, so that it may be conditional: give context=, a tensor of one row or of a row a point."
            )
        own = (
            f"; its own is {tuple(known)}: data of shape (N, {', '.join(map(str, known))})"
            if known
            else "; give data of the shape it was trained on"
        )
        return text + f"It looks as if the flow takes events of another shape than {shape}{own}."
    if contexts is None and ("context" in line.lower() or "condition" in line.lower() or "NoneType" in line):
        return text + "It looks conditional: give context=, a tensor of one row or of a row a point."
    return (
        text
        + "Try flow.log_prob(data[:2]) by itself; the audit calls it in the same way, on a float64 copy in eval() mode."
    )


def first_line(error: BaseException) -> str:
    """The kind of an error and its first line."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {short(text[0], 160)[1:-1] if text else 'no message'}"
