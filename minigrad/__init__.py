"""minigrad: an autograd engine in Cython with torch's names.

>>> import minigrad
>>> x = minigrad.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> y = (x * x).sum()
>>> y.backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from math import e, inf, nan, pi

try:
    from minigrad import ops
except ImportError as error:
    error.add_note("The compiled files may be older than the sources: pip install -e . once more.")
    raise
from minigrad.attributes import (
    Size,
    contiguous_format,
    device,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from minigrad.compiler import compile
from minigrad.config import (
    __version__,
    finfo,
    get_num_threads,
    iinfo,
    set_num_threads,
    show_config,
)
from minigrad.dtypes import (
    bool_ as bool,
)
from minigrad.dtypes import (
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
)
from minigrad.formatting import get_printoptions, set_printoptions
from minigrad.settings import (
    are_deterministic_algorithms_enabled,
    get_default_device,
    get_deterministic_debug_mode,
    get_float32_matmul_precision,
    get_num_interop_threads,
    is_deterministic_algorithms_warn_only_enabled,
    is_warn_always_enabled,
    set_default_device,
    set_deterministic_debug_mode,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_num_interop_threads,
    set_warn_always,
    use_deterministic_algorithms,
)
from minigrad.tensor import Tensor

newaxis = None
half, float, double = float16, float32, float64
short, int, long = int16, int32, int64

# Every function of the ops: minigrad.add, minigrad.zeros, ...  See minigrad/ops/__init__.py.
globals().update(ops.functions)

from minigrad import autograd, nn, optim, utils
from minigrad.amp import GradScaler, autocast
from minigrad.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.on_demand import Part as _Part
from minigrad.ops.generator import Generator, default_generator
from minigrad.ops.legacy import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)
from minigrad.ops.public import late as _late
from minigrad.ops.storage import TypedStorage, UntypedStorage
from minigrad.refusal import AcceleratorError, OutOfMemoryError
from minigrad.serialization import load, save

# What not every program needs is imported when it is first used: these parts of the package, and
# functions.  (Not by a module's __getattr__: with one, CPython looks every name of it up slowly,
# and minigrad.add(x, y) of small tensors would take a fifth longer.)
for _name in (
    "__config__ accelerator amp backends compiler cpu cuda distributed distributions func hub "
    "inspect jit linalg mps multiprocessing onnx profiler random special testing types version xpu"
).split():
    globals().setdefault(_name, _Part(f"minigrad.{_name}"))
for _name, _part in (
    ("_sample_dirichlet", "ops.gamma_draws"),
    ("_standard_gamma", "ops.gamma_draws"),
    ("is_anomaly_check_nan_enabled", "autograd.anomaly_mode"),
    ("is_anomaly_enabled", "autograd.anomaly_mode"),
    ("is_autocast_enabled", "amp"),
    ("vmap", "func"),
):
    globals()[_name] = _late("minigrad", _name, f"minigrad.{_part}", _name)


def is_tensor(obj):
    """Return whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)
