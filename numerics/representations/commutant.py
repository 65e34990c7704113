"""Means over a group, X -> (1/n) sum R(g) X R(g)*, from generators alone, and the
pieces into which a random such mean splits a space.

With a known group the mean runs through a chain of subgroups, a transversal at a time.
Without one, X -> (X + R(w) X R(w)*)/2 for random products w halves, on average, the
squared norm of what does not commute. How the mean was made does not enter any bound:
what counts is the residual of R(g) C - C R(g), which is measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor

from numerics.representations.regular_action import RegularAction
from numerics.rounding import frobenius, gamma
from numerics.streams import Stream

POOL = 10  # matrices in the pool from which random products are drawn
CLUSTER = 8  # eigenvalues closer than this many times their error are one


class Mean:
    """The mean of conjugates over the group that ``generators`` generate.

    Args:
        generators: Shape ``(k, ..., d, d)``.
        action: The group with its words, or None when it is not known: then random
            products stand in.
        stream: Source of the random products.

    >>> swap = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> import numpy as np
    >>> mean = Mean(swap, RegularAction.from_images(np.array([[1, 0]])), Stream(1))
    >>> mean(torch.tensor([[1.0, 0.0], [0.0, 3.0]]).double())
    tensor([[2., 0.],
            [0., 2.]], dtype=torch.float64)
    """

    def __init__(self, generators: Tensor, action: RegularAction | None, stream: Stream) -> None:
        self.generators, self.action, self.stream = generators, action, stream
        self._known: dict[int, Tensor] = {}
        self._walks = 0

    def element(self, x: int) -> Tensor:
        """R(x) along the word of x; prefixes are kept."""
        assert self.action is not None
        if x not in self._known:
            path = [x]
            while path[-1] and path[-1] not in self._known and self.action.depth[path[-1]] > 1:
                path.append(int(self.action.parent[path[-1]]))
            for y in reversed(path):
                if y not in self._known:
                    g = self.generators[int(self.action.letter[y])]
                    alone = self.action.depth[y] == 1
                    self._known[y] = (
                        self._unit() if y == 0 else g if alone else g @ self._known[int(self.action.parent[y])]
                    )
        return self._known[x]

    def _unit(self) -> Tensor:
        d = self.generators.shape[-1]
        return torch.eye(d, dtype=self.generators.dtype, device=self.generators.device).expand(
            self.generators.shape[1:]
        )

    def __call__(self, X: Tensor) -> Tensor:
        """The mean of R(g) X R(g)*; X broadcasts with ``(..., d, d)``."""
        return self.between(X, slice(None))

    def between(self, X: Tensor, source: slice) -> Tensor:
        """The mean of R_j(g) X_j R_s(g)* with R_s taken from the batch at ``source`` (a
        slice of the first batch dimension, or all).

        Args:
            X: Shape ``(..., d, d)``, batched as the generators are.
        """
        if self.action is None:
            return self._walked(X, source)
        for stage in self.action.chain:
            total = X
            for x in stage:
                R = self.element(x)
                total = total + R @ X @ self._part(R, source).mH
            X = total / (len(stage) + 1)
        return X

    @staticmethod
    def _part(R: Tensor, source: slice) -> Tensor:
        return R if source == slice(None) else R[source]

    def _walked(self, X: Tensor, source: slice) -> Tensor:
        """Random products by replacement in a pool (Celler and others 1995), each used
        once; 2.5 bits of the squared error a factor of two."""
        self._walks += 1
        coin = self.stream.fork(f"walk {self._walks}")
        pool = [self.generators[j % len(self.generators)] for j in range(max(POOL, len(self.generators)))]
        steps = math.ceil(-2.5 * math.log2(torch.finfo(X.dtype).eps))
        accumulator = self._unit()
        for step in range(-4 * len(pool), steps):
            i, j, side = (int(v) for v in (*coin.integers(0, len(pool), 2), coin.integers(0, 2, 1)))
            i = (i + 1) % len(pool) if i == j else i
            pool[i] = pool[i] @ pool[j] if side else pool[j] @ pool[i]
            accumulator = accumulator @ pool[i] if side else pool[i] @ accumulator
            if step >= 0:
                X = (X + accumulator @ X @ self._part(accumulator, source).mH) / 2
        return X


def hermitian_noise(stream: Stream, like: Tensor, *shape: int) -> Tensor:
    """Gaussian Hermitian (real: symmetric) matrices of spectral norm about 1, shape
    ``(*shape, d, d)`` with d that of ``like``.

    >>> noise = hermitian_noise(Stream(1), torch.zeros(3, 3).double())
    >>> noise.equal(noise.mH)
    True
    """
    d = like.shape[-1]
    real = stream.normal(*shape, d, d)
    noise = (torch.complex(real, stream.normal(*shape, d, d)) if like.is_complex() else real).to(like)
    return (noise + noise.mH) / (2 * math.sqrt(2 * d) * (2**0.5 if like.is_complex() else 1))


@dataclass(frozen=True)
class Eigenspaces:
    """Clusters of eigenvectors of a computed commutant element.

    Attributes:
        basis: Orthonormal columns, shape ``(d, d)``.
        sizes: How many columns belong to each cluster.
        gap: Least distance between clusters; infinite for one.
        uncertain: |E|: how far the computed element, with its eigenvalue residual, may
            be from one that commutes.
        orthogonality_defect: |V* V - 1|.
        blocks: V_p* U(g) V_p by size, where somebody has computed them already.
    """

    basis: Tensor
    sizes: tuple[int, ...]
    gap: float
    uncertain: float
    orthogonality_defect: float
    blocks: dict[int, Tensor] = field(default_factory=dict)


def commuting_error(generators: Tensor, C: Tensor, words: float, input_error: float) -> float:
    """How far C is from the commutant: |C - mean| <= (mean length of a word) times the
    largest residual on a generator.

    For unitary U(w), w a word of length l, |U(w) C U(w)* - C| <= l max |U(g) C - C
    U(g)|; averaged over the group the left side becomes the distance to the projection.
    ``input_error`` is what separates the matrices from exact unitary ones, and enters
    twice with |C|.

    Args:
        generators: Shape ``(k, d, d)``. C: Shape ``(d, d)``. words: Mean length of a
            word that names an element.

    >>> swap = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> commuting_error(swap, torch.eye(2).double(), 0.5, 0.0) < 1e-14
    True
    """
    d, size = C.shape[-1], frobenius(C)
    rounding = 2 * gamma(d, C) * frobenius(generators) * size
    return words * (frobenius(generators @ C - C @ generators) + rounding + 2 * input_error * size)


Element = Callable[[Tensor, RegularAction | None, Stream, float], tuple[Tensor, float]]


def commutant_element(
    unitary: Tensor, action: RegularAction | None, stream: Stream, input_error: float
) -> tuple[Tensor, float]:
    """The mean of a random Hermitian matrix (symmetric if U is real), and how far it
    may be from the commutant.

    Args:
        unitary: U on the generators, shape ``(k, d, d)``, within ``input_error`` of a
            unitary representation.
        action: The group, or None: then random products stand in.

    >>> swap = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).double()
    >>> C, distance = commutant_element(swap, None, Stream(1), 0.0)
    >>> bool((C @ swap - swap @ C).abs().max() < 1e-14), distance < 1e-12
    (True, True)
    """
    C = Mean(unitary, action, stream.fork("mean"))(hermitian_noise(stream, unitary))
    C = (C + C.mH) / 2
    words = action.mean_depth if action is not None else 2.0 * math.log2(1 / torch.finfo(C.dtype).eps)
    return C, commuting_error(unitary, C, words, input_error)


def outside_commutant(
    unitary: Tensor, action: RegularAction | None, stream: Stream, input_error: float
) -> tuple[Tensor, float]:
    """Wrong on purpose, for controls: X itself, not averaged, said to be as near to the
    commutant as :func:`commutant_element`.

    Args:
        unitary: On the generators, shape ``(k, d, d)``.
    """
    return hermitian_noise(stream, unitary), commutant_element(unitary, action, stream, input_error)[1]


def eigenspaces(C: Tensor, distance: float) -> Eigenspaces:
    """Cluster the eigenvalues of the Hermitian C, shape ``(d, d)``, as finely as its
    ``distance`` from the commutant allows.

    >>> eigenspaces(torch.tensor([1.0, 1.0, 3.0]).double().diag(), 1e-12).sizes
    (2, 1)
    """
    d = C.shape[-1]
    values, basis = torch.linalg.eigh(C)
    size = frobenius(basis)
    solver = frobenius(C @ basis - basis * values) + gamma(d + 2, C) * frobenius(C) * size
    orthogonality_defect = (
        frobenius(basis.mH @ basis - torch.eye(d, dtype=C.dtype, device=C.device)) + gamma(d, C) * size**2
    )
    uncertain = (1 + orthogonality_defect) * distance + solver
    steps = values.diff()
    cuts = (steps > CLUSTER * uncertain).nonzero().ravel() if math.isfinite(uncertain) else steps[:0].long()
    ends = [0, *(cuts + 1).tolist(), d]
    gap = float(steps[cuts].min()) if len(cuts) else math.inf
    return Eigenspaces(basis, tuple(b - a for a, b in pairwise(ends)), gap, uncertain, orthogonality_defect)
