"""AdaptiveLogSoftmaxWithLoss: a softmax over many classes that computes little for rare ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn.modules.container import ModuleList, Sequential
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module
from minigrad.ops.elementwise import where
from minigrad.ops.join import cat
from minigrad.tensor import Tensor
from minigrad.types import Device


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and the mean of their negatives."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of targets among many classes, sorted from frequent to rare; their loss.

    The classes below ``cutoffs[0]`` have a place each in the head, the others share one for each
    cluster, from a cutoff to the next; a tail with fewer features tells them apart, and is computed
    only for samples whose target is in its cluster.

    Args:
        in_features: the size of an input.
        n_classes: how many classes there are.
        cutoffs: where clusters begin, rising, between 1 and ``n_classes - 1``.
        div_value: the tail of cluster i has ``in_features // div_value**i`` features.
        head_bias: whether the head has a bias.

    Shapes: input (N, in_features), target (N), or (in_features) and (); the result is a named tuple
    of output, (N) or (), and loss, ().  ValueError for wrong cutoffs, RuntimeError for targets that
    are no classes.

    Source: ``torch.nn.AdaptiveLogSoftmaxWithLoss``; E. Grave et al., "Efficient softmax
    approximation for GPUs", 2016.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> layer = nn.AdaptiveLogSoftmaxWithLoss(16, 100, cutoffs=[10, 50])
        >>> output, loss = layer(minigrad.randn(3, 16), minigrad.tensor([0, 20, 99]))
        >>> output.shape
        minigrad.Size([3])
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if (
            cutoffs != sorted(set(cutoffs))
            or min(cutoffs) <= 0
            or max(cutoffs) > n_classes - 1
            or any(int(c) != c for c in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                f"order, where each value is between 1 and n_classes-1, but got {cutoffs}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        like: dict[str, Any] = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **like)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(self._clusters(), 1):
            width = int(in_features // div_value**i)
            self.tail.append(
                Sequential(
                    Linear(in_features, width, bias=False, **like),
                    Linear(width, high - low, bias=False, **like),
                )
            )

    def _clusters(self):
        return list(zip(self.cutoffs, self.cutoffs[1:], strict=False))

    def reset_parameters(self) -> None:
        """Draw all weights again."""
        self.head.reset_parameters()
        for layers in self.tail:
            for layer in layers.children():
                layer.reset_parameters()

    def forward(self, input: Tensor, target: Tensor) -> _ASMoutput:
        if target.dim() > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if target.dim() == 0:
            if input.dim() != 1:
                raise RuntimeError("0D target tensor expects 1D input tensor")
            output, loss = self(input.unsqueeze(0), target.unsqueeze(0))
            return _ASMoutput(output.squeeze(0), loss)
        if input.size(0) != target.size(0):
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension, but got "
                f"{list(input.shape)} and {list(target.shape)}"
            )
        if input.dim() != 2:
            raise RuntimeError("1D target tensor expects 2D input tensor")
        if target.numel() and not (target.min() >= 0 and target.max() < self.n_classes):
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found."
            )
        cluster: Any = sum((target >= low).to(target.dtype) for low in self.cutoffs[:-1])
        place = where(cluster == 0, target, self.shortlist_size - 1 + cluster)
        output = F.log_softmax(self.head(input), 1).gather(1, place.unsqueeze(1)).squeeze(1)
        for i, (low, _) in enumerate(self._clusters(), 1):
            rows = (cluster == i).nonzero().squeeze(1)
            if rows.numel():
                inside = F.log_softmax(self.tail[i - 1](input[rows]), 1)
                own = inside.gather(1, (target[rows] - low).unsqueeze(1)).squeeze(1)
                output = output.index_add(0, rows, own)
        return _ASMoutput(output, (-output).mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """Return the log-probabilities of all classes: (N, in_features) -> (N, n_classes)."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail, self.shortlist_size):
            parts.append(F.log_softmax(tail(input), 1) + head[:, i : i + 1])
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """Return the most probable class of each sample: (N, in_features) -> (N), int64."""
        best = self.head(input).argmax(1)
        rows = (best >= self.shortlist_size).nonzero().squeeze(1)  # some cluster: which class?
        if rows.numel():
            best[rows] = self.log_prob(input[rows]).argmax(1)
        return best
