"""Optimizer: parameter groups, state, and what goes with them; the steps are the subclasses'."""

from __future__ import annotations

import copy
import functools
import itertools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from minigrad.attributes import RemovableHandle
from minigrad.autograd.grad_mode import enable_grad
from minigrad.ops import optim as ops
from minigrad.tensor import Tensor
from minigrad.utils.interchange import taken_in

# What an optimizer takes: tensors, (name, tensor), or groups of them
ParamsT = Iterable[Tensor | dict[str, Any] | tuple[str, Tensor]]

__all__ = ["Optimizer"]


def _with_hooks(step):
    """Wrap a subclass's ``step``: call its hooks, and note for schedulers that it was called."""

    @functools.wraps(step)
    def wrapper(self, *args, **kwargs):
        if type(self).step is not wrapper:  # super().step() of a subclass, which has its own
            return step(self, *args, **kwargs)
        for hook in self._step_pre_hooks.values():
            replaced = hook(self, args, kwargs)
            if replaced is not None:
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(
                        "a step pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {replaced}."
                    )
                args, kwargs = replaced
        result = step(self, *args, **kwargs)
        self._opt_called = True
        for hook in self._step_post_hooks.values():
            hook(self, args, kwargs)
        return result

    return wrapper


def check_lr(lr: Any) -> None:
    """Raise ValueError unless ``lr`` is a number (or a tensor of one) that is not negative."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_negative(**values: Any) -> None:
    """Raise ValueError naming the first of ``values`` that is negative or NaN."""
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f"Invalid {name} value: {value}")


def check_unsupported(**options: Any) -> None:
    """Raise unless these options of torch's, which mean nothing on this engine, are off."""
    for name, value in options.items():
        if value:
            raise NotImplementedError(
                f"{name}={value!r} is not supported: minigrad's optimizers overwrite the "
                f"parameters, and what they do is not recorded. Leave {name} out."
            )


class Optimizer:
    """Base class of all optimizers.

    Args:
        params: the tensors to optimize, as an iterable of tensors, of ``(name, tensor)`` pairs
            (``model.named_parameters()``), or of dicts: parameter groups, each with ``"params"``
            and options of its own.
        defaults: the options of groups that do not give their own.

    ``param_groups`` is the list of groups, each a dict of its options and ``"params"``; options
    may be changed between steps.  ``state[p]`` is a dict of what the optimizer remembers of
    parameter ``p``.  Subclasses define ``step(closure=None)``.

    Raises TypeError for parameters that are not tensors, ValueError for none at all, for one in
    two groups, or for a tensor that is not a leaf.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.step)  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {type(params).__name__}"
            )
        if defaults.get("foreach") and defaults.get("fused"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._opt_called = False
        self._step_pre_hooks: dict[int, Any] = {}
        self._step_post_hooks: dict[int, Any] = {}
        self._state_dict_pre_hooks: dict[int, Any] = {}
        self._state_dict_post_hooks: dict[int, Any] = {}
        self._load_state_dict_pre_hooks: dict[int, Any] = {}
        self._load_state_dict_post_hooks: dict[int, Any] = {}

        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] * (i > 0)
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a parameter group: a dict of ``"params"`` and options; defaults fill the rest.

        Useful to let frozen layers train later on.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, Tensor) else list(params)
        names = [p[0] for p in params if isinstance(p, tuple)]
        if names and len(names) != len(params):
            raise ValueError(
                "all optimizer params should be with/without names. Some param names are missing"
            )
        if names:
            params = [p[1] for p in params]
            param_group["param_names"] = names
        param_group["params"] = params
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is "
                    f"{type(p).__name__}"
                )
            if not (p.is_leaf or p.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            param_group.setdefault(name, default)
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters", stacklevel=3
            )
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {'with' if names else 'without'} names to the optimizer"
                )
            if not set(group["params"]).isdisjoint(params):
                raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with ``set_to_none=False`` fill them with 0."""
        if set_to_none:
            for group in self.param_groups:
                for p in group["params"]:
                    p.grad = None
            return
        grads = [p.grad for g in self.param_groups for p in g["params"] if p.grad is not None]
        for grad in grads:
            if grad.grad_fn is not None:
                grad.detach_()
            else:
                grad.requires_grad_(False)
        ops.zero_(grads)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: a function that evaluates the model anew, calls ``backward()`` and returns
                the loss; it runs first, and its result is what ``step`` returns.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define step()")

    def _evaluate(self, closure: Callable[[], Any] | None) -> Any:
        """Return the loss that a step's ``closure`` computes, or None without one."""
        if closure is None:
            return None
        with enable_grad():
            return closure()

    # -------- saving and restoring

    def state_dict(self) -> dict[str, Any]:
        """Return ``{"state": ..., "param_groups": ...}``, with parameters as indices.

        The layout is torch's.  The tensors in it are the optimizer's own, not copies.
        """
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        index: dict[Tensor, int] = {}
        for p in itertools.chain.from_iterable(g["params"] for g in self.param_groups):
            index.setdefault(p, len(index))
        result = {
            "state": {index.get(key, key): value for key, value in self.state.items()},
            "param_groups": [
                {**{key: value for key, value in group.items() if key != "params"},
                 "params": [index[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }  # fmt: skip
        for hook in self._state_dict_post_hooks.values():
            replaced = hook(self, result)
            result = result if replaced is None else replaced
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what ``state_dict()`` returned, or torch's ``state_dict()`` did.

        State tensors are copied and cast to the dtype of their parameter, ``step`` excepted; they
        may be torch's, NumPy's arrays, or others that speak DLPack.
        Create learning rate schedulers first: creating one sets the learning rate.
        """
        state_dict = state_dict.copy()  # raises for what is no dict
        for hook in self._load_state_dict_pre_hooks.values():
            replaced = hook(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        saved = copy.deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError(
                "loaded state dict has a different number of parameter groups: "
                f"{len(saved)}, but the optimizer has {len(self.param_groups)}"
            )
        params: dict[int, Tensor] = {}
        for i, (group, old) in enumerate(zip(self.param_groups, saved, strict=True)):
            if len(group["params"]) != len(old["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group: group {i} has {len(old['params'])} parameters, but the "
                    f"optimizer's has {len(group['params'])}"
                )
            params.update(zip(old["params"], group["params"], strict=True))
            for name, value in group.items():
                if name in ("params", "param_names") or name in self.defaults:
                    old.setdefault(name, value)
            old["params"] = group["params"]

        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            p = params.get(key)
            state[key if p is None else p] = copy.deepcopy(value) if p is None else _cast(value, p)
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._load_state_dict_post_hooks.values():
            hook(self)

    # -------- hooks

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ones."""
        return _register(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _register(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before ``state_dict()``."""
        return _register(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after ``state_dict()``; it may return another."""
        return _register(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before loading; it may return another."""
        return _register(self._load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after ``load_state_dict()``."""
        return _register(self._load_state_dict_post_hooks, hook, prepend)


def _register(table, hook, prepend=False):
    key = object()
    if prepend:
        others = dict(table)
        table.clear()
        table[key] = hook
        table.update(others)
    else:
        table[key] = hook
    return RemovableHandle(table, key)


def _cast(value, p, key=None):
    """Return a copy of a parameter's saved state, with the tensors in the parameter's dtype."""
    value = taken_in(value, repr(key))
    if isinstance(value, Tensor):
        value = value.detach().clone()
        return value if key == "step" or not p.is_floating_point() else value.to(p.dtype)
    if isinstance(value, dict):
        return {k: _cast(v, p, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(v, p) for v in value)
    return copy.deepcopy(value)
