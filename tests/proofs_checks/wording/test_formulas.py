"""LaTeX as text: structure is kept, no backslash is, and whatever comes in, text comes out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks import claims
from proofs_checks.report.mathml import prose
from proofs_checks.wording.formulas import pieces, unicode_formula, unicode_prose


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{a}{b}", "a/b"),
        (r"\frac{a + 1}{2 n}", "(a + 1)/(2 n)"),
        (r"\tfrac12 |J|_F", "1/2 |J|_F"),
        (r"x_{ij}^2", "xᵢⱼ²"),
        (r"p_{f(X)}(y)", "p_{f(X)}(y)"),
        (r"e^{-N(H - \varepsilon)}", "e^{−N(H−ε)}"),
        (r"\sqrt{2}, \sqrt{a b}", "√2, √(a b)"),
        (r"P_X\mathrm{-almost\ every}\ x", "P_X-almost every x"),
        (r"\mathbb{R}^n \ni x", "ℝⁿ ni x"),
        (r"\left|\det A\right| \neq 0", "|det A| ≠ 0"),
        (r"x-y, -x, (-1)", "x − y, −x, (−1)"),
        (r"\bar X, \hat p, \overline{\chi(g)}", "X̄, p̂,  bar(χ(g))"),
        (r"\{p > \lambda\} \in \{\emptyset, A\}", "{p > λ} ∈ {∅, A}"),
        (r"A^{\top} J A = J", "Aᵀ J A = J"),
        (r"\log\mathrm{Bern}(y \mid \tfrac12)", "log Bern(y | 1/2)"),
        (r"\unknown{x} \\ y", "unknownx  y"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_formula_reads_as_it_would_be_typed(latex: str, text: str) -> None:
    assert " ".join(unicode_formula(latex).split()) == " ".join(text.split())


@pytest.mark.parametrize("claim", claims.values(), ids=lambda claim: claim.id)
def test_no_backslash_is_left_on_any_page(claim: object) -> None:
    page = claim.page  # type: ignore[attr-defined]
    texts = [
        page.plain,
        *page.assumptions,
        *page.not_proved,
        *(c.statement for c in page.controls.values()),
        *page.objects.values(),
    ]
    texts += [route.shows for route in page.routes.values()] + [
        part for e in page.errata for part in (e.printed, e.corrected)
    ]
    assert "\\" not in unicode_formula(page.statement)
    assert unicode_formula(page.statement).strip()
    for text in texts:
        assert "\\" not in unicode_prose(text)
        assert "$" not in unicode_prose(text), "every dollar sign on a page belongs to a formula"
        assert 'class="source"' not in prose(text), f"a formula of {text!r} cannot be typeset"


@given(st.text(alphabet=r"\{}^_$ abfracsqrt12+-'.,()|", max_size=60))
def test_anything_becomes_text_without_backslashes(latex: str) -> None:
    assert "\\" not in unicode_formula(latex)
    unicode_prose(latex)


def test_deep_nesting_is_flattened_and_does_not_fail() -> None:
    deep = "{" * 5000 + "x" + "}" * 5000
    assert unicode_formula(f"x^{deep}").startswith("x")
    assert unicode_formula("\\sqrt" * 3000 + "x")


@given(st.text(max_size=40))
def test_prose_is_cut_and_put_together_again(text: str) -> None:
    assert "".join(f"${piece}$" if is_formula else piece for is_formula, piece in pieces(text)) == text


@pytest.mark.parametrize("text", ["it costs 3$ or 4$", "$ a $", "a$b * c$d is 1$2", "no formula", "$unclosed"])
def test_a_lone_dollar_sign_is_a_dollar_sign(text: str) -> None:
    assert unicode_prose(text).count("$") == text.count("$") or not re.search(r"\$ ", text)


def test_a_formula_in_prose_is_typeset_and_the_rest_escaped() -> None:
    shown = str(prose(r"<b> and $\frac{1}{2} < x$ & $\newcommand{\x}{}$"))
    assert shown.startswith("&lt;b&gt; and <math><mfrac>")
    assert shown.endswith(r'&amp; <code class="source">\newcommand{\x}{}</code>')
