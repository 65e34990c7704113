"""A user's map as it is called: the batch, the mode, whether it answers twice alike,
and how far rounding inside it reaches.

Nothing about the map is changed: not its mode, its weights, its device or its
precision.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS, as_batch, by_sample, call
from proofs_checks.inputs.copies import deep_copy
from proofs_checks.inputs.files import require_dense
from proofs_checks.inputs.packed_tensors import Layout, Seen, is_several, pack
from proofs_checks.kernel import Status
from proofs_checks.wording import short


def read_several(source: Any, inputs: Any) -> tuple[Tensor, Layout | None]:
    """A batch that the map can be called on, and how several tensors lie in it; None
    for one tensor.

    Raises:
        InputError: as in :func:`read_inputs`, for each tensor.
    """
    if not is_several(inputs):
        return read_inputs(source, inputs), None
    for part in inputs:
        whole = isinstance(part, Tensor) and not (part.is_floating_point() or part.is_complex())
        read_inputs(None if whole else source, part)
    return pack(inputs, None, "inputs=")


def read_inputs(source: Any, inputs: Any) -> Tensor:
    """A batch that the map can be called on.

    Raises:
        InputError: no batch, entries that are not finite, or a device or dtype that the
            module's weights do not share.
    """
    require_dense(inputs, "inputs=")
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "iufcb":
        inputs = torch.from_numpy(np.ascontiguousarray(inputs))
    if not isinstance(inputs, Tensor) or inputs.ndim == 0 or inputs.numel() == 0:
        raise InputError(
            f"Expected in inputs= a batch of at least one sample (a tensor or an array, the first axis counting samples; or a tuple of them for f(x, a)), got {short(inputs)}."
        )
    weights = list(source.parameters()) if isinstance(source, nn.Module) else []
    if inputs.is_meta or any(p.is_meta for p in weights):
        raise InputError(
            "The module or the inputs are on the meta device, where tensors hold no numbers. Load the weights, and give inputs on a real device."
        )
    if (inputs.is_floating_point() or inputs.is_complex()) and not bool(finite(inputs)):
        at = [int(i) for i in (~inputs.isfinite()).nonzero()[0]]
        raise InputError(f"The inputs hold {inputs[tuple(at)].item()} at index {at}; every entry has to be finite.")
    if weights and weights[0].device != inputs.device:
        raise InputError(
            f"The module's weights are on {weights[0].device}, the inputs on {inputs.device}. Move one: inputs.to({str(weights[0].device)!r})."
        )
    floating = {p.dtype for p in weights if p.is_floating_point()}
    if inputs.is_floating_point() and floating and inputs.dtype not in floating:
        raise InputError(
            f"The module's weights are {', '.join(sorted(map(str, floating)))}, the inputs {inputs.dtype}. Convert the inputs, or a copy of the module."
        )
    whole = not inputs.is_floating_point() and not inputs.is_complex()
    if whole and floating and not any(isinstance(part, (nn.Embedding, nn.EmbeddingBag)) for part in source.modules()):
        raise InputError(
            f"The inputs are {inputs.dtype}, the module's weights {', '.join(sorted(map(str, floating)))}. Convert the inputs: inputs.to({floating.pop()})."
        )
    return inputs.detach()


def finite(tensor: Tensor) -> Tensor:
    """Whether every entry is finite, as a tensor of one truth value."""
    return tensor.isfinite().all()


@dataclass(frozen=True)
class Call:
    """The map, called without gradients, on a copy of the batch; several tensors in or
    out lie in one row a sample."""

    function: Callable[..., Any]
    numpy: bool = False
    inputs: Layout | None = None
    outputs: Seen = field(default_factory=Seen)

    def __call__(self, batch: Tensor) -> Tensor:
        """f(x), a tensor of its own."""
        return self.by(self.function, batch)

    def by(self, function: Callable[..., Any], batch: Tensor) -> Tensor:
        """The same of another function in the place of the map, such as a copy of it in
        another precision."""
        argument: Any = batch.clone()
        if self.inputs is None:
            value = call(function, argument.cpu().numpy() if self.numpy else argument, "the map")
        else:
            parts = self.inputs.parts(argument)
            given = tuple(part.cpu().numpy() for part in parts) if self.numpy else parts
            value = call(lambda several: function(*several), given, "the map")
        if is_several(value):
            row, layout = pack(value, len(batch), "the outputs")
            self.outputs.layout = layout
            return row
        return as_batch(value, len(batch), "the map")


_RANDOM = (nn.modules.dropout._DropoutNd, nn.RReLU)


def train_mode(source: Any) -> str:
    """Why a module in train() mode cannot be measured, or an empty text."""
    if not isinstance(source, nn.Module):
        return ""
    found = []
    for name, part in source.named_modules():
        share = getattr(part, "dropout", None)  # of layers that drop units themselves, such as nn.LSTM
        random = part.training and (isinstance(part, _RANDOM) or (isinstance(share, float) and share > 0))
        if random or (
            part.training and isinstance(part, nn.modules.batchnorm._NormBase) and part.running_mean is not None
        ):
            found.append(f"{name or 'itself'} ({type(part).__name__})")
    return (
        f"the module is in train() mode, where these parts are random or follow the batch: {', '.join(found[:4])}"
        if found
        else ""
    )


def determinism(first: Tensor, second: Tensor) -> Finding:
    """Whether two calls on one batch gave the same output."""
    name = "same output twice"
    if first.shape == second.shape and first.dtype == second.dtype and _identical(first, second):
        return Finding(name, Status.HOLDS, "two calls on the same batch give the same output, bit for bit")
    if first.shape != second.shape:
        return Finding(
            name,
            Status.UNDECIDED,
            f"two calls on the same batch give shapes {tuple(first.shape)} and {tuple(second.shape)}",
        )
    apart = by_sample((first.to(torch.complex128) - second.to(torch.complex128)).abs().nan_to_num(nan=math.inf)).amax(1)
    at = int(apart.argmax())
    return Finding(
        name,
        Status.UNDECIDED,
        f"two calls on the same batch differ by up to {float(apart[at]):.3g} (input {at}): the map is random, or keeps a state",
        {"input": at},
    )


def _identical(first: Tensor, second: Tensor) -> bool:
    """Entry by entry; NaN equals NaN and nothing else."""
    return bool(((first == second) | (first.isnan() & second.isnan())).all())


def rounding(call: Call, batch: Tensor, outputs: Tensor) -> tuple[Tensor, str]:
    """An estimate, sample by sample, of how far rounding inside the map has moved its
    outputs.

    The map is evaluated in float64 (a module by a copy of it); where it is in float64
    already, in float32, and the difference scaled by the ratio of the units of
    roundoff. It is called as well at inputs perturbed in the last place, twice, and
    four times where it does not follow its inputs to another precision; the larger is
    taken, for few outputs may be rounded little by chance.
    """
    unit = torch.finfo(outputs.dtype).eps / 2
    floor = unit * by_sample(outputs).abs().amax(1).double()
    if not batch.is_floating_point():
        return floor * math.sqrt(
            max(1, by_sample(batch).shape[1])
        ), "rounding estimated as sqrt(d) units of roundoff of the output"
    wide = outputs.dtype in (torch.float64, torch.complex128)
    other = _elsewhere(call, batch, torch.float32 if wide else torch.float64)
    if (
        other is not None
        and other.shape == outputs.shape
        and other.dtype != outputs.dtype
        and other.is_complex() == outputs.is_complex()
        and bool(finite(other))
    ):
        ratio = unit / (torch.finfo(torch.float32).eps / 2) if wide else 1.0
        whole = torch.complex128 if outputs.is_complex() else torch.float64
        apart = by_sample((outputs.to(whole) - other.to(whole)).abs()).amax(1)
        return (
            torch.maximum(ratio * apart, _perturbed(call, batch, outputs, 2)) + floor,
            f"rounding estimated by evaluating in {'float32, scaled down' if wide else 'float64'}",
        )
    worst = _perturbed(call, batch, outputs, 4)
    return worst + floor * math.sqrt(
        by_sample(batch).shape[1]
    ), "rounding estimated from inputs perturbed in the last place"


def _perturbed(call: Call, batch: Tensor, outputs: Tensor, times: int) -> Tensor:
    """How far outputs move, at most, when every input is moved by a unit in its last
    place, up or down at random."""
    worst = torch.zeros(len(batch), dtype=torch.float64, device=outputs.device)
    signs = torch.Generator().manual_seed(0)
    for _ in range(times):
        sign = (2 * torch.randint(0, 2, batch.shape, generator=signs) - 1).to(batch.device, batch.dtype)
        moved = call(batch * (1 + torch.finfo(batch.dtype).eps * sign))
        worst = torch.maximum(worst, by_sample((moved - outputs).abs()).amax(1).double().nan_to_num(nan=math.inf))
    return worst


def _elsewhere(call: Call, batch: Tensor, dtype: torch.dtype) -> Tensor | None:
    """The map evaluated in another precision; None where a module cannot be copied, or
    the map insists on its own."""
    try:
        if isinstance(call.function, nn.Module):
            with torch.no_grad():
                return call.by(copy.deepcopy(call.function).to(dtype), batch.to(dtype))
        function = deep_copy(call.function, wide=True) if dtype == torch.float64 and not call.numpy else call.function
        return call.by(function, batch.to(dtype))  # a closure over a module is copied with it
    except (*CALL_ERRORS, InputError):
        return None
