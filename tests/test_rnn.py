"""RNN, LSTM, GRU and their cells: against torch, recorded numbers, finite differences."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn
from minigrad.autograd import gradcheck, gradgradcheck
from minigrad.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence

# torch, of its own LSTM
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

KINDS = {
    "RNN": {},
    "RNN relu": {"nonlinearity": "relu"},
    "LSTM": {},
    "LSTM proj": {"proj_size": 2},
    "GRU": {},
}
OPTIONS = [
    {},
    {"num_layers": 2, "bidirectional": True},
    {"num_layers": 3, "bias": False, "batch_first": True},
    {"bidirectional": True, "dtype": "float64"},
]
STEPS, BATCH, INPUT, HIDDEN = 5, 3, 4, 6


def make(lib, kind, **options):
    options = {**KINDS[kind], **options}
    if "dtype" in options:
        options["dtype"] = getattr(lib, options["dtype"])
    lib.manual_seed(3)
    return getattr(lib.nn, kind.split()[0])(INPUT, HIDDEN, **options)


def values(*shape, seed=0, dtype="float32"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def states(lib, layer, kind, batch, dtype="float32"):
    """Random first states, as leaves: a list of h, for LSTM and c."""
    layers = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = [layer.proj_size or HIDDEN] + ([HIDDEN] if "LSTM" in kind else [])
    return [
        lib.from_numpy(values(layers, *batch, size, seed=7 + i, dtype=dtype)).requires_grad_()
        for i, size in enumerate(sizes)
    ]


def run(lib, layer, x, hx):
    """Return the output, the last states and all gradients: of x, the parameters, the states."""
    given = () if hx is None else (tuple(hx) if len(hx) > 1 else hx[0],)
    output, last = layer(x, *given)
    last = list(last) if isinstance(last, tuple) else [last]
    data = output.data if isinstance(output, tuple) else output
    loss = (data * data).sum() + sum((s * (i + 2)).sin().sum() for i, s in enumerate(last))
    loss.backward()
    leaves = [*layer.parameters(), *(hx or [])]
    return [data, *last, *(p.grad for p in leaves)]


def agree(torch, kind, options, program):
    """Run ``program(lib, layer)`` in both libraries and compare what it returns."""
    layers = [make(lib, kind, **options) for lib in (minigrad, torch)]
    ours, theirs = (program(lib, n) for lib, n in zip((minigrad, torch), layers, strict=True))
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert_close(a, b, rtol=1e-4, atol=2e-5, what=f"result {i}")


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_starts_with_torchs_parameters_under_torchs_names(torch, kind, options):
    ours, theirs = make(minigrad, kind, **options), make(torch, kind, **options)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours._flat_weights_names == theirs._flat_weights_names
    assert repr(ours) == repr(theirs)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p, q)


@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_are_torchs(torch, kind, options, with_state):
    dtype = options.get("dtype", "float32")
    shape = (BATCH, STEPS) if options.get("batch_first") else (STEPS, BATCH)

    def program(lib, layer, shape=shape, batch=(BATCH,)):
        x = lib.from_numpy(values(*shape, INPUT, dtype=dtype)).requires_grad_()
        hx = states(lib, layer, kind, batch, dtype) if with_state else None
        return [*run(lib, layer, x, hx), x.grad]

    agree(torch, kind, options, program)
    agree(torch, kind, options, lambda lib, n: program(lib, n, (STEPS,), ()))  # unbatched


@pytest.mark.parametrize("enforce_sorted", [False, True])
@pytest.mark.parametrize("options", OPTIONS[:3], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_are_torchs(torch, kind, options, enforce_sorted):
    lengths = [5, 2, 2, 1] if enforce_sorted else [2, 5, 1, 2]

    def program(lib, layer):
        x = lib.from_numpy(values(STEPS, 4, INPUT)).requires_grad_()
        rnn = lib.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=enforce_sorted)
        hx = states(lib, layer, kind, (4,))
        output, _ = layer(packed)
        padded, back = rnn.pad_packed_sequence(output, total_length=6, padding_value=-1.0)
        return [*run(lib, layer, packed, hx), x.grad, padded, back]

    agree(torch, kind, options, program)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_packing_changes_nothing_but_the_padding(kind):
    layer = make(minigrad, kind, num_layers=2, bidirectional=True, dtype="float64")
    sequences = [minigrad.tensor(values(n, INPUT, seed=n, dtype="float64")) for n in (2, 4, 1)]
    output, last = layer(pack_sequence(sequences, enforce_sorted=False))
    padded, lengths = pad_packed_sequence(output)
    last = last if isinstance(last, tuple) else (last,)
    assert lengths.tolist() == [2, 4, 1]
    for i, sequence in enumerate(sequences):
        alone, end = layer(sequence)
        assert_close(padded[: len(sequence), i], alone)
        for a, b in zip(last, end if isinstance(end, tuple) else (end,), strict=True):
            assert_close(a[:, i], b)


def test_dropout_between_layers_is_torchs(torch):
    def program(lib, layer):
        x = lib.from_numpy(values(STEPS, BATCH, INPUT))
        lib.manual_seed(5)
        return [layer(x)[0], layer.eval()(x)[0]]

    agree(torch, "LSTM", {"num_layers": 3, "dropout": 0.4}, program)


def test_recorded_numbers():
    """Values of torch 2.13."""
    x = minigrad.arange(6.0).reshape(3, 1, 2) / 6
    found = {}
    for kind in ("RNN", "LSTM", "GRU"):
        minigrad.manual_seed(0)
        layer = getattr(nn, kind)(2, 2)
        output, _ = layer(x)
        found[kind] = output[-1, 0].tolist()
        output.sum().backward()
        found[kind].append(layer.weight_hh_l0.grad.sum().item())
    expected = {
        "RNN": [-0.029367, -0.760658, -1.101212],
        "LSTM": [-0.217271, -0.02022, -0.014184],
        "GRU": [-0.605409, -0.637727, -0.68795],
    }
    for kind, numbers in expected.items():
        assert found[kind] == pytest.approx(numbers, abs=1e-5), kind


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_and_their_gradients(kind):
    minigrad.manual_seed(1)
    name, options = kind.split()[0], {"dtype": minigrad.float64, **KINDS[kind]}
    hidden = 3
    layer = getattr(nn, name)(2, hidden, bidirectional=True, **options)
    lengths = [2, 1]

    def program(x, *parameters):
        named = zip(dict(layer.named_parameters()), parameters, strict=True)
        saved = {n: layer.__dict__[n] for n, _ in layer.named_parameters()}
        layer.__dict__.update(named)
        try:
            output, last = layer(pack_padded_sequence(x, lengths))
        finally:
            layer.__dict__.update(saved)
        return output.data, *(last if isinstance(last, tuple) else (last,))

    inputs = minigrad.randn(2, 2, 2, dtype=minigrad.float64), *layer.parameters()
    inputs = [x.detach().requires_grad_() for x in inputs]
    assert gradcheck(program, inputs)
    if kind in ("LSTM proj", "GRU"):
        assert gradgradcheck(lambda *a: sum((p * p).sum() for p in program(*a)), inputs)


def test_a_layer_is_its_cell_taken_step_by_step():
    x = minigrad.randn(STEPS, BATCH, INPUT)
    for kind in ("RNN", "LSTM", "GRU"):
        layer, cell = make(minigrad, kind), getattr(nn, f"{kind}Cell")(INPUT, HIDDEN)
        cell.load_state_dict({n.removesuffix("_l0"): p for n, p in layer.state_dict().items()})
        output, last = layer(x)
        state = None
        for t in range(STEPS):
            state = cell(x[t], state)
            assert_close(state[0] if kind == "LSTM" else state, output[t])
        assert_close(
            minigrad.stack(state) if kind == "LSTM" else state,
            minigrad.cat(last) if kind == "LSTM" else last[0],
        )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_cells_are_torchs(torch, kind, bias):
    found = []
    for lib in (minigrad, torch):
        lib.manual_seed(2)
        cell = getattr(lib.nn, f"{kind}Cell")(INPUT, HIDDEN, bias=bias)
        results = []
        for batch, given in itertools.product([(), (BATCH,)], [False, True]):
            x = lib.from_numpy(values(*batch, INPUT))
            hx = [
                lib.from_numpy(values(*batch, HIDDEN, seed=i)).requires_grad_()
                for i in range(2 if kind == "LSTM" else 1)
            ]
            state = (tuple(hx) if kind == "LSTM" else hx[0],) if given else ()
            out = cell(x, *state)
            out = list(out) if isinstance(out, tuple) else [out]
            cell.zero_grad()
            sum((o * o).sum() for o in out).backward()
            results += [*out, *(p.grad for p in cell.parameters())]
            results += [h.grad for h in hx] if given else []
        found.append((repr(cell), list(cell.state_dict()), results))
    (text, names, ours), (torchs_text, torchs_names, theirs) = found
    assert (text, names) == (torchs_text, torchs_names)
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_relu_cell(torch):
    minigrad.manual_seed(0)
    cell = nn.RNNCell(2, 3, nonlinearity="relu")
    x, h = minigrad.randn(4, 2), minigrad.randn(4, 3)
    expected = (x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh).relu()
    assert_close(cell(x, h), expected)
    assert repr(cell) == "RNNCell(2, 3, nonlinearity=relu)"


WRONG = [
    lambda lib: lib.nn.RNN(2, 3, nonlinearity="x"),
    lambda lib: lib.nn.RNN(2, 3, proj_size=1),
    lambda lib: lib.nn.GRU(2, 3, proj_size=1),
    lambda lib: lib.nn.LSTM(2, 3, proj_size=3),
    lambda lib: lib.nn.LSTM(2, 3, proj_size=-1),
    lambda lib: lib.nn.LSTM(2, 3.5),
    lambda lib: lib.nn.LSTM(2.5, 3),
    lambda lib: lib.nn.LSTM(0, 3),
    lambda lib: lib.nn.LSTM(2, 0),
    lambda lib: lib.nn.LSTM(2, 3, 0),
    lambda lib: lib.nn.LSTM(2, 3, bias=1),
    lambda lib: lib.nn.GRU(2, 3, batch_first="no"),
    lambda lib: lib.nn.LSTM(2, 3, 2, dropout=1.5),
    lambda lib: lib.nn.LSTM(2, 3, 2, dropout=True),
    lambda lib: lib.nn.RNN(2, 3, 2, "relu", nonlinearity="tanh"),
    lambda lib: lib.nn.RNNBase("X", 2, 3),
    lambda lib: lib.nn.RNNBase("GRU", 2, 3)(lib.zeros(1, 1, 2)),
    lambda lib: lib.nn.GRU(2, 3)(lib.zeros(2)),
    lambda lib: lib.nn.LSTM(2, 3)(lib.zeros(2, 2, 2, 2)),
    lambda lib: lib.nn.RNN(2, 3)(lib.zeros(4, 2, 3)),
    lambda lib: lib.nn.LSTM(2, 3)(lib.zeros(0, 2, 2)),
    lambda lib: lib.nn.RNN(2, 3)(lib.zeros(4, 2, 2), lib.zeros(2, 2, 3)),
    lambda lib: lib.nn.GRU(2, 3)(lib.zeros(4, 2, 2), lib.zeros(2, 3)),
    lambda lib: lib.nn.GRU(2, 3)(lib.zeros(4, 2), lib.zeros(1, 2, 3)),
    lambda lib: lib.nn.LSTM(2, 3)(lib.zeros(4, 2), (lib.zeros(1, 2, 3), lib.zeros(1, 2, 3))),
    lambda lib: lib.nn.LSTM(2, 3)(lib.zeros(4, 2, 2), (lib.zeros(1, 2, 4), lib.zeros(1, 2, 3))),
    lambda lib: lib.nn.LSTM(2, 3)(lib.zeros(4, 2, 2), (lib.zeros(1, 2, 3), lib.zeros(1, 2, 4))),
    lambda lib: lib.nn.LSTM(2, 3)(lib.zeros(4, 2, 2, dtype=lib.float64)),
    lambda lib: lib.nn.RNNCell(2, 3, nonlinearity="x")(lib.zeros(1, 2)),
    lambda lib: lib.nn.GRUCell(2, 3)(lib.zeros(1, 1, 2)),
    lambda lib: lib.nn.LSTMCell(2, 3)(lib.zeros(1, 3)),
    lambda lib: lib.nn.RNNCell(2, 3)(lib.zeros(1, 2), lib.zeros(2, 3)),
    lambda lib: lib.nn.RNNCell(2, 3)(lib.zeros(1, 2), lib.zeros(1, 1, 4)),
    lambda lib: lib.nn.LSTMCell(2, 3)(lib.zeros(1, 2), (lib.zeros(1, 1, 3), lib.zeros(1, 3))),
    lambda lib: lib.nn.LSTMCell(2, 3)(lib.zeros(1, 2), (lib.zeros(1, 3), lib.zeros(1, 4))),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_wrong_arguments_raise_what_torch_raises(torch, number):
    errors = []
    for lib in (minigrad, torch):
        with pytest.raises(Exception) as caught:
            WRONG[number](lib)
        errors.append((caught.type, str(caught.value).replace("minigrad", "torch")))
    (ours, text), (theirs, torchs_text) = errors
    assert ours is theirs
    assert text == torchs_text.replace("D tensor instead", "D instead")


def test_dropout_of_one_layer_warns():
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        nn.GRU(2, 3, dropout=0.5)


def test_parameters_may_be_replaced_and_flattening_does_nothing():
    layer = nn.LSTM(2, 3)
    layer.flatten_parameters()
    layer.weight_hh_l0 = nn.Parameter(minigrad.zeros(12, 3))
    assert layer._flat_weights[1] is layer.weight_hh_l0
    assert layer.all_weights[0][1] is layer.weight_hh_l0
    assert layer.double()(minigrad.zeros(1, 1, 2, dtype=minigrad.float64))[0].shape == (1, 1, 3)


def test_copies_and_torchs_state(torch):
    ours, theirs = make(minigrad, "LSTM", num_layers=2), make(torch, "LSTM", num_layers=2)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.mul_(2)
    ours.load_state_dict(
        {k: minigrad.from_numpy(v.numpy()) for k, v in theirs.state_dict().items()}
    )
    x = values(STEPS, BATCH, INPUT)
    expected = theirs(torch.from_numpy(x))[0]
    for layer in (ours, copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert_close(layer(minigrad.from_numpy(x))[0], expected, atol=1e-5)
    theirs.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in ours.state_dict().items()})


def test_the_steps_of_a_sequence_are_parts_of_one_node():
    """So its gradient takes time in proportion: no step's is put into zeros of the whole."""
    layer = nn.GRU(2, 2)
    x = minigrad.zeros(20, 1, 2, requires_grad=True)
    output, _ = layer(x)
    nodes, todo = set(), [output.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in nodes:
            nodes.add(node)
            todo += [n for n, _ in getattr(node, "next_functions", ())]
    names = [n.name() for n in nodes]
    assert names.count("UnbindBackward0") <= 3
    assert "SliceBackward0" not in names
