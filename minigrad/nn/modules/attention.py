"""MultiheadAttention."""

from __future__ import annotations

from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor
from minigrad.types import Device


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear under the name that torch prints for the last layer of MultiheadAttention."""


class MultiheadAttention(Module):
    """Attention by several heads, each to its own projection of query, key and value.

    ``head_i = softmax(q_i k_i^T / sqrt(size)) v_i``, where ``q_i``, ``k_i`` and ``v_i`` are parts
    of the projected inputs; the heads, joined, are projected once more.

    Args:
        embed_dim: size of the query and of the output.
        num_heads: how many heads; divides ``embed_dim``.
        dropout: probability with which a weight becomes zero while training.
        bias: whether the projections have biases.
        add_bias_kv: whether a learned key and value join the given ones.
        add_zero_attn: whether zeros join the given keys and values.
        kdim, vdim: sizes of key and value; default: ``embed_dim``.
        batch_first: whether input and output are ``(N, L, E)`` rather than ``(L, N, E)``.
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape:
        query ``(L, N, embed_dim)``, key ``(S, N, kdim)``, value ``(S, N, vdim)``, or all without N.
        key_padding_mask ``(N, S)``, attn_mask ``(L, S)`` or ``(N * num_heads, L, S)``: bool, True
        where no query attends, or floats that are added to the scores.
        The output, ``(L, N, embed_dim)``, is returned with the weights if ``need_weights`` (else
        with None): ``(N, L, S)``, or ``(N, num_heads, L, S)`` if not ``average_attn_weights``.

    Raises ValueError if a size is not positive, AssertionError if ``num_heads`` does not divide
    ``embed_dim``, and at the call AssertionError or RuntimeError for shapes that do not fit.

    Source: ``torch.nn.MultiheadAttention``; Vaswani et al., 2017.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> attention = nn.MultiheadAttention(8, num_heads=2, batch_first=True)
        >>> x = minigrad.zeros(3, 5, 8)
        >>> output, weights = attention(x, x, x)
        >>> output.shape, weights.shape
        (minigrad.Size([3, 5, 8]), minigrad.Size([3, 5, 5]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        options: dict[str, Any] = {"device": device, "dtype": dtype}
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")

        together = {"in_proj_weight": (3 * embed_dim, embed_dim)}
        apart = {
            "q_proj_weight": (embed_dim, embed_dim),
            "k_proj_weight": (embed_dim, self.kdim),
            "v_proj_weight": (embed_dim, self.vdim),
        }
        there, absent = (together, apart) if self._qkv_same_embed_dim else (apart, together)
        for name, shape in there.items():
            self.register_parameter(name, Parameter(empty(shape, **options)))
        for name in absent:
            self.register_parameter(name, None)
        self.register_parameter(
            "in_proj_bias", Parameter(empty(3 * embed_dim, **options)) if bias else None
        )
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **options)
        for name in ("bias_k", "bias_v"):
            setattr(
                self, name, Parameter(empty(1, 1, embed_dim, **options)) if add_bias_kv else None
            )
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self):
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        turned = self.batch_first and query.dim() == 3
        if turned:
            swapped = {id(x): x.transpose(0, 1) for x in (query, key, value)}  # one stays one
            query, key, value = (swapped[id(x)] for x in (query, key, value))
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (output.transpose(0, 1) if turned else output), weights
