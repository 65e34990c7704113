"""Masses of images under a claimed density: right for the rule, wrong for its neighbours, and refused near a pole."""

from __future__ import annotations

import pytest
import torch

from numerics.distributions.marginals import Uniform
from numerics.errors import HypothesisError, PrecisionError
from numerics.streams import Stream
from numerics.transports import bijections, image_masses


def divide(log_p, log_det):
    return log_p - log_det


def nearly(log_p, log_det):
    return log_p - 0.999 * log_det


def margin(measurement):
    return float((measurement.residual / sum(measurement.bound.terms.values())).max())


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_masses_of_cells_tell_the_exponent_to_a_thousandth(dim, seed):
    assert margin(image_masses.mass_of_cells(dim, Stream(seed), divide)) < 1
    assert margin(image_masses.mass_of_cells(dim, Stream(seed), nearly)) > 1e4


@pytest.mark.parametrize("dim", [1, 2, 7, 64])
def test_gaussian_images_tell_the_exponent_to_a_thousandth(dim):
    assert margin(image_masses.density_of_gaussian_images(dim, 8, Stream(dim), divide)) < 1
    assert margin(image_masses.density_of_gaussian_images(dim, 8, Stream(dim), nearly)) > 1e4


def test_cells_that_reach_a_pole_are_refused():
    with pytest.raises(PrecisionError, match="narrower"):
        image_masses.mass_of_cells(2, Stream(1), divide, width=9.0)


@pytest.mark.parametrize("name", ["deep", "splines", "triangular", "rotations"])
def test_log_determinants_of_layers_agree_with_the_jacobian(name):
    chosen = bijections.bijection(name, 5, Stream(2))
    assert margin(image_masses.tracked_log_determinant(chosen, Stream(3).normal(16, 5))) < 1


def test_a_determinant_that_vanishes_is_refused():
    with pytest.raises(HypothesisError, match="vanishes"):
        image_masses.tracked_log_determinant(bijections.Cube(), torch.zeros(1, 1, dtype=torch.float64))


def test_pushed_samples_follow_the_rule_and_no_other():
    distribution, chosen = Uniform(0.0, 2.0), bijections.bijection("splines", 1, Stream(4))
    sound, slack = image_masses.pushed_into_cells(distribution, chosen, divide, 20_000, Stream(5))
    wrong, _ = image_masses.pushed_into_cells(distribution, chosen, lambda p, d: p + d, 20_000, Stream(5))
    assert sound < 0.02 < wrong
    assert float(slack.terms["quadrature"]) < 0.02
