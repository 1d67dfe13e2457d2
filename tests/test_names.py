"""The names a program written for torch uses: they are all there, with torch's arguments."""

import importlib
import inspect
import pkgutil

import pytest

import minigrad
from minigrad import autograd, nn, optim, utils

TENSORS = (
    "tensor as_tensor from_numpy zeros ones full empty arange linspace eye rand randn randint "
    "randperm zeros_like ones_like full_like empty_like rand_like randn_like randint_like "
    "manual_seed exp log sqrt abs sin cos tanh sigmoid relu pow clamp maximum minimum where sum "
    "mean var std max min logsumexp argmax matmul reshape transpose permute squeeze unsqueeze "
    "flatten cat stack softmax log_softmax no_grad enable_grad save load show_config "
    "set_num_threads get_num_threads Tensor float16 float32 float64 int8 int16 int32 int64 uint8 "
    "bool device"
)
METHODS = (
    "size stride numpy __array__ __dlpack__ item tolist view expand backward requires_grad_ detach "
    "retain_grad register_hook grad add_ mul_ exp_ clamp_ zero_ fill_ copy_ __getitem__ "
    "__setitem__ __matmul__ __pow__ __invert__ __and__ __iadd__ __rsub__ __lt__ dtype shape"
)
MODULE = (
    "__call__ add_module apply buffers children cpu cuda double eval extra_repr float forward "
    "get_submodule get_parameter get_buffer half load_state_dict modules named_buffers "
    "named_children named_modules named_parameters parameters register_buffer "
    "register_forward_hook register_forward_pre_hook register_full_backward_hook register_module "
    "register_parameter requires_grad_ state_dict to train type zero_grad _apply _get_name "
    "_load_from_state_dict _named_members _save_to_state_dict"
)
LAYERS = (
    "Linear Conv1d Conv2d BatchNorm1d BatchNorm2d BatchNorm3d Dropout "
    "MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d "
    "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d Flatten Identity ReLU LeakyReLU GELU "
    "SiLU ELU Softmax LogSoftmax CrossEntropyLoss NLLLoss MSELoss L1Loss BCELoss "
    "BCEWithLogitsLoss Sequential ModuleList ModuleDict "
    "RNN LSTM GRU RNNCell LSTMCell GRUCell MultiheadAttention"
)
OPTIMIZERS = (
    "SGD Adam AdamW RMSprop Adamax NAdam RAdam Adagrad Adadelta Rprop ASGD LBFGS Adafactor Muon"
)
SCHEDULERS = (
    "StepLR MultiStepLR ConstantLR LinearLR ExponentialLR PolynomialLR CosineAnnealingLR LambdaLR "
    "CosineAnnealingWarmRestarts CyclicLR OneCycleLR ReduceLROnPlateau MultiplicativeLR "
    "SequentialLR ChainedScheduler"
)
DATA = "Dataset TensorDataset Subset random_split DataLoader Sampler RandomSampler BatchSampler"
GRADIENTS = "grad backward Function gradcheck gradgradcheck no_grad enable_grad"
NORM = "_check_input_dim reset_parameters reset_running_stats"

OWNERS = {
    "minigrad": (minigrad, TENSORS),
    "Tensor": (minigrad.Tensor, METHODS),
    "Module": (nn.Module, MODULE),
    "nn": (nn, LAYERS + " Sigmoid Tanh Module Parameter functional init"),
    "BatchNorm2d": (nn.BatchNorm2d, NORM),
    "nn.utils": (nn.utils, "clip_grad_norm_"),
    "optim": (optim, f"{OPTIMIZERS} Optimizer lr_scheduler"),
    "lr_scheduler": (optim.lr_scheduler, SCHEDULERS),
    "utils.data": (utils.data, DATA),
    "autograd": (autograd, GRADIENTS),
}


@pytest.mark.parametrize("owner", OWNERS)
def test_names_exist(owner):
    place, names = OWNERS[owner]
    assert [name for name in names.split() if not hasattr(place, name)] == []


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(optim.__path__)])
def test_a_star_brings_what_it_brings_in_torch(torch, name):
    """Of the modules of optimizers: the classes (the functions that torch adds are its inside)."""
    brought = {}
    exec(f"from minigrad.optim.{name} import *", brought)
    brought.pop("__builtins__")
    theirs = {module.name for module in pkgutil.iter_modules(torch.optim.__path__)}
    if found := theirs & {name, f"_{name}"}:
        module = importlib.import_module(f"torch.optim.{found.pop()}")
        assert {n for n in module.__all__ if n[0].isupper()} <= set(brought)
    else:  # a part of minigrad
        assert brought == {}
    assert all(value.__module__.startswith("minigrad.optim") for value in brought.values())


# Where torch has *args, or arguments of a machine or a mode that is not here.
DIFFERENT = {"Module.forward", "Module.state_dict", "utils.data.random_split"}


def arguments(function):
    """Return [(name, default, positional or not)]; dtypes print without their library."""
    return [
        (name, str(p.default).replace("minigrad.", "").replace("torch.", ""), p.kind)
        for name, p in inspect.signature(function).parameters.items()
    ]


CALLS = [
    *(("Module", name) for name in MODULE.split()),
    *(("nn", name) for name in LAYERS.split()),
    *(("BatchNorm2d", name) for name in NORM.split()),
    *(("optim", name) for name in OPTIMIZERS.split()),
    *(("lr_scheduler", name) for name in OWNERS["lr_scheduler"][1].split()),
    *(("utils.data", name) for name in DATA.split()),
    ("nn.utils", "clip_grad_norm_"),
    ("nn.utils", "get_total_norm"),
]


@pytest.mark.parametrize("owner, name", [c for c in CALLS if ".".join(c) not in DIFFERENT])
def test_arguments_are_torchs(owner, name, torch):
    torchs = {
        "Module": torch.nn.Module,
        "nn": torch.nn,
        "BatchNorm2d": torch.nn.BatchNorm2d,
        "optim": torch.optim,
        "lr_scheduler": torch.optim.lr_scheduler,
        "utils.data": torch.utils.data,
        "nn.utils": torch.nn.utils,
    }
    ours, theirs = getattr(OWNERS[owner][0], name), getattr(torchs[owner], name)
    assert arguments(ours) == arguments(theirs)


def test_initialisers_have_torchs_arguments(torch):
    names = [n for n in vars(torch.nn.init) if n.endswith("_") and not n.startswith("_")]
    ours = [n for n in names if hasattr(nn.init, n)]
    assert len(ours) >= 12
    for name in [*ours, "calculate_gain"]:
        assert arguments(getattr(nn.init, name)) == arguments(getattr(torch.nn.init, name)), name
