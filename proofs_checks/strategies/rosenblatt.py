"""Cases for the Knothe-Rosenblatt map: a dimension, where its conditional laws come from, a seed and a number of points."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.densities import SEEDS, dimensions, sample_size

QUADRATURE = ("mixture", "correlated", "logistic")


def rosenblatt_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, law, by, seed, size)``: mixtures with any covariances in closed form up to D = 64 (24 in the quick profile), and laws known by values
    alone up to D = 3 (2 in the quick profile)."""
    quick = profile.name == "quick"
    largest = 2 if quick else 3
    closed = st.builds(
        lambda D, seed: Case(D=D, law="mixture", by="closed form", seed=seed, size=16 if D > 8 else 64),
        dimensions(1, 24 if quick else 64), SEEDS,
    )  # fmt: skip
    values = st.builds(
        lambda D, law, seed: Case(D=D, law=law, by="quadrature", seed=seed, size=64 if D < 3 else 8),
        st.integers(1, largest), st.sampled_from(QUADRATURE), SEEDS,
    )  # fmt: skip
    return closed | closed | values if quick else closed | values


def uniformity_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, law, by, seed, size)`` for samples: closed forms up to D = 16, quadrature up to D = 2."""
    quick = profile.name == "quick"
    closed = st.builds(
        lambda D, law, seed: Case(D=D, law=law, by="closed form", seed=seed, size=12_000 if quick else sample_size(profile)),
        dimensions(1, 16), st.sampled_from(("mixture", "split")), SEEDS,
    )  # fmt: skip
    values = st.builds(
        lambda D, law, seed: Case(D=D, law=law, by="quadrature", seed=seed, size=8_000 if quick else 20_000),
        st.integers(1, 2), st.sampled_from(("mixture", "logistic")), SEEDS,
    )  # fmt: skip
    return closed | values
