"""The import statements of programs written for torch: every path is there."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn.modules import utils

IMPORTS = """\
from torch import Tensor, autograd, nn, optim
from torch.__config__ import parallel_info, show
from torch.amp import GradScaler, autocast, custom_bwd, custom_fwd
from torch.amp.autocast_mode import autocast
from torch.autograd import Function, Variable
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.autograd.variable import Variable
from torch.cuda.amp import GradScaler, autocast, custom_bwd, custom_fwd
from torch.distributions import Bernoulli, Categorical, Normal
from torch.distributions.categorical import Categorical
from torch.distributions.normal import Normal
from torch.multiprocessing import Pool, Process, Queue, get_context, spawn
from torch.nn import DataParallel, Module, Parameter
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy, softmax
from torch.nn.init import _calculate_fan_in_and_fan_out, xavier_uniform, xavier_uniform_
from torch.nn.modules import BatchNorm2d, Conv2d, Module, activation
from torch.nn.modules.activation import MultiheadAttention, ReLU, Softmax
from torch.nn.modules.batchnorm import BatchNorm1d, _BatchNorm, _NormBase
from torch.nn.modules.container import ModuleList, ParameterList, Sequential
from torch.nn.modules.conv import Conv2d, ConvTranspose2d, _ConvNd, _ConvTransposeNd
from torch.nn.modules.dropout import Dropout, _DropoutNd
from torch.nn.modules.instancenorm import InstanceNorm2d, _InstanceNorm
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.modules.linear import Bilinear, Identity, LazyLinear, Linear
from torch.nn.modules.loss import CrossEntropyLoss, TripletMarginLoss, _Loss, _WeightedLoss
from torch.nn.modules.module import Module
from torch.nn.modules.normalization import GroupNorm, LayerNorm
from torch.nn.modules.padding import ZeroPad2d
from torch.nn.modules.pooling import AdaptiveAvgPool2d, MaxUnpool2d, _MaxPoolNd
from torch.nn.modules.rnn import LSTMCell, RNNBase
from torch.nn.modules.sparse import Embedding
from torch.nn.modules.transformer import TransformerEncoder
from torch.nn.modules.upsampling import Upsample
from torch.nn.modules.utils import _ntuple, _pair, _quadruple, _single, _triple
from torch.nn.parallel import DataParallel
from torch.nn.parameter import Parameter
from torch.nn.utils import clip_grad_norm, clip_grad_norm_, prune
from torch.nn.utils.clip_grad import clip_grad_norm_
from torch.nn.utils.convert_parameters import parameters_to_vector
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import orthogonal, weight_norm
from torch.nn.utils.prune import global_unstructured, l1_unstructured
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.optim import SGD, Adam
from torch.optim.adadelta import Adadelta
from torch.optim.adam import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, _LRScheduler
from torch.optim.optimizer import Optimizer
from torch.optim.sgd import SGD
from torch.optim.swa_utils import SWALR, AveragedModel
from torch.random import fork_rng
from torch.testing import assert_close, make_tensor
from torch.utils.checkpoint import checkpoint, checkpoint_sequential
from torch.utils.data import DataLoader, Dataset
from torch.utils.data._utils.collate import default_collate
from torch.utils.data.dataloader import DataLoader, default_collate, get_worker_info
from torch.utils.data.dataset import Dataset, Subset, TensorDataset, random_split
from torch.utils.data.sampler import Sampler, SubsetRandomSampler, WeightedRandomSampler
from torch.utils.dlpack import from_dlpack, to_dlpack
from torch.types import Device, Number
import torch.nn.modules.conv, torch.nn.utils.prune, torch.utils.data.dataset
import torch.nn.functional as F, torch.multiprocessing as mp, torch.utils.data as data
torch.nn.modules.batchnorm._BatchNorm, torch.nn.parameter.Parameter, torch.nn.modules.Linear
torch.utils.data._utils.collate.default_collate, torch.functional.norm
torch.backends.cuda.sdp_kernel, torch.backends.cuda.enable_flash_sdp
torch.OutOfMemoryError, torch.cuda.OutOfMemoryError, torch.cuda.FloatTensor, torch.AcceleratorError
torch.is_anomaly_enabled, torch.is_autocast_enabled, torch.testing, torch.__config__.show
"""
LOOP = """
import sys, warnings
warnings.simplefilter("ignore")
for line in open(sys.argv[1]):
    try:
        exec("import torch\\n" + line)
    except (ImportError, AttributeError) as error:
        print(line, error)
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "loop.py").write_text(LOOP)
    (tmp_path / "imports.txt").write_text(IMPORTS)
    return [str(tmp_path / "loop.py"), str(tmp_path / "imports.txt")]


def python(*command):
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=100,
        cwd=Path(minigrad.__file__).parents[1],
    )  # fmt: skip
    return done.stdout + done.stderr


def test_every_path_is_there(files):
    assert python("-m", "minigrad", "run", *files) == ""


def test_they_are_paths_of_torch(files, torch):
    assert python(*files) == ""


def test_small_helpers_of_layers(torch):
    theirs = torch.nn.modules.utils
    for name in ("_single", "_pair", "_triple", "_quadruple"):
        for value in (3, (1, 2), [4], range(2)):
            assert getattr(utils, name)(value) == getattr(theirs, name)(value)
    assert utils._reverse_repeat_tuple((1, 2), 2) == theirs._reverse_repeat_tuple((1, 2), 2)
    kept = []
    for lib, helpers in ((nn, utils), (torch.nn, theirs)):
        state = lib.DataParallel(lib.Sequential(lib.Linear(1, 1))).state_dict()
        helpers.consume_prefix_in_state_dict_if_present(state, "module.")
        kept.append((list(state), list(state._metadata)))
    assert kept[0] == kept[1]


def test_one_module_under_two_paths():
    assert nn.modules.Conv2d is nn.Conv2d is nn.modules.conv.Conv2d
    assert nn.modules.batchnorm._BatchNorm in nn.BatchNorm2d.__mro__
    assert "Linear" in dir(nn.modules) and "Linear" in nn.modules.__all__
    assert not hasattr(nn, "_no_such_thing") and not hasattr(nn.modules, "NoSuchThing")


def own_layers(lib):
    """Return what layers made from torch's base classes compute, and how they print."""
    base, pair = lib.nn.modules.conv._ConvNd, lib.nn.modules.utils._pair

    class Standardized(lib.nn.Conv2d):
        def forward(self, x):
            weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
            return self._conv_forward(x, weight, self.bias)

    class Own(base):
        def __init__(self, i, o, k):
            settings = pair(k), pair(1), pair(1), pair(1), False, pair(0), 1, True, "zeros"
            super().__init__(i, o, *settings)

        def forward(self, x):
            return lib.nn.functional.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    class AnyRank(lib.nn.modules.batchnorm._BatchNorm):
        def _check_input_dim(self, input):
            pass

    lib.manual_seed(0)
    wrapped = Standardized(2, 2, 3, padding=1, padding_mode="reflect")
    net = lib.nn.Sequential(wrapped, Own(2, 3, (3, 1)), AnyRank(3))
    sides = list(wrapped._reversed_padding_repeated_twice)
    return net(lib.randn(2, 2, 5, 5)).tolist(), repr(net), sides


def test_layers_made_from_torchs_base_classes(torch):
    (ours, *shown), (theirs, *expected) = own_layers(minigrad), own_layers(torch)
    assert shown == expected
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


OLD = "uniform normal constant eye dirac xavier_uniform xavier_normal kaiming_uniform " \
    "kaiming_normal orthogonal sparse"  # fmt: skip


@pytest.mark.parametrize("name", OLD.split())
def test_old_names_of_initialisations(torch, name):
    arguments = {"constant": (2.0,), "sparse": (0.5,)}.get(name, ())
    made = []
    for lib in (minigrad, torch):
        lib.manual_seed(0)
        x = lib.empty((3, 3, 3) if name == "dirac" else (4, 6))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            out = getattr(lib.nn.init, name)(x, *arguments)
        assert out is x
        (warning,) = caught
        made.append((warning.category, str(warning.message).replace("torch.", ""), x.tolist()))
        assert warning.filename == __file__
    assert made[0][:2] == made[1][:2]
    assert minigrad.allclose(minigrad.tensor(made[0][2]), minigrad.tensor(made[1][2]), atol=1e-5)


def test_the_old_name_of_clipping():
    w = nn.Parameter(minigrad.zeros(1))
    w.grad = minigrad.tensor([4.0])
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        assert nn.utils.clip_grad_norm([w], 1.0).item() == 4
    assert abs(w.grad.item() - 1) < 1e-5


def test_questions_and_contexts():
    assert not minigrad.is_anomaly_enabled() and minigrad.is_anomaly_check_nan_enabled()
    with pytest.warns(UserWarning, match="has been enabled"):
        mode = minigrad.autograd.detect_anomaly(check_nan=False)
    with mode:
        assert minigrad.is_anomaly_enabled() and not minigrad.is_anomaly_check_nan_enabled()
    assert not minigrad.is_autocast_enabled()
    assert minigrad.__config__.show().startswith("minigrad ")
    with pytest.raises(AssertionError), nn.attention.sdpa_kernel([]):
        pass
    with pytest.raises(ValueError, match="device_type"):
        minigrad.amp.custom_fwd(abs, device_type=3)


def test_custom_gradients_of_mixed_precision():
    class Double(minigrad.autograd.Function):
        @staticmethod
        @minigrad.amp.custom_fwd(device_type="cuda", cast_inputs=minigrad.float16)
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        @minigrad.amp.custom_bwd(device_type="cuda")
        def backward(ctx, g):
            return 2 * g

    x = minigrad.ones(2, requires_grad=True)
    Double.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2] and Double.apply(x).dtype is minigrad.float32


def square(rank, scale, shared):
    shared[rank] = rank * scale


def fail(rank):
    if rank == 1:
        raise KeyError("this one")


def leave(rank):
    raise SystemExit(3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking beside threads
def test_processes():
    mp = minigrad.multiprocessing
    shared = minigrad.zeros(3).share_memory_()
    mp.start_processes(square, (10, shared), nprocs=3, start_method="fork")
    assert shared.tolist() == [0, 10, 20]
    with pytest.raises(mp.ProcessRaisedException, match="this one") as caught:
        mp.start_processes(fail, nprocs=2, start_method="fork")
    assert caught.value.error_index == 1 and "Process 1 terminated" in str(caught.value)
    context = mp.start_processes(leave, nprocs=1, join=False, start_method="fork")
    with pytest.raises(mp.ProcessExitedException, match="exit code 3") as caught:
        while not context.join(timeout=10):
            pass
    assert caught.value.exit_code == 3 and caught.value.error_pid == context.pids()[0]
    queue = mp.get_context("fork").SimpleQueue()
    queue.put(minigrad.ones(2))
    assert queue.get().tolist() == [1, 1]
    mp.set_sharing_strategy("file_system")
    assert mp.get_sharing_strategy() in mp.get_all_sharing_strategies()
