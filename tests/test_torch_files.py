"""Files as torch writes them: torch reads ours, and whole objects come back where that is asked."""

import collections
import io
import os
import pickle
import signal
import struct
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest
from written import plain, round_trip, written

import minigrad
from minigrad import nn, optim
from minigrad.serialization import torch_writer

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def tensors():
    rng = np.random.default_rng(0)
    found = {
        f"{name}.{len(shape)}d": minigrad.tensor(
            rng.standard_normal(shape) * 100, dtype=getattr(minigrad, name)
        )
        for name in DTYPES
        for shape in ((), (3,), (2, 3), (0, 2), (1, 2, 3))
    }
    base = minigrad.arange(24.0).reshape(4, 6)
    with_attributes = minigrad.ones(2)
    with_attributes.note = "x"
    return found | {
        "base": base,
        "transposed": base.t(),
        "columns": base[:, 1::2],
        "row": base[2],
        "element": base[1, 1],
        "empty at the end": base.reshape(-1)[24:],
        "expanded": minigrad.ones(1).expand(3),
        "parameter": nn.Parameter(minigrad.ones(2)),
        "frozen": nn.Parameter(minigrad.ones(2), requires_grad=False),
        "wants a gradient": minigrad.ones(2, requires_grad=True),
        "extreme": minigrad.tensor([np.inf, -np.inf, -0.0, 1e-45]),
        "attributes": with_attributes,
    }


def values():
    return {
        "plain": [None, True, False, 0, 255, 256, -1, 2**31, -(2**31), 2**70, -(2**70), 1 << 2047],
        "floats": [0.5, -0.0, np.inf, -np.inf, 1e-320],
        "texts": ["", "é\n", "\u2028", "\ud800", "x" * 300],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),)],
        "sets": {1, 2},
        "keys": {1: 2, 2.5: 3, (1, "a"): 4, None: 5},
        "ordered": collections.OrderedDict(b=1, a=2),
        "counter": collections.Counter("aab"),
        "bytes": [b"", b"\0\xff", bytearray(b"\0\xff")],
        "complex": 1 - 2j,
        "size": minigrad.Size([2, 3]),
        "dtype": [getattr(minigrad, name) for name in DTYPES],
        "device": minigrad.device("cpu"),
        "many": [[i] for i in range(300)],
    }


# ---------------------------------------------------------------- what comes back


def test_tensors_come_back_as_they_were():
    given = tensors()
    found = round_trip(given)
    assert plain(found) == plain(given)
    assert found["attributes"].note == "x"
    found["base"].fill_(7)
    assert found["row"].tolist() == [7] * 6 and found["element"].item() == 7
    twice = minigrad.ones(2)
    first, second, third = round_trip([twice, twice, twice.detach()])
    assert first is second and third is not first
    assert third.data_ptr() == first.data_ptr()


def test_values_come_back_as_they_were():
    given = values()
    assert plain(round_trip(given)) == plain(given)
    assert np.isnan(round_trip(np.nan))
    shared = [1]
    found = round_trip([shared, {"x": shared}])
    assert found[0] is found[1]["x"]
    loop = []
    loop.append({"loop": loop})
    found = round_trip(loop)
    assert found[0]["loop"] is found
    loop = ([], 1)
    loop[0].append(loop)
    found = round_trip(loop)
    assert found[0][0] is found and found[1] == 1


def test_equal_bytes_come_back_however_many_there_are():
    """Not as one text that is encoded again and again, which ``load`` takes for an attack."""
    given = [bytes(1000 + 0 * i) for i in range(50)] + [bytearray(1000) for _ in range(50)]
    assert len({id(item) for item in given}) == 100
    assert round_trip(given) == given


def test_a_state_dict_keeps_its_metadata():
    state = nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2)).state_dict()
    found = round_trip(state)
    assert type(found) is collections.OrderedDict
    assert found._metadata == state._metadata and found._metadata["1"]["version"] == 2


def test_a_view_of_memory_that_is_no_row_of_its_elements():
    memory = np.zeros(16, np.uint8)
    memory[1:9] = np.array([1, 2], np.float32).view(np.uint8)
    crooked = minigrad.from_numpy(np.ndarray(2, np.float32, memory, 1))
    strided = np.lib.stride_tricks.as_strided(np.arange(6.0), (2, 2), (24, 8))
    found = round_trip([crooked, minigrad.from_numpy(strided)])
    assert found[0].tolist() == [1, 2] and found[1].tolist() == [[0, 1], [3, 4]]
    fortran = minigrad.from_numpy(np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    assert plain(round_trip(fortran)) == plain(fortran)


@pytest.mark.parametrize("large", [False, True])
def test_what_a_file_consists_of(monkeypatch, tmp_path, large):
    """Its parts are torch's, uncompressed, and the data of each begins at a multiple of 64."""
    if large:  # as the header of a large part is longer
        monkeypatch.setattr(torch_writer, "LARGE", 8)
    path = tmp_path / "model.pt"
    minigrad.save({"a": minigrad.arange(5), "b": minigrad.ones(3)}, path)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        parts = {entry.filename.removeprefix("archive/"): entry for entry in archive.infolist()}
        for entry in parts.values():
            assert entry.compress_type == zipfile.ZIP_STORED
            n, extra = struct.unpack_from("<HH", content, entry.header_offset + 26)
            assert (entry.header_offset + 30 + n + extra) % 64 == 0
        assert archive.read(parts["data/0"]) == np.arange(5, dtype="<i8").tobytes()
        assert archive.read(parts["data/1"]) == np.ones(3, "<f4").tobytes()
        assert archive.read(parts["byteorder"]) == b"little"
        assert archive.read(parts["version"]) == b"3\n"
    assert list(parts) == [
        "data.pkl", ".format_version", ".storage_alignment", "byteorder", "data/0", "data/1",
        "version",
    ]  # fmt: skip
    assert minigrad.load(path)["a"].tolist() == [0, 1, 2, 3, 4]


def test_the_description_is_the_one_that_torch_writes():
    """Byte for byte but for the numbers of what is remembered, and where it is."""
    with zipfile.ZipFile(written({"w": minigrad.ones(2, 3).t()})) as archive:
        program = archive.read("archive/data.pkl")
    assert program == (
        b"\x80\x02}q\x00(X\x01\x00\x00\x00wq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02"
        b"((X\x07\x00\x00\x00storageq\x03ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05"
        b"X\x03\x00\x00\x00cpuq\x06K\x06tq\x07QK\x00K\x03K\x02\x86q\x08K\x01K\x03\x86q\t\x89"
        b"ccollections\nOrderedDict\nq\n)Rq\x0b(utq\x0cRq\ru."
    )


def test_a_file_that_cannot_seek():
    class Pipe:
        content = b""

        def write(self, data):
            self.content += data

    pipe = Pipe()
    minigrad.save([1, minigrad.ones(1)], pipe)
    assert plain(minigrad.load(io.BytesIO(pipe.content))) == plain([1, minigrad.ones(1)])


# ---------------------------------------------------------------- torch reads it


def read_by(torch, value, tmp_path, **options):
    path = tmp_path / "ours.pt"
    minigrad.save(value, path)
    return torch.load(path, **options)


@pytest.mark.parametrize("mmap", [False, True])
def test_torch_reads_our_tensors(torch, tmp_path, mmap):
    given = tensors()
    found = read_by(torch, given, tmp_path, mmap=mmap, weights_only=True)
    assert plain(found) == plain(given)
    assert isinstance(found["parameter"], torch.nn.Parameter)
    assert found["attributes"].note == "x"
    if not mmap:
        found["base"].fill_(7)
        assert found["row"].tolist() == [7] * 6


def test_torch_reads_our_values(torch, tmp_path):
    given = values()
    del given["plain"][-1]  # an int of more than 255 bytes
    assert plain(read_by(torch, given, tmp_path, weights_only=True)) == plain(given)


def test_we_read_what_torch_writes_of_ours(torch, tmp_path):
    """There and back: what torch read of ours and wrote itself."""
    given = {"tensors": tensors(), "values": values()}
    del given["values"]["plain"][-1]
    theirs = read_by(torch, given, tmp_path)
    torch.save(theirs, tmp_path / "theirs.pt")
    for weights_only in (True, False):
        found = minigrad.load(tmp_path / "theirs.pt", weights_only=weights_only)
        assert plain(found) == plain(given)


OPTIMIZERS = (
    "ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax LBFGS Muon NAdam RAdam RMSprop Rprop SGD"
)


def stepped(lib, name, steps):
    """Return a layer, its optimizer and a scheduler after some steps."""
    lib.manual_seed(0)
    layer = lib.nn.Linear(3, 2, bias=False)
    optimizer = getattr(lib.optim, name)(layer.parameters(), lr=0.01)
    scheduler = lib.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 20, cycle_momentum=False)
    step(lib, layer, optimizer, scheduler, steps)
    return layer, optimizer, scheduler


def step(lib, layer, optimizer, scheduler, steps):
    def loss():
        optimizer.zero_grad()
        value = (layer(lib.ones(1, 3)) ** 2).sum()
        value.backward()
        return value

    for _ in range(steps):
        optimizer.step(loss)
        scheduler.step()


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step:UserWarning")
@pytest.mark.parametrize("name", OPTIMIZERS.split())
def test_torch_goes_on_where_we_stopped(torch, tmp_path, name):
    ours = stepped(minigrad, name, 3)
    states = [part.state_dict() for part in ours]
    assert plain(round_trip(states)) == plain(states)
    theirs = stepped(torch, name, 0)
    for part, state in zip(theirs, read_by(torch, states, tmp_path), strict=True):
        part.load_state_dict(state)
    step(minigrad, *ours, 3)
    step(torch, *theirs, 3)
    np.testing.assert_allclose(
        ours[0].weight.tolist(), theirs[0].weight.tolist(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda lib, o: lib.StepLR(o, 2),
        lambda lib, o: lib.MultiStepLR(o, [2, 2, 5]),
        lambda lib, o: lib.ExponentialLR(o, 0.5),
        lambda lib, o: lib.CosineAnnealingLR(o, 5),
        lambda lib, o: lib.ReduceLROnPlateau(o),
        lambda lib, o: lib.LambdaLR(o, lambda epoch: 0.5**epoch),
        lambda lib, o: lib.SequentialLR(o, [lib.ConstantLR(o), lib.StepLR(o, 1)], [2]),
    ],
)
def test_torch_reads_the_state_of_schedulers(torch, tmp_path, make):
    optimizer = optim.SGD([nn.Parameter(minigrad.ones(1))], lr=0.1)
    scheduler = make(optim.lr_scheduler, optimizer)
    state = scheduler.state_dict()
    assert plain(round_trip(state)) == plain(state)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    make(torch.optim.lr_scheduler, optimizer).load_state_dict(read_by(torch, state, tmp_path))


def test_a_whole_checkpoint(torch, tmp_path):
    minigrad.manual_seed(3)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(18, 2))
    optimizer = optim.Adam(model.parameters())
    model(minigrad.randn(4, 1, 5, 5)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": minigrad.get_rng_state(),
        "best": minigrad.tensor(0.5),
        "args": {"lr": 1e-3, "milestones": [1, 2], "name": None},
    }
    theirs = read_by(torch, checkpoint, tmp_path)
    assert plain(theirs) == plain(checkpoint)
    torch.set_rng_state(theirs["rng"])
    assert torch.rand(3).tolist() == minigrad.rand(3).tolist()
    other = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(),
        torch.nn.Linear(18, 2),
    )  # fmt: skip
    other.load_state_dict(theirs["model"])
    x = minigrad.randn(4, 1, 5, 5)
    np.testing.assert_allclose(
        other.eval()(torch.from_numpy(x.numpy())).tolist(), model.eval()(x).tolist(), rtol=1e-4,
        atol=1e-6,
    )  # fmt: skip


# ---------------------------------------------------------------- damage


def test_damage_is_an_error_of_two_kinds():
    """Broken descriptions, the archive around them being sound; broken archives."""
    given = {"t": tensors(), "v": values()}
    content = written(given).getvalue()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    rng = np.random.default_rng(0)
    for _ in range(150):
        program = bytearray(parts["archive/data.pkl"])
        for _ in range(rng.integers(1, 4)):
            program[rng.integers(len(program))] = rng.integers(256)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, bytes(program) if name == "archive/data.pkl" else data)
        try:
            minigrad.load(io.BytesIO(file.getvalue()))
        except (ValueError, pickle.UnpicklingError) as error:
            assert str(error).startswith("load: the file looks like a file of torch.save")
    for n in range(4, len(content), 997):
        with pytest.raises(ValueError):
            minigrad.load(io.BytesIO(content[:n]))


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("name", ["x.pt", "x.safetensors"])
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_killed_writer_leaves_the_old_file(tmp_path, name, moment):
    path = tmp_path / name
    minigrad.save({"w": minigrad.zeros(2)}, path)
    script = f"""
        import os, signal
        import minigrad
        os.{moment} = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        minigrad.save({{"w": minigrad.ones(1000)}}, {str(path)!r})
    """
    root = Path(minigrad.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=root)
    assert done.returncode == -signal.SIGKILL
    assert minigrad.load(path)["w"].tolist() == [0.0, 0.0]


def test_misspelled_keywords_are_refused():
    with pytest.raises(TypeError, match=r"save\(\) got an unexpected keyword argument 'protocl'"):
        minigrad.save(1, io.BytesIO(), protocl=2)
    file = io.BytesIO()
    minigrad.save(1, file, _use_new_zipfile_serialization=True)
    with pytest.raises(
        TypeError, match=r"load\(\) got an unexpected keyword argument 'weight_only'"
    ):
        minigrad.load(file, weight_only=False)
    file.seek(0)
    assert minigrad.load(file, encoding="utf-8") == 1
