"""Module: what every layer and every network is.

Here: the call, registering by assignment, changing everything at once, printing.  Three parts of
it have files of their own: ``tree.py`` walks over submodules, parameters and buffers, ``state.py``
saves and loads them, ``hooks.py`` runs hooks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, Self

from minigrad import dtypes
from minigrad.attributes import check_cpu
from minigrad.autograd import no_grad
from minigrad.dtypes import dtype
from minigrad.nn.modules.global_hooks import (
    GLOBAL,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
    registered,
)
from minigrad.nn.modules.hooks import HooksMixin
from minigrad.nn.modules.state import StateMixin
from minigrad.nn.modules.tree import TreeMixin
from minigrad.nn.parameter import Buffer, Parameter
from minigrad.ops.creation import empty_like
from minigrad.ops.legacy import typename
from minigrad.tensor import Tensor
from minigrad.types import Device

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


class _Registry(MutableMapping):
    """The attributes of a module that are registered as one kind, as a dictionary.

    Values live in the module's ``__dict__`` alone, where reading ``self.weight`` finds them at the
    speed of any attribute; ``names`` says which of them are of this kind, and in what order.
    """

    __slots__ = ("attributes", "names")

    def __init__(self, names: Any, attributes: Any) -> None:
        self.names = names
        self.attributes = attributes

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return self.attributes[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.names.setdefault(name, True)
        self.attributes[name] = value

    def __delitem__(self, name: str) -> None:
        del self.names[name]
        del self.attributes[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[Any]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def items(self):
        """Return the pairs of name and value: a list, quicker to go through than a view."""
        return [(name, self.attributes[name]) for name in self.names]

    def values(self):
        """Return the values as a list."""
        return [self.attributes[name] for name in self.names]

    def __repr__(self) -> str:
        return repr(dict(self))


class Module(TreeMixin, StateMixin, HooksMixin):
    """Base class of all layers and networks.

    A subclass calls ``super().__init__()``, assigns its parameters and submodules to attributes,
    and defines :meth:`forward`.  Modules nest: the parameters of a module are its own and those of
    its submodules.

    Attributes:
        training: True from the start and after :meth:`train`, False after :meth:`eval`.

    Source: ``torch.nn.Module``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = nn.Linear(4, 8)
        ...         self.output = nn.Linear(8, 2)
        ...
        ...     def forward(self, x):
        ...         return self.output(self.hidden(x).relu())
        >>> net = Net()
        >>> net(minigrad.ones(3, 4)).shape
        minigrad.Size([3, 2])
        >>> [name for name, _ in net.named_parameters()]
        ['hidden.weight', 'hidden.bias', 'output.weight', 'output.bias']
    """

    # What a state_dict's metadata says about this class.  A layer that changes its parameters or
    # buffers raises it, and upgrades older state in _load_from_state_dict.
    _version = 1

    def __init__(self) -> None:
        self.__dict__.update(
            training=True,
            # What is registered, in order.  A buffer's value is whether it is persistent.
            _names={"parameter": {}, "buffer": {}, "module": {}},
            _forward_pre_hooks=OrderedDict(),
            _forward_hooks=OrderedDict(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
        )

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines this.

        Call the module rather than this method: only the call runs the hooks.
        """
        raise NotImplementedError(
            f'Module [{self._get_name()}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or GLOBAL
        ):
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(args, kwargs)

    def _is_plain(self) -> bool:
        """Whether a call is the forward of the class and nothing else."""
        return "forward" not in self.__dict__ and not (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or GLOBAL
        )

    # Registering parameters, buffers and submodules.

    @property
    def _parameters(self):
        return _Registry(self._names["parameter"], self.__dict__)

    @property
    def _buffers(self):
        return _Registry(self._names["buffer"], self.__dict__)

    @property
    def _modules(self):
        return _Registry(self._names["module"], self.__dict__)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter (or None, a place for one) that is read as attribute ``name``.

        Raises TypeError if ``param`` is something else or the name no string, KeyError if the name
        is empty, holds a dot or is taken, ValueError if ``param`` is the result of an operation.
        """
        self._check_name("parameter", name)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' "
                    "(nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must "
                    f"be created explicitly. To express '{name}' as a function of another Tensor, "
                    "compute the value in the forward() method."
                )
            param = registered("parameter", self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but no parameter, such as BatchNorm's running mean.

        Args:
            name: the attribute it is read as.
            tensor: Tensor, or None, a place for one.
            persistent: whether it belongs to the ``state_dict``.

        Raises TypeError if ``tensor`` is something else or the name no string, KeyError if the name
        is empty, holds a dot or is taken.
        """
        self._check_name("buffer", name)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(minigrad Tensor or None required)"
            )
        self._buffers[name] = registered("buffer", self, name, tensor)
        self._names["buffer"][name] = bool(persistent)

    def add_module(self, name: str, module: Module) -> None:
        """Add a submodule (or None, a place for one) that is read as attribute ``name``.

        Raises TypeError if ``module`` is no Module or the name no string, KeyError if the name is
        empty, holds a dot or is taken.
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_name("module", name)
        self._modules[name] = registered("module", self, name, module)

    def register_module(self, name: str, module: Module) -> None:
        """The same as :meth:`add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind, name):
        """Raise unless a ``kind`` (parameter, buffer, module) can be registered as ``name``."""
        if "_names" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self._names[kind]:
            raise KeyError(f"attribute '{name}' already exists")

    def __setattr__(self, name: str, value: Any) -> None:
        """Register a Parameter, Module or Buffer; anything else becomes a plain attribute.

        A name that is registered takes None or its own kind, with one exception: a Parameter
        replaces whatever was there, and a Module a buffer.
        """
        names = self.__dict__.get("_names")
        for kind, (cls, expected) in _KINDS.items():
            if isinstance(value, cls):
                if names is None:
                    raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
                self._assign(kind, name, value)
                return
            if names is None or name not in names[kind] or value is None:
                continue
            if kind == "buffer" and isinstance(value, Tensor):
                value = registered(kind, self, name, value)
                continue
            raise TypeError(f"cannot assign '{typename(value)}' as {expected.format(name)}")
        super().__setattr__(name, value)

    def _assign(self, kind, name, value):
        """Register ``value``; an attribute or another kind of that name makes way for it."""
        if name not in self._names[kind]:
            self.__dict__.pop(name, None)
            for names in self._names.values():
                names.pop(name, None)
        if kind == "parameter":
            self.register_parameter(name, value)
        elif kind == "buffer":
            self.register_buffer(name, value, value.persistent)
        else:
            self._modules[name] = registered("module", self, name, value)

    def __setstate__(self, state: Any) -> None:
        """Take what pickle stored of a module, or of a torch module, which has a table of each kind
        of what is registered."""
        if "_parameters" not in state:
            self.__dict__.update(state)
            return
        state = dict(state)
        tables = [state.pop(name) for name in ("_parameters", "_buffers", "_modules")]
        transient = state.pop("_non_persistent_buffers_set")
        hooks = [name for name in state if "_hook" in name]
        if any(state.pop(name) for name in hooks):
            raise ValueError("a torch module with hooks cannot be taken over: its state_dict can")
        Module.__init__(self)
        self.__dict__.update(state)
        for name, value in tables[0].items():
            self.register_parameter(name, value)
        for name, value in tables[1].items():
            self.register_buffer(name, value, name not in transient)
        for name, value in tables[2].items():
            self._modules[name] = value

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        for names in self._names.values():
            names.pop(name, None)

    def __dir__(self) -> list[str]:
        return sorted(name for name in super().__dir__() if not name[0].isdigit())

    # Changing all of it.

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn(module)`` for every module below this one and then for this one; return it.

        Example::

            >>> from minigrad import nn
            >>> net = nn.Sequential(nn.Flatten(), nn.Identity())
            >>> _ = net.apply(lambda module: print(type(module).__name__))
            Flatten
            Identity
            Sequential
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Set training mode (or, with False, evaluation mode) here and below; return the module.

        Raises ValueError if ``mode`` is not a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set evaluation mode here and below, the same as ``train(False)``; return the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether the parameters get gradients (False freezes them); return the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero if not ``set_to_none``."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
                continue
            if parameter.grad.requires_grad:  # it has a history, from create_graph=True
                parameter.grad = parameter.grad.detach()
            parameter.grad.zero_()

    def _apply(self, fn, recurse=True):
        """Replace the data of every parameter, gradient and buffer by ``fn`` of it.

        Parameters stay the same objects, so that an optimizer keeps hold of them.
        """
        for module in self.children() if recurse else ():
            module._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is None:
                    continue
                gradient = parameter.grad
                parameter.grad = None
                parameter.data = fn(parameter.data)
                if gradient is not None:
                    parameter.grad = fn(gradient)
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert all floating-point parameters and buffers in place; return the module.

        Called as ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(tensor)``, which
        means the tensor's dtype; ``non_blocking`` and ``memory_format`` are accepted and change
        nothing.

        Raises TypeError if the dtype is not floating point, RuntimeError for a device other than
        the CPU.

        Example::

            >>> import minigrad
            >>> from minigrad import nn
            >>> nn.Linear(2, 2).to(minigrad.float64).weight.dtype
            minigrad.float64
        """
        dtype = _parse_to(*args, **kwargs)
        if dtype is None:
            return self
        if not dtype.is_floating_point:
            raise TypeError(
                f"nn.Module.to only accepts floating point dtypes, but got desired dtype={dtype}"
            )
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def half(self) -> Self:
        """The same as ``to(minigrad.float16)``."""
        return self.to(dtypes.float16)

    def float(self) -> Self:
        """The same as ``to(minigrad.float32)``."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """The same as ``to(minigrad.float64)``."""
        return self.to(dtypes.float64)

    def type(self, dst_type: dtype | str) -> Self:
        """Convert all parameters and buffers to ``dst_type``, integers too; return the module."""
        return self._apply(lambda t: t.type(dst_type))

    def cpu(self) -> Self:
        """Return the module: everything is on the CPU already."""
        return self

    def cuda(self, device: Device = None) -> Self:
        """Raise AssertionError, as torch does without CUDA: minigrad runs on the CPU."""
        return self.to("cuda")

    def to_empty(self, *, device: Device, recurse: bool = True) -> Self:
        """Replace all parameters and buffers by uninitialised memory; return the module."""
        if device is not None:
            check_cpu(device)
        return self._apply(empty_like, recurse)

    def share_memory(self) -> Self:
        """Share all parameters and buffers with processes forked from now on; return the module.

        See ``Tensor.share_memory_``.
        """
        return self._apply(lambda t: t.share_memory_())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing, as ``minigrad.compile`` does: everything is compiled already."""

    # Printing.

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self) -> str:
        """Return what :meth:`__repr__` shows about this layer's settings; subclasses define it."""
        return ""

    def __repr__(self) -> str:
        settings = self.extra_repr()
        children = [
            f"({name}): {module!r}".replace("\n", "\n  ") for name, module in self._modules.items()
        ]
        if not children and "\n" not in settings:
            return f"{self._get_name()}({settings})"
        lines = settings.split("\n") if settings else []
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"


# What registers itself on assignment, in the order it is looked at, and what an error says of it.
_KINDS = {
    "parameter": (Parameter, "parameter '{}' (nn.Parameter or None expected)"),
    "module": (Module, "child module '{}' (nn.Module or None expected)"),
    "buffer": (Buffer, "buffer '{}' (nn.Buffer, Tensor or None expected)"),
}


def _parse_to(*args, device=None, dtype=None, tensor=None, non_blocking=False, memory_format=None):
    """Return the dtype that the arguments of Module.to ask for, or None."""
    for arg in args:
        if isinstance(arg, Tensor):
            tensor = arg
        elif isinstance(arg, dtypes.dtype):
            dtype = arg
        elif not isinstance(arg, bool):
            device = arg
    if device is not None:
        check_cpu(device)
    return dtype if tensor is None else tensor.dtype
