"""The hybrid digits example: a log-determinant that is that of its Jacobian, seeded training, and what the audit says before it."""

from __future__ import annotations

import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import torch

from proofs_checks.audits.hybrid import audit_hybrid
from proofs_checks.kernel import Status

FILE = Path(__file__).parents[2] / "examples" / "digits_hybrid.py"


@functools.cache
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits_hybrid_example", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits_hybrid_example"] = module
    spec.loader.exec_module(module)
    return module


def test_the_density_is_a_change_of_variables() -> None:
    network, x = example().untrained().double(), example().x[:2].double()

    def features(point: torch.Tensor) -> torch.Tensor:
        for coupling in network.couplings:
            point = coupling(point)[0]
        return point

    for row in x:
        J = torch.autograd.functional.jacobian(lambda p: features(p[None])[0], row)
        z = features(row[None])[0]
        base = torch.distributions.Normal(torch.zeros((), dtype=z.dtype), 1.0).log_prob(z).sum()
        expected = base + torch.linalg.slogdet(J).logabsdet
        assert abs(float((network(row[None])[1][0] - expected).detach())) < 2.0**-30  # LU of 64 x 64 and 256 logarithms


def test_training_is_seeded_and_a_weight_lowers_the_images_loss() -> None:
    digits = example().data()
    first, again = example().train(1.0, epochs=2), example().train(1.0, epochs=2)
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), again.parameters(), strict=True))
    alone = example().train(0.0, epochs=2)
    assert (
        example().losses(first, digits.held_x, digits.held_y)[1]
        < example().losses(alone, digits.held_x, digits.held_y)[1]
    )


def test_before_training_the_image_pulls_much_harder_and_the_audit_says_so() -> None:
    report = audit_hybrid(example().model, example().x[:64], example().y[:64], train=False)
    balance = next(finding for finding in report.findings if finding.name == "balance at your lambda")
    assert balance.witness is not None
    assert balance.witness["high"] < 1
    assert report.facts["D"] == 64
    assert all(finding.status in (Status.HOLDS, Status.REFUTED) for finding in report.findings[:-1])
