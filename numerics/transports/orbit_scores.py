"""A density over the orbits of a finite orthogonal group: the mean over the group, and
the score within an orbit, which no equivariant map changes.

log p(x) - log mean_g p(gx) compares a point with its own orbit. An equivariant map
divides p by one volume factor along an orbit, and the difference stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LogDensity = Callable[[Tensor], Tensor]
MOST = 512


@dataclass(frozen=True)
class OrthogonalGroup:
    """All elements of a finite group of orthogonal matrices.

    Attributes:
        matrices: Shape ``(n, D, D)``, the identity first; or permutations of the
            coordinates with signs, shape ``(n, D)``, x -> signs * x[order].
        order: int64 ``(n, D)`` where elements are signed permutations, else None.
    """

    matrices: Tensor
    order: Tensor | None = None

    def __len__(self) -> int:
        return len(self.matrices)

    def move(self, x: Tensor) -> Tensor:
        """All images of points ``(N, D)``, shape ``(n, N, D)``; exact for signed
        permutations."""
        if self.order is None:
            return torch.einsum("nij,bj->nbi", self.matrices.to(x), x)
        return x[:, self.order.to(x.device)].transpose(0, 1) * self.matrices.to(x)[:, None]


def generated_group(generators: Tensor, limit: int = MOST) -> OrthogonalGroup:
    """The group that orthogonal matrices generate.

    Args:
        generators: Shape ``(k, D, D)``, float64.
    Raises:
        ValueError: more than ``limit`` elements.

    >>> len(generated_group(torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]).double()))
    4
    """
    D = generators.shape[-1]
    found = [torch.eye(D, dtype=generators.dtype)]
    stack = torch.stack(found)
    k = 0
    while k < len(found):
        for g in generators:
            new = g @ found[k]
            if not bool(((stack - new).abs().amax((1, 2)) < 1e-6).any()):
                found.append(new)
                stack = torch.cat([stack, new[None]])
                if len(found) > limit:
                    raise ValueError(f"The matrices generate more than {limit} elements; is each of a small order?")
        k += 1
    signed = (stack.round() - stack).abs().amax() < 1e-9 and bool((stack.round().abs().sum(2) == 1).all())
    if not signed:
        return OrthogonalGroup(stack)
    rows = stack.round()
    return OrthogonalGroup(rows.sum(2), rows.abs().argmax(2))


@dataclass(frozen=True)
class OverOrbits:
    """A log density, averaged over the orbits of a group.

    Args:
        log_p: log p of points ``(N, D)``. group: The group.
    """

    log_p: LogDensity
    group: OrthogonalGroup

    def along(self, x: Tensor) -> Tensor:
        """log p(gx) for every element, shape ``(n, N)``."""
        n, (size, D) = len(self.group), x.shape
        return self.log_p(self.group.move(x).reshape(n * size, D)).reshape(n, size)

    def log_mean(self, x: Tensor) -> Tensor:
        """log of the mean of p over the orbit: an invariant density of mass one.

        >>> quarter = generated_group(torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]).double())
        >>> over = OverOrbits(lambda x: x[:, 0], quarter)
        >>> x = torch.tensor([[1.0, 2.0]]).double()
        >>> bool((over.log_mean(x) - over.log_mean(quarter.move(x)[1])).abs() < 1e-12)
        True
        """
        return torch.logsumexp(self.along(x), 0) - math.log(len(self.group))

    def within(self, x: Tensor) -> Tensor:
        """log p(x) - log mean_g p(gx), shape ``(N,)``."""
        along = self.along(x)
        return along[0] - torch.logsumexp(along, 0) + math.log(len(self.group))


def invariance_defect(function: LogDensity, group: OrthogonalGroup, x: Tensor) -> tuple[float, int, int]:
    """The largest |u(gx) - u(x)| over 1 + |u(x)|, with the element and the point.

    >>> quarter = generated_group(torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]).double())
    >>> invariance_defect(lambda x: x[:, 0], quarter, torch.tensor([[1.0, 0.0]]).double())
    (1.0, 2, 0)
    """
    n, (size, D) = len(group), x.shape
    values = function(group.move(x).reshape(n * size, D)).reshape(n, size)
    gaps = (values - values[0]).abs() / (1 + values[0].abs())
    gaps = torch.nan_to_num(gaps, nan=math.inf)
    at = int(gaps.argmax())
    return float(gaps.flatten()[at]), at // size, at % size
