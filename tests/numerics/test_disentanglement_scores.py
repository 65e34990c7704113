"""Scores against other people's definitions, their levels against integrals by other means, and rotations whose entries are all equal."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import Lasso
from sklearn.metrics import mutual_info_score

from numerics import disentanglement_scores as scores
from numerics import score_levels
from numerics.random import Stream
from numerics.transports.entangling import check_rotation
from numerics.twin_samples import information_width

UNIT = 2.0**-53
arrays = st.tuples(st.integers(30, 200), st.integers(2, 5), st.integers(2, 4), st.integers(0, 2**20))


def _arrays(problem: tuple[int, int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    n, c, k, seed = problem
    stream = Stream(seed)
    factors = stream.normal(n, k)
    return factors @ stream.normal(k, c) + 0.3 * stream.normal(n, c), factors


def _sum_rounding(terms: int) -> float:
    """Of a sum of that many products p log p, each at most 1/e in modulus and within 4 units, added one after the other; both sides."""
    return 2 * terms * (terms + 4) * UNIT


# -- MIG ----------------------------------------------------------------------------------------------------------------


@given(arrays)
@settings(max_examples=20)
def test_information_is_that_of_scikit_learn(problem):
    codes, factors = _arrays(problem)
    a, b = scores.bins_of_equal_mass(codes, 7), scores.bins_of_equal_mass(factors, 5)
    found = scores.mutual_information(a, b)
    for i in range(a.shape[1]):
        for j in range(b.shape[1]):
            assert abs(found[i, j].item() - mutual_info_score(a[:, i].numpy(), b[:, j].numpy())) <= 3 * _sum_rounding(
                35
            )


@given(arrays)
@settings(max_examples=20)
def test_mig_is_the_published_formula_on_the_published_histogram(problem):
    codes, factors = _arrays(problem)
    labels = torch.stack(
        [torch.searchsorted(torch.tensor([-0.5, 0.5]).double(), column.contiguous()) for column in factors.T], 1
    )
    if any(column.unique().numel() < 2 for column in labels.T):
        return
    binned = np.stack([np.digitize(column, np.histogram(column, 20)[1][:-1]) for column in codes.T.numpy()], 1)
    m = np.array([[mutual_info_score(y, x) for y in labels.T.numpy()] for x in binned.T])
    h = np.array([mutual_info_score(y, y) for y in labels.T.numpy()])
    ordered = np.sort(m, axis=0)[::-1]
    published = np.mean((ordered[0] - ordered[1]) / h)
    edges_agree = np.array_equal(binned - 1, scores.bins_of_equal_width(codes, 20).numpy())
    found = scores.mig(codes, labels, sort=scores.bins_of_equal_width)
    if edges_agree:  # a value on an edge of a cell may be rounded into either
        assert abs(found.score - published) <= 8 * _sum_rounding(60) / h.min()


@given(arrays, st.sampled_from((torch.exp, torch.atan, lambda x: x**3)))
@settings(max_examples=15)
def test_equal_masses_do_not_see_increasing_maps(problem, bend):
    codes, factors = _arrays(problem)
    plain, bent = scores.mig(codes, factors, bins=5), scores.mig(bend(codes), bend(factors), bins=5)
    assert torch.equal(plain.information, bent.information)
    assert torch.equal(scores.normal_scores(codes), scores.normal_scores(bend(codes)))


def test_a_permutation_of_the_factors_has_mig_dci_and_factor_vae_of_one():
    z = Stream(1).normal(4000, 4)
    codes = -z[:, [2, 0, 3, 1]]
    labels = scores.bins_of_equal_mass(z, 5)
    apart = (
        scores.mutual_information(labels, labels).fill_diagonal_(0.0).max()
    )  # what independent columns seem to share
    assert scores.mig(codes, z, bins=5).score >= 1 - float(apart) / math.log(5) - 4 * _sum_rounding(25)
    assert scores.factor_vae(codes, z, Stream(2)).score == 1.0
    assert (
        scores.factor_vae_by_simulation(
            lambda v: -v[:, [2, 0, 3, 1]], lambda m: Stream(m).normal(m, 4), Stream(3)
        ).score
        == 1.0
    )
    weights = scores.dci(codes, z).importance
    assert torch.equal(weights.argmax(0), torch.tensor([1, 3, 0, 2]))
    assert scores.dci_of_importance(torch.eye(4)[[1, 3, 0, 2]]) == (1.0, 1.0)


def test_normal_scores_are_those_of_midranks():
    x = torch.tensor([3.0, 1.0, 1.0, 7.0, 1.0])[:, None]
    expected = scipy.stats.norm.ppf((scipy.stats.rankdata(x[:, 0]) - 0.5) / 5)
    found = scores.normal_scores(x)[:, 0].numpy()
    assert (np.abs(found - expected) <= 2 * 16 * UNIT * (1 + np.abs(expected))).all()
    assert not scores.normal_scores(torch.full((9, 1), 4.0)).any()


# -- DCI ----------------------------------------------------------------------------------------------------------------


@given(arrays)
@settings(max_examples=20)
def test_disentanglement_and_completeness_are_the_published_entropies(problem):
    _, c, k, seed = problem
    R = Stream(seed).uniform(c, k).numpy() + 1e-3
    rows, columns = (1 - scipy.stats.entropy(R.T, base=k), 1 - scipy.stats.entropy(R, base=c))
    found = scores.dci_of_importance(torch.tensor(R))
    for value, expected in zip(found, (rows @ R.sum(1) / R.sum(), columns @ R.sum(0) / R.sum()), strict=True):
        assert abs(value - expected) <= 4 * _sum_rounding(max(c, k)) / math.log(2)


def test_importances_of_trees_can_be_scored():
    z = Stream(5).normal(400, 2)
    labels = (z > 0).long().numpy()
    R = np.stack(
        [
            GradientBoostingClassifier(n_estimators=10, random_state=0).fit(z.numpy(), y).feature_importances_
            for y in labels.T
        ],
        1,
    )
    assert min(scores.dci_of_importance(torch.tensor(R))) > 0.9


@pytest.mark.parametrize("penalty", [0.01, 0.1, 0.5])
def test_the_lasso_is_that_of_scikit_learn(penalty):
    stream = Stream(7)
    X, Y = stream.normal(200, 5), stream.normal(200, 3)
    Y = Y + X @ stream.normal(5, 3)
    ours = scores.lasso_weights(X, Y, penalty)
    theirs = Lasso(alpha=penalty, fit_intercept=False, tol=1e-14, max_iter=10**6).fit(X.numpy(), Y.numpy()).coef_.T

    def objective(W: torch.Tensor) -> torch.Tensor:
        return (Y - X @ W).square().sum(0) / 400 + penalty * W.abs().sum(0)

    rounding = 400 * UNIT * objective(ours)  # sums of 200 squares, each side
    assert (objective(ours) <= objective(torch.tensor(theirs)) + rounding).all()
    slope = X.T @ (Y - X @ ours) / 200
    assert (slope.abs() <= penalty * (1 + 2.0**-30)).all()


def test_a_dead_code_has_no_importance_and_a_constant_factor_is_refused():
    z = Stream(1).normal(200, 2)
    codes = torch.cat([z, torch.full((200, 1), 3.0)], 1)
    for penalty in (0.0, 0.1):
        assert not scores.dci(codes, z, penalty=penalty).importance[2].any()
    with pytest.raises(ValueError, match="Factor 0 is constant"):
        scores.dci(z, torch.zeros(200, 2))


# -- FactorVAE ----------------------------------------------------------------------------------------------------------


def test_the_majority_vote_is_counted_by_hand():
    train = torch.tensor([[5, 0, 2], [1, 7, 3]])
    test = torch.tensor([[4, 1, 0], [2, 2, 6]])
    found = scores.factor_vae_of_votes(train, test)  # code 0 calls factor 0, codes 1 and 2 call factor 1
    assert (found.right, found.total) == (4 + 2 + 6, 15)


def test_batches_share_the_class_that_is_fixed():
    labels = torch.arange(60) % 3
    codes = torch.stack([labels.double() + 0.0, Stream(1).normal(60)], 1)
    found = scores.factor_vae(codes, labels[:, None], Stream(2), batch=8, votes=200)
    assert found.votes.tolist() == [[100, 0]]  # within a class the first code never varies


def test_fresh_votes_are_chance_where_no_code_is_singled_out_and_trained_ones_are_not_measured():
    A = score_levels.equal_entries(4)
    stream = Stream(8)
    found = scores.factor_vae_by_simulation(
        lambda z: z @ A.T, lambda m: stream.normal(m, 4), stream, batch=8, votes=20_000
    )
    radius = math.sqrt(math.log(2 / 1e-9) / (2 * found.total))  # Hoeffding, at level 1e-9
    assert abs(found.score - 0.25) <= radius


# -- levels -------------------------------------------------------------------------------------------------------------


LABELS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=30)


@given(LABELS, st.tuples(st.integers(0, 3), st.integers(0, 4)), st.randoms(use_true_random=False))
def test_replacing_a_point_moves_a_joint_entropy_by_at_most_the_width(rows, another, random):
    replaced = list(rows)
    replaced[random.randrange(len(rows))] = another
    before, after = (scores.joint_entropy(table[:, :1], table[:, 1:]) for table in map(torch.tensor, (rows, replaced)))
    n, bins = len(rows), 20
    width, _ = information_width(n, bins)
    assert float((before - after).abs()) <= width * math.log(bins) / n + 32 * UNIT  # 20 terms below 1


@pytest.mark.parametrize(("n", "bins"), [(1, 2), (2, 2), (3, 2), (5, 2), (2, 3)])
def test_an_empirical_entropy_is_low_on_average_by_no_more_than_the_bias(n, bins):
    """All samples of n pairs that fall evenly into bins x bins cells."""
    cells = list(itertools.product(range(bins), repeat=2))
    samples = [torch.tensor(sample) for sample in itertools.product(cells, repeat=n)]
    mean = math.fsum(float(scores.joint_entropy(table[:, :1], table[:, 1:])) for table in samples) / len(samples)
    _, bias = information_width(n, bins)
    missing = 2 * math.log(bins) - mean
    assert 0.4 * bias * math.log(bins) < missing <= bias * math.log(bins) + 8 * UNIT


@pytest.mark.parametrize("rho", [0.0, 0.3, -0.7, 0.95])
def test_cells_of_a_normal_pair_are_those_of_scipy(rho):
    cells, estimate = score_levels.normal_cells(rho, 4)
    h = scipy.stats.norm.ppf([0.25, 0.5, 0.75])
    law = scipy.stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    corner = np.array([[law.cdf([a, b]) for b in h] for a in h])
    found = cells.cumsum(0).cumsum(1)[:3, :3].numpy()
    assert np.abs(found - corner).max() <= 1e-8 + 16 * float(
        estimate
    )  # SciPy states an absolute error of 1e-8 for its integral
    assert abs(cells.sum().item() - 1) <= 16 * UNIT


@given(st.floats(-0.999, 0.999))
@settings(max_examples=30)
def test_two_bins_have_sheppards_information(rho):
    exact = score_levels.median_information(torch.tensor(rho, dtype=torch.float64)).item()
    # arcsin and the quadrature of a constant: 64 units of a probability, through p log p of slope at most log(1/p) + 1
    assert abs(score_levels.quantised_information(rho, 2) - exact) <= 64 * UNIT * 4 * (
        1 - math.log(0.5 - math.asin(abs(rho)) / math.pi)
    )


@given(st.floats(0.0, 0.99), st.floats(0.0, 0.99))
@settings(max_examples=20)
def test_information_grows_with_the_correlation(one, other):
    low, high = sorted((abs(one), abs(other)))
    assert score_levels.quantised_information(low) <= score_levels.quantised_information(high) + 400 * 64 * UNIT


@pytest.mark.parametrize("d", [2, 4, 8, 12, 20, 28, 36])
def test_equal_entries_are_orthogonal_and_put_every_score_at_its_floor(d):
    A = check_rotation(score_levels.equal_entries(d))
    found = score_levels.levels(A)
    assert found.equal
    assert found.mig == 0.0
    assert found.factor_vae == 1 / d
    assert max(found.disentanglement, found.completeness) <= 4 * (d + 16) * UNIT


def test_hadamard_matrices_are_found_where_they_are_constructed_and_nowhere_else():
    for d in range(1, 130):
        H = score_levels.hadamard(d)
        if H is None:
            assert d % 4 or d in (52, 92, 100, 116)
            continue
        assert d <= 2 or d % 4 == 0
        assert torch.equal(H.abs(), torch.ones(d, d).double())
        assert torch.equal(H.T @ H, d * torch.eye(d).double())
    assert torch.equal(score_levels.hadamard(2), torch.tensor(scipy.linalg.hadamard(2)).double())


@pytest.mark.parametrize("d", [2, 3, 5, 6, 7, 9, 10, 24, 52, 184])
def test_flat_rotations_meet_the_hypotheses_in_every_dimension(d):
    A = check_rotation(score_levels.flat_rotation(d))
    assert A.abs().max() <= math.sqrt(2 / d) * (1 + 16 * UNIT)


def test_hartleys_matrix_has_a_zero_entry_only_for_multiples_of_8():
    turns = {d: {(8 * j * k) % (8 * d) for j in range(d) for k in range(d)} & {3 * d, 7 * d} for d in range(2, 60)}
    assert {d for d, found in turns.items() if found} == {d for d in turns if d % 8 == 0}


def test_near_a_permutation_scores_stay_high():
    found = score_levels.levels(score_levels.near_permutation(4, 0.01))
    assert found.mig > 0.8
    assert min(found.disentanglement, found.completeness) > 0.85
    assert found.factor_vae == 1.0
    with pytest.raises(ValueError, match="1/4"):
        score_levels.near_permutation(4, 0.5)


# -- refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda z: scores.mig(z[:, :1], z), ValueError, "at least two codes"),
        (lambda z: scores.mig(z, torch.zeros(40, 1)), ValueError, "constant"),
        (lambda z: scores.mig(z, z[:30]), ValueError, "one row"),
        (lambda z: scores.mig(z.numpy(), z), TypeError, "ndarray"),
        (lambda z: scores.mig(torch.full_like(z, math.nan), z), ValueError, "finite"),
        (lambda z: scores.mig(z[:0], z[:0]), ValueError, "n >= 1"),
        (lambda z: scores.mig(z, z, bins=1), ValueError, "between 2 and n"),
        (lambda z: scores.dci(z[:7], z[:7]), ValueError, "at least 8 rows"),
        (lambda z: scores.dci(z, z[:, :1]), ValueError, "two factors"),
        (lambda z: scores.dci(z, z, penalty=-1.0), ValueError, "penalty"),
        (lambda z: scores.dci_of_importance(-torch.ones(2, 2)), ValueError, "absolute values"),
        (lambda z: scores.factor_vae(torch.zeros(40, 2), z, Stream(1)), ValueError, "Every code is constant"),
        (lambda z: scores.factor_vae(z, z, Stream(1), batch=1), ValueError, "batches of at least 2"),
        (lambda z: score_levels.normal_cells(1.5, 4), ValueError, "correlation"),
        (lambda z: score_levels.levels(torch.ones(1, 1)), ValueError, "d >= 2"),
        (lambda z: score_levels.flat_rotation(1), ValueError, "d >= 2"),
    ],
)
def test_arrays_without_a_score_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(Stream(1).normal(40, 2))


def test_nothing_important_scores_nothing():
    assert scores.dci_of_importance(torch.zeros(3, 2)) == (0.0, 0.0)
    # twenty terms p log p, their sum and 2 log 20, a few units of rounding each
    rounding = (20 + 2) * 4 * UNIT * math.log(20)
    assert abs(score_levels.quantised_information(1.0, 20) - math.log(20)) <= rounding


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_scores_run_on_cuda_and_agree_with_the_cpu():
    z = Stream(1).normal(2000, 4)
    codes = z @ score_levels.flat_rotation(4).T
    here, there = scores.mig(codes, z), scores.mig(codes.cuda(), z.cuda())
    assert (here.information - there.information.cpu()).abs().max() <= _sum_rounding(400)
    assert abs(scores.dci(codes, z).disentanglement - scores.dci(codes.cuda(), z.cuda()).disentanglement) <= 2.0**-30
