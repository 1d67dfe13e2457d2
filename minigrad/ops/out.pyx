"""``out=``: functions that write their results to tensors that already exist.

Torch gives nearly every function this argument, and nearly no call has it.  So no op here knows
of it: a ``WithOut`` stands before the op, calls it, and writes what it returned where ``out`` says.

A call without ``out`` should cost next to nothing.  ``def f(*args, **kwargs)`` would first make a
tuple and a dict, which takes a fifth of the time of a small addition.  CPython also calls objects
through a pointer in them to a C function, which gets the arguments where they lie ("vectorcall",
PEP 590): that one hands them on untouched.
"""

import functools
import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from numpy cimport PyArray_SIZE, import_array

from minigrad.complaints import answer
from minigrad.kernels.shapes cimport same_shape
from minigrad.ops.inplace cimport assign, check_inplace
from minigrad.tape cimport recording
from minigrad.tensor cimport Tensor

import_array()

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
    ctypedef PyObject *(*vectorcallfunc)(PyObject *, PyObject *const *, size_t, PyObject *) except NULL
    PyObject *PyObject_Vectorcall(PyObject *, PyObject *const *, size_t, PyObject *)
    Py_ssize_t PyVectorcall_NARGS(size_t)
    const unsigned long Py_TPFLAGS_HAVE_VECTORCALL


cdef class WithOut:
    """``minigrad.name``: an op, and torch's ``out=``, the tensors to write its results to.

    A tensor of another shape takes the result's, with a warning unless it was empty.  Results
    written to ``out`` are not recorded, and asking for the gradient of one is a RuntimeError.
    """

    cdef vectorcallfunc call
    cdef object function
    cdef dict __dict__      # __name__, __doc__ and what else describes a function

    def __init__(self, function, name):
        functools.update_wrapper(self, function)
        self.__name__ = self.__qualname__ = name
        self.__module__ = "minigrad"
        self.function = function
        self.call = call

    def __call__(self, *args, out=None, **kwargs):
        result = self.function(*args, **kwargs)
        if out is None:
            return result
        name = self.__name__
        if not isinstance(result, tuple):
            return write_out(name, out, <Tensor?>result)
        if not isinstance(out, (tuple, list)) or len(out) != len(result):
            raise TypeError(f"{name}(): argument 'out' must be {len(result)} Tensors")
        written = [write_out(name, o, <Tensor?>r) for o, r in zip(out, result)]
        return result._make(written) if hasattr(result, "_make") else tuple(written)

    def __repr__(self):
        return f"<function minigrad.{self.__name__}>"

    def __reduce__(self):
        return self.__name__            # pickle finds it in minigrad


cdef PyObject *call(PyObject *self, PyObject *const *args, size_t n, PyObject *names) except NULL:
    """Call ``self`` with ``n`` arguments by position, then one for each of the ``names``."""
    cdef PyObject *result = NULL
    cdef bint with_out = names is not NULL and "out" in <tuple>names
    if not with_out:        # (a try would already cost more than all else here)
        result = PyObject_Vectorcall(<PyObject *>(<WithOut>self).function, args, n, names)
        if result is not NULL:
            return result
    try:
        if not with_out:
            raise_what_is_set()
        given, named = arguments(args, n, names)
        found = (<WithOut>self).__call__(*given, **named)
        Py_INCREF(found)
        return <PyObject *>found
    except Exception as error:
        given, named = arguments(args, n, names)
        found = answer(<object>self, (<WithOut>self).__name__, given, named, error)
        Py_INCREF(found)
        return <PyObject *>found


cdef tuple arguments(PyObject *const *args, size_t n, PyObject *names):
    """Return the arguments of ``call`` as a tuple and a dict."""
    cdef Py_ssize_t i, count = PyVectorcall_NARGS(n)
    given = tuple([<object>args[i] for i in range(count)])
    if names is NULL:
        return given, {}
    return given, {name: <object>args[count + i] for i, name in enumerate(<tuple>names)}


cdef PyObject *raise_what_is_set() except NULL:
    """Raise the exception that a C function has left."""
    return NULL


cdef let_python_call(type wrapper):
    """Tell CPython where in a WithOut its C function lies."""
    cdef WithOut example = wrapper.__new__(wrapper)
    cdef PyTypeObject *described = <PyTypeObject *>wrapper
    described.tp_vectorcall_offset = <char *>&example.call - <char *><PyObject *>example
    described.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL


let_python_call(WithOut)


cdef Tensor write_out(str name, object out, Tensor result):
    cdef Tensor x
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    x = <Tensor>out
    if recording(result) or recording(x):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    check_inplace(x, False)
    if not same_shape(x.array, result.array):
        if PyArray_SIZE(x.array):
            warnings.warn(
                f"An output with one or more elements was resized since it had shape "
                f"{list(x.shape)}, which does not match the required output shape "
                f"{list(result.shape)}.")
        x.array = np.empty_like(result.array, dtype=x.array.dtype)
    return assign(x, result)
