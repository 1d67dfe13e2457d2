"""Layers that normalise the features of each sample."""

from __future__ import annotations

from minigrad.dtypes import dtype
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor
from minigrad.types import Device, Ints


class _Affine(Module):
    """A layer that may have a weight, starting as 1, and a bias, starting as 0."""

    def _make(self, shape, weight, bias, device, dtype):
        for name, wanted in (("weight", weight), ("bias", bias)):
            self.register_parameter(
                name, Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if getattr(self, "bias", None) is not None:
            init.zeros_(self.bias)


def _shape_of(normalized_shape):
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(_Affine):
    """Gives the last dimensions of each sample mean 0 and variance 1, then scales and shifts them.

    ``y = (x - mean) / sqrt(var + eps) * weight + bias``

    Args:
        normalized_shape: the sizes of those dimensions, or one number for the last one.
        eps: added to the variance.
        elementwise_affine: whether there are a weight and a bias to learn.
        bias: whether ``elementwise_affine`` includes a bias.
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape: ``(*, *normalized_shape)``, kept.  Raises RuntimeError for another.

    Attributes:
        weight, bias: of ``normalized_shape``, or None.

    Source: ``torch.nn.LayerNorm``; J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer Normalization",
    2016.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LayerNorm(2)(minigrad.tensor([[1.0, 3.0], [-9.0, 9.0]])).detach()
        tensor([[-1.0000,  1.0000],
                [-1.0000,  1.0000]])
    """

    def __init__(
        self,
        normalized_shape: Ints,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape_of(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make(
            self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """Divides the last dimensions of each sample by their root mean square, then scales them.

    Args:
        normalized_shape: the sizes of those dimensions, or one number for the last one.
        eps: added to the mean of the squares; None: the machine epsilon of the input's dtype.
        elementwise_affine: whether there is a weight to learn.
        device: None or the CPU.
        dtype: dtype of the weight; default: the default dtype.

    Shape: ``(*, *normalized_shape)``, kept.  Source: ``torch.nn.RMSNorm``; B. Zhang and R.
    Sennrich, "Root Mean Square Layer Normalization", 2019.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.RMSNorm(4)(minigrad.tensor([3.0, 4.0, 0.0, 0.0])).detach()
        tensor([1.2000, 1.6000, 0.0000, 0.0000])
    """

    def __init__(
        self,
        normalized_shape: Ints,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape_of(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter(
            "weight",
            Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
            if elementwise_affine
            else None,
        )
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Affine):
    """Gives groups of channels of each sample mean 0 and variance 1, then scales and shifts them.

    Args:
        num_groups: number of groups, each of ``num_channels / num_groups`` channels.
        num_channels: number of channels C.
        eps: added to the variance.
        affine: whether there are a weight and a bias to learn, one of each for every channel.
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.
        bias: whether ``affine`` includes a bias.

    Shape: ``(N, C, *)``, kept.  Raises ValueError if C is no multiple of the groups.

    Attributes:
        weight, bias: ``(C,)``, or None.

    Source: ``torch.nn.GroupNorm``; Y. Wu and K. He, "Group Normalization", 2018.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.GroupNorm(2, 4)(minigrad.tensor([[1.0, 3.0, -9.0, 9.0]])).detach()
        tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._make((num_channels,), affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Divides by ``(k + alpha * mean(x ** 2)) ** beta``, the mean over ``size`` channels around.

    Shape: ``(N, C, *)``, kept.  Source: ``torch.nn.LocalResponseNorm``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.LocalResponseNorm(3, alpha=3.0)(minigrad.ones(1, 3, 1)).flatten()
        tensor([0.4387, 0.3536, 0.4387])
    """

    def __init__(
        self,
        size: int,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1.0,
    ) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """:class:`LocalResponseNorm` of (N, C, H, W) with the numbers of torch's older layer.

    It differs in two ways: an even ``size`` counts as one less but still divides alpha, and channel
    0 counts for all channels after its window too.

    Source: ``torch.nn.CrossMapLRN2d``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.CrossMapLRN2d(3, alpha=3.0)(minigrad.ones(1, 3, 1, 1)).flatten()
        tensor([0.4387, 0.3536, 0.3536])
    """

    def __init__(
        self,
        size: int,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1,
    ) -> None:
        super().__init__(size, alpha, beta, k)

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        reach, channels = (self.size - 1) // 2, input.shape[1]
        squares = input.square()
        padded = F.pad(squares, (0, 0, 0, 0, reach, reach))
        window = sum(padded.narrow(1, i, channels) for i in range(2 * reach + 1))
        late = max(channels - reach - 1, 0)
        first = squares[:, :1].expand(-1, late, -1, -1)
        window = window + F.pad(first, (0, 0, 0, 0, channels - late, 0))
        return input / (window * (self.alpha / self.size) + self.k).pow(self.beta)
