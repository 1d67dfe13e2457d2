"""The loops over raw memory: no Tensor, no tape, only NumPy arrays in and out.

Each compiled file exists once per instruction set, in a folder of its own.  Importing this
package picks the best folder that the CPU can run and puts it on the package's search path, so
that ``minigrad.kernels.batch_norm`` *is* the picked one, for ``import`` and ``cimport`` alike.
``MINIGRAD_LEVEL=baseline`` (or another level's name) in the environment forces a choice.

``minigrad.kernels.reference`` holds the same functions in plain NumPy: read those first.
"""

import importlib
import os

try:
    from numpy._core._multiarray_umath import __cpu_features__  # what NumPy found at run time
except ImportError:  # NumPy 1
    from numpy.core._multiarray_umath import __cpu_features__  # type: ignore[no-redef]

HERE = os.path.dirname(__file__)

# Best first.  A level asks for CPU features by the names NumPy's own dispatcher uses.
REQUIRES = {
    "x86_64_v4": ("AVX512F", "AVX512BW", "AVX512CD", "AVX512DQ", "AVX512VL"),
    "x86_64_v3": ("AVX2", "FMA3", "BMI2", "F16C"),
    "baseline": (),
}


def _pick_level():
    built = [level for level in REQUIRES if os.path.isdir(os.path.join(HERE, level))]
    forced = os.environ.get("MINIGRAD_LEVEL")
    if forced:
        if forced not in built:
            raise ImportError(f"MINIGRAD_LEVEL={forced!r} is not one of those built: {built}")
        return forced
    for level in built:
        # A feature NumPy does not report (BMI2 on some builds) comes with the ones it does.
        if all(__cpu_features__.get(feature, True) for feature in REQUIRES[level]):
            return level
    raise ImportError(
        f"minigrad's compiled kernels for this CPU are missing (found: {built}); "
        "reinstall minigrad, or build it in place with: python setup.py build_ext --inplace"
    )


level = _pick_level()
__path__.append(os.path.join(HERE, level))


def _sees_crowds():
    """Whether the system tells how long a thread waits for a core (Linux, unless built without)."""
    try:
        with open("/proc/thread-self/schedstat") as file:
            return file.read().split()[0] != "0"
    except (OSError, IndexError):
        return False


# Whether the number of threads adapts to other programs that want the cores: see openmp.pyx.
is_dynamic = os.environ.get("OMP_DYNAMIC", "true").strip().lower() != "false" and _sees_crowds()

# How often an idle OpenMP thread of GCC's looks for work before it sleeps.  20,000 times take about
# 0.7 ms, longer than most gaps between the parallel loops of a training step; to be woken takes 0.1
# ms and more on a virtual machine.  But of two programs that share two cores, spinning threads each
# take the other's core: they train five times slower.  So not unless the team gives way to others.
spins: int | None = 20000 if is_dynamic else 2000
if {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & set(os.environ):
    spins = None  # what the user has set stays


def _load_openmp():
    """Load OpenMP, which reads its settings from the environment at that moment and never again."""
    if spins is not None:
        os.environ["GOMP_SPINCOUNT"] = str(spins)
    try:
        importlib.import_module("minigrad.kernels.elementwise")  # which is linked with it
    finally:
        if spins is not None:
            del os.environ["GOMP_SPINCOUNT"]  # no other program that this one starts is to have it


_load_openmp()
