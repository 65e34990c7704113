"""The zoo of hybrid models: no right one refuted or undecided, every wrong one refuted where it is wrong; and what cannot be read is refused."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

from preality import audit
from proofs_checks.errors import InputError
from proofs_checks.kernel import Status

PATH = Path(__file__).parent / "zoo" / "hybrids.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zoo_of_hybrids", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_of_hybrids"] = module
    spec.loader.exec_module(module)
    return module


ZOO = load()
X = torch.randn(24, ZOO.D, generator=torch.Generator().manual_seed(0))
Y = torch.arange(24) % 2


def made(animal) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return animal.make()


@pytest.mark.parametrize("animal", ZOO.RIGHT, ids=lambda animal: animal.name)
def test_no_right_model_is_refuted_and_none_is_changed(animal) -> None:
    model = made(animal)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    mode, states = model.training, torch.get_rng_state()
    wide = X.double()  # the precision that audits work in, so that nothing has to be copied
    report = audit.hybrid(model, wide, Y, seconds=4.0, **(animal.given or {}))
    assert torch.equal(wide, X.double())
    assert report.status is Status.HOLDS, report
    assert model.training is mode
    assert torch.equal(torch.get_rng_state(), states)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("animal", ZOO.WRONG, ids=lambda animal: animal.name)
def test_every_wrong_model_is_refuted_where_it_is_wrong(animal) -> None:
    report = audit.hybrid(made(animal), X, Y, train=False)
    assert {f.name for f in report.findings if f.status is Status.REFUTED} == set(animal.refutes), report


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"model": lambda x: x}, "torch.nn.Module with two heads"),
        ({"model": nn.Linear(ZOO.D, 2)}, "One head alone"),
        ({"y": Y + 9}, "Do they start at 1"),
        ({"y": Y[:5]}, "a label for each of 24"),
        ({"y": torch.nn.functional.one_hot(Y)}, "One-hot"),
        ({"x": (X * 9).long()}, "Integer images"),
        ({"x": X.clone().index_fill_(0, torch.tensor([3]), torch.nan)}, "finite points"),
        ({"x": X[:1], "y": Y[:1]}, "at least 8 points"),
        ({"x": X[:, :3]}, "raised RuntimeError"),
        ({"weight": -1.0}, "lambda >= 0"),
        ({"heads": 3}, "function of \\(model, x\\)"),
        ({"model": ZOO.Trunk().requires_grad_(False)}, "requires_grad"),
        ({"heads": torch.no_grad()(lambda model, x: model(x))}, "no_grad or inference_mode"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_next_step(given, words) -> None:
    objects = {"model": ZOO.Trunk(), "x": X, "y": Y, **given}
    with pytest.raises(InputError, match=words):
        audit.hybrid(objects.pop("model"), objects.pop("x"), objects.pop("y"), train=False, **objects)


def test_gradients_are_those_of_the_users_own_parameters() -> None:
    model = made(ZOO.RIGHT[4]).double()
    report = audit.hybrid(model, X.double(), Y, train=False)
    rows = []
    for i in range(len(X)):
        joint = model.joint(X[i : i + 1].double())
        label = torch.autograd.grad(torch.log_softmax(joint, 1)[0, Y[i]], model.means, retain_graph=True)[0]
        image = torch.autograd.grad(joint.logsumexp(1)[0], model.means)[0]
        rows.append(torch.stack([(label**2).sum(), (image**2).sum()]))
    means = torch.stack(rows).mean(0)
    star = float((means[0] / means[1]).sqrt())
    assert abs(report.facts["lambda*"][0] / star - 1) < 2.0**-40
    assert report.facts["D"] == ZOO.D


def test_a_larger_weight_is_named_with_the_one_that_balances() -> None:
    report = audit.hybrid(made(ZOO.WRONG[-1]), X, Y, train=False)
    assert "Train with weight" in report.next_step
    quiet = audit.hybrid(made(ZOO.WRONG[-1]), X, Y, train=False, weight=report.facts["lambda*"][0])
    assert quiet.status is Status.HOLDS


def test_training_with_a_weight_is_told_for_each_weight() -> None:
    x = 2 + torch.randn(200, ZOO.D, generator=torch.Generator().manual_seed(1))
    report = audit.hybrid(made(ZOO.RIGHT[0]), x, (x[:, 0] > 2).long(), weight=0.25, seconds=8.0)
    outcomes = {it["name"]: it for it in report.facts["training"]}
    assert set(outcomes) == {
        "no training",
        "classifier alone",
        "naive",
        "convex with the joint, l = 1/2",
        "balanced",
        "yours",
    }
    assert outcomes["naive"]["image"] < outcomes["no training"]["image"]
    assert (
        outcomes["classifier alone"]["label"]
        < outcomes["no training"]["label"] + outcomes["no training"]["label_error"]
    )
    assert report.figure().axes[1].get_xlabel()


DOCS = Path(__file__).resolve().parents[2] / "docs" / "zoo-of-hybrids.md"
HEAD = """# The zoo of hybrid models

Modules with heads p(y|x) and p(x) (`tests/audits/zoo/hybrids.py`), each audited by `tests/audits/test_hybrid_zoo.py`. No right one is refuted or undecided,
none is changed, and every wrong one is REFUTED in the finding named.
"""


def table() -> str:
    """The zoo as Markdown; write it to docs/zoo-of-hybrids.md when the zoo changes."""
    right = [f"| {animal.name} |" for animal in ZOO.RIGHT]
    wrong = [f"| {animal.name} | {', '.join(animal.refutes)} |" for animal in ZOO.WRONG]
    heads = [f"| {len(right)} right models |", "|---|"], ["", f"| {len(wrong)} faults | REFUTED |", "|---|---|"]
    return "\n".join([HEAD, *heads[0], *right, *heads[1], *wrong, ""])


def test_the_table_in_the_documentation_is_that_of_the_zoo() -> None:
    assert DOCS.read_text(encoding="utf-8") == table()
