"""What the PIT audit is handed: samples, and one of a log density, conditional
distributions, a map, or PIT values; read into tails of uniforms."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Dirichlet

from numerics.distributions.mass import LARGEST_DIM
from numerics.log_tails import LOG_SQRT_2PI, Tail, side_of
from numerics.transports.conditionals import Conditionals, FlowConditionals
from numerics.transports.domain import HypothesisError
from numerics.transports.grid_conditionals import GridConditionals, log_values
from numerics.transports.library_conditionals import closed_form
from numerics.transports.rosenblatt import KnotheRosenblatt
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import call
from proofs_checks.inputs.charted_densities import on_its_support
from proofs_checks.inputs.densities import Flow, Model, read_density, read_points
from proofs_checks.inputs.density_flows import flow_of
from proofs_checks.inputs.density_mass import MASS, unit_mass
from proofs_checks.inputs.pit_values import (
    CIRCLE,
    by_coordinate,
    circle_of,
    dirichlet,
    latents,
    on_simplex,
    one_for_each,
    read_ranks,
    tails_of,
)
from proofs_checks.kernel import Status
from proofs_checks.wording import short

MOST_EVALUATIONS = 10**9  # of log_prob, for all samples of a quadrature together

__all__ = ["Uniforms", "read_uniforms"]


@dataclass
class Uniforms:
    """Values that are uniform and independent if the model is right.

    Args:
        u: Shape ``(N, D)``, in [0, 1]. tail: The same as tails, which tell a far point
            from an impossible one.
        points: The samples they come from, where there are some. method: How they were
            found, in words.
        transport: The map, where it was ours. error: Estimated error of a value, 0
            where it is exact to rounding.
        impossible: Samples at which the density is 0, shape ``(N,)``, where it was
            evaluated.
        findings: What was found on the way. notes: Assumptions, in sentences.
    """

    u: Tensor
    tail: Tail
    points: Tensor | None
    method: str
    transport: KnotheRosenblatt | None = None
    error: float = 0.0
    impossible: Tensor | None = None
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_uniforms(
    samples: Any,
    *,
    log_prob: Any = None,
    conditionals: Any = None,
    pit: Any = None,
    draws: int | None = None,
    support: Any = None,
    tile: int = 1 << 16,
    differences: int = 256,
) -> Uniforms:
    """See :func:`proofs_checks.audits.pit.audit_pit` for the arguments.

    Raises:
        InputError: with the hypothesis that failed, or what is missing.
    """
    given = {
        name: value
        for name, value in (("log_prob", log_prob), ("conditionals", conditionals), ("pit", pit))
        if value is not None
    }
    if len(given) != 1:
        raise InputError(
            f"Give exactly one of log_prob (D <= 3, or a model whose conditionals are known), conditionals, or pit; got {' and '.join(given) or 'none'}."
        )
    if pit is not None:
        return _given(pit, samples, draws)
    if draws is not None:
        raise InputError("draws= goes with pit=: ranks 0..draws of simulation-based calibration.")
    if samples is None:
        raise InputError("Give samples, shape (N, D): the points whose distribution the model is meant to be.")
    points = read_points(samples, "samples")
    own = _by_its_own(log_prob if conditionals is None else conditionals, points, support)
    if own is not None:
        return own
    source = conditionals if log_prob is None else log_prob
    try:
        found = (
            _by_conditionals(conditionals, points, tile)
            if conditionals is not None
            else _by_density(log_prob, points, support, tile)
        )
        return _mapped(found, differences)
    except HypothesisError as failed:
        u = by_coordinate(source, points)  # a pole, say, of which the distribution function knows
        if u is None:
            raise InputError(str(failed)) from None
        note = f"the distribution's own cdf, for quadrature could not be used: {failed}"
        flat = points.reshape(len(points), -1).double()
        return Uniforms(u, tails_of(u), flat, "the distribution function of the object itself", notes=[note])
    except (ValueError, TypeError, NotImplementedError) as refused:
        if isinstance(refused, InputError):
            raise
        raise InputError(str(refused)) from None


def _by_its_own(source: Any, points: Tensor, support: Any) -> Uniforms | None:
    """Values that the distribution itself gives: one for each observation, or the
    breaks of a simplex; None where it has none such."""
    u = one_for_each(source, points)
    if u is not None:
        note = "one distribution for each observation: F_n(y_n), which is uniform if each is the distribution of its own observation"
        flat = points.reshape(len(points), -1).double()
        return Uniforms(
            u, tails_of(u), flat, "the distribution function of each observation's own distribution", notes=[note]
        )
    if isinstance(support, str) and support != CIRCLE:
        raise InputError(f"Expected support=(low, high), a box, or support='circle' for angles, got {short(support)}.")
    if not on_simplex(source, points):
        return None
    if not isinstance(source, Dirichlet) or source.batch_shape:
        raise InputError(
            f"{type(source).__name__} lives on the simplex, which has no volume in R^{points.shape[1]}. Give the breaks of the stick as samples and their log "
            "density (torch.distributions.StickBreakingTransform), or pit=."
        )
    sums = points.double().sum(1)
    if (
        points.shape[1] != source.event_shape[0]
        or float((sums - 1).abs().max()) > 64 * points.shape[1] * torch.finfo(points.dtype).eps
    ):
        raise InputError(
            f"Expected samples with {source.event_shape[0]} shares that add up to 1, got shape {tuple(points.shape)} and sums {float(sums.min()):.6g} to {float(sums.max()):.6g}."
        )
    u, tail = dirichlet(source, points)
    note = f"the last of {points.shape[1]} shares follows from the others: {points.shape[1] - 1} breaks of the stick are tested"
    return Uniforms(
        u, tail, points[:, :-1].double(), "breaks of the stick, which are independent Beta variables", notes=[note]
    )


def _given(pit: Any, samples: Any, draws: int | None) -> Uniforms:
    """PIT values as they are, or ranks with their ties broken at random."""
    if draws is not None:
        pit = read_ranks(pit, draws)
    elif getattr(pit, "dtype", None) is not None and str(pit.dtype).removeprefix("torch.").startswith(("int", "uint")):
        raise InputError(
            "The pit values are whole numbers. Ranks of simulation-based calibration? Say among how many draws, draws=99 for ranks 0..99, or give "
            "(rank + U) / (draws + 1) with U uniform on [0, 1)."
        )
    if isinstance(pit, (list, tuple)):
        try:
            pit = np.asarray(pit, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"Expected pit as numbers, shape (N,) or (N, D), got {short(pit)}.") from None
    u = read_points(pit, "pit values").double()
    if u.ndim != 2:
        raise InputError(f"Expected pit values of shape (N,) or (N, D), got {tuple(u.shape)}.")
    low, high = float(u.min()), float(u.max())
    if low < 0 or high > 1:
        hint = (
            " Are these percentages? Divide by 100."
            if low >= 0 and 1 < high <= 100
            else " A PIT value is a distribution function at a sample."
        )
        raise InputError(f"Expected pit values in [0, 1], got values from {low:.6g} to {high:.6g}.{hint}")
    points = None
    if samples is not None:
        points = read_points(samples, "samples").double().reshape(len(samples), -1)
        if points.shape[0] != u.shape[0]:
            raise InputError(
                f"Expected one row of pit values a sample, got {u.shape[0]} rows for {points.shape[0]} samples."
            )
    lower = u <= 0.5
    tail = Tail(torch.where(lower, u, 1.0 - u).log(), side_of(lower, u))
    note = "the values are taken as they are: nothing was checked about the model or about the order of its coordinates"
    method = "PIT values as given" if draws is None else f"ranks among {draws} draws, (rank + U) / {draws + 1}"
    return Uniforms(u, tail, points, method, notes=[note])


def _by_conditionals(source: Any, points: Tensor, tile: int) -> Uniforms:
    transport = source if isinstance(source, KnotheRosenblatt) else None
    if transport is None:
        found = closed_form(source)
        if found is None:
            raise InputError(
                f"Expected conditionals as an object of numerics.transports.conditionals (MixtureConditionals, FlowConditionals, CallableConditionals, ..), a "
                f"KnotheRosenblatt, a Gaussian (mixture) of torch.distributions, or a list of one-dimensional laws, got {short(source)}."
            )
        transport = _map(found, tile)
    flat = points.reshape(points.shape[0], -1).double()
    if flat.shape[1] != transport.dim:
        raise InputError(f"The conditionals are of {transport.dim} coordinates, the samples have {flat.shape[1]}.")
    found = _unmapped(flat, transport, f"conditional distributions ({type(transport.conditionals).__name__})")
    one_by_one = "conditional distributions are normalised one by one; no joint density was given"
    found.findings.append(Finding(MASS, Status.INAPPLICABLE, one_by_one))
    return found


def _map(conditionals: Conditionals, tile: int) -> KnotheRosenblatt:
    return KnotheRosenblatt.from_conditionals(conditionals, tile=32 * tile)


def _unmapped(points: Tensor, transport: KnotheRosenblatt, method: str) -> Uniforms:
    nothing = torch.zeros_like(points)
    return Uniforms(nothing, Tail(nothing, nothing), points, method, transport)


def _by_density(source: Any, points: Tensor, support: Any, tile: int) -> Uniforms:
    """Closed forms where the model shows one, an autoregressive flow where it is one,
    quadrature in up to three dimensions."""
    support = circle_of(source, support, points) or support
    model = read_density(source, points, what="log_prob")
    law = source if not callable(getattr(source, "__self__", None)) else source.__self__
    owner = getattr(source, "__self__", None)
    closed = closed_form(owner if owner is not None else law)
    if closed is not None and closed.dim == model.dim and support is None:
        found = _unmapped(
            model.points.double(),
            _map(closed, tile),
            f"conditional distributions in closed form ({type(closed).__name__})",
        )
    else:
        found = _by_flow(model, source, tile) if support is None else None
        found = _by_quadrature(model, support, tile) if found is None else found
    box = _box(support, model.dim, model.points)
    found.findings = [*model.findings, *found.findings, unit_mass(on_its_support(source, model, box is None), box)]
    found.notes = [*model.notes, *found.notes]
    return found


def _by_flow(model: Model, source: Any, tile: int) -> Uniforms | None:
    """The flow's own transform: as the Rosenblatt map where it is triangular and ends
    in the normal distribution, by its latents where it is not; None where quadrature
    can do.

    Raises:
        InputError: D is too large for quadrature.
    """
    flow = model.flow
    try:
        return _unmapped(model.points, _map(_flow(model), tile), "an autoregressive flow into the normal distribution")
    except HypothesisError as failed:
        if model.dim <= LARGEST_DIM:
            return None
        why = str(failed)
    flow = flow or flow_of(model, source, None).flow
    if flow is not None and _normal_base(model, flow):
        u, tail = latents(flow.to_base, model.points)
        note = "a coordinate is one of the flow's latents: if T is a bijection, T(x) is standard normal exactly where the samples follow the model"
        return Uniforms(u, tail, model.points, "Phi of the flow's latents", notes=[note])
    raise InputError(
        f"The samples have D = {model.dim} coordinates. From log_prob alone the map is made by quadrature for D <= {LARGEST_DIM}. Beyond, give conditionals= "
        f"(conditional distributions of each coordinate given the earlier ones) or pit= (values that you computed from them, or the base's distribution function of a "
        f"flow's latents). {why}"
    )


def _normal_base(model: Model, flow: Flow) -> bool:
    """Whether the base is a product of standard normals, by its log density at latents
    of the samples."""
    with torch.no_grad():
        latent = flow.to_base(model.points[:8])
        normal = -(latent.square() / 2 + LOG_SQRT_2PI).sum(1)
        rounding = (
            16 * (model.dim + 8) * model.precision * (1 + normal.abs())
        )  # D squares and their sum, in the model's precision
        return bool(((flow.base_log_prob(latent) - normal).abs() <= rounding).all())


def _flow(model: Model) -> FlowConditionals:
    if model.flow is None:
        raise HypothesisError("The model shows no change of variables.")
    probe = model.points[:8]
    if not _normal_base(model, model.flow):
        raise HypothesisError("The flow's base is not a product of standard normals.")
    try:
        return FlowConditionals(model.flow.to_base, probe)
    except HypothesisError as failed:
        raise HypothesisError(f"The model shows a change of variables, but: {failed}") from None


def _by_quadrature(model: Model, support: Any, tile: int) -> Uniforms:
    points = model.points.double() if model.dtype == torch.float64 else model.points
    tolerance = max(1e-9 if model.dim < 3 else 1e-7, 200 * model.precision)
    box = _box(support, model.dim, points)

    def evaluated(x: Tensor) -> Tensor:
        try:
            value = call(model.log_prob, x, "log_prob")
            return value if box is None else value.masked_fill(((x <= box[0]) | (x >= box[1])).any(-1), -math.inf)
        except InputError as refused:
            raise InputError(
                f"{refused}. Quadrature asks for log p all over the space: return -inf where p vanishes, or give support=(low, high), a box that holds it."
            ) from None

    transport = KnotheRosenblatt.from_log_prob(
        evaluated, model.dim, near=points, support=box, tolerance=tolerance, tile=tile
    )
    grid = transport.conditionals
    assert isinstance(grid, GridConditionals)  # from_log_prob makes no other
    each = max(grid.evaluations(d) for d in range(model.dim))
    most = max(1000, MOST_EVALUATIONS // max(1, each))
    found = _unmapped(points[:most], transport, f"quadrature over values of the density on {_size(grid)} nodes")
    if most < points.shape[0]:
        found.notes.append(
            f"the first {most} of {points.shape[0]} samples were used: each costs {each} evaluations of the density; give conditionals= to use all"
        )
    if transport.limited:
        found.notes.append(
            "the panels ran out before the density was resolved: its support may have curved edges, or the density jumps"
        )
    return found


def _size(grid: GridConditionals) -> str:
    return " x ".join(str(nodes.numel()) for nodes, _ in grid.axes)


def _box(support: Any, dim: int, like: Tensor) -> tuple[Tensor, Tensor] | None:
    if support is None:
        return None
    try:
        low, high = (torch.as_tensor(end, dtype=like.dtype, device=like.device).expand(dim).clone() for end in support)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"Expected support=(low, high) with {dim} numbers each, got {short(support)}.") from None
    return low, high


def _mapped(found: Uniforms, differences: int) -> Uniforms:
    """Apply the map, where there is one, and estimate its error at a part of the
    points."""
    transport, points = found.transport, found.points
    if transport is None or points is None:
        return found
    tail = transport.tails(points)
    share = torch.exp(tail.log_p)
    found.tail, found.u = tail, torch.where(tail.side > 0, share, 1.0 - share)
    if isinstance(transport.conditionals, GridConditionals):
        found.impossible = torch.isneginf(log_values(transport.conditionals.log_prob, points))
    if bool(torch.isnan(tail.log_p).any()):
        row = int(torch.isnan(tail.log_p).any(1).nonzero()[0])
        raise InputError(
            f"The map is NaN at sample {row}, {points[row].tolist()[:8]}: the conditional distribution there has no mass."
        )
    if transport.finer is not transport:
        finite = torch.isfinite(tail.log_p).all(1).nonzero()[:, 0]
        some = finite[:: max(1, len(finite) // differences)][:differences]
        if len(some):
            difference = transport.error_estimate(points[some]) * torch.exp(tail.log_p[some])
            found.error = float(difference.max())
    return found
