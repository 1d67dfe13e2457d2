"""Batch normalisation layers, for inputs of one, two and three spatial dimensions."""

from __future__ import annotations

from typing import Any

import minigrad
from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.norm import batch_norm_relu, count_batch
from minigrad.tensor import Tensor
from minigrad.types import Device


class _NormBase(Module):
    """What layers that normalise by running statistics have in common: all but the forward."""

    _version = 2  # since version 2 the state holds num_batches_tracked

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"device": device, "dtype": dtype}
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(
                name, Parameter(minigrad.empty(num_features, **options)) if wanted else None
            )
        if track_running_stats:
            self.register_buffer("running_mean", minigrad.zeros(num_features, **options))
            self.register_buffer("running_var", minigrad.ones(num_features, **options))
            self.register_buffer(
                "num_batches_tracked", minigrad.tensor(0, dtype=minigrad.int64, device=device)
            )
        else:
            self.register_buffer("running_mean", None)
            self.register_buffer("running_var", None)
            self.register_buffer("num_batches_tracked", None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the count of batches to 0."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Reset the running statistics, and set the weight to 1 and the bias to 0."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input):
        raise NotImplementedError(
            f"{self._get_name()} does not define _check_input_dim, which says what inputs it takes"
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *arguments):
        if (local_metadata.get("version") or 1) < 2 and self.track_running_stats:
            counted = self.num_batches_tracked
            state_dict.setdefault(
                prefix + "num_batches_tracked",
                minigrad.tensor(0, dtype=minigrad.int64) if counted is None else counted,
            )
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *arguments)


class _BatchNorm(_NormBase):
    """The forward of the batch norm layers; a subclass says what inputs it takes."""

    def forward(self, input: Tensor) -> Tensor:
        return self._normalise(input, F.batch_norm)

    def forward_relu(self, input: Tensor) -> Tensor:
        """Return ``relu(self(input))``, and record the two, in one pass over memory less."""
        return self._normalise(input, batch_norm_relu)

    def _normalise(self, input, batch_norm):
        self._check_input_dim(input)
        counter = self.num_batches_tracked if self.training and self.track_running_stats else None
        momentum = self.momentum
        if momentum is None:  # the plain average over all batches so far
            momentum = 0.0 if counter is None else 1.0 / (int(counter) + 1)
        # A layer that has statistics but is told not to track them leaves them alone in training,
        # and still uses them in evaluation.
        known = not self.training or self.track_running_stats
        output = batch_norm(
            input,
            self.running_mean if known else None,
            self.running_var if known else None,
            self.weight,
            self.bias,
            self.training or (self.running_mean is None and self.running_var is None),
            momentum,
            self.eps,
        )
        if counter is not None:  # at last: a call that fails is no batch
            count_batch(counter)
        return output

    # The numbers of dimensions that a subclass takes, and how an error puts them.
    _input_dims: tuple[int, ...] = ()
    _input_dims_text = ""

    def _check_input_dim(self, input):
        if input.dim() not in self._input_dims:
            raise ValueError(
                f"expected {self._input_dims_text} input (got {input.dim()}D input) of "
                f"{self.num_features} channels (N, C, *), but its size is {list(input.shape)}"
            )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L): every channel gets mean 0 and variance 1.

    ``y = (x - mean) / sqrt(var + eps) * weight + bias``, the mean and the (biased) variance being
    those of each channel in the batch while training, and the running ones in evaluation, after
    :meth:`eval`.

    Args:
        num_features: the number of channels C.
        eps: added to the variance.
        momentum: how fast the running statistics follow those of the batches: ``running = (1 -
            momentum) * running + momentum * batch``.  None: the average over all batches so far.
        affine: whether there are a weight and a bias to learn; they start as 1 and 0.
        track_running_stats: whether to keep running statistics.  Without them the statistics of
            the batch are used in evaluation, too.
        device: None or the CPU.
        dtype: dtype of parameters and statistics; default: the default dtype.
        bias: whether ``affine`` includes a bias.

    Shape: (N, C) or (N, C, L), and the output likewise.  In training there must be more than one
    value per channel.

    Attributes:
        weight, bias: (C,), or None.
        running_mean, running_var: (C,), or None.  The variance is the unbiased one.
        num_batches_tracked: 0-d int64, or None.

    Raises ValueError for an input of other dimensions or one value per channel, RuntimeError for
    one of another number of channels.

    Source: ``torch.nn.BatchNorm1d``; S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating
    Deep Network Training by Reducing Internal Covariate Shift", 2015.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> layer = nn.BatchNorm1d(2)
        >>> layer(minigrad.tensor([[1.0, -5.0], [3.0, 5.0]]))
        tensor([[-1.0000, -1.0000],
                [ 1.0000,  1.0000]], grad_fn=<NativeBatchNormBackward0>)
        >>> layer.running_mean
        tensor([0.2000, 0.0000])
    """

    _input_dims = (2, 3)
    _input_dims_text = "2D or 3D"


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W); see :class:`BatchNorm1d` for arguments and attributes.

    Source: ``torch.nn.BatchNorm2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> layer = nn.BatchNorm2d(3)
        >>> y = layer(minigrad.randn(8, 3, 10, 10) * 5 + 2)
        >>> bool(y.mean((0, 2, 3)).abs().max() < 1e-5)
        True
    """

    _input_dims = (4,)
    _input_dims_text = "4D"


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N, C, D, H, W); see :class:`BatchNorm1d` for the rest.

    Source: ``torch.nn.BatchNorm3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.BatchNorm3d(3)(minigrad.randn(2, 3, 4, 5, 6)).shape
        minigrad.Size([2, 3, 4, 5, 6])
    """

    _input_dims = (5,)
    _input_dims_text = "5D"
