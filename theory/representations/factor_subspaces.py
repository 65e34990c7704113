"""Which factor of a product moves which subspace: linear symmetry-based disentanglement
of a representation of G = G_1 x .. x G_k, decided three ways.

V is disentangled when it is a sum of invariant subspaces V_i on which all factors but
G_i act trivially. Where means over the group exist (characteristic not dividing |G|)
this holds exactly if dim V = sum_i Fix(G_-i) - (k - 1) Fix(G), with G_-i the product of
the other factors and Fix(H) the dimension of the vectors that H fixes. Every
irreducible constituent is an outer tensor product, and is in order when it is
nontrivial on at most one factor. Source: Higgins et al. 2018 for the definition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import combinations
from operator import matmul

import numpy as np

from theory.arithmetic.matrices import ExactArray, hstack, vstack
from theory.groups.factored_groups import FactoredGroup
from theory.representations.character_tables import CharacterTable, character_table
from theory.representations.matrices import NotARepresentation, Representation
from theory.representations.modules import CharacteristicDividesOrder


def fixed_dimension(representation: Representation, elements: Sequence[int]) -> int:
    """Fix(H), the mean of the character over a subgroup given by its elements.

    Raises:
        NotARepresentation: the mean is no integer, which that of a homomorphism is.
    """
    mean = representation.character[list(elements)].sum().fraction() / len(elements)
    if mean.denominator != 1:
        raise NotARepresentation(f"The mean of the traces over a subgroup is {mean}; for a homomorphism it is whole.")
    return int(mean)


def mean_over(representation: Representation, elements: Sequence[int]) -> ExactArray:
    """The projector (1/|H|) sum_h R(h) onto the vectors fixed by H.

    Raises:
        CharacteristicDividesOrder: |H| = 0 in the field.
    """
    p = representation.field.characteristic
    if p and len(elements) % p == 0:
        raise CharacteristicDividesOrder(
            f"The characteristic {p} divides the order {len(elements)}: no mean exists in {representation.field}."
        )
    total = representation.matrices[list(elements)].sum()
    return total * Fraction(1, len(elements))


def fixed_vectors(representation: Representation, elements: Sequence[int]) -> ExactArray:
    """A basis of the vectors fixed by the elements, as columns: a kernel, in any
    characteristic."""
    eye = ExactArray.eye(representation.degree, representation.field)
    return vstack([representation.matrices[x] - eye for x in elements]).nullspace()


def disentangled_dimension(fixed: Sequence[int], fixed_by_all: int) -> int:
    """sum_i Fix(G_-i) - (k - 1) Fix(G): the dimension of the sum of the subspaces
    V^{G_-i}, from their own.

    >>> disentangled_dimension([2, 2], 1)
    3
    """
    return sum(fixed) - (len(fixed) - 1) * fixed_by_all


def entangled_dimension(representation: Representation, product: FactoredGroup) -> int:
    """dim V - sum_i Fix(G_-i) + (k - 1) Fix(G) by means of the character: 0 exactly for
    a disentangled representation.

    Source: the projectors P_i onto V^{G_-i} commute and P_i P_j = P, that onto V^G.
    """
    fixed = [fixed_dimension(representation, others) for others in product.others]
    everything = fixed_dimension(representation, range(product.group.order))
    return representation.degree - disentangled_dimension(fixed, everything)


@dataclass(frozen=True)
class FactorSubspaces:
    """V_0, the vectors fixed by all, then V_i = (P_i - P) V for each factor, as bases
    in columns; and what none of them holds.

    The V_i are canonical: they depend on the decomposition of the group alone, and V is
    their direct sum exactly if it is disentangled.
    """

    parts: tuple[ExactArray, ...]
    rest: ExactArray

    @property
    def dimensions(self) -> tuple[int, ...]:
        """dim V_0, dim V_1, .., dim V_k."""
        return tuple(part.shape[1] for part in self.parts)

    @property
    def entangled_dimension(self) -> int:
        """The dimension of the entangled part."""
        return self.rest.shape[1]

    @property
    def basis(self) -> ExactArray:
        """All of them side by side: in this basis the matrices fall into blocks."""
        return hstack([part for part in (*self.parts, self.rest) if part.shape[1]])


def factor_subspaces(representation: Representation, product: FactoredGroup) -> FactorSubspaces:
    """The canonical subspaces, by projectors.

    Raises:
        CharacteristicDividesOrder: means over the group do not exist.
    """
    return subspaces_of_means([mean_over(representation, factor) for factor in product.factors])


def subspaces_of_means(means: Sequence[ExactArray]) -> FactorSubspaces:
    """The same from the means over the factors alone: P_i is the product of the means
    over the others, P that of all."""
    size = means[0].shape[0]
    eye = ExactArray.eye(size, means[0].field)
    everything = reduce(matmul, means, eye)
    parts, rest = [everything], eye - everything
    for i in range(len(means)):
        moved = reduce(matmul, [mean for j, mean in enumerate(means) if j != i], eye) - everything
        parts.append(moved)
        rest = rest - moved
    return FactorSubspaces(tuple(part.column_basis() for part in parts), rest.column_basis())


def moved_by_two(representation: Representation, product: FactoredGroup) -> tuple[int, int] | None:
    """The first generators a, b of different factors with (R(a) - 1)(R(b) - 1) != 0, or
    None, which where means exist says that V is disentangled."""
    eye = ExactArray.eye(representation.degree, representation.field)
    less = {x: representation.matrices[x] - eye for factor in product.factors for x in factor}
    for left, right in combinations(product.factors, 2):
        for a in left:
            for b in right:
                if not (less[a] @ less[b]).is_zero:
                    return a, b
    return None


# -- constituents --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constituent:
    """An irreducible character with its multiplicity and the factors on which it is
    nontrivial."""

    row: int
    degree: int
    multiplicity: int
    factors: tuple[int, ...]

    def __str__(self) -> str:
        on = " and ".join(str(i + 1) for i in self.factors) or "none"
        return f"chi{self.row + 1} (dimension {self.degree}, {self.multiplicity} times), nontrivial on factors {on}"


def nontrivial_factors(table: CharacterTable, row: int, product: FactoredGroup) -> tuple[int, ...]:
    """The factors on which an irreducible character is not its degree everywhere."""
    values = table.array[row]
    size = table.degrees[row]
    return tuple(
        i
        for i, factor in enumerate(product.factors)
        if any(values.entry(int(table.group.class_of[x])) != size for x in factor)
    )


def constituents(representation: Representation, product: FactoredGroup) -> tuple[Constituent, ...]:
    """The irreducible constituents, in the order of the character table."""
    table = character_table(product.group)
    sizes = np.array(table.class_sizes)
    representatives = [c.representative for c in product.group.classes]
    character = representation.character[representatives]
    found = []
    for row, degree in enumerate(table.degrees):
        products = character.entrywise(table.array[row].conj())
        weighted = ExactArray(products.field, products.numerators * sizes[:, None], products.denominator)
        multiplicity = weighted.sum().fraction() / product.group.order
        if multiplicity:
            if multiplicity.denominator != 1:
                raise NotARepresentation(f"chi{row + 1} would occur {multiplicity} times: the traces are no character.")
            found.append(Constituent(row, degree, int(multiplicity), nontrivial_factors(table, row, product)))
    return tuple(found)


def entangled_constituents(representation: Representation, product: FactoredGroup) -> tuple[Constituent, ...]:
    """Those that are nontrivial on two factors or more: the degrees times the
    multiplicities sum to the entangled dimension."""
    return tuple(part for part in constituents(representation, product) if len(part.factors) > 1)
