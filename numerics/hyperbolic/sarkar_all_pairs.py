r"""Distortion and mean average precision of Sarkar's embedding over all pairs of
vertices, at any radius, without coordinates.

Pairs are visited once, at their lowest common ancestor, in rectangles of at most
``tile`` pairs: a subtree is a slice in depth-first order, so a rectangle is an outer
operation on two slices, on any device. Memory is some tens of tiles and a few numbers a
vertex.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import NamedTuple

import torch
from torch import Tensor

from numerics.blocks import Over
from numerics.hyperbolic.neighbour_ranks import NeighbourRanks
from numerics.hyperbolic.sarkar_fidelity import Enclosure
from numerics.hyperbolic.tree_frames import EPS, Frames, PlantedTree, frames

__all__ = ["AllPairs", "Pairs", "all_pairs", "rectangles"]

TILE = 1 << 17
GROUP = 256  # children whose subtrees together hold fewer vertices are compared among each other in one square


class Pairs(NamedTuple):
    """A batch of pairs: places, distance in the embedding and in the tree, and the
    least ``sin^2`` of half their angles."""

    first: Tensor
    second: Tensor
    distance: Tensor
    steps: Tensor
    narrowest: float
    blur: float
    sway: float


@dataclass(frozen=True)
class AllPairs:
    """How faithful Sarkar's embedding of a tree is, over all pairs.

    Attributes:
        worst: ``max(d_emb/d) * max(d/d_emb)``.
        expansion, contraction: The two factors, each with its enclosure.
        average: Mean of ``|d_emb/scale - d| / d``.
        mean_average_precision: Ties counted against the embedding.
        tied: Strangers that are as far as some neighbour, to within the errors.
        collapsed: Pairs at distance zero, to within the errors.
        pairs: N (N - 1)/2: all of them were measured.
        witness: The two vertices of the tree that attain the largest contraction, their
            distance in the tree and in the embedding.
        error: Bound of the error of every distance, first order in eps.
        least: The least distance met.
    """

    worst: Enclosure
    expansion: Enclosure
    contraction: Enclosure
    average: Enclosure
    mean_average_precision: float
    tied: int
    collapsed: int
    pairs: int
    witness: tuple[int, int, float, float]
    error: float
    least: float


def all_pairs(planted: PlantedTree, *, scale: float, tile: int = TILE, shares: int = 1, over: Over = map) -> AllPairs:
    """Distortion, average distortion, MAP and collapsed pairs of a planted tree, over
    all its pairs.

    Args:
        planted: See :func:`numerics.hyperbolic.tree_frames.plant`.
        scale: The length that stands for one edge in the average (tau, if the average
            is to measure shape alone). Positive.
        tile: Pairs held at a time.
        shares: Into how many parts the rectangles are dealt, one after another.
        over: What carries the parts out; the same numbers, whatever it is and however
            many they are.
    Returns:
        The measures with enclosures, and the pair that attains the largest contraction.
    Raises:
        ValueError: a scale, a tile or a number of shares that is not positive.
    Accuracy:
        Every distance errs by at most ``error``, which is carried along beside the
        arithmetic (first order in eps).

    >>> from numerics.hyperbolic.tree_frames import plant
    >>> from numerics.hyperbolic.sarkar_trees import tree_from_parents
    >>> star = plant(tree_from_parents([0, 0, 0, 0]), 2.0)
    >>> found = all_pairs(star, scale=2.0)
    >>> round(found.worst.value, 6), found.pairs, found.mean_average_precision
    (1.074055, 6, 1.0)
    """
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"Expected a positive finite scale, got {scale}.")
    if tile < 1:
        raise ValueError(f"Expected a tile of at least one pair, got {tile}.")
    if shares < 1:
        raise ValueError(f"Expected at least one share, got {shares}.")
    first, *others = over(_share, ((planted, scale, tile, part, shares) for part in range(shares)))
    tally = reduce(_Tally.join, others, first)
    u, v, steps, distance = tally.witness
    tally.witness = (int(planted.order[u]), int(planted.order[v]), steps, distance)
    return tally.result(len(planted))


def _share(argument: tuple[PlantedTree, float, int, int, int]) -> _Tally:
    """What is kept of the rectangles whose number is ``part`` modulo ``shares``."""
    planted, scale, tile, part, shares = argument
    tally = _Tally(scale, NeighbourRanks(planted))
    number = 0
    for depth in frames(planted):
        for rectangle in _at_depth(planted, depth, tile):
            if number % shares == part:
                tally.add(rectangle(), number)
            number += 1
    return tally


def rectangles(planted: PlantedTree, tile: int = TILE) -> Iterator[Pairs]:
    """All pairs of places, each once, in batches."""
    for depth in frames(planted):
        for rectangle in _at_depth(planted, depth, tile):
            yield rectangle()


# --- pairs at their lowest common ancestor -------------------------------------------------------------------------------------


def _above(planted: PlantedTree, depth: Frames) -> Pairs:
    """Pairs of an ancestor of this depth and its descendants."""
    below = (planted.depths > depth.depth).nonzero().flatten()
    up = depth.ancestor[below]
    steps = planted.heights[below] - planted.heights[up]
    return Pairs(up, below, depth.distance[below], steps, 1.0, float(depth.blur[below].max()) / 2, 0.0)


class _Slices(NamedTuple):
    """What an ancestor sees, prepared for outer operations: half-angle sines and
    cosines, exponentials."""

    distance: Tensor
    sine: Tensor
    cosine: Tensor
    small: Tensor
    height: Tensor


def _at_depth(planted: PlantedTree, depth: Frames, tile: int) -> Iterator[Callable[[], Pairs]]:
    """The vertices of this depth with their descendants; and, of each of them, pairs of
    descendants that hang from different children of it. What is yielded measures when
    it is called."""
    yield partial(_above, planted, depth)
    half = depth.direction / 2
    small = (-depth.distance).exp()
    ready = _Slices(depth.distance, half.sin(), half.cos(), small, planted.heights)
    # vertices with at least two children at this depth
    children = (planted.depths == depth.depth + 1).nonzero().flatten()
    if not len(children):
        return
    parents, counts = torch.unique_consecutive(planted.parents[children], return_counts=True)
    starts = children.tolist()
    stops = planted.ends[children].tolist()
    at = 0
    blur, sway = float(depth.blur.max()), float(depth.sway.max())
    for parent, count in zip(parents.tolist(), counts.tolist(), strict=True):
        family = list(zip(starts[at : at + count], stops[at : at + count], strict=True))
        at += count
        if count > 1:
            base = float(planted.heights[parent])
            for one, other, labels in _blocks(family, tile):
                yield partial(_compared, ready, one, other, base, labels, blur, sway)


Slice = tuple[int, int]


def _blocks(family: list[Slice], tile: int) -> Iterator[tuple[Slice, Slice, list[Slice] | None]]:
    """Rectangles that cover all pairs from different slices of the family; small
    neighbours are taken together as a square."""
    first = family[0][0]
    group = min(GROUP, math.isqrt(tile))
    at = 0
    while at < len(family):
        until = at + 1
        while until < len(family) and family[until][1] - family[at][0] <= group:
            until += 1
        start, stop = family[at][0], family[until - 1][1]
        if until - at > 1:
            yield (start, stop), (start, stop), family[at:until]
        if start > first:
            wide = max(1, tile // max(1, start - first))
            tall = min(start - first, tile)
            for row in range(first, start, tall):
                for column in range(start, stop, wide):
                    yield (row, min(row + tall, start)), (column, min(column + wide, stop)), None
        at = until


def _compared(  # noqa: PLR0917
    ready: _Slices, one: Slice, other: Slice, base: float, labels: list[Slice] | None, blur: float, sway: float
) -> Pairs:
    """Distances of two slices by one triangle at the common ancestor:
    :func:`numerics.hyperbolic.tree_frames.third_side`, written for speed."""
    x = _Slices(*(part[one[0] : one[1], None] for part in ready))
    y = _Slices(*(part[None, other[0] : other[1]] for part in ready))
    device = ready.distance.device
    s = (x.sine * y.cosine).sub_(x.cosine * y.sine)
    mask = None
    if labels is not None:
        sizes = torch.tensor([stop - start for start, stop in labels], device=device)
        child = torch.repeat_interleave(torch.arange(len(labels), device=device), sizes)
        mask = child[:, None] < child[None, :]
        s = s.masked_fill_(~mask, 1.0)
    s = s.square_()
    narrowest = float(s.min())
    far = float(ready.small[one[0] : one[1]].max()), float(ready.small[other[0] : other[1]].max())
    if 4 * max(far) ** 2 < EPS / 4 * narrowest:  # what is left out changes A by less than eps/4 relatively
        d = s.log_()
    else:
        both = x.small * y.small
        rest = 1 - s
        less = s * (1 - both).square_() + rest * (x.small - y.small).square_()
        more = s.mul_(both.add_(1).square_()) + rest.mul_((x.small + y.small).square_())
        d = less.sqrt_().add_(more.sqrt_()).mul_(0.5).log_().mul_(2)
    d = d.add_(x.distance + y.distance).clamp_min_(0)
    steps = (x.height - base) + (y.height - base)
    rows = torch.arange(*one, device=device)
    columns = torch.arange(*other, device=device)
    if mask is not None:
        pick = mask.nonzero(as_tuple=True)
        return Pairs(rows[pick[0]], columns[pick[1]], d[mask], steps[mask], narrowest, blur, sway)
    return Pairs(rows, columns, d, steps, narrowest, blur, sway)


# --- what is kept of them --------------------------------------------------------------------------------------------------------


@dataclass
class _Tally:
    """Largest ratios with their pairs, the sum for the average, strangers near their
    neighbours."""

    scale: float
    ranks: NeighbourRanks
    expansion: float = 0.0
    contraction: float = 0.0
    witness: tuple[int, int, float, float] = (0, 0, 0.0, 0.0)
    attained: int = 0  # number of the batch that holds the witness: the first of several
    stretches: list[float] = field(default_factory=list)
    error: float = 0.0
    least: float = math.inf
    collapsed: int = 0

    def add(self, batch: Pairs, number: int) -> None:
        d, steps = batch.distance, batch.steps
        if not d.numel():
            return
        largest, least = float(d.max()), float(d.min())
        wide = math.sqrt(max(batch.narrowest, EPS**2))
        error = 2 * batch.blur + (2 * batch.sway + 8 * EPS) / wide + EPS * (3 * largest + 16)
        self.error, self.least = max(self.error, error), min(self.least, least)
        if least <= error:
            self.collapsed += int((d <= error).sum())
        ratio = d / steps
        high, low = float(ratio.max()), float(ratio.min())
        self.expansion = max(self.expansion, high)
        contraction = 1 / low if low > 0 else math.inf
        if contraction > self.contraction:
            self.contraction, self.attained = contraction, number
            self.witness = _pair_at(batch, int(ratio.argmin()))
        self.stretches.append(float(ratio.mul_(1 / self.scale).sub_(1).abs_().sum()))
        if least <= self.ranks.longest + error:
            self.ranks.add(batch.first, batch.second, d, steps, error)

    def join(self, other: _Tally) -> _Tally:
        """What is kept of the batches of both."""
        if (-other.contraction, other.attained) < (-self.contraction, self.attained):
            self.contraction, self.witness, self.attained = other.contraction, other.witness, other.attained
        self.expansion = max(self.expansion, other.expansion)
        self.error, self.least = max(self.error, other.error), min(self.least, other.least)
        self.collapsed += other.collapsed
        self.stretches += other.stretches
        self.ranks.join(other.ranks)
        return self

    def result(self, size: int) -> AllPairs:
        pairs = size * (size - 1) // 2
        relative = self.error / self.least if self.least > 0 else math.inf
        slack = relative + 8 * EPS
        spread = [_around(value, slack) for value in (self.expansion, self.contraction)]
        average = math.fsum(self.stretches) / pairs
        # a distance's error counts by 1/(scale d) <= expansion/(scale least d_emb)
        give = self.error * self.expansion / (self.scale * max(self.least, 1e-300)) + (TILE.bit_length() + 16) * EPS * (1 + average)  # fmt: skip
        worst = Enclosure(*(a * b for a, b in zip(spread[0], spread[1], strict=True)))
        return AllPairs(
            worst, spread[0], spread[1], Enclosure(max(0.0, average - give), average, average + give),
            self.ranks.mean_average_precision(), self.ranks.tied, self.collapsed, pairs, self.witness, self.error, self.least,
        )  # fmt: skip


def _pair_at(batch: Pairs, at: int) -> tuple[int, int, float, float]:
    """The places, the distance in the tree and in the embedding of the pair at a flat
    index."""
    if batch.distance.ndim == 1:
        first, second = int(batch.first[at]), int(batch.second[at])
    else:
        row, column = divmod(at, batch.distance.shape[1])
        first, second = int(batch.first[row]), int(batch.second[column])
    return first, second, float(batch.steps.reshape(-1)[at]), float(batch.distance.reshape(-1)[at])


def _around(value: float, slack: float) -> Enclosure:
    low = value * max(0.0, 1 - slack)
    return Enclosure(low, value, value / (1 - slack) if slack < 1 else math.inf)
