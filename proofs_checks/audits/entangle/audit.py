"""The audit of a latent-variable model by its entangled twin: the same samples from a
latent in which every coordinate is mixed with every other.

The twin draws from the same prior and decodes after the inverse of an entangling map.
Its samples have the distribution of the model's, whatever the decoder does; scores of
disentanglement see two different models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from numerics.latents import code_bins
from numerics.latents.entangling import EntanglingMap
from numerics.latents.twins import EntangledTwin
from numerics.streams import Stream
from proofs_checks.audits.entangle.data import same_distribution
from proofs_checks.audits.entangle.map import map_findings
from proofs_checks.audits.entangle.meanings import NEXT, meaning
from proofs_checks.audits.entangle.scored import scored_findings
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport, Findings, Progress
from proofs_checks.inputs.decoders import Decoder, Given, device_of, read_decoder, read_prior, read_rotation
from proofs_checks.wording import short

STAGES = 4


@dataclass(repr=False)
class EntangleReport(AuditReport):
    """The report, with the twin: ``twin(z')`` decodes, ``twin.sample(n, stream)``
    draws, ``twin.encode(encoder)`` is its encoder, ``twin.entangle`` and
    ``twin.latent`` go from the model's latents to the twin's and back.
    """

    twin: EntangledTwin | None = None


def audit_entangle(
    decoder: Any, prior: Any, *, A: Any = None, encoder: Any = None, data: Any = None, factors: Any = None, samples: int = 10_000,
    bins: int = code_bins.BINS, seed: int = 0, tile: int | None = None, subject: str = "",
    progress: Progress | None = None,
) -> EntangleReport:  # fmt: skip
    """Entangle a model's latent, and show how its data and its scores of
    disentanglement change.

    Args:
        decoder: From latents ``(n, d)`` to observations ``(n, ...)``: a function or
            module; it may return a distribution, and may be random.
        prior: d independent marginals: a list of torch.distributions and frozen
            scipy.stats distributions, or one torch distribution with a batch of d.
        A: Orthogonal, shape ``(d, d)``, no zero entry. Left out: all |A_ij| equal where
            such a matrix is known (d = 2, 4, 8, 12, ...), otherwise one whose entries
            are nearly even.
        encoder: From observations to codes ``(n, d)``; scored against ``factors``. Left
            out: the latent itself is the representation.
        data: Observations ``(n, ...)`` for the encoder; samples of the decoder when
            left out.
        factors: Known factors, ``(n, k)``, one row a row of ``data``; without data, a
            function from latents to factors. The latents when left out. Those with at
            most ``bins`` values are taken as classes, except by DCI, for which a class
            is its number.
        samples: How many draws of each model the tests compare.
        bins: Bins of equal mass for MIG.
        seed: Of all draws of this audit, the user's own randomness excepted.
        tile: Points handled at a time; chosen so that a temporary of the map takes 2
            MiB when left out.
        subject: What to call the model. progress: Called as every stage begins.
    Returns:
        A report with the twin as an object (``.twin``). Its status says whether the
        theorem's statements held up; low scores are no failure.
    Raises:
        InputError: an object that misses a hypothesis (a prior that is no product,
            discrete, with a gap or without an inverse distribution function; d = 1; A
            not orthogonal or with a zero entry; half precision; several devices; no
            samples); the message says which.
    """
    _check_numbers(samples, bins, seed, tile)
    findings = Findings(progress, stages=STAGES)
    stream = Stream(seed, device_of(decoder, encoder))
    with findings.stage("the model and its twin"):
        read = _read(decoder, prior, A, encoder, tile=tile, stream=stream)
    facts: dict[str, Any] = {
        "latents": read.twin.prior.dim,
        "outputs": read.model.outputs,
        "samples": samples,
        "seed": seed,
    }
    stages = (
        ("the entangling map", lambda: map_findings(read.twin, stream)),
        ("samples of both models", lambda: same_distribution(read.twin, read.model, samples, stream)),
        (
            "scores of both models",
            lambda: scored_findings(read.twin, read.model, Given(encoder, data, factors, samples, bins), stream),
        ),
    )
    for label, measure in stages:
        with findings.stage(label):
            found, more = _explained(measure)
            findings += found
            facts |= more
    shown = EntangledTwin(decoder, read.twin.mapping, dtype=read.model.dtype)
    return EntangleReport(
        "entangle", subject or _name_of(decoder), findings, meaning(read.model, facts), NEXT, facts, twin=shown,
    )  # fmt: skip


@dataclass(frozen=True)
class _Read:
    model: Decoder
    twin: EntangledTwin


def _read(decoder: Any, prior: Any, A: Any, encoder: Any, *, tile: int | None, stream: Stream) -> _Read:
    """The model as it was read, and its twin."""
    device = device_of(decoder, encoder)
    of = read_prior(prior)
    matrix = read_rotation(A, of, device).to(torch.float64)
    model = _explained(lambda: read_decoder(decoder, of, device, stream.fork("probe")))
    return _Read(model, _explained(lambda: EntangledTwin(model, EntanglingMap(of, matrix, tile=tile))))


def _explained(measure: Any) -> Any:
    """A marginal that saturates or leaves its support says so itself, as a
    ValueError.
    """
    try:
        return measure()
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from error


def _check_numbers(samples: Any, bins: Any, seed: Any, tile: Any) -> None:
    for name, value, least in (
        ("samples", samples, 1),
        ("bins", bins, 2),
        ("seed", seed, 0),
        ("tile", 1 if tile is None else tile, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"Expected {name} as an integer of at least {least}, got {short(value)}.")
    if samples < 2 * bins:
        raise InputError(
            f"{samples} samples fill no {bins} bins: with N = {samples} no test could say anything. Use 10,000."
        )


def _name_of(decoder: Any) -> str:
    return getattr(decoder, "__name__", type(decoder).__name__)
