"""Making a module without drawing its first values, and calling one with other parameters."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from minigrad.nn.modules.module import Module
from minigrad.ops.generator import get_rng_state, set_rng_state

_Module = TypeVar("_Module", bound=Module)


def skip_init(module_cls: type[_Module], *args: Any, **kwargs: Any) -> _Module:
    """Return ``module_cls(*args, **kwargs)`` without drawing from the random number generator.

    What its parameters hold is to be overwritten.

    Raises RuntimeError if the class is no Module or does not take ``device``.

    Source: ``torch.nn.utils.skip_init``.

    Example::

        >>> from minigrad import nn
        >>> nn.utils.skip_init(nn.Linear, 2, 3).weight.shape
        minigrad.Size([3, 2])
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        set_rng_state(state)
