from typing import Any

from minigrad.tape import Node

class PythonNode(Node):
    @property
    def needs_input_grad(self) -> tuple[bool, ...]: ...
    def _attach(
        self,
        label: str,
        inputs: tuple[Any, ...],
        outputs: tuple[Any, ...],
        saved: tuple[Any, ...],
    ) -> None: ...
    def _mark_needs(self, inputs: tuple[Any, ...]) -> None: ...
    def _mark_views(self, outputs: tuple[Any, ...]) -> None: ...
    def _saved_tensors(self) -> tuple[Any, ...]: ...
