"""One view of flows of any library: layers from the data to the base, whatever their own direction and shapes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.distributions import Independent, Normal, TransformedDistribution, transforms

from proofs_checks.errors import InputError
from proofs_checks.inputs.flows import FlowView, read_flow

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, when they are imported


def normal(dim: int) -> Independent:
    return Independent(Normal(torch.zeros(dim), torch.ones(dim)), 1)


def make_zuko() -> nn.Module:
    import zuko

    return zuko.flows.MAF(4, hidden_features=(8,), transforms=2)


def make_nflows() -> nn.Module:
    from nflows.flows import SimpleRealNVP

    return SimpleRealNVP(4, 8, 2, 1)


def make_normflows() -> nn.Module:
    import normflows as nf

    flows = [nf.flows.AffineCouplingBlock(nf.nets.MLP([2, 8, 4])), nf.flows.Permute(4, mode="swap")]
    return nf.NormalizingFlow(nf.distributions.DiagGaussian(4), flows)


def make_freia() -> nn.Module:
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    network = ff.SequenceINN(4)
    for _ in range(2):
        network.append(fm.AllInOneBlock, subnet_constructor=nn.Linear)
    return network


def make_pyro() -> TransformedDistribution:
    import pyro.distributions as pd
    from pyro.distributions import transforms as own

    return pd.TransformedDistribution(
        pd.Normal(torch.zeros(4), torch.ones(4)), [own.affine_autoregressive(4), own.affine_coupling(4)]
    )


LAYERS = {
    make_zuko: ["0 (AutoregressiveTransform)", "1 (AutoregressiveTransform)"], make_nflows: ["0 (AffineCouplingTransform)", "1 (AffineCouplingTransform)"],
    make_normflows: ["1 (Permute)", "0 (AffineCouplingBlock)"], make_freia: ["0 (AllInOneBlock)", "1 (AllInOneBlock)"],
    make_pyro: ["1 (AffineCoupling)", "0 (AffineAutoregressive)"],
}  # fmt: skip


@pytest.fixture(params=list(LAYERS), ids=lambda make: make.__name__)
def view(request: pytest.FixtureRequest) -> FlowView:
    torch.manual_seed(0)
    base = normal(4) if request.param is make_freia else None
    found = read_flow(request.param(), torch.randn(20, 4), base=base)
    assert [layer.name for layer in found.layers] == LAYERS[request.param]
    return found


def test_log_p_is_that_of_the_parts_and_the_way_back_is_found(view: FlowView) -> None:
    x, c = view.points, None
    with torch.no_grad():
        image = view.to_base(x, c)
        assert view.base is not None
        assert torch.allclose(view.density(x, c), view.base.log_prob(image.points, c) + image.log_det, atol=1e-12)
        back = view.to_data(image.points, c)
        assert torch.allclose(back.points, x, atol=1e-10)
        assert torch.allclose(back.log_det, -image.log_det, atol=1e-10)
    assert view.points.dtype == image.points.dtype == torch.float64
    assert view.dim == 4
    assert view.missing == ()


def test_events_are_flattened_and_given_back_in_their_shape() -> None:
    seen = []

    def forward(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(tuple(x.shape[1:]))
        return 2 * x, x.new_full((len(x),), 8 * 2.0).log()

    found = read_flow({"forward": forward, "inverse": lambda z: z / 2}, torch.randn(5, 2, 2, 2))
    assert found.dim == 8
    assert set(seen) == {(2, 2, 2)}
    assert found.to_data(found.points, None).log_det is None


def test_a_graph_with_branches_is_one_layer() -> None:
    import FrEIA.framework as ff
    import FrEIA.modules as fm

    start = ff.InputNode(4, name="input")
    split = ff.Node(start, fm.Split, {"section_sizes": [2, 2], "dim": 0})
    one = ff.Node(split.out0, fm.PermuteRandom, {"seed": 0})
    joined = ff.Node([one.out0, split.out1], fm.Concat, {"dim": 0})
    network = ff.GraphINN([start, split, one, joined, ff.OutputNode(joined)])
    found = read_flow(network, torch.randn(10, 4), base=normal(4))
    assert [layer.name for layer in found.layers] == ["0 (GraphINN)"]
    assert any("branches" in note for note in found.notes)


def test_a_sampler_in_several_precisions_draws_from_the_float64_copy() -> None:
    import normflows as nf

    flow = nf.NormalizingFlow(
        nf.distributions.GaussianMixture(2, 2), [nf.flows.AffineCouplingBlock(nf.nets.MLP([1, 4, 2]))]
    )
    found = read_flow(flow)
    assert found.points.shape == (512, 2)
    assert found.own_dtypes == ("float32", "float64")


def test_contexts_are_rows_and_labels() -> None:
    import zuko

    flow = zuko.flows.MAF(2, 3, hidden_features=(8,))
    row = read_flow(flow, torch.randn(9, 2), context=torch.randn(3))
    assert row.contexts is not None
    assert row.contexts.shape == (1, 3)
    pairs = read_flow(flow, torch.randn(9, 2), context=torch.randn(9, 3))
    assert pairs.context(9).shape == (9, 3)
    assert torch.equal(pairs.one_context(2)[0], pairs.contexts[0])


def test_a_distribution_off_its_support_has_log_p_minus_infinity_and_no_error() -> None:
    flow = TransformedDistribution(normal(2), [transforms.SigmoidTransform()])
    found = read_flow(flow, torch.rand(10, 2).clamp(0.01, 0.99))
    assert found.log_prob is not None
    assert found.log_prob(torch.tensor([[2.0, 0.5], [0.5, 0.5]]).double(), None)[0] == -torch.inf
    with pytest.raises(ValueError, match="support"):
        flow.log_prob(torch.tensor([2.0, 0.5]))  # the user's own still validates


def test_a_flow_that_is_its_own_base_is_refused() -> None:
    linear = nn.Linear(2, 2)
    with pytest.raises(InputError, match="one object"):
        read_flow(linear, torch.randn(4, 2), base=linear)
