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
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import permutations, product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from numerics.bounds import Bound, Measurement
from numerics.rounding import gamma
from numerics.streams import Stream

Action = Callable[[Tensor], Tensor]
Group = Callable[[int], Iterable[tuple[int, ...]]]
POLYNOMIAL = (
    "every output is a polynomial in weights and inputs; k roundings on any path move it by gamma_k times the same sums over absolute values, "
    "on both sides of the difference (Higham 2002, section 3.1)"
)
MEANS = "means of |G| numbers are within gamma_(|G|+2) of their exact values, times means of absolute values"
CHANCE = "entries further apart differ, and those of different orbits tie by chance with probability about 1e-12"


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


# -- actions -----------------------------------------------------------------------------------------------------------


def shift_action(steps: int, *axes: int) -> Action:
    """Circular shift by ``steps`` along each of the axes.

    >>> shifted(1, -1)(torch.tensor([1, 2, 3]))
    tensor([3, 1, 2])
    """
    return lambda x: torch.roll(x, [steps] * len(axes), axes)


def permutation_action(images: Tensor, axis: int = -1) -> Action:
    """The action under which position i goes to ``images[i]`` along one axis.

    Args:
        images: A permutation of 0..n-1, int64, shape ``(n,)``. axis: Of length n.

    >>> permuted(torch.tensor([1, 2, 0]))(torch.tensor([10, 20, 30]))
    tensor([30, 10, 20])
    """
    inverse = torch.argsort(images)
    return lambda x: x.index_select(axis, inverse.to(x.device))


def quarter_turned(x: Tensor) -> Tensor:
    """The plane turned by 90 degrees about its centre, shape ``(*, n, n)``.

    >>> quarter_turned(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 4.],
            [1., 3.]])
    """
    return torch.rot90(x, 1, (-2, -1))


def planes_turned(x: Tensor) -> Tensor:
    """Four planes turned, and cycled: plane r goes to r + 1; shape ``(*, 4, n, n)``.

    >>> planes_turned(torch.tensor([[[1]], [[2]], [[3]], [[4]]])).flatten()
    tensor([4, 1, 2, 3])
    """
    return torch.roll(quarter_turned(x), 1, -3)


def eighth_turned(x: Tensor) -> Tensor:
    """The image turned by 45 degrees about its centre, by bilinear interpolation with
    zeros outside; shape ``(batch, channels, n, n)``.

    >>> eighth_turned(torch.eye(3)[None, None])[0, 0, 1, 1]  # the centre stays
    tensor(1.)
    """
    c = 0.5**0.5
    turn = torch.tensor([[[c, -c, 0], [c, c, 0]]], dtype=x.dtype, device=x.device).expand(len(x), 2, 3)
    return F.grid_sample(x, F.affine_grid(turn, list(x.shape), align_corners=False), align_corners=False)


def trivial_action(x: Tensor) -> Tensor:
    """The trivial action on tensors of any shape.

    >>> unmoved(torch.tensor([1.0]))
    tensor([1.])
    """
    return x


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


# -- averaging over a permutation group --------------------------------------------------------------------------------


def tuple_images(g: tuple[int, ...], k: int) -> Tensor:
    """What a permutation of n points does to the n^k tuples, the last point running
    fastest.

    >>> tuple_images((1, 0), 2)
    tensor([3, 2, 1, 0])
    """
    n = len(g)
    grid = torch.tensor(list(product(g, repeat=k))) if k else torch.zeros(1, 0, dtype=torch.int64)
    weights = torch.tensor([n ** (k - 1 - i) for i in range(k)], dtype=torch.int64)
    return (grid * weights).sum(1)


def all_permutations(n: int) -> Iterable[tuple[int, ...]]:
    """The n! permutations of n points.

    >>> len(list(all_permutations(4)))
    24
    """
    return permutations(range(n))


def all_shifts(n: int) -> Iterable[tuple[int, ...]]:
    """The n circular shifts.

    >>> all_shifts(3)
    [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    """
    return [tuple((i + d) % n for i in range(n)) for d in range(n)]


def group_average(matrix: Tensor, group: Iterable[tuple[int, ...]], orders: tuple[int, int]) -> Tensor:
    """(1/|G|) sum_g P_out(g)^-1 A P_in(g) over permutations of n points, A of shape
    ``(n^b, n^a)`` for ``orders = (a, b)``.

    >>> group_average(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), all_permutations(2), (1, 1))
    tensor([[2.5000, 2.5000],
            [2.5000, 2.5000]])
    """
    total = torch.zeros_like(matrix)
    count = 0
    for g in group:
        rows, columns = (tuple_images(g, k).to(matrix.device) for k in (orders[1], orders[0]))
        total = total + matrix[rows][:, columns]
        count += 1
    return total / count


def equality_patterns(n: int, k: int) -> Tensor:
    """A number for each of the n^k tuples that two tuples share exactly when the same
    entries agree, shape ``(n^k,)``, from 0 up.

    >>> equality_patterns(2, 2)
    tensor([0, 1, 1, 0])
    """
    tuples = list(product(range(n), repeat=k))
    names = [tuple(word.index(x) for x in word) for word in tuples]
    known = {name: i for i, name in enumerate(dict.fromkeys(names))}
    return torch.tensor([known[name] for name in names])


def spread_by_pattern(matrix: Tensor, pattern: Tensor) -> tuple[Tensor, int]:
    """How far entries of one pattern are apart (greatest less least), by pattern, and
    the number of patterns.

    Args:
        matrix: Any shape. pattern: Numbers from 0 up, int64, one an entry of
            ``matrix``, row-major.

    >>> spread_by_pattern(torch.tensor([[1.0, 2.0], [4.0, 3.0]]), torch.tensor([0, 1, 1, 0]))
    (tensor([2., 2.]), 2)
    """
    flat, pattern = matrix.reshape(-1), pattern.to(matrix.device)
    count = int(pattern.max()) + 1
    ends = [flat.new_zeros(count).scatter_reduce(0, pattern, flat, how, include_self=False) for how in ("amax", "amin")]
    return ends[0] - ends[1], count


def partitions(k: int, n: int) -> int:
    """Set partitions of k points into at most n blocks, by the recursion over the last
    point's block.

    >>> [partitions(4, n) for n in range(1, 6)]
    [1, 8, 14, 15, 15]
    """
    row = [1] + [0] * k  # by number of blocks, of no points yet
    for _ in range(k):
        row = [0] + [b * row[b] + row[b - 1] for b in range(1, k + 1)]
    return sum(row[: min(k, n) + 1])


def averages(
    n: int, orders: tuple[int, int], stream: Stream, *, group: Group = all_permutations
) -> dict[str, Measurement]:
    """The average of a random matrix is a random equivariant map: constant on patterns
    of equality, and no two patterns alike.

    Args:
        n: Number of points. orders: (a, b), of tensors of order a to tensors of order
            b.
        group: From n to the permutations that are averaged over.

    >>> float(averages(3, (1, 1), Stream(1))["dimension"].residual)
    0.0
    """
    a, b = orders
    members = list(group(n))
    matrix = stream.normal(n**b, n**a)
    mean = group_average(matrix, members, orders)
    spread, count = spread_by_pattern(mean, equality_patterns(n, a + b))
    rounding = 2 * gamma(len(members) + 2, matrix) * float(group_average(matrix.abs(), members, orders).max())
    different = 1 + int((mean.reshape(-1).sort().values.diff() > rounding).sum())
    counted = Bound({"counting": 0.0}, f"{MEANS}; {CHANCE}")
    return {
        "constant on patterns": Measurement(spread, Bound({"rounding": rounding}, MEANS), count),
        "dimension": Measurement(abs(different - partitions(a + b, n)), counted, mean.numel()),
        "patterns": Measurement(abs(count - different), counted, mean.numel()),
    }
