"""What all optimizers share: groups, errors, closures, hooks; and norms for clipping."""

import numpy as np
import pytest

import minigrad
from minigrad import optim
from minigrad.ops import optim as fused

# ---------------------------------------------------------------- groups


def test_groups_have_options_of_their_own():
    a, b, c = (minigrad.ones(1, requires_grad=True) for _ in range(3))
    optimizer = optim.SGD([{"params": a}, {"params": [b], "lr": 1.0}], lr=0.25)
    optimizer.add_param_group({"params": c, "momentum": 0.5})
    assert [g["lr"] for g in optimizer.param_groups] == [0.25, 1.0, 0.25]
    for _ in range(2):
        for p in (a, b, c):
            p.grad = minigrad.ones(1)
        optimizer.step()
    assert [p.item() for p in (a, b, c)] == [0.5, -1.0, 0.375]
    optimizer.param_groups[1]["lr"] = 0.5
    optimizer.step()
    assert b.item() == -1.5
    assert [g["params"] for g in optimizer.state_dict()["param_groups"]] == [[0], [1], [2]]
    assert list(optimizer.state_dict()["state"]) == [2]


def test_named_parameters():
    a, b = minigrad.ones(1, requires_grad=True), minigrad.ones(1, requires_grad=True)
    optimizer = optim.SGD([("a", a)])
    assert optimizer.param_groups[0]["params"][0] is a
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a"]
    with pytest.raises(ValueError, match="Some param names are missing"):
        optim.SGD([("a", a), b])
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": b})


@pytest.mark.parametrize(
    ("error", "match", "name", "make_params", "options"),
    [
        (ValueError, "optimizer got an empty parameter list", "SGD", lambda p: [], {}),
        (TypeError, "iterable of Tensors or dicts, but got Tensor", "SGD", lambda p: p, {}),
        (TypeError, "can only optimize Tensors, but one of the params is int", "SGD",
         lambda p: [p, 3], {}),
        (TypeError, "ordering of tensors in sets", "SGD", lambda p: [{"params": {p}}], {}),
        (TypeError, "param_group must be a dict", "SGD", lambda p: [{"params": p}, p], {}),
        (ValueError, "can't optimize a non-leaf Tensor", "SGD", lambda p: [p * 2], {}),
        (ValueError, "more than one parameter group", "SGD",
         lambda p: [{"params": p}, {"params": [p]}], {}),
        (ValueError, "Invalid learning rate: -1", "SGD", lambda p: [p], {"lr": -1}),
        *((ValueError, "Invalid learning rate: -1", name, lambda p: [p], {"lr": -1})
          for name in ("Adam", "AdamW", "RMSprop", "LBFGS")),
        (ValueError, "Invalid learning rate: nan", "SGD", lambda p: [p], {"lr": float("nan")}),
        (ValueError, "Invalid momentum value: -1", "SGD", lambda p: [p], {"momentum": -1}),
        (ValueError, "Invalid weight_decay value: -1", "SGD", lambda p: [p], {"weight_decay": -1}),
        (ValueError, "Nesterov momentum requires a momentum and zero dampening", "SGD",
         lambda p: [p], {"nesterov": True}),
        (ValueError, "Invalid epsilon value: -1", "Adam", lambda p: [p], {"eps": -1}),
        (ValueError, "Invalid beta parameter at index 1: 1.0", "Adam", lambda p: [p],
         {"betas": (0.9, 1.0)}),
        (ValueError, "Invalid weight_decay value: -1", "AdamW", lambda p: [p],
         {"weight_decay": -1}),
        (ValueError, "Invalid alpha value: -1", "RMSprop", lambda p: [p], {"alpha": -1}),
        (ValueError, "Invalid momentum value: -1", "RMSprop", lambda p: [p], {"momentum": -1}),
    ],
)  # fmt: skip
def test_errors(error, match, name, make_params, options):
    with pytest.raises(error, match=match):
        getattr(optim, name)(make_params(minigrad.ones(2, requires_grad=True)), **options)


def test_options_without_a_meaning_here():
    p = [minigrad.ones(2, requires_grad=True)]
    optim.SGD(p, foreach=None, fused=True, differentiable=False)
    optim.Adam(p, foreach=True, fused=None, capturable=False, differentiable=False)
    for name, option in (
        ("SGD", "differentiable"),
        ("Adam", "capturable"),
        ("RAdam", "differentiable"),
    ):
        with pytest.raises(NotImplementedError, match=f"{option}=True is not supported"):
            getattr(optim, name)(p, **{option: True})


def test_duplicates_are_warned_of():
    p = minigrad.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([p, p])


# ---------------------------------------------------------------- around the step


def test_zero_grad():
    p, q = (minigrad.ones(2, requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([p, q])
    p.grad = kept = minigrad.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is kept
    assert kept.tolist() == [0, 0]
    assert q.grad is None
    (p * p).sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    assert not p.grad.requires_grad
    optimizer.zero_grad()
    assert p.grad is None


def test_closure_runs_with_gradients_and_its_loss_is_returned():
    p = minigrad.ones(2, requires_grad=True)
    for name in ("SGD", "Adam", "AdamW", "RMSprop"):
        optimizer = getattr(optim, name)([p], lr=0.1)

        def closure(optimizer=optimizer):
            optimizer.zero_grad()
            loss = (p * p).sum()
            loss.backward()
            return loss

        before = p.detach().clone()
        with minigrad.no_grad():
            loss = optimizer.step(closure)
        assert loss.item() == pytest.approx((before * before).sum().item())
        assert (p < before).all()
        assert optimizer.step() is None


def test_a_step_is_seen_by_the_graphs_that_saved_the_parameter():
    p = minigrad.ones(2, requires_grad=True)
    loss = (p * p).sum()
    p.grad = minigrad.ones(2)
    optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    assert p.is_leaf
    assert p.requires_grad


def test_learning_rate_as_a_tensor():
    p = minigrad.ones(1, requires_grad=True)
    p.grad = minigrad.ones(1)
    optimizer = optim.SGD([p], lr=minigrad.tensor(0.25))
    optimizer.step()
    assert p.item() == 0.75
    with pytest.raises(ValueError, match="1-element"):
        optim.SGD([p], lr=minigrad.ones(2))


def test_step_hooks():
    p = minigrad.ones(1, requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    calls = []
    first = optimizer.register_step_pre_hook(lambda o, args, kwargs: calls.append("pre"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: calls.append("post"))
    optimizer.step()
    first.remove()
    optimizer.step()
    assert calls == ["pre", "post", "post"]
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 5,), {}))
    assert optimizer.step() == 5
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 1)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


def test_state_dict_hooks():
    optimizer = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=0.1)
    calls = []
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("b"))
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("a"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    state = optimizer.state_dict()
    assert calls == ["a", "b"]
    assert state["extra"] == 1
    optimizer.register_load_state_dict_pre_hook(
        lambda o, state: {**state, "param_groups": [{**state["param_groups"][0], "lr": 7.0}]}
    )
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("loaded"))
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 7.0
    assert calls[-1] == "loaded"


@pytest.mark.parametrize(
    "kind", ["state_dict_pre", "state_dict_post", "load_state_dict_pre", "load_state_dict_post"]
)
def test_state_dict_hooks_run_in_order_but_for_those_put_first(kind):
    optimizer = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=0.1)
    register, calls = getattr(optimizer, f"register_{kind}_hook"), []
    register(lambda *_: calls.append("b"))
    register(lambda *_: calls.append("c"))
    register(lambda *_: calls.append("a"), prepend=True)
    optimizer.load_state_dict(optimizer.state_dict())
    assert calls == ["a", "b", "c"]


def test_an_optimizer_of_ones_own():
    class SignSGD(optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

        @minigrad.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["n"] = self.state[p].get("n", 0) + 1
                    p -= group["lr"] * p.grad.sign()

    class Counted(optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    p = minigrad.tensor([1.0, -1.0], requires_grad=True)
    optimizer = SignSGD([p])
    p.grad = minigrad.tensor([3.0, -4.0])
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), [0.9, -0.9], rtol=1e-6)
    assert optimizer.state_dict()["state"] == {0: {"n": 1}}

    calls = []
    counted = Counted([p], lr=0.1)
    counted.register_step_pre_hook(lambda o, args, kwargs: calls.append(1))
    counted.step()
    assert calls == [1]  # not once more for super().step()
    with pytest.raises(NotImplementedError, match=r"Optimizer does not define step\(\)"):
        optim.Optimizer([p], {}).step()


# ---------------------------------------------------------------- norms, for clipping


def test_norm_scale_and_zero():
    tensors = [minigrad.tensor([3.0]), minigrad.tensor([[4.0]], dtype=minigrad.float64)]
    assert fused.norm(tensors) == 5.0
    assert fused.norm(tensors, float("inf")) == 4.0
    version = tensors[0]._version
    fused.scale_(tensors, 0.5)
    assert [t.item() for t in tensors] == [1.5, 2.0]
    assert tensors[0]._version == version + 1
    fused.zero_(tensors)
    assert [t.item() for t in tensors] == [0.0, 0.0]
    with pytest.raises(ValueError, match="p > 0"):
        fused.norm(tensors, 0)
    with pytest.raises(TypeError, match=r"scale_ expects floating point Tensors.*int64"):
        fused.scale_([minigrad.tensor([1])], 2.0)


def test_implementations_exclude_each_other():
    p = minigrad.zeros(1, requires_grad=True)
    with pytest.raises(RuntimeError, match="cannot be `True` together"):
        minigrad.optim.SGD([p], foreach=True, fused=True)
    with pytest.raises(ValueError, match="lr as a Tensor"):
        minigrad.optim.Adam([p], lr=minigrad.tensor(0.1), foreach=True)
