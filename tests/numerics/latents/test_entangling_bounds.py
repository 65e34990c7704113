"""The derived bounds hold, and tell the sound map from wrong ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.distributions import marginals
from numerics.distributions.product import Product
from numerics.latents import entangling, entangling_bounds
from numerics.latents.entangling import EntanglingMap
from numerics.latents.entangling_bounds import errors, jumps
from numerics.latents.rotations import householder, spike
from numerics.log_tails import Tail
from numerics.streams import Stream

UNIT = 2.0**-53
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


def _rotation(d: int, seed: int) -> torch.Tensor:
    return torch.linalg.qr(Stream(seed).normal(d, d)).Q


problems = st.tuples(
    st.lists(st.sampled_from(FAMILIES), min_size=1, max_size=2, unique=True), st.integers(2, 6), st.integers(0, 2**20)
)


@given(problems)
@settings(max_examples=15)
def test_every_measured_residual_lies_within_its_bound(problem):
    families, d, seed = problem
    distribution = _law(families, max(d, len(families)), seed)
    f = EntanglingMap(distribution, _rotation(distribution.dim, seed))
    z = distribution.sample(64, Stream(seed + 1))
    at = f.linearize(z)
    error = errors(f, at)
    assert (f.density_defect(at).abs() <= sum(error.density.values())).all()
    assert ((f.inverse(at.x) - z).abs() * at.log_inner.exp() <= error.round_trip).all()
    moved, terms = jumps(f, z[:32], z[32:])
    assert (moved <= sum(terms.values())).all()
    assert (error.entry < 2.0**-10).all()


@dataclass(frozen=True)
class _LogisticLink:
    """The same construction through the logistic distribution, which no rotation preserves."""

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
    at = f.linearize(f.prior.sample(64, Stream(1)))
    return float((f.density_defect(at).abs() / sum(errors(f, at).density.values())).max())


def test_the_density_bound_rejects_mutants():
    A, distribution = householder(spike(3, 3.0)), Product([marginals.Logistic(torch.zeros(3), 1.0)])
    skewed = A.clone()
    skewed[0, 1] += 1e-6
    assert _beyond(EntanglingMap(distribution, A)) < 1
    assert _beyond(EntanglingMap(distribution, A, link=_LogisticLink())) > 1e9
    assert _beyond(EntanglingMap(Product([_Tempered(torch.zeros(3), 1.0)]), A)) > 1e9
    assert _beyond(_Swapped(distribution, A)) > 1e9
    assert _beyond(EntanglingMap(distribution, skewed)) > 1e3
    assert _beyond(EntanglingMap(distribution, 1.001 * A)) > 1e9


def test_a_gap_makes_the_map_jump_and_nothing_else():
    distribution = Product([marginals.SplitUniform(torch.zeros(2))])
    f = EntanglingMap(distribution, householder(spike(2, 2.0)))
    z = distribution.sample(400, Stream(1))
    at = f.linearize(z)
    error = errors(f, at)
    assert (f.density_defect(at).abs() <= sum(error.density.values())).all()
    assert (error.entry < 2.0**-10).all()
    moved, terms = jumps(f, z[:200], z[200:])
    assert (moved / sum(terms.values())).max() > 1e6
    assert 1.99 < moved.max() < 2.01  # the width of the gap


def test_matrices_that_are_not_orthogonal_are_not_excused():
    A = householder(spike(4, 4.0))
    good = entangling_bounds.matrix_errors(A)
    allowed = entangling.rounding_of_rotation(
        A
    )  # the backward error of a factorisation; four of them make the widest of the three
    assert max(good.orthogonality, good.determinant, float(good.entries.max())) <= 4 * allowed
    bad = entangling_bounds.matrix_errors(torch.diag(torch.tensor([2.0, 1.0, 1.0, 0.5], dtype=torch.float64)))
    assert bad.orthogonality <= entangling.rounding_of_rotation(A)
    # a diagonal matrix is its own U: twice d units |U|_F |A^-1|_F for the determinant, 4 units an entry
    assert max(bad.determinant, float(bad.entries.max())) <= 2 * 4 * UNIT * (4 + 1 + 1 + 0.25) * 1.01


@given(st.integers(2, 40), st.integers(0, 2**20))
def test_the_nearest_orthogonal_matrix_lies_within_the_entries_errors(d, seed):
    A = _rotation(d, seed)
    A = A + entangling.rounding_of_rotation(A) / (8 * d) * Stream(seed + 1).uniform(d, d)
    left, _, right = torch.linalg.svd(A)
    assert ((left @ right - A).abs() <= entangling_bounds.matrix_errors(A).entries + 64 * d * UNIT).all()
