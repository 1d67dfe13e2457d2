"""What programs ask before they pick a device: there is none but the CPU.

Questions are answered, and what needs a GPU is an AssertionError, as in a torch built without.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NoReturn

from minigrad.cuda import amp
from minigrad.refusal import OutOfMemoryError as OutOfMemoryError
from minigrad.refusal import refusal
from minigrad.types import Device


def _no_gpu(name: str) -> Callable[..., NoReturn]:
    message = f"cuda.{name}: minigrad runs on the CPU; ask cuda.is_available() first"
    return refusal(name, message, AssertionError)


Event, Stream = _no_gpu("Event"), _no_gpu("Stream")
current_device, current_stream = _no_gpu("current_device"), _no_gpu("current_stream")
get_device_capability = _no_gpu("get_device_capability")
get_device_name = _no_gpu("get_device_name")
get_device_properties = _no_gpu("get_device_properties")
get_rng_state, set_rng_state = _no_gpu("get_rng_state"), _no_gpu("set_rng_state")
init, initial_seed, mem_get_info = _no_gpu("init"), _no_gpu("initial_seed"), _no_gpu("mem_get_info")
set_device, synchronize = _no_gpu("set_device"), _no_gpu("synchronize")
can_device_access_peer, ipc_collect = _no_gpu("can_device_access_peer"), _no_gpu("ipc_collect")
current_blas_handle, default_stream = _no_gpu("current_blas_handle"), _no_gpu("default_stream")
set_per_process_memory_fraction = _no_gpu("set_per_process_memory_fraction")
memory_summary, CUDAGraph, device = map(_no_gpu, ("memory_summary", "CUDAGraph", "device"))
ByteTensor, DoubleTensor = _no_gpu("ByteTensor"), _no_gpu("DoubleTensor")
FloatTensor, LongTensor = _no_gpu("FloatTensor"), _no_gpu("LongTensor")


def is_available() -> bool:
    """Return False."""
    return False


def is_initialized() -> bool:
    """Return False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Return False."""
    return False


def is_tf32_supported() -> bool:
    """Return False."""
    return False


def is_current_stream_capturing() -> bool:
    """Return False: there are no streams."""
    return False


def get_arch_list() -> list[str]:
    """Return an empty list: nothing is compiled for a GPU."""
    return []


def device_count() -> int:
    """Return 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Do nothing, as torch does without a GPU."""


def manual_seed_all(seed: int) -> None:
    """Do nothing, as torch does without a GPU."""


def seed() -> None:
    """Do nothing, as torch does without a GPU."""


def seed_all() -> None:
    """Do nothing, as torch does without a GPU."""


def empty_cache() -> None:
    """Do nothing, as torch does without a GPU."""


def reset_peak_memory_stats(device: Device = None) -> None:
    """Do nothing, as torch does without a GPU."""


def memory_allocated(device: Device = None) -> int:
    """Return 0."""
    return 0


def max_memory_allocated(device: Device = None) -> int:
    """Return 0."""
    return 0


def memory_reserved(device: Device = None) -> int:
    """Return 0."""
    return 0


def max_memory_reserved(device: Device = None) -> int:
    """Return 0."""
    return 0


def memory_stats(device: Device = None) -> dict:
    """Return an empty dict."""
    return {}


def stream(stream: Any) -> contextlib.AbstractContextManager:
    """Return a context that does nothing, for the stream None."""
    if stream is not None:
        raise RuntimeError(f"cuda.stream: there are no streams on the CPU, but got {stream!r}")
    return contextlib.nullcontext()


def get_rng_state_all() -> list:
    """Return an empty list: the states of no GPU."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Do nothing: there are no GPUs to set."""
