"""Layers in files as torch names and describes its own, so that torch reads a model saved whole."""

from collections import OrderedDict
from types import FunctionType
from typing import Any

from minigrad import nn
from minigrad.nn import functional
from minigrad.nn.modules import attention

# Where torch has its layers, and what of it is elsewhere here.
_FILES = (
    "activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold "
    "instancenorm linear loss module normalization padding pixelshuffle pooling rnn sparse "
    "transformer upsampling"
).split()
_MOVED_FILES = {
    "margin_loss": "loss",
    "parameters": "container",
    "rnn_cell": "rnn",
    "softmax": "activation",
    "unpooling": "pooling",
}
_MOVED = {
    "Bilinear": "linear",
    "ChannelShuffle": "channelshuffle",
    "MultiheadAttention": "activation",
    "NonDynamicallyQuantizableLinear": "linear",
}
_NO_HOOKS = (
    "_backward_pre_hooks _backward_hooks _forward_hooks _forward_hooks_with_kwargs "
    "_forward_hooks_always_called _forward_pre_hooks _forward_pre_hooks_with_kwargs "
    "_state_dict_hooks _state_dict_pre_hooks _load_state_dict_pre_hooks _load_state_dict_post_hooks"
).split()

# What torch keeps as an attribute and is computed here, and what only torch knows: which of its
# ways to compute a transformer to take, here the one that is always right.
_COMPUTED = "_reversed_padding_repeated_twice", "_flat_weights_names", "_flat_weights"
_MISSING: dict[type[nn.Module], dict[str, Any]] = {
    nn.TransformerEncoderLayer: {"activation_relu_or_gelu": 0},
    nn.TransformerEncoder: {"use_nested_tensor": False},
}


def torchs_name(value: type | FunctionType) -> str | None:
    """Return torch's name of a layer's class or of a function of nn.functional, or None."""
    name, (package, _, file) = value.__qualname__, value.__module__.rpartition(".")
    if package == "minigrad.nn.modules":
        file = _MOVED.get(name, _MOVED_FILES.get(file, file))
        if file in _FILES and value in (getattr(nn, name, None), getattr(attention, name, None)):
            return f"torch.nn.modules.{file}.{name}"
    elif getattr(functional, name, None) is value:
        return f"torch.nn.functional.{name}"
    return None


def torchs_state(module: nn.Module, state: object) -> object:
    """Return what torch stores of such a module, given what Python's pickle would of this one.

    One with hooks stays as it is: torch keeps them otherwise.
    """
    if not isinstance(state, dict) or "_names" not in state:  # of a class that has its own way
        return state
    if any(state[name] for name in state if name.endswith("_hooks")):
        return state
    names = state["_names"]
    registered = {"_names", "training"}.union(*names.values())
    own = {
        name: value
        for name, value in state.items()
        if name not in registered and not name.endswith("_hooks")
    }
    found = {
        "training": module.training,
        "_parameters": dict(module._parameters),
        "_buffers": dict(module._buffers),
        "_non_persistent_buffers_set": {n for n, kept in names["buffer"].items() if not kept},
        "_is_full_backward_hook": None,
        **{name: OrderedDict() for name in _NO_HOOKS},
        "_modules": dict(module._modules),
        **own,
    }
    for name in _COMPUTED:
        if hasattr(module, name):
            found[name] = getattr(module, name)
    for kind, missing in _MISSING.items():
        if isinstance(module, kind):
            found.update(missing)
    return found
