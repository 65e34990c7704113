"""Findings about one model: likelihood, moments, modes, mass away from the data, JSD by
a classifier, MMD. Each has an interval.

REFUTED means that the model is not the data's distribution, shown at the level named;
HOLDS that this measure cannot tell them apart; both at finite samples unless a text
says that an interval is an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from numerics.blocks import Over
from numerics.statistics import coverage
from numerics.statistics.classifier_bounds import classifier_bounds
from numerics.statistics.mmd import WIDTH, Kernel, hoeffding_blocks, look_at_kernel, unbiased_mmd2, witness
from numerics.statistics.mmd_tests import permutation_test
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.fits import FitModel
from proofs_checks.kernel import Status

Made = tuple[Finding, dict[str, Any]]

LEVEL = 1e-6  # probability that a finding refutes a model that is right, by Hoeffding or Clopper and Pearson
PROBED = 500  # points of each sample at which a kernel is looked at
PERMUTED = 1000  # points of each sample in the permutation test
EXCEEDANCES = (
    100  # permutations at least as large at which a p-value is known to a tenth of itself, and permuting stops
)
NORMAL = 4.9  # standard errors of a mean at about that level, where the interval is an estimate
LIKELIHOOD, MASS, MOMENTS, MODES, FAR, CLASSIFIER, MMD = (
    "held-out likelihood",
    "total mass",
    "moments",
    "mode coverage",
    "mass away from the data",
    "JSD by a classifier",
    "MMD",
)
KERNEL, DATA = "kernel", "data"


def label_finding(finding: Finding, name: str) -> Finding:
    """The finding with the model's letter, where there are two."""
    return replace(finding, name=f"{finding.name} ({name})") if name else finding


def left_open(name: str) -> Made:
    """What was not begun in time."""
    return Finding(name, Status.UNDECIDED, "not begun: the time was over (seconds=)"), {}


def no_samples(name: str) -> Made:
    """A measure that needs draws of a model that has none."""
    return Finding(
        name,
        Status.INAPPLICABLE,
        "unchecked: the model has no samples; hand over a sampler or samples beside its log density",
    ), {}


def sound_data(points: Tensor) -> list[Finding]:
    """Duplicates, and coordinates that do not vary."""
    distinct = len(torch.unique(points, dim=0))
    flat = int((points.std(0) == 0).sum())
    problems = []
    if distinct < len(points):
        problems.append(
            f"{len(points) - distinct} of {len(points)} points are repeated: the data have atoms, which no density has, or rows were copied"
        )
    if flat:
        problems.append(f"{flat} of {points.shape[1]} coordinates do not vary")
    text = (
        "; ".join(problems) or f"{len(points)} points in D = {points.shape[1]}, all different, every coordinate varies"
    )
    return [
        Finding(
            DATA,
            Status.REFUTED if problems else Status.HOLDS,
            text,
            {"points": len(points), "distinct": distinct, "constant": flat},
        )
    ]


def kernel_is_sound(kernel: Kernel, points: Tensor, samples: Sequence[Tensor | None]) -> list[Finding]:
    """A user's kernel on a part of the data and of the models' draws: symmetric, with a
    positive semidefinite matrix, and with values in [0, 1], without which MMD has no
    interval by Hoeffding."""
    parts = [points[:PROBED], *(sample[:PROBED] for sample in samples if sample is not None)]
    try:
        seen = look_at_kernel(kernel, torch.cat([part.to(points) for part in parts]))
    except (*CALL_ERRORS, AttributeError, torch.linalg.LinAlgError) as error:  # a user's own code: told, not hidden
        raise InputError(
            f"Expected in kernel a function of (n, D) and (m, D) that returns finite values (n, m); it raised {type(error).__name__}: {str(error)[:160]}. Write kernel=lambda x, y: torch.exp(-torch.cdist(x, y).square() / 2)."
        ) from None
    witness = {
        "least_eigenvalue": seen.least_eigenvalue,
        "asymmetry": seen.asymmetry,
        "values": [seen.low, seen.high],
        "bounded": seen.bounded,
    }
    problems = []
    if seen.asymmetry > seen.rounding:
        problems.append(
            f"not symmetric: k(x, y) and k(y, x) differ by up to {seen.asymmetry:.3g}, where rounding explains {seen.rounding:.2g}"
        )
    elif seen.least_eigenvalue < -seen.allowed:
        problems.append(
            f"not positive definite: an eigenvalue {seen.least_eigenvalue:.3g} on the data, where rounding explains {seen.allowed:.2g}"
        )
    if problems:
        return [Finding(KERNEL, Status.REFUTED, f"{problems[0]}; MMD² is no squared distance then", witness)]
    text = f"symmetric, positive semidefinite on the data (least eigenvalue {seen.least_eigenvalue:.2g}, rounding {seen.allowed:.2g})"
    if not seen.bounded:
        text += f"; its values reach from {seen.low:.3g} to {seen.high:.3g}, beyond [0, 1], so that MMD² has no interval by Hoeffding: permutations alone speak"
    return [Finding(KERNEL, Status.HOLDS, text, witness)]


def likelihood(model: FitModel, points: Tensor) -> Made:
    """Mean log p of the data, with an estimated interval; -inf at a point means
    KL(data||model) = inf."""
    if model.log_prob is None:
        return Finding(LIKELIHOOD, Status.INAPPLICABLE, "unchecked: the model has no log density"), {}
    with torch.no_grad():
        values = torch.cat([model.log_prob(part).double() for part in points.split(4096)])
    if bool(torch.isnan(values).any() | (values == math.inf).any()):
        raise InputError(
            f"{model.name}: log p is NaN or +inf at {int((~torch.isfinite(values)).sum())} points of the data."
        )
    dead = int(torch.isinf(values).sum())
    kept = {"log_prob": values}
    if dead:
        text = f"log p = -inf at {dead} of {len(values)} points: KL(data||model) is infinite"
        return Finding(LIKELIHOOD, Status.REFUTED, text, {"impossible": dead}), kept
    mean, error = float(values.mean()), float(values.std()) / math.sqrt(len(values))
    text = f"mean log p {mean:.4f} nats, {mean - NORMAL * error:.4f} to {mean + NORMAL * error:.4f} (an estimate: log p is unbounded); -{mean:.4f} is KL(data||model) plus the data's entropy, which nobody knows"
    return Finding(
        LIKELIHOOD, Status.INAPPLICABLE, text.replace("--", ""), {"mean": mean, "standard_error": error}
    ), kept


def moments(model: FitModel, points: Tensor) -> Made:
    """Means and variances of coordinates and the mean variance, in standard errors."""
    if model.samples is None:
        return no_samples(MOMENTS)
    x, y = points, model.samples
    spread = (x.std(0) + y.std(0)).clamp_min(torch.finfo(x.dtype).tiny) / 2

    def errors(sample: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        centred = (sample - sample.mean(0)) / spread
        squares = centred.square()
        n = len(sample)
        return sample.mean(0) / spread, centred.std(0) / math.sqrt(n), squares.mean(0), squares.std(0) / math.sqrt(n)

    (m, dm, v, dv), (a, da, b, db) = errors(x), errors(y)
    z_mean, z_var = (
        (m - a).abs() / (dm.square() + da.square()).sqrt().clamp_min(1e-300),
        (v - b).abs() / (dv.square() + db.square()).sqrt().clamp_min(1e-300),
    )
    critical = math.sqrt(2 * math.log(4 * x.shape[1] / LEVEL))
    worst_mean, worst_var = int(z_mean.argmax()), int(z_var.argmax())
    off = float(z_mean.max()) > critical or float(z_var.max()) > critical
    ratio = float(y.var(0).mean() / x.var(0).mean().clamp_min(1e-300))
    text = (
        f"mean of coordinate {worst_mean} off by {float((a - m)[worst_mean]):+.3g} standard deviations ({float(z_mean.max()):.1f} standard errors), variance of coordinate "
        f"{worst_var} {float(b[worst_var] / v[worst_var].clamp_min(1e-300)):.3g} times the data's ({float(z_var.max()):.1f}); mean variance {ratio:.4g} times; {critical:.1f} are allowed (an estimate)"
    )
    kept = {"moments": {"mean_gap": float(z_mean.max()), "variance_ratio": ratio}}
    return Finding(
        MOMENTS,
        Status.REFUTED if off else Status.HOLDS,
        text,
        {"variance_ratio": ratio, "standard_errors": [float(z_mean.max()), float(z_var.max())]},
    ), kept


def _halves(points: Tensor, stream: Stream) -> tuple[Tensor, Tensor]:
    order = stream.permutation(len(points)).to(points.device)
    return points[order[: len(points) // 2]], points[order[len(points) // 2 :]]


def modes(model: FitModel, points: Tensor, count: int, stream: Stream) -> Made:
    """Cells of one half of the data: the mass of the other half against that of the
    model's draws, Clopper and Pearson."""
    if model.samples is None:
        return no_samples(MODES)
    first, held = _halves(points, stream)
    cells = coverage.cells_of(first, count, stream.fork("cells"))
    level = LEVEL / (2 * len(cells.centres))
    of_data, of_model = (
        [coverage.share(int(c), len(sample), level) for c in cells.counts(sample)] for sample in (held, model.samples)
    )
    table = [
        {"data": d.value, "model": m.value, "model_low": m.low, "model_high": m.high}
        for d, m in zip(of_data, of_model, strict=True)
    ]
    missed = [k for k, (d, m) in enumerate(zip(of_data, of_model, strict=True)) if m.high < d.low / 2]
    swollen = [k for k, (d, m) in enumerate(zip(of_data, of_model, strict=True)) if m.low > 2 * d.high]
    kept = {"cells": table, "missed": len(missed)}
    if missed or swollen:
        parts = [
            f"cell {k} holds {of_data[k].value:.1%} of the data and {of_model[k].value:.1%} of the model (at most {of_model[k].high:.1%})"
            for k in missed[:3]
        ]
        parts += [
            f"cell {k} holds {of_data[k].value:.1%} of the data and {of_model[k].value:.1%} of the model (at least {of_model[k].low:.1%})"
            for k in swollen[:3]
        ]
        text = f"{len(missed)} of {len(table)} cells get less than half of their mass, {len(swollen)} more than twice: {'; '.join(parts)}"
        return Finding(MODES, Status.REFUTED, text, {"cells": table, "missed": missed, "swollen": swollen}), kept
    worst = min(m.value / max(d.value, 1e-9) for d, m in zip(of_data, of_model, strict=True))
    text = f"no cell of {len(table)} surely gets less than half or more than twice its mass (the least gets {worst:.2f} of it; level {LEVEL:g})"
    return Finding(MODES, Status.HOLDS, text, {"cells": table}), kept


def far(model: FitModel, points: Tensor, stream: Stream) -> Made:
    """Share of the model's draws further from one half of the data than 99 % of the
    other half."""
    if model.samples is None:
        return no_samples(FAR)
    first, held = _halves(points[:8000], stream)
    away, limit = coverage.far_from(first, held, model.samples[:8000])
    # the model's share against that of data at a third, fresh place is not needed: the quantile of the held-out half bounds it by Dvoretzky, Kiefer, Wolfowitz and Massart
    expected = 0.01 + math.sqrt(math.log(2 / LEVEL) / (2 * len(held)))
    got = coverage.share(int(away.sum()), len(away), LEVEL)
    text = f"{got.value:.1%} of the model's draws ({got.low:.1%} to {got.high:.1%}) lie further from the data than {limit:.3g}, where 1 % of held-out data do (at most {expected:.1%} of fresh data)"
    status = Status.REFUTED if got.low > expected else Status.HOLDS
    return Finding(FAR, status, text, {"share": got.value, "low": got.low, "high": got.high, "distance": limit}), {
        "far": got.value
    }


def classifier_finding(model: FitModel, points: Tensor, stream: Stream) -> Made:
    """Bounds below JSD and total variation that hold whatever the classifier
    learned."""
    if model.samples is None:
        return no_samples(CLASSIFIER)
    bounds = classifier_bounds(points, model.samples, stream, level=LEVEL)
    text = (
        f"JSD is at least {bounds.jsd_low:.4f} nats of log 2 = 0.6931 (estimate {bounds.jsd:.4f}), total variation at least {bounds.tv_low:.3f}; nothing bounds them from above "
        f"({bounds.held_out[0]} and {bounds.held_out[1]} held-out points, level {LEVEL:g})"
    )
    status = Status.REFUTED if bounds.jsd_low > 0 or bounds.tv_low > 0 else Status.HOLDS
    return Finding(CLASSIFIER, status, text, {"jsd_low": bounds.jsd_low, "tv_low": bounds.tv_low}), {
        "jsd": bounds.jsd,
        "jsd_low": bounds.jsd_low,
        "jsd_error": bounds.error,
    }


def discrepancy(  # noqa: PLR0917
    model: FitModel, points: Tensor, kernel: Kernel, permutations: int, stream: Stream, whole: Tensor | None = None, over: Over = map,
    *, bounded: bool = True,
) -> Made:  # fmt: skip
    """Unbiased MMD^2 with Hoeffding's interval where the kernel is ``bounded``, and a
    permutation p-value; MMD^2 of all data ``whole`` (N, D) and all of the model's
    samples where they are given."""
    if model.samples is None:
        return no_samples(MMD)
    x, y = points[: 4 * PERMUTED], model.samples[: 4 * PERMUTED]
    full = unbiased_mmd2(*((x, y) if whole is None or model.whole is None else (whole, model.whole)), kernel, over=over)
    radius = WIDTH * math.sqrt(math.log(2 / LEVEL) / (2 * hoeffding_blocks(*full.sizes))) if bounded else None
    within = "" if radius is None else f" (within {radius:.2g} of it, Hoeffding, values of the kernel in [0, 1])"
    halves = x[:PERMUTED], y[:PERMUTED]
    test = permutation_test(*halves, kernel, stream, permutations=permutations, exceedances=EXCEEDANCES)
    least = 1 / (permutations + 1)
    spread = float(test.permuted.std())
    text = (
        f"MMD² of {full.sizes[0]:,} and {full.sizes[1]:,} points = {full.squared:.3g}{within}; p = {test.p_value:.2g} by {len(test.permuted)} permutations of "
        f"{min(len(x), PERMUTED)} and {min(len(y), PERMUTED)} points, under which it spreads by {spread:.2g}"
    )
    status = Status.REFUTED if test.p_value <= least <= 1e-3 else Status.HOLDS
    kept = {"mmd2": full.squared, "p_value": test.p_value}
    if points.shape[1] <= 2:
        kept["witness"] = _witness_grid(x, y, kernel)
    return Finding(MMD, status, text, {"mmd2": full.squared, "p_value": test.p_value, "radius": radius}), kept


def _witness_grid(x: Tensor, y: Tensor, kernel: Kernel) -> dict[str, Any]:
    """The witness function over a box around both samples, for the picture."""
    both = torch.cat([x, y])
    low, high = torch.quantile(both, 0.005, dim=0), torch.quantile(both, 0.995, dim=0)
    room = 0.1 * (high - low)
    axes = [
        torch.linspace(float(a), float(b), 31 if len(low) == 2 else 121, dtype=x.dtype)
        for a, b in zip(low - room, high + room, strict=True)
    ]
    grid = torch.cartesian_prod(*axes).reshape(-1, len(axes)).to(x.device)
    values = witness(x[:PERMUTED], y[:PERMUTED], kernel, grid)
    return {
        "axes": [[round(v, 5) for v in axis.tolist()] for axis in axes],
        "values": [float(f"{v:.4g}") for v in values.tolist()],
    }
