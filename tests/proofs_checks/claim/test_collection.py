"""The catalogue finds what is asked for, refuses what is misshapen, and its pages of data and of code agree."""

from __future__ import annotations

import math
import shutil
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.claim import collection as catalogue_module
from proofs_checks.claim.claim import SOURCES, Claim
from proofs_checks.claim.collection import UnknownClaim
from proofs_checks.claim.page import make_page
from proofs_checks.errors import CatalogueError, PrealityError
from proofs_checks.run.interactive import Catalogue

FILES = Path(__file__).parents[1] / "claim_files"
BUILT_IN = Catalogue(plugins=False)
PAGE: dict[str, Any] = {
    "title": "t",
    "statement": "x = x",
    "plain": "p",
    "assumptions": ["a"],
    "source": ["lecture"],
    "routes": {"exact": {"shows": "s"}},
    "controls": {"wrong": {"statement": "x = x + 1", "routes": ["exact"]}},
}


# -- the built-in pages


@pytest.mark.parametrize("claim_id", list(BUILT_IN))
def test_page_and_code_agree(claim_id: str) -> None:
    claim = BUILT_IN[claim_id]
    assert callable(getattr(claim.code, next(iter(claim.routes))))
    assert set(claim.code_controls) == set(claim.page.controls)
    cases = getattr(claim.code, "cases", {})
    assert set(cases) <= set(claim.routes), "cases for a route that is not declared"
    for name, route in claim.routes.items():
        assert not route.covers or name in cases, f"{name} declares a cover but has no cases"


@pytest.mark.parametrize("claim_id", list(BUILT_IN))
def test_sources_and_required_claims_are_known(claim_id: str) -> None:
    claim = BUILT_IN[claim_id]
    assert set(claim.source) <= set(tomllib.loads(SOURCES.read_text(encoding="utf-8")))
    assert claim.source
    assert set(claim.requires) <= set(BUILT_IN)
    assert claim_id in BUILT_IN.graph()


def test_what_is_required_has_no_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        name: Claim(make_page({**PAGE, "requires": [other]}, name, "m", "o"))
        for name, other in (("a.one", "a.two"), ("a.two", "a.one"))
    }
    monkeypatch.setattr(Catalogue, "_all", property(lambda self: pages))
    with pytest.raises(CatalogueError, match="in a circle"):
        Catalogue().graph()


# -- finding


def test_claims_are_found_by_id_attribute_topic_and_word() -> None:
    for claim_id, claim in BUILT_IN.items():
        topic = getattr(BUILT_IN, claim.topic)
        assert getattr(topic, claim.slug.replace("-", "_")) is claim
        assert claim.topic in dir(BUILT_IN)
        assert claim.slug.replace("-", "_") in dir(topic)
        assert claim in BUILT_IN.search(claim.title)
        assert claim in BUILT_IN.select([claim.topic])
        assert BUILT_IN.select([claim_id, claim_id]) == [claim]
    assert BUILT_IN.select() == list(BUILT_IN.values())
    assert BUILT_IN.search("no claim says this") == []


def test_an_unknown_id_is_answered_with_its_neighbours() -> None:
    for claim_id in BUILT_IN:
        for wrong in (claim_id[:-1], claim_id.replace(".", "_"), f"{claim_id}s"):
            with pytest.raises(UnknownClaim, match=claim_id):
                BUILT_IN[wrong]
    with pytest.raises(AttributeError, match="the topics are"):
        BUILT_IN.no_such_topic  # noqa: B018
    with pytest.raises(AttributeError, match="there are"):
        next(iter([getattr(BUILT_IN, topic) for topic in BUILT_IN.topics])).no_such_claim  # noqa: B018


# -- pages that are refused


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PAGE.items() if key != name}


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (without("title"), "The field 'title' is missing in the page"),
        ({**PAGE, "statement": "  "}, "'statement' is blank"),
        ({**PAGE, "plain": ""}, "Expected non-empty text in plain"),
        ({**PAGE, "statment": "x"}, "Unknown field 'statment' in the page"),
        ({**PAGE, "assumptions": "a"}, "Expected a list in assumptions"),
        ({**PAGE, "source": [1]}, r"Expected text in source\[0\], got 1"),
        (without("routes"), "The field 'routes' is missing"),
        ({**PAGE, "routes": {}, "controls": {}}, "no route is declared"),
        (without("controls"), "route 'exact' has no control"),
        ({**PAGE, "routes": {"guess": {"shows": "s"}}}, "unknown route 'guess'"),
        ({**PAGE, "routes": {"exact": {}}}, "The field 'shows' is missing in routes.exact"),
        ({**PAGE, "routes": {"exact": {"shows": "s", "covers": {"D": [2, 1]}}}}, "each range in routes.exact.covers"),
        ({**PAGE, "routes": {"exact": {"shows": "s", "covers": {"D": [math.nan, 1]}}}}, "each range"),
        ({**PAGE, "routes": {"exact": {"shows": "s", "covers": 5}}}, "in routes.exact.covers, got 5"),
        (
            {**PAGE, "routes": {"exact": {"shows": "s", "covers": {"D": [1, 10**400]}}}},
            r"below 2\*\*63 in routes.exact.covers.D\[1\]",
        ),
        ({**PAGE, "routes": ["exact"]}, "named fields in routes"),
        ({**PAGE, "controls": {"wrong": {"statement": "s", "routes": []}}}, "non-empty list in controls.wrong.routes"),
        (
            {**PAGE, "controls": {"wrong": {"statement": "s", "routes": ["numeric"]}}},
            "which the claim does not declare",
        ),
        ({**PAGE, "controls": {"wro\ud800ng": PAGE["controls"]["wrong"]}}, "printable letters"),
        ({**PAGE, "errata": [{"printed": "p"}]}, r"The field 'corrected' is missing in errata\[0\]"),
        ({**PAGE, "errata": [{"printed": "p", "corrected": "c", "witness": "other"}]}, "no control of this claim"),
        ({**PAGE, "omissions": [{"item": "i"}]}, r"'reason' is missing in omissions\[0\]"),
        ({**PAGE, "figure": 5}, "named fields in figure, got 5"),
        ({**PAGE, "objects": 5}, "named fields in objects, got 5"),
        ({**PAGE, "title": object()}, "in title, got object"),
        ({**PAGE, 3: "x"}, "a key of type int"),
        ({**PAGE, "source": [[[[[[[[[[[["x"]]]]]]]]]]]]}, "More than 10 tables and lists"),
        (5, "named fields in the page, got 5"),
    ],
)
def test_a_misshapen_page_is_refused_by_name(page: Any, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        make_page(page, "topic.slug", "module", "page.toml")


@pytest.mark.parametrize("odd", ["", "topic", "Topic.slug", "topic.slug.more", "topic/slug", "a b.c", "x:y:a.b\x1b"])
def test_what_is_no_id_is_refused(odd: str) -> None:
    with pytest.raises(CatalogueError, match=r"topic\.slug"):
        make_page(PAGE, odd, "module", "page.toml")


def test_a_page_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "topic").mkdir()
    (tmp_path / "topic" / "slug.toml").write_text("title = ", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"topic\.slug is not valid TOML"):
        list(Catalogue(tmp_path, "nowhere", plugins=False))


def folder_of_claims(root: Path, package: str, code: str | None) -> Catalogue:
    """A catalogue in a folder, whose one claim has the code given, or none."""
    (root / package / "topic").mkdir(parents=True)
    (root / package / "__init__.py").touch()
    (root / package / "topic" / "slug.toml").write_text(
        'title = "t"\nstatement = "x"\nplain = "p"\nassumptions = ["a"]\nsource = ["lecture"]\n[routes.exact]\nshows = "s"\n'
        '[controls.wrong]\nstatement = "w"\nroutes = ["exact"]\n',
        encoding="utf-8",
    )
    if code is not None:
        (root / package / "topic" / "slug.py").write_text(code, encoding="utf-8")
    return Catalogue(root / package, package, plugins=False)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, "no code: expected the module"),
        ("", "defines no function exact"),
        ("def exact(right=0): ...\n", "controls of the code and of the page differ: wrong"),
        (
            "from proofs_checks.kernel import Control\ndef numeric(right=0): ...\ndef exact(right=0): ...\ncontrols = {'wrong': Control(numeric, right=1)}\n",
            "is declared on exact, the code has it on numeric",
        ),
    ],
)
def test_code_that_misses_its_page_is_refused(
    code: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    package = f"claims_{abs(hash(request.node.name))}"
    monkeypatch.syspath_prepend(str(tmp_path))
    claim = folder_of_claims(tmp_path, package, code)["topic.slug"]
    with pytest.raises(CatalogueError, match=message):
        claim.code_controls  # noqa: B018


# -- other people's claims


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """Three distributions offer claims: one well, one with a broken page, one under a name that is no package."""
    monkeypatch.syspath_prepend(str(tmp_path))
    folder_of_claims(tmp_path, "good_claims_here", "raise RuntimeError('reading pages must not run code')")
    folder_of_claims(tmp_path, "bad_claims_here", None)
    (tmp_path / "bad_claims_here" / "topic" / "slug.toml").write_text("title = 3\n", encoding="utf-8")
    points = [
        EntryPoint(name, value, catalogue_module.GROUP)
        for name, value in (("good", "good_claims_here"), ("bad", "bad_claims_here"), ("gone", "no_such_package_here"))
    ]
    monkeypatch.setattr(catalogue_module, "entry_points", lambda group: points)
    return Catalogue()


def test_installed_claims_are_namespaced_and_a_broken_one_spoils_nothing(foreign: Catalogue) -> None:
    assert foreign["good:topic.slug"].title == "t"
    assert set(foreign) == {*BUILT_IN, "good:topic.slug"}
    assert set(foreign.problems) == {"bad_claims_here", "no_such_package_here"}
    assert "Expected text in title, got 3" in foreign.problems["bad_claims_here"]
    assert "good_claims_here.topic.slug" not in sys.modules


def test_the_doctor_reports_them(foreign: Catalogue) -> None:
    from proofs_checks.cli.doctor_command import examine

    problems = {finding.subject for finding in examine() if finding.level == "problem"}
    assert {"bad_claims_here", "no_such_package_here"} <= problems


def test_a_claim_file_is_added_under_its_own_name(tmp_path: Path) -> None:
    found = Catalogue()
    assert [claim.id for claim in found.select([str(FILES / "square.py")])] == ["square:toy.square"]
    copy = shutil.copy(FILES / "square.py", tmp_path / "my_own.py")
    assert [claim.id for claim in found.add_file(copy)] == ["my-own:toy.square"]
    assert set(found) == {*BUILT_IN, *found._foreign, "square:toy.square", "my-own:toy.square"}


@pytest.mark.parametrize(
    "text", ["x = 1", "CLAIMS = {}", "CLAIMS = [1]", "CLAIMS = {'a.b': {}}", "raise SystemError('no')", "1/0", "def ("]
)
def test_a_file_without_a_fit_claim_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PrealityError, match="odd"):
        Catalogue().add_file(path)
