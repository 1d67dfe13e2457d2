"""Recurrent layers: RNN, LSTM and GRU."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from minigrad.dtypes import dtype
from minigrad.nn import init
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.utils.rnn import PackedSequence
from minigrad.ops.creation import empty, zeros
from minigrad.ops.public import public
from minigrad.ops.recurrent import recurrent
from minigrad.tensor import Tensor
from minigrad.types import Device

recurrent = public(recurrent, __name__)  # subclasses of Tensor can override it

# How many blocks of rows, of hidden_size each, the weights have.
_BLOCKS = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def reset(module: Module) -> None:
    """Draw all parameters uniform in ±1 / sqrt(hidden_size)."""
    bound = 1.0 / math.sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


class RNNBase(Module):
    """What RNN, LSTM and GRU share: parameters, checks, and the way through packed sequences.

    ``mode`` is "RNN_TANH", "RNN_RELU", "LSTM" or "GRU"; the other arguments, and the parameters,
    are those of :class:`RNN`.

    Source: ``torch.nn.RNNBase``.

    Example::

        >>> from minigrad import nn
        >>> list(nn.RNNBase("GRU", 10, 20).state_dict())
        ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Device = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        if mode not in _BLOCKS:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        _check_sizes(input_size, hidden_size, num_layers, proj_size)
        for name, value in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
        _check_dropout(dropout, num_layers)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        rows, size = _BLOCKS[mode] * hidden_size, proj_size or hidden_size
        # of each layer and direction, the names of its parameters
        self._all_weights = []
        for layer in range(num_layers):
            for direction in ("", "_reverse") if bidirectional else ("",):
                inputs = size * (1 + bool(bidirectional)) if layer else input_size
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, inputs),
                    "weight_hh": (rows, size),
                }
                if bias:
                    shapes |= dict.fromkeys(("bias_ih", "bias_hh"), (rows,))
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = {name: f"{name}_l{layer}{direction}" for name in shapes}
                for name, shape in shapes.items():
                    setattr(self, names[name], Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append(list(names.values()))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        reset(self)

    def flatten_parameters(self) -> None:
        """Do nothing; elsewhere this lays the parameters out for a GPU."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters: for each layer and direction a list."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self):
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self):
        return [getattr(self, name) for name in self._flat_weights_names]

    def _weights(self):
        """Return (w_ih, w_hh, b_ih, b_hh, w_hr) for each layer and direction."""
        return [
            (
                *weights[:2],
                *(weights[2:4] if self.bias else (None, None)),
                weights[-1] if self.proj_size else None,
            )
            for weights in self.all_weights
        ]

    def _state_sizes(self):
        """Return the size of each part of the state: h, and for LSTM c."""
        size = self.proj_size or self.hidden_size
        return (size, self.hidden_size) if self.mode == "LSTM" else (size,)

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        for name, default in defaults.items():
            if getattr(self, name) != default:
                shown.append(f"{name}={getattr(self, name)}")
        return ", ".join(shown)

    def _run(self, input: Any, state: Any) -> Any:
        """Return the output and the tuple of last states of ``input``, in its own form.

        ``state`` is None or the tuple of first states.
        """
        weights = self._weights()
        packed = isinstance(input, PackedSequence)
        data = input.data if packed else input
        if data.dtype != weights[0][0].dtype:
            raise ValueError(
                f"RNN input dtype ({data.dtype}) does not match weight dtype "
                f"({weights[0][0].dtype}). Convert input: input.to({weights[0][0].dtype}), or "
                f"convert model: model.to({data.dtype})"
            )
        order, unbatched = None, False
        if packed:
            order, batch_sizes = input.sorted_indices, input.batch_sizes.tolist()
            batch = batch_sizes[0]
        else:
            unbatched, batch_sizes = input.dim() == 2, None
            self._check_dims(input, state)
            if unbatched:
                data = input.unsqueeze(1)
                state = None if state is None else tuple(s.unsqueeze(1) for s in state)
            elif self.batch_first:
                data = input.transpose(0, 1)
            batch = data.size(1)
        self._check_shapes(data, state, batch)
        if not packed and data.size(0) == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        if state is None:
            layers = len(weights)
            state = [zeros(layers, batch, n, dtype=data.dtype) for n in self._state_sizes()]
        elif order is not None:
            state = [s.index_select(1, order) for s in state]
        output, last = recurrent(
            self.mode,
            data,
            batch_sizes,
            state,
            weights,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
        )
        if packed:
            if order is not None:
                last = tuple(s.index_select(1, input.unsorted_indices) for s in last)
            return input._with_data(output), last
        if unbatched:
            return output.squeeze(1), tuple(s.squeeze(1) for s in last)
        return (output.transpose(0, 1) if self.batch_first else output), last

    def _check_dims(self, input, state):
        """Raise unless ``input`` is batched or unbatched and ``state`` likewise."""
        if input.dim() not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {input.dim()}D instead"
            )
        if state is None or all(s.dim() == input.dim() for s in state):
            return
        kind, dims = ("batched", 3) if input.dim() == 3 else ("unbatched", 2)
        if len(state) == 1:
            raise RuntimeError(
                f"For {kind} {dims}-D input, hx should also be {dims}-D but got "
                f"{state[0].dim()}-D tensor"
            )
        raise RuntimeError(
            f"For {kind} {dims}-D input, hx and cx should also be {dims}-D but got "
            f"({', '.join(f'{s.dim()}-D' for s in state)}) tensors"
        )

    def _check_shapes(self, data, state, batch):
        if data.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{data.size(-1)}"
            )
        layers = len(self._all_weights)
        for i, (s, size) in enumerate(zip(state or (), self._state_sizes(), strict=False)):
            if s.shape != (layers, batch, size):
                which = f"hidden[{i}]" if len(state) > 1 else "hidden"
                raise RuntimeError(
                    f"Expected {which} size {(layers, batch, size)}, got {list(s.shape)}"
                )


def _check_sizes(input_size, hidden_size, num_layers, proj_size):
    for name, value in ("input_size", input_size), ("hidden_size", hidden_size):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
    for name, value in (
        ("input_size", input_size),
        ("hidden_size", hidden_size),
        ("num_layers", num_layers),
    ):
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


def _check_dropout(dropout, num_layers):
    if (
        not isinstance(dropout, numbers.Number)
        or isinstance(dropout, bool)
        or not 0 <= dropout <= 1
    ):
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element "
            "being zeroed"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and num_layers=1",
            stacklevel=4,
        )


class RNN(RNNBase):
    """Elman network: ``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``, step by step, layer by layer.

    Args:
        input_size: size of an element of the input.
        hidden_size: size of the hidden state.
        num_layers: how many layers; each takes the output of the one before.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: whether input and output are ``(N, T, *)``; the state never is.
        dropout: probability of a zero in the input of every layer but the first, while training.
        bidirectional: whether each layer also runs backwards; the outputs of both are joined.
        device: None or the CPU.
        dtype: dtype of the parameters; default: the default dtype.

    Shape, D being 2 if bidirectional, else 1:
        input: ``(T, N, input_size)``, ``(T, input_size)`` or a PackedSequence.
        hx: ``(D * num_layers, N, hidden_size)``, ``(D * num_layers, hidden_size)``; default: zeros.
        output: ``(T, N, D * hidden_size)``, the last layer's hidden states; in the form of the
        input.  It is returned with the last hidden state of every layer, in the shape of hx.

    Attributes:
        weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0: the first layer's; all start uniform in
            ±1 / sqrt(hidden_size).  The backward direction's names end in ``_reverse``.

    Raises ValueError or TypeError for arguments that make no sense, and at the call ValueError for
    an input of the wrong dtype or dimensions, RuntimeError for sizes that do not fit.

    Source: ``torch.nn.RNN``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> output, h = nn.RNN(10, 20, num_layers=2)(minigrad.zeros(5, 3, 10))
        >>> output.shape, h.shape
        (minigrad.Size([5, 3, 20]), minigrad.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            self.nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            self.nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{self.nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{self.nonlinearity.upper()}", *args, **kwargs)

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Any, Tensor]:
        output, state = self._run(input, None if hx is None else (hx,))
        return output, state[0]


class LSTM(RNNBase):
    """Long short-term memory: gates decide what a cell state forgets, takes up and shows.

    ``i, f, g, o = W_ih x + b_ih + W_hh h + b_hh`` in four parts, then
    ``c' = sigmoid(f) c + sigmoid(i) tanh(g)`` and ``h' = sigmoid(o) tanh(c')``.

    Arguments, shapes and parameters are those of :class:`RNN`, with these differences: there is no
    ``nonlinearity``; the weights have ``4 * hidden_size`` rows; the state is a tuple (h, c).

    Args:
        proj_size: if not 0, h is ``weight_hr_l0 @ h``, of this size.

    Source: ``torch.nn.LSTM``; Hochreiter and Schmidhuber, 1997.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> output, (h, c) = nn.LSTM(10, 20, bidirectional=True)(minigrad.zeros(5, 3, 10))
        >>> output.shape, c.shape
        (minigrad.Size([5, 3, 40]), minigrad.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        return self._run(input, None if hx is None else (hx[0], hx[1]))


class GRU(RNNBase):
    """Gated recurrent unit.

    ``r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh)`` in two parts,
    ``n = tanh(W_in x + b_in + r (W_hn h + b_hn))`` and ``h' = (1 - z) n + z h``.

    Arguments, shapes and parameters are those of :class:`RNN`, with these differences: there is no
    ``nonlinearity``; the weights have ``3 * hidden_size`` rows.

    Source: ``torch.nn.GRU``; Cho et al., 2014.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> output, h = nn.GRU(10, 20, batch_first=True)(minigrad.zeros(3, 5, 10))
        >>> output.shape, h.shape
        (minigrad.Size([3, 5, 20]), minigrad.Size([1, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Any, Tensor]:
        output, state = self._run(input, None if hx is None else (hx,))
        return output, state[0]
