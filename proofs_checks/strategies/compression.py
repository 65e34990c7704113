"""Cases for claims about rates and likelihoods: sizes of alphabets, pixels and codes,
and seeds."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile

SEEDS = st.integers(0, 2**32 - 1)


def encoder_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(X, Z, sharpness, seed)``: an encoder of X data into Z codes, from nearly
    constant to nearly deterministic."""
    largest = 64 if profile.name == "quick" else 512
    return st.builds(
        lambda X, Z, sharpness, seed: Case(X=X, Z=Z, sharpness=sharpness, seed=seed),
        st.integers(1, largest), st.integers(2, largest), st.sampled_from((0.1, 1.0, 5.0)), SEEDS,
    )  # fmt: skip


def joint_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(Z, atoms, seed)``: joint masses on Z codes, and an importance weight on a
    few atoms."""
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
    """``Case(source, n, m, beta, seed)``: n data, m reproductions, at random or on a
    circle, and a slope."""
    largest = 24 if profile.name == "quick" else 96
    return st.builds(
        lambda source, n, m, beta, seed: Case(source=source, n=n, m=m, beta=beta, seed=seed),
        st.sampled_from(("plane", "circle")), st.integers(2, largest), st.integers(2, largest), st.sampled_from((0.5, 1.0, 4.0)), SEEDS,
    )  # fmt: skip


def cyclic_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(M, D, seed)``: a source on the integers modulo M, and a distortion of a
    standard normal source."""
    largest = 48 if profile.name == "quick" else 256
    return st.builds(
        lambda M, D, seed: Case(M=M, D=D, seed=seed), st.integers(2, largest), st.sampled_from((0.05, 0.2, 0.5)), SEEDS
    )


def laplace_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(ratio, size)``: the noise's scale over the source's, and how many
    draws."""
    return st.builds(
        lambda ratio: Case(ratio=ratio, size=max(100_000, profile.samples)), st.sampled_from((0.25, 0.5, 0.75))
    )


def linear_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, k, beta, seed)``: a linear decoder of k codes into D pixels."""
    largest = 64 if profile.name == "quick" else 512
    return st.builds(
        lambda D, k, beta, seed: Case(D=D, k=k, beta=beta, seed=seed),
        st.integers(1, largest), st.integers(1, 32), st.sampled_from((0.25, 1.0, 4.0)), SEEDS,
    )  # fmt: skip


def prior_draw_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, k, beta, size, seed)``: few pixels, so that weights of draws are not
    all tiny."""
    return st.builds(
        lambda D, k, seed: Case(D=D, k=k, beta=1.0, size=max(100_000, profile.samples), seed=seed),
        st.integers(1, 2), st.integers(1, 3), SEEDS,
    )  # fmt: skip


def source_code_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(m, n, skew, seed)``: sources of m symbols in blocks of n, at most a few
    thousand blocks."""
    small = st.builds(
        lambda m, n, skew, seed: Case(m=m, n=n, skew=skew, seed=seed),
        st.integers(2, 5),
        st.integers(1, 4),
        st.sampled_from((0.5, 2.0)),
        SEEDS,
    )
    large = st.builds(
        lambda m, skew, seed: Case(m=m, n=1, skew=skew, seed=seed),
        st.integers(2, 1000),
        st.sampled_from((0.5, 2.0)),
        SEEDS,
    )
    return st.one_of(small, large)


def annealing_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(m, T, beta, K, seed)``: m codes on a ring, T temperatures, K chains, few
    enough for all outcomes."""
    return st.builds(
        lambda m, T, beta, K, seed: Case(m=m, T=T, beta=beta, K=K, seed=seed),
        st.integers(3, 4), st.integers(1, 4), st.sampled_from((0.5, 2.0, 4.0)), st.integers(1, 6), SEEDS,
    )  # fmt: skip


def chain_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(m, T, beta, size, seed)``: chains on a ring of m codes."""
    return st.builds(
        lambda m, T, beta, seed: Case(m=m, T=T, beta=beta, size=max(100_000, profile.samples), seed=seed),
        st.integers(3, 8), st.integers(2, 8), st.sampled_from((0.5, 2.0)), SEEDS,
    )  # fmt: skip


def coin_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, level)``: how many coins, and the level of a bound of their mean."""
    largest = 60 if profile.name == "quick" else 400
    return st.builds(
        lambda n, level: Case(n=n, level=level), st.integers(1, largest), st.sampled_from((0.2, 1e-3, 1e-6))
    )


def search_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(M, N, size)``: cells and evaluations, and how many searches."""
    return st.integers(4, 16).flatmap(
        lambda M: st.builds(
            lambda N: Case(M=M, N=N, size=max(100_000, profile.samples // 4)), st.integers(1, min(8, M - 1))
        )
    )
