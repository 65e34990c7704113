"""The zoo of flows: no right one refuted or undecided, every planted fault refuted, in the forms of the libraries' own packages."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from proofs_checks.audits.flow import audit_flow
from proofs_checks.kernel import Status

PATH = Path(__file__).parent / "zoo" / "flows.py"
pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, when they are imported


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zoo_of_flows", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_of_flows"] = module
    spec.loader.exec_module(module)
    return module


ZOO = load()


@pytest.mark.parametrize("animal", ZOO.RIGHT, ids=lambda animal: animal.name)
def test_no_right_flow_is_refuted_or_undecided(animal) -> None:
    flow, given = ZOO.made(animal)
    report = audit_flow(flow, seconds=60, **given)
    bad = [(f.name, f.text) for f in report.findings if f.status in (Status.REFUTED, Status.UNDECIDED)]
    assert bad == []
    assert report.status is Status.HOLDS


@pytest.mark.parametrize("animal", ZOO.WRONG, ids=lambda animal: animal.name)
def test_every_planted_fault_is_refuted_where_it_stands(animal) -> None:
    flow, given = ZOO.made(animal)
    report = audit_flow(flow, seconds=60, **given)
    refuted = {f.name for f in report.findings if f.status is Status.REFUTED}
    assert refuted & set(animal.refutes), report


def test_the_zoo_has_both_kinds_in_every_form() -> None:
    for library in ("zuko", "nflows", "normflows", "FrEIA", "pyro", "torch"):
        for animals in (ZOO.RIGHT, ZOO.WRONG):
            assert any(library in animal.name for animal in animals), library


DOCS = Path(__file__).resolve().parents[2] / "docs" / "zoo-of-flows.md"
HEAD = """# The zoo of flows

Right and wrong flows in the forms in which libraries make them (`tests/audits/zoo/flows.py`), each audited by `tests/audits/test_flow_zoo.py`. No right one is
refuted or undecided; every planted fault is REFUTED in the finding named. Rows that name a class of a library (zuko's Gaussianization flow, pyro's
autoregressive transforms, normflows' batch norm) are faults that the audit found in that class as it is released.
"""


def table() -> str:
    """The zoo as Markdown; write it to docs/zoo-of-flows.md when the zoo changes."""

    def cell(text: str) -> str:
        return text.replace("|", "\\|")

    right = [f"| {cell(animal.name)} |" for animal in ZOO.RIGHT]
    wrong = [f"| {cell(animal.name)} | {', '.join(animal.refutes)} |" for animal in ZOO.WRONG]
    return "\n".join(
        [
            HEAD,
            f"| {len(right)} right flows |",
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
    assert DOCS.read_text(encoding="utf-8") == table()
