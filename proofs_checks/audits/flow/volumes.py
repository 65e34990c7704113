"""Log-determinants against autograd's Jacobian, layer by layer and as a whole, and log
p against base plus log-determinant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Measurement
from numerics.transports import flow_checks as measure
from numerics.transports.flow_checks import Linearised
from proofs_checks import kernel
from proofs_checks.audits.flow.outcome import (
    CONDITIONED,
    IDENTITY,
    LAYERS,
    RESOLVES,
    WHOLE,
    Check,
    find_check,
    no_density,
    slope_of,
    units,
    worst,
)
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.inputs.flow_parts import Context
from proofs_checks.inputs.flow_view import FlowView, Layer
from proofs_checks.inputs.flows import ERRORS
from proofs_checks.kernel import measured


@dataclass
class Traced:
    """A layer at the points that reach it: in which direction, with what it says of its
    volume."""

    layer: Layer
    inputs: Tensor
    context: Context
    claimed: Tensor | None
    found: Linearised
    towards: str


def log_determinants(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """Each layer's log-determinant, and their sum, against autograd's Jacobian of the
    layer and of the whole."""
    if not view.layers:
        return [Check(LAYERS, unchecked="the object shows no transform")]
    if sites.points < 1:
        why = f"D = {view.dim}: Jacobians at four points would take about {sites.ahead.of(24 * view.dim):.0f} s; give seconds= more"
        return [Check(LAYERS, unchecked=why), Check(WHOLE, unchecked=why)]
    x, c = sites.all
    kept = _spread_over(sites)
    x, c = x[kept], None if c is None else c[kept]
    if not view.encodes:
        if sites.latents is None:
            return [Check(LAYERS, unchecked="no draws of the base"), Check(WHOLE, unchecked="no draws of the base")]
        x, c = sites.latents[: sites.points], view.one_context(sites.points)
    try:
        traced = trace(view, x, c)
        whole = measure.linearise(whole_map(view), x, c)
    except (ValueError, *ERRORS) as error:
        why = f"unchecked: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        return [Check(LAYERS, unchecked=why), Check(WHOLE, unchecked=why)]
    told = [_layer_said(view, one) for one in traced]
    judged = [one for one, own in zip(traced, told, strict=True) if own["points"] and own.get("differences", True)]
    layers = Check(LAYERS, [_of_layer(view, one) for one in judged], said={"traced": traced, "layers": told})
    if not layers.evidence:
        layers.evidence, layers.unchecked = None, _why_not(traced, told)
    return [layers, _of_whole(view, traced, whole, x, c)]


def _why_not(traced: list[Traced], told: list[dict[str, Any]]) -> str:
    if all(one.claimed is None for one in traced):
        return "no layer says its log-determinant"
    if any(not own.get("differences", True) for own in told):
        return "autograd's Jacobian is not what differences of the map give: part of the graph is detached, or has a backward of its own"
    return "the Jacobians are singular or no numbers"


def whole_map(view: FlowView) -> measure.Transform:
    """The whole transform, towards the base where it goes there and towards the data
    otherwise."""
    run = view.to_base if view.encodes else view.to_data
    return lambda x, c: run(x, c).points


def _spread_over(sites: Sites) -> Tensor:
    """Two thirds of the points near, one third far."""
    far = min(len(sites.far), sites.points // 3)
    return torch.cat([torch.arange(near_of(sites)), len(sites.near) + torch.arange(far)])


def near_of(sites: Sites) -> int:
    """How many of the points at which Jacobians are taken lie near the data; they come
    first."""
    return min(len(sites.near), sites.points - min(len(sites.far), sites.points // 3))


def trace(view: FlowView, x: Tensor, c: Context) -> list[Traced]:
    """Follow points through the layers, with each layer's Jacobian on the way."""
    chain = view.layers if view.encodes else tuple(reversed(view.layers))
    found = []
    for layer in chain:
        run = layer.to_base if view.encodes else layer.to_data
        assert run is not None
        with torch.no_grad():
            image = run(x, c)
        at = measure.linearise(lambda points, given, run=run: run(points, given).points, x, c)
        found.append(Traced(layer, x, c, image.log_det, at, "to the base" if view.encodes else "to the data"))
        x = image.points
    return found


def sound(view: FlowView, found: Linearised, depth: int = 1) -> Tensor:
    """Where a Jacobian is a number and far enough from singular that rounding leaves
    its determinant standing."""
    return found.finite & (units(view, depth) * found.condition < CONDITIONED)


def _of_layer(view: FlowView, one: Traced) -> Any:
    kept = sound(view, one.found)
    assert one.claimed is not None
    found = measure.log_determinant(one.claimed[kept], one.found.at(kept), units=units(view, 1), solver=view.solver)
    return measured(found, resolves=RESOLVES, name=one.layer.name)


def _layer_said(view: FlowView, one: Traced) -> dict[str, Any]:
    kept = sound(view, one.found)
    said: dict[str, Any] = {"name": one.layer.name, "towards": one.towards, "left_out": int((~kept).sum())}
    if one.claimed is None or not bool(kept.any()):
        return {**said, "points": 0}
    found = measure.log_determinant(one.claimed[kept], one.found.at(kept), units=units(view, 1), solver=view.solver)
    said |= worst(found)
    said["pattern"] = pattern(one.claimed[kept], one.found.log_det[kept])
    if said["ratio"] > 1:
        said["differences"] = _confirmed(view, one, kept)
    return said


def pattern(claimed: Tensor, found: Tensor) -> str:
    """How a wrong log-determinant relates to the right one: a constant, the sign, a
    factor, or a function of the point."""
    gap = claimed - found
    size = float(gap.abs().max())
    close = 1e-6 * size + 1e-9
    if float(gap.max() - gap.min()) <= close and size > 0:
        return f"off by the constant {float(gap.median()):.6g}"
    if float((claimed + found).abs().max()) <= close:
        return "its sign is wrong"
    if float(found.abs().min()) > 0:
        factor = claimed / found
        middle = float(factor.median())
        if abs(middle - 1) > 1e-6 and float((factor - middle).abs().max()) <= 1e-6 * abs(middle):
            return "it is left out" if abs(middle) < 1e-9 else f"it is {middle:.6g} times what it should be"
    if float(claimed.abs().max()) == 0:
        return "it is left out"
    small = ", as an epsilon inside a logarithm would do" if size < 1e-5 else ""
    return f"off by {float(gap.min()):.3g} to {float(gap.max()):.3g}, which changes with the point{small}"


def _confirmed(view: FlowView, one: Traced, kept: Tensor) -> bool:
    """Whether differences of the layer confirm autograd's Jacobian, so that the
    log-determinant and not the gradient is wrong."""
    where = kept.nonzero()[:8, 0]
    x, c = one.inputs[where], None if one.context is None else one.context[where]
    generator = torch.Generator().manual_seed(0)
    directions = torch.nn.functional.normalize(
        torch.randn(x.shape, generator=generator, dtype=torch.float64), dim=1
    ).to(x)
    run = one.layer.to_base if one.towards == "to the base" else one.layer.to_data
    assert run is not None
    along = (one.found.jacobian[where] @ directions[..., None])[..., 0]
    found = measure.derivative_by_differences(
        lambda points, given: run(points, given).points, x, c, directions, along, solver=view.solver
    )
    return kernel.judge(measured(found, resolves=1.0), route="numeric").status is not kernel.Status.REFUTED


def _of_whole(view: FlowView, traced: list[Traced], whole: Linearised, x: Tensor, c: Context) -> Check:
    claims = [one.claimed for one in traced]
    condition = sum((one.found.condition for one in traced), start=torch.zeros_like(x[:, 0]))
    kept = sound(view, whole, len(traced)) & torch.isfinite(condition) & (units(view) * condition < CONDITIONED)
    said: dict[str, Any] = {
        "whole": whole,
        "points_x": x,
        "context": c,
        "condition": condition,
        "left_out": int((~kept).sum()),
    }
    if any(claim is None for claim in claims):
        return Check(WHOLE, said=said, unchecked="a layer does not say its log-determinant")
    if not bool(kept.any()):
        return Check(WHOLE, said=said, unchecked=f"the Jacobian is singular or no number at all {len(x)} points")
    total = torch.stack([claim for claim in claims if claim is not None]).sum(0)
    found = measure.log_determinant(
        total[kept], whole.at(kept), units=units(view), condition=condition[kept], solver=view.solver * len(traced)
    )
    said |= {**worst(found), "pattern": pattern(total[kept], whole.log_det[kept])}
    return Check(WHOLE, [measured(found, resolves=RESOLVES)], said=said)


def identity(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """The flow's own log p against log q of the images plus the layers'
    log-determinants, near the data and far from it."""
    if view.log_prob is None:
        why = (
            no_density(view)
            if not view.evaluates
            else "the object has no log p of its own: base plus log-determinant is taken for it"
        )
        return [Check(IDENTITY, unchecked=why)]
    if not view.layers:
        return []
    if view.base is None or not view.encodes:
        return [Check(IDENTITY, unchecked="the object shows no transform to a base distribution")]
    terms = _terms(view, sites, find_check(done, WHOLE))
    if terms is None:
        return [Check(IDENTITY, unchecked="no layer says its log-determinant, and no Jacobian was taken")]
    kept = torch.isfinite(torch.stack(terms[:3])).all(0)
    if not bool(kept.any()):
        return [Check(IDENTITY, unchecked="log p, log q or the log-determinant is no number at any of the points")]
    kept &= _resolved(measure.density_identity(*terms, units=units(view), solver=view.solver), sites)
    log_p, base, log_det, slope = (term[kept] for term in terms)
    found = measure.density_identity(log_p, base, log_det, slope, units=units(view), solver=view.solver)
    said = {
        **worst(found),
        "pattern": _gap_pattern(log_p - base - log_det, log_p, log_det),
        "left_out": int((~kept).sum()),
    }
    if view.lacks_log_det:
        said["by"] = "autograd's Jacobian, for the layers do not say it"
    if view.base.assumed and said["ratio"] > 1:
        why = f"the base distribution is not known, and a standard normal does not fit (off by {said['residual']:.3g} nats): give base="
        return [Check(IDENTITY, unchecked=why, said=said)]
    return [Check(IDENTITY, [measured(found, resolves=RESOLVES)], said=said)]


def _terms(view: FlowView, sites: Sites, whole: Check | None) -> tuple[Tensor, Tensor, Tensor, Tensor] | None:
    """log p, log q of the image, the log-determinant (autograd's, where the layers do
    not say it), and how rounding of the points moves them."""
    assert view.log_prob is not None
    assert view.base is not None
    if view.lacks_log_det:
        if whole is None or "whole" not in whole.said:
            return None
        x, c = whole.said["points_x"], whole.said["context"]
    else:  # a solver's steps are chosen for the points as they lie
        x, c = (sites.near, sites.context) if view.solver else sites.all
    with torch.no_grad():
        log_p, image = view.log_prob(x, c), view.to_base(x, c)
        base = view.base.log_prob(image.points, c)
    log_det = image.log_det if image.log_det is not None else whole.said["whole"].log_det  # type: ignore[union-attr]
    return log_p, base, log_det, slope_of(view, x, c) + _base_slope(view, x, c)


def _resolved(found: Measurement, sites: Sites) -> Tensor:
    """Where rounding leaves a hundredth of a nat to be told; far out log p may be of
    the order of 1e9. All points, if that is nowhere."""
    bound = torch.stack([torch.as_tensor(term) for term in found.bound.terms.values()]).sum(0)
    told = bound <= RESOLVES
    return told if bool(told[: len(sites.near)].any()) else torch.ones_like(told)


def _base_slope(view: FlowView, x: Tensor, c: Context) -> Tensor:
    assert view.base is not None
    with torch.no_grad():
        z = view.to_base(x, c).points
    leaf = z.clone().requires_grad_()
    try:
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(view.base.log_prob(leaf, c).sum(), leaf)
    except ERRORS:
        return torch.zeros_like(x[:, 0])
    return (gradient.norm(dim=1) * z.norm(dim=1)).nan_to_num(nan=0.0, posinf=0.0)


def _gap_pattern(gap: Tensor, log_p: Tensor, log_det: Tensor) -> str:
    """What the difference between log p and base plus log-determinant looks like."""
    size = float(gap.abs().max())
    close = 1e-6 * size + 1e-9
    if size == 0:
        return ""
    if float((gap + 2 * log_det).abs().max()) <= close:
        return "the log-determinant is subtracted where it has to be added"
    if float((gap + log_det).abs().max()) <= close:
        return "the log-determinant is left out"
    if float(gap.max() - gap.min()) <= close:
        return f"by the constant {float(gap.median()):.6g} everywhere"
    low = log_p.min()
    if int((log_p <= low + 1e-6).sum()) > 1 and float(gap.min()) > -close:
        return f"log p never falls below {float(low):.6g}: a floor under the logarithm, whose integral is infinite"
    return f"by {float(gap.min()):.3g} to {float(gap.max()):.3g}, which changes with the point"
