"""Entries of matrices as they are written: exact numbers, decimals that remember
their digits, complex numbers in two parts.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any, TypeGuard

import numpy as np

from proofs_checks.errors import InputError
from proofs_checks.inputs.decimals import as_array, digits_of, last_place, to_complex
from proofs_checks.inputs.documents import HERE, decode_nested, expectation_error
from proofs_checks.inputs.files import Decimal, require_dense
from proofs_checks.wording import short
from theory.arithmetic.cyclotomic import Cyclotomic, ExactNumberError
from theory.arithmetic.grammar import parse

Number = int | float | complex | Cyclotomic
_REAL = r"(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,3})?"
_PAIR = re.compile(rf"\(?\s*(?:(?P<re>[+-]?{_REAL})\s*(?P<im>[+-]\s*{_REAL})|(?P<alone>[+-]?{_REAL}))\s*[ij]\s*\)?")
_WHOLE = re.compile(r"[+-]?\d+")


class Pair(complex):
    """A complex number that remembers the decimals of its parts."""

    digits: int | None

    def __new__(cls, re: float, im: float) -> Pair:
        """From its parts."""
        value = super().__new__(cls, float(re), float(im))
        known = [x.digits for x in (re, im) if isinstance(x, Decimal)]
        value.digits = max(known) if known else None
        return value


class Entry:
    """One entry: an exact number as int or Cyclotomic, a decimal, or a complex
    number.
    """

    __slots__ = ("number",)

    def __init__(self, number: Number) -> None:
        self.number = number

    @classmethod
    def from_document(cls, value: Any) -> Entry:
        """From JSON or Python: a number, a text such as ``1/2``, ``zeta(8)^3`` or
        ``0.5+0.5j``, or ``{"re": x, "im": y}``.
        """
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, Fraction):
            return cls(Cyclotomic.rational(value))
        if isinstance(value, str):
            return cls(_written(value))
        if hasattr(value, "free_symbols"):  # SymPy's
            return cls(_symbolic(value))
        if isinstance(value, (list, tuple)) and len(value) == 2:
            return cls(_of_parts(*value))
        if isinstance(value, dict) and set(value) == {"re", "im"} and all(is_number(x) for x in value.values()):
            return cls(Pair(value["re"], value["im"]))
        if isinstance(value, Cyclotomic) or is_number(value):
            return cls(value)
        if isinstance(value, complex) and math.isfinite(value.real) and math.isfinite(value.imag):
            return cls(value)
        raise expectation_error(
            'a finite number, a text such as "1/2", "sqrt(3)/2" or "exp(2*pi*i/3)", [re, im], or {"re": x, "im": y}',
            value,
        )


def _of_parts(re: Any, im: Any) -> Number:
    """[re, im]: exact where both parts are."""
    parts = [part for part in (Entry.from_document(each).number for each in (re, im)) if not isinstance(part, complex)]
    if len(parts) < 2:
        raise expectation_error("real numbers in [re, im]", [re, im])
    if any(isinstance(part, float) for part in parts):
        floats = [to_complex(part).real if isinstance(part, Cyclotomic) else part for part in parts]
        return Pair(*floats)
    exact = [part if isinstance(part, Cyclotomic) else Cyclotomic.rational(Fraction(part)) for part in parts]
    return exact[0] + exact[1] * Cyclotomic.root(4)


def _symbolic(value: Any) -> Number:
    """A number of SymPy's: whole, floating, or exact through its text."""
    if value.free_symbols or getattr(value, "is_number", True) is False:
        raise expectation_error("a number", value)
    if value.is_Integer:
        return int(value)
    if any(part.is_Float for part in value.atoms()):
        number = complex(value)
        return number if number.imag else number.real
    try:
        return parse(str(value))
    except ExactNumberError as error:
        raise InputError(f"In {HERE}: {error}") from None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Finite, and small enough to be a float: an integer of more than 300 digits is
    a mistake, not an entry.
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 10**300


def _written(text: str) -> Number:
    """``0.5+0.5j`` as decimals, ``1+2j`` and everything else in the grammar of exact
    numbers.
    """
    found = _PAIR.fullmatch(text)
    try:
        if found is None:
            return parse(text)
        parts = (found["re"] or "0", (found["im"] or found["alone"]).replace(" ", ""))
        if all(_WHOLE.fullmatch(part) for part in parts):
            return parse(f"({int(parts[0])}) + ({int(parts[1])})*i")
    except ExactNumberError as error:
        raise InputError(f"In {HERE}: {error}") from None
    return Pair(*(int(part) if _WHOLE.fullmatch(part) else Decimal(part) for part in parts))


class Matrix:
    """A square matrix, at least one row; a number alone is a matrix of one entry.

    Args:
        given: Rows of entries, or an array of numbers, shape ``(d, d)``.
        resolution: How far entries of a narrow dtype may be from the true ones;
            None leaves it to the audit.
    """

    def __init__(self, given: list[list[Number]] | np.ndarray, resolution: float | None = None) -> None:
        self.given, self.resolution = given, resolution

    @classmethod
    def from_document(cls, value: Any) -> Matrix:
        """From a number, a list of rows, an array or a tensor."""
        if hasattr(value, "shape") or hasattr(value, "detach"):
            if (
                hasattr(value, "applyfunc") or str(getattr(value, "dtype", "")) == "object"
            ):  # SymPy's matrices, arrays of its numbers
                return cls.from_document(value.tolist())
            return cls._from_array(value)
        rows = value if isinstance(value, (list, tuple)) else [[value]]
        if not rows or not all(isinstance(row, (list, tuple)) for row in rows):
            raise expectation_error("a number or a list of rows", value)
        if any(len(row) != len(rows) for row in rows):
            raise InputError(
                f"Expected a square matrix in {HERE}, got {len(rows)} rows of lengths {sorted({len(row) for row in rows})}."
            )
        return cls([[entry.number for entry in row] for row in decode_nested(rows, list[list[Entry]])])

    @classmethod
    def _from_array(cls, value: Any) -> Matrix:
        bfloat16 = str(getattr(value, "dtype", "")) == "torch.bfloat16"
        array = array_of(value, HERE)
        array = array.reshape(1, 1) if array.size == 1 else array
        if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
            raise InputError(f"Expected a number or a square matrix in {HERE}, got shape {array.shape}.")
        if not np.isfinite(array).all():
            raise InputError(f"Expected finite numbers in {HERE}, got {array[~np.isfinite(array)][0]}.")
        return cls(array, 2.0**-8 if bfloat16 else _resolution(array))

    @property
    def degree(self) -> int:
        """How many rows."""
        return len(self.given)

    @property
    def rows(self) -> list[list[Number]]:
        """As Python numbers."""
        return self.given.tolist() if isinstance(self.given, np.ndarray) else self.given

    @property
    def is_numeric(self) -> bool:
        """Whether any entry is a decimal."""
        if isinstance(self.given, np.ndarray):
            return self.given.dtype.kind in "fc"
        return any(isinstance(x, (float, complex)) for row in self.given for x in row)

    def as_floats(self) -> tuple[np.ndarray, float]:
        """As floats (complex only if need be), and how far they may be from the true
        entries.
        """
        if isinstance(self.given, np.ndarray):
            wide = self.given.astype(np.complex128 if self.given.dtype.kind == "c" else np.float64)
            return wide, self.resolution or last_place(float(np.abs(wide).max()))
        wide = as_array(self.given)
        narrow = np.real(wide) if not np.imag(wide).any() else wide
        error = max(digits_of(x for row in self.given for x in row), last_place(float(np.abs(wide).max())))
        return np.ascontiguousarray(narrow), error


def array_of(value: Any, place: str) -> np.ndarray:
    """A NumPy array of numbers from an array, a tensor on any device, or nested
    lists of equal lengths; at most float64 or complex128.
    """
    if hasattr(value, "detach"):
        require_dense(value, place)
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        value = value.resolve_conj().numpy()
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(f"Expected rows of equal length in {place}; they differ.") from None
    except (OverflowError, TypeError) as error:
        raise InputError(f"Expected numbers in {place}, got {short(value)}: {error}.") from None
    if array.dtype.kind not in "iufc":
        came = f"dtype {array.dtype}" if hasattr(value, "dtype") else short(value)
        raise InputError(f"Expected numbers that float64 can hold in {place}, got {came}.")
    if array.dtype.kind in "fc" and np.finfo(array.dtype).eps < np.finfo(np.float64).eps:
        array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
    return array


def _resolution(array: np.ndarray) -> float | None:
    """Four units in the last place of the largest entry, for floats that are not
    float64.
    """
    if array.dtype.kind not in "fc" or np.finfo(array.dtype).eps < 1e-15:
        return None
    return min(0.5, 4 * float(np.finfo(array.dtype).eps) * max(1.0, float(np.abs(array).max())))
