"""Representations in floating point, real or complex: from matrices on generators or
elements, permutation, regular, induced, restricted, tensor, dual, sum.

They are held on the generators of a
:class:`numerics.representations.regular_action.RegularAction`, whose numbers name the
group's elements (identity 0). Nothing is taken on trust:
:meth:`FloatRepresentation.defect` measures, and :meth:`FloatRepresentation.decompose`
certifies. For exact fields see ``theory.representations``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from numerics.representations.averaging import permutation_matrices
from numerics.representations.regular_action import RegularAction
from numerics.rounding import frobenius
from numerics.streams import Stream

if TYPE_CHECKING:
    from numerics.representations.irreps import Decomposition

DTYPES = (torch.float32, torch.float64, torch.complex64, torch.complex128)


class NotARepresentation(ValueError):
    """Matrices or points that do not fit the group; the message says how."""


@dataclass(frozen=True, eq=False)
class FloatRepresentation:
    """Matrices on the generators of a group.

    Args:
        action: The group.
        generators: Shape ``(k, d, d)``, float or complex, in the order of
            ``action.generators``.

    Raises:
        NotARepresentation: another shape, dtype or number of matrices.

    >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
    >>> regular.character, regular.defect()
    (tensor([3., 0., 0.], dtype=torch.float64), 0.0)
    """

    action: RegularAction
    generators: Tensor

    def __post_init__(self) -> None:
        shape, k = tuple(self.generators.shape), len(self.action.images)
        if len(shape) != 3 or shape[0] != k or shape[1] != shape[2] or shape[1] < 1:
            raise NotARepresentation(f"Expected {k} square matrices, one for each generator, got shape {shape}.")
        if self.generators.dtype not in DTYPES:
            raise NotARepresentation(
                f"Expected float32, float64, complex64 or complex128, got {self.generators.dtype}."
            )

    @classmethod
    def from_elements(cls, matrices: Tensor, table: Tensor | np.ndarray) -> FloatRepresentation:
        """From one matrix per element, shape ``(n, d, d)``, and the multiplication
        table (row a, column b holds a b).

        Only the matrices of generators are kept, so matrices that do not multiply as
        the table does are refused here.

        Raises:
            NotARepresentation: the number of matrices; a product R(g) R(x) that misses
                R(g x) by more than a part in a thousand.

        >>> table = np.array([[0, 1], [1, 0]])
        >>> FloatRepresentation.from_elements(torch.tensor([[[1.0]], [[-1.0]]]), table).character
        tensor([ 1., -1.])
        """
        if len(matrices) != len(table):
            raise NotARepresentation(f"Expected {len(table)} matrices, one for each element, got {len(matrices)}.")
        action, rows = RegularAction.from_table(table)
        made = cls(action, matrices[torch.as_tensor(rows)])
        given = matrices[torch.as_tensor(action.labels)]
        miss = torch.linalg.matrix_norm(made.matrices - given)
        size = torch.linalg.matrix_norm(given)
        if bool((miss > 1e-3 * size).any()):
            x = int((miss / size).argmax())
            raise NotARepresentation(
                f"The matrix of element {int(action.labels[x])} is not the product of those of the generators: they differ by {float(miss[x]):.2g}."
            )
        return made

    @classmethod
    def permutation(
        cls, action: RegularAction, images: Tensor, dtype: torch.dtype = torch.float64
    ) -> FloatRepresentation:
        """From what the generators do to points: ``images[j, x]`` is g_j x, and R(g)
        e_x = e_{gx}.

        Args:
            action: The group. images: int64, shape ``(k, m)``, one permutation of the m
                points a generator.

        >>> swap = RegularAction.from_images(np.array([[1, 0]]))
        >>> FloatRepresentation.permutation(swap, torch.tensor([[1, 0, 2]])).character  # fixed points
        tensor([3., 1.], dtype=torch.float64)
        """
        points = torch.arange(images.shape[-1], device=images.device)
        if images.ndim != 2 or not bool((images.sort(dim=1).values == points).all()):
            raise NotARepresentation("Expected rows that are permutations of the points, given by their images.")
        return cls(action, permutation_matrices(images).to(dtype))

    @classmethod
    def regular(cls, action: RegularAction, dtype: torch.dtype = torch.float64) -> FloatRepresentation:
        """Left multiplication on the group algebra."""
        return cls.permutation(action, torch.as_tensor(action.images), dtype)

    @classmethod
    def trivial(cls, action: RegularAction, dtype: torch.dtype = torch.float64) -> FloatRepresentation:
        """Every element as the 1 x 1 unit matrix."""
        return cls(action, torch.ones(len(action.images), 1, 1, dtype=dtype))

    @property
    def degree(self) -> int:
        """The size of the matrices."""
        return self.generators.shape[-1]

    @property
    def field(self) -> str:
        """ "real" or "complex": where the entries live."""
        return "complex" if self.generators.is_complex() else "real"

    @cached_property
    def matrices(self) -> Tensor:
        """R(x) along the word of every element x, shape ``(n, d, d)``."""
        d, n = self.degree, self.action.order
        whole = torch.empty(n, d, d, dtype=self.generators.dtype, device=self.generators.device)
        whole[0] = torch.eye(d, dtype=whole.dtype, device=whole.device)
        for x in range(1, n):  # longer words come later
            whole[x] = self.generators[int(self.action.letter[x])] @ whole[int(self.action.parent[x])]
        return whole

    @cached_property
    def character(self) -> Tensor:
        """Traces, shape ``(n,)``."""
        return self.matrices.diagonal(dim1=-2, dim2=-1).sum(-1)

    def inner(self, other: FloatRepresentation) -> complex:
        """(1/n) sum_x chi(x) conj(psi(x)).

        >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
        >>> regular.inner(regular)  # the order
        (3+0j)
        """
        self._require_same_group(other)
        wide = torch.complex128
        return complex((self.character.to(wide) * other.character.to(wide).conj()).mean())

    def defect(self) -> float:
        """max |R(g) R(x) - R(g x)|_F over generators g and elements x: nothing but
        rounding for a representation."""
        images = torch.as_tensor(self.action.images, device=self.generators.device)
        return max(
            frobenius(g @ self.matrices - self.matrices[image])
            for g, image in zip(self.generators, images, strict=True)
        )

    def tensor(self, other: FloatRepresentation) -> FloatRepresentation:
        """The tensor product, by Kronecker products.

        >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
        >>> regular.tensor(regular).character
        tensor([9., 0., 0.], dtype=torch.float64)
        """
        self._require_same_group(other)
        kind = torch.promote_types(self.generators.dtype, other.generators.dtype)
        pairs = zip(self.generators.to(kind), other.generators.to(kind), strict=True)
        return FloatRepresentation(
            self.action, torch.stack([torch.kron(a.contiguous(), b.contiguous()) for a, b in pairs])
        )

    def sum(self, *others: FloatRepresentation) -> FloatRepresentation:
        """The direct sum.

        >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
        >>> regular.sum(regular, regular).degree
        9
        """
        kind = self.generators.dtype
        for other in others:
            self._require_same_group(other)
            kind = torch.promote_types(kind, other.generators.dtype)
        columns = zip(*(r.generators.to(kind) for r in (self, *others)), strict=True)
        return FloatRepresentation(self.action, torch.stack([torch.block_diag(*blocks) for blocks in columns]))

    def dual(self) -> FloatRepresentation:
        """g -> transpose of R(g)^-1.

        >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
        >>> regular.dual().character
        tensor([3., 0., 0.], dtype=torch.float64)
        """
        return FloatRepresentation(self.action, torch.linalg.inv(self.generators).mT.contiguous())

    def change_basis(self, basis: Tensor) -> FloatRepresentation:
        """S R S^-1 for an invertible S = ``basis`` of shape ``(d, d)``.

        >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
        >>> regular.change_basis(2 * torch.eye(3).double()).character
        tensor([3., 0., 0.], dtype=torch.float64)
        """
        return FloatRepresentation(self.action, torch.linalg.solve(basis, basis @ self.generators, left=False))

    def restrict(self, generators: Sequence[int]) -> FloatRepresentation:
        """The restriction to the subgroup that elements generate; ``.action.labels``
        are its elements in the numbers of the whole group.

        >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
        >>> regular.restrict([0]).action.order  # the identity generates the trivial group
        1
        """
        action, subgroup = subgroup_action(self.action, generators)
        return FloatRepresentation(action, self.matrices[torch.as_tensor(subgroup[action.generators])])

    def decompose(self, stream: Stream, **options: Any) -> Decomposition:
        """Split into irreps, with a certificate:
        :func:`numerics.representations.decomposition.decompose` with this group.

        >>> regular = FloatRepresentation.regular(RegularAction.from_images(np.array([[1, 2, 0]])))
        >>> [(irrep.dimension, irrep.multiplicity) for irrep in regular.decompose(Stream(1)).irreps]
        [(1, 1), (1, 1), (1, 1)]
        """
        from numerics.representations.decomposition import decompose

        return decompose(self.generators, stream, action=self.action, **options)

    def _require_same_group(self, other: FloatRepresentation) -> None:
        ours, theirs = self.action.images, other.action.images
        if ours.shape != theirs.shape or (ours != theirs).any():
            raise NotARepresentation(
                f"Expected two representations of one group on the same generators, got groups of order {self.action.order} and {other.action.order}."
            )


def subgroup_action(action: RegularAction, generators: Sequence[int]) -> tuple[RegularAction, np.ndarray]:
    """The subgroup generated by elements, acting on itself, and its elements as numbers
    of the whole group.

    Raises:
        ValueError: no generators, or numbers that are no elements.

    >>> subgroup_action(RegularAction.from_images(np.array([[1, 2, 3, 0]])), [2])[1]
    array([0, 2])
    """
    chosen = [int(x) for x in generators]
    if not chosen or not all(0 <= x < action.order for x in chosen):
        raise ValueError(f"Expected elements 0..{action.order - 1} that generate a subgroup, got {chosen[:12]}.")
    rights = {h: action.right(h) for h in chosen}
    members, known = [0], {0}
    for x in members:  # grows while it is walked
        for h in chosen:
            y = int(rights[h][x])
            if y not in known:
                known.add(y)
                members.append(y)
    inside = np.array(sorted(members))
    place = np.full(action.order, -1, dtype=np.int64)
    place[inside] = np.arange(len(inside))
    products = np.stack([[place[int(action.right(int(y))[h])] for y in inside] for h in chosen])
    found = RegularAction.from_images(products)
    return found, inside[found.labels]


def induce(action: RegularAction, representation: FloatRepresentation, subgroup: np.ndarray) -> FloatRepresentation:
    """Ind_H^G: R(g) (t_j (x) v) = t_i (x) sigma(h) v where g t_j = t_i h.

    Args:
        action: G.
        representation: Of H, over the action that :func:`subgroup_action` gives.
        subgroup: The elements of H in the numbers of G, in the order of that action,
            from the same call.

    Raises:
        NotARepresentation: as many elements as H has were not given.

    >>> action = RegularAction.from_images(np.array([[1, 2, 3, 0]]))
    >>> half, members = subgroup_action(action, [2])
    >>> induce(action, FloatRepresentation.trivial(half), members).degree  # the index
    2
    """
    if len(subgroup) != representation.action.order or int(subgroup[0]) != 0:
        raise NotARepresentation(
            f"Expected the {representation.action.order} elements of the subgroup, the identity first, got {len(subgroup)}."
        )
    coset, factor = (np.full(action.order, -1, dtype=np.int64) for _ in range(2))
    rights = [action.right(int(h)) for h in subgroup]
    transversal: list[int] = []
    for x in range(action.order):
        if coset[x] < 0:
            for k, right in enumerate(rights):
                coset[right[x]], factor[right[x]] = len(transversal), k
            transversal.append(x)
    m, w = len(transversal), representation.degree
    sigma = representation.matrices
    out = torch.zeros(len(action.images), m, w, m, w, dtype=sigma.dtype, device=sigma.device)
    for j, image in enumerate(action.images):
        moved = image[transversal]
        out[j, torch.as_tensor(coset[moved]), :, torch.arange(m), :] = sigma[torch.as_tensor(factor[moved])]
    return FloatRepresentation(action, out.reshape(-1, m * w, m * w))
