"""A model's own claim to be a density: its change of variables, its samples, and atoms
in the data.

Each check returns a finding. The kernel judges; here only residuals, statistics and
their derivations are made.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from numerics.statistics.kolmogorov import ks_to_uniform_columns
from numerics.streams import Stream
from numerics.transports.fibre_panels import Lines, PanelTable
from proofs_checks import kernel
from proofs_checks.errors import InputError
from proofs_checks.findings import Finding
from proofs_checks.inputs.calls import CALL_ERRORS
from proofs_checks.inputs.densities import Flow, Model
from proofs_checks.kernel import Bound, Status, Test, measured, tested
from proofs_checks.wording import short

LEVEL = 1e-6  # false-alarm probability of one statistical finding of an audit
CHECKED = 16  # points at which a full Jacobian is taken
PLACED = 5e-3  # relative error of the integrals that place a sample on its fibre
BLURRED = 0.05  # share of the draws
DIGITS = 0.1  # nats: where log p is known to no better than this, a sample has no place on its fibre
DRAWN = 512  # samples whose place on their own fibre is measured
Sampler = Callable[[int, int], Tensor]

CHANGE, SAMPLES, ATOMS = "change of variables", "samples follow log p", "no atoms in the data"


def change_of_variables(model: Model, points: Tensor, flow: Flow | None = None) -> Finding:
    r"""log p against the model's own transform: :math:`\log p(x) = \log p_Z(T(x)) +
    \log|\det \partial T/\partial x|`.

    The determinant is autograd's, by LU of all D rows, so that it shares nothing with
    the log-determinant that the model adds up. It has one sign throughout where T is a
    bijection of R^D.

    Args:
        flow: The transform with its base distribution, where the object was read as a
            flow; the model's own unless given.
    """
    flow = flow or model.flow
    if flow is None:
        return Finding(CHANGE, Status.INAPPLICABLE, "unchecked: the object shows no transform to a base distribution")
    x = points[:CHECKED]
    claimed = model.log_prob(x).detach()
    try:
        z, jacobian = _jacobian(flow, x)
        with torch.no_grad():
            base = flow.base_log_prob(z).to(claimed)
    except CALL_ERRORS as error:  # the user's own transform: told, not swallowed
        line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
        return Finding(CHANGE, Status.UNDECIDED, f"the transform to the base raised {type(error).__name__}: {line}")
    sign, log_det = torch.linalg.slogdet(jacobian)
    finite = torch.isfinite(claimed) & torch.isfinite(base) & torch.isfinite(log_det)
    if not bool(finite.any()) or bool((sign == 0).any()):
        return Finding(
            CHANGE,
            Status.UNDECIDED,
            f"the Jacobian of the transform is singular or not finite at {int((~finite | (sign == 0)).sum())} of {x.shape[0]} points",
        )
    if folds := _folds(x, sign, log_det, jacobian, model.precision):
        return folds
    return _compared(model, claimed, base, log_det, jacobian, finite)


def _compared(  # noqa: PLR0917
    model: Model, claimed: Tensor, base: Tensor, log_det: Tensor, jacobian: Tensor, finite: Tensor
) -> Finding:
    """log p that is claimed against that of the base and the Jacobian, at the points at
    which all three are finite."""
    residual = (claimed - base - log_det).abs()[finite]
    units = 16 * (model.dim + 8) * model.precision
    bound = Bound(
        {
            "rounding of the logarithms": units * (1 + claimed.abs() + base.abs() + log_det.abs())[finite],
            "rounding of the Jacobian": units * torch.linalg.cond(jacobian)[finite],
        },
        "A relative change d of J in norm moves log|det J| by at most D d cond(J) / (1 - d cond(J)); elimination with partial pivoting and autograd each "
        "leave d of a few D units of rounding (Higham 2002, ch. 9). The sums of D logarithms round once a term.",
        assumes=(
            "the model computes log p and the entries of J to within 16 (D + 8) units of rounding, relative to the largest",
        ),
    )
    verdict = kernel.judge(measured(residual, bound, points=int(finite.sum()), resolves=1e-2), route="numeric")
    worst = int(residual.argmax())
    text = {
        Status.HOLDS: f"log p is the base distribution's plus log|det| of the transform by autograd, to {float(residual.max()):.1g} nats at {int(finite.sum())} points",
        Status.REFUTED: f"log p differs from the base distribution's plus log|det| of the transform by up to {float(residual.max()):.3g} nats ({float((residual / bound_of(bound)).max()):.1g} times "
        f"what rounding explains): a log-determinant is wrong{_pattern((claimed - base - log_det)[finite])}",
    }.get(verdict.status, verdict.why)
    return Finding(
        CHANGE,
        verdict.status,
        text,
        {
            "residual": float(residual.max()),
            "bound": float(bound_of(bound).max()),
            "point": worst,
            "points": int(finite.sum()),
        },
    )


def _folds(x: Tensor, sign: Tensor, log_det: Tensor, jacobian: Tensor, precision: float) -> Finding | None:
    """A refutation where the determinant has both signs, each at a point at which
    rounding could not have made it."""
    rounding = (
        16 * x.shape[1] * precision * torch.linalg.cond(jacobian)
    )  # a relative change d of J moves det by the factor 1 + D d cond(J) at most
    sure = torch.isfinite(log_det) & (rounding < 0.5)
    up, down = (int((sure & (sign == way)).sum()) for way in (1, -1))
    if not (up and down):
        return None
    first, second = ((sure & (sign == way)).nonzero()[0, 0].item() for way in (1, -1))
    text = (
        f"the transform folds: its determinant is positive at {up} and negative at {down} of {x.shape[0]} points, and that of a continuous bijection of R^D has one "
        "sign. Several points share an image, and log p has more mass than 1"
    )
    return Finding(CHANGE, Status.REFUTED, text, {"positive_at": x[first].tolist(), "negative_at": x[second].tolist()})


def bound_of(bound: Bound) -> Tensor:
    """The sum of a bound's terms."""
    return torch.stack(torch.broadcast_tensors(*(torch.as_tensor(term) for term in bound.terms.values()))).sum(0)


def _pattern(difference: Tensor) -> str:
    """What the difference looks like over the points: a constant is a forgotten factor;
    anything else varies with the point."""
    middle, spread = float(difference.median()), float(difference.max() - difference.min())
    if spread <= 1e-6 * abs(middle):
        return f", by the constant {middle:.6g} (a factor e^{middle:.3g} of the volume)"
    return f", by an amount that varies with the point ({float(difference.min()):.3g} to {float(difference.max()):.3g})"


def _jacobian(flow: Flow, x: Tensor) -> tuple[Tensor, Tensor]:
    """T(x) and its Jacobian ``(N, D, D)``, one backward pass for each output over the
    whole batch."""
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        z = flow.to_base(leaf)
        rows = [
            torch.autograd.grad(z[:, k].sum(), leaf, retain_graph=k + 1 < z.shape[1], allow_unused=True)[0]
            if z.requires_grad
            else None
            for k in range(z.shape[1])
        ]
    return z.detach(), torch.stack([torch.zeros_like(x) if row is None else row for row in rows], 1)


# -- samples ------------------------------------------------------------------------------------------------------------------


def samples_follow(model: Model, sampler: Sampler, seed: int, *, draws: int = DRAWN) -> Finding:
    r"""Where each sample lies on its own fibre: :math:`\int_{-\infty}^{x_k} p \,/
    \int_{\mathbb R} p` is uniform if samples and log p agree.

    One coordinate k is drawn for each sample, independently of it. Places and their
    distances from 1/2 are compared with the uniform distribution, and so are places
    turned by the rank of another coordinate, of which they do not depend if samples
    follow log p. This works in every D; a factor it cannot see.
    """
    x = model.read(sampler(draws, seed), "samples")
    if atom := _repeated(x):
        return atom
    if doubt := _without_digits(model, x):
        return doubt
    coordinate = Stream(seed, x.device).fork("coordinates").integers(0, model.dim, x.shape[0])
    place, error = _place(model, x, coordinate)
    lost = ~torch.isfinite(place)
    if bool(lost.any()):
        return Finding(
            SAMPLES,
            Status.UNDECIDED,
            f"log p is zero, infinite or NaN along the fibres of {int(lost.sum())} of {x.shape[0]} samples",
            {"samples": int(lost.sum())},
        )
    place = place.clamp(0, 1)
    columns = [place, (2 * place - 1).abs(), *_beside_another(place, x, coordinate)]
    statistic = float(ks_to_uniform_columns(torch.stack(columns, 1)).max())
    rest = int((error > error.quantile(0.99)).sum()) / x.shape[0]
    slack = Bound(
        {"quadrature": 3 * float(error.quantile(0.99)), "the rest": rest},
        "Places err by less than the 99th percentile of what the panels' coefficients say, but for a share of them, which moves the statistic by that share.",
        estimated=("quadrature",),
        assumes=("p is smooth along the axes",),
    )
    verdict = kernel.judge(
        tested(statistic, Test.dkw(x.shape[0], tests=len(columns)), resolves=0.3, slack=slack),
        route="statistical",
        alpha=LEVEL,
    )
    text = verdict.why
    if verdict.bound is not None:
        compared = f"(KS distance {statistic:.3f}, allowed {verdict.bound:.3f}, level {LEVEL:g})"
        text = {
            Status.HOLDS: f"{x.shape[0]} samples lie on their fibres as log p says {compared}; a constant factor would not show",
            Status.REFUTED: f"the samples do not lie on their fibres as log p says {compared}: log p is not the density of what the sampler draws",
        }.get(verdict.status, verdict.why)
    return Finding(
        SAMPLES, verdict.status, text, {"statistic": statistic, "radius": verdict.bound, "samples": x.shape[0]}
    )


def _repeated(x: Tensor) -> Finding | None:
    """Draws that coincide: under a density no two do."""
    distinct = len(torch.unique(x, dim=0))
    if distinct > len(x) / 2:
        return None
    what = "all draws coincide" if distinct == 1 else f"{len(x)} draws are {distinct} different points"
    text = f"{what}: this sampler has atoms, and log p is no density of what it draws"
    return Finding(SAMPLES, Status.REFUTED, text, {"distinct": distinct, "samples": len(x)})


def _beside_another(place: Tensor, x: Tensor, coordinate: Tensor) -> list[Tensor]:
    """Places on fibres turned forwards and backwards by the rank of the next
    coordinate, ``(N,)`` each: uniform whatever that is distributed like, as places do
    not depend on the rest."""
    dim = x.shape[1]
    if dim == 1:
        return []
    rest = x[torch.arange(len(x)), ((coordinate + 1) % dim).to(x.device)]
    rank = rest.argsort().argsort().to(place) / len(x)
    return [torch.remainder(place + rank, 1.0), torch.remainder(place - rank, 1.0)]


def _without_digits(model: Model, x: Tensor) -> Finding | None:
    """Where rounding a draw of the model itself, or log p there, moves log p by more
    than a tenth of a nat at a twentieth of them, places are not known."""
    if not model.differentiable:
        return None
    leaf = x[:DRAWN].detach().clone().requires_grad_()
    with torch.enable_grad():
        value = model.log_prob(leaf)
        slopes = torch.autograd.grad(value.sum(), leaf)[0].nan_to_num(nan=math.inf)
    of_points = torch.finfo(x.dtype).eps / 2 * (slopes.abs() * leaf.detach().abs()).sum(1)
    unknown = of_points + 16 * (model.dim + 8) * model.precision * value.detach().abs().nan_to_num(nan=math.inf)
    blurred = unknown > DIGITS
    if float(blurred.double().mean()) <= BLURRED:
        return None
    text = (
        f"rounding moves log p by up to {float(unknown[blurred].median()):.2g} nats at {int(blurred.sum())} of {len(leaf)} draws: it has lost its digits there "
        "(a covariance or a scale that is singular in this precision), and these samples have no place on their fibres"
    )
    return Finding(SAMPLES, Status.UNDECIDED, text, {"without digits": int(blurred.sum()), "draws": len(leaf)})


def read_sampler(model: Model, sampler: Any) -> Sampler | None:
    """The user's sampler (n -> draws), wrapped with a seed; or else the model's own,
    if it works.

    Raises:
        InputError: not callable, or its draws have another shape.
    """
    if sampler is not None and not callable(sampler):
        raise InputError(
            f"Expected in sampler a function from n to n draws, such as lambda n: flow().sample((n,)), got {short(sampler)}."
        )
    own = model.sampler
    if sampler is None:
        try:
            return own if own is None or model.read(own(2, 0), "samples").shape[0] == 2 else None
        except (*CALL_ERRORS, InputError):
            return None  # nobody asked for the object's own sampler

    def draw(n: int, seed: int) -> Tensor:
        devices = [model.points.device] if model.points.device.type == "cuda" else []
        try:
            with torch.no_grad(), torch.random.fork_rng(devices=devices):
                torch.manual_seed(seed)
                drawn = sampler(n)
        except CALL_ERRORS as error:  # the user's own code: told, not swallowed
            line = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
            raise InputError(
                f"Drawing {n} samples raised {type(error).__name__}: {line}. Give a sampler that takes a number and returns draws."
            ) from error
        found = model.read(drawn, "samples")
        if found.shape[0] != n:
            raise InputError(
                f"Expected {n} draws from sampler({n}), got {found.shape[0]}; the first axis counts draws."
            )
        return found

    draw(2, 0)
    return draw


def _place(model: Model, x: Tensor, coordinate: Tensor) -> tuple[Tensor, Tensor]:
    """F(x_k | the rest) by panels from x_k to both ends of its fibre; and its estimated
    error; ``(N,)`` each."""
    rows = torch.arange(x.shape[0], device=x.device)
    spread = (x - x.median(0).values).abs().mean(0).clamp_min(torch.finfo(x.dtype).tiny)
    chosen = x[rows, coordinate]

    def along(u: Tensor) -> Tensor:
        which = u[:, 1].long()
        points = x[which].clone()
        points[torch.arange(which.numel(), device=x.device), coordinate[which]] = (
            chosen[which] + u[:, 0] * spread[coordinate[which]]
        )
        return model.log_prob(points)

    totals, errors = [], []
    for side in (-1.0, 1.0):
        lines = Lines(
            along, lambda u: torch.zeros_like(u[:, 0]), lambda log_p, log_s: log_p, rows[:, None].to(x), torch.zeros_like(chosen),
            torch.full_like(chosen, side), tile=max(15, (1 << 16) // model.dim), precision=model.precision,
        )  # fmt: skip
        table = PanelTable(
            lines, rows, torch.zeros_like(chosen), to_end=True, tolerance=PLACED, fine=PLACED, slopes=False
        )
        totals.append(torch.where(table.finite, table.log_total, torch.nan))
        errors.append((table.log_total_error - table.log_total).exp().nan_to_num(nan=0.0))  # nothing on that side
    place = torch.sigmoid(totals[0] - totals[1])
    return place, place * (1 - place) * (errors[0] + errors[1])


# -- data -----------------------------------------------------------------------------------------------------------------------


def atoms(points: Tensor) -> Finding:
    """Whether coordinates repeat: under a continuous distribution no two draws share a
    coordinate, so that repeats are atoms (or copies)."""
    n = points.shape[0]
    repeated = torch.tensor([n - torch.unique(column).numel() for column in points.mT])
    worst = int(repeated.argmax())
    allowed = n * (n - 1) / 2 * 2.0**-23 + 10  # copies by chance among 24-bit numbers, and then some
    if int(repeated[worst]) > max(allowed, 0.02 * n):
        column = points[:, worst]
        values, counts = torch.unique(column, return_counts=True)
        value = float(values[counts.argmax()])
        whole = bool((points * 255 == (points * 255).round()).all()) or bool((points == points.round()).all())
        text = (
            f"coordinate {worst} repeats: {value:.4g} comes {int(counts.max())} times in {n} inliers, and {int((repeated > max(allowed, 0.02 * n)).sum())} of {points.shape[1]} "
            "coordinates have repeats. Such a distribution has atoms and no density: log p can be made as large as one likes there. "
            + ("These are whole levels: dequantise them" if whole else "Dequantise or add the noise of measurement")
        )
        return Finding(
            ATOMS, Status.REFUTED, text, {"coordinate": worst, "value": value, "times": int(counts.max()), "of": n}
        )
    return Finding(
        ATOMS, Status.HOLDS, f"no coordinate of {n} inliers repeats more often than rounding to 24 bits explains"
    )
