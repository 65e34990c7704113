"""Findings about a density on hyperbolic space: total mass, draws, and the factors that a wrapped normal divides by."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.mass import LARGEST_DIM, weigh
from numerics.hyperbolic import charts, normal_coordinates
from numerics.hyperbolic.wrapped_fit import WrappedFit, centre_of, fit_wrapped_normal
from numerics.hyperbolic.wrapped_normal import gaussian_log_density
from numerics.streams import Stream
from proofs_checks.audits.budget import Budget
from proofs_checks.findings import Finding
from proofs_checks.inputs.density_checks import samples_follow, unit_mass
from proofs_checks.inputs.hyperbolic_densities import HyperbolicDensity
from proofs_checks.kernel import DOUBT, Status

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
TRUSTED = 1e-5  # misfit in nats, relative to 1 + |log p|, up to which log p is a wrapped normal's

__all__ = ["CONSTANT", "DRAWS", "FACTORS", "MASS", "as_wrapped_normal", "explanations", "follow", "location", "mass"]


def location(density: HyperbolicDensity) -> Finding:
    """Where the points lie: radii in curvature radii, and what the chart's coordinates carry there."""
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
    """The integral of p over hyperbolic space: by a lattice in normal coordinates up to dimension 3, by weighing the object's draws beyond."""
    if density.dimension <= LARGEST_DIM:
        found = unit_mass(density.tangent, seconds=budget.left / 2)
        witness = found.witness or {}
        if "mass" in witness and witness.get("estimated_error") is not None:
            low, high = witness["mass"] - witness["estimated_error"], witness["mass"] + witness["estimated_error"]
            return Finding(MASS, found.status, f"{found.text}; enclosure (an estimate): [{low:.8g}, {high:.8g}]", {**witness, "enclosure": [low, high]})  # fmt: skip
        return Finding(MASS, found.status, found.text, found.witness)
    if density.sampler is None:
        return Finding(MASS, Status.INAPPLICABLE, f"unchecked: in dimension {density.dimension} the mass is weighed by draws, and there is no sampler")  # fmt: skip
    return _weighed_by_draws(density, seed)


def _weighed_by_draws(density: HyperbolicDensity, seed: int) -> Finding:
    """The mean of q/p over draws, q a narrower normal: 1/mass if the draws follow p. Its standard error is an estimate."""
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


def follow(density: HyperbolicDensity, seed: int) -> Finding:
    """Whether the object's draws are distributed as log p says, along the axes of normal coordinates."""
    if density.sampler is None:
        return Finding(DRAWS, Status.INAPPLICABLE, "unchecked: there is no sampler; give sampler=, a function from a number to draws")  # fmt: skip
    found = samples_follow(density.tangent, density.sampler, seed + 2, draws=DRAWN)
    return Finding(DRAWS, found.status, found.text, found.witness)


# -- as a wrapped normal --------------------------------------------------------------------------------------------------------


def as_wrapped_normal(density: HyperbolicDensity, seed: int) -> list[Finding]:
    """If log p is a wrapped normal's up to its correction: with how many factors, and with which constant."""
    centre = centre_of(density.tangent.points[:FITTED], density.radius)
    fit = _fitted(density, centre, density.radius, seed)
    n, R = density.dimension, density.radius
    if fit is None:
        other = _fitted(density, centre, 1.0, seed) if R != 1 else None
        if other is not None and abs(other.factors - (n - 1)) < 1e-3 * n and n > 1:
            text = f"log p is that of a wrapped normal of curvature -1, not -1/R^2 = {-1 / R**2:.6g}"
            return [Finding(FACTORS, Status.REFUTED, text, {"curvature_that_fits": -1.0})]
        return [Finding(FACTORS, Status.INAPPLICABLE, "log p is no wrapped normal's: mass and draws decide")]
    witness = {"factors": fit.factors, "constant": fit.constant, "mean": fit.mean.tolist(), "misfit": fit.residual}
    return [_factors(fit, n, witness), _constant(fit, n, R, witness)]


def _fitted(density: HyperbolicDensity, centre: Tensor, radius: float, seed: int) -> WrappedFit | None:
    """The fit, in the geometry of the density; the correction of another radius only where ``radius`` says so."""
    R = density.radius

    def log_prob(x: Tensor) -> Tensor:
        return density.log_prob(x).to(x)

    if radius == R:
        fit = fit_wrapped_normal(log_prob, centre, R, Stream(seed))
    else:
        fit = fit_wrapped_normal(lambda x: log_prob(x) - _other(x, centre, R, radius), centre, R, Stream(seed))
    return fit if fit is not None and fit.residual <= TRUSTED else None


def _other(x: Tensor, centre: Tensor, R: float, radius: float) -> Tensor:
    """By how much the corrections of two radii differ, about the centre."""
    rho = normal_coordinates.distance(centre, x, R)
    n = x.shape[-1]
    return (n - 1) * (normal_coordinates.log_sinhc(rho / R) - normal_coordinates.log_sinhc(rho / radius))


def _factors(fit: WrappedFit, n: int, witness: dict[str, Any]) -> Finding:
    text = f"log p divides the Gaussian by {fit.factors:.6g} factors of sinh(rho/R)/(rho/R); a wrapped normal in dimension {n} by n - 1 = {n - 1}"
    off = abs(fit.factors - (n - 1))
    allowed = DOUBT * fit.doubt + 1e-6
    if off <= allowed:
        return Finding(FACTORS, Status.HOLDS, text)
    if fit.doubt > 0.05:
        return Finding(FACTORS, Status.UNDECIDED, f"{text}; rounding moves that number by {fit.doubt:.1g}")
    guess = {n: "one factor for each dimension, where the radius has none", 0: "the density of the tangent space", -(n - 1): "the volume is multiplied in, not divided out"}  # fmt: skip
    near = guess.get(round(fit.factors)) if abs(fit.factors - round(fit.factors)) < 0.01 else None
    return Finding(FACTORS, Status.REFUTED, f"{text}{f': {near}' if near else ''}", witness)


def _constant(fit: WrappedFit, n: int, R: float, witness: dict[str, Any]) -> Finding:
    text = f"the Gaussian in the tangent space is normalised to {fit.constant:.2g} nats"
    if abs(fit.constant) < 1e-4 + 100 * fit.doubt:
        return Finding(CONSTANT, Status.HOLDS, text)
    near = _multiple(fit.constant, n, R)
    return Finding(CONSTANT, Status.REFUTED, f"log p is {abs(fit.constant):.6g} nats too {'large' if fit.constant > 0 else 'small'}{near}", witness)  # fmt: skip


def _multiple(constant: float, n: int, R: float) -> str:
    """What the constant is, if it is a multiple of log R or of log 2 that a volume element brings."""
    names = {"(n - 1) log R": (n - 1) * math.log(R), "n log R": n * math.log(R), "n log 2": n * math.log(2.0), "n/2 log 2 pi": n / 2 * math.log(2 * math.pi)}  # fmt: skip
    for name, value in names.items():
        if value and abs(abs(constant) - abs(value)) < 1e-3 * abs(value):
            return (
                f": {'plus' if constant > 0 else 'minus'} {name}"
                if (constant > 0) == (value > 0)
                else f": {'minus' if value > 0 else 'plus'} {name}"
            )
    return ""


# -- what would explain a mass other than 1 ---------------------------------------------------------------------------------------


def explanations(density: HyperbolicDensity) -> list[str]:
    """Which usual slip gives p the mass 1 when it is put right; a lattice for each, in up to two dimensions."""
    n, R, chart = density.dimension, density.radius, density.chart
    if n > 2:
        return []
    centre = centre_of(density.tangent.points[:FITTED], R)

    def rho(x: Tensor) -> Tensor:
        return normal_coordinates.distance(centre, x, R) / R

    def element(x: Tensor) -> Tensor:
        return charts.log_volume_element(charts.from_normal(x, chart, R), chart, R)

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
        weighed = weigh(lambda x, c=change: density.tangent.log_prob(x) + c(x), density.tangent.points, most=128)
        if math.isfinite(weighed.log_mass) and abs(weighed.log_mass) < 2e-3:
            found.append(words)
    return found
