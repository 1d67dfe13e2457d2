# One step of an LSTM on float32 and float64 arrays.  See lstm.pyx.
#
# Arrays are C-contiguous: sums and gates (rows, 4 * size), the others (rows, size).

from numpy cimport ndarray

# gates: what the backward pass wants to know
cpdef int lstm_forward(
    ndarray h, ndarray c, ndarray gates, ndarray sums, ndarray before, int n_threads) except -1

# of gh and gc, the gradients of h and c, one may be None
cpdef int lstm_backward(
    ndarray dsums, ndarray dbefore, ndarray gh, ndarray gc, ndarray gates, ndarray before,
    int n_threads) except -1
