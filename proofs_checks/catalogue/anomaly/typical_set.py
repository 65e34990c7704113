"""Typical sets: nearly all of the mass, about e^(NH) of volume, and not the mode."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp
import torch
from torch import Tensor

from numerics import marginals as laws
from numerics import typical_sets, typicality
from numerics.foreign_marginals import as_product
from numerics.marginals import Product
from numerics.random import Stream, tiles
from numerics.statistics import UniformGrid, uniform_bracket
from numerics.typical_sets import MeasuredLaw, TypicalSet
from proofs_checks.errors import InputError
from proofs_checks.kernel import (
    Bound,
    Case,
    Cases,
    Control,
    Test,
    finite,
    identity,
    measured,
    structural,
    tested,
    undecided,
)
from proofs_checks.strategies.typicality import drawn_sequence_cases, typical_set_cases
from theory import typicality as symbols
from theory.entangling import taylor_coefficient

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

Exponents = Callable[[Any, Any, Any], tuple[Any, Any]]
Spread = Callable[[Any, Any], Any]
Excess = Callable[[Any, Any], Any]
Member = Callable[[Any, Any], Any]
Draw = Callable[[Product, int, Stream], Tensor]

EPS = torch.finfo(torch.float64).eps
TILE = 1 << 19
CELLS = 1 << 14
WEIGHED = 1e-6  # how far the mass by quadrature may be from 1 before H by the same rule is not believed
FAMILIES = {
    "normal": laws.Normal, "laplace": laws.Laplace, "exponential": laws.Exponential, "uniform": laws.Uniform,
    "logistic": laws.Logistic, "gumbel": laws.Gumbel,
}  # fmt: skip
SMOOTH = "log p is smooth on both sides of the median"
GAMMA = "SciPy's incomplete gamma function is within 2^-30"

A, S, U, EPSILON = (sp.Symbol(name, positive=True) for name in ("a", "s", "u", "epsilon"))
N, D = (sp.Symbol(name, integer=True, positive=True) for name in ("N", "D"))
H, X, W = (sp.Symbol(name, real=True) for name in ("H", "x", "w"))
V = sp.Symbol("v", nonnegative=True)

cases = {
    "numeric": Cases(typical_set_cases, always=[
        Case(D=1, N=1, p="normal", k=2, seed=1, size=64),
        Case(D=64, N=1 << 20, p="normal", k=3, seed=2, size=64), Case(D=64, N=1, p="laplace", k=2, seed=3, size=64),
        Case(D=3, N=16, p="uniform", k=2, seed=4, size=64),
    ]),
    "statistical": Cases(drawn_sequence_cases, always=[
        Case(D=1, N=1, p="normal", k=2, seed=1, size=100_000), Case(D=64, N=1, p="normal", k=2, seed=1, size=20_000),
        Case(D=1, N=64, p="laplace", k=2, seed=1, size=20_000), Case(D=2, N=4, p="logistic", k=3, seed=1, size=20_000),
    ]),
}  # fmt: skip


def within(typicality: Any, epsilon: Any) -> Any:
    """|T| <= epsilon: membership in the typical set."""
    return abs(typicality) <= epsilon


def two_sided(entropy: Any, epsilon: Any, length: Any) -> tuple[Any, Any]:
    """N (H - epsilon) and N (H + epsilon)."""
    return length * (entropy - epsilon), length * (entropy + epsilon)


def divided(variance: Any, length: Any) -> Any:
    """Var(log p) / N."""
    return variance / length


def shape_times_dim(dim: Any, shape: Any) -> Any:
    """D a: D/2 for a Gaussian."""
    return dim * shape


def itself(entropy: Any) -> Any:
    """The differential entropy, whatever its sign."""
    return entropy


# -- by symbols -------------------------------------------------------------------------------------------------------------


def exact(
    *,
    exponents: Exponents = two_sided,
    spread: Spread = divided,
    excess: Excess = shape_times_dim,
    entropy: Any = itself,
) -> list[Evidence]:
    """Chebyshev and the volume bounds from terms of one sign; closed forms in every D, a coordinate at a time."""
    return [*_chebyshev(spread), *_volume(exponents), *_negative(entropy), *_exponential_power(excess), *_normal()]


def _chebyshev(spread: Spread) -> list[Evidence]:
    """Var of the mean, by induction on N; and y^2/eps^2 >= 1 outside the interval, with a nonnegative excess."""
    step = identity(
        symbols.variance_of_sum(N**2 * spread(V, N), V) / (N + 1) ** 2,
        spread(V, N + 1),
        name="one more independent term",
    )
    small = [
        identity(symbols.variance_of_sum(*[V] * n) / n**2, spread(V, sp.Integer(n)), name=f"expanded square, N = {n}")
        for n in (2, 3, 4)
    ]
    outside = symbols.chebyshev_excess(EPSILON, U)
    scaled = sp.expand(outside * EPSILON**2)
    return [
        structural(N, base=identity(spread(V, sp.S.One), V), step=step, small=small, name="variance of the mean"),
        identity(
            ((EPSILON + U) / EPSILON) ** 2 - 1, outside, name="y^2/eps^2 less the indicator, outside the interval"
        ),
        _nonnegative(scaled, (EPSILON, U), "coefficients of what Chebyshev's inequality gives away"),
    ]


def _nonnegative(polynomial: sp.Expr, variables: tuple[sp.Symbol, ...], of: str) -> Evidence:
    """A polynomial in positive variables without a negative coefficient."""
    powers = sp.Poly(polynomial, *variables).monoms()
    return finite(
        powers, lambda power: bool(sp.Poly(polynomial, *variables).coeff_monomial(power) >= 0),
        second=lambda power: bool(taylor_coefficient(polynomial, variables, power) >= 0), of=of, name="nonnegative",
    )  # fmt: skip


def _volume(exponents: Exponents) -> list[Evidence]:
    """On A, T = eps - u = -eps + u with u >= 0: p times either end of the claimed range is e^-Nu at most 1, or e^Nu at least 1."""
    low, high = exponents(H, EPSILON, N)
    return [
        identity(
            symbols.likelihood(EPSILON - U, H, N) * sp.exp(low), sp.exp(-N * U), name="p e^(N(H - eps)) <= 1 on A"
        ),
        identity(
            symbols.likelihood(U - EPSILON, H, N) * sp.exp(high), sp.exp(N * U), name="p e^(N(H + eps)) >= 1 on A"
        ),
    ]


def _exponential_power(excess: Excess) -> list[Evidence]:
    """exp(-|z/s|^(1/a)): u = |z/s|^(1/a) has gamma moments, a coordinate adds a - u to T, and D coordinates D of these."""
    k = sp.Symbol("k", integer=True, nonnegative=True)
    moments = {U: symbols.gamma_moments(A)}
    added = symbols.power_entropy(A, S) + symbols.log_power_density(S * X**A, A, S)
    above = sp.Symbol("x", positive=True)
    coordinate = [
        identity(*symbols.radial_density(A, S, U), name="the law of u is gamma(a)"),
        identity(*symbols.gamma_recurrence(A, k, U), name="moments of gamma(a) by parts"),
        identity(sp.limit(U ** (A + k) * sp.exp(-U), U, sp.oo), 0, name="no boundary term at infinity"),
        identity(sp.limit(U ** (A + k) * sp.exp(-U), U, 0, "+"), 0, name="no boundary term at zero"),
        identity(sp.powdenest(added.subs(X, above), force=True), A - above, name="a coordinate adds a - u to T"),
    ]
    mean = identity(symbols.expectation(A - U, moments), 0, name="E T = 0, so that H is the entropy")
    variance = identity(symbols.expectation((A - U) ** 2, moments), A, name="Var(log p) = a a coordinate")
    mode = identity(excess(sp.S.One, A), A, name="T at the mode, D = 1")
    step = [
        identity(symbols.variance_of_sum(D * A, A), (D + 1) * A, name="Var(log p) = D a"),
        identity(excess(D, A) + A, excess(D + 1, A), name="a coordinate more at its mode, u = 0"),
    ]
    small = [identity(symbols.variance_of_sum(*[A] * n), n * A, name=f"Var(log p), D = {n}") for n in (2, 3)]
    return [
        *coordinate,
        structural(D, base=[mean, variance, mode], step=step, small=small, name="exponential-power laws"),
    ]


def _normal() -> list[Evidence]:
    """Any covariance: x = m + L z with L triangular adds (1 - z^2)/2 a coordinate, whatever L and m are; z^2/2 is gamma(1/2)."""
    z, deviation, mean = sp.Symbol("z", real=True), sp.Symbol("l", positive=True), sp.Function("mu", real=True)(W)
    added = symbols.normal_entropy(deviation) + symbols.log_normal_density(mean + deviation * z, mean, deviation)
    positive, half = sp.Symbol("z", positive=True), sp.Rational(1, 2)
    power = symbols.log_power_density(positive, half, sp.sqrt(2) * deviation)
    here = symbols.log_normal_density(positive, 0, deviation)
    return [
        identity(added, (1 - z**2) / 2, name="what a coordinate of a normal law adds to T"),
        identity(power, here, name="the normal law is exponential-power, a = 1/2, s = sqrt(2) sigma"),
        identity(symbols.power_entropy(half, sp.sqrt(2) * deviation), symbols.normal_entropy(deviation), name="its entropy"),
    ]  # fmt: skip


def _negative(entropy: Any) -> list[Evidence]:
    """A normal law with H = -1, and T = -1 + log p(mode) = 1/2 there."""
    narrow = sp.exp(sp.Rational(-3, 2)) / sp.sqrt(2 * sp.pi)
    used = entropy(sp.simplify(sp.expand_log(symbols.normal_entropy(narrow), force=True)))
    return [
        identity(symbols.normal_entropy(narrow), -1, name="a negative entropy"),
        identity(used + symbols.log_normal_density(sp.S.Zero, 0, narrow), sp.Rational(1, 2), name="T at its mode"),
    ]


# -- by floating point --------------------------------------------------------------------------------------------------------


def declared_law(case: Case, stream: Stream) -> Product:
    """D columns of one family at random places, with scales between 1/8 and 8: entropies of both signs."""
    place, scale = 2 * stream.normal(case.D), torch.exp(2.0 * (2 * stream.uniform(case.D) - 1))
    family = FAMILIES[case.p]
    return Product([family(place, place + scale) if family is laws.Uniform else family(place, scale)])


def numeric(
    case: Case, stream: Stream, *, exponents: Exponents = two_sided, spread: Spread = divided, excess: Excess = shape_times_dim,
    member: Member = within, law: Product | None = None,
) -> list[Evidence]:  # fmt: skip
    """Closed forms against quadrature, Chebyshev against the exact mass, and the volume bounds against a shell's volume."""
    seeded = Stream(case.seed, stream.device, stream.dtype)
    found, shape = _measured_law(case, seeded, law)
    evidence = [_mass_of_the_density(found)]
    if shape is None and case.get("p") == "uniform":
        shape = 0.0
    if shape is not None:
        evidence += _closed_forms(found, shape, excess)
    if case.get("p") == "normal" and law is None:
        z = torch.cat(
            [stream.fork("points").normal(case.size, case.D), torch.zeros(1, case.D).to(stream.device, stream.dtype)]
        )
        evidence.append(_any_covariance(z, seeded.fork("covariance"), excess))
    if shape:
        evidence.append(_chebyshev_bound(case, found, shape, spread))
        evidence.append(_shell(_typical_set(case, found, found.entropy, member), found, shape, exponents))
    return evidence


def _measured_law(case: Case, seeded: Stream, law: Any) -> tuple[MeasuredLaw, float | None]:
    """The case's law or the reader's, with a where it is exponential-power: its typicality is then D a minus a gamma variable."""
    try:
        chosen = declared_law(case, seeded.fork("law")) if law is None else as_product(law)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    return MeasuredLaw(chosen), typical_sets.shape_of(chosen)


def _typical_set(case: Case, found: MeasuredLaw, entropy: float, member: Member) -> TypicalSet:
    """k standard deviations of the mean log density to each side."""
    return TypicalSet(found.law, case.N, float(case.k) * found.deviation() / math.sqrt(case.N), entropy, member)


def cases_for(*, law: Any = None, **others: object) -> list[Case]:
    """Sequences of one and of sixteen points of a reader's law; for other objects, the declared cases."""
    if law is None:
        return list(cases["numeric"].always)
    try:
        dim = as_product(law).dimension
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    return [Case(D=dim, N=n, k=2, seed=1, size=20_000 if dim * n <= 256 else 2_000) for n in (1, 16)]


def _mass_of_the_density(found: MeasuredLaw) -> Evidence:
    mass = found.mass
    bound = Bound(
        {"quadrature": mass.estimate, "rounding": 512 * EPS * torch.ones_like(mass.value)},
        "The same double-exponential rule as for the entropy, at two steps; a sum of 514 terms.",
        estimated=("quadrature",), assumes=(SMOOTH,),
    )  # fmt: skip
    return measured(
        (mass.value - 1).abs(), bound, points=mass.value.numel(), resolves=1e-4, name="the density has mass 1"
    )


def _closed_forms(found: MeasuredLaw, shape: float, excess: Excess) -> list[Evidence]:
    """Var(log p) = a and T(mode) = a in every column, D a in all."""
    dim = found.law.dimension
    rounding = 512 * EPS * (1 + found.entropies.value.abs()) * (1 + shape)
    variance = Bound(
        {"quadrature": found.variances.estimate + 4 * found.entropies.estimate, "rounding": 4 * rounding},
        "Double-exponential rule at two steps; the mean enters squared deviations to second order, and the sum has 514 terms.",
        estimated=("quadrature",), assumes=(SMOOTH,),
    )  # fmt: skip
    at_mode = found.entropy + float(typicality.highest_log_density(found.law).sum())
    mode = Bound(
        {"quadrature": found.entropy_error, "rounding": float(rounding.sum())},
        "H by the rule at two steps; golden section ends within rounding of the mode, at a corner within the slope times that.",
        estimated=("quadrature",), assumes=(SMOOTH,),
    )  # fmt: skip
    off = (found.variances.value - shape).abs()
    return [
        measured(off, variance, points=dim, resolves=1e-4, name="Var(log p) a column"),
        measured(abs(at_mode - float(excess(dim, shape))), mode, points=1, resolves=1e-4, name="T at the mode"),
    ]


def _any_covariance(z: Tensor, seeded: Stream, excess: Excess) -> Evidence:
    """torch's multivariate normal at x = m + L z, beside (D - |z|^2)/2; the mode is the last row, z = 0."""
    dim = z.shape[1]
    factor = torch.tril(seeded.normal(dim, dim), -1) / math.sqrt(dim) + torch.diag(0.3 + seeded.uniform(dim))
    mean = seeded.normal(dim)
    law = torch.distributions.MultivariateNormal(mean, scale_tril=factor, validate_args=False)
    standard = MeasuredLaw(Product([laws.Normal(0.0, 1.0)])).entropy
    entropy = dim * standard + float(torch.linalg.slogdet(factor).logabsdet)
    statistic, square = law.log_prob(mean + z @ factor.mT) + entropy, z.square().sum(1)
    expected = torch.cat([(dim - square[:-1]) / 2, square.new_full((1,), float(excess(dim, 0.5)))])
    amplified = 8 * dim * EPS * torch.linalg.cond(factor)
    bound = Bound(
        {
            "triangular solve": amplified * (1 + square + mean.norm() / factor.diagonal().min() * square.sqrt()),
            "sums": 64 * EPS * (dim + square + abs(entropy)),
        },
        "Forming x and solving for z each err by D units amplified by the condition of L, on |z| and on the mean; log p is quadratic in z.",
    )
    off = (statistic - expected).abs()
    return measured(off, bound, points=z.shape[0], resolves=1e-2, name="normal laws of any covariance")


def _chebyshev_bound(case: Case, found: MeasuredLaw, shape: float, spread: Spread) -> Evidence:
    """1 - Var/(N eps^2) against the exact mass, a gamma probability, for a ladder of eps."""
    sets = [
        _typical_set(Case(**{**case, "k": case.k * factor}), found, found.entropy, within)
        for factor in (Fraction(1, 2), Fraction(3, 4), 1, Fraction(3, 2))
    ]
    widths = torch.tensor([each.epsilon for each in sets], dtype=torch.float64)
    masses = torch.tensor([each.mass(shape) for each in sets], dtype=torch.float64)
    misses = (1 - float(spread(found.variance, case.N)) / widths**2 - masses).clamp_min(0.0)
    bound = Bound(
        {"gamma function": torch.full_like(misses, 2.0**-29), "Var(log p)": (found.variance_error + found.rounding) / (case.N * widths**2)},
        "Two values of the incomplete gamma function; the quadrature of Var(log p) over N eps^2.",
        estimated=("Var(log p)",), assumes=(GAMMA,),
    )  # fmt: skip
    return measured(misses, bound, points=len(sets), resolves=1e-3, name="mass of the typical set, exactly")


def _shell(typical: TypicalSet, found: MeasuredLaw, shape: float, exponents: Exponents) -> Evidence:
    """log of the set's volume, a shell in the norm of the law, against the claimed range; the one-sided set is the whole ball."""
    length = typical.length
    mass, volume = typical.mass(shape), typical.log_volume(shape, found.entropy)
    low, high = map(float, exponents(found.entropy, typical.epsilon, length))
    miss = max(0.0, math.log(mass) + low - volume, volume - math.log(mass) - high)
    sizes = abs(volume) + abs(low) + abs(high) + length * abs(found.entropy)
    size = sizes + typical.dim * (1 + math.log(1 + typical.dim * shape))
    bound = Bound(
        {"sums and log-gamma": 64 * EPS * size, "gamma function": 2.0**-29 / mass, "quadrature": 2 * length * (found.entropy_error + found.rounding)},
        "Relative rounding of each term; the incomplete gamma function enters through log P(A), and H through N H.",
        estimated=("quadrature",), assumes=(GAMMA,),
    )  # fmt: skip
    resolves = max(0.05, 1e-3 * length * typical.epsilon)
    return measured(miss, bound, points=1, resolves=resolves, name="log volume of the typical set, a shell")


# -- by sampling --------------------------------------------------------------------------------------------------------------


def drawn(law: Product, count: int, stream: Stream) -> Tensor:
    """Independent draws of the law."""
    return law.sample(stream, count)


def mode_repeated(law: Product, count: int, stream: Stream) -> Tensor:
    """The most probable point of a symmetric law, over and over."""
    return law.median()[None].expand(count, -1)


def statistical(
    case: Case, stream: Stream, *, exponents: Exponents = two_sided, spread: Spread = divided, entropy: Any = itself,
    member: Member = within, draw: Draw = drawn, law: Product | None = None,
) -> list[Evidence]:  # fmt: skip
    """Sequences counted in A against Chebyshev; all their typicalities against a gamma law; the volume by points of a ball."""
    found, shape = _measured_law(case, Stream(case.seed, stream.device, stream.dtype), law)
    if not float((found.mass.value - 1).abs().max()) <= WEIGHED:
        return [
            undecided("the quadrature of p misses 1, so that H is not known: does log p jump away from the median?")
        ]
    typical = _typical_set(case, found, float(entropy(found.entropy)), member)
    grid, inside, source = UniformGrid(CELLS, 1, stream.device), 0, stream.fork("sequences")
    total = typical.dim * (shape or 0.0)
    for count in tiles(case.size, max(1, TILE // typical.dim)):
        points = draw(found.law, count * case.N, source).view(count, case.N, found.law.dimension)
        statistic = typical.typicality(points)
        inside += int(member(statistic, typical.epsilon).sum())
        if shape:
            sums = (total - case.N * statistic).clamp_min(0.0)
            grid.add(typical_sets.gamma_distribution(total, sums).clamp(0.0, 1.0))
    evidence = [_counted(case, found, typical, inside / case.size, spread)]
    if shape:
        evidence.append(_at_every_width(case, found, total, grid))
        narrow = replace(typical, epsilon=typical.epsilon / 4)  # a wide shell fills its ball, and says nothing
        evidence += _in_a_ball(case, narrow, shape, exponents, stream.fork("ball"))
    return evidence


def _counted(case: Case, found: MeasuredLaw, typical: TypicalSet, share: float, spread: Spread) -> Evidence:
    """The share of sequences in A against Chebyshev's bound."""
    narrower = max(typical.epsilon - found.entropy_error - found.rounding, 1e-9)  # A for the true H, whatever its error
    claimed = 1 - float(spread(found.variance, case.N)) / narrower**2
    blur = Bound(
        {"Var(log p)": (found.variance_error + found.rounding) / (case.N * narrower**2)},
        "The quadrature of Var(log p) over N eps^2.", estimated=("Var(log p)",),
    )  # fmt: skip
    test = Test.hoeffding(case.size, 1.0)
    return tested(max(0.0, claimed - share), test, resolves=0.5, slack=blur, name="mass of the typical set")


def _at_every_width(case: Case, found: MeasuredLaw, total: float, grid: UniformGrid) -> Evidence:
    """All typicalities at once against the gamma law."""
    middle, half = uniform_bracket(grid.lower, grid.upper)
    shift, power = case.N * (found.entropy_error + found.rounding), min(total, 1.0)
    blur = Bound(
        {"grid": half, "gamma function": 2.0**-30, "H": shift**power / math.gamma(1 + power)},
        "One cell of the grid; for shape k <= 1 a shift d moves the gamma law's distribution function by at most d^k / Gamma(1+k), for larger k by at most d.",
        estimated=("H",), assumes=(GAMMA,),
    )  # fmt: skip
    name = "typicalities, for every epsilon at once"
    return tested(middle, Test.dkw(case.size), resolves=0.1, slack=blur, name=name)


def _in_a_ball(case: Case, typical: TypicalSet, shape: float, exponents: Exponents, stream: Stream) -> list[Evidence]:
    """Points uniform in a ball that holds A: the share that log p puts into A, against the claimed range of its volume and the shell's."""
    share, ball = typical.share_of_ball(shape, case.size, stream, tile=TILE)
    log_mass = math.log(typical.mass(shape))
    ends = exponents(typical.entropy, typical.epsilon, case.N)
    low, high = (math.exp(min(50.0, log_mass + float(end) - ball)) for end in ends)
    shell = math.exp(min(50.0, typical.log_volume(shape, typical.entropy) - ball))
    size = (1 + typical.dim) * (1 + abs(ball) + abs(typical.entropy) * case.N)
    slack = Bound(
        {"rounding": 64 * EPS * size * (1 + min(low, 1.0))},
        "Relative rounding of the exponents; the ball's volume is Dirichlet's formula.",
    )
    test, name = Test.hoeffding(case.size, 1.0), "volume of a set a quarter as wide, measured in a ball"
    return [
        tested(max(0.0, low - share, share - high), test, resolves=0.5, slack=slack, name=name),
        tested(abs(share - shell), test, resolves=0.1, slack=slack, name="volume of a set a quarter as wide, a shell"),
    ]


# -- what is false ------------------------------------------------------------------------------------------------------------


def without_length(entropy: Any, epsilon: Any, length: Any) -> tuple[Any, Any]:
    """H - epsilon and H + epsilon, as if a sequence were one point."""
    return entropy - epsilon, entropy + epsilon


def squared_length(variance: Any, length: Any) -> Any:
    """Var(log p) / N^2."""
    return variance / length**2


def part_of_the_excess(dim: Any, shape: Any) -> Any:
    """theta D a with theta < 1: the mode would be typical for every epsilon between this and D a."""
    return dim * shape * sp.Rational(9, 10) if isinstance(shape, sp.Basic) else 0.9 * dim * shape


def at_least(typicality: Any, epsilon: Any) -> Any:
    """T >= -epsilon alone: log p at least a threshold."""
    return typicality >= -epsilon


_LOW = Fraction(1, 10)
_POINT = Case(D=1, N=1, p="normal", k=_LOW, seed=5, size=50_000)
_SEQUENCE = Case(D=2, N=16, p="normal", k=Fraction(2), seed=6, size=20_000)
_LONG = Case(D=1, N=64, p="normal", k=Fraction(1, 4), seed=7, size=20_000)

controls = {
    "mode-is-typical": [
        Control(exact, excess=part_of_the_excess),
        Control(
            numeric, cases=[_SEQUENCE, Case(D=64, N=1, p="laplace", k=2, seed=6, size=16)], excess=part_of_the_excess
        ),
        Control(statistical, cases=[_SEQUENCE], draw=mode_repeated),
    ],
    "sequences-are-points": [
        Control(exact, exponents=without_length),
        Control(
            numeric, cases=[_SEQUENCE, Case(D=64, N=1024, p="laplace", k=2, seed=6, size=16)], exponents=without_length
        ),
        Control(statistical, cases=[_SEQUENCE], exponents=without_length),
    ],
    "superlevel-set": [
        Control(numeric, cases=[_POINT], member=at_least),
        Control(statistical, cases=[_POINT], member=at_least),
    ],
    "entropy-nonnegative": [
        Control(exact, entropy=abs),
        Control(statistical, cases=[Case(D=1, N=16, p="uniform", k=2, seed=2, size=20_000)], entropy=abs),
    ],
    "faster-than-one-over-n": [
        Control(exact, spread=squared_length),
        Control(numeric, cases=[_LONG], spread=squared_length),
        Control(statistical, cases=[_LONG], spread=squared_length),
    ],
}


def figure() -> Figure:
    """T of draws and of the mode as D grows; and the mass of the typical set against epsilon."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 2.6), layout="constrained")
    spread_out, mass = drawing.subplots(1, 2)
    stream = Stream(3)
    for k, dim in enumerate((1, 16, 256)):
        law = Product([laws.Normal(torch.zeros(dim), torch.ones(dim))])
        entropy = MeasuredLaw(law).entropy
        values = (entropy + law.log_prob(law.sample(stream, 20_000)).sum(1)) / math.sqrt(dim)
        spread_out.hist(
            values.numpy(), bins=40, range=(-4, 9), density=True, histtype="step", color=f"C{k}", label=f"D = {dim}"
        )
        spread_out.plot([math.sqrt(dim) / 2], [0.03], marker="v", color=f"C{k}", ms=6, clip_on=False)
    spread_out.set(
        xlabel=r"$T/\sqrt{D}$ of draws; $\blacktriangledown$ the mode", yticks=[], title="the mode is not typical"
    )
    spread_out.legend(fontsize=6)
    epsilon = torch.linspace(0.02, 1.5, 60, dtype=torch.float64)
    for k, length in enumerate((1, 8, 64)):
        total = length / 2
        shares = [typical_sets.gamma_mass(total, total - length * e, total + length * e) for e in epsilon.tolist()]
        mass.plot(epsilon, shares, color=f"C{k}", lw=1, label=f"N = {length}")
        mass.plot(epsilon, (1 - 0.5 / (length * epsilon**2)).clamp_min(0), color=f"C{k}", lw=0.8, ls=":")
    mass.set(xlabel=r"$\varepsilon$ (nats)", ylabel="P(A)", title="normal law, D = 1; dotted: Chebyshev")
    mass.legend(fontsize=6)
    return drawing
