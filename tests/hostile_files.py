"""Files that strangers might send: sound ones, changed at random with an eye on what they mean.

``safetensors_file(r)``, ``torch_file(r)`` and ``legacy_file(r)`` return the bytes of a file for a
``random.Random``.
"""

import io
import json
import math
import pickletools
import struct
import zipfile
import zlib
from pathlib import Path

import minigrad

NUMBERS = [
    *(-1, 0, 1, 2, 7, 8, 255, 1000, -(2**63), 2**31 - 1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1),
    *(2**63, 2**64 - 1, 2**64, 2**80, -(10**400), 10**400),
]
ODD = [*NUMBERS, None, True, False, 0.5, -0.0, 1e308, math.nan, math.inf, "", "t0", "F32", "\ud800"]
ODD += ["é", "\0", "../x", "list", "tensor", [], {}, [[]], [1, 2], {"a": 1}, "x" * 300, [0] * 40]


def damaged(r, content):
    """Return some bytes with a few places changed, cut off, put in or doubled."""
    content = bytearray(content)
    for _ in range(r.choice([1, 1, 2, 5])):
        at, n = r.randrange(len(content) + 1), r.choice([1, 1, 2, 4, 8, 50])
        kind = r.randrange(7)
        if kind <= 1:
            content[at : at + n] = r.randbytes(len(content[at : at + n]))
        elif kind == 2:
            content[at : at + n] = b""
        elif kind == 3:
            content[at:at] = r.randbytes(n)
        elif kind == 4:
            start = r.randrange(len(content) + 1)
            content[at:at] = content[start : start + n]
        elif kind == 5:
            number = r.choice(NUMBERS) % 256**8
            content[at : at + n] = number.to_bytes(8, r.choice(["little", "big"]))[:n]
        else:
            del content[at:]
    return bytes(content)


# ---------------------------------------------------------------- safetensors

SIZES = {"F64": 8, "F32": 4, "F16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
OTHERS = ["BF16", "F8_E4M3", "C64", "U64", "f32", "F32 "]


class Pairs(list):
    """The pairs of a JSON object, where a key may come twice, in lists [key, value]."""


class Raw(str):
    """Text that goes to the file as it is."""


def as_json(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Pairs):
        pairs = (map(as_json, pair if isinstance(pair, list) else [pair]) for pair in value)
        return "{" + ",".join(map(":".join, pairs)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def tree(r, names, depth=0):
    """Return a structure as minigrad describes it in a file's metadata."""
    kind = r.randrange(6 if depth < 3 else 2)
    if kind == 0:
        return Pairs([["tensor", r.choice(names or ["t0"])]])
    if kind == 1:
        return r.choice([1, "x", None, True, 2.5, Pairs([["float", "nan"]])])
    children = [tree(r, names, depth + 1) for _ in range(r.randrange(4))]
    if kind <= 3:
        return Pairs([[r.choice(["list", "tuple"]), children]])
    keys = [*range(9), "a", "b", "t0"]
    return Pairs([["dict", [[r.choice(keys), child] for child in children]]])


def distorted(r, value):
    """Change one place in a structure of lists."""
    places, found = [], [value]
    while found:
        place = found.pop()
        if isinstance(place, list) and place:
            places.append(place)
            found += place
    if not places:
        return
    place = r.choice(places)
    i, kind = r.randrange(len(place)), r.randrange(8)
    if kind == 0:
        del place[i]
    elif kind == 1:
        place.append(place[i])
    elif kind == 2:
        r.shuffle(place)
    elif kind == 3:
        place[i] = Raw(r.choice(["[", '{"a":', "[[", "}", "-", "1e999", "\x01", "9" * 5000]) * 2000)
    elif kind == 4:
        place[i] = r.choice([*SIZES, *OTHERS])
    else:
        place[i] = r.choice(ODD)


def safetensors_file(r):
    """Return a safetensors file, most often one with faults."""
    entries, data = Pairs(), b""
    for i in range(r.randrange(5)):
        dtype = r.choice(list(SIZES))
        shape = [r.choice([0, 1, 1, 2, 3]) for _ in range(r.randrange(4))]
        n = math.prod(shape) * SIZES[dtype]
        place = [len(data), len(data) + n]
        fields = [["dtype", dtype], ["shape", shape], ["data_offsets", place]]
        entries.append([f"t{i}", Pairs(fields)])
        data += bytes(n) if dtype == "BOOL" else r.randbytes(n)
    if r.random() < 0.5:
        structure = tree(r, [name for name, _ in entries])
        if r.random() < 0.5:
            distorted(r, structure)
        entries.append(["__metadata__", Pairs([["minigrad", as_json(structure)]])])
    for _ in range(r.choice([0, 1, 1, 2, 4])):
        distorted(r, entries)
    header = as_json(entries).encode(errors="surrogatepass")
    length = r.choice(NUMBERS) % 2**64 if r.random() < 0.05 else len(header)
    content = length.to_bytes(8, "little") + header + data
    return damaged(r, content) if r.random() < 0.2 else content


# ---------------------------------------------------------------- pickles

NAMES = [
    *(b"torch._utils\n_rebuild_tensor_v2\n", b"torch._utils\n_rebuild_parameter\n"),
    *(b"torch._utils\n_rebuild_parameter_with_state\n", b"torch._tensor\n_rebuild_from_type_v2\n"),
    *(b"torch\nSize\n", b"torch\ndevice\n", b"torch\nFloatStorage\n", b"torch\nBoolStorage\n"),
    *(b"torch\nBFloat16Storage\n", b"torch\nfloat32\n", b"torch\nTensor\n"),
    *(b"torch.nn.parameter\nParameter\n", b"torch.nn.parameter\nBuffer\n"),
    *(b"collections\nOrderedDict\n", b"collections\nCounter\n", b"_codecs\nencode\n"),
    *(b"builtins\nbytes\n", b"builtins\nbytearray\n", b"builtins\ncomplex\n", b"builtins\nset\n"),
    *(b"os\nsystem\n", b"posix\nsystem\n", b"builtins\neval\n", b"builtins\ngetattr\n"),
    *(
        b"subprocess\nPopen\n",
        b"torch\nload\n",
        b"torch.serialization\nload\n",
        b"minigrad\nsave\n",
    ),
    *(
        b"numpy.core.multiarray\n_reconstruct\n",
        b"copyreg\n_reconstructor\n",
        b"\n\n",
        b"torch\n\n",
    ),
]
LINES = [b"os", b"1", b"-1", b"'x'", b"0x10", b"1L", b"nan", b"9" * 5000, b"\xff", b""]
ATTRIBUTES = [b"real", b"data", b"grad", b"requires_grad", b"__class__", b"__dict__", b"sum", b"x"]
PLACES = [b"../x", b"/etc/passwd", b"\0", b"\xff", b"", b"y/data.pkl", b"x/data/0\0y", b"C:\\x"]
PLACES += [b"x" * 70_000, b"x/data.pkl"]
ALL = pickletools.opcodes


def operation(r, info=None):
    """Return some operation of Python's pickle with some argument."""
    info = info or r.choice(ALL)
    code, n = info.code.encode("latin1"), info.arg.n if info.arg else 0
    if info.name in ("GLOBAL", "INST"):
        return code + r.choice(NAMES)
    if n == pickletools.UP_TO_NEWLINE:
        return code + r.choice(LINES) + b"\n"
    if n >= 0:
        number = r.choice([r.randrange(12), r.choice(NUMBERS)])
        return code + (number % 256**8).to_bytes(8, "little")[:n].ljust(n, b"\0")
    size = {pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT8U: 8}.get(n, 4)
    data = r.choice([b"", b"0", b"storage", b"cpu", b"\xff", b"x" * 40, *ATTRIBUTES])
    length = r.choice(NUMBERS) if r.random() < 0.2 else len(data)
    return code + (length % 256**size).to_bytes(size, "little") + data


def number(n):
    """Return the operation that pushes a number."""
    data = n.to_bytes(n.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def text(s):
    return b"X" + len(s).to_bytes(4, "little") + s


def row(kind=b"FloatStorage", key=b"0", n=6):
    """Return the operations that push a piece of memory."""
    return (
        b"(" + text(b"storage") + b"ctorch\n" + kind + b"\n" + text(key) + text(b"cpu")
        + number(n) + b"tQ"
    )  # fmt: skip


def sizes(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def described(r):
    """Return the operations that make a tensor, each of whose arguments may be wrong."""
    n = r.randrange(4)

    def some():
        ordinary = [r.choice([0, 1, 1, 2, 3]) for _ in range(n)]
        if ordinary and r.random() < 0.3:
            ordinary[r.randrange(n)] = r.choice([-1, 2**31, 2**40, 2**62, 2**63, -(2**63)])
        return sizes(ordinary)

    kind = r.choice([b"FloatStorage"] * 9 + [b"BoolStorage", b"DoubleStorage", b"BFloat16Storage"])
    arguments = [
        row(kind, r.choice([b"0"] * 9 + [b"1", b"../0"]), r.choice([6] * 9 + [3, 12, -1])),
        number(r.choice([0] * 5 + [1, 6, -1, 2**62, 2**64])), some(), some(),
        r.choice([b"\x88", b"\x89", b"N"]), b"ccollections\nOrderedDict\n)R",
    ]  # fmt: skip
    if r.random() < 0.1:
        arguments[r.randrange(6)] = operation(r)
    made = b"ctorch._utils\n_rebuild_tensor_v2\n(" + b"".join(arguments) + b"tR"
    if r.random() < 0.2:
        return b"ctorch._utils\n_rebuild_parameter\n" + made + b"\x88)\x87R"
    if r.random() < 0.3:
        attributes = b"}" + text(r.choice(ATTRIBUTES)) + r.choice([made, number(1), b"N", b")"])
        return (
            b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\n"
            + r.choice([b"ctorch\nTensor\n", b"ctorch.nn.parameter\nParameter\n", b"N", number(1)])
            + b"(" + b"".join(arguments) + b"t" + attributes + b"stR"
        )  # fmt: skip
    return made


def operations(program):
    """Return a pickle as a list of its operations."""
    starts = [at for _, _, at in pickletools.genops(program)]
    return [program[a:b] for a, b in zip(starts, [*starts[1:], len(program)], strict=True)]


def program(r, sound=None):
    """Return a pickle made of tensors, or of ``sound``, which describes many things, changed."""
    if sound is None:
        steps = [b"\x80\x02]", *(described(r) + b"a" for _ in range(r.randrange(1, 4))), b"."]
    else:
        steps = operations(sound)
    for _ in range(r.choice([0, 0, 1, 1, 2, 4, 12])):
        i, j, kind = r.randrange(len(steps)), r.randrange(len(steps)), r.randrange(8)
        if kind == 0:
            del steps[i : i + r.choice([1, 3])]
        elif kind == 1:
            steps[i] = steps[j]
        elif kind == 2:
            steps[i], steps[j] = steps[j], steps[i]
        elif kind == 3:
            steps.insert(i, described(r))
        elif kind == 4:
            steps.insert(i, r.choice([b"]", b"(", b"}", b"\x85", b"h\0h\0\x86q\0"]) * 3000)
        else:
            steps.insert(i, b"".join(operation(r) for _ in range(r.choice([1, 1, 3, 10]))))
        if not steps:
            break
    made = b"".join(steps)
    return damaged(r, made) if made and r.random() < 0.2 else made


# ---------------------------------------------------------------- archives

LOCAL = ("<4sHHHHHLLLHH", "signature version flags method time date crc packed size name extra")
CENTRAL = (
    "<4sHHHHHHLLLHHHHHLL",
    "signature made version flags method time date crc packed size name extra comment disk "
    "internal external offset",
)
END = ("<4sHHHHLLH", "signature disk first here entries size offset comment")


def record(layout, values):
    form, names = layout
    widths = {"H": 2**16, "L": 2**32}
    fields = zip(form[3:], names.split()[1:], strict=True)
    rest = [values.get(name, 0) % widths[letter] for letter, name in fields]
    return struct.pack(form, values["signature"], *rest)


def archive(r, parts, faults):
    """Return a zip archive of ``parts``, (name, data) each, with some wrong fields."""
    body, directory = b"", b""
    wrong = [r.randrange(len(parts) * 2 + 1) for _ in range(faults)] if parts else []

    def with_faults(place, layout, values):
        for _ in range(wrong.count(place)):
            name = r.choice(layout[1].split()[1:])
            values[name] = r.choice(
                [values.get(name, 0) + r.choice([-1, 1, 30]), r.choice(NUMBERS)]
            )
        return record(layout, values)

    for i, (name, data) in enumerate(parts):
        packed = data
        values = {"version": 20, "size": len(data), "crc": zlib.crc32(data), "name": len(name)}
        values["offset"] = len(body)
        if faults and r.random() < 0.03:
            deflate = zlib.compressobj(wbits=-15)
            packed, values["method"] = deflate.compress(data + bytes(10**6)) + deflate.flush(), 8
            values["size"] += 10**6
        values["packed"] = len(packed)
        extra = b""
        if faults and r.random() < 0.1:
            extra = r.choice([struct.pack("<HHQQQ", 1, 24, 2**60, 2**60, 0), r.randbytes(7)])
        values["extra"] = len(extra)
        local = with_faults(2 * i, LOCAL, values | {"signature": b"PK\3\4"})
        body += local + name + extra + packed
        central = with_faults(2 * i + 1, CENTRAL, values | {"signature": b"PK\1\2"})
        directory += central + name + extra
    n = len(parts)
    ends = {"here": n, "entries": n, "size": len(directory), "offset": len(body)}
    end = with_faults(2 * n, END, ends | {"signature": b"PK\5\6"})
    return body + directory + end


def sound():
    """Return the description of many things, and the memory that belongs to it."""
    base = minigrad.arange(12.0).reshape(3, 4)
    noted = minigrad.ones(2)
    noted.note = "x"
    value = {
        "model": minigrad.nn.Linear(2, 1).state_dict(), "base": [base, base.t(), base[1, 1:]],
        "parameter": minigrad.nn.Parameter(minigrad.ones(2)), "noted": noted,
        "mask": minigrad.tensor([True, False]), "values": [1, -5, 2**70, 2.5, None, True, b"\xff"],
        "set": {1, "a"}, "keys": {(1, "a"): 2, 3: 4}, "complex": 1j, "size": base.shape,
        "dtype": minigrad.float32, "device": minigrad.device("cpu"), "long": list(range(20)),
    }  # fmt: skip
    file = io.BytesIO()
    minigrad.save(value, file)
    with zipfile.ZipFile(file) as opened:
        parts = {Path(name).name: opened.read(name) for name in opened.namelist()}
    description = parts.pop("data.pkl")
    rows = {f"data/{name}".encode(): data for name, data in parts.items() if name.isdigit()}
    return description, rows


def torch_file(r, made=[]):  # noqa: B006 (made once)
    """Return a file as torch's, most often one with faults."""
    if not made:
        made += sound()
    description, rows = made
    if r.random() < 0.5:
        description, rows = None, {b"data/0": bytes(24), b"byteorder": b"little"}
    parts = [(b"x/data.pkl", program(r, description))]
    parts += [(b"x/" + name, data) for name, data in rows.items()]
    faults = r.choice([0, 0, 0, 0, 1, 2])
    for _ in range(faults):
        i, kind = r.randrange(len(parts)), r.randrange(7)
        if kind == 0:
            del parts[i]
        elif kind == 1:
            parts.append((parts[i][0], r.randbytes(r.randrange(50))))
        elif kind == 2:
            parts[i] = r.choice(PLACES), parts[i][1]
        elif kind == 3:
            r.shuffle(parts)
        elif kind == 4:
            parts[i] = (parts[i][0], damaged(r, parts[i][1]))
        if not parts:
            break
    content = archive(r, parts, faults)
    return damaged(r, content) if r.random() < 0.1 and content else content


def legacy_file(r, old):
    """Return a file as of torch before 1.6, made of a sound one, most often one with faults."""
    parts, at = [], 0
    for _ in range(5):  # its pickles, and behind them the memory
        steps = list(pickletools.genops(old[at:]))
        parts.append(old[at : at + steps[-1][2] + 1])
        at += len(parts[-1])
    parts.append(old[at:])
    if r.random() < 0.5:
        tensors = program(r).replace(b"tQ", r.choice([b"NtQ"] * 4 + [row(n=2)[:-2] + b"tQ"]))
        keys = b"\x80\x02]" + text(b"0") + b"a."
        parts[3:] = [tensors, keys, (6).to_bytes(8, "little") + bytes(24)]
    for i in r.sample(range(6), r.choice([0, 0, 1, 1, 2])):
        if i in (0, 1, 2, 4) and r.random() < 0.7:  # which are sound still
            steps = operations(parts[i])
            steps[r.randrange(len(steps))] = operation(r)
            parts[i] = b"".join(steps)
        elif parts[i]:
            parts[i] = damaged(r, parts[i])
    return b"".join(parts)
