"""What ``import minigrad`` gives."""

import builtins
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi

from minigrad import __config__ as __config__
from minigrad import _with_out
from minigrad import accelerator as accelerator
from minigrad import amp as amp
from minigrad import attributes as attributes
from minigrad import autograd as autograd
from minigrad import backends as backends
from minigrad import compiler as compiler
from minigrad import config as config
from minigrad import convert as convert
from minigrad import cpu as cpu
from minigrad import cuda as cuda
from minigrad import distributed as distributed
from minigrad import distributions as distributions
from minigrad import dtypes as dtypes
from minigrad import formatting as formatting
from minigrad import func as func
from minigrad import hub as hub
from minigrad import jit as jit
from minigrad import kernels as kernels
from minigrad import linalg as linalg
from minigrad import memory as memory
from minigrad import mps as mps
from minigrad import multiprocessing as multiprocessing
from minigrad import nn as nn
from minigrad import onnx as onnx
from minigrad import operators as operators
from minigrad import ops as ops
from minigrad import optim as optim
from minigrad import profiler as profiler
from minigrad import random as random
from minigrad import return_types as return_types
from minigrad import serialization as serialization
from minigrad import settings as settings
from minigrad import special as special
from minigrad import tape as tape
from minigrad import testing as testing
from minigrad import types as types
from minigrad import utils as utils
from minigrad import version as version
from minigrad import walk as walk
from minigrad import xpu as xpu
from minigrad.amp import GradScaler as GradScaler
from minigrad.amp import autocast as autocast
from minigrad.amp import is_autocast_enabled as is_autocast_enabled
from minigrad.attributes import Size as Size
from minigrad.attributes import contiguous_format as contiguous_format
from minigrad.attributes import device as device
from minigrad.attributes import layout as layout
from minigrad.attributes import memory_format as memory_format
from minigrad.attributes import preserve_format as preserve_format
from minigrad.attributes import strided as strided
from minigrad.autograd import enable_grad as enable_grad
from minigrad.autograd import inference_mode as inference_mode
from minigrad.autograd import is_grad_enabled as is_grad_enabled
from minigrad.autograd import is_inference_mode_enabled as is_inference_mode_enabled
from minigrad.autograd import no_grad as no_grad
from minigrad.autograd import set_grad_enabled as set_grad_enabled
from minigrad.autograd.anomaly_mode import (
    is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
)
from minigrad.autograd.anomaly_mode import is_anomaly_enabled as is_anomaly_enabled
from minigrad.compiler import compile as compile
from minigrad.config import __version__ as __version__
from minigrad.config import finfo as finfo
from minigrad.config import get_num_threads as get_num_threads
from minigrad.config import iinfo as iinfo
from minigrad.config import set_num_threads as set_num_threads
from minigrad.config import show_config as show_config
from minigrad.dtypes import dtype as dtype
from minigrad.dtypes import float16 as float16
from minigrad.dtypes import float32 as float32
from minigrad.dtypes import float64 as float64
from minigrad.dtypes import get_default_dtype as get_default_dtype
from minigrad.dtypes import int8 as int8
from minigrad.dtypes import int16 as int16
from minigrad.dtypes import int32 as int32
from minigrad.dtypes import int64 as int64
from minigrad.dtypes import promote_types as promote_types
from minigrad.dtypes import set_default_dtype as set_default_dtype
from minigrad.dtypes import uint8 as uint8
from minigrad.formatting import get_printoptions as get_printoptions
from minigrad.formatting import set_printoptions as set_printoptions
from minigrad.func import vmap as vmap
from minigrad.ops.gamma_draws import _sample_dirichlet as _sample_dirichlet
from minigrad.ops.gamma_draws import _standard_gamma as _standard_gamma
from minigrad.ops.generator import Generator as Generator
from minigrad.ops.generator import default_generator as default_generator
from minigrad.ops.legacy import BoolTensor as BoolTensor
from minigrad.ops.legacy import ByteTensor as ByteTensor
from minigrad.ops.legacy import CharTensor as CharTensor
from minigrad.ops.legacy import DoubleTensor as DoubleTensor
from minigrad.ops.legacy import FloatTensor as FloatTensor
from minigrad.ops.legacy import HalfTensor as HalfTensor
from minigrad.ops.legacy import IntTensor as IntTensor
from minigrad.ops.legacy import LongTensor as LongTensor
from minigrad.ops.legacy import ShortTensor as ShortTensor
from minigrad.ops.storage import TypedStorage as TypedStorage
from minigrad.ops.storage import UntypedStorage as UntypedStorage
from minigrad.refusal import AcceleratorError as AcceleratorError
from minigrad.refusal import OutOfMemoryError as OutOfMemoryError
from minigrad.serialization import load as load
from minigrad.serialization import save as save
from minigrad.settings import (
    are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled,
)
from minigrad.settings import get_default_device as get_default_device
from minigrad.settings import get_deterministic_debug_mode as get_deterministic_debug_mode
from minigrad.settings import get_float32_matmul_precision as get_float32_matmul_precision
from minigrad.settings import get_num_interop_threads as get_num_interop_threads
from minigrad.settings import (
    is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled,
)
from minigrad.settings import is_warn_always_enabled as is_warn_always_enabled
from minigrad.settings import set_default_device as set_default_device
from minigrad.settings import set_deterministic_debug_mode as set_deterministic_debug_mode
from minigrad.settings import set_float32_matmul_precision as set_float32_matmul_precision
from minigrad.settings import set_flush_denormal as set_flush_denormal
from minigrad.settings import set_num_interop_threads as set_num_interop_threads
from minigrad.settings import set_warn_always as set_warn_always
from minigrad.settings import use_deterministic_algorithms as use_deterministic_algorithms
from minigrad.tensor import Tensor as Tensor

newaxis: None
bool: dtype
half: dtype
float: dtype
double: dtype
short: dtype
int: dtype
long: dtype

def is_tensor(obj: object) -> builtins.bool: ...

# What minigrad/ops/__init__.py lists as functions, by tests/package_stub.py.
abs = _with_out.abs
abs_ = ops.math.abs
absolute = _with_out.absolute
acos = _with_out.acos
acos_ = ops.math.acos
acosh = _with_out.acosh
acosh_ = ops.pointwise.acosh
adaptive_avg_pool1d = ops.pool.adaptive_avg_pool1d
add = _with_out.add
addbmm = _with_out.addbmm
addcdiv = _with_out.addcdiv
addcmul = _with_out.addcmul
addmm = _with_out.addmm
addmv = _with_out.addmv
addmv_ = ops.products.addmv
addr = _with_out.addr
adjoint = ops.arrange.adjoint
all = _with_out.all
allclose = ops.closeness.allclose
alpha_dropout = ops.forms.alpha_dropout
amax = _with_out.amax
amin = _with_out.amin
aminmax = _with_out.aminmax
angle = _with_out.angle
any = _with_out.any
arange = _with_out.arange
arccos = _with_out.arccos
arccos_ = ops.math.acos
arccosh = _with_out.arccosh
arccosh_ = ops.pointwise.acosh
arcsin = _with_out.arcsin
arcsin_ = ops.math.asin
arcsinh = _with_out.arcsinh
arcsinh_ = ops.pointwise.asinh
arctan = _with_out.arctan
arctan2 = _with_out.arctan2
arctan_ = ops.math.atan
arctanh = _with_out.arctanh
arctanh_ = ops.pointwise.atanh
argmax = _with_out.argmax
argmin = _with_out.argmin
argsort = _with_out.argsort
argwhere = ops.indexing.argwhere
as_strided = ops.strided.as_strided
as_strided_ = ops.strided.as_strided_
as_strided_scatter = ops.strided.as_strided_scatter
as_tensor = ops.creation.as_tensor
asarray = ops.creation.asarray
asin = _with_out.asin
asin_ = ops.math.asin
asinh = _with_out.asinh
asinh_ = ops.pointwise.asinh
atan = _with_out.atan
atan2 = _with_out.atan2
atan_ = ops.math.atan
atanh = _with_out.atanh
atanh_ = ops.pointwise.atanh
atleast_1d = ops.arrange.atleast_1d
atleast_2d = ops.arrange.atleast_2d
atleast_3d = ops.arrange.atleast_3d
avg_pool1d = ops.pool.avg_pool1d
baddbmm = _with_out.baddbmm
bartlett_window = ops.signal.bartlett_window
bernoulli = _with_out.bernoulli
bilinear = ops.distance.bilinear
bincount = ops.histograms.bincount
binomial = ops.distributions.binomial
bitwise_and = _with_out.bitwise_and
bitwise_left_shift = _with_out.bitwise_left_shift
bitwise_not = _with_out.bitwise_not
bitwise_or = _with_out.bitwise_or
bitwise_right_shift = _with_out.bitwise_right_shift
bitwise_xor = _with_out.bitwise_xor
blackman_window = ops.signal.blackman_window
block_diag = ops.arrange.block_diag
bmm = _with_out.bmm
broadcast_shapes = ops.arrange.broadcast_shapes
broadcast_tensors = ops.shape.broadcast_tensors
broadcast_to = ops.shape.broadcast_to
bucketize = _with_out.bucketize
can_cast = ops.kinds.can_cast
cartesian_prod = ops.arrange.cartesian_prod
cat = _with_out.cat
cdist = ops.statistics.cdist
ceil = _with_out.ceil
ceil_ = ops.math.ceil
celu = ops.activation.celu
celu_ = ops.random_activation.celu_
chain_matmul = _with_out.chain_matmul
channel_shuffle = ops.pixels.channel_shuffle
cholesky = _with_out.cholesky
cholesky_inverse = _with_out.cholesky_inverse
cholesky_solve = _with_out.cholesky_solve
chunk = ops.join.chunk
clamp = _with_out.clamp
clamp_ = ops.elementwise.clamp
clamp_max = _with_out.clamp_max
clamp_max_ = ops.elementwise.clamp_max
clamp_min = _with_out.clamp_min
clamp_min_ = ops.elementwise.clamp_min
clip = _with_out.clip
clip_ = ops.elementwise.clamp
clone = ops.copy.clone
column_stack = _with_out.column_stack
combinations = ops.arrange.combinations
concat = _with_out.concat
concatenate = _with_out.concatenate
conj = ops.realness.conj
conj_physical = _with_out.conj_physical
conj_physical_ = ops.realness.conj_physical_
constant_pad_nd = ops.pad.constant_pad_nd
conv1d = ops.conv.conv1d
conv2d = ops.conv.conv2d
conv3d = ops.conv3d.conv3d
conv_transpose1d = ops.conv_transpose.conv_transpose1d
conv_transpose2d = ops.conv_transpose.conv_transpose2d
conv_transpose3d = ops.conv3d.conv_transpose3d
copysign = _with_out.copysign
corrcoef = ops.statistics.corrcoef
cos = _with_out.cos
cos_ = ops.math.cos
cosh = _with_out.cosh
cosh_ = ops.math.cosh
cosine_similarity = ops.distance.cosine_similarity
count_nonzero = ops.reduce.count_nonzero
cov = ops.statistics.cov
cross = _with_out.cross
cummax = _with_out.cummax
cummin = _with_out.cummin
cumprod = _with_out.cumprod
cumsum = _with_out.cumsum
cumulative_trapezoid = ops.running.cumulative_trapezoid
deg2rad = _with_out.deg2rad
deg2rad_ = ops.pointwise.deg2rad
det = ops.forms.det
detach = ops.kinds.detach
detach_ = ops.kinds.detach_
diag = _with_out.diag
diag_embed = ops.diagonals.diag_embed
diagflat = ops.diagonals.diagflat
diagonal = ops.strided.diagonal
diagonal_scatter = ops.strided.diagonal_scatter
diff = _with_out.diff
digamma = _with_out.digamma
dist = ops.statistics.dist
div = _with_out.div
divide = _with_out.divide
dot = _with_out.dot
dropout = ops.forms.dropout
dsplit = ops.splitting.dsplit
dstack = _with_out.dstack
einsum = ops.einsum.einsum
empty = _with_out.empty
empty_like = ops.creation.empty_like
empty_permuted = ops.signal.empty_permuted
empty_strided = ops.signal.empty_strided
eq = _with_out.eq
equal = ops.closeness.equal
erf = _with_out.erf
erf_ = ops.math.erf
erfc = _with_out.erfc
erfc_ = ops.math.erfc
erfinv = _with_out.erfinv
exp = _with_out.exp
exp2 = _with_out.exp2
exp2_ = ops.math.exp2
exp_ = ops.math.exp
expm1 = _with_out.expm1
expm1_ = ops.math.expm1
eye = _with_out.eye
feature_alpha_dropout = ops.forms.feature_alpha_dropout
fill = ops.indexing.fill
fill_ = ops.inplace.fill_
fix = _with_out.fix
fix_ = ops.math.trunc
flatten = ops.shape.flatten
flip = ops.shape.flip
fliplr = ops.arrange.fliplr
flipud = ops.arrange.flipud
float_power = _with_out.float_power
floor = _with_out.floor
floor_ = ops.math.floor
floor_divide = _with_out.floor_divide
fmax = _with_out.fmax
fmin = _with_out.fmin
fmod = _with_out.fmod
frac = _with_out.frac
frac_ = ops.math.frac
frexp = _with_out.frexp
from_dlpack = ops.creation.from_dlpack
from_numpy = ops.creation.from_numpy
frombuffer = ops.signal.frombuffer
full = _with_out.full
full_like = ops.creation.full_like
gather = _with_out.gather
gcd = _with_out.gcd
gcd_ = ops.pointwise.gcd
ge = _with_out.ge
geqrf = _with_out.geqrf
ger = _with_out.ger
get_rng_state = ops.generator.get_rng_state
gradient = ops.running.gradient
greater = _with_out.greater
greater_equal = _with_out.greater_equal
group_norm = ops.forms.group_norm
gru_cell = ops.recurrent.gru_cell
gt = _with_out.gt
hamming_window = ops.signal.hamming_window
hann_window = ops.signal.hann_window
hardshrink = _with_out.hardshrink
heaviside = _with_out.heaviside
histc = _with_out.histc
histogram = _with_out.histogram
histogramdd = ops.histograms.histogramdd
hsplit = ops.splitting.hsplit
hstack = _with_out.hstack
hypot = _with_out.hypot
i0 = _with_out.i0
i0_ = ops.special.i0
igamma = _with_out.igamma
igammac = _with_out.igammac
imag = ops.realness.imag
index_add = _with_out.index_add
index_copy = _with_out.index_copy
index_fill = ops.indexing.index_fill
index_put = ops.indexing.index_put
index_put_ = ops.indexing.index_put
index_reduce = _with_out.index_reduce
index_select = _with_out.index_select
initial_seed = ops.generator.initial_seed
inner = _with_out.inner
instance_norm = ops.forms.instance_norm
inverse = _with_out.inverse
is_complex = ops.realness.is_complex
is_conj = ops.realness.is_conj
is_floating_point = ops.kinds.is_floating_point
is_inference = ops.legacy.is_inference
is_neg = ops.realness.is_conj
is_nonzero = ops.legacy.is_nonzero
is_same_size = ops.realness.is_same_size
is_signed = ops.legacy.is_signed
is_storage = ops.storage.is_storage
isclose = ops.closeness.isclose
isfinite = ops.math.isfinite
isin = _with_out.isin
isinf = ops.math.isinf
isnan = ops.math.isnan
isneginf = _with_out.isneginf
isposinf = _with_out.isposinf
isreal = ops.pointwise.isreal
kaiser_window = ops.signal.kaiser_window
kron = _with_out.kron
kthvalue = _with_out.kthvalue
layer_norm = ops.forms.layer_norm
lcm = _with_out.lcm
lcm_ = ops.pointwise.lcm
ldexp = _with_out.ldexp
ldexp_ = ops.pointwise.ldexp
le = _with_out.le
lerp = _with_out.lerp
less = _with_out.less
less_equal = _with_out.less_equal
lgamma = _with_out.lgamma
linspace = _with_out.linspace
log = _with_out.log
log10 = _with_out.log10
log10_ = ops.math.log10
log1p = _with_out.log1p
log1p_ = ops.math.log1p
log2 = _with_out.log2
log2_ = ops.math.log2
log_ = ops.math.log
log_softmax = _with_out.log_softmax
logaddexp = _with_out.logaddexp
logaddexp2 = _with_out.logaddexp2
logcumsumexp = _with_out.logcumsumexp
logdet = ops.matrices.logdet
logical_and = _with_out.logical_and
logical_not = _with_out.logical_not
logical_or = _with_out.logical_or
logical_xor = _with_out.logical_xor
logit = _with_out.logit
logit_ = ops.pointwise.logit
logspace = _with_out.logspace
logsumexp = _with_out.logsumexp
lstm_cell = ops.recurrent.lstm_cell
lt = _with_out.lt
lu_solve = _with_out.lu_solve
lu_unpack = _with_out.lu_unpack
manual_seed = ops.generator.manual_seed
masked_fill = ops.index.masked_fill
masked_scatter = ops.indexing.masked_scatter
masked_select = _with_out.masked_select
matmul = _with_out.matmul
matrix_exp = ops.matrices.matrix_exp
matrix_power = _with_out.matrix_power
max = _with_out.max
max_pool1d = ops.pool.max_pool1d
max_pool2d = ops.pool.max_pool2d
max_pool3d = ops.pool3d.max_pool3d
maximum = _with_out.maximum
mean = _with_out.mean
median = _with_out.median
meshgrid = ops.creation.meshgrid
min = _with_out.min
minimum = _with_out.minimum
mm = _with_out.mm
mode = _with_out.mode
moveaxis = ops.shape.movedim
movedim = ops.shape.movedim
msort = _with_out.msort
mul = _with_out.mul
multinomial = _with_out.multinomial
multiply = _with_out.multiply
mv = _with_out.mv
mvlgamma = _with_out.mvlgamma
nan_to_num = _with_out.nan_to_num
nan_to_num_ = ops.math.nan_to_num
nanmean = _with_out.nanmean
nanmedian = _with_out.nanmedian
nanquantile = _with_out.nanquantile
nansum = _with_out.nansum
narrow = ops.join.narrow
ne = _with_out.ne
neg = _with_out.neg
neg_ = ops.math.neg
negative = _with_out.negative
negative_ = ops.math.neg
nextafter = _with_out.nextafter
nonzero = _with_out.nonzero
nonzero_static = _with_out.nonzero_static
norm = _with_out.norm
normal = _with_out.normal
not_equal = _with_out.not_equal
numel = ops.kinds.numel
ones = _with_out.ones
ones_like = ops.creation.ones_like
orgqr = _with_out.orgqr
ormqr = _with_out.ormqr
outer = _with_out.outer
pairwise_distance = ops.distance.pairwise_distance
pca_lowrank = ops.low_rank.pca_lowrank
pdist = ops.distance.pdist
permute = ops.shape.permute
pinverse = ops.forms.pinverse
pixel_shuffle = ops.pixels.pixel_shuffle
pixel_unshuffle = ops.pixels.pixel_unshuffle
poisson = ops.distributions.poisson
polygamma = _with_out.polygamma
positive = ops.pointwise.positive
pow = _with_out.pow
prelu = ops.activation.prelu
prod = _with_out.prod
put = ops.indexing.put
qr = _with_out.qr
quantile = _with_out.quantile
rad2deg = _with_out.rad2deg
rad2deg_ = ops.pointwise.rad2deg
rand = _with_out.rand
rand_like = ops.random.rand_like
randint = _with_out.randint
randint_like = ops.random.randint_like
randn = _with_out.randn
randn_like = ops.random.randn_like
randperm = _with_out.randperm
range = _with_out.range
ravel = ops.shape.ravel
real = ops.realness.real
reciprocal = _with_out.reciprocal
reciprocal_ = ops.math.reciprocal
relu = ops.math.relu
relu_ = ops.math.relu
remainder = _with_out.remainder
renorm = _with_out.renorm
repeat_interleave = ops.arrange.repeat_interleave
reshape = ops.shape.reshape
resize_as_ = ops.strided.resize_as_
resolve_conj = ops.realness.conj
resolve_neg = ops.realness.conj
result_type = ops.kinds.result_type
rms_norm = ops.layer_norm.rms_norm
rnn_relu_cell = ops.recurrent.rnn_relu_cell
rnn_tanh_cell = ops.recurrent.rnn_tanh_cell
roll = ops.shape.roll
rot90 = ops.arrange.rot90
round = _with_out.round
round_ = ops.math.round
row_stack = _with_out.row_stack
rrelu = ops.random_activation.rrelu
rrelu_ = ops.random_activation.rrelu_
rsqrt = _with_out.rsqrt
rsqrt_ = ops.math.rsqrt
rsub = ops.pointwise.rsub
scalar_tensor = ops.signal.scalar_tensor
scatter = _with_out.scatter
scatter_add = _with_out.scatter_add
scatter_reduce = _with_out.scatter_reduce
searchsorted = _with_out.searchsorted
seed = ops.generator.seed
select = ops.join.select
select_scatter = ops.strided.select_scatter
selu = ops.activation.selu
selu_ = ops.random_activation.selu_
set_default_tensor_type = ops.legacy.set_default_tensor_type
set_rng_state = ops.generator.set_rng_state
sgn = _with_out.sgn
sigmoid = _with_out.sigmoid
sigmoid_ = ops.math.sigmoid
sign = _with_out.sign
signbit = _with_out.signbit
sin = _with_out.sin
sin_ = ops.math.sin
sinc = _with_out.sinc
sinc_ = ops.pointwise.sinc
sinh = _with_out.sinh
sinh_ = ops.math.sinh
slice_scatter = _with_out.slice_scatter
slogdet = _with_out.slogdet
softmax = _with_out.softmax
sort = _with_out.sort
split = ops.join.split
split_with_sizes = ops.splitting.split_with_sizes
sqrt = _with_out.sqrt
sqrt_ = ops.math.sqrt
square = _with_out.square
square_ = ops.math.square
squeeze = ops.shape.squeeze
stack = _with_out.stack
std = _with_out.std
std_mean = ops.reduce.std_mean
sub = _with_out.sub
subtract = _with_out.subtract
sum = _with_out.sum
svd = _with_out.svd
svd_lowrank = ops.low_rank.svd_lowrank
swapaxes = ops.shape.swapaxes
swapdims = ops.shape.transpose
t = ops.shape.t
take = _with_out.take
take_along_dim = _with_out.take_along_dim
tan = _with_out.tan
tan_ = ops.math.tan
tanh = _with_out.tanh
tanh_ = ops.math.tanh
tensor = ops.creation.tensor
tensor_split = ops.splitting.tensor_split
tensordot = _with_out.tensordot
threshold = _with_out.threshold
threshold_ = ops.random_activation.threshold_
tile = ops.shape.tile
to_dlpack = ops.storage.to_dlpack
topk = _with_out.topk
trace = ops.products.trace
transpose = ops.shape.transpose
trapezoid = ops.running.trapezoid
trapz = ops.running.trapezoid
tril = _with_out.tril
tril_indices = ops.diagonals.tril_indices
triu = _with_out.triu
triu_indices = ops.diagonals.triu_indices
true_divide = _with_out.true_divide
trunc = _with_out.trunc
trunc_ = ops.math.trunc
typename = ops.legacy.typename
unbind = ops.join.unbind
unflatten = ops.shape.unflatten
unique = ops.sets.unique
unique_consecutive = ops.sets.unique_consecutive
unravel_index = ops.indexing.unravel_index
unsafe_chunk = ops.join.chunk
unsafe_split = ops.forms.unsafe_split
unsafe_split_with_sizes = ops.splitting.split_with_sizes
unsqueeze = ops.shape.unsqueeze
vander = ops.products.vander
var = _with_out.var
var_mean = ops.reduce.var_mean
vdot = _with_out.vdot
vsplit = ops.splitting.vsplit
vstack = _with_out.vstack
where = _with_out.where
xlogy = _with_out.xlogy
xlogy_ = ops.pointwise.xlogy
zero_ = ops.inplace.zero_
zeros = _with_out.zeros
zeros_like = ops.creation.zeros_like
