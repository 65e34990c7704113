"""Pages about compression: every figure draws, and the falsehoods that no control states are seen at a page's own cases."""

from __future__ import annotations

import importlib

import pytest
import torch

from numerics.compression import additive_noise, gibbs_encoders, rate_distortion
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.compression import ais_bounds, figures, figures_bounds, prior_bound, toy_models
from proofs_checks.kernel import Status

FIGURES = [(figures, name) for name in (
    "variational_rate_bound", "elbo", "nll", "lagrangian_separates", "prior_bound", "curve_is_pushforward",
    "decoder_restricts_rate", "linear_vae", "source_coding", "rate_distortion",
)] + [(figures_bounds, name) for name in ("ais_bounds", "black_box_limit", "code_size", "toy_models")]  # fmt: skip


def statuses(page, route, cases, **objects):
    check = getattr(page, route)
    return {
        kernel.judge(check(case, Stream(k), **objects), route=route, alpha=1e-12, case=case).status
        for k, case in enumerate(cases)
    }


@pytest.mark.parametrize(("module", "name"), FIGURES, ids=[name for _, name in FIGURES])
def test_a_figure_draws_and_is_that_of_its_page(module, name):
    page = importlib.import_module(f"proofs_checks.catalogue.compression.{name}")
    assert page.figure is getattr(module, name)
    assert page.figure().get_axes()


def test_a_prior_after_one_replacement_is_no_fixed_point():
    def once(source, beta):
        mixture = source.weights @ gibbs_encoders.gibbs_encoder(source, beta)
        return gibbs_encoders.Source(source.distortions, source.weights, mixture)

    case = [prior_bound.ALWAYS[1]]
    assert statuses(prior_bound, "numeric", case) == {Status.HOLDS}
    assert statuses(prior_bound, "numeric", case, fixed_point=once) == {Status.REFUTED}


def test_a_solver_that_weighs_data_alike_is_refuted(monkeypatch):
    def alike(distortions, weights, beta, *, gap=1e-6, steps=100_000):
        found = rate_distortion.blahut_arimoto(
            distortions, torch.full_like(weights, 1 / weights.numel()), beta, gap=gap
        )
        return rate_distortion._slope(distortions, weights, found.prior, beta, found.steps)

    source = additive_noise.cyclic_source(9, Stream(1))
    monkeypatch.setattr(additive_noise, "blahut_arimoto", alike)
    found = additive_noise.two_algorithms(source)
    assert float(found.residual) > 3 * sum(map(float, found.bound.terms.values()))


def test_half_of_a_proposal_s_rejections_are_seen():
    def timid(log_mass):
        sound = ais_bounds.annealing.metropolis
        return (sound(log_mass) + ais_bounds.annealing.always_accepted(log_mass)) / 2

    assert statuses(ais_bounds, "numeric", ais_bounds.MOVED, kernel=timid) == {Status.REFUTED}


def test_a_second_prior_that_is_slightly_off_at_the_nearest_codes_is_seen():
    def off(first, second):
        return (second / first).log() * 1.001

    assert statuses(toy_models, "numeric", toy_models.ALWAYS, ratio=off) == {Status.REFUTED}
