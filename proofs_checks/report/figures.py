"""A claim's figure as inline SVG: small, offline, legible on light and on dark paper,
and made of listed elements only.

Matplotlib's own file is never printed. It is parsed and rebuilt: ``style`` attributes
become presentation attributes (a page with a strict content policy allows no inline
style), identifiers that something refers to are renamed so that no two figures share
one, and the rest is dropped. The background is left out; on dark paper the page turns
lightness around and keeps hues, so that whatever is legible on white, text on coloured
cells too, stays so.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, fromstring, tostring

from markupsafe import Markup

from proofs_checks.claim.isolation import Apart, call_apart
from proofs_checks.errors import CatalogueError
from proofs_checks.wording import clip, error_line, visible, words

if TYPE_CHECKING:
    from proofs_checks.claim.claim import Claim
    from proofs_checks.findings import AuditReport

LARGEST = 20 * 1024  # bytes of one figure
BESIDE = 560  # pixels of width up to which a figure stands beside the text, a little reduced at most
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's colour
    "svg.hashsalt": "preality",
    "svg.image_inline": True,
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 9.0,
    "legend.fontsize": 8.0,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
}
ELEMENTS = words("svg g defs path rect circle ellipse line polyline polygon text tspan use image clipPath pattern")
ATTRIBUTES = words(
    "d x y x1 y1 x2 y2 cx cy r rx ry width height viewBox transform points fill fill-opacity fill-rule stroke stroke-width stroke-opacity "
    "stroke-linecap stroke-linejoin stroke-dasharray stroke-dashoffset stroke-miterlimit opacity clip-path clip-rule text-anchor font-size "
    "font-style font-weight preserveAspectRatio patternUnits dominant-baseline"
)
_VALUE = re.compile(r"[\w .,()#%+-]*")
_REFERENCE = re.compile(r"url\(#([\w.-]+)\)")
_PNG = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+")
_DECIMAL = re.compile(r"-?\d*\.\d+(?:e-?\d+)?")
_FONT = re.compile(r"(?P<before>[^;]*?)(?P<size>\d[\d.]*)px")
_DEFAULTS = {
    ("stroke-opacity", "1"), ("fill-opacity", "1"), ("opacity", "1"), ("stroke-linecap", "butt"), ("text-anchor", "start"),
    ("font-weight", "400"), ("stroke-dashoffset", "0"),
}  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """A figure for a page, or the reason why there is none (empty when the claim
    draws none).
    """

    svg: Markup | None = None
    note: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs a line to itself, since text beside it would leave it too
        small to read.
        """
        match = re.match(r'<svg [^>]*?width="(\d+)"', self.svg or "")
        return match is not None and int(match[1]) > BESIDE


def figure_svg(claim: Claim, prefix: str) -> Drawing:
    """The claim's figure, cleaned.

    Args:
        prefix: Begins every identifier in the figure; different for every figure of a
            page.
    """
    label = claim.page.caption or f"Figure of {claim.title}"
    name = f"claims[{claim.id!r}].figure()"
    if claim.apart:
        mentioned = b"figure" in _source_of(claim)  # else a process would be started to find none
        return (
            _drawing(lambda: call_apart(svg_of, claim.page.home, claim.id), prefix, label, name)
            if mentioned
            else Drawing()
        )
    if not callable(getattr(claim.code, "figure", None)):
        return Drawing()
    return _drawing(lambda: draw(claim.figure), prefix, label, name)


def _source_of(claim: Claim) -> bytes:
    try:
        return Path(claim.page.origin).with_suffix(".py").read_bytes()
    except (OSError, ValueError):
        return b""


def svg_of(home: str, claim_id: str) -> str:
    """The figure of a claim of somebody else's, as matplotlib writes it; empty where
    it draws none.
    """
    from proofs_checks.run.interactive import Catalogue

    catalogue = Catalogue()
    if home.endswith(".py"):
        catalogue.add_file(home)
    claim = catalogue[claim_id]
    return draw(claim.figure) if callable(getattr(claim.code, "figure", None)) else ""


def audit_svg(report: AuditReport, prefix: str) -> Drawing:
    """The picture of an audit's facts, cleaned; nothing where the kind draws none."""
    if not report.has_picture:
        return Drawing()
    return _drawing(lambda: draw(report.figure), prefix, f"Figure of {report.subject}", "report.figure()")


def _drawing(figure: Callable[[], str], prefix: str, label: str, name: str) -> Drawing:
    try:
        text = figure()
        found = clean_svg(text, prefix, label=label) if text else ""
    except Exception as error:  # noqa: BLE001  a claim's own code: whatever it raises is told, and the report is written all the same
        why = str(error) if isinstance(error, Apart) else error_line(error)
        return Drawing(note=f"The figure could not be drawn: {clip(why, 300)}")
    if not found:
        return Drawing()
    if (size := len(found.encode())) > LARGEST:
        return Drawing(
            note=f"The figure takes {size / 1024:.0f} KB, and the report shows at most {LARGEST // 1024}; {name} draws it."
        )
    return Drawing(Markup(found))


def draw(make: Callable[[], Any]) -> str:
    """A figure as matplotlib writes it, the same on every run."""
    import matplotlib

    buffer = io.StringIO()
    with warnings.catch_warnings(), matplotlib.rc_context(STYLE):
        warnings.simplefilter("ignore")
        figure: Any = make()
        if not hasattr(figure, "savefig"):
            raise CatalogueError(f"expected figure() to return a matplotlib Figure, got {type(figure).__name__}")
        figure.savefig(
            buffer,
            format="svg",
            bbox_inches="tight",
            pad_inches=0.04,
            transparent=True,
            metadata={"Date": None, "Creator": None},
        )
    return buffer.getvalue()


def clean_svg(svg: str, prefix: str, label: str = "") -> str:
    """``svg`` rebuilt from listed elements and attributes, for use inside a page."""
    tree = fromstring(svg)
    names = {name: f"{prefix}{number}" for number, name in enumerate(_referenced(tree))}
    copy = next(iter(_rebuilt(tree, names)), Element("svg"))
    width, height = (float(re.sub(r"[^\d.]", "", tree.get(name, "")) or 300) for name in ("width", "height"))
    copy.attrib.setdefault("viewBox", f"0 0 {width:g} {height:g}")
    copy.attrib.update(width=f"{width * 4 / 3:.0f}", height=f"{height * 4 / 3:.0f}", role="img")
    copy.set("stroke-linejoin", "round")
    copy.set("aria-label", clip(label, 300))
    return tostring(copy, encoding="unicode")


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _referenced(tree: Element) -> list[str]:
    """Identifiers that something in the drawing points at, in order."""
    found: dict[str, None] = {}
    for element in tree.iter():
        for name, value in element.attrib.items():
            if _local(name) == "href" and value.startswith("#"):
                found[value[1:]] = None
            for match in _REFERENCE.finditer(value):
                found[match[1]] = None
    return list(found)


def _rebuilt(element: Element, names: dict[str, str]) -> Iterator[Element]:
    """A clean copy of ``element``; its children alone where it is a group that says
    nothing, nothing where it is not listed.
    """
    tag = _local(element.tag)
    if tag not in ELEMENTS:
        return
    copy = Element(tag, _attributes(element, tag, names))
    if tag in ("text", "tspan"):
        copy.text = _said(element.text)
    for child in element:
        for clean in _rebuilt(child, names):
            if tag in ("text", "tspan"):
                clean.tail = _said(child.tail)
            copy.append(clean)
    if tag == "text":
        _join(copy)
    if (tag in ("g", "defs") and not len(copy)) or (tag in ("use", "image") and "href" not in copy.attrib):
        return
    if tag in ("path", "rect") and _is_invisible(copy) and "id" not in copy.attrib and not _is_clip(element):
        return
    if tag == "g" and not copy.attrib:
        yield from copy
    else:
        yield copy


def _said(text: str | None) -> str | None:
    """Text that is more than the file's own indentation."""
    return visible(text) if text and (text.strip() or "\n" not in text) else None


def _join(text: Element) -> None:
    """Letters that stand alone, as matplotlib writes its formulas, put together: one
    element with a list of positions.
    """
    joined: list[Element] = []
    for part in text:
        last = joined[-1] if joined else None
        alone = part.tag == "tspan" and len(part) == 0 and len(part.text or "") == len(part.get("x", "").split())
        same = last is not None and {**last.attrib, "x": ""} == {**part.attrib, "x": ""} and not last.tail
        if last is not None and alone and same and len(last) == 0:
            last.set("x", f"{last.get('x')} {part.get('x')}")
            last.text = (last.text or "") + (part.text or "")
            last.tail = part.tail
        else:
            joined.append(part)
    text[:] = joined


def _is_invisible(copy: Element) -> bool:
    return copy.get("fill") == "none" and "stroke" not in copy.attrib


def _is_clip(element: Element) -> bool:
    return "style" not in element.attrib and "fill" not in element.attrib


def _attributes(element: Element, tag: str, names: dict[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _declared(element):
        local = _local(name)
        if local == "href":
            if tag == "use" and value[1:] in names and value.startswith("#"):
                found["href"] = f"#{names[value[1:]]}"
            elif tag == "image" and _PNG.fullmatch(value):
                found["href"] = re.sub(r"\s", "", value)
        elif local == "id" and value in names:
            found["id"] = names[value]
        elif local in ATTRIBUTES and (match := _REFERENCE.fullmatch(value.strip())):
            if match[1] in names and local in ("clip-path", "fill"):
                found[local] = f"url(#{names[match[1]]})"
        elif local in ATTRIBUTES and _VALUE.fullmatch(value := " ".join(value.split())):
            found[local] = _rounded(local, value)
    if found.get("stroke") == "none":
        found = {name: value for name, value in found.items() if not name.startswith("stroke")}
    return {name: value for name, value in found.items() if value and (name, value) not in _DEFAULTS}


def _declared(element: Element) -> Iterator[tuple[str, str]]:
    """Attributes as they stand, then those that the ``style`` attribute holds."""
    for name, value in element.attrib.items():
        if name != "style":
            yield name, value
    for declaration in element.get("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name != "font":
            yield name, value
        elif match := _FONT.search(value):
            yield "font-size", match["size"]
            for word in match["before"].split():
                if word in ("italic", "oblique"):
                    yield "font-style", "italic"
                elif word in ("bold", "600", "700", "800", "900"):
                    yield "font-weight", "bold"


def _rounded(name: str, value: str) -> str:
    digits = 4 if name in ("transform", "opacity", "fill-opacity", "stroke-opacity") else 2

    def short(match: re.Match[str]) -> str:
        return f"{float(match[0]):.{digits}f}".rstrip("0").rstrip(".").replace("-0.", "-.") or "0"

    value = _DECIMAL.sub(short, value)
    if name == "transform":
        value = value.replace("rotate(-0 ", "rotate(0 ")
        value = re.sub(r" ?rotate\(0 [^)]*\)", "", value).strip()
    return re.sub(r"(?<=[A-Za-z]) | (?=[A-Za-z])", "", value) if name == "d" else value
