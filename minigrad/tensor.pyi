import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, overload

import numpy as np

from minigrad import attributes, dtypes, ops, tape
from minigrad.operators import Operators

class Tensor(Operators):
    __array_priority__: builtins.int
    requires_grad: builtins.bool
    grad: Tensor | None
    data: Tensor

    def __init__(self, *args: Any) -> None: ...
    def _share(self, other: Tensor) -> Self: ...
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    @classmethod
    def __torch_function__(
        cls,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any: ...
    @staticmethod
    def _make_subclass(cls: Any, data: Tensor, require_grad: builtins.bool = False) -> Any: ...
    @property
    def shape(self) -> attributes.Size: ...
    @property
    def dtype(self) -> dtypes.dtype: ...
    @property
    def device(self) -> attributes.device: ...
    @property
    def ndim(self) -> builtins.int: ...
    @property
    def itemsize(self) -> builtins.int: ...
    @property
    def nbytes(self) -> builtins.int: ...
    @property
    def is_cuda(self) -> builtins.bool: ...
    @property
    def is_cpu(self) -> builtins.bool: ...
    @property
    def layout(self) -> attributes.layout: ...
    @property
    def is_sparse(self) -> builtins.bool: ...
    @property
    def is_quantized(self) -> builtins.bool: ...
    @property
    def is_meta(self) -> builtins.bool: ...
    @property
    def is_mps(self) -> builtins.bool: ...
    @property
    def real(self) -> Tensor: ...
    @property
    def imag(self) -> Tensor: ...
    @property
    def is_xpu(self) -> builtins.bool: ...
    @property
    def is_ipu(self) -> builtins.bool: ...
    @property
    def is_xla(self) -> builtins.bool: ...
    @property
    def is_sparse_csr(self) -> builtins.bool: ...
    @property
    def is_mkldnn(self) -> builtins.bool: ...
    @property
    def is_nested(self) -> builtins.bool: ...
    @property
    def is_leaf(self) -> builtins.bool: ...
    @property
    def grad_fn(self) -> tape.Node | None: ...
    @property
    def output_nr(self) -> builtins.int: ...
    @property
    def _version(self) -> builtins.int: ...
    @property
    def _base(self) -> Tensor | None: ...
    def _is_view(self) -> bool: ...
    @property
    def T(self) -> Tensor: ...
    @property
    def mT(self) -> Tensor: ...
    @property
    def H(self) -> Tensor: ...
    @property
    def mH(self) -> Tensor: ...
    @property
    def retains_grad(self) -> builtins.bool: ...
    @overload
    def size(self, dim: None = None) -> attributes.Size: ...
    @overload
    def size(self, dim: builtins.int) -> builtins.int: ...
    def dim(self) -> builtins.int: ...
    ndimension = dim
    def numel(self) -> builtins.int: ...
    nelement = numel
    def element_size(self) -> builtins.int: ...
    @overload
    def stride(self, dim: None = None) -> tuple[builtins.int, ...]: ...
    @overload
    def stride(self, dim: builtins.int) -> builtins.int: ...
    def is_contiguous(self, memory_format: object = None) -> builtins.bool: ...
    def data_ptr(self) -> builtins.int: ...
    def storage_offset(self) -> builtins.int: ...
    def is_floating_point(self) -> builtins.bool: ...
    def is_complex(self) -> builtins.bool: ...
    def get_device(self) -> builtins.int: ...
    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: builtins.bool | None = None,
        create_graph: builtins.bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None: ...
    def detach(self) -> Tensor: ...
    def detach_(self) -> Self: ...
    def requires_grad_(self, requires_grad: builtins.bool = True) -> Self: ...
    def register_hook(
        self, hook: Callable[[Tensor], Tensor | None]
    ) -> attributes.RemovableHandle: ...
    def register_post_accumulate_grad_hook(
        self, hook: Callable[[Tensor], None]
    ) -> attributes.RemovableHandle: ...
    def retain_grad(self) -> None: ...
    def numpy(self, *, force: builtins.bool = False) -> np.ndarray[Any, Any]: ...
    def item(self) -> Any: ...  # a bool, an int or a float: the dtype is not known to a checker
    def tolist(self) -> Any: ...
    def __array__(self, dtype: Any = None, copy: builtins.bool | None = None) -> Any: ...
    def __array_wrap__(
        self, array: Any, context: Any = None, return_scalar: builtins.bool = False
    ) -> Tensor: ...
    def __dlpack__(self, **options: Any) -> Any: ...
    def __dlpack_device__(self) -> tuple[builtins.int, builtins.int]: ...
    def __format__(self, spec: builtins.str) -> builtins.str: ...
    def __deepcopy__(self, memo: dict[builtins.int, Any]) -> Self: ...
    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]: ...

    # What minigrad/ops/__init__.py lists as methods: exp_() has the arguments of exp().
    abs = ops.math.abs
    abs_ = ops.math.abs
    absolute = ops.math.abs
    absolute_ = ops.math.abs
    acos = ops.math.acos
    acos_ = ops.math.acos
    acosh = ops.pointwise.acosh
    acosh_ = ops.pointwise.acosh
    add = ops.elementwise.add
    add_ = ops.inplace.add_
    addbmm = ops.products.addbmm
    addbmm_ = ops.products.addbmm
    addcdiv = ops.pointwise.addcdiv
    addcdiv_ = ops.pointwise.addcdiv
    addcmul = ops.pointwise.addcmul
    addcmul_ = ops.pointwise.addcmul
    addmm = ops.linalg.addmm
    addmm_ = ops.linalg.addmm
    addmv = ops.products.addmv
    addmv_ = ops.products.addmv
    addr = ops.products.addr
    addr_ = ops.products.addr
    adjoint = ops.arrange.adjoint
    all = ops.reduce.all
    allclose = ops.closeness.allclose
    amax = ops.reduce.amax
    amin = ops.reduce.amin
    aminmax = ops.statistics.aminmax
    angle = ops.pointwise.angle
    any = ops.reduce.any
    apply_ = ops.realness.apply_
    arccos = ops.math.acos
    arccos_ = ops.math.acos
    arccosh = ops.pointwise.acosh
    arccosh_ = ops.pointwise.acosh
    arcsin = ops.math.asin
    arcsin_ = ops.math.asin
    arcsinh = ops.pointwise.asinh
    arcsinh_ = ops.pointwise.asinh
    arctan = ops.math.atan
    arctan2 = ops.pairs.atan2
    arctan2_ = ops.pairs.atan2
    arctan_ = ops.math.atan
    arctanh = ops.pointwise.atanh
    arctanh_ = ops.pointwise.atanh
    argmax = ops.reduce.argmax
    argmin = ops.reduce.argmin
    argsort = ops.ordering.argsort
    argwhere = ops.indexing.argwhere
    as_subclass = ops.strided.as_subclass
    as_strided = ops.strided.as_strided
    as_strided_ = ops.strided.as_strided_
    as_strided_scatter = ops.strided.as_strided_scatter
    asin = ops.math.asin
    asin_ = ops.math.asin
    asinh = ops.pointwise.asinh
    asinh_ = ops.pointwise.asinh
    atan = ops.math.atan
    atan2 = ops.pairs.atan2
    atan2_ = ops.pairs.atan2
    atan_ = ops.math.atan
    atanh = ops.pointwise.atanh
    atanh_ = ops.pointwise.atanh
    baddbmm = ops.products.baddbmm
    baddbmm_ = ops.products.baddbmm
    bernoulli = ops.random.bernoulli
    bernoulli_ = ops.random.bernoulli_
    bincount = ops.histograms.bincount
    bitwise_and = ops.compare.bitwise_and
    bitwise_and_ = ops.compare.bitwise_and
    bitwise_left_shift = ops.compare.bitwise_left_shift
    bitwise_left_shift_ = ops.compare.bitwise_left_shift
    bitwise_not = ops.compare.bitwise_not
    bitwise_not_ = ops.compare.bitwise_not
    bitwise_or = ops.compare.bitwise_or
    bitwise_or_ = ops.compare.bitwise_or
    bitwise_right_shift = ops.compare.bitwise_right_shift
    bitwise_right_shift_ = ops.compare.bitwise_right_shift
    bitwise_xor = ops.compare.bitwise_xor
    bitwise_xor_ = ops.compare.bitwise_xor
    bmm = ops.linalg.bmm
    bool = ops.copy.bool
    broadcast_to = ops.shape.broadcast_to
    byte = ops.copy.byte
    cauchy_ = ops.distributions.cauchy_
    ceil = ops.math.ceil
    ceil_ = ops.math.ceil
    char = ops.copy.char
    cholesky = ops.old_decompositions.old_cholesky
    cholesky_inverse = ops.solving.cholesky_inverse
    cholesky_solve = ops.solving.cholesky_solve
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
    conj = ops.realness.conj
    conj_physical = ops.realness.conj
    conj_physical_ = ops.realness.conj_physical_
    contiguous = ops.copy.contiguous
    copy_ = ops.inplace.copy_
    copysign = ops.pairs.copysign
    copysign_ = ops.pairs.copysign
    corrcoef = ops.statistics.corrcoef
    cos = ops.math.cos
    cos_ = ops.math.cos
    cosh = ops.math.cosh
    cosh_ = ops.math.cosh
    count_nonzero = ops.reduce.count_nonzero
    cov = ops.statistics.cov
    cpu = ops.copy.cpu
    cross = ops.products.cross
    cuda = ops.copy.cuda
    cummax = ops.running.cummax
    cummin = ops.running.cummin
    cumprod = ops.scan.cumprod
    cumprod_ = ops.scan.cumprod
    cumsum = ops.scan.cumsum
    cumsum_ = ops.scan.cumsum
    deg2rad = ops.pointwise.deg2rad
    deg2rad_ = ops.pointwise.deg2rad
    det = ops.forms.det
    diag = ops.diagonals.diag
    diag_embed = ops.diagonals.diag_embed
    diagflat = ops.diagonals.diagflat
    diagonal = ops.strided.diagonal
    diagonal_scatter = ops.strided.diagonal_scatter
    diff = ops.running.diff
    digamma = ops.special.digamma
    digamma_ = ops.special.digamma
    dist = ops.statistics.dist
    div = ops.elementwise.div
    div_ = ops.inplace.div_
    divide = ops.elementwise.div
    divide_ = ops.inplace.div_
    dot = ops.linalg.dot
    double = ops.copy.double
    dsplit = ops.splitting.dsplit
    eq = ops.compare.eq
    eq_ = ops.compare.eq
    equal = ops.closeness.equal
    erf = ops.math.erf
    erf_ = ops.math.erf
    erfc = ops.math.erfc
    erfc_ = ops.math.erfc
    erfinv = ops.math.erfinv
    erfinv_ = ops.math.erfinv
    exp = ops.math.exp
    exp2 = ops.math.exp2
    exp2_ = ops.math.exp2
    exp_ = ops.math.exp
    expand = ops.shape.expand
    expand_as = ops.shape.expand_as
    expm1 = ops.math.expm1
    expm1_ = ops.math.expm1
    exponential_ = ops.distributions.exponential_
    fill_ = ops.inplace.fill_
    fill_diagonal_ = ops.diagonals.fill_diagonal_
    fix = ops.math.trunc
    fix_ = ops.math.trunc
    flatten = ops.shape.flatten
    flip = ops.shape.flip
    fliplr = ops.arrange.fliplr
    flipud = ops.arrange.flipud
    float = ops.copy.float
    float_power = ops.pointwise.float_power
    float_power_ = ops.pointwise.float_power_
    floor = ops.math.floor
    floor_ = ops.math.floor
    floor_divide = ops.elementwise.floor_divide
    floor_divide_ = ops.elementwise.floor_divide
    fmax = ops.pointwise.fmax
    fmin = ops.pointwise.fmin
    fmod = ops.elementwise.fmod
    fmod_ = ops.elementwise.fmod
    frac = ops.math.frac
    frac_ = ops.math.frac
    frexp = ops.pointwise.frexp
    gather = ops.gather.gather
    gcd = ops.pointwise.gcd
    gcd_ = ops.pointwise.gcd
    ge = ops.compare.ge
    ge_ = ops.compare.ge
    geometric_ = ops.distributions.geometric_
    geqrf = ops.householder.geqrf
    ger = ops.products.outer
    greater = ops.compare.gt
    greater_ = ops.compare.gt
    greater_equal = ops.compare.ge
    greater_equal_ = ops.compare.ge
    gt = ops.compare.gt
    gt_ = ops.compare.gt
    half = ops.copy.half
    hardshrink = ops.activation.hardshrink
    heaviside = ops.pointwise.heaviside
    heaviside_ = ops.pointwise.heaviside
    histc = ops.histograms.histc
    histogram = ops.histograms.histogram
    hsplit = ops.splitting.hsplit
    hypot = ops.pairs.hypot
    hypot_ = ops.pairs.hypot
    i0 = ops.special.i0
    i0_ = ops.special.i0
    igamma = ops.gamma.igamma
    igamma_ = ops.gamma.igamma
    igammac = ops.gamma.igammac
    igammac_ = ops.gamma.igammac
    index_add = ops.rows.index_add
    index_add_ = ops.rows.index_add
    index_copy = ops.indexing.index_copy
    index_copy_ = ops.indexing.index_copy
    index_fill = ops.indexing.index_fill
    index_fill_ = ops.indexing.index_fill
    index_put = ops.indexing.index_put
    index_put_ = ops.indexing.index_put
    index_reduce = ops.indexing.index_reduce
    index_reduce_ = ops.indexing.index_reduce
    index_select = ops.rows.index_select
    inner = ops.products.inner
    int = ops.copy.int
    inverse = ops.forms.inverse
    is_conj = ops.realness.is_conj
    is_inference = ops.legacy.is_inference
    is_neg = ops.realness.is_conj
    is_nonzero = ops.legacy.is_nonzero
    is_pinned = ops.legacy.is_pinned
    is_same_size = ops.realness.is_same_size
    is_set_to = ops.kinds.is_set_to
    is_shared = ops.storage.is_shared
    is_signed = ops.legacy.is_signed
    isclose = ops.closeness.isclose
    isfinite = ops.math.isfinite
    isinf = ops.math.isinf
    isnan = ops.math.isnan
    isneginf = ops.pointwise.isneginf
    isposinf = ops.pointwise.isposinf
    isreal = ops.pointwise.isreal
    kron = ops.products.kron
    kthvalue = ops.ordering.kthvalue
    lcm = ops.pointwise.lcm
    lcm_ = ops.pointwise.lcm
    ldexp = ops.pointwise.ldexp
    ldexp_ = ops.pointwise.ldexp
    le = ops.compare.le
    le_ = ops.compare.le
    lerp = ops.pointwise.lerp
    lerp_ = ops.pointwise.lerp
    less = ops.compare.lt
    less_ = ops.compare.lt
    less_equal = ops.compare.le
    less_equal_ = ops.compare.le
    lgamma = ops.special.lgamma
    lgamma_ = ops.special.lgamma
    log = ops.math.log
    log10 = ops.math.log10
    log10_ = ops.math.log10
    log1p = ops.math.log1p
    log1p_ = ops.math.log1p
    log2 = ops.math.log2
    log2_ = ops.math.log2
    log_ = ops.math.log
    log_normal_ = ops.distributions.log_normal_
    log_softmax = ops.softmax.log_softmax_along
    logaddexp = ops.pairs.logaddexp
    logaddexp2 = ops.pointwise.logaddexp2
    logcumsumexp = ops.running.logcumsumexp
    logdet = ops.matrices.logdet
    logical_and = ops.compare.logical_and
    logical_and_ = ops.compare.logical_and
    logical_not = ops.compare.logical_not
    logical_not_ = ops.compare.logical_not
    logical_or = ops.compare.logical_or
    logical_or_ = ops.compare.logical_or
    logical_xor = ops.compare.logical_xor
    logical_xor_ = ops.compare.logical_xor
    logit = ops.pointwise.logit
    logit_ = ops.pointwise.logit
    logsumexp = ops.reduce.logsumexp
    long = ops.copy.long
    lt = ops.compare.lt
    lt_ = ops.compare.lt
    lu_solve = ops.lu.old_lu_solve
    map_ = ops.realness.map_
    masked_fill = ops.index.masked_fill
    masked_fill_ = ops.index.masked_fill_
    masked_scatter = ops.indexing.masked_scatter
    masked_scatter_ = ops.indexing.masked_scatter
    masked_select = ops.index.masked_select
    matmul = ops.linalg.matmul
    matrix_exp = ops.matrices.matrix_exp
    matrix_power = ops.products.matrix_power
    max = ops.reduce.max
    maximum = ops.elementwise.maximum
    mean = ops.reduce.mean
    median = ops.ordering.median
    min = ops.reduce.min
    minimum = ops.elementwise.minimum
    mm = ops.linalg.mm
    mode = ops.ordering.mode
    moveaxis = ops.shape.movedim
    movedim = ops.shape.movedim
    msort = ops.ordering.msort
    mul = ops.elementwise.mul
    mul_ = ops.inplace.mul_
    multinomial = ops.random.multinomial
    multiply = ops.elementwise.mul
    multiply_ = ops.inplace.mul_
    mv = ops.linalg.mv
    mvlgamma = ops.special.mvlgamma
    mvlgamma_ = ops.special.mvlgamma
    nan_to_num = ops.math.nan_to_num
    nan_to_num_ = ops.math.nan_to_num
    nanmean = ops.statistics.nanmean
    nanmedian = ops.ordering.nanmedian
    nanquantile = ops.ordering.nanquantile
    nansum = ops.statistics.nansum
    narrow = ops.join.narrow
    ne = ops.compare.ne
    ne_ = ops.compare.ne
    neg = ops.math.neg
    neg_ = ops.math.neg
    negative = ops.math.neg
    negative_ = ops.math.neg
    new = ops.legacy.new
    new_empty = ops.creation.new_empty
    new_empty_strided = ops.signal.new_empty_strided
    new_full = ops.creation.new_full
    new_ones = ops.creation.new_ones
    new_tensor = ops.creation.new_tensor
    new_zeros = ops.creation.new_zeros
    nextafter = ops.pointwise.nextafter
    nextafter_ = ops.pointwise.nextafter
    nonzero = ops.index.nonzero
    nonzero_static = ops.indexing.nonzero_static
    norm = ops.matrices.old_norm
    normal_ = ops.random.normal_
    not_equal = ops.compare.ne
    not_equal_ = ops.compare.ne
    orgqr = ops.householder.householder_product
    ormqr = ops.householder.ormqr
    outer = ops.products.outer
    permute = ops.shape.permute
    pin_memory = ops.legacy.pin_memory
    pinverse = ops.forms.pinverse
    polygamma = ops.forms.polygamma
    polygamma_ = ops.forms.polygamma
    positive = ops.pointwise.positive
    pow = ops.pairs.pow
    pow_ = ops.pairs.pow
    prod = ops.scan.prod
    put = ops.indexing.put
    put_ = ops.indexing.put
    qr = ops.old_decompositions.old_qr
    quantile = ops.ordering.quantile
    rad2deg = ops.pointwise.rad2deg
    rad2deg_ = ops.pointwise.rad2deg
    random_ = ops.random.random_
    ravel = ops.shape.ravel
    reciprocal = ops.math.reciprocal
    reciprocal_ = ops.math.reciprocal
    relu = ops.math.relu
    relu_ = ops.math.relu
    remainder = ops.elementwise.remainder
    remainder_ = ops.elementwise.remainder
    renorm = ops.statistics.renorm
    renorm_ = ops.statistics.renorm
    repeat = ops.shape.repeat
    repeat_interleave = ops.arrange.repeat_interleave
    reshape = ops.shape.reshape
    reshape_as = ops.shape.reshape_as
    resize_ = ops.strided.resize_
    resize_as_ = ops.strided.resize_as_
    resolve_conj = ops.realness.conj
    resolve_neg = ops.realness.conj
    roll = ops.shape.roll
    rot90 = ops.arrange.rot90
    round = ops.math.round
    round_ = ops.math.round
    rsqrt = ops.math.rsqrt
    rsqrt_ = ops.math.rsqrt
    scatter = ops.gather.scatter
    scatter_ = ops.gather.scatter
    scatter_add = ops.gather.scatter_add
    scatter_add_ = ops.gather.scatter_add
    scatter_reduce = ops.indexing.scatter_reduce
    scatter_reduce_ = ops.indexing.scatter_reduce
    select = ops.join.select
    select_scatter = ops.strided.select_scatter
    sgn = ops.math.sign
    sgn_ = ops.math.sign
    share_memory_ = ops.storage.share_memory_
    short = ops.copy.short
    sigmoid = ops.math.sigmoid
    sigmoid_ = ops.math.sigmoid
    sign = ops.math.sign
    sign_ = ops.math.sign
    signbit = ops.pointwise.signbit
    sin = ops.math.sin
    sin_ = ops.math.sin
    sinc = ops.pointwise.sinc
    sinc_ = ops.pointwise.sinc
    sinh = ops.math.sinh
    sinh_ = ops.math.sinh
    slice_scatter = ops.strided.slice_scatter
    slogdet = ops.old_decompositions.old_slogdet
    softmax = ops.softmax.softmax_along
    sort = ops.ordering.sort
    split = ops.forms.split
    split_with_sizes = ops.splitting.split_with_sizes
    sqrt = ops.math.sqrt
    sqrt_ = ops.math.sqrt
    square = ops.math.square
    square_ = ops.math.square
    squeeze = ops.shape.squeeze
    squeeze_ = ops.strided.squeeze_
    std = ops.reduce.std
    storage = ops.storage.storage
    sub = ops.elementwise.sub
    sub_ = ops.inplace.sub_
    subtract = ops.elementwise.sub
    subtract_ = ops.inplace.sub_
    sum = ops.reduce.sum
    sum_to_size = ops.reduce.sum_to_size
    svd = ops.old_decompositions.old_svd
    swapaxes = ops.shape.swapaxes
    swapaxes_ = ops.strided.swapaxes_
    swapdims = ops.shape.transpose
    swapdims_ = ops.strided.transpose_
    t = ops.shape.t
    t_ = ops.strided.t_
    take = ops.indexing.take
    take_along_dim = ops.gather.take_along_dim
    tan = ops.math.tan
    tan_ = ops.math.tan
    tanh = ops.math.tanh
    tanh_ = ops.math.tanh
    tensor_split = ops.splitting.tensor_split
    tile = ops.shape.tile
    to = ops.copy.to
    topk = ops.ordering.topk
    trace = ops.products.trace
    transpose = ops.shape.transpose
    transpose_ = ops.strided.transpose_
    tril = ops.index.tril
    tril_ = ops.index.tril
    triu = ops.index.triu
    triu_ = ops.index.triu
    true_divide = ops.elementwise.div
    true_divide_ = ops.inplace.div_
    trunc = ops.math.trunc
    trunc_ = ops.math.trunc
    type = ops.copy.type
    type_as = ops.copy.type_as
    unbind = ops.join.unbind
    unflatten = ops.shape.unflatten
    unfold = ops.strided.unfold
    uniform_ = ops.random.uniform_
    unique = ops.sets.unique
    unique_consecutive = ops.sets.unique_consecutive
    unsafe_chunk = ops.join.chunk
    unsafe_split = ops.forms.unsafe_split
    unsafe_split_with_sizes = ops.splitting.split_with_sizes
    unsqueeze = ops.shape.unsqueeze
    unsqueeze_ = ops.strided.unsqueeze_
    untyped_storage = ops.storage.untyped_storage
    var = ops.reduce.var
    vdot = ops.products.vdot
    view = ops.shape.view
    view_as = ops.shape.view_as
    vsplit = ops.splitting.vsplit
    where = ops.elementwise.where_method
    xlogy = ops.pointwise.xlogy
    xlogy_ = ops.pointwise.xlogy
    zero_ = ops.inplace.zero_

def over_array(array: np.ndarray[Any, Any]) -> Tensor: ...
def rebuild(
    cls: type[Tensor],
    array: np.ndarray[Any, Any],
    requires_grad: bool,
    attributes: dict[str, Any],
) -> Tensor: ...
def install_methods(functions: Mapping[str, Any]) -> None: ...
