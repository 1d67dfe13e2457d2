"""Recurrent cells, which take one step of a recurrent layer."""

from __future__ import annotations

from typing import Any

import minigrad
from minigrad.dtypes import dtype
from minigrad.nn.modules.module import Module
from minigrad.nn.modules.rnn import reset
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty, zeros
from minigrad.tensor import Tensor
from minigrad.types import Device


class RNNCellBase(Module):
    """What RNNCell, LSTMCell and GRUCell share: the parameters and the checks.

    Source: ``torch.nn.RNNCellBase``.

    Example::

        >>> from minigrad import nn
        >>> nn.RNNCellBase(10, 20, bias=True, num_chunks=3).weight_hh.shape
        minigrad.Size([60, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        options: dict[str, Any] = {"device": device, "dtype": dtype}
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(rows, input_size, **options))
        self.weight_hh = Parameter(empty(rows, hidden_size, **options))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, **options)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        reset(self)

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}"
        if not self.bias:
            shown += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            shown += f", nonlinearity={self.nonlinearity}"
        return shown

    def _step(self, function, input, state, names):
        """Return ``function`` of input and state, the tuple of Tensors ``names`` names, or None."""
        for x, name in zip((input, *(state or ())), ("input", *names), strict=False):
            if x.dim() not in (1, 2):
                raise ValueError(
                    f"{self._get_name()}: Expected {name} to be 1D or 2D, got {x.dim()}D instead"
                )
        batched = input if input.dim() == 2 else input.unsqueeze(0)
        if state is None:
            none = zeros(batched.size(0), self.hidden_size, dtype=input.dtype)
            state = (none,) * len(names)
        elif input.dim() == 1:
            state = tuple(s.unsqueeze(0) for s in state)
        weights = self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
        out = function(batched, state if len(state) > 1 else state[0], *weights)
        if input.dim() == 2:
            return out
        return tuple(o.squeeze(0) for o in out) if len(state) > 1 else out.squeeze(0)


class RNNCell(RNNCellBase):
    """One step of an :class:`RNN`.

    Args:
        input_size: size of the input.
        hidden_size: size of the hidden state.
        bias: whether there are biases.
        nonlinearity: "tanh" or "relu".
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape: input ``(N, input_size)``, hx ``(N, hidden_size)`` (default: zeros), both perhaps without
    N, to the next hx.

    Attributes:
        weight_ih, weight_hh, bias_ih, bias_hh: all start uniform in ±1 / sqrt(hidden_size).

    Source: ``torch.nn.RNNCell``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.RNNCell(10, 20)(minigrad.zeros(3, 10)).shape
        minigrad.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        cells = {"tanh": minigrad.rnn_tanh_cell, "relu": minigrad.rnn_relu_cell}
        if self.nonlinearity not in cells:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        state = None if hx is None else (hx,)
        return self._step(cells[self.nonlinearity], input, state, ("hidden",))


class LSTMCell(RNNCellBase):
    """One step of an :class:`LSTM`.  The state, given and returned, is a tuple (h, c).

    Arguments, shapes and parameters are those of :class:`RNNCell` without ``nonlinearity``; the
    weights have ``4 * hidden_size`` rows.  Source: ``torch.nn.LSTMCell``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> h, c = nn.LSTMCell(10, 20)(minigrad.zeros(3, 10))
        >>> h.shape, c.shape
        (minigrad.Size([3, 20]), minigrad.Size([3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        if hx is not None:
            if not isinstance(hx, (tuple, list)):
                raise TypeError(f"LSTMCell: expected hx as a tuple (h, c), not {type(hx).__name__}")
            if len(hx) != 2:
                raise RuntimeError(f"LSTMCell: expects two hidden states, but got {len(hx)}")
        state = None if hx is None else tuple(hx)
        return self._step(minigrad.lstm_cell, input, state, ("hx[0]", "hx[1]"))


class GRUCell(RNNCellBase):
    """One step of a :class:`GRU`.

    Arguments, shapes and parameters are those of :class:`RNNCell` without ``nonlinearity``; the
    weights have ``3 * hidden_size`` rows.  Source: ``torch.nn.GRUCell``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.GRUCell(10, 20)(minigrad.zeros(10)).shape
        minigrad.Size([20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        state = None if hx is None else (hx,)
        return self._step(minigrad.gru_cell, input, state, ("hidden",))
