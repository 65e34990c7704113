"""A linear decoder's curve in closed form: posterior precision I + beta W^T W, of the
data the offset and second moments alone."""

from __future__ import annotations

from typing import Any

from numerics.compression import linear_decoders as linear
from numerics.streams import Stream
from proofs_checks.catalogue.compression.figures import linear_vae as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, Test, measured, tested
from proofs_checks.strategies.compression import linear_cases, prior_draw_cases
from theory.compression import linear_decoders as exactly

__all__ = ["cases", "controls", "exact", "figure", "numeric", "statistical"]

ALWAYS = [
    Case(D=1, k=1, beta=1.0, seed=1),
    Case(D=64, k=32, beta=4.0, seed=2),
    Case(D=3, k=8, beta=4.0, seed=3),
]
SQUARE = [Case(D=3, k=3, beta=4.0, seed=1), Case(D=16, k=16, beta=1.0, seed=2)]
DRAWN = [Case(D=1, k=1, beta=2.0, size=400_000, seed=1), Case(D=2, k=1, beta=1.0, size=400_000, seed=2)]
STEEP = [Case(D=1, k=1, beta=6.0, size=400_000, seed=1), Case(D=1, k=2, beta=6.0, size=400_000, seed=1)]
DATA = 256  # independent data whose e-values are multiplied
cases = {"numeric": Cases(linear_cases, always=ALWAYS), "statistical": Cases(prior_draw_cases, always=DRAWN)}


def exact(
    *, inner: exactly.Inner = exactly.codes_first, sizes: tuple[tuple[int, int], ...] = ((1, 2), (2, 1), (2, 2))
) -> list[Any]:
    """Blocks of every size, small symbolic decoders, small rational ones, and the
    Gaussian integral."""
    return [
        exactly.every_size(),
        [exactly.completed_square(pixels, codes, inner) for pixels, codes in sizes],
        exactly.small_decoders(1),
        exactly.gaussian_integral(),
        exactly.second_moments(),
    ]


def numeric(case: Case, stream: Stream, *, value: linear.Value = linear.negative_log_z) -> list[Evidence]:
    """A random decoder and sixteen data, on the codes and on the pixels; the curve
    between the bounds that an audit draws from F at 25 slopes."""
    residuals, W = linear.random_decoder(case.D, case.k, 16, stream.fork(case.seed))
    within, width = linear.band_of_the_curve(residuals, W)
    return [
        measured(linear.against_the_gaussian(residuals, W, case.beta, value), resolves=1e-3, name="-log Z"),
        measured(within, resolves=1e-3, name="the curve lies in its band"),
        measured(width, resolves=0.5, name="the band is no wider than F rises"),
    ]


def statistical(
    case: Case,
    stream: Stream,
    *,
    value: linear.Value = linear.negative_log_z,
    accepting: bool = True,
    late: bool = False,
) -> list[Evidence]:
    """One datum: mean weights of draws of the prior, and of annealed chains; 256 data
    of a larger decoder: e-values of chains from both sides."""
    residuals, W = linear.random_decoder(case.D, case.k, 1, Stream(case.seed, stream.device, stream.dtype))
    mean, expected = linear.mean_weight(residuals, W, case.beta, case.size, stream.fork("draws"), value=value)
    moved, claimed = linear.annealed_mean_weight(
        residuals, W, case.beta, case.size // 4, stream.fork("chains"), value=value, accepting=accepting, late=late
    )
    sides = linear.from_both_sides(8 * case.D, 3 * case.k, case.beta, DATA, stream.fork("sides"), value=value)
    return [
        tested(abs(mean - expected), Test.hoeffding(case.size, width=1.0), resolves=0.02, name="mean weight is Z"),
        tested(abs(moved - claimed), Test.hoeffding(case.size // 4, width=1.0), resolves=0.05, name="annealed weight"),
        tested(sides[0], Test.e_values(DATA), resolves=0.2, name="chains upwards, w/Z"),
        tested(sides[1], Test.e_values(DATA), resolves=0.2, name="chains downwards, Z/w"),
    ]


controls = {
    "pixels-in-place-of-codes": [
        Control(exact, fails="the square completed, 2 pixels, 2 codes", inner=exactly.pixels_first, sizes=((2, 2),)),
        Control(numeric, fails="-log Z", cases=SQUARE, value=linear.pixels_in_place_of_codes),
    ],
    "beta-without-its-half": [
        Control(numeric, fails="-log Z", cases=ALWAYS, value=linear.beta_without_its_half),
        Control(statistical, fails="chains upwards", cases=DRAWN, value=linear.beta_without_its_half),
        Control(statistical, fails="mean weight is Z", cases=DRAWN, value=linear.beta_without_its_half),
    ],
    "no-determinant": [
        Control(numeric, fails="-log Z", cases=ALWAYS, value=linear.without_the_determinant),
        Control(statistical, fails="chains downwards", cases=DRAWN, value=linear.without_the_determinant),
    ],
    "every-proposal-accepted": [Control(statistical, fails="annealed weight", cases=STEEP, accepting=False)],
    "weighing-after-the-move": [Control(statistical, fails="annealed weight", cases=STEEP, late=True)],
}
