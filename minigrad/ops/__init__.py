"""Differentiable operations, one file per family, each op's forward and vjp on one screen.

Importing this package completes ``Tensor``: the table of operators that tape and tensor call
is filled, and the functions listed here become methods, so that ``x.sum(0)`` is
``minigrad.sum(x, 0)``.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minigrad import tape
from minigrad.complaints import explained
from minigrad.ops import (
    activation,
    closeness,
    compare,
    conv,
    conv_transpose,
    copy,
    creation,
    decomposition,
    dropout,
    elementwise,
    gamma,
    gather,
    generator,
    index,
    inplace,
    join,
    linalg,
    math,
    norm,
    out,
    pairs,
    pool,
    random,
    reduce,
    rows,
    saved,
    scan,
    shape,
    softmax,
    special,
    strided,
)
from minigrad.tensor import Tensor, install_methods

if TYPE_CHECKING:  # families that are imported when they are first used
    from minigrad.ops import (
        arrange,
        conv3d,
        diagonals,
        distance,
        distributions,
        einsum,
        forms,
        histograms,
        householder,
        indexing,
        kinds,
        layer_norm,
        legacy,
        low_rank,
        lu,
        matrices,
        old_decompositions,
        ordering,
        pixels,
        pointwise,
        pool3d,
        products,
        random_activation,
        realness,
        recurrent,
        running,
        sets,
        signal,
        solving,
        splitting,
        statistics,
        storage,
    )

# Functions that are also methods: minigrad.name(x, ...) and x.name(...).
_SHARED = {
    elementwise: (
        "add sub mul div floor_divide remainder fmod maximum minimum where clamp "
        "clamp_min clamp_max"
    ),
    pairs: "pow atan2 hypot copysign logaddexp",
    compare: (
        "eq ne lt le gt ge logical_and logical_or logical_xor logical_not bitwise_and bitwise_or "
        "bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift"
    ),
    math: (
        "neg abs sign floor ceil trunc round frac square sqrt rsqrt reciprocal exp exp2 expm1 log "
        "log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh sigmoid relu erf erfc isnan "
        "isinf isfinite nan_to_num erfinv"
    ),
    reduce: ("sum mean var std amax amin max min argmax argmin logsumexp all any count_nonzero"),
    scan: "prod cumsum cumprod",
    linalg: "matmul mm bmm mv dot addmm",
    activation: "hardshrink",
    shape: (
        "reshape flatten ravel unflatten squeeze unsqueeze permute transpose swapaxes t "
        "movedim broadcast_to tile flip roll"
    ),
    join: "narrow select unbind split chunk",
    gather: "gather take_along_dim scatter scatter_add",
    rows: "index_select index_add",
    index: "masked_fill masked_select nonzero tril triu",
    "splitting": "tensor_split hsplit vsplit dsplit split_with_sizes",
    "arrange": "fliplr flipud rot90 repeat_interleave adjoint",
    "forms": "det inverse pinverse unsafe_split",
    "diagonals": "diag diag_embed diagflat",
    "indexing": (
        "index_copy index_fill index_put index_reduce scatter_reduce take put masked_scatter "
        "argwhere nonzero_static"
    ),
    "matrices": "logdet matrix_exp",
    "solving": "cholesky_solve cholesky_inverse",
    "householder": "geqrf ormqr",
    "products": ("baddbmm addbmm addmv addr outer vdot inner cross trace kron matrix_power"),
    strided: "as_strided diagonal diagonal_scatter select_scatter slice_scatter as_strided_scatter",
    copy: "clone",
    "legacy": "is_inference is_nonzero is_signed",
    closeness: "equal isclose allclose",
    "pointwise": (
        "acosh asinh atanh deg2rad rad2deg sinc logit logaddexp2 xlogy "
        "signbit heaviside nextafter isposinf isneginf isreal angle positive float_power gcd lcm "
        "ldexp frexp fmax fmin lerp addcmul addcdiv"
    ),
    "ordering": "sort argsort msort topk kthvalue median nanmedian mode quantile nanquantile",
    "sets": "unique unique_consecutive",
    "running": "cummax cummin logcumsumexp diff",
    "statistics": "nansum nanmean aminmax dist renorm cov corrcoef",
    "histograms": "bincount histc histogram",
    "realness": "conj is_conj is_same_size",
    gamma: "igamma igammac",
    special: "lgamma digamma polygamma mvlgamma i0",
    random: "bernoulli multinomial",
}

# Other names of the same functions.
_ALIASES = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "absolute": "abs",
    "negative": "neg",
    "conj_physical": "conj",
    "resolve_conj": "conj",
    "resolve_neg": "conj",
    "is_neg": "is_conj",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
    "clip": "clamp",
    "arccosh": "acosh",
    "arcsinh": "asinh",
    "arctanh": "atanh",
    "arctan2": "atan2",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "fix": "trunc",
    "sgn": "sign",
    "swapdims": "transpose",
    "moveaxis": "movedim",
    "ger": "outer",
    "unsafe_chunk": "chunk",
    "unsafe_split_with_sizes": "split_with_sizes",
}

# Methods only.
_METHODS = {
    "forms": "split polygamma",
    shape: "view view_as reshape_as expand expand_as repeat",
    reduce: "sum_to_size",
    copy: ("contiguous to type type_as half float double byte char short int long bool cpu cuda"),
    creation: "new_tensor new_empty new_zeros new_ones new_full",
    "legacy": (
        "pin_memory is_pinned is_cpu is_sparse is_sparse_csr is_quantized is_meta is_mps is_xpu "
        "is_ipu is_xla is_mkldnn is_nested layout new"
    ),
    "pointwise": "float_power_",
    "realness": "conj_physical_ apply_ map_",
    "storage": "untyped_storage storage is_shared share_memory_",
    inplace: "add_ sub_ mul_ div_ fill_ zero_ copy_",
    "distributions": "exponential_ cauchy_ log_normal_ geometric_",
    random: "uniform_ normal_ bernoulli_ random_",
    "arrange": "H mH",
    "diagonals": "fill_diagonal_",
    index: "masked_fill_",
    "kinds": "is_set_to",
    "signal": "new_empty_strided",
    strided: (
        "as_subclass unfold unsqueeze_ squeeze_ t_ transpose_ swapaxes_ as_strided_ resize_ "
        "resize_as_"
    ),
}

# Functions only.
_FUNCTIONS = {
    activation: "celu prelu selu threshold",
    "random_activation": "rrelu rrelu_ selu_ celu_ threshold_",
    "forms": ("dropout alpha_dropout feature_alpha_dropout layer_norm group_norm instance_norm"),
    "layer_norm": "rms_norm",
    "distance": "pairwise_distance cosine_similarity pdist bilinear",
    creation: (
        "tensor as_tensor asarray from_numpy from_dlpack empty zeros ones full empty_like "
        "zeros_like ones_like full_like arange linspace logspace eye meshgrid"
    ),
    "distributions": "binomial poisson",
    "storage": "UntypedStorage TypedStorage is_storage to_dlpack",
    "legacy": (
        "HalfTensor FloatTensor DoubleTensor ByteTensor CharTensor ShortTensor IntTensor "
        "LongTensor BoolTensor set_default_tensor_type typename"
    ),
    reduce: "var_mean std_mean",
    "pointwise": "rsub",
    "realness": "real imag is_complex",
    "running": "trapezoid trapz cumulative_trapezoid gradient",
    "sets": "isin searchsorted bucketize",
    "statistics": "cdist",
    "histograms": "histogramdd",
    shape: "broadcast_tensors",
    join: "cat stack hstack vstack",
    "arrange": (
        "concat concatenate row_stack dstack column_stack atleast_1d atleast_2d atleast_3d "
        "block_diag cartesian_prod combinations broadcast_shapes"
    ),
    "diagonals": "tril_indices triu_indices",
    "einsum": "einsum",
    "kinds": "result_type can_cast",
    "signal": (
        "hann_window hamming_window blackman_window bartlett_window kaiser_window range "
        "scalar_tensor empty_strided empty_permuted frombuffer"
    ),
    "indexing": "unravel_index fill",
    "products": "tensordot chain_matmul vander",
    "lu": "lu_unpack",
    "low_rank": "svd_lowrank pca_lowrank",
    conv: "conv1d conv2d",
    conv_transpose: "conv_transpose1d conv_transpose2d",
    "conv3d": "conv3d conv_transpose3d",
    "recurrent": "rnn_tanh_cell rnn_relu_cell lstm_cell gru_cell",
    pool: "max_pool1d max_pool2d avg_pool1d adaptive_avg_pool1d",
    "pool3d": "max_pool3d",
    "pixels": "pixel_shuffle pixel_unshuffle channel_shuffle",
    "pad": "constant_pad_nd",
    generator: (
        "Generator default_generator manual_seed seed initial_seed get_rng_state set_rng_state"
    ),
    random: "rand randn randint randperm rand_like randn_like randint_like normal",
}

# Ops whose in-place form is made from the out-of-place one: x.exp_() writes exp(x) into x.
_IN_PLACE = (
    "floor_divide remainder fmod pow atan2 clamp clamp_min clamp_max lerp addcmul addcdiv "
    "logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor "
    "bitwise_not neg abs sign floor ceil trunc round frac square sqrt rsqrt reciprocal exp exp2 "
    "expm1 log log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh sigmoid relu erf erfc "
    "acosh asinh atanh deg2rad rad2deg sinc logit xlogy hypot copysign heaviside nextafter "
    "gcd lcm ldexp lgamma digamma polygamma mvlgamma erfinv i0 igamma igammac renorm "
    "bitwise_left_shift bitwise_right_shift eq ne lt le gt ge nan_to_num cumsum cumprod scatter "
    "scatter_add tril triu "
    "addmm baddbmm addbmm addmv addr index_add index_copy index_fill index_put index_reduce "
    "scatter_reduce put masked_scatter"
)

# In-place forms that are functions too: minigrad.exp_(x).
_IN_PLACE_FUNCTIONS = (
    "abs_ acos_ acosh_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ "
    "atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ erf_ erfc_ exp2_ exp_ "
    "expm1_ fill_ fix_ floor_ frac_ gcd_ i0_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ "
    "nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ round_ rsqrt_ sigmoid_ sin_ sinc_ "
    "sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_ zero_ addmv_ as_strided_ index_put_ resize_as_ "
    "conj_physical_"
)

# The families whose functions have torch's out=.
_WITH_OUT = (
    *(elementwise, pairs, compare, math, reduce, scan, linalg, join, gather, rows, index),
    *("histograms", "householder", "lu", "old_decompositions", "solving"),
    *("pointwise", special, "ordering", "sets", "running", "statistics", "products", "indexing"),
    gamma,
)
# ... but for these of them, and others that have it too
_WITHOUT_OUT = (
    "argwhere bincount cdist chunk corrcoef count_nonzero cov cumulative_trapezoid dist fill "
    "gradient histogramdd index_fill index_put isfinite isinf isnan isreal masked_fill "
    "masked_scatter narrow positive put relu rsub select split std_mean trace trapezoid trapz "
    "unbind unique unique_consecutive unravel_index unsafe_chunk vander var_mean"
)
_OTHERS_WITH_OUT = (
    "arange bernoulli column_stack concat concatenate conj_physical diag dstack empty eye full "
    "hardshrink inverse linspace log_softmax logspace multinomial norm normal ones rand randint "
    "randn randperm range row_stack slice_scatter softmax threshold zeros"
)


class Late:
    """A function of a family above that is named by a string: imported when it is first used.

    As a method it stands in the place of the function, and puts that there.
    """

    def __init__(self, family: str, name: str, wrap: Any = None) -> None:
        self.family, self.name, self.wrap = family, name, wrap
        self.__module__ = f"{__name__}.{family}"

    method: str

    def named(self, method: str) -> Any:
        """Return the same to stand in the place of a method of that name."""
        late = Late(self.family, self.name, self.wrap)
        late.method = method
        return late

    def load(self) -> Any:
        """Return the function."""
        if self.wrap is None:
            return explained(self.__module__, self.name)
        return self.wrap(getattr(import_module(self.__module__), self.name))

    def __get__(self, instance: Any, owner: Any) -> Any:
        function = self.load()
        install_methods({self.method: function})
        return function.__get__(instance, owner)


def _find(family, name):
    return Late(family, name) if isinstance(family, str) else getattr(family, name)


def _collect(groups):
    return {name: _find(family, name) for family, names in groups.items() for name in names.split()}


def _wrapped(function, wrap):
    """Return ``wrap(function)``, when it comes to that."""
    if isinstance(function, Late):
        return Late(function.family, function.name, wrap)
    return wrap(function)


def make_overridable(wrap, package):
    """Put every function of a package and method behind ``wrap(function, module, name)``.

    See minigrad/overrides.py.
    """

    def behind(function, name):
        if isinstance(function, Late):
            return Late(
                function.family, function.name, lambda _: wrap(function.load(), "minigrad", name)
            )
        return wrap(function, "minigrad", name)

    for name, function in functions.items():
        functions[name] = behind(function, name)
        if name in vars(package):
            setattr(package, name, wrap(getattr(package, name), "minigrad", name))
    for kind in reversed(Tensor.__mro__[:-1]):
        found = {n: f for n, f in vars(kind).items() if not n.startswith("__")}
        methods.update({n: f for n, f in found.items() if isinstance(f, Late) or callable(f)})
    for name, function in methods.items():
        methods[name] = behind(function, f"Tensor.{name}")
        if isinstance(function, Late):
            methods[name] = methods[name].named(name)
    install_methods(methods)


def _in_place(name):
    """Return ``name_``, which writes what ``name`` computes."""
    return _wrapped(methods[name], lambda function: inplace.in_place(function, f"{name}_"))


functions = _collect(_SHARED)
# ... and those whose name means something else in minigrad.linalg, or is another there
functions["norm"] = Late("matrices", "old_norm")
functions["softmax"], functions["log_softmax"] = softmax.softmax_along, softmax.log_softmax_along
for _name in ("cholesky", "svd", "qr", "slogdet"):
    functions[_name] = Late("old_decompositions", f"old_{_name}")
functions["orgqr"] = Late("householder", "householder_product")
functions["lu_solve"] = Late("lu", "old_lu_solve")
functions.update({alias: functions[name] for alias, name in _ALIASES.items()})
methods = {**functions, **_collect(_METHODS)}
methods["where"] = elementwise.where_method  # x.where(condition, y): another order
methods["real"], methods["imag"] = Late("realness", "real_part"), Late("realness", "imaginary_part")
methods.update({f"{name}_": _in_place(name) for name in _IN_PLACE.split()})
for _alias, _name in _ALIASES.items():
    if f"{_name}_" in methods:
        methods[f"{_alias}_"] = methods[f"{_name}_"]
functions.update(_collect(_FUNCTIONS))
functions.update({name: methods[name] for name in _IN_PLACE_FUNCTIONS.split()})
_with_out = {f"{__name__}.{f}" if isinstance(f, str) else f.__name__ for f in _WITH_OUT}
_no_out = {*_IN_PLACE_FUNCTIONS.split(), *_WITHOUT_OUT.split()}
_also_out = {*_OTHERS_WITH_OUT.split()}
for _name, _function in functions.items():
    if (_function.__module__ in _with_out and _name not in _no_out) or _name in _also_out:
        functions[_name] = _wrapped(_function, partial(out.WithOut, name=_name))

# The table through which tape and tensor reach ops.  All places but these bear a method's name.
_table = tape.table()
_table.getitem, _table.setitem = index.getitem, index.setitem
_table.regenerate_view, _table.stack = inplace._regenerate_view, join.stack
for _name in vars(tape.Operations):
    if getattr(_table, _name) is None:
        setattr(_table, _name, methods[_name])
for _name, _function in methods.items():
    if isinstance(_function, Late):
        methods[_name] = _function.named(_name)
install_methods(methods)
saved.install()
