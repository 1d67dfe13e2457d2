"""Tensors that a module registers when they are assigned to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from minigrad.dtypes import dtype
from minigrad.ops.creation import empty
from minigrad.overrides import disabled_torch_function
from minigrad.tensor import Tensor
from minigrad.types import Device


class _Marking(type):
    """Lets ``isinstance`` find what was made of tensors of other classes, which keep their class
    and bear a mark."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return super().__instancecheck__(instance) or (
            isinstance(instance, Tensor) and vars(cls).get("_mark") in vars(instance)
        )


def _has_own_class(data: Any) -> bool:
    """Whether ``data`` is of a class of the program's, which it keeps."""
    kind = type(data)
    return kind is not Tensor and issubclass(kind, Tensor) and not issubclass(kind, _KINDS)


def _marked(data: Tensor, mark: str, requires_grad: bool) -> Any:
    """Return a leaf over the memory of ``data``, of its class, that bears a ``mark``."""
    leaf = data.detach().requires_grad_(requires_grad)
    if type(leaf) is not type(data):
        raise RuntimeError(
            f"Creating a Parameter from an instance of type {type(data).__name__} requires that "
            "detach() returns an instance of the same type, but return type "
            f"{type(leaf).__name__} was found instead. To use the type as a Parameter, please "
            "correct the detach() semantics defined by its __torch_function__() implementation."
        )
    setattr(leaf, mark, True)
    return leaf


class Parameter(Tensor, metaclass=_Marking):
    """A tensor that a module counts among its parameters once it is assigned to an attribute.

    Shares memory with ``data``.  The result of an operation on a parameter is a plain Tensor.
    Of a tensor of another class it makes one of that class, which ``isinstance`` calls a parameter.

    Args:
        data: Tensor; an empty one if None.
        requires_grad: whether gradients are computed for it.

    Source: ``torch.nn.Parameter``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> nn.Parameter(minigrad.zeros(2))
        Parameter containing:
        tensor([0., 0.], requires_grad=True)
    """

    __torch_function__: Any = disabled_torch_function

    _mark = "_is_param"

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        data = empty(0) if data is None else data
        if _has_own_class(data):
            return _marked(data, cls._mark, requires_grad)
        return Tensor._make_subclass(cls, data, requires_grad)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: ``__new__`` has made it, and a subclass may take what it likes."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Return a copy of the data without the gradient."""
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:
        text = super().__repr__()
        if type(self) is not Parameter:
            text = f"Parameter({text})"
        return f"Parameter containing:\n{text}"


class Buffer(Tensor, metaclass=_Marking):
    """A tensor that a module counts among its buffers once it is assigned to an attribute.

    The same as ``module.register_buffer(name, data, persistent)``.

    Args:
        data: Tensor, whose memory is shared; an empty one if None.
        persistent: whether it belongs to the module's ``state_dict``.

    Source: ``torch.nn.Buffer``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> module = nn.Module()
        >>> module.mean = nn.Buffer(minigrad.zeros(2))
        >>> list(module.state_dict())
        ['mean']
    """

    __torch_function__: Any = disabled_torch_function

    _mark = "_is_buffer"
    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Self:
        data = empty(0) if data is None else data
        if _has_own_class(data):
            made = _marked(data, cls._mark, data.requires_grad)
        else:
            made = Tensor._make_subclass(cls, data)
        made.persistent = persistent
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing, as Parameter's."""


_KINDS = (Parameter, Buffer)


# What may be asked of a tensor whose shape is not known yet.
_KNOWN = frozenset(
    "cls_to_become copy_ cpu cuda data device double dtype float grad grad_fn half is_complex "
    "is_floating_point is_leaf materialize ndim persistent requires_grad retains_grad size to "
    "type".split()
)


class _Uninitialized(Tensor):
    """What a parameter and a buffer without a shape have in common."""

    cls_to_become: type
    __torch_function__: Any = disabled_torch_function

    def materialize(
        self, shape: Sequence[int], device: Device = None, dtype: dtype | None = None
    ) -> None:
        """Become an ordinary one of this shape, the same object; the numbers are left to chance."""
        self.data = empty(shape, dtype=self.data.dtype if dtype is None else dtype, device=device)
        self.__class__ = self.cls_to_become

    def __getattribute__(self, name: str) -> Any:
        if name in _KNOWN or name.startswith("_"):
            return super().__getattribute__(name)
        if name == "shape":
            raise RuntimeError(
                "Can't access the shape of an uninitialized parameter or buffer. This error "
                "usually happens in `load_state_dict` when trying to load an uninitialized "
                "parameter into an initialized one. Call `forward` to initialize the parameters "
                "before accessing their attributes."
            )
        return _refuse(name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def _refuse(name):
    raise ValueError(
        f"Attempted to use an uninitialized parameter in {name}. This error happens when you are "
        "using a `LazyModule` or explicitly manipulating `nn.parameter."
        "UninitializedParameter` objects. When using LazyModules Call `forward` with a dummy batch "
        "to initialize the parameters before calling functions on them"
    )


def _refusing(name):
    return lambda self, *args: _refuse(name)


# Operators are looked up in the class, past __getattribute__.
for _name in (
    "add radd iadd sub rsub isub mul rmul imul truediv rtruediv itruediv floordiv rfloordiv mod "
    "rmod pow rpow ipow matmul rmatmul neg abs invert and rand or ror xor rxor eq ne lt le gt ge "
    "getitem setitem len iter contains bool int float index"
).split():
    setattr(_Uninitialized, f"__{_name}__", _refusing(_name))


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known yet, as lazy layers have until they are called.

    ``materialize(shape)`` makes it a Parameter.  Anything else that needs its shape or its numbers
    raises ValueError.

    Args:
        requires_grad: whether gradients will be computed for it.
        device: None or the CPU.
        dtype: its dtype; default: the default dtype.

    Source: ``torch.nn.parameter.UninitializedParameter``.

    Example::

        >>> from minigrad import nn
        >>> weight = nn.UninitializedParameter()
        >>> weight
        <UninitializedParameter>
        >>> weight.materialize((2, 3))
        >>> type(weight).__name__, weight.shape
        ('Parameter', minigrad.Size([2, 3]))
    """

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Device = None, dtype: dtype | None = None
    ) -> Self:
        return Parameter.__new__(cls, empty(0, dtype=dtype, device=device), requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, None, self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.dtype)


class UninitializedBuffer(_Uninitialized, Buffer):
    """A buffer whose shape is not known yet; see :class:`UninitializedParameter`.

    Source: ``torch.nn.parameter.UninitializedBuffer``.

    Example::

        >>> from minigrad import nn
        >>> mean = nn.UninitializedBuffer()
        >>> mean.materialize((2,))
        >>> mean.shape
        minigrad.Size([2])
    """

    cls_to_become = Buffer

    def __new__(
        cls,
        requires_grad: bool = False,
        device: Device = None,
        dtype: dtype | None = None,
        persistent: bool = True,
    ) -> Self:
        made = Buffer.__new__(cls, empty(0, dtype=dtype, device=device), persistent=persistent)
        made.requires_grad = requires_grad
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            copy = type(self)(self.requires_grad, None, self.dtype, self.persistent)
            memo[id(self)] = copy
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.dtype, self.persistent)


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer has no shape yet.

    >>> from minigrad import nn
    >>> nn.parameter.is_lazy(nn.UninitializedParameter())
    True
    """
    return isinstance(param, _Uninitialized)
