"""Reading files from outside: bounded before they are read, never evaluated, every
failure explained.

Every audit, import and replay reads through :func:`read_bytes`: regular files only, a
link followed once, at most
:data:`MAX_BYTES` unless :func:`limited_to` says otherwise. What a document unfolds into
is bounded too.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from proofs_checks.errors import InputError
from proofs_checks.wording import clean, short

if TYPE_CHECKING:
    import numpy as np

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 64  # of lists and objects in each other
MAX_DIGITS = 400
BYTES_PER_VALUE = 32  # a document of n bytes may hold n/32 values, each of which takes at most 250 bytes of memory
UNPACKED = 4  # an archive may unpack to this many times the limit
_LIMIT: ContextVar[int] = ContextVar("limit", default=MAX_BYTES)
_PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".npy", ".joblib", ".ckpt"}
_PSEUDO = ("/proc", "/sys")  # file systems whose files are questions to the kernel
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_LONG = re.compile(rf"\d{{{MAX_DIGITS + 1}}}")


class Decimal(float):
    """A float that remembers how it was written; ``digits`` is how many decimals it
    shows."""

    __slots__ = ("digits",)
    digits: int

    def __new__(cls, literal: str) -> Decimal:
        """From the text in the file.

        Raises:
            InputError: beyond the range of a float.
        """
        value = super().__new__(cls, literal)
        if math.isinf(value):
            raise InputError(f"Expected a finite number that float64 can hold, got {short(literal)}.")
        mantissa, _, exponent = literal.lower().partition("e")
        value.digits = min(len(mantissa.partition(".")[2]) - int(exponent or 0), MAX_DIGITS)
        return value

    def __reduce__(self) -> tuple[Any, ...]:
        return (_decimal, (float(self), self.digits))


def _decimal(value: float, digits: int) -> Decimal:
    made = float.__new__(Decimal, value)
    made.digits = digits
    return made


# -- bytes --------------------------------------------------------------------------------------------------------------


@contextmanager
def limited_to(most: int | None) -> Iterator[None]:
    """Read files of up to ``most`` bytes within; what ``--max-bytes`` does.

    Raises:
        InputError: not a positive number.
    """
    if most is not None and not 0 < most < 2**48:
        raise InputError(f"--max-bytes takes a positive number of bytes, got {most}.")
    token = _LIMIT.set(MAX_BYTES if most is None else most)
    try:
        yield
    finally:
        _LIMIT.reset(token)


def read_bytes(path: str | Path, limit: int | None = None) -> bytes:
    """The bytes of a regular file.

    Args:
        limit: How many at most; what :func:`limited_to` says when left out.
    Raises:
        InputError: no such file, no regular one, unreadable, or too large; the message
            says which, and what to do.
    """
    name, most = quoted_name(path), _LIMIT.get() if limit is None else limit
    try:
        descriptor = _opened(Path(path), name)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            _require_regular(found, name)
            if found.st_size > most:
                raise InputError(_too_large(name, found.st_size, most, raised=limit is None))
            raw = file.read(most + 1)
    except FileNotFoundError:
        raise InputError(f"No file {name}. Check the path; relative paths start at the current folder.") from None
    except (OSError, ValueError) as error:  # ValueError: no path at all, say with a NUL in it
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"Cannot read {name}: {reason}. Check its name and its permissions.") from None
    if len(raw) > most:
        raise InputError(_too_large(name, len(raw), most, raised=limit is None))
    return raw


def _opened(path: Path, name: str) -> int:
    """A descriptor of the file, or of the one that a link names; opening waits for
    nobody at the other end of a pipe."""
    if path.is_dir():
        raise InputError(f"Cannot read {name}: it is a folder. Name a file in it.")
    if path.is_symlink():
        path = path.parent / os.readlink(path)
        if path.is_symlink():
            raise InputError(f"Cannot read {name}: it is a link to a link ({quoted_name(path)}). Name the file itself.")
    flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
    return os.open(path, flags)


def _require_regular(found: os.stat_result, name: str) -> None:
    pseudo = {
        os.stat(place).st_dev for place in _PSEUDO if os.path.ismount(place)
    }  # else a plain folder: in a chroot, say
    if not stat.S_ISREG(found.st_mode) or found.st_dev in pseudo:
        raise InputError(f"Cannot read {name}: it is no regular file (a pipe, a device, or one of the system's own).")


def _too_large(name: str, size: int, most: int, *, raised: bool) -> str:
    hint = f" --max-bytes {size} reads it." if raised else ""
    return f"{name} has {size} bytes; at most {most} are read.{hint}"


def is_file(path: str | Path) -> bool:
    """Whether there is a file of this name; a name that no file can have is that of
    none."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def exists(path: str | Path) -> bool:
    """Whether anything has this name, a pipe or a folder too."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def quoted_name(path: object, limit: int = 200) -> str:
    """A file's name for a message: in quotes, on one line, cut to size, whatever bytes
    it is made of."""
    return short(str(path), limit)


def file_label(path: str | Path, limit: int = 120) -> str:
    """A file's own name for a message, without its folder: on one line, cut to size,
    whatever bytes it is made of."""
    name = clean(Path(path).name)
    return name if len(name) <= limit else f"{name[:limit]}..."


# -- text and JSON ------------------------------------------------------------------------------------------------------


def refuse_pickles(path: Path) -> None:
    """Refuse, by its ending, a file that may hold pickled objects."""
    if path.suffix.lower() in _PICKLES:
        raise InputError(
            f"{file_label(path)} may hold pickled objects, which run code when they are read. Save the arrays with numpy.savez, or write JSON or CSV."
        )


def read_text(path: str | Path, *, blank: bool = False) -> str:
    """The text of a UTF-8 file, without byte-order mark.

    Args:
        blank: Whether the file may be empty.
    Raises:
        InputError: as :func:`read_bytes`; or empty, not UTF-8, or of more cells or
            entries than fit into memory.
    """
    path = Path(path)
    refuse_pickles(path)
    raw = read_bytes(path)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{file_label(path)} is UTF-16. Save it as UTF-8.")
    values = max(sum(raw.count(mark) for mark in b",;\t[{"), raw.count(b"\n"), raw.count(b"\r"))
    most = max(_LIMIT.get() // BYTES_PER_VALUE, 1)
    if values > most:
        raise InputError(
            f"{file_label(path)} holds some {values} values; at most {most} are read. --max-bytes raises the limit."
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file_label(path)} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    if not blank and not text.strip():
        raise InputError(f"{file_label(path)} is empty. Was it saved?")
    return text


def read_json(path: str | Path, *, exact: bool = True) -> Any:
    """The JSON document in a file; see :func:`parse_json`."""
    return parse_json(read_text(path), file_label(path), exact=exact)


def parse_json(text: str, name: str, *, exact: bool = True) -> Any:
    """A JSON document; NaN and infinities are refused, repeated keys too.

    Args:
        name: What the messages call it.
        exact: Whether decimals come as :class:`Decimal`, which remember how they
            were written, or as plain floats.
    Raises:
        InputError: with line and column where the text leaves JSON or a number is too
            long; or nested too deeply.
    """

    def constant(word: str) -> NoReturn:
        raise InputError(f"{name} holds {word}, which is no number. Every entry has to be finite.")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in items:
            if key in out:
                raise InputError(f"{name} names {short(key, 60)} twice in one object; each name may stand once.")
            out[key] = value
        return out

    if (long := _LONG.search(text)) is not None:
        end = re.compile(r"\d*").match(text, long.start())
        line, column = text.count("\n", 0, long.start()) + 1, long.start() - text.rfind("\n", 0, long.start())
        raise InputError(
            f"{name} holds a number of {len(end[0]) if end else MAX_DIGITS} digits at line {line}, column {column}, too long to read; at most {MAX_DIGITS} are."
        )
    try:
        value = json.loads(
            text, parse_constant=constant, parse_float=Decimal if exact else _finite, object_pairs_hook=pairs
        )
    except json.JSONDecodeError as error:
        cut = " It ends too early: is the file complete?" if error.pos >= len(error.doc.rstrip()) else ""
        raise InputError(
            f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.{cut}"
        ) from None
    except RecursionError:
        raise InputError(f"{name} is nested too deeply: at most {MAX_DEPTH} lists in each other are read.") from None
    _require_shallow(value, name)
    if _ESCAPED.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InputError(
                f"{name} holds half of a pair of surrogates (\\ud800 to \\udfff), which is no character."
            ) from None
    return value


def _finite(literal: str) -> float:
    return float(Decimal(literal))


def _require_shallow(value: Any, name: str) -> None:
    level, depth = [value], 0
    while level := [
        item
        for one in level
        for item in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
    ]:
        level = [item for item in level if isinstance(item, (list, dict))]
        depth += 1
        if depth > MAX_DEPTH:
            raise InputError(f"{name} is nested too deeply: at most {MAX_DEPTH} lists in each other are read.")


def require_dense(value: Any, where: str) -> None:
    """Refuse a tensor that holds no numbers to look at (``meta``), or holds them in a
    layout that NumPy does not know."""
    if getattr(value, "is_meta", False):
        raise InputError(f"Expected numbers in {where}, got a tensor on the meta device, which holds none.")
    if str(getattr(value, "layout", "torch.strided")) != "torch.strided":
        raise InputError(f"Expected a dense tensor in {where}, got {value.layout}; .to_dense() makes one.")


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of an NPZ archive, by name; see
    :func:`proofs_checks.inputs.archives.arrays_of`."""
    from proofs_checks.inputs.archives import arrays_of

    return arrays_of(read_bytes(path), file_label(path), UNPACKED * _LIMIT.get())
