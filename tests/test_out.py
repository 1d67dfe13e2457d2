"""``out=``: functions that write their result into tensors given, and functions like exp_(x)."""

import copy
import functools
import inspect
import pickle

import numpy as np
import pytest
from support import assert_close

import minigrad


def test_a_result_is_written_into_out():
    a, b, out = minigrad.tensor([1.0, 2.0]), minigrad.tensor([3.0, 4.0]), minigrad.zeros(2)
    view = out[:1]
    assert minigrad.mul(a, b, out=out) is out
    assert out.tolist() == [3, 8] and view.item() == 3 and out._version == 1
    assert minigrad.add(a, b, alpha=2, out=out) is out and out.tolist() == [7, 10]
    minigrad.add(out, out, out=out)
    assert out.tolist() == [14, 20]
    minigrad.cat((a, b), out=(joined := minigrad.empty(4)))
    assert joined.tolist() == [1, 2, 3, 4]
    strided = minigrad.zeros(2, 2)
    minigrad.exp(a, out=strided[:, 0])
    assert_close(strided[:, 0], np.exp(np.array([1, 2], np.float32)))


def test_several_results_are_written_into_a_tuple():
    x = minigrad.tensor([[3.0, 1.0, 2.0]])
    values, indices = minigrad.empty(0), minigrad.empty(0, dtype=minigrad.int64)
    out = minigrad.sort(x, out=(values, indices))
    assert out.values is values and out.indices is indices
    assert values.tolist() == [[1, 2, 3]] and indices.tolist() == [[1, 2, 0]]


def test_an_empty_out_takes_the_shape_and_another_warns():
    x, out = minigrad.ones(2, 3), minigrad.tensor([])
    minigrad.matmul(x, x.T, out=out)
    assert out.tolist() == [[3, 3], [3, 3]]
    with pytest.warns(UserWarning, match="was resized"):
        minigrad.sum(x, 0, out=out)
    assert out.tolist() == [2, 2, 2]


def test_wrong_outs():
    x = minigrad.ones(2)
    with pytest.raises(RuntimeError, match="can't be cast"):
        minigrad.add(x, x, out=minigrad.zeros(2, dtype=minigrad.int64))
    with pytest.raises(TypeError, match="must be Tensor"):
        minigrad.add(x, x, out=[0, 0])
    with pytest.raises(TypeError, match="must be 2 Tensors"):
        minigrad.max(x, 0, out=x)
    x.requires_grad_()
    with pytest.raises(RuntimeError, match="automatic differentiation"):
        minigrad.add(x, 1, out=minigrad.zeros(2))
    with pytest.raises(RuntimeError, match="automatic differentiation"):
        minigrad.add(minigrad.ones(2), 1, out=x)
    with minigrad.no_grad():
        assert minigrad.add(x, 1, out=x).tolist() == [2, 2]


def test_a_function_with_out_is_a_function_still():
    for name in ("tanh", "absolute", "matmul"):
        function = getattr(minigrad, name)
        assert pickle.loads(pickle.dumps(function)) is function
        assert copy.deepcopy(function) is function
    assert list(inspect.signature(minigrad.mul).parameters) == ["input", "other"]
    assert "2., 4." in minigrad.mul.__doc__
    assert repr(minigrad.add) == "<function minigrad.add>"


def test_in_place_functions():
    x = minigrad.tensor([-1.0, 2.0])
    assert minigrad.relu_(x) is x and x.tolist() == [0, 2]
    assert minigrad.clamp_(x, max=1) is x and x.tolist() == [0, 1]
    assert minigrad.fill_(x, 3).tolist() == [3, 3]


def test_as_in_torch(torch, rng):
    a = rng.standard_normal((3, 3)).astype(np.float32)
    for name in ("mul", "matmul", "div", "maximum", "lt", "hypot"):
        for dtype in ("float32", "float64", "bool"):
            found = []
            for library in (minigrad, torch):
                x = library.from_numpy(a)
                out = library.empty(3, 3, dtype=getattr(library, dtype))
                try:
                    found.append(getattr(library, name)(x, x.T, out=out))
                except RuntimeError:
                    found.append(None)
            if name != "matmul":  # torch's matmul wants the very dtype
                assert (found[0] is None) == (found[1] is None), (name, dtype)
            if found[1] is not None:
                assert_close(found[0], found[1], what=name)


def test_in_a_class_it_is_no_method():
    class Layer:
        activation = minigrad.tanh  # as one of torch's, which gets no self

    assert Layer().activation(minigrad.zeros(2)).tolist() == [0, 0]


def test_however_it_is_called():
    a, b, out = minigrad.ones(2), minigrad.ones(2), minigrad.zeros(2)
    assert minigrad.add(a, other=b, alpha=2).tolist() == [3, 3]
    assert minigrad.add(input=a, other=b).tolist() == [2, 2]
    assert minigrad.add.__call__(a, b, alpha=3).tolist() == [4, 4]
    assert minigrad.add(*[a, b], alpha=4, out=out) is out and out.tolist() == [5, 5]
    assert minigrad.add(a, b, out=None).tolist() == [2, 2]
    assert functools.partial(minigrad.add, b)(a, out=out) is out and out.tolist() == [2, 2]
    assert next(map(minigrad.add, [a], [b])).tolist() == [2, 2]
    with pytest.raises(TypeError, match=r"add\(\) (takes|missing|needs)"):
        minigrad.add()
    with pytest.raises(TypeError, match="unexpected keyword argument 'off'"):
        minigrad.add(a, b, off=1)
