"""The report in a real browser: headless Chromium, driven by playwright, opens the file as a user would."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proofs_checks.report.formats import write_report
from proofs_checks.wording import visible

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield made
        made.close()


@pytest.fixture
def opened(browser: Any, sample_page: str, tmp_path: Path) -> Iterator[Open]:
    """``opened(color_scheme="dark", ...)`` gives the sample's report in a new page; every complaint of the browser fails the test."""
    path = tmp_path / "réport <b> #1.html"
    contexts: list[Any] = []
    complaints: list[str] = []

    def show(*, change: Callable[[str], str] = lambda text: text, **options: Any) -> Any:
        write_report(path, change(sample_page))
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, "offline": True, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                complaints.append(f"request: {request.url}") if not request.url.startswith(("file:", "data:")) else None
            ),
        )
        page.goto(path.as_uri())
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def shown_articles(page: Any) -> list[str]:
    return page.locator("article:visible").evaluate_all("all => all.map(one => one.id.replace(/^c\\d+-/, ''))")


def test_the_page_opens_without_a_complaint(opened: Open) -> None:
    page = opened()
    assert len(shown_articles(page)) == 6
    assert page.locator("form").is_visible()
    assert page.title().startswith("Of 6 claims")


def test_hostile_strings_stay_text(opened: Open, sample: Any) -> None:
    page = opened()
    assert page.evaluate("window.pwned") is None
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, article style").count() == 0
    shown = visible(sample[0][-1].title)
    assert " ".join(shown.split()) in " ".join(page.locator("article[id*=hostile] h2").inner_text().split())


def test_hostile_strings_stay_text_even_without_the_content_policy(opened: Open) -> None:
    page = opened(change=lambda text: re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text))
    assert page.locator("meta[http-equiv]").count() == 0
    assert page.evaluate("window.pwned") is None
    assert page.locator("script").count() == 1


def test_the_content_policy_would_stop_what_escaping_let_through(
    browser: Any, sample_page: str, tmp_path: Path
) -> None:
    text = sample_page.replace("<main", "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'><main")
    write_report(tmp_path / "planted.html", text)
    page = browser.new_page()
    page.goto((tmp_path / "planted.html").as_uri())
    assert page.evaluate("window.pwned") is None
    write_report(tmp_path / "bare.html", re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text))
    page.goto((tmp_path / "bare.html").as_uri())
    assert page.evaluate("window.pwned") is not None
    page.close()


def test_filters_narrow_by_topic_route_and_verdict(opened: Open) -> None:
    page = opened()
    count = page.locator("output")
    page.select_option("[name=topic]", "groups")
    assert shown_articles(page) == ["groups-maschke", "groups-d4-irreps"]
    assert count.inner_text() == "2 of 6"
    assert page.locator("nav tbody tr:visible").count() == 2
    page.select_option("[name=verdict]", "UNDECIDED")
    assert shown_articles(page) == ["groups-d4-irreps"]
    page.select_option("[name=verdict]", "REFUTED")
    assert shown_articles(page) == []
    assert count.inner_text() == "No claim matches"
    page.get_by_role("button", name="Clear").click()
    playwright.expect(page.locator("article:visible")).to_have_count(6)
    page.select_option("[name=verdict]", "HOLDS")
    assert shown_articles(page) == ["anomaly-change-of-variables"]
    page.select_option("[name=route]", "exact")  # with a route chosen, the verdict is that route's
    assert len(shown_articles(page)) == 6
    page.select_option("[name=route]", "numeric")
    assert shown_articles(page) == ["anomaly-arbitrary-score", "anomaly-change-of-variables"]
    page.select_option("[name=verdict]", "")
    page.select_option("[name=route]", "statistical")
    assert shown_articles(page) == ["anomaly-arbitrary-score"]


def test_claims_are_sorted_by_the_lecture_and_back(opened: Open) -> None:
    from proofs_checks.claim.lecture import places

    page = opened()
    known = {claim.replace(".", "-"): place for claim, place in places().items()}
    first = shown_articles(page)
    page.select_option("[name=order]", "lecture")
    arranged = shown_articles(page)
    placed = [name for name in arranged if name in known]
    assert sorted(arranged) == sorted(first)
    assert arranged != first
    assert placed == sorted(placed, key=known.__getitem__)
    rows = page.locator("nav tbody tr").evaluate_all("all => all.map(one => one.dataset.for.replace(/^c\\d+-/, ''))")
    assert rows == arranged
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("wanted => document.querySelector('article').id.endsWith(wanted)", arg=first[0])
    assert shown_articles(page) == first


def test_search_finds_words_in_any_order_and_latex_too(opened: Open) -> None:
    page = opened()
    page.fill("[name=words]", "bent SARKAR")
    assert shown_articles(page) == ["hyperbolic-tree-embedding"]
    page.fill("[name=words]", r"\frac{1}{")
    assert shown_articles(page) == ["groups-maschke"]
    page.fill("[name=words]", "no-such-word")
    assert shown_articles(page) == []
    page.keyboard.press("Enter")  # submits nothing
    page.fill("[name=words]", "")
    assert len(shown_articles(page)) == 6


def test_the_filter_speaks_to_screen_readers(opened: Open) -> None:
    page = opened()
    assert page.locator("output").get_attribute("aria-live") == "polite"
    assert page.get_by_role("searchbox", name="Search", exact=True).is_visible()
    for name in ("Topic", "Route", "Verdict"):
        assert page.get_by_role("combobox", name=name, exact=True).is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for table in page.locator("article table").all():
        assert table.locator("caption").count() == 1
        assert table.locator("thead th[scope=col]").count() >= 3
    assert page.locator("h1").count() == 1


def test_without_javascript_the_page_is_complete(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("article").count() == 6
    assert all(article.is_visible() for article in page.locator("article").all())
    assert not page.locator("form").is_visible()


def test_formulas_are_set_and_have_height(opened: Open) -> None:
    page = opened()
    boxes = page.locator("math").evaluate_all(
        "all => all.map(one => [one.getBoundingClientRect().width, one.getBoundingClientRect().height])"
    )
    assert len(boxes) > 10
    assert all(width > 4 and height > 6 for width, height in boxes)
    assert page.evaluate("document.querySelector('math').namespaceURI") == "http://www.w3.org/1998/Math/MathML"
    tall, flat = (
        page.locator(f"article[id*={part}] math").first.bounding_box()["height"]
        for part in ("change-of-variables", "hostile")
    )
    assert tall > flat  # a fraction is taller than a letter


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_nothing_overflows_to_the_side(opened: Open, width: int) -> None:
    page = opened(viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


CONTRAST = """() => {
  const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (text) => { const [r, g, b] = parse(text); return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b); };
  const paper = (node) => { for (; node; node = node.parentElement) { const color = getComputedStyle(node).backgroundColor; const alpha = parse(color)[3]; if (alpha !== 0) return color; } };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("svg, script, style, option") || !element.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(paper(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), node.data.slice(0, 40), element.className]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(opened: Open, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    found = page.evaluate(CONTRAST)
    assert len(found) > 100
    assert found[0][0] >= 4.5, found[:3]  # WCAG 2 AA for small text
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(int(part) for part in re.findall(r"\d+", paper)[:3]) < 150) is (scheme == "dark")


def test_figures_follow_the_page_into_the_dark(opened: Open) -> None:
    from PIL import Image

    def lightness(scheme: str) -> tuple[float, int, int]:
        page = opened(color_scheme=scheme)
        picture = Image.open(io.BytesIO(page.locator("figure svg").first.screenshot())).convert("L")
        histogram = picture.histogram()
        total = sum(histogram)
        levels = [level for level, n in enumerate(histogram) if n]
        return sum(level * n for level, n in enumerate(histogram)) / total, levels[0], levels[-1]

    mean, darkest, _ = lightness("light")
    assert mean > 200
    assert darkest < 60  # ink on paper
    mean, _, lightest = lightness("dark")
    assert mean < 80
    assert lightest > 190  # and light on dark


def test_it_prints_complete_on_white_paper(opened: Open) -> None:
    page = opened(color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("form").is_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert page.get_by_text("Higham 2002").first.is_visible()  # folded on the screen
    assert (
        page.evaluate(
            "document.querySelector('figure svg') && getComputedStyle(document.querySelector('figure svg')).filter"
        )
        == "none"
    )
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 4


def test_a_cleaned_figure_looks_like_the_one_that_was_drawn(browser: Any, sample: Any, tmp_path: Path) -> None:
    from PIL import Image, ImageChops

    from proofs_checks.report import figures

    raw = figures.draw(sample[1]["anomaly.change-of-variables"].figure)
    clean = figures.clean_svg(raw, "f-")
    page = browser.new_page()

    def picture(svg: str) -> Any:
        inner = svg[svg.index("<svg") :]
        page.set_content(f'<body style="margin: 0; background: white; font-family: DejaVu Sans">{inner}')
        page.locator("svg").evaluate("one => { one.setAttribute('width', 400); one.setAttribute('height', 270); }")
        return Image.open(io.BytesIO(page.locator("svg").screenshot())).convert("L")

    def share_that_differs(one: Any, other: Any) -> float:
        histogram = ImageChops.difference(one, other).histogram()
        return sum(histogram[64:]) / sum(histogram)

    drawn = picture(raw)
    assert share_that_differs(drawn, picture(clean)) < 0.001  # coordinates are rounded to a hundredth of a point
    assert (
        share_that_differs(drawn, picture(re.sub(r"<text.*?</text>", "", clean, flags=re.S))) > 0.001
    )  # and the comparison sees lost labels
    page.close()
