"""Fifty ugly inputs for each of the audits embedding, fit, hybrid, score and wrapped; as in ugly_inputs.py, whose points are used again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import networkx
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical, Normal, Poisson
from ugly_inputs import INF, NAN, POINTS, Given, X, late, log_p, raising

PATH = [(0, 1), (1, 2), (2, 3)]
CYCLE = [(0, 1), (1, 2), (2, 0)]
TRIANGLE = networkx.cycle_graph(3)
INSIDE = torch.tensor([[0.0, 0.0], [0.1, 0.2], [-0.3, 0.1], [0.4, -0.5]], dtype=torch.float64)
DATA = torch.randn(64, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(64) % 2


def embedding() -> dict[str, Given]:
    path = networkx.path_graph(3)
    graphs: dict[str, Any] = {
        "none": None, "number": 5, "truth": True, "missing file": "nothere.edges", "empty": [], "dict": {}, "adjacency lists": {0: [1], 1: [0]}, "array": np.eye(3), "tensor": torch.eye(3), "one end": [(0,)], "four": [(0, 1, 1.0, 2)],
        "numbers": [0, 1], "loop": [(0, 0), (0, 1)], "twice": [(0, 1), (1, 0)], "negative weight": [(0, 1, -1.0)], "zero weight": [(0, 1, 0)], "nan weight": [(0, 1, NAN)], "infinite weight": [(0, 1, INF)], "weight none": [(0, 1, None)], "weight word": [(0, 1, "far")],
        "weight complex": [(0, 1, 1j)], "unhashable": [([0], [1])], "two parts": [(0, 1), (2, 3)], "directed": path.to_directed(), "multigraph": networkx.MultiGraph([(0, 1), (0, 1)]), "networkx loop": networkx.Graph([(0, 0), (0, 1)]), "networkx empty": networkx.Graph(),
        "no edges": networkx.empty_graph(4), "isolated vertex": networkx.disjoint_union(path, networkx.empty_graph(1)), "digraph": networkx.DiGraph(PATH), "set of texts": {"ab"}, "function": log_p, "class": networkx.Graph, "folder": "/", "generator": (k for k in range(3)),
        "distances": np.array([[0.0, 1.0], [1.0, 0.0]]), "weights nan in networkx": networkx.Graph([(0, 1, {"weight": NAN})]), "weights words in networkx": networkx.Graph([(0, 1, {"weight": "x"})]),
    }  # fmt: skip
    out: dict[str, Given] = {f"graph {name}": lambda g=g: {"graph": g, "sarkar": 1.0} for name, g in graphs.items()}
    out |= {
        "cycle": lambda: {"graph": CYCLE, "sarkar": 1.0}, "networkx cycle": lambda: {"graph": TRIANGLE, "sarkar": 1.0}, "neither": lambda: {"graph": PATH}, "both": lambda: {"graph": PATH, "coordinates": INSIDE, "sarkar": 1.0},
        "root": lambda: {"graph": PATH, "sarkar": 1.0, "root": 9}, "root list": lambda: {"graph": PATH, "sarkar": 1.0, "root": [0]}, "breadth-first parts": lambda: {"graph": [(0, 1), (2, 3)], "sarkar": 1.0, "bfs_tree": True},
        "breadth-first root": lambda: {"graph": CYCLE, "sarkar": 1.0, "root": "x", "bfs_tree": True}, "coordinates parts": lambda: {"graph": [(0, 1), (2, 3)], "coordinates": INSIDE},
    }  # fmt: skip
    for value in (0, -1.0, NAN, INF, "3", None, True, [1.0], 1j):
        out[f"sarkar {value!r}"] = lambda v=value: {"graph": PATH, "sarkar": v}
        if value is not None:
            out[f"scale {value!r}"] = lambda v=value: {"graph": PATH, "sarkar": 1.0, "scale": v}
        out[f"curvature {value!r}"] = lambda v=value: {"graph": PATH, "coordinates": INSIDE, "curvature": v if v != -1.0 else 1.0}  # fmt: skip
    for model in ("Ball", "poincare", "", None, 3, ["ball"], "sphere"):
        out[f"model {model!r}"] = lambda m=model: {"graph": PATH, "coordinates": INSIDE, "model": m}
    coordinates: dict[str, Any] = {name: p for name, p in POINTS.items() if name != "none"} | {
        "fewer": INSIDE[:3], "more": torch.cat([INSIDE, INSIDE]), "flat": INSIDE[:, 0], "three axes": INSIDE[:, None], "on the boundary": torch.tensor([[1.0, 0.0]] * 4), "outside": INSIDE * 9, "one nan": INSIDE.index_fill(0, torch.tensor([2]), NAN),
        "missing vertices": {0: [0.1, 0.2]}, "ragged rows": {0: [0.1], 1: [0.1, 0.2], 2: [0.3], 3: [0.0]}, "words": {k: ["a", "b"] for k in range(4)}, "numbers a vertex": dict.fromkeys(range(4), 0.1), "no numbers": dict.fromkeys(range(4)), "nan a vertex": {k: [NAN, 0.0] for k in range(4)},
        "module": nn.Embedding(4, 2), "nested texts": [["a", "b"]] * 4,
    }  # fmt: skip
    out |= {f"coordinates {name}": lambda c=c: {"graph": PATH, "coordinates": c} for name, c in coordinates.items()}
    for model, points in (
        ("hyperboloid", INSIDE), ("hyperboloid", torch.tensor([[2.0, 0.0, 0.0]] * 4)), ("hyperboloid", -torch.tensor([[1.0, 0.0, 0.0]] * 4)), ("half-space", -INSIDE), ("half-space", torch.zeros(4, 2)), ("klein", INSIDE * 3),
    ):  # fmt: skip
        out[f"{model} {points[1].tolist()}"] = lambda m=model, p=points: {"graph": PATH, "coordinates": p, "model": m}
    return out


class Half(nn.Module):
    """Neither samples nor a density."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :1]


class Sampled:
    def __init__(self, value: Any) -> None:
        self.value = value

    def sample(self, n: Any) -> Any:
        return self.value(n) if callable(self.value) else self.value


def fit() -> dict[str, Given]:
    models: dict[str, Any] = {
        "none": None, "number": 5, "text": "model.pt", "bytes": b"x", "list": [1, 2], "empty list": [], "empty dict": {}, "unknown field": {"draws": DATA}, "sampler number": {"sampler": 5}, "density number": {"log_prob": 5}, "samples list": {"samples": "no"}, "samples nan": {"samples": DATA * NAN},
        "samples and density of another size": {"samples": torch.randn(64, 3), "log_prob": log_p}, "class": Normal, "module class": nn.Linear, "bare linear": nn.Linear(2, 3).double(), "no arguments": lambda: DATA, "raises": raising, "wrong shape": late,
        "returns none": lambda n: None, "returns text": lambda n: "no", "returns a number": lambda n: 1.0, "returns too few": lambda n: DATA[:20], "returns another dimension": lambda n: torch.randn(n, 5), "returns nan": lambda n: torch.full((n, 2), NAN), "returns whole numbers": lambda n: torch.zeros(n, 2).long(),
        "sample gives none": Sampled(None), "sample gives text": Sampled("no"), "sample gives few": Sampled(DATA), "sample nan": Sampled(lambda n: torch.full((n if isinstance(n, int) else n[0], 2), NAN)), "sample of three": Sampled(lambda n: torch.randn(n if isinstance(n, int) else n[0], 3)), "sample raises": Sampled(raising),
        "mean over batch": lambda x: log_p(x).mean(), "categorical": Categorical(torch.ones(3)), "poisson": Poisson(torch.ones(2)), "normal of three": Normal(torch.zeros(3), 1.0), "set": {1}, "generator": (x for x in X), "two parameters": lambda x, y: x, "complex": lambda x: log_p(x).to(torch.complex128),
    }  # fmt: skip
    out: dict[str, Given] = {f"model {name}": lambda m=m: {"model": m, "second": DATA} for name, m in models.items()}
    out |= {
        f"second model {name}": lambda m=m: {"model": DATA, "second": m, "data": DATA}
        for name, m in models.items()
        if name in ("number", "text", "empty dict", "raises", "class", "module", "returns too few")
    }
    out |= {
        f"samples {name}": lambda p=p: {"model": p, "second": DATA} for name, p in POINTS.items() if name != "function"
    }
    out |= {f"data {name}": lambda p=p: {"model": DATA, "second": p} for name, p in POINTS.items()}
    out |= {
        "few data": lambda: {"model": DATA, "second": DATA[:5]}, "one sample": lambda: {"model": DATA[:1], "second": DATA}, "other dimension": lambda: {"model": DATA, "second": torch.randn(64, 3)}, "three given, data a model": lambda: {"model": DATA, "second": DATA, "data": log_p},
        "constant data": lambda: {"model": torch.zeros(64, 2), "second": torch.zeros(64, 2)}, "kernel and length": lambda: {"model": DATA, "second": DATA, "kernel": lambda x, y: x @ y.T, "length": 1.0},
    }  # fmt: skip
    kernels: dict[str, Any] = {
        "number": 5, "text": "rbf", "one argument": lambda x: x, "raises": raising, "number back": lambda x, y: 1.0, "none back": lambda x, y: None, "row sums": lambda x, y: x.sum(1), "nan": lambda x, y: torch.full((len(x), len(y)), NAN), "module": nn.Linear(2, 2),
        }  # fmt: skip
    out |= {f"kernel {name}": lambda k=k: {"model": DATA, "second": DATA + 1, "kernel": k} for name, k in kernels.items()}  # fmt: skip
    for key, values in {
        "length": (0, -1.0, NAN, INF, "1", True, [1.0]), "modes": (0, 1, -3, 2.5, "8", None, True), "permutations": (0, -1, 99.5, "many", None, True), "seconds": (-1.0, "long", None, NAN), "seed": ("x", None, 1.5, -1),
    }.items():  # fmt: skip
        for value in values:
            out[f"{key} {value!r}"] = lambda k=key, v=value: {"model": DATA, "second": DATA, k: v}
    return out


class Two(nn.Module):
    """Logits of two classes and log p(x), each changed as asked."""

    def __init__(self, logits: Callable[..., Any] | None = None, log_px: Callable[..., Any] | None = None) -> None:
        super().__init__()
        self.means = nn.Parameter(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
        self.change = (logits or (lambda v: v), log_px or (lambda v: v))

    def forward(self, x: torch.Tensor) -> Any:
        joint = -((x[:, None] - self.means) ** 2).sum(-1) / 2
        return self.change[0](joint), self.change[1](joint.logsumexp(1) - 2.531)


class Returning(nn.Module):
    """What a function makes of x."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.weight, self.function = nn.Parameter(torch.ones(2)), function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x * self.weight)


def hybrid() -> dict[str, Given]:
    frozen = Two().requires_grad_(False)
    modules: dict[str, Any] = {
        "none": None, "number": 5, "text": "model.pt", "path of a checkpoint": "ckpt.pth", "state": Two().state_dict(), "class": Two, "function": lambda x: (x, x.sum(1)), "list": [Two()], "distribution": Normal(0.0, 1.0), "array": np.ones(3), "linear": nn.Linear(2, 3), "linear of three": nn.Linear(3, 2),
        "sequential": nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)), "frozen": frozen, "empty": nn.Module(), "identity": nn.Identity(), "meta": nn.Linear(2, 2, device="meta"), "lazy": nn.LazyLinear(3), "raises": Returning(raising), "wrong shape": Returning(late),
        "one head": Returning(lambda x: x), "one part": Returning(lambda x: (x,)), "three parts": Returning(lambda x: (x, x.sum(1), x)), "texts": Returning(lambda x: ("a", "b")), "none back": Returning(lambda x: None), "pair of none": Returning(lambda x: (x, None)), "floats": Returning(lambda x: (x, 1.0)),
        "dict of other names": Returning(lambda x: {"y": x, "p": x.sum(1)}), "dict of logits": Returning(lambda x: {"logits": x}), "arrays back": Returning(lambda x: (x.detach().numpy(), x.sum(1).detach().numpy())), "mean log p": Two(None, torch.mean), "log p of pixels": Two(None, lambda v: torch.stack([v, v], 1)),
        "nan log p": Two(None, lambda v: v * NAN), "infinite log p": Two(None, lambda v: v - INF), "nan logits": Two(lambda v: v * NAN), "fewer logits": Two(lambda v: v[:3]), "logits of images": Two(lambda v: v[:, :, None, None]), "mean logits": Two(torch.mean), "fewer log p": Two(None, lambda v: v[:3]),
        "no classes": Two(lambda v: v[:, :0]), "whole logits": Two(lambda v: v.long()), "complex log p": Two(None, lambda v: v.to(torch.complex128)), "whole log p": Two(None, lambda v: v.long()), }  # fmt: skip
    out: dict[str, Given] = {
        f"model {name}": lambda m=m: {"model": m, "x": DATA, "y": LABELS, "train": False} for name, m in modules.items()
    }
    out |= {f"x {name}": lambda p=p: {"model": Two(), "x": p, "y": LABELS, "train": False} for name, p in POINTS.items()}  # fmt: skip
    labels: dict[str, Any] = {
        "none": None, "number": 1, "text": "cat", "texts": ["cat", "dog"] * 32, "empty": [], "fewer": LABELS[:9], "more": LABELS.repeat(2), "from one": LABELS + 1, "negative": LABELS - 1, "three": torch.arange(64) % 3, "one hot": torch.eye(2)[LABELS], "column": LABELS[:, None], "halves": LABELS + 0.5,
        "nan": LABELS * NAN, "infinite": LABELS + INF, "complex": LABELS * 1j, "dict": {}, "function": log_p, "objects": np.array(["a", None] * 32, dtype=object), "huge": LABELS * 10**9, "meta": torch.zeros(64, device="meta").long(), "ignored": torch.where(LABELS == 0, -100, LABELS), "set": {0, 1},
    }  # fmt: skip
    out |= {f"y {name}": lambda v=v: {"model": Two(), "x": DATA, "y": v, "train": False} for name, v in labels.items()}
    out |= {
        "few points": lambda: {"model": Two(), "x": DATA[:3], "y": LABELS[:3]}, "one point": lambda: {"model": Two(), "x": DATA[:1], "y": LABELS[:1]}, "other dimension": lambda: {"model": Two(), "x": torch.randn(64, 3), "y": LABELS}, "flat": lambda: {"model": Two(), "x": DATA[:, 0], "y": LABELS},
    }  # fmt: skip
    heads: dict[str, Any] = {
        "number": 5, "text": "both", "pair": ("logits", "log_prob"), "of x alone": lambda x: x, "none back": lambda m, x: None, "one back": lambda m, x: m(x)[0], "three back": lambda m, x: (*m(x), 1), "raises": lambda m, x: m.classify(x), "exchanged": lambda m, x: m(x)[::-1], "key": lambda m, x: m(x)["logits"],
    }  # fmt: skip
    out |= {f"heads {name}": lambda h=h: {"model": Two(), "x": DATA, "y": LABELS, "heads": h, "train": False} for name, h in heads.items()}  # fmt: skip
    for key, values in {
        "weight": (-1.0, NAN, INF, "1", None, True, [1.0]), "seconds": (-1.0, "long", None, NAN), "seed": ("x", None, 1.5, -1), "train": ("no", None, 5),
    }.items():  # fmt: skip
        for value in values:
            out[f"{key} {value!r}"] = lambda k=key, v=value: {"model": Two(), "x": DATA, "y": LABELS, k: v}
    return out


def _levels(t: float) -> tuple[float, float]:
    return math.cos(t), math.sin(t)


def score() -> dict[str, Given]:
    networks: dict[str, Any] = {
        "none": None, "number": 5, "text": "unet", "list": [1], "dict": {}, "tensor": X, "class": nn.Linear, "raises": raising, "wrong shape": late, "log p": log_p, "summed": lambda x: x.sum(), "none back": lambda x: None, "text back": lambda x: "s", "array back": lambda x: x.detach().numpy(), "list back": lambda x: [1.0] * len(x),
        "fewer rows": lambda x: -x[:1], "more rows": lambda x: torch.cat([-x, -x]), "one coordinate": lambda x: -x[:, :1], "time asked for": lambda x, t: -x, "no arguments": lambda: 0, "linear of three": nn.Linear(3, 3), "linear to three": nn.Linear(2, 3), "meta": nn.Linear(2, 2, device="meta"), "lazy": nn.LazyLinear(5),
        "complex": lambda x: -x * 1j, "dict back": lambda x: {"sample": -x}, "empty pair": lambda x: (), "distribution": Normal(0.0, 1.0), "categorical": Categorical(torch.ones(3)), "set": {1}, "path": "score.pt", "whole numbers": lambda x: -x.long(), "empty module": nn.Module(),
    }  # fmt: skip
    out: dict[str, Given] = {f"score {name}": lambda s=s: {"score": s, "data": DATA} for name, s in networks.items()}
    out |= {f"data {name}": lambda p=p: {"score": torch.neg, "data": p} for name, p in POINTS.items()}
    out |= {
        "few data": lambda: {"score": torch.neg, "data": DATA[:5]}, "one point": lambda: {"score": torch.neg, "data": DATA[:1]}, "eps alone": lambda: {"score": torch.neg, "data": DATA, "prediction": "eps"}, "v alone": lambda: {"score": torch.neg, "data": DATA, "prediction": "v"},
        "eps at no noise": lambda: {"score": torch.neg, "data": DATA, "prediction": "eps", "sigma": 0.0}, "noise alone": lambda: {"score": lambda x, t: -x, "data": DATA, "noise": _levels}, "times alone": lambda: {"score": lambda x, t: -x, "data": DATA, "times": [0.5]},
        "noise and sigma": lambda: {"score": lambda x, t: -x, "data": DATA, "noise": _levels, "times": [0.5], "sigma": 1.0}, "network of x with noise": lambda: {"score": torch.neg, "data": DATA, "noise": _levels, "times": [0.5]},
        "v of another schedule": lambda: {"score": lambda x, t: -x, "data": DATA, "noise": lambda t: (1.0, t), "times": [0.5], "prediction": "v"},
    }  # fmt: skip
    noises: dict[str, Any] = {
        "number": 5, "text": "vp", "pair": (1.0, 0.5), "one number": lambda t: t, "three": lambda t: (1, t, t), "none": lambda t: None, "texts": lambda t: ("a", "b"), "zero sigma": lambda t: (1.0, 0.0), "negative": lambda t: (1.0, -t), "zero alpha": lambda t: (0.0, 1.0), "nan": lambda t: (NAN, 1.0), "infinite": lambda t: (1.0, INF),
        "raises": raising, "of two": lambda t, x: (1.0, t), "divides": lambda t: (1.0, 1 / 0), "tensors": lambda t: (torch.ones(3), torch.ones(3)), "table": {0.5: (1.0, 0.5)},
    }  # fmt: skip
    out |= {f"noise {name}": lambda n=n: {"score": lambda x, t: -x, "data": DATA, "noise": n, "times": [0.5]} for name, n in noises.items()}  # fmt: skip
    for times in ([], (), 5, "late", [None], ["a"], [NAN], [INF], [True], {}, {0.5}, [[0.5]], torch.zeros(0), torch.rand(2, 2), [0.5, None], [1j]):  # fmt: skip
        out[f"times {times!r}"] = lambda t=times: {"score": lambda x, t: -x, "data": DATA, "noise": lambda t: (1.0, 0.5), "times": t}  # fmt: skip
    for key, values in {
        "prediction": ("epsilon", "x0", None, 3, ["eps"], ""), "sigma": (-1.0, NAN, INF, "1", True, [1.0]), "points": (0, -1, 3, 99.5, "all", None, True), "seconds": (-1.0, "long", None, NAN), "seed": ("x", None, 1.5, -1),
    }.items():  # fmt: skip
        for value in values:
            if (key, value) != ("sigma", None):
                out[f"{key} {value!r}"] = lambda k=key, v=value: {"score": torch.neg, "data": DATA, k: v}
    return out


def inside(x: torch.Tensor) -> torch.Tensor:
    """log p in the ball, of mass that nobody asked for."""
    return -x.square().sum(-1)


def counted() -> Iterator[int]:
    yield 1


def wrapped() -> dict[str, Given]:
    densities: dict[str, Any] = {
        "none": None, "number": 5, "text": "density", "list": [1], "dict": {}, "tensor": X, "array": np.zeros((3, 2)), "class": Normal, "module class": nn.Linear, "mean over batch": lambda x: inside(x).mean(), "a number a coordinate": lambda x: -x.square(), "raises": raising, "wrong shape": late, "none back": lambda x: None,
        "text back": lambda x: "no", "list back": lambda x: [1.0] * len(x), "nan": lambda x: inside(x) * NAN, "complex": lambda x: inside(x).to(torch.complex128), "one number": lambda x: 1.0, "too many rows": lambda x: inside(torch.cat([x, x])), "bare linear": nn.Linear(2, 3).double(), "linear of three": nn.Linear(3, 1).double(),
        "meta": nn.Linear(2, 1, device="meta"), "categorical": Categorical(torch.ones(3)), "poisson": Poisson(torch.ones(2)), "set": {1}, "two parameters": lambda x, y: x, "generator": counted(), "random": lambda x: inside(x) + torch.rand(len(x)), "of the batch": lambda x: inside(x) - inside(x).mean(), "empty module": nn.Module(),
        "whole numbers": lambda x: inside(x).long(), "refuses": lambda x: Normal(torch.zeros(3), 1.0).log_prob(x).sum(-1),
    }  # fmt: skip
    out: dict[str, Given] = {
        f"density {name}": lambda d=d: {"log_prob": d, "points": INSIDE, "seconds": 5.0}
        for name, d in densities.items()
    }
    out |= {
        f"points {name}": lambda p=p: {"log_prob": inside, "points": p, "seconds": 5.0} for name, p in POINTS.items()
    }
    outside: dict[str, tuple[str, Any]] = {
        "outside the ball": ("ball", INSIDE * 9), "on the boundary": ("ball", torch.tensor([[1.0, 0.0]] * 4)), "outside the Klein ball": ("klein", INSIDE * 9), "below the half-space": ("half-space", -INSIDE), "ball as hyperboloid": ("hyperboloid", INSIDE), "off the hyperboloid": ("hyperboloid", torch.tensor([[2.0, 0.0, 0.0]] * 4)),
        "one number a row": ("hyperboloid", INSIDE[:, :1]), "three axes": ("ball", INSIDE[:, None]), "time last": ("hyperboloid", torch.tensor([[0.5, 0.5, 1.5**0.5]] * 4)), "lower sheet": ("hyperboloid", -torch.tensor([[1.0, 0.0, 0.0]] * 4)),
    }  # fmt: skip
    out |= {name: lambda m=m, p=p: {"log_prob": inside, "points": p, "model": m} for name, (m, p) in outside.items()}
    samplers: dict[str, Any] = {
        "number": 5, "text": "sample", "raises": raising, "none back": lambda n: None, "few": lambda n: INSIDE, "outside": lambda n: torch.ones(n, 2), "nan": lambda n: torch.full((n, 2), NAN), "no arguments": lambda: INSIDE, "points": INSIDE,
    }  # fmt: skip
    out |= {f"sampler {name}": lambda s=s: {"log_prob": inside, "sampler": s} for name, s in samplers.items()}
    for key, values in {
        "model": ("Ball", "poincare", "euclidean", None, 3, ["ball"], ""), "curvature": (0, 0.0, 1.0, NAN, INF, -INF, "-1", None, True, [-1.0], torch.ones(2), 1j), "seconds": (-1.0, "long", None, NAN), "seed": ("x", None, 1.5, -1),
    }.items():  # fmt: skip
        for value in values:
            out[f"{key} {value!r}"] = lambda k=key, v=value: {"log_prob": inside, "points": INSIDE, k: v}
    return out


class Calls(nn.Module):
    """A linear decoder of two codes, with whatever is asked for done to its output."""

    def __init__(self, change: Callable[..., Any]) -> None:
        super().__init__()
        self.linear, self.change = nn.Linear(2, 2), change

    def forward(self, z: torch.Tensor) -> Any:
        return self.change(self.linear(z))


def rate_distortion() -> dict[str, Given]:
    small: dict[str, Any] = {"samples": 64, "calls": 4}
    decoders: dict[str, Any] = {
        "none": None, "number": 5, "text": "model.pt", "list": [1], "class": nn.Linear, "tensor": DATA, "raises": raising, "none back": lambda z: None, "text back": lambda z: "no",
        "tuple": lambda z: (z, z), "one number": lambda z: 1.0, "fewer rows": lambda z: z[:3], "no rows": lambda z: z[:0], "other shape": lambda z: z[:, :1], "whole": lambda z: z.long(),
        "complex": lambda z: z.to(torch.complex64), "nan": lambda z: z * NAN, "infinite": lambda z: z / 0, "noise": lambda z: z + torch.randn_like(z), "batch mean": lambda z: z - z.mean(0),
        "dropout by hand": Calls(lambda y: nn.functional.dropout(y, 0.5)), "half": Calls(lambda y: y).half(), "meta": nn.Linear(2, 2, device="meta"), "lazy": nn.LazyLinear(2), "three codes": nn.Linear(3, 2),
        "categorical": lambda z: Categorical(logits=z), "poisson": lambda z: Poisson(z.exp()), "scales that differ": lambda z: Normal(z, z.exp()), "logits": lambda z: z,
    }  # fmt: skip
    out: dict[str, Given] = {
        f"decoder {name}": lambda d=d: {"decoder": d, "prior": 2, "data": DATA, **small}
        for name, d in decoders.items()
        if name != "logits"
    }
    out["logits for probabilities"] = lambda: {
        "decoder": lambda z: 9 * z,
        "prior": 2,
        "data": DATA.sigmoid(),
        "distortion": "bernoulli",
        **small,
    }
    out["levels of 255"] = lambda: {"decoder": torch.sigmoid, "prior": 2, "data": 255 * DATA.sigmoid(), **small}
    out["levels of 16"] = lambda: {"decoder": torch.sigmoid, "prior": 2, "data": 16 * DATA.sigmoid(), **small}
    priors: dict[str, Any] = {
        "none": None, "zero": 0, "negative": -2, "huge": 1 << 30, "truth": True, "text": "normal", "class": Normal, "function": log_p, "poisson": Poisson(torch.ones(2)), "categorical": Categorical(torch.ones(3)),
        "matrix": Normal(torch.zeros(2, 2), 1.0), "three": Normal(torch.zeros(3), 1.0), "masses": (DATA, torch.ones(64)), "negative mass": (DATA[:2], torch.tensor([1.5, -0.5])), "fewer masses": (DATA, torch.ones(3) / 3),
        "three parts": (DATA, DATA, DATA), "whole codes": torch.ones(5, 2).long(), "half codes": DATA.half(), "no codes": DATA[:0], "nan codes": DATA * NAN, "codes of three axes": DATA[None], "codes of another size": DATA[:, :1],
    }  # fmt: skip
    out |= {
        f"prior {name}": lambda p=p: {"decoder": nn.Linear(2, 2), "prior": p, "data": DATA, **small}
        for name, p in priors.items()
    }
    whole = ("whole numbers", "truth values")
    out |= {
        f"data {name}": lambda p=p: {"decoder": nn.Linear(2, 2), "prior": 2, "data": p, **small}
        for name, p in POINTS.items()
        if name not in whole
    }
    out |= {
        f"training data {name}": lambda p=p: {"decoder": nn.Linear(2, 2), "prior": 2, "data": DATA, "train": p, **small}
        for name, p in POINTS.items()
        if name not in (*whole, "none")
    }
    out["one datum"] = lambda: {"decoder": nn.Linear(2, 2), "prior": 2, "data": DATA[:1], **small}
    out["binary data out of range"] = lambda: {
        "decoder": torch.sigmoid,
        "prior": 2,
        "data": DATA,
        "distortion": "bernoulli",
        **small,
    }
    distortions: dict[str, Any] = {
        "number": 5, "unknown": "mse", "raises": lambda x, y: raising(x), "a mean": lambda x, y: (x - y).square().mean(), "a number a coordinate": lambda x, y: (x - y).square(), "none back": lambda x, y: None,
        "negative": lambda x, y: -(x - y).square().sum(1), "nan": lambda x, y: (x - y).sum(1) * NAN, "one argument": lambda x: x.sum(1), "whole": lambda x, y: (x - y).square().sum(1).long(),
    }  # fmt: skip
    out |= {
        f"distortion {name}": lambda d=d: {
            "decoder": nn.Linear(2, 2),
            "prior": 2,
            "data": DATA,
            "distortion": d,
            **small,
        }
        for name, d in distortions.items()
    }
    encoders: dict[str, Any] = {
        "number": 5, "text": "enc", "class": nn.Linear, "raises": raising, "tuple": lambda x: (x, x), "three codes": lambda x: torch.zeros(len(x), 3), "none back": lambda x: None, "nan": lambda x: x * NAN,
        "distribution of one": lambda x: Normal(0.0, 1.0), "distribution of three": lambda x: Normal(torch.zeros(len(x), 3), 1.0), "half": nn.Linear(2, 2).half(),
    }  # fmt: skip
    out |= {
        f"encoder {name}": lambda e=e: {"decoder": nn.Linear(2, 2), "prior": 2, "data": DATA, "encoder": e, **small}
        for name, e in encoders.items()
    }
    for key, values in {
        "betas": ([], [0.0], [-1.0], [NAN], [INF], "many", 3, [1.0, "x"], [float(k + 1) for k in range(99)]), "samples": (0, -1, 1.5, None, True), "chains": (0, 1.5, None), "calls": (0, 1, "x"), "level": (0.0, 1.0, -1e-3, NAN, None, 1),
        "lower": (NAN, INF, "0", None, True), "points": (0, 1, 2.5, None), "tile": (0, -5, None), "seconds": (-1.0, "long", None, NAN), "seed": ("x", None, 1.5, -1),
    }.items():  # fmt: skip
        for value in values:
            if not (key == "betas" and value is None):
                given = {**small, key: value}
                if key == "lower":
                    given["distortion"] = lambda x, y: (x - y).square().sum(1)
                out[f"{key} {value!r}"[:40]] = lambda g=given: {
                    "decoder": nn.Linear(2, 2),
                    "prior": 2,
                    "data": DATA,
                    **g,
                }
    return out


KINDS: dict[str, Callable[[], dict[str, Given]]] = {"embedding": embedding, "fit": fit, "hybrid": hybrid, "rate_distortion": rate_distortion, "score": score, "wrapped": wrapped}  # fmt: skip
