"""Layers and losses as functions, under the names of ``torch.nn.functional``.

Most are operations of ``minigrad.ops`` under a second name.  Those written out here are composed of
others.
"""

from minigrad.dtypes import int64
from minigrad.ops.activation import (
    celu,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu6,
    selu,
    silu,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
)
from minigrad.ops.attention import multi_head_attention_forward, scaled_dot_product_attention
from minigrad.ops.conv import conv1d, conv2d
from minigrad.ops.conv3d import conv3d, conv_transpose3d
from minigrad.ops.conv_transpose import conv_transpose1d, conv_transpose2d
from minigrad.ops.creation import zeros
from minigrad.ops.cross_entropy import cross_entropy, nll_loss
from minigrad.ops.ctc_loss import ctc_loss
from minigrad.ops.distance import bilinear, cosine_similarity, pairwise_distance, pdist
from minigrad.ops.dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from minigrad.ops.embedding import embedding, embedding_bag
from minigrad.ops.grid_sample import affine_grid, grid_sample
from minigrad.ops.interpolate import interpolate, upsample, upsample_bilinear, upsample_nearest
from minigrad.ops.layer_norm import (
    group_norm,
    instance_norm,
    layer_norm,
    local_response_norm,
    rms_norm,
)
from minigrad.ops.linalg import linear
from minigrad.ops.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from minigrad.ops.margin_loss import (
    cosine_embedding_loss,
    gaussian_nll_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    poisson_nll_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from minigrad.ops.math import relu as _relu
from minigrad.ops.math import sigmoid, tanh
from minigrad.ops.max_pool import (
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    fractional_max_pool2d,
    fractional_max_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from minigrad.ops.norm import batch_norm
from minigrad.ops.pad import pad
from minigrad.ops.patches import fold, unfold
from minigrad.ops.pixels import channel_shuffle, pixel_shuffle, pixel_unshuffle
from minigrad.ops.pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
)
from minigrad.ops.pool3d import (
    adaptive_avg_pool3d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool3d,
)
from minigrad.ops.random_activation import (
    celu_,
    elu_,
    gumbel_softmax,
    hardtanh_,
    leaky_relu_,
    rrelu,
    rrelu_,
    selu_,
    threshold_,
)
from minigrad.ops.softmax import log_softmax, softmax, softmin
from minigrad.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "elu_",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rms_norm",
    "rrelu",
    "rrelu_",
    "scaled_dot_product_attention",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
    "unfold",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]


def relu(input, inplace=False) -> Tensor:
    """Return ``max(input, 0)``, with ``inplace`` in the input's own memory.

    Source: ``torch.nn.functional.relu``.

    >>> import minigrad
    >>> minigrad.nn.functional.relu(minigrad.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else _relu(input)


def relu_(input):
    """The same as ``relu(input, inplace=True)``."""
    return input.relu_()


def one_hot(tensor, num_classes=-1) -> Tensor:
    """Return for each class index a row of 0 with a 1 at that index.

    Args:
        tensor: int64 Tensor of any shape.
        num_classes: length of the rows; -1 means just enough.

    Shape: ``(*)`` to ``(*, num_classes)``, int64.

    Raises RuntimeError if the dtype is not int64 or an index is negative or too large.

    Source: ``torch.nn.functional.one_hot``.

    >>> import minigrad
    >>> minigrad.nn.functional.one_hot(minigrad.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.dtype is not int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of int64, got {tensor.dtype}"
        )
    if tensor.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    smallest, largest = (tensor.min().item(), tensor.max().item()) if tensor.numel() else (0, 0)
    if smallest < 0:
        raise RuntimeError(f"Class values must be non-negative, got {smallest}.")
    if num_classes == -1:
        num_classes = largest + 1
    elif largest >= num_classes:
        raise RuntimeError(
            f"Class values must be smaller than num_classes: got {largest} of {num_classes}."
        )
    rows = zeros(*tensor.shape, num_classes, dtype=int64)
    return rows.scatter(-1, tensor.unsqueeze(-1), 1)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None) -> Tensor:
    """Return ``input`` divided by its p-norm over ``dim``, or by ``eps`` if that is larger.

    ``out``: a tensor to write the result into.

    Source: ``torch.nn.functional.normalize``.

    >>> import minigrad
    >>> minigrad.nn.functional.normalize(minigrad.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    unit = input / input.norm(p, dim, keepdim=True).clamp_min(eps)
    return unit if out is None else out.copy_(unit)
