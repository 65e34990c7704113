"""Findings of a typicality test: how well |T| tells outliers as it stands, where H
comes from, and what the user's bijection does to it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from numerics.detection import typicality as measures
from numerics.detection.roc import Auroc, auroc
from numerics.statistics.kolmogorov import ks_two_sample
from proofs_checks import kernel
from proofs_checks.audits.typicality.maps import fraction, quantiles
from proofs_checks.audits.typicality.scored import Scored, values_of
from proofs_checks.findings import Finding
from proofs_checks.inputs.bijections import Through
from proofs_checks.inputs.densities import Model
from proofs_checks.inputs.density_checks import LEVEL
from proofs_checks.inputs.density_mass import unit_mass
from proofs_checks.kernel import Bound, Status, Test, measured, tested

GIVEN, ENTROPY, FOLLOW, MINE = "as given", "entropy", "inliers follow the model", "|T| under your bijection"


def given_scores(scored: Scored, false_alarms: float) -> Finding:
    """AUROC of |T| and of log p, and how many outliers are rejected at a bounded
    rate of false alarms.
    """
    inside, outside = scored.typicalities()
    witness: dict[str, Any] = {
        "T": {"inliers": quantiles(inside)},
        "inliers": inside.numel(),
        "batch": scored.batch,
        "T_inliers": _summary(inside),
    }
    group = "points" if scored.batch == 1 else f"batches of {scored.batch}"
    if outside is None:
        spread = float(inside.abs().mean())
        return Finding(
            GIVEN,
            Status.INAPPLICABLE,
            f"no outliers were given; mean |T| of {inside.numel()} inlier {group} is {spread:.3g} nats",
            witness,
        )
    witness["T"]["outliers"] = quantiles(outside)
    area, density = scored.area(), _density_area(scored)
    radius = kernel.radius(
        Test.hoeffding(min(inside.numel(), outside.numel()), width=1.0), LEVEL
    )  # Hoeffding 1963, section 5b: of pairs as of the smaller sample
    p_values = measures.rank_p_values(inside.abs(), outside.abs())
    caught = float((p_values <= false_alarms).double().mean())
    witness |= {
        "outliers": outside.numel(), "T_outliers": _summary(outside), "auroc": fraction(area.value), "auroc_of_log_p": fraction(density.value),
        "radius": radius, "level": LEVEL, "false_alarms": false_alarms, "detected": caught,
    }  # fmt: skip
    text = f"AUROC of |T| {float(area):.4f}, of log p {float(density):.4f} (the probability that an inlier has the smaller |T|, the larger log p; {inside.numel()} and {outside.numel()} {group}; the distributions' own areas lie within {min(radius, 1):.2g}, at level {LEVEL:g}); "
    if 1 / (inside.numel() + 1) > false_alarms:
        return Finding(
            GIVEN,
            Status.INAPPLICABLE,
            text + f"{inside.numel()} are too few to reject anything at {false_alarms:g} false alarms by rank",
            witness,
        )
    return Finding(
        GIVEN,
        Status.INAPPLICABLE,
        text + f"at most {false_alarms:g} false alarms on fresh inliers, {caught:.1%} of the outliers are rejected",
        witness,
    )


def _density_area(scored: Scored) -> Auroc:
    return auroc(*(measures.batch_means(part, scored.batch) for part in (scored.inliers, scored.outliers)))


def _summary(values: Tensor) -> dict[str, float | None]:
    finite = values[torch.isfinite(values)]
    quartiles = (
        torch.quantile(finite[:1_000_000], torch.tensor([0.25, 0.5, 0.75]).to(finite)).tolist()
        if finite.numel()
        else [None] * 3
    )
    return {
        "lower_quartile": quartiles[0],
        "median": quartiles[1],
        "upper_quartile": quartiles[2],
        "infinite": float(values.numel() - finite.numel()),
    }


def entropy_source(scored: Scored, entropy: Any) -> Finding:
    """Where H comes from; its error is an estimate, because log p is unbounded and
    nothing at finite n bounds its mean without more.
    """
    if entropy is not None and not isinstance(entropy, str):
        return Finding(
            ENTROPY, Status.INAPPLICABLE, f"H = {scored.entropy:.6g} nats, as you gave it", {"entropy": scored.entropy}
        )
    n = scored.pilot.numel()
    error = float(scored.pilot.std(unbiased=True)) / math.sqrt(n) if n > 1 else math.inf
    source = (
        f"{n} draws of the model"
        if entropy == "samples"
        else f"{n} inliers (their cross-entropy, which is H only if they are draws of the model)"
    )
    negative = "; negative, as differential entropies may be" if scored.entropy < 0 else ""
    return Finding(
        ENTROPY, Status.INAPPLICABLE,
        f"H = {scored.entropy:.6g} nats from {source}, standard error {error:.2g}: an estimate, since log p is unbounded{negative}",
        {"entropy": scored.entropy, "standard_error": _number(error), "draws": n},
    )  # fmt: skip


def follow(inside: Tensor, model: Model, fresh: Tensor | None) -> Finding:
    """log p of inliers against log p of draws of the model: one distribution, if
    inliers are draws of it.
    """
    if fresh is None:
        return Finding(
            FOLLOW,
            Status.INAPPLICABLE,
            "unchecked: no sampler was given, and the object has none; H may be a cross-entropy",
        )
    values = values_of(model, inside, "inliers")
    statistic = ks_two_sample(values, fresh)
    verdict = kernel.judge(
        tested(statistic, Test.dkw_two_sample(values.numel(), fresh.numel()), resolves=1.0),
        route="statistical",
        alpha=LEVEL,
    )
    text = {
        Status.HOLDS: f"log p of {values.numel()} inliers and of {fresh.numel()} draws of the model cannot be told apart (KS distance {statistic:.3f}, allowed {verdict.bound:.3f}, level {LEVEL:g})",
        Status.REFUTED: f"log p of inliers and of draws of the model differ (KS distance {statistic:.3f}, allowed {verdict.bound:.3f}, level {LEVEL:g}): the inliers are not the model's draws, "
        "and its typical set is not theirs",
    }.get(
        verdict.status,
        f"too few inliers to tell (KS distance {statistic:.3f}, allowed {verdict.bound:.3f}, level {LEVEL:g})",
    )
    return Finding(FOLLOW, verdict.status, text, {"statistic": statistic, "radius": verdict.bound})


# -- through the user's bijection ------------------------------------------------------------------------------------------------


def mine(model: Model, chosen: Through, around: tuple[Tensor, Tensor], away: Tensor | None, scored: Scored) -> Finding:
    """T_f = H_f + log p - log|det|, H_f from the same points as H: does |T| survive,
    and what becomes of the area?

    ``around`` are the points over which log|det| is averaged, and the inliers that are
    scored.
    """
    inside = chosen.log_det(around[1])
    outside = None if away is None else chosen.log_det(away)
    mean = float(chosen.log_det(around[0]).mean())
    image = Scored(
        scored.pilot,
        scored.inliers - inside,
        None if outside is None else scored.outliers - outside,
        scored.entropy + mean,
        scored.batch,
    )
    pairs = [(scored.inliers, inside), *([] if outside is None else [(scored.outliers, outside)])]
    grouped = [tuple(measures.batch_means(part, scored.batch) for part in pair) for pair in pairs]
    everything, volume = (torch.cat([pair[k] for pair in grouped]) for k in (0, 1))
    finite = torch.isfinite(everything)
    change, typical = (volume - mean)[finite], (everything + scored.entropy)[finite]
    residual = torch.minimum(change.abs(), (change - 2 * typical).abs())
    units = 16 * (model.dim + 8) * max(model.precision, torch.finfo(change.dtype).eps)
    bound = Bound(
        {"rounding": units * (1 + volume[finite].abs() + typical.abs() + abs(mean))},
        "|T| survives where log|det| less its mean is 0 or 2T; each of the three is known to 16 (D + 8) units of rounding.",
        assumes=("log p and log|det| are computed to within 16 (D + 8) units of rounding",),
    )
    verdict = kernel.judge(measured(residual, bound, points=residual.numel(), resolves=1e-2), route="numeric")
    worst = int(residual.argmax())
    group = "points" if scored.batch == 1 else "batches"
    witness = { "T": float(typical[worst]), "T_after": float((typical - change)[worst]), "spread_of_log_det": float(change.std(unbiased=False)),
        "mean_log_det": mean, "largest_log_det": float(volume.max()), "least_log_det": float(volume.min()),
    }  # fmt: skip
    witness["T_of_images"] = {
        side: quantiles(part)
        for side, part in zip(("inliers", "outliers"), image.typicalities(), strict=True)
        if part is not None
    }
    before, after = scored.area(), image.area()
    areas = ""
    if before is not None and after is not None:
        witness |= {"auroc": fraction(before.value), "auroc_after": fraction(after.value)}
        areas = f"; AUROC of |T| {float(before):.4f} before, {float(after):.4f} after (inliers having the smaller |T|)"
    text = {
        Status.HOLDS: f"|T| is the same at {residual.numel()} {group}"
        + (
            ": log|det| is constant"
            if float(change.abs().max()) <= float(residual.max() + 1e-9 * (1 + abs(mean)))
            else ""
        ),
        Status.REFUTED: f"|T| changes: at one of the {group} T = {witness['T']:.3g} becomes {witness['T_after']:.3g} nats, for log|det| varies (deviation {witness['spread_of_log_det']:.3g})",
    }.get(verdict.status, verdict.why)
    return Finding(MINE, verdict.status, text + areas, witness)


def unchecked_hypotheses(model: Model, entropy: Any) -> list[Finding]:
    """What the statements rest on and no number of evaluations can establish."""
    if entropy is None or isinstance(entropy, str):
        mass = Finding("unit mass", Status.INAPPLICABLE, "not needed: a constant in log p is in H as well, and cancels")
    else:
        mass = unit_mass(model)
        if mass.status is Status.REFUTED:
            mass = replace(
                mass, text=f"{mass.text.partition('. Orders')[0]}; H came from elsewhere, so that T is off by as much"
            )
    return [
        mass,
        Finding("integrability", Status.INAPPLICABLE, "unchecked: that log p and log|det| have finite means cannot be seen in finitely many points"),
        Finding("continuity", Status.INAPPLICABLE, "unchecked: log p is seen at the nodes of the quadrature alone; a gap, a jump or an atom between them goes unseen"),
    ]  # fmt: skip


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
