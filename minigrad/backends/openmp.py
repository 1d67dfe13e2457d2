"""OpenMP, with which the kernels share their work among threads."""

from minigrad.kernels.openmp import has_openmp


def is_available() -> bool:
    """Return whether this minigrad was built with OpenMP."""
    return has_openmp()
