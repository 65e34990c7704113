"""Three claims about sets: every piece of their evidence holds, has teeth of its own, and refuses what misses a hypothesis by name."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from torch import distributions as td

from numerics.detection import sets as level_sets
from numerics.distributions import mixtures
from numerics.distributions.singular import Cross, Spiked
from numerics.streams import Stream
from numerics.transports import bijections
from proofs_checks import claims, kernel
from proofs_checks.catalogue.anomaly import density_minimum_volume as volume
from proofs_checks.catalogue.anomaly import inliers_not_unique as inliers
from proofs_checks.catalogue.anomaly import invariance_principle as invariance
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case, Status
from proofs_checks.run.checks import PROFILES, gather
from proofs_checks.strategies import anomaly
from theory.distributions import finite_maps, pushforward

PLANE = Case(D=2, f="deep", seed=1, size=5_000)
HALF = Fraction(1, 2)


class Law:
    """A distribution of one's own."""

    def __init__(self, dim, sample, log_prob=None):
        self.dim, self.sample = dim, sample
        if log_prob is not None:
            self.log_prob = log_prob


class Map:
    """A bijection of one's own."""

    def __init__(self, forward, inverse):
        self.forward, self.inverse = forward, inverse


def same(x):
    return x


def normal(n, stream):
    return stream.normal(n, 2)


def log_normal(x):
    return -x.square().sum(1) / 2 - x.shape[1] * math.log(2 * math.pi) / 2


def judged(evidence, route, alpha=1e-13):
    return [kernel.judge(item, route=route, alpha=alpha) for item in flat(evidence)]


def flat(evidence):
    return [item for part in evidence for item in flat(part)] if isinstance(evidence, list) else [evidence]


def refused(check, case, **objects):
    """The check as the runner calls it, which makes refusals of what numerics will not take."""
    gather(check, case=case, stream=Stream(1), **objects)


def refuted(evidence, route, alpha=1e-13):
    return [verdict.status is Status.REFUTED for verdict in judged(evidence, route, alpha)]


@pytest.mark.parametrize("page", [invariance, inliers, volume])
def test_every_piece_of_exact_evidence_holds(page):
    assert all(verdict.holds for verdict in judged(page.exact(), "exact"))


# -- what a bijection cannot change --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objects", "broken"),
    [
        ({"maps": finite_maps.squares}, {"masses of sets, decisions of classifiers, ratios"}),
        ({"fibre": 2}, {"f(x) lies in f(A) exactly if x lies in A"}),
        ({"received": pushforward.square_image}, {
            f"{what}, {word} f" for what in ("ratio of densities", "posterior of the first distribution") for word in ("increasing", "decreasing")
        }),
        ({"rest": pushforward.by_length}, {"the carried ratio integrates to the mass of P"}),
    ],
)  # fmt: skip
def test_each_object_of_the_exact_route_breaks_what_it_speaks_of_and_nothing_else(objects, broken):
    items = [item for part in invariance.exact(**objects) for item in (part if isinstance(part, list) else [part])]
    assert {item.name for item, fails in zip(items, refuted(items, "exact"), strict=True) if fails} == broken


@pytest.mark.parametrize("dim", [1, 2, 8])
def test_each_measurement_notices_squaring(dim):
    case = Case(D=dim, pair="apart", seed=2, size=100_000)
    assert refuted(invariance.statistical(case, Stream(11), f=level_sets.Fold()), "statistical") == [True] * (
        2 if dim <= 2 else 1
    )
    assert refuted(invariance.numeric(case, Stream(11), f=level_sets.Fold()), "numeric") == [True]


def test_a_wrong_inverse_is_noticed_by_the_numbers():
    almost = Map(lambda x: 2 * x, lambda y: y / 2 + 1e-7)
    assert refuted(invariance.numeric(PLANE, Stream(1), f=almost), "numeric") == [True]


def test_laws_that_are_not_normalised_or_not_their_samplers_are_told_so():
    for distribution in (
        Law(2, normal, lambda x: log_normal(x) + 1),
        Law(2, lambda n, stream: 3 * stream.normal(n, 2), log_normal),
    ):
        case = Case(**{**PLANE, "size": 50_000})
        found = judged(gather(invariance.statistical, case=case, stream=Stream(1), p=distribution), "statistical")
        assert [verdict.status for verdict in found] == [Status.INAPPLICABLE]
        assert "normalised" in found[0].why


def test_a_reader_may_bring_a_map_and_laws():
    shift = Map(lambda x: x.flip(1) * 3 + 1, lambda y: ((y - 1) / 3).flip(1))
    for route in (invariance.numeric, invariance.statistical):
        found = route(PLANE, Stream(2), f=shift, p=Law(2, normal, log_normal))
        assert not any(refuted(found, route.__name__))
    assert [case.D for case in invariance.cases_for(f=shift)] == [1, 8, 64]
    assert [case.D for case in invariance.cases_for(p=Law(5, normal))] == [5]


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"f": torch.nn.Linear(2, 2)}, "forward"),
        ({"f": Map(lambda x: x[:, :1], same)}, "keep the shape"),
        ({"f": Map(lambda x: x * torch.nan, same)}, "NaN"),
        ({"f": Map(same, lambda y: y.log())}, "f.inverse returned NaN"),
        ({"p": Law(3, normal, log_normal)}, "dimension 2"),
        ({"p": object()}, "log_prob"),
        ({"p": Law(2, normal, lambda x: -x.square())}, "one log density a point"),
        ({"p": td.Normal(0.0, 1.0)}, "one log density a point|sample"),
        ({"q": Law(2, normal, lambda x: x.sum(1).log())}, "NaN"),
    ],
)
@pytest.mark.parametrize("route", [invariance.numeric, invariance.statistical])
def test_what_is_no_bijection_or_no_law_is_refused_by_name(route, objects, words):
    with pytest.raises(InputError, match=words):
        gather(route, case=PLANE, stream=Stream(1), **objects)


def test_a_map_cut_off_from_autograd_is_refused_where_a_derivative_is_needed():
    with pytest.raises(InputError, match="cut off from autograd"):
        gather(invariance.numeric, case=PLANE, stream=Stream(1), f=Map(torch.detach, same))


def test_no_dimension_in_common_is_refused():
    with pytest.raises(InputError, match="one dimension"):
        invariance.cases_for(p=Law(2, normal), q=Law(3, normal))
    with pytest.raises(InputError, match="no D among"):
        invariance.cases_for(f=torch.nn.Linear(7, 7).double())


# -- how many sets of inliers there are ------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [Fraction(1, 16), HALF, Fraction(2, 3), Fraction(15, 16)])
@pytest.mark.parametrize("distribution", anomaly.MARGINALS)
def test_members_hold_their_mass_on_both_sides_of_one_half(distribution, alpha):
    assert all(
        verdict.holds
        for verdict in judged(
            inliers.numeric(Case(distribution=distribution, alpha=alpha, size=9), Stream(1)), "numeric"
        )
    )


@pytest.mark.parametrize("alpha", [Fraction(1, 4), Fraction(3, 4)])
def test_that_the_set_is_unique_is_refuted_by_differences_alone(alpha):
    def none(gap, mass):
        return 0 * gap

    case = Case(D=2, distribution="mixture", alpha=alpha, seed=1, size=50_000)
    assert refuted(inliers.statistical(case, Stream(1), difference=none), "statistical") == [False, True]
    assert refuted(
        inliers.numeric(Case(distribution="normal", alpha=alpha, size=9), Stream(1), difference=none), "numeric"
    ) == [
        False,
        True,
    ]


def test_an_atom_harms_exactly_where_a_quantile_falls_into_it():
    distribution = Spiked(1)  # it takes the levels from 0.3 to 0.7
    harmed = {
        alpha: any(
            refuted(
                inliers.statistical(Case(D=1, alpha=alpha, seed=1, size=50_000), Stream(1), distribution=distribution),
                "statistical",
            )
        )
        for alpha in (Fraction(1, 4), Fraction(2, 5), HALF)
    }
    assert harmed == {Fraction(1, 4): False, Fraction(2, 5): True, HALF: True}


def test_a_corner_in_the_density_is_not_mistaken_for_an_error():
    case = Case(alpha=Fraction(1, 4), size=33)
    laplace = td.Laplace(0.0, 1.0)
    assert not any(
        verdict.holds for verdict in judged(inliers.numeric(case, Stream(1), marginal=laplace)[:1], "numeric")
    )
    assert all(
        verdict.holds for verdict in judged(inliers.numeric(case, Stream(1), marginal=laplace, kinks=[0.0]), "numeric")
    )


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"distribution": Law(1, lambda n, stream: stream.integers(0, 9, n, 1))}, "atoms"),
        ({"distribution": Law(1, lambda n, stream: stream.normal(n))}, "Points are rows"),
        ({"distribution": Law(1, lambda n, stream: stream.normal(n, 1) / 0)}, "finite"),
        ({"distribution": td.Normal(0.0, 1.0)}, r"sample\(n, stream\)"),
        ({"distribution": Cross(1), "direction": torch.zeros(1)}, "other than zero"),
        ({"distribution": Cross(3)}, r"shape \(1000, 1\)"),
    ],
)
def test_what_cannot_be_cut_is_refused_by_name(objects, words):
    with pytest.raises(InputError, match=words):
        refused(inliers.statistical, Case(D=1, distribution="mixture", alpha=HALF, seed=1, size=1000), **objects)


@pytest.mark.parametrize("alpha", [Fraction(0), Fraction(1), Fraction(-1, 2)])
def test_a_share_outside_the_open_interval_is_refused(alpha):
    with pytest.raises(ValueError, match="between 0 and 1"):
        inliers.statistical(Case(D=1, distribution="mixture", alpha=alpha, seed=1, size=1000), Stream(1))


@pytest.mark.parametrize(
    ("marginal", "words"),
    [
        (td.Poisson(3.0), "discrete"),
        ("normal", "torch distribution"),
        (td.StudentT(3.0), "inverse distribution function"),
    ],
)
def test_a_marginal_without_quantiles_is_refused_by_name(marginal, words):
    with pytest.raises(InputError, match=words):
        inliers.numeric(Case(alpha=HALF, size=9), Stream(1), marginal=marginal)


# -- which set takes least room ----------------------------------------------------------------------------------------------


def test_after_a_cube_every_exact_piece_but_the_pointwise_one_is_refuted():
    assert refuted(volume.exact(chart=volume.cube), "exact") == [False, True, True, True]


def test_a_stretched_line_changes_nothing():
    def stretched(at):
        return 3 * at + 1

    assert not any(refuted(volume.exact(chart=stretched), "exact"))
    case = Case(D=2, p="mixture", share=HALF, seed=1, size=4096)
    assert all(verdict.holds for verdict in judged(volume.numeric(case, Stream(1), chart=stretched), "numeric"))


@pytest.mark.parametrize(
    ("p", "dim", "spared"),
    [("centred", 1, True), ("off-centre", 1, False), ("centred", 2, False), ("centred", 3, False)],
)
def test_a_cube_spares_the_centred_normal_law_of_the_line_alone(p, dim, spared):
    case = Case(D=dim, p=p, share=HALF, seed=1, size=1 << 15)
    assert refuted(volume.numeric(case, Stream(1), chart=volume.cube), "numeric") == [not spared] * 2


def test_a_cube_does_not_spare_two_symmetric_bumps():
    def two_bumps(x):
        return torch.logaddexp(-(x[:, 0] - 2).square(), -(x[:, 0] + 2).square())

    case = Case(D=1, share=HALF, size=4096)
    assert refuted(volume.numeric(case, Stream(1), p=two_bumps, chart=volume.cube), "numeric")[0]
    assert not any(refuted(volume.numeric(case, Stream(1), p=two_bumps), "numeric"))


@given(anomaly.grid_cases(PROFILES["quick"]))
@settings(max_examples=15)
def test_no_competitor_has_less_volume_on_any_grid(case):
    found = judged(volume.numeric(Case(**{**case, "size": 2048}), Stream(3)), "numeric")
    assert all(verdict.status in (Status.HOLDS, Status.INAPPLICABLE) for verdict in found)


def test_a_density_of_another_law_is_noticed_by_uniform_points():
    distribution = Law(2, lambda n, stream: 1.5 + stream.normal(n, 2), log_normal)
    assert refuted(
        volume.statistical(Case(D=2, share=HALF, size=25_000), Stream(1), distribution=distribution), "statistical"
    ) == [
        False,
        False,
        True,
    ]


def test_a_flat_density_has_no_level_set_to_speak_of():
    found = volume.numeric(Case(D=1, share=HALF, size=512), Stream(1), p=lambda x: torch.zeros(len(x)))
    assert [verdict.status for verdict in judged(found, "numeric")] == [Status.INAPPLICABLE]


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"p": lambda x: x.sum(1).log()}, "NaN"),
        ({"p": lambda x: x}, "shape"),
        ({"p": lambda x: x @ torch.ones(5)}, "could not be filled"),
        ({"p": log_normal, "box": (1, -1)}, "increasing"),
        ({"p": log_normal, "box": (-1, float("inf"))}, "finite"),
        ({"chart": lambda at: -at}, "chart that increases"),
    ],
)
def test_what_is_no_density_on_a_grid_is_refused_by_name(objects, words):
    with pytest.raises(InputError, match=words):
        refused(volume.numeric, Case(D=2, share=HALF, seed=1, size=512), **objects)


@pytest.mark.parametrize(("chart", "words"), [(lambda at: -at, "increases"), (torch.exp, "integers and symbols")])
def test_a_chart_that_exact_numbers_cannot_follow_is_refused(chart, words):
    with pytest.raises(InputError, match=words):
        volume.exact(chart=chart)


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        (Cross(2), "Expected a distribution with log_prob"),
        (td.Normal(0.0, 1.0), r"sample\(n, stream\)"),
        (Law(2, normal, lambda x: -x.square()), "one log density a point"),
    ],
)
def test_what_has_no_sampler_or_no_density_is_refused_by_name(distribution, words):
    with pytest.raises(InputError, match=words):
        refused(volume.statistical, Case(D=2, share=HALF, size=1000), distribution=distribution)


# -- as a user meets them ------------------------------------------------------------------------------------------------


def test_verdicts_cover_the_readers_objects_and_nothing_else():
    found = claims["anomaly.density-minimum-volume"].check(p=log_normal)
    assert str(found).startswith("anomaly.density-minimum-volume: HOLDS")
    found = claims["anomaly.inliers-not-unique"].check(distribution=Law(2, normal))
    assert "HOLDS" in str(found)
    found = claims["anomaly.invariance-principle"].check(
        f=bijections.bijection("splines", 3, Stream(1)), p=mixtures.random_mixture(3, 2, Stream(1))
    )
    assert "HOLDS" in str(found)
