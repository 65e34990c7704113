"""Arrows between the floors run one way, and reading the catalogue loads nothing heavy. Both are read off the source or a process."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Collection, Mapping
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


ROOMS = {  # each may import those before it, and itself
    "theory": [
        {"arithmetic"},
        {"proof"},
        {"distributions", "groups", "likelihoods", "compression", "hyperbolic", "latents"},
        {"representations"},
        {"detection", "transports"},
    ],
    "numerics": [
        {"errors"},
        {"blocks", "streams", "bounds", "rounding", "quadrature", "roots", "log_tails"},
        {"distributions", "statistics", "representations", "likelihoods", "compression", "hyperbolic"},
        {"transports", "latents"},
        {"detection"},
    ],
    "proofs_checks": [
        {"errors", "wording"},
        {"kernel"},
        {"exits", "findings", "strategies"},
        {"inputs"},
        {"catalogue"},
        {"claim"},
        {"run", "audits"},
        {""},  # the face: claims and assert_claim
        {"report"},
        {"cli", "measure", "test_claims"},
        {"__main__"},
    ],
}


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
        if not _guarded(node) and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            found += [node, *_statements(node, top=True)]
    return found


def _guarded(node: ast.AST) -> bool:
    """Whether a statement is read by type checkers alone."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def violations(root: Path) -> list[str]:
    """Every import that runs against the arrows, as ``file: package``."""
    found = []
    for floor, banned in FORBIDDEN.items():
        for path in sorted((root / floor).rglob("*.py")):
            found += [f"{path.relative_to(root)}: {name}" for name in sorted(imported(path) & (banned | ABOVE))]
    return found


def import_graph(root: Path) -> dict[str, set[str]]:
    """Which module of the three floors names which in an import statement, inside functions too, for type checkers alone not."""
    paths = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for floor in FORBIDDEN
        for path in sorted((root / floor).rglob("*.py"))
    }
    return {module: _named(path, paths.keys()) - {module} for module, path in paths.items()}


def _named(path: Path, modules: Collection[str]) -> set[str]:
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {
                full if (full := f"{node.module}.{alias.name}") in modules else str(node.module) for alias in node.names
            }
        waiting += [child for child in ast.iter_child_nodes(node) if not _guarded(child)]
    return found & set(modules)


def upward(graph: Mapping[str, set[str]]) -> list[str]:
    """Every import from a room to one that stands beside or above it, as ``module -> module``; unknown rooms too."""
    level = {(floor, room): k for floor, rows in ROOMS.items() for k, row in enumerate(rows) for room in row}
    found = [f"{module} stands in no room" for module in sorted(graph) if _room(module) not in level and "." in module]
    for module in sorted(graph):
        for other in sorted(graph[module]):
            (floor, room), (floor_below, room_below) = _room(module), _room(other)
            if floor == floor_below and room != room_below and {(floor, room), (floor, room_below)} <= set(level):
                higher = level[floor, room_below] >= level[floor, room]
                found += [f"{module} -> {other}"] if higher else []
    return found


def _room(module: str) -> tuple[str, str]:
    floor, _, rest = module.partition(".")
    return floor, rest.partition(".")[0]


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The sets of modules each of which reaches every other by imports."""
    reached = {module: _reached(graph, module) for module in graph}
    found = {
        frozenset({module, *(other for other in reached[module] if module in reached[other])})
        for module in graph
        if module in reached[module]
    }
    return sorted(sorted(circle) for circle in found)


def _reached(graph: Mapping[str, set[str]], module: str) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def test_the_floors_import_downwards_only() -> None:
    assert violations(ROOT) == []


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return import_graph(ROOT)


def test_the_rooms_of_every_floor_import_downwards_only(graph: dict[str, set[str]]) -> None:
    assert len(graph) > 150
    assert upward(graph) == []


def test_no_modules_import_each_other_in_a_circle(graph: dict[str, set[str]]) -> None:
    assert circles(graph) == []


@pytest.mark.parametrize(
    ("floor", "line"),
    [
        ("theory", "import torch"),
        ("theory", "def f():\n    from numerics.streams import Stream"),
        ("numerics", "import sympy as sp"),
        ("numerics", "from theory.proof import balls"),
        ("numerics", "if True:\n    import proofs_checks.kernel.judging"),
        ("proofs_checks", "from tests import laws"),
    ],
)
def test_an_import_against_the_arrows_is_caught_wherever_it_hides(floor: str, line: str, tmp_path: Path) -> None:
    (tmp_path / floor).mkdir()
    (tmp_path / floor / "innocent.py").write_text(f'"""Innocent."""\n\n{line}\n', encoding="utf-8")
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("theory.arithmetic.cyclotomic", "from theory.proof import balls"),
        ("theory.groups.axioms", "import theory.representations.intertwiners"),
        ("theory.hyperbolic.models", "def f():\n    from theory.latents.twins import hadamard"),
        ("theory.transports.triangular", "from theory.detection.roc import area"),
        ("numerics.quadrature", "from numerics.distributions.mass import weigh"),
        ("numerics.statistics.copulas", "if True:\n    from numerics.distributions import joint"),
        ("numerics.transports.panels", "from numerics.detection.roc import area"),
        ("proofs_checks.kernel.judging", "from proofs_checks.findings import Finding"),
        ("proofs_checks.inputs.files", "from proofs_checks.audits import KINDS"),
        ("proofs_checks.claim.claim", "def f():\n    from proofs_checks.run import results"),
        ("proofs_checks.audits.report_files", "from proofs_checks.report.view import Run"),
        ("proofs_checks.run.checks", "from proofs_checks.audits import KINDS"),
        ("proofs_checks.run.checks", "from proofs_checks import claims"),
    ],
)
def test_an_import_from_a_higher_room_is_caught(module: str, line: str, tmp_path: Path) -> None:
    planted(
        tmp_path,
        "theory.proof.balls",
        "theory.representations.intertwiners",
        "theory.latents.twins",
        "theory.detection.roc",
    )
    planted(
        tmp_path,
        "numerics.distributions.mass",
        "numerics.distributions.joint",
        "numerics.detection.roc",
    )
    planted(
        tmp_path,
        "proofs_checks",
        "proofs_checks.findings",
        "proofs_checks.audits",
        "proofs_checks.run.results",
        "proofs_checks.report.view",
    )
    found = upward(import_graph(tmp_path))
    planted(tmp_path, module, text=line)
    assert [text for text in upward(import_graph(tmp_path)) if text not in found and module in text]


def test_a_module_outside_the_rooms_is_caught(tmp_path: Path) -> None:
    planted(tmp_path, "numerics.streams", "numerics.newcomer")
    assert upward(import_graph(tmp_path)) == ["numerics.newcomer stands in no room"]


@pytest.mark.parametrize("inside", ["", "def f():\n    ", "if True:\n    "])
def test_a_circle_is_caught_wherever_it_hides(inside: str, tmp_path: Path) -> None:
    planted(tmp_path, "theory.proof.a", text="from theory.proof import b")
    planted(tmp_path, "theory.proof.b", text="import theory.proof.c")
    planted(tmp_path, "theory.proof.c", text="if TYPE_CHECKING:\n    from theory.proof.a import x")
    assert circles(import_graph(tmp_path)) == []
    planted(tmp_path, "theory.proof.c", text=f"{inside}from theory.proof.a import x")
    assert circles(import_graph(tmp_path)) == [["theory.proof.a", "theory.proof.b", "theory.proof.c"]]


def planted(root: Path, *modules: str, text: str = "") -> None:
    for module in modules:
        folder = root.joinpath(*module.split("."))
        path = folder / "__init__.py" if module.count(".") == 0 or folder.is_dir() else folder.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""Planted."""\n\n{text}\n', encoding="utf-8")


def test_flint_is_loaded_by_one_module_alone() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for floor in FORBIDDEN
        for path in sorted((ROOT / floor).rglob("*.py"))
        if "flint" in imported(path, top=True)
    ]
    assert found == ["theory/proof/balls.py"]


def test_pages_of_code_load_nothing_that_measuring_lacks() -> None:
    pages = [
        path
        for path in sorted((ROOT / "proofs_checks" / "catalogue").rglob("*.py"))
        if path.parent.parent.name == "catalogue"
    ]
    modules = [
        *pages,
        *(
            path
            for room in ("kernel", "claim")
            for path in sorted((ROOT / "proofs_checks" / room).glob("*.py"))
            if path.stem not in ("page_schema", "lecture")
        ),  # page.py can do without the first, and nothing that measures reads the second
        *(
            ROOT / "proofs_checks" / f"{name}.py"
            for name in ("run/checks", "run/results", "run/interactive", "run/in_process", "measure", "report/terminal")
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
