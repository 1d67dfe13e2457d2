"""Shapes, joining, splitting, rearranging: values, views, gradients, errors, vs torch."""

import numpy as np
import pytest
from support import NUMPY_1, check_gradients, compare_with_torch

import minigrad

INF = float("inf")

# name: (function of the library and a (2, 3, 4) tensor, whether the result shares memory)
CASES = {
    "reshape": (lambda lib, x: x.reshape(6, 4), True),
    "reshape -1": (lambda lib, x: x.reshape(-1, 2), True),
    "reshape tuple": (lambda lib, x: lib.reshape(x, (4, 6)), True),
    "reshape of a transpose": (lambda lib, x: x.transpose(0, 2).reshape(3, -1), False),
    "view": (lambda lib, x: x.view(2, -1), True),
    "view_as": (lambda lib, x: x.view_as(x.reshape(4, 6)), True),
    "reshape_as": (lambda lib, x: x.reshape_as(x.reshape(4, 6)), True),
    "flatten": (lambda lib, x: x.flatten(), True),
    "flatten 1": (lambda lib, x: lib.flatten(x, 1), True),
    "flatten 0 1": (lambda lib, x: x.flatten(0, 1), True),
    "ravel": (lambda lib, x: x.ravel(), True),
    "unflatten": (lambda lib, x: x.unflatten(2, (2, -1)), True),
    "squeeze": (lambda lib, x: x[:, :1].squeeze(), True),
    "squeeze 1": (lambda lib, x: x[:, :1].squeeze(1), True),
    "squeeze other": (lambda lib, x: x.squeeze(0), True),
    "squeeze tuple": (lambda lib, x: x[:1, :1].squeeze((0, 1)), True),
    "unsqueeze": (lambda lib, x: x.unsqueeze(1), True),
    "unsqueeze -1": (lambda lib, x: lib.unsqueeze(x, -1), True),
    "permute": (lambda lib, x: x.permute(2, 0, 1), True),
    "permute tuple": (lambda lib, x: lib.permute(x, (1, -1, 0)), True),
    "transpose": (lambda lib, x: x.transpose(0, -1), True),
    "swapaxes": (lambda lib, x: x.swapaxes(0, 1), True),
    "t": (lambda lib, x: x[0].t(), True),
    "T": (lambda lib, x: x[0].T, True),
    "mT": (lambda lib, x: x.mT, True),
    "movedim": (lambda lib, x: lib.movedim(x, 0, 2), True),
    "movedim tuples": (lambda lib, x: x.movedim((0, 1), (2, 0)), True),
    "expand": (lambda lib, x: x[:, :1].expand(2, 5, 4), True),
    "expand more": (lambda lib, x: x[:1].expand(3, 2, -1, 4), True),
    "expand_as": (lambda lib, x: x[:1].expand_as(x), True),
    "broadcast_to": (lambda lib, x: lib.broadcast_to(x[0, 0], (5, 4)), True),
    "narrow": (lambda lib, x: x.narrow(2, 1, 2), True),
    "narrow negative": (lambda lib, x: lib.narrow(x, 1, -2, 1), True),
    "select": (lambda lib, x: x.select(1, -1), True),
    "unbind": (lambda lib, x: x.unbind(1), True),
    "split": (lambda lib, x: x.split(2, 2), True),
    "split uneven": (lambda lib, x: lib.split(x, 2, dim=1), True),
    "split sizes": (lambda lib, x: x.split([1, 0, 3], -1), True),
    "chunk": (lambda lib, x: lib.chunk(x, 3, 2), True),
    "chunk many": (lambda lib, x: x.chunk(9, 1), True),
    "repeat": (lambda lib, x: x.repeat(2, 1, 3), False),
    "repeat more": (lambda lib, x: x.repeat(2, 1, 1, 1), False),
    "tile": (lambda lib, x: lib.tile(x, (2, 1)), False),
    "tile more": (lambda lib, x: x.tile(2, 1, 1, 1), False),
    "flip": (lambda lib, x: x.flip(0, 2), False),
    "flip tuple": (lambda lib, x: lib.flip(x, (1,)), False),
    "roll": (lambda lib, x: x.roll(1, 2), False),
    "roll flat": (lambda lib, x: lib.roll(x, -5), False),
    "roll tuple": (lambda lib, x: x.roll((1, -2), (0, 2)), False),
    "cat": (lambda lib, x: lib.cat([x, x * 2, x[:, :1]], 1), False),
    "cat -1": (lambda lib, x: lib.cat((x, x[..., :0]), dim=-1), False),
    "stack": (lambda lib, x: lib.stack([x, x * 2], 1), False),
    "stack -1": (lambda lib, x: lib.stack((x[0], x[1]), dim=-1), False),
    "hstack": (lambda lib, x: lib.hstack([x, x]), False),
    "hstack 1-d": (lambda lib, x: lib.hstack([x[0, 0], x[0, 1]]), False),
    "vstack": (lambda lib, x: lib.vstack([x[0, 0], x[0, 1]]), False),
    "clone": (lambda lib, x: x.clone(), False),
    "contiguous": (lambda lib, x: x.transpose(0, 1).contiguous(), False),
    "contiguous already": (lambda lib, x: x.contiguous() * 1, False),
    "tril": (lambda lib, x: x.tril(), False),
    "triu": (lambda lib, x: lib.triu(x, 1) + lib.triu(x, -1), False),
    "diagonal": (lambda lib, x: x.diagonal(0, 1, 2), None),
    "diagonal offset": (lambda lib, x: lib.diagonal(x, 1, 0, 2), None),
    "diagonal below": (lambda lib, x: lib.diagonal(x, -1, 2, 1), None),
    "diag": (lambda lib, x: lib.diag(x[0, 0]), False),
    "diag offset": (lambda lib, x: x[0, 0].diag(-2), False),
    "diag of a matrix": (lambda lib, x: x[0].diag(1), None),
    "broadcast_tensors": (lambda lib, x: lib.broadcast_tensors(x, x[0, 0], x[0, 0, 0]), None),
    "meshgrid": (lambda lib, x: lib.meshgrid(x[0, 0], x[1, 0], indexing="ij"), None),
    "meshgrid xy": (lambda lib, x: lib.meshgrid(x[0, 0], x[1, 0, :2], indexing="xy"), None),
    "gather": (lambda lib, x: x.gather(1, lib.tensor([[[0, 2, 2, 1]], [[1, 1, 0, 0]]])), False),
    "take_along_dim": (
        lambda lib, x: lib.take_along_dim(x, lib.tensor([[[1], [0], [2]]]), 2),
        False,
    ),
    "take_along_dim flat": (lambda lib, x: lib.take_along_dim(x, lib.tensor([3, 3, 9])), False),
    "scatter": (
        lambda lib, x: x.scatter(2, lib.tensor([[[1], [0], [2]]]), x[:1, :, :1] * 2),
        False,
    ),
    "scatter number": (lambda lib, x: lib.scatter(x, 0, lib.tensor([[[1, 0]]]), 7.0), False),
    "scatter_add": (
        lambda lib, x: x.scatter_add(1, lib.tensor([[[0, 0, 1, 1], [0, 2, 1, 1]]]), x[:1, :2] * 3),
        False,
    ),
    "index_select": (lambda lib, x: x.index_select(1, lib.tensor([2, 0, 2])), False),
    "masked_fill": (lambda lib, x: x.masked_fill(x > 0, -INF) * 1, False),
    "masked_fill tensor": (lambda lib, x: x.masked_fill(x > 0, x[0, 0, 0]), False),
    "masked_fill broadcast": (
        lambda lib, x: x.masked_fill(lib.tensor([True, False, True, False]), 2),
        False,
    ),
    "masked_select": (lambda lib, x: x.masked_select(x > 0), False),
    "masked_select broadcast": (
        lambda lib, x: lib.masked_select(x, lib.tensor([True, False, True, True])),
        False,
    ),
}


def example():
    return np.random.default_rng(0).normal(size=(2, 3, 4))


@pytest.mark.parametrize("name", CASES)
def test_against_torch(torch, name):
    function = CASES[name][0]
    x = example()
    for array in (x, np.asfortranarray(x), np.repeat(x, 2, axis=2)[..., ::2]):
        if name in ("view", "view_as", "take_along_dim flat") and not array.flags.c_contiguous:
            continue
        compare_with_torch(torch, function, (array,), double=True)
    for dtype in ("float16", "float32"):
        compare_with_torch(torch, function, (x.astype(dtype),), gradient=dtype == "float32")


@pytest.mark.parametrize(
    "name", [name for name in CASES if "inf" not in name.lower() and name not in ("masked_fill",)]
)
def test_gradients(name):
    function = CASES[name][0]
    check_gradients(lambda x: function(minigrad, x), example())


@pytest.mark.parametrize("name", CASES)
def test_whether_memory_is_shared(name):
    function, shares = CASES[name]
    if shares is None:
        pytest.skip("not promised")
    x = minigrad.tensor(example())
    outputs = function(minigrad, x)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    for out in outputs:
        if out.numel():
            assert np.shares_memory(x.numpy(), out.numpy()) is shares
            if shares and "expand" not in name and "broadcast" not in name:
                before = x._version
                out.detach().add_(1)
                assert x._version == before + 1, "a write to the view must count for its base"


@pytest.mark.parametrize("dtype", ["bool", "int64", "float16"])
def test_values_do_not_depend_on_the_dtype(torch, dtype):
    x = (example() > 0) if dtype == "bool" else (example() * 9).astype(dtype)
    for name, (function, _) in CASES.items():
        if any(word in name for word in ("masked", "scatter", "cat", "stack")) or "already" in name:
            continue
        compare_with_torch(torch, function, (x,), gradient=False)


def test_strides_of_views_against_torch(torch):
    x = example()
    for name, (function, shares) in CASES.items():
        if not shares:
            continue
        ours = function(minigrad, minigrad.from_numpy(x))
        theirs = function(torch, torch.from_numpy(x))
        if not isinstance(ours, tuple):
            ours, theirs = (ours,), (theirs,)
        for a, b in zip(ours, theirs, strict=True):
            sizes = list(b.shape)
            kept = [i for i, s in enumerate(sizes) if s > 1]
            if 0 in sizes:
                continue
            assert [a.stride(i) for i in kept] == [b.stride(i) for i in kept], name
            assert a.storage_offset() == b.storage_offset(), name
            assert a.is_contiguous() == b.is_contiguous(), name


def test_concatenation_promotes_and_skips_the_old_empty(torch):
    arrays = (np.ones((2, 3), "float32"), np.arange(6).reshape(2, 3), np.ones((2, 3), "float64"))
    compare_with_torch(torch, lambda lib, *xs: lib.cat(xs), arrays)
    compare_with_torch(
        torch, lambda lib, a, b: lib.cat([a, b]), (np.zeros(0, "int64"), np.ones((2, 3)))
    )
    compare_with_torch(torch, lambda lib, a, b: lib.cat([a, b]), arrays[:2])
    compare_with_torch(torch, lambda lib, a, b: lib.stack([a, b]), arrays[:2])
    compare_with_torch(
        torch, lambda lib, a: lib.cat([a > 0, a > 1, a]), (np.ones(2, "float16"),), gradient=False
    )


def test_gradients_go_to_each_part():
    parts = [minigrad.ones(n, 2, requires_grad=n != 2) for n in (1, 2, 3)]
    weights = minigrad.arange(12.0).reshape(6, 2)
    (minigrad.cat(parts) * weights).sum().backward()
    assert parts[0].grad.tolist() == weights[:1].tolist()
    assert parts[1].grad is None
    assert parts[2].grad.tolist() == weights[3:].tolist()


def test_views_and_0d_and_empty_against_torch(torch):
    scalar, empty = np.array(2.5), np.zeros((0, 3))
    for function in (
        lambda lib, x: x.reshape(1, 1),
        lambda lib, x: x.reshape(-1),
        lambda lib, x: x.flatten(),
        lambda lib, x: x.squeeze(),
        lambda lib, x: x.squeeze(0),
        lambda lib, x: x.unsqueeze(0),
        lambda lib, x: x.unsqueeze(-1),
        lambda lib, x: x.permute(()),
        lambda lib, x: x.t(),
        lambda lib, x: x.transpose(0, 0),
        lambda lib, x: x.expand(3),
        lambda lib, x: x.expand(()),
        lambda lib, x: x.repeat(2),
        lambda lib, x: x.ravel(),
        lambda lib, x: x.view(()),
        lambda lib, x: lib.stack([x, x]),
        lambda lib, x: lib.hstack([x, x]),
        lambda lib, x: lib.vstack([x, x]),
        lambda lib, x: x.clone(),
        lambda lib, x: x.flip(()),
        lambda lib, x: x.tile(2),
        lambda lib, x: x.movedim(0, 0),
        lambda lib, x: x.roll(1),
        lambda lib, x: x.gather(0, lib.tensor(0)),
        lambda lib, x: x.index_select(0, lib.tensor(0)),
        lambda lib, x: x.masked_fill(x > 0, 1.0),
        lambda lib, x: x.masked_select(x > 0),
    ):
        compare_with_torch(torch, function, (scalar,))
    for function in (
        lambda lib, x: x.reshape(3, 0),
        lambda lib, x: x.flatten(),
        lambda lib, x: x.t(),
        lambda lib, x: x.expand(2, 0, 3),
        lambda lib, x: x.repeat(2, 2),
        lambda lib, x: x.flip(0),
        lambda lib, x: lib.cat([x, x]),
        lambda lib, x: lib.stack([x, x]),
        lambda lib, x: x.split(2),
        lambda lib, x: x.chunk(2),
        lambda lib, x: x.unbind(1),
        lambda lib, x: x.roll(1, 0),
        lambda lib, x: x.squeeze(0),
        lambda lib, x: x.reshape(-1, 3),
        lambda lib, x: x.view(0, 5),
        lambda lib, x: x.tril(),
        lambda lib, x: x.diagonal(),
        lambda lib, x: x.masked_select(x > 0),
        lambda lib, x: x.ravel(),
        lambda lib, x: x.index_select(1, lib.tensor([2, 2])),
        lambda lib, x: x.index_select(0, lib.zeros(0, dtype=lib.int64)),
    ):
        compare_with_torch(torch, function, (empty,))


ERRORS = {
    "reshape size": (lambda lib, x: x.reshape(5, 5), RuntimeError),
    "reshape two -1": (lambda lib, x: x.reshape(-1, -1), RuntimeError),
    "reshape -2": (lambda lib, x: x.reshape(-2, 12), RuntimeError),
    "reshape -1 of no fit": (lambda lib, x: x.reshape(-1, 7), RuntimeError),
    "reshape empty -1": (lambda lib, x: x[:0].reshape(0, -1), RuntimeError),
    "reshape float": (lambda lib, x: x.reshape(2.0, 12), TypeError),
    "reshape str": (lambda lib, x: x.reshape("a"), TypeError),
    "reshape None": (lambda lib, x: x.reshape(None), TypeError),
    "view of a transpose": (lambda lib, x: x.transpose(0, 1).view(-1), RuntimeError),
    "flatten order": (lambda lib, x: x.flatten(2, 1), RuntimeError),
    "flatten range": (lambda lib, x: x.flatten(3), IndexError),
    "squeeze range": (lambda lib, x: x.squeeze(3), IndexError),
    "unsqueeze range": (lambda lib, x: x.unsqueeze(4), IndexError),
    "permute length": (lambda lib, x: x.permute(0, 1), RuntimeError),
    "permute twice": (lambda lib, x: x.permute(0, 1, 1), RuntimeError),
    "permute range": (lambda lib, x: x.permute(0, 1, 3), IndexError),
    "transpose range": (lambda lib, x: x.transpose(0, 3), IndexError),
    "t of 3 dims": (lambda lib, x: x.t(), RuntimeError),
    "mT of 1 dim": (lambda lib, x: x[0, 0].mT, RuntimeError),
    "movedim lengths": (lambda lib, x: x.movedim((0, 1), (0,)), RuntimeError),
    "movedim repeated": (lambda lib, x: x.movedim((0, 0), (0, 1)), RuntimeError),
    "expand fewer": (lambda lib, x: x.expand(3, 4), RuntimeError),
    "expand size": (lambda lib, x: x.expand(5, 3, 4), RuntimeError),
    "expand -1 in front": (lambda lib, x: x.expand(-1, 2, 3, 4), RuntimeError),
    "expand negative": (lambda lib, x: x[:1].expand(-3, 3, 4), RuntimeError),
    "repeat fewer": (lambda lib, x: x.repeat(2, 2), RuntimeError),
    "repeat negative": (lambda lib, x: x.repeat(1, 1, -1), RuntimeError),
    "narrow range": (lambda lib, x: x.narrow(1, 0, 4), RuntimeError),
    "narrow start": (lambda lib, x: x.narrow(1, 5, 1), IndexError),
    "narrow negative length": (lambda lib, x: x.narrow(1, 0, -1), RuntimeError),
    "select range": (lambda lib, x: x.select(0, 2), IndexError),
    "split sizes": (lambda lib, x: x.split([1, 1], 2), RuntimeError),
    "split negative sizes": (lambda lib, x: x.split([5, -1], 2), RuntimeError),
    "split 0": (lambda lib, x: x.split(0), RuntimeError),
    "chunk 0": (lambda lib, x: x.chunk(0), RuntimeError),
    "flip twice": (lambda lib, x: x.flip(0, 0), RuntimeError),
    "flip range": (lambda lib, x: x.flip(3), IndexError),
    "roll lengths": (lambda lib, x: x.roll((1, 2), 0), RuntimeError),
    "roll range": (lambda lib, x: x.roll(1, 3), IndexError),
    "cat sizes": (lambda lib, x: lib.cat([x, x[:, :2]]), RuntimeError),
    "cat dims": (lambda lib, x: lib.cat([x, x[0]]), RuntimeError),
    "cat range": (lambda lib, x: lib.cat([x, x], 3), IndexError),
    "cat of scalars": (lambda lib, x: lib.cat([x[0, 0, 0], x[0, 0, 0]]), RuntimeError),
    "cat of numbers": (lambda lib, x: lib.cat([1.0, 2.0]), TypeError),
    "cat of a tensor": (lambda lib, x: lib.cat(x), TypeError),
    "stack sizes": (lambda lib, x: lib.stack([x, x[:, :2]]), RuntimeError),
    "stack nothing": (lambda lib, x: lib.stack([]), RuntimeError),
    "tril of 1 dim": (lambda lib, x: x[0, 0].tril(), RuntimeError),
    "diag of 3 dims": (lambda lib, x: lib.diag(x), RuntimeError),
    "diagonal same dims": (lambda lib, x: x.diagonal(0, 1, 1), RuntimeError),
    "broadcast_tensors": (lambda lib, x: lib.broadcast_tensors(x, x[:, :2]), RuntimeError),
    "gather dtype": (lambda lib, x: x.gather(0, x), RuntimeError),
    "gather range": (lambda lib, x: x.gather(0, lib.full((1, 3, 4), 2)), RuntimeError),
    "gather negative": (lambda lib, x: x.gather(0, lib.full((1, 3, 4), -1)), RuntimeError),
    "gather dims": (lambda lib, x: x.gather(0, lib.tensor([0])), RuntimeError),
    "gather size": (lambda lib, x: x.gather(0, lib.zeros(1, 4, 4, dtype=lib.int64)), RuntimeError),
    "scatter_add size": (
        lambda lib, x: x.scatter_add(0, lib.zeros(2, 3, 5, dtype=lib.int64), x),
        RuntimeError,
    ),
    "scatter size": (
        lambda lib, x: x.scatter(0, lib.zeros(2, 3, 5, dtype=lib.int64), x),
        RuntimeError,
    ),
    "scatter dtype": (
        lambda lib, x: x.scatter(0, lib.zeros(1, 1, 1, dtype=lib.int64), x.float()),
        RuntimeError,
    ),
    "index_select dims": (lambda lib, x: x.index_select(0, lib.tensor([[0]])), IndexError),
    "index_select range": (lambda lib, x: x.index_select(0, lib.tensor([2])), IndexError),
    "masked_fill dtype": (lambda lib, x: x.masked_fill(lib.tensor([1]), 1.0), RuntimeError),
    "masked_fill value": (lambda lib, x: x.masked_fill(x > 0, x), RuntimeError),
    "masked_fill shape": (lambda lib, x: x.masked_fill(lib.zeros(5) > 0, 1.0), RuntimeError),
    "masked_select shape": (lambda lib, x: x.masked_select(lib.zeros(5) > 0), RuntimeError),
    "masked_select dtype": (lambda lib, x: x.masked_select(lib.tensor([0, 1, 1, 1])), RuntimeError),
    "unflatten sizes": (lambda lib, x: x.unflatten(2, (3, 2)), RuntimeError),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    function, expected = ERRORS[name]
    with pytest.raises(expected) as caught:
        function(minigrad, minigrad.tensor(example()))
    assert str(caught.value)


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_torchs(torch, name):
    function, expected = ERRORS[name]
    with pytest.raises(expected):
        function(torch, torch.tensor(example()))


def test_more_memory_than_there_is():
    with pytest.raises((MemoryError, RuntimeError)):
        minigrad.ones(2, 3).expand(2**44, 2, 3).clone()
    with pytest.raises((MemoryError, RuntimeError, ValueError)):
        minigrad.zeros(2**40, 2**40)


def test_many_dimensions_are_an_error_not_a_crash():
    x = minigrad.ones(1)
    with pytest.raises((RuntimeError, ValueError)):
        x.reshape((1,) * 70)
    with pytest.raises((RuntimeError, ValueError)):
        x.expand((1,) * 70)
    n = 32 if NUMPY_1 else 64
    deep = x.reshape((1,) * n)
    with pytest.raises((RuntimeError, ValueError)):
        deep.unsqueeze(0)
    with pytest.raises((RuntimeError, ValueError, IndexError)):
        deep[None]
    assert deep.sum(0).dim() == n - 1
    assert (deep + deep).permute(*range(n - 1, -1, -1)).dim() == n


@pytest.mark.parametrize(
    "name",
    [
        "reshape",
        "view",
        "flatten",
        "squeeze",
        "unsqueeze",
        "permute",
        "transpose",
        "t",
        "narrow",
        "select",
        "unbind",
        "split",
        "chunk",
        "flip",
        "roll",
        "clone",
        "tril",
        "gather",
        "expand",
    ],
)
def test_what_is_no_tensor_is_a_type_error(name):
    function = getattr(minigrad, name, None) or getattr(minigrad.Tensor, name)
    for wrong in (None, 1.0, [1.0]):
        with pytest.raises(TypeError):
            function(wrong, 0, 0, 1)


def test_view_as_another_dtype(torch):
    x = np.arange(6, dtype="float32")
    compare_with_torch(torch, lambda lib, t: t.view(lib.int32), (x,), gradient=False)
    compare_with_torch(torch, lambda lib, t: t.view(lib.uint8), (x.reshape(2, 3),), gradient=False)
    with pytest.raises(RuntimeError):
        minigrad.ones(3, dtype=minigrad.float32).view(minigrad.float64)


def test_parts_are_made_by_one_node_whose_gradient_is_the_parts_joined():
    x = minigrad.arange(6.0).requires_grad_()
    unused, used, also = x.split([1, 2, 3])
    assert unused.grad_fn is used.grad_fn is also.grad_fn
    (g,) = minigrad.autograd.grad((used * also[:2]).sum(), x, create_graph=True)
    assert g.tolist() == [0.0, 3.0, 4.0, 1.0, 2.0, 0.0]
    (gg,) = minigrad.autograd.grad(g[1], x)
    assert gg.tolist() == [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    rows = minigrad.ones(3, 2, requires_grad=True)
    (rows.unbind(1)[1] * 2).sum().backward()
    assert rows.grad.tolist() == [[0.0, 2.0]] * 3
    with pytest.raises(RuntimeError, match="non-negative"):
        x.split([7, -1])
