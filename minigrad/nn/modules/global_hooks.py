"""Hooks of all modules: for tools that look at every layer of any network.

They run before the hooks that a module has of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from minigrad.attributes import RemovableHandle
from minigrad.utils.hooks import add_hook

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


class Asking(NamedTuple):
    """A hook that asks for more than to be called; others stand in the tables as they are."""

    hook: Any
    with_kwargs: bool = False
    always_call: bool = False


def entry(*asking: Any) -> Any:
    """Return what a table has for a hook with these options."""
    return Asking(*asking) if any(asking[1:]) else asking[0]


def asking(found: Any) -> Asking:
    """Return what a table has as (hook, with_kwargs, always_call)."""
    return found if isinstance(found, Asking) else Asking(found)


# All of them: {key: (kind, what a module's own table of that kind has)}.
GLOBAL: OrderedDict = OrderedDict()
REGISTRATION: OrderedDict = OrderedDict()  # {key: (kind, hook)}: these do not slow down calls
_is_full_backward_hook: bool | None = None  # of which kind those of the backward are


def hooks_of(kind: str, own: Any) -> dict[Any, Any]:
    """Return the hooks of all modules of this kind, and then a module's ``own``."""
    found = {("global", key): hook for key, (its, hook) in GLOBAL.items() if its == kind}
    return {**found, **own}


def check_kind(present: Any, wanted: Any, where: str = "on a single Module") -> None:
    """Raise if there are, or were, backward hooks of the other kind, full or not."""
    if present is (not wanted):
        raise RuntimeError(
            f"Cannot use both regular backward hooks and full backward hooks {where}. "
            "Please use only one of them."
        )


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, args)`` before every forward of every module.

    As ``Module.register_forward_pre_hook``.  Returns a handle whose ``remove()`` takes it away.

    >>> import minigrad
    >>> from minigrad import nn
    >>> show = lambda module, args: print(type(module).__name__)
    >>> with nn.modules.module.register_module_forward_pre_hook(show):
    ...     _ = nn.Sequential(nn.Identity(), nn.Flatten())(minigrad.ones(2, 3))
    Sequential
    Identity
    Flatten
    """
    return add_hook(GLOBAL, ("forward_pre", hook))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Run ``hook(module, args, output)`` after every forward of every module.

    As ``Module.register_forward_hook``.  Returns a handle whose ``remove()`` takes it away.
    """
    return add_hook(GLOBAL, ("forward", entry(hook, with_kwargs, always_call)))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, grad_output)`` before gradients flow back through any module.

    As ``Module.register_full_backward_pre_hook``.
    """
    return add_hook(GLOBAL, ("backward_pre", hook))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, grad_input, grad_output)`` for every module.

    As ``Module.register_full_backward_hook``.
    """
    return _add_backward_hook(hook, True)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, grad_input, grad_output)`` after the last operation of every module.

    As ``Module.register_backward_hook``, torch's first kind.
    """
    return _add_backward_hook(hook, False)


def _add_backward_hook(hook, full):
    global _is_full_backward_hook
    check_kind(_is_full_backward_hook, full, "as a global Module hook")
    _is_full_backward_hook = full
    return add_hook(GLOBAL, ("backward" if full else "old backward", hook))


# ---------------------------------------------------------------- when something is registered


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """Return what the hooks make of ``value``, which ``module`` is about to register."""
    for its, hook in list(REGISTRATION.values()):
        if its == kind:
            replaced = hook(module, name, value)
            value = value if replaced is None else replaced
    return value


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, name, parameter)`` when any module is given a parameter.

    What it returns, if not None, is registered instead.  Returns a handle whose ``remove()`` takes
    the hook away.

    >>> from minigrad import nn
    >>> show = lambda module, name, parameter: print(name, list(parameter.shape))
    >>> with nn.modules.module.register_module_parameter_registration_hook(show):
    ...     _ = nn.Linear(3, 2)
    weight [2, 3]
    bias [2]
    """
    return add_hook(REGISTRATION, ("parameter", hook))


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, name, buffer)`` when any module is given a buffer: see the one above."""
    return add_hook(REGISTRATION, ("buffer", hook))


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, name, submodule)`` when any module is given a submodule: see above."""
    return add_hook(REGISTRATION, ("module", hook))
