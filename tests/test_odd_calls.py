"""Whatever the arguments, nothing crashes: an answer, or an exception of Python's usual kinds."""

import contextlib
import itertools
import operator

import numpy as np
import pytest

import minigrad
from minigrad.nn import functional

METHODS = sorted(
    name
    for name in dir(minigrad.Tensor)
    if not name.startswith("_") and callable(getattr(minigrad.Tensor, name))
)
FUNCTIONS = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (minigrad, functional)
    for name in sorted(dir(module))
    if not name.startswith("_")
    and callable(getattr(module, name))
    and not isinstance(getattr(module, name), type)
    and name
    not in (
        "manual_seed",
        "seed",
        "set_rng_state",
        "set_num_threads",
        "show_config",
        "set_default_dtype",
        "set_printoptions",
        "set_warn_always",
        "save",
        "load",
    )
}
ODD = [None, "a", -1, 1.5, float("nan"), -(2**70), (), [], {}, object(), (1, 2, 3), True]
LARGE = 2**40  # only where no memory of that size is asked for


def tensors():
    yield minigrad.tensor(1.5)
    yield minigrad.arange(6.0).reshape(2, 3)
    yield minigrad.zeros(0, 3)
    yield minigrad.arange(4).reshape(2, 2)
    yield minigrad.tensor([True, False])
    yield minigrad.ones(1, 3).expand(2, 3)
    yield minigrad.arange(6.0).reshape(2, 3).t().requires_grad_()
    yield minigrad.arange(16.0).reshape(1, 2, 2, 4)
    yield minigrad.ones(2, 3, dtype=minigrad.float16)


def attempt(function, args):
    """Call ``function``; anything that is an Exception is allowed, except a broken interpreter."""
    try:
        result = function(*args)
    except Exception as error:
        assert not isinstance(error, (SystemError, UnboundLocalError, NameError)), repr(error)
        assert "has no attribute 'array'" not in str(error), repr(error)
        return
    for item in result if isinstance(result, (tuple, list)) else (result,):
        assert not isinstance(item, np.ndarray), "an array came out where a tensor should"
        if isinstance(item, minigrad.Tensor) and item.requires_grad and item.numel():
            with contextlib.suppress(RuntimeError):
                item.backward(minigrad.ones_like(item).detach())


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.filterwarnings("ignore")
def test_methods(name):
    second = (
        minigrad.ones(2, 3),
        minigrad.zeros(2, 3, dtype=minigrad.int64),
        minigrad.ones(0),
        minigrad.tensor([[5]]),
        minigrad.tensor(True),
    )
    calls = [
        (),
        *[(a,) for a in ODD],
        *itertools.product(ODD[:6], repeat=2),
        *[(t,) for t in second],
        *[(0, t) for t in second],
        *itertools.product(second, second),
        (0, 1, 2),
        (0, 0, 0, 0),
        (None, None, None),
        (0, second[1], second[0]),
    ]
    if not name.startswith("new_") and name not in ("repeat", "tile", "expand", "broadcast_to"):
        calls += [(LARGE,), (0, LARGE), (LARGE, LARGE)]
    for args in calls:
        for x in tensors():
            if name == "numpy":
                continue
            attempt(getattr(x, name), args)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore")
def test_functions(name):
    function = FUNCTIONS[name]
    some = [*tensors()]
    for args in [
        (),
        *[(a,) for a in ODD],
        *itertools.product(ODD[:6], repeat=2),
        *itertools.product(some, ODD[:6]),
        *itertools.product(some, some),
        *itertools.product(some[:4], some[:4], some[:4]),
        *[(x, x, 2) for x in some],
        *[([x, x],) for x in some],
        *[([x, a],) for x in some[:2] for a in ODD],
        *[(x, a, b) for x in some[:3] for a in ODD[:5] for b in ODD[:5]],
        *[(x, 2, 2, 3) for x in some],
        *[(x, (1, 1), (2, 2)) for x in some],
    ]:
        fresh = [
            a.detach().clone().requires_grad_(a.requires_grad)
            if isinstance(a, minigrad.Tensor)
            else a
            for a in args
        ]
        attempt(function, fresh)
    minigrad.set_grad_enabled(True)


def test_operators_on_odd_operands():
    binary = (
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.floordiv,
        operator.mod,
        operator.pow,
        operator.matmul,
        operator.and_,
        operator.or_,
        operator.xor,
        operator.lshift,
        operator.rshift,
        operator.eq,
        operator.lt,
        operator.iadd,
        operator.imul,
        operator.itruediv,
        operator.ipow,
        operator.getitem,
    )
    for op in binary:
        for x in tensors():
            for y in [*ODD, *tensors(), np.ones(3), np.float32(2), np.array("a")]:
                attempt(op, (x, y))
                if op is not operator.getitem:
                    attempt(op, (y, x)) if not isinstance(y, np.ndarray) else None


def test_an_unmade_tensor_is_no_crash():
    """Tensor.__new__ without __init__: whatever is asked, an error or an answer."""

    def unmade():
        return minigrad.Tensor.__new__(minigrad.Tensor)

    for name in METHODS:
        for args in ((), (0,), (unmade(),)):
            with contextlib.suppress(Exception):
                getattr(unmade(), name)(*args)
    for name in dir(minigrad.Tensor):
        with contextlib.suppress(Exception):
            getattr(unmade(), name)
    for function in FUNCTIONS.values():
        for args in ((unmade(),), (unmade(), unmade()), ([unmade()],)):
            with contextlib.suppress(Exception):
                function(*args)
    minigrad.set_grad_enabled(True)
