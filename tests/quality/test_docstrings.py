"""Docstrings of numerics: who takes a tensor says of which shape."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHAPE = re.compile(r"\([^()]*,[^()]*\)|shape|``\(|\ba (?:scalar|float)\b")
REFERENCE = re.compile(r":(?:func|meth|class):`[~.]?([\w.]+)`|\bthe same\b", re.IGNORECASE)
WIDTH = 96  # 88 columns and the indentation of a method's body


def documented() -> Iterator[tuple[str, ast.FunctionDef, str]]:
    """File, definition and docstring (its class's before it) of every public function
    and method of numerics."""
    for path in sorted((ROOT / "numerics").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        holders = [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_"))]
        for holder in holders:
            before = ast.get_docstring(holder) or "" if isinstance(holder, ast.ClassDef) else ""
            for node in holder.body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield str(path.relative_to(ROOT)), node, f"{before}\n{ast.get_docstring(node) or ''}"


def takes_tensors(node: ast.FunctionDef) -> bool:
    arguments = [*node.args.args, *node.args.kwonlyargs]
    written = [ast.unparse(each.annotation) for each in arguments if each.annotation is not None]
    return any("Tensor" in each and "Callable" not in each for each in written)


def test_who_takes_a_tensor_says_of_which_shape() -> None:
    said = {(file, node.name): text for file, node, text in documented()}
    named = {name: text for (_, name), text in said.items()}
    wrong = []
    for file, node, text in documented():
        if not takes_tensors(node) or SHAPE.search(text):
            continue
        other = REFERENCE.search(text)
        if other and other[1] and SHAPE.search(named.get(other[1].split(".")[-1], "")):
            continue
        wrong.append(f"{file}: {node.name}")
    assert not wrong, "\n".join([f"{len(wrong)} functions take tensors of no stated shape:", *wrong])


def prose(text: str) -> Iterator[str]:
    """The lines that are neither a formula nor an example with its output."""
    example = False
    for line in text.split("\n"):
        example = ">>>" in line or (example and bool(line.strip()))
        if not example and "\\" not in line:
            yield line


def test_docstrings_are_88_columns_wide() -> None:
    wide = [
        f"{path.relative_to(ROOT)}: {node.name}: {line.strip()}"
        for top in ("theory", "numerics", "proofs_checks")
        for path in sorted((ROOT / top).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (text := ast.get_docstring(node, clean=False))
        for line in prose(text)
        if len(line) > WIDTH
    ]
    assert not wide, "\n".join(wide)
