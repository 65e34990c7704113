"""Work in blocks: pure functions of data, so that a caller may have them carried out
elsewhere and gets the same numbers.

A function that takes ``over`` calls ``over(function, arguments)`` once and reads the
results in the order of the arguments; Python's ``map`` carries them out here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["Over"]

Over = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
