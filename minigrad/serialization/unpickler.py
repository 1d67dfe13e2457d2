"""What ``load(..., weights_only=False)`` does: Python's pickle, which runs what a file names."""

from __future__ import annotations

import io
import pickle
from typing import Any

from minigrad.serialization.torch_names import called, named, part_of_a_model

__all__ = ["run"]


class Unpickler(pickle.Unpickler):
    """Python's unpickler; torch's tensors and layers become minigrad's."""

    def __init__(self, program: Any, storages: Any) -> None:
        self.program = io.BytesIO(program)
        super().__init__(self.program, encoding="utf-8")
        self.storages = storages

    def persistent_load(self, pid: Any) -> Any:
        """Return the piece of memory that is described; of a module, which files of old describe
        with its source, the class."""
        return pid[1] if pid[0] == "module" else self.storages(pid)

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function by name; of torch, what there is instead of it here."""
        if module != "torch" and not module.startswith("torch."):
            return super().find_class(module, name)
        found = named(module, name)
        if found is None:
            found = part_of_a_model(module, name)
        if found is None:
            raise pickle.UnpicklingError(
                f"the file holds a {module}.{name}, for which torch itself is needed: store "
                "model.state_dict() rather than the model"
            )
        return found if name.endswith("Storage") else called(found)


def run(program: Any, storages: Any) -> Any:
    """Return what the description ``program`` describes; whatever it names is run."""
    unpickler = Unpickler(program, storages)
    value = unpickler.load()
    storages.complete(unpickler.program.read())
    return value
