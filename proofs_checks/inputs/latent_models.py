"""What the audit of rate and distortion is handed: a decoder with a prior, data, an
encoder. Refusals name the hypothesis that failed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributions as td

from numerics.compression.annealed_chains import Prior
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.code_priors import CodeBook, read_prior
from proofs_checks.inputs.copies import deep_copy, modules_of
from proofs_checks.inputs.densities import read_points
from proofs_checks.inputs.distortions import Distortion, of_gaussian, read_distortion
from proofs_checks.wording import short

__all__ = ["LatentModel", "read_codes", "read_held_out", "read_latent_model"]

PROBED = 32
ALONE = 2.0**-8  # of the spread of outputs that a row may change with its batch: single precision after many additions
_NOISY = (nn.Dropout, nn.modules.dropout._DropoutNd)


@dataclass(frozen=True)
class LatentModel:
    """A decoder, its prior and a distortion, on trial.

    Args:
        decode: Codes ``(C, k)`` to flattened reproductions ``(C, m)`` in float64.
        k, shape: Of codes and of a datum. prior: To sample and evaluate; ``book``: its
            code book where it is finite. distortion: Between them.
        gradients: Whether a gradient reaches the codes. notes: In sentences.
    """

    decode: Callable[[Tensor], Tensor]
    k: int
    shape: tuple[int, ...]
    prior: Prior
    book: CodeBook | None
    distortion: Distortion
    gradients: bool
    likelihood: bool
    notes: tuple[str, ...] = field(default=())


def read_held_out(data: Any, what: str = "data") -> Tensor:
    """Data ``(n, ...)`` as they come, at least two.

    Raises:
        InputError: as :func:`proofs_checks.inputs.densities.read_points`, or one datum.
    """
    if isinstance(data, np.ndarray) and data.dtype.kind in "iub":
        data = torch.from_numpy(np.ascontiguousarray(data))
    if (
        isinstance(data, Tensor)
        and not data.is_floating_point()
        and not data.is_complex()
        and data.layout is torch.strided
        and not data.is_meta
    ):
        data = data.double()  # pixels as whole numbers have a distortion too
    points = read_points(data, what)
    if len(points) < 2:
        raise InputError(
            f"Expected at least 2 {what}, got {len(points)}: one datum has a code of its own, and no rate."
        )
    return points


def read_latent_model(
    decoder: Any, prior: Any, data: Tensor, distortion: Any, lower: Any, *, stream: Stream
) -> LatentModel:
    """The decoder, its prior and the distortion, tried on a few codes.

    Raises:
        InputError: the decoder cannot be called, draws noise of its own, depends on the
            other rows, returns another shape than the data's, or works at another
            scale; and what the prior and the distortion raise.
    """
    made, book, k = read_prior(prior)
    if not callable(decoder) or isinstance(decoder, type):
        raise InputError(
            f"Expected the decoder as a function or module from codes (C, {k}) to reproductions, got {short(decoder)}."
        )
    notes = [
        f"the decoder's copy is audited in eval() mode: {type(module).__name__} was in train() mode"
        for module in modules_of(decoder)[:1]
        if module.training
    ]
    twin = deep_copy(decoder, wide=False, what="the decoder")
    for module in modules_of(twin):
        module.eval()
        _to_cpu(module)
    dtype = _precision(twin)
    z = made.sample(PROBED, stream) if book is None else book.codes[torch.arange(PROBED) % len(book.codes)]
    first, dtype, sigma = _first(twin, z, dtype)
    shape = tuple(data.shape[1:])
    if first[0].numel() != math.prod(shape):
        raise InputError(
            f"The decoder returns {tuple(first.shape[1:])} numbers a code, a datum has {shape}: they have to agree."
        )

    def decode(codes: Tensor) -> Tensor:
        return _raw(twin, codes.to(dtype))[0].reshape(len(codes), -1).double()

    if book is not None and len(torch.unique(book.codes, dim=0)) == 1:
        raise InputError(
            "The code book has one code, so that the rate is 0 whatever the decoder: give all the codes, (codes, masses) with one code a row."
        )
    _is_a_function_of_the_code(decode, z)
    flat = data.reshape(len(data), -1).double()
    if distortion is None and sigma is None:
        distortion = "squared"
    found = (
        of_gaussian(sigma)
        if distortion is None and sigma is not None and sigma > 0
        else read_distortion("bernoulli" if distortion is None else distortion, flat, shape, lower)
    )
    _same_scale(first.reshape(len(first), -1).double(), flat, found)
    gradients = book is None and _differentiable(decode, found, z, flat)
    if book is None and not gradients:
        notes.append("no gradient reaches the codes: chains walk at random")
    return LatentModel(decode, k, shape, made, book, found, gradients, sigma is not None, tuple(notes))


def _to_cpu(module: nn.Module) -> None:
    """The copy on the CPU, where codes and data are; the user's own stays where it is."""
    if any(weight.device.type not in ("cpu", "meta") for weight in module.parameters()):
        module.to("cpu")


def _precision(twin: Any, otherwise: torch.dtype = torch.float64) -> torch.dtype:
    """That of the weights; ``otherwise`` of a function without any."""
    for module in modules_of(twin):
        for weight in module.parameters():
            if weight.is_floating_point() and weight.dtype not in (torch.float32, torch.float64):
                raise InputError(
                    f"The decoder's weights are {weight.dtype}: codes that differ would be rounded to one. Call .float() on it."
                )
            if weight.is_meta:
                raise InputError(
                    "The decoder's weights are on the meta device, where tensors hold no numbers. Load them."
                )
            if weight.is_floating_point():
                return weight.dtype
    return otherwise


def _raw(twin: Any, codes: Tensor) -> tuple[Tensor, float | None]:
    """What the decoder returns, a Gaussian's mean with its standard deviation, or
    Bernoulli probabilities with 0."""
    try:
        out = twin(codes)
    except CALL_ERRORS as error:  # a user's own code: told, not hidden
        line = str(error).splitlines()[0] if str(error) else "no message"
        raise InputError(
            f"The decoder raised {type(error).__name__} on codes of shape {tuple(codes.shape)}, {codes.dtype}: {line}"
        ) from error
    sigma: float | None = None
    if isinstance(out, td.Distribution):
        base = out
        while isinstance(base, td.Independent):
            base = base.base_dist
        if isinstance(base, td.Bernoulli):
            out, sigma = base.probs, 0.0
        elif isinstance(base, td.Normal):
            if float(base.scale.max()) - float(base.scale.min()) > 2.0**-20 * float(base.scale.max()):
                raise InputError(
                    "Hypothesis 'the scale of the decoder is one number' failed: its standard deviations differ, and -log p has no lower bound that holds at every code. "
                    "Let the decoder return the mean, and pass distortion= and lower=."
                )
            out, sigma = base.loc, float(base.scale.max())
        else:
            raise InputError(
                f"Expected a Normal or Bernoulli distribution from the decoder, got {type(base).__name__}. Let it return reproductions, and pass distortion=."
            )
    if isinstance(out, np.ndarray) and out.dtype.kind == "f":
        out = torch.from_numpy(np.ascontiguousarray(out))
    if not isinstance(out, Tensor):
        raise InputError(
            f"Expected one tensor of reproductions from the decoder, got {type(out).__name__}. Wrap it in a function that returns the tensor alone."
        )
    if out.ndim == 0 or len(out) != len(codes) or out.numel() == 0:
        raise InputError(
            f"Expected {len(codes)} reproductions for {len(codes)} codes from the decoder, got shape {tuple(out.shape)}."
        )
    if not out.is_floating_point():
        raise InputError(f"Expected real reproductions in a floating dtype from the decoder, got {out.dtype}.")
    if not bool(torch.isfinite(out).all()):
        raise InputError(
            "The decoder returned NaN or an infinity at a code that its prior draws: no distortion is defined there."
        )
    return out, sigma


def _first(twin: Any, z: Tensor, dtype: torch.dtype) -> tuple[Tensor, torch.dtype, float | None]:
    """The first reproductions, in the precision that the decoder works in."""
    with torch.no_grad():
        try:
            out, sigma = _raw(twin, z.to(dtype))
        except InputError as refused:
            if modules_of(twin) or "dtype" not in str(refused):
                raise
            dtype = torch.float32  # a function whose own tensors are in single precision
            out, sigma = _raw(twin, z.to(dtype))
    return out, dtype, sigma


def _is_a_function_of_the_code(decode: Callable[[Tensor], Tensor], z: Tensor) -> None:
    with torch.no_grad():
        first, again, alone = decode(z), decode(z), decode(z[:1])
    if not torch.equal(first, again):
        raise InputError(
            "Hypothesis 'the decoder is a function of the code' failed: two calls on the same codes differ. Does it draw noise, or apply dropout by hand? Let it return the mean."
        )
    spread = float((first - first[0]).abs().max())
    if float((alone - first[:1]).abs().max()) > ALONE * max(spread, 2.0**-100) and len(z) > 1:
        raise InputError(
            "Hypothesis 'the decoder is a function of the code' failed: the reproduction of a code depends on the others in its batch. Normalisation over the batch does that; "
            "wrap the decoder so that rows are decoded on their own."
        )


def _same_scale(y: Tensor, x: Tensor, distortion: Distortion) -> None:
    """Data in 0..255 against a decoder in 0..1, and logits for probabilities."""
    if distortion.name == "bernoulli" and bool(((y < 0) | (y > 1)).any()):
        raise InputError(
            f"Hypothesis 'the decoder returns probabilities' failed: it returns {float(y.min()):.4g} to {float(y.max()):.4g}. If these are logits, wrap it: lambda z: decoder(z).sigmoid()."
        )
    inside = bool(((y >= -1) & (y <= 1)).all())
    if inside and float(x.max()) > 8 and float(x.min()) >= 0 and float(x.max()) <= 255:
        raise InputError(
            f"The data run to {float(x.max()):g}, the decoder stays within [{float(y.min()):.3g}, {float(y.max()):.3g}]: they are on different scales. Divide the data by "
            f"{255 if float(x.max()) > 16 else 16}, or pass distortion= as a function that does."
        )


def _differentiable(decode: Callable[[Tensor], Tensor], distortion: Distortion, z: Tensor, x: Tensor) -> bool:
    codes = z.detach().clone().requires_grad_()
    rows = torch.arange(len(z)) % len(x)
    with torch.enable_grad():
        d = distortion.each(x[rows], decode(codes))
        if not d.requires_grad:
            return False
        (slope,) = torch.autograd.grad(d.sum(), codes, allow_unused=True)
    return slope is not None and bool(torch.isfinite(slope).all())


def read_codes(encoder: Any, data: Tensor, k: int) -> Tensor | td.Distribution:
    """What the encoder makes of the data: codes ``(n, k)``, or a distribution of them.

    Raises:
        InputError: it cannot be called, or returns something else; (mean, log variance)
            is asked to be made a distribution.
    """
    if not callable(encoder) or isinstance(encoder, type):
        raise InputError(
            f"Expected the encoder as a function or module from data to codes (n, {k}) or a distribution of them, got {short(encoder)}."
        )
    twin = deep_copy(encoder, wide=False, what="the encoder")
    for module in modules_of(twin):
        module.eval()
        _to_cpu(module)
    try:
        with torch.no_grad():
            out = twin(data.to(_precision(twin, data.dtype)))
    except CALL_ERRORS as error:
        line = str(error).splitlines()[0] if str(error) else "no message"
        raise InputError(
            f"The encoder raised {type(error).__name__} on data of shape {tuple(data.shape)}: {line}"
        ) from error
    if isinstance(out, td.Distribution):
        made = td.Independent(out, 1) if len(out.event_shape) == 0 and len(out.batch_shape) == 2 else out
        if tuple(made.batch_shape) != (len(data),) or tuple(made.event_shape) != (k,):
            raise InputError(
                f"Expected a distribution of {k} codes for each of {len(data)} data from the encoder, got batch {tuple(made.batch_shape)}, event {tuple(made.event_shape)}."
            )
        return made
    if isinstance(out, tuple):
        raise InputError(
            "The encoder returned a tuple. If it is (mean, log variance), return torch.distributions.Normal(mean, (log_variance / 2).exp())."
        )
    if not isinstance(out, Tensor) or tuple(out.shape) != (len(data), k):
        got = tuple(out.shape) if isinstance(out, Tensor) else type(out).__name__
        raise InputError(
            f"Expected codes of shape ({len(data)}, {k}) or a distribution of them from the encoder, got {got}."
        )
    if not bool(torch.isfinite(out).all()):
        raise InputError("The encoder returned NaN or an infinity for one of the data.")
    return out.double()
