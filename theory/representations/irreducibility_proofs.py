"""Proofs that a representation over F_p is irreducible, found by search and checked by
multiplication, and the polynomials of matrices they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from theory.arithmetic.cyclotomic import prime_factors
from theory.arithmetic.matrices import ExactArray, hstack
from theory.representations.matrices import Representation

_WORDS = 8


@dataclass(frozen=True, eq=False)
class IrreducibilityProof:
    """Why one block R of degree d is irreducible with endomorphism field F_{p^e}.

    a = f(sum_g c_g R(g)) kills the first unit vector e_1 and has rank d - e (``left`` a
    ``right`` = 1), and e_1 generates: R(elements[i]) e_1 = e_i. What commutes with R
    maps e_1 into ker a and is known by that image, so the commutant C has dimension at
    most e (Norton's idea, Holt, Eick and O'Brien 2005, 7.4). It holds z with z^(p^e) =
    z, whose z^(p^(e/r)) - z are invertible for the primes r | e: all roots of the
    minimal polynomial of z have degree e, so C = F_p[z] is a field. A field has no
    idempotents but 0 and 1; by Maschke R is irreducible.
    """

    coefficients: tuple[int, ...]
    factor: tuple[int, ...]
    elements: tuple[int, ...]
    left: ExactArray
    right: ExactArray
    generator: ExactArray
    minimal_polynomial: tuple[int, ...]
    inverses: tuple[ExactArray, ...]

    @property
    def endomorphism_degree(self) -> int:
        """e: the commutant of the block is F_{p^e}."""
        return len(self.minimal_polynomial) - 1

    def residuals(self, block: Representation) -> dict[str, ExactArray]:
        """Arrays that are all zero if and only if the proof holds for this block."""
        field, size, e = block.field, block.degree, self.endomorphism_degree
        z, eye = self.generator, ExactArray.eye(size, block.field)
        gens = list(block.group.generators) or [0]
        a = evaluate(self.factor, combination(block, self.coefficients))
        moved = block.matrices[list(self.elements)][:, :, 0].T
        found = {
            "a e_1": a[:, :1],
            "e_1 generates": moved - eye,
            "rank of a": self.left @ a @ self.right - ExactArray.eye(size - e, field),
            "z commutes": block.matrices[gens] @ z[None] - z[None] @ block.matrices[gens],
            "minimal polynomial is monic": ExactArray.of([self.minimal_polynomial[-1] - 1], field),
            "minimal polynomial at z": evaluate(self.minimal_polynomial, z),
            "z^(p^e) - z": power(z, field.characteristic**e) - z,
        }
        for r, inverse in zip(prime_factors(e), self.inverses, strict=True):
            found[f"z^(p^(e/{r})) - z has an inverse"] = (
                power(z, field.characteristic ** (e // r)) - z
            ) @ inverse - eye
        return found


def prove_irreducible(
    rho: Representation, z: ExactArray, minimal: tuple[int, ...], rng: Random
) -> tuple[ExactArray, Representation, IrreducibilityProof] | None:
    """A basis, the block in it, and its proof; None if the commutant is larger than
    F_p[z] or the words were unlucky.

    Args:
        rho: Over F_p with p not dividing |G|.
        z: Commutes with rho.
        minimal: Its minimal polynomial, irreducible, monic, from the constant
            coefficient upwards.
        rng: Chooses the words.
    """
    e, p = len(minimal) - 1, rho.field.characteristic
    found = next(_words(rho, e, rng), None)
    if found is None:
        return None
    word, factor, basis, elements = found
    inverse, eye = basis.inverse(), ExactArray.eye(rho.degree, rho.field)
    block = Representation(rho.group, inverse[None] @ rho.matrices @ basis[None])
    reduced, columns = hstack([evaluate(factor, combination(block, word)), eye]).echelon()
    pivots = [c for c in columns if c < rho.degree]
    generator = inverse @ z @ basis
    inverses = tuple((power(generator, p ** (e // r)) - generator).inverse() for r in prime_factors(e))
    left, right = reduced[: len(pivots), rho.degree :], eye[:, pivots]
    return basis, block, IrreducibilityProof(word, factor, elements, left, right, generator, minimal, inverses)


def _words(
    rho: Representation, e: int, rng: Random
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], ExactArray, tuple[int, ...]]]:
    """Coefficients c and a factor f with dim ker f(sum c_g R(g)) = e, and the basis
    that a vector of the kernel generates, with its elements."""
    for attempt in range(_WORDS):
        word = tuple(
            rng.randrange(rho.field.characteristic) if attempt else 0 for _ in range(rho.group.order)
        )  # zero serves where e is the degree
        image = combination(rho, word)
        for factor, _ in factors(image):
            if e % (len(factor) - 1):  # the kernel is a vector space over F_p[x]/f
                continue
            kernel = evaluate(factor, image).nullspace()
            if kernel.shape[1] == e:
                orbit = (rho.matrices @ kernel[None, :, :1])[:, :, 0].T
                elements = orbit.echelon()[1]
                if len(elements) == rho.degree:
                    yield word, factor, orbit[:, list(elements)], elements


def combination(rho: Representation, coefficients: Sequence[int]) -> ExactArray:
    """sum_g c_g R(g)."""
    weights = ExactArray(rho.field, np.array(coefficients, dtype=np.int64).reshape(1, -1, 1))
    return (weights @ rho.matrices.reshape(rho.group.order, rho.degree**2)).reshape(rho.degree, rho.degree)


def evaluate(polynomial: Sequence[int], matrix: ExactArray) -> ExactArray:
    """f(A), coefficients from the constant one upwards, by Horner's rule."""
    eye = ExactArray.eye(matrix.shape[0], matrix.field)
    total = ExactArray.zeros(matrix.shape, matrix.field)
    for c in reversed(polynomial):
        total = total @ matrix + eye * c
    return total


def power(matrix: ExactArray, exponent: int) -> ExactArray:
    """A^k by squaring."""
    total = ExactArray.eye(matrix.shape[0], matrix.field)
    for bit in bin(exponent)[2:]:
        total = total @ total
        if bit == "1":
            total = total @ matrix
    return total


def factors(matrix: ExactArray) -> list[tuple[tuple[int, ...], int]]:
    """The monic irreducible factors of the characteristic polynomial over F_p with
    multiplicities, by degree, then coefficients."""
    from flint import nmod_mat

    size = matrix.shape[0]
    polynomial = nmod_mat(size, size, matrix.numerators.ravel().tolist(), matrix.field.characteristic).charpoly()
    found = [(tuple(int(c) for c in f.coeffs()), int(k)) for f, k in polynomial.factor()[1]]
    return sorted(found, key=lambda pair: (len(pair[0]), pair[0]))
