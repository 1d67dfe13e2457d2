"""Joining, splitting, turning, strided views, diagonals: values, memory, gradients, vs torch."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad


def example(*shape, kind=np.float64):
    draws = np.random.default_rng(0)
    if np.dtype(kind).kind == "f":
        return draws.normal(size=shape).astype(kind)
    return draws.integers(0, 9, shape).astype(kind)


# name: (function of the library and a (2, 3, 4) tensor, whether the result shares memory)
CASES = {
    "atleast_1d": (lambda lib, x: lib.atleast_1d(x[0, 0, 0], x[0]), True),
    "atleast_2d": (lambda lib, x: lib.atleast_2d(x[0, 0]), True),
    "atleast_3d": (lambda lib, x: lib.atleast_3d((x[0, 0], x[0], x[0, 0, 0])), True),
    "dstack": (lambda lib, x: lib.dstack([x[0], x[1]]), False),
    "column_stack": (lambda lib, x: lib.column_stack((x[0, 0, :2], x[:, 0])), False),
    "column_stack vectors": (lambda lib, x: lib.column_stack((x[0, 0], x[0, 1])), False),
    "row_stack": (lambda lib, x: lib.row_stack((x[0, 0], x[0])), False),
    "concat": (lambda lib, x: lib.concat([x, x], 1) + lib.concatenate((x, x), dim=1), False),
    "block_diag": (lambda lib, x: lib.block_diag(x[0], x[0, 0], x[0, 0, 0]), False),
    "cartesian_prod": (lambda lib, x: lib.cartesian_prod(x[0, 0], x[0, 1, :2]), False),
    "combinations": (lambda lib, x: lib.combinations(x[0, 0], 3), False),
    "combinations again": (
        lambda lib, x: lib.combinations(x[0, 0], with_replacement=True),
        False,
    ),
    "tensor_split": (lambda lib, x: x.tensor_split(3, 2), True),
    "tensor_split indices": (lambda lib, x: lib.tensor_split(x, (1, 5, -1), dim=2), True),
    "tensor_split tensor": (lambda lib, x: lib.tensor_split(x, lib.tensor([1, 2]), 1), True),
    "hsplit": (lambda lib, x: x.hsplit(3), True),
    "hsplit vector": (lambda lib, x: lib.hsplit(x[0, 0], [1]), True),
    "vsplit": (lambda lib, x: lib.vsplit(x, 2), True),
    "dsplit": (lambda lib, x: x.dsplit([1, 2]), True),
    "split_with_sizes": (lambda lib, x: x.split_with_sizes([1, 3], 2), True),
    "unsafe_chunk": (lambda lib, x: lib.unsafe_chunk(x, 2, 1), None),
    "unsafe_split": (lambda lib, x: x.unsafe_split(2, 1), None),
    "fliplr": (lambda lib, x: x.fliplr(), False),
    "flipud": (lambda lib, x: lib.flipud(x), False),
    **{
        f"rot90 {k}": (lambda lib, x, k=k: lib.rot90(x, k, (2, 0)).contiguous() * 1, False)
        for k in range(-1, 4)
    },
    "repeat_interleave": (lambda lib, x: x.repeat_interleave(2), False),
    "repeat_interleave dim": (lambda lib, x: lib.repeat_interleave(x, 3, dim=1), False),
    "repeat_interleave each": (
        lambda lib, x: x.repeat_interleave(lib.tensor([1, 0, 2]), 1, output_size=3),
        False,
    ),
    "adjoint": (lambda lib, x: x.adjoint(), True),
    "H": (lambda lib, x: x[0].H, True),
    "mH": (lambda lib, x: x.mH, True),
    "unfold": (lambda lib, x: x.unfold(2, 3, 1), True),
    "unfold apart": (lambda lib, x: x.unfold(-2, 1, 2), True),
    "as_strided": (lambda lib, x: x.as_strided((3, 2), (2, 1)), True),
    "as_strided offset": (lambda lib, x: lib.as_strided(x, (2, 2), (1, 1), 5), True),
    "as_strided of a view": (lambda lib, x: x[1].as_strided((2, 2), (1, 2)), True),
    "diagonal": (lambda lib, x: x.diagonal(1, 1, 2), True),
    "diagonal reversed": (lambda lib, x: x.diagonal(0, 2, 0), True),
    "diag": (lambda lib, x: lib.diag(x[0], -1), False),
    "diag_embed": (lambda lib, x: lib.diag_embed(x, 1, 0, -2), False),
    "diagflat": (lambda lib, x: x.diagflat(-2), False),
    "diagonal_scatter": (lambda lib, x: x.diagonal_scatter(x[:, 0, :3] * 2, 0, 1, 2), False),
    "select_scatter": (lambda lib, x: x.select_scatter(x[:, 0] * 2, 1, 2), False),
    "slice_scatter": (lambda lib, x: x.slice_scatter(x[..., :2] * 2, -1, 0, 4, 2), False),
}
INTEGERS = [name for name in CASES if "tensor" not in name]


@pytest.mark.parametrize("name", CASES)
def test_against_torch(torch, name):
    function = CASES[name][0]
    x = example(2, 3, 4)
    compare_with_torch(torch, function, [x], double=True)
    compare_with_torch(torch, function, [np.asfortranarray(x)] if "strided" not in name else [x])
    compare_with_torch(torch, function, [example(2, 3, 4, kind=np.int16)])


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][1] is not None])
def test_what_is_a_view_shares_memory(torch, name):
    function, shares = CASES[name]
    for lib in (minigrad, torch):
        x = lib.from_numpy(example(2, 3, 4))
        found = function(lib, x)
        for part in found if isinstance(found, (tuple, list)) else [found]:
            if part.numel():
                assert np.shares_memory(part.numpy(), x.numpy()) == shares


def test_writes_to_strided_views_have_gradients(torch):
    def windows(lib, x):
        y = x * 1
        y.unfold(2, 2, 2).mul_(2)
        y.diagonal(0, 1, 2).fill_(3)
        y.as_strided((2, 3), (1, 4)).add_(y.as_strided((2, 3), (1, 4), 12) * 5)
        return y

    compare_with_torch(torch, windows, [example(2, 3, 4)], double=True)


def test_gradients_without_torch():
    x = example(2, 3, 4)
    check_gradients(lambda x: x.unfold(2, 3, 1), x)
    check_gradients(lambda x: x.as_strided((3, 3), (1, 1)), x)
    check_gradients(lambda x: x.diagonal(1, 2, 0), x)
    check_gradients(lambda x, y: x.diagonal_scatter(y, 0, 0, 1), x, example(4, 2))


def test_a_strided_view_stays_in_its_memory():
    x = minigrad.arange(6.0)
    for size, stride, offset in (((7,), (1,), 0), ((2, 2), (1, 5), None), ((1,), (1,), 6)):
        with pytest.raises(RuntimeError, match="memory has 6"):
            x.as_strided(size, stride, offset)
    assert x[2:].as_strided((4,), (1,)).tolist() == [2, 3, 4, 5]
    assert x[2:].as_strided((6,), (1,), 0).tolist() == x.tolist()
    assert x.as_strided((0, 3), (9, 9)).shape == (0, 3)
    with pytest.raises(RuntimeError, match="gradient"):
        x[2:].clone().requires_grad_()[1:].detach().requires_grad_().as_strided((3,), (1,), 0)


IN_PLACE = {
    "unsqueeze_": lambda x: x.unsqueeze_(1),
    "squeeze_": lambda x: x.unsqueeze_(0).squeeze_(),
    "t_": lambda x: x.t_(),
    "transpose_": lambda x: x.transpose_(0, 1),
    "swapaxes_": lambda x: x.swapaxes_(0, 1),
    "as_strided_": lambda x: x.as_strided_((2, 2), (1, 1)),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_changes_of_shape(torch, name):
    change = IN_PLACE[name]

    def function(lib, x):
        y = x * 2
        assert change(y) is y
        return y * y

    compare_with_torch(torch, function, [example(3, 4)], double=True)
    for lib in (minigrad, torch):
        with pytest.raises(RuntimeError, match="leaf"):
            change(lib.ones(3, 4, requires_grad=True))
    x = minigrad.ones(3, 4)
    version = x._version
    change(x)
    assert x._version > version


def test_resizing(torch):
    for lib in (minigrad, torch):
        x = lib.arange(6)
        assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
        assert x.resize_(6).tolist() == [0, 1, 2, 3, 4, 5]
        assert x.resize_(2, 5).shape == (2, 5) and x.flatten()[:6].tolist() == [0, 1, 2, 3, 4, 5]
        assert x.resize_as_(lib.ones(3)).tolist() == [0, 1, 2]
        assert x.resize_(0).numel() == 0
        with pytest.raises(RuntimeError, match="require"):
            lib.ones(2, requires_grad=True).resize_(3)


def test_triangles_and_shapes(torch):
    for arguments in ((3, 3), (2, 4, 1), (4, 2, -1), (0, 3), (3, 3, 9)):
        for name in ("tril_indices", "triu_indices"):
            ours, theirs = (getattr(lib, name)(*arguments) for lib in (minigrad, torch))
            assert_close(ours, theirs)
    assert minigrad.tril_indices(2, 2, dtype=minigrad.int32).dtype is minigrad.int32
    assert minigrad.broadcast_shapes((2, 1), 3, (1, 1, 1)) == (1, 2, 3)
    assert minigrad.repeat_interleave(minigrad.tensor([0, 2, 1])).tolist() == [1, 1, 2]
    for shape in ((3, 3), (5, 2), (2, 5), (7, 3), (3, 3, 3)):
        for wrap in (False, True):
            ours, theirs = (lib.zeros(shape).fill_diagonal_(2, wrap) for lib in (minigrad, torch))
            assert_close(ours, theirs, what=f"{shape} {wrap}")


WRONG = {
    "dstack": lambda lib: lib.dstack([]),
    "column_stack": lambda lib: lib.column_stack([]),
    "block_diag": lambda lib: lib.block_diag(lib.ones(1, 1, 1)),
    "cartesian_prod": lambda lib: lib.cartesian_prod(lib.ones(1, 1)),
    "combinations": lambda lib: lib.combinations(lib.ones(2, 2)),
    "combinations negative": lambda lib: lib.combinations(lib.ones(2), -1),
    "tensor_split": lambda lib: lib.ones(3).tensor_split(0),
    "tensor_split number": lambda lib: lib.tensor(1.0).tensor_split(1),
    "tensor_split floats": lambda lib: lib.ones(3).tensor_split(lib.ones(1)),
    "hsplit": lambda lib: lib.ones(2, 3).hsplit(2),
    "vsplit": lambda lib: lib.ones(3).vsplit(3),
    "dsplit": lambda lib: lib.ones(3, 3).dsplit(3),
    "fliplr": lambda lib: lib.ones(3).fliplr(),
    "flipud": lambda lib: lib.tensor(1.0).flipud(),
    "rot90": lambda lib: lib.ones(3).rot90(),
    "rot90 dims": lambda lib: lib.ones(3, 3).rot90(1, (0, 0)),
    "rot90 dim": lambda lib: lib.ones(3, 3).rot90(1, (0,)),
    "repeat_interleave": lambda lib: lib.ones(3).repeat_interleave(lib.tensor([1, 2])),
    "repeat_interleave negative": lambda lib: lib.ones(3).repeat_interleave(-1),
    "repeat_interleave floats": lambda lib: lib.ones(3).repeat_interleave(lib.ones(3)),
    "repeat_interleave size": lambda lib: lib.ones(3).repeat_interleave(2, 0, output_size=1),
    "unfold size": lambda lib: lib.ones(3).unfold(0, 4, 1),
    "unfold step": lambda lib: lib.ones(3).unfold(0, 2, 0),
    "unfold dim": lambda lib: lib.ones(3).unfold(1, 2, 1),
    "as_strided": lambda lib: lib.ones(3).as_strided((2,), (1, 1)),
    "as_strided negative": lambda lib: lib.ones(3).as_strided((2,), (-1,)),
    "as_strided offset": lambda lib: lib.ones(3).as_strided((2,), (1,), -1),
    "diagonal": lambda lib: lib.ones(3, 3).diagonal(0, 1, 1),
    "diagonal dim": lambda lib: lib.ones(3).diagonal(),
    "diag": lambda lib: lib.diag(lib.ones(1, 1, 1)),
    "diag_embed": lambda lib: lib.diag_embed(lib.ones(3), 0, 1, 1),
    "diagonal_scatter": lambda lib: lib.ones(3, 3).diagonal_scatter(lib.ones(2)),
    "select_scatter": lambda lib: lib.ones(3, 3).select_scatter(lib.ones(2), 0, 0),
    "slice_scatter": lambda lib: lib.ones(3).slice_scatter(lib.ones(2)),
    "fill_diagonal_": lambda lib: lib.ones(3).fill_diagonal_(1),
    "fill_diagonal_ sizes": lambda lib: lib.ones(3, 3, 2).fill_diagonal_(1),
    "tril_indices": lambda lib: lib.tril_indices(-1, 2),
    "adjoint": lambda lib: lib.ones(2, requires_grad=True).mH,
    "H": lambda lib: lib.ones(2, 2, 2).H,
    "broadcast_shapes": lambda lib: lib.broadcast_shapes((2,), (3,)),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_raises_what_torch_raises(torch, name):
    with pytest.raises(Exception) as expected:
        WRONG[name](torch)
    with pytest.raises(type(expected.value)):
        WRONG[name](minigrad)


KEYWORDS = {
    "reshape": lambda lib, x: lib.reshape(x, shape=(4, 6)),
    "view": lambda lib, x: x.view(size=(6, 4)),
    "permute": lambda lib, x: lib.permute(x, dims=(2, 0, 1)),
    "expand": lambda lib, x: x.expand(size=(5, 2, 3, 4)),
    "broadcast_to": lambda lib, x: lib.broadcast_to(x, size=(5, 2, 3, 4)),
    "repeat": lambda lib, x: x.repeat(repeats=(1, 2, 1)),
    "tile": lambda lib, x: lib.tile(x, dims=(2, 1)),
    "flip": lambda lib, x: lib.flip(x, dims=[0, 2]),
    "new_zeros": lambda lib, x: x.new_zeros(size=(2,)) + x.new_ones(size=(2,)),
    "fill": lambda lib, x: lib.fill(x, 3),
    "take_along_dim": lambda lib, x: lib.take_along_dim(x, lib.tensor([[[-1]]]), 2),
}


@pytest.mark.parametrize("name", KEYWORDS)
def test_arguments_by_torchs_names(torch, name):
    compare_with_torch(torch, KEYWORDS[name], [example(2, 3, 4)])


def test_windows_and_sequences(torch):
    for name in "hann hamming blackman bartlett kaiser".split():
        for arguments in ((0,), (1,), (5,), (6, False)):
            ours, theirs = (
                getattr(lib, f"{name}_window")(*arguments, dtype=lib.float64)
                for lib in (minigrad, torch)
            )
            assert_close(ours, theirs, rtol=1e-6, atol=1e-7, what=f"{name} {arguments}")
    with pytest.raises(RuntimeError):
        minigrad.hann_window(3, dtype=minigrad.int64)
    with pytest.warns(UserWarning, match="use arange"):
        assert minigrad.range(1, 2, 0.5).tolist() == [1, 1.5, 2]
    assert minigrad.scalar_tensor(2).dtype is minigrad.float32
    assert minigrad.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert minigrad.empty_permuted((2, 3, 4), (2, 0, 1)).stride() == (3, 1, 6)
    assert minigrad.frombuffer(bytearray(8), dtype=minigrad.int32).tolist() == [0, 0]
    for lib in (minigrad, torch):
        with pytest.raises(ValueError):
            lib.frombuffer(bytearray(7), dtype=lib.int32)
        assert lib.can_cast(lib.int64, lib.float16) and not lib.can_cast(lib.float16, lib.int64)
        assert lib.result_type(lib.ones(2, dtype=lib.uint8), lib.tensor(3)) is lib.uint8
        assert lib.result_type(lib.ones(2, dtype=lib.uint8), 1.5) is lib.float32
        assert lib.result_type(1, 2.0) is lib.float32


def test_complex_numbers_are_refused_by_name():
    for data in (1j, [1j], [[1.0, 2j]]):
        with pytest.raises(TypeError, match=r"tensor\(\): complex numbers are not supported"):
            minigrad.tensor(data)
