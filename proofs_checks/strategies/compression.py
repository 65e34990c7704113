"""Cases for claims about rates and likelihoods: sizes of alphabets, pixels and codes, and seeds."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile

SEEDS = st.integers(0, 2**32 - 1)


def encoder_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(X, Z, sharpness, seed)``: an encoder of X data into Z codes, from nearly constant to nearly deterministic."""
    largest = 64 if profile.name == "quick" else 512
    return st.builds(
        lambda X, Z, sharpness, seed: Case(X=X, Z=Z, sharpness=sharpness, seed=seed),
        st.integers(1, largest), st.integers(2, largest), st.sampled_from((0.1, 1.0, 5.0)), SEEDS,
    )  # fmt: skip


def joint_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(Z, atoms, seed)``: joint masses on Z codes, and an importance weight on a few atoms."""
    largest = 64 if profile.name == "quick" else 1024
    return st.builds(
        lambda Z, atoms, seed: Case(Z=Z, atoms=atoms, seed=seed), st.integers(2, largest), st.integers(2, 5), SEEDS
    )


def decoder_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, Z, seed)``: a decoder of Z codes into D pixels."""
    largest = 64 if profile.name == "quick" else 1024
    return st.builds(
        lambda D, Z, seed: Case(D=D, Z=Z, seed=seed), st.integers(1, largest), st.integers(2, largest), SEEDS
    )


def source_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, m, beta, seed)``: n data, m reproductions, and a slope."""
    largest = 24 if profile.name == "quick" else 96
    return st.builds(
        lambda n, m, beta, seed: Case(n=n, m=m, beta=beta, seed=seed),
        st.integers(2, largest), st.integers(2, largest), st.sampled_from((0.5, 1.0, 4.0)), SEEDS,
    )  # fmt: skip
