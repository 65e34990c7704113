"""Findings about PIT values: ties, support, the farthest sample, each coordinate
uniform, each pair uniform.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.statistics.copulas import SquareGrid, kolmogorov_radius, naaman_radius
from numerics.statistics.kolmogorov import ks_to_uniform_columns
from proofs_checks.findings import Finding
from proofs_checks.inputs.pit_values import lattice
from proofs_checks.inputs.samples import Uniforms
from proofs_checks.kernel import Status

CELLS, MOST_COLUMNS = 32, 64  # of the square an axis; columns of which all pairs are counted in cells
TELLING = 0.25  # a radius above this tells next to nothing
BINS = 10
DOUBT = 10.0  # an estimated error refutes only beyond so many times itself


def distinct(found: Uniforms) -> Finding:
    """Ties: a distribution with a density gives every value once."""
    values = found.points if found.points is not None else found.u
    worst, where, value, share = 0, 0, 0.0, 0.0
    for d, column in enumerate(values.T):
        levels, counts = torch.unique(column, return_counts=True)
        top = int(counts.max())
        tied = float(counts[counts > 1].sum()) / column.numel()
        if tied > share:
            worst, where, value, share = top, d, float(levels[counts.argmax()]), tied
    rounding = min(1.0, values.shape[0] * 2.0**-18)  # ties that float32 makes by itself, generously
    witness = {"coordinate": where + 1, "value": value, "times": worst, "share of tied values": share}
    if worst <= 1:
        return Finding("no ties", Status.HOLDS, f"all {values.shape[0]} values of every coordinate are distinct")
    text = f"{share:.3%} of the values of coordinate {where + 1} occur more than once; {value:.6g} occurs {worst} times"
    if worst >= 2 and found.points is None and share > 0.01 and (whole := lattice(values)):
        text += f": all values lie multiples of 1/{whole} apart, as ranks over a number of draws do, whose ties say nothing about the model"
        return Finding("no ties", Status.UNDECIDED, text, {**witness, "multiples of one over": whole})
    if worst >= 3 and share > 0.01 + rounding:
        return Finding("no ties", Status.REFUTED, f"{text}: the distribution has atoms, which no density has", witness)
    repeated = values.shape[0] - torch.unique(values, dim=0).shape[0]
    if values.shape[1] > 1 and repeated:
        return Finding(
            "no ties",
            Status.UNDECIDED,
            f"{text}; {repeated} whole rows are repeated, so that the samples are not independent draws",
            witness,
        )
    return Finding(
        "no ties", Status.HOLDS if share <= 0.01 + rounding and worst < 3 else Status.UNDECIDED, text, witness
    )


def inside(found: Uniforms) -> Finding:
    """Samples to which the model gives probability 0."""
    outside = torch.isneginf(found.tail.log_p)
    if found.impossible is not None:
        outside = outside | found.impossible[:, None]
    if not bool(outside.any()):
        return Finding("inside the support", Status.HOLDS, "no sample lies where the model has no mass")
    row, column = (int(k) for k in outside.nonzero()[0])
    witness = _place(found, row, column)
    count = f"{int(outside.any(1).sum())} of {len(outside)} samples"
    if found.transport is None:
        text = f"{count} have a value of exactly 0 or 1, first sample {row} in coordinate {column + 1}: beyond the support, or rounded"
        return Finding("inside the support", Status.UNDECIDED, text, witness)
    where = (
        "in a gap of the model's support"
        if bool(torch.isfinite(found.tail.log_p[row]).all())
        else "beyond the model's support"
    )
    text = f"{count} have density 0 under the model, first sample {row} ({where}): the model calls them impossible"
    return Finding("inside the support", Status.REFUTED, text, witness)


def farthest(found: Uniforms, alpha: float) -> Finding:
    """The smallest tail of all: below alpha / (2 N D) it is no chance."""
    log_p = torch.where(torch.isneginf(found.tail.log_p), 0.0, found.tail.log_p)
    place = int(log_p.argmin())
    row, column = divmod(place, log_p.shape[1])
    least = float(log_p.flatten()[place])
    limit = math.log(alpha / (2 * log_p.numel()))
    text = f"the farthest sample lies in a tail of e^{least:.4g}; chance allows e^{limit:.4g} among {log_p.numel()} values at level {alpha:.2g}"
    if least < limit - 1e-9 - DOUBT * (found.error if found.error < 1 else math.inf):
        return Finding("farthest sample", Status.REFUTED, text, _place(found, row, column))
    return Finding("farthest sample", Status.HOLDS, text)


def _place(found: Uniforms, row: int, column: int) -> dict[str, Any]:
    place: dict[str, Any] = {
        "sample": row,
        "coordinate": column + 1,
        "log tail": _number(found.tail.log_p[row, column]),
    }
    if found.points is not None:
        place["point"] = [float(v) for v in found.points[row][:16]]
    return place


def _number(value: Tensor) -> float | str:
    number = float(value)
    return number if math.isfinite(number) else str(number)


# -- uniform, and independent ---------------------------------------------------------------------------------------------


def _judged(statistic: float, radius: float, error: float) -> Status:
    if statistic > radius + DOUBT * error:
        return Status.REFUTED
    if statistic > radius or error > radius / 2 or radius > TELLING:
        return Status.UNDECIDED
    return Status.HOLDS


def _why_undecided(statistic: float, radius: float, error: float) -> str:
    if radius > TELLING:
        return f"; with so few samples only deviations above {radius:.2g} could be seen"
    return f"; the map's own error, an estimate, is {error:.2g}"


def coordinates(found: Uniforms, alpha: float) -> Finding:
    """Kolmogorov-Smirnov for every coordinate, Bonferroni over coordinates."""
    n, dim = found.u.shape
    deviations = ks_to_uniform_columns(found.u)
    radius = kolmogorov_radius(n, alpha / dim)
    worst = int(deviations.argmax())
    statistic = float(deviations[worst])
    status = _judged(statistic, radius, found.error)
    text = f"largest Kolmogorov distance {statistic:.4g} (coordinate {worst + 1} of {dim}), radius {radius:.4g} at level {alpha:.2g} together"
    if status is Status.UNDECIDED:
        text += _why_undecided(statistic, radius, found.error)
    if status is not Status.REFUTED:
        return Finding("coordinates uniform", status, text)
    witness = _worst_level(found.u[:, worst], worst)
    return Finding("coordinates uniform", status, f"{text}: {witness['reading']}", witness)


def _worst_level(u: Tensor, column: int) -> dict[str, Any]:
    """Where the empirical distribution is furthest from the uniform distribution,
    the fullest or emptiest tenth, and what the shape says.
    """
    ordered = torch.sort(u).values
    n = ordered.numel()
    ranks = torch.arange(1, n + 1, dtype=u.dtype, device=u.device)
    gap = torch.maximum((ranks / n - ordered).abs(), ((ranks - 1) / n - ordered).abs())
    k = int(gap.argmax())
    counts = torch.histc(u.float(), BINS, 0.0, 1.0)
    cell = int((counts - n / BINS).abs().argmax())
    mean, spread = float(u.mean()), float(u.var(unbiased=False)) * 12
    if abs(mean - 0.5) > 0.5 * abs(math.sqrt(spread) - 1) * 0.58:
        reading = f"samples lie {'above' if mean > 0.5 else 'below'} where the model expects them (mean of the values {mean:.3f}, not 0.5)"
    elif abs(spread - 1) < 0.05:
        reading = f"centre and width fit, the shape does not (tenth {cell + 1} of the values holds {int(counts[cell])} samples, not {n / BINS:g})"
    else:
        reading = f"the model is too {'narrow' if spread > 1 else 'wide'} (variance of the values {spread:.2f} times that of the uniform distribution)"
    return {
        "coordinate": column + 1,
        "level": float(ordered[k]),
        "share of samples below": k / n
        if (k / n - ordered[k]).abs() > ((k + 1) / n - ordered[k]).abs()
        else (k + 1) / n,
        "worst tenth": [cell / BINS, (cell + 1) / BINS],
        "samples there": int(counts[cell]),
        "expected there": n / BINS,
        "reading": reading,
    }


def pairs(found: Uniforms, alpha: float) -> Finding:
    """Every pair of coordinates, by cells of the square where that can be counted,
    by mean products beyond.
    """
    dim = found.u.shape[1]
    if dim == 1:
        return Finding("pairs uniform", Status.INAPPLICABLE, "there is one coordinate")
    return _by_cells(found, alpha) if dim <= MOST_COLUMNS else _by_products(found, alpha)


def _by_cells(found: Uniforms, alpha: float) -> Finding:
    """Naaman's two-dimensional inequality for every pair."""
    n, dim = found.u.shape
    grid = SquareGrid(CELLS, dim, found.u.device).add(found.u)
    worst, pairs = grid.worst(), dim * (dim - 1) // 2
    radius = naaman_radius(n, alpha / pairs)
    status = _judged(worst.deviation, radius, 2 * found.error)
    i, j = worst.columns
    text = f"largest deviation {worst.deviation:.4g} (coordinates {i + 1} and {j + 1} of {dim}), radius {radius:.4g} at level {alpha:.2g} together"
    if status is Status.UNDECIDED:
        text += _why_undecided(worst.deviation, radius, found.error)
    if status is not Status.REFUTED:
        return Finding("pairs uniform", status, text)
    u, v = worst.corner
    witness = {
        "coordinates": [i + 1, j + 1], "cell": [[0.0, u], [0.0, v]], "share of samples there": worst.observed, "expected there": worst.expected,
    }  # fmt: skip
    text += f": [0, {u:.3g}] x [0, {v:.3g}] holds {worst.observed:.4g} of the samples, not {worst.expected:.4g}"
    return Finding("pairs uniform", status, text, witness)


def _by_products(found: Uniforms, alpha: float) -> Finding:
    """Means of (2u - 1)(2v - 1), which lie in [-1, 1] and are 0 for independent
    uniforms: Hoeffding for every pair at once.
    """
    n, dim = found.u.shape
    centred = 2 * found.u - 1
    products = (centred.T @ centred / n).abs().fill_diagonal_(0.0)
    place = int(products.argmax())
    i, j = divmod(place, dim)
    statistic, pairs = float(products.flatten()[place]), dim * (dim - 1) // 2
    radius = 2 * math.sqrt(math.log(2 * pairs / alpha) / (2 * n))
    status = _judged(statistic, radius, 4 * found.error)
    text = f"largest mean product {statistic:.4g} (coordinates {i + 1} and {j + 1} of {dim}), radius {radius:.4g} at level {alpha:.2g} together"
    witness = {"coordinates": [i + 1, j + 1], "mean of (2u-1)(2v-1)": statistic} if status is Status.REFUTED else None
    if status is Status.UNDECIDED:
        text += _why_undecided(statistic, radius, found.error)
    return Finding("pairs uniform", status, text, witness)


def bijection(found: Uniforms) -> list[Finding]:
    """Where the map is uniform but no bijection."""
    if found.transport is None:
        return []
    gaps = [(d + 1, low, high) for d, own in enumerate(found.transport.gaps) for low, high in own]
    if not gaps:
        known = found.transport.connected
        text = (
            "no interval without mass was met inside the support"
            if known
            else "the conditional distributions declare a gap in their support"
        )
        return [] if known else [Finding("bijection", Status.INAPPLICABLE, text)]
    d, low, high = gaps[0]
    text = f"the model has no mass for x_{d} between {low:.6g} and {high:.6g}: uniformity does not need it, but the map is no bijection with a continuous inverse"
    return [Finding("bijection", Status.INAPPLICABLE, text, {"coordinate": d, "gap": [low, high]})]
