"""Reading a stranger's files: bounded, never evaluated, every failure explained."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from proofs_checks.errors import InputError

if TYPE_CHECKING:
    import numpy as np

MAX_BYTES = 64 * 2**20
MAX_UNPACKED = 512 * 2**20
CALL_ERRORS = (  # what a reader's own function commonly raises
    RuntimeError,
    TypeError,
    ValueError,
    IndexError,
    KeyError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,
    ImportError,
    StopIteration,
)


class Decimal(float):
    """A float that remembers how it was written; ``digits`` is how many decimals it shows."""

    digits: int

    def __new__(cls, literal: str) -> Decimal:
        """From the text in the file."""
        value = super().__new__(cls, literal)
        mantissa, _, exponent = literal.lower().partition("e")
        value.digits = len(mantissa.partition(".")[2]) - int(exponent or 0)
        return value


_PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".npy", ".joblib", ".ckpt"}


def refuse_pickles(path: Path) -> None:
    """Refuse, by its ending, a file that may hold pickled objects."""
    if path.suffix.lower() in _PICKLES:
        raise InputError(
            f"{path.name} may hold pickled objects, which run code when they are read. Save the arrays with numpy.savez, or write JSON or CSV."
        )


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"Cannot read {short(str(path), 200)}: it is a folder. Name a file in it.")


def read_text(path: str | Path) -> str:
    """The text of a UTF-8 file, without byte-order mark.

    Raises:
        InputError: no such file, a folder, unreadable, empty, larger than 64 MiB, or not UTF-8.
    """
    path = Path(path)
    refuse_pickles(path)
    try:
        _refuse_folder(path)
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} has {path.stat().st_size} bytes; audits read files up to {MAX_BYTES}.")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"No file {short(str(path), 200)}. Check the path; relative paths start at the current folder."
        ) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"Cannot read {short(str(path), 200)}: {error}. Check its name and its permissions.") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path.name} is UTF-16. Save it as UTF-8.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    if not text.strip():
        raise InputError(f"{path.name} is empty. Was it saved?")
    return text


def read_json(path: str | Path) -> Any:
    """A JSON document; decimals come as :class:`Decimal`, NaN and infinities are refused, repeated keys too.

    Raises:
        InputError: with line and column where the text leaves JSON.
    """
    name = Path(path).name

    def constant(word: str) -> NoReturn:
        raise InputError(f"{name} holds {word}, which is no number. Every entry has to be finite.")

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in items:
            if key in out:
                raise InputError(f"{name} names {key!r} twice in one object; each name may stand once.")
            out[key] = value
        return out

    try:
        return json.loads(read_text(path), parse_constant=constant, parse_float=Decimal, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        cut = " It ends too early: is the file complete?" if error.pos >= len(error.doc.rstrip()) else ""
        raise InputError(
            f"{name} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.{cut}"
        ) from None
    except RecursionError:
        raise InputError(f"{name} is nested too deeply.") from None
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} holds a number that is too long to read: {error}") from None


def require_dense(value: Any, where: str) -> None:
    """Refuse a tensor that holds no numbers to look at (``meta``), or holds them in a layout that NumPy does not know."""
    if getattr(value, "is_meta", False):
        raise InputError(f"Expected numbers in {where}, got a tensor on the meta device, which holds none.")
    if str(getattr(value, "layout", "torch.strided")) != "torch.strided":
        raise InputError(f"Expected a dense tensor in {where}, got {value.layout}; .to_dense() makes one.")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an NPZ archive, by name; arrays of objects, which are pickles, are refused unread.

    Raises:
        InputError: no such file, no archive or one that is cut off, no array, more than 512 MiB unpacked, or arrays of objects.
    """
    import numpy as np

    try:
        _refuse_folder(path)
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_UNPACKED:
            raise InputError(f"{path.name} unpacks to {size} bytes; audits read up to {MAX_UNPACKED}.")
        with np.load(path, allow_pickle=False) as content:
            arrays = {key: content[key] for key in content.files}
    except FileNotFoundError:
        raise InputError(
            f"No file {short(str(path), 200)}. Check the path; relative paths start at the current folder."
        ) from None
    except zipfile.BadZipFile:
        raise InputError(f"{path.name} is no NPZ archive (or is cut off). Save it with numpy.savez.") from None
    except (ValueError, OSError, EOFError, KeyError, zlib.error) as error:
        if isinstance(error, InputError):
            raise
        pickled = "allow_pickle" in str(error) or "Object arrays" in str(error)
        hint = (
            " Arrays of Python objects are pickles, which are never read: convert them to numbers." if pickled else ""
        )
        raise InputError(f"{path.name} cannot be read as arrays of numbers: {error}.{hint}") from None
    if not arrays:
        raise InputError(f"{path.name} holds no array.")
    return arrays


def short(value: object, limit: int = 40) -> str:
    """A value for an error message, cut to size."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
