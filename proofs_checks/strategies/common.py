"""What the strategies of every topic draw alike: seeds, sizes of samples,
dimensions."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Profile

SEEDS = st.integers(0, 2**32 - 1)


def sample_size(profile: Profile) -> int:
    """Draws a case: the profile's samples are shared by the cases of a route, with at
    least 20,000 each."""
    return max(20_000, profile.samples // profile.statistical_cases)


def dimensions(low: int = 1, high: int = 64) -> st.SearchStrategy[int]:
    """Dimensions in ``[low, high]``, small ones as often as large ones.

    Raises:
        ValueError: not ``1 <= low <= high``.
    """
    if not 1 <= low <= high:
        raise ValueError(f"Expected 1 <= low <= high, got {low} and {high}.")
    ladder = sorted({low, high, *(k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if low <= k <= high)})
    return st.sampled_from(ladder) | st.integers(low, high)
