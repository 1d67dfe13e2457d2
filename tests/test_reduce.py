"""Reductions and scans: values, dtypes, dims, layouts, gradients at ties and constants, errors."""

import itertools

import numpy as np
import pytest
from support import DTYPES, FLOATS, assert_close, check_gradients, compare_with_torch, layouts

import minigrad

# name: NumPy's twin, called as twin(array, axis=..., keepdims=...)
FOLDS = {
    "sum": np.sum,
    "mean": np.mean,
    "amax": np.max,
    "amin": np.min,
    "var": lambda x, axis, keepdims: np.var(x, axis=axis, keepdims=keepdims, ddof=1),
    "std": lambda x, axis, keepdims: np.std(x, axis=axis, keepdims=keepdims, ddof=1),
    "logsumexp": lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
    "norm": lambda x, axis, keepdims: np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims)),
    "all": np.all,
    "any": np.any,
}
SMOOTH = ("sum", "mean", "var", "std", "logsumexp", "norm")


def fold(lib, name, x, dim, keepdim):
    return getattr(lib, name)(x, dim=dim, keepdim=keepdim)


def dims_of(ndim):
    """Every way to name dimensions of an ``ndim``-dimensional tensor: ints and tuples."""
    yield from range(-ndim, ndim)
    for n in range(1, ndim + 1):
        yield from itertools.combinations(range(ndim), n)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", FOLDS)
def test_values(name, dtype, rng):
    for shape in ((7,), (3, 4), (2, 3, 4), (2, 3, 1, 4)):
        x = rng.normal(size=shape).astype(dtype)
        for array in layouts(x).values():
            for dim in dims_of(len(shape)):
                if name in ("var", "std") and np.prod([shape[d] for d in np.atleast_1d(dim)]) == 1:
                    continue  # NaN, and NumPy warns
                for keepdim in (False, True):
                    expected = np.asarray(
                        FOLDS[name](x.astype(np.float64), axis=dim, keepdims=keepdim)
                    )
                    if expected.dtype != bool:
                        expected = expected.astype(dtype)
                    out = fold(minigrad, name, minigrad.from_numpy(array), dim, keepdim)
                    assert_close(
                        out,
                        expected,
                        what=f"{shape} {dim} {keepdim}",
                        atol=2e-3 if dtype == "float16" else None,
                    )


@pytest.mark.parametrize("name", FOLDS)
def test_large_arrays(name, rng):
    """Sizes past the kernels' tiles and chunks, reduced along every pattern of dimensions."""
    for shape in ((70_001,), (300, 401), (401, 300), (33, 65, 67)):
        x = rng.normal(size=shape).astype("float32")
        for dim in [*range(len(shape)), tuple(range(len(shape))), (0, len(shape) - 1)]:
            if len(set(np.atleast_1d(dim))) < np.size(dim):
                continue
            expected = np.asarray(FOLDS[name](x.astype(np.float64), axis=dim, keepdims=False))
            out = fold(minigrad, name, minigrad.from_numpy(x), dim, False)
            assert_close(
                out,
                expected if expected.dtype == bool else expected.astype("float32"),
                atol=1e-5,
                what=f"{shape} {dim}",
            )


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "logsumexp", "norm", "amax"])
def test_the_number_of_threads_alters_no_bit(name, rng):
    for shape, dim in (((300_007,), 0), ((1031, 257), 0), ((1031, 257), 1), ((64, 65, 66), (0, 2))):
        x = minigrad.from_numpy(rng.normal(size=shape).astype("float32"))
        found = set()
        for threads in (1, 2, 4):
            minigrad.set_num_threads(threads)
            found.add(fold(minigrad, name, x, dim, False).numpy().tobytes())
        assert len(found) == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "prod",
        "mean",
        "amax",
        "amin",
        "max",
        "min",
        "argmax",
        "argmin",
        "all",
        "any",
        "cumsum",
        "cumprod",
        "count_nonzero",
        "var",
        "std",
        "logsumexp",
        "norm",
    ],
)
def test_dtypes_against_torch(torch, name, dtype, rng):
    x = rng.integers(0, 3, (4, 3)).astype(dtype)

    def run(lib, t, *args):
        return getattr(lib, name)(t, *args)

    for args in ((), (0,), (1,)):
        if name in ("cumsum", "cumprod", "logsumexp") and not args:
            continue
        if name == "norm" and args:
            args = (2, *args)
        try:
            run(torch, torch.from_numpy(x), *args)
        except Exception as error:
            with pytest.raises(type(error)):
                run(minigrad, minigrad.from_numpy(x), *args)
        else:
            compare_with_torch(
                torch,
                lambda lib, t, a=args: run(lib, t, *a),
                (x,),
                gradient=dtype in ("float32", "float64")
                and not name.startswith("arg")
                and name not in ("all", "any", "count_nonzero"),
            )


def test_the_dtype_argument_against_torch(torch, rng):
    x = rng.integers(-9, 9, (3, 4))
    for name in ("sum", "prod", "cumsum", "cumprod", "mean"):
        for given in ("float32", "float64", "int32"):
            if name == "mean" and given == "int32":
                continue
            for source in ("int64", "float32", "bool"):
                compare_with_torch(
                    torch,
                    lambda lib, t, n=name, g=given: getattr(lib, n)(t, 1, dtype=getattr(lib, g)),
                    (x.astype(source),),
                    gradient=given != "int32",
                )


def test_sums_are_exact_to_the_last_bits():
    """A float32 sum of many numbers, and a mean and variance far from zero."""
    x = minigrad.full((1_000_003,), 0.1)
    assert abs(x.sum().item() - 0.1 * 1_000_003) < 0.05
    far = minigrad.tensor(1e6 + np.random.default_rng(0).normal(size=100_000))
    assert abs(far.float().var().item() - far.float().double().var().item()) < 1e-5
    huge = minigrad.full((4, 5), 1e30)
    assert huge.mean(1).tolist() == [np.float32(1e30)] * 4
    assert huge.var(1).tolist() == [0.0] * 4
    assert minigrad.full((1000,), 0.1).var().item() == 0.0


def test_argmax_finds_the_first_and_nan_wins(torch):
    x = np.array([[1, 5, 5], [np.nan, 7, np.nan], [2, 2, 2]])
    for dtype in FLOATS:
        for name in ("argmax", "argmin", "max", "min"):
            for dim in (0, 1):
                compare_with_torch(
                    torch,
                    lambda lib, t, n=name, d=dim: getattr(lib, n)(t, d),
                    (x.astype(dtype),),
                    gradient=False,
                )
    assert minigrad.tensor(x).argmax().item() == 3


def test_max_returns_a_named_pair():
    x = minigrad.tensor([[1.0, 5.0], [7.0, 2.0]])
    found = x.max(1)
    assert found.values.tolist() == [5.0, 7.0]
    assert found.indices.tolist() == [1, 0]
    assert found.indices.dtype is minigrad.int64
    assert x.max(1, keepdim=True).values.shape == (2, 1)
    assert x.max(minigrad.full((2, 2), 3.0)).tolist() == [[3.0, 5.0], [7.0, 3.0]]
    assert minigrad.max(x, other=minigrad.tensor(6.0)).tolist() == [[6.0, 6.0], [7.0, 6.0]]
    assert x.min().item() == 1.0


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients(name, rng):
    x = rng.normal(size=(2, 3, 2))
    for dim in (0, 1, -1, (0, 2), (0, 1, 2)):
        for keepdim in (False, True):
            check_gradients(lambda t, d=dim, k=keepdim: fold(minigrad, name, t, d, k), x)


@pytest.mark.parametrize("name", ["amax", "amin", "max", "min", "prod", "cumsum", "cumprod"])
def test_gradients_of_the_others(name, rng):
    x = rng.permutation(12).reshape(3, 4) * 0.37 + 0.2
    for dim in (0, 1):

        def one(t, d=dim):
            found = getattr(t, name)(d)
            return found[0] if isinstance(found, tuple) else found

        check_gradients(one, x)
    if not name.startswith("cum"):
        check_gradients(lambda t: getattr(t, name)(), x)


@pytest.mark.parametrize("name", [*FOLDS, "max", "min", "prod", "cumsum", "cumprod"])
def test_gradients_against_torch(torch, name, rng):
    if name in ("all", "any"):
        pytest.skip("bools have no gradient")
    x = rng.normal(size=(3, 4, 2))
    for dtype in FLOATS:
        for dim in (0, 1, -1):
            compare_with_torch(
                torch,
                lambda lib, t, d=dim: getattr(lib, name)(t, dim=d),
                (x.astype(dtype),),
                double=dtype == "float64",
                rtol=2e-2 if dtype == "float16" else None,
                atol=2e-2 if dtype == "float16" else None,
            )


KINKS = {
    "max of ties": lambda lib, x: x.max() + 2 * x.min(),
    "max of ties along a dim": lambda lib, x: x.max(1).values + x.min(0).values.sum(),
    "amax of ties": lambda lib, x: x.amax(1) + x.amin((0, 1)) + x.amax(),
    "std of constants": lambda lib, x: x[2].std() + x.std(1),
    "var of constants": lambda lib, x: x[2].var() + x.var(1, correction=0),
    "norm of zeros": lambda lib, x: x[2].norm() + x.norm(dim=1),
    "p-norms": lambda lib, x: sum(
        x.norm(p, 1) for p in (0, 1, 1.5, 2, 3, float("inf"), float("-inf"))
    ),
    "prod with zeros": lambda lib, x: x.prod() + x.prod(1) + x.prod(0).sum(),
    "cumprod with zeros": lambda lib, x: x.cumprod(1),
    "logsumexp of infinities": lambda lib, x: lib.logsumexp(x[3:] - float("inf"), 1),
}


@pytest.mark.parametrize("name", KINKS)
def test_gradients_at_kinks_against_torch(torch, name):
    x = np.array([[1.0, 2.0, 2.0], [3.0, 0.0, 3.0], [0.0, 0.0, 0.0], [2.0, -1.0, 0.0]])
    compare_with_torch(torch, KINKS[name], (x,))


def test_second_gradients_at_kinks_are_finite():
    for function in (
        lambda x: x.std(),
        lambda x: x.norm(),
        lambda x: minigrad.atan2(x, x * 2).sum(),
        lambda x: (x * 1).norm(3),
    ):
        x = minigrad.zeros(3, dtype=minigrad.float64, requires_grad=True)
        (g,) = minigrad.autograd.grad(function(x), x, create_graph=True)
        (gg,) = minigrad.autograd.grad(g.sum(), x)
        assert g.tolist() == [0.0] * 3 and gg.isfinite().all().item()


def test_second_gradient_of_a_norm_with_a_zero_element(torch):
    compare_with_torch(
        torch, lambda lib, t: t.norm() + t.norm(3), (np.array([0.0, 2.0, -1.0]),), double=True
    )


def test_gradient_of_nan_extremes_against_torch(torch):
    x = np.array([[1.0, np.nan, 2.0], [np.nan, np.nan, 0.0]])
    compare_with_torch(torch, lambda lib, t: t.max(1).values, (x,))
    compare_with_torch(torch, lambda lib, t: t.max(), (x,))


def test_corrections_against_torch(torch, rng):
    x = rng.normal(size=(3, 4))
    for name in ("var", "std"):
        for kwargs in (
            {},
            {"unbiased": False},
            {"correction": 0},
            {"correction": 2},
            {"dim": 1, "unbiased": True},
            {"dim": (0, 1), "correction": 1.5},
            {"dim": 0, "keepdim": True},
        ):
            compare_with_torch(
                torch, lambda lib, t, n=name, k=kwargs: getattr(lib, n)(t, **k), (x,), double=True
            )
        compare_with_torch(torch, lambda lib, t, n=name: getattr(lib, n)(t, False), (x,))
        compare_with_torch(torch, lambda lib, t, n=name: getattr(lib, n)(t, 1, False, True), (x,))
    for name in ("var_mean", "std_mean"):
        compare_with_torch(torch, lambda lib, t, n=name: getattr(lib, n)(t, 1), (x,))
        compare_with_torch(
            torch, lambda lib, t, n=name: getattr(lib, n)(t, (0, 1), keepdim=True), (x,)
        )


def test_numpys_names_of_the_arguments():
    x = minigrad.tensor([[1.0, 2.0], [3.0, 5.0]])
    for name in ("sum", "mean", "var", "std", "all", "any", "argmax"):
        ours = getattr(x, name)(axis=1, keepdims=True)
        assert ours.tolist() == getattr(x, name)(1, keepdim=True).tolist()
    assert x.max(axis=0).values.tolist() == [3.0, 5.0]


# ---------------------------------------------------------------- empty, 0-d, errors


@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "prod",
        "mean",
        "all",
        "any",
        "var",
        "logsumexp",
        "norm",
        "amax",
        "argmax",
        "max",
        "cumsum",
        "cumprod",
        "median",
    ],
)
def test_empty_and_0d_against_torch(torch, name):
    if not hasattr(minigrad, name):
        pytest.skip(f"no {name}")
    for shape in ((0,), (0, 3), (3, 0), (2, 0, 3), ()):
        for dtype in ("float32", "int64"):
            x = np.zeros(shape, dtype)
            for dim in (None, 0, -1, 1):

                def run(lib, t, d=dim):
                    return getattr(lib, name)(t) if d is None else getattr(lib, name)(t, dim=d)

                import warnings

                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        run(torch, torch.from_numpy(x))
                except Exception as error:
                    with pytest.raises(type(error)):
                        run(minigrad, minigrad.from_numpy(x))
                else:
                    with warnings.catch_warnings():
                        warnings.filterwarnings("ignore", message="var|std")
                        compare_with_torch(torch, run, (x,), gradient=dtype == "float32")


@pytest.mark.parametrize(
    "name", ["sum", "mean", "var", "amax", "argmax", "max", "logsumexp", "cumsum", "all", "prod"]
)
def test_wrong_dims(name):
    x = minigrad.ones(2, 3)
    for dim in (2, -3):
        with pytest.raises(IndexError, match="out of range"):
            getattr(x, name)(dim)
    for dim in ("a", 1.5):
        with pytest.raises(TypeError):
            getattr(x, name)(dim)
    if name in ("sum", "mean", "var", "amax", "logsumexp", "all"):
        with pytest.raises(RuntimeError, match="multiple times"):
            getattr(x, name)((0, 0))


def test_what_is_no_tensor_is_a_type_error():
    for name in [*FOLDS, "max", "min", "argmax", "prod", "cumsum", "count_nonzero"]:
        for wrong in (None, 1.0, [1.0], np.ones(2)):
            with pytest.raises(TypeError):
                getattr(minigrad, name)(wrong, 0)


def test_means_of_integers_are_errors():
    for name in ("mean", "var", "std"):
        with pytest.raises(RuntimeError, match="floating"):
            getattr(minigrad.ones(3, dtype=minigrad.int64), name)()


def test_sum_to_size_against_torch(torch, rng):
    x = rng.normal(size=(2, 3, 4))
    for size in ((4,), (3, 1), (1, 1, 1), (2, 3, 4), (1,), ()):
        compare_with_torch(torch, lambda lib, t, s=size: t.sum_to_size(s), (x,))
    with pytest.raises(RuntimeError):
        minigrad.ones(2, 3).sum_to_size(2)
    with pytest.raises(RuntimeError):
        minigrad.ones(2, 3).sum_to_size(1, 2, 3)


def test_running_sums_and_products_of_float16_are_taken_in_float32(torch):
    for lib in minigrad, torch:
        tenths = lib.full((3000,), 0.1, dtype=lib.float16)
        assert tenths.cumsum(0)[-1].item() == 300.0
        # in float16 itself: 2048, beyond which adding 1 changes nothing
        assert lib.ones(5000, dtype=lib.float16).cumsum(0)[-1].item() == 5000.0
        assert lib.full((100000,), 1.0, dtype=lib.float16).cumsum(0)[-1].item() == float("inf")
        factors = lib.full((2, 30), 1.01, dtype=lib.float16, requires_grad=True)
        running = factors.cumprod(1)
        assert running.dtype == lib.float16 and running[0, -1].item() == 1.3388671875
        running.sum().backward()
        assert factors.grad.dtype == lib.float16
