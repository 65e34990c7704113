"""Images of sets, families between quantiles, and volumes of level sets, against geometry and closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numerics.detection import sets as level_sets
from numerics.distributions.mixtures import isotropic_gaussian
from numerics.streams import Stream
from numerics.transports import bijections

SEEDS = st.integers(0, 2**32 - 1)
EPS = torch.finfo(torch.float64).eps


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


@given(SEEDS, st.sampled_from(["splines", "triangular", "rotations", "deep"]))
def test_the_inside_of_an_image_boundary_is_the_image_of_the_inside(seed, kind):
    stream = Stream(seed)
    f = bijections.bijection(kind, 2, stream.fork("f"))
    x, low, high = 3 * stream.normal(2000, 2), tensor(-1.0, -0.5), tensor(1.5, 2.0)
    member = ((x > low) & (x < high)).all(1)
    polygon = level_sets.boundary(f, low, high, 512)
    found = level_sets.inside(f.forward(x), polygon)
    near = (
        torch.minimum((x - low).abs(), (x - high).abs()).amin(1) < 0.02
    )  # of the box's edge, where chords cut corners
    assert bool((found == member)[~near].all())
    assert torch.equal(found, level_sets.inside(f.forward(x), polygon, tile=4096))


def test_a_square_is_told_from_its_outside_at_every_height():
    square = tensor([0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0])
    points = tensor([0.5, 0.5], [1.5, 0.5], [-0.5, 0.5], [0.5, 1.5], [0.5, -0.5], [0.99, 0.01], [2.0, 1.0])
    assert level_sets.inside(points, square).tolist() == [True, False, False, False, False, True, False]


@given(SEEDS)
def test_the_image_of_an_interval_lies_between_the_images_of_its_ends(seed):
    f = bijections.bijection("deep", 1, Stream(seed))
    ends = f.forward(tensor([-1.0], [2.0]))[:, 0]
    low, high = level_sets.image_of_interval(f, tensor(-1.0)[0], tensor(2.0)[0])
    assert {float(low), float(high)} == {float(ends.min()), float(ends.max())}


def test_a_fold_merges_two_halves_and_its_inverse_returns_one():
    x = tensor([-2.0, 1.0], [2.0, 1.0])
    image = level_sets.Fold().forward(x)
    assert torch.equal(image[0], image[1])
    assert torch.equal(level_sets.Fold().inverse(image), x[1].expand(2, 2))


@given(SEEDS, st.fractions(Fraction(1, 20), Fraction(19, 20), max_denominator=50), st.integers(2, 9))
def test_members_hold_their_share_of_the_pilot_exactly(seed, alpha, members):
    pilot = Stream(seed).normal(2000, 3)
    direction = tensor(1.0, 2.0, -1.0)
    family = level_sets.Family.of(pilot, direction, alpha, members)
    inside = family.contains(pilot).sum(0)
    assert inside.tolist() == [2000 - int(alpha * 2000)] * members
    assert float(family.starts[-1]) == int(alpha * 2000) / 2000  # the same quotient of integers


@pytest.mark.parametrize(
    ("alpha", "members", "words"),
    [
        (Fraction(0), 3, "between 0 and 1"),
        (Fraction(1), 3, "between 0 and 1"),
        (Fraction(1, 2), 1, "two members"),
        (Fraction(1, 500), 9, "pilot"),
    ],
)
def test_families_that_make_no_sense_are_refused(alpha, members, words):
    with pytest.raises(ValueError, match=words):
        level_sets.Family.of(Stream(1).normal(1000, 1), tensor(1.0), alpha, members)


@given(st.integers(1, 3), SEEDS)
def test_volumes_of_images_of_cells_are_products_of_increments(dim, seed):
    stream = Stream(seed)
    edges = [torch.cumsum(0.1 + stream.uniform(5), 0) for _ in range(dim)]
    cells = level_sets.Cells.of(lambda x: -x.sum(1), edges, torch.exp)
    whole, count = math.prod(float(axis[-1].exp() - axis[0].exp()) for axis in edges), 4**dim
    # e^b - e^a is off by two units of e^b + e^a, which is coth((b - a)/2) times as large: at most 20, since cells are at least 0.1 wide
    increments = 2 / math.tanh(0.05) + 1
    assert abs(float(cells.volumes.sum()) - whole) <= (2 * dim * (increments + 1) + count) * EPS * whole
    assert abs(float(cells.masses.sum()) - 1) <= (2 * count + 1) * EPS  # N terms are added up, twice
    assert cells.centres.shape == (count, dim)
    lengths = torch.stack(
        [
            torch.diff(axis).log()[torch.searchsorted(axis, cells.centres[:, k].contiguous()) - 1]
            for k, axis in enumerate(edges)
        ]
    )
    parts = torch.stack([cells.masses.log(), -cells.log_p, *-lengths])
    constant = parts.sum(0)
    # each part is good to two units of its size, log p once more below the exponential; products and sums of dim + 2 of them round too
    rounding = EPS * ((dim + 6) * parts.abs().sum(0) + dim + 8)
    assert bool(((constant - constant[0]).abs() <= rounding + rounding[0]).all())


@pytest.mark.parametrize(
    ("log_prob", "chart", "words"),
    [
        (lambda x: x.sum(1).log(), lambda t: t, "NaN"),
        (lambda x: torch.full((len(x),), -torch.inf), lambda t: t, "some mass"),
        (lambda x: torch.full((len(x),), torch.inf), lambda t: t, "infinite"),
        (lambda x: x, lambda t: t, "shape"),
        (lambda x: -x.sum(1), lambda t: -t, "increases"),
        (lambda x: -x.sum(1), torch.square, "increases"),
    ],
)
def test_grids_that_carry_no_law_are_refused(log_prob, chart, words):
    with pytest.raises(ValueError, match=words):
        level_sets.Cells.of(log_prob, [torch.linspace(-2, 2, 9, dtype=torch.float64)] * 2, chart)


@given(SEEDS, st.floats(0.01, 0.99))
def test_an_upper_set_reaches_the_mass_and_is_not_one_cell_too_large(seed, wanted):
    stream = Stream(seed)
    score, masses = stream.normal(200), stream.exponential(200)
    masses = masses / masses.sum()
    chosen = level_sets.upper_set(score, masses, tensor(wanted)[0])
    assert float(masses[chosen].sum()) >= wanted - 2 * 200 * EPS  # 200 numbers, added up in two orders
    last = score == score[chosen].min()
    assert float(masses[chosen & ~last].sum()) < wanted
    assert not bool((score[~chosen] > score[chosen].min()).any())


def test_the_volume_of_a_normal_level_set_tends_to_that_of_a_disc():
    h, radius = 1 / 80, math.sqrt(2 * math.log(2))
    edges = [torch.linspace(-5, 5, 801, dtype=torch.float64)] * 2
    cells = level_sets.Cells.of(lambda x: -x.square().sum(1) / 2, edges, lambda t: t)
    chosen = level_sets.upper_set(cells.log_p, cells.masses, tensor(0.5)[0])
    # Cells with centres within rho lie between the discs of radius rho - d and rho + d, d half a cell's diagonal; their mass is that of the normal distribution
    # to h^2 (rho^2 + 2)/24 (the midpoint rule, cell by cell, p'' <= (rho^2 + 2) p), and one ring of eight equal cells may be cut.
    d = h / math.sqrt(2)
    share = 0.5 * h**2 * (radius**2 + 2) / 12 + 8 * h**2 / (
        2 * math.pi
    )  # of the mass; d(mass) = rho e^(-rho^2/2) d(rho)
    off = 2 * d + share / (radius * math.exp(-(radius**2) / 2))
    assert (radius - off) ** 2 <= float(cells.volumes[chosen].sum()) / math.pi <= (radius + off) ** 2


@given(SEEDS, st.integers(1, 3))
def test_wasted_room_balances_for_any_set_and_only_for_true_level_sets(seed, dim):
    stream = Stream(seed)
    edges = [torch.linspace(-3, 3, 10, dtype=torch.float64)] * dim
    cells = level_sets.Cells.of(isotropic_gaussian(dim, 1.3, stream.uniform(1)).log_prob, edges, lambda t: t)
    density = cells.masses / cells.volumes
    level_set = cells.log_p > cells.log_p.median()
    other = stream.uniform(9**dim) < 0.5
    other[0] = True
    level = density[level_set].min()
    assert (
        float(cells.balance(level_set, other, level)) <= 4 * 9**dim * EPS
    )  # three sums of N terms, and what is compared
    assert float(cells.balance(other, level_set, level)) > 1e-4
    assert float(cells.excess(level_set, level_set)) == 0.0


@given(SEEDS, st.integers(1, 6))
def test_volume_factors_are_those_of_the_derivative(seed, dim):
    x = 1 + Stream(seed).uniform(7, dim)
    expected = (3 * x.square()).log()  # between 1 and 2.5, each to a few units, and as many roundings of the sum
    rounding = (8 + dim) * torch.finfo(x.dtype).eps * expected.sum(1)
    assert bool(((level_sets.log_volume_factor(lambda t: t**3, x) - expected.sum(1)).abs() <= rounding).all())
    assert bool((level_sets.log_volume_factor(lambda t: t, x) == 0).all())


@pytest.mark.parametrize("chart", [torch.detach, lambda t: t[:, :1]])
def test_charts_that_cannot_be_followed_are_refused(chart):
    with pytest.raises(ValueError, match="differentiable chart"):
        level_sets.log_volume_factor(chart, Stream(1).normal(4, 2))


CHARTS = {
    "identity": (lambda t: t, 1.0),
    "cube": (lambda t: t**3, 12.0),
    "exp": (torch.exp, math.e**2),
    "unfollowed": (lambda t: t.detach().exp(), math.e**2),
}


@pytest.mark.parametrize("name", CHARTS)
@given(seed=SEEDS, dim=st.integers(1, 4))
def test_points_spread_over_the_image_of_a_box_as_they_are_over_the_cube(name, seed, dim):
    chart, steepest = CHARTS[name]
    low, high = torch.full((dim,), -1.5, dtype=torch.float64), torch.linspace(1, 2, dim, dtype=torch.float64)
    unit = Stream(seed).uniform(200, dim)
    x = level_sets.spread_in_image(chart, low, high, unit)
    ends = chart(low), chart(high)
    target = ends[0] + (ends[1] - ends[0]) * unit
    assert bool(((x >= low) & (x <= high)).all())
    # met to 8 units of 1 + its size, or as nearly as two units of x allow; the target and the chart round too
    allowed = 16 * EPS * (1 + target.abs()) + 4 * EPS * steepest * x.abs()
    assert bool(((chart(x) - target).abs() <= allowed).all())


def test_charts_that_fall_have_no_image_to_spread_over():
    ends = tensor(-1.0), tensor(1.0)
    with pytest.raises(ValueError, match="increases over the box"):
        level_sets.spread_in_image(torch.neg, *ends, torch.zeros(3, 1, dtype=torch.float64))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_everything_runs_where_its_input_lives():
    stream = Stream(1, "cuda")
    f = bijections.bijection("deep", 2, stream.fork("f"))
    region = level_sets.Region(f, stream.normal(1000, 2))
    member, doubtful = region.in_image(f.forward(stream.normal(1000, 2)))
    assert member.device.type == doubtful.device.type == "cuda"
    family = level_sets.Family.of(stream.normal(1000, 2), stream.normal(2), Fraction(1, 4), 5)
    assert family.contains(stream.normal(10, 2)).device.type == "cuda"
    cells = level_sets.Cells.of(
        lambda x: -x.square().sum(1), [torch.linspace(-3, 3, 33, dtype=torch.float64, device="cuda")] * 2, lambda t: t
    )
    chosen = level_sets.upper_set(cells.log_p, cells.masses, cells.masses.new_tensor(0.5))
    assert chosen.device.type == "cuda"
