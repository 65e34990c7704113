"""Equational proofs as data, replayed step by step by two checkers that share no code
but the parser.

A term is a variable, a constant, or an operation applied to terms; a step replaces one
instance of one side of an equation by the same instance of the other side. By
Birkhoff's theorem what is derived so holds in every model of the equations, of any
size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from theory.proof.statements import Enumeration, Family

Term = str | tuple["Term", ...]  # a name, or (operation, argument, ...)
_TOKEN = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*|[*(),])")


class TermError(ValueError):
    """A text that is no term."""


def parse(text: str) -> Term:
    """``"i(x) * (x * y)"`` as a term; products associate to the left unless bracketed.

    Raises:
        TermError: what is wrong, and where.
    """
    tokens, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise TermError(f"Expected a name, *, comma or bracket at character {at + 1} of {text!r}.")
        tokens.append(match.group(1))
        at = match.end()
    term, rest = _product(tokens, text)
    if rest:
        raise TermError(f"Expected the end of {text!r}, got {rest[0]!r}.")
    return term


def _product(tokens: list[str], text: str) -> tuple[Term, list[str]]:
    term, rest = _factor(tokens, text)
    while rest and rest[0] == "*":
        right, rest = _factor(rest[1:], text)
        term = ("*", term, right)
    return term, rest


def _factor(tokens: list[str], text: str) -> tuple[Term, list[str]]:
    if not tokens or tokens[0] in "*),":
        raise TermError(f"Expected a name or a bracket in {text!r}, got {tokens[0] if tokens else 'the end'!r}.")
    if tokens[0] == "(":
        term, rest = _product(tokens[1:], text)
        return term, _closed(rest, text)
    if len(tokens) > 1 and tokens[1] == "(":
        arguments, rest = [], [",", *tokens[2:]]
        while rest and rest[0] == ",":
            argument, rest = _product(rest[1:], text)
            arguments.append(argument)
        return (tokens[0], *arguments), _closed(rest, text)
    return tokens[0], tokens[1:]


def _closed(tokens: list[str], text: str) -> list[str]:
    if not tokens or tokens[0] != ")":
        raise TermError(f"A bracket is not closed in {text!r}.")
    return tokens[1:]


def to_text(term: Term) -> str:
    """The term as a text that :func:`parse` reads."""
    if isinstance(term, str):
        return term
    if term[0] == "*":
        return " * ".join(f"({to_text(t)})" if isinstance(t, tuple) and t[0] == "*" else to_text(t) for t in term[1:])
    return f"{term[0]}({', '.join(map(to_text, term[1:]))})"


@dataclass(frozen=True)
class Equation:
    """``left = right`` for all values of ``variables``; every other name in it is a
    constant."""

    left: str
    right: str
    variables: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


@dataclass(frozen=True)
class Step:
    """Rewrite the subterm at ``at`` (argument numbers from the root, from 0) by an
    equation, to ``result``.

    ``where`` gives the value of each variable of the equation; ``backwards`` uses it
    from right to left.
    """

    by: str
    result: str
    at: tuple[int, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    backwards: bool = False


@dataclass(frozen=True)
class Theorem:
    """An equation with its derivation from named hypotheses: the chain starts at its
    left side and ends at its right side."""

    name: str
    states: Equation
    hypotheses: Mapping[str, Equation]
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.name}: {self.states}, from {', '.join(map(str, self.hypotheses.values()))}"


def derivations(theorems: Sequence[Theorem], size: int, name: str = "derivations") -> Enumeration:
    """Every theorem's derivation replayed on trees, and by splicing words in Polish
    notation.

    Args:
        theorems: What is derived. size: How many there should be.
    """
    family = Family("derivations, for sets of any size", lambda: iter(theorems), size)
    return Enumeration(name, family, replays, splices)


def _sides(theorem: Theorem, step: Step) -> tuple[str, str] | None:
    """The two sides of the equation used, in the direction used; None where it is no
    hypothesis or a value is missing or stray."""
    equation = theorem.hypotheses.get(step.by)
    if equation is None or set(step.where) != set(equation.variables):
        return None
    return (equation.right, equation.left) if step.backwards else (equation.left, equation.right)


# -- first checker: trees ----------------------------------------------------------------------------------------------


def replays(theorem: Theorem) -> bool:
    """Every step rewrites the subterm at the place that it names, and the chain leads
    from one side of the theorem to the other."""
    here = parse(theorem.states.left)
    for step in theorem.steps:
        sides = _sides(theorem, step)
        if sides is None:
            return False
        values = {name: parse(text) for name, text in step.where.items()}
        before, after = (_substituted(parse(side), values) for side in sides)
        there = _replaced(here, step.at, before, after)
        if there is None or there != parse(step.result):
            return False
        here = there
    return here == parse(theorem.states.right)


def _substituted(term: Term, values: Mapping[str, Term]) -> Term:
    if isinstance(term, str):
        return values.get(term, term)
    return (term[0], *(_substituted(part, values) for part in term[1:]))


def _replaced(term: Term, at: Sequence[int], before: Term, after: Term) -> Term | None:
    """The term with ``before`` at that place made ``after``; None if something else
    stands there."""
    if not at:
        return after if term == before else None
    if isinstance(term, str) or not 0 <= at[0] < len(term) - 1:
        return None
    inner = _replaced(term[at[0] + 1], at[1:], before, after)
    return None if inner is None else (*term[: at[0] + 1], inner, *term[at[0] + 2 :])


# -- second checker: words in Polish notation --------------------------------------------------------------------------


def splices(theorem: Theorem) -> bool:
    """The same without places: in Polish notation each line is u + before + v and the
    next one u + after + v.

    A factor of a Polish word that is a term is a subterm, since a term is determined by
    where it starts; so this is as strict.
    """
    lines = [_polish(parse(text)) for text in (theorem.states.left, *(step.result for step in theorem.steps))]
    if lines[-1] != _polish(parse(theorem.states.right)):
        return False
    for line, following, step in zip(lines, lines[1:], theorem.steps, strict=False):
        sides = _sides(theorem, step)
        if sides is None:
            return False
        values = {name: _polish(parse(text)) for name, text in step.where.items()}
        before, after = (
            [letter for word in _polish(parse(side)) for letter in values.get(word, [word])] for side in sides
        )
        if following not in _splicings(line, before, after):
            return False
    return True


def _polish(term: Term) -> list[str]:
    """Operations before their arguments, each with the number of its arguments: ``*/2 x
    i/1 x``."""
    if isinstance(term, str):
        return [term]
    return [f"{term[0]}/{len(term) - 1}", *(letter for part in term[1:] for letter in _polish(part))]


def _splicings(line: list[str], before: list[str], after: list[str]) -> Iterator[list[str]]:
    for k in range(len(line) - len(before) + 1):
        if line[k : k + len(before)] == before:
            yield line[:k] + after + line[k + len(before) :]


# -- left and right exchanged ------------------------------------------------------------------------------------------

_EXCHANGED = {"under": "over", "over": "under"}


def mirror(theorem: Theorem, name: str, rename: Mapping[str, str]) -> Theorem:
    """The theorem about the opposite operation: both arguments of every operation
    exchanged, hypotheses renamed."""
    equation = theorem.states
    hypotheses = {rename.get(key, key): _mirrored_equation(value) for key, value in theorem.hypotheses.items()}
    steps = [
        Step(
            rename.get(s.by, s.by),
            _mirrored_text(s.result),
            _mirrored_place(place, s.at),
            {k: _mirrored_text(v) for k, v in s.where.items()},
            s.backwards,
        )
        for place, s in zip([equation.left, *(s.result for s in theorem.steps)], theorem.steps, strict=False)
    ]
    return Theorem(name, _mirrored_equation(equation), hypotheses, tuple(steps))


def _mirrored_equation(equation: Equation) -> Equation:
    return Equation(_mirrored_text(equation.left), _mirrored_text(equation.right), equation.variables)


def _mirrored_text(text: str) -> str:
    return to_text(_mirrored(parse(text)))


def _mirrored(term: Term) -> Term:
    return (
        term
        if isinstance(term, str)
        else (_EXCHANGED.get(str(term[0]), term[0]), *(_mirrored(part) for part in reversed(term[1:])))
    )


def _mirrored_place(text: str, at: Sequence[int]) -> tuple[int, ...]:
    term, out = parse(text), []
    for k in at:
        out.append(len(term) - 2 - k)
        term = term[k + 1]
    return tuple(out)
