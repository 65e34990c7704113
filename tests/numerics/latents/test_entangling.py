"""Entangling maps: tails that do not saturate, slopes and determinants by structure, least entries, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions as td

from numerics.distributions import marginals
from numerics.distributions.library_marginals import TorchMarginal, as_product
from numerics.distributions.product import Product
from numerics.latents import entangling
from numerics.latents.entangling import EntanglingMap, least_entry
from numerics.latents.entangling_bounds import errors
from numerics.latents.rotations import householder, spike
from numerics.streams import Stream

UNIT = 2.0**-53
TELLING = 1e-6  # a bound below this tells a sound map from the wrong ones in test_entangling_bounds, off by 1e-3 or more; it is no tolerance
FAMILIES = (
    marginals.Logistic, marginals.Laplace, marginals.Cauchy, marginals.Gumbel, marginals.Exponential, marginals.Uniform,
    marginals.Triangular, marginals.Normal,
)  # fmt: skip


def _law(names: list[type], d: int, seed: int) -> Product:
    stream = Stream(seed)
    widths = [d // len(names) + (k < d % len(names)) for k in range(len(names))]
    blocks = []
    for family, width in zip(names, widths, strict=True):
        place, scale = stream.normal(width), torch.exp(0.5 * stream.normal(width))
        blocks.append(family(place, place + scale) if issubclass(family, marginals.Uniform) else family(place, scale))
    return Product(blocks)


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


def test_slopes_at_the_very_median_are_not_lost():
    for family in (marginals.Logistic, marginals.Laplace, marginals.Cauchy, marginals.Normal, marginals.Uniform):
        distribution = Product([family(torch.zeros(2), 1.0)])
        f = EntanglingMap(distribution, householder(spike(2, 2.0)))
        at = f.linearize(distribution.median()[None, :])
        expected = distribution.log_density(at.z) + 0.5 * math.log(2 * math.pi)
        steps = errors(f, at).density
        own = 2 * entangling.ULPS * UNIT * (1 + expected.abs()).sum()  # of the expected value
        assert (at.log_inner - expected).abs().sum() <= steps["inner steps"] + own
        assert (at.log_outer + expected).abs().sum() <= steps["outer steps"] + own


def test_tails_do_not_saturate_far_out():
    distribution = Product([marginals.Logistic(torch.zeros(2), 1.0)])
    f = EntanglingMap(distribution, householder(spike(2, 2.0)))
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
    distribution = _law(families, max(d, len(families)), seed)
    f = EntanglingMap(distribution, _rotation(distribution.dim, seed))
    z = distribution.sample(3, Stream(seed + 1))
    dense = torch.stack([torch.autograd.functional.jacobian(f, point) for point in z])
    at = f.linearize(z)
    found = errors(f, at)
    assert ((f.jacobian(z) - dense).abs() <= found.entry[:, None, None] * dense.abs()).all()
    apart = (f.log_abs_det(z) - torch.linalg.slogdet(dense).logabsdet).abs()
    assert (apart <= sum(found.density.values()) + _log_det_rounding(dense, found.entry)).all()


@given(problems)
@settings(max_examples=15)
def test_the_least_entry_is_that_of_a_full_search(problem):
    families, d, seed = problem
    distribution = _law(families, max(d, len(families)), seed)
    f = EntanglingMap(distribution, _rotation(distribution.dim, seed))
    z = distribution.sample(50, Stream(seed + 1))
    found = f.least_entry(z)
    full = f.jacobian(z).abs().flatten(1)
    at, log_abs = f.linearize(z), f.A.abs().log()
    moduli = log_abs.abs().max() + at.log_inner.abs().amax(-1) + at.log_outer.abs().amax(-1)
    # a sum of three logarithms against the logarithm of a product of exponentials: six library functions, four roundings of sums
    allowed = UNIT * (6 * entangling.ULPS * (1 + moduli) + 4 * moduli)
    assert ((found.log_abs - full.amin(-1).log()).abs() <= allowed).all()
    chosen = full.gather(1, (found.row * distribution.dim + found.column)[:, None])[:, 0]
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
    distribution = _law([marginals.Gumbel, marginals.Triangular], 7, 3)
    z = distribution.sample(101, Stream(1))
    whole, tiled = (EntanglingMap(distribution, _rotation(7, 1), tile=tile) for tile in (1000, 13))
    assert torch.equal(whole.log_abs_det(z), tiled.log_abs_det(z))
    assert torch.equal(whole.least_entry(z).log_abs, tiled.least_entry(z).log_abs)


def test_the_branch_free_map_runs_under_vmap_and_agrees():
    distribution, A = _law([marginals.Cauchy, marginals.Laplace], 5, 3), _rotation(5, 1)
    z = distribution.sample(4, Stream(1))
    plain, branchless = (
        EntanglingMap(distribution, A),
        EntanglingMap(distribution, A, link=entangling.Gaussian(branch_free=True)),
    )
    dense = torch.func.vmap(torch.func.jacrev(branchless))(z)
    assert ((plain.jacobian(z) - dense).abs() <= errors(plain, plain.linearize(z)).entry.max() * dense.abs()).all()


def test_dtype_follows_the_points():
    distribution = Product([marginals.Logistic(torch.zeros(3), 1.0)])
    f = EntanglingMap(distribution, householder(spike(3, 3.0)).float())
    z = distribution.sample(50, Stream(1)).float()
    at = f.linearize(z)
    assert {tensor.dtype for tensor in at} == {torch.float32}
    bound = sum(errors(f, at).density.values())
    assert (f.density_defect(at).abs() <= bound).all()
    assert (
        bound.max() < 1e4 * TELLING
    )  # in single precision only coarser mutants are told: those that are off by more than 1e-2


def test_scalar_steps_mix_no_columns():
    distribution = _law([marginals.Exponential, marginals.Uniform], 4, 1)
    z = distribution.sample(1, Stream(1))[0]
    for step in (entangling.Gaussian().inner, entangling.Gaussian().outer):
        jacobian = torch.autograd.functional.jacobian(lambda p, step=step: distribution.columnwise(step, p), z)
        assert torch.count_nonzero(jacobian - torch.diag(jacobian.diagonal())) == 0


# -- other people's distributions --------------------------------------------------------------------------------------------------


class _Opaque(marginals.Logistic):
    """A logistic through which autograd is not allowed to pass."""

    differentiable = False


def test_differences_agree_with_autograd_within_their_doubt():
    A = householder(spike(3, 3.0))
    clear, opaque = (
        EntanglingMap(Product([family(torch.zeros(3), 2.0)]), A) for family in (marginals.Logistic, _Opaque)
    )
    z = clear.prior.sample(200, Stream(1))
    one, other = clear.linearize(z), opaque.linearize(z)
    assert ((one.log_inner - other.log_inner).abs() <= other.doubt_inner).all()
    assert ((one.log_outer - other.log_outer).abs() <= other.doubt_outer).all()
    assert other.doubt_outer.max() < TELLING
    assert not one.doubt_inner.any()


def test_laws_of_torch_and_scipy_mix_and_keep_their_density():
    distribution = as_product([
        scipy.stats.gamma(2.5), td.Laplace(0.0, 1.0), scipy.stats.t(3), td.HalfNormal(torch.tensor(1.0, dtype=torch.float64)), scipy.stats.beta(2, 3),
    ])  # fmt: skip
    f = EntanglingMap(distribution, householder(spike(5, 5.0)))
    at = f.linearize(f.check(distribution.sample(400, Stream(4))))
    bound = sum(errors(f, at).density.values())
    assert (f.density_defect(at).abs() <= bound).all()
    assert bound.median() < TELLING


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
    distribution, A = _law([marginals.Gumbel, marginals.Laplace, marginals.Uniform], 9, 2), _rotation(9, 1)
    z = distribution.sample(100, Stream(1))
    here, there = EntanglingMap(distribution, A), EntanglingMap(distribution, A.cuda())
    at = here.linearize(z)
    far = there.linearize(z.cuda())
    assert (
        (far.x.cpu() - at.x).abs() <= 2 * at.log_outer.exp() * errors(here, at).round_trip.amax(-1, keepdim=True)
    ).all()
    allowed = 2 * errors(here, at).entry  # relative errors of the entries on either device
    assert ((there.least_entry(far).log_abs.cpu() - here.least_entry(at).log_abs).abs() <= allowed).all()
