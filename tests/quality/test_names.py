"""Names say what a function is or does: nouns or imperatives, and no bare participles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADJECTIVES = {
    "certified": "the route of a page that bears the name of its verdict",
    "measured": "a page's evidence, as docs/writing-a-claim.md introduces it",
    "tested": "a page's evidence",
    "enclosed": "a page's evidence",
    "undecided": "a page's evidence",
}
IRREGULAR = frozenset(
    [
        "begun",
        "born",
        "bought",
        "brought",
        "built",
        "caught",
        "chosen",
        "done",
        "drawn",
        "fed",
        "fought",
        "found",
        "given",
        "gone",
        "grown",
        "held",
        "hidden",
        "kept",
        "known",
        "lent",
        "lost",
        "made",
        "meant",
        "met",
        "said",
        "seen",
        "sent",
        "shown",
        "sought",
        "sold",
        "spent",
        "taken",
        "taught",
        "thought",
        "thrown",
        "told",
        "won",
        "worn",
        "woven",
        "written",
    ]
)
PREDICATES = ("bool", "Tensor")  # of these a participle is a question that is answered: decided, settled, resolved
IMPERATIVES = frozenset({"embed", "feed", "proceed", "seed", "speed"})


def public_functions() -> Iterator[tuple[str, str, ast.FunctionDef]]:
    """File, name and definition of every function and method without an underscore,
    those inside of functions left out."""
    for room in ("theory", "numerics", "proofs_checks"):
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            for holder in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
                for node in holder.body:
                    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                        yield str(path.relative_to(ROOT)), node.name, node


def is_participle(name: str) -> bool:
    """One word that is a past participle by its form."""
    return "_" not in name and name not in IMPERATIVES and (name.endswith("ed") or name in IRREGULAR)


def answers_a_question(node: ast.FunctionDef) -> bool:
    """A property or a method that returns truth values."""
    return node.returns is not None and ast.unparse(node.returns) in PREDICATES


def test_no_function_is_named_by_a_bare_participle() -> None:
    wrong = [
        f"{file}: {name}"
        for file, name, node in public_functions()
        if is_participle(name) and name not in ADJECTIVES and not answers_a_question(node)
    ]
    assert not wrong, "\n".join(["name these by a noun or an imperative:", *wrong])


def test_what_is_excepted_is_there() -> None:
    assert ADJECTIVES.keys() <= {name for _, name, _ in public_functions()}
