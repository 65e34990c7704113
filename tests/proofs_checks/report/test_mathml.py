"""Formulas in the report: whatever the LaTeX, the page gets listed elements and escaped text."""

from __future__ import annotations

import re
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from latex2mathml import converter

from proofs_checks import claims
from proofs_checks.report.mathml import ATTRIBUTES, ELEMENTS, CannotConvert, formula, mathml

FRAGMENTS = [
    r"\text{<script>alert(1)</script>}", r"\mathrm{<img src=x onerror=alert(1)>}", r"\operatorname{</math><script>}", r"\href{javascript:alert(1)}{x}",
    r"\style{background:url(//e.x)}{x}", r"\class{a}{x}", r"\cssId{b}{x}", r"\unicode{x3c}", r"&#x3c;script&#x3e;", "]]>", "<!--", "\x00", "\u202e",
    "\ud800", r"\color{red}{x}", r"\begin{pmatrix}a & b \\ c & d\end{pmatrix}", r"\left(", r"\right)", r"\frac", "{", "}", "^", "_", "x", "1", "=",
    r"\sum_{i=1}^n", r"\overline{ab}", r"\hat x", r"\mathbb{R}", r"\mathbf", r"\sqrt", r"\\", "&", r"\quad", ",", "'", "|", "-", r"\log", "\n", "%", "$", "#",
    r"\hspace{1em}", r"\rule{1em}{9999em}", r"\begin{cases}x\end{cases}", r"\xrightarrow{<b>}", r"\fbox{<i>}", r"\tag{<u>}", r"\substack{a\\b}",
]  # fmt: skip


def assert_only_listed(markup: str) -> None:
    """The law: well-formed, and no element, attribute or attribute value beyond the lists."""
    for element in fromstring(f"<p>{markup}</p>").iter():
        if element.tag in ("p", "span", "wbr", "code", "small"):
            assert set(element.attrib) <= {"class"}, element.attrib
            continue
        assert element.tag in ELEMENTS, element.tag
        assert set(element.attrib) <= ATTRIBUTES | {"class"}, element.attrib
        assert element.get("class") in (None, "over", "under")
        assert all(re.fullmatch(r"[A-Za-z0-9 .+%-]*", value) for value in element.attrib.values()), element.attrib


def written(latex: str) -> str:
    """The whole MathML of a formula."""
    return "".join("".join(clause) for clause in mathml(latex))


def spelled(latex: str) -> str:
    """What a formula reads."""
    return "".join(fromstring(f"<p>{written(latex)}</p>").itertext())


def parseable(markup: object) -> str:
    return str(markup).replace("<wbr>", "<wbr/>")


@example("{ }")
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map(" ".join) | st.text(max_size=60))
def test_any_latex_becomes_listed_elements_or_marked_source(latex: str) -> None:
    assert_only_listed(parseable(formula(latex)))


def test_a_converter_gone_bad_gets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = fromstring(
        """<math onload="x"><mrow href="javascript:x" style="a" id="b" class="c" width="url(//e.x)"><script>1</script>loose<mi mathvariant="bold;">x
        <img src="x"/></mi><annotation-xml encoding="text/html"><b/></annotation-xml><maction actiontype="statusline#x">y</maction></mrow></math>"""
    )
    monkeypatch.setattr(converter, "convert_to_element", lambda latex, display: tree)
    [[piece]] = mathml("x")
    assert_only_listed(piece)
    assert re.findall(r"<\w+[^>]* (?:href|style|id|class|width|onload)=", piece) == []


def test_the_law_rejects_the_converters_own_output() -> None:
    raw = converter.convert(r"\text{<script>alert(1)</script>} \href{javascript:alert(1)}{x}")
    with pytest.raises(AssertionError):
        assert_only_listed(raw)


def test_markup_in_text_is_text() -> None:
    root = fromstring(f"<p>{formula(chr(92) + 'text{<script>alert(1)</script>}')}</p>")
    assert "".join(root.itertext()) == "<script>alert(1)</script>"
    assert root.find(".//script") is None


def test_entities_written_by_hand_stay_text() -> None:
    root = fromstring(f"<p>{formula(r'x + &#x3c;script&#x3e;')}</p>".replace("<wbr>", "<wbr/>"))
    assert root.find(".//script") is None


@pytest.mark.parametrize("claim_id", list(claims))
def test_every_statement_of_the_catalogue_is_typeset(claim_id: str) -> None:
    assert_only_listed(written(claims[claim_id].statement))
    assert "\\" not in spelled(claims[claim_id].statement), "a command was printed as it is typed"


@pytest.mark.parametrize(
    "latex",
    [
        r"\frac{1}{",
        "",
        "   ",
        r"\left(x",
        r"\newcommand{\a}{b}\a",
        "x" * 3000,
        "{" * 200 + "x" + "}" * 200,
        r"\sqrt" * 300,
        r"\begin{matrix}",
    ],
)
def test_what_cannot_be_converted_is_shown_as_marked_source(latex: str) -> None:
    with pytest.raises(CannotConvert):
        mathml(latex)
    shown = str(formula(latex))
    assert shown.startswith('<code class="source">')
    assert "could not be typeset" in shown


@pytest.mark.parametrize(
    ("latex", "letters"),
    [
        (r"\mathbb{R}", "ℝ"),
        (r"\mathbb{N}^D", "ℕD"),
        (r"\mathbf{x}", "𝐱"),
        (r"\mathcal{L}", "ℒ"),
        (r"\mathfrak{H}", "ℌ"),
        (r"\boldsymbol{\alpha}", "𝜶"),
        (r"\mathbf{1}", "𝟏"),
    ],
)
def test_alphabets_are_written_with_their_own_letters(latex: str, letters: str) -> None:
    assert spelled(latex) == letters


def test_lines_break_between_clauses_then_before_relations_and_nowhere_inside_brackets() -> None:
    clauses = mathml(r"f(a, b = c) = 1, \quad g(x)\, y \Rightarrow h \text{ for all } x")
    assert [["".join(fromstring(piece).itertext()).strip() for piece in clause] for clause in clauses] == [
        ["f(a,b=c)", "=1,"],
        ["g(x)y", "⇒h", "for\u00a0all\u00a0x"],
    ]


@pytest.mark.parametrize("claim_id", list(claims))
def test_cutting_a_formula_loses_nothing(claim_id: str) -> None:
    statement = claims[claim_id].statement
    whole = converter.convert(statement, display="block")
    count = len(re.findall(r"<(?:mfrac|msqrt|msub|msup|msubsup|munderover|mn)\b", whole))
    assert len(re.findall(r"<(?:mfrac|msqrt|msub|msup|msubsup|munderover|mn|munder)\b", written(statement))) >= count


def test_signs_words_and_bars_are_set_as_tex_sets_them() -> None:
    assert '<mo form="prefix">−</mo>' in written(r"a = -\log 2")
    assert '<mi>log</mi><mspace width="0.167em" /><mi>p</mi>' in written(r"\log p")
    assert "mspace" not in written(r"\log(p)")
    assert '<mrow class="over">' in written(r"\overline{\chi(g)}")
    assert "<munder><mo" in written(r"\sup_x f")
    assert "<mo>∼</mo>" in written(r"X \sim p")
    assert "<mi>Cov</mi>" in written(r"\mathrm{Cov} = 1")
    assert "<mtext>half-space</mtext>" in written(r"\mathrm{half-space}")
    assert '<mi mathvariant="normal">d</mi><mi>x</mi>' in written(r"\mathrm{d}x")
