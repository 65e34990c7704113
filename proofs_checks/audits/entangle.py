"""The audit of a latent-variable model by its entangled twin: the same samples from a latent in which every coordinate is mixed with every other.

The twin draws from the same prior and decodes after the inverse of an entangling map. Its samples have the law of the model's, whatever the
decoder does; scores of disentanglement see two different models.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics import disentanglement_scores as scores
from numerics import score_levels
from numerics.random import Stream, tiles
from numerics.statistics import ks_to_uniform_columns
from numerics.transports.entangling import EntanglingMap
from numerics.transports.entangling_errors import DENSITY, ENTRY, errors, matrix_errors
from numerics.transports.twins import EntangledTwin
from numerics.twin_samples import Comparison, information_defect, information_width
from numerics.two_samples import mean_under_equal_laws
from proofs_checks.audits import AuditReport, Finding
from proofs_checks.audits.entangle_input import (
    MOST_OUTPUTS,
    Decoder,
    Given,
    device_of,
    read_codes,
    read_decoder,
    read_prior,
    read_rotation,
)
from proofs_checks.audits.reading import short
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Status, Test, Verdict, judge, level, measured, tested
from proofs_checks.verdicts import number_text

__all__ = ["EntangleReport", "audit_entangle"]

POINTS = 2048  # at which the map is differentiated
DIRECTIONS, FEATURES = 8, 128
BATCH, VOTES = 64, 1600  # Kim & Mnih's batches; half of the votes train the majority vote, half measure it
MOST_PAIRS = 16  # codes and factors whose informations are held against their levels


@dataclass
class EntangleReport(AuditReport):
    """The report, with the twin: ``twin(z')`` decodes, ``twin.sample(stream, n)`` draws, ``twin.encode(encoder)`` is its encoder,
    ``twin.entangle`` and ``twin.latent`` go from the model's latents to the twin's and back."""

    twin: EntangledTwin | None = None


def audit_entangle(
    decoder: Any, prior: Any, *, A: Any = None, encoder: Any = None, data: Any = None, factors: Any = None, samples: int = 10_000,
    bins: int = scores.BINS, seed: int = 0, tile: int | None = None, subject: str = "",
) -> EntangleReport:  # fmt: skip
    """Entangle a model's latent, and show what its data and its scores say of that.

    Args:
        decoder: From latents ``(n, d)`` to observations ``(n, ...)``: a function or module; it may return a distribution, and may be random.
        prior: d independent marginals: a list of torch.distributions and frozen scipy.stats laws, or one torch distribution with a batch of d.
        A: Orthogonal, shape ``(d, d)``, no zero entry. Left out: all |A_ij| equal where such a matrix is known (d = 2, 4, 8, 12, ...), otherwise
            one whose entries are nearly even.
        encoder: From observations to codes ``(n, d)``; scored against ``factors``. Left out: the latent itself is the representation.
        data: Observations ``(n, ...)`` for the encoder; samples of the decoder when left out.
        factors: Known factors, ``(n, k)``, one row a row of ``data``; without data, a function from latents to factors. The latents when left out.
            Those with at most ``bins`` values are taken as classes, except by DCI, for which a class is its number.
        samples: How many draws of each model the tests compare.
        bins: Bins of equal mass for MIG.
        seed: Of all draws of this audit, the reader's own randomness excepted.
        tile: Points handled at a time; chosen so that a temporary of the map takes 2 MiB when left out.
        subject: What to call the model.
    Returns:
        A report with the twin as an object (``.twin``). Its status says whether the theorem's statements held up; low scores are no failure.
    Raises:
        InputError: an object that misses a hypothesis (a prior that is no product, discrete, with a gap or without an inverse distribution
            function; d = 1; A not orthogonal or with a zero entry; half precision; several devices; no samples); the message says which.
    """
    _check_numbers(samples, bins, seed, tile)
    law = read_prior(prior)
    device = device_of(decoder, encoder)
    matrix = read_rotation(A, law, device).to(torch.float64)
    stream = Stream(seed, device)
    try:
        model = read_decoder(decoder, law, device, stream.fork("probe"))
        twin = EntangledTwin(model, EntanglingMap(law, matrix, tile=tile))
        findings, facts = _map_findings(twin, stream)
        alike, more = _same_law(twin, model, samples, stream)
        scored, numbers = _scored(twin, model, Given(encoder, data, factors, samples, bins), stream)
    except InputError:
        raise
    except ValueError as error:  # a marginal that saturates or leaves its support says so itself
        raise InputError(str(error)) from error
    facts = {
        "latents": law.dimension,
        "outputs": model.outputs,
        "samples": samples,
        "seed": seed,
        **facts,
        **more,
        **numbers,
    }
    shown = EntangledTwin(decoder, twin.mapping, dtype=model.dtype)
    return EntangleReport(
        "entangle", subject or _name_of(decoder), [*findings, *alike, *scored], _meaning(model, numbers),
        "Do not choose between such models by likelihood, samples or any other function of x. What can tell them apart: observed factors or pairs of "
        "observations that share one, interventions, a restricted class of decoders (the twin has to lie outside it), or a task.", facts, twin=shown,
    )  # fmt: skip


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


# -- the map ------------------------------------------------------------------------------------------------------------


def _map_findings(twin: EntangledTwin, stream: Stream) -> tuple[list[Finding], dict[str, Any]]:
    """The prior is preserved, and no partial derivative of f vanishes: measured on the map as evaluated."""
    f = twin.mapping
    z = f.check(f.law.sample(stream.fork("points"), POINTS).to(f.A))
    at = [f.linearize(part) for part in f.tiles(z)]
    matrix = matrix_errors(f.A)
    error = [errors(f, part, matrix) for part in at]
    foreign = [block.name for block in f.law.blocks if not block.differentiable]
    assumes = ("torch's special functions are within 16 units of roundoff",) + (
        ("F and its inverse are smooth where they are differenced",) if foreign else ()
    )
    defect = torch.cat([f.density_defect(part) for part in at]).abs()
    terms = {name: torch.cat([e.density[name] for e in error]) for name in error[0].density}
    density = judge(
        measured(
            defect,
            Bound(terms, DENSITY, estimated=("differences",) if foreign else (), assumes=assumes),
            points=len(z),
            resolves=1e-3,
        ),
        route="numeric",
    )
    least = [f.least_entry(part) for part in at]
    logs, doubt = torch.cat([part.log_abs for part in least]), torch.cat([e.entry for e in error])
    zero = torch.full_like(doubt, float((f.A.abs() <= matrix.entries).any()))
    entries = judge(
        measured(
            zero, Bound({"relative error of an entry": doubt}, ENTRY, assumes=assumes), points=len(z), resolves=2.0**-10
        ),
        route="numeric",
    )
    k = int(logs.argmin())
    row, column = (int(torch.cat([getattr(part, name) for part in least])[k]) for name in ("row", "column"))
    size = f.A.abs()
    even = bool((size - f.dimension**-0.5).abs().max() <= 16 * f.dimension * torch.finfo(f.A.dtype).eps)
    findings = [
        Finding(
            "a product prior", Status.HOLDS,
            f"d = {f.dimension} independent coordinates: {_named(f.law)}; no gap wider than 1/1024 of the mass was seen (narrower ones were not looked for)",
        ),
        Finding(
            "the rotation", Status.HOLDS,
            f"orthogonal to {number_text(float(matrix.orthogonality))}; |A_ij| from {number_text(float(size.min()))} to {number_text(float(size.max()))}"
            + (", all equal" if even else ""),
        ),
        Finding(
            "f preserves the prior", density.status,
            f"|log p(f(z)) + log |det J(z)| - log p(z)| at {len(z)} points; at the worst of them {number_text(density.residual or 0.0)}, where rounding "
            f"{'and differences explain' if foreign else 'explains'} {number_text(density.bound or 0.0)}{_also(density)}", _witness(density),
        ),
        Finding(
            "every latent moves every output", entries.status,
            f"least |df_i/dz_j| over {len(z)} points and all {f.dimension**2} entries: {number_text(math.exp(float(logs[k])))} "
            f"(i = {row + 1}, j = {column + 1}), known to a relative error of {number_text(float(doubt.max()))}{_also(entries)}",
            {"log of the least entry": float(logs[k]), "row": row, "column": column, "z": z[k].tolist()[:16]},
        ),
    ]  # fmt: skip
    facts = {
        "least entry of A": float(size.min()), "largest entry of A": float(size.max()), "log of the least entry of the Jacobian": float(logs.min()),
        "largest density defect": float(defect.max()), "marginals by differences": foreign,
    }  # fmt: skip
    return findings, facts


def _more_samples(verdict: Verdict, samples: int, resolves: float) -> str:
    if verdict.status is not Status.UNDECIDED:
        return _also(verdict)
    needed = math.ceil(samples * ((verdict.bound or 1.0) / resolves) ** 2 / 1000) * 1000
    return f": too wide to tell laws apart; give samples={needed} or more"


def _named(law: Any) -> str:
    counts: dict[str, int] = {}
    for block in law.blocks:
        counts[block.name] = counts.get(block.name, 0) + block.width
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def _also(verdict: Verdict) -> str:
    return f"; {verdict.why}" if verdict.why else ""


def _witness(verdict: Verdict) -> dict[str, Any] | None:
    return dict(verdict.witness) if isinstance(verdict.witness, dict) else None


# -- the data -----------------------------------------------------------------------------------------------------------


def _same_law(
    twin: EntangledTwin, model: Decoder, samples: int, stream: Stream
) -> tuple[list[Finding], dict[str, Any]]:
    """Draws of both models: every coordinate, random projections, and the joint embedding; each test at a level that holds at this n."""
    pilot = model(twin.prior.sample(stream.fork("pilot"), 1000).to(twin.mapping.A))
    seen = Comparison(pilot, stream, directions=DIRECTIONS, features=FEATURES, subset=model.subset)
    first, second = stream.fork("model"), stream.fork("twin")
    for count in tiles(samples, max(1, min(twin.mapping.tile, (1 << 22) // model.outputs))):
        seen.add(model(twin.prior.sample(first, count).to(twin.mapping.A)), 0)
        seen.add(twin.sample(second, count)[1], 1)
    columns, joint = seen.columns, seen.joint
    alpha = level(1)
    slack = Bound(
        {"mean under one law": mean_under_equal_laws(samples, samples), "rounding": joint.rounding()},
        "The distance of two empirical mean embeddings of norm 1 has a mean of at most sqrt(1/n + 1/m) when the laws agree (Gretton et al. 2012).",
    )
    evidence = {
        "each coordinate of x": tested(
            seen.by_column, Test.dkw_two_sample(samples, samples, tests=columns), resolves=0.25
        ),
        "projections of x": tested(
            seen.by_direction, Test.dkw_two_sample(samples, samples, tests=DIRECTIONS), resolves=0.25
        ),
        "x jointly": tested(joint.distance, Test.hoeffding(2 * samples, joint.width), resolves=0.35, slack=slack),
    }
    what = {
        "each coordinate of x": f"largest Kolmogorov-Smirnov distance over {columns}{f' of {model.outputs}' if model.subset is not None else ''} coordinates",
        "projections of x": f"over {DIRECTIONS} random directions",
        "x jointly": f"distance of mean embeddings, {FEATURES} random frequencies",
    }
    findings, facts = [], {"level of each test of x": alpha / len(evidence)}
    for name, item in evidence.items():
        verdict = judge(item, route="statistical", alpha=alpha / len(evidence))
        facts[name] = {"statistic": verdict.residual, "radius": verdict.bound}
        findings.append(
            Finding(
                f"identical samples: {name}", verdict.status,
                f"{what[name]}: {number_text(verdict.residual or 0.0)}; at level {alpha / len(evidence):.0e} equal laws stay below "
                f"{number_text(verdict.bound or 0.0)} ({samples} draws of each){_more_samples(verdict, samples, item.resolves)}", _witness(verdict),
            )
        )  # fmt: skip
    return findings, facts


# -- the scores ---------------------------------------------------------------------------------------------------------


def _scored(twin: EntangledTwin, model: Decoder, given: Given, stream: Stream) -> tuple[list[Finding], dict[str, Any]]:
    """Scores of the representation and of the twin's; with their levels where the representation is the latent and so are the factors."""
    codes, known = read_codes(twin, model, given, stream.fork("scored"))
    what = "latent z" if given.encoder is None else "code of the encoder"
    findings, facts = _before_and_after(twin, codes, known, given.bins, stream)
    findings = [Finding(item.name, item.status, f"{what} {item.text}") for item in findings]
    if given.encoder is None and given.factors is None:
        found, more = _at_level(twin, codes, given.bins, stream)
        return [found, *findings], {**facts, **more}
    if given.encoder is None:
        return findings, facts
    return [*findings, _codes_follow(twin, codes)], facts


def _before_and_after(
    twin: EntangledTwin, codes: Tensor, known: Tensor, bins: int, stream: Stream
) -> tuple[list[Finding], dict[str, Any]]:
    """MIG, DCI and FactorVAE of one representation and of its twin, on arrays."""
    entangled = torch.cat([twin.entangle(part) for part in codes.split(twin.mapping.tile)])
    table: dict[str, dict[str, float | None]] = {}
    varying = known[:, (known != known[0]).any(0)]
    if varying.shape[1] == 0:
        raise InputError("Every factor is constant: there is nothing that a code could say. Give factors that vary.")
    for name, representation in (("before", codes), ("after", entangled)):
        gap = scores.mig(representation, varying, bins=min(bins, len(codes)))
        linear = None
        if varying.shape[1] >= 2 and len(codes) >= 2 * codes.shape[1] + 4:
            linear = scores.dci(scores.normal_scores(representation), _normal(varying, bins))
        votes = scores.factor_vae(
            scores.normal_scores(representation),
            varying,
            stream.fork(f"votes {name}"),
            bins=min(bins, len(codes)),
            batch=BATCH,
            votes=VOTES,
        )
        table[name] = {
            "MIG": gap.score, "DCI disentanglement": linear and linear.disentanglement, "DCI completeness": linear and linear.completeness,
            "DCI error": linear and linear.error, "FactorVAE": votes.score,
        }  # fmt: skip
    skipped = (
        f"; {known.shape[1] - varying.shape[1]} constant factors left out" if varying.shape[1] < known.shape[1] else ""
    )
    before, after = table["before"], table["after"]
    shown = [
        f"{name} {before[name]:.3f} -> {after[name]:.3f}"
        for name in before
        if before[name] is not None and after[name] is not None
    ]
    single = "; DCI needs two factors" if varying.shape[1] < 2 else ""
    text = f"against {varying.shape[1]} factors, then f of it: {', '.join(shown)}{single}{skipped} (what was measured; no theorem bounds it)"
    facts = {
        "scores": table, "variants": f"MIG in {bins} bins of equal mass; DCI by least squares on normal scores; FactorVAE on normal scores, {VOTES // 2} votes "
        f"to train and as many to measure, batches of {BATCH} rows that share a factor's class or bin",
    }  # fmt: skip
    return [Finding("scores before and after", Status.INAPPLICABLE, text)], facts


def _normal(factors: Tensor, bins: int) -> Tensor:
    """Normal scores of factors with many values; classes are kept as numbers."""
    few = torch.tensor([column.unique().numel() <= bins for column in factors.T], device=factors.device)
    return torch.where(few, factors, scores.normal_scores(factors))


def _at_level(twin: EntangledTwin, codes: Tensor, bins: int, stream: Stream) -> tuple[Finding, dict[str, Any]]:
    """The twin's scores against the levels that A alone decides, where a deviation at finite n is known."""
    f, n, d = twin.mapping, len(codes), twin.mapping.dimension
    claimed, kept = score_levels.levels(f.A, bins=bins), min(d, MOST_PAIRS)
    off = information_defect(f, codes, f.A.abs()[:kept, :kept], bins)
    width, bias = information_width(n, bins)
    slack = Bound(
        {"bias": bias, "cells": 2.0**-20},
        "Paninski 2003 for the bias; masses of cells by quadrature.",
        estimated=("cells",),
    )
    evidence = [tested(off, Test.hoeffding(n, width, tests=kept * kept), resolves=0.7, slack=slack, name="information")]
    if claimed.equal:  # otherwise A leaves the votes to the batch size
        drawn = stream.fork("factors")
        votes = scores.factor_vae_by_simulation(
            lambda z: f.law.columnwise(f.link.inner, f(z)), lambda m: f.law.sample(drawn, m).to(f.A), stream.fork("at level"),
            batch=16, votes=2 * VOTES,
        )  # fmt: skip
        chance = Test.clopper_pearson(votes.total, 1.0 / d)
        evidence.append(tested(votes.right, chance, resolves=0.3, name="FactorVAE"))
    verdict = judge(evidence, route="statistical")
    chance = "left to the batch size" if claimed.factor_vae is None else f"{claimed.factor_vae:.3f}"
    text = (
        f"A alone decides them for f(z) against z, whatever the prior: MIG {claimed.mig:.3f}, DCI {claimed.disentanglement:.3f}, FactorVAE {chance}"
        f"{' (chance)' if claimed.equal else ''}; informations{' and votes' if claimed.equal else ''} agree at level {level(1):.0e}"
        if verdict.holds
        else f"levels MIG {claimed.mig:.3f}, DCI {claimed.disentanglement:.3f}, FactorVAE {chance}{_also(verdict)}"
    )
    more = {
        "levels": {"MIG": claimed.mig, "DCI disentanglement": claimed.disentanglement, "DCI completeness": claimed.completeness, "FactorVAE": claimed.factor_vae},
        "all entries equal": claimed.equal,
    }  # fmt: skip
    return Finding("scores at their levels", verdict.status, text, _witness(verdict)), more


def _codes_follow(twin: EntangledTwin, codes: Tensor) -> Finding:
    """Whether the encoder's codes follow the prior marginally: no hypothesis of the theorem, but f of them has their law only then."""
    f = twin.mapping
    p = torch.cat(
        [0.5 * torch.erfc(-f.law.columnwise(f.link.inner, part) / math.sqrt(2.0)) for part in codes.split(f.tile)]
    )
    distance = float(ks_to_uniform_columns(p.clamp_(0.0, 1.0)).max())
    return Finding(
        "codes of the encoder", Status.INAPPLICABLE,
        f"largest distance of a coordinate of the codes from its prior: {number_text(distance)} ({len(codes)} codes). No hypothesis of the theorem; "
        "f leaves the law of the codes alone only as far as they follow the prior",
    )  # fmt: skip


def _meaning(model: Decoder, numbers: dict[str, Any]) -> str:
    equal = numbers.get("all entries equal")
    scores_text = (
        " Measured against the latent, the twin's scores are at the level of chance." if equal
        else " How far scores fall is decided by the entries of A: even ones lower them, one large entry a row leaves them high." if equal is False
        else ""
    )  # fmt: skip
    kind = "" if model.deterministic else " The decoder is random; its noise is the same in both models."
    many = (
        ""
        if model.subset is None
        else f" Of {model.outputs} coordinates of x, {MOST_OUTPUTS} were tested one by one and all of them jointly."
    )
    return (
        "The model and its twin have the same law of x, so no likelihood, sample or other function of x prefers the given latent to one in which "
        f"every coordinate is mixed with every other.{scores_text} The decoder need not be injective, continuous or trained: the identity of the laws uses "
        f"the prior alone. Not checked: gaps of the marginals narrower than 1/1024 of the mass.{kind}{many}"
    )
