"""Functions as minigrad shows them: ``minigrad.add``, ``nn.functional.relu``, ``Tensor.sum``.

An op computes, and knows nothing else.  What every function has besides stands here, once: a
``PublicFunction`` stands before the op.  It imports the op when it is first called, since programs
use few of the thousand there are; it knows torch's ``out=``; and it says of a call that failed
which argument was wrong (minigrad/complaints.pyx), or what a ``__torch_function__`` makes of it
(minigrad/overrides.py).

A call that needs none of this should cost next to nothing.  ``def f(*args, **kwargs)`` would first
make a tuple and a dict, which takes a fifth of the time of a small addition.  CPython also calls
objects through a pointer in them to a C function, which gets the arguments where they lie
("vectorcall", PEP 590): that one hands them on untouched.
"""

from importlib import import_module

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF

from minigrad.complaints import answer, complain
from minigrad.ops.out import write_results
from minigrad import overrides
from minigrad.overrides import ask, ask_mode_about, has_torch_function
from minigrad.tape cimport binary_function, operations
from minigrad.tensor import Tensor, install_methods

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        Py_ssize_t tp_vectorcall_offset
        unsigned long tp_flags
    # (noexcept: Cython leaves it to us to look whether NULL was returned)
    ctypedef PyObject *(*vectorcallfunc)(PyObject *, PyObject *const *, size_t, PyObject *) noexcept
    PyObject *PyErr_Occurred()
    void PyErr_SetObject(object type, object value)
    PyObject *PyObject_Vectorcall(PyObject *, PyObject *const *, size_t, PyObject *) noexcept
    vectorcallfunc PyVectorcall_Function(PyObject *) noexcept
    Py_ssize_t PyVectorcall_NARGS(size_t)
    object PyMethod_New(object function, object instance)
    const unsigned long Py_TPFLAGS_HAVE_VECTORCALL
    const unsigned long Py_TPFLAGS_METHOD_DESCRIPTOR


cdef tuple OURS = ("minigrad/ops/public.pyx", "minigrad/complaints.pyx")   # (as Cython names them)
cdef bint asking = False    # whether calls first ask their arguments for a __torch_function__
cdef bint watched = False   # whether modes are to be asked, whatever the arguments are


cdef class PublicFunction:
    """``module.name``: the op that ``fetch()`` returns, and torch's ``out=`` if it ``takes_out``.

    ``out`` holds the tensors to write the results to.  A tensor of another shape takes the
    result's, with a warning unless it was empty.  Results written to ``out`` are not recorded, and
    asking for the gradient of one is a RuntimeError.
    """

    cdef vectorcallfunc call        # what CPython calls
    cdef vectorcallfunc op_call     # what is called of the op
    cdef object op, fetch
    cdef readonly bint takes_out
    cdef bint walks                 # over a graph, which may hold tensors of any class
    cdef dict __dict__
    cdef object __weakref__

    def __init__(self, module, name, fetch, takes_out=False):
        self.__module__ = module
        self.__name__ = self.__qualname__ = name
        self.fetch = fetch
        self.takes_out = takes_out
        self.walks = name in ("backward", "grad")
        self.call = <vectorcallfunc>first_call

    @property
    def __wrapped__(self):
        """The op."""
        return load(self)

    @property
    def __doc__(self):
        return load(self).__doc__

    @property
    def __annotations__(self):
        return load(self).__annotations__

    def __call__(self, *args, **kwargs):
        if self.takes_out and "out" in kwargs:
            out = kwargs.pop("out")
            return write_results(self.__name__, out, load(self)(*args, **kwargs))
        return load(self)(*args, **kwargs)

    def __repr__(self):
        return f"<function {self.__module__}.{self.__name__}>"

    def __reduce__(self):
        return self.__name__            # pickle finds it in its module


cdef class PublicMethod(PublicFunction):
    """``Tensor.name``: as ``x.name`` with ``x`` for the first argument."""

    def __init__(self, module, name, fetch):
        super().__init__(module, name, fetch)
        self.__qualname__ = f"Tensor.{name}"

    def __get__(self, instance, owner):
        return self if instance is None else PyMethod_New(self, instance)

    def __repr__(self):
        return f"<method {self.__name__!r} of {self.__module__}.Tensor>"

    def __reduce__(self):
        return getattr, (Tensor, self.__name__)


cdef object load(PublicFunction f):
    """Return the op, fetched when it is first asked for."""
    cdef vectorcallfunc op_call
    if f.op is None:
        op = f.fetch()
        op_call = PyVectorcall_Function(<PyObject *>op)
        f.op_call = op_call if op_call is not NULL else PyObject_Vectorcall
        f.op = op
        f.call = <vectorcallfunc>call
    return f.op


cdef PyObject *first_call(PyObject *f, PyObject *const *args, size_t n, PyObject *names) except NULL:
    load(<PublicFunction>f)
    return call(f, args, n, names)


cdef PyObject *call(PyObject *f, PyObject *const *args, size_t n, PyObject *names) noexcept:
    """Call ``f`` with ``n`` arguments by position, then one for each of the ``names``.

    Returns NULL with the exception set, as CPython wants it: Cython's ``except NULL`` would add a
    line about this file to the traceback of every call that fails.
    """
    cdef PyObject *result
    if (not asking or plain(<PublicFunction>f, args, n, names)) and (
            names is NULL or not (<PublicFunction>f).takes_out or "out" not in <tuple>names):
        result = (<PublicFunction>f).op_call(<PyObject *>(<PublicFunction>f).op, args, n, names)
        if result is not NULL:
            return result
    return call_at_leisure(f, args, n, names)


cdef PyObject *call_at_leisure(
        PyObject *f, PyObject *const *args, size_t n, PyObject *names) noexcept:
    """Do what few calls need, or say why the call of the op failed."""
    try:
        found = found_at_leisure(f, args, n, names)
        Py_INCREF(found)
        return <PyObject *>found
    except BaseException as error:
        error.__traceback__ = beyond_here(error.__traceback__)
        PyErr_SetObject(type(error), error)
    return NULL


cdef object beyond_here(object traceback):
    """Return a traceback without the lines about how an op is called and complaints are made."""
    first = last = None
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.endswith(OURS):
            if last is None:
                first = traceback
            else:
                last.tb_next = traceback
            last = traceback
        traceback = traceback.tb_next
    if last is not None:
        last.tb_next = None
    return first


cdef object found_at_leisure(PyObject *f, PyObject *const *args, size_t n, PyObject *names):
    try:
        if PyErr_Occurred():
            raise_what_is_set()
        given, named = arguments(args, n, names)
        found = ask(<object>f, given, named) if asking else (
            (<PublicFunction>f).__call__(*given, **named))
    except Exception as error:
        given, named = arguments(args, n, names)
        found = (complain if asking else answer)(<object>f, given, named, error)
    return found


cdef bint plain(PublicFunction f, PyObject *const *args, size_t n, PyObject *names) noexcept:
    """Whether no argument can have a ``__torch_function__`` that is to be asked."""
    cdef Py_ssize_t i, count = PyVectorcall_NARGS(n)
    if watched or f.walks:
        return False
    if names is not NULL:
        count += len(<tuple>names)
    for i in range(count):
        kind = type(<object>args[i])
        if not (kind is Tensor or kind is int or kind is float or kind is bool or kind is str
                or <object>args[i] is None):
            return False
    return True


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


cdef let_python_call(type wrapper, unsigned long flags):
    """Tell CPython where in a ``wrapper`` its C function lies."""
    cdef PublicFunction example = wrapper.__new__(wrapper)
    cdef PyTypeObject *described = <PyTypeObject *>wrapper
    described.tp_vectorcall_offset = <char *>&example.call - <char *><PyObject *>example
    described.tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | flags


let_python_call(PublicFunction, 0)
let_python_call(PublicMethod, Py_TPFLAGS_METHOD_DESCRIPTOR)     # x.name(...) makes no method


def public(function, module):
    """Return a function as ``module`` shows it."""
    return PublicFunction(module, function.__name__, lambda: function)


def late(module, name, home, there):
    """Return ``module.name``, what a module ``home``, which is imported later, has as ``there``."""
    return PublicFunction(module, name, lambda: getattr(import_module(home), there))


def publish(dict names):
    """Put PublicFunctions before the functions in a module's ``__all__``; ``names``: its vars()."""
    for name in names["__all__"]:
        if not isinstance(names[name], type):
            names[name] = PublicFunction(names["__name__"], name, lambda op=names[name]: op)


cdef binary_function add, sub, mul, div     # the operators, where modes are asked in their place


cdef object watched_add(object a, object b):
    return ask_mode_about("add", (a, b)) if has_torch_function(()) else add(a, b)


cdef object watched_sub(object a, object b):
    return ask_mode_about("sub", (a, b)) if has_torch_function(()) else sub(a, b)


cdef object watched_mul(object a, object b):
    return ask_mode_about("mul", (a, b)) if has_torch_function(()) else mul(a, b)


cdef object watched_div(object a, object b):
    return ask_mode_about("div", (a, b)) if has_torch_function(()) else div(a, b)


def ask_if(bint subclasses, bint modes):
    """Have calls ask their arguments if there are subclasses, and modes if there are such."""
    global asking, watched, add, sub, mul, div
    if subclasses or modes:         # about the methods that Tensor has itself, too
        found = {name: f for kind in Tensor.__mro__[-2::-1] for name, f in vars(kind).items()}
        install_methods({
            name: PublicMethod("minigrad", name, lambda f=f: f) for name, f in found.items()
            if callable(f) and name[:2] != "__" and name not in overrides.SILENT
            and not isinstance(f, PublicMethod)
        })
    if modes and not watched:
        add, sub, mul, div = operations.add, operations.sub, operations.mul, operations.div
        operations.add, operations.sub = watched_add, watched_sub
        operations.mul, operations.div = watched_mul, watched_div
    elif watched and not modes:
        operations.add, operations.sub = add, sub
        operations.mul, operations.div = mul, div
    asking, watched = subclasses or modes, modes


overrides.when_overridden.append(ask_if)
