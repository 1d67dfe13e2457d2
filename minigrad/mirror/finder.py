"""torch as modules: what ``import torch`` gives in a process that runs on minigrad."""

import importlib
import importlib.machinery
import multiprocessing
import sys
import types
from multiprocessing import spawn

import minigrad
from minigrad import attributes
from minigrad.mirror import names, safetensors_torch

MIRRORED = "2.13.0"  # the torch whose names and numbers these are


class Version(str):
    """A version that compares by its numbers, as ``torch.__version__`` does."""

    __slots__ = ()
    __hash__ = str.__hash__

    def _numbers(self, other=None):
        if isinstance(other, tuple):
            return other
        found = []
        for part in str(self if other is None else other).partition("+")[0].split("."):
            digits = part[: len(part) - len(part.lstrip("0123456789"))]
            if not digits:
                break
            found.append(int(digits))
        return tuple(found)

    def __lt__(self, other):
        return self._numbers() < self._numbers(other)

    def __le__(self, other):
        return self._numbers() <= self._numbers(other)

    def __gt__(self, other):
        return self._numbers() > self._numbers(other)

    def __ge__(self, other):
        return self._numbers() >= self._numbers(other)


class Mirror(types.ModuleType):
    """A module of torch whose names are those of a module of minigrad."""

    def __init__(self, name, target):
        super().__init__(name, target.__doc__)
        self._target = target
        self.__file__ = target.__file__  # scripts look here for where torch is
        if target is minigrad:
            self.__version__ = Version(f"{MIRRORED}+minigrad{minigrad.__version__}")
        elif hasattr(target, "__version__"):
            self.__version__ = Version(target.__version__)

    def __getattr__(self, name):
        full = f"{self.__name__}.{name}"
        if name == "__all__":
            return names.public(self._target)
        if name.startswith("__") and name != "__config__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        try:
            value = names.member(self._target, name)
        except AttributeError:
            if names.submodule(full) is None:
                raise names.MissingNameError(full, where()) from None
            return importlib.import_module(full)
        if isinstance(value, types.ModuleType) and value.__name__.startswith("minigrad"):
            return importlib.import_module(full)
        if callable(value) or isinstance(value, minigrad.dtype):
            setattr(self, name, value)  # from now on without a detour
        return value

    def __dir__(self):
        return names.public(self._target)


class Finder:
    """Finds torch and its submodules, and says what there is instead of torch's companions."""

    def find_spec(self, name, path=None, target=None):
        """Return the spec of a module of torch; None for what is no business of ours."""
        top = name.partition(".")[0]
        if reason := names.refused(name):
            raise ModuleNotFoundError(
                f"{name} needs torch itself and has no mirror{where()}: {reason}"
            )
        if name == "safetensors.torch" or (name == "safetensors" and not _installed(name)):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        if top not in ("torch", "torchvision"):
            return None
        if names.submodule(name) is None:
            raise ModuleNotFoundError(f"minigrad has no {name}{where()}: {names.advice(name)}")
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        """Return the module that stands for torch's; None for an empty one."""
        if spec.name == "safetensors.torch":
            return Mirror(spec.name, safetensors_torch)
        if spec.name == "safetensors":
            return None
        return Mirror(spec.name, names.submodule(spec.name))

    def exec_module(self, module):
        """Do nothing: the names are there when they are asked for."""


def _installed(name):
    return importlib.machinery.PathFinder.find_spec(name) is not None


def where():
    """Return " (file, line n)" of the program's line that is being run."""
    frame = sys._getframe(1)
    while frame is not None and is_machinery(frame.f_code.co_filename):
        frame = frame.f_back
    return f" ({frame.f_code.co_filename}, line {frame.f_lineno})" if frame else ""


def is_machinery(filename):
    """Whether a file belongs to minigrad or to Python's import system."""
    return filename.startswith((minigrad.__path__[0], "<frozen importlib", "<frozen runpy"))


class _Installed:
    """Installs the finder in the process that unpickles it."""

    def __reduce__(self):
        return install, ()


def install():
    """Let every ``import torch`` from now on give minigrad, and its reprs say torch.

    So it is in the processes that multiprocessing starts anew, too: what it tells them first, how
    to import the program, gets one entry more.
    """
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return
    attributes.package = "torch"
    sys.meta_path.insert(0, Finder())
    preparation = spawn.get_preparation_data
    spawn.get_preparation_data = lambda name: {**preparation(name), "torch": _Installed()}
    multiprocessing.set_forkserver_preload([])  # or the server itself would import the program
