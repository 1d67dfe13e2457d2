"""Module behaves as torch's does: the same results, the same error classes."""

import pytest

import minigrad


def make(lib):
    """Return a small net of the given library."""
    net = lib.nn.Module()
    net.a = lib.nn.Linear(2, 3)
    net.b = lib.nn.Sequential(lib.nn.ReLU(), lib.nn.Linear(3, 1, bias=False))
    net.register_buffer("c", lib.ones(2))
    net.register_buffer("d", None)
    net.register_parameter("e", None)
    return net


CONDUCT = [
    lambda lib: repr(make(lib)),
    lambda lib: [k for k, _ in make(lib).named_parameters()],
    lambda lib: [k for k, _ in make(lib).named_buffers()],
    lambda lib: [k for k, _ in make(lib).named_modules()],
    lambda lib: list(make(lib).state_dict()),
    lambda lib: dict(make(lib).state_dict()._metadata),
    lambda lib: make(lib).foo,
    lambda lib: make(lib)(1),
    lambda lib: make(lib).get_parameter("a.foo"),
    lambda lib: make(lib).get_parameter("b.1"),
    lambda lib: make(lib).get_parameter("e"),
    lambda lib: make(lib).get_buffer("a.weight"),
    lambda lib: make(lib).get_buffer("d"),
    lambda lib: make(lib).get_submodule("b.5"),
    lambda lib: make(lib).get_submodule("a.weight"),
    lambda lib: make(lib).add_module("a.b", lib.nn.ReLU()),
    lambda lib: make(lib).add_module("a", lib.nn.ReLU()),
    lambda lib: make(lib).add_module("c", lib.nn.ReLU()),
    lambda lib: make(lib).add_module("", lib.nn.ReLU()),
    lambda lib: make(lib).add_module(1, lib.nn.ReLU()),
    lambda lib: make(lib).add_module("x", 1),
    lambda lib: make(lib).register_buffer("a", lib.ones(1)),
    lambda lib: make(lib).register_buffer("x", 1),
    lambda lib: make(lib).register_parameter("x", lib.ones(1)),
    lambda lib: make(lib).register_parameter("c", lib.nn.Parameter(lib.ones(1))),
    lambda lib: setattr(make(lib), "c", 1),
    lambda lib: setattr(make(lib), "c", lib.nn.Parameter(lib.ones(1))),
    lambda lib: setattr(make(lib), "a", 1),
    lambda lib: setattr(make(lib), "a", lib.ones(1)),
    lambda lib: setattr(make(lib), "e", lib.ones(1)),
    lambda lib: setattr(make(lib), "e", 1),
    lambda lib: setattr(make(lib), "e", lib.nn.ReLU()),
    lambda lib: make(lib).train("yes"),
    lambda lib: make(lib).to(lib.int64),
    lambda lib: make(lib).set_submodule("", lib.nn.ReLU()),
    lambda lib: make(lib).set_submodule("q.r", lib.nn.ReLU()),
    lambda lib: make(lib).load_state_dict(5),
    lambda lib: make(lib).load_state_dict({}),
    lambda lib: make(lib).load_state_dict({}, strict=False),
    lambda lib: make(lib).load_state_dict({"c": lib.ones(3), "d": 1, "b.7.x": 2, "z": 3}),
    lambda lib: make(lib).load_state_dict({**make(lib).state_dict(), "c": 5}),
    lambda lib: make(lib).load_state_dict(make(lib).state_dict()),
    lambda lib: repr(lib.nn.Parameter(lib.ones(2))),
]


@pytest.mark.parametrize("act", CONDUCT, ids=range(len(CONDUCT)))
def test_conduct_is_torchs(act, torch):
    def outcome(lib):
        try:
            result = act(lib)
        except Exception as error:
            return type(error), str(error)
        return result if isinstance(result, (list, dict)) else repr(result)

    mine, theirs = outcome(minigrad), outcome(torch)
    if isinstance(theirs, tuple):
        assert mine[0] is theirs[0], mine
    else:
        assert mine == theirs
