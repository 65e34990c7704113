"""Values of a log density are kept by the points, bit for bit, and asked anew where gradients are wanted."""

from __future__ import annotations

import torch

from numerics.streams import Stream
from proofs_checks.audits.density.cached_density import Remembered


class Counted:
    def __init__(self):
        self.points = 0

    def __call__(self, x):
        self.points += len(x)
        return -x.square().sum(1)


def test_a_point_is_evaluated_once_in_one_batch_and_in_several():
    counted, x = Counted(), Stream(1).normal(50, 3)
    once = Remembered(counted)
    with torch.no_grad():
        for batch in (x, x.flip(0), torch.cat([x, x]), x[:7]):
            assert torch.equal(once(batch), -batch.square().sum(1))
    assert counted.points == once.evaluations == 50


def test_neighbours_and_signs_of_zero_are_other_points():
    counted = Counted()
    once = Remembered(counted)
    x = torch.tensor([[0.1, 0.0]], dtype=torch.float64)
    near = torch.nextafter(x, torch.ones_like(x))
    with torch.no_grad():
        assert torch.equal(once(torch.cat([x, near])), -torch.cat([x, near]).square().sum(1))
    assert counted.points == 2


def test_points_of_one_key_are_told_apart():
    once = Remembered(Counted())
    once._keys = lambda x: [0] * len(x)  # type: ignore[method-assign]
    x = Stream(2).normal(5, 2)
    with torch.no_grad():
        assert torch.equal(once(x), -x.square().sum(1))
        assert torch.equal(once(x.flip(0)), -x.flip(0).square().sum(1))


def test_gradients_are_taken_anew_and_memory_is_bounded():
    counted, x = Counted(), Stream(3).normal(20, 2)
    once = Remembered(counted, most=30)
    leaf = x.clone().requires_grad_()
    torch.testing.assert_close(torch.autograd.grad(once(leaf).sum(), leaf)[0], -2 * x)
    with torch.no_grad():
        once(x)
        assert once.points is None
        assert torch.equal(once(x), -x.square().sum(1))
