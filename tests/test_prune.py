"""nn.utils.prune: masks, numbers and errors as torch's; identities without it."""

import copy

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn.utils import prune


def layer(values, bias=None):
    made = nn.Linear(len(values[0]), len(values), bias=bias is not None)
    made.weight.data = minigrad.tensor(values)
    return made


def test_a_pruned_parameter_has_a_mask_and_an_original():
    net = layer([[0.5, -0.1], [2.0, 0.3]])
    assert prune.l1_unstructured(net, "weight", amount=2) is net
    assert list(net.state_dict()) == ["weight_orig", "weight_mask"]
    assert net.weight_mask.tolist() == [[1, 0], [1, 0]]
    assert not isinstance(net.weight, nn.Parameter) and prune.is_pruned(net)
    out = net(minigrad.ones(1, 2))
    out.sum().backward()
    np.testing.assert_allclose(out.tolist(), [[0.5, 2.0]])
    assert net.weight_orig.grad.tolist() == [[1, 0], [1, 0]]  # the rest gets none
    with minigrad.no_grad():
        net.weight_orig += 1
    np.testing.assert_allclose(net(minigrad.ones(1, 2)).tolist(), [[1.5, 3.0]])
    prune.remove(net, "weight")
    assert isinstance(net.weight, nn.Parameter) and not prune.is_pruned(net)
    assert list(net.state_dict()) == ["weight"] and net.weight[0, 1].item() == 0


def test_pruning_again_prunes_what_is_left():
    net = layer([[1.0, 2.0, 3.0, 4.0]])
    prune.l1_unstructured(net, "weight", amount=0.5)
    prune.l1_unstructured(net, "weight", amount=0.5)
    assert net.weight_mask.tolist() == [[0, 0, 0, 1]]
    (hook,) = net._forward_pre_hooks.values()
    assert isinstance(hook, prune.PruningContainer) and len(hook) == 2
    assert isinstance(hook[0], prune.L1Unstructured)


def test_structured_then_unstructured():
    net = layer([[1.0, 2.0], [0.1, 0.2], [3.0, 0.3]])
    prune.ln_structured(net, "weight", amount=1, n=2, dim=0)
    assert net.weight_mask.tolist() == [[1, 1], [0, 0], [1, 1]]
    prune.l1_unstructured(net, "weight", amount=1)
    assert net.weight_mask.tolist() == [[1, 1], [0, 0], [1, 0]]
    prune.ln_structured(net, "weight", amount=1, n=2, dim=0)
    assert net.weight_mask.tolist() == [[0, 0], [0, 0], [1, 0]]


def test_a_rule_of_ones_own():
    class EveryOther(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    net = layer([[1.0, 2.0, 3.0]])
    EveryOther.apply(net, "weight")
    assert net.weight.tolist() == [[0, 2, 0]]
    assert EveryOther().prune(minigrad.ones(3)).tolist() == [0, 1, 0]
    with pytest.raises(TypeError, match="abstract"):
        prune.BasePruningMethod()


WRONG = [
    (ValueError, lambda p, n: p.l1_unstructured(n, "weight", -1)),
    (ValueError, lambda p, n: p.l1_unstructured(n, "weight", 1.5)),
    (TypeError, lambda p, n: p.l1_unstructured(n, "weight", "some")),
    (ValueError, lambda p, n: p.l1_unstructured(n, "weight", 100)),
    (AttributeError, lambda p, n: p.l1_unstructured(n, "nothing", 1)),
    (ValueError, lambda p, n: p.random_structured(n, "bias", 1, 0)),
    (IndexError, lambda p, n: p.random_structured(n, "weight", 1, 2)),
    (ValueError, lambda p, n: p.remove(n, "weight")),
    (AssertionError, lambda p, n: p.custom_from_mask(n, "weight", n.bias)),
    (TypeError, lambda p, n: p.global_unstructured([(n, "weight")], p.RandomStructured, amount=1)),
]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input(case):
    error, call = WRONG[case]
    net = nn.Linear(3, 2)
    with pytest.raises(error):
        call(prune, net)
    assert list(net.state_dict()) == ["weight", "bias"]


@pytest.mark.parametrize("case", range(len(WRONG)))
def test_wrong_input_is_the_error_of_torch(torch, case):
    from torch.nn.utils import prune as theirs

    error, call = WRONG[case]
    with pytest.raises(error):
        call(theirs, torch.nn.Linear(3, 2))


def mix(lib, p):
    """Prune a seeded network in every way, and return all its state."""
    lib.manual_seed(3)
    net = lib.nn.Sequential(lib.nn.Conv2d(3, 8, 3), lib.nn.Linear(8, 6), lib.nn.LSTM(4, 5))
    p.random_unstructured(net[0], "weight", 0.3)
    p.random_structured(net[0], "weight", 2, dim=1)
    p.ln_structured(net[0], "weight", 0.25, n=float("inf"), dim=0)
    p.identity(net[0], "bias")
    pairs = [(net[1], "weight"), (net[1], "bias")]
    p.global_unstructured(pairs, p.L1Unstructured, amount=0.4)
    p.global_unstructured(pairs, p.RandomUnstructured, amount=5)
    p.l1_unstructured(net[2], "weight_ih_l0", 7)
    p.remove(net[2], "weight_ih_l0")
    p.l1_unstructured(net[2], "weight_hh_l0", 7, importance_scores=lib.rand(20, 5))
    return {name: value.tolist() for name, value in net.state_dict().items()}


def test_the_numbers_are_torchs(torch):
    from torch.nn.utils import prune as theirs

    ours, expected = mix(minigrad, prune), mix(torch, theirs)
    assert list(ours) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(ours[name], value, atol=1e-6, err_msg=name)


def test_a_pruned_network_can_be_saved(tmp_path):
    net = prune.random_unstructured(nn.Linear(3, 2), "weight", 2)
    minigrad.save(net.state_dict(), tmp_path / "w.pt")
    other = prune.identity(nn.Linear(3, 2), "weight")
    other.load_state_dict(minigrad.load(tmp_path / "w.pt"))
    x = minigrad.ones(1, 3)
    assert minigrad.equal(other(x), net(x))
    prune.remove(net, "weight")
    assert minigrad.equal(copy.deepcopy(net)(x), other(x))
