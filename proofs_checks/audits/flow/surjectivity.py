"""Whether a transform reaches all of its base and sends no two points to one place,
from the map as evaluated."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.distributions.base_density import Gaussian, Product
from numerics.transports.flow_checks import linearise
from numerics.transports.flow_images import Reach, one_to_one, preimages, reach
from proofs_checks import kernel
from proofs_checks.audits.flow.outcome import (
    BACK,
    BASE,
    ONE_TO_ONE,
    ONTO,
    SAMPLES,
    WHOLE,
    Check,
    density,
    find_check,
    units,
    worst,
)
from proofs_checks.audits.flow.probe_points import Sites
from proofs_checks.audits.flow.volumes import whole_map
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS
from proofs_checks.kernel import Test, measured, tested, undecided

SOLVED = 64  # draws of the base that are solved for where the flow has no inverse of its own
LEAST = 96  # draws of the base: fewer say nothing at the level of a run
BEYOND = 16  # points beyond the images seen, for which a preimage is looked for
FOUND, RETURNED = (
    1e-6,
    1e-3,
)  # relative distance from a draw of the base within which Newton's method, and an inverse, have found it
ONTO_SHARE = 0.05  # of the time that is left
LONGEST = 0.4  # of what is left, for one thing that cannot be had for less
RESOLVES_MASS = 1e-2  # of the mass


def onto(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """Whether every draw of the base has a preimage, and whether images of far points
    go beyond the base; and that no point has two."""
    if not view.layers:
        return []
    if sites.latents is None and view.encodes:
        return [Check(ONTO, unchecked="the base distribution cannot be drawn from")]
    checks = [] if returns(done) else [_one_to_one(view, sites, done)]
    if not view.encodes:
        why = "the flow maps the base to the data, so that its density lies where its draws do"
        return [*checks, Check(ONTO, unchecked=why, said={"needless": True})]
    return [*checks, _preimages(view, sites, done)]


def returns(done: list[Check]) -> bool:
    """Whether the inverse was found to lead back to the points, so that no two of them
    have one image."""
    back = find_check(done, BACK)
    return bool(back is not None and back.evidence) and kernel.judge(back.evidence, route="numeric").holds


def _preimages(view: FlowView, sites: Sites, done: list[Check]) -> Check:
    assert sites.latents is not None
    both = sites.back + sites.ahead
    if view.decodes and both.of(LEAST) > LONGEST * sites.clock.remaining:
        return _from_draws(sites, done)
    z = sites.latents[: _how_many(view, sites)]
    reached, spoilt = _reached(view, z)
    missing = (~reached).nonzero()[:, 0][: SOLVED if view.decodes else len(z)]
    solved = _solve(view, z[missing], sites)
    reached[missing[solved]] = True
    box, outside, base = _box(view, done)
    said: dict[str, Any] = {
        "draws": len(z),
        "reached": int(reached.sum()),
        "nan": spoilt,
        "by": "its inverse" if view.decodes else "Newton's method",
    }
    evidence = (
        [] if box is None or outside is None else _beyond_the_image(view, sites, box, outside, base=base, said=said)
    )
    lost = ~reached
    if box is not None:
        said["box"] = [box.low[:8].tolist(), box.high[:8].tolist()]
        lost &= ((z < box.low) | (z > box.high)).any(1)  # where far images do not come, there is no preimage
    elif bool(lost.any()):
        lost = torch.zeros_like(lost)
    certain, open_ = int(lost.sum()), int((~reached & ~lost).sum())
    if certain or not open_:
        test = Test.clopper_pearson(len(z), 1.0)
        evidence.append(tested(len(z) - certain, test, resolves=0.3, name="draws of the base with a preimage"))
    if open_:
        evidence.append(_open(open_, len(z), spoilt))
    return Check(ONTO, evidence, "statistical", said)


def _how_many(view: FlowView, sites: Sites) -> int:
    """Draws of the base whose preimage is looked for, by what the inverse, or Newton's
    method, costs."""
    assert sites.latents is not None
    share = ONTO_SHARE * sites.clock.remaining
    if view.decodes:
        return max(LEAST, min(len(sites.latents), (sites.back + sites.ahead).rows(share)))
    return max(LEAST, min(4 * SOLVED, sites.ahead.rows(share) // (60 * view.dim)))


def _beyond_the_image(
    view: FlowView, sites: Sites, box: Reach, outside: Tensor, *, base: Any, said: dict[str, Any]
) -> list[Any]:
    """Evidence from the share of the base that lies beyond every image seen, unless
    some point there has a preimage after all."""
    share, bound = float(outside.max()), _negligible(view, sites)
    said["outside"], said["coordinate"] = share, int(outside.argmax()) + 1
    if share > float(bound.terms["rounding of log p in float32"]) and _reaches_beyond(view, box, base, outside, sites):
        return []
    return [measured(Measurement(share, bound, box.points), resolves=RESOLVES_MASS, name="base beyond the image")]


def _from_draws(sites: Sites, done: list[Check]) -> Check:
    """Where the inverse is too slow: the flow's own draws have images, and if these are
    distributed as the base they fill it."""
    draws = find_check(done, SAMPLES)
    if draws is None or not draws.evidence:
        return Check(
            ONTO,
            unchecked=f"the inverse of {LEAST} draws of the base takes about {sites.back.of(LEAST):.0f} s; give seconds= more",
        )
    return Check(
        ONTO,
        draws.evidence,
        "statistical",
        {
            "draws": draws.said["draws"],
            "reached": draws.said["draws"] - draws.said["lost"],
            "by": "the flow's own draws, whose images fill the base",
        },
    )


def _negligible(view: FlowView, sites: Sites) -> Bound:
    """A share of the mass below which the log of the mass is lost in the rounding of
    log p in float32."""
    size = 1.0
    if view.evaluates:
        values = density(view, sites.near, sites.context)
        size += float(values[torch.isfinite(values)].abs().mean()) if bool(torch.isfinite(values).any()) else 0.0
    eps = torch.finfo(torch.float32).eps
    return Bound(
        {"rounding of log p in float32": 16 * eps * size},
        "A tail of the base beyond every image that was seen has no preimage; a share s of the mass moves log p of a density by s, which float32 does not tell below its own rounding.",
        assumes=("images of points up to 1e128 spreads out come as far as any",),
    )  # fmt: skip


def _open(lost: int, count: int, spoilt: int) -> Any:
    """Draws of the base whose preimage was not found: few of them are rounding, many
    are a hole or an inverse that fails."""
    if lost <= count // 100:
        return tested(lost / count, Test.hoeffding(count, 1.0), resolves=0.3, name="draws of the base with a preimage")
    what = (
        f"the inverse is NaN or infinite at {spoilt} of them"
        if spoilt
        else "neither the inverse nor Newton's method finds one"
    )
    return undecided(
        f"{lost} of {count} draws of the base have no preimage that was found ({what}); the images of far points do not tell whether there is one"
    )


def _reached(view: FlowView, z: Tensor) -> tuple[Tensor, int]:
    """Which draws come back from the flow's own inverse, and how many inverses are no
    numbers."""
    if not view.decodes:
        return torch.zeros(len(z), dtype=torch.bool, device=z.device), 0
    c = view.one_context(len(z))
    with torch.no_grad():
        x = view.to_data(z, c).points
        finite = torch.isfinite(x).all(1)
        again = view.to_base(torch.where(finite[:, None], x, torch.zeros_like(x)), c).points
    close = (again - z).abs().amax(1) <= max(RETURNED, 1e3 * view.solver) * (1 + z.abs().amax(1))
    return finite & close, int((~finite).sum())


def _solve(view: FlowView, z: Tensor, sites: Sites) -> Tensor:
    """Which draws Newton's method finds a preimage for, started from a point of the
    data whose image is near."""
    if not len(z):
        return torch.zeros(0, dtype=torch.bool, device=z.device)
    pool = view.points[:256]
    with torch.no_grad():
        images = view.to_base(pool, view.one_context(len(pool))).points
    good = torch.isfinite(images).all(1)
    if not bool(good.any()):
        return torch.zeros(len(z), dtype=torch.bool, device=z.device)
    nearest = torch.cdist(z, images[good]).argmin(1)
    try:
        found = preimages(whole_map(view), z, pool[good][nearest], view.one_context(len(z)))
    except (ValueError, *ERRORS):
        return torch.zeros(len(z), dtype=torch.bool, device=z.device)
    return found.miss <= FOUND


def _box(view: FlowView, done: list[Check]) -> tuple[Any, Tensor | None, Any]:
    """The box of far images, and how much of the base lies beyond it on either side of
    a coordinate."""
    centre = view.points.median(0).values
    spread = (view.points - centre).abs().mean(0).clamp_min(1e-6)
    if view.solver:  # a solver with adaptive steps does not come back from so far out
        return None, None, None
    try:
        box = reach(whole_map(view), centre, spread, view.one_context(1))
    except ERRORS:
        box = None
    base = find_check(done, BASE)
    distribution = base.said.get("distribution") if base is not None else None
    if box is None or not isinstance(distribution, (Gaussian, Product)):
        return box, None, distribution
    return box, distribution.outside(box.low, box.high), distribution


def _reaches_beyond(view: FlowView, box: Any, distribution: Any, outside: Tensor, sites: Sites) -> bool:
    """Whether some point beyond the box has a preimage after all, so that far points
    did not show the whole image."""
    assert sites.latents is not None
    k = int(outside.argmax())
    z = sites.latents[:BEYOND].clone()
    spread = sites.latents[:, k].std()
    above = (
        distribution.outside(box.low.new_full(box.low.shape, -math.inf), box.high)[k]
        >= distribution.outside(box.low, box.high.new_full(box.high.shape, math.inf))[k]
    )
    z[:, k] = box.high[k] + 0.05 * spread if bool(above) else box.low[k] - 0.05 * spread
    reached, _ = _reached(view, z)
    return bool(reached.any()) or bool(_solve(view, z, sites).any())


def _one_to_one(view: FlowView, sites: Sites, done: list[Check]) -> Check:
    """Without an inverse: T(x) = T(x_i) solved from other points has to lead back to
    x_i."""
    whole = find_check(done, WHOLE)
    if whole is None or "whole" not in whole.said:
        return Check(ONE_TO_ONE, unchecked="no Jacobian was taken")
    x, at = whole.said["points_x"], whole.said["whole"]
    many = sites.ahead.rows(ONTO_SHARE * sites.clock.remaining) // (
        135 * view.dim
    )  # three starts, about fifteen steps, D copies, thrice for a gradient
    kept = at.finite.nonzero()[:, 0][: max(2, min(16, many))]
    if len(kept) < 2:
        return Check(ONE_TO_ONE, unchecked="the Jacobian is singular or no number")
    x, images = x[kept], at.images[kept]
    given = whole.said["context"]
    row = None if given is None else given[kept]
    starts = 3
    target = images.repeat(starts, 1)
    begin = torch.cat([x.roll(k + 1, 0) * (1.0 + k) for k in range(starts)])
    rows = None if row is None else row.repeat(starts, *[1] * (row.ndim - 1))
    try:
        found = preimages(whole_map(view), target, begin, rows)
        good = found.settled
        said = {"solved": int(good.sum()), "started": len(begin)}
        if not bool(good.any()):
            return Check(ONE_TO_ONE, unchecked="Newton's method finds no preimage from other points", said=said)
        there = linearise(whole_map(view), found.points[good], None if rows is None else rows[good])
    except (ValueError, *ERRORS) as error:
        return Check(ONE_TO_ONE, unchecked=str(error).splitlines()[0])
    original = x.repeat(starts, 1)[good]
    sharp = there.finite & (units(view) * there.condition < 1e-4)
    if not bool(sharp.any()):
        return Check(ONE_TO_ONE, unchecked="the Jacobian is singular at the preimages found")
    result = one_to_one(
        original[sharp],
        found.points[good][sharp],
        there.at(sharp),
        target[good][sharp],
        units=units(view),
        solver=view.solver,
    )
    said |= worst(result)
    k = int(torch.as_tensor(result.residual).argmax())
    said |= {"first": original[sharp][k].tolist()[:16], "second": found.points[good][sharp][k].tolist()[:16]}
    return Check(ONE_TO_ONE, [measured(result, resolves=0.1)], said=said)
