"""Cases for claims about outlier detection by a density: a law, where its outliers come from, and how many points of each."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.densities import LAWS, SEEDS, dimensions

OUTLIERS = ("shifted", "wider", "foreign")


def detection_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, p, outliers, seed, size)``: ``size`` inliers from a random law of R^D for ``D`` up to 64, and as many outliers."""
    size = 48 if profile.name == "quick" else 512
    return st.builds(
        lambda D, p, outliers, seed: Case(D=D, p=p, outliers=outliers, seed=seed, size=size),
        dimensions(), st.sampled_from(LAWS), st.sampled_from(OUTLIERS), SEEDS,
    )  # fmt: skip
