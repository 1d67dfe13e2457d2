"""``python -m minigrad run`` and ``missing``: programs written for torch."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad
from minigrad.mirror import missing, notebook
from minigrad.mirror.finder import Version

ROOT = Path(minigrad.__file__).parents[1]


def python(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=environment, capture_output=True, text=True, timeout=100, **options,
    )  # fmt: skip


def found_in(path):
    return [(file, *found[:3]) for file, found in missing.missing(path)]


@pytest.fixture
def run(write):
    def run(text, *arguments, name="program.py", **options):
        return python("-m", "minigrad", "run", write(text, name), *arguments, **options)

    return run


PROGRAM = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch import tensor
from torch.autograd import Variable, grad
from torch.nn.init import xavier_uniform_
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset, random_split
import torch.utils.data as data

torch.manual_seed(0)
print(tensor([1.5, 2]), tensor([1, 2]).shape, torch.zeros(2).dtype, torch.Size([3]))
print(torch.ones(2, dtype=torch.float64), torch.device("cpu"), torch.finfo(torch.float32).eps)
print(tensor([[3, 1], [2, 5]]).max(1), f"{tensor(1.5):.2f}", tensor([True]).type())
print(torch.nn.functional is F, isinstance(tensor(1), torch.Tensor), data.DataLoader is DataLoader)
print(hasattr(torch, "no_such_thing"), torch.__version__ >= "2.4", torch.__version__ > (1, 9))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 16)
        self.bn = nn.BatchNorm1d(16)
        self.fc2 = nn.Linear(16, 3)
        xavier_uniform_(self.fc1.weight)

    def forward(self, x):
        return self.fc2(F.relu(self.bn(self.fc1(x))))


net = Net()
print(net)
x, y = torch.randn(60, 4), torch.randint(0, 3, (60,))
train, test = random_split(TensorDataset(x, y), [50, 10])
optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
for epoch in range(3):
    for batch, target in DataLoader(train, batch_size=10, shuffle=True):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(batch), target)
        loss.backward()
        clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    scheduler.step()
    print(f"{epoch} {loss.item():.4f} {scheduler.get_last_lr()}")
print(grad(Variable(x, requires_grad=True).pow(2).sum(), [], allow_unused=True) if False else "end")
"""


def test_a_program_prints_what_it_prints_with_torch(run, write, torch):
    ours, theirs = run(PROGRAM), python(write(PROGRAM))
    assert ours.stderr == "" and ours.returncode == theirs.returncode == 0
    assert ours.stdout == theirs.stdout


def test_torch_need_not_be_there_and_is_not_imported(run):
    code = "import sys, torch\nprint(torch.zeros(2), 'minigrad' in sys.modules, torch._target)\n"
    code += "assert torch.__file__.endswith('__init__.py'), torch.__path__"
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("tensor([0., 0.]) True <module 'minigrad'")


def test_it_runs_as_python_runs_a_script(run, write):
    code = (
        "import sys, helper, pickle\n"
        "print(sys.argv[1:], __name__, __file__ == sys.argv[0], helper.torch.ones(1))\n"
        "class Own: pass\n"
        "print(type(pickle.loads(pickle.dumps(Own()))) is Own, sys.path[0])\n"
        "sys.exit(7)\n"
    )
    write("import torch", "helper.py")
    done = run(code, "--epochs", "3", "-x")
    assert done.returncode == 7 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "['--epochs', '3', '-x'] __main__ True tensor([1.])"
    assert lines[1].startswith("True ")


def test_a_traceback_is_the_programs_own(run, write):
    code = "import torch\ndef f():\n    return torch.ones(2) @ torch.ones(3)\nf()\n"
    done = run(code)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and lines[0].startswith("Traceback")
    assert lines[1].strip().endswith('program.py", line 4, in <module>')
    assert "minigrad/mirror" not in done.stderr and "runpy" not in done.stderr
    assert lines[-1].startswith("RuntimeError: ")
    wrong = run("def f(:\n")
    assert wrong.returncode == 1 and "SyntaxError" in wrong.stderr
    assert wrong.stderr.splitlines()[0].strip().startswith("File")
    stopped = run("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\ninput()\n")
    assert stopped.returncode in (-signal.SIGINT, 130)


def test_modules_run_as_python_runs_them(run, write, tmp_path):
    (tmp_path / "parts").mkdir()
    code = (
        "import sys, torch\n"
        "from . import other\n"
        "print(sys.argv[1:], __name__, __package__, __file__ == sys.argv[0], other.x)\n"
        "print(sys.argv[0].endswith(sys.argv[-1]), __spec__.name)\n"
    )
    for name in ("main", "__main__"):
        write(code, f"parts/{name}.py")
    write("import torch\nx = torch.ones(1)", "parts/other.py")
    for module, file in (("parts.main", "main.py"), ("parts", "__main__.py")):
        done = python("-m", "minigrad", "run", "-m", module, "--lr", file, cwd=tmp_path)
        assert done.stderr == "" and done.returncode == 0
        expected = f"['--lr', '{file}'] __main__ parts True tensor([1.])\nTrue parts.{file[:-3]}\n"
        assert done.stdout == expected
    for module in ("parts.nothing", "nothing", "nothing.at.all"):
        done = python("-m", "minigrad", "run", "-m", module, cwd=tmp_path)
        assert done.returncode == 1 and f"no module named {module}" in done.stderr
    write("import nothing_there", "parts/__init__.py")
    done = python("-m", "minigrad", "run", "-m", "parts.main", cwd=tmp_path)
    assert done.returncode == 1 and "No module named 'nothing_there'" in done.stderr


SPAWNED = """\
import multiprocessing, sys, torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, i):
        return torch.tensor(i) ** 2, type(torch).__name__

def work(rank, queue, net):
    queue.put((rank, net(torch.ones(1, 2)).shape, torch.Size([1]), "minigrad" in torch.__version__))

def top(rank):
    child = torch.multiprocessing.get_context("spawn").Process(target=print, args=(torch.ones(1),))
    child.start(); child.join()

if __name__ == "__main__":
    for method in ("spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        process = context.Process(target=work, args=(1, queue, nn.Linear(2, 3)))
        process.start()
        print(*queue.get())
        process.join()
        for batch, kind in DataLoader(Squares(), 4, num_workers=1, multiprocessing_context=method):
            print(batch, kind[0])
    torch.multiprocessing.spawn(top)
"""


def test_spawned_processes_have_minigrad_too(run):
    done = run(SPAWNED)
    assert done.stderr == "" and done.returncode == 0
    assert done.stdout == (
        "1 torch.Size([1, 3]) torch.Size([1]) True\ntensor([0, 1, 4, 9]) Mirror\n" * 2
        + "tensor([1.])\n"
    )


MISSING = {  # line 2 of a program: what is missing, and a part of the advice
    "torch.nn.functional.rulu(torch.ones(1))": ("torch.nn.functional.rulu", "functional.relu"),
    "from torch.nn import Linnear": ("torch.nn.Linnear", "torch.nn.Linear"),
    "import torch.distributed.rpc as rpc": ("torch.distributed.rpc", "one process"),
    "torch._dynamo.reset()": ("torch._dynamo", "leave it out"),
    "torch.lstsq": ("torch.lstsq", "torch.linalg.lstsq"),
    "torch.eig": ("torch.eig", "numpy.linalg.eig"),
    "torch.zeros(1, dtype=torch.bfloat16)": ("torch.bfloat16", "torch.float32"),
    "torch.zeros(1, dtype=torch.cfloat)": ("torch.cfloat", "real and imaginary part"),
    "from torch.utils.cpp_extension import load": ("torch.utils.cpp_extension", "Function"),
    "torch.nn.parallel.DistributedDataParallel(1)": (
        "torch.nn.parallel.DistributedDataParallel",
        "the module itself",
    ),
    "from torch.utils.tensorboard import SummaryWriter": ("torch.utils.tensorboard", "matplotlib"),
    "torch.sparse.mm": ("torch.sparse", "dense"),
    "torch.hardtanh_ish": ("torch.hardtanh_ish", ""),
    "torch.cross_entropy(1, 2)": ("torch.cross_entropy", "torch.nn.functional.cross_entropy"),
    "from torch.optim import StepLR": ("torch.optim.StepLR", "torch.optim.lr_scheduler.StepLR"),
    "torch.tape": ("torch.tape", ""),
}


def test_a_name_is_looked_up_once(run):
    done = run(
        "import torch\ntorch.add, torch.float32\nprint({'add', 'float32'} <= {*vars(torch)})"
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("line", MISSING)
def test_the_first_name_that_is_missing_is_explained(run, write, line):
    name, instead = MISSING[line]
    done = run(f"import torch\n{line}\nprint('never')\n")
    assert done.returncode == 1 and done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert f"minigrad has no {name} (" in last and "program.py, line 2): " in last
    assert instead in last.split("line 2): ")[1]
    assert "minigrad/mirror" not in done.stderr, "the traceback ends in the program"
    ((file, number, found, advice),) = found_in(write(f"import torch\n{line}\n"))
    assert file.endswith("program.py") and (number, found) == (2, name) and instead in advice


METHODS = {
    "torch.ones(2).to_sparse()": ("torch.Tensor.to_sparse", "tensors are dense"),
    "torch.Tensor.to_sparse": ("torch.Tensor.to_sparse", "tensors are dense"),
    "torch.nn.Linear(1, 1).bfloat16()": ("torch.nn.Module.bfloat16", "float32"),
}


@pytest.mark.parametrize("line", METHODS)
def test_a_method_that_is_missing_is_explained(run, line):
    name, instead = METHODS[line]
    done = run(f"import torch\n{line}\n")
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and f"minigrad has no {name}: " in last and instead in last
    own = run("import torch\ntorch.nn.Linear(1, 1).my_own_typing_error\n")
    assert "minigrad has no" not in own.stderr


@pytest.mark.parametrize("package", ["torchtext", "torchaudio"])
def test_companions_of_torch_are_explained(run, write, package):
    code = f"from {package} import datasets\n"
    done = run(code)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1 and last.startswith(f"ModuleNotFoundError: {package} needs torch")
    ((_, number, found, _),) = found_in(write(code))
    assert (number, found) == (1, package)


def test_a_program_may_ask_and_go_on(run):
    code = (
        "import torch\n"
        "try:\n    import torchtext\nexcept ImportError:\n    print('no torchtext')\n"
        "try:\n    from torch.nn import Nothing\nexcept ImportError:\n    print('no Nothing')\n"
        "print(getattr(torch, 'nothing', None), hasattr(torch.nn, 'nothing'))\n"
        "torch.own = 3\nprint(torch.own)\n"
    )
    done = run(code)
    assert done.stdout == "no torchtext\nno Nothing\nNone False\n3\n", done.stderr


SAFETENSORS = """\
import torch
from safetensors.torch import load, load_file, load_model, save, save_file, save_model

class Tied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2)
        self.b.weight = self.a.weight

torch.manual_seed(0)
given = {"w": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3), "e": torch.zeros(0, 2)}
save_file(given, "x.safetensors", metadata={"format": "pt"})
for found in (load_file("x.safetensors"), load(save(given)), load_file("x.safetensors", "cpu")):
    print({name: (found[name], found[name].dtype) for name in sorted(found)})
print(save({}), save(given, {"format": "pt"}) == open("x.safetensors", "rb").read())
model, other = Tied(), Tied()
save_model(model, "m.safetensors")
print(load_model(other, "m.safetensors"), torch.equal(other.b.weight, model.a.weight))
print(sorted(load_file("m.safetensors")))
save_file({"c.weight": given["w"]}, "o.safetensors")
print([sorted(names) for names in load_model(model, "o.safetensors", strict=False)])
for wrong in (
    3, {"a": 3}, {"a": given["w"].t()}, {"a": given["w"], "b": given["w"]}, model.state_dict(),
    {"a": given["w"][0], "b": given["w"][1]},
):
    try:
        print(len(save(wrong)))
    except Exception as error:
        print(type(error).__name__)
try:
    load_model(model, "o.safetensors")
except RuntimeError as error:
    print("RuntimeError")
"""


def test_safetensors(run, write, torch, tmp_path):
    """The package's own module needs torch; what there is under ``run`` prints the same."""
    pytest.importorskip("safetensors.torch")
    code = SAFETENSORS + (
        "from safetensors import safe_open\n"
        "with safe_open('x.safetensors', framework='pt', device='cpu') as file:\n"
        "    print(file.metadata(), {n: file.get_tensor(n) for n in sorted(file.keys())})\n"
        "    print(file.get_slice('w')[:, 1:], file.get_slice('w').get_shape())\n"
    )
    ours, theirs = run(code, cwd=tmp_path), python(write(code), cwd=tmp_path)
    assert ours.returncode == theirs.returncode == 0, ours.stderr + theirs.stderr
    assert ours.stdout == theirs.stdout


def test_safetensors_without_the_package(run, tmp_path):
    code = (
        "import os, sys\n"
        "sys.path[:] = [p for p in sys.path if not os.path.isdir(p + '/safetensors')]\n"
        "import safetensors\nassert safetensors.__spec__.origin is None\n"
    )
    done = run(code + SAFETENSORS, cwd=tmp_path)
    assert "'n': (tensor(3), torch.int64)" in done.stdout, done.stderr


def cell(*lines, kind="code"):
    return {"cell_type": kind, "source": [f"{line}\n" for line in lines]}


NOTEBOOK = {
    "nbformat": 4,
    "cells": [
        cell("# Title", kind="markdown"),
        cell("%matplotlib inline", "!pip install torch", "import torch", "if True:", "    !ls"),
        cell("x = torch.arange(3)", "x"),
        cell("x.sum();"),
        cell("%%bash", "rm -r something"),
        cell("%%time", "files = !ls", "x?", "print(17", "      % 5)"),
        cell("x + 1", "x.nothing"),
    ],
}


def test_notebooks(run):
    done = run(json.dumps(NOTEBOOK), name="book.ipynb")
    assert done.returncode == 1
    assert done.stdout == "tensor([0, 1, 2])\n2\n"
    skipped = [line for line in done.stderr.splitlines() if "skipped" in line]
    assert [line.split("book.ipynb, ")[1] for line in skipped] == [
        "cell 1, line 1: skipped %matplotlib inline",
        "cell 1, line 2: skipped !pip install torch",
        "cell 1, line 5: skipped !ls",
        "cell 4, line 1: skipped %%bash",
        "cell 5, line 1: skipped %%time",
        "cell 5, line 2: skipped files = !ls",
        "cell 5, line 3: skipped x?",
    ]
    assert 'book.ipynb, cell 6", line 2' in done.stderr and "    x.nothing" in done.stderr


def test_a_cell_that_is_python_stays_as_it_is():
    text = 'print("""\n%d items\n!""" % 3)\n'
    assert notebook.plain("cell", text) == ("cell", text, ())


def test_what_is_no_program(run, tmp_path):
    assert run("{}", name="book.ipynb").returncode == 2
    for command in ("run", "missing"):
        done = python("-m", "minigrad", command, tmp_path / "nowhere.py")
        assert done.returncode == 2 and "nowhere.py" in done.stderr
    assert python("-m", "minigrad").returncode == 2
    shown = python("-m", "minigrad", "--help")
    assert shown.returncode == 0 and "missing   list all names" in shown.stdout


def test_versions_compare_by_their_numbers():
    version = Version("2.13.0+minigrad")
    assert version >= "2.4" and version > "1.13.1" and version < "2.13.1" and version <= "3"
    assert version >= (2, 0) and version < (2, 14) and version == "2.13.0+minigrad"
    assert version.split(".")[:2] == ["2", "13"] and version >= "2.13.0a0" and hash(version)
