"""Distortions between data and reproductions, by name or as a user's function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.wording import short

__all__ = ["NAMED", "Distortion", "of_gaussian", "read_distortion"]

Pairing = Callable[[Tensor, Tensor], Tensor]
Noise = Callable[[Tensor, float, Stream], Tensor]
PAIRED = 1 << 22  # numbers at once where a user's function is asked for all pairs


@dataclass(frozen=True)
class Distortion:
    """A distortion d >= 0 between flattened data ``(C, m)`` and reproductions.

    Args:
        name: Its name. words: What it is, and what beta is beside it.
        each: Row by row, ``(C, m)`` and ``(C, m)`` to ``(C,)``.
        pairs: ``(M, m)`` reproductions and ``(n, m)`` data to ``(M, n)``.
        noise: Draws of x with density proportional to exp(-beta d(x, y)), at
            reproductions ``(C, m)``; None where nobody knows how.
        log_normaliser: (beta, m) to the log of the integral of exp(-beta d) over x,
            None likewise: with it F + log_normaliser is a negative log-likelihood.
    """

    name: str
    words: str
    each: Pairing
    pairs: Pairing
    noise: Noise | None = None
    log_normaliser: Callable[[float, int], float] | None = None


def _squares(factor: Callable[[int], float], name: str, words: str) -> Distortion:
    def pairs(y: Tensor, x: Tensor) -> Tensor:
        found = y.square().sum(1, keepdim=True) - 2 * y @ x.T + x.square().sum(1)
        return factor(x.shape[1]) * found.clamp_min(0)

    return Distortion(
        name, words, lambda x, y: factor(x.shape[1]) * (x - y).square().sum(1), pairs,
        lambda y, beta, stream: y + stream.normal(*y.shape).to(y) / math.sqrt(2 * factor(y.shape[1]) * beta),
        lambda beta, m: m / 2 * math.log(math.pi / (factor(m) * beta)),
    )  # fmt: skip


def of_gaussian(sigma: float) -> Distortion:
    """-log of a Gaussian density of that standard deviation, without its constant."""
    words = f"|x - f(z)|^2 / (2 sigma^2) with the decoder's own sigma = {sigma:.4g}: at beta = 1 exp(-d) is its likelihood up to a constant"
    return _squares(lambda m: 1 / (2 * sigma**2), "gaussian", words)


def _absolute() -> Distortion:
    def laplace(y: Tensor, beta: float, stream: Stream) -> Tensor:
        return y + stream.signs(*y.shape).to(y) * stream.exponential(*y.shape).to(y) / beta

    return Distortion(
        "absolute", "the sum over coordinates of |x - f(z)|: beta is 1/b of a Laplace likelihood",
        lambda x, y: (x - y).abs().sum(1), lambda y, x: torch.cdist(y, x, p=1), laplace,
        lambda beta, m: m * math.log(2 / beta),
    )  # fmt: skip


def _bernoulli() -> Distortion:
    def logs(y: Tensor) -> tuple[Tensor, Tensor]:
        return y.log().clamp_min(-100), (1 - y).log().clamp_min(-100)

    def entropy(x: Tensor) -> Tensor:
        return -(torch.special.xlogy(x, x) + torch.special.xlogy(1 - x, 1 - x)).sum(1)

    def pairs(y: Tensor, x: Tensor) -> Tensor:
        ones, zeros = logs(y)
        return (-(ones @ x.T + zeros @ (1 - x).T) - entropy(x)).clamp_min(0)

    def each(x: Tensor, y: Tensor) -> Tensor:
        ones, zeros = logs(y)
        return -(x * ones + (1 - x) * zeros).sum(1) - entropy(x)

    words = (
        "-log of Bernoulli probabilities, summed over coordinates and cut at 100 nats each, less the entropy of each coordinate (0 for binary data), which no "
        "reproduction gets below: beta = 1 is the likelihood of binary data"
    )
    return Distortion("bernoulli", words, each, pairs)


NAMED = {
    one.name: one
    for one in (
        _squares(lambda m: 1.0, "squared", "the sum over coordinates of (x - f(z))^2: beta is 1/(2 sigma^2) of a Gaussian likelihood"),
        _squares(lambda m: 0.5, "half squared", "half the sum over coordinates of (x - f(z))^2: beta is 1/sigma^2 of a Gaussian likelihood"),
        _squares(lambda m: 1 / m, "mean squared", "the mean over m coordinates of (x - f(z))^2: beta is m/(2 sigma^2) of a Gaussian likelihood"),
        _absolute(), _bernoulli(),
    )
}  # fmt: skip


def read_distortion(distortion: Any, data: Tensor, shape: tuple[int, ...], lower: Any) -> Distortion:
    """The distortion of that name, or a user's function of data and reproductions
    ``(C, *shape)`` to ``(C,)``, less its lower bound.

    Raises:
        InputError: no such name, no function, or a lower bound that is no number.
    """
    if isinstance(lower, bool) or not isinstance(lower, (int, float)) or not math.isfinite(lower):
        raise InputError(f"Expected lower as a number that no distortion falls below, got {short(lower)}.")
    if isinstance(distortion, str) and distortion in NAMED:
        found = NAMED[distortion]
        if found.name == "bernoulli" and bool(((data < 0) | (data > 1)).any()):
            raise InputError(
                f"The distortion 'bernoulli' needs data in [0, 1], got {float(data.min()):.4g} to {float(data.max()):.4g}. Divide by the largest level, or pass distortion='squared'."
            )
        return found
    if not callable(distortion):
        raise InputError(
            f"Expected distortion as one of {', '.join(map(repr, NAMED))}, or a function of data and reproductions (C, ...) to (C,), got {short(distortion)}."
        )
    return _of_function(distortion, shape, float(lower))


def _of_function(function: Callable[..., Any], shape: tuple[int, ...], lower: float) -> Distortion:
    def each(x: Tensor, y: Tensor) -> Tensor:
        rows = len(x)
        try:
            found = function(x.reshape(rows, *shape), y.reshape(rows, *shape))
        except CALL_ERRORS as error:  # a user's own code: told, not hidden
            line = str(error).splitlines()[0] if str(error) else "no message"
            raise InputError(
                f"The distortion raised {type(error).__name__} on two batches of shape {(rows, *shape)}: {line}"
            ) from error
        if not isinstance(found, Tensor) or found.shape != (rows,) or not found.is_floating_point():
            got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InputError(
                f"Expected one real distortion a row, shape ({rows},), from the distortion, got {got}. Sum over the coordinates of a row, not over rows."
            )
        if bool(torch.isnan(found).any()):
            raise InputError(
                "The distortion returned NaN: it is defined nowhere near that pair of a datum and a reproduction."
            )
        if bool((found < lower).any()):
            raise InputError(
                f"Hypothesis 'd >= {lower:g}' failed: the distortion returned {float(found.detach().min()):.4g}. Weights exp(-beta d) stay within 1 only after a lower bound of d "
                "is taken off; pass lower= with a number that no distortion falls below."
            )
        return found - lower

    def pairs(y: Tensor, x: Tensor) -> Tensor:
        size = max(1, PAIRED // max(1, x.numel()))
        parts = [
            each(x.repeat(len(part), 1), part.repeat_interleave(len(x), 0)).view(len(part), len(x))
            for part in y.split(size)
        ]
        return torch.cat(parts)

    words = (
        "your function" + (f", less its lower bound {lower:g}" if lower else "") + ": beta multiplies it as it stands"
    )
    return Distortion("yours", words, each, pairs)
