"""Instance normalisation layers: every channel of every sample for itself."""

from __future__ import annotations

import warnings

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn.modules.batchnorm import _NormBase
from minigrad.tensor import Tensor
from minigrad.types import Device


class _InstanceNorm(_NormBase):
    # What a subclass takes: this many dimensions, or one fewer without N.
    _batched = 0
    _dims_text = ""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input):
        if input.dim() not in (self._batched - 1, self._batched):
            raise ValueError(f"expected {self._dims_text} input (got {input.dim()}D input)")

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        alone = input.dim() < self._batched
        dim = 0 if alone else 1
        if input.shape[dim] != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={dim} to match num_features "
                    f"({self.num_features}), but got: {input.shape[dim]}."
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        out = F.instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum if self.momentum is not None else 0.0,
            self.eps,
        )
        return out.squeeze(0) if alone else out


class InstanceNorm1d(_InstanceNorm):
    """Gives every channel of every sample of (N, C, L) or (C, L) mean 0 and variance 1.

    Args:
        num_features: number of channels C.
        eps: added to the variance.
        momentum: how fast the running statistics follow those of the batches.
        affine: whether there are a weight and a bias to learn, one of each for every channel.
        track_running_stats: whether to keep running statistics, and use them in evaluation.
        device: None or the CPU.
        dtype: dtype of parameters and statistics; default: the default dtype.
        bias: whether ``affine`` includes a bias.

    Raises ValueError for an input of other dimensions or another number of channels.

    Source: ``torch.nn.InstanceNorm1d``; D. Ulyanov, A. Vedaldi and V. Lempitsky, "Instance
    Normalization: The Missing Ingredient for Fast Stylization", 2016.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.InstanceNorm1d(2)(minigrad.tensor([[[1.0, 3.0], [-9.0, 9.0]]]))
        tensor([[[-1.0000,  1.0000],
                 [-1.0000,  1.0000]]])
    """

    _batched = 3
    _dims_text = "2D or 3D"


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation of (N, C, H, W) or (C, H, W); see :class:`InstanceNorm1d`.

    Source: ``torch.nn.InstanceNorm2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> y = nn.InstanceNorm2d(3)(minigrad.randn(8, 3, 10, 10) * 5 + 2)
        >>> bool(y.mean((2, 3)).abs().max() < 1e-5)
        True
    """

    _batched = 4
    _dims_text = "3D or 4D"


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of (N, C, D, H, W) or (C, D, H, W); see :class:`InstanceNorm1d`.

    Source: ``torch.nn.InstanceNorm3d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.InstanceNorm3d(3)(minigrad.randn(2, 3, 4, 5, 6)).shape
        minigrad.Size([2, 3, 4, 5, 6])
    """

    _batched = 5
    _dims_text = "4D or 5D"
