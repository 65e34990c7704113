"""Representations of finite groups, exactly: the names to import.

The parts, all in this package: :mod:`.matrices` (the object; defect, sums and products), :mod:`.character_tables`, :mod:`.irreducibles` (explicit
irreps) with :mod:`.elementary_subgroups` and :mod:`.coprime_modules` behind it, :mod:`.hermitian_forms` (which of them are unitary) with :mod:`.hermitian_lattices`,
:mod:`.decompositions` (splitting, certificate) and :mod:`.modular_decompositions` over F_p with :mod:`.irreducibility_proofs`, :mod:`.inductions` (induced
representations, Frobenius and Mackey), :mod:`.modules` (invariant subspaces and their complements).
"""

from __future__ import annotations

from theory.representations.character_tables import CharacterTable, character_table, linear_characters
from theory.representations.decompositions import Certificate, Decomposition, Summand, decompose
from theory.representations.hermitian_forms import Unitarity, unitarised, unitarity
from theory.representations.inductions import induce, mackey_summands
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

__all__ = [
    "Certificate", "CharacterTable", "Decomposition", "Defect", "NotARepresentation", "Representation", "Summand", "Unitarity", "character_table", "decompose",
    "induce", "intertwiners_dimension", "irreps", "linear_characters", "mackey_summands", "permutation_representation",
    "regular_representation", "restrict", "schur_type", "trivial_representation", "unitarised", "unitarity",
]  # fmt: skip
