"""The numeric floor on groups, on a pretended device: in a process of its own, since torch keeps a device that it once was told of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_numeric_floor_keeps_to_the_device_of_its_input() -> None:
    file = Path(__file__).parent / "pretended_device.py"
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(file)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert " passed" in found.stdout
