"""Maps with a triangular Jacobian: log-determinants from the diagonal of the map as
evaluated, and a probe of the triangle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def triangular_log_det(
    transport: Callable[[Tensor], Tensor], x: Tensor, *, active: Sequence[int] | None = None
) -> Tensor:
    r"""log |det df/dx| of a map with a triangular Jacobian, from the map as evaluated.

    .. math:: \log|\det J| = \sum_{k \in \mathrm{active}} \log|\partial f_k/\partial x_k|

    Args:
        transport: Maps ``(N, D)`` to ``(N, D)``, row by row, differentiable by
            autograd; each output depends on one row.
        x: Points ``(N, D)``.
        active: Coordinates that the map changes; all when omitted. The others have to
            be returned bit for bit, which makes their rows of the Jacobian those of the
            identity; it is checked at these points.
    Returns:
        Shape ``(N,)``. One backward pass for each active coordinate, instead of D
        passes and a factorisation.
    Raises:
        ValueError: a passive coordinate was changed; ``transport`` gave another shape
            or was cut off from autograd.
    Accuracy:
        That of the map's own differentiation. Triangularity itself is the caller's to
        know; see
        :func:`triangularity_defect` for a probe.

    >>> x = torch.ones(1, 2, dtype=torch.float64)
    >>> round(float(triangular_log_det(lambda x: torch.stack([3 * x[:, 0], x[:, 0] * x[:, 1]], 1), x).exp()), 12)
    3.0
    """
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        y = transport(leaf)
    if y.shape != x.shape:
        raise ValueError(f"Expected a map from (N, D) to the same shape {tuple(x.shape)}, got {tuple(y.shape)}.")
    chosen = range(x.shape[1]) if active is None else active
    passive = [k for k in range(x.shape[1]) if k not in set(chosen)]
    if passive and not torch.equal(y.detach()[:, passive], x[:, passive]):
        raise ValueError(
            f"Expected coordinates {passive[:8]} to be returned unchanged, but the map changes them. Name them in active=."
        )
    total = torch.zeros(x.shape[0], dtype=x.dtype, device=x.device)
    for place, k in enumerate(chosen):
        grad = gradient(y[:, k], leaf, retain=place + 1 < len(chosen))
        total = total + grad[:, k].abs().log()
    return total


def triangularity_defect(transport: Callable[[Tensor], Tensor], x: Tensor, covectors: Tensor) -> Tensor:
    """Largest entry of ``w J`` beyond the last nonzero entry of ``w``: anything but 0
    shows that a map is not lower triangular.

    Args:
        covectors: Shape ``(m, D)``, each with trailing zeros: a combination of the
            first coordinates of f depends on those of x alone.
    Returns:
        Shape ``(N,)``.

    >>> triangularity_defect(lambda x: x.cumsum(1), torch.ones(1, 2), torch.tensor([[1.0, 0.0]]))
    tensor([0.])
    """
    leaf = x.detach().requires_grad_()
    with torch.enable_grad():
        y = transport(leaf)
    worst = torch.zeros(x.shape[0], dtype=x.dtype, device=x.device)
    for w in covectors:
        beyond = torch.cumsum(w.abs().flip(0), 0).flip(0) == 0
        grad = gradient(y @ w, leaf, retain=True)
        worst = torch.maximum(worst, (grad.abs() * beyond).amax(1))
    return worst


def gradient(value: Tensor, leaf: Tensor, *, retain: bool = False) -> Tensor:
    """Derivatives of the entries of ``value``, each of one row of ``leaf``.

    Args:
        value: Shape ``(N,)`` or that of ``leaf``. leaf: Shape ``(N, ...)``, requiring a
            gradient. retain: Keep the graph for another pass.
    Returns:
        The shape of ``leaf``.
    Raises:
        ValueError: autograd was cut off.

    >>> leaf = torch.tensor([[3.0]], requires_grad=True)
    >>> gradient(leaf[:, 0] ** 2, leaf)
    tensor([[6.]])
    """
    if not value.requires_grad:
        raise ValueError(
            "The map is cut off from autograd (detached, or under no_grad), so its Jacobian cannot be taken."
        )
    return torch.autograd.grad(value, leaf, torch.ones_like(value), retain_graph=retain)[0]
