"""Layers as torch modules, group actions on their inputs and outputs, and how far one
misses the other.

Signals are ``(batch, channels, n)``, images ``(batch, channels, n, n)``, planes with
orientation ``(batch, channels, 4, n, n)``. A defect is ``|f(g x) - g f(x)|`` of the
module as evaluated; its bound comes from the sums that the module forms, in whatever
order.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from numerics.bounds import Bound, Measurement
from numerics.representations.tensor_actions import (
    Action,
    eighth_turned,
    permutation_action,
    planes_turned,
    quarter_turned,
    shift_action,
    trivial_action,
)
from numerics.rounding import gamma
from numerics.streams import Stream

POLYNOMIAL = (
    "every output is a polynomial in weights and inputs; k roundings on any path move it by gamma_k times the same sums over absolute values, "
    "on both sides of the difference (Higham 2002, section 3.1)"
)


@contextmanager
def direct_sums() -> Iterator[None]:
    """Convolutions as sums of products: no Winograd or Fourier kernels, whose rounding
    errors obey other bounds.

    >>> with direct_sums():
    ...     print(torch.backends.mkldnn.enabled)
    False
    """
    with ExitStack() as stack:
        with warnings.catch_warnings():  # restoring a TF32 flag that nobody changed warns on builds without Intel GPUs
            warnings.simplefilter("ignore", UserWarning)
            stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            stack.close()


# -- layers ------------------------------------------------------------------------------------------------------------


class MeanPool(nn.Module):
    """The mean over positions, shape ``(batch, channels)``.

    >>> MeanPool()(torch.tensor([[[1.0, 3.0]]]))
    tensor([[2.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Means over the last axis, shape ``(batch, channels, n)`` to ``(batch,
        channels)``."""
        return x.mean(-1)


class DeepSet(nn.Module):
    """``y_i = A x_i + B (mean of x) + c``: per channel pair the two dimensions of
    equivariant maps of R^n."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        self.A = nn.Parameter(torch.empty(outputs, channels))
        self.B = nn.Parameter(torch.empty(outputs, channels))
        self.c = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(batch, channels, n)`` to ``(batch, outputs, n)``."""
        return self.A @ x + (self.B @ x.mean(-1, keepdim=True)) + self.c[:, None]


class C4Lift(nn.Module):
    """An image correlated with one filter in four orientations, circular at the edges;
    shape ``(batch, outputs, 4, n, n)``."""

    def __init__(self, channels: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, channels, kernel, kernel))

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(batch, channels, n, n)``."""
        pad = self.weight.shape[-1] // 2
        wide = F.pad(x, (pad,) * 4, mode="circular")
        return torch.stack([F.conv2d(wide, torch.rot90(self.weight, r, (-2, -1))) for r in range(4)], 2)


class C4Convolution(nn.Module):
    """Planes with orientation to planes with orientation: ``weight[:, :, s]`` reads
    orientation r + s, turned by r."""

    def __init__(self, channels: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, channels, 4, kernel, kernel))

    def forward(self, y: Tensor) -> Tensor:
        """Shape ``(batch, channels, 4, n, n)`` to ``(batch, outputs, 4, n, n)``."""
        pad = self.weight.shape[-1] // 2
        wide = F.pad(y.flatten(1, 2), (pad,) * 4, mode="circular")
        turned = [torch.rot90(self.weight, r, (-2, -1)).roll(r, 2).flatten(1, 2) for r in range(4)]
        return torch.stack([F.conv2d(wide, w) for w in turned], 2)


@dataclass(frozen=True)
class Layer:
    """A module with the actions under which it is measured.

    Args:
        module: On the device and in the dtype of the inputs.
        inputs: A batch.
        actions: Pairs (on inputs, on outputs), named.
        terms: The longest chain of additions and multiplications behind one output, for
            gamma_k.
    """

    module: nn.Module
    inputs: Tensor
    actions: dict[str, tuple[Action, Action]]
    terms: int


def normal_weights(module: nn.Module, stream: Stream) -> nn.Module:
    """Every parameter drawn anew, standard normal, on the stream's device and in its
    dtype.

    >>> normal_weights(nn.Linear(2, 1), Stream(1)).weight.dtype
    torch.float64
    """
    module = module.to(stream.device, stream.dtype)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(stream.normal(*parameter.shape))
    return module


def build(
    layer: str, n: int, channels: int, kernel: int, stream: Stream, *, stride: int = 1, padding: str = "circular"
) -> Layer:
    """One of the named layers with normal weights, three normal inputs, and its
    actions.

    Args:
        layer: "conv1d", "conv2d", "mean pooling", "deep set" or "C4 convolution". n:
            Length of an axis. channels: Of the inputs.
        kernel: Taps along an axis, odd.
    Raises:
        ValueError: an unknown name, or a kernel that is even or longer than the axis.

    >>> layer = build("mean pooling", 4, 2, 1, Stream(1))
    >>> layer.inputs.shape, list(layer.actions)
    (torch.Size([3, 2, 4]), ['shift by 1', 'a permutation'])
    """
    if kernel % 2 == 0 or kernel > max(n, 1):
        raise ValueError(f"Expected an odd kernel of at most {n} taps, got {kernel}.")
    half, outputs = kernel // 2, channels + 1
    step = max(1, n // 3)
    fan = channels * kernel + 2
    if layer == "conv1d":
        module: nn.Module = nn.Conv1d(channels, outputs, kernel, stride=stride, padding=half, padding_mode=padding)
        actions = {
            "shift by 1": (shift_action(1, -1), shift_action(1, -1)),
            f"shift by {step}": (shift_action(step, -1), shift_action(step, -1)),
        }
        return Layer(normal_weights(module, stream), stream.normal(3, channels, n), actions, fan)
    if layer == "conv2d":
        module = nn.Conv2d(channels, outputs, kernel, stride=stride, padding=half, padding_mode=padding)
        actions = {
            "shift down": (shift_action(1, -2), shift_action(1, -2)),
            "shift both ways": (shift_action(step, -2, -1), shift_action(step, -2, -1)),
        }
        return Layer(
            normal_weights(module, stream), stream.normal(3, channels, n, n), actions, channels * kernel**2 + 2
        )
    if layer == "mean pooling":
        order = permutation_action(stream.permutation(n))
        actions = {"shift by 1": (shift_action(1, -1), trivial_action), "a permutation": (order, trivial_action)}
        return Layer(MeanPool(), stream.normal(3, channels, n), actions, n + 2)
    if layer == "deep set":
        order = permutation_action(stream.permutation(n))
        actions = {"a permutation": (order, order)}
        return Layer(
            normal_weights(DeepSet(channels, outputs), stream),
            stream.normal(3, channels, n),
            actions,
            n + 2 * channels + 6,
        )
    if layer == "C4 convolution":
        module = nn.Sequential(C4Lift(channels, outputs, kernel), C4Convolution(outputs, channels, kernel))
        actions = {
            "quarter turn": (quarter_turned, planes_turned),
            "shift down": (shift_action(1, -2), shift_action(1, -2)),
        }
        return Layer(
            normal_weights(module, stream),
            stream.normal(3, channels, n, n),
            actions,
            channels * kernel**2 + 4 * outputs * kernel**2 + 4,
        )
    raise ValueError(f"Expected a layer among conv1d, conv2d, mean pooling, deep set, C4 convolution, got {layer!r}.")


def majorant(module: nn.Module, x: Tensor) -> Tensor:
    """The same sums over absolute values: what bounds the rounding of a module that
    only adds and multiplies.

    Args:
        x: A batch of inputs, in the shape that the module takes.
    Returns:
        The shape of the module's output.

    >>> layer = nn.Linear(2, 1, bias=False)
    >>> _ = nn.init.constant_(layer.weight, -1.0)
    >>> majorant(layer, torch.tensor([[1.0, -2.0]]))
    tensor([[3.]])
    """
    absolute = copy.deepcopy(module)
    with torch.no_grad():
        for parameter in absolute.parameters():
            parameter.copy_(parameter.abs())
        return absolute(x.abs().to(x.dtype)).abs()


@dataclass(frozen=True)
class Defect:
    """|f(g x) - g f(x)| by output entry, and what rounding can explain of it."""

    residual: Tensor
    rounding: Tensor


def defects(layer: Layer) -> dict[str, Defect]:
    """One defect for each action.

    Accuracy: with every output a polynomial in weights and inputs, formed by at most k
    = ``terms`` roundings on any path, the computed one is within gamma_k of it, times
    the same sums over absolute values (Higham 2002, section 3.1). Both sides of the
    difference, and the difference itself, are counted; interpolating actions round too,
    by less than two more steps of eight terms.

    >>> layer = build("deep set", 4, 2, 1, Stream(1))
    >>> all(bool((defect.residual <= defect.rounding).all()) for defect in defects(layer).values())
    True
    """
    found = {}
    with torch.no_grad(), direct_sums():
        for name, (on_inputs, on_outputs) in layer.actions.items():
            moved = layer.module(on_inputs(layer.inputs))
            carried = on_outputs(layer.module(layer.inputs))
            size = majorant(layer.module, on_inputs(layer.inputs))
            size = size + on_outputs(majorant(layer.module, layer.inputs)).abs()
            found[name] = Defect((moved - carried).abs(), gamma(layer.terms + 18, moved) * size)
    return found


def equivariance(layer: Layer) -> dict[str, Measurement]:
    """The defects of a layer under each of its actions, in units of its largest output
    (of 1 if that is smaller).

    >>> layer = build("mean pooling", 4, 2, 1, Stream(1))
    >>> all(bool((part.residual < 1e-13).all()) for part in equivariance(layer).values())
    True
    """
    with torch.no_grad(), direct_sums():
        scale = max(1.0, float(majorant(layer.module, layer.inputs).max()))
    return {
        name: Measurement(
            defect.residual / scale, Bound({"rounding": defect.rounding / scale}, POLYNOMIAL), defect.residual.numel()
        )
        for name, defect in defects(layer).items()
    }


# -- falsehoods to try checks on -----------------------------------------------------------------------------------------


def without_output_action(layer: Layer) -> Layer:
    """The layer taken as invariant: its outputs are not moved when its inputs are."""
    still = {name: (move, trivial_action) for name, (move, _) in layer.actions.items()}
    return Layer(layer.module, layer.inputs, still, layer.terms)


class Isotropic(nn.Module):
    """A circular convolution whose filter is its own mean over quarter turns."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        with torch.no_grad():
            weight = convolution.weight
            weight.copy_(sum(torch.rot90(weight, r, (-2, -1)) for r in range(4)) / 4)

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(batch, channels, n, n)``."""
        return self.convolution(x)


def under_eighth_turns(layer: Layer, kernel: int) -> Layer:
    """A plane convolution made isotropic, under turns by 45 degrees; images are zero
    outside a disc, so that edges play no part.

    Raises:
        ValueError: the layer is no convolution of the plane.

    >>> layer = under_eighth_turns(build("conv2d", 9, 1, 3, Stream(1)), 3)
    >>> list(layer.actions)
    ['eighth turn']
    """
    if not isinstance(layer.module, nn.Conv2d):
        raise ValueError(f"Expected a convolution of the plane, got {type(layer.module).__name__}.")
    n = layer.inputs.shape[-1]
    axis = torch.arange(n, device=layer.inputs.device) - (n - 1) / 2
    disc = axis[:, None] ** 2 + axis**2 < (n / 2 - kernel) ** 2
    turn = {"eighth turn": (eighth_turned, eighth_turned)}
    return Layer(Isotropic(layer.module), layer.inputs * disc, turn, layer.terms)
