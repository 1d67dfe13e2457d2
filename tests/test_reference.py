"""Every compiled kernel has a twin in NumPy of the same name and the same argument names."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import minigrad

KERNELS = Path(minigrad.__file__).parent / "kernels"
NOT_A_KERNEL = {"openmp"}  # how many threads there are: nothing to compute twice
INNER = {
    "batch_norm_grid",
    "batch_norm_tiles",
    "operations",
    "rows",
    "conv_pixels",
    "conv_plan",
}  # parts of kernels
# those on a few numbers, and those in which each element finds its place after the one before
WITHOUT_THREADS = {"count_steps", "batch_norm_coefficients", "first_outside"}
WITHOUT_THREADS |= {"take_where", "put_where"}
SERIAL = {"random"}  # a stream, in which each draw comes of those before it


def declared(path):
    """Return the names of the functions a kernel file offers."""
    return re.findall(r"^cpdef \w+ (\w+)\(", path.read_text(), re.M)


CASES = [
    (path.stem, name)
    for path in sorted(KERNELS.glob("*.pyx"))
    if path.stem not in NOT_A_KERNEL
    for name in declared(path)
]


def both(module, name):
    compiled = importlib.import_module(f"minigrad.kernels.{module}")
    twin = importlib.import_module(f"minigrad.kernels.reference.{module}")
    return getattr(compiled, name), getattr(twin, name, None)


@pytest.mark.parametrize("module, name", CASES)
def test_the_kernel_has_a_twin_of_the_same_signature(module, name):
    kernel, twin = both(module, name)
    assert twin is not None, f"kernels/reference/{module}.py has no {name}"
    assert list(inspect.signature(twin).parameters) == list(inspect.signature(kernel).parameters)


@pytest.mark.parametrize("module, name", CASES)
def test_threads_are_the_last_argument(module, name):
    names = list(inspect.signature(both(module, name)[0]).parameters)
    assert (names[-1] == "n_threads") != (name in WITHOUT_THREADS or module in SERIAL)


def test_kernels_are_found_in_every_file():
    files = {path.stem for path in KERNELS.glob("*.pyx")}
    assert {module for module, _ in CASES} == files - NOT_A_KERNEL - INNER
    assert len(CASES) > 25
