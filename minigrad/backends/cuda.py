"""CUDA is not here.  Programs set these flags at their start; they change nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class matmul:
    """Flags of matrix products on a GPU."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True
    fp32_precision = "none"


def is_built() -> bool:
    """Return False."""
    return False


def enable_flash_sdp(enabled: bool) -> None:
    """Do nothing: there is one way in which attention is computed."""


enable_math_sdp = enable_mem_efficient_sdp = enable_cudnn_sdp = enable_flash_sdp


def flash_sdp_enabled() -> bool:
    """Return True, as torch does where nobody has called ``enable_flash_sdp``."""
    return True


math_sdp_enabled = mem_efficient_sdp_enabled = cudnn_sdp_enabled = flash_sdp_enabled


@contextlib.contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[None]:
    """Do nothing in the block: every way gives the same attention."""
    yield
