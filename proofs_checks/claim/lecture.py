"""The lecture that the catalogue follows: its sections in their order, read from
``catalogue/lecture.toml``. Reading it imports nothing heavy."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from proofs_checks.errors import CatalogueError
from proofs_checks.inputs.documents import decode

PAGE = Path(__file__).resolve().parents[1] / "catalogue" / "lecture.toml"
NOT_TAUGHT = "kernel"  # the topic that is about this program, and stands in no section
Words = Annotated[str, Meta(min_length=1)]


class SlideFormula(Struct, frozen=True, forbid_unknown_fields=True):
    """A formula of the slides in LaTeX, what it says, and the claim that judges it."""

    formula: Words
    says: Words
    claim: Words


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """One section: what is asserted, what is true of it, and what judges it.

    ``picture`` is the claim whose figure is shown. ``definitions``, ``opinions`` and
    ``open`` hold what no claim can decide.
    """

    slug: Annotated[str, Meta(pattern="^[a-z][a-z-]*$")]
    title: Words
    asserts: Annotated[tuple[Words, ...], Meta(min_length=1)]
    true: Words
    claims: tuple[Words, ...] = ()
    audits: tuple[Words, ...] = ()
    picture: str = ""
    formulas: tuple[SlideFormula, ...] = ()
    definitions: tuple[Words, ...] = ()
    opinions: tuple[Words, ...] = ()
    open: tuple[Words, ...] = ()


class _Lecture(Struct, forbid_unknown_fields=True):
    sections: tuple[Section, ...]


@cache
def sections() -> tuple[Section, ...]:
    """The sections in the lecture's order.

    >>> [section.slug for section in sections()][:2]
    ['tasks', 'measures']
    """
    return decode(tomllib.loads(PAGE.read_text(encoding="utf-8")), _Lecture, "the lecture's page").sections


def section(slug: str) -> Section:
    """The section of this slug, or the one whose number it is (from 1).

    Raises:
        CatalogueError: there is none; the message offers near matches.
    """
    known = {one.slug: one for one in sections()}
    numbered = {str(number): one for number, one in enumerate(sections(), start=1)}
    if (found := known.get(slug) or numbered.get(slug)) is not None:
        return found
    close = difflib.get_close_matches(slug, known, n=3, cutoff=0.4) or list(known)
    raise CatalogueError(f"The lecture has no section {slug!r}. Sections: {', '.join(close)}.")


def places() -> Mapping[str, int]:
    """The position of each claim in the lecture, by id, counted from 0."""
    return {claim: place for place, claim in enumerate(claim for one in sections() for claim in one.claims)}


__all__ = ["NOT_TAUGHT", "Section", "SlideFormula", "places", "section", "sections"]
