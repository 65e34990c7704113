"""The lecture's page: every claim in exactly one section, and nothing named there that is not there."""

from __future__ import annotations

from collections import Counter

import pytest

from proofs_checks.audits import KINDS
from proofs_checks.claim import lecture
from proofs_checks.claim.collection import Collection
from proofs_checks.errors import CatalogueError
from proofs_checks.report.mathml import formula

CATALOGUE = Collection(plugins=False)


def test_every_claim_and_with_it_every_erratum_stands_in_exactly_one_section() -> None:
    placed = Counter(claim for section in lecture.sections() for claim in section.claims)
    taught = [claim.id for claim in CATALOGUE.values() if claim.topic != lecture.NOT_TAUGHT]
    assert sorted(placed.elements()) == sorted(taught)


def test_every_audit_stands_in_a_section() -> None:
    assert {audit for section in lecture.sections() for audit in section.audits} == set(KINDS)


def test_slugs_and_titles_are_those_of_one_section_each() -> None:
    for field in ("slug", "title"):
        assert max(Counter(getattr(section, field) for section in lecture.sections()).values()) == 1


@pytest.mark.parametrize("section", lecture.sections(), ids=lambda section: section.slug)
def test_a_section_names_claims_that_judge_it(section: lecture.Section) -> None:
    assert not section.picture or section.picture in section.claims
    assert {one.claim for one in section.formulas} <= set(section.claims)
    if not section.claims:
        assert section.definitions or section.opinions or section.open, "neither judged nor said to be opinion"


@pytest.mark.parametrize("section", [one for one in lecture.sections() if one.picture], ids=lambda one: one.slug)
def test_the_picture_of_a_section_exists(section: lecture.Section) -> None:
    assert callable(getattr(CATALOGUE[section.picture].code, "figure", None))


def test_formulas_of_the_slides_are_typeset() -> None:
    for section in lecture.sections():
        for one in section.formulas:
            assert "<math" in str(formula(one.formula)), one.formula


def test_sections_are_found_by_name_and_number_and_others_are_refused_with_near_matches() -> None:
    assert lecture.section("measures") is lecture.section("2")
    with pytest.raises(CatalogueError, match="no section 'measure'"):
        lecture.section("measure")


def test_places_follow_the_sections() -> None:
    places = lecture.places()
    assert places["evaluation.kl-moment-match"] == 0
    assert sorted(places.values()) == list(range(len(places)))
