"""Attention: each query takes a mean of the values, weighted by how well the keys fit it.

    attention(q, k, v) = softmax(q k^T / sqrt(E)) v

``multi_head_attention_forward`` projects its input to several such triples, the heads, and joins
what comes out.  Everything is composed of recorded ops, and so are the gradients.
"""

from __future__ import annotations

import math
import warnings
from typing import Any, overload

from minigrad.dtypes import bool_, dtype, float16, float32
from minigrad.ops.creation import ones, zeros, zeros_like
from minigrad.ops.dropout import dropout
from minigrad.ops.join import cat
from minigrad.ops.linalg import linear, matmul
from minigrad.ops.recorded import labelled
from minigrad.ops.softmax import softmax
from minigrad.tensor import Tensor


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: Tensor | float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Return ``softmax(query @ key.T * scale + attn_mask) @ value``.

    Args:
        query: (..., L, E).
        key: (..., S, E).
        value: (..., S, Ev); leading dimensions broadcast.
        attn_mask: broadcasts to (..., L, S); bool, True where a query may attend, or float32 or of
            the query's dtype, added to the scores.  A query that may attend nowhere gets zeros.
        dropout_p: probability with which a weight becomes zero, always, not only in training.
        is_causal: whether query i may attend to keys 0 to i only.
        scale: default 1 / sqrt(E).
        enable_gqa: whether dimension -3 of key and value is repeated to match the query's.

    Shape of the output: (..., L, Ev).  RuntimeError for shapes or dtypes that do not fit, or
    ``attn_mask`` and ``is_causal`` together.

    Source: torch.nn.functional.scaled_dot_product_attention; Vaswani et al., 2017.

    >>> import minigrad
    >>> import minigrad.nn.functional as F
    >>> q = k = minigrad.zeros(2, 3)
    >>> v = minigrad.tensor([[1.0], [3.0]])
    >>> F.scaled_dot_product_attention(q, k, v, is_causal=True)
    tensor([[1.],
            [2.]])
    """
    _check_attention(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        key, value = (_repeat_heads(x, query.size(-3)) for x in (key, value))
    if query.dtype is float16:  # computed in float32
        query, key, value = query.float(), key.float(), value.float()
        if attn_mask is not None and attn_mask.dtype is not bool_:
            attn_mask = attn_mask.float()
        return scaled_dot_product_attention(
            query, key, value, attn_mask, dropout_p, is_causal, scale=scale
        ).half()
    scale = 1.0 / math.sqrt(max(query.size(-1), 1)) if scale is None else scale
    scores = matmul(query * scale, key.transpose(-2, -1))
    if is_causal:
        attn_mask = ones(query.size(-2), key.size(-2), dtype=bool_).tril()
    if attn_mask is not None:
        if attn_mask.dtype is bool_:
            attn_mask = canonical_mask(attn_mask.logical_not(), scores.dtype)
        scores = scores + attn_mask.to(scores.dtype)
    nowhere = None if attn_mask is None else (attn_mask == -math.inf).all(-1, keepdim=True)
    if nowhere is None or not nowhere.any():
        weights = softmax(scores, -1)
    else:
        weights = softmax(scores.masked_fill(nowhere, 0), -1).masked_fill(nowhere, 0)
    if dropout_p > 0:
        if dropout_p > 1:
            raise RuntimeError(
                f"dropout probability has to be between 0 and 1, but got {dropout_p}"
            )
        weights = dropout(weights, dropout_p)
    out = matmul(weights, value)
    if query.dim() == 4 and dropout_p == 0:
        labelled(out, "ScaledDotProductFlashAttentionForCpuBackward0")
    return out


def _check_attention(query, key, value, attn_mask, is_causal):
    inputs = {"query": query, "key": key, "value": value}
    for i, (name, x) in enumerate(inputs.items()):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"scaled_dot_product_attention(): argument '{name}' (position {i + 1}) must be "
                f"Tensor, not {type(x).__name__}"
            )
    if min(x.dim() for x in inputs.values()) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be at least 2 dimensional, but got "
            f"{', '.join(f'{name}.dim: {x.dim()}' for name, x in inputs.items())} instead."
        )
    if not query.dtype == key.dtype == value.dtype or not query.is_floating_point():
        raise RuntimeError(
            "Expected query, key, and value to have the same floating point dtype, but got "
            f"{', '.join(f'{name}.dtype: {x.dtype}' for name, x in inputs.items())} instead."
        )
    if attn_mask is None:
        return
    if is_causal:
        raise RuntimeError(
            "scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True"
        )
    if attn_mask.dtype not in (bool_, float32, query.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {attn_mask.dtype} and query.dtype: {query.dtype} instead."
        )


def _repeat_heads(x, heads):
    """Return ``x`` with each item of dimension -3 repeated, to make ``heads`` of them."""
    if x.size(-3) == 0 or heads % x.size(-3):
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query, but got "
            f"{x.size(-3)} and {heads}"
        )
    shape = list(x.shape)
    repeated = x.unsqueeze(-3).expand(*shape[:-2], heads // x.size(-3), *shape[-2:])
    return repeated.reshape(*shape[:-3], heads, *shape[-2:])


# ---------------------------------------------------------------- several heads


@overload
def canonical_mask(mask: Tensor, dtype: dtype | None, name: str = ...) -> Tensor: ...
@overload
def canonical_mask(mask: Tensor | None, dtype: dtype | None, name: str = ...) -> Tensor | None: ...
def canonical_mask(
    mask: Tensor | None, dtype: dtype | None, name: str = "attn_mask"
) -> Tensor | None:
    """Return a mask as what is added to the scores: of a bool one, -inf where it is True.

    ``None`` stays None; AssertionError for a mask of another dtype that is no float.
    """
    if mask is None:
        return None
    if mask.dtype is bool_:
        return zeros_like(mask, dtype=dtype).masked_fill(mask, -math.inf)
    if not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    return mask


def _check_shapes(query, key, value, key_padding_mask, attn_mask, heads):
    """Raise AssertionError, as torch does, unless all have fitting numbers of dimensions."""
    if query.dim() not in (2, 3):
        raise AssertionError(
            "query should be unbatched 2D or batched 3D tensor but received "
            f"{query.dim()}-D query tensor"
        )
    dims, kind = query.dim(), "unbatched" if query.dim() == 2 else "batched"
    start = f"For {kind} ({dims}-D) `query`, expected"
    if key.dim() != dims or value.dim() != dims:
        raise AssertionError(
            f"{start} `key` and `value` to be {dims}-D but found {key.dim()}-D and "
            f"{value.dim()}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != dims - 1:
        raise AssertionError(
            f"{start} `key_padding_mask` to be `None` or {dims - 1}-D but found "
            f"{key_padding_mask.dim()}-D tensor instead"
        )
    if attn_mask is None:
        return
    if attn_mask.dim() not in (2, 3):
        raise AssertionError(
            f"{start} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor "
            "instead"
        )
    expected = (heads, query.size(0), key.size(0))
    if dims == 2 and attn_mask.dim() == 3 and attn_mask.shape != expected:
        raise AssertionError(
            f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}"
        )


def _check_sizes(query, key, value, embed_dim, heads, separate):
    if query.size(-1) != embed_dim:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim}, but got {query.size(-1)}"
        )
    if embed_dim % heads:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _merged_mask(attn_mask, key_padding_mask, batch, heads, target, source):
    """Return both masks, of floats, as one that broadcasts to (batch, heads, target, source)."""
    if attn_mask is not None:
        expected = (target, source) if attn_mask.dim() == 2 else (batch * heads, target, source)
        if attn_mask.shape != expected:
            raise RuntimeError(
                f"The shape of the {attn_mask.dim()}D attn_mask is {attn_mask.shape}, but should "
                f"be {expected}."
            )
        if attn_mask.dim() == 3:
            attn_mask = attn_mask.view(batch, heads, target, source)
    if key_padding_mask is None:
        return attn_mask
    if key_padding_mask.shape != (batch, source):
        raise AssertionError(
            f"Expected key_padding_mask of shape {(batch, source)}, but got "
            f"{tuple(key_padding_mask.shape)}"
        )
    key_padding_mask = key_padding_mask.view(batch, 1, 1, source)
    return key_padding_mask if attn_mask is None else attn_mask + key_padding_mask


def _widen(mask):
    """Return a mask of keys with one more, which may be attended to; None of None."""
    return None if mask is None else cat([mask, zeros(*mask.shape[:-1], 1, dtype=mask.dtype)], -1)


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Return what :class:`minigrad.nn.MultiheadAttention` does, and its weights or None.

    Args:
        query, key, value: (L, N, E), (S, N, kdim), (S, N, vdim), or all without N.
        embed_dim_to_check: E.
        num_heads: how many parts of E, the heads, attend on their own.
        in_proj_weight, in_proj_bias: (3 E, E) and (3 E,), for query, key and value.
        bias_k, bias_v: (1, 1, E), one more key and value, or None.
        add_zero_attn: whether zeros are one more key and value.
        dropout_p: probability with which a weight becomes zero while ``training``.
        out_proj_weight, out_proj_bias: (E, E) and (E,).
        key_padding_mask: (N, S), bool (True: no query attends to this key) or added to the scores.
        need_weights: whether the weights are wanted.
        attn_mask: (L, S) or (N * num_heads, L, S), bool or added to the scores as the other.
        use_separate_proj_weight: whether the three next take the place of ``in_proj_weight``.
        q_proj_weight, k_proj_weight, v_proj_weight: (E, E), (E, kdim), (E, vdim).
        static_k, static_v: (N * num_heads, S, E / num_heads), to use for key and value.
        average_attn_weights: whether the weights are (N, L, S) or (N, num_heads, L, S).
        is_causal: a hint that ``attn_mask`` is the causal one.

    Source: torch.nn.functional.multi_head_attention_forward; Vaswani et al., 2017.
    """
    _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    batched = query.dim() == 3
    if not batched:
        lifted = {id(x): x.unsqueeze(1) for x in (query, key, value)}  # one stays one
        query, key, value = (lifted[id(x)] for x in (query, key, value))
        if key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    masks = [mask for mask in (key_padding_mask, attn_mask) if mask is not None]
    if len(masks) == 2 and masks[0].dtype != masks[1].dtype:
        warnings.warn(
            "Support for mismatched key_padding_mask and attn_mask is deprecated. Use same type "
            "for both instead.",
            stacklevel=2,
        )
    key_padding_mask = canonical_mask(key_padding_mask, query.dtype, "key_padding_mask")
    attn_mask = canonical_mask(attn_mask, query.dtype)
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)

    # the projections
    if in_proj_weight is not None and query is key is value and not use_separate_proj_weight:
        q, k, v = linear(query, in_proj_weight, in_proj_bias).chunk(3, -1)
    else:
        separate: tuple[Any, ...] = q_proj_weight, k_proj_weight, v_proj_weight
        packed = None if use_separate_proj_weight else in_proj_weight
        projections = separate if packed is None else packed.chunk(3)
        biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
        triples = zip((query, key, value), projections, biases, strict=True)
        q, k, v = (linear(x, w, b) for x, w, b in triples)

    # more keys and values, then heads: (N, heads, L or S, E / heads)
    target, batch, embed_dim = query.shape
    size = embed_dim // num_heads
    if bias_k is not None and bias_v is not None:
        k = cat([k, bias_k.expand(1, batch, embed_dim)])
        v = cat([v, bias_v.expand(1, batch, embed_dim)])
        attn_mask, key_padding_mask = _widen(attn_mask), _widen(key_padding_mask)
    q, k, v = (x.reshape(x.size(0), batch, num_heads, size).permute(1, 2, 0, 3) for x in (q, k, v))
    if static_k is not None:
        k = static_k.reshape(batch, num_heads, static_k.size(1), size)
    if static_v is not None:
        v = static_v.reshape(batch, num_heads, static_v.size(1), size)
    if add_zero_attn:
        more = zeros(batch, num_heads, 1, size, dtype=k.dtype)
        k, v = cat([k, more], 2), cat([v, more], 2)
        attn_mask, key_padding_mask = _widen(attn_mask), _widen(key_padding_mask)

    mask = _merged_mask(attn_mask, key_padding_mask, batch, num_heads, target, k.size(2))
    dropout_p = dropout_p if training else 0.0
    weights: Tensor | None = None
    if need_weights:
        scores = matmul(q * math.sqrt(1.0 / size), k.transpose(-2, -1))
        attended = dropout(softmax(scores if mask is None else scores + mask, -1), dropout_p)
        heads = matmul(attended, v)
        weights = attended.mean(1) if average_attn_weights else attended
    else:
        heads = scaled_dot_product_attention(q, k, v, mask, dropout_p)
    joined = heads.permute(2, 0, 1, 3).reshape(target, batch, embed_dim)
    output = linear(joined, out_proj_weight, out_proj_bias)
    if not batched:
        return output.squeeze(1), None if weights is None else weights.squeeze(0)
    return output, weights
