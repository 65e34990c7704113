"""Decomposition of exact representations into explicit irreps;
:mod:`theory.representations.summands` holds what comes of it."""

from __future__ import annotations

from fractions import Fraction

from theory.arithmetic.matrices import CyclotomicField, ExactArray, hstack, join
from theory.arithmetic.primes import split_prime
from theory.representations.character_tables import modulo
from theory.representations.irreducibles import irreps
from theory.representations.matrices import BIG_PRIME, NotARepresentation, Representation
from theory.representations.modular_decompositions import decompose_modular
from theory.representations.summands import MAX_DEGREE, Decomposition


def decompose(representation: Representation) -> Decomposition:
    """Split a representation into explicit irreps, with the change of basis.

    With p_ab = (d/n) sum_g R_i(g^-1)_ba R(g), the columns of p_11 give one vector for
    each copy, and p_a1 carries it to the a-th basis vector of that copy (Serre 1977,
    2.7). Over F_p, p not dividing |G|, see
    :func:`theory.representations.modular_decompositions.decompose_modular`.

    Raises:
        NotARepresentation: a pair of elements fails; the message names the first and
            the worst.
        ValueError: a degree above 400; a characteristic that divides |G|
            (:class:`theory.representations.modules.CharacteristicDividesOrder`).
    """
    if not isinstance(representation.field, CyclotomicField):
        return decompose_modular(representation)
    if representation.degree > MAX_DEGREE:
        raise ValueError(
            f"Exact decomposition stops at degree {MAX_DEGREE}, got {representation.degree}. Use numerics.representations.splitting on the device, whose residuals come with bounds."
        )
    representation.require_homomorphism()
    parts = irreps(representation.group)
    multiplicities = tuple(int(representation.inner(part)) for part in parts)
    columns = []
    for part, m in zip(parts, multiplicities, strict=True):
        if m:
            columns.append(_adapted_columns(representation, part, m))
    return Decomposition(representation, parts, multiplicities, hstack(columns))


def _adapted_columns(representation: Representation, part: Representation, m: int) -> ExactArray:
    group, size = representation.group, representation.degree
    common = join(representation.field, part.field)
    matrices = representation.matrices.over(common)
    inverse_first = part.matrices.over(common)[group.inverses][:, 0, :]  # R_i(g^-1)_{1a}, the coefficient of p_{a1}
    units = []
    for a in range(part.degree):
        weighted = inverse_first[:, a].reshape(-1, 1, 1).entrywise(matrices)
        units.append(weighted.sum() * Fraction(part.degree, group.order))
    p, root = split_prime(units[0].root_order, BIG_PRIME)
    pivots = modulo(units[0], p, root).echelon()[1]
    if len(pivots) != m:
        raise NotARepresentation(f"Expected {m} copies, found rank {len(pivots)}; the input is not a representation.")
    first = units[0][:, list(pivots)]
    moved = [unit @ first for unit in units]  # the a-th basis vectors of all copies
    ordered = [moved[a][:, k].reshape(size, 1) for k in range(m) for a in range(part.degree)]
    return hstack(ordered)
