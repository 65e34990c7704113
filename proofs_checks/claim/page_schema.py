"""The schema of a claim's page: every field typed, so that an error names the place,
what was expected there and what came."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from proofs_checks.inputs.documents import decode

Words = Annotated[str, Meta(min_length=1, max_length=20_000)]
Ends = tuple[float, float]


class RouteSchema(Struct, forbid_unknown_fields=True):
    """``[routes.exact]``."""

    shows: Words
    covers: dict[str, Ends] = {}
    means: dict[str, str] = {}


class ControlSchema(Struct, forbid_unknown_fields=True):
    """``[controls.some-name]``."""

    statement: Words
    routes: Annotated[list[str], Meta(min_length=1)]


class ErratumSchema(Struct, forbid_unknown_fields=True):
    """``[[errata]]``."""

    printed: str
    corrected: str
    witness: str


class OmissionSchema(Struct, forbid_unknown_fields=True):
    """``[[omissions]]``."""

    item: str
    reason: str


class FigureSchema(Struct, forbid_unknown_fields=True):
    """``[figure]``."""

    caption: str = ""


class PageSchema(Struct, forbid_unknown_fields=True):
    """A whole page."""

    title: Words
    statement: Words
    plain: Words
    routes: dict[str, RouteSchema]
    controls: dict[str, ControlSchema] = {}
    assumptions: list[str] = []
    source: list[str] = []
    requires: list[str] = []
    not_proved: list[str] = []
    objects: dict[str, str] = {}
    errata: list[ErratumSchema] = []
    omissions: list[OmissionSchema] = []
    figure: FigureSchema = msgspec.field(default_factory=FigureSchema)


def check_fields(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with every field that it leaves out at its default.

    Raises:
        InputError: a field that is missing, unknown or of another type; the message
            names its place.
    """
    return msgspec.to_builtins(decode(data, PageSchema))
