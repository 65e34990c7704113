"""Cases for compact groups (band limits) and for equivariant layers (kinds, sizes, seeds)."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile

COMPACT = ("U(1)", "SU(2)", "SO(3)")
MAX_DEGREE = 6
LAYERS = ("conv1d", "conv2d", "mean pooling", "deep set", "C4 convolution", "averaged matrix")
MAX_POSITIONS = 64


def band_limits(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(group, l)``: a compact group and a degree in the entries of its defining matrices."""
    return st.builds(lambda group, l: Case(group=group, l=l), st.sampled_from(COMPACT), st.integers(0, MAX_DEGREE))


def sampled_band_limits(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(group, l, size)``: low degrees, whose matrices are small, and a number of random elements that the profile sets."""
    size = max(16384, profile.samples // 6)
    return st.sampled_from(
        [
            Case(group=group, l=l, size=size)
            for group, top in (("U(1)", 3), ("SU(2)", 2), ("SO(3)", 1))
            for l in range(1, top + 1)
        ]
    )


def layer_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(layer, n, channels, kernel, seed)``: n positions along an axis (n x n in the plane), weights and inputs derived from the seed.

    Kernels are odd and no longer than the axis; planes stay at 16 x 16, and averages over all permutations at five points.
    """

    def build(layer: str, n: int, channels: int, half: int, seed: int) -> Case:
        n = min(n, {"conv2d": 16, "C4 convolution": 16, "averaged matrix": 5}.get(layer, n))
        return Case(layer=layer, n=n, channels=channels, kernel=min(2 * half + 1, n - 1 + n % 2), seed=seed)

    return st.builds(
        build,
        st.sampled_from(LAYERS),
        st.integers(1, MAX_POSITIONS),
        st.integers(1, 4),
        st.integers(0, 3),
        st.integers(0, 2**16),
    )
