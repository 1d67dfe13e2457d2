"""Reading what ``torch.save`` wrote: tensors and plain containers, and nothing is executed.

Such a file is a zip archive (nothing in it is compressed): ``data.pkl`` is a pickle that describes
the objects, and ``data/0``, ``data/1``, ... are the memory of the tensors.  A pickle is a program
for a small stack machine that may call any function there is, which is why it is never given to
Python's ``pickle``.  ``Machine`` knows the operations that such descriptions consist of, and by
name the few classes that they may name; everything else is an error.
"""

import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from struct import unpack_from
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.attributes import Size, device
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import from_numpy

__all__ = ["read"]

# torch's names of typed memory, and how its elements lie there (little-endian).
STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
    "BFloat16Storage": "<u2",  # the upper halves of float32s, which they become
}
ADVICE = (
    "Only tensors, numbers, strings, and dicts, lists, tuples and sets of them are read: save "
    "model.state_dict() rather than the model. Or convert the file with torch: "
    "safetensors.torch.save_file(state_dict, new_path)"
)


class Unsafe(ValueError):
    """The file holds something other than tensors and plain containers."""


def read(file, size) -> Any:
    """Return what the zip archive ``file``, of ``size`` bytes, describes.

    bfloat16 becomes float32; tensors that shared memory do so again.  Raises ValueError for a
    damaged archive, or one that holds more than tensors and plain containers.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
                raise ValueError("its parts are compressed")
            if sum(entry.file_size for entry in entries.values()) > size:
                raise ValueError("its parts are larger than the file")
            found = [name for name in entries if name.endswith("/data.pkl")]
            if len(found) != 1:
                raise ValueError("it has no data.pkl, as files of torch.save do")
            prefix = found[0].removesuffix("data.pkl")
            if f"{prefix}byteorder" in entries and archive.read(f"{prefix}byteorder") != b"little":
                raise ValueError("its numbers are not little-endian")
            program = archive.read(found[0])
            return Machine(program, lambda key: archive.read(f"{prefix}data/{key}")).run()
    except Unsafe:
        raise
    except (ValueError, KeyError, RuntimeError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"it is damaged: {error}") from None


class Named:
    """A function or class that the pickle names, such as "torch.FloatStorage"."""

    def __init__(self, name) -> None:
        self.name = name


class Machine:
    """The stack machine that a pickle is a program for, with no more operations than needed."""

    def __init__(self, program, read_storage) -> None:
        self.program = program
        self.at = 0
        self.read_storage = read_storage
        self.storages: dict[tuple[str, str], np.ndarray] = {}
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below the current one
        self.memo: dict[int, Any] = {}

    def run(self):
        """Run the program; return what it leaves on the stack."""
        try:
            while True:
                code = self.take(1)
                if code == b".":
                    return self.stack.pop()
                operation = OPERATIONS.get(code)
                if operation is None:
                    raise Unsafe(f"its description has the operation {code!r}. {ADVICE}")
                operation(self)
        except (IndexError, KeyError, TypeError, AttributeError, OverflowError, UnicodeError) as e:
            raise ValueError(f"its description makes no sense at byte {self.at}: {e}") from None

    # -------- what operations are made of

    def take(self, n):
        """Return the next ``n`` bytes of the program."""
        part = self.program[self.at : self.at + n]
        if len(part) < n:
            raise ValueError("its description ends too early")
        self.at += n
        return part

    def number(self, form):
        """Return the next number of the program, in the notation of ``struct``."""
        n = {"B": 1, "<H": 2, "<i": 4, "<I": 4, "<Q": 8, ">d": 8}[form]
        return unpack_from(form, self.take(n))[0]

    def line(self):
        """Return the text up to the next end of a line."""
        end = self.program.index(b"\n", self.at)
        return self.take(end - self.at + 1)[:-1].decode()

    def push(self, value):
        self.stack.append(value)

    def since_mark(self):
        """Return what was pushed since the last mark, and take up the stack below it."""
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self):
        self.marks.append(self.stack)
        self.stack = []

    def gather(self, n):
        if len(self.stack) < n:
            raise IndexError("the stack is too short")
        items = tuple(self.stack[-n:])
        del self.stack[-n:]
        self.push(items)

    def remember(self, key):
        self.memo[key] = self.stack[-1]

    # -------- filling containers, and what is called by name

    def set_items(self, items):
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise TypeError(f"items for a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

    def append(self, items):
        target = self.stack[-1]
        if type(target) is not list:
            raise TypeError(f"items for a {type(target).__name__}")
        target.extend(items)

    def add(self, items):
        target = self.stack[-1]
        if type(target) is not set:
            raise TypeError(f"items for a {type(target).__name__}")
        target.update(items)

    def name(self, module, name):
        full = f"{module}.{name}"
        if module == "torch" and isinstance(getattr(dtypes, name, None), dtypes.dtype):
            self.push(getattr(dtypes, name))
        elif full in CALLABLE or (module == "torch" and name in STORAGES):
            self.push(Named(full))
        else:
            raise Unsafe(f"it holds a {full}, to load which could run any code. {ADVICE}")

    def call(self):
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Named) or not isinstance(arguments, tuple):
            raise TypeError("a call of what is no function")
        self.push(CALLABLE[function.name](*arguments))

    def build(self):
        """Give the dict on the stack its attributes: of a state_dict's, ``_metadata`` is kept."""
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is not OrderedDict or not isinstance(state, dict):
            raise Unsafe(f"it gives a {type(target).__name__} attributes. {ADVICE}")
        if isinstance(state.get("_metadata"), dict):
            target._metadata = state["_metadata"]

    def storage(self):
        """Replace the description of a piece of memory by an array of its elements."""
        kind, named, key, _, n = self.stack.pop()
        if kind != "storage" or not isinstance(key, str) or type(n) is not int:
            raise TypeError("not the description of a storage")
        name = named.name.removeprefix("torch.")
        if (name, key) not in self.storages:
            data = np.frombuffer(bytearray(self.read_storage(key)), STORAGES[name])
            if name == "BFloat16Storage":
                data = (data.astype(np.uint32) << 16).view(np.float32)
            elif name == "BoolStorage" and (data.view(np.uint8) > 1).any():
                raise ValueError(f"storage {key} is of bools, but has bytes other than 0 and 1")
            self.storages[name, key] = data.astype(data.dtype.newbyteorder("="), copy=False)
        if len(self.storages[name, key]) != n:
            raise ValueError(f"storage {key} has {len(self.storages[name, key])} elements, not {n}")
        self.push(self.storages[name, key])


# ---------------------------------------------------------------- what a description may call


def _sizes(values):
    if not isinstance(values, tuple) or not all(type(v) is int and 0 <= v < 2**62 for v in values):
        raise ValueError(f"{values!r} are no sizes or strides")
    return values


def _tensor(storage, offset, shape, strides, requires_grad, *hooks_and_metadata):
    shape, strides, (offset,) = _sizes(shape), _sizes(strides), _sizes((offset,))
    if not isinstance(storage, np.ndarray) or len(shape) != len(strides) or len(shape) > 32:
        raise ValueError(f"not the description of a tensor: shape {shape}, strides {strides}")
    if 0 in shape:
        last = offset - 1
    else:
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if last >= len(storage):
        raise ValueError(f"a tensor of shape {shape} ends outside of its {len(storage)} elements")
    array = np.lib.stride_tricks.as_strided(
        storage[offset:], shape, tuple(s * storage.itemsize for s in strides)
    )
    tensor = from_numpy(array)
    return tensor.requires_grad_() if requires_grad is True else tensor


def _parameter(data, requires_grad, hooks):
    return Parameter(data, requires_grad is True)


CALLABLE: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.Size": lambda sizes: Size(_sizes(sizes)),
    "torch.device": lambda *place: device("cpu"),
    "collections.OrderedDict": lambda items=(): OrderedDict(items),
    "collections.Counter": lambda counts=(): Counter(dict(counts)),
    "builtins.set": lambda items=(): set(items),
    "__builtin__.set": lambda items=(): set(items),  # as Python 2 called it
}

OPERATIONS: dict[bytes, Callable[[Machine], Any]] = {
    b"\x80": lambda m: m.take(1),  # the protocol
    b"\x95": lambda m: m.take(8),  # the length of a part
    b"(": Machine.mark,
    b"0": lambda m: m.stack.pop(),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    b"K": lambda m: m.push(m.number("B")),
    b"M": lambda m: m.push(m.number("<H")),
    b"J": lambda m: m.push(m.number("<i")),
    b"\x8a": lambda m: m.push(int.from_bytes(m.take(m.number("B")), "little", signed=True)),
    b"G": lambda m: m.push(m.number(">d")),
    b"X": lambda m: m.push(m.take(m.number("<I")).decode(errors="surrogatepass")),
    b"\x8c": lambda m: m.push(m.take(m.number("B")).decode(errors="surrogatepass")),
    b"}": lambda m: m.push({}),
    b"]": lambda m: m.push([]),
    b")": lambda m: m.push(()),
    b"\x85": lambda m: m.gather(1),
    b"\x86": lambda m: m.gather(2),
    b"\x87": lambda m: m.gather(3),
    b"t": lambda m: m.push(tuple(m.since_mark())),
    b"s": lambda m: m.set_items([m.stack.pop(-2), m.stack.pop()]),
    b"u": lambda m: m.set_items(m.since_mark()),
    b"a": lambda m: m.append([m.stack.pop()]),
    b"e": lambda m: m.append(m.since_mark()),
    b"\x8f": lambda m: m.push(set()),
    b"\x90": lambda m: m.add(m.since_mark()),
    b"q": lambda m: m.remember(m.number("B")),
    b"r": lambda m: m.remember(m.number("<I")),
    b"\x94": lambda m: m.remember(len(m.memo)),
    b"h": lambda m: m.push(m.memo[m.number("B")]),
    b"j": lambda m: m.push(m.memo[m.number("<I")]),
    b"c": lambda m: m.name(m.line(), m.line()),
    b"\x93": lambda m: m.name(m.stack.pop(-2), m.stack.pop()),
    b"R": Machine.call,
    b"b": Machine.build,
    b"Q": Machine.storage,
}
