"""Calling a user's model: in which shape and precision it takes points, and whether
its log p is a function of the point alone."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_batchedtensor
from torch.distributions import Distribution

from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS, failed_call, one_log_density_a_point
from proofs_checks.kernel import Status
from proofs_checks.wording import short

ALONE = "rows on their own"
ADDED_UP = 30.0  # of its tolerances that are taken for its error, where rows move each other by less
SOLVED = 1e3  # how many times its tolerance a solver may leave of an answer: steps err locally, and errors add up

# -- shapes and calls -----------------------------------------------------------------------------------------------------


class _ChangesPoints(InputError):
    """The user's function works in place."""


class Caller:
    """log p of flat points: reshapes to the event, calls, checks the shape, and sends
    what lies off a distribution's support to -inf."""

    def __init__(
        self,
        function: Callable[[Tensor], Any],
        event_shape: tuple[int, ...],
        dtype: torch.dtype,
        inside: Callable[[Tensor], Tensor] | None = None,
        returned: torch.dtype | None = None,
    ) -> None:
        self.function, self.event_shape, self.dtype, self.inside = function, event_shape, dtype, inside
        self.returned = returned or dtype

    def __call__(self, x: Tensor) -> Tensor:
        """log p of flat points ``(N, D)``, in their dtype; -inf off the support."""
        events = x.reshape(x.shape[0], *self.event_shape).to(self.dtype, copy=True)  # NumPy code may work in place
        if self.inside is not None:
            kept = self.inside(events)
            if not bool(kept.all()):
                out = events.new_full(x.shape[:1], -math.inf)
                if bool(kept.any()):
                    out = out.index_put((kept.nonzero()[:, 0],), self._numbers(events[kept]).to(out))
                return out.to(x.dtype)
        return self._numbers(events).to(x.dtype)

    def _numbers(self, events: Tensor) -> Tensor:
        before = _version(events)
        out = self.function(events)
        if _version(events) != before:
            raise _ChangesPoints(
                "log_prob changes the points that it is given, in place (as x.square_(), x -= mean or x[:, 0] = 0 do), so that every later call would see other "
                "points. Work on a copy: x = x.clone()."
            )
        out = one_log_density_a_point(out, events, "log_prob")
        self.returned = out.dtype
        return out


def _version(x: Tensor) -> int:
    """How often a tensor was written to; 0 where torch does not count."""
    return 0 if x.is_inference() or is_batchedtensor(x) else x._version


def fit(function: Callable[[Tensor], Any], points: Tensor, kind: str, notes: list[str]) -> Caller:
    """The event shape and precision in which the model takes the points: as they are or
    flat, float64 if it can."""
    shape = tuple(points.shape[1:])
    events = [
        *([()] if shape == (1,) and "distribution" in kind else []),
        shape,
        *([(math.prod(shape),)] if len(shape) > 1 else []),
        *([()] if shape == (1,) and "distribution" not in kind else []),
    ]
    dtypes = [torch.float64] + [torch.float32] * (points.dtype == torch.float32)
    first: Exception | None = None
    tried = itertools.product(dtypes, dict.fromkeys(events), (function, _on_arrays(function)))
    for dtype, event, call in tried:
        caller = Caller(call, event, dtype)
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                caller(points[:2].reshape(points[:2].shape[0], -1).to(dtype, copy=True))
        except _ChangesPoints:
            raise
        except CALL_ERRORS as error:  # the user's own code: told below, not swallowed
            if first is None or (isinstance(error, InputError) and not isinstance(first, InputError)):
                first = error  # what came back says more than what could not be called
            continue
        else:
            if dtype != points.dtype:
                notes.append("the points were float32, and are evaluated in float64")
            if dtype == torch.float32:
                notes.append("the model takes float32 only: its log densities carry seven digits")
            if caller.returned != dtype:
                notes.append(f"log p comes back in {caller.returned}, whose roundoff limits what can be told")
            return caller
    if isinstance(first, InputError):
        raise first
    raise InputError(failed_call(first, points[:2], kind)) from first


def _on_arrays(function: Callable[[Any], Any]) -> Callable[[Tensor], Any]:
    """A function that takes NumPy arrays, called with one."""
    return lambda x: function(x.detach().cpu().numpy().copy())


def inside_of(distribution: Any) -> Callable[[Tensor], Tensor] | None:
    """For torch distributions, which raise outside of their support: where an event is
    inside."""
    if not isinstance(distribution, Distribution):
        return None
    try:
        support = distribution.support
    except (NotImplementedError, AttributeError):
        return None
    if support is None or not hasattr(support, "check"):
        return None

    def check(events: Tensor) -> Tensor:
        return support.check(events).reshape(events.shape[0], -1).all(1)

    return check


# -- is it a function of the point? --------------------------------------------------------------------------------------


def _devices(x: Tensor) -> list[torch.device]:
    return [x.device] if x.device.type == "cuda" else []


def evaluate_probe(caller: Caller, probe: Tensor) -> Tensor:
    """The values at a few points; InputError where the call raises, or where there is
    no density."""
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=_devices(probe)):
            values = caller(probe.clone())
    except InputError:
        raise
    except CALL_ERRORS as error:
        raise InputError(failed_call(error, probe, "the model")) from error
    bad = torch.isnan(values) | (values == math.inf)
    if bool(bad.any()):
        at = int(bad.nonzero()[0])
        raise InputError(
            f"log p is {values[at].item()} at inlier {at}: there is no density there. Look for a log of a negative number, 0/0, or an atom."
        )
    return values


def _gap(values: Tensor, others: Tensor) -> Tensor:
    """|difference| in units of 1 + |value|; equal infinities differ by nothing."""
    return torch.where(
        values == others, torch.zeros_like(values), (values - others).abs() / (1 + values.abs())
    ).nan_to_num(nan=math.inf)


def _half_the_digits(caller: Caller) -> float:
    """Where two evaluations of one point stop being the same number rounded
    differently: half of the digits gone. A convention, not a bound."""
    return math.sqrt(torch.finfo(caller.returned).eps)


def repeatable(caller: Caller, probe: Tensor, values: Tensor) -> Finding:
    """Whether calling twice gives the same values; InputError where it does not."""
    gap = _gap(values, evaluate_probe(caller, probe))
    with torch.random.fork_rng(devices=_devices(probe)):
        torch.manual_seed(1)  # a model that reseeds nothing draws other numbers now
        gap = torch.maximum(gap, _gap(values, evaluate_probe(caller, probe)))
    if float(gap.max()) > _half_the_digits(caller):
        at = int(gap.argmax())
        raise InputError(
            f"Two calls on the same batch gave different log densities (row {at}: off by {float(gap[at]):.2g} of 1 + |log p|): the model is random. "
            "Dropout in train() mode, sampled latents (a bound such as the ELBO) or noise would do that. Call .eval(), or fix the noise: log p has to be a "
            "function of the point."
        )
    return Finding("same value twice", Status.HOLDS, _agreement(gap, "in three calls on the same batch"))


def alone(caller: Caller, probe: Tensor, values: Tensor, what: str, solver: float = 0.0) -> tuple[Finding, float]:
    """Whether a row has its value alone, in another order and among other rows, and by
    how much it has not where a solver explains that.

    Args:
        solver: Tolerance of an adaptive solver inside the model, 0 where there is none:
            it takes its steps for the whole batch.
    Raises:
        InputError: rows move each other by more than rounding, and no solver is to
            blame.
    """
    rows = min(4, probe.shape[0])
    company = torch.cat([probe, 0.9 * probe + 0.1 * probe.mean(0)]).flip(0)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=_devices(probe)):
            single = torch.cat([caller(probe[k : k + 1]) for k in range(rows)])
            mixed = caller(company).flip(0)[: probe.shape[0]]
    except InputError:
        raise
    except CALL_ERRORS as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
        raise InputError(
            f"{what} works on the batch but not on single rows or on the rows in another order ({type(error).__name__}: {line}). "
            "Batch normalisation in train() mode, or a hard-coded batch size, would do that. log p has to be a function of the point."
        ) from error
    gap = torch.cat([_gap(values[:rows], single), _gap(values, mixed)])
    worst = float(gap.max())
    if solver and _half_the_digits(caller) < worst <= SOLVED * solver:
        text = f"rows move each other by {worst:.1g} of 1 + |log p|: an adaptive solver (tolerance {solver:.1g}) takes its steps for the whole batch. That is the error of log p; a smaller atol and rtol would lessen it"
        return Finding(ALONE, Status.HOLDS, text, {"coupling": worst, "tolerance": solver}), max(
            worst, ADDED_UP * solver
        )
    if worst > _half_the_digits(caller):
        at = int(gap.argmax())
        where = "on its own" if at < rows else "in another batch"
        raise InputError(
            f"log p of row {at if at < rows else at - rows} changes by {float(gap[at]):.2g} of 1 + |log p| when the row is evaluated {where}: it depends on the other "
            "rows. Batch normalisation in train() mode, statistics over the batch axis, or a sum over the wrong axis would do that. Call .eval(), and reduce over "
            "the event axes only."
        )
    return Finding(ALONE, Status.HOLDS, _agreement(gap, "alone, in another order and among other rows")), 0.0


def under_vmap(caller: Caller, probe: Tensor, values: Tensor) -> Finding:
    """vmap is not needed; that a model breaks under it is told, for other tools do need
    it."""
    rows = min(4, probe.shape[0])
    name = "under torch.vmap"
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bare = Caller(caller.function, caller.event_shape, caller.dtype)
            found = torch.vmap(lambda row: bare(row[None])[0])(probe[:rows])
    except CALL_ERRORS as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
        text = f"it breaks ({type(error).__name__}: {short(line, 120)}), as code with .item(), data-dependent branches or in-place updates does; the audit calls it on batches instead"
        return Finding(name, Status.INAPPLICABLE, text)
    gap = _gap(values[:rows], found)
    finite = torch.isfinite(values[:rows])
    gap = torch.where(finite, gap, torch.zeros_like(gap))
    if float(gap.max()) > _half_the_digits(caller):
        return Finding(
            name,
            Status.UNDECIDED,
            f"it gives other numbers there (off by {float(gap.max()):.2g} of 1 + |log p|) although single rows agree with the batch",
            {"row": int(gap.argmax())},
        )
    return Finding(name, Status.HOLDS, _agreement(gap, "row by row"))


def _agreement(gap: Tensor, where: str) -> str:
    worst = float(gap.max())
    return f"the same {where}" + ("" if worst == 0 else f", to {worst:.1g} of 1 + |log p|")


def differentiable(caller: Caller, probe: Tensor) -> bool:
    """Whether log p carries a gradient with respect to the point."""
    leaf = probe[:2].clone().requires_grad_()
    with torch.enable_grad(), torch.random.fork_rng(devices=_devices(probe)):
        try:
            return caller(leaf).requires_grad
        except CALL_ERRORS:
            return False
