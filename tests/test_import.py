"""What importing minigrad costs and touches, and the kernels it picks; each in a fresh process."""

import re
from pathlib import Path

import numpy as np
import pytest
from fresh import ROOT, run

import minigrad
from minigrad import kernels

# ---------------------------------------------------------------- the cost


def test_import_takes_at_most_40_ms_beyond_numpy(tmp_path):
    """The median of fresh processes; on a machine where NumPy's own import takes more than
    60 ms, slow or busy as it is, two thirds of that."""
    code = (
        "import time; start = time.perf_counter()\n"
        "import numpy; between = time.perf_counter()\n"
        "import minigrad; end = time.perf_counter()\n"
        "print(between - start, end - between)"
    )
    env = {"PYTHONPYCACHEPREFIX": str(tmp_path)}
    run(code, env=env)  # compiles the byte code
    numpys, ours = np.median(
        [[float(t) for t in run(code, env=env).split()] for _ in range(11)], axis=0
    )
    assert ours < max(0.040, numpys * 2 / 3), f"{ours * 1e3:.0f} ms, NumPy {numpys * 1e3:.0f} ms"


def test_import_loads_no_optional_or_heavy_module():
    loaded = run(
        "import sys, numpy\n"
        "sys.modules.pop('inspect', None)  # which some versions of NumPy load, and some do not\n"
        "before = set(sys.modules)\n"
        "import minigrad; print(' '.join(set(sys.modules) - before))"
    ).split()
    heavy = {
        "torch",
        "matplotlib",
        "tqdm",
        "safetensors",
        "scipy",
        "numpy.random",
        "ssl",
        "jax",
        "asyncio",
        "unittest",
        "pickle",
        "http.client",
        "inspect",
        "multiprocessing",
        "pathlib",
        "urllib.parse",
        "queue",
        "minigrad.utils.data",
    }
    assert not heavy & set(loaded)


def test_what_is_imported_late_is_found():
    run("import minigrad; minigrad.utils.data.DataLoader")
    run("from minigrad import utils; from minigrad.utils import data; assert utils.data is data")
    run("import minigrad.utils.data; from minigrad.utils.data import DataLoader")
    with pytest.raises(AttributeError, match=r"minigrad\.utils.*nothing"):
        _ = minigrad.utils.nothing


def test_warnings_as_errors():
    done = run("import minigrad", env={"PYTHONWARNINGS": "error"}, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("dynamic", ["true", "false"])
@pytest.mark.parametrize("variable", [None, "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"])
def test_how_long_idle_threads_look_for_work(variable, dynamic):
    """Not long where the team keeps its size, else two programs that share the cores would train
    five times slower than one.  What the user has set stays."""
    value = {"GOMP_SPINCOUNT": "77", "OMP_WAIT_POLICY": "passive"}.get(variable)
    done = run(
        "import os, minigrad; print(os.environ.get('GOMP_SPINCOUNT'));"
        "print(minigrad.__config__.parallel_info())",
        env={"OMP_DISPLAY_ENV": "verbose", "OMP_DYNAMIC": dynamic}
        | ({variable: value} if variable else {}),
        check=False,
    )
    spins = re.search(r"GOMP_SPINCOUNT = '(\d+)'", done.stderr)
    if spins is None:
        pytest.skip("built without GCC's OpenMP")
    gives_way = dynamic == "true" and kernels._sees_crowds()
    ours = "20000" if gives_way else "2000"
    expected = {None: ours, "GOMP_SPINCOUNT": "77", "OMP_WAIT_POLICY": "0"}
    assert spins[1] == expected[variable]
    left, *info = done.stdout.splitlines()
    assert left == ("77" if variable == "GOMP_SPINCOUNT" else "None")
    told = "as the environment says" if variable else ours
    assert f"looks for work before sleep: {told}" in info


# ---------------------------------------------------------------- what is left alone


def test_the_floating_point_mode_is_untouched():
    run("""
import sys, threading, numpy as np
tiny = np.float32(1e-40)
def denormals_work():
    x = np.full(64, 1e-40, np.float32)
    return bool((x * np.float32(1) != 0).all()) and 5e-324 * 1.0 != 0 and (x / 2 != 0).all()
assert denormals_work()
import minigrad
assert denormals_work()
found = []
thread = threading.Thread(target=lambda: found.append(denormals_work()))
thread.start(); thread.join()
assert found == [True]
for threads in (1, 2):
    minigrad.set_num_threads(threads)
    for n in (10, 200_000):
        x = minigrad.full((n,), 1e-40)
        assert (x * 1.0).count_nonzero().item() == n
        assert (x + x).min().item() > 1.5e-40
        assert x.sum().item() > 0
    y = minigrad.ones(64, 64) * 1e-40
    assert (y @ minigrad.eye(64)).count_nonzero().item() == 64 * 64
assert denormals_work()
assert 0.1 + 0.2 == 0.30000000000000004
""")


def test_floating_point_errors_stay_as_numpy_has_them():
    run(
        """
import numpy as np
before = np.geterr()
import minigrad
x = minigrad.zeros(3)
(x / 0, x.log(), minigrad.full((3,), 1e38) * 1e38, minigrad.tensor([1e30]).half())
assert np.geterr() == before
""",
        env={"PYTHONWARNINGS": "error"},
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_signal_handlers_are_unchanged():
    run("""
import signal, numpy
def handlers():
    status = open("/proc/self/status").read().split("\\n")
    return ([signal.getsignal(s) for s in signal.valid_signals()],
            [line for line in status if line.startswith(("SigCgt", "SigIgn", "SigBlk"))])
before = handlers()
import minigrad
minigrad.set_num_threads(2)
minigrad.ones(300_000).exp().sum()
assert handlers() == before
""")


def test_the_environment_and_the_process_are_unchanged():
    run("""
import ctypes, locale, os, random, sys, threading
import numpy as np
def state():
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    names = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OPENBLAS_NUM_THREADS",
             "KMP_BLOCKTIME")
    return (dict(os.environ), [libc.getenv(n.encode()) for n in names], os.getcwd(), sys.path[:],
            locale.setlocale(locale.LC_ALL), sys.getrecursionlimit(), threading.active_count(),
            sys.gettrace(), sys.excepthook, random.getstate(), np.geterr(), np.get_printoptions())
before = state()
import minigrad
after = state()
assert before == after, [(a, b) for a, b in zip(before, after) if a != b]
""")


def test_numpys_random_state_is_unchanged():
    run("""
import numpy as np
np.random.seed(3)
first = np.random.rand(3).tolist()
np.random.seed(3)
import minigrad
minigrad.manual_seed(1); minigrad.rand(10); minigrad.seed()
assert np.random.rand(3).tolist() == first
""")


def test_threads_of_other_libraries_are_unchanged(torch):
    run(
        """
import torch, numpy as np
before = torch.get_num_threads(), torch.get_num_interop_threads()
import minigrad
minigrad.set_num_threads(1)
minigrad.ones(300_000).exp().sum()
minigrad.set_num_threads(3)
minigrad.ones(300_000).exp().sum()
assert (torch.get_num_threads(), torch.get_num_interop_threads()) == before
assert minigrad.get_num_threads() in (1, 3)
torch.set_num_threads(1)
assert minigrad.get_num_threads() in (1, 3)
assert torch.ones(300_000).exp().sum() > 0
""",
        timeout=300,
    )


# ---------------------------------------------------------------- instruction sets

BUILT = [level for level in kernels.REQUIRES if (Path(kernels.__file__).parent / level).is_dir()]


def can_run(level):
    return all(kernels.__cpu_features__.get(f, True) for f in kernels.REQUIRES[level])


@pytest.mark.parametrize("level", BUILT)
def test_a_level_can_be_forced(level):
    if not can_run(level):
        pytest.skip("this CPU cannot run it")
    printed = run(
        "import minigrad; from minigrad import kernels\n"
        "print(kernels.level, minigrad.arange(1000.0).mul(0.5).sum().item())",
        env={"MINIGRAD_LEVEL": level},
    )
    assert printed == f"{level} 249750.0"


def test_the_best_level_is_picked():
    picked = run("from minigrad import kernels; print(kernels.level)", env={"MINIGRAD_LEVEL": ""})
    assert picked == next(level for level in BUILT if can_run(level))


def test_a_level_that_was_not_built():
    done = run("import minigrad", env={"MINIGRAD_LEVEL": "z80"}, check=False)
    assert done.returncode != 0
    assert "ImportError" in done.stderr and "z80" in done.stderr and BUILT[0] in done.stderr


def test_show_config(capsys):
    minigrad.show_config()
    text = capsys.readouterr().out
    for word in (
        minigrad.__version__,
        kernels.level,
        "OpenMP",
        "threads",
        str(minigrad.get_num_threads()),
    ):
        assert word in text


def test_the_version_is_the_packages():
    toml = ROOT / "pyproject.toml"
    if not toml.exists():
        pytest.skip("installed: no pyproject.toml beside it")
    assert f'version = "{minigrad.__version__}"' in toml.read_text()


def test_python_optimised():
    grad = run(
        "import minigrad; x = minigrad.ones(2, requires_grad=True); (x * x).sum().backward()\n"
        "print(x.grad)",
        env={"PYTHONOPTIMIZE": "2"},
    )
    assert grad == "tensor([2., 2.])"
