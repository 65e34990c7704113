"""Copies of a user's object in float64, so that an audit can call it without changing
it.

Parameters, buffers, mode and random state of the object stay as they were, bit for bit:
what is called is a deep copy, made in a context that puts the random states back.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import random
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Transform
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch.overrides import TorchFunctionMode

from proofs_checks.errors import InputError
from proofs_checks.inputs.calls import CALL_ERRORS

WIDE = {torch.float16: torch.float64, torch.bfloat16: torch.float64, torch.float32: torch.float64}
WIDE |= {torch.complex32: torch.complex128, torch.complex64: torch.complex128}
_ATOMS = (type, types.ModuleType, types.BuiltinFunctionType, types.CodeType, types.GetSetDescriptorType, str, bytes)
_ATOMS += (int, float, complex, bool, type(None), torch.dtype, torch.device, torch.Size, np.ndarray, np.generic)


def deep_copy(source: Any, *, wide: bool = True, what: str = "") -> Any:
    """A deep copy of an object, of every tensor in it, and of the modules that its
    functions mention.

    Args:
        source: A module, a distribution, a transform, a function (with its closure and
            the modules among its globals), or containers of these.
        wide: Whether floating tensors become float64 in the copy; their own precision
            otherwise. what: How messages call it.
    Raises:
        InputError: the object holds what cannot be copied, such as an open file or a
            lock.
    """
    memo: dict[int, Any] = {}
    kept: list[Any] = [source]  # ids in the memo stay those of living objects
    cells: list[tuple[types.FunctionType, types.FunctionType]] = []
    _prefill(source, memo, kept, cells, wide)
    try:
        made = copy.deepcopy(source, memo)
        for function, twin in cells:
            _fill(function, twin, memo)
    except (*CALL_ERRORS, RecursionError, copy.Error) as error:
        line = str(error).splitlines()[0] if str(error) else "no message"
        raise InputError(
            f"{what or type(source).__name__} cannot be copied ({type(error).__name__}: {line}), and an audit never calls a user's own object. "
            "Hand over the part that holds the model, a module or a distribution."
        ) from error
    return made


def _prefill(source: Any, memo: dict[int, Any], kept: list[Any], cells: list[Any], wide: bool) -> None:
    """Put a copy of every tensor and the shell of every function that can be reached
    into ``memo``."""
    waiting, seen = [source], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, _ATOMS):
            continue
        seen.add(id(value))
        if isinstance(value, Tensor):
            memo[id(value)] = _tensor(value, wide)
            kept.append(value)
        elif isinstance(value, types.FunctionType):
            mentioned = _mentioned(value)
            if any(_holds_tensors(part) for part in mentioned.values()):
                memo[id(value)] = twin = _shell(value)
                kept.append(value)
                cells.append((value, twin))
                waiting += mentioned.values()
        else:
            waiting += gc.get_referents(value)


def _tensor(value: Tensor, wide: bool) -> Tensor:
    if isinstance(value, (UninitializedParameter, UninitializedBuffer)):
        raise InputError(
            "A lazy layer has no weights yet: they are made by its first call. Call the model once on a batch of training data, then audit it."
        )
    if value.is_meta:
        raise InputError("The weights are on the meta device, where tensors hold no numbers. Load them first.")
    dtype = WIDE.get(value.dtype, value.dtype) if wide else value.dtype
    made = value.detach().to(dtype, copy=True)
    if isinstance(value, nn.Parameter):
        return nn.Parameter(made, requires_grad=value.requires_grad)
    return made.requires_grad_(value.requires_grad and made.is_floating_point())


def _mentioned(function: types.FunctionType) -> dict[str, Any]:
    """What a function refers to by name: its closure, its defaults, and the globals of
    its file that its code names."""
    found: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # a cell that is still empty
            found[f"cell {name}"] = cell.cell_contents
    for k, value in enumerate(function.__defaults__ or ()):
        found[f"default {k}"] = value
    for name, value in (function.__kwdefaults__ or {}).items():
        found[f"keyword {name}"] = value
    for name in _names(function.__code__):
        if name in function.__globals__ and name not in ("__builtins__",):
            found[f"global {name}"] = function.__globals__[name]
    return found


def _names(code: types.CodeType) -> set[str]:
    return set(code.co_names).union(*(_names(part) for part in code.co_consts if isinstance(part, types.CodeType)))


def _holds_tensors(value: Any, depth: int = 3) -> bool:
    """Whether a value that a function mentions may carry weights."""
    if isinstance(value, (Tensor, nn.Module, Distribution, Transform)):
        return True
    if isinstance(value, _ATOMS) or depth == 0:
        return False
    if isinstance(value, types.FunctionType):
        return any(_holds_tensors(part, depth - 1) for part in _mentioned(value).values())
    if isinstance(value, types.MethodType):
        return _holds_tensors(value.__self__, depth - 1)
    if isinstance(value, dict):
        return any(_holds_tensors(part, depth - 1) for part in list(value.values())[:64])
    if isinstance(value, (list, tuple)):
        return any(_holds_tensors(part, depth - 1) for part in value[:64])
    return hasattr(value, "__dict__") and any(_holds_tensors(part, depth - 1) for part in vars(value).values())


def _shell(function: types.FunctionType) -> types.FunctionType:
    """A function of the same code with empty cells and globals of its own, to be
    filled."""
    cells = tuple(types.CellType() for _ in function.__closure__ or ())
    twin = types.FunctionType(
        function.__code__, dict(function.__globals__), function.__name__, function.__defaults__, cells or None
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__qualname__, twin.__module__ = function.__qualname__, function.__module__
    twin.__dict__.update(function.__dict__)
    return twin


def _fill(function: types.FunctionType, twin: types.FunctionType, memo: dict[int, Any]) -> None:
    for cell, own in zip(function.__closure__ or (), twin.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):
            own.cell_contents = copy.deepcopy(cell.cell_contents, memo)
    twin.__defaults__ = copy.deepcopy(function.__defaults__, memo)
    twin.__kwdefaults__ = copy.deepcopy(function.__kwdefaults__, memo)
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if _holds_tensors(value):
            twin.__globals__[name] = copy.deepcopy(value, memo)


# -- state ------------------------------------------------------------------------------------------------------------------


def reachable(source: Any) -> Iterator[Any]:
    """Every object that can be reached from one, each once, what holds others first;
    functions through what they mention."""
    waiting, seen = [source], set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, _ATOMS):
            continue
        seen.add(id(value))
        yield value
        if isinstance(value, types.FunctionType):
            waiting += [part for part in _mentioned(value).values() if _holds_tensors(part)]
        elif not isinstance(value, Tensor):
            waiting += gc.get_referents(value)


def modules_of(source: Any) -> list[nn.Module]:
    """Every module that can be reached from an object."""
    return [part for part in reachable(source) if isinstance(part, nn.Module)]


def state_of(source: Any) -> dict[str, Tensor]:
    """Parameters and buffers of every module that can be reached, by name; not
    copied."""
    found = {}
    for k, module in enumerate(modules_of(source)):
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        found |= {f"{k} {type(module).__name__}.{name}": value for name, value in own}
    return found


def solver_tolerance(source: Any) -> float:
    """The largest atol or rtol that an object in the flow carries: it solves an
    equation by steps of that accuracy."""
    found = 0.0
    for part in reachable(source):
        own = getattr(part, "__dict__", None)
        if not isinstance(own, dict):
            continue
        for value in (own.get(name) for name in ("atol", "rtol", "tol")):
            if isinstance(value, float) and 0 < value < 0.1:
                found = max(found, value)
    return found


@contextlib.contextmanager
def random_states_kept(seed: int | None = None) -> Iterator[None]:
    """Put the random states of torch, NumPy and Python back at the end; with ``seed``,
    start from it."""
    python, numpy = random.getstate(), np.random.get_state()
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices=devices):
            if seed is not None:
                torch.manual_seed(seed % 2**63)
                np.random.seed(seed % 2**32)
                random.seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


_DRAWN = {torch.rand, torch.randn, torch.empty, torch.zeros, torch.ones, torch.eye, torch.empty_strided}
_FROM_VALUES = {
    torch.tensor,
    torch.as_tensor,
    torch.full,
    torch.linspace,
    torch.logspace,
    torch.arange,
    torch.scalar_tensor,
}
_FROM_VALUES |= {torch.normal}


class Float64Factories(TorchFunctionMode):
    """Inside, tensors that a model makes without naming a dtype are float64; torch's
    global default stays as it is.

    A float64 copy whose code says ``torch.zeros(n)`` would otherwise add its
    log-determinants up in float32.
    """

    def __torch_function__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Give factories their dtype."""
        kwargs = kwargs or {}
        if function in _DRAWN and kwargs.get("dtype") is None and kwargs.get("out") is None:
            return function(*args, **{**kwargs, "dtype": torch.float64})
        made = function(*args, **kwargs)
        if function in _FROM_VALUES and kwargs.get("dtype") is None and made.dtype == torch.float32:
            given = [*args[:1], *([kwargs["data"]] if "data" in kwargs else [])]
            if not any(isinstance(part, (Tensor, np.ndarray)) for part in given):
                return function(*args, **{**kwargs, "dtype": torch.float64})
        return made


class _Counted(TorchFunctionMode):
    """Counts the calls to torch that are made inside."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __torch_function__(self, function: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls += 1
        return function(*args, **(kwargs or {}))


def operations(call: Callable[[], Any]) -> int:
    """How many calls to torch a function makes: an inverse that iterates makes many
    times those of the map."""
    with _Counted() as counted:
        call()
    return counted.calls
