"""Embedding layers: tables whose rows are looked up by number."""

from __future__ import annotations

from typing import Self

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor
from minigrad.types import Device


class _Table(Module):
    """What both layers have: a weight of shape (V, D), and options."""

    # (attribute, value that repr leaves out)
    _shown: tuple[tuple[str, object], ...] = ()

    def _make(self, num_embeddings, embedding_dim, padding_idx, given, freeze, device, dtype):
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(
                    "Padding_idx must be within num_embeddings: "
                    f"got {padding_idx} of {num_embeddings}"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        shape = (num_embeddings, embedding_dim)
        if given is None:
            self.weight = Parameter(empty(shape, device=device, dtype=dtype), not freeze)
            self.reset_parameters()
        elif tuple(given.shape) != shape:
            raise AssertionError(
                "Shape of weight does not match num_embeddings and embedding_dim: "
                f"expected {list(shape)}, got {list(given.shape)}"
            )
        else:
            self.weight = Parameter(given, not freeze)

    def reset_parameters(self) -> None:
        """Draw the table from the standard normal distribution; the padding row is 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.detach()[self.padding_idx] = 0

    def extra_repr(self) -> str:
        shown = [str(self.num_embeddings), str(self.embedding_dim)]
        shown += [
            f"{name}={getattr(self, name)!r}"
            for name, usual in self._shown
            if getattr(self, name) != usual
        ]
        return ", ".join(shown)


def _check_table(embeddings):
    if embeddings.dim() != 2:
        raise AssertionError(
            "Embeddings parameter is expected to be 2-dimensional, "
            f"but its shape is {list(embeddings.shape)}"
        )


class Embedding(_Table):
    """A table of ``num_embeddings`` rows of ``embedding_dim`` numbers, to be looked up.

    Args:
        num_embeddings: number of rows V.
        embedding_dim: their length D.
        padding_idx: a row that starts as 0 and gets no gradient.
        max_norm: rows of a larger norm are shrunk to that when they are looked up.
        norm_type: which norm.
        scale_grad_by_freq: divide the gradient of a row by how often it is looked up.
        sparse: must be False when called.
        device: None or the CPU.
        dtype: dtype of the table; default: the default dtype.

    Shape: int64 or int32 ``(*)`` to ``(*, D)``.

    Attributes:
        weight: ``(V, D)``; starts standard normal.

    Raises AssertionError for ``padding_idx`` out of range; calling it raises IndexError for an
    index out of range.

    Source: ``torch.nn.Embedding``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Embedding(10, 3)(minigrad.tensor([[1, 2, 4, 5], [4, 3, 2, 9]])).shape
        minigrad.Size([2, 4, 3])
    """

    _shown = (
        ("padding_idx", None),
        ("max_norm", None),
        ("norm_type", 2),
        ("scale_grad_by_freq", False),
        ("sparse", False),
    )

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        self._make(num_embeddings, embedding_dim, padding_idx, _weight, _freeze, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.embedding(
            *(input, self.weight, self.padding_idx, self.max_norm),
            *(self.norm_type, self.scale_grad_by_freq, self.sparse),
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """Return a layer whose table is ``embeddings``; with ``freeze`` it is not learned.

        Example::

            >>> import minigrad
            >>> from minigrad import nn
            >>> table = minigrad.tensor([[1.0, 2.3], [4.0, 5.1]])
            >>> nn.Embedding.from_pretrained(table)(minigrad.tensor([1]))
            tensor([[4.0000, 5.1000]])
        """
        _check_table(embeddings)
        return cls(
            num_embeddings=embeddings.shape[0],
            embedding_dim=embeddings.shape[1],
            _weight=embeddings,
            _freeze=freeze,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
        )


class EmbeddingBag(_Table):
    """An :class:`Embedding` that sums the rows of each bag, or takes their mean or maximum.

    Args:
        num_embeddings: number of rows V.
        embedding_dim: their length D.
        max_norm, norm_type, scale_grad_by_freq, sparse: as for :class:`Embedding`.
        mode: "sum", "mean" or "max".
        include_last_offset: whether ``offsets`` also holds the end of the last bag.
        padding_idx: a row that does not count.
        device: None or the CPU.
        dtype: dtype of the table; default: the default dtype.

    Called with (B, N) numbers, or with (N,) numbers and the offsets where each bag starts, and
    perhaps a factor for each number; returns (B, D).

    Source: ``torch.nn.EmbeddingBag``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> bags = nn.EmbeddingBag(10, 3, mode="sum")
        >>> bags(minigrad.tensor([1, 2, 4, 5, 4, 3]), minigrad.tensor([0, 4])).shape
        minigrad.Size([2, 3])
    """

    _shown = (
        ("max_norm", None),
        ("norm_type", 2),
        ("scale_grad_by_freq", False),
        ("mode", None),
        ("padding_idx", None),
    )

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset
        self._make(num_embeddings, embedding_dim, padding_idx, _weight, False, device, dtype)

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        return F.embedding_bag(
            *(input, self.weight, offsets, self.max_norm, self.norm_type),
            *(self.scale_grad_by_freq, self.mode, self.sparse, per_sample_weights),
            *(self.include_last_offset, self.padding_idx),
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """Return a layer whose table is ``embeddings``; with ``freeze`` it is not learned."""
        _check_table(embeddings)
        layer = cls(
            num_embeddings=embeddings.shape[0],
            embedding_dim=embeddings.shape[1],
            _weight=embeddings,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        layer.weight.requires_grad = not freeze
        return layer
