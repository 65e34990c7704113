"""Matrices that follow a group's products up to factors: a projective representation,
and the group that they represent linearly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from proofs_checks.inputs.named_groups import NamedGroup
from theory.arithmetic.cyclotomic import Cyclotomic
from theory.arithmetic.matrices import ExactArray
from theory.groups import FiniteGroup, GroupTooLarge
from theory.groups.families import describe
from theory.representations import Representation

COVER = 512  # elements up to which the group of the matrices is named
MANY = 6  # factors that are listed


def exact_factors(representation: Representation) -> list[list[Cyclotomic]] | None:
    """c(g, h) with R(g) R(h) = c R(gh) for each generator g and every h; None where
    some product is no multiple.

    Generators decide: R(g g') R(h) is a multiple of R(g) R(g' h), and so of R(g g' h).
    """
    matrices, group = representation.matrices, representation.group
    n, d = group.order, representation.degree
    if representation.field.characteristic or not matrices.nonzero().any(axis=(1, 2)).all():
        return None
    found = []
    for g in group.generators:
        there = matrices[group.multiply(g, np.arange(n))].reshape(n, d * d)
        product = (matrices[g][None] @ matrices).reshape(n, d * d)
        pivots = there.nonzero().argmax(axis=1)
        scale, factor = there[np.arange(n), pivots], product[np.arange(n), pivots]
        if (
            product.entrywise(scale.reshape(n, 1)) != there.entrywise(factor.reshape(n, 1))
            or not factor.nonzero().all()
        ):
            return None
        found.append([_quotient(factor, scale, k) for k in range(n)])
    return found


def _quotient(a: ExactArray, b: ExactArray, k: int) -> Cyclotomic:
    top, bottom = a.entry(k), b.entry(k)
    assert isinstance(top, Cyclotomic)
    assert isinstance(bottom, Cyclotomic)
    return (top / bottom).in_least_field


def exact_words(representation: Representation, named: NamedGroup) -> tuple[str, dict[str, Any]]:
    """What to add where the products of exact matrices fail: that they agree up to
    factors; empty where they do not."""
    factors = exact_factors(representation)
    if factors is None:
        return "", {}
    values = list(dict.fromkeys(c for row in factors for c in row))
    pair = _commuting(representation, factors)
    shown = [str(c) for c in values[:MANY]]
    signs = set(values) <= {Cyclotomic.rational(1), Cyclotomic.rational(-1)}
    text = f". Every product agrees up to {'sign' if signs else 'a factor'} ({', '.join(shown)}{', ...' if len(values) > MANY else ''}): a projective representation of this group, not a linear one"
    witness: dict[str, Any] = {"factors": shown}
    if pair is None:
        return f"{text}. Perhaps other multiples of the matrices are linear", witness
    g, h, c = named.label(pair[0]), named.label(pair[1]), pair[2]
    text += (
        f". {g} and {h} commute and R({g}) R({h}) = {c} R({h}) R({g}), so that no multiples of the matrices are linear"
    )
    return text + _cover(representation), {**witness, "commuting": [g, h], "by": str(c)}


def _commuting(
    representation: Representation, factors: Sequence[Sequence[Cyclotomic]]
) -> tuple[int, int, Cyclotomic] | None:
    """Two elements that commute while their matrices do not, g among the generators,
    and the factor between the products."""
    group, matrices = representation.group, representation.matrices
    for g, row in zip(group.generators, factors, strict=True):
        for h in range(group.order):
            if group.multiply(g, h) != group.multiply(h, g):
                continue
            other = matrices[h] @ matrices[g]
            there = matrices[int(group.multiply(g, h))]
            at = tuple(int(k) for k in np.argwhere(there.nonzero())[0])
            back, scale = other.entry(*at), there.entry(*at)
            assert isinstance(back, Cyclotomic)
            assert isinstance(scale, Cyclotomic)
            factor = (row[h] * scale / back).in_least_field
            if factor != 1:
                return g, h, factor
    return None


def _cover(representation: Representation) -> str:
    """The group that the matrices generate, which they represent linearly."""
    try:
        group, _ = FiniteGroup.from_matrices(
            [representation.matrices[g] for g in representation.group.generators], limit=COVER
        )
    except (GroupTooLarge, ZeroDivisionError):
        return "; a central extension of it is what they represent linearly"
    times = "double cover" if group.order == 2 * representation.group.order else "central extension"
    return (
        f"; they represent linearly the group that they generate, {describe(group)} of order {group.order}, a {times}"
    )


def numeric_words(matrices: np.ndarray, errors: np.ndarray, named: NamedGroup) -> str:
    """The same for decimals: whether every product of a generator is a multiple within
    what the digits explain.

    With P = R(g) R(h) and B = R(gh), c = <B, P> / <B, B> leaves the least |P - c B|_F,
    so that the bound for the true factor holds for it.
    """
    n, d = len(matrices), matrices.shape[1]
    norms, gamma = np.linalg.norm(matrices, axis=(1, 2)), (2 * d + 8) * np.finfo(float).eps
    found: list[complex] = []
    for g in named.group.generators:
        rows = named.group.multiply(g, np.arange(n))
        product, there = matrices[g] @ matrices, matrices[rows]
        factor = (there.conj() * product).sum(axis=(1, 2)) / norms[rows] ** 2
        size = np.abs(factor)
        residual = np.linalg.norm(product - factor[:, None, None] * there, axis=(1, 2))
        bound = (
            errors[g] * (norms + errors)
            + norms[g] * errors
            + size * errors[rows]
            + gamma * (norms[g] * norms + size * norms[rows])
        )
        if not (residual <= bound).all() or not (size * norms[rows] > 2 * bound).all():
            return ""
        found += factor.tolist()
    signs = all(min(abs(c - 1), abs(c + 1)) < 0.5 for c in found)
    return f". Every product agrees up to {'sign' if signs else 'a factor'}: a projective representation of this group, not a linear one"


def opposite_order(matrices: np.ndarray, errors: np.ndarray, named: NamedGroup) -> str:
    """Whether decimals follow the products in the opposite order, within what their
    digits explain."""
    n, d = len(matrices), matrices.shape[1]
    norms, gamma = np.linalg.norm(matrices, axis=(1, 2)), (2 * d + 8) * np.finfo(float).eps
    for g in named.group.generators:
        rows = named.group.multiply(g, np.arange(n))
        residual = np.linalg.norm(matrices @ matrices[g] - matrices[rows], axis=(1, 2))
        bound = errors[g] * (norms + errors) + norms[g] * errors + errors[rows] + gamma * (norms[g] * norms + 1)
        if not (residual <= bound).all():
            return ""
    return ". R(h) R(g) = R(gh) throughout: the products were read in the opposite order, or the matrices or the table are transposed"
