"""What a user may give in place of an entangling map's ingredients: marginals, an
orthogonal matrix, exact rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from torch import Tensor

from numerics.distributions.declared import declared_product
from numerics.distributions.library_marginals import as_product
from numerics.distributions.product import Product
from numerics.latents.entangling import EntanglingMap, check_rotation
from numerics.streams import Stream
from proofs_checks.errors import InputError
from proofs_checks.kernel import Case
from theory.arithmetic.isometries import exact_matrix, preserves

SMALL = 16  # dimensions up to which a user's map is measured at many points


def users_map(marginals: Any, A: Tensor | None, stream: Stream, *, fallback: Callable[[int], Tensor]) -> EntanglingMap:
    """The map of the user's marginals and matrix, each refused by the hypothesis that
    it misses.

    Args:
        marginals: A list of one-dimensional distributions or one torch distribution
            with a batch; None for declared ones.
        A: An orthogonal matrix without zero entries; None for ``fallback(d)``.
        stream: Where declared marginals are drawn from.
    """
    try:
        product: Product | None = None if marginals is None else as_product(marginals)
        d = _dimension(product, A)
        if d < 2:
            raise ValueError(f"Hypothesis 'd >= 2' failed: got d = {d}, where there is nothing to entangle.")
        matrix = fallback(d) if A is None else check_rotation(A)
        product = product or declared_product(("logistic", "exponential", "uniform")[: min(d, 3)], d, stream)
        return EntanglingMap(product, matrix.to(stream.device))
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error


def _dimension(product: Product | None, A: Tensor | None) -> int:
    if product is not None:
        return product.dim
    if A is None:
        raise ValueError("Expected marginals or an orthogonal matrix A, got neither.")
    return len(check_rotation(A))


def points_of(f: EntanglingMap, stream: Stream, size: int) -> Tensor:
    """Points of the product distribution; a user's sampler that leaves the open support
    is refused."""
    try:
        return f.check(f.prior.sample(size, stream).to(f.A.dtype))
    except ValueError as error:
        raise InputError(str(error)) from error


def exact_rotation(rows: Any) -> sympy.Matrix:
    """A user's exact matrix, refused unless it is orthogonal, without zero entries, and
    of at least two dimensions."""
    try:
        matrix = exact_matrix(rows, what="rows")
        orthogonal = preserves(matrix)
    except (TypeError, ValueError) as error:
        raise InputError(str(error)) from error
    if not orthogonal:
        raise InputError(
            "Hypothesis 'A is orthogonal' failed: A^T A differs from I. householder(v) of theory.arithmetic.isometries is orthogonal for every v."
        )
    place = next(((i, j) for i in range(matrix.rows) for j in range(matrix.rows) if matrix[i, j] == 0), None)
    if place is not None:
        raise InputError(
            f"Hypothesis 'A has no zero entry' failed at row {place[0]}, column {place[1]}: f would not mix these coordinates."
        )
    if matrix.rows < 2:
        raise InputError("Hypothesis 'd >= 2' failed: there is nothing to entangle in one dimension.")
    return matrix


def cases_of_maps(*optional: str, families: tuple[str, ...] = ()) -> Callable[..., list[Case]]:
    """A page's ``cases_for``: one case of the dimension of the user's marginals, matrix
    or rows.

    Args:
        optional: Objects that may be given beside marginals and A; ``rows`` alone
            suffices.
        families: Of the marginals where the user gives none, written into the case.
    """

    def cases_for(*, marginals: Any = None, A: Tensor | None = None, **others: Any) -> list[Case]:
        rows = others.get("rows")
        if set(others) - set(optional) or (marginals is None and A is None and rows is None):
            names = " or ".join(["marginals", "A", *(name for name in optional if name == "rows")])
            raise InputError(
                f"Expected {names}, got {', '.join(others) or 'none'}. Controls alone substitute the rest."
            )
        try:
            given = A if A is not None else others.get("rows", ())
            dimension = as_product(marginals).dim if marginals is not None else len(given)
        except (TypeError, ValueError) as error:
            raise InputError(str(error)) from error
        kind = {"families": families[: min(len(families), dimension)]} if families and marginals is None else {}
        return [Case(D=dimension, seed=1, size=20_000 if dimension <= SMALL else 512, **kind)]

    return cases_for
