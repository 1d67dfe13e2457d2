"""Every mirrored function, method and class takes the arguments that torch's takes.

Names, order and defaults; torch_signatures.py says what torch's are.
"""

import importlib
import inspect
import types

import pytest

import minigrad

pytest.importorskip("torch", reason="torch says what it takes")
import torch_signatures

PLACES = """
torch torch.Tensor torch.nn torch.nn.Module torch.nn.functional torch.nn.init torch.nn.utils
torch.nn.utils.rnn torch.nn.utils.parametrize torch.nn.utils.parametrizations torch.optim
torch.optim.Optimizer torch.optim.lr_scheduler torch.optim.lr_scheduler.LRScheduler
torch.optim.swa_utils torch.utils.data torch.autograd torch.autograd.functional torch.func
torch.linalg torch.special torch.random torch.amp
""".split()

# Names whose arguments differ, and why; one that differs no more fails the test.
BECAUSE = {
    "torch's stub or docstring says what torch does not take, or not what it takes": """
        torch.full torch.tensor torch.Tensor.new_tensor torch.Tensor.requires_grad_ torch.Tensor.to
        torch.Tensor.contiguous torch.Tensor.add torch.Tensor.floor_divide torch.Tensor.mul
        torch.Tensor.sub torch.Tensor.true_divide torch.Tensor.expand torch.set_num_threads
        torch.set_num_interop_threads torch.hamming_window torch.linalg.matrix_exp
        torch.linalg.matrix_norm torch.linalg.matrix_power torch.linalg.matrix_rank
        torch.linalg.vander torch.linalg.householder_product torch.special.round torch.asarray
        torch.orgqr torch.ormqr torch.Tensor.orgqr torch.Tensor.ormqr
    """,
    "the same value, written otherwise": """
        torch.nan_to_num torch.nan_to_num_
        torch.Tensor.nan_to_num torch.Tensor.nan_to_num_ torch.norm torch.Tensor.norm
        torch.tril_indices torch.triu_indices torch.load torch.utils.data.random_split
    """,
    "several overloads in one": """
        torch.tensor_split torch.Tensor.tensor_split torch.isin torch.range torch.result_type
        torch.true_divide torch.Tensor.true_divide torch.Tensor.true_divide_ torch.linalg.pinv
        torch.Tensor.new
    """,
    "what torch itself warns of": """
        torch.linspace torch.logspace torch.autograd.backward
        torch.random.fork_rng torch.nn.init.eye torch.nn.init.normal
    """,
    "a decorator": "torch.enable_grad",
    "nothing is pickled, compiled or kept in storages": """
        torch.save torch.compile torch.TypedStorage torch.func.jacrev
    """,
    "the noise is the default generator's": "torch.rrelu torch.rrelu_",
    "named and counted as in minigrad's own core": "torch.Tensor.copy_ torch.Tensor.count_nonzero",
}


def resolve(package, place):
    """Return what ``place``, such as "torch.nn", is in a package."""
    owner = package
    for part in place.split(".")[1:]:
        if not hasattr(owner, part):
            importlib.import_module(f"{owner.__name__}.{part}")
        owner = getattr(owner, part)
    return owner


def signature(value, place):
    """Return the signature of a function, method or class of minigrad."""
    found = inspect.signature(value)
    parameters = list(found.parameters.values())
    if place == "torch.Tensor":
        del parameters[0]
    takes_out = getattr(value, "takes_out", False)
    if takes_out and "out" not in found.parameters:  # which inspect does not tell
        parameters.append(inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
    return found.replace(parameters=parameters)


def _at_home(module, value):
    """Whether a module of torch does not only import a name."""
    package = torch_signatures.torch
    return module is package or getattr(package, getattr(value, "__name__", ""), None) is not value


def differing(place):
    """Return {name: differences} of what is in one place in both."""
    torchs, ours = (resolve(p, place) for p in (torch_signatures.torch, minigrad))
    found = {}
    for name in sorted(set(dir(torchs)) & set(dir(ours))):
        theirs, mine = getattr(torchs, name), getattr(ours, name)
        own = (getattr(mine, "__module__", None) or "minigrad").startswith("minigrad")
        if name.startswith("_") or isinstance(theirs, types.ModuleType) or not callable(mine):
            continue
        if not isinstance(ours, type) and (not own or not _at_home(torchs, theirs)):
            continue
        overloads = torch_signatures.torchs(place, name, theirs)
        try:
            taken = signature(mine, place)
        except ValueError:  # compiled classes
            continue
        if place in ("torch.linalg", "torch.special"):  # out= is the package's only
            overloads = [torch_signatures.without(s, "out") for s in overloads]
        if overloads:
            different = torch_signatures.differences(taken, overloads)
            if different:
                found[name] = different
    return found


@pytest.mark.parametrize("place", PLACES)
def test_arguments_are_torchs(place):
    expected = {name for names in BECAUSE.values() for name in names.split()}
    found = {f"{place}.{name}": different for name, different in differing(place).items()}
    assert {name: different for name, different in found.items() if name not in expected} == {}
    here = {name for name in expected if name.rpartition(".")[0] == place}
    assert here - set(found) == set(), "these are as torch's now"
