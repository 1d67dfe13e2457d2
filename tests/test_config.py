"""What programs ask of the library itself: devices, limits of dtypes, sizes."""

import pytest

import minigrad


def test_there_is_no_gpu():
    assert not minigrad.cuda.is_available()
    assert minigrad.cuda.device_count() == 0
    minigrad.cuda.manual_seed(1)
    minigrad.cuda.manual_seed_all(1)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_limits_of_floating_dtypes(name, torch):
    ours, theirs = (m.finfo(getattr(m, name)) for m in (minigrad, torch))
    for what in ("eps", "max", "min", "tiny", "bits"):
        assert getattr(ours, what) == getattr(theirs, what)


def test_limits_of_the_default_dtype():
    assert minigrad.finfo().bits == 32
    minigrad.set_default_dtype(minigrad.float64)
    assert minigrad.finfo().bits == 64


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_limits_of_integers(name, torch):
    ours, theirs = (m.iinfo(getattr(m, name)) for m in (minigrad, torch))
    for what in ("max", "min", "bits"):
        assert getattr(ours, what) == getattr(theirs, what)


def test_limits_of_the_wrong_kind():
    with pytest.raises(TypeError, match=r"floating point input type, but got minigrad\.int64"):
        minigrad.finfo(minigrad.int64)
    for dtype in (minigrad.float32, minigrad.bool):
        with pytest.raises(TypeError, match="integer input type"):
            minigrad.iinfo(dtype)


def test_sizes_stay_sizes():
    size = minigrad.ones(2, 3).shape
    for other, expected in (
        (size + (4,), (2, 3, 4)),  # noqa: RUF005
        (size * 2, (2, 3, 2, 3)),
        (size[1:], (3,)),
    ):
        assert type(other) is minigrad.Size and other == expected
    assert size[0] == 2 and size.numel() == 6


def test_devices():
    cpu = minigrad.device("cpu")
    assert cpu == minigrad.device("cpu:0") == minigrad.ones(1).device
    assert hash(cpu) == hash(minigrad.device("cpu", 0)) and cpu != "cpu"
    assert (str(cpu), str(minigrad.device("cpu:0"))) == ("cpu", "cpu:0")
    assert repr(cpu) == "device(type='cpu')"
    assert repr(minigrad.device("cpu", 0)) == "device(type='cpu', index=0)"
    assert minigrad.device(cpu) == cpu
    for name in ("cuda:a", "cuda:", "gpu", ""):
        with pytest.raises(RuntimeError, match=rf"expected a device.*{name!r}"):
            minigrad.device(name)
    with pytest.raises(RuntimeError, match="accelerator"):
        minigrad.device(0)
