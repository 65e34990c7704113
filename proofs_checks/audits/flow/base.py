"""The base of a flow: what its log density is the log density of, and whether that
integrates to one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.distributions.base_density import Gaussian, Mixture, Product, gaussian, mixture, product
from numerics.distributions.mass import LARGEST_DIM, Mass, weigh
from proofs_checks.audits.flow.outcome import BASE, Check, worst
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.errors import InputError
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.kernel import measured, undecided

LARGE = 20.0  # log of a mass that no lattice means


def base_mass(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """The integral of the base: in closed form where its log density is that of a
    Gaussian, a product or a mixture of Gaussians."""
    if view.base is None:
        return [Check(BASE, unchecked="the object shows no base distribution")]
    points = _base_points(view, sites)
    if points is None or len(points) < 8:
        return [Check(BASE, unchecked="the base distribution has no draws, and no images lie in it")]
    log_q = log_base(view)
    distribution: Gaussian | Product | Mixture | None = None
    try:
        distribution = gaussian(log_q, points[:128]) or product(log_q, points[:128])
        if distribution is None and view.base.components is not None:
            distribution = mixture(log_q, view.base.components, points[:128])
    except (RuntimeError, ValueError, InputError):
        distribution = None
    said: dict[str, Any] = {"distribution": distribution, "name": view.base.name}
    if distribution is not None:
        said |= {"kind": type(distribution).__name__.lower(), **worst(distribution.unit_mass())}
        return [Check(BASE, [measured(distribution.unit_mass(), resolves=0.05)], said=said)]
    if view.dim <= LARGEST_DIM:
        found = weigh(log_q, points)
        said |= {"kind": "lattice", "mass": math.exp(min(found.log_mass, 700.0))}
        return [Check(BASE, of_lattice(found, view, said), said=said)]
    return [
        Check(
            BASE,
            said=said,
            unchecked=f"log q is no Gaussian's, no product's and no mixture's, and no lattice weighs a density above D = {LARGEST_DIM}",
        )
    ]


def _base_points(view: FlowView, sites: Sites) -> Tensor | None:
    if sites.latents is not None:
        return sites.latents
    if not view.encodes:
        return None
    with torch.no_grad():
        images = view.to_base(view.points, view.context(len(view.points))).points
    return images[torch.isfinite(images).all(1)]


def log_base(view: FlowView) -> Callable[[Tensor], Tensor]:
    """log q of flat points, under the first row of context."""
    assert view.base is not None
    log_prob = view.base.log_prob
    return lambda z: log_prob(z, view.one_context(len(z)))


def of_lattice(found: Mass, view: FlowView, said: dict[str, Any]) -> list[Any] | None:
    """A lattice misses mass and invents none: more than one refutes, less leaves the
    question open."""
    if found.undefined or found.log_mass == -math.inf:
        said["undefined"] = found.undefined
        return None
    mass = math.exp(min(found.log_mass, 700.0))
    said["mass"] = mass
    measurement = found.unit_mass(view.dim, view.precision)
    said |= {"mass_error": float(sum(torch.as_tensor(term).max() for term in measurement.bound.terms.values()))}
    if found.outside > 0.1 or found.log_mass > LARGE:
        return [undecided(f"the integral of p is {mass:.3g} on the lattice and goes on growing with the range")]
    if mass < 1 - 10 * said["mass_error"]:
        return [
            undecided(f"the integral of p is {mass:.4g} on the lattice: less than 1, or with mass where no node lies")
        ]
    return [measured(measurement, resolves=0.02, name="the integral on a lattice")]
