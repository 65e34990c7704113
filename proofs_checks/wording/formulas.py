r"""LaTeX as Unicode text, for a terminal: ``\frac{1}{N} \sum_{i=1}^N x_i`` as
``1/N ∑ᵢ₌₁ᴺ xᵢ``.

A small parser of the LaTeX that statements use. It never fails: what it does not know
loses its backslash and stays as a word. Formulas in prose stand between dollar signs;
:func:`pieces` finds them, for the terminal here and for the report, which typesets
them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

DEEPEST = 40  # nested groups; deeper ones are printed without structure
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
_FORMULA = re.compile(
    r"(?<!\\)\$(?=\S)([^$\n]*?[^\s$\\])\$(?!\d)"
)  # as Pandoc reads them: no space inside next to a dollar sign

_SYMBOLS = {
    **{name: unicodedata.lookup(f"GREEK SMALL LETTER {name.upper()}") for name in (
        ["alpha", "beta", "gamma", "delta", "zeta", "eta", "theta", "iota", "kappa", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "chi", "psi", "omega"]
    )},
    **{name: unicodedata.lookup(f"GREEK CAPITAL LETTER {name.upper()}") for name in (
        ["Gamma", "Delta", "Theta", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"]
    )},
    "lambda": "λ", "Lambda": "Λ", "epsilon": "ε", "varepsilon": "ε", "phi": "φ", "varphi": "φ", "vartheta": "θ",
    "infty": "∞", "emptyset": "∅", "varnothing": "∅", "aleph": "ℵ", "partial": "∂", "nabla": "∇", "forall": "∀", "exists": "∃",
    "ell": "ℓ", "hbar": "ℏ", "top": "⊤", "perp": "⊥", "bot": "⊥", "ast": "*", "prime": "′", "dots": "…", "ldots": "…", "cdots": "…",
    "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "lvert": "|", "rvert": "|", "vert": "|",
    "lVert": "‖", "rVert": "‖", "Vert": "‖", "|": "‖", "sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃", "bigcap": "⋂", "bigoplus": "⨁",
    "bigotimes": "⨂", "dagger": "†", "degree": "°", "neg": "¬", "sharp": "♯", "backslash": "∖",
    "{": "{", "}": "}", "#": "#", "%": "%", "&": "&", "_": "_", "$": "$", "-": "",
}  # fmt: skip
_RELATIONS = {
    "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "supset": "⊃", "supseteq": "⊇", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "equiv": "≡", "sim": "∼", "simeq": "≃", "approx": "≈", "cong": "≅", "propto": "∝", "ll": "≪", "gg": "≫",
    "to": "→", "rightarrow": "→", "leftarrow": "←", "mapsto": "↦", "Rightarrow": "⇒", "Leftarrow": "⇐", "Longrightarrow": "⇒",
    "implies": "⇒", "Leftrightarrow": "⇔", "Longleftrightarrow": "⇔", "iff": "⇔", "mid": "|", "parallel": "∥", "colon": ":",
    "=": "=", "<": "<", ">": ">",
}  # fmt: skip
_BINARY = {
    "circ": "∘", "cdot": "·", "times": "×", "otimes": "⊗", "oplus": "⊕", "cup": "∪", "cap": "∩", "setminus": "∖", "triangle": "△",
    "bmod": "mod", "pm": "±", "wedge": "∧", "vee": "∨", "land": "∧", "lor": "∨", "+": "+", "-": "−",
}  # fmt: skip
_WORDS = frozenset(
    [
        "log",
        "ln",
        "exp",
        "det",
        "min",
        "max",
        "sup",
        "inf",
        "lim",
        "limsup",
        "liminf",
        "deg",
        "dim",
        "ker",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "arg",
        "gcd",
        "Pr",
        "arccos",
        "arcsin",
        "arctan",
    ]
)
_SPACES = {
    ",": " ",
    ";": " ",
    ":": " ",
    " ": " ",
    "!": "",
    "quad": "  ",
    "qquad": "   ",
    "enspace": " ",
    "thinspace": " ",
}
_DROPPED = frozenset(
    [
        "left",
        "right",
        "big",
        "Big",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "bigg",
        "biggl",
        "biggr",
        "Bigg",
        "displaystyle",
        "textstyle",
        "scriptstyle",
        "limits",
        "nolimits",
        "middle",
    ]
)
_TEXTS = frozenset(["text", "mathrm", "operatorname", "textrm", "textbf", "textit", "mathsf", "mathtt", "mathit"])
_ALPHABETS = {
    "mathbb": "DOUBLE-STRUCK",
    "mathbf": "BOLD",
    "mathcal": "SCRIPT",
    "mathfrak": "FRAKTUR",
    "boldsymbol": "BOLD",
    "bm": "BOLD",
}
_ACCENTS = {
    "bar": "\u0304", "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "vec": "\u20d7", "dot": "\u0307",
    "overline": "\u0304", "underline": "\u0331",
}  # fmt: skip
_FRACTIONS = frozenset(["frac", "tfrac", "dfrac"])
_AFTER_A_FRACTION = frozenset({*",.;:)]}^_", "\\right", "\\bigr", "\\Bigr", "\\,", "\\;"})
_LARGE = "∑∏∫√∇"
_UPPER = dict(zip("0123456789+−=()′*abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW⊤",
                  "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾′*ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵀ", strict=True))  # fmt: skip
_LOWER = dict(zip("0123456789+−=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True))
_SCRIPTS = "(?:[" + re.escape("".join([*_UPPER.values(), *_LOWER.values()])) + r"]|[_^](?:\{[^{}]*\}|[^{]))*"
_WHOLE = re.compile(  # a number, a word, a letter with scripts and perhaps an argument, a function of one, what stands between bars
    rf"\d+(?:\.\d+)?|[A-Za-z]{{3,}}|[d∂]?[^\W\d]\u0304?{_SCRIPTS}(?:\([^()]*\))?|[A-Za-z]{{2,}}\([^()]*\)|\|[^|]*\||‖[^‖]*‖"
)


def unicode_formula(latex: str) -> str:
    r"""A formula as a line of text; no backslash stays.

    >>> unicode_formula(r"P(A) \ge 1 - \frac{\mathrm{Var}(\log p)}{N \varepsilon^2}")
    'P(A) ≥ 1 − Var(log p)/(N ε²)'
    >>> unicode_formula(r"|\Delta(x)| \le \tfrac12 \sqrt{D},\; R(g)^{-1} = \overline{R(g)}^\top")
    '|Δ(x)| ≤ 1/2 √D, R(g)⁻¹ = bar(R(g))ᵀ'
    """
    return re.sub(r"(?<=\S) {4,}", "   ", _Reader(latex).group(0).strip()).replace("\\", "")


def pieces(text: str) -> Iterator[tuple[bool, str]]:
    r"""Prose cut at its formulas: ``(whether it is LaTeX, the text or the LaTeX)``, in
    order.

    >>> list(pieces("At $p = 0$ it costs 3$."))
    [(False, 'At '), (True, 'p = 0'), (False, ' it costs 3$.')]
    """
    at = 0
    for found in _FORMULA.finditer(text):
        if text[at : found.start()]:
            yield False, text[at : found.start()]
        yield True, found[1]
        at = found.end()
    if text[at:]:
        yield False, text[at:]


def unicode_prose(text: str) -> str:
    r"""Prose with its formulas as Unicode.

    >>> unicode_prose(r"the distribution of $f(X)$ has density $p / |\det J|$")
    'the distribution of f(X) has density p / |det J|'
    """
    return "".join(unicode_formula(piece) if is_formula else piece for is_formula, piece in pieces(text))


def letter_in(letter: str, style: str) -> str:
    """The letter's code point in a mathematical alphabet ("BOLD", "SCRIPT",
    "DOUBLE-STRUCK"); itself where there is none.

    A few letters were in Unicode before the alphabets were, under names of their own:
    blackboard R, script L, black-letter H.
    """
    name = unicodedata.name(letter, "")
    if match := re.fullmatch(r"(?:LATIN|GREEK) (CAPITAL|SMALL) LETTER ([A-Z]+)", name):
        short = f"{match[1]} {match[2]}"
    elif name.startswith("DIGIT "):
        short = name
    else:
        return letter
    if (letter, style) == ("h", "ITALIC"):
        return "ℎ"
    older = f"{'BLACK-LETTER' if style == 'FRAKTUR' else style} {short}"
    for candidate in (f"MATHEMATICAL {style} {short}", f"{style} {short}", older):
        try:
            return unicodedata.lookup(candidate)
        except KeyError:
            continue
    return letter


class _Reader:
    """Reads tokens from the left, and writes text as it goes."""

    def __init__(self, latex: str) -> None:
        self.tokens = _TOKEN.findall(latex)
        self.at = 0

    def group(self, depth: int) -> str:
        """What stands up to the closing brace, or to the end."""
        out = ""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token == "}" and depth:
                break
            out = self._appended(out, token, depth)
        return out

    def _appended(self, out: str, token: str, depth: int) -> str:
        name = token[1:] if token.startswith("\\") and len(token) > 1 else token
        if token.isspace():
            return out if out.endswith(" ") else f"{out} "
        if token in ("^", "_"):
            return out.rstrip() + _script(self._argument(depth), token)
        if token == "'":
            return f"{out}′"
        if token in ("{", "}"):
            return out + (self.group(depth + 1) if token == "{" and depth < DEEPEST else "")
        if name in _RELATIONS and (token != name or name in "=<>"):
            return _spaced(out, _RELATIONS[name])
        if name in _BINARY and (token != name or name in "+-"):
            return _spaced(out, _BINARY[name]) if _is_operand(out) else out + _BINARY[name]
        if token == name:
            return _joined(out, token)
        return self._command(out, name, depth)

    def _command(self, out: str, name: str, depth: int) -> str:
        if name in _SPACES:
            space = _SPACES[name]
            return out.rstrip() + space if len(space) > 1 else out if out.endswith(" ") else out + space
        if name in _DROPPED:
            self._skip_empty_delimiter()
            return out
        if name in _FRACTIONS:
            above, below = self._argument(depth), self._argument(depth)
            return _joined(out, f"{_whole(above)}/{_whole(below)}") + ("" if self._ends() else " ")
        if name == "sqrt":
            return _joined(out, f"√{_whole(self._argument(depth))}")
        if name in _ACCENTS:
            return _joined(
                out, _accented(self._argument(depth), _ACCENTS[name], whole=name in ("overline", "underline"))
            )
        if name in _TEXTS:
            return _joined_text(out, self._text(depth))
        if name in _ALPHABETS:
            return _joined(out, "".join(letter_in(letter, _ALPHABETS[name]) for letter in self._argument(depth)))
        if name in _SYMBOLS:
            return _joined(out, _SYMBOLS[name])
        return _joined_text(out, name)  # log, det, and words that nobody listed

    def _argument(self, depth: int) -> str:
        """The next group or the next single token, without spaces at its ends."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        if self.at >= len(self.tokens):
            return ""
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            return self.group(depth + 1).strip() if depth < DEEPEST else ""
        return self._appended("", token, depth + 1).strip() if depth < DEEPEST else ""

    def _text(self, depth: int) -> str:
        """The argument of ``\\text`` and its like: its spaces and hyphens stay as
        they are.
        """
        if self.at >= len(self.tokens) or self.tokens[self.at] != "{":
            return self._argument(depth)
        self.at += 1
        out, open_ = "", 1
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            open_ += (token == "{") - (token == "}")
            if not open_:
                break
            name = token[1:] if token.startswith("\\") else ""
            out += _SPACES.get(name, _SYMBOLS.get(name, name)) if name else "" if token in "{}" else token  # pyright: ignore[reportOperatorIssue]
        return out

    def _skip_empty_delimiter(self) -> None:
        if self.at < len(self.tokens) and self.tokens[self.at] == ".":
            self.at += 1

    def _ends(self) -> bool:
        """Whether what follows stands apart by itself."""
        following = self.tokens[self.at] if self.at < len(self.tokens) else " "
        return following.isspace() or following in _AFTER_A_FRACTION


def _is_operand(out: str) -> bool:
    """Whether a minus after it is a subtraction, and not a sign."""
    last = out.rstrip()[-1:]
    return bool(last) and (last.isalnum() or last in ")]}⟩|‖′*!∞…" or unicodedata.category(last) in ("Lm", "No", "Mn"))


def _spaced(out: str, sign: str) -> str:
    return f"{out.rstrip(' ') if not out.endswith('  ') else out}{' ' if out.strip() and not out.endswith('  ') else ''}{sign} "


def _joined(out: str, symbol: str) -> str:
    """With a space where two words, or a script and what follows it, would run
    together.
    """
    word = re.search(r"[A-Za-z]{2,}$", out)
    after_word = word is not None and word[0] in _WORDS and (symbol[:1].isalnum() or symbol[:1] in _LARGE)
    after_script = re.search(r"[_^][^{]$", out) is not None and symbol[:1].isalnum()
    if out.endswith("∂ "):
        out = out[:-1]
    if symbol.startswith(" ") and (not out or out[-1] in " (["):
        symbol = symbol[1:]
    return f"{out} {symbol}" if after_word or after_script else out + symbol


def _joined_text(out: str, text: str) -> str:
    if text.startswith(" ") and out.endswith(" "):
        return out + text[1:]
    apart = (out[-1:].isalnum() or out[-1:] in ("∇", ")")) and text[:1].isalnum()
    return f"{out} {text}" if apart else out + text


def _accented(text: str, mark: str, *, whole: bool) -> str:
    """The mark over the first letter; a bar over more than one symbol as a function
    of it.
    """
    if whole and not re.fullmatch(f".{_SCRIPTS}", text):
        return f" bar({text})"
    return unicodedata.normalize("NFC", text[:1] + mark) + text[1:] if text else ""


def _whole(text: str) -> str:
    """In brackets where it would fall apart beside a slash or under a root."""
    return text if _WHOLE.fullmatch(text) else f"({text})"


def _script(text: str, kind: str) -> str:
    alphabet = _UPPER if kind == "^" else _LOWER
    close = re.sub(r" ?([−+=≥≤/∘⊗]) ?", r"\1", text)
    if close and " " not in close and all(letter in alphabet for letter in close):
        return "".join(alphabet[letter] for letter in close)
    if kind == "^" and close in ("⊤", "*", "′"):
        return close
    return f"{kind}{close}" if len(close) == 1 else f"{kind}{{{close}}}"
