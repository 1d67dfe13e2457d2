"""Reading what ``torch.save`` wrote: tensors and plain values, and nothing is executed.

Such a file is a zip archive (nothing in it is compressed): ``data.pkl`` is a pickle that describes
the objects, and ``data/0``, ``data/1``, ... are the memory of the tensors.  A pickle is a program
for a small stack machine that may call any function there is, which is why it is not given to
Python's ``pickle``.  ``Machine`` knows the operations that such descriptions consist of, and
``torch_names.py`` the few functions and classes that they may name; everything else is refused.

What is remembered by a number costs a few bytes to repeat, so that a small file could ask for any
amount of work: ``Machine`` limits what may be copied and hashed.
"""

import pickle  # for the class of an error; nothing here unpickles
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.serialization import safe
from minigrad.serialization.torch_names import (
    MOST_ARGUMENTS,
    MOST_OF_ONE_HASH,
    STORAGES,
    Named,
    called,
    check_weight,
    named,
    part_of_a_model,
)

__all__ = ["DAMAGE", "Machine", "Refused", "Storages", "decoded", "opened", "run"]

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
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        if len(names) < len(entries):
            raise ValueError("two of its parts have one name")
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("its parts are compressed")
        if sum(entry.file_size for entry in entries) > size:
            raise ValueError("its parts are larger than the file")
        found = [name for name in names if name.endswith("/data.pkl")]
        if len(found) != 1:
            raise ValueError("it has no data.pkl, as files of torch.save do")
        prefix = found[0].removesuffix("data.pkl")
        if f"{prefix}byteorder" in names and archive.read(f"{prefix}byteorder") != b"little":
            raise ValueError("its numbers are not little-endian")
        program = archive.read(found[0])
    except DAMAGE as error:
        raise ValueError(f"it is damaged: {error}") from None
    return program, Storages(lambda key: archive.read(f"{prefix}data/{key}"))


def run(program: bytes, storages: Any) -> Any:
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


DAMAGE = (
    *(ValueError, KeyError, RuntimeError, EOFError, OSError, OverflowError, struct.error),
    zipfile.BadZipFile,
)


class Storages:
    """The memory of the tensors in a file: each piece is read once, into an array."""

    def __init__(self, read: Any) -> None:
        self.read = read  # returns the bytes called by a key
        self.found: dict[str, tuple[str, np.ndarray]] = {}  # by key: the type, and the elements

    def __call__(self, description):
        """Return the piece that a description, as it is in a pickle, belongs to."""
        if type(description) is not tuple or len(description) != 5:
            raise TypeError("not the description of a storage")
        *what, n = description
        name, key = self.described(*what)
        if key not in self.found:
            self.found[key] = name, decoded(name, self.read(key), key)
        return self.known(name, key, n)

    def described(self, kind, named, key, place):
        """Return the type and the key in the description of a storage."""
        if not (type(kind) is type(key) is str and type(named) is Named and kind == "storage"):
            raise TypeError("not the description of a storage")
        return named.name.removeprefix("torch."), key

    def known(self, name, key, n):
        """Return a piece that is there, if it is of the type and length that are expected."""
        found, elements = self.found[key]
        if found != name:
            raise ValueError(f"storage {key} is a {found}, and a {name} elsewhere")
        if type(n) is not int or len(elements) != n:
            n = n if type(n) is int else f"a {type(n).__name__}"
            raise ValueError(f"storage {key} has {len(elements)} elements, not {n}")
        return elements

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


class Machine:
    """The stack machine that a pickle is a program for, with no more operations than needed."""

    def __init__(self, program: bytes, storages: Any) -> None:
        self.program = program
        self.at = 0
        self.storages = storages
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below the current one
        self.memo: dict[int, Any] = {}
        self.safe = safe.objects()
        self.copies = len(program)  # how many more elements functions may copy
        self.hashes: dict[int, tuple[Any, dict[int, int]]] = {}  # by container: it, and how many

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
            self.check_key(target, key)
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
        for item in items:
            self.check_key(target, item)
            target.add(item)

    def check_key(self, target, key):
        """Raise for what would take long to be hashed, or to be found among others of its hash."""
        if type(key) is str:
            return
        check_weight(key)
        _, counts = self.hashes.setdefault(id(target), (target, {}))
        n = counts[hash(key)] = counts.get(hash(key), 0) + 1
        if n > MOST_OF_ONE_HASH:
            raise ValueError(f"a {type(target).__name__} has more than {n - 1} keys of one hash")

    def name(self, module, name):
        if not type(module) is type(name) is str:
            raise TypeError(f"a {type(module).__name__} and a {type(name).__name__} as names")
        found = named(module, name)
        if found is None:
            found = self.safe_one(*safe.as_of_today(module, name))
        if found is None:
            raise Refused(f"it holds a {module}.{name}, to load which could run any code. {ADVICE}")
        self.push(found)

    def safe_one(self, module, name):
        """Return what the program has called safe under this name, or None."""
        if not self.safe:
            return None
        found = self.safe.get(f"{module}.{name}")
        layer = part_of_a_model(module, name)  # torch's name of what has another one here
        return layer if found is None and self.is_safe(layer) else found

    def is_safe(self, value):
        return any(value is each for each in self.safe.values())

    def call(self):
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(arguments, tuple):
            raise TypeError("a call of what is no function")
        if len(arguments) > MOST_ARGUMENTS:
            raise TypeError(f"a call with {len(arguments)} arguments")
        if self.is_safe(function):
            self.push(function(*arguments))
        elif isinstance(function, Named):
            for value in arguments:
                self.check_copy(value)
            self.push(called(function)(*arguments))
        else:
            raise TypeError("a call of what is no function")

    def make(self):
        """Make an object of a safe class, without its constructor."""
        arguments, cls = self.stack.pop(), self.stack.pop()
        if not self.is_safe(cls):
            what = cls.name if isinstance(cls, Named) else type(cls).__name__
            raise Refused(f"it makes an object of a {what}. {ADVICE}")
        self.push(cls.__new__(cls, *arguments))

    def check_copy(self, value):
        """Raise if functions go through more than there is in the file; sizes are for nothing."""
        if isinstance(value, str | bytes | list | dict) or (
            isinstance(value, tuple) and len(value) > MOST_ARGUMENTS
        ):
            self.copies -= len(value)
        if self.copies < 0:
            raise ValueError("its description repeats parts more often than any that was saved")

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
        if type(description) is not tuple or not description or type(description[0]) is not str:
            raise TypeError("not the description of a storage")
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
