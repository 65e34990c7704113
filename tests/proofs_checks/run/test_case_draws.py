"""Cases are a pure function of the seed, the claim, the route and their number: in a fresh process, after other imports, installed, under another hash seed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.claim import provenance
from proofs_checks.run import checks
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.replay import differences

ROOT = Path(__file__).resolve().parents[3]
DRAWING = ROOT / "tests" / "quality" / "endurance" / "drawing.py"
SQUARE = Path(__file__).parents[1] / "claim_files" / "square.py"
NAMES = list(Catalogue(plugins=False))
FEW = NAMES[::4]  # `make endure` takes all


def drawn(*arguments: str, root: Path = ROOT, hash_seed: str = "0") -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(DRAWING), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def together() -> dict[str, Any]:
    """Of all claims, one after the other in one process."""
    return drawn()


def test_a_claim_alone_has_the_cases_that_it_has_after_all_others(together: dict[str, Any]) -> None:
    alone = drawn("alone", *FEW, hash_seed="7")
    assert {label.split()[0] for label in alone} == set(FEW)
    assert alone == {label: cases for label, cases in together.items() if label in alone}


def test_neither_foreign_modules_nor_the_place_of_the_code_enter(together: dict[str, Any], tmp_path: Path) -> None:
    """The code as a wheel lays it out, in another folder, beside a module full of constants and a claim file."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    for name in wheel["packages"]:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    constants = "\n".join(f"X{i} = {i * 7919}" for i in range(500))
    (tmp_path / "mine.py").write_text(f"VALUES = [1234567, 3.25, 'word']\n{constants}\n", encoding="utf-8")
    before = f"import mine; from proofs_checks import claims; claims.add_file({str(SQUARE)!r})[0].code"
    elsewhere = drawn("--before", before, "hybrid.gradient-imbalance", *FEW[:3], root=tmp_path, hash_seed="1")
    assert elsewhere == {label: cases for label, cases in together.items() if label in elsewhere}


def test_a_record_says_with_which_hypothesis_its_case_was_drawn() -> None:
    """A version that draws otherwise is the one thing that may change the cases; replaying says so."""
    record = checks.lost_record(checks.Task("a.b", "numeric"), checks.Settings(), "lost")
    assert record["versions"]["hypothesis"] == version("hypothesis")
    assert "hypothesis" in provenance.DEPENDENCIES
    other = {**record, "versions": {**record["versions"], "hypothesis": "6.0.0"}}
    assert f"hypothesis 6.0.0 then, {version('hypothesis')} now" in differences(other, record)


def test_the_drawing_would_see_constants_if_it_let_them_in(tmp_path: Path) -> None:
    """Hypothesis's own provider draws 7654321234567 by chance with probability 1e-11 a draw, and as a constant within 2,000 draws nearly surely."""
    module = tmp_path / "constants_of_mine.py"
    module.write_text("VALUE = 7654321234567\n")
    code = (
        "import sys, hypothesis; sys.path.insert(0, sys.argv[1]); import constants_of_mine\n"
        "from hypothesis import strategies as st\n"
        "from proofs_checks.run import case_draws\n"
        "def seen(backend):\n"
        "    found = []\n"
        "    @hypothesis.seed(1)\n"
        "    @hypothesis.settings(case_draws._settings(2000, [hypothesis.Phase.generate]), backend=backend)\n"
        "    @hypothesis.given(st.integers(0, 10**15))\n"
        "    def collect(n): found.append(n)\n"
        "    collect()\n"
        "    return 7654321234567 in found\n"
        "print(seen('hypothesis'), seen(case_draws.BACKEND))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "False"]
