"""The flow audit: the kinds of flows that are wrong, the object left as it was, the layer named, refusals, figure and command line."""

from __future__ import annotations

import json
import math
import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, Normal, TransformedDistribution, constraints, transforms

from preality import audit
from proofs_checks.audits.flow import audit_flow
from proofs_checks.audits.report_files import to_json
from proofs_checks.errors import InputError
from proofs_checks.findings import AuditReport
from proofs_checks.inputs.copies import state_of
from proofs_checks.kernel import Status

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, when they are imported


def found(report: AuditReport) -> dict[str, Status]:
    return {finding.name: finding.status for finding in report.findings}


def text(report: AuditReport, name: str) -> str:
    return next(finding.text for finding in report.findings if finding.name == name)


def closure(function):
    """A function of a batch that mentions another one: what it mentions is found and copied too."""

    def call(x: Tensor):
        return function(x)

    return call


def points(n: int, dim: int, seed: int = 0) -> Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def normal(dim: int) -> Independent:
    return Independent(Normal(torch.zeros(dim).double(), 1.0), 1)


class Scale(nn.Module):
    """z = x exp(s), with a factor on what it says of its volume."""

    def __init__(self, dim: int, factor: float = 1.0) -> None:
        super().__init__()
        self.log_scale, self.factor = nn.Parameter(torch.linspace(-0.5, 0.7, dim)), factor

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return x * self.log_scale.exp(), (self.factor * self.log_scale.sum()).expand(len(x))

    def inverse(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return z * (-self.log_scale).exp(), (-self.factor * self.log_scale.sum()).expand(len(z))


class Flow(nn.Module):
    """The form of nflows: _transform, _distribution, log_prob, sample(n)."""

    def __init__(self, transform: nn.Module, distribution: Independent) -> None:
        super().__init__()
        self._transform, self._distribution = transform, distribution

    def log_prob(self, inputs: Tensor, context: Tensor | None = None) -> Tensor:
        z, log_det = self._transform(inputs)
        return self._distribution.log_prob(z) + log_det

    def sample(self, n: int, context: Tensor | None = None) -> Tensor:
        return self._transform.inverse(self._distribution.sample((n,)))[0]


class Map(transforms.Transform):
    """A transform of torch from the base to the data, given by its inverse."""

    domain = codomain = constraints.independent(constraints.real, 1)
    bijective = True

    def __init__(self, to_base, to_data, log_slope) -> None:
        super().__init__()
        self.to_base, self.to_data, self.log_slope = to_base, to_data, log_slope

    def _inverse(self, y: Tensor) -> Tensor:
        return self.to_base(y)

    def _call(self, x: Tensor) -> Tensor:
        if self.to_data is None:
            raise NotImplementedError("no inverse in closed form")
        return self.to_data(x)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self.log_slope(y)


# -- kinds of flows that are wrong ------------------------------------------------------------------------------------------------


def test_a_wrong_sign_in_the_form_of_another_library_is_refuted_and_measured() -> None:
    report = audit_flow(Flow(Scale(6, -1.0), normal(6)).double().eval(), points(40, 6))
    assert found(report)["log-determinant of every layer"] is Status.REFUTED
    assert "layer 0 (Scale)" in text(report, "log-determinant of every layer")
    assert "-1.2" in text(report, "log-determinant of every layer")
    assert found(report)["mass one"] is Status.REFUTED
    assert "sampler" not in text(report, "samples follow log p")  # it has one, and it was found


def test_tanh_under_a_normal_base_loses_its_mass_in_every_dimension() -> None:
    for dim in (2, 5, 16):
        tanh = Map(torch.tanh, torch.atanh, lambda y: (1 - torch.tanh(y) ** 2).log().sum(-1))
        report = audit_flow(TransformedDistribution(normal(dim), [tanh]), points(60, dim))
        assert found(report)["onto the base"] is Status.REFUTED
        assert found(report)["mass one"] is Status.REFUTED
        assert found(report)["log p = base + log-determinant"] is Status.HOLDS
        assert "NaN" in text(report, "samples follow log p")


def planar(dim: int, product: float) -> TransformedDistribution:
    w = torch.zeros(dim).double()
    w[0], w[1] = 1.0, 0.5
    u = product * w / (w @ w)

    def slope(y: Tensor) -> Tensor:
        return (1 + (u @ w) * (1 - torch.tanh(y @ w) ** 2)).abs().log()

    return TransformedDistribution(normal(dim), [Map(lambda y: y + u * torch.tanh(y @ w)[..., None], None, slope)])


@pytest.mark.parametrize("dim", [2, 5])
def test_a_map_that_folds_is_refuted_with_two_points_that_meet(dim: int) -> None:
    flow = planar(dim, -3.0)
    report = audit_flow(flow, points(60, dim))
    assert found(report)["sign of the determinant"] is Status.REFUTED
    assert found(report)["mass one"] is Status.REFUTED
    fold = next(f for f in report.findings if f.name == "sign of the determinant").witness["fold"]
    first, second = (torch.tensor(fold[name], dtype=torch.float64)[None] for name in ("first", "second"))
    to_base = flow.transforms[0].to_base
    assert float((first - second).norm()) > 0.1
    assert float((to_base(first) - to_base(second)).abs().max()) < 1e-9


def test_a_planar_layer_that_does_not_fold_is_left_in_peace() -> None:
    assert audit_flow(planar(3, 2.0), points(60, 3)).status is Status.HOLDS


class FirstBatchScale(nn.Module):
    """A layer that takes its parameters from the first batch."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.log_scale, self.shift = nn.Parameter(torch.zeros(dim)), nn.Parameter(torch.zeros(dim))
        self.register_buffer("ready", torch.tensor(False))

    def log_prob(self, x: Tensor) -> Tensor:
        if self.training and not bool(self.ready):
            with torch.no_grad():
                self.log_scale.copy_(-x.std(0).log())
                self.shift.copy_(-x.mean(0))
                self.ready.fill_(True)
        z = (x + self.shift) * self.log_scale.exp()
        return -z.square().sum(-1) / 2 - x.shape[1] / 2 * math.log(2 * math.pi) + self.log_scale.sum()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_flow_that_its_first_batch_makes_is_refused_and_left_as_it_was(wrapped: bool) -> None:
    flow = FirstBatchScale(3)
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    model = closure(flow.log_prob) if wrapped else flow
    with pytest.raises(InputError, match=r"first batch initialises[\s\S]*flow\.train\(\); flow\.log_prob\(data"):
        audit_flow(model, points(60, 3))
    assert all(torch.equal(value, before[name]) for name, value in flow.state_dict().items())
    with torch.no_grad():
        flow.log_prob(points(60, 3).float())
    assert audit_flow(model, points(60, 3)).status is Status.HOLDS


def test_a_continuous_flow_holds_with_its_solvers_tolerance() -> None:
    import zuko

    torch.manual_seed(0)
    report = audit_flow(zuko.flows.CNF(2, hidden_features=(16,)))
    assert report.status is Status.HOLDS
    assert report.facts["solver_tolerance"] > 0


def test_a_random_log_p_and_rows_that_move_each_other_end_the_audit() -> None:
    noisy = audit_flow(lambda x: normal(2).log_prob(x) + 1e-3 * torch.randn(len(x)), points(50, 2))
    coupled = audit_flow(lambda x: normal(2).log_prob(x - x.mean(0)), points(50, 2))
    assert found(noisy)["same value twice"] is Status.REFUTED
    assert found(coupled)["rows on their own"] is Status.REFUTED
    for report in (noisy, coupled):
        assert found(report)["mass one"] is Status.INAPPLICABLE


# -- the object is left as it was ----------------------------------------------------------------------------------------------------


def _zuko() -> nn.Module:
    import zuko

    return zuko.flows.NSF(3, transforms=2, hidden_features=(8,))


def _nflows() -> nn.Module:
    from nflows import transforms as own
    from nflows.distributions import StandardNormal
    from nflows.flows import Flow as Whole

    flow = Whole(
        own.CompositeTransform([own.BatchNorm(3), own.MaskedAffineAutoregressiveTransform(3, 8)]), StandardNormal([3])
    )
    with torch.no_grad():
        flow.log_prob(torch.randn(64, 3))
    return flow


def _normflows() -> nn.Module:
    import normflows as nf

    flow = nf.NormalizingFlow(
        nf.distributions.DiagGaussian(3), [nf.flows.MaskedAffineAutoregressive(3, 8), nf.flows.ActNorm((3,))]
    )
    with torch.no_grad():
        flow.log_prob(torch.randn(64, 3))
    return flow


def _freia() -> nn.Module:
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    network = ff.SequenceINN(3)
    network.append(fm.AllInOneBlock, subnet_constructor=nn.Linear)
    return network


def _pyro() -> object:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    return pd.TransformedDistribution(
        pd.Normal(torch.zeros(3), torch.ones(3)), [own.affine_autoregressive(3), own.BatchNorm(3)]
    )


@pytest.mark.parametrize("make", [_zuko, _nflows, _normflows, _freia, _pyro])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_object_the_random_states_and_the_settings_are_as_before_bit_for_bit(make, mode: str) -> None:
    torch.manual_seed(0)
    flow = make()
    modules = [part for part in _parts(flow) if isinstance(part, nn.Module)]
    for module in modules:
        module.train(mode == "train")
    before = {name: value.detach().clone() for name, value in state_of(flow).items()}
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    settings = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    audit_flow(flow, samples=512)
    after = state_of(flow)
    assert set(after) == set(before)
    for name, value in before.items():
        assert value.dtype == after[name].dtype
        assert torch.equal(value.nan_to_num(), after[name].nan_to_num()), name
        assert after[name].grad is None
    assert all(module.training is (mode == "train") for module in modules)
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])
    assert states[2] == random.getstate()
    assert settings == (torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled())


def _parts(flow: object) -> list[object]:
    from proofs_checks.inputs.copies import reachable

    return list(reachable(flow))


def test_the_points_of_the_user_are_as_before_even_if_log_p_writes_into_them() -> None:
    x = points(40, 2)
    kept = x.clone()

    def log_prob(v: Tensor) -> Tensor:
        v *= 2
        return normal(2).log_prob(v / 2)

    audit_flow(log_prob, x)
    assert torch.equal(x, kept)


def test_an_audit_is_the_same_twice() -> None:
    torch.manual_seed(0)
    flow = _zuko()
    first, second = (audit_flow(flow, samples=512, seconds=1e6) for _ in range(2))
    assert [(f.name, f.status, f.text) for f in first.findings] == [(f.name, f.status, f.text) for f in second.findings]


# -- what is read --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        lambda flow: flow,
        lambda flow: flow.log_prob,
        lambda flow: {
            "forward": flow._transform,
            "inverse": flow._transform.inverse,
            "log_prob": flow.log_prob,
            "base": normal(3),
        },
        lambda flow: {
            "forward": lambda x: flow._transform(x)[0],
            "log_det": lambda x: flow._transform(x)[1],
            "base": normal(3),
        },
        lambda flow: {"layers": [flow._transform], "base": normal(3)},
        lambda flow: (flow._transform, normal(3)),
        lambda flow: [flow._transform],
        lambda flow: lambda: flow,
        lambda flow: closure(flow.log_prob),
        lambda flow: closure(flow._transform),
        lambda flow: lambda x: flow._transform(x)[0],
    ],
)
def test_one_flow_in_many_forms_holds_in_each(given) -> None:
    flow = Flow(Scale(3), normal(3)).double().eval()
    report = audit_flow(given(flow), points(60, 3))
    assert report.status is Status.HOLDS, report


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (lambda flow: flow, "log-determinant of every layer"),
        (lambda flow: flow.log_prob, "log-determinant of every layer"),
        (lambda flow: {"layers": [flow._transform], "base": normal(3)}, "log-determinant of every layer"),
        (lambda flow: closure(flow._transform), "log-determinant of every layer"),
        (
            lambda flow: {"forward": lambda x: flow._transform(x)[0], "log_prob": flow.log_prob, "base": normal(3)},
            "log p = base + log-determinant",
        ),
    ],
)
def test_one_fault_in_many_forms_is_refuted_in_each(given, name: str) -> None:
    flow = Flow(Scale(3, -1.0), normal(3)).double().eval()
    assert found(audit_flow(given(flow), points(60, 3)))[name] is Status.REFUTED


def test_a_bare_log_p_with_too_much_mass_is_refuted_and_with_too_little_is_left_open() -> None:
    for factor, status in ((3.0, Status.REFUTED), (-1.0, Status.UNDECIDED)):
        flow = Flow(Scale(3, factor), normal(3)).double().eval()
        assert found(audit_flow(closure(flow.log_prob), points(60, 3)))["mass one"] is status


def test_contexts_are_paired_with_points_and_one_of_them_is_held_for_the_draws() -> None:
    import zuko

    torch.manual_seed(0)
    flow = zuko.flows.MAF(2, 3, hidden_features=(8,))
    for context in (torch.randn(3), torch.randn(40, 3)):
        report = audit_flow(flow, points(40, 2), context=context)
        assert report.status is Status.HOLDS
        assert report.facts["contexts"] == (1 if context.ndim == 1 else 40)


def test_float32_made_by_name_is_audited_in_float32() -> None:
    class ByName(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def log_prob(self, x: Tensor) -> Tensor:
            z = self.linear(x.float())
            return Independent(Normal(torch.zeros(4), 1.0), 1).log_prob(z) + torch.linalg.slogdet(self.linear.weight)[1]

    torch.manual_seed(0)
    report = audit_flow(ByName(), points(50, 4))
    assert report.facts["evaluated_in"] == "float32"
    assert any("float32 tensors by name" in note for note in report.facts["notes"])


def test_a_gradient_that_is_cut_off_does_not_refute_a_log_determinant() -> None:
    class Detached(Scale):
        def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            z, log_det = super().forward(x)
            return z.detach() + 0 * x, log_det

    report = audit_flow(Flow(Detached(3), normal(3)).double().eval(), points(40, 3))
    assert found(report)["log-determinant of every layer"] is Status.INAPPLICABLE

    class Half(Scale):
        def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            z, log_det = super().forward(x)
            return 0.5 * z + 0.5 * z.detach(), log_det

    report = audit_flow(Flow(Half(3), normal(3)).double().eval(), points(40, 3))
    assert found(report)["log-determinant of every layer"] is Status.INAPPLICABLE
    assert "differences" in text(report, "log-determinant of every layer")


def test_dropout_in_train_mode_is_told_and_eval_mode_is_audited() -> None:
    class Dropping(Scale):
        def __init__(self, dim: int) -> None:
            super().__init__(dim)
            self.drop = nn.Dropout(0.5)

        def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
            scale = self.log_scale * self.drop(torch.ones_like(x))
            return x * scale.exp(), scale.sum(1)

    flow = Flow(Dropping(3), normal(3)).double().train()
    report = audit_flow(flow, points(40, 3))
    assert found(report)["log p = base + log-determinant"] is Status.HOLDS
    assert "differs in train() mode" in text(report, "train() and eval()")
    assert ".eval()" in report.next_step
    assert flow.training


# -- refusals ------------------------------------------------------------------------------------------------------------------------------------


class Says(nn.Module):
    """A module whose log_prob is given."""

    def __init__(self, log_prob) -> None:
        super().__init__()
        self.says = log_prob

    def log_prob(self, x: Tensor) -> Tensor:
        return self.says(x)


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.LazyLinear(3)

    def log_prob(self, x: Tensor) -> Tensor:
        return -self.linear(x).square().sum(-1)


def _raise(x: Tensor) -> Tensor:
    raise RuntimeError("kaboom")


X = points(20, 3)
REFUSED = {
    "nothing": (lambda: audit_flow(None), "Expected in flow a flow of zuko.*got None"),
    "a path": (lambda: audit_flow("flow.pt"), "got 'flow.pt'"),
    "a class": (lambda: audit_flow(nn.Linear), r"flow is the class Linear; give an instance"),
    "a state_dict": (lambda: audit_flow(Scale(3).state_dict()), "state_dict.*load_state_dict"),
    "a Python module": (lambda: audit_flow(math), "Python module math"),
    "an iterator": (lambda: audit_flow(iter([1, 2])), "Expected in flow|cannot be copied"),
    "an empty list": (lambda: audit_flow([]), "at least one layer"),
    "a misspelt key": (lambda: audit_flow({"foward": lambda x: x}, X), "got foward too"),
    "a key that is no function": (lambda: audit_flow({"forward": 3}, X), r"flow\['forward'\] a function"),
    "log p that raises": (lambda: audit_flow(Says(_raise), X), r"kaboom.*flow\.log_prob\(data\[:2\]\)"),
    "one number for the batch": (lambda: audit_flow(Says(lambda x: -x.square().sum()), X), "one number for the batch"),
    "one number a coordinate": (
        lambda: audit_flow(Says(lambda x: -x.square()), X),
        "one number a coordinate.*Independent",
    ),
    "a NumPy array": (lambda: audit_flow(Says(lambda x: x.detach().numpy().sum(1)), X), r"torch\.from_numpy"),
    "text": (lambda: audit_flow(Says(lambda x: "no"), X), "as a tensor"),
    "fewer coordinates": (
        lambda: audit_flow({"forward": lambda x: (x[:, :2], x[:, 0]), "base": normal(2)}, X),
        "3 numbers to 2",
    ),
    "a simplex": (
        lambda: audit_flow(TransformedDistribution(normal(3), [transforms.StickBreakingTransform()])),
        "chart",
    ),
    "a lazy layer": (lambda: audit_flow(Lazy(), X), "lazy layer has no weights"),
    "weights on meta": (lambda: audit_flow(Flow(Scale(3), normal(3)).to("meta"), X), "meta device"),
    "another dimension": (lambda: audit_flow(_zuko(), points(20, 5)), r"data of shape \(N, 3\)"),
    "whole numbers": (lambda: audit_flow(_zuko(), torch.ones(5, 3).long()), "[Dd]equantise"),
    "NaN": (lambda: audit_flow(_zuko(), X / 0 * 0), "finite"),
    "no points": (lambda: audit_flow(_zuko(), X[:0]), "at least one point"),
    "no data and no sampler": (lambda: audit_flow(lambda x: -x.square().sum(-1)), r"audit_flow\(flow, data\)"),
    "atoms": (lambda: audit_flow(Categorical(torch.ones(3))), "discrete"),
    "two bases": (lambda: audit_flow(_zuko(), X, base=normal(3)), "Leave base out"),
    "a base by name": (lambda: audit_flow(Scale(3), X, base="normal"), r"base = torch\.distributions"),
    "a context by name": (lambda: audit_flow(_zuko(), X, context="digit 3"), r"torch\.tensor\(\[3\]\)"),
    "a context that is not wanted": (
        lambda: audit_flow(_zuko(), X, context=torch.zeros(2)),
        "context of another length, or none",
    ),
    "no samples": (lambda: audit_flow(_zuko(), X, samples=0), "at least 16"),
    "negative time": (lambda: audit_flow(_zuko(), X, seconds=-1), "positive number"),
    "negative seed": (lambda: audit_flow(_zuko(), X, seed=-1), "whole number"),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_cannot_be_read_is_refused_with_the_line_to_write(what: str) -> None:
    call, message = REFUSED[what]
    with pytest.raises(InputError, match=message):
        call()


def test_a_conditional_flow_without_its_context_is_told_to_give_one() -> None:
    import zuko

    with pytest.raises(InputError, match="give context="):
        audit_flow(zuko.flows.MAF(3, 2), X)


# -- the report ------------------------------------------------------------------------------------------------------------------------------------


def test_a_short_time_leaves_findings_open_and_says_so() -> None:
    report = audit_flow(_zuko(), seconds=1e-3)
    assert report.status is Status.UNDECIDED
    assert "seconds=" in report.next_step


def test_the_report_is_plain_data_with_a_picture_and_is_found_by_its_name() -> None:
    report = audit.flow(Flow(Scale(3), normal(3)).double().eval(), points(40, 3), subject="a scale")
    assert str(report).startswith("flow audit of a scale: HOLDS")
    assert json.loads(json.dumps(report.plain()))["facts"]["dimension"] == 3
    assert json.loads(to_json(report))["audit"] == "flow"
    drawn = report.figure()
    assert [axes.get_title() for axes in drawn.axes] == [
        "log-determinant against autograd's",
        "latents of its own draws under the base",
    ]
    assert "<table>" in report._repr_html_()


def test_the_picture_has_nothing_to_draw_for_a_bare_function_and_says_so() -> None:
    drawn = audit_flow(lambda x: normal(2).log_prob(x), points(40, 2)).figure()
    assert [axes.texts[0].get_text() for axes in drawn.axes] == ["no layer to compare", "no draws to compare"]


def test_progress_is_told_stage_by_stage() -> None:
    told: list[tuple[float, str]] = []
    audit_flow(
        Flow(Scale(3), normal(3)).double().eval(),
        points(40, 3),
        progress=lambda share, what: told.append((share, what)),
    )
    assert told[0] == (0.0, "reading the flow")
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert "log-determinants" in [what for _, what in told]


FILE = """
import torch
from torch.distributions import Independent, Normal, TransformedDistribution
from torch.distributions.transforms import AffineTransform, SigmoidTransform

flow = TransformedDistribution(Independent(Normal(torch.zeros(2), torch.ones(2)), 1), [SigmoidTransform(), AffineTransform(1.0, 2.0)])
"""


def test_the_command_line_audits_a_file_and_writes_what_it_found(tmp_path, call) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    done = call("audit", "flow", path, "--json", tmp_path / "mine.json")
    assert done.code == 0, done.out + done.err
    assert "log-determinant of every layer" in done.out
    assert json.loads((tmp_path / "mine.json").read_text())["status"] == "HOLDS"


def test_the_command_line_explains_a_file_without_a_flow(tmp_path, call) -> None:
    path = tmp_path / "mine.py"
    path.write_text("floww = 3\n")
    done = call("audit", "flow", path)
    assert done.code == 2
    assert "does not define flow" in done.err


def test_the_flows_own_base_may_have_a_name_of_its_own() -> None:
    """A file that makes a flow of a base defines both."""
    own = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    flow = TransformedDistribution(own, [transforms.AffineTransform(1.0, 2.0, event_dim=1)])
    assert audit_flow(flow, base=own).status is Status.HOLDS
    other = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    with pytest.raises(InputError, match="Leave base out"):
        audit_flow(flow, base=other)
