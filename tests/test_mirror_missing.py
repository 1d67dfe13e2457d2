"""``python -m minigrad missing``: what of torch a program needs that is not there."""

import json
from pathlib import Path

import pytest

import minigrad
from minigrad.mirror import missing, names

ROOT = Path(minigrad.__file__).parents[1]


def found_in(path):
    return [(file, *found[:3]) for file, found in missing.missing(path)]


def cell(*lines, kind="code"):
    return {"cell_type": kind, "source": [f"{line}\n" for line in lines]}


GOOD = """\
import torch
import torch.nn.functional as F
from torch import optim, tensor
from torch.optim.lr_scheduler import StepLR
layer = torch.nn.Linear(2, 1)
StepLR(optim.SGD(layer.parameters(), lr=0.1), 1)
print(F.relu(layer(tensor([[1.0, 2.0]]))).size())
"""


def lacking(write, text):
    return [(line, name) for _, line, name, _ in found_in(write(text))]


def test_missing_follows_names_and_scopes(write):
    text = """\
import torch as t, torch.nn.functional as F
from torch import nn, optim as o
lib = t.nn
lib.Nothing1(3)
class Net(nn.Module):
    F = 3
    def forward(self, x, t):
        return t.nothing + F.nothing2(x)
def f(F=F.nothing3):
    F.anything
    [o.anything for o in x]
    return o.nothing4
def g():
    import torch.nothing5
    from torch.optim.lr_scheduler import Nothing6, StepLR as S
    return S.nothing7
t.own = 3
t.nothing8.own = 3
lambda nn: nn.nothing
from torch.utils.data import *
DataLoader(x, batchsize=3)
F.relu(x, inplace=True, **more)
t.add(x, 1, out=y)
t.clone(x, out=y)
t.tensor([1.0]).item().anything
"""
    assert lacking(write, text) == [
        (4, "torch.nn.Nothing1"),
        (8, "torch.nn.functional.nothing2"),
        (9, "torch.nn.functional.nothing3"),
        (12, "torch.optim.nothing4"),
        (14, "torch.nothing5"),
        (15, "torch.optim.lr_scheduler.Nothing6"),
        (16, "torch.optim.lr_scheduler.StepLR.nothing7"),
        (18, "torch.nothing8"),
        (21, "torch.utils.data.DataLoader(batchsize=...)"),
        (24, "torch.clone(out=...)"),
    ]


def test_missing_knows_what_there_is_of_torchvision(write):
    text = """\
import torchvision, torchvision.transforms as T
from torchvision import datasets, models, transforms as more
from torchvision.utils import make_grid, draw_bounding_boxes
T.Compose([more.ToTensor(), T.v2.Resize(2), T.nothing()])
datasets.MNIST(".", trainn=True), datasets.SVHN, torchvision.models.resnet18(pretrained=True)
"""
    assert lacking(write, text) == [
        (2, "torchvision.models"),
        (3, "torchvision.utils.draw_bounding_boxes"),
        (4, "torchvision.transforms.nothing"),
        (5, "torchvision.datasets.MNIST(trainn=...)"),
        (5, "torchvision.datasets.SVHN"),
        (5, "torchvision.models"),
    ]


def test_missing_says_possibly_of_methods(write):
    text = """\
import numpy as np, torch, scipy.signal as signal
from torch import nn
def f(x, model, module=np):
    x.bfloat16().to_sparse()
    model.layers[0].bfloat16()
    x.values(), {}.coalesce(), [].coalesce(), "".istft(), signal.stft(x), np.fft.istft(x)
    x.sum().own().item()
class Net(nn.Module):
    def coalesce(self):
        return self.chalf()
    def forward(self, x):
        return self.coalesce()
@torch.jit.trace
def g(x):
    torch.cuda.synchronize()
    return getattr(torch, "rulu") or getattr(torch, "rulu", None)
"""
    found = [each for _, each in missing.missing(write(text))]
    assert [(each.line, each.how, each.name) for each in found] == [
        (4, "possibly has no", "torch.Tensor.bfloat16"),
        (4, "possibly has no", "torch.Tensor.to_sparse"),
        (5, "possibly has no", "torch.Tensor.bfloat16"),
        (10, "possibly has no", "torch.Tensor.chalf"),
        (13, "refuses", "torch.jit.trace"),
        (16, "has no", "torch.rulu"),
    ]
    assert "(if model.layers[0] is one of torch's)" in found[2].advice
    assert "call the function or module itself" in found[4].advice


def test_missing_knows_arguments_that_are_refused(write):
    text = """\
import torch
from torch import nn
nn.Embedding(3, 2, sparse=True), nn.Embedding(3, 2, sparse=False), nn.Embedding(3, 2, sparse=x)
torch.autocast("cpu"), torch.autocast("cpu", enabled=False), torch.autocast("cuda")
torch.autocast(device_type="cpu"), torch.autocast(device.type)
"""
    found = [each for _, each in missing.missing(write(text))]
    assert [(each.line, each.how, each.name) for each in found] == [
        (3, "refuses", "torch.nn.Embedding(sparse=True)"),
        (4, "refuses", "torch.autocast(device_type='cpu')"),
        (5, "refuses", "torch.autocast(device_type='cpu')"),
    ]


def test_missing_reads_the_programs_own_modules(write, tmp_path):
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    write("import torch\nfrom . import b\ntorch.rulu", "parts/a.py")
    write("import torch, program\nfrom .deep.c import f\ntorch.rulu", "parts/b.py")
    write("import parts.a, numpy\nfrom torch import rulu", "parts/deep/c.py")
    write("import torch\ntorch.rulu", "not_imported.py")
    found = found_in(write("from parts.a import g\nimport torch\ntorch.rulu"))
    files = [(Path(file).name, line) for file, line, _, _ in found]
    assert files == [("program.py", 3), ("a.py", 3), ("b.py", 3), ("c.py", 2)]


def test_missing_prints_and_returns_a_status(write, capsys):
    good, bad = write(GOOD, "good.py"), write("import torch\ntorch.rulu\n", "bad.py")
    assert missing.report(good) == 0
    assert capsys.readouterr().out == f"{good}: minigrad has every name of torch in it\n"
    assert missing.report(bad) == 1
    printed = capsys.readouterr().out
    assert printed == f"{bad}:2: minigrad has no torch.rulu: the nearest name is torch.relu\n"
    assert missing.report(write("def f(:", "wrong.py")) == 2


def test_missing_reads_notebooks(write):
    book = {"cells": [cell("!ls", "import torch"), cell("torch.rulu")]}
    ((file, line, name, _),) = found_in(write(json.dumps(book), "book.ipynb"))
    assert file.endswith("book.ipynb, cell 2") and (line, name) == (1, "torch.rulu")


def test_the_examples_lack_nothing():
    for path in (ROOT / "examples").glob("*.py"):
        text = path.read_text().replace("minigrad", "torch")
        reader = missing.Reader()
        reader.visit(missing.ast.parse(text))
        own = {"torch.inspect"}  # which torch has not
        assert [found for found in reader.found if found.name not in own] == [], path.name


def test_hints_are_for_names_that_are_missing():
    """A hint for a name that has come to minigrad since would never be given."""
    stale = [name for name in names.HINTS if names.look(name)[1] is None]
    assert set(stale) <= {
        "torch._C",
        "torchvision",
        "torch.device",
        "torch.cuda",
        "torch.jit",
        "torch.distributed",
        "torch.hub",
    }


@pytest.mark.parametrize(
    "wrong, right",
    [
        ("torch.nn.Relu", "torch.nn.ReLU"),
        ("torch.nn.Maxpool2d", "torch.nn.MaxPool2d"),
        ("torch.Relu", "torch.relu"),
        ("torch.optim.ADAM", "torch.optim.Adam"),
        ("torch.nn.MSE", "torch.nn.MSELoss"),
        ("torch.nn.Linaer", "torch.nn.Linear"),
        ("torch.xyzzy", None),
    ],
)
def test_the_name_that_was_meant(wrong, right):
    expected = f"the nearest name is {right}" if right else "nothing comes near it"
    assert names.advice(wrong) == expected
