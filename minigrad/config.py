"""What this build of minigrad is, how many threads it may use, and the limits of its dtypes."""

from __future__ import annotations

import numpy as np

from minigrad import kernels
from minigrad.dtypes import as_dtype_, dtype, get_default_dtype
from minigrad.kernels.openmp import get_num_threads, has_openmp, set_num_threads

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "finfo",
    "get_num_threads",
    "iinfo",
    "set_num_threads",
    "show_config",
]


def show_config() -> None:
    """Print the version, the instruction set of the kernels in use, OpenMP and threads."""
    print(_described(), end="")


def _described():
    return (
        f"minigrad {__version__}\n"
        f"instruction set: {kernels.level}\n"
        f"OpenMP: {'yes' if has_openmp() else 'no (built without it: one thread)'}\n"
        f"threads: {get_num_threads()}\n"
    )


class finfo:
    """The limits of a floating dtype: ``eps``, ``max``, ``min``, ``tiny``, ``bits``, ...

    >>> import minigrad
    >>> minigrad.finfo(minigrad.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, dtype: dtype | None = None) -> None:
        dtype = get_default_dtype() if dtype is None else as_dtype_(dtype)
        if not dtype.is_floating_point:
            raise TypeError(
                f"finfo() requires a floating point input type, but got {dtype}. "
                "Use iinfo() to handle integers"
            )
        limits = np.finfo(dtype.numpy)
        self.bits = limits.bits
        self.eps, self.max, self.min = float(limits.eps), float(limits.max), float(limits.min)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = 10.0**-limits.precision
        self.dtype = dtype.name

    def __repr__(self) -> str:
        names = "resolution min max eps smallest_normal tiny".split()
        shown = ", ".join(f"{name}={getattr(self, name):g}" for name in names)
        return f"finfo({shown}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype: ``max``, ``min``, ``bits``.

    >>> import minigrad
    >>> minigrad.iinfo(minigrad.int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    def __init__(self, dtype: dtype | None) -> None:
        dtype = as_dtype_(dtype)
        if dtype.is_floating_point or dtype.name == "bool":
            raise TypeError(f"iinfo() requires an integer input type, but got {dtype}")
        limits = np.iinfo(dtype.numpy)
        self.bits, self.max, self.min = limits.bits, int(limits.max), int(limits.min)
        self.dtype = dtype.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
