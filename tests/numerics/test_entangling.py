"""Entangling maps: tails that do not saturate, slopes and determinants by structure, least entries, derived bounds with teeth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mpmath
import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions as td

from numerics import marginals
from numerics.foreign_marginals import ScipyMarginal, TorchMarginal, as_marginal, as_product
from numerics.marginals import Product
from numerics.random import Stream
from numerics.tails import Tail, normal_quantile, normal_tail
from numerics.transports import entangling, entangling_errors
from numerics.transports.entangling import EntanglingMap, householder, least_entry, spike
from numerics.transports.entangling_errors import errors, jumps

UNIT = 2.0**-53
LEVEL = 1e-9  # of the one test of samples here: how often it may be wrong
TELLING = 1e-6
"""A bound below this tells the sound code from the mutants at the end, which are off by 1e-3 or more; it is no tolerance."""
FAMILIES = (
    marginals.Logistic, marginals.Laplace, marginals.Cauchy, marginals.Gumbel, marginals.Exponential, marginals.Uniform,
    marginals.Triangular, marginals.Normal,
)  # fmt: skip
FROZEN = {
    marginals.Logistic: scipy.stats.logistic(), marginals.Laplace: scipy.stats.laplace(), marginals.Cauchy: scipy.stats.cauchy(),
    marginals.Gumbel: scipy.stats.gumbel_r(), marginals.Exponential: scipy.stats.expon(), marginals.Uniform: scipy.stats.uniform(),
    marginals.Triangular: scipy.stats.triang(0.5), marginals.Normal: scipy.stats.norm(),
}  # fmt: skip


def _log_phi(v: float) -> mpmath.mpf:
    return mpmath.log(mpmath.erfc(-mpmath.mpf(v) / mpmath.sqrt(2)) / 2)


def _law(names: list[type], d: int, seed: int) -> Product:
    stream = Stream(seed)
    widths = [d // len(names) + (k < d % len(names)) for k in range(len(names))]
    blocks = []
    for family, width in zip(names, widths, strict=True):
        place, scale = stream.normal(width), torch.exp(0.5 * stream.normal(width))
        blocks.append(family(place, place + scale) if issubclass(family, marginals.Uniform) else family(place, scale))
    return Product(blocks)


def _log_density_rounding(law: marginals.Marginal, z: torch.Tensor, log_pdf: torch.Tensor) -> torch.Tensor:
    """How far two evaluations of one log density may lie apart: each sums at most four terms of the size of log p, of w and of w's share
    in log p (score times distance), every one from a library function within ULPS units of roundoff."""
    return (
        2 * 4 * entangling.ULPS * UNIT * (1 + log_pdf.abs() + z.abs() + entangling_errors.scores(law, z) * law.lever(z))
    )


def _log_det_rounding(dense: torch.Tensor, entry: torch.Tensor) -> torch.Tensor:
    """How far log |det| of a dense matrix with relative errors ``entry`` in its entries may be off, to first order, twice.

    An error dJ moves log |det J| by tr(J^-1 dJ); for J = D2 A D1 with orthogonal A and |dJ| <= e |J| that is at most e times the sum of A_ij^2, e d.
    Elimination adds the backward error gamma_d |L||U| (Higham 2002, theorem 9.3), through the same trace.
    """
    d = dense.shape[-1]
    order, lower, upper = torch.linalg.lu(dense)
    backward = d * UNIT / (1 - d * UNIT) * order @ (lower.abs() @ upper.abs())
    return 2 * (entry * d + (torch.linalg.inv(dense).abs().mT * backward).sum((-1, -2)))


def _rotation(d: int, seed: int) -> torch.Tensor:
    return torch.linalg.qr(Stream(seed).normal(d, d)).Q


problems = st.tuples(
    st.lists(st.sampled_from(FAMILIES), min_size=1, max_size=2, unique=True), st.integers(2, 6), st.integers(0, 2**20)
)


# -- tails --------------------------------------------------------------------------------------------------------------


@given(st.floats(-40.0, 40.0), st.booleans())
def test_the_normal_tail_is_accurate_to_a_few_units_on_both_sides(v, branch_free):
    tail = normal_tail(torch.tensor(v, dtype=torch.float64), branch_free=branch_free)
    with mpmath.workdps(60):
        exact = _log_phi(-abs(v))
        assert abs((tail.log_p.item() - exact) / exact) <= entangling.ULPS * UNIT
    assert tail.side == (1 if v < 0 else -1)


@given(st.floats(-1e6, -0.7), st.sampled_from((1.0, -1.0)))
def test_the_normal_quantile_solves_its_equation_however_far_out(log_p, side):
    v = normal_quantile(Tail(torch.tensor(log_p, dtype=torch.float64), torch.tensor(side, dtype=torch.float64))).item()
    assert v * side <= 0
    with mpmath.workdps(60):
        low = mpmath.mpf(-abs(v))
        tail = mpmath.erfc(-low / mpmath.sqrt(2)) / 2
        step = (mpmath.log(tail) - log_p) * tail / mpmath.npdf(low)  # Newton's step is the error, to second order
        assert abs(step) <= entangling.ULPS * UNIT * (1 + abs(low))


def test_the_two_branches_of_the_quantile_meet():
    apart = 2.0**-30
    log_p = torch.tensor([-600.0 - apart, -600.0 + apart], dtype=torch.float64)
    below, above = normal_quantile(Tail(log_p, torch.ones_like(log_p))).tolist()
    size = abs(below)  # dv = dlog p / h, and the hazard h lies between |v| and |v| + 1/|v| (Mills)
    rounding = 2 * entangling.ULPS * UNIT * (1 + size)
    assert 2 * apart / (size + 1 / size) - rounding <= above - below <= 2 * apart / abs(above) + rounding
    both = normal_quantile(Tail(log_p, torch.ones_like(log_p)), branch_free=True)
    assert both.tolist() == [below, above]


def test_slopes_at_the_very_median_are_not_lost():
    for family in (marginals.Logistic, marginals.Laplace, marginals.Cauchy, marginals.Normal, marginals.Uniform):
        law = Product([family(torch.zeros(2), 1.0)])
        f = EntanglingMap(law, householder(spike(2, 2.0)))
        at = f.linearize(law.median()[None, :])
        expected = law.log_prob(at.z) + 0.5 * math.log(2 * math.pi)
        steps = errors(f, at).density
        own = 2 * entangling.ULPS * UNIT * (1 + expected.abs()).sum()  # of the expected value
        assert (at.log_inner - expected).abs().sum() <= steps["inner steps"] + own
        assert (at.log_outer + expected).abs().sum() <= steps["outer steps"] + own


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_agrees_with_scipy_and_with_its_own_inverse(family):
    law, frozen = family(), FROZEN[family]
    p = np.concatenate([np.geomspace(1e-30, 0.4, 60), np.linspace(0.41, 0.59, 9)])
    for z, side in ((frozen.ppf(p), 1.0), (frozen.isf(p), -1.0)):
        points = torch.tensor(z)[:, None]
        inside = ((points > law.low) & (points < law.high)).squeeze()
        tail = law.tail(points)
        log_p = torch.where(tail.side == side, tail.log_p, tail.complement())[:, 0]
        lever = law.lever(points)[:, 0]
        slope = torch.tensor(frozen.pdf(z) / p)
        resolution = entangling.ULPS * UNIT * (torch.tensor(np.log(p)).abs() + 1 + slope * (lever + points[:, 0].abs()))
        if family is marginals.Triangular and side < 0:
            resolution += 2 * UNIT / torch.tensor(p)  # SciPy goes through 1 - p here
        assert ((log_p - torch.tensor(np.log(p))).abs()[inside] <= 4 * resolution[inside]).all()
        back = (law.quantile(tail) - points).abs()[:, 0] * slope
        assert (back[inside] <= 4 * resolution[inside]).all()
        foreign = torch.tensor(frozen.logpdf(z))[:, None]
        allowed = _log_density_rounding(law, points, foreign)
        assert ((law.log_prob(points) - foreign).abs() <= allowed)[inside].all()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_density_is_the_derivative_of_its_distribution_function(family):
    law = family(torch.tensor([0.3, 2.0]), torch.tensor([1.5, 4.0]))
    z = law.sample(Stream(1), 200).requires_grad_(True)
    tail = law.tail(z)
    (slope,) = torch.autograd.grad(tail.log_p.sum(), z)
    assert (slope * tail.side > 0).all()
    z, slope, log_p, log_prob = (part.detach() for part in (z, slope.abs(), tail.log_p, law.log_prob(z)))
    lever = (entangling_errors.scores(law, z) + slope) * law.lever(z)  # as in the analysis of the inner step
    allowed = entangling.ULPS * UNIT * (4 + log_p.abs() + log_prob.abs() + 2 * lever)
    assert ((slope.log() + log_p - log_prob).abs() <= allowed).all()


@pytest.mark.parametrize("family", [*FAMILIES, marginals.SplitUniform])
def test_a_sampler_that_never_sees_f_draws_from_it(family):
    n = 20_000
    law = family(torch.tensor([0.3]), torch.tensor([1.5]))
    levels = law.log_cdf(law.sample(Stream(2), n)).exp().squeeze()
    distance = scipy.stats.ks_1samp(levels.numpy(), scipy.stats.uniform.cdf).statistic
    assert distance < math.sqrt(math.log(2 / LEVEL) / (2 * n))  # Dvoretzky-Kiefer-Wolfowitz


def test_tails_do_not_saturate_far_out():
    law = Product([marginals.Logistic(torch.zeros(2), 1.0)])
    f = EntanglingMap(law, householder(spike(2, 2.0)))
    z = torch.tensor([[1e5, 1.0], [-1e5, 3.0], [800.0, -800.0], [40.0, 0.5]], dtype=torch.float64)
    at = f.linearize(z)
    assert torch.isfinite(at.x).all()
    bound = sum(errors(f, at).density.values())
    assert (f.density_defect(at).abs() <= bound).all()
    assert bound.max() < TELLING
    back = (f.inverse(at.x) - z).abs() * at.log_inner.exp()
    assert (back <= errors(f, at).round_trip).all()
    with pytest.raises(ValueError, match="saturates"):
        TorchMarginal(td.HalfNormal(torch.tensor(1.0, dtype=torch.float64))).tail(
            torch.tensor([[50.0]], dtype=torch.float64)
        )


# -- the map ------------------------------------------------------------------------------------------------------------


@given(problems)
@settings(max_examples=15)
def test_structure_agrees_with_autograd_of_the_whole_map(problem):
    families, d, seed = problem
    law = _law(families, max(d, len(families)), seed)
    f = EntanglingMap(law, _rotation(law.dimension, seed))
    z = law.sample(Stream(seed + 1), 3)
    dense = torch.stack([torch.autograd.functional.jacobian(f, point) for point in z])
    at = f.linearize(z)
    found = errors(f, at)
    assert ((f.jacobian(z) - dense).abs() <= found.entry[:, None, None] * dense.abs()).all()
    apart = (f.log_abs_det(z) - torch.linalg.slogdet(dense).logabsdet).abs()
    assert (apart <= sum(found.density.values()) + _log_det_rounding(dense, found.entry)).all()


@given(problems)
@settings(max_examples=15)
def test_every_measured_residual_lies_within_its_bound(problem):
    families, d, seed = problem
    law = _law(families, max(d, len(families)), seed)
    f = EntanglingMap(law, _rotation(law.dimension, seed))
    z = law.sample(Stream(seed + 1), 64)
    at = f.linearize(z)
    error = errors(f, at)
    assert (f.density_defect(at).abs() <= sum(error.density.values())).all()
    assert ((f.inverse(at.x) - z).abs() * at.log_inner.exp() <= error.round_trip).all()
    moved, terms = jumps(f, z[:32], z[32:])
    assert (moved <= sum(terms.values())).all()
    assert (error.entry < 2.0**-10).all()


@given(problems)
@settings(max_examples=15)
def test_the_least_entry_is_that_of_a_full_search(problem):
    families, d, seed = problem
    law = _law(families, max(d, len(families)), seed)
    f = EntanglingMap(law, _rotation(law.dimension, seed))
    z = law.sample(Stream(seed + 1), 50)
    found = f.least_entry(z)
    full = f.jacobian(z).abs().flatten(1)
    at, log_abs = f.linearize(z), f.A.abs().log()
    moduli = log_abs.abs().max() + at.log_inner.abs().amax(-1) + at.log_outer.abs().amax(-1)
    # a sum of three logarithms against the logarithm of a product of exponentials: six library functions, four roundings of sums
    allowed = UNIT * (6 * entangling.ULPS * (1 + moduli) + 4 * moduli)
    assert ((found.log_abs - full.amin(-1).log()).abs() <= allowed).all()
    chosen = full.gather(1, (found.row * law.dimension + found.column)[:, None])[:, 0]
    assert ((chosen / full.amin(-1)).log() <= 2 * allowed).all()


@pytest.mark.parametrize("spread", [0.0, 1.0, 30.0, 3000.0])
@pytest.mark.parametrize("kind", ["random", "equal", "separable", "spiked"])
def test_the_least_entry_survives_ties_and_huge_ranges(spread, kind):
    n, d, stream = 40, 24, Stream(5)
    log_abs = {
        "random": stream.normal(d, d).abs().log(),
        "equal": torch.zeros(d, d, dtype=torch.float64),
        "separable": spread * stream.normal(d, 1) + spread * stream.normal(1, d),
        "spiked": torch.where(torch.eye(d, dtype=torch.bool), -500.0, 0.0).double(),
    }[kind]
    outer, inner = spread * stream.normal(n, d), spread * stream.normal(n, d)
    found = least_entry(outer, log_abs, inner)
    full = (outer[:, :, None] + log_abs + inner[:, None, :]).flatten(1)
    # two orders of adding three terms, and four additions in the bounds by which rows are passed over; each rounds by a unit of the moduli
    allowed = 8 * UNIT * (outer.abs().max() + log_abs.abs().max() + inner.abs().max())
    assert ((found.log_abs - full.amin(-1)).abs() <= allowed).all()
    assert (full[torch.arange(n), found.row * d + found.column] - full.amin(-1) <= 2 * allowed).all()


def test_a_zero_entry_is_found_and_named():
    f = EntanglingMap(Product([marginals.Normal(torch.zeros(3))]), torch.eye(3, dtype=torch.float64))
    found = f.least_entry(torch.zeros(2, 3, dtype=torch.float64))
    assert torch.isneginf(found.log_abs).all()
    assert (found.row[0], found.column[0]) == (0, 1)


def test_tiles_change_nothing():
    law = _law([marginals.Gumbel, marginals.Triangular], 7, 3)
    z = law.sample(Stream(1), 101)
    whole, tiled = (EntanglingMap(law, _rotation(7, 1), tile=tile) for tile in (1000, 13))
    assert torch.equal(whole.log_abs_det(z), tiled.log_abs_det(z))
    assert torch.equal(whole.least_entry(z).log_abs, tiled.least_entry(z).log_abs)


def test_the_branch_free_map_runs_under_vmap_and_agrees():
    law, A = _law([marginals.Cauchy, marginals.Laplace], 5, 3), _rotation(5, 1)
    z = law.sample(Stream(1), 4)
    plain, branchless = EntanglingMap(law, A), EntanglingMap(law, A, link=entangling.Gaussian(branch_free=True))
    dense = torch.func.vmap(torch.func.jacrev(branchless))(z)
    assert ((plain.jacobian(z) - dense).abs() <= errors(plain, plain.linearize(z)).entry.max() * dense.abs()).all()


def test_dtype_follows_the_points():
    law = Product([marginals.Logistic(torch.zeros(3), 1.0)])
    f = EntanglingMap(law, householder(spike(3, 3.0)).float())
    z = law.sample(Stream(1), 50).float()
    at = f.linearize(z)
    assert {tensor.dtype for tensor in at} == {torch.float32}
    bound = sum(errors(f, at).density.values())
    assert (f.density_defect(at).abs() <= bound).all()
    assert (
        bound.max() < 1e4 * TELLING
    )  # in single precision only coarser mutants are told: those that are off by more than 1e-2


def test_scalar_steps_mix_no_columns():
    law = _law([marginals.Exponential, marginals.Uniform], 4, 1)
    z = law.sample(Stream(1), 1)[0]
    for step in (entangling.Gaussian().inner, entangling.Gaussian().outer):
        jacobian = torch.autograd.functional.jacobian(lambda p, step=step: law.columnwise(step, p), z)
        assert torch.count_nonzero(jacobian - torch.diag(jacobian.diagonal())) == 0


# -- other people's laws --------------------------------------------------------------------------------------------------


class _Opaque(marginals.Logistic):
    """A logistic through which autograd is not allowed to pass."""

    differentiable = False


def test_differences_agree_with_autograd_within_their_doubt():
    A = householder(spike(3, 3.0))
    clear, opaque = (
        EntanglingMap(Product([family(torch.zeros(3), 2.0)]), A) for family in (marginals.Logistic, _Opaque)
    )
    z = clear.law.sample(Stream(1), 200)
    one, other = clear.linearize(z), opaque.linearize(z)
    assert ((one.log_inner - other.log_inner).abs() <= other.doubt_inner).all()
    assert ((one.log_outer - other.log_outer).abs() <= other.doubt_outer).all()
    assert other.doubt_outer.max() < TELLING
    assert not one.doubt_inner.any()


def test_laws_of_torch_and_scipy_mix_and_keep_their_density():
    law = as_product([
        scipy.stats.gamma(2.5), td.Laplace(0.0, 1.0), scipy.stats.t(3), td.HalfNormal(torch.tensor(1.0, dtype=torch.float64)), scipy.stats.beta(2, 3),
    ])  # fmt: skip
    f = EntanglingMap(law, householder(spike(5, 5.0)))
    at = f.linearize(f.check(law.sample(Stream(4), 400)))
    bound = sum(errors(f, at).density.values())
    assert (f.density_defect(at).abs() <= bound).all()
    assert bound.median() < TELLING


@pytest.mark.parametrize(
    "law",
    [
        td.Normal(torch.zeros(3), 2.0),
        td.Laplace(0.0, 1.0),
        td.Cauchy(0.0, 1.0),
        td.Gumbel(0.0, 1.0),
        td.Uniform(-1.0, 2.0),
        td.Exponential(3.0),
    ],
)
def test_known_torch_families_get_closed_tails(law):
    ours = as_marginal(law)
    assert not isinstance(ours, TorchMarginal)
    z = ours.sample(Stream(1), 50)
    double = type(law)(**{name: getattr(law, name).double() for name in law.arg_constraints})
    theirs = double.expand((ours.width,)).log_prob(z)
    assert ((ours.log_prob(z) - theirs).abs() <= _log_density_rounding(ours, z, theirs)).all()


def test_sampling_a_torch_law_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    law = TorchMarginal(td.HalfNormal(torch.tensor(1.0, dtype=torch.float64)))
    assert torch.equal(law.sample(Stream(3), 5), law.sample(Stream(3), 5))
    assert torch.equal(before, torch.random.get_rng_state())


def test_neighbours_of_one_family_become_one_block():
    law = as_product([td.Normal(0.0, 1.0), td.Normal(1.0, 2.0), td.Uniform(0.0, 1.0), scipy.stats.norm()])
    assert law.widths == [2, 1, 1]
    assert isinstance(law.blocks[2], ScipyMarginal)


# -- teeth ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _LogisticLink:
    """The same construction through the logistic law, which no rotation preserves."""

    def inner(self, block: marginals.Marginal, z: torch.Tensor) -> torch.Tensor:
        return marginals.Logistic().quantile(block.tail(z))

    def outer(self, block: marginals.Marginal, v: torch.Tensor) -> torch.Tensor:
        return block.quantile(marginals.Logistic().tail(v))


class _Tempered(marginals.Logistic):
    """F(z/2) where the density is that of F."""

    @staticmethod
    def _tail(w: torch.Tensor) -> Tail:
        return marginals.Logistic._tail(w / 2)


class _Swapped(EntanglingMap):
    """Slopes of the two steps with the wrong sign in the logarithm."""

    def log_abs_det(self, at):
        return at.log_inner.sum(-1) - at.log_outer.sum(-1)


def _beyond(f: EntanglingMap) -> float:
    at = f.linearize(f.law.sample(Stream(1), 64))
    return float((f.density_defect(at).abs() / sum(errors(f, at).density.values())).max())


def test_the_density_bound_rejects_mutants():
    A, law = householder(spike(3, 3.0)), Product([marginals.Logistic(torch.zeros(3), 1.0)])
    skewed = A.clone()
    skewed[0, 1] += 1e-6
    assert _beyond(EntanglingMap(law, A)) < 1
    assert _beyond(EntanglingMap(law, A, link=_LogisticLink())) > 1e9
    assert _beyond(EntanglingMap(Product([_Tempered(torch.zeros(3), 1.0)]), A)) > 1e9
    assert _beyond(_Swapped(law, A)) > 1e9
    assert _beyond(EntanglingMap(law, skewed)) > 1e3
    assert _beyond(EntanglingMap(law, 1.001 * A)) > 1e9


def test_a_gap_makes_the_map_jump_and_nothing_else():
    law = Product([marginals.SplitUniform(torch.zeros(2))])
    f = EntanglingMap(law, householder(spike(2, 2.0)))
    z = law.sample(Stream(1), 400)
    at = f.linearize(z)
    error = errors(f, at)
    assert (f.density_defect(at).abs() <= sum(error.density.values())).all()
    assert (error.entry < 2.0**-10).all()
    moved, terms = jumps(f, z[:200], z[200:])
    assert (moved / sum(terms.values())).max() > 1e6
    assert 1.99 < moved.max() < 2.01  # the width of the gap


def test_matrices_that_are_not_orthogonal_are_not_excused():
    A = householder(spike(4, 4.0))
    good = entangling_errors.matrix_errors(A)
    allowed = entangling.rounding_of_rotation(
        A
    )  # the backward error of a factorisation; four of them make the widest of the three
    assert max(good.orthogonality, good.determinant, float(good.entries.max())) <= 4 * allowed
    bad = entangling_errors.matrix_errors(torch.diag(torch.tensor([2.0, 1.0, 1.0, 0.5], dtype=torch.float64)))
    assert bad.orthogonality <= entangling.rounding_of_rotation(A)
    # a diagonal matrix is its own U: twice d units |U|_F |A^-1|_F for the determinant, 4 units an entry
    assert max(bad.determinant, float(bad.entries.max())) <= 2 * 4 * UNIT * (4 + 1 + 1 + 0.25) * 1.01


@given(st.integers(2, 40), st.integers(0, 2**20))
def test_the_nearest_orthogonal_matrix_lies_within_the_entries_errors(d, seed):
    A = _rotation(d, seed)
    A = A + entangling.rounding_of_rotation(A) / (8 * d) * Stream(seed + 1).uniform(d, d)
    left, _, right = torch.linalg.svd(A)
    assert ((left @ right - A).abs() <= entangling_errors.matrix_errors(A).entries + 64 * d * UNIT).all()


# -- refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("A", "error", "words"),
    [
        (torch.rand(3, 3, generator=torch.Generator().manual_seed(0)).double(), ValueError, "orthogonal"),
        (torch.eye(3).double(), ValueError, "no zero entry"),
        (torch.full((3, 3), math.nan).double(), ValueError, "finite"),
        (torch.eye(3).half(), TypeError, "float16"),
        (torch.eye(3).long(), TypeError, "int64"),
        (torch.zeros(0, 0).double(), ValueError, "d >= 1"),
        (torch.zeros(2, 3).double(), ValueError, "square"),
        (np.eye(3), TypeError, "ndarray"),
    ],
)
def test_a_matrix_that_misses_a_hypothesis_is_refused_by_name(A, error, words):
    with pytest.raises(error, match=words):
        entangling.check_rotation(A)


@pytest.mark.parametrize(
    ("laws", "error", "words"),
    [
        ([], ValueError, "d = 0"),
        ([td.Gamma(2.0, 1.0)], ValueError, "inverse distribution function"),
        ([marginals.SplitUniform()], ValueError, "gap"),
        ([td.Poisson(3.0)], ValueError, "discrete"),
        ([scipy.stats.poisson(3)], ValueError, "discrete"),
        ([3], TypeError, "int"),
        ([td.Normal(torch.zeros(2, 2), 1.0)], ValueError, "batch axis"),
        ([scipy.stats.norm(np.zeros(2))], ValueError, "scalar"),
        ([td.MultivariateNormal(torch.zeros(2), torch.eye(2))], ValueError, "event shape"),
    ],
)
def test_marginals_that_miss_a_hypothesis_are_refused_by_name(laws, error, words):
    with pytest.raises(error, match=words):
        as_product(laws)


@pytest.mark.parametrize(
    ("z", "error", "words"),
    [
        (torch.tensor([[0.5, 1.5]], dtype=torch.float64), ValueError, r"z\[0, 1\] = 1.5 outside \(0, 1\)"),
        (torch.tensor([[0.5, math.nan]], dtype=torch.float64), ValueError, "nan"),
        (torch.tensor([[0.0, 0.5]], dtype=torch.float64), ValueError, "open support"),
        (torch.zeros(0, 2).double(), ValueError, "n >= 1"),
        (torch.zeros(2).double(), ValueError, "shape"),
        (torch.zeros(1, 2).half(), TypeError, "float16"),
        (torch.zeros(1, 2).long(), TypeError, "int64"),
        (torch.zeros(1, 2, device="meta").double(), ValueError, "one device"),
    ],
)
def test_points_off_the_support_are_refused_and_never_moved(z, error, words):
    f = EntanglingMap(Product([marginals.Uniform(torch.zeros(2), 1.0)]), householder(spike(2, 2.0)))
    with pytest.raises(error, match=words):
        f.check(z)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: marginals.Logistic(0.0, -1.0), ValueError, "positive"),
        (lambda: marginals.Logistic(math.nan, 1.0), ValueError, "finite"),
        (lambda: marginals.Uniform(1.0, 1.0), ValueError, "low < high"),
        (lambda: marginals.Normal(torch.zeros(2, 2)), ValueError, "vectors"),
        (lambda: householder(torch.zeros(2).double()), ValueError, "other than zero"),
        (lambda: spike(0, 1.0), ValueError, "at least 1"),
        (lambda: EntanglingMap(Product([marginals.Normal()]), torch.eye(2).double()), ValueError, r"shape \(1, 1\)"),
        (lambda: EntanglingMap(Product([marginals.Normal()]), torch.eye(1).double(), tile=0), ValueError, "tile"),
        (
            lambda: least_entry(torch.full((1, 2), math.inf), torch.zeros(2, 2), torch.zeros(1, 2)),
            ValueError,
            "positive finite slopes",
        ),
    ],
)
def test_parameters_without_a_meaning_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_map_runs_on_cuda_and_agrees_with_the_cpu():
    law, A = _law([marginals.Gumbel, marginals.Laplace, marginals.Uniform], 9, 2), _rotation(9, 1)
    z = law.sample(Stream(1), 100)
    here, there = EntanglingMap(law, A), EntanglingMap(law, A.cuda())
    at = here.linearize(z)
    far = there.linearize(z.cuda())
    assert (
        (far.x.cpu() - at.x).abs() <= 2 * at.log_outer.exp() * errors(here, at).round_trip.amax(-1, keepdim=True)
    ).all()
    allowed = 2 * errors(here, at).entry  # relative errors of the entries on either device
    assert ((there.least_entry(far).log_abs.cpu() - here.least_entry(at).log_abs).abs() <= allowed).all()
