"""Where did the NaN come from?  Anomaly mode notes the lines of every op that is recorded."""

from __future__ import annotations

import linecache
import sys
import warnings
from contextlib import suppress
from types import FrameType
from typing import Any

from minigrad.tape import _set_observer
from minigrad.tensor import Tensor
from minigrad.walk import walk_under_way

__all__ = [
    "detect_anomaly",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "set_detect_anomaly",
]

_OURS = __file__.rpartition("autograd")[0]  # frames in here are not the user's


class _Observer:
    """What the tape calls while the mode is on (see ``tape._set_observer``)."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan

    def recorded(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Note the user's lines that made ``node``, and whose backward pass that was in."""
        lines: list[str] = []
        frame: FrameType | None = sys._getframe()
        while frame is not None:
            code, number = frame.f_code, frame.f_lineno
            if not code.co_filename.startswith(_OURS):
                line = f'  File "{code.co_filename}", line {number}, in {code.co_name}\n'
                text = linecache.getline(code.co_filename, number).strip()
                lines.append(line + (f"    {text}\n" if text else ""))
            frame = frame.f_back
        node.metadata["traceback_"] = lines[::-1]
        node.metadata["shapes_"] = [list(x.shape) for x in inputs if isinstance(x, Tensor)]
        walk = walk_under_way()
        if walk is not None and walk.node is not None:
            node.metadata["parent_"] = walk.node

    def walked(self, node: Any, grad: Any, results: Any) -> None:
        """Raise if the backward of ``node`` has returned a NaN."""
        if not self.check_nan:
            return
        for i, result in enumerate(results):
            if isinstance(result, Tensor) and result.isnan().any():
                raise RuntimeError(
                    f"Function '{node.name()}' returned nan values in its {i}th output."
                )

    def failed(self, node: Any, error: BaseException) -> None:
        """Warn where the op was called whose backward failed, and note the line on the error."""
        lines = node.metadata.get("traceback_")
        if lines is None:
            text = (
                f"Error detected in {node.name()}. No forward pass information available. Enable "
                "detect anomaly during forward pass for more information."
            )
            error.add_note(f"{node.name()} was recorded while anomaly mode was off.")
        else:
            text = (
                f"Error detected in {node.name()}. Traceback of forward call that caused the "
                "error:\n" + "".join(lines)
            )
            shapes = ", ".join(map(str, node.metadata["shapes_"]))
            error.add_note(
                f"The forward call of {node.name()}, with inputs of shape {shapes}:\n"
                + lines[-1].rstrip()
            )
        while (node := node.metadata.get("parent_")) is not None:
            text += (
                f"\n\nPrevious calculation was induced by {node.name()}. Traceback of forward call "
                "that induced the previous calculation:\n"
                + "".join(node.metadata.get("traceback_", ()))
            )
        with suppress(Warning):  # where warnings are errors: there is one on its way already
            warnings.warn(text, stacklevel=2)


def _current():
    """Return the observer of anomaly mode that is on, or None."""
    observer = _set_observer(None)
    _set_observer(observer)
    return observer if isinstance(observer, _Observer) else None


def is_anomaly_enabled() -> bool:
    """Return whether anomaly mode is on.

    >>> import minigrad
    >>> with minigrad.autograd.set_detect_anomaly(True):
    ...     minigrad.is_anomaly_enabled()
    True
    """
    return _current() is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Return whether a NaN is an error while anomaly mode is on."""
    observer = _current()
    return observer is None or observer.check_nan


class set_detect_anomaly:
    """Switch anomaly mode on or off at once; as a context manager, restore it at the end.

    While it is on, an error in a backward pass says on which line the op was called whose gradient
    failed, and with inputs of which shapes (as a note; with all lines as a warning), and a NaN that
    a gradient function returns is such an error (unless ``check_nan`` is False).  Graphs recorded
    before do not know their lines.  Slow: for looking for mistakes only.

    >>> import minigrad
    >>> x = minigrad.tensor([0.0, 1.0], requires_grad=True)
    >>> with minigrad.autograd.set_detect_anomaly(True):
    ...     try:
    ...         (x.sqrt() * 0).sum().backward()
    ...     except RuntimeError as error:
    ...         print(error)
    Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._previous = _set_observer(_Observer(check_nan) if mode else None)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info: object) -> None:
        _set_observer(self._previous)


class detect_anomaly(set_detect_anomaly):
    """A context manager with anomaly mode on, which warns that it is slow: ``set_detect_anomaly``.

    >>> import minigrad
    >>> import warnings
    >>> x = minigrad.tensor([0.0, 1.0], requires_grad=True)
    >>> with warnings.catch_warnings(action="ignore"), minigrad.autograd.detect_anomaly():
    ...     try:
    ...         (x.sqrt() * 0).sum().backward()
    ...     except RuntimeError as error:
    ...         print(error)
    Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._previous = _set_observer(_Observer(self._check_nan))
