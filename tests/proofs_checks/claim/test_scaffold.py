"""`preality new` writes a claim that holds, controls that are refuted and a test that passes, and overwrites nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from proofs_checks import claims, exits
from proofs_checks.claim.scaffold import write_claim
from proofs_checks.cli import main
from proofs_checks.errors import InputError
from proofs_checks.run.interactive import Catalogue

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_holds_and_its_control_is_refuted_on_each_route(tmp_path: Path) -> None:
    path, _ = write_claim("my-topic.my-claim", tmp_path)
    claim = Catalogue().add_file(path)[0]
    assert claim.id == "my-topic-my-claim:my-topic.my-claim"
    result = claim.check(seed=1)
    assert result.assert_holds().holds
    assert set(result.controls) == {("off-by-one", "exact"), ("off-by-one", "statistical")}
    assert not claim.check(moment=lambda order: 1 / order).holds, "a user's own object is what is checked"


def test_verify_runs_the_file_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "demo.first"]) == exits.HOLDS
    assert "preality verify demo_first.py" in capsys.readouterr().out
    assert main(["verify", "./demo_first.py", "-v", "--jobs", "1", "--ledger", "l.sqlite"]) == exits.HOLDS
    assert "decided" in capsys.readouterr().out


def test_the_test_that_is_written_passes_and_catches_a_wrong_claim(tmp_path: Path) -> None:
    path, test = write_claim("demo.second", tmp_path)
    path.write_text(
        path.read_text(encoding="utf-8").replace("return 1 / (order + 1)", "return 1 / (order + 2)"), encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test.name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    wrong = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "2 failed, 1 passed" in wrong.stdout, wrong.stdout
    path.write_text(
        path.read_text(encoding="utf-8").replace("return 1 / (order + 2)", "return 1 / (order + 1)"), encoding="utf-8"
    )
    right = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "3 passed" in right.stdout, right.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path, test = write_claim("demo.third", tmp_path)
    for kept, other in ((path, test), (test, path)):
        other.unlink()
        kept.write_text("mine", encoding="utf-8")
        with pytest.raises(InputError, match="is there already"):
            write_claim("demo.third", tmp_path)
        assert kept.read_text(encoding="utf-8") == "mine"
        assert not other.exists()
        other.write_text("", encoding="utf-8")


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "topic",
        "topic.",
        ".slug",
        "Topic.slug",
        "topic.slug.more",
        "a.b/../../c",
        "topic.sl ug",
        "topic.9",
        "a.b\n",
        "ä.b",
    ],
)
def test_what_is_no_id_is_refused(odd: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"topic\.slug"):
        write_claim(odd, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_built_in_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="in the catalogue already"):
        write_claim(next(iter(claims)), tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        write_claim("demo.fourth", tmp_path / "missing")
