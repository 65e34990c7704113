"""What a theorem comes to, as inert data: equations, signs, inductions, enumerations.
Whether they hold is the kernel's to say.

Theory returns these; nothing here decides. An :class:`Induction` is *one* claim about
recursively defined objects: the kernel itself forms its small cases and its step, so
that base, step and claim cannot speak of different things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Equation:
    """Two SymPy expressions or matrices, claimed equal for every value of their symbols
    under the relations ``assuming``.

    Give each side its own definition, unevaluated where SymPy would collapse it (a
    ``Determinant``, a ``Derivative`` of an ``Integral``, a ``Sum``): sides that are one
    expression already are counted as equal by construction, and prove nothing.
    """

    name: str
    left: Any
    right: Any = 0
    assuming: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Sign:
    """An expression claimed ``>= 0``, ``> 0`` or ``!= 0`` for all values of its
    symbols.

    Either a polynomial in nonnegative symbols whose coefficients have one sign, or a
    sum of squares: ``squares`` lists pairs (weight, root) with ``expression = sum of
    weight * root**2`` and weights that are such polynomials.
    """

    name: str
    expression: Any
    relation: str = ">= 0"
    squares: tuple[tuple[Any, Any], ...] = ()


@dataclass(frozen=True)
class Recursion:
    """An object F(n), defined twice.

    Args:
        of: The undefined function applied to the variable of the induction first,
            ``F(n)`` or ``F(n, x)``.
        first: Its values at ``start``, ``start + 1``, ..: one for each earlier value
            that ``then`` uses.
        then: F(n + 1) in terms of n, F(n), and of F(n - 1) if there are two first
            values; it may mention other objects.
        explicit: From a number k >= start to the same object by its definition: a sum
            written out, a determinant, an integral.
    """

    of: Any
    first: tuple[Any, ...]
    then: Any
    explicit: Callable[[int], Any]


@dataclass(frozen=True)
class Induction:
    """``claim`` for every ``variable >= start``.

    Args:
        claim: Equations in the variable; the left side of each is an object F(n), the
            right side is free of such objects.
        objects: What the claim speaks of, each with its recursion and its explicit
            definition.
        assuming: Relations under which all this is claimed.
        small: At how many values from ``start`` on claim, recursion and explicit
            definition are compared.
    """

    name: str
    variable: Any
    claim: tuple[Equation, ...]
    objects: tuple[Recursion, ...]
    start: int = 1
    assuming: tuple[Any, ...] = ()
    small: int = 3


@dataclass(frozen=True)
class Family:
    """A finite family with its size by a formula that does not enumerate it.

    Args:
        description: What the members are and how far they go, made from the arguments
            of whoever lists them.
        members: Makes an iterator over the members; a member is listed once.
        size: How many there are, by the formula.
    """

    description: str
    members: Callable[[], Iterable[Any]]
    size: int

    def __iter__(self) -> Any:
        return iter(self.members())

    def __len__(self) -> int:
        return self.size


@dataclass(frozen=True)
class Enumeration:
    """A finite family every member of which satisfies ``holds``; ``second`` decides the
    same by an algorithm that shares nothing with it."""

    name: str
    of: Family
    holds: Callable[[Any], bool]
    second: Callable[[Any], bool]


Statement = Equation | Sign | Enumeration | Induction
