"""nn.utils.rnn: sequences padded and packed."""

import inspect

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad.nn.utils import rnn


def sequences(lib, lengths, *rest, dtype="float32"):
    numbers = np.random.default_rng(0)
    return [
        lib.from_numpy(numbers.standard_normal((n, *rest)).astype(dtype)).requires_grad_(
            dtype.startswith("float")
        )
        for n in lengths
    ]


PROGRAMS = {
    "pad": lambda r, s: r.pad_sequence(s),
    "pad left": lambda r, s: r.pad_sequence(s, True, 2.0, "left"),
    "pad first": lambda r, s: r.pad_sequence(s, batch_first=True, padding_value=-1),
    # any lengths will do: the numbers 1 to N in some order
    "unpad": lambda r, s: r.unpad_sequence(r.pad_sequence(s), r.pack_sequence(s, False)[2] + 1),
    "pack": lambda r, s: r.pack_sequence(s, enforce_sorted=False),
    "unpack": lambda r, s: r.unpack_sequence(r.pack_sequence(s, enforce_sorted=False)),
    "there and back": lambda r, s: r.pad_packed_sequence(
        r.pack_padded_sequence(r.pad_sequence(s, True), [len(x) for x in s], True, False),
        batch_first=True,
        padding_value=3.0,
        total_length=7,
    ),
}


@pytest.mark.parametrize("rest", [(), (2,), (2, 3)])
@pytest.mark.parametrize("lengths", [[4, 2, 2, 1], [1, 5, 3], [2]], ids=str)
@pytest.mark.parametrize("program", PROGRAMS)
def test_values_and_gradients_are_torchs(torch, program, lengths, rest):
    found = []
    for lib in (minigrad, torch):
        inputs = sequences(lib, lengths, *rest)
        out = PROGRAMS[program](lib.nn.utils.rnn, inputs)
        out = list(out) if isinstance(out, (tuple, list)) else [out]
        sum((o * o).sum() for o in out if o is not None and o.is_floating_point()).backward()
        found.append(out + [x.grad for x in inputs])
    ours, theirs = found
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if b is None:
            assert a is None
        else:
            assert_close(a, b)


def test_packed_by_hand():
    packed = rnn.pack_sequence([minigrad.tensor([1, 2, 3]), minigrad.tensor([4, 5])])
    assert packed.data.tolist() == [1, 4, 2, 5, 3]
    assert packed.batch_sizes.tolist() == [2, 2, 1]
    assert packed.sorted_indices is packed.unsorted_indices is None
    data, sizes, *_ = packed  # it is a tuple
    assert data is packed.data and sizes is packed.batch_sizes
    packed = rnn.pack_sequence([minigrad.ones(1), minigrad.zeros(2)], enforce_sorted=False)
    assert packed.sorted_indices.tolist() == packed.unsorted_indices.tolist() == [1, 0]
    assert [x.tolist() for x in rnn.unpack_sequence(packed)] == [[1.0], [0.0, 0.0]]
    order = minigrad.tensor([2, 0, 1, 3])
    assert rnn.invert_permutation(order).tolist() == [1, 2, 0, 3]
    assert rnn.PackedSequence(data, sizes, order).unsorted_indices.tolist() == [1, 2, 0, 3]


def test_packed_sequences_convert_as_tensors_do():
    packed = rnn.pack_sequence([minigrad.ones(2), minigrad.zeros(1)])
    for name in "double float half long int short char byte".split():
        assert getattr(packed, name)().data.dtype is getattr(packed.data, name)().dtype
    assert packed.to(minigrad.float32) is packed is packed.cpu()
    assert packed.to(minigrad.float64).data.dtype is minigrad.float64
    assert packed.to(minigrad.float64).batch_sizes is packed.batch_sizes
    assert not packed.is_cuda
    with pytest.raises((RuntimeError, AssertionError)):
        packed.cuda()
    assert repr(packed) == (
        "PackedSequence(data=tensor([1., 0., 1.]), batch_sizes=tensor([2, 1]), "
        "sorted_indices=None, unsorted_indices=None)"
    )


def test_wrong_input():
    x = minigrad.zeros(3, 2)
    for lengths, message in [
        ([2, 3], "sorted in decreasing order"),
        ([3, 0], "greater than 0"),
        ([3], "equal to batch_size, but got 1"),
        ([4, 3], "at most 3"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            rnn.pack_padded_sequence(x, lengths)
    with pytest.raises(RuntimeError, match="Cannot pack empty"):
        rnn.pack_padded_sequence(minigrad.zeros(0, 2), [0, 0])
    with pytest.raises(ValueError, match="total_length=2"):
        rnn.pad_packed_sequence(rnn.pack_padded_sequence(x, [3, 2]), total_length=2)
    with pytest.raises(RuntimeError, match="empty list"):
        rnn.pad_sequence([])
    with pytest.raises(RuntimeError, match="Expected iterable"):
        rnn.pad_sequence(5)
    with pytest.raises(RuntimeError, match="left or right"):
        rnn.pad_sequence([x], padding_side="top")
    with pytest.raises(RuntimeError, match="must agree"):
        rnn.pad_sequence([x, minigrad.zeros(3, 4)])
    with pytest.raises(AssertionError, match="length 2"):
        rnn.PackedSequence(x)


def test_arguments_are_torchs(torch):
    theirs = torch.nn.utils.rnn
    assert set(rnn.__all__) == set(theirs.__all__)
    for name in rnn.__all__:
        ours = inspect.signature(getattr(rnn, name)).parameters.values()
        torchs = inspect.signature(getattr(theirs, name)).parameters.values()
        assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in torchs]
