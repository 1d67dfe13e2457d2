"""Ops with the arguments of torch's package and of its methods, which ``nn.functional``,
``linalg`` and ``special`` name or order otherwise."""

from collections.abc import Sequence

from minigrad.ops import decomposition, matrices, special
from minigrad.ops import dropout as dropouts
from minigrad.ops import layer_norm as norms
from minigrad.ops.join import split as split_in
from minigrad.tensor import Tensor

# ---------------------------------------------------------------- of nn.functional


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Return ``nn.functional.dropout(input, p, train)``.  Source: torch.dropout.

    >>> import minigrad
    >>> minigrad.dropout(minigrad.ones(2), 0.5, train=False)
    tensor([1., 1.])
    """
    return dropouts.dropout(input, p, train)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Return ``nn.functional.alpha_dropout(input, p, train)``.  Source: torch.alpha_dropout."""
    return dropouts.alpha_dropout(input, p, train)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Return ``nn.functional.feature_alpha_dropout(input, p, train)``.

    Source: torch.feature_alpha_dropout.
    """
    return dropouts.feature_alpha_dropout(input, p, train)


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Tensor:
    """Return ``nn.functional.layer_norm``; ``cudnn_enable`` is nothing on a CPU.

    Source: torch.layer_norm.

    >>> import minigrad
    >>> minigrad.layer_norm(minigrad.tensor([0.0, 1.0]), (2,))
    tensor([-1.0000,  1.0000])
    """
    return norms.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Return ``nn.functional.group_norm``; ``cudnn_enabled`` is nothing on a CPU.

    Source: torch.group_norm.
    """
    return norms.group_norm(input, num_groups, weight, bias, eps)


def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """Return ``nn.functional.instance_norm``; ``cudnn_enabled`` is nothing on a CPU.

    Source: torch.instance_norm.
    """
    return norms.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


# ---------------------------------------------------------------- of linalg and special


def det(input: Tensor) -> Tensor:
    """Return ``linalg.det(input)``.  Source: torch.det.

    >>> import minigrad
    >>> minigrad.det(minigrad.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    return decomposition.det(input)


def inverse(input: Tensor) -> Tensor:
    """Return ``linalg.inv(input)``.  Source: torch.inverse.

    >>> import minigrad
    >>> minigrad.inverse(minigrad.tensor([[2.0]]))
    tensor([[0.5000]])
    """
    return decomposition.inv(input)


def pinverse(input: Tensor, rcond: Tensor | float = 1e-15) -> Tensor:
    """Return ``linalg.pinv(input, rcond)``.  Source: torch.pinverse.

    >>> import minigrad
    >>> minigrad.pinverse(minigrad.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    return matrices.pinv(input, rcond)


def polygamma(input: Tensor, n: int) -> Tensor:
    """Return ``polygamma(n, input)``.  Source: torch.Tensor.polygamma.

    >>> import minigrad
    >>> minigrad.tensor([1.0]).polygamma(1)
    tensor([1.6449])
    """
    return special.polygamma(n, input)


# ---------------------------------------------------------------- of splitting


def split(input: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return views along ``dim``, see ``minigrad.split``.  Source: torch.Tensor.split.

    >>> import minigrad
    >>> minigrad.arange(3).split(split_size=2)
    (tensor([0, 1]), tensor([2]))
    """
    return split_in(input, split_size, dim)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return ``split``, whose parts the tape follows as safely here.  Source: torch.unsafe_split.

    >>> import minigrad
    >>> minigrad.unsafe_split(minigrad.arange(3), 2)
    (tensor([0, 1]), tensor([2]))
    """
    return split_in(input, split_size, dim)
