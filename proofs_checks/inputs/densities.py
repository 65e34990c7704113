"""Reading a density model of the user's: what gives its log p, in which shape and
precision, and whether it is a function of the point.

Accepted are functions of a batch, bound methods, torch modules (with a ``log_prob``, a
``forward`` that returns log p, or a ``forward`` that returns a distribution, as zuko's
flows do), torch distributions, and functions without parameters that make one of these.
Libraries are recognised by what their objects can do, never imported. Nothing about the
user's object is changed: not its mode, its weights, its device or its precision.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.copies import deep_copy, random_states_kept, solver_tolerance, state_of
from proofs_checks.inputs.density_calls import (
    Caller,
    alone,
    differentiable,
    evaluate_probe,
    fit,
    inside_of,
    repeatable,
    under_vmap,
)
from proofs_checks.wording import short

PROBED = 16  # rows on which a model is tried before it is believed
_RANDOM = (nn.modules.dropout._DropoutNd, nn.RReLU)
LogProb = Callable[[Tensor], Tensor]


class HasLogProb(Protocol):
    """What torch's distributions and the flows of several libraries share."""

    def log_prob(self, x: Tensor, /) -> Tensor:
        """log p in nats of a batch of points."""
        ...


@dataclass(frozen=True)
class Flow:
    """A distribution as the pullback of a base distribution: ``to_base`` maps ``(N,
    D)`` to ``(N, D)``, ``base_log_prob`` maps that to ``(N,)``."""

    to_base: Callable[[Tensor], Tensor]
    base_log_prob: LogProb


@dataclass(frozen=True)
class Model:
    """A density model as the audits see it.

    Args:
        log_prob: log p in nats, ``(N, D)`` to ``(N,)``, in the dtype of the points.
        dim: D, the length of a flattened event.
        event_shape: The shape of one event as the user's object takes it.
        kind: What kind of object it was read from.
        points: The example, flattened to ``(N, D)``, in ``dtype``.
        dtype: The precision to work in: float64 wherever the object can be evaluated
            there.
        precision: The unit roundoff of what ``log_prob`` returns, which may be coarser
            than that of ``dtype``.
        differentiable: Whether log p carries a gradient with respect to the point.
        findings: What was tried: repeatability, rows on their own, vmap.
        notes: What was assumed or converted, in sentences.
        sampler: From (n, seed) to n draws ``(n, D)``, where the object can sample.
        flow: The change of variables inside the object, where it shows one.
    """

    log_prob: LogProb
    dim: int
    event_shape: tuple[int, ...]
    kind: str
    points: Tensor
    dtype: torch.dtype
    precision: float
    differentiable: bool
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    sampler: Callable[[int, int], Tensor] | None = None
    flow: Flow | None = None

    def read(self, points: Any, what: str) -> Tensor:
        """More points for the same model, checked and flattened like the example.

        Raises:
            InputError: another event shape, device, a dtype that holds no density, an
                empty batch, NaN or infinities.
        """
        found = read_points(points, what)
        if tuple(found.shape[1:]) != self.event_shape and tuple(found.shape[1:]) != (self.dim,):
            raise InputError(
                f"Expected {what} with events of shape {self.event_shape}, as the inliers have, got {tuple(found.shape[1:])}."
            )
        if found.device != self.points.device:
            raise InputError(
                f"The inliers are on {self.points.device}, {what} on {found.device}. Move one: {what}.to({str(self.points.device)!r})."
            )
        return found.reshape(found.shape[0], self.dim).to(self.dtype)


def read_points(value: Any, what: str) -> Tensor:
    """A batch of points as a detached floating tensor, the first axis counting points;
    ``(N,)`` is read as ``(N, 1)``.

    Raises:
        InputError: not a tensor or array, integers, half precision, complex numbers, an
            empty batch or event, NaN or infinities.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufcb":
        value = torch.from_numpy(np.ascontiguousarray(value))
    if not isinstance(value, Tensor):
        raise InputError(
            f"Expected {what} as a tensor or NumPy array, the first axis counting points, got {short(value)}."
        )
    if value.is_meta or value.layout is not torch.strided:
        raise InputError(f"Expected {what} as a dense tensor that holds numbers, got {value.layout} on {value.device}.")
    if value.ndim == 0 or value.numel() == 0:
        raise InputError(
            f"Expected {what} with at least one point of at least one coordinate, got shape {tuple(value.shape)}: N = 0 and D = 0 carry no density."
        )
    if value.is_complex():
        raise InputError(
            f"Expected real {what}, got {value.dtype}. Stack real and imaginary parts: torch.view_as_real(x).flatten(1)."
        )
    if not value.is_floating_point():
        raise InputError(
            f"The {what} are {value.dtype}: whole numbers have atoms, and a distribution with atoms has no density (Lebesgue measure gives a point no mass). "
            "Dequantise first, for example (x + torch.rand(x.shape)) / levels, and audit the model of the dequantised data."
        )
    if value.dtype not in (torch.float32, torch.float64):
        raise InputError(
            f"The {what} are {value.dtype}, which keeps two or three digits: too few for a log density. Convert to float64."
        )
    bad = ~torch.isfinite(value)
    if bool(bad.any()):
        at = [int(i) for i in bad.nonzero()[0]]
        raise InputError(
            f"The {what} hold {value[tuple(at)].item()} at index {at}; every coordinate has to be finite. Leave such rows out: x[torch.isfinite(x).flatten(1).all(1)]."
        )
    value = value.detach()
    return value[:, None] if value.ndim == 1 else value


def read_density(model: Any, example: Any, *, what: str = "log_prob") -> Model:
    """Read a density model, and try on the example whether its log p is a function of
    the point.

    Args:
        model: A function of a batch, a torch module, a torch distribution, or a
            function without parameters that makes one of these.
        example: A batch of points at which the model is meant to be evaluated, shape
            ``(N, *event)``.
        what: What the user calls the model, for messages.
    Raises:
        InputError: the object cannot be read or called on the example, or its log p is
            NaN, has one number too many or too few a point, changes between two calls,
            or depends on the other rows of the batch. The message names the cause that
            was found.
    """
    points = read_points(example, "inliers")
    model = _made(model)
    _refuse_train_mode(model, what)
    _refuse_other_device(model, points, what)
    refuse_uninitialised(model, points, what)
    caller, kind, distribution, notes = _fitted(model, points, what)
    flat = points.reshape(points.shape[0], -1).to(caller.dtype)
    probe = flat[:PROBED]
    values = evaluate_probe(caller, probe)
    if points.ndim > 2:
        notes.append(
            f"events of shape {tuple(points.shape[1:])} are flattened to D = {flat.shape[1]}, row by row"
            + ("" if caller.event_shape == tuple(points.shape[1:]) else ", for the model takes flat points")
        )
    if modules := [m for m in _modules(model) if m.training]:
        notes.append(
            f"the module {type(modules[0]).__name__} is in train() mode; no part of it was found to act differently there"
        )
    twice = repeatable(caller, probe, values)
    rows, coupling = alone(caller, probe, values, what, solver_tolerance(model))
    findings = [twice, rows, under_vmap(caller, probe, values)]
    if coupling:
        notes.append(f"an adaptive solver inside leaves an error of about {coupling:.1g} of 1 + |log p|")
    return Model(
        log_prob=caller,
        dim=flat.shape[1],
        event_shape=caller.event_shape,
        kind=kind,
        points=flat,
        dtype=caller.dtype,
        precision=max(torch.finfo(caller.returned).eps, coupling / (16 * (flat.shape[1] + 8))),
        differentiable=differentiable(caller, probe),
        findings=tuple(findings),
        notes=tuple(notes),
        sampler=_sampler(distribution, flat),
        flow=_flow(distribution, caller, flat),
    )


def _fitted(model: Any, points: Tensor, what: str) -> tuple[Caller, str, Any, list[str]]:
    """A copy of the model with its tensors in float64, or else in its own precision,
    called as it takes the points; kind, distribution, and notes.

    What is called is a copy: parameters, buffers, mode and random state of the user's
    object stay as they are.
    """
    first: InputError | None = None
    for wide in (True, False):
        notes: list[str] = []
        source = _copy_or_itself(model, wide, notes)
        function, kind, distribution = _resolve(source, what)
        try:
            caller = fit(function, points, kind, notes)
        except InputError as refused:
            first = first or refused
            continue
        kinds = sorted(
            {str(value.dtype) for value in state_of(model).values() if value.is_floating_point()} - {"torch.float64"}
        )
        if wide and kinds:
            notes.insert(
                0, f"the weights ({', '.join(kinds)}) were copied to float64, exactly, and the copy is audited"
            )
        return (
            Caller(caller.function, caller.event_shape, caller.dtype, inside_of(distribution), caller.returned),
            kind,
            distribution,
            notes,
        )
    assert first is not None
    raise first


def _copy_or_itself(model: Any, wide: bool, notes: list[str]) -> Any:
    try:
        return deep_copy(model, wide=wide)
    except InputError:
        notes.append("the object could not be copied, and is called itself")
        return model


def refuse_uninitialised(model: Any, points: Tensor, what: str) -> None:
    """Raise :class:`InputError` where the first call would change parameters or
    buffers: such a model has no density yet. Only copies are called."""
    if not state_of(model):
        return
    source = _copy_or_itself(model, False, [])
    if source is model:
        return
    before = {name: value.detach().clone() for name, value in state_of(source).items()}
    batch = points[: 4 * PROBED].detach().clone()
    weights = [value.dtype for value in before.values() if value.is_floating_point()]
    try:
        function, _, _ = _resolve(source, what)
        with torch.no_grad(), random_states_kept(0):
            function(batch.to(weights[0]) if weights else batch)
    except (*CALL_ERRORS, InputError, NotImplementedError):
        return  # told where the model is called for its values
    after = state_of(source)
    moved = [
        name.split(" ", 1)[-1] for name, value in before.items() if name in after and not _same(value, after[name])
    ]
    if moved:
        raise InputError(
            f"The first call of {what} changes the model's own numbers ({', '.join(moved[:4])}): a layer that takes its parameters from the first batch, or that counts. "
            "It has no density of its own yet. Call it once on a batch of training data and then .eval(), and audit it then."
        )


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(((a == b) | (a.isnan() & b.isnan() if a.is_floating_point() else a == b)).all())


# -- what kind of object ------------------------------------------------------------------------------------------------


def _resolve(source: Any, what: str) -> tuple[Callable[[Tensor], Any], str, Any]:
    """The function of a batch in its own shape, the kind of object, and the
    distribution behind it, if there is one."""
    if isinstance(source, type):
        raise InputError(
            f"{what} is the class {source.__name__}; give an instance of it, with its parameters or weights."
        )
    if isinstance(source, Tensor):
        raise InputError(
            f"{what} is a tensor of values; the audit needs the function, so that it can evaluate log p at other points."
        )
    if isinstance(source, Distribution) or (_has_log_prob(source) and not isinstance(source, nn.Module)):
        _refuse_discrete(source, what)
        return source.log_prob, f"a distribution ({type(source).__name__})", source
    for name in ("score_samples", "logpdf"):  # scikit-learn, scipy
        if callable(getattr(source, name, None)) and not isinstance(source, nn.Module):
            return getattr(source, name), f"an object with {name} ({type(source).__name__})", None
    if _has_log_prob(source):
        return source.log_prob, f"a module with log_prob ({type(source).__name__})", source
    if isinstance(source, nn.Module):
        distribution = _called_empty(source)
        if distribution is not None:
            _refuse_discrete(distribution, what)
            return (
                distribution.log_prob,
                f"a module that returns a distribution ({type(source).__name__})",
                distribution,
            )
        return source, f"a module whose forward returns log p ({type(source).__name__})", source
    if not callable(source):
        raise InputError(
            f"Expected in {what} a function of a batch, a module or a distribution, got {short(source)}. Pass something with a log_prob."
        )
    owner = getattr(source, "__self__", None)
    distribution = owner if isinstance(owner, Distribution) else None
    if distribution is not None:
        _refuse_discrete(distribution, what)
    return source, "a function", distribution


def _made(source: Any) -> Any:
    """What a function without parameters makes; anything else as it is."""
    if isinstance(source, (type, nn.Module, Distribution)) or not callable(source):
        return source
    try:
        parameters = inspect.signature(source).parameters
    except (TypeError, ValueError):  # built in, and silent about it
        return source
    return source if parameters else source()


def _has_log_prob(source: Any) -> TypeGuard[HasLogProb]:
    return callable(getattr(source, "log_prob", None))


def _called_empty(source: nn.Module) -> Any:
    """What a lazy flow returns when called without a context, if that is a
    distribution."""
    try:
        distribution = source()
    except CALL_ERRORS:
        return None
    return distribution if _has_log_prob(distribution) else None


def _refuse_discrete(distribution: Any, what: str) -> None:
    if not isinstance(distribution, Distribution):
        return
    try:
        support = distribution.support
    except (NotImplementedError, AttributeError):
        return
    if support is not None and support.is_discrete:
        raise InputError(
            f"{what} is a {type(distribution).__name__}, whose support is discrete: a distribution with atoms has no density, and change of variables does not apply."
        )


# -- modules behind functions: mode, device, precision ------------------------------------------------------------------


def _modules(source: Any) -> list[nn.Module]:
    """The modules that an object is, is bound to, or (for a function) mentions by
    name."""
    if isinstance(source, nn.Module):
        return [source]
    if isinstance(source, functools.partial):
        return [m for part in (source.func, *source.args, *source.keywords.values()) for m in _modules(part)]
    owner = getattr(source, "__self__", None)
    if isinstance(owner, nn.Module):
        return [owner]
    if not inspect.isfunction(source):
        return []
    seen = inspect.getclosurevars(source)
    named = [*seen.nonlocals.values(), *seen.globals.values()]
    return [m for value in named for m in ([value] if isinstance(value, nn.Module) else _owner(value))]


def _owner(value: Any) -> list[nn.Module]:
    owner = getattr(value, "__self__", None) if inspect.ismethod(value) else None
    return [owner] if isinstance(owner, nn.Module) else []


def _parts(module: nn.Module) -> Iterator[str]:
    for name, part in module.named_modules():
        random = isinstance(part, _RANDOM) and getattr(part, "p", 1) != 0
        share = getattr(part, "dropout", None)  # of layers that drop units themselves, such as nn.LSTM
        random = random or (isinstance(share, float) and share > 0)
        if part.training and (random or isinstance(part, nn.modules.batchnorm._NormBase)):
            yield f"{name or 'itself'} ({type(part).__name__})"


def _refuse_train_mode(source: Any, what: str) -> None:
    """Before the first call: batch norm would change its own statistics when it is
    called in train() mode."""
    for module in _modules(source):
        if found := list(_parts(module)):
            raise InputError(
                f"{what} uses {type(module).__name__} in train() mode, where these parts are random or follow the batch: {', '.join(found[:4])}. "
                "Then log p is no function of the point, and no theorem about densities applies. Call .eval() on it, and audit again."
            )


def _refuse_other_device(source: Any, points: Tensor, what: str) -> None:
    for module in _modules(source):
        weight = next(iter([*module.parameters(), *module.buffers()]), None)
        if weight is not None and weight.is_meta:
            raise InputError(
                f"{what} uses {type(module).__name__} on the meta device, where tensors hold no numbers. Load its weights."
            )
        if weight is not None and weight.device != points.device:
            raise InputError(
                f"The weights of {type(module).__name__} are on {weight.device}, the inliers on {points.device}. Move one: inliers.to({str(weight.device)!r})."
            )


# -- what else the object can do ------------------------------------------------------------------------------------------


def _sampler(distribution: Any, flat: Tensor) -> Callable[[int, int], Tensor] | None:
    if not isinstance(distribution, Distribution):
        return None

    def draw(n: int, seed: int) -> Tensor:
        devices = [flat.device] if flat.device.type == "cuda" else []
        with torch.no_grad(), torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            return distribution.sample((n,)).reshape(n, -1).to(flat)

    return draw


def _change_of_variables(distribution: Any) -> tuple[Callable[[Tensor], Any], HasLogProb] | None:
    """The way to the base and the base itself, of zuko's flows and of torch's
    TransformedDistribution."""
    if callable(getattr(distribution, "transform", None)) and _has_log_prob(getattr(distribution, "base", None)):
        return distribution.transform, distribution.base
    if isinstance(distribution, torch.distributions.TransformedDistribution) and all(
        transform.bijective
        for transform in distribution.transforms  # that of a half-normal distribution is not
    ):
        return torch.distributions.ComposeTransform(distribution.transforms).inv, distribution.base_dist
    return None


def _flow(distribution: Any, caller: Caller, flat: Tensor) -> Flow | None:
    """The transform and base distribution of a normalising flow, if the dimension is
    kept."""
    parts = _change_of_variables(distribution)
    if parts is None:
        return None
    inverse, base = parts
    shapes: list[tuple[int, ...]] = [caller.event_shape]

    def to_base(x: Tensor) -> Tensor:
        z = inverse(x.reshape(x.shape[0], *caller.event_shape))
        shapes[:] = [tuple(z.shape[1:])]
        return z.reshape(x.shape[0], -1)

    def base_log_prob(z: Tensor) -> Tensor:
        value = base.log_prob(z.reshape(z.shape[0], *shapes[0]))
        return value.reshape(z.shape[0], -1).sum(1)

    try:
        with torch.no_grad():
            z = to_base(flat[:1])
    except CALL_ERRORS:
        return None
    return Flow(to_base, base_log_prob) if z.shape == flat[:1].shape else None
