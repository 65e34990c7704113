"""Figures of the claims about groups; drawn when a report or a user asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def axioms() -> Figure:
    """A group's table beside two tables that meet weaker systems."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from theory.groups.axioms import Table, null_semigroup, right_zero

    cyclic: Table = ((0, 1, 2), (1, 2, 0), (2, 0, 1))
    panels = [("C3: a group", cyclic), ("x y = y", right_zero(3)), ("x y = e", null_semigroup(3))]
    colours, names = ("#1b6ca8", "#9cc9e8", "#f3c08b"), "eab"
    drawing = Figure(figsize=(5.6, 2.1), layout="constrained")
    for axes, (title, table) in zip(drawing.subplots(1, 3), panels, strict=True):
        for x in range(3):
            for y in range(3):
                axes.add_patch(Rectangle((y - 0.5, x - 0.5), 1, 1, facecolor=colours[table[x][y]], edgecolor="white"))
                axes.text(
                    y, x, names[table[x][y]], ha="center", va="center", color="white" if table[x][y] == 0 else "black"
                )
        axes.set(xlim=(-0.5, 2.5), ylim=(2.5, -0.5), aspect="equal", title=title)
        axes.set_xticks(range(3), list(names))
        axes.set_yticks(range(3), list(names))
        axes.tick_params(length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    return drawing


def d4() -> Figure:
    """The Cayley graph, as networkx holds it."""
    from theory.groups.cayley_graphs import cayley_graph, draw
    from theory.groups.families import dihedral

    return draw(cayley_graph(dihedral(4)), title="D4: arrows r, lines s")


def d4_irreps() -> Figure:
    """The character table on all elements as a coloured grid, the row that the lecture
    lacks outlined."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    from theory.representations.d4_irreps import D4, LECTURE

    labels = {"R1": "1", "R2": "R2", "R3": "R3", "R5": "R2 ⊗ R3", "R4": "R4"}
    colours = {2: "#1b6ca8", 1: "#9cc9e8", 0: "#f4f4f4", -1: "#f3c08b", -2: "#c8641a"}
    drawing = Figure(figsize=(5.2, 2.9), layout="constrained")
    axes = drawing.add_subplot()
    for y, name in enumerate(labels):
        for x in range(8):
            value = int(LECTURE[name].character.entry(x).as_fraction())
            axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colours[value], edgecolor="white"))
            axes.text(
                x, y, str(value), ha="center", va="center", fontsize=9, color="white" if abs(value) == 2 else "black"
            )
    axes.add_patch(Rectangle((-0.5, 2.5), 8, 1, fill=False, edgecolor="#c0182b", linewidth=2))
    axes.set(xlim=(-0.55, 7.55), ylim=(4.55, -0.55), title="Characters of D4; outlined: missing in the lecture")
    axes.set_xticks(range(8), D4.names)
    axes.set_yticks(range(5), list(labels.values()))
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return drawing


def equivalence() -> Figure:
    """Singular values of the intertwiner equations, for a conjugate and for the
    conjugate times the sign."""
    import torch
    from matplotlib.figure import Figure

    from numerics.representations.averaging import exact_conjugate, integer_change_of_basis
    from numerics.representations.intertwiners import determinant_signs, intertwiner_equations, nullity
    from numerics.representations.monomial import matrix_group
    from numerics.streams import Stream

    group = matrix_group(((1, 0, 2, 3), (1, 2, 3, 0)))
    matrices, chosen = group.matrices, group.generators
    basis, inverse = integer_change_of_basis(4, 6, Stream(3))
    drawing = Figure(figsize=(4.6, 2.8), layout="constrained")
    axes = drawing.add_subplot()
    twisted = matrices * determinant_signs(matrices)[:, None, None]
    for part, colour, label in ((matrices, "#1b6ca8", "conjugate"), (twisted, "#c8641a", "conjugate times the sign")):
        moved = exact_conjugate(part, basis, inverse)
        equations = intertwiner_equations(matrices[chosen].to(moved.dtype), moved[chosen])
        values = torch.linalg.svdvals(equations).clamp(min=1e-17).tolist()
        counted = f"{label}: {nullity(equations).count}"
        axes.semilogy(range(1, len(values) + 1), values, "o", color=colour, markersize=4, label=counted)
    axes.set(xlabel="number", ylabel="singular value", title="Intertwiners are the singular values at rounding level")
    axes.title.set_fontsize(9)
    axes.legend(fontsize=8, frameon=False, loc="center left")
    return drawing


def maschke() -> Figure:
    """Two fans of lines and their images: a finite group leaves a second line in place,
    (R, +) leaves none."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(6.0, 3.0), layout="constrained")
    panels = drawing.subplots(1, 2)
    angles = np.linspace(0, np.pi, 9)[1:-1]
    special = np.arctan2(1, -0.35)
    fans = [
        ("C2 by [[1, 0.7], [0, -1]]", np.array([[1, 0.7], [0, -1]]), [*angles, special]),
        ("(R, +): t = 0.7 of [[1, t], [0, 1]]", np.array([[1, 0.7], [0, 1]]), angles),
    ]
    for axes, (title, matrix, fan) in zip(panels, fans, strict=True):
        axes.axhline(0, color="#1b6ca8", linewidth=2.5)
        for angle in fan:
            v = np.array([np.cos(angle), np.sin(angle)])
            image = matrix @ v
            image = image / np.linalg.norm(image) * np.sign(image[1])
            fixed = abs(image[0] * v[1] - image[1] * v[0]) < 1e-9
            axes.plot(
                [-v[0], v[0]], [-v[1], v[1]], color="#c0182b" if fixed else "#bbbbbb", linewidth=2.5 if fixed else 0.8
            )
            if not fixed:
                axes.annotate(
                    "", xy=image, xytext=v, arrowprops={"arrowstyle": "->", "color": "#777777", "linewidth": 0.7}
                )
        axes.set(title=title, aspect="equal", xlim=(-1.15, 1.15), ylim=(-1.1, 1.15))
        axes.title.set_fontsize(9)
        axes.axis("off")
    panels[0].text(0.75, 0.06, "W", color="#1b6ca8")
    panels[1].text(0.75, 0.06, "W", color="#1b6ca8")
    return drawing


def orthogonal_complement() -> Figure:
    """The image of the line at a right angle, and the line that the averaged inner
    product finds."""
    from matplotlib.figure import Figure

    R = np.array([[1.0, 1.0], [0.0, -1.0]])
    averaged = (np.eye(2) + R.T @ R) / 2
    drawing = Figure(figsize=(6.0, 3.0), layout="constrained")
    angle = np.linspace(0, 2 * np.pi, 73)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for axes, form, title in zip(
        drawing.subplots(1, 2), (np.eye(2), averaged), ("the given inner product", "the averaged one"), strict=True
    ):
        ball = np.linalg.inv(np.linalg.cholesky(form).T) @ circle  # v* H v = 1
        v = np.array([-form[0, 1], form[0, 0]])
        v = v / np.sqrt(v @ form @ v)
        image = R @ v
        axes.plot(*ball, color="#cccccc", linewidth=1)
        axes.axhline(0, color="#1b6ca8", linewidth=2)
        axes.plot([-v[0], v[0]], [-v[1], v[1]], color="#2e8b57", linewidth=2, label="complement")
        axes.plot(
            [-image[0], image[0]],
            [-image[1], image[1]],
            color="#c0182b",
            linewidth=2,
            linestyle="--",
            label="its image",
        )
        axes.text(1.15, 0.07, "W", color="#1b6ca8")
        axes.set(title=title, aspect="equal", xlim=(-1.5, 1.5), ylim=(-1.6, 1.2))
        axes.title.set_fontsize(9)
        axes.axis("off")
        axes.legend(fontsize=7, frameon=False, loc="lower right")
    return drawing


def peter_weyl() -> Figure:
    """Means of products of all coefficients of SO(3) up to degree 2: with enough nodes,
    and with one too few."""
    from matplotlib.figure import Figure

    from numerics.representations import compact
    from numerics.streams import Stream

    drawing = Figure(figsize=(6.0, 3.1), layout="constrained")
    panels = drawing.subplots(1, 2)
    rules = (compact.product_rule, compact.fewer_nodes)
    titles = ("3 nodes in cos β", "2 nodes: degree 2l is beyond them")
    for axes, rule, title in zip(panels, rules, titles, strict=True):
        means = compact.product_means("SO(3)", 2, *rule("SO(3)", 2), Stream(0)).means.abs()
        picture = axes.imshow(means.numpy(), cmap="magma_r", vmin=0, vmax=1, interpolation="nearest")
        picture.set_rasterized(True)
        axes.set_title(title, fontsize=9)
        axes.set_xticks([0, 5, 22], ["1", "D¹", "D²"])
        axes.set_yticks([0, 5, 22], ["1", "D¹", "D²"])
    drawing.colorbar(picture, ax=panels, shrink=0.8, label="|mean of c conj c'|")
    return drawing


def equivariance() -> Figure:
    """The defect of one filter after a shift by one: circular, zero-padded, and of
    stride two."""
    from matplotlib.figure import Figure

    from numerics.representations import equivariant_layers as layers
    from numerics.streams import Stream

    drawing = Figure(figsize=(6.4, 2.3), layout="constrained")
    panels = drawing.subplots(1, 3)
    kinds: dict[str, dict[str, object]] = {
        "circular": {},
        "zero padding": {"padding": "zeros"},
        "stride 2": {"stride": 2},
    }
    for axes, (title, options) in zip(panels, kinds.items(), strict=True):
        layer = layers.build("conv2d", 24, 1, 5, Stream(3), **options)  # type: ignore[arg-type]
        residual = layers.defects(layer)["shift down"].residual[0, 0]
        levels = residual.clamp_min(1e-17).log10().numpy()
        picture = axes.imshow(levels, cmap="magma", vmin=-17, vmax=1, interpolation="nearest")
        picture.set_rasterized(True)
        axes.set_title(f"{title}: up to {float(residual.max()):.1e}", fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])
    drawing.colorbar(picture, ax=panels, shrink=0.85, label="log10 |f(gx) - g f(x)|")
    return drawing


def numerical_decomposition() -> Figure:
    """The angle against |E|/gap: random symmetric errors of diag(0, 1), with the lines
    of constants 1 and 2 and the worst case."""
    from matplotlib.figure import Figure

    rng = np.random.default_rng(0)
    drawing = Figure(figsize=(5.0, 3.2), layout="constrained")
    axes = drawing.add_subplot()
    E = rng.normal(size=(120, 2, 2))
    E = (E + E.transpose(0, 2, 1)) / 2
    E *= (rng.uniform(0, 0.75, size=120) / np.linalg.norm(E, ord=2, axis=(1, 2)))[:, None, None]
    vectors = np.linalg.eigh(np.diag([0.0, 1.0]) + E)[1]
    sizes = np.linalg.norm(E, ord=2, axis=(1, 2))
    axes.scatter(sizes, np.abs(vectors[:, 1, 0]), s=5, color="#888888", label="random E")
    x = np.linspace(0, 0.5, 40)
    axes.plot(x, np.sin(np.arcsin(2 * x) / 2), color="#c8641a", label="largest angle for its |E|")
    axes.plot([0, 0.75], [0, 0.75], color="#c0182b", linestyle="--", linewidth=1, label="|E| / gap (false)")
    axes.plot([0, 0.5, 0.75], [0, 1, 1], color="#1b6ca8", linewidth=1.5, label="2 |E| / gap")
    title = "How far an error turns an eigenvector"
    axes.set(xlabel="|E| / gap", ylabel="sin θ", title=title, xlim=(0, 0.75), ylim=(0, 1.05))
    axes.legend(fontsize=8, loc="lower right")
    return drawing
