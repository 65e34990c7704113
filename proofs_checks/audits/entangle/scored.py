"""Scores of disentanglement of a representation and of its twin's, and the levels
that the rotation alone decides.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.latents import code_bins, dci_score, factor_vae_score, mutual_information_gap
from numerics.latents import population_scores as score_levels
from numerics.latents.twin_comparison import information_defect, information_width
from numerics.latents.twins import EntangledTwin
from numerics.statistics.kolmogorov import ks_to_uniform_columns
from numerics.streams import Stream
from proofs_checks.audits.entangle.map import also, witness_of
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.decoders import Decoder, Given, read_codes
from proofs_checks.kernel import Bound, Status, Test, judge, level, tested
from proofs_checks.wording import number_text

BATCH, VOTES = 64, 1600  # Kim & Mnih's batches; half of the votes train the majority vote, half measure it
MOST_PAIRS = 16  # codes and factors whose informations are held against their levels


def scored_findings(
    twin: EntangledTwin, model: Decoder, given: Given, stream: Stream
) -> tuple[list[Finding], dict[str, Any]]:
    """Scores of the representation and of the twin's; with their levels where the
    representation is the latent and so are the factors.
    """
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
        raise InputError("Every factor is constant: no code can be informative about it. Give factors that vary.")
    for name, representation in (("before", codes), ("after", entangled)):
        gap = mutual_information_gap.mig(representation, varying, bins=min(bins, len(codes)))
        linear = None
        if varying.shape[1] >= 2 and len(codes) >= 2 * codes.shape[1] + 4:
            linear = dci_score.dci(code_bins.normal_scores(representation), _normal(varying, bins))
        votes = factor_vae_score.factor_vae(
            code_bins.normal_scores(representation),
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
    return torch.where(few, factors, code_bins.normal_scores(factors))


def _at_level(twin: EntangledTwin, codes: Tensor, bins: int, stream: Stream) -> tuple[Finding, dict[str, Any]]:
    """The twin's scores against the levels that A alone decides, where a deviation
    at finite n is known.
    """
    f, n, d = twin.mapping, len(codes), twin.mapping.dim
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
        votes = factor_vae_score.factor_vae_by_simulation(
            lambda z: f.prior.columnwise(f.link.inner, f(z)), lambda m: f.prior.sample(m, drawn).to(f.A), stream.fork("at level"),
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
        else f"levels MIG {claimed.mig:.3f}, DCI {claimed.disentanglement:.3f}, FactorVAE {chance}{also(verdict)}"
    )
    more = {
        "levels": {"MIG": claimed.mig, "DCI disentanglement": claimed.disentanglement, "DCI completeness": claimed.completeness, "FactorVAE": claimed.factor_vae},
        "all entries equal": claimed.equal,
    }  # fmt: skip
    return Finding("scores at their levels", verdict.status, text, witness_of(verdict)), more


def _codes_follow(twin: EntangledTwin, codes: Tensor) -> Finding:
    """Whether the encoder's codes follow the prior marginally: no hypothesis of the
    theorem, but f of them has their distribution only then.
    """
    f = twin.mapping
    p = torch.cat(
        [0.5 * torch.erfc(-f.prior.columnwise(f.link.inner, part) / math.sqrt(2.0)) for part in codes.split(f.tile)]
    )
    distance = float(ks_to_uniform_columns(p.clamp_(0.0, 1.0)).max())
    return Finding(
        "codes of the encoder", Status.INAPPLICABLE,
        f"largest distance of a coordinate of the codes from its prior: {number_text(distance)} ({len(codes)} codes). No hypothesis of the theorem; "
        "f leaves the distribution of the codes alone only as far as they follow the prior",
    )  # fmt: skip
