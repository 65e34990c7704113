"""Representations of finite groups, exactly: the names to import.

The parts stand in :mod:`theory.matrix_representations` (matrices, defect, sums and products), :mod:`theory.character_tables`,
:mod:`theory.irreducibles` (explicit irreps), :mod:`theory.hermitian_forms` (which of them are unitary), :mod:`theory.decompositions`
(splitting, certificate; over F_p :mod:`theory.modular_decompositions`) and :mod:`theory.inductions` (induced representations, Frobenius and Mackey).
"""

from __future__ import annotations

from theory.character_tables import CharacterTable, character_table, linear_characters
from theory.decompositions import Certificate, Decomposition, Summand, decompose
from theory.hermitian_forms import Unitarity, unitarised, unitarity
from theory.inductions import induce, mackey_summands
from theory.irreducibles import irreps
from theory.matrix_representations import (
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
