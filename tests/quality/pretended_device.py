"""Tests of the numeric floor on groups as on an accelerator, without one (run by test_pretended_device.py): a pretended device whose tensors refuse to meet the CPU's, as CUDA's do.

A tensor of device "pretend:0" holds a CPU tensor inside; every operation runs on that, so that data may steer the flow. Refused are: operations on tensors of
both devices (single numbers, CPU indices and copies excepted, as on CUDA), products of integer matrices, and ``numpy()`` before ``cpu()``. Speed, streams and libraries of a real
device are not pretended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from numerics.representations import compact as haar
from numerics.representations.averaging import permutation_matrices
from numerics.representations.batch import decompose_batch
from numerics.representations.decomposition import decompose
from numerics.representations.irreps import assemble
from numerics.representations.regular_action import RegularAction, discover
from numerics.representations.representation import FloatRepresentation, induce, subgroup_action
from numerics.streams import Stream
from proofs_checks import kernel
from proofs_checks.catalogue.groups import (
    d4,
    d4_irreps,
    equivalence,
    maschke,
    numerical_decomposition,
    orthogonal_complement,
    peter_weyl,
)
from proofs_checks.kernel import Status

_setup_privateuseone_for_python_backend("pretend")
DEVICE = torch.device("pretend:0")
CROSSING = ("aten._to_copy.default", "aten.copy_.default", "aten._local_scalar_dense.default")
PRODUCTS = tuple(
    f"aten.{kind}.default" for kind in ("mm", "bmm", "addmm", "baddbmm", "mv", "dot")
)  # of integers: none on CUDA
INDEXED = ("aten.index.Tensor", "aten.index_put_.default", "aten.index_put.default", "aten._index_put_impl_.default")


class Remote(torch.Tensor):
    """A tensor of the pretended device."""

    inner: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> Remote:
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype, device=DEVICE
        )  # fmt: skip
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return remotely(func, args, kwargs or {})


def inside(value: Any) -> Any:
    return value.inner if isinstance(value, Remote) else value


def remotely(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = str(func)
    tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, torch.Tensor)]
    if name in INDEXED:  # indices may stay behind, the other way round they may not
        tensors = [args[0], *(t for t in args[2:3] if isinstance(t, torch.Tensor))] + [
            t for t in args[1] if isinstance(t, Remote)
        ]
    here = [t for t in tensors if not isinstance(t, Remote) and t.ndim]
    there = [t for t in tensors if isinstance(t, Remote)]
    if here and there and name not in CROSSING:
        raise RuntimeError(
            f"{name} got tensors on {DEVICE} and on the CPU, of shapes {[tuple(t.shape) for t in tensors]}."
        )
    if name in PRODUCTS and there and not (there[0].is_floating_point() or there[0].is_complex()):
        raise RuntimeError(f"{name} is not implemented for {there[0].dtype} on {DEVICE}.")
    if name == "aten._conj.default" and there:  # the lazy bit is not seen below this level
        return Remote(torch.complex(args[0].inner.real.clone(), -args[0].inner.imag))
    asked = kwargs.get("device")
    if asked is not None and torch.device(asked).type == "pretend":
        kwargs = {**kwargs, "device": "cpu"}
        away = True
    else:
        away = asked is None and bool(there)
    out = func(*tree_map(inside, args), **tree_map(inside, kwargs))
    if name.split(".")[1].endswith("_"):
        return args[0]
    return tree_map(lambda t: Remote(t) if isinstance(t, torch.Tensor) else t, out) if away else out


class _Operations(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return remotely(func, args, kwargs or {})


class _Functions(TorchFunctionMode):
    """What does not come down to operations: tensors made of Python's numbers, and back."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if (
            func in (torch.tensor, torch.as_tensor)
            and kwargs.get("device") is not None
            and not isinstance(args[0], Remote)
        ):
            device = kwargs.pop("device")
            return func(*args, **kwargs).to(device)
        if func is torch.Tensor.tolist:
            return inside(args[0]).tolist()
        return func(*args, **kwargs)


@contextmanager
def pretending() -> Iterator[None]:
    with _Operations(), _Functions():
        yield


def stream(seed: int) -> Stream:
    return Stream(seed, device=DEVICE)


S4 = torch.tensor([[1, 0, 2, 3], [1, 2, 3, 0]])
Q8 = torch.tensor([[2, 3, 1, 0, 6, 7, 5, 4], [4, 5, 7, 6, 1, 0, 2, 3]])


def known(points: torch.Tensor) -> tuple[RegularAction, torch.Tensor]:
    action = discover(permutation_matrices(points).to(torch.float64), Stream(0))
    return action, permutation_matrices(torch.as_tensor(action.images)).to(torch.float64)


def remote(found: Any) -> None:
    assert found.decided, found.why
    assert found.basis.device == DEVICE
    assert all(i.matrices.device == DEVICE for i in found.irreps)


@pytest.mark.parametrize(
    "mixed",
    [
        lambda there, here: there @ here, lambda there, here: there + here, lambda there, here: torch.cat([there, here]), lambda there, here: here[there.long()],
        lambda there, here: there.long() @ there.long(), lambda there, here: there.numpy(), lambda there, here: there.index_put((torch.tensor([0]),), here[0]),
    ],
)  # fmt: skip
def test_the_pretended_device_refuses_what_a_device_refuses(mixed: Callable[[torch.Tensor, torch.Tensor], Any]) -> None:
    with pretending():
        here = torch.eye(3, dtype=torch.float64)
        there = here.to(DEVICE)
        assert there.device == DEVICE
        assert float((there @ torch.eye(3, dtype=torch.float64, device=DEVICE))[1, 1]) == 1
        assert torch.equal((2 * there)[torch.tensor([0, 1])].cpu(), 2 * here[:2])
        with pytest.raises(RuntimeError, match=r"pretend:0|numpy"):
            mixed(there, here)


def test_single_precision_stays_on_its_device() -> None:
    action, R = known(Q8)
    with pretending():
        remote(decompose(R.to(torch.complex64).to(DEVICE), stream(1), action=action))


@pytest.mark.parametrize("field", ["complex", "real"])
def test_decompositions_stay_on_their_device(field: str) -> None:
    action, R = known(Q8)
    S = Stream(3).normal(*R.shape[1:]) + 4 * torch.eye(len(R[0]), dtype=torch.float64)
    R = torch.linalg.solve(S, R @ S)
    with pretending():
        remote(decompose(R.to(DEVICE), stream(1), field=field))
        remote(decompose(R.to(DEVICE), Stream(1), field=field, action=action))
        bad = decompose(2 * R.to(DEVICE), stream(1), action=action, field=field)
        assert "determinant" in bad.why
        assert bad.basis.device == DEVICE


def test_decompositions_without_a_group_stay_on_their_device() -> None:
    with pretending():
        found = decompose(permutation_matrices(torch.tensor([[1, 2, 0]])).to(DEVICE, torch.float64), stream(1), limit=2)
        remote(found)
        assert found.order is None


@pytest.mark.parametrize("field", ["complex", "real"])
def test_batches_stay_on_their_device(field: str) -> None:
    action, R = known(Q8)
    S = Stream(3).normal(4, *R.shape[1:]) + 4 * torch.eye(8, dtype=torch.float64)
    R = torch.linalg.solve(S[:, None], R @ S[:, None])
    R[2] = 2 * R[2]
    with pretending():
        found = decompose_batch(R.to(DEVICE), stream(1), action, field=field)
        assert found.decided == (True, True, False, True), found.why
        assert {found.basis.device, found.residual.device} == {DEVICE}


def test_constructions_stay_on_their_device() -> None:
    action, R = known(S4)
    with pretending():
        whole = FloatRepresentation(action, R.to(DEVICE))
        natural = FloatRepresentation.permutation(action, S4.to(DEVICE))
        both = natural.tensor(natural).sum(
            natural.dual(), natural.change_basis(2 * torch.eye(4, dtype=torch.float64, device=DEVICE))
        )
        assert both.generators.device == whole.matrices.device == DEVICE
        assert whole.defect() == 0
        assert round(natural.inner(whole).real) == 4
        part = natural.restrict([int(action.generators[0])])
        sub, members = subgroup_action(action, [int(action.generators[0])])
        induced = induce(action, FloatRepresentation(sub, part.generators), np.asarray(members))
        assert induced.generators.device == DEVICE
        remote(both.decompose(stream(2)))
        remote(induced.decompose(stream(2)))
        table = torch.tensor([[0, 1], [1, 0]])
        signs = torch.tensor([[[1.0]], [[-1.0]]], dtype=torch.float64).to(DEVICE)
        remote(FloatRepresentation.from_elements(signs, table).decompose(stream(0)))
        assert assemble([signs], [2]).device == DEVICE


@pytest.mark.parametrize("group", haar.GROUPS)
def test_haar_means_stay_on_their_device(group: str) -> None:
    with pretending():
        angles, nodes = haar.product_rule(group, 2)
        exact = haar.product_means(group, 2, angles, nodes, stream(0))
        drawn = haar.random_means(group, 2, 300, stream(0), tile=128)
        for gram in (exact, drawn):
            assert gram.means.device == DEVICE
        assert float((exact.means - haar.schur(group, 2, exact.means)).abs().max()) <= sum(exact.terms.values())


PAGES = [d4, d4_irreps, equivalence, maschke, numerical_decomposition, orthogonal_complement, peter_weyl]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.__name__.rpartition(".")[2])
def test_the_numeric_routes_hold_on_a_device(page: Any) -> None:
    with pretending():
        case = min(page.cases["numeric"].always[1:], key=lambda case: case.get("d", 0))
        verdict = kernel.judge(page.numeric(case, stream(0)), route="numeric", case=case)
        assert verdict.status is Status.HOLDS, verdict.why
