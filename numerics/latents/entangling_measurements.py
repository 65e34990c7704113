"""The entangling map as evaluated, held against the theorem: density, entries of the
Jacobian, inverse, jumps, each with its bound."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from numerics.bounds import Bound, Measurement
from numerics.latents.entangling import EntanglingMap
from numerics.latents.entangling_bounds import (
    DENSITY,
    ENTRY,
    JUMP,
    ROUND_TRIP,
    Errors,
    MatrixErrors,
    errors,
    jumps,
    matrix_errors,
)

__all__ = ["FUNCTIONS", "SMOOTH", "MeasuredMap"]

FUNCTIONS = "torch's special functions are within 16 units of roundoff"
SMOOTH = "F and its inverse are smooth where they are differenced"
DOUBLING = "slopes at most double over 2^-40 of a segment"


class MeasuredMap:
    """A map f at points of its open support.

    Args:
        f: The map. points: Shape ``(n, d)``.
    Raises:
        TypeError, ValueError: points that :meth:`EntanglingMap.check` refuses.
    """

    def __init__(self, f: EntanglingMap, points: Tensor) -> None:
        self.f, self.z = f, f.check(points)
        self.at = f.linearize(self.z)
        self.differenced = not all(block.differentiable for block in f.prior.blocks)

    @property
    def assumes(self) -> tuple[str, ...]:
        """What the bounds assume of the functions that are called."""
        return (FUNCTIONS, SMOOTH) if self.differenced else (FUNCTIONS,)

    @cached_property
    def matrix(self) -> MatrixErrors:
        """What rounding leaves open about A."""
        return matrix_errors(self.f.A)

    @cached_property
    def errors(self) -> Errors:
        """The error analysis at the points."""
        return errors(self.f, self.at, self.matrix)

    def density(self) -> Measurement:
        """``|log p(f(z)) + log |det J(z)| - log p(z)|``."""
        estimated = ("differences",) if self.differenced else ()
        bound = Bound(self.errors.density, DENSITY, estimated, self.assumes)
        return Measurement(self.f.density_defect(self.at).abs(), bound, len(self.z))

    def vanishing_entries(self) -> Measurement:
        """1 at points where an entry of the Jacobian is zero, else 0; the bound is the
        entries' largest relative error."""
        zero = (self.f.A.abs() <= self.matrix.entries).any()
        residual = (torch.isneginf(self.f.least_entry(self.at).log_abs) | zero).to(self.z)
        return Measurement(
            residual, Bound({"relative error of an entry": self.errors.entry}, ENTRY, assumes=self.assumes), len(self.z)
        )

    def inverse(self) -> Measurement:
        """``|f^-1(f(z)) - z|`` in units of the Gaussian coordinate."""
        back = (self.f.inverse(self.at.x) - self.z).abs() * self.at.log_inner.exp()
        return Measurement(
            back, Bound({"rounding": self.errors.round_trip}, ROUND_TRIP, assumes=(FUNCTIONS,)), len(self.z)
        )

    def jump(self) -> Measurement:
        """How far f moves over segments that were bisected to 2^-40 of themselves."""
        half = min(len(self.z) // 2, max(8, (1 << 13) // self.f.dim))
        residual, terms = jumps(self.f, self.z[:half], self.z[half : 2 * half])
        return Measurement(residual, Bound(terms, JUMP, assumes=(DOUBLING, FUNCTIONS)), half)
