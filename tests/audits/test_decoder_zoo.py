"""The zoo of decoders: nothing right is refuted, everything wrong is refuted where it stands, the band contains closed forms, and no object is changed."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from numerics.compression.linear_decoders import negative_log_z
from numerics.streams import Stream
from proofs_checks.audits.rate_distortion import audit_rate_distortion
from proofs_checks.audits.rate_distortion.measurements import draw_bounds
from proofs_checks.errors import InputError
from proofs_checks.inputs.copies import state_of
from proofs_checks.inputs.latent_models import read_latent_model
from proofs_checks.kernel import Status

PATH = Path(__file__).parent / "zoo" / "decoders.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zoo_of_decoders", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_of_decoders"] = module
    spec.loader.exec_module(module)
    return module


ZOO = load()


def audited(model, **more):
    return audit_rate_distortion(model.decoder, model.prior, model.data, **{**ZOO.SMALL, **model.given, **more})


@pytest.mark.parametrize("model", ZOO.RIGHT, ids=lambda model: model.name)
def test_nothing_right_is_refuted(model) -> None:
    report = audited(model)
    assert [f for f in report.findings if f.status is Status.REFUTED] == []
    json.dumps(report.plain(), allow_nan=False)
    report.figure()


@pytest.mark.parametrize("model", ZOO.WRONG, ids=lambda model: model.name)
def test_everything_wrong_is_refuted_where_it_stands(model) -> None:
    report = audited(model)
    assert {f.name for f in report.findings if f.status is Status.REFUTED} == set(model.refutes), report
    json.dumps(report.plain(), allow_nan=False)
    report.figure()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_band_of_a_linear_decoder_contains_its_curve(seed: int) -> None:
    """R(D) = sup F - beta D with F in closed form, over slopes far beyond those of the audit."""
    report = audit_rate_distortion(ZOO.linear, 2, ZOO.DATA, distortion="half squared", seed=seed, **ZOO.SMALL)
    slopes = torch.logspace(-4, 5, 2000, dtype=torch.float64)
    F = torch.stack([negative_log_z(ZOO.DATA, ZOO.W, float(b)).mean() for b in slopes])
    wide = []
    for row in report.rows:
        rate = float((F - slopes * row.distortion).max().clamp(min=0))
        assert row.low <= rate
        assert row.high is None or rate <= row.high * (1 + 1e-12) + 1e-9
        assert rate <= row.chains + 0.2  # in expectation
        wide += [] if row.high is None else [row.high - row.low]
    assert len(wide) > 12
    assert sorted(wide)[len(wide) // 2] < 0.5


def test_slopes_distortions_and_pixels_have_the_units_that_are_said() -> None:
    """One decoder under squared errors, their half and their mean: the same F at slopes in inverse proportion, up to rounding of a sum of 4,096 weights."""
    bounds = {}
    for name, factor in {"squared": 1.0, "half squared": 0.5, "mean squared": 1 / 6}.items():
        model = read_latent_model(ZOO.linear, 2, ZOO.DATA, name, 0.0, stream=Stream(0))
        slopes = [b / factor for b in (0.1, 1.0, 3.0)]
        bounds[name] = draw_bounds(
            model, ZOO.DATA, slopes, samples=4096, tile=1 << 20, level=1e-3, stream=Stream(1)
        ).lower
    for lower in bounds.values():
        assert torch.allclose(lower, bounds["squared"], rtol=4096 * torch.finfo(torch.float64).eps * 100, atol=0)


def test_the_fitted_prior_is_an_object_to_sample_and_evaluate() -> None:
    model = next(one for one in ZOO.WRONG if "fifty" in one.name)
    report = audited(model)
    prior = report.prior
    assert prior is not None
    assert prior.sample(7, seed=1).shape == (7, 2)
    assert float(prior.masses.sum()) == pytest.approx(1.0)
    assert torch.equal(prior.log_mass(torch.arange(2)), prior.masses[:2].log())
    again = audit_rate_distortion(ZOO.linear, (prior.codes, prior.masses), ZOO.DATA, betas=[prior.slope])
    at_most = next(f for f in report.findings if f.name == "no other prior saves a quarter nat").witness["gains"]
    cost = next(one["fitted"] for one in at_most if one["slope"] == prior.slope)
    exact = next(f for f in again.findings if f.name == "no other prior saves a quarter nat").witness["slopes"][0]["F"]
    assert cost == pytest.approx(exact - torch.log(torch.tensor(0.95, dtype=torch.float64)).item(), rel=1e-9)


def test_the_curve_is_written_as_csv_and_two_reports_share_axes() -> None:
    one, two = (audited(ZOO.RIGHT[0], subject=name) for name in ("one", "two"))
    head, *lines = one.csv().splitlines()
    assert head == "distortion,rate_low_nats,rate_high_nats,rate_chains_nats"
    assert len(lines) == len(one.rows)
    [axes] = one.beside(two).axes
    assert {"one: chains", "two: chains"} <= {line.get_label() for line in axes.get_lines()}


def test_objects_and_random_states_stay_as_they_were() -> None:
    net = ZOO.Net()
    before = {name: value.clone() for name, value in state_of(net).items()}
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first = audit_rate_distortion(net, torch.distributions.Normal(torch.zeros(2), 1.0), ZOO.DATA, **ZOO.SMALL)
    assert torch.equal(torch.rand(3), expected)
    assert net.training
    assert all(torch.equal(value, before[name]) for name, value in state_of(net).items())
    second = audit_rate_distortion(net, torch.distributions.Normal(torch.zeros(2), 1.0), ZOO.DATA, **ZOO.SMALL)
    assert first.text() == second.text()


def test_hypotheses_are_named() -> None:
    with pytest.raises(InputError, match="scale of the decoder"):
        audit_rate_distortion(lambda z: torch.distributions.Normal(z, z.exp()), 2, ZOO.CODES)
    with pytest.raises(InputError, match="Divide the data by 255"):
        audit_rate_distortion(torch.sigmoid, 2, 255 * ZOO.CODES.sigmoid())
    with pytest.raises(InputError, match="pass lower="):
        audit_rate_distortion(lambda z: z, 2, ZOO.CODES, distortion=lambda x, y: (x - y).sum(1))
    with pytest.raises(InputError, match="sigmoid"):
        audit_rate_distortion(lambda z: 9 * z, 2, ZOO.CODES.sigmoid(), distortion="bernoulli")


DOCS = Path(__file__).resolve().parents[2] / "docs" / "zoo-of-decoders.md"
HEAD = """# The zoo of decoders

Decoders with priors and data (`tests/audits/zoo/decoders.py`), audited by `tests/audits/test_decoder_zoo.py`. Nothing right is refuted; everything wrong is
REFUTED in the findings named, and in no other.
"""


def table() -> str:
    """The zoo as Markdown; write it to docs/zoo-of-decoders.md when the zoo changes."""
    lines = [HEAD, f"| {len(ZOO.RIGHT)} right decoders |", "|---|", *(f"| {one.name} |" for one in ZOO.RIGHT), ""]
    lines += [
        f"| {len(ZOO.WRONG)} wrong decoders | REFUTED |",
        "|---|---|",
        *(f"| {one.name} | {', '.join(one.refutes)} |" for one in ZOO.WRONG),
        "",
    ]
    return "\n".join(lines)


def test_the_table_in_the_documentation_is_the_zoo() -> None:
    assert DOCS.read_text(encoding="utf-8") == table()
