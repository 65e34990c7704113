"""What a normalising flow consists of, in its library's own shapes: layers, base
distribution, log p, sampler; and how their parts are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.wording import short

Context = Tensor | None
Step = Callable[[Tensor, Context], Any]  # events and their context to (events, log|det|), log|det| perhaps None
CONTEXTS = ("context", "cond", "condition", "conditions", "c", "y")


@dataclass(frozen=True)
class RawLayer:
    """One layer in the library's own shapes; a direction that it does not have is
    None."""

    name: str
    to_base: Step | None
    to_data: Step | None


@dataclass(frozen=True)
class RawBase:
    """The base distribution: log density of events, and draws (from a number and a
    context of one row)."""

    name: str
    log_prob: Callable[[Tensor, Context], Any]
    sample: Callable[[int, Context], Any] | None
    event_shape: tuple[int, ...] | None = None
    distribution: Any = None

    @property
    def components(self) -> Callable[[Tensor], Tensor] | None:
        """Of a mixture: log weight plus log density of every component, events to ``(N,
        K)``."""
        return components_of(self.distribution)


@dataclass(frozen=True)
class Parts:
    """What an object turned out to consist of.

    Args:
        kind: In words, with the class. log_prob: Of events; None where the object has
            none, and base plus log-determinant stands for it.
        layers: From the data to the base. base: The base distribution, if it shows one.
        sample: From a number and one row of context to draws, in the object's own
            precision.
        event_shape: Of the data, where the object says so. notes: What was assumed, in
            sentences.
    """

    kind: str
    log_prob: Callable[[Tensor, Context], Any] | None = None
    layers: tuple[RawLayer, ...] = ()
    base: RawBase | None = None
    sample: Callable[[int, Context], Any] | None = None
    event_shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)


def kind_of(source: Any, what: str) -> str:
    """The object in words: its library and its class."""
    library = type(source).__module__.partition(".")[0]
    known = library in ("zuko", "nflows", "normflows", "FrEIA", "pyro", "torch", "flowtorch", "distrax")
    return f"{what} of {library} ({type(source).__name__})" if known else f"{what} ({type(source).__name__})"


# -- the base distribution -------------------------------------------------------------------------------------------------


def base_of(distribution: Any) -> RawBase:
    """A base distribution of any library: an object with log_prob, and perhaps
    sample."""
    if isinstance(distribution, nn.Module) and not has(distribution, "log_prob"):
        made = call_or_none(distribution)
        distribution = made if made is not None and has(made, "log_prob") else distribution
    if not has(distribution, "log_prob"):
        raise InputError(
            f"Expected in base a distribution with log_prob (and sample), got {short(distribution)}. For a standard normal: "
            "base = torch.distributions.Independent(torch.distributions.Normal(torch.zeros(D), torch.ones(D)), 1)."
        )
    refuse_discrete(distribution, "base")
    shape = getattr(distribution, "event_shape", None)
    batch = getattr(distribution, "batch_shape", ())
    if isinstance(distribution, Distribution) and len(batch):  # a product that was not declared as one event
        distribution = Independent(distribution, len(batch))
        shape = distribution.event_shape
    known = tuple(shape) if isinstance(shape, (torch.Size, tuple)) and len(shape) else None
    return RawBase(
        type(distribution).__name__, with_context(distribution.log_prob), sampler_of(distribution), known, distribution
    )


def components_of(distribution: Any) -> Callable[[Tensor], Tensor] | None:
    """The terms of torch's MixtureSameFamily, of zuko's Mixture and of normflows'
    GaussianMixture."""
    parts, inner = getattr(distribution, "component_distribution", None), getattr(distribution, "base", None)
    logits: Any = getattr(distribution, "logits", None)
    weights: Any = getattr(distribution, "mixture_distribution", None)
    if parts is not None and weights is not None:
        return lambda z: (
            torch.log_softmax(weights.logits, -1) + parts.log_prob(z.unsqueeze(-1 - len(distribution.event_shape)))
        )
    if isinstance(logits, Tensor) and inner is not None and has(inner, "log_prob"):
        return lambda z: torch.log_softmax(logits, -1) + inner.log_prob(z.unsqueeze(-1 - len(distribution.event_shape)))
    loc, log_scale, scores = (getattr(distribution, name, None) for name in ("loc", "log_scale", "weight_scores"))
    if isinstance(loc, Tensor) and loc.ndim == 3 and isinstance(log_scale, Tensor) and isinstance(scores, Tensor):
        normal = Normal(loc[0], log_scale[0].exp(), validate_args=False)
        return lambda z: torch.log_softmax(scores, 1) + normal.log_prob(z[:, None]).sum(-1)
    return None


def refuse_discrete(distribution: Any, what: str) -> None:
    """InputError for a distribution with atoms."""
    try:
        support: Any = distribution.support if isinstance(distribution, Distribution) else None
        discrete = support is not None and support.is_discrete
    except (*CALL_ERRORS, NotImplementedError):
        return
    if discrete:
        raise InputError(
            f"{what} is a {type(distribution).__name__}, whose support is discrete: it has atoms and no density, and change of variables does not apply."
        )


def sampler_of(source: Any) -> Callable[[int, Context], Any] | None:
    """n draws of a distribution or of its ``sample``, whatever that wants: a shape or a
    number; pairs with log p are cut to the draws."""
    if isinstance(source, Distribution):
        return lambda n, c: source.sample((n,))
    draw = getattr(source, "sample", source if inspect.isroutine(source) else None)
    if not callable(draw):
        return None
    takes = _context_name(draw)

    def sample(n: int, c: Context) -> Any:
        if c is None or takes is None:
            return _points(_number_or_shape(draw, n), n)
        try:
            drawn = _points(draw(n, **{takes: c}), n)
            if drawn.shape[0] == n:
                return drawn
        except CALL_ERRORS:
            pass
        return _points(draw(n, **{takes: c.expand(n, *c.shape[1:])}), n)  # a row of context a draw, as normflows has it

    return sample


def _number_or_shape(draw: Callable[..., Any], n: int) -> Any:
    """draw(n), or draw((n,)) for samplers that take a shape; what the first of them
    raised where neither works."""
    first: Exception | None = None
    try:
        drawn = draw(n)
        points = drawn[0] if isinstance(drawn, (tuple, list)) else drawn
        if isinstance(points, Tensor) and points.ndim and points.shape[0] == n:
            return drawn
    except (*CALL_ERRORS, NotImplementedError) as error:
        first = error
    try:
        return draw((n,))
    except (*CALL_ERRORS, NotImplementedError) as error:
        raise (first or error) from error


def _points(drawn: Any, n: int) -> Tensor:
    """The draws out of what a sampler returned: a tensor, or draws and their log
    densities; one context's draws without its axis."""
    first = drawn[0] if isinstance(drawn, (tuple, list)) and drawn else drawn
    if not isinstance(first, Tensor):
        raise InputError(f"Expected draws as a tensor from sample({n}), got {short(first)}.")
    if first.ndim > 1 and first.shape[0] == 1 and n > 1 and first.shape[1] == n:
        first = first[0]
    return first.detach()


def standard_normal(dim: int, like: Tensor) -> RawBase:
    """The base that is taken where none was given: a standard normal of ``dim``
    coordinates, one flat event."""
    distribution = Independent(
        Normal(like.new_zeros(dim), like.new_ones(dim), validate_args=False), 1, validate_args=False
    )
    return RawBase(
        "standard normal",
        lambda z, c: distribution.log_prob(z.reshape(z.shape[0], -1)),
        lambda n, c: distribution.sample((n,)),
        (dim,),
        distribution,
    )


# -- calls ----------------------------------------------------------------------------------------------------------------------


def has(value: Any, name: str) -> bool:
    """Whether an instance, and no class, has an attribute."""
    return value is not None and not isinstance(value, type) and hasattr(value, name)


def parameters_of(function: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a function by name; none where it is silent about them."""
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # built in, and silent about it
        return {}


def _context_name(function: Any) -> str | None:
    """The parameter of a function that takes the context, if there is one."""
    function = function.forward if isinstance(function, nn.Module) else function
    return next((name for name in CONTEXTS if name in parameters_of(function)), None)


def with_context(function: Any) -> Step:
    """A function of a batch as one of a batch and a context, which is passed on where
    the function can take it."""
    name = _context_name(function)

    def call(x: Tensor, c: Context) -> Any:
        if c is None or name is None:
            return function(x)
        return function(x, **{name: c})

    return call


def call_or_none(function: Any, *args: Any) -> Any:
    """What a call returns, or None where it raises."""
    try:
        return function(*args)
    except (*CALL_ERRORS, NotImplementedError):
        return None
