"""The libraries that torch can compute with, of which minigrad has OpenMP and its own kernels."""

from minigrad.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum

fp32_precision = "none"
