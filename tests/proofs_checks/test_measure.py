"""Measuring needs torch, numpy, scipy and hypothesis alone, and what it prints is what a ledger takes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest

from proofs_checks import exits
from proofs_checks.cli import main
from proofs_checks.run import checks, records
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.ledger import Ledger

ROOT = Path(__file__).resolve().parents[2]
SQUARE = Path(__file__).parent / "claim_files" / "square.py"
FORBIDDEN = ("flint", "msgspec", "cyclopts", "rich", "jinja2", "platformdirs", "matplotlib", "latex2mathml", "pytest")
ALLOWED = ("torch", "numpy", "scipy", "hypothesis")
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {forbidden!r}:
            raise ImportError(f"{{name}} is not to be had here")

sys.meta_path.insert(0, Blocker())
from proofs_checks.measure import main
sys.exit(main(sys.argv[1:]))
"""


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [records.parse(line) for line in done.stdout.splitlines()]


def started(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command,
        env={**known, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def blocked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return started([sys.executable, "-c", BLOCKER.format(forbidden=FORBIDDEN), *arguments], PYTHONPATH=str(ROOT))


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    done = blocked(str(SQUARE), "--seed", "5", "--device", "cpu")
    path = tmp_path_factory.mktemp("measured") / "records.jsonl"
    path.write_text(done.stdout, encoding="utf-8")
    return done, path


def test_measuring_imports_none_of_the_other_dependencies(
    measured: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    done, _ = measured
    assert done.returncode == exits.HOLDS, done.stderr
    found = lines_of(done)
    assert {(record["route"], record["control"]) for record in found} == {
        ("numeric", ""),
        ("statistical", ""),
        ("numeric", "wrong-square"),
        ("statistical", "cubes"),
    }
    assert {record["seed"] for record in found} == {5}


def test_a_measurement_made_elsewhere_is_the_one_that_would_be_made_here(
    measured: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    claim = Catalogue().add_file(SQUARE)[0]
    settings = checks.Settings(seed=5)
    here = [
        record
        for task in checks.tasks_of(claim, routes=("numeric", "statistical"))
        for record in checks.run_task(claim, task, settings)
    ]
    assert checks.digest(lines_of(measured[0])) == checks.digest(here)
    assert [record["code"] for record in lines_of(measured[0])] == [record["code"] for record in here]


def test_every_claim_of_the_catalogue_can_be_loaded_for_measuring() -> None:
    code = BLOCKER.format(forbidden=FORBIDDEN).rpartition("from proofs_checks.measure")[0] + (
        "from proofs_checks.run.interactive import Catalogue\n"
        "for claim in Catalogue(plugins=False).values():\n"
        "    claim.code, claim.code_controls\n"
        "    print(claim.id)\n"
    )
    done = started([sys.executable, "-c", code], PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(Catalogue(plugins=False))


def test_import_keeps_the_records_as_a_run(
    measured: tuple[subprocess.CompletedProcess[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done, path = measured
    book = tmp_path / "ledger.sqlite"
    assert main(["import", str(path), str(SQUARE), "--ledger", str(book)]) == exits.HOLDS
    with Ledger(book, reading=True) as ledger:
        stored = ledger.run()
        kept = [
            {name: value for name, value in record.items() if name not in ("address", "origin")}
            for record in ledger.records(stored.id)
        ]
    assert kept == lines_of(done)
    assert (stored.settings["seed"], stored.digest) == (5, checks.digest(kept))
    capsys.readouterr()
    assert main(["report", "--ledger", str(book)]) == exits.UNDECIDED, "its proof was not made there"
    told = capsys.readouterr().out
    assert "holds*" in told
    assert "* on records that were imported" in told


@pytest.mark.parametrize(
    ("damage", "fragment"),
    [
        (lambda line: "not JSON", "Expected a record"),
        (lambda line: line[: len(line) // 2], "Expected a record"),
        (lambda line: line.replace("square:toy.square", "square:toy.sqare"), "Did you mean square:toy.square"),
        (lambda line: line.replace('"version": 1', '"version": 2'), "version 2"),
        (lambda line: line.replace('"route": "numeric"', '"route": "certified"'), "no certified route"),
        (lambda line: line.replace('"k": 2', '"k": 1').replace('{"D": 8}', '{"D": 1}'), "stands twice"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_kept(
    damage: Any,
    fragment: str,
    measured: tuple[subprocess.CompletedProcess[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = measured[1].read_text(encoding="utf-8").splitlines()
    path, book = tmp_path / "bad.jsonl", tmp_path / "ledger.sqlite"
    path.write_text("\n".join([lines[0], damage(lines[1]), *lines[2:]]), encoding="utf-8")
    assert main(["import", str(path), str(SQUARE), "--ledger", str(book)]) == exits.USAGE
    told = capsys.readouterr().err
    assert "bad.jsonl, line 2" in told
    assert fragment in told
    assert not book.exists()


def test_an_empty_file_brings_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n", encoding="utf-8")
    assert main(["import", str(tmp_path / "empty.jsonl"), "--ledger", str(tmp_path / "l.sqlite")]) == exits.NOTHING
    assert not (tmp_path / "l.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["no.such-claim"], "There is no claim"),
        (["--seed", "-1"], "2**63"),
        (["--profile", "hasty"], "quick"),
        (["--device", "tpu"], "auto, cpu or cuda"),
        (["missing.py"], "There is no claim file"),
    ],
)
def test_bad_requests_are_refused_without_a_traceback(
    arguments: list[str], fragment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from proofs_checks import measure

    try:
        code = measure.main(arguments)
    except SystemExit as leaving:  # argparse's own
        code = leaving.code
    told = capsys.readouterr()
    assert (code, told.out) == (exits.USAGE, "")
    assert fragment in told.err
    assert "Traceback" not in told.err


def _closure(names: tuple[str, ...]) -> set[str]:
    """The distributions that ``names`` require, themselves included, that are installed here."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:  # for another platform, or an extra
            continue
        if name not in found:
            found.add(name)
            queue += [re.match(r"[A-Za-z0-9._-]+", need)[0] for need in needs if "extra ==" not in need]
    return found


def test_measuring_works_in_an_environment_with_torch_numpy_scipy_and_hypothesis_alone(tmp_path: Path) -> None:
    """A real virtual environment whose packages are links to those four here, and to what they require themselves."""
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    site = next((tmp_path / "bare" / "lib").glob("python3*")) / "site-packages"
    present = _closure(ALLOWED)
    assert not present & {"python-flint", "msgspec", "cyclopts", "rich", "platformdirs", "matplotlib"}
    for name in present:
        installed = distribution(name)
        tops = {file.parts[0] for file in installed.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            link = site / top
            if not link.exists():
                link.symlink_to(Path(str(installed.locate_file(top))))
    for package in ("theory", "numerics", "proofs_checks"):
        (site / package).symlink_to(ROOT / package)
    python = str(tmp_path / "bare" / "bin" / "python")
    missing = started([python, "-c", "import msgspec"])
    assert "No module named 'msgspec'" in missing.stderr
    done = started([python, "-m", "proofs_checks.measure", str(SQUARE), "--device", "cpu"])
    assert done.returncode == exits.HOLDS, done.stderr
    assert [json.loads(line)["verdict"]["status"] for line in done.stdout.splitlines()].count("REFUTED") == 2
