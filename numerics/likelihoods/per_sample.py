r"""Per-sample gradients of two log likelihoods in a module's parameters: squared norms
and inner products, parameter by parameter.

No matrix of samples by parameters is held: for linear and convolutional layers the
gradient of a sample is a product of what enters the layer and what comes back from its
output, so that norms follow from Gram matrices; all other parameters go through
``torch.func`` in chunks.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from numerics.streams import Stream

ENTRIES = 2**22  # numbers held at once by what is not a product: 32 MiB in float64
Objectives = Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]]


class _Objective(nn.Module):
    """The module with its two objectives as outputs, so that ``functional_call``
    reaches its parameters."""

    def __init__(self, model: nn.Module, objectives: Objectives) -> None:
        super().__init__()
        self.model, self.objectives = model, objectives

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return self.objectives(self.model, x, y)


@dataclass(frozen=True)
class Pulls:
    """Squared norms of per-sample gradients and their inner products, by parameter:
    shapes ``(P, N)``.

    Args:
        names: Names of the P parameters. first, second: Squared norms for the two
            objectives. inner: Inner products of the two.
        sums: Gradients of both sums over the batch: squared norms and inner product,
            shape ``(P, 3)``.
        by_products: Names of the parameters whose gradients were never formed.
    """

    names: tuple[str, ...]
    first: Tensor
    second: Tensor
    inner: Tensor
    sums: Tensor
    by_products: tuple[str, ...]

    def group(self, prefix: str) -> list[int]:
        """Indices of the parameters of the module ``prefix`` (its own, not those of its
        children)."""
        return [i for i, name in enumerate(self.names) if name.rpartition(".")[0] == prefix]

    @property
    def groups(self) -> list[str]:
        """The modules that own parameters, in their order."""
        return list(dict.fromkeys(name.rpartition(".")[0] for name in self.names))

    @property
    def shared_indices(self) -> list[int]:
        """Indices of the parameters that both objectives reach."""
        return [i for i in range(len(self.names)) if bool(self.first[i].any()) and bool(self.second[i].any())]


def per_sample_pulls(
    model: nn.Module, objectives: Objectives, x: Tensor, y: Tensor, *, entries: int = ENTRIES
) -> Pulls:
    """Per-sample gradients of two objectives of a module.

    Args:
        model: In a mode in which rows do not influence each other.
        objectives: From (module, x, y) to two tensors of shape ``(N,)``, entry i a
            function of row i alone; it calls the module.
        x, y: Inputs and labels, ``N`` rows each.
        entries: How many numbers may be held at once, beside the activations of one
            batch.
    Raises:
        ValueError: no rows, no trainable parameter, or objectives of another shape.
    Accuracy:
        A squared norm errs by about ``(d + 8) eps`` relative to the product of the
        norms of what enters and what comes back, d the layer's width.

    >>> net = nn.Linear(2, 1, dtype=torch.float64)
    >>> found = per_sample_pulls(net, lambda m, x, y: (m(x)[:, 0], 2 * m(x)[:, 0]), torch.ones(3, 2).double(), torch.zeros(3))
    >>> (found.second / found.first).unique()
    tensor([4.], dtype=torch.float64)
    """
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if not named or not len(x):
        raise ValueError(
            f"Expected trainable parameters and at least one row, got {len(named)} parameters and {len(x)} rows."
        )
    calls, values = _forward(model, objectives, x, y)
    for value in values:
        if value.shape != (len(x),):
            raise ValueError(f"Expected one number a row, shape ({len(x)},), got {tuple(value.shape)}.")
    tables = {name: torch.zeros(3, len(x), dtype=values[0].dtype, device=x.device) for name, _ in named}
    sums, back = _backward(values, [parameter for _, parameter in named], [output for _, output in calls.values()])
    formed = _products(
        model, calls, back, {name: tuple(pair[i] for pair in sums) for i, (name, _) in enumerate(named)}, tables
    )
    rest = [name for name, _ in named if name not in formed]
    if rest:
        _in_chunks(model, objectives, (x, y), rest, tables, entries=entries)
    totals = torch.stack([_three(first, second) for first, second in zip(*sums, strict=True)])
    parts = torch.stack([tables[name] for name, _ in named], 1)
    return Pulls(tuple(name for name, _ in named), parts[0], parts[1], parts[2], totals, tuple(formed))


def _three(first: Tensor, second: Tensor) -> Tensor:
    return torch.stack([(first * first).sum(), (second * second).sum(), (first * second).sum()])


def _forward(
    model: nn.Module, objectives: Objectives, x: Tensor, y: Tensor
) -> tuple[dict[str, tuple[Tensor, Tensor]], tuple[Tensor, Tensor]]:
    """Both objectives, and input and output of each linear or convolutional layer that
    is called exactly once."""
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {}
    handles = []
    for name, module in model.named_modules():
        if type(module) is nn.Linear or (
            type(module) is nn.Conv2d and module.groups == 1 and module.padding_mode == "zeros"
        ):

            def keep(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, name: str = name) -> None:
                seen.setdefault(name, []).append((inputs[0].detach(), output))

            handles.append(module.register_forward_hook(keep))
    try:
        values = objectives(model, x, y)
    finally:
        for handle in handles:
            handle.remove()
    once = {
        name: calls[0]
        for name, calls in seen.items()
        if len(calls) == 1 and len(calls[0][1]) == len(x) and calls[0][1].requires_grad
    }
    return once, values


def _backward(
    values: Sequence[Tensor], parameters: list[Tensor], outputs: list[Tensor]
) -> tuple[list[list[Tensor]], list[list[Tensor]]]:
    """Gradients of both sums in the parameters, and in the layers' outputs."""
    sums, back = [], []
    for value in values:
        wanted = [*parameters, *outputs]
        found = (
            torch.autograd.grad(value.sum(), wanted, retain_graph=True, allow_unused=True, materialize_grads=True)
            if value.requires_grad
            else [torch.zeros_like(part) for part in wanted]
        )
        sums.append([part.detach() for part in found[: len(parameters)]])
        back.append([part.detach() for part in found[len(parameters) :]])
    return sums, back


def _products(
    model: nn.Module,
    calls: dict[str, tuple[Tensor, Tensor]],
    back: list[list[Tensor]],
    sums: dict[str, tuple[Tensor, ...]],
    tables: dict[str, Tensor],
) -> list[str]:
    """Fill the tables of layers whose gradients are products; a layer whose products do
    not add up to autograd's sum is left to the chunks.

    (A weight that is used a second time, outside of its layer, is found so.)
    """
    formed, modules = [], dict(model.named_modules())
    for index, (name, (entering, _)) in enumerate(calls.items()):
        module = modules[name]
        a, (g, h) = _positions(module, entering), (_outgoing(module, part[index]) for part in back)
        for own, left in (("weight", a), ("bias", None)):
            full = f"{name}.{own}" if name else own
            if full not in sums:
                continue
            whole = [torch.einsum("nto,nti->oi", part, a) if left is not None else part.sum((0, 1)) for part in (g, h)]
            reach = [
                torch.einsum("nto,nti->oi", part.abs(), a.abs()) if left is not None else part.abs().sum((0, 1))
                for part in (g, h)
            ]
            tolerance = 8 * (a.shape[0] * a.shape[1] + 8) * torch.finfo(a.dtype).eps
            if all(
                bool(((w.reshape(-1) - s.reshape(-1)).abs() <= tolerance * r.reshape(-1)).all())
                for w, s, r in zip(whole, sums[full], reach, strict=True)
            ):
                tables[full].copy_(_norms(g, h, left))
                formed.append(full)
    return formed


def _positions(module: nn.Module, entering: Tensor) -> Tensor:
    """What enters a layer, as ``(N, positions, inputs)``."""
    if isinstance(module, nn.Conv2d):
        if isinstance(module.padding, str):
            both = (
                [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
                if module.padding == "same"
                else [0, 0]
            )
            entering = nn.functional.pad(
                entering, (both[1] // 2, both[1] - both[1] // 2, both[0] // 2, both[0] - both[0] // 2)
            )
            padding: int | tuple[int, ...] = 0
        else:
            padding = module.padding
        return nn.functional.unfold(entering, module.kernel_size, module.dilation, padding, module.stride).mT
    return entering.reshape(len(entering), -1, entering.shape[-1])


def _outgoing(module: nn.Module, gradient: Tensor) -> Tensor:
    """What comes back from a layer's output, as ``(N, positions, outputs)``."""
    return (
        gradient.flatten(2).mT
        if isinstance(module, nn.Conv2d)
        else gradient.reshape(len(gradient), -1, gradient.shape[-1])
    )


def _norms(g: Tensor, h: Tensor, a: Tensor | None) -> Tensor:
    """|G|^2, |H|^2 and <G, H> a sample for ``G = sum_t g_t a_t^T``, ``H = sum_t h_t
    a_t^T`` (for a bias: without a)."""
    if a is None:
        first, second = g.sum(1), h.sum(1)
        return torch.stack([(first**2).sum(1), (second**2).sum(1), (first * second).sum(1)])
    if a.shape[1] == 1:
        size = (a[:, 0] ** 2).sum(1)
        return torch.stack([(g[:, 0] ** 2).sum(1), (h[:, 0] ** 2).sum(1), (g[:, 0] * h[:, 0]).sum(1)]) * size
    found, rows = [], max(1, ENTRIES // (a.shape[1] ** 2 + g.shape[2] * a.shape[2]))
    for start in range(0, len(a), rows):
        part, one, two = a[start : start + rows], g[start : start + rows], h[start : start + rows]
        if a.shape[1] ** 2 <= g.shape[2] * a.shape[2]:
            gram = part @ part.mT
            found.append(
                torch.stack([(gram * (p @ q.mT)).sum((1, 2)) for p, q in ((one, one), (two, two), (one, two))])
            )
        else:
            first, second = one.mT @ part, two.mT @ part
            found.append(
                torch.stack([(p * q).sum((1, 2)) for p, q in ((first, first), (second, second), (first, second))])
            )
    return torch.cat(found, 1)


def _in_chunks(
    model: nn.Module,
    objectives: Objectives,
    rows: tuple[Tensor, Tensor],
    names: list[str],
    tables: dict[str, Tensor],
    *,
    entries: int,
) -> None:
    """Fill the tables of the remaining parameters by ``vmap(grad)``, as many rows at a
    time as ``entries`` allows; row by row where vmap cannot.

    (Recurrent layers and operations in place on tensors of the module have no batching
    rule.)
    """
    x, y = rows
    size = max(
        1, entries // (2 * sum(parameter.numel() for name, parameter in model.named_parameters() if name in names))
    )
    batched = _Batched(model, objectives, names)
    for start in range(0, len(x), size):
        part = slice(start, start + size)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="There is a performance drop")
                found = batched(x[part], y[part])
        except RuntimeError:
            own = [parameter for name, parameter in model.named_parameters() if name in names]
            for name, table in zip(
                names, per_sample_loop(model, objectives, x[start:], y[start:], own).unbind(1), strict=True
            ):
                tables[name][:, start:] = table
            return
        for name in names:
            tables[name][:, part] = found[name]


class _Batched:
    """Squared norms and inner product of both gradients in some parameters, ``(3,
    rows)`` each, by ``vmap(grad)``."""

    def __init__(self, model: nn.Module, objectives: Objectives, names: list[str]) -> None:
        self.wrapped, self.names = _Objective(model, objectives), names
        self.fixed = {f"model.{name}": parameter.detach() for name, parameter in model.named_parameters()}
        self.own = {f"model.{name}": self.fixed.pop(f"model.{name}") for name in names}

    def value(self, own: dict[str, Tensor], x: Tensor, y: Tensor, which: int) -> Tensor:
        """One objective of one row."""
        return torch.func.functional_call(self.wrapped, {**self.fixed, **own}, (x[None], y[None]))[which][0]

    def __call__(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """By name."""
        both = []
        for which in range(2):
            gradient = torch.func.grad(lambda own, one, label, which=which: self.value(own, one, label, which))
            both.append(torch.func.vmap(gradient, in_dims=(None, 0, 0))(self.own, x, y))
        found = {}
        for name in self.names:
            p, q = (part[f"model.{name}"].flatten(1) for part in both)
            found[name] = torch.stack([(p**2).sum(1), (q**2).sum(1), (p * q).sum(1)])
        return found


def per_sample_loop(
    model: nn.Module, objectives: Objectives, x: Tensor, y: Tensor, own: Sequence[Tensor] | None = None
) -> Tensor:
    """The same squared norms and inner products by one backward pass a row and
    objective: shape ``(3, P, N)``. Slow; a second definition.

    Args:
        own: The parameters that are asked about; all that are trained, if left out.
    """
    parameters = (
        [parameter for parameter in model.parameters() if parameter.requires_grad] if own is None else list(own)
    )
    columns = []
    for i in range(len(x)):
        values = objectives(model, x[i : i + 1], y[i : i + 1])
        first, second = _backward(values, parameters, [])[0]
        columns.append(torch.stack([_three(p, q) for p, q in zip(first, second, strict=True)], 1))
    return torch.stack(columns, 2).detach()


def balancing_weight(
    first: Tensor, second: Tensor, stream: Stream, *, resamples: int = 400
) -> tuple[float, float, float]:
    """``lambda* = sqrt(mean |g_1|^2 / mean |g_2|^2)``, at which both pull equally hard
    in root mean square, with a bootstrap interval.

    Args:
        first, second: Squared norms, shape ``(N,)``, of the same rows.
    Returns:
        The estimate and the 2.5% and 97.5% percentiles over resampled rows: an estimate
        of its spread, no bound.
    Raises:
        ValueError: the second objective does not pull at all.

    >>> balancing_weight(torch.full((4,), 9.0), torch.full((4,), 1.0), Stream(1))
    (3.0, 3.0, 3.0)
    """
    if not bool(second.any()):
        raise ValueError("Expected a second objective with a gradient, got 0 everywhere: no weight balances the two.")
    index = stream.integers(0, len(first), resamples, len(first)).to(first.device)
    ratios = (first[index].mean(1) / second[index].mean(1).clamp(min=torch.finfo(second.dtype).tiny)).sqrt()
    low, high = torch.quantile(ratios, torch.tensor([0.025, 0.975], dtype=ratios.dtype, device=ratios.device)).tolist()
    return float((first.mean() / second.mean()).sqrt()), low, high


def exponent_with_interval(
    sizes: Sequence[int], low: Sequence[float], high: Sequence[float]
) -> tuple[float, float, float]:
    """The least-squares slope of log ratio over log size, and all slopes that ratios
    within ``[low, high]`` could have given.

    Args:
        sizes: At least two different ones. low, high: Positive, ``low <= high``, one a
            size.
    Returns:
        The slope for the geometric mid-points, the least and the largest.
    Raises:
        ValueError: as said.

    >>> [round(x, 9) for x in exponent_with_interval([1, 10, 100], [1.0, 10.0, 100.0], [1.0, 10.0, 100.0])]
    [1.0, 1.0, 1.0]
    """
    x = torch.tensor(sizes, dtype=torch.float64).log()
    lower, upper = (torch.tensor(values, dtype=torch.float64) for values in (low, high))
    if len(set(sizes)) < 2 or not bool((lower > 0).all()) or bool((lower > upper).any()):
        raise ValueError(
            f"Expected 0 < low <= high at two sizes or more, got {list(low)} and {list(high)} at {list(sizes)}."
        )
    centred = x - x.mean()
    coefficients = centred / centred.square().sum()
    ends = torch.stack([coefficients * lower.log(), coefficients * upper.log()])
    return float(ends.mean(0).sum()), float(ends.amin(0).sum()), float(ends.amax(0).sum())
