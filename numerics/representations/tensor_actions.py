"""Group actions on the axes of signals, images and planes with orientation.

Signals are ``(batch, channels, n)``, images ``(batch, channels, n, n)``, planes with
orientation ``(batch, channels, 4, n, n)``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Action = Callable[[Tensor], Tensor]


def shift_action(steps: int, *axes: int) -> Action:
    """Circular shift by ``steps`` along each of the axes.

    >>> shift_action(1, -1)(torch.tensor([1, 2, 3]))
    tensor([3, 1, 2])
    """
    return lambda x: torch.roll(x, [steps] * len(axes), axes)


def permutation_action(images: Tensor, axis: int = -1) -> Action:
    """The action under which position i goes to ``images[i]`` along one axis.

    Args:
        images: A permutation of 0..n-1, int64, shape ``(n,)``. axis: Of length n.

    >>> permutation_action(torch.tensor([1, 2, 0]))(torch.tensor([10, 20, 30]))
    tensor([30, 10, 20])
    """
    inverse = torch.argsort(images)
    return lambda x: x.index_select(axis, inverse.to(x.device))


def quarter_turned(x: Tensor) -> Tensor:
    """The plane turned by 90 degrees about its centre, shape ``(*, n, n)``.

    >>> quarter_turned(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 4.],
            [1., 3.]])
    """
    return torch.rot90(x, 1, (-2, -1))


def planes_turned(x: Tensor) -> Tensor:
    """Four planes turned, and cycled: plane r goes to r + 1; shape ``(*, 4, n, n)``.

    >>> planes_turned(torch.tensor([[[1]], [[2]], [[3]], [[4]]])).flatten()
    tensor([4, 1, 2, 3])
    """
    return torch.roll(quarter_turned(x), 1, -3)


def eighth_turned(x: Tensor) -> Tensor:
    """The image turned by 45 degrees about its centre, by bilinear interpolation with
    zeros outside; shape ``(batch, channels, n, n)``.

    >>> eighth_turned(torch.eye(3)[None, None])[0, 0, 1, 1]  # the centre stays
    tensor(1.)
    """
    c = 0.5**0.5
    turn = torch.tensor([[[c, -c, 0], [c, c, 0]]], dtype=x.dtype, device=x.device).expand(len(x), 2, 3)
    return F.grid_sample(x, F.affine_grid(turn, list(x.shape), align_corners=False), align_corners=False)


def trivial_action(x: Tensor) -> Tensor:
    """The trivial action on tensors of any shape.

    >>> trivial_action(torch.tensor([1.0]))
    tensor([1.])
    """
    return x
