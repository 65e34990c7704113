"""Reading what the entangling audit is given: a decoder, a prior, a rotation, an
encoder with data and factors. Refusals name the hypothesis."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch import distributions as td

from numerics.distributions.library_marginals import as_product
from numerics.distributions.product import Product
from numerics.latents.entangling import check_rotation
from numerics.latents.rotations import flat_rotation
from numerics.latents.twins import EntangledTwin
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import as_batch, call
from proofs_checks.wording import short

MOST_OUTPUTS = 256  # coordinates of x that are tested one by one; beyond, evenly chosen ones and all of them jointly
_FOLLOWS_BATCH = nn.modules.batchnorm._NormBase
PROBED = 32


@dataclass(frozen=True)
class Decoder:
    """A user's decoder as a function from latents ``(n, d)`` in float64 to observations
    ``(n, m)`` in float64.

    ``deterministic``: two calls agreed; ``dtype``: what the user's object is given;
        ``shape``: that of one observation.
    """

    source: Callable[[Tensor], Any]
    dtype: torch.dtype
    shape: tuple[int, ...]
    deterministic: bool
    subset: Tensor | None

    def __call__(self, z: Tensor) -> Tensor:
        """Observations, flattened."""
        return observations(self.source, z.to(self.dtype))

    @property
    def outputs(self) -> int:
        """m, the coordinates of x."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Given:
    """What the scores are computed from, as the user gave it."""

    encoder: Any
    data: Any
    factors: Any
    samples: int
    bins: int


def observations(source: Callable[[Tensor], Any], z: Tensor) -> Tensor:
    """What the decoder returns at z as a float64 table; a distribution is sampled."""
    found = call(source, z, "the decoder")
    if isinstance(found, td.Distribution):
        found = call(lambda distribution: distribution.sample(), found, "the sampler of the decoder's distribution")
    batch = as_batch(found, len(z), "the decoder")
    if batch.is_complex():
        raise InputError(
            f"Expected real observations from the decoder, got {batch.dtype}. torch.view_as_real(x).flatten(1) makes them real."
        )
    table = batch.reshape(len(z), -1).to(torch.float64)
    if table.shape[1] == 0:
        raise InputError(
            f"Expected observations of at least one number, got shape {tuple(batch.shape)} from the decoder."
        )
    if not bool(torch.isfinite(table).all()):
        row = int((~torch.isfinite(table)).any(1).nonzero()[0])
        raise InputError(
            f"The decoder returned NaN or an infinity at z = {short(z[row].tolist(), 80)}: x has no distribution there."
        )
    return table


def read_prior(prior: Any) -> Product:
    """The prior as a product of marginals.

    Raises:
        InputError: no product, fewer than two coordinates, a discrete distribution, a
            gap, no inverse distribution function.
    """
    distribution = _factors_of(prior)
    try:
        found = as_product(distribution)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise InputError(f"The prior: {error}") from error
    if found.dim < 2:
        raise InputError(
            f"Hypothesis 'd >= 2' failed: the prior has d = {found.dim} coordinate, and there is nothing to entangle. "
            "A prior of d coordinates is a list of d marginals, or one torch distribution with batch shape (d,)."
        )
    return found


def _factors_of(prior: Any) -> Any:
    """A product distribution written jointly, as its marginals; any other joint
    distribution is refused."""
    if isinstance(prior, td.Independent):
        return _factors_of(prior.base_dist)
    if isinstance(prior, td.MultivariateNormal):
        cov = prior.covariance_matrix
        if cov.ndim == 2 and bool((cov == torch.diag(cov.diagonal())).all()):
            return td.Normal(prior.loc, cov.diagonal().sqrt())
        raise InputError(
            "Hypothesis 'independent marginals' failed: the prior's covariance matrix is not diagonal. Entangle a prior with independent "
            "coordinates: decoder(loc + L w) with w standard normal is the same model."
        )
    if isinstance(prior, td.Distribution) and prior.event_shape:
        raise InputError(
            f"Hypothesis 'independent marginals' cannot be read off {type(prior).__name__}, a joint distribution of {tuple(prior.event_shape)} numbers. "
            "Give a list of its one-dimensional marginals, if they are independent."
        )
    if isinstance(prior, td.MixtureSameFamily) and len(prior.batch_shape) == 0:
        raise InputError(
            "A mixture of scalars has one coordinate and no inverse distribution function in torch; give one marginal a coordinate, "
            "a frozen scipy.stats distribution for each."
        )
    if hasattr(prior, "dim") and hasattr(prior, "rvs"):
        raise InputError(
            f"Hypothesis 'independent marginals' cannot be read off {type(prior).__name__}, a joint distribution. Give a list of d one-dimensional frozen distributions."
        )
    if isinstance(prior, (Tensor, np.ndarray, str, bytes, dict)) or (
        callable(prior) and not isinstance(prior, td.Distribution)
    ):
        raise InputError(
            f"Expected the prior as a list of d marginals (torch.distributions, frozen scipy.stats distributions) or one distribution with a batch of d, "
            f"got {type(prior).__name__}. Samples alone do not say what the distribution is."
        )
    return prior


def read_rotation(A: Any, distribution: Product, device: torch.device) -> Tensor:
    """A on the decoder's device, or the flattest rotation of that dimension that is
    known.

    Raises:
        InputError: not orthogonal, a zero entry, another size than the prior's, half
            precision, another device than the decoder's.
    """
    d = distribution.dim
    if A is None:
        return flat_rotation(d).to(device)
    if isinstance(A, np.ndarray) and A.dtype.kind == "f":
        A = torch.from_numpy(np.ascontiguousarray(A))
    if not isinstance(A, Tensor):
        raise InputError(f"Expected A as a float tensor or array of shape ({d}, {d}), got {short(A)}.")
    if A.device != device:
        raise InputError(f"The decoder's weights are on {device}, A is on {A.device}. Move one: A.to({str(device)!r}).")
    if A.shape != (d, d):
        raise InputError(f"The prior has d = {d} coordinates; expected A of shape ({d}, {d}), got {tuple(A.shape)}.")
    try:
        return check_rotation(A.detach())
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def read_decoder(decoder: Any, distribution: Product, device: torch.device, stream: Stream) -> Decoder:
    """The decoder, tried on a few latents: what it returns, whether twice the same, and
    whether rows depend on each other.

    Raises:
        InputError: not callable, half precision, layers that follow the batch in
            train() mode, an error of its own, NaN, another shape.
    """
    if not callable(decoder):
        raise InputError(
            f"Expected the decoder as a function or module from latents (n, d) to observations, got {short(decoder)}."
        )
    refuse_modes(decoder, "The decoder")
    dtype = precision_of(decoder, "the decoder")
    z = distribution.sample(PROBED, stream).to(device, dtype)
    if not bool(torch.isfinite(z).all()):
        raise InputError(
            f"In {dtype} the prior's draws overflow. Use a decoder in float64, or a prior with lighter tails."
        )
    try:
        raw = call(decoder, z, "the decoder")
    except InputError as first_error:
        if modules_of(decoder):
            raise
        z, dtype = z.float(), torch.float32  # a function whose own tensors are in single precision
        try:
            raw = call(decoder, z, "the decoder")
        except InputError:
            raise first_error from None
    raw = raw.sample() if isinstance(raw, td.Distribution) else raw
    shape = tuple(as_batch(raw, PROBED, "the decoder").shape[1:])
    first, again, alone = observations(decoder, z), observations(decoder, z), observations(decoder, z[:1])
    deterministic = torch.equal(first, again)
    spread = float((first - first[0]).abs().max())
    if deterministic and float((alone - first[:1]).abs().max()) > 2.0**-8 * max(spread, 2.0**-100):
        raise InputError(
            "The decoder's output at a latent depends on the other latents in the batch: it is no function of z. Normalisation over the batch "
            "does that; put the model in eval() mode, or wrap it so that rows are decoded on their own."
        )
    m = max(1, math.prod(shape))
    subset = torch.linspace(0, m - 1, MOST_OUTPUTS).round().long().unique().to(device) if m > MOST_OUTPUTS else None
    return Decoder(decoder, dtype, shape or (1,), deterministic, subset)


def modules_of(source: Any) -> list[nn.Module]:
    """The modules that an object is, is bound to, or mentions by name."""
    if isinstance(source, nn.Module):
        return [source]
    owner = getattr(source, "__self__", None)
    if isinstance(owner, nn.Module):
        return [owner]
    if not inspect.isfunction(source):
        return []
    seen = inspect.getclosurevars(source)
    return [value for value in (*seen.nonlocals.values(), *seen.globals.values()) if isinstance(value, nn.Module)]


def refuse_modes(source: Any, what: str) -> None:
    """Batch normalisation in train() mode makes an output depend on other rows, and a
    call would change the model.

    Raises:
        InputError: naming the layer.
    """
    for module in modules_of(source):
        for name, part in module.named_modules():
            if part.training and isinstance(part, _FOLLOWS_BATCH):
                raise InputError(
                    f"{what} uses {type(module).__name__} in train() mode, where {name or 'it'} ({type(part).__name__}) follows the batch and would be "
                    "changed by the audit. Call .eval() on it, and audit again."
                )


def precision_of(source: Any, what: str) -> torch.dtype:
    """The dtype of the weights, float64 for a function without any.

    Raises:
        InputError: half precision.
    """
    for module in modules_of(source):
        for weight in module.parameters():
            if weight.is_floating_point():
                if weight.dtype not in (torch.float32, torch.float64):
                    raise InputError(
                        f"The weights of {what} are {weight.dtype}: latents that differ would be rounded to one. Call .float() on it."
                    )
                return weight.dtype
    return torch.float64


def device_of(*sources: Any) -> torch.device:
    """Where the weights are; the CPU for functions without any.

    Raises:
        InputError: weights on several devices, or on the meta device.
    """
    found = {
        weight.device
        for source in sources
        for module in modules_of(source)
        for weight in (*module.parameters(), *module.buffers())
    }
    if len(found) > 1:
        raise InputError(
            f"Decoder and encoder have weights on several devices: {', '.join(sorted(map(str, found)))}. Move them to one."
        )
    device = found.pop() if found else torch.device("cpu")
    if device.type == "meta":
        raise InputError("The decoder's weights are on the meta device, where tensors hold no numbers. Load them.")
    return device


def read_factors(factors: Any, rows: int, device: torch.device) -> Tensor:
    """Known factors, one row a point, float64.

    Raises:
        InputError: another number of rows, NaN, or fewer than two rows.
    """
    if isinstance(factors, np.ndarray) and factors.dtype.kind in "iufb":
        factors = torch.from_numpy(np.ascontiguousarray(factors))
    if not isinstance(factors, Tensor) or factors.ndim not in (1, 2):
        raise InputError(f"Expected factors as a table of shape (n, k), got {short(factors)}.")
    table = (factors[:, None] if factors.ndim == 1 else factors).detach().to(device, torch.float64)
    if len(table) != rows or rows < 2 or table.shape[1] == 0:
        raise InputError(
            f"Expected one row of factors for each of {rows} points (at least 2), got shape {tuple(factors.shape)}."
        )
    if not bool(torch.isfinite(table).all()):
        raise InputError("The factors hold NaN or infinities.")
    return table


def _factors_of_latents(factors: Any, z: Tensor) -> Tensor:
    if not callable(factors):
        raise InputError(
            "Factors as a table need the data and the encoder that they belong to (data=, encoder=); without them give a function from latents to factors."
        )
    return read_factors(as_batch(call(factors, z, "the factors"), len(z), "the factors"), len(z), z.device)


def read_codes(twin: EntangledTwin, model: Decoder, given: Given, stream: Stream) -> tuple[Tensor, Tensor]:
    """Codes with their factors: latents themselves, or codes of the data (or of the
    decoder's samples) in the prior's open support.

    Raises:
        InputError: objects that do not belong together, codes of another shape or
            outside the support.
    """
    encoder, data, factors = given.encoder, given.data, given.factors
    if encoder is None:
        if data is not None:
            raise InputError("Data without an encoder have no codes. Give the encoder, or leave data out.")
        z = twin.prior.sample(given.samples, stream).to(twin.mapping.A)
        return z, z if factors is None else _factors_of_latents(factors, z)
    if not callable(encoder):
        raise InputError(
            f"Expected the encoder as a function or module from observations to codes (n, d), got {short(encoder)}."
        )
    refuse_modes(encoder, "The encoder")
    if data is None:
        if factors is not None and not callable(factors):
            raise InputError("Factors as a table need the data that they belong to: give data=.")
        z = twin.prior.sample(given.samples, stream).to(twin.mapping.A)
        data = model(z).reshape(given.samples, *model.shape).to(precision_of(encoder, "the encoder"))
        known = z if factors is None else _factors_of_latents(factors, z)
    else:
        data = as_batch(data, len(data) if hasattr(data, "__len__") else 0, "data")
        if factors is None:
            raise InputError(
                "Data come without factors: scores compare codes with known factors, one row of factors a row of data."
            )
        known = read_factors(factors, len(data), twin.mapping.A.device)
    return _codes(twin, encoder, data), known


def _codes(twin: EntangledTwin, encoder: Any, data: Tensor) -> Tensor:
    """The encoder's codes, float64."""
    found = call(encoder, data.to(twin.mapping.A.device), "the encoder")
    found = getattr(found, "mean", found) if not isinstance(found, Tensor) else found
    codes = as_batch(found, len(data), "the encoder").to(torch.float64)
    d = twin.mapping.dim
    if codes.ndim != 2 or codes.shape[1] != d:
        raise InputError(
            f"The prior has d = {d} coordinates; expected codes of shape (n, {d}) from the encoder, got {tuple(codes.shape)}."
        )
    low, high = twin.prior.low.to(codes), twin.prior.high.to(codes)
    if not bool(((codes > low) & (codes < high) & torch.isfinite(codes)).all()):
        row = int((~((codes > low) & (codes < high) & torch.isfinite(codes))).any(1).nonzero()[0])
        raise InputError(
            f"The encoder's code {short(codes[row].tolist(), 80)} lies outside the prior's open support, where f is not defined."
        )
    return codes
