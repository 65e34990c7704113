"""Options that many audits take: seeds and yes-or-no questions, refused in one voice."""

from __future__ import annotations

from typing import Any

from proofs_checks.errors import InputError
from proofs_checks.wording import short

__all__ = ["read_flag", "read_seed"]


def read_seed(seed: Any) -> int:
    """A seed of random numbers.

    Raises:
        InputError: no whole number from 0 to 2^63 - 1.

    >>> read_seed(7)
    7
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"Expected in seed a whole number from 0 to 2^63 - 1, got {short(seed)}.")
    return seed


def read_flag(value: Any, name: str) -> bool:
    """A yes or no.

    Raises:
        InputError: neither True nor False.

    >>> read_flag(True, "train")
    True
    """
    if not isinstance(value, bool):
        raise InputError(f"Expected {name}=True or {name}=False, got {short(value)}.")
    return value
