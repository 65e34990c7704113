"""The report as text: what it says, in which order, how large it is, and that no string in it is more than a string."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proofs_checks import claims
from proofs_checks.errors import PrealityError
from proofs_checks.kernel import Scope, Status, Verdict
from proofs_checks.report import figures as drawing
from proofs_checks.report import view
from proofs_checks.report.formats import Run, render_html, render_json, render_junit, render_markdown, write_report
from proofs_checks.report.markdown import code, escape
from proofs_checks.run.results import ClaimResult
from proofs_checks.wording import clip, number, visible

PER_CLAIM = 35 * 1024
RENDERERS = [render_html, render_markdown, render_junit, render_json]


class Reading(HTMLParser):
    """What a parser finds in a page: every start tag with its attributes, and the text outside style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in ("style", "script") else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def assert_inert(page: str) -> None:
    """The law: one style, one script, no handler, no inline style, no address but anchors of the page and pictures inside it."""
    tags = Reading(page).tags
    names = [tag for tag, _ in tags]
    assert names.count("script") <= 1
    assert names.count("style") == 1
    assert not {
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "img",
        "foreignobject",
        "annotation-xml",
        "video",
        "audio",
    } & set(names)
    for tag, attributes in tags:
        assert not [
            name
            for name in attributes
            if name.startswith("on") or name in ("style", "src", "action", "formaction", "srcdoc")
        ], (tag, attributes)
        for name in ("href", "xlink:href"):
            value = attributes.get(name)
            assert value is None or re.fullmatch(r"#[\w.-]+|data:image/png;base64,[\w+/=]+", value), (tag, value)
    identifiers = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def articles(page: str) -> list[str]:
    return re.findall(r"<article.*?</article>", page, re.S)


def test_the_page_is_inert_whatever_its_strings_hold(sample: Any, run: Run) -> None:
    results, catalogue = sample
    hostile = next(iter(results[-1].routes.values()))
    assert hostile is not None
    evil = replace(
        run,
        device_name=results[-1].title,
        command=results[-1].title,
        versions={results[-1].title: results[-1].title},
        started=results[-1].title,
    )
    assert_inert(render_html(results, catalogue, evil))


def test_the_law_of_inertness_has_teeth() -> None:
    for planted in (
        "<script>1</script><script>2</script>",
        '<p onclick="x">',
        '<a href="javascript:x">',
        '<a href="//example.org">',
        '<p style="color:red">',
        "<img>",
    ):
        with pytest.raises(AssertionError):
            assert_inert(f"<style></style>{planted}")


def test_hostile_strings_are_all_still_there_to_be_read(sample: Any, run: Run) -> None:
    results, catalogue = sample
    text = Reading(render_html(results, catalogue, run, figures=False)).text
    shown = visible(results[-1].title)
    assert "⟨U+0000⟩" in shown
    assert "⟨U+202E⟩" in shown
    assert text.count(shown) >= 10  # title, plain words, assumptions, scope, witness, notes, errata, ...


def test_what_needs_attention_comes_first(sample: Any, run: Run) -> None:
    results, catalogue = sample
    verdicts = re.findall(r'<article id="[^"]*" class="(\w+)"', render_html(results, catalogue, run, figures=False))
    assert verdicts == ["REFUTED", "ERRORED", "ERRORED", "UNDECIDED", "GIVEN", "HOLDS"]
    for render in RENDERERS[1:]:
        page = render(results, catalogue, run)
        assert page.index("tree-embedding") < page.index("d4-irreps") < page.index("change-of-variables")


def test_totals_conflicts_and_interruption_stand_at_the_top(sample: Any, run: Run) -> None:
    results, catalogue = sample
    page = render_html(results, catalogue, replace(run, complete=False), figures=False)
    top = Reading(page[: page.index("<main")]).text
    assert "Of 6 claims, 1 is refuted, 2 errored, 1 is undecided, 1 holds conditionally and 1 holds." in top
    assert "Conflict in hyperbolic.tree-embedding" in top
    assert "Incomplete." in top
    quiet = render_html(results[:1], catalogue, run, figures=False)
    assert "The one claim that was run holds." in quiet
    assert 'role="alert"' not in quiet


def test_a_row_says_all_that_a_reader_needs(sample: Any, run: Run) -> None:
    results, catalogue = sample
    [article] = articles(render_html(results[:1], catalogue, run, figures=False))
    text = " ".join(Reading(article).text.split())
    for said in (
        "anomaly.change-of-variables", "Densities change by the Jacobian", "every D >= 1", "D = 1..64", "maps that are not differentiable",
        "f is a bijection", "Given f is C^8", "Error estimated, not bounded quadrature", "loose bound", "3.1 × 10⁻¹³", "4.4 × 10⁻¹²", "0.07",
        "preality replay 12:7", "D = 64, size = 4096", "exponent-plus-one", "2.0 × 10¹¹ bounds", "exactly", "It is divided, almost everywhere.",
        "preality verify anomaly.change-of-variables --control exponent-plus-one", "it needs a formal route", "Entropy 23(12), 2021", "Higham 2002",
    ):  # fmt: skip
        assert said in text, said


def test_provenance_stands_at_the_foot(sample: Any, run: Run) -> None:
    results, catalogue = sample
    page = render_html(results, catalogue, run, figures=False)
    foot = Reading(page[page.index("</main>") :]).text
    for said in (run.digest, "torch 2.13.0", run.device_name, "preality verify", "quick, 0", "c0de" * 16):
        assert said in foot, said


def test_a_conditional_claim_links_to_what_it_rests_on(sample: Any, run: Run) -> None:
    results, catalogue = sample
    page = render_html(results, catalogue, run, figures=False)
    anchor = re.search(r'<article id="([^"]*groups-maschke)"', page)
    assert anchor
    assert f'Holds given <a href="#{anchor[1]}">groups.maschke</a>' in page


def test_the_content_policy_names_exactly_the_style_and_the_script(sample: Any, run: Run) -> None:
    results, catalogue = sample
    page = render_html(results, catalogue, run)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].startswith("default-src &#39;none&#39;")
    for tag in ("style", "script"):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.S)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1]


def test_a_claim_takes_at_most_35_kilobytes_with_its_figure(sample: Any, run: Run) -> None:
    results, catalogue = sample
    page = render_html(results, catalogue, run)
    assert page.count("<svg") == 2
    sizes = {
        result.id: len(article.encode())
        for result, article in zip(view.order_by_urgency(results), articles(page), strict=True)
    }
    assert max(sizes.values()) <= PER_CLAIM, sizes
    assert all(len(svg.encode()) <= drawing.LARGEST for svg in re.findall(r"<svg.*?</svg>", page, re.S))


@pytest.mark.parametrize("claim_id", [name for name, claim in claims.items() if claim.topic != "kernel"])
def test_every_claim_of_the_catalogue_fits_with_its_figure(claim_id: str, run: Run) -> None:
    claim = claims[claim_id]
    derivations = tuple(f"a derivation of {k} hundred characters or so, {'and so on, ' * 20}" for k in range(4))
    scope = Scope(
        ranges={"D": (1.0, 64.0)},
        cases=8,
        points=10**6,
        given=("a property of some length that nobody has checked, " * 3,),
        estimated=("quadrature",),
    )
    verdict = Verdict(
        Status.HOLDS,
        "numeric",
        "",
        scope,
        None,
        1e-13,
        2e-12,
        0.05,
        ("both sides evaluate to one expression at once",),
        derivations,
    )
    controls = {(name, route): verdict for name, page in claim.page.controls.items() for route in page.routes}
    result = ClaimResult(
        claim_id, claim.title, Status.HOLDS, "", (), dict.fromkeys(claim.routes, verdict), controls, 1.0, ()
    )
    page = render_html([result], claims, run)
    [article] = articles(page)
    assert "<svg" in article, re.findall(r"The figure [^<]*", article)
    assert len(article.encode()) <= PER_CLAIM
    assert_inert(page)


def test_endless_strings_are_cut_and_say_so(sample: Any, run: Run) -> None:
    results, catalogue = sample
    endless = Verdict(
        Status.REFUTED,
        "numeric",
        "x" * 10**6,
        witness={"n": "w" * 10**6},
        notes=("n" * 10**6,) * 50,
        derivations=("d" * 10**6,) * 50,
    )
    long = replace(results[0], status=Status.REFUTED, why="y" * 10**6, routes={"numeric": endless})
    [article] = articles(render_html([long], catalogue, run))
    assert len(article.encode()) <= PER_CLAIM
    assert "more characters in the record" in article


def test_the_same_results_give_the_same_bytes(sample: Any, run: Run) -> None:
    results, catalogue = sample
    for render in RENDERERS:
        assert render(results, catalogue, run) == render(results, catalogue, run)


def test_no_claim_and_an_unknown_claim_still_make_a_page(sample: Any, run: Run) -> None:
    results, _ = sample
    for render in RENDERERS:
        assert render([], {}, run)
        assert "tree-embedding" in render(results, {}, run)
    assert_inert(render_html([], {}, run))
    assert "No claim was run." in render_html([], {}, run)


# --- figures


def test_no_two_figures_share_an_identifier_and_every_reference_resolves(sample: Any, run: Run) -> None:
    results, catalogue = sample
    page = render_html(results, catalogue, run)
    found = set(re.findall(r' id="([^"]+)"', page))
    assert len(found) == len(re.findall(r' id="', page))
    inside = "".join(re.findall(r"<svg.*?</svg>", page, re.S))
    references = re.findall(r'href="#([^"]+)"', inside) + re.findall(r"url\(#([^)]+)\)", inside)
    assert references
    assert set(references) <= found


HOSTILE_SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10pt" height="10pt" onload="x()">
<script>x()</script><style>*{fill:url(//e.x)}</style><foreignObject><b/></foreignObject><metadata>x</metadata>
<a xlink:href="javascript:x()"><path d="M0 0"/></a><image xlink:href="https://e.x/a.png"/><image xlink:href="data:text/html,x"/>
<use xlink:href="//e.x#a"/><use xlink:href="#a"/><defs><path id="a" d="M 0 0 L 1.23456 2" style="fill: url(//e.x); stroke: #123456"/></defs>
<animate attributeName="href" values="javascript:x()"/><set/><path d="M1 1" style="fill:#fff;behavior:url(x)" class="y" onclick="x()"/>
<text style="font: italic 10px serif; fill: #010203">&lt;script&gt;</text></svg>"""


def test_a_figure_keeps_listed_elements_only() -> None:
    clean = drawing.clean_svg(HOSTILE_SVG, "f1-", 'a "label" <b>')
    assert_inert("<style></style>" + clean)
    root = fromstring(clean)
    assert {element.tag for element in root.iter()} <= drawing.ELEMENTS
    assert not re.search(r"e\.x|javascript|onload|onclick| class=| style=|behavior", clean)
    assert re.findall(r'href="([^"]*)"', clean) == ["#f1-0"]
    assert 'd="M0 0L1.23 2"' in clean
    assert root.findtext("text") == "<script>"
    assert root.find("text").get("font-style") == "italic"


def test_a_figure_that_is_too_large_or_raises_is_told_and_left_out(sample: Any, run: Run) -> None:
    results, catalogue = sample
    claim = catalogue[results[0].id]

    def crowd() -> Any:
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().scatter(
            range(3000), [(k * 7919) % 3001 for k in range(3000)], s=[k % 50 for k in range(3000)]
        )
        return figure

    def fail() -> Any:
        raise ZeroDivisionError("<script>no data</script>")

    for draw, said in (
        (crowd, "KB, and the report shows at most 20"),
        (fail, "could not be drawn: ZeroDivisionError"),
        (lambda: 3, "expected figure() to return"),
    ):
        claim.code.figure = draw
        page = render_html(results[:1], catalogue, run)
        assert "<svg" not in page
        assert said in page
        assert_inert(page)


def test_figures_can_be_left_out(sample: Any, run: Run) -> None:
    results, catalogue = sample
    assert "<svg" not in render_html(results, catalogue, run, figures=False)


# --- commands


def test_the_worst_check_of_a_route_is_the_one_to_replay() -> None:
    def record(status: Status, margin: float | None, address: str) -> dict[str, Any]:
        return {"verdict": Verdict(status, "numeric", margin=margin).plain(), "address": address}

    holding = [record(Status.HOLDS, 0.1, "1:1"), record(Status.HOLDS, 0.9, "1:2"), record(Status.HOLDS, None, "1:3")]
    assert view.worst(holding) is holding[1]
    refuted = record(Status.REFUTED, float("inf"), "1:5")
    assert (
        view.worst([*holding, record(Status.UNDECIDED, 50.0, "1:4"), refuted, record(Status.REFUTED, 3.0, "1:6")])
        is refuted
    )
    assert view.worst([]) is None


def test_a_record_without_an_address_is_replayed_from_itself(sample: Any) -> None:
    results, _ = sample
    record = {name: value for name, value in results[0].records[0].items() if name != "address"} | {
        "case": {"D": "it's; rm -rf /\x00"}
    }
    words = shlex.split(view.replay_command(record))
    assert words[:2] == ["preality", "replay"]
    assert json.loads(words[2]) == record
    assert view.replay_command({**record, "address": "12:7"}) == "preality replay 12:7"
    assert shlex.split(view.control_command("a.b; rm", "$(x)")) == [
        "preality",
        "verify",
        "a.b; rm",
        "--control",
        "$(x)",
    ]


# --- the other formats


def test_json_has_no_nan_and_says_the_same(sample: Any, run: Run) -> None:
    results, catalogue = sample

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    text = render_json(results, catalogue, run)
    text.encode("ascii")
    data = json.loads(text, parse_constant=refuse)
    assert set(data) == {"version", "run", "claims", "records", "audits"}
    assert data["version"] == 1
    assert data["run"]["digest"] == run.digest
    assert data["run"]["totals"] == {"REFUTED": 1, "ERRORED": 2, "UNDECIDED": 1, "GIVEN": 1, "HOLDS": 1}
    assert len(data["records"]) == sum(len(result.records) for result in results)
    by_id = {claim["id"]: claim for claim in data["claims"]}
    assert by_id["anomaly.arbitrary-score"]["given"] == ["groups.maschke"]
    assert by_id["mine:anomaly.hostile"]["routes"]["numeric"]["margin"] == "inf"
    assert "\\ud800" not in text


def test_junit_is_well_formed_and_maps_every_status(sample: Any, run: Run) -> None:
    results, catalogue = sample
    aside = replace(
        results[0],
        routes={
            **results[0].routes,
            "certified": Verdict(Status.INAPPLICABLE, "certified", "The case misses an assumption"),
        },
    )
    root = fromstring(render_junit([aside, *results[1:]], catalogue, run))
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    assert len(cases) == sum(len(result.routes) + len(result.controls) for result in results) + 1
    assert cases["anomaly.change-of-variables", "numeric"].find("failure") is None
    assert cases["anomaly.change-of-variables", "certified"].find("skipped") is not None
    assert cases["hyperbolic.tree-embedding", "numeric"].find("failure").get("type") == "REFUTED"
    assert cases["groups.d4-irreps", "numeric"].find("failure").get("type") == "UNDECIDED"
    assert cases["groups.d4-irreps", "exact refutes every-x"].find("failure").get("type") == "UNDECIDED"
    assert cases["groups.maschke", "numeric"].find("error").text.endswith("ZeroDivisionError")
    assert cases["groups.d4-irreps", "exact refutes exponent-plus-one"].find("failure") is None
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(root.get(name)) == len(list(root.iter(tag)))
    assert root.find(".//property[@name='given']").get("value") == "groups.maschke"


def test_markdown_lets_no_markup_in_and_keeps_its_tables(sample: Any, run: Run) -> None:
    from markdown_it import MarkdownIt

    results, catalogue = sample
    text = render_markdown(results, catalogue, run)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    reading = Reading(page)
    assert {tag for tag, _ in reading.tags} <= {
        "h1",
        "h2",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "strong",
        "ul",
        "li",
        "code",
        "pre",
    }
    assert not [attributes for _, attributes in reading.tags if "href" in attributes]
    assert visible(results[-1].why)[:40] in reading.text.replace("\n", " ")
    assert [tag for tag, _ in reading.tags].count("h2") == len(results) + 2  # an audit and the provenance
    for table in re.findall(r"<table>.*?</table>", page, re.S):
        widths = {
            row.count("<td") + row.count("<th>") + row.count("<th ") for row in re.findall(r"<tr>.*?</tr>", table, re.S)
        }
        assert len(widths) == 1, table
    assert "preality replay 12:7" in text
    assert "```math" in text


@given(
    st.text(st.characters(), max_size=60)
    | st.lists(st.sampled_from([*"*_`[]()<>#|~$&!+-.1\\ ab\n", "http://a.b", "&lt;"]), max_size=30).map("".join)
)
@example("123. x")
@example("\\<")
def test_escaped_markdown_reads_as_it_was_written(text: str) -> None:
    from markdown_it import MarkdownIt

    words = " ".join(visible(text).split())
    page = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render(f"{escape(text)}\n\nx {escape(text)}\n\n{code(text)}")
    )
    reading = Reading(page)
    assert {tag for tag, _ in reading.tags} <= {"p", "code"}
    assert " ".join(reading.text.split()) == " ".join(f"{words} x {words} {words}".split())


# --- text


@given(st.text(st.characters(), max_size=80))
def test_visible_text_survives_xml_utf8_and_html(text: str) -> None:
    from html import escape

    shown = visible(text)
    shown.encode("utf-8")
    assert fromstring(f"<p>{escape(shown)}</p>").text in (shown, None)
    assert Reading(escape(shown)).text == shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert visible(shown) == shown


def test_ordinary_text_in_any_script_is_left_alone() -> None:
    for text in ("naïve Poincaré 漢字 עברית हिन्दी 👩‍👧", "a\tb\nc", "ℝ ∂ ⟨x⟩"):
        assert visible(text) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0"),
        (None, ""),
        (float("inf"), "∞"),
        (float("nan"), "not a number"),
        (5e-324, "4.9 × 10⁻³²⁴"),
        (99_999.7, "1.0 × 10⁵"),
        (99_998.0, "99,998"),
        (-2.5e-7, "-2.5 × 10⁻⁷"),
        (1.0, "1"),
    ],
)
def test_numbers_are_printed_as_people_write_them(value: float | None, said: str) -> None:
    assert number(value) == said


def test_clipping_counts_what_it_leaves_out() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("a" * 2003, 3) == "aaa … (2,000 more characters in the record)"


# --- files


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "réport \u202e.html"
    write_report(target, "old")
    write_report(target, "new ℝ\n")
    assert target.read_bytes() == "new ℝ\n".encode()
    assert os.listdir(tmp_path) == [target.name]
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize(
    ("failing", "error"),
    [("fsync", KeyboardInterrupt), ("replace", KeyboardInterrupt), ("fsync", OSError), ("replace", OSError)],
)
def test_an_interrupted_report_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, error: type[BaseException]
) -> None:
    target = tmp_path / "verification.html"
    write_report(target, "old")

    def interrupt(*arguments: object) -> None:
        raise error(28, "No space left on device")

    monkeypatch.setattr(os, failing, interrupt)
    with pytest.raises(PrealityError if error is OSError else KeyboardInterrupt, match="No space left"):
        write_report(target, "new")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == [target.name]


def test_a_report_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    with pytest.raises(PrealityError, match="there is no folder"):
        write_report(tmp_path / "missing" / "a.html", "x")
    with pytest.raises(PrealityError, match="is a folder"):
        write_report(tmp_path, "x")
    tmp_path.chmod(0o500)
    read_only = Path("/proc") if os.geteuid() == 0 else tmp_path  # root may write anywhere but there
    with pytest.raises(PrealityError, match=r"cannot be written to .*Choose a folder"):
        write_report(read_only / "verification.html", "x")
    tmp_path.chmod(0o700)
    with pytest.raises(PrealityError, match="File name too long"):
        write_report(tmp_path / ("a" * 300), "x")
    with pytest.raises(PrealityError, match="null byte"):
        write_report(tmp_path / "a\0b", "x")


def test_links_are_followed_and_devices_written_to(tmp_path: Path) -> None:
    target, link = tmp_path / "kept" / "real.html", tmp_path / "link.html"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    write_report(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    write_report(Path("/dev/null"), "x")
    assert not Path("/dev/null").is_file()
