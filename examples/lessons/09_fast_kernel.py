# %% [markdown]
# # 9. How a kernel is made fast
#
# One computation, batch norm's forward in training, from plain Python loops to minigrad's kernel,
# one step at a time:
#
# 1. plain Python loops
# 2. NumPy, as the formulas are written
# 3. compiled loops, three passes over the data
# 4. two of the passes made one
# 5. tiles that stay in the cache
# 6. vector instructions
# 7. threads
#
# Each step is measured, and beside the time stands what matters most by the end: how many bytes
# the step moves to and from memory.  The compiled steps are C, since that is what Cython makes of
# the loops in minigrad's `.pyx` files; this lesson compiles them while it runs, if it finds a C
# compiler.

# %%
import ctypes
import math
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad.kernels.batch_norm import batch_norm_forward

EPS = 1e-5
SHAPE = N, C, H, W = 16, 128, 112, 112
AXES = (0, 2, 3)
THREADS = mg.get_num_threads()

rng = np.random.default_rng(0)
x = rng.standard_normal(SHAPE, dtype=np.float32) * np.float32(2) + np.float32(5)
weight = rng.standard_normal(C).astype(np.float32)
bias = rng.standard_normal(C).astype(np.float32)
out = np.zeros_like(x)
print(f"x: {SHAPE} float32, {x.nbytes / 1e6:.0f} MB; one channel: {x.nbytes / C / 1e3:.0f} kB")


def seconds(function, *arguments):
    """Return the time that one call takes."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


# %% [markdown]
# ## The roof: how fast is memory?
#
# x has to be read and the result has to be written, whatever we do.  A copy does just that and
# nothing else, so its speed is the limit: the *roof*.  (A roofline chart has a second one, the
# speed of arithmetic.  Batch norm does about six operations for each number, which a modern core
# can do in less time than it takes to fetch the number; so the lower roof here is memory, once
# the loops are good enough to come near it.)

# %%


def copy():
    with ThreadPoolExecutor(THREADS) as pool:  # NumPy copies without holding the GIL
        list(pool.map(np.copyto, np.array_split(out, THREADS), np.array_split(x, THREADS)))


# %% [markdown]
# ## 1 and 2: Python and NumPy
#
# A Python loop spends its time on Python: it makes an object for every number and looks up the
# type of every operand.  (It is measured on one image's channel, and multiplied.)  NumPy's loops
# are compiled, but each operation is a loop of its own, and what goes from one to the next goes
# through memory.  Counting a pass for each array that a step reads or writes:


# %%
def python_loops(numbers, scale, shift):
    total = 0.0
    for v in numbers:
        total += v
    mean = total / len(numbers)
    squares = 0.0
    for v in numbers:
        squares += (v - mean) ** 2
    factor = scale / math.sqrt(squares / len(numbers) + EPS)
    return [(v - mean) * factor + shift for v in numbers]


def numpy_formulas():
    mean = x.mean(AXES, keepdims=True)  #                          reads x:           1 pass
    var = ((x - mean) ** 2).mean(AXES, keepdims=True)  #           r + w, r + w, r:   5
    xhat = (x - mean) / np.sqrt(var + EPS)  #                      r + w, r + w:      4
    return xhat * weight.reshape(-1, 1, 1) + bias.reshape(-1, 1, 1)  # r + w, r + w:  4


one = x[0, 0].ravel().tolist()
per_number = min(seconds(python_loops, one, 1.0, 0.0) for _ in range(3)) / len(one)
rows = [("Python loops", per_number * x.size, None)]  # (name, seconds, passes over memory)
start = time.perf_counter()
reference = numpy_formulas()[:, ::16].copy()  # a few channels, to compare with
rows.append(("NumPy, the formulas", time.perf_counter() - start, 14))

# %% [markdown]
# ## 3 to 7: compiled loops
#
# `row_sum` and its like go over one row of numbers that lie side by side; the functions below
# them differ only in the *order* in which they visit rows.
#
# `three_passes` reads x three times from memory.  `two_passes` takes sum and sum of squares
# together; about a centre, the first number of the channel, lest the squares drown the variance
# (lesson 4). `by_channel` does the same work for one channel after the other: 524 kB, which a
# core's own cache holds, so that the second pass finds x there.  The loops over channels are
# independent, and so the threads share them out.  No sum is shared between threads: that is why
# the result has the same bits for any number of them.

# %%
SOURCE = r"""
#include <math.h>

static float row_sum(const float *x, long n)
{
    float sum = 0;
    for (long i = 0; i < n; i++) sum += x[i];
    return sum;
}

static float row_squares(const float *x, float mean, long n)
{
    float sum = 0;
    for (long i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

static void row_moments(const float *x, float centre, long n, double *sum, double *squares)
{
    float s = 0, q = 0;
    for (long i = 0; i < n; i++) {
        float d = x[i] - centre;
        s += d;
        q += d * d;
    }
    *sum += s;      /* short sums in float, long ones in double */
    *squares += q;
}

static void row_affine(float *out, const float *x, float mean, float scale, float shift, long n)
{
    for (long i = 0; i < n; i++) out[i] = (x[i] - mean) * scale + shift;
}

/* x is (N, C, S): row (n, c) begins at x + (n * C + c) * S.  "static" gives a thread the same
 * channels in every loop, so that none has to wait for another at a loop's end. */
#define ARGUMENTS float *out, const float *x, const float *weight, const float *bias, \
                  long N, long C, long S, double eps, int threads

void three_passes(ARGUMENTS)
{
    double mean[C], squares[C];
    #pragma omp parallel num_threads(threads)
    {
        #pragma omp for schedule(static) nowait
        for (long c = 0; c < C; c++) mean[c] = squares[c] = 0;
        for (long n = 0; n < N; n++)
            #pragma omp for schedule(static) nowait
            for (long c = 0; c < C; c++) mean[c] += row_sum(x + (n * C + c) * S, S) / (N * S);
        for (long n = 0; n < N; n++)
            #pragma omp for schedule(static) nowait
            for (long c = 0; c < C; c++) squares[c] += row_squares(x + (n * C + c) * S, mean[c], S);
        for (long n = 0; n < N; n++)
            #pragma omp for schedule(static) nowait
            for (long c = 0; c < C; c++)
                row_affine(out + (n * C + c) * S, x + (n * C + c) * S, mean[c],
                           weight[c] / sqrt(squares[c] / (N * S) + eps), bias[c], S);
    }
}

void two_passes(ARGUMENTS)
{
    double sum[C], squares[C];
    #pragma omp parallel num_threads(threads)
    {
        #pragma omp for schedule(static) nowait
        for (long c = 0; c < C; c++) sum[c] = squares[c] = 0;
        for (long n = 0; n < N; n++)
            #pragma omp for schedule(static) nowait
            for (long c = 0; c < C; c++)
                row_moments(x + (n * C + c) * S, x[c * S], S, &sum[c], &squares[c]);
        for (long n = 0; n < N; n++)
            #pragma omp for schedule(static) nowait
            for (long c = 0; c < C; c++) {
                double off = sum[c] / (N * S);
                row_affine(out + (n * C + c) * S, x + (n * C + c) * S, x[c * S] + off,
                           weight[c] / sqrt(squares[c] / (N * S) - off * off + eps), bias[c], S);
            }
    }
}

void by_channel(ARGUMENTS)
{
    #pragma omp parallel for schedule(static) num_threads(threads)
    for (long c = 0; c < C; c++) {
        double sum = 0, squares = 0;
        for (long n = 0; n < N; n++)
            row_moments(x + (n * C + c) * S, x[c * S], S, &sum, &squares);
        double off = sum / (N * S);
        double scale = weight[c] / sqrt(squares / (N * S) - off * off + eps);
        for (long n = N - 1; n >= 0; n--)   /* what was read last is surely still in the cache */
            row_affine(out + (n * C + c) * S, x + (n * C + c) * S, x[c * S] + off, scale, bias[c],
                       S);
    }
}
"""

# %% [markdown]
# The same source is compiled twice.  *Scalar* is told to use no vector instructions.  *Vector*
# may use all that this CPU has, 4 to 16 floats in one instruction.  A sum needs leave for that:
# added up in sixteen lanes it rounds differently, and a compiler may reorder additions only where
# it is told to (`-fassociative-math`; the first line of `kernels/batch_norm.pyx` does so).

# %%
FLAGS = {
    "scalar": ["-O2", "-fno-tree-vectorize"],
    "vector": ["-O3", "-march=native", "-fassociative-math", "-fno-signed-zeros",
               "-fno-trapping-math", "-fno-math-errno"],
}  # fmt: skip


def compiled():
    """Return the compiled source for each set of flags, or nothing where that does not work."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        print("There is no C compiler here: the compiled steps are left out.")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "steps.c")
        source.write_text(SOURCE)
        jobs = {}
        for name, flags in FLAGS.items():
            library = source.with_name(f"{name}.so")
            command = [compiler, *flags, "-fopenmp", "-fPIC", "-shared", source, "-o", library]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            jobs[name] = library, subprocess.Popen([*command, "-lm"], **quiet)
        failed = [job for _, job in jobs.values() if job.wait()]
        if failed:
            print("The C compiler failed (does it know OpenMP?): the compiled steps are left out.")
            return {}
        return {name: ctypes.CDLL(str(library)) for name, (library, _) in jobs.items()}


def call(function, n_threads):
    """Run one of the C functions."""
    pointers = [v.ctypes.data_as(ctypes.c_void_p) for v in (out, x, weight, bias)]
    sizes = [ctypes.c_long(n) for n in (N, C, H * W)]
    function(*pointers, *sizes, ctypes.c_double(EPS), ctypes.c_int(n_threads))


libraries = compiled()

# %% [markdown]
# minigrad's kernel comes last.  Everything is timed in rounds, each in its turn, and of each the
# shortest time counts: other programs can only make it longer.


# %%
def kernel(n_threads):
    mean, invstd = np.zeros((2, C))
    batch_norm_forward(out, mean, invstd, x, weight, bias, None, None, 0.1, EPS, False, n_threads)


ORDERS = {"three_passes": 4, "two_passes": 3, "by_channel": 2}
variants = {
    (order, kind, n): partial(call, getattr(library, order), n)
    for kind, library in libraries.items()
    for order in ORDERS
    for n in sorted({1, THREADS})
    if kind == "vector" or n == 1
}
variants |= {("minigrad", n): partial(kernel, n) for n in sorted({1, THREADS})}
times, found = {}, {}
for _ in range(3):
    for name, run in [*variants.items(), ("copy", copy)]:
        times[name] = min(seconds(run), times.get(name, math.inf))
        found[name] = out[:, ::16].copy()
        out[:, ::16] = 0
assert np.array_equal(found.pop("copy"), x[:, ::16])
assert all(np.abs(result - reference).max() < 1e-3 for result in found.values())
for name in ("by_channel", "vector"), ("minigrad",):  # the same bits for any number of threads
    same = [result for variant, result in found.items() if variant[:-1] == name]
    assert all(np.array_equal(result, same[0]) for result in same)

steps = {
    "C, three passes": ("three_passes", "scalar", 1),
    "C, two passes": ("two_passes", "scalar", 1),
    "C, tiles in the cache": ("by_channel", "scalar", 1),
    "  and vector code": ("by_channel", "vector", 1),
    f"  and {THREADS} threads": ("by_channel", "vector", THREADS),
    "minigrad, 1 thread": ("minigrad", 1),
    f"minigrad, {THREADS} threads": ("minigrad", THREADS),
}
for title, name in steps.items():
    if name in times and (THREADS > 1 or "threads" not in title):
        rows.append((title, times[name], ORDERS.get(name[0], 2)))

roof = 2 * x.nbytes / times["copy"]
print(f"copying, {THREADS} thread{'s' * (THREADS > 1)}: {roof / 1e9:.1f} GB/s")
print("                              ms    passes   MB moved   of the roof")
for name, taken, passes in rows:
    moved = f"{passes:8}{passes * x.nbytes / 1e6:11.0f}" if passes else " " * 19
    share = 2 * x.nbytes / taken / roof
    print(f"{name:22}{taken * 1e3:10.1f}{moved}{share:14.1%}")
assert times["minigrad", 1] < min(rows[0][1], rows[1][1])

# %% [markdown]
# "Of the roof" compares the time with that of a copy on all threads: 100% would mean that batch
# norm costs as much as copying its input.
#
# Two limits take turns.  *Scalar* code waits for arithmetic: a sum cannot add the next number
# before the last addition is done, which takes about four cycles, or a nanosecond.  So joining
# two loops into one, where two sums run side by side, saves as much time as it saves bytes.
#
# *Vector* code keeps many sums going at once and does not wait; there memory decides.  What fewer
# bytes bring then depends on the machine and on what else runs on it.  Between `two_passes` and
# `by_channel` a cache that holds a part of x makes the difference smaller, and so does hardware
# that reads ahead along whole images, but must begin anew at each row of a channel; threads and
# programs that share the memory make it larger.

# %%
if libraries:
    last = f"vector, {THREADS} threads"
    print(f"ns per number          scalar, 1 thread    vector, 1 thread    {last}")
    for order, passes in ORDERS.items():
        cells = [times[order, *how] for how in (("scalar", 1), ("vector", 1), ("vector", THREADS))]
        row = "".join(f"{taken / x.size * 1e9:20.2f}" for taken in cells)
        print(f"{order:13} {passes} passes{row}")

# %% [markdown]
# ## What is left to minigrad's kernel
#
# `see_through` in `kernels/batch_norm.pyx` is `by_channel` above: sums over all tiles of a block
# of channels, then the last pass, backwards, while the cache holds the block.  What else is there
# is the price of being right, and fast, for *every* input:
#
# * **Stores that go past the caches** (`stream` in `kernels/stream.h`).  An ordinary store first
#   reads the line that it is about to overwrite: a third pass, which the count above leaves out.
#   Where the output is larger than the caches, the kernel writes whole lines straight to memory.
# * **Shapes.**  (N, C) has no rows to go along: there, one walks rows of channels and keeps
#   vectors of sums (`column_moments` in `kernels/batch_norm_tiles.pyx`).  One large image with
#   few channels is shared out by tiles rather than channels (`by_block` in
#   `kernels/batch_norm.pyx`).
# * **Accuracy.**  If the guessed centre turns out to be a bad one, a second pass takes a better
#   one; tiles are merged in double, in a fixed order (`merge_tile` in `kernels/batch_norm.pyx`).
# * **Small inputs** enter no parallel region at all: starting one costs more than the work
#   (`threads_for` in `kernels/openmp.pyx`).
#
# The plain version of all this is `batch_norm_forward` in `kernels/reference/batch_norm.py`:
# fifteen lines of NumPy, which the tests hold the kernel against.
