"""Decoders of digits, with a short training: what the example says does not depend on how well they were trained."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import torch

from proofs_checks.audits.rate_distortion import audit_rate_distortion
from proofs_checks.inputs.code_files import arguments
from proofs_checks.kernel import Status

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_rate_distortion", EXAMPLES / "digits_rate_distortion.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_more_latents_reach_a_smaller_distortion_even_when_hardly_trained(example):
    small, large = (example.audited(example.autoencoder(k, 0, 3)[1], k, calls=40) for k in (2, 8))
    least = [next(f for f in one.findings if f.name == "least distortion").witness["least"] for one in (small, large)]
    assert least[1] < least[0]
    for report in (small, large):
        assert next(f for f in report.findings if f.name == "the band").status is Status.HOLDS
        assert report.prior is not None
        assert example.rate_at(report, 1e9) == 0.0
        assert example.rate_at(report, 0.0) is None


def test_a_generator_without_an_encoder_is_audited(example):
    report = example.audited(example.gan(0, 1), 8, calls=20)
    assert next(f for f in report.findings if f.name == "the decoder uses its code").status is Status.HOLDS


def test_training_is_a_function_of_the_seed_and_leaves_the_global_generator_alone(example):
    before = torch.random.get_rng_state()
    train = example.autoencoder.__wrapped__
    first, second, other = (train(2, seed, 1)[1].state_dict() for seed in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(weight, second[name]) for name, weight in first.items())
    assert any(not torch.equal(weight, other[name]) for name, weight in first.items())


def test_the_file_is_an_audit_file():
    given = arguments(EXAMPLES / "digits_rate_distortion.py", audit_rate_distortion)
    assert {"decoder", "prior", "data", "train", "encoder", "betas", "subject"} <= set(given)


def test_what_the_page_says_is_what_was_found():
    found = json.loads((EXAMPLES / "seeds" / "digits_rate_distortion.json").read_text(encoding="utf-8"))
    least = {name: one["least distortion"] for name, one in found["models"].items()}
    assert least["32 latents"][1] < least["2 latents"][0], "larger codes reach smaller distortions, whatever the seed"
    assert least["8 latents"][1] < least["2 latents"][0]
    assert len(found["seeds"]) == 3
