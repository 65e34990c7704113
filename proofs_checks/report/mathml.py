r"""LaTeX to MathML, by a converter that is not trusted.

The converter's tree is never printed. A new one is built from it that has the elements
and the attributes listed here and no others, with every character of text escaped, so
that ``\text{<script>}`` is a formula about the word <script>. Letters in bold,
blackboard or script are written with their own code points, because MathML Core ignores
``mathvariant``.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import zip_longest
from xml.etree.ElementTree import Element, SubElement, tostring

from latex2mathml import converter, exceptions
from markupsafe import Markup, escape

from proofs_checks.wording import visible, words
from proofs_checks.wording.formulas import letter_in, pieces

LONGEST = 2_000  # characters of LaTeX; a longer statement is printed as source
DEEPEST = 60  # nested elements

ELEMENTS = words(
    "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover mmultiscripts mprescripts none "
    "mtable mtr mtd mstyle mpadded mphantom"
)
LEAVES = words("mi mn mo ms mtext")
ATTRIBUTES = words(
    "display displaystyle scriptlevel stretchy fence form separator movablelimits largeop symmetric accent accentunder minsize maxsize "
    "lspace rspace linethickness width height depth voffset columnalign rowalign columnspacing rowspacing mathvariant"
)
_VALUE = re.compile(r"[A-Za-z0-9 .+%-]{1,40}")
_ENTITY = re.compile(r"&#x([0-9A-Fa-f]{1,6});")
_MACRO = re.compile(r"\\(?:re)?newcommand|\\def\b|\\let\b|\\DeclareMathOperator|\\input\b")
_STYLES = {
    "bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC", "double-struck": "DOUBLE-STRUCK", "script": "SCRIPT",
    "bold-script": "BOLD SCRIPT", "fraktur": "FRAKTUR", "bold-fraktur": "BOLD FRAKTUR", "sans-serif": "SANS-SERIF",
    "bold-sans-serif": "SANS-SERIF BOLD", "monospace": "MONOSPACE",
}  # fmt: skip
_SYMBOLS = {("mi", "~"): "∼", ("mo", "-"): "−", ("mi", "'"): "′"}  # typed with one key, printed with another
_ORDINARY = frozenset("∞∅ℓℏ♯♭⊤")  # letters to TeX, operators to the converter
_UNSPACED = frozenset("|‖/")  # TeX sets these as letters; the operator dictionary would set them apart
_OPENING = frozenset("([{⟨⌊⌈,;.)]}⟩⌋⌉=<>≤≥+−⋅×|‖")
_ACCENTS = frozenset("^~¯˙¨ˇ˘´`→")
_CLOSING = frozenset(")]}⟩⌋⌉|‖!′")
_RELATIONS = frozenset("=≤≥<>≠≡≈∼≅⇒⟹⇔⟺→⟶↦")
_LIMITS = words("munder mover munderover")
_LIMIT_WORDS = words("lim max min sup inf limsup liminf argmax argmin gcd Pr")
_SCRIPTS = words("msup msub msubsup")
_CANNOT = (
    exceptions.NumeratorNotFoundError, exceptions.DenominatorNotFoundError, exceptions.ExtraLeftOrMissingRightError,
    exceptions.MissingSuperScriptOrSubscriptError, exceptions.DoubleSubscriptsError, exceptions.DoubleSuperscriptsError,
    exceptions.NoAvailableTokensError, exceptions.InvalidStyleForGenfracError, exceptions.MissingEndError,
    exceptions.InvalidAlignmentError, exceptions.InvalidWidthError, exceptions.LimitsMustFollowMathOperatorError,
    ValueError, LookupError, TypeError, AttributeError, RuntimeError, StopIteration, AssertionError,
)  # fmt: skip


class CannotConvert(ValueError):
    """The formula has to be printed as its source; the message says why."""


def formula(latex: str) -> Markup:
    """A displayed formula that wraps like a sentence, safe to put into a page;
    marked source where it cannot be converted.
    """
    try:
        return Markup("<wbr>").join(
            Markup(f'<span class="clause">{"<wbr>".join(clause)}</span>') for clause in mathml(latex)
        )
    except CannotConvert as reason:
        note = Markup(
            '<code class="source">{}</code> <small class="unset">LaTeX source; it could not be typeset: {}.</small>'
        )
        return note.format(visible(latex[:LONGEST]), visible(reason))


def mathml(latex: str) -> list[list[str]]:
    r"""The formula as clauses of one ``<math>`` element or several: a line breaks
    between clauses, and within one only where it must.

    Raises:
        CannotConvert: the converter does not understand the formula, or it is too long,
            too deep, or defines macros.

    >>> mathml(r"\text{<b>}")
    [['<math displaystyle="true"><mtext>&lt;b&gt;</mtext></math>']]
    """
    return [[tostring(piece, encoding="unicode") for piece in clause] for clause in _clauses(_body(latex, "block"))]


def prose(text: str) -> Markup:
    r"""Text with its formulas, which stand between dollar signs, typeset; one that
    cannot be is marked source.

    >>> print(prose("a < b, $c$"))
    a &lt; b, <math><mi>c</mi></math>
    """
    return Markup("").join(
        _inline(piece) if is_formula else escape(visible(piece)) for is_formula, piece in pieces(text)
    )


def _inline(latex: str) -> Markup:
    try:
        body = _body(latex, "inline")
    except CannotConvert:
        return Markup('<code class="source">{}</code>').format(visible(latex[:LONGEST]))
    math = Element("math")
    math.extend(list(body) if body.tag == "mrow" and not body.attrib else [body])
    return Markup(tostring(math, encoding="unicode"))


def _body(latex: str, display: str) -> Element:
    """The formula rebuilt from listed elements."""
    if len(latex) > LONGEST:
        raise CannotConvert(f"it has {len(latex):,} characters, more than {LONGEST:,}")
    if _MACRO.search(latex):
        raise CannotConvert("it defines a macro")
    try:
        tree = converter.convert_to_element(latex, display=display)
    except _CANNOT as error:
        raise CannotConvert(f"{type(error).__name__} {error}".strip()) from None
    body = _rebuilt(tree, 0)
    if not any((text or "").strip() for text in body.itertext()):
        raise CannotConvert("nothing of it can be typeset")
    return body


def _clauses(body: Element) -> list[list[Element]]:
    """The outermost row, cut after commas and wide spaces, and each of these before
    relations and words; outside all brackets.
    """
    clauses: list[list[Element]] = [[]]
    depth, ended, cut = 0, False, True
    for child in list(body) if body.tag == "mrow" and not body.attrib else [body]:
        text = (child.text or "") if child.tag in ("mo", "mtext") else ""
        before = clauses[-1][-1][-1].text if clauses[-1] else None
        words = child.tag == "mtext" and len(text.strip()) > 2 and before not in _RELATIONS
        cut = cut or (depth == 0 and (words or (child.tag == "mo" and text in _RELATIONS)))
        if child.tag == "mspace":  # a space belongs to the end of a line
            cut, ended = cut and not clauses[-1], ended or (depth == 0 and _is_wide(child))
        elif ended:
            clauses.append([])
            cut, ended = True, False
        if cut:
            clauses[-1].append(Element("math", displaystyle="true"))
        cut = False
        clauses[-1][-1].append(child)
        depth = max(0, depth + (text in ("(", "[", "{", "⟨")) - (text in (")", "]", "}", "⟩")))
        ended = ended or (depth == 0 and child.tag == "mo" and text in (",", ";", ":"))
    return clauses


def _is_wide(element: Element) -> bool:
    width = re.fullmatch(r"(\d[\d.]*)em", element.get("width", "")) if element.tag == "mspace" else None
    return width is not None and float(width[1]) >= 1


def _rebuilt(element: Element, depth: int) -> Element:
    """A copy of ``element`` with nothing in it that is not listed; an unlisted
    element becomes a row of what it holds.
    """
    if depth > DEEPEST:
        raise CannotConvert(f"it is nested more than {DEEPEST} deep")
    if element.tag in LEAVES:
        return _leaf(element)
    listed = element.tag in ELEMENTS and element.tag != "math"
    copy = Element(element.tag if listed else "mrow", _attributes(element) if listed else {})
    for text in (element.text, *(child.tail for child in element)):
        if text and text.strip():  # a converter should put text into leaves only
            SubElement(copy, "mtext").text = _decoded(text)
    copy.extend([_rebuilt(child, depth + 1) for child in element])
    if copy.tag in ("msub", "msubsup") and len(copy) and _word_text(copy[0]) in _LIMIT_WORDS:
        copy.tag = "munder" if copy.tag == "msub" else "munderover"
    if copy.tag in _LIMITS and len(copy) and copy[0].tag == "mi" and _is_word(copy[0]):
        copy[0].tag = "mo"
        copy[0].attrib.update(lspace="0", rspace="0.167em", movablelimits="true")
    if copy.tag in ("mover", "munder") and len(copy) == 2 and copy[1].tag == "mo":
        return _accented(copy)
    if copy.tag != "mrow":
        return copy
    if (text := _upright(copy)) is not None:
        return text
    _mark_signs(copy)
    _space_words(copy)
    return copy[0] if len(copy) == 1 and not copy.attrib else copy


def _upright(row: Element) -> Element | None:
    r"""What stands in ``\mathrm{...}`` as the word or the words that it spells;
    ``None`` for any other row.
    """
    letters = [child for child in row if child.tag == "mi" and child.get("mathvariant") == "normal"]
    others = [child for child in row if child not in letters]
    if len(letters) < 2 or any((child.tag, child.text) not in (("mo", "−"), ("mtext", "\u00a0")) for child in others):
        return None
    word = Element("mtext" if others else "mi")
    word.text = "".join(child.text or "" for child in row).replace("−", "-")
    return word


def _accented(copy: Element) -> Element:
    """A bar over more than a letter is a rule drawn by the page, since few fonts
    have one that stretches; other accents sit close.
    """
    base, mark = copy
    if mark.text == "―" or (mark.text == "¯" and base.tag not in LEAVES):
        row = Element("mrow", {"class": "over" if copy.tag == "mover" else "under"})
        row.extend(list(base) if base.tag == "mrow" and not base.attrib else [base])
        return row
    if copy.tag == "mover" and mark.text in _ACCENTS:
        copy.set("accent", "true")
    return copy


def _attributes(element: Element) -> dict[str, str]:
    return {
        name: value for name, value in sorted(element.attrib.items()) if name in ATTRIBUTES and _VALUE.fullmatch(value)
    }


def _leaf(element: Element) -> Element:
    copy = Element(element.tag, _attributes(element))
    variant = copy.attrib.pop("mathvariant", "")
    text = _decoded("".join(element.itertext()))
    copy.text = text = "".join(letter_in(letter, _STYLES[variant]) for letter in text) if variant in _STYLES else text
    spelled_out = (
        element.text is not None and _ENTITY.fullmatch(element.text) and text.isascii() and text.isalpha()
    )  # how it writes \mathrm{d}
    if (variant == "normal" or spelled_out) and copy.tag == "mi" and len(text) == 1:
        copy.set("mathvariant", "normal")
    if copy.tag == "mtext" or len(text) > 1:
        if copy.tag == "mo" and _is_word(copy):
            if "movablelimits" in copy.attrib:
                copy.attrib.update(lspace="0", rspace="0.167em")
            else:
                copy.tag = "mi"
        return copy
    copy.text = text = _SYMBOLS.get((copy.tag, text), text)
    if text in _ORDINARY:
        copy.tag = "mi"
    elif copy.tag == "mi" and text and unicodedata.category(text) in ("Sm", "Ps", "Pe", "Po") and not text.isalnum():
        copy.tag = "mo"
        copy.attrib.pop("mathvariant", None)
    if copy.tag == "mo" and text in _UNSPACED and copy.get("stretchy") != "true" and "minsize" not in copy.attrib:
        copy.attrib.update(lspace="0", rspace="0")
    return copy


def _is_word(element: Element) -> bool:
    return len(_word_text(element)) > 1 and _word_text(element).isalpha()


def _word_text(element: Element) -> str:
    return (element.text or "").replace("\u2009", "").replace("\u2006", "")


def _mark_signs(row: Element) -> None:
    """A minus after another operator is a sign, and stands close to what it negates."""
    before: Element | None = None
    for child in row:
        if (
            child.tag == "mo"
            and child.text in ("−", "+", "±")
            and (before is None or (before.tag == "mo" and before.text not in _CLOSING))
        ):
            child.set("form", "prefix")
        if child.tag != "mspace":
            before = child


def _space_words(row: Element) -> None:
    """A thin space on either side of ``log``, ``det`` and their like, as TeX sets
    them; none before a bracket.
    """

    def word(element: Element) -> bool:
        core = element[0] if element.tag in _SCRIPTS and len(element) else element
        return core.tag == "mi" and _is_word(core)

    def open_to(element: Element) -> bool:
        while len(element) and (element.tag in _SCRIPTS or element.tag == "mrow"):
            element = element[0]
        return not (element.tag == "mspace" or (element.tag == "mo" and (element.text or " ")[0] in _OPENING))

    children = list(row)
    spaced: list[Element] = []
    for before, after in zip_longest(children, children[1:]):
        spaced.append(before)
        wants = after is not None and (
            (word(before) and open_to(after)) or (word(after) and before.tag not in ("mo", "mspace"))
        )
        if wants:
            spaced.append(Element("mspace", width="0.167em"))
    row[:] = spaced


def _decoded(text: str) -> str:
    """The converter writes its own symbols as entities, and everything else raw."""

    def character(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return chr(code) if code <= 0x10FFFF else "\ufffd"

    return visible(_ENTITY.sub(character, text))
