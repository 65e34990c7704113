"""What cannot be decoded is told with the place, what was expected there, and what came."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from proofs_checks.errors import InputError
from proofs_checks.inputs.documents import decode
from proofs_checks.inputs.entries import Matrix
from proofs_checks.inputs.equivariance_files import EquivarianceDocument
from proofs_checks.inputs.files import Decimal
from proofs_checks.inputs.named_groups import GroupDocument
from proofs_checks.inputs.representation_files import RepresentationDocument

GROUP = {"permutations": {"a": [1, 0]}}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(Struct, forbid_unknown_fields=True):
    sizes: dict[str, list[int]]
    colour: Colour = Colour.RED


class Outer(Struct):
    parts: Annotated[list[Inner], Meta(min_length=1)]
    share: Annotated[float, Meta(ge=0, lt=1)] | None = None


@pytest.mark.parametrize(
    ("data", "kind", "told"),
    [
        ({"representations": {"R1": {"r": 1}, "R2": {"s": 1, "r": [[1, 0], [None, 1]]}}, "group": GROUP}, RepresentationDocument,
         'Expected a finite number, a text such as "1/2", "sqrt(3)/2" or "exp(2*pi*i/3)", [re, im], or {"re": x, "im": y} in representations.R2.r[1][0], got None.'),
        ({"representations": {"R": {"r": "1/"}}}, RepresentationDocument, "In representations.R.r: "),
        ({"representations": {"R": {"r": [[1, 2]]}}}, RepresentationDocument, "Expected a square matrix in representations.R.r, got 1 rows of lengths [2]."),
        ({"representations": {"R": {"r": [[1, 2], 3]}}}, RepresentationDocument, "Expected a number or a list of rows in representations.R.r"),
        ({"representations": {"R": {3: 1}}}, RepresentationDocument, "Expected text for every name in representations.R, got 3."),
        ({"table": [["e"], [None]]}, GroupDocument, "Expected a whole number or text in table[1][0], got None."),
        ({"actions": {"r": {"input": [0]}}}, EquivarianceDocument, "The field 'output' is missing in actions.r; its fields are input, output, axis."),
        ({"actions": {"r": {"input": [0], "output": [0], "x": 1}}}, EquivarianceDocument, "Unknown field 'x' in actions.r; the fields are input, output, axis."),
        ({"parts": []}, Outer, "Expected a non-empty list in parts, got []."),
        ({"parts": [{"sizes": {}, "colour": "green"}]}, Outer, "Expected one of red, blue in parts[0].colour, got 'green'."),
        ({"parts": [{"sizes": {}}], "share": 1}, Outer, "Expected a number below 1.0 in share, got 1."),
        ({"parts": [{"sizes": {}}], "share": -1}, Outer, "Expected a number of at least 0.0 in share, got -1."),
        ([], Outer, "Expected an object with named fields in the file, got []."),
    ],
)  # fmt: skip
def test_the_place_what_was_expected_and_what_came(data: Any, kind: Any, told: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(data, kind)
    assert str(caught.value).startswith(told)


def test_a_place_may_begin_in_words() -> None:
    with pytest.raises(InputError, match=r"in R\(r\)\[0\]\[1\], got None"):
        decode([[1, None], [0, 1]], Matrix, "R(r)")


def test_numbers_that_remember_their_digits_are_numbers() -> None:
    assert decode({"parts": [{"sizes": {"a": [1]}}], "share": Decimal("0.25")}, Outer).share == 0.25
    rows = decode({"re": Decimal("0.50"), "im": 0}, Matrix).rows
    assert rows == [[0.5 + 0j]]
    assert rows[0][0].digits == 2  # type: ignore[union-attr]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["group", "representations", "actions", "map", "weight", "table", "a"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from([RepresentationDocument, GroupDocument, EquivarianceDocument, Outer]))
def test_any_data_is_decoded_or_refused_in_words(data: Any, kind: Any) -> None:
    told = ""
    try:
        decode(data, kind)
    except InputError as error:
        told = str(error)
    assert "\ue000" not in told
    assert "`" not in told
