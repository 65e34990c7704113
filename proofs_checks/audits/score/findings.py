"""Findings about a score at one noise level. Means over data come with intervals that
are estimates (normal approximation): 4.9 standard errors."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.derivatives import difference_divergence, difference_jacobians, directional_slopes
from numerics.distributions.score_consistency import denoising_gaps, implied_density, stein_gap
from numerics.distributions.score_matching import EXACT_DIMENSION, conservative_defect
from numerics.streams import Stream
from proofs_checks.audits.budget import Budget
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.score_networks import Level
from proofs_checks.kernel import Status

FEWEST = 32
PROBED = 32  # points at which derivatives are compared
JACOBIANS = 256  # points at which Jacobians are formed
NORMAL = 4.9  # standard errors, about one in a million
LEVEL = 1e-6
ALONE, SLOPES, DEFECT, STEIN, DENOISING, MASS = (
    "rows on their own",
    "derivatives",
    "gradient field",
    "Stein's identity",
    "denoising identity",
    "implied density",
)


def of_level(
    level: Level, clean: Tensor, budget: Budget, stream: Stream, *, several: bool
) -> tuple[list[Finding], dict[str, Any]]:
    """Findings at a level, quick ones first, and what the picture needs."""
    suffix = f" ({level.name})" if several else ""
    noised = clean
    found = [_alone(level, clean, suffix)]
    values: dict[str, Any] = {"sigma": level.sigma, "alpha": level.alpha}
    if found[0].status is Status.REFUTED:
        return found, values
    if level.sigma > 0:
        noised, gaps = denoising_gaps(level.field, clean, level.alpha, level.sigma, stream.fork("noise"))
        found.append(_denoising(gaps, suffix))
        values["denoising"] = {gap.name: gap.mean / gap.size for gap in gaps}
    else:
        found.append(
            Finding(
                DENOISING + suffix,
                Status.INAPPLICABLE,
                "no noise was added to these data (sigma= or noise= says how much)",
            )
        )
    slopes = _slopes(level, noised, stream.fork("slopes"), suffix)
    found.append(slopes)
    cut = slopes.status is not Status.HOLDS
    for name, step in (
        (DEFECT, lambda: _defect(level, noised, stream, suffix, cut)), (STEIN, lambda: _stein(level, noised, stream, suffix, cut)), (MASS, lambda: _mass(level, noised, suffix)),
    ):  # fmt: skip
        if not budget.open:
            found.append(Finding(name + suffix, Status.UNDECIDED, "not begun: the time was over (seconds=)"))
            continue
        finding, kept = step()
        found.append(finding)
        values |= kept
    return found, values


def _alone(level: Level, x: Tensor, suffix: str) -> Finding:
    """The value at a point is the same twice and does not depend on the other rows; it
    is finite."""
    probe = x[:16]
    with torch.no_grad():
        first, second = level.field(probe), level.field(probe)
        single = torch.cat([level.field(row[None]) for row in probe])
    if not bool(torch.isfinite(first).all()):
        raise InputError(f"{level.name}: the network returned NaN or an infinity at a point of the data.")
    if not bool((first != 0).any()):
        return Finding(
            ALONE + suffix,
            Status.REFUTED,
            "the network returns 0 at every point that was tried: it has learned nothing, or its output was zeroed",
        )
    size = float(first.abs().max())
    again, apart = float((first - second).abs().max()), float((first - single).abs().max())
    allowed = 1e-4 * size  # single precision after a thousand additions
    if again > 0 or apart > allowed:
        what = (
            f"the value changes between two calls by {again:.2g}"
            if again > 0
            else f"the value at a point changes with the other rows, by {apart:.2g}"
        )
        return Finding(
            ALONE + suffix,
            Status.REFUTED,
            f"{what} (of {size:.3g}): dropout or batch statistics are at work, and it is no function of the point",
        )
    return Finding(
        ALONE + suffix,
        Status.HOLDS,
        f"a function of the point: the same twice, and alone within {apart:.1g} of {size:.3g}",
    )


def _denoising(gaps: list[Any], suffix: str) -> Finding:
    worst = max(gaps, key=lambda gap: gap.errors)
    parts = ", ".join(f"{gap.name}: {gap.mean / gap.size:+.2%} ({gap.errors:.1f} standard errors)" for gap in gaps)
    status = Status.REFUTED if worst.errors > NORMAL else Status.HOLDS
    text = f"E[(s + z/sigma) psi] = 0 for psi = {parts}; {NORMAL} are allowed (an estimate)"
    if status is Status.REFUTED and gaps[2].errors > NORMAL:
        sign = "too large" if gaps[2].mean > 0 else "too small"
        text += f"; along itself the score is {sign}"
    return Finding(
        DENOISING + suffix,
        status,
        text,
        {gap.name: {"mean": gap.mean, "error": gap.error, "size": gap.size} for gap in gaps},
    )


def _slopes(level: Level, x: Tensor, stream: Stream, suffix: str) -> Finding:
    """Derivatives by autograd beside differences of values: code that detaches has
    values without a derivative, and is no wrong score for that."""
    try:
        seen = directional_slopes(level.field, x[:PROBED], stream)
    except RuntimeError as error:
        return Finding(
            SLOPES + suffix, Status.INAPPLICABLE, f"autograd fails ({str(error)[:160]}): differences of values are used"
        )
    if not seen.disagree:
        return Finding(SLOPES + suffix, Status.HOLDS, f"autograd agrees with differences of values at {PROBED} points")
    sizes = [float(slopes.abs().mean()) for slopes in (seen.by_autograd, seen.by_differences)]
    text = (
        f"autograd gives slopes of mean size {sizes[0]:.3g}, differences of values {sizes[1]:.3g}: the output is cut off from the points, or from a part of them "
        "(detach, no_grad, NumPy). Differences of values are used here"
    )
    return Finding(SLOPES + suffix, Status.INAPPLICABLE, text, {"autograd": sizes[0], "differences": sizes[1]})


def _defect(level: Level, x: Tensor, stream: Stream, suffix: str, cut: bool) -> tuple[Finding, dict[str, Any]]:
    if x.shape[1] == 1:
        return Finding(DEFECT + suffix, Status.HOLDS, "on a line every field is a gradient"), {"defect": 0.0}
    chosen = x[:JACOBIANS]
    if cut and x.shape[1] > EXACT_DIMENSION:
        text = f"differences of values give whole Jacobians up to D = {EXACT_DIMENSION} only: let the network be differentiated"
        return Finding(DEFECT + suffix, Status.UNDECIDED, text), {}
    try:
        formed = difference_jacobians(level.field, chosen) if cut else None
        defect = conservative_defect(
            level.field, chosen, stream.fork("defect"), given=None if formed is None else formed.values
        )
    except (ValueError, RuntimeError) as error:
        return Finding(DEFECT + suffix, Status.UNDECIDED, f"no Jacobian: {str(error)[:160]}"), {}
    how = "whole Jacobians" if defect.exact_jacobians else "sign vectors"
    how = how if formed is None else f"differences of values, known within {formed.error:.1g} of themselves"
    text = f"|J - J^T| is {defect.value:.3%} of |2J| in root mean square ({defect.low:.3%} to {defect.high:.3%}, an estimate over {defect.points} points, by {how})"
    single = 1e-5  # what single precision leaves of a gradient's symmetry
    is_gradient = defect.value <= max(defect.rounding, single if formed is None else single + 10 * formed.error)
    if not is_gradient:
        text += ": no density has this score; samplers may still work, likelihoods from it depend on the path"
    kept = {"defect": defect.value}
    return Finding(
        DEFECT + suffix,
        Status.HOLDS if is_gradient else Status.REFUTED,
        text,
        {"defect": defect.value, "low": defect.low, "high": defect.high},
    ), kept


def _stein(level: Level, x: Tensor, stream: Stream, suffix: str, cut: bool) -> tuple[Finding, dict[str, Any]]:
    chosen = x[:2048]
    try:
        spread = difference_divergence(level.field, chosen, stream.fork("differences")) if cut else None
        gap = stein_gap(level.field, chosen, stream.fork("stein"), spread=spread)
    except (ValueError, RuntimeError) as error:
        return Finding(STEIN + suffix, Status.UNDECIDED, f"no divergence: {str(error)[:160]}"), {}
    text = f"E(|s|² + div s) is {gap.mean / gap.size:+.2%} of E|s|² ({gap.errors:.1f} standard errors, {NORMAL} allowed, an estimate)"
    if gap.errors > NORMAL:
        text += ": the score is not that of these data, or p s flows through a boundary of their support"
        return Finding(STEIN + suffix, Status.REFUTED, text, {"relative": gap.mean / gap.size}), {
            "stein": gap.mean / gap.size
        }
    return Finding(STEIN + suffix, Status.HOLDS, text, {"relative": gap.mean / gap.size}), {
        "stein": gap.mean / gap.size
    }


def _mass(level: Level, x: Tensor, suffix: str) -> tuple[Finding, dict[str, Any]]:
    """Marginal distribution functions of the density that the score implies on a box
    around the data, D <= 2, within Dvoretzky, Kiefer and Wolfowitz."""
    dim = x.shape[1]
    if dim > 2:
        return Finding(MASS + suffix, Status.INAPPLICABLE, f"integrated for D <= 2 only, got D = {dim}"), {}
    low, high = x.amin(0), x.amax(0)
    room = 0.25 * (high - low)
    found = implied_density(level.field, low - room, high + room)
    if not bool(torch.isfinite(found.mass).all()):
        return Finding(MASS + suffix, Status.UNDECIDED, "the score is not finite on a box around the data"), {}
    allowed = math.sqrt(math.log(4 * dim / LEVEL) / (2 * len(x))) + 2.0 / len(found.axes[0])
    distances = []
    for i in range(dim):
        step = float(found.axes[i][1] - found.axes[i][0])
        ends = found.axes[i] + step / 2
        share = torch.searchsorted(x[:, i].sort().values, ends, right=True).double() / len(x)
        distances.append(float((share - found.marginal(i)).abs().max()))
    worst = max(distances)
    text = f"marginals of the density that it implies are within {worst:.3f} of the data's (allowed {allowed:.3f}, level {LEVEL:g}); {found.edge:.1%} of its mass lies at the edge of a box around them"
    if dim == 2:
        text += f"; log p differs by {found.path_gap:.2g} nats between two paths"
    status = Status.REFUTED if worst > allowed else Status.HOLDS
    if status is Status.REFUTED:
        text += ": weights of separate modes, which score matching hardly sees, or mass away from the data"
    kept = {
        "implied": {
            "axes": [[round(v, 5) for v in a[:: 1 + (dim > 1)].tolist()] for a in found.axes],
            "mass": [float(f"{v:.4g}") for v in (found.mass if dim == 1 else found.mass[::2, ::2]).flatten().tolist()],
        },
        "distance": worst,
    }
    return Finding(MASS + suffix, status, text, {"distance": worst, "allowed": allowed, "edge": found.edge}), kept
