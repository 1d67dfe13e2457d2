"""CUDA is not here.  Programs set these flags at their start; they change nothing."""


class matmul:
    """Flags of matrix products on a GPU."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True


def is_built() -> bool:
    """Return False."""
    return False
