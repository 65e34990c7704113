"""Large and odd files, each handed to the command line in a process of its own: ``python refusals.py [CASE ...]``.

For every file: the exit code, seconds of processor time and peak memory; a refusal is to take at most 10 s and 1 GB.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
SIZE = 64 * 2**20 - 64
COMMANDS = ("import", "replay")
SECONDS, MEGABYTES = 10.0, 1024
Z2 = {"group": {"generators": ["r"], "relations": ["r^2"]}}


def _bomb(member: bytes, names: int = 1) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for k in range(names):
            made.writestr(f"a{k}.npy", member)
    return buffer.getvalue()


def _zeros(count: int, names: int = 1) -> bytes:
    member = io.BytesIO()
    np.save(member, np.zeros(count))
    return _bomb(member.getvalue(), names)


def _with(entry: Any) -> bytes:
    return json.dumps({**Z2, "representations": {"A": {"r": entry}}}).encode()


CASES: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "too-large": ("group", ".json", lambda: b"[" + b" " * 2**26 + b"]"),
    "brackets": ("group", ".json", lambda: b"[" * SIZE),
    "empty-lists": ("group", ".json", lambda: b"[" + b"[]," * (SIZE // 4) + b"[]]"),
    "many-lists": ("group", ".json", lambda: b"[" + b"[]," * 1_040_000 + b"[]]"),
    "many-objects": ("equivariance", ".json", lambda: b'{"x": [' + b'{"a":1},' * 1_000_000 + b"{}]}"),
    "many-numbers": ("equivariance", ".json", lambda: b'{"map": {"weight": [' + b"1.5," * 2_000_000 + b'"x"]}, "actions": {}}'),
    "many-rows": ("equivariance", ".json", lambda: b'{"map": {"weight": [' + b"[1.5,2.5]," * 650_000 + b"[1]]}, \"actions\": {\"r\": {\"input\": [0], \"output\": [0]}}}"),
    "long-text": ("representation", ".json", lambda: json.dumps({**Z2, "title": "\U0001f600" * (SIZE // 16), "x": 1}).encode()),
    "wide-csv": ("group", ".csv", lambda: b"10," * 2_000_000 + b"1"),
    "long-csv": ("group", ".csv", lambda: b"1\n" * (SIZE // 2)),
    "one-cell": ("group", ".csv", lambda: b"x" * SIZE),
    "zip-bomb": ("group", ".npz", lambda: _zeros(2**25)),
    "zip-bombs": ("group", ".npz", lambda: _zeros(2**21, 20)),
    "zip-of-250-mb": ("equivariance", ".npz", lambda: _zeros(31 * 2**20)),
    "many-members": ("group", ".npz", lambda: _bomb(b"", 60_000)),
    "costly-number": ("representation", ".json", lambda: _with("*".join(["(1+zeta(2310)+zeta(2310)^7)"] * 100))),
    "costly-numbers": ("representation", ".json", lambda: _with([["*".join(["(1+zeta(210)+zeta(210)^11)"] * 60)] * 40] * 40)),
    "large-field": ("representation", ".json", lambda: _with([[f"zeta({2310 - k - j})" for k in range(30)] for j in range(30)])),
    "large-products": ("representation", ".json", lambda: json.dumps({
        "group": {"generators": ["r"], "relations": ["r^60"]},
        "representations": {"A": {"r": [[f"1+zeta(997)^{j * k}" for k in range(12)] for j in range(12)]}},
    }).encode()),
    "power": ("representation", ".json", lambda: _with("(3^64)^64")),
    "long-relation": ("group", ".json", lambda: json.dumps({"generators": ["r"], "relations": ["r^99999999999"]}).encode()),
    "infinite-group": ("group", ".json", lambda: json.dumps({"generators": ["r", "s"], "relations": ["r^7", "s^3", "r*s*r*s"]}).encode()),
    "many-relations": ("group", ".json", lambda: json.dumps({"generators": ["r", "s"], "relations": ["r^2"] * 50_000}).encode()),
    "long-relations": ("group", ".json", lambda: json.dumps({"generators": ["r"], "relations": [f"r^{k}" for k in range(1000, 2000)] * 100}).encode()),
    "many-generators": ("group", ".json", lambda: json.dumps({"generators": [f"g{k}" for k in range(4000)], "relations": ["g0^2"]}).encode()),
    "long-permutation": ("group", ".json", lambda: json.dumps({"permutations": {"a": [*range(1, 100_000), 0]}}).encode()),
    "large-table": ("representation", ".json", lambda: json.dumps({
        "group": {"generators": ["r"], "relations": ["r^1021"]}, "representations": {"A": {"r": 1}},
    }).encode()),
    "many-elements": ("representation", ".json", lambda: json.dumps({
        "group": {**Z2["group"], "elements": {f"a{k}": "r" for k in range(100_000)}}, "representations": {"A": {"r": 1}},
    }).encode()),
    "long-words": ("equivariance", ".json", lambda: json.dumps({
        "map": {"weight": [[1.5] * 600]}, "actions": {"r": {"input": [*range(1, 600), 0], "output": "trivial"}},
        "relations": [f"r^{k}" for k in range(1, 700)],
    }).encode()),
    "long-record": ("import", ".jsonl", lambda: b'{"why": "' + b"y" * (SIZE // 2) + b'"}'),
    "deep-record": ("import", ".jsonl", lambda: b"[" * SIZE),
    "many-records": ("import", ".jsonl", lambda: b"{}\n" * 1_000_000),
    "deep-replay": ("replay", ".json", lambda: b'{"a":' * (SIZE // 5)),
    "large-group": ("group", ".json", lambda: json.dumps({"permutations": {"a": [*range(1, 12), 0], "b": [1, 0, *range(2, 12)]}}).encode()),
}  # fmt: skip


def measured(kind: str, path: Path) -> dict[str, Any]:
    """One command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "proofs_checks", *([kind] if kind in COMMANDS else ["audit", kind]), str(path)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )  # fmt: skip
    assert process.stdout is not None
    text = process.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    return {
        "code": os.waitstatus_to_exitcode(status), "seconds": round(used.ru_utime + used.ru_stime, 1),
        "wall": round(time.monotonic() - began, 1), "mb": used.ru_maxrss // 1024, "said": text.strip()[-160:],
        "failed": "itself failed" in text or "Traceback" in text,
    }  # fmt: skip


def main(names: list[str]) -> int:
    """Run the cases, print a line each, and the worst."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names or CASES:
            kind, suffix, make = CASES[name]
            path = Path(folder) / f"{name}{suffix}"
            path.write_bytes(make())
            found[name] = measured(kind, path)
            path.unlink()
            print(name, json.dumps(found[name]), flush=True)
    refused = [one for one in found.values() if one["code"] == 2]
    bad = [name for name, one in found.items() if one["failed"] or one["code"] not in (0, 1, 2, 3)]
    late = [
        name for name, one in found.items() if one["code"] == 2 and (one["seconds"] > SECONDS or one["mb"] > MEGABYTES)
    ]
    worst = {name: max((one[name] for one in refused), default=0) for name in ("seconds", "mb")}
    print(
        json.dumps(
            {
                "files": len(found),
                "refused": len(refused),
                "internal failures": bad,
                "beyond the limits": late,
                "worst refusal": worst,
            }
        )
    )
    return bool(bad or late)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
