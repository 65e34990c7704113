"""Whatever the messages do, every check lands exactly once, and a lost one is made again and counted."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any, ClassVar

import pytest

from proofs_checks.errors import InputError
from proofs_checks.run import checks
from proofs_checks.run.executors import remote_plan
from proofs_checks.run.executors.remote_plan import TRIES, Lost
from proofs_checks.run.interactive import Catalogue
from proofs_checks.run.workers import Plan, Shard

CLAIM = "hybrid.chain-rule"
PLAN = Plan([Catalogue()[CLAIM]], "quick", 0, "cpu")
Fault = Callable[[int, int, Any], list[Any]]


class Wire:
    """A transport in this process whose ``fault(number, attempt, answer)`` says what arrives in place of an answer."""

    threads = 1
    memory: ClassVar[dict[str, Any]] = {}

    def __init__(self, fault: Fault) -> None:
        self.fault, self.out, self.attempts, self.closed = fault, deque(), Counter(), False

    def submit(self, number: int, function: Callable[[Any], Any], argument: Any) -> None:
        self.attempts[number] += 1
        key = str(argument["task"])
        if key not in self.memory:
            self.memory[key] = function(argument)
        arriving = self.fault(number, self.attempts[number], deepcopy(self.memory[key]))
        self.out.extend((number, answer) for answer in arriving)

    def answers(self) -> Iterator[tuple[int, Any]]:
        yield self.out.popleft()

    def take_reassigned(self) -> list[int]:
        return []

    def close(self) -> None:
        self.closed = True


def carried(fault: Fault, plan: Plan = PLAN) -> tuple[list[dict[str, Any]], Counter[str], Wire]:
    wire = Wire(fault)
    events = list(remote_plan.run(plan, wire))
    assert wire.closed
    return [event.record for event in events if event.record], Counter(event.kind for event in events), wire


def sound(number: int, attempt: int, answer: Any) -> list[Any]:
    return [answer]


@cache
def undisturbed() -> str:
    return checks.digest(carried(sound)[0])


def lost_once(number: int, attempt: int, answer: Any) -> list[Any]:
    return [Lost("its worker was killed")] if attempt == 1 else [answer]


def twice(number: int, attempt: int, answer: Any) -> list[Any]:
    return [answer, answer]


def late(number: int, attempt: int, answer: Any) -> list[Any]:
    return [Lost("given up"), answer] if attempt == 1 else [answer]


def cut(number: int, attempt: int, answer: Any) -> list[Any]:
    return [[["record", {"claim": CLAIM}]]] if attempt == 1 else [answer]


def empty(number: int, attempt: int, answer: Any) -> list[Any]:
    return [[]] if attempt == 1 else [answer]


def of_another_task(number: int, attempt: int, answer: Any) -> list[Any]:
    answer = deepcopy(answer)
    if attempt == 1:
        answer[0][1]["control"] = "swapped"
    return [answer]


@pytest.mark.parametrize("fault", [lost_once, twice, late, cut, empty, of_another_task])
def test_every_check_lands_once_whatever_arrives(fault: Fault) -> None:
    records, kinds, _ = carried(fault)
    assert len({checks.key_of(record) for record in records}) == len(records)
    assert checks.digest(records) == undisturbed()
    assert kinds["done"] == len(PLAN.tasks())
    if fault in (lost_once, cut, empty, of_another_task):
        assert kinds["again"] == len(PLAN.tasks())


def test_a_piece_that_never_comes_back_is_an_error_and_costs_that_task_alone() -> None:
    records, kinds, wire = carried(lambda number, _, answer: [Lost("no memory")] if number == 0 else [answer])
    assert wire.attempts[0] == TRIES
    assert kinds["lost"] == 1
    [error] = [record for record in records if record["verdict"]["status"] == "ERRORED"]
    assert error["verdict"]["why"] == "no memory"


def test_a_refusal_is_not_tried_again() -> None:
    _, kinds, wire = carried(lambda number, _, answer: [Lost("no such file", fatal=True)] if number == 0 else [answer])
    assert (wire.attempts[0], kinds["again"]) == (1, 0)


def test_workers_with_other_code_are_refused() -> None:
    def other(number: int, attempt: int, answer: Any) -> list[Any]:
        for _, record in answer:
            record["code"] = "0" * 64
        return [answer]

    with pytest.raises(InputError, match=r"run other code of hybrid\.chain-rule \(000000000000\)"):
        carried(other)


@pytest.mark.parametrize("of", [1, 2, 5])
def test_shards_are_a_partition_of_the_tasks(of: int) -> None:
    dealt = [
        task for k in range(1, of + 1) for task in Plan(PLAN.claims, "quick", 0, "cpu", shard=Shard(k, of)).tasks()
    ]
    assert sorted(map(str, dealt)) == sorted(map(str, PLAN.tasks()))
