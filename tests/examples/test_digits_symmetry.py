"""The example on digits under shifts: what needs no training, and an encoder trained on pairs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from preality import audit
from proofs_checks.kernel import Status

FILE = Path(__file__).parents[2] / "examples" / "digits_symmetry.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("digits_symmetry_example", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits_symmetry_example"] = module
    spec.loader.exec_module(module)
    return module


def audited(example, encoder):
    return audit.disentangled(
        encoder=encoder, transforms=example.transforms, objects=example.objects[:6], tolerance=example.tolerance
    )


def test_sums_are_disentangled_pixels_are_not_and_the_mean_encodes_nothing(example):
    assert audited(example, example.Sums().eval()).status is Status.HOLDS
    assert 0.2 < audited(example, torch.nn.Flatten().eval()).facts["interaction_share"] < 0.6
    assert audited(example, lambda x: x.mean((1, 2))[:, None]).status is Status.REFUTED


def test_pairs_train_an_encoder_that_is_disentangled_in_any_rotation(example):
    encoder = example.trained_on_pairs()
    own = audited(example, encoder).facts["distance"]
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)).Q
    turned = audited(example, lambda x: encoder(x) @ rotation).facts["distance"]
    assert own < example.tolerance
    assert turned == pytest.approx(own, rel=1e-6)


def test_four_quarter_turns_are_none(example):
    turn = example.quarter_turn()[0]
    assert torch.equal(torch.arange(64)[turn][turn][turn][turn], torch.arange(64))
    assert not torch.equal(torch.arange(64)[turn], torch.arange(64))
