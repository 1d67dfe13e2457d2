"""Calling a module with other parameters; ``minigrad.func`` has it too."""

from __future__ import annotations

from typing import Any

from minigrad.nn.modules.module import Module


def functional_call(
    module: Module,
    parameters_and_buffers: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with other tensors in the place of its parameters and buffers.

    ``parameters_and_buffers`` maps full names to tensors; what it does not name stays as it is, and
    what the module does not have counts for nothing, unless ``strict``.  ``args`` is a tuple, or
    the only argument.  With ``tie_weights`` a tensor that has several names in the module is
    replaced under all.

    >>> import minigrad
    >>> layer = minigrad.nn.Linear(2, 1, bias=False)
    >>> weight = {"weight": minigrad.tensor([[1.0, 2.0]])}
    >>> minigrad.nn.utils.stateless.functional_call(layer, weight, minigrad.tensor([10.0, 1.0]))
    tensor([12.])
    """
    given = dict(parameters_and_buffers)
    places: dict[str, tuple[Any, str]] = {}
    for prefix, owner in module.named_modules(remove_duplicate=False):
        for name, value in (*owner._parameters.items(), *owner._buffers.items()):
            if value is not None:
                places[f"{prefix}.{name}" if prefix else name] = (owner.__dict__, name)
    unexpected = [name for name in given if name not in places]
    missing = [name for name in places if name not in given]
    if strict and (unexpected or missing):
        raise RuntimeError(
            f"functional_call: the module {type(module).__name__} has no parameter or buffer "
            f"{unexpected}"
            if unexpected
            else f"functional_call: missing {missing}"
        )
    given = {name: value for name, value in given.items() if name in places}
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
