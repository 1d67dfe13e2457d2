"""Pruning: holding part of a parameter at zero, by a mask that is kept beside it.

A pruned ``weight`` becomes ``weight_orig``, a parameter, and ``weight_mask``, a buffer; before
each forward call their product is set as the plain attribute ``weight``.  Names as in torch.
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, TypeVar

import minigrad
from minigrad.nn.modules.module import Module
from minigrad.nn.utils.convert_parameters import parameters_to_vector
from minigrad.tensor import Tensor

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


_Module = TypeVar("_Module", bound=Module)


class BasePruningMethod(ABC):
    """A rule that says what to keep: a subclass has ``compute_mask`` and a ``PRUNING_TYPE``.

    ``PRUNING_TYPE`` says which part of a parameter that is pruned already the rule is shown:
    "unstructured": the elements that are left, in a row; "structured": the channels of dimension
    ``self.dim`` that are left; "global": all.
    """

    PRUNING_TYPE: str
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        """Set the pruned tensor: the module's forward pre-hook."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return ``default_mask`` with zeros where ``t`` is to be pruned."""

    def apply_mask(self, module: Module) -> Tensor:
        """Return the original parameter times its mask."""
        original = getattr(module, f"{self._tensor_name}_orig")
        return getattr(module, f"{self._tensor_name}_mask").to(original.dtype) * original

    @classmethod
    def apply(
        cls,
        module: Module,
        name: str,
        *args: Any,
        importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:
        """Prune the parameter ``name`` by ``cls(*args, **kwargs)``, on top of what was pruned.

        ``importance_scores``, of the parameter's shape, is looked at instead of its values.
        """
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        value = getattr(module, name)
        scores = value if importance_scores is None else importance_scores
        assert scores.shape == value.shape, (
            f"importance_scores should have the shape of parameter {name} of {module}: expected "
            f"{list(value.shape)}, but got {list(scores.shape)}"
        )
        key, before = _method_of(module, name)
        if before is None:
            mask = method.compute_mask(scores, minigrad.ones_like(value))
            del module._parameters[name]
            module.register_parameter(f"{name}_orig", value)
        else:
            method = PruningContainer(*before, method)
            old_mask = getattr(module, f"{name}_mask").detach().clone()
            mask = method.compute_mask(scores, old_mask)
            del module._forward_pre_hooks[key]
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None, importance_scores: Tensor | None = None
    ) -> Tensor:
        """Return ``t`` with zeros where it is pruned."""
        mask = minigrad.ones_like(t) if default_mask is None else default_mask
        scores = t if importance_scores is None else importance_scores
        assert scores.shape == t.shape, "importance_scores should have the shape of the tensor"
        return t * self.compute_mask(scores, mask)

    def remove(self, module: Module) -> None:
        """Make the pruned tensor the parameter again, for good."""
        name = self._tensor_name
        pruned = self.apply_mask(module)
        delattr(module, name)
        original = module._parameters.pop(f"{name}_orig")
        original.data = pruned.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)

    def __iter__(self):
        return iter((self,))


class PruningContainer(BasePruningMethod):
    """Several rules for one parameter, each applied to what those before have left."""

    PRUNING_TYPE = "container"

    def __init__(self, *methods: Any) -> None:
        self._pruning_methods: tuple = ()
        for method in methods:
            self._tensor_name = method._tensor_name
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add a rule; it must be for the same parameter."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            raise ValueError(
                f"Can only add pruning methods acting on the parameter named '{self._tensor_name}'"
                f", but got one for '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self):
        return iter(self._pruning_methods)

    def __getitem__(self, index: Any) -> Any:
        return self._pruning_methods[index]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return ``default_mask`` with zeros where the last rule prunes what is left of ``t``."""
        method = self._pruning_methods[-1]
        left = _left(method, default_mask)
        mask = default_mask.clone()
        mask[left] = method.compute_mask(t[left], default_mask[left]).to(mask.dtype)
        return mask


def _left(method, mask):
    """Return the index of the part that a rule is shown, given what is pruned already."""
    if method.PRUNING_TYPE == "unstructured":
        return mask == 1
    index = [slice(None)] * mask.dim()
    if method.PRUNING_TYPE == "structured":
        others = [d for d in range(mask.dim()) if d != method.dim % mask.dim()]
        index[method.dim] = mask.sum(others) != 0
    elif method.PRUNING_TYPE != "global":
        raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
    return tuple(index)


class Identity(BasePruningMethod):
    """Prune nothing, but have a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return ``default_mask``."""
        return default_mask


def _checked(amount):
    """Return how much to prune: a number of elements, or a fraction."""
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if amount < 0 or (not isinstance(amount, numbers.Integral) and amount > 1):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )
    return amount


class _Amount(BasePruningMethod):
    """A rule that prunes ``amount``: so many if it is an int, that fraction if it is a float."""

    def __init__(self, amount: int | float) -> None:
        self.amount = _checked(amount)

    def count(self, size: Any) -> Any:
        """Return how many of ``size`` are pruned."""
        if not isinstance(self.amount, numbers.Integral):
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(
                f"amount={self.amount} should be smaller than the number of parameters to "
                f"prune={size}"
            )
        return self.amount


class _Unstructured(_Amount):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return ``default_mask`` with zeros at the elements to prune."""
        count = self.count(t.nelement())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[self.pruned(t, count)] = 0
        return mask

    def pruned(self, t: Tensor, count: int) -> Tensor:
        """Return the places of ``count`` elements of ``t``."""
        raise NotImplementedError


class RandomUnstructured(_Unstructured):
    """Prune ``amount`` elements by chance."""

    def pruned(self, t: Tensor, count: int) -> Tensor:
        return minigrad.rand_like(t).view(-1).topk(count).indices


class L1Unstructured(_Unstructured):
    """Prune the ``amount`` elements that are nearest to zero."""

    def pruned(self, t: Tensor, count: int) -> Tensor:
        return t.detach().abs().view(-1).topk(count, largest=False).indices


class _Structured(_Amount):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: int | float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return ``default_mask`` with zeros in the channels to prune."""
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor "
                f"of shape {t.shape} with {t.dim()} dims"
            )
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        size = t.shape[self.dim]
        count = self.count(size)
        if not count:
            return default_mask
        index: list = [slice(None)] * t.dim()
        index[self.dim] = self.kept(t, size, count)
        mask = minigrad.zeros_like(t)
        mask[tuple(index)] = 1
        return mask * default_mask.to(mask.dtype)

    def kept(self, t: Tensor, size: int, count: int) -> Tensor:
        """Return the index of the channels to keep when ``count`` of ``size`` are pruned."""
        raise NotImplementedError


class RandomStructured(_Structured):
    """Prune ``amount`` channels of dimension ``dim`` by chance."""

    def kept(self, t: Tensor, size: int, count: int) -> Tensor:
        drawn = minigrad.rand(size)
        return drawn > drawn.kthvalue(count).values


class LnStructured(_Structured):
    """Prune the ``amount`` channels of dimension ``dim`` whose norm of order ``n`` is least."""

    def __init__(self, amount: int | float, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def kept(self, t: Tensor, size: int, count: int) -> Tensor:
        others = [d for d in range(t.dim()) if d != self.dim % t.dim()]
        return t.detach().norm(self.n, others).topk(size - count).indices


class CustomFromMask(BasePruningMethod):
    """Prune where ``mask`` is zero."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return ``default_mask`` times the mask that was given."""
        assert default_mask.shape == self.mask.shape, (
            f"expected a mask of shape {list(default_mask.shape)}, but got {list(self.mask.shape)}"
        )
        return default_mask * self.mask.to(default_mask.dtype)


def _method_of(module, name):
    """Return the key and the rule of the hook that prunes ``name``, or None and None."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return key, hook
    return None, None


def identity(module: _Module, name: str) -> _Module:
    """Give the parameter ``name`` a mask of ones; return the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: _Module, name: str, amount: int | float) -> _Module:
    """Prune ``amount`` elements of the parameter ``name`` by chance; return the module.

    ``amount``: an int for so many, a float in [0, 1] for that fraction.

    Source: ``torch.nn.utils.prune.random_unstructured``.

    >>> from minigrad import nn
    >>> from minigrad.nn.utils import prune
    >>> layer = prune.random_unstructured(nn.Linear(2, 3), "weight", amount=1)
    >>> layer.weight_mask.sum()
    tensor(5.)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: _Module, name: str, amount: int | float, importance_scores: Tensor | None = None
) -> _Module:
    """Prune the ``amount`` elements that are nearest to zero; return the module.

    Arguments are those of `random_unstructured`; ``importance_scores`` is looked at instead of the
    parameter.

    Source: ``torch.nn.utils.prune.l1_unstructured``.

    >>> import minigrad
    >>> from minigrad import nn
    >>> from minigrad.nn.utils import prune
    >>> layer = nn.Linear(3, 1, bias=False)
    >>> layer.weight = nn.Parameter(minigrad.tensor([[0.5, -0.1, 2.0]]))
    >>> prune.l1_unstructured(layer, "weight", amount=1).weight_mask
    tensor([[1., 0., 1.]])
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: _Module, name: str, amount: int | float, dim: int) -> _Module:
    """Prune ``amount`` channels of dimension ``dim`` by chance; return the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: _Module,
    name: str,
    amount: int | float,
    n: float,
    dim: int,
    importance_scores: Tensor | None = None,
) -> _Module:
    """Prune the ``amount`` channels of dimension ``dim`` whose norm of order ``n`` is least.

    Returns the module.  Source: ``torch.nn.utils.prune.ln_structured``.
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several parameters as if they were one.

    Args:
        parameters: (module, name) pairs.
        pruning_method: a class whose ``PRUNING_TYPE`` is "unstructured", else TypeError.
        importance_scores: {(module, name): scores} to look at instead of the parameters.
        kwargs: for the class.

    Source: ``torch.nn.utils.prune.global_unstructured``.

    >>> from minigrad import nn
    >>> from minigrad.nn.utils import prune
    >>> layers = nn.Linear(4, 4), nn.Linear(4, 1)
    >>> pairs = [(layer, "weight") for layer in layers]
    >>> prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.5)
    >>> sum(int(layer.weight_mask.sum()) for layer in layers)
    10
    """
    parameters = list(parameters)
    scores = importance_scores or {}
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    method._tensor_name = "all"
    values = [getattr(module, name) for module, name in parameters]
    looked_at = [scores.get(pair, value) for pair, value in zip(parameters, values, strict=True)]
    masks = [
        getattr(m, f"{name}_mask", minigrad.ones_like(getattr(m, name))) for m, name in parameters
    ]
    mask = PruningContainer(method).compute_mask(
        parameters_to_vector(looked_at).detach(), parameters_to_vector(masks)
    )
    parts = mask.split([value.numel() for value in values])
    for (module, name), value, part in zip(parameters, values, parts, strict=True):
        custom_from_mask(module, name, part.view_as(value))


def custom_from_mask(module: _Module, name: str, mask: Tensor) -> _Module:
    """Prune the parameter ``name`` where ``mask`` is zero; return the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: _Module, name: str) -> _Module:
    """Make the pruned tensor ``name`` a parameter again, with its zeros; return the module.

    ValueError if it is not pruned.
    """
    key, method = _method_of(module, name)
    if method is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    method.remove(module)
    del module._forward_pre_hooks[key]
    return module


def is_pruned(module: Module) -> bool:
    """Return whether a parameter of the module or of one inside it is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        for hook in part._forward_pre_hooks.values()
    )
