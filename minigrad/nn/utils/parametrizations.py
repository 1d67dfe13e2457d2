"""Parametrizations to use: weight norm and spectral norm."""

from minigrad.nn.functional import normalize
from minigrad.nn.modules.module import Module
from minigrad.nn.utils.hooked_norms import output_dim
from minigrad.nn.utils.parametrize import register_parametrization
from minigrad.nn.utils.power_iteration import as_matrix, iterate, norm_except, sigma
from minigrad.tensor import Tensor


class _WeightNorm(Module):
    def __init__(self, dim=0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v) -> Tensor:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight):
        return norm_except(weight, self.dim), weight


def weight_norm(module, name="weight", dim=0):
    """Learn the length and the direction of a weight apart: ``g * v / norm(v)``; return the module.

    Args:
        module: the module, which is changed.
        name: the parameter.
        dim: the dimension whose slices have a length each; None: one length.

    Source: ``torch.nn.utils.parametrizations.weight_norm``; T. Salimans and D. P. Kingma, "Weight
    Normalization", 2016.

    Example::

        >>> from minigrad import nn
        >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(20, 40))
        >>> layer.parametrizations.weight.original0.shape
        minigrad.Size([40, 1])
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12) -> None:
        super().__init__()
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + weight.dim()
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.dim() > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                drawn = matrix.new_empty(size).normal_(0, 1)
                self.register_buffer(name, normalize(drawn, dim=0, eps=eps))
            iterate(matrix, self._u, self._v, 15, eps, u_first=True)

    def forward(self, weight) -> Tensor:
        if weight.dim() == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            times = self.n_power_iterations
            iterate(matrix, self._u, self._v, times, self.eps, u_first=True)
        return weight / sigma(matrix, self._u.clone(), self._v.clone())

    def right_inverse(self, value):
        return value


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divide a weight by its largest singular value; return the module.

    Args:
        module: the module, which is changed.
        name: the parameter.
        n_power_iterations: how often the singular vectors are refined for each training step.
        eps: norms are not below this.
        dim: the dimension of the outputs; default 0, and 1 for transposed convolutions.

    Raises ValueError if there is no such parameter, or for no iterations.

    Source: ``torch.nn.utils.parametrizations.spectral_norm``; T. Miyato et al., "Spectral
    Normalization for Generative Adversarial Networks", 2018.

    Example::

        >>> from minigrad import nn
        >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(20, 40))
        >>> layer.weight.shape
        minigrad.Size([40, 20])
    """
    weight = getattr(module, name, None)
    if weight is None:
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    rule = _SpectralNorm(weight, n_power_iterations, output_dim(module, dim), eps)
    return register_parametrization(module, name, rule)
