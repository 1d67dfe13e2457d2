"""torch.cuda.amp's names, see minigrad.amp."""

import warnings
from typing import Any

from minigrad import amp


def _warn(name):
    warnings.warn(
        f"cuda.amp.{name}(args...) is deprecated. Please use amp.{name}('cuda', args...) instead.",
        FutureWarning,
        stacklevel=3,
    )


def custom_fwd(fwd=None, *, cast_inputs=None) -> Any:
    """Return the forward of a Function unchanged, or a decorator that does so."""
    return amp.custom_fwd(fwd, device_type="cuda")


def custom_bwd(bwd) -> Any:
    """Return the backward of a Function unchanged."""
    return bwd


class autocast(amp.autocast):
    """``minigrad.autocast("cuda", ...)``: it warns and does nothing."""

    def __init__(self, enabled=True, dtype=None, cache_enabled=True) -> None:
        _warn("autocast")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


class GradScaler(amp.GradScaler):
    """``minigrad.amp.GradScaler("cuda", ...)``: it scales nothing."""

    def __init__(
        self, init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000,
        enabled=True,
    ) -> None:  # fmt: skip
        _warn("GradScaler")
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )
