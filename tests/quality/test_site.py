"""The site builds without a warning and without a network, its links lead somewhere, and its tutorials run."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("myst_nb", reason="Sphinx and its extensions are not installed: pip install 'preality[docs]'")
DOCS = Path(__file__).resolve().parents[2] / "docs"
TUTORIALS = sorted((DOCS / "tutorials").glob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site without figures, its notebooks not run."""
    folder = tmp_path_factory.mktemp("site")
    options = [
        "-W",
        "--keep-going",
        "-q",
        "-D",
        "nb_execution_mode=off",
        "-D",
        "catalogue_figures=0",
        "-d",
        folder / "trees",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "html", *map(str, options), str(DOCS), str(folder / "html")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return folder / "html"


class Links(HTMLParser):
    """What a page links to and loads, and the places that it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.targets.append(value)
            if name in ("id", "name") and value:
                self.places.add(value)


def test_no_link_is_dead_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    dead = []
    for path, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme in ("http", "https", "mailto", "data"):
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            found = goal in pages and (not parts.fragment or unquote(parts.fragment) in pages[goal].places)
            if not (found or (goal not in pages and goal.exists())):
                dead.append(f"{path.relative_to(site)}: {target}")
    assert dead == []
    for path in pages:
        assert not re.search(r"<(?:script|img|link)[^>]+(?:src|href)=\"https?:", path.read_text(encoding="utf-8"))


def test_every_claim_has_a_page_with_its_formula(site: Path) -> None:
    from proofs_checks.claim.collection import Collection

    for claim in Collection(plugins=False).values():
        page = (site / "claims" / claim.topic / f"{claim.slug}.html").read_text(encoding="utf-8")
        assert "<math" in page
        assert f"preality verify {claim.id}" in page or claim.id in page


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    names: dict[str, object] = {}
    cells = re.findall(r"```\{code-cell\}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    assert cells
    for cell in cells:
        tree = ast.parse(cell)
        exec(compile(tree, str(path), "exec"), names)


def test_pages_show_the_verdict_of_the_run_that_is_handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status, routes and scopes, from the file that ``verify --json`` writes; without one the page says so."""
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    import catalogue_pages

    from proofs_checks.cli import main
    from proofs_checks.run.interactive import claims

    name, path = "kernel.evidence", tmp_path / "run.json"
    assert main(["verify", name, "--jobs", "1", "--json", str(path), "--ledger", str(tmp_path / "ledger.sqlite")]) == 0
    draw = catalogue_pages.Drawer(False)
    page = catalogue_pages.claim_page(claims[name], draw, catalogue_pages.Run(str(path)))
    assert "**HOLDS** (quick profile, seed 0, 20" in page
    assert "- exact HOLDS: " in page
    assert "of controls refuted" in page
    assert "No run was handed to this build" in catalogue_pages.claim_page(claims[name], draw, catalogue_pages.Run(""))


def test_every_audit_is_described_on_the_page_of_the_api() -> None:
    from proofs_checks.audits import KINDS

    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"audit_{kind}\n" not in text] == []
