"""What importing minigrad costs and touches, threads and forks.  Each test is a fresh process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import kernels

ROOT = Path(minigrad.__file__).parent.parent


def run(code, *, env=None, timeout=120, check=True):
    """Run ``code`` in a fresh Python and return what it printed."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    environment.update(env or {})
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if check:
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    return done


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
    run("import minigrad", env={"PYTHONWARNINGS": "error"})


@pytest.mark.parametrize("dynamic", ["true", "false"])
@pytest.mark.parametrize("variable", [None, "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"])
def test_how_long_idle_threads_look_for_work(variable, dynamic):
    """Not long where the team keeps its size, else two programs that share the cores would train
    ten times slower than one.  What the user has set stays."""
    value = {"GOMP_SPINCOUNT": "77", "OMP_WAIT_POLICY": "passive"}.get(variable)
    done = run(
        "import os, minigrad; print(os.environ.get('GOMP_SPINCOUNT'))",
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
    assert done.stdout.strip() == ("77" if variable == "GOMP_SPINCOUNT" else "None")


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


# ---------------------------------------------------------------- threads


def test_omp_num_threads_is_respected():
    code = "import minigrad; print(minigrad.get_num_threads())"
    openmp = run("from minigrad.kernels.openmp import has_openmp; print(has_openmp())") == "True"
    for wanted, expected in (("1", 1), ("3", 3), ("2,4", 2)):
        assert run(code, env={"OMP_NUM_THREADS": wanted}) == str(expected if openmp else 1)
    default = run(code, env={"OMP_NUM_THREADS": ""})
    for nonsense in ("abc", "-1", "0", "1.5"):
        assert run(code, env={"OMP_NUM_THREADS": nonsense}) == default
    assert 1 <= int(default) <= os.cpu_count()


CROWDED = """
import os, time
import minigrad
from minigrad.kernels.openmp import get_team

def seen(team, seconds):
    "Whether the team had this size while there was work."
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        x.exp_().clamp_(0, 1)
        if get_team() == team:
            return True
    return False

x = minigrad.zeros(100_000)
assert minigrad.get_num_threads() == get_team() == 2
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before there is a second thread
"""
LINUX_ONLY = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")


def run_crowded(code, dynamic, monkeypatch, **environment):
    for variable in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        monkeypatch.delenv(variable, raising=False)
    if not kernels._sees_crowds():
        pytest.skip("the system does not tell how long threads wait")
    if run("from minigrad.kernels.openmp import has_openmp; print(has_openmp())") != "True":
        pytest.skip("built without OpenMP")
    environment |= {"OMP_NUM_THREADS": "2", "OMP_DYNAMIC": dynamic}
    run(CROWDED + code, env=environment)


@LINUX_ONLY
@pytest.mark.parametrize("policy", ["active", "passive"])
def test_the_team_halves_whatever_idle_threads_do(monkeypatch, policy):
    run_crowded("assert seen(1, 30)", "", monkeypatch, OMP_WAIT_POLICY=policy)


@LINUX_ONLY
def test_a_team_that_changes_gives_the_same_bits(monkeypatch):
    run_crowded(
        """
from minigrad import nn

def train():
    minigrad.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(),
                        nn.Linear(16 * 14 * 14, 10))
    optimizer = minigrad.optim.SGD(net.parameters(), lr=0.1)
    x, y = minigrad.randn(32, 3, 16, 16), minigrad.randint(0, 10, (32,))
    teams = set()
    for step in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        teams.add(get_team())
    return teams, [p.detach().numpy().tobytes() for p in net.parameters()]

for attempt in range(10):
    teams, changing = train()
    if teams == {1, 2}:
        break
assert teams == {1, 2}
minigrad.set_num_threads(1)
assert train() == ({1}, changing)
""",
        "",
        monkeypatch,
    )


@LINUX_ONLY
def test_where_a_core_is_missing_the_team_halves_and_tries_again(monkeypatch):
    run_crowded(
        """
for attempt in range(3):
    assert seen(1, 30), "two threads on one core, and still a team of two"
    assert "threads: 2\\nthreads at present: 1" in minigrad.__config__.parallel_info()
    assert minigrad.get_num_threads() == 2
    assert seen(2, 30), "and never tried again"
assert seen(1, 30)
minigrad.set_num_threads(2)
assert get_team() == 2
minigrad.set_num_threads(1)
assert get_team() == 1
""",
        "",
        monkeypatch,
    )


@LINUX_ONLY
def test_omp_dynamic_false_keeps_the_team(monkeypatch):
    run_crowded("assert not seen(1, 0.5)", "false", monkeypatch)
    run_crowded("assert not seen(1, 0.5)", " FALSE ", monkeypatch)


@LINUX_ONLY
def test_affinity_is_respected():
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import minigrad; print(minigrad.get_num_threads())"
    )
    assert run(code, env={"OMP_NUM_THREADS": ""}) == "1"


def test_the_cgroups_limit_is_read(tmp_path):
    from minigrad.kernels.openmp import _cgroup_cpus

    root = tmp_path / "v2"
    root.mkdir()
    for text, expected in (
        ("150000 100000\n", 1.5),
        ("max 100000\n", float("inf")),
        ("nonsense\n", float("inf")),
        ("0 100000", float("inf")),
        ("100000 0", float("inf")),
    ):
        (root / "cpu.max").write_text(text)
        assert _cgroup_cpus(str(root)) == expected
    old = tmp_path / "v1" / "cpu"
    old.mkdir(parents=True)
    (old / "cpu.cfs_quota_us").write_text("200000\n")
    (old / "cpu.cfs_period_us").write_text("100000\n")
    assert _cgroup_cpus(str(tmp_path / "v1")) == 2.0
    (old / "cpu.cfs_quota_us").write_text("-1\n")
    assert _cgroup_cpus(str(tmp_path / "v1")) == float("inf")
    assert _cgroup_cpus(str(tmp_path / "none")) == float("inf")


def test_set_num_threads():
    minigrad.set_num_threads(1)
    assert minigrad.get_num_threads() == 1
    for wrong in (0, -1):
        with pytest.raises(RuntimeError, match="positive"):
            minigrad.set_num_threads(wrong)
    for wrong in (1.0, "2", None, True, [1]):
        with pytest.raises(TypeError, match="int"):
            minigrad.set_num_threads(wrong)
    assert minigrad.get_num_threads() == 1
    minigrad.set_num_threads(10**9)
    assert 1 <= minigrad.get_num_threads() <= 1024


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_forked_child_computes_and_exits(when):
    """libgomp's team does not exist in a child: a region entered there would wait for ever."""
    code = f"""
import os, signal, sys, warnings
warnings.simplefilter("ignore")
import minigrad
minigrad.set_num_threads(2)
x = minigrad.arange(400_000.0)
m = x[:90_000].view(300, 300)
expected = (x * 2).sum().item(), (m @ m).sum().item()
if {when!r} == "before":
    assert expected
pid = os.fork()
if pid == 0:
    signal.alarm(60)
    found = (x * 2).sum().item(), (m @ m).sum().item()
    y = x.clone().requires_grad_()
    (y * y).sum().backward()
    minigrad.set_num_threads(2)      # stays 1: see the docstring
    found = (x * 2).sum().item() if minigrad.get_num_threads() == 1 else None, found[1]
    os._exit(0 if found == expected and y.grad[3].item() == 6 else 3)
_, status = os.waitpid(pid, 0)
assert os.waitstatus_to_exitcode(status) == 0, status
assert (x * 2).sum().item() == expected[0]
assert minigrad.get_num_threads() in (1, 2)
"""
    run(code, timeout=180)


def test_a_thread_of_python_may_compute_too():
    run(
        """
import threading, minigrad
minigrad.set_num_threads(2)
x = minigrad.arange(300_000.0)
expected, found = x.exp().isinf().sum().item(), []
threads = [threading.Thread(target=lambda: found.append(x.exp().isinf().sum().item()))
           for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
assert found == [expected] * 4
""",
        timeout=300,
    )


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_small_work_enters_no_parallel_region():
    """OpenMP starts its threads at the first region that has several: till then there are none."""
    run("""
import os, minigrad
from minigrad import nn
from minigrad.kernels.openmp import has_openmp
def threads():
    return len(os.listdir("/proc/self/task"))
minigrad.set_num_threads(2)
before = threads()
net = nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
optimizer = minigrad.optim.Adam(net.parameters())
images = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
for _ in range(2):
    loss = nn.functional.cross_entropy(net(minigrad.randn(64, 2)), minigrad.zeros(64).long())
    (loss + images(minigrad.randn(2, 1, 8, 8)).exp().mean()).backward()
    optimizer.step()
assert threads() == before, (before, threads())
minigrad.ones(1_000_000).exp()
assert threads() == before + has_openmp()
""")


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


def test_python_optimised_and_isolated():
    run(
        "import sys, minigrad; x = minigrad.ones(2, requires_grad=True); (x * x).sum().backward()",
        env={"PYTHONOPTIMIZE": "2"},
    )
