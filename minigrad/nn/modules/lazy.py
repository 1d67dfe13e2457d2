"""Layers that learn the size of their input from the first input they are called with.

The source of each is the layer of that name in ``torch.nn``.
"""

from __future__ import annotations

from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, _NormBase
from minigrad.nn.modules.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    _Conv,
    _ConvNd,
    _ConvTransposeNd,
)
from minigrad.nn.modules.instancenorm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from minigrad.nn.modules.linear import Linear
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from minigrad.ops.creation import tensor
from minigrad.tensor import Tensor
from minigrad.types import Device, Ints


class LazyModuleMixin(Module):
    """Makes a layer lazy: its first call gives its parameters their shapes, and another class.

    A subclass has parameters and buffers that are :class:`UninitializedParameter` and
    :class:`UninitializedBuffer`, and ``initialize_parameters(*args)``, which is called with the
    arguments of the first call and materializes them.  With ``cls_to_become`` the layer is of that
    class from then on.  Loading a ``state_dict`` gives shapes too.

    Source: ``torch.nn.modules.lazy.LazyModuleMixin``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> layer = nn.LazyLinear(2)
        >>> layer.has_uninitialized_params()
        True
        >>> layer(minigrad.zeros(1, 3)).shape
        minigrad.Size([1, 2])
        >>> layer
        Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become: type | None = None

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize parameters and buffers by the arguments of the first call."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self)}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer of this layer has no shape yet."""
        return any(
            is_lazy(value) for value in [*self._parameters.values(), *self._buffers.values()]
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        if self.cls_to_become is None:
            return super().__call__(*args, **kwargs)
        self.__class__ = self.cls_to_become
        return self(*args, **kwargs)

    def _apply(self, fn, recurse=True):
        lazy = {name: buffer for name, buffer in self._buffers.items() if is_lazy(buffer)}
        super()._apply(fn, recurse)
        for name, buffer in lazy.items():  # the same objects, as parameters are
            buffer.data = self._buffers[name]
            self._buffers[name] = buffer
        return self

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        for name, value in self._own_state().items():
            kept = keep_vars or is_lazy(value)
            destination[prefix + name] = value if kept else value.detach()

    def _load_one(self, name, target, key, value, assign):
        if is_lazy(target) and is_lazy(value):
            return None
        if is_lazy(target):
            target.materialize(value.shape)
        return super()._load_one(name, target, key, value, assign)


class LazyLinear(LazyModuleMixin, Linear):
    """A :class:`Linear` that takes ``in_features`` from its first input.

    Source: ``torch.nn.LazyLinear``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> net = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))
        >>> net(minigrad.zeros(1, 4, 4)).shape
        minigrad.Size([1, 10])
    """

    cls_to_become = Linear
    weight: Any
    bias: Any

    def __init__(
        self,
        out_features: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(0, 0, bias=False, device=device, dtype=dtype)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of features from the input."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        elif self.in_features == 0:  # the weight was loaded
            self.in_features = self.weight.shape[1]


class _LazyConvNd(LazyModuleMixin, _ConvNd):
    """What lazy convolutions have in common, transposed or not."""

    weight: Any
    bias: Any

    def _make_lazy(self, out_channels, bias, device, dtype):
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw the weight and the bias anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, output_size: Ints | None = None) -> None:
        """Take the number of channels from the input."""
        if input.dim() not in (self.n + 1, self.n + 2):
            raise RuntimeError(
                f"Expected {self.n + 1}D (unbatched) or {self.n + 2}D (batched) input to "
                f"{self._get_name()}, but got input of size: {list(input.shape)}"
            )
        channels = input.shape[-self.n - 1]
        if self.has_uninitialized_params():
            if channels % self.groups:
                raise ValueError(
                    f"in_channels must be divisible by groups: {channels} by {self.groups}"
                )
            self.in_channels = channels
            self.weight.materialize(self._weight_shape())
            if self.bias is not None:
                self.bias.materialize((self.out_channels,))
            self.reset_parameters()
        elif self.in_channels == 0:  # the weight was loaded
            self.in_channels = channels


class _LazyConv(_LazyConvNd, _Conv):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints = 0,
        dilation: Ints = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(
            *(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode),
            device=device,
            dtype=dtype,
        )
        self._make_lazy(out_channels, bias, device, dtype)


class _LazyConvTranspose(_LazyConvNd, _ConvTransposeNd):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Ints = 1,
        padding_mode: str = "zeros",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(
            *(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation),
            padding_mode=padding_mode,
            device=device,
            dtype=dtype,
        )
        self._make_lazy(out_channels, bias, device, dtype)


class _LazyNorm(LazyModuleMixin, _NormBase):
    """What lazy norms have in common."""

    weight: Any
    bias: Any

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype)
        self.affine = affine
        self.track_running_stats = track_running_stats
        options: dict[str, Any] = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**options)
            if bias:
                self.bias = UninitializedParameter(**options)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**options)
            self.running_var = UninitializedBuffer(**options)
            self.num_batches_tracked = tensor(0)

    def reset_parameters(self) -> None:
        """Reset weight, bias and running statistics, once they have a shape."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of features from the input."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for value in [*self._parameters.values(), *self._buffers.values()]:
                if is_lazy(value):
                    value.materialize((self.num_features,))
            self.reset_parameters()
        elif self.num_features == 0:  # the statistics or the weight were loaded
            known = self.weight if self.weight is not None else self.running_mean
            self.num_features = 0 if known is None else known.shape[0]


class LazyConv1d(_LazyConv, Conv1d):
    """A :class:`Conv1d` that takes ``in_channels`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyConv1d(8, 3)(zeros(1, 16, 9)).shape
    minigrad.Size([1, 8, 7])
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A :class:`Conv2d` that takes ``in_channels`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyConv2d(8, 3)(zeros(1, 16, 9, 9)).shape
    minigrad.Size([1, 8, 7, 7])
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A :class:`Conv3d` that takes ``in_channels`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyConv3d(8, 3)(zeros(1, 16, 5, 9, 9)).shape
    minigrad.Size([1, 8, 3, 7, 7])
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):
    """A :class:`ConvTranspose1d` that takes ``in_channels`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyConvTranspose1d(8, 3)(zeros(1, 16, 9)).shape
    minigrad.Size([1, 8, 11])
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):
    """A :class:`ConvTranspose2d` that takes ``in_channels`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyConvTranspose2d(8, 3)(zeros(1, 16, 9, 9)).shape
    minigrad.Size([1, 8, 11, 11])
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):
    """A :class:`ConvTranspose3d` that takes ``in_channels`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyConvTranspose3d(8, 3)(zeros(1, 16, 5, 9, 9)).shape
    minigrad.Size([1, 8, 7, 11, 11])
    """

    cls_to_become = ConvTranspose3d


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A :class:`BatchNorm1d` that takes ``num_features`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyBatchNorm1d()(zeros(1, 16, 9)).shape
    minigrad.Size([1, 16, 9])
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A :class:`BatchNorm2d` that takes ``num_features`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyBatchNorm2d()(zeros(1, 16, 9, 9)).shape
    minigrad.Size([1, 16, 9, 9])
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A :class:`BatchNorm3d` that takes ``num_features`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyBatchNorm3d()(zeros(1, 16, 5, 9, 9)).shape
    minigrad.Size([1, 16, 5, 9, 9])
    """

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """A :class:`InstanceNorm1d` that takes ``num_features`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyInstanceNorm1d()(zeros(1, 16, 9)).shape
    minigrad.Size([1, 16, 9])
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """A :class:`InstanceNorm2d` that takes ``num_features`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyInstanceNorm2d()(zeros(1, 16, 9, 9)).shape
    minigrad.Size([1, 16, 9, 9])
    """

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """A :class:`InstanceNorm3d` that takes ``num_features`` from its first input.

    >>> from minigrad import nn, zeros
    >>> nn.LazyInstanceNorm3d()(zeros(1, 16, 5, 9, 9)).shape
    minigrad.Size([1, 16, 5, 9, 9])
    """

    cls_to_become = InstanceNorm3d
