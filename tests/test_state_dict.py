"""Taking a module's state out and putting it back."""

import pytest

import minigrad
from minigrad import nn


class Scale(nn.Module):
    def __init__(self, size=2):
        super().__init__()
        self.factor = nn.Parameter(minigrad.ones(size))
        self.register_buffer("offset", minigrad.zeros(size))
        self.register_buffer("scratch", minigrad.zeros(size), persistent=False)


def net():
    return nn.Sequential(Scale(), nn.Sequential(Scale(3)))


KEYS = ["0.factor", "0.offset", "1.0.factor", "1.0.offset"]


# ---------------------------------------------------------------- saving


def test_keys_and_metadata():
    state = net().state_dict()
    assert list(state) == KEYS
    assert dict(state._metadata) == {
        "": {"version": 1},
        "0": {"version": 1},
        "1": {"version": 1},
        "1.0": {"version": 1},
    }


def test_values_share_memory_but_no_history():
    m = Scale()
    state = m.state_dict()
    assert not state["factor"].requires_grad
    assert type(state["factor"]) is minigrad.Tensor
    state["factor"][0] = 5
    assert m.factor.tolist() == [5, 1]
    assert m.state_dict(keep_vars=True)["factor"] is m.factor


def test_prefix_and_destination():
    mine = {"kept": 1}
    state = net().state_dict(destination=mine, prefix="net.")
    assert state is mine
    with pytest.warns(FutureWarning, match="Positional args"):
        assert list(net().state_dict({}, "net.", True)) == list(mine)[1:]
    assert list(state) == ["kept", *(f"net.{key}" for key in KEYS)]


def test_saving_hooks():
    m = net()
    seen = []
    before = m[0].register_state_dict_pre_hook(lambda *args: seen.append(args))

    def change(module, state, prefix, metadata):
        del state[prefix + "offset"]
        metadata["extra"] = True

    m[0].register_state_dict_post_hook(change)
    state = m.state_dict()
    assert seen == [(m[0], "0.", False)]
    assert list(state) == ["0.factor", "1.0.factor", "1.0.offset"]
    assert state._metadata["0"] == {"version": 1, "extra": True}
    before.remove()
    m.register_state_dict_post_hook(lambda *args: {})
    with pytest.raises(RuntimeError, match="post-hook must return None"):
        m.state_dict()
    assert len(seen) == 1


# ---------------------------------------------------------------- loading


def test_loading_copies():
    m = net()
    state = {key: value + 1 for key, value in net().state_dict().items()}
    before = m[0].factor
    result = m.load_state_dict(state)
    assert m[0].factor is before
    assert m[0].factor.tolist() == [2, 2]
    assert m[1][0].offset.tolist() == [1, 1, 1]
    assert result.missing_keys == []
    assert result.unexpected_keys == []
    assert repr(result) == str(result) == "<All keys matched successfully>"


def test_loading_keeps_the_dtype_and_the_flags():
    m = Scale().requires_grad_(False)
    m.load_state_dict(Scale().double().state_dict())
    assert m.factor.dtype is minigrad.float32
    assert not m.factor.requires_grad
    assert m.factor._version >= 0


def test_strict_collects_everything():
    m = net()
    state = m.state_dict()
    del state["0.offset"]
    state["0.factor"] = minigrad.ones(5)
    state["1.0.factor"] = [1, 2, 3]
    state["2.x"] = state["1.0.y.z"] = state["w"] = minigrad.ones(1)
    with pytest.raises(RuntimeError) as error:
        m.load_state_dict(state)
    assert str(error.value) == (
        "Error(s) in loading state_dict for Sequential:\n"
        '\tMissing key(s) in state_dict: "0.offset". \n'
        '\tUnexpected key(s) in state_dict: "2.x", "w", "1.0.y.z". \n'
        "\tsize mismatch for 0.factor: copying a param with shape minigrad.Size([5]) from "
        "checkpoint, the shape in current model is minigrad.Size([2]).\n"
        '\tWhile copying the parameter named "1.0.factor", expected a Tensor from '
        "checkpoint but received <class 'list'>"
    )


def test_not_strict_returns_the_keys():
    m = net()
    state = {"0.factor": minigrad.zeros(2), "more": minigrad.ones(1)}
    result = m.load_state_dict(state, strict=False)
    assert result.missing_keys == KEYS[1:]
    assert result.unexpected_keys == ["more"]
    assert "missing_keys=" in repr(result)
    assert result[1] == ["more"]
    assert m[0].factor.tolist() == [0, 0]


def test_sizes_matter_even_if_not_strict():
    with pytest.raises(RuntimeError, match="size mismatch for factor"):
        Scale().load_state_dict({"factor": minigrad.ones(7)}, strict=False)


def test_the_state_must_be_a_mapping():
    with pytest.raises(TypeError, match="dict-like"):
        Scale().load_state_dict([1])


def test_a_scalar_from_long_ago():
    m = nn.Module()
    m.register_buffer("n", minigrad.tensor(0))
    m.load_state_dict({"n": minigrad.tensor([3])})
    assert m.n.item() == 3


def test_assign():
    m = Scale()
    state = {"factor": minigrad.full((2,), 7.0).double(), "offset": minigrad.ones(2)}
    m.load_state_dict(state, assign=True)
    assert isinstance(m.factor, nn.Parameter)
    assert m.factor.requires_grad
    assert m.factor.dtype is minigrad.float64
    assert m.offset is state["offset"]
    state["factor"][0] = 0  # shared
    assert m.factor.tolist() == [0, 7]
    frozen = Scale().requires_grad_(False)
    given = nn.Parameter(minigrad.ones(2))
    frozen.load_state_dict({"factor": given, "offset": minigrad.ones(2)}, assign=True)
    assert frozen.factor is given
    assert not given.requires_grad


def test_assign_leaves_the_metadata_alone():
    state = Scale().state_dict()
    Scale().load_state_dict(state, assign=True)
    assert state._metadata == {"": {"version": 1}}


def test_the_given_state_stays_as_it_is():
    m = Scale()
    m.register_load_state_dict_pre_hook(lambda module, state, *rest: state.pop("unused"))
    state = {**m.state_dict(), "unused": 1}
    m.load_state_dict(state)
    assert "unused" in state


def test_loading_hooks():
    m = net()
    seen = []

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        seen.append((module, prefix, metadata))
        state[prefix + "factor"] = state.pop(prefix + "scale")

    m[1][0].register_load_state_dict_pre_hook(rename)
    m[0]._register_load_state_dict_pre_hook(lambda state, prefix, *rest: seen.append(prefix))
    m.register_load_state_dict_post_hook(lambda module, keys: keys.unexpected_keys.clear())
    state = m.state_dict()
    state["1.0.scale"] = state.pop("1.0.factor") * 9
    state["extra"] = 1
    m.load_state_dict(state)
    assert seen == ["0.", (m[1][0], "1.0.", {"version": 1})]
    assert m[1][0].factor.tolist() == [9, 9, 9]
    m.register_load_state_dict_post_hook(lambda module, keys: keys)
    with pytest.raises(AssertionError, match="not expected to return new values"):
        m.load_state_dict(state)


def test_versions_reach_the_module():
    class Old(Scale):
        _version = 3

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
            self.loaded = local_metadata.get("version")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    m = Old()
    assert m.state_dict()._metadata[""]["version"] == 3
    m.load_state_dict(m.state_dict())
    assert m.loaded == 3
    m.load_state_dict(dict(m.state_dict()))
    assert m.loaded is None


def test_extra_state():
    class Counting(Scale):
        def __init__(self):
            super().__init__()
            self.n = 0

        def get_extra_state(self):
            return {"n": self.n}

        def set_extra_state(self, state):
            self.n = state["n"]

    m = nn.Sequential(Counting())
    m[0].n = 5
    state = m.state_dict()
    assert state["0._extra_state"] == {"n": 5}
    other = nn.Sequential(Counting())
    other.load_state_dict(state)
    assert other[0].n == 5
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match=r'Missing key\(s\).*"0._extra_state"'):
        other.load_state_dict(state)
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\).*"0._extra_state"'):
        nn.Sequential(Scale()).load_state_dict(m.state_dict())
    with pytest.raises(RuntimeError, match="get_extra_state"):
        nn.Module().get_extra_state()
    with pytest.raises(RuntimeError, match="set_extra_state"):
        nn.Module().set_extra_state(1)


def test_shared_parameters_load():
    m = nn.Sequential(Scale(), Scale())
    m[1].factor = m[0].factor
    m.load_state_dict(m.state_dict())
    assert m[1].factor is m[0].factor


# ---------------------------------------------------------------- torch does the same


def test_state_goes_to_torch_and_back(torch):
    def build(lib):
        return lib.nn.Sequential(
            lib.nn.Linear(3, 4), lib.nn.ReLU(), lib.nn.Conv2d(2, 2, 3, bias=False)
        )

    mine, theirs = build(minigrad), build(torch)
    state = {k: torch.from_numpy(v.numpy()) for k, v in mine.state_dict().items()}
    assert repr(theirs.load_state_dict(state)) == "<All keys matched successfully>"
    back = {k: minigrad.from_numpy(v.numpy()) for k, v in theirs.state_dict().items()}
    assert repr(build(minigrad).load_state_dict(back)) == "<All keys matched successfully>"


def test_the_error_is_torchs(torch):
    def message(lib):
        m = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Sequential(lib.nn.Linear(4, 1)))
        state = m.state_dict()
        del state["0.bias"]
        state["1.0.weight"] = lib.ones(2, 2)
        state["1.0.foo"] = state["bar"] = state["2.baz"] = lib.ones(1)
        with pytest.raises(RuntimeError) as error:
            m.load_state_dict(state)
        return str(error.value).replace("torch.", "minigrad.")

    assert message(minigrad) == message(torch)
