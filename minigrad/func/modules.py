"""Modules as functions of their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from minigrad.nn.modules.batchnorm import _BatchNorm
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.utils import stateless
from minigrad.ops.join import stack
from minigrad.tensor import Tensor

__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with other tensors in the place of its parameters and buffers.

    ``parameter_and_buffer_dicts`` maps full names to tensors, or is a sequence of such dicts; what
    it does not name stays as it is, and what the module does not have counts for nothing, unless
    ``strict``.  ``args`` is a tuple, or the only argument.  With ``tie_weights`` a tensor that has
    several names in the module is replaced under all.

    >>> import minigrad
    >>> layer = minigrad.nn.Linear(2, 1, bias=False)
    >>> weight = {"weight": minigrad.tensor([[1.0, 2.0]])}
    >>> minigrad.func.functional_call(layer, weight, minigrad.tensor([10.0, 1.0]))
    tensor([12.])
    """
    given: dict[str, Tensor] = {}
    dicts = parameter_and_buffer_dicts
    if not isinstance(dicts, (Mapping, list, tuple)):
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(dicts)}"
        )
    for part in (dicts,) if isinstance(dicts, Mapping) else dicts:
        if not isinstance(part, Mapping):
            raise ValueError(
                "Expected all elements of parameter_and_buffer_dicts to be dictionaries, but got "
                f"{type(part)}"
            )
        twice = sorted(given.keys() & part.keys())
        if twice:
            raise ValueError(
                f"{twice} appeared in multiple dictionaries; behavior of functional call is "
                "ambiguous"
            )
        given.update(part)
    return stateless.functional_call(
        module, given, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def stack_module_state(models: Iterable[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters and the buffers of several equal models, stacked, in two dicts.

    For an ensemble: ``vmap`` over what ``functional_call`` does with them.

    >>> import minigrad
    >>> models = [minigrad.nn.Linear(2, 3) for _ in range(4)]
    >>> parameters, buffers = minigrad.func.stack_module_state(models)
    >>> parameters["weight"].shape
    minigrad.Size([4, 3, 2])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    if len({model.training for model in models}) > 1:
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )

    def stacked(tensors):
        together = stack([t.detach() for t in tensors])
        return together.requires_grad_() if isinstance(tensors[0], Parameter) else together

    parts = [
        [dict(model.named_parameters()) for model in models],
        [dict(model.named_buffers()) for model in models],
    ]
    parameters, buffers = (
        {name: stacked([state[name] for state in states]) for name in states[0]} for states in parts
    )
    return parameters, buffers


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Let no batch norm in a module keep running statistics; return the module, changed.

    They normalise by the statistics of each batch from then on, and write to no buffer, which
    ``vmap`` could not do for each element apart.

    >>> import minigrad
    >>> from minigrad import nn
    >>> network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    >>> minigrad.func.replace_all_batch_norm_modules_(network)[1].running_mean is None
    True
    """
    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root
