"""Permutations given by their 0-based images: closure of generators, words in cycle
notation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.groups.cayley_tables import GroupTooLarge


def close_permutations(generators: np.ndarray, limit: int) -> np.ndarray:
    """All products, by Dimino's method: a subgroup grows by whole cosets, each added
    with one vectorised product.

    Raises:
        GroupTooLarge: more than ``limit`` elements.
    """
    degree = generators.shape[1]
    kind = np.uint8 if degree <= 256 else np.uint16 if degree <= 2**16 else np.uint32
    gens = generators.astype(kind)
    chunks = [np.arange(degree, dtype=kind)[None, :]]
    seen = {chunks[0][0].tobytes()}
    for count in range(1, len(gens) + 1):
        if gens[count - 1].tobytes() in seen:
            continue
        subgroup = np.concatenate(chunks)
        pending = [gens[count - 1]]
        while pending:
            representative = pending.pop()
            if representative.tobytes() in seen:
                continue
            if len(seen) + len(subgroup) > limit:
                raise GroupTooLarge(
                    f"The permutations generate more than {limit} elements, where listing them stops. Raise limit=, work with a subgroup, "
                    "or take sympy.combinatorics.PermutationGroup, which needs no list."
                )
            coset = subgroup[:, representative]  # h r for every h: x -> h(r(x))
            data, width = coset.tobytes(), coset.itemsize * degree
            seen.update(data[k : k + width] for k in range(0, len(data), width))
            chunks.append(coset)
            pending += [representative[g] for g in gens[:count]]
    return np.concatenate(chunks)


def cycles(images: Sequence[int]) -> str:
    """A permutation in cycle notation, ``"()"`` for the identity."""
    seen, text = set(), ""
    for start, image in enumerate(images):
        if start in seen or image == start:
            continue
        cycle, x = [], start
        while x not in seen:
            seen.add(x)
            cycle.append(x)
            x = images[x]
        text += "(" + " ".join(map(str, cycle)) + ")"
    return text or "()"
