"""One large computation in blocks, carried out elsewhere: results in the order of the
blocks, a lost block given out again.

What travels is a pure function with its argument, pickled by value where it stems from
a Python file that was handed in or from the interpreter itself; modules that such code
imports have to be installed on the other side.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

from numerics.blocks import Over
from proofs_checks.errors import PrealityError
from proofs_checks.inputs.code_files import modules_of_files
from proofs_checks.run.executors.remote_plan import TRIES, Lost, Transport

__all__ = ["blocks_on", "perform_block"]


@contextmanager
def blocks_on(transport: Transport) -> Iterator[Over]:
    """What hands blocks to a transport, which ends with the context."""
    try:
        yield partial(_in_order, transport)
    finally:
        transport.close()


def perform_block(payload: bytes) -> Any:
    """Carry out a block here, on one thread: sums of several are others."""
    import torch

    torch.set_num_threads(1)
    function, argument = pickle.loads(payload)
    return function(argument)


def _in_order(transport: Transport, function: Callable[[Any], Any], arguments: Iterable[Any]) -> Iterator[Any]:
    """Results of the blocks, of which no more than the transport's window are out at a
    time.

    Raises:
        PrealityError: a block was lost so often that it is given up; why the last time.
    """
    source = enumerate(arguments)
    out: dict[int, bytes] = {}
    tries: dict[int, int] = {}
    landed: dict[int, Any] = {}
    awaited = 0

    def give(count: int) -> None:
        for number, argument in islice(source, count):
            out[number], tries[number] = _pickled(function, argument), 1
            transport.submit(number, perform_block, out[number])

    give(transport.window)
    while out:
        for number, answer in transport.answers():
            if number not in out:  # it landed already: a worker that was given up came back
                continue
            if not isinstance(answer, Lost):
                del out[number]
                landed[number] = answer
                give(1)
            elif answer.fatal or tries[number] >= TRIES:
                raise PrealityError(f"A block of the work was lost {tries[number]} times: {answer.why}")
            else:
                tries[number] += 1
                transport.submit(number, perform_block, out[number])
        while awaited in landed:
            yield landed.pop(awaited)
            awaited += 1


def _pickled(function: Callable[[Any], Any], argument: Any) -> bytes:
    import cloudpickle  # Dask and submitit bring it

    for module in modules_of_files():
        cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps((function, argument))
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        raise PrealityError(
            f"What has to travel to the workers cannot be pickled: {error}. Leave out over=, or hand in objects without open files, "
            "locks or generators."
        ) from None
