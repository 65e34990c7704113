"""Identities between blocks of matrices of any size, decided in the free algebra and
tried in matrices.

A statement about block matrices whose blocks are free noncommuting symbols holds for
blocks of every size over every field. It is decided by multiplying out
(:func:`holds_freely`), and tried with random blocks over a large prime field
(:func:`holds_in_matrices`), where a false one survives with probability below 1e-7 a
size (Schwartz and Zippel).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import sympy

from theory.arithmetic.matrices import ExactArray, PrimeField, hstack, vstack
from theory.proof.statements import Enumeration, Family

Blocks = list[list[Any]]
_PRIME = 2**29 - 3


@dataclass(frozen=True)
class BlockIdentity:
    """``left`` and ``right`` build 2 x 2 block matrices from a workbench that supplies
    symbols, inverses, units and zeros."""

    name: str
    left: Callable[[Any], Blocks]
    right: Callable[[Any], Blocks]

    def __str__(self) -> str:
        return self.name


class _Free:
    """Blocks are noncommuting SymPy symbols."""

    def symbol(self, name: str, rows: int, columns: int) -> sympy.Expr:
        return sympy.Symbol(name, commutative=False)

    def inverse(self, block: sympy.Expr) -> sympy.Expr:
        return block**-1

    def unit(self, index: int) -> sympy.Expr:
        return sympy.S.One

    def zero(self, rows: int, columns: int) -> sympy.Expr:
        return sympy.S.Zero

    def times(self, a: Any, b: Any) -> Any:
        return a * b

    def plus(self, a: Any, b: Any) -> Any:
        return a + b

    def minus(self, a: Any) -> Any:
        return -a

    def is_zero(self, a: Any) -> bool:
        return sympy.expand(a) == 0


class _Matrices:
    """Blocks are random matrices over F_p; the two kinds of rows have the given
    sizes."""

    def __init__(self, sizes: tuple[int, int], seed: int) -> None:
        self.sizes, self.field, self.random = sizes, PrimeField(_PRIME), Random(seed)
        self.known: dict[str, ExactArray] = {}

    def symbol(self, name: str, rows: int, columns: int) -> ExactArray:
        if name not in self.known:
            shape = (self.sizes[rows], self.sizes[columns], 1)
            entries = [self.random.randrange(_PRIME) for _ in range(shape[0] * shape[1])]
            self.known[name] = ExactArray(self.field, np.array(entries, dtype=np.int64).reshape(shape))
        return self.known[name]

    def inverse(self, block: ExactArray) -> ExactArray:
        return block.inverse()

    def unit(self, index: int) -> ExactArray:
        return ExactArray.eye(self.sizes[index], self.field)

    def zero(self, rows: int, columns: int) -> ExactArray:
        return ExactArray.zeros((self.sizes[rows], self.sizes[columns]), self.field)

    def times(self, a: ExactArray, b: ExactArray) -> ExactArray:
        return a @ b

    def plus(self, a: ExactArray, b: ExactArray) -> ExactArray:
        return a + b

    def minus(self, a: ExactArray) -> ExactArray:
        return -a

    def is_zero(self, a: ExactArray) -> bool:
        return a.is_zero


def _product(bench: Any, *factors: Blocks) -> Blocks:
    out = factors[0]
    for right in factors[1:]:
        out = [
            [bench.plus(bench.times(out[i][0], right[0][j]), bench.times(out[i][1], right[1][j])) for j in range(2)]
            for i in range(2)
        ]
    return out


def _unit(bench: Any) -> Blocks:
    return [[bench.unit(0), bench.zero(0, 1)], [bench.zero(1, 0), bench.unit(1)]]


def _moving(bench: Any, name: str) -> Blocks:
    """R(g) when W, the first kind of rows, is invariant: [[A, B], [0, C]]."""
    return [
        [bench.symbol(f"A_{name}", 0, 0), bench.symbol(f"B_{name}", 0, 1)],
        [bench.zero(1, 0), bench.symbol(f"C_{name}", 1, 1)],
    ]


def _back(bench: Any, name: str) -> Blocks:
    """Its inverse: [[A^-1, -A^-1 B C^-1], [0, C^-1]]."""
    (a, b), (_, c) = _moving(bench, name)
    ai, ci = bench.inverse(a), bench.inverse(c)
    return [[ai, bench.minus(bench.times(bench.times(ai, b), ci))], [bench.zero(1, 0), ci]]


def _projector(bench: Any, name: str = "X") -> Blocks:
    """Any projector onto W: [[1, X], [0, 0]]."""
    return [[bench.unit(0), bench.symbol(name, 0, 1)], [bench.zero(1, 0), bench.zero(1, 1)]]


def _conjugate(bench: Any, *names: str) -> Blocks:
    """R pi R^-1 for R the product of the named elements."""
    forth = [_moving(bench, name) for name in names]
    back = [_back(bench, name) for name in reversed(names)]
    return _product(bench, *forth, _projector(bench), *back)


def _shifted(bench: Any) -> Blocks:
    """[[1, A X C^-1 - B C^-1], [0, 0]]."""
    (a, b), (_, c) = _moving(bench, "g")
    ci = bench.inverse(c)
    corner = bench.times(bench.plus(bench.times(a, bench.symbol("X", 0, 1)), bench.minus(b)), ci)
    return [[bench.unit(0), corner], [bench.zero(1, 0), bench.zero(1, 1)]]


BLOCK_IDENTITIES = (
    BlockIdentity("R(g)^-1 leaves W invariant", lambda k: _product(k, _moving(k, "g"), _back(k, "g")), _unit),
    BlockIdentity("R(g) pi R(g)^-1 is a projector onto W", lambda k: _conjugate(k, "g"), _shifted),
    BlockIdentity(
        "R(h) carries the term of g to the term of hg",
        lambda k: _product(k, _moving(k, "h"), _conjugate(k, "g")),
        lambda k: _product(k, _conjugate(k, "h", "g"), _moving(k, "h")),
    ),
    BlockIdentity("the term of g fixes W", lambda k: _product(k, _conjugate(k, "g"), _projector(k)), _projector),
    BlockIdentity(
        "the term of g ends in W",
        lambda k: _product(k, _projector(k), _conjugate(k, "g")),
        lambda k: _conjugate(k, "g"),
    ),
    BlockIdentity(
        "a projector onto W fixes what another one ends in",
        lambda k: _product(k, _projector(k, "X"), _projector(k, "Y")),
        lambda k: _projector(k, "Y"),
    ),
)


def block_identities(identities: Sequence[BlockIdentity], size: int, name: str) -> Enumeration:
    """Every identity multiplied out in the free algebra, and tried in matrices over a
    large prime field.

    Args:
        identities: What is claimed. size: How many there should be.
    """
    family = Family("identities between blocks of every size", lambda: iter(identities), size)
    return Enumeration(name, family, holds_freely, holds_in_matrices)


def holds_freely(identity: BlockIdentity) -> bool:
    """Multiply out with noncommuting symbols; every block of the difference has to
    vanish."""
    return _vanishes(identity, _Free())


def holds_in_matrices(identity: BlockIdentity) -> bool:
    """The same with random blocks of sizes (1, 1), (2, 3) and (3, 2) over F_p."""
    return all(_vanishes(identity, _Matrices(sizes, seed)) for seed, sizes in enumerate([(1, 1), (2, 3), (3, 2)]))


def _vanishes(identity: BlockIdentity, bench: Any) -> bool:
    left, right = identity.left(bench), identity.right(bench)
    return all(bench.is_zero(bench.plus(left[i][j], bench.minus(right[i][j]))) for i in range(2) for j in range(2))


def assemble(blocks: list[list[ExactArray]]) -> ExactArray:
    """One matrix from 2 x 2 blocks."""
    return vstack([hstack(row) for row in blocks])
