"""NPZ archives, looked over entry by entry before NumPy sees a byte: nothing is
unpickled, nothing is larger than it says."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import IO, Any

import numpy as np

from proofs_checks.errors import InputError
from proofs_checks.wording import short

MAX_MEMBERS = 1000
MAX_HEADER = 10_000
KINDS = "biufcUS"
_ENTRY = b"PK\x01\x02"  # before each member in the directory of a ZIP archive (APPNOTE 4.3.12)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what numpy.savez and numpy.savez_compressed write
_SAVE = "Save it again with numpy.savez."


def arrays_of(raw: bytes, name: str, most: int) -> dict[str, np.ndarray]:
    """The arrays of an archive, by name.

    Args:
        raw: The archive's bytes.
        name: What the messages call it.
        most: How many bytes it may unpack to.
    Raises:
        InputError: no archive or one that is cut off; a member that is encrypted,
            packed by another method, no array, one of Python objects, or of another
            size than it says; no array at all; or more than ``most`` bytes unpacked.
    """
    if raw.count(_ENTRY) > 2 * MAX_MEMBERS:  # before a million entries become a million objects
        raise InputError(f"{name} holds too many members; at most {MAX_MEMBERS} arrays are read.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except Exception:  # noqa: BLE001  whatever zipfile makes of bytes that are no archive
        raise InputError(f"{name} is no NPZ archive (or is cut off). Save it with numpy.savez.") from None
    with archive:
        members = archive.infolist()
        _require_fit(members, name, most)
        arrays = {member.filename.removesuffix(".npy"): _array(archive, member, name) for member in members}
    if not arrays:
        raise InputError(f"{name} holds no array.")
    return arrays


def _require_fit(members: list[zipfile.ZipInfo], name: str, most: int) -> None:
    """Refuse by what the directory says, before anything is unpacked."""
    if len(members) > MAX_MEMBERS:
        raise InputError(f"{name} holds {len(members)} members; at most {MAX_MEMBERS} arrays are read.")
    if (size := sum(member.file_size for member in members)) > most:
        raise InputError(f"{name} unpacks to {size} bytes; at most {most} are read. --max-bytes raises the limit.")
    seen: set[str] = set()
    for member in members:
        where = f"{short(member.filename, 60)} in {name}"
        if member.filename in seen:
            raise InputError(f"{where} stands twice. {_SAVE}")
        if not member.filename.endswith(".npy"):
            raise InputError(f"{where} is no array: its name does not end in .npy. {_SAVE}")
        if member.flag_bits & 0x1:
            raise InputError(f"{where} is encrypted. Save it without a password.")
        if member.compress_type not in _METHODS:
            raise InputError(
                f"{where} is packed by method {member.compress_type}; stored or deflated ones are read. {_SAVE}"
            )
        seen.add(member.filename)


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> np.ndarray:
    where = f"{short(member.filename, 60)} in {name}"
    try:
        with archive.open(member) as stream:
            shape, fortran, dtype = _header(stream, where)
            size = _size(shape, dtype, where)
            if (present := member.file_size - stream.tell()) != size:
                raise InputError(f"{where} promises {size} bytes of numbers and holds {present}. Is the file complete?")
            body = bytearray(stream.read(size))
            if len(body) != size or stream.read(1):
                raise InputError(f"{where} ends too early. Is the file complete?")
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  what zlib, zipfile or a tokenizer make of damaged bytes
        raise InputError(f"{where} cannot be unpacked ({type(error).__name__}: {str(error)[:100]}). {_SAVE}") from None
    array = np.frombuffer(body, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    _require_text(array, where)
    return array


def _header(stream: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype, of which nothing is believed yet."""
    from numpy.lib import format as npy

    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        version = npy.read_magic(stream)
        shape, fortran, dtype = readers[version](stream, max_header_size=MAX_HEADER)
    except (zipfile.BadZipFile, zlib.error):
        raise
    except Exception:  # noqa: BLE001  a tokenizer, a parser and a constructor of dtypes meet a stranger's text
        raise InputError(f"{where} is no array: its header does not parse. {_SAVE}") from None
    if dtype.kind not in KINDS:
        hint = (
            "Arrays of Python objects are pickles, which are never read: convert them to numbers."
            if dtype.hasobject
            else ""
        )
        raise InputError(f"{where} holds {short(str(dtype))}; numbers and texts are read. {hint}".rstrip())
    return shape, fortran, dtype


def _size(shape: tuple[int, ...], dtype: np.dtype[Any], where: str) -> int:
    """How many bytes the numbers take."""
    if len(shape) > 32 or any(isinstance(n, bool) or not 0 <= n < 2**40 for n in shape) or dtype.itemsize == 0:
        raise InputError(f"Expected a shape of numbers in {where}, got {short(shape)} of {dtype}.")
    if 0 in shape and max(shape) > 2**20:  # an empty array becomes as many lists as its other sides say
        raise InputError(f"{where} is empty, of shape {short(shape)}.")
    return math.prod(shape) * dtype.itemsize


def _require_text(array: np.ndarray, where: str) -> None:
    """Texts consist of characters: four bytes that are none would break whoever prints
    them."""
    if array.dtype.kind == "U" and array.size:
        codes = np.ascontiguousarray(array).reshape(-1).view(np.dtype("u4").newbyteorder(array.dtype.byteorder))
        if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
            raise InputError(f"{where} holds text that is no Unicode. {_SAVE}")
