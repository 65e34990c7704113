"""Representations of finite groups, exactly: the names to import.

:mod:`.matrices` holds the object (defect, sums and products) and
:mod:`.character_tables` the characters. :mod:`.irreducibles` finds explicit irreps,
with
:mod:`.elementary_subgroups` and :mod:`.coprime_modules` behind it;
:mod:`.hermitian_forms` decides which of them are unitary, with
:mod:`.hermitian_lattices`.
:mod:`.decompositions` splits a representation, :mod:`.modular_decompositions` does so
over F_p with :mod:`.irreducibility_proofs`, and :mod:`.summands` holds what they return
and its certificate. :mod:`.induced` holds induced representations (Frobenius,
Mackey), :mod:`.modules` invariant subspaces and their complements. The theorems stand
in :mod:`.intertwiners` (equivalent representations), :mod:`.complements` (orthogonal
complements), :mod:`.maschke` (complete reducibility), :mod:`.d4_irreps` (the irreps of
D4), :mod:`.separating_elements` (elements of a commutant that split),
:mod:`.perturbation` (eigenspaces under errors), :mod:`.equivariant_maps` (linear maps
that commute with permutations) and
:mod:`.convolutions` (those that commute with shifts and quarter turns). Which factor of
a product moves which subspace is in :mod:`.factor_subspaces`, stated in
:mod:`.factor_statements`; :mod:`.exact_codes` decides it for codes on a grid, and
:mod:`.isotypic_statements` says what irreducible parts tell of data.
"""

from __future__ import annotations

from theory.representations.character_tables import CharacterTable, character_table, linear_characters
from theory.representations.decompositions import decompose
from theory.representations.hermitian_forms import Unitarity, unitarity, unitary_form
from theory.representations.induced import induce, mackey_summands
from theory.representations.irreducibles import irreps
from theory.representations.matrices import (
    Defect,
    NotARepresentation,
    Representation,
    intertwiners_dimension,
    permutation_representation,
    regular_representation,
    restrict,
    schur_type,
    trivial_representation,
)
from theory.representations.summands import Certificate, Decomposition, Summand

__all__ = [
    "Certificate",
    "CharacterTable",
    "Decomposition",
    "Defect",
    "NotARepresentation",
    "Representation",
    "Summand",
    "Unitarity",
    "character_table",
    "decompose",
    "induce",
    "intertwiners_dimension",
    "irreps",
    "linear_characters",
    "mackey_summands",
    "permutation_representation",
    "regular_representation",
    "restrict",
    "schur_type",
    "trivial_representation",
    "unitarity",
    "unitary_form",
]  # fmt: skip
