"""The time that an audit may take, and who is told how far it is."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from proofs_checks.errors import InputError
from proofs_checks.findings import Progress
from proofs_checks.wording import short

CLOCK = time.monotonic  # seconds; benchmarks on a machine that does other work as well take those of the process

__all__ = ["Budget", "Progress", "one_thread"]


def now() -> float:
    """Seconds of the clock."""
    return CLOCK()


@dataclass
class Budget:
    """Seconds from its making, after which refinement stops; a Ctrl-C stops it too, and
    leaves what was found.

    Args:
        seconds: Positive; infinity for no end.
        progress: Called with the share spent and with what is being done.
    Raises:
        InputError: seconds that are not a positive number.
    """

    seconds: float = 30.0
    progress: Progress | None = None
    interrupted: bool = False
    started: float = field(default_factory=now)

    def __post_init__(self) -> None:
        wrong = isinstance(self.seconds, bool) or not isinstance(self.seconds, (int, float))
        if wrong or math.isnan(self.seconds) or not self.seconds > 0:
            raise InputError(
                f"Expected in seconds how long the audit may take, a positive number (inf for no end), got {short(self.seconds)}."
            )

    @property
    def seconds_used(self) -> float:
        """Seconds since the start."""
        return now() - self.started

    @property
    def remaining(self) -> float:
        """Seconds until the end, at least 0."""
        return max(0.0, self.seconds - self.seconds_used)

    @property
    def open(self) -> bool:
        """Whether there is time left."""
        return not self.interrupted and self.seconds_used < self.seconds

    def begin(self) -> None:
        """Start the clock anew: what came before, the making of a model for instance,
        does not count."""
        self.started = now()

    def tell(self, what: str) -> None:
        """Say what is being done."""
        if self.progress is not None:
            self.progress(min(1.0, self.seconds_used / self.seconds) if self.seconds < math.inf else 0.0, what)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: batches are small, and on busy cores several threads wait for
    each other far longer than they compute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
