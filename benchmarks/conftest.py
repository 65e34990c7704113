"""Describes the machine beside the figures; `make bench` prints one table."""

from __future__ import annotations

import platform

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
