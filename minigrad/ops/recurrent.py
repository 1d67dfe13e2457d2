"""Recurrent layers and cells: what RNN, LSTM and GRU compute.

One product makes the input's part of the gates for all steps at once; then each step adds the part
of the state before it.  With x the input of a step, h the state, W and b weights and biases:

    RNN    h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu
    LSTM   i, f, g, o = W_ih x + b_ih + W_hh h + b_hh, in four parts
           c' = sigmoid(f) c + sigmoid(i) tanh(g),   h' = sigmoid(o) tanh(c')
    GRU    r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh), two of the three parts
           n = tanh(W_in x + b_in + r (W_hn h + b_hn)),   h' = (1 - z) n + z h

Everything is composed of recorded ops, and so are the gradients; what an LSTM does with its gates
is one op, see lstm.pyx.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.dtypes import float16, float32
from minigrad.ops.dropout import dropout as drop
from minigrad.ops.join import cat, stack
from minigrad.ops.linalg import linear
from minigrad.ops.lstm import lstm_step
from minigrad.tensor import Tensor

# A step takes the input's part of the gates (n, G), the state and the weights of the state's part,
# and returns the next state: a tuple, its first item the output.


def _tanh_step(gates, state, w_hh, b_hh, w_hr=None):
    return ((gates + linear(state[0], w_hh, b_hh)).tanh(),)


def _relu_step(gates, state, w_hh, b_hh, w_hr=None):
    return ((gates + linear(state[0], w_hh, b_hh)).relu(),)


def _lstm_step(gates, state, w_hh, b_hh, w_hr=None):
    h, c = state
    sums = gates + linear(h, w_hh, b_hh)
    if sums.dtype is float16:
        h, c = (s.to(float16) for s in lstm_step(sums.to(float32), c.to(float32)))
    else:
        h, c = lstm_step(sums, c)
    return (h if w_hr is None else linear(h, w_hr)), c


def _gru_step(gates, state, w_hh, b_hh, w_hr=None):
    (h,) = state
    r_x, z_x, n_x = gates.chunk(3, 1)
    r_h, z_h, n_h = linear(h, w_hh, b_hh).chunk(3, 1)
    n = (n_x + (r_x + r_h).sigmoid() * n_h).tanh()
    return (n + (z_x + z_h).sigmoid() * (h - n),)


_STEPS = {"RNN_TANH": _tanh_step, "RNN_RELU": _relu_step, "LSTM": _lstm_step, "GRU": _gru_step}


def _over_time(step, gates, state, reverse):
    """Take ``step`` through the ``gates`` of all steps; return the outputs and the last state.

    Sequences are sorted, longest first: a step's gates (n, G) belong to the first n of them.  So
    some end on the way; backwards, some begin on the way, with the state they have at the start.
    """
    ended, start = [], state
    state = tuple(s[: len(gates[-1])] for s in start) if reverse else start
    outputs = []
    for g in reversed(gates) if reverse else gates:
        before, now = len(state[0]), len(g)
        if now < before:
            ended.append(tuple(s[now:] for s in state))
            state = tuple(s[:now] for s in state)
        elif now > before:
            state = tuple(cat([s, s0[before:now]]) for s, s0 in zip(state, start, strict=True))
        state = step(g, state)
        outputs.append(state[0])
    if ended:
        state = tuple(cat(parts) for parts in zip(state, *reversed(ended), strict=True))
    return outputs[::-1] if reverse else outputs, state


def recurrent(
    mode: str,
    input: Tensor,
    batch_sizes: Any,
    state: Any,
    weights: Any,
    num_layers: int,
    dropout: float,
    training: bool,
    bidirectional: bool,
) -> Any:
    """Return the output and the last state of recurrent layers.

    Args:
        mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU".
        input: (T, N, I), or with ``batch_sizes`` packed sequences, (rows, I).
        batch_sizes: of each step, how many sequences reach it; None for all.
        state: tuple of h, for LSTM and c: (layers * directions, N, size).
        weights: for each layer and direction (w_ih, w_hh, b_ih, b_hh, w_hr), the last three None
            where there is none.
        num_layers, bidirectional: what ``weights`` is for.
        dropout: of the input of every layer but the first, while ``training``.

    Shapes of the output as of the input, with directions * size in place of I.
    """
    first = [s.unbind(0) for s in state]
    last, directions = [], 2 if bidirectional else 1
    for layer in range(num_layers):
        if layer and dropout:
            input = drop(input, dropout, training)
        outputs = []
        for k in range(layer * directions, (layer + 1) * directions):
            w_ih, w_hh, b_ih, b_hh, w_hr = weights[k]
            if b_hh is not None and mode != "GRU":  # once for all steps; r multiplies the GRU's
                b_ih, b_hh = b_ih + b_hh, None
            whole = linear(input, w_ih, b_ih)
            gates = whole.unbind(0) if batch_sizes is None else whole.split(batch_sizes)
            steps, end = _over_time(
                lambda g, s, w=(w_hh, b_hh, w_hr): _STEPS[mode](g, s, *w),
                gates,
                tuple(s[k] for s in first),
                reverse=k % directions == 1,
            )
            outputs.append(stack(steps) if batch_sizes is None else cat(steps))
            last.append(end)
        input = outputs[0] if len(outputs) == 1 else cat(outputs, -1)
    return input, tuple(stack(parts) for parts in zip(*last, strict=True))


def _cell(step, input, state, w_ih, w_hh, b_ih, b_hh):
    if input.size(1) != w_ih.size(1):
        raise RuntimeError(
            f"input has inconsistent input_size: got {input.size(1)} expected {w_ih.size(1)}"
        )
    for i, s in enumerate(state):
        if s.size(0) != input.size(0):
            raise RuntimeError(
                f"Input batch size {input.size(0)} doesn't match hidden{i} batch size {s.size(0)}"
            )
        if s.size(1) != w_hh.size(1):
            raise RuntimeError(
                f"hidden{i} has inconsistent hidden_size: got {s.size(1)}, expected {w_hh.size(1)}"
            )
    return step(linear(input, w_ih, b_ih), state, w_hh, b_hh)


def rnn_tanh_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """Return ``tanh(w_ih @ input + b_ih + w_hh @ hx + b_hh)``: one step of an RNN.

    Shapes: input (N, I), hx (N, H), w_ih (H, I), w_hh (H, H), biases (H,) -> (N, H).
    RuntimeError for shapes that do not fit.  Source: torch.rnn_tanh_cell.

    >>> import minigrad
    >>> x, h, w = minigrad.ones(1, 2), minigrad.zeros(1, 1), minigrad.ones(1, 2)
    >>> minigrad.rnn_tanh_cell(x, h, w, minigrad.ones(1, 1))
    tensor([[0.9640]])
    """
    return _cell(_tanh_step, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """The same as ``rnn_tanh_cell``, with ``relu``."""
    return _cell(_relu_step, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def gru_cell(
    input: Tensor,
    hx: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:
    """Return the next hidden state of a GRU.

    Shapes: input (N, I), hx (N, H), w_ih (3 H, I), w_hh (3 H, H), biases (3 H,) -> (N, H); the
    parts of the weights belong to the reset gate, the update gate and the new state.
    RuntimeError for shapes that do not fit.  Source: torch.gru_cell.

    >>> import minigrad
    >>> x, h, w = minigrad.ones(1, 1), minigrad.ones(1, 1), minigrad.zeros(3, 1)
    >>> minigrad.gru_cell(x, h, w, w)
    tensor([[0.5000]])
    """
    return _cell(_gru_step, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def lstm_cell(
    input: Tensor,
    hx: Sequence[Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the next hidden state and cell state of an LSTM.

    Shapes: input (N, I), hx two of (N, H), w_ih (4 H, I), w_hh (4 H, H), biases (4 H,) -> two of
    (N, H); the parts of the weights belong to the input gate, the forget gate, the new content
    and the output gate.  RuntimeError for shapes that do not fit.  Source: torch.lstm_cell.

    >>> import minigrad
    >>> x, h, c, w = minigrad.ones(4, 1, 1)
    >>> minigrad.lstm_cell(x, (h, c), minigrad.zeros(4, 1), minigrad.zeros(4, 1))
    (tensor([[0.2311]]), tensor([[0.5000]]))
    """
    return _cell(_lstm_step, input, tuple(hx), w_ih, w_hh, b_ih, b_hh)
