"""Arrows between the floors run one way, and reading the catalogue loads nothing heavy. Both are read off the source or a process."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("sympy", "hypothesis", "networkx", "torch")
FORBIDDEN = {
    "theory": {"numerics", "proofs_checks", "torch"},
    "numerics": {"theory", "proofs_checks", "sympy", "flint", "msgspec"},
    "proofs_checks": set(),
}
ABOVE = {"tests", "benchmarks", "examples"}
LIGHT = {
    "cyclopts",
    "msgspec",
    "rich",
    "jinja2",
    "flint",
    "matplotlib",
    "platformdirs",
    "latex2mathml",
}  # not at the top of what measures


def imported(path: Path, *, top: bool = False) -> set[str]:
    """The packages that a file imports, anywhere in it or, with ``top``, when it is loaded."""
    found: set[str] = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")), top=top):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {str(node.module)}
    return {name.partition(".")[0] for name in found}


def _statements(tree: ast.AST, *, top: bool) -> list[ast.AST]:
    if not top:
        return list(ast.walk(tree))
    found: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        guarded = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not guarded and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            found += [node, *_statements(node, top=True)]
    return found


def violations(root: Path) -> list[str]:
    """Every import that runs against the arrows, as ``file: package``."""
    found = []
    for floor, banned in FORBIDDEN.items():
        for path in sorted((root / floor).rglob("*.py")):
            found += [f"{path.relative_to(root)}: {name}" for name in sorted(imported(path) & (banned | ABOVE))]
    return found


def test_the_floors_import_downwards_only() -> None:
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("floor", "line"),
    [
        ("theory", "import torch"),
        ("theory", "def f():\n    from numerics.random import Stream"),
        ("numerics", "import sympy as sp"),
        ("numerics", "from theory import balls"),
        ("numerics", "if True:\n    import proofs_checks.kernel"),
        ("proofs_checks", "from tests import laws"),
    ],
)
def test_an_import_against_the_arrows_is_caught_wherever_it_hides(floor: str, line: str, tmp_path: Path) -> None:
    (tmp_path / floor).mkdir()
    (tmp_path / floor / "innocent.py").write_text(f'"""Innocent."""\n\n{line}\n', encoding="utf-8")
    assert len(violations(tmp_path)) == 1


def test_flint_is_loaded_by_one_module_alone() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for floor in FORBIDDEN
        for path in sorted((ROOT / floor).rglob("*.py"))
        if "flint" in imported(path, top=True)
    ]
    assert found == ["theory/balls.py"]


def test_pages_of_code_load_nothing_that_measuring_lacks() -> None:
    pages = [
        path
        for path in sorted((ROOT / "proofs_checks" / "catalogue").rglob("*.py"))
        if path.parent.parent.name == "catalogue"
    ]
    modules = [
        *pages,
        *(
            ROOT / "proofs_checks" / f"{name}.py"
            for name in ("checks", "kernel", "evidence", "results", "claim", "page", "measure", "terminal")
        ),
    ]
    assert [f"{path.name}: {name}" for path in modules for name in sorted(imported(path, top=True) & LIGHT)] == []


@pytest.mark.parametrize(
    "code",
    [
        "from proofs_checks import claims; print(claims)",
        "from proofs_checks import claims; print(claims.search('a'), dir(claims), [claim.explain() for claim in claims.values()])",
        "from proofs_checks import claims; [repr(claim.controls) + claim._repr_html_() for claim in claims.values()]; claims._repr_html_()",
        "from proofs_checks.cli import main; main(['list'])",
        "from proofs_checks.cli import main; main(['list', '--json'])",
        "from proofs_checks.cli import main; from proofs_checks import claims; main(['show', next(iter(claims))])",
        "from proofs_checks.cli import main; main(['errata'])",
        "from proofs_checks.cli import main; main(['verify', '--help'])",
        "import proofs_checks.test_claims",
    ],
)
def test_reading_loads_nothing_heavy(code: str) -> None:
    told = f"{code}\nimport sys\nsys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
