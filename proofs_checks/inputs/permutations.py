"""Permutations as GAP, Sage, SymPy and books write them, as 0-based images: lists of
images, cycles as text or as lists, two rows, SymPy's objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from proofs_checks.errors import InputError
from proofs_checks.wording import short

MAX_POINT = 20_000
_FORMS = 'images such as [1, 2, 0], cycles such as "(1,2,3)(4,5)" or [[1, 2, 3], [4, 5]]'
_CYCLE = re.compile(r"\(([^()]*)\)")
_WRAPPED = re.compile(r"\s*(?:Permutation|Cycle|PermutationGroupElement)\s*(?P<inner>[(\[].*[)\]])\s*", re.DOTALL)


@dataclass(frozen=True)
class Written:
    """One permutation as it was written, points not yet counted from 0: images in
    order, or disjoint cycles."""

    images: tuple[int, ...] | None
    cycles: tuple[tuple[int, ...], ...] = ()
    from_zero: bool = False  # an object that counts from 0 whatever its points are

    @property
    def points(self) -> Iterable[int]:
        """The points that it names."""
        return self.images if self.images is not None else (x for cycle in self.cycles for x in cycle)


def is_permutation(value: Any) -> bool:
    """Whether something can only be meant as a permutation: cycle notation, or an
    object of SymPy's."""
    return hasattr(value, "array_form") or (isinstance(value, str) and value.strip().startswith(("(", "Permutation(")))


def read_permutations(given: Mapping[str, Any] | Sequence[Any] | str, place: str) -> tuple[dict[str, list[int]], str]:
    """Permutations of one set by name, as 0-based images; and where their points count
    from.

    Points count from 0 where some permutation names 0, and from 1 elsewhere. Cycles
    leave points that they do not name where they are.

    Raises:
        InputError: naming the permutation, what was expected there, and what came.
    """
    if isinstance(given, str):
        given = _split(given)
    if not isinstance(given, (Mapping, list, tuple)):
        raise InputError(f"Expected permutations by name in {place}, such as {{'a': '(1,2,3)'}}, got {short(given)}.")
    named = given if isinstance(given, Mapping) else {f"g{k}": one for k, one in enumerate(given)}
    if not named:
        raise InputError(f"Expected at least one permutation in {place}, got none.")
    written = {str(name): _read(one, f"{place}.{name}") for name, one in named.items()}
    counted = [one for one in written.values() if not one.from_zero]
    zero = any(0 in one.points for one in counted) or not any(True for one in counted for _ in one.points)
    first = 0 if zero else 1
    top = max((x + 1 - (0 if one.from_zero else first) for one in written.values() for x in one.points), default=1)
    degree = max([top, *(len(one.images) for one in written.values() if one.images is not None)])
    images = {
        name: _images(one, 0 if one.from_zero else first, degree, f"{place}.{name}") for name, one in written.items()
    }
    return images, "" if not counted else f"points count from {first}"


def _split(text: str) -> list[str]:
    """The permutations of a text such as ``Group([ (1,2,3), (1,2) ])``."""
    inner = re.sub(r"^\s*(Symmetric|Permutation)?Group\s*\(", "", text)
    inner = inner.strip().removesuffix(")") if inner != text else inner
    inner = inner.strip().removeprefix("[").removesuffix("]")
    parts, depth = [""], 0
    for sign in inner:
        depth += (sign in "([") - (sign in ")]")
        if sign in ",;" and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def _read(one: Any, place: str) -> Written:
    if (form := getattr(one, "array_form", None)) is not None:
        images = form if isinstance(form, (list, tuple)) else form()
        return Written(tuple(int(x) for x in images), from_zero=True)
    if isinstance(one, str):
        return _from_text(one, place)
    if hasattr(one, "tolist"):
        one = one.tolist()
    if not isinstance(one, (list, tuple)):
        raise InputError(f"Expected a permutation in {place}: {_FORMS}; got {short(one)}.")
    if one and all(isinstance(part, (list, tuple)) for part in one):
        rows = tuple(tuple(_point(x, f"{place}[{k}]") for x in part) for k, part in enumerate(one))
        if len(rows) == 2 and len(set(rows[0])) == len(rows[0]) > 1 and sorted(rows[0]) == sorted(rows[1]):
            return Written(tuple(rows[1][k] for k in np.argsort(rows[0])))  # two rows: points above their images
        return _disjoint(rows, place)
    return Written(tuple(_point(x, f"{place}[{k}]") for k, x in enumerate(one)))


def _from_text(text: str, place: str) -> Written:
    wrapped = _WRAPPED.fullmatch(text)
    inner = (wrapped["inner"] if wrapped else text).strip()
    if inner.startswith("(["):
        inner = inner[1:-1].strip()
    if inner.startswith("["):
        return Written(tuple(_point(x, place) for x in re.split(r"[,\s]+", inner.strip("[] "))))
    if not inner or _CYCLE.sub("", inner).strip(" *"):
        raise InputError(f"Expected a permutation in {place}: {_FORMS}; got {short(text)}.")
    parts = [part.strip() for part in _CYCLE.findall(inner)]
    runs = [part for part in parts if part.isdigit() and len(part) > 1]
    if runs and all(part.isdigit() for part in parts if part):
        cycles = tuple(tuple(int(x) for x in part) for part in parts)  # (123)(45): one digit a point
    elif runs:
        raise InputError(
            f"In {place}: is ({runs[0]}) the point {runs[0]} alone, or a cycle of {', '.join(runs[0])}? Put commas between points: ({','.join(runs[0])})."
        )
    else:
        cycles = tuple(tuple(_point(x, place) for x in re.split(r"[,\s]+", part) if x) for part in parts)
    return _disjoint(cycles, place)


def _point(value: Any, place: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise InputError(
            f"Expected a whole number in {place}, got {short(value)}. A permutation is written as {_FORMS}."
        )
    if value > MAX_POINT:
        raise InputError(f"Expected points up to {MAX_POINT} in {place}, got {short(int(value))}. Number them from 1.")
    return int(value)


def _disjoint(cycles: Sequence[tuple[int, ...]], place: str) -> Written:
    named = [x for cycle in cycles for x in cycle]
    if len(set(named)) < len(named):
        twice = next(x for k, x in enumerate(named) if x in named[:k])
        raise InputError(
            f"In {place}: {twice} stands twice, and books differ on which of two cycles acts first. Give disjoint cycles, or each cycle as a generator of its own."
        )
    return Written(None, tuple(cycle for cycle in cycles if cycle))


def _images(one: Written, first: int, degree: int, place: str) -> list[int]:
    if one.images is None:
        images = list(range(degree))
        for cycle in one.cycles:
            for x, y in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
                images[x - first] = y - first
        return images
    images = [x - first for x in one.images]
    if sorted(images) != list(range(len(images))):
        last = len(images) - 1 + first
        hint = (
            f' Is it a cycle? Then write "({",".join(map(str, one.images[:8]))})".'
            if len(set(images)) == len(images)
            else ""
        )
        raise InputError(
            f"{place} is no permutation of {first}..{last} given by its images: {short(list(one.images))} (image k is where point k goes).{hint}"
        )
    return images + list(range(len(images), degree))
