"""Tensor: an array, its gradient and its place on the tape, under torch's names.

A tensor is built up in three steps, each a class: ``Variable`` (tape.pxd) has the fields that the
tape needs, ``Operators`` (operators.pyx) gives Python's syntax its meaning, and ``Tensor`` here
adds what has a name and needs no op: attributes, sizes, gradients, the ways out to NumPy and
Python.  Named ops (``a.sum(0)``) *are* the functions of ``minigrad.ops``, which puts them into
the class by ``install_methods``.
"""

import copy
import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

cimport cython
from cpython.dict cimport PyDict_SetItem
from cpython.object cimport PyObject, PyTypeObject
from numpy cimport (
    PyArray_DATA, PyArray_IS_C_CONTIGUOUS, PyArray_NDIM, PyArray_SIZE, import_array, ndarray,
)

from minigrad import formatting
from minigrad.attributes import RemovableHandle, Size, device
from minigrad.convert cimport array_from, checked_dim
from minigrad.dtypes cimport default_dtype, dtype_of
from minigrad.edges cimport shown
from minigrad.grad_mode cimport grad_enabled
from minigrad.hooks import add_hook, retain
from minigrad.operators cimport Operators
from minigrad.tape cimport (
    ACCUMULATED, NO_GRAD, ORDINARY, Variable, nothing, operations, refresh_view, version_of, wants,
)
from minigrad.walk cimport backward_from

import_array()

cdef extern from "Python.h":
    void PyType_Modified(PyTypeObject *type)


# ---------------------------------------------------------------- making tensors from arrays

cdef Tensor wrap(ndarray array):
    """Return a new leaf over ``array``, which has one of minigrad's dtypes."""
    cdef Tensor t = Tensor.__new__(Tensor)
    t.array = array
    return t


cdef Tensor view_of(Tensor base, ndarray array):
    """Return a tensor over ``array``, a view of ``base``'s memory: in-place writes show in both.

    The caller records the op that made the view, if it must be recorded.
    """
    cdef Tensor t = wrap(array)
    t.version = version_of(base)
    t.base = base if base.base is None else base.base
    t.seen = t.version.number
    t.origin = base.origin if base.origin != ORDINARY or grad_enabled() else NO_GRAD
    return t


cdef Tensor alias_of(Tensor source):
    """Return a leaf that shares memory and version with ``source`` but not its history."""
    cdef Tensor t = wrap(source.array)
    t.version = version_of(source)
    return t


cdef object set_requires_grad(Tensor t, bint wanted):
    """Set the flag of a leaf, or raise RuntimeError where that makes no sense."""
    if wanted and not dtype_of(t.array).is_floating_point:
        raise RuntimeError(
            "only Tensors of floating point dtype can require gradients, but this one is "
            f"{dtype_of(t.array)}"
        )
    if t.node is not None:
        if not wanted:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        return
    t.wants_grad = wanted


def over_array(ndarray array):
    """Return a leaf over ``array``, which must have one of minigrad's dtypes: no copy, no check."""
    return wrap(array)


cdef Variable wrapped(ndarray array):
    """Return what ``wrap`` does, as the tape sees it."""
    return wrap(array)


cdef object cpu = device("cpu")


# ---------------------------------------------------------------- the class

@cython.binding(False)          # descriptors of Python's own: they look what self is
@cython.embedsignature.format("clinic")
cdef class Tensor(Operators):
    """A multi-dimensional array that remembers how it was computed.

    Make one by ``minigrad.tensor(data)``, ``minigrad.zeros(2, 3)`` and the like.  Shapes, dtypes,
    broadcasting, views and error classes are torch's.  ``Tensor(2, 3)`` and ``Tensor([1., 2.])``
    are torch's old constructors: an uninitialised tensor, and one of the default dtype.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __array_priority__ = 1000       # NumPy's operators leave `array + tensor` to us

    def __init__(self, *args):
        if self.array is not nothing:   # already made by a factory or a subclass's __new__
            return
        if len(args) == 1 and isinstance(args[0], Tensor):
            self._share(args[0])
            return
        if len(args) == 1 and not isinstance(args[0], (int, Size)):
            self.array = np.array(array_from(args[0], default_dtype()))
            return
        sizes = tuple(args[0]) if args and isinstance(args[0], Size) else args or (0,)
        if any([not isinstance(s, int) for s in sizes]):
            raise TypeError(f"Tensor() expects data, or sizes as ints, but got {args!r}")
        if min(sizes, default=0) < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension: {list(sizes)}")
        self.array = np.empty(sizes, default_dtype().numpy)

    def _share(self, Tensor other):
        """Become a leaf over ``other``'s memory (how Parameter is made)."""
        self.array = other.array
        self.version = version_of(other)
        return self

    # -------- attributes

    @property
    def shape(self):
        """The sizes, as a Size."""
        return Size((<object>self.array).shape)

    @property
    def dtype(self):
        """The dtype of the elements."""
        return dtype_of(self.array)

    @property
    def device(self):
        """Where the tensor is: ``device(type='cpu')``."""
        return cpu

    @property
    def ndim(self):
        """The number of dimensions."""
        return PyArray_NDIM(self.array)

    @property
    def itemsize(self):
        """Bytes an element takes."""
        return self.array.itemsize

    @property
    def nbytes(self):
        """Bytes all elements take."""
        return PyArray_SIZE(self.array) * self.array.itemsize

    @property
    def is_cuda(self):
        """False: the tensor is on the CPU."""
        return False

    @property
    def requires_grad(self):
        """Whether a gradient is wanted for this tensor or for one it was computed from."""
        return wants(self)

    @requires_grad.setter
    def requires_grad(self, wanted):
        set_requires_grad(self, wanted)

    @property
    def is_leaf(self):
        """Whether no recorded op made this tensor."""
        return self.grad_fn is None

    @property
    def grad_fn(self):
        """The node that made this tensor, None for a leaf."""
        refresh_view(self)
        return None if self.node is None else shown(self.node)

    @property
    def output_nr(self):
        """Which output of ``grad_fn`` this tensor is."""
        return self.output

    @property
    def grad(self):
        """The gradient that ``backward()`` accumulated here, or None; warns if it never does."""
        if self.gradient is None and self.node is not None and not self.keeps_grad:
            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
                ".grad attribute won't be populated during autograd.backward(). If you indeed want "
                "the .grad field to be populated for a non-leaf Tensor, use .retain_grad() on the "
                "non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you "
                "access the leaf Tensor instead."
            )
        return self.gradient

    @grad.setter
    def grad(self, value):
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got {type(value).__name__}"
                )
            if value.shape != self.shape:
                raise RuntimeError(
                    f"assigned grad has data of a different size: expected {list(self.shape)}, "
                    f"but got {list(value.shape)}"
                )
            if value.dtype is not self.dtype:
                raise RuntimeError(
                    f"assigned grad has data of a different type: expected {self.dtype}, "
                    f"but got {value.dtype}"
                )
            if value is self:
                raise RuntimeError("can't assign Variable as its own grad")
        self.gradient = value

    @grad.deleter
    def grad(self):
        self.gradient = None

    @property
    def data(self):
        """The same memory as a tensor without history.  Writes through it are not tracked."""
        return wrap(self.array)

    @data.setter
    def data(self, Tensor value not None):
        if self.requires_grad and not value.dtype.is_floating_point:
            raise RuntimeError(
                f"data set to a tensor that requires gradients must be floating point, but got "
                f"{value.dtype}"
            )
        self.array = value.array        # the version stays: writes before now are not forgotten
        self.base = None
        self.origin = ORDINARY

    @property
    def _version(self):
        """How often this memory was written in place."""
        return version_of(self).number

    @property
    def _base(self):
        """The tensor this one is a view of, or None."""
        return self.base

    def _is_view(self):
        """Return whether this tensor is a view that autograd knows of."""
        return self.base is not None

    @property
    def T(self):
        """The transpose: all dimensions in reverse order.  Warns unless there are two."""
        if PyArray_NDIM(self.array) != 2:
            warnings.warn(
                "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
                "deprecated. Consider `x.mT` to transpose batches of matrices or "
                "`x.permute(*range(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
            )
        return operations.permute(self, tuple(range(PyArray_NDIM(self.array) - 1, -1, -1)))

    @property
    def mT(self):
        """The matrices in the last two dimensions, transposed."""
        cdef int n = PyArray_NDIM(self.array)
        if n < 2:
            raise RuntimeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got {n}-D tensor."
            )
        cdef Tensor out = operations.permute(self, (*range(n - 2), n - 1, n - 2))
        if out.node is not None:
            out.node.label = "TransposeBackward0"
        return out

    @property
    def retains_grad(self):
        """Whether ``retain_grad()`` was called on this non-leaf."""
        return self.node is not None and self.keeps_grad

    # -------- sizes and memory

    def size(self, dim=None):
        """Return the shape, or the size of dimension ``dim``."""
        if dim is None:
            return self.shape
        return (<object>self.array).shape[checked_dim(dim, PyArray_NDIM(self.array))]

    def dim(self):
        """Return the number of dimensions."""
        return PyArray_NDIM(self.array)

    ndimension = dim

    def numel(self):
        """Return the number of elements."""
        return PyArray_SIZE(self.array)

    nelement = numel

    def element_size(self):
        """Return the bytes an element takes."""
        return self.array.itemsize

    def stride(self, dim=None):
        """Return the strides in elements (not bytes), or that of dimension ``dim``."""
        strides = tuple([s // self.array.itemsize for s in (<object>self.array).strides])
        if dim is None:
            return strides
        return strides[checked_dim(dim, PyArray_NDIM(self.array))]

    def is_contiguous(self, memory_format=None):
        """Whether the elements lie in memory in row-major order without gaps."""
        return bool(PyArray_IS_C_CONTIGUOUS(self.array))

    def data_ptr(self):
        """Return the address of the first element."""
        return <size_t>PyArray_DATA(self.array)

    def storage_offset(self):
        """Return how many elements lie between the start of the memory and the first element."""
        root = self.array
        while isinstance(root.base, np.ndarray):
            root = root.base
        return (<size_t>PyArray_DATA(self.array) - <size_t>PyArray_DATA(root)) // (
            self.array.itemsize)

    def is_floating_point(self):
        """Whether the dtype is float16, float32 or float64."""
        return dtype_of(self.array).is_floating_point

    def is_complex(self):
        """Return False: minigrad has no complex dtypes."""
        return False

    def get_device(self):
        """Return -1, as torch does for the CPU."""
        return -1

    # -------- autograd

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        """Add the gradient of this tensor with respect to the graph's leaves to their ``.grad``.

        Args:
            gradient: the gradient of some scalar with respect to this tensor, of its shape.
                Needed unless this tensor has one element: then it is 1.
            retain_graph: keep what the graph saved, for another ``backward``.  Default: as
                ``create_graph``.
            create_graph: record the backward pass, so that gradients can be differentiated.
            inputs: accumulate into these tensors only.

        Raises RuntimeError if this tensor has no graph, if a shape does not fit, if the
        graph was already freed, or if a saved tensor was overwritten since.
        """
        backward_from(self, gradient, retain_graph, create_graph, inputs)

    def detach(self):
        """Return a tensor over the same memory that is not part of the graph."""
        return alias_of(self)

    def detach_(self):
        """Take this tensor out of its graph, in place: it becomes a leaf."""
        if self.base is not None:
            raise RuntimeError(
                "Can't detach views in-place. Use detach() instead of detach_()."
            )
        version_of(self)        # which the node that is left behind knows too
        self.node = None
        self.wants_grad = False
        return self

    def requires_grad_(self, requires_grad=True):
        """Set ``requires_grad`` in place and return this tensor."""
        set_requires_grad(self, requires_grad)
        return self

    def register_hook(self, hook):
        """Call ``hook(grad)`` when this tensor's gradient is known; a returned tensor replaces it.

        Returns a handle whose ``remove()`` takes the hook out.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "cannot register a hook on a tensor that doesn't require gradient"
            )
        return RemovableHandle(*add_hook(self, hook))

    def register_post_accumulate_grad_hook(self, hook):
        """Call ``hook(tensor)`` after ``backward()`` has added to the ``.grad`` of this leaf.

        Returns a handle whose ``remove()`` takes the hook out.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "cannot register a hook on a tensor that doesn't require gradient"
            )
        if self.grad_fn is not None:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        return RemovableHandle(*add_hook(self, hook, ACCUMULATED))

    def retain_grad(self):
        """Keep this non-leaf's gradient in ``.grad`` when ``backward()`` comes by."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.grad_fn is not None and not self.keeps_grad:
            retain(self)

    # -------- leaving for Python and NumPy

    def numpy(self, *, force=False):
        """Return the memory as a NumPy array: no copy, writes show in both."""
        if not force and self.requires_grad and grad_enabled():
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. "
                "Use tensor.detach().numpy() instead."
            )
        return self.array[...] if PyArray_NDIM(self.array) else self.array.view()

    def item(self):
        """Return the value of a tensor of one element as a Python number."""
        if PyArray_SIZE(self.array) != 1:
            raise RuntimeError(
                f"a Tensor with {PyArray_SIZE(self.array)} elements cannot be converted to Scalar"
            )
        return self.array.item()

    def tolist(self):
        """Return the elements as nested lists of Python numbers, or a number for 0 dimensions."""
        return self.array.tolist()

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            if copy is False:
                raise ValueError(f"a {self.dtype} tensor cannot be a {dtype} array without a copy")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return wrap(array_from(array, None))

    def __dlpack__(self, **options):
        if self.requires_grad:
            raise BufferError(
                "Can't export tensors that require gradient, use tensor.detach()"
            )
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()

    # -------- Python's protocols

    def __repr__(self):
        return formatting.tensor_repr(self)

    def __format__(self, spec):
        if PyArray_NDIM(self.array) == 0 and type(self) is Tensor:
            return format(self.array.item(), spec)
        if spec:
            raise TypeError(
                f"unsupported format string passed to {type(self).__name__}.__format__: only a "
                "tensor of no dimensions is formatted as a number"
            )
        return str(self)

    def __deepcopy__(self, memo):
        if self.grad_fn is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
                "protocol at the moment; use .detach() or .clone()"
            )
        if id(self) in memo:
            return memo[id(self)]
        new = memo[id(self)] = rebuild(
            type(self), self.array.copy(order="K"), self.requires_grad, {})
        if self.gradient is not None:
            new.grad = copy.deepcopy(self.gradient, memo)
        take_attributes(new, copy.deepcopy(self.__dict__, memo))
        return new

    def __reduce_ex__(self, protocol):
        if self.grad_fn is not None:
            raise RuntimeError("only leaf tensors can be pickled; use .detach()")
        return rebuild, (
            type(self), np.asarray(self.array), self.requires_grad, self.__dict__)


cdef take_attributes(Tensor t, dict attributes):
    for name, value in attributes.items():
        setattr(t, name, value)


def rebuild(cls, array, requires_grad, attributes):
    """Return the tensor that ``__reduce_ex__`` took apart."""
    cdef Tensor t = Tensor.__new__(cls)         # whatever arguments a subclass takes
    t.array = array if array.flags.writeable else array.copy()
    t.wants_grad = requires_grad
    take_attributes(t, attributes)
    return t


def install_methods(dict functions):
    """Make each function a method of Tensor: ``x.name(...)`` is then ``function(x, ...)``."""
    cdef PyTypeObject *cls = <PyTypeObject *>Tensor
    for name, function in functions.items():
        PyDict_SetItem(<dict>cls.tp_dict, name, function)
    PyType_Modified(cls)


# A tensor has no field beside those of a Variable, and dies as one.  What Cython makes for classes
# without fields takes the object out of the garbage collector's list, puts it back, and calls what
# the class above has: twice.
(<PyTypeObject *>Tensor).tp_dealloc = (<PyTypeObject *>Variable).tp_dealloc

operations.tensor_class = Tensor
operations.wrap = wrapped
