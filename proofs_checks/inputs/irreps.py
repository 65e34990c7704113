"""The irreps of a finite group in numbers: unitary, one of each conjugate pair, made
from the exact ones."""

from __future__ import annotations

import numpy as np
import torch

from numerics.representations.grid_codes import Irrep
from proofs_checks.inputs.decimals import as_array
from theory.groups import FiniteGroup
from theory.representations import character_table, irreps


def numbers_of_irreps(group: FiniteGroup) -> list[Irrep]:
    """The nontrivial irreps, complex128, unitary; of two conjugate ones the first."""
    found, seen = [], set()
    table = character_table(group)
    for one, kind, row in zip(irreps(group), table.types, table.values, strict=True):
        character = tuple(row)  # exact, so that conjugates are told by equality
        if set(character) == {1} or tuple(value.conjugate() for value in row) in seen:
            continue
        seen.add(character)
        matrices = np.stack([as_array(one.matrices[x].tolist()) for x in range(group.order)])
        form = np.linalg.cholesky(np.mean(matrices.conj().transpose(0, 2, 1) @ matrices, axis=0)).conj().T
        found.append(Irrep(torch.from_numpy(form @ matrices @ np.linalg.inv(form)), kind))
    return found
