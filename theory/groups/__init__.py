"""Finite groups and a few compact ones, exactly: the names to import.

:mod:`.finite_groups` holds the object, :class:`FiniteGroup`, and its constructors. It
stands on :mod:`.table_group` (products, orders, classes),
:mod:`.cayley_tables` (the axioms decided on a table), :mod:`.permutations` and
:mod:`.presentations`, and gathers :mod:`.subgroups`, :mod:`.isomorphisms` and
:mod:`.cayley_graphs` as methods. :mod:`.families` and :mod:`.products` make named
groups and products, :mod:`.factored_groups` a product with its factors remembered,
:mod:`.labelled_actions` the simply transitive actions of two cyclic groups.
:mod:`.axioms` derives which axioms make a group,
:mod:`.d4` describes the symmetries of a square four ways, :mod:`.axiom_statements` and
:mod:`.d4_statements` state both, :mod:`.compact` holds the matrix coefficients of U(1),
SU(2) and SO(3), :mod:`.haar_measure` their invariant measure, :mod:`.spins` what holds
for every spin,
:mod:`.gauss_legendre` the nodes of their quadrature.
"""

from __future__ import annotations

from theory.groups.cayley_tables import GroupTooLarge, NotAGroup
from theory.groups.finite_groups import MAX_ORDER, FiniteGroup
from theory.groups.table_group import MAX_TABLE

__all__ = ["MAX_ORDER", "MAX_TABLE", "FiniteGroup", "GroupTooLarge", "NotAGroup"]
