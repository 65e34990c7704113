"""Decomposition over F_p where p does not divide |G|: explicit irreps, their
endomorphism fields, a certificate that multiplies and does nothing else.

Random elements of the commutant (averages of random matrices) are split by the factors
of their characteristic polynomials. A part is declared irreducible only with a proof in
hand, :class:`theory.representations.irreducibility_proofs.IrreducibilityProof`; luck
decides how long the search takes, never what it returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from random import Random
from typing import NamedTuple

import numpy as np

from theory.arithmetic.matrices import ExactArray, PrimeField, hstack
from theory.groups import FiniteGroup
from theory.groups.table_group import closure
from theory.representations.irreducibility_proofs import (
    IrreducibilityProof,
    combination,
    evaluate,
    factors,
    power,
    prove_irreducible,
)
from theory.representations.matrices import Representation
from theory.representations.modules import CharacteristicDividesOrder, invariant_complement
from theory.representations.summands import MAX_DEGREE, Decomposition, Summand, times_blocks

_ROUNDS = 2000


@dataclass(frozen=True, eq=False)
class ModularSummand(Summand):
    """All copies of one irrep over F_p; ``endomorphism_degree`` is e with endomorphism
    field F_{p^e}. The Schur index is 1 (Wedderburn)."""

    endomorphism_degree: int = 1

    @property
    def absolutely_irreducible(self) -> bool:
        """Whether the irrep stays irreducible over every larger field: e = 1."""
        return self.endomorphism_degree == 1

    def __str__(self) -> str:
        times = "" if self.multiplicity == 1 else f"{self.multiplicity} x "
        return f"{times}rho{self.irrep + 1} (degree {self.degree}, {self.schur_type}, over {self.field})"


@dataclass(frozen=True, eq=False, repr=False)
class ModularDecomposition(Decomposition):
    """R(g) T = T B(g) over F_p. ``irreps`` are those that occur, by degree, the trivial
    one first, then by e and by character values."""

    proofs: tuple[IrreducibilityProof, ...] = ()

    @property
    def summands(self) -> tuple[ModularSummand, ...]:
        """The irreps, in the order of the blocks; the word in place of a Schur type
        names the endomorphism field."""
        out, at = [], 0
        for k, (part, m, proof) in enumerate(zip(self.irreps, self.multiplicities, self.proofs, strict=True)):
            e, columns = proof.endomorphism_degree, slice(at, at + m * part.degree)
            word = "absolutely irreducible" if e == 1 else f"endomorphism field F_{part.field.characteristic}^{e}"
            out.append(ModularSummand(k, m, part.degree, part.field, word, columns, e))
            at = columns.stop
        return tuple(out)

    @cached_property
    def form(self) -> ExactArray:
        """Always raises.

        Raises:
            ValueError: nothing is positive over F_p.
        """
        raise ValueError(
            f"A positive definite form needs a field of complex numbers, got {self.field}. Ask for basis, blocks or certificate."
        )

    def verify(self) -> bool:
        """Multiply everything out: R(g) T = T B(g) for all g, and T has full rank."""
        carried = times_blocks(self.basis, self.irreps, self.multiplicities)
        residual = self.representation.matrices @ self.basis[None] - carried
        return residual.is_zero and self.basis.rank() == self.basis.shape[0]

    @property
    def commutant_dimension(self) -> int:
        """The sum of m^2 e."""
        return sum(s.multiplicity**2 * s.endomorphism_degree for s in self.summands)

    def commutant_basis(self) -> Iterator[ExactArray]:
        """Independent matrices that commute with every R(g): T (E_ij (x) z^k) T^-1, k <
        e."""
        for s in self.summands:
            d, start, z = s.degree, s.columns.start, self.proofs[s.irrep].generator
            powers = [power(z, k) for k in range(s.endomorphism_degree)]
            for i in range(s.multiplicity):
                for j in range(s.multiplicity):
                    left, right = (
                        self.basis[:, start + i * d : start + (i + 1) * d],
                        self.inverse_basis[start + j * d : start + (j + 1) * d],
                    )
                    yield from (left @ z_k @ right for z_k in powers)

    @cached_property
    def certificate(self) -> ModularCertificate:  # pyright: ignore[reportIncompatibleVariableOverride]
        """All that a stranger needs to check the splitting, the irreducibility of the
        blocks and that they are inequivalent."""
        p, n = self.field.characteristic, self.representation.group.order
        differences = []
        for a, b in combinations(self.irreps, 2):
            gap = (a.character - b.character).numerators[:, 0]
            g = int(np.flatnonzero(gap)[0])
            differences.append((g, pow(int(gap[g]), -1, p)))
        return ModularCertificate(
            self.representation,
            self.basis,
            self.inverse_basis,
            self.irreps,
            self.multiplicities,
            self.proofs,
            pow(n, -1, p),
            tuple(differences),
        )


@dataclass(frozen=True, eq=False)
class ModularCertificate:
    """Matrices that prove a decomposition over F_p; :meth:`residuals` multiplies them,
    and uses no elimination, no factorisation and no search.

    Equivalent blocks have equal characters; ``differences`` holds for each pair of
    blocks an element where they differ and the inverse of the difference.
    ``order_inverse`` is 1/|G| in F_p, the hypothesis of Maschke's theorem.
    """

    representation: Representation
    basis: ExactArray
    inverse: ExactArray
    irreps: tuple[Representation, ...]
    multiplicities: tuple[int, ...]
    proofs: tuple[IrreducibilityProof, ...]
    order_inverse: int
    differences: tuple[tuple[int, int], ...]

    def residuals(self) -> dict[str, ExactArray]:
        """Arrays that are all zero if and only if the certificate holds."""
        rho, T = self.representation, self.basis
        one = ExactArray.of([1], rho.field)
        found = {
            "|G| |G|^-1 - 1": one * (rho.group.order * self.order_inverse) - one,
            "T T^-1 - 1": T @ self.inverse - ExactArray.eye(rho.degree, T.field),
            "R(g) T - T B(g), every g": rho.matrices @ T[None] - times_blocks(T, self.irreps, self.multiplicities),
        }
        for i, (part, proof) in enumerate(zip(self.irreps, self.proofs, strict=True)):
            for g in rho.group.generators or (0,):
                found[f"homomorphism, block {i + 1}, {rho.group.names[g]}"] = (
                    part.matrices[g][None] @ part.matrices
                    - part.matrices[rho.group.multiply(g, np.arange(rho.group.order))]
                )
            found |= {f"{name}, block {i + 1}": residual for name, residual in proof.residuals(part).items()}
        pairs = combinations(range(len(self.irreps)), 2)
        for (i, j), (g, inverse) in zip(pairs, self.differences, strict=True):
            gap = self.irreps[i].character - self.irreps[j].character
            found[f"blocks {i + 1} and {j + 1} differ"] = gap[[g]] * inverse - one
        return found

    def replay(self) -> bool:
        """Whether every residual is zero."""
        return all(residual.is_zero for residual in self.residuals().values())


class _Part(NamedTuple):
    """An irreducible subspace: its columns in the whole space, its matrices in that
    basis, the proof."""

    columns: ExactArray
    block: Representation
    proof: IrreducibilityProof


def decompose_modular(representation: Representation, seed: int = 0) -> ModularDecomposition:
    """Split a representation over F_p, p not dividing |G|, into explicit irreps, with
    the change of basis.

    Args:
        representation: Over F_p.
        seed: Of the search; the same seed gives the same bases. Irreps, their order and
            multiplicities do not depend on it.

    Raises:
        NotARepresentation: a pair of elements fails.
        CharacteristicDividesOrder: Maschke's theorem does not apply.
        ValueError: degree above 400, or a field that is not F_p.
    """
    group, field = representation.group, representation.field
    if not isinstance(field, PrimeField):
        raise ValueError(
            f"Expected matrices over F_p, got {field}. Over Q(zeta_n) use theory.representations.decompose."
        )
    if group.order % field.p == 0:
        raise CharacteristicDividesOrder(
            f"Expected a characteristic that does not divide |G|, got {field} and |G| = {group.order}: 1/|G| does not exist and invariant subspaces may have "
            "no complement, so neither decompose nor theory.representations.modules.split_completely applies. Use theory.representations.modules.proper_submodule for an invariant "
            "subspace and theory.representations.modules.complement_by_equations to decide whether it has a complement."
        )
    if representation.degree > MAX_DEGREE:
        raise ValueError(
            f"Exact decomposition stops at degree {MAX_DEGREE}, got {representation.degree}. Split off invariant subspaces by theory.representations.modules.spin first."
        )
    representation.require_homomorphism()
    classes: dict[tuple, list[_Part]] = {}
    for part in _split(representation, ExactArray.eye(representation.degree, field), Random(seed)):
        values = tuple(part.block.character.numerators[:, 0].tolist())
        e = part.proof.endomorphism_degree
        classes.setdefault((part.block.degree, any(v != 1 for v in values), e, values), []).append(part)
    columns, irreps, proofs = [], [], []
    for key in sorted(classes):
        first = classes[key][0]
        irreps.append(first.block)
        proofs.append(first.proof)
        columns += [first.columns, *(_aligned(part, first) for part in classes[key][1:])]
    return ModularDecomposition(
        representation,
        tuple(irreps),
        tuple(len(classes[key]) for key in sorted(classes)),
        hstack(columns),
        tuple(proofs),
    )


def _aligned(part: _Part, model: _Part) -> ExactArray:
    """Columns of a part in the basis that gives it the model's matrices: any vector of
    ker a will do, for the commutant moves them transitively."""
    a = evaluate(model.proof.factor, combination(part.block, model.proof.coefficients))
    vector = a.nullspace()[:, 0]
    images = (part.block.matrices[list(model.proof.elements)] @ vector.reshape(1, -1, 1))[:, :, 0]
    return part.columns @ images.T


def _split(rho: Representation, columns: ExactArray, rng: Random) -> Iterator[_Part]:
    """The irreducible parts of a representation that lives on ``columns``."""
    for _ in range(_ROUNDS):
        z = _random_commuting(rho, rng)
        parts = factors(z)
        if len(parts) > 1:
            subspaces = [power(evaluate(f, z), k).nullspace() for f, k in parts]
        elif not (value := evaluate(parts[0][0], z)).is_zero:
            below = value.nullspace()
            subspaces = [below, invariant_complement(rho, below)]
        elif (found := prove_irreducible(rho, z, parts[0][0], rng)) is not None:
            basis, block, proof = found
            yield _Part(columns @ basis, block, proof)
            return
        else:
            continue
        for subspace in subspaces:
            rows = subspace.T.echelon()[1]  # R(g) B = B A(g), so the same rows of both sides determine A(g)
            inverse = subspace[list(rows)].inverse()
            inner = inverse[None] @ (rho.matrices[:, list(rows)] @ subspace[None])
            yield from _split(Representation(rho.group, inner), columns @ subspace, rng)
        return
    raise ArithmeticError(
        f"{_ROUNDS} random commuting matrices of {rho!r} neither split it nor proved it irreducible. Try another seed."
    )


def _random_commuting(rho: Representation, rng: Random) -> ExactArray:
    """(1/|G|) sum_g R(g) A R(g)^-1 with A uniform: uniform in the commutant, on which
    averaging is a projector.

    The sum runs up a chain of subgroups: with G_(i+1) the union of the t G_i, the sum
    over G_(i+1) is that of the t (sum over G_i) t^-1.
    """
    group, size, p = rho.group, rho.degree, rho.field.characteristic
    entries = np.array([rng.randrange(p) for _ in range(size * size)], dtype=np.int64)
    total = ExactArray(rho.field, entries.reshape(size, size, 1))
    for transversal in _chain(group):
        whole = ExactArray.zeros((size, size), rho.field)
        for t in transversal:
            whole = whole + rho.matrices[t] @ total @ rho.matrices[int(group.inverses[t])]
        total = whole
    return total * Fraction(1, group.order)


def _chain(group: FiniteGroup) -> list[list[int]]:
    """Representatives t of the cosets t G_i in G_(i+1), for a chain of subgroups from 1
    to G whose indices are as small as greed makes them."""
    known = group.__dict__.get("_chain")
    if known is None:
        known, inside = [], (0,)
        while len(inside) < group.order:
            pool = [c.representative for c in group.classes] + list(group.generators)
            if set(pool) <= set(inside):
                pool = list(range(group.order))
            larger = min((closure(group, {*inside, x}) for x in set(pool) - set(inside)), key=lambda h: (len(h), h))
            known.append(_cosets(group, inside, larger))
            inside = larger
        group.__dict__["_chain"] = known
    return known


def _cosets(group: FiniteGroup, inner: Sequence[int], outer: Sequence[int]) -> list[int]:
    left, members, found = set(outer), np.array(inner), []
    for x in outer:
        if x in left:
            found.append(x)
            left -= set(group.multiply(x, members).tolist())
    return found
