"""The parts of a normalising flow, however it is handed over: an object of a library, a
module, a dict of functions, a list of layers, a function."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn
from torch.distributions import Transform

from proofs_checks.errors import InputError
from proofs_checks.inputs.flow_libraries import (
    bare_distribution,
    composite,
    conditional,
    flatten_transforms,
    flows_and_q0,
    invertible_network,
    is_freia,
    lazy,
    mixture,
    of_freia,
    of_torch,
    torch_transform,
    transformed_distribution,
    two_fields,
    with_transform,
)
from proofs_checks.inputs.flow_parts import (
    Context,
    Parts,
    RawBase,
    RawLayer,
    Step,
    base_of,
    call_or_none,
    has,
    kind_of,
    parameters_of,
    sampler_of,
    with_context,
)
from proofs_checks.wording import short

BASES = (
    "base", "base_dist", "base_distribution", "_distribution", "distribution", "prior", "q0", "latent", "latent_dist", "p_z", "pz",
)  # fmt: skip
TRANSFORMS = ("transform", "_transform", "bijector", "bijection", "flow", "flows", "net", "layers", "transforms")
FORM = (
    'a flow of zuko, nflows, normflows, FrEIA or pyro, a torch distribution, a module with log_prob, or {"forward": x -> (z, log|det|), "inverse": '
    'z -> x, "base": distribution}'
)


def parts_of(source: Any, base: Any = None, context: Context = None) -> Parts:
    """Take a flow apart.

    Args:
        source: The object, a copy that may be called. base: The base distribution of a
            transform that has none of its own.
        context: The rows of context, where the flow is conditional; only whether it is
            None matters here.
    Raises:
        InputError: no form that is known.
    """
    if isinstance(source, type):
        raise InputError(
            f"flow is the class {source.__name__}; give an instance of it, with its weights: flow = {source.__name__}(...)."
        )
    if source is None or isinstance(source, (Tensor, str, bytes, int, float, complex, bool)):
        raise InputError(f"Expected in flow {FORM}; got {_line(source)}.")
    if isinstance(source, Mapping) and source and all(isinstance(value, Tensor) for value in source.values()):
        raise InputError(
            "flow is a state_dict, which holds weights and no model. Load it: flow.load_state_dict(weights), and hand over the flow."
        )
    source = _owner(source)
    for read in (
        spelled_out, layer_list, conditional, lazy, with_transform, transformed_distribution, two_fields, flows_and_q0, invertible_network,
        torch_transform, mixture, bare_distribution, any_object, transform_alone, bare_function,
    ):  # fmt: skip
        found = read(source, base, context)
        if found is not None:
            return _with_base(found, base)
    raise InputError(f"Expected in flow {FORM}; got {_line(source)}, which has none of log_prob, forward and inverse.")


def _line(value: Any) -> str:
    return " ".join(short(value, 80).split())


def _owner(source: Any) -> Any:
    """The object whose log_prob was handed over, or what a function without parameters
    makes; anything else as it is."""
    if inspect.ismethod(source) and source.__name__ == "log_prob":
        return source.__self__
    if inspect.isfunction(source) and not parameters_of(source):
        made = source()
        return made if made is not None else source
    return source


def _with_base(found: Parts, base: Any) -> Parts:
    if base is None:
        return found
    if found.base is not None:
        raise InputError(
            f"base was given, and {found.kind} has a base distribution of its own ({found.base.name}). Leave base out, or hand over the transform alone."
        )
    return replace(found, base=base_of(base))


def spelled_out(source: Any, base: Any, context: Context) -> Parts | None:
    """A flow that is spelled out: {"forward", "inverse", "log_det", "log_prob",
    "sample", "layers", "base"}."""
    if not isinstance(source, Mapping):
        return None
    known = {"forward", "inverse", "log_det", "log_prob", "sample", "layers", "base"}
    if odd := sorted(str(key) for key in set(source) - known):
        raise InputError(f"Expected in flow the keys {', '.join(sorted(known))}; got {', '.join(odd)} too.")
    for name in known - {"layers", "base"}:
        if name in source and not callable(source[name]):
            raise InputError(f"Expected in flow[{name!r}] a function of a batch, got {short(source[name])}.")
    layers: tuple[RawLayer, ...] = ()
    if "layers" in source:
        layers = _layers(source["layers"])
    elif "forward" in source:
        forward, log_det = with_context(source["forward"]), source.get("log_det")
        to_base = forward if log_det is None else _joined(forward, with_context(log_det))
        back = with_context(source["inverse"]) if "inverse" in source else None
        layers = (RawLayer("0 (forward)", to_base, back),)
    if not layers and "log_prob" not in source:
        raise InputError('Expected in flow at least "forward" (x to z, or to (z, log|det|)), "layers" or "log_prob".')
    log_prob = with_context(source["log_prob"]) if "log_prob" in source else None
    sample = sampler_of(source["sample"]) if "sample" in source else None
    return Parts("a flow in parts", log_prob, layers, base_of(source["base"]) if "base" in source else None, sample)


def _joined(forward: Step, log_det: Step) -> Step:
    def step(x: Tensor, c: Context) -> Any:
        z = forward(x, c)
        return (z[0] if isinstance(z, (tuple, list)) else z), log_det(x, c)

    return step


def layer_list(source: Any, base: Any, context: Context) -> Parts | None:
    """A list of layers from the data to the base, or a pair (transform, base) or
    (forward, inverse)."""
    if not isinstance(source, (list, tuple, nn.ModuleList)):
        return None
    items = list(source)
    if not items:
        raise InputError("Expected in flow at least one layer, got an empty list.")
    given = None
    if len(items) > 1 and has(items[-1], "log_prob") and not has(items[-1], "inverse"):
        given = base_of(items.pop())
    if len(items) == 2 and all(inspect.isroutine(item) for item in items):
        forward, back = (with_context(item) for item in items)
        return Parts("a pair of functions, forward and inverse", None, (RawLayer("0 (forward)", forward, back),), given)
    return Parts(f"a list of {len(items)} layers", None, _layers(items), given)


def _layers(items: Any) -> tuple[RawLayer, ...]:
    if not isinstance(items, (Sequence, nn.ModuleList, nn.Sequential)) or isinstance(items, (str, bytes)):
        raise InputError(f"Expected layers as a list, from the data to the base, got {short(items)}.")
    return tuple(layer(item, k) for k, item in enumerate(items))


def layer(item: Any, k: int) -> RawLayer:
    """One layer of any library, read from the data to the base."""
    name = f"{k} ({type(item).__name__})"
    if isinstance(item, Transform):
        return RawLayer(name, *of_torch(item))
    if is_freia(item):
        return RawLayer(name, *of_freia(item, listed=True))
    forward = item if isinstance(item, nn.Module) or not has(item, "forward") else item.forward
    if not callable(forward):
        raise InputError(f"Expected in layer {k} a function of a batch or an object with forward, got {short(item)}.")
    return RawLayer(name, with_context(forward), _back_of(item))


def _back_of(item: Any) -> Step | None:
    for name in ("inverse", "inv", "reverse", "backward_pass", "decode", "sample_from"):
        method = getattr(item, name, None)
        if callable(method) and not isinstance(method, type):
            return with_context(method)
    return None


def any_object(source: Any, base: Any, context: Context) -> Parts | None:
    """Anything with log_prob: its transform and its base are looked for under their
    usual names."""
    if not has(source, "log_prob"):
        return None
    log_prob, kind = (
        with_context(source.log_prob),
        kind_of(source, "a module with log_prob" if isinstance(source, nn.Module) else "an object with log_prob"),
    )
    distribution = next((found for name in BASES if (found := _as_base(getattr(source, name, None))) is not None), None)
    layers = _layers_of(source)
    return Parts(kind, log_prob, layers, distribution, sampler_of(source))


def _as_base(value: Any) -> RawBase | None:
    if callable(value) and not has(value, "log_prob") and not isinstance(value, (type, nn.Module)):
        value = call_or_none(value)
    return base_of(value) if value is not None and has(value, "log_prob") else None


def _layers_of(source: Any) -> tuple[RawLayer, ...]:
    """The layers inside an object, from the data to the base, or its own forward and
    inverse as one layer."""
    for name in TRANSFORMS:
        inner = getattr(source, name, None)
        if isinstance(inner, (nn.ModuleList, list, tuple)) and inner and all(_is_layer(part) for part in inner):
            return _layers(list(inner))
        if inner is not None and not isinstance(inner, (nn.ModuleList, list, tuple)) and _is_layer(inner):
            chain = composite(inner)
            if isinstance(inner, Transform):
                chain = flatten_transforms(inner)
            return _layers(chain)
    if _is_layer(source):
        return (RawLayer(f"0 ({type(source).__name__})", with_context(source.forward), _back_of(source)),)
    return ()


def _is_layer(item: Any) -> bool:
    """Whether an object maps points and can map them back: what makes it a layer of a
    flow and not of a network."""
    own = isinstance(item, nn.Module) and type(item).forward is nn.Module.forward
    if isinstance(item, Transform) or is_freia(item):
        return True
    return callable(getattr(item, "forward", None)) and not own and _back_of(item) is not None


def transform_alone(source: Any, base: Any, context: Context) -> Parts | None:
    """An object with forward (and inverse), without a base of its own."""
    if inspect.isroutine(source) or not callable(getattr(source, "forward", None)):
        return None
    found = next((found for name in BASES if (found := _as_base(getattr(source, name, None))) is not None), None)
    layers = _layers_of(source)
    forward = with_context(source if isinstance(source, nn.Module) else source.forward)
    if not layers:
        layers = (RawLayer(f"0 ({type(source).__name__})", forward, _back_of(source)),)
    return Parts(kind_of(source, "a transform"), None, layers, found if base is None else None, None)


def bare_function(source: Any, base: Any, context: Context) -> Parts | None:
    """A function of a batch; what it returns decides later whether it is log p or a
    transform."""
    if not callable(source):
        return None
    return Parts("a function", with_context(source), (), None, None)
