"""Typicality under bijections: it moves with the volume factor, and vanishes or turns where one wants it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import densities, mapped_laws
from numerics import typicality as measures
from numerics.random import Stream, tiles
from numerics.transports import ArbitraryScore, HypothesisError, Slope, bijections
from proofs_checks.errors import InputError
from proofs_checks.kernel import Bound, Case, Cases, Control, Test, identity, inapplicable, measured, structural, tested
from proofs_checks.strategies.typicality import mapped_law_cases, mapped_sample_cases
from theory import transports as exact_transports
from theory import typicality as symbols
from theory.densities import Fibre, saturated

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Rule = Callable[[Any, Any, Any], Any]
Survivors = Callable[[Any], tuple[Any, ...]]
Tails = tuple[tuple[str, sp.Expr, sp.Expr, sp.Expr, sp.Expr], ...]

EPS = torch.finfo(torch.float64).eps
TILE = 1 << 17
POINTS = 256  # at which T_f and T are compared, of the samples
NODES = {1: 6001, 2: 181}  # of the grid that the entropies are integrated over, along each axis
MARGIN = 0.6  # of the pilot's range that is added to the grid's box on each side

x, y, t, w = (sp.Symbol(name, real=True) for name in "xytw")
H, M, LOG_DENSITY, CHANGE, STRETCH = (sp.Symbol(name, real=True) for name in ("H", "m", "lambda_p", "lambda_J", "b"))
R, SLOPE, SPREAD = (sp.Symbol(name, positive=True) for name in ("R", "a", "v"))
f, LOG_P, LOG_S, DISTRIBUTION = (sp.Function(name, real=True) for name in ("f", "lambda", "sigma", "F"))
DELTA = sp.Function("Delta", positive=True)  # |det| of the smaller block, as a function of its size

cases = {
    "numeric": Cases(mapped_law_cases, always=[
        Case(D=1, f="sinh", seed=1, size=1024), Case(D=64, f="gumbel", seed=1, size=256), Case(D=2, f="normal-cdf", seed=1, size=256),
        Case(D=64, f="score:inverse", seed=2, size=64), Case(D=3, f="score:flat", seed=2, size=64), Case(D=1, f="score:half", seed=3, size=256),
    ]),
    "statistical": Cases(mapped_sample_cases, always=[
        Case(D=1, f="deep", seed=1, size=50_000), Case(D=2, f="triangular", seed=1, size=50_000),
    ]),
}  # fmt: skip


def moved(typicality: Any, log_volume: Any, mean: Any) -> Any:
    """T - (log|J| - E log|J|): the rule that the claim states."""
    return typicality - (log_volume - mean)


def still_or_turned(typicality: Any) -> tuple[Any, ...]:
    """0 and 2T: where T stays, and where it changes its sign."""
    return 0 * typicality, 2 * typicality


def affine(at: sp.Expr) -> sp.Expr:
    """a x + b."""
    return SLOPE * at + STRETCH


# log|J| has a finite mean where what it gathers beyond R tends to 0: p log|J| for large t, an antiderivative, and an interval.
SOUND_TAILS: Tails = (
    ("Laplace law under sinh, log cosh t = t - log 2 + ..", t * sp.exp(-t) / 2, -(t + 1) * sp.exp(-t) / 2, R, 2 * R),
)
CAUCHY_TAILS: Tails = (("Cauchy law under sinh", t / (sp.pi * (1 + t**2)), sp.log(1 + t**2) / (2 * sp.pi), R, 2 * R),)


# -- by symbols -------------------------------------------------------------------------------------------------------------


def exact(
    *,
    rule: Rule = moved,
    chart: Callable[[sp.Expr], sp.Expr] = affine,
    survivors: Survivors = still_or_turned,
    tails: Tails = SOUND_TAILS,
) -> list[Evidence]:
    """The entropy by mass balance in every D; the rule; both equivalences by factoring; the maps of special interest; integrability."""
    typical = H + LOG_DENSITY
    image = symbols.moved(H, M, LOG_DENSITY, CHANGE)
    excess = CHANGE - M
    return [
        identity(image, rule(typical, CHANGE, M), name="T_f = T - (log|J| - E log|J|)"),
        identity(typical - image, symbols.survivor_product(excess, (sp.S.Zero,)), name="T_f = T at x iff log|J| = E log|J| there"),
        identity(
            image**2 - typical**2, symbols.survivor_product(excess, survivors(typical)),
            name="|T_f| = |T| at x iff log|J| - E log|J| is 0 or 2T there",
        ),
        identity(
            symbols.expectation((image - typical) ** 2, {CHANGE: lambda k: (sp.S.One, M, SPREAD + M**2)[k]}), SPREAD,
            name="E (T_f - T)^2 = Var(log|J|)",
        ),
        *_special_maps(rule),
        _survives(rule, chart),
        *(obligation for tail in tails for obligation in _gathered(*tail)),
        _entropy_in_every_dimension(),
    ]  # fmt: skip


def _entropy_in_every_dimension() -> Evidence:
    """H_f = H + E log|J|: on a line, and for a triangular coordinate added to a map of size D with volume factor Delta(D)."""
    dim, corner = exact_transports.DIMENSION, sp.Symbol("d", real=True)

    def line(sign: int) -> Evidence:
        fibre = Fibre(sign * f(x), x, x, sign)
        sides = symbols.entropy_balance(LOG_P(x), fibre, sp.log(fibre.slope))
        return identity(
            *sides, assuming=[fibre.slope > 0], name=f"entropy of intervals, {'in' if sign == 1 else 'de'}creasing f"
        )

    fibre = Fibre(sp.Function("h", real=True)(w, x), x, x)
    sides = symbols.entropy_balance(LOG_P(w, x), fibre, sp.log(DELTA(dim)) + sp.log(fibre.slope), others=DELTA(dim))
    step = [
        identity(
            exact_transports.bordered_determinant(corner),
            corner * exact_transports.MINORS(dim + 1),
            name="determinant of a bordered triangle",
        ),
        identity(*sides, assuming=[fibre.slope > 0], name="entropy of boxes, a triangular coordinate more"),
    ]
    small = []
    for size in (1, 2, 3):
        matrix = exact_transports.triangular_map(size, exact_transports.coordinates(size)).jacobian(
            sp.Matrix(exact_transports.coordinates(size))
        )
        small.append(
            identity(
                matrix.det(method="berkowitz"),
                exact_transports.diagonal_product(matrix),
                name=f"determinant, D = {size}",
            )
        )
    return structural(dim, base=[line(1), line(-1)], step=step, small=small, name="entropy of the image")


def _special_maps(rule: Rule) -> list[Evidence]:
    """Score reversal, any score, and Knothe-Rosenblatt: volume factors from the maps' own construction, undefined p and s."""
    typical, log_p, log_s = H + LOG_P(x, w), LOG_P(x, w), LOG_S(x, w)
    base = sp.Function("c", real=True)(w)

    def slope(log_score: sp.Expr) -> sp.Expr:
        return sp.log(sp.diff(exact_transports.score_coordinate(log_p - log_score, x, base), x))

    mean_score = sp.Symbol("e", real=True)  # E log s
    conditional = DISTRIBUTION(w, x)
    joint = sp.log(
        DELTA(exact_transports.DIMENSION) * conditional.diff(x)
    )  # p of D + 1 coordinates is that of D times the conditional
    return [
        identity(slope(-log_p), 2 * log_p, name="reversal has log|J| = 2 log p, so that its mean is -2H"),
        identity(rule(typical, slope(-log_p), -2 * H), -typical, name="under reversal T_f = -T"),
        identity(
            rule(typical, slope(log_s), -H - mean_score), log_s - mean_score, name="under the map of a score s, T_f = log s - E log s"
        ),
        identity(
            rule(H + joint, sp.log(DELTA(exact_transports.DIMENSION)) + sp.log(conditional.diff(x)), -H), 0,
            assuming=[conditional.diff(x) > 0], name="under Knothe-Rosenblatt T_f = 0",
        ),
    ]  # fmt: skip


def _survives(rule: Rule, chart: Callable[[sp.Expr], sp.Expr]) -> Evidence:
    """T_f - T is the same at any two points, as it must be to vanish at both: the mean of log|J| drops out."""

    def change(at: sp.Symbol) -> sp.Expr:
        return rule(H + LOG_P(at), sp.log(sp.diff(chart(at), at)), M) - (H + LOG_P(at))

    return identity(change(x), change(y), name="T survives the chart")


def _gathered(name: str, integrand: sp.Expr, antiderivative: sp.Expr, low: sp.Expr, high: sp.Expr) -> list[Evidence]:
    """The mean of log|J| over an interval that runs to infinity tends to 0; otherwise E log|J| is infinite."""
    mass = symbols.truncated_mean(antiderivative, t, low, high)
    return [
        identity(sp.diff(antiderivative, t), integrand, name=f"antiderivative: {name}"),
        identity(sp.limit(saturated(mass), R, sp.oo), 0, name=f"log|J| is integrable: {name}"),
    ]


# -- by floating point --------------------------------------------------------------------------------------------------------


def numeric(
    case: Case, stream: Stream, *, rule: Rule = moved, survivors: Survivors = still_or_turned
) -> list[Evidence]:
    """T_f by the image's own density and entropy against the rule; or through the Jacobian of the map that realises a score."""
    kind, _, score = case.f.partition(":")
    seeded = Stream(case.seed, stream.device, stream.dtype)
    if score == "half":
        return _half_reversed(case, stream, seeded, rule, survivors)
    return (
        [_scored(case, stream, seeded, score, rule)]
        if score
        else [_in_two_coordinates(case, stream, seeded, kind, rule)]
    )


def _in_two_coordinates(case: Case, stream: Stream, seeded: Stream, kind: str, rule: Rule) -> Evidence:
    law = mapped_laws.mapped_law(kind, case.D, seeded.fork("law"))
    points = law.source.sample(stream.fork("points"), case.size)
    entropy, image_entropy = (measures.entropy_and_variance(side)[1] for side in (law.source, law.image))
    (mean,) = measures.column_means(law.source, (law.log_slope,))
    means = [part.total() for part in (entropy, image_entropy, mean)]
    typical = means[0][0] + law.source.log_prob(points).sum(1)
    image = means[1][0] + law.image.log_prob(law.forward(points)).sum(1)
    log_volume = law.log_slope(points).sum(1)
    bound = Bound(
        {"quadrature": sum(error for _, error in means), "rounding": _rounding(law, points) + 1024 * EPS * case.D},
        "Three double-exponential rules at two steps, sums of 514 terms; log p, log p_f and log|f'| move with the rounding of x, f(x) and the parameters, "
        "eight units each, by their own derivatives.",
        estimated=("quadrature",), assumes=("the densities are smooth on both sides of the median",),
    )  # fmt: skip
    return measured(
        (image - rule(typical, log_volume, means[2][0])).abs(), bound, points=case.size, resolves=1e-4,
        name="T in the image's own coordinate",
    )  # fmt: skip


def _rounding(law: mapped_laws.MappedLaw, points: Tensor) -> Tensor:
    """Eight units of rounding in x, in f(x) and in the parameters, carried by the derivatives of the three functions that are compared."""
    leaf = points.detach().requires_grad_()
    with torch.enable_grad():
        y = law.forward(leaf)
        slope = torch.autograd.grad(y.sum(), leaf, create_graph=True)[0]
        log_slope = slope.abs().log()
        bent = _derivative(log_slope, leaf)
        log_p = law.source.log_prob(leaf)
        image = y.detach().requires_grad_()
        log_q = law.image.log_prob(image)
        steep = _derivative(log_p, leaf).abs() + bent.abs(), _derivative(log_q, image).abs()
    spot = 1 + points.abs()  # parameters are of order 1
    sizes = 1 + sum(part.detach().abs() for part in (log_slope, log_p, log_q))
    return 8 * EPS * (steep[0] * spot + steep[1] * (1 + image.detach().abs()) + 4 * sizes).sum(1)


def _derivative(value: Tensor, leaf: Tensor) -> Tensor:
    """d value / d leaf column by column, zero where value does not depend on it."""
    if not value.requires_grad:
        return torch.zeros_like(leaf)
    found = torch.autograd.grad(value.sum(), leaf, allow_unused=True, retain_graph=True)[0]
    return torch.zeros_like(leaf) if found is None else found.detach()


def _scored(case: Case, stream: Stream, seeded: Stream, score: str, rule: Rule) -> Evidence:
    """Typicalities about the mean over the very points: log p_f through the Jacobian as evaluated, against log|J| = log p - log s."""
    law = densities.random_mixture(case.D, 4, seeded.fork("p"))
    log_score = densities.log_score(score, law, seeded.fork("s"))
    points = law.sample(case.size, stream.fork("points"))
    transport = ArbitraryScore(law.log_prob, log_score, dim=case.D).centred(points)
    slope = transport.slope(points)
    log_p = law.log_prob(points)
    image, log_volume = log_p - slope.value.abs().log(), log_p - log_score(points)
    bound = _slope_bound(slope, case.D, len(transport.rule))
    residual = (_about_mean(image) - rule(_about_mean(log_p), log_volume, log_volume.mean())).abs()
    return measured(
        residual, bound, points=case.size, resolves=0.05, name="T through the Jacobian of the map as evaluated"
    )


def _about_mean(values: Tensor) -> Tensor:
    return values - values.mean()


def _slope_bound(slope: Slope, dim: int, nodes: int) -> Bound:
    """The error of log of a slope at a point, and its mean, which the entropy of the sample takes in."""
    truncation, rounding = measures.log_slope_error(slope, dim, nodes)
    return Bound(
        {"quadrature": truncation + truncation.mean(), "rounding": rounding + rounding.mean()},
        "The map's derivative is its quadrature differentiated node by node; truncation by the embedded rule, rounding by the sum of the absolute values of its terms; "
        "the mean over the points errs by the mean of the errors.",
        estimated=("quadrature",),
        assumes=(
            "log p - log s is smooth along x_1, so that the 31-node rule errs more than the 63-node rule",
            "log p, log s and their derivatives along x_1 are computed to within 16 (D + 8) units of rounding of 1 + |log p| + |log s|",
        ),
    )


def _half_reversed(case: Case, stream: Stream, seeded: Stream, rule: Rule, survivors: Survivors) -> list[Evidence]:
    """A centred normal law, reversed for x > 0 and left alone for x < 0; the points are symmetric, so that T has mean 0 on each side."""
    law = densities.gaussian(1, 0.5 + float(seeded.uniform(1)), stream.uniform(1))
    half = law.sample(max(1, case.size // 2), stream.fork("points"))
    points = torch.cat([half, -half])
    log_p = law.log_prob(points)
    entropy = -log_p.mean()

    def log_score(at: Tensor) -> Tensor:  # p/s = e^(2T) on the right, and 1 on the left
        log_q = law.log_prob(at)
        return torch.where(at[:, 0] > 0, -log_q - 2 * entropy, log_q)

    transport = ArbitraryScore(law.log_prob, log_score, dim=1)
    slope = transport.slope(points)
    log_volume = slope.value.abs().log()
    typical, image = log_p + entropy, _about_mean(log_p - log_volume)
    excess = _about_mean(log_volume)
    bound = _slope_bound(slope, 1, len(transport.rule))
    survives = torch.stack([(excess - value).abs() for value in survivors(typical)]).amin(0)
    return [
        measured((image - rule(typical, log_volume, log_volume.mean())).abs(), _twice(bound), points=points.shape[0], resolves=0.05, name="T, reversed on one side"),
        measured((image.abs() - typical.abs()).abs(), bound, points=points.shape[0], resolves=0.05, name="|T| survives although log|J| is neither constant nor 2T"),
        measured(survives, _twice(bound), points=points.shape[0], resolves=0.05, name="log|J| - E log|J| is among the survivors where |T| survives"),
    ]  # fmt: skip


def _twice(bound: Bound) -> Bound:
    return Bound(
        {name: 2 * term for name, term in bound.terms.items()}, bound.derivation, bound.estimated, bound.assumes
    )


# -- by sampling --------------------------------------------------------------------------------------------------------------


def statistical(case: Case, stream: Stream, *, rule: Rule = moved, f: Any = None) -> Evidence:
    """T_f through the inverse and an entropy integrated over the image, against the tracked log|J| and its mean over draws."""
    if case.D > 2:
        return inapplicable("the entropy of the image is integrated in D = 1 or 2")
    seeded = Stream(case.seed, stream.device, stream.dtype)
    law = densities.random_mixture(case.D, 4, seeded.fork("p"))
    chosen, (low, high) = _bijection(case, seeded, f)
    pilot = law.sample(2000, stream.fork("pilot"))

    def log_image(at: Tensor) -> Tensor:
        back = chosen.inverse(at)
        return law.log_prob(back) + torch.linalg.slogdet(bijections.jacobians(chosen.inverse, at)).logabsdet

    entropies = [
        _entropy(function, cloud, case.D)
        for function, cloud in ((law.log_prob, pilot), (log_image, chosen.forward(pilot)))
    ]
    total, drawn = torch.zeros((), dtype=torch.float64, device=stream.device), stream.fork("samples")
    for size in tiles(case.size, TILE):
        total = total + chosen.log_det(law.sample(size, drawn)).sum()
    points = pilot[:POINTS]
    typical = entropies[0][0] + law.log_prob(points)
    image = entropies[1][0] + log_image(chosen.forward(points))
    statistic = (image - rule(typical, chosen.log_det(points), total / case.size)).abs().max()
    condition = torch.linalg.cond(bijections.jacobians(chosen.forward, points)).max()
    slack = Bound(
        {
            "entropies": entropies[0][1] + entropies[1][1],
            "rounding": 256 * (case.D + 8) * EPS * condition.square() * float(1 + typical.abs().max()),
        },
        "Trapezoid rules for both entropies at two spacings, with 64 nats for the mass that the box leaves out; the inverse returns to x within D + 8 units amplified twice by the condition of the Jacobian.",
        estimated=("entropies",),
        assumes=("both densities are smooth up to kinks, and beyond the box log p is above -64",),
    )
    return tested(
        statistic,
        Test.hoeffding(case.size, high - low),
        resolves=0.5,
        slack=slack,
        name="T_f against the rule, the mean of log|J| drawn",
    )


def _bijection(case: Case, seeded: Stream, f: Any) -> tuple[Any, tuple[float, float]]:
    if f is None:
        chosen = bijections.bijection(case.f, case.D, seeded.fork("f"))
        assert isinstance(chosen, bijections.Composition)
        return chosen, measures.log_det_interval(chosen)
    missing = [name for name in ("forward", "inverse", "log_det", "log_det_range") if not hasattr(f, name)]
    if missing:
        raise InputError(
            f"Expected f with forward(x), inverse(y), log_det(x) and log_det_range, a pair (low, high) that bounds log_det; it has no {', '.join(missing)}. "
            "Without a range, a mean of log|J| has no error bound at finite n."
        )
    low, high = map(float, f.log_det_range)
    if not low < high:
        raise InputError(f"Expected log_det_range = (low, high) with low < high, got {(low, high)}.")
    return f, (low, high)


def _entropy(log_density: Callable[[Tensor], Tensor], cloud: Tensor, dim: int) -> tuple[float, float]:
    """-int q log q over a box around a cloud, and the estimate of its error."""
    corners = torch.stack([cloud.amin(0), cloud.amax(0)])
    reach = MARGIN * (corners[1] - corners[0])
    try:
        (mass, _), (value, error) = measures.grid_entropy(
            log_density, torch.stack([corners[0] - reach, corners[1] + reach]), NODES[dim]
        )
    except (HypothesisError, ValueError) as failed:
        raise InputError(f"The image's density could not be evaluated around the samples: {failed}") from None
    return value, error + 64 * abs(1 - mass)


def cases_for(*, f: Any = None, **others: object) -> list[Case]:
    """For a reader's bijection: the dimensions 1 and 2 that it accepts; for other objects, the declared cases."""
    if f is None:
        return list(cases["numeric"].always)
    found = []
    for dim in (1, 2):
        try:
            if f.forward(torch.zeros(2, dim, dtype=torch.float64)).shape == (2, dim):
                found.append(Case(D=dim, seed=1, size=100_000))
        except (RuntimeError, IndexError, TypeError, ValueError, AttributeError):
            continue
    if not found:
        raise InputError(
            "f.forward accepted points (2, D) for neither D = 1 nor D = 2. Expected a map from (N, D) to (N, D)."
        )
    return found


# -- what is false ------------------------------------------------------------------------------------------------------------


def unchanged(typicality: Any, log_volume: Any, mean: Any) -> Any:
    """T itself."""
    return typicality


def with_old_entropy(typicality: Any, log_volume: Any, mean: Any) -> Any:
    """T - log|J|: the entropy is taken for a number of the data."""
    return typicality - log_volume


def still(typicality: Any) -> tuple[Any, ...]:
    """0 alone, twice, since two factors are asked for."""
    return 0 * typicality, 0 * typicality


_LINE, _PLANE = Case(D=1, f="deep", seed=9, size=100_000), Case(D=2, f="triangular", seed=7, size=100_000)

controls = {
    "invariant-under-sinh": [
        Control(exact, chart=sp.sinh),
        Control(
            numeric, cases=[Case(D=1, f="sinh", seed=4, size=64), Case(D=64, f="sinh", seed=4, size=64)], rule=unchanged
        ),
        Control(statistical, cases=[_LINE, _PLANE], rule=unchanged),
    ],
    "entropy-unchanged": [
        Control(exact, rule=with_old_entropy),
        Control(
            numeric,
            cases=[Case(D=1, f="sinh", seed=4, size=64), Case(D=64, f="score:inverse", seed=4, size=64)],
            rule=with_old_entropy,
        ),
        Control(statistical, cases=[_LINE, _PLANE], rule=with_old_entropy),
    ],
    "only-constant-volume": [
        Control(exact, survivors=still),
        Control(numeric, cases=[Case(D=1, f="score:half", seed=4, size=64)], survivors=still),
    ],
    "every-bijection-has-an-entropy": [Control(exact, tails=CAUCHY_TAILS)],
}


def figure() -> Figure:
    """T of the same draws and of the same outlier in four representations of a normal law."""
    from matplotlib.figure import Figure

    law = mapped_laws.mapped_law("sinh", 1, Stream(2))
    law = mapped_laws.MappedLaw(type(law.source)(0.0, 1.0), torch.sinh, law.image)
    points = torch.cat([torch.tensor([[2.6]], dtype=torch.float64), law.source.sample(Stream(5), 20_000)])
    entropy = float(measures.entropy_and_variance(law.source)[1].value)
    (mean,) = measures.column_means(law.source, (law.log_slope,))
    typical = (entropy + law.source.log_prob(points))[:, 0]
    shown = {
        "x": typical, "sinh x": moved(typical, law.log_slope(points)[:, 0], float(mean.value)), "score reversal": -typical, "F(x)": 0 * typical,
    }  # fmt: skip
    drawing = Figure(figsize=(7.2, 2.2), layout="constrained")
    for axis, (name, values) in zip(drawing.subplots(1, 4, sharex=True), shown.items(), strict=True):
        axis.hist(values[1:].numpy(), bins=30, range=(-3.5, 3.5), histtype="stepfilled", color="0.75")
        axis.axvline(float(values[0]), color="C3", ls="--", lw=1)
        axis.set(title=name, yticks=[], xlabel="T (nats)")
    return drawing
