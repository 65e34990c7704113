"""Ugly inputs of the audit of disentanglement; see ugly_inputs.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

Given = Callable[[], Any]
GRID = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
IMAGES = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(1))
Z = torch.randn(20, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
SWAP, TURN = [[0, 1], [1, 0]], [[0, -1], [1, 0]]


def flat(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(1)


def down(x: torch.Tensor) -> torch.Tensor:
    return x.roll(1, 1)


def right(x: torch.Tensor) -> torch.Tensor:
    return x.roll(1, 2)


def raising(*_: Any) -> Any:
    raise KeyError("weights")


SHIFTS = {"down": (down, 4), "right": (right, 4)}
CODES: dict[str, Any] = {
    "none": None, "number": 5, "text": "codes.csv", "missing": "nothere.npz", "empty": torch.zeros(0, 2, 2, 3).double(), "two axes": torch.zeros(4, 3).double(), "whole numbers": torch.ones(1, 3, 3, 2).long(),
    "half": torch.zeros(1, 3, 3, 2).half(), "truth values": torch.ones(1, 3, 3, 2).bool(), "complex": torch.zeros(1, 3, 3, 2, dtype=torch.complex64), "nan": GRID * float("nan"), "one cell missing": GRID.clone().index_fill_(1, torch.tensor([2]), float("nan")),
    "inf": GRID + float("inf"), "sparse": torch.eye(2).to_sparse(), "meta": torch.zeros(1, 3, 3, 2, device="meta"), "objects": np.array([[None]], dtype=object), "texts": np.array([["a"]]), "ragged": [[1.0], [1.0, 2.0]], "set": {1.0},
    "one value": torch.zeros(1, 4, 1, 3).double(), "no code": torch.zeros(1, 3, 3, 0).double(),
}  # fmt: skip
FACTORS: dict[str, Any] = {
    "number": 2, "text": "cyclic", "too few": ["cyclic"], "too many": ["cyclic"] * 3, "unknown": ["cyclic", "periodic"], "another order": ["cyclic", {"generators": ["a"], "relations": ["a^5"]}],
    "no group": ["cyclic", [[0, 1], [1, 1]]], "nameless": {"": "cyclic", "y": "cyclic"}, "numbers as names": {1: "cyclic", 2: "cyclic"},
}  # fmt: skip
ENCODERS: dict[str, dict[str, Any]] = {
    "train mode": {"encoder": nn.Sequential(nn.Flatten(), nn.Dropout(0.5)), "transforms": SHIFTS, "objects": IMAGES},
    "random": {"encoder": lambda x: flat(x) + torch.rand(len(x), 16), "transforms": SHIFTS, "objects": IMAGES},
    "raises": {"encoder": raising, "transforms": SHIFTS, "objects": IMAGES},
    "no tensor": {"encoder": lambda x: "code", "transforms": SHIFTS, "objects": IMAGES},
    "whole": {"encoder": lambda x: flat(x).long(), "transforms": SHIFTS, "objects": IMAGES},
    "too few rows": {"encoder": lambda x: flat(x)[:1], "transforms": SHIFTS, "objects": IMAGES},
    "not callable": {"encoder": 5, "transforms": SHIFTS, "objects": IMAGES},
    "without transforms": {"encoder": flat, "objects": IMAGES},
    "without objects": {"encoder": flat, "transforms": SHIFTS},
    "no commuting": {"encoder": flat, "transforms": {"down": (down, 4), "turn": (lambda x: torch.rot90(x, 1, (1, 2)), 4)}, "objects": IMAGES},
    "another order": {"encoder": flat, "transforms": {"down": (down, 3), "right": (right, 4)}, "objects": IMAGES},
    "smaller order": {"encoder": flat, "transforms": {"down": (down, 8), "right": (right, 4)}, "objects": IMAGES},
    "no wrap": {"encoder": flat, "transforms": {"down": (lambda x: torch.nn.functional.pad(x[:, :-1], (0, 0, 1, 0)), 4), "right": (right, 4)}, "objects": IMAGES},
    "order one": {"encoder": flat, "transforms": {"down": (down, 1)}, "objects": IMAGES},
    "order text": {"encoder": flat, "transforms": {"down": (down, "4")}, "objects": IMAGES},
    "no pair": {"encoder": flat, "transforms": {"down": down}, "objects": IMAGES},
    "other shape": {"encoder": flat, "transforms": {"down": (lambda x: x[:, :2], 4)}, "objects": IMAGES},
    "objects nan": {"encoder": flat, "transforms": SHIFTS, "objects": IMAGES * float("nan")},
    "objects empty": {"encoder": flat, "transforms": SHIFTS, "objects": IMAGES[:0]},
    "batch zero": {"encoder": flat, "transforms": SHIFTS, "objects": IMAGES, "batch": 0},
    "factors beside": {"encoder": flat, "transforms": SHIFTS, "objects": IMAGES, "factors": ["cyclic"]},
    "transforms beside codes": {"codes": GRID, "transforms": SHIFTS},
    "two kinds": {"codes": GRID, "pairs": {"a": (Z, Z), "b": (Z, Z)}},
}  # fmt: skip
PAIRS: dict[str, Any] = {
    "number": 3, "empty": {}, "one factor": {"a": (Z, Z)}, "no pair": {"a": Z, "b": Z}, "other shapes": {"a": (Z, Z[:5]), "b": (Z, Z)}, "other dimensions": {"a": (Z, Z), "b": (Z[:, :2], Z[:, :2])},
    "three axes": {"a": (Z[None], Z[None]), "b": (Z, Z)}, "labels": (Z, Z, ["a"] * 3), "whole": {"a": (Z.long(), Z.long()), "b": (Z, Z)},
}  # fmt: skip
MATRICES: dict[str, Any] = {
    "one factor": {"a": {"order": 2, "matrix": SWAP}}, "empty": {}, "bare matrix": {"a": SWAP, "b": SWAP}, "order zero": {"a": {"order": 0, "matrix": SWAP}, "b": {"order": 2, "matrix": SWAP}},
    "ragged": {"a": {"order": 2, "matrix": [[1], [0, 1]]}, "b": {"order": 2, "matrix": SWAP}}, "other sizes": {"a": {"order": 2, "matrix": SWAP}, "b": {"order": 2, "matrix": [[-1]]}}, "singular": {"a": {"order": 2, "matrix": [[1, 1], [1, 1]]}, "b": {"order": 2, "matrix": SWAP}},
    "code": {"a": {"order": 2, "matrix": [["__import__('os')"]]}, "b": {"order": 2, "matrix": [[-1]]}}, "trivial group": {"a": {"group": {"table": [["e"]]}, "matrices": {"e": [[1]]}}, "b": {"order": 2, "matrix": [[-1]]}},
    "not generating": {"a": {"group": {"generators": ["a", "b"], "relations": ["a^2", "b^2", "[a,b]"]}, "matrices": {"a": [[1]]}}, "b": {"order": 2, "matrix": [[-1]]}}, "unknown field": {"factors": {}, "colour": 1}, "title": {"factors": {"a": {"order": 2, "matrix": SWAP}}, "title": 3},
    "overflow": {"a": {"order": 4000, "matrix": [[2.0, 0.0], [0.0, 1.0]]}, "b": {"order": 2, "matrix": [[1.0, 0.0], [0.0, -1.0]]}},
}  # fmt: skip


def disentangled() -> dict[str, Given]:
    out: dict[str, Given] = {f"codes {name}": lambda c=c: {"source": c} for name, c in CODES.items()}
    out |= {f"factors {name}": lambda f=f: {"codes": GRID, "factors": f} for name, f in FACTORS.items()}
    out |= {f"encoder {name}": lambda e=e: e for name, e in ENCODERS.items()}
    out |= {f"pairs {name}": lambda p=p: {"pairs": p} for name, p in PAIRS.items()}
    out |= {f"matrices {name}": lambda m=m: {"matrices": m} for name, m in MATRICES.items()}
    out |= {
        f"{name} {value!r}": lambda n=name, v=value: {"codes": GRID, n: v}
        for name, value in (
            ("accuracy", -1.0),
            ("accuracy", "few"),
            ("tolerance", 2.0),
            ("tolerance", True),
            ("seed", -1),
            ("repeat", GRID[:1]),
        )
    }
    return out


KINDS: dict[str, Callable[[], dict[str, Given]]] = {"disentangled": disentangled}
