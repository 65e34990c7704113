"""Findings about a density on hyperbolic space: total mass, draws, and the factors that
a wrapped normal divides by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.mass import LARGEST_DIM, weigh
from numerics.hyperbolic import charts, normal_coordinates
from numerics.hyperbolic.wrapped_fit import WrappedFit, centre_of, fit_wrapped_normal
from numerics.hyperbolic.wrapped_measurements import polar_cells, shares
from numerics.hyperbolic.wrapped_normal import gaussian_log_density
from numerics.streams import Stream
from proofs_checks.audits.budget import Budget
from proofs_checks.findings import Finding
from proofs_checks.inputs.density_checks import samples_follow
from proofs_checks.inputs.density_mass import unit_mass
from proofs_checks.inputs.hyperbolic_densities import HyperbolicDensity, reach_of
from proofs_checks.kernel import DOUBT, Status, Test, judge, tested

MASS, DRAWS, FACTORS, CONSTANT, CENTRE = (
    "total mass",
    "samples follow log p",
    "factors of sinh(rho/R)/(rho/R)",
    "constant",
    "points",
)
NARROWER = 0.7  # width of the normal against which draws are weighed, relative to theirs
WEIGHED, DRAWN = 20_000, 2048
FITTED = 512
LEVEL = 1e-6  # of the comparison of draws with p
ROUGH = 2e-3  # sum over cells of what two rules differ by, above which fibres are taken
TRUSTED = 1e-5  # misfit in nats, relative to 1 + |log p|, up to which log p is a wrapped normal's

__all__ = ["CONSTANT", "DRAWS", "FACTORS", "MASS", "as_wrapped_normal", "explanations", "follow", "location", "mass"]


def location(density: HyperbolicDensity) -> Finding:
    """Where the points lie: radii in curvature radii, and what the chart's coordinates
    carry there."""
    r = density.tangent.points.norm(dim=-1) / density.radius
    carried = {"normal": math.inf, "hyperboloid": 300.0, "ball": 18.0, "klein": 9.0, "half-space": 300.0}[density.chart]
    far = float(r.max())
    text = f"{len(r)} points of hyperbolic {density.dimension}-space in the chart {density.chart!r}, R = {density.radius:.6g}, at radii {float(r.min()):.3g} to {far:.3g} R"
    if far > carried:
        bits = int({"ball": 2, "klein": 2}.get(density.chart, 1) * far / math.log(2)) + 26
        return Finding(CENTRE, Status.UNDECIDED, f"{text}: at the farthest the chart's coordinates would need {bits} bits. Use normal coordinates (model='normal')")  # fmt: skip
    return Finding(CENTRE, Status.HOLDS, text)


# -- mass ---------------------------------------------------------------------------------------------------------------------


def mass(density: HyperbolicDensity, budget: Budget, seed: int) -> Finding:
    """The integral of p over hyperbolic space: by a lattice in normal coordinates up to
    dimension 3, by weighing the object's draws beyond."""
    if density.dimension <= LARGEST_DIM:
        found = unit_mass(density.tangent, seconds=budget.remaining / 2)
        found = replace(found, text=found.text.replace(". Orders, areas and the bijections stay as they are", ""))
        witness = found.witness or {}
        if "mass" in witness and witness.get("estimated_error") is not None:
            low, high = witness["mass"] - witness["estimated_error"], witness["mass"] + witness["estimated_error"]
            return Finding(MASS, found.status, f"{found.text}; enclosure (an estimate): [{low:.8g}, {high:.8g}]", {**witness, "enclosure": [low, high]})  # fmt: skip
        return Finding(MASS, found.status, found.text, found.witness)
    if density.sampler is None:
        return Finding(MASS, Status.INAPPLICABLE, f"unchecked: in dimension {density.dimension} the mass is weighed by draws, and there is no sampler")  # fmt: skip
    return _weighed_by_draws(density, seed)


def _weighed_by_draws(density: HyperbolicDensity, seed: int) -> Finding:
    """The mean of q/p over draws, q a narrower normal: 1/mass if the draws follow p.
    Its standard error is an estimate."""
    assert density.sampler is not None
    draws = density.sampler(WEIGHED, seed + 1)
    ratio = torch.exp(_narrower(density.tangent.points)(draws) - density.tangent.log_prob(draws))
    mean, error = float(ratio.mean()), float(ratio.std() / len(ratio) ** 0.5)
    bad = not (math.isfinite(mean) and mean > 0)
    total, width = (math.nan, math.inf) if bad else (1 / mean, 5 * error / mean**2)
    text = f"draws weighed against a narrower normal give the mass {total:.5g} +- {width:.1g} (five standard errors, an estimate)"
    witness = {"mass": total, "enclosure": [total - width, total + width], "estimated_error": width}
    if bad or width > 0.2:
        return Finding(MASS, Status.UNDECIDED, f"{text}: too coarse to say that it is 1", None if bad else witness)
    if abs(total - 1) > DOUBT * width:
        return Finding(MASS, Status.REFUTED, text, witness)
    return Finding(MASS, Status.HOLDS if abs(total - 1) <= width else Status.UNDECIDED, text, witness)


def _narrower(points: Tensor) -> Callable[[Tensor], Tensor]:
    """log density of a normal of the points' mean and a fraction of their spread."""
    n = points.shape[1]
    mean = points.mean(0)
    gap = points - mean
    covariance = gap.mT @ gap / len(points) + 1e-12 * torch.eye(n).to(points)
    scale = NARROWER * torch.linalg.cholesky(covariance)
    return lambda x: gaussian_log_density(x - mean, scale)


# -- draws --------------------------------------------------------------------------------------------------------------------


def follow(density: HyperbolicDensity, weighed: Finding, seed: int) -> Finding:
    """Whether the object's draws are distributed as log p says: in rings and sectors of
    the plane, along fibres of normal coordinates in other dimensions."""
    if density.sampler is None:
        return Finding(DRAWS, Status.INAPPLICABLE, "unchecked: there is no sampler; give sampler=, a function from a number to draws")  # fmt: skip
    if density.dimension == 2:
        found = _in_cells(density, float((weighed.witness or {}).get("mass") or 1.0), seed)
        if found is not None:
            return found
    found = samples_follow(density.tangent, density.sampler, seed + 2, draws=DRAWN)
    return Finding(DRAWS, found.status, found.text, found.witness)


def _in_cells(density: HyperbolicDensity, total: float, seed: int) -> Finding | None:
    """Shares of draws in rings and sectors about their mean against integrals of p over
    its mass; None where p is too rough to be integrated so."""
    assert density.sampler is not None
    R = density.radius
    centre = centre_of(density.tangent.points[:FITTED], R)
    far = 1.05 * float(normal_coordinates.distance(centre, density.tangent.points, R).quantile(0.97))
    cells = polar_cells(lambda x: density.log_prob(x).to(x) - math.log(total), centre, far, R, (10, 8))
    if not cells.doubt < ROUGH:
        return None
    statistic, slack = shares(cells, density.sampler(WEIGHED, seed + 2))
    verdict = judge(tested(statistic, Test.dkw(WEIGHED), resolves=0.1, slack=slack), route="statistical", alpha=LEVEL)
    compared = f"(distance {statistic:.3f}, allowed {verdict.bound or math.nan:.3f}, level {LEVEL:g})"
    text = {
        Status.HOLDS: f"{WEIGHED} draws fall into 48 rings and sectors about their mean as p says {compared}",
        Status.REFUTED: f"{WEIGHED} draws do not fall into rings and sectors about their mean as p says {compared}: log p is not the density of what is drawn",
    }.get(verdict.status, verdict.why)
    return Finding(DRAWS, verdict.status, text, {"statistic": statistic, "radius": verdict.bound, "samples": WEIGHED})


# -- as a wrapped normal --------------------------------------------------------------------------------------------------------


def as_wrapped_normal(density: HyperbolicDensity, weighed: Finding, seed: int) -> list[Finding]:
    """If log p is a Gaussian's over some power of sinh(rho/R)/(rho/R): with which
    power, and with which constant."""
    centre = centre_of(density.tangent.points[:FITTED], density.radius)
    n, R = density.dimension, density.radius
    fit = _fitted(density, centre, None, seed)
    if fit is not None:
        return _read_off(fit, n, R, weighed)
    other = _fitted(density, centre, 1.0, seed) if R != 1 and n > 1 else None
    if other is not None and abs(other.factors - (n - 1)) < 1e-3 * n and weighed.status is not Status.HOLDS:
        text = f"log p divides by n - 1 factors of sinh(rho)/rho: those of curvature -1, not of {-1 / R**2:.6g}"
        return [Finding(FACTORS, Status.REFUTED, text, {"radius_that_fits": 1.0, "factors": other.factors})]
    return [Finding(FACTORS, Status.INAPPLICABLE, "log p is no wrapped normal's: mass and draws decide")]


def _fitted(density: HyperbolicDensity, centre: Tensor, inner: float | None, seed: int) -> WrappedFit | None:
    fit = fit_wrapped_normal(lambda x: density.log_prob(x).to(x), centre, density.radius, Stream(seed), inner)
    return fit if fit is not None and fit.residual <= TRUSTED else None


def _read_off(fit: WrappedFit, n: int, R: float, weighed: Finding) -> list[Finding]:
    """Power and constant. The mass is e^constant times the Gaussian's mean of
    (sinh(rho/R)/(rho/R))^(n - 1 - power): 1 only if both are right, or both wrong."""
    witness = {"factors": fit.factors, "constant": fit.constant, "mean": fit.mean.tolist(), "misfit": fit.residual}
    off, allowed = fit.factors - (n - 1), DOUBT * fit.doubt + 1e-6
    text = f"log p divides the Gaussian by {round(fit.factors, 6) + 0.0:.6g} factors of sinh(rho/R)/(rho/R); a wrapped normal in dimension {n} by n - 1 = {n - 1}"
    normalised = abs(fit.constant) < 1e-4 + 100 * fit.doubt
    right = abs(off) <= allowed
    if right:
        factors = Finding(FACTORS, Status.HOLDS, text)
    elif weighed.status is Status.HOLDS and not normalised:
        text += ". Its mass is 1, so it is another distribution (the Riemannian normal has none)"
        return [Finding(FACTORS, Status.INAPPLICABLE, text, witness)]
    elif fit.doubt > 0.05 or (
        not normalised and (off > 0) == (fit.constant > 0) and weighed.status is not Status.REFUTED
    ):
        factors = Finding(FACTORS, Status.UNDECIDED, text, witness)
    else:
        factors = Finding(FACTORS, Status.REFUTED, text + _power(fit.factors, n), witness)
    return [factors, _constant(fit, n, R, witness, normalised=normalised, right=right)]


def _power(factors: float, n: int) -> str:
    """What is usually wrong where the power is this."""
    usual = {n: "one factor for each dimension, where the radius has none", 0: "the density of the tangent space", 1 - n: "the volume is multiplied in, not divided out"}  # fmt: skip
    near = usual.get(round(factors)) if abs(factors - round(factors)) < 0.01 else None
    return f": {near}" if near else ""


def _constant(fit: WrappedFit, n: int, R: float, witness: dict[str, Any], *, normalised: bool, right: bool) -> Finding:
    if normalised:
        return Finding(CONSTANT, Status.HOLDS, f"the Gaussian in the tangent space is normalised to {abs(fit.constant):.1g} nats")  # fmt: skip
    size = "large" if fit.constant > 0 else "small"
    text = f"the Gaussian's log density in the tangent space is {abs(fit.constant):.6g} nats too {size}{_multiple(fit.constant, n, R)}"
    return Finding(CONSTANT, Status.REFUTED if right else Status.UNDECIDED, text, witness)


def _multiple(constant: float, n: int, R: float) -> str:
    """What the constant is, if it is a multiple of log R or of log 2 that a volume
    element brings."""
    names = {"(n - 1) log R": (n - 1) * math.log(R), "n log R": n * math.log(R), "n log 2": n * math.log(2.0), "n/2 log 2 pi": n / 2 * math.log(2 * math.pi)}  # fmt: skip
    for name, value in names.items():
        if value and abs(abs(constant) - abs(value)) < 1e-3 * abs(value):
            return f": {'plus' if (constant > 0) == (value > 0) else 'minus'} {name}"
    return ""


# -- what would explain a mass other than 1 ---------------------------------------------------------------------------------------


def explanations(density: HyperbolicDensity) -> list[str]:
    """Which usual slip gives p the mass 1 when it is put right; a lattice for each, in
    up to two dimensions."""
    n, R, chart = density.dimension, density.radius, density.chart
    if n > 2:
        return []
    centre = centre_of(density.tangent.points[:FITTED], R)

    def rho(x: Tensor) -> Tensor:
        return normal_coordinates.distance(centre, x, R) / R

    def element(x: Tensor) -> Tensor:
        return charts.log_volume_element(charts.from_normal(x, chart, R), chart, R)

    def within(x: Tensor) -> Tensor:
        """Points beyond the chart's reach, where p is taken as 0, are moved to it: what
        is added there does not matter."""
        size = x.norm(dim=-1, keepdim=True)
        return x * (0.99 * reach_of(chart, R) / size.clamp_min(1e-300)).clamp_max(1.0)

    tries: dict[str, Callable[[Tensor], Tensor]] = {
        "it is a density per unit of the chart's coordinates, not of hyperbolic volume": lambda x: -element(x),
        "the correction is missing: it is the density of the tangent vectors at the mean": lambda x: -(n - 1) * normal_coordinates.log_sinhc(rho(x)),
        "there is one factor of sinh(rho/R)/(rho/R) too many": lambda x: normal_coordinates.log_sinhc(rho(x)),
        "it contains a further (n - 1) log R": lambda x: 0 * rho(x) + (n - 1) * math.log(R),
        "it lacks n log R": lambda x: 0 * rho(x) - n * math.log(R),
    }  # fmt: skip
    found = []
    for words, change in tries.items():
        if "log R" in words and R == 1:
            continue
        weighed = weigh(
            lambda x, c=change: density.tangent.log_prob(x) + c(within(x)), density.tangent.points, most=128
        )
        if math.isfinite(weighed.log_mass) and abs(weighed.log_mass) < 2e-3:
            found.append(words)
    return found
