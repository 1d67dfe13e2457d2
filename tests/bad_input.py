"""Wrong calls of the public functions: how they are made, and what of them is recorded.

``bad_input.txt`` has a line for each: the call, the exception it raises, how its message begins.
``python tests/bad_input.py`` writes it, where torch is installed: of right calls (those below, and
samples of torch's databases of operators and modules) it replaces one argument at a time by what
does not belong there, and keeps a few that torch refuses with the same class of exception.
"""

import ast
import os
import pickle
import signal
import sys
import warnings
from pathlib import Path

import numpy as np

TABLE = Path(__file__).with_suffix(".txt")
ROWS = 4  # of a function at most

# What stands in the place of a right argument.
WRONG = """
None
'a'
f32(7, 7)
i64(7)
-7
f32(3, 1, 1, 1, 1, 1)
2**40
1.5
float('nan')
f32(0)
b(2, 3)
object()
()
(1, 2, 3, 4, 5, 6, 7)
['a']
i64(2, 2) + 9
i64(2, 2) - 9
2**70
{}
""".strip().split("\n")

# Right calls of what no database has, for torch and minigrad alike.
RIGHT = """
optim.SGD([p(2)], 0.1, 0.9)
optim.Adam([p(2)], 0.1, (0.9, 0.99), 1e-8, 0.1)
optim.AdamW([p(2)], 0.1, (0.9, 0.99), 1e-8)
optim.RMSprop([p(2)], 0.1, 0.9, 1e-8)
optim.Adamax([p(2)], 0.1, (0.9, 0.99), 1e-8)
optim.NAdam([p(2)], 0.1, (0.9, 0.99))
optim.RAdam([p(2)], 0.1, (0.9, 0.99))
optim.Adagrad([p(2)], 0.1, 0.1, 0.1)
optim.Adadelta([p(2)], 0.1, 0.9)
optim.Rprop([p(2)], 0.1, (0.5, 1.2))
optim.ASGD([p(2)], 0.1)
optim.LBFGS([p(2)], 1)
optim.Adafactor([p(2)], 0.1)
optim.Muon([p(2, 2)], 0.1)
lr.StepLR(sgd(), 2, 0.1)
lr.MultiStepLR(sgd(), [2], 0.1)
lr.ConstantLR(sgd(), 0.5, 2)
lr.LinearLR(sgd(), 0.5, 1.0, 3)
lr.ExponentialLR(sgd(), 0.9)
lr.PolynomialLR(sgd(), 4)
lr.CosineAnnealingLR(sgd(), 4)
lr.LambdaLR(sgd(), abs)
lr.MultiplicativeLR(sgd(), abs)
lr.CosineAnnealingWarmRestarts(sgd(), 4, 2)
lr.CyclicLR(sgd(), 0.1, 0.2, cycle_momentum=False)
lr.OneCycleLR(sgd(), 0.1, 5)
lr.ReduceLROnPlateau(sgd(), 'min', 0.5)
lr.SequentialLR(sgd(), [], [])
lr.ChainedScheduler([])
init.uniform_(f32(2, 2), 0.0, 1.0)
init.normal_(f32(2, 2), 0.0, 1.0)
init.trunc_normal_(f32(2, 2), 0.0, 1.0)
init.constant_(f32(2, 2), 1.0)
init.ones_(f32(2, 2))
init.zeros_(f32(2, 2))
init.eye_(f32(2, 2))
init.dirac_(f32(2, 2, 3), 1)
init.xavier_uniform_(f32(2, 2), 1.0)
init.xavier_normal_(f32(2, 2), 1.0)
init.kaiming_uniform_(f32(2, 2), 0, 'fan_in')
init.kaiming_normal_(f32(2, 2), 0, 'fan_in')
init.orthogonal_(f32(2, 2), 1)
init.sparse_(f32(2, 2), 0.5)
init.calculate_gain('relu')
data.TensorDataset(f32(3))
data.Subset([1], [0])
data.random_split([1, 2], [1, 1])
data.DataLoader([1, 2], 2)
data.BatchSampler([1], 2, False)
data.RandomSampler([1], True, 3)
data.SequentialSampler([1])
data.ConcatDataset([[1]])
data.SubsetRandomSampler([1])
data.WeightedRandomSampler([1.0], 2)
data.default_collate([1, 2])
data.StackDataset([1])
utils.clip_grad_norm_([p(2)], 1.0)
utils.clip_grad_value_([p(2)], 1.0)
utils.parameters_to_vector([p(2)])
utils.vector_to_parameters(f32(2), [p(2)])
utils.get_total_norm([f32(2)])
utils.clip_grads_with_norm_([p(2)], 1.0, f32(1))
utils.rnn.pad_sequence([f32(2)], True)
utils.rnn.pack_padded_sequence(f32(3, 2, 4), [3, 2])
utils.rnn.pack_sequence([f32(2)])
utils.rnn.unpad_sequence(f32(3, 2), i64(2) + 1)
utils.parametrizations.weight_norm(nn.Linear(2, 2), 'weight')
utils.parametrizations.spectral_norm(nn.Linear(2, 2), 'weight')
utils.parametrizations.orthogonal(nn.Linear(2, 2), 'weight')
m.autograd.grad([(p(2) * 2).sum()], [p(2)], allow_unused=True)
m.autograd.backward([(p(2) * 2).sum()])
m.autograd.functional.jacobian(m.exp, f32(2))
m.autograd.functional.hessian(m.sum, f32(2))
m.autograd.gradcheck(m.exp, p(2).double())
m.autograd.functional.vjp(m.exp, f32(2), f32(2))
m.autograd.functional.jvp(m.exp, f32(2), f32(2))
m.func.vmap(m.exp)(f32(2))
m.func.grad(m.sum)(f32(2))
m.func.jacrev(m.exp)(f32(2))
f32(2).backward(f32(2))
p(2).register_hook(abs)
f32(2, 2).view(4)
f32(2, 2).expand(2, 2)
f32(2, 2).repeat(2, 2)
f32(2, 2).reshape(4)
f32(2, 2).permute(1, 0)
f32(2, 2).transpose(0, 1)
f32(2, 2).to(m.float64)
f32(2, 2).copy_(f32(2, 2))
f32(2, 2).fill_(1)
f32(2, 2).masked_fill_(b(2, 2), 1)
f32(2, 2).scatter_(0, i64(2, 2), f32(2, 2))
f32(2, 2).index_fill_(0, i64(2), 1)
f32(4).unfold(0, 2, 1)
f32(2, 2).size(0)
f32(2, 2).stride(0)
f32(2, 2).new_full((2,), 1.0)
f32(2).type(m.float64)
f32(2, 2).index_add_(0, i64(2), f32(2, 2))
f32(2, 2).__getitem__(0)
f32(2, 2).__setitem__(0, 1.0)
f32(3).put_(i64(2), f32(2))
f32(2, 2).index_copy_(0, i64(2), f32(2, 2))
m.cat([f32(2)], 0)
m.stack([f32(2)], 0)
m.tensor([1, 2])
m.as_tensor([1, 2])
m.from_numpy(array(2))
m.arange(0, 4, 1)
m.linspace(0, 1, 3)
m.logspace(0, 1, 3)
m.eye(2, 3)
m.zeros(2, 3)
m.ones(2, 3)
m.empty(2, 3)
m.full((2,), 1.0)
m.rand(2)
m.randn(2)
m.randint(0, 3, (2,))
m.randperm(3)
m.manual_seed(3)
m.einsum('ij,jk', f32(2, 2), f32(2, 2))
m.meshgrid(f32(2), f32(2), indexing='ij')
m.set_default_dtype(m.float32)
m.where(b(2), f32(2), f32(2))
m.set_grad_enabled(True)
m.bincount(i64(3))
m.result_type(f32(2), 1)
m.can_cast(m.int64, m.float32)
m.promote_types(m.int64, m.float32)
m.broadcast_shapes((2,), (2,))
m.normal(f32(2), f32(2))
m.bernoulli(f32(2))
m.multinomial(f32(3), 2)
m.set_num_threads(1)
m.Generator('cpu')
m.get_rng_state()
m.set_rng_state(m.get_rng_state())
m.device('cpu')
m.finfo(m.float32)
m.iinfo(m.int64)
F.nll_loss(f32(3, 4), i64(3), f32(4))
F.cross_entropy(f32(3, 4), i64(3), f32(4))
F.embedding(i64(3), f32(4, 2))
F.one_hot(i64(3), 4)
F.max_pool2d(f32(1, 1, 4, 4), 2, 2, 0)
F.avg_pool2d(f32(1, 1, 4, 4), 2, 2, 0)
F.conv2d(f32(1, 1, 4, 4), f32(1, 1, 2, 2), f32(1), 1, 0, 1, 1)
F.conv1d(f32(1, 1, 4), f32(1, 1, 2), f32(1), 1, 0, 1, 1)
F.conv3d(f32(1, 1, 4, 4, 4), f32(1, 1, 2, 2, 2), f32(1), 1, 0, 1, 1)
F.batch_norm(f32(3, 2), f32(2), f32(2), f32(2), f32(2), True)
F.layer_norm(f32(3, 2), (2,), f32(2), f32(2))
F.linear(f32(3, 2), f32(4, 2), f32(4))
F.dropout(f32(2), 0.5, True)
F.softmax(f32(2), 0)
F.log_softmax(f32(2), 0)
F.pad(f32(1, 2), (1, 1), 'constant', 0)
F.gelu(f32(2), approximate='none')
F.max_unpool2d(f32(1, 1, 2, 2), i64(1, 1, 2, 2), 2)
F.pixel_shuffle(f32(1, 4, 2, 2), 2)
F.grid_sample(f32(1, 1, 2, 2), f32(1, 2, 2, 2), align_corners=False)
F.embedding_bag(i64(4), f32(3, 2), i64(2) * 2)
F.ctc_loss(f32(4, 1, 3), i64(1, 2) + 1, m.tensor([4]), m.tensor([2]))
F.gumbel_softmax(f32(3), 1.0)
""".strip().split("\n")

_made = []  # the tensors of the present call, and what they held


def _keep(x):
    _made.append((x, x.detach().numpy().copy()))
    return x


def unchanged():
    """Return whether the tensors that the last expression made are what they were; forget them."""
    same = all(
        x.shape == before.shape and x.detach().numpy().tobytes() == before.tobytes()
        for x, before in _made
    )
    _made.clear()
    return same


def names_of(library):
    """Return what an expression can use: the library's modules, and tensors by shape."""

    def tensor(values, dtype):
        return _keep(library.from_numpy(np.asarray(values, dtype)))

    def f32(*shape):
        return tensor((np.arange(np.prod(shape)) * 0.37 % 1 + 0.1).reshape(shape), np.float32)

    def i64(*shape):
        return tensor((np.arange(np.prod(shape)) % 2).reshape(shape), np.int64)

    def b(*shape):
        return tensor((np.arange(np.prod(shape)) % 2 == 0).reshape(shape), np.bool_)

    def p(*shape):
        return library.nn.Parameter(f32(*shape))

    def sgd():
        return library.optim.SGD([p(2)], 0.1)

    nn, optim = library.nn, library.optim
    return {
        "m": library, "nn": nn, "F": nn.functional, "optim": optim, "lr": optim.lr_scheduler,
        "init": nn.init, "utils": nn.utils, "data": library.utils.data, "f32": f32, "i64": i64,
        "b": b, "p": p, "sgd": sgd, "array": lambda *shape: np.ones(shape, np.float32),
    }  # fmt: skip


def outcome(expression, names):
    """Return the exception that evaluating it raises, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names["m"].default_generator.manual_seed(0)
        try:
            eval(expression, dict(names))
        except Exception as error:
            return error
    return None


def rows():
    """Return the table: (call, class, beginning of the message) each."""
    return [tuple(line.split(" | ")) for line in TABLE.read_text(encoding="utf-8").splitlines()]


def called(expression):
    """Return the name of what an expression calls: "F.pad", "nn.Linear", "Tensor.view"."""
    function = ast.parse(expression, mode="eval").body.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call):
        made = ast.unparse(function.value.func)
        return (
            f"Tensor.{function.attr}" if made in ("f32", "i64", "b", "p") else ast.unparse(function)
        )
    return (
        called(ast.unparse(function)) if isinstance(function, ast.Call) else ast.unparse(function)
    )


# ---------------------------------------------------------------- writing the table


def wrong_calls(expression):
    """Yield the expression with one argument replaced by what does not belong there."""
    call = ast.parse(expression, mode="eval").body
    places = [call]
    if isinstance(call.func, ast.Call):  # a module: its options, too
        places.append(call.func)
    for wrong in WRONG:
        value = ast.parse(wrong, mode="eval").body
        for place in places:
            for i in range(len(place.args)):
                kept, place.args[i] = place.args[i], value
                yield ast.unparse(call)
                place.args[i] = kept
            for word in place.keywords:
                kept, word.value = word.value, value
                yield ast.unparse(call)
                word.value = kept


INTERNAL = (
    "has no attribute", "ufunc", "could not be broadcast", "numpy", "not iterable", "C long",
    "cannot be interpreted", "unsupported operand", "not supported between", "ssize_t", " at 0x",
    "is ambiguous", "not subscriptable", "has no len", "unpack", "Cannot convert", "real number",
    "an integer is required", "array", "unhashable", "ndarray", "Unable to allocate",
    "positional arg",
)  # fmt: skip


def chosen(expression, minigrad, torch):
    """Return rows for one right call: different classes and arguments first."""
    ours, theirs = names_of(minigrad), names_of(torch)
    if outcome(expression, ours) is not None:
        return []
    found = {}
    for wrong in wrong_calls(expression):
        mine = outcome(wrong, ours)
        if mine is None or any(words in str(mine) for words in INTERNAL) or not str(mine):
            continue
        error = outcome(wrong, theirs)
        kinds = (
            () if error is None else [c for c in type(error).__mro__ if c.__module__ == "builtins"]
        )
        message = str(mine).split("\n")[0]
        message = message[: 70 if len(message) < 70 else message.rindex(" ", 0, 70)].rstrip()
        if kinds and isinstance(mine, kinds[0]) and " | " not in message + wrong:
            key = message[:25]
            found.setdefault(key, (wrong, type(mine).__name__, message))
    return list(found.values())[:ROWS]


def apart(function, *args):
    """Return what a function returns in a process of its own: some calls crash torch."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(4)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        result = function(*args)
        with os.fdopen(write, "wb") as file:
            pickle.dump(result, file)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        content = file.read()
    os.waitpid(child, 0)
    return pickle.loads(content) if content else []


def written(x, torch):
    """Return an argument of a sample as an expression, or raise ValueError."""
    if isinstance(x, torch.Tensor):
        kind = {torch.float32: "f32", torch.int64: "i64", torch.bool: "b"}.get(x.dtype)
        if kind is None or x.layout != torch.strided:
            raise ValueError
        if kind == "i64" and x.numel() and not 0 <= int(x.min()) <= int(x.max()) < 2:
            if x.numel() > 12:
                raise ValueError
            return f"m.tensor({x.tolist()})"
        return f"{kind}({', '.join(map(str, x.shape))})"
    if isinstance(x, (list, tuple)):
        inner = ", ".join(written(y, torch) for y in x)
        return f"[{inner}]" if isinstance(x, list) else f"({inner},)" if x else "()"
    if x is None or isinstance(x, (bool, int, str)) or (isinstance(x, float) and x == x):
        return repr(x)
    if isinstance(x, torch.dtype):
        return str(x).replace("torch.", "m.")
    raise ValueError


def call_of(name, args, kwargs, torch):
    given = [*(written(a, torch) for a in args)]
    given += [f"{k}={written(v, torch)}" for k, v in kwargs.items()]
    return f"{name}({', '.join(given)})"


def sampled(torch):
    """Yield right calls from torch's databases."""
    from databases import loaded, quiet

    for op in loaded("common_methods_invocations").op_db:
        name = op.name.replace("nn.functional.", "F.")
        with quiet():
            samples = op.sample_inputs_func(op, "cpu", torch.float32, False)
            for i, s in zip(range(40), samples, strict=False):
                try:
                    yield call_of(
                        name if name.startswith("F.") else f"m.{name}",
                        (s.input, *s.args), s.kwargs, torch,
                    )  # fmt: skip
                    if hasattr(torch.Tensor, name) and isinstance(s.input, torch.Tensor):
                        yield call_of(f"{written(s.input, torch)}.{name}", s.args, s.kwargs, torch)
                except ValueError:
                    continue
                if i > 1:
                    break
    for info in loaded("common_modules").module_db:
        with quiet():
            samples = info.module_inputs_func(
                info, device="cpu", dtype=torch.float32, requires_grad=False, training=True
            )
            for s in samples[:2]:
                made, given = s.constructor_input, s.forward_input
                try:
                    expression = call_of(
                        f"nn.{info.module_cls.__name__}", made.args, made.kwargs, torch
                    )
                    if given is not None:
                        yield call_of(expression, given.args, given.kwargs, torch)
                    else:
                        yield expression
                except ValueError:
                    continue


def main():
    import torch

    import minigrad

    best, tried = {}, {}
    for expression in [*RIGHT, *sampled(torch)]:
        name = called(expression)
        tried[name] = tried.get(name, 0) + 1
        if len(best.get(name, ())) == ROWS or tried[name] > 2 or len(expression) > 300:
            continue
        known = {message[:25] for *_, message in best.get(name, ())}
        found = apart(chosen, expression, minigrad, torch)
        more = [row for row in found if row[2][:25] not in known]
        best[name] = [*best.get(name, ()), *more][:ROWS]
        if not found:
            print("none for", expression, file=sys.stderr)
        lines = [" | ".join(row) for name in sorted(best) for row in best[name]]
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(len(lines), "rows of", sum(map(bool, best.values())), "functions")


if __name__ == "__main__":
    main()
