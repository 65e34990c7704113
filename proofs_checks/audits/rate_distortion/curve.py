"""A curve between bounds: rows of distortion, rate from below and from above."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from numerics.compression.curve_bounds import rate_above, rate_below
from proofs_checks.audits.rate_distortion.measurements import Annealed, Drawn

__all__ = ["Row", "band", "csv_of", "exact_rows", "gap_of"]

POINTS = 24


@dataclass(frozen=True)
class Row:
    """At a distortion: the rate in nats from below and from above (both certified,
    None where nothing is known), and the annealed chains' (in expectation above)."""

    distortion: float
    low: float
    high: float | None
    chains: float | None


def band(slopes: list[float], below: Drawn, above: Annealed, top: float) -> list[Row]:
    """Rows from the least distortion of the chains to that of the prior."""
    first = float(above.distortion.min())
    D = torch.linspace(first, max(top, first * (1 + 2.0**-20)), POINTS, dtype=torch.float64)
    low = rate_below(torch.tensor(slopes, dtype=torch.float64), below.lower, D)
    b = torch.tensor(above.plan.slopes, dtype=torch.float64)
    high = rate_above(b, above.upper, D)
    chains = _hull(above.distortion, above.estimate - b * above.distortion, D)
    return [
        Row(float(x), float(lo), float(hi) if math.isfinite(hi) else None, float(mid))
        for x, lo, hi, mid in zip(D, low, high, chains, strict=True)
    ]


def _hull(d: Tensor, rates: Tensor, D: Tensor) -> Tensor:
    """The lower convex hull of points, and 0 to their right, at ``D``."""
    points = sorted(zip(d.tolist(), rates.tolist(), strict=True))
    kept: list[tuple[float, float]] = []
    for p in points:
        while len(kept) >= 2 and (kept[-1][0] - kept[-2][0]) * (p[1] - kept[-2][1]) <= (p[0] - kept[-2][0]) * (
            kept[-1][1] - kept[-2][1]
        ):
            kept.pop()
        kept.append(p)
    x, y = (torch.tensor(part, dtype=torch.float64) for part in zip(*kept, strict=True))
    if len(x) == 1:
        return y.expand_as(D).clamp(min=0)
    right = torch.searchsorted(x, D).clamp(1, len(x) - 1)
    share = ((D - x[right - 1]) / (x[right] - x[right - 1]).clamp_min(1e-300)).clamp(0, 1)
    return (y[right - 1] + share * (y[right] - y[right - 1])).clamp(min=0)


def exact_rows(d: Tensor, masses: Tensor, slopes: list[float]) -> list[Row]:
    """Points of the curve of finitely many codes, ``d`` ``(n, M)``: exact but for
    rounding, which is far below what is printed."""
    rows = []
    for slope in slopes:
        logs = masses.log() - slope * d
        log_z = logs.logsumexp(1)
        D = float(((logs - log_z[:, None]).exp() * d).sum(1).mean())
        rate = max(0.0, float(-log_z.mean()) - slope * D)
        rows.append(Row(D, rate, rate, rate))
    return sorted(rows, key=lambda row: row.distortion)


def gap_of(rows: list[Row], distortion: float, rate: float) -> tuple[float | None, float | None]:
    """By how much a point lies above the curve, at least and at most, None where the
    band has no such side: the curve falls, so that it is at most its bound at a smaller
    distortion and at least that at a larger one."""
    right = [row for row in rows if row.distortion >= distortion]
    left = [row for row in rows if row.distortion <= distortion]
    high = min((row.high for row in left if row.high is not None), default=None)
    least = None if high is None else rate - high
    most = rate - right[0].low if right else rate
    return least, most


def csv_of(rows: list[Row]) -> str:
    """The rows as CSV, rates in nats."""
    lines = ["distortion,rate_low_nats,rate_high_nats,rate_chains_nats"]
    for row in rows:
        lines.append(",".join("" if value is None else f"{value:.9g}" for value in asdict(row).values()))
    return "\n".join(lines) + "\n"
