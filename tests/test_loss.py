"""The losses: values, gradients of both orders, reductions, weights, classes, errors."""

import itertools

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad.nn import functional as F

REDUCTIONS = ["mean", "sum", "none"]

# Shapes of the input; the target has them without the classes
CLASSES = [(4, 5), (5,), (2, 3, 4), (2, 3, 2, 2), (3, 1)]


def classes_for(rng, shape, ignored=None):
    n = shape[0] if len(shape) == 1 else shape[1]
    target = rng.integers(0, n, () if len(shape) == 1 else (shape[0], *shape[2:]))
    target = np.asarray(target, np.int64)
    if ignored is not None and target.size > 1:
        target.flat[0] = ignored
    return target, n


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", CLASSES, ids=str)
def test_cross_entropy_is_composed_of_log_softmax_and_nll_loss(shape, reduction, rng):
    target, n = classes_for(rng, shape, ignored=-100)
    x = minigrad.from_numpy(rng.standard_normal(shape))
    weight = minigrad.from_numpy(rng.random(n) + 0.1)
    t = minigrad.from_numpy(target)
    for w in (None, weight):
        logs = F.log_softmax(x, 0 if len(shape) == 1 else 1)
        assert_close(
            F.cross_entropy(x, t, w, reduction=reduction),
            F.nll_loss(logs, t, w, reduction=reduction),
        )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", CLASSES, ids=str)
def test_cross_entropy_gradients(shape, reduction, smoothing, rng):
    target, n = classes_for(rng, shape, ignored=0)
    t, weight = minigrad.from_numpy(target), minigrad.from_numpy(rng.random(n) + 0.1)
    for w in (None, weight):
        check_gradients(
            lambda x, w=w: F.cross_entropy(
                x,
                t,
                w,
                reduction=reduction,
                ignore_index=0 if n > 1 else -100,
                label_smoothing=smoothing,
            ),
            rng.standard_normal(shape),
        )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", CLASSES, ids=str)
def test_nll_loss_gradients(shape, reduction, rng):
    target, n = classes_for(rng, shape)
    weight = minigrad.from_numpy(rng.random(n) + 0.1)
    check_gradients(
        lambda x: F.nll_loss(x, minigrad.from_numpy(target), weight, reduction=reduction),
        rng.standard_normal(shape),
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [*CLASSES, (128, 10), (2, 30, 600)], ids=str)
def test_class_losses_as_torch(torch, shape, dtype, rng):
    target, n = classes_for(rng, shape, ignored=1)
    x = rng.standard_normal(shape).astype(dtype)
    weights = (None, (rng.random(n) + 0.1).astype(dtype))
    for reduction, weight, ignore in itertools.product(REDUCTIONS, weights, (-100, 1)):
        options = {"reduction": reduction, "ignore_index": ignore}
        if n == 1 and ignore == -100:
            continue  # class 1 would be out of bounds

        def rule(lib, x, t, smoothing=None, weight=weight, options=options):
            w = None if weight is None else lib.from_numpy(weight)
            if smoothing is None:
                return lib.nn.functional.nll_loss(x, t, w, **options)
            return lib.nn.functional.cross_entropy(x, t, w, label_smoothing=smoothing, **options)

        for smoothing in (None, 0.0, 0.3):
            compare_with_torch(
                torch,
                rule,
                [x, target],
                kwargs={"smoothing": smoothing},
                double=dtype == "float64" and x.size < 100 and smoothing is not None,
            )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(4, 5), (5,), (2, 3, 4)], ids=str)
def test_probabilities_as_the_target(torch, shape, reduction, rng):
    target = rng.random(shape)
    n = shape[0] if len(shape) == 1 else shape[1]
    weight = rng.random(n)

    def rule(lib, x, t, smoothing, w):
        return lib.nn.functional.cross_entropy(
            x,
            t,
            None if w is None else lib.from_numpy(w),
            reduction=reduction,
            label_smoothing=smoothing,
        )

    for smoothing, w in itertools.product((0.0, 0.3), (None, weight)):
        kwargs = {"smoothing": smoothing, "w": w}
        compare_with_torch(
            torch, rule, [rng.standard_normal(shape), target], kwargs=kwargs, double=True
        )
    check_gradients(
        lambda x, t: F.cross_entropy(x, t, reduction=reduction), rng.standard_normal(shape), target
    )


def test_fused_and_composed_gradient_agree(rng):
    x = minigrad.from_numpy(rng.standard_normal((6, 5))).requires_grad_()
    t = minigrad.tensor([0, 4, 2, 1, 0, 3])
    loss = F.cross_entropy(x, t, label_smoothing=0.1)
    (fused,) = minigrad.autograd.grad(loss, x, retain_graph=True)
    (composed,) = minigrad.autograd.grad(loss, x, create_graph=True)
    assert not fused.requires_grad
    assert composed.requires_grad
    assert_close(fused, composed.detach())


def test_all_targets_ignored():
    x = minigrad.zeros(2, 3).requires_grad_()
    t = minigrad.tensor([1, 1])
    assert F.cross_entropy(x, t, ignore_index=1).isnan()
    loss = F.cross_entropy(x, t, ignore_index=1, reduction="sum")
    loss.backward()
    assert loss.item() == 0
    assert (x.grad == 0).all()


def test_no_samples():
    x, t = minigrad.zeros(0, 3), minigrad.zeros(0, dtype=minigrad.int64)
    assert F.cross_entropy(x, t).isnan()
    assert F.cross_entropy(x, t, reduction="none").shape == (0,)


def test_half_precision(rng):
    x = minigrad.from_numpy(rng.standard_normal((3, 4)).astype(np.float16)).requires_grad_()
    loss = F.cross_entropy(x, minigrad.tensor([0, 1, 3]))
    loss.backward()
    assert loss.dtype == x.grad.dtype == minigrad.float16


def test_large_logits():
    x = minigrad.tensor([[1e30, 0.0], [0.0, 1e30]]).requires_grad_()
    loss = F.cross_entropy(x, minigrad.tensor([0, 1]))
    loss.backward()
    assert loss.item() == 0
    assert (x.grad == 0).all()


def test_a_target_changed_after_the_forward_is_noticed():
    x, t = minigrad.zeros(2, 3).requires_grad_(), minigrad.tensor([0, 1])
    loss = F.cross_entropy(x, t)
    t.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize(
    ("shape", "target", "options", "error", "message"),
    [
        ((3, 4), [0, 1], {}, ValueError, r"batch_size \(3\) to match target batch_size \(2\)"),
        ((2, 4), [[0], [1]], {}, RuntimeError, "Expected target size"),
        ((2, 4), [0.0, 1.0], {}, RuntimeError, "minigrad.int64"),
        ((2, 4), [0, 4], {}, IndexError, "Target 4 is out of bounds"),
        ((2, 4), [0, -1], {}, IndexError, "Target -1 is out of bounds"),
        ((2, 4), [0, 1], {"reduction": "median"}, ValueError, "'median' is not a valid value"),
        ((2, 4), [0, 1], {"weight": minigrad.ones(3)}, RuntimeError, "all 4 classes"),
        ((2, 4), [0, 1], {"weight": minigrad.ones(4).double()}, RuntimeError, "float64"),
    ],
)
def test_class_errors(shape, target, options, error, message):
    for loss in (F.cross_entropy, F.nll_loss):
        with pytest.raises(error, match=message):
            loss(minigrad.zeros(*shape), minigrad.tensor(target), **options)


def test_label_smoothing_out_of_range():
    with pytest.raises(RuntimeError, match="label_smoothing must be between"):
        F.cross_entropy(minigrad.zeros(2, 3), minigrad.tensor([0, 1]), label_smoothing=1.5)


def test_old_arguments_for_reduction():
    x, t = minigrad.zeros(2, 3), minigrad.tensor([0, 1])
    with pytest.warns(UserWarning, match="reduction='sum'"):
        loss = F.cross_entropy(x, t, size_average=False)
    assert_close(loss, F.cross_entropy(x, t, reduction="sum"))
    with pytest.warns(UserWarning, match="reduction='none'"):
        assert F.mse_loss(x, x, reduce=False).shape == (2, 3)


# ---------------------------------------------------------------- numbers

NUMBERS = {
    "mse_loss": {},
    "l1_loss": {},
    "smooth_l1_loss": {"beta": 0.7},
    "huber_loss": {"delta": 0.7},
    "binary_cross_entropy": {},
    "binary_cross_entropy_with_logits": {},
    "kl_div": {},
}


def pair_for(name, rng, shape=(4, 3), dtype="float64"):
    if name == "binary_cross_entropy":
        return [rng.uniform(0.1, 0.9, shape).astype(dtype), rng.random(shape).astype(dtype)]
    if name == "kl_div":
        return [
            np.log(rng.uniform(0.1, 0.9, shape)).astype(dtype),
            rng.uniform(0.1, 0.9, shape).astype(dtype),
        ]
    target = rng.random(shape) if "logits" in name else rng.standard_normal(shape)
    return [rng.standard_normal(shape).astype(dtype), target.astype(dtype)]


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", NUMBERS)
def test_as_torch(torch, name, reduction, dtype, rng):
    compare_with_torch(
        torch,
        lambda lib, x, t: getattr(lib.nn.functional, name)(
            x, t, reduction=reduction, **NUMBERS[name]
        ),
        pair_for(name, rng, dtype=dtype),
        double=dtype == "float64",
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_gradients(name, rng):
    check_gradients(
        lambda x, t: getattr(F, name)(x, t, reduction="sum", **NUMBERS[name]), *pair_for(name, rng)
    )


def test_smooth_l1_and_huber_limits():
    x, t = minigrad.tensor([0.0, 3.0]), minigrad.tensor([0.5, 0.0])
    assert_close(F.smooth_l1_loss(x, t, beta=0), F.l1_loss(x, t))
    assert_close(F.huber_loss(x, t, delta=2.0), F.smooth_l1_loss(x, t, beta=2.0) * 2.0)
    with pytest.raises(RuntimeError, match="negative values for beta"):
        F.smooth_l1_loss(x, t, beta=-1)
    with pytest.raises(RuntimeError, match="non-positive values for delta"):
        F.huber_loss(x, t, delta=0)


def test_kl_div_reductions(torch, rng):
    x, t = pair_for("kl_div", rng)
    for log_target in (False, True):
        target = np.log(t) if log_target else np.where(t < 0.4, 0, t)
        compare_with_torch(
            torch,
            lambda lib, x, t, log=log_target: lib.nn.functional.kl_div(
                x, t.detach(), reduction="batchmean", log_target=log
            ),
            [x, target],
        )
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(minigrad.from_numpy(x), minigrad.from_numpy(t))


def test_binary_cross_entropy_at_the_ends(torch):
    x, t = np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    compare_with_torch(
        torch,
        lambda lib, x, t: lib.nn.functional.binary_cross_entropy(x, t.detach()),
        [x, t],
        rtol=1e-8,
    )
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(RuntimeError, match="between 0 and 1"):
            F.binary_cross_entropy(minigrad.tensor([bad]), minigrad.tensor([1.0]))


def test_binary_cross_entropy_weights(torch, rng):
    weight, positive = rng.random((4, 3)), rng.random(3) + 0.5
    for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):

        def rule(lib, x, t, w, p, name=name):
            options = {"pos_weight": p} if "logits" in name else {}
            return getattr(lib.nn.functional, name)(x, t, weight=w, **options)

        compare_with_torch(
            torch,
            lambda lib, x, t, rule=rule: rule(
                lib, x, t, lib.from_numpy(weight), lib.from_numpy(positive)
            ),
            pair_for(name, rng),
        )


def test_large_logits_of_two_classes():
    x = minigrad.tensor([1000.0, -1000.0]).requires_grad_()
    loss = F.binary_cross_entropy_with_logits(x, minigrad.tensor([0.0, 1.0]), reduction="sum")
    loss.backward()
    assert loss.item() == 2000
    assert x.grad.tolist() == [1, -1]


def test_size_mismatch():
    a, b = minigrad.zeros(2, 3), minigrad.zeros(3)
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        with pytest.warns(UserWarning, match="different to the input size"):
            getattr(F, name)(a, b)
    for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
        with pytest.raises(ValueError, match="size"):
            getattr(F, name)(a, b)


@pytest.mark.parametrize("loss", ["smooth_l1_loss", "huber_loss"])
def test_gradients_of_infinite_errors_and_nan(loss):
    x = minigrad.tensor([np.inf, -np.inf, np.nan, 1.0, -0.25], requires_grad=True)
    getattr(F, loss)(x, minigrad.zeros(5), reduction="sum").backward()
    assert_close(x.grad, np.array([1.0, -1.0, np.nan, 1.0, -0.25], np.float32))


@pytest.mark.parametrize("dtype", ["int64", "int32", "bool"])
def test_logits_want_a_floating_target(dtype):
    target = minigrad.ones(3, dtype=getattr(minigrad, dtype))
    with pytest.raises(RuntimeError, match=f"can't be cast to the desired .* minigrad.{dtype}"):
        F.binary_cross_entropy_with_logits(minigrad.zeros(3), target)


@pytest.mark.parametrize(
    "call",
    [
        lambda F, x: F.softmax(x),
        lambda F, x: F.mse_loss(x, minigrad.ones(2, 2)),
        lambda F, x: F.mse_loss(x, x, size_average=True),
        lambda F, x: F.kl_div(x, x),
        lambda F, x: minigrad.add(x, 1, out=minigrad.ones(3)),
    ],
)
def test_warnings_name_the_callers_line(call):
    with pytest.warns(UserWarning) as caught:
        call(minigrad.nn.functional, minigrad.ones(2))
    assert [w.filename for w in caught] == [__file__]


@pytest.mark.parametrize("inner", [(), (2,), (3, 5)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_zero_times_a_softmax_that_is_not_a_number(torch, inner, smoothing):
    """No gradient arrives at the loss: 0 where logits are finite, NaN where they are not."""
    found = []
    for lib in (minigrad, torch):
        x = lib.zeros((3, 4, *inner))
        x[0, 1] = float("nan")
        x[2, 3] = float("inf")
        x.requires_grad_()
        target = lib.ones((3, *inner), dtype=lib.int64)
        loss = lib.nn.functional.cross_entropy(
            x, target, reduction="none", label_smoothing=smoothing
        )
        loss.backward(lib.zeros(loss.shape))
        found.append(x.grad.numpy())
    np.testing.assert_array_equal(*found)
    assert np.isnan(found[0][0]).all() and (found[0][1] == 0).all()
