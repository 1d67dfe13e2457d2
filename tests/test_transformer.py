"""Transformer layers and stacks of them."""

import inspect

import numpy as np
import pytest
from support import assert_close, check_gradients

import minigrad
from minigrad import nn

# torch says that its encoder will not be as fast as it might, and what it uses if it is
pytestmark = [
    pytest.mark.filterwarnings("ignore:enable_nested_tensor is True"),
    pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors"),
]

SOURCE, TARGET, BATCH, SIZE, HEADS, HIDDEN = 5, 4, 3, 6, 2, 8
OPTIONS = [
    {},
    {"norm_first": True, "activation": "gelu"},
    {"bias": False, "batch_first": True, "layer_norm_eps": 0.1, "dropout": 0.0},
]
PADDING = np.arange(SOURCE) >= np.array([[SOURCE], [2], [4]])


def values(*shape, seed=0, dtype="float32"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def inputs(lib, first, batched=True):
    shapes = [(n, SIZE) for n in (SOURCE, TARGET)]
    if batched:
        shapes = [(BATCH, *s) if first else (s[0], BATCH, s[1]) for s in shapes]
    return [lib.from_numpy(values(*s, seed=i)).requires_grad_() for i, s in enumerate(shapes)]


def encoder_layer(lib, **options):
    return lib.nn.TransformerEncoderLayer(SIZE, HEADS, HIDDEN, **options)


def decoder_layer(lib, **options):
    return lib.nn.TransformerDecoderLayer(SIZE, HEADS, HIDDEN, **options)


KINDS = {
    "encoder layer": encoder_layer,
    "decoder layer": decoder_layer,
    "encoder": lambda lib, **options: lib.nn.TransformerEncoder(
        encoder_layer(lib, **options), 2, norm=lib.nn.LayerNorm(SIZE)
    ),
    "decoder": lambda lib, **options: lib.nn.TransformerDecoder(decoder_layer(lib, **options), 2),
    "transformer": lambda lib, **options: lib.nn.Transformer(SIZE, HEADS, 2, 1, HIDDEN, **options),
}


def make(lib, kind, **options):
    lib.manual_seed(3)
    return KINDS[kind](lib, **options)


def call(lib, kind, layer, source, target, masks):
    """Return the output of ``layer``, with all its masks or with none."""
    causal = lib.nn.Transformer.generate_square_subsequent_mask
    padding = lib.from_numpy(PADDING)
    if kind == "encoder layer":
        given = {"src_mask": causal(SOURCE) < 0, "src_key_padding_mask": padding}
        return layer(source, **(given if masks else {}))
    if kind == "encoder":
        given = {"mask": causal(SOURCE) < 0, "src_key_padding_mask": padding}
        return layer(source, **(given if masks else {}))
    given = {"tgt_mask": causal(TARGET), "memory_key_padding_mask": padding}
    if kind == "transformer":
        given |= {"src_key_padding_mask": padding, "tgt_is_causal": True}
        return layer(source, target, **(given if masks else {}))
    return layer(target, source, **(given if masks else {}))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_parameters_start_and_print_as_torchs(torch, kind, options):
    ours, theirs = make(minigrad, kind, **options), make(torch, kind, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p, q)


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_are_torchs(torch, kind, options, masks):
    """In training, where dropout draws torch's numbers, and in evaluation."""
    found = []
    for lib in (minigrad, torch):
        layer = make(lib, kind, **options)
        source, target = inputs(lib, options.get("batch_first"))
        lib.manual_seed(7)
        output = call(lib, kind, layer, source, target, masks)
        (output * output).sum().backward()
        layer.eval()
        with lib.no_grad():
            evaluated = call(lib, kind, layer, source, target, masks)
        leaves = [*layer.parameters(), source, target]
        found.append([output, evaluated, *(p.grad for p in leaves)])
    for i, (a, b) in enumerate(zip(*found, strict=True)):
        assert (a is None) == (b is None)
        if a is not None:
            assert_close(a, b, rtol=1e-3, atol=5e-5, what=f"result {i}")


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_batch(torch, kind):
    found = []
    for lib in (minigrad, torch):
        layer = make(lib, kind, dropout=0.0)
        found.append(call(lib, kind, layer, *inputs(lib, False, batched=False), masks=False))
    assert_close(*found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"batch_first": True}, {}),
        ({"batch_first": False}, {}),
        ({"batch_first": True, "norm_first": True}, {}),
        ({"batch_first": True, "bias": False}, {}),
        ({"batch_first": True, "activation": "gelu"}, {}),
        ({"batch_first": True}, {"enable_nested_tensor": False}),
        ({"batch_first": True}, {"train": True}),
        ({"batch_first": True}, {"grad": True}),
        ({"batch_first": True}, {"mask": True}),
        ({"batch_first": True}, {"left": True}),
        ({"batch_first": True}, {"float": True}),
    ],
    ids=str,
)
def test_padding_in_evaluation_is_torchs(torch, options, more, norm):
    """torch leaves padding out where it can: zeros come out, which a norm makes its bias."""
    found = []
    padding = PADDING[:, ::-1].copy() if "left" in more else PADDING
    for lib in (minigrad, torch):
        lib.manual_seed(3)
        layer = encoder_layer(lib, dropout=0.0, **options)
        last = lib.nn.LayerNorm(SIZE) if norm else None
        nested = more.get("enable_nested_tensor", True)
        stack = lib.nn.TransformerEncoder(layer, 2, last, enable_nested_tensor=nested)
        stack.train("train" in more)
        source = inputs(lib, options["batch_first"])[0].detach()
        mask = lib.nn.Transformer.generate_square_subsequent_mask(SOURCE)
        given = lib.from_numpy(padding)
        if "float" in more:
            given = lib.zeros(BATCH, SOURCE).masked_fill(given, -float("inf"))
        with lib.set_grad_enabled("grad" in more):
            causal = mask < 0 if "mask" in more else None
            found.append(stack(source, causal, src_key_padding_mask=given))
    assert_close(*found, rtol=1e-4, atol=1e-5)
    if options == {"batch_first": True}:
        zero = found[0].detach()[1, 2:].abs().max() == 0
        assert zero == (not more or "float" in more)


def test_a_custom_activation_encoder_and_decoder():
    layer = nn.TransformerEncoderLayer(4, 2, 8, activation=nn.SiLU())
    assert "(activation): SiLU()" in repr(layer)
    assert layer(minigrad.ones(2, 1, 4)).shape == (2, 1, 4)

    class Same(nn.Module):
        def forward(self, x, *args, **kwargs):
            return x

    model = nn.Transformer(4, 2, custom_encoder=Same(), custom_decoder=Same())
    x = minigrad.ones(2, 1, 4)
    assert model(x, x) is x
    assert list(model.parameters()) == []


def test_copies_start_equal_and_are_not_shared():
    stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2)
    first, second = (layer.linear1.weight for layer in stack.layers)
    assert first is not second and minigrad.equal(first, second)
    with minigrad.no_grad():
        first.add_(1)
    assert not minigrad.equal(first, second)


def test_the_mask_of_what_comes_later():
    mask = nn.Transformer.generate_square_subsequent_mask(3, dtype=minigrad.float64)
    inf = float("inf")
    assert mask.tolist() == [[0, -inf, -inf], [0, 0, -inf], [0, 0, 0]]
    assert mask.dtype is minigrad.float64
    layer = nn.TransformerEncoderLayer(4, 2, 8).eval()
    x = minigrad.randn(3, 1, 4)
    changed = x.clone()
    changed[2] += 1
    a, b = (layer(y, src_mask=mask.float()) for y in (x, changed))
    assert_close(a[:2], b[:2])
    assert not minigrad.allclose(a[2], b[2])


def test_gradients_of_gradients():
    minigrad.manual_seed(0)
    layer = nn.TransformerDecoderLayer(2, 1, 3, 0.0, "gelu", dtype=minigrad.float64)
    check_gradients(layer, *(values(2, 1, 2, seed=i, dtype="float64") for i in range(2)))


@pytest.mark.parametrize(
    "call",
    [
        lambda n, z: n.TransformerEncoderLayer(4, 2, 8, activation="x"),
        lambda n, z: n.TransformerEncoderLayer(4, 3, 8),
        lambda n, z: n.Transformer(4, 2, 1, 1, 8)(z(2, 1, 4), z(2, 2, 4)),
        lambda n, z: n.Transformer(4, 2, 1, 1, 8)(z(2, 1, 5), z(2, 1, 4)),
        lambda n, z: n.Transformer(4, 2, 1, 1, 8)(z(2, 1, 4), z(2, 1, 5)),
        lambda n, z: n.TransformerEncoderLayer(4, 2, 8)(z(4)),
        lambda n, z: n.TransformerEncoder(n.TransformerEncoderLayer(4, 2, 8), 1)(
            z(2, 3, 4), src_key_padding_mask=z(3, 2).long()
        ),
        lambda n, z: n.TransformerEncoder(n.TransformerEncoderLayer(4, 2, 8), 1)(
            z(2, 3, 4), is_causal=True
        ),
    ],
)
def test_wrong_input_raises_what_torch_raises(torch, call):
    errors = []
    for lib in (minigrad, torch):
        with pytest.raises(Exception) as caught:
            call(lib.nn, lib.zeros)
        errors.append((caught.type, str(caught.value).replace("minigrad", "torch")))
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    "name",
    [
        "TransformerEncoderLayer",
        "TransformerDecoderLayer",
        "TransformerEncoder",
        "TransformerDecoder",
        "Transformer",
    ],
)
def test_arguments_are_torchs(torch, name):
    for method in ("__init__", "forward"):
        ours, theirs = (
            [
                (p.name, p.default if not callable(p.default) else p.default.__name__)
                for p in inspect.signature(
                    getattr(getattr(lib.nn, name), method)
                ).parameters.values()
            ]
            for lib in (minigrad, torch)
        )
        assert ours == theirs
