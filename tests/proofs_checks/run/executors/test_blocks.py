"""Blocks of one large computation on a transport: in order, the same numbers, a lost one given out again."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import networkx
import pytest
import torch

from numerics.hyperbolic.sarkar_all_pairs import all_pairs
from numerics.hyperbolic.sarkar_trees import tree_from_parents
from numerics.hyperbolic.tree_frames import plant
from numerics.statistics.mmd import GaussianKernel, unbiased_mmd2
from numerics.streams import Stream
from proofs_checks import audit, exits
from proofs_checks.cli import main
from proofs_checks.errors import InputError, PrealityError
from proofs_checks.inputs.code_files import run_file
from proofs_checks.run.executors import executor
from proofs_checks.run.executors.blocks import blocks_on
from proofs_checks.run.executors.remote_plan import Lost

PARENTS = [0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 5, 7, 7, 8, 10, 10, 11]


class Wire:
    """A transport in this process: answers come last first; some calls are lost as often as ``losses`` says."""

    threads = 1

    def __init__(self, window: int = 3, losses: dict[int, int] | None = None, *, fatal: bool = False) -> None:
        self.window, self.losses, self.fatal = window, dict(losses or {}), fatal
        self.out: list[tuple[int, Callable[[Any], Any], Any]] = []
        self.most, self.closed = 0, False

    def submit(self, number: int, function: Callable[[Any], Any], argument: Any) -> None:
        self.out.append((number, function, argument))
        self.most = max(self.most, len(self.out))

    def answers(self) -> Iterable[tuple[int, Any]]:
        number, function, argument = self.out.pop()
        if self.losses.get(number, 0):
            self.losses[number] -= 1
            return [(number, Lost("the machine is gone", self.fatal))]
        return [(number, function(argument)), (number, "a twin that comes late")]

    def take_reassigned(self) -> Sequence[int]:
        return []

    def close(self) -> None:
        self.closed = True


def square(x: int) -> int:
    return x * x


def test_results_come_in_order_and_few_blocks_are_out() -> None:
    wire = Wire(window=3)
    with blocks_on(wire) as over:
        assert list(over(square, range(20))) == [k * k for k in range(20)]
        assert list(over(square, [])) == []
        assert list(over(square, range(5))) == [0, 1, 4, 9, 16]  # and again on the same
    assert wire.most == 3
    assert wire.closed


def test_a_lost_block_is_given_out_again() -> None:
    with blocks_on(Wire(losses={0: 2, 4: 1})) as over:
        assert list(over(square, range(6))) == [0, 1, 4, 9, 16, 25]


@pytest.mark.parametrize(("fatal", "times"), [(False, 3), (True, 1)])
def test_a_block_that_never_comes_back_says_why(fatal: bool, times: int) -> None:
    wire = Wire(losses={1: 9}, fatal=fatal)
    with pytest.raises(PrealityError, match=f"lost {times} times: the machine is gone"), blocks_on(wire) as over:
        list(over(square, range(3)))
    assert wire.closed


def test_what_cannot_travel_is_refused_with_what_to_do() -> None:
    with pytest.raises(PrealityError, match="Leave out over="), blocks_on(Wire()) as over:
        list(over(square, [threading.Lock()]))


def test_code_of_a_file_travels_by_value(tmp_path: Path) -> None:
    """The other side has no such file."""
    path = tmp_path / "model.py"
    path.write_text("def double(x):\n    return factor * x\nfactor = 2\n", encoding="utf-8")
    function = run_file(path, what="audit file").double
    wire = Wire()
    with blocks_on(wire) as over:
        assert list(over(function, [1, 2])) == [2, 4]
        assert list(over(function, [3])) == [6]


def equal(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)  # every digit


@pytest.mark.parametrize("shares", [1, 2, 5, 64])
def test_all_pairs_in_shares_are_all_pairs(shares: int) -> None:
    planted = plant(tree_from_parents(PARENTS), 0.7)
    whole = all_pairs(planted, scale=0.7, tile=4)
    with blocks_on(Wire()) as over:
        assert equal(all_pairs(planted, scale=0.7, tile=4, shares=shares, over=over), whole)
    with pytest.raises(ValueError, match="at least one share"):
        all_pairs(planted, scale=0.7, shares=0)


def test_mmd_in_blocks_is_mmd() -> None:
    x, y = Stream(1).normal(150, 3), Stream(2).normal(131, 3) + 0.2
    kernel = GaussianKernel(1.3)
    with blocks_on(Wire()) as over:
        assert equal(unbiased_mmd2(x, y, kernel, tile=16, over=over), unbiased_mmd2(x, y, kernel, tile=16))
    k = kernel(x, y), kernel(x, x), kernel(y, y)
    plain = (k[1].sum() - 150) / (150 * 149) + (k[2].sum() - 131) / (131 * 130) - 2 * k[0].mean()
    assert unbiased_mmd2(x, y, kernel, tile=16).squared == pytest.approx(float(plain), abs=1e-12)


def test_a_stream_travels_where_it_stands() -> None:
    stream = Stream(7)
    stream.normal(3)
    twin, copied = pickle.loads(pickle.dumps(stream)), copy.deepcopy(stream)
    expected = stream.normal(4)
    assert torch.equal(twin.normal(4), expected)
    assert torch.equal(copied.normal(4), expected)


def decoder(z: torch.Tensor) -> torch.Tensor:
    return torch.stack([z[:, 0], z[:, 1], z.sum(1).tanh()], 1)


SMALL = {"samples": 2000, "chains": 2, "calls": 30, "points": 24, "tile": 30}


def audits(over: Any) -> list[Any]:
    """The three audits whose large part travels, small."""
    graph = networkx.random_labeled_rooted_tree(40, seed=3).to_undirected()
    data = decoder(Stream(3).normal(24, 2)) + 0.1 * Stream(4).normal(24, 3)
    found = [
        audit.embedding(graph, sarkar=2.0, over=over),
        audit.fit(Stream(1).normal(900, 2), Stream(2).normal(900, 2), permutations=99, over=over),
        audit.rate_distortion(decoder, 2, data, over=over, **SMALL),
    ]
    return [[(finding.name, str(finding.status), finding.text) for finding in report.findings] for report in found]


@pytest.mark.alone
def test_three_audits_on_dask_find_what_they_find_here() -> None:
    """Four real worker processes; the fit's MMD takes all points, which are as many here."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'preality[dask]'")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        here = audits(map)
        with executor("dask", jobs=4).blocks() as over:
            assert audits(over) == here
    finally:
        torch.set_num_threads(threads)


@pytest.mark.alone
@pytest.mark.filterwarnings("ignore")  # submitit's own
def test_an_audit_on_jobs_of_submitit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'preality[slurm]'")
    monkeypatch.chdir(tmp_path)
    edges = tmp_path / "edges.txt"
    edges.write_text("".join(f"{k} {p}\n" for k, p in enumerate(PARENTS) if k), encoding="utf-8")
    where = ["--executor", "slurm", "--jobs", "2", "--slurm", "cluster=local"]
    assert main(["audit", "embedding", str(edges), "--sarkar", "2.0"]) == exits.HOLDS
    here = capsys.readouterr().out
    assert main(["audit", "embedding", str(edges), "--sarkar", "2.0", *where]) == exits.HOLDS
    assert capsys.readouterr().out == here


def test_an_audit_without_a_part_that_travels_says_so(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("0,1\n1,0\n", encoding="utf-8")
    from proofs_checks.cli.audit_command import audit as command

    with pytest.raises(InputError, match="group audit has no part for --executor dask"):
        command("group", table, executor="dask")
