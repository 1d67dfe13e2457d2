"""Attention: scaled_dot_product_attention and MultiheadAttention."""

import math

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad import nn
from minigrad.nn import functional as F


def values(*shape, seed=0, dtype="float32"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def triple(*shapes, dtype="float32"):
    return [values(*shape, seed=i, dtype=dtype) for i, shape in enumerate(shapes)]


BATCHED = (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7)
MASK = np.tril(np.ones((4, 6), bool), 1)
NOWHERE = MASK & (np.arange(4) != 2)[:, None]  # query 2 attends to nothing


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shapes", "options"),
    [
        (((4, 5), (6, 5), (6, 7)), {}),
        (BATCHED, {}),
        (BATCHED, {"is_causal": True}),
        (((3, 6, 5), (3, 4, 5), (3, 4, 5)), {"is_causal": True, "scale": 0.3}),
        (((1, 3, 4, 5), (2, 1, 6, 5), (6, 7)), {"scale": 2.0}),
        (((2, 6, 4, 5), (2, 3, 6, 5), (2, 3, 6, 7)), {"enable_gqa": True}),
        (((2, 6, 4, 5), (2, 2, 6, 5), (2, 2, 6, 5)), {"enable_gqa": True, "is_causal": True}),
        (((2, 4, 5), (2, 0, 5), (2, 0, 3)), {}),
    ],
    ids=str,
)
def test_attention_is_torchs(torch, shapes, options, dtype):
    double = dtype == "float64"  # torch has no gradients of gradients but of its plain form
    every = [torch.nn.attention.SDPBackend.MATH, torch.nn.attention.SDPBackend.FLASH_ATTENTION]
    with torch.nn.attention.sdpa_kernel(every[:1] if double else every):
        compare_with_torch(
            torch,
            lambda lib, *x: lib.nn.functional.scaled_dot_product_attention(*x, **options),
            triple(*shapes, dtype=dtype),
            double=double,
            atol=None if double else 1e-5,
        )


@pytest.mark.parametrize("mask", [MASK, NOWHERE, np.stack([MASK, ~MASK, NOWHERE]), MASK[:1]])
def test_masks_are_torchs(torch, mask):
    added = np.where(mask, values(*mask.shape), -np.inf).astype("float32")
    for m, shapes in ((mask, BATCHED), (added, BATCHED), (mask, ((3, 4, 5), (3, 6, 5), (3, 6, 5)))):
        compare_with_torch(
            torch,
            lambda lib, q, k, v, m: lib.nn.functional.scaled_dot_product_attention(
                q, k, v, attn_mask=m.detach() if m.is_floating_point() else m
            ),
            [*triple(*shapes), m],
            atol=1e-5,
        )


def test_a_mask_may_want_a_gradient(torch):
    compare_with_torch(
        torch,
        lambda lib, *x: lib.nn.functional.scaled_dot_product_attention(*x[:3], attn_mask=x[3]),
        [*triple(*BATCHED, dtype="float64"), values(4, 6, dtype="float64")],
        double=True,
    )


def test_dropout_of_the_weights_is_torchs(torch):
    found = []
    for lib in (minigrad, torch):
        q, k, v = (lib.from_numpy(x) for x in triple(*BATCHED))
        lib.manual_seed(4)
        attention = lib.nn.functional.scaled_dot_product_attention
        found.append(attention(q, k, v, dropout_p=0.4, is_causal=True))
    assert_close(*found, atol=1e-5)


def test_attention_by_hand():
    q = k = minigrad.zeros(2, 3)
    v = minigrad.tensor([[1.0, 2.0], [3.0, 6.0]])
    assert F.scaled_dot_product_attention(q, k, v).tolist() == [[2.0, 4.0], [2.0, 4.0]]
    assert F.scaled_dot_product_attention(q, k, v, is_causal=True).tolist() == [[1, 2], [2, 4]]
    only_second = minigrad.tensor([[False, True], [False, False]])
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=only_second)
    assert out.tolist() == [[3.0, 6.0], [0.0, 0.0]]
    q = minigrad.tensor([[math.log(3.0), 0.0]])
    k = minigrad.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert_close(F.scaled_dot_product_attention(q, k, v, scale=1.0), minigrad.tensor([[1.5, 3.0]]))


@pytest.mark.parametrize("causal", [False, True])
def test_gradients_by_finite_differences(causal):
    check_gradients(
        lambda *x: F.scaled_dot_product_attention(*x, is_causal=causal),
        *triple((2, 3, 2), (2, 2, 2), (2, 2, 1), dtype="float64"),
    )


@pytest.mark.parametrize(
    ("shapes", "options", "message"),
    [
        (((4,), (4,), (4,)), {}, "at least 2 dimensional"),
        (((3, 4), (5, 3), (5, 6)), {}, "cannot be multiplied"),
        (((3, 4), (5, 4), (6, 6)), {}, "cannot be multiplied"),
        (((3, 4), (5, 4), (5, 4)), {"attn_mask": (3, 5), "is_causal": True}, "should not be set"),
        (((3, 4), (5, 4), (5, 4)), {"attn_mask": (3, 4)}, "must match"),
        (((1, 4, 3, 2), (1, 3, 3, 2), (1, 3, 3, 2)), {"enable_gqa": True}, "must divide"),
    ],
)
def test_wrong_shapes(torch, shapes, options, message):
    for lib in (minigrad, torch):
        inputs = [lib.zeros(shape) for shape in shapes]
        given = {k: lib.zeros(v) if isinstance(v, tuple) else v for k, v in options.items()}
        with pytest.raises(RuntimeError, match=message):
            lib.nn.functional.scaled_dot_product_attention(*inputs, **given)


def test_wrong_dtypes():
    x, y = minigrad.zeros(2, 2), minigrad.zeros(2, 2, dtype=minigrad.float64)
    with pytest.raises(RuntimeError, match=r"same floating point.*key.dtype: minigrad.float64"):
        F.scaled_dot_product_attention(x, y, x)
    with pytest.raises(RuntimeError, match="same floating point dtype"):
        F.scaled_dot_product_attention(x.long(), x.long(), x.long())
    with pytest.raises(RuntimeError, match="Expected attn_mask dtype to be bool or float"):
        F.scaled_dot_product_attention(x, x, x, attn_mask=y)
    with pytest.raises(TypeError, match="argument 'key'"):
        F.scaled_dot_product_attention(x, 1, x)


# ---------------------------------------------------------------- several heads

TARGET, SOURCE, BATCH, EMBED, HEADS = 4, 5, 3, 6, 2
OPTIONS = [
    {},
    {"bias": False, "batch_first": True},
    {"kdim": 3, "vdim": 5},
    {"kdim": 3, "bias": False, "add_bias_kv": True},
    {"add_bias_kv": True, "add_zero_attn": True, "batch_first": True},
    {"dropout": 0.4},
]
CALLS = [
    {},
    {"need_weights": False},
    {"average_attn_weights": False},
    {"key_padding_mask": "bool"},
    {"attn_mask": "bool", "key_padding_mask": "bool", "need_weights": False},
    {"attn_mask": "float", "key_padding_mask": "float"},
    {"attn_mask": "heads", "need_weights": False},
]


def make(lib, **options):
    lib.manual_seed(3)
    return lib.nn.MultiheadAttention(EMBED, HEADS, **options)


def masks(lib, call, batched):
    """Return the arguments of a call, with masks in the place of their kinds."""
    padding = np.arange(SOURCE) >= np.array([[SOURCE], [2], [4]])
    shapes = {"bool": (TARGET, SOURCE), "float": (TARGET, SOURCE)}
    shapes["heads"] = (BATCH * HEADS if batched else HEADS, TARGET, SOURCE)
    made = dict(call)
    if "attn_mask" in call:
        mask = values(*shapes[call["attn_mask"]], seed=9)
        mask = mask if call["attn_mask"] == "float" else np.triu(mask > 0, 1)
        made["attn_mask"] = lib.from_numpy(mask)
    if "key_padding_mask" in call:
        mask = padding if call["key_padding_mask"] == "bool" else padding.astype("float32")
        made["key_padding_mask"] = lib.from_numpy(mask if batched else mask[1].copy())
    return made


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_parameters_start_and_print_as_torchs(torch, options):
    ours, theirs = make(minigrad, **options), make(torch, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p, q)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_heads_are_torchs(torch, options, call, batched):
    sizes = (
        (TARGET, EMBED),
        (SOURCE, options.get("kdim", EMBED)),
        (SOURCE, options.get("vdim", EMBED)),
    )
    first = options.get("batch_first")
    shapes = [
        (n, size) if not batched else (BATCH, n, size) if first else (n, BATCH, size)
        for n, size in sizes
    ]
    found = []
    for lib in (minigrad, torch):
        layer = make(lib, **options)
        inputs = [lib.from_numpy(x).requires_grad_() for x in triple(*shapes)]
        lib.manual_seed(6)
        output, weights = layer(*inputs, **masks(lib, call, batched))
        loss = (output * output).sum() + (0 if weights is None else (weights * weights).sum())
        loss.backward()
        leaves = [*layer.parameters(), *inputs]
        found.append([output, *([] if weights is None else [weights]), *(p.grad for p in leaves)])
    for i, (a, b) in enumerate(zip(*found, strict=True)):
        assert_close(a, b, rtol=1e-4, atol=2e-5, what=f"result {i}")


def test_attention_to_itself_and_in_evaluation(torch):
    found = []
    for lib in (minigrad, torch):
        layer = make(lib, batch_first=True, dropout=0.5).eval()
        x = lib.from_numpy(values(BATCH, TARGET, EMBED))
        with lib.no_grad():
            found.append([*layer(x, x, x), layer(x, x, x, need_weights=False)[0]])
    for a, b in zip(*found, strict=True):
        assert_close(a, b, atol=1e-5)


def test_a_causal_hint(torch):
    found = []
    for lib in (minigrad, torch):
        layer, x = make(lib), lib.from_numpy(values(TARGET, BATCH, EMBED))
        mask = lib.nn.Transformer.generate_square_subsequent_mask(TARGET)
        for wanted in (True, False):
            call = {"attn_mask": mask, "is_causal": True, "need_weights": wanted}
            found.append(layer(x, x, x, **call)[0])
        with pytest.raises(RuntimeError, match="Need attn_mask"):
            layer(x, x, x, is_causal=True)
    assert_close(found[0], found[2], atol=1e-5)
    assert_close(found[1], found[3], atol=1e-5)
    assert_close(found[0], found[1], atol=1e-5)


def test_static_keys_and_values(torch):
    compare_with_torch(
        torch,
        lambda lib, q, k, v, w, o: lib.nn.functional.multi_head_attention_forward(
            *(q, q, q, EMBED, HEADS, w, None, None, None, False, 0.0, o, None),
            static_k=k,
            static_v=v,
        ),
        [
            values(TARGET, BATCH, EMBED),
            *triple(*[(BATCH * HEADS, SOURCE, EMBED // HEADS)] * 2),
            values(3 * EMBED, EMBED),
            values(EMBED, EMBED),
        ],
        rtol=1e-4,
        atol=1e-4,
    )


def test_gradients_of_gradients():
    layer = nn.MultiheadAttention(4, 2, dtype=minigrad.float64)
    check_gradients(lambda x: layer(x, x, x)[0], values(2, 1, 4, dtype="float64"))


@pytest.mark.parametrize(
    "call",
    [
        lambda n, x, z: n.MultiheadAttention(4, 3),
        lambda n, x, z: n.MultiheadAttention(0, 2),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, x[0]),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x[0], x, x),
        lambda n, x, z: n.MultiheadAttention(4, 2)(z(4), z(4), z(4)),
        lambda n, x, z: n.MultiheadAttention(5, 1)(x, x, x),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, z(3, 3, 4)),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, x, attn_mask=z(3, 3)),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, x, attn_mask=z(3, 3, 3)),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, x, attn_mask=z(1, 3, 3, 3)),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, x, attn_mask=z(2, 2).long()),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, x, key_padding_mask=z(3)),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x, x, x, key_padding_mask=z(3, 2).long()),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x[0], x[0], x[0], attn_mask=z(1, 3, 3)),
        lambda n, x, z: n.MultiheadAttention(4, 2)(x[0], x[0], x[0], key_padding_mask=z(1, 3)),
    ],
)
def test_wrong_input_raises_what_torch_raises(torch, call):
    errors = []
    for lib in (minigrad, torch):
        with pytest.raises(Exception) as caught:
            call(lib.nn, lib.ones(2, 3, 4), lib.zeros)
        errors.append((caught.type, str(caught.value).replace("minigrad", "torch")))
    assert errors[0] == errors[1]


def test_masks_of_two_kinds_warn():
    layer, x = nn.MultiheadAttention(4, 2), minigrad.ones(2, 3, 4)
    with pytest.warns(UserWarning, match="mismatched"):
        layer(x, x, x, attn_mask=minigrad.zeros(2, 2), key_padding_mask=minigrad.zeros(3, 2) > 0)
