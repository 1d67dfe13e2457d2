"""Transformer: layers of attention and small perceptrons, stacks of them, and both together."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from minigrad.dtypes import dtype
from minigrad.grad_mode import is_grad_enabled
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.modules.activation import GELU, ReLU
from minigrad.nn.modules.attention import MultiheadAttention
from minigrad.nn.modules.container import ModuleList
from minigrad.nn.modules.dropout import Dropout
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module
from minigrad.nn.modules.normalization import LayerNorm
from minigrad.ops.attention import canonical_mask
from minigrad.ops.creation import full
from minigrad.tensor import Tensor
from minigrad.types import Device


def _activation(given: str | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return an activation given by name, "relu" or "gelu", or as what can be called."""
    if not isinstance(given, str):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return F.relu if given == "relu" else F.gelu


def _copies(module, count):
    return ModuleList([copy.deepcopy(module) for _ in range(count)])


class _Layer(Module):
    """What encoder and decoder layers share: a perceptron, and how parts are joined."""

    def _add_perceptron(self, d_model, dim_feedforward, dropout, norms, layer_norm_eps, options):
        """Register the perceptron's layers, ``norms`` norms and as many dropouts."""
        bias = {"bias": options.pop("bias")}
        self.linear1 = Linear(d_model, dim_feedforward, **bias, **options)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **bias, **options)
        for i in range(norms):
            setattr(self, f"norm{i + 1}", LayerNorm(d_model, layer_norm_eps, **bias, **options))
        for i in range(norms):
            setattr(self, f"dropout{i + 1}", Dropout(dropout))

    def _perceptron(self, x):
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _through(self, x, *parts):
        """Add to ``x`` each part of it in turn, with a norm before the part or after the sum."""
        for i, part in enumerate(parts, 1):
            norm, dropout = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
            x = x + dropout(part(norm(x))) if self.norm_first else norm(x + dropout(part(x)))
        return x


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then a perceptron for each element.

    Both are added to what goes into them, and a LayerNorm follows each sum.

    Args:
        d_model: size of the elements.
        nhead: heads of the attention.
        dim_feedforward: size of the perceptron's hidden layer.
        dropout: probability of a zero, in four places, while training.
        activation: "relu", "gelu" or a function.
        layer_norm_eps: ``eps`` of the norms.
        batch_first: whether input and output are ``(N, T, E)`` rather than ``(T, N, E)``.
        norm_first: whether the norms come before attention and perceptron, not after the sums.
        bias: whether linear layers and norms have biases.
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape: src and output ``(T, N, d_model)`` or ``(T, d_model)``; the masks are those of
    :class:`MultiheadAttention`.

    Raises RuntimeError for another activation's name.

    Source: ``torch.nn.TransformerEncoderLayer``; Vaswani et al., 2017.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> layer = nn.TransformerEncoderLayer(d_model=8, nhead=2, dim_feedforward=16)
        >>> layer(minigrad.zeros(5, 3, 8)).shape
        minigrad.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, batch_first=batch_first, **options
        )
        self._add_perceptron(d_model, dim_feedforward, dropout, 2, layer_norm_eps, options)
        self.norm_first = norm_first
        self.activation = _activation(activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        padding = canonical_mask(src_key_padding_mask, src.dtype, "src_key_padding_mask")
        mask = canonical_mask(src_mask, src.dtype, "src_mask")

        def attention(x):
            return self.self_attn(
                *(x, x, x), padding, need_weights=False, attn_mask=mask, is_causal=is_causal
            )[0]

        return self._through(src, attention, self._perceptron)


class TransformerDecoderLayer(_Layer):
    """Attention of a sequence to itself, then to another one, then a perceptron for each element.

    Arguments as for :class:`TransformerEncoderLayer`.

    Shape: tgt and output ``(T, N, d_model)`` or ``(T, d_model)``, memory, the other sequence,
    ``(S, N, d_model)`` or ``(S, d_model)``; the masks are those of :class:`MultiheadAttention`.

    Source: ``torch.nn.TransformerDecoderLayer``; Vaswani et al., 2017.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> layer = nn.TransformerDecoderLayer(d_model=8, nhead=2, dim_feedforward=16)
        >>> layer(minigrad.zeros(5, 3, 8), memory=minigrad.zeros(7, 3, 8)).shape
        minigrad.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        for name in ("self_attn", "multihead_attn"):
            attention = MultiheadAttention(
                d_model, nhead, dropout, batch_first=batch_first, **options
            )
            setattr(self, name, attention)
        self._add_perceptron(d_model, dim_feedforward, dropout, 3, layer_norm_eps, options)
        self.norm_first = norm_first
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        def to_itself(x):
            masks = {"key_padding_mask": tgt_key_padding_mask, "attn_mask": tgt_mask}
            return self.self_attn(*(x, x, x), **masks, is_causal=tgt_is_causal, need_weights=False)[
                0
            ]

        def to_memory(x):
            masks = {"key_padding_mask": memory_key_padding_mask, "attn_mask": memory_mask}
            return self.multihead_attn(
                *(x, memory, memory), **masks, is_causal=memory_is_causal, need_weights=False
            )[0]

        return self._through(tgt, to_itself, to_memory, self._perceptron)


class TransformerEncoder(Module):
    """``num_layers`` copies of an encoder layer, one after the other.

    Args:
        encoder_layer: a :class:`TransformerEncoderLayer`; all copies start as it is.
        num_layers: how many.
        norm: a layer for the output, or None.
        enable_nested_tensor: see below.
        mask_check: accepted and changes nothing.

    Shape: as of one layer.

    With ``enable_nested_tensor``, elements that ``src_key_padding_mask`` masks are zero in the
    output (before ``norm``) wherever they are in torch: in evaluation mode without gradients, of
    batch-first layers without ``norm_first`` whose number of heads is even, without ``mask``, if
    they are at the end.

    Source: ``torch.nn.TransformerEncoder``; Vaswani et al., 2017.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
        >>> nn.TransformerEncoder(layer, num_layers=2)(minigrad.zeros(3, 5, 8)).shape
        minigrad.Size([3, 5, 8])
    """

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        padding = canonical_mask(src_key_padding_mask, src.dtype, "src_key_padding_mask")
        mask = canonical_mask(mask, src.dtype, "mask")
        output = src
        for layer in self.layers:
            output = layer(output, mask, src_key_padding_mask=padding, is_causal=bool(is_causal))
        if padding is not None and mask is None and self._leaves_out(padding, src):
            output = output.masked_fill((padding != 0).unsqueeze(-1), 0)
        return output if self.norm is None else self.norm(output)

    def _leaves_out(self, padding, src):
        """Whether torch computes this without the masked elements, whose output is then zero."""
        first, kept = self.layers[0], padding == 0
        if not self.enable_nested_tensor or type(first) is not TransformerEncoderLayer:
            return False
        needs_gradients = is_grad_enabled() and any(
            x.requires_grad for x in (src, *first.parameters())
        )
        relu_or_gelu = first.activation in (F.relu, F.gelu) or isinstance(
            first.activation, (ReLU, GELU)
        )
        return (
            not (first.training or first.norm_first or needs_gradients)
            and first.self_attn.batch_first
            and first.self_attn.in_proj_bias is not None
            and first.self_attn.num_heads % 2 == 0
            and first.norm1.eps == first.norm2.eps
            and relu_or_gelu
            and src.dim() == 3
            and bool((kept[:, 1:] <= kept[:, :-1]).all())  # all padding is at the end
        )


class TransformerDecoder(Module):
    """``num_layers`` copies of a decoder layer, one after the other.

    Args:
        decoder_layer: a :class:`TransformerDecoderLayer`; all copies start as it is.
        num_layers: how many.
        norm: a layer for the output, or None.

    Shape: as of one layer.

    Source: ``torch.nn.TransformerDecoder``; Vaswani et al., 2017.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16), num_layers=2)
        >>> decoder(minigrad.zeros(5, 3, 8), memory=minigrad.zeros(7, 3, 8)).shape
        minigrad.Size([5, 3, 8])
    """

    def __init__(
        self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder of one sequence, and a decoder of another that attends to the encoder's output.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype: those of :class:`TransformerEncoderLayer`.
        num_encoder_layers, num_decoder_layers: how many of each.
        custom_encoder, custom_decoder: to be used in place of them.

    Shape: src ``(S, N, d_model)``, tgt and output ``(T, N, d_model)``, or all without N; the masks
    are those of :class:`MultiheadAttention`.

    Raises RuntimeError if the batches differ or a size is not ``d_model``.

    Source: ``torch.nn.Transformer``; Vaswani et al., 2017.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> model = nn.Transformer(8, 2, 1, 1, dim_feedforward=16)
        >>> model(minigrad.zeros(7, 3, 8), minigrad.zeros(5, 3, 8)).shape
        minigrad.Size([5, 3, 8])
        >>> model.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = F.relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        settings = (
            *(d_model, nhead, dim_feedforward, dropout),
            *(activation, layer_norm_eps, batch_first, norm_first),
        )
        self.encoder: Any = custom_encoder
        self.decoder: Any = custom_decoder
        if custom_encoder is None:
            self.encoder = TransformerEncoder(
                TransformerEncoderLayer(*settings, **options),
                num_encoder_layers,
                LayerNorm(d_model, eps=layer_norm_eps, **options),
            )
        if custom_decoder is None:
            self.decoder = TransformerDecoder(
                TransformerDecoderLayer(*settings, **options),
                num_decoder_layers,
                LayerNorm(d_model, eps=layer_norm_eps, **options),
            )
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self):
        for parameter in self.parameters():
            if parameter.dim() > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        batched = src.dim() == 3
        dim = 0 if self.batch_first else 1
        if batched and (tgt.dim() != 3 or src.size(dim) != tgt.size(dim)):
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: Device = None, dtype: dtype | None = None
    ) -> Tensor:
        """Return the mask ``(sz, sz)`` with which each element attends to none behind it."""
        return full((sz, sz), -math.inf, device=device, dtype=dtype).triu(1)
