"""The zoo of embeddings: right ones hold, faults are named, what cannot be read is refused with the next step; and the line of the documentation."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from preality import audit
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

PATH = Path(__file__).parent / "zoo" / "embeddings.py"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "bring-your-own.md"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zoo_of_embeddings", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_of_embeddings"] = module
    spec.loader.exec_module(module)
    return module


ZOO = load()


@pytest.mark.parametrize("animal", ZOO.RIGHT, ids=lambda animal: animal.name)
def test_right_embeddings_are_decided(animal: Any) -> None:
    given, options = animal.make()
    report = audit.embedding(*given, **options)
    assert report.status is Status.HOLDS, report


@pytest.mark.parametrize("animal", ZOO.WRONG, ids=lambda animal: animal.name)
def test_faults_are_named_where_they_stand(animal: Any) -> None:
    given, options = animal.make()
    report = audit.embedding(*given, **options)
    found = {finding.name: finding.status for finding in report.findings}
    assert found.get(animal.finding) == Status[animal.status], report
    assert report.status is not Status.HOLDS


@pytest.mark.parametrize(("name", "make", "message"), ZOO.REFUSED, ids=[name for name, _, _ in ZOO.REFUSED])
def test_what_cannot_be_read_is_refused_with_the_next_step(name: str, make: Any, message: str) -> None:
    given, options = make()
    with pytest.raises(InputError, match=message):
        audit.embedding(*given, **options)


LINES = [re.split(r"(?<!\\)\|", line)[3].strip().strip("`") for line in DOCS.read_text(encoding="utf-8").splitlines() if "`audit.embedding" in line]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_the_line_of_the_documentation_audits_the_object(line: str) -> None:
    graph, points, _ = ZOO._sarkar("ball")
    given = {"audit": audit, "graph": graph, "points": points, "vectors": {v: points[v].tolist() for v in graph}}
    report = eval(line, given)  # a line of this project's own documentation
    assert report.status is Status.HOLDS, report


def test_there_is_a_line_for_each_form() -> None:
    assert len(LINES) >= 3
    assert torch.get_default_dtype() == torch.float32
