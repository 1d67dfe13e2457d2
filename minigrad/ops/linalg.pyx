"""Products of matrices and vectors, and the linear layer.

Two products are recorded: ``multiply``, of two matrices or two batches of them, and ``affine``,
which is ``x @ weight.T + bias`` in one pass.  Every other shape is brought to one of these by
views.  The gradient of a product is two products:

    forward  c = a @ b                     (m, k) @ (k, n) -> (m, n)
    vjp      da = g @ b.T,  db = a.T @ g   (the kernel reads transposed views as they lie)
"""

import numpy as np

from libc.math cimport INFINITY
from numpy cimport (
    NPY_BOOL, PyArray_DIM, PyArray_IS_C_CONTIGUOUS, PyArray_ISALIGNED,
    PyArray_ITEMSIZE, PyArray_NDIM, PyArray_STRIDE, PyArray_SwapAxes, PyArray_TYPE, import_array,
    ndarray, npy_intp,
)

from minigrad.dtypes cimport dtype_of, float16
from minigrad.edges import contains
from minigrad.grad_mode cimport grad_enabled
from minigrad.kernels cimport gemm as kernels
from minigrad.memory cimport new_array
from minigrad.ops.common cimport (
    is_kernel_float, shape_of, tensor_argument, threads_for_products,
)
from minigrad.ops.norm cimport eval_coefficients
from minigrad.ops.recorded import labelled
from minigrad.ops.reduce cimport sum_dims
from minigrad.ops.shape cimport permute_to, reshape_to
from minigrad.tape cimport Node, record, recording
from minigrad.tensor cimport Tensor, wrap

import_array()


# ---------------------------------------------------------------- arrays

cdef ndarray operand(ndarray x):
    """Return ``x`` as the kernels take it: strides in whole elements."""
    cdef int d
    cdef Py_ssize_t odd = 0
    for d in range(PyArray_NDIM(x)):
        odd |= PyArray_STRIDE(x, d) % PyArray_ITEMSIZE(x)
    return x if odd == 0 and PyArray_ISALIGNED(x) else x.copy()


cdef ndarray product(ndarray a, ndarray b, ndarray bias):
    """Return ``a @ b`` of two matrices or two batches, plus a row if ``bias`` is given."""
    cdef int ndim = PyArray_NDIM(a), threads
    cdef npy_intp shape[3]
    cdef ndarray out
    cdef Py_ssize_t work
    if not is_kernel_float(a):
        if dtype_of(a) is float16:
            out = product(a.astype(np.float32), b.astype(np.float32),
                          None if bias is None else bias.astype(np.float32))
            return out.astype(np.float16)
        if PyArray_TYPE(a) == NPY_BOOL:
            raise NotImplementedError(
                "matrix products are not implemented for bool tensors")
        return np.matmul(a, b) if bias is None else np.matmul(a, b) + bias
    shape[0] = PyArray_DIM(a, 0)
    shape[ndim - 2] = PyArray_DIM(a, ndim - 2)
    shape[ndim - 1] = PyArray_DIM(b, ndim - 1)
    out = new_array(ndim, shape, PyArray_TYPE(a))
    a, b = operand(a), operand(b)
    work = shape[ndim - 2] * shape[ndim - 1] * PyArray_DIM(a, ndim - 1)
    if ndim == 3:
        kernels.bmm(out, a, b, threads_for_products(shape[0] * work))
        return out
    threads = threads_for_products(work)
    if bias is None:
        kernels.gemm(out, a, b, False, threads)
    else:
        kernels.addmm(out, a, b, bias if PyArray_IS_C_CONTIGUOUS(bias) else bias.copy(), threads)
    return out


# ---------------------------------------------------------------- what is recorded

cdef Tensor turned(Tensor x):
    """Return ``x`` with its last two dimensions swapped, recorded if anybody will need that."""
    cdef int n = PyArray_NDIM(x.array)
    if not grad_enabled():
        return wrap(PyArray_SwapAxes(x.array, n - 2, n - 1))
    if n == 2:
        return permute_to(x, (1, 0))
    return permute_to(x, (0, 2, 1))


cdef tuple each_other(Tensor a, Tensor b):
    """Return what a product saves: each factor if the other wants a gradient."""
    return a if recording(b) else None, b if recording(a) else None


cdef Tensor multiply(Tensor a, Tensor b):
    """Return the product of two matrices, or of two batches of them, (n, i, k) @ (n, k, j).

    Shapes and dtypes must fit.
    """
    cdef Tensor out = wrap(product(a.array, b.array, None))
    if recording(a) or recording(b):
        record(out, "MmBackward0" if PyArray_NDIM(a.array) == 2 else "BmmBackward0", multiply_vjp,
               (a, b), each_other(a, b))
    return out


cdef multiply_vjp(Node node, object g):
    return (
        multiply(<Tensor>g, turned(node.tensor(1))) if node.needs(0) else None,
        multiply(turned(node.tensor(0)), <Tensor>g) if node.needs(1) else None,
    )


cdef Tensor affine(Tensor bias, Tensor x, Tensor weight):
    """Return ``x @ weight.T + bias``: (n, in), (out, in), (out,) -> (n, out)."""
    cdef Tensor out = wrap(product(x.array, PyArray_SwapAxes(weight.array, 0, 1),
                                   None if bias is None else bias.array))
    if recording(x) or recording(weight) or bias is not None and recording(bias):
        if bias is None:
            record(out, "MmBackward0", linear_vjp, (x, weight), each_other(x, weight), LINEAR)
        else:
            record(out, "AddmmBackward0", affine_vjp, (bias, x, weight), each_other(x, weight),
                   LINEAR)
    return out


cdef str LINEAR = "linear"      # which of the ops of these names it is, for those who read the tape


cdef linear_vjp(Node node, object g):
    return (
        multiply(<Tensor>g, node.tensor(1)) if node.needs(0) else None,
        multiply(turned(<Tensor>g), node.tensor(0)) if node.needs(1) else None,
    )


cdef affine_vjp(Node node, object g):
    return (
        sum_dims(<Tensor>g, (0,), False) if node.needs(0) else None,
        multiply(<Tensor>g, node.tensor(1)) if node.needs(1) else None,
        multiply(turned(<Tensor>g), node.tensor(0)) if node.needs(2) else None,
    )


contains(<size_t>linear_vjp, {1: "TBackward0"})
contains(<size_t>affine_vjp, {2: "TBackward0"})


# ---------------------------------------------------------------- the public functions

cdef int check_dtypes(Tensor a, Tensor b) except -1:
    if dtype_of(a.array) is not dtype_of(b.array):
        raise RuntimeError(
            "expected mat1 and mat2 to have the same dtype, but got: "
            f"{dtype_of(a.array)} != {dtype_of(b.array)}"
        )
    return 0


cdef int check_product(Tensor a, Tensor b) except -1:
    """Check two matrices: dtypes and the inner dimension."""
    if PyArray_DIM(a.array, 1) != PyArray_DIM(b.array, 0):
        raise RuntimeError(
            "mat1 and mat2 shapes cannot be multiplied "
            f"({PyArray_DIM(a.array, 0)}x{PyArray_DIM(a.array, 1)} and "
            f"{PyArray_DIM(b.array, 0)}x{PyArray_DIM(b.array, 1)})"
        )
    return check_dtypes(a, b)


def mm(input, mat2):
    """Return the product of two matrices, (n, k) @ (k, m) -> (n, m).

    Both of one dtype, or RuntimeError; no broadcasting (``matmul`` does that).

    >>> import minigrad
    >>> minigrad.mm(minigrad.ones(2, 3), minigrad.ones(3, 1))
    tensor([[3.],
            [3.]])
    """
    cdef Tensor a = tensor_argument(input, "mm", "input")
    cdef Tensor b = tensor_argument(mat2, "mm", "mat2")
    if PyArray_NDIM(a.array) != 2:
        raise RuntimeError(f"self must be a matrix, but its shape is {list(shape_of(a))}")
    if PyArray_NDIM(b.array) != 2:
        raise RuntimeError(f"mat2 must be a matrix, but its shape is {list(shape_of(b))}")
    check_product(a, b)
    return multiply(a, b)


def bmm(input, mat2):
    """Return the products of two batches of matrices, (b, n, k) @ (b, k, m) -> (b, n, m)."""
    cdef Tensor a = tensor_argument(input, "bmm", "input")
    cdef Tensor b = tensor_argument(mat2, "bmm", "mat2")
    for name, x in (("batch1", a), ("batch2", b)):
        if x.dim() != 3:
            raise RuntimeError(f"{name} must be a 3D tensor, but its shape is {list(x.shape)}")
    wanted = [PyArray_DIM(a.array, 0), PyArray_DIM(a.array, 2)]
    if wanted != list(shape_of(b)[:2]):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: {wanted} but got: "
            f"{list(shape_of(b)[:2])}."
        )
    check_dtypes(a, b)
    return multiply(a, b)


def mv(input, vec):
    """Return the product of a matrix and a vector, (n, k) @ (k,) -> (n,)."""
    cdef Tensor a = tensor_argument(input, "mv", "input")
    cdef Tensor v = tensor_argument(vec, "mv", "vec")
    if PyArray_NDIM(a.array) != 2 or PyArray_NDIM(v.array) != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got {PyArray_NDIM(a.array)}, "
            f"{PyArray_NDIM(v.array)} dimensions"
        )
    if PyArray_DIM(a.array, 1) != PyArray_DIM(v.array, 0):
        raise RuntimeError(
            f"size mismatch, got mat ({PyArray_DIM(a.array, 0)}x{PyArray_DIM(a.array, 1)}), "
            f"vec ({PyArray_DIM(v.array, 0)})"
        )
    check_dtypes(a, v)
    column = reshape_to(v, (PyArray_DIM(v.array, 0), 1))
    return labelled(reshape_to(multiply(a, column), (PyArray_DIM(a.array, 0),)), "MvBackward0")


def dot(input, tensor):
    """Return the sum of the products of two vectors' elements: (k,), (k,) -> ().

    >>> import minigrad
    >>> minigrad.dot(minigrad.tensor([1.0, 2.0]), minigrad.tensor([3.0, 4.0]))
    tensor(11.)
    """
    cdef Tensor a = tensor_argument(input, "dot", "input")
    cdef Tensor b = tensor_argument(tensor, "dot", "tensor")
    cdef Py_ssize_t n
    if PyArray_NDIM(a.array) != 1 or PyArray_NDIM(b.array) != 1:
        raise RuntimeError(
            f"1D tensors expected, but got {PyArray_NDIM(a.array)}D and "
            f"{PyArray_NDIM(b.array)}D tensors"
        )
    n = PyArray_DIM(a.array, 0)
    if n != PyArray_DIM(b.array, 0):
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{n}] and src "
            f"[{PyArray_DIM(b.array, 0)}] to have the same number of elements, but got {n} and "
            f"{PyArray_DIM(b.array, 0)} elements respectively"
        )
    check_dtypes(a, b)
    out = reshape_to(multiply(reshape_to(a, (1, n)), reshape_to(b, (n, 1))), ())
    return labelled(out, "DotBackward0")


def matmul(input, other):
    """Return the matrix product ``input @ other`` in all its shapes.

    - (k,) @ (k,) -> (): the dot product
    - (n, k) @ (k, m) -> (n, m), and a vector in place of either counts as a row or a column whose
      dimension is then dropped: (k,) @ (k, m) -> (m,), (n, k) @ (k,) -> (n,)
    - (..., n, k) @ (..., k, m) -> (..., n, m): batches of matrices, whose leading dimensions
      broadcast

    Both tensors have one dtype; TypeError for what is no tensor, RuntimeError for what does not
    fit.  Source: torch.matmul.

    >>> import minigrad
    >>> a = minigrad.arange(6.0).reshape(2, 3)
    >>> a @ minigrad.ones(3)
    tensor([ 3., 12.])
    >>> (minigrad.ones(5, 1, 2, 3) @ minigrad.ones(4, 3, 7)).shape
    minigrad.Size([5, 4, 2, 7])
    """
    cdef Tensor a = tensor_argument(input, "matmul", "input")
    cdef Tensor b = tensor_argument(other, "matmul", "other")
    cdef int rank_a = PyArray_NDIM(a.array), rank_b = PyArray_NDIM(b.array)
    if rank_a == 2 and rank_b == 2:
        check_product(a, b)
        return multiply(a, b)
    if rank_a == 0 or rank_b == 0:
        raise RuntimeError(
            "both arguments to matmul need to be at least 1D, but they are "
            f"{rank_a}D and {rank_b}D"
        )
    if rank_a == 1 and rank_b == 1:
        return dot(a, b)
    if rank_a == 1:
        product_ = matmul(reshape_to(a, (1, *shape_of(a))), b)
        return reshape_to(product_, (*shape_of(product_)[:rank_b - 2], shape_of(b)[rank_b - 1]))
    if rank_b == 1:
        if rank_a == 2:
            return mv(a, b)
        b = reshape_to(b, (PyArray_DIM(b.array, 0), 1))
        return reshape_to(matmul(a, b), shape_of(a)[:rank_a - 1])
    if rank_b == 2:
        return matmul_rows(a, b)
    return matmul_batches(a, b)


cdef Tensor matmul_rows(Tensor a, Tensor b):
    """(..., n, k) @ (k, m): one matrix for all, so all rows make one product."""
    cdef tuple shape = shape_of(a)
    cdef Py_ssize_t rows = 1, depth = shape[len(shape) - 1]
    for size in shape[:len(shape) - 1]:
        rows *= size
    flat = reshape_to(a, (rows, depth))
    check_product(flat, b)
    shape = (*shape[:len(shape) - 1], PyArray_DIM(b.array, 1))
    return reshape_to(multiply(flat, b), shape, "UnsafeViewBackward0")


cdef Tensor matmul_batches(Tensor a, Tensor b):
    """(..., n, k) @ (..., k, m) with the leading dimensions broadcast."""
    cdef int rank_a = PyArray_NDIM(a.array), rank_b = PyArray_NDIM(b.array)
    cdef tuple shape_a = shape_of(a), shape_b = shape_of(b)
    cdef Py_ssize_t count = 1, n, m, depth = shape_a[rank_a - 1]
    n, m = shape_a[rank_a - 2], shape_b[rank_b - 1]
    try:
        batch = np.broadcast_shapes(shape_a[:rank_a - 2], shape_b[:rank_b - 2])
    except ValueError:
        raise RuntimeError(
            f"the batch dimensions of matmul do not broadcast: {list(shape_a)} and {list(shape_b)}"
        ) from None
    if depth != shape_b[rank_b - 2]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({list(shape_a)} and {list(shape_b)})"
        )
    check_dtypes(a, b)
    for size in batch:
        count *= size
    if shape_a[:rank_a - 2] != batch:
        a = (<object>a).expand(*batch, n, depth)
    if shape_b[:rank_b - 2] != batch:
        b = (<object>b).expand(*batch, depth, m)
    product_ = multiply(reshape_to(a, (count, n, depth)), reshape_to(b, (count, depth, m)))
    return reshape_to(product_, (*batch, n, m), "UnsafeViewBackward0")


def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """Return ``beta * input + alpha * (mat1 @ mat2)``; ``input`` broadcasts to the product."""
    product_ = mm(mat1, mat2)
    if not product_.is_floating_point():
        beta, alpha = int(beta), int(alpha)
    if alpha != 1:
        product_ = product_ * alpha
    if beta == 0:                       # then NaN and Inf in `input` do not count, as in torch
        return product_
    out = product_ + (input if beta == 1 else input * beta)
    if out.shape != product_.shape:
        raise RuntimeError(
            f"The expanded size of the tensor ({list(product_.shape)}) must match the existing "
            f"size ({list(input.shape)}): addmm's input does not broadcast to the product"
        )
    return labelled(out, "AddmmBackward0")


def linear(input, weight, bias=None):
    """Return ``input @ weight.T + bias``: what the Linear layer computes.

    Shapes: input (..., in), weight (out, in) or (in,), bias (out,) or None -> (..., out), without
    the last dimension for a weight of one dimension.  All of one floating dtype.  RuntimeError
    for shapes or dtypes that do not fit.  Source: torch.nn.functional.linear.

    >>> import minigrad
    >>> minigrad.nn.functional.linear(minigrad.ones(2, 3), minigrad.ones(1, 3), minigrad.ones(1))
    tensor([[4.],
            [4.]])
    """
    cdef Tensor x = tensor_argument(input, "linear", "input")
    cdef Tensor w = tensor_argument(weight, "linear", "weight")
    cdef Tensor b = None if bias is None else tensor_argument(bias, "linear", "bias")
    cdef Tensor flat, out
    cdef int rank = PyArray_NDIM(x.array)
    cdef Py_ssize_t rows = 1
    if PyArray_NDIM(w.array) == 1:
        out = matmul(x, w)
        return out if b is None else out + b
    if PyArray_NDIM(w.array) != 2 or rank == 0:
        raise RuntimeError(
            "linear expects a weight of shape (out, in) and an input of shape (..., in), but got "
            f"{list(shape_of(w))} and {list(shape_of(x))}"
        )
    flat = x
    if rank != 2:
        for size in shape_of(x)[:rank - 1]:
            rows *= size
        flat = reshape_to(x, (rows, PyArray_DIM(x.array, rank - 1)))
    check_linear(flat, w, b)
    out = affine(b, flat, w)
    if rank == 2:
        return out
    label = "UnsafeViewBackward0" if b is None else "ViewBackward0"
    return reshape_to(out, (*shape_of(x)[:rank - 1], PyArray_DIM(w.array, 0)), label)


cdef int check_linear(Tensor x, Tensor weight, Tensor bias) except -1:
    """Check that a matrix, a weight (out, in) and a bias or None fit each other."""
    cdef Py_ssize_t outputs = PyArray_DIM(weight.array, 0), inputs = PyArray_DIM(weight.array, 1)
    if PyArray_DIM(x.array, 1) != inputs:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({PyArray_DIM(x.array, 0)}x"
            f"{PyArray_DIM(x.array, 1)} and {inputs}x{outputs})"
        )
    check_dtypes(x, weight)
    if bias is not None:
        if PyArray_NDIM(bias.array) != 1 or PyArray_DIM(bias.array, 0) != outputs:
            raise RuntimeError(
                f"linear expected a bias of shape [{outputs}] for a weight of shape "
                f"{list(shape_of(weight))}, but got {list(shape_of(bias))}"
            )
        check_dtypes(x, bias)
    return 0


def linear_infer(input, weight, bias, norm, rectify):
    """Return ``linear``, batch norm in evaluation, and ``relu`` if ``rectify``, in one pass.

    ``norm``: (running mean, running variance, weight, bias, eps).  The numbers are those of the ops
    one after the other.  Nothing is recorded: this is for inference, under ``no_grad``.  Shapes:
    input (n, in), weight (out, in), bias (out,) or None -> (n, out), all float32 or all float64.
    RuntimeError for shapes or dtypes that do not fit, ValueError for a negative eps.

    >>> import minigrad
    >>> from minigrad.ops.linalg import linear_infer
    >>> ones = minigrad.ones(2)
    >>> linear_infer(minigrad.tensor([[3.0]]), minigrad.tensor([[1.0], [-1.0]]), None,
    ...              (ones, ones, None, None, 0.0), True)
    tensor([[2., 0.]])
    """
    cdef Tensor x = tensor_argument(input, "linear", "input")
    cdef Tensor w = tensor_argument(weight, "linear", "weight")
    cdef Tensor b = None if bias is None else tensor_argument(bias, "linear", "bias"), y
    cdef ndarray added = None
    cdef npy_intp shape[2]
    if PyArray_NDIM(x.array) != 2 or PyArray_NDIM(w.array) != 2 or not is_kernel_float(x.array):
        raise RuntimeError(f"expected a 2D input of float32 or float64, but got {x.dtype} of size "
                           f"{list(shape_of(x))}, with a weight of size {list(shape_of(w))}")
    check_linear(x, w, b)
    shape[0], shape[1] = PyArray_DIM(x.array, 0), PyArray_DIM(w.array, 0)
    y = wrap(new_array(2, shape, PyArray_TYPE(x.array)))
    mean, var, scale, offset, eps = norm
    if b is not None:
        added = b.array if PyArray_IS_C_CONTIGUOUS(b.array) else b.array.copy()
    kernels.linear_infer(
        y.array, operand(x.array), PyArray_SwapAxes(operand(w.array), 0, 1), added,
        eval_coefficients(y, mean, var, scale, offset, eps), 0 if rectify else -INFINITY,
        threads_for_products(shape[0] * shape[1] * PyArray_DIM(x.array, 1)))
    return y
