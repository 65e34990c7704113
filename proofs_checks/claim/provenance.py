"""Where a record came from: versions of what computed it, and a hash over the
first-party code and data that it ran."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

FIRST_PARTY = ("theory", "numerics", "proofs_checks")
JUDGES = "proofs_checks.run.checks"
DEPENDENCIES = ("sympy", "python-flint", "torch", "numpy", "scipy", "hypothesis", "networkx")


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of every dependency that can change a verdict; those that
    are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in DEPENDENCIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def code_hash(module: str, page: str = "") -> str:
    """SHA-256 over a module's source, its page of data, and every first-party module
    that it can reach by import.

    The module that draws cases and confirms refutations counts as reached. The walk
    reads imports off the syntax tree, those inside functions too, so that nothing is
    imported by asking.
    """
    digest = hashlib.sha256()
    for name, path in sorted({**_closure(module), **_closure(JUDGES)}.items()):
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    if page and Path(page).is_file():
        digest.update(Path(page).read_bytes())
    return digest.hexdigest()


def _closure(module: str) -> dict[str, Path]:
    """Every first-party module that ``module`` reaches by import, itself included, with
    its file."""
    found: dict[str, Path] = {}
    queue = [module]
    while queue:
        name = queue.pop()
        if name in found or (path := _source(name)) is None:
            continue
        found[name] = path
        queue += [other for other in _imports(path, name) if other not in found]
    return found


@cache
def _source(name: str) -> Path | None:
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None):
        return Path(str(loaded.__file__))
    top, *rest = name.split(".")
    if top not in FIRST_PARTY or (spec := find_spec(top)) is None:  # of a dotted name it would import the parent
        return None
    places = [Path(folder, *rest) for folder in spec.submodule_search_locations or ()]
    files = [file for place in places for file in (place.with_name(f"{place.name}.py"), place / "__init__.py")]
    return next((file for file in files if file.is_file()), None)


@cache
def _imports(path: Path, name: str) -> tuple[str, ...]:
    """First-party modules named by the import statements of a file, ``from a import b``
    counted as ``a`` and ``a.b``."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(
                    [*package.split(".")[: len(package.split(".")) - node.level + 1], *([base] if base else [])]
                )
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return tuple(sorted(other for other in found if other.partition(".")[0] in FIRST_PARTY))


def processor() -> str:
    """A short description of the processor, for tables of figures."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    model = next(
        (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    return f"{model}, {os.cpu_count()} cores"
