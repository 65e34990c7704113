"""What a person waits for: the command line, the REPL's table, and the quick profile. Limits: 0.5 s, 0.5 s, 20 s on two cores.

Each is timed as a whole process beside a bare interpreter, which is the floor that nothing can go below.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PREALITY = str(Path(sys.executable).with_name("preality"))
COMMANDS = {
    "bare interpreter": [sys.executable, "-c", "pass"],
    "list": [PREALITY, "list"],
    "show": [PREALITY, "show", "anomaly.arbitrary-score"],
    "print(claims)": [sys.executable, "-c", "from proofs_checks import claims; print(claims)"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_waiting(benchmark, name: str) -> None:
    benchmark.pedantic(
        subprocess.run, (COMMANDS[name],), {"check": True, "capture_output": True}, rounds=7, warmup_rounds=1
    )


EIGHT = [
    "anomaly.arbitrary-score", "anomaly.change-of-variables", "disentanglement.entangling", "groups.d4-irreps", "groups.maschke",
    "hybrid.gradient-imbalance", "hybrid.value-imbalance", "hyperbolic.isometry-invariance",
]  # fmt: skip


@pytest.mark.parametrize(
    "selection", [EIGHT, []], ids=["the first eight claims, limit 20 s on two cores", "the whole catalogue"]
)
def test_quick_profile(benchmark, selection: list[str], tmp_path: Path) -> None:
    command = [PREALITY, "verify", *selection, "--profile", "quick", "--ledger", str(tmp_path / "ledger.sqlite")]
    benchmark.pedantic(subprocess.run, (command,), {"check": True, "capture_output": True}, rounds=3, warmup_rounds=1)
