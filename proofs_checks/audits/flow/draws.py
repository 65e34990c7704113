"""Whether the flow's own draws follow its log p: their latents against the base,
without a classifier."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from numerics.bounds import Bound
from numerics.distributions.base_density import Gaussian, Product, along_fibres
from numerics.statistics.kolmogorov import ks_to_uniform_columns
from proofs_checks.audits.flow.base import log_base
from proofs_checks.audits.flow.outcome import BASE, SAMPLES, WHOLE, Check, find_check
from proofs_checks.audits.flow.probe_points import Sites, cost_of
from proofs_checks.errors import InputError
from proofs_checks.inputs.flow_view import FlowView
from proofs_checks.inputs.flows import ERRORS
from proofs_checks.kernel import Test, tested

PROJECTIONS = 8  # random directions in which latents are compared with the base
NUMBERS = "draws that are numbers, and their images"
FEWEST = 256  # draws of the flow that are compared with log p
DRAWS_SHARE = 0.07  # of the time that is left
LONGEST = 0.4  # of what is left, for one thing that cannot be had for less


def own_draws(view: FlowView, sites: Sites, done: list[Check]) -> list[Check]:
    """The flow's own draws, mapped to the base, against the base: each coordinate, the
    distance from the centre, and random directions."""
    if view.sample is None:
        return [Check(SAMPLES, unchecked="the object has no sampler")]
    if view.base is None or not (view.encodes or not view.layers):
        return [
            Check(
                SAMPLES,
                unchecked="log p cannot be evaluated at the draws: the flow maps the base to the data only"
                if view.base is not None
                else "the object shows no base distribution",
            )
        ]
    drawn = _draw(view, sites)
    if isinstance(drawn, str):
        return [Check(SAMPLES, unchecked=drawn)]
    c = view.one_context(len(drawn))
    finite = torch.isfinite(drawn).all(1)
    with torch.no_grad():
        z = (
            view.to_base(torch.where(finite[:, None], drawn, torch.zeros_like(drawn)), c).points
            if view.layers
            else drawn
        )
    kept = finite & torch.isfinite(z).all(1)
    n, lost = (
        len(drawn),
        int((finite & ~kept).sum()),
    )  # an image at infinity: the draw was rounded onto an end of the support
    said: dict[str, Any] = {"draws": n, "nan": int((~finite).sum()), "lost": lost}
    evidence = [
        tested(int(finite.sum()), Test.clopper_pearson(n, 1.0), resolves=0.3, name=NUMBERS),
        tested(lost / n, Test.hoeffding(n, 1.0), resolves=0.3, name=NUMBERS),
    ]
    if int(kept.sum()) >= 16:
        evidence += _against_base(view, sites, done, z[kept], said)
    return [Check(SAMPLES, evidence, "statistical", said)]


def _draw(view: FlowView, sites: Sites) -> Tensor | str:
    """As many draws as were asked for, or as a fifth of the time that is left
    allows."""
    assert view.sample is not None
    sample = view.sample
    row = None if view.contexts is None else view.contexts[:1]
    torch.manual_seed(sites.seed % 2**63)
    try:
        cost = cost_of(lambda n: sample(n, row)) + sites.ahead
        count = min(sites.samples, max(FEWEST, cost.rows(DRAWS_SHARE * sites.clock.remaining)))
        if cost.of(count) > LONGEST * sites.clock.remaining:
            return f"{count} draws take about {cost.of(count):.0f} s; give seconds= more"
        return view.sample(count, row)
    except (*ERRORS, InputError) as error:
        return (
            f"its sampler raised {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        )


def _against_base(view: FlowView, sites: Sites, done: list[Check], z: Tensor, said: dict[str, Any]) -> list[Any]:
    base = find_check(done, BASE)
    distribution = base.said.get("distribution") if base is not None else None
    slack = {"rounding of the draws": _draw_rounding(view, done)}
    if isinstance(distribution, (Gaussian, Product)):
        normals = distribution.normals(z)
        columns = _columns(normals, sites.seed)
        if isinstance(distribution, Product):
            slack["quadrature of the marginals"] = distribution.error
        said["uniforms"] = columns[:, : min(8, view.dim)]
        said["names"] = [
            *(f"coordinate {k + 1}" for k in range(view.dim)),
            "distance from the centre",
            *(f"direction {k + 1}" for k in range(columns.shape[1] - view.dim - 1)),
        ]
    else:
        generator = torch.Generator().manual_seed(sites.seed)
        coordinate = torch.randint(0, view.dim, (len(z),), generator=generator).to(z.device)
        places, error = along_fibres(log_base(view), z, coordinate)
        good = torch.isfinite(places)
        columns = torch.stack([places[good], (2 * places[good] - 1).abs()], 1)
        slack["quadrature along the fibres"] = 2 * error
        said |= {"uniforms": columns[:, :1], "names": ["place on its fibre", "distance from the middle of its fibre"]}
    distances = ks_to_uniform_columns(columns)
    most = int(distances.argmax())
    said |= {
        "statistic": float(distances.max()),
        "worst": said["names"][most],
        "columns": columns.shape[1],
        "distances": [float(v) for v in distances[:64]],
    }
    bound = Bound(
        slack,
        "Draws in float32 are off by its rounding, which the transform enlarges; tables of marginals by their quadrature.",
        estimated=tuple(slack),
    )
    return [
        tested(
            said["statistic"],
            Test.dkw(len(columns), tests=columns.shape[1]),
            resolves=0.3,
            slack=bound,
            name="latents of the draws",
        )
    ]


def _columns(normals: Tensor, seed: int) -> Tensor:
    """Uniforms from independent normals: every coordinate, the squared distance, and
    projections on random directions; ``(N, D + 1 + 8)``."""
    dim = normals.shape[1]
    found = [torch.special.ndtr(normals)]
    half = torch.tensor(dim / 2, dtype=normals.dtype, device=normals.device)
    found.append(torch.special.gammainc(half, normals.square().sum(1) / 2)[:, None])
    if dim > 1:
        generator = torch.Generator().manual_seed(seed)
        directions = torch.nn.functional.normalize(
            torch.randn(PROJECTIONS, dim, generator=generator, dtype=torch.float64), dim=1
        ).to(normals)
        found.append(torch.special.ndtr(normals @ directions.mT))
    return torch.cat(found, 1).clamp(0, 1)


def _draw_rounding(view: FlowView, done: list[Check]) -> float:
    """How far the rounding of a draw in the object's own precision moves its uniforms:
    eps |J| |x|, the density of a normal at most 0.4."""
    coarse = "float32" in view.own_dtypes or not view.own_dtypes
    eps = torch.finfo(torch.float32 if coarse else torch.float64).eps
    whole = find_check(done, WHOLE)
    if whole is None or "whole" not in whole.said:
        return 10 * eps * view.dim
    at, x = whole.said["whole"], whole.said["points_x"]
    moved = at.norm * (1 + x.abs().amax(1))
    moved = moved[torch.isfinite(moved)]
    return 0.4 * eps * float(moved.median()) * 16 if len(moved) else 0.0
