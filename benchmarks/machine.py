"""A description of the machine and the software, for the report's header and its JSON."""

import os
import platform
from pathlib import Path

import numpy as np


def usable_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def processor() -> str:
    """The processor's model name, or the architecture where Linux does not tell it."""
    for line in read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def caches() -> dict[str, int]:
    """Bytes of the caches that the first core sees: {"L1d": ..., "L2": ..., "L3": ...}."""
    units = {"K": 1 << 10, "M": 1 << 20}
    found = {}
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        size, kind = read(cache / "size"), read(cache / "type")
        if kind != "Instruction" and size[:-1].isdigit() and size[-1] in units:
            name = f"L{read(cache / 'level')}" + ("d" if kind == "Data" else "")
            found[name] = int(size[:-1]) * units[size[-1]]
    return found


def memory() -> int | None:
    """Bytes of physical memory, or None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def describe() -> dict:
    return {
        "processor": processor(),
        "architecture": platform.machine(),
        "cores": usable_cores(),
        "caches": caches(),
        "memory": memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "environment": {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("OMP_", "OPENBLAS_", "MKL_", "KMP_", "GOMP_", "XLA_", "MINIGRAD_"))
        },
    }
