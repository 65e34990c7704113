"""Cases for claims about sets: images of sets under bijections, families of sets of one mass, sets of least volume."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.densities import BIJECTIONS, SEEDS, dimensions, sample_size

ATOMLESS = ("mixture", "student", "logistic", "cantor", "cross")
MARGINALS = ("normal", "logistic", "laplace", "gumbel", "triangular", "uniform", "exponential")
LAWS = ("mixture", "student", "logistic")


def shares(least: Fraction, most: Fraction) -> st.SearchStrategy[Fraction]:
    """Fractions in [least, most] with denominators up to 24."""
    return st.fractions(least, most, max_denominator=24)


def pushed_pair_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, f, seed, size)``: two random mixtures of R^D, D up to 8, and a bijection through which samples of both are pushed."""
    return st.builds(
        lambda D, f, seed: Case(D=D, f=f, seed=seed, size=sample_size(profile)),
        dimensions(1, 8), st.sampled_from(BIJECTIONS), SEEDS,
    )  # fmt: skip


def family_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, law, alpha, seed, size)``: an atomless law of R^D, D up to 64, and the share alpha of outliers, between 1/16 and 15/16."""
    return st.builds(
        lambda D, law, alpha, seed: Case(D=D, law=law, alpha=alpha, seed=seed, size=sample_size(profile)),
        dimensions(), st.sampled_from(ATOMLESS), shares(Fraction(1, 16), Fraction(15, 16)), SEEDS,
    )  # fmt: skip


def quantile_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(law, alpha, size)``: a law of the line with a density, the share alpha, and how many members of the family are integrated."""
    return st.builds(
        lambda law, alpha: Case(law=law, alpha=alpha, size=33 if profile.name == "quick" else 257),
        st.sampled_from(MARGINALS),
        shares(Fraction(1, 16), Fraction(15, 16)),
    )


def grid_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, share, seed, size)``: a law on a grid of about ``size`` cells of R^D, D up to 6, and the mass of its level set."""
    size = 1 << (14 if profile.name == "quick" else 18)
    return st.builds(
        lambda D, p, share, seed: Case(D=D, p=p, share=share, seed=seed, size=size),
        st.integers(1, 6), st.sampled_from(LAWS), shares(Fraction(1, 20), Fraction(19, 20)), SEEDS,
    )  # fmt: skip


def level_set_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, share, seed, size)``: a law of R^D, D up to 4, and the mass of its level set, for volumes by uniform points."""
    return st.builds(
        lambda D, p, share, seed: Case(D=D, p=p, share=share, seed=seed, size=sample_size(profile)),
        st.integers(1, 4), st.sampled_from(LAWS), shares(Fraction(1, 10), Fraction(9, 10)), SEEDS,
    )  # fmt: skip
