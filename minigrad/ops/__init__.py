"""Differentiable operations, one file per family, each op's forward and vjp on one screen.

Importing this package completes ``Tensor``: the table of operators that tape and tensor call
is filled, and the functions listed here become methods, so that ``x.sum(0)`` is
``minigrad.sum(x, 0)``.  A family is imported when the first of its functions is called.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from minigrad import tape
from minigrad.ops import index, inplace, join, saved
from minigrad.ops.public import PublicFunction, PublicMethod
from minigrad.tensor import install_methods

if TYPE_CHECKING:
    from minigrad.ops import (
        activation,
        arrange,
        closeness,
        compare,
        conv,
        conv3d,
        conv_transpose,
        copy,
        creation,
        decomposition,
        diagonals,
        distance,
        distributions,
        einsum,
        elementwise,
        forms,
        gamma,
        gather,
        generator,
        histograms,
        householder,
        indexing,
        kinds,
        layer_norm,
        legacy,
        linalg,
        low_rank,
        lu,
        math,
        matrices,
        old_decompositions,
        ordering,
        pad,
        pairs,
        pixels,
        pointwise,
        pool,
        pool3d,
        products,
        random,
        random_activation,
        realness,
        recurrent,
        reduce,
        rows,
        running,
        scan,
        sets,
        shape,
        signal,
        softmax,
        solving,
        special,
        splitting,
        statistics,
        storage,
        strided,
    )

# Functions that are also methods: minigrad.name(x, ...) and x.name(...).
_SHARED = {
    "elementwise": (
        "add sub mul div floor_divide remainder fmod maximum minimum where clamp "
        "clamp_min clamp_max"
    ),
    "pairs": "pow atan2 hypot copysign logaddexp",
    "compare": (
        "eq ne lt le gt ge logical_and logical_or logical_xor logical_not bitwise_and bitwise_or "
        "bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift"
    ),
    "math": (
        "neg abs sign floor ceil trunc round frac square sqrt rsqrt reciprocal exp exp2 expm1 log "
        "log1p log2 log10 sin cos tan asin acos atan sinh cosh tanh sigmoid relu erf erfc isnan "
        "isinf isfinite nan_to_num erfinv"
    ),
    "reduce": ("sum mean var std amax amin max min argmax argmin logsumexp all any count_nonzero"),
    "scan": "prod cumsum cumprod",
    "linalg": "matmul mm bmm mv dot addmm",
    "activation": "hardshrink",
    "shape": (
        "reshape flatten ravel unflatten squeeze unsqueeze permute transpose swapaxes t "
        "movedim broadcast_to tile flip roll"
    ),
    "join": "narrow select unbind split chunk",
    "gather": "gather take_along_dim scatter scatter_add",
    "rows": "index_select index_add",
    "index": "masked_fill masked_select nonzero tril triu",
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
    "strided": (
        "as_strided diagonal diagonal_scatter select_scatter slice_scatter as_strided_scatter"
    ),
    "copy": "clone",
    "legacy": "is_inference is_nonzero is_signed",
    "closeness": "equal isclose allclose",
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
    "gamma": "igamma igammac",
    "special": "lgamma digamma polygamma mvlgamma i0",
    "random": "bernoulli multinomial",
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
    "shape": "view view_as reshape_as expand expand_as repeat",
    "reduce": "sum_to_size",
    "copy": ("contiguous to type type_as half float double byte char short int long bool cpu cuda"),
    "creation": "new_tensor new_empty new_zeros new_ones new_full",
    "legacy": "pin_memory is_pinned new",
    "pointwise": "float_power_",
    "realness": "conj_physical_ apply_ map_",
    "storage": "untyped_storage storage is_shared share_memory_",
    "inplace": "add_ sub_ mul_ div_ fill_ zero_ copy_",
    "distributions": "exponential_ cauchy_ log_normal_ geometric_",
    "random": "uniform_ normal_ bernoulli_ random_",
    "diagonals": "fill_diagonal_",
    "index": "masked_fill_",
    "kinds": "is_set_to",
    "signal": "new_empty_strided",
    "strided": (
        "as_subclass unfold unsqueeze_ squeeze_ t_ transpose_ swapaxes_ as_strided_ resize_ "
        "resize_as_"
    ),
}

# Attributes: properties, or what is no function.
_ATTRIBUTES = {
    "arrange": "H mH",
    "legacy": (
        "is_cpu is_sparse is_sparse_csr is_quantized is_meta is_mps is_xpu is_ipu is_xla is_mkldnn "
        "is_nested layout"
    ),
}

# Functions only.
_FUNCTIONS = {
    "activation": "celu prelu selu threshold",
    "random_activation": "rrelu rrelu_ selu_ celu_ threshold_",
    "forms": ("dropout alpha_dropout feature_alpha_dropout layer_norm group_norm instance_norm"),
    "layer_norm": "rms_norm",
    "distance": "pairwise_distance cosine_similarity pdist bilinear",
    "creation": (
        "tensor as_tensor asarray from_numpy from_dlpack empty zeros ones full empty_like "
        "zeros_like ones_like full_like arange linspace logspace eye meshgrid"
    ),
    "distributions": "binomial poisson",
    "storage": "is_storage to_dlpack",
    "legacy": "set_default_tensor_type typename",
    "reduce": "var_mean std_mean",
    "pointwise": "rsub",
    "realness": "real imag is_complex",
    "running": "trapezoid trapz cumulative_trapezoid gradient",
    "sets": "isin searchsorted bucketize",
    "statistics": "cdist",
    "histograms": "histogramdd",
    "shape": "broadcast_tensors",
    "join": "cat stack hstack vstack",
    "arrange": (
        "concat concatenate row_stack dstack column_stack atleast_1d atleast_2d atleast_3d "
        "block_diag cartesian_prod combinations broadcast_shapes"
    ),
    "diagonals": "tril_indices triu_indices",
    "einsum": "einsum",
    "kinds": "result_type can_cast numel detach detach_ is_floating_point",
    "signal": (
        "hann_window hamming_window blackman_window bartlett_window kaiser_window range "
        "scalar_tensor empty_strided empty_permuted frombuffer"
    ),
    "indexing": "unravel_index fill",
    "products": "tensordot chain_matmul vander",
    "lu": "lu_unpack",
    "low_rank": "svd_lowrank pca_lowrank",
    "conv": "conv1d conv2d",
    "conv_transpose": "conv_transpose1d conv_transpose2d",
    "conv3d": "conv3d conv_transpose3d",
    "recurrent": "rnn_tanh_cell rnn_relu_cell lstm_cell gru_cell",
    "pool": "max_pool1d max_pool2d avg_pool1d adaptive_avg_pool1d",
    "pool3d": "max_pool3d",
    "pixels": "pixel_shuffle pixel_unshuffle channel_shuffle",
    "pad": "constant_pad_nd",
    "generator": "manual_seed seed initial_seed get_rng_state set_rng_state",
    "random": "rand randn randint randperm rand_like randn_like randint_like normal",
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
    "compare elementwise gamma gather histograms householder index indexing join linalg lu math "
    "old_decompositions ordering pairs pointwise products reduce rows running scan sets solving "
    "special statistics"
).split()
# ... but for these of them, and others that have it too
_WITHOUT_OUT = (
    f"{_IN_PLACE_FUNCTIONS} "
    "argwhere bincount cdist chunk corrcoef count_nonzero cov cumulative_trapezoid dist fill "
    "gradient histogramdd index_fill index_put isfinite isinf isnan isreal masked_fill "
    "masked_scatter narrow positive put relu rsub select split std_mean trace trapezoid trapz "
    "unbind unique unique_consecutive unravel_index unsafe_chunk vander var_mean"
).split()
_OTHERS_WITH_OUT = (
    "arange bernoulli column_stack concat concatenate conj_physical diag dstack empty eye full "
    "hardshrink inverse linspace log_softmax logspace multinomial norm normal ones rand randint "
    "randn randperm range row_stack slice_scatter softmax threshold zeros"
).split()


Place = tuple[str, str]  # of an op: its family, and its name there


def _places(groups: dict[str, str]) -> dict[str, Place]:
    """Return where the op of each name in a table is."""
    return {name: (family, name) for family, names in groups.items() for name in names.split()}


def _fetch(family: str, name: str) -> Any:
    """Return an op; its family is imported if this is the first of it."""
    module = import_module(f"{__name__}.{family}")
    if module is inplace and not hasattr(inplace, name):
        return inplace.in_place(_fetch(*_methods[name.removesuffix("_")]), name)
    return getattr(module, name)


class _Attribute:
    """A property of tensors, which takes this place when it is first asked for."""

    def __init__(self, name: str, place: Place) -> None:
        self.name, self.place = name, place

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        found = _fetch(*self.place)
        install_methods({self.name: found})
        return found.__get__(instance, owner)


_functions = _places(_SHARED)
# ... and those whose name means something else in minigrad.linalg, or is another there
_functions["norm"] = "matrices", "old_norm"
for _name in ("softmax", "log_softmax"):
    _functions[_name] = "softmax", f"{_name}_along"
for _name in ("cholesky", "svd", "qr", "slogdet"):
    _functions[_name] = "old_decompositions", f"old_{_name}"
_functions["orgqr"] = "householder", "householder_product"
_functions["lu_solve"] = "lu", "old_lu_solve"
_functions.update({alias: _functions[name] for alias, name in _ALIASES.items()})
_methods = {**_functions, **_places(_METHODS)}
_methods["where"] = "elementwise", "where_method"  # x.where(condition, y): another order
_methods.update({f"{name}_": ("inplace", f"{name}_") for name in _IN_PLACE.split()})
for _alias, _name in _ALIASES.items():
    if f"{_name}_" in _methods:
        _methods[f"{_alias}_"] = _methods[f"{_name}_"]
_functions.update(_places(_FUNCTIONS))
_functions.update({name: _methods[name] for name in _IN_PLACE_FUNCTIONS.split()})
_attributes = _places(_ATTRIBUTES)
_attributes.update(real=("realness", "real_part"), imag=("realness", "imaginary_part"))


def _takes_out(name: str) -> bool:
    if name in _OTHERS_WITH_OUT:
        return True
    return _functions[name][0] in _WITH_OUT and name not in _WITHOUT_OUT


functions = {
    name: PublicFunction("minigrad", name, partial(_fetch, *place), _takes_out(name))
    for name, place in _functions.items()
}
methods = {
    name: PublicMethod("minigrad", name, partial(_fetch, *place))
    for name, place in _methods.items()
}

# The table through which tape and tensor reach ops.  All places but these bear a method's name.
_table = tape.table()
_table.getitem, _table.setitem = index.getitem, index.setitem
_table.regenerate_view, _table.stack = inplace._regenerate_view, join.stack
for _name in vars(tape.Operations):
    if getattr(_table, _name) is None:
        setattr(_table, _name, _fetch(*_methods[_name]))
install_methods(methods)
install_methods({name: _Attribute(name, place) for name, place in _attributes.items()})
saved.install()
