"""Random numbers that do not depend on the device: drawn on the CPU from one explicit
generator, then moved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor


def derive_seed(*parts: object) -> int:
    """A 63-bit seed that is a pure function of ``parts`` (their ``str``), so that order
    and sharding change nothing.

    Collisions are those of SHA-256 cut to 63 bits.

    >>> derive_seed("claim", 7) == derive_seed("claim", 7) != derive_seed("claim", 8)
    True
    """
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


class Stream:
    """A seeded source of tensors, equal on every device.

    Args:
        seed: Nonnegative integer below 2**63.
        device: Where the tensors are put. The numbers themselves are always drawn on
            the CPU.
        dtype: Floating dtype of the real draws. float64 unless told otherwise.

    >>> torch.equal(Stream(7).normal(3), Stream(7).normal(3)), torch.equal(Stream(7).fork("a").normal(3), Stream(7).fork("b").normal(3))
    (True, False)
    """

    def __init__(self, seed: int, device: str | torch.device = "cpu", dtype: torch.dtype = torch.float64) -> None:
        if not 0 <= seed < 2**63:
            raise ValueError(
                f"Expected a seed in [0, 2**63), got {seed}. Derive one with numerics.streams.derive_seed."
            )
        self.seed = seed
        self.device = torch.device(device)
        self.dtype = dtype
        self.generator = torch.Generator(device="cpu").manual_seed(seed)

    def __getstate__(self) -> tuple[int, str, torch.dtype, Tensor]:
        return self.seed, str(self.device), self.dtype, self.generator.get_state()

    def __setstate__(self, state: tuple[int, str, torch.dtype, Tensor]) -> None:
        seed, device, dtype, place = state
        self.__init__(seed, device, dtype)
        self.generator.set_state(place)

    def fork(self, label: object) -> Stream:
        """An independent stream named by ``label``; forking draws nothing from this
        one."""
        return Stream(derive_seed(self.seed, label), self.device, self.dtype)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal draws, shape ``shape``."""
        return torch.randn(*shape, generator=self.generator, dtype=self.dtype).to(self.device)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform draws on [0, 1), shape ``shape``."""
        return torch.rand(*shape, generator=self.generator, dtype=self.dtype).to(self.device)

    def exponential(self, *shape: int) -> Tensor:
        """Exponential draws of mean 1, shape ``shape``."""
        draws = torch.empty(*shape, dtype=self.dtype).exponential_(generator=self.generator)
        return draws.to(self.device)

    def signs(self, *shape: int) -> Tensor:
        """Independent fair signs, -1 or +1, shape ``shape``."""
        bits = torch.randint(0, 2, shape, generator=self.generator)
        return (2 * bits - 1).to(self.device, self.dtype)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Integers in ``[low, high)``, int64, shape ``shape``."""
        return torch.randint(low, high, shape, generator=self.generator).to(self.device)

    def permutation(self, n: int) -> Tensor:
        """A uniform permutation of ``range(n)``, int64, shape ``(n,)``."""
        return torch.randperm(n, generator=self.generator).to(self.device)


def tiles(size: int, tile: int) -> Iterator[int]:
    """Sizes of the tiles that cover ``size`` points, each at most ``tile``.

    Two points or more come in at least two tiles, so that a small run takes the path of
    a large one: what forgets to add tiles up, or repeats the first, is wrong at every
    size.

    >>> list(tiles(10, 4)), list(tiles(10, 64)), list(tiles(1, 64))
    ([4, 4, 2], [5, 5], [1])
    """
    if tile < 1:
        raise ValueError(f"Expected a tile of at least one point, got {tile}.")
    tile = min(tile, max(1, (size + 1) // 2))
    for start in range(0, size, tile):
        yield min(tile, size - start)
