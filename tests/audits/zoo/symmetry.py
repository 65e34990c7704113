"""Right and wrong representations for the audit of disentanglement: matrices, codes, encoders and pairs as people hand them over."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from numerics.representations.complements import random_orthogonal
from numerics.streams import Stream
from theory.groups.families import symmetric


@dataclass(frozen=True)
class Animal:
    """What the audit is given, and the findings one of which has to refute it (none for a right one)."""

    name: str
    make: Callable[[], dict[str, Any]]
    refutes: tuple[str, ...] = field(default=())


SUMS, RANK = "sums of functions of one factor each", "frequencies fill the rank"
OWN, DISTANCE = "a subspace for each factor", "distance to the nearest disentangled codes"


def circle(n: int, turns: int = 1) -> Tensor:
    angle = torch.arange(n).double() * (2 * math.pi * turns / n)
    return torch.stack([angle.cos(), angle.sin()], -1)


def grid(*parts: Tensor) -> Tensor:
    """One part a factor, side by side, one orbit."""
    sizes = [len(part) for part in parts]
    wide = []
    for i, part in enumerate(parts):
        shape = [1] * len(parts) + [part.shape[1]]
        shape[i] = len(part)
        wide.append(part.reshape(shape).expand(*sizes, part.shape[1]))
    return torch.cat(wide, -1)[None]


def triangle() -> Tensor:
    """One point of a plane and its images under the symmetries of a triangle, in the order of the group's elements."""
    corners = circle(3)
    rows = []
    for images in symmetric(3).elements:
        moved = torch.linalg.lstsq(corners, corners[torch.as_tensor(images.astype(int))]).solution
        rows.append(torch.tensor([0.9, 0.2]).double() @ moved)
    return torch.stack(rows)


def turned(codes: Tensor, seed: int = 0) -> Tensor:
    return codes @ random_orthogonal(codes.shape[-1], Stream(seed))


def skewed(codes: Tensor, seed: int = 0) -> Tensor:
    d = codes.shape[-1]
    return codes @ (Stream(seed).normal(d, d) + 3 * torch.eye(d).double())


def several(codes: Tensor, orbits: int = 3, seed: int = 1) -> Tensor:
    """Orbits of one action from several starting points: each circle with its own radius and phase."""
    stream, out = Stream(seed), []
    for _ in range(orbits):
        moved = codes.clone()
        for at in range(0, codes.shape[-1] - 1, 2):
            a, b = (float(x) for x in stream.normal(2))
            moved[..., at : at + 2] = codes[..., at : at + 2] @ torch.tensor([[a, b], [-b, a]]).double()
        out.append(moved)
    return torch.cat(out)


def permuted(codes: Tensor, seed: int = 5) -> Tensor:
    """Cells of the first factor in another order than the group's."""
    return codes[:, Stream(seed).permutation(codes.shape[1])]


IMAGES = Stream(7).normal(3, 5, 4)
SHIFTS = {"down": (lambda x: x.roll(1, 1), 5), "right": (lambda x: x.roll(1, 2), 4)}


class Projections(nn.Module):
    """Row and column sums."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.sum(2), x.sum(1)[:, :3]], 1)


class Fourier(nn.Module):
    """The lowest frequencies of both projections."""

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = torch.fft.rfft(x.sum(2))[:, 1:3], torch.fft.rfft(x.sum(1))[:, 1:2]
        return torch.cat([torch.view_as_real(part).flatten(1) for part in (rows, columns)], 1)


def images(encoder: Any) -> dict[str, Any]:
    return {"encoder": encoder, "transforms": SHIFTS, "objects": IMAGES}


def plane(k: int, size: int = 6) -> Tensor:
    A = torch.eye(size).double()
    A[k : k + 2, k : k + 2] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    return A


def paired(*matrices: Tensor, count: int = 60, noise: float = 0.0) -> dict[str, Any]:
    z = Stream(11).normal(count, len(matrices[0]))
    made = {f"g{k}": (z, z @ A.T + noise * Stream(k).normal(count, len(A))) for k, A in enumerate(matrices)}
    return {"pairs": made}


S = Stream(12).normal(6, 6) + 3 * torch.eye(6).double()
NEW = lambda A: S @ A @ S.inverse()  # noqa: E731
STEP3, SWAP, ONE = [[0, -1], [1, -1]], [[0, 1], [1, 0]], [[1, 0], [0, 1]]


def blocks(*parts: Any) -> list[list[Any]]:
    size, at = sum(map(len, parts)), 0
    out: list[list[Any]] = [[0] * size for _ in range(size)]
    for part in parts:
        for i, row in enumerate(part):
            out[at + i][at : at + len(row)] = row
        at += len(part)
    return out


def cyclic(**steps: tuple[int, Any]) -> dict[str, Any]:
    return {"matrices": {name: {"order": n, "matrix": A} for name, (n, A) in steps.items()}}


def shift(n: int) -> list[list[int]]:
    return [[int(i == (j + 1) % n) for j in range(n)] for i in range(n)]


def kron(A: Any, B: Any) -> list[list[int]]:
    return np.kron(np.array(A), np.array(B)).tolist()


RIGHT = [
    Animal("two circles, a plane each", lambda: {"codes": turned(grid(circle(8), circle(6)))}),
    Animal("two circles in a skew basis, float64", lambda: {"codes": skewed(grid(circle(8), 0.3 * circle(6)))}),
    Animal("two circles in float32", lambda: {"codes": turned(grid(circle(8), circle(6))).float()}),
    Animal("three circles, three orbits", lambda: {"codes": turned(several(grid(circle(4), circle(5), circle(3))))}),
    Animal("two frequencies of one factor", lambda: {"codes": grid(torch.cat([circle(7), circle(7, 3)], 1), circle(5))}),
    Animal("a sign for a factor of order two", lambda: {"codes": grid(torch.tensor([[1.0], [-1.0]]).double(), circle(5))}),
    Animal("a constant with room of its own", lambda: {"codes": grid(torch.cat([circle(6), torch.ones(6, 1).double()], 1), circle(4))}),
    Animal("row and column sums of images", lambda: images(Projections().double().eval())),
    Animal("frequencies of row and column sums", lambda: images(Fourier().double().eval())),
    Animal("a noisy code within the tolerance stated", lambda: {"codes": grid(circle(6), circle(5)) + 1e-3 * Stream(1).normal(1, 6, 5, 4), "tolerance": 0.01}),
    Animal("poses of a triangle, and a circle", lambda: {"codes": grid(triangle(), circle(5)), "factors": {"pose": symmetric(3), "turn": "cyclic"}}),
    Animal("a plain factor beside a circle, sums alone", lambda: {"codes": grid(Stream(9).normal(3, 2), torch.tensor([[1.0], [-1.0]]).double()), "factors": ["plain", "plain"]}),
    Animal("pairs of two planes", lambda: paired(plane(0), plane(2))),
    Animal("pairs of three planes in a skew basis", lambda: {**paired(NEW(plane(0)), NEW(plane(2)), NEW(plane(4))), "accuracy": 1e-11}),
    Animal("pairs with orders", lambda: {**paired(plane(0), plane(2)), "factors": {"g0": 4, "g1": 4}}),
    Animal("matrices of C3 and C2", lambda: cyclic(x=(3, blocks(STEP3, ONE)), y=(2, blocks(ONE, SWAP)))),
    Animal("matrices over Q(zeta_5)", lambda: cyclic(x=(5, blocks([["zeta(5)"]], [[1]])), y=(2, blocks([[1]], [[-1]])))),
    Animal("matrices in decimals", lambda: cyclic(x=(4, blocks([[0.0, -1.0], [1.0, 0.0]], ONE)), y=(2, blocks(ONE, SWAP)))),
]  # fmt: skip

WRONG = [
    Animal("two circles in one plane", lambda: {"codes": grid(circle(8), circle(6))[..., :2] + grid(circle(8), circle(6))[..., 2:]}, (RANK,)),
    Animal("a joint clock", lambda: {"codes": circle(5)[sum(torch.meshgrid(torch.arange(5), torch.arange(5), indexing="ij")) % 5][None]}, (SUMS,)),
    Animal("a product of a sign and a circle", lambda: {"codes": grid(circle(6), circle(4))[..., :2] * torch.tensor([1.0, -1, 1, -1]).double()[:, None]}, (SUMS,)),
    Animal("the pixels", lambda: images(nn.Flatten().eval()), (SUMS,)),
    Animal("a random projection", lambda: images(nn.Sequential(nn.Flatten(), nn.Linear(20, 4)).double().eval()), (SUMS,)),
    Animal("a network with a nonlinearity", lambda: images(nn.Sequential(nn.Flatten(), nn.Linear(20, 16), nn.Tanh(), nn.Linear(16, 4)).double().eval()), (SUMS,)),
    Animal("the mean of the image", lambda: images(lambda x: x.mean((1, 2))[:, None]), ("down is encoded",)),
    Animal("row sums alone", lambda: images(lambda x: x.sum(2)), ("right is encoded",)),
    Animal("a factor seen modulo two", lambda: {"codes": grid(circle(4)[[0, 2, 0, 2]], circle(5))}, ("factor 1 is encoded",)),
    Animal("cells in another order", lambda: {"codes": permuted(grid(circle(7), circle(5)))}, ("a linear map makes the step of factor 1",)),
    Animal("poses of a triangle in another order", lambda: {"codes": permuted(grid(triangle(), circle(5))), "factors": {"pose": symmetric(3), "turn": "cyclic"}}, ("a linear map makes the step of pose",)),
    Animal("a line in place of a circle", lambda: {"codes": grid(torch.arange(6).double()[:, None], circle(5))}, (RANK,)),
    Animal("orbits that turn at other speeds in one plane", lambda: {"codes": torch.cat([grid(circle(7), circle(5)), grid(circle(7, 2), circle(5))])}, (RANK,)),
    Animal("a constant in the plane of a circle", lambda: {"codes": grid(circle(6) + 1.0, circle(5))}, (RANK,)),
    Animal("noise beyond the tolerance", lambda: {"codes": grid(circle(6), circle(5)) + 0.1 * Stream(1).normal(1, 6, 5, 4), "tolerance": 0.01}, (SUMS, DISTANCE)),
    Animal("pairs of one plane and both", lambda: paired(plane(0), plane(0) @ plane(2)), ("g0 and g1 move subspaces of their own",)),
    Animal("pairs that do not commute", lambda: paired(plane(0), plane(1)), ("g0 and g1 commute",)),
    Animal("pairs of another order", lambda: {**paired(plane(0), plane(2)), "factors": {"g0": 3}}, ("g0 has order 3",)),
    Animal("pairs with noise", lambda: paired(plane(0), plane(2), noise=0.1), ("a linear map makes the step of g0",)),
    Animal("a tensor product of matrices", lambda: cyclic(x=(3, kron(shift(3), ONE)), y=(2, kron(shift(3), SWAP)[:6])), ("y homomorphism",)),
    Animal("shifts of a 3 x 2 torus", lambda: cyclic(x=(3, kron(shift(3), ONE)), y=(2, kron(np.eye(3, dtype=int), SWAP))), (OWN,)),
    Animal("Klein's group by signs as <a> x <ab>", lambda: cyclic(a=(2, blocks([[-1]], [[1]])), ab=(2, blocks([[-1]], [[-1]]))), (OWN,)),
    Animal("matrices of another order", lambda: cyclic(x=(4, blocks(STEP3, ONE)), y=(2, blocks(ONE, SWAP))), ("x homomorphism",)),
    Animal("matrices that do not commute", lambda: cyclic(x=(3, STEP3), y=(2, SWAP)), ("x and y commute",)),
]  # fmt: skip
