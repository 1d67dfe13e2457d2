"""Files as torch wrote them before 1.6, and objects of classes that a program calls safe."""

import argparse
import base64
import collections
import dataclasses
import enum
import fractions
import io
import pickle
import zlib

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.serialization import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)

# {"b": a 2 x 3 tensor, "row": b[1], "half", "flag", "p": a Parameter, "bf": of bfloat16, "n": 3}
OLD = zlib.decompress(
    base64.b85decode(
        "c-nQ6*>2N76o$QI0YgjKDQnqNmXO$q>#&Flp$f@jsk!kDvRr2p8ySy}Jt+dIQf^XOo`DN4c?@2MM?m6&GqxKVFeA"
        "@+=6L-5^Pe+g>9Z34`m*+O>Fu{yi_Nk0{D+L=76=V{K@fyEp^SPobT&zn1~dW@H`sIdB@7q~i9@1(;6@<r*a`;O"
        "hnP5N@R6h-Z$YJDS239SG+|IRC0oW-5HYBk6}!S2G#WzPtc*r`nj%IwK=c?*JiqCTSP-U)laP&35cVBLqLe1irm"
        "BF{XxMcQ$DQtwfSmuLtcBENuk)Y+6?-1{^g1oo=;)fR8HT1pH9LnFkMJC|7Yyp_reI2@ybT9T*%Y_o;I4<3L*g-"
        "XoGLGqK1oRbY2Yyhlw}JJF*t0&T!u;Ldzkm}G`{SYsvYrjm4$VL%M&<iiW4}t>vPa?1}7{yndQQF!vUPiNrjhZ7@"
        "Ar+{RghC=)JD0sVz8za1r5)+yZjX^5I+#KhNNT1s5~;AasXtX$Jm;(r^l2nt>a7tEac%GQuT<U&-<_fvX&TEr(x"
        "caKnO|S-oOt{HI>Ao4D@?BZ&gb|K^C>z;{=NTZPi?Lg@}yx|=IC8Qim=wUaH{pFp)hvn75_2GE&xl-0hiPhEBY("
        "$ciH3VM;Ul_F&ZA9}ggeFhIKc$m40;E^fwd-;an%aZhnWlp3rNx7_a<yVt5xi#KIVQ(e~<Hx*<#p?TXCKxqgf8+"
        "avReZ3Iv436t4Z{)l2m"
    )
)


@pytest.fixture(autouse=True)
def nothing_is_safe():
    yield
    clear_safe_globals()


def old(torch, value):
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return io.BytesIO(file.getvalue())


def written(value):
    file = io.BytesIO()
    minigrad.save(value, file)
    return io.BytesIO(file.getvalue())


# ---------------------------------------------------------------- old files


@pytest.mark.parametrize("weights_only", [True, False])
def test_an_old_file(weights_only):
    found = minigrad.load(io.BytesIO(OLD), weights_only=weights_only)
    assert list(found) == ["b", "row", "half", "flag", "p", "bf", "n"] and found["n"] == 3
    assert found["b"].tolist() == [[0, 1, 2], [3, 4, 5]] and found["half"].tolist() == [0.5]
    assert found["half"].dtype is minigrad.float16 and found["flag"].tolist() == [True, False]
    assert isinstance(found["p"], nn.Parameter) and found["p"].requires_grad
    assert found["bf"].dtype is minigrad.float32 and found["bf"].tolist() == [1.5]
    found["b"].fill_(7)
    assert found["row"].tolist() == [7, 7, 7]


def test_a_path_and_a_file_that_goes_on(tmp_path):
    path = tmp_path / "old.pth.tar"
    path.write_bytes(OLD)
    assert minigrad.load(path)["n"] == 3
    with path.open("rb") as file:
        assert minigrad.load(file, map_location="cpu")["n"] == 3


def test_damage_is_an_error():
    for n in range(8, len(OLD), 7):
        with pytest.raises((ValueError, pickle.UnpicklingError)):
            minigrad.load(io.BytesIO(OLD[:n]))
    with pytest.raises(ValueError, match="3 bytes too many"):
        minigrad.load(io.BytesIO(OLD + b"abc"))
    rng = np.random.default_rng(0)
    for _ in range(300):
        changed = bytearray(OLD)
        changed[rng.integers(8, len(OLD))] = rng.integers(256)
        try:
            minigrad.load(io.BytesIO(bytes(changed)))
        except (ValueError, pickle.UnpicklingError) as error:
            assert str(error).startswith("load: the file ")


def test_a_file_cannot_ask_for_more_memory_than_it_is_large():
    begin = OLD.index(b"\x80\x02}q", 100)
    name = b"ctorch\nFloatStorage\n"
    program = b"\x80\x02(X\x07\x00\x00\x00storage" + name + b"X\x01\x00\x00\x000X\x01\x00\x00\x00c"
    program += b"J\xff\xff\xff\x7fNtQ."
    end = OLD.index(b"\x80\x02]q", begin)
    with pytest.raises(ValueError, match="storage 0 of 2147483647 elements is larger"):
        minigrad.load(io.BytesIO(OLD[:begin] + program + OLD[end:]))


@pytest.mark.parametrize("weights_only", [True, False])
def test_what_torch_writes_in_the_old_form(torch, weights_only):
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 1, 5, 5)).square().sum().backward()
    optimizer.step()
    base = torch.arange(24.0).reshape(4, 6)
    given = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "views": [base, base[1], base.t(), base[:, ::2], base[:0]],
        "values": [None, True, 1.5, "text", (1, 2), {3}, torch.Size([2]), b"x"],
    }
    found = minigrad.load(old(torch, given), weights_only=weights_only)
    ours = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    assert str(ours.load_state_dict(found["model"])) == "<All keys matched successfully>"
    optim.Adam(ours.parameters()).load_state_dict(found["optimizer"])
    for theirs, mine in zip(given["views"], found["views"], strict=True):
        assert theirs.tolist() == mine.tolist() and theirs.stride() == mine.stride()
    assert str(found["values"]).replace("minigrad", "torch") == str(given["values"])


def test_a_whole_model_of_old(torch):
    theirs = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU())
    with pytest.raises(pickle.UnpicklingError, match=r"holds a torch.nn.modules.container.Seq"):
        minigrad.load(old(torch, theirs))
    ours = minigrad.load(old(torch, theirs), weights_only=False)
    assert repr(ours) == repr(theirs) and type(ours) is nn.Sequential
    x = torch.randn(2, 1, 5, 5)
    np.testing.assert_allclose(
        ours(minigrad.from_numpy(x.numpy())).tolist(), theirs(x).tolist(), rtol=1e-5, atol=1e-6
    )
    add_safe_globals([nn.Sequential, nn.Conv2d, nn.BatchNorm2d, nn.ReLU])
    with pytest.raises(pickle.UnpicklingError, match="holds a whole model"):
        minigrad.load(old(torch, theirs))


# ---------------------------------------------------------------- what a program calls safe


class Color(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Settings:
    rate: float = 0.1


class Slotted:
    __slots__ = ("a",)


def test_safe_classes():
    slotted = Slotted()
    slotted.a = [1]
    given = {
        "namespace": argparse.Namespace(rate=1),
        "color": Color.RED,
        "settings": Settings(0.2),
        "default": collections.defaultdict(list, a=[1]),
        "fraction": fractions.Fraction(1, 3),
        "slotted": slotted,
        "w": minigrad.ones(2),
    }
    with pytest.raises(pickle.UnpicklingError, match=r"holds a argparse.Namespace, .*add_safe_gl"):
        minigrad.load(written(given))
    safe = [argparse.Namespace, Color, Settings, collections.defaultdict, list, Slotted]
    with safe_globals([*safe, fractions.Fraction]):
        found = minigrad.load(written(given))
    assert found["namespace"] == given["namespace"] and found["color"] is Color.RED
    assert found["settings"] == given["settings"] and found["default"]["b"] == []
    assert found["fraction"] == given["fraction"] and found["slotted"].a == [1]
    with pytest.raises(pickle.UnpicklingError):
        minigrad.load(written(given))


def test_what_is_safe_is_known():
    assert get_safe_globals() == []
    add_safe_globals([Settings, Settings])
    with safe_globals([Color]) as block:
        assert get_safe_globals() == [Settings, Color] and block.before == [Settings]
    assert get_safe_globals() == [Settings]
    get_safe_globals().append(Color)
    assert get_safe_globals() == [Settings]
    clear_safe_globals()
    assert get_safe_globals() == []


def test_a_name_that_files_give(torch):
    add_safe_globals([(Color, "elsewhere.Colour")])
    with pytest.raises(pickle.UnpicklingError, match="Color, to load"):
        minigrad.load(written(Color.RED))


def test_arrays_that_are_safe():
    array = np.arange(3.0)
    with safe_globals([array.__reduce__()[0], np.ndarray, np.dtype, type(array.dtype)]):
        assert minigrad.load(written({"a": array}))["a"].tolist() == [0, 1, 2]


def test_a_whole_model_of_torch_with_safe_layers(torch):
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh())
    file = io.BytesIO()
    torch.save(theirs, file)
    with safe_globals([nn.Sequential, nn.Linear]):
        with pytest.raises(pickle.UnpicklingError, match=r"holds a torch.nn.modules.activation.T"):
            minigrad.load(io.BytesIO(file.getvalue()))
        add_safe_globals([nn.Tanh])
        ours = minigrad.load(io.BytesIO(file.getvalue()))
    assert repr(ours) == repr(theirs)
    assert ours[0].weight.tolist() == theirs[0].weight.tolist()


def test_what_torch_loads_by_them_loads_here(torch):
    given = [argparse.Namespace(rate=1), Color.RED, Settings(0.2), minigrad.ones(2)]
    for library in (torch, minigrad):
        with library.serialization.safe_globals([argparse.Namespace, Color, Settings]):
            found = library.load(written(given))
        assert found[:3] == given[:3] and found[3].tolist() == [1, 1]
