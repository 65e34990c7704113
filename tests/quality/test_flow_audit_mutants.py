"""Faults planted in the code of the flow audit: each has to change a verdict on flows that are right or wrong."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal, TransformedDistribution, constraints, transforms

from numerics.bounds import Bound, Measurement
from numerics.transports.flow_checks import Linearised
from proofs_checks.audits.flow import audit_flow
from proofs_checks.kernel import Status

pytestmark = pytest.mark.filterwarnings("ignore")

measure = importlib.import_module("numerics.transports.flow_checks")
images = importlib.import_module("numerics.transports.flow_images")
bases = importlib.import_module("numerics.distributions.base_density")
libraries = importlib.import_module("proofs_checks.inputs.flow_libraries")
copies = importlib.import_module("proofs_checks.inputs.copies")
readers = importlib.import_module("proofs_checks.inputs.flows")
audits = {
    name: importlib.import_module(f"proofs_checks.audits.flow.{name}")
    for name in ("audit", "base", "draws", "point_function", "inverses", "surjectivity", "volumes", "mass")
}
X = torch.randn(48, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def normal() -> Independent:
    return Independent(Normal(torch.zeros(3).double(), 1.0), 1)


class Layer(nn.Module):
    """z = x exp(a + b tanh(x)) coordinate by coordinate, its inverse by bisection, with one fault or none."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.log_scale, self.fault = nn.Parameter(torch.tensor([0.4, -0.6, 0.3]).double()), fault

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        log_det = self.log_scale.sum() + (1 + x.square()).log().sum(1)
        log_det = {"sign": -log_det, "constant": log_det + 1e-6, "rows": log_det.mean().expand(len(x))}.get(
            self.fault, log_det
        )
        return (x + x**3 / 3) * self.log_scale.exp(), log_det

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        y = 1.5 * z * (-self.log_scale).exp()
        root = (y + (y.square() + 1).sqrt()).abs().pow(1 / 3)
        x = root - 1 / root
        x = 1.01 * x if self.fault == "inverse" else x
        return x, -(self.log_scale.sum() + (1 + x.square()).log().sum(1))


class Flow(nn.Module):
    """Two layers and a shift between them, in the form of nflows."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self._transform, self._distribution, self.fault = Layer(fault), normal(), fault

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self._transform(x)
        return (
            self._distribution.log_prob(z)
            + (log_det if self.fault != "left out" else 0)
            + (3e-6 if self.fault == "offset" else 0)
        )

    def sample(self, n: int) -> Tensor:
        return self._transform.inverse((0.7 if self.fault == "draws" else 1.0) * self._distribution.sample((n,)))[0]


class Map(transforms.Transform):
    domain = codomain = constraints.independent(constraints.real, 1)
    bijective = True

    def __init__(
        self,
        to_base: Callable[[Tensor], Tensor],
        to_data: Callable[[Tensor], Tensor] | None,
        slope: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.to_base, self.to_data, self.slope = to_base, to_data, slope

    def _inverse(self, y: Tensor) -> Tensor:
        return self.to_base(y)

    def _call(self, x: Tensor) -> Tensor:
        if self.to_data is None:
            raise NotImplementedError("no inverse in closed form")
        return self.to_data(x)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self.slope(y)


def planar() -> TransformedDistribution:
    w = torch.tensor([1.0, 0.5, 0.0]).double()
    u = -3 * w / (w @ w)
    slope = lambda y: (1 - 3 * (1 - torch.tanh(y @ w) ** 2)).abs().log()  # noqa: E731
    return TransformedDistribution(normal(), [Map(lambda y: y + u * torch.tanh(y @ w)[..., None], None, slope)])


def bounded() -> TransformedDistribution:
    """3 tanh(x/3): 0.3 % of the base in each coordinate have no preimage, and its inverse there is NaN."""
    slope = lambda y: (1 - torch.tanh(y / 3) ** 2).log().sum(-1)  # noqa: E731
    return TransformedDistribution(
        normal(), [Map(lambda y: 3 * torch.tanh(y / 3), lambda x: 3 * torch.atanh(x / 3), slope)]
    )


def normflows() -> Any:
    import normflows as nf

    torch.manual_seed(0)
    return nf.NormalizingFlow(
        nf.distributions.DiagGaussian(3), [nf.flows.MaskedAffineAutoregressive(3, 8), nf.flows.LULinearPermute(3)]
    )


def unnormalised() -> dict[str, Any]:
    class Base:
        event_shape = (3,)

        def log_prob(self, z: Tensor) -> Tensor:
            return -z.square().sum(1) / 2

        def sample(self, n: int) -> Tensor:
            return torch.randn(n, 3, dtype=torch.float64)

    return {"layers": [Layer()], "base": Base()}


OBJECTS: dict[str, tuple[Callable[[], Any], str]] = {  # with the finding that is REFUTED; none where the flow is right
    "right": (Flow, ""), "normflows": (normflows, ""), "sign": (lambda: Flow("sign"), "log-determinant of every layer"),
    "constant": (lambda: Flow("constant"), "log-determinant of every layer"), "left out": (lambda: Flow("left out"), "log p = base + log-determinant"),
    "offset": (lambda: Flow("offset"), "log p = base + log-determinant"), "rows": (lambda: Flow("rows"), "rows on their own"),
    "inverse": (lambda: Flow("inverse"), "inverse of forward"), "draws": (lambda: Flow("draws"), "samples follow log p"),
    "planar": (planar, "sign of the determinant"), "many to one": (planar, "one-to-one"), "bounded": (bounded, "onto the base"), "base": (unnormalised, "mass of the base"),
}  # fmt: skip


def sound(name: str) -> bool:
    """Whether the audit says of an object what it has to."""
    make, refuted = OBJECTS[name]
    report = audit_flow(make(), X)
    found = {finding.name: finding.status for finding in report.findings}
    return found[refuted] is Status.REFUTED if refuted else report.status is Status.HOLDS


@pytest.mark.parametrize("name", list(OBJECTS))
def test_the_audit_as_it_is_judges_each_object_rightly(name: str) -> None:
    assert sound(name)


def blind(*modules: Any, name: str, other: str = "") -> Callable[[pytest.MonkeyPatch], None]:
    """Measurements whose residual is 0 whatever they measure."""

    names = (name, other)

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        for module, own_name in [(part, one) for part in modules for one in names if one and hasattr(part, one)]:
            own = getattr(module, own_name)

            def none(*given: Any, own: Any = own, **options: Any) -> Measurement:
                found = own(*given, **options)
                return Measurement(0 * torch.as_tensor(found.residual), found.bound, found.points)

            monkeypatch.setattr(module, own_name, none)

    return patch


def put(module: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(module, name, value)


def wider(factor: float) -> Callable[[pytest.MonkeyPatch], None]:
    own = measure.units_of
    return put(measure, "units_of", lambda *given, **options: factor * own(*given, **options))


def scaled_jacobian(monkeypatch: pytest.MonkeyPatch) -> None:
    own = measure._decompose_jacobians
    monkeypatch.setattr(measure, "_decompose_jacobians", lambda z, jacobian: own(z, jacobian * (1 + 1e-5)))


def absolute_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    own = measure._decompose_jacobians
    monkeypatch.setattr(measure, "_decompose_jacobians", lambda z, jacobian: replace_sign(own(z, jacobian)))


def replace_sign(found: Linearised) -> Linearised:
    return replace(found, sign=found.sign.abs())


def endless(*given: Any, **options: Any) -> Any:
    far = torch.full((3,), torch.inf, dtype=torch.float64)
    return images.Reach(-far, far, 1)


def everything_solved(transform: Any, target: Tensor, start: Tensor, context: Any = None, **options: Any) -> Any:
    return images.Preimages(start, torch.zeros(len(start), dtype=target.dtype))


def swapped(own: Any) -> Any:
    return lambda transform, **options: tuple(reversed(own(transform, **options)))


def reversed_flows(source: Any, base: Any, context: Any) -> Any:
    found = _FLOWS_AND_Q0(source, base, context)
    return None if found is None else replace(found, layers=found.layers[::-1])


_FLOWS_AND_Q0 = libraries.flows_and_q0
adapters = importlib.import_module("proofs_checks.inputs.flow_adapters")

FAULTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "log-determinants unjudged": (blind(measure, name="log_determinant"), "sign"),
    "rounding a million times too wide": (wider(1e9), "constant"),
    "rounding a million times too narrow": (wider(1e-9), "right"),
    "Jacobians too large": (scaled_jacobian, "right"),
    "determinants without sign": (absolute_sign, "planar"),
    "signs and folds unjudged": (blind(measure, audits["inverses"], name="sign_of_determinant", other="one_to_one"), "planar"),
    "round trips unjudged": (blind(measure, name="round_trip"), "inverse"),
    "log p against the base unjudged": (blind(measure, name="density_identity"), "left out"),
    "log p against the base to a thousandth": (put(audits["volumes"], "units", lambda view, depth=None: 1e-6), "offset"),
    "rows unjudged": (blind(measure, name="same_values"), "rows"),
    "points with one image unjudged": (blind(audits["inverses"], audits["surjectivity"], name="one_to_one"), "many to one"),
    "every search settled": (put(audits["surjectivity"], "preimages", everything_solved), "bounded"),
    "images without end": (put(audits["surjectivity"], "reach", endless), "bounded"),
    "draws unjudged": (put(audits["draws"], "ks_to_uniform_columns", lambda columns: torch.zeros(columns.shape[1])), "draws"),
    "the base taken for normalised": (blind(bases.Gaussian, name="unit_mass"), "base"),
    "normflows' layers in the order of the base": (put(adapters, "flows_and_q0", reversed_flows), "normflows"),
}  # fmt: skip


@pytest.mark.parametrize("fault", list(FAULTS))
def test_each_fault_in_the_audit_changes_a_verdict(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patch, name = FAULTS[fault]
    patch(monkeypatch)
    assert not sound(name)


def test_a_copy_that_is_no_copy_is_noticed_by_the_state_of_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "deep_copy", lambda source, **options: source)
    flow = Flow().eval()
    audit_flow(flow, X)
    assert flow.training  # which test_flow.py compares with what it was


def test_a_bound_in_which_nothing_stands_is_refused() -> None:
    with pytest.raises(TypeError):
        Bound({}, "nothing")
