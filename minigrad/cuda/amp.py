"""torch.cuda.amp's names, see minigrad.amp."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from minigrad import amp
from minigrad.dtypes import dtype


def _warn(name):
    warnings.warn(
        f"cuda.amp.{name}(args...) is deprecated. Please use amp.{name}('cuda', args...) instead.",
        FutureWarning,
        stacklevel=3,
    )


def custom_fwd(fwd: Callable[..., Any] | None = None, *, cast_inputs: dtype | None = None) -> Any:
    """Return the forward of a Function unchanged, or a decorator that does so."""
    return amp.custom_fwd(fwd, device_type="cuda")


def custom_bwd(bwd: Callable[..., Any] | None) -> Any:
    """Return the backward of a Function unchanged."""
    return bwd


class autocast(amp.autocast):
    """``minigrad.autocast("cuda", ...)``: it warns and does nothing."""

    def __init__(
        self, enabled: bool = True, dtype: dtype | None = None, cache_enabled: bool | None = True
    ) -> None:
        _warn("autocast")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """``minigrad.amp.GradScaler("cuda", ...)``: it scales nothing."""

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        _warn("GradScaler")
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )
