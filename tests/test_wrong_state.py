"""States and files that do not fit: torch's error classes, and what is changed in spite of them."""

import io
import pickle

import numpy as np
import pytest

import minigrad
from minigrad import nn

# Of each: what is wrong, the class of the error (None: there is none), and the weight afterwards,
# which was 0: what comes before an error is loaded, and what comes behind it, too.
MODULE = {
    "a list": (lambda lib: [1], TypeError, 0),
    "None": (lambda lib: None, TypeError, 0),
    "a tensor": (lambda lib: lib.ones(2), TypeError, 0),
    "a text": (lambda lib: "x", TypeError, 0),
    "numbers as keys": (lambda lib: {1: lib.ones(1)}, AttributeError, 0),
    "nothing": (lambda lib: {}, RuntimeError, 0),
    "a state in a state": (lambda lib: {"model": state(lib)}, RuntimeError, 0),
    "a key too many": (lambda lib: state(lib) | {"more": lib.ones(1)}, RuntimeError, 9),
    "a key too few": (lambda lib: {"weight": full(lib)}, RuntimeError, 9),
    "a shape": (lambda lib: state(lib) | {"bias": lib.ones(3)}, RuntimeError, 9),
    "a shape first": (lambda lib: {"bias": lib.ones(3), "weight": full(lib)}, RuntimeError, 9),
    "no tensor": (lambda lib: state(lib) | {"bias": "x"}, RuntimeError, 9),
    "None as a tensor": (lambda lib: state(lib) | {"weight": None}, RuntimeError, 0),
    "integers": (lambda lib: {k: v.long() for k, v in state(lib).items()}, None, 9),
    "nothing wrong": (lambda lib: state(lib), None, 9),
}


def full(lib):
    return lib.full((1, 2), 9.0)


def state(lib):
    return {"weight": full(lib), "bias": lib.ones(1)}


def module(lib):
    layer = lib.nn.Linear(2, 1)
    with lib.no_grad():
        layer.weight.fill_(0)
    return layer


def outcome(function):
    try:
        function()
    except Exception as error:
        return type(error)
    return None


@pytest.mark.parametrize("name", MODULE)
def test_states_of_modules(name):
    make, error, weight = MODULE[name]
    layer = module(minigrad)
    assert outcome(lambda: layer.load_state_dict(make(minigrad))) is error
    assert layer.weight.tolist() == [[weight, weight]]
    assert layer.weight.requires_grad and layer.weight.dtype is minigrad.float32


@pytest.mark.parametrize("name", MODULE)
def test_torch_does_the_same_with_them(torch, name):
    make, error, weight = MODULE[name]
    layer = module(torch)
    assert outcome(lambda: layer.load_state_dict(make(torch))) is error
    assert layer.weight.tolist() == [[weight, weight]]


def test_errors_of_assignment(torch):
    """They stand with the rest; a frozen parameter may be of integers."""

    def message(lib):
        layer, numbers = module(lib), {k: v.long() for k, v in state(lib).items()}
        with pytest.raises(RuntimeError) as caught:
            layer.load_state_dict(numbers, assign=True)
        layer.requires_grad_(False).load_state_dict(numbers, assign=True)
        assert layer.weight.tolist() == [[9, 9]] and layer.weight.dtype is lib.int64
        return str(caught.value).replace("torch.", "minigrad.").partition("occurred")[0]

    assert message(minigrad) == message(torch)


def optimizer(lib):
    layer = module(lib)
    made = lib.optim.Adam(layer.parameters())
    layer(lib.ones(1, 2)).sum().backward()
    made.step()
    return made


OPTIMIZER = {
    "a list": (lambda good: [1], TypeError),
    "None": (lambda good: None, AttributeError),
    "a number": (lambda good: 3, AttributeError),
    "nothing": (lambda good: {}, KeyError),
    "no state": (lambda good: {"param_groups": good["param_groups"]}, KeyError),
    "no groups": (lambda good: {"state": {}}, KeyError),
    "groups of None": (lambda good: good | {"param_groups": None}, TypeError),
    "a group twice": (lambda good: good | {"param_groups": good["param_groups"] * 2}, ValueError),
    "a parameter too few": (lambda good: good | {"param_groups": [{"params": [0]}]}, ValueError),
    "no parameters": (lambda good: good | {"param_groups": [{"lr": 1}]}, KeyError),
    "parameters by number": (lambda good: good | {"param_groups": [{"params": 3}]}, TypeError),
    "a group that is a list": (lambda good: good | {"param_groups": [[1]]}, TypeError),
    "a state that is a list": (lambda good: good | {"state": [1]}, AttributeError),
}


@pytest.mark.parametrize("name", OPTIMIZER)
def test_states_of_optimizers(name):
    make, error = OPTIMIZER[name]
    made = optimizer(minigrad)
    good = made.state_dict()
    before = str(good)
    assert outcome(lambda: made.load_state_dict(make(good))) is error
    assert str(made.state_dict()) == before


def test_torch_raises_the_same_for_them(torch):
    good = optimizer(torch).state_dict()
    for make, error in OPTIMIZER.values():
        assert outcome(lambda make=make: optimizer(torch).load_state_dict(make(good))) is error


def test_states_of_generators():
    before = minigrad.get_rng_state()
    changed = before.clone()
    changed[:100] = 255
    for wrong, error in (
        (minigrad.ones(3), TypeError),
        (None, TypeError),
        (before[:-1], RuntimeError),
        (minigrad.zeros(5056, dtype=minigrad.uint8), RuntimeError),
        (minigrad.full((5056,), 255, dtype=minigrad.uint8), RuntimeError),
    ):
        assert outcome(lambda wrong=wrong: minigrad.set_rng_state(wrong)) is error
        assert minigrad.get_rng_state().tolist() == before.tolist()


# ---------------------------------------------------------------- files


def files(folder):
    minigrad.save({"w": minigrad.arange(100)}, folder / "whole.pt")
    content = (folder / "whole.pt").read_bytes()
    (folder / "folder").mkdir()
    for name, data in {
        "empty": b"",
        "empty.safetensors": b"",
        "text": b"this is a text\n" * 9,
        "page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "half": content[: len(content) // 2],
        "zeros": bytes(1000),
        "changed": content.replace(
            bytes([5, 0, 0, 0, 0, 0, 0, 0]), bytes([6, 0, 0, 0, 0, 0, 0, 0])
        ),
        "zip": b"PK\5\6" + bytes(18),
    }.items():
        (folder / name).write_bytes(data)
    np.save(folder / "array", np.arange(3))


def test_files_that_are_none(tmp_path):
    files(tmp_path)
    damaged = pickle.UnpicklingError, RuntimeError, ValueError  # torch raises one or the other
    for path in sorted(tmp_path.iterdir()):
        if path.name in ("whole.pt", "folder"):
            continue
        for f in (path, str(path), io.BytesIO(path.read_bytes())):
            with pytest.raises(ValueError) as caught:
                minigrad.load(f)
            assert all(isinstance(caught.value, each) for each in damaged), path
            assert isinstance(caught.value, EOFError) == path.name.startswith("empty")
            assert ("the file" if isinstance(f, io.BytesIO) else path.name) in str(caught.value)
    with pytest.raises(IsADirectoryError):
        minigrad.load(tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        minigrad.load(tmp_path / "nowhere")


def test_what_is_neither_a_path_nor_a_file():
    for f in (None, 3, [1], object(), {"w": 1}):
        with pytest.raises(
            AttributeError, match=f"'{type(f).__name__}' object has no .*a path, or"
        ):
            minigrad.load(f)
    with pytest.raises(TypeError, match="open for reading bytes"):
        minigrad.load(io.StringIO("text"))


def test_torch_raises_one_of_our_classes(torch, tmp_path):
    """But a KeyError for a text, and nothing at all where the checksum alone is wrong."""
    files(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        if path.suffix == ".safetensors" or path.name in ("whole.pt", "text", "changed"):
            continue
        ours = outcome(lambda path=path: minigrad.load(path))
        assert issubclass(ours, outcome(lambda path=path: torch.load(path))), path
    for f in (None, 3, [1], object()):
        assert outcome(lambda f=f: minigrad.load(f)) is outcome(lambda f=f: torch.load(f))


def test_a_model_of_another_kind(tmp_path):
    minigrad.save(nn.LSTM(2, 2).state_dict(), tmp_path / "x")
    with pytest.raises(RuntimeError, match="size mismatch for weight_ih_l0"):
        nn.GRU(2, 2).load_state_dict(minigrad.load(tmp_path / "x"))
    with pytest.raises(RuntimeError, match=r"(?s)Missing key\(s\).*Unexpected key\(s\)") as caught:
        nn.BatchNorm1d(2).load_state_dict(minigrad.load(tmp_path / "x"))
    assert '"running_mean"' in str(caught.value) and '"weight_hh_l0"' in str(caught.value)
