"""A TensorDataset is read a batch at a time: the same batches as sample by sample, as in torch."""

import numpy as np
import pytest
from support import assert_close

import minigrad

BATCHES = {
    "list": [1, 2],
    "negative": [-1, 0],
    "tuple": (1, 2),
    "range": range(2),
    "array": np.array([1, 2]),
    "tensor": lambda m: m.tensor([1, 2]),
    "list of tensors": lambda m: [m.tensor(1), m.tensor(2)],
    "a slice": [slice(0, 2)],
    "slices": [slice(0, 2), slice(2, 4)],
    "repeated": [3, 3, 3],
}
REFUSED = {"too large": [9], "floats": [1.0], "empty": [], "of unequal size": [True, False]}


def read(m, batch, subset):
    batch = batch(m) if callable(batch) else batch
    dataset = m.utils.data.TensorDataset(m.arange(6), m.arange(6.0) * 2)
    if subset:
        dataset = m.utils.data.Subset(dataset, [5, 4, 3, 2, 1, 0])
    (found,) = m.utils.data.DataLoader(dataset, batch_sampler=[batch])
    return found


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")  # torch, of lists of slices
@pytest.mark.parametrize("subset", [False, True])
@pytest.mark.parametrize("name", BATCHES)
def test_batches_of_any_kind_of_index(name, subset, torch):
    if subset and "slice" in name:
        pytest.skip("a Subset of a list takes no slices")
    theirs = read(torch, BATCHES[name], subset)
    ours = read(minigrad, BATCHES[name], subset)
    assert len(ours) == len(theirs) == 2
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_index_is_the_same_error(name, torch):
    with pytest.raises(Exception) as theirs:
        read(torch, REFUSED[name], False)
    with pytest.raises(theirs.type):
        read(minigrad, REFUSED[name], False)
