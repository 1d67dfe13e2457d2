"""What a name of torch is in minigrad, and what to use where it is nothing."""

import difflib
import importlib
import re
import types
from pathlib import Path

import minigrad

# minigrad's own modules, which bear no name of torch
_OWN = frozenset(
    "attributes config convert dtypes edges formatting given hooks inspect kernels memory mirror "
    "on_demand operators ops python_node refusal settings tape tensor walk".split()
)

# Packages that stand on torch itself, and what to do without them.
PACKAGES = {
    "torchtext": "read text with Python, and count words with collections.Counter",
    "torchaudio": "read sound with Python's wave or with SciPy, and take tensors from NumPy",
    "torchdata": "minigrad.utils.data has Dataset, DataLoader and the samplers",
    "functorch": "torch.func has its functions",
    "torchmetrics": "count right answers with tensor functions: (x.argmax(1) == y).float().mean()",
    "torch_geometric": "pass messages with index_add or with products of the adjacency matrix",
    "pytorch_lightning": "write the training loop: forward, backward, step",
    "lightning": "write the training loop: forward, backward, step",
    "timm": "build the model from torch.nn's layers",
    "fastai": "write the training loop: forward, backward, step",
}

# What there is of torchvision, and minigrad's module for it.
VISION = {
    "torchvision": "minigrad.mirror.vision",
    "torchvision.datasets": "minigrad.mirror.vision.datasets",
    "torchvision.datasets.cifar": "minigrad.mirror.vision.datasets",
    "torchvision.datasets.folder": "minigrad.mirror.vision.folder",
    "torchvision.datasets.mnist": "minigrad.mirror.vision.datasets",
    "torchvision.datasets.vision": "minigrad.mirror.vision.vision",
    "torchvision.transforms": "minigrad.mirror.vision.transforms",
    "torchvision.transforms.functional": "minigrad.mirror.vision.transforms",
    "torchvision.transforms.transforms": "minigrad.mirror.vision.transforms",
    "torchvision.transforms.v2": "minigrad.mirror.vision.transforms",
    "torchvision.transforms.v2.functional": "minigrad.mirror.vision.transforms",
    "torchvision.utils": "minigrad.mirror.vision.utils",
}


def refused(module):
    """Say why a module that is not torch's cannot be imported; None: it can, or nobody knows."""
    return PACKAGES.get(module.partition(".")[0])


# What to use instead: for a name of torch and all that is below it; the longest one counts.
HINTS = {
    "torch._assert": "write assert",
    "torch._C": "it is torch's own inside",
    "torch._dynamo": "leave it out: everything runs as it is written",
    "torch._functorch": "torch.func has its functions",
    "torch._inductor": "leave it out: everything runs as it is written",
    "torch._six": "use Python's own: math.inf, str, collections.abc",
    "torch._utils": "it is torch's own inside",
    "torch._VF": "torch.nn.functional and torch itself have its functions",
    "torch.ao": "nothing is quantised; use float32, or torch.float16 to store",
    "torch.autograd.forward_ad": "torch.func.jvp gives directional derivatives",
    "torch.bfloat16": "use torch.float32",
    "torch.btrifact": "there is torch.linalg.lu_factor",
    "torch.cdouble": "there are no complex numbers: keep real and imaginary part apart",
    "torch.cfloat": "there are no complex numbers: keep real and imaginary part apart",
    "torch.channels_last": "leave it out: the numbers are the same in every layout",
    "torch.complex": "there are no complex numbers: keep real and imaginary part apart",
    "torch.complex128": "there are no complex numbers: keep real and imaginary part apart",
    "torch.complex64": "there are no complex numbers: keep real and imaginary part apart",
    "torch.cond": "write if",
    "torch.cpu.amp": "there is torch.amp, and float32 on the CPU",
    "torch.cuda": "there is only the CPU: ask torch.cuda.is_available() first",
    "torch.device": "there is only the CPU: torch.device('cpu')",
    "torch.distributed": "training runs in one process",
    "torch.eig": "torch.linalg.eigh has the eigenvalues of symmetric matrices; numpy.linalg.eig "
    "of any, outside of the graph",
    "torch.Event": "operations are done when they return: measure with time.perf_counter",
    "torch.export": "save the weights: torch.save(model.state_dict(), path)",
    "torch.fft": "take the transform with numpy.fft, outside of the graph",
    "torch.fx": "a Module's structure is in named_modules()",
    "torch.gels": "there is torch.linalg.lstsq",
    "torch.gru": "there is torch.nn.GRU",
    "torch.hub": "weights are not downloaded; torch.load reads files of them",
    "torch.istft": "take the transform with scipy.signal, outside of the graph",
    "torch.jit": "call the function or module itself",
    "torch.jit.fork": "call the function",
    "torch.jit.wait": "it is the result that the function returned",
    "torch.library": "write an operation as a torch.autograd.Function",
    "torch.linalg.eig": "torch.linalg.eigh has the eigenvalues of symmetric matrices; "
    "numpy.linalg.eig of any, outside of the graph",
    "torch.linalg.eigvals": "torch.linalg.eigvalsh has the eigenvalues of symmetric matrices; "
    "numpy.linalg.eigvals of any, outside of the graph",
    "torch.lobpcg": "there is torch.linalg.eigh",
    "torch.lstm": "there is torch.nn.LSTM",
    "torch.masked": "torch.where and masked_fill do it; sums go over x[mask]",
    "torch.nested": "pad with torch.nn.utils.rnn.pad_sequence, and mask",
    "torch.nn.attention.flex_attention": "torch.nn.functional.scaled_dot_product_attention takes "
    "a mask or a bias",
    "torch.nn.intrinsic": "nothing is quantised; use float32, or torch.float16 to store",
    "torch.nn.NLLLoss2d": "torch.nn.NLLLoss takes images, too",
    "torch.nn.parallel.DistributedDataParallel": "use the module itself: training runs in one "
    "process",
    "torch.nn.qat": "nothing is quantised; use float32, or torch.float16 to store",
    "torch.nn.quantizable": "nothing is quantised; use float32, or torch.float16 to store",
    "torch.nn.quantized": "nothing is quantised; use float32, or torch.float16 to store",
    "torch.nn.SyncBatchNorm": "use torch.nn.BatchNorm2d: training runs in one process",
    "torch.optim.SparseAdam": "tensors are dense: torch.optim.Adam",
    "torch.package": "torch.save(model, path) writes a whole model",
    "torch.polar": "there are no complex numbers: r * cos(a) and r * sin(a)",
    "torch.quantization": "nothing is quantised; use float32, or torch.float16 to store",
    "torch.signal": "torch.hann_window and its like are there, and more in scipy.signal.windows",
    "torch.sparse": "tensors are dense",
    "torch.stft": "take frames with Tensor.unfold and multiply them with sines and cosines",
    "torch.Stream": "operations are done when they return",
    "torch.symeig": "there is torch.linalg.eigh",
    "torch.testing._internal": "torch.testing has assert_close and make_tensor",
    "torch.triangular_solve": "there is torch.linalg.solve_triangular",
    "torch.uint16": "use torch.int32",
    "torch.uint32": "use torch.int64",
    "torch.uint64": "use torch.int64",
    "torch.utils.bottleneck": "measure with cProfile",
    "torch.utils.collect_env": "torch.__config__.show() says how minigrad was built",
    "torch.utils.cpp_extension": "write an operation as a torch.autograd.Function",
    "torch.utils.data.datapipes": "write a torch.utils.data.Dataset or IterableDataset",
    "torch.utils.data.distributed": "training runs in one process",
    "torch.utils.data.IterDataPipe": "write a torch.utils.data.IterableDataset",
    "torch.utils.data.MapDataPipe": "write a torch.utils.data.Dataset",
    "torch.utils.flop_counter": "minigrad.inspect.summary(model, x) has the time and memory of "
    "layers",
    "torch.utils.mobile_optimizer": "save the weights: torch.save(model.state_dict(), path)",
    "torch.utils.tensorboard": "write numbers with print or json, draw them with "
    "minigrad.inspect.plot_curves or matplotlib; the package tensorboardX writes event files "
    "without torch",
    "torch.utils.model_zoo": "weights are not downloaded; torch.load reads files of them",
    "torch.view_as_complex": "there are no complex numbers: keep the last dimension of two",
    "torch.view_as_real": "there are no complex numbers: keep the last dimension of two",
    "torch.while_loop": "write while",
    "torchvision": "of torchvision there are the common transforms, MNIST, FashionMNIST, CIFAR10, "
    "ImageFolder, make_grid and save_image",
    "torchvision.io": "PIL.Image.open reads images, transforms.ToTensor makes tensors of them",
    "torchvision.models": "weights are not downloaded: build the model from torch.nn's layers, and "
    "torch.load reads files of weights",
}

# The same for what table.md gives a reason for.
_BY_REASON = {
    "device": "there is only the CPU",
    "quantisation": "nothing is quantised; use float32, or float16 to store",
    "sparse": "tensors are dense",
    "complex": "there are no complex numbers",
    "distributed training": "training runs in one process",
    "jit and compilation": "everything runs as it is written",
    "other number formats": "use float32, or a signed integer",
    "what the tape keeps": "gradients are seen by Tensor.register_hook; checkpoint() saves memory",
    "memory layout": "leave it out: the numbers are the same in every layout",
}

# Files of torch whose names minigrad divides among files otherwise; the package has them all.
_FILES = {
    "torch.nn.modules": "activation adaptive batchnorm channelshuffle container conv distance "
    "dropout flatten fold instancenorm lazy linear loss module normalization padding pixelshuffle "
    "pooling rnn sparse transformer upsampling",
    "torch.optim": "adadelta adagrad adam adamax adamw asgd lbfgs nadam optimizer radam rmsprop "
    "rprop sgd",
    "torch.utils.data": "_utils dataloader dataset sampler",
    "torch.utils.data._utils": "collate fetch worker",
    "torch.amp": "autocast_mode grad_scaler",
    "torch": "functional",
}

_PLACES = (
    "torch torch.Tensor torch.nn torch.nn.functional torch.nn.init torch.nn.utils torch.optim "
    "torch.optim.lr_scheduler torch.optim.swa_utils torch.utils.data torch.autograd "
    "torch.autograd.functional torch.func torch.linalg torch.special torch.distributions"
).split()


class MissingNameError(AttributeError):
    """A name of torch that minigrad lacks; also what ``hasattr(torch, ...)`` goes by."""

    def __init__(self, name, where=""):
        super().__init__(f"minigrad has no {name}{where}: {advice(name)}")
        self.missing = name


def member(module, name):
    """Return what torch calls ``name`` in a module of minigrad, or raise AttributeError."""
    package, _, file = module.__name__.replace("minigrad", "torch", 1).rpartition(".")
    if not hasattr(module, name) and file in _FILES.get(package, "").split():
        module = submodule(package)
    value = getattr(module, name)
    if module is minigrad and name in _OWN and isinstance(value, types.ModuleType):
        raise AttributeError(f"torch has no {name}")
    return value


def submodule(name):
    """Return minigrad's module for the torch module ``name``, or None if there is none."""
    parts = name.split(".")[1:]
    if is_vision(name):
        return importlib.import_module(VISION[name]) if name in VISION else None
    if parts and parts[0] in _OWN:
        return None
    try:
        return importlib.import_module(".".join(["minigrad", *parts]))
    except ModuleNotFoundError:
        package, _, file = name.rpartition(".")
        return submodule(package) if file in _FILES.get(package, "").split() else None


def is_vision(name):
    """Whether a dotted name is torchvision's."""
    return name.partition(".")[0] == "torchvision"


def look(name):
    """Return (what a dotted name of torch or torchvision stands for, None), or (None, what of it is
    missing)."""
    found, path = (
        (submodule("torchvision"), "torchvision") if is_vision(name) else (minigrad, "torch")
    )
    for part in name.split(".")[1:]:
        path = f"{path}.{part}"
        if isinstance(found, types.ModuleType):
            try:
                found = member(found, part)
            except AttributeError:
                found = submodule(path)
                if found is None:
                    return None, path
        elif isinstance(found, type):
            if not hasattr(found, part):
                return None, path
            found = getattr(found, part)
        else:  # an attribute of a function or a constant: it is what it is
            return None, None
    return found, None


def public(owner):
    """Return the names that a module or class of minigrad offers under torch's names."""
    own = _OWN - {"tensor"} if owner is minigrad else ()
    return [n for n in dir(owner) if not n.startswith("_") and n not in own]


def advice(name):
    """Say in a few words what to use instead of a name that is missing."""
    prefix = name
    while prefix:
        if prefix in HINTS:
            return HINTS[prefix]
        prefix = prefix.rpartition(".")[0]
    reason = known().get(name)
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    owner, _, last = name.rpartition(".")
    for place in _PLACES:
        if place != owner and last in public(look(place)[0]):
            return f"there is {place}.{last}"
    near = nearest(last, public(look(owner)[0]))
    return f"the nearest name is {owner}.{near}" if near else "nothing comes near it"


def nearest(name, names):
    """Return which of some names was meant: capitals may be wrong, letters or the end missing."""
    alike_last = sorted(names, key=lambda n: n[:1].islower() == name[:1].islower())
    lower = {n.lower(): n for n in alike_last}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.75) or [
        n for n in sorted(lower) if n.startswith(name.lower())
    ]
    return lower[near[0]] if near else None


_known: dict[str, str] = {}  # what known() has read


def known() -> dict[str, str]:
    """Return {full name: reason} for the names of torch's documentation that minigrad lacked when
    table.md was made."""
    page = Path(__file__).with_name("table.md")
    if not _known and page.exists():
        for part in page.read_text(encoding="utf-8").split("\n## ")[1:]:
            place = part.partition("\n")[0]
            for reason, listed in re.findall(r"^- \*\*(.+?)\*\* \(\d+\): (.*)$", part, re.M):
                found = re.findall(r"`(\w+)`", listed)
                _known.update({f"{place}.{name}": reason for name in found})
    return _known
