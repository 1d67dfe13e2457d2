"""One step of an LSTM from the sums that its gates are made of, recorded as one op.

    forward  c = sigmoid(f) * before + sigmoid(i) * tanh(g)         h = sigmoid(o) * tanh(c)

An ordinary backward pass is one call of the kernel; under ``create_graph=True`` the vjp is composed
of ops.
"""

from numpy cimport PyArray_SIZE, import_array, ndarray

from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels.lstm cimport lstm_backward, lstm_forward
from minigrad.kernels.openmp cimport threads_for
from minigrad.memory cimport empty_like_array
from minigrad.ops.common cimport contiguous
from minigrad.ops.join import cat
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()

# What a sigmoid or a tanh costs, in additions, which is what threads_for counts.
cdef enum:
    COST = 8


def lstm_step(Tensor sums not None, Tensor before not None):
    """Return the next (h, c), each (n, size).

    ``sums`` (n, 4 * size): what the input, the forget, the content and the output gate are made of;
    ``before`` (n, size): the cell state.  Both of one dtype, float32 or float64; nothing is checked.

    >>> import minigrad
    >>> from minigrad.ops.lstm import lstm_step
    >>> lstm_step(minigrad.zeros(1, 4), minigrad.ones(1, 1))
    (tensor([[0.2311]]), tensor([[0.5000]]))
    """
    cdef ndarray z = contiguous(sums.array), c0 = contiguous(before.array)
    cdef ndarray gates = empty_like_array(z)
    cdef Tensor h = wrap(empty_like_array(c0)), c = wrap(empty_like_array(c0))
    cdef Node node
    lstm_forward(h.array, c.array, gates, z, c0, threads_for(COST * PyArray_SIZE(z)))
    if recording(sums) or recording(before):
        node = record(h, "LstmStepBackward0", lstm_vjp, (sums, before), (sums, before), gates)
        node.n_outputs = 2
        c.node, c.output, c.wants_grad = node, 1, True
    return h, c


cdef lstm_vjp(Node node, object grads):
    cdef Tensor sums = node.tensor(0), before = node.tensor(1), gh = grads[0], gc = grads[1]
    cdef Tensor dsums, dbefore
    cdef ndarray gates = node.extra
    if grad_enabled():
        return composed_vjp(sums, before, gh, gc)
    dsums, dbefore = wrap(empty_like_array(gates)), wrap(empty_like_array(before.array))
    lstm_backward(
        dsums.array, dbefore.array, None if gh is None else contiguous(gh.array),
        None if gc is None else contiguous(gc.array), gates, contiguous(before.array),
        threads_for(COST * PyArray_SIZE(gates)))
    return dsums, dbefore


cdef tuple composed_vjp(object sums, object before, object gh, object gc):
    """The vjp made of ops, each of which is recorded."""
    parts = sums.chunk(4, 1)
    i, f, o = [parts[k].sigmoid() for k in (0, 1, 3)]
    g = parts[2].tanh()
    t = (f * before + i * g).tanh()
    gh = before.new_zeros(before.shape) if gh is None else gh
    dc = gh * o * (1.0 - t * t)
    dc = dc if gc is None else dc + gc
    dsums = cat([
        dc * g * i * (1.0 - i), dc * before * f * (1.0 - f), dc * i * (1.0 - g * g),
        gh * t * o * (1.0 - o),
    ], 1)
    return dsums, dc * f
