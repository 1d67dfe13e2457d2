"""Mixed precision's names: on the CPU alone there is none, and programs that ask for it go on
without, as they do with torch."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any, Self, TypeVar

from minigrad.dtypes import dtype
from minigrad.optim.optimizer import Optimizer
from minigrad.types import Device

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "is_autocast_available",
    "is_autocast_enabled",
]


class autocast(contextlib.ContextDecorator):
    """Do nothing: operations keep the dtypes of their operands.

    Asked for a device that is not there, it warns and is disabled, as in torch; an enabled one for
    the CPU would compute in bfloat16, which minigrad lacks, and is a RuntimeError.

    >>> import minigrad
    >>> with minigrad.autocast("cpu", enabled=False):
    ...     minigrad.ones(2) + 1
    tensor([2., 2.])
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if enabled and device_type == "cpu":
            raise RuntimeError(
                "autocast on the CPU computes in bfloat16, which minigrad lacks: leave it out, or "
                "pass enabled=False"
            )
        if enabled:
            warnings.warn(
                f"User provided device_type of {device_type!r}, but {device_type.upper()} is not "
                "available. Disabling",
                stacklevel=2,
            )
        self.device = device_type

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None


def is_autocast_available(device_type: str) -> bool:
    """Return False: there is no lower precision to compute in."""
    return False


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Return False."""
    return False


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: dtype | None = None
) -> Any:
    """Return the forward of a Function unchanged, or a decorator that does so: without autocast
    nothing is cast.

    >>> import minigrad
    >>> minigrad.amp.custom_fwd(abs, device_type="cuda") is abs
    True
    """
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return (lambda function: function) if fwd is None else fwd


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Return the backward of a Function unchanged, or a decorator that does so."""
    return custom_fwd(bwd, device_type=device_type)


_Outputs = TypeVar("_Outputs")


class GradScaler:
    """Scales nothing: gradients are float32, which need no scaling.

    An enabled one warns and is disabled, as torch's is without a GPU; ``step(optimizer)`` steps.

    >>> import minigrad
    >>> scaler = minigrad.amp.GradScaler(enabled=False)
    >>> scaler.scale(minigrad.ones(2)), scaler.is_enabled()
    (tensor([1., 1.]), False)
    """

    def __init__(
        self,
        device: Device = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if enabled:
            warnings.warn(
                "GradScaler is enabled, but there is nothing to scale on the CPU. Disabling.",
                stacklevel=2,
            )

    def scale(self, outputs: _Outputs) -> _Outputs:
        """Return the outputs."""
        return outputs

    def unscale_(self, optimizer: Optimizer) -> None:
        """Do nothing."""

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Return ``optimizer.step(*args, **kwargs)``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: float | None = None) -> None:
        """Do nothing."""

    def is_enabled(self) -> bool:
        """Return False."""
        return False

    def get_scale(self) -> float:
        """Return 1.0."""
        return 1.0

    def state_dict(self) -> dict:
        """Return an empty dict."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Do nothing."""
