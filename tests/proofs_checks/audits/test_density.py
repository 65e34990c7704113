"""The density audit: every area from one model, the bijections as objects, planted faults found, and ugly input told."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
import zuko
from torch import Tensor, nn
from torch import distributions as laws

from numerics.detection.roc import auroc
from numerics.streams import Stream
from proofs_checks.audits.density import DensityReport, audit_density
from proofs_checks.audits.density.maps import RESOLVES, represent
from proofs_checks.errors import InputError
from proofs_checks.inputs.densities import read_density
from proofs_checks.inputs.density_checks import change_of_variables, samples_follow
from proofs_checks.inputs.density_mass import unit_mass
from proofs_checks.kernel import Status

EPS = 2.0**-52


def mixture() -> laws.Distribution:
    means = torch.tensor([[0.0, 0.0], [3.0, 1.0]], dtype=torch.float64)
    weights = torch.tensor([0.5, 0.5], dtype=torch.float64)
    return laws.MixtureSameFamily(laws.Categorical(weights), laws.Independent(laws.Normal(means, 1.0), 1))


INLIERS = 1.2 * Stream(1).normal(40, 2) + 0.5
OUTLIERS = 1.5 * Stream(2).normal(30, 2) + 1.5


def gaussian(x: Tensor) -> Tensor:
    return -x.square().sum(1) / 2 - torch.log(torch.tensor(2 * torch.pi, dtype=torch.float64))


@functools.cache
def report() -> DensityReport:
    scores = {"first": lambda x: x[:, 0], "waves": lambda x: torch.sin(2 * x).sum(1)}
    return audit_density(mixture(), INLIERS, OUTLIERS, score=scores)


@functools.cache
def flow(dim: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return zuko.flows.NSF(dim, transforms=2, hidden_features=[16]).double()


def found(audit: DensityReport, name: str) -> Any:
    return next(finding for finding in audit.findings if finding.name == name)


def test_one_model_has_every_area() -> None:
    audit = report()
    distribution = mixture()
    area = auroc(distribution.log_prob(INLIERS), distribution.log_prob(OUTLIERS)).value
    assert area not in (0, Fraction(1, 2), 1)
    rows = {row["name"]: row for row in audit.facts["representations"]}
    assert rows["as given"]["auroc"]["exact"] == str(area)
    assert rows["uniformized"]["auroc"]["exact"] == "1/2"
    assert Fraction(rows["reversed"]["recovered"]["exact"]) == 1 - area
    assert Fraction(rows["first"]["recovered"]["exact"]) == auroc(INLIERS[:, 0], OUTLIERS[:, 0]).value
    assert audit.status is Status.HOLDS
    assert {"continuity", "bijectivity elsewhere", "change of variables"} <= set(audit.facts["unchecked"])


def test_typicality_survives_reversal_and_dies_under_uniformization() -> None:
    rows = {row["name"]: row for row in report().facts["representations"]}
    area = {name: Fraction(row["typicality"]["exact"]) for name, row in rows.items()}
    undecided = Fraction(rows["reversed"]["typicality_open_pairs"], 2 * len(INLIERS) * len(OUTLIERS))
    assert abs(area["reversed"] - area["as given"]) <= undecided < Fraction(1, 100)  # open pairs count one half
    assert area["uniformized"] == Fraction(1, 2)


@pytest.mark.parametrize("name", ["uniformized", "reversed", "first", "waves"])
def test_the_bijection_samples_inverts_and_knows_its_density(name: str) -> None:
    bijection, distribution = report().bijections[name], mixture()
    y = bijection.sample(6, seed=3)
    x = bijection.inverse(y)
    landing = 4 * EPS * (1 + x.abs().amax(1)) * bijection.log_det(x).exp()  # a bracket closes to a few units of x
    rounding = 16 * EPS * (1 + y.abs().amax(1))  # sums of terms of one sign, whose exponents are of size 1
    assert bool(((bijection.forward(x) - y).abs().amax(1) <= landing + rounding).all())
    promised = bijection.log_score(x) + bijection.log_factor
    own = represent(
        bijection, x, x[:1], lambda u, v: Fraction(1, 2)
    ).inlier_errors  # what the audit states for these points
    assert bool(((bijection.log_density(y) - promised).abs() <= own).all())
    assert float(own.max()) <= RESOLVES
    by_map = distribution.log_prob(x) - bijection.log_det(x)  # both sides add the same few logarithms
    size = 1 + distribution.log_prob(x).abs() + bijection.log_det(x).abs() + abs(bijection.log_factor)
    assert bool(((bijection.log_density(y) - by_map).abs() <= 8 * EPS * size).all())


def test_the_findings_are_json_and_the_figure_is_small() -> None:
    from proofs_checks.report.figures import audit_svg

    plain = json.loads(json.dumps(report().plain(), allow_nan=False))
    assert plain["status"] == "HOLDS"
    assert len(json.dumps(plain)) < 20_000
    drawing = audit_svg(report(), "a-")
    assert drawing.note == ""
    assert report().figure().axes
    assert "<img" in report()._repr_html_()


@pytest.mark.parametrize("dim", [2, 3])
def test_a_sound_flow_passes_its_own_checks(dim: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = flow(dim)().sample((64,))
    model = read_density(flow(dim), x)
    assert model.sampler is not None
    statuses = {
        finding.name: finding.status
        for finding in (change_of_variables(model, x), unit_mass(model), samples_follow(model, model.sampler, 1))
    }
    assert set(statuses.values()) == {Status.HOLDS}, statuses


Ladj = Callable[..., tuple[Tensor, Tensor]]
PLANTED = {
    "a constant": lambda y, ladj: (y, ladj + 1e-6),
    "a factor": lambda y, ladj: (y, ladj * (1 + 1e-6)),
    "a sign": lambda y, ladj: (y, -ladj),
    "a missing layer": lambda y, ladj: (y, 0 * ladj),
}


@pytest.mark.parametrize("fault", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("dim", [2, 64])
def test_a_log_determinant_bug_in_a_zuko_transform_is_found(
    fault: Callable[..., Any], dim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = flow(dim)().sample((16,))
    spline = zuko.transforms.MonotonicRQSTransform
    sound = spline.call_and_ladj
    monkeypatch.setattr(spline, "call_and_ladj", lambda self, z: fault(*sound(self, z)))
    finding = change_of_variables(read_density(flow(dim), x), x)
    assert finding.status is Status.REFUTED
    assert "log-determinant is wrong" in finding.text


def test_a_forgotten_constant_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    x = flow(2)().sample((16,))
    composed = zuko.transforms.ComposedTransform
    sound = composed.call_and_ladj
    monkeypatch.setattr(composed, "call_and_ladj", lambda self, z: (sound(self, z)[0], sound(self, z)[1] + 0.25))
    assert "by the constant 0.25" in change_of_variables(read_density(flow(2), x), x).text
    mass = unit_mass(read_density(flow(2), x))
    assert mass.status is Status.REFUTED
    assert mass.witness is not None
    assert (
        abs(mass.witness["mass"] - torch.tensor(0.25).double().exp().item()) <= mass.witness["estimated_error"] < 0.01
    )


def test_samples_of_another_law_are_found_in_any_dimension() -> None:
    model = read_density(gaussian, Stream(3).normal(20, 24))
    wide = samples_follow(model, lambda n, seed: 2 * Stream(seed).normal(n, 24), 1)
    same = samples_follow(model, lambda n, seed: Stream(seed).normal(n, 24), 1)
    assert (wide.status, same.status) == (Status.REFUTED, Status.HOLDS)
    assert "level 1e-06" in wide.text


def test_too_much_mass_refutes_and_too_little_leaves_the_question_open() -> None:
    heavy = unit_mass(read_density(lambda x: gaussian(x) + 1, INLIERS))
    light = unit_mass(read_density(lambda x: gaussian(x) - 1, INLIERS))
    assert (heavy.status, light.status) == (Status.REFUTED, Status.UNDECIDED)
    assert "1 nats on average" in heavy.text


@pytest.mark.parametrize(("dim", "seed"), [(1, 1), (2, 1), (2, 2), (2, 5), (3, 1)])
def test_a_spline_flow_has_unit_mass(dim: int, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = zuko.flows.NSF(dim, transforms=2, hidden_features=[16]).double()
        x = model().sample((256,))
    assert unit_mass(read_density(model, x)).status is Status.HOLDS


def test_a_model_that_writes_into_its_points_leaves_the_readers_as_they_are() -> None:
    mine = INLIERS.clone()
    with pytest.raises(InputError, match="in place"):
        read_density(lambda x: -x.square_().sum(1), mine)
    assert torch.equal(mine, INLIERS)


@pytest.mark.parametrize(
    ("log_prob", "says"),
    [
        (lambda x: torch.where(x.abs().amax(1) > 50, torch.nan, gaussian(x)), "NaN or .inf at"),
        (lambda x: gaussian(x[x.abs().amax(1) < 50]), "could not be weighed"),
        (lambda x: torch.where(x.abs().amax(1) < 1e-9, 0.0, -torch.inf), "zero wherever"),
    ],
    ids=["NaN far out", "rows lost far out", "nowhere"],
)
def test_a_density_that_cannot_be_weighed_is_undecided_and_told(log_prob: Callable[..., Tensor], says: str) -> None:
    points = INLIERS if says != "zero wherever" else torch.cat([0 * INLIERS[:1], INLIERS])
    finding = unit_mass(read_density(log_prob, points))
    assert finding.status is Status.UNDECIDED
    assert re.search(says, finding.text)
    json.dumps(finding.witness, allow_nan=False)


@pytest.mark.parametrize(
    ("log_prob", "says"),
    [
        (lambda x: -gaussian(x), "grows outwards.*wrong sign"),
        (lambda x: gaussian(x).exp(), "p itself in the place of its logarithm"),
        (lambda x: (gaussian(x).exp() + 1e-12).log(), r"infinite.*log\(p \+ 1e-12\)"),
        (lambda x: (gaussian(x).exp() + 1e-3).log(), r"infinite.*log\(p \+ 0.001\)"),
        (lambda x: gaussian(x).clamp(min=-50), r"infinite.*max\(log p, -50\)"),
        (lambda x: laws.Exponential(2.0, validate_args=False).log_prob(x).sum(1), "too large|grows|mass"),
    ],
    ids=[
        "wrong sign",
        "p for log p",
        "a floor under the logarithm",
        "a high floor",
        "a clamp",
        "an exponential off its support",
    ],
)
def test_what_cannot_be_normalised_is_refuted_with_its_likely_formula(
    log_prob: Callable[..., Tensor], says: str
) -> None:
    finding = unit_mass(read_density(log_prob, INLIERS))
    assert finding.status is Status.REFUTED
    assert re.search(says, finding.text)
    json.dumps(finding.witness, allow_nan=False)


def test_a_floor_is_refuted_in_many_dimensions_too() -> None:
    distribution = laws.Independent(laws.Normal(torch.zeros(24, dtype=torch.float64), 1.0), 1)
    points = Stream(2).normal(30, 24)
    assert unit_mass(read_density(distribution, points)).status is Status.INAPPLICABLE
    floored = unit_mass(
        read_density(lambda x: torch.logaddexp(distribution.log_prob(x), torch.tensor(-60.0).double()), points)
    )
    assert floored.status is Status.REFUTED
    assert "log(p + 8.76e-27)" in floored.text


def test_a_hidden_peak_is_no_refutation() -> None:
    far = laws.MixtureSameFamily(
        laws.Categorical(torch.ones(2)), laws.Normal(torch.tensor([0.0, 3e3]), torch.tensor([1.0, 1e-4]))
    )
    assert unit_mass(read_density(far, INLIERS[:, 0])).status is not Status.REFUTED


def test_atoms_in_the_data_are_found() -> None:
    audit = audit_density(gaussian, INLIERS.round(), OUTLIERS)
    assert found(audit, "no atoms in the data").status is Status.REFUTED
    assert "dequantise" in found(audit, "no atoms in the data").text


def test_points_forty_deviations_out_have_an_image_a_neighbour_and_a_way_back() -> None:
    far = torch.cat([OUTLIERS, OUTLIERS[:3] + 60])
    audit = audit_density(gaussian, INLIERS, far)
    for name in ("uniformized", "reversed"):
        finding = found(audit, name)
        assert finding.status is Status.HOLDS
        assert finding.witness["trouble"] == {}
    followed = audit.bijections["uniformized"].follow(torch.cat([far[-1:], torch.nextafter(far[-1:], far[-1:] + 1)]))
    assert followed.images.anchor.tolist() == [1, 1]
    assert followed.images.log_distance[0] > followed.images.log_distance[1]
    back, _ = followed.preimages(followed.images)
    assert bool(((back - followed.reach).abs() <= 4 * EPS * followed.reach).all())


@pytest.mark.parametrize("scale", [2.0, 3.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_standard_normal_with_wide_outliers_is_decided(scale: float, seed: int) -> None:
    x, y = Stream(seed).normal(60, 2), scale * Stream(seed + 100).normal(60, 2)
    distribution = laws.Independent(laws.Normal(torch.zeros(2, dtype=torch.float64), 1.0), 1)
    audit = audit_density(distribution, x, y, seed=seed)
    assert audit.status is Status.HOLDS
    area = auroc(distribution.log_prob(x), distribution.log_prob(y)).value
    assert found(audit, "reversed").witness["recovered"]["auroc"]["exact"] == str(1 - area)


def test_outliers_of_density_zero_are_counted_and_undecided() -> None:
    cube = laws.Independent(laws.Uniform(torch.zeros(2, dtype=torch.float64), 1.0), 1)
    audit = audit_density(cube, Stream(4).uniform(20, 2), Stream(5).uniform(20, 2) + 0.5)
    assert found(audit, "uniformized").witness["trouble"]["p is zero"] > 0
    assert "p is zero at" in found(audit, "as given").text


def test_equal_points_in_both_samples_tie() -> None:
    audit = audit_density(gaussian, INLIERS, INLIERS)
    assert found(audit, "reversed").status is Status.HOLDS
    assert found(audit, "reversed").witness["auroc"]["exact"] == "1/2"


def test_units_and_offsets_of_the_data_change_nothing() -> None:
    for scale, shift in ((1e-6, 0.0), (1e6, 0.0), (1.0, 1e6)):
        audit = audit_density(
            lambda x, a=scale, b=shift: gaussian((x - b) / a), INLIERS * scale + shift, OUTLIERS * scale + shift
        )
        assert found(audit, "uniformized").status is Status.HOLDS, (scale, shift)


def test_events_keep_their_shape() -> None:
    distribution = laws.Independent(laws.Normal(torch.zeros(1, 2, 2, dtype=torch.float64), 1.0), 3)
    audit = audit_density(distribution, Stream(6).normal(12, 1, 2, 2), Stream(7).normal(12, 1, 2, 2), points=8)
    assert audit.facts["event_shape"] == [1, 2, 2]
    assert audit.facts["inliers"] == 8
    assert any("flattened" in note for note in audit.facts["notes"])


UGLY = {
    "a score that vanishes at a point": (
        {"score": lambda x: x[:, 0].abs().log(), "inliers": torch.cat([INLIERS, 0 * INLIERS[:1]])},
        "a score that vanishes",
    ),
    "a score without gradient": ({"score": lambda x: -x.detach().square().sum(1)}, "log_score.*no gradient"),
    "a model that writes into its points": (
        {"log_prob": lambda x: -x.square_().sum(1), "inliers": INLIERS.clone()},
        "in place.*clone",
    ),
    "a score with a taken name": ({"score": {"reversed": gaussian}}, "other than 'uniformized' and 'reversed'"),
    "a base at infinity": ({"base": -float("inf")}, "base point at infinity"),
    "a coordinate too far": ({"coordinate": 2}, "0..1"),
    "no points": ({"points": 0}, "at least 2"),
    "seconds as text": ({"seconds": "many"}, "a positive number"),
    "no time": ({"seconds": 0}, "a positive number"),
    "no tile": ({"tile": 0}, "at least 1"),
    "a sampler that is a number": ({"sampler": 3}, "function from n to n draws"),
    "a sampler of the wrong shape": ({"sampler": lambda n: torch.zeros(2, n)}, "Expected samples with events of shape"),
    "a sampler of too few": ({"sampler": lambda n: torch.zeros(1, 2)}, "Expected 2 draws"),
    "outliers of another shape": ({"outliers": OUTLIERS[:, :1]}, "events of shape"),
    "outliers of whole numbers": ({"outliers": OUTLIERS.long()}, "Dequantise"),
    "outliers with NaN": ({"outliers": OUTLIERS * float("nan")}, "has to be finite"),
    "inliers outside the support": (
        {"log_prob": laws.Independent(laws.Uniform(torch.zeros(2), 1.0), 1), "inliers": INLIERS - 50},
        "outside the support",
    ),
}


@pytest.mark.parametrize(("changed", "says"), UGLY.values(), ids=UGLY)
def test_ugly_input_is_told(changed: dict[str, Any], says: str) -> None:
    given = {"log_prob": gaussian, "inliers": INLIERS, "outliers": OUTLIERS, **changed}
    with pytest.raises(InputError, match=says):
        audit_density(**given)


@pytest.mark.parametrize(
    "log_prob",
    [lambda x: gaussian(x.detach()), lambda x: -(x.numpy() ** 2).sum(1) / 2 - np.log(2 * np.pi)],
    ids=["detached", "NumPy"],
)
def test_a_model_without_gradient_is_told_what_needs_none(log_prob: Callable[..., Any]) -> None:
    audit = audit_density(log_prob, INLIERS, OUTLIERS)
    assert found(audit, "unit mass").status is Status.HOLDS
    assert found(audit, "as given").witness["auroc"]
    for name in ("uniformized", "reversed"):
        assert found(audit, name).status is Status.UNDECIDED
        assert "no gradient" in found(audit, name).text


class _Elementwise(laws.Transform):
    """x -> z by ``forward``, coordinate by coordinate, with its log-determinant; and back, where there is a way."""

    domain = codomain = laws.constraints.independent(laws.constraints.real, 1)
    bijective = True

    def __init__(
        self, to_base: Callable[..., Tensor], to_data: Callable[..., Tensor], log_det: Callable[..., Tensor]
    ) -> None:
        super().__init__()
        self.to_base, self.to_data, self.log_det = to_base, to_data, log_det

    def _inverse(self, y: Tensor) -> Tensor:
        return self.to_base(y)

    def _call(self, x: Tensor) -> Tensor:
        return self.to_data(x)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self.log_det(y)


def _pulled(dim: int, *maps: Callable[..., Tensor]) -> laws.Distribution:
    base = laws.Independent(laws.Normal(torch.zeros(dim, dtype=torch.float64), 1.0), 1)
    return laws.TransformedDistribution(base, [_Elementwise(*maps)])


def test_a_transform_that_is_not_onto_is_refuted_by_its_own_draws() -> None:
    distribution = _pulled(5, torch.tanh, torch.atanh, lambda y: (1 - torch.tanh(y) ** 2).log().sum(-1))
    audit = audit_density(distribution, Stream(1).normal(20, 5), 2 * Stream(2).normal(20, 5))
    assert audit.status is Status.REFUTED
    assert "NaN" in found(audit, "samples follow log p").text


@pytest.mark.parametrize("dim", [2, 5])
def test_a_planar_map_that_folds_is_refuted_by_the_sign_of_its_determinant(dim: int) -> None:
    w = torch.zeros(dim, dtype=torch.float64)
    w[0], w[1] = 1.0, 0.5
    u = -3 * w / (w @ w)

    def refuse(x: Tensor) -> Tensor:
        raise NotImplementedError("no inverse in closed form")

    distribution = _pulled(
        dim,
        lambda y: y + u * torch.tanh(y @ w)[..., None],
        refuse,
        lambda y: (1 - 3 * (1 - torch.tanh(y @ w) ** 2)).abs().log(),
    )
    finding = found(
        audit_density(distribution, Stream(1).normal(20, dim), 2 * Stream(2).normal(20, dim)), "change of variables"
    )
    assert finding.status is Status.REFUTED
    assert "folds" in finding.text


class _Scale(nn.Module):
    def __init__(self, dim: int, sign: float) -> None:
        super().__init__()
        self.log_scale, self.sign = nn.Parameter(torch.linspace(-0.5, 0.7, dim)), sign

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return x * self.log_scale.exp(), self.sign * self.log_scale.sum().expand(x.shape[0])

    def inverse(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return z * (-self.log_scale).exp(), -self.sign * self.log_scale.sum().expand(z.shape[0])


class _OtherLibrary(nn.Module):
    """A flow as nflows has it: ``_transform(x) -> (z, log|det|)``, ``_distribution``, ``log_prob`` and ``sample(n)``."""

    def __init__(self, dim: int, sign: float) -> None:
        super().__init__()
        self._transform = _Scale(dim, sign)
        self._distribution = laws.Independent(laws.Normal(torch.zeros(dim), 1.0), 1)

    def log_prob(self, inputs: Tensor, context: Tensor | None = None) -> Tensor:
        z, log_det = self._transform(inputs)
        return self._distribution.log_prob(z) + log_det

    def sample(self, n: int, context: Tensor | None = None) -> Tensor:
        return self._transform.inverse(self._distribution.sample((n,)))[0]


@pytest.mark.parametrize(("sign", "status"), [(1.0, Status.HOLDS), (-1.0, Status.REFUTED)])
def test_a_flow_of_another_library_shows_its_transform_and_its_draws(sign: float, status: Status) -> None:
    flow = _OtherLibrary(6, sign).eval()
    audit = audit_density(flow, Stream(1).normal(24, 6), 1.5 * Stream(2).normal(24, 6))
    assert found(audit, "change of variables").status is status
    assert found(audit, "samples follow log p").status is Status.HOLDS  # a factor does not show there


def test_what_is_left_open_says_what_more_time_would_buy_and_an_interrupt_leaves_what_was_found() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = flow(2)().sample((40,))
    told = []
    audit = audit_density(
        flow(2), x[:20], 2 * x[20:], seconds=1e-3, progress=lambda share, what: told.append((share, what))
    )
    assert any(what == "uniformized" for _, what in told)
    assert all(0 <= share <= 1 for share, _ in told)
    open_ = [
        finding
        for finding in audit.findings
        if finding.name in ("uniformized", "reversed") and finding.status is Status.UNDECIDED
    ]
    assert all("seconds=" in finding.text for finding in open_)

    def interrupt(share: float, what: str) -> None:
        if what == "reversed":
            raise KeyboardInterrupt

    cut = audit_density(gaussian, INLIERS, OUTLIERS, progress=interrupt)
    assert found(cut, "uniformized").status is Status.HOLDS
    assert found(cut, "reversed").status is Status.UNDECIDED
    assert "not reached" in found(cut, "unit mass").text
    assert cut.facts["interrupted"]


@pytest.mark.cuda
def test_the_audit_follows_the_points_to_the_device() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    audit = audit_density(flow(2).cuda(), INLIERS.cuda(), OUTLIERS.cuda(), score=lambda x: x[:, 0])
    assert found(audit, "uniformized").status is Status.HOLDS
