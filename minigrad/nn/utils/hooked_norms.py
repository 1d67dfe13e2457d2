"""Weight norm and spectral norm by a hook that computes the weight before each call.

``nn.utils.parametrizations`` has the newer form of both.
"""

from __future__ import annotations

import warnings
from typing import Any, TypeVar

from minigrad.nn.functional import normalize
from minigrad.nn.modules.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.utils.power_iteration import as_matrix, iterate, norm_except, sigma
from minigrad.tensor import Tensor

_Module = TypeVar("_Module", bound=Module)


class _WeightNorm:
    """Computes the weight as ``g * v / norm(v)``."""

    title = "weight_norm"

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim

    def compute(self, module: Module) -> Tensor:
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / norm_except(v, self.dim))

    def split(self, module: Module, weight: Any) -> None:
        module.register_parameter(
            self.name + "_g", Parameter(norm_except(weight.detach(), self.dim))
        )
        module.register_parameter(self.name + "_v", Parameter(weight.detach()))

    parts = ("_g", "_v")

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute(module))


class _SpectralNorm:
    """Computes the weight as the original over its largest singular value."""

    title = "spectral_norm"
    parts = ("_orig", "_u", "_v")

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def compute(self, module: Module, update: bool = False) -> Tensor:
        weight, u, v = (getattr(module, self.name + part) for part in self.parts)
        matrix = as_matrix(weight, self.dim)
        if update:
            iterate(matrix, u, v, self.n_power_iterations, self.eps, u_first=False)
        return weight / sigma(matrix, u.clone(), v.clone())

    def split(self, module: Module, weight: Any) -> None:
        matrix = as_matrix(weight.detach(), self.dim)
        module.register_parameter(self.name + "_orig", weight)
        for part, size in zip(("_u", "_v"), matrix.shape, strict=True):
            drawn = matrix.new_empty(size).normal_(0, 1)
            module.register_buffer(self.name + part, normalize(drawn, dim=0, eps=self.eps))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute(module, module.training))


def _hooks_of(module, kind):
    hooks = module._forward_pre_hooks.items()
    return {key: hook for key, hook in hooks if isinstance(hook, kind)}


def _apply(module, rule):
    if any(hook.name == rule.name for hook in _hooks_of(module, type(rule)).values()):
        raise RuntimeError(
            f"Cannot register two {rule.title} hooks on the same parameter {rule.name}"
        )
    weight = getattr(module, rule.name)
    delattr(module, rule.name)
    rule.split(module, weight)
    setattr(module, rule.name, rule.compute(module))
    module.register_forward_pre_hook(rule)
    return module


def _remove(module, kind, name):
    for key, hook in _hooks_of(module, kind).items():
        if hook.name == name:
            weight = hook.compute(module).detach()
            delattr(module, name)
            for part in hook.parts:
                delattr(module, name + part)
            module.register_parameter(name, Parameter(weight))
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"{kind.title} of '{name}' not found in {module}")


def weight_norm(module: _Module, name: str = "weight", dim: int = 0) -> _Module:
    """Learn the length and the direction of a weight apart: ``g * v / norm(v)``; return the module.

    Args:
        module: the module, which is changed.
        name: the parameter; ``name_g`` and ``name_v`` take its place.
        dim: the dimension whose slices have a length each; None: one length.

    Warns, as torch does, that ``nn.utils.parametrizations.weight_norm`` is the newer form.

    Source: ``torch.nn.utils.weight_norm``; T. Salimans and D. P. Kingma, "Weight Normalization",
    2016.
    """
    warnings.warn(
        "`nn.utils.weight_norm` is deprecated in favor of `nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    return _apply(module, _WeightNorm(name, dim))


def remove_weight_norm(module: _Module, name: str = "weight") -> _Module:
    """Undo `weight_norm`, keeping the weight as it is; return the module.

    Raises ValueError if there is none.
    """
    return _remove(module, _WeightNorm, name)


def spectral_norm(
    module: _Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> _Module:
    """Divide a weight by its largest singular value; return the module.

    Args:
        module: the module, which is changed.
        name: the parameter; ``name_orig`` takes its place.
        n_power_iterations: how often the singular vectors are refined for each training step.
        eps: norms are not below this.
        dim: the dimension of the outputs; default 0, and 1 for transposed convolutions.

    Source: ``torch.nn.utils.spectral_norm``; T. Miyato et al., "Spectral Normalization for
    Generative Adversarial Networks", 2018.

    Example::

        >>> from minigrad import nn
        >>> layer = nn.utils.spectral_norm(nn.Linear(20, 40))
        >>> layer.weight_u.shape
        minigrad.Size([40])
    """
    if n_power_iterations <= 0:
        raise ValueError(
            "Expected n_power_iterations to be positive, but got "
            f"n_power_iterations={n_power_iterations}"
        )
    return _apply(module, _SpectralNorm(name, n_power_iterations, output_dim(module, dim), eps))


def output_dim(module: Module, dim: int | None) -> int:
    """Return ``dim``, or the dimension of the outputs in the weight of ``module``."""
    if dim is None:
        return 1 if type(module).__name__.startswith("ConvTranspose") else 0
    return dim


def remove_spectral_norm(module: _Module, name: str = "weight") -> _Module:
    """Undo `spectral_norm`, keeping the weight as it is; return the module.

    Raises ValueError if there is none.
    """
    return _remove(module, _SpectralNorm, name)
