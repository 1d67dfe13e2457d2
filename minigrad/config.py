"""What this build of minigrad is, and how many threads it may use."""

from minigrad import kernels
from minigrad.kernels.openmp import get_num_threads, has_openmp, set_num_threads

__version__ = "0.1.0"
__all__ = ["__version__", "get_num_threads", "set_num_threads", "show_config"]


def show_config():
    """Print the version, the instruction set of the kernels in use, OpenMP and threads."""
    print(f"minigrad {__version__}")
    print(f"instruction set: {kernels.level}")
    print(f"OpenMP: {'yes' if has_openmp() else 'no (built without it: one thread)'}")
    print(f"threads: {get_num_threads()}")
