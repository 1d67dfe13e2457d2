"""Parameters that are computed from others by modules, under the names of ``torch``'s parametrize.

A parametrized module gets a class of its own, derived from its class, in which the parameter is a
property: reading it runs the parametrizations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from minigrad.autograd import no_grad
from minigrad.nn.modules.container import ModuleDict, ModuleList
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

# Inside of `cached`: {(id of module, name): tensor}.
_cache: dict[tuple[int, str], Tensor] | None = None


@contextmanager
def cached():
    """Compute each parametrized parameter once only, inside of ``with cached():``.

    Source: ``torch.nn.utils.parametrize.cached``.
    """
    global _cache
    outer, _cache = _cache, {} if _cache is None else _cache
    try:
        yield
    finally:
        _cache = outer


_Module = TypeVar("_Module", bound=Module)


class ParametrizationList(ModuleList):
    """The parametrizations of one parameter, and what they compute it from.

    That is the parameter ``original``; or ``original0``, ``original1`` and so on, where the
    ``right_inverse`` of a parametrization returns several tensors.

    Source: ``torch.nn.utils.parametrize.ParametrizationList``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> parametrize = nn.utils.parametrize
        >>> parametrize.ParametrizationList([nn.Tanh()], nn.Parameter(minigrad.zeros(2)))()
        tensor([0., 0.], grad_fn=<TanhBackward0>)
    """

    def __init__(self, modules: Iterable[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        values = self._inverse(original, NotImplementedError)
        self.ntensors = 1
        self.is_tensor = isinstance(values, Tensor)
        if self.is_tensor:
            self._keep("original", values, original)
        else:
            self.ntensors = len(values)
            for i, value in enumerate(values):
                self._keep(f"original{i}", value, original)
        if not unsafe:
            self._check(original)

    def _inverse(self, value, *ignored):
        """Return what the parametrizations compute ``value`` from, as far as they can say; one that
        raises an error of a class that is ignored cannot."""
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(*ignored):
                        value = module.right_inverse(value)
        if not isinstance(value, (Tensor, Sequence)):
            raise ValueError(
                "right_inverse must return a Tensor or a Sequence of tensors, but got "
                f"{type(value).__name__}"
            )
        return value

    def _keep(self, name, value, original):
        if not isinstance(original, Parameter):
            self.register_buffer(name, value)
        elif isinstance(value, Parameter):
            self.register_parameter(name, value)
        else:
            self.register_parameter(name, Parameter(value.detach(), original.requires_grad))

    def _check(self, original):
        value = self()
        for what, found, expected in (
            ("dtype", value.dtype, original.dtype),
            ("shape", value.shape, original.shape),
        ):
            if found != expected:
                raise ValueError(
                    f"Registering a parametrization may not change the {what} of the tensor, "
                    f"unless `unsafe` flag is enabled: it was {expected}, and became {found}"
                )

    def _originals(self):
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Any) -> None:
        """Set the originals so that the parametrizations compute ``value``, as their own
        ``right_inverse`` say."""
        for module in self:
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(
                    f"parametrization {type(module).__name__} does not implement right_inverse."
                )
        values = self._inverse(value)
        with no_grad():
            values = [values] if self.is_tensor else values
            for original, new in zip(self._originals(), values, strict=True):
                original.copy_(new)

    def forward(self) -> Tensor:
        """Return the computed parameter."""
        first, *others = self
        value = first(*self._originals())
        for module in others:
            value = module(value)
        return value


def _property(name):
    def read(self):
        if _cache is None:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def write(self, value):
        self.parametrizations[name].right_inverse(value)

    return property(read, write)


def register_parametrization(
    module: _Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> _Module:
    """Let ``parametrization``, a module, compute a parameter of ``module``; return ``module``.

    Args:
        module: the module, which is changed.
        tensor_name: the parameter or buffer.  Parametrizations of one name are chained.
        parametrization: maps the original to the value of the same shape and dtype.  A method
            ``right_inverse`` maps a value to the original to start from, or to several.
        unsafe: allow another shape or dtype.

    Raises ValueError if there is no such parameter, or its shape or dtype would change.

    Source: ``torch.nn.utils.parametrize.register_parametrization``.

    Example::

        >>> import minigrad
        >>> from minigrad import nn
        >>> class Symmetric(nn.Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).T
        >>> layer = nn.Linear(3, 3)
        >>> _ = nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
        >>> bool((layer.weight == layer.weight.T).all())
        True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        entries = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            value = parametrization(before)
            if value.shape != before.shape or value.dtype != before.dtype:
                raise ValueError(
                    "A parametrization may not change the shape or dtype of the tensor, unless "
                    f"`unsafe` flag is enabled: it was {before.dtype} {list(before.shape)}, and "
                    f"became {value.dtype} {list(value.shape)}"
                )
        entries.append(parametrization)
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    entries = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        kind = type(module)
        module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), {"_plain_class": kind})
        module.parametrizations = ModuleDict()
    setattr(type(module), tensor_name, _property(tensor_name))
    module.parametrizations[tensor_name] = entries
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Return whether ``module`` has parametrizations, of this name if one is given."""
    entries = module.__dict__.get("parametrizations")
    if not isinstance(entries, ModuleDict):
        return False
    return len(entries) > 0 if tensor_name is None else tensor_name in entries


def remove_parametrizations(
    module: _Module, tensor_name: str, leave_parametrized: bool = True
) -> _Module:
    """Make the parameter an ordinary one again; return ``module``.

    It keeps the computed value, or goes back to the original if not ``leave_parametrized``.

    Raises ValueError if it has no parametrization, or several originals and is not to be left.

    Source: ``torch.nn.utils.parametrize.remove_parametrizations``.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    entries = module.parametrizations[tensor_name]
    if not leave_parametrized and not entries.is_tensor:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    originals = entries._originals()
    kept = originals[0]
    if leave_parametrized:
        with no_grad():
            value = entries()
        if not entries.is_tensor or value.shape != kept.shape or value.dtype != kept.dtype:
            kept = Parameter(value) if isinstance(kept, Parameter) else value
        else:
            kept.data = value.detach()
    del module.parametrizations[tensor_name]
    delattr(type(module), tensor_name)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        kind: Any = type(module)
        module.__class__ = kind._plain_class
    if isinstance(kept, Parameter):
        module.register_parameter(tensor_name, kept)
    else:
        module.register_buffer(tensor_name, kept)
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """Return the class that ``module`` had before it was parametrized."""
    kind: Any = type(module)
    return kind._plain_class if is_parametrized(module) else kind
