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
    found, seen = [], []
    for one, kind in zip(irreps(group), character_table(group).types, strict=True):
        matrices = np.stack([as_array(one.matrices[x].tolist()) for x in range(group.order)])
        character = np.trace(matrices, axis1=1, axis2=2)
        if np.allclose(matrices, 1) and one.degree == 1:
            continue
        if any(np.allclose(character, other.conj(), atol=1e-9) for other in seen):
            continue
        if kind == "complex":
            seen.append(character)
        form = np.linalg.cholesky(np.mean(matrices.conj().transpose(0, 2, 1) @ matrices, axis=0)).conj().T
        found.append(Irrep(torch.from_numpy(form @ matrices @ np.linalg.inv(form)), kind))
    return found
