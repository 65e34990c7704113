"""Whatever a model's own code raises, it is told with the file and the line; it never leaves the program, and never passes for a finding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits

HEAD = """
import sys, torch
class Unprintable(Exception):
    def __str__(self): return 1 / 0
class Base(BaseException): pass
def throw(error): raise error
X = torch.randn(64, 2, generator=torch.Generator().manual_seed(0)).double()
N = torch.distributions.Independent(torch.distributions.Normal(torch.zeros(2).double(), torch.ones(2).double()), 1)
"""
ARGUMENTS = {
    "typicality": "log_prob = model\ninliers = X",
    "density": "log_prob = model\ninliers = X\noutliers = 2 * X",
    "pit": "log_prob = model\nsamples = X",
    "entangle": "decoder = model\nprior = N",
}
BODIES = {
    "sys.exit(0)": "SystemExit: 0",
    "throw(Unprintable())": "Unprintable",
    "throw(Base('x'))": "Base: x",
    "throw(GeneratorExit())": "GeneratorExit",
    "throw(MemoryError('mine'))": "MemoryError: mine",
    "throw(OSError(28, 'No space left on device'))": "No space left",
    "throw(ValueError('two\\nlines'))": "two",
    "torch.zeros(len(x), device='meta')": "meta device",
}


@pytest.mark.parametrize("kind", ARGUMENTS)
@pytest.mark.parametrize("body", BODIES)
def test_a_model_that_raises_is_told_in_a_line(kind: str, body: str, tmp_path: Path, call: Callable[..., Any]) -> None:
    path = tmp_path / "model.py"
    path.write_text(f"{HEAD}model = lambda x: {body}\n{ARGUMENTS[kind]}\n", encoding="utf-8")
    outcome = call("audit", kind, path)
    assert outcome.code == exits.USAGE, outcome.err
    assert BODIES[body] in outcome.err
    assert "Traceback" not in outcome.err
    assert "itself failed" not in outcome.err


def test_the_line_is_that_of_the_file(tmp_path: Path, call: Callable[..., Any]) -> None:
    path = tmp_path / "model.py"
    path.write_text(
        f"{HEAD}\ndef model(x):\n    y = x\n    throw(Base('x'))\n{ARGUMENTS['typicality']}\n", encoding="utf-8"
    )
    line = 1 + path.read_text(encoding="utf-8").splitlines().index("def throw(error): raise error")
    assert f"model.py, line {line}, raised Base: x" in call("audit", "typicality", path).err
