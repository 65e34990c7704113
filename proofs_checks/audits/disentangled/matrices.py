"""Findings on matrices of each factor: homomorphisms, commuting factors, and the
equation between dimensions; exact entries are decided, decimals within their digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import torch

from numerics.representations.factor_means import FactorMeans, canonical_projectors
from proofs_checks.findings import Finding
from proofs_checks.inputs.factor_matrices import GivenFactor
from proofs_checks.kernel import Status
from proofs_checks.wording import count, number_text
from theory.arithmetic.matrices import ExactArray, hstack, stack
from theory.groups.factored_groups import FactoredGroup
from theory.representations.factor_subspaces import (
    FactorSubspaces,
    disentangled_dimension,
    entangled_constituents,
    fixed_vectors,
    mean_over,
    subspaces_of_means,
)
from theory.representations.matrices import Representation

NAMED = 600  # elements of the product up to which entangled constituents are named
WIDE = 0.25  # a bound on an integer says nothing beyond this


def exact_findings(factors: Sequence[GivenFactor], facts: dict[str, Any]) -> tuple[list[Finding], Any]:
    """Decisions over Q(zeta_n) or F_p, and the basis of the canonical subspaces."""
    own = [factor.exact for factor in factors if factor.exact is not None]
    found = [_homomorphism(r) for r in own]
    if any(finding.status is not Status.HOLDS for finding in found):
        return found, None
    found += [_commuting(a, b) for a, b in combinations(own, 2)]
    found += [_faithful(r) for r in own]
    if any(finding.status is Status.REFUTED for finding in found[len(own) : -len(own)]):
        return found, None
    p = own[0].field.characteristic
    if p and any(r.group.order % p == 0 for r in own):
        return [*found, _without_means(own, p)], None
    parts = subspaces_of_means([mean_over(r, range(r.group.order)) for r in own])
    facts["dimensions"] = _dimensions(
        [r.name for r in own], parts.dimensions[0], parts.dimensions[1:], parts.entangled_dimension
    )
    return [*found, _equation([r.name for r in own], parts, own)], parts.basis


def _homomorphism(r: Representation) -> Finding:
    name, defect = f"{r.name} homomorphism", r.defect()
    if defect is None:
        return Finding(
            name,
            Status.HOLDS,
            f"all {r.group.order**2} products of {r.degree} x {r.degree} matrices over {r.field} agree",
        )
    g, h = (r.group.names[x] for x in defect.pair)
    text = f"R({g}) R({h}) is not R({g} {h}), the first of {count(defect.failing, 'product')} that fail"
    return Finding(name, Status.REFUTED, text, {"g": g, "h": h})


def _commuting(a: Representation, b: Representation) -> Finding:
    name = f"{a.name} and {b.name} commute"
    for x in a.group.generators:
        for y in b.group.generators:
            if a.matrices[x] @ b.matrices[y] != b.matrices[y] @ a.matrices[x]:
                text = f"{a.name}({a.group.names[x]}) and {b.name}({b.group.names[y]}) do not: they are no factors of a direct product"
                return Finding(name, Status.REFUTED, text, {"first": a.group.names[x], "second": b.group.names[y]})
    return Finding(name, Status.HOLDS, "their generators do")


def _faithful(r: Representation) -> Finding:
    kernel = r.kernel
    name = f"{r.name} is encoded"
    if len(kernel) == 1:
        return Finding(name, Status.HOLDS, "no element but the identity acts trivially")
    if len(kernel) == r.group.order:
        return Finding(name, Status.REFUTED, "every element acts as the identity: nothing of this factor is encoded")
    return Finding(
        name,
        Status.REFUTED,
        f"{len(kernel)} of {r.group.order} elements act as the identity: the factor is encoded up to these",
        {"kernel": [r.group.names[x] for x in kernel[:12]]},
    )


def _without_means(own: Sequence[Representation], p: int) -> Finding:
    """Where no means exist only a necessary condition is left."""
    spaces = []
    for i in range(len(own)):
        generators = stack([other.matrices[x] for j, other in enumerate(own) if j != i for x in other.group.generators])
        unit = ExactArray.eye(own[0].degree, own[0].field)
        all_of_them = Representation(
            _listed(len(generators) + 1), stack([unit, *(generators[k] for k in range(len(generators)))])
        )
        spaces.append(fixed_vectors(all_of_them, range(1, len(generators) + 1)))
    rank, size = hstack(spaces).rank(), own[0].degree
    if rank < size:
        text = f"what the other factors leave alone spans {rank} of {size} dimensions, which it has to fill"
        return Finding("a subspace for each factor", Status.REFUTED, text, {"rank": rank})
    text = f"{p} divides the order of a factor, so that no means exist; what the other factors leave alone fills all {size} dimensions, which is necessary and not sufficient"
    return Finding("a subspace for each factor", Status.UNDECIDED, text)


def _listed(n: int) -> Any:
    from theory.groups.families import cyclic

    return cyclic(n)


def _dimensions(names: Sequence[str], fixed: int, moved: Sequence[int], entangled: int) -> dict[str, Any]:
    return {"fixed": fixed, "moved": dict(zip(names, moved, strict=True)), "entangled": entangled}


def _sentence(names: Sequence[str], fixed: int, moved: Sequence[int], entangled: int) -> str:
    each = ", ".join(f"{name} moves {count(size, 'dimension')}" for name, size in zip(names, moved, strict=True))
    return f"{fixed} fixed by all, {each}, {entangled} moved by two or more"


def _equation(names: Sequence[str], parts: FactorSubspaces, own: Sequence[Representation]) -> Finding:
    fixed, *moved = parts.dimensions
    total = sum(parts.dimensions)
    text = (
        f"{own[0].degree} = sum of Fix(G_-i) - (k - 1) Fix(G) = {total}"
        if not parts.entangled_dimension
        else f"sum of Fix(G_-i) - (k - 1) Fix(G) = {total} of {own[0].degree}"
    )
    text = f"{text}: {_sentence(names, fixed, moved, parts.entangled_dimension)}"
    if not parts.entangled_dimension:
        return Finding("a subspace for each factor", Status.HOLDS, text)
    return Finding(
        "a subspace for each factor", Status.REFUTED, text + _named(own), {"entangled": parts.entangled_dimension}
    )


def _named(own: Sequence[Representation]) -> str:
    """The entangled constituents by their characters, where the product is small."""
    if own[0].field.characteristic or math.prod(r.group.order for r in own) > NAMED:
        return ""
    product = FactoredGroup.of(*(r.group for r in own))
    matrices = own[0].matrices
    for r in own[1:]:
        d = r.degree
        matrices = (matrices[:, None] @ r.matrices[None]).reshape(len(matrices) * r.group.order, d, d)
    listed = entangled_constituents(Representation(product.group, matrices), product)
    return "; entangled are " + ", ".join(
        f"chi{c.row + 1} (dimension {c.degree}, {c.multiplicity} times, on {' and '.join(own[i].name for i in c.factors)})"
        for c in listed[:8]
    )


# -- decimals ------------------------------------------------------------------------------------------------------------


def decimal_findings(factors: Sequence[GivenFactor], facts: dict[str, Any]) -> tuple[list[Finding], Any]:
    """The same within what the digits explain; exact factors among them are
    evaluated."""
    read = [_numbers(factor) for factor in factors]
    found = [_products(factor, matrices, errors) for factor, (matrices, errors) in zip(factors, read, strict=True)]
    if any(finding.status is Status.REFUTED for finding in found):
        return found, None
    found += [
        _numeric_commuting(factors[i], factors[j], read[i], read[j]) for i, j in combinations(range(len(read)), 2)
    ]
    found += [_numeric_faithful(factor, *numbers) for factor, numbers in zip(factors, read, strict=True)]
    if any(finding.status is Status.REFUTED for finding in found[len(read) : -len(read)]):
        return found, None
    tensors = [torch.from_numpy(matrices) for matrices, _ in read]
    means = FactorMeans.of(tensors, max(float(errors.max()) for _, errors in read))
    value, bound = means.entangled_dimension()
    others, everything = means.fixed_by_others(), means.fixed_by_all()
    size, doubt = len(means.means[0]), float(sum(bound.terms.values()))
    name = "a subspace for each factor"
    if not doubt <= WIDE:
        lacking = math.ceil(math.log10(doubt / WIDE)) if math.isfinite(doubt) else None
        more = f"write {lacking} more decimals" if lacking is not None else "write exact numbers"
        text = f"the dimension of the entangled part is {number_text(value)}, known to {number_text(doubt)} only, and has to be an integer: {more}, or exact entries"
        return [*found, Finding(name, Status.UNDECIDED, text)], None
    fixed, entangled = round(everything[0]), round(value)
    if abs(value - entangled) > doubt:
        text = f"the dimension of the entangled part comes out as {number_text(value)}, {number_text(abs(value - entangled))} from an integer, where {number_text(doubt)} is explained"
        return [*found, Finding(name, Status.UNDECIDED, text)], None
    moved = [round(v) - fixed for v, _ in others]
    names = [factor.name for factor in factors]
    facts["dimensions"] = _dimensions(names, fixed, moved, entangled)
    total = disentangled_dimension([round(v) for v, _ in others], fixed)
    text = f"sum of Fix(G_-i) - (k - 1) Fix(G) = {total} of {size}, by means of traces known to {number_text(doubt)}: {_sentence(names, fixed, moved, entangled)}"
    status = Status.HOLDS if not entangled else Status.REFUTED
    basis = _numeric_basis(means, [fixed, *moved, entangled])
    return [*found, Finding(name, status, text, {"entangled": entangled} if entangled else None)], basis


def _numbers(factor: GivenFactor) -> tuple[np.ndarray, np.ndarray]:
    """All matrices and bounds on their errors."""
    if factor.decimals is not None and factor.errors is not None:
        return factor.decimals, factor.errors
    assert factor.exact is not None
    from proofs_checks.inputs.decimals import EPS, as_array

    d = factor.degree
    matrices = np.stack([as_array(factor.exact.matrices[x].tolist()) for x in range(factor.exact.group.order)])
    return matrices, np.full(len(matrices), 32 * EPS * d * max(1.0, float(np.abs(matrices).max())))


def _slack(first: np.ndarray, second: np.ndarray, e: float, f: float) -> float:
    """What errors of two matrices explain of their product, with rounding."""
    d, a, b = len(first), float(np.linalg.norm(first)), float(np.linalg.norm(second))
    return a * f + b * e + e * f + (2 * d + 8) * 2.0**-52 * a * b


def _products(factor: GivenFactor, matrices: np.ndarray, errors: np.ndarray) -> Finding:
    """R(g) R(x) = R(gx) for generators g and all x; by words that is every product."""
    group, names = factor.group.group, factor.group.group.names
    worst, at, off = 0.0, ("", ""), 0.0
    for g in group.generators:
        for x in range(group.order):
            gx = int(group.multiply(g, x))
            gap = float(np.linalg.norm(matrices[g] @ matrices[x] - matrices[gx]))
            explained = _slack(matrices[g], matrices[x], float(errors[g]), float(errors[x])) + float(errors[gx])
            if gap / explained > worst:
                worst, at, off = gap / explained, (names[g], names[x]), gap
    if not worst:
        return Finding(f"{factor.name} homomorphism", Status.HOLDS, "products agree to the last digit")
    text = (
        f"worst is R({at[0]}) R({at[1]}), off by {number_text(off)}, {number_text(worst)} times what the digits explain"
    )
    name = f"{factor.name} homomorphism"
    if worst <= 1:
        return Finding(name, Status.HOLDS, f"products agree within the digits; {text}")
    return Finding(name, Status.UNDECIDED if worst <= 10 else Status.REFUTED, text, {"g": at[0], "h": at[1]})


def _numeric_commuting(a: GivenFactor, b: GivenFactor, first: Any, second: Any) -> Finding:
    worst, at = 0.0, (0, 0)
    for x in a.group.group.generators:
        for y in b.group.group.generators:
            left, right = first[0][x], second[0][y]
            gap = float(np.linalg.norm(left @ right - right @ left)) / (
                2 * _slack(left, right, float(first[1][x]), float(second[1][y]))
            )
            if gap > worst:
                worst, at = gap, (x, y)
    if not worst:
        return Finding(f"{a.name} and {b.name} commute", Status.HOLDS, "their generators do, to the last digit")
    pair = f"{a.name}({a.group.group.names[at[0]]}) and {b.name}({b.group.group.names[at[1]]})"
    text = f"{pair} miss by {number_text(worst)} times what the digits explain"
    status = Status.HOLDS if worst <= 1 else Status.UNDECIDED if worst <= 10 else Status.REFUTED
    return Finding(f"{a.name} and {b.name} commute", status, text)


def _numeric_faithful(factor: GivenFactor, matrices: np.ndarray, errors: np.ndarray) -> Finding:
    gaps = np.linalg.norm(matrices - np.eye(matrices.shape[1]), axis=(1, 2))
    still = [x for x in range(1, len(gaps)) if gaps[x] <= errors[x] + 2.0**-50 * matrices.shape[1]]
    name = f"{factor.name} is encoded"
    if not still:
        return Finding(name, Status.HOLDS, "no element but the identity acts trivially")
    whole = "every element acts" if len(still) == len(gaps) - 1 else f"{len(still) + 1} of {len(gaps)} elements act"
    return Finding(name, Status.REFUTED, f"{whole} as the identity within the digits")


def _numeric_basis(means: FactorMeans, sizes: Sequence[int]) -> np.ndarray:
    """Orthonormal bases of the images of the projectors, side by side."""
    parts, rest = canonical_projectors(means)
    columns = [torch.linalg.svd(part)[0][:, :size] for part, size in zip((*parts, rest), sizes, strict=True)]
    return torch.cat(columns, 1).numpy()
