"""Irreducible pieces, a representation written in them, and what certifies it: the
results of a decomposition.

:mod:`numerics.representations.decomposition` makes them,
:mod:`numerics.representations.certificates` measures them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Irrep:
    """One kind of irreducible piece.

    Attributes:
        dimension: Of one copy, over the field of the decomposition.
        multiplicity: How many copies.
        matrices: On the generators, shape ``(k, b, b)``, unitary (orthogonal).
        kind: "real", "complex" or "quaternionic": over C by the indicator +1, 0, -1;
            over R by the dimension 1, 2, 4 of its commutant; "unknown" where the group
            is.
        character: On one element of each class, shape ``(classes,)``; None where the
            group is not known.
    """

    dimension: int
    multiplicity: int
    matrices: Tensor
    kind: str = "unknown"
    character: Tensor | None = None


@dataclass(frozen=True)
class Certificate:
    """Measured facts, and whether they carry the decomposition.

    Attributes:
        residual: Bound on |T^-1 R(g) T - B(g)|_F over the generators, rounding
            included.
        multiplication: delta: bound on how far the irreps are from multiplying like the
            group, anywhere; NaN where no group is known.
        integrality: Largest distance of the character sums from integers, with its
            bound; NaN where no group is known.
        decided: Whether all of it is small enough.
        why: In words, with the numbers.
        terms: All of it by name.
    """

    residual: float
    multiplication: float
    integrality: float
    decided: bool
    why: str
    terms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Decomposition:
    """A splitting with what certifies it.

    Attributes:
        field: "complex" or "real": irreducible over which numbers.
        irreps: In the order of the columns of ``basis``.
        basis: T, shape ``(d, d)``: the columns of irrep k are its copies one after the
            other, b columns each.
        certificate: The measured residuals and their bounds; ``.decided`` and ``.why``.
        order: Order of the group that the matrices generate; None when it was not
            found.
        gap: Least distance of eigenvalues of commutant elements that were told apart.
        uncertain: |E|: how far such an element may be from one that commutes, the
            largest of all.
        condition: |T|_F |T^-1|_F / d, at least 1: how far from unitary the
            representation was given.
        sine_bound: Bound on the sine of the angle between each piece and a subspace that the
            true representation keeps, whichever it is within the ``accuracy`` given:
            :func:`numerics.representations.certificates.angle_of_pieces`. Angles are
            those of the inner product in which the columns of T are orthonormal (the
            standard one for unitary input). NaN where the group is not known.
    """

    field: str
    irreps: tuple[Irrep, ...]
    basis: Tensor
    certificate: Certificate
    order: int | None
    gap: float
    uncertain: float
    condition: float
    sine_bound: float = math.nan

    @property
    def decided(self) -> bool:
        """Whether the certificate carries the decomposition."""
        return self.certificate.decided

    @property
    def has_form(self) -> bool:
        """Whether an invariant form was found; otherwise nothing was split."""
        return math.isfinite(self.condition)

    @property
    def why(self) -> str:
        """What stands in the way, or what was certified."""
        return self.certificate.why

    @property
    def multiplicities(self) -> dict[tuple[int, str], list[int]]:
        """Multiplicities by (dimension, kind), largest first."""
        out: dict[tuple[int, str], list[int]] = {}
        for irrep in self.irreps:
            out.setdefault((irrep.dimension, irrep.kind), []).append(irrep.multiplicity)
        return {key: sorted(value, reverse=True) for key, value in sorted(out.items())}

    def blocks(self) -> Tensor:
        """The block diagonal matrices (+)_k (1 (x) rho_k(g)) on the generators, shape
        ``(k, d, d)``."""
        return assemble([irrep.matrices for irrep in self.irreps], [irrep.multiplicity for irrep in self.irreps])

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Lines for a user."""
        parts = [f"{i.multiplicity} x (degree {i.dimension}, {i.kind})" for i in self.irreps]
        head = f"over {'C' if self.field == 'complex' else 'R'}: {' + '.join(parts)}"
        word = "certified" if self.decided else "UNDECIDED"
        return f"{head}\n{word}: {self.why}"


def assemble(matrices: list[Tensor], multiplicities: list[int]) -> Tensor:
    """(+)_k (1_m (x) rho_k), shape ``(generators, d, d)``.

    Args:
        matrices: Of each irrep on the generators, shape ``(generators, b, b)``.
            multiplicities: Copies of each.

    >>> assemble([torch.tensor([[[2.0]]]), torch.tensor([[[3.0]]])], [2, 1])[0].diagonal()
    tensor([2., 2., 3.])
    """
    k = matrices[0].shape[0]
    d = sum(m * r.shape[-1] for r, m in zip(matrices, multiplicities, strict=True))
    out = torch.zeros(k, d, d, dtype=matrices[0].dtype, device=matrices[0].device)
    start = 0
    for r, m in zip(matrices, multiplicities, strict=True):
        b = r.shape[-1]
        at = start + torch.arange(m * b, device=out.device).reshape(m, b)
        out[:, at[:, :, None], at[:, None, :]] = r[:, None]
        start += m * b
    return out
