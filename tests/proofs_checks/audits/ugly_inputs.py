"""Fifty ugly inputs for each kind of audit: what people hand over by mistake. Each is a function without parameters that returns the arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical, Dirichlet, Normal, Poisson

X = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(12, 2)
INF, NAN = float("inf"), float("nan")
Given = Callable[[], Any]


def log_p(x: torch.Tensor) -> torch.Tensor:
    return -x.square().sum(-1) / 2 - math.log(2 * math.pi)


def raising(*_: Any, **__: Any) -> Any:
    raise KeyError("weights")


def late(x: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("mat1 and mat2 shapes cannot be multiplied (2x2 and 3x4)")


class Meta(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, device="meta"))

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weight).sum(-1)


class Dropped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return log_p(self.drop(x))


MODELS: dict[str, Any] = {
    "none": None, "number": 5, "text": "model", "path": "model.pt", "bytes": b"x", "list": [1, 2], "empty list": [], "dict": {}, "tensor": X, "array": np.zeros((3, 2)),
    "class": Normal, "module class": nn.Linear, "mean over batch": lambda x: log_p(x).mean(), "a number a coordinate": lambda x: -x.square() / 2, "raises key": raising,
    "wrong shape": late, "returns none": lambda x: None, "returns text": lambda x: "no", "returns list": lambda x: [1.0] * len(x), "nan": lambda x: log_p(x) * NAN,
    "complex": lambda x: log_p(x).to(torch.complex128), "whole numbers": lambda x: log_p(x).long(), "one number": lambda x: 1.0, "too many rows": lambda x: log_p(torch.cat([x, x])),
    "random": lambda x: log_p(x) + torch.rand(len(x)), "batch norm": lambda x: log_p(x) - log_p(x).mean(), "bare linear": nn.Linear(2, 3).double(), "meta": Meta(), "dropout": Dropped(),
    "categorical": Categorical(torch.ones(3)), "poisson": Poisson(torch.ones(2)), "set": {1}, "two parameters": lambda x, y: x, "generator": (x for x in X),
}  # fmt: skip
POINTS: dict[str, Any] = {
    "none": None, "number": 3, "text": "data.csv", "list": [[0.0, 1.0]], "empty": torch.zeros(0, 2).double(), "no coordinates": torch.zeros(5, 0).double(), "scalar": torch.tensor(1.0),
    "whole numbers": torch.ones(5, 2).long(), "truth values": torch.ones(5, 2).bool(), "half": torch.zeros(5, 2).half(), "complex": torch.zeros(5, 2, dtype=torch.complex64), "nan": X * NAN,
    "inf": X + INF, "sparse": torch.eye(2).to_sparse(), "meta": torch.zeros(5, 2, device="meta"), "objects": np.array([[None, 1]], dtype=object), "texts": np.array([["a", "b"]]), "dict": {"x": 1},
    "set": {1.0}, "function": log_p,
}  # fmt: skip


def density() -> dict[str, Given]:
    out: dict[str, Given] = {
        f"model {name}": lambda m=m: {"log_prob": m, "inliers": X, "outliers": 2 * X} for name, m in MODELS.items()
    }
    out |= {
        f"inliers {name}": lambda p=p: {"log_prob": log_p, "inliers": p, "outliers": X} for name, p in POINTS.items()
    }
    out |= {
        f"outliers {name}": lambda p=p: {"log_prob": log_p, "inliers": X, "outliers": p} for name, p in POINTS.items()
    }
    out["other dimension"] = lambda: {"log_prob": log_p, "inliers": X, "outliers": torch.zeros(4, 3).double()}
    for key, value in (
        ("points", -1),
        ("seconds", -1.0),
        ("seconds", "long"),
        ("coordinate", 7),
        ("coordinate", "x"),
        ("tile", 0),
        ("seed", "x"),
        ("sampler", 5),
        ("score", 5),
    ):
        out[f"{key} {value}"] = lambda k=key, v=value: {"log_prob": log_p, "inliers": X, "outliers": 2 * X, k: v}
    return out


def typicality() -> dict[str, Given]:
    out: dict[str, Given] = {f"model {name}": lambda m=m: {"log_prob": m, "inliers": X} for name, m in MODELS.items()}
    out |= {f"inliers {name}": lambda p=p: {"log_prob": log_p, "inliers": p} for name, p in POINTS.items()}
    out |= {
        f"outliers {name}": lambda p=p: {"log_prob": log_p, "inliers": X, "outliers": p}
        for name, p in POINTS.items()
        if name != "none"
    }
    for name, through in (
        ("number", 5), ("list", [lambda x: x]), ("drops a coordinate", lambda x: x[:, :1]), ("nan", lambda x: x * NAN), ("raises", raising), ("float32", lambda x: x.float()), ("constant", torch.zeros_like),
    ):  # fmt: skip
        out[f"through {name}"] = lambda t=through: {"log_prob": log_p, "inliers": X, "through": t}
    return out


def pit() -> dict[str, Given]:
    out: dict[str, Given] = {
        f"model {name}": lambda m=m: {"samples": X, "log_prob": m} for name, m in MODELS.items() if name != "none"
    }
    out |= {f"samples {name}": lambda p=p: {"samples": p, "log_prob": log_p} for name, p in POINTS.items()}
    out |= {f"pit {name}": lambda p=p: {"pit": p} for name, p in POINTS.items() if name not in ("none", "list")}
    out |= {
        "nothing": dict, "two ways": lambda: {"samples": X, "log_prob": log_p, "pit": X}, "percent": lambda: {"pit": torch.rand(50) * 100}, "z scores": lambda: {"pit": torch.randn(50)},
        "level 0": lambda: {"pit": torch.rand(9), "level": 0}, "level text": lambda: {"pit": torch.rand(9), "level": "5%"}, "tile": lambda: {"pit": torch.rand(9), "tile": 0},
        "support word": lambda: {"samples": X, "log_prob": log_p, "support": "box"}, "support reversed": lambda: {"samples": X, "log_prob": log_p, "support": (3, -3)},
        "support nan": lambda: {"samples": X, "log_prob": log_p, "support": (NAN, 1)}, "draws alone": lambda: {"samples": X, "log_prob": log_p, "draws": 9},
        "conditionals number": lambda: {"samples": X, "conditionals": 5}, "conditionals text": lambda: {"samples": X, "conditionals": "n"}, "too few conditionals": lambda: {"samples": X, "conditionals": [Normal(0.0, 1.0)]},
        "simplex": lambda: {"samples": torch.rand(9, 3), "log_prob": Dirichlet(torch.ones(3))},
    }  # fmt: skip
    return out


# of a flow these are found, and REFUTED or told, instead of refused
JUDGED = ("whole numbers", "a number a coordinate", "nan", "random", "batch norm", "dropout")


def flow() -> dict[str, Given]:
    out: dict[str, Given] = {
        f"model {name}": lambda m=m: {"flow": m, "data": X, "seconds": 5.0}
        for name, m in MODELS.items()
        if name not in JUDGED
    }
    out |= {f"data {name}": lambda p=p: {"flow": log_p, "data": p, "seconds": 5.0} for name, p in POINTS.items()}
    for name, given in (
        ("base number", {"base": 5}), ("base function", {"base": raising}), ("seconds none", {"seconds": None}), ("samples", {"samples": -1}), ("samples text", {"samples": "many"}), ("base text", {"base": "normal"}), ("seconds", {"seconds": -1.0}), ("seconds text", {"seconds": "x"}), ("seed", {"seed": "x"}),
    ):  # fmt: skip
        out[name] = lambda g=given: {"flow": [lambda x: (x, x.sum(-1))] if "base" in g else log_p, "data": X, **g}
    return out


def entangle() -> dict[str, Given]:
    prior = [Normal(0.0, 1.0)] * 2
    judged = ("random", "one number")  # a decoder may be random
    decoders: dict[str, Any] = {
        name: m
        for name, m in MODELS.items()
        if name
        not in (*judged, "mean over batch", "a number a coordinate", "bare linear", "whole numbers", "one number")
    }
    out: dict[str, Given] = {
        f"decoder {name}": lambda m=m: {"decoder": m, "prior": prior, "samples": 500} for name, m in decoders.items()
    }
    priors: dict[str, Any] = {
        "none": None, "number": 3, "text": "normal", "empty": [], "one": [Normal(0.0, 1.0)], "categorical": [Categorical(torch.ones(3))] * 2, "poisson": [Poisson(torch.tensor(1.0))] * 2, "classes": [Normal, Normal],
        "numbers": [1.0, 2.0], "dict": {}, "tensor": X, "joint": Dirichlet(torch.ones(2)), "nan": [Normal(NAN, 1.0, validate_args=False)] * 2, "function": log_p, "set": {1},
    }  # fmt: skip
    out |= {
        f"prior {name}": lambda p=p: {"decoder": lambda z: z, "prior": p, "samples": 500} for name, p in priors.items()
    }
    for key, value in (
        ("samples", 0),
        ("samples", -5),
        ("samples", "many"),
        ("samples", 1.5),
        ("samples", NAN),
        ("samples", None),
        ("samples", True),
        ("seed", "x"),
        ("seed", -1),
    ):
        out[f"{key} {value}"] = lambda k=key, v=value: {"decoder": lambda z: z, "prior": prior, k: v}
    return out


def equivariance() -> dict[str, Given]:
    p, f = [1, 0], lambda x: x
    maps: dict[str, Any] = {
        "none": None, "number": 5, "list": [1], "class": nn.Linear, "raises": raising, "wrong shape": late, "none back": lambda x: None, "text back": lambda x: "y", "fewer rows": lambda x: x[:1], "sum": lambda x: x.sum(),
        "linear of three": nn.Linear(3, 2).double(), "float32 module": nn.Linear(2, 2), "meta": nn.Linear(2, 2, device="meta"), "tensor": X, "set": {1}, "dict back": lambda x: {"y": x}, "two back": lambda x: (x, x[:1]),
    }  # fmt: skip
    out: dict[str, Given] = {
        f"map {name}": lambda m=m: {"source": m, "inputs": X, "actions": {"g": (p, p)}} for name, m in maps.items()
    }
    out |= {
        f"inputs {name}": lambda v=v: {"source": f, "inputs": v, "actions": {"g": (p, p)}}
        for name, v in POINTS.items()
        if name not in ("whole numbers", "truth values", "half", "complex")
    }
    actions: dict[str, Any] = {
        "none": None, "empty": {}, "list": [p], "number": {"g": 5}, "three": {"g": (p, p, p)}, "no permutation": {"g": ([0, 0], p)}, "from one": {"g": ([1, 2], p)}, "three points": {"g": ([1, 2, 0], p)}, "ragged": {"g": ([[1, 0], [1]], p)},
        "not square": {"g": (np.ones((2, 3)), p)}, "nan": {"g": (np.full((2, 2), NAN), p)}, "text": {"g": ("flip", p)}, "raises": {"g": (raising, p)}, "other shape": {"g": (lambda x: x[:1], p)}, "name": {1: (p, p)},
        "complex matrix": {"g": (np.eye(2) * 1j, p)}, "sparse": {"g": (torch.eye(2).to_sparse(), p)},
    }  # fmt: skip
    out |= {f"actions {name}": lambda a=a: {"source": f, "inputs": X, "actions": a} for name, a in actions.items()}
    documents: dict[str, Any] = {
        "empty document": {}, "no map": {"actions": {"g": {"input": p, "output": p}}}, "no actions": {"map": {"weight": [[1, 0], [0, 1]]}}, "texts": {"map": {"weight": [["a"]]}, "actions": {"g": {"input": p, "output": p}}},
        "ragged weight": {"map": {"weight": [[1], [1, 2]]}, "actions": {"g": {"input": p, "output": p}}}, "unknown field": {"weights": [[1]]},
    }  # fmt: skip
    out |= {name: lambda d=d: {"source": d} for name, d in documents.items()}
    out["relation"] = lambda: {"source": f, "inputs": X, "actions": {"g": (p, p)}, "relations": ["h^2"]}
    out["axis"] = lambda: {"source": f, "inputs": torch.ones(3, 2, 2), "actions": {"g": (p, p)}}
    return out


def group() -> dict[str, Given]:
    rs = ["r", "s"]
    values: dict[str, Any] = {
        "none": None, "number": 3, "truth": True, "text": "group", "missing file": "nothere.csv", "pickle": "x.pkl", "bytes": b"x", "empty list": [], "empty rows": [[]], "ragged": [[0, 1], [1]], "not square": [[0, 1]], "floats": [[0.0, 1.0], [1.0, 0.0]],
        "truth values": [[True, False], [False, True]], "nan": [[0, NAN], [NAN, 0]], "none inside": [[0, None], [None, 0]], "empty cell": [["", "e", "a"], ["e", "e", "a"], ["a", "a", ""]], "corner word": [["G", "e", "a"], ["e", "e", "a"], ["a", "a", "e"]],
        "no head": [["a", "b"], ["a", "b"]], "twice": [["", "a", "a"], ["a", "a", "a"], ["a", "a", "a"]], "other labels": [["", "e", "a"], ["e", "e", "a"], ["b", "a", "e"]], "array of floats": np.eye(2), "three axes": np.zeros((2, 2, 2), dtype=int),
        "too large": np.zeros((5000, 5000), dtype=np.int16), "dict": {}, "other fields": {"elements": {}}, "no permutation": {"permutations": {"a": [0, 0]}}, "shared point": {"permutations": {"a": "(1,2)(2,3)"}}, "open cycle": {"permutations": {"a": "(1,2"}},
        "negative point": {"permutations": {"a": [[-1, 2]]}}, "huge point": {"permutations": {"a": "(1,99999999999)"}}, "no permutations": {"permutations": {}}, "number of permutations": {"permutations": 3}, "bad name": {"permutations": {"a b": "(1,2)"}},
        "no relations": {"generators": rs}, "no generators": {"relations": ["r"]}, "unknown letter": {"generators": rs, "relations": ["t"]}, "capital": {"generators": rs, "relations": ["rSr"]}, "digit": {"generators": rs, "relations": ["r2"]},
        "infinite": {"generators": rs, "relations": ["r^2"]}, "two powers": {"generators": rs, "relations": ["r^2^2"]}, "empty relation": {"generators": rs, "relations": [""]}, "open bracket": {"generators": rs, "relations": ["(r"]}, "number relation": {"generators": rs, "relations": [3]},
        "same generators": {"generators": ["r", "r"], "relations": []}, "long power": {"generators": rs, "relations": ["r^99999"]}, "deep": {"generators": rs, "relations": ["(" * 500 + "r" + ")" * 500]}, "both": {"generators": rs, "relations": [], "relators": []},
        "table and permutations": {"table": [[0]], "permutations": {"a": [0]}}, "labels": {"table": [[0, 1], [1, 0]], "labels": ["e"]}, "table number": {"table": 3}, "set": {1}, "iterator": iter([[0]]), "function": log_p, "complex": [[1j]], "tensor": torch.eye(2), "sparse": torch.eye(2).to_sparse(),
    }  # fmt: skip
    return {name: lambda v=v: {"source": v} for name, v in values.items()}


def representation() -> dict[str, Given]:
    c3 = {"generators": ["a"], "relations": ["a^3"]}
    entries: dict[str, Any] = {
        "none": None, "text": "x", "truth": True, "nan": NAN, "inf": INF, "decimal text": "0.5", "juxtaposed": "2*", "open root": "sqrt(", "root of root": "sqrt(sqrt(2))", "exp 1": "exp(1)", "pi": "pi", "code": "__import__('os')", "huge order": "zeta(999999)", "tower": "3^64^64",
        "long": "9" * 5000, "deep": "(" * 900 + "1" + ")" * 900, "zero": "1/0", "three parts": [1, 2, 3], "pair of complex": [1j, 2], "dict": {"re": 1}, "huge integer": 10**500, "list in list": [[1]], "object": object(), "function": log_p, "bytes": b"1",
    }  # fmt: skip
    out: dict[str, Given] = {
        f"entry {name}": lambda e=e: {"source": {"a": [[e]]}, "group": c3} for name, e in entries.items()
    }
    matrices: dict[str, Any] = {
        "none": None, "empty": [], "row": [[1, 2]], "ragged": [[1, 2], [3]], "singular": [[1, 1], [1, 1]], "three axes": np.zeros((2, 2, 2)), "vector": np.ones(3), "nan": np.full((2, 2), NAN), "texts": np.array([["a"]]), "zero": 0,
    }  # fmt: skip
    out |= {f"matrix {name}": lambda m=m: {"source": {"a": m}, "group": c3} for name, m in matrices.items()}
    sources: dict[str, Any] = {
        "none": None,
        "number": 5,
        "text": "x.pkl",
        "missing": "nothere.json",
        "empty": {},
        "no matrices": [],
        "empty document": {"representations": {}},
        "callable": raising,
        "class": nn.Linear,
    }
    out |= {
        f"source {name}": lambda s=s, name=name: {"source": s, "group": c3 if name != "callable" else None}
        for name, s in sources.items()
    }
    groups: dict[str, Any] = {
        "number": 5,
        "text": "nothere.csv",
        "empty": {},
        "no group": [["e", "a"], ["a", "a"]],
        "infinite": {"generators": ["a", "b"], "relations": []},
        "letter": {"generators": ["a"], "relations": ["b"]},
        "iterator": iter([]),
    }
    out |= {f"group {name}": lambda g=g: {"source": {"a": [[1]]}, "group": g} for name, g in groups.items()}
    out["accuracy"] = lambda: {"source": {"a": [[1.0]]}, "group": c3, "accuracy": -1}
    out["not generating"] = lambda: {
        "source": {"a": [[1]]},
        "group": {"generators": ["a", "b"], "relations": ["a^2", "b^2", "[a,b]"]},
    }
    out["twice"] = lambda: {"source": {"a": [[1]], "a^4": [[1]]}, "group": c3}
    return out


KINDS: dict[str, Callable[[], dict[str, Given]]] = {
    "density": density, "typicality": typicality, "pit": pit, "flow": flow, "entangle": entangle, "equivariance": equivariance, "group": group, "representation": representation,
}  # fmt: skip
