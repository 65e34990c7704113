"""Right and wrong flows in the forms in which libraries make them. Each entry makes a fresh object; a wrong one names a finding that has to be REFUTED.

Faults are those of public bug reports: a sign, a constant of 1e-6, a factor, a layer left out, the wrong axis, a sum over the batch, a map that is many-to-one or
not onto, the wrong base, a floor under the logarithm, an inverse of another map, a random log p.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Independent, Normal, TransformedDistribution, constraints, transforms

SEED = 7


class Animal(NamedTuple):
    """A flow and what is said with it; ``refutes`` names findings, one of which has to be REFUTED, and is empty for a right flow."""

    name: str
    make: Callable[[], Any]
    refutes: tuple[str, ...] = ()
    given: Callable[[], dict[str, Any]] = dict


RIGHT: list[Animal] = []
WRONG: list[Animal] = []


def right(name: str, **given: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    return _listed(RIGHT, name, (), given)


def wrong(name: str, *refutes: str, **given: Any) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    return _listed(WRONG, name, refutes, given)


def _listed(where: list[Animal], name: str, refutes: tuple[str, ...], given: dict[str, Any]) -> Any:
    def decorate(make: Callable[[], Any]) -> Callable[[], Any]:
        where.append(
            Animal(
                name,
                make,
                refutes,
                lambda: {key: value() if callable(value) else value for key, value in given.items()},
            )
        )
        return make

    return decorate


def made(animal: Animal) -> tuple[Any, dict[str, Any]]:
    """The flow, and the keywords of its audit; weights are drawn anew from one seed, and spread a little so that layers differ."""
    torch.manual_seed(SEED)
    flow = animal.make()
    if isinstance(flow, nn.Module):
        flow.eval()
    return flow, animal.given()


def spread(module: nn.Module, size: float = 0.1) -> nn.Module:
    """Weights as after a little training: what was initialised to zero is zero no longer."""
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(size * torch.randn_like(weight))
    return module


def normal(dim: int) -> Independent:
    return Independent(Normal(torch.zeros(dim), torch.ones(dim)), 1)


# -- layers of one's own, in the form x -> (z, log|det|) with an inverse ----------------------------------------------------------


class Coupling(nn.Module):
    """An affine coupling; ``fault`` plants one mistake."""

    def __init__(self, dim: int, flip: bool, fault: str = "") -> None:
        super().__init__()
        self.half, self.flip, self.fault = dim // 2, flip, fault
        self.net = nn.Sequential(nn.Linear(self.half, 16), nn.Tanh(), nn.Linear(16, 2 * (dim - self.half)))

    def _parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = x.flip(1) if self.flip else x
        kept, moved = x[:, : self.half], x[:, self.half :]
        log_scale, shift = self.net(kept).chunk(2, 1)
        return kept, moved, torch.tanh(log_scale), shift

    def _joined(self, kept: Tensor, moved: Tensor) -> Tensor:
        out = torch.cat([kept, moved], 1)
        return out.flip(1) if self.flip else out

    def forward(self, x: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kept, moved, log_scale, shift = self._parts(x)
        log_det = log_scale.sum(1)
        match self.fault:
            case "sign":
                log_det = -log_det
            case "constant":
                log_det = log_det + 1e-6
            case "factor":
                log_det = 2 * log_det
            case "mean":
                log_det = log_scale.mean(1)
            case "batch":
                log_det = log_scale.sum().expand(len(x))
            case "axis":
                log_det = log_scale[:, 0]
            case "exponent":
                log_det = log_scale.exp().sum(1)
        return self._joined(kept, moved * log_scale.exp() + shift), log_det

    def inverse(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        kept, moved, log_scale, shift = self._parts(z)
        if self.fault == "inverse":
            return self._joined(kept, moved * (-log_scale).exp() - shift), -log_scale.sum(1)
        if self.fault == "inverse volume":
            return self._joined(kept, (moved - shift) * (-log_scale).exp()), log_scale.sum(1)
        return self._joined(kept, (moved - shift) * (-log_scale).exp()), -log_scale.sum(1)


def couplings(dim: int = 4, fault: str = "", count: int = 3) -> list[nn.Module]:
    """Three couplings; the middle one has the fault."""
    return [spread(Coupling(dim, k % 2 == 1, fault if k == 1 else "")) for k in range(count)]


class TwoFields(nn.Module):
    """The form of nflows: _transform, _distribution, log_prob, sample(n)."""

    def __init__(self, layers: list[nn.Module], dim: int = 4, fault: str = "") -> None:
        super().__init__()
        from nflows.distributions import StandardNormal
        from nflows.transforms import CompositeTransform

        self._transform, self._distribution, self.fault = CompositeTransform(layers), StandardNormal([dim]), fault

    def log_prob(self, inputs: Tensor, context: Tensor | None = None) -> Tensor:
        z, log_det = self._transform(inputs)
        base = self._distribution.log_prob(z)
        match self.fault:
            case "subtracted":
                return base - log_det
            case "left out":
                return base
            case "layer left out":
                z, log_det = inputs, torch.zeros(len(inputs))
                for k, layer in enumerate(self._transform._transforms):
                    z, own = layer(z)
                    log_det = log_det + (own if k != 1 else 0)
                return base + log_det
            case "constant":
                return base + log_det + 1e-6
            case "base":
                return Normal(0.0, 2.0).log_prob(z).sum(1) + log_det
            case "no constant":
                return -z.square().sum(1) / 2 + log_det
            case "mean":
                return (base + log_det).mean().expand(len(inputs))
            case "floor":
                return ((base + log_det).exp() + 1e-12).log()
            case "clamp":
                return (base + log_det).clamp(min=-20)
            case "noise":
                return base + log_det + 1e-3 * torch.randn(len(inputs))
        return base + log_det

    def sample(self, n: int, context: Tensor | None = None) -> Tensor:
        z = self._distribution.sample(n)
        match self.fault:
            case "temperature":
                z = 0.7 * z
            case "order":
                x = z
                for layer in self._transform._transforms:
                    x = layer.inverse(x)[0]
                return x
        return self._transform.inverse(z)[0]


class Reversed(nn.Module):
    """The form of normflows: a layer maps the base to the data, and its inverse the data to the base."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer.inverse(z)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer.forward(x)


class LayerOfLists(nn.Module):
    """The form of FrEIA: forward([x], rev=, jac=) to ([z], log|det|)."""

    def __init__(self, layer: nn.Module, dim: int = 4) -> None:
        super().__init__()
        self.dims_in, self.layer = [(dim,)], layer

    def forward(
        self, x_or_z: list[Tensor], c: Any = None, rev: bool = False, jac: bool = True
    ) -> tuple[list[Tensor], Tensor]:
        out, log_det = self.layer.inverse(x_or_z[0]) if rev else self.layer(x_or_z[0])
        return [out], log_det

    def output_dims(self, dims: Any) -> Any:
        return dims


class Elementwise(transforms.Transform):
    """The form of torch and pyro: a transform from the base to the data, of which ``back`` is the inverse."""

    domain = codomain = constraints.independent(constraints.real, 1)
    bijective = True

    def __init__(
        self,
        ahead: Callable[[Tensor], Tensor],
        back: Callable[[Tensor], Tensor],
        log_slope: Callable[[Tensor, Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.ahead, self.back, self.log_slope = ahead, back, log_slope

    def _call(self, x: Tensor) -> Tensor:
        return self.ahead(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.back(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self.log_slope(x, y)


class PlanarToBase(transforms.Transform):
    """z = y + u tanh(w.y): many-to-one where w.u < -1."""

    domain = codomain = constraints.independent(constraints.real, 1)
    bijective = True

    def __init__(self, dim: int, product: float) -> None:
        super().__init__()
        self.w = torch.zeros(dim).double()
        self.w[0], self.w[1] = 1.0, 0.5
        self.u = product * self.w / (self.w @ self.w)

    def _inverse(self, y: Tensor) -> Tensor:
        w, u = self.w.to(y), self.u.to(y)
        return y + u * torch.tanh(y @ w)[..., None]

    def _call(self, x: Tensor) -> Tensor:
        raise NotImplementedError("a planar flow has no inverse in closed form")

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -(1 + (self.u @ self.w) * (1 - torch.tanh(y @ self.w.to(y)) ** 2)).abs().log()


def double_normal(dim: int) -> Independent:
    return Independent(Normal(torch.zeros(dim).double(), 1.0), 1)


# -- right: the libraries' own ------------------------------------------------------------------------------------------------------


def _zuko(name: str, dim: int, **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        import zuko

        return spread(getattr(zuko.flows, name)(dim, **options), 0.05)

    return make


def _zuko_plain(name: str, dim: int) -> Any:
    import zuko

    return getattr(zuko.flows, name)(dim)


for _name, _options in {
    "NSF": {"hidden_features": (16, 16)}, "MAF": {"hidden_features": (16, 16)}, "RealNVP": {"hidden_features": (16, 16)}, "NICE": {"hidden_features": (16, 16)},
    "BPF": {"hidden_features": (16, 16), "transforms": 2}, "SOSPF": {"hidden_features": (16, 16), "transforms": 2},
}.items():  # fmt: skip
    for _dim in (2, 8):
        right(f"zuko {_name}, D = {_dim}")(_zuko(_name, _dim, **_options))
right("zuko NAF, D = 2")(lambda: _zuko_plain("NAF", 2))
right("zuko NAF, D = 4")(lambda: _zuko_plain("NAF", 4))
right("zuko CNF, D = 2")(_zuko("CNF", 2, hidden_features=(16,)))


@right("zuko GMM, D = 3")
def _gmm() -> Any:
    import zuko

    return zuko.mixtures.GMM(3, components=3)


@right("zuko distribution, D = 4")
def _zuko_distribution() -> Any:
    import zuko

    return zuko.flows.MAF(4, hidden_features=(16,))()


@right("zuko conditional MAF, D = 3", context=lambda: torch.linspace(-1, 1, 10).view(5, 2))
def _zuko_conditional() -> Any:
    import zuko

    return zuko.flows.MAF(3, 2, hidden_features=(16,))


@right("nflows masked autoregressive, D = 8")
def _nflows_maf() -> Any:
    from nflows.flows import MaskedAutoregressiveFlow

    return spread(MaskedAutoregressiveFlow(8, 16, 2, 1), 0.05)


@right("nflows spline couplings, LU, batch norm, ActNorm, D = 4")
def _nflows_spline() -> Any:
    from nflows import transforms as own
    from nflows.distributions import StandardNormal
    from nflows.flows import Flow
    from nflows.nn.nets import ResidualNet

    layers = [
        own.ActNorm(4), own.LULinear(4), own.BatchNorm(4), own.ReversePermutation(4),
        own.PiecewiseRationalQuadraticCouplingTransform(torch.tensor([1, 0, 1, 0]), lambda i, o: ResidualNet(i, o, 16), tails="linear", tail_bound=3.0),
        own.MaskedAffineAutoregressiveTransform(4, 16),
    ]  # fmt: skip
    flow = Flow(own.CompositeTransform(layers), StandardNormal([4]))
    flow.train()
    with torch.no_grad():  # data-dependent initialisation and running statistics, as training makes them
        for _ in range(20):
            flow.log_prob(torch.randn(256, 4))
    return flow


@right("nflows conditional, D = 3", context=lambda: torch.linspace(-1, 1, 8).view(4, 2))
def _nflows_conditional() -> Any:
    from nflows import transforms as own
    from nflows.distributions import StandardNormal
    from nflows.flows import Flow

    return Flow(own.MaskedAffineAutoregressiveTransform(3, 16, context_features=2), StandardNormal([3]))


@right("normflows spline and LU, D = 8")
def _normflows_spline() -> Any:
    import normflows as nf

    layers = [
        layer
        for _ in range(2)
        for layer in (nf.flows.AutoregressiveRationalQuadraticSpline(8, 1, 16), nf.flows.LULinearPermute(8))
    ]
    return spread(nf.NormalizingFlow(nf.distributions.DiagGaussian(8), layers), 0.02)


@right("normflows RealNVP with ActNorm, mixture base, D = 4")
def _normflows_realnvp() -> Any:
    import normflows as nf

    layers = [
        layer for _ in range(2)
        for layer in (nf.flows.AffineCouplingBlock(nf.nets.MLP([2, 16, 4])), nf.flows.Permute(4, mode="swap"), nf.flows.ActNorm((4,)))
    ]  # fmt: skip
    flow = nf.NormalizingFlow(nf.distributions.GaussianMixture(3, 4), layers)
    with torch.no_grad():
        flow.log_prob(torch.randn(256, 4))
    return flow


@right("normflows planar and radial, base to data only, D = 5")
def _normflows_planar() -> Any:
    import normflows as nf

    return nf.NormalizingFlow(
        nf.distributions.DiagGaussian(5), [nf.flows.Planar((5,)), nf.flows.Radial((5,)), nf.flows.Planar((5,))]
    )


@right("normflows conditional, D = 2", context=lambda: torch.linspace(-1, 1, 6).view(3, 2))
def _normflows_conditional() -> Any:
    import normflows as nf

    layers = [nf.flows.MaskedAffineAutoregressive(2, 16, context_features=2), nf.flows.LULinearPermute(2)]
    return nf.ConditionalNormalizingFlow(nf.distributions.DiagGaussian(2), layers)


def _subnet(i: int, o: int) -> nn.Module:
    return nn.Sequential(nn.Linear(i, 16), nn.ReLU(), nn.Linear(16, o))


@right("FrEIA SequenceINN, D = 6", base=lambda: normal(6))
def _freia_sequence() -> Any:
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    network = ff.SequenceINN(6)
    for _ in range(3):
        network.append(fm.AllInOneBlock, subnet_constructor=_subnet)
    return network


@right("FrEIA GraphINN, D = 4", base=lambda: normal(4))
def _freia_graph() -> Any:
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    nodes = [ff.InputNode(4, name="input")]
    for _ in range(2):
        nodes.append(ff.Node(nodes[-1], fm.GLOWCouplingBlock, {"subnet_constructor": _subnet}))
        nodes.append(ff.Node(nodes[-1], fm.PermuteRandom, {"seed": 1}))
    nodes.append(ff.OutputNode(nodes[-1]))
    return ff.GraphINN(nodes)


@right("pyro spline and affine couplings, D = 4")
def _pyro_couplings() -> Any:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    chain = [
        own.spline_coupling(4, count_bins=4),
        own.Permute(torch.tensor([2, 0, 3, 1])),
        own.affine_coupling(4),
        own.BatchNorm(4).eval(),
    ]
    return pd.TransformedDistribution(pd.Normal(torch.zeros(4), torch.ones(4)), chain)


@right("torch's form, a planar layer with w.u = 2, no inverse, D = 5", data=lambda: torch.randn(100, 5).double())
def _planar() -> Any:
    return TransformedDistribution(double_normal(5), [PlanarToBase(5, 2.0)])


@wrong("pyro block autoregressive with tanh: not onto, D = 3", "onto the base")
def _pyro_block() -> Any:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    return pd.TransformedDistribution(pd.Normal(torch.zeros(3), torch.ones(3)), [own.block_autoregressive(3).inv])


@wrong(
    "pyro neural autoregressive: 1e-8 added inside a logarithm, D = 3",
    "log-determinant of every layer",
    data=lambda: torch.randn(100, 3),
)
def _pyro_neural() -> Any:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    return pd.TransformedDistribution(
        pd.Normal(torch.zeros(3), torch.ones(3)), [own.neural_autoregressive(3, hidden_dims=[12]).inv]
    )


@right("pyro planar, base to data only, D = 4")
def _pyro_planar() -> Any:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    return pd.TransformedDistribution(pd.Normal(torch.zeros(4), torch.ones(4)), [own.Planar(4), own.Planar(4)])


@right("pyro conditional, D = 2", context=lambda: torch.linspace(-1, 1, 9).view(3, 3))
def _pyro_conditional() -> Any:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    return pd.ConditionalTransformedDistribution(
        pd.Normal(torch.zeros(2), torch.ones(2)), [own.conditional_affine_autoregressive(2, 3)]
    )


@right("torch Gaussian, D = 6")
def _torch_gaussian() -> Any:
    factor = torch.eye(6) + 0.3 * torch.tril(torch.ones(6, 6), -1)
    return torch.distributions.MultivariateNormal(torch.arange(6.0), scale_tril=factor)


@right("torch transforms on a product of Laplace distributions, D = 3")
def _torch_laplace() -> Any:
    base = Independent(torch.distributions.Laplace(torch.zeros(3), torch.ones(3)), 1)
    return TransformedDistribution(
        base,
        [
            transforms.AffineTransform(torch.ones(3), torch.tensor([0.5, 2.0, 1.0]), event_dim=1),
            Elementwise(torch.sinh, torch.asinh, lambda x, y: x.cosh().log().sum(-1)),
        ],
    )


@right("torch logit on the cube, D = 3", data=lambda: torch.rand(200, 3, generator=torch.Generator().manual_seed(0)))
def _torch_logit() -> Any:
    return TransformedDistribution(normal(3), [transforms.SigmoidTransform()])


@right("couplings of one's own in nflows' form, D = 4")
def _own_two_fields() -> Any:
    return TwoFields(couplings())


@right("couplings of one's own in normflows' form, D = 4")
def _own_reversed() -> Any:
    import normflows as nf

    return nf.NormalizingFlow(nf.distributions.DiagGaussian(4), [Reversed(layer) for layer in reversed(couplings())])


@right("couplings of one's own in FrEIA's form, D = 4", base=lambda: normal(4))
def _own_freia() -> Any:
    return [LayerOfLists(layer) for layer in couplings()]


class Module(nn.Module):
    """A module with forward x -> (z, log|det|), inverse, log_prob and a prior."""

    def __init__(self, dim: int = 4, fault: str = "", in_log_prob: str = "") -> None:
        super().__init__()
        self.layers, self.in_log_prob = nn.ModuleList(couplings(dim, fault)), in_log_prob
        self.prior = normal(dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = torch.zeros(len(x))
        for layer in self.layers:
            x, log_det = layer(x)
            total = total + log_det
        return x, total

    def inverse(self, z: Tensor) -> Tensor:
        for layer in reversed(self.layers):
            z = layer.inverse(z)[0]
        return z

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self.forward(x)
        return self.prior.log_prob(z) + (log_det if self.in_log_prob != "subtracted" else -log_det)


@right("a module of one's own, D = 4", data=lambda: torch.randn(100, 4, generator=torch.Generator().manual_seed(0)))
def _own_module() -> Any:
    return Module()


@right(
    "forward, inverse and log_prob in a dict, D = 4",
    data=lambda: torch.randn(100, 4, generator=torch.Generator().manual_seed(0)),
)
def _own_dict() -> Any:
    module = Module()
    return {"forward": module.forward, "inverse": module.inverse, "log_prob": module.log_prob, "base": normal(4)}


@right(
    "images of 2 x 2 x 2 numbers, D = 8",
    data=lambda: torch.randn(64, 2, 2, 2, generator=torch.Generator().manual_seed(0)),
)
def _own_images() -> Any:
    return Images()


class Images(nn.Module):
    """A scale for each channel of an image: log|det| is height times width times the sum over channels."""

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.log_scale, self.fault, self.base = (
            nn.Parameter(torch.tensor([0.4, -0.7])),
            fault,
            Independent(Normal(torch.zeros(2, 2, 2), torch.ones(2, 2, 2)), 3),
        )

    def transform(self, x: Tensor) -> tuple[Tensor, Tensor]:
        size = {"": 4.0, "pixels": 1.0, "width": 2.0}[self.fault]
        return x * self.log_scale.exp()[:, None, None], (size * self.log_scale.sum()).expand(len(x))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.transform(x)

    def inverse(self, z: Tensor) -> Tensor:
        return z * (-self.log_scale).exp()[:, None, None]

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self.transform(x)
        return self.base.log_prob(z) + log_det


# -- wrong ------------------------------------------------------------------------------------------------------------------------------

LAYERS, WHOLE, IDENTITY, ROWS, SAME = (
    "log-determinant of every layer", "log-determinant of the whole", "log p = base + log-determinant", "rows on their own", "same value twice",
)  # fmt: skip
SIGN, BACK, VOLUMES, BASE, ONTO = (
    "sign of the determinant",
    "inverse of forward",
    "log-determinant of the inverse",
    "mass of the base",
    "onto the base",
)
MASS, SAMPLES, NUMBER, ONE_TO_ONE = "mass one", "samples follow log p", "log p is a number", "one-to-one"

for _fault in ("sign", "constant", "factor", "mean", "axis", "exponent"):
    wrong(f"nflows' form, one layer's log|det|: {_fault}", LAYERS)(
        lambda fault=_fault: TwoFields(couplings(fault=fault))
    )
    wrong(f"FrEIA's form, one layer's log|det|: {_fault}", LAYERS, base=lambda: normal(4))(
        lambda fault=_fault: [LayerOfLists(layer) for layer in couplings(fault=fault)]
    )


def _in_normflows(fault: str) -> Any:
    import normflows as nf

    return nf.NormalizingFlow(
        nf.distributions.DiagGaussian(4), [Reversed(layer) for layer in reversed(couplings(fault=fault))]
    )


for _fault in ("sign", "constant", "factor"):
    wrong(f"normflows' form, one layer's log|det|: {_fault}", LAYERS)(lambda fault=_fault: _in_normflows(fault))
    wrong(f"a module of one's own, one layer's log|det|: {_fault}", LAYERS, data=lambda: torch.randn(100, 4))(
        lambda fault=_fault: Module(fault=fault)
    )
for _fault in ("subtracted", "left out", "layer left out", "constant", "base", "no constant", "floor", "clamp"):
    wrong(f"nflows' form, log_prob: {_fault}", IDENTITY)(lambda fault=_fault: TwoFields(couplings(), fault=fault))
wrong("nflows' form, log|det| summed over the batch", ROWS)(lambda: TwoFields(couplings(fault="batch")))
wrong("nflows' form, log p averaged over the batch", ROWS)(lambda: TwoFields(couplings(), fault="mean"))
wrong("nflows' form, random log p", SAME)(lambda: TwoFields(couplings(), fault="noise"))
wrong("nflows' form, an inverse of another map", BACK)(lambda: TwoFields(couplings(fault="inverse")))
wrong("nflows' form, log|det| of the inverse has the wrong sign", VOLUMES)(
    lambda: TwoFields(couplings(fault="inverse volume"))
)
wrong("nflows' form, draws at another temperature", SAMPLES)(lambda: TwoFields(couplings(), fault="temperature"))
wrong("nflows' form, draws through the layers in the wrong order", SAMPLES)(
    lambda: TwoFields(couplings(), fault="order")
)
wrong("a module of one's own, log|det| subtracted", IDENTITY, data=lambda: torch.randn(100, 4))(
    lambda: Module(in_log_prob="subtracted")
)
wrong("images, log|det| without the pixels", LAYERS, data=lambda: torch.randn(64, 2, 2, 2))(lambda: Images("pixels"))
wrong("images, log|det| summed over one axis too few", LAYERS, data=lambda: torch.randn(64, 2, 2, 2))(
    lambda: Images("width")
)
for _dim in (2, 5, 8):
    wrong(
        f"torch's form, a planar layer with w.u = -3, D = {_dim}",
        SIGN,
        data=lambda dim=_dim: torch.randn(100, dim).double(),
    )(lambda dim=_dim: TransformedDistribution(double_normal(dim), [PlanarToBase(dim, -3.0)]))
    wrong(
        f"torch's form, tanh under a normal base, D = {_dim}",
        ONTO,
        data=lambda dim=_dim: torch.randn(100, dim).double(),
    )(
        lambda dim=_dim: TransformedDistribution(
            double_normal(dim),
            [Elementwise(torch.atanh, torch.tanh, lambda x, y: -(1 - torch.tanh(y) ** 2).log().sum(-1))],
        )
    )
wrong("torch's form, a planar layer with w.u = -1.05, D = 4", SIGN, data=lambda: torch.randn(100, 4).double())(
    lambda: TransformedDistribution(double_normal(4), [PlanarToBase(4, -1.05)])
)
wrong("torch's form, 2 arctan under a normal base, D = 6", ONTO, data=lambda: torch.randn(100, 6).double())(
    lambda: TransformedDistribution(
        double_normal(6),
        [
            Elementwise(
                lambda x: torch.tan(x / 2), lambda y: 2 * torch.atan(y), lambda x, y: ((1 + y * y) / 2).log().sum(-1)
            )
        ],
    )
)
wrong("torch's form, sinh with the log-slope of tanh, D = 3", LAYERS, IDENTITY)(
    lambda: TransformedDistribution(
        normal(3), [Elementwise(torch.sinh, torch.asinh, lambda x, y: (1 - x.tanh() ** 2).log().sum(-1))]
    )
)
wrong("torch's form, the absolute value, D = 3", SIGN, data=lambda: torch.randn(100, 3).double())(
    lambda: TransformedDistribution(
        double_normal(3),
        [Elementwise(lambda x: x, lambda y: y.abs() + 0.1 * y, lambda x, y: -(y.sign() + 0.1).abs().log().sum(-1))],
    )
)
wrong("a function: log p of a normal without its constant, D = 2", MASS, data=lambda: torch.randn(100, 2).double())(
    lambda: lambda x: -x.square().sum(-1) / 2
)
wrong("a function: minus log p, D = 2", MASS, data=lambda: torch.randn(100, 2).double())(
    lambda: lambda x: -double_normal(2).log_prob(x)
)
wrong("a function: NaN off the data, D = 2", NUMBER, data=lambda: torch.randn(100, 2).double())(
    lambda: lambda x: double_normal(2).log_prob(x) + 0 * (x[:, 0] + 1).log()
)
wrong("a function: a square folded onto itself, D = 2", SIGN, data=lambda: torch.randn(100, 2).double())(
    lambda: lambda x: (torch.stack([x[:, 0] ** 2 + 0.1 * x[:, 0], x[:, 1]], 1), (2 * x[:, 0] + 0.1).abs().log())
)


@wrong("zuko: a conditional shift that reads what it moves, D = 3", LAYERS, data=lambda: torch.randn(100, 3))
def _leaky_autoregression() -> Any:
    import zuko

    class Leaky(zuko.transforms.AutoregressiveTransform):
        """The mask of the autoregressive network is lost: y_k depends on later coordinates."""

        def _call(self, x: Tensor) -> Tensor:
            return self.meta(x)(x) + 0.3 * torch.tanh(x.flip(-1))

        def call_and_ladj(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self._call(x), self.meta(x).log_abs_det_jacobian(x, x)

    def meta(x: Tensor) -> Any:
        return zuko.transforms.DependentTransform(
            zuko.transforms.MonotonicAffineTransform(torch.zeros_like(x), 0.1 + 0 * x), 1
        )

    return zuko.distributions.NormalizingFlow(
        Leaky(meta, 3), zuko.distributions.DiagNormal(torch.zeros(3), torch.ones(3))
    )


@wrong("normflows: batch norm with batch statistics in eval() mode, D = 3", ROWS)
def _batch_statistics() -> Any:
    import normflows as nf

    class Both(nf.flows.BatchNorm):
        """normflows' BatchNorm has batch statistics in eval() mode too; here it maps the data to the base."""

        def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
            return self.forward(z)

    return nf.NormalizingFlow(nf.distributions.DiagGaussian(3), [Both()])


@wrong("normflows: residual flow with a random log|det|, D = 3", SAME)
def _random_residual() -> Any:
    import normflows as nf

    net = nf.nets.LipschitzMLP([3, 16, 3], init_zeros=False, lipschitz_const=0.9)
    return nf.NormalizingFlow(
        nf.distributions.DiagGaussian(3), [nf.flows.Residual(spread(net), n_exact_terms=2, reduce_memory=False)]
    ).train()


@wrong("zuko: Gaussianization flow, whose erf is scaled by 1 - 1e-6: not onto, D = 2", ONTO)
def _bounded_gaussianization() -> Any:
    import zuko

    return spread(zuko.flows.GF(2, transforms=2), 0.05)


@wrong("zuko: neural autoregressive flow clipped to +-11 between flat layers: not onto, D = 4", ONTO)
def _bounded_autoregression() -> Any:
    import zuko

    return spread(
        zuko.flows.NAF(4, transforms=2, hidden_features=(16, 16), network={"hidden_features": (16, 16)}), 0.05
    )


@wrong("zuko: CNF with an estimated trace, D = 2", SAME)
def _estimated_trace() -> Any:
    import zuko

    return spread(zuko.flows.CNF(2, hidden_features=(16,), exact=False), 0.1)
