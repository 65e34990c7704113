"""The density audit: every area from one model, the bijections as objects, planted faults found, and ugly input told."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import torch
import zuko
from torch import Tensor, nn
from torch import distributions as laws

from numerics.detection import auroc
from numerics.random import Stream
from proofs_checks.audits.density import DensityReport, audit_density, figure
from proofs_checks.audits.density_checks import change_of_variables, samples_follow, unit_mass
from proofs_checks.audits.density_maps import RESOLVES, represent
from proofs_checks.audits.models import read_density
from proofs_checks.errors import InputError
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
    law = mixture()
    area = auroc(law.log_prob(INLIERS), law.log_prob(OUTLIERS)).value
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
    bijection, law = report().bijections[name], mixture()
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
    by_map = law.log_prob(x) - bijection.log_det(x)  # both sides add the same few logarithms
    size = 1 + law.log_prob(x).abs() + bijection.log_det(x).abs() + abs(bijection.log_factor)
    assert bool(((bijection.log_density(y) - by_map).abs() <= 8 * EPS * size).all())


def test_the_findings_are_json_and_the_figure_is_small() -> None:
    from proofs_checks.report.figures import audit_svg

    plain = json.loads(json.dumps(report().plain(), allow_nan=False))
    assert plain["status"] == "HOLDS"
    assert len(json.dumps(plain)) < 20_000
    drawing = audit_svg(report(), "a-")
    assert drawing.note == ""
    assert figure(report().facts).axes


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
        (lambda x: -gaussian(x), "with its sign"),
        (lambda x: gaussian(x).exp(), "no finite integral"),
        (lambda x: torch.where(x.abs().amax(1) < 1e-9, 0.0, -torch.inf), "zero wherever"),
    ],
    ids=["NaN far out", "rows lost far out", "wrong sign", "p for log p", "nowhere"],
)
def test_a_density_that_cannot_be_weighed_is_undecided_and_told(log_prob: Callable[..., Tensor], says: str) -> None:
    points = INLIERS if says != "zero wherever" else torch.cat([0 * INLIERS[:1], INLIERS])
    finding = unit_mass(read_density(log_prob, points))
    assert finding.status is Status.UNDECIDED
    assert re.search(says, finding.text)
    json.dumps(finding.witness, allow_nan=False)


def test_a_hidden_peak_is_no_refutation() -> None:
    far = laws.MixtureSameFamily(
        laws.Categorical(torch.ones(2)), laws.Normal(torch.tensor([0.0, 3e3]), torch.tensor([1.0, 1e-4]))
    )
    assert unit_mass(read_density(far, INLIERS[:, 0])).status is not Status.REFUTED


def test_atoms_in_the_data_are_found() -> None:
    audit = audit_density(gaussian, INLIERS.round(), OUTLIERS)
    assert found(audit, "no atoms in the data").status is Status.REFUTED
    assert "dequantise" in found(audit, "no atoms in the data").text


def test_points_beyond_the_floating_point_line_are_counted_and_undecided() -> None:
    audit = audit_density(gaussian, INLIERS, torch.cat([OUTLIERS, OUTLIERS[:3] + 60]))
    for name in ("uniformized", "reversed"):
        finding = found(audit, name)
        assert finding.status is Status.UNDECIDED
        assert finding.witness["trouble"]
        assert finding.witness["recovered"]["open_pairs"] > 0


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
    law = laws.Independent(laws.Normal(torch.zeros(1, 2, 2, dtype=torch.float64), 1.0), 3)
    audit = audit_density(law, Stream(6).normal(12, 1, 2, 2), Stream(7).normal(12, 1, 2, 2), points=8)
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
    "a model that returns NumPy": ({"log_prob": lambda x: gaussian(x).detach().numpy()}, "computed in torch"),
    "a score with a taken name": ({"score": {"reversed": gaussian}}, "other than 'uniformized' and 'reversed'"),
    "a detached model": ({"log_prob": lambda x: gaussian(x.detach())}, "no gradient"),
    "a base at infinity": ({"base": -float("inf")}, "base point at infinity"),
    "a coordinate too far": ({"coordinate": 2}, "0..1"),
    "no points": ({"points": 0}, "at least 2"),
    "evaluations as text": ({"evaluations": "many"}, "9 to 4095"),
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


@pytest.mark.cuda
def test_the_audit_follows_the_points_to_the_device() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    audit = audit_density(flow(2).cuda(), INLIERS.cuda(), OUTLIERS.cuda(), score=lambda x: x[:, 0])
    assert found(audit, "uniformized").status is Status.HOLDS
