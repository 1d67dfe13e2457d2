"""The libraries that torch can compute with, of which minigrad has OpenMP and its own kernels."""

from minigrad.backends import cuda, cudnn, mkl, mkldnn, mps, openmp
