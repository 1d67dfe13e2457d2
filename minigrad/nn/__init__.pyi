from minigrad.nn import (
    functional as functional,
)
from minigrad.nn import (
    init as init,
)
from minigrad.nn import (
    utils as utils,
)
from minigrad.nn.modules.activation import (
    CELU as CELU,
)
from minigrad.nn.modules.activation import (
    ELU as ELU,
)
from minigrad.nn.modules.activation import (
    GELU as GELU,
)
from minigrad.nn.modules.activation import (
    GLU as GLU,
)
from minigrad.nn.modules.activation import (
    SELU as SELU,
)
from minigrad.nn.modules.activation import (
    Hardshrink as Hardshrink,
)
from minigrad.nn.modules.activation import (
    Hardsigmoid as Hardsigmoid,
)
from minigrad.nn.modules.activation import (
    Hardswish as Hardswish,
)
from minigrad.nn.modules.activation import (
    Hardtanh as Hardtanh,
)
from minigrad.nn.modules.activation import (
    LeakyReLU as LeakyReLU,
)
from minigrad.nn.modules.activation import (
    LogSigmoid as LogSigmoid,
)
from minigrad.nn.modules.activation import (
    Mish as Mish,
)
from minigrad.nn.modules.activation import (
    PReLU as PReLU,
)
from minigrad.nn.modules.activation import (
    ReLU as ReLU,
)
from minigrad.nn.modules.activation import (
    ReLU6 as ReLU6,
)
from minigrad.nn.modules.activation import (
    RReLU as RReLU,
)
from minigrad.nn.modules.activation import (
    Sigmoid as Sigmoid,
)
from minigrad.nn.modules.activation import (
    SiLU as SiLU,
)
from minigrad.nn.modules.activation import (
    Softplus as Softplus,
)
from minigrad.nn.modules.activation import (
    Softshrink as Softshrink,
)
from minigrad.nn.modules.activation import (
    Softsign as Softsign,
)
from minigrad.nn.modules.activation import (
    Tanh as Tanh,
)
from minigrad.nn.modules.activation import (
    Tanhshrink as Tanhshrink,
)
from minigrad.nn.modules.activation import (
    Threshold as Threshold,
)
from minigrad.nn.modules.adaptive import (
    AdaptiveLogSoftmaxWithLoss as AdaptiveLogSoftmaxWithLoss,
)
from minigrad.nn.modules.attention import MultiheadAttention as MultiheadAttention
from minigrad.nn.modules.batchnorm import (
    BatchNorm1d as BatchNorm1d,
)
from minigrad.nn.modules.batchnorm import (
    BatchNorm2d as BatchNorm2d,
)
from minigrad.nn.modules.batchnorm import (
    BatchNorm3d as BatchNorm3d,
)
from minigrad.nn.modules.container import (
    ModuleDict as ModuleDict,
)
from minigrad.nn.modules.container import (
    ModuleList as ModuleList,
)
from minigrad.nn.modules.container import (
    Sequential as Sequential,
)
from minigrad.nn.modules.conv import (
    Conv1d as Conv1d,
)
from minigrad.nn.modules.conv import (
    Conv2d as Conv2d,
)
from minigrad.nn.modules.conv import (
    Conv3d as Conv3d,
)
from minigrad.nn.modules.conv import (
    ConvTranspose1d as ConvTranspose1d,
)
from minigrad.nn.modules.conv import (
    ConvTranspose2d as ConvTranspose2d,
)
from minigrad.nn.modules.conv import (
    ConvTranspose3d as ConvTranspose3d,
)
from minigrad.nn.modules.distance import (
    Bilinear as Bilinear,
)
from minigrad.nn.modules.distance import (
    CosineSimilarity as CosineSimilarity,
)
from minigrad.nn.modules.distance import (
    PairwiseDistance as PairwiseDistance,
)
from minigrad.nn.modules.dropout import (
    AlphaDropout as AlphaDropout,
)
from minigrad.nn.modules.dropout import (
    Dropout as Dropout,
)
from minigrad.nn.modules.dropout import (
    Dropout1d as Dropout1d,
)
from minigrad.nn.modules.dropout import (
    Dropout2d as Dropout2d,
)
from minigrad.nn.modules.dropout import (
    Dropout3d as Dropout3d,
)
from minigrad.nn.modules.dropout import (
    FeatureAlphaDropout as FeatureAlphaDropout,
)
from minigrad.nn.modules.flatten import (
    Flatten as Flatten,
)
from minigrad.nn.modules.flatten import (
    Unflatten as Unflatten,
)
from minigrad.nn.modules.fold import (
    Fold as Fold,
)
from minigrad.nn.modules.fold import (
    Unfold as Unfold,
)
from minigrad.nn.modules.instancenorm import (
    InstanceNorm1d as InstanceNorm1d,
)
from minigrad.nn.modules.instancenorm import (
    InstanceNorm2d as InstanceNorm2d,
)
from minigrad.nn.modules.instancenorm import (
    InstanceNorm3d as InstanceNorm3d,
)
from minigrad.nn.modules.lazy import (
    LazyBatchNorm1d as LazyBatchNorm1d,
)
from minigrad.nn.modules.lazy import (
    LazyBatchNorm2d as LazyBatchNorm2d,
)
from minigrad.nn.modules.lazy import (
    LazyBatchNorm3d as LazyBatchNorm3d,
)
from minigrad.nn.modules.lazy import (
    LazyConv1d as LazyConv1d,
)
from minigrad.nn.modules.lazy import (
    LazyConv2d as LazyConv2d,
)
from minigrad.nn.modules.lazy import (
    LazyConv3d as LazyConv3d,
)
from minigrad.nn.modules.lazy import (
    LazyConvTranspose1d as LazyConvTranspose1d,
)
from minigrad.nn.modules.lazy import (
    LazyConvTranspose2d as LazyConvTranspose2d,
)
from minigrad.nn.modules.lazy import (
    LazyConvTranspose3d as LazyConvTranspose3d,
)
from minigrad.nn.modules.lazy import (
    LazyInstanceNorm1d as LazyInstanceNorm1d,
)
from minigrad.nn.modules.lazy import (
    LazyInstanceNorm2d as LazyInstanceNorm2d,
)
from minigrad.nn.modules.lazy import (
    LazyInstanceNorm3d as LazyInstanceNorm3d,
)
from minigrad.nn.modules.lazy import (
    LazyLinear as LazyLinear,
)
from minigrad.nn.modules.linear import (
    Identity as Identity,
)
from minigrad.nn.modules.linear import (
    Linear as Linear,
)
from minigrad.nn.modules.loss import (
    BCELoss as BCELoss,
)
from minigrad.nn.modules.loss import (
    BCEWithLogitsLoss as BCEWithLogitsLoss,
)
from minigrad.nn.modules.loss import (
    CrossEntropyLoss as CrossEntropyLoss,
)
from minigrad.nn.modules.loss import (
    HuberLoss as HuberLoss,
)
from minigrad.nn.modules.loss import (
    KLDivLoss as KLDivLoss,
)
from minigrad.nn.modules.loss import (
    L1Loss as L1Loss,
)
from minigrad.nn.modules.loss import (
    MSELoss as MSELoss,
)
from minigrad.nn.modules.loss import (
    NLLLoss as NLLLoss,
)
from minigrad.nn.modules.loss import (
    SmoothL1Loss as SmoothL1Loss,
)
from minigrad.nn.modules.margin_loss import (
    CosineEmbeddingLoss as CosineEmbeddingLoss,
)
from minigrad.nn.modules.margin_loss import (
    CTCLoss as CTCLoss,
)
from minigrad.nn.modules.margin_loss import (
    GaussianNLLLoss as GaussianNLLLoss,
)
from minigrad.nn.modules.margin_loss import (
    HingeEmbeddingLoss as HingeEmbeddingLoss,
)
from minigrad.nn.modules.margin_loss import (
    MarginRankingLoss as MarginRankingLoss,
)
from minigrad.nn.modules.margin_loss import (
    MultiLabelMarginLoss as MultiLabelMarginLoss,
)
from minigrad.nn.modules.margin_loss import (
    MultiLabelSoftMarginLoss as MultiLabelSoftMarginLoss,
)
from minigrad.nn.modules.margin_loss import (
    MultiMarginLoss as MultiMarginLoss,
)
from minigrad.nn.modules.margin_loss import (
    PoissonNLLLoss as PoissonNLLLoss,
)
from minigrad.nn.modules.margin_loss import (
    SoftMarginLoss as SoftMarginLoss,
)
from minigrad.nn.modules.margin_loss import (
    TripletMarginLoss as TripletMarginLoss,
)
from minigrad.nn.modules.margin_loss import (
    TripletMarginWithDistanceLoss as TripletMarginWithDistanceLoss,
)
from minigrad.nn.modules.module import Module as Module
from minigrad.nn.modules.normalization import (
    CrossMapLRN2d as CrossMapLRN2d,
)
from minigrad.nn.modules.normalization import (
    GroupNorm as GroupNorm,
)
from minigrad.nn.modules.normalization import (
    LayerNorm as LayerNorm,
)
from minigrad.nn.modules.normalization import (
    LocalResponseNorm as LocalResponseNorm,
)
from minigrad.nn.modules.normalization import (
    RMSNorm as RMSNorm,
)
from minigrad.nn.modules.padding import (
    CircularPad1d as CircularPad1d,
)
from minigrad.nn.modules.padding import (
    CircularPad2d as CircularPad2d,
)
from minigrad.nn.modules.padding import (
    CircularPad3d as CircularPad3d,
)
from minigrad.nn.modules.padding import (
    ConstantPad1d as ConstantPad1d,
)
from minigrad.nn.modules.padding import (
    ConstantPad2d as ConstantPad2d,
)
from minigrad.nn.modules.padding import (
    ConstantPad3d as ConstantPad3d,
)
from minigrad.nn.modules.padding import (
    ReflectionPad1d as ReflectionPad1d,
)
from minigrad.nn.modules.padding import (
    ReflectionPad2d as ReflectionPad2d,
)
from minigrad.nn.modules.padding import (
    ReflectionPad3d as ReflectionPad3d,
)
from minigrad.nn.modules.padding import (
    ReplicationPad1d as ReplicationPad1d,
)
from minigrad.nn.modules.padding import (
    ReplicationPad2d as ReplicationPad2d,
)
from minigrad.nn.modules.padding import (
    ReplicationPad3d as ReplicationPad3d,
)
from minigrad.nn.modules.padding import (
    ZeroPad1d as ZeroPad1d,
)
from minigrad.nn.modules.padding import (
    ZeroPad2d as ZeroPad2d,
)
from minigrad.nn.modules.padding import (
    ZeroPad3d as ZeroPad3d,
)
from minigrad.nn.modules.parameters import (
    ParameterDict as ParameterDict,
)
from minigrad.nn.modules.parameters import (
    ParameterList as ParameterList,
)
from minigrad.nn.modules.pixelshuffle import (
    ChannelShuffle as ChannelShuffle,
)
from minigrad.nn.modules.pixelshuffle import (
    PixelShuffle as PixelShuffle,
)
from minigrad.nn.modules.pixelshuffle import (
    PixelUnshuffle as PixelUnshuffle,
)
from minigrad.nn.modules.pooling import (
    AdaptiveAvgPool1d as AdaptiveAvgPool1d,
)
from minigrad.nn.modules.pooling import (
    AdaptiveAvgPool2d as AdaptiveAvgPool2d,
)
from minigrad.nn.modules.pooling import (
    AdaptiveAvgPool3d as AdaptiveAvgPool3d,
)
from minigrad.nn.modules.pooling import (
    AvgPool1d as AvgPool1d,
)
from minigrad.nn.modules.pooling import (
    AvgPool2d as AvgPool2d,
)
from minigrad.nn.modules.pooling import (
    AvgPool3d as AvgPool3d,
)
from minigrad.nn.modules.pooling import (
    MaxPool1d as MaxPool1d,
)
from minigrad.nn.modules.pooling import (
    MaxPool2d as MaxPool2d,
)
from minigrad.nn.modules.pooling import (
    MaxPool3d as MaxPool3d,
)
from minigrad.nn.modules.rnn import (
    GRU as GRU,
)
from minigrad.nn.modules.rnn import (
    LSTM as LSTM,
)
from minigrad.nn.modules.rnn import (
    RNN as RNN,
)
from minigrad.nn.modules.rnn import (
    RNNBase as RNNBase,
)
from minigrad.nn.modules.rnn_cell import (
    GRUCell as GRUCell,
)
from minigrad.nn.modules.rnn_cell import (
    LSTMCell as LSTMCell,
)
from minigrad.nn.modules.rnn_cell import (
    RNNCell as RNNCell,
)
from minigrad.nn.modules.rnn_cell import (
    RNNCellBase as RNNCellBase,
)
from minigrad.nn.modules.softmax import (
    LogSoftmax as LogSoftmax,
)
from minigrad.nn.modules.softmax import (
    Softmax as Softmax,
)
from minigrad.nn.modules.softmax import (
    Softmax2d as Softmax2d,
)
from minigrad.nn.modules.softmax import (
    Softmin as Softmin,
)
from minigrad.nn.modules.sparse import (
    Embedding as Embedding,
)
from minigrad.nn.modules.sparse import (
    EmbeddingBag as EmbeddingBag,
)
from minigrad.nn.modules.transformer import (
    Transformer as Transformer,
)
from minigrad.nn.modules.transformer import (
    TransformerDecoder as TransformerDecoder,
)
from minigrad.nn.modules.transformer import (
    TransformerDecoderLayer as TransformerDecoderLayer,
)
from minigrad.nn.modules.transformer import (
    TransformerEncoder as TransformerEncoder,
)
from minigrad.nn.modules.transformer import (
    TransformerEncoderLayer as TransformerEncoderLayer,
)
from minigrad.nn.modules.unpooling import (
    AdaptiveMaxPool1d as AdaptiveMaxPool1d,
)
from minigrad.nn.modules.unpooling import (
    AdaptiveMaxPool2d as AdaptiveMaxPool2d,
)
from minigrad.nn.modules.unpooling import (
    AdaptiveMaxPool3d as AdaptiveMaxPool3d,
)
from minigrad.nn.modules.unpooling import (
    FractionalMaxPool2d as FractionalMaxPool2d,
)
from minigrad.nn.modules.unpooling import (
    FractionalMaxPool3d as FractionalMaxPool3d,
)
from minigrad.nn.modules.unpooling import (
    LPPool1d as LPPool1d,
)
from minigrad.nn.modules.unpooling import (
    LPPool2d as LPPool2d,
)
from minigrad.nn.modules.unpooling import (
    LPPool3d as LPPool3d,
)
from minigrad.nn.modules.unpooling import (
    MaxUnpool1d as MaxUnpool1d,
)
from minigrad.nn.modules.unpooling import (
    MaxUnpool2d as MaxUnpool2d,
)
from minigrad.nn.modules.unpooling import (
    MaxUnpool3d as MaxUnpool3d,
)
from minigrad.nn.modules.upsampling import (
    Upsample as Upsample,
)
from minigrad.nn.modules.upsampling import (
    UpsamplingBilinear2d as UpsamplingBilinear2d,
)
from minigrad.nn.modules.upsampling import (
    UpsamplingNearest2d as UpsamplingNearest2d,
)
from minigrad.nn.parameter import (
    Buffer as Buffer,
)
from minigrad.nn.parameter import (
    Parameter as Parameter,
)
from minigrad.nn.parameter import (
    UninitializedBuffer as UninitializedBuffer,
)
from minigrad.nn.parameter import (
    UninitializedParameter as UninitializedParameter,
)
