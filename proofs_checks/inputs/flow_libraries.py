"""Flows of zuko, nflows, normflows, FrEIA, pyro and torch taken apart. Libraries are
recognised by what their objects can do and are never imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import ComposeTransform, Distribution, Independent, Transform, TransformedDistribution

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.flow_parts import (
    Context,
    Parts,
    RawBase,
    RawLayer,
    Step,
    call_or_none,
    has,
    kind_of,
    parameters_of,
    refuse_discrete,
    sampler_of,
    with_context,
)


def conditional(source: Any, base: Any, context: Context) -> Parts | None:
    """pyro's conditional distributions: .condition(context) gives a distribution."""
    if not callable(getattr(source, "condition", None)) or has(source, "log_prob"):
        return None
    if context is None:
        raise InputError(
            f"{type(source).__name__} is conditional: give context=, a tensor of one row or of a row a point, as in audit_flow(flow, data, context=c)."
        )
    return _of_distribution(source.condition, kind_of(source, "a conditional flow"), context)


def lazy(source: Any, base: Any, context: Context) -> Parts | None:
    """zuko's flows: modules that return a distribution when they are called, with a
    context or without."""
    if not isinstance(source, nn.Module) or has(source, "log_prob") or is_freia(source):
        return None
    distribution = call_or_none(source, *([] if context is None else [context[0]]))
    if distribution is None or not has(distribution, "log_prob"):
        if context is None and _wants_one_argument(source) and "zuko" in type(source).__module__:
            raise InputError(
                f"{type(source).__name__} could not be built without a context: it is conditional. Give context=, a tensor of one row or of a row a point."
            )
        return None
    kind = kind_of(source, "a flow")
    return _of_distribution((lambda c: source()) if context is None else source, kind, context)


def _wants_one_argument(module: nn.Module) -> bool:
    return len(parameters_of(module.forward)) >= 1


def _of_distribution(made: Callable[[Context], Any], kind: str, context: Context) -> Parts:
    """Parts of a distribution that a context makes: anew for every batch of contexts,
    and once where there is none."""

    def parts(c: Context) -> Parts:
        found = _any_distribution(made(c))
        if found is None:
            raise InputError(f"{kind} makes a {type(made(c)).__name__}, which has no log_prob.")
        return found

    first = parts(None if context is None else context[0])
    if context is None:
        return replace(first, kind=kind)

    def towards(k: int, to_base: bool) -> Step:
        def step(x: Tensor, c: Context) -> Any:
            own = parts(c).layers[k]
            run = own.to_base if to_base else own.to_data
            assert run is not None
            return run(x, None)

        return step

    layers = tuple(RawLayer(own.name, towards(k, True), towards(k, False)) for k, own in enumerate(first.layers))
    base = None if first.base is None else replace(first.base, log_prob=_base_density(parts), sample=_base_draws(parts))
    return replace(
        first, kind=kind, layers=layers, base=base, log_prob=lambda x, c: made(c).log_prob(x),
        sample=lambda n, c: made(None if c is None else c[0]).sample((n,)),
    )  # fmt: skip


def _any_distribution(source: Any) -> Parts | None:
    for read in (with_transform, transformed_distribution, mixture, bare_distribution):
        found = read(source, None, None)
        if found is not None:
            return found
    return None


def _base_density(parts: Callable[[Context], Parts]) -> Step:
    def log_prob(z: Tensor, c: Context) -> Any:
        base = parts(c).base
        assert base is not None
        return base.log_prob(z, None)

    return log_prob


def _base_draws(parts: Callable[[Context], Parts]) -> Callable[[int, Context], Any]:
    def sample(n: int, c: Context) -> Any:
        base = parts(None if c is None else c[0]).base
        assert base is not None
        assert base.sample is not None
        return base.sample(n, None)

    return sample


def with_transform(source: Any, base: Any, context: Context) -> Parts | None:
    """zuko's NormalizingFlow: transform maps the data to the base."""
    transform: Any = getattr(source, "transform", None)
    distribution: Any = getattr(source, "base", None)
    if not (isinstance(transform, Transform) and has(distribution, "log_prob") and has(source, "log_prob")):
        return None
    chain = flatten_transforms(transform)
    layers = tuple(RawLayer(f"{k} ({type(t).__name__})", *of_torch(t)) for k, t in enumerate(chain))
    batch = len(getattr(source, "batch_shape", ()))
    return Parts(
        kind_of(source, "a flow"), lambda x, c: source.log_prob(x), layers,
        RawBase(type(distribution).__name__, _supported(distribution), sampler_of(distribution), tuple(distribution.event_shape) if not batch else None, distribution),
        sampler_of(source) or (lambda n, c: source.sample((n,))), _event_shape(source),
    )  # fmt: skip


def _event_shape(distribution: Any) -> tuple[int, ...] | None:
    try:
        return tuple(distribution.event_shape)
    except (*CALL_ERRORS, NotImplementedError):
        return None


def flatten_transforms(transform: Any) -> list[Any]:
    """The transforms of a composed one in the order of application."""
    if isinstance(transform, ComposeTransform):
        return [part for one in transform.parts for part in flatten_transforms(one)]
    inner = getattr(transform, "transforms", None)
    if isinstance(inner, (list, tuple)) and inner and all(isinstance(part, Transform) for part in inner):
        return [part for one in inner for part in flatten_transforms(one)]
    return [transform]


def of_torch(transform: Any, *, reverse: bool = False) -> tuple[Step | None, Step | None]:
    """Both directions of a torch Transform, as (events, log|det|); with ``reverse`` the
    transform maps the base to the data."""

    def forward(x: Tensor, c: Context) -> Any:
        x = x.clone()  # a transform with a cache would give back the very tensor it was called with
        y = transform(x)
        return y, _over_the_event(transform, transform.log_abs_det_jacobian(x, y), x)

    def both(x: Tensor, c: Context) -> Any:
        y, log_det = transform.call_and_ladj(x.clone())
        return y, _over_the_event(transform, log_det, x)

    def backward(y: Tensor, c: Context) -> Any:
        y = y.clone()
        x = transform.inv(y)
        return x, -_over_the_event(transform, transform.log_abs_det_jacobian(x, y), x)

    ahead = (
        both
        if callable(getattr(transform, "call_and_ladj", None)) and "zuko" in type(transform).__module__
        else forward
    )
    return (backward, ahead) if reverse else (ahead, backward)


def _over_the_event(transform: Any, log_det: Any, x: Tensor) -> Tensor:
    """log|det| summed over the axes of an event that the transform treats one by one,
    as torch's TransformedDistribution does."""
    log_det = as_number(log_det)
    try:
        own = transform.domain.event_dim
    except (*CALL_ERRORS, NotImplementedError):
        own = x.ndim - 1
    axes = min(x.ndim - 1 - own, log_det.ndim)
    return log_det.sum(tuple(range(-axes, 0))) if axes > 0 else log_det


def as_number(value: Any) -> Any:
    """A log-determinant as a tensor: libraries return plain numbers for constant
    layers."""
    return value if isinstance(value, Tensor) else torch.as_tensor(value, dtype=torch.float64)


def transformed_distribution(source: Any, base: Any, context: Context) -> Parts | None:
    """torch's and pyro's TransformedDistribution: transforms map the base to the
    data."""
    if not isinstance(source, TransformedDistribution):
        return None
    chain = [part for one in source.transforms for part in flatten_transforms(one)]
    layers = tuple(
        RawLayer(f"{k} ({type(t).__name__})", *of_torch(t, reverse=True)) for k, t in reversed(list(enumerate(chain)))
    )
    distribution = source.base_dist
    extra = len(source.batch_shape)
    count = tuple(source.batch_shape) + tuple(source.event_shape) if extra else tuple(source.event_shape)
    return Parts(
        kind_of(source, "a distribution"), _supported(source), layers,
        RawBase(type(distribution).__name__, _supported(distribution), sampler_of(distribution), None, distribution), sampler_of(source), count,
    )  # fmt: skip


def _supported(distribution: Any) -> Step:
    """log p of a torch distribution, -inf off its support; in the copy its own
    validation, which raises there, is off."""
    try:
        support = distribution.support
        inside = support.check if support is not None else None
    except (*CALL_ERRORS, NotImplementedError):
        inside = None

    def log_prob(x: Tensor, c: Context) -> Tensor:
        values = distribution.log_prob(x)
        if inside is None:
            return values
        kept = inside(x).reshape(len(x), -1).all(1)
        return values if bool(kept.all()) or values.shape != kept.shape else torch.where(kept, values, -torch.inf)

    return log_prob


def two_fields(source: Any, base: Any, context: Context) -> Parts | None:
    """nflows' Flow: _transform maps the data to the base, _distribution is the base."""
    transform: Any = getattr(source, "_transform", None)
    distribution: Any = getattr(source, "_distribution", None)
    if transform is None or not has(distribution, "log_prob") or not has(source, "log_prob"):
        return None
    embed = getattr(source, "_embedding_net", None)

    def embedded(c: Context) -> Context:
        return c if c is None or embed is None else embed(c)

    def step(function: Any) -> Step:
        call = with_context(function)
        return lambda x, c: call(x, embedded(c))

    chain = composite(transform)
    layers = tuple(
        RawLayer(
            f"{k} ({type(t).__name__})", step(t), step(t.inverse) if callable(getattr(t, "inverse", None)) else None
        )
        for k, t in enumerate(chain)
    )
    log_p, draw = with_context(distribution.log_prob), sampler_of(distribution)
    own = RawBase(
        type(distribution).__name__, lambda z, c: log_p(z, embedded(c)), None if draw is None else (lambda n, c: draw(n, embedded(c))),
        _shape_of(distribution), distribution,
    )  # fmt: skip
    return Parts(kind_of(source, "a flow"), with_context(source.log_prob), layers, own, sampler_of(source))


def _shape_of(distribution: Any) -> tuple[int, ...] | None:
    for name in ("_shape", "event_shape", "shape"):
        shape = getattr(distribution, name, None)
        if isinstance(shape, (torch.Size, tuple)) and len(shape):
            return tuple(shape)
    return None


def composite(transform: Any) -> list[Any]:
    """The transforms of nflows' CompositeTransform in the order of application."""
    inner = getattr(transform, "_transforms", None)
    if not isinstance(inner, nn.ModuleList) or hasattr(transform, "_split_dim"):
        return [transform]
    return [part for one in inner for part in composite(one)]


def flows_and_q0(source: Any, base: Any, context: Context) -> Parts | None:
    """normflows' NormalizingFlow: flows map the base to the data, q0 is the base."""
    flows: Any = getattr(source, "flows", None)
    distribution: Any = getattr(source, "q0", None)
    if not isinstance(flows, (nn.ModuleList, list, tuple)) or not has(distribution, "log_prob"):
        return None
    if not all(callable(flow) for flow in flows):  # several scales: lists of lists
        return None

    def directions(flow: Any) -> tuple[Step | None, Step | None]:
        back = getattr(flow, "inverse", None)
        return (with_context(back) if callable(back) else None), with_context(flow)

    chain = list(enumerate(flows))
    layers = tuple(RawLayer(f"{k} ({type(flow).__name__})", *directions(flow)) for k, flow in reversed(chain))
    own = RawBase(
        type(distribution).__name__,
        with_context(distribution.log_prob),
        sampler_of(distribution),
        _shape_of(distribution),
        distribution,
    )
    return Parts(kind_of(source, "a flow"), with_context(source.log_prob), layers, own, sampler_of(source))


def is_freia(item: Any) -> bool:
    """Whether an object is called as FrEIA's modules are: forward(x, c, rev, jac)."""
    return isinstance(item, nn.Module) and hasattr(item, "dims_in") and "rev" in parameters_of(item.forward)


def of_freia(item: Any, *, listed: bool, of: Callable[[Context], Any] | None = None) -> tuple[Step, Step]:
    """Both directions of a FrEIA module; ``listed`` where events go in and come out as
    a tuple of one."""

    def run(x: Tensor, c: Context, rev: bool) -> Any:
        conditions = {} if of is None or of(c) is None else {"c": of(c)}
        y, log_det = item([x] if listed else x, rev=rev, jac=True, **conditions)
        if isinstance(y, (tuple, list)):
            if len(y) != 1:
                raise InputError(f"{type(item).__name__} returns {len(y)} tensors; a flow in one tensor is read.")
            y = y[0]
        return y, as_number(log_det)

    return lambda x, c: run(x, c, False), lambda z, c: run(z, c, True)


def invertible_network(source: Any, base: Any, context: Context) -> Parts | None:
    """FrEIA's SequenceINN and GraphINN, which map the data to the base and have no base
    of their own."""
    if not is_freia(source):
        return None
    kind, notes = kind_of(source, "an invertible network"), ()
    if hasattr(source, "module_list") and hasattr(source, "shapes"):
        shape = tuple(source.shapes[0])
        layers = tuple(
            RawLayer(
                f"{k} ({type(module).__name__})",
                *of_freia(module, listed=True, of=None if which is None else (lambda c: [c])),
            )
            for k, (module, which) in enumerate(zip(source.module_list, source.conditions, strict=True))
        )
    else:
        nodes = getattr(source, "node_list", None)
        chain = None if nodes is None else _chain(source, nodes)
        if chain is None:
            of = (lambda c: None if c is None else [c]) if getattr(source, "condition_nodes", ()) else None
            layers = (RawLayer(f"0 ({type(source).__name__})", *of_freia(source, listed=False, of=of)),)
            notes = ("the graph branches, and is audited as one layer",) if nodes is not None else ()
        else:
            layers = tuple(
                RawLayer(f"{k} ({type(m).__name__})", *of_freia(m, listed=True, of=of))
                for k, (m, of) in enumerate(chain)
            )
        shape = tuple(source.dims_in[0]) if len(source.dims_in) == 1 else None
    return Parts(kind, layers=layers, event_shape=shape, notes=notes)


def _chain(source: Any, nodes: Any) -> list[tuple[Any, Any]] | None:
    """The modules of a graph without branches, each with how it takes its condition;
    None where there are branches."""
    special = {id(node) for node in (*source.in_nodes, *source.out_nodes, *source.condition_nodes)}
    found = []
    for node in nodes:
        if id(node) in special:
            continue
        if len(node.inputs) != 1 or len(node.outputs) != 1 or len(node.conditions) > 1:
            return None
        found.append((node.module, (lambda c: [c]) if node.conditions else None))
    return found if len(source.in_nodes) == len(source.out_nodes) == 1 else None


def torch_transform(source: Any, base: Any, context: Context) -> Parts | None:
    """A torch Transform by itself is read as a map from the data to the base."""
    if not isinstance(source, Transform):
        return None
    chain = flatten_transforms(source)
    layers = tuple(RawLayer(f"{k} ({type(t).__name__})", *of_torch(t)) for k, t in enumerate(chain))
    return Parts(
        kind_of(source, "a transform"),
        None,
        layers,
        notes=("the transform is read as a map from the data to the base",),
    )


def mixture(source: Any, base: Any, context: Context) -> Parts | None:
    """Mixtures of torch and zuko: no transform, and a base distribution that is the
    model."""
    if not (isinstance(source, Distribution) and has(source, "log_prob")):
        return None
    if not (
        hasattr(source, "mixture_distribution")
        or (hasattr(source, "logits") and has(getattr(source, "base", None), "log_prob"))
    ):
        return None
    return _plain(source)


def _plain(source: Any) -> Parts:
    shape = _event_shape(source)
    distribution = RawBase(type(source).__name__, _supported(source), sampler_of(source), shape, source)
    return Parts(
        kind_of(source, "a distribution"), _supported(source), (), distribution, sampler_of(source), shape,
        ("it has no transform: the distribution itself is audited",),
    )  # fmt: skip


def bare_distribution(source: Any, base: Any, context: Context) -> Parts | None:
    """A distribution without a transform is its own base."""
    if not isinstance(source, Distribution):
        return None
    refuse_discrete(source, "flow")
    if len(source.batch_shape) and not source.event_shape:
        source = Independent(source, len(source.batch_shape))
    return _plain(source)
