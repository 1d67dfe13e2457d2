"""Plant one small fault at a time and see whether a test notices: `python tests/mutants.py`.

A mutant is the source with one thing altered: a comparison, an operator, a constant, a condition
turned round, a statement left out.  Each is put into a copy of the project (`build/mutants`), an
extension compiled anew, and the tests of its group run until one fails; a hang is a failure, too.
Which mutants there are is a sample, the same for the same seed.  MUTANTS.md has what came of it.

    python tests/mutants.py tape --count 50     one group (of GROUPS below; all, if none is named)
    python tests/mutants.py --faults            the faults planted by hand, of faults.py
    python tests/mutants.py tape --only 12,40   some mutants of that sample again
    python tests/mutants.py tape --list         show the sample only
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import numpy
import pytest

with contextlib.suppress(ImportError):
    import torch  # noqa: F401  (for the tests)

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "mutants"
LEVEL = "x86_64_v3"
# erf is as accurate as its test says with -O3 only
LEFT_OUT = ["--deselect", "tests/test_kernels_elementwise.py::test_accuracy_float32[31]"]

BATCH_NORM = "kernels_batch_norm batch_norm nn_batchnorm batch_norm_parity fusion"
TAPE = (
    "autograd graph saved_versions views tensor_hooks hooks function captured labels grad_mode "
    "inplace graph_memory anomaly_mode double_backward functional_autograd checkpoint timing func "
    "training"
)
OPTIM = (
    "optim optimizer optim_one_by_one kernels_optim lbfgs muon swa_utils resume arguments "
    "nn_utils signatures names"
)
GROUPS = {  # name: (files, tests that are to notice, the quickest first)
    "tape": ("minigrad/tape.pyx minigrad/walk.pyx minigrad/edges.pyx minigrad/grad_mode.pyx", TAPE),
    "optim": (
        " ".join(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("minigrad/optim/*.py"))),
        OPTIM,
    ),
    "optim-kernels": ("minigrad/kernels/optim.pyx minigrad/ops/optim.pyx", OPTIM),
    "batchnorm": ("minigrad/nn/modules/batchnorm.py minigrad/ops/norm.pyx", BATCH_NORM),
    "batchnorm-kernels": (
        "minigrad/kernels/batch_norm.pyx minigrad/kernels/batch_norm_grid.pyx "
        "minigrad/kernels/batch_norm_tiles.pyx",
        BATCH_NORM,
    ),
}

# ---------------------------------------------------------------- what is altered

SWAPS = [  # (pattern, what may stand there instead)
    (r"(?<= )==(?= )", "!="),
    (r"(?<= )!=(?= )", "=="),
    (r"(?<= )<(?= )", "<="),
    (r"(?<= )>(?= )", ">="),
    (r"(?<= )<=(?= )", "<"),
    (r"(?<= )>=(?= )", ">"),
    (r"\bis not\b", "is"),
    (r"\bis\b(?! not)", "is not"),
    (r"\bnot in\b", "in"),
    (r"\band\b", "or"),
    (r"\bor\b", "and"),
    (r"(?<=\bif )not ", ""),
    (r"(?<= )\+(?= )", "-"),
    (r"(?<= )-(?= )", "+"),
    (r"(?<=[\w)\]] )\*(?= )", "/"),
    (r"(?<= )/(?= )", "*"),
    (r"(?<= )//(?= )", "*"),
    (r"(?<= )%(?= )", "+"),
    (r"(?<= )\*\*(?= )", "*"),
    (r"(?<= )\+=(?= )", "-="),
    (r"(?<= )-=(?= )", "+="),
    (r"(?<= )\*=(?= )", "/="),
    (r"\bTrue\b", "False"),
    (r"\bFalse\b", "True"),
    (r"\bmin(?=\()", "max"),
    (r"\bmax(?=\()", "min"),
    (r"(?<![\w.])(\d+)(?![\w.])", lambda m: str(int(m[0]) + 1)),
    (r"(?<![\w.])(\d+\.\d*(e-?\d+)?|\d+e-?\d+)(?![\w.])", lambda m: str(2 * float(m[0]) or 1.0)),
]
CONDITION = re.compile(r"^(\s*(?:el)?if )(.*)(:)$")
STATEMENT = re.compile(r"^\s*(?:[\w.\[\], ()*&<>]+ (?:[-+*/|&]|//)?= .+|[\w.]+\(.*\)|raise .+)$")
LEAVING = re.compile(r"^\s*(continue|break)$")
NOT_CODE = re.compile(r"^\s*(cdef |cpdef |ctypedef |c?import |from |@|class |global |def .*\.pyx)")
LITERAL = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|\#[^\n]*'
    r"|\bexcept\??\s[-\d]+",
    re.S,  # of a C function: how it says that it raised
)


@dataclass
class Mutant:
    file: str
    line: int
    before: str
    after: str


def blanked(text):
    """Return the text with strings and comments as blanks, in the same places."""
    return LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def mutants_of(file):
    """Return all mutants of a file."""
    text = (ROOT / file).read_text()
    found = []
    declaring = False  # within the lines of `cdef extern`, a struct or an enum
    for number, (line, code) in enumerate(
        zip(text.splitlines(), blanked(text).splitlines(), strict=True), 1
    ):
        stripped = code.strip()
        if stripped and not code.startswith(" "):
            declaring = bool(re.match(r"cdef (extern|enum|struct)|ctypedef", stripped))
        assigned = stripped.startswith("cdef ") and " = " in stripped and "(" not in stripped
        if not stripped or declaring or (NOT_CODE.match(code) and not assigned):
            continue
        changed = []
        for pattern, instead in SWAPS:
            for match in re.finditer(pattern, code):
                new = instead(match) if callable(instead) else instead
                changed.append(line[: match.start()] + new + line[match.end() :])
        if match := CONDITION.match(code.rstrip()):
            start, end = match.span(2)
            changed.append(f"{line[:start]}not ({line[start:end]}):")
        balanced = all(code.count(a) == code.count(b) for a, b in ("()", "[]", "{}"))
        whole = STATEMENT.match(code.rstrip()) and balanced and not stripped.startswith("def ")
        if LEAVING.match(code.rstrip()) or (whole and not assigned):
            changed.append(line[: len(line) - len(line.lstrip())] + "pass")
        found += [Mutant(file, number, line, new) for new in changed]
    return found


def sample(files, count, seed):
    """Return `count` of the mutants of the files, in the order of the lines."""
    everything = [mutant for file in files for mutant in mutants_of(file)]
    chosen = random.Random(seed).sample(range(len(everything)), min(count, len(everything)))
    return [everything[i] for i in sorted(chosen)], len(everything)


# ---------------------------------------------------------------- the copy, and how it is compiled


def run(command, **options):
    return subprocess.run(command, cwd=COPY, capture_output=True, text=True, **options)


def copy_project():
    """Make the copy that is altered: the files of the project, and what is compiled of them."""
    names = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    names += [str(path.relative_to(ROOT)) for path in ROOT.glob(f"minigrad/**/*{suffix}")]
    shutil.rmtree(COPY, ignore_errors=True)
    for name in names:
        if (ROOT / name).exists():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)
    (COPY / "build").mkdir()


def compile_extension(file):
    """Compile a .pyx of the copy (a kernel: for one level), as setup.py does, optimised less."""
    sys.path.insert(0, str(COPY))
    import setup  # whose settings these are

    path = Path(file)
    kernel = path.parent.name == "kernels"
    directives = setup.KERNEL_DIRECTIVES if kernel else setup.OTHER_DIRECTIVES
    source = COPY / "build" / f"{path.stem}.c"
    options = ",".join(f"{name}={value}" for name, value in directives.items())
    made = run([sys.executable, "-m", "cython", "-X", options, file, "-o", str(source)])
    if made.returncode:
        return made.stderr
    asked = re.search(r"# distutils: extra_compile_args = (.*)", (COPY / file).read_text())
    folder = path.parent / (LEVEL if kernel else "")
    target = COPY / folder / (path.stem + sysconfig.get_config_var("EXT_SUFFIX"))
    flags, link = setup.openmp_flags()
    flags = [*flags, *setup.optimisation_flags(), *(asked[1].split() if asked else ())]
    flags.append("-O1" if kernel else "-O0")
    include = (sysconfig.get_path("include"), numpy.get_include(), "minigrad/kernels")
    flags += setup.LEVELS[LEVEL] if kernel else []
    flags += ["-DNPY_NO_DEPRECATED_API=NPY_1_7_API_VERSION", *(f"-I{path}" for path in include)]
    made = run(["cc", "-shared", "-fPIC", "-w", *flags, str(source), "-o", str(target), *link])
    return made.stderr if made.returncode else ""


def failing_test(tests, seconds):
    """Return the first test that fails, "hangs", or "" if all pass."""
    for some in (tests[:2], tests[2:]):  # (most are noticed at once: then the rest is not read)
        if some and (noticed := failing_of([f"tests/test_{name}.py" for name in some], seconds)):
            return noticed
    return ""


def failing_of(files, seconds):
    """The same in a process of its own, which has what takes long to import from this one."""
    output = COPY / "build" / "output"
    child = os.fork()
    if child == 0:
        try:
            out = os.open(output, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            os.chdir(COPY)
            os.environ.update(PYTHONPATH=str(COPY), MINIGRAD_LEVEL=LEVEL)
            sys.path[:] = [str(COPY), *(p for p in sys.path if str(ROOT) not in p)]
            os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *LEFT_OUT, *files]))
        finally:
            os._exit(99)
    end = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hangs"
        time.sleep(0.05)
    if status == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output.read_text(errors="replace"), re.M)
    return failed[1] if failed else f"exit {os.waitstatus_to_exitcode(status)}"


def try_it(file, text, tests, seconds):
    """Return what notices that `text` is in the file ("" if nothing), None if it is not code."""
    path = COPY / file
    kept = path.read_text()
    built = built_of(file)
    targets = {
        so: so.read_bytes()
        for name in built
        for so in (COPY / name).parent.rglob(f"{Path(name).stem}.*.so")
    }
    path.write_text(text)
    try:
        if any(compile_extension(name) for name in built):
            return None
        return failing_test(tests, seconds)
    finally:
        path.write_text(kept)
        for so, content in targets.items():
            so.unlink()  # who has it open keeps the old file
            so.write_bytes(content)


def built_of(file):
    """Return the .pyx files that are compiled anew when a file has changed."""
    return [file] if file.endswith(".pyx") else users_of(file) if file.endswith(".h") else []


def check_without(files, tests):
    """Compile the files as they are, see that the tests pass, and return the seconds it took."""
    start = time.perf_counter()
    for name in sorted({name for file in files for name in built_of(file)}):
        if wrong := compile_extension(name):
            raise SystemExit(f"{name} does not compile: {wrong}")
    if failed := failing_test(tests, 1800):
        raise SystemExit(f"without any fault: {failed}")
    return time.perf_counter() - start


def users_of(header):
    """Return the kernels that include a header, or import from the .pxd that does."""
    kernels = COPY / "minigrad" / "kernels"
    includes = f'from "{Path(header).name}"'
    names = {path.stem for path in kernels.glob("*.p[yx]*") if includes in path.read_text()}
    found = []
    for path in sorted(kernels.glob("*.pyx")):
        imports = set(re.findall(r"minigrad\.kernels\.(\w+) cimport", path.read_text()))
        if path.stem in names or imports & names:
            found.append(str(path.relative_to(COPY)))
    return found


# ---------------------------------------------------------------- the program


def run_group(name, arguments):
    """Try the mutants of a group; return (caught, tried)."""
    files, tests = (text.split() for text in GROUPS[name])
    chosen, total = sample(files, arguments.count, arguments.seed)
    numbers = range(len(chosen))
    if arguments.only:
        numbers = [int(number) for number in arguments.only.split(",")]
    print(f"== {name}: {len(numbers)} of {total} mutants", flush=True)
    if arguments.list:
        for number in numbers:
            show(number, chosen[number], "")
        return 0, 0
    seconds = 2 * check_without(files, tests) + 20
    caught = tried = 0
    for number in numbers:
        mutant = chosen[number]
        lines = (COPY / mutant.file).read_text().splitlines(keepends=True)
        lines[mutant.line - 1] = mutant.after + "\n"
        noticed = try_it(mutant.file, "".join(lines), tests, seconds)
        show(number, mutant, "not compiled" if noticed is None else noticed or "SURVIVED")
        tried += noticed is not None
        caught += bool(noticed)
    print(f"{name}: {caught} of {tried} caught ({caught / max(tried, 1):.0%})", flush=True)
    return caught, tried


def show(number, mutant, what):
    print(f"{number:3} {mutant.file}:{mutant.line}: {what}", flush=True)
    if what in ("", "SURVIVED"):
        print(f"      - {mutant.before.strip()}\n      + {mutant.after.strip()}", flush=True)


def run_faults(arguments):
    """Try the faults of faults.py; return (caught, tried)."""
    from faults import FAULTS

    caught = 0
    chosen = range(len(FAULTS))
    if arguments.only:
        chosen = [int(number) for number in arguments.only.split(",")]
    tests = sorted({test for number in chosen for test in FAULTS[number][4].split()})
    check_without({FAULTS[number][1] for number in chosen}, tests)
    for number in chosen:
        what, file, before, after, tests = FAULTS[number]
        text = (COPY / file).read_text()
        if text.count(before) != 1:
            raise SystemExit(f"{file} has {text.count(before)} times: {before}")
        noticed = try_it(file, text.replace(before, after), tests.split(), 900)
        if noticed is None:
            raise SystemExit(f"does not compile: {what}")
        caught += bool(noticed)
        print(f"{number:3} {file}: {what}: {noticed or 'SURVIVED'}", flush=True)
    print(f"by hand: {caught} of {len(chosen)} caught", flush=True)
    return caught, len(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], metavar="group")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="numbers of mutants or faults, with commas")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--faults", action="store_true")
    arguments = parser.parse_args()
    copy_project()
    if arguments.faults:
        results = [run_faults(arguments)]
    else:
        results = [run_group(name, arguments) for name in arguments.groups or GROUPS]
    caught, tried = (sum(numbers) for numbers in zip(*results, strict=True))
    sys.exit(caught < 0.9 * tried)


if __name__ == "__main__":
    main()
