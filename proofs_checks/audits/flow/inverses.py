"""Whether the transform is one-to-one: the sign of its determinant, points with one
image, and its inverse there and back."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.transports import flow_checks as measure
from numerics.transports.flow_checks import Linearised
from numerics.transports.flow_images import find_fold, one_to_one
from proofs_checks.audits.flow.outcome import (
    AHEAD,
    BACK,
    ITERATES,
    ITERATION,
    LAYERS,
    RESOLVES,
    SIGN,
    VOLUMES,
    WHOLE,
    Check,
    find_check,
    finite_residual,
    units,
    worst,
)
from proofs_checks.audits.flow.probe_points import CLOUD, Sites
from proofs_checks.audits.flow.volumes import Traced, near_of, sound, trace, whole_map
from proofs_checks.inputs.copies import operations
from proofs_checks.inputs.flow_parts import Context
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS
from proofs_checks.kernel import measured

CLOUD_SHARE, BACK_SHARE = 0.05, 0.05  # of the time that is left, for signs far out and for the inverses of the layers
LONGEST = 0.3  # of what is left: inverses that take longer are left out, and told


def sign(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """One sign of det J at points near and far; where there are two, two points with
    one image are looked for."""
    whole = find_check(done, WHOLE)
    if not view.layers:
        return []
    if whole is None or "whole" not in whole.said:
        return [Check(SIGN, unchecked=whole.unchecked if whole is not None else "no Jacobian was taken")]
    x, c, found = whole.said["points_x"], whole.said["context"], whole.said["whole"]
    more_x, more_c = _cloud(view, sites)
    if len(more_x):
        try:
            found, x = _joined(found, measure.linearise(whole_map(view), more_x, more_c)), torch.cat([x, more_x])
            c = None if c is None or more_c is None else torch.cat([c, more_c])
        except (ValueError, *ERRORS):
            pass
    kept = sound(view, found, len(view.layers))
    if not bool(kept.any()):
        return [Check(SIGN, unchecked="the Jacobian is singular or no number at all points")]
    at, x, c = found.at(kept), x[kept], None if c is None else c[kept]
    said: dict[str, Any] = {
        "positive": int((at.sign > 0).sum()),
        "negative": int((at.sign < 0).sum()),
        "points": len(x),
    }
    evidence = [measured(measure.sign_of_determinant(at, units=units(view)), resolves=0.5)]
    if said["positive"] and said["negative"]:
        said["layer"] = _folding_layer(view, x, c)
        evidence += _fold(view, x, c, at.sign, said)
    return [Check(SIGN, evidence, said=said)]


def _joined(a: Linearised, b: Linearised) -> Linearised:
    pairs = (
        (getattr(a, name), getattr(b, name)) for name in ("images", "jacobian", "log_det", "sign", "norm", "least")
    )
    return Linearised(*(torch.cat(pair) for pair in pairs))


def _cloud(view: FlowView, sites: Sites) -> tuple[Tensor, Context]:
    """More points for the sign: around the data at one to ten spreads, and beside the
    deepest dips of the stated log-determinant between points."""
    count = min(
        CLOUD, sites.ahead.rows(CLOUD_SHARE * sites.clock.remaining) // (3 * view.dim), measure.ROWS // view.dim
    )
    if count < 4:
        return view.points[:0], view.context(0)
    if not view.encodes:
        assert sites.latents is not None
        return 1.5 * sites.latents[-count:], view.one_context(count)
    generator = torch.Generator().manual_seed(sites.seed + 2)
    index = torch.randint(0, len(view.points), (count,), generator=generator)
    centre = view.points.median(0).values
    sizes = torch.tensor([0.5, 1.0, 1.0, 2.0, 5.0, 10.0], dtype=centre.dtype)[torch.arange(count) % 6].to(centre)
    rows = view.context(len(view.points))
    x, c = centre + sizes[:, None] * (view.points[index] - centre), None if rows is None else rows[index]
    dips = _dips(view, sites)
    if dips is not None:
        x = torch.cat([x[len(dips) :], dips])
        c = None if c is None else torch.cat([c[len(dips) :], view.one_context(len(dips))])
    return x, c


def _dips(view: FlowView, sites: Sites) -> Tensor | None:
    """Points on either side of where the stated log-determinant is least on segments
    between points: det J changes its sign through 0."""
    lines, steps = 16, 65
    if (
        view.lacks_log_det
        or sites.ahead.of(lines * steps) > CLOUD_SHARE * sites.clock.remaining
        or len(view.points) < 2 * lines
    ):
        return None
    a, b = view.points[:lines], view.points[lines : 2 * lines]
    t = torch.linspace(-0.5, 1.5, steps, dtype=a.dtype, device=a.device)
    line = a[:, None] + t[:, None] * (b - a)[:, None]
    with torch.no_grad():
        log_det = view.to_base(line.reshape(-1, view.dim), view.one_context(lines * steps)).log_det
    assert log_det is not None
    deepest = log_det.view(lines, steps).nan_to_num(nan=math.inf, neginf=-math.inf)[:, 1:-1].argmin(1) + 1
    each = torch.arange(lines, device=a.device)
    return torch.cat([line[each, deepest - 1], line[each, deepest + 1]])[: CLOUD // 4]


def _folding_layer(view: FlowView, x: Tensor, c: Context) -> str | None:
    """The first layer whose determinant has two signs."""
    x, c = x[:64], None if c is None else c[:64]
    try:
        for one in trace(view, x, c):
            signs = one.found.sign[sound(view, one.found)]
            if bool((signs > 0).any()) and bool((signs < 0).any()):
                return one.layer.name
    except (ValueError, *ERRORS):
        pass
    return None


def _fold(view: FlowView, x: Tensor, c: Context, signs: Tensor, said: dict[str, Any]) -> list[Any]:
    """Evidence that two points have one image, from pairs of points with opposite
    signs."""
    transform = whole_map(view)
    plus, minus = (signs > 0).nonzero()[:, 0], (signs < 0).nonzero()[:, 0]
    for k in range(min(6, len(plus), len(minus))):
        i, j = int(plus[k]), int(minus[k])
        row = None if c is None else c[i : i + 1]
        try:
            fold = find_fold(transform, x[i], x[j], row)
        except (ValueError, *ERRORS):
            continue
        if fold is None:
            continue
        with torch.no_grad():
            image = transform(fold.first[None], row)
        evidence = one_to_one(
            fold.first[None],
            fold.second[None],
            fold.at.at(torch.tensor([1])),
            image,
            units=units(view),
            solver=view.solver,
        )
        said["fold"] = {
            "first": fold.first.tolist()[:16], "second": fold.second.tolist()[:16], "image": image[0].tolist()[:16],
            "apart": float((fold.first - fold.second).norm()), "images_apart": float((fold.at.images[0] - fold.at.images[1]).abs().max()),
        }  # fmt: skip
        return [measured(evidence, resolves=0.1, name="two points with one image")]
    return []


def round_trips(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """The inverse of forward, layer by layer and as a whole, and forward of the inverse
    at draws of the base."""
    if not view.layers:
        return []
    if not (view.encodes and view.decodes):
        why = "the object has no inverse" if view.encodes else "the object maps the base to the data only"
        return [Check(BACK, unchecked=why)]
    layers = find_check(done, LAYERS)
    traced = layers.said.get("traced") if layers is not None else None
    if not traced:
        return [Check(BACK, unchecked="no Jacobian was taken, which says how far rounding is carried")]
    if sites.back.of(4) > LONGEST * sites.clock.remaining:
        return [
            Check(
                BACK, unchecked=f"the inverse of four points takes about {sites.back.of(4):.0f} s; give seconds= more"
            )
        ]
    checks = _back(view, traced, min(near_of(sites), max(4, sites.back.rows(BACK_SHARE * sites.clock.remaining))))
    return [*checks, _ahead(view, sites, checks[0].said["iteration"])]


def _back(view: FlowView, traced: list[Traced], near: int) -> list[Check]:
    """Of the points near the data: far out an inverse by iteration may look in a
    bounded interval."""
    evidence, said, volumes, told = [], [], [], []
    slow = {one.layer.name: _iterates(one, view) for one in traced}
    for one in traced:
        kept = sound(view, one.found) & (torch.arange(len(one.inputs), device=one.inputs.device) < near)
        if not bool(kept.any()):
            continue
        x, c = one.inputs[kept], None if one.context is None else one.context[kept]
        with torch.no_grad():
            back = one.layer.to_data(one.found.images[kept].clone(), c)
        found = measure.round_trip(
            x, back.points.nan_to_num(nan=math.inf, posinf=math.inf, neginf=-math.inf), one.found.images[kept], 1 / one.found.least[kept], units=4 * units(view, 1),
            iteration=max(ITERATION * slow[one.layer.name], 4 * measure.SOLVER * view.solver),
        )  # fmt: skip
        finite = finite_residual(found)
        evidence.append(measured(finite, resolves=_tells(view, slow[one.layer.name]), name=one.layer.name))
        said.append(
            {
                "name": one.layer.name,
                **worst(finite),
                "iterates": slow[one.layer.name] and worst(finite)["residual"] > 1e-11,
            }
        )
        if back.log_det is not None and one.claimed is not None:
            pair = measure.opposite_log_determinants(
                one.claimed[kept], back.log_det, one.found.at(kept), units=4 * units(view, 1),
                solver=max(4 * view.solver, ITERATION * slow[one.layer.name] / measure.SOLVER),
            )  # fmt: skip
            volumes.append(
                measured(finite_residual(pair), resolves=_tells(view, slow[one.layer.name]), name=one.layer.name)
            )
            told.append({"name": one.layer.name, **worst(finite_residual(pair))})
    iteration = max(ITERATION * any(slow.values()), 4 * measure.SOLVER * view.solver)
    checks = [
        Check(
            BACK,
            evidence or None,
            said={"layers": said, "iteration": iteration},
            unchecked="the Jacobians are singular or no numbers",
        )
    ]
    if volumes:
        checks.append(Check(VOLUMES, volumes, said={"layers": told}))
    return checks


def _tells(view: FlowView, iterates: bool) -> float:
    """The largest bound that still tells an inverse from another map: wider where an
    equation is solved by iteration or by steps."""
    return 0.1 if iterates or view.solver else RESOLVES


def _iterates(one: Traced, view: FlowView) -> bool:
    """Whether a layer's inverse takes many times the operations of its forward map: it
    solves an equation by iteration."""
    x, c = one.inputs[:2], None if one.context is None else one.context[:2]
    with torch.no_grad():
        ahead = operations(lambda: one.layer.to_base(x, c))
        back = operations(lambda: one.layer.to_data(one.found.images[:2], c))
    return max(back, ahead) > ITERATES * max(1, min(back, ahead))


def _ahead(view: FlowView, sites: Sites, iteration: float) -> Check:
    if sites.latents is None:
        return Check(AHEAD, unchecked="the base distribution cannot be drawn from")
    count = max(4, min(sites.points, 32, sites.back.rows(BACK_SHARE * sites.clock.remaining)))
    z, c = sites.latents[:count], view.one_context(count)
    with torch.no_grad():
        x = view.to_data(z, c).points
    kept = torch.isfinite(x).all(1)
    lost = int((~kept).sum())
    if not bool(kept.any()):
        return Check(
            AHEAD, unchecked=f"the inverse of all {count} draws of the base is NaN or infinite", said={"lost": lost}
        )
    c = None if c is None else c[kept]
    found = measure.linearise(whole_map(view), x[kept], c)
    good = sound(view, found, len(view.layers))
    if not bool(good.any()):
        return Check(AHEAD, unchecked="the Jacobians are singular or no numbers")
    trip = measure.round_trip(
        z[kept][good],
        found.images[good],
        x[kept][good],
        found.norm[good],
        units=4 * units(view) * _growth(found.at(good)),
        iteration=iteration,
    )
    return Check(
        AHEAD,
        [measured(finite_residual(trip), resolves=_tells(view, iteration > 0))],
        said={**worst(finite_residual(trip)), "lost": lost},
    )


def _growth(found: Linearised) -> float:
    """How much the layers between may enlarge what the whole does not: the root of the
    largest condition number."""
    return float(found.condition.max().clamp(max=1e8).sqrt().clamp(min=1.0))
