"""Sequential: layers taken along by the one before give the very same numbers."""

import pytest

import minigrad
from minigrad import nn
from minigrad.nn.modules import fusion


def conv(*args, dtype=minigrad.float32, **options):
    return nn.Conv2d(*args, dtype=dtype, **options)


def norm(channels, dtype=minigrad.float32, kind=nn.BatchNorm2d, **options):
    layer = kind(channels, dtype=dtype, **options)
    if layer.running_mean is not None:
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2)
    if layer.affine:
        layer.weight.data.normal_()
        layer.bias.data.normal_()
    return layer


def noted(monkeypatch, name):
    """A list that gets the arguments of every call of this function of fusion.py."""
    made, original = [], getattr(fusion, name)
    monkeypatch.setattr(fusion, name, lambda *args: made.append(args) or original(*args))
    return made


@pytest.fixture
def calls(monkeypatch):
    """How often a convolution took something along."""
    return noted(monkeypatch, "conv2d_infer")


@pytest.fixture
def linear_calls(monkeypatch):
    """How often a linear layer took something along."""
    return noted(monkeypatch, "linear_infer")


def same_bits(model, x):
    """Whether the model gives the same numbers with its layers fused and one by one."""
    with minigrad.no_grad():
        fused = model(x)
    expected = model(x)
    assert fused.shape == expected.shape
    assert fused.dtype is expected.dtype
    assert not fused.requires_grad
    return fused.numpy().tobytes() == expected.detach().numpy().tobytes()


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
@pytest.mark.parametrize("followers", ["nrp", "nr", "np", "n", "rp", "r", "p", "nrnr"])
@pytest.mark.parametrize(
    "shape, options",
    [
        ((3, 3, 32, 32), {"padding": 1}),
        ((2, 4, 13, 17), {"stride": 2, "groups": 2, "padding": (1, 2)}),
        ((2, 6, 7, 7), {"padding": "same", "bias": False}),
        ((2, 2, 130, 90), {"dilation": 2}),
        ((0, 2, 8, 8), {}),
    ],
)
def test_the_same_bits_as_one_by_one(shape, options, followers, dtype, calls):
    minigrad.manual_seed(0)
    make = {"n": lambda: norm(8, dtype), "r": nn.ReLU, "p": lambda: nn.MaxPool2d(2)}
    model = nn.Sequential(
        conv(shape[1], 8, 3, dtype=dtype, **options), *[make[kind]() for kind in followers]
    ).eval()
    assert same_bits(model, minigrad.randn(*shape, dtype=dtype))
    assert len(calls) == 1


def linear_norm(features, dtype=minigrad.float32, **options):
    return norm(features, dtype, nn.BatchNorm1d, **options)


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
@pytest.mark.parametrize("rectify", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    "shape, outputs",
    [
        ((5, 3), 4), ((128, 784), 256), ((0, 3), 4), ((1, 30), 7), ((9, 5), 1), ((40, 20), 1500),
        ((300, 64), 130),
    ],
)  # fmt: skip
def test_a_linear_layer_takes_along_the_same_bits(
    shape, outputs, bias, rectify, dtype, linear_calls
):
    minigrad.manual_seed(0)
    layers = [nn.Linear(shape[1], outputs, bias, dtype=dtype), linear_norm(outputs, dtype)]
    model = nn.Sequential(*layers, *([nn.ReLU()] if rectify else [])).eval()
    assert same_bits(model, minigrad.randn(*shape, dtype=dtype))
    assert len(linear_calls) == 1


@pytest.mark.parametrize(
    "layers, shape, times",
    [
        (lambda: [nn.Linear(3, 4), nn.ReLU()], (5, 3), 0),
        (lambda: [nn.Linear(3, 4), linear_norm(4, track_running_stats=False)], (5, 3), 0),
        (lambda: [nn.Linear(3, 4), with_hook(linear_norm(4))], (5, 3), 0),
        (lambda: [nn.Linear(3, 4), linear_norm(4), with_hook(nn.ReLU())], (5, 3), 1),
        (lambda: [nn.Linear(3, 4), linear_norm(2)], (5, 2, 3), 0),
        (lambda: [nn.Linear(3, 4), linear_norm(4, affine=False), Loud()], (5, 3), 1),
        (lambda: [nn.Linear(3, 4), linear_norm(4), nn.Linear(4, 4), linear_norm(4)], (5, 3), 2),
    ],
)
def test_what_a_linear_layer_takes_along(layers, shape, times, linear_calls):
    model = nn.Sequential(*layers()).eval()
    assert same_bits(model, minigrad.randn(*shape))
    assert len(linear_calls) == times
    with minigrad.no_grad():
        model.train()(minigrad.randn(*shape))
    assert len(linear_calls) == times


@pytest.mark.parametrize(
    "layers, x, error, message",
    [
        (lambda: [nn.Linear(3, 4), linear_norm(5)], (5, 3), RuntimeError, "contain 4 elements"),
        (lambda: [nn.Linear(3, 4), linear_norm(4)], (5, 2), RuntimeError, "5x2 and 3x4"),
        (
            lambda: [nn.Linear(3, 4), linear_norm(4, minigrad.float64)],
            (5, 3),
            RuntimeError,
            "dtype",
        ),
        (lambda: [nn.Linear(3, 4), linear_norm(4, eps=-1.0)], (5, 3), ValueError, "eps"),
    ],
)
def test_errors_of_what_a_linear_layer_takes_along(layers, x, error, message):
    model = nn.Sequential(*layers()).eval()
    with minigrad.no_grad(), pytest.raises(error, match=message):
        model(minigrad.randn(*x))
    with pytest.raises(error, match=message):
        model(minigrad.randn(*x))


def test_nan_and_infinity_pass():
    model = nn.Sequential(conv(1, 1, 1, bias=False), norm(1), nn.ReLU(), nn.MaxPool2d(2)).eval()
    x = minigrad.zeros(1, 1, 4, 4)
    x[0, 0, 0, 1] = float("nan")
    x[0, 0, 2, 2] = float("inf")
    x[0, 0, 3, 0] = -float("inf")
    assert same_bits(model, x)
    with minigrad.no_grad():
        assert model(x).isnan().any()


class Loud(nn.ReLU):
    def forward(self, input):
        self.called = True
        return super().forward(input)


def replaced_forward():
    layer = nn.ReLU()
    layer.forward = lambda x: x + 1
    return layer


def with_hook(layer):
    layer.register_forward_hook(lambda module, inputs, output: output * 2)
    return layer


@pytest.mark.parametrize(
    "layers, times",
    [
        (lambda: [conv(2, 4, 3), Loud()], 0),
        (lambda: [conv(2, 4, 3), replaced_forward()], 0),
        (lambda: [conv(2, 4, 3), with_hook(nn.ReLU())], 0),
        (lambda: [with_hook(conv(2, 4, 3)), nn.ReLU()], 0),
        (lambda: [conv(2, 4, 3), with_hook(norm(4)), nn.ReLU()], 0),
        (lambda: [conv(2, 4, 3, padding=1, padding_mode="reflect"), nn.ReLU()], 0),
        (lambda: [conv(2, 4, 3), norm(4, track_running_stats=False), nn.ReLU()], 0),
        (lambda: [conv(2, 4, 3), nn.MaxPool2d(3)], 0),
        (lambda: [conv(2, 4, 3), nn.MaxPool2d(2, stride=1)], 0),
        (lambda: [conv(2, 4, 3), nn.MaxPool2d(2, padding=1)], 0),
        (lambda: [conv(2, 4, 3), nn.MaxPool2d(2, ceil_mode=True)], 0),
        (lambda: [conv(2, 4, 3), nn.ReLU(), nn.MaxPool2d(3), nn.ReLU()], 1),
        (lambda: [conv(2, 4, 3), nn.MaxPool2d((2, 2), (2, 2)), nn.ReLU()], 1),
        (lambda: [conv(2, 4, 3), nn.ReLU(), conv(4, 3, 3), norm(3), nn.ReLU()], 2),
    ],
)
def test_only_what_is_understood_is_taken_along(layers, times, calls):
    minigrad.manual_seed(0)
    model = nn.Sequential(*layers()).eval()
    assert same_bits(model, minigrad.randn(2, 2, 9, 11))
    assert len(calls) == times


def test_nothing_is_fused_while_training_or_recording(calls):
    model = nn.Sequential(conv(2, 4, 3), norm(4), nn.ReLU())
    x = minigrad.randn(2, 2, 8, 8)
    with minigrad.no_grad():
        model(x)
    assert model.eval()(x).requires_grad
    model[1].train()  # a batch norm that goes on learning its statistics
    with minigrad.no_grad():
        before = model[1].running_mean.clone()
        model(x)
    assert (model[1].running_mean != before).all()
    assert not calls


@pytest.fixture
def rectified(monkeypatch):
    """How often a batch norm took a ReLU along."""
    made = []
    for kind in fusion.NORMS:
        original = kind.forward_relu
        monkeypatch.setattr(
            kind, "forward_relu", lambda s, x, f=original: made.append(s) or f(s, x)
        )
    return made


def run_training(x, fused, dtype=minigrad.float32, mode="train", inplace=False):
    """Everything a batch norm and a ReLU leave behind, in a Sequential or one by one."""
    minigrad.manual_seed(0)
    layer = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[x.dim()]
    layer = getattr(layer(x.shape[1], dtype=dtype), mode)()
    layer.weight.data.normal_()
    layer.bias.data.normal_()
    x = x.clone().requires_grad_()
    relu = nn.ReLU(inplace)
    y = nn.Sequential(layer, relu)(x) if fused else relu(layer(x))
    y.float().square().mean().backward()
    found = [y.detach(), x.grad, layer.weight.grad, layer.bias.grad]
    return [value.numpy().tobytes() for value in (*found, *layer.buffers())]


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", [minigrad.float16, minigrad.float32, minigrad.float64])
@pytest.mark.parametrize(
    "shape", [(8, 5), (4, 3, 7), (3, 4, 5, 13), (64, 16, 28, 28), (2, 3, 2, 4, 5)]
)
def test_training_gives_the_same_bits(shape, dtype, mode, inplace, rectified):
    x = minigrad.randn(*shape).to(dtype)
    alone = run_training(x, False, dtype, mode, inplace)
    assert not rectified
    assert run_training(x, True, dtype, mode, inplace) == alone
    assert len(rectified) == 1
    strided = minigrad.randn(*shape).to(dtype).transpose(0, -1).contiguous().transpose(0, -1)
    assert run_training(strided, True, dtype, mode) == run_training(strided, False, dtype, mode)


def test_training_records_both_layers(rectified):
    model = nn.Sequential(norm(3), nn.ReLU())
    y = model(minigrad.randn(2, 3, 4, 4))
    assert rectified
    assert y.grad_fn.name() == "ReluBackward0"
    ((before, output),) = y.grad_fn.next_functions
    assert (before.name(), output) == ("NativeBatchNormBackward0", 0)
    seen = []
    before.register_hook(lambda into, out: seen.append(out[0].clone()))
    g = minigrad.randn(2, 3, 4, 4)
    y.backward(g)
    assert minigrad.equal(seen[0], g * (y > 0))
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward(g)


def test_training_knows_what_was_written_to():
    x = minigrad.randn(4, 3, requires_grad=True) * 1
    y = nn.Sequential(nn.BatchNorm1d(3), nn.ReLU())(x)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="output 0 of ReluBackward0"):
        y.sum().backward()
    y = nn.Sequential(nn.BatchNorm1d(3), nn.ReLU())(x)
    with minigrad.no_grad():
        x.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_training_twice_differentiable():
    x = minigrad.randn(5, 3, dtype=minigrad.float64, requires_grad=True)
    model = nn.Sequential(nn.BatchNorm1d(3, dtype=minigrad.float64), nn.ReLU())
    assert minigrad.autograd.gradcheck(model, x)
    assert minigrad.autograd.gradgradcheck(model, x)


def test_who_watches_sees_what_lies_between():
    model = nn.Sequential(nn.BatchNorm1d(3), nn.ReLU())
    x = minigrad.randn(4, 3, requires_grad=True)
    packed = []
    with minigrad.autograd.graph.saved_tensors_hooks(lambda t: packed.append(t) or t, lambda t: t):
        fused = model(x)
    alone = model[1](model[0](x))
    assert minigrad.equal(fused, alone)
    assert [t.shape for t in packed] == [x.shape, (3,), x.shape]
    with minigrad.autograd.set_detect_anomaly(True):
        fused = model(x)
    assert minigrad.equal(fused, alone)


def test_a_hook_may_put_another_module_in_a_later_place():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    model[0].register_forward_hook(lambda *_: setattr(model, "1", nn.Threshold(10.0, 20.0)))
    assert (model(minigrad.randn(3, 2)) == 20).all()


def test_other_inputs_go_one_by_one(calls):
    model = nn.Sequential(conv(2, 4, 3), nn.ReLU()).eval()
    assert same_bits(model, minigrad.randn(2, 8, 8))  # no batch
    half = nn.Sequential(conv(2, 4, 3, dtype=minigrad.float16), nn.ReLU()).eval()
    assert same_bits(half, minigrad.randn(2, 2, 8, 8, dtype=minigrad.float16))
    assert not calls


@pytest.mark.parametrize(
    "layers, x, message",
    [
        (lambda: [conv(2, 4, 3), norm(5)], (2, 2, 8, 8), "should contain 4 elements"),
        (lambda: [conv(2, 4, 3), nn.ReLU()], (2, 3, 8, 8), "channels"),
        (lambda: [conv(2, 4, 3), nn.MaxPool2d(2)], (2, 2, 3, 8), "max_pool2d"),
        (lambda: [conv(2, 4, 3), norm(4, minigrad.float64)], (2, 2, 8, 8), "dtype"),
    ],
)
def test_errors_are_as_clear(layers, x, message):
    model = nn.Sequential(*layers()).eval()
    with minigrad.no_grad(), pytest.raises(RuntimeError, match=message):
        model(minigrad.randn(*x))


def test_weights_may_change_between_calls():
    model = nn.Sequential(conv(1, 1, 1, bias=False), norm(1), nn.ReLU()).eval()
    x = minigrad.rand(1, 1, 2, 2)
    assert same_bits(model, x)
    model[0].weight.data.mul_(-3)
    model[1].running_var.fill_(7)
    assert same_bits(model, x)


def test_a_class_that_was_changed_is_called(monkeypatch, calls):
    called = []
    original = nn.ReLU.forward
    monkeypatch.setattr(
        nn.ReLU, "forward", lambda self, x: called.append(self) or original(self, x)
    )
    model = nn.Sequential(conv(2, 4, 3), nn.ReLU()).eval()
    with minigrad.no_grad():
        model(minigrad.randn(1, 2, 8, 8))
    assert called == [model[1]]
    assert not calls


@pytest.mark.parametrize("given", [None, [1.0], 3])
def test_no_tensor_is_the_convolutions_error(given):
    with minigrad.no_grad(), pytest.raises(TypeError, match="argument 'input' must be Tensor"):
        nn.Sequential(conv(2, 4, 3), nn.ReLU()).eval()(given)
