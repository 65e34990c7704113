"""Decompositions and their certificates: what a splitting into irreps consists of,
whoever found it; it replays by multiplication alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.arithmetic.cyclotomic import Cyclotomic
from theory.arithmetic.matrices import ExactArray, Field, block_diagonal, hstack, stack
from theory.arithmetic.primes import split_prime
from theory.representations.character_tables import modulo
from theory.representations.matrices import BIG_PRIME, Representation, schur_type

MAX_DEGREE = 400


@dataclass(frozen=True, eq=False)
class Summand:
    """All copies of one irrep: which, how often, its degree, field and Schur type, and
    the columns of the basis that they take."""

    irrep: int
    multiplicity: int
    degree: int
    field: Field
    schur_type: str
    columns: slice

    def __str__(self) -> str:
        times = "" if self.multiplicity == 1 else f"{self.multiplicity} x "
        return f"{times}chi{self.irrep + 1} (degree {self.degree}, {self.schur_type}, over {self.field})"


@dataclass(frozen=True, eq=False, repr=False)
class Decomposition:
    """R(g) T = T B(g), B block diagonal with irreps: ``multiplicities`` by irrep, T =
    ``basis``. Everything stands over ``field``."""

    representation: Representation
    irreps: tuple[Representation, ...]
    multiplicities: tuple[int, ...]
    basis: ExactArray

    @property
    def field(self) -> Field:
        """Where T lives: the smallest named field that holds the matrices and the
        irreps used."""
        return self.basis.field

    @property
    def blocks(self) -> ExactArray:
        """B(g) for every element."""
        chosen = [r.matrices for r, m in zip(self.irreps, self.multiplicities, strict=True) for _ in range(m)]
        return block_diagonal(chosen)

    @property
    def summands(self) -> tuple[Summand, ...]:
        """The irreps that occur, in the order of the blocks."""
        out, at = [], 0
        for k, (part, m) in enumerate(zip(self.irreps, self.multiplicities, strict=True)):
            if m:
                out.append(
                    Summand(
                        k, m, part.degree, part.field, schur_type(int(part.indicator)), slice(at, at + m * part.degree)
                    )
                )
                at += m * part.degree
        return tuple(out)

    @cached_property
    def inverse_basis(self) -> ExactArray:
        """T^-1, so that the certificate needs no elimination."""
        return self.basis.inverse()

    def isotypic_basis(self, irrep: int) -> ExactArray:
        """Columns that span the sum of all copies of one irrep."""
        return next((self.basis[:, s.columns] for s in self.summands if s.irrep == irrep), self.basis[:, :0])

    def isotypic_projector(self, irrep: int) -> ExactArray:
        """The equivariant projector onto that sum: the columns times the matching rows
        of T^-1."""
        columns = next((s.columns for s in self.summands if s.irrep == irrep), slice(0, 0))
        return self.basis[:, columns] @ self.inverse_basis[columns]

    @cached_property
    def form(self) -> ExactArray:
        """A positive definite H with R(g)* H R(g) = H: the irreps' forms, carried back
        by T."""
        forms = []
        for part, m in zip(self.irreps, self.multiplicities, strict=True):
            if m and part.form is None:
                raise ValueError(
                    f"No invariant form is known for {part!r}; irreps and theory.representations.modules.unitarising_form give one."
                )
            forms += [part.form] * m
        return self.inverse_basis.H @ block_diagonal(forms) @ self.inverse_basis

    def verify(self) -> bool:
        """Multiply everything out: R(g) T = T B(g) for all g, and T invertible (its
        rank modulo a prime is full)."""
        carried = times_blocks(self.basis, self.irreps, self.multiplicities)
        if not (self.representation.matrices @ self.basis[None] - carried).is_zero:
            return False
        p, root = split_prime(self.basis.root_order, BIG_PRIME)
        return modulo(self.basis, p, root).rank() == self.basis.shape[0]

    @property
    def commutant_dimension(self) -> int:
        """The sum of the squares of the multiplicities."""
        return sum(m * m for m in self.multiplicities)

    def commutant_basis(self) -> Iterator[ExactArray]:
        """Matrices that commute with every R(g), as many as
        :attr:`commutant_dimension`, independent: T (E_ij (x) 1) T^-1."""
        for s in self.summands:
            d, start = s.degree, s.columns.start
            for i in range(s.multiplicity):
                for j in range(s.multiplicity):
                    yield (
                        self.basis[:, start + i * d : start + (i + 1) * d]
                        @ self.inverse_basis[start + j * d : start + (j + 1) * d]
                    )

    @cached_property
    def certificate(self) -> Certificate:
        """All that a stranger needs to check the splitting."""
        used = [s.irrep for s in self.summands]
        return Certificate(
            self.representation,
            self.basis,
            self.inverse_basis,
            tuple(self.irreps[k] for k in used),
            tuple(self.multiplicities[k] for k in used),
            self.form,
        )

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """One line a summand."""
        head = f"{self.representation!r} = {' + '.join(map(str, self.summands))}"
        return f"{head}\nover {self.field}; commutant of dimension {self.commutant_dimension}"


@dataclass(frozen=True, eq=False)
class Certificate:
    """Matrices that prove a decomposition; :meth:`residuals` multiplies them, and uses
    no elimination, no table and no search.

    With T T' = 1 and R(g) T = T B(g) the representation is the sum of the blocks;
    blocks that send e to 1 and have character norm 1 are irreducible, and those with
    character product 0 inequivalent, so the commutant has dimension sum m_i^2. R(g)* H
    R(g) = H with H = T'* diag(F_i) T' shows the form; by Schur's lemma an invariant
    Hermitian form F_i of an irreducible block is a multiple of a positive one, and the
    sign of one diagonal entry is that of all: :attr:`positive`.
    """

    representation: Representation
    basis: ExactArray
    inverse: ExactArray
    irreps: tuple[Representation, ...]
    multiplicities: tuple[int, ...]
    form: ExactArray

    def residuals(self) -> dict[str, ExactArray]:
        """Arrays that are all zero, with :attr:`positive`, if and only if the
        certificate holds."""
        rho, T = self.representation, self.basis
        n, size = rho.group.order, rho.degree
        eye = ExactArray.eye(size, T.field)
        gens = list(rho.group.generators) or [0]
        chosen = rho.matrices[gens]
        found = {
            "T T^-1 - 1": T @ self.inverse - eye,
            "R(g) T - T B(g), every g": rho.matrices @ T[None] - times_blocks(T, self.irreps, self.multiplicities),
            "R(g)* H R(g) - H, generators": chosen.H @ self.form[None] @ chosen - self.form[None][[0] * len(gens)],
            "H - H*": self.form - self.form.H,
            "H - T^-1* F T^-1": self.form - self.inverse.H @ self._forms @ self.inverse,
        }
        for i, a in enumerate(self.irreps):
            found[f"B(e) - 1, block {i + 1}"] = a.matrices[0] - ExactArray.eye(a.degree, a.field)
            step = [a.matrices[g][None] @ a.matrices - a.matrices[rho.group.multiply(g, np.arange(n))] for g in gens]
            found[f"homomorphism, block {i + 1}"] = step[0] if len(step) == 1 else stack(step)
            for j, b in enumerate(self.irreps[: i + 1]):
                total = a.character.entrywise(b.character.conj()).sum()
                found[f"<block {i + 1}, block {j + 1}> - {int(i == j)}"] = (
                    total - ExactArray.of([[int(i == j) * n]])[0, 0]
                )
        return found

    @property
    def _forms(self) -> ExactArray:
        """diag(F_1, F_1, ..., F_2, ...), one for each copy."""
        return block_diagonal(
            [
                a.form
                for a, m in zip(self.irreps, self.multiplicities, strict=True)
                for _ in range(m)
                if a.form is not None
            ]
        )

    @property
    def positive(self) -> bool:
        """Whether the first diagonal entry of every F_i is a positive rational
        number."""
        first = [a.form.entry(0, 0) for a in self.irreps if a.form is not None]
        return len(first) == len(self.irreps) and all(
            isinstance(v, Cyclotomic) and v.is_rational and v.as_fraction() > 0 for v in first
        )

    def replay(self) -> bool:
        """Whether every residual is zero and the form is positive."""
        return self.positive and all(residual.is_zero for residual in self.residuals().values())


def times_blocks(T: ExactArray, irreps: Sequence[Representation], multiplicities: Sequence[int]) -> ExactArray:
    """T B(g) for every g, block by block: B(g) has the irreps down its diagonal, each
    as often as it occurs."""
    parts, at = [], 0
    for part, m in zip(irreps, multiplicities, strict=True):
        for _ in range(m):
            parts.append(T[:, at : at + part.degree][None] @ part.matrices)
            at += part.degree
    return hstack(parts)
