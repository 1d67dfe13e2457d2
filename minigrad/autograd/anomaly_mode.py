"""Where did the NaN come from?  Anomaly mode notes the line of every op that is recorded."""

import linecache
import sys
from weakref import WeakKeyDictionary

from minigrad.tape import _set_observer
from minigrad.tensor import Tensor

__all__ = ["detect_anomaly", "set_detect_anomaly"]

_frames: WeakKeyDictionary = WeakKeyDictionary()  # node -> [(file, line, function), ...]
_OURS = __file__.rpartition("autograd")[0]  # frames in here are not the user's


class _Observer:
    """What the tape calls while the mode is on (see ``tape._set_observer``)."""

    def __init__(self, check_nan):
        self.check_nan = check_nan

    def recorded(self, node, inputs, outputs):
        """Note the user's lines that made ``node``, the innermost first."""
        frames, frame = [], sys._getframe()
        while frame is not None:
            code = frame.f_code
            if not code.co_filename.startswith(_OURS):
                frames.append((code.co_filename, frame.f_lineno, code.co_name))
            frame = frame.f_back
        _frames[node] = frames

    def walked(self, node, grad, results):
        """Raise if the backward of ``node`` has returned a NaN."""
        if not self.check_nan:
            return
        for i, result in enumerate(results):
            if isinstance(result, Tensor) and result.isnan().any():
                raise RuntimeError(
                    f"Function '{node.name()}' returned nan values in its {i}th output."
                )

    def failed(self, node, error):
        """Add to an error in the backward of ``node`` where the op was called."""
        lines = [f"The forward call of {node.name()}, most recent call last:"]
        for file, number, function in reversed(_frames.get(node, ())):
            lines.append(f'  File "{file}", line {number}, in {function}')
            text = linecache.getline(file, number).strip()
            lines += [f"    {text}"] if text else []
        if len(lines) == 1:
            lines.append("  not known: it was recorded while anomaly mode was off.")
        error.add_note("\n".join(lines))


def _current():
    """Return the observer of anomaly mode that is on, or None."""
    observer = _set_observer(None)
    _set_observer(observer)
    return observer if isinstance(observer, _Observer) else None


def is_anomaly_enabled() -> bool:
    """Return whether anomaly mode is on.

    >>> import minigrad
    >>> with minigrad.autograd.detect_anomaly():
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
    failed, and a NaN that a gradient function returns is such an error (unless ``check_nan`` is
    False).  Graphs recorded before do not know their lines.  Slow: for looking for mistakes only.

    >>> import minigrad
    >>> x = minigrad.tensor([0.0, 1.0], requires_grad=True)
    >>> with minigrad.autograd.set_detect_anomaly(True):
    ...     try:
    ...         (x.sqrt() * 0).sum().backward()
    ...     except RuntimeError as error:
    ...         print(error)
    Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, mode, check_nan=True) -> None:
        self._previous = _set_observer(_Observer(check_nan) if mode else None)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info) -> None:
        _set_observer(self._previous)


class detect_anomaly(set_detect_anomaly):
    """A context manager with anomaly mode on: see ``set_detect_anomaly``.

    >>> import minigrad
    >>> x = minigrad.tensor([0.0, 1.0], requires_grad=True)
    >>> with minigrad.autograd.detect_anomaly():
    ...     try:
    ...         (x.sqrt() * 0).sum().backward()
    ...     except RuntimeError as error:
    ...         print(error)
    Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan=True) -> None:
        self._check_nan = check_nan

    def __enter__(self) -> None:
        self._previous = _set_observer(_Observer(self._check_nan))
