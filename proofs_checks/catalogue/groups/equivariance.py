"""Linear maps that commute with shifts, permutations and quarter turns; and layers that
do, measured as they are evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from numerics.representations import complex_layers, permutation_averages
from numerics.representations import equivariant_layers as layers
from numerics.streams import Stream
from proofs_checks.catalogue.groups.figures import equivariance as figure
from proofs_checks.kernel import Case, Cases, Control, Evidence, measured
from proofs_checks.strategies.groups import layer_cases
from theory.representations import convolutions, equivariant_maps

__all__ = ["cases", "controls", "exact", "figure", "numeric"]

RESOLVES = 1e-6  # beside outputs of size one or more; the falsehoods miss by about one
ORDERS = ((1, 0), (1, 1), (1, 2), (2, 2))
_ALWAYS = [
    Case(layer="conv1d", n=64, channels=3, kernel=7, seed=0),
    Case(layer="conv2d", n=16, channels=2, kernel=5, seed=0),
    Case(layer="mean pooling", n=64, channels=2, kernel=1, seed=0),
    Case(layer="deep set", n=64, channels=3, kernel=1, seed=0),
    Case(layer="C4 convolution", n=9, channels=2, kernel=3, seed=0),
    Case(layer="C4 convolution", n=8, channels=1, kernel=5, seed=0),
    Case(layer="averaged matrix", n=2, channels=1, kernel=1, seed=0),
    Case(layer="averaged matrix", n=4, channels=1, kernel=1, seed=0),
    Case(layer="averaged complex matrix", n=4, channels=1, kernel=1, seed=0),
    Case(layer="complex conv1d", n=32, channels=2, kernel=5, seed=0),
    Case(layer="deep set", n=1, channels=1, kernel=1, seed=0),
]
cases = {"numeric": Cases(layer_cases, always=_ALWAYS)}


def exact(
    *,
    stride: int | None = None,
    matrix: convolutions.Matrix | None = None,
    readout: convolutions.Matrix | None = None,
    turns: int | None = None,
    actions: Iterable[equivariant_maps.Action] | None = None,
) -> list[Evidence]:
    """Inductions for every size, identities for every signal, and small sizes decided
    by two algorithms.

    With an object substituted only the obligations that speak of it are gathered.
    """
    everything = all(given is None for given in (stride, matrix, readout, turns, actions))
    found: list[Evidence] = []
    if everything or stride is not None:
        found.append(convolutions.stride_equation(stride))
    if everything or matrix is not None:
        found.append(convolutions.convolutions(matrix))
    if everything or readout is not None:
        found.append(convolutions.readouts(readout))
    if everything or turns is not None:
        found.append(convolutions.grid_kept(turns or 4))
    if everything or actions is not None:
        found.append(equivariant_maps.dimensions(actions))
    return [*found, *_every_size()] if everything else found


def _every_size() -> list[Evidence]:
    return [
        equivariant_maps.circulant_induction(),
        equivariant_maps.pooling_induction(),
        *equivariant_maps.tuple_statements(),
        equivariant_maps.pattern_counts(),
        *convolutions.lifting_equations(),
        convolutions.group_convolutions(),
    ]


AVERAGES = {
    "averaged matrix": permutation_averages.averages,
    "averaged complex matrix": complex_layers.means_in_a_basis,
}
Build = Callable[[Case, Stream], layers.Layer]


def named_layer(case: Case, stream: Stream) -> layers.Layer:
    """The layer that the case names, with the actions that belong to it."""
    if case.layer == "complex conv1d":
        return complex_layers.convolution(case.n, case.channels, case.kernel, stream)
    return layers.build(case.layer, case.n, case.channels, case.kernel, stream)


def strided_layer(case: Case, stream: Stream) -> layers.Layer:
    """The same convolution, every other output."""
    return layers.build(case.layer, case.n, case.channels, case.kernel, stream, stride=2)


def zero_padded(case: Case, stream: Stream) -> layers.Layer:
    """The same convolution with zeros beyond the edges."""
    if case.layer == "complex conv1d":
        return complex_layers.convolution(case.n, case.channels, case.kernel, stream, circular=False)
    return layers.build(case.layer, case.n, case.channels, case.kernel, stream, padding="zeros")


def unpooled_layer(case: Case, stream: Stream) -> layers.Layer:
    """The layer taken as invariant."""
    return layers.without_output_action(named_layer(case, stream))


def eighth_turn(case: Case, stream: Stream) -> layers.Layer:
    """The filter made symmetric under C4, and turned by 45 degrees."""
    return layers.under_eighth_turns(named_layer(case, stream), case.kernel)


def numeric(
    case: Case,
    stream: Stream,
    *,
    layer: Build = named_layer,
    group: permutation_averages.Group = permutation_averages.all_permutations,
) -> list[Evidence]:
    """A layer's defect under each of its actions; or random matrices averaged over a
    group, which must be constant on patterns of equality."""
    if case.layer in AVERAGES:
        return [
            measured(found, resolves=RESOLVES if what == "constant on patterns" else 0.5, name=f"{what}, order {a} to {b}")
            for a, b in ORDERS
            for what, found in AVERAGES[case.layer](case.n, (a, b), stream, group=group).items()
        ]  # fmt: skip
    return [
        measured(found, resolves=RESOLVES, name=f"{case.layer}, {name}")
        for name, found in layers.equivariance(layer(case, stream)).items()
    ]


_LINE = Case(layer="conv1d", n=16, channels=2, kernel=3, seed=1)
_PLANE = Case(layer="conv2d", n=12, channels=2, kernel=3, seed=1)
_MEAN = Case(layer="averaged matrix", n=4, channels=1, kernel=1, seed=1)
_COMPLEX = Case(layer="complex conv1d", n=16, channels=2, kernel=3, seed=1)
_COMPLEX_MEAN = Case(layer="averaged complex matrix", n=4, channels=1, kernel=1, seed=1)
_TURNED = Case(layer="C4 convolution", n=6, channels=1, kernel=3, seed=1)
_SHIFTS = [equivariant_maps.cyclic_action(n, dimension=2) for n in (3, 4, 5)]
controls = {
    "stride-two": [
        Control(exact, fails="input moved", stride=2),
        Control(numeric, fails="conv", cases=[_LINE, _PLANE], layer=strided_layer),
    ],
    "zero-padding": [
        Control(exact, fails="convolutions", matrix=convolutions.zero_padded),
        Control(numeric, fails="conv", cases=[_LINE, _PLANE], layer=zero_padded),
        Control(numeric, fails="complex conv1d, shift by 1", cases=[_COMPLEX], layer=zero_padded),
    ],
    "convolution-is-invariant": [
        Control(exact, fails="invariance", readout=convolutions.circulant),
        Control(numeric, fails="conv", cases=[_LINE, _PLANE], layer=unpooled_layer),
        Control(
            numeric,
            fails="deep set",
            cases=[Case(layer="deep set", n=6, channels=2, kernel=1, seed=1)],
            layer=unpooled_layer,
        ),
        *(
            Control(numeric, fails=f"C4 convolution, {name}", cases=[_TURNED], layer=unpooled_layer)
            for name in ("quarter", "shift")
        ),
        Control(numeric, fails="complex conv1d, a phase", cases=[_COMPLEX], layer=unpooled_layer),
    ],
    "eighth-turn": [
        Control(exact, fails="grid kept", turns=8),
        Control(numeric, fails="conv2d, eighth turn", cases=[_PLANE], layer=eighth_turn),
    ],
    "shifts-suffice": [
        Control(exact, fails="dimensions", actions=_SHIFTS),
        Control(
            numeric, fails="constant on patterns", cases=[_MEAN, _COMPLEX_MEAN], group=permutation_averages.all_shifts
        ),
        *(
            Control(numeric, fails=f"{what}, order {orders}", cases=[_MEAN], group=permutation_averages.all_shifts)
            for what in ("dimension", "patterns")
            for orders in ("1 to 1", "1 to 2", "2 to 2")
        ),
    ],
}
