"""DataParallel, which on the CPU is the module itself: its operations use all cores already."""

from __future__ import annotations

from typing import Any

from minigrad.nn.modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Call ``module``, as torch's DataParallel does where there is no GPU.

    Its parameters are those of ``module``, under names that begin with ``module.``.

    Args:
        module: the module to call.
        device_ids, output_device, dim: accepted and without effect: there are no devices to divide
            a batch among.

    Source: ``torch.nn.DataParallel``.

    >>> import minigrad
    >>> from minigrad import nn
    >>> model = nn.DataParallel(nn.Linear(3, 2))
    >>> model(minigrad.ones(4, 3)).shape, list(model.state_dict())
    (minigrad.Size([4, 2]), ['module.weight', 'module.bias'])
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Return ``module(*inputs, **module_kwargs)``; see `DataParallel`."""
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*inputs, **(module_kwargs or {}))
