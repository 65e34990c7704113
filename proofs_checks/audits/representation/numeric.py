"""A representation in decimals: what is off is held against what the digits written
can explain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofs_checks.audits.representation.projective import numeric_words, opposite_order
from proofs_checks.audits.representation.single import Judged, irreducibility
from proofs_checks.findings import Finding
from proofs_checks.inputs.decimals import to_complex
from proofs_checks.inputs.named_groups import NamedGroup
from proofs_checks.inputs.representation_files import GivenRepresentation
from proofs_checks.kernel import DOUBT, Status
from theory.representations.character_tables import CharacterTable

WIDE = 0.125  # a bound on a number that is an integer in theory says nothing beyond this


@dataclass(frozen=True)
class _Worst:
    """The pair of elements whose product is off by most, measured by what the digits
    explain; and the widest of these explanations.
    """

    text: str
    witness: dict[str, Any]
    ratio: float
    widest: float


def judge_numeric(given: GivenRepresentation, named: NamedGroup, table: CharacterTable) -> tuple[list[Finding], Judged]:
    """Decimals: the residual of every product against what the digits written can
    explain; then the multiplicities, which are integers.

    A multiplicity is an average of chi(g) conj chi_k(g), off by at most the mean of
    sqrt(d) |E(g)|_F, times the degree of chi_k, plus rounding.
    """
    assert given.numeric is not None
    matrices, errors, degree = given.numeric.matrices, given.numeric.errors, given.numeric.matrices.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):  # products that overflow explain everything, and decide nothing
        worst = _worst_pair(given, named)
    name = f"{given.name} homomorphism"
    digits = f"entries taken as within {given.numeric.accuracy:.1e} of the true ones"
    if given.numeric.condition > 1:
        digits += f"; multiplied out in the basis of the invariant form, condition {given.numeric.condition:.1e}"
    unknown = Judged(given.name, degree, None)
    reason = "not asked before the matrices are known to be a representation"
    unasked = Finding(f"{given.name} irreducible", Status.INAPPLICABLE, reason)
    if not given.said and 1 < worst.ratio <= DOUBT:
        text = f"{worst.text}, {worst.ratio:.3g} times what the digits explain: more digits, or accuracy beside them, would decide ({digits})"
        return [Finding(name, Status.UNDECIDED, text, worst.witness), unasked], unknown
    if worst.ratio > 1:
        text = f"{worst.text}, {worst.ratio:.3g} times what the digits explain ({digits})"
        text += opposite_order(matrices, errors, named) or numeric_words(matrices, errors, named)
        return [Finding(name, Status.REFUTED, text, worst.witness), unasked], unknown
    terms = (len(matrices) + degree + 8) * float(np.finfo(float).eps) * degree * float(np.abs(matrices).max())
    error = max(table.degrees) * (math.sqrt(degree) * float(errors.mean()) + terms)
    if not (worst.widest <= WIDE and error <= WIDE):
        wide = max(error, worst.widest)
        much = f"as much as {wide:.2g}" if math.isfinite(wide) else "anything whatever"
        text = f"the residuals stay within what the digits explain, but that is {much}: write more decimals, or exact numbers ({digits})"
        return [Finding(name, Status.UNDECIDED, text, worst.witness), unasked], unknown
    counts, apart = _numeric_counts(matrices, named, table)
    if apart > error or sum(m * d for m, d in zip(counts, table.degrees, strict=True)) != degree:
        text = f"the products agree within what the digits explain, and yet a multiplicity is {apart:.2g} from an integer, where {error:.2g} is explained ({digits})"
        return [Finding(name, Status.REFUTED, text, worst.witness), unasked], unknown
    text = f"all {len(matrices) ** 2} products agree within the digits written; worst: {worst.text}, {worst.ratio:.2g} of its bound ({digits})"
    first = Finding(name, Status.HOLDS, text, worst.witness)
    real = not matrices.imag.any()
    return [first, irreducibility(given.name, degree, counts, table, real)], Judged(given.name, degree, counts)


def _worst_pair(given: GivenRepresentation, named: NamedGroup) -> _Worst:
    """R(e) = 1 and R(g) R(h) = R(gh): if R = T + E with T a representation, E R + R
    E - E E - E(gh) and the rounding of a product is what may be left.
    """
    assert given.numeric is not None
    matrices, errors = given.numeric.matrices, given.numeric.errors
    degree = matrices.shape[1]
    norms = np.linalg.norm(matrices, axis=(1, 2))
    gamma = (2 * degree + 8) * np.finfo(float).eps
    unit = float(np.linalg.norm(matrices[0] - np.eye(degree)))
    worst, pair, explained, off = unit / max(errors[0] + gamma, np.finfo(float).tiny), None, errors[0] + gamma, unit
    widest = 0.0
    for g in range(len(matrices)):
        rows = named.group.multiply(g, np.arange(len(matrices)))
        residual = np.linalg.norm(matrices[g] @ matrices - matrices[rows], axis=(1, 2))
        bound = errors[g] * (norms + errors) + norms[g] * errors + errors[rows] + gamma * (norms[g] * norms + 1)
        ratio = np.nan_to_num(residual / bound, nan=0.0)
        h = int(ratio.argmax())
        widest = max(widest, float(bound.max()))
        if ratio[h] > worst:
            worst, pair, explained, off = float(ratio[h]), (g, h), float(bound[h]), float(residual[h])
    witness: dict[str, Any] = {"residual": off, "bound": float(explained), "accuracy": given.numeric.accuracy}
    if pair is None:
        e = named.label(0)
        return _Worst(f"R({e}) misses the unit matrix by {off:.2e}", {"g": e, **witness}, worst, widest)
    g, h = (named.label(k) for k in pair)
    return _Worst(f"R({g}) R({h}) misses R({g} * {h}) by {off:.2e}", {"g": g, "h": h, **witness}, worst, widest)


def _numeric_counts(matrices: np.ndarray, named: NamedGroup, table: CharacterTable) -> tuple[tuple[int, ...], float]:
    """The integers nearest to the multiplicities, and how far the farthest is."""
    traces = np.trace(matrices, axis1=1, axis2=2)
    found = []
    for row in table.values:
        values = np.array([to_complex(row[k]) for k in named.group.class_of])
        found.append(complex((traces * values.conj()).mean()))
    counts = tuple(round(x.real) for x in found)
    return counts, max(abs(x - m) for x, m in zip(found, counts, strict=True))
