"""What ``load(..., weights_only=False)`` does: Python's pickle, which runs what a file names."""

import io
import pickle
from typing import Any

from minigrad import nn
from minigrad.nn import functional
from minigrad.nn.modules import attention
from minigrad.serialization.torch_reader import called, named

__all__ = ["run"]


class Unpickler(pickle.Unpickler):
    """Python's unpickler; torch's tensors and layers become minigrad's."""

    def __init__(self, program, storages) -> None:
        super().__init__(io.BytesIO(program), encoding="utf-8")
        self.storages = storages

    def persistent_load(self, pid) -> Any:
        """Return the piece of memory that is described."""
        return self.storages(pid)

    def find_class(self, module, name) -> Any:
        """Return a class or function by name; of torch, what there is instead of it here."""
        if module != "torch" and not module.startswith("torch."):
            return super().find_class(module, name)
        found = named(module, name)
        if found is None:
            found = _part_of_a_model(module, name)
        if found is None:
            raise pickle.UnpicklingError(
                f"the file holds a {module}.{name}, for which torch itself is needed: store "
                "model.state_dict() rather than the model"
            )
        return found if name.endswith("Storage") else called(found)


def _part_of_a_model(module, name):
    """Return the layer or function that a whole model of torch names, or None if there is none."""
    if module in ("torch.nn.functional", "torch._C._nn"):
        return getattr(functional, name, None)
    if not module.startswith("torch.nn.modules."):
        return None
    return getattr(attention if name == "NonDynamicallyQuantizableLinear" else nn, name, None)


def run(program, storages) -> Any:
    """Return what the description ``program`` describes; whatever it names is run."""
    return Unpickler(program, storages).load()
