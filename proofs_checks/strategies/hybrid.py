"""Cases for likelihoods of binary images: how many pixels, in which kind of network,
and how many images."""

from __future__ import annotations

from hypothesis import strategies as st

from proofs_checks.kernel import Case, Profile


def pixel_counts(low: int = 1, high: int = 2**20) -> st.SearchStrategy[int]:
    """Whole numbers in ``[low, high]``, spread evenly over their numbers of binary
    digits.

    Raises:
        ValueError: not ``1 <= low <= high``.
    """
    if not 1 <= low <= high:
        raise ValueError(f"Expected 1 <= low <= high, got {low} and {high}.")

    def of_length(digits: int) -> st.SearchStrategy[int]:
        return st.integers(max(low, 2 ** (digits - 1)), min(high, 2**digits - 1))

    return st.integers(low.bit_length(), high.bit_length()).flatmap(of_length)


def value_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D)``: a zero-logit network of ``D`` pixels. Small ones are drawn as often
    as large ones."""
    return st.builds(lambda D: Case(D=D), pixel_counts(1, 2**16 if profile.name == "quick" else 2**20))


def image_cases(profile: Profile, *, largest: int = 16) -> st.SearchStrategy[Case]:
    """``Case(D, size)``: images of ``D`` pixels, few enough pixels to tabulate all
    images, four times ``profile.samples`` pixels in all."""
    return st.builds(lambda D: Case(D=D, size=max(100_000, 4 * profile.samples // D)), st.integers(1, largest))


def network_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(family, D)``: the families of
    :func:`numerics.likelihoods.networks.shared_network`.

    ``generic`` networks stay at 256 pixels: all pairs of pixels are looked at.
    """
    largest = 2**12 if profile.name == "quick" else 2**20
    limits = {
        "agreeing": largest,
        "orthogonal": largest,
        "unshared": largest,
        "generic": 64 if profile.name == "quick" else 256,
    }
    families = [
        st.builds(lambda D, family=family: Case(family=family, D=D), pixel_counts(1, limit))
        for family, limit in limits.items()
    ]
    return st.one_of(families)


def patch_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, K, size)``: every parameter paints a patch of ``K`` pixels, ``K`` in 1,
    2, 4, 8 and ``D`` a multiple of it.

    ``size`` is the number of pixels drawn, four times the profile's samples, and an
    image at the least.
    """

    def with_patches(K: int) -> st.SearchStrategy[Case]:
        counts = pixel_counts(1, 2 ** (12 if profile.name == "quick" else 20) // K)
        return st.builds(lambda patches: Case(D=K * patches, K=K, size=4 * profile.samples), counts)

    return st.sampled_from((1, 2, 4, 8)).flatmap(with_patches)


def class_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, K)``: points of ``D`` dimensions with ``K`` labels."""
    return st.builds(lambda D, K: Case(D=D, K=K), st.integers(1, 64), st.integers(2, 10))


def ray_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, K, depth)``: a ReLU classifier of ``depth`` hidden layers from ``D``
    numbers to ``K`` logits."""
    return st.builds(
        lambda D, K, depth: Case(D=D, K=K, depth=depth), st.integers(1, 64), st.integers(2, 10), st.integers(1, 4)
    )


def point_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, D)``: ``n`` labelled points of ``D`` dimensions."""
    return st.builds(lambda n, D: Case(n=n, D=D), pixel_counts(2, 4096), st.integers(1, 64))


def mixture_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(n, D, share)``: points, dimensions and the weight ``l`` of a convex
    combination."""
    shares = st.integers(1, 19).map(lambda k: k / 20)
    return st.builds(lambda n, D, share: Case(n=n, D=D, share=share), pixel_counts(2, 4096), st.integers(1, 16), shares)


def family_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(M, weight)``: an alphabet of ``M`` images, and the power to which a
    Gaussian density is raised."""
    weights = st.integers(1, 80).map(lambda k: k / 10)
    return st.builds(lambda M, weight: Case(M=M, weight=weight), st.integers(2, 64), weights)


def residual_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, terms, lipschitz)``: a residual block of ``D`` dimensions and how many
    terms of its series are summed."""
    constants = st.integers(10, 18).map(lambda k: k / 20)
    return st.builds(
        lambda D, terms, L: Case(D=D, terms=terms, lipschitz=L), st.integers(1, 32), st.integers(4, 32), constants
    )


def roulette_cases(profile: Profile) -> st.SearchStrategy[Case]:
    """``Case(D, size)``: ``size`` estimates of a log-determinant in ``D``
    dimensions."""
    return st.builds(
        lambda D: Case(D=D, size=min(1_000_000, max(250_000, 2 * profile.samples // 5))), st.integers(1, 8)
    )
