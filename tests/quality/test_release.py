"""What a release says of itself is so: licences of every dependency, the sections of its changelog, the links of its first page."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ \[;]", one)[0].lower() for one in requirements}


def test_every_dependency_stands_among_the_third_party_licences() -> None:
    listed = set(re.findall(r"[\w-]+", (ROOT / "THIRD-PARTY.md").read_text(encoding="utf-8").lower()))
    wanted = names(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        wanted |= names(extra)
    assert wanted <= listed


def test_the_first_page_fits_a_screen_and_its_links_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target


def test_the_findings_that_make_verify_shows_are_findings() -> None:
    from proofs_checks.audits.report_files import read_audit

    for path in sorted((ROOT / "examples" / "results").glob("*.json")):  # as the Makefile hands them over
        assert read_audit(path).findings, path.name


def test_what_is_tried_is_what_is_stated() -> None:
    assert PROJECT["requires-python"] == ">=3.11"
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_file_names_a_folder_of_the_machine_that_it_was_written_on() -> None:
    """Results name the command that made them, as anybody can type it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    wrong = []
    for name in listed:
        if name.endswith((".json", ".py", ".md", ".toml")) and not name.startswith("tests/"):
            text = (ROOT / name).read_text(encoding="utf-8")
            wrong += [f"{name}: {found}" for found in re.findall(r"(?<![\w.])/(?:tmp|work|home|root)/[^\s\"']*", text)]
    assert wrong == []
