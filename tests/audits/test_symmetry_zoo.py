"""Representations and codes: no right one refuted or undecided, every wrong one refuted where it is wrong; the lines of the documentation run."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from preality import audit
from proofs_checks.audits.disentangled import audit_disentangled
from proofs_checks.kernel import Status

ROOT = Path(__file__).resolve().parents[2]
PATH = Path(__file__).parent / "zoo" / "symmetry.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zoo_of_symmetries", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_of_symmetries"] = module
    spec.loader.exec_module(module)
    return module


ZOO = load()


@pytest.mark.parametrize("animal", ZOO.RIGHT, ids=lambda animal: animal.name)
def test_nothing_right_is_refuted_or_undecided(animal) -> None:
    report = audit_disentangled(**animal.make())
    assert [(f.name, f.text) for f in report.findings if f.status in (Status.REFUTED, Status.UNDECIDED)] == []
    assert report.status is Status.HOLDS


@pytest.mark.parametrize("animal", ZOO.WRONG, ids=lambda animal: animal.name)
def test_everything_wrong_is_refuted_where_it_is_wrong(animal) -> None:
    torch.manual_seed(0)
    report = audit_disentangled(**animal.make())
    refuted = {f.name for f in report.findings if f.status is Status.REFUTED}
    assert refuted & set(animal.refutes), report


HEAD = """# The zoo of symmetries

Right and wrong matrices, codes, encoders and pairs (`tests/audits/zoo/symmetry.py`), each audited by `tests/audits/test_symmetry_zoo.py`.
Nothing right is refuted or undecided; everything wrong is REFUTED in one of the findings named.
"""


def table() -> str:
    """The zoo as Markdown; write it to docs/zoo-of-symmetries.md when the zoo changes."""
    right = [f"| {animal.name} |" for animal in ZOO.RIGHT]
    wrong = [f"| {animal.name} | {', '.join(animal.refutes)} |" for animal in ZOO.WRONG]
    heads = [f"| {len(right)} right ones |", "|---|"], [f"| {len(wrong)} wrong ones | REFUTED |", "|---|---|"]
    return "\n".join([HEAD, *heads[0], *right, "", *heads[1], *wrong, ""])


def test_the_table_in_the_documentation_is_that_of_the_zoo() -> None:
    assert (ROOT / "docs" / "zoo-of-symmetries.md").read_text(encoding="utf-8") == table()


LINES = re.findall(
    r"`(audit\.disentangled\([^`]*\))`", (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("line", LINES)
def test_the_line_audits_the_object(line: str) -> None:
    given = {
        "audit": audit, "torch": torch, "encoder": ZOO.Projections().double().eval(), "images": ZOO.IMAGES, "codes": ZOO.turned(ZOO.grid(ZOO.circle(8), ZOO.circle(6))),
        "A": ZOO.blocks(ZOO.STEP3, ZOO.ONE), "B": ZOO.blocks(ZOO.ONE, ZOO.SWAP),
    }  # fmt: skip
    given["z"], given["z_x"] = ZOO.paired(ZOO.plane(0), ZOO.plane(2))["pairs"]["g0"]
    given["z_y"] = ZOO.paired(ZOO.plane(0), ZOO.plane(2))["pairs"]["g1"][1]
    report = eval(line, given)  # a line of this project's own documentation
    assert report.status is Status.HOLDS, report


def test_there_are_such_lines() -> None:
    assert len(LINES) >= 4
