"""The lessons run from top to bottom and find their mistakes; the reader's path is true."""

import os
import re
import subprocess
import sys
from pathlib import Path

import add_an_op
import line_counts
import pytest

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "examples" / "lessons").glob("[0-9][0-9]_*.py"))
PAGE = (ROOT / "examples" / "README.md").read_text()
QUICK = {"05_why_batch_norm_helps": ["--quick"]}


def run(script, *arguments, folder):
    """Run a lesson as a user would, in a folder where it may write.

    On one thread: where other programs keep the cores busy, several wait for each other.
    """
    return subprocess.run(
        [sys.executable, "-W", "error", str(script), *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )


def cells(lesson):
    """Return the cells of a lesson, as pairs of kind ("" or "[markdown]") and text."""
    _, *parts = re.split(r"^# %%", lesson.read_text(), flags=re.M)
    return [(part.partition("\n")[0].strip(), part.partition("\n")[2]) for part in parts]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson_runs(lesson, tmp_path):
    done = run(lesson, *QUICK.get(lesson.stem, []), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout and not done.stderr


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_lesson_is_a_text_and_a_notebook(lesson):
    assert lesson.read_text().startswith("# %% [markdown]\n# # ")
    kinds = {kind for kind, _ in cells(lesson)}
    assert kinds == {"", "[markdown]"}
    for kind, text in cells(lesson):
        if kind == "[markdown]":
            assert all(line.startswith("#") for line in text.split("\n") if line)
    number, title = re.match(r"# %% \[markdown\]\n# # (\d+)\. (.*)", lesson.read_text()).groups()
    assert int(number) == int(lesson.stem[:2]) == LESSONS.index(lesson) + 1
    assert f"[{title}](lessons/{lesson.name})" in PAGE


# A lesson checks what it says.  Each of these changes makes one wrong.
MISTAKES = {
    "01_scalar_tape": ("(g * b, g * a)", "(g * a, g * b)"),
    "02_broadcasting": ("axis=ones, keepdims=True", "axis=ones"),
    "03_own_op": ("grad * (x / r), grad * (y / r)", "grad * (x / r), grad * (x / r)"),
    "04_batch_norm_backward": ("-(invstd**3) / 2", "-(invstd**3)"),
    "08_double_backward": ("1.0)", "2.0)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_lesson_finds_a_mistake(name, tmp_path):
    text = (ROOT / "examples" / "lessons" / f"{name}.py").read_text()
    before, after = MISTAKES[name]
    assert text.count(before) == 1
    (tmp_path / "wrong.py").write_text(text.replace(before, after))
    done = run("wrong.py", folder=tmp_path)
    assert done.returncode == 1 and re.search(
        r"^(AssertionError|.*GradcheckError)", done.stderr, re.M
    )


def test_the_scalar_tape_has_fifty_lines():
    (tape,) = [text for _, text in cells(LESSONS[0]) if "class Node" in text]
    assert 30 < len(tape.strip().split("\n")) <= 50


# "`record` in `tape.pyx`": a name, and the file of the package that defines it.
REFERENCE = re.compile(r"`(\w+)` in\s+(?:# )?`([\w/]+\.\w+)`")
TEXTS = [*LESSONS, ROOT / "examples" / "README.md"]


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.stem)
def test_names_in_the_source_exist(page):
    found = REFERENCE.findall(page.read_text())
    if page.stem == "01_scalar_tape":
        assert len(found) > 12
    for name, file in found:
        source = (ROOT / "minigrad" / file).read_text()
        defined = rf"^\s*(?:cdef|cpdef|def|class|ctypedef|static|struct)\b.*\b{name}\b"
        assert re.search(defined, source, re.M), f"{page.name}: `{name}` is not in {file}"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", PAGE))))
def test_links_lead_to_files(target):
    assert (ROOT / "examples" / target).exists()


def test_every_example_is_on_the_page():
    for script in (ROOT / "examples").glob("*.py"):
        assert f"({script.name})" in PAGE


def test_the_sizes_of_the_files_are_right():
    assert line_counts.counted(PAGE) == PAGE, "python tests/line_counts.py writes them"
    wrong = PAGE.replace(f"{line_counts.lines_in('../minigrad/tape.pyx'):,} |", "1 |")
    assert wrong != PAGE and line_counts.counted(wrong) == PAGE
    assert len(line_counts.ROW.findall(PAGE)) > 10


def test_readme_adds_an_op(tmp_path):
    """What README's steps write has its places (tests/add_an_op.py also compiles and tests it)."""
    compiled = "minigrad/ops/math.pyx", "minigrad/ops/math.pyi"
    python = (
        *("minigrad/ops/__init__.py", "tests/test_math.py"),
        *("minigrad/tensor.pyi", "minigrad/inspect/rules.py"),
    )
    for file in (*compiled, *python):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text((ROOT / file).read_text())
    add_an_op.add(tmp_path)
    name, op, rule, row, *_ = add_an_op.steps()
    assert op in (tmp_path / "minigrad/ops/math.pyx").read_text()
    assert (tmp_path / "minigrad/ops/__init__.py").read_text().count(f'"{name} "') == 2
    for file in python:
        compile((tmp_path / file).read_text(), file, "exec")
    assert row in (tmp_path / "tests/test_math.py").read_text()
    assert rule in (tmp_path / "minigrad/inspect/rules.py").read_text()


def test_build_makes_notebooks_and_pages(tmp_path):
    pytest.importorskip("jupytext")
    pytest.importorskip("nbconvert")
    pytest.importorskip("ipykernel")
    done = subprocess.run(
        [sys.executable, "-m", "examples.lessons.build", "2", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "02_broadcasting.html").read_text()
    assert "has shape (50, 50)" in page  # which only running it says
    assert not re.findall(r"<(?:script|link)[^>]*(?:src|href)=\"?http", page)
    assert "has shape (50, 50)" in (tmp_path / "02_broadcasting.ipynb").read_text()
    assert "02_broadcasting.html" in (tmp_path / "index.html").read_text()
