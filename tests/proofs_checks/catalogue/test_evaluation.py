"""The claims about measures of fit: they hold on every route, a user's own object is judged, and what cannot be told stays open."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch

from numerics.distributions import divergence_values
from numerics.streams import Stream
from proofs_checks import claims, kernel
from proofs_checks.catalogue.evaluation import jsd_bounded_metric, kl_covers, mmd_bandwidth, score_matching
from proofs_checks.kernel import Case, Status
from proofs_checks.run import checks

IDS = [name for name in claims if name.startswith("evaluation.")]


def status(page, route: str, case: Case, **objects: object) -> Status:
    evidence = checks.gather(getattr(page, route), case=case, stream=Stream(1), **objects)
    return kernel.judge(evidence, route=route, alpha=kernel.level(1), case=case).status


def test_all_eight_claims_are_there_with_a_witness_for_each_erratum() -> None:
    assert len(IDS) == 8
    for name in IDS:
        page = claims[name].page
        assert page.errata
        assert all(erratum.witness in page.controls for erratum in page.errata), name


def test_another_divergence_is_judged_by_the_same_check() -> None:
    case = Case(n=16, share=Fraction(1, 2), digits=6, seed=0)

    def renyi(p: torch.Tensor, q: torch.Tensor) -> torch.Tensor:  # of order 2, never below KL
        return (p.square() / q).sum(-1).log()

    assert status(kl_covers, "numeric", case, divergence=renyi) is Status.HOLDS
    hellinger = lambda p, q: (p.sqrt() - q.sqrt()).square().sum(-1) / 2  # noqa: E731
    assert status(kl_covers, "numeric", case, divergence=hellinger) is Status.REFUTED


@pytest.mark.parametrize(
    ("power", "expected"),
    [(Fraction(1, 2), Status.HOLDS), (Fraction(1, 3), Status.HOLDS), (Fraction(3, 4), Status.REFUTED)],
)
def test_powers_of_jsd_up_to_one_half_are_metrics(power, expected) -> None:
    assert status(jsd_bounded_metric, "numeric", Case(n=8, seed=3), power=power) is expected


def test_at_the_jump_the_best_gaussian_is_left_open() -> None:
    assert status(jsd_bounded_metric, "numeric", Case(apart=Fraction(424, 100))) is Status.UNDECIDED


def test_a_biased_estimate_and_a_dropped_boundary_are_refuted() -> None:
    finite = mmd_bandwidth.FINITE
    assert (
        status(
            mmd_bandwidth,
            "numeric",
            finite,
            estimate=lambda x, y, k: float(k(x, x).mean() + k(y, y).mean() - 2 * k(x, y).mean()),
        )
        is Status.REFUTED
    )
    assert (
        status(score_matching, "numeric", Case(D=2, degree=2, seed=0), flux=lambda upper, lower: 0 * upper)
        is Status.REFUTED
    )


def test_a_range_in_bits_is_no_range_in_nats() -> None:
    assert status(jsd_bounded_metric, "numeric", Case(n=2, seed=0), ceiling=1.0) is Status.HOLDS
    assert status(jsd_bounded_metric, "numeric", Case(n=2, seed=0), ceiling=math.log(2) - 1e-6) is Status.REFUTED
    assert float(divergence_values.jensen_shannon_nats(*torch.eye(2).double())) <= math.log(2)
