"""Whatever a file holds, it is read or refused in a sentence; no reader fails by itself, and none takes long."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

from proofs_checks.errors import PrealityError

EXAMPLES = int(os.environ.get("PREALITY_FUZZ", "2000"))  # `make fuzz` sets another number
SECONDS = 10.0


def _structured() -> ModuleType:
    path = Path(__file__).parent / "endurance" / "structured.py"
    spec = importlib.util.spec_from_file_location("structured_files", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


structured = _structured()


@pytest.mark.filterwarnings("ignore")
@hypothesis.settings(
    max_examples=EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate]
)
@hypothesis.given(one=structured.given())
def test_no_file_makes_a_reader_fail(one: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"given{one.suffix}"
    started = time.process_time()
    told = "read"
    try:
        structured.read(one, path)
    except PrealityError as refused:
        told = str(refused)
    assert told.strip()
    assert time.process_time() - started < SECONDS
