"""Files are bounded before they are read; what cannot be read is refused in a sentence that names it."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks import exits
from proofs_checks.errors import InputError
from proofs_checks.inputs import files
from proofs_checks.inputs.files import (
    limited_to,
    parse_json,
    quoted_name,
    read_arrays,
    read_bytes,
    read_json,
    read_text,
    short,
)
from proofs_checks.run.interactive import Catalogue


def test_regular_files_alone_are_read(tmp_path: Path) -> None:
    plain, link, links = tmp_path / "plain", tmp_path / "link", tmp_path / "links"
    plain.write_bytes(b"12")
    link.symlink_to(plain)
    links.symlink_to(link)
    os.mkfifo(tmp_path / "pipe")
    assert read_bytes(plain) == read_bytes(link) == b"12"
    for path, words in (
        (links, "a link to a link"),
        (tmp_path / "pipe", "no regular file"),
        (tmp_path, "it is a folder"),
        (Path("/dev/zero"), "no regular file"),
        (Path("/proc/self/environ"), "no regular file"),
        (tmp_path / "missing", "No file"),
        (tmp_path / ("x" * 5000), "too long"),
        (tmp_path / "a\0b", "null"),
    ):
        with pytest.raises(InputError, match=words):
            read_bytes(path)


def test_a_size_is_refused_before_a_byte_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.json"
    with path.open("wb") as file:
        file.truncate(files.MAX_BYTES + 1)
    with pytest.raises(
        InputError, match=f"at most {files.MAX_BYTES} are read. --max-bytes {files.MAX_BYTES + 1} reads it"
    ):
        read_text(path)
    with limited_to(files.MAX_BYTES + 1), pytest.raises(InputError, match="is not JSON"):
        read_json(path)
    with limited_to(10), pytest.raises(InputError, match="holds some 4 values"):
        parse_path(tmp_path, "[1,2,3,4]")
    with pytest.raises(InputError, match="positive number"), limited_to(0):
        pass


def parse_path(folder: Path, text: str) -> object:
    path = folder / "some.json"
    path.write_text(text, encoding="utf-8")
    return read_json(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 70 + "]" * 70, "nested too deeply: at most 64"),
        ("[" * 5000, "nested too deeply"),
        ("[1,\n" + "9" * 5000 + "]", "a number of 5000 digits at line 2, column 1"),
        ("[0." + "3" * 500 + "]", "500 digits"),
        ("[1e999]", "finite"),
        ("[NaN]", "holds NaN"),
        ('{"a": 1, "a": 2}', "twice"),
        ('["\\ud800"]', "half of a pair of surrogates"),
        ("[1", "ends too early"),
    ],
)  # fmt: skip
def test_json_that_unfolds_into_too_much_is_refused(text: str, words: str) -> None:
    for exact in (True, False):
        with pytest.raises(InputError, match=words):
            parse_json(text, "some.json", exact=exact)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**30), 10**30))
def test_numbers_are_read_as_they_are_written(number: float, whole: int) -> None:
    read = parse_json(json.dumps([number, whole, "\U0001f600"]), "some.json")
    assert read == [number, whole, "\U0001f600"]


def npz(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def headed(header: str, tail: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + tail


def described(descr: str, shape: str, tail: bytes = b"") -> bytes:
    return headed(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}", tail)


EIGHT = bytes(8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npz(("a.npy", b"hello")), "its header does not parse"),
        (npz(("a.npy", headed("{'descr': '<f8', 'shape': (1, '''"))), "its header does not parse"),
        (npz(("a.npy", headed("(" * 900))), "its header does not parse"),
        (npz(("a.npy", described("'<f8'", "(1000000000000,)"))), "promises 8000000000000 bytes of numbers and holds 0"),
        (npz(("a.npy", described("'<f8'", "(2,)", EIGHT))), "promises 16 bytes of numbers and holds 8"),
        (npz(("a.npy", described("'<f8'", "(-1,)"))), "Expected a shape"),
        (npz(("a.npy", described("'<f8'", "(True,)", EIGHT))), "header does not parse|Expected a shape"),
        (npz(("a.npy", described("'<U0'", "(9999999999,)"))), "Expected a shape"),
        (npz(("a.npy", described("'<f8'", "(9999999999, 0)"))), "is empty, of shape"),
        (npz(("a.npy", described("'|O'", "(1,)", EIGHT))), "pickles, which are never read"),
        (npz(("a.npy", described("[('a', '<f8')]", "(1,)", EIGHT))), "numbers and texts are read"),
        (npz(("a.npy", described("'<U1'", "(2,)", b"\x00\xd8\x00\x00a\x00\x00\x00"))), "no Unicode"),
        (npz(("a.npy", described("'>U1'", "(1,)", b"\xff\xff\xff\xff"))), "no Unicode"),
        (npz(("a.txt", b"hello")), "does not end in .npy"),
        (npz(("a.npy", npy(np.eye(2))), method=zipfile.ZIP_LZMA), "packed by method 14"),
        (npz(("a.npy", npy(np.eye(2)))).replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"), "encrypted"),
        (npz(("a.npy", npy(np.eye(2)))).replace(npy(np.eye(2))[-8:], b"\x01" * 8), "cannot be unpacked"),
        (npz(("a.npy", npy(np.zeros(2**20))), method=zipfile.ZIP_DEFLATED), "unpacks to 8388736 bytes"),
        (npz(*((f"{k}.npy", b"") for k in range(1001))), "1001 members"),
        (npz(*((f"{k}.npy", b"") for k in range(3000))), "too many members"),
        (npz(), "holds no array"),
        (b"PK\x03\x04 and no more", "no NPZ archive"),
    ],
)  # fmt: skip
def test_archives_are_looked_over_before_numpy_sees_them(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "some.npz"
    path.write_bytes(content)
    with limited_to(2**20), pytest.raises(InputError, match=words):
        read_arrays(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saves_is_read_back(save: Callable[..., None], tmp_path: Path) -> None:
    arrays = {
        "a": np.arange(6.0).reshape(2, 3), "b": np.asfortranarray(np.arange(6).reshape(2, 3)), "c": np.array(["é", "ab"]), "d": np.array(3), "e": np.zeros((0, 2)),
        "f": np.array([1, 2], dtype=">i2"), "g": np.array([True]), "h": np.array([1 + 2j], dtype=np.complex64), "i": np.array([0.5], dtype=np.float16),
    }  # fmt: skip
    save(tmp_path / "some.npz", **arrays)
    read = read_arrays(tmp_path / "some.npz")
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)
        assert read[name].flags.writeable


def test_any_bytes_of_a_name_are_printed_on_one_line(tmp_path: Path) -> None:
    for raw in (b"new\nline", b"\x1b[31m", b"\xff\xfe", "\u202e".encode(), b"'quoted'"):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw + b".json"))
        path.write_text("{", encoding="utf-8")
        with pytest.raises(InputError) as refused:
            read_bytes(path / "below")
        line = str(refused.value)
        assert line.isprintable()
        assert quoted_name(path).isprintable()


@pytest.mark.parametrize("name", ["new\nline", "\x1b[31m", "\udcff", "\u202e", "x" * 240])
def test_a_name_stands_on_one_line_of_every_message(name: str, tmp_path: Path, call: Callable[..., Any]) -> None:
    """A name of several lines could say what the program did not."""
    data, code = tmp_path / f"{name}.json", tmp_path / f"{name}.py"
    data.write_text("{", encoding="utf-8")
    code.write_text("1/0", encoding="utf-8")
    for command in (["audit", "group", data], ["import", data], ["verify", code], ["audit", "flow", code]):
        outcome = call(*command)
        assert outcome.code == exits.USAGE
        told = [
            line for line in outcome.err.splitlines() if "is code, and is run" not in line and "Running" not in line
        ]
        assert len(told) == 1, told
        assert told[0].isprintable()


def test_a_claim_file_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "\udcff\nodd.name.py"
    path.write_bytes((Path(__file__).parents[1] / "claim_files" / "square.py").read_bytes())
    claim = Catalogue(plugins=False).add_file(path)[0]
    assert claim.id == "odd.name:toy.square"
    assert claim.code_hash


def test_values_are_cut_before_they_are_written_down() -> None:
    assert short([[0] * 10**6] * 3) == repr([[0] * 100] * 3)[:37] + "..."
    assert short({"a": [1, "b"]}) == "{'a': [1, 'b']}"
    assert short(10**5000) == "<int>"


def test_every_audit_of_data_refuses_a_pipe_without_waiting(tmp_path: Path, call: Callable[..., object]) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    for kind in ("group", "representation", "equivariance"):
        outcome = call("audit", kind, tmp_path / "pipe.json")
        assert outcome.code == exits.USAGE
        assert "no regular file" in outcome.err


def test_files_beside_an_empty_folder_that_is_called_sys_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a chroot or a container /sys may be no mount: then all files are on its file system."""
    (tmp_path / "sys").mkdir()
    (tmp_path / "data.json").write_text("[1]", encoding="utf-8")
    monkeypatch.setattr(files, "_PSEUDO", (str(tmp_path / "sys"),))
    assert files.read_text(tmp_path / "data.json") == "[1]"
