"""What the audit of a decoder's curve says of inputs for which the curve does not exist."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from numerics.streams import Stream
from proofs_checks import audit
from proofs_checks.errors import InputError


def far_is_infinite(x: Tensor, y: Tensor) -> Tensor:
    squares = (x - y).square().sum(-1)
    return torch.where(squares > 6, torch.full_like(squares, torch.inf), squares)


def test_an_infinite_distortion_is_refused_and_not_called_a_constant_one() -> None:
    with pytest.raises(InputError, match=r"infinite or NaN at some draws of the prior.*clamp"):
        audit.rate_distortion(
            lambda z: z, 2, Stream(1).normal(40, 2), distortion=far_is_infinite, samples=1024, calls=20
        )
