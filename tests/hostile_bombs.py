"""Small files that ask for much time or memory, or for what may not be, made by hand."""

from hostile_files import archive, as_json, number, row, sizes, text


def torch_bomb(*steps, data=bytes(24)):
    parts = [(b"x/data.pkl", b"\x80\x02" + b"".join(steps) + b"."), (b"x/data/0", data)]
    return archive(None, parts, 0)


def safetensors_bomb(header):
    return len(header).to_bytes(8, "little") + header


def tree_bomb(structure):
    return safetensors_bomb(as_json({"__metadata__": {"minigrad": structure}}).encode())


def called(name, *arguments):
    """Return the operations that call a function by name and forget what it returns."""
    return b"c" + name + b"\n(" + b"".join(arguments) + b"tR0"


def kept(value, n=0):
    """Return the operations that give a value the number ``n`` and take it off the stack."""
    return value + b"q" + bytes([n]) + b"0"


ORDERED, SET, COUNTER = b"collections\nOrderedDict", b"builtins\nset", b"collections\nCounter"
DOUBLED = kept(b"K\1") + kept(b"h\0h\0\x86") * 60  # a pair of pairs of pairs of ...: 2**60 numbers
DEEP = kept(b"K\1" + b"\x85" * 20_000)
VERY_DEEP = kept(b"K\1" + b"\x85" * 100_000)  # enough to overflow C's stack when it is hashed
EXPANDED = kept(
    b"ctorch._utils\n_rebuild_tensor_v2\n(" + row() + number(0) + sizes([5, 2**50]) + sizes([0, 0])
    + b"\x89)tR"
)  # fmt: skip
MANY = kept(b"](" + b"".join(number(i) for i in range(4_000)) + b"e")
PAIRS = kept(b"](" + b"".join(number(i) + b"N\x86" for i in range(1_000)) + b"e")
DICT = kept(b"}(" + b"".join(text(b"a%d" % i) + b"N" for i in range(1_000)) + b"u")
OLD_START = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."  # magic number, version
PRIME = 2**61 - 1  # numbers have the same hash if they leave the same rest
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
SOME_TENSOR = b"(" + row() + number(0) + sizes([2]) + sizes([1]) + b"\x89)t"

BOMBS = {
    "a doubled tuple as a key": torch_bomb(DOUBLED, b"}h\0Ns"),
    "a doubled tuple in a set": torch_bomb(DOUBLED, b"\x8f(h\0\x90"),
    "a doubled tuple in a list for a set": torch_bomb(DOUBLED, called(SET, b"]h\0a"), b"N"),
    "a doubled tuple as a size": torch_bomb(DOUBLED, called(b"torch\nSize", b"h\0"), b"N"),
    "a doubled tuple as a stride": torch_bomb(
        DOUBLED, called(TENSOR[1:-1], row(), number(0), sizes([2]), b"h\0\x85\x89)"), b"N"
    ),
    "a doubled tuple as an encoding": torch_bomb(
        DOUBLED, called(b"_codecs\nencode", text(b"a"), b"h\0"), b"N"
    ),
    "a doubled tuple as a name": torch_bomb(DOUBLED, text(b"torch"), b"h\0\x93"),
    "a doubled tuple as a module": torch_bomb(DOUBLED, b"h\0", text(b"x"), b"\x93"),
    "a doubled tuple as memory": torch_bomb(DOUBLED, b"(h\0h\0h\0h\0h\0tQ"),
    "a doubled tuple as a device": torch_bomb(DOUBLED, called(b"torch\ndevice", b"h\0"), b"N"),
    "a doubled tuple as a class": torch_bomb(DOUBLED, b"h\0)\x81"),
    "a doubled tuple as a kind of memory": torch_bomb(DOUBLED, b"h\0\x85Q"),
    "an expanded tensor as a kind of memory": torch_bomb(EXPANDED, b"h\0\x85Q"),
    "a doubled tuple as what is called": torch_bomb(DOUBLED, b"h\0)R"),
    "a doubled tuple as a complex number": torch_bomb(
        DOUBLED, called(b"builtins\ncomplex", b"h\0"), b"N"
    ),
    "a deep tuple as a key": torch_bomb(VERY_DEEP, b"}h\0Ns"),
    "a deep tuple in a set": torch_bomb(DEEP, b"\x8f(h\0\x90"),
    "a deep tuple in a list for a set": torch_bomb(DEEP, called(SET, b"]h\0a"), b"N"),
    "a deep tuple as a name": torch_bomb(DEEP, text(b"torch"), b"h\0\x93"),
    "a deep tuple as a type of memory": torch_bomb(
        DEEP, b"(" + text(b"storage") + b"h\0" + text(b"0") + b"NK\6tQ"
    ),
    "a deep tuple": torch_bomb(DEEP, b"h\0"),
    "deep lists": torch_bomb(b"]" * 20_000, b"a" * 19_999),
    "deep dicts": torch_bomb(b"}" * 1, b"K\1}" * 10_000, b"s" * 10_000),
    "deep marks": torch_bomb(b"(" * 30_000, b"N"),
    "deep tensors": torch_bomb(
        kept(SOME_TENSOR, 1), kept(TENSOR, 2), kept(b"ctorch\nTensor\n", 3), kept(text(b"x"), 4),
        kept(b"ctorch._tensor\n_rebuild_from_type_v2\n", 5), kept(b"N"),
        kept(b"h\5(h\2h\3h\1}h\4h\0stR") * 2_000, b"h\0",
    ),
    "a list copied often": torch_bomb(MANY, called(SET, b"h\0") * 5_000, b"N"),
    "pairs copied often": torch_bomb(PAIRS, called(ORDERED, b"h\0") * 5_000, b"N"),
    "a dict copied often": torch_bomb(DICT, called(COUNTER, b"h\0") * 5_000, b"N"),
    "copies kept": torch_bomb(
        PAIRS, b"](" + called(ORDERED, b"h\0")[:-1] * 2_000, b"e"
    ),
    "a text encoded often": torch_bomb(
        kept(text(b"a" * 30_000)), kept(text(b"latin1"), 1),
        b"](" + called(b"_codecs\nencode", b"h\0h\1")[:-1] * 2_000, b"e",
    ),
    "bytes copied often": torch_bomb(
        kept(text(b"a" * 30_000)), kept(text(b"latin1"), 1),
        b"](" + called(b"builtins\nbytearray", b"h\0h\1")[:-1] * 2_000, b"e",
    ),
    "long sizes checked often": torch_bomb(
        kept(b"(" + b"K\1" * 10_000 + b"t"), called(b"torch\nSize", b"h\0") * 5_000, b"N"
    ),
    "attributes set often": torch_bomb(
        kept(DICT[:-3], 0), kept(SOME_TENSOR, 1), kept(TENSOR, 2), kept(b"ctorch\nTensor\n", 3),
        b"](" + b"ctorch._tensor\n_rebuild_from_type_v2\n(h\2h\3h\1h\0tR" * 2_000, b"e",
    ),
    "a long number as a key, often": torch_bomb(
        kept(b"\x8b" + (100_000).to_bytes(4, "little") + b"\1" * 100_000),
        b"}", b"h\0Ns" * 10_000,
    ),
    "keys of one hash": torch_bomb(
        b"}(", b"".join(number((i + 1) * PRIME) + b"N" for i in range(20_000)), b"u"
    ),
    "elements of one hash": torch_bomb(
        b"\x8f(", b"".join(number((i + 1) * PRIME) for i in range(20_000)), b"\x90"
    ),
    "an expanded tensor as pairs": torch_bomb(EXPANDED, called(ORDERED, b"h\0"), b"N"),
    "an expanded tensor as a pair": torch_bomb(
        TENSOR, b"(", row(), number(0), sizes([2**50]), sizes([0]), b"\x89)tRq\0",
        called(ORDERED, b"]h\0a"),
    ),
    "an expanded tensor as memory": torch_bomb(EXPANDED, b"h\0Q"),
    "an expanded tensor as a part of memory": torch_bomb(EXPANDED, b"(h\0h\0h\0h\0h\0tQ"),
    "an expanded tensor as items": torch_bomb(EXPANDED, b"]h\0e"),
    "an expanded tensor as an encoding": torch_bomb(
        EXPANDED, called(b"_codecs\nencode", text(b"a"), b"h\0"), b"N"
    ),
    "an expanded tensor as a number": torch_bomb(
        EXPANDED, called(b"builtins\ncomplex", b"h\0"), b"N"
    ),
    "an expanded tensor as attributes": torch_bomb(
        EXPANDED, b"ctorch._utils\n_rebuild_parameter_with_state\n(h\0\x88Nh\0tR"
    ),
    "an expanded tensor whose elements are set": torch_bomb(
        EXPANDED, b"ctorch._utils\n_rebuild_parameter_with_state\n(h\0\x89N}" + text(b"real")
        + b"K\1stR",
    ),
    "an expanded parameter": torch_bomb(
        EXPANDED, b"ctorch._utils\n_rebuild_parameter\n(h\0\x88NtR"
    ),
    "an expanded tensor of bfloat16": torch_bomb(
        TENSOR, b"(", row(b"BFloat16Storage", n=12), number(0), sizes([2**50]), sizes([0]),
        b"\x89)tR",
    ),
    "sizes beyond all numbers": torch_bomb(
        TENSOR, b"(", row(), number(0), sizes([2**40] * 30), sizes([0] * 30), b"\x89)tR"
    ),
    "one piece of memory of many types": torch_bomb(
        b"](", *(row(kind, n=600_000 // n) for kind, n in [
            (b"DoubleStorage", 8), (b"FloatStorage", 4), (b"HalfStorage", 2), (b"LongStorage", 8),
            (b"IntStorage", 4), (b"ShortStorage", 2), (b"CharStorage", 1), (b"ByteStorage", 1),
            (b"BFloat16Storage", 2),
        ]), b"e", data=bytes(600_000),
    ),
    "a huge length": torch_bomb(b"\x8b\xff\xff\xff\x7f1"),
    "a huge text": torch_bomb(b"X\xff\xff\xff\xff1"),
    "a huge memo": torch_bomb(b"Nr\xff\xff\xff\xff"),
    "an old file that is a deep tuple": OLD_START + b"\x80\x02" + VERY_DEEP + b"h\0.",
    "an old file of a machine with a deep tuple": (
        OLD_START + b"\x80\x02" + VERY_DEEP + b"]h\0N\x86a." + b"\x80\x02N." * 2
    ),
    "a header of one key twice among many": safetensors_bomb(
        b'{"a":1,"a":1,' + b",".join(b'"%d":1' % i for i in range(20_000)) + b"}"
    ),
    "a deep header": safetensors_bomb(b'{"a":' + b"[" * 100_000),
    "a deep header of objects": safetensors_bomb(b'{"a":' * 100_000),
    "a header of empty lists": safetensors_bomb(b'{"a":[' + b"[]," * 100_000 + b"[]]}"),
    "a header of long numbers": safetensors_bomb(
        b'{"a":[' + b",".join([b"7" * 4_300] * 300) + b"]}"
    ),
    "a header of numbers that are too long": safetensors_bomb(b'{"a":' + b"7" * 500_000 + b"}"),
    "a shape of many sizes": safetensors_bomb(
        b'{"a":{"dtype":"F32","data_offsets":[0,0],"shape":[' + b"0," * 100_000 + b"0]}}"
    ),
    "a structure with keys of one hash": tree_bomb(
        '{"dict":[' + ",".join(f"[{(i + 1) * PRIME},1]" for i in range(10_000)) + "]}"
    ),
    "a structure of one tensor often": tree_bomb(
        '{"list":[' + ",".join(['{"float":"nan"}'] * 10_000) + "]}"
    ),
}  # fmt: skip
