"""The processor, as the kernels see it."""

from minigrad import kernels

_NAMES = {"x86_64_v3": "AVX2", "x86_64_v4": "AVX512"}


def get_cpu_capability() -> str:
    """Return torch's name of the instruction set that the kernels were picked for: "AVX512",
    "AVX2", or "DEFAULT"."""
    return _NAMES.get(kernels.level, "DEFAULT")
