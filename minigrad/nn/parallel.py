"""DataParallel, which on the CPU is the module itself: its operations use all cores already."""

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

    def __init__(self, module, device_ids=None, output_device=None, dim=0) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs, **kwargs) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None
) -> Any:
    """Return ``module(*inputs, **module_kwargs)``; see `DataParallel`."""
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*inputs, **(module_kwargs or {}))
