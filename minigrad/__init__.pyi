"""What ``import minigrad`` gives."""

import builtins
from math import e as e
from math import inf as inf
from math import nan as nan
from math import pi as pi

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
from minigrad import dtypes as dtypes
from minigrad import formatting as formatting
from minigrad import func as func
from minigrad import jit as jit
from minigrad import kernels as kernels
from minigrad import linalg as linalg
from minigrad import memory as memory
from minigrad import mps as mps
from minigrad import nn as nn
from minigrad import operators as operators
from minigrad import ops as ops
from minigrad import optim as optim
from minigrad import random as random
from minigrad import return_types as return_types
from minigrad import serialization as serialization
from minigrad import settings as settings
from minigrad import special as special
from minigrad import tape as tape
from minigrad import types as types
from minigrad import utils as utils
from minigrad import version as version
from minigrad import walk as walk
from minigrad import xpu as xpu
from minigrad.amp import GradScaler as GradScaler
from minigrad.amp import autocast as autocast
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
from minigrad.autograd import no_grad as no_grad
from minigrad.autograd import set_grad_enabled as set_grad_enabled
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
from minigrad.settings import set_default_device as set_default_device
from minigrad.settings import set_deterministic_debug_mode as set_deterministic_debug_mode
from minigrad.settings import set_float32_matmul_precision as set_float32_matmul_precision
from minigrad.settings import set_flush_denormal as set_flush_denormal
from minigrad.settings import set_num_interop_threads as set_num_interop_threads
from minigrad.settings import use_deterministic_algorithms as use_deterministic_algorithms
from minigrad.tensor import Tensor as Tensor

bool: dtype
half: dtype
float: dtype
double: dtype
short: dtype
int: dtype
long: dtype

def is_tensor(obj: object) -> builtins.bool: ...
def numel(input: Tensor) -> builtins.int: ...
def is_floating_point(input: Tensor) -> builtins.bool: ...

# What minigrad/ops/__init__.py lists as functions.
BoolTensor = ops.legacy.BoolTensor
ByteTensor = ops.legacy.ByteTensor
CharTensor = ops.legacy.CharTensor
DoubleTensor = ops.legacy.DoubleTensor
FloatTensor = ops.legacy.FloatTensor
Generator = ops.random.Generator
HalfTensor = ops.legacy.HalfTensor
IntTensor = ops.legacy.IntTensor
LongTensor = ops.legacy.LongTensor
ShortTensor = ops.legacy.ShortTensor
abs = ops.math.abs
abs_ = ops.math.abs
absolute = ops.math.abs
acos = ops.math.acos
acos_ = ops.math.acos
acosh = ops.pointwise.acosh
acosh_ = ops.pointwise.acosh
adaptive_avg_pool1d = ops.pool.adaptive_avg_pool1d
add = ops.elementwise.add
addbmm = ops.products.addbmm
addcdiv = ops.elementwise.addcdiv
addcmul = ops.elementwise.addcmul
addmm = ops.linalg.addmm
addmv = ops.products.addmv
addmv_ = ops.products.addmv
addr = ops.products.addr
adjoint = ops.arrange.adjoint
all = ops.reduce.all
allclose = ops.closeness.allclose
alpha_dropout = ops.dropout.alpha_dropout
amax = ops.reduce.amax
amin = ops.reduce.amin
aminmax = ops.statistics.aminmax
angle = ops.pointwise.angle
any = ops.reduce.any
arange = ops.creation.arange
arccos = ops.math.acos
arccos_ = ops.math.acos
arccosh = ops.pointwise.acosh
arccosh_ = ops.pointwise.acosh
arcsin = ops.math.asin
arcsin_ = ops.math.asin
arcsinh = ops.pointwise.asinh
arcsinh_ = ops.pointwise.asinh
arctan = ops.math.atan
arctan2 = ops.elementwise.atan2
arctan_ = ops.math.atan
arctanh = ops.pointwise.atanh
arctanh_ = ops.pointwise.atanh
argmax = ops.reduce.argmax
argmin = ops.reduce.argmin
argsort = ops.ordering.argsort
argwhere = ops.indexing.argwhere
as_strided = ops.strided.as_strided
as_strided_ = ops.strided.as_strided_
as_strided_scatter = ops.strided.as_strided_scatter
as_tensor = ops.creation.as_tensor
asarray = ops.creation.as_tensor
asin = ops.math.asin
asin_ = ops.math.asin
asinh = ops.pointwise.asinh
asinh_ = ops.pointwise.asinh
atan = ops.math.atan
atan2 = ops.elementwise.atan2
atan_ = ops.math.atan
atanh = ops.pointwise.atanh
atanh_ = ops.pointwise.atanh
atleast_1d = ops.arrange.atleast_1d
atleast_2d = ops.arrange.atleast_2d
atleast_3d = ops.arrange.atleast_3d
avg_pool1d = ops.pool.avg_pool1d
baddbmm = ops.products.baddbmm
bartlett_window = ops.signal.bartlett_window
bernoulli = ops.random.bernoulli
bilinear = ops.distance.bilinear
bincount = ops.statistics.bincount
bitwise_and = ops.compare.bitwise_and
bitwise_left_shift = ops.compare.bitwise_left_shift
bitwise_not = ops.compare.bitwise_not
bitwise_or = ops.compare.bitwise_or
bitwise_right_shift = ops.compare.bitwise_right_shift
bitwise_xor = ops.compare.bitwise_xor
blackman_window = ops.signal.blackman_window
block_diag = ops.arrange.block_diag
bmm = ops.linalg.bmm
broadcast_shapes = ops.arrange.broadcast_shapes
broadcast_tensors = ops.shape.broadcast_tensors
broadcast_to = ops.shape.broadcast_to
bucketize = ops.sets.bucketize
can_cast = ops.kinds.can_cast
cartesian_prod = ops.arrange.cartesian_prod
cat = ops.join.cat
cdist = ops.statistics.cdist
ceil = ops.math.ceil
ceil_ = ops.math.ceil
celu = ops.activation.celu
celu_ = ops.random_activation.celu_
chain_matmul = ops.products.chain_matmul
channel_shuffle = ops.pixels.channel_shuffle
cholesky = ops.matrices.old_cholesky
cholesky_inverse = ops.matrices.cholesky_inverse
cholesky_solve = ops.matrices.cholesky_solve
chunk = ops.join.chunk
clamp = ops.elementwise.clamp
clamp_ = ops.elementwise.clamp
clamp_max = ops.elementwise.clamp_max
clamp_max_ = ops.elementwise.clamp_max
clamp_min = ops.elementwise.clamp_min
clamp_min_ = ops.elementwise.clamp_min
clip = ops.elementwise.clamp
clip_ = ops.elementwise.clamp
clone = ops.copy.clone
column_stack = ops.arrange.column_stack
combinations = ops.arrange.combinations
concat = ops.join.cat
concatenate = ops.join.cat
conj = ops.realness.conj
conj_physical = ops.realness.conj
conv1d = ops.conv.conv1d
conv2d = ops.conv.conv2d
conv3d = ops.conv3d.conv3d
conv_transpose1d = ops.conv_transpose.conv_transpose1d
conv_transpose2d = ops.conv_transpose.conv_transpose2d
conv_transpose3d = ops.conv3d.conv_transpose3d
copysign = ops.pointwise.copysign
corrcoef = ops.statistics.corrcoef
cos = ops.math.cos
cos_ = ops.math.cos
cosh = ops.math.cosh
cosh_ = ops.math.cosh
cosine_similarity = ops.distance.cosine_similarity
count_nonzero = ops.reduce.count_nonzero
cov = ops.statistics.cov
cross = ops.products.cross
cummax = ops.running.cummax
cummin = ops.running.cummin
cumprod = ops.scan.cumprod
cumsum = ops.scan.cumsum
cumulative_trapezoid = ops.running.cumulative_trapezoid
default_generator = ops.random.default_generator
deg2rad = ops.pointwise.deg2rad
deg2rad_ = ops.pointwise.deg2rad
det = ops.decomposition.det
diag = ops.diagonals.diag
diag_embed = ops.diagonals.diag_embed
diagflat = ops.diagonals.diagflat
diagonal = ops.strided.diagonal
diagonal_scatter = ops.strided.diagonal_scatter
diff = ops.running.diff
digamma = ops.special.digamma
dist = ops.statistics.dist
div = ops.elementwise.div
divide = ops.elementwise.div
dot = ops.linalg.dot
dropout = ops.dropout.dropout
dsplit = ops.arrange.dsplit
dstack = ops.arrange.dstack
einsum = ops.einsum.einsum
empty = ops.creation.empty
empty_like = ops.creation.empty_like
empty_permuted = ops.signal.empty_permuted
empty_strided = ops.signal.empty_strided
eq = ops.compare.eq
equal = ops.closeness.equal
erf = ops.math.erf
erf_ = ops.math.erf
erfc = ops.math.erfc
erfc_ = ops.math.erfc
erfinv = ops.special.erfinv
exp = ops.math.exp
exp2 = ops.math.exp2
exp2_ = ops.math.exp2
exp_ = ops.math.exp
expm1 = ops.math.expm1
expm1_ = ops.math.expm1
eye = ops.creation.eye
feature_alpha_dropout = ops.dropout.feature_alpha_dropout
fill = ops.indexing.fill
fill_ = ops.inplace.fill_
fix = ops.math.trunc
fix_ = ops.math.trunc
flatten = ops.shape.flatten
flip = ops.shape.flip
fliplr = ops.arrange.fliplr
flipud = ops.arrange.flipud
float_power = ops.pointwise.float_power
floor = ops.math.floor
floor_ = ops.math.floor
floor_divide = ops.elementwise.floor_divide
fmax = ops.pointwise.fmax
fmin = ops.pointwise.fmin
fmod = ops.elementwise.fmod
frac = ops.math.frac
frac_ = ops.math.frac
frexp = ops.pointwise.frexp
from_dlpack = ops.creation.from_dlpack
from_numpy = ops.creation.from_numpy
frombuffer = ops.signal.frombuffer
full = ops.creation.full
full_like = ops.creation.full_like
gather = ops.index.gather
gcd = ops.pointwise.gcd
gcd_ = ops.pointwise.gcd
ge = ops.compare.ge
ger = ops.products.outer
get_rng_state = ops.random.get_rng_state
gradient = ops.running.gradient
greater = ops.compare.gt
greater_equal = ops.compare.ge
group_norm = ops.layer_norm.group_norm
gru_cell = ops.recurrent.gru_cell
gt = ops.compare.gt
hamming_window = ops.signal.hamming_window
hann_window = ops.signal.hann_window
heaviside = ops.pointwise.heaviside
histc = ops.statistics.histc
histogram = ops.statistics.histogram
hsplit = ops.arrange.hsplit
hstack = ops.join.hstack
hypot = ops.pointwise.hypot
i0 = ops.special.i0
i0_ = ops.special.i0
igamma = ops.gamma.igamma
igammac = ops.gamma.igammac
imag = ops.realness.imag
index_add = ops.indexing.index_add
index_copy = ops.indexing.index_copy
index_fill = ops.indexing.index_fill
index_put = ops.indexing.index_put
index_put_ = ops.indexing.index_put
index_reduce = ops.indexing.index_reduce
index_select = ops.index.index_select
initial_seed = ops.random.initial_seed
inner = ops.products.inner
instance_norm = ops.layer_norm.instance_norm
inverse = ops.decomposition.inv
is_complex = ops.realness.is_complex
is_conj = ops.realness.is_conj
is_inference = ops.legacy.is_inference
is_neg = ops.realness.is_conj
is_nonzero = ops.legacy.is_nonzero
is_same_size = ops.realness.is_same_size
is_signed = ops.legacy.is_signed
is_storage = ops.legacy.is_storage
isclose = ops.closeness.isclose
isfinite = ops.math.isfinite
isin = ops.sets.isin
isinf = ops.math.isinf
isnan = ops.math.isnan
isneginf = ops.pointwise.isneginf
isposinf = ops.pointwise.isposinf
isreal = ops.pointwise.isreal
kaiser_window = ops.signal.kaiser_window
kron = ops.products.kron
kthvalue = ops.ordering.kthvalue
layer_norm = ops.layer_norm.layer_norm
lcm = ops.pointwise.lcm
lcm_ = ops.pointwise.lcm
ldexp = ops.pointwise.ldexp
ldexp_ = ops.pointwise.ldexp
le = ops.compare.le
lerp = ops.elementwise.lerp
less = ops.compare.lt
less_equal = ops.compare.le
lgamma = ops.special.lgamma
linspace = ops.creation.linspace
log = ops.math.log
log10 = ops.math.log10
log10_ = ops.math.log10
log1p = ops.math.log1p
log1p_ = ops.math.log1p
log2 = ops.math.log2
log2_ = ops.math.log2
log_ = ops.math.log
log_softmax = ops.softmax.log_softmax
logaddexp = ops.pointwise.logaddexp
logaddexp2 = ops.pointwise.logaddexp2
logcumsumexp = ops.running.logcumsumexp
logdet = ops.matrices.logdet
logical_and = ops.compare.logical_and
logical_not = ops.compare.logical_not
logical_or = ops.compare.logical_or
logical_xor = ops.compare.logical_xor
logit = ops.pointwise.logit
logit_ = ops.pointwise.logit
logspace = ops.creation.logspace
logsumexp = ops.reduce.logsumexp
lstm_cell = ops.recurrent.lstm_cell
lt = ops.compare.lt
manual_seed = ops.random.manual_seed
masked_fill = ops.index.masked_fill
masked_scatter = ops.indexing.masked_scatter
masked_select = ops.index.masked_select
matmul = ops.linalg.matmul
matrix_exp = ops.matrices.matrix_exp
matrix_power = ops.products.matrix_power
max = ops.reduce.max
max_pool1d = ops.pool.max_pool1d
max_pool2d = ops.pool.max_pool2d
max_pool3d = ops.pool3d.max_pool3d
maximum = ops.elementwise.maximum
mean = ops.reduce.mean
median = ops.ordering.median
meshgrid = ops.creation.meshgrid
min = ops.reduce.min
minimum = ops.elementwise.minimum
mm = ops.linalg.mm
mode = ops.ordering.mode
moveaxis = ops.shape.movedim
movedim = ops.shape.movedim
msort = ops.ordering.msort
mul = ops.elementwise.mul
multinomial = ops.random.multinomial
multiply = ops.elementwise.mul
mv = ops.linalg.mv
mvlgamma = ops.special.mvlgamma
nan_to_num = ops.math.nan_to_num
nan_to_num_ = ops.math.nan_to_num
nanmean = ops.statistics.nanmean
nanmedian = ops.ordering.nanmedian
nanquantile = ops.ordering.nanquantile
nansum = ops.statistics.nansum
narrow = ops.join.narrow
ne = ops.compare.ne
neg = ops.math.neg
neg_ = ops.math.neg
negative = ops.math.neg
negative_ = ops.math.neg
nextafter = ops.pointwise.nextafter
nonzero = ops.index.nonzero
norm = ops.reduce.norm
normal = ops.random.normal
not_equal = ops.compare.ne
ones = ops.creation.ones
ones_like = ops.creation.ones_like
outer = ops.products.outer
pairwise_distance = ops.distance.pairwise_distance
pdist = ops.distance.pdist
permute = ops.shape.permute
pinverse = ops.matrices.pinv
pixel_shuffle = ops.pixels.pixel_shuffle
pixel_unshuffle = ops.pixels.pixel_unshuffle
poisson = ops.distributions.poisson
polygamma = ops.special.polygamma
positive = ops.pointwise.positive
pow = ops.elementwise.pow
prelu = ops.activation.prelu
prod = ops.scan.prod
put = ops.indexing.put
qr = ops.matrices.old_qr
quantile = ops.ordering.quantile
rad2deg = ops.pointwise.rad2deg
rad2deg_ = ops.pointwise.rad2deg
rand = ops.random.rand
rand_like = ops.random.rand_like
randint = ops.random.randint
randint_like = ops.random.randint_like
randn = ops.random.randn
randn_like = ops.random.randn_like
randperm = ops.random.randperm
range = ops.signal.range
ravel = ops.shape.ravel
real = ops.realness.real
reciprocal = ops.math.reciprocal
reciprocal_ = ops.math.reciprocal
relu = ops.math.relu
relu_ = ops.math.relu
remainder = ops.elementwise.remainder
renorm = ops.statistics.renorm
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
round = ops.math.round
round_ = ops.math.round
row_stack = ops.join.vstack
rrelu = ops.random_activation.rrelu
rrelu_ = ops.random_activation.rrelu_
rsqrt = ops.math.rsqrt
rsqrt_ = ops.math.rsqrt
rsub = ops.pointwise.rsub
scalar_tensor = ops.signal.scalar_tensor
scatter = ops.index.scatter
scatter_add = ops.index.scatter_add
scatter_reduce = ops.indexing.scatter_reduce
searchsorted = ops.sets.searchsorted
seed = ops.random.seed
select = ops.join.select
select_scatter = ops.strided.select_scatter
selu = ops.activation.selu
selu_ = ops.random_activation.selu_
set_default_tensor_type = ops.legacy.set_default_tensor_type
set_rng_state = ops.random.set_rng_state
sgn = ops.math.sign
sigmoid = ops.math.sigmoid
sigmoid_ = ops.math.sigmoid
sign = ops.math.sign
signbit = ops.pointwise.signbit
sin = ops.math.sin
sin_ = ops.math.sin
sinc = ops.pointwise.sinc
sinc_ = ops.pointwise.sinc
sinh = ops.math.sinh
sinh_ = ops.math.sinh
slice_scatter = ops.strided.slice_scatter
slogdet = ops.decomposition.slogdet
softmax = ops.softmax.softmax
sort = ops.ordering.sort
split = ops.join.split
split_with_sizes = ops.arrange.split_with_sizes
sqrt = ops.math.sqrt
sqrt_ = ops.math.sqrt
square = ops.math.square
square_ = ops.math.square
squeeze = ops.shape.squeeze
stack = ops.join.stack
std = ops.reduce.std
std_mean = ops.reduce.std_mean
sub = ops.elementwise.sub
subtract = ops.elementwise.sub
sum = ops.reduce.sum
svd = ops.matrices.old_svd
swapaxes = ops.shape.transpose
swapdims = ops.shape.transpose
t = ops.shape.t
take = ops.indexing.take
take_along_dim = ops.index.take_along_dim
tan = ops.math.tan
tan_ = ops.math.tan
tanh = ops.math.tanh
tanh_ = ops.math.tanh
tensor = ops.creation.tensor
tensor_split = ops.arrange.tensor_split
tensordot = ops.products.tensordot
threshold = ops.activation.threshold
threshold_ = ops.random_activation.threshold_
tile = ops.shape.tile
topk = ops.ordering.topk
trace = ops.products.trace
transpose = ops.shape.transpose
trapezoid = ops.running.trapezoid
trapz = ops.running.trapezoid
tril = ops.index.tril
tril_indices = ops.diagonals.tril_indices
triu = ops.index.triu
triu_indices = ops.diagonals.triu_indices
true_divide = ops.elementwise.div
trunc = ops.math.trunc
trunc_ = ops.math.trunc
typename = ops.legacy.typename
unbind = ops.join.unbind
unflatten = ops.shape.unflatten
unique = ops.sets.unique
unique_consecutive = ops.sets.unique_consecutive
unravel_index = ops.indexing.unravel_index
unsafe_chunk = ops.join.chunk
unsafe_split = ops.join.split
unsafe_split_with_sizes = ops.arrange.split_with_sizes
unsqueeze = ops.shape.unsqueeze
vander = ops.products.vander
var = ops.reduce.var
var_mean = ops.reduce.var_mean
vdot = ops.products.vdot
vsplit = ops.arrange.vsplit
vstack = ops.join.vstack
where = ops.elementwise.where
xlogy = ops.pointwise.xlogy
xlogy_ = ops.pointwise.xlogy
zero_ = ops.inplace.zero_
zeros = ops.creation.zeros
zeros_like = ops.creation.zeros_like
