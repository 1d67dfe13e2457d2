from minigrad.ops.activation import (
    celu as celu,
)
from minigrad.ops.activation import (
    elu as elu,
)
from minigrad.ops.activation import (
    gelu as gelu,
)
from minigrad.ops.activation import (
    glu as glu,
)
from minigrad.ops.activation import (
    hardshrink as hardshrink,
)
from minigrad.ops.activation import (
    hardsigmoid as hardsigmoid,
)
from minigrad.ops.activation import (
    hardswish as hardswish,
)
from minigrad.ops.activation import (
    hardtanh as hardtanh,
)
from minigrad.ops.activation import (
    leaky_relu as leaky_relu,
)
from minigrad.ops.activation import (
    logsigmoid as logsigmoid,
)
from minigrad.ops.activation import (
    mish as mish,
)
from minigrad.ops.activation import (
    prelu as prelu,
)
from minigrad.ops.activation import (
    relu6 as relu6,
)
from minigrad.ops.activation import (
    selu as selu,
)
from minigrad.ops.activation import (
    silu as silu,
)
from minigrad.ops.activation import (
    softplus as softplus,
)
from minigrad.ops.activation import (
    softshrink as softshrink,
)
from minigrad.ops.activation import (
    softsign as softsign,
)
from minigrad.ops.activation import (
    tanhshrink as tanhshrink,
)
from minigrad.ops.activation import (
    threshold as threshold,
)
from minigrad.ops.attention import (
    multi_head_attention_forward as multi_head_attention_forward,
)
from minigrad.ops.attention import (
    scaled_dot_product_attention as scaled_dot_product_attention,
)
from minigrad.ops.conv import (
    conv1d as conv1d,
)
from minigrad.ops.conv import (
    conv2d as conv2d,
)
from minigrad.ops.conv3d import (
    conv3d as conv3d,
)
from minigrad.ops.conv3d import (
    conv_transpose3d as conv_transpose3d,
)
from minigrad.ops.conv_transpose import (
    conv_transpose1d as conv_transpose1d,
)
from minigrad.ops.conv_transpose import (
    conv_transpose2d as conv_transpose2d,
)
from minigrad.ops.cross_entropy import (
    cross_entropy as cross_entropy,
)
from minigrad.ops.cross_entropy import (
    nll_loss as nll_loss,
)
from minigrad.ops.ctc_loss import ctc_loss as ctc_loss
from minigrad.ops.distance import (
    bilinear as bilinear,
)
from minigrad.ops.distance import (
    cosine_similarity as cosine_similarity,
)
from minigrad.ops.distance import (
    pairwise_distance as pairwise_distance,
)
from minigrad.ops.distance import (
    pdist as pdist,
)
from minigrad.ops.dropout import (
    alpha_dropout as alpha_dropout,
)
from minigrad.ops.dropout import (
    dropout as dropout,
)
from minigrad.ops.dropout import (
    dropout1d as dropout1d,
)
from minigrad.ops.dropout import (
    dropout2d as dropout2d,
)
from minigrad.ops.dropout import (
    dropout3d as dropout3d,
)
from minigrad.ops.dropout import (
    feature_alpha_dropout as feature_alpha_dropout,
)
from minigrad.ops.embedding import (
    embedding as embedding,
)
from minigrad.ops.embedding import (
    embedding_bag as embedding_bag,
)
from minigrad.ops.functional import (
    normalize as normalize,
)
from minigrad.ops.functional import (
    relu as relu,
)
from minigrad.ops.functional import (
    relu_ as relu_,
)
from minigrad.ops.grid_sample import (
    affine_grid as affine_grid,
)
from minigrad.ops.grid_sample import (
    grid_sample as grid_sample,
)
from minigrad.ops.interpolate import (
    interpolate as interpolate,
)
from minigrad.ops.interpolate import (
    upsample as upsample,
)
from minigrad.ops.interpolate import (
    upsample_bilinear as upsample_bilinear,
)
from minigrad.ops.interpolate import (
    upsample_nearest as upsample_nearest,
)
from minigrad.ops.layer_norm import (
    group_norm as group_norm,
)
from minigrad.ops.layer_norm import (
    instance_norm as instance_norm,
)
from minigrad.ops.layer_norm import (
    layer_norm as layer_norm,
)
from minigrad.ops.layer_norm import (
    local_response_norm as local_response_norm,
)
from minigrad.ops.layer_norm import (
    rms_norm as rms_norm,
)
from minigrad.ops.linalg import linear as linear
from minigrad.ops.linear_cross_entropy import linear_cross_entropy as linear_cross_entropy
from minigrad.ops.loss import (
    binary_cross_entropy as binary_cross_entropy,
)
from minigrad.ops.loss import (
    binary_cross_entropy_with_logits as binary_cross_entropy_with_logits,
)
from minigrad.ops.loss import (
    huber_loss as huber_loss,
)
from minigrad.ops.loss import (
    kl_div as kl_div,
)
from minigrad.ops.loss import (
    l1_loss as l1_loss,
)
from minigrad.ops.loss import (
    mse_loss as mse_loss,
)
from minigrad.ops.loss import (
    smooth_l1_loss as smooth_l1_loss,
)
from minigrad.ops.margin_loss import (
    cosine_embedding_loss as cosine_embedding_loss,
)
from minigrad.ops.margin_loss import (
    gaussian_nll_loss as gaussian_nll_loss,
)
from minigrad.ops.margin_loss import (
    hinge_embedding_loss as hinge_embedding_loss,
)
from minigrad.ops.margin_loss import (
    margin_ranking_loss as margin_ranking_loss,
)
from minigrad.ops.margin_loss import (
    multi_margin_loss as multi_margin_loss,
)
from minigrad.ops.margin_loss import (
    multilabel_margin_loss as multilabel_margin_loss,
)
from minigrad.ops.margin_loss import (
    multilabel_soft_margin_loss as multilabel_soft_margin_loss,
)
from minigrad.ops.margin_loss import (
    poisson_nll_loss as poisson_nll_loss,
)
from minigrad.ops.margin_loss import (
    soft_margin_loss as soft_margin_loss,
)
from minigrad.ops.margin_loss import (
    triplet_margin_loss as triplet_margin_loss,
)
from minigrad.ops.margin_loss import (
    triplet_margin_with_distance_loss as triplet_margin_with_distance_loss,
)
from minigrad.ops.math import (
    sigmoid as sigmoid,
)
from minigrad.ops.math import (
    tanh as tanh,
)
from minigrad.ops.max_pool import (
    adaptive_max_pool1d as adaptive_max_pool1d,
)
from minigrad.ops.max_pool import (
    adaptive_max_pool2d as adaptive_max_pool2d,
)
from minigrad.ops.max_pool import (
    adaptive_max_pool3d as adaptive_max_pool3d,
)
from minigrad.ops.max_pool import (
    fractional_max_pool2d as fractional_max_pool2d,
)
from minigrad.ops.max_pool import (
    fractional_max_pool3d as fractional_max_pool3d,
)
from minigrad.ops.max_pool import (
    max_unpool1d as max_unpool1d,
)
from minigrad.ops.max_pool import (
    max_unpool2d as max_unpool2d,
)
from minigrad.ops.max_pool import (
    max_unpool3d as max_unpool3d,
)
from minigrad.ops.norm import batch_norm as batch_norm
from minigrad.ops.pad import pad as pad
from minigrad.ops.patches import (
    fold as fold,
)
from minigrad.ops.patches import (
    unfold as unfold,
)
from minigrad.ops.pixels import (
    channel_shuffle as channel_shuffle,
)
from minigrad.ops.pixels import (
    pixel_shuffle as pixel_shuffle,
)
from minigrad.ops.pixels import (
    pixel_unshuffle as pixel_unshuffle,
)
from minigrad.ops.pool import (
    adaptive_avg_pool1d as adaptive_avg_pool1d,
)
from minigrad.ops.pool import (
    adaptive_avg_pool2d as adaptive_avg_pool2d,
)
from minigrad.ops.pool import (
    avg_pool1d as avg_pool1d,
)
from minigrad.ops.pool import (
    avg_pool2d as avg_pool2d,
)
from minigrad.ops.pool import (
    max_pool1d as max_pool1d,
)
from minigrad.ops.pool import (
    max_pool2d as max_pool2d,
)
from minigrad.ops.pool3d import (
    adaptive_avg_pool3d as adaptive_avg_pool3d,
)
from minigrad.ops.pool3d import (
    avg_pool3d as avg_pool3d,
)
from minigrad.ops.pool3d import (
    lp_pool1d as lp_pool1d,
)
from minigrad.ops.pool3d import (
    lp_pool2d as lp_pool2d,
)
from minigrad.ops.pool3d import (
    lp_pool3d as lp_pool3d,
)
from minigrad.ops.pool3d import (
    max_pool3d as max_pool3d,
)
from minigrad.ops.random_activation import (
    celu_ as celu_,
)
from minigrad.ops.random_activation import (
    elu_ as elu_,
)
from minigrad.ops.random_activation import (
    gumbel_softmax as gumbel_softmax,
)
from minigrad.ops.random_activation import (
    hardtanh_ as hardtanh_,
)
from minigrad.ops.random_activation import (
    leaky_relu_ as leaky_relu_,
)
from minigrad.ops.random_activation import (
    rrelu as rrelu,
)
from minigrad.ops.random_activation import (
    rrelu_ as rrelu_,
)
from minigrad.ops.random_activation import (
    selu_ as selu_,
)
from minigrad.ops.random_activation import (
    threshold_ as threshold_,
)
from minigrad.ops.rows import one_hot as one_hot
from minigrad.ops.softmax import (
    log_softmax as log_softmax,
)
from minigrad.ops.softmax import (
    softmax as softmax,
)
from minigrad.ops.softmax import (
    softmin as softmin,
)
