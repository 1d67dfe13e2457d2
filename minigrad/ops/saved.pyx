"""What a node has saved, under torch's names: ``y.grad_fn._saved_result``, for looking at the tape.

torch names these attributes by the arguments in its formulas.  Here are those of the operations
that people look at; a node of another label, or one that is made of others, has none.
"""

from cpython.dict cimport PyDict_SetItem
from cpython.object cimport PyTypeObject

from minigrad.tape cimport Node

cdef extern from "Python.h":
    void PyType_Modified(PyTypeObject *type)


# What is saved, in this order -> which nodes save that
cdef dict SAVED = {
    "self": "Abs Acos Asin Atan Cos Cosh Elu Erf Erfc Gelu Hardswish Hardtanh LeakyRelu Log Log1P "
            "Log2 Log10 LogSigmoid Pow Silu Sin Sinh Softplus Clamp1 Var",
    "result": "Exp Exp2 Expm1 LogSoftmax Reciprocal Relu Rsqrt Sigmoid Softmax Sqrt Tan Tanh",
    "self other": "Atan2 Div Hypot Logaddexp Maximum Minimum Mul Xlogy",
    "self exponent result": "Pow1 Pow2",
    "self mat2": "Mm Bmm",
    "self result": "Amax Cumprod LinalgVectorNorm Logsumexp Max1 Prod Std",
    "self target": "MseLoss",
    "condition": "Where",
    "mask": "MaskedFill",
    "inverse": "LinalgInvEx",
}
cdef dict names_of = {}     # label -> names


cdef str label_of(str short):
    """Return the label of a node: that of Max1 is MaxBackward1, that of Log2 is Log2Backward0."""
    if short in ("Clamp1", "Max1", "Pow1", "Pow2"):
        return f"{short[:-1]}Backward{short[-1]}"
    return f"{short}Backward0"


def saved_attribute(str name):
    """Return the property of nodes that is the saved tensor called ``name``."""
    def saved(node):
        return find(node, name)
    saved.__doc__ = f"The tensor ``{name}`` that was saved for the backward pass."
    return property(saved)


cdef object find(Node node, str name):
    cdef tuple names = names_of.get(node.label, ())
    if name not in names or (node.saved is not None and len(node.saved) != len(names)):
        raise AttributeError(f"'{node.label}' object has no attribute '_saved_{name}'")
    return node.tensor(names.index(name))


def install():
    """Give Node these attributes."""
    cdef PyTypeObject *cls = <PyTypeObject *>Node
    for names, nodes in SAVED.items():
        for short in nodes.split():
            names_of[label_of(short)] = tuple(names.split())
    for name in {name for names in names_of.values() for name in names}:
        PyDict_SetItem(<dict>cls.tp_dict, f"_saved_{name}", saved_attribute(name))
    PyType_Modified(cls)

