r"""Rotations without zero entries: entries all equal in size, nearly so, reflections,
or close to a permutation.

An orthogonal A with :math:`|A_{ij}| = d^{-1/2}` is a Hadamard matrix over the root of
d: d is 1, 2 or a multiple of 4, and for which multiples of 4 they exist is open (least
unknown: 668).

Sources: Sylvester 1867; Paley 1933.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.streams import Stream

__all__ = [
    "declared_rotation", "equal_entries", "flat_rotation", "hadamard", "hartley", "householder", "near_permutation", "spike",
]  # fmt: skip

NEAR = 0.02  # the angle of declared rotations near a permutation


def hadamard(d: int) -> Tensor | None:
    """A d x d matrix of signs with orthogonal rows, float64, or None where none of the
    constructions here reaches d.

    Doubling (Sylvester 1867) and quadratic residues modulo a prime q (Paley 1933): d =
    q + 1 for q = 3 mod 4, d = 2(q + 1) for q = 1 mod 4, and their products by powers of
    2. No such matrix exists for d > 2 that is no multiple of 4.

    >>> hadamard(2)
    tensor([[ 1.,  1.],
            [ 1., -1.]], dtype=torch.float64)
    """
    if d in (1, 2):
        return (
            torch.ones(1, 1, dtype=torch.float64)
            if d == 1
            else torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)
        )
    if d < 1 or d % 4:
        return None
    if _is_prime(d - 1):
        return _paley(d - 1)
    if (d // 2 - 1) % 4 == 1 and _is_prime(d // 2 - 1):
        return _paley_double(d // 2 - 1)
    half = hadamard(d // 2)
    return None if half is None else torch.kron(torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64), half)


def _is_prime(q: int) -> bool:
    return q > 1 and all(q % k for k in range(2, math.isqrt(q) + 1))


def _residues(q: int) -> Tensor:
    """Jacobsthal's matrix: the quadratic character of i - j modulo a prime q."""
    squares = {x * x % q for x in range(1, q)}
    character = torch.tensor([0.0] + [1.0 if x in squares else -1.0 for x in range(1, q)], dtype=torch.float64)
    index = torch.arange(q)
    return character[(index[:, None] - index) % q]


def _border_residues(q: int, sign: float) -> Tensor:
    core = torch.zeros(q + 1, q + 1, dtype=torch.float64)
    core[0, 1:], core[1:, 0], core[1:, 1:] = 1.0, sign, _residues(q)
    return core


def _paley(q: int) -> Tensor:
    """Order q + 1 for a prime q = 3 mod 4: the identity plus a skew conference
    matrix."""
    return torch.eye(q + 1, dtype=torch.float64) + _border_residues(q, -1.0)


def _paley_double(q: int) -> Tensor:
    """Order 2(q + 1) for a prime q = 1 mod 4, from a symmetric conference matrix."""
    conference, one = _border_residues(q, 1.0), torch.eye(q + 1, dtype=torch.float64)
    signs, corner = torch.tensor([[1.0, 1.0], [1.0, -1.0]]).double(), torch.tensor([[1.0, -1.0], [-1.0, -1.0]]).double()
    return torch.kron(conference, signs) + torch.kron(one, corner)


def equal_entries(d: int) -> Tensor | None:
    """An orthogonal matrix with all |A_ij| = d^(-1/2), float64, or None where
    :func:`hadamard` has none.

    >>> equal_entries(3) is None
    True
    """
    H = hadamard(d)
    return None if H is None else H / math.sqrt(d)


def hartley(d: int) -> Tensor:
    r"""The symmetric orthogonal matrix :math:`d^{-1/2}\,(\cos + \sin)(2\pi jk/d)`; an
    entry vanishes only if 8 divides d.

    cos + sin is zero at 3/8 and 7/8 of a turn, and jk/d reaches neither unless d is a
    multiple of 8.

    >>> bool((hartley(3) @ hartley(3) - torch.eye(3)).abs().max() < 1e-15)
    True
    """
    index = torch.arange(d)
    turn = 2.0 * math.pi * (torch.outer(index, index) % d).to(torch.float64) / d
    return (torch.cos(turn) + torch.sin(turn)) / math.sqrt(d)


def flat_rotation(d: int) -> Tensor:
    """An orthogonal matrix without zero entries whose entries are as even as the
    constructions here have them, for every d >= 2.

    :func:`equal_entries` where there is one, otherwise the Kronecker product of one of
    a power of two with Hartley's of odd order, whose entries are at most sqrt(2/d).

    >>> flat_rotation(4).abs()
    tensor([[0.5000, 0.5000, 0.5000, 0.5000],
            [0.5000, 0.5000, 0.5000, 0.5000],
            [0.5000, 0.5000, 0.5000, 0.5000],
            [0.5000, 0.5000, 0.5000, 0.5000]], dtype=torch.float64)
    """
    if d < 2:
        raise ValueError(f"Expected d >= 2, got {d}: there is nothing to entangle in one dimension.")
    flat = equal_entries(d)
    if flat is not None:
        return flat
    even = d & -d
    power = equal_entries(even)
    assert power is not None  # Sylvester
    return torch.kron(power, hartley(d // even))


def near_permutation(d: int, angle: float = 0.05) -> Tensor:
    """The reflection of (1, angle, ..., angle) followed by a flip of the first sign:
    near the identity, no entry zero, float64.

    For 0 < angle and angle^2 d < 1/4; entries off the diagonal are of the order of the
    angle and of its square.

    >>> near_permutation(2)
    tensor([[ 0.9950,  0.0998],
            [-0.0998,  0.9950]], dtype=torch.float64)
    """
    if d < 2 or not 0 < angle * angle * d < 0.25:
        raise ValueError(f"Expected d >= 2 and 0 < angle^2 d < 1/4, got d = {d}, angle = {angle}.")
    v = torch.full((d,), float(angle), dtype=torch.float64)
    v[0] = 1.0
    A = torch.eye(d, dtype=torch.float64) - 2.0 * torch.outer(v, v) / torch.dot(v, v)
    A[0] = -A[0]
    return A


def spike(d: int, t: float) -> Tensor:
    """The vector (t, 1, ..., 1) of length d, float64.

    >>> spike(3, 2.0)
    tensor([2., 1., 1.], dtype=torch.float64)
    """
    if d < 1:
        raise ValueError(f"Expected a dimension of at least 1, got {d}.")
    return torch.cat([torch.tensor([float(t)], dtype=torch.float64), torch.ones(d - 1, dtype=torch.float64)])


def householder(v: Tensor) -> Tensor:
    """The reflection I - 2 v v^T / |v|^2 in floating point, shape ``(d, d)``.

    No entry vanishes when v_i != 0 and v_i^2 != |v|^2 / 2 for every i.

    Raises:
        TypeError: not float32 or float64. ValueError: a vector that is zero or not
            finite.
    Accuracy: orthogonal to a few units of roundoff.

    >>> householder(spike(2, 2.0))
    tensor([[-0.6000, -0.8000],
            [-0.8000,  0.6000]], dtype=torch.float64)
    """
    if v.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"Expected the vector v in float32 or float64, got {v.dtype}.")
    square = torch.dot(v, v)
    if not bool(torch.isfinite(square)) or not bool(square > 0):
        raise ValueError(f"Expected a finite vector other than zero, got |v|^2 = {square.item():g}.")
    return torch.eye(v.numel(), dtype=v.dtype, device=v.device) - (2.0 / square) * torch.outer(v, v)


def declared_rotation(d: int, kind: str, stream: Stream, *, t: float = 1.0) -> Tensor:
    """An orthogonal matrix without zero entries, float64, on the stream's device.

    ``reflection``: that of (t, 1, ..., 1). ``equal``: all |A_ij| equal. ``near``: near
    a signed permutation. ``random``: the orthogonal factor of a matrix of normals,
    drawn again while an entry is hard to tell from 0 (the least of d^2 entries is of
    the order d^-2.5; nine draws in ten pass).

    Raises:
        ValueError: ``equal`` in a dimension in which no such matrix is known here; an
            unknown kind.

    >>> A = declared_rotation(3, "random", Stream(1))
    >>> bool((A @ A.mT - torch.eye(3)).abs().max() < 1e-14)
    True
    """
    if kind == "reflection":
        return householder(spike(d, t)).to(stream.device)
    if kind == "near":
        return near_permutation(d, NEAR).to(stream.device)
    if kind == "equal":
        A = equal_entries(d)
        if A is None:
            raise ValueError(f"No orthogonal matrix with all |A_ij| equal is known here for d = {d}.")
        return A.to(stream.device)
    if kind != "random":
        raise ValueError(f"Expected a rotation among reflection, equal, near, random, got {kind!r}.")
    while True:
        A = torch.linalg.qr(stream.normal(d, d)).Q
        if bool(A.abs().min() > 0.1 * d**-2.5):
            return A
