"""Modules as functions of their parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

from minigrad.nn.parameter import Parameter
from minigrad.ops.join import stack
from minigrad.tensor import Tensor

__all__ = ["functional_call", "stack_module_state"]


def functional_call(
    module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False
) -> Any:
    """Call ``module`` with other tensors in the place of its parameters and buffers.

    ``parameter_and_buffer_dicts`` maps full names to tensors, or is a sequence of such dicts; what
    it does not name stays as it is, unless ``strict``.  ``args`` is a tuple, or the only argument.
    With ``tie_weights`` a tensor that has several names in the module is replaced under all.

    >>> import minigrad
    >>> layer = minigrad.nn.Linear(2, 1, bias=False)
    >>> weight = {"weight": minigrad.tensor([[1.0, 2.0]])}
    >>> minigrad.func.functional_call(layer, weight, minigrad.tensor([10.0, 1.0]))
    tensor([12.])
    """
    given: dict[str, Tensor] = {}
    dicts = parameter_and_buffer_dicts
    for part in (dicts,) if isinstance(dicts, Mapping) else dicts:
        given.update(part)
    places: dict[str, tuple[Any, str]] = {}
    for prefix, owner in module.named_modules(remove_duplicate=False):
        for name, value in (*owner._parameters.items(), *owner._buffers.items()):
            if value is not None:
                places[f"{prefix}.{name}" if prefix else name] = (owner.__dict__, name)
    unexpected = [name for name in given if name not in places]
    missing = [name for name in places if name not in given]
    if unexpected or (strict and missing):
        raise RuntimeError(
            f"functional_call: the module {type(module).__name__} has no parameter or buffer "
            f"{unexpected}"
            if unexpected
            else f"functional_call: missing {missing}"
        )
    before = {name: where[key] for name, (where, key) in places.items()}
    if tie_weights:
        same = {id(before[name]): value for name, value in given.items()}
        given.update(
            (name, same[id(value)])
            for name, value in before.items()
            if id(value) in same and name not in given
        )
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    try:
        for name, value in given.items():
            where, key = places[name]
            where[key] = value
        return module(*args, **(kwargs or {}))
    finally:
        for name in given:
            where, key = places[name]
            where[key] = before[name]


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
