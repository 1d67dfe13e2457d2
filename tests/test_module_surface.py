"""Every layer shows itself, its attributes and its state as torch's does, and can be copied."""

import copy
import inspect
import pickle

import pytest

import minigrad

N_DIMENSIONAL = [
    "MaxPool{n}d(2)",
    "MaxPool{n}d(3, stride=2, padding=1, dilation=1, return_indices=True, ceil_mode=True)",
    "AvgPool{n}d(2)",
    "AvgPool{n}d(2, stride=1, padding=1, ceil_mode=True, count_include_pad=False)",
    "MaxUnpool{n}d(2, 1, 0)",
    "AdaptiveAvgPool{n}d(2)",
    "AdaptiveMaxPool{n}d(2, True)",
    "LPPool{n}d(2, 3, stride=2, ceil_mode=True)",
    "BatchNorm{n}d(3)",
    "BatchNorm{n}d(3, eps=1e-3, momentum=None, affine=False, track_running_stats=False)",
    "InstanceNorm{n}d(3, affine=True, track_running_stats=True)",
    "LazyBatchNorm{n}d()",
    "LazyInstanceNorm{n}d()",
    "ReflectionPad{n}d(1)",
    "ReplicationPad{n}d(1)",
    "ZeroPad{n}d(1)",
    "ConstantPad{n}d(1, 2.5)",
    "CircularPad{n}d(1)",
    "Conv{n}d(2, 4, 3)",
    "Conv{n}d(2, 4, 3, 2, 1, 2, groups=2, bias=False, padding_mode='circular')",
    "Conv{n}d(2, 4, 3, padding='same')",
    "ConvTranspose{n}d(2, 4, 3)",
    "ConvTranspose{n}d(2, 4, 3, 2, 1, output_padding=1, groups=2, bias=False, dilation=2)",
    "LazyConv{n}d(4, 3)",
    "LazyConvTranspose{n}d(4, 3)",
    "Dropout{n}d(0.2)",
]
LAYERS = [text.format(n=n) for text in N_DIMENSIONAL for n in (1, 2, 3)]
LAYERS += (
    """
Linear(3, 4); Linear(3, 4, False); LazyLinear(4); Bilinear(2, 3, 4, False); Identity(1, a=2)
Conv2d(2, 4, (3, 5)); Conv2d(2, 4, (1, 2), padding='valid')
Fold((4, 4), 2); Unfold((2, 3), 1, 1, 2)
FractionalMaxPool2d(2, output_size=(3, 3)); FractionalMaxPool3d(2, output_ratio=0.5)
Dropout(); Dropout(0.2, True); AlphaDropout(); FeatureAlphaDropout(0.1)
LayerNorm(3); LayerNorm((2, 3), 1e-3, False); LayerNorm(3, bias=False)
RMSNorm(3); RMSNorm((2, 3), 1e-3, False); GroupNorm(2, 4); GroupNorm(2, 4, 1e-3, False)
LocalResponseNorm(2, 1.0, 0.5, 2.0); CrossMapLRN2d(2)
Embedding(5, 3); Embedding(5, 3, 1, 2.0, 1.0, True); EmbeddingBag(5, 3, 1.0, mode='sum')
RNN(3, 4); RNN(3, 4, 2, 'relu', False, True, 0.1, True); LSTM(3, 4, 2, proj_size=2); GRU(3, 4)
RNNCell(3, 4, False, 'relu'); LSTMCell(3, 4); GRUCell(3, 4, False)
MultiheadAttention(4, 2); MultiheadAttention(4, 2, 0.1, False, True, True, 3, 5, True)
TransformerDecoderLayer(4, 2, 8)
Upsample(scale_factor=2); Upsample((2, 3), mode='bilinear', align_corners=True)
UpsamplingNearest2d(scale_factor=2); UpsamplingBilinear2d(3)
PixelShuffle(2); PixelUnshuffle(2); ChannelShuffle(2); Flatten(); Flatten(0, 1)
Unflatten(1, (2, 3))
Softmax(); Softmax(1); LogSoftmax(1); Softmin(1); Softmax2d(); Threshold(0.1, 20, True)
ReLU(); ReLU(True); ReLU6(True); LeakyReLU(0.2, True); PReLU(3, 0.1); RReLU(0.1, 0.3, True)
ELU(2.0, True); SELU(True); CELU(2.0, True); GELU('tanh'); GLU(1); SiLU(True); Mish(True)
Hardtanh(-2.0, 2.0, True); Hardswish(True); Hardsigmoid(True); Hardshrink(1.0); Softshrink(1.0)
Softplus(2.0, 10.0); Tanhshrink(); Softsign(); LogSigmoid(); Sigmoid(); Tanh()
CosineSimilarity(0, 1e-3); PairwiseDistance(1.0, 1e-3, True); AdaptiveLogSoftmaxWithLoss(8, 20, [5])
L1Loss(); MSELoss(reduction='sum'); CrossEntropyLoss(label_smoothing=0.1); CTCLoss(1, 'sum', True)
NLLLoss(ignore_index=3); PoissonNLLLoss(False, True); GaussianNLLLoss(full=True); KLDivLoss()
BCELoss(); BCEWithLogitsLoss(); MarginRankingLoss(1.0); HingeEmbeddingLoss(2.0)
HuberLoss(delta=2.0)
MultiLabelMarginLoss(); SmoothL1Loss(beta=2.0); SoftMarginLoss(); MultiLabelSoftMarginLoss()
CosineEmbeddingLoss(0.1); MultiMarginLoss(2, 0.5); TripletMarginLoss(2.0, swap=True)
TripletMarginWithDistanceLoss(margin=2.0); Sequential(); ModuleList(); ModuleDict(); ParameterList()
""".strip()
    .replace("\n", ";")
    .split(";")
)
LAYERS = [text.strip() for text in LAYERS]


def make(package, text, **options):
    """Return the layer that a text such as "Linear(3, 4)" calls for."""
    name, _, arguments = text.partition("(")
    return eval(f"layer({arguments[:-1]}{', ' * (len(arguments) > 1)}**options)",
                {"layer": getattr(package.nn, name), "options": options})  # fmt: skip


def shown(value, package):
    """Return what can be compared of an attribute."""
    if isinstance(value, package.Tensor):
        lazy = "Uninitialized" in type(value).__name__
        return "lazy" if lazy else tuple(value.shape), str(value.dtype).rpartition(".")[2]
    if isinstance(value, package.nn.Module):
        return type(value).__name__
    if callable(value):
        return getattr(value, "__name__", None)
    return type(value), value


@pytest.mark.parametrize("text", LAYERS)
def test_repr_attributes_and_state_are_torchs(text, torch):
    ours, theirs = make(minigrad, text), make(torch, text)
    assert repr(ours) == repr(theirs)
    for name, value in vars(theirs).items():
        if not name.startswith("_"):
            assert shown(getattr(ours, name), minigrad) == shown(value, torch), name
    for name in ("named_parameters", "named_buffers", "named_modules"):
        assert [n for n, _ in getattr(ours, name)()] == [n for n, _ in getattr(theirs, name)()]
    if "Lazy" not in text:
        assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("text", LAYERS)
def test_a_layer_can_be_copied_and_pickled(text):
    layer = make(minigrad, text)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert type(other) is type(layer) and repr(other) == repr(layer)
        assert list(other.state_dict()) == list(layer.state_dict())
        assert not {id(p) for p in other.parameters()} & {id(p) for p in layer.parameters()}


def test_layers_with_parameters_take_a_dtype_and_a_device():
    for text in LAYERS:
        layer = getattr(minigrad.nn, text.partition("(")[0])
        if "dtype" in inspect.signature(layer).parameters:
            made = make(minigrad, text, device="cpu", dtype=minigrad.float64)
            assert {p.dtype for p in made.parameters()} <= {minigrad.float64}, text
            if [*made.parameters()]:
                with pytest.raises(AssertionError):
                    make(minigrad, text, device="cuda")
