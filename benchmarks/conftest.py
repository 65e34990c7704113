"""Describes the machine beside the figures; `make bench` prints one table."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from proofs_checks.claim.provenance import processor, versions


def pytest_report_header() -> str:
    return f"figures of: {processor()}; {platform.platform()}; torch threads {torch.get_num_threads()}; {versions()}"


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict) -> None:
    machine_info["processor_described"] = processor()
    machine_info["versions"] = versions()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter) -> None:
    """The figures that a time alone does not say: evaluations a point, errors, ratios, memory; beside each its limit."""
    for report in terminalreporter.getreports("passed"):
        for name, value in getattr(report, "user_properties", []):
            terminalreporter.write_line(f"{report.nodeid.split('::')[-1]:<55} {name:<40} {value}")


@pytest.fixture
def keep(request: pytest.FixtureRequest, record_property: Callable[[str, Any], None]) -> Callable[..., None]:
    """``keep(name, figures)``: figures in the table, and in results/ under the benchmark's own name, with the machine."""
    path = Path(__file__).parent / "results" / f"{request.path.stem.removeprefix('test_').replace('_', '-')}.json"

    def keeper(name: str, figures: dict[str, Any]) -> None:
        for key, value in figures.items():
            record_property(f"{name}: {key}", value)
        known = json.loads(path.read_text()) if path.exists() else {}
        known |= {
            "command": f"pytest benchmarks/{request.path.name}",
            "machine": processor(),
            "versions": versions(),
            name: figures,
        }
        path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")

    return keeper
