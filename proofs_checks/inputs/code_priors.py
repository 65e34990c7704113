"""Priors of codes as a user hands them in: a number of standard normal codes, a
distribution of torch, a code book."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch import distributions as td

from numerics.compression.annealed_chains import Prior
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.copies import deep_copy
from proofs_checks.inputs.densities import read_points
from proofs_checks.wording import short

__all__ = ["CodeBook", "read_prior"]


@dataclass(frozen=True)
class CodeBook:
    """Finitely many codes ``(M, k)`` and their masses ``(M,)``."""

    codes: Tensor
    masses: Tensor


def read_prior(prior: Any) -> tuple[Prior, CodeBook | None, int]:
    """The prior, its code book where it is finite, and k.

    Args:
        prior: The number of codes of a standard normal prior; a distribution of torch
            over ``(k,)`` (or a batch of k independent ones); a table of codes ``(M,
            k)`` with equal masses, or (codes, masses).
    Raises:
        InputError: none of these, a discrete distribution, masses that do not add up to
            one, a distribution without a density.
    """
    if isinstance(prior, int) and not isinstance(prior, bool):
        if not 1 <= prior <= 1 << 16:
            raise InputError(f"Expected as the prior at least one standard normal code, got {prior} of them.")
        prior = td.Normal(torch.zeros(prior), 1.0)
    if isinstance(prior, (Tensor, np.ndarray, tuple)):
        return _book(prior)
    if not isinstance(prior, td.Distribution):
        raise InputError(
            f"Expected the prior as a torch distribution, the number of standard normal codes, or a code book (codes, masses), got {short(prior)}. "
            "Hypothesis 'the prior has a density that can be evaluated' is needed for every move of a chain."
        )
    return _continuous(prior)


def _continuous(prior: td.Distribution) -> tuple[Prior, None, int]:
    if len(prior.event_shape) == 0 and len(prior.batch_shape) == 1:
        prior = td.Independent(prior, 1)
    if len(prior.event_shape) == 0 and len(prior.batch_shape) == 0:
        prior = td.Independent(prior.expand((1,)), 1)
    if len(prior.event_shape) != 1 or len(prior.batch_shape) != 0:
        raise InputError(
            f"Expected a prior over one vector of k codes, got batch shape {tuple(prior.batch_shape)} and event shape {tuple(prior.event_shape)}. "
            "A product of k marginals is one distribution with batch shape (k,)."
        )
    try:
        if prior.support is not None and prior.support.is_discrete:
            raise InputError(
                f"Hypothesis 'the prior has a density' failed: {type(prior).__name__} is discrete. Give its code book instead: (codes, masses)."
            )
        twin = deep_copy(prior, what="the prior")
        twin._validate_args = False
        for part in (getattr(twin, "base_dist", None),):
            if part is not None:
                part._validate_args = False
        probe = twin.sample((4,))
        log_p = twin.log_prob(probe)
    except CALL_ERRORS as error:
        line = str(error).splitlines()[0] if str(error) else "no message"
        raise InputError(
            f"The prior {type(prior).__name__} could not be sampled and evaluated ({type(error).__name__}: {line}); a chain needs both."
        ) from error
    if log_p.shape != (4,) or not bool(torch.isfinite(log_p).all()):
        raise InputError(
            f"The prior's log density at four draws of its own is {short(log_p.tolist(), 80)}; it has to be finite there."
        )

    def sample(n: int, stream: Stream) -> Tensor:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(stream.integers(0, 2**62, 1)))
            return twin.sample((n,)).double()

    return Prior(sample, lambda z: _inside(twin, z)), None, int(prior.event_shape[0])


def _inside(twin: td.Distribution, z: Tensor) -> Tensor:
    """log p with -inf outside the support, whatever the distribution says there."""
    if twin.support is None:
        return twin.log_prob(z)
    inside = twin.support.check(z)
    inside = inside if inside.ndim == 1 else inside.all(-1)
    return torch.where(inside, twin.log_prob(z).nan_to_num(nan=-math.inf), -math.inf)


def _book(given: Any) -> tuple[Prior, CodeBook, int]:
    if isinstance(given, tuple) and len(given) != 2:
        raise InputError(f"Expected a code book as (codes, masses), got a tuple of {len(given)}.")
    codes, masses = given if isinstance(given, tuple) else (given, None)
    codes = read_points(codes, "codes").double()
    if codes.ndim != 2:
        raise InputError(f"Expected codes as a table (M, k), got shape {tuple(codes.shape)}.")
    if masses is None:
        masses = codes.new_full((len(codes),), 1 / len(codes))
    masses = read_points(masses, "masses of the codes").double()[:, 0]
    if masses.shape != (len(codes),):
        raise InputError(f"Expected one mass for each of {len(codes)} codes, got shape {tuple(masses.shape)}.")
    total = float(masses.sum())
    if bool((masses < 0).any()) or abs(total - 1) > 2.0**-20:
        raise InputError(
            f"Hypothesis 'the masses are a distribution' failed: they add up to {total:.9g}, the least is {float(masses.min()):.4g}. Divide by their sum."
        )
    masses = masses / total

    def sample(n: int, stream: Stream) -> Tensor:
        at = torch.searchsorted(masses.cumsum(0), stream.uniform(n)).clamp(max=len(masses) - 1)
        return codes[at]

    return Prior(sample, lambda z: z.new_zeros(len(z))), CodeBook(codes, masses), codes.shape[1]
