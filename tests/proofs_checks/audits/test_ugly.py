"""Fifty ugly inputs a kind: each is refused in words that say what came, what was expected and what to write, in seconds and without a traceback."""

from __future__ import annotations

import importlib.util
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import audit, exits
from proofs_checks.audits import KINDS
from proofs_checks.audits.example_calls import LINES, has_line
from proofs_checks.cli import main
from proofs_checks.errors import InputError


def _tables(name: str) -> dict[str, Any]:
    """The tables of a file beside this one, by kind."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module.KINDS


UGLY = {**_tables("ugly_inputs"), **_tables("ugly_models"), **_tables("ugly_symmetry")}
FEWEST, SECONDS, GIGABYTE = 50, 10.0, 1 << 20  # ru_maxrss counts kilobytes
WORDS = 6  # fewer explain nothing


def test_every_kind_has_its_line_and_prose_is_no_line():
    assert set(LINES) == set(KINDS)
    assert all(has_line(line) for line in LINES.values())
    for prose in (
        "Expected 1 to 3 (or more) rows, got shape (2, 3).",
        "log p is nan: 0/0.",
        "at most D = 3 coordinates",
        "Expected a tensor, got Normal(loc=0).",
    ):
        assert not has_line(prose)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_ugly_input_is_refused_in_words(kind):
    table = UGLY[kind]()
    assert len(table) >= FEWEST
    before, wrong = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for name, given in table.items():
        started = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                report = getattr(audit, kind)(**given())
            wrong.append(f"{name}: {report.status.name}")
        except InputError as refused:
            text = str(refused)
            if len(text.split()) < WORDS or "Traceback" in text or len(text) > 1500 or not has_line(text):
                wrong.append(f"{name}: {text[:120]}")
        if time.process_time() - started > SECONDS:
            wrong.append(f"{name}: {time.process_time() - started:.0f} s")
    assert wrong == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GIGABYTE


@pytest.mark.parametrize("kind", sorted(name for name, one in KINDS.items() if one.reads != "data"))
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not define"), ("def broken(:\n", "SyntaxError"), ("1 / 0\n", "ZeroDivisionError"), ("import nothing_of_this_name\n", "ModuleNotFoundError"), ("raise SystemExit(3)\n", "SystemExit"),
    ],
)  # fmt: skip
def test_files_of_code_that_cannot_be_run_are_refused_with_exit_code_2(kind, text, words, tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(text)
    code = main(["audit", kind, str(path)])
    shown = capsys.readouterr()
    if (
        kind in ("pit", "disentangled") and not text
    ):  # each of its arguments may be left out; none at all is refused by the audit
        words = "exactly one of"
    assert code == exits.USAGE
    assert words in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize("kind", sorted(name for name, one in KINDS.items() if one.reads != "code"))
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b""), ("a.json", b"{"), ("a.json", b"\xff\xfe\x00"), ("a.json", b"[" * 900), ("a.json", b"null"), ("a.json", b'{"group": 1e999}'), ("a.npz", b"PK\x03\x04"), ("a.npz", b"no archive"),
        ("a.pkl", b"\x80\x04"), ("a.csv", b"\0\0"), ("a.json", b"1" * 100_000),
    ],
)  # fmt: skip
def test_files_of_data_that_cannot_be_read_are_refused_with_exit_code_2(kind, name, content, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["audit", kind, str(path)]) == exits.USAGE
    assert "Traceback" not in capsys.readouterr().err
