"""How many threads there are, when fewer work, and forks.  Most tests are fresh processes."""

import os
from pathlib import Path

import pytest
from fresh import run

import minigrad
from minigrad import kernels


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
# before there is a second thread; and two of these tests at once are not to see each other
cores = sorted(os.sched_getaffinity(0))
worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
os.sched_setaffinity(0, {cores[worker % len(cores)]})
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
