"""Writing files that torch reads: see ``torch_reader.py`` for what they are made of.

``Writer`` writes programs of the operations that the reader's ``Machine`` knows.  For tensors and
plain values it names only what ``load`` and ``torch.load`` accept by default.  Any other object is
taken apart by Python's own protocol (``__reduce_ex__``), as ``pickle`` does it: into a function by
name, the arguments to call it with, and a state to give to what that returns.
"""

import copyreg
import importlib
import types
import zipfile
from collections import OrderedDict
from struct import pack
from typing import Any, NamedTuple

import numpy as np

from minigrad.attributes import Size, device
from minigrad.dtypes import dtype
from minigrad.nn import Module
from minigrad.nn.parameter import Buffer, Parameter
from minigrad.ops.storage import memory
from minigrad.serialization.torch_modules import torchs_name, torchs_state
from minigrad.serialization.torch_names import STORAGES
from minigrad.tensor import Tensor

__all__ = ["Writer", "writing"]

LARGE = 2**30  # bytes of a part whose size takes more room in its header
ALIGNMENT = 64  # bytes: torch maps files into memory, where the data of tensors begins at these
STORAGE_NAMES = {  # (memory here is in the order of this machine)
    np.dtype(t).newbyteorder("="): f"torch.{n}"
    for n, t in STORAGES.items()
    if n != "BFloat16Storage"
}


def writing(obj):
    """Return a function that writes ``obj`` to a file it is given.

    Raises TypeError naming the place and type of a value that cannot be stored.
    """
    writer = Writer()
    try:
        writer.put(obj, "")
    except RecursionError:
        raise ValueError("save: the object is nested too deeply, or contains itself") from None
    parts = {
        "data.pkl": bytes(writer.program) + b".",
        ".format_version": b"1",
        ".storage_alignment": str(ALIGNMENT).encode(),
        "byteorder": b"little",
        **{f"data/{key}": row for key, row in writer.rows.values()},
        "version": b"3\n",
    }
    return lambda file: _write_archive(file, parts)


def _write_archive(file, parts):
    """Write a zip archive of uncompressed parts, each of which begins at a multiple of ALIGNMENT.

    What lies before the data of a part is its header of 30 bytes, its name, and an extra field,
    which readers skip: here 4 bytes and padding, and 20 more for the size of a large part.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            if isinstance(data, np.ndarray):
                data = np.ascontiguousarray(data, data.dtype.newbyteorder("<")).view(np.uint8)
            entry = zipfile.ZipInfo(f"archive/{name}")
            entry.file_size = len(data)
            large = len(data) >= LARGE
            padding = -(file.tell() + 30 + len(entry.filename) + 4 + 20 * large) % ALIGNMENT
            entry.extra = pack("<2sH", b"FB", padding) + b"Z" * padding
            with archive.open(entry, "w", force_zip64=large) as part:
                part.write(data)


class Name(NamedTuple):
    """A function or class by name, which need not be there to be written."""

    text: str


class Row(NamedTuple):
    """A piece of memory: a row of elements that tensors lie in."""

    array: np.ndarray


class Writer:
    """Writes the program that makes an object, and collects the memory of its tensors."""

    def __init__(self) -> None:
        self.program = bytearray(b"\x80\x02")  # protocol 2
        self.memo: dict[Any, tuple[int, Any]] = {}  # what is there already: its number, and itself
        self.rows: dict[Any, tuple[str, np.ndarray]] = {}  # memory by address: key in the file

    def put(self, value: Any, path: Any) -> None:
        """Write what makes ``value``, which is at ``path`` of the object that is saved."""
        if _key(value) in self.memo:
            number = self.memo[_key(value)][0]
            self.program += pack("<cB", b"h", number) if number < 256 else pack("<cI", b"j", number)
        elif type(value) in KINDS:
            KINDS[type(value)](self, value, path)
        elif isinstance(value, type | types.FunctionType):
            self.by_name(value, value.__qualname__, path)
        elif isinstance(value, Tensor) and type(value).__reduce_ex__ is Tensor.__reduce_ex__:
            self.tensor(value, path)
        else:
            self.any_object(value, path)

    def remember(self, value):
        """Number what is on the stack, for ``put`` to refer to when it meets ``value`` again."""
        number = len(self.memo)
        self.memo[_key(value)] = number, value  # which keeps it alive, and its id its own
        self.program += pack("<cB", b"q", number) if number < 256 else pack("<cI", b"r", number)

    def call(self, function, arguments, path):
        self.put(function, path)
        self.put(arguments, path)
        self.program += b"R"

    # -------- plain values and containers

    def constant(self, value, path):
        self.program += {None: b"N", True: b"\x88", False: b"\x89"}[value]

    def integer(self, value, path):
        if 0 <= value < 256:
            self.program += pack("<cB", b"K", value)
        elif -(2**31) <= value < 2**31:
            self.program += pack("<ci", b"J", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            n = len(data)
            self.program += pack("<cB", b"\x8a", n) if n < 256 else pack("<cI", b"\x8b", n)
            self.program += data

    def real(self, value, path):
        self.program += pack(">cd", b"G", value)

    def string(self, value, path):
        data = value.encode(errors="surrogatepass")
        self.program += pack("<cI", b"X", len(data)) + data
        self.remember(value)

    def binary(self, value, path):
        self.call(Name("_codecs.encode"), (value.decode("latin1"), "latin1"), path)
        self.remember(value)

    def sequence(self, value, path):
        if len(value) > 3:
            self.program += b"("
        for i, item in enumerate(value):
            self.put(item, _join(path, i))
        self.program += [b")", b"\x85", b"\x86", b"\x87", b"t"][min(len(value), 4)]
        if _key(value) in self.memo:  # it contains itself, and was written on the way
            self.program += b"0"
            self.put(value, path)
        elif value:
            self.remember(value)

    def array(self, value, path):
        self.program += b"]"
        self.remember(value)
        self.append(value, path)

    def append(self, items, path):
        self.program += b"("
        for i, item in enumerate(items):
            self.put(item, _join(path, i))
        self.program += b"e"

    def mapping(self, value, path):
        self.program += b"}"
        self.remember(value)
        self.set_items(value.items(), path)

    def set_items(self, pairs, path):
        self.program += b"("
        for key, item in pairs:
            self.put(key, f"{path or 'the dict'}: a key")
            self.put(item, _join(path, key))
        self.program += b"u"

    # -------- tensors, and what comes with them

    def tensor(self, value, path):
        kind, wanted, own = type(value), value.requires_grad, value.__dict__
        if kind is Parameter:
            function = Name("torch._utils._rebuild_parameter" + "_with_state" * bool(own))
            arguments = value.detach(), wanted, OrderedDict(), *([own] if own else [])
        else:
            array = value.detach().numpy()
            row, offset, strides = _place(array)
            function = REBUILD
            arguments = Row(row), offset, array.shape, strides, wanted, OrderedDict()
            if kind is not Tensor or own:
                arguments = function, TENSORS.get(kind, kind), arguments, own
                function = Name("torch._tensor._rebuild_from_type_v2")
        self.call(function, arguments, path)
        self.remember(value)

    def row(self, value, path):
        """Write what stands for a piece of memory, which lies beside the program in the file."""
        row = value.array
        address = row.ctypes.data, row.nbytes, row.dtype
        key, _ = self.rows.setdefault(address, (str(len(self.rows)), row))
        self.put(("storage", Name(STORAGE_NAMES[row.dtype]), key, "cpu", len(row)), path)
        self.program += b"Q"

    def size(self, value, path):
        self.call(Name("torch.Size"), (tuple(value),), path)
        self.remember(value)

    def dtype(self, value, path):
        self.put(Name(f"torch.{value.name}"), path)

    def device(self, value, path):
        self.call(Name("torch.device"), ("cpu",), path)
        self.remember(value)

    # -------- all the rest

    def name(self, value, path):
        module, _, name = value.text.rpartition(".")
        self.program += f"c{module}\n{name}\n".encode()
        self.remember(value)

    def by_name(self, value, name, path):
        """Write a function or class as its name, after a look whether that leads to it."""
        module = getattr(value, "__module__", None) or "builtins"
        if module.startswith("minigrad.") and torchs_name(value):
            self.put(Name(torchs_name(value)), path)
            return
        try:
            owner, found = None, importlib.import_module(module)
            for part in name.split("."):
                owner, found = found, getattr(found, part)
        except (ImportError, AttributeError):
            found = None
        if found is not value:
            raise _refusal(value, path, f"it is not what {module}.{name} is")
        if isinstance(owner, types.ModuleType):
            self.put(Name(f"{module}.{name}"), path)
        else:
            self.call(Name("builtins.getattr"), (owner, name.rpartition(".")[2]), path)

    def any_object(self, value, path):
        """Write an object as a call of the function that makes it, and its state."""
        reduce = copyreg.dispatch_table.get(type(value))
        try:
            parts = reduce(value) if reduce else value.__reduce_ex__(2)
        except RecursionError:
            raise
        except Exception as error:
            raise _refusal(value, path, error) from error
        if isinstance(parts, str):
            self.by_name(value, parts, path)
            return
        function, arguments, state, items, pairs, set_state = (*parts, *[None] * 4)[:6]
        if isinstance(value, Module):
            state = torchs_state(value, state)
        if function is copyreg.__newobj__:  # which calls the __new__ of a class
            self.put(arguments[0], path)
            self.put(arguments[1:], path)
            self.program += b"\x81"
        else:
            self.call(function, arguments, path)
        self.remember(value)
        if items is not None:
            self.append(items, path)
        if pairs is not None:
            self.set_items(pairs, path)
        if set_state is not None:
            self.call(set_state, (value, state), path)
            self.program += b"0"
        elif state is not None:
            self.put(state, path)
            self.program += b"b"


REBUILD = Name("torch._utils._rebuild_tensor_v2")
TENSORS = {Tensor: Name("torch.Tensor"), Buffer: Name("torch.nn.parameter.Buffer")}
KINDS = {
    type(None): Writer.constant,
    bool: Writer.constant,
    int: Writer.integer,
    float: Writer.real,
    np.float64: Writer.real,  # Python's float, too
    str: Writer.string,
    bytes: Writer.binary,
    tuple: Writer.sequence,
    list: Writer.array,
    dict: Writer.mapping,
    Row: Writer.row,
    Size: Writer.size,
    dtype: Writer.dtype,
    device: Writer.device,
    Name: Writer.name,
}


def _key(value):
    """Return what a value is remembered by: names by what they say, anything else by who it is."""
    return value if type(value) is Name else id(value)


def _join(path, key):
    return f"{path}.{key}" if path else str(key)


def _refusal(value, path, reason):
    place = path or "the object"
    return TypeError(f"save: cannot store {place!r} of type {type(value).__name__}: {reason}")


def _place(array):
    """Return the row of elements that an array lies in, where it begins there, and its strides,
    both counted in elements; those of a copy if its memory is no such row."""
    whole, size = memory(array), array.itemsize
    offset = array.ctypes.data - whole.ctypes.data
    row = whole if whole.flags.c_contiguous else whole.T
    if offset % size or whole.nbytes % size or not row.flags.c_contiguous:
        row = array = np.ascontiguousarray(array)
        offset = 0
    elements = np.ndarray(row.nbytes // size, array.dtype, row)
    return elements, offset // size, tuple([s // size for s in array.strides])
