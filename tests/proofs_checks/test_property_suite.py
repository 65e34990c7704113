"""The catalogue is a property suite: a node per claim, route and control, each failing by itself, from an installed package too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proofs_checks import test_claims
from proofs_checks.run.interactive import Catalogue

ROOT = Path(__file__).resolve().parents[2]
FILES = Path(__file__).parent / "claim_files"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three packages in a folder of their own, away from the repository and its settings."""
    site = tmp_path_factory.mktemp("site")
    for package in ("theory", "numerics", "proofs_checks"):
        shutil.copytree(ROOT / package, site / package, ignore=shutil.ignore_patterns("__pycache__"))
    return site


def suite(site: Path, folder: Path, *options: str, claims: Path | None = None) -> str:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--pyargs",
        "proofs_checks",
        "-p",
        "no:cacheprovider",
        "-rA",
        "-q",
        *options,
    ]
    environment = {**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1", "PREALITY_CLAIMS": str(claims or "")}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    ).stdout


def test_there_is_a_node_for_every_claim_route_and_control(installed: Path, tmp_path: Path) -> None:
    told = suite(installed, tmp_path, "--collect-only")
    nodes = set(re.findall(r"::(test_\w+\[[^\]]*\])", told))
    expected = set()
    for claim in Catalogue(plugins=False).values():
        expected |= {f"test_claim[{claim.id}]"} | {f"test_route[{claim.id}:{route}]" for route in claim.routes}
        expected |= {
            f"test_control[{claim.id}:{name}:{route}]"
            for name, page in claim.page.controls.items()
            for route in page.routes
        }
    assert nodes == expected


def test_a_claim_that_holds_passes_node_by_node(installed: Path, tmp_path: Path) -> None:
    told = suite(installed, tmp_path, "-k", "square:toy", claims=FILES / "square.py")
    assert set(re.findall(r"^PASSED \S+::(test_\w+\[.*\])", told, re.MULTILINE)) == {
        "test_claim[square:toy.square]", "test_route[square:toy.square:exact]", "test_route[square:toy.square:numeric]", "test_route[square:toy.square:statistical]",
        "test_control[square:toy.square:wrong-square:exact]", "test_control[square:toy.square:wrong-square:numeric]", "test_control[square:toy.square:cubes:statistical]",
    }  # fmt: skip
    assert "7 passed" in told


def test_each_node_fails_by_itself(installed: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    text = (FILES / "square.py").read_text(encoding="utf-8")
    text = text.replace("identity(x**2 + 2 * x + 1, right)", "identity(x**2 + 2 * x + 1 + 0 * right, x)").replace(
        "power=3)", "power=1.0)"
    )
    path.write_text(text, encoding="utf-8")
    told = suite(installed, tmp_path, "-k", "broken:toy", claims=path)
    failed = set(re.findall(r"^FAILED \S+::(test_\w+\[.*?\])(?: |$)", told, re.MULTILINE))
    assert failed == {
        "test_claim[broken:toy.square]",
        "test_route[broken:toy.square:exact]",
        "test_control[broken:toy.square:cubes:statistical]",
    }
    assert "the check has no teeth here" in told


def test_the_suite_of_this_process_reads_no_code_to_be_collected() -> None:
    assert [claim_id for claim_id, _ in test_claims.ROUTES] == [
        claim.id for claim in Catalogue().values() for _ in claim.routes
    ]
