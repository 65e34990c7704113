"""Which systems of axioms make a group, as statements: on every small table, derived
for sets of any size, and refuted by small tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain, product

import numpy as np

from theory.groups.axioms import (
    OUTSIDE,
    STANDARD,
    SUFFICIENT,
    THEOREMS,
    TWO_INVERSES,
    System,
    Table,
    are_groups,
    is_group,
    satisfies,
    satisfy,
    tables,
    translations,
    window_of_integers,
)
from theory.proof import terms
from theory.proof.statements import Enumeration, Family
from theory.proof.terms import Theorem

SYSTEMS = (STANDARD, *SUFFICIENT)
ORDERS = (1, 2, 3)


def every_table(orders: Sequence[int] = ORDERS) -> Family:
    """All tables of those orders, n^(n^2) of order n."""
    of = f"tables of order {', '.join(map(str, orders))}"
    return Family(of, lambda: chain.from_iterable(map(tables, orders)), sum(n ** (n * n) for n in orders))


def given_tables(found: Sequence[Table]) -> Family:
    """The tables of a user, each once."""
    once = list(dict.fromkeys(found))
    orders = sorted({len(table) for table in once})
    text = ", ".join(map(str, orders)) if len(orders) < 9 else f"{orders[0]}..{orders[-1]}"
    return Family(f"tables of order {text}", lambda: iter(once), len(once))


def sufficient_systems(family: Family, systems: Sequence[System] = SYSTEMS) -> Enumeration:
    """Each of the systems holds exactly for groups: by the quantifiers as they read,
    and by translations as permutation matrices."""

    def by_quantifiers(table: Table) -> bool:
        group = is_group(table)
        return all(satisfies(table, system) == group for system in systems)

    return Enumeration("sufficient systems", family, by_quantifiers, _by_translations(family, systems))


def _by_translations(family: Family, systems: Sequence[System]) -> Callable[[Table], bool]:
    """The same for many tables at once, worked out when the first is asked for."""

    @cache
    def whole() -> dict[Table, bool]:
        found: dict[Table, bool] = {}
        everything = list(family)
        for order in {len(table) for table in everything}:
            same = [table for table in everything if len(table) == order]
            L = translations(same)
            groups = are_groups(L)
            good = np.logical_and.reduce([satisfy(L, system) == groups for system in systems])
            found.update(zip(same, good.tolist(), strict=True))
        return found

    return lambda table: whole()[table]


def derivations(theorems: Sequence[Theorem] | None = None) -> Enumeration:
    """Five derivations with their mirror images, and one that is its own; or the
    theorems given."""
    return terms.derivations(THEOREMS, 2 * 5 + 1) if theorems is None else terms.derivations(theorems, len(theorems))


# -- which of all systems suffice ------------------------------------------------------------------------------------------

IDENTITIES = ("left", "right", "two-sided", "member")
INVERSES = ("left", "right", "two-sided", None)


def systems_of_axioms() -> Iterator[System]:
    """Every choice of an identity, of inverses, of closure and of associativity; some
    element exists in all of them."""
    for identity, inverses, closed, associative in product(IDENTITIES, INVERSES, (True, False), (True, False)):
        name = f"identity {identity}, inverses {inverses}, closed {closed}, associative {associative}"
        yield System(name, identity, inverses, closed, associative)


def suffices(system: System) -> bool:
    """The theorem: closure, associativity, and identity and inverses that share a
    side."""
    sides = {"left": {"left"}, "right": {"right"}, "two-sided": {"left", "right"}, "member": set(), None: set()}
    return system.closed and system.associative and bool(sides[system.identity] & sides[system.inverses])


@cache
def small_tables() -> tuple[Table, ...]:
    """Tables of order 1 and 2 with products left out or not, and two of order 3."""
    found = []
    for n in (1, 2):
        for entries in product((OUTSIDE, *range(n)), repeat=n * n):
            found.append(tuple(tuple(entries[k * n : (k + 1) * n]) for k in range(n)))
    return (*found, TWO_INVERSES, window_of_integers(1))


def which_systems_suffice(claim: Callable[[System], bool] = suffices) -> Enumeration:
    """A system that does not suffice has a table that meets it and is no group; one
    that does has none among these."""

    def by_quantifiers(system: System) -> bool:
        return claim(system) == all(is_group(table) for table in small_tables() if satisfies(table, system))

    def by_translations(system: System) -> bool:
        broken = False
        for order in (1, 2, 3):
            L = _translations(order)
            broken |= bool((satisfy(L, system) & ~are_groups(L)).any())
        return claim(system) != broken

    size = len(IDENTITIES) * len(INVERSES) * 2 * 2
    of = Family("systems: identity, inverses, closure, associativity, each asked in every way", systems_of_axioms, size)
    return Enumeration("which systems suffice", of, by_quantifiers, by_translations)


@cache
def _translations(order: int) -> np.ndarray:
    return translations([table for table in small_tables() if len(table) == order])
