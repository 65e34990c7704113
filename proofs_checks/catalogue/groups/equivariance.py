"""Which linear maps commute with shifts, permutations and quarter turns; and layers that do, measured as they are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from numerics import equivariance as layers
from numerics.random import Stream
from numerics.representations import gamma
from proofs_checks.kernel import Bound, Case, Cases, Control, finite, identity, measured, structural
from proofs_checks.strategies.equivariance import layer_cases
from theory import equivariance as exactly

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from proofs_checks.evidence import Evidence

RESOLVES = 1e-6  # beside outputs of size one or more; the falsehoods miss by about one
DERIVATION = (
    "every output is a polynomial in weights and inputs; k roundings on any path move it by gamma_k times the same sums over absolute values, "
    "on both sides of the difference (Higham 2002, section 3.1)"
)
_ALWAYS = [
    Case(layer="conv1d", n=64, channels=3, kernel=7, seed=0),
    Case(layer="conv2d", n=16, channels=2, kernel=5, seed=0),
    Case(layer="mean pooling", n=64, channels=2, kernel=1, seed=0),
    Case(layer="deep set", n=64, channels=3, kernel=1, seed=0),
    Case(layer="C4 convolution", n=9, channels=2, kernel=3, seed=0),
    Case(layer="C4 convolution", n=8, channels=1, kernel=5, seed=0),
    Case(layer="averaged matrix", n=4, channels=1, kernel=1, seed=0),
    Case(layer="deep set", n=1, channels=1, kernel=1, seed=0),
]
cases = {"numeric": Cases(layer_cases, always=_ALWAYS)}

TAPS = [taps for size in (1, 3, 5) for taps in product((-1, 0, 1), repeat=size) if any(taps)]
Matrix = Callable[[int, Any], np.ndarray]


def exact(
    *,
    stride: int | None = None,
    matrix: Matrix | None = None,
    readout: Matrix | None = None,
    turns: int | None = None,
    actions: Iterable[exactly.Action] | None = None,
) -> list[Evidence]:
    """Inductions for every size, identities for every signal, and small sizes decided by two algorithms.

    With an object substituted only the obligations that speak of it are gathered.
    """
    all_of_them = all(given is None for given in (stride, matrix, readout, turns, actions))
    found: list[Evidence] = []
    if all_of_them or stride is not None:
        found += _identities(exactly.stride_equations(1 if stride is None else stride))
    if all_of_them or matrix is not None:
        found.append(_convolutions(exactly.circulant if matrix is None else matrix))
    if all_of_them or readout is not None:
        found.append(_readouts(sums if readout is None else readout))
    if all_of_them or turns is not None:
        found.append(
            finite(
                exactly.turns(4 if turns is None else turns),
                exactly.Turn.keeps_grid,
                second=exactly.Turn.is_quarter_turn,
                of="rotations",
                name="grid kept",
            )
        )
    if all_of_them or actions is not None:
        given = [*exactly.cyclic_actions(10), *exactly.symmetric_actions(4, 4)] if actions is None else actions
        found.append(_dimensions(given, "actions of C_n, n <= 10, and S_n, n <= 4, on tensors", "dimensions"))
    return [*found, *_every_size()] if all_of_them else found


def sums(n: int, weights: Any) -> np.ndarray:
    """Readouts that are multiples of the sum, one for each weight."""
    return np.repeat(np.array(weights, dtype=np.int64)[:, None], n, axis=1)


def _convolutions(matrix: Matrix) -> Evidence:
    instances = [matrix(n, taps) for n in (3, 5, 6) for taps in TAPS if len(taps) <= n]
    return finite(
        instances,
        exactly.commutes_with_shift,
        second=exactly.depends_on_difference,
        of="convolutions of 3, 5, 6 points with up to 5 taps -1, 0, 1",
        name="convolutions",
    )


def _readouts(readout: Matrix) -> Evidence:
    instances = [readout(n, taps) for n in (3, 5, 6) for taps in TAPS if len(taps) <= 3]
    return finite(instances, exactly.ignores_shift, second=exactly.pools, of="readouts", name="invariance")


def _dimensions(actions: Iterable[exactly.Action], of: str, name: str) -> Evidence:
    return finite(
        actions,
        lambda a: exactly.orbit_count(a) == a.expected,
        second=lambda a: exactly.solution_count(a) == a.expected,
        of=of,
        name=name,
    )


def _every_size() -> list[Evidence]:
    found = [*_identities(exactly.stride_law()), *_identities(exactly.lifting_equations())]
    found.append(
        finite(
            exactly.taps(4),
            exactly.tap_commutes,
            second=exactly.tap_is_right_multiplication,
            of="taps of group convolutions, tori up to 4 x 4",
            name="group convolution",
        )
    )
    for name, law in (
        ("circulants", exactly.circulant_induction),
        ("invariant readouts pool", exactly.pooling_induction),
    ):
        variable, *parts = law()
        base, step, small = (_identities(part) for part in parts)
        found.append(structural(variable, base=base, step=step, small=small, name=name))
    return [*found, *(_tensors(a, b) for a, b in ((1, 0), (1, 1), (1, 2), (2, 2)))]


def _tensors(a: int, b: int) -> Evidence:
    """Equivariant maps from tensors of order a to order b have the dimension Bell(a + b), for every n >= a + b."""
    k = a + b
    variable, base, step = exactly.tuple_induction(k)

    def at(n: int) -> Evidence:
        name = f"S_{n}, order {a} to {b}"
        return _dimensions(
            [action for action in exactly.symmetric_actions(n, k) if action.name == name], f"actions {name}", name
        )

    return structural(
        variable,
        base=[*_identities(base), at(k)],
        step=_identities(step),
        small=at(k + 1),
        start=k,
        name=f"order {a} to {b}",
    )


def _identities(equations: list[exactly.Equation]) -> list[Evidence]:
    return [identity(left, right, name=name) for left, right, name in equations]


# -- measured ----------------------------------------------------------------------------------------------------------

Build = Callable[[Case, Stream], layers.Layer]
Group = Callable[[int], Iterable[tuple[int, ...]]]


def named_layer(case: Case, stream: Stream) -> layers.Layer:
    """The layer that the case names, with the actions that belong to it."""
    return layers.build(case.layer, case.n, case.channels, case.kernel, stream)


def strided(case: Case, stream: Stream) -> layers.Layer:
    """The same convolution, every other output."""
    return layers.build(case.layer, case.n, case.channels, case.kernel, stream, stride=2)


def zero_padded(case: Case, stream: Stream) -> layers.Layer:
    """The same convolution with zeros beyond the edges."""
    return layers.build(case.layer, case.n, case.channels, case.kernel, stream, padding="zeros")


def unpooled(case: Case, stream: Stream) -> layers.Layer:
    """A layer taken as invariant: its outputs are not moved when its inputs are."""
    layer = named_layer(case, stream)
    return layers.Layer(
        layer.module,
        layer.inputs,
        {name: (move, layers.unmoved) for name, (move, _) in layer.actions.items()},
        layer.terms,
    )


class Isotropic(nn.Module):
    """A circular convolution whose filter is its own mean over quarter turns."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution
        with torch.no_grad():
            weight = convolution.weight
            weight.copy_(sum(torch.rot90(weight, r, (-2, -1)) for r in range(4)) / 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape ``(batch, channels, n, n)``."""
        return self.convolution(x)


def eighth_turn(case: Case, stream: Stream) -> layers.Layer:
    """A filter with the symmetry of C4 under a turn by 45 degrees, interpolated; images are zero outside a disc, so that edges play no part."""
    plain = named_layer(case, stream)
    assert isinstance(plain.module, nn.Conv2d)
    axis = torch.arange(case.n, device=stream.device) - (case.n - 1) / 2
    disc = axis[:, None] ** 2 + axis**2 < (case.n / 2 - case.kernel) ** 2
    return layers.Layer(
        Isotropic(plain.module),
        plain.inputs * disc,
        {"eighth turn": (layers.eighth_turned, layers.eighth_turned)},
        plain.terms,
    )


def numeric(
    case: Case, stream: Stream, *, layer: Build = named_layer, group: Group = layers.all_permutations
) -> list[Evidence]:
    """A layer's defect under each of its actions; or random matrices averaged over a group, which must be constant on patterns of equality."""
    if case.layer == "averaged matrix":
        return _averages(case.n, stream, group)
    built = layer(case, stream)
    found = []
    for name, defect in layers.defects(built).items():
        scale = max(
            1.0, float(defect.residual.new_tensor(0.0).maximum(layers.majorant(built.module, built.inputs).max()))
        )
        bound = Bound({"rounding": defect.rounding}, DERIVATION)
        found.append(
            measured(
                defect.residual,
                bound,
                points=defect.residual.numel(),
                resolves=RESOLVES * scale,
                name=f"{case.layer}, {name}",
            )
        )
    return found


# What is claimed of maps from tensors of order a to order b at n = 1..5, by a + b.
DIMENSIONS = {1: (1, 1, 1, 1, 1), 2: (1, 2, 2, 2, 2), 3: (1, 4, 5, 5, 5), 4: (1, 8, 14, 15, 15)}


def _averages(n: int, stream: Stream, group: Group) -> list[Evidence]:
    """The average of a random matrix is a random equivariant map: constant on patterns, with as many different entries as dimensions, and as patterns."""
    found = []
    members = list(group(n))
    note = "means of |G| numbers are within gamma_(|G|+2) of their exact values, times means of absolute values"
    for a, b in ((1, 0), (1, 1), (1, 2), (2, 2)):
        matrix = stream.normal(n**b, n**a)
        mean = layers.averaged(matrix, members, (a, b))
        spread, count = layers.spread_by_pattern(mean, layers.equality_patterns(n, a + b))
        rounding = 2 * gamma(len(members) + 2, matrix) * float(layers.averaged(matrix.abs(), members, (a, b)).max())
        name = f"order {a} to {b}"
        found.append(
            measured(
                spread,
                Bound({"rounding": rounding}, note),
                points=count,
                resolves=RESOLVES,
                name=f"{name}, constant on patterns",
            )
        )
        different = 1 + int((mean.reshape(-1).sort().values.diff() > rounding).sum())
        whole = Bound(
            {"counting": 0.0},
            note
            + "; entries further apart differ, and those of different orbits tie by chance with probability about 1e-12",
        )
        found.append(
            measured(
                abs(different - DIMENSIONS[a + b][n - 1]),
                whole,
                points=mean.numel(),
                resolves=0.5,
                name=f"{name}, dimension",
            )
        )
        found.append(  # with constancy: the patterns are the orbits, neither finer nor coarser
            measured(abs(count - different), whole, points=mean.numel(), resolves=0.5, name=f"{name}, patterns")
        )
    return found


_LINE, _PLANE = (
    Case(layer="conv1d", n=16, channels=2, kernel=3, seed=1),
    Case(layer="conv2d", n=12, channels=2, kernel=3, seed=1),
)
controls = {
    "stride-two": [Control(exact, stride=2), Control(numeric, cases=[_LINE, _PLANE], layer=strided)],
    "zero-padding": [
        Control(exact, matrix=exactly.zero_padded),
        Control(numeric, cases=[_LINE, _PLANE], layer=zero_padded),
    ],
    "convolution-is-invariant": [
        Control(exact, readout=exactly.circulant),
        Control(numeric, cases=[_LINE, _PLANE], layer=unpooled),
    ],
    "eighth-turn": [Control(exact, turns=8), Control(numeric, cases=[_PLANE], layer=eighth_turn)],
    "shifts-suffice": [
        Control(
            exact, actions=[exactly.Action(f"C_{n}", (exactly.shift(n),), (exactly.shift(n),), 2) for n in (3, 4, 5)]
        ),
        Control(
            numeric, cases=[Case(layer="averaged matrix", n=4, channels=1, kernel=1, seed=1)], group=layers.all_shifts
        ),
    ],
}


def figure() -> Figure:
    """The defect of one filter after a shift by one: circular, zero-padded, and of stride two."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(6.4, 2.3), layout="constrained")
    panels = drawing.subplots(1, 3)
    case = Case(layer="conv2d", n=24, channels=1, kernel=5, seed=3)
    kinds = (("circular", named_layer), ("zero padding", zero_padded), ("stride 2", strided))
    for axes, (title, built) in zip(panels, kinds, strict=True):
        residual = layers.defects(built(case, Stream(3)))["shift down"].residual[0, 0]
        picture = axes.imshow(
            residual.clamp_min(1e-17).log10().numpy(), cmap="magma", vmin=-17, vmax=1, interpolation="nearest"
        )
        picture.set_rasterized(True)
        axes.set_title(f"{title}: up to {float(residual.max()):.1e}", fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    drawing.colorbar(picture, ax=panels, shrink=0.85, label="log10 |f(gx) - g f(x)|")
    return drawing
