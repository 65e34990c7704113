"""Bounds that were sharpened: an error of ten times the bound is far below what the claim resolves, and is seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from numerics.bounds import Measurement
from numerics.compression import additive_noise, gibbs_encoders
from numerics.detection.typical_set_measurements import closed_forms, columns_of_one_family, shape_of_product
from numerics.detection.typical_sets import MeasuredProduct
from numerics.likelihoods import residual_flows
from numerics.representations.square_symmetries import placed_square
from numerics.streams import Stream
from proofs_checks.kernel import judge, measured


def a_constant_density() -> Measurement:
    found = MeasuredProduct(columns_of_one_family("uniform", 3, Stream(1)))
    return closed_forms(found, shape_of_product(found.product), lambda dim, shape: dim * shape)[0]


def a_block(steps: str) -> Measurement:
    block, x = residual_flows.random_block(8, 0.8, Stream(1)), Stream(2).normal(4, 8)
    if steps == "series":
        return residual_flows.log_determinant(block, x / 5, 40)
    return residual_flows.round_trip(block, x, residual_flows.lipschitz_ceiling(block))


def a_square() -> Measurement:
    corners = torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    return placed_square(corners, 1e-3, 1024.0, Stream(2)).centre(
        [True, False, True, False, False, False, False, False]
    )


SOURCE = gibbs_encoders.random_source(12, 12, Stream(3))
SHARP = {
    "variance of a constant log p": (a_constant_density, 1e-20),
    "power series": (lambda: a_block("series"), 1e-6),
    "inverse by fixed points": (lambda: a_block("inverse"), 1e-9),
    "slope of the curve": (lambda: gibbs_encoders.slope_and_curvature(SOURCE, 4.0)[0], 1e-9),
    "curvature of the curve": (lambda: gibbs_encoders.slope_and_curvature(SOURCE, 4.0)[1], 1e-9),
    "gain of a Gaussian": (lambda: additive_noise.gain_of_a_gaussian(0.2), 1e-9),
    "centre of D4": (a_square, 1e-9),
}


@pytest.mark.parametrize("name", SHARP)
def test_an_error_of_ten_bounds_is_seen(name: str) -> None:
    made, largest = SHARP[name]
    found = made()
    bound = sum(
        np.broadcast_to(np.asarray(torch.as_tensor(term)), np.shape(found.residual))
        for term in found.bound.terms.values()
    )
    assert float(np.max(bound)) < largest
    assert judge(measured(found, resolves=1e-2), route="numeric").holds
    wrong = replace(found, residual=torch.as_tensor(found.residual) + 10.5 * torch.as_tensor(np.asarray(bound)))
    assert str(judge(measured(wrong, resolves=1e-2), route="numeric").status) == "REFUTED"


def test_the_tail_of_these_very_powers_is_below_that_of_their_norm() -> None:
    block, x = residual_flows.random_block(8, 0.8, Stream(1)), Stream(2).normal(4, 8)
    J = residual_flows.jacobians(block, x)
    tails = residual_flows.tail_of_powers(J, 0.8, 6)
    left = torch.linalg.slogdet(torch.eye(8).double() + J).logabsdet - residual_flows.log_det_series(J, 6)
    assert bool((left.abs() <= tails + 1e-13).all())
    assert float(tails.max()) <= residual_flows.tail_bound(8, 0.8, 6)
