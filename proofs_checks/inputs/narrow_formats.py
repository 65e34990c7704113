"""Numbers that came from a narrower format than the one in which they are written: a
float32 is recognised by its values."""

from __future__ import annotations

from typing import Any

import numpy as np

# format, significant bits beyond which a value tells of it, and how many such values are wanted: a short decimal such as 0.5 tells nothing
FORMATS = ((np.float16, 8, 4), (np.float32, 13, 1))


def narrow_format(values: Any) -> type[np.floating] | None:
    """The narrower format of which all values are numbers, where their bits tell of it;
    None for float64's own.

    A float64 is a float32 by chance with probability 2^-29. Values that are short in
    binary, such as 0.5 or 3, fit every format and tell of none.

    Args:
        values: Real or complex numbers, any shape.

    >>> import numpy as np
    >>> narrow_format([float(np.float32(0.1)), 1.0]).__name__
    'float32'
    >>> narrow_format([0.1, 1.0]) is None
    True
    """
    array = np.asarray(values)
    parts = (
        np.concatenate([np.real(array).ravel(), np.imag(array).ravel()]) if array.dtype.kind == "c" else array.ravel()
    )
    numbers = parts.astype(np.float64)
    numbers = numbers[np.isfinite(numbers) & (numbers != 0)]
    bits = _bits(numbers)
    for kind, least, wanted in FORMATS:
        with np.errstate(over="ignore"):
            fits = bool((numbers.astype(kind) == numbers).all())
        if fits and int((bits >= least).sum()) >= wanted:
            return kind
    return None


def narrow_unit(values: Any) -> float:
    """Twice the unit roundoff of that format; 0 where there is none."""
    kind = narrow_format(values)
    return 0.0 if kind is None else float(np.finfo(kind).eps)


def _bits(numbers: np.ndarray) -> np.ndarray:
    """How many significant bits each number has."""
    whole = np.abs(np.ldexp(np.frexp(numbers)[0], 53)).astype(np.int64)
    lowest = whole & -whole
    return 53 - np.log2(np.maximum(lowest, 1)).astype(np.int64)
