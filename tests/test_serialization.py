"""save and load of safetensors files: round trips, the package both ways, all that can be wrong."""

import collections
import io
import json
import math
import os
import tracemalloc

import numpy as np
import pytest

import minigrad
from minigrad import load, save
from minigrad.serialization.safetensors_file import writing

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def round_trip(obj):
    file = io.BytesIO()
    writing(obj)(file)
    file.seek(0)
    return load(file)


def plain(value):
    """Return nested structures with tensors as (dtype, shape, list), to compare."""
    if isinstance(value, minigrad.Tensor):
        return ("tensor", str(value.dtype), tuple(value.shape), value.tolist())
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(v) for v in value)
    return value


def tensors():
    rng = np.random.default_rng(0)
    made = {
        f"{name}.{len(shape)}d": minigrad.tensor(
            rng.standard_normal(shape) * 100, dtype=getattr(minigrad, name)
        )
        for name in DTYPES
        for shape in ((), (3,), (2, 3), (0, 2), (1, 2, 3))
    }
    made["transposed"] = minigrad.arange(6.0).reshape(2, 3).t()
    made["strided"] = minigrad.arange(10)[::3]
    made["parameter"] = minigrad.ones(2, requires_grad=True)
    made["extreme"] = minigrad.tensor([math.inf, -math.inf, math.nan, -0.0, 1e-45])
    made["näme \n\"'"] = minigrad.ones(1)
    return made


# ---------------------------------------------------------------- what comes back


def test_a_flat_dict():
    given = tensors()
    found = round_trip(given)
    assert list(found) == list(given)
    for name, tensor in found.items():
        assert tensor.dtype is given[name].dtype
        np.testing.assert_array_equal(tensor.numpy(), given[name].detach().numpy())
        assert tensor.is_contiguous()
        assert not tensor.requires_grad
        assert tensor.numpy().flags.writeable
    assert round_trip({}) == {}


def test_safetensors_reads_what_we_write(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    given = tensors()
    save(given, tmp_path / "ours.safetensors")
    theirs = safetensors.load_file(tmp_path / "ours.safetensors")
    assert set(theirs) == set(given)
    for name, array in theirs.items():
        np.testing.assert_array_equal(array, given[name].detach().numpy())
    nested = {"model": given, "epoch": 3}
    save(nested, tmp_path / "nested.safetensors")
    theirs = safetensors.load_file(tmp_path / "nested.safetensors")
    assert set(theirs) == {f"model.{name}" for name in given}


def test_we_read_what_safetensors_writes(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    given = {name: np.ascontiguousarray(t.detach().numpy()) for name, t in tensors().items()}
    path = tmp_path / "theirs.safetensors"
    safetensors.save_file(given, path, metadata={"format": "pt", "note": "x"})
    found = load(path)
    assert set(found) == set(given)
    for name, tensor in found.items():
        assert tensor.numpy().dtype == given[name].dtype
        np.testing.assert_array_equal(tensor.numpy(), given[name])


def test_any_nesting():
    given = {
        "model": {"fc.weight": minigrad.ones(2, 2), "fc": {"weight": minigrad.zeros(3)}},
        "numbers": [1, -(2**70), 2.5, True, False, None, math.inf, -math.inf, 1e-320],
        "tuple": (0.9, (minigrad.tensor(1), "text \u2028"), [], {}, ()),
        3: {"3": minigrad.ones(1), 3: minigrad.zeros(1)},
        "__metadata__": minigrad.ones(1),
        "": {"": minigrad.zeros(1)},
        "minigrad": "x",
    }
    assert plain(round_trip(given)) == plain(given)
    assert math.isnan(round_trip({"x": math.nan})["x"])
    assert plain(round_trip(minigrad.arange(3))) == plain(minigrad.arange(3))
    assert plain(round_trip([minigrad.ones(1), minigrad.zeros(1)])) == plain(
        [minigrad.ones(1), minigrad.zeros(1)]
    )
    assert round_trip(3) == 3
    assert type(round_trip(collections.OrderedDict(a=1))) is dict
    assert round_trip({"a": np.float64(1.5)}) == {"a": 1.5}


def test_a_checkpoint_resumes_training(tmp_path):
    def make():
        minigrad.manual_seed(0)
        p = [minigrad.randn(3, requires_grad=True), minigrad.randn(2, 2, requires_grad=True)]
        optimizer = minigrad.optim.Adam(p, lr=0.1, amsgrad=True)
        return p, optimizer, minigrad.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5])

    def train(p, optimizer, scheduler, n):
        for _ in range(n):
            optimizer.zero_grad()
            sum((q**4).sum() for q in p).backward()
            optimizer.step()
            scheduler.step()

    p, optimizer, scheduler = make()
    train(p, optimizer, scheduler, 4)
    checkpoint = {
        "model": {str(i): q.detach() for i, q in enumerate(p)},
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": 4,
    }
    path = tmp_path / "checkpoint.safetensors"
    save(checkpoint, path)
    found = load(path)
    assert plain(found) == plain(checkpoint)
    train(p, optimizer, scheduler, 4)

    q, other, schedule = make()
    with minigrad.no_grad():
        for i, tensor in enumerate(q):
            tensor.copy_(found["model"][str(i)])
    other.load_state_dict(found["optimizer"])
    schedule.load_state_dict(found["scheduler"])
    train(q, other, schedule, 4)
    assert plain(q) == plain(p)


def test_data_is_aligned_and_the_file_plain(tmp_path):
    path = tmp_path / "x.safetensors"
    save({"b": minigrad.tensor([True]), "n": minigrad.tensor(3), "w": minigrad.ones(3)}, path)
    content = path.read_bytes()
    n = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + n])
    assert n % 8 == 0
    assert list(header) == ["b", "n", "w"]
    assert header["n"] == {"dtype": "I64", "shape": [], "data_offsets": [0, 8]}
    assert header["w"]["data_offsets"] == [8, 20]
    assert header["b"]["data_offsets"] == [20, 21]


@pytest.mark.parametrize("name", ["x.safetensors", "x.pt", "x"])
def test_arguments(tmp_path, name):
    path = tmp_path / name
    save({"w": minigrad.ones(1)}, str(path))
    for options in (
        {"weights_only": True},
        {"weights_only": False},
        {"map_location": "cpu"},
        {"map_location": minigrad.device("cpu")},
        {"map_location": lambda storage, location: storage},
    ):
        assert load(path, **options)["w"].tolist() == [1.0]
    with pytest.raises(RuntimeError, match="expected device 'cpu', but got 'cuda'"):
        load(path, map_location="cuda")
    with path.open("rb") as file:
        assert load(file)["w"].tolist() == [1.0]
    file = io.BytesIO(b"before")
    file.seek(6)
    save({"w": minigrad.ones(1)}, file)
    file.seek(6)
    assert load(file)["w"].tolist() == [1.0]
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing")


# ---------------------------------------------------------------- what cannot be saved


@pytest.mark.parametrize(
    ("obj", "match"),
    [
        ({"a": {"b": object()}}, "cannot store 'a.b' of type object"),
        ([1, {2}], "cannot store '1' of type set"),
        (object(), "cannot store 'the object' of type object"),
        ({"w": np.ones(2)}, "cannot store 'w' of type ndarray"),
        ({"x": b"bytes"}, "cannot store 'x' of type bytes"),
        ({"x": 1j}, "cannot store 'x' of type complex"),
        ({"f": len}, "cannot store 'f' of type builtin_function_or_method"),
        ({"a": {(1, 2): 3}}, "a key of 'a' is of type tuple; expected str or int"),
        (
            {"o": minigrad.optim.SGD([minigrad.ones(1)])},
            r"'o' of type SGD; store its state_dict\(\)",
        ),
        ({True: 1}, "a key of 'the dict' is of type bool"),
    ],
)
def test_what_cannot_be_saved(tmp_path, obj, match):
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=match):
        save(obj, path)
    assert path.read_bytes() == b"old"


def test_cycles_are_refused():
    cycle = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="nested too deeply, or contains itself"):
        writing(cycle)


# ---------------------------------------------------------------- files that are wrong


def file_of(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def tree_of(tree, tensors=None, data=b""):
    text = tree if isinstance(tree, str) else json.dumps(tree)
    return file_of({"__metadata__": {"minigrad": text}, **(tensors or {})}, data)


EIGHT = b"12345678"
BAD = {
    "only half a length": (b"\0\0\0", "ends after 3 bytes"),
    "header beyond the file": (file_of({}, length=3), "given as 3 bytes, but the file has 2 more"),
    "header beyond the limit": (b"\xff" * 8 + b"{}", "given as 18446744073709551615 bytes"),
    "a pickle": (b"\x80\x02}q\x00(X\x01\x00" * 9, "looks like a bare pickle"),
    "no header": (b"\0" * 8, r"does not begin with '\{'"),
    "a list": (file_of([]), r"does not begin with '\{'"),
    "a space first": (file_of(b" {}"), r"does not begin with '\{'"),
    "not JSON": (file_of(b"{]"), "Expecting property name"),
    "half JSON": (file_of(b'{"a":'), "Expecting value"),
    "two values": (file_of(b"{}{}"), "Extra data"),
    "not UTF-8": (file_of(b'{"\xff": 1}'), "can't decode byte 0xff"),
    "NaN": (file_of(b'{"a": NaN}'), "NaN is not JSON"),
    "deep": (file_of(b'{"a":' + b"[" * 100_000), "nested too deeply"),
    "a key twice": (
        file_of(b'{"a":%b,"a":%b}' % ((json.dumps(entry()).encode(),) * 2), EIGHT),
        "the key 'a' is there twice",
    ),
    "a field twice": (
        file_of(b'{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT),
        "the key 'dtype' is there twice",
    ),
    "an entry that is none": (file_of({"a": 3}), "entry of 'a' is not a dtype"),
    "a field missing": (
        file_of({"a": {"dtype": "F32", "shape": [2]}}, EIGHT), "entry of 'a' is not a dtype"
    ),
    "a field too many": (file_of({"a": entry(extra=1)}, EIGHT), "entry of 'a' is not a dtype"),
    "bfloat16": (file_of({"a": entry("BF16", (4,))}, EIGHT), "'a' has dtype 'BF16'.*F64, F32"),
    "an unknown dtype": (file_of({"a": entry("F7")}, EIGHT), "'a' has dtype 'F7'"),
    "a dtype that is none": (file_of({"a": entry(["F32"])}, EIGHT), "'a' has dtype"),
    "a negative size": (file_of({"a": entry(shape=(-2,))}, EIGHT), r"'a' has shape \[-2\]"),
    "a fractional size": (file_of({"a": entry(shape=(2.0,))}, EIGHT), r"'a' has shape \[2.0\]"),
    "a true size": (file_of({"a": entry(shape=(True, 2))}, EIGHT), r"'a' has shape \[True, 2\]"),
    "a huge size": (file_of({"a": entry(shape=(2**63,))}, EIGHT), "'a' has shape"),
    "a huge product": (
        file_of({"a": entry(shape=(2**40, 2**40))}, EIGHT), "takes 4835703278458516698824704 bytes"
    ),
    "huge but empty": (file_of({"a": entry(shape=(2**62, 2**62, 0), offsets=(0, 0))}), "valid"),
    "too many sizes": (file_of({"a": entry(shape=[1] * 40)}, EIGHT), "at most 32 sizes"),
    "too much data": (file_of({"a": entry(shape=(1,))}, EIGHT), r"\[1\] of F32 takes 4 bytes"),
    "too little data": (file_of({"a": entry(shape=(3,))}, EIGHT), r"\[3\] of F32 takes 12 bytes"),
    "end before begin": (file_of({"a": entry(offsets=(8, 0))}, EIGHT), "takes 8 bytes"),
    "one offset": (file_of({"a": entry(offsets=(8,))}, EIGHT), "data_offsets"),
    "a negative offset": (file_of({"a": entry(offsets=(-8, 0))}, EIGHT), r"data_offsets \[-8, 0\]"),
    "a hole at the start": (file_of({"a": entry(offsets=(8, 16))}, EIGHT * 2), "begins at byte 8"),
    "a hole": (
        file_of({"a": entry(), "b": entry(offsets=(12, 20))}, EIGHT * 3),
        "'b' begins at byte 12, but the tensors before it end at 8",
    ),
    "an overlap": (
        file_of({"a": entry(), "b": entry(offsets=(4, 12))}, EIGHT * 2), "'b' begins at byte 4"
    ),
    "the same data twice": (
        file_of({"a": entry(), "b": entry()}, EIGHT), "'b' begins at byte 0"
    ),
    "truncated": (file_of({"a": entry()}, EIGHT[:5]), "take 8 bytes of data, but the file has 5"),
    "bytes to spare": (file_of({"a": entry()}, EIGHT + b"x"), "take 8 bytes .* the file has 9"),
    "data without tensors": (file_of({}, b"x"), "take 0 bytes of data, but the file has 1"),
    "a bool of 2": (
        file_of({"a": entry("BOOL", offsets=(0, 2))}, b"\1\2"), "bytes other than 0 and 1"
    ),
    "metadata that is none": (file_of({"__metadata__": 3}), "not a map of strings"),
    "metadata of numbers": (file_of({"__metadata__": {"a": 1}}), "not a map of strings"),
    "a structure that is not JSON": (tree_of("{"), "Expecting property name"),
    "a structure of something else": (tree_of({"set": [1]}), "unknown 'set'"),
    "a structure with a bare list": (tree_of([1]), r"has \[1\] where a value is expected"),
    "a structure of two kinds": (tree_of({"list": [], "tuple": []}), "where a value is expected"),
    "a structure with an unknown tensor": (tree_of({"tensor": "a"}), "unknown 'tensor': 'a'"),
    "a structure without its tensor": (
        tree_of({"list": []}, {"a": entry()}, EIGHT), r"no place for the tensors \['a'\]"
    ),
    "a structure with a key twice": (
        tree_of({"dict": [["a", 1], ["a", 2]]}), r"\['a', 2\] where a new key is expected"
    ),
    "a structure with an odd key": (tree_of({"dict": [[[], 1]]}), "where a new key is expected"),
    "a structure with half a pair": (tree_of({"dict": [["a"]]}), "where a new key is expected"),
    "a structure with an odd float": (tree_of({"float": "1.0"}), "unknown 'float'"),
    "a deep structure": (tree_of('{"list":[' * 50_000), "nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused(tmp_path, name):
    content, match = BAD[name]
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"load: .*bad is not a valid safetensors file: "
    ) as caught:
        load(path)
    assert caught.match(match)


def test_every_truncation_is_refused():
    file = io.BytesIO()
    writing({"a": minigrad.ones(2), "nested": [1, minigrad.zeros(1)]})(file)
    content = file.getvalue()
    for n in range(1, len(content)):
        with pytest.raises(ValueError, match="not a valid safetensors file"):
            load(io.BytesIO(content[:n]))


def test_a_flipped_byte_in_the_header_never_gives_another_error():
    file = io.BytesIO()
    writing({"a": minigrad.ones(2), "b": {"c": (1, minigrad.zeros(1))}})(file)
    content = bytearray(file.getvalue())
    rng = np.random.default_rng(0)
    for _ in range(1500):
        i, was = int(rng.integers(len(content) - 12)), 0
        was, content[i] = content[i], int(rng.integers(256))
        try:
            load(io.BytesIO(bytes(content)))
        except ValueError as error:
            assert "not a valid safetensors file" in str(error)
        content[i] = was


# ---------------------------------------------------------------- the file stays whole


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    save({"w": minigrad.zeros(2)}, path)
    old = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    for module, name in ((os, "fsync"), (os, "replace")):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, fail)
            with pytest.raises(OSError, match="disk full"):
                save({"w": minigrad.ones(3)}, path)
        assert path.read_bytes() == old
        assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"]
    with pytest.raises(RuntimeError, match=r"Parent directory .*missing does not exist"):
        save({}, tmp_path / "missing" / "x")


@pytest.mark.skipif(os.name != "posix", reason="needs links and modes")
def test_links_and_modes_stay(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    save({"w": minigrad.zeros(1)}, target)
    target.chmod(0o640)
    link.symlink_to(target)
    save({"w": minigrad.ones(1)}, link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert load(target)["w"].tolist() == [1.0]


def test_no_more_memory_than_the_file_has(tmp_path):
    """A small file that claims to be large must not make the reader allocate."""
    huge = entry("F64", (2**37,), (0, 2**40))
    path = tmp_path / "x.safetensors"
    path.write_bytes(file_of({"a": huge}, EIGHT))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="take 1099511627776 bytes of data"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_map_location_may_name_places():
    file = io.BytesIO()
    minigrad.save({"w": minigrad.ones(1)}, file)
    for place in ("cpu", minigrad.device("cpu"), {"cuda:0": "cpu"}, lambda storage, where: storage):
        file.seek(0)
        assert minigrad.load(file, map_location=place)["w"].item() == 1
    with pytest.raises(RuntimeError, match="expected device 'cpu'"):
        minigrad.load(file, map_location={"cpu": "cuda:0"})
