"""Reading what ``torch.save`` wrote: tensors and plain values, and nothing is executed.

Such a file is a zip archive (nothing in it is compressed): ``data.pkl`` is a pickle that describes
the objects, and ``data/0``, ``data/1``, ... are the memory of the tensors.  A pickle is a program
for a small stack machine that may call any function there is, which is why it is not given to
Python's ``pickle``.  ``Machine`` knows the operations that such descriptions consist of, and by
name the few functions and classes that they may name; everything else is refused.
"""

import pickle  # for the class of an error; nothing here unpickles
import struct
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dtypes, nn
from minigrad.attributes import Size, device
from minigrad.nn import functional
from minigrad.nn.modules import attention
from minigrad.nn.parameter import Buffer, Parameter
from minigrad.ops.creation import from_numpy
from minigrad.serialization import safe
from minigrad.tensor import Tensor, rebuild

__all__ = ["Machine", "Refused", "Storages", "called", "named", "opened", "run"]

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
DTYPES = {d.name: d for d in dtypes.all_dtypes}
TYPES = {
    "torch.Tensor": Tensor,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.nn.parameter.Buffer": Buffer,
}
ADVICE = (
    "Tensors, numbers, strings, and dicts, lists, tuples and sets of them are all that is read by "
    "default: save model.state_dict() rather than the model. Name classes and functions that are "
    "safe to call in serialization.add_safe_globals([...]). If you trust the origin of the file, "
    "load(file, weights_only=False) reads it, and runs what it names"
)


class Refused(pickle.UnpicklingError, ValueError):
    """The file holds something other than tensors and plain values."""


def opened(file, size):
    """Return the description in the zip archive ``file``, of ``size`` bytes, and its Storages.

    Raises ValueError if it is damaged, or not what torch writes.
    """
    try:
        archive = zipfile.ZipFile(file)
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
    except DAMAGE as error:
        raise ValueError(f"it is damaged: {error}") from None
    return program, Storages(lambda key: archive.read(f"{prefix}data/{key}"))


def run(program, storages) -> Any:
    """Return what the description ``program`` describes.

    bfloat16 becomes float32; tensors that shared memory do so again.  Raises ValueError for a
    damaged description, Refused for one that has more than tensors and plain values.
    """
    try:
        machine = Machine(program, storages)
        value = machine.run()
        storages.complete(program[machine.at :])
        return value
    except Refused:
        raise
    except DAMAGE as error:
        raise ValueError(f"it is damaged: {error}") from None


DAMAGE = (ValueError, KeyError, RuntimeError, EOFError, OSError, struct.error, zipfile.BadZipFile)


class Storages:
    """The memory of the tensors in a file: each piece is read once, into an array."""

    def __init__(self, read) -> None:
        self.read = read  # returns the bytes called by a key
        self.found: dict[tuple[str, str], np.ndarray] = {}

    def __call__(self, description):
        """Return the piece that a description, as it is in a pickle, belongs to."""
        kind, named, key, _, n = description
        if kind != "storage" or not isinstance(key, str) or type(n) is not int:
            raise TypeError("not the description of a storage")
        name = named.name.removeprefix("torch.")
        if (name, key) not in self.found:
            self.found[name, key] = decoded(name, self.read(key), key)
        if len(self.found[name, key]) != n:
            raise ValueError(f"storage {key} has {len(self.found[name, key])} elements, not {n}")
        return self.found[name, key]

    def complete(self, rest):
        """Read the rest of the file, behind the description: there is none."""


def decoded(name, data, key):
    """Return the elements in the bytes of a storage, of the type called ``name``."""
    found = np.frombuffer(bytearray(data), STORAGES[name])
    if name == "BFloat16Storage":
        found = (found.astype(np.uint32) << 16).view(np.float32)
    elif name == "BoolStorage" and (found.view(np.uint8) > 1).any():
        raise ValueError(f"storage {key} is of bools, but has bytes other than 0 and 1")
    return found.astype(found.dtype.newbyteorder("="), copy=False)


class Named:
    """A function or class that the pickle names, such as "torch.FloatStorage"."""

    def __init__(self, name) -> None:
        self.name = name


class Machine:
    """The stack machine that a pickle is a program for, with no more operations than needed."""

    def __init__(self, program, storages) -> None:
        self.program = program
        self.at = 0
        self.storages = storages
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below the current one
        self.memo: dict[int, Any] = {}
        self.safe = safe.objects()

    def run(self):
        """Run the program; return what it leaves on the stack."""
        try:
            while True:
                code = self.take(1)
                if code == b".":
                    return self.stack.pop()
                operation = OPERATIONS.get(code)
                if operation is None:
                    raise Refused(f"its description has the operation {code!r}. {ADVICE}")
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
        return struct.unpack_from(form, self.take(n))[0]

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
        found = named(module, name)
        if found is None:
            found = self.safe_one(*safe.as_of_today(module, name))
        if found is None:
            raise Refused(f"it holds a {module}.{name}, to load which could run any code. {ADVICE}")
        self.push(found)

    def safe_one(self, module, name):
        """Return what the program has called safe under this name, or None."""
        found = self.safe.get(f"{module}.{name}")
        layer = part_of_a_model(module, name)  # torch's name of what has another one here
        return layer if found is None and self.is_safe(layer) else found

    def is_safe(self, value):
        return any(value is each for each in self.safe.values())

    def call(self):
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, tuple):
            raise TypeError("a call of what is no function")
        if self.is_safe(function):
            self.push(function(*arguments))
        elif isinstance(function, Named):
            self.push(called(function)(*arguments))
        else:
            raise TypeError("a call of what is no function")

    def make(self):
        """Make an object of a safe class, without its constructor."""
        arguments, cls = self.stack.pop(), self.stack.pop()
        if not self.is_safe(cls):
            raise Refused(f"it makes an object of {cls!r}. {ADVICE}")
        self.push(cls.__new__(cls, *arguments))

    def build(self):
        """Give what is on the stack its attributes: of a state_dict's, ``_metadata`` is kept."""
        state, target = self.stack.pop(), self.stack[-1]
        if self.is_safe(type(target)):
            give_state(target, state)
            return
        if type(target) is not OrderedDict or not isinstance(state, dict):
            raise Refused(f"it gives a {type(target).__name__} attributes. {ADVICE}")
        if isinstance(state.get("_metadata"), dict):
            target._metadata = state["_metadata"]

    def storage(self):
        description = self.stack.pop()
        if description[0] == "module":  # in files of before torch 1.6, with the source of its class
            raise Refused(f"it holds a whole model. {ADVICE}")
        self.push(self.storages(description))


def give_state(target, state):
    """Give an object the state that it was saved with, as pickle does it."""
    if hasattr(target, "__setstate__"):
        target.__setstate__(state)
        return
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if attributes:
        target.__dict__.update(attributes)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


# ---------------------------------------------------------------- what a description may name


def named(module, name):
    """Return what a pickle names: a dtype, a class of tensors, a Named, or None for what it may
    not name."""
    full = f"{module}.{name}"
    if module == "torch" and name in DTYPES:
        return DTYPES[name]
    if full in CALLABLE or (module == "torch" and name in STORAGES):
        return Named(full)
    return TYPES.get(full)


def part_of_a_model(module, name):
    """Return the layer or function that a whole model of torch names, or None if there is none."""
    if module in ("torch.nn.functional", "torch._C._nn"):
        return getattr(functional, name, None)
    if not module.startswith("torch.nn.modules."):
        return None
    return getattr(attention if name == "NonDynamicallyQuantizableLinear" else nn, name, None)


def called(function):
    """Return the function here that stands for the one that a pickle named."""
    return CALLABLE[function.name] if isinstance(function, Named) else function


def _sizes(values):
    if not isinstance(values, tuple) or not all(type(v) is int and 0 <= v < 2**62 for v in values):
        raise ValueError(f"{values!r} are no sizes or strides")
    return values


def _tensor(storage, offset, shape, strides, requires_grad=False, *hooks_and_metadata):
    shape, strides, (offset,) = _sizes(shape), _sizes(strides), _sizes((offset,))
    if not isinstance(storage, np.ndarray) or len(shape) != len(strides) or len(shape) > 32:
        raise ValueError(f"not the description of a tensor: shape {shape}, strides {strides}")
    if 0 in shape:
        last = offset - 1
    else:
        last = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if last >= len(storage):
        raise ValueError(f"a tensor of shape {shape} ends outside of its {len(storage)} elements")
    size = storage.itemsize
    array = np.ndarray(shape, storage.dtype, storage, offset * size, [s * size for s in strides])
    tensor = from_numpy(array)
    return tensor.requires_grad_() if requires_grad is True else tensor


def _parameter(data, requires_grad, hooks, attributes=None):
    return rebuild(Parameter, _array(data), requires_grad is True, _attributes(attributes))


def _of_class(function, cls, arguments, attributes):
    """Return a tensor that is of a subclass or has attributes of its own."""
    make = called(function)
    if make is not _tensor and make is not _parameter:
        raise TypeError("not the description of a tensor")
    tensor = make(*arguments)
    return rebuild(cls, _array(tensor), tensor.requires_grad, _attributes(attributes))


def _array(tensor):
    if not isinstance(tensor, Tensor):
        raise TypeError(f"expected a tensor, not a {type(tensor).__name__}")
    return tensor.detach().numpy()


def _attributes(found):
    if not isinstance(found, dict | None) or not all(isinstance(name, str) for name in found or ()):
        raise TypeError("not the attributes of a tensor")
    return found or {}


def _filled(kind, contents):
    """Return a function that makes a container of what is in one that was read: going through
    anything else, such as a tensor expanded from one element, might take any time and memory."""

    def make(found=None):
        if found is not None and type(found) not in contents:
            raise TypeError(f"a {kind.__name__} of a {type(found).__name__}")
        return kind(found or ())

    return make


def _bytes(text, encoding):
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise TypeError(f"not the description of bytes, in {encoding!r}")
    return text.encode("latin1")


def _bytearray(data=b"", encoding=None):
    if type(data) is bytes:
        return bytearray(data)
    return bytearray(_bytes(data, encoding))


CALLABLE: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,  # of torch before 0.4
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch._tensor._rebuild_from_type_v2": _of_class,
    "torch.Size": lambda sizes: Size(_sizes(sizes)),
    "torch.device": lambda *place: device("cpu"),
    "collections.OrderedDict": _filled(OrderedDict, (list, tuple)),
    "collections.Counter": _filled(Counter, (dict,)),
    "_codecs.encode": _bytes,
    "builtins.bytes": lambda: b"",
    "builtins.bytearray": _bytearray,
    "builtins.complex": complex,
    "builtins.set": _filled(set, (list, tuple)),
}
# Python 2's name of builtins, which torch's files use
CALLABLE |= {f"__builtin__{name[8:]}": f for name, f in CALLABLE.items() if name[:8] == "builtins"}

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
    b"\x8b": lambda m: m.push(int.from_bytes(m.take(m.number("<I")), "little", signed=True)),
    b"G": lambda m: m.push(m.number(">d")),
    b"X": lambda m: m.push(m.take(m.number("<I")).decode(errors="surrogatepass")),
    b"U": lambda m: m.push(m.take(m.number("B")).decode()),  # text of Python 2
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
    b"\x81": Machine.make,
    b"b": Machine.build,
    b"Q": Machine.storage,
}
