"""Trees in hyperbolic space, in one run with the peers: all pairs of WordNet, scipy and geoopt beside it, balls, four-point delta.

Data are the edge lists of Sala et al. 2018 in ../shared/data; tests that need them skip where that folder is absent. Limits: WordNet (2.77e9 pairs, Sarkar at tau = 24)
within 120 s on two cores and 2 GB; twenty times scipy + geoopt on 4,000 vertices; 1e5 pairs within the derived bound of 3,000-bit balls; delta of 500 vertices within 20 s.
"""

from __future__ import annotations

import json
import math
import os
import random
import resource
import time
from pathlib import Path
from typing import Any

import networkx
import pytest
import torch
from flint import acb, arb, ctx

from numerics.hyperbolic.four_points import four_point_delta
from numerics.hyperbolic.graph_fidelity import adjacency
from numerics.hyperbolic.sarkar_all_pairs import all_pairs, rectangles
from numerics.hyperbolic.sarkar_trees import Tree, rooted_tree, sarkar
from numerics.hyperbolic.tree_frames import plant
from proofs_checks.claim.provenance import processor, versions

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
RESULTS = Path(__file__).parent / "results" / "hyperbolic-trees.json"
WORDNET_SECONDS, WORDNET_GIGABYTES, TIMES_FASTER, DELTA_SECONDS = 120, 2, 20, 20
CORES = len(os.sched_getaffinity(0))


def breadth_first(name: str) -> Tree:
    """The breadth-first tree of a data set from node 0, children in networkx's order."""
    path = DATA / f"{name}.edges"
    if not path.exists():
        pytest.skip(f"{name}.edges is not in ../shared/data")
    graph = networkx.Graph(
        [tuple(map(int, line.split()[:2])) for line in path.read_text().splitlines() if line.strip()]
    )
    return rooted_tree(list(networkx.bfs_tree(graph, 0).edges), root=0)


def record(name: str, **figures: Any) -> None:
    """Keep a figure in the results, with the machine."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept |= {"machine": processor(), "threads": torch.get_num_threads(), "cores": CORES, "versions": versions()}
    kept[name] = figures
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))])  # fmt: skip
def test_all_pairs_of_wordnet(device: str, record_property: Any) -> None:
    tree = breadth_first("wordnet")
    planted = plant(tree, 24.0, device=device)
    began, worked = time.perf_counter(), time.process_time()
    found = all_pairs(planted, scale=24.0, tile=1 << (17 if device == "cpu" else 26))
    seconds, processor_seconds = time.perf_counter() - began, time.process_time() - worked
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    name = torch.cuda.get_device_name() if device == "cuda" else processor()
    for key, value in {
        "seconds": seconds,
        "GB": gigabytes,
        "d_wc": found.worst.value,
        "d_avg": found.average.value,
    }.items():
        record_property(key, value)
    record(f"wordnet, {device}", seconds=seconds, processor_seconds=processor_seconds, gigabytes=gigabytes, device=name, d_wc=found.worst.value, d_avg=found.average.value, map=found.mean_average_precision, pairs=found.pairs)  # fmt: skip
    assert found.pairs == len(tree) * (len(tree) - 1) // 2
    assert seconds <= (WORDNET_SECONDS if device == "cpu" else 3)
    assert device == "cuda" or gigabytes <= WORDNET_GIGABYTES


def test_beside_scipy_and_geoopt(record_property: Any) -> None:
    geoopt = pytest.importorskip("geoopt", reason="pip install geoopt==0.5.1 (an oracle, of small radii only)")
    from scipy.sparse.csgraph import shortest_path

    random.seed(1)
    tree = rooted_tree([(k, random.randrange(max(0, k - 200), k)) for k in range(1, 4000)])
    planted = plant(tree, 24.0)
    all_pairs(planted, scale=24.0)  # both start warm: what is compared is the work
    began = time.perf_counter()
    all_pairs(planted, scale=24.0)
    ours = time.perf_counter() - began
    tau = 9.0 / max(tree.depths)  # the radius that geoopt carries before it clips: its time is the same at every radius
    points = sarkar(tree, tau)
    ball = geoopt.PoincareBall()
    began = time.perf_counter()
    steps = torch.from_numpy(shortest_path(adjacency(len(tree), tree.edges, [1.0] * (len(tree) - 1)), unweighted=True))
    worst, best = 0.0, float("inf")
    for rows in torch.arange(len(tree)).split(256):
        ratio = ball.dist(points[rows].unsqueeze(1), points.unsqueeze(0)) / steps[rows].clamp_min(1)
        off = steps[rows] > 0
        worst, best = max(worst, float(ratio[off].max())), min(best, float(ratio[off].min()))
    theirs = time.perf_counter() - began
    began = time.perf_counter()
    small = all_pairs(
        plant(tree, tau), scale=tau
    )  # nearly Euclidean: half of all vertices are nearer than some neighbour
    crowded = time.perf_counter() - began
    far = torch.tensor([[0.0, 0.0], [math.tanh(20.0), 0.0]], dtype=torch.float64)  # forty apart
    clipped = float(ball.dist(far[0], far[1]))
    record_property(f"times faster (at least {TIMES_FASTER})", theirs / ours)
    record("4,000 vertices", ours=ours, ours_where_vertices_crowd=crowded, scipy_and_geoopt=theirs, times_faster=theirs / ours, geoopt_says_of_forty=clipped)  # fmt: skip
    assert worst / best == pytest.approx(small.worst.value, rel=1e-6)
    assert clipped < 38.5  # beyond its radius distances are those of points that were moved


def test_pairs_agree_with_balls_within_the_derived_bound(record_property: Any) -> None:
    tree, tau = breadth_first("ca-CSphd"), 12.0
    planted = plant(tree, tau)
    before, ctx.prec = ctx.prec, 3000
    try:
        size, degrees, half = len(tree), tree.degrees, arb(tau) / 2
        matrices, used = [(acb(1), acb(0))] * size, [int(v > 0) for v in range(size)]
        for parent, child in tree.edges:
            e = acb(0, arb.pi() * used[parent] / degrees[parent]).exp()
            used[parent] += 1
            a, b = matrices[parent][0] * e, matrices[parent][1] / e
            matrices[child] = (
                (a * half.cosh() + b * half.sinh()) * acb(0, 1),
                (a * half.sinh() + b * half.cosh()) / acb(0, 1),
            )
        order, rng = planted.order.tolist(), random.Random(0)
        error = all_pairs(planted, scale=tau).error
        worst, count, ctx.prec = 0.0, 0, 900
        for batch in rectangles(planted):
            flat = batch.distance.reshape(-1)
            for at in rng.sample(range(flat.numel()), min(flat.numel(), 1 + flat.numel() // 5)):
                row, column = divmod(at, batch.distance.shape[1]) if batch.distance.ndim == 2 else (at, at)
                x, y = matrices[order[int(batch.first[row])]], matrices[order[int(batch.second[column])]]
                exactly = 2 * abs(x[0].conjugate() * y[1] - x[1] * y[0].conjugate()).asinh()
                worst, count = max(worst, abs(float(exactly.mid()) - float(flat[at]))), count + 1
    finally:
        ctx.prec = before
    record_property("worst difference", worst)
    record("against balls", pairs=count, worst=worst, bound=error)
    assert count >= 100_000
    assert worst <= error


def test_delta_of_five_hundred_vertices(record_property: Any) -> None:
    graph = networkx.connected_watts_strogatz_graph(500, 4, 0.1, seed=0)
    table = torch.zeros(500, 500, dtype=torch.int64)
    for u, row in networkx.all_pairs_shortest_path_length(graph):
        for v, steps in row.items():
            table[u, v] = steps
    began = time.perf_counter()
    twice, _ = four_point_delta(table)
    seconds = time.perf_counter() - began
    record_property("seconds", seconds)
    record("delta of 500 vertices", seconds=seconds, twice_delta=int(twice))
    assert seconds <= DELTA_SECONDS
