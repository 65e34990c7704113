"""A finite group as permutations of its own elements: words, classes, chains of
subgroups, and how to find it in matrices.

Everything that a mean over the group needs is combinatorial: the left multiplications
by the generators, numbered so that the identity is 0 and longer words come later. A
chain 1 < H1 < H2 < ... < G with few cosets at each step turns a mean over |G| elements
into means over
transversals: 10 conjugations instead of 119 for S5. Indices live on the CPU; matrices
    stay where they are.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from numerics.streams import Stream

FUNCTIONALS = 6  # random coordinates by which points of an orbit are told apart


class NoGroupFound(ValueError):
    """The matrices generate more elements than allowed, or elements that cannot be told
    apart at this precision."""


@dataclass(frozen=True, eq=False)
class RegularAction:
    """A finite group acting on itself from the left.

    Attributes:
        images: int64, shape ``(k, n)``: generator j times element x is ``images[j,
            x]``. Element 0 is the identity.
        parent: Shape ``(n,)``: element x is generator ``letter[x]`` times
            ``parent[x]``, a shorter word.
        letter: Shape ``(n,)``; 0 for the identity, where it means nothing.
        depth: Shape ``(n,)``: the length of that word.
        labels: Shape ``(n,)``: the caller's number of each element.

    >>> RegularAction.from_images(np.array([[1, 2, 0]])).order
    3
    """

    images: np.ndarray
    parent: np.ndarray
    letter: np.ndarray
    depth: np.ndarray
    labels: np.ndarray

    @classmethod
    def from_images(cls, images: np.ndarray) -> RegularAction:
        """From left multiplications numbered in any order, the identity 0.

        Raises:
            ValueError: a row is no permutation of the elements, or the generators do
                not reach every element from the identity.
        """
        images = np.asarray(images, dtype=np.int64)
        n = images.shape[1]
        if not (np.sort(images, axis=1) == np.arange(n)).all():
            raise ValueError(
                f"Expected rows that are permutations of 0..{n - 1}: multiplying by an element of a group never makes two elements one."
            )
        parent, letter, depth = (np.full(n, -1, dtype=np.int64) for _ in range(3))
        parent[0], letter[0], depth[0] = 0, 0, 0
        order, level = [np.array([0])], np.array([0])
        while len(level):
            reached, source = np.unique(images[:, level].ravel(), return_index=True)
            fresh = depth[reached] < 0
            new, source = reached[fresh], source[fresh]
            parent[new], letter[new], depth[new] = level[source % len(level)], source // len(level), depth[level[0]] + 1
            order.append(new)
            level = new
        labels = np.concatenate(order)
        if len(labels) < n:
            raise ValueError(
                f"Expected generators of all {n} elements, got generators of {len(labels)}. Add the missing ones."
            )
        place = np.empty(n, dtype=np.int64)
        place[labels] = np.arange(n)
        return cls(place[images[:, labels]], place[parent[labels]], letter[labels], depth[labels], labels)

    @classmethod
    def from_table(cls, table: Tensor | np.ndarray) -> tuple[RegularAction, list[int]]:
        """From a multiplication table (row a, column b holds a b), and the rows chosen
        as generators, greedily.

        Args:
            table: int64, shape ``(n, n)``.

        >>> action, rows = RegularAction.from_table(np.array([[0, 1], [1, 0]]))
        >>> action.order, rows
        (2, [1])
        """
        rows = np.asarray(torch.as_tensor(table).cpu(), dtype=np.int64)
        everything = np.arange(len(rows))
        identity = int(np.flatnonzero((rows == everything).all(1))[0])
        swap = everything.copy()
        swap[[0, identity]] = identity, 0
        rows = swap[rows[np.ix_(swap, swap)]]
        chosen: list[int] = []
        inside = everything == 0
        while not inside.all():
            chosen.append(int(np.flatnonzero(~inside)[0]))
            inside = _component([rows[g] for g in chosen], len(rows))
        found = cls.from_images(rows[chosen or [0]])
        return cls(found.images, found.parent, found.letter, found.depth, swap[found.labels]), [
            int(swap[g]) for g in chosen or [0]
        ]

    @property
    def order(self) -> int:
        """The number of elements."""
        return self.images.shape[1]

    @property
    def mean_depth(self) -> float:
        """The mean length of the words that name the elements."""
        return float(self.depth.mean())

    def right(self, h: int) -> np.ndarray:
        """x -> x h, shape ``(n,)``."""
        out = np.empty(self.order, dtype=np.int64)
        out[0] = h
        for level in self._levels:
            out[level] = self.images[self.letter[level], out[self.parent[level]]]
        return out

    @cached_property
    def _levels(self) -> list[np.ndarray]:
        return [np.flatnonzero(self.depth == d) for d in range(1, int(self.depth.max()) + 1)]

    @cached_property
    def generators(self) -> np.ndarray:
        """The generators as elements."""
        return self.images[:, 0]

    @cached_property
    def inverses(self) -> np.ndarray:
        """Shape ``(n,)``: (g p)^-1 = p^-1 g^-1, so the inverse of a word ends in the
        inverse of its first letter."""
        back = []
        for j in range(len(self.images)):
            g_inverse = int(np.flatnonzero(self.images[j] == 0)[0])
            back.append(self.right(g_inverse))
        out = np.zeros(self.order, dtype=np.int64)
        for level in self._levels:
            for j in range(len(self.images)):
                of = level[self.letter[level] == j]
                out[of] = back[j][out[self.parent[of]]]
        return out

    @cached_property
    def class_of(self) -> np.ndarray:
        """Conjugacy classes, numbered by their first elements, shape ``(n,)``."""
        edges = []
        for j in range(len(self.images)):
            g_inverse = int(np.flatnonzero(self.images[j] == 0)[0])
            edges.append(self.images[j][self.right(g_inverse)])  # x -> g x g^-1
        labels = _labels(edges, self.order)
        _, first, back = np.unique(labels, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[back]

    @cached_property
    def representatives(self) -> np.ndarray:
        """The first element of each class (a shortest word)."""
        return np.unique(self.class_of, return_index=True)[1]

    @cached_property
    def class_sizes(self) -> np.ndarray:
        """Elements in each class."""
        return np.bincount(self.class_of)

    def square(self, x: int) -> int:
        """x^2: the word of x applied to x."""
        out, letters = x, []
        while self.depth[x]:
            letters.append(int(self.letter[x]))
            x = int(self.parent[x])
        for j in reversed(letters):
            out = int(self.images[j, out])
        return out

    @cached_property
    def square_classes(self) -> np.ndarray:
        """The class of the squares of each class."""
        return np.array([self.class_of[self.square(int(x))] for x in self.representatives])

    @cached_property
    def chain(self) -> list[list[int]]:
        """Transversals T1, T2, ... with G = ... T2 T1, each element once; the identity,
        a member of each, is left out.

        Greedy: at every step the element, of a bounded list, that enlarges the subgroup
            least.
        """
        candidates, rights = self._candidates(), {}
        inside = np.arange(self.order) == 0
        chosen: list[np.ndarray] = []
        stages: list[list[int]] = []
        while not inside.all():
            best: tuple[int, np.ndarray, np.ndarray] | None = None
            for h in (c for c in candidates if not inside[c]):
                if h not in rights:
                    rights[h] = self.right(h)
                larger = _component([*chosen, rights[h]], self.order)
                if best is None or larger.sum() < best[0]:
                    best = int(larger.sum()), larger, rights[h]
                if best[0] == 2 * inside.sum():
                    break
            assert best is not None
            cosets = _labels(chosen, self.order)
            members = np.flatnonzero(best[1])
            firsts = members[np.unique(cosets[members], return_index=True)[1]]
            stages.append([int(x) for x in np.sort(firsts) if x])
            inside, chosen = best[1], [*chosen, best[2]]
        return stages

    def _candidates(self) -> list[int]:
        """Short words, the powers of them that have prime order, and the generators."""
        count = int(min(self.order - 1, max(6, 300_000 // max(self.order, 1)), 48))
        found: dict[int, None] = {}
        for h in range(1, count + 1):
            step = self.right(h)
            powers = [h]
            while powers[-1]:
                powers.append(int(step[powers[-1]]))
            for p in _prime_factors(len(powers)):
                found[powers[len(powers) // p - 1]] = None
        return [*found, *range(1, count + 1), *(int(g) for g in self.generators if g)]


def discover(generators: Tensor, stream: Stream, *, limit: int = 20_000, accuracy: float = 0.0) -> RegularAction:
    """The group that matrices generate, from the orbit of one random vector.

    A vector in general position is moved by every matrix other than the unit, so that
    its orbit is the group acting on itself. Points are told apart by a few random
    coordinates: closer than ``near`` they are one, farther than ``far`` two; in between
    nobody can say. A decomposition that builds on the answer checks it again, on its
    small blocks, along every edge.

    Args:
        generators: Shape ``(k, d, d)``, invertible.
        stream: Source of the vector.
        limit: Largest number of elements.
        accuracy: How far the matrices may be from an exact representation, relative to
            their size.
    Raises:
        NoGroupFound: more than ``limit`` elements, overflow, or points at doubtful
            distances.

    >>> discover(torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]).double(), Stream(1)).order  # a quarter turn
    4
    """
    d, eps = generators.shape[-1], torch.finfo(generators.dtype).eps
    near, far = max(eps**0.6, 100 * accuracy), max(eps**0.3, 1e4 * accuracy)
    points = _random(stream, generators, 1, d)
    read = _random(stream, generators, d, FUNCTIONALS) / d**0.5
    start = _keys(points @ read)
    scale = float(np.linalg.norm(start))
    known = _Known(near * scale, far * scale)
    known.add(start[0])
    images: list[np.ndarray] = []
    level = points
    while len(level):
        moved = (level @ generators.mT).reshape(-1, d)  # (k, m, d)
        keys = _keys(moved @ read)
        if not np.isfinite(keys).all():
            raise NoGroupFound("Products of the generators overflow: they generate no finite group.")
        found = [known.add(key) for key in keys]
        images.append(np.array([number for number, _ in found]).reshape(len(generators), -1))
        if len(known.points) > limit:
            raise NoGroupFound(
                f"The generators have more than {limit} products; pass a larger limit=, or expect random products in place of means over the group."
            )
        level = moved[
            torch.tensor([k for k, (_, new) in enumerate(found) if new], dtype=torch.int64, device=moved.device)
        ]
    whole = np.concatenate(images, axis=1)
    if not (np.sort(whole, axis=1) == np.arange(whole.shape[1])).all():
        raise NoGroupFound(
            "Some generator makes two points of the orbit one: it is singular, or the precision does not tell the points apart."
        )
    return RegularAction.from_images(whole)


class _Known:
    """Points told apart by their distances; sorted by one coordinate, so that few have
    to be looked at."""

    def __init__(self, near: float, far: float) -> None:
        self.near, self.far = near, far
        self.first: list[float] = []
        self.numbers: list[int] = []
        self.points: list[np.ndarray] = []

    def add(self, point: np.ndarray) -> tuple[int, bool]:
        """The number of the point, and whether it is new."""
        x = float(point[0])
        begin, end = bisect_left(self.first, x - self.far), bisect_right(self.first, x + self.far)
        for number in self.numbers[begin:end]:
            distance = math.dist(self.points[number], point)
            if distance <= self.near:
                return number, False
            if distance <= self.far:
                raise NoGroupFound(
                    f"Some products of the generators differ by less than {self.far:.1e} and more than {self.near:.1e}: at this precision nobody can tell whether they are one element."
                )
        at = bisect_left(self.first, x)
        self.first.insert(at, x)
        self.numbers.insert(at, len(self.points))
        self.points.append(point)
        return len(self.points) - 1, True


def _random(stream: Stream, like: Tensor, *shape: int) -> Tensor:
    real = stream.normal(*shape)
    return (torch.complex(real, stream.normal(*shape)) if like.is_complex() else real).to(like)


def _keys(values: Tensor) -> np.ndarray:
    flat = torch.view_as_real(values).flatten(1) if values.is_complex() else values
    return flat.to(torch.float64).cpu().numpy()


def _labels_of_pairs(pairs: np.ndarray, n: int) -> np.ndarray:
    ones = np.ones(len(pairs), dtype=np.int8)
    return connected_components(coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n, n)), directed=False)[1]


def _labels(moves: list[np.ndarray], n: int) -> np.ndarray:
    """Components of the points under the moves x -> move[x]."""
    if not moves:
        return np.arange(n)
    sources = np.tile(np.arange(n), len(moves))
    return _labels_of_pairs(np.stack([sources, np.concatenate(moves)], axis=1), n)


def _component(moves: list[np.ndarray], n: int) -> np.ndarray:
    labels = _labels(moves, n)
    return labels == labels[0]


def _prime_factors(n: int) -> list[int]:
    found, p = [], 2
    while n > 1:
        if n % p == 0:
            found.append(p)
            while n % p == 0:
                n //= p
        p += 1
    return found
