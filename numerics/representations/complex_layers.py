"""Equivariant maps of complex spaces: circular convolutions with complex weights, and
averages over permutations in a unitary basis."""

from __future__ import annotations

import cmath

import torch
from torch import Tensor, nn

from numerics.bounds import Bound, Measurement
from numerics.representations.equivariant_layers import Layer
from numerics.representations.permutation_averages import (
    MEANS,
    Group,
    all_permutations,
    equality_patterns,
    spread_by_pattern,
    tuple_images,
)
from numerics.representations.tensor_actions import Action, shift_action
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

__all__ = ["ComplexConvolution", "convolution", "means_in_a_basis", "phase_action", "random_unitary"]


class ComplexConvolution(nn.Module):
    """``y(p) = sum_t w_t x(p + t - half)`` with complex weights, shape ``(batch,
    channels, n)``; circular, or with zeros beyond the ends."""

    def __init__(self, weight: Tensor, *, circular: bool = True) -> None:
        super().__init__()
        self.weight, self.circular = nn.Parameter(weight), circular

    def forward(self, x: Tensor) -> Tensor:
        """The sum over taps of products of matrices of channels with moved signals."""
        half, n = self.weight.shape[-1] // 2, x.shape[-1]
        place = torch.arange(n, device=x.device)
        total = torch.zeros_like(x[:, :1])
        for t in range(self.weight.shape[-1]):
            inside = (place + t - half >= 0) & (place + t - half < n)
            moved = torch.roll(x, half - t, -1)
            total = total + self.weight[..., t] @ (moved if self.circular else moved * inside)
        return total


def phase_action(angle: float) -> Action:
    """Multiplication by exp(i angle): U(1) on complex signals."""
    factor = cmath.exp(1j * angle)
    return lambda x: x * factor


def complex_normal(stream: Stream, *shape: int) -> Tensor:
    """Entries with independent standard normal real and imaginary parts."""
    return torch.complex(stream.normal(*shape), stream.normal(*shape))


def convolution(n: int, channels: int, kernel: int, stream: Stream, *, circular: bool = True) -> Layer:
    """A complex convolution of n positions with its actions: shifts, and a phase with a
    shift.

    Args:
        n, channels, kernel: Positions, channels of the inputs, odd number of taps.
        stream: Randomness, device and real dtype.
        circular: False for zeros beyond the ends, where it does not commute with
            shifts.

    >>> convolution(5, 2, 3, Stream(1)).inputs.dtype
    torch.complex128
    """
    module = ComplexConvolution(complex_normal(stream, channels + 1, channels, kernel), circular=circular)
    step, turn = shift_action(max(1, n // 3), -1), phase_action(2.0)

    def both(x: Tensor) -> Tensor:
        return turn(step(x))

    actions = {"shift by 1": (shift_action(1, -1), shift_action(1, -1)), "a phase and a shift": (both, both)}
    return Layer(module, complex_normal(stream, 3, channels, n), actions, channels * kernel + kernel)


def random_unitary(d: int, stream: Stream) -> Tensor:
    """A unitary matrix by QR of a complex normal one, unitary up to rounding, shape
    ``(d, d)``.

    >>> U = random_unitary(3, Stream(1))
    >>> bool((U.mH @ U - torch.eye(3)).abs().max() < 1e-12)
    True
    """
    return torch.linalg.qr(complex_normal(stream, d, d)).Q


def means_in_a_basis(
    n: int, orders: tuple[int, int], stream: Stream, *, group: Group = all_permutations
) -> dict[str, Measurement]:
    """A complex matrix averaged over ``R(g) = U P(g) U*``: back in the standard basis,
    constant on patterns of equality.

    Args:
        n: Number of points. orders: (a, b), of tensors of order a to tensors of order
            b, both in random unitary bases.
        stream: Randomness, device and real dtype. group: From n to the permutations
            that are averaged over.
    Returns:
        By name: entries of one pattern less each other, and the number of patterns less
        that of set partitions.
    Accuracy:
        Nine products of matrices, each within gamma times products of absolute values;
        a basis that is unitary within E moves the mean by at most (2 |E| + |E|^2) |A|
        (1 + |E|)^2.
    """
    a, b = orders
    members = list(group(n))
    inner, outer = random_unitary(n**a, stream), random_unitary(n**b, stream)
    matrix = complex_normal(stream, n**b, n**a)
    total, sizes = torch.zeros_like(matrix), torch.zeros_like(matrix.real)
    for g in members:
        R, S = _moved(inner, tuple_images(g, a)), _moved(outer, tuple_images(g, b)).mH
        total, sizes = total + S @ matrix @ R, sizes + S.abs() @ matrix.abs() @ R.abs()
    mean = outer.mH @ (total / len(members)) @ inner
    short = gamma(4 * (n**a + n**b) + len(members) + 8, mean)
    rounding = short * (outer.abs().mT @ (sizes / len(members)) @ inner.abs())
    defect = max(_defect(inner), _defect(outer))
    basis = (2 * defect + defect**2) * (1 + defect) ** 2 * frobenius(matrix)
    pattern = equality_patterns(n, a + b)
    spreads = [spread_by_pattern(part, pattern)[0] for part in (mean.real, mean.imag)]
    count = int(pattern.max()) + 1
    bound = Bound(
        {"rounding": 2 * float(rounding.max()), "basis": 2 * basis},
        f"{MEANS}; products of matrices within gamma times products of absolute values, and a basis that is unitary up to its measured defect.",
    )
    return {"constant on patterns": Measurement(torch.maximum(*spreads), bound, count)}


def _moved(basis: Tensor, images: Tensor) -> Tensor:
    """U P(g) U* for the permutation matrix P(g) that sends e_i to e_images[i]."""
    return basis[:, images.to(basis.device)] @ basis.mH


def _defect(basis: Tensor) -> float:
    """How far a matrix is from unitary, rounding of the product included."""
    d = len(basis)
    eye = torch.eye(d, dtype=basis.dtype, device=basis.device)
    return frobenius(basis.mH @ basis - eye) + gamma(d, basis) * frobenius(basis) ** 2
