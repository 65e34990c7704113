"""Densities on hyperbolic space: no right one refuted or undecided, every planted fault refuted; the lines of the documentation run."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from preality import audit
from proofs_checks.audits.wrapped import audit_wrapped
from proofs_checks.kernel import Status

ROOT = Path(__file__).resolve().parents[2]
PATH = Path(__file__).parent / "zoo" / "hyperbolic.py"
pytestmark = pytest.mark.filterwarnings("ignore")  # of the densities, where they are evaluated far out


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zoo_of_hyperbolic_densities", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_of_hyperbolic_densities"] = module
    spec.loader.exec_module(module)
    return module


ZOO = load()


@pytest.mark.parametrize("animal", ZOO.RIGHT, ids=lambda animal: animal.name)
def test_no_right_density_is_refuted_or_undecided(animal) -> None:
    report = audit_wrapped(**animal.make())
    assert [(f.name, f.text) for f in report.findings if f.status in (Status.REFUTED, Status.UNDECIDED)] == []
    assert report.status is Status.HOLDS


@pytest.mark.parametrize("animal", ZOO.WRONG, ids=lambda animal: animal.name)
def test_every_fault_is_refuted_where_it_stands(animal) -> None:
    report = audit_wrapped(**animal.make())
    refuted = {f.name for f in report.findings if f.status is Status.REFUTED}
    assert refuted & set(animal.refutes), report


HEAD = """# The zoo of densities on hyperbolic space

Right and wrong densities in the forms in which papers write them (`tests/audits/zoo/hyperbolic.py`), each audited by `tests/audits/test_hyperbolic_zoo.py`.
No right one is refuted or undecided; every planted fault is REFUTED in one of the findings named.
"""


def table() -> str:
    """The zoo as Markdown; write it to docs/zoo-of-hyperbolic-densities.md when the zoo changes."""
    right = [f"| {animal.name} |" for animal in ZOO.RIGHT]
    wrong = [f"| {animal.name} | {', '.join(animal.refutes)} |" for animal in ZOO.WRONG]
    return "\n".join(
        [
            HEAD,
            f"| {len(right)} right densities |",
            "|---|",
            *right,
            "",
            f"| {len(wrong)} faults | REFUTED |",
            "|---|---|",
            *wrong,
            "",
        ]
    )


def test_the_table_in_the_documentation_is_that_of_the_zoo() -> None:
    assert (ROOT / "docs" / "zoo-of-hyperbolic-densities.md").read_text(encoding="utf-8") == table()


LINES = re.findall(r"`(audit\.wrapped\([^`]*\))`", (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", LINES)
def test_the_line_audits_the_object(line: str) -> None:
    own, ball = ZOO.own(2, 1.0, "normal"), ZOO.own(2, 2.0, "ball")
    given = {
        "audit": audit, "module": ZOO.TangentFlow().eval(), "log_prob": ball["log_prob"], "draw": ball["sampler"], "flow": own["log_prob"],
        "points": ball["sampler"](500), "distribution": ZOO.Lorentz(), "tangent_draw": own["sampler"],
    }  # fmt: skip
    torch.manual_seed(0)
    report = eval(line, given)  # a line of this project's own documentation
    assert report.status is Status.HOLDS, report


def test_there_are_such_lines() -> None:
    assert len(LINES) >= 4
