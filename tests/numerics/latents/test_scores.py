"""Scores against other people's definitions and other people's code, and arrays that have none."""

from __future__ import annotations

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

from numerics.latents import code_bins, dci_score, factor_vae_score, mutual_information_gap, rotations
from numerics.streams import Stream

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
    a, b = code_bins.bins_of_equal_mass(codes, 7), code_bins.bins_of_equal_mass(factors, 5)
    found = mutual_information_gap.mutual_information(a, b)
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
    edges_agree = np.array_equal(binned - 1, code_bins.bins_of_equal_width(codes, 20).numpy())
    found = mutual_information_gap.mig(codes, labels, sort=code_bins.bins_of_equal_width)
    if edges_agree:  # a value on an edge of a cell may be rounded into either
        assert abs(found.score - published) <= 8 * _sum_rounding(60) / h.min()


@given(arrays, st.sampled_from((torch.exp, torch.atan, lambda x: x**3)))
@settings(max_examples=15)
def test_equal_masses_do_not_see_increasing_maps(problem, bend):
    codes, factors = _arrays(problem)
    plain, bent = (
        mutual_information_gap.mig(codes, factors, bins=5),
        mutual_information_gap.mig(bend(codes), bend(factors), bins=5),
    )
    assert torch.equal(plain.information, bent.information)
    assert torch.equal(code_bins.normal_scores(codes), code_bins.normal_scores(bend(codes)))


def test_a_permutation_of_the_factors_has_mig_dci_and_factor_vae_of_one():
    z = Stream(1).normal(4000, 4)
    codes = -z[:, [2, 0, 3, 1]]
    labels = code_bins.bins_of_equal_mass(z, 5)
    apart = (
        mutual_information_gap.mutual_information(labels, labels).fill_diagonal_(0.0).max()
    )  # what independent columns seem to share
    assert mutual_information_gap.mig(codes, z, bins=5).score >= 1 - float(apart) / math.log(5) - 4 * _sum_rounding(25)
    assert factor_vae_score.factor_vae(codes, z, Stream(2)).score == 1.0
    assert (
        factor_vae_score.factor_vae_by_simulation(
            lambda v: -v[:, [2, 0, 3, 1]], lambda m: Stream(m).normal(m, 4), Stream(3)
        ).score
        == 1.0
    )
    weights = dci_score.dci(codes, z).importance
    assert torch.equal(weights.argmax(0), torch.tensor([1, 3, 0, 2]))
    assert dci_score.dci_of_importance(torch.eye(4)[[1, 3, 0, 2]]) == (1.0, 1.0)


def test_normal_scores_are_those_of_midranks():
    x = torch.tensor([3.0, 1.0, 1.0, 7.0, 1.0])[:, None]
    expected = scipy.stats.norm.ppf((scipy.stats.rankdata(x[:, 0]) - 0.5) / 5)
    found = code_bins.normal_scores(x)[:, 0].numpy()
    assert (np.abs(found - expected) <= 2 * 16 * UNIT * (1 + np.abs(expected))).all()
    assert not code_bins.normal_scores(torch.full((9, 1), 4.0)).any()


# -- DCI ----------------------------------------------------------------------------------------------------------------


@given(arrays)
@settings(max_examples=20)
def test_disentanglement_and_completeness_are_the_published_entropies(problem):
    _, c, k, seed = problem
    R = Stream(seed).uniform(c, k).numpy() + 1e-3
    rows, columns = (1 - scipy.stats.entropy(R.T, base=k), 1 - scipy.stats.entropy(R, base=c))
    found = dci_score.dci_of_importance(torch.tensor(R))
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
    assert min(dci_score.dci_of_importance(torch.tensor(R))) > 0.9


@pytest.mark.parametrize("penalty", [0.01, 0.1, 0.5])
def test_the_lasso_is_that_of_scikit_learn(penalty):
    stream = Stream(7)
    X, Y = stream.normal(200, 5), stream.normal(200, 3)
    Y = Y + X @ stream.normal(5, 3)
    ours = dci_score.lasso_weights(X, Y, penalty)
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
        assert not dci_score.dci(codes, z, penalty=penalty).importance[2].any()
    with pytest.raises(ValueError, match="Factor 0 is constant"):
        dci_score.dci(z, torch.zeros(200, 2))


# -- FactorVAE ----------------------------------------------------------------------------------------------------------


def test_the_majority_vote_is_counted_by_hand():
    train = torch.tensor([[5, 0, 2], [1, 7, 3]])
    test = torch.tensor([[4, 1, 0], [2, 2, 6]])
    found = factor_vae_score.factor_vae_of_votes(train, test)  # code 0 calls factor 0, codes 1 and 2 call factor 1
    assert (found.right, found.total) == (4 + 2 + 6, 15)


def test_batches_share_the_class_that_is_fixed():
    labels = torch.arange(60) % 3
    codes = torch.stack([labels.double() + 0.0, Stream(1).normal(60)], 1)
    found = factor_vae_score.factor_vae(codes, labels[:, None], Stream(2), batch=8, votes=200)
    assert found.votes.tolist() == [[100, 0]]  # within a class the first code never varies


def test_fresh_votes_are_chance_where_no_code_is_singled_out_and_trained_ones_are_not_measured():
    A = rotations.equal_entries(4)
    stream = Stream(8)
    found = factor_vae_score.factor_vae_by_simulation(
        lambda z: z @ A.T, lambda m: stream.normal(m, 4), stream, batch=8, votes=20_000
    )
    radius = math.sqrt(math.log(2 / 1e-9) / (2 * found.total))  # Hoeffding, at level 1e-9
    assert abs(found.score - 0.25) <= radius


# -- refusals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda z: mutual_information_gap.mig(z[:, :1], z), ValueError, "at least two codes"),
        (lambda z: mutual_information_gap.mig(z, torch.zeros(40, 1)), ValueError, "constant"),
        (lambda z: mutual_information_gap.mig(z, z[:30]), ValueError, "one row"),
        (lambda z: mutual_information_gap.mig(z.numpy(), z), TypeError, "ndarray"),
        (lambda z: mutual_information_gap.mig(torch.full_like(z, math.nan), z), ValueError, "finite"),
        (lambda z: mutual_information_gap.mig(z[:0], z[:0]), ValueError, "n >= 1"),
        (lambda z: mutual_information_gap.mig(z, z, bins=1), ValueError, "between 2 and n"),
        (lambda z: dci_score.dci(z[:7], z[:7]), ValueError, "at least 8 rows"),
        (lambda z: dci_score.dci(z, z[:, :1]), ValueError, "two factors"),
        (lambda z: dci_score.dci(z, z, penalty=-1.0), ValueError, "penalty"),
        (lambda z: dci_score.dci_of_importance(-torch.ones(2, 2)), ValueError, "absolute values"),
        (lambda z: factor_vae_score.factor_vae(torch.zeros(40, 2), z, Stream(1)), ValueError, "Every code is constant"),
        (lambda z: factor_vae_score.factor_vae(z, z, Stream(1), batch=1), ValueError, "batches of at least 2"),
    ],
)
def test_arrays_without_a_score_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call(Stream(1).normal(40, 2))


def test_nothing_important_scores_nothing():
    assert dci_score.dci_of_importance(torch.zeros(3, 2)) == (0.0, 0.0)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_scores_run_on_cuda_and_agree_with_the_cpu():
    z = Stream(1).normal(2000, 4)
    codes = z @ rotations.flat_rotation(4).T
    here, there = mutual_information_gap.mig(codes, z), mutual_information_gap.mig(codes.cuda(), z.cuda())
    assert (here.information - there.information.cpu()).abs().max() <= _sum_rounding(400)
    assert (
        abs(dci_score.dci(codes, z).disentanglement - dci_score.dci(codes.cuda(), z.cuda()).disentanglement) <= 2.0**-30
    )
