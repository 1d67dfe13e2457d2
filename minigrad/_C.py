"""The few names that programs take from ``torch._C``, where most are torch's own inside."""

from minigrad.overrides import DisableTorchFunctionSubclass
from minigrad.overrides import disabled_torch_function as _disabled_torch_function_impl

DisableTorchFunction = DisableTorchFunctionSubclass

__all__ = ["DisableTorchFunction", "DisableTorchFunctionSubclass", "_disabled_torch_function_impl"]
