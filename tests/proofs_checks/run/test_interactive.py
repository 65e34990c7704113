"""In a REPL or a notebook a claim shows itself, runs on what a user brings, and never raises for being refuted."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from proofs_checks import assert_claim, claims
from proofs_checks.claim.claim import Claim
from proofs_checks.errors import CatalogueError, DeviceError, InputError
from proofs_checks.kernel import Case, Status
from proofs_checks.run.interactive import Catalogue

FILES = Path(__file__).parents[1] / "claim_files"


@pytest.fixture(scope="module")
def square() -> Claim:
    return Catalogue().add_file(FILES / "square.py")[0]


@pytest.fixture(scope="module")
def crooked() -> dict[str, Claim]:
    return {claim.slug: claim for claim in Catalogue().add_file(FILES / "crooked.py")}


class Tags(HTMLParser):
    """Collects the tags of a page, so that what was meant as text is seen to be text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


def test_the_catalogue_prints_a_line_a_claim() -> None:
    lines = repr(claims).splitlines()
    assert [line.split()[0] for line in lines] == list(claims)
    assert Tags(claims._repr_html_()).seen == {"table", "thead", "tbody", "tr", "th", "td", "code"}


def test_a_claim_shows_itself(square: Claim) -> None:
    assert repr(square) == "<claim square:toy.square: A square expands [exact, numeric, statistical]>"
    assert square._repr_latex_() == f"${square.statement}$"
    told = square.explain()
    for words in (
        square.title,
        "(x + 1)² = x² + 2x + 1",
        square.plain,
        "assuming x is real",
        "D = 1..8",
        "control wrong-square (exact, numeric)",
        "J. Bose",
    ):
        assert words in told
    assert "wrong-square" in repr(square.controls)
    assert {"check", "prove", "explain", "statement"} <= set(dir(square))


def test_hostile_text_stays_text_in_a_notebook(crooked: dict[str, Claim]) -> None:
    for claim in crooked.values():
        assert Tags(claim._repr_html_()).seen <= {"div", "b", "code", "p"}
    assert Tags(crooked["failing"].check()._repr_html_()).seen <= {"div", "b", "table", "tr", "td"}


def test_proving_runs_the_proofs_and_checking_runs_everything(square: Claim) -> None:
    proof = square.prove()
    assert list(proof.routes) == ["exact"]
    assert list(proof.controls) == [("wrong-square", "exact")]
    whole = square.check(seed=2)
    assert whole.holds
    assert list(whole.routes) == ["exact", "numeric", "statistical"]
    assert (whole.refuted_controls, len(whole.controls)) == (3, 3)
    assert whole.margin > 2
    assert whole.assert_holds() is whole
    assert "numeric      HOLDS" in repr(whole)


def test_the_same_seed_gives_the_same_result(square: Claim) -> None:
    first, second, other = (square.check(seed=seed, route="numeric") for seed in (1, 1, 2))
    assert first.routes == second.routes
    assert [record["case"] for record in first.records] != [record["case"] for record in other.records]


def test_a_refutation_is_a_result_and_raises_only_when_asked(crooked: dict[str, Claim]) -> None:
    result = crooked["refuted"].check(route="numeric")
    assert result.status is Status.REFUTED
    with pytest.raises(AssertionError, match="50 times its bound"):
        result.assert_holds()
    with pytest.raises(TypeError, match="not a truth value"):
        bool(result)
    assert crooked["doubtful"].check(route="numeric").status is Status.UNDECIDED
    assert crooked["failing"].check(route="numeric").status is Status.ERRORED
    assert crooked["leaving"].check(route="numeric").status is Status.ERRORED


def test_a_reader_brings_a_case_or_an_object(square: Claim) -> None:
    result = square.check(case={"D": 5}, route="numeric")
    assert [record["case"] for record in result.records] == [{"D": 5}]
    assert square.check(case=Case(D=5), route="numeric").routes == result.routes
    with pytest.raises(InputError, match="takes case"):
        square.check(case={"D": 5}, route="exact")
    mine = square.check(shift=1.0)
    assert mine.status is Status.REFUTED
    assert list(mine.routes) == ["numeric"], "only the route that takes it"
    assert not mine.controls, "controls are of the claim, and not of a user's object"


def test_what_a_claim_does_not_take_is_refused_with_what_it_does(square: Claim) -> None:
    with pytest.raises(InputError, match="no route 'formal'"):
        square.check(route="formal")
    with pytest.raises(InputError, match=r"No route of square:toy\.square takes colour"):
        square.check(colour="red")
    with pytest.raises(InputError, match="no profile 'hasty'"):
        square.check(profile="hasty")
    with pytest.raises(DeviceError, match="auto, cpu or cuda"):
        square.check(device="tpu")
    with pytest.raises(CatalogueError, match="no figure"):
        square.figure()
    with pytest.raises(KeyError, match="no control 'x'"):
        square.controls["x"]


def test_one_control_can_be_run_alone(square: Claim) -> None:
    handle = square.controls["cubes"]
    assert "Cubes of uniform draws" in repr(handle)
    result = handle.check()
    assert result.holds
    assert list(result.controls) == [("cubes", "statistical")]


def test_assert_claim_is_for_a_readers_own_suite(monkeypatch: pytest.MonkeyPatch, square: Claim) -> None:
    monkeypatch.setattr(Catalogue, "_all", property(lambda self: {square.id: square}))
    assert_claim(square.id)
    with pytest.raises(AssertionError, match="REFUTED"):
        assert_claim(square.id, shift=1.0)
