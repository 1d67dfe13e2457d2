"""A progress bar: tqdm's where it is installed, a line of text otherwise."""

import sys


class Plain:
    """Prints "12/40 label" over itself; the part of tqdm's interface that the runs use."""

    def __init__(self, total: int):
        self.total, self.done, self.label = total, 0, ""

    def set_description(self, label: str) -> None:
        self.label = label
        self.show()

    def update(self, steps: int = 1) -> None:
        self.done += steps
        self.show()

    def show(self) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{self.done}/{self.total} {self.label}", end="", file=sys.stderr)

    def close(self) -> None:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)


def progress_bar(total: int):
    """A bar over ``total`` steps, on stderr."""
    try:
        from tqdm import tqdm
    except ImportError:
        return Plain(total)
    return tqdm(total=total, leave=False, unit="round", dynamic_ncols=True, disable=None)
