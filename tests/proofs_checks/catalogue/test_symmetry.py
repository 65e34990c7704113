"""The claims on symmetry: drawn cases, and every object that a control substitutes is refuted where it says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.disentanglement import interaction_needed, irreps_anomaly, symmetry_based
from proofs_checks.kernel import Case
from proofs_checks.run import checks
from proofs_checks.strategies import disentanglement

QUICK = checks.PROFILES["quick"]


def numeric(page, case, seed=0, **objects):
    evidence = checks.gather(page.numeric, case=case, stream=Stream(seed), **objects)
    return kernel.judge(evidence, route="numeric", case=case)


@settings(max_examples=40)
@given(disentanglement.wave_cases(QUICK), st.integers(0, 2**30))
def test_codes_of_separate_waves_are_never_refuted(case, seed):
    numeric(symmetry_based, case, seed).assert_holds()


@settings(max_examples=8)
@given(disentanglement.radial_cases(QUICK), st.integers(0, 2**30))
def test_radial_maps_are_never_refuted(case, seed):
    numeric(irreps_anomaly, case, seed).assert_holds()


def test_a_users_count_is_refuted_with_the_pair():
    verdict = kernel.judge(interaction_needed.exact(relabelled=lambda a, b: a * b), route="exact")
    assert verdict.status is kernel.Status.REFUTED
    assert verdict.witness == "(2, 2)"


@pytest.mark.parametrize("room", [1, 3])
def test_the_distance_is_that_of_the_amplitudes(room):
    case = Case(k=2, d=3, sizes=(4, 6), frequencies=((1, 2), (2, 3)), room=room, seed=0)
    numeric(symmetry_based, case).assert_holds()
