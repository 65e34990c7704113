"""A group with a decomposition into a direct product, the factors remembered as
subgroups; and what a decomposition says of subgroups and orbits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import gcd, prod

import numpy as np

from theory.groups.families import cyclic
from theory.groups.finite_groups import FiniteGroup
from theory.groups.products import direct_product
from theory.groups.subgroups import left_cosets, require_subgroup
from theory.proof.statements import Enumeration, Family


class NotADirectProduct(ValueError):
    """Subgroups that do not commute, meet, or do not generate; the message names
    elements."""


@dataclass(frozen=True, eq=False)
class FactoredGroup:
    """G = G_1 x .. x G_k, each factor a subgroup of G.

    The same group may have several decompositions: disentanglement is a property of the
    decomposition.

    Args:
        group: G.
        factors: For each factor its elements, indices into ``group``.

    Raises:
        NotADirectProduct: two factors do not commute, or products are not unique.
        ValueError: a factor is no subgroup.

    >>> klein = FactoredGroup.of(cyclic(2), cyclic(2))
    >>> klein.factors, klein.regroup([(0, 2), (0, 3)]).factors
    (((0, 2), (0, 1)), ((0, 2), (0, 3)))
    """

    group: FiniteGroup
    factors: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        group, names = self.group, self.group.names
        for factor in self.factors:
            require_subgroup(group, factor)
        for i, left in enumerate(self.factors):
            for j, right in enumerate(self.factors[:i]):
                a, b = np.array(left), np.array(right)
                bad = np.argwhere(group.multiply(a[:, None], b[None, :]) != group.multiply(b[None, :], a[:, None]))
                if bad.size:
                    x, y = names[int(a[bad[0][0]])], names[int(b[bad[0][1]])]
                    raise NotADirectProduct(
                        f"Factors {j + 1} and {i + 1} do not commute: {y} {x} differs from {x} {y}."
                    )
        sizes = prod(len(factor) for factor in self.factors)
        reached = len(group.subgroup([x for factor in self.factors for x in factor]))
        if sizes != group.order or reached != group.order:
            raise NotADirectProduct(
                f"Expected a direct product: factors of orders {', '.join(str(len(f)) for f in self.factors)} in a group of order {group.order}, "
                f"of which they generate {reached} elements."
            )

    @classmethod
    def of(cls, *groups: FiniteGroup) -> FactoredGroup:
        """The direct product of these groups with its own factors."""
        whole, step, factors = direct_product(*groups), 1, []
        for part in reversed(groups):
            factors.append(tuple(step * x for x in range(part.order)))
            step *= part.order
        return cls(whole, tuple(reversed(factors)))

    def regroup(self, factors: Sequence[Sequence[int]]) -> FactoredGroup:
        """Another decomposition of the same group."""
        return FactoredGroup(self.group, tuple(tuple(sorted(factor)) for factor in factors))

    def __len__(self) -> int:
        return len(self.factors)

    @cached_property
    def others(self) -> tuple[tuple[int, ...], ...]:
        """For each factor G_-i, the product of the other ones, ascending."""
        return tuple(
            self.group.subgroup([x for j, factor in enumerate(self.factors) if j != i for x in factor])
            for i in range(len(self.factors))
        )


# -- stabilisers -----------------------------------------------------------------------------------------------------------


def is_product_of_its_parts(product: FactoredGroup, subgroup: Sequence[int]) -> bool:
    """Whether H = H_1 x .. x H_k with H_i in G_i: |H| is the product of the |H meet
    G_i|."""
    inside = set(subgroup)
    return len(inside) == prod(len(inside & set(factor)) for factor in product.factors)


def orbits_tell_points_apart(product: FactoredGroup, subgroup: Sequence[int]) -> bool:
    """Whether x -> (orbit of x under G_-i)_i is injective on G/H: every set-valued
    representation whose i-th part G_-i leaves alone factors through it."""
    cosets = left_cosets(product.group, subgroup)[1]  # for each element its coset
    points = int(cosets.max()) + 1
    seen = []
    for others in product.others:
        label = np.full(points, -1, dtype=np.int64)
        for x in range(product.group.order):
            at = int(cosets[x])
            if label[at] < 0:
                label[cosets[product.group.multiply(np.array(others), x)]] = at
        seen.append(label)
    return len({tuple(column) for column in np.stack(seen).T.tolist()}) == points


def subgroups_of_cyclic_products(largest: int = 6) -> Family:
    """(a, b, H): the subgroups H of C_a x C_b, 1 < a, b <= ``largest``.

    By Goursat's lemma there are sum gcd(d, e) over divisors d of a and e of b.
    """
    pairs = [(a, b) for a in range(2, largest + 1) for b in range(a, largest + 1)]

    def members() -> Iterator[tuple[int, int, tuple[int, ...]]]:
        for a, b in pairs:
            for subgroup in direct_product(cyclic(a), cyclic(b)).subgroups:
                yield a, b, subgroup

    def divisors(n: int) -> list[int]:
        return [d for d in range(1, n + 1) if n % d == 0]

    size = sum(gcd(d, e) for a, b in pairs for d in divisors(a) for e in divisors(b))
    return Family(f"stabilisers: subgroups of C_a x C_b, 2 <= a <= b <= {largest}", members, size)


Stabiliser = tuple[int, int, tuple[int, ...]]
Claim = Callable[[FactoredGroup, Sequence[int]], bool]


def disentangled_orbits(claimed: Claim = is_product_of_its_parts) -> Enumeration:
    """An orbit G/H has an injective disentangled representation, linear or not, exactly
    where ``claimed`` says so: by orbits of the other factors, and by the orders of the
    projections of H (Goursat)."""

    def by_orbits(member: Stabiliser) -> bool:
        product = _cyclic_product(*member[:2])
        return claimed(product, member[2]) == orbits_tell_points_apart(product, member[2])

    def by_projections(member: Stabiliser) -> bool:
        a, b, subgroup = member
        sides = len({x // b for x in subgroup}), len({x % b for x in subgroup})
        return claimed(_cyclic_product(a, b), subgroup) == (len(subgroup) == prod(sides))

    return Enumeration("orbits by their stabilisers", subgroups_of_cyclic_products(), by_orbits, by_projections)


def any_orbit(product: FactoredGroup, subgroup: Sequence[int]) -> bool:
    """The falsehood that every orbit has one."""
    return True


@cache
def _cyclic_product(a: int, b: int) -> FactoredGroup:
    return FactoredGroup.of(cyclic(a), cyclic(b))
