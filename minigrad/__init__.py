"""minigrad: an autograd engine in Cython with torch's names.

>>> import minigrad
>>> x = minigrad.tensor([1.0, 2.0, 3.0], requires_grad=True)
>>> y = (x * x).sum()
>>> y.backward()
>>> x.grad
tensor([2., 4., 6.])
"""

from minigrad import ops
from minigrad.config import __version__, get_num_threads, set_num_threads, show_config
from minigrad.dtypes import (
    bool_ as bool,
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
from minigrad.tensor import Size, Tensor, device

half, float, double = float16, float32, float64
short, int, long = int16, int32, int64

globals().update(ops.functions)

from minigrad import autograd  # noqa: E402
from minigrad.autograd import (  # noqa: E402
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
