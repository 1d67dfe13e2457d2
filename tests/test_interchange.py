"""Weights go between minigrad and other libraries: arrays, safetensors, and files of torch.save."""

import collections
import contextlib
import io
import pickle
import zipfile

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.serialization.torch_reader import Machine, Storages


def network(lib):
    lib.manual_seed(3)
    return lib.nn.Sequential(
        lib.nn.Conv2d(1, 4, 3, padding=1, bias=False),
        lib.nn.BatchNorm2d(4),
        lib.nn.ReLU(),
        lib.nn.Flatten(),
        lib.nn.Linear(4 * 25, 3),
    )


def images(lib):
    x = np.random.default_rng(0).standard_normal((6, 1, 5, 5)).astype("f")
    return lib.from_numpy(x)


def trained(lib, steps=4):
    """Return a network and its Adam after a few steps."""
    model = network(lib)
    optimizer = lib.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        train_step(model, optimizer, lib)
    return model, optimizer


def train_step(model, optimizer, lib):
    optimizer.zero_grad()
    model(images(lib)).square().mean().backward()
    optimizer.step()


def output(model, lib):
    model.eval()
    return model(images(lib)).detach().numpy()


# ---------------------------------------------------------------- arrays


def test_load_state_dict_takes_numpys_arrays():
    model, _ = trained(minigrad)
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    arrays["4.bias"].flags.writeable = False
    for assign in (False, True):
        other = nn.Sequential(*network(minigrad))
        other.load_state_dict(arrays, assign=assign)
        np.testing.assert_array_equal(output(other, minigrad), output(model, minigrad))
        with minigrad.no_grad():
            other[4].bias.add_(1)  # in memory of its own
    np.testing.assert_array_equal(arrays["4.bias"], model[4].bias.detach().numpy())


def test_load_state_dict_takes_torchs_tensors(torch):
    theirs, their_optimizer = trained(torch)
    ours = network(minigrad)
    optimizer = minigrad.optim.Adam(ours.parameters())
    for state in (theirs.state_dict(), theirs.state_dict(keep_vars=True)):
        ours.load_state_dict(state)
    optimizer.load_state_dict(their_optimizer.state_dict())
    np.testing.assert_allclose(output(ours, minigrad), output(theirs, torch), rtol=1e-5, atol=1e-6)
    for _ in range(3):
        train_step(ours.train(), optimizer, minigrad)
        train_step(theirs.train(), their_optimizer, torch)
    np.testing.assert_allclose(output(ours, minigrad), output(theirs, torch), rtol=1e-4, atol=1e-5)


def test_arrays_that_cannot_be_taken(torch):
    layer = nn.Linear(2, 2)
    state = layer.state_dict()
    state["bias"] = torch.ones(2, dtype=torch.bfloat16)
    with pytest.raises(
        RuntimeError, match=r"cannot take over 'bias', a torch.Tensor of dtype .*bf"
    ):
        layer.load_state_dict(state)
    state["bias"] = [1.0, 2.0]
    with pytest.raises(RuntimeError, match=r"expected a Tensor from checkpoint but received"):
        layer.load_state_dict(state)


# ---------------------------------------------------------------- safetensors


def test_states_go_through_safetensors_and_back(torch, tmp_path):
    files = pytest.importorskip("safetensors.torch")
    path = tmp_path / "model.safetensors"
    ours, _ = trained(minigrad)
    minigrad.save(ours.state_dict(), path)
    theirs = network(torch)
    theirs.load_state_dict(files.load_file(path))
    np.testing.assert_allclose(output(theirs, torch), output(ours, minigrad), rtol=1e-5, atol=1e-6)
    theirs, _ = trained(torch)
    files.save_file(theirs.state_dict(), path)
    ours.load_state_dict(minigrad.load(path))
    np.testing.assert_allclose(output(theirs, torch), output(ours, minigrad), rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------- files of torch.save


def saved(torch, value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_checkpoint_of_torch(torch, protocol, tmp_path):
    theirs, their_optimizer = trained(torch)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(their_optimizer, [2, 4])
    checkpoint = {
        "model": theirs.state_dict(),
        "optimizer": their_optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": 3,
        "losses": [0.5, float("inf"), -1e-300],
        "others": (None, True, False, -1, 255, 70_000, -(2**40), 2**70, "é", {1, 2}),
    }
    torch.save(checkpoint, tmp_path / "x.pt", pickle_protocol=protocol)
    found = minigrad.load(tmp_path / "x.pt", map_location="cpu")
    for key in ("epoch", "losses", "others"):
        assert found[key] == checkpoint[key]
    ours = network(minigrad)
    optimizer = minigrad.optim.Adam(ours.parameters())
    assert str(ours.load_state_dict(found["model"])) == "<All keys matched successfully>"
    assert found["model"]._metadata[""] == {"version": 1}
    optimizer.load_state_dict(found["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 0.01
    minigrad.optim.lr_scheduler.MultiStepLR(optimizer, [1]).load_state_dict(found["scheduler"])
    np.testing.assert_allclose(output(ours, minigrad), output(theirs, torch), rtol=1e-5, atol=1e-6)


def test_every_kind_of_tensor(torch):
    base = torch.arange(24.0).reshape(4, 6)
    values = {
        name: torch.tensor([[0, 1, 1], [3, 100, 0]]).to(getattr(torch, name))
        for name in "bool uint8 int8 int16 int32 int64 float16 float32 float64".split()
    }
    values |= {
        "0-d": torch.tensor(3.5),
        "empty": torch.ones(0, 3),
        "part": base[1:3, ::2],
        "transposed": base.t(),
        "expanded": torch.ones(1).expand(4),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "wants": torch.ones(2, requires_grad=True),
    }
    found = minigrad.load(saved(torch, values))
    assert list(found) == list(values)
    for name, value in values.items():
        assert str(found[name].dtype).split(".")[1] == str(value.dtype).split(".")[1]
        np.testing.assert_array_equal(found[name].detach().numpy(), value.detach().numpy())
        assert found[name].requires_grad == value.requires_grad
    assert isinstance(found["parameter"], nn.Parameter)


def test_other_values_of_torch(torch):
    value = {
        "bfloat16": torch.tensor([1.0, -2.5], dtype=torch.bfloat16),
        "size": torch.Size([2, 3]),
        "dtype": torch.float64,
        "device": torch.device("cpu"),
        "counter": collections.Counter("aab"),
    }
    found = minigrad.load(saved(torch, value))
    assert found["bfloat16"].tolist() == [1.0, -2.5]
    assert found["bfloat16"].dtype is minigrad.float32
    assert found["size"] == minigrad.Size([2, 3])
    assert found["dtype"] is minigrad.float64
    assert found["device"] == minigrad.device("cpu")
    assert found["counter"] == {"a": 2, "b": 1}


def test_tensors_that_share_memory_still_do(torch):
    x = torch.zeros(4)
    found = minigrad.load(saved(torch, [x, x[1:3], x]))
    found[0].fill_(7)
    assert found[1].tolist() == [7, 7]
    assert found[2] is found[0]


def test_a_whole_model_is_refused(torch):
    for value in (torch.nn.Linear(2, 2), {"f": print}, {"array": np.ones(2)}):
        with pytest.raises(
            pickle.UnpicklingError, match=r"it holds a \S+, to load which could run any code"
        ):
            minigrad.load(saved(torch, value))
    with pytest.raises(ValueError, match="bare pickle, which is never"):
        minigrad.load(io.BytesIO(pickle.dumps([1, 2, 3])))


# ---------------------------------------------------------------- hostile files, without torch


def archive(program, storages=None, name="x", **more):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr(f"{name}/data.pkl", program)
        for key, data in (storages or {}).items():
            z.writestr(f"{name}/data/{key}", data)
        for key, data in more.items():
            z.writestr(f"{name}/{key}", data)
    return io.BytesIO(file.getvalue())


class Storage:
    """Pickled as torch does it: by a description outside of the pickle proper."""

    def __init__(self, *description):
        self.description = description


class Call:
    def __init__(self, *arguments):
        self.arguments = arguments


def program(value, names=(), protocol=2):
    """Return a pickle in which ``Storage`` and ``Call`` stand for what torch writes."""
    file = io.BytesIO()

    class Pickler(pickle._Pickler):
        def persistent_id(self, obj):
            return obj.description if isinstance(obj, Storage) else None

        def save(self, obj, save_persistent_id=True):
            if isinstance(obj, Call):
                name, *arguments = obj.arguments
                self.global_(name)
                self.save(tuple(arguments))
                return self.write(b"R")
            if isinstance(obj, str) and obj.startswith("!"):
                return self.global_(obj[1:])
            return super().save(obj, save_persistent_id)

        def global_(self, name):
            module, _, name = name.rpartition(".")
            self.write(f"c{module}\n{name}\n".encode())

    Pickler(file, protocol).dump(value)
    return file.getvalue()


DATA = np.arange(6, dtype="<f4").tobytes()
STORAGE = Storage("storage", "!torch.FloatStorage", "0", "cpu", 6)
REBUILD = "torch._utils._rebuild_tensor_v2"


def tensor(*arguments, storage=STORAGE, name=REBUILD):
    return program(Call(name, storage, *arguments, False, Call("collections.OrderedDict")))


def test_a_file_made_by_hand():
    found = minigrad.load(archive(tensor(1, (2, 2), (2, 1)), {"0": DATA}))
    assert found.tolist() == [[1, 2], [3, 4]]
    assert minigrad.load(archive(program({"a": [1, (2, "b")]}))) == {"a": [1, (2, "b")]}
    assert minigrad.load(archive(program([]), byteorder="little", version="3")) == []


F = {"0": DATA}
HOSTILE = {
    "os.system": (archive(program(Call("os.system", "exit 1"))), "holds a os.system"),
    "eval": (archive(program(Call("builtins.eval", "1"))), "holds a builtins.eval"),
    "a class of torch": (archive(program("!torch.nn.Linear")), "holds a torch.nn.Linear"),
    "torch.load": (archive(program(Call("torch.load", "x"))), "holds a torch.load"),
    "a name with dots": (archive(b"ctorch\nFloatStorage.__class__\n."), "holds a torch.FloatSt"),
    "a name from elsewhere": (archive(b"cminigrad\nfloat32\n."), "holds a minigrad.float32"),
    "an object": (archive(b"\x80\x02ctorch\nTensor\n)\x81."), "makes an object of"),
    "an instance": (archive(b"(cos\nsystem\no."), "holds a os.system"),
    "an old instance": (archive(b"(ios\nsystem\n."), "the operation b'i'"),
    "an extension": (archive(b"\x82\x01."), "the operation"),
    "bytes": (archive(b"C\x01x."), "the operation b'C'"),
    "text numbers": (archive(b"I1\n."), "the operation b'I'"),
    "attributes of a dict": (archive(b"}}b."), "gives a dict attributes"),
    "attributes of a function": (
        archive(program(0)[:2] + b"ctorch._utils\n_rebuild_tensor_v2\n}b."), "attributes"
    ),
    "a call of a number": (archive(b"K\x01)R."), "no function"),
    "a call of a storage": (archive(b"ctorch\nFloatStorage\n)R."), "makes no sense"),
    "a call without a tuple": (archive(b"ccollections\nOrderedDict\n]R."), "no function"),
    "an empty program": (archive(b""), "ends too early"),
    "an empty stack": (archive(b"."), "makes no sense"),
    "no mark": (archive(b"t."), "makes no sense"),
    "a short tuple": (archive(b"K\x01\x86."), "stack is too short"),
    "an unknown memo": (archive(b"h\x07."), "makes no sense"),
    "a long string": (archive(b"X\xff\xff\xff\xffab."), "ends too early"),
    "a half number": (archive(b"J\x01"), "ends too early"),
    "a name without end": (archive(b"cos"), "damaged"),
    "items for a list": (archive(b"]K\x01K\x01s."), "items for a list"),
    "an odd number of items": (archive(b"}(K\x01u."), "damaged"),
    "a list as a key": (archive(b"}]K\x01s."), "makes no sense"),
    "appending to a dict": (archive(b"}K\x01a."), "items for a dict"),
    "not a storage": (archive(program([Storage(1, 2)])), "damaged"),
    "a storage of objects": (
        archive(tensor(0, (1,), (1,), storage=Storage("storage", 3, "0", "cpu", 1)), F), "no sense"
    ),
    "a storage that is a function": (
        archive(
            tensor(0, (1,), (1,), storage=Storage("storage", "!torch.Size", "0", "cpu", 1)), F
        ),
        "makes no sense",
    ),
    "a storage elsewhere": (
        archive(
            tensor(
                0, (1,), (1,), storage=Storage("storage", "!torch.FloatStorage", "../0", "cpu", 1)
            ),
            F,
        ),
        "There is no item",
    ),
    "a storage of another length": (archive(tensor(0, (1,), (1,)), {"0": DATA[:8]}), "not 6"),
    "half an element": (archive(tensor(0, (1,), (1,)), {"0": DATA[:7]}), "damaged"),
    "no storage": (archive(tensor(0, (1,), (1,))), "There is no item"),
    "a bool of 2": (
        archive(
            tensor(0, (1,), (1,), storage=Storage("storage", "!torch.BoolStorage", "0", "cpu", 1)),
            {"0": b"\2"},
        ),
        "bytes other than 0 and 1",
    ),
    "outside, by its size": (archive(tensor(0, (7,), (1,)), F), "ends outside of its 6"),
    "outside, by its offset": (archive(tensor(6, (1,), (1,)), F), "ends outside of its 6"),
    "outside, and empty": (archive(tensor(8, (0,), (1,)), F), "ends outside of its 6"),
    "outside, by its strides": (archive(tensor(0, (2, 3), (4, 1)), F), "ends outside of its 6"),
    "a negative offset": (archive(tensor(-1, (1,), (1,)), F), "strides? (is|are) expected"),
    "a negative size": (archive(tensor(0, (-1,), (1,)), F), "strides? (is|are) expected"),
    "a negative stride": (archive(tensor(3, (2,), (-1,)), F), "strides? (is|are) expected"),
    "a size that is none": (archive(tensor(0, (1.0,), (1,)), F), "strides? (is|are) expected"),
    "sizes that are a list": (archive(tensor(0, [1], (1,)), F), "strides? (is|are) expected"),
    "strides that are missing": (archive(tensor(0, (1, 1), (1,)), F), "not the description"),
    "a huge view of one element": (
        archive(tensor(0, (2**61, 2**61), (0, 0)), F), "damaged"
    ),
    "a tensor of a number": (archive(tensor(0, (1,), (1,), storage=3)), "not the description"),
    "a set of a tensor": (
        archive(program(
            Call("builtins.set", Call(REBUILD, STORAGE, 0, (2**60,), (0,), False, 0))
        ), F),
        "a set of a Tensor",
    ),
    "a dict of a text": (
        archive(program(Call("collections.OrderedDict", "ab"))), "a OrderedDict of a str"
    ),
    "many bytes": (archive(program(Call("builtins.bytearray", 2**40))), "makes no sense"),
    "bytes of their own encoding": (
        archive(program(Call("_codecs.encode", "a", "rot13"))), "in the encoding"
    ),
    "a tensor of a class of its own": (
        archive(program(Call(
            "torch._tensor._rebuild_from_type_v2", "!torch.Tensor", "!torch.Tensor", (2**40,), {}
        ))),
        "not the description of a tensor",
    ),
    "attributes that are none": (
        archive(program(Call(
            "torch._utils._rebuild_parameter_with_state",
            Call(REBUILD, STORAGE, 0, (1,), (1,), False, 0), True, 0, {1: 2},
        )), F),
        "not the attributes of a tensor",
    ),
    "a parameter of nothing": (
        archive(program(Call("torch._utils._rebuild_parameter", 3, True, 0))), "expected a tensor"
    ),
    "too few arguments": (archive(program(Call(REBUILD, STORAGE)), F), "makes no sense"),
    "big-endian": (archive(program(1), byteorder="big"), "not little-endian"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused(case):
    file, match = HOSTILE[case]
    with pytest.raises(ValueError, match=match):
        minigrad.load(file)


def test_archives_that_are_none():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as z:
        z.writestr("readme", "hello")
    with pytest.raises(ValueError, match="it has no data"):
        minigrad.load(io.BytesIO(file.getvalue()))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("x/data.pkl", b"\0" * 100_000)
    with pytest.raises(ValueError, match="parts are compressed"):
        minigrad.load(io.BytesIO(file.getvalue()))
    with pytest.raises(ValueError, match="damaged"):
        minigrad.load(io.BytesIO(b"PK\x03\x04" + b"\x08" * 60))


def test_damage_never_gives_another_error():
    content = archive(tensor(1, (2, 2), (2, 1)), F, byteorder="little").getvalue()
    rng = np.random.default_rng(0)
    for n in range(0, len(content), 3):
        with pytest.raises(ValueError):
            minigrad.load(io.BytesIO(content[:n]))
    for _ in range(1500):
        broken = bytearray(content)
        broken[rng.integers(len(content))] = rng.integers(256)
        try:
            minigrad.load(io.BytesIO(bytes(broken)))
        except ValueError as error:
            assert str(error).startswith("load: the file")
    description = tensor(1, (2, 2), (2, 1))
    for _ in range(3000):  # without the checksums of the archive
        broken = bytearray(description)
        for _ in range(rng.integers(1, 4)):
            broken[rng.integers(len(broken))] = rng.integers(256)
        with contextlib.suppress(ValueError):
            Machine(bytes(broken), Storages(lambda key: DATA)).run()
