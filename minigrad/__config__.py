"""What this build is, as texts: ``print(minigrad.__config__.show())``."""

from minigrad.config import _described
from minigrad.kernels.openmp import get_num_threads, has_openmp

__all__ = ["parallel_info", "show"]


def show() -> str:
    """Return what ``show_config()`` prints."""
    return _described()


def parallel_info() -> str:
    """Return how many threads operations may use, and by what.

    >>> import minigrad
    >>> "threads" in minigrad.__config__.parallel_info()
    True
    """
    return f"OpenMP: {'yes' if has_openmp() else 'no'}\nthreads: {get_num_threads()}\n"
