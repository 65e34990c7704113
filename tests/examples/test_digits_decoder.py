"""The digits' autoencoder and its twin, with a short training: what the example says does not depend on how well it was trained."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

from proofs_checks.audits.entangle import audit_entangle
from proofs_checks.inputs.code_files import arguments

PATH = Path(__file__).parents[2] / "examples" / "digits_decoder.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_decoder", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.fresh = module.trained.__wrapped__  # trains at every call
    short = module.fresh(0, 4)
    module.trained = lambda: short
    return module


def test_the_same_images_and_scores_at_chance(example):
    report = audit_entangle(example.decoder, example.prior, samples=4000)
    assert report.status == "HOLDS"
    before, after = (report.facts["scores"][name] for name in ("before", "after"))
    assert before["FactorVAE"] == 1.0
    assert report.facts["all entries equal"]
    assert report.facts["levels"]["FactorVAE"] == 1 / example.LATENTS
    assert (after["MIG"] < 0.05, before["MIG"] > 0.9) == (True, True)
    assert (after["DCI disentanglement"] < 0.05, before["DCI disentanglement"] > 0.9) == (True, True)


def test_the_codes_of_real_images_are_scored_against_what_is_seen(example):
    images, labels = example.digits()
    factors = example.seen_factors(images, labels)
    assert factors.shape == (1797, 3)
    assert torch.isfinite(factors).all()
    report = audit_entangle(
        example.decoder, example.prior, encoder=example.encoder, data=images, factors=factors, samples=4000
    )
    assert report.status == "HOLDS"
    assert set(report.facts["scores"]) == {"before", "after"}
    assert "levels" not in report.facts  # nothing is known of these factors


def test_training_is_a_function_of_the_seed_and_leaves_the_global_generator_alone(example):
    before = torch.random.get_rng_state()
    first, second, other = (example.fresh(seed, 1).state_dict() for seed in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())
    assert any(not torch.equal(weight, other[name]) for name, weight in first.items())


def test_the_command_line_reads_its_names():
    found = arguments(PATH, audit_entangle)
    assert {"decoder", "prior", "encoder"} <= set(found)
