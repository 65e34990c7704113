"""Finite groups, exactly: the names to import.

The parts, all in this package: :mod:`.finite_groups` (the object), :mod:`.cayley_tables` and :mod:`.permutations` (what it is made of), :mod:`.families`
and :mod:`.products` (named groups, products), :mod:`.presentations`, :mod:`.subgroups`, :mod:`.isomorphisms` and :mod:`.cayley_graphs`.
"""

from __future__ import annotations

from theory.groups.cayley_tables import GroupTooLarge, NotAGroup
from theory.groups.finite_groups import MAX_ORDER, MAX_TABLE, FiniteGroup

__all__ = ["MAX_ORDER", "MAX_TABLE", "FiniteGroup", "GroupTooLarge", "NotAGroup"]
