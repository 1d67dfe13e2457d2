"""One call of a database's sample in minigrad and in torch, side by side; what differs.

torch describes its operators and modules in databases (``op_db``, ``module_db``): for each, sample
inputs and wrong inputs.  This file carries a sample from torch to minigrad and compares outcomes;
test_op_db.py and test_module_db.py walk the databases.  Only for tests that found torch.
"""

import contextlib
import functools
import importlib
import types
import warnings
from dataclasses import dataclass, field

import numpy as np
import torch
from support import TOLERANCE, name_of, values_of

import minigrad

torch.set_num_threads(1)

DTYPES = {
    torch.float32: "float32",
    torch.float64: "float64",
    torch.float16: "float16",
    torch.int64: "int64",
    torch.int32: "int32",
    torch.int16: "int16",
    torch.int8: "int8",
    torch.uint8: "uint8",
    torch.bool: "bool",
}


def loaded(name):
    """Return a module of torch's test files; importing them must leave other tests alone."""
    try:
        import hypothesis
    except ImportError:
        return importlib.import_module(f"torch.testing._internal.{name}")
    before = hypothesis.settings.get_current_profile_name()
    found = importlib.import_module(f"torch.testing._internal.{name}")
    hypothesis.settings.load_profile(before)
    return found


class NotExpressible(Exception):
    """The sample holds what minigrad does not have at all: complex numbers, sparse layouts ..."""


@dataclass
class Difference:
    """What one call showed: ``kind`` is values, dtype, shape, gradient, raises, accepts ..."""

    op: str
    variant: str  # function, method, in-place, operator, alias, error
    kind: str
    dtype: str
    args: tuple
    kwargs: dict
    text: str
    layout: str | None = None  # of the arguments

    def __str__(self):
        call = ", ".join(
            [*map(brief, self.args), *(f"{k}={brief(v)}" for k, v in self.kwargs.items())]
        )
        how = ", ".join(filter(None, (self.dtype, self.variant, self.layout)))
        return f"{self.op}({call}) [{how}] {self.kind}: {self.text}"


@dataclass(frozen=True)
class Allowed:
    """A difference that is meant, told by what can be seen of the call."""

    reason: str
    kinds: str = ""  # of difference; empty: any
    variants: str = ""  # empty: any
    dtypes: str = ""  # empty: any
    text: str = ""  # part of the message
    layouts: str = ""  # empty: any
    everywhere: bool = True  # False: rounding decides, which is the machine's
    when: object = field(default=lambda args, kwargs: True)

    def covers(self, d):
        return (
            (not self.kinds or d.kind in self.kinds.split(", "))
            and (not self.variants or d.variant in self.variants.split(", "))
            and (not self.dtypes or d.dtype in self.dtypes.split())
            and (not self.layouts or d.layout in self.layouts.split(", "))
            and self.text in d.text
            and bool(self.when(d.args, d.kwargs))
        )


def unexplained(differences, allowed):
    """Return the differences that no entry covers, and the entries that should have covered one."""
    left = [d for d in differences if not any(a.covers(d) for a in allowed)]
    idle = [a for a in allowed if a.everywhere and not any(a.covers(d) for d in differences)]
    return left, idle


def brief(x):
    """Return a short text for an argument: tensors as their dtype and shape."""
    if isinstance(x, torch.Tensor):
        values = f" {x.tolist()}" if x.numel() <= 4 and x.layout == torch.strided else ""
        return f"<{name_of(x.dtype)}{list(x.shape)}{values}>"
    if isinstance(x, (list, tuple)):
        return "(" + ", ".join(map(brief, x)) + ")"
    return repr(x)


# ------------------------------------------------------------------------------ other layouts


def _reversed(x):
    """The dimensions lie in memory in the opposite order."""
    order = tuple(reversed(range(x.ndim)))
    return x.permute(order).contiguous().permute(order)


def _spaced(x):
    """Only every other element of the memory counts."""
    return torch.stack([x, x], -1)[..., 1]


LAYOUTS = {
    "reversed": _reversed,
    "spaced": _spaced,
    "expanded": lambda x: x.narrow(-1, 0, 1).expand(x.shape) if x.numel() else x,
    "no columns": lambda x: x.narrow(-1, 0, 0),
    "no rows": lambda x: x.narrow(0, 0, 0),
}


def relaid(x, layout):
    """Return a nest of arguments with the tensors of at least one dimension laid out otherwise."""
    if isinstance(x, torch.Tensor):
        if x.ndim == 0 or x.layout != torch.strided or x.dtype not in DTYPES:
            return x
        return LAYOUTS[layout](x.detach()).requires_grad_(x.requires_grad)
    return rebuilt(x, lambda y: relaid(y, layout))


# ------------------------------------------------------------------------------ to minigrad

PLAIN = (bool, int, float, str, slice, type(None), type(...), np.ndarray, np.generic, range)


def twin(x, memo):
    """Return a torch argument again as a leaf of its own, over the same memory."""
    if isinstance(x, torch.Tensor):
        if id(x) not in memo:
            memo[id(x)] = x.detach().requires_grad_(x.requires_grad)
        return memo[id(x)]
    return rebuilt(x, lambda y: twin(y, memo))


def rebuilt(x, function):
    """Return a list, tuple or dict with ``function`` of what it holds, anything else as it is."""
    if isinstance(x, dict):
        return {k: function(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        found = [function(v) for v in x]
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            return type(x)(*found)
        return found if isinstance(x, list) else tuple(found)
    return x


def ours(x, memo):
    """Return a torch argument as minigrad's: tensors over the same memory, dtypes by name ..."""
    if isinstance(x, torch.Tensor):
        if id(x) not in memo:
            memo[id(x)] = our_tensor(x)
        return memo[id(x)]
    if isinstance(x, PLAIN):
        return x
    if isinstance(x, (list, tuple, dict)):
        return rebuilt(x, lambda y: ours(y, memo))
    if isinstance(x, torch.dtype):
        if x not in DTYPES:
            raise NotExpressible(str(x))
        return getattr(minigrad, DTYPES[x])
    if isinstance(x, torch.device):
        if x.type != "cpu":
            raise NotExpressible(str(x))
        return minigrad.device("cpu")
    if isinstance(x, (torch.memory_format, torch.layout)):
        found = getattr(minigrad, str(x).rpartition(".")[2], None)
        if found is None:
            raise NotExpressible(str(x))
        return found
    if isinstance(x, torch.nn.Module):
        return our_module(x, memo)
    if callable(x):
        return our_callable(x)
    raise NotExpressible(type(x).__name__)


def our_tensor(x):
    if x.dtype not in DTYPES or x.layout != torch.strided or x.device.type != "cpu":
        raise NotExpressible(f"{x.dtype} {x.layout} {x.device}")
    if x.ndim > 64:
        raise NotExpressible(f"{x.ndim} dimensions")  # NumPy's limit
    found = minigrad.from_numpy(x.detach().resolve_neg().numpy())
    if isinstance(x, torch.nn.Parameter):
        return minigrad.nn.Parameter(found, x.requires_grad)
    return found.requires_grad_() if x.requires_grad else found


def our_module(module, memo):
    """Return a module without parameters again as minigrad's: its options are its attributes."""
    theirs = type(module)
    cls = getattr(minigrad.nn, theirs.__name__, None)
    if cls is None or list(module.parameters()):
        raise NotExpressible(theirs.__name__)
    names = [n for n in theirs.__init__.__code__.co_varnames[1:] if hasattr(module, n)]
    return cls(**{n: ours(getattr(module, n), memo) for n in names if n in vars(module)})


def our_callable(function):
    """Return minigrad's function of that name; one defined in torch's tests works on both."""
    if isinstance(function, types.FunctionType) and "testing" in function.__module__:
        return rebound(function)
    found = getattr(minigrad.nn.functional, function.__name__, None)
    found = found or getattr(minigrad, function.__name__, None)
    if found is None:
        raise NotExpressible(repr(function))
    return found


def rebound(function):
    """Return a function of torch's test files with ``torch`` in it meaning minigrad."""

    def wrapper_set_seed(op, *args, **kwargs):
        minigrad.manual_seed(42)
        return op(*args, **kwargs)

    names = {
        **function.__globals__,
        "torch": minigrad,
        "F": minigrad.nn.functional,
        "wrapper_set_seed": wrapper_set_seed,
    }
    again = types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    return functools.update_wrapper(again, function)


# ------------------------------------------------------------------------------ outcomes


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def seed(library):
    library.default_generator.manual_seed(0)  # torch.manual_seed also looks for devices, slowly


def outcome(library, function, args, kwargs):
    """Return (result, None) or (None, exception) of a call, from one seed."""
    seed(library)
    try:
        return function(*args, **kwargs), None
    except Exception as error:
        return None, error


def tensors_in(x):
    """Return the tensors of either library in a nest of lists, tuples and dicts, in order."""
    if isinstance(x, (torch.Tensor, minigrad.Tensor)):
        return [x]
    if isinstance(x, dict):
        x = list(x.values())
    return [t for y in x for t in tensors_in(y)] if isinstance(x, (list, tuple)) else []


def compare(mine, theirs, values=True, tolerance=None):
    """Return [(kind, text)] of what differs between two results."""
    if isinstance(theirs, torch.Tensor):
        return compare_tensors(mine, theirs, values, tolerance)
    if isinstance(theirs, torch.dtype):
        return [] if name_of(mine) == name_of(theirs) else [("dtype", f"{mine}, not {theirs}")]
    if isinstance(theirs, torch.Size):
        return [] if tuple(mine) == tuple(theirs) else [("shape", f"{mine}, not {theirs}")]
    if isinstance(theirs, dict):
        if list(mine) != list(theirs):
            return [("type", f"keys {list(mine)}, not {list(theirs)}")]
        mine, theirs = list(mine.values()), list(theirs.values())
    if isinstance(theirs, (list, tuple)):
        if isinstance(mine, minigrad.Tensor) or not isinstance(mine, (list, tuple)):
            return [("type", f"{type(mine).__name__}, not {type(theirs).__name__}")]
        if len(mine) != len(theirs):
            return [("type", f"{len(mine)} results, not {len(theirs)}")]
        found = []
        if isinstance(theirs, list) != isinstance(mine, list):
            found.append(("type", f"{type(mine).__name__}, not {type(theirs).__name__}"))
        names = [n for n in fields(theirs) if not hasattr(mine, n)]
        if names:
            found.append(("type", f"no fields {names} in {type(mine).__name__}"))
        for a, b in zip(mine, theirs, strict=True):
            found += compare(a, b, values, tolerance)
        return found
    if isinstance(theirs, float) and isinstance(mine, float):
        same = np.isclose(mine, theirs, rtol=2e-5, equal_nan=True)
    else:
        same = type(mine) is type(theirs) and mine == theirs
    return [] if same else [("values", f"{mine!r}, not {theirs!r}")]


def fields(x):
    """Return the names that a tuple gives its parts."""
    return [n for n in dir(x) if not n.startswith(("_", "n_")) and n not in dir(tuple)]


def on_tape(x):
    """Say whether a tensor wants a gradient, and whether an op made it so; of results, of each."""
    if isinstance(x, (list, tuple)):
        return ", ".join(map(on_tape, x))
    if not isinstance(x, (torch.Tensor, minigrad.Tensor)) or not x.requires_grad:
        return "no gradient"
    return "a leaf" if x.is_leaf else "recorded"


def compare_places(mine, theirs):
    """Return [(kind, text)] if one library has recorded a result and the other has not."""
    mine, theirs = on_tape(mine), on_tape(theirs)
    return [] if mine == theirs else [("tape", f"{mine}, not {theirs}")]


def compare_tensors(mine, theirs, values, tolerance):
    if not isinstance(mine, minigrad.Tensor):
        return [("type", f"{type(mine).__name__}, not Tensor")]
    if theirs.dtype not in DTYPES or theirs.layout != torch.strided:
        raise NotExpressible(f"{theirs.dtype} {theirs.layout}")
    found = []
    if tuple(mine.shape) != tuple(theirs.shape):
        found.append(("shape", f"{list(mine.shape)}, not {list(theirs.shape)}"))
    if name_of(mine.dtype) != name_of(theirs.dtype):
        found.append(("dtype", f"{name_of(mine.dtype)}, not {name_of(theirs.dtype)}"))
    if found or not values:
        return found
    a, b = values_of(mine.detach()), values_of(theirs.resolve_neg())
    if b.dtype.kind == "f":
        relative, absolute = tolerance or TOLERANCE[b.dtype.name]
        a, b = a.astype(np.float64), b.astype(np.float64)
        with np.errstate(all="ignore"):
            # sums of many products: as exact as the largest of them allows
            absolute = max(absolute, 0.02 * relative * np.abs(b[np.isfinite(b)]).max(initial=0))
            same = np.isclose(a, b, rtol=relative, atol=absolute, equal_nan=True)
    else:
        same = a == b
    if not same.all():
        at = tuple(int(i[0]) for i in np.nonzero(~same)) if same.ndim else ()
        count = int((~same).sum())
        found.append(("values", f"{count} of {same.size}, at {at}: {a[at]!r}, not {b[at]!r}"))
    return found


def shares(result, argument):
    """Return whether a tensor lies in the memory of another one."""
    if isinstance(result, torch.Tensor):
        return result.untyped_storage().data_ptr() == argument.untyped_storage().data_ptr()
    return np.may_share_memory(values_of(result.detach()), values_of(argument.detach()))


def compare_views(mine, theirs, my_input, their_input):
    """Return the difference where one library returns a view of the input and one does not."""
    if not (isinstance(theirs, torch.Tensor) and isinstance(their_input, torch.Tensor)):
        return []
    if theirs.numel() == 0 or tuple(theirs.shape) != tuple(mine.shape):
        return []
    a, b = shares(mine, my_input), shares(theirs, their_input)
    return [] if a == b else [("view", f"shares memory: {a}, not {b}")]


def gradients(library, result, leaves, double):
    """Return the gradients of ``leaves``, and where asked the gradients of these."""
    make = np.random.default_rng(1)
    pairs = [(t, seed_like(library, make, t)) for t in tensors_in(result) if t.is_floating_point()]
    outputs = [t for t, _ in pairs if t.requires_grad]
    weights = [w for t, w in pairs if t.requires_grad]
    if not outputs or not leaves:
        return [None] * len(leaves), []
    if double:
        for w in weights:
            w.requires_grad_()
    first = library.autograd.grad(outputs, leaves, weights, create_graph=double, allow_unused=True)
    again = [g for g in first if g is not None and g.requires_grad] if double else []
    if not again:
        return list(first), []
    second = library.autograd.grad(
        again, leaves + weights, [seed_like(library, make, g) for g in again], allow_unused=True
    )
    # no gradient and a gradient of zero are the same here
    return list(first), [
        x.detach() * 0 if g is None else g for x, g in zip(leaves + weights, second, strict=True)
    ]


def seed_like(library, make, x):
    values = make.uniform(0.5, 1.5, tuple(x.shape))
    return library.from_numpy(np.asarray(values, name_of(x.dtype)))


def compare_gradients(mine, theirs, my_leaves, their_leaves, double=False, tolerance=None):
    """Return [(kind, text)] of what differs between the gradients of two results."""
    try:
        expected, expected2 = gradients(torch, theirs, their_leaves, double)
    except RuntimeError as error:
        expected = error
    try:
        found, found2 = gradients(minigrad, mine, my_leaves, double)
    except Exception as error:
        if isinstance(expected, Exception):
            return []
        return [("gradient", f"raises {type(error).__name__}: {error}")]
    if isinstance(expected, Exception):  # torch has no such gradient
        return []
    differ = []
    for name, a, b in [("gradient", found, expected), ("double gradient", found2, expected2)]:
        if bool(a) != bool(b):  # of one library only: then it must be zero
            a, b = ([x * 0 for x in b], b) if b else (a, [x * 0 for x in a])
            a = [minigrad.from_numpy(values_of(x)) for x in a]
            b = [torch.from_numpy(values_of(x)) for x in b]
        if len(a) != len(b):  # torch differentiates more outputs: signs, ranks
            a, b = a[: len(my_leaves)], b[: len(my_leaves)]
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if x is None or y is None:
                if all(t is None or not t.any() for t in (x, y)):  # none and zero: the same here
                    continue
                differ.append((name, f"of input {i}: {x}, not {y}"))
                continue
            near = (1e-8, 1e-10) if name == "double gradient" else tolerance
            differ += [(name, f"of input {i}: {t}") for _, t in compare(x, y, tolerance=near)]
    return differ


def compare_errors(mine, theirs):
    """Return the difference between the exceptions of two calls (None: it went well)."""
    if theirs is None and mine is None:
        return []
    if theirs is None:
        return [("raises", f"{type(mine).__name__}: {mine}")]
    if mine is None:
        return [("accepts", f"torch: {type(theirs).__name__}: {theirs}")]
    # torch's own subclasses (OutOfMemoryError, LinAlgError ...) count as what they are made of
    wanted = next(c for c in type(theirs).__mro__ if c.__module__ == "builtins")
    if isinstance(mine, wanted):
        return []
    return [("error", f"{type(mine).__name__}: {mine}; torch: {type(theirs).__name__}: {theirs}")]
