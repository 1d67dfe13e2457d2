"""What this build is, as texts: ``print(minigrad.__config__.show())``."""

from minigrad.config import _described
from minigrad.kernels import spins
from minigrad.kernels.openmp import get_num_threads, get_team, has_openmp

__all__ = ["parallel_info", "show"]


def show() -> str:
    """Return what ``show_config()`` prints."""
    return _described()


def parallel_info() -> str:
    """Return how many threads operations may use, by what, and how many they use at present.

    Those are fewer while other programs want the cores: threads that wait for one without a core
    are slower than one thread.  ``OMP_DYNAMIC=false`` in the environment keeps all.  And how often
    an idle thread of GCC's OpenMP looks for work before it sleeps.

    >>> import minigrad
    >>> "threads" in minigrad.__config__.parallel_info()
    True
    """
    lines = [
        f"OpenMP: {'yes' if has_openmp() else 'no'}",
        f"threads: {get_num_threads()}",
        f"threads at present: {get_team()}",
    ]
    if has_openmp():
        lines.append(f"looks for work before sleep: {spins or 'as the environment says'}")
    return "\n".join(lines) + "\n"
