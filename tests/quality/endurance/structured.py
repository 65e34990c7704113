"""Files of every kind that a person may hand in, mostly well formed and spoilt at a place or two. Each kind is read by what reads it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

R = [[0, -1], [1, 0]]
GROUP = {"generators": ["r"], "relations": ["r^2"]}
TEMPLATES: dict[str, list[Any]] = {
    "representation": [
        {"group": GROUP, "representations": {"A": {"r": -1}, "B": {"e": 1, "r": 1}}, "complete": True},
        {"group": {"permutations": {"r": [1, 2, 0]}}, "representations": {"C": {"r": "zeta(3)"}}},
        {"group": {"table": [[0, 1], [1, 0]]}, "representations": {"A": {"1": [[0, 1.0], [1.0, 0]]}}, "accuracy": 1e-9},
        {"group": {"generators": ["r"], "relations": ["r^4"]}, "representations": {"R": {"r": R}}, "characteristic": 5, "title": "t"},
    ],
    "group": [
        [["e", "a"], ["a", "e"]],
        {"table": [[0, 1], [1, 0]], "labels": ["e", "a"], "title": "t"},
        {"permutations": {"r": [1, 2, 0]}},
        GROUP,
    ],
    "equivariance": [
        {"map": {"weight": [[1, 2], [2, 1]], "bias": [0, 0]}, "actions": {"r": {"input": [1, 0], "output": [1, 0]}}, "relations": ["r^2"]},
        {"map": {"weight": [[1.5, 0.25]]}, "actions": {"r": {"input": [[0, 1], [1, 0]], "output": "trivial"}}, "accuracy": 1e-6},
        {"recorded": {"inputs": [[1, 2]], "outputs": [[3]], "moved_outputs": {"r": [[3.0]]}}, "actions": {"r": {"input": [1, 0], "output": "trivial"}}},
    ],
    "findings": [
        {"audit": "group", "subject": "s", "findings": [{"name": "n", "status": "HOLDS", "text": "t", "witness": {"a": 1}}],
         "meaning": "m", "next_step": "n", "facts": {"a": [1, 2]}, "provenance": {"command": "c", "versions": {"torch": "2"}}},
    ],
    "page": [
        {"title": "t", "statement": "x", "plain": "p", "assumptions": ["a"], "source": ["lecture"], "requires": [], "not_proved": ["n"],
         "routes": {"exact": {"shows": "s"}, "numeric": {"shows": "s", "covers": {"D": [1, 8]}, "means": {"x": "w"}}},
         "controls": {"c": {"statement": "f", "routes": ["exact", "numeric"]}}, "objects": {"p": "a density"}, "figure": {"caption": "c"},
         "errata": [{"printed": "p", "corrected": "c", "witness": "c"}], "omissions": [{"item": "i", "reason": "r"}]},
    ],
}  # fmt: skip
SCOPE = {
    "quantifiers": [],
    "exhausted": [],
    "ranges": {"D": [1.0, 1.0]},
    "kinds": {},
    "cases": 1,
    "points": 10,
    "given": [],
    "estimated": [],
    "text": "D = 1",
}
VERDICT = {
    "status": "HOLDS", "route": "numeric", "why": "", "scope": SCOPE, "witness": None, "residual": 0.0, "bound": 1e-12, "margin": 0.0,
    "notes": [], "derivations": ["d"], "obligation": "", "decided": 0, "constructed": 0, "detects": None,
}  # fmt: skip
RECORD = {
    "version": 1, "claim": "square:toy.square", "route": "numeric", "control": "", "k": 1, "case": {"D": 1}, "seed": 0, "profile": "quick",
    "device": "cpu", "device_name": "p", "dtype": "float64", "threads": 1, "versions": {"python": "3"}, "code": "c0de", "verdict": VERDICT,
    "seconds": 0.1, "traceback": None, "first": None,
}  # fmt: skip
TEMPLATES["record"] = [RECORD]
TEMPLATES["edges"] = [[[0, 1], [1, 2]], [["a", "b"]], {"0": [1], "1": [0]}]

DEEP: Any = 1
for _ in range(70):
    DEEP = [DEEP]
HOSTILE = [
    None, True, False, 0, -1, 2**63, -(2**64), 10**299, 10**399, f"1/{'7' * 290}", [[5e-324, 0.0], [0.0, 1e-310]], [[1e308, -1e308]], 0.5, -0.0, 1e308, 5e-324, "", " ", "\x00", "\x1b[31m", "\u202e", "\ud800", "\U000e0001", "a" * 5000,
    "9" * 401, "1/0", "(1+zeta(997))^64", "(3^64)^64", "9^64^64", "zeta(2310)", "zeta(0)", "i", "i^i", "((((", "r^999999999", "r^-1", "e", "r*r", "=", "trivial",
    "NaN", "inf", [], {}, [[]], [[], []], [[1]], [1, [2]], {"": ""}, {"re": 1, "im": 2.5}, {"re": "x", "im": None}, {"fraction": "1/0"},
    {"integer": "9" * 300}, DEEP, [0] * 300, [[0] * 70] * 70, "HOLDS", "REFUTED", "../../etc/passwd", "exact", "cuda", "statistical",
]  # fmt: skip
TOKENS = [
    "NaN", "-Infinity", "1e999", "1e-999", "-1e" + "9" * 30, "9" * 5000, "0." + "3" * 500, "[" * 2000, "{" * 50, '"\\ud800"', "\x00", "\u2028", "//", "'", ",", "]", "}",
    "\ufeff", "1_000", "0x10", "01", "-", "+1", ".5", "1.", "tru",
]  # fmt: skip


class Given(NamedTuple):
    """A file to be: what kind of object it claims to hold, its ending, its bytes."""

    kind: str
    suffix: str
    content: bytes


@st.composite
def spoilt(draw: st.DrawFn, value: Any) -> Any:
    """A template with one to three of its parts replaced, left out, doubled or renamed."""
    value = deepcopy(value)
    for _ in range(draw(st.integers(0, 3))):
        value = _changed(draw, value)
    return value


def _changed(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, (dict, list)) and value and draw(st.integers(0, 5)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw(st.sampled_from(keys))
        match draw(st.sampled_from(["inside", "inside", "inside", "drop", "add", "rename"])):
            case "inside":
                value[key] = _changed(draw, value[key])
            case "drop":
                del value[key]
            case "add" if isinstance(value, list):
                value.append(deepcopy(draw(st.sampled_from([value[key], *HOSTILE]))))
            case _ if isinstance(value, dict):
                value[str(draw(st.sampled_from(["", "e", "r", "s", "r^2", "\ud800", "x" * 300, "\n", *value])))] = (
                    value[key]
                )
        return value
    return deepcopy(draw(st.sampled_from(HOSTILE)))


@st.composite
def text_of(draw: st.DrawFn, value: Any) -> bytes:
    """JSON, now and then spoilt as text or as bytes."""
    text = json.dumps(value)
    if not draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(TOKENS)) + text[at + draw(st.integers(0, 3)) :]
    content = text.encode("utf-8", "surrogatepass")
    if not draw(st.integers(0, 7)):
        at = draw(st.integers(0, len(content)))
        content = draw(
            st.sampled_from(
                [content[:at], content[:at] + b"\xff" + content[at:], b"\xff\xfe" + content, b"", b"\x00" * 8]
            )
        )
    return content


ARRAYS = st.one_of(
    st.sampled_from([np.eye(2), np.eye(2, dtype=np.int64), np.array([[0, 1], [1, 0]]), np.array([[0, 1], [1, 0]], dtype=np.uint8), np.zeros((1, 2, 2))]),
    st.sampled_from([np.array([["e", "a"], ["a", "e"]]), np.array("trivial"), np.array(["r^2"]), np.array(3.5), np.array([]), np.zeros((0, 5)), np.array([1 + 1j])]),
    st.sampled_from([np.array([np.nan, 1.0]), np.array([True, False]), np.array([b"ab"]), np.array(["2020-01-01"], dtype="M8[D]"), np.array([1, 2], dtype=">i4")]),
    st.sampled_from([np.array([[1.0, 2.0]], dtype=np.float16), np.zeros((2,), dtype=[("a", "i4")]), np.array([[2**62, -1], [1, 0]]), np.zeros((1,) * 20)]),
)  # fmt: skip
MEMBERS = [
    "table", "labels", "permutations", "generators", "matrices", "r", "e", "weight", "bias", "inputs", "outputs", "moved_outputs_r", "input_r", "output_r",
    "relations", "accuracy", "\x1b[31m", "../x", "",
]  # fmt: skip
HEADERS = [
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }", b"{'descr': '<f8', 'shape': (1, '''", b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", b"{'descr': '<U0', 'fortran_order': False, 'shape': (9999999999,), }",
    b"(" * 900, b"{'descr': [('a', '<f8', (9,))], 'fortran_order': False, 'shape': (1,), }", b"{'descr': '<U1', 'fortran_order': False, 'shape': (2, 2), }",
    b"{'descr': '<f8', 'fortran_order': False, 'shape': (True,), }", b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 4), }",
]  # fmt: skip
TAILS = [b"", b"\x00" * 8, b"\xff" * 16, b"\x00\xd8\x00\x00" * 4, b"\x00\x00\x11\x00" * 4]


@st.composite
def archive(draw: st.DrawFn) -> bytes:
    """An NPZ file, whose members may be encrypted, damaged, packed otherwise, or no arrays."""
    buffer = io.BytesIO()
    method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]))
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name in draw(st.lists(st.sampled_from(MEMBERS), max_size=4, unique=True)):
            member = io.BytesIO()
            if draw(st.integers(0, 3)):
                np.save(member, draw(ARRAYS))
            else:
                header = draw(st.sampled_from(HEADERS))
                member.write(
                    b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + draw(st.sampled_from(TAILS))
                )
            made.writestr(
                (name + draw(st.sampled_from([".npy", ".npy", ".npy", "", ".txt"]))) or ".", member.getvalue()
            )
    content = bytearray(buffer.getvalue())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.sampled_from([len(content), len(content), len(content) // 2]))])


CELLS = [
    "e",
    "a",
    "0",
    "1",
    "2",
    "",
    " ",
    "*",
    "r",
    "-1",
    "0.5",
    "i",
    "zeta(3)",
    '"',
    "'",
    "9" * 401,
    "1e999",
    "\x00",
    "\x1b",
    "\u202e",
    "NaN",
    "1/2",
    "#",
    "=",
    "A",
]


@st.composite
def table(draw: st.DrawFn) -> bytes:
    """Rows of cells, ragged now and then, under a line of JSON now and then."""
    delimiter, width = draw(st.sampled_from([",", ";", "\t", " "])), draw(st.integers(1, 4))
    cell = st.sampled_from(CELLS)
    rows = draw(
        st.lists(st.lists(cell, min_size=width, max_size=draw(st.sampled_from([width, width, width + 1]))), max_size=5)
    )
    head = draw(
        st.sampled_from(
            ["", "", f"# {json.dumps({'group': GROUP})}\n", "# {\n", f'# {{"accuracy": {"9" * 5000}}}\n', "# [1]\n"]
        )
    )
    text = head + draw(st.sampled_from(["\n", "\r\n", "\r"])).join(delimiter.join(row) for row in rows)
    return text.encode()


@st.composite
def given(draw: st.DrawFn, kinds: tuple[str, ...] = tuple(TEMPLATES)) -> Given:
    """Any file of any kind."""
    kind = draw(st.sampled_from(kinds))
    form = draw(st.sampled_from(["json", "json", "json", "npz", "csv"])) if kind in AUDITS else "json"
    if form == "npz":
        return Given(kind, ".npz", draw(archive()))
    if form == "csv":
        return Given(kind, draw(st.sampled_from([".csv", ".tsv", ".txt"])), draw(table()))
    value = draw(spoilt(draw(st.sampled_from(TEMPLATES[kind]))))
    return Given(kind, ".json", draw(text_of(value)))


AUDITS = ("representation", "group", "equivariance")


def read(one: Given, path: Path) -> None:
    """Hand the file to what reads its kind; whatever is printed is printed too.

    Raises:
        PrealityError: where it is refused.
    """
    path.write_bytes(one.content)
    READERS[one.kind](path)


def _audit(kind: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        from proofs_checks import audit
        from proofs_checks.audits.report_files import to_json
        from proofs_checks.wording import clean_lines

        report = getattr(audit, kind)(path)
        clean_lines(report.text()).encode()
        json.loads(to_json(report))

    return run


def _findings(path: Path) -> None:
    from proofs_checks.audits.report_files import read_audit
    from proofs_checks.report.formats import render_audit_html

    render_audit_html(read_audit(path)).encode()


def _record(path: Path) -> None:
    from proofs_checks.cli.run_commands import _checked_lines
    from proofs_checks.kernel import Verdict
    from proofs_checks.run import records

    for record in _checked_lines(path, _claims()):
        records.encode(record)
        assert Verdict.from_plain(record["verdict"]).scope.text.encode() is not None


def _page(path: Path) -> None:
    from proofs_checks.claim.claim import Claim
    from proofs_checks.claim.page import make_page, read_page

    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError):  # no JSON: it is no TOML either, or it is
        page = read_page(path, "topic.slug", "module")
    else:
        page = make_page(data, "topic.slug", "module", str(path))
    ascii(Claim(page).explain())


def _edges(path: Path) -> None:
    from numerics.hyperbolic.sarkar_trees import rooted_tree
    from proofs_checks.inputs.files import read_json

    try:
        rooted_tree(read_json(path))
    except (TypeError, ValueError):  # which the gate of a claim's check turns into a refusal
        return


def _claims() -> Any:
    from proofs_checks.run.interactive import Catalogue

    if "claims" not in _KEPT:
        _KEPT["claims"] = Catalogue(plugins=False)
        _KEPT["claims"].add_file(Path(__file__).parents[2] / "proofs_checks" / "claim_files" / "square.py")
    return _KEPT["claims"]


_KEPT: dict[str, Any] = {}
READERS: dict[str, Callable[[Path], None]] = {
    **{kind: _audit(kind) for kind in AUDITS}, "findings": _findings, "record": _record, "page": _page, "edges": _edges,
}  # fmt: skip
