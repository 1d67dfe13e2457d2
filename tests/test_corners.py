"""Calls that few programs make, and what torch makes of them: values, warnings, errors.

Where there is torch, the same expressions are run in it; the numbers here are its.
"""

import warnings

import numpy as np
import pytest

import minigrad

HALF_STEP = -(2.0**-11)  # float16 rounds each of the operations
BYTES = "torch.tensor([1, 255], dtype=torch.uint8)"

VALUES = {  # an expression, and the list it gives
    "torch.any(torch.tensor([[0, 2]]), dim=())": [[False, True]],
    "torch.all(torch.tensor([0.0, 2.0]), dim=(), keepdim=True)": [False, True],
    "torch.addcmul(torch.tensor([1]), torch.tensor([3]), torch.tensor([1]), value=2.9)": [7],
    "torch.tensor([1]).addcmul_(torch.tensor([3]), torch.tensor([1]), value=0.5)": [1],
    "torch.ldexp(torch.ones(1).half(), torch.tensor([3], dtype=torch.uint8)) / 3": [2.666015625],
    "2 << torch.tensor([1, 2])": [4, 8],
    "9 >> torch.tensor([1, 2])": [4, 2],
    "torch.tensor([1, 2]).__ilshift__(3)": [8, 16],
    "torch.tensor([8, 16]).__irshift__(3)": [1, 2],
    "reversed(torch.tensor([1, 2]))": [2, 1],
    "torch.nn.functional.mse_loss(*PAIR, weight=torch.tensor([1.0, 3.0]))": 13.0,
    "torch.nn.functional.l1_loss(*PAIR, weight=torch.tensor([1.0, 3.0]))": 3.5,
    "torch.nn.functional.huber_loss(*PAIR, weight=torch.tensor([1.0, 3.0]))": 6.0,
    "torch.nn.functional.mse_loss(*PAIR, weight=torch.ones(2), reduction='none')": [4.0, 16.0],
    "torch.nn.functional.nll_loss(torch.tensor([1.0, 2.0]), torch.tensor([1]))": -2.0,
    "torch.dist(torch.ones(2).half() * 200, torch.tensor([0, 0], dtype=torch.uint8))": 282.75,
    "torch.searchsorted(torch.tensor([1, 2, 3]), torch.tensor([1.5, 3.5]))": [1, 3],
    "torch.bucketize(torch.tensor([1, 2]), torch.tensor([0.5, 1.5]))": [1, 2],
    "torch.as_tensor(torch.ones(2, requires_grad=True), dtype=torch.float64).requires_grad": True,
    "torch.asarray(torch.ones(2, requires_grad=True), copy=True).requires_grad": True,
    "torch.cosine_similarity(torch.tensor(2.0).double(), torch.ones(1, 1)).dtype.itemsize": 8,
    "torch.bernoulli(torch.ones(2) > 0, 0.0)": [False, False],
    "torch.func.vmap(lambda x: x * 2, out_dims=1)(torch.ones(0, 3)).shape": [3, 0],
    "torch.func.vmap(torch.dot)(torch.ones(0, 3), torch.ones(0, 3)).shape": [0],
    "torch.func.functional_call(torch.nn.Identity(), {'a': torch.ones(1)}, torch.ones(1))": [1.0],
    "torch.nn.functional.dropout3d(torch.ones(8, 9)).std(1).sum()": 0.0,
    "torch.ones(2) == 'a'": False,
    "torch.cat(torch.ones(2, 1).chunk(np.int64(2)))": [[1.0], [1.0]],
    "torch.movedim(torch.zeros(2, 3), np.int64(1), 0).shape": [3, 2],
    "torch.quantile(torch.tensor([[1.0, 2.0]]), 0.5, np.int64(1))": [1.5],
    "torch.cat(torch.tensor_split(torch.ones(2), np.int64(2)))": [1.0, 1.0],
    "torch.matrix_power(torch.eye(1), np.int64(2))": [[1.0]],
    "torch.tensor([[1.0, 2.0]]).amax(np.int64(1))": [2.0],
    "torch.tensor([3.0, 4.0]).norm(p=torch.tensor(2.0))": 5.0,
    "torch.tensor([3.0, 0.0], requires_grad=True).norm(p=0).requires_grad": True,
    "torch.where(torch.tensor(True))[0]": [0],
    "torch.result_type(np.float32(2), torch.tensor([1])).itemsize": 4,
    "torch.scalar_tensor(torch.tensor(2))": 2.0,
    "torch.constant_pad_nd(torch.tensor([1, 2]), (1, -1), 5)": [5, 1],
    "torch.tril_indices(2, 1, dtype=None)": [[0, 1], [0, 0]],
    "torch.autograd.grad(CUBED, ROOT, torch.eye(2), is_grads_batched=True)[0]": [[3, 0], [0, 12]],
    "torch.ones(2) != None": True,
    "torch.arange(6).reshape(2, 3)[..., 0, ...]": [0, 3],
    "torch.arange(6).reshape(1, 2, 3)[0, ..., 1, ...]": [1, 4],
    "torch.arange(6).reshape(2, 3)[..., None, ...].shape": [2, 3, 1],
    "torch.arange(6).reshape(2, 3)[..., torch.tensor([0, 2]), ...]": [[0, 2], [3, 5]],
    "torch.logit(torch.tensor([0.2, 0.5, 0.8]), 0.75).sign()": [1.0, 1.0, -1.0],
    "torch.linspace(0, 1, 7).half()[4] - torch.linspace(0, 1, 7, dtype=torch.half)[4]": HALF_STEP,
    "torch.block_diag(torch.ones(1, 1), torch.tensor(1.0).double()).dtype.itemsize": 4,
    "torch.block_diag(torch.tensor(1), torch.tensor(1.0).double()).dtype.itemsize": 8,
    "torch.addcmul(torch.ones(1), DOUBLE, torch.tensor([2])).dtype.itemsize": 4,
    "torch.addcmul(DOUBLE, DOUBLE, torch.tensor([2])).dtype.itemsize": 8,
    "torch.addcdiv(torch.ones(1), torch.tensor([2]), DOUBLE).dtype.itemsize": 4,
    "torch.lerp(torch.zeros(1), torch.ones(1), DOUBLE / 4)": [0.5],
    "torch.nn.functional.elu(torch.zeros(1), -2.0).signbit()": [False],
    "torch.tensor([torch.tensor(1.5), 2]).dtype.itemsize": 4,
    "torch.tensor([torch.tensor(1.5).half(), 2.5]).dtype.itemsize": 4,
    "torch.tensor([2, np.float64(1.5)]).dtype.itemsize": 8,
    "torch.tensor([np.float16(1.5), 2]).dtype.itemsize": 2,
    "torch.tensor([torch.ones(1, 1), torch.ones(1)])": [1.0, 1.0],
    "torch.zeros(2).index_fill(0, torch.tensor([-1]), 5)": [0.0, 5.0],
    "torch.tensor(2.0).flip(0)": 2.0,
    "torch.ones_like(torch.ones(1, 2, 3).expand(2, 2, 3)).stride()": [6, 3, 1],
    "torch.addmm(*[torch.ones(1, 1).long()] * 3, alpha=0.5, beta=1.5)": [[1]],
    "overwritten(torch.zeros(2).half(), 1e6)": [float("inf"), 0.0],
}

WARNINGS = {  # and the category is UserWarning
    "torch.conv1d(torch.ones(1, 1, 4), torch.ones(1, 1, 2), padding='same')": "padding='same'",
    "torch.conv2d(*[torch.ones(1, 1, 3, 2)] * 2, padding='same')": "padding='same'",
    "torch.conv3d(*[torch.ones(1, 1, 2, 3, 3)] * 2, padding='same')": "padding='same'",
    "torch.zeros(2).scatter(0, torch.tensor([1]), torch.ones(1), reduce='add')": "reduce argument",
    "torch.cov(torch.ones(2, 1))": "degrees of freedom is <= 0",
    "torch.from_numpy(np.broadcast_to(np.ones(1), 3))": "not writable",
    "torch.as_tensor(np.broadcast_to(np.ones(1), 3))": "not writable",
    "torch.frombuffer(b'abcd', dtype=torch.uint8)": "not writable",
    "list(torch.utils.data.DataLoader([1], pin_memory=True))": "pin_memory",
    "(torch.ones(2, requires_grad=True) * 2).grad": "not a leaf Tensor",
    "torch.ones(2, 2, 2).T": "other than 2",
    "torch.ones(2).T": "other than 2",
    "torch.meshgrid(torch.ones(2), torch.ones(2))": "indexing argument",
    "torch.tensor(torch.ones(2))": "To copy construct from a tensor",
    "torch.ones(2).new_tensor(torch.ones(2))": "To copy construct from a tensor",
    "torch.range(0, 2)": "range is deprecated",
    "torch.std(torch.ones(1))": "degrees of freedom is <= 0",
    "torch.var_mean(torch.ones(2, 1), 1)": "degrees of freedom is <= 0",
    "torch.ones(2)[torch.tensor([1, 0], dtype=torch.uint8)]": "uint8 is now deprecated",
    "torch.where(torch.tensor([1, 0], dtype=torch.uint8), 1.0, 2.0)": "uint8 condition",
    "torch.ones(2, 2)[[[0, 1], [0, 1]]]": "non-tuple sequence",
    "float(torch.ones(1, requires_grad=True))": "requires_grad=True to a scalar",
    "complex(torch.ones(1, requires_grad=True))": "requires_grad=True to a scalar",
    "torch.cross(torch.ones(3), torch.ones(3))": "without specifying the dim",
    "torch.chain_matmul(torch.ones(2, 2), torch.ones(2, 2))": "multi_dot",
    "torch.cholesky(torch.eye(2))": "cholesky is deprecated",
    "torch.qr(torch.eye(2))": "qr is deprecated",
}

ERRORS = {
    "torch.addcmul(*[torch.tensor([True])] * 3)": NotImplementedError,
    "torch.tensor([torch.ones(2), torch.ones(2)])": ValueError,
    "torch.tensor(['a'])": ValueError,
    "torch.tensor(1.0).chunk(1)": RuntimeError,
    "torch.tensor(1.0).split(1)": RuntimeError,
    "torch.ones(2).roll(())": RuntimeError,
    "torch.meshgrid(torch.ones(2), torch.ones(2).long(), indexing='ij')": RuntimeError,
    "torch.meshgrid(torch.ones(2, 2), indexing='ij')": RuntimeError,
    "torch.meshgrid(indexing='ij')": RuntimeError,
    "torch.where(torch.tensor([True]), torch.ones(1))": TypeError,
    "torch.rsub(torch.tensor([True]), 1)": RuntimeError,
    "torch.ones(2)[torch.ones(0, dtype=torch.bool)]": IndexError,
    "torch.trace(torch.eye(2) > 0)": NotImplementedError,
    "torch.linalg.cross(torch.ones(3), torch.ones(3).double())": RuntimeError,
    "torch.linalg.vander(torch.ones(3), N=1)": RuntimeError,
    "torch.linalg.vector_norm(torch.ones(3), dtype=torch.float16)": RuntimeError,
    "torch.linspace(torch.zeros(1), 1, 3)": RuntimeError,
    "torch.take_along_dim(torch.ones(2, 2), torch.tensor([0]), 1)": RuntimeError,
    "torch.searchsorted(*[torch.ones(2)] * 2, sorter=torch.tensor([0, 2]))": RuntimeError,
    "torch.gather(torch.ones(2), 0, [0])": TypeError,
    "torch.nn.functional.glu(torch.tensor(1.0))": RuntimeError,
    "torch.ones(2).expand_as(5)": TypeError,
    "torch.ones(2, 3)[..., ..., None]": IndexError,
    "torch.ones(2, 3, 4)[..., ..., 0, 0]": IndexError,
    "torch.autograd.grad(CUBED.sum(), ROOT, is_grads_batched=True)": ValueError,
    "torch.add(torch.tensor([1], dtype=torch.uint8), 1, alpha=256)": RuntimeError,
    "torch.tensor([1], dtype=torch.int8).sub_(1, alpha=300)": RuntimeError,
    "torch.nn.functional.mse_loss(*PAIR, weight=torch.ones(1))": ValueError,
    "torch.nn.functional.l1_loss(*PAIR, weight=torch.ones(1))": ValueError,
    "torch.nn.functional.huber_loss(*PAIR, weight=torch.ones(1))": ValueError,
    "torch.nn.BCELoss()(torch.ones(2), torch.ones(2) * 2)": RuntimeError,
    "torch.nn.BCELoss()(torch.ones(2), torch.ones(2) * float('nan'))": RuntimeError,
    "torch.nn.functional.nll_loss(torch.ones(2), torch.tensor([0, 1]))": ValueError,
    "torch.cosine_similarity(torch.ones(1, 1), torch.ones(1, 1), eps=-1)": RuntimeError,
    "torch.nn.functional.dropout2d(torch.ones(2))": RuntimeError,
    "torch.eq(torch.ones(2), 'a')": TypeError,
    "torch.ones(2).ne(None)": TypeError,
    "torch.ones(1, 1).squeeze((0, -2))": RuntimeError,
    "torch.round(torch.tensor([1]), decimals=1)": NotImplementedError,
    "torch.arange(2, dtype=torch.bool)": NotImplementedError,
    "torch.einsum(5, torch.ones(2))": TypeError,
    "torch.autograd.grad(torch.ones(1, requires_grad=True) * 2, [])": RuntimeError,
    "torch.autograd.graph.register_multi_grad_hook([torch.ones(1)], print)": AssertionError,
    "torch.distributions.Wishart(torch.tensor([3.0]))": AssertionError,
    "torch.nn.LSTMCell(2, 3)(torch.ones(1, 2), torch.ones(2, 1, 3))": TypeError,
    "torch.nn.LSTMCell(2, 3)(torch.ones(1, 2), [torch.ones(1, 3)] * 3)": RuntimeError,
    "torch.optim.Adafactor([torch.nn.Parameter(torch.ones(1))], eps=(0.5,))": IndexError,
    "torch.ones(2).flip()": TypeError,
    "torch.ones(2).softmax()": TypeError,
    "torch.log_softmax(torch.ones(2))": TypeError,
    "torch.special.softmax(torch.ones(2), None)": TypeError,
    "torch.ones(2, 2).prod((0, 1))": TypeError,
    "torch.aminmax(torch.ones(2, 2), dim=(0, 1))": TypeError,
    f"{BYTES} ** -1": RuntimeError,
    f"torch.nn.functional.pad({BYTES}, (1, 1), value=-1)": RuntimeError,
    "torch.addcdiv(torch.ones(2), torch.ones(2), 2)": TypeError,
    "pow(torch.ones(2), 2, 3)": TypeError,
    "torch.ones(2).__delitem__(0)": TypeError,
    "torch.ones(2)[torch.tensor([])]": IndexError,
    "torch.ones(2).cuda()": AssertionError,
    "torch.ones(2, device='cuda:0')": AssertionError,
    "torch.nn.Linear(1, 1, device=torch.device('cuda'))": AssertionError,
    "torch.Generator('cuda')": RuntimeError,
    "torch.randint(0, 257, (2,), dtype=torch.uint8)": RuntimeError,
    "torch.randint(-1, 5, (2,), dtype=torch.uint8)": RuntimeError,
    "torch.randint(3, (2,), dtype=torch.bool)": RuntimeError,
    "torch.randperm(300, dtype=torch.uint8)": RuntimeError,
    "torch.optim.Adam([torch.nn.Parameter(torch.ones(1))], betas=(0.5,))": IndexError,
    "torch.optim.NAdam([torch.nn.Parameter(torch.ones(1))], betas=(0.5,))": IndexError,
}


@pytest.fixture(params=["minigrad", "torch"])
def lib(request):
    """minigrad, and torch, where it is installed, to see that the tables are right."""
    if request.param == "minigrad":
        return minigrad
    torch = pytest.importorskip("torch")
    torch.set_warn_always(True)  # most warn once a program else
    request.addfinalizer(lambda: torch.set_warn_always(False))
    return torch


def names_of(lib):
    root = lib.tensor([1.0, 2.0], requires_grad=True)
    pair = lib.tensor([2.0, 4.0]), lib.tensor([0.0, 0.0])
    double = lib.tensor(2.0, dtype=lib.float64)

    def overwritten(x, value):
        x[0] = value
        return x

    names = {"torch": lib, "np": np, "DOUBLE": double, "overwritten": overwritten}
    return names | {"PAIR": pair, "ROOT": root, "CUBED": root**3}


@pytest.mark.parametrize("code", VALUES)
def test_values(lib, code):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dimensions that dropout3d does not expect
        value = eval(code, names_of(lib))
    value = list(value) if isinstance(value, tuple) else value
    assert (value.tolist() if isinstance(value, lib.Tensor) else value) == VALUES[code]


@pytest.mark.parametrize("code", WARNINGS)
def test_warnings_name_this_file(lib, code):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eval(compile(code, __file__, "eval"), {"torch": lib, "np": np})
    (given,) = [w for w in caught if WARNINGS[code] in str(w.message)]
    assert given.category is UserWarning
    if lib is minigrad:
        assert given.filename == __file__


@pytest.mark.filterwarnings("ignore:dropout2d")
@pytest.mark.parametrize("code", ERRORS)
def test_errors(lib, code):
    with pytest.raises(ERRORS[code]):
        eval(code, names_of(lib))


def test_what_a_maximum_does_not_pick_gets_no_gradient(lib):
    picked = lib.tensor([1.0, float("inf")], requires_grad=True)
    other = lib.tensor([2.0, 3.0], requires_grad=True)
    (lib.maximum(picked, other) ** 2).sum().backward()  # of the second: infinity times no share
    assert picked.grad.tolist() == [0.0, float("inf")] and other.grad.tolist() == [4.0, 0.0]


def test_batched_gradients_through_several_outputs():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    unused = minigrad.ones(1, requires_grad=True)
    found = minigrad.autograd.grad(
        (x * x, x.sum()),
        (x, unused),
        (minigrad.eye(2), minigrad.tensor([1.0, 10.0])),
        is_grads_batched=True,
        allow_unused=True,
    )
    assert found[0].tolist() == [[3.0, 1.0], [10.0, 14.0]] and found[1] is None


def second_derivatives_of_a_batch(lib):
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    unused = lib.ones(3, requires_grad=True)
    seeds = lib.eye(2, requires_grad=True)
    options = {"create_graph": True, "is_grads_batched": True}
    jacobian, zeros = lib.autograd.grad(
        x**3, (x, unused), seeds, **options, allow_unused=True, materialize_grads=True
    )
    again = lib.autograd.grad((jacobian**2).sum(), (x, seeds))
    return [g.tolist() for g in (jacobian, zeros, *again)]


def test_batched_gradients_can_be_differentiated():
    assert second_derivatives_of_a_batch(minigrad) == [
        [[3, 0], [0, 12]],
        [0, 0, 0],
        [2 * 3 * 6, 2 * 12 * 12],
        [[6 * 3, 0], [0, 24 * 12]],
    ]


def test_so_they_are_in_torch(torch):
    assert second_derivatives_of_a_batch(minigrad) == second_derivatives_of_a_batch(torch)


def test_a_list_of_lists_is_an_index_for_each_dimension():
    x = minigrad.arange(6).reshape(2, 3)
    with pytest.warns(UserWarning, match="non-tuple"):
        assert x[[[0, 1], [0, 2]]].tolist() == [0, 5]
    assert x[[1, 0]].tolist() == [[3, 4, 5], [0, 1, 2]]
    with pytest.warns(UserWarning, match="non-tuple"):
        x[[[0, 1], [0, 2]]] = 9
    assert x.tolist() == [[9, 1, 2], [3, 4, 9]]
