"""Build minigrad's Cython extensions.  Everything declarative is in pyproject.toml.

Every ``.pyx`` file of the package becomes one extension, with two twists:

* A kernel (``minigrad/kernels/*.pyx``) is translated to C once and compiled once per
  instruction set.  The results lie in ``minigrad/kernels/<level>/`` and all bear the name
  ``minigrad.kernels.<file>``; ``minigrad/kernels/__init__.py`` picks the folder at import.
* OpenMP is probed, not assumed.  Without it the same sources build single-threaded.

pip builds an editable install from nothing every time, which takes minutes.  So a build whose
sources and settings are those of the last one in this folder takes over what that one compiled.

Environment variables, all optional:

``MINIGRAD_OPENMP=0``     build without OpenMP even where the compiler has it
``MINIGRAD_LEVELS=a,b``   build only these instruction sets (for quick development builds)
``MINIGRAD_DEBUG=1``      bounds checks and assertions on, optimisation off
``MINIGRAD_SANITIZE=a,b`` compile with these sanitizers (address,undefined or thread): .ci/sanitize
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import Cython
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

PACKAGE = Path("minigrad")
CYTHON_DIR = "build/cython"
STAMP = Path("build/fingerprint")  # of the last build whose results lie in the source folders
SETTINGS = Path("build/settings")  # a digest of what it was compiled with, from its beginning
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
DEBUG = os.environ.get("MINIGRAD_DEBUG") == "1"
SANITIZE = os.environ.get("MINIGRAD_SANITIZE", "")
WINDOWS = sys.platform == "win32"

# The instruction sets a kernel is compiled for, best first.  These are the psABI's levels: v3
# has AVX2 and FMA, v4 has AVX-512.  256-bit is not preferred: the kernels are dense loops.
LEVELS = {"baseline": []}
if platform.machine().lower() in ("x86_64", "amd64") and not WINDOWS:
    LEVELS = {
        "x86_64_v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
        "x86_64_v3": ["-march=x86-64-v3"],
        "baseline": [],
    }
if "MINIGRAD_LEVELS" in os.environ:
    wanted = os.environ["MINIGRAD_LEVELS"].split(",")
    if not set(wanted) & set(LEVELS):
        raise SystemExit(
            f"MINIGRAD_LEVELS={','.join(wanted)} names no level this machine builds: "
            f"expected some of {','.join(LEVELS)}"
        )
    LEVELS = {level: flags for level, flags in LEVELS.items() if level in wanted}

DIRECTIVES = {
    "language_level": 3,
    "initializedcheck": DEBUG,
    "cdivision": True,
    "embedsignature": True,
    "binding": True,
}

# Kernels index raw memory.  Elsewhere an index is one into a tuple or list, and what should be a
# tensor may be None: there a check costs a nanosecond, and its absence a crash.  A kernel's
# functions are CPython's plain built-in ones, with a signature that inspect can read: Cython's own
# kind, which can be a method, takes a fifth of the time to compile, three times for each file.
KERNEL_DIRECTIVES = {
    **DIRECTIVES,
    "boundscheck": DEBUG,
    "wraparound": False,
    "binding": False,
    "embedsignature.format": "clinic",
}
OTHER_DIRECTIVES = {**DIRECTIVES, "nonecheck": True}


def optimisation_flags(optimise):
    """Flags for every file.  Never -ffast-math: it assumes away NaN and alters the process."""
    if WINDOWS:
        return ["/Od" if DEBUG else "/O2"]
    flags = ["-O0", "-g"] if DEBUG else [f"-O{optimise}", "-g0"]
    if SANITIZE:
        # -O1: lines in the reports that are those of the source
        flags = ["-O1", "-g", f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer"]
        if "undefined" in SANITIZE:  # (x86 reads numbers at any address, as NumPy's views may lie)
            flags += ["-fno-sanitize-recover=all", "-fno-sanitize=alignment"]
    return [*flags, "-fno-math-errno", "-fno-trapping-math", "-Wno-unused-function"]


def builds(program, *flags):
    """Return whether the compiler takes ``program`` with these flags."""
    compiler = os.environ.get("CC", "cc").split()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text(program)
        command = [*compiler, *flags, str(source), "-o", str(target)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def fusing_flags():
    """Flags with which a loop rounds as its twins do, so that bits do not depend on threads.

    Where a multiplication and an addition can be one instruction they are, except that newer GCCs
    leave them apart in a loop that sums into one vector alone: in a tile of one row and one vector
    (products.h), which is the last of one piece, and within a larger one of another way to cut.
    """
    flag = "--param=avoid-fma-max-bits=0"
    program = "int main(void) { return 0; }\n"
    return [flag] if not WINDOWS and builds(program, flag, "-Werror") else []  # (clang warns)


def openmp_flags():
    """Return (compile flags, link flags) for OpenMP, empty where a test program does not build."""
    if os.environ.get("MINIGRAD_OPENMP") == "0":
        return [], []
    if WINDOWS:
        return ["/openmp"], []
    program = "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n"
    if not builds(program, "-fopenmp"):
        print("minigrad: no OpenMP here; building single-threaded kernels", file=sys.stderr)
        return [], []
    return ["-fopenmp"], ["-fopenmp"]


def settings():
    """Return a digest of the settings and versions that every compiled file depends on."""
    compiler = os.environ.get("CC", "cc")
    version = ""
    if not WINDOWS and shutil.which(compiler.split()[0]):
        version = subprocess.check_output([*compiler.split(), "--version"], text=True)
    found = (sys.version, numpy.__version__, Cython.__version__, compiler, version)
    found += (Path("setup.py").read_bytes(), DEBUG, SANITIZE, openmp_flags())
    found += tuple(os.environ.get(name) for name in ("CFLAGS", "CPPFLAGS", "LDFLAGS"))
    return hashlib.sha256(repr(found).encode()).hexdigest()


def fingerprint():
    """Return a digest of all that the compiled files depend on: settings, levels and sources."""
    digest = hashlib.sha256(repr((settings(), list(LEVELS))).encode())
    sources = (path for kind in ("pyx", "pxd", "h") for path in PACKAGE.rglob(f"*.{kind}"))
    for path in sorted(sources):
        digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


OTHER_SETTINGS = SETTINGS.exists() and SETTINGS.read_text() != settings()


def compiled(name):
    """Return where an in-place build puts the extension of that name."""
    return Path(*name.split(".")).with_suffix(sysconfig.get_config_var("EXT_SUFFIX"))


class BuildExt(build_ext):
    """build_ext on all cores, into the levels' folders."""

    fingerprint = ""  # of this build
    up_to_date = False  # whether the last one was the same

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or CORES
        # the times of files do not tell that they were compiled with other settings
        self.force = self.force or OTHER_SETTINGS

    def run(self):
        compiler = os.environ.get("CC", "cc").split()[0]
        if shutil.which(compiler) is None and not WINDOWS:
            raise SystemExit(
                f"minigrad: there is no C compiler {compiler!r}: install gcc or clang, or set CC"
            )
        if not self.up_to_date:
            STAMP.unlink(missing_ok=True)
            SETTINGS.parent.mkdir(exist_ok=True)
            SETTINGS.write_text(settings())
        super().run()

    def build_extension(self, ext):
        if not self.up_to_date:
            super().build_extension(ext)
            return
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(compiled(ext.name), target)

    def copy_extensions_to_source(self):
        for level in LEVELS:  # an in-place build puts each level's kernels in a new folder
            (PACKAGE / "kernels" / level).mkdir(exist_ok=True)
        super().copy_extensions_to_source()
        STAMP.write_text(self.fingerprint)


def translate(paths, directives, optimise):
    """Cythonize ``paths`` and return one Extension a file, with the flags its header asks for.

    ``optimise``: GCC's level.  3 makes kernels faster, but without loops only the build longer.
    """
    compile_flags, link_flags = openmp_flags()
    compile_flags = compile_flags + fusing_flags()
    extensions = [
        Extension(
            module_name(path),
            [str(path)],
            include_dirs=[numpy.get_include(), str(PACKAGE / "kernels")],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            extra_compile_args=optimisation_flags(optimise) + compile_flags,
            extra_link_args=[*link_flags, *([f"-fsanitize={SANITIZE}"] if SANITIZE else [])],
        )
        for path in paths
    ]
    return cythonize(
        extensions,
        compiler_directives=directives,
        build_dir=CYTHON_DIR,
        nthreads=CORES,
        force=OTHER_SETTINGS,
    )


def per_level(extension):
    """Return the Extensions that compile one kernel's C source once per instruction set."""
    *package, name = extension.name.split(".")
    (source,) = map(Path, extension.sources)
    copies = []
    for level, flags in LEVELS.items():
        # A copy of the source for each level keeps their object files apart.
        copied = Path(CYTHON_DIR, level, source.name)
        copied.parent.mkdir(parents=True, exist_ok=True)
        if not copied.exists() or copied.stat().st_mtime < source.stat().st_mtime:
            shutil.copy2(source, copied)
        copies.append(
            Extension(
                ".".join([*package, level, name]),
                [str(copied)],
                include_dirs=extension.include_dirs,
                define_macros=extension.define_macros,
                extra_compile_args=extension.extra_compile_args + flags,
                extra_link_args=extension.extra_link_args,
                depends=[str(header) for header in (PACKAGE / "kernels").glob("*.h")],
            )
        )
    return copies


def module_name(path):
    return ".".join(path.with_suffix("").parts)


def extensions():
    kernels = sorted(PACKAGE.glob("kernels/*.pyx"))
    others = sorted(set(PACKAGE.rglob("*.pyx")) - set(kernels))
    names = [f"minigrad.kernels.{level}.{path.stem}" for path in kernels for level in LEVELS]
    names += [module_name(path) for path in others]
    BuildExt.fingerprint = fingerprint()
    last = STAMP.read_text() if STAMP.exists() else ""
    if last == BuildExt.fingerprint and all(compiled(name).exists() for name in names):
        BuildExt.up_to_date = True
        return [Extension(name, []) for name in names]
    translated = translate(kernels, KERNEL_DIRECTIVES, 3)
    built = [copy for kernel in translated for copy in per_level(kernel)]
    return built + translate(others, OTHER_DIRECTIVES, 2)


if __name__ == "__main__":
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExt})
