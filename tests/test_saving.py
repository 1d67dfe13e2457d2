"""save leaves the old file or the new one, whole, whatever happens on the way.

``MINIGRAD_KILLS=100`` kills it a hundred times rather than ten.
"""

import errno
import io
import os
import re
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import minigrad

KILLS = int(os.environ.get("MINIGRAD_KILLS", "10"))
LEFTOVER = re.compile(r"\.[0-9a-f]{16}\.tmp")  # what save's documentation says a kill may leave
posix = pytest.mark.skipif(os.name != "posix", reason="needs processes, links and modes of POSIX")
FORMATS = pytest.mark.parametrize("name", ["x.pt", "x.safetensors"])


def run(script, *arguments):
    root = Path(minigrad.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        cwd=root, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@posix
@FORMATS
def test_killed_at_any_moment(tmp_path, name):
    """A process that saves over and over is killed; what it left is loaded and looked at."""
    path = tmp_path / name
    script = """
        import os, random, signal, sys, time
        import minigrad
        from minigrad import nn, optim

        path, kills = sys.argv[1], int(sys.argv[2])
        minigrad.set_num_threads(1)
        model = nn.Linear(200, 300)
        optimizer = optim.Adam(model.parameters())
        model(minigrad.ones(1, 200)).sum().backward()
        optimizer.step()

        def checkpoint(n):
            with minigrad.no_grad():
                model.weight.fill_(n)
                optimizer.state[model.weight]["exp_avg"].fill_(n)
            return {"n": n, "model": model.state_dict(), "optimizer": optimizer.state_dict()}

        minigrad.save(checkpoint(0), path)
        random.seed(path)
        last = 0
        for _ in range(kills):
            ready, begin = os.pipe()
            child = os.fork()
            if child == 0:
                n = last
                os.write(begin, b"x")
                while True:
                    n += 1
                    minigrad.save(checkpoint(n), path)
            os.read(ready, 1)
            time.sleep(random.random() * 0.03)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(ready), os.close(begin)
            found = minigrad.load(path)
            n = found["n"]
            assert n >= last, (n, last)
            assert bool((found["model"]["weight"] == n).all())
            assert bool((found["optimizer"]["state"][0]["exp_avg"] == n).all())
            model.load_state_dict(found["model"])
            optimizer.load_state_dict(found["optimizer"])
            last = n
        print(last)
    """
    assert int(run(script, path, KILLS)) >= 0
    left = {entry.name for entry in tmp_path.iterdir()} - {name}
    assert all(map(LEFTOVER.fullmatch, left)) and len(left) <= KILLS, left
    minigrad.save({"n": 1}, path)
    assert minigrad.load(path) == {"n": 1}


@posix
@FORMATS
def test_a_full_disk(tmp_path, name):
    """Here: a limit on the size of files, which ends a write in the middle, or before its end."""
    path = tmp_path / name
    minigrad.save({"n": 1}, path)
    old = path.read_bytes()
    script = """
        import errno, resource, signal, sys
        import minigrad

        path = sys.argv[1]
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        for limit in (0, 1, 100, 9_999, 100_000, 399_999):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                minigrad.save({"w": minigrad.ones(100_000)}, path)
            except OSError as error:
                assert error.errno == errno.EFBIG
            else:
                raise AssertionError(f"saved in {limit} bytes")
            for buffering in (0, -1):
                try:
                    with open(path + ".other", "wb", buffering) as file:
                        minigrad.save({"w": minigrad.ones(100_000)}, file)
                except OSError as error:
                    assert error.errno == errno.EFBIG
                else:
                    raise AssertionError(f"saved in {limit} bytes, with buffering={buffering}")
    """
    run(script, path)
    assert path.read_bytes() == old
    assert {entry.name for entry in tmp_path.iterdir()} == {name, f"{name}.other"}


def test_a_file_that_takes_a_part_at_a_time():
    class Reluctant(io.RawIOBase):
        content = b""

        def writable(self):
            return True

        def write(self, data):
            self.content += bytes(data[:100])
            return min(len(data), 100)

    file = Reluctant()
    minigrad.save({"w": minigrad.arange(1000)}, file)
    assert minigrad.load(io.BytesIO(file.content))["w"].tolist() == list(range(1000))


@posix
@FORMATS
def test_what_is_no_file(tmp_path, name):
    """A directory is refused before anything is written; pipes and devices are written to."""
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(IsADirectoryError, match=re.escape(str(folder))):
        minigrad.save({"n": 1}, folder)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    pipe, found = tmp_path / f"pipe-{name}", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    minigrad.save({"w": minigrad.ones(2)}, pipe)
    reader.join()
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert minigrad.load(io.BytesIO(found[0]))["w"].tolist() == [1, 1]
    minigrad.save({"n": 1}, "/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    if Path("/dev/full").exists():
        with pytest.raises(OSError) as caught:
            minigrad.save({"n": 1}, "/dev/full")
        assert caught.value.errno == errno.ENOSPC


@posix
@FORMATS
def test_modes_and_links(tmp_path, name):
    """A new file has the mode that the umask leaves, a replaced one keeps its own."""
    path = tmp_path / name
    before = os.umask(0o027)
    try:
        minigrad.save({"n": 1}, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        minigrad.save({"n": 2}, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)
    (tmp_path / "elsewhere").mkdir()
    dangling = tmp_path / f"link-{name}"
    dangling.symlink_to(Path("elsewhere") / name)
    minigrad.save({"n": 3}, dangling)
    assert dangling.is_symlink() and minigrad.load(tmp_path / "elsewhere" / name) == {"n": 3}


@posix
@pytest.mark.parametrize("name", ["x.pt", "x.safetensors"])
def test_what_may_not_be_written(tmp_path, name):
    """As somebody who is not root, whom modes do not bind."""
    path = tmp_path / name
    minigrad.save({"n": 1}, path)
    script = """
        import os, sys
        import minigrad
        minigrad.save({"n": 1}, sys.argv[1])
        minigrad.load(sys.argv[1])  # so that all is imported that it takes
        if os.geteuid() == 0:
            os.chmod(os.path.dirname(sys.argv[1]), 0o777)
            for folder in sys.argv[2:]:
                os.chmod(folder, os.stat(folder).st_mode | 0o111)
            os.chown(sys.argv[1], 65534, 65534)
            os.chown(os.path.dirname(sys.argv[1]), 65534, 65534)
            os.seteuid(65534)
        def refused():
            try:
                minigrad.save({"n": 2}, sys.argv[1])
            except PermissionError:
                return True
        os.chmod(sys.argv[1], 0o444)
        assert refused(), "a file that is read-only"
        os.chmod(sys.argv[1], 0o644)
        os.chmod(os.path.dirname(sys.argv[1]), 0o555)
        assert refused(), "a folder that is read-only"
        os.chmod(os.path.dirname(sys.argv[1]), 0o755)
        assert os.listdir(os.path.dirname(sys.argv[1])) == [os.path.basename(sys.argv[1])]
        assert minigrad.load(sys.argv[1]) == {"n": 1}
        assert not refused()
    """
    # (the folders through which that somebody has to come)
    run(
        script,
        path,
        *[
            folder
            for folder in tmp_path.parents
            if folder.stat().st_uid == os.geteuid() and folder != Path(folder.anchor)
        ],
    )
    assert minigrad.load(path) == {"n": 2}
    if os.geteuid() == 0:
        minigrad.save({"n": 3}, path)
        assert path.stat().st_uid == 65534  # as after writing to it


def test_wrong_places(tmp_path):
    for f in (None, 3, [1], object()):
        with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like"):
            minigrad.save({}, f)
    with pytest.raises(RuntimeError, match=r"Parent directory .*nowhere does not exist"):
        minigrad.save({}, tmp_path / "nowhere" / "x")
    with pytest.raises(TypeError):
        minigrad.save({}, io.StringIO())
    (tmp_path / "x").write_bytes(b"old")
    with (tmp_path / "x").open("rb") as file, pytest.raises(io.UnsupportedOperation):
        minigrad.save({}, file)
    assert (tmp_path / "x").read_bytes() == b"old"
