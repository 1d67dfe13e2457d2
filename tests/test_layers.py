"""Layers and losses: printing, shapes, dtypes, errors; outputs and gradients against torch."""

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn

# (the layer, the shape of its input)
LAYERS = [
    (lambda nn: nn.Identity(), (2, 3)),
    (lambda nn: nn.Linear(4, 3), (2, 4)),
    (lambda nn: nn.Linear(4, 3, bias=False), (2, 5, 4)),
    (lambda nn: nn.Linear(4, 1), (4,)),
    (lambda nn: nn.Linear(4, 3), (0, 4)),
    (lambda nn: nn.Flatten(), (2, 3, 4)),
    (lambda nn: nn.Flatten(0, 1), (2, 3, 4)),
    (lambda nn: nn.Unflatten(1, (2, 3)), (4, 6)),
    (lambda nn: nn.Unflatten(-1, (2, -1)), (4, 6)),
    (lambda nn: nn.Conv1d(4, 6, 3), (2, 4, 10)),
    (lambda nn: nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), (2, 4, 10)),
    (lambda nn: nn.Conv1d(4, 6, (3,), padding="same", bias=False), (4, 10)),
    (lambda nn: nn.Conv1d(2, 2, 3, padding=2, padding_mode="circular"), (3, 2, 7)),
    (lambda nn: nn.Conv1d(2, 2, 4, padding="same", padding_mode="reflect"), (3, 2, 7)),
    (lambda nn: nn.Conv2d(1, 4, 5), (2, 1, 9, 9)),
    (lambda nn: nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 0)), (2, 3, 8, 7)),
    (lambda nn: nn.Conv2d(4, 4, 3, groups=4, dilation=(1, 2)), (2, 4, 8, 7)),
    (lambda nn: nn.Conv2d(3, 4, 2, padding="same"), (2, 3, 5, 5)),
    (lambda nn: nn.Conv2d(3, 4, 3, padding="valid"), (3, 6, 5)),
    (lambda nn: nn.Conv2d(3, 4, 3, padding=1, padding_mode="replicate"), (2, 3, 5, 4)),
    (lambda nn: nn.Conv2d(3, 4, 3, padding="valid", padding_mode="reflect"), (2, 3, 5, 4)),
    (lambda nn: nn.Conv2d(3, 4, (4, 3), padding="same", padding_mode="circular"), (2, 3, 5, 4)),
    (lambda nn: nn.MaxPool1d(2), (2, 3, 9)),
    (lambda nn: nn.MaxPool1d(3, stride=2, padding=1, ceil_mode=True), (2, 3, 10)),
    (lambda nn: nn.MaxPool2d(2), (2, 3, 8, 9)),
    (lambda nn: nn.MaxPool2d((3, 2), stride=(2, 1), padding=1), (2, 3, 8, 9)),
    (lambda nn: nn.MaxPool2d(2, dilation=2, ceil_mode=True), (3, 8, 9)),
    (lambda nn: nn.AvgPool1d(2), (2, 3, 9)),
    (lambda nn: nn.AvgPool1d(3, stride=2, padding=1, count_include_pad=False), (2, 3, 9)),
    (lambda nn: nn.AvgPool2d(2), (2, 3, 8, 9)),
    (lambda nn: nn.AvgPool2d((3, 2), stride=1, padding=1, ceil_mode=True), (2, 3, 8, 9)),
    (lambda nn: nn.AvgPool2d(2, divisor_override=3), (2, 3, 8, 8)),
    (lambda nn: nn.AdaptiveAvgPool1d(4), (2, 3, 10)),
    (lambda nn: nn.AdaptiveAvgPool2d(1), (2, 3, 8, 9)),
    (lambda nn: nn.MaxPool3d(2), (2, 3, 4, 8, 9)),
    (lambda nn: nn.MaxPool3d((1, 3, 2), stride=(2, 2, 1), padding=(0, 1, 1)), (3, 4, 8, 9)),
    (lambda nn: nn.AvgPool3d((2, 3, 2), stride=1, padding=1, ceil_mode=True), (2, 3, 4, 8, 9)),
    (lambda nn: nn.AvgPool3d(2, divisor_override=3), (3, 4, 8, 8)),
    (lambda nn: nn.AdaptiveAvgPool3d((3, None, 1)), (2, 3, 4, 8, 9)),
    (lambda nn: nn.AdaptiveAvgPool2d((3, None)), (2, 3, 8, 9)),
    (lambda nn: nn.Dropout(), (3, 4)),
    (lambda nn: nn.Dropout1d(0.2), (2, 3, 4)),
    (lambda nn: nn.Dropout2d(0.2, inplace=True), (2, 3, 4, 4)),
    (lambda nn: nn.ReLU(), (3, 4)),
    (lambda nn: nn.ReLU6(), (3, 4)),
    (lambda nn: nn.LeakyReLU(0.2), (3, 4)),
    (lambda nn: nn.ELU(0.7), (3, 4)),
    (lambda nn: nn.CELU(0.7), (3, 4)),
    (lambda nn: nn.SELU(), (3, 4)),
    (lambda nn: nn.GELU(), (3, 4)),
    (lambda nn: nn.GELU(approximate="tanh"), (3, 4)),
    (lambda nn: nn.SiLU(), (3, 4)),
    (lambda nn: nn.Mish(), (3, 4)),
    (lambda nn: nn.Softplus(2.0, 1.0), (3, 4)),
    (lambda nn: nn.Sigmoid(), (3, 4)),
    (lambda nn: nn.LogSigmoid(), (3, 4)),
    (lambda nn: nn.Hardsigmoid(), (3, 4)),
    (lambda nn: nn.Hardswish(), (3, 4)),
    (lambda nn: nn.Hardtanh(-0.5, 0.7), (3, 4)),
    (lambda nn: nn.Tanh(), (3, 4)),
    (lambda nn: nn.Tanhshrink(), (3, 4)),
    (lambda nn: nn.Softsign(), (3, 4)),
    (lambda nn: nn.Hardshrink(), (3, 4)),
    (lambda nn: nn.Softshrink(0.3), (3, 4)),
    (lambda nn: nn.Threshold(0.1, 20.0), (3, 4)),
    (lambda nn: nn.PReLU(), (3, 4)),
    (lambda nn: nn.PReLU(3, init=0.1), (2, 3, 4)),
    (lambda nn: nn.GLU(), (3, 4)),
    (lambda nn: nn.Softmax(dim=1), (3, 4)),
    (lambda nn: nn.Softmin(dim=0), (3, 4)),
    (lambda nn: nn.LogSoftmax(dim=-1), (2, 3, 4)),
    (lambda nn: nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                              nn.Linear(27, 4), nn.LogSoftmax(dim=1)), (2, 1, 8, 8)),
]  # fmt: skip

INPLACE = [
    lambda nn: nn.ReLU(inplace=True),
    lambda nn: nn.ReLU6(inplace=True),
    lambda nn: nn.LeakyReLU(0.2, inplace=True),
    lambda nn: nn.ELU(inplace=True),
    lambda nn: nn.CELU(inplace=True),
    lambda nn: nn.SELU(inplace=True),
    lambda nn: nn.SiLU(inplace=True),
    lambda nn: nn.Mish(inplace=True),
    lambda nn: nn.Hardtanh(inplace=True),
    lambda nn: nn.Threshold(0.1, 2.0, inplace=True),
    lambda nn: nn.Dropout(0.3, inplace=True),
]

CLASSES = [1, 0, 3]

# (the loss, the shape of its input, what makes its target)
PLAIN = (lambda rng: rng.uniform(0, 1, (3, 4)),)
LOSSES = [
    (lambda nn, w: nn.L1Loss(), None),
    (lambda nn, w: nn.MSELoss(), None),
    (lambda nn, w: nn.MSELoss(reduction="sum"), None),
    (lambda nn, w: nn.MSELoss(reduction="none"), None),
    (lambda nn, w: nn.SmoothL1Loss(beta=0.3), None),
    (lambda nn, w: nn.HuberLoss(delta=0.3), None),
    (lambda nn, w: nn.KLDivLoss(reduction="batchmean"), None),
    (lambda nn, w: nn.KLDivLoss(reduction="sum", log_target=True), None),
    (lambda nn, w: nn.BCELoss(), None),
    (lambda nn, w: nn.BCELoss(weight=w, reduction="sum"), None),
    (lambda nn, w: nn.BCEWithLogitsLoss(), None),
    (lambda nn, w: nn.BCEWithLogitsLoss(weight=w, pos_weight=w), None),
    (lambda nn, w: nn.NLLLoss(), CLASSES),
    (lambda nn, w: nn.NLLLoss(weight=w, ignore_index=0), CLASSES),
    (lambda nn, w: nn.CrossEntropyLoss(), CLASSES),
    (lambda nn, w: nn.CrossEntropyLoss(reduction="none"), CLASSES),
    (lambda nn, w: nn.CrossEntropyLoss(weight=w, label_smoothing=0.1), CLASSES),
    (lambda nn, w: nn.CrossEntropyLoss(ignore_index=3, reduction="sum"), CLASSES),
    (lambda nn, w: nn.CrossEntropyLoss(weight=w), None),
]


def copied(torch, build):
    """Return the layer in both libraries, float64 and in evaluation mode, with equal weights."""
    mine, theirs = build(nn).double().eval(), build(torch.nn).double().eval()
    theirs.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in mine.state_dict().items()})
    return mine, theirs


def outcome(module, x, *targets):
    """Return the output and the gradients of the input and of all parameters."""
    y = module(x, *targets)
    (y * y).sum().backward()
    return [y, x.grad, *(p.grad for p in module.parameters())]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # torch's
@pytest.mark.parametrize("case", range(len(LAYERS)))
def test_a_layer_computes_what_torchs_does(case, torch, rng):
    build, shape = LAYERS[case]
    assert repr(build(nn)) == repr(build(torch.nn))
    mine, theirs = copied(torch, build)
    values = rng.standard_normal(shape)
    for a, b in zip(
        outcome(mine, minigrad.tensor(values, requires_grad=True)),
        outcome(theirs, torch.tensor(values, requires_grad=True)),
        strict=True,
    ):
        # torch keeps the constants of some activations in float32
        assert_close(a, b, rtol=1e-7, atol=1e-11, what=repr(mine))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("case", range(len(LAYERS)))
def test_a_layer_keeps_the_dtype(case, rng):
    build, shape = LAYERS[case]
    for dtype in (minigrad.float32, minigrad.float64):
        x = minigrad.tensor(rng.standard_normal(shape), dtype=dtype)
        assert build(nn).to(dtype)(x).dtype is dtype


@pytest.mark.parametrize("case", range(len(INPLACE)))
def test_inplace(case, torch, rng):
    mine, theirs = copied(torch, INPLACE[case])
    assert repr(mine) == repr(theirs)
    values = rng.standard_normal((3, 4))
    leaf = minigrad.tensor(values, requires_grad=True)
    other = torch.tensor(values, requires_grad=True)
    x = leaf * 1
    y = mine(x)
    assert y is x
    (y * y).sum().backward()
    z = theirs(other * 1)
    (z * z).sum().backward()
    assert_close(x, z)
    assert_close(leaf.grad, other.grad, rtol=1e-7)


@pytest.mark.parametrize("case", range(len(LOSSES)))
def test_a_loss_computes_what_torchs_does(case, torch, rng):
    build, target = LOSSES[case]
    values = rng.uniform(0.05, 0.95, (3, 4))
    target = rng.uniform(0.05, 0.95, (3, 4)) if target is None else np.array(target)
    weight = rng.uniform(0.5, 2.0, 4)
    mine = build(nn, minigrad.tensor(weight))
    theirs = build(torch.nn, torch.tensor(weight))
    assert repr(mine) == repr(theirs)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    for a, b in zip(
        outcome(mine, minigrad.tensor(values, requires_grad=True), minigrad.tensor(target)),
        outcome(theirs, torch.tensor(values, requires_grad=True), torch.tensor(target)),
        strict=True,
    ):
        assert_close(a, b)


def test_the_old_way_to_name_a_reduction():
    for old, new in [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True, "size_average": False}, "sum"),
    ]:
        with pytest.warns(UserWarning, match=f"reduction='{new}'"):
            assert nn.MSELoss(**old).reduction == new


# ---------------------------------------------------------------- settings


def test_settings_can_be_changed_afterwards():
    x = minigrad.tensor([-1.0, 2.0])
    layer = nn.LeakyReLU(0.1)
    layer.negative_slope = 0.5
    assert layer(x).tolist() == [-0.5, 2]
    loss = nn.MSELoss()
    loss.reduction = "sum"
    assert loss(x, minigrad.zeros(2)).item() == 5


def test_parameters_have_the_dtype_asked_for():
    for layer in (
        nn.Linear(2, 3, dtype=minigrad.float64, device="cpu"),
        nn.Conv2d(2, 3, 1, dtype=minigrad.float64),
        nn.PReLU(dtype=minigrad.float64),
    ):
        assert {p.dtype for p in layer.parameters()} == {minigrad.float64}
    with pytest.raises(AssertionError, match="CPU"):
        nn.Linear(2, 3, device="cuda")


def test_reset_parameters():
    for layer in (nn.Linear(3, 3), nn.Conv2d(2, 2, 3)):
        before = layer.weight.tolist()
        minigrad.manual_seed(5)
        layer.reset_parameters()
        again = layer.weight.tolist()
        assert again != before
        minigrad.manual_seed(5)
        layer.reset_parameters()
        assert layer.weight.tolist() == again


def test_identity_takes_anything():
    assert nn.Identity(1, 2, three=3)("x") == "x"


def test_max_pool_indices():
    x = minigrad.tensor([[[1.0, 3.0, 2.0, 0.0]]])
    values, indices = nn.MaxPool1d(2, return_indices=True)(x)
    assert values.tolist() == [[[3, 2]]]
    assert indices.tolist() == [[[1, 2]]]


# ---------------------------------------------------------------- dropout


def test_dropout_masks_and_scales():
    x = minigrad.ones(100, 100, requires_grad=True)
    layer = nn.Dropout(0.2)
    y = layer(x)
    kept = y.detach().numpy() != 0
    assert set(np.unique(y.detach().numpy())) == {np.float32(0), np.float32(1.25)}
    assert 0.78 < kept.mean() < 0.82
    y.sum().backward()
    assert (x.grad.numpy() == y.detach().numpy()).all()
    assert layer.eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    assert nn.Dropout(1.0)(x).sum().item() == 0


def test_dropout_follows_the_seed():
    x = minigrad.ones(50)
    drawn = []
    for seed in (1, 1, 2):
        minigrad.manual_seed(seed)
        drawn.append(nn.Dropout()(x).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Dropout1d(), (20, 30, 4)),
        (nn.Dropout2d(), (20, 30, 2, 2)),
        (nn.Dropout1d(), (600, 4)),
    ],
)
def test_dropout_of_channels(layer, shape):
    y = layer(minigrad.ones(shape)).numpy().reshape(600, 4)
    assert ((y == y[:, :1]).all(axis=1)).all()
    assert 0.4 < (y[:, 0] == 0).mean() < 0.6
    assert set(np.unique(y)) == {0, 2}


def test_dropout_errors():
    for layer in (nn.Dropout, nn.Dropout1d, nn.Dropout2d):
        for p in (-0.1, 1.1):
            with pytest.raises(ValueError, match=f"between 0 and 1, but got {p}"):
                layer(p)
    with pytest.raises(ValueError, match="between 0 and 1"):
        nn.functional.dropout(minigrad.ones(1), 2.0)
    with pytest.raises(RuntimeError, match="dropout1d: Expected 2D or 3D input"):
        nn.Dropout1d()(minigrad.ones(3))
    with pytest.warns(UserWarning, match="dropout2d: Received a 3D input"):
        nn.Dropout2d()(minigrad.ones(2, 3, 4))


# ---------------------------------------------------------------- functional


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("sides", [(1, 2), (0, 3), (2, 1, 1, 0), (-1, 2), (1, -1, -1, 0), (0, 0)])
def test_pad(mode, sides, torch, rng):
    values = rng.standard_normal((2, 3, 4, 5))
    x = minigrad.tensor(values, requires_grad=True)
    t = torch.tensor(values, requires_grad=True)
    if mode != "constant" and min(sides) < 0:
        sides = tuple(abs(side) for side in sides)
    if mode != "constant" and len(sides) == 2:
        x, t = (minigrad.tensor(values[0], requires_grad=True),
                torch.tensor(values[0], requires_grad=True))  # fmt: skip
    a = nn.functional.pad(x, sides, mode)
    b = torch.nn.functional.pad(t, sides, mode)
    assert_close(a, b)
    (a * a * a).sum().backward()
    (b * b * b).sum().backward()
    assert_close(x.grad, t.grad)


def test_pad_values_and_errors():
    pad = nn.functional.pad
    x = minigrad.tensor([1, 2, 3])
    assert pad(x, (1, 0), value=7).tolist() == [7, 1, 2, 3]
    assert pad(x, (1, 0), value=7).dtype is minigrad.int64
    with pytest.raises(RuntimeError, match="two numbers for each of at most 1 dimensions"):
        pad(x, (1, 2, 3, 4))
    with pytest.raises(RuntimeError, match="two numbers"):
        pad(x, (1,))
    with pytest.raises(RuntimeError, match="takes more than the 3 elements"):
        pad(x, (-2, -2))
    with pytest.raises(RuntimeError, match="allows, which is 2"):
        pad(x[None], (3, 0), "reflect")
    with pytest.raises(RuntimeError, match="allows, which is 3"):
        pad(x[None], (4, 0), "circular")
    with pytest.raises(NotImplementedError, match="Unrecognised padding mode mirror"):
        pad(x, (1, 0), "mirror")


def test_one_hot(torch):
    one_hot = nn.functional.one_hot
    indices = minigrad.tensor([[0, 2], [1, 0]])
    for n in (-1, 5):
        expected = torch.nn.functional.one_hot(torch.tensor([[0, 2], [1, 0]]), n)
        assert one_hot(indices, n).tolist() == expected.tolist()
    assert one_hot(indices).dtype is minigrad.int64
    assert one_hot(minigrad.zeros(0, dtype=minigrad.int64), 3).shape == (0, 3)
    with pytest.raises(RuntimeError, match="int64"):
        one_hot(minigrad.tensor([0.0]))
    with pytest.raises(RuntimeError, match="must be non-negative"):
        one_hot(minigrad.tensor([-1]))
    with pytest.raises(RuntimeError, match="smaller than num_classes"):
        one_hot(minigrad.tensor([3]), 3)
    with pytest.raises(RuntimeError, match="empty tensor"):
        one_hot(minigrad.zeros(0, dtype=minigrad.int64))


def test_normalize(torch, rng):
    values = rng.standard_normal((3, 4))
    for options in ({}, {"p": 1.0, "dim": 0}):
        assert_close(
            nn.functional.normalize(minigrad.tensor(values), **options),
            torch.nn.functional.normalize(torch.tensor(values), **options),
        )
    assert nn.functional.normalize(minigrad.zeros(1, 2)).tolist() == [[0, 0]]


# ---------------------------------------------------------------- errors

ERRORS = [
    lambda lib: lib.nn.Conv2d(3, 8, 3, groups=2),
    lambda lib: lib.nn.Conv2d(4, 7, 3, groups=2),
    lambda lib: lib.nn.Conv2d(4, 4, 3, groups=0),
    lambda lib: lib.nn.Conv2d(3, 8, 3, padding="foo"),
    lambda lib: lib.nn.Conv2d(3, 8, 3, padding="same", stride=2),
    lambda lib: lib.nn.Conv2d(3, 8, 3, padding_mode="foo"),
    lambda lib: lib.nn.Conv1d(3, 8, 3)(lib.ones(2, 2, 5)),
    lambda lib: lib.nn.Conv2d(1, 2, 3)(lib.ones(1, 1, 4, 5, 6)),
    lambda lib: lib.nn.Linear(2, 3)(lib.ones(3, 5)),
    lambda lib: lib.nn.Linear(2, 3)(lib.ones(3, 2, dtype=lib.float64)),
    lambda lib: lib.nn.Linear(2.5, 3),
    lambda lib: lib.nn.Linear(-1, 3),
    lambda lib: lib.nn.MaxPool2d(2)(lib.ones(2, 2)),
    lambda lib: lib.nn.Flatten()(lib.ones(3)),
    lambda lib: lib.nn.Unflatten(1, 5),
    lambda lib: lib.nn.Unflatten(1, (2, "x")),
    lambda lib: lib.nn.Hardtanh(1.0, 0.0),
    lambda lib: lib.nn.HuberLoss(delta="x"),
    lambda lib: lib.nn.HuberLoss(delta=0)(lib.ones(2), lib.ones(2)),
    lambda lib: lib.nn.SmoothL1Loss(beta=-1)(lib.ones(2), lib.ones(2)),
    lambda lib: lib.nn.MSELoss(reduction="foo")(lib.ones(2), lib.ones(2)),
    lambda lib: lib.nn.CrossEntropyLoss()(lib.ones(3, 4), lib.tensor([1, 2])),
    lambda lib: lib.nn.CrossEntropyLoss()(lib.ones(2, 4), lib.tensor([1, 7])),
    lambda lib: lib.nn.BCELoss()(lib.tensor([2.0]), lib.tensor([1.0])),
    lambda lib: lib.nn.BCEWithLogitsLoss()(lib.ones(2), lib.ones(3)),
    lambda lib: lib.nn.ReLU()(3),
]


@pytest.mark.parametrize("act", ERRORS, ids=range(len(ERRORS)))
def test_errors_are_of_torchs_classes(act, torch):
    with pytest.raises(Exception) as theirs:
        act(torch)
    with pytest.raises(theirs.type):
        act(minigrad)


# ---------------------------------------------------------------- nn.utils


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3, float("inf")])
def test_clip_grad_norm(norm_type, torch, rng):
    found = []
    grads = [rng.standard_normal(shape) for shape in ((3, 4), (5,), ())]
    for lib in (minigrad, torch):
        parameters = [lib.nn.Parameter(lib.zeros(g.shape, dtype=lib.float64)) for g in grads]
        for p, g in zip(parameters, grads, strict=True):
            p.grad = lib.tensor(g)
        parameters.append(lib.nn.Parameter(lib.zeros(2)))  # has no gradient
        norm = lib.nn.utils.clip_grad_norm_(parameters, 0.7, norm_type)
        again = lib.nn.utils.clip_grad_norm_(iter(parameters), 100.0, norm_type)
        found.append([norm, again, *(p.grad for p in parameters[:3])])
    for a, b in zip(*found, strict=True):
        assert_close(a, b)


def test_clip_grad_norm_corners(torch):
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0
    p = nn.Parameter(minigrad.zeros(2))
    assert nn.utils.clip_grad_norm_(p, 1.0).item() == 0
    p.grad = minigrad.tensor([float("inf"), 1.0])
    with pytest.raises(RuntimeError, match=r"total norm of order 2\.0 .* is non-finite"):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert nn.utils.clip_grad_norm_(p, 1.0).item() == float("inf")


def test_clip_grad_value():
    p = nn.Parameter(minigrad.zeros(3))
    p.grad = minigrad.tensor([-5.0, 0.5, 5.0])
    gradient = p.grad
    nn.utils.clip_grad_value_([p, nn.Parameter(minigrad.zeros(1))], 1)
    assert p.grad is gradient
    assert gradient.tolist() == [-1, 0.5, 1]


def test_parameters_to_vector_and_back():
    layer = nn.Linear(2, 3)
    vector = nn.utils.parameters_to_vector(layer.parameters())
    assert vector.shape == (9,)
    assert vector.requires_grad
    before = layer.weight
    nn.utils.vector_to_parameters(minigrad.arange(9.0), layer.parameters())
    assert layer.weight is before
    assert layer.weight.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert layer.bias.tolist() == [6, 7, 8]
    with pytest.raises(TypeError, match="but got: list"):
        nn.utils.vector_to_parameters([1.0], layer.parameters())


def test_hardtanh_takes_the_old_names_of_its_limits():
    with pytest.warns(FutureWarning, match="min_value"):
        layer = nn.Hardtanh(min_value=-2.0)
    with pytest.warns(FutureWarning, match="max_value"):
        assert repr(nn.Hardtanh(max_value=2.0)) == "Hardtanh(min_val=-1.0, max_val=2.0)"
    assert layer(minigrad.tensor([-3.0, 3.0])).tolist() == [-2.0, 1.0]
