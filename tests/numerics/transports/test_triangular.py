"""Triangular structure is checked and not assumed, and gives the log-determinant."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from numerics.streams import Stream
from numerics.transports.triangular import triangular_log_det, triangularity_defect

EPS = torch.finfo(torch.float64).eps


def test_triangular_structure_is_checked_and_not_assumed() -> None:
    x = Stream(3).normal(6, 3)

    def lower(point: Tensor) -> Tensor:
        return torch.stack([point[:, 0].sinh(), 2 * point[:, 1] + point[:, 0] ** 2, point[:, 2] * point[:, 0].exp()], 1)

    expected = x[:, 0].cosh().log() + math.log(2) + x[:, 0]
    assert bool(((triangular_log_det(lower, x) - expected).abs() <= 16 * EPS * (1 + expected.abs())).all())
    covectors = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]).double()
    assert float(triangularity_defect(lower, x, covectors).max()) == 0
    assert float(triangularity_defect(lambda point: point.flip(1), x, covectors).min()) == 1
    with pytest.raises(ValueError, match="unchanged"):
        triangular_log_det(lower, x, active=(0, 2))
    with pytest.raises(ValueError, match="cut off"):
        triangular_log_det(lambda point: point.detach() ** 2, x)
    with pytest.raises(ValueError, match="same shape"):
        triangular_log_det(lambda point: point[:, :2], x)
