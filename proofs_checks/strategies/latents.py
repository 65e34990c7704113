"""Cases for claims about latent-variable models: a product prior, an orthogonal matrix of a named kind, a number of observed coordinates."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile
from proofs_checks.strategies.densities import sample_size
from proofs_checks.strategies.matrices import FAMILIES, SEEDS

HADAMARD_ORDERS = (2, 4, 8, 12, 16, 20, 24, 28, 32, 64)
SMOOTH = ("logistic", "gumbel", "normal")
"""Families whose quantile function is analytic in normal coordinates."""


def _cases(
    D: int, rotations: tuple[str, ...], outputs: int, size: int, families: tuple[str, ...] = FAMILIES
) -> st.SearchStrategy[Case]:
    return st.builds(
        lambda laws, rotation, m, seed: Case(D=D, laws=tuple(laws), rotation=rotation, outputs=m, seed=seed, size=size),
        st.lists(st.sampled_from(families), min_size=1, max_size=min(D, 3), unique=True), st.sampled_from(rotations),
        st.integers(1, outputs), SEEDS,
    )  # fmt: skip


def twin_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, laws, rotation, outputs, seed, size)``: D = 2..64; ``rotation`` "equal" (all |A_ij| equal, Hadamard orders), "random" or "near" a permutation."""
    size = {"quick": 160, "full": 512}.get(profile.name, 1024)
    equal = st.sampled_from(HADAMARD_ORDERS).flatmap(lambda D: _cases(D, ("equal",), 4, max(size, 4 * D)))
    others = st.sampled_from((2, 3, 5, 7, 10, 16)).flatmap(lambda D: _cases(D, ("random", "near"), 4, size))
    plane = _cases(2, ("equal", "random"), 2, size, SMOOTH)
    return equal | others | plane


def sampled_twin_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """The same with a share of ``profile.samples`` points, D = 2, 3, 4 (and 8 in the full profile)."""
    size = sample_size(profile)
    dimensions = (2, 4) if profile.name == "quick" else (2, 4, 8)
    equal = st.sampled_from(dimensions).flatmap(lambda D: _cases(D, ("equal",), 3, size))
    others = st.sampled_from((2, 3)).flatmap(lambda D: _cases(D, ("random", "near"), 3, size))
    return equal | others
