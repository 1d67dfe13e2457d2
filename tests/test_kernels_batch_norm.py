"""The batch norm kernels: against their NumPy twin and long double, for any layout and threads."""

import numpy as np
import pytest

from minigrad.kernels import batch_norm as compiled
from minigrad.kernels.reference import batch_norm as reference

SHAPES = [
    (64, 16),  # folded columns
    (5, 3, 7),
    (2, 1),
    (7, 33, 9, 9),
    (700, 300),  # several blocks of columns
    (9000, 5),  # several tiles of columns
    (600, 3),
    (4, 3, 300),  # planes, several rows to a tile
    (3, 4, 40, 50),
    (2, 3, 20000),  # planes, several tiles to a row
    (40, 4, 40, 50),  # planes, several tiles of every channel for each of two or three threads
    (3, 2, 4, 5, 6),
    (1, 8, 3),
    (2, 600, 11, 11),
]


def channels_last(x):
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def misaligned(x):
    buffer = np.empty(x.nbytes + 1, np.uint8)
    view = buffer[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


LAYOUTS = {
    "contiguous": np.ascontiguousarray,
    "channels last": channels_last,
    "fortran": np.asfortranarray,
    "sliced channels": lambda x: np.repeat(x, 2, 1)[:, ::2],
    "sliced batch": lambda x: np.repeat(x, 2, 0)[::2],
    "sliced width": lambda x: np.repeat(x, 2, -1)[..., ::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "misaligned": misaligned,
    "broadcast": lambda x: np.broadcast_to(x[:, :1], x.shape),
    "broadcast batch": lambda x: np.broadcast_to(x[:1], x.shape),
    "broadcast width": lambda x: np.broadcast_to(x[..., :1], x.shape),
    "broadcast planes": lambda x: np.broadcast_to(x[(..., *(x.ndim - 2) * [slice(1)])], x.shape),
}


def problem(shape, dtype, layout, seed=0):
    """x, dy, weight, bias for the shape; the vectors float32, as parameters usually are."""
    rng = np.random.default_rng(seed)
    x = LAYOUTS[layout]((rng.standard_normal(shape) * 2 + 3).astype(dtype))
    dy = LAYOUTS[layout](rng.standard_normal(shape).astype(dtype))
    weight, bias = rng.standard_normal((2, shape[1])).astype(np.float32)
    return x, dy, weight, bias


def run(kernels, x, dy, weight, bias, n_threads=1, eps=1e-5):
    """Everything the kernels compute, by name."""
    channels = x.shape[1]
    mean, invstd, running_var = np.zeros(channels), np.zeros(channels), np.ones(channels)
    running_mean = np.zeros(channels, np.float32)
    out, relu, evaluated, rectified, dx, eval_dx = (np.empty_like(x) for _ in range(6))
    dweight, dbias = np.zeros(channels, np.float32), np.zeros(channels)
    kernels.batch_norm_forward(
        out, mean, invstd, x, weight, bias, running_mean, running_var, 0.1, eps, False, n_threads
    )
    kernels.batch_norm_forward(
        relu, mean, invstd, x, weight, bias, None, None, 0.1, eps, True, n_threads
    )
    statistics = running_mean, running_var, eps
    kernels.batch_norm_eval(evaluated, x, weight, bias, *statistics, False, n_threads)
    kernels.batch_norm_eval(rectified, x, weight, bias, *statistics, True, n_threads)
    given = x, weight, mean, invstd
    kernels.batch_norm_backward(dx, dweight, dbias, dy, *given, True, n_threads)
    kernels.batch_norm_backward(eval_dx, None, None, dy, *given, False, n_threads)
    in_place, eval_in_place = dy.copy(order="K"), dy.copy(order="K")
    sums = np.zeros((2, channels))
    kernels.batch_norm_backward(in_place, *sums, in_place, *given, True, n_threads)
    kernels.batch_norm_backward(eval_in_place, None, None, eval_in_place, *given, False, n_threads)
    return {
        name: value
        for name, value in locals().items()
        if name in {"out", "relu", "mean", "invstd", "running_mean", "running_var", "evaluated",
                    "rectified", "dx", "dweight", "dbias", "eval_dx", "in_place", "sums",
                    "eval_in_place"}
    }  # fmt: skip


def assert_close(got, expected, tolerance):
    count = expected["out"].size / expected["mean"].size
    tolerance *= max(1, got["invstd"].max())  # by which rounding errors are multiplied
    for name, value in expected.items():
        # A sum over a channel may cancel out, but its rounding errors do not.
        scale = count**0.5 if name in ("dweight", "dbias", "sums") else 1
        error = np.abs(got[name] - value).max() / max(scale, np.abs(value).max())
        limit = max(tolerance, 1e-7) if got[name].dtype == np.float32 else tolerance
        assert error <= limit, f"{name}: {error:.1e}"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_agrees_with_the_twin_and_threads_change_no_bit(shape, dtype, layout):
    arguments = problem(shape, dtype, layout)
    alone = run(compiled, *arguments, n_threads=1)
    expected = run(reference, *arguments)
    assert_close(alone, expected, 2e-6 if dtype == np.float32 else 1e-12)
    for n_threads in (2, 3, 20):
        shared = run(compiled, *arguments, n_threads=n_threads)
        for name, value in alone.items():
            assert value.tobytes() == shared[name].tobytes(), (name, n_threads)


@pytest.mark.parametrize("shape", [(64, 16), (4, 3, 300), (3, 40, 5, 5)], ids=str)
def test_layouts_may_differ_within_a_call(shape):
    x, dy, weight, bias = problem(shape, np.float32, "contiguous")
    expected = run(compiled, x, dy, weight, bias)
    layouts = [layout for name, layout in LAYOUTS.items() if "broadcast" not in name]
    for x_layout in layouts:
        for dy_layout in layouts:
            got = run(compiled, x_layout(x), dy_layout(dy), weight, bias)
            assert_close(got, expected, 2e-6)


@pytest.mark.parametrize("shape", [(2, 3, 853, 877), (75, 300, 14, 15), (17500, 257)])
def test_results_streamed_past_the_caches(shape):
    """Large arrays of odd sizes: rows begin and end anywhere in a line of memory."""
    arrays = problem(shape, np.float32, "contiguous")
    assert 2 * arrays[0].nbytes > 32 << 20
    got = run(compiled, *arrays, n_threads=2)
    assert_close(got, run(reference, *arrays), 1e-4)
    for name, value in run(compiled, *arrays).items():
        np.testing.assert_array_equal(got[name], value, name)


@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize(
    "shape",
    [
        # one pass in the order of memory: by planes, by spans of channels, one sample shared out
        (3, 3, 9001), (4, 9, 9001), (8, 70, 300), (1, 40, 300), (1, 3, 500),
        # streamed: more than three caches' size together
        (2, 9, 853, 877), (52000, 257),
    ],
)  # fmt: skip
def test_evaluation_in_one_pass(shape, rectify):
    x, dy, weight, bias = problem(shape, np.float32, "contiguous")
    mean, var = np.linspace(-1, 1, shape[1]), np.linspace(0.5, 2, shape[1])
    results = []
    for kernels, threads in [(reference, 1), *((compiled, n) for n in (1, 2, 3, 4))]:
        out, dx = np.empty_like(x), np.empty_like(x)
        kernels.batch_norm_eval(out, x, weight, bias, mean, var, 1e-5, rectify, threads)
        kernels.batch_norm_backward(
            dx, None, None, dy, x, weight, mean, 1 / np.sqrt(var), False, threads
        )
        results.append((out, dx))
    for found, expected in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    for other in results[2:]:
        np.testing.assert_array_equal(other, results[1])


def test_out_may_lie_otherwise_than_x():
    x, _, weight, bias = problem((4, 3, 6, 7), np.float32, "contiguous")
    mean, invstd = np.empty((2, 3))
    expected = np.empty_like(x)
    compiled.batch_norm_forward(
        expected, mean, invstd, x, weight, bias, None, None, 0.1, 1e-5, False, 1
    )
    for name, layout in LAYOUTS.items():
        if "broadcast" in name:
            continue
        out = layout(np.zeros_like(x))
        compiled.batch_norm_forward(
            out, mean, invstd, x, weight, bias, None, None, 0.1, 1e-5, False, 1
        )
        np.testing.assert_allclose(out, expected, atol=2e-6)


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if "broadcast" in name])
@pytest.mark.parametrize("shape", [(64, 16), (4, 3, 300), (3, 40, 5, 5), (2, 3, 4, 5, 6)], ids=str)
def test_dy_may_be_broadcast(shape, layout):
    x, dy, weight, bias = problem(shape, np.float32, "contiguous")
    for like in LAYOUTS["contiguous"], LAYOUTS["channels last"]:
        got = run(compiled, like(x), LAYOUTS[layout](dy), weight, bias)
        assert_close(got, run(reference, x, LAYOUTS[layout](dy), weight, bias), 2e-6)


def test_dy_may_be_one_number_broadcast():
    x, _, weight, _ = problem((8, 5, 12, 12), np.float32, "contiguous")
    dy = np.broadcast_to(np.float32(2), x.shape)
    mean, invstd, dbias, dx = x.mean((0, 2, 3)), np.ones(5), np.zeros(5), np.ones_like(x)
    compiled.batch_norm_backward(dx, None, dbias, dy, x, weight, mean, invstd, True, 1)
    assert (dbias == 2 * x[:, 0].size).all()
    np.testing.assert_allclose(dx, 0, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("wanted", range(8))
@pytest.mark.parametrize("shape", [(32, 12), (4, 3, 300)], ids=str)
def test_outputs_nobody_asked_for(shape, wanted, training):
    x, dy, weight, _ = problem(shape, np.float64, "contiguous")
    mean, invstd = np.random.default_rng(1).random((2, shape[1]))
    results = []
    for kernels in (compiled, reference):
        outputs = [np.zeros_like(x), np.zeros(shape[1]), np.zeros(shape[1])]
        asked = [a if wanted >> i & 1 else None for i, a in enumerate(outputs)]
        kernels.batch_norm_backward(*asked, dy, x, weight, mean, invstd, training, 1)
        results.append(outputs)
    if training:  # dx takes mean and invstd to be those of x
        results = [r[1:] for r in results]
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_no_affine_and_no_running_statistics():
    x, _, _, _ = problem((16, 6, 5), np.float64, "contiguous")
    for kernels in (compiled, reference):
        out, mean, invstd = np.empty_like(x), np.empty(6), np.empty(6)
        kernels.batch_norm_forward(out, mean, invstd, x, None, None, None, None, 0.1, 0, False, 1)
        np.testing.assert_allclose(out.mean((0, 2)), 0, atol=1e-14)
        np.testing.assert_allclose(out.std((0, 2)), 1)


# ---------------------------------------------------------------------------- accuracy

HARD = {
    "large mean": lambda rng, shape: rng.standard_normal(shape) + 1e6,
    "large mean, tiny spread": lambda rng, shape: 1e6 + rng.integers(0, 2, shape) * 0.0625,
    "huge": lambda rng, shape: rng.standard_normal(shape) * 1e30,
    "huge, one sign": lambda rng, shape: rng.random(shape) * 1e30 + 1e30,
    "tiny": lambda rng, shape: rng.standard_normal(shape) * 1e-25,
    "denormal": lambda rng, shape: rng.standard_normal(shape) * 1e-40,
    "outlier first": lambda rng, shape: np.where(
        np.arange(np.prod(shape)).reshape(shape) < 9000, 1e6, 1
    ) * rng.standard_normal(shape),
    "drift": lambda rng, shape: np.arange(np.prod(shape)).reshape(shape) + rng.random(shape),
}  # fmt: skip


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("shape", [(500, 7), (40, 3, 33, 33), (3, 2, 100, 100)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_hard_numbers_are_normalised_to_rounding(dtype, shape, case):
    rng = np.random.default_rng(3)
    x = HARD[case](rng, shape).astype(dtype)
    wide = x.astype(np.longdouble)
    dims = (0, *range(2, x.ndim))
    mean = wide.mean(dims, keepdims=True)
    var = ((wide - mean) ** 2).mean(dims, keepdims=True)
    expected = (wide - mean) / np.sqrt(var + np.longdouble(1e-5))
    got_mean, got_invstd = np.empty((2, shape[1]))
    out = np.empty_like(x)
    compiled.batch_norm_forward(
        out, got_mean, got_invstd, x, None, None, None, None, 0.1, 1e-5, False, 1
    )
    eps = float(np.finfo(dtype).eps)
    std = np.sqrt(var + np.longdouble(1e-5)).ravel()
    # Rounding of a mean that is large next to the spread is all a double mean can keep.
    limit = 4 * eps + 2e-16 * float(np.abs(mean).max() / std.min())
    assert np.abs(got_mean - mean.ravel()).max() <= limit * std.max()
    np.testing.assert_allclose(got_invstd * std, 1, rtol=float(limit))
    error = np.abs(out - expected) / np.maximum(1, np.abs(expected))
    assert error.max() <= 2 * limit


@pytest.mark.parametrize("shape", [(500, 7), (40, 3, 33, 33)], ids=str)
def test_backward_of_a_large_mean(shape):
    rng = np.random.default_rng(4)
    x = (rng.standard_normal(shape) + 1e6).astype(np.float32)
    dy = rng.standard_normal(shape).astype(np.float32)
    results = []
    for kernels in (compiled, reference):
        results.append(run(kernels, x, dy, None, None))
    assert_close(results[0], results[1], 3e-6)


@pytest.mark.parametrize("value", [0, 1, 0.1, 1e6 + 0.3, 1e30, 1e-40, -7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(501, 7), (64, 16), (40, 3, 33, 33), (2, 2, 3, 3)], ids=str)
def test_constant_channels_are_the_bias(shape, dtype, value):
    x = np.full(shape, value, dtype)
    bias = np.arange(shape[1]).astype(np.float32)
    got = run(compiled, x, np.ones_like(x), None, bias)
    assert (got["mean"] == x.ravel()[0]).all()
    assert (got["out"] == bias.reshape(-1, *[1] * (x.ndim - 2))).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(500, 7), (8, 7, 33, 33)], ids=str)
def test_nan_and_infinity_stay_in_their_channel(shape, bad):
    x, dy, weight, bias = problem(shape, np.float32, "contiguous")
    clean = run(compiled, x, dy, weight, bias)
    x[3, 2] = bad
    got = run(compiled, x, dy, weight, bias)
    for name in ("out", "dx"):
        assert np.isnan(got[name][:, 2]).all()
        others = np.arange(shape[1]) != 2
        np.testing.assert_allclose(got[name][:, others], clean[name][:, others], atol=2e-6)
    for name in ("mean", "running_mean"):  # as a sum: infinity, or NaN
        np.testing.assert_equal(got[name][2], bad)
    assert np.isnan(got["running_var"][2])


def test_infinite_running_mean_passes_through_eval():
    x = np.ones((4, 2), np.float32)
    out = np.empty_like(x)
    mean, var = np.array([np.inf, 1.0]), np.ones(2)
    compiled.batch_norm_eval(out, x, None, None, mean, var, 0, False, 1)
    assert (out == np.array([-np.inf, 0])).all()


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (2, 3, 0), (0, 0)], ids=str)
def test_empty_input_changes_nothing(shape):
    for kernels in (compiled, reference):
        x = np.empty(shape, np.float32)
        statistics = np.full(shape[1], 5.0)
        kernels.batch_norm_forward(
            x, statistics, statistics, x, None, None, statistics, statistics, 0.1, 1e-5, False, 1
        )
        kernels.batch_norm_eval(x, x, None, None, statistics, statistics, 1e-5, False, 1)
        kernels.batch_norm_backward(
            x, statistics, statistics, x, x, None, statistics, statistics, True, 1
        )
        assert (statistics == 5).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(64, 16), (7, 33, 9, 9), (4, 3, 300)], ids=str)
def test_agrees_with_torch(shape, dtype):
    torch = pytest.importorskip("torch")
    x, dy, weight, bias = problem(shape, dtype, "contiguous")
    weight, bias = weight.astype(dtype), bias.astype(dtype)
    got = run(compiled, x, dy, weight, bias)
    tensors = [torch.from_numpy(a.copy()).requires_grad_() for a in (x, weight, bias)]
    running = [
        torch.zeros(shape[1]).to(tensors[0].dtype),
        torch.ones(shape[1]).to(tensors[0].dtype),
    ]
    out = torch.nn.functional.batch_norm(tensors[0], *running, *tensors[1:], True, 0.1, 1e-5)
    out.backward(torch.from_numpy(dy))
    expected = {
        "out": out.detach(),
        "mean": torch.from_numpy(got["mean"]),
        "dx": tensors[0].grad,
        "dweight": tensors[1].grad,
        "dbias": tensors[2].grad,
        "running_mean": running[0],
        "running_var": running[1],
    }
    expected = {name: value.numpy() for name, value in expected.items()}
    assert_close(got, expected, 3e-6 if dtype == np.float32 else 1e-12)
