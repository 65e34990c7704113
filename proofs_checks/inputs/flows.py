"""Reading a normalising flow: one view of any library's object, evaluated on a float64
copy in eval() mode.

The user's object is copied and never called: parameters, buffers, mode and random state
are the same bit for bit afterwards.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from proofs_checks.errors import InputError
from proofs_checks.inputs import flow_adapters as adapters
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.copies import Float64Factories, deep_copy, modules_of, reachable, solver_tolerance, state_of
from proofs_checks.inputs.densities import read_points
from proofs_checks.inputs.flow_calls import (
    PROBED,
    Calls,
    factories,
    first_line,
    initialisation_message,
    precisions_mixed,
    refusal_message,
    split_image,
)
from proofs_checks.inputs.flow_parts import Context, Parts, RawLayer, standard_normal
from proofs_checks.inputs.flow_view import Base, FlowView, Image, Layer
from proofs_checks.wording import short

MOST, FEW = 512, 32  # points kept, of the user's and of a slow sampler
ERRORS = (*CALL_ERRORS, NotImplementedError)

__all__ = ["ERRORS", "Base", "FlowView", "Image", "Layer", "read_flow"]


def read_flow(flow: Any, data: Any = None, *, context: Any = None, base: Any = None, seed: int = 0) -> FlowView:
    """Read a flow of any library.

    Args:
        flow: See :data:`proofs_checks.inputs.flow_adapters.FORM`. data: Points that the
            flow is meant to be evaluated at, ``(N, *event)``; None to use its own
            draws.
        context: For a conditional flow: one row ``(C,)``, or a row a point ``(N, C)``.
            base: The base distribution of a transform that has none.
    Raises:
        InputError: the object is not recognised, cannot be called on the points, or is
            not initialised yet.
    """
    _refuse_twice(flow, base)
    base = None if base is not None and _has_as_a_part(flow, base) else base
    contexts = _read_context(context)
    points = None if data is None else read_points(data, "data")
    _refuse_devices(flow, points, contexts)
    if points is not None and len(points) > MOST:
        kept = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))[:MOST]
        contexts = contexts[kept] if contexts is not None and len(contexts) == len(points) else contexts
        points = points[kept]
    training = any(module.training for module in modules_of(flow))
    reading = _Reading(flow, base, contexts, points, seed, training)
    return reading.view()


def _refuse_twice(flow: Any, base: Any) -> None:
    if isinstance(base, type):
        raise InputError(f"base is the class {base.__name__}; give an instance of it.")
    if isinstance(flow, ModuleType):
        raise InputError(f"flow is the Python module {flow.__name__}; give the flow that stands in it.")
    if flow is not None and flow is base:
        raise InputError("flow and base are one object; base is the distribution that the flow maps the data to.")


def _has_as_a_part(flow: Any, base: Any) -> bool:
    """Whether the base is the flow's own: a file that makes a flow of a base has a name
    for it, too."""
    parts = [*vars(flow).values()] if hasattr(flow, "__dict__") else []
    return any(part is base for part in (*parts, *(flow.children() if isinstance(flow, nn.Module) else ())))


def _read_context(value: Any) -> Tensor | None:
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufb":
        value = torch.from_numpy(np.ascontiguousarray(value))
    if not isinstance(value, Tensor) or value.numel() == 0 or value.is_complex():
        raise InputError(
            f"Expected in context a tensor of one row (C,), or of a row a point (N, C), got {short(value)}. An integer label: torch.tensor([3])."
        )
    if value.is_floating_point() and not bool(torch.isfinite(value).all()):
        raise InputError("The context holds NaN or infinities; every entry has to be finite.")
    value = value.detach()
    if value.is_floating_point():
        value = value.double()
        return value[None] if value.ndim <= 1 else value
    return value[None] if value.ndim == 0 else value


def _refuse_devices(flow: Any, points: Tensor | None, contexts: Tensor | None) -> None:
    for module in modules_of(flow):
        for weight in [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
            for name, value in (("data", points), ("context", contexts)):
                if value is not None and not weight.is_meta and value.device != weight.device:
                    raise InputError(
                        f"The weights of {type(module).__name__} are on {weight.device}, the {name} on {value.device}. Move one: {name} = {name}.to({str(weight.device)!r})."
                    )


class _PrecisionsMixed(InputError):
    """The float64 copy meets float32 tensors that its code makes."""


AMBIGUOUS = (0.5, 1.1)  # mass between the points, of what may be a density


@dataclass
class _Reading:
    """What is needed to make a view, and fresh copies of it."""

    flow: Any
    base: Any
    contexts: Tensor | None
    points: Tensor | None
    seed: int
    training: bool
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def parts(self, *, wide: bool, train: bool = False) -> Parts:
        """Parts of a fresh copy, in eval() mode or in train() mode."""
        source, distribution = deep_copy((self.flow, self.base), wide=wide, what=f"flow ({type(self.flow).__name__})")
        for module in modules_of((source, distribution)):
            module.train(train)
        for part in reachable((source, distribution)):
            if isinstance(part, Distribution):
                part._validate_args = False  # off the support log p is -inf here, and no error
        contexts = self.contexts
        if contexts is not None and contexts.is_floating_point() and not wide:
            contexts = contexts.to(_dtype_of(source))
        with factories(wide):
            return adapters.parts_of(source, distribution, contexts)

    def view(self) -> FlowView:
        """The view in float64, or in the object's own precision where it makes float32
        tensors by name."""
        notes, missing = list(self.notes), list(self.missing)
        try:
            return self._view(torch.float64)
        except _PrecisionsMixed as error:
            if _dtype_of(self.flow) == torch.float64:
                raise
            self.notes, self.missing = notes, missing
            try:
                made = self._view(torch.float32)
            except InputError:
                raise error from None
            note = "it could not be evaluated in float64, for it makes float32 tensors by name (dtype=torch.float32, .float()): its own precision bounds what is told"
            return replace(made, notes=(*made.notes, note))

    def _view(self, dtype: torch.dtype) -> FlowView:
        found = self.parts(wide=dtype == torch.float64)
        own = self.parts(wide=False)
        own_dtype = _dtype_of(self.flow)
        sample = _own_sampler(own, own_dtype, found)
        device = next((value.device for value in state_of(self.flow).values()), torch.device("cpu"))
        points, shape = self._points(found, sample, device, dtype)
        self._refuse_uninitialised(found, points, shape, dtype)
        call = Calls(dtype)
        found, shape = self._settled(found, points, shape, call)
        layers, event_out = self._traced(found, points, shape, call)
        base = None if found.layers and not layers else self._base(found, event_out, points, call)
        log_prob = None if found.log_prob is None else call.density(found.log_prob, shape)
        if log_prob is not None:
            log_prob = self._tried(log_prob, points)
        own_density = (
            None if found.log_prob is None or own.log_prob is None else Calls(own_dtype).density(own.log_prob, shape)
        )
        return FlowView(
            kind=found.kind, dim=points.shape[1], event_shape=shape, layers=layers, base=base, log_prob=log_prob, own_log_prob=own_density,
            sample=_flat_draws(sample, points.shape[1]), points=points, given=self.points is not None, contexts=self.contexts,
            dtype=dtype, precision=call.precision, solver=solver_tolerance(self.flow), notes=(*found.notes, *self.notes),
            missing=tuple(self.missing), modes="train" if self.training else "eval",
            again=lambda train: self._again(shape, dtype, train), own_dtypes=_dtypes(self.flow),
        )  # fmt: skip

    def _again(
        self, shape: tuple[int, ...], dtype: torch.dtype, train: bool
    ) -> Callable[[Tensor, Context], Tensor] | None:
        found = self.parts(wide=dtype == torch.float64, train=train)
        return None if found.log_prob is None else Calls(dtype).density(found.log_prob, shape)

    # -- points ---------------------------------------------------------------------------------------------------------------

    def _points(
        self, found: Parts, sample: Any, device: torch.device, dtype: torch.dtype
    ) -> tuple[Tensor, tuple[int, ...]]:
        """Points to audit at, flat and in float64, and the shape of an event."""
        if self.points is not None:
            shape = tuple(self.points.shape[1:])
            return self.points.reshape(len(self.points), -1).double(), shape
        if sample is not None:
            try:
                drawn = _drawn(sample, None if self.contexts is None else self.contexts[:1])
            except (*ERRORS, InputError) as error:
                self.missing.append(f"its sampler raised {first_line(error)}")
            else:
                good = torch.isfinite(drawn.reshape(len(drawn), -1)).all(1)
                if bool(good.any()):
                    shape = tuple(drawn.shape[1:]) or (1,)
                    return drawn[good].reshape(int(good.sum()), -1).double(), shape
        shape = found.event_shape or (found.base.event_shape if found.base is not None else None)
        if shape is None:
            raise InputError(
                f"No data was given, and {found.kind} has no sampler that shows the shape of an event. Give points: audit_flow(flow, data), data of shape (N, D)."
            )
        flat = torch.randn(
            MOST, math.prod(shape), generator=torch.Generator().manual_seed(self.seed), dtype=torch.float64
        ).to(device)
        self.notes.append("no data was given and there are no draws: the points are standard normal")
        return flat, tuple(shape) or (1,)

    def _refuse_uninitialised(self, found: Parts, points: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        """A layer that takes its parameters from the first batch has no density yet."""
        batch, context = points[:MOST], self._context(len(points[:MOST]))
        for train in [False] + [True] * self.training:
            source, distribution = deep_copy((self.flow, self.base), wide=dtype == torch.float64)
            for module in modules_of((source, distribution)):
                module.train(train)
            before = {name: value.detach().clone() for name, value in state_of(source).items()}
            if not before:
                continue
            with factories(dtype == torch.float64):
                fresh = adapters.parts_of(source, distribution, self.contexts)
                try:
                    _run_once(fresh, batch.reshape(len(batch), *shape).to(dtype, copy=True), context)
                except (*ERRORS, InputError):
                    continue  # told where the model is called for its values
            after = state_of(source)
            moved = [name for name, value in before.items() if name in after and not _same(value, after[name])]
            if found_names := [name for name in moved if isinstance(after[name], nn.Parameter)]:
                raise InputError(initialisation_message(found_names, found))

    def _context(self, n: int) -> Context:
        return None if self.contexts is None else self.contexts[torch.arange(n) % len(self.contexts)]

    # -- the shape of an event, and what a function returns ----------------------------------------------------------------------

    def _settled(
        self, found: Parts, points: Tensor, shape: tuple[int, ...], call: Calls
    ) -> tuple[Parts, tuple[int, ...]]:
        """The event shape that the object takes; a bare function is told apart by what
        it returns."""
        whole = _whole(found)
        if whole is None:
            return found, found.event_shape or shape
        x, c = points[:PROBED], self._context(len(points[:PROBED]))
        shapes = [
            shape,
            *([found.event_shape] if found.event_shape else []),
            (points.shape[1],),
            *([()] if points.shape[1] == 1 else []),
        ]
        first: Exception | None = None
        for event in dict.fromkeys(tuple(s) for s in shapes if math.prod(s) == points.shape[1]):
            try:
                out = call.raw(whole, x.reshape(len(x), *event), c)
                if found.kind == "a function":
                    return _function_parts(found, out, x), event
                return found, event
            except ERRORS as error:
                first = first or error
        assert first is not None
        one_way = isinstance(first, (NotImplementedError, KeyError)) or "nvers" in type(first).__name__ + str(first)
        if one_way and (found.log_prob is None or found.layers or found.sample is not None):
            self.missing.append(f"log p at given points: {first_line(first)}")
            return replace(found, log_prob=None), found.event_shape or shape
        if isinstance(first, InputError):
            raise first
        if precisions_mixed(first):
            raise _PrecisionsMixed(refusal_message(first, found, points, shape, self.contexts)) from first
        raise InputError(refusal_message(first, found, points, shape, self.contexts)) from first

    def _tried(
        self, log_prob: Callable[[Tensor, Context], Tensor], points: Tensor
    ) -> Callable[[Tensor, Context], Tensor]:
        with torch.no_grad():
            log_prob(points[:PROBED], self._context(len(points[:PROBED])))
        return log_prob

    # -- layers --------------------------------------------------------------------------------------------------------------------

    def _traced(
        self, found: Parts, points: Tensor, shape: tuple[int, ...], call: Calls
    ) -> tuple[tuple[Layer, ...], tuple[int, ...] | None]:
        """The layers on flat points, by following a few points through them; none where
        they cannot be told apart."""
        if not found.layers:
            return (), None
        x = points[:PROBED]
        try:
            return self._followed(found.layers, x.reshape(len(x), *shape), call)
        except ERRORS as error:
            forward = error
        if found.base is not None and found.base.sample is not None:
            try:
                drawn = call.raw(found.base.sample, PROBED, None if self.contexts is None else self.contexts[:1])
                return self._followed_back(found.layers, drawn.to(call.dtype), call)
            except ERRORS as error:
                self.missing.append(f"its layers from the base to the data: {first_line(error)}")
        if isinstance(forward, InputError):
            raise forward
        if precisions_mixed(forward):
            raise _PrecisionsMixed(refusal_message(forward, found, points, shape, self.contexts)) from forward
        if found.log_prob is None:
            raise InputError(refusal_message(forward, found, points, shape, self.contexts)) from forward
        self.missing.append(f"its layers: {first_line(forward)}")
        return (), None

    def _followed(
        self, layers: tuple[RawLayer, ...], x: Tensor, call: Calls
    ) -> tuple[tuple[Layer, ...], tuple[int, ...]]:
        made, c = [], self._context(len(x))
        for own in layers:
            if own.to_base is None:
                raise NotImplementedError(f"layer {own.name} does not map to the base")
            given = tuple(x.shape[1:])
            z, _ = call.image(own.to_base, x, c, own.name)
            out = tuple(z.shape[1:])
            back = own.to_data
            if back is not None:
                back = self._possible(back, z, c, call, own.name)
            made.append(
                Layer(
                    own.name,
                    call.flat(own.to_base, given, own.name),
                    None if back is None else call.flat(back, out, own.name),
                )
            )
            x = z
        return tuple(made), tuple(x.shape[1:])

    def _possible(self, back: Any, z: Tensor, c: Context, call: Calls, name: str) -> Any:
        try:
            call.image(back, z[:2], None if c is None else c[:2], name)
        except InputError:
            raise
        except ERRORS as error:
            self.missing.append(f"the inverse of layer {name}: {first_line(error)}")
            return None
        return back

    def _followed_back(
        self, layers: tuple[RawLayer, ...], z: Tensor, call: Calls
    ) -> tuple[tuple[Layer, ...], tuple[int, ...]]:
        made, c, first = [], self._context(len(z)), tuple(z.shape[1:])
        for own in reversed(layers):
            if own.to_data is None:
                raise NotImplementedError(f"layer {own.name} does not map to the data")
            given = tuple(z.shape[1:])
            x, _ = call.image(own.to_data, z, c, own.name)
            out, ahead = tuple(x.shape[1:]), own.to_base
            if ahead is not None:
                ahead = self._possible(ahead, x, c, call, own.name)
            made.append(
                Layer(
                    own.name,
                    None if ahead is None else call.flat(ahead, out, own.name),
                    call.flat(own.to_data, given, own.name),
                )
            )
            z = x
        return tuple(reversed(made)), first

    def _base(self, found: Parts, shape: tuple[int, ...] | None, points: Tensor, call: Calls) -> Base | None:
        own, assumed = found.base, False
        if own is None and shape is not None:
            own, assumed = standard_normal(math.prod(shape), points), True
            self.notes.append("no base distribution was found: a standard normal is taken; base= names another")
        if own is None:
            return None
        event = shape if shape is not None else (own.event_shape or tuple(points.shape[1:]))
        density = call.density(own.log_prob, event, what="the base distribution's log_prob")
        draws = None if own.sample is None else _base_sampler(own.sample, call)
        try:
            with torch.no_grad():
                density(points[:2], self._context(2))
        except (*ERRORS, InputError) as error:
            self.missing.append(f"the base distribution's log_prob: {first_line(error)}")
            return None
        terms = own.components
        flat = (
            None
            if terms is None
            else (lambda z: call.raw(lambda events, _: terms(events), z.reshape(len(z), *event), None).double())
        )
        return Base(own.name, density, draws, assumed, flat)


def _whole(found: Parts) -> Callable[[Tensor, Context], Any] | None:
    """What is called on points as a whole."""
    if found.log_prob is not None:
        return found.log_prob
    if found.layers and found.layers[0].to_base is not None:
        return found.layers[0].to_base
    return None


def _may_be_a_bijection(out: Tensor, x: Tensor) -> bool:
    """Whether numbers at points of a line ``(N, 1)`` rise or fall throughout, as the
    images under a continuous bijection do, and those under a log density with a mode
    between the points do not.

    Raises:
        InputError: they do, and their exponentials integrate to about 1 as well.
    """
    order = x.flatten().argsort()
    at, values = x.flatten()[order].double(), out.detach().flatten()[order].double()
    steps = values.diff()[at.diff() > 0]
    if not (bool((steps > 0).all()) or bool((steps < 0).all())):
        return False
    mass = float(torch.trapezoid(values.exp(), at))
    if AMBIGUOUS[0] < mass < AMBIGUOUS[1]:
        raise InputError(
            "On a line, is this log p or the transform? Its values are monotone, as a transform's, and exp of them integrates to about 1, as a density's. "
            "Return log p as (N,), or the transform as the pair (z, log|det|)."
        )
    return True


def _function_parts(found: Parts, out: Any, x: Tensor) -> Parts:
    """A bare function: log p where it returns one number a point, a transform where it
    returns points, with log|det| or without."""
    if (
        isinstance(out, Tensor)
        and (out.ndim <= 1 or out.numel() == len(x))
        and not (x.shape[1] == 1 and out.shape == x.shape and _may_be_a_bijection(out, x))
    ):
        return replace(found, kind="a function that returns log p")
    first = out[0] if isinstance(out, (tuple, list)) and out else out
    if isinstance(first, Tensor) and first.numel() == x.numel():
        assert found.log_prob is not None
        return replace(
            found,
            kind="a function to the base",
            log_prob=None,
            layers=(RawLayer("0 (function)", found.log_prob, None),),
        )
    raise InputError(
        f"Expected in flow a function that returns log p (N,), or points (N, D), or points and log|det|; it returned {short(out, 80)} for points of shape {tuple(x.shape)}."
    )


def _run_once(found: Parts, x: Tensor, c: Context) -> None:
    """One call as a user makes it: log p of a batch, or the layers in turn where there
    is none."""
    with torch.no_grad():
        if found.log_prob is not None:
            found.log_prob(x, c)
            return
        for own in found.layers:
            assert own.to_base is not None
            x, _ = split_image(own.to_base(x, c), own.name)


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())


# -- samplers and precisions --------------------------------------------------------------------------------------------------


def _own_sampler(own: Parts, dtype: torch.dtype, wide: Parts) -> Callable[[int, Context], Tensor] | None:
    """Draws in the object's own precision; of the float64 copy where parts of the
    object are in several precisions."""
    sample, other = own.sample, wide.sample
    if sample is None:
        return None

    def draw(n: int, c: Context) -> Tensor:
        context = c.to(dtype) if c is not None and c.is_floating_point() else c
        with torch.no_grad():
            try:
                return sample(n, context)
            except RuntimeError as error:
                if other is None or not precisions_mixed(error):
                    raise
                with Float64Factories():
                    return other(n, c)

    return draw


def _drawn(sample: Callable[[int, Context], Tensor], c: Context) -> Tensor:
    """512 draws, or the 32 of a sampler that takes its time."""
    start = time.perf_counter()
    few = sample(FEW, c)
    return few if time.perf_counter() - start > 0.2 else sample(MOST, c)


def _flat_draws(sample: Callable[[int, Context], Tensor] | None, dim: int) -> Callable[[int, Context], Tensor] | None:
    if sample is None:
        return None

    def draw(n: int, c: Context) -> Tensor:
        drawn = sample(n, c)
        if drawn.shape[0] != n or drawn.numel() != n * dim:
            raise InputError(f"Expected {n} draws of {dim} numbers from sample({n}), got shape {tuple(drawn.shape)}.")
        return drawn.reshape(n, dim).double()

    return draw


def _base_sampler(sample: Callable[[int, Context], Any], call: Calls) -> Callable[[int, Context], Tensor]:
    def draw(n: int, c: Context) -> Tensor:
        with torch.no_grad():
            return call.raw(lambda _, context: sample(n, context), None, c).reshape(n, -1).double()

    return draw


def _tensors(source: Any) -> Iterator[Tensor]:
    return (part for part in reachable(source) if isinstance(part, Tensor))


def _dtypes(source: Any) -> tuple[str, ...]:
    return tuple(
        sorted({str(value.dtype).removeprefix("torch.") for value in _tensors(source) if value.is_floating_point()})
    )


def _dtype_of(source: Any) -> torch.dtype:
    """The precision that an object works in: the finest that its tensors have, float32
    where it has none."""
    kinds = {value.dtype for value in _tensors(source) if value.is_floating_point()}
    return torch.float64 if torch.float64 in kinds and torch.float32 not in kinds else torch.float32
