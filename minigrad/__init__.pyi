"""The names of minigrad; written by .ci/stubs.py."""

import builtins
from collections.abc import Sequence
from typing import Any

from minigrad import attributes, dtypes
from minigrad.ops.random import Generator as Generator
from minigrad.attributes import Size as Size
from minigrad.tensor import Tensor as Tensor
from minigrad.ops.math import abs as abs
from minigrad.ops.math import abs as absolute
from minigrad.ops.math import acos as acos
from minigrad.ops.pool import adaptive_avg_pool1d as adaptive_avg_pool1d
from minigrad.ops.elementwise import add as add
from minigrad.ops.elementwise import addcdiv as addcdiv
from minigrad.ops.elementwise import addcmul as addcmul
from minigrad.ops.linalg import addmm as addmm
from minigrad.ops.reduce import all as all
from minigrad.ops.reduce import amax as amax
from minigrad.ops.reduce import amin as amin
from minigrad.ops.reduce import any as any
from minigrad.ops.creation import arange as arange
from minigrad.ops.math import acos as arccos
from minigrad.ops.math import asin as arcsin
from minigrad.ops.math import atan as arctan
from minigrad.ops.elementwise import atan2 as arctan2
from minigrad.ops.reduce import argmax as argmax
from minigrad.ops.reduce import argmin as argmin
from minigrad.ops.creation import as_tensor as as_tensor
from minigrad.ops.creation import as_tensor as asarray
from minigrad.ops.math import asin as asin
from minigrad.ops.math import atan as atan
from minigrad.ops.elementwise import atan2 as atan2
from minigrad import attributes as attributes
from minigrad import autograd as autograd
from minigrad.ops.pool import avg_pool1d as avg_pool1d
from minigrad.ops.compare import bitwise_and as bitwise_and
from minigrad.ops.compare import bitwise_left_shift as bitwise_left_shift
from minigrad.ops.compare import bitwise_not as bitwise_not
from minigrad.ops.compare import bitwise_or as bitwise_or
from minigrad.ops.compare import bitwise_right_shift as bitwise_right_shift
from minigrad.ops.compare import bitwise_xor as bitwise_xor
from minigrad.ops.linalg import bmm as bmm
from minigrad.dtypes import bool_ as bool
from minigrad.ops.shape import broadcast_tensors as broadcast_tensors
from minigrad.ops.shape import broadcast_to as broadcast_to
from minigrad.ops.join import cat as cat
from minigrad.ops.math import ceil as ceil
from minigrad.ops.activation import celu as celu
from minigrad.ops.join import chunk as chunk
from minigrad.ops.elementwise import clamp as clamp
from minigrad.ops.elementwise import clamp_max as clamp_max
from minigrad.ops.elementwise import clamp_min as clamp_min
from minigrad.ops.elementwise import clamp as clip
from minigrad.ops.copy import clone as clone
from minigrad import config as config
from minigrad.ops.conv import conv1d as conv1d
from minigrad.ops.conv import conv2d as conv2d
from minigrad import convert as convert
from minigrad.ops.math import cos as cos
from minigrad.ops.math import cosh as cosh
from minigrad.ops.reduce import count_nonzero as count_nonzero
from minigrad.config import cuda as cuda
from minigrad.ops.scan import cumprod as cumprod
from minigrad.ops.scan import cumsum as cumsum
from minigrad.ops.random import default_generator as default_generator
from minigrad.attributes import device as device
from minigrad.ops.index import diag as diag
from minigrad.ops.index import diagonal as diagonal
from minigrad.ops.elementwise import div as div
from minigrad.ops.elementwise import div as divide
from minigrad.ops.linalg import dot as dot
from minigrad.dtypes import float64 as double
from minigrad.dtypes import dtype as dtype
from minigrad import dtypes as dtypes
from minigrad.ops.creation import empty as empty
from minigrad.ops.creation import empty_like as empty_like
from minigrad.autograd.grad_mode import enable_grad as enable_grad
from minigrad.ops.compare import eq as eq
from minigrad.ops.math import erf as erf
from minigrad.ops.math import erfc as erfc
from minigrad.ops.math import exp as exp
from minigrad.ops.math import exp2 as exp2
from minigrad.ops.math import expm1 as expm1
from minigrad.ops.creation import eye as eye
from minigrad.config import finfo as finfo
from minigrad.ops.math import trunc as fix
from minigrad.ops.shape import flatten as flatten
from minigrad.ops.shape import flip as flip
from minigrad.dtypes import float32 as float
from minigrad.dtypes import float16 as float16
from minigrad.dtypes import float32 as float32
from minigrad.dtypes import float64 as float64
from minigrad.ops.math import floor as floor
from minigrad.ops.elementwise import floor_divide as floor_divide
from minigrad.ops.elementwise import fmod as fmod
from minigrad import formatting as formatting
from minigrad.ops.math import frac as frac
from minigrad.ops.creation import from_dlpack as from_dlpack
from minigrad.ops.creation import from_numpy as from_numpy
from minigrad.ops.creation import full as full
from minigrad.ops.creation import full_like as full_like
from minigrad.ops.index import gather as gather
from minigrad.ops.compare import ge as ge
from minigrad.dtypes import get_default_dtype as get_default_dtype
from minigrad.kernels.openmp import get_num_threads as get_num_threads
from minigrad.formatting import get_printoptions as get_printoptions
from minigrad.ops.compare import gt as greater
from minigrad.ops.compare import ge as greater_equal
from minigrad.ops.compare import gt as gt
from minigrad.dtypes import float16 as half
from minigrad.ops.join import hstack as hstack
from minigrad.config import iinfo as iinfo
from minigrad.ops.index import index_select as index_select
from minigrad.autograd.grad_mode import inference_mode as inference_mode
from minigrad.dtypes import int32 as int
from minigrad.dtypes import int16 as int16
from minigrad.dtypes import int32 as int32
from minigrad.dtypes import int64 as int64
from minigrad.dtypes import int8 as int8
from minigrad.tape import is_grad_enabled as is_grad_enabled
from minigrad.ops.math import isfinite as isfinite
from minigrad.ops.math import isinf as isinf
from minigrad.ops.math import isnan as isnan
from minigrad import kernels as kernels
from minigrad.ops.compare import le as le
from minigrad.ops.elementwise import lerp as lerp
from minigrad.ops.compare import lt as less
from minigrad.ops.compare import le as less_equal
from minigrad.ops.creation import linspace as linspace
from minigrad.serialization import load as load
from minigrad.ops.math import log as log
from minigrad.ops.math import log10 as log10
from minigrad.ops.math import log1p as log1p
from minigrad.ops.math import log2 as log2
from minigrad.ops.softmax import log_softmax as log_softmax
from minigrad.ops.compare import logical_and as logical_and
from minigrad.ops.compare import logical_not as logical_not
from minigrad.ops.compare import logical_or as logical_or
from minigrad.ops.compare import logical_xor as logical_xor
from minigrad.ops.creation import logspace as logspace
from minigrad.ops.reduce import logsumexp as logsumexp
from minigrad.dtypes import int64 as long
from minigrad.ops.compare import lt as lt
from minigrad.ops.index import masked_fill as masked_fill
from minigrad.ops.index import masked_select as masked_select
from minigrad.ops.linalg import matmul as matmul
from minigrad.ops.reduce import max as max
from minigrad.ops.pool import max_pool1d as max_pool1d
from minigrad.ops.pool import max_pool2d as max_pool2d
from minigrad.ops.elementwise import maximum as maximum
from minigrad.ops.reduce import mean as mean
from minigrad import memory as memory
from minigrad.ops.creation import meshgrid as meshgrid
from minigrad.ops.reduce import min as min
from minigrad.ops.elementwise import minimum as minimum
from minigrad.ops.linalg import mm as mm
from minigrad.ops.shape import movedim as moveaxis
from minigrad.ops.shape import movedim as movedim
from minigrad.ops.elementwise import mul as mul
from minigrad.ops.elementwise import mul as multiply
from minigrad.ops.linalg import mv as mv
from minigrad.ops.math import nan_to_num as nan_to_num
from minigrad.ops.join import narrow as narrow
from minigrad.ops.compare import ne as ne
from minigrad.ops.math import neg as neg
from minigrad.ops.math import neg as negative
from minigrad import nn as nn
from minigrad.autograd.grad_mode import no_grad as no_grad
from minigrad.ops.index import nonzero as nonzero
from minigrad.ops.reduce import norm as norm
from minigrad.ops.compare import ne as not_equal
from minigrad.ops.creation import ones as ones
from minigrad.ops.creation import ones_like as ones_like
from minigrad import operators as operators
from minigrad import ops as ops
from minigrad import optim as optim
from minigrad.ops.shape import permute as permute
from minigrad.ops.elementwise import pow as pow
from minigrad.ops.activation import prelu as prelu
from minigrad.ops.scan import prod as prod
from minigrad.dtypes import promote_types as promote_types
from minigrad.ops.shape import ravel as ravel
from minigrad.ops.math import reciprocal as reciprocal
from minigrad.ops.math import relu as relu
from minigrad.ops.elementwise import remainder as remainder
from minigrad.ops.shape import reshape as reshape
from minigrad.ops.shape import roll as roll
from minigrad.ops.math import round as round
from minigrad.ops.math import rsqrt as rsqrt
from minigrad.serialization import save as save
from minigrad.ops.index import scatter as scatter
from minigrad.ops.index import scatter_add as scatter_add
from minigrad.ops.join import select as select
from minigrad.ops.activation import selu as selu
from minigrad import serialization as serialization
from minigrad.dtypes import set_default_dtype as set_default_dtype
from minigrad.autograd.grad_mode import set_grad_enabled as set_grad_enabled
from minigrad.kernels.openmp import set_num_threads as set_num_threads
from minigrad.formatting import set_printoptions as set_printoptions
from minigrad.ops.math import sign as sgn
from minigrad.dtypes import int16 as short
from minigrad.config import show_config as show_config
from minigrad.ops.math import sigmoid as sigmoid
from minigrad.ops.math import sign as sign
from minigrad.ops.math import sin as sin
from minigrad.ops.math import sinh as sinh
from minigrad.ops.softmax import softmax as softmax
from minigrad.ops.join import split as split
from minigrad.ops.math import sqrt as sqrt
from minigrad.ops.math import square as square
from minigrad.ops.shape import squeeze as squeeze
from minigrad.ops.join import stack as stack
from minigrad.ops.reduce import std as std
from minigrad.ops.reduce import std_mean as std_mean
from minigrad.ops.elementwise import sub as sub
from minigrad.ops.elementwise import sub as subtract
from minigrad.ops.reduce import sum as sum
from minigrad.ops.shape import transpose as swapaxes
from minigrad.ops.shape import transpose as swapdims
from minigrad.ops.shape import t as t
from minigrad.ops.index import take_along_dim as take_along_dim
from minigrad.ops.math import tan as tan
from minigrad.ops.math import tanh as tanh
from minigrad import tape as tape
from minigrad.ops.creation import tensor as tensor
from minigrad.ops.activation import threshold as threshold
from minigrad.ops.shape import tile as tile
from minigrad.ops.shape import transpose as transpose
from minigrad.ops.index import tril as tril
from minigrad.ops.index import triu as triu
from minigrad.ops.elementwise import div as true_divide
from minigrad.ops.math import trunc as trunc
from minigrad.dtypes import uint8 as uint8
from minigrad.ops.join import unbind as unbind
from minigrad.ops.shape import unflatten as unflatten
from minigrad.ops.shape import unsqueeze as unsqueeze
from minigrad import utils as utils
from minigrad.ops.reduce import var as var
from minigrad.ops.reduce import var_mean as var_mean
from minigrad.ops.join import vstack as vstack
from minigrad import walk as walk
from minigrad.ops.elementwise import where as where
from minigrad.ops.creation import zeros as zeros
from minigrad.ops.creation import zeros_like as zeros_like

__version__: builtins.str
def allclose(input: Tensor, other: Tensor | builtins.float, rtol: builtins.float = ..., atol: builtins.float = ..., equal_nan: builtins.bool = False) -> builtins.bool: ...
def bernoulli(input: Tensor, p: builtins.float | None = None, *, generator: Any = None) -> Tensor: ...
def dropout(input: Tensor, p: builtins.float = ..., training: builtins.bool = True, inplace: builtins.bool = False) -> Tensor: ...
e: builtins.float
def equal(input: Tensor, other: Tensor | builtins.float) -> builtins.bool: ...
def get_rng_state() -> Tensor: ...
inf: builtins.float
def initial_seed() -> builtins.int: ...
def is_floating_point(input: Tensor) -> builtins.bool: ...
def is_tensor(obj: Any) -> builtins.bool: ...
def isclose(input: Tensor, other: Tensor | builtins.float, rtol: builtins.float = ..., atol: builtins.float = ..., equal_nan: builtins.bool = False) -> Tensor: ...
def manual_seed(seed: Any) -> Any: ...
def multinomial(input: Tensor, num_samples: Any, replacement: Any = False, *, generator: Any = None) -> Tensor: ...
nan: builtins.float
def normal(mean: Tensor | builtins.float = ..., std: Tensor | builtins.float = ..., size: Any = None, *, generator: Any = None, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False) -> Tensor: ...
def numel(input: Tensor) -> builtins.int: ...
pi: builtins.float
def rand(*size: Any, generator: Any = None, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False) -> Tensor: ...
def rand_like(input: Tensor, *, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False, generator: Any = None) -> Tensor: ...
def randint(low: Any, high: Any = None, size: Any = None, *, generator: Any = None, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False) -> Tensor: ...
def randint_like(input: Tensor, low: Any, high: Any = None, *, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False) -> Tensor: ...
def randn(*size: Any, generator: Any = None, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False) -> Tensor: ...
def randn_like(input: Tensor, *, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False, generator: Any = None) -> Tensor: ...
def randperm(n: builtins.int, *, generator: Any = None, dtype: dtypes.dtype | None = None, device: attributes.device | builtins.str | None = None, requires_grad: builtins.bool = False) -> Tensor: ...
def seed() -> builtins.int: ...
def set_rng_state(new_state: Any) -> None: ...
