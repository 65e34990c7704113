"""A finite group as indices with a product: what is read off a multiplication table or
a list of permutations, before any subject builds on it.

Elements are 0..n-1 with the identity at 0; ``table[a, b]`` is the product a b.
Permutations act from the left: (a b)(x) = a(b(x)). Subgroups, isomorphisms and graphs
take a :class:`TableGroup` and know nothing of how it was given;
:class:`theory.groups.finite_groups.FiniteGroup` adds the constructors and gathers the
rest as methods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from theory.groups.cayley_tables import GroupTooLarge
from theory.groups.permutations import cycles

__all__ = ["AUTO_TABLE", "MAX_TABLE", "ConjugacyClass", "Subgroup", "TableGroup", "closure", "normal_closure"]

MAX_TABLE = 4096
AUTO_TABLE = 1024  # up to here products of permutations go through a table
Subgroup = tuple[int, ...]  # its elements, ascending


@dataclass(frozen=True)
class ConjugacyClass:
    """A class: its members ascending, its first member as representative, the order of
    its members."""

    representative: int
    members: tuple[int, ...]
    order: int

    def __len__(self) -> int:
        return len(self.members)


class TableGroup:
    """A group by its table or its permutations, trusted: products, orders, classes,
    centre, the subgroup that elements generate.

    Args:
        table: Integer table of a group whose identity is element 0; None when
            ``elements`` are permutations, and the table is then made on demand.
        names: One distinct text per element.
        generators: Indices that generate.
        elements: Permutations, shape ``(n, degree)``, or None.
        label: A name such as ``"D4"``.
    """

    def __init__(
        self,
        table: np.ndarray | None,
        *,
        names: Sequence[str] | None = None,
        generators: Sequence[int] | None = None,
        elements: np.ndarray | None = None,
        label: str = "",
    ) -> None:
        self._table = table
        self.elements = elements
        known = table if table is not None else elements
        if known is None:
            raise ValueError("Expected a table or permutations, got neither.")
        self.order = len(known)
        self._names = tuple(names) if names is not None else None
        self._generators = tuple(generators) if generators is not None else None
        self.label = label

    @classmethod
    def from_right_action(cls, edges: np.ndarray, label: str = "", names: Sequence[str] | None = None) -> Self:
        """From right multiplication by generators: ``edges[x, k]`` is x g_k (trusted).
        The identity is 0.

        Raises:
            GroupTooLarge: more than 4096 elements.
        """
        if len(edges) > MAX_TABLE:
            raise GroupTooLarge(
                f"A multiplication table of {len(edges)} elements is too large (at most {MAX_TABLE}). Give the group by permutations instead."
            )
        chosen = dict.fromkeys(int(k) for k in edges[0] if k)
        return cls(_table_from_edges(edges), names=names, generators=list(chosen), label=label)

    # -- elements and products

    @property
    def table(self) -> np.ndarray:
        """The multiplication table, shape ``(n, n)``, read-only.

        Raises:
            GroupTooLarge: more than 4096 elements.
        """
        if self._table is None:
            if self.order > MAX_TABLE:
                raise GroupTooLarge(
                    f"A multiplication table of {self.order} elements is too large (at most {MAX_TABLE}). Use .elements and .multiply."
                )
            self._table = _table_from_left(
                np.stack(
                    [self._products(np.full(self.order, g), np.arange(self.order)) for g in self.generators or (0,)]
                )
            )
        if self._table.flags.writeable or self._table.dtype != np.int64:
            self._table = self._table.astype(np.int64)
            self._table.setflags(write=False)
        return self._table

    @property
    def _rows(self) -> np.ndarray:
        """The permutations of a group that is given by them."""
        if self.elements is None:
            raise ValueError("Expected a group of permutations, got one given by its table.")
        return self.elements

    @property
    def has_table(self) -> bool:
        """Whether products are looked up in a table."""
        return self._table is not None

    @property
    def has_names(self) -> bool:
        """Whether the elements were given names; else :attr:`names` makes some."""
        return self._names is not None

    def multiply(self, a: np.ndarray | int, b: np.ndarray | int) -> np.ndarray:
        """Products of elements given by index, elementwise."""
        if self._table is None and self.order > AUTO_TABLE:
            return self._products(a, b)
        return self.table[a, b]

    def _products(self, a: np.ndarray | int, b: np.ndarray | int) -> np.ndarray:
        a, b = np.broadcast_arrays(a, b)
        keys = self._encode(
            np.take_along_axis(self._rows[a.ravel()], self._rows[b.ravel()][:, self._base].astype(np.int64), axis=1),
            based=True,
        )
        sorted_keys, places = self._sorted_keys
        return places[np.searchsorted(sorted_keys, keys)].reshape(a.shape)

    def conjugate(self, x: np.ndarray | int, by: np.ndarray | int) -> np.ndarray:
        """g x g^-1, elementwise, for g = ``by``."""
        return self.multiply(self.multiply(by, x), self.inverses[by])

    @cached_property
    def _base(self) -> list[int]:
        """Points whose images tell all elements apart (a base), found greedily."""
        base: list[int] = []
        labels = np.zeros(self.order, dtype=np.int64)
        for point in range(self._rows.shape[1]):
            refined = np.unique(labels * self._rows.shape[1] + self._rows[:, point], return_inverse=True)[1]
            if refined.max() > labels.max():
                base.append(point)
                labels = refined
            if labels.max() == self.order - 1:
                break
        return base or [0]

    def _encode(self, rows: np.ndarray, *, based: bool = False) -> np.ndarray:
        images = (rows if based else rows[:, self._base]).astype(self._rows.dtype)  # wide enough for every point
        return np.ascontiguousarray(images).view(np.dtype((np.void, images.itemsize * images.shape[1]))).ravel()

    @cached_property
    def _sorted_keys(self) -> tuple[np.ndarray, np.ndarray]:
        keys = self._encode(self._rows)
        places = np.argsort(keys)
        return keys[places], places

    @cached_property
    def names(self) -> tuple[str, ...]:
        """A text for every element: those given, or cycles, or the numbers."""
        if self._names is not None:
            return self._names
        if self.elements is not None:
            return tuple(cycles(row) for row in self.elements.tolist())
        return tuple("e" if k == 0 else f"g{k}" for k in range(self.order))

    def index(self, name: str) -> int:
        """The element with this name.

        Raises:
            KeyError: no element has it.
        """
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(
                f"No element is called {name!r}; there are {', '.join(self.names[:12])}{', ...' if self.order > 12 else ''}."
            ) from None

    def word(self, *names: str) -> int:
        """The product of named elements, left to right."""
        out = 0
        for name in names:
            out = int(self.multiply(out, self.index(name)))
        return out

    @cached_property
    def inverses(self) -> np.ndarray:
        """The index of each element's inverse."""
        if self._table is None:
            back = np.argsort(self._rows, axis=1)
            keys, places = self._sorted_keys
            return places[np.searchsorted(keys, self._encode(back))]
        return np.argmax(self.table == 0, axis=1)

    @cached_property
    def generators(self) -> tuple[int, ...]:
        """Indices that generate the group (empty for the trivial one)."""
        if self._generators is not None:
            return self._generators
        chosen: list[int] = []
        inside = {0}
        while len(inside) < self.order:
            chosen.append(next(k for k in range(self.order) if k not in inside))
            inside = set(self.subgroup(chosen))
        return tuple(chosen)

    @cached_property
    def orders(self) -> np.ndarray:
        """The order of each element."""
        out = np.zeros(self.order, dtype=np.int64)
        power, k = np.arange(self.order), 1
        while not out.all():
            out[(power == 0) & (out == 0)] = k
            power, k = self.multiply(power, np.arange(self.order)), k + 1
        return out

    @property
    def exponent(self) -> int:
        """The least common multiple of the elements' orders."""
        return int(np.lcm.reduce(np.unique(self.orders)))

    def power(self, a: int, k: int) -> int:
        """a^k for any integer k."""
        return int(self.powers(np.array([a]), k % int(self.orders[a]))[0])

    def powers(self, elements: np.ndarray, k: int) -> np.ndarray:
        """The k-th powers of many elements, any integer k."""
        base = np.asarray(elements, dtype=np.int64)
        base, k = (base, k) if k >= 0 else (self.inverses[base], -k)
        out = np.zeros_like(base)
        while k:
            if k & 1:
                out = self.multiply(out, base)
            k >>= 1
            if k:
                base = self.multiply(base, base)
        return out

    # -- structure

    @cached_property
    def is_abelian(self) -> bool:
        """Whether the generators commute."""
        gens = np.array(self.generators, dtype=np.int64)
        return all(int(self.multiply(a, b)) == int(self.multiply(b, a)) for a in gens for b in gens)

    @cached_property
    def classes(self) -> tuple[ConjugacyClass, ...]:
        """Conjugacy classes in canonical order: by order of the members, then size,
        then first member; the identity's comes first."""
        moves = [self.conjugate(np.arange(self.order), g).tolist() for g in self.generators]
        orders = self.orders.tolist()
        seen = bytearray(self.order)
        found = []
        for x in range(self.order):
            if seen[x]:
                continue
            seen[x] = 1
            members = [x]
            for y in members:  # grows while it is walked
                for move in moves:
                    z = move[y]
                    if not seen[z]:
                        seen[z] = 1
                        members.append(z)
            found.append(ConjugacyClass(x, tuple(sorted(members)), orders[x]))
        return tuple(sorted(found, key=lambda c: (c.order, len(c), c.representative)))

    @cached_property
    def class_of(self) -> np.ndarray:
        """For each element the position of its class in ``classes``."""
        out = np.zeros(self.order, dtype=np.int64)
        for k, c in enumerate(self.classes):
            out[list(c.members)] = k
        return out

    @cached_property
    def centre(self) -> tuple[int, ...]:
        """The elements that commute with all others, ascending."""
        return tuple(sorted(c.representative for c in self.classes if len(c) == 1))

    def subgroup(self, generators: Iterable[int]) -> tuple[int, ...]:
        """The elements of the subgroup generated, ascending."""
        return closure(self, generators)

    @cached_property
    def derived_subgroup(self) -> tuple[int, ...]:
        """The subgroup generated by all commutators: the normal closure of those of the
        generators."""
        inv = self.inverses
        seeds = {
            int(self.multiply(self.multiply(a, b), self.multiply(inv[a], inv[b])))
            for a in self.generators
            for b in self.generators
        }
        return normal_closure(self, seeds)

    def is_normal(self, subgroup: Sequence[int]) -> bool:
        """Whether conjugation by the generators maps a subgroup, given by its elements,
        to itself."""
        inside = set(subgroup)
        array = np.array(sorted(inside))
        return all(inside.issuperset(self.conjugate(array, g).tolist()) for g in self.generators)

    def spanning_tree(self, generators: Sequence[int] | None = None) -> list[tuple[int, int]]:
        """For each element (parent, k) with element = parent * generators[k], breadth
        first from the identity, which has (-1, -1).

        Raises:
            ValueError: the elements given do not generate.
        """
        gens = list(self.generators if generators is None else generators)
        right = [self.multiply(np.arange(self.order), g).tolist() for g in gens]
        tree: list[tuple[int, int] | None] = [None] * self.order
        tree[0] = (-1, -1)
        queue = [0]
        for x in queue:  # grows while it is walked
            for k in range(len(gens)):
                y = right[k][x]
                if tree[y] is None:
                    tree[y] = (x, k)
                    queue.append(y)
        if len(queue) < self.order:
            raise ValueError(
                f"The elements {[self.names[g] for g in gens]} generate only {len(queue)} of {self.order} elements."
            )
        self._walk = queue
        return tree  # type: ignore[return-value]

    def walk(self, generators: Sequence[int] | None = None) -> list[tuple[int, int, int]]:
        """(element, parent, k) for every element but the identity, parents first."""
        tree = self.spanning_tree(generators)
        return [(x, *tree[x]) for x in self._walk if x]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.label + ', ' if self.label else ''}order {self.order})"


def closure(group: TableGroup, generators: Iterable[int]) -> Subgroup:
    """The elements of the subgroup generated, ascending."""
    inside = np.zeros(group.order, dtype=bool)
    inside[0] = True
    gens = np.array(sorted(set(generators) - {0}), dtype=np.int64)
    new = gens
    inside[new] = True
    while new.size:
        factors = (
            np.flatnonzero(inside) if group.has_table and len(new) < 64 else gens
        )  # the known part as factors shortens long cycles
        products = group.multiply(new[:, None], factors[None, :]).ravel()
        inside_before = inside.copy()
        inside[products] = True
        new = np.flatnonzero(inside & ~inside_before)
    return tuple(np.flatnonzero(inside).tolist())


def normal_closure(group: TableGroup, elements: Iterable[int]) -> Subgroup:
    """The smallest normal subgroup that holds the elements."""
    inside = closure(group, elements)
    while True:
        array = np.array(inside)
        more = {int(y) for g in group.generators for y in group.conjugate(array, g)} - set(inside)
        if not more:
            return inside
        inside = closure(group, set(inside) | more)


def _table_from_edges(edges: np.ndarray) -> np.ndarray:
    """The whole table from right multiplication by generators, ``edges[x, k]`` = x
    g_k."""
    return np.ascontiguousarray(_table_from_left(np.ascontiguousarray(edges.T)).T)


def _table_from_left(left: np.ndarray) -> np.ndarray:
    """The whole table from left multiplication by generators, ``left[k, x]`` = g_k x:
    the row of g y is that of y, moved."""
    n = left.shape[1]
    table = np.empty((n, n), dtype=np.int64)
    table[0] = np.arange(n)
    queue, seen = [0], bytearray(n)
    seen[0] = 1
    first = left.tolist()
    for y in queue:  # grows while it is walked
        for k, images in enumerate(first):
            z = images[y]
            if not seen[z]:
                seen[z] = 1
                queue.append(z)
                table[z] = left[k][table[y]]
    return table
