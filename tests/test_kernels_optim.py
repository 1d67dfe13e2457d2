"""The optimizer kernels against their NumPy twins: every option, dtype, layout, thread count."""

import inspect
import itertools
import math

import numpy as np
import pytest

from minigrad.kernels import optim as compiled
from minigrad.kernels.reference import optim as reference

LAYOUTS = {
    "C": lambda a: a.copy(order="C"),
    "F": lambda a: a.copy(order="F"),
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: a[..., ::-1].copy()[..., ::-1],
}
SHAPES = [(3, 5), (), (0, 4), (17,), (1, 1), (2, 3, 4), (331,)]


def arrays(rng, dtype, layout="C", positive=False, shapes=SHAPES, scale=1, shift=0):
    made = [rng.standard_normal(s) * scale for s in shapes]
    made = [np.asarray((np.abs(a) if positive else a) + shift, dtype) for a in made]
    return [LAYOUTS[layout](a) if a.ndim > 1 else a for a in made]


def copied(value):
    """Copy lists of arrays, keeping each array's layout; anything else as it is."""
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [LAYOUTS[layout_of(a)](a) for a in value]
    return value


def layout_of(array):
    if array.flags.c_contiguous:
        return "C"
    if array.flags.f_contiguous:
        return "F"
    return "reversed" if array.strides[-1] < 0 else "strided"


def run_both(name, args, n_threads=1):
    """Run a kernel and its twin on copies of ``args``; return both lists of arguments."""
    ours, theirs = [copied(a) for a in args], [copied(a) for a in args]
    getattr(compiled, name)(*ours, n_threads)
    getattr(reference, name)(*theirs, n_threads)
    return ours, theirs


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(a, list) and a and isinstance(a[0], np.ndarray):
            for x, y in zip(a, b, strict=True):
                assert x.dtype == y.dtype
                np.testing.assert_array_equal(x, y)


def sgd_args(rng, dtype, layout, momentum=0.9, first=False, **options):
    buffers = arrays(rng, dtype, layout) if momentum else None
    flags = [first and i % 2 == 0 for i in range(len(SHAPES))] if momentum else None
    options = {"dampening": 0.0, "weight_decay": 0.0, "nesterov": False, **options}
    return [
        arrays(rng, dtype, layout),
        arrays(rng, dtype, "C" if layout == "reversed" else layout),
        buffers,
        flags,
        0.1,
        momentum,
        options["dampening"],
        options["weight_decay"],
        options["nesterov"],
        options.get("maximize", False),
    ]


def adam_args(rng, dtype, layout, amsgrad=False, weight_decay=0.0, decoupled=False, beta1=0.9):
    steps = [np.array(1.0 + i // 3, np.float32) for i in range(len(SHAPES))]
    return [
        arrays(rng, dtype, layout),
        arrays(rng, dtype, "C" if layout == "reversed" else layout),
        arrays(rng, dtype, layout),
        arrays(rng, dtype, layout, positive=True),
        arrays(rng, dtype, layout, positive=True) if amsgrad else None,
        steps,
        1e-2,
        beta1,
        0.999,
        1e-8,
        weight_decay,
        decoupled,
        amsgrad,  # stands for maximize as well: the two do not meet
    ]


def rmsprop_args(rng, dtype, layout, centered=False, momentum=0.0, weight_decay=0.0):
    # The mean is small beside the root mean square, as it is in a real run.
    return [
        arrays(rng, dtype, layout),
        arrays(rng, dtype, "C" if layout == "reversed" else layout),
        arrays(rng, dtype, layout, positive=True, shift=1),
        arrays(rng, dtype, layout, scale=0.01) if centered else None,
        arrays(rng, dtype, layout) if momentum else None,
        1e-2,
        0.99,
        1e-8,
        weight_decay,
        momentum,
        bool(momentum),
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "options",
    [
        {"momentum": 0},
        {"momentum": 0, "weight_decay": 0.1, "maximize": True},
        {},
        {"first": True, "dampening": 0.5},
        {"dampening": 0.3, "weight_decay": 0.1},
        {"nesterov": True, "weight_decay": 0.1, "maximize": True},
        {"nesterov": True, "first": True},
        {"momentum": 0, "weight_decay": 1.0},
        {"weight_decay": 1.0},
    ],
)
def test_sgd_is_its_twin(rng, dtype, layout, options):
    assert_same(*run_both("sgd_step", sgd_args(rng, dtype, layout, **options)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize(("weight_decay", "decoupled"), [(0.0, False), (1.0, False), (0.1, True)])
@pytest.mark.parametrize("beta1", [0.9, 0.3])
def test_adam_is_its_twin(rng, dtype, layout, amsgrad, weight_decay, decoupled, beta1):
    args = adam_args(rng, dtype, layout, amsgrad, weight_decay, decoupled, beta1)
    assert_same(*run_both("adam_step", args))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 1.0])
def test_rmsprop_is_its_twin(rng, dtype, layout, centered, momentum, weight_decay):
    args = rmsprop_args(rng, dtype, layout, centered, momentum, weight_decay)
    assert_same(*run_both("rmsprop_step", args))


def test_half_precision_is_computed_in_float32(rng):
    for name, args in [
        ("sgd_step", sgd_args(rng, "float16", "C", nesterov=True)),
        ("adam_step", adam_args(rng, "float16", "C", amsgrad=True)),
        ("rmsprop_step", rmsprop_args(rng, "float16", "C", centered=True, momentum=0.9)),
    ]:
        ours, theirs = run_both(name, args)
        for x, y in zip(ours[0], theirs[0], strict=True):
            assert x.dtype == np.float16
            np.testing.assert_allclose(x, y, rtol=2e-3)


def test_one_call_takes_mixed_dtypes_and_layouts(rng):
    args = sgd_args(rng, "float32", "C")
    for column in args[:3]:
        column[0] = column[0].astype(np.float64)
        column[3] = column[3][::-1]
        column[5] = column[5].transpose(2, 0, 1)
    assert_same(*run_both("sgd_step", args))


def test_gradients_may_be_read_only(rng):
    args = sgd_args(rng, "float32", "C")
    for i, grad in enumerate(args[1]):
        args[1][i] = np.broadcast_to(grad[..., :1], grad.shape) if grad.ndim == 2 else grad
        args[1][i].flags.writeable = False
    before = [g.copy() for g in args[1]]
    compiled.sgd_step(*args, 1)
    for grad, was in zip(args[1], before, strict=True):
        np.testing.assert_array_equal(grad, was)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_do_not_change_a_bit(rng, dtype):
    shapes = [(40_000,), (3,), (101, 103), (70_001,)]
    columns = [arrays(rng, dtype, shapes=shapes, positive=True) for _ in range(5)]
    steps = [np.array(3.0, np.float32) for _ in shapes]
    calls = {
        "sgd_step": [*columns[:3], [False] * 4, 0.1, 0.9, 0.1, 0.1, False, False],
        "adam_step": [*columns, steps, 0.1, 0.9, 0.99, 1e-8, 0.1, True, False],
        "rmsprop_step": [*columns, 0.1, 0.9, 1e-8, 0.1, 0.9, False],
        "scale": [columns[0], 1.1],
        "zero": [columns[0]],
    }
    for name, args in calls.items():
        results = []
        for n_threads in (1, 2, 3, 4, 7):
            mine = [copied(a) for a in args]
            getattr(compiled, name)(*mine, n_threads)
            results.append(mine)
        for other in results[1:]:
            assert_same(results[0], other)
    for p in (1, 2, 3.5, math.inf):
        assert len({compiled.norm(columns[0], p, n) for n in (1, 2, 3, 4, 7)}) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("p", [1, 2, 3, 0.5, math.inf])
def test_norm(rng, dtype, layout, p):
    values = arrays(rng, dtype, layout)
    assert compiled.norm(values, p, 1) == pytest.approx(reference.norm(values, p, 1), rel=1e-12)


def test_norm_of_extremes():
    assert compiled.norm([], 2, 1) == 0
    assert compiled.norm([np.empty(0, np.float32)], math.inf, 2) == 0
    # No overflow in float32: the sum runs in double.
    assert compiled.norm([np.full(9, 1e30, np.float32)], 2, 1) == pytest.approx(3e30)
    for p, bad in itertools.product((1, 2, math.inf), (np.nan, np.inf)):
        values = [np.zeros(40_000), np.ones(20_000)]
        values[0][100] = bad
        result = compiled.norm(values, p, 2)
        assert math.isnan(result) if np.isnan(bad) else result == math.inf


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_scale_zero_and_count(rng, dtype, layout):
    ours, theirs = run_both("scale", [arrays(rng, dtype, layout), 0.25])
    assert_same(ours, theirs)
    ours, _ = run_both("zero", [arrays(rng, dtype, layout)])
    assert not any(a.any() for a in ours[0])
    steps = [np.array(2, t) for t in ("float32", "float64", "int64")]
    compiled.count_steps(steps)
    assert [s.item() for s in steps] == [3, 3, 3]


def test_nan_reaches_the_parameter_and_infinity_stays_infinite():
    p, g = [np.array([1.0, np.inf, 1.0])], [np.array([np.nan, 0.0, np.inf])]
    compiled.sgd_step(p, g, None, None, 0.1, 0, 0, 0, False, False, 1)
    np.testing.assert_array_equal(p[0], [np.nan, np.inf, -np.inf])


def test_without_weight_decay_infinite_parameters_do_not_count(rng):
    """0 * inf is NaN: what is not asked for is not computed."""
    for name, make, options in (
        ("sgd_step", sgd_args, {}),
        ("adam_step", adam_args, {}),
        ("adam_step", adam_args, {"amsgrad": True}),
        ("rmsprop_step", rmsprop_args, {}),
        ("rmsprop_step", rmsprop_args, {"momentum": 0.5}),
    ):
        args = make(rng, "float64", "C", **options)
        for p in args[0]:
            p[...] = np.inf
        getattr(compiled, name)(*args, 1)
        assert all(np.isposinf(p).all() for p in args[0])
        assert all(np.isfinite(a).all() for a in args[2])


def test_signatures_are_those_of_the_twins():
    names = [n for n, f in vars(compiled).items() if inspect.isroutine(f)]
    assert {"sgd_step", "adam_step", "rmsprop_step", "zero", "scale", "norm"} <= set(names)
    for name in names:
        ours = list(inspect.signature(getattr(compiled, name)).parameters)
        assert ours == list(inspect.signature(getattr(reference, name)).parameters)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
